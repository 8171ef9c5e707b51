//! Replay: from stored commits back to a directory, without a seat policy (rule C3).

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::event::{Commit, EndingPermissions, Event};
use super::scope::ScopeDocument;
use crate::catalog::{Entries, KindId, PermissionsDocument};
use crate::directory::{
    Checked, Directory, Grantee, Membership, MembershipRule, Scope, UserRecord, UserSource, UserStatus,
    ensure,
};
use crate::id::{GroupId, UserId};
use crate::limits::{MAX_ROLES, MAX_TIME};
use crate::name::Name;
use crate::seats::{Basis, License, Phase, Terms};
use crate::time::Timestamp;

/// An error of [`Directory::replay`]: the commits do not continue the directory.
///
/// The directory that they were replayed on is unchanged.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::change::{Commit, ReplayError};
/// # use entitle::{Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// let second = Commit { revision: 2, at: Timestamp::EPOCH, actor: None, by: "ada".to_owned(), events: vec![] };
/// let error = empty.replay([&second]).unwrap_err();
/// assert_eq!(error, ReplayError::Gap { expected: 1, found: 2 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A commit is missing, repeated, or from another history.
    #[error("expected the commit of revision {expected}, found revision {found}")]
    Gap {
        /// The revision that would continue the directory.
        expected: u64,
        /// The revision found.
        found: u64,
    },
    /// A commit is older than the one before it.
    #[error("the commit of revision {revision} is older than the one before it")]
    TimeReversed {
        /// The commit's revision.
        revision: u64,
    },
    /// An event contradicts the state of the directory.
    #[error("revision {revision}{}: {source}", event_text(*event))]
    Contradiction {
        /// The commit's revision.
        revision: u64,
        /// The index of the event in the commit, from 0; `None` if the commit lacks an event.
        event: Option<usize>,
        /// The contradiction.
        source: ContradictionError,
    },
}

fn event_text(event: Option<usize>) -> String {
    event.map(|event| format!(", event {event}")).unwrap_or_default()
}

/// The contradiction between a stored event and the directory, as a text for people.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::change::{Commit, Event};
/// # use entitle::{Directory, Name, Timestamp};
/// use std::error::Error as _;
///
/// # let empty = Directory::new(Catalog::builder().build()?);
/// let events = vec![Event::UserRemoved { user: Name::new("zoe")?, keys: Vec::new() }];
/// let commit = Commit { revision: 1, at: Timestamp::EPOCH, actor: None, by: String::new(), events };
/// let error = empty.replay([&commit]).unwrap_err();
/// assert_eq!(error.source().unwrap().to_string(), "unknown user `zoe`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ContradictionError(Box<str>);

impl ContradictionError {
    pub(crate) fn new(reason: String) -> Self {
        Self(reason.into_boxed_str())
    }
}

impl Directory {
    /// Replays stored commits and returns the resulting directory (rule C3).
    ///
    /// The commits continue this directory's revision one by one. The result is equal to the directory that was
    /// committed, including peaks and the order of the queue. The cost is proportional to the number of events.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] names the commit, and the event in it, that does not fit.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// let plan = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// let commit = plan.commit().unwrap();
    /// assert_eq!(&empty.replay([&commit])?, plan.directory());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
        let contradiction = |event, reason: String| ReplayError::Contradiction {
            revision,
            event,
            source: ContradictionError::new(reason),
        };
        ensure(commit.at <= MAX_TIME, || format!("no commit is after {MAX_TIME}"))
            .map_err(|reason| contradiction(None, reason))?;
        ensure(!commit.events.is_empty(), || "the commit has no events".to_owned())
            .map_err(|reason| contradiction(None, reason))?;
        self.begin_commit(commit.at);
        let mut replay = Replay { directory: self, commit, seated: Vec::new() };
        for (index, event) in commit.events.iter().enumerate() {
            replay.apply(event).map_err(|reason| contradiction(Some(index), reason))?;
        }
        replay
            .ensure_seats_consistent()
            .and_then(|()| self.ensure_nothing_due(commit.at))
            .map_err(|reason| contradiction(None, reason))?;
        self.end_commit(commit.at);
        Ok(())
    }

    /// Checks that the commit applied everything that was due: what is due is applied in the first commit after it
    /// (rule C5).
    fn ensure_nothing_due(&self, now: Timestamp) -> Checked {
        ensure(self.first_due(now).is_none(), || {
            format!("an expiry due by {now} is missing from the commit")
        })?;
        let started = self.ledger().next_start().is_some_and(|start| start <= now);
        ensure(!started, || format!("a license that starts by {now} is missing from the commit"))?;
        let phase = self.ledger().phase_at(now);
        ensure(phase == self.license_phase(), || {
            format!("the license becomes `{phase}` by {now}, and the commit lacks that change")
        })
    }
}

