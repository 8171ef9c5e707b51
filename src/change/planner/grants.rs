//! Grants on targets: permissions and roles, with and without an end (rules E1 to E4, R2 and R5).

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Planner;
use crate::catalog::KindId;
use crate::change::event::{EndingPermissions, Event};
use crate::change::grant::{AddGrant, Given, Revoke, SetGrant};
use crate::change::refusal::RefusalReason;
use crate::directory::{GrantRecord, Grantee, GranteeId, SubjectSlot, Target, TargetSlot};
use crate::name::Name;
use crate::time::Timestamp;

/// A grantee and a target that were found, with the texts that named them.
struct Place<'a> {
    to: &'a Grantee,
    on: &'a str,
    grantee: GranteeId,
    target: Target,
}

/// The grant record of a grantee on a target, before and after a command.
pub(super) struct GrantChange<'a> {
    place: Place<'a>,
    before: GrantRecord,
    after: GrantRecord,
}

impl GrantChange<'_> {
    pub(super) fn to(&self) -> SubjectSlot {
        SubjectSlot::of(self.place.grantee)
    }

    pub(super) fn on(&self) -> TargetSlot {
        self.place.target.slot()
    }

    pub(super) fn records(&self) -> [&GrantRecord; 2] {
        [&self.before, &self.after]
    }
}

