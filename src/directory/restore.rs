//! Reads a directory back from its content; each part is checked against those before it.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use roaring::RoaringBitmap;
use smallvec::SmallVec;

use super::content::{
    GrantContent, KeyContent, Record, ResourceContent, RoleContent, ScopeContent, UserContent,
};
use super::model::{ParsedTarget, parse_resource};
use super::mutate::{BulkIndex, singleton_serial};
use super::parts::{ParentPart, PlainGrants, ResourcePart, UserPart};
use super::registry::{MAX_SERIAL, NewId};
use super::resolve::{Checked, ensure};
use super::storage::{
    GrantRecord, GranteeKind, GranteeSlot, GroupSlot, Membership, Scope, SubjectSlot, TargetSlot, UserSlot,
};
use super::{Directory, Grantee, MembershipRule, ParseNameError, Target, UserStatus};
use crate::catalog::{Catalog, Entries, KindDefinition, KindId};
use crate::id::{GroupId, ResourceId, UserId};
use crate::limits::{
    MAX_GROUPS, MAX_KEYS, MAX_KINDS, MAX_RESOURCES, MAX_ROLES, MAX_SCHEDULED_LICENSES, MAX_TIME, MAX_USERS,
};
use crate::name::Name;
use crate::seats::{License, Phase, SeatNumber, SeatRow, Terms, Turn};
use crate::time::Timestamp;

/// The most that the revision and the numbers of turns and seats may be in a stored directory.
///
/// A history that adds one every nanosecond gets there in 292 years, and as many again remain, so no number that is
/// given out later is given out twice.
const MAX_COUNT: u64 = u64::MAX / 2;

/// A directory while it is being read back; the caller sees to the order of the records.
#[derive(Debug)]
pub(crate) struct Restore {
    directory: Directory,
    /// The catalog that the directory was stored with, if it is not the one of the directory.
    stored_catalog: Option<Catalog>,
    index: BulkIndex,
    /// The slots of groups with members of their own, which each membership looks up: the records would not fit into a cache.
    explicit: RoaringBitmap,
    /// The resources that lie inside others, and the names of these.
    parents: Vec<(ResourceId, ParentPart)>,
    last_turn: u64,
    /// The turns, each with the time since which its user waits.
    turns: BTreeMap<Turn, Timestamp>,
    last_seat: u64,
    /// The numbers of all seats, with the users.
    seats: Vec<(SeatNumber, UserId)>,
    /// The profiles whose figures were read, one bit each.
    books: u64,
    /// The serials that were read, for each sort of things.
    serials: [RoaringBitmap; 4],
}

/// The sorts of things with ids.
#[derive(Clone, Copy, Debug)]
enum Sort {
    User,
    Group,
    Resource,
    Key,
}

impl Restore {
    /// Starts with the catalog of the records, or with one that the host uses in its place.
    pub(crate) fn new(stored: Catalog, used: Option<Catalog>) -> Self {
        let used = used.filter(|used| *used != stored);
        let (catalog, stored_catalog) = match used {
            None => (stored, None),
            Some(used) => (used, Some(stored)),
        };
        Self {
            directory: Directory::without_singletons(catalog),
            stored_catalog,
            index: BulkIndex::default(),
            explicit: RoaringBitmap::new(),
            parents: Vec::new(),
            last_turn: 0,
            turns: BTreeMap::new(),
            last_seat: 0,
            seats: Vec::new(),
            books: 0,
            serials: Default::default(),
        }
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        self.directory.catalog()
    }

    /// Adds one part; after an error the directory must not be used.
    pub(crate) fn take_in(&mut self, record: &Record) -> Checked {
        self.write_full_index(matches!(record, Record::User(_)));
        #[cfg(feature = "binary")]
        match record {
            Record::Nested { .. } | Record::Managed { .. } | Record::KindGrant { .. } => {
                self.index_user_names()?;
            }
            Record::Everywhere { .. } | Record::Key(_) => {
                self.index_user_names()?;
                self.index_resource_names()?;
            }
            _ => {}
        }
        match record {
            Record::Commits { revision, committed_at } => self.commits(*revision, *committed_at),
            Record::Ids { users, groups, resources, keys } => {
                self.last_serials(*users, *groups, *resources, *keys)
            }
            Record::License { license, phase } => self.license(license.clone(), *phase),
            Record::Scheduled { license } => self.scheduled(license.clone()),
            Record::Book { profile, peak, peak_at, seat_ms } => self.book(profile, *peak, *peak_at, *seat_ms),
            Record::Queue { last_turn, last_seat } => self.queue(*last_turn, *last_seat),
            Record::Group { id, group, members } => self.group(*id, group, members),
            Record::User(content) => self.user(content),
            Record::Nested { group, outer } => self.nested(group, outer),
            Record::Managed { group, managers } => self.managed(group, managers),
            Record::Role { role, permissions } => self.role(role, permissions),
            Record::Everywhere { to, roles } => self.everywhere(to, roles),
            Record::KindGrant { kind, grant } => self.kind_grant(kind, grant),
            Record::Resource(content) => self.resource(content),
            Record::Key(content) => self.key(content),
            Record::Snapshot { .. } | Record::Catalog(_) | Record::End { .. } => Ok(()),
        }
    }

