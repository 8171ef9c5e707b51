//! Reads a directory in the binary form.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use std::io::Read;

use super::ReadBinaryError;
use super::blocks::BlockReader;
use super::names::Places;
use super::records::{
    GivenRole, Grant, Id, Ids, Key, List, Members, Resource, Scope, Seat, Stored, Subject, User,
};
use crate::catalog::{Catalog, CatalogDocument, CatalogFingerprint, Entries, ProfileId};
use crate::directory::{
    self, Directory, EndingContent, GrantContent, Grantee, GranteeSlot, GroupSlot, KeyContent,
    MembershipRule, ParentPart, ResourcePart, ResourceSlot, RoleContent, ScopeContent, Slot as _,
    SubjectSlot, Target, UserPart, UserSlot,
};
use crate::id::{GroupId, KeyId, ResourceId, UserId};
use crate::name::Name;
use crate::seats::Basis;
use crate::snapshot::{Builder, Record, SnapshotError};
use crate::time::Timestamp;

/// Reads a whole directory, with the host's catalog if there is one.
pub(super) fn read(catalog: Option<Catalog>, reader: impl Read) -> Result<Directory, ReadBinaryError> {
    let (mut blocks, fingerprint) = BlockReader::new(reader)?;
    let mut decoder = Decoder::new(catalog, fingerprint);
    while !decoder.builder.is_complete() {
        blocks.advance()?;
        let mut rest = blocks.block();
        while !rest.is_empty() {
            let taken = postcard::take_from_bytes(rest);
            let (record, after) = taken.map_err(|error| blocks.malformed(error))?;
            match record {
                Stored::Catalog(text) => decoder.catalog(text, &blocks)?,
                Stored::License { license, phase } => {
                    let license = json(license, &blocks)?;
                    decoder.push(directory::Record::License { license, phase })?;
                }
                Stored::Scheduled { license } => {
                    let license = json(license, &blocks)?;
                    decoder.push(directory::Record::Scheduled { license })?;
                }
                record => decoder.take(record)?,
            }
            rest = after;
        }
    }
    blocks.expect_end()?;
    Ok(decoder.builder.finish()?)
}

fn json<'a, T: serde::Deserialize<'a>, R: Read>(
    text: &'a str,
    blocks: &BlockReader<R>,
) -> Result<T, ReadBinaryError> {
    serde_json::from_str(text).map_err(|error| blocks.malformed(error))
}

/// Turns records of the binary form into those of the builder, which checks them.
struct Decoder {
    builder: Builder,
    fingerprint: CatalogFingerprint,
    /// The host's catalog, until the stored one is read.
    host: Option<Catalog>,
    places: Option<Places>,
    roles: Vec<Name>,
    external: Vec<Name>,
    committed_at: u64,
    users: Ids,
    groups: Ids,
    resources: Ids,
    keys: Ids,
    /// The number of the last seat.
    seat: u64,
}

/// The outcome of looking something up; the error is why it is not there.
type Found<T> = Result<T, String>;

impl Decoder {
    fn new(host: Option<Catalog>, fingerprint: CatalogFingerprint) -> Self {
        Self {
            builder: Builder::new(),
            fingerprint,
            host,
            places: None,
            roles: Vec::new(),
            external: Vec::new(),
            committed_at: 0,
            users: Ids::default(),
            groups: Ids::default(),
            resources: Ids::default(),
            keys: Ids::default(),
            seat: 0,
        }
    }

    fn catalog<R: Read>(&mut self, text: &str, blocks: &BlockReader<R>) -> Result<(), ReadBinaryError> {
        if CatalogFingerprint::of(text.as_bytes()) != self.fingerprint {
            let problem = format!("it is not the one with the fingerprint {}", self.fingerprint);
            return Err(self.builder.refusal("`catalog`", problem).into());
        }
        let same = self.host.take_if(|host| host.fingerprint() == self.fingerprint);
        let stored = if let Some(host) = same {
            host
        } else {
            let document: CatalogDocument = json(text, blocks)?;
            Catalog::try_from(document).map_err(|source| SnapshotError::Catalog { source })?
        };
        self.builder.begin(stored.clone(), self.host.take())?;
        let used = self.builder.directory()?.catalog();
        self.places = Some(Places::new(stored, used));
        Ok(())
    }

    fn push(&mut self, record: directory::Record) -> Result<(), SnapshotError> {
        self.builder.push(Record(record))
    }

    /// Adds a record that was made of what was found.
    fn add(&mut self, what: &str, record: Found<directory::Record>) -> Result<(), SnapshotError> {
        let record = record.map_err(|problem| self.builder.refusal(what, problem))?;
        self.push(record)
    }

