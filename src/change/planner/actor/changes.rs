//! What an actor must have for what a command changes (rules D5, D7 to D11 and D13).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::Authority;
use super::verdict::{Change, Lacking, Need, Verdict};
use crate::authorize::Held;
use crate::catalog::Access;
use crate::change::builders::AddKey;
use crate::change::command::Command;
use crate::change::event::Event;
use crate::change::grant::{AddGrant, Given};
use crate::directory::{
    Directory, GrantRecord, Grantee, GranteeSlot, GroupRecord, GroupSlot, ResourceRow, ResourceSlot, Scope,
    SubjectSlot, Target, TargetSlot,
};

/// Managers, owners, roles and nestings have no end, so what they give is to be held without one (rule D8).
const FOR_GOOD: Change = Change::GivenUntil(None);

impl Authority<'_> {
    /// Returns what stands against a change that a command made, by the directory before it and after it.
    pub(super) fn judge(&self, command: &Command, after: &Directory, events: &[Event]) -> Verdict {
        match command {
            Command::Grant(command) => self.grant(command),
            Command::Revoke(command) => self.replace(&command.to, &command.on, after),
            Command::SetGrant(command) => self.replace(&command.to, &command.on, after),
            Command::Join(command) => {
                self.membership(&command.user, &command.group, Change::GivenUntil(command.expires_at))
            }
            Command::Leave { user, group } => self.membership(user, group, Change::Taken),
            Command::Nest { outer, .. } => self.group(outer, FOR_GOOD),
            Command::Unnest { outer, .. } => self.group(outer, Change::Taken),
            Command::RemoveGroup { group } => self.group(group, Change::Taken),
            Command::SetManagers { group, managers } => self.managers(group, managers),
            Command::AddRole(command) => self.role(&command.role, after),
            Command::SetRole(command) => self.role(&command.role, after),
            Command::TransferOwnership { resource, .. } => self.on_resource(resource, Self::transfer),
            Command::MoveResource { resource, parent } => {
                self.on_resource(resource, |authority, resource| authority.moved(resource, parent.as_deref()))
            }
            Command::Close { resource } => {
                self.on_resource(resource, |authority, resource| authority.passing(resource, Change::Taken))
            }
            Command::Open { resource } => {
                self.on_resource(resource, |authority, resource| authority.passing(resource, FOR_GOOD))
            }
            Command::Suspend { user, .. }
            | Command::RevokeInvite { user }
            | Command::RenameUser { user, .. } => self.not_upward(user),
            Command::RemoveUser(command) => self.removal(&command.user),
            Command::AssignProfile { user, .. } => self.not_upward(user).and(self.profile(user, after)),
            Command::AddUser(command) => {
                self.people(command.profile.as_ref(), &command.groups, after, events)
            }
            Command::Invite(command) => self.people(command.profile.as_ref(), &command.groups, after, events),
            Command::InviteMany(command) => {
                self.people(command.profile.as_ref(), &command.groups, after, events)
            }
            Command::AddKey(command) => self.key(command, after),
            _ => Verdict::default(),
        }
    }

    /// The needs that are not met by what there is on each target.
    fn lacking(needs: &[Need], has: impl Fn(TargetSlot) -> Held) -> Lacking {
        let mut sorted = needs.to_vec();
        sorted.sort_unstable_by_key(|need| need.on);
        let mut lacking = Lacking::new();
        for same in sorted.chunk_by(|one, other| one.on == other.on) {
            let Some(on) = same.first().map(|need| need.on) else { continue };
            let had = has(on);
            let missing = same.iter().fold(0, |all, need| {
                let enough = match need.change {
                    Change::Taken => had.all(),
                    Change::GivenUntil(end) => had.lasting(end),
                };
                all | need.permissions & !enough
            });
            lacking.extend((missing != 0).then_some((on, missing)));
        }
        lacking
    }

    /// What is needed is held, whatever lists open (rules D9 and D10).
    fn held_all(&self, needs: &[Need]) -> Verdict {
        Verdict::beyond(Self::lacking(needs, |on| self.actor.held(on)))
    }

    /// What the actor may hand out or take on a target: the sum of what each permission opens that is allowed (rule D5).
    fn handed_out(&self, on: TargetSlot) -> Held {
        let (held, allowed) = (self.actor.held(on), self.actor.allowed(on));
        let kind = self.directory.kind_at(on);
        let opens = kind.map(|(kind, _)| self.areas.administration.access_on(kind)).unwrap_or_default();
        let opens = opens.iter().filter(|(permission, _)| allowed & permission != 0);
        Held::sum(opens.flat_map(|(permission, access)| match access {
            Access::Held => held.ends().to_vec(),
            // What a list opens lasts as long as the permission that it rests on (rule D8).
            Access::Listed(listed) => {
                held.end_of(*permission).map(|until| (until, *listed)).into_iter().collect()
            }
        }))
    }

    /// What is needed can be handed out or taken, and what is given by an exception is not for oneself (rules D5 and D7).
    fn can_hand_out(&self, to: SubjectSlot, needs: &[Need]) -> Verdict {
        let is_given = |need: &&Need| need.change != Change::Taken;
        let given: Vec<Need> = needs.iter().filter(is_given).copied().collect();
        let exceptions = Self::lacking(&given, |on| self.actor.held(on));
        let verdict = Verdict::beyond(Self::lacking(needs, |on| self.handed_out(on)));
        let by_exception = !exceptions.is_empty();
        let for_oneself = if self.actor.is_reached_by(to) { exceptions } else { Lacking::new() };
        Verdict { for_oneself, by_exception, ..verdict }
    }

    fn subject(&self, to: &Grantee) -> Option<SubjectSlot> {
        self.directory.named_grantee(to).ok().map(SubjectSlot::of)
    }

    /// Granting needs all of the closed set (rule D5).
    fn grant(&self, command: &AddGrant) -> Verdict {
        let mut record = GrantRecord::default();
        let target = self.directory.named_place(&command.on).ok().map(Target::slot);
        let Some((to, on)) = self.subject(&command.to).zip(target) else { return Verdict::default() };
        match &command.given {
            Given::Role(role) => {
                if let Some((role, _)) = self.directory.role_record(role) {
                    record.grant_role(role, command.expires_at);
                }
            }
            Given::Permissions(names) => {
                let kind = self.directory.kind_at(on);
                let definition = kind.and_then(|(kind, _)| self.directory.catalog().definition(kind));
                let bits =
                    names.iter().filter_map(|name| definition?.bit(name)).fold(0, |all, bit| all | bit);
                record.grant(definition.map_or(0, |kind| kind.close(bits)), command.expires_at);
            }
        }
        let given = self.directory.given_by(&record, on);
        let needs = given.iter().flat_map(|(on, ends)| {
            ends.ends().iter().map(|&(until, permissions)| Need {
                on: *on,
                permissions,
                change: Change::GivenUntil(until),
            })
        });
        self.can_hand_out(to, &needs.collect::<Vec<_>>())
    }

    /// What really changes: what goes or ends earlier is taken, what comes or ends later is given (rule D5).
    fn replace(&self, to: &Grantee, on: &str, after: &Directory) -> Verdict {
        let grantee = self.directory.named_grantee(to).ok();
        let target = self.directory.named_place(on).ok();
        let Some((grantee, target)) = grantee.zip(target) else { return Verdict::default() };
        let given = |directory: &Directory| {
            directory.given_by(&directory.grant_record_of(grantee, target), target.slot())
        };
        let (had, has) = (given(self.directory), given(after));
        let needs = had.iter().zip(&has).flat_map(|((on, had), (_, has))| changes(*on, had, has));
        self.can_hand_out(SubjectSlot::of(grantee), &needs.collect::<Vec<_>>())
    }

    /// What a member of a group gets: what it and the groups have that it is nested in, and those that it is a manager of,
    /// for a manager hands out memberships, and without end (rules D8 and D9).
    fn sum_of(&self, group: GroupSlot, change: Change) -> Vec<Need> {
        let mut needs = Vec::new();
        let mut reached = BTreeSet::new();
        let mut open = Vec::from([(group, change)]);
        while let Some((group, change)) = open.pop() {
            if !reached.insert((group, change)) {
                continue;
            }
            let given = self.directory.given_to_group(group);
            needs.extend(given.map(|(on, permissions)| Need { on, permissions, change }));
            let record = self.directory.group_record_at(group);
            open.extend(record.iter().flat_map(|record| record.outer()).map(|outer| (outer, change)));
            let managed = match change {
                Change::Taken => Change::Taken,
                Change::GivenUntil(_) => FOR_GOOD,
            };
            let subject = SubjectSlot::Grantee(GranteeSlot::group(group));
            open.extend(self.directory.managed_groups(subject).map(|group| (group, managed)));
        }
        needs
    }

    fn group_at(&self, group: GroupSlot, change: Change) -> Verdict {
        self.held_all(&self.sum_of(group, change))
    }

    fn group(&self, group: &str, change: Change) -> Verdict {
        let group = self.directory.group_by_name(group);
        group.map(|group| self.group_at(group.slot(), change)).unwrap_or_default()
    }

    /// A manager makes others join and leave without holding what the group gives (rules D7 and D9).
    fn membership(&self, user: &str, group: &str, change: Change) -> Verdict {
        let Some(id) = self.directory.group_by_name(group) else { return Verdict::default() };
        let oneself = self.is_oneself(user);
        if self.manages(id) && !oneself {
            return Verdict::default();
        }
        let verdict = self.group_at(id.slot(), change);
        if self.manages(id) { verdict.except_for(oneself) } else { verdict }
    }

    fn is_oneself(&self, user: &str) -> bool {
        self.directory.user_by_name(user).is_some_and(|user| user.slot() == self.actor.user())
    }

    /// More managers get what the group gives, and fewer lose it (rules D8 and D9).
    fn managers(&self, group: &str, managers: &[Grantee]) -> Verdict {
        let record = self.directory.group_by_name(group).and_then(|group| self.directory.group_record(group));
        let so_far = record.map(GroupRecord::managers).unwrap_or_default();
        let adds =
            managers.iter().filter_map(|to| self.subject(to)).any(|manager| !so_far.contains(&manager));
        self.group(group, if adds { FOR_GOOD } else { Change::Taken })
    }

    /// A group by profile is managed by who has the area `seats` (rule D9).
    fn profile(&self, user: &str, after: &Directory) -> Verdict {
        let by_profile = |directory: &Directory| {
            let user = directory.user_by_name(user);
            let wants = user.and_then(|user| directory.seat(user)).and_then(|seat| seat.wants);
            directory.groups_by_profile(wants)
        };
        let (left, joined) = (by_profile(self.directory), by_profile(after));
        let taken = left.iter().filter(|&group| !joined.contains(group)).map(|group| (group, Change::Taken));
        let given = joined.iter().filter(|&group| !left.contains(group)).map(|group| (group, FOR_GOOD));
        let verdicts = taken.chain(given).map(|(group, change)| self.group_at(group, change));
        let verdict = verdicts.fold(Verdict::default(), Verdict::and);
        if self.actor.is_whole() { verdict.except_for(self.is_oneself(user)) } else { verdict }
    }

    /// What is added to a role and taken from it is held on the whole kinds; a role has no end (rules R7 and D8).
    fn role(&self, role: &str, after: &Directory) -> Verdict {
        let mut needs = Vec::new();
        for (kind, _) in self.directory.catalog().definitions() {
            let gives =
                |directory: &Directory| directory.role_record(role).map_or(0, |(_, role)| role.on(kind));
            let (had, has) = (gives(self.directory), gives(after));
            let Some(on) = self.directory.whole_of(kind) else { continue };
            let changes = [(has & !had, FOR_GOOD), (had & !has, Change::Taken)];
            let changes = changes.into_iter().filter(|(permissions, _)| *permissions != 0);
            needs.extend(changes.map(|(permissions, change)| Need { on, permissions, change }));
        }
        self.held_all(&needs)
    }

    fn on_resource(&self, resource: &str, judge: impl FnOnce(&Self, ResourceSlot) -> Verdict) -> Verdict {
        match self.directory.find_target(resource) {
            Ok(Target::Resource(resource)) => judge(self, resource.slot()),
            _ => Verdict::default(),
        }
    }

    /// The owner set, and what the groups give that include the owner (rule D10).
    fn transfer(&self, resource: ResourceSlot) -> Verdict {
        let kind = self.directory.resource_row_at(resource).map(ResourceRow::kind);
        let owner = kind.map_or(0, |kind| self.directory.rights().of_kind(kind).owner);
        let on = TargetSlot::Resource(resource);
        let mut needs = Vec::from([Need { on, permissions: owner, change: FOR_GOOD }]);
        for group in self.directory.groups_with_owner_of(resource).iter() {
            needs.extend(self.sum_of(group, FOR_GOOD));
        }
        self.held_all(&needs)
    }

    /// What passes from the old place is taken, and what passes from the new one is given; to a closed resource nothing
    /// passes (rules D10 and H6).
    fn moved(&self, resource: ResourceSlot, parent: Option<&str>) -> Verdict {
        if self.directory.is_closed_at(resource) {
            return Verdict::default();
        }
        let taken = self.passing(resource, Change::Taken);
        let Some(Ok(Target::Resource(parent))) = parent.map(|parent| self.directory.find_target(parent))
        else {
            return taken;
        };
        taken.and(self.passing_from(resource, parent.slot(), FOR_GOOD))
    }

    /// What passes to a resource from where it lies, or would if it were open, to any subject (rule D10).
    fn passing(&self, resource: ResourceSlot, change: Change) -> Verdict {
        let parent = self.directory.parent_at(resource);
        parent.map(|parent| self.passing_from(resource, parent, change)).unwrap_or_default()
    }

    fn passing_from(&self, resource: ResourceSlot, parent: ResourceSlot, change: Change) -> Verdict {
        let kind = |slot| self.directory.resource_row_at(slot).map(ResourceRow::kind);
        let definition = kind(resource).and_then(|kind| self.directory.catalog().definition(kind));
        let map = kind(parent).and_then(|parent| definition.and_then(|kind| kind.map_from(parent)));
        let permissions = map.map_or(0, |map| map.pass(self.directory.granted_to_any(parent)));
        self.held_all(&[Need { on: TargetSlot::Resource(resource), permissions, change }])
    }

    /// To whom something protected is granted is touched only by who is granted it too (rule D11).
    fn not_upward(&self, user: &str) -> Verdict {
        let Some(user) = self.directory.user_by_name(user) else { return Verdict::default() };
        let mut lacking = Lacking::new();
        for &(kind, protected) in self.areas.administration.protected() {
            let Some(on) = self.directory.whole_of(kind) else { continue };
            let theirs = self.directory.standing(user.into(), None).map_or(0, |user| user.held(on).all());
            let upward = protected & theirs & !self.actor.held(on).all();
            lacking.extend((upward != 0).then_some((on, upward)));
        }
        Verdict::beyond(lacking)
    }

    /// Naming an heir is a transfer of each thing owned (rule D10).
    fn removal(&self, user: &str) -> Verdict {
        let id = self.directory.user_by_name(user);
        let owned = id.into_iter().flat_map(|user| self.directory.owned_by(user.slot()));
        owned.map(|resource| self.transfer(resource)).fold(self.not_upward(user), Verdict::and)
    }

    /// The groups that new and invited users join, and their profile (rules D3, D9 and D11).
    fn people(
        &self,
        profile: Option<&Option<String>>,
        groups: &[String],
        after: &Directory,
        events: &[Event],
    ) -> Verdict {
        let users = events.iter().filter_map(|event| match event {
            Event::UserAdded { user, .. } | Event::UserInvited { user, .. } => Some(user),
            _ => None,
        });
        let of_user = |user: &str| {
            let groups = groups.iter().filter(|group| self.joins(user, group, after));
            let joins = groups.map(|group| self.membership(user, group, FOR_GOOD));
            let mut verdict = joins.fold(Verdict::default(), Verdict::and);
            if self.wants_another(user, after) {
                verdict = verdict.and(self.not_upward(user));
            }
            // The default profile is open to who has `people`.
            if self.areas.is_another_profile(profile) {
                verdict.and(self.profile(user, after))
            } else {
                verdict
            }
        };
        users.map(|user| of_user(user)).fold(Verdict::default(), Verdict::and)
    }

    /// Returns `true` if a command makes a user join a group, or stay without an end.
    fn joins(&self, user: &str, group: &str, after: &Directory) -> bool {
        let joined = |directory: &Directory| {
            let (user, group) = (directory.user_by_name(user)?, directory.group_by_name(group)?);
            let record = directory.group_record(group)?;
            record.joined().contains(user.slot()).then(|| record.end_of(user.slot()))
        };
        joined(self.directory) != joined(after)
    }

    fn wants_another(&self, user: &str, after: &Directory) -> bool {
        let wants = |directory: &Directory| {
            directory.user_by_name(user).and_then(|user| directory.seat(user)).map(|seat| seat.wants)
        };
        wants(self.directory).is_some_and(|before| Some(before) != wants(after))
    }

    /// A key makes only keys within its own scope, and with an end not after its own (rule D13).
    fn key(&self, command: &AddKey, after: &Directory) -> Verdict {
        let added = after.key_by_name(&command.key).and_then(|key| after.key_record(key));
        let Some((own, added)) = self.actor.key().zip(added) else { return Verdict::default() };
        let mut verdict = Verdict::default();
        if own.expires_at.is_some_and(|own| added.expires_at.is_none_or(|end| end > own)) {
            verdict.beyond_key = Some("expires_at");
        }
        match (&own.scope, &added.scope) {
            (Scope::All, _) | (_, Scope::Nothing) => verdict,
            (_, Scope::All) => Verdict { beyond_key: Some("scope"), ..verdict },
            (own, Scope::Entries(added)) => {
                let kinds = added.kinds.iter().map(|&(kind, mask)| (TargetSlot::Kind(kind), mask));
                let resources = added.resources.iter().map(|(slot, mask)| (TargetSlot::Resource(slot), mask));
                let within = |on| self.directory.scope_on_target(own, on);
                let lacking = kinds.chain(resources).map(|(on, mask)| (on, mask & !within(on)));
                verdict.and(Verdict::beyond(lacking.filter(|(_, mask)| *mask != 0).collect()))
            }
        }
    }
}

/// The permissions on a target that change, by how they do.
fn changes(on: TargetSlot, had: &Held, has: &Held) -> Vec<Need> {
    let mut changes: Vec<Need> = Vec::new();
    let mut left = had.all() | has.all();
    while left != 0 {
        let permission = left & left.wrapping_neg();
        left &= left.wrapping_sub(1);
        let (before, after) = (had.end_of(permission), has.end_of(permission));
        let change = match after {
            _ if before == after => continue,
            Some(until) if has.lasts_longer(permission, had) => Change::GivenUntil(until),
            _ => Change::Taken,
        };
        changes.push(Need { on, permissions: permission, change });
    }
    changes
}