    /// Leaves the names of users and resources out of the indexes until all are there: their records name none of them.
    #[cfg(feature = "binary")]
    pub(crate) fn index_names_late(&mut self) {
        self.directory.users.index_names_late();
        self.directory.resources.index_names_late();
    }

    #[cfg(feature = "binary")]
    fn index_user_names(&mut self) -> Checked {
        let repeated = self.directory.users.index_names();
        let name = repeated.and_then(|slot| self.directory.user_slot_name(slot));
        ensure(repeated.is_none(), || format!("user `{}` already exists", name.unwrap_or_default()))
    }

    #[cfg(feature = "binary")]
    fn index_resource_names(&mut self) -> Checked {
        let repeated = self.directory.resources.index_names();
        let name = repeated.and_then(|slot| self.directory.resource_slot_name(slot));
        ensure(repeated.is_none(), || {
            format!("resource `{}` already exists", name.map(|name| name.to_string()).unwrap_or_default())
        })
    }

    /// Writes the collected entries if they are many, or if what comes next reaches the members of a group: after the
    /// users that may be a grant on a kind or a singleton.
    fn write_full_index(&mut self, is_user: bool) {
        let reaches_members = self.index.has_members() && !is_user;
        if reaches_members || self.index.is_full() {
            self.directory.write_index(&mut self.index);
        }
    }

    /// The directory as far as it was read.
    #[cfg(feature = "binary")]
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns the whole directory, if its parts agree with each other.
    pub(crate) fn finish(mut self) -> Result<Directory, String> {
        self.directory.write_index(&mut self.index);
        #[cfg(feature = "binary")]
        {
            self.index_user_names()?;
            self.index_resource_names()?;
        }
        self.put_inside()?;
        self.directory.update_stale_masks();
        self.all_described()?;
        self.turns_in_order()?;
        let mut directory = self.directory;
        // The host's catalog may have more singletons than the stored one.
        directory.add_singletons();
        directory.fit();
        if directory.revision == 0 {
            let empty = directory.records().eq(Directory::new(directory.catalog.clone()).records());
            ensure(empty, || "`revision` is 0, but the directory is not empty".to_owned())?;
        }
        self.seats.sort_unstable();
        for pair in self.seats.windows(2) {
            let [(one, user), (other, second)] = pair else { continue };
            ensure(one != other, || {
                let name = |user: &UserId| directory.user_name(*user).unwrap_or_default().to_owned();
                format!("users `{}` and `{}` have the same seat number {one}", name(user), name(second))
            })?;
        }
        for profile in directory.catalog.profiles() {
            let figures = directory.figures(profile);
            let low = figures.filter(|figures| figures.peak < figures.consumed);
            ensure(low.is_none(), || {
                format!("the peak of profile `{profile}` is less than its consumed seats")
            })?;
        }
        Ok(directory)
    }

    /// Checks that every profile and every singleton of the stored catalog has its record.
    fn all_described(&self) -> Checked {
        let catalog = self.stored_catalog.as_ref().unwrap_or(self.directory.catalog());
        for profile in catalog.profiles() {
            let id = self.directory.named_profile(profile)?;
            ensure(self.books & (1 << id.get()) != 0, || format!("no figures of profile `{profile}`"))?;
        }
        for (_, kind) in catalog.definitions().filter(|(_, kind)| kind.singleton()) {
            let id = self.directory.named_kind(kind.name())?;
            let described = self.directory.singleton_of(id).is_some();
            ensure(described, || format!("no resource `{}`, which is a singleton", kind.name()))?;
        }
        Ok(())
    }

    /// Checks that users who began to wait later have later turns.
    fn turns_in_order(&self) -> Checked {
        let waiting = self.turns.iter();
        for ((turn, since), (next, later)) in waiting.clone().zip(waiting.skip(1)) {
            ensure(since <= later, || format!("turn {next} is older than turn {turn} before it"))?;
        }
        Ok(())
    }

