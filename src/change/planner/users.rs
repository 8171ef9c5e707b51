//! Users: how they come, change and go.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use hashbrown::HashSet;

use super::Planner;
use super::lookup::{differs, lists_differ, new_name};
use crate::catalog::ProfileId;
use crate::change::builders::{AddUser, Invite, InviteMany};
use crate::change::event::Event;
use crate::change::refusal::{FieldDifference, RefusalReason};
use crate::directory::{UserRecord, UserSource, UserStatus};
use crate::id::{GroupId, UserId};
use crate::limits::MAX_USERS;
use crate::name::Name;
use crate::seats::RequestSource;
use crate::time::Timestamp;

/// A profile field without its ownership.
#[expect(clippy::option_option, clippy::ref_option, reason = "left out, null and a name are three requests")]
fn asked(field: &Option<Option<String>>) -> Option<Option<&str>> {
    field.as_ref().map(Option::as_deref)
}

/// The fields that adding and inviting share, as named; what is left out asks for nothing of a user who exists.
#[expect(clippy::option_option, reason = "left out, null and a name are three requests")]
struct Named<'a> {
    profile: Option<Option<&'a str>>,
    groups: &'a [String],
    email: Option<&'a String>,
}

/// One or many invitations, which share everything but the names.
#[expect(clippy::option_option, reason = "left out, null and a name are three requests")]
struct Invitations<'a> {
    users: &'a [&'a str],
    profile: &'a Option<Option<String>>,
    groups: &'a [String],
    expires_at: Option<Timestamp>,
    email: Option<&'a String>,
    new: bool,
}