    fn take(&mut self, record: Stored<'_>) -> Result<(), SnapshotError> {
        use directory::Record as R;
        match record {
            Stored::RoleName(name) => {
                let name = self.table_name(name)?;
                self.roles.push(name);
                Ok(())
            }
            Stored::ExternalName(name) => {
                let name = self.table_name(name)?;
                self.external.push(name);
                Ok(())
            }
            Stored::Commits { revision, committed_at } => {
                self.committed_at = committed_at.as_millis();
                self.push(R::Commits { revision, committed_at })
            }
            Stored::Ids { users, groups, resources, keys } => {
                self.push(R::Ids { users, groups, resources, keys })
            }
            Stored::Book { profile, peak, peak_at, seat_ms } => {
                let record = self.profile_name(profile);
                let record = record.map(|profile| R::Book { profile, peak, peak_at, seat_ms });
                self.add("`book`", record)
            }
            Stored::Queue { last_turn, last_seat } => self.push(R::Queue { last_turn, last_seat }),
            Stored::Role { role, permissions } => {
                let record = self.role(role, &permissions);
                self.add("`role`", record)
            }
            Stored::Group { id, group, members } => {
                let record = self.group(id, group, members);
                self.add("`group`", record)
            }
            Stored::User(user) => {
                let part = self.user(&user).map_err(|problem| self.builder.refusal("`user`", problem))?;
                self.builder.push_user(&part)
            }
            Stored::Nested { group, outer } => {
                let record = self.nested(group, &outer);
                self.add("`nested`", record)
            }
            Stored::Managed { group, managers } => {
                let record = self.managed(group, &managers);
                self.add("`managed`", record)
            }
            Stored::KindGrant { kind, grant } => {
                let record = self.kind_grant(kind, &grant);
                self.add("`kind_grant`", record)
            }
            Stored::Resource(resource) => {
                let part = self.resource(&resource);
                let part = part.map_err(|problem| self.builder.refusal("`resource`", problem))?;
                self.builder.push_resource(&part)
            }
            Stored::Everywhere { to, roles } => {
                let record = self.everywhere(to, &roles);
                self.add("`everywhere`", record)
            }
            Stored::Key(key) => {
                let record = self.key(&key);
                self.add("`key`", record)
            }
            Stored::End { records } => self.push(R::End { records }),
            // The reader takes these, which contain JSON.
            Stored::Catalog(_) | Stored::License { .. } | Stored::Scheduled { .. } => Ok(()),
        }
    }

    /// A name of a table, of which all come before the records.
    fn table_name(&self, name: &str) -> Result<Name, SnapshotError> {
        let problem = match Name::new(name) {
            Ok(name) if self.builder.is_at_catalog() => return Ok(name),
            Ok(name) => format!("`{name}` is not directly after the catalog"),
            Err(error) => error.to_string(),
        };
        Err(self.builder.refusal("a name", problem))
    }

    fn role(&self, role: u32, permissions: &List<[(u8, u64); 4]>) -> Found<directory::Record> {
        let permissions = permissions.0.iter().map(|&(kind, places)| {
            let places_of = self.places()?;
            Ok((places_of.kind_name(kind)?.to_string(), places_of.permissions(kind, places)?))
        });
        let permissions = Entries(permissions.collect::<Found<_>>()?);
        Ok(directory::Record::Role { role: self.role_name(role)?, permissions })
    }

    fn group(&mut self, id: Id, group: &str, members: Members) -> Found<directory::Record> {
        let (index, serial) = read_id(&mut self.groups, id)?;
        let members = match members {
            Members::Explicit => MembershipRule::Explicit,
            Members::ByProfile(profiles) => {
                let profiles = profiles.0.iter().map(|&profile| self.profile_name(profile));
                MembershipRule::ByProfile(profiles.collect::<Found<_>>()?)
            }
            Members::External(names) => {
                let names = names.0.iter().map(|&name| self.external_name(name).map(String::from));
                MembershipRule::External(names.collect::<Found<_>>()?)
            }
        };
        Ok(directory::Record::Group { id: GroupId::new(index, serial), group: name(group)?, members })
    }

