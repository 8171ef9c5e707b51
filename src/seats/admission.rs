//! Admission: decides all requests for a seat in a batch (rules S5 to S7).

use alloc::vec::Vec;

use super::ledger::Ledger;
use super::license::Phase;
use super::policy::{Answer, RequestSource, SeatPolicy, SeatRequest};
use super::seat::{Basis, SeatRow};
use crate::catalog::{Catalog, ProfileId};
use crate::time::Timestamp;

/// The consumed seats before a batch. Up to these counts, seats that the batch releases are free to it (rule S6).
#[derive(Clone, Debug)]
pub(crate) struct ConsumedBefore {
    consumed: Vec<u64>,
    total: u64,
}

impl ConsumedBefore {
    pub(crate) fn of(ledger: &Ledger, catalog: &Catalog) -> Self {
        let consumed = catalog.profile_definitions().map(|(profile, _)| ledger.consumed(profile));
        Self { consumed: consumed.collect(), total: ledger.total_consumed() }
    }

    /// Returns counts of zero: nothing is released.
    pub(crate) const fn nothing() -> Self {
        Self { consumed: Vec::new(), total: 0 }
    }

    /// Returns `true` if a standard seat is free, or if the batch released one.
    pub(super) fn has_room(&self, ledger: &Ledger, profile: ProfileId) -> bool {
        let before = self.consumed.get(profile.index()).copied().unwrap_or(0);
        let free = ledger.phase().admits() && ledger.has_standard_seat(profile);
        free || ledger.consumed(profile) < before
    }
}

/// The request of one user for a seat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdmissionRequest<'a> {
    pub(crate) index: u32,
    pub(crate) user: &'a str,
    pub(crate) wants: ProfileId,
    pub(crate) seat: SeatRow,
    pub(crate) source: RequestSource,
    pub(crate) protected: Protected,
}

/// The singletons of a user, who is not locked out of them by a profile (rule A10).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Protected {
    /// The kinds of the singletons, one bit each.
    pub(crate) kinds: u64,
    /// The profile held, or the one held before the batch.
    pub(crate) had: Option<ProfileId>,
}

impl Protected {
    /// Returns `true` if a profile, or none, leaves less of the owner's permissions than the one before.
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

/// The reason for which a request is refused, in the order of rule C8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeatRefusal {
    NoLicense,
    LicenseLapsed(Phase),
    NotOffered,
    /// All seats of the profile are taken; the number consumed.
    SeatLimit(u64),
    /// All seats of the total are taken; the number consumed.
    TotalLimit(u64),
}

/// The result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) holds: Option<(ProfileId, Basis)>,
    /// The user is added to the queue of the wanted profile.
    pub(crate) queued: bool,
}

/// The admission of one batch, on a copy of the ledger.
pub(crate) struct Admission<'a> {
    ledger: Ledger,
    before: &'a ConsumedBefore,
    catalog: &'a Catalog,
    policy: &'a dyn SeatPolicy,
    now: Timestamp,
    /// The request is of a user who swaps one counted seat for another and needs no seat of the total (rule S8).
    swaps: bool,
}

impl<'a> Admission<'a> {
    pub(crate) fn new(
        ledger: Ledger,
        before: &'a ConsumedBefore,
        catalog: &'a Catalog,
        policy: &'a dyn SeatPolicy,
        now: Timestamp,
    ) -> Self {
        Self { ledger, before, catalog, policy, now, swaps: false }
    }

    /// Decides all requests in order. A refused one does not end it: those after it are decided as if it had not asked.
    pub(crate) fn settle(mut self, requests: &[AdmissionRequest<'_>]) -> Vec<Result<Outcome, SeatRefusal>> {
        // All users release their present seats first, so that two users can swap seats of full profiles.
        for request in requests {
            self.ledger.move_seat(request.index, &request.seat, &released(request));
        }
        let settle_one = |request: &AdmissionRequest<'_>| {
            let outcome = self.decide(request)?;
            self.record(request, outcome);
            Ok(outcome)
        };
        requests.iter().map(settle_one).collect()
    }

