//! From stored commits back to a directory, without asking anyone again (rule C3).

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::event::{Commit, Event};
use super::scope::ScopeDocument;
use crate::catalog::{Entries, PermissionsDocument};
use crate::directory::{Checked, Directory, Membership, Scope, Target, UserRecord, UserStatus, ensure};
use crate::id::UserId;
use crate::name::Name;
use crate::seats::Terms;
use crate::time::Timestamp;

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
        /// The event's place in the commit, from 0; behind the last one if an event is missing.
        event: usize,
        /// The contradiction.
        reason: String,
    },
}

impl Directory {
    /// The directory that stored commits make of this one (rule C3).
    ///
    /// The commits continue this directory's revision one by one. The result is equal to the directory that was
    /// committed then, peaks and the order of waiting included. The cost follows the number of events.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] says which commit, and which event in it, does not fit.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::change::ReplayError;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// let empty = Directory::new(Catalog::builder().build()?);
    /// let plan = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// let commit = plan.commit().ok_or("it records something")?;
    ///
    /// let replayed = empty.replay([&commit])?;
    /// assert_eq!(&replayed, plan.directory());
    /// assert_eq!(replayed.replay([&commit]), Err(ReplayError::Gap { expected: 2, found: 1 }));
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
        let contradiction = |event, reason| ReplayError::Contradiction { revision, event, reason };
        ensure(!commit.events.is_empty(), || "a commit records something".to_owned())
            .map_err(|reason| contradiction(0, reason))?;
        self.begin_commit(commit.at);
        let mut replay = Replay { directory: self, commit, seated: Vec::new() };
        for (place, event) in commit.events.iter().enumerate() {
            replay.apply(event).map_err(|reason| contradiction(place, reason))?;
        }
        let settled = replay.seats_make_sense();
        settled
            .and_then(|()| self.is_up_to(commit.at))
            .map_err(|reason| contradiction(commit.events.len(), reason))?;
        self.end_commit(commit.at);
        Ok(())
    }

    /// Checks that the commit has all that was due: it happens in the first commit after it (rule C5).
    fn is_up_to(&self, now: Timestamp) -> Checked {
        ensure(self.first_due(now).is_none(), || {
            format!("an expiry due before {now} is missing from the commit")
        })?;
        let phase = self.ledger().phase_at(now);
        ensure(phase == self.license_phase(), || {
            format!("the license is {} at {now}, and that change is missing from the commit", phase.as_str())
        })
    }
}

/// Applies the events of one commit.
struct Replay<'a> {
    directory: &'a mut Directory,
    commit: &'a Commit,
    /// Whose wish or seat changed; between the two events of one user the seat need not make sense.
    seated: Vec<UserId>,
}