impl Planner<'_> {
    /// Refuses `exists` for a name in use, if the command says that it must be new (rule C4).
    pub(super) fn may_exist(new: bool, what: &'static str, name: &str) -> Result<(), RefusalReason> {
        if new { Err(RefusalReason::Exists { what, name: name.to_owned(), differs: None }) } else { Ok(()) }
    }

    pub(super) fn add_user(&mut self, command: &AddUser) -> Result<(), RefusalReason> {
        let name = new_name(&command.user)?;
        let named = Named {
            profile: asked(&command.profile),
            groups: &command.groups,
            email: command.email.as_ref(),
        };
        let existing = self.directory.user_by_name(&name);
        if let Some(user) = existing {
            Self::may_exist(command.new, "user", &name)?;
            let source = self.user(user).map_or(UserSource::Local, |user| user.source);
            let other = command.source.filter(|&asked| asked != source);
            let other = other.map(|asked| differs("source", Some(source.as_str()), Some(asked.as_str())));
            self.exists_as_asked(user, UserStatus::Active, &named, other)?;
        }
        let profile = self.asked_profile(command.profile.as_ref())?;
        let groups = self.find_groups(&command.groups)?;
        let email = Self::checked_email(command.email.as_ref())?;
        self.all_explicit(&groups, &command.user, existing)?;
        if existing.is_some() {
            return Ok(());
        }
        self.room_for_a_user()?;
        let source = command.source.unwrap_or_default();
        let user = self.create_user(&name, source, email);
        self.join_all(user, &groups);
        self.want(user, profile, RequestSource::Admin);
        Ok(())
    }

    /// Adds an active user whose name is free, without a wish.
    pub(super) fn create_user(&mut self, name: &Name, source: UserSource, email: Option<Name>) -> UserId {
        let user = self.directory.add_user(name, source, UserStatus::Active);
        if let Some(email) = &email {
            self.directory.set_email(user, email);
        }
        self.events.push(Event::UserAdded { user: name.clone(), source, email });
        user
    }

    pub(super) fn room_for_a_user(&self) -> Result<(), RefusalReason> {
        if self.directory.has_room_for_users() {
            return Ok(());
        }
        Err(RefusalReason::TooMany { what: "users", of: None, max: MAX_USERS })
    }

    /// Refuses `exists` unless everything that a command names is already so for a user (rule C4).
    fn exists_as_asked(
        &self,
        user: UserId,
        status: UserStatus,
        named: &Named<'_>,
        other: Option<FieldDifference>,
    ) -> Result<(), RefusalReason> {
        let differs = self.user_difference(user, status, named).or(other);
        let Some(differs) = differs else { return Ok(()) };
        let name = self.name_of(user).map(String::from).unwrap_or_default();
        Err(RefusalReason::Exists { what: "user", name, differs: Some(differs) })
    }

    /// Returns the first of the shared fields that is not as a command names it.
    fn user_difference(
        &self,
        user: UserId,
        status: UserStatus,
        named: &Named<'_>,
    ) -> Option<FieldDifference> {
        let record = self.user(user)?;
        if record.status != status {
            return Some(differs("status", Some(record.status.as_str()), Some(status.as_str())));
        }
        let seat = self.directory.seat(user);
        let wants = seat.and_then(|seat| self.directory.catalog().profile_name(seat.wants?));
        if let Some(asked) = named.profile.filter(|&asked| asked != wants) {
            return Some(differs("profile", wants, asked));
        }
        if let Some(group) = named.groups.iter().find(|group| !self.has_joined_without_end(user, group)) {
            return Some(lists_differ(
                "groups",
                &self.truncated_group_names(user),
                core::slice::from_ref(group),
            ));
        }
        let email = record.email().map(Name::as_str);
        let asked = named.email.map(String::as_str).filter(|&asked| email != Some(asked))?;
        Some(differs("email", email, Some(asked)))
    }

    /// Returns `true` if a user is in a group by itself, without an end (rule E2).
    pub(super) fn has_joined_without_end(&self, user: UserId, group: &str) -> bool {
        let group = self.directory.group_by_name(group);
        group.is_some_and(|group| self.directory.has_joined_without_end(user.slot(), group.slot()))
    }

    /// Returns the names of the groups that a user is in by itself, without an end, shortened to what fits into a
    /// message.
    fn truncated_group_names(&self, user: UserId) -> Vec<String> {
        const SHOWN: usize = 8;
        let mut groups = self.directory.group_names_of(user);
        groups.retain(|group| self.has_joined_without_end(user, group));
        let more = groups.len().saturating_sub(SHOWN);
        let shown = groups.into_iter().take(SHOWN).map(str::to_owned);
        shown.chain((more > 0).then(|| format!("{more} more"))).collect()
    }

    fn join_all(&mut self, user: UserId, groups: &[GroupId]) {
        for &group in groups {
            self.join(user, group, None);
        }
    }

    pub(super) fn invite(&mut self, command: &Invite) -> Result<(), RefusalReason> {
        let invitations = Invitations {
            users: &[&command.user],
            profile: &command.profile,
            groups: &command.groups,
            expires_at: command.expires_at,
            email: command.email.as_ref(),
            new: command.new,
        };
        self.invite_all(&invitations)
    }

    pub(super) fn invite_many(&mut self, command: &InviteMany) -> Result<(), RefusalReason> {
        let addresses = addresses(&command.text)?;
        let invitations = Invitations {
            users: &addresses,
            profile: &command.profile,
            groups: &command.groups,
            expires_at: command.expires_at,
            email: None,
            new: false,
        };
        self.invite_all(&invitations)
    }

    /// Checks all names, then the other fields, then states; then invites all (rule C8).
    fn invite_all(&mut self, command: &Invitations<'_>) -> Result<(), RefusalReason> {
        let names = command.users.iter().map(|user| new_name(user)).collect::<Result<Vec<_>, _>>()?;
        for name in &names {
            self.can_be_invited(name, command)?;
        }
        let profile = self.asked_profile(command.profile.as_ref())?;
        let groups = self.find_groups(command.groups)?;
        self.ensure_not_expired(command.users.first().copied().unwrap_or_default(), command.expires_at)?;
        let email = Self::checked_email(command.email)?;
        for name in &names {
            self.all_explicit(&groups, name, self.directory.user_by_name(name))?;
        }
        for name in names {
            self.invite_one(name, command, profile, &groups, email.as_ref())?;
        }
        Ok(())
    }

    /// Refuses `exists` unless a name is free, expired, or invited as asked (rule C4).
    fn can_be_invited(&self, name: &Name, command: &Invitations<'_>) -> Result<(), RefusalReason> {
        let Some(user) = self.directory.user_by_name(name) else { return Ok(()) };
        Self::may_exist(command.new, "user", name)?;
        if self.is_expired(user) {
            return Ok(());
        }
        let until = self.user(user).and_then(UserRecord::expires_at);
        let other = command.expires_at.filter(|&asked| until != Some(asked)).map(|asked| {
            let text = |at: Timestamp| at.to_string();
            differs("expires_at", until.map(text).as_deref(), Some(&text(asked)))
        });
        let named = Named { profile: asked(command.profile), groups: command.groups, email: command.email };
        self.exists_as_asked(user, UserStatus::Invited, &named, other)
    }

    pub(super) fn is_expired(&self, user: UserId) -> bool {
        self.user(user).is_some_and(|user| user.status == UserStatus::Expired)
    }

    /// Invites a new user, or renews an expired invitation; an open one is as asked already.
    fn invite_one(
        &mut self,
        name: Name,
        command: &Invitations<'_>,
        profile: Option<ProfileId>,
        groups: &[GroupId],
        email: Option<&Name>,
    ) -> Result<(), RefusalReason> {
        let existing = self.directory.user_by_name(&name);
        let renews = existing.is_some_and(|user| self.is_expired(user));
        let user = match existing {
            Some(_) if !renews => return Ok(()),
            Some(user) => user,
            None => {
                self.room_for_a_user()?;
                self.directory.add_user(&name, UserSource::Local, UserStatus::Invited)
            }
        };
        self.directory.set_status(user, UserStatus::Invited);
        self.directory.set_expiry(user, command.expires_at);
        if let Some(email) = email {
            self.directory.set_email(user, email);
        }
        let (email, expires_at) = (email.cloned(), command.expires_at);
        self.events.push(Event::UserInvited { user: name, email, expires_at });
        self.join_all(user, groups);
        if renews && command.profile.is_none() {
            // The profile wanted before is remembered and asked for again.
            self.request_again(user, RequestSource::Invite);
        } else {
            self.ask(user, profile, RequestSource::Invite);
        }
        Ok(())
    }

    /// Asks again for what a user wants already.
    fn request_again(&mut self, user: UserId, source: RequestSource) {
        if self.directory.seat(user).is_some_and(|seat| seat.wants.is_some()) {
            self.wish(user, source);
        }
    }

    /// Asks for a profile, also if it is the one remembered.
    fn ask(&mut self, user: UserId, profile: Option<ProfileId>, source: RequestSource) {
        if self.directory.seat(user).is_some_and(|seat| seat.wants == profile) {
            self.request_again(user, source);
        } else {
            self.want(user, profile, source);
        }
    }

    fn ensure_not_expired(&self, user: &str, expires_at: Option<Timestamp>) -> Result<(), RefusalReason> {
        match expires_at {
            Some(expires_at) if expires_at <= self.now => {
                Err(RefusalReason::ExpiryNotAfterNow { user: user.to_owned(), expires_at, now: self.now })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn accept_invite(&mut self, user: &str) -> Result<(), RefusalReason> {
        let name = user;
        let user = self.find_user(name)?;
        match self.directory.status_of(user) {
            Some(UserStatus::Invited) => {}
            Some(UserStatus::Expired) => {
                return Err(RefusalReason::InvitationExpired { user: name.to_owned() });
            }
            _ => return Err(RefusalReason::NotInvited { user: name.to_owned() }),
        }
        self.directory.set_expiry(user, None);
        self.change_status(user, UserStatus::Active, |user| Event::InvitationAccepted { user });
        Ok(())
    }

    pub(super) fn revoke_invite(&mut self, user: &str) -> Result<(), RefusalReason> {
        let name = user;
        let user = self.find_user(name)?;
        if matches!(self.directory.status_of(user), Some(UserStatus::Active | UserStatus::Suspended)) {
            return Err(RefusalReason::NotInvited { user: name.to_owned() });
        }
        self.owns_nothing(user, None)?;
        self.drop_user(user);
        Ok(())
    }

    /// The invitation was not accepted in time: its seat is free, and the user stays (rule S4).
    pub(super) fn expire_invitation(&mut self, user: UserId) {
        self.release(user);
        self.directory.set_expiry(user, None);
        self.change_status(user, UserStatus::Expired, |user| Event::InvitationExpired { user });
    }

    fn change_status(&mut self, user: UserId, status: UserStatus, event: impl FnOnce(Name) -> Event) {
        self.directory.set_status(user, status);
        self.events.extend(self.name_of(user).map(event));
    }

    pub(super) fn suspend(&mut self, user: &str, reason: Option<&str>) -> Result<(), RefusalReason> {
        let id = self.find_user(user)?;
        let reason = reason.map(new_name).transpose()?;
        let suspended =
            self.settled_status(id, user, "only an active user can be suspended")? == UserStatus::Suspended;
        let same = reason.is_none() || reason.as_deref() == self.directory.suspension_reason(id);
        if suspended && same {
            return Ok(());
        }
        self.owns_no_singleton(id)?;
        self.release(id);
        self.directory.set_suspension_reason(id, reason.as_ref());
        self.change_status(id, UserStatus::Suspended, |user| Event::UserSuspended { user, reason });
        Ok(())
    }

    pub(super) fn reinstate(&mut self, user: &str) -> Result<(), RefusalReason> {
        let id = self.find_user(user)?;
        let status = self.settled_status(id, user, "only a suspended user can be reinstated")?;
        if status == UserStatus::Active {
            return Ok(());
        }
        self.directory.set_suspension_reason(id, None);
        self.change_status(id, UserStatus::Active, |user| Event::UserReinstated { user });
        self.request_again(id, RequestSource::Reinstate);
        Ok(())
    }

    /// The status of a user who has accepted an invitation or never needed one.
    fn settled_status(
        &self,
        id: UserId,
        user: &str,
        requirement: &'static str,
    ) -> Result<UserStatus, RefusalReason> {
        let status = self.user(id).map_or(UserStatus::Active, |user| user.status);
        match status {
            UserStatus::Active | UserStatus::Suspended => Ok(status),
            UserStatus::Invited | UserStatus::Expired => {
                Err(RefusalReason::WrongState { user: user.to_owned(), status, requirement })
            }
        }
    }

    /// Refuses if the user owns a singleton (rule A10).
    pub(super) fn owns_no_singleton(&self, user: UserId) -> Result<(), RefusalReason> {
        let Some(resource) = self.directory.singletons_of(user).next() else { return Ok(()) };
        let user = self.name_of(user).map(String::from).unwrap_or_default();
        Err(RefusalReason::OwnerProtected { user, resource: self.text_of(resource) })
    }

    /// Refuses if the user owns something and no heir is named (rule A10).
    fn owns_nothing(&self, user: UserId, heir: Option<UserId>) -> Result<(), RefusalReason> {
        let mut owned = self.directory.owned_by(user.slot());
        let first = owned.next().and_then(|slot| self.directory.resource_id(slot));
        let Some(first) = first.filter(|_| heir.is_none_or(|heir| heir == user)) else { return Ok(()) };
        Err(RefusalReason::OwnsResources {
            user: self.name_of(user).map(String::from).unwrap_or_default(),
            count: self.directory.owned_count(user.slot()),
            example: self.text_of(first),
        })
    }

    pub(super) fn remove_user(&mut self, user: &str, heir: Option<&str>) -> Result<(), RefusalReason> {
        let user = self.find_user(user)?;
        let heir = heir.map(|heir| self.find_user(heir)).transpose()?;
        self.owns_no_singleton(user)?;
        self.owns_nothing(user, heir)?;
        if let Some(heir) = heir {
            let owned = self.directory.owned_by(user.slot());
            let owned: Vec<_> = owned.filter_map(|slot| self.directory.resource_id(slot)).collect();
            for resource in owned {
                self.give(resource, heir);
            }
        }
        self.drop_user(user);
        Ok(())
    }

    fn drop_user(&mut self, user: UserId) {
        self.release(user);
        let (name, keys) = (self.name_of(user), self.directory.shared_key_names_of(user));
        self.directory.remove_user(user);
        self.events.extend(name.map(|user| Event::UserRemoved { user, keys }));
    }

    pub(super) fn rename_user(&mut self, user: &str, to: &str) -> Result<(), RefusalReason> {
        let name = new_name(to)?;
        if user != to && self.directory.user_by_name(to).is_some() {
            return Err(RefusalReason::Exists { what: "user", name: to.to_owned(), differs: None });
        }
        let id = self.find_user(user)?;
        if user == to {
            return Ok(());
        }
        let before = self.name_of(id);
        self.directory.rename_user(id, &name);
        self.events.extend(before.map(|user| Event::UserRenamed { user, to: name }));
        Ok(())
    }
}

/// The addresses in a text, each once; every bad one is listed (rule G6).
pub(super) fn addresses(text: &str) -> Result<Vec<&str>, RefusalReason> {
    let parts = text.split([',', ';', ' ', '\n', '\r']).filter(|part| !part.is_empty());
    let mut seen = HashSet::new();
    let (good, bad): (Vec<&str>, Vec<&str>) =
        parts.filter(|&part| seen.insert(part)).partition(|part| is_address(part));
    if bad.is_empty() {
        return Ok(good);
    }
    Err(RefusalReason::InvalidAddresses { addresses: bad.into_iter().map(str::to_owned).collect() })
}

/// Returns `true` if a text is of the form `name@place`, and may be a name.
fn is_address(text: &str) -> bool {
    let parted = text.split_once('@');
    let shape =
        parted.is_some_and(|(name, place)| !name.is_empty() && !place.is_empty() && !place.contains('@'));
    shape && !text.contains(char::is_whitespace) && crate::name::check_name(text).is_ok()
}