    fn user(&mut self, user: &User<'_>) -> Found<UserPart> {
        let (index, serial) = read_id(&mut self.users, user.id)?;
        let mut part = UserPart {
            id: UserId::new(index, serial),
            name: name(user.name)?,
            source: user.source,
            status: user.status,
            email: None,
            expires_at: None,
            reason: None,
            wants: user.wants.map(|profile| self.profile_id(profile)).transpose()?,
            holds: user.seat.map(|seat| self.held(seat)).transpose()?,
            seat_number: user.seat.map(|seat| self.seat_number(seat)),
            turn: user.turn,
            since: Timestamp::from_millis(
                self.committed_at.checked_sub(user.ago).ok_or("`since` is before the epoch")?,
            ),
            external: Vec::new(),
            groups: user.groups.0.iter().map(|&slot| GroupSlot::from_index(slot)).collect(),
            group_ends: Vec::new(),
        };
        if let Some(more) = &user.more {
            part.email = more.email.map(name).transpose()?;
            part.expires_at = more.expires_at;
            part.reason = more.reason.map(name).transpose()?;
            let external = more.external.0.iter().map(|&place| self.external_name(place));
            part.external = external.collect::<Found<_>>()?;
            let ends = more.group_ends.0.iter();
            part.group_ends = ends.map(|&(slot, at)| (GroupSlot::from_index(slot), at)).collect();
        }
        Ok(part)
    }

    fn held(&self, seat: Seat) -> Found<(ProfileId, Basis)> {
        Ok((self.profile_id(seat.profile)?, seat.basis))
    }

    fn seat_number(&mut self, seat: Seat) -> u64 {
        self.seat = self.seat.wrapping_add(1).wrapping_add(seat.number.cast_unsigned());
        self.seat
    }

    fn nested(&self, group: u32, outer: &List<[u32; 4]>) -> Found<directory::Record> {
        let outer = outer.0.iter().map(|&slot| self.group_name(slot)).collect::<Found<_>>()?;
        Ok(directory::Record::Nested { group: self.group_name(group)?, outer })
    }

    fn managed(&self, group: u32, managers: &List<[Subject; 4]>) -> Found<directory::Record> {
        let managers = managers.0.iter().map(|&manager| self.grantee(manager)).collect::<Found<_>>()?;
        Ok(directory::Record::Managed { group: self.group_name(group)?, managers })
    }

    fn kind_grant(&self, kind: u8, grant: &Grant) -> Found<directory::Record> {
        let name = self.places()?.kind_name(kind)?.to_string();
        Ok(directory::Record::KindGrant { kind: name, grant: self.grant(kind, grant)? })
    }

    fn grant(&self, kind: u8, grant: &Grant) -> Found<GrantContent> {
        let places = self.places()?;
        let ending = grant.ending.0.iter().map(|&(expires_at, mask)| {
            Ok::<_, String>(EndingContent { expires_at, permissions: places.permissions(kind, mask)? })
        });
        Ok(GrantContent {
            to: self.grantee(grant.to)?,
            permissions: places.permissions(kind, grant.permissions)?,
            ending: ending.collect::<Found<_>>()?,
            roles: self.given(&grant.roles.0)?,
        })
    }

    fn resource(&mut self, resource: &Resource<'_>) -> Found<ResourcePart> {
        let (index, serial) = read_id(&mut self.resources, resource.id)?;
        let (places, kind) = (self.places()?, resource.kind);
        let grants = resource.grants.0.iter();
        let grants = grants.map(|&(to, listed)| Ok::<_, String>((subject(to)?, places.mask(kind, listed)?)));
        let mut part = ResourcePart {
            id: ResourceId::new(index, serial),
            kind: places.kind_id(kind)?,
            key: resource.key.map(name).transpose()?,
            owner: resource.owner.map(UserSlot::from_index),
            parent: resource.parent.map(|slot| ParentPart::At(ResourceSlot::from_index(slot))),
            closed: false,
            grants: grants.collect::<Found<_>>()?,
            special_grants: Vec::new(),
            required: 0,
            credentials: Vec::new(),
            owner_groups: Vec::new(),
        };
        if let Some(more) = &resource.more {
            part.closed = more.closed;
            let special = more.special_grants.0.iter().map(|grant| self.grant(kind, grant));
            part.special_grants = special.collect::<Found<_>>()?;
            part.required = places.mask(kind, more.required)?;
            part.credentials = more.credentials.0.iter().map(|&slot| UserSlot::from_index(slot)).collect();
            part.owner_groups = more.owner_groups.0.iter().map(|&slot| GroupSlot::from_index(slot)).collect();
        }
        Ok(part)
    }

    fn everywhere(&self, to: Subject, roles: &List<[GivenRole; 4]>) -> Found<directory::Record> {
        Ok(directory::Record::Everywhere { to: self.grantee(to)?, roles: self.given(&roles.0)? })
    }

