//! The books themselves: counters, limits, and the queue.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rpds::RedBlackTreeMapSync;

use super::figures::{Figures, Quantity, TotalFigures};
use super::license::{Phase, Terms};
use super::seat::{SeatRow, Turn};
use crate::catalog::{Catalog, ProfileId};
use crate::time::Timestamp;

/// The books of one directory.
///
/// Its counters change in [`Ledger::move_seat`] only, which is given a user's seat before and after.
///
/// INVARIANT (balanced books): every counter is what a recount of all users' seats gives (rule S10).
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    terms: Option<Arc<Terms>>,
    /// The licenses that begin later, in the order in which they were installed (rule L1).
    scheduled: Arc<Vec<Arc<Terms>>>,
    phase: Phase,
    books: Arc<Vec<Book>>,
    /// Consumed seats of counted profiles.
    total: u64,
    queue: RedBlackTreeMapSync<Place, u32>,
    last_turn: u64,
    /// Until when `seat_ms` is counted.
    settled_at: Timestamp,
}

/// The book of one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Book {
    exempt: bool,
    held: u64,
    reserved: u64,
    waiting: u64,
    placed: u64,
    peak: u64,
    peak_at: Timestamp,
    seat_ms: u64,
}

impl Book {
    fn consumed(&self) -> u64 {
        self.held.saturating_add(self.reserved)
    }
}

/// A place in the queue for one profile.
///
/// Users who hold a counted seat meanwhile need no more of the total and stand apart from those who do, so that
/// the first one of each who could be seated is found without passing over others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    profile: ProfileId,
    needs_total: bool,
    turn: Turn,
}