    fn commits(&mut self, revision: u64, committed_at: Timestamp) -> Checked {
        ensure(revision <= MAX_COUNT, || format!("there cannot be {revision} commits"))?;
        ensure(committed_at <= MAX_TIME, || format!("`committed_at` is after {MAX_TIME}"))?;
        self.directory.revision = revision;
        self.directory.committed_at = committed_at;
        self.directory.ledger.restore_clock(committed_at);
        Ok(())
    }

    fn queue(&mut self, last_turn: u64, last_seat: u64) -> Checked {
        for (last, what) in [(last_turn, "last_turn"), (last_seat, "last_seat")] {
            ensure(last <= MAX_COUNT, || format!("`{what}` cannot be {last}: the limit is {MAX_COUNT}"))?;
        }
        (self.last_turn, self.last_seat) = (last_turn, last_seat);
        self.directory.ledger.restore_numbers(last_turn, last_seat);
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.directory.committed_at
    }

    fn not_later(&self, what: &str, at: Timestamp) -> Checked {
        let now = self.now();
        ensure(at <= now, || format!("`{what}` is {at}, which is after the last commit at {now}"))
    }

    fn last_serials(&mut self, users: u32, groups: u32, resources: u32, keys: u32) -> Checked {
        for last in [users, groups, resources, keys] {
            ensure(last <= MAX_SERIAL, || format!("there cannot be {last} ids: the limit is {MAX_SERIAL}"))?;
        }
        self.directory.users.restore_serial(users);
        self.directory.groups.restore_serial(groups);
        self.directory.resources.restore_serial(resources);
        self.directory.keys.restore_serial(keys);
        Ok(())
    }

    /// Checks an id: its slot is after all others of the sort, and its serial was given out once.
    fn check_id(&mut self, sort: Sort, id: u64, slot: u32, serial: u32) -> Checked {
        let directory = &self.directory;
        let (used, last, most) = match sort {
            Sort::User => (directory.users.slots().end, directory.users.last_serial(), MAX_USERS),
            Sort::Group => (directory.groups.slots().end, directory.groups.last_serial(), MAX_GROUPS),
            Sort::Resource => {
                (directory.resources.slots().end, directory.resources.last_serial(), MAX_RESOURCES)
            }
            Sort::Key => (directory.keys.slots().end, directory.keys.last_serial(), MAX_KEYS),
        };
        ensure(slot < most, || format!("`id` {id} is out of range"))?;
        ensure(slot >= used, || format!("`id` {id} is not in order"))?;
        ensure((1..=last).contains(&serial), || format!("`id` {id} was never issued"))?;
        let fresh = self.serials.get_mut(sort as usize).is_some_and(|serials| serials.insert(serial));
        ensure(fresh, || format!("`id` {id} was issued to another"))?;
        // The lowest vacant slot is given out, so as many things as lie before it were there. Singletons have no serial.
        let uncounted =
            if matches!(sort, Sort::Resource) { u32::try_from(MAX_KINDS).unwrap_or(0) } else { 0 };
        ensure(slot < serial.saturating_add(uncounted), || format!("`id` {id} was never issued"))
    }

    fn license(&mut self, license: License, phase: Phase) -> Checked {
        let terms = Terms::new(license, &self.directory.catalog).map_err(|error| error.to_string())?;
        let now = self.now();
        let due = terms.phase(now);
        ensure(due == phase, || format!("the phase at {now} is `{due}`, not `{phase}`"))?;
        self.directory.install_license(Arc::new(terms), now);
        Ok(())
    }

    /// Restores a scheduled license (rule S16).
    fn scheduled(&mut self, license: License) -> Checked {
        let terms = Terms::new(license, self.directory.catalog()).map_err(|error| error.to_string())?;
        let now = self.now();
        ensure(terms.starts_at() > now, || {
            format!("`starts_at` is {}, which is not after the last commit at {now}", terms.starts_at())
        })?;
        let name = terms.license().name.clone();
        let twice = self.directory.scheduled_licenses().any(|other| other.name == name);
        ensure(!twice, || "duplicate scheduled license".to_owned())?;
        let full = self.directory.scheduled_licenses().count() >= MAX_SCHEDULED_LICENSES as usize;
        ensure(!full, || format!("there are more than {MAX_SCHEDULED_LICENSES} scheduled licenses"))?;
        self.directory.schedule_license(Arc::new(terms));
        Ok(())
    }

