//! From stored commits back to a directory, without asking anyone again (rule C3).

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::event::{Commit, Event};
use super::written::ScopeDocument;
use crate::catalog::{Entries, KindId, PermissionsDocument, ProfileId};
use crate::directory::{
    Directory, Grantee, Members, Membership, Scope, ScopeEntries, Subject, Target, UserStatus,
};
use crate::id::{GroupId, KeyId, ResourceId, UserId};
use crate::name::Name;
use crate::seats::{Basis, Terms};

/// Why stored commits do not continue a directory; the directory that they were to continue is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A commit is missing, repeated, or of another history.
    #[error("expected the commit of revision {expected}, found revision {found}")]
    Gap {
        /// The revision that would continue the directory.
        expected: u64,
        /// The revision found.
        found: u64,
    },
    /// A commit happened before the one that it follows.
    #[error("the commit of revision {revision} is older than the one before it")]
    TimeReversed {
        /// The commit's revision.
        revision: u64,
    },
    /// An event contradicts the state that it meets.
    #[error("event {event} of revision {revision}: {reason}")]
    Contradiction {
        /// The commit's revision.
        revision: u64,
        /// The event's place in the commit, from 0.
        event: usize,
        /// What contradicts it.
        reason: String,
    },
}

type Applied = Result<(), String>;

impl Directory {
    /// The directory that stored commits make of this one (rule C3).
    ///
    /// The commits continue this directory's revision one by one. The result is equal to the directory that was
    /// committed then, peaks and the order of waiting included. The cost follows the number of events.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] says which commit, and which event in it, does not fit.
    pub fn replay<'a>(&self, commits: impl IntoIterator<Item = &'a Commit>) -> Result<Self, ReplayError> {
        let mut directory = self.clone();
        for commit in commits {
            directory.replay_one(commit)?;
        }
        Ok(directory)
    }

    fn replay_one(&mut self, commit: &Commit) -> Result<(), ReplayError> {
        let revision = commit.revision;
        let expected = self.revision().saturating_add(1);
        if revision != expected {
            return Err(ReplayError::Gap { expected, found: revision });
        }
        if commit.at < self.committed_at() {
            return Err(ReplayError::TimeReversed { revision });
        }
        self.begin_commit(commit.at);
        for (place, event) in commit.events.iter().enumerate() {
            Replay { directory: self, commit }.apply(event).map_err(|reason| ReplayError::Contradiction {
                revision,
                event: place,
                reason,
            })?;
        }
        self.end_commit(commit.at);
        Ok(())
    }
}

/// Applies the events of one commit.
struct Replay<'a> {
    directory: &'a mut Directory,
    commit: &'a Commit,
}

