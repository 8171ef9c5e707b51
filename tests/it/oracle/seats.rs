//! Seats: the figures, the admission (S5), the queue (S8).

use super::catalog::Permissions;
use super::policy::{Answer, Ask, Policy};
use super::world::{Basis, Batch, Before, Executed, Request, Seat, Status, World, refuse};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Returns `true` if one more fits below a limit; `None` is unlimited.
fn is_below(count: u64, limit: Option<u64>) -> bool {
    limit.is_none_or(|limit| count < limit)
}

/// The higher of a limit and a number; `None` is unlimited.
fn at_least(limit: Option<u64>, number: u64) -> Option<u64> {
    limit.map(|limit| limit.max(number))
}

/// The JSON form of a limit in an answer.
fn written(limit: Option<u64>) -> Value {
    limit.map_or(json!("unlimited"), Value::from)
}

impl World {
    pub(super) fn profile_names(&self) -> Vec<String> {
        self.catalog.profiles.iter().map(|profile| profile.name.clone()).collect()
    }

    /// S4, S10: consumed is held and reserved, recounted from the users.
    pub(super) fn consumed(&self, profile: &str) -> u64 {
        let seats = self.state.users.values().filter_map(|user| user.seat.as_ref());
        seats.filter(|seat| seat.profile == profile).count() as u64
    }

    /// S3: the total is over the counted profiles only.
    pub(super) fn total(&self) -> u64 {
        let counted = self.catalog.profiles.iter().filter(|profile| !profile.exempt);
        counted.map(|profile| self.consumed(&profile.name)).sum()
    }

    pub(super) fn cap(&self) -> Option<u64> {
        self.state.license.as_ref()?.cap(&self.catalog)
    }

    /// Every figure of S11.
    pub fn figures(&self, profile: &str) -> Value {
        let (mut held, mut reserved, mut waiting, mut placed) = (0u64, 0u64, 0u64, 0u64);
        for user in self.state.users.values() {
            match &user.seat {
                Some(seat) if seat.profile == profile => match user.status {
                    Status::Invited { .. } => reserved += 1,
                    _ => held += 1,
                },
                _ => {}
            }
            // A user who has a turn wants a profile and does not have it.
            if user.turn.is_some() && user.wants.as_deref() == Some(profile) {
                match user.seat {
                    None => waiting += 1,
                    Some(_) => placed += 1,
                }
            }
        }
        let consumed = held + reserved;
        let (seats, extra) = if self.catalog.is_exempt(profile) {
            (None, 0)
        } else {
            self.figure(profile).map_or((Some(0), 0), |figure| (figure.seats, figure.extra))
        };
        let over = seats.map_or(0, |seats: u64| consumed.saturating_sub(seats.saturating_add(extra)));
        let history = &self.state.history[profile];
        json!({
            "seats": written(seats),
            "extra": extra,
            "held": held,
            "reserved": reserved,
            "consumed": consumed,
            "waiting": waiting,
            "placed": placed,
            "available": written(seats.map(|seats| seats.saturating_sub(consumed))),
            "over": over,
            "peak": history.peak,
            "peak_at": history.peak_at,
            "seat_ms": history.seat_ms,
        })
    }

    /// The profiles that a user wants and holds, and the state (S4) and basis of the seat.
    pub fn seat_of(&self, name: &str) -> Value {
        let Some(user) = self.state.users.get(name) else {
            return json!({"wants": null, "holds": null, "state": "none", "basis": null, "reason": null});
        };
        let state = match (&user.seat, user.status) {
            (Some(_), Status::Invited { .. }) => "reserved",
            (Some(_), _) => "held",
            (None, _) if user.turn.is_some() => "waiting",
            (None, _) => "none",
        };
        let basis = user.seat.as_ref().map(|seat| match seat.basis {
            Basis::Standard => "standard",
            Basis::Extra => "extra",
            Basis::Placed => "placed",
            Basis::Exempt => "exempt",
        });
        let holds = user.seat.as_ref().map(|seat| &seat.profile);
        json!({"wants": user.wants, "holds": holds, "state": state, "basis": basis, "reason": user.reason})
    }

    /// F3: the part that a seat leaves of what owning a singleton of a kind gives.
    pub(super) fn left(&self, profile: Option<&str>, kind: &str) -> Permissions {
        let owner = self.catalog.kinds[kind].owner.clone();
        let Some(profile) = profile.and_then(|name| self.catalog.profile(name)) else {
            return Permissions::new();
        };
        if profile.advisory {
            return owner;
        }
        let ceiling = profile.ceiling.get(kind).cloned().unwrap_or_default();
        owner.intersection(&ceiling).cloned().collect()
    }

