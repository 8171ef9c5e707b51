//! Who may ask for a command: the areas that a catalog opens (rules D2 to D4 and D13).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use crate::catalog::{AdministrationDefinition, Area, KindId};
use crate::change::command::Command;
use crate::change::grant::Given;
use crate::change::refusal::Unauthorized;
use crate::directory::{
    Directory, GrantRecord, Grantee, ResourceRow, ResourceSlot, Target, TargetSlot, UserSlot, UserSource,
    kinds_in,
};
use crate::id::{GroupId, ResourceId, UserId};

/// A condition for asking for a command: one of its ways is enough.
pub(super) struct Condition<'a> {
    pub(super) ways: Vec<Way<'a>>,
    /// The reason of a refusal if no way is a permission.
    pub(super) otherwise: Unauthorized,
}

/// What lets an actor ask.
pub(super) enum Way<'a> {
    /// One of some permissions is allowed.
    Allowed(Asked<'a>),
    /// One of some permissions is granted, whatever the license says.
    Granted(Asked<'a>),
    /// The actor is a manager of a group.
    Manages(GroupId),
    /// The actor is a user, or a key that acts as that user.
    ActsAs(UserSlot),
    /// The same, and the key has no limit.
    Is(UserSlot),
}

/// Permissions that an area names, on a target that a text names.
pub(super) struct Asked<'a> {
    pub(super) area: &'static str,
    /// `None` if the command does not name it, so that a refusal must not either.
    pub(super) name: Option<&'a str>,
    /// `None` if it does not exist: there nothing is held (rule D2).
    pub(super) on: Option<TargetSlot>,
    pub(super) kind: KindId,
    pub(super) permissions: u64,
}

/// What a catalog opens, and the directory as a command finds it.
#[derive(Clone, Copy)]
pub(super) struct Areas<'a> {
    pub(super) directory: &'a Directory,
    pub(super) administration: &'a AdministrationDefinition,
}

impl<'a> Condition<'a> {
    fn only(way: Way<'a>, otherwise: Unauthorized) -> Self {
        Self { ways: Vec::from([way]), otherwise }
    }

    fn never(otherwise: Unauthorized) -> Self {
        Self { ways: Vec::new(), otherwise }
    }

    fn or(mut self, way: Option<Way<'a>>) -> Self {
        self.ways.extend(way);
        self
    }
}