    fn book(&mut self, profile: &str, peak: u64, peak_at: Timestamp, seat_ms: u64) -> Checked {
        let id = self.directory.named_profile(profile)?;
        let bit = 1_u64 << id.get();
        ensure(self.books & bit == 0, || format!("duplicate record of profile `{profile}`"))?;
        self.books |= bit;
        self.not_later("peak_at", peak_at)?;
        let users = u64::from(self.directory.users.last_serial());
        ensure(peak <= users, || format!("`peak` is {peak}, but {users} users were ever added"))?;
        let most = peak.saturating_mul(self.now().as_millis());
        ensure(seat_ms <= most, || format!("`seat_ms` is {seat_ms}, but {peak} seats take {most} at most"))?;
        self.directory.ledger.restore_book(id, peak, peak_at, seat_ms);
        Ok(())
    }

    fn group(&mut self, id: GroupId, group: &Name, members: &MembershipRule) -> Checked {
        self.check_id(Sort::Group, id.as_u64(), id.index(), id.serial())?;
        self.directory.group_name_is_free(group)?;
        let membership = self.directory.named_membership(members)?;
        if membership == Membership::Explicit {
            self.explicit.insert(id.index());
        }
        let id = NewId::Stored(id.index(), id.serial());
        self.directory.insert_group(id, group, &membership, None);
        Ok(())
    }
}

// Groups in groups: after all users, because members of the inner group become members of the outer one. Managers are
// users, and groups too.

impl Restore {
    fn nested(&mut self, group: &Name, outer: &[Name]) -> Checked {
        let inner_id = self.directory.named_group(group)?;
        ensure(!outer.is_empty(), || format!("group `{group}` is nested in no group"))?;
        for outer in outer {
            let outer_id = self.directory.named_group(outer)?;
            self.directory.check_nesting(inner_id, outer_id, true)?;
            self.directory.nest(inner_id, outer_id, true);
        }
        Ok(())
    }

    fn managed(&mut self, group: &Name, managers: &[Grantee]) -> Checked {
        let id = self.directory.named_group(group)?;
        let record = self.directory.group_record(id);
        let once = record.is_some_and(|group| group.managers().is_empty());
        ensure(once && !managers.is_empty(), || {
            format!("group `{group}` is described twice, or without managers")
        })?;
        let membership = record.map(|group| group.membership.clone()).unwrap_or_default();
        let managers = self.directory.named_managers(group, &membership, managers)?;
        self.directory.set_managers(id, &managers);
        Ok(())
    }
}

// Users.

impl Restore {
    fn user(&mut self, content: &UserContent) -> Checked {
        let part = self.user_by_slot(content)?;
        self.put_user(&part)
    }

    /// Looks up the names in the content of a user.
    fn user_by_slot(&self, content: &UserContent) -> Result<UserPart, String> {
        let directory = &self.directory;
        let group = |name: &str| directory.named_group(name).map(GroupId::slot);
        let ends = content.group_ends.iter();
        Ok(UserPart {
            id: content.id,
            name: content.user.clone(),
            source: content.source,
            status: content.status,
            email: content.email.clone(),
            expires_at: content.expires_at,
            reason: content.reason.clone(),
            wants: content.wants.as_deref().map(|name| directory.named_profile(name)).transpose()?,
            holds: directory.named_seat(content.holds.as_deref(), content.basis)?,
            seat_number: content.seat_number,
            turn: content.turn,
            since: content.since,
            external: content.external_groups.clone(),
            groups: content.groups.iter().map(|name| group(name)).collect::<Result<_, _>>()?,
            group_ends: ends.map(|(name, at)| Ok((group(name)?, *at))).collect::<Result<_, String>>()?,
        })
    }

    /// Adds a user.
    pub(crate) fn put_user(&mut self, part: &UserPart) -> Checked {
        self.write_full_index(true);
        self.directory.user_name_is_free(&part.name)?;
        self.check_id(Sort::User, part.id.as_u64(), part.id.index(), part.id.serial())?;
        let turn = self.turn(part.turn, part.since)?;
        let number = self.seat_number(part)?;
        let seat = SeatRow { wants: part.wants, holds: part.holds, number, turn, ..SeatRow::default() };
        self.directory.check_seat(part.status, &seat)?;
        self.not_later("since", part.since)?;
        self.check_invitation(part)?;
        let suspended = part.status == UserStatus::Suspended;
        ensure(suspended || part.reason.is_none(), || {
            "`reason` is given, but the user is not suspended".to_owned()
        })?;

        let now = self.now();
        let id = NewId::Stored(part.id.index(), part.id.serial());
        let id = self.directory.insert_user(id, &part.name, part.source, part.status);
        if let Some(email) = &part.email {
            self.directory.set_email(id, email);
        }
        self.directory.set_expiry(id, part.expires_at);
        self.directory.set_suspension_reason(id, part.reason.as_ref());
        if part.wants.is_some() {
            self.directory.set_wanted(id, part.wants, now);
        }
        self.directory.restore_seat(id, part.holds, number, turn, part.since);
        self.seats.extend(number.map(|number| (number, id)));
        self.memberships(id, part)
    }