/// Applies the events of one commit.
struct Replay<'a> {
    directory: &'a mut Directory,
    commit: &'a Commit,
    /// The users whose status, wanted profile or seat changed. These are events of their own, and between them the
    /// seat may be inconsistent.
    seated: Vec<UserId>,
}

impl Replay<'_> {
    /// Applies one event. The match is exhaustive, so that an event without a method does not compile.
    fn apply(&mut self, event: &Event) -> Checked {
        match event {
            Event::UserAdded { user, source, email } => self.user_added(user, *source, email.as_ref()),
            Event::UserInvited { user, email, expires_at } => {
                self.user_invited(user, email.as_ref(), *expires_at)
            }
            Event::InvitationAccepted { user } => self.invitation_accepted(user),
            Event::InvitationExpired { user } => self.invitation_expired(user),
            Event::UserSuspended { user, reason } => self.user_suspended(user, reason.as_ref()),
            Event::UserReinstated { user } => self.user_reinstated(user),
            Event::Linked { user, source } => self.linked(user, *source),
            Event::ProfileUnmet { user, profile, .. } => self.profile_unmet(user, profile.as_deref()),
            Event::UserRenamed { user, to } => self.user_renamed(user, to),
            Event::UserRemoved { user, keys } => self.user_removed(user, keys),
            Event::ExternalGroupsChanged { user, external_groups } => {
                self.external_groups_changed(user, external_groups)
            }
            Event::ProfileWanted { user, profile } => self.profile_wanted(user, profile.as_deref()),
            Event::SeatChanged { user, holds, basis, queued } => {
                self.seat_changed(user, holds.as_deref(), *basis, *queued)
            }
            Event::LicenseInstalled { license } => self.license_installed(license),
            Event::LicenseScheduled { license } => self.license_scheduled(license),
            Event::LicenseRemoved { name } => self.license_removed(name),
            Event::PhaseChanged { phase } => self.phase_changed(*phase),
            Event::GroupAdded { group, members, includes_owner_of, managers } => {
                self.group_added(group, members, includes_owner_of.as_deref(), managers)
            }
            Event::ManagersSet { group, managers } => self.managers_set(group, managers),
            Event::GroupRemoved { group } => self.group_removed(group),
            Event::Joined { user, group, expires_at } => self.joined(user, group, *expires_at),
            Event::MembershipEnded { user, group, expires_at } => {
                self.membership_ended(user, group, *expires_at)
            }
            Event::Left { user, group } => self.left(user, group),
            Event::Nested { group, outer } => self.nesting_changed(group, outer, true),
            Event::Unnested { group, outer } => self.nesting_changed(group, outer, false),
            Event::ResourceAdded { resource, parent, closed } => {
                self.resource_added(resource, parent.as_deref(), *closed)
            }
            Event::ResourceMoved { resource, parent } => self.resource_moved(resource, parent.as_deref()),
            Event::ResourceClosed { resource } => self.resource_closed(resource, true),
            Event::ResourceOpened { resource } => self.resource_closed(resource, false),
            Event::ResourceRemoved { resource } => self.resource_removed(resource),
            Event::OwnerChanged { resource, owner } => self.owner_changed(resource, owner),
            Event::GrantChanged { to, on, permissions, ending, beyond: _ } => {
                self.grant_changed(to, on, permissions, ending)
            }
            Event::GrantEnded { to, on, permissions, roles, expires_at } => {
                self.grant_ended(to, on, permissions, roles, *expires_at)
            }
            Event::RoleGranted { to, on, role, expires_at, beyond: _ } => {
                self.role_granted(to, on, role, *expires_at)
            }
            Event::RoleRevoked { to, on, role } => self.role_revoked(to, on, role),
            Event::RoleSet { role, permissions } => self.role_set(role, permissions),
            Event::RoleRemoved { role } => self.role_removed(role),
            Event::CredentialRequired { resource, permissions } => {
                self.credential_required(resource, permissions)
            }
            Event::CredentialRecorded { user, resource } => self.credential_changed(user, resource, true),
            Event::CredentialForgotten { user, resource } => self.credential_changed(user, resource, false),
            Event::KeyAdded { key, acts_as, scope, expires_at } => {
                self.key_added(key, acts_as, scope, *expires_at)
            }
            Event::KeyExpired { key } => self.key_expired(key),
            Event::KeyRemoved { key } => self.key_removed(key),
        }
    }
}