    /// Asks the policy about a user in the queue for whom no standard seat is free (rule S8).
    ///
    /// Returns `None` if the user stays in the queue as before.
    pub(crate) fn serve(mut self, request: &AdmissionRequest<'_>) -> Option<Outcome> {
        if !self.ledger.is_offered(request.wants) {
            return None;
        }
        let held = request.seat.profile();
        self.ledger.move_seat(request.index, &request.seat, &released(request));
        self.swaps = held.is_some_and(|held| !self.catalog.is_exempt(held));
        match self.ask_policy(request) {
            Answer::Extra if self.total_room() && self.ledger.has_extra_seat(request.wants) => {
                Some(Outcome { holds: Some((request.wants, Basis::Extra)), queued: false })
            }
            Answer::Place(other) if held.is_none() => self.place(request, &other),
            Answer::Extra | Answer::Place(_) | Answer::Wait | Answer::Refuse => None,
        }
    }

    fn decide(&self, request: &AdmissionRequest<'_>) -> Result<Outcome, SeatRefusal> {
        let admitted = |basis| Ok(Outcome { holds: Some((request.wants, basis)), queued: false });
        if self.catalog.is_exempt(request.wants) {
            return admitted(Basis::Exempt);
        }
        let profile_room = self.profile_room(request.wants);
        if profile_room && self.total_room() {
            return admitted(Basis::Standard);
        }
        match self.ledger.phase() {
            Phase::None => return Err(SeatRefusal::NoLicense),
            phase @ (Phase::Pending | Phase::Lapsed) => return Err(SeatRefusal::LicenseLapsed(phase)),
            Phase::Active | Phase::Grace => {}
        }
        if !self.ledger.is_offered(request.wants) {
            return Err(SeatRefusal::NotOffered);
        }
        let refusal = if profile_room {
            SeatRefusal::TotalLimit(self.ledger.total_consumed())
        } else {
            SeatRefusal::SeatLimit(self.ledger.consumed(request.wants))
        };
        match self.ask_policy(request) {
            Answer::Extra if self.total_room() && self.ledger.has_extra_seat(request.wants) => {
                admitted(Basis::Extra)
            }
            Answer::Place(other) => self.place(request, &other).ok_or(refusal),
            Answer::Wait => {
                let holds = self.present_seat(request);
                let held = holds.map(|(profile, _)| profile);
                if request.protected.is_locked_out_by(held, self.catalog) {
                    return Err(refusal);
                }
                Ok(Outcome { holds, queued: true })
            }
            Answer::Extra | Answer::Refuse => Err(refusal),
        }
    }

    fn ask_policy(&self, request: &AdmissionRequest<'_>) -> Answer {
        self.policy.decide(&SeatRequest {
            user: request.user,
            wants: request.wants,
            source: request.source,
            at: self.now,
            ledger: &self.ledger,
            catalog: self.catalog,
            total_room: self.total_room(),
            before: self.before,
        })
    }

    /// Returns a seat of another profile, if it is free.
    fn place(&self, request: &AdmissionRequest<'_>, other: &str) -> Option<Outcome> {
        let other = self.catalog.profile_by_name(other).filter(|&other| other != request.wants)?;
        let free = self.catalog.is_exempt(other) || (self.total_room() && self.profile_room(other));
        let free = free && !request.protected.is_locked_out_by(Some(other), self.catalog);
        free.then_some(Outcome { holds: Some((other, Basis::Placed)), queued: true })
    }

    /// Returns the seat that a user keeps in the queue, unless the batch gave it to another user (rule S7).
    fn present_seat(&self, request: &AdmissionRequest<'_>) -> Option<(ProfileId, Basis)> {
        let had = request.seat.profile()?;
        let room = self.catalog.is_exempt(had) || (self.profile_room(had) && self.total_room());
        room.then_some((had, Basis::Placed))
    }

    /// Returns `true` if a standard seat is free, or if the batch released one.
    fn profile_room(&self, profile: ProfileId) -> bool {
        self.before.has_room(&self.ledger, profile)
    }

    /// Returns `true` if the cap of the total is not reached, if the batch released a seat, or if none is needed.
    fn total_room(&self) -> bool {
        let figures = self.ledger.total_figures();
        self.swaps || figures.cap.exceeds(figures.consumed) || figures.consumed < self.before.total
    }

    /// Records an outcome in the copy of the ledger, for the requests after it.
    fn record(&mut self, request: &AdmissionRequest<'_>, outcome: Outcome) {
        let turn = outcome.queued.then(|| self.ledger.take_turn());
        let after = SeatRow { holds: outcome.holds, turn, ..released(request) };
        self.ledger.move_seat(request.index, &released(request), &after);
    }
}

/// Returns the row of a user without the present seat.
fn released(request: &AdmissionRequest<'_>) -> SeatRow {
    SeatRow { wants: Some(request.wants), holds: None, turn: None, ..request.seat }
}