impl<'a> Areas<'a> {
    /// Returns the conditions under which an actor may ask for a command, whether or not it has faults of its own.
    pub(super) fn conditions(self, command: &'a Command) -> Vec<Condition<'a>> {
        match command {
            Command::Tick {} => Vec::new(),
            Command::AddUser(command) => self.to_add_people(command.profile.as_ref(), &command.groups),
            Command::Invite(command) => self.to_add_people(command.profile.as_ref(), &command.groups),
            Command::InviteMany(command) => self.to_add_people(command.profile.as_ref(), &command.groups),
            Command::RevokeInvite { .. } | Command::Suspend { .. } | Command::Reinstate { .. } => {
                self.one(Area::People)
            }
            Command::RemoveUser(command) => self.to_remove_user(&command.user, command.heir.is_some()),
            Command::RenameUser { user, .. } => self.to_rename(user),
            Command::AssignProfile { .. } => self.one(Area::Seats),
            Command::InstallLicense(_) | Command::RemoveLicense { .. } => self.one(Area::License),
            Command::AddGroup(_)
            | Command::RemoveGroup { .. }
            | Command::SetManagers { .. }
            | Command::Nest { .. }
            | Command::Unnest { .. } => self.one(Area::Groups),
            Command::Join(command) => Vec::from([self.to_change_members(&command.group)]),
            Command::Leave { group, .. } => Vec::from([self.to_change_members(group)]),
            Command::AddRole(_) | Command::SetRole(_) | Command::RemoveRole { .. } => self.one(Area::Roles),
            Command::AddResource(command) => self.to_create(&command.resource, command.parent.as_deref()),
            Command::RemoveResource { resource } => {
                Vec::from([self.on_resource("remove", resource, AdministrationDefinition::removal_on)])
            }
            Command::MoveResource { resource, parent } => {
                let mut conditions = Vec::from([self.to_change(resource)]);
                conditions.extend(self.to_create(resource, parent.as_deref()));
                conditions
            }
            Command::Close { resource }
            | Command::Open { resource }
            | Command::RequireCredential { resource, .. } => Vec::from([self.to_change(resource)]),
            Command::TransferOwnership { resource, .. } => self.to_transfer(resource),
            Command::Grant(command) => self.to_give(&command.to, &command.on, &command.given),
            Command::Revoke(command) => self.to_give(&command.to, &command.on, &command.given),
            Command::SetGrant(command) => {
                self.to_change_access(&command.on, &command.roles, Some(&command.to))
            }
            Command::RecordCredential { user, .. } | Command::ForgetCredential { user, .. } => {
                let user = self.directory.user_by_name(user).map(|user| Way::Is(user.slot()));
                Vec::from([self.area(Area::People).or(user)])
            }
            Command::AddKey(command) => Self::own_key(self.directory.user_by_name(&command.acts_as)),
            Command::RemoveKey { key } => {
                let key = self.directory.key_by_name(key);
                Self::own_key(key.and_then(|key| self.directory.user_of(key)))
            }
            // These say what another system found, or speak for another (rule D3).
            Command::SyncUser(_) | Command::AcceptInvite { .. } => {
                Vec::from([Condition::never(Unauthorized::HostOnly)])
            }
        }
    }

    fn one(self, area: Area) -> Vec<Condition<'a>> {
        Vec::from([self.area(area)])
    }