// Users.

impl Replay<'_> {
    fn user_added(&mut self, user: &Name, source: UserSource, email: Option<&Name>) -> Checked {
        self.directory.user_name_is_free(user)?;
        has_room(self.directory.has_room_for_users(), "users")?;
        let id = self.directory.add_user(user, source, UserStatus::Active);
        self.set_email(id, email);
        Ok(())
    }

    fn user_invited(&mut self, user: &Name, email: Option<&Name>, expires_at: Option<Timestamp>) -> Checked {
        let id = if let Some(id) = self.directory.user_by_name(user) {
            self.ensure_status(user, id, &[UserStatus::Expired])?;
            id
        } else {
            has_room(self.directory.has_room_for_users(), "users")?;
            self.directory.add_user(user, UserSource::Local, UserStatus::Invited)
        };
        self.directory.set_status(id, UserStatus::Invited);
        self.directory.set_expiry(id, expires_at);
        self.set_email(id, email);
        self.seated.push(id);
        Ok(())
    }

    fn set_email(&mut self, user: UserId, email: Option<&Name>) {
        if let Some(email) = email {
            self.directory.set_email(user, email);
        }
    }

    fn invitation_accepted(&mut self, user: &Name) -> Checked {
        let id = self.find_in_status(user, UserStatus::Invited)?;
        self.directory.set_expiry(id, None);
        self.directory.set_status(id, UserStatus::Active);
        Ok(())
    }

    fn invitation_expired(&mut self, user: &Name) -> Checked {
        let id = self.find_in_status(user, UserStatus::Invited)?;
        self.ensure_no_seat(user, id)?;
        let at = self.directory.user_record(id).and_then(UserRecord::expires_at);
        self.ensure_expired("the invitation of user", user, at)?;
        self.directory.set_expiry(id, None);
        self.directory.set_status(id, UserStatus::Expired);
        Ok(())
    }

    fn user_suspended(&mut self, user: &Name, reason: Option<&Name>) -> Checked {
        let id = self.directory.named_user(user)?;
        self.ensure_status(user, id, &[UserStatus::Active, UserStatus::Suspended])?;
        let suspended = self.directory.status_of(id) == Some(UserStatus::Suspended);
        let same = reason.is_none() || self.directory.suspension_reason(id) == reason.map(Name::as_str);
        ensure(!suspended || !same, || format!("user `{user}` is already suspended for this reason"))?;
        self.ensure_no_seat(user, id)?;
        self.ensure_owns_no_singleton(id)?;
        self.directory.set_suspension_reason(id, reason);
        self.directory.set_status(id, UserStatus::Suspended);
        Ok(())
    }

    fn user_reinstated(&mut self, user: &Name) -> Checked {
        let id = self.find_in_status(user, UserStatus::Suspended)?;
        self.directory.set_suspension_reason(id, None);
        self.directory.set_status(id, UserStatus::Active);
        self.seated.push(id);
        Ok(())
    }

    fn linked(&mut self, user: &Name, source: UserSource) -> Checked {
        let id = self.directory.named_user(user)?;
        let recorded = self.directory.source_of(id);
        ensure(recorded != Some(source), || format!("user `{user}` already has this source"))?;
        self.directory.set_source(id, source);
        Ok(())
    }

    fn profile_unmet(&mut self, user: &Name, profile: Option<&str>) -> Checked {
        self.directory.named_user(user)?;
        profile.map(|name| self.directory.named_profile(name)).transpose()?;
        Ok(())
    }

    fn user_renamed(&mut self, user: &Name, to: &Name) -> Checked {
        self.directory.user_name_is_free(to)?;
        let id = self.directory.named_user(user)?;
        self.directory.rename_user(id, to);
        Ok(())
    }

    fn user_removed(&mut self, user: &Name, keys: &[Name]) -> Checked {
        let id = self.directory.named_user(user)?;
        self.ensure_no_seat(user, id)?;
        let owns_nothing = self.directory.owned_by(id.slot()).next().is_none();
        ensure(owns_nothing, || format!("user `{user}` still owns resources"))?;
        let known = self.directory.shared_key_names_of(id) == keys;
        ensure(known, || format!("`keys` are not those of user `{user}`"))?;
        self.directory.remove_user(id);
        Ok(())
    }

    fn external_groups_changed(&mut self, user: &Name, external_groups: &[Name]) -> Checked {
        let id = self.directory.named_user(user)?;
        let mut sorted = external_groups.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        self.directory.set_external(id, &sorted);
        Ok(())
    }
}