impl Ledger {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        let book = |exempt| Book {
            exempt,
            held: 0,
            reserved: 0,
            waiting: 0,
            placed: 0,
            peak: 0,
            peak_at: Timestamp::EPOCH,
            seat_ms: 0,
        };
        Self {
            terms: None,
            scheduled: Arc::default(),
            phase: Phase::None,
            books: Arc::new(catalog.profile_definitions().map(|(_, profile)| book(profile.exempt)).collect()),
            total: 0,
            queue: RedBlackTreeMapSync::new_sync(),
            last_turn: 0,
            settled_at: Timestamp::EPOCH,
        }
    }

    pub(crate) fn terms(&self) -> Option<&Terms> {
        self.terms.as_deref()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Counts seat time up to a moment; the first thing in a commit.
    pub(crate) fn accrue(&mut self, now: Timestamp) {
        let elapsed = now.millis_since(self.settled_at);
        self.settled_at = now;
        for book in Arc::make_mut(&mut self.books) {
            book.seat_ms = book.seat_ms.saturating_add(book.consumed().saturating_mul(elapsed));
        }
    }

    /// Notes new peaks; the last thing in a commit (rule S11).
    pub(crate) fn note_peaks(&mut self, now: Timestamp) {
        if self.books.iter().all(|book| book.consumed() <= book.peak) {
            return;
        }
        for book in Arc::make_mut(&mut self.books) {
            if book.consumed() > book.peak {
                book.peak = book.consumed();
                book.peak_at = now;
            }
        }
    }

    /// Puts a checked license in force: its limits, its phase, and new peaks.
    pub(crate) fn install(&mut self, terms: Arc<Terms>, now: Timestamp) {
        self.phase = terms.phase(now);
        self.terms = Some(terms);
        for book in Arc::make_mut(&mut self.books) {
            book.peak = 0;
            book.peak_at = now;
            book.seat_ms = 0;
        }
    }

    /// Takes the license in force back; nobody loses a seat, and the peaks go on (rule L1).
    pub(crate) fn remove(&mut self) {
        self.phase = Phase::None;
        self.terms = None;
    }

    /// Returns the licenses that begin later, in the order in which they were installed.
    pub(crate) fn scheduled(&self) -> impl Iterator<Item = &Terms> {
        self.scheduled.iter().map(|terms| &**terms)
    }

    /// Adds a license that begins later, in place of one of the same name.
    pub(crate) fn schedule(&mut self, terms: Arc<Terms>) {
        self.unschedule(&terms.license().name);
        Arc::make_mut(&mut self.scheduled).push(terms);
    }

    /// Takes a scheduled license back; returns whether there was one of that name.
    pub(crate) fn unschedule(&mut self, name: &str) -> bool {
        if self.scheduled().all(|terms| terms.license().name != name) {
            return false;
        }
        Arc::make_mut(&mut self.scheduled).retain(|terms| terms.license().name != name);
        true
    }

    /// Takes out the scheduled licenses that have begun, and returns the one to put in force: the one that starts
    /// last, of equals the one installed last (rule L2).
    pub(crate) fn take_begun(&mut self, now: Timestamp) -> Option<Arc<Terms>> {
        let begun = |terms: &Arc<Terms>| terms.starts_at() <= now;
        let next =
            self.scheduled.iter().filter(|&terms| begun(terms)).max_by_key(|terms| terms.starts_at())?;
        let next = Arc::clone(next);
        Arc::make_mut(&mut self.scheduled).retain(|terms| !begun(terms));
        Some(next)
    }

    /// Returns the earliest start of a scheduled license.
    pub(crate) fn next_start(&self) -> Option<Timestamp> {
        self.scheduled().map(Terms::starts_at).min()
    }

    /// Continues the books of a stored directory: until when seat time was counted.
    #[cfg(feature = "serde")]
    pub(crate) fn restore_clock(&mut self, settled_at: Timestamp) {
        self.settled_at = settled_at;
    }

    /// Continues the history of a profile's figures.
    #[cfg(feature = "serde")]
    pub(crate) fn restore_book(&mut self, profile: ProfileId, peak: u64, peak_at: Timestamp, seat_ms: u64) {
        if let Some(book) = Arc::make_mut(&mut self.books).get_mut(profile.index()) {
            (book.peak, book.peak_at, book.seat_ms) = (peak, peak_at, seat_ms);
        }
    }

    /// Continues the numbering of turns.
    #[cfg(feature = "serde")]
    pub(crate) fn restore_turns(&mut self, last_turn: u64) {
        self.last_turn = last_turn;
    }

    pub(crate) fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// The phase that the license is in at a moment.
    pub(crate) fn phase_at(&self, now: Timestamp) -> Phase {
        self.terms.as_ref().map_or(Phase::None, |terms| terms.phase(now))
    }

    /// Takes one user's seat out of the books and puts the changed one in: the only way that a counter changes.
    pub(crate) fn move_seat(&mut self, user: u32, before: &SeatRow, after: &SeatRow) {
        self.count(user, before, false);
        self.count(user, after, true);
    }

    fn count(&mut self, user: u32, seat: &SeatRow, add: bool) {
        let step = |counter: &mut u64| {
            *counter = if add { counter.saturating_add(1) } else { counter.saturating_sub(1) };
        };
        let books = Arc::make_mut(&mut self.books);
        let mut holds_counted = false;
        if let Some(book) = seat.profile().and_then(|profile| books.get_mut(profile.index())) {
            step(if seat.reserved { &mut book.reserved } else { &mut book.held });
            holds_counted = !book.exempt;
            if holds_counted {
                step(&mut self.total);
            }
        }
        let (Some(turn), Some(profile)) = (seat.turn, seat.wants) else { return };
        if let Some(book) = books.get_mut(profile.index()) {
            step(if seat.holds.is_some() { &mut book.placed } else { &mut book.waiting });
        }
        let place = Place { profile, needs_total: !holds_counted, turn };
        if add {
            self.queue.insert_mut(place, user);
        } else {
            self.queue.remove_mut(&place);
        }
    }

    /// The next place at the end of the queue.
    pub(crate) fn take_turn(&mut self) -> Turn {
        self.last_turn = self.last_turn.saturating_add(1);
        Turn::new(self.last_turn).unwrap_or(Turn::MIN)
    }

    /// Who is next to get the profile that was waited for, if anyone can be seated (rule S8).
    ///
    /// The head of each part of the queue stands for all behind it, so passing over who cannot be seated costs
    /// nothing.
    pub(crate) fn next_in_line(&self) -> Option<u32> {
        if self.queue.is_empty() || !self.phase.admits() {
            return None;
        }
        let total = self.total_figures();
        // A counted seat that is swapped for another one needs none of the total, even while that is exceeded.
        let total_room = total.available != Quantity::ZERO;
        let profiles = (0..self.books.len()).filter_map(ProfileId::from_index);
        let open = profiles.filter(|&profile| self.has_standard_seat(profile));
        let heads = open.flat_map(|profile| {
            let swaps = self.head(profile, false);
            let takes = if total_room { self.head(profile, true) } else { None };
            [swaps, takes]
        });
        heads.flatten().min_by_key(|&(turn, _)| turn).map(|(_, user)| user)
    }

    fn head(&self, profile: ProfileId, needs_total: bool) -> Option<(Turn, u32)> {
        let first = Place { profile, needs_total, turn: Turn::MIN };
        let last = Place { profile, needs_total, turn: Turn::MAX };
        self.queue.range(first..=last).next().map(|(place, &user)| (place.turn, user))
    }

    /// Everybody in the queue, in the order in which they began to wait.
    pub(crate) fn queued(&self) -> Vec<(Turn, u32)> {
        let mut queued: Vec<(Turn, u32)> =
            self.queue.iter().map(|(place, &user)| (place.turn, user)).collect();
        queued.sort_unstable();
        queued
    }

    /// The place of a turn among those who wait for a profile; 1 is next.
    pub(crate) fn place_in_line(&self, profile: ProfileId, turn: Turn) -> u64 {
        let up_to = |needs_total| {
            let first = Place { profile, needs_total, turn: Turn::MIN };
            self.queue.range(first..=Place { turn, ..first }).count() as u64
        };
        up_to(false).saturating_add(up_to(true))
    }

    pub(crate) fn last_turn(&self) -> u64 {
        self.last_turn
    }

    fn book(&self, profile: ProfileId) -> Option<&Book> {
        self.books.get(profile.index())
    }

    pub(crate) fn consumed(&self, profile: ProfileId) -> u64 {
        self.book(profile).map_or(0, Book::consumed)
    }

    pub(crate) fn total_consumed(&self) -> u64 {
        self.total
    }

    /// Whether the license in force gives seats of the profile.
    pub(crate) fn is_offered(&self, profile: ProfileId) -> bool {
        self.terms().is_some_and(|terms| terms.limit(profile).is_some())
    }

    /// Whether a standard seat of an offered profile is free.
    pub(crate) fn has_standard_seat(&self, profile: ProfileId) -> bool {
        let limit = self.terms().and_then(|terms| terms.limit(profile));
        limit.is_some_and(|limit| limit.seats.exceeds(self.consumed(profile)))
    }

    /// Whether a standard or extra seat of an offered profile is free.
    pub(crate) fn has_extra_seat(&self, profile: ProfileId) -> bool {
        let limit = self.terms().and_then(|terms| terms.limit(profile));
        limit.is_some_and(|limit| limit.seats.plus(limit.extra).exceeds(self.consumed(profile)))
    }

    pub(crate) fn figures(&self, profile: ProfileId) -> Figures {
        let none = Book {
            exempt: false,
            held: 0,
            reserved: 0,
            waiting: 0,
            placed: 0,
            peak: 0,
            peak_at: Timestamp::EPOCH,
            seat_ms: 0,
        };
        let book = self.book(profile).unwrap_or(&none);
        let limit = self.terms().and_then(|terms| terms.limit(profile));
        let (seats, extra) = match limit {
            _ if book.exempt => (Quantity::Unlimited, 0),
            Some(limit) => (limit.seats, limit.extra),
            None => (Quantity::ZERO, 0),
        };
        Figures {
            seats,
            extra,
            held: book.held,
            reserved: book.reserved,
            consumed: book.consumed(),
            waiting: book.waiting,
            placed: book.placed,
            available: seats.minus(book.consumed()),
            over: seats.plus(extra).excess(book.consumed()),
            peak: book.peak,
            peak_at: book.peak_at,
            seat_ms: book.seat_ms,
        }
    }

    pub(crate) fn total_figures(&self) -> TotalFigures {
        let cap = self.terms().and_then(Terms::cap).map_or(Quantity::Unlimited, Quantity::Count);
        TotalFigures { cap, consumed: self.total, available: cap.minus(self.total) }
    }
}
