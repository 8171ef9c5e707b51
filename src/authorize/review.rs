//! Access reviews as streams: the permissions of every principal on every resource, and every grant.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::candidates::{Candidates, ResourceSource};
use super::evaluate::PrincipalRef;
use super::explain::Explanation;
use super::grants::MembersOf;
use crate::catalog::{Entries, PermissionSet};
use crate::directory::{
    Directory, GrantPart, GranteeId, KeySlot, ResourceSlot, SubjectSlot, Target, UserStatus,
};
use crate::id::{KeyId, Principal, ResourceId};
use crate::seats::SeatState;
use crate::time::Timestamp;

/// The permissions of one principal on one resource.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Access<'a> {
    directory: &'a Directory,
    /// The user or key.
    pub who: Principal,
    /// The resource.
    pub on: ResourceId,
    /// The granted permissions, as from [`Directory::granted`]; never empty.
    pub granted: PermissionSet,
    /// The allowed permissions, as from [`Directory::permissions`]; empty, for example, if the user is suspended.
    pub permissions: PermissionSet,
}

/// A row of an access review, with names in place of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AccessRow {
    /// The principal, such as `user:ada` or `key:ci`.
    pub who: String,
    /// The user's name. For a key, the user that it acts as.
    pub user: String,
    /// The user's status.
    pub status: UserStatus,
    /// The profile that the user holds, or that is reserved for an invitation.
    pub profile: Option<String>,
    /// The state of the user's seat.
    pub seat: SeatState,
    /// The resource, such as `project/churn`.
    pub resource: String,
    /// The allowed permissions.
    pub permissions: Vec<String>,
    /// The permissions that are granted but not allowed.
    pub withheld: Vec<String>,
    /// The granted permissions that end, allowed or withheld, each with its latest end (rule E7).
    pub ends: Entries<Timestamp>,
    /// The roles that give some of the permissions, sorted by name (rule R7).
    pub roles: Vec<String>,
    /// The grants and the cuts in one line, as from [`Explanation::why`].
    pub why: String,
}

/// A row of a review of grants, with names in place of ids: a grantee's own permissions with one end, or a role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct GrantRow {
    /// The grantee, such as `group:data`.
    pub to: String,
    /// The number of users that the grant reaches: the members of a group, 1 for a user, all users for everyone.
    pub users: u64,
    /// The number of these users who are direct members (rule N6).
    pub direct_users: u64,
    /// The resource, the whole kind or everything, such as `project/churn`, `project/*` or `*`; `None` in the row of a group
    /// without grants.
    pub on: Option<String>,
    /// The role, if one is given.
    pub role: Option<String>,
    /// The permissions that are granted or that the role gives there, and those that they imply; empty for a role on `*`, which
    /// gives those of [`Directory::role_permissions`] on each kind.
    pub permissions: Vec<String>,
    /// The end of the permissions or of the role.
    pub until: Option<Timestamp>,
}

impl Access<'_> {
    /// Explains a request for every granted permission.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        self.directory.explain(self.who, self.on, self.granted)
    }

    /// Returns the row of an access review, with names in place of ids.
    #[must_use]
    pub fn row(&self) -> AccessRow {
        let directory = self.directory;
        let who = directory.principal_ref(self.who);
        // Nothing is asked for, so there are no needs to find.
        let explanation = directory.explain_access(who, directory.resource_ref(self.on));
        let why = explanation.why().to_string();
        let acting_user = explanation.acting_user.map(|acting| (acting.user, acting.status));
        let (user, status) = acting_user.unwrap_or_default();
        let seat = who.and_then(|who| directory.user_id(who.slot)).and_then(|user| directory.seat_of(user));
        let roles: BTreeSet<String> =
            explanation.grants.iter().filter_map(|grant| grant.role.clone()).collect();
        let withheld = self.granted.bits() & !self.permissions.bits();
        let withheld = directory.catalog().names(PermissionSet::new(self.granted.kind(), withheld));
        AccessRow {
            who: explanation.who.unwrap_or_default(),
            user,
            status,
            profile: seat.as_ref().and_then(|seat| seat.holds).map(ToOwned::to_owned),
            seat: seat.map_or(SeatState::None, |seat| seat.state),
            resource: explanation.on.unwrap_or_default(),
            withheld: withheld.map(ToOwned::to_owned).collect(),
            permissions: explanation.allowed,
            ends: explanation.ends,
            roles: roles.into_iter().collect(),
            why,
        }
    }
}

