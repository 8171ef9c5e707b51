//! Writes a directory in the binary form.

use alloc::collections::BTreeMap;
use alloc::string::String;
use std::io::{self, Write};

use super::blocks::BlockWriter;
use super::names::Places;
use super::records::{
    GivenRole, Grant, Ids, Key, List, Members, Resource, ResourceMore, Scope, Seat, Stored, Subject, User,
    UserMore,
};
use crate::catalog::{Entries, KindId};
use crate::directory::{
    Directory, GrantContent, Grantee, GranteeKind, KeyContent, MembershipRule, ParentPart, Record,
    ResourcePart, RoleContent, ScopeContent, SubjectSlot, Target, UserPart, UserSlot,
};
use crate::id::{GroupId, UserId};
use crate::name::Name;

/// Writes the whole directory.
pub(super) fn write(directory: &Directory, writer: impl Write) -> io::Result<()> {
    let catalog = directory.catalog();
    let blocks = BlockWriter::new(writer, catalog.fingerprint())?;
    let mut encoder = Encoder::new(directory, blocks);
    encoder.names()?;
    for record in directory.records_before_users() {
        encoder.record(&record)?;
    }
    for (slot, _) in directory.live_users() {
        if let Some(user) = directory.user_part(slot) {
            encoder.user(&user)?;
        }
    }
    for record in directory.records_before_resources() {
        encoder.record(&record)?;
    }
    for (slot, _) in directory.live_resources() {
        if let Some(resource) = directory.resource_part(slot) {
            encoder.resource(&resource)?;
        }
    }
    for record in directory.records_after_resources() {
        encoder.record(&record)?;
    }
    encoder.finish()
}

struct Encoder<'a, W> {
    directory: &'a Directory,
    blocks: BlockWriter<W>,
    places: Places,
    /// The places in the table of roles.
    roles: BTreeMap<&'a Name, u32>,
    /// The places in the table of external names.
    external: BTreeMap<&'a Name, u32>,
    committed_at: u64,
    records: u64,
    users: Ids,
    groups: Ids,
    resources: Ids,
    keys: Ids,
    /// The number of the last seat.
    seat: u64,
}

impl<'a, W: Write> Encoder<'a, W> {
    fn new(directory: &'a Directory, blocks: BlockWriter<W>) -> Self {
        let catalog = directory.catalog();
        Self {
            directory,
            blocks,
            places: Places::new(catalog.clone(), catalog),
            roles: directory.role_names().zip(0..).collect(),
            external: directory.external_names().zip(0..).collect(),
            committed_at: directory.committed_at().as_millis(),
            // The frame of the records: their version and the catalog.
            records: 2,
            users: Ids::default(),
            groups: Ids::default(),
            resources: Ids::default(),
            keys: Ids::default(),
            seat: 0,
        }
    }

    /// Writes the catalog and the tables of names.
    fn names(&mut self) -> io::Result<()> {
        let catalog = self.directory.catalog().canonical();
        let catalog = core::str::from_utf8(&catalog).map_err(io::Error::other)?;
        self.blocks.add(&Stored::Catalog(catalog))?;
        for name in self.directory.role_names() {
            self.blocks.add(&Stored::RoleName(name))?;
        }
        self.directory.external_names().try_for_each(|name| self.blocks.add(&Stored::ExternalName(name)))
    }

    fn add(&mut self, record: &Stored<'_>) -> io::Result<()> {
        self.records = self.records.saturating_add(1);
        self.blocks.add(record)
    }

