//! The one door: how the seat requests of a batch are settled (rules S5 to S7).

use alloc::vec::Vec;

use super::ledger::Ledger;
use super::license::Phase;
use super::policy::{Answer, RequestSource, SeatPolicy, SeatRequest};
use super::seat::{Basis, SeatRow};
use crate::catalog::{Catalog, ProfileId};
use crate::time::Timestamp;

/// The consumed counts before a batch: up to these, what the batch gave up is free to it (rule S6).
#[derive(Clone, Debug)]
pub(crate) struct Before {
    consumed: Vec<u64>,
    total: u64,
}

impl Before {
    pub(crate) fn of(ledger: &Ledger, catalog: &Catalog) -> Self {
        let consumed = catalog.profile_definitions().map(|(profile, _)| ledger.consumed(profile));
        Self { consumed: consumed.collect(), total: ledger.total_consumed() }
    }

    /// Returns whether a profile takes one more without asking: a standard seat is free, or the batch gave one up.
    pub(super) fn has_room(&self, ledger: &Ledger, profile: ProfileId) -> bool {
        let given_up = self.consumed.get(profile.index()).copied().unwrap_or(0);
        let free = ledger.phase().admits() && ledger.has_standard_seat(profile);
        free || ledger.consumed(profile) < given_up
    }
}

/// One user's wish for a seat, waiting to be settled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) index: u32,
    pub(crate) user: &'a str,
    pub(crate) wants: ProfileId,
    pub(crate) seat: SeatRow,
    pub(crate) source: RequestSource,
    pub(crate) protected: Protected,
}

/// An owner of singletons, who is not locked out of them by a profile (rule F3).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Protected {
    /// The kinds of the singletons that the user owns, one bit each.
    pub(crate) kinds: u64,
    /// The profile that the user sits on, or sat on when the batch began.
    pub(crate) had: Option<ProfileId>,
}

impl Protected {
    /// Returns whether a seat, or none, leaves less of what owning the singletons gives than the one before.
    pub(crate) fn is_locked_out_by(self, seat: Option<ProfileId>, catalog: &Catalog) -> bool {
        let owned = catalog.definitions().filter(|(kind, _)| self.kinds & (1 << kind.get()) != 0);
        let left = |seat: Option<ProfileId>, kind| {
            let profile = seat.and_then(|seat| catalog.profile_definition(seat));
            profile.map_or(0, |profile| if profile.advisory { u64::MAX } else { profile.ceiling.of(kind) })
        };
        owned
            .into_iter()
            .any(|(kind, definition)| definition.owner() & left(self.had, kind) & !left(seat, kind) != 0)
    }
}

/// Why a wish is refused, in the order of rule C8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeatRefusal {
    NoLicense,
    LicenseLapsed(Phase),
    NotOffered,
    /// All seats are taken, so many of them.
    SeatLimit(u64),
    /// All seats of the total are taken, so many of them.
    TotalLimit(u64),
}

/// What comes of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) holds: Option<(ProfileId, Basis)>,
    /// Whether the user gets in line for what was wanted.
    pub(crate) queued: bool,
}

/// The settlement of one batch, on a copy of the books.
pub(crate) struct Admission<'a> {
    ledger: Ledger,
    before: &'a Before,
    catalog: &'a Catalog,
    policy: &'a dyn SeatPolicy,
    now: Timestamp,
}

impl<'a> Admission<'a> {
    pub(crate) fn new(
        ledger: Ledger,
        before: &'a Before,
        catalog: &'a Catalog,
        policy: &'a dyn SeatPolicy,
        now: Timestamp,
    ) -> Self {
        Self { ledger, before, catalog, policy, now }
    }

    /// Settles all wishes in order, each whatever became of those before it.
    pub(crate) fn settle(mut self, wishes: &[Wish<'_>]) -> Vec<Result<Outcome, SeatRefusal>> {
        // Whoever wants another seat gives the present one up first, so that two users at full profiles can swap.
        for wish in wishes {
            self.ledger.move_seat(wish.index, &wish.seat, &lifted(wish));
        }
        let settle_one = |wish: &Wish<'_>| {
            let outcome = self.decide(wish)?;
            self.enter(wish, outcome);
            Ok(outcome)
        };
        wishes.iter().map(settle_one).collect()
    }

