//! The one evaluator: what is granted, what cuts it, and the ladder of reasons.
//!
//! Security and licensing are computed apart and meet in [`Verdict`]. Everything that answers a question goes
//! through here, so that a list, an explanation and a check cannot disagree.

use crate::catalog::Request;
use crate::directory::{
    Directory, EVERYONE, Groups, KeyRecord, NOBODY, ResourceRow, Scope, Standing, UserRow,
};
use crate::id::{KeyId, Principal, ResourceId};

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
    /// The permissions that the kind has.
    pub(super) known: u64,
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
    /// Whether anything is heard at all.
    const HEARS: bool = true;

    /// A grant on the resource or on its whole kind: the subject, and what it contributes, which may be nothing.
    fn grant(&mut self, whole_kind: bool, subject: u32, mask: u64);

    /// What ownership contributes.
    fn ownership(&mut self, mask: u64);

    /// What a key's scope leaves.
    fn scope(&mut self, mask: u64);
}

impl Recorder for () {
    const HEARS: bool = false;

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
            Principal::Key(key) => self.key_asker(key),
        }
    }

    #[inline(never)]
    fn key_asker(&self, key: KeyId) -> Option<Asker<'_>> {
        let key = self.key_record(key)?;
        let slot = key.acts_as;
        let row = self.users.rows.get(slot)?;
        Some(Asker { slot, row, groups: self.groups_in(slot, row), key: Some(key) })
    }

    #[inline]
    pub(super) fn subject(&self, on: ResourceId) -> Option<Subject<'_>> {
        self.resource_row(on).map(|row| Subject { slot: on.index(), row })
    }

    /// What grants and ownership give, cut to a key's scope (rules A2, A11).
    #[inline]
    pub(super) fn granted_to<R: Recorder>(&self, who: Asker<'_>, on: Subject<'_>, recorder: &mut R) -> u64 {
        let spill = self.spill_of(on.slot, on.row);
        let mut granted = on.row.grants.everyone;
        if !on.row.singleton || R::HEARS {
            granted |= on.row.grants.granted_to(spill, who.slot, who.groups, &mut |subject, mask| {
                recorder.grant(false, subject, mask);
            });
        }
        if let Some(kind) = self.kinds.get(usize::from(on.row.kind)) {
            granted |= kind.grants.everyone | kind.wide.get(who.slot).copied().unwrap_or(0);
            if R::HEARS {
                let hear = &mut |subject, mask| recorder.grant(true, subject, mask);
                kind.grants.granted_to(kind.spill.as_deref(), who.slot, who.groups, hear);
                hear(EVERYONE, kind.grants.everyone);
            }
        }
        if R::HEARS {
            recorder.grant(false, EVERYONE, on.row.grants.everyone);
        }
        if on.row.owner == who.slot && on.row.owner != NOBODY {
            let owner = self.rights.of_kind(on.row.kind).owner;
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
    #[inline]
    pub(super) fn verdict(&self, who: Asker<'_>, on: Subject<'_>, recorder: &mut impl Recorder) -> Verdict {
        let kind = self.rights.of_kind(on.row.kind);
        let profile = self.rights.of_profile(who.row.profile, on.row.kind);
        Verdict {
            known: kind.all,
            granted: self.granted_to(who, on, recorder),
            seated: profile.seated,
            phase: kind.phase,
            ceiling: profile.ceiling,
            advisory: profile.advisory,
            add_ons: kind.add_ons,
            missing_credential: self.missing_credential(who.slot, on),
        }
    }

    #[inline]
    pub(super) fn missing_credential(&self, user: u32, on: Subject<'_>) -> u64 {
        if on.row.required == 0 || self.has_credential(user, on.slot) { 0 } else { on.row.required }
    }

    #[inline(never)]
    fn has_credential(&self, user: u32, resource: u32) -> bool {
        self.users.records.get(user).is_some_and(|user| user.has_credential(resource))
    }

    /// The answer to a request (rule A6).
    ///
    /// What rarely happens is branched on; what depends on the question is not, see [`Verdict::on`].
    #[inline]
    pub(super) fn decide(
        &self,
        who: Option<Asker<'_>>,
        on: Option<Subject<'_>>,
        request: Request,
    ) -> Decision {
        match (who, on) {
            (Some(who), Some(on)) if who.is_active() && request.suits(on.row.kind) => {
                self.verdict(who, on, &mut ()).on(request.bits)
            }
            _ => unfit(who, on, request),
        }
    }
}

impl Request {
    /// Whether something is asked for, and of this kind.
    #[inline]
    fn suits(self, kind: u8) -> bool {
        self.bits != 0 && self.kind.is_none_or(|asked| asked.get() == kind)
    }
}

/// The reason of a request that cannot be answered from rows: the rungs of the ladder before `not_granted`.
#[cold]
fn unfit(who: Option<Asker<'_>>, on: Option<Subject<'_>>, request: Request) -> Decision {
    let denial = match (who, on) {
        _ if request.bits == 0 => Denial::EmptyRequest,
        (None, _) => Denial::UnknownPrincipal,
        (Some(who), _) if !who.is_active() => Denial::Inactive,
        (Some(_), None) => Denial::UnknownResource,
        (Some(_), Some(_)) => Denial::WrongKind,
    };
    Decision::Denied(denial)
}

impl Verdict {
    /// What each permission asked alone would be allowed.
    pub(super) fn allowed(&self) -> u64 {
        let ceiling = if self.advisory { u64::MAX } else { self.ceiling };
        let licensed = if self.seated { self.phase & ceiling & self.add_ons } else { 0 };
        self.granted & licensed & !self.missing_credential
    }

    /// The answer for all of these permissions together: the part of the ladder that the two layers decide.
    ///
    /// Each rung that stands against the request sets its bit, and the first bit that is set is the answer. Which one
    /// it is depends on the question, so a branch would be predicted wrongly half of the time.
    #[inline]
    pub(super) fn on(&self, bits: u64) -> Decision {
        let beyond = bits & !self.ceiling != 0;
        let against = [
            bits & !self.known != 0,
            bits & !self.granted != 0,
            !self.seated,
            bits & !self.phase != 0,
            beyond && !self.advisory,
            bits & !self.add_ons != 0,
            bits & self.missing_credential != 0,
            beyond,
            true,
        ];
        let rungs = against.iter().rev().fold(0_u32, |rungs, &stands| (rungs << 1) | u32::from(stands));
        LADDER.get(rungs.trailing_zeros() as usize).copied().unwrap_or(Decision::Denied(Denial::NotGranted))
    }
}

/// What each rung of [`Verdict::on`] answers.
const LADDER: [Decision; 9] = [
    Decision::Denied(Denial::WrongKind),
    Decision::Denied(Denial::NotGranted),
    Decision::Denied(Denial::NoSeat),
    Decision::Denied(Denial::LicenseLapsed),
    Decision::Denied(Denial::BeyondProfile),
    Decision::Denied(Denial::AddOnMissing),
    Decision::Denied(Denial::CredentialRequired),
    Decision::AllowedBeyondProfile,
    Decision::Allowed,
];
