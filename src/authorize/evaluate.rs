//! The one evaluator: what is granted, what cuts it, and the ladder of reasons.
//!
//! Security and licensing are computed apart and meet in [`Verdict`]. Everything that answers a question goes
//! through here, so that a list, an explanation and a check cannot disagree.

use crate::catalog::{KindId, Request};
use crate::directory::{Directory, Groups, KeyRecord, NOBODY, ResourceRow, Scope, Standing, UserRow, held};
use crate::id::{Principal, ResourceId};

use super::decision::{Decision, Denial};

/// A principal that was looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker<'a> {
    pub(super) slot: u32,
    pub(super) row: &'a UserRow,
    pub(super) groups: Groups<'a>,
    pub(super) key: Option<&'a KeyRecord>,
}

/// A resource that was looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) slot: u32,
    pub(super) row: &'a ResourceRow,
}

/// What the two layers say about one principal on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What grants and ownership give, cut to a key's scope (rules A2, A11).
    pub(super) granted: u64,
    /// Whether a profile is held.
    pub(super) seated: bool,
    /// What the license's phase leaves (rule S12).
    pub(super) phase: u64,
    /// What the profile's ceiling leaves (rule A4).
    pub(super) ceiling: u64,
    /// Whether the ceiling only tells.
    pub(super) advisory: bool,
    /// What no missing add-on gates (rule S13).
    pub(super) add_ons: u64,
    /// What needs a credential that is not recorded (rule A12).
    pub(super) missing_credential: u64,
}

/// Hears of every grant that is looked at; `()` hears nothing and costs nothing.
pub(super) trait Recorder {
    /// A grant on the resource or on its whole kind: the subject, and what it contributes, which may be nothing.
    fn grant(&mut self, whole_kind: bool, subject: u32, mask: u64);

    /// What ownership contributes.
    fn ownership(&mut self, mask: u64);

    /// What a key's scope leaves.
    fn scope(&mut self, mask: u64);
}

impl Recorder for () {
    #[inline]
    fn grant(&mut self, _: bool, _: u32, _: u64) {}

    #[inline]
    fn ownership(&mut self, _: u64) {}

    #[inline]
    fn scope(&mut self, _: u64) {}
}

impl<'a> Asker<'a> {
    /// Whether the principal may act at all (rule A6, `inactive`).
    #[inline]
    pub(super) fn is_active(&self) -> bool {
        self.row.standing == Standing::Active && self.key.is_none_or(|key| !key.expired)
    }

    fn scope(&self) -> Option<&'a Scope> {
        self.key.map(|key| &key.scope)
    }
}

impl Directory {
    #[inline]
    pub(super) fn asker(&self, who: Principal) -> Option<Asker<'_>> {
        match who {
            Principal::User(user) => {
                let row = self.user_row(user)?;
                let slot = user.index();
                Some(Asker { slot, row, groups: self.groups_in(slot, row), key: None })
            }
            Principal::Key(key) => {
                let key = self.key_record(key)?;
                let slot = key.acts_as;
                let row = self.users.rows.get(slot)?;
                Some(Asker { slot, row, groups: self.groups_in(slot, row), key: Some(key) })
            }
        }
    }

    #[inline]
    pub(super) fn subject(&self, on: ResourceId) -> Option<Subject<'_>> {
        self.resource_row(on).map(|row| Subject { slot: on.index(), row })
    }

    /// What grants and ownership give, cut to a key's scope (rules A2, A11).
    #[inline]
    pub(super) fn granted_to(&self, who: Asker<'_>, on: Subject<'_>, recorder: &mut impl Recorder) -> u64 {
        let spill = self.spill_of(on.slot, on.row);
        let mut granted = on.row.grants.to(spill, who.slot, who.groups, &mut |subject, mask| {
            recorder.grant(false, subject, mask);
        });
        if let Some(kind) = self.kinds.get(usize::from(on.row.kind)) {
            granted |= kind.grants.to(kind.spill.as_deref(), who.slot, who.groups, &mut |subject, mask| {
                recorder.grant(true, subject, mask);
            });
        }
        if on.row.owner == who.slot && on.row.owner != NOBODY {
            let owner = self.rights.owner(on.row.kind);
            recorder.ownership(owner);
            granted |= owner;
        }
        if let Some(scope) = who.scope() {
            let scope = scope.on(on.row.kind, on.slot);
            recorder.scope(scope);
            granted &= scope;
        }
        granted
    }

    /// Both layers on one resource.
    pub(super) fn verdict(&self, who: Asker<'_>, on: Subject<'_>, recorder: &mut impl Recorder) -> Verdict {
        let kind = KindId::new(on.row.kind);
        let profile = held(who.row.profile).and_then(|profile| self.catalog.profile_definition(profile));
        let license = self.rights.license(kind);
        Verdict {
            granted: self.granted_to(who, on, recorder),
            seated: profile.is_some(),
            phase: license.phase,
            ceiling: profile.map_or(0, |profile| profile.ceiling.of(kind)),
            advisory: profile.is_some_and(|profile| profile.advisory),
            add_ons: license.add_ons,
            missing_credential: self.missing_credential(who.slot, on),
        }
    }

    #[inline]
    pub(super) fn missing_credential(&self, user: u32, on: Subject<'_>) -> u64 {
        if on.row.required == 0 || self.has_credential(user, on.slot) { 0 } else { on.row.required }
    }

    fn has_credential(&self, user: u32, resource: u32) -> bool {
        self.users.records.get(user).is_some_and(|user| user.has_credential(resource))
    }

    /// The whole ladder of rule A6.
    pub(super) fn decide(
        &self,
        who: Option<Asker<'_>>,
        on: Option<Subject<'_>>,
        request: Request,
        recorder: &mut impl Recorder,
    ) -> Decision {
        if request.bits == 0 {
            return Decision::Denied(Denial::EmptyRequest);
        }
        let Some(who) = who else { return Decision::Denied(Denial::UnknownPrincipal) };
        if !who.is_active() {
            return Decision::Denied(Denial::Inactive);
        }
        let Some(on) = on else { return Decision::Denied(Denial::UnknownResource) };
        let kind = KindId::new(on.row.kind);
        let known = self.catalog.definition(kind).map_or(0, crate::catalog::KindDefinition::all);
        if request.kind.is_some_and(|asked| asked != kind) || request.bits & !known != 0 {
            return Decision::Denied(Denial::WrongKind);
        }
        self.verdict(who, on, recorder).on(request.bits)
    }
}

impl Verdict {
    /// What each permission asked alone would be allowed.
    pub(super) fn allowed(&self) -> u64 {
        let ceiling = if self.advisory { u64::MAX } else { self.ceiling };
        let licensed = if self.seated { self.phase & ceiling & self.add_ons } else { 0 };
        self.granted & licensed & !self.missing_credential
    }

    /// The answer for all of these permissions together: the part of the ladder that the two layers decide.
    pub(super) fn on(&self, bits: u64) -> Decision {
        let beyond = bits & !self.ceiling != 0;
        let denial = if bits & !self.granted != 0 {
            Denial::NotGranted
        } else if !self.seated {
            Denial::NoSeat
        } else if bits & !self.phase != 0 {
            Denial::LicenseLapsed
        } else if beyond && !self.advisory {
            Denial::BeyondProfile
        } else if bits & !self.add_ons != 0 {
            Denial::AddOnMissing
        } else if bits & self.missing_credential != 0 {
            Denial::CredentialRequired
        } else if beyond {
            return Decision::AllowedBeyondProfile;
        } else {
            return Decision::Allowed;
        };
        Decision::Denied(denial)
    }
}