    fn memberships(&mut self, id: UserId, part: &UserPart) -> Checked {
        if !part.external.is_empty() {
            let mut names = part.external.clone();
            names.sort_unstable();
            names.dedup();
            self.directory.set_external(id, &names);
        }
        let mut joined = part.groups.clone();
        joined.iter().try_for_each(|&group| self.has_explicit_members(group))?;
        joined.sort_unstable();
        joined.dedup();
        for &(group, at) in &part.group_ends {
            let name = || self.directory.group_slot_name(group).unwrap_or_default();
            let known = joined.binary_search(&group).is_ok();
            ensure(known, || format!("the user has not joined group `{}`, which has an end", name()))?;
            self.is_to_come(at)?;
            let group = self.directory.group_id(group).ok_or_else(|| no_group(group))?;
            self.directory.set_membership_end(id, group, Some(at));
        }
        self.directory.collect_members(&mut self.index, id.slot(), &joined);
        Ok(())
    }

    /// Checks that a group has members of its own.
    fn has_explicit_members(&self, group: GroupSlot) -> Checked {
        if self.explicit.contains(group.index()) {
            return Ok(());
        }
        let name = self.directory.group_slot_name(group).ok_or_else(|| no_group(group))?;
        Err(format!("group `{name}` has no explicit members"))
    }

    /// Checks that a turn was given out, and to one user only.
    fn turn(&mut self, turn: Option<u64>, since: Timestamp) -> Result<Option<Turn>, String> {
        let Some(number) = turn else { return Ok(None) };
        let turn = Turn::new(number).filter(|turn| turn.get() <= self.last_turn);
        let turn = turn.ok_or_else(|| format!("turn {number} was never issued"))?;
        ensure(self.turns.insert(turn, since).is_none(), || format!("duplicate turn {number}"))?;
        Ok(Some(turn))
    }

    /// Checks that a seat, and nothing else, has a number that was given out.
    fn seat_number(&self, part: &UserPart) -> Result<Option<SeatNumber>, String> {
        let held = part.holds.is_some();
        ensure(held == part.seat_number.is_some(), || {
            "`holds` and `seat_number` must be given together".to_owned()
        })?;
        let Some(number) = part.seat_number else { return Ok(None) };
        let known = SeatNumber::new(number).filter(|number| number.get() <= self.last_seat);
        known.map(Some).ok_or_else(|| format!("seat number {number} was never issued"))
    }

    /// Checks that only an open invitation has an end, which is still to come.
    fn check_invitation(&self, part: &UserPart) -> Checked {
        let Some(at) = part.expires_at else { return Ok(()) };
        let open = part.status == UserStatus::Invited && at > self.now();
        ensure(open, || format!("`expires_at` is {at}, but the user has no invitation open until then"))
    }
}

// Resources, grants and keys.

impl Restore {
    fn role(&mut self, role: &Name, permissions: &Entries<Vec<String>>) -> Checked {
        ensure(self.catalog().has_custom_roles(), || "the catalog permits no other roles".to_owned())?;
        ensure(self.directory.role_record(role).is_none(), || format!("role `{role}` already exists"))?;
        ensure(self.directory.role_count() < MAX_ROLES as usize, || {
            format!("there are more than {MAX_ROLES} roles")
        })?;
        let masks = self.directory.named_role_masks(permissions)?;
        for (kind, permissions) in permissions {
            let id = self.directory.named_kind(kind)?;
            let listed = self.directory.named_permissions(id, permissions)?;
            self.closed(id, listed).map_err(|reason| format!("the role on `{kind}` {reason}"))?;
        }
        self.directory.set_role(role, &masks);
        Ok(())
    }

    fn everywhere(&mut self, to: &Grantee, roles: &[RoleContent]) -> Checked {
        let grantee = self.directory.named_grantee(to)?;
        let terms = self.add_roles(GrantRecord::default(), roles)?;
        ensure(!roles.is_empty(), || format!("`{to}` has no roles"))?;
        let before = self.directory.grant_record_of(grantee, Target::Everything);
        ensure(before == GrantRecord::default(), || format!("`{to}` is named twice"))?;
        self.directory.set_grant_record(grantee, Target::Everything, terms);
        Ok(())
    }

