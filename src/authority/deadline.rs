//! Spans of waiting. Decisions take the time as an argument; only waiting reads a clock.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a wait ends after a time")]

use core::time::Duration;
use std::time::Instant;

/// The end of a wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    /// The end of a wait that begins now. One that lies beyond what the clock can express never comes.
    pub(super) fn after(timeout: Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// Returns the time that is left, and zero after the end.
    pub(super) fn left(self) -> Duration {
        self.0.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    pub(super) fn is_over(self) -> bool {
        self.left().is_zero()
    }
}

/// The moment of an event, to ask later how long ago it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(Instant);

impl Moment {
    pub(super) fn now() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// The shortest time between two steps of a thread.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);

/// Returns the interval of reading a journal that is to be read at least twice in `max_age`; `None` if it is not read by
/// itself.
pub(super) fn follow_interval(follow_every: Option<Duration>, max_age: Option<Duration>) -> Option<Duration> {
    let within = max_age.map(|age| age.checked_div(2).unwrap_or(age));
    let interval = follow_every.into_iter().chain(within).min();
    interval.map(|interval| interval.max(SHORTEST))
}

/// Returns the interval of looking if a journal was silent for `max_age`.
pub(super) fn watch_interval(max_age: Duration) -> Duration {
    max_age.checked_div(4).unwrap_or(max_age).max(SHORTEST)
}
