//! Batches that wait to be executed, and the tickets on which their callers get the answers.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::mem;
use core::task::{Poll, Waker};
use std::panic::resume_unwind;

use super::sync::{Mutex, lock};
use super::{ExecuteError, Executed};
use crate::change::Batch;

/// The end of an execution.
pub(super) enum Answer<E> {
    Result(Result<Executed, ExecuteError<E>>),
    /// The batch's own policy panicked; its caller goes on with the panic.
    Panicked(Box<dyn Any + Send>),
}

impl<E> Answer<E> {
    pub(super) fn into_result(self) -> Result<Executed, ExecuteError<E>> {
        match self {
            Self::Result(result) => result,
            Self::Panicked(panic) => resume_unwind(panic),
        }
    }
}

/// The place where the answer to one batch arrives.
pub(super) struct Ticket<E>(Mutex<TicketState<E>>);

enum TicketState<E> {
    Waiting(Option<Waker>),
    Answered(Answer<E>),
    Taken,
}

impl<E> Ticket<E> {
    /// Takes the answer if there is one.
    pub(super) fn take(&self) -> Option<Answer<E>> {
        let mut state = lock(&self.0);
        match mem::replace(&mut *state, TicketState::Taken) {
            TicketState::Answered(answer) => Some(answer),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Takes the answer, or remembers whom to wake when it arrives.
    pub(super) fn poll(&self, waker: &Waker) -> Poll<Answer<E>> {
        let mut state = lock(&self.0);
        match mem::replace(&mut *state, TicketState::Taken) {
            TicketState::Answered(answer) => Poll::Ready(answer),
            TicketState::Waiting(_) => {
                *state = TicketState::Waiting(Some(waker.clone()));
                Poll::Pending
            }
            TicketState::Taken => Poll::Pending,
        }
    }

    fn answer(&self, answer: Answer<E>) {
        let before = mem::replace(&mut *lock(&self.0), TicketState::Answered(answer));
        if let TicketState::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }
}

/// A batch and its caller's ticket.
pub(super) struct Job<E> {
    pub(super) batch: Batch,
    ticket: Arc<Ticket<E>>,
}

impl<E> Job<E> {
    pub(super) fn new(batch: Batch) -> (Self, Arc<Ticket<E>>) {
        let ticket = Arc::new(Ticket(Mutex::new(TicketState::Waiting(None))));
        (Self { batch, ticket: Arc::clone(&ticket) }, ticket)
    }

    pub(super) fn answer(self, answer: Answer<E>) {
        self.ticket.answer(answer);
    }

    pub(super) fn fail(self, error: ExecuteError<E>) {
        self.answer(Answer::Result(Err(error)));
    }
}

/// The batches that wait, in the order in which their callers came.
pub(super) struct Queue<E>(Mutex<VecDeque<Job<E>>>);

impl<E> Queue<E> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    pub(super) fn push(&self, batch: Batch) -> Arc<Ticket<E>> {
        let (job, ticket) = Job::new(batch);
        lock(&self.0).push_back(job);
        ticket
    }

    #[cfg(feature = "tenants")]
    pub(super) fn extend(&self, jobs: Vec<Job<E>>) {
        lock(&self.0).extend(jobs);
    }

    /// Removes the first batches, up to a number of them.
    pub(super) fn take(&self, most: usize) -> Group<E> {
        let mut jobs = lock(&self.0);
        let count = jobs.len().min(most);
        Group(jobs.drain(..count).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }
}

/// Batches that are executed together, until each is answered.
pub(super) struct Group<E>(pub(super) Vec<Job<E>>);

impl<E> Group<E> {
    /// Answers all with one error.
    pub(super) fn fail(&mut self, error: impl Fn() -> ExecuteError<E>) {
        self.0.drain(..).for_each(|job| job.fail(error()));
    }
}

impl<E> Drop for Group<E> {
    /// Answers those who are left when a journal panicked, so that none waits forever.
    fn drop(&mut self) {
        self.fail(|| ExecuteError::Interrupted);
    }
}