    fn kind_grant(&mut self, kind: &str, grant: &GrantContent) -> Checked {
        let id = self.directory.named_kind(kind)?;
        let singleton = self.catalog().definition(id).is_some_and(KindDefinition::singleton);
        ensure(!singleton, || format!("`{kind}` is a singleton"))?;
        self.special_grant(id, Target::Kind(id), grant)
    }

    /// Restores what a grantee is given on a target, ends and roles included.
    fn special_grant(&mut self, kind: KindId, on: Target, grant: &GrantContent) -> Checked {
        let grantee = self.directory.named_grantee(&grant.to)?;
        let before = self.directory.grant_record_of(grantee, on);
        ensure(before == GrantRecord::default(), || format!("`{}` is named twice", grant.to))?;
        let mut listed = GrantRecord::of(self.directory.named_permissions(kind, &grant.permissions)?);
        let mut terms = GrantRecord::of(self.directory.named_grant(kind, &grant.permissions)?);
        for ending in &grant.ending {
            let mask = self.directory.named_permissions(kind, &ending.permissions)?;
            let once = mask != 0 && listed.own() & mask == 0;
            ensure(once, || format!("a permission of `{}` has two ends, or an end has none", grant.to))?;
            self.is_to_come(ending.expires_at)?;
            listed.place(mask, Some(ending.expires_at));
            terms.grant(self.directory.named_grant(kind, &ending.permissions)?, Some(ending.expires_at));
        }
        // A permission lasts at least as long as each that implies it; the host's own catalog may imply more.
        ensure(listed == terms || self.stored_catalog.is_some(), || {
            format!("the grant to `{}` lacks permissions that others of it imply", grant.to)
        })?;
        let terms = self.add_roles(terms, &grant.roles)?;
        ensure(terms != GrantRecord::default(), || {
            format!("the grant to `{}` has no permissions", grant.to)
        })?;
        self.directory.set_grant_record(grantee, on, terms);
        Ok(())
    }

    fn add_roles(&self, mut terms: GrantRecord, roles: &[RoleContent]) -> Result<GrantRecord, String> {
        for RoleContent { role, expires_at } in roles {
            self.directory.named_role(role)?;
            ensure(!terms.has_role(role), || format!("role `{role}` is named twice"))?;
            if let Some(at) = expires_at {
                self.is_to_come(*at)?;
            }
            terms.place_role(role, *expires_at);
        }
        Ok(terms)
    }

    /// Checks that an end is later than the last commit, which would have applied it.
    fn is_to_come(&self, at: Timestamp) -> Checked {
        let now = self.now();
        ensure(at > now, || format!("`expires_at` is {at}, which is not after the last commit at {now}"))
    }

    /// Checks the permissions of a grant as they were listed, and returns them with all that they imply.
    fn grant(&self, kind: KindId, to: SubjectSlot, listed: u64) -> Result<u64, String> {
        let name = || self.directory.subject_name(to).map(|name| name.to_string()).unwrap_or_default();
        ensure(listed != 0, || format!("the grant to `{}` has no permissions", name()))?;
        self.closed(kind, listed).map_err(|reason| format!("the grant to `{}` {reason}", name()))
    }

    /// Checks that permissions are stored with all that they imply; the host's own catalog may imply more. Returns all.
    fn closed(&self, kind: KindId, listed: u64) -> Result<u64, String> {
        let closed = self.catalog().definition(kind).map_or(0, |kind| kind.close(listed));
        ensure(listed == closed || self.stored_catalog.is_some(), || {
            "lacks permissions that others of it imply".to_owned()
        })?;
        Ok(closed)
    }

    /// Checks that a scope is stored with all that its permissions imply.
    fn scope_closed(&self, entries: &Entries<Vec<String>>) -> Checked {
        for (on, permissions) in entries {
            let kind = self.directory.kind_of(self.directory.named_target(on)?);
            let kind = kind.ok_or_else(|| format!("unknown target `{on}`"))?;
            let listed = self.directory.named_permissions(kind, permissions)?;
            self.closed(kind, listed).map_err(|reason| format!("the scope on `{on}` {reason}"))?;
        }
        Ok(())
    }

    fn resource(&mut self, content: &ResourceContent) -> Checked {
        let part = self.resource_by_slot(content)?;
        self.put_resource(&part)
    }