    /// S7: returns `true` if the license offers the profile and one of its standard seats is free.
    fn has_free_standard_seat(&self, profile: &str) -> bool {
        self.figure(profile).is_some_and(|figure| is_below(self.consumed(profile), figure.seats))
    }

    /// S7: returns `true` if the profile has room for one more, its extra seats included.
    fn has_room_with_extra(&self, profile: &str) -> bool {
        self.figure(profile).is_some_and(|figure| is_below(self.consumed(profile), figure.most()))
    }
}

impl Batch {
    pub fn count_before(&self) -> Before {
        let mut consumed = BTreeMap::new();
        for profile in self.world.profile_names() {
            consumed.insert(profile.clone(), self.world.consumed(&profile));
        }
        Before { consumed, total: self.world.total() }
    }

    /// S6: returns `true` if one more fits: below the standard seats, or below those taken before the batch.
    fn has_profile_room(&self, profile: &str, before: &Before) -> bool {
        let mut seats = Some(0);
        if self.world.state.phase.gives_seats() {
            seats = self.world.figure(profile).map_or(Some(0), |figure| figure.seats);
        }
        is_below(self.world.consumed(profile), at_least(seats, before.consumed[profile]))
    }

    /// S6: the same for the total.
    fn has_total_room(&self, before: &Before) -> bool {
        is_below(self.world.total(), at_least(self.world.cap(), before.total))
    }

    /// S6: settles every request that is open at the end of the batch, in batch order.
    pub fn settle(&mut self, before: &Before) -> Executed {
        let requests = std::mem::take(&mut self.requests);
        // All requesters give up their seats first, together, so that two who swap at a full profile may come
        // in either order.
        let mut lifted = BTreeMap::new();
        for request in &requests {
            let seat = self.user(&request.user).seat.take();
            lifted.insert(request.user.clone(), seat);
        }
        let mut unmet = Vec::new();
        let mut refused = None;
        for request in &requests {
            let seat = match self.admit(request, lifted[&request.user].clone(), before) {
                Ok(seat) => seat,
                Err(code) => {
                    // F1: a sync is not refused for a seat, and any other refusal counts as in the last plan.
                    match request.sync_of.clone() {
                        Some(sync) => unmet.push((sync, code)),
                        None if refused.is_none() => refused = Some(code),
                        None => {}
                    }
                    continue;
                }
            };
            // S1: a user who does not get the wanted profile has a turn, in the order of settlement (S8).
            if seat.as_ref().is_none_or(|seat| seat.profile != request.profile) {
                let turn = self.state().new_turn();
                self.user(&request.user).turn = Some(turn);
            }
            self.user(&request.user).seat = seat;
        }
        self.newly_unmet = unmet;
        match refused {
            Some(code) if self.newly_unmet.is_empty() => Err(code),
            _ => Ok(()),
        }
    }

    /// F3: returns `true` if a seat leaves an owner less of the owner sets than the one that is given up.
    fn locks_out(&self, request: &Request, seat: Option<&str>, had: Option<&str>) -> bool {
        request.owns.iter().any(|kind| !self.world.left(had, kind).is_subset(&self.world.left(seat, kind)))
    }

