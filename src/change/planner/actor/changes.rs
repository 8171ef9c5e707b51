//! What an actor must have for what a command changes (rules D5, D7 to D11 and D13).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::Judge;
use super::judgment::{Judgment, Lack, Lacking, Need, Needed};
use crate::authorize::Held;
use crate::catalog::{Access, Area, Entries, KindId, PermissionsDocument, ProfileId};
use crate::change::builders::AddKey;
use crate::change::command::Command;
use crate::change::grant::AddGrant;
use crate::change::planner::grants::GrantChange;
use crate::change::planner::users::addresses;
use crate::directory::{
    Grantee, GranteeSlot, GroupRecord, GroupSlot, ResourceRow, ResourceSlot, Scope, SubjectSlot, Target,
    TargetSlot,
};
use crate::id::UserId;

/// Managers, owners, roles and nestings have no end, so what they give is to be held without one (rule D8).
const FOR_GOOD: Needed = Needed::GivenUntil(None);

impl Judge<'_> {
    /// Judges the changes that a command would make to the directory.
    ///
    /// It does not matter for a command that has a fault or changes nothing.
    pub(super) fn judge(&self, command: &Command) -> Judgment {
        match command {
            Command::Grant(command) => self.grant(command),
            Command::Revoke(command) => self.replace(self.planner.change_if_revoked(command).ok()),
            Command::SetGrant(command) => self.replace(self.planner.change_if_set(command).ok()),
            Command::Join(command) => {
                self.membership(&command.user, &command.group, Needed::GivenUntil(command.expires_at))
            }
            Command::Leave { user, group } => self.membership(user, group, Needed::Taken),
            Command::Nest { outer, .. } => self.group(outer, FOR_GOOD),
            Command::Unnest { outer, .. } => self.group(outer, Needed::Taken),
            Command::RemoveGroup { group } => self.group(group, Needed::Taken),
            Command::SetManagers { group, managers } => self.managers(group, managers),
            Command::AddRole(command) => self.role(&command.role, &command.permissions),
            Command::SetRole(command) => self.role(&command.role, &command.permissions),
            Command::TransferOwnership { resource, .. } => self.on_resource(resource, Self::transfer),
            Command::MoveResource { resource, parent } => {
                self.on_resource(resource, |judge, resource| judge.moved(resource, parent.as_deref()))
            }
            Command::Close { resource } => {
                self.on_resource(resource, |judge, resource| judge.passing(resource, Needed::Taken))
            }
            Command::Open { resource } => {
                self.on_resource(resource, |judge, resource| judge.passing(resource, FOR_GOOD))
            }
            Command::Suspend { user, .. } | Command::RevokeInvite { user } | Command::RenameUser { user, .. } => {
                self.not_upward(user)
            }
            Command::RemoveUser(command) => self.removal(&command.user),
            Command::AssignProfile { user, profile } => {
                self.not_upward(user).and(self.assigned(user, profile.as_deref()))
            }
            Command::AddUser(command) => {
                self.people(&[&command.user], command.profile.as_ref(), &command.groups)
            }
            Command::Invite(command) => {
                self.people(&[&command.user], command.profile.as_ref(), &command.groups)
            }
            Command::InviteMany(command) => {
                let users = addresses(&command.text).unwrap_or_default();
                self.people(&users, command.profile.as_ref(), &command.groups)
            }
            Command::AddKey(command) => self.key(command),
            // They give nobody a permission that is there already, and take none.
            Command::AddGroup(_)
            | Command::AddResource(_)
            | Command::RemoveResource { .. }
            | Command::RemoveRole { .. }
            | Command::RequireCredential { .. }
            | Command::RecordCredential { .. }
            | Command::ForgetCredential { .. }
            | Command::RemoveKey { .. }
            | Command::Reinstate { .. }
            // What seats and licenses give is not the actor's to have.
            | Command::InstallLicense(_)
            | Command::RemoveLicense { .. }
            | Command::Tick {}
            // Only the host asks for these.
            | Command::SyncUser(_)
            | Command::AcceptInvite { .. } => Judgment::default(),
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
                let enough = match need.needed {
                    Needed::Taken => had.all(),
                    Needed::GivenUntil(end) => had.lasting(end),
                };
                all | need.permissions & !enough
            });
            lacking.extend(lacks(on, missing, &had));
        }
        lacking
    }

    /// Requires that everything needed is held, whatever lists open (rules D9 and D10).
    fn held_all(&self, needs: &[Need]) -> Judgment {
        // What is held for good is enough for any need, and most is.
        let open = needs.iter().filter(|need| need.permissions & !self.actor.held_for_good(need.on) != 0);
        let open: Vec<Need> = open.copied().collect();
        Judgment::beyond(Self::lacking(&open, |on| self.actor.held(on)))
    }

    /// Returns the permissions that the actor may hand out or take on a target: the sum of those that each allowed permission
    /// opens (rule D5).
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

    /// Requires that everything needed can be handed out or taken, and that nothing is given to oneself by an exception
    /// (rules D5 and D7).
    fn can_hand_out(&self, to: SubjectSlot, needs: &[Need]) -> Judgment {
        let is_given = |need: &&Need| need.needed != Needed::Taken;
        let given: Vec<Need> = needs.iter().filter(is_given).copied().collect();
        let exceptions = Self::lacking(&given, |on| self.actor.held(on));
        let judgment = Judgment::beyond(Self::lacking(needs, |on| self.handed_out(on)));
        let by_exception = !exceptions.is_empty();
        let for_oneself = if self.actor.is_reached_by(to) { exceptions } else { Lacking::new() };
        Judgment { for_oneself, by_exception, ..judgment }
    }

    fn subject(&self, to: &Grantee) -> Option<SubjectSlot> {
        self.directory.named_grantee(to).ok().map(SubjectSlot::of)
    }

    /// Granting needs all of the closed set (rule D5).
    fn grant(&self, command: &AddGrant) -> Judgment {
        let Some((to, on, record)) = self.planner.grant_given(command) else { return Judgment::default() };
        let given = self.directory.given_by(&record, on);
        let needs = given.iter().flat_map(|(on, ends)| {
            ends.ends().iter().map(|&(until, permissions)| Need {
                on: *on,
                permissions,
                needed: Needed::GivenUntil(until),
            })
        });
        self.can_hand_out(to, &needs.collect::<Vec<_>>())
    }

    /// Judges the real changes: what goes or ends earlier is taken, what comes or ends later is given (rule D5).
    fn replace(&self, change: Option<GrantChange<'_>>) -> Judgment {
        let Some(change) = change else { return Judgment::default() };
        let [had, has] = change.records().map(|record| self.directory.given_by(record, change.on()));
        let needs = had.iter().zip(&has).flat_map(|((on, had), (_, has))| changes(*on, had, has));
        self.can_hand_out(change.to(), &needs.collect::<Vec<_>>())
    }

    /// Adds up what a member of a group gets: the permissions of the group, of all that it is nested in, and of those that it
    /// is a manager of, because a manager hands out memberships, and without end (rules D8 and D9).
    fn sum_of(&self, group: GroupSlot, needed: Needed) -> Vec<Need> {
        let mut needs = Vec::new();
        let mut reached = BTreeSet::new();
        let mut open = Vec::from([(group, needed)]);
        while let Some((group, needed)) = open.pop() {
            if !reached.insert((group, needed)) {
                continue;
            }
            let given = self.directory.given_to_group(group, |kind| self.held_on_whole(kind));
            needs.extend(given.map(|(on, permissions)| Need { on, permissions, needed }));
            let record = self.directory.group_record_at(group);
            open.extend(record.iter().flat_map(|record| record.outer()).map(|outer| (outer, needed)));
            let managed = match needed {
                Needed::Taken => Needed::Taken,
                Needed::GivenUntil(_) => FOR_GOOD,
            };
            let subject = SubjectSlot::Grantee(GranteeSlot::group(group));
            open.extend(self.directory.managed_groups(subject).map(|group| (group, managed)));
        }
        needs
    }

    /// Returns the permissions that the actor holds on a whole kind for good: they are lacking on none of its resources.
    fn held_on_whole(&self, kind: KindId) -> u64 {
        let held = self.held_on_kinds.get_or_init(|| {
            let kinds = self.directory.catalog().definitions().map(|(kind, _)| self.directory.whole_of(kind));
            kinds.map(|whole| whole.map_or(0, |on| self.actor.held_for_good(on))).collect()
        });
        held.get(kind.index()).copied().unwrap_or(0)
    }

    fn group_at(&self, group: GroupSlot, needed: Needed) -> Judgment {
        self.held_all(&self.sum_of(group, needed))
    }

    fn group(&self, group: &str, needed: Needed) -> Judgment {
        let group = self.directory.group_by_name(group);
        group.map(|group| self.group_at(group.slot(), needed)).unwrap_or_default()
    }

    /// A manager makes others join and leave without holding what the group gives (rules D7 and D9).
    fn membership(&self, user: &str, group: &str, needed: Needed) -> Judgment {
        let Some(id) = self.directory.group_by_name(group) else { return Judgment::default() };
        match (self.manages(id), self.is_oneself(user)) {
            (false, _) => self.group_at(id.slot(), needed),
            (true, true) => self.group_at(id.slot(), needed).for_others_only(),
            (true, false) => Judgment::default(),
        }
    }

    fn is_oneself(&self, user: &str) -> bool {
        self.directory.user_by_name(user).is_some_and(|user| user.slot() == self.actor.user())
    }

    /// More managers get what the group gives, and fewer lose it (rules D8 and D9).
    fn managers(&self, group: &str, managers: &[Grantee]) -> Judgment {
        let record = self.directory.group_by_name(group).and_then(|group| self.directory.group_record(group));
        let so_far = record.map(GroupRecord::managers).unwrap_or_default();
        let adds =
            managers.iter().filter_map(|to| self.subject(to)).any(|manager| !so_far.contains(&manager));
        self.group(group, if adds { FOR_GOOD } else { Needed::Taken })
    }

    fn assigned(&self, user: &str, profile: Option<&str>) -> Judgment {
        let seat = self.directory.user_by_name(user).and_then(|user| self.directory.seat(user));
        let profile = profile.map(|profile| self.planner.find_profile(profile)).transpose();
        let (Some(seat), Ok(profile)) = (seat, profile) else { return Judgment::default() };
        self.profile(self.is_oneself(user), seat.wants, profile)
    }

    /// A group by profile is managed by who has the area `seats` (rule D9).
    fn profile(&self, oneself: bool, had: Option<ProfileId>, has: Option<ProfileId>) -> Judgment {
        let by_seats = self.actor.is_whole() && self.meets(self.areas.area(Area::Seats)).is_ok();
        if by_seats && !oneself {
            return Judgment::default();
        }
        let [left, joined] = [had, has].map(|profile| self.directory.groups_by_profile(profile));
        let taken = left.iter().filter(|&group| !joined.contains(group)).map(|group| (group, Needed::Taken));
        let given = joined.iter().filter(|&group| !left.contains(group)).map(|group| (group, FOR_GOOD));
        let judgments = taken.chain(given).map(|(group, needed)| self.group_at(group, needed));
        let judgment = judgments.fold(Judgment::default(), Judgment::and);
        if by_seats { judgment.for_others_only() } else { judgment }
    }

    /// Requires that the permissions added to a role and taken from it are held on the whole kinds; a role has no end (rules R7
    /// and D8).
    fn role(&self, role: &str, permissions: &Entries<PermissionsDocument>) -> Judgment {
        let Ok(masks) = self.planner.role_masks(role, permissions) else { return Judgment::default() };
        let record = self.directory.role_record(role).map(|(_, record)| record);
        let mut needs = Vec::new();
        for ((kind, _), &has) in self.directory.catalog().definitions().zip(masks.iter()) {
            let had = record.map_or(0, |record| record.on(kind));
            let Some(on) = self.directory.whole_of(kind) else { continue };
            let changes = [(has & !had, FOR_GOOD), (had & !has, Needed::Taken)];
            let changes = changes.into_iter().filter(|(permissions, _)| *permissions != 0);
            needs.extend(changes.map(|(permissions, needed)| Need { on, permissions, needed }));
        }
        self.held_all(&needs)
    }

    fn on_resource(&self, resource: &str, judge: impl FnOnce(&Self, ResourceSlot) -> Judgment) -> Judgment {
        match self.directory.find_target(resource) {
            Ok(Target::Resource(resource)) => judge(self, resource.slot()),
            _ => Judgment::default(),
        }
    }

    /// The owner set, and what the groups give that include the owner (rule D10).
    fn transfer(&self, resource: ResourceSlot) -> Judgment {
        let kind = self.directory.resource_row_at(resource).map(ResourceRow::kind);
        let owner = kind.map_or(0, |kind| self.directory.rights().of_kind(kind).owner);
        let on = TargetSlot::Resource(resource);
        let mut needs = Vec::from([Need { on, permissions: owner, needed: FOR_GOOD }]);
        for group in self.directory.groups_with_owner_of(resource).iter() {
            needs.extend(self.sum_of(group, FOR_GOOD));
        }
        self.held_all(&needs)
    }

    /// What passes from the old place is taken, and what passes from the new one is given; to a closed resource nothing
    /// passes (rules D10 and H6).
    fn moved(&self, resource: ResourceSlot, parent: Option<&str>) -> Judgment {
        if self.directory.is_closed_at(resource) {
            return Judgment::default();
        }
        let taken = self.passing(resource, Needed::Taken);
        let Some(Ok(Target::Resource(parent))) = parent.map(|parent| self.directory.find_target(parent))
        else {
            return taken;
        };
        taken.and(self.passing_from(resource, parent.slot(), FOR_GOOD))
    }

    /// Requires the permissions that pass to a resource from its parent, or would if it were open, to any subject (rule D10).
    fn passing(&self, resource: ResourceSlot, needed: Needed) -> Judgment {
        let parent = self.directory.parent_at(resource);
        parent.map(|parent| self.passing_from(resource, parent, needed)).unwrap_or_default()
    }

    fn passing_from(&self, resource: ResourceSlot, parent: ResourceSlot, needed: Needed) -> Judgment {
        let kind = |slot| self.directory.resource_row_at(slot).map(ResourceRow::kind);
        let definition = kind(resource).and_then(|kind| self.directory.catalog().definition(kind));
        let map = kind(parent).and_then(|parent| definition.and_then(|kind| kind.map_from(parent)));
        let permissions = map.map_or(0, |map| map.pass(self.directory.granted_to_any(parent)));
        self.held_all(&[Need { on: TargetSlot::Resource(resource), permissions, needed }])
    }

    /// To whom something protected is granted is touched only by who is granted it too (rule D11).
    fn not_upward(&self, user: &str) -> Judgment {
        let user = self.directory.user_by_name(user);
        user.map(|user| self.not_upward_to(user)).unwrap_or_default()
    }

    fn not_upward_to(&self, user: UserId) -> Judgment {
        let mut lacking = Lacking::new();
        let Some(user) = self.directory.acting_principal(user.into(), None) else {
            return Judgment::default();
        };
        for &(kind, protected) in self.areas.administration.protected() {
            let Some(on) = self.directory.whole_of(kind) else { continue };
            let upward = protected & user.granted(on) & !self.actor.granted(on);
            lacking.extend((upward != 0).then_some(Lack { on, until: None, permissions: upward }));
        }
        Judgment::beyond(lacking)
    }

    /// Naming an heir is a transfer of each thing owned (rule D10).
    fn removal(&self, user: &str) -> Judgment {
        let id = self.directory.user_by_name(user);
        let owned = id.into_iter().flat_map(|user| self.directory.owned_by(user.slot()));
        owned.map(|resource| self.transfer(resource)).fold(self.not_upward(user), Judgment::and)
    }

    /// The groups that new and invited users join, and their profile (rules D3, D9 and D11).
    fn people(&self, users: &[&str], profile: Option<&Option<String>>, groups: &[String]) -> Judgment {
        let joins = |group: &&String| {
            users.iter().any(|user| {
                let user = self.directory.user_by_name(user);
                user.is_none_or(|user| !self.planner.has_joined_without_end(user, group))
            })
        };
        let joined = groups.iter().filter(joins).map(|group| {
            // Nobody who is active is added or invited, so this is never oneself.
            let managed = self.directory.group_by_name(group).is_some_and(|group| self.manages(group));
            if managed { Judgment::default() } else { self.group(group, FOR_GOOD) }
        });
        let judgment = joined.fold(Judgment::default(), Judgment::and);
        let Ok(asked) = self.planner.asked_profile(profile) else { return judgment };
        let (known, new): (Vec<_>, Vec<_>) =
            users.iter().map(|user| self.directory.user_by_name(user)).partition(Option::is_some);
        // The default profile is open to who has `people`.
        let is_another = !new.is_empty() && self.areas.is_another_profile(profile);
        let judgment = if is_another { judgment.and(self.profile(false, None, asked)) } else { judgment };
        let renewed = known.into_iter().flatten().filter(|&user| self.planner.is_expired(user));
        // Without a profile, the one that is remembered is asked for again.
        let renewed = renewed.filter(|_| profile.is_some());
        renewed.map(|user| self.renewed(user, asked)).fold(judgment, Judgment::and)
    }

    fn renewed(&self, user: UserId, asked: Option<ProfileId>) -> Judgment {
        let wanted = self.directory.seat(user).and_then(|seat| seat.wants);
        if wanted == asked {
            return Judgment::default();
        }
        self.not_upward_to(user).and(self.profile(false, wanted, asked))
    }

    /// A key makes only keys within its own scope, and with an end not after its own (rule D13).
    fn key(&self, command: &AddKey) -> Judgment {
        let added = self.planner.scope(command.scope.as_ref()).ok();
        let Some((own, added)) = self.actor.key().zip(added) else { return Judgment::default() };
        let mut judgment = Judgment::default();
        if own.expires_at.is_some_and(|own| command.expires_at.is_none_or(|end| end > own)) {
            judgment.beyond_key = Some("expires_at");
        }
        match (&own.scope, &added) {
            (Scope::All, _) | (_, Scope::Nothing) => judgment,
            (_, Scope::All) => Judgment { beyond_key: Some("scope"), ..judgment },
            (own, Scope::Entries(added)) => {
                let kinds = added.kinds.iter().map(|&(kind, mask)| (TargetSlot::Kind(kind), mask));
                let resources = added.resources.iter().map(|(slot, mask)| (TargetSlot::Resource(slot), mask));
                let within = |on| self.directory.scope_on_target(own, on);
                let lacking = kinds.chain(resources).map(|(on, mask)| {
                    let permissions = mask & !within(on);
                    Lack { on, until: None, permissions }
                });
                judgment.and(Judgment::beyond(lacking.filter(|lack| lack.permissions != 0).collect()))
            }
        }
    }
}

/// The missing permissions by the end until which they are had; those that are not had at all are without one.
fn lacks(on: TargetSlot, missing: u64, had: &Held) -> Lacking {
    let none = missing & !had.all();
    let none = (none != 0).then_some(Lack { on, until: None, permissions: none });
    let shorter = had.ends().iter().map(|&(until, permissions)| (until, permissions & missing));
    let shorter = shorter.filter(|(_, permissions)| *permissions != 0);
    none.into_iter().chain(shorter.map(|(until, permissions)| Lack { on, until, permissions })).collect()
}

/// The permissions on a target that change, by how they do.
fn changes(on: TargetSlot, had: &Held, has: &Held) -> Vec<Need> {
    let mut changes: Vec<Need> = Vec::new();
    let mut left = had.all() | has.all();
    while left != 0 {
        let permission = left & left.wrapping_neg();
        left &= left.wrapping_sub(1);
        let (before, after) = (had.end_of(permission), has.end_of(permission));
        let needed = match after {
            _ if before == after => continue,
            Some(until) if has.lasts_longer(permission, had) => Needed::GivenUntil(until),
            _ => Needed::Taken,
        };
        changes.push(Need { on, permissions: permission, needed });
    }
    changes
}
