//! The sums of one period after the other.

use alloc::vec;
use alloc::vec::Vec;

use super::periods::Periods;
use super::report::SeatUsage;
use super::seats::{Admission, Seats};
use crate::limits::MAX_PERIODS;
use crate::time::Timestamp;

/// Measures consumed seats over periods.
///
/// Everything up to `clock` is in the sums: the clock follows the commits that change something and the ends of periods.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    periods: Periods,
    /// `None` before the first commit of an empty directory, unless the periods begin by themselves.
    clock: Option<Timestamp>,
    current: Option<Current>,
    closed: Vec<Closed>,
}

/// The period that the clock is in.
#[derive(Clone, Debug)]
struct Current {
    from: Timestamp,
    /// The bounds of the whole period.
    bounds: (Timestamp, Timestamp),
    /// True if a commit lies in it.
    has_commits: bool,
    /// By profile, and the last one for the total.
    tallies: Vec<Tally>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    seat_ms: u64,
    admissions: u64,
    /// The highest number of seats and when it was reached; `None` until time passes or a commit ends.
    highest: Option<(u64, Timestamp)>,
}

/// A period that has ended.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) whole: bool,
    /// By profile, and the last one for the total.
    pub(super) usage: Vec<SeatUsage>,
}

/// More periods than [`MAX_PERIODS`].
#[derive(Clone, Copy, Debug)]
pub(super) struct TooMany;

impl Tally {
    fn note(&mut self, consumed: u64, at: Timestamp) {
        if self.highest.is_none_or(|(highest, _)| consumed > highest) {
            self.highest = Some((consumed, at));
        }
    }
}

impl Meter {
    pub(super) fn new(periods: Periods, seats: &Seats) -> Self {
        let begun = seats.revision() > 0;
        let clock = begun || matches!(periods, Periods::Between(_));
        let clock = clock.then_some(seats.committed_at());
        let mut meter = Self { periods, clock, current: None, closed: Vec::new() };
        if begun && let Some(at) = clock {
            meter.open(at, seats);
            meter.note(at, seats);
        }
        meter
    }

    /// Moves the time on to a commit. Changes nothing if that would be too many periods.
    pub(super) fn begin_commit(&mut self, at: Timestamp, seats: &Seats) -> Result<(), TooMany> {
        self.check_closing(at)?;
        self.clock.get_or_insert(at);
        self.close_until(at, seats);
        if let Some(current) = &mut self.current {
            current.has_commits = true;
        }
        Ok(())
    }

    /// Adds the time since the last change. Called before the first change of a commit.
    pub(super) fn settle(&mut self, at: Timestamp, seats: &Seats) {
        let clock = self.clock.replace(at).unwrap_or(at);
        let Some(current) = &mut self.current else { return };
        let elapsed = at.millis_since(clock);
        if elapsed == 0 {
            return;
        }
        for (tally, consumed) in current.tallies.iter_mut().zip(consumed(seats)) {
            tally.seat_ms = tally.seat_ms.saturating_add(consumed.saturating_mul(elapsed));
            // The seats that the period begins with.
            tally.note(consumed, current.from);
        }
    }

    /// Records the highest numbers. Called after the last change of a commit.
    pub(super) fn note(&mut self, at: Timestamp, seats: &Seats) {
        let Some(current) = &mut self.current else { return };
        for (tally, consumed) in current.tallies.iter_mut().zip(consumed(seats)) {
            tally.note(consumed, at);
        }
    }

    /// Counts an admission, or takes one back.
    pub(super) fn admit(&mut self, admission: Admission) {
        let Some(current) = &mut self.current else { return };
        let count = |tally: &mut Tally| {
            let more = tally.admissions.saturating_add(1);
            tally.admissions = if admission.added { more } else { tally.admissions.saturating_sub(1) };
        };
        let total = current.tallies.len().saturating_sub(1);
        let of_total = admission.in_total.then_some(total);
        for place in [Some(admission.profile.index()), of_total].into_iter().flatten() {
            current.tallies.get_mut(place).map(count);
        }
    }