/// The principal whose access is being listed.
type Current<'a> = (Principal, PrincipalRef<'a>, Candidates<ResourceSource<'a>>);

/// The next principal of a review.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The first user at or after this slot.
    User(u32),
    /// The first key at or after this slot.
    Key(u32),
    /// No further principal.
    End,
}

/// An iterator over the access of every principal: users first, then keys.
///
/// Created by [`Directory::review`] and [`Directory::review_of`].
#[derive(Clone, Debug)]
#[must_use = "a review does nothing until it is iterated"]
pub struct Review<'a> {
    directory: &'a Directory,
    current: Option<Current<'a>>,
    next: Next,
}

impl<'a> Review<'a> {
    /// Continues after the last principal and resource of the previous page. Either may have been removed since.
    ///
    /// On a later revision, access that did not change in between is neither skipped nor repeated.
    pub fn after(mut self, who: Principal, on: ResourceId) -> Self {
        self.current = self.begin(who);
        let begun = u32::from(self.current.is_some());
        if let Some((_, _, candidates)) = &mut self.current {
            candidates.skip_to(on.slot());
        }
        // If the principal was removed, another may have its slot; that one's access has not been listed yet.
        self.next = match (self.next, who) {
            (Next::End, _) => Next::End,
            (_, Principal::User(user)) => Next::User(user.index().saturating_add(begun)),
            (_, Principal::Key(key)) => Next::Key(key.index().saturating_add(begun)),
        };
        self
    }

    /// Starts the review of one principal, if it exists.
    fn begin(&self, who: Principal) -> Option<Current<'a>> {
        let principal = self.directory.principal_ref(who)?;
        Some((who, principal, Candidates::new(self.directory.reachable_anywhere(principal))))
    }

    /// Advances to the next existing principal.
    fn next_principal(&mut self) -> Option<Principal> {
        let directory = self.directory;
        if let Next::User(from) = self.next {
            let user = directory.next_user(from).and_then(|slot| directory.user_id(slot));
            self.next = user.map_or(Next::Key(0), |user| Next::User(user.index().saturating_add(1)));
            if let Some(user) = user {
                return Some(Principal::User(user));
            }
        }
        let Next::Key(from) = self.next else { return None };
        let key = directory.next_key(from).and_then(|slot| directory.key_id(slot))?;
        self.next = Next::Key(key.index().saturating_add(1));
        Some(Principal::Key(key))
    }
}

impl<'a> Iterator for Review<'a> {
    type Item = Access<'a>;

    fn next(&mut self) -> Option<Access<'a>> {
        let directory = self.directory;
        loop {
            if let Some((who, principal, candidates)) = &mut self.current
                && let Some(access) = candidates.find_map(|slot| directory.access(*who, *principal, slot))
            {
                return Some(access);
            }
            let who = self.next_principal()?;
            self.current = self.begin(who);
        }
    }
}

impl core::iter::FusedIterator for Review<'_> {}