    fn decide(&self, wish: &Wish<'_>) -> Result<Outcome, SeatRefusal> {
        let admitted = |basis| Ok(Outcome { holds: Some((wish.wants, basis)), queued: false });
        if self.catalog.is_exempt(wish.wants) {
            return admitted(Basis::Exempt);
        }
        let profile_room = self.profile_room(wish.wants);
        if profile_room && self.total_room() {
            return admitted(Basis::Standard);
        }
        match self.ledger.phase() {
            Phase::None => return Err(SeatRefusal::NoLicense),
            phase @ (Phase::Pending | Phase::Lapsed) => return Err(SeatRefusal::LicenseLapsed(phase)),
            Phase::Active | Phase::Grace => {}
        }
        if !self.ledger.is_offered(wish.wants) {
            return Err(SeatRefusal::NotOffered);
        }
        let refusal = if profile_room {
            SeatRefusal::TotalLimit(self.ledger.total_consumed())
        } else {
            SeatRefusal::SeatLimit(self.ledger.consumed(wish.wants))
        };
        match self.ask(wish) {
            Answer::Extra if self.total_room() && self.ledger.has_extra_seat(wish.wants) => {
                admitted(Basis::Extra)
            }
            Answer::Place(other) => self.place(wish, &other).ok_or(refusal),
            Answer::Wait => {
                let holds = self.kept(wish);
                let held = holds.map(|(profile, _)| profile);
                if wish.protected.is_locked_out_by(held, self.catalog) {
                    return Err(refusal);
                }
                Ok(Outcome { holds, queued: true })
            }
            Answer::Extra | Answer::Refuse => Err(refusal),
        }
    }

    fn ask(&self, wish: &Wish<'_>) -> Answer {
        self.policy.decide(&SeatRequest {
            user: wish.user,
            wants: wish.wants,
            source: wish.source,
            at: self.now,
            ledger: &self.ledger,
            catalog: self.catalog,
            total_room: self.total_room(),
            before: self.before,
        })
    }

    /// Gives a seat of another profile, if that can be honored.
    fn place(&self, wish: &Wish<'_>, other: &str) -> Option<Outcome> {
        let other = self.catalog.profile(other).filter(|&other| other != wish.wants)?;
        let free = self.catalog.is_exempt(other) || (self.total_room() && self.profile_room(other));
        let free = free && !wish.protected.is_locked_out_by(Some(other), self.catalog);
        free.then_some(Outcome { holds: Some((other, Basis::Placed)), queued: true })
    }

    /// The seat that a user keeps while waiting, unless the batch gave it away (rule S7).
    fn kept(&self, wish: &Wish<'_>) -> Option<(ProfileId, Basis)> {
        let had = wish.seat.profile()?;
        let room = self.catalog.is_exempt(had) || (self.profile_room(had) && self.total_room());
        room.then_some((had, Basis::Placed))
    }

    /// Whether a profile takes one more without asking: a standard seat is free, or the batch gave one up.
    fn profile_room(&self, profile: ProfileId) -> bool {
        self.before.has_room(&self.ledger, profile)
    }

    /// Whether the total takes one more: the cap is not reached, or the batch gave one up.
    fn total_room(&self) -> bool {
        let figures = self.ledger.total_figures();
        figures.cap.exceeds(figures.consumed) || figures.consumed < self.before.total
    }

    /// Enters an outcome into the copy of the books, for the wishes behind it to see.
    fn enter(&mut self, wish: &Wish<'_>, outcome: Outcome) {
        let turn = outcome.queued.then(|| self.ledger.take_turn());
        let after = SeatRow { holds: outcome.holds, turn, ..lifted(wish) };
        self.ledger.move_seat(wish.index, &lifted(wish), &after);
    }
}

/// A user's seat with the present one given up.
fn lifted(wish: &Wish<'_>) -> SeatRow {
    SeatRow { wants: Some(wish.wants), holds: None, turn: None, ..wish.seat }
}