    /// S5: the only admission. The seat that the request gets, `None` if the user has to wait without one.
    fn admit(
        &self,
        request: &Request,
        lifted: Option<Seat>,
        before: &Before,
    ) -> Result<Option<Seat>, String> {
        let profile = &request.profile;
        let seat = |profile: &str, basis| Some(Seat { profile: profile.to_string(), basis });
        // S2: exempt profiles are always free.
        if self.world.catalog.is_exempt(profile) {
            return Ok(seat(profile, Basis::Exempt));
        }
        let profile_room = self.has_profile_room(profile, before);
        let total_room = self.has_total_room(before);
        // S6: a seat that the batch has given up is free for it, without asking the policy.
        if profile_room && total_room {
            return Ok(seat(profile, Basis::Standard));
        }
        // S7, C8: these come first, and the policy is not asked about them.
        if self.world.state.license.is_none() {
            return refuse("no_license");
        }
        if !self.world.state.phase.gives_seats() {
            return refuse("license_lapsed");
        }
        if self.world.figure(profile).is_none() {
            return refuse("not_offered");
        }
        // S7: each answer is checked; one that cannot be honored is a refusal.
        match self.ask(&self.world.policy, request, before) {
            Answer::Extra if total_room && self.world.has_room_with_extra(profile) => {
                return Ok(seat(profile, Basis::Extra));
            }
            // F3: a place elsewhere that locks an owner out is taken as a refusal.
            Answer::Place(other)
                if self.may_place(profile, &other, before)
                    && !self.locks_out(request, Some(&other), request.had.as_deref()) =>
            {
                return Ok(seat(&other, Basis::Placed));
            }
            // S7: a user who has to wait keeps the former seat, unless the batch gave it away.
            Answer::Wait => {
                let kept = lifted.filter(|had| {
                    let exempt = self.world.catalog.is_exempt(&had.profile);
                    exempt || (self.has_profile_room(&had.profile, before) && total_room)
                });
                let kept = kept.map(|had| had.profile);
                // F3: waiting without a seat that locks an owner out is taken as a refusal.
                if !self.locks_out(request, kept.as_deref(), request.had.as_deref()) {
                    return Ok(kept.and_then(|kept| seat(&kept, Basis::Placed)));
                }
            }
            Answer::Extra | Answer::Place(_) | Answer::Refuse => {}
        }
        refuse(if profile_room { "total_limit" } else { "seat_limit" })
    }

    /// S7: returns `true` if a user who wants one profile may be placed on the other.
    fn may_place(&self, wanted: &str, other: &str, before: &Before) -> bool {
        if other == wanted || self.world.catalog.profile(other).is_none() {
            return false;
        }
        // S6, S7: what the batch gave up is free to it here too.
        let free = self.has_profile_room(other, before) && self.has_total_room(before);
        self.world.catalog.is_exempt(other) || free
    }

    /// S7: the answer of the policy.
    fn ask(&self, policy: &Policy, request: &Request, before: &Before) -> Answer {
        let wanted = &request.profile;
        match policy {
            Policy::Strict => Answer::Refuse,
            Policy::Waitlist => Answer::Wait,
            Policy::Overage => {
                let full = !self.world.has_free_standard_seat(wanted);
                let extra_left = self.world.has_room_with_extra(wanted);
                if full && extra_left && self.has_total_room(before) { Answer::Extra } else { Answer::Refuse }
            }
            Policy::FallBack(others) => {
                match others.iter().find(|other| self.may_place(wanted, other, before)) {
                    Some(other) => Answer::Place(other.clone()),
                    None => Answer::Refuse,
                }
            }
            Policy::List(policies) => {
                for policy in policies {
                    let answer = self.ask(policy, request, before);
                    if answer != Answer::Refuse {
                        return answer;
                    }
                }
                Answer::Refuse
            }
            Policy::Custom(decide) => {
                let mut figures = BTreeMap::new();
                for profile in self.world.profile_names() {
                    figures.insert(profile.clone(), self.world.figures(&profile));
                }
                decide(&Ask {
                    profile: request.profile.clone(),
                    user: request.user.clone(),
                    source: request.source.clone(),
                    at: self.at,
                    figures,
                })
            }
        }
    }

    /// S8: first come, first served; after each success the queue is tried again from its head.
    pub fn serve_queue(&mut self) {
        while self.world.state.phase.gives_seats() {
            let Some(name) = self.first_who_can_be_seated() else { return };
            let user = self.user(&name);
            let profile = user.wants.clone().unwrap();
            user.seat = Some(Seat { profile, basis: Basis::Standard });
            user.turn = None;
            self.record();
        }
    }

    fn first_who_can_be_seated(&self) -> Option<String> {
        let mut queue = Vec::new();
        for (name, user) in &self.world.state.users {
            if let Some(turn) = user.turn {
                queue.push((turn, name));
            }
        }
        queue.sort();
        for (_, name) in queue {
            let user = &self.world.state.users[name];
            let wanted = user.wants.as_ref().unwrap();
            // S8: a counted seat held elsewhere is swapped, which needs nothing of the total, even if that is exceeded.
            let swaps = user.seat.as_ref().is_some_and(|seat| !self.world.catalog.is_exempt(&seat.profile));
            let total_room = swaps || is_below(self.world.total(), self.world.cap());
            // S9: a profile that is no longer offered keeps its queue waiting.
            if self.world.has_free_standard_seat(wanted) && total_room {
                return Some(name.clone());
            }
        }
        None
    }
}