    /// Looks up the names in the content of a resource.
    fn resource_by_slot(&self, content: &ResourceContent) -> Result<ResourcePart, String> {
        let directory = &self.directory;
        let (kind, key) = match parse_resource(self.catalog(), &content.resource) {
            ParsedTarget::Singleton(kind) => (kind, None),
            _ => directory.new_resource(&content.resource).map(|(kind, key)| (kind, Some(key)))?,
        };
        let mut grants = PlainGrants::with_capacity(content.grants.0.len());
        for (to, permissions) in &content.grants {
            let named: Grantee = to.parse().map_err(|error: ParseNameError| error.to_string())?;
            let grantee = SubjectSlot::of(directory.named_grantee(&named)?);
            grants.push((grantee, directory.named_permissions(kind, permissions)?));
        }
        let user = |name: &str| directory.named_user(name).map(UserId::slot);
        let group = |name: &str| directory.named_group(name).map(GroupId::slot);
        Ok(ResourcePart {
            id: content.id,
            kind,
            key,
            owner: content.owner.as_deref().map(user).transpose()?,
            parent: content.parent.clone().map(ParentPart::Named),
            closed: content.closed,
            grants,
            special_grants: content.special_grants.clone(),
            required: directory.named_permissions(kind, &content.required)?,
            credentials: content.credentials.iter().map(|name| user(name)).collect::<Result<_, _>>()?,
            owner_groups: content.owner_groups.iter().map(|name| group(name)).collect::<Result<_, _>>()?,
        })
    }

    /// Adds a resource.
    pub(crate) fn put_resource(&mut self, part: &ResourcePart) -> Checked {
        self.write_full_index(false);
        #[cfg(feature = "binary")]
        self.index_user_names()?;
        let id = self.place(part)?;
        let (kind, on) = (part.kind, Target::Resource(id));
        self.plain_grants(part)?;
        for grant in &part.special_grants {
            self.special_grant(kind, on, grant)?;
        }
        if part.required != 0 {
            self.directory.set_required(id, part.required);
        }
        for &user in &part.credentials {
            let user = self.directory.user_id(user).ok_or_else(|| no_user(user))?;
            self.directory.set_credential(user, id, true);
        }
        if let Some(owner) = part.owner {
            ensure(self.directory.users.has_slot(owner), || no_user(owner))?;
            self.directory.check_owner(id.slot(), owner)?;
            self.directory.collect_owner(&mut self.index, id.slot(), owner);
        }
        if part.closed {
            ensure(part.key.is_some(), || {
                let name = self.directory.resource_name(id).map(|name| name.to_string()).unwrap_or_default();
                format!("`{name}` cannot be closed")
            })?;
            self.directory.set_closed(id, true);
        }
        self.parents.extend(part.parent.clone().map(|parent| (id, parent)));
        part.owner_groups.iter().try_for_each(|&group| self.owner_group(id, part.owner, group))
    }

    /// Adds the grants of a resource that neither end nor come from a role.
    fn plain_grants(&mut self, part: &ResourcePart) -> Checked {
        let on = part.id.slot();
        let mut to_groups: SmallVec<[(GroupSlot, u64); 8]> = SmallVec::new();
        for &(to, listed) in &part.grants {
            let grantee = match to {
                SubjectSlot::Everyone => None,
                SubjectSlot::Grantee(grantee) => Some(grantee.kind()),
            };
            let is_there = match grantee {
                None => true,
                Some(GranteeKind::Group(group)) => self.directory.groups.has_slot(group),
                Some(GranteeKind::User(user)) => self.directory.users.has_slot(user),
            };
            ensure(is_there, || "a grant is to nobody".to_owned())?;
            let mask = self.grant(part.kind, to, listed)?;
            if let Some(GranteeKind::Group(group)) = grantee
                && part.key.is_some()
            {
                to_groups.push((group, mask));
                continue;
            }
            let on = TargetSlot::Resource(on);
            ensure(self.directory.mask_at(to, on) == 0, || self.named_twice(to))?;
            self.directory.write_grant_record(to, on, GrantRecord::of(mask));
        }
        let twice = self.directory.collect_grants(&mut self.index, on, &to_groups);
        twice.map_or(Ok(()), |group| Err(self.named_twice(SubjectSlot::Grantee(GranteeSlot::group(group)))))
    }

    fn named_twice(&self, to: SubjectSlot) -> String {
        let name = self.directory.subject_name(to).map(|name| name.to_string()).unwrap_or_default();
        format!("`{name}` is named twice")
    }

