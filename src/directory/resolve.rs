//! Names in stored events and directories, looked up and checked; the errors are texts.
//!
//! Commands have refusals of their own.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::model::{ParsedTarget, parse_resource};
use super::storage::{Membership, ResourceRow, ResourceSlot, Scope, ScopeEntries, UserSlot};
use super::{Directory, Grantee, GranteeId, MembershipRule, Target, UserStatus};
use crate::catalog::{Entries, KindDefinition, KindId, ProfileId};
use crate::id::{GroupId, KeyId, ResourceId, UserId};
use crate::limits::{MAX_MANAGERS, MAX_NESTING, MAX_PASSING_LINKS};
use crate::name::Name;
use crate::seats::{Basis, SeatRow};

/// The outcome of checking a stored event or record; the error is why it does not fit.
pub(crate) type Checked = Result<(), String>;

/// Fails with a reason unless a condition holds.
pub(crate) fn ensure(fits: bool, reason: impl FnOnce() -> String) -> Checked {
    if fits { Ok(()) } else { Err(reason()) }
}

impl Directory {
    pub(crate) fn named_user(&self, user: &str) -> Result<UserId, String> {
        self.user_by_name(user).ok_or_else(|| format!("unknown user `{user}`"))
    }

    pub(crate) fn named_group(&self, group: &str) -> Result<GroupId, String> {
        self.group_by_name(group).ok_or_else(|| format!("unknown group `{group}`"))
    }

    pub(crate) fn named_key(&self, key: &str) -> Result<KeyId, String> {
        self.key_by_name(key).ok_or_else(|| format!("unknown key `{key}`"))
    }

    pub(crate) fn named_profile(&self, profile: &str) -> Result<ProfileId, String> {
        self.catalog.profile_by_name(profile).ok_or_else(|| format!("unknown profile `{profile}`"))
    }

    #[cfg(feature = "serde")]
    pub(crate) fn named_kind(&self, kind: &str) -> Result<KindId, String> {
        self.catalog.kind_by_name(kind).ok_or_else(|| format!("unknown kind `{kind}`"))
    }

    pub(crate) fn user_name_is_free(&self, user: &str) -> Checked {
        ensure(self.user_by_name(user).is_none(), || format!("user `{user}` already exists"))
    }

    pub(crate) fn group_name_is_free(&self, group: &str) -> Checked {
        ensure(self.group_by_name(group).is_none(), || format!("group `{group}` already exists"))
    }

    pub(crate) fn key_name_is_free(&self, key: &str) -> Checked {
        ensure(self.key_by_name(key).is_none(), || format!("key `{key}` already exists"))
    }

    pub(crate) fn named_seat(
        &self,
        holds: Option<&str>,
        basis: Option<Basis>,
    ) -> Result<Option<(ProfileId, Basis)>, String> {
        match (holds, basis) {
            (Some(profile), Some(basis)) => Ok(Some((self.named_profile(profile)?, basis))),
            (None, None) => Ok(None),
            _ => Err("`holds` and `basis` must be given together".to_owned()),
        }
    }

    /// Checks that the seat of a user follows from the profile that is wanted (rules S1, S4).
    pub(crate) fn check_seat(&self, status: UserStatus, seat: &SeatRow) -> Checked {
        let settled = matches!(status, UserStatus::Active | UserStatus::Invited);
        let seated = seat.holds.is_some() || seat.turn.is_some();
        ensure(settled || !seated, || {
            "a suspended or expired user cannot hold or wait for a seat".to_owned()
        })?;
        ensure(!seated || seat.wants.is_some(), || "a seat or a turn requires a wanted profile".to_owned())?;
        ensure(!settled || seated || seat.wants.is_none(), || {
            "an active or invited user who wants a profile must hold or wait for a seat".to_owned()
        })?;
        let exempt = seat.wants.is_some_and(|wants| self.catalog.is_exempt(wants));
        ensure(!exempt || seat.turn.is_none(), || "no user waits for an exempt profile".to_owned())?;
        let Some((profile, basis)) = seat.holds else { return Ok(()) };
        let (exempt, wanted) = (self.catalog.is_exempt(profile), seat.wants == Some(profile));
        let agrees = match basis {
            Basis::Standard | Basis::Extra => wanted && !exempt && seat.turn.is_none(),
            Basis::Exempt => wanted && exempt && seat.turn.is_none(),
            Basis::Placed => !wanted && seat.turn.is_some(),
        };
        ensure(agrees, || "the basis of the seat does not agree with what is wanted and held".to_owned())
    }

