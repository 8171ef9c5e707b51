//! The list of ends by a time, earliest first (rule E7).

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString as _};
use alloc::vec::{self, Vec};
use core::fmt::{self, Write as _};
use core::ops::Bound;

use crate::catalog::PermissionSet;
use crate::directory::{Directory, Due, GrantPart, Grantee, GranteeId, SubjectSlot, Target, TargetSlot};
use crate::id::{GroupId, UserId};
use crate::name::Name;
use crate::time::Timestamp;
use crate::visible::Visible;

/// Something that was given and ends.
///
/// It contains ids and no reference to a directory, so it can be kept as the end of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ending {
    /// The end.
    pub until: Timestamp,
    /// The permissions, the role or the membership that ends.
    pub what: EndingKind,
}

/// The permissions, the role or the membership that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndingKind {
    /// Permissions of a grantee on a target, implied ones included; those with another end are another item.
    Permissions {
        /// The grantee.
        to: GranteeId,
        /// The resource or whole kind.
        on: Target,
        /// The permissions that end.
        permissions: PermissionSet,
    },
    /// A role of a grantee on a target.
    Role {
        /// The grantee.
        to: GranteeId,
        /// The resource, the whole kind, or everything.
        on: Target,
        /// The role.
        role: Name,
    },
    /// A user's own membership in a group.
    Membership {
        /// The user.
        user: UserId,
        /// The group.
        group: GroupId,
    },
}

/// Something that ends, with names in place of ids: permissions, a role or a membership.
///
/// [`Display`](core::fmt::Display) writes it as a sentence without a final stop.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind};
/// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
/// # let catalog = Catalog::builder().kind(Kind::named("project").permissions(["write", "read"])).build()?;
/// let friday = Timestamp::from_millis(1_767_974_400_000);
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_resource("project/churn"))
///     .add(Command::grant(Grantee::Everyone, "project/churn", ["read"]).expires_at(friday));
/// let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let row = directory.ending(friday).next().and_then(|ending| ending.row(&directory)).unwrap();
/// assert_eq!((row.to.as_str(), row.on.as_deref(), row.until), ("everyone", Some("project/churn"), friday));
/// assert_eq!(row.to_string(), "`everyone` has `read` on `project/churn` until 2026-01-09 16:00:00 UTC");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct EndingRow {
    /// The grantee, such as `group:data`; of a membership the user, such as `user:ada`.
    pub to: String,
    /// The resource, the whole kind or everything; `None` for a membership.
    pub on: Option<String>,
    /// The role, if one ends.
    pub role: Option<String>,
    /// The permissions that end, implied ones included; empty for a role or a membership.
    pub permissions: Vec<String>,
    /// The group of a membership.
    pub group: Option<String>,
    /// The end.
    pub until: Timestamp,
}

impl fmt::Display for EndingRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        write!(f, "`{}`", self.to)?;
        match (&self.group, &self.role) {
            (Some(group), _) => write!(f, " is in group `{group}`")?,
            (None, Some(role)) => write!(f, " has role `{role}`")?,
            (None, None) => write!(f, " has `{}`", self.permissions.join("`, `"))?,
        }
        if let Some(on) = &self.on {
            write!(f, " on `{on}`")?;
        }
        write!(f, " until {}", self.until)
    }
}

/// An iterator over what ends by a time, in the order of time.
///
/// Created by [`Directory::ending`]. A page ends with some item, and the next page continues [`after`](Self::after) it, on
/// the same directory or a later revision: what did not change in between is neither skipped nor repeated.
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct EndingBy<'a> {
    directory: &'a Directory,
    by: Timestamp,
    /// The position after which the rest of what comes due begins.
    from: Bound<(Timestamp, Due)>,
    /// The rest of what ends for one grantee on one target.
    items: vec::IntoIter<Ending>,
    /// The end of the previous page: nothing up to it is listed.
    last: Option<Position>,
}

/// A position in the order: the end, what comes due then, and of a grant the role, where its permissions are before all roles.
type Position = (Timestamp, Due, Option<Name>);

impl Ending {
    fn position(&self) -> Position {
        let grant = |to: GranteeId, on: Target| Due::Grant(SubjectSlot::of(to), on.slot());
        match &self.what {
            EndingKind::Permissions { to, on, .. } => (self.until, grant(*to, *on), None),
            EndingKind::Role { to, on, role } => (self.until, grant(*to, *on), Some(role.clone())),
            EndingKind::Membership { user, group } => {
                (self.until, Due::Membership(group.slot(), user.slot()), None)
            }
        }
    }
}

