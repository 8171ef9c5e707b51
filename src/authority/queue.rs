//! Batches that wait to be executed, and the tickets on which their callers get the answers.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::mem;
use core::task::{Poll, Waker};
use std::panic::resume_unwind;

use super::contain::contain;
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
            // A waker of the host that panics must not take the other callers with it.
            contain(|| waker.wake());
        }
    }
}

/// A batch and its caller's ticket. One that is dropped without an answer is answered as interrupted.
pub(super) struct Job<E> {
    pub(super) batch: Batch,
    ticket: Arc<Ticket<E>>,
    answered: bool,
}

impl<E> Job<E> {
    pub(super) fn new(batch: Batch) -> (Self, Arc<Ticket<E>>) {
        let ticket = Arc::new(Ticket(Mutex::new(TicketState::Waiting(None))));
        (Self { batch, ticket: Arc::clone(&ticket), answered: false }, ticket)
    }

    pub(super) fn answer(mut self, answer: Answer<E>) {
        self.answered = true;
        self.ticket.answer(answer);
    }

    pub(super) fn fail(self, error: ExecuteError<E>) {
        self.answer(Answer::Result(Err(error)));
    }
}

impl<E> Drop for Job<E> {
    fn drop(&mut self) {
        if !self.answered {
            self.ticket.answer(Answer::Result(Err(ExecuteError::Interrupted)));
        }
    }
}

/// The batches that wait, in the order in which their callers came.
pub(super) struct Queue<E>(Mutex<VecDeque<Job<E>>>);

impl<E> Queue<E> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    pub(super) fn push(&self, job: Job<E>) {
        lock(&self.0).push_back(job);
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
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.0).len()
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
