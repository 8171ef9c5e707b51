//! The seat ledger: counters per profile, the license in force, and the queue.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use super::figures::{Figures, Quantity, TotalFigures};
use super::license::{Phase, Terms};
use super::seat::{Basis, SeatNumber, SeatRow, Turn};
use crate::catalog::{Catalog, ProfileId};
use crate::time::Timestamp;

/// The seat ledger of one directory.
///
/// Only [`Ledger::move_seat`] changes the counters. It takes a user's seat before and after the change.
///
/// INVARIANT (balanced ledger): every counter equals a recount over the seats of all users (rule S10).
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    terms: Option<Arc<Terms>>,
    /// The scheduled licenses, in the order in which they were installed (rule S16).
    scheduled: Arc<[Arc<Terms>]>,
    phase: Phase,
    accounts: Arc<[Account]>,
    /// Consumed seats of counted profiles.
    total: u64,
    queue: RedBlackTreeMapSync<QueueKey, u32>,
    last_turn: u64,
    /// The users on extra seats, by profile and in the order in which they took them (rule S8).
    extras: RedBlackTreeSetSync<ExtraKey>,
    last_seat: u64,
    /// The numbers of the seats that the current commit released, by user and profile (rule S9).
    released: RedBlackTreeMapSync<(u32, ProfileId), SeatNumber>,
    /// The time up to which `seat_ms` is counted.
    settled_at: Timestamp,
}

/// The counters of one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    exempt: bool,
    held: u64,
    reserved: u64,
    /// Extra seats held or reserved.
    extra: u64,
    waiting: u64,
    placed: u64,
    peak: u64,
    peak_at: Timestamp,
    seat_ms: u64,
}

impl Account {
    const fn new(exempt: bool) -> Self {
        Self {
            exempt,
            held: 0,
            reserved: 0,
            extra: 0,
            waiting: 0,
            placed: 0,
            peak: 0,
            peak_at: Timestamp::EPOCH,
            seat_ms: 0,
        }
    }

    fn consumed(&self) -> u64 {
        self.held.saturating_add(self.reserved)
    }

    /// Returns the seats in use that are not extra ones, those of users placed here included.
    fn standard(&self) -> u64 {
        self.consumed().saturating_sub(self.extra)
    }
}

/// The part of a profile's queue that a user is in, by the seat that the user has.
///
/// Of one part, all users can get a standard seat or none can, and the seat policy is asked about the first one only. So
/// the first users of the parts decide, and they are found without a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum QueuePart {
    /// Users who hold nothing.
    Waiting,
    /// Users on an exempt profile, who need a seat of the total.
    PlacedExempt,
    /// Users on a seat of another counted profile, who need no further seat of the total.
    PlacedCounted,
}

/// The position of a user in the queue of one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct QueueKey {
    profile: ProfileId,
    part: QueuePart,
    turn: Turn,
}

/// The position of a user among the extra seats of one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ExtraKey {
    profile: ProfileId,
    /// `None` while an admission tries out a seat.
    number: Option<SeatNumber>,
    user: u32,
}