impl Replay<'_> {
    fn apply(&mut self, event: &Event) -> Applied {
        match event {
            Event::UserAdded { .. }
            | Event::UserInvited { .. }
            | Event::InvitationAccepted { .. }
            | Event::InvitationExpired { .. }
            | Event::UserSuspended { .. }
            | Event::UserReinstated { .. }
            | Event::UserRenamed { .. }
            | Event::UserRemoved { .. }
            | Event::ExternalGroupsChanged { .. } => self.user_event(event),
            Event::ProfileWanted { .. }
            | Event::SeatChanged { .. }
            | Event::LicenseInstalled { .. }
            | Event::PhaseChanged { .. } => self.seat_event(event),
            Event::GroupAdded { .. }
            | Event::GroupRemoved { .. }
            | Event::Joined { .. }
            | Event::Left { .. } => self.group_event(event),
            Event::ResourceAdded { .. }
            | Event::ResourceRemoved { .. }
            | Event::OwnerChanged { .. }
            | Event::GrantChanged { .. }
            | Event::CredentialRequired { .. }
            | Event::CredentialRecorded { .. }
            | Event::CredentialForgotten { .. } => self.resource_event(event),
            Event::KeyAdded { .. } | Event::KeyExpired { .. } | Event::KeyRemoved { .. } => {
                self.key_event(event)
            }
        }
    }

    fn user_event(&mut self, event: &Event) -> Applied {
        match event {
            Event::UserAdded { user, source, email } => {
                self.name_is_free(user)?;
                let id = self.directory.add_user(user, *source, UserStatus::Active);
                self.set_email(id, email.as_ref());
            }
            Event::UserInvited { user, email, expires_at } => {
                let id = match self.directory.user(user) {
                    Some(id) => {
                        self.is_in_status(id, &[UserStatus::Expired])?;
                        id
                    }
                    None => self.directory.add_user(
                        user,
                        crate::directory::UserSource::Local,
                        UserStatus::Invited,
                    ),
                };
                self.directory.set_status(id, UserStatus::Invited);
                self.directory.set_expiry(id, *expires_at);
                self.set_email(id, email.as_ref());
            }
            Event::InvitationAccepted { user } => {
                let id = self.user_in_status(user, UserStatus::Invited)?;
                self.directory.set_expiry(id, None);
                self.directory.set_status(id, UserStatus::Active);
            }
            Event::InvitationExpired { user } => {
                let id = self.user_in_status(user, UserStatus::Invited)?;
                self.holds_nothing(id)?;
                self.directory.set_expiry(id, None);
                self.directory.set_status(id, UserStatus::Expired);
            }
            Event::UserSuspended { user } => {
                let id = self.user_in_status(user, UserStatus::Active)?;
                self.holds_nothing(id)?;
                self.directory.set_status(id, UserStatus::Suspended);
            }
            Event::UserReinstated { user } => {
                let id = self.user_in_status(user, UserStatus::Suspended)?;
                self.directory.set_status(id, UserStatus::Active);
            }
            Event::UserRenamed { user, to } => {
                self.name_is_free(to)?;
                let id = self.user(user)?;
                self.directory.rename_user(id, to);
            }
            Event::UserRemoved { user } => {
                let id = self.user(user)?;
                self.holds_nothing(id)?;
                let owns = self.directory.user_record(id).is_some_and(|user| !user.owns.is_empty());
                refuse_if(owns, || format!("`{user}` still owns something"))?;
                self.directory.remove_user(id);
            }
            Event::ExternalGroupsChanged { user, external_groups } => {
                let id = self.user(user)?;
                let mut sorted = external_groups.clone();
                sorted.sort_unstable();
                sorted.dedup();
                self.directory.set_external(id, &sorted);
            }
            _ => {}
        }
        Ok(())
    }

    fn set_email(&mut self, user: UserId, email: Option<&Name>) {
        if let Some(email) = email {
            self.directory.set_email(user, email);
        }
    }

    fn seat_event(&mut self, event: &Event) -> Applied {
        let now = self.commit.at;
        match event {
            Event::ProfileWanted { user, profile } => {
                let id = self.user(user)?;
                let profile = profile.as_deref().map(|name| self.profile(name)).transpose()?;
                self.directory.set_wanted(id, profile, now);
            }
            Event::SeatChanged { user, holds, basis, queued } => {
                let id = self.user(user)?;
                let holds = self.seat(holds.as_deref(), *basis)?;
                let seats = self.directory.user_record(id).map(|user| (user.status, user.seat.wants));
                let settled = seats
                    .is_some_and(|(status, _)| matches!(status, UserStatus::Active | UserStatus::Invited));
                refuse_if(!settled && (holds.is_some() || *queued), || {
                    format!("`{user}` cannot hold or wait for a seat")
                })?;
                let wants = seats.and_then(|(_, wants)| wants);
                refuse_if(*queued && wants.is_none(), || format!("`{user}` waits for nothing"))?;
                self.directory.set_held(id, holds, *queued, now);
            }
            Event::LicenseInstalled { license } => {
                let terms = Terms::new(license.clone(), &self.directory.catalog);
                let terms = terms.map_err(|error| format!("{error}"))?;
                self.directory.install_license(Arc::new(terms), now);
            }
            Event::PhaseChanged { phase } => {
                let due = self.directory.ledger.phase_at(now);
                refuse_if(due != *phase, || format!("the license is {} at {now}", due.as_str()))?;
                self.directory.set_phase(*phase);
            }
            _ => {}
        }
        Ok(())
    }

    fn group_event(&mut self, event: &Event) -> Applied {
        match event {
            Event::GroupAdded { group, members, includes_owner_of } => {
                refuse_if(self.directory.group(group).is_some(), || format!("group `{group}` exists"))?;
                let membership = self.membership(members)?;
                let owner_of = includes_owner_of.as_deref().map(|text| self.resource(text)).transpose()?;
                let explicit = membership == Membership::Explicit;
                refuse_if(owner_of.is_some() && !explicit, || format!("group `{group}` is not explicit"))?;
                self.directory.add_group(group, &membership, owner_of);
            }
            Event::GroupRemoved { group } => {
                let id = self.group(group)?;
                self.directory.remove_group(id);
            }
            Event::Joined { user, group } | Event::Left { user, group } => {
                let (user_id, group_id) = (self.user(user)?, self.group(group)?);
                let joins = matches!(event, Event::Joined { .. });
                let is = self.directory.is_member(user_id.index(), group_id.index());
                refuse_if(is == joins, || format!("the membership of `{user}` in `{group}` is so already"))?;
                let record = self.directory.group_record(group_id);
                let explicit = record.is_some_and(|group| group.membership == Membership::Explicit);
                let managed = !explicit || self.directory.is_included_owner(user_id, group_id);
                refuse_if(managed, || format!("nobody joins or leaves `{group}` by hand as `{user}` does"))?;
                self.directory.set_joined(user_id, group_id, joins);
            }
            _ => {}
        }
        Ok(())
    }

    fn resource_event(&mut self, event: &Event) -> Applied {
        match event {
            Event::ResourceAdded { resource } => {
                let (kind, key) = self.new_resource(resource)?;
                self.directory.add_resource(kind, &key);
            }
            Event::ResourceRemoved { resource } => {
                let id = self.resource(resource)?;
                let singleton = self.directory.resource_name(id).is_some_and(|name| name.key().is_none());
                refuse_if(singleton, || format!("`{resource}` cannot be removed"))?;
                self.directory.remove_resource(id);
            }
            Event::OwnerChanged { resource, owner } => {
                let (id, owner) = (self.resource(resource)?, self.user(owner)?);
                self.directory.set_owner(id, Some(owner));
            }
            Event::GrantChanged { to, on, permissions } => {
                let grantee = self.grantee(to)?;
                match self.target(on)? {
                    Target::Resource(id) => {
                        let mask = self.permissions(self.kind_of(id), permissions)?;
                        self.directory.set_grant(grantee, id, mask);
                    }
                    Target::Kind(kind) => {
                        let mask = self.permissions(kind, permissions)?;
                        self.directory.set_kind_grant(grantee, kind, mask);
                    }
                }
            }
            Event::CredentialRequired { resource, permissions } => {
                let id = self.resource(resource)?;
                let mask = self.permissions(self.kind_of(id), permissions)?;
                self.directory.set_required(id, mask);
            }
            Event::CredentialRecorded { user, resource } | Event::CredentialForgotten { user, resource } => {
                let (user, id) = (self.user(user)?, self.resource(resource)?);
                let recorded = matches!(event, Event::CredentialRecorded { .. });
                self.directory.set_credential(user, id, recorded);
            }
            _ => {}
        }
        Ok(())
    }

    fn key_event(&mut self, event: &Event) -> Applied {
        match event {
            Event::KeyAdded { key, acts_as, scope, expires_at } => {
                refuse_if(self.directory.key(key).is_some(), || format!("key `{key}` exists"))?;
                let acts_as = self.user(acts_as)?;
                let scope = self.scope(scope)?;
                self.directory.add_key(key, acts_as, scope, *expires_at);
            }
            Event::KeyExpired { key } => {
                let id = self.key(key)?;
                let open = self.directory.key_record(id).is_some_and(|key| !key.expired);
                refuse_if(!open, || format!("key `{key}` is over already"))?;
                self.directory.expire_key(id);
            }
            Event::KeyRemoved { key } => {
                let id = self.key(key)?;
                self.directory.remove_key(id);
            }
            _ => {}
        }
        Ok(())
    }
}

