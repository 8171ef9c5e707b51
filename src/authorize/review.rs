//! Access review: everything that everyone may do, as a stream for auditors.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::evaluate::PrincipalRef;
use super::explain::Explanation;
use super::lookup::Candidates;
use crate::catalog::PermissionSet;
use crate::directory::{Directory, KeySlot, ResourceSlot, UserSlot, UserStatus};
use crate::id::{Principal, ResourceId};
use crate::seats::SeatState;

/// What one principal was granted and may do on one resource.
///
/// See the example of [`Directory::review`](crate::Directory::review).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Access<'a> {
    directory: &'a Directory,
    /// The user or key.
    pub who: Principal,
    /// The resource.
    pub on: ResourceId,
    /// What is granted, as [`Directory::granted`]; never empty.
    pub granted: PermissionSet,
    /// What is allowed, as [`Directory::permissions`]: nothing, for instance, if the user is suspended.
    pub permissions: PermissionSet,
}

/// One row of an access review, by name.
///
/// See the example of [`Directory::review`](crate::Directory::review).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AccessRow {
    /// The principal, such as `user:ada` or `key:ci`.
    pub who: String,
    /// The user, for a key the one that it acts as.
    pub user: String,
    /// Whether the user may act.
    pub status: UserStatus,
    /// The profile that the user holds or has reserved.
    pub profile: Option<String>,
    /// Where the user stands with the seat.
    pub seat: SeatState,
    /// The resource, such as `project/churn`.
    pub resource: String,
    /// What is allowed.
    pub permissions: Vec<String>,
    /// What is granted and not allowed.
    pub withheld: Vec<String>,
    /// What grants it, and what withholds some of it, in one line.
    pub why: String,
}

impl Access<'_> {
    /// Why the principal has what it has here: the explanation of asking for all that is granted.
    ///
    /// See the example of [`Directory::review`](crate::Directory::review).
    #[must_use]
    pub fn explain(&self) -> Explanation {
        self.directory.explain(self.who, self.on, self.granted)
    }

    /// The row of an access review.
    ///
    /// See the example of [`Directory::review`](crate::Directory::review).
    #[must_use]
    pub fn row(&self) -> AccessRow {
        let explanation = self.explain();
        let why = explanation.why().to_string();
        let actor = explanation.actor.map(|actor| (actor.user, actor.status));
        let (user, status) = actor.unwrap_or_default();
        let seat = self.directory.user_by_name(&user).and_then(|user| self.directory.seat_of(user));
        let withheld = explanation.granted.into_iter().filter(|name| !explanation.allowed.contains(name));
        AccessRow {
            who: explanation.who.unwrap_or_default(),
            user,
            status,
            profile: seat.as_ref().and_then(|seat| seat.holds).map(ToOwned::to_owned),
            seat: seat.map_or(SeatState::None, |seat| seat.state),
            resource: explanation.on.unwrap_or_default(),
            withheld: withheld.collect(),
            permissions: explanation.allowed,
            why,
        }
    }
}

/// Where a review goes on.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// With the user in this slot or the first one behind it.
    User(u32),
    /// With the key in this slot or the first one behind it.
    Key(u32),
    /// With nobody.
    Nobody,
}

/// Everything that was granted to everybody, and what is allowed of it: users first, then keys.
///
/// Made by [`Directory::review`] and [`Directory::review_of`].
#[derive(Clone, Debug)]
#[must_use = "a review does nothing until it is iterated"]
pub struct Review<'a> {
    directory: &'a Directory,
    current: Option<(Principal, PrincipalRef<'a>, Candidates)>,
    next: Next,
}