    /// Checks that the owner of a singleton may act (rule A10).
    pub(crate) fn check_owner(&self, resource: ResourceSlot, owner: UserSlot) -> Checked {
        let singleton = self.resource_row_at(resource).is_some_and(|row| row.singleton);
        let active = || self.user_record_at(owner).map(|user| user.status) == Some(UserStatus::Active);
        ensure(!singleton || active(), || {
            let name = self.user_slot_name(owner).unwrap_or_default();
            format!("`{name}` owns a singleton and is not active")
        })
    }

    /// Checks that a resource may lie inside another (rules H1 and H7).
    pub(crate) fn check_parent(&self, resource: ResourceId, parent: ResourceId) -> Checked {
        let kind = self.resource_row(resource).map(ResourceRow::kind);
        let place = self.resource_row(parent).filter(|row| !row.singleton);
        let may_lie = |kind: &KindId| {
            let definition = self.catalog().definition(*kind).zip(place);
            definition.is_some_and(|(kind, place)| kind.map_from(place.kind()).is_some())
        };
        let name = |id| self.resource_name(id).map(|name| name.to_string()).unwrap_or_default();
        let message = |what: &str| format!("resource `{}` {what} `{}`", name(resource), name(parent));
        let kind = kind.filter(may_lie).ok_or_else(|| message("cannot lie inside"))?;
        // Only what something lies inside may lie above its own parent.
        let outside = self.inside(resource).next().is_none()
            || self.way_down(resource.slot(), parent.slot()).is_empty();
        ensure(outside && resource != parent, || message("would lie inside itself, under"))?;
        let links = self.links_if_inside(kind, self.height_at(resource.slot()), parent.slot());
        ensure(links <= MAX_PASSING_LINKS as usize, || message("has too many passing links inside"))
    }

    /// Checks that a stored nesting can be made or ended.
    pub(crate) fn check_nesting(&self, inner: GroupId, outer: GroupId, nested: bool) -> Checked {
        let name = |group: GroupId| self.group_name(group).unwrap_or_default();
        let (inner_name, outer_name) = (name(inner), name(outer));
        let explicit = self.group_record(outer).is_some_and(|group| group.membership == Membership::Explicit);
        ensure(explicit, || format!("no group can be nested in `{outer_name}`, which is not explicit"))?;
        let is = self.group_record(outer).is_some_and(|group| group.nests(inner.slot()));
        ensure(is != nested, || {
            format!("`{inner_name}` is {} nested in `{outer_name}`", if is { "already" } else { "not" })
        })?;
        if !nested {
            return Ok(());
        }
        ensure(self.way_outward(outer.slot(), inner.slot()).is_none(), || {
            format!("`{inner_name}` would be inside itself")
        })?;
        ensure(self.steps_if_nested(inner.slot(), outer.slot()) <= MAX_NESTING, || {
            format!("`{inner_name}` would lie too deep in `{outer_name}`")
        })
    }

    /// The managers of a group, which must be explicit (rule D9).
    pub(crate) fn named_managers(
        &self,
        group: &str,
        membership: &Membership,
        managers: &[Grantee],
    ) -> Result<Vec<GranteeId>, String> {
        let ids = managers.iter().map(|manager| self.named_grantee(manager));
        let mut ids: Vec<GranteeId> = ids.collect::<Result<_, _>>()?;
        ids.sort_unstable();
        ids.dedup();
        ensure(ids.len() == managers.len(), || format!("a manager of group `{group}` is named twice"))?;
        ensure(ids.is_empty() || *membership == Membership::Explicit, || {
            format!("group `{group}` cannot have managers, because it is not explicit")
        })?;
        ensure(ids.len() <= MAX_MANAGERS as usize, || {
            format!("group `{group}` has more than {MAX_MANAGERS} managers")
        })?;
        Ok(ids)
    }

    pub(crate) fn named_target(&self, text: &str) -> Result<Target, String> {
        self.find_target(text).map_err(|_| format!("unknown target `{text}`"))
    }

    /// A target, or everything, on which only roles are given.
    pub(crate) fn named_place(&self, text: &str) -> Result<Target, String> {
        if text == "*" { Ok(Target::Everything) } else { self.named_target(text) }
    }

    /// The kind of a target that was looked up just before; everything has none.
    pub(crate) fn named_kind_at(&self, target: Target) -> Result<KindId, String> {
        self.kind_of(target).ok_or_else(|| "permissions are not given on everything".to_owned())
    }

    pub(crate) fn named_role(&self, role: &str) -> Checked {
        ensure(self.role_record(role).is_some(), || format!("unknown role `{role}`"))
    }

    /// The permissions of a role by kind, closed under implication.
    pub(crate) fn named_role_masks(&self, permissions: &Entries<Vec<String>>) -> Result<Arc<[u64]>, String> {
        let mut masks = alloc::vec![0_u64; self.catalog.kinds().len()];
        for (kind, permissions) in permissions {
            let id = self.catalog.kind_by_name(kind).ok_or_else(|| format!("unknown kind `{kind}`"))?;
            let mask = self.named_grant(id, permissions)?;
            if let Some(entry) = masks.get_mut(id.index()) {
                ensure(*entry == 0, || format!("the role names kind `{kind}` twice"))?;
                *entry = mask;
            }
        }
        Ok(masks.into())
    }