    fn given(&self, roles: &[GivenRole]) -> Found<Vec<RoleContent>> {
        let given = |role: &GivenRole| {
            Ok(RoleContent { role: self.role_name(role.role)?, expires_at: role.expires_at })
        };
        roles.iter().map(given).collect()
    }

    fn key(&mut self, key: &Key<'_>) -> Found<directory::Record> {
        let (index, serial) = read_id(&mut self.keys, key.id)?;
        Ok(directory::Record::Key(Box::new(KeyContent {
            id: KeyId::new(index, serial),
            key: name(key.name)?,
            acts_as: self.user_name(key.acts_as)?,
            scope: self.scope(&key.scope)?,
            expires_at: key.expires_at,
            expired: key.expired,
        })))
    }

    fn scope(&self, scope: &Scope) -> Found<ScopeContent> {
        let Scope::Entries { kinds, resources } = scope else { return Ok(ScopeContent::All) };
        let (places, directory) = (self.places()?, self.directory()?);
        let mut entries = Vec::new();
        for &(kind, mask) in &kinds.0 {
            let on = directory.target_name(Target::Kind(places.kind_id(kind)?)).unwrap_or_default();
            entries.push((on, places.permissions(kind, mask)?));
        }
        for &(slot, mask) in &resources.0 {
            let found = ResourceSlot::from_index(slot);
            let on = directory.resource_slot_name(found);
            let on = on.ok_or_else(|| format!("there is no resource in slot {slot}"))?;
            // The kind of a resource is one of the stored catalog, or it would not have been read.
            let kind =
                places.place_named(on.kind()).ok_or_else(|| format!("unknown kind `{}`", on.kind()))?;
            entries.push((on.to_string(), places.permissions(kind, mask)?));
        }
        Ok(ScopeContent::Entries(Entries(entries)))
    }

    // Looking up.

    fn places(&self) -> Found<&Places> {
        self.places.as_ref().ok_or_else(|| "there is no catalog".to_string())
    }

    fn directory(&self) -> Found<&Directory> {
        self.builder.directory().map_err(|error| error.to_string())
    }

    fn profile_id(&self, place: u8) -> Found<ProfileId> {
        self.places()?.profile_id(place)
    }

    fn profile_name(&self, place: u8) -> Found<String> {
        Ok(self.places()?.profile_name(place)?.to_string())
    }

    fn role_name(&self, place: u32) -> Found<Name> {
        let name = usize::try_from(place).ok().and_then(|place| self.roles.get(place));
        name.cloned().ok_or_else(|| format!("there is no role {place}"))
    }

    fn external_name(&self, place: u32) -> Found<Name> {
        let name = usize::try_from(place).ok().and_then(|place| self.external.get(place));
        name.cloned().ok_or_else(|| format!("there is no external name {place}"))
    }

    fn group_name(&self, slot: u32) -> Found<Name> {
        let group = self.directory()?.group_record_at(GroupSlot::from_index(slot));
        let name = group.and_then(|group| group.name.clone());
        name.ok_or_else(|| format!("there is no group in slot {slot}"))
    }

    fn user_name(&self, slot: u32) -> Found<Name> {
        let user = self.directory()?.user_record_at(UserSlot::from_index(slot));
        let name = user.and_then(|user| user.name.clone());
        name.ok_or_else(|| format!("there is no user in slot {slot}"))
    }

    fn grantee(&self, to: Subject) -> Found<Grantee> {
        match subject(to)? {
            SubjectSlot::Everyone => Ok(Grantee::Everyone),
            SubjectSlot::Grantee(slot) => {
                let name = self.directory()?.grantee_slot_name(slot);
                name.ok_or_else(|| format!("there is no grantee {}", to.0))
            }
        }
    }
}

fn name(text: &str) -> Found<Name> {
    Name::new(text).map_err(|error| error.to_string())
}

fn read_id(ids: &mut Ids, id: Id) -> Found<(u32, u32)> {
    ids.read(id).ok_or_else(|| "the id is out of range".to_string())
}

/// Reads a grantee whose slot is one that grantees can have.
fn subject(Subject(number): Subject) -> Found<SubjectSlot> {
    let Some(counted) = number.checked_sub(1) else { return Ok(SubjectSlot::Everyone) };
    let slot = u32::try_from(counted >> 1).ok().filter(|slot| *slot <= u32::MAX >> 1);
    let slot = slot.ok_or_else(|| format!("there is no grantee {number}"))?;
    Ok(SubjectSlot::Grantee(if counted & 1 == 0 {
        GranteeSlot::group(GroupSlot::from_index(slot))
    } else {
        GranteeSlot::user(UserSlot::from_index(slot))
    }))
}