    /// Returns the periods up to a moment, the one that it lies in included.
    pub(super) fn periods_until(&self, until: Timestamp, seats: &Seats) -> Result<Vec<Closed>, TooMany> {
        let mut meter = self.clone();
        let Some(clock) = meter.clock else { return Ok(Vec::new()) };
        let until = until.max(clock).max(seats.committed_at());
        meter.check_closing(until)?;
        meter.close_until(until, seats);
        meter.settle(until, seats);
        let current = meter.current.take();
        if let Some(current) = current.filter(|current| current.has_commits || current.from < until) {
            if meter.closed.len() >= MAX_PERIODS {
                return Err(TooMany);
            }
            meter.close(&current, until, seats);
        }
        Ok(meter.closed)
    }

    /// Checks that the periods that end at a moment or before it, with those that are closed, are not too many.
    fn check_closing(&self, at: Timestamp) -> Result<(), TooMany> {
        let mut closed = self.closed.len();
        let mut from = self.current.as_ref().map_or(self.clock.unwrap_or(at), |current| current.from);
        while let Some(next) = self.periods.next_inside(from).filter(|&next| next <= at) {
            let Some((_, end)) = self.periods.around(next).filter(|&(_, end)| end <= at) else { break };
            closed = closed.saturating_add(1);
            if closed > MAX_PERIODS {
                return Err(TooMany);
            }
            from = end;
        }
        Ok(())
    }

    /// Closes all periods that end at a moment or before it, and opens the one that it lies in.
    fn close_until(&mut self, at: Timestamp, seats: &Seats) {
        loop {
            if let Some(current) = self.current.take() {
                let end = current.bounds.1;
                if at < end {
                    self.current = Some(current);
                    return;
                }
                self.current = Some(current);
                self.settle(end, seats);
                if let Some(current) = self.current.take() {
                    self.close(&current, end, seats);
                }
            }
            let clock = self.clock.unwrap_or(at);
            match self.periods.next_inside(clock).filter(|&next| next <= at) {
                Some(next) => self.open(next, seats),
                None => return,
            }
        }
    }

    fn open(&mut self, from: Timestamp, seats: &Seats) {
        let Some(bounds) = self.periods.around(from) else { return };
        let tallies = vec![Tally::default(); consumed(seats).count()];
        self.clock = Some(from);
        self.current = Some(Current { from, bounds, has_commits: false, tallies });
    }

    fn close(&mut self, current: &Current, until: Timestamp, seats: &Seats) {
        let length = until.millis_since(current.from);
        let figures = licensed(seats).zip(consumed(seats)).zip(&current.tallies);
        let usage = figures.map(|((licensed, consumed), tally)| {
            let (highest, highest_at) = tally.highest.unwrap_or((consumed, current.from));
            SeatUsage {
                licensed,
                consumed,
                highest,
                highest_at,
                mean_thousandths: mean(tally.seat_ms, length).unwrap_or(consumed.saturating_mul(1_000)),
                seat_ms: tally.seat_ms,
                admissions: tally.admissions,
            }
        });
        let whole = current.bounds == (current.from, until);
        self.closed.push(Closed { from: current.from, until, whole, usage: usage.collect() });
    }
}

/// The seats consumed by profile, and those of the total last.
fn consumed(seats: &Seats) -> impl Iterator<Item = u64> {
    let ledger = &seats.ledger;
    let profiles = seats.catalog.profile_definitions();
    profiles.map(|(profile, _)| ledger.consumed(profile)).chain([ledger.total_consumed()])
}

/// The seats licensed by profile, and the cap of the total last; `None` for what no license offers.
fn licensed(seats: &Seats) -> impl Iterator<Item = Option<crate::seats::Quantity>> {
    let ledger = &seats.ledger;
    let profiles = seats.catalog.profile_definitions();
    let cap = ledger.terms().map(|_| ledger.total_figures().cap);
    profiles
        .map(|(profile, _)| ledger.is_offered(profile).then(|| ledger.figures(profile).seats))
        .chain([cap])
}

/// The mean in thousandths, rounded down; `None` over no time.
fn mean(seat_ms: u64, length: u64) -> Option<u64> {
    let thousandths = u128::from(seat_ms).saturating_mul(1_000).checked_div(length.into())?;
    Some(u64::try_from(thousandths).unwrap_or(u64::MAX))
}