impl Ledger {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        let account = |exempt| Account::new(exempt);
        Self {
            terms: None,
            scheduled: Arc::default(),
            phase: Phase::None,
            accounts: catalog.profile_definitions().map(|(_, profile)| account(profile.exempt)).collect(),
            total: 0,
            queue: RedBlackTreeMapSync::new_sync(),
            last_turn: 0,
            extras: RedBlackTreeSetSync::new_sync(),
            last_seat: 0,
            released: RedBlackTreeMapSync::new_sync(),
            settled_at: Timestamp::EPOCH,
        }
    }

    pub(crate) fn terms(&self) -> Option<&Terms> {
        self.terms.as_deref()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Adds the seat time since the last commit. Called first in a commit.
    pub(crate) fn accrue(&mut self, now: Timestamp) {
        let elapsed = now.millis_since(self.settled_at);
        self.settled_at = now;
        for account in Arc::make_mut(&mut self.accounts) {
            account.seat_ms = account.seat_ms.saturating_add(account.consumed().saturating_mul(elapsed));
        }
    }

    /// Records new peaks. Called last in a commit (rule S11).
    pub(crate) fn note_peaks(&mut self, now: Timestamp) {
        self.released = RedBlackTreeMapSync::new_sync();
        if self.accounts.iter().all(|account| account.consumed() <= account.peak) {
            return;
        }
        for account in Arc::make_mut(&mut self.accounts) {
            if account.consumed() > account.peak {
                account.peak = account.consumed();
                account.peak_at = now;
            }
        }
    }

    /// Installs a validated license, and restarts peaks and seat time.
    pub(crate) fn install(&mut self, terms: Arc<Terms>, now: Timestamp) {
        self.phase = terms.phase(now);
        self.terms = Some(terms);
        for account in Arc::make_mut(&mut self.accounts) {
            account.peak = 0;
            account.peak_at = now;
            account.seat_ms = 0;
        }
    }

    /// Removes the license in force; no user loses a seat, and the peaks go on (rule S16).
    pub(crate) fn remove(&mut self) {
        self.phase = Phase::None;
        self.terms = None;
    }

    /// Returns the scheduled licenses, in the order in which they were installed.
    pub(crate) fn scheduled(&self) -> impl Iterator<Item = &Terms> {
        self.scheduled.iter().map(|terms| &**terms)
    }

    /// Adds a license that starts later, in place of a scheduled one of the same name.
    pub(crate) fn schedule(&mut self, terms: Arc<Terms>) {
        self.unschedule(&terms.license().name);
        self.scheduled = self.scheduled.iter().cloned().chain([terms]).collect();
    }

    /// Removes a scheduled license; returns `true` if there was one of that name.
    pub(crate) fn unschedule(&mut self, name: &str) -> bool {
        if self.scheduled().all(|terms| terms.license().name != name) {
            return false;
        }
        self.retain_scheduled(|terms| terms.license().name != name);
        true
    }

    /// Removes the scheduled licenses that have started, and returns the one to put in force: the one that starts
    /// last, of equals the one installed last (rule S16).
    pub(crate) fn take_started(&mut self, now: Timestamp) -> Option<Arc<Terms>> {
        let started = |terms: &Terms| terms.starts_at() <= now;
        let next =
            self.scheduled.iter().filter(|&terms| started(terms)).max_by_key(|terms| terms.starts_at())?;
        let next = Arc::clone(next);
        self.retain_scheduled(|terms| !started(terms));
        Some(next)
    }

    fn retain_scheduled(&mut self, stays: impl Fn(&Terms) -> bool) {
        self.scheduled = self.scheduled.iter().filter(|terms| stays(terms)).cloned().collect();
    }

    /// Returns the earliest start of a scheduled license.
    pub(crate) fn next_start(&self) -> Option<Timestamp> {
        self.scheduled().map(Terms::starts_at).min()
    }

    /// Restores the time up to which seat time was counted, from a stored directory.
    #[cfg(feature = "serde")]
    pub(crate) fn restore_clock(&mut self, settled_at: Timestamp) {
        self.settled_at = settled_at;
    }

    /// Restores the peak and the seat time of a profile, from a stored directory.
    #[cfg(feature = "serde")]
    pub(crate) fn restore_book(&mut self, profile: ProfileId, peak: u64, peak_at: Timestamp, seat_ms: u64) {
        if let Some(account) = Arc::make_mut(&mut self.accounts).get_mut(profile.index()) {
            (account.peak, account.peak_at, account.seat_ms) = (peak, peak_at, seat_ms);
        }
    }

    /// Restores the last numbers given out in the queue and to seats, from a stored directory.
    #[cfg(feature = "serde")]
    pub(crate) fn restore_numbers(&mut self, last_turn: u64, last_seat: u64) {
        (self.last_turn, self.last_seat) = (last_turn, last_seat);
    }

    pub(crate) fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// Returns the phase of the license at a time.
    pub(crate) fn phase_at(&self, now: Timestamp) -> Phase {
        self.terms.as_ref().map_or(Phase::None, |terms| terms.phase(now))
    }

    /// Replaces one user's seat. This is the only method that changes a counter.
    pub(crate) fn move_seat(&mut self, user: u32, before: &SeatRow, after: &SeatRow) {
        self.count(user, before, false);
        self.count(user, after, true);
    }

    fn count(&mut self, user: u32, seat: &SeatRow, add: bool) {
        let step = |counter: &mut u64| {
            *counter = if add { counter.saturating_add(1) } else { counter.saturating_sub(1) };
        };
        let accounts = Arc::make_mut(&mut self.accounts);
        let mut part = QueuePart::Waiting;
        if let Some(account) = seat.profile().and_then(|profile| accounts.get_mut(profile.index())) {
            step(if seat.reserved { &mut account.reserved } else { &mut account.held });
            part = QueuePart::PlacedExempt;
            if !account.exempt {
                part = QueuePart::PlacedCounted;
                step(&mut self.total);
            }
        }
        if let Some((profile, Basis::Extra)) = seat.holds {
            if let Some(account) = accounts.get_mut(profile.index()) {
                step(&mut account.extra);
            }
            let key = ExtraKey { profile, number: seat.number, user };
            if add {
                self.extras.insert_mut(key);
            } else {
                self.extras.remove_mut(&key);
            }
        }
        let (Some(turn), Some(profile)) = (seat.turn, seat.wants) else { return };
        if let Some(account) = accounts.get_mut(profile.index()) {
            step(if seat.holds.is_some() { &mut account.placed } else { &mut account.waiting });
        }
        let key = QueueKey { profile, part, turn };
        if add {
            self.queue.insert_mut(key, user);
        } else {
            self.queue.remove_mut(&key);
        }
    }

    /// Returns the next number at the end of the queue.
    pub(crate) fn take_turn(&mut self) -> Turn {
        self.last_turn = self.last_turn.saturating_add(1);
        Turn::new(self.last_turn).unwrap_or(Turn::MIN)
    }

    /// Returns the number for a seat that a user takes: the next one, or the one that the user released in this commit.
    pub(crate) fn take_number(&mut self, user: u32, profile: ProfileId) -> SeatNumber {
        if let Some(&number) = self.released.get(&(user, profile)) {
            return number;
        }
        self.last_seat = self.last_seat.saturating_add(1);
        SeatNumber::new(self.last_seat).unwrap_or(SeatNumber::MIN)
    }

    /// Keeps the number of a released seat until the end of the commit (rule S9).
    pub(crate) fn keep_number(&mut self, user: u32, seat: &SeatRow) {
        if let Some((profile, number)) = seat.profile().zip(seat.number) {
            self.released.insert_mut((user, profile), number);
        }
    }

    /// Forgets the numbers that a removed user released.
    pub(crate) fn forget_numbers(&mut self, user: u32) {
        for profile in (0..self.accounts.len()).filter_map(ProfileId::from_index) {
            self.released.remove_mut(&(user, profile));
        }
    }

    /// Returns the user on an extra seat who can turn to a standard one, of the profile's the one who took it first
    /// (rule S8).
    pub(crate) fn next_extra(&self) -> Option<u32> {
        if self.extras.is_empty() || !self.phase.admits() {
            return None;
        }
        let profiles = (0..self.accounts.len()).filter_map(ProfileId::from_index);
        let first = |profile| {
            let account = self.account(profile).filter(|account| account.extra > 0)?;
            let limit = self.terms().and_then(|terms| terms.limit(profile))?;
            let from = ExtraKey { profile, number: None, user: 0 };
            let key = self.extras.range(from..).next().filter(|key| key.profile == profile)?;
            limit.seats.exceeds(account.standard()).then_some(key.user)
        };
        profiles.into_iter().find_map(first)
    }

    /// Returns `true` if a user in the queue can get a standard seat of the profile wanted (rule S8).
    pub(crate) fn has_seat_for(&self, queued: &SeatRow) -> bool {
        let account = |profile: ProfileId| self.account(profile);
        let swaps = queued.profile().and_then(account).is_some_and(|account| !account.exempt);
        let free = queued.wants.is_some_and(|wants| self.has_standard_seat(wants));
        // A user who swaps one counted seat for another needs no seat of the total, even while it is exceeded.
        free && (swaps || self.total_figures().available != Quantity::ZERO)
    }

    /// Returns the first users of the parts of the queue, in the order in which they began to wait (rule S8).
    pub(crate) fn queue_heads(&self) -> Vec<u32> {
        if self.queue.is_empty() || !self.phase.admits() {
            return Vec::new();
        }
        let profiles = (0..self.accounts.len()).filter_map(ProfileId::from_index);
        let waiting = |account: &Account| account.waiting > 0 || account.placed > 0;
        let lines = profiles.filter(|&profile| self.account(profile).is_some_and(waiting));
        let parts = [QueuePart::Waiting, QueuePart::PlacedExempt, QueuePart::PlacedCounted];
        let heads = lines.flat_map(|profile| parts.map(|part| self.head(profile, part)));
        let mut heads: Vec<(Turn, u32)> = heads.flatten().collect();
        heads.sort_unstable();
        heads.into_iter().map(|(_, user)| user).collect()
    }

    fn head(&self, profile: ProfileId, part: QueuePart) -> Option<(Turn, u32)> {
        let first = QueueKey { profile, part, turn: Turn::MIN };
        let last = QueueKey { profile, part, turn: Turn::MAX };
        self.queue.range(first..=last).next().map(|(key, &user)| (key.turn, user))
    }

    /// Returns all queued users, in the order in which they began to wait.
    pub(crate) fn queued(&self) -> Vec<(Turn, u32)> {
        let mut queued: Vec<(Turn, u32)> = self.queue.iter().map(|(key, &user)| (key.turn, user)).collect();
        queued.sort_unstable();
        queued
    }

    /// Returns the position of a user in the queue of a profile; 1 is next. Linear in the position.
    pub(crate) fn queue_position(&self, profile: ProfileId, turn: Turn) -> u64 {
        let up_to = |part| {
            let first = QueueKey { profile, part, turn: Turn::MIN };
            self.queue.range(first..=QueueKey { turn, ..first }).count() as u64
        };
        let parts = [QueuePart::Waiting, QueuePart::PlacedExempt, QueuePart::PlacedCounted];
        parts.map(up_to).into_iter().sum()
    }

    pub(crate) fn last_turn(&self) -> u64 {
        self.last_turn
    }

    pub(crate) fn last_seat(&self) -> u64 {
        self.last_seat
    }

    fn account(&self, profile: ProfileId) -> Option<&Account> {
        self.accounts.get(profile.index())
    }

    pub(crate) fn consumed(&self, profile: ProfileId) -> u64 {
        self.account(profile).map_or(0, Account::consumed)
    }

    /// Returns the users on extra seats of a profile, in the order in which they took them.
    pub(crate) fn extras_of(&self, profile: ProfileId) -> Vec<u32> {
        let from = ExtraKey { profile, number: None, user: 0 };
        let keys = self.extras.range(from..).take_while(|key| key.profile == profile);
        keys.map(|key| key.user).collect()
    }

    pub(crate) fn total_consumed(&self) -> u64 {
        self.total
    }

    /// Returns `true` if the license offers the profile.
    pub(crate) fn is_offered(&self, profile: ProfileId) -> bool {
        self.terms().is_some_and(|terms| terms.limit(profile).is_some())
    }

    /// Returns `true` if a standard seat of an offered profile is free.
    pub(crate) fn has_standard_seat(&self, profile: ProfileId) -> bool {
        let limit = self.terms().and_then(|terms| terms.limit(profile));
        limit.is_some_and(|limit| limit.seats.exceeds(self.consumed(profile)))
    }

    /// Returns `true` if a standard or an extra seat of an offered profile is free.
    pub(crate) fn has_extra_seat(&self, profile: ProfileId) -> bool {
        let limit = self.terms().and_then(|terms| terms.limit(profile));
        limit.is_some_and(|limit| limit.seats.plus(limit.extra).exceeds(self.consumed(profile)))
    }

    pub(crate) fn figures(&self, profile: ProfileId) -> Figures {
        let none = Account::new(false);
        let account = self.account(profile).unwrap_or(&none);
        let limit = self.terms().and_then(|terms| terms.limit(profile));
        let (seats, extra) = match limit {
            _ if account.exempt => (Quantity::Unlimited, 0),
            Some(limit) => (limit.seats, limit.extra),
            None => (Quantity::ZERO, 0),
        };
        Figures {
            seats,
            extra,
            held: account.held,
            reserved: account.reserved,
            consumed: account.consumed(),
            waiting: account.waiting,
            placed: account.placed,
            available: seats.minus(account.consumed()),
            over: seats.plus(extra).excess(account.consumed()),
            peak: account.peak,
            peak_at: account.peak_at,
            seat_ms: account.seat_ms,
        }
    }

    pub(crate) fn total_figures(&self) -> TotalFigures {
        let cap = self.terms().and_then(Terms::cap).map_or(Quantity::Unlimited, Quantity::Count);
        TotalFigures { cap, consumed: self.total, available: cap.minus(self.total) }
    }
}