impl Ending {
    /// Returns the names in place of the ids; `None` if the directory does not have them all any more.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// let friday = Timestamp::from_millis(1_767_974_400_000);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada"))
    ///     .add(Command::add_group("audit"))
    ///     .add(Command::join("ada", "audit").expires_at(friday));
    /// let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
    /// let ending = directory.ending(friday).next().unwrap();
    /// let row = ending.row(&directory).unwrap();
    /// assert_eq!(row.to_string(), "`user:ada` is in group `audit` until 2026-01-09 16:00:00 UTC");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn row(&self, directory: &Directory) -> Option<EndingRow> {
        let row = |to, on, role: Option<&Name>, permissions, group| {
            let role = role.map(|role| role.as_str().to_owned());
            EndingRow { to, on, role, permissions, group, until: self.until }
        };
        Some(match &self.what {
            EndingKind::Permissions { to, on, permissions } => {
                let names = directory.catalog().names(*permissions).map(ToOwned::to_owned).collect();
                let to = directory.grantee_name(*to)?.to_string();
                row(to, Some(directory.target_name(*on)?), None, names, None)
            }
            EndingKind::Role { to, on, role } => {
                let to = directory.grantee_name(*to)?.to_string();
                row(to, Some(directory.target_name(*on)?), Some(role), Vec::new(), None)
            }
            EndingKind::Membership { user, group } => {
                let to = Grantee::user(directory.user_name(*user)?).to_string();
                row(to, None, None, Vec::new(), Some(directory.group_name(*group)?.to_owned()))
            }
        })
    }
}

impl EndingBy<'_> {
    /// Continues after the last item of the previous page. It may have ended or been revoked since.
    pub fn after(mut self, last: &Ending) -> Self {
        let position = last.position();
        self.from = Bound::Included((position.0, position.1));
        self.items = Vec::new().into_iter();
        self.last = Some(position);
        self
    }
}

impl Iterator for EndingBy<'_> {
    type Item = Ending;

    fn next(&mut self) -> Option<Ending> {
        loop {
            let last = self.last.as_ref();
            let is_later = |item: &Ending| last.is_none_or(|last| item.position() > *last);
            if let Some(item) = self.items.find(is_later) {
                return Some(item);
            }
            let (until, due) = self.directory.next_due_from(self.from, self.by)?;
            self.from = Bound::Excluded((until, due));
            self.items = self.directory.endings(until, due).into_iter();
        }
    }
}

impl core::iter::FusedIterator for EndingBy<'_> {}

impl Directory {
    /// Lists what ends by a time, the time included: permissions, roles and memberships, in the order of time (rule E7).
    ///
    /// Each end of a grantee's permissions on a target is one item, and so is each role and each membership. A host uses the
    /// list to announce ends before they come. Invitations and keys expire and are not listed. An item may take nothing away,
    /// where the user has the same in another way; the preview of a tick at that time ([`Plan::impact`](crate::Plan::impact))
    /// reports who loses what. A page begins in time logarithmic in the number of ends, and a list costs what ends or expires by its time.
    ///
    /// ```
    /// # use entitle::authorize::EndingKind;
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder().kind(Kind::named("project").permissions(["write", "read"])).build()?;
    /// let at = Timestamp::from_millis;
    /// let batch = Batch::host(at(0))
    ///     .add(Command::add_user("ada"))
    ///     .add(Command::add_group("audit"))
    ///     .add(Command::add_resource("project/churn"))
    ///     .add(Command::grant(Grantee::group("audit"), "project/churn", ["read"]).expires_at(at(2_000)))
    ///     .add(Command::join("ada", "audit").expires_at(at(1_000)));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    ///
    /// let (ada, audit) = (directory.user_by_name("ada").unwrap(), directory.group_by_name("audit").unwrap());
    /// let page: Vec<_> = directory.ending(at(2_000)).take(1).collect();
    /// assert_eq!((page[0].until, &page[0].what), (at(1_000), &EndingKind::Membership { user: ada, group: audit }));
    /// let next: Vec<_> = directory.ending(at(2_000)).after(&page[0]).collect();
    /// assert_eq!((next.len(), next[0].until), (1, at(2_000)));
    /// assert_eq!(directory.ending(at(999)).count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ending(&self, by: Timestamp) -> EndingBy<'_> {
        let items = Vec::new().into_iter();
        EndingBy { directory: self, by, from: Bound::Unbounded, items, last: None }
    }

    /// Returns what ends when something comes due: the permissions, then the roles sorted by name.
    fn endings(&self, until: Timestamp, due: Due) -> Vec<Ending> {
        match due {
            Due::Invitation(_) | Due::Key(_) => Vec::new(),
            Due::Membership(group, user) => {
                let ids = self.user_id(user).zip(self.group_id(group)).into_iter();
                let what = ids.map(|(user, group)| EndingKind::Membership { user, group });
                what.map(|what| Ending { until, what }).collect()
            }
            Due::Grant(to, on) => {
                let everywhere = on == TargetSlot::Everything;
                let parts = self.grant_parts(to, on).into_iter();
                let parts = parts.filter(|part| part.until == Some(until) && part.everywhere == everywhere);
                let what = parts.filter_map(|part| self.ending_part(to, on, part));
                what.map(|what| Ending { until, what }).collect()
            }
        }
    }

    fn ending_part(&self, to: SubjectSlot, on: TargetSlot, part: GrantPart<'_>) -> Option<EndingKind> {
        let (to, on) = self.grantee_and_target(to, on)?;
        if let Some(role) = part.role {
            return Some(EndingKind::Role { to, on, role: role.clone() });
        }
        let permissions = PermissionSet::new(self.kind_of(on)?, part.mask);
        Some(EndingKind::Permissions { to, on, permissions })
    }
}