// Seats and the license.

impl Replay<'_> {
    fn profile_wanted(&mut self, user: &Name, profile: Option<&str>) -> Checked {
        let id = self.directory.named_user(user)?;
        let profile = profile.map(|name| self.directory.named_profile(name)).transpose()?;
        self.directory.set_wanted(id, profile, self.commit.at);
        self.seated.push(id);
        Ok(())
    }

    fn seat_changed(
        &mut self,
        user: &Name,
        holds: Option<&str>,
        basis: Option<Basis>,
        queued: bool,
    ) -> Checked {
        let id = self.directory.named_user(user)?;
        let holds = self.directory.named_seat(holds, basis)?;
        let seats = self.directory.user_record(id).map(|user| user.status).zip(self.directory.seat(id));
        let settled =
            seats.is_some_and(|(status, _)| matches!(status, UserStatus::Active | UserStatus::Invited));
        ensure(settled || (holds.is_none() && !queued), || {
            format!("user `{user}` cannot hold or wait for a seat")
        })?;
        let wants = seats.and_then(|(_, seat)| seat.wants);
        ensure(!queued || wants.is_some(), || format!("user `{user}` waits for nothing"))?;
        self.directory.set_held(id, holds, queued, self.commit.at);
        self.seated.push(id);
        Ok(())
    }

    fn license_installed(&mut self, license: &License) -> Checked {
        let terms = Terms::new(license.clone(), self.directory.catalog());
        let terms = terms.map_err(|error| format!("{error}"))?;
        self.directory.unschedule_license(&terms.license().name);
        if terms.starts_at() <= self.commit.at {
            self.directory.take_started_license(self.commit.at);
        }
        self.directory.install_license(Arc::new(terms), self.commit.at);
        Ok(())
    }

    fn license_scheduled(&mut self, license: &License) -> Checked {
        let terms = Terms::new(license.clone(), self.directory.catalog());
        let terms = terms.map_err(|error| format!("{error}"))?;
        ensure(terms.starts_at() > self.commit.at, || format!("license `{}` has started", license.name))?;
        self.directory.schedule_license(Arc::new(terms));
        Ok(())
    }

    fn license_removed(&mut self, name: &Name) -> Checked {
        if !self.directory.unschedule_license(name) {
            let in_force = self.directory.license().is_some_and(|license| license.name == name.as_str());
            ensure(in_force, || format!("unknown license `{name}`"))?;
            self.directory.remove_license();
        }
        Ok(())
    }

    fn phase_changed(&mut self, phase: Phase) -> Checked {
        let now = self.commit.at;
        let due = self.directory.ledger().phase_at(now);
        ensure(due == phase, || format!("the phase at {now} is `{due}`, not `{phase}`"))?;
        self.directory.set_phase(phase);
        Ok(())
    }
}

// Groups.

