//! Resources, who owns them, and credentials.

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};

use super::Planner;
use super::lookup::{differs, new_name};
use crate::catalog::KindId;
use crate::change::builders::AddResource;
use crate::change::event::Event;
use crate::change::refusal::RefusalReason;
use crate::directory::{ParsedTarget, ResourceRow, ResourceSlot, Target, UserStatus, parse_resource};
use crate::id::{ResourceId, UserId};
use crate::limits::MAX_RESOURCES;
use crate::name::{Name, NameError};

impl Planner<'_> {
    pub(super) fn add_resource(&mut self, command: &AddResource) -> Result<(), RefusalReason> {
        let (resource, owner) = (command.resource.as_str(), command.owner.as_deref());
        let (kind, key) = self.new_resource(resource)?;
        if let Some(slot) = self.directory.resource_slot(kind, &key) {
            Self::may_exist(command.new, "resource", resource)?;
            return self.resource_as_asked(slot, command);
        }
        let owner = owner.map(|owner| self.find_user(owner)).transpose()?;
        let parent = command.parent.as_deref().map(|parent| self.find_parent(resource, kind, parent));
        let parent = parent.transpose()?;
        parent.map_or(Ok(()), |parent| self.check_depth(resource, kind, 0, parent))?;
        if !self.directory.has_room_for_resources() {
            return Err(RefusalReason::TooMany { what: "resources", of: None, max: MAX_RESOURCES });
        }
        let id = self.directory.add_resource(kind, &key);
        let closed = command.closed == Some(true);
        if closed {
            self.directory.set_closed(id, true);
        }
        if parent.is_some() {
            self.directory.set_parent(id, parent);
        }
        let parent = parent.map(|parent| self.text_of(parent));
        self.events.push(Event::ResourceAdded { resource: resource.to_owned(), parent, closed });
        if let Some(owner) = owner {
            self.give(id, owner);
        }
        Ok(())
    }

    /// The kind and the key of a new resource; a key is a name other than `*` (rules A9, C6).
    fn new_resource(&self, text: &str) -> Result<(KindId, Name), RefusalReason> {
        let invalid = |error| RefusalReason::InvalidName { names: [(text.to_owned(), error)].into() };
        let not_a_key = || invalid(NameError::NotAResource { text: text.to_owned() });
        match parse_resource(self.directory.catalog(), text) {
            ParsedTarget::Singleton(_) | ParsedTarget::SingletonWithKey => {
                Err(RefusalReason::Singleton { resource: text.to_owned() })
            }
            ParsedTarget::WholeKind(_) | ParsedTarget::Malformed => Err(not_a_key()),
            ParsedTarget::Key(kind, key) => Ok((kind, new_name(key)?)),
            ParsedTarget::UnknownKind(kind) => {
                let key = text.split_once('/').map_or("", |(_, key)| key);
                if new_name(key)?.as_str() == "*" {
                    return Err(not_a_key());
                }
                Err(self.unknown_kind(kind, text))
            }
        }
    }

    /// Refuses `exists` unless everything named is already so for a resource (rule C4).
    fn resource_as_asked(&self, slot: ResourceSlot, command: &AddResource) -> Result<(), RefusalReason> {
        let owner = self.directory.resource_row_at(slot).and_then(ResourceRow::owner);
        let owner = owner.and_then(|owner| self.directory.user_slot_name(owner));
        let parent = self.directory.parent_at(slot).and_then(|slot| self.directory.resource_slot_name(slot));
        let parent = parent.map(|name| name.to_string());
        let closed = if self.directory.is_closed_at(slot) { "true" } else { "false" };
        let fields = [
            ("owner", owner, command.owner.as_deref()),
            ("parent", parent.as_deref(), command.parent.as_deref()),
            ("closed", Some(closed), command.closed.map(|closed| if closed { "true" } else { "false" })),
        ];
        let differs = fields
            .into_iter()
            .find(|(_, has, asked)| asked.is_some() && has != asked)
            .map(|(field, has, asked)| differs(field, has, asked));
        if differs.is_none() {
            return Ok(());
        }
        Err(RefusalReason::Exists { what: "resource", name: command.resource.clone(), differs })
    }

    pub(super) fn remove_resource(&mut self, resource: &str) -> Result<(), RefusalReason> {
        let id = self.find_resource(resource)?;
        if self.is_singleton(id) {
            return Err(RefusalReason::Singleton { resource: resource.to_owned() });
        }
        self.check_empty(id, resource)?;
        self.directory.remove_resource(id);
        self.events.push(Event::ResourceRemoved { resource: resource.to_owned() });
        Ok(())
    }

    pub(super) fn is_singleton(&self, resource: ResourceId) -> bool {
        self.directory.resource_row(resource).is_some_and(|row| row.singleton)
    }

    pub(super) fn transfer_ownership(&mut self, resource: &str, to: &str) -> Result<(), RefusalReason> {
        let id = self.find_resource(resource)?;
        let owner = self.find_user(to)?;
        let status = self.user(owner).map(|user| user.status).filter(|&status| status != UserStatus::Active);
        if let Some(status) = status.filter(|_| self.is_singleton(id)) {
            let requirement = "only an active user can own a singleton";
            return Err(RefusalReason::WrongState { user: to.to_owned(), status, requirement });
        }
        self.give(id, owner);
        Ok(())
    }

    /// Makes a user the owner of a resource.
    pub(super) fn give(&mut self, resource: ResourceId, owner: UserId) {
        if self.directory.owner_of(resource) == Some(owner) {
            return;
        }
        self.directory.set_owner(resource, Some(owner));
        let resource = self.text_of(resource);
        self.events.extend(self.name_of(owner).map(|owner| Event::OwnerChanged { resource, owner }));
    }

    pub(super) fn require_credential(
        &mut self,
        resource: &str,
        permissions: &[String],
    ) -> Result<(), RefusalReason> {
        let id = self.find_resource(resource)?;
        let kind = self.kind_of(Target::Resource(id), resource)?;
        let required = self.find_permissions(kind, permissions)?;
        if self.directory.resource_row(id).is_none_or(|row| row.required == required) {
            return Ok(());
        }
        self.directory.set_required(id, required);
        let permissions = self.directory.permission_names(kind, required, Name::clone);
        self.events.push(Event::CredentialRequired { resource: resource.to_owned(), permissions });
        Ok(())
    }

    pub(super) fn set_credential(
        &mut self,
        user: &str,
        resource: &str,
        recorded: bool,
    ) -> Result<(), RefusalReason> {
        let user = self.find_user(user)?;
        let id = self.find_resource(resource)?;
        let has = self.user(user).is_some_and(|user| user.has_credential(id.slot()));
        if has == recorded {
            return Ok(());
        }
        self.directory.set_credential(user, id, recorded);
        let resource = resource.to_owned();
        self.events.extend(self.name_of(user).map(|user| {
            if recorded {
                Event::CredentialRecorded { user, resource }
            } else {
                Event::CredentialForgotten { user, resource }
            }
        }));
        Ok(())
    }
}