    /// An area that is asked on singletons.
    pub(super) fn area(self, area: Area) -> Condition<'a> {
        let ways = self.administration.area(area).iter().map(|&(kind, permissions)| {
            let name = self.directory.catalog().kind_name(kind);
            let on = self.directory.whole_of(kind);
            let asked = Asked { area: area.as_str(), name, on, kind, permissions };
            // A lapsed license could never be renewed if what it takes away were needed for that.
            if area.is_by_grant() { Way::Granted(asked) } else { Way::Allowed(asked) }
        });
        Condition { ways: ways.collect(), otherwise: self.not_open(area.as_str(), None, None) }
    }

    /// An area by kind, on a resource that a text names; a whole kind is none.
    fn on_resource(
        self,
        area: &'static str,
        name: &'a str,
        permissions: impl FnOnce(&AdministrationDefinition, KindId) -> u64,
    ) -> Condition<'a> {
        let on = self.resource_named(name).map(|id| TargetSlot::Resource(id.slot()));
        self.by_kind(area, self.kind_named_in(name), Some(name), on, permissions)
    }

    fn by_kind(
        self,
        area: &'static str,
        kind: Option<KindId>,
        name: Option<&'a str>,
        on: Option<TargetSlot>,
        permissions: impl FnOnce(&AdministrationDefinition, KindId) -> u64,
    ) -> Condition<'a> {
        let otherwise = self.not_open(area, kind, name);
        let Some(kind) = kind else { return Condition::never(otherwise) };
        let permissions = permissions(self.administration, kind);
        Condition::only(Way::Allowed(Asked { area, name, on, kind, permissions }), otherwise)
    }

    fn not_open(self, area: &'static str, kind: Option<KindId>, on: Option<&str>) -> Unauthorized {
        let kind = kind.and_then(|kind| self.directory.catalog().kind_name(kind)).map(str::to_owned);
        Unauthorized::NotOpen { area, kind, on: on.map(str::to_owned), inside: Vec::new() }
    }

    /// Names the kinds of places inside which it is open.
    fn not_open_to_create(self, kind: Option<KindId>, on: &str, places: &[(KindId, u64)]) -> Unauthorized {
        let catalog = self.directory.catalog();
        let names = places.iter().filter_map(|&(place, _)| catalog.kind_name(place));
        let kind = kind.and_then(|kind| catalog.kind_name(kind)).map(str::to_owned);
        let inside = names.map(str::to_owned).collect();
        Unauthorized::NotOpen { area: "create", kind, on: Some(on.to_owned()), inside }
    }

    fn kind_named_in(self, target: &str) -> Option<KindId> {
        let kind = target.split('/').next().unwrap_or_default();
        self.directory.catalog().kind_by_name(kind)
    }

    fn resource_named(self, text: &str) -> Option<ResourceId> {
        match self.directory.find_target(text) {
            Ok(Target::Resource(resource)) => Some(resource),
            _ => None,
        }
    }

    fn to_change(self, resource: &'a str) -> Condition<'a> {
        self.on_resource("access", resource, access_to)
    }

    /// Ownership of a singleton is transferred only by its owner.
    fn to_transfer(self, resource: &'a str) -> Vec<Condition<'a>> {
        let on = self.resource_named(resource).map(ResourceId::slot);
        let kind = self.kind_named_in(resource);
        let target = on.map(TargetSlot::Resource);
        let ownership = AdministrationDefinition::ownership_of;
        let condition = self.by_kind("ownership", kind, Some(resource), target, ownership);
        core::iter::once(condition).chain(on.and_then(|on| self.by_owner(on))).collect()
    }

    fn by_owner(self, on: ResourceSlot) -> Option<Condition<'a>> {
        let row = self.directory.resource_row_at(on).filter(|row| row.singleton)?;
        let resource = self.directory.catalog().kind_name(row.kind()).unwrap_or_default().to_owned();
        let ways = row.owner().map(Way::ActsAs).into_iter().collect();
        Some(Condition { ways, otherwise: Unauthorized::NotOwner { resource } })
    }

    /// One permission on each place that applies: the singletons named, and the parent if its kind is named (rule D4).
    fn to_create(self, resource: &'a str, parent: Option<&'a str>) -> Vec<Condition<'a>> {
        let area = "create";
        let kind = self.kind_named_in(resource);
        let named = kind.map(|kind| self.administration.create_in(kind)).unwrap_or_default();
        let otherwise = || self.not_open_to_create(kind, resource, named);
        let parent = parent.and_then(|parent| Some((self.kind_named_in(parent)?, parent)));
        let place = |&(kind, permissions): &(KindId, u64)| {
            let singleton = self.directory.singleton_of(kind).map(TargetSlot::Resource);
            let (name, on) = match (singleton, parent) {
                (Some(_), _) => (self.directory.catalog().kind_name(kind).unwrap_or_default(), singleton),
                (None, Some((of, parent))) if of == kind => {
                    (parent, self.resource_named(parent).map(|id| TargetSlot::Resource(id.slot())))
                }
                _ => return None,
            };
            let asked = Asked { area, name: Some(name), on, kind, permissions };
            Some(Condition::only(Way::Allowed(asked), otherwise()))
        };
        let places: Vec<Condition<'a>> = named.iter().filter_map(place).collect();
        if places.is_empty() { Vec::from([Condition::never(otherwise())]) } else { places }
    }

    /// A profile that is not the default, and groups, are areas of their own (rule D3).
    fn to_add_people(self, profile: Option<&Option<String>>, groups: &'a [String]) -> Vec<Condition<'a>> {
        let mut conditions = self.one(Area::People);
        if self.is_another_profile(profile) {
            conditions.push(self.area(Area::Seats));
        }
        conditions.extend(groups.iter().map(|group| self.to_change_members(group)));
        conditions
    }

    /// Returns `true` if a command names a profile that is not the default.
    pub(super) fn is_another_profile(self, profile: Option<&Option<String>>) -> bool {
        let catalog = self.directory.catalog();
        let default = catalog.default_profile().and_then(|profile| catalog.profile_name(profile));
        profile.is_some_and(|profile| profile.as_deref() != default)
    }

    /// The area, or being a manager of the group (rule D9).
    fn to_change_members(self, group: &str) -> Condition<'a> {
        self.area(Area::Groups).or(self.directory.group_by_name(group).map(Way::Manages))
    }

    /// Naming an heir is a transfer of each thing owned.
    fn to_remove_user(self, user: &str, has_heir: bool) -> Vec<Condition<'a>> {
        let user = self.directory.user_by_name(user).filter(|_| has_heir);
        let owned = user.into_iter().flat_map(|user| self.directory.owned_by(user.slot()));
        let transfers = owned.flat_map(|on| {
            let kind = self.directory.resource_row_at(on).map(ResourceRow::kind);
            let ownership = AdministrationDefinition::ownership_of;
            let target = Some(TargetSlot::Resource(on));
            let condition = self.by_kind("ownership", kind, None, target, ownership);
            core::iter::once(condition).chain(self.by_owner(on))
        });
        core::iter::once(self.area(Area::People)).chain(transfers).collect()
    }

    /// Who comes from elsewhere is renamed by the host only (rule D11).
    fn to_rename(self, user: &str) -> Vec<Condition<'a>> {
        let source = self.directory.user_by_name(user).and_then(|user| self.directory.source_of(user));
        let elsewhere = source.is_some_and(|source| source != UserSource::Local);
        let host_only = elsewhere.then(|| Condition::never(Unauthorized::HostOnly));
        core::iter::once(self.area(Area::People)).chain(host_only).collect()
    }

    fn to_give(self, to: &Grantee, on: &'a str, given: &Given) -> Vec<Condition<'a>> {
        match given {
            Given::Role(role) => self.to_change_access(on, core::slice::from_ref(role), None),
            Given::Permissions(_) => self.to_change_access(on, &[], Some(to)),
        }
    }

    /// On everything, each kind that the roles name is asked, and those of the roles that a grantee has there.
    fn to_change_access(self, on: &'a str, roles: &[String], there: Option<&Grantee>) -> Vec<Condition<'a>> {
        if on != "*" {
            let target = self.directory.find_target(on).ok().map(Target::slot);
            return Vec::from([self.by_kind("access", self.kind_named_in(on), Some(on), target, access_to)]);
        }
        let there = there.and_then(|to| self.directory.named_grantee(to).ok());
        let there = there.map(|to| self.directory.grant_record_of(to, Target::Everything));
        let there = there.iter().flat_map(GrantRecord::roles).map(|(role, _)| role.as_str());
        let kinds = roles
            .iter()
            .map(String::as_str)
            .chain(there)
            .try_fold(0, |all, role| Some(all | self.directory.role_record(role)?.1.kinds()));
        // An unknown role names no kind on which anything could be held.
        let conditions: Vec<_> = kinds_in(kinds.unwrap_or(0))
            .map(|kind| self.by_kind("access", Some(kind), None, self.directory.whole_of(kind), access_to))
            .collect();
        if conditions.is_empty() {
            return Vec::from([Condition::never(self.not_open("access", None, Some(on)))]);
        }
        conditions
    }

    /// Everybody has keys of their own, and a key those of its user (rule D13).
    fn own_key(acts_as: Option<UserId>) -> Vec<Condition<'a>> {
        let ways = acts_as.map(|user| Way::ActsAs(user.slot())).into_iter().collect();
        Vec::from([Condition { ways, otherwise: Unauthorized::NotOwnKey }])
    }
}

/// The permissions of a kind of which each lets its holder grant and revoke something.
fn access_to(administration: &AdministrationDefinition, kind: KindId) -> u64 {
    administration.access_on(kind).iter().fold(0, |all, (permission, _)| all | permission)
}