    /// Puts resources into their parents, once all of them are there: those above first, so that nothing lies inside what is put.
    fn put_inside(&mut self) -> Checked {
        let mut inside: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
        let mut below = BTreeSet::new();
        for (resource, parent) in core::mem::take(&mut self.parents) {
            let parent = match parent {
                ParentPart::Named(name) => self.directory.named_resource(&name)?,
                ParentPart::At(slot) => {
                    let found = self.directory.resource_id(slot);
                    found.ok_or_else(|| format!("there is no resource in slot {}", slot.index()))?
                }
            };
            inside.entry(parent).or_default().push(resource);
            below.insert(resource);
        }
        let mut parents: Vec<ResourceId> =
            inside.keys().copied().filter(|parent| !below.contains(parent)).collect();
        while let Some(parent) = parents.pop() {
            for resource in inside.remove(&parent).unwrap_or_default() {
                self.directory.check_parent(resource, parent)?;
                self.directory.set_parent(resource, Some(parent));
                parents.push(resource);
            }
        }
        // What is left lies inside itself, or below what does.
        let left = inside.keys().next().and_then(|&parent| self.directory.resource_name(parent));
        ensure(left.is_none(), || {
            let name = left.map(|name| name.to_string()).unwrap_or_default();
            format!("resource `{name}` lies inside itself, or inside one that does")
        })
    }

    /// Adds the resource of a record: that of a singleton kind, with the serial of its name, or another one.
    fn place(&mut self, part: &ResourcePart) -> Result<ResourceId, String> {
        let (id, kind) = (part.id, part.kind);
        let stored = NewId::Stored(id.index(), id.serial());
        let definition = self.catalog().definition(kind).ok_or("unknown kind")?;
        let (name, singleton) = (definition.name(), definition.singleton());
        let Some(key) = &part.key else {
            ensure(singleton, || format!("`{name}` cannot name a new resource"))?;
            ensure(self.directory.singleton_of(kind).is_none(), || format!("`{name}` is described twice"))?;
            let in_order = id.index() >= self.directory.resources.slots().end && id.index() < MAX_RESOURCES;
            let named = id.serial() == singleton_serial(name);
            ensure(in_order && named, || format!("`id` {id} is not that of `{name}`"))?;
            return Ok(self.directory.insert_resource(stored, kind, None));
        };
        ensure(!singleton && key != "*", || format!("`{name}/{key}` cannot name a new resource"))?;
        ensure(self.directory.resource_slot(kind, key).is_none(), || {
            format!("resource `{name}/{key}` already exists")
        })?;
        self.check_id(Sort::Resource, id.as_u64(), id.index(), id.serial())?;
        Ok(self.directory.insert_resource(stored, kind, Some(key.clone())))
    }

    /// Adds a group that includes the owner; the owner is in it (rule A10).
    fn owner_group(&mut self, resource: ResourceId, owner: Option<UserSlot>, group: GroupSlot) -> Checked {
        let id = self.directory.group_id(group).ok_or_else(|| no_group(group))?;
        let name = || self.directory.group_slot_name(group).unwrap_or_default();
        let record = self.directory.group_record(id);
        let free = record.is_some_and(|group| {
            group.membership == Membership::Explicit && group.includes_owner_of.is_none()
        });
        ensure(free, || format!("`{}` cannot include the owner", name()))?;
        let joined = owner.is_none_or(|owner| self.directory.has_joined_without_end(owner, group));
        ensure(joined, || format!("the owner has not joined `{}` without an end", name()))?;
        self.directory.include_owner(id, resource);
        Ok(())
    }

    fn key(&mut self, content: &KeyContent) -> Checked {
        self.directory.key_name_is_free(&content.key)?;
        self.check_id(Sort::Key, content.id.as_u64(), content.id.index(), content.id.serial())?;
        let acts_as = self.directory.named_user(&content.acts_as)?;
        let scope = match &content.scope {
            ScopeContent::All => Scope::All,
            ScopeContent::Entries(entries) => {
                self.scope_closed(entries)?;
                self.directory.named_scope(entries)?
            }
        };
        let now = self.now();
        let expired = content.expires_at.is_some_and(|at| at <= now);
        ensure(expired == content.expired, || format!("`expired` must be {expired} at {now}"))?;
        let id = NewId::Stored(content.id.index(), content.id.serial());
        let id = self.directory.insert_key(id, &content.key, acts_as, scope, content.expires_at);
        if expired {
            self.directory.expire_key(id);
        }
        Ok(())
    }
}

fn no_user(slot: UserSlot) -> String {
    format!("there is no user in slot {}", slot.index())
}

fn no_group(slot: GroupSlot) -> String {
    format!("there is no group in slot {}", slot.index())
}
