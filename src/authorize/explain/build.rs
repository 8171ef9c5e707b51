//! Names the parts of a request and explains its decision.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::evaluation::{Evaluation, bits, names};
use super::{ActingUser, Explanation, Need};
use crate::authorize::decision::{Decision, Denial};
use crate::authorize::evaluate::{PrincipalRef, ResourceRef};
use crate::catalog::{AnyKind, Entries, KindDefinition, Request};
use crate::directory::{Directory, UserStatus};
use crate::id::{Principal, ResourceId};

/// A request with names in place of ids and bits.
struct NamedRequest {
    who: Option<String>,
    on: Option<String>,
    permissions: Vec<String>,
    /// The requested permissions that the resource's kind does not have.
    unknown: Vec<String>,
}

impl Directory {
    /// Explains the decision of a check (rule A13).
    ///
    /// The decision in the explanation is always that of [`check`](Self::check). The cost is proportional to the number of
    /// grants to the principal there. If a grant is missing, every grant on the resource and its kind is read to find the
    /// groups that have it.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("guest").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("data-team"))
    /// #     .add(Command::add_user("ada").profile("guest").group("data-team"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::group("data-team"), "project/churn", ["read"]));
    /// # let plan = Directory::new(catalog).plan(batch)?;
    /// # let directory = plan.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let write = directory.catalog().permission_set("project", ["write"]).unwrap();
    ///
    /// let explanation = directory.explain(ada, churn, write);
    /// assert_eq!(
    ///     explanation.needs[0].to_string(),
    ///     "no group of `ada` has `write` on `project/churn`; `group:data-team` has `read`",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain<K: AnyKind>(
        &self,
        who: impl Into<Principal>,
        on: ResourceId<K>,
        permissions: K::Permissions,
    ) -> Explanation {
        let (who, on, request) =
            (self.principal_ref(who.into()), self.resource_ref(on.untyped()), K::request(permissions));
        let named = self.named_request(who, on, request);
        self.explanation(named, who, on, request)
    }

    /// Explains the decision of a check by names, for tools and consoles.
    ///
    /// The decision in the explanation is always that of [`check_by_name`](Self::check_by_name).
    #[must_use]
    pub fn explain_by_name(&self, who: &str, on: &str, permissions: &[&str]) -> Explanation {
        let (principal, resource, request) = self.request_by_name(who, on, permissions);
        let kind = resource.and_then(|on| self.catalog().definition(on.row.kind()));
        let missing = |name: &&&str| kind.is_some_and(|kind| kind.bit(name).is_none());
        let named = NamedRequest {
            who: Some(who.to_owned()),
            on: Some(on.to_owned()),
            permissions: permissions.iter().map(|&name| name.to_owned()).collect(),
            unknown: permissions.iter().filter(missing).map(|&name| name.to_owned()).collect(),
        };
        self.explanation(named, principal, resource, request)
    }

    /// Names a request by ids. A bit without a name is written as `bit 7`.
    fn named_request(
        &self,
        who: Option<PrincipalRef<'_>>,
        on: Option<ResourceRef<'_>>,
        request: Request,
    ) -> NamedRequest {
        let here = on.map(|on| on.row.kind());
        let kind = request.kind().or(here).and_then(|kind| self.catalog().definition(kind));
        let mut permissions = kind.map(|kind| names(kind, request.bits)).unwrap_or_default();
        let nameless = request.bits & !kind.map_or(0, KindDefinition::all);
        let nameless: Vec<String> =
            bits(nameless).map(|bit| format!("bit {}", bit.trailing_zeros())).collect();
        permissions.extend(nameless.iter().cloned());
        let other_kind = request.kind().is_some() && request.kind() != here;
        NamedRequest {
            who: who.map(|who| self.principal_ref_name(who)),
            on: on.and_then(|on| self.resource_slot_name(on.slot)).map(|name| name.to_string()),
            unknown: if other_kind { permissions.clone() } else { nameless },
            permissions,
        }
    }

    fn principal_ref_name(&self, who: PrincipalRef<'_>) -> String {
        match who.key {
            Some(key) => format!("key:{}", key.name.as_deref().unwrap_or_default()),
            None => format!("user:{}", self.user_slot_name(who.slot).unwrap_or_default()),
        }
    }

    fn explanation(
        &self,
        named: NamedRequest,
        who: Option<PrincipalRef<'_>>,
        on: Option<ResourceRef<'_>>,
        request: Request,
    ) -> Explanation {
        let decision = self.check_resolved_slow(who, on, request);
        let mut needs = self.first_needs(&named, who, on);
        let evaluation = Evaluation::new(self, who, on);
        let known = named.permissions.iter().filter(|name| !named.unknown.contains(name));
        let bit_of = |name: &String| evaluation.as_ref().and_then(|evaluation| evaluation.kind.bit(name));
        let wanted = known.filter_map(bit_of).fold(0, |all, bit| all | bit);
        if let Some(evaluation) = &evaluation {
            evaluation.needs(wanted, &mut needs);
        }
        Explanation {
            who: named.who,
            on: named.on,
            asked: named.permissions,
            decision,
            layer: decision.denial().map(Denial::layer),
            needs,
            ..self.explain_apart_from_request(who, on, evaluation.as_ref(), Some(wanted))
        }
    }

    /// Explains the access of a principal to a resource without a request: nothing is asked, and so nothing is needed.
    ///
    /// Of the rest it has what [`Explanation::why`] writes: the limits that take something, and of each grant the permissions
    /// that others do not imply.
    pub(in crate::authorize) fn explain_access(
        &self,
        who: Option<PrincipalRef<'_>>,
        on: Option<ResourceRef<'_>>,
    ) -> Explanation {
        let evaluation = Evaluation::new(self, who, on);
        Explanation {
            who: who.map(|who| self.principal_ref_name(who)),
            on: on.and_then(|on| self.resource_slot_name(on.slot)).map(|name| name.to_string()),
            ..self.explain_apart_from_request(who, on, evaluation.as_ref(), None)
        }
    }

    /// Explains what a principal has on a resource, apart from the request and its decision; without wanted permissions only
    /// what [`Explanation::why`] writes.
    fn explain_apart_from_request(
        &self,
        who: Option<PrincipalRef<'_>>,
        on: Option<ResourceRef<'_>>,
        evaluation: Option<&Evaluation<'_>>,
        wanted: Option<u64>,
    ) -> Explanation {
        let mut explanation = Explanation {
            who: None,
            on: None,
            asked: Vec::new(),
            decision: Decision::Allowed,
            layer: None,
            acting_user: who.map(|who| self.acting_user(who)),
            grants: Vec::new(),
            ownership: None,
            passed_ownership: Vec::new(),
            granted: Vec::new(),
            ends: Entries::default(),
            cuts: Vec::new(),
            allowed: Vec::new(),
            needs: Vec::new(),
        };
        if let Some(evaluation) = evaluation {
            explanation.grants = evaluation.grants(wanted);
            explanation.ownership = evaluation.ownership();
            explanation.passed_ownership = evaluation.passed_ownership();
            if wanted.is_some() {
                explanation.granted = names(evaluation.kind, evaluation.verdict.granted);
            }
            explanation.ends = evaluation.ends();
            explanation.cuts = evaluation.cuts(wanted.is_none());
            explanation.allowed = names(evaluation.kind, self.allowed_bits(who, on).1);
        }
        explanation
    }

    /// Describes the user who acts.
    pub(super) fn acting_user(&self, who: PrincipalRef<'_>) -> ActingUser {
        let user = self.user_record_at(who.slot);
        let held = self.seat_at(who.slot).profile();
        let profile = held.and_then(|profile| self.catalog().profile_name(profile));
        ActingUser {
            user: self.user_slot_name(who.slot).unwrap_or_default().to_owned(),
            status: user.map(|user| user.status).unwrap_or_default(),
            profile: profile.map(ToOwned::to_owned),
            offered: held.is_none_or(|profile| self.may_be_had(profile)),
            key: who.key.and_then(|key| key.name.as_deref()).map(ToOwned::to_owned),
        }
    }

    /// Returns the needs that do not depend on an evaluation: a request, a principal and a resource that exist and fit.
    fn first_needs(
        &self,
        named: &NamedRequest,
        who: Option<PrincipalRef<'_>>,
        on: Option<ResourceRef<'_>>,
    ) -> Vec<Need> {
        let mut needs = Vec::new();
        if named.permissions.is_empty() {
            needs.push(Need::Request);
        }
        match who.map(|who| self.acting_user(who)) {
            None => needs.push(Need::Principal { who: named.who.clone() }),
            Some(ActingUser { user, status, .. }) if status != UserStatus::Active => {
                needs.push(Need::Active { user, status });
            }
            Some(_) => {}
        }
        if let Some(key) = who.and_then(|who| who.key).filter(|key| key.expired) {
            needs.push(Need::Key { key: key.name.as_deref().unwrap_or_default().to_owned() });
        }
        let kind = on.and_then(|on| self.catalog().kind_name(on.row.kind()));
        match kind {
            None => needs.push(Need::Resource { on: named.on.clone() }),
            Some(kind) if !named.unknown.is_empty() => {
                needs.push(Need::Kind { kind: kind.to_owned(), permissions: named.unknown.clone() });
            }
            Some(_) => {}
        }
        needs
    }
}