impl Directory {
    /// Lists the access of every principal, in a stable order.
    ///
    /// For each user, and then for each key, the iterator yields one [`Access`] per resource with a granted permission, even
    /// if none of them is allowed now. It holds the resource ids of one principal at a time, so the cost is proportional
    /// to the number of items.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]))
    /// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["read", "write"]));
    /// # let plan = Directory::new(catalog).plan(batch)?;
    /// # let directory = plan.into_directory();
    /// for access in directory.review() {
    ///     let row = access.row();
    ///     assert_eq!((row.who.as_str(), row.resource.as_str()), ("user:ada", "project/churn"));
    ///     assert_eq!((row.permissions, row.withheld), (vec!["read".into()], vec!["write".into()]));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn review(&self) -> Review<'_> {
        Review { directory: self, current: None, next: Next::User(0) }
    }

    /// Lists the access of one principal: its part of [`review`](Self::review).
    ///
    /// The list is empty for an unknown principal.
    pub fn review_of(&self, who: impl Into<Principal>) -> Review<'_> {
        let empty = Review { directory: self, current: None, next: Next::End };
        let current = empty.begin(who.into());
        Review { current, ..empty }
    }

    /// Lists the access of every principal to one resource: its part of [`review`](Self::review).
    ///
    /// Users come first, then keys, each in the order of their ids. The list is empty for an unknown resource. The cost is
    /// proportional to the members of the groups that have grants there or on the places above; a grant to everyone reaches
    /// every user.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::change::ScopeDocument;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["read"]).owner(["read"]))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_key("ci", "ada").scope(ScopeDocument::All))
    /// #     .add(Command::add_resource("project/churn").owner("ada"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let who: Vec<String> = directory.review_on(churn).map(|access| access.row().who).collect();
    /// assert_eq!(who, ["user:ada", "key:ci"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn review_on<K>(&self, on: ResourceId<K>) -> impl Iterator<Item = Access<'_>> {
        let slot = on.slot();
        let on = self.resource_ref(on.untyped());
        let users = Candidates::new(on.map(|on| self.reaching(on, u64::MAX)).unwrap_or_default());
        let users = users.filter_map(|user| self.user_id(user));
        let mut keys: Vec<KeySlot> =
            users.clone().flat_map(|user| self.keys_of(user)).map(KeyId::slot).collect();
        keys.sort_unstable();
        let keys = keys.into_iter().filter_map(|key| self.key_id(key));
        users.map(Principal::User).chain(keys.map(Principal::Key)).filter_map(move |who| {
            let principal = self.principal_ref(who)?;
            self.access(who, principal, slot)
        })
    }

    /// Lists every grant: to everyone, then to each group, then to each user, in a stable order.
    ///
    /// Each end of a grantee's permissions on a target has a row, and so has each role. Unlike [`review`](Self::review), the
    /// list includes grants to groups without members, which a new member would receive, and roles that give nothing where
    /// they are given. A group without grants has one row of its own. The cost is proportional to the number of grants and
    /// users, and to the members of all groups.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder().kind(Kind::named("project").permissions(["write", "read"])).build()?;
    /// let june = Timestamp::from_millis(1_780_272_000_000);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_group("admins"))
    ///     .add(Command::grant(Grantee::group("admins"), "project/*", ["write"]).expires_at(june));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let row = directory.review_grants().next().unwrap();
    /// assert_eq!((row.to.as_str(), row.users, row.on.as_deref()), ("group:admins", 0, Some("project/*")));
    /// assert_eq!((row.permissions, row.until), (vec!["write".into()], Some(june)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn review_grants(&self) -> impl Iterator<Item = GrantRow> {
        let groups = self.groups().map(GranteeId::Group);
        let users = self.users().map(GranteeId::User);
        core::iter::once(GranteeId::Everyone).chain(groups).chain(users).flat_map(move |to| {
            let mut parts = self.parts_of(to).peekable();
            let alone = parts.peek().is_none();
            let listed = !alone || matches!(to, GranteeId::Group(_));
            let row = listed.then(|| self.row_without_grant(to)).flatten();
            let first = row.clone().filter(|_| alone);
            first
                .into_iter()
                .chain(parts.filter_map(move |(on, part)| self.with_part(row.clone()?, on, part)))
        })
    }

    /// Lists every grant on one target, in a stable order: its part of [`review_grants`](Self::review_grants).
    ///
    /// Each end of a grantee's permissions has a row, and so has each role, also one that gives nothing there. A role on `*` is in
    /// the list of [`Target::Everything`] only. The list is empty for an unknown target. The cost is that of the grants on
    /// the target and of the members of the groups among the grantees.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder().kind(Kind::named("project").permissions(["write", "read"])).build()?;
    /// let june = Timestamp::from_millis(1_780_272_000_000);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_resource("project/churn"))
    ///     .add(Command::grant(Grantee::Everyone, "project/*", ["write"]))
    ///     .add(Command::grant(Grantee::Everyone, "project/churn", ["read"]).expires_at(june));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let rows: Vec<_> = directory.review_grants_on(churn.into()).collect();
    /// assert_eq!((rows.len(), &rows[0].permissions[0], rows[0].until), (1, &"read".to_owned(), Some(june)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn review_grants_on(&self, on: Target) -> impl Iterator<Item = GrantRow> {
        let known = on == Target::Everything || self.kind_of(on).is_some();
        let subjects = known.then(|| self.subjects_on(on.slot())).into_iter().flatten();
        // Everyone comes first, then groups, then users, each in the order of their ids.
        let subjects: BTreeSet<SubjectSlot> = subjects.collect();
        subjects.into_iter().flat_map(move |subject| {
            let mut parts = self.parts_on(subject, on).peekable();
            let given = parts.peek().and_then(|_| self.grantee_and_target(subject, on.slot()));
            let row = given.and_then(|(to, _)| self.row_without_grant(to));
            parts.filter_map(move |part| self.with_part(row.clone()?, on, part))
        })
    }

    /// Lists what was given to a grantee: on everything, on whole kinds, then on resources.
    fn parts_of(&self, to: GranteeId) -> impl Iterator<Item = (Target, GrantPart<'_>)> {
        let mut given = self.grants_of(to);
        let targets = core::iter::from_fn(move || given.next_target());
        core::iter::once(Target::Everything)
            .chain(targets)
            .flat_map(move |on| self.parts_on(SubjectSlot::of(to), on).map(move |part| (on, part)))
    }

    /// Lists what was given to a grantee on this very target.
    fn parts_on(&self, to: SubjectSlot, on: Target) -> impl Iterator<Item = GrantPart<'_>> {
        let parts = self.grant_parts(to, on.slot()).into_iter();
        parts.filter(move |part| part.everywhere == (on == Target::Everything))
    }

    /// Returns the row of a group without grants, and what the rows of a grantee have in common.
    fn row_without_grant(&self, to: GranteeId) -> Option<GrantRow> {
        let count = |members: MembersOf<'_>| u64::try_from(members.count()).ok();
        let (users, direct_users) = match to {
            GranteeId::Everyone => (self.user_count().into(), self.user_count().into()),
            GranteeId::Group(group) => {
                (count(self.members_of(group))?, count(self.direct_members_of(group))?)
            }
            GranteeId::User(_) => (1, 1),
        };
        let to = self.grantee_name(to)?.to_string();
        Some(GrantRow { to, users, direct_users, on: None, role: None, permissions: Vec::new(), until: None })
    }

    fn with_part(&self, row: GrantRow, on: Target, part: GrantPart<'_>) -> Option<GrantRow> {
        let name = self.target_name(on)?;
        let set = self.kind_of(on).map(|kind| PermissionSet::new(kind, part.mask));
        let permissions = set.into_iter().flat_map(|set| self.catalog().names(set)).map(ToOwned::to_owned);
        let role = part.role.map(|role| role.as_str().to_owned());
        Some(GrantRow { on: Some(name), role, permissions: permissions.collect(), until: part.until, ..row })
    }

    fn access<'a>(
        &'a self,
        who: Principal,
        principal: PrincipalRef<'a>,
        slot: ResourceSlot,
    ) -> Option<Access<'a>> {
        let on = self.resource_id(slot)?;
        let resource = self.resource_ref(on)?;
        let kind = resource.row.kind();
        let granted = self.granted_to(principal, resource);
        if granted == 0 {
            return None;
        }
        let (_, allowed) = self.allowed_bits(Some(principal), Some(resource));
        Some(Access {
            directory: self,
            who,
            on,
            granted: PermissionSet::new(kind, granted),
            permissions: PermissionSet::new(kind, allowed),
        })
    }
}
