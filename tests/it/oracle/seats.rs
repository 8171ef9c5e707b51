//! Seats: the figures, the admission (S5), the queue (S8).

use super::catalog::Permissions;
use super::policy::{Answer, Ask, Policy};
use super::world::{Basis, Batch, Before, Executed, Request, Seat, Status, World, refuse};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

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

    /// S11: the total over all counted profiles.
    pub fn total_figures(&self) -> Value {
        let consumed = self.total();
        let available = self.cap().map(|cap| cap.saturating_sub(consumed));
        json!({ "cap": written(self.cap()), "consumed": consumed, "available": written(available) })
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

    /// A10: the part that a seat leaves of what owning a singleton of a kind gives.
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

    /// S9: the users who hold or reserve a seat of a profile, in the order in which they took it.
    pub fn holders(&self, profile: &str) -> Vec<String> {
        let mut holders = Vec::new();
        for (name, user) in &self.state.users {
            if let Some(seat) = user.seat.as_ref().filter(|seat| seat.profile == profile) {
                holders.push((seat.order, name.clone()));
            }
        }
        holders.sort();
        holders.into_iter().map(|(_, name)| name).collect()
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
    /// Takes the seat of a user away. S9: its place is remembered until the end of the commit.
    pub(super) fn take_seat(&mut self, name: &str) -> Option<Seat> {
        let user = self.user(name);
        let (number, seat) = (user.number, user.seat.take());
        if let Some(seat) = &seat {
            self.orders.insert((number, seat.profile.clone()), seat.order);
        }
        seat
    }

    /// Gives a seat to a user who has none. S9: who gets the same profile again in one commit keeps the place.
    fn give_seat(&mut self, name: &str, profile: &str, basis: Basis) {
        let number = self.user(name).number;
        let order = match self.orders.get(&(number, profile.to_string())) {
            Some(order) => *order,
            None => self.state().new_order(),
        };
        self.user(name).seat = Some(Seat { profile: profile.to_string(), basis, order });
    }

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
            let seat = self.take_seat(&request.user);
            lifted.insert(request.user.clone(), seat);
        }
        let mut unmet = Vec::new();
        let mut refused = None;
        for request in &requests {
            let seat = match self.admit(request, lifted[&request.user].clone(), before) {
                Ok(seat) => seat,
                Err(code) => {
                    // G2: a sync is not refused for a seat, and any other refusal counts as in the last plan.
                    match request.sync_of.clone() {
                        Some(sync) => unmet.push((sync, code)),
                        None if refused.is_none() => refused = Some(code),
                        None => {}
                    }
                    continue;
                }
            };
            // S1: a user who does not get the wanted profile has a turn, in the order of settlement (S8).
            if seat.as_ref().is_none_or(|(profile, _)| *profile != request.profile) {
                let turn = self.state().new_turn();
                self.user(&request.user).turn = Some(turn);
            }
            if let Some((profile, basis)) = seat {
                self.give_seat(&request.user, &profile, basis);
            }
        }
        self.newly_unmet = unmet;
        match refused {
            Some(code) if self.newly_unmet.is_empty() => Err(code),
            _ => Ok(()),
        }
    }

    /// A10: returns `true` if a seat leaves an owner less of the owner sets than the one that is given up.
    fn locks_out(&self, request: &Request, seat: Option<&str>, had: Option<&str>) -> bool {
        request.owns.iter().any(|kind| !self.world.left(had, kind).is_subset(&self.world.left(seat, kind)))
    }

    /// S5: the only admission. The seat that the request gets, `None` if the user has to wait without one.
    fn admit(
        &self,
        request: &Request,
        lifted: Option<Seat>,
        before: &Before,
    ) -> Result<Option<(String, Basis)>, String> {
        let profile = &request.profile;
        let seat = |profile: &str, basis| Some((profile.to_string(), basis));
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
            // A10: a place elsewhere that locks an owner out is taken as a refusal.
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
                // A10: waiting without a seat that locks an owner out is taken as a refusal.
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

    /// S8: first come, first served, whatever kind of seat comes free, as long as anything succeeds.
    pub fn serve_queue(&mut self) {
        while self.world.state.phase.gives_seats() && (self.turn_extra_standard() || self.serve_one()) {
            self.record();
        }
    }

    /// S8: who sits on an extra seat of a profile that has a standard one free gets it, the seat taken first first.
    fn turn_extra_standard(&mut self) -> bool {
        let mut extra = Vec::new();
        for (name, user) in &self.world.state.users {
            if let Some(seat) = user.seat.as_ref().filter(|seat| seat.basis == Basis::Extra) {
                extra.push((seat.order, name.clone(), seat.profile.clone()));
            }
        }
        extra.sort();
        for (_, name, profile) in extra {
            let Some(figure) = self.world.figure(&profile) else { continue };
            // Standard ones in use, those of users placed there included.
            let seats = self.world.state.users.values().filter_map(|user| user.seat.as_ref());
            let standard = seats.filter(|seat| seat.profile == profile && seat.basis != Basis::Extra);
            if is_below(standard.count() as u64, figure.seats) {
                self.user(&name).seat.as_mut().unwrap().basis = Basis::Standard;
                return true;
            }
        }
        false
    }

    /// S8: the first in the queue who gets anything.
    fn serve_one(&mut self) -> bool {
        let mut queue = Vec::new();
        for (name, user) in &self.world.state.users {
            if let Some(turn) = user.turn {
                queue.push((turn, name.clone()));
            }
        }
        queue.sort();
        // S8: of each profile's line only the first who holds nothing and the first who sits elsewhere are asked.
        let mut asked = BTreeSet::new();
        for (turn, name) in queue {
            let profile = self.user(&name).wants.clone().unwrap();
            let had = self.user(&name).seat.clone();
            // Settled like a new request: what the user has, the turn too, is given up first.
            let mut tried = self.clone();
            tried.take_seat(&name);
            tried.user(&name).turn = None;
            let Some((given, basis)) = tried.serve(&name, &profile, had.as_ref(), &mut asked) else {
                continue;
            };
            // A place elsewhere keeps the turn, a seat of what is wanted ends it.
            tried.user(&name).turn = Some(turn).filter(|_| given != profile);
            tried.give_seat(&name, &given, basis);
            *self = tried;
            return true;
        }
        false
    }

    /// What a user gets who is in the queue, and who has given up what was had.
    fn serve(
        &self,
        name: &str,
        profile: &str,
        had: Option<&Seat>,
        asked: &mut BTreeSet<(String, bool)>,
    ) -> Option<(String, Basis)> {
        // S6: what the batch gave up is the batch's. A swap of one counted seat for another needs nothing of the total.
        let swaps = had.is_some_and(|had| !self.world.catalog.is_exempt(&had.profile));
        let nothing = self.world.profile_names().into_iter().map(|profile| (profile, 0));
        let before = Before { consumed: nothing.collect(), total: if swaps { u64::MAX } else { 0 } };
        let total_room = self.has_total_room(&before);
        // S9: a profile that is no longer offered keeps its queue waiting.
        self.world.figure(profile)?;
        if self.has_profile_room(profile, &before) && total_room {
            return Some((profile.to_string(), Basis::Standard));
        }
        if !asked.insert((profile.to_string(), had.is_some())) {
            return None;
        }
        let request = Request {
            user: name.to_string(),
            profile: profile.to_string(),
            source: "queue".to_string(),
            sync_of: None,
            // A10: the queue asks nothing.
            owns: Vec::new(),
            had: None,
        };
        match self.ask(&self.world.policy, &request, &before) {
            Answer::Extra if total_room && self.world.has_room_with_extra(profile) => {
                Some((profile.to_string(), Basis::Extra))
            }
            // Who sits elsewhere takes only the wanted profile.
            Answer::Place(other) if had.is_none() && self.may_place(profile, &other, &before) => {
                Some((other, Basis::Placed))
            }
            Answer::Extra | Answer::Place(_) | Answer::Wait | Answer::Refuse => None,
        }
    }
}