    fn finish(mut self) -> io::Result<()> {
        let records = self.records;
        self.add(&Stored::End { records })?;
        self.blocks.finish()
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Commits { revision, committed_at } => {
                self.add(&Stored::Commits { revision: *revision, committed_at: *committed_at })
            }
            &Record::Ids { users, groups, resources, keys } => {
                self.add(&Stored::Ids { users, groups, resources, keys })
            }
            Record::License { license, phase } => {
                let license = serde_json::to_string(license)?;
                self.add(&Stored::License { license: &license, phase: *phase })
            }
            Record::Scheduled { license } => {
                let license = serde_json::to_string(license)?;
                self.add(&Stored::Scheduled { license: &license })
            }
            Record::Book { profile, peak, peak_at, seat_ms } => {
                let profile = self.profile(profile);
                let (peak, peak_at, seat_ms) = (*peak, *peak_at, *seat_ms);
                self.add(&Stored::Book { profile, peak, peak_at, seat_ms })
            }
            &Record::Queue { last_turn, last_seat } => self.add(&Stored::Queue { last_turn, last_seat }),
            Record::Role { role, permissions } => {
                let permissions = permissions.iter().filter_map(|(kind, permissions)| {
                    let kind = self.directory.catalog().kind_by_name(kind)?;
                    Some((kind.get(), self.named_places(kind, permissions)))
                });
                let stored = Stored::Role { role: self.role(role), permissions: permissions.collect() };
                self.add(&stored)
            }
            Record::Group { id, group, members } => {
                let id = self.groups.write(id.index(), id.serial());
                let stored = Stored::Group { id, group, members: self.members(members) };
                self.add(&stored)
            }
            Record::Nested { group, outer } => {
                let outer = outer.iter().map(|outer| self.group(outer)).collect();
                self.add(&Stored::Nested { group: self.group(group), outer })
            }
            Record::Managed { group, managers } => {
                let managers = managers.iter().map(|manager| self.grantee(manager)).collect();
                self.add(&Stored::Managed { group: self.group(group), managers })
            }
            Record::KindGrant { kind, grant } => {
                let Some(kind) = self.directory.catalog().kind_by_name(kind) else { return Ok(()) };
                let grant = self.grant(kind, grant);
                self.add(&Stored::KindGrant { kind: kind.get(), grant })
            }
            Record::Everywhere { to, roles } => {
                let stored = Stored::Everywhere { to: self.grantee(to), roles: self.given(roles) };
                self.add(&stored)
            }
            Record::Key(key) => self.key(key),
            // The frame is written apart, and so are users and resources, which are many.
            Record::Snapshot { .. }
            | Record::Catalog(_)
            | Record::User(_)
            | Record::Resource(_)
            | Record::End { .. } => Ok(()),
        }
    }

    fn user(&mut self, user: &UserPart) -> io::Result<()> {
        let seat = user.holds.zip(user.seat_number).map(|((profile, basis), number)| {
            let before = core::mem::replace(&mut self.seat, number);
            let number = number.wrapping_sub(before).wrapping_sub(1).cast_signed();
            Seat { profile: profile.get(), basis, number }
        });
        let more = UserMore {
            email: user.email.as_deref(),
            expires_at: user.expires_at,
            reason: user.reason.as_deref(),
            external: user.external.iter().filter_map(|name| self.external.get(name).copied()).collect(),
            group_ends: user.group_ends.iter().map(|(group, at)| (group.index(), *at)).collect(),
        };
        let few = user.email.is_none() && user.expires_at.is_none() && user.reason.is_none();
        let plain = few && user.external.is_empty() && user.group_ends.is_empty();
        let stored = Stored::User(User {
            id: self.users.write(user.id.index(), user.id.serial()),
            name: &user.name,
            source: user.source,
            status: user.status,
            wants: user.wants.map(crate::catalog::ProfileId::get),
            seat,
            turn: user.turn,
            ago: self.committed_at.saturating_sub(user.since.as_millis()),
            groups: user.groups.iter().map(|group| group.index()).collect(),
            more: (!plain).then_some(more),
        });
        self.add(&stored)
    }

    fn resource(&mut self, resource: &ResourcePart) -> io::Result<()> {
        let kind = resource.kind;
        let grants = resource.grants.iter();
        let grants = grants.map(|&(to, mask)| (subject(to), self.places.places_of(kind, mask))).collect();
        let more = ResourceMore {
            closed: resource.closed,
            special_grants: resource.special_grants.iter().map(|grant| self.grant(kind, grant)).collect(),
            required: self.places.places_of(kind, resource.required),
            credentials: resource.credentials.iter().map(|user| user.index()).collect(),
            owner_groups: resource.owner_groups.iter().map(|group| group.index()).collect(),
        };
        let plain = !resource.closed && resource.special_grants.is_empty() && resource.required == 0;
        let plain = plain && resource.credentials.is_empty() && resource.owner_groups.is_empty();
        let stored = Stored::Resource(Resource {
            id: self.resources.write(resource.id.index(), resource.id.serial()),
            kind: kind.get(),
            key: resource.key.as_deref(),
            owner: resource.owner.map(UserSlot::index),
            parent: resource.parent.as_ref().and_then(|parent| match parent {
                ParentPart::At(slot) => Some(slot.index()),
                ParentPart::Named(_) => None,
            }),
            grants,
            more: (!plain).then_some(more),
        });
        self.add(&stored)
    }

    fn key(&mut self, key: &KeyContent) -> io::Result<()> {
        let stored = Stored::Key(Key {
            id: self.keys.write(key.id.index(), key.id.serial()),
            name: &key.key,
            acts_as: self.user_slot(&key.acts_as),
            scope: match &key.scope {
                ScopeContent::All => Scope::All,
                ScopeContent::Entries(entries) => self.scope(entries),
            },
            expires_at: key.expires_at,
            expired: key.expired,
        });
        self.add(&stored)
    }

    fn scope(&self, entries: &Entries<alloc::vec::Vec<String>>) -> Scope {
        let (mut kinds, mut resources) = (List::default(), List::default());
        for (on, permissions) in entries {
            let Ok(target) = self.directory.find_target(on) else { continue };
            let Some(kind) = self.directory.kind_of(target) else { continue };
            let places = self.named_places(kind, permissions);
            match target {
                Target::Kind(kind) => kinds.0.push((kind.get(), places)),
                Target::Resource(id) => resources.0.push((id.index(), places)),
                Target::Everything => {}
            }
        }
        kinds.0.sort_unstable();
        resources.0.sort_unstable();
        Scope::Entries { kinds, resources }
    }

    fn members(&self, members: &MembershipRule) -> Members {
        match members {
            MembershipRule::Explicit => Members::Explicit,
            MembershipRule::ByProfile(profiles) => {
                Members::ByProfile(profiles.iter().map(|profile| self.profile(profile)).collect())
            }
            MembershipRule::External(names) => {
                let place = |name: &String| {
                    let name = Name::new(name).ok()?;
                    self.external.get(&name).copied()
                };
                Members::External(names.iter().filter_map(place).collect())
            }
        }
    }

    fn grant(&self, kind: KindId, grant: &GrantContent) -> Grant {
        let ending = grant.ending.iter();
        Grant {
            to: self.grantee(&grant.to),
            permissions: self.named_places(kind, &grant.permissions),
            ending: ending.map(|end| (end.expires_at, self.named_places(kind, &end.permissions))).collect(),
            roles: self.given(&grant.roles),
        }
    }

    fn given<const N: usize>(&self, roles: &[RoleContent]) -> List<[GivenRole; N]> {
        let given =
            |role: &RoleContent| GivenRole { role: self.role(&role.role), expires_at: role.expires_at };
        roles.iter().map(given).collect()
    }

    /// The places of permissions by name.
    fn named_places(&self, kind: KindId, permissions: &[String]) -> u64 {
        let definition = self.directory.catalog().definition(kind);
        let bit = |name: &String| definition.and_then(|kind| kind.bit(name));
        let mask = permissions.iter().filter_map(bit).fold(0, |mask, bit| mask | bit);
        self.places.places_of(kind, mask)
    }

    // What a directory names exists in it.

    fn profile(&self, name: &str) -> u8 {
        self.directory.catalog().profile_by_name(name).map_or(0, crate::catalog::ProfileId::get)
    }

    fn role(&self, name: &Name) -> u32 {
        self.roles.get(name).copied().unwrap_or_default()
    }

    fn group(&self, name: &str) -> u32 {
        self.directory.group_by_name(name).map_or(0, GroupId::index)
    }

    fn user_slot(&self, name: &str) -> u32 {
        self.directory.user_by_name(name).map_or(0, UserId::index)
    }

    fn grantee(&self, to: &Grantee) -> Subject {
        match to {
            Grantee::Everyone => Subject(0),
            Grantee::Group(name) => group_subject(self.group(name)),
            Grantee::User(name) => user_subject(self.user_slot(name)),
        }
    }
}

fn subject(to: SubjectSlot) -> Subject {
    match to {
        SubjectSlot::Everyone => Subject(0),
        SubjectSlot::Grantee(grantee) => match grantee.kind() {
            GranteeKind::Group(group) => group_subject(group.index()),
            GranteeKind::User(user) => user_subject(user.index()),
        },
    }
}

/// Odd numbers are groups, and even ones from 2 are users.
fn group_subject(slot: u32) -> Subject {
    Subject(u64::from(slot).saturating_mul(2).saturating_add(1))
}

fn user_subject(slot: u32) -> Subject {
    Subject(u64::from(slot).saturating_mul(2).saturating_add(2))
}