    pub(crate) fn named_resource(&self, text: &str) -> Result<ResourceId, String> {
        self.resource_by_name(text).ok_or_else(|| format!("unknown resource `{text}`"))
    }

    /// The kind of a resource that was looked up just before.
    pub(crate) fn named_kind_of(&self, resource: ResourceId) -> Result<KindId, String> {
        let kind = self.kind_of(Target::Resource(resource));
        debug_assert!(kind.is_some(), "INVARIANT (named resources exist)");
        kind.ok_or_else(|| "the resource does not exist".to_owned())
    }

    /// The kind and the key of a resource that does not exist yet.
    pub(crate) fn new_resource(&self, text: &str) -> Result<(KindId, Name), String> {
        let (kind, key) = match parse_resource(&self.catalog, text) {
            ParsedTarget::Key(kind, key) => (kind, key),
            ParsedTarget::UnknownKind(kind) => return Err(format!("unknown kind `{kind}` in `{text}`")),
            _ => return Err(format!("`{text}` cannot name a new resource")),
        };
        ensure(self.resource_slot(kind, key).is_none(), || format!("resource `{text}` already exists"))?;
        Ok((kind, Name::new(key).map_err(|error| format!("{error}"))?))
    }

    /// The permissions, exactly as listed.
    pub(crate) fn named_permissions(&self, kind: KindId, names: &[impl AsRef<str>]) -> Result<u64, String> {
        let definition = self.catalog.definition(kind);
        names.iter().try_fold(0, |bits, name| {
            let name = name.as_ref();
            let bit = definition.and_then(|kind| kind.bit(name));
            Ok(bits | bit.ok_or_else(|| format!("unknown permission `{name}`"))?)
        })
    }

    /// The permissions and all that they imply. They are stored closed, but the catalog may imply more since (rule A3).
    pub(crate) fn named_grant(&self, kind: KindId, names: &[impl AsRef<str>]) -> Result<u64, String> {
        let mask = self.named_permissions(kind, names)?;
        Ok(self.catalog.definition(kind).map_or(0, |kind: &KindDefinition| kind.close(mask)))
    }

    pub(crate) fn named_grantee(&self, grantee: &Grantee) -> Result<GranteeId, String> {
        match grantee {
            Grantee::Everyone => Ok(GranteeId::Everyone),
            Grantee::Group(group) => self.named_group(group).map(GranteeId::Group),
            Grantee::User(user) => self.named_user(user).map(GranteeId::User),
        }
    }

    pub(crate) fn named_membership(&self, members: &MembershipRule) -> Result<Membership, String> {
        match members {
            MembershipRule::Explicit => Ok(Membership::Explicit),
            MembershipRule::ByProfile(profiles) => {
                let mask = profiles.iter().try_fold(0_u64, |mask, profile| {
                    Ok::<_, String>(mask | (1 << self.named_profile(profile)?.get()))
                });
                mask.map(Membership::ByProfile)
            }
            MembershipRule::External(names) => {
                let names: Result<Vec<Name>, _> = names.iter().map(|name| Name::new(name)).collect();
                let mut names = names.map_err(|error| format!("{error}"))?;
                names.sort_unstable();
                names.dedup();
                Ok(Membership::External(names.into()))
            }
        }
    }

    pub(crate) fn named_scope(&self, entries: &Entries<Vec<String>>) -> Result<Scope, String> {
        let (mut kinds, mut resources) = (Vec::new(), Vec::new());
        for (on, permissions) in entries {
            match self.named_target(on)? {
                Target::Everything => return Err(format!("`{on}` cannot be in a scope")),
                Target::Kind(kind) => kinds.push((kind, self.named_grant(kind, permissions)?)),
                Target::Resource(id) => {
                    let mask = self.named_grant(self.named_kind_of(id)?, permissions)?;
                    resources.push((id.slot(), mask));
                }
            }
        }
        if entries.is_empty() {
            return Ok(Scope::Nothing);
        }
        kinds.sort_unstable();
        resources.sort_unstable();
        let repeated = repeats(&kinds) || repeats(&resources);
        ensure(!repeated, || "the scope names the same target twice".to_owned())?;
        Ok(Scope::Entries(Arc::new(ScopeEntries { kinds, resources: resources.into_iter().collect() })))
    }
}

/// Returns `true` if a sorted list names something twice.
fn repeats<K: PartialEq>(entries: &[(K, u64)]) -> bool {
    entries.iter().zip(entries.iter().skip(1)).any(|((one, _), (next, _))| one == next)
}