impl Planner<'_> {
    pub(super) fn grant(&mut self, command: &AddGrant) -> Result<(), RefusalReason> {
        let (place, given) = self.given(command)?;
        let before = self.directory.grant_record_of(place.grantee, place.target);
        let mut after = before.clone();
        after.grant(given.own(), command.expires_at);
        given.roles().for_each(|(role, until)| after.grant_role(role, until));
        self.change_grant_record(GrantChange { place, before, after });
        Ok(())
    }

    /// Finds the grantee and the target of a command, and the record of what it gives by itself.
    fn given<'a>(&self, command: &'a AddGrant) -> Result<(Place<'a>, GrantRecord), RefusalReason> {
        let place = self.place(&command.to, &command.on)?;
        let mut given = GrantRecord::default();
        match &command.given {
            Given::Permissions(names) => {
                given.place(self.permissions_there(&place, names)?.1, command.expires_at);
            }
            Given::Role(role) => given.place_role(&self.role_there(&place, role)?, command.expires_at),
        }
        self.is_to_come(command.expires_at)?;
        Ok((place, given))
    }

    /// Returns to whom, where and what a command gives; `None` if it has a fault.
    pub(super) fn grant_given(&self, command: &AddGrant) -> Option<(SubjectSlot, TargetSlot, GrantRecord)> {
        let (place, given) = self.given(command).ok()?;
        Some((SubjectSlot::of(place.grantee), place.target.slot(), given))
    }

    pub(super) fn set_grant(&mut self, command: &SetGrant) -> Result<(), RefusalReason> {
        let change = self.change_if_set(command)?;
        self.change_grant_record(change);
        Ok(())
    }

    pub(super) fn change_if_set<'a>(&self, command: &'a SetGrant) -> Result<GrantChange<'a>, RefusalReason> {
        let place = self.place(&command.to, &command.on)?;
        let mut after = GrantRecord::default();
        if !command.permissions.is_empty() {
            let (_, bits) = self.permissions_there(&place, &command.permissions)?;
            after.place(bits, command.expires_at);
        }
        for role in &command.roles {
            let role = self.role_there(&place, role)?;
            after.place_role(&role, command.expires_at);
        }
        self.is_to_come(command.expires_at)?;
        let before = self.directory.grant_record_of(place.grantee, place.target);
        Ok(GrantChange { place, before, after })
    }

    pub(super) fn revoke(&mut self, command: &Revoke) -> Result<(), RefusalReason> {
        let change = self.change_if_revoked(command)?;
        self.change_grant_record(change);
        Ok(())
    }

    pub(super) fn change_if_revoked<'a>(
        &self,
        command: &'a Revoke,
    ) -> Result<GrantChange<'a>, RefusalReason> {
        let place = self.place(&command.to, &command.on)?;
        let before = self.directory.grant_record_of(place.grantee, place.target);
        let mut after = before.clone();
        match &command.given {
            Given::Permissions(names) => {
                let kind = self.kind_there(&place)?;
                let bits = self.find_permissions(kind, names)?;
                self.is_not_of_a_role(&place, kind, &before, bits)?;
                let definition = self.directory.catalog().definition(kind);
                after.retain(definition.map_or(0, |kind| kind.without(before.own(), bits)));
            }
            Given::Role(role) => after.take_role(&self.find_role(role)?),
        }
        Ok(GrantChange { place, before, after })
    }

    fn place<'a>(&self, to: &'a Grantee, on: &'a str) -> Result<Place<'a>, RefusalReason> {
        let grantee = self.find_grantee(to)?;
        let target = if on == "*" { Target::Everything } else { self.find_target(on)? };
        Ok(Place { to, on, grantee, target })
    }

    fn kind_there(&self, place: &Place<'_>) -> Result<KindId, RefusalReason> {
        if place.target == Target::Everything {
            // Permissions are of a kind, and everything is of none (rule R2).
            return Err(RefusalReason::PermissionsOnEverything { example: self.whole_kind_to_name() });
        }
        self.kind_of(place.target, place.on)
    }

    /// A whole kind that a command could name, or else a singleton.
    fn whole_kind_to_name(&self) -> Option<String> {
        let kinds = || self.directory.catalog().definitions().map(|(_, kind)| kind);
        let whole = kinds().find(|kind| !kind.singleton()).map(|kind| format!("{}/*", kind.name()));
        whole.or_else(|| kinds().next().map(|kind| kind.name().to_owned()))
    }

    /// The permissions, and those that they imply, on the kind of a target.
    fn permissions_there(&self, place: &Place<'_>, names: &[String]) -> Result<(KindId, u64), RefusalReason> {
        let kind = self.kind_there(place)?;
        let bits = self.find_permissions(kind, names)?;
        Ok((kind, self.directory.catalog().definition(kind).map_or(0, |kind| kind.close(bits))))
    }

    /// A role that gives something on a target (rule R2).
    fn role_there(&self, place: &Place<'_>, role: &str) -> Result<Name, RefusalReason> {
        let name = self.find_role(role)?;
        if place.target == Target::Everything {
            return Ok(name);
        }
        let kind = self.kind_of(place.target, place.on)?;
        if self.directory.role_record(role).is_some_and(|(_, role)| role.on(kind) != 0) {
            return Ok(name);
        }
        let kind = self.directory.catalog().kind_name(kind).unwrap_or_default().to_owned();
        Err(RefusalReason::WrongKind { role: role.to_owned(), kind })
    }

    pub(super) fn is_to_come(&self, expires_at: Option<Timestamp>) -> Result<(), RefusalReason> {
        match expires_at {
            Some(expires_at) if expires_at <= self.now => {
                Err(RefusalReason::AlreadyOver { expires_at, now: self.now })
            }
            _ => Ok(()),
        }
    }

    /// Refuses if a role that is given on this very target gives one of the permissions (rule R5).
    fn is_not_of_a_role(
        &self,
        place: &Place<'_>,
        kind: KindId,
        terms: &GrantRecord,
        bits: u64,
    ) -> Result<(), RefusalReason> {
        let gives = |role: &str| self.directory.role_record(role).map_or(0, |(_, role)| role.on(kind)) & bits;
        let Some((role, mask)) =
            terms.roles().map(|(role, _)| (role, gives(role))).find(|(_, mask)| *mask != 0)
        else {
            return Ok(());
        };
        Err(RefusalReason::GivenByRole {
            to: place.to.clone(),
            on: place.on.to_owned(),
            role: role.as_str().to_owned(),
            permissions: self.directory.permission_names(kind, mask, |name| name.as_str().to_owned()),
        })
    }

    /// Records the differences between what was and what shall be given, each once.
    fn change_grant_record(&mut self, change: GrantChange<'_>) {
        let GrantChange { place, before, after } = change;
        if before == after {
            return;
        }
        let own = |terms: &GrantRecord| (terms.lasting(), terms.ending().collect::<Vec<_>>());
        if own(&before) != own(&after) {
            self.events.push(self.grant_changed(&place, &after));
        }
        for (role, _) in before.roles().filter(|(role, _)| !after.has_role(role)) {
            let (to, on, role) = (place.to.clone(), place.on.to_owned(), role.clone());
            self.events.push(Event::RoleRevoked { to, on, role });
        }
        for (role, expires_at) in after.roles().filter(|(role, until)| !before.has_role_until(role, *until)) {
            let (to, on, role) = (place.to.clone(), place.on.to_owned(), role.clone());
            self.events.push(Event::RoleGranted { to, on, role, expires_at, beyond: false });
        }
        self.directory.set_grant_record(place.grantee, place.target, after);
    }

    fn grant_changed(&self, place: &Place<'_>, after: &GrantRecord) -> Event {
        let names = |mask| self.names_on(place.target, mask);
        let ending = after.ending();
        Event::GrantChanged {
            to: place.to.clone(),
            on: place.on.to_owned(),
            permissions: names(after.lasting()),
            ending: ending
                .map(|(expires_at, mask)| EndingPermissions { expires_at, permissions: names(mask) })
                .collect(),
            beyond: false,
        }
    }

    fn names_on(&self, target: Target, mask: u64) -> Vec<Name> {
        let kind = self.directory.kind_of(target);
        kind.map_or_else(Vec::new, |kind| self.directory.permission_names(kind, mask, Name::clone))
    }

    /// Ends what was given to a grantee on a target until a time (rule E4).
    pub(super) fn end_grant(&mut self, to: SubjectSlot, on: TargetSlot, at: Timestamp) {
        let Some((grantee, target)) = self.directory.grantee_and_target(to, on) else { return };
        let mut terms = self.directory.grant_record_of(grantee, target);
        let (mask, roles) = terms.end_by(at);
        let names = self.directory.grantee_name(grantee).zip(self.directory.target_name(target));
        self.events.extend(names.map(|(to, on)| Event::GrantEnded {
            to,
            on,
            permissions: self.names_on(target, mask),
            roles,
            expires_at: at,
        }));
        self.directory.set_grant_record(grantee, target, terms);
    }
}