impl Replay<'_> {
    fn group_added(
        &mut self,
        group: &Name,
        members: &MembershipRule,
        includes_owner_of: Option<&str>,
        managers: &[Grantee],
    ) -> Checked {
        self.directory.group_name_is_free(group)?;
        let membership = self.directory.named_membership(members)?;
        has_room(self.directory.has_room_for_groups(), "groups")?;
        let owner_of = includes_owner_of.map(|text| self.directory.named_resource(text)).transpose()?;
        let explicit = membership == Membership::Explicit;
        ensure(owner_of.is_none() || explicit, || format!("group `{group}` is not explicit"))?;
        let managers = self.directory.named_managers(group, &membership, managers)?;
        let id = self.directory.add_group(group, &membership, owner_of);
        if !managers.is_empty() {
            self.directory.set_managers(id, &managers);
        }
        Ok(())
    }

    fn managers_set(&mut self, group: &Name, managers: &[Grantee]) -> Checked {
        let id = self.directory.named_group(group)?;
        let membership = self.directory.group_record(id).map(|group| group.membership.clone());
        let managers = self.directory.named_managers(group, &membership.unwrap_or_default(), managers)?;
        let changes = !self.directory.managers_of(id).eq(managers.iter().copied());
        ensure(changes, || format!("group `{group}` already has these managers"))?;
        self.directory.set_managers(id, &managers);
        Ok(())
    }

    fn group_removed(&mut self, group: &Name) -> Checked {
        let id = self.directory.named_group(group)?;
        self.directory.remove_group(id);
        Ok(())
    }

    fn joined(&mut self, user: &Name, group: &Name, expires_at: Option<Timestamp>) -> Checked {
        let (user_id, group_id) = (self.directory.named_user(user)?, self.directory.named_group(group)?);
        self.ensure_explicit(user_id, group_id)?;
        self.ensure_to_come(expires_at)?;
        let joined = self.directory.has_joined_until(user_id.slot(), group_id.slot(), expires_at);
        ensure(!joined, || format!("user `{user}` is already a member of group `{group}`"))?;
        self.directory.set_joined(user_id, group_id, true);
        self.directory.set_membership_end(user_id, group_id, expires_at);
        Ok(())
    }

    fn left(&mut self, user: &Name, group: &Name) -> Checked {
        let (user_id, group_id) = (self.directory.named_user(user)?, self.directory.named_group(group)?);
        self.ensure_explicit(user_id, group_id)?;
        let joined = self.directory.has_joined(user_id.slot(), group_id.slot());
        ensure(joined, || format!("user `{user}` is not a member of group `{group}`"))?;
        self.directory.set_joined(user_id, group_id, false);
        Ok(())
    }

    fn membership_ended(&mut self, user: &Name, group: &Name, expires_at: Timestamp) -> Checked {
        let (user_id, group_id) = (self.directory.named_user(user)?, self.directory.named_group(group)?);
        let end = self.directory.group_record(group_id).and_then(|group| group.end_of(user_id.slot()));
        let fits = end == Some(expires_at) && expires_at <= self.commit.at;
        ensure(fits, || format!("the membership of `{user}` in `{group}` does not end at {expires_at}"))?;
        self.directory.set_joined(user_id, group_id, false);
        Ok(())
    }

    fn ensure_explicit(&self, user: UserId, group: GroupId) -> Checked {
        let record = self.directory.group_record(group);
        let explicit = record.is_some_and(|group| group.membership == Membership::Explicit);
        let managed = !explicit || self.directory.is_included_owner(user, group);
        ensure(!managed, || {
            let group = self.directory.group_name(group).unwrap_or_default();
            format!("no user joins or leaves `{group}`, whose members are managed")
        })
    }

    /// Checks that something ends later than the commit, if it ends.
    fn ensure_to_come(&self, expires_at: Option<Timestamp>) -> Checked {
        let to_come = expires_at.is_none_or(|expires_at| expires_at > self.commit.at);
        ensure(to_come, || format!("the end is not after the commit at {}", self.commit.at))
    }

    fn nesting_changed(&mut self, group: &Name, outer: &Name, nested: bool) -> Checked {
        let (inner_id, outer_id) = (self.directory.named_group(group)?, self.directory.named_group(outer)?);
        self.directory.check_nesting(inner_id, outer_id, nested)?;
        self.directory.nest(inner_id, outer_id, nested);
        Ok(())
    }
}