impl<'a> Review<'a> {
    /// Continues after the principal and the resource that an earlier page ended with, whether or not they still exist.
    ///
    /// On a later revision this works as on the same one: what did not change meanwhile is neither lost nor repeated.
    ///
    /// See the example of [`Resources`](super::Resources).
    pub fn after(mut self, who: Principal, on: ResourceId) -> Self {
        self.current = self.begin(who);
        let begun = u32::from(self.current.is_some());
        if let Some((_, _, candidates)) = &mut self.current {
            candidates.skip_to(on.index());
        }
        // Where the principal is gone, its slot may have a new one, who is all new to whoever reads the pages.
        self.next = match (self.next, who) {
            (Next::Nobody, _) => Next::Nobody,
            (_, Principal::User(user)) => Next::User(user.index().saturating_add(begun)),
            (_, Principal::Key(key)) => Next::Key(key.index().saturating_add(begun)),
        };
        self
    }

    fn begin(&self, who: Principal) -> Option<(Principal, PrincipalRef<'a>, Candidates)> {
        let asker = self.directory.asker(who)?;
        Some((who, asker, Candidates::new(self.directory.reachable_anywhere(asker))))
    }

    /// The next principal.
    fn principal(&mut self) -> Option<Principal> {
        let directory = self.directory;
        loop {
            match self.next {
                Next::User(slot) if slot < directory.user_slots().end => {
                    self.next = Next::User(slot.saturating_add(1));
                    if let Some(user) = directory.user_id(UserSlot::new(slot)) {
                        return Some(Principal::User(user));
                    }
                }
                Next::User(_) => self.next = Next::Key(0),
                Next::Key(slot) if slot < directory.key_slots().end => {
                    self.next = Next::Key(slot.saturating_add(1));
                    if let Some(key) = directory.key_id(KeySlot::new(slot)) {
                        return Some(Principal::Key(key));
                    }
                }
                Next::Key(_) | Next::Nobody => return None,
            }
        }
    }
}

impl<'a> Iterator for Review<'a> {
    type Item = Access<'a>;

    fn next(&mut self) -> Option<Access<'a>> {
        let directory = self.directory;
        loop {
            if let Some((who, asker, candidates)) = &mut self.current
                && let Some(access) = candidates.find_map(|slot| directory.access(*who, *asker, slot))
            {
                return Some(access);
            }
            let who = self.principal()?;
            self.current = self.begin(who);
        }
    }
}

impl Directory {
    /// Everything that was granted to everybody, and what is allowed of it, in a stable order.
    ///
    /// For each user, and then for each key, there is one [`Access`] for each resource on which it has anything
    /// granted, also where nothing of it is allowed now. It is a stream: nothing is gathered but the resources that one
    /// principal's grants lead to, so the cost follows the answer.
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
    /// let rows: Vec<_> = directory.review().map(|access| access.row()).collect();
    /// assert_eq!(rows.len(), 1);
    /// assert_eq!((rows[0].who.as_str(), rows[0].resource.as_str()), ("user:ada", "project/churn"));
    /// assert_eq!(rows[0].permissions, ["read"]);
    /// assert_eq!(rows[0].withheld, ["write"]);
    ///
    /// let explanations: Vec<_> = directory.review().map(|access| access.explain()).collect();
    /// assert_eq!(explanations[0].granted, ["write", "read"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn review(&self) -> Review<'_> {
        Review { directory: self, current: None, next: Next::User(0) }
    }

    /// Everything that was granted to one principal, and what is allowed of it, on every resource of every kind.
    ///
    /// Part of [`review`](Self::review); an unknown principal has nothing.
    pub fn review_of(&self, who: impl Into<Principal>) -> Review<'_> {
        let nobody = Review { directory: self, current: None, next: Next::Nobody };
        let current = nobody.begin(who.into());
        Review { current, ..nobody }
    }

    fn access<'a>(&'a self, who: Principal, asker: PrincipalRef<'a>, slot: u32) -> Option<Access<'a>> {
        let on = self.resource_id(ResourceSlot::new(slot))?;
        let subject = self.subject(on)?;
        let kind = subject.row.kind();
        let granted = self.granted_to(asker, subject, &mut ());
        if granted == 0 {
            return None;
        }
        let (_, allowed) = self.allowed_bits(Some(asker), Some(subject));
        Some(Access {
            directory: self,
            who,
            on,
            granted: PermissionSet::new(kind, granted),
            permissions: PermissionSet::new(kind, allowed),
        })
    }
}
