//! Batches that wait to be executed, and the tickets on which their callers get the answers.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::mem;
use core::task::{Poll, Waker};
use std::panic::resume_unwind;
use std::sync::PoisonError;

use super::contain::contain;
use super::sync::{Condvar, Mutex, lock};
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
pub(super) struct Ticket<E> {
    state: Mutex<TicketState<E>>,
    /// Wakes the thread that waits.
    changed: Condvar,
}

struct TicketState<E> {
    answer: Option<Answer<E>>,
    /// Wakes the task that waits.
    waker: Option<Waker>,
    /// True if it is this caller's turn to execute the queue.
    leads: bool,
}

/// The next step of a caller that waited.
pub(super) enum Turn<E> {
    /// It executes the batches that wait, and then waits again.
    Lead,
    Answered(Answer<E>),
}

impl<E> Ticket<E> {
    fn new() -> Self {
        let state = TicketState { answer: None, waker: None, leads: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Blocks the thread until the caller's turn or answer.
    pub(super) fn wait(&self) -> Turn<E> {
        let mut state = lock(&self.state);
        loop {
            if mem::take(&mut state.leads) {
                return Turn::Lead;
            }
            if let Some(answer) = state.answer.take() {
                return Turn::Answered(answer);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes the answer if there is one.
    pub(super) fn take(&self) -> Option<Answer<E>> {
        lock(&self.state).answer.take()
    }

    /// Takes the answer, or remembers whom to wake when it arrives.
    pub(super) fn poll(&self, waker: &Waker) -> Poll<Answer<E>> {
        let mut state = lock(&self.state);
        if let Some(answer) = state.answer.take() {
            return Poll::Ready(answer);
        }
        state.waker = Some(waker.clone());
        Poll::Pending
    }

    fn lead(&self) {
        lock(&self.state).leads = true;
        self.changed.notify_one();
    }

    fn answer(&self, answer: Answer<E>) {
        let mut state = lock(&self.state);
        state.answer = Some(answer);
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_one();
        if let Some(waker) = waker {
            // A waker of the host that panics must not take the other callers with it.
            contain(|| waker.wake());
        }
    }
}

/// A batch and its caller's ticket. One that is dropped without an answer is answered as interrupted.
pub(super) struct Job<E> {
    pub(super) batch: Batch,
    ticket: Arc<Ticket<E>>,
    /// True if a thread waits for the answer, which can lead.
    blocking: bool,
    answered: bool,
}

impl<E> Job<E> {
    /// Creates a job that is executed by others.
    pub(super) fn new(batch: Batch) -> (Self, Arc<Ticket<E>>) {
        let ticket = Arc::new(Ticket::new());
        (Self { batch, ticket: Arc::clone(&ticket), blocking: false, answered: false }, ticket)
    }

    /// Creates a job whose caller [waits](Ticket::wait) and leads when it is its turn.
    pub(super) fn blocking(batch: Batch) -> (Self, Arc<Ticket<E>>) {
        let (mut job, ticket) = Self::new(batch);
        job.blocking = true;
        (job, ticket)
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
pub(super) struct Queue<E>(Mutex<Waiting<E>>);

struct Waiting<E> {
    jobs: VecDeque<Job<E>>,
    /// True from the call of one caller to lead until nobody is left to call.
    led: bool,
}

/// The turn of one caller. The next one is called when it is dropped.
pub(super) struct Leading<'a, E>(&'a Queue<E>);

impl<E> Queue<E> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Waiting { jobs: VecDeque::new(), led: false }))
    }

    /// Adds a batch. If its caller waits and nobody leads, it leads.
    pub(super) fn push(&self, job: Job<E>) {
        let mut waiting = lock(&self.0);
        if job.blocking && !waiting.led {
            waiting.led = true;
            job.ticket.lead();
        }
        waiting.jobs.push_back(job);
    }

    /// Begins the turn of a caller that was called to lead.
    pub(super) fn lead(&self) -> Leading<'_, E> {
        Leading(self)
    }

    #[cfg(feature = "tenants")]
    pub(super) fn extend(&self, jobs: Vec<Job<E>>) {
        lock(&self.0).jobs.extend(jobs);
    }

    /// Removes the first batches, up to a number of them.
    pub(super) fn take(&self, most: usize) -> Group<E> {
        let jobs = &mut lock(&self.0).jobs;
        let count = jobs.len().min(most);
        Group(jobs.drain(..count).collect())
    }

    /// Answers the batches for which no thread waits as interrupted.
    pub(super) fn interrupt(&self) {
        let mut waiting = lock(&self.0);
        let (blocking, others) = mem::take(&mut waiting.jobs).into_iter().partition(|job| job.blocking);
        waiting.jobs = blocking;
        drop(waiting);
        let others: VecDeque<Job<E>> = others;
        drop(others);
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.0).jobs.len()
    }
}

impl<E> Drop for Leading<'_, E> {
    fn drop(&mut self) {
        let mut waiting = lock(&self.0.0);
        let next = waiting.jobs.iter().find(|job| job.blocking);
        next.inspect(|job| job.ticket.lead());
        waiting.led = next.is_some();
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