// Resources, grants and credentials.

impl Replay<'_> {
    fn resource_added(&mut self, resource: &str, parent: Option<&str>, closed: bool) -> Checked {
        let (kind, key) = self.directory.new_resource(resource)?;
        has_room(self.directory.has_room_for_resources(), "resources")?;
        let id = self.directory.add_resource(kind, &key);
        if closed {
            self.directory.set_closed(id, true);
        }
        let Some(parent) = parent else { return Ok(()) };
        let parent = self.directory.named_resource(parent)?;
        self.directory.check_parent(id, parent)?;
        self.directory.set_parent(id, Some(parent));
        Ok(())
    }

    fn resource_moved(&mut self, resource: &str, parent: Option<&str>) -> Checked {
        let id = self.directory.named_resource(resource)?;
        let parent = parent.map(|parent| self.directory.named_resource(parent)).transpose()?;
        let moves = self.directory.parent_of(id) != parent;
        ensure(moves, || format!("resource `{resource}` lies there already"))?;
        if let Some(parent) = parent {
            self.directory.check_parent(id, parent)?;
        }
        self.directory.set_parent(id, parent);
        Ok(())
    }

    fn resource_closed(&mut self, resource: &str, closed: bool) -> Checked {
        let id = self.directory.named_resource(resource)?;
        let singleton = self.directory.resource_row(id).is_none_or(|row| row.singleton);
        let changes = !singleton && self.directory.is_closed(id) != closed;
        ensure(changes, || format!("resource `{resource}` cannot be closed or opened"))?;
        self.directory.set_closed(id, closed);
        Ok(())
    }

    fn resource_removed(&mut self, resource: &str) -> Checked {
        let id = self.directory.named_resource(resource)?;
        let singleton = self.directory.resource_name(id).is_some_and(|name| name.key().is_none());
        ensure(!singleton, || format!("resource `{resource}` cannot be removed"))?;
        let empty = self.directory.inside(id).next().is_none();
        ensure(empty, || format!("resource `{resource}` is not empty"))?;
        self.directory.remove_resource(id);
        Ok(())
    }

    fn owner_changed(&mut self, resource: &str, owner: &Name) -> Checked {
        let (id, owner) = (self.directory.named_resource(resource)?, self.directory.named_user(owner)?);
        self.directory.check_owner(id.slot(), owner.slot())?;
        self.directory.set_owner(id, Some(owner));
        Ok(())
    }

    fn grant_changed(
        &mut self,
        to: &Grantee,
        on: &str,
        permissions: &[Name],
        ending: &[EndingPermissions],
    ) -> Checked {
        let (grantee, target) = (self.directory.named_grantee(to)?, self.directory.named_target(on)?);
        let kind = self.directory.named_kind_at(target)?;
        let mut terms = self.directory.grant_record_of(grantee, target);
        terms.retain(0);
        terms.place(self.directory.named_grant(kind, permissions)?, None);
        let mut listed = self.directory.named_permissions(kind, permissions)?;
        for EndingPermissions { expires_at, permissions } in ending {
            self.ensure_to_come(Some(*expires_at))?;
            let mask = self.directory.named_permissions(kind, permissions)?;
            ensure(mask & listed == 0, || format!("a permission of `{to}` on `{on}` has two ends"))?;
            listed |= mask;
            terms.grant(self.directory.named_grant(kind, permissions)?, Some(*expires_at));
        }
        self.directory.set_grant_record(grantee, target, terms);
        Ok(())
    }

    fn grant_ended(
        &mut self,
        to: &Grantee,
        on: &str,
        permissions: &[Name],
        roles: &[Name],
        expires_at: Timestamp,
    ) -> Checked {
        let (grantee, target) = (self.directory.named_grantee(to)?, self.directory.named_place(on)?);
        let mut terms = self.directory.grant_record_of(grantee, target);
        let (mask, ended) = terms.end_by(expires_at);
        let any = !permissions.is_empty() || !roles.is_empty();
        let kind = self.directory.kind_of(target);
        let listed = match kind {
            Some(kind) => self.may_end(kind, permissions, mask, terms.own())?,
            None => permissions.is_empty(),
        };
        ensure(any && listed && ended == roles && expires_at <= self.commit.at, || {
            format!("other permissions or roles of `{to}` on `{on}` end at {expires_at}")
        })?;
        self.directory.set_grant_record(grantee, target, terms);
        Ok(())
    }

    /// Returns `true` if an end that takes these permissions away may have been stored with this list.
    ///
    /// By a later catalog, more may end because it is implied by what is listed, and less because what is left implies it.
    fn may_end(&self, kind: KindId, listed: &[Name], mask: u64, left: u64) -> Result<bool, String> {
        let closed = self.directory.named_grant(kind, listed)?;
        let listed = self.directory.named_permissions(kind, listed)?;
        let implied = self.directory.catalog().definition(kind).map_or(0, |kind| kind.close(left & !listed));
        Ok(mask & !closed == 0 && listed & !(mask | (left & implied)) == 0)
    }

    fn role_granted(
        &mut self,
        to: &Grantee,
        on: &str,
        role: &Name,
        expires_at: Option<Timestamp>,
    ) -> Checked {
        let (grantee, target) = (self.directory.named_grantee(to)?, self.directory.named_place(on)?);
        self.directory.named_role(role)?;
        self.ensure_to_come(expires_at)?;
        let mut terms = self.directory.grant_record_of(grantee, target);
        let unchanged = terms.roles().any(|(given, end)| given == role && end == expires_at);
        ensure(!unchanged, || format!("role `{role}` is already given to `{to}` on `{on}`"))?;
        terms.place_role(role, expires_at);
        self.directory.set_grant_record(grantee, target, terms);
        Ok(())
    }

    fn role_revoked(&mut self, to: &Grantee, on: &str, role: &Name) -> Checked {
        let (grantee, target) = (self.directory.named_grantee(to)?, self.directory.named_place(on)?);
        let mut terms = self.directory.grant_record_of(grantee, target);
        ensure(terms.has_role(role), || format!("role `{role}` is not given to `{to}` on `{on}`"))?;
        terms.take_role(role);
        self.directory.set_grant_record(grantee, target, terms);
        Ok(())
    }

    fn role_set(&mut self, role: &Name, permissions: &Entries<Vec<String>>) -> Checked {
        self.ensure_changeable(role)?;
        let known = self.directory.role_record(role).is_some();
        has_room(known || self.directory.role_count() < MAX_ROLES as usize, "roles")?;
        let masks = self.directory.named_role_masks(permissions)?;
        self.directory.set_role(role, &masks);
        Ok(())
    }

    fn role_removed(&mut self, role: &Name) -> Checked {
        self.directory.named_role(role)?;
        self.ensure_changeable(role)?;
        let given = self.directory.role_record(role).is_some_and(|(_, role)| role.is_given());
        ensure(!given, || format!("role `{role}` is still given"))?;
        self.directory.remove_role(role);
        Ok(())
    }

    fn ensure_changeable(&self, role: &Name) -> Checked {
        let fixed = self.directory.role_record(role).is_some_and(|(_, role)| role.fixed);
        ensure(self.directory.catalog().has_custom_roles() && !fixed, || {
            format!(
                "role `{role}` cannot be changed: the catalog declares it or does not have `custom_roles`"
            )
        })
    }

    fn credential_required(&mut self, resource: &str, permissions: &[Name]) -> Checked {
        let id = self.directory.named_resource(resource)?;
        let mask = self.directory.named_permissions(self.directory.named_kind_of(id)?, permissions)?;
        self.directory.set_required(id, mask);
        Ok(())
    }

    fn credential_changed(&mut self, user: &Name, resource: &str, recorded: bool) -> Checked {
        let (user, id) = (self.directory.named_user(user)?, self.directory.named_resource(resource)?);
        self.directory.set_credential(user, id, recorded);
        Ok(())
    }
}