impl Replay<'_> {
    fn apply(&mut self, event: &Event) -> Checked {
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

    fn user_event(&mut self, event: &Event) -> Checked {
        match event {
            Event::UserAdded { user, source, email } => {
                self.directory.user_name_is_free(user)?;
                let id = self.directory.add_user(user, *source, UserStatus::Active);
                self.set_email(id, email.as_ref());
            }
            Event::UserInvited { user, email, expires_at } => {
                let id = match self.directory.user_by_name(user) {
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
                let at = self.directory.user_record(id).and_then(UserRecord::expires_at);
                self.is_over(user, at)?;
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
                self.directory.user_name_is_free(to)?;
                let id = self.directory.named_user(user)?;
                self.directory.rename_user(id, to);
            }
            Event::UserRemoved { user } => {
                let id = self.directory.named_user(user)?;
                self.holds_nothing(id)?;
                let owns_nothing = self.directory.owned_by(id.slot()).next().is_none();
                ensure(owns_nothing, || format!("`{user}` still owns something"))?;
                self.directory.remove_user(id);
            }
            Event::ExternalGroupsChanged { user, external_groups } => {
                let id = self.directory.named_user(user)?;
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

    fn seat_event(&mut self, event: &Event) -> Checked {
        let now = self.commit.at;
        match event {
            Event::ProfileWanted { user, profile } => {
                let id = self.directory.named_user(user)?;
                let profile =
                    profile.as_deref().map(|name| self.directory.named_profile(name)).transpose()?;
                self.directory.set_wanted(id, profile, now);
                self.seated.push(id);
            }
            Event::SeatChanged { user, holds, basis, queued } => {
                let id = self.directory.named_user(user)?;
                let holds = self.directory.named_seat(holds.as_deref(), *basis)?;
                let seats =
                    self.directory.user_record(id).map(|user| user.status).zip(self.directory.seat(id));
                let settled = seats
                    .is_some_and(|(status, _)| matches!(status, UserStatus::Active | UserStatus::Invited));
                ensure(settled || (holds.is_none() && !*queued), || {
                    format!("`{user}` cannot hold or wait for a seat")
                })?;
                let wants = seats.and_then(|(_, seat)| seat.wants);
                ensure(!*queued || wants.is_some(), || format!("`{user}` waits for nothing"))?;
                self.directory.set_held(id, holds, *queued, now);
                self.seated.push(id);
            }
            Event::LicenseInstalled { license } => {
                let terms = Terms::new((**license).clone(), self.directory.catalog());
                let terms = terms.map_err(|error| format!("{error}"))?;
                self.directory.install_license(Arc::new(terms), now);
            }
            Event::PhaseChanged { phase } => {
                let due = self.directory.ledger().phase_at(now);
                ensure(due == *phase, || format!("the license is {} at {now}", due.as_str()))?;
                self.directory.set_phase(*phase);
            }
            _ => {}
        }
        Ok(())
    }

    fn group_event(&mut self, event: &Event) -> Checked {
        match event {
            Event::GroupAdded { group, members, includes_owner_of } => {
                self.directory.group_name_is_free(group)?;
                let membership = self.directory.named_membership(members)?;
                let owner_of = includes_owner_of
                    .as_deref()
                    .map(|text| self.directory.named_resource(text))
                    .transpose()?;
                let explicit = membership == Membership::Explicit;
                ensure(owner_of.is_none() || explicit, || format!("group `{group}` is not explicit"))?;
                self.directory.add_group(group, &membership, owner_of);
            }
            Event::GroupRemoved { group } => {
                let id = self.directory.named_group(group)?;
                self.directory.remove_group(id);
            }
            Event::Joined { user, group } | Event::Left { user, group } => {
                let (user_id, group_id) =
                    (self.directory.named_user(user)?, self.directory.named_group(group)?);
                let joins = matches!(event, Event::Joined { .. });
                let is = self.directory.is_member(user_id.slot(), group_id.slot());
                ensure(is != joins, || format!("the membership of `{user}` in `{group}` is so already"))?;
                let record = self.directory.group_record(group_id);
                let explicit = record.is_some_and(|group| group.membership == Membership::Explicit);
                let managed = !explicit || self.directory.is_included_owner(user_id, group_id);
                ensure(!managed, || format!("nobody joins or leaves `{group}` by hand as `{user}` does"))?;
                self.directory.set_joined(user_id, group_id, joins);
            }
            _ => {}
        }
        Ok(())
    }

    fn resource_event(&mut self, event: &Event) -> Checked {
        match event {
            Event::ResourceAdded { resource } => {
                let (kind, key) = self.directory.new_resource(resource)?;
                self.directory.add_resource(kind, &key);
            }
            Event::ResourceRemoved { resource } => {
                let id = self.directory.named_resource(resource)?;
                let singleton = self.directory.resource_name(id).is_some_and(|name| name.key().is_none());
                ensure(!singleton, || format!("`{resource}` cannot be removed"))?;
                self.directory.remove_resource(id);
            }
            Event::OwnerChanged { resource, owner } => {
                let (id, owner) =
                    (self.directory.named_resource(resource)?, self.directory.named_user(owner)?);
                self.directory.set_owner(id, Some(owner));
            }
            Event::GrantChanged { to, on, permissions } => {
                let grantee = self.directory.named_grantee(to)?;
                match self.directory.named_target(on)? {
                    Target::Resource(id) => {
                        let mask =
                            self.directory.named_grant(self.directory.named_kind_of(id)?, permissions)?;
                        self.directory.set_grant(grantee, id, mask);
                    }
                    Target::Kind(kind) => {
                        let mask = self.directory.named_grant(kind, permissions)?;
                        self.directory.set_kind_grant(grantee, kind, mask);
                    }
                }
            }
            Event::CredentialRequired { resource, permissions } => {
                let id = self.directory.named_resource(resource)?;
                let mask =
                    self.directory.named_permissions(self.directory.named_kind_of(id)?, permissions)?;
                self.directory.set_required(id, mask);
            }
            Event::CredentialRecorded { user, resource } | Event::CredentialForgotten { user, resource } => {
                let (user, id) = (self.directory.named_user(user)?, self.directory.named_resource(resource)?);
                let recorded = matches!(event, Event::CredentialRecorded { .. });
                self.directory.set_credential(user, id, recorded);
            }
            _ => {}
        }
        Ok(())
    }

    fn key_event(&mut self, event: &Event) -> Checked {
        match event {
            Event::KeyAdded { key, acts_as, scope, expires_at } => {
                self.directory.key_name_is_free(key)?;
                let acts_as = self.directory.named_user(acts_as)?;
                let scope = self.scope(scope)?;
                self.directory.add_key(key, acts_as, scope, *expires_at);
            }
            Event::KeyExpired { key } => {
                let id = self.directory.named_key(key)?;
                let record = self.directory.key_record(id);
                let open = record.is_some_and(|key| !key.expired);
                ensure(open, || format!("key `{key}` is over already"))?;
                self.is_over(key, record.and_then(|key| key.expires_at))?;
                self.directory.expire_key(id);
            }
            Event::KeyRemoved { key } => {
                let id = self.directory.named_key(key)?;
                self.directory.remove_key(id);
            }
            _ => {}
        }
        Ok(())
    }
}

// What an event takes for granted.

impl Replay<'_> {
    fn user_in_status(&self, user: &str, status: UserStatus) -> Result<UserId, String> {
        let id = self.directory.named_user(user)?;
        self.is_in_status(id, &[status])?;
        Ok(id)
    }

    fn is_in_status(&self, user: UserId, allowed: &[UserStatus]) -> Checked {
        let status = self.directory.status_of(user);
        let fits = status.is_some_and(|status| allowed.contains(&status));
        ensure(fits, || format!("the user is {status:?}, not one of {allowed:?}"))
    }

    /// Checks that an end has come at the time of the commit.
    fn is_over(&self, name: &Name, expires_at: Option<Timestamp>) -> Checked {
        let over = expires_at.is_some_and(|at| at <= self.commit.at);
        ensure(over, || format!("`{name}` is not over at {}", self.commit.at))
    }

    fn holds_nothing(&self, user: UserId) -> Checked {
        let seat = self.directory.seat(user);
        let empty = seat.is_none_or(|seat| seat.holds.is_none() && seat.turn.is_none());
        ensure(empty, || "the user still holds or waits for a seat".to_owned())
    }

    /// Checks that the seats that the commit changed follow from what is wanted.
    fn seats_make_sense(&self) -> Checked {
        for &id in &self.seated {
            let directory = &self.directory;
            let (Some(user), Some(seat)) = (directory.user_record(id), directory.seat(id)) else { continue };
            let sound = directory.seat_makes_sense(user.status, &seat);
            let name = user.name.as_deref().unwrap_or_default();
            sound.map_err(|reason| format!("user `{name}`: {reason}"))?;
        }
        Ok(())
    }

    fn scope(&self, scope: &ScopeDocument) -> Result<Scope, String> {
        let entries = match scope {
            ScopeDocument::All => return Ok(Scope::All),
            ScopeDocument::Entries(entries) => entries,
        };
        let spelled_out = |(on, permissions): (&'_ str, &'_ PermissionsDocument)| match permissions {
            PermissionsDocument::These(these) => Ok((on.to_owned(), these.clone())),
            PermissionsDocument::All => Err(format!("the scope on `{on}` is not spelled out")),
        };
        let entries = entries.iter().map(spelled_out).collect::<Result<_, _>>()?;
        self.directory.named_scope(&Entries(entries))
    }
}