fn refuse_if(contradicts: bool, reason: impl FnOnce() -> String) -> Applied {
    if contradicts { Err(reason()) } else { Ok(()) }
}

// Looking names up.

impl Replay<'_> {
    fn user(&self, user: &str) -> Result<UserId, String> {
        self.directory.user(user).ok_or_else(|| format!("there is no user `{user}`"))
    }

    fn user_in_status(&self, user: &str, status: UserStatus) -> Result<UserId, String> {
        let id = self.user(user)?;
        self.is_in_status(id, &[status])?;
        Ok(id)
    }

    fn is_in_status(&self, user: UserId, allowed: &[UserStatus]) -> Applied {
        let status = self.directory.status_of(user);
        let fits = status.is_some_and(|status| allowed.contains(&status));
        refuse_if(!fits, || format!("the user is {status:?}, not one of {allowed:?}"))
    }

    fn holds_nothing(&self, user: UserId) -> Applied {
        let seat = self.directory.user_record(user).map(|user| user.seat);
        let empty = seat.is_none_or(|seat| seat.holds.is_none() && seat.turn.is_none());
        refuse_if(!empty, || "the user still holds or waits for a seat".to_owned())
    }

    fn name_is_free(&self, user: &str) -> Applied {
        refuse_if(self.directory.user(user).is_some(), || format!("user `{user}` exists"))
    }

    fn group(&self, group: &str) -> Result<GroupId, String> {
        self.directory.group(group).ok_or_else(|| format!("there is no group `{group}`"))
    }

    fn key(&self, key: &str) -> Result<KeyId, String> {
        self.directory.key(key).ok_or_else(|| format!("there is no key `{key}`"))
    }

    fn profile(&self, profile: &str) -> Result<ProfileId, String> {
        self.directory.catalog.profile(profile).ok_or_else(|| format!("there is no profile `{profile}`"))
    }

    fn seat(&self, holds: Option<&str>, basis: Option<Basis>) -> Result<Option<(ProfileId, Basis)>, String> {
        match (holds, basis) {
            (Some(profile), Some(basis)) => Ok(Some((self.profile(profile)?, basis))),
            (None, None) => Ok(None),
            _ => Err("a seat has a profile and a basis, or neither".to_owned()),
        }
    }

    fn target(&self, text: &str) -> Result<Target, String> {
        self.directory.find_place(text).map_err(|_| format!("there is no `{text}`"))
    }

    fn resource(&self, text: &str) -> Result<ResourceId, String> {
        self.directory.resource_named(text).ok_or_else(|| format!("there is no resource `{text}`"))
    }

    fn kind_of(&self, resource: ResourceId) -> KindId {
        KindId::new(self.directory.resource_row(resource).map_or(u8::MAX, |row| row.kind))
    }

    fn new_resource(&self, text: &str) -> Result<(KindId, Name), String> {
        let found = crate::directory::parse_resource(&self.directory.catalog, text);
        let crate::directory::Found::Key(kind, key) = found else {
            return Err(format!("`{text}` cannot name a new resource"));
        };
        refuse_if(self.directory.resource_slot(kind, key).is_some(), || format!("`{text}` exists"))?;
        Ok((kind, Name::new(key).map_err(|error| format!("{error}"))?))
    }

    fn permissions(&self, kind: KindId, names: &[String]) -> Result<u64, String> {
        let definition = self.directory.catalog.definition(kind);
        names.iter().try_fold(0, |bits, name| {
            let bit = definition.and_then(|kind| kind.bit(name));
            Ok(bits | bit.ok_or_else(|| format!("there is no permission `{name}`"))?)
        })
    }

    fn grantee(&self, subject: &Subject) -> Result<Grantee, String> {
        match subject {
            Subject::Everyone => Ok(Grantee::Everyone),
            Subject::Group(group) => self.group(group).map(Grantee::Group),
            Subject::User(user) => self.user(user).map(Grantee::User),
        }
    }

    fn membership(&self, members: &Members) -> Result<Membership, String> {
        match members {
            Members::Explicit => Ok(Membership::Explicit),
            Members::ByProfile(profiles) => {
                let mask = profiles.iter().try_fold(0_u64, |mask, profile| {
                    Ok::<_, String>(mask | (1 << self.profile(profile)?.get()))
                });
                mask.map(Membership::ByProfile)
            }
            Members::External(names) => {
                let names: Result<Vec<Name>, _> = names.iter().map(|name| Name::new(name)).collect();
                let mut names = names.map_err(|error| format!("{error}"))?;
                names.sort_unstable();
                names.dedup();
                Ok(Membership::External(names))
            }
        }
    }

    fn scope(&self, scope: &ScopeDocument) -> Result<Scope, String> {
        let entries: &Entries<PermissionsDocument> = match scope {
            ScopeDocument::All => return Ok(Scope::All),
            ScopeDocument::Entries(entries) if entries.is_empty() => return Ok(Scope::Nothing),
            ScopeDocument::Entries(entries) => entries,
        };
        let mut scope = ScopeEntries::default();
        for (on, permissions) in entries.iter() {
            let PermissionsDocument::These(these) = permissions else {
                return Err(format!("the scope on `{on}` is not spelled out"));
            };
            match self.target(on)? {
                Target::Kind(kind) => scope.kinds.push((kind.get(), self.permissions(kind, these)?)),
                Target::Resource(id) => {
                    scope.resources.push((id.index(), self.permissions(self.kind_of(id), these)?));
                }
            }
        }
        scope.kinds.sort_unstable();
        scope.resources.sort_unstable();
        Ok(Scope::Entries(Arc::new(scope)))
    }
}