// Keys.

impl Replay<'_> {
    fn key_added(
        &mut self,
        key: &Name,
        acts_as: &Name,
        scope: &ScopeDocument,
        expires_at: Option<Timestamp>,
    ) -> Checked {
        self.directory.key_name_is_free(key)?;
        has_room(self.directory.has_room_for_keys(), "keys")?;
        let acts_as = self.directory.named_user(acts_as)?;
        let scope = self.resolve_scope(scope)?;
        self.directory.add_key(key, acts_as, scope, expires_at);
        Ok(())
    }

    /// Looks up a stored scope, which lists every permission: `all` of a kind would change with the catalog.
    fn resolve_scope(&self, scope: &ScopeDocument) -> Result<Scope, String> {
        let entries = match scope {
            ScopeDocument::All => return Ok(Scope::All),
            ScopeDocument::Entries(entries) => entries,
        };
        let listed = |(on, permissions): (&'_ str, &'_ PermissionsDocument)| match permissions {
            PermissionsDocument::These(these) => Ok((on.to_owned(), these.clone())),
            PermissionsDocument::All => Err(format!("the scope on `{on}` does not list its permissions")),
        };
        let entries = entries.iter().map(listed).collect::<Result<_, _>>()?;
        self.directory.named_scope(&Entries(entries))
    }

    fn key_expired(&mut self, key: &Name) -> Checked {
        let id = self.directory.named_key(key)?;
        let record = self.directory.key_record(id);
        let open = record.is_some_and(|key| !key.expired);
        ensure(open, || format!("key `{key}` has already expired"))?;
        self.ensure_expired("key", key, record.and_then(|key| key.expires_at))?;
        self.directory.expire_key(id);
        Ok(())
    }

    fn key_removed(&mut self, key: &Name) -> Checked {
        let id = self.directory.named_key(key)?;
        self.directory.remove_key(id);
        Ok(())
    }
}

// Preconditions of events.

impl Replay<'_> {
    fn find_in_status(&self, user: &str, status: UserStatus) -> Result<UserId, String> {
        let id = self.directory.named_user(user)?;
        self.ensure_status(user, id, &[status])?;
        Ok(id)
    }

    fn ensure_status(&self, name: &str, user: UserId, allowed: &[UserStatus]) -> Checked {
        let status = self.directory.status_of(user);
        let fits = status.is_some_and(|status| allowed.contains(&status));
        ensure(fits, || {
            let allowed: Vec<String> = allowed.iter().map(|status| format!("`{status}`")).collect();
            let status = status.map_or("unknown", UserStatus::as_str);
            format!("user `{name}` is `{status}`, expected {}", allowed.join(" or "))
        })
    }

    /// Checks that an expiry is due when the commit happens.
    fn ensure_expired(&self, what: &str, name: &Name, expires_at: Option<Timestamp>) -> Checked {
        let expired = expires_at.is_some_and(|at| at <= self.commit.at);
        ensure(expired, || format!("{what} `{name}` does not expire by {}", self.commit.at))
    }

    fn ensure_no_seat(&self, name: &str, user: UserId) -> Checked {
        let seat = self.directory.seat(user);
        let empty = seat.is_none_or(|seat| seat.holds.is_none() && seat.turn.is_none());
        ensure(empty, || format!("user `{name}` still holds or waits for a seat"))
    }

    /// Checks that a user who stops being active owns no singleton (rule A10).
    fn ensure_owns_no_singleton(&self, user: UserId) -> Checked {
        let singleton = |slot| self.directory.resource_row_at(slot).is_some_and(|row| row.singleton);
        let owns = self.directory.owned_by(user.slot()).any(singleton);
        ensure(!owns, || "the user owns a singleton".to_owned())
    }

    /// Checks that the seats that the commit changed follow from the profiles wanted, after the last event.
    fn ensure_seats_consistent(&self) -> Checked {
        for &id in &self.seated {
            let directory = &self.directory;
            let (Some(user), Some(seat)) = (directory.user_record(id), directory.seat(id)) else { continue };
            let name = user.name.as_deref().unwrap_or_default();
            directory.check_seat(user.status, &seat).map_err(|reason| format!("user `{name}`: {reason}"))?;
        }
        Ok(())
    }
}

fn has_room(room: bool, what: &str) -> Checked {
    ensure(room, || format!("there is no room for more {what}"))
}
