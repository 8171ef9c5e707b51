//! The impact of a plan on access and seats, before it is committed (rule S15).

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use arrayvec::ArrayVec;

use crate::authorize::AccessDifference;
use crate::directory::Directory;
use crate::id::UserId;
use crate::name::Name;
use crate::seats::{Basis, SeatState};
use crate::visible::Visible;

/// The difference that a plan makes: the access gained and lost, and the seats that change.
///
/// Created by [`Plan::impact`](super::Plan::impact) and [`Plan::impact_up_to`](super::Plan::impact_up_to). It compares
/// the last commit with the plan, including what is due, by identity: a renamed user is the same one, and a user who
/// was removed and added again is another. Users and resources that the plan adds or removes are included. Keys are not listed: their
/// access follows from the user and the scope. Ends are not compared: a plan that only moves an end has no change of access. To see
/// such a move, compare [`Directory::until`] of the plan's directory with that of the current one.
///
/// `Display` writes the numbers and a line for each change. Serialized, it is an object of `access`, `seats`, `gains`,
/// `loses` and `complete`.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
/// #     .profile(Profile::new("designer").exempt())
/// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
/// #     .build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(Command::add_user("ada").profile("designer"))
/// #     .add(Command::add_resource("project/churn"))
/// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::assign_profile("ada", "reader")))?;
/// let impact = plan.impact();
/// assert_eq!((impact.gains(), impact.loses()), (0, 1));
/// assert_eq!(impact.access()[0].resource, "project/churn");
/// assert_eq!(impact.access()[0].loses, ["write"]);
/// assert_eq!(impact.access()[0].to_string(), "`ada` on `project/churn` loses `write`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Impact {
    before: Directory,
    after: Directory,
    access: Vec<AccessChange>,
    seats: Vec<SeatChange>,
    complete: bool,
}

/// The permissions that one user gains and loses on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AccessChange {
    /// The user, by the name after the plan, or before if the plan removes the user.
    pub user: String,
    /// The resource, such as `project/churn`.
    pub resource: String,
    /// The permissions that are allowed after and were not before.
    pub gains: Vec<String>,
    /// The permissions that were allowed before and are not after.
    pub loses: Vec<String>,
}

/// The change of one user's seat.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatChange {
    /// The user, by the name after the plan, or before if the plan removes the user.
    pub user: String,
    /// The seat before; `None` if the plan adds the user.
    pub before: Option<SeatInfo>,
    /// The seat after; `None` if the plan removes the user.
    pub after: Option<SeatInfo>,
}

/// The profiles that a user wants and holds, as an owned value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatInfo {
    /// The profile that the user wants; `None` if the user wants none.
    pub wants: Option<String>,
    /// The profile held or reserved; `None` without a seat.
    pub holds: Option<String>,
    /// The state of the seat.
    pub state: SeatState,
    /// The basis of the seat; `None` without a seat.
    pub basis: Option<Basis>,
}

/// Access that the host relies on, such as that of a schedule that runs as a user or of a job that uses a key.
///
/// Serialized, it is an object of `label`, `who`, `on` and `permissions`.
///
/// ```
/// use entitle::change::Requirement;
///
/// let nightly = Requirement::new("nightly run", "user:ada", "workflow/churn", ["run"]);
/// assert_eq!(nightly.label, "nightly run");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Requirement {
    /// The host's label.
    pub label: String,
    /// The principal: `user:NAME` or `key:NAME`.
    pub who: String,
    /// The resource, such as `project/churn`.
    pub on: String,
    /// The permissions, all of which are needed.
    pub permissions: Vec<String>,
}

impl Requirement {
    /// Creates a requirement of a principal that needs all of these permissions on a resource.
    pub fn new<P: Into<String>>(
        label: impl Into<String>,
        who: impl Into<String>,
        on: impl Into<String>,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        let permissions = permissions.into_iter().map(Into::into).collect();
        Self { label: label.into(), who: who.into(), on: on.into(), permissions }
    }
}

impl Impact {
    /// Compares two directories, the later of which was planned or replayed from the earlier, and lists at most `limit`
    /// changes of access and of seats.
    ///
    /// For one plan use [`Plan::impact_up_to`](super::Plan::impact_up_to); this compares the ends of several.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// use entitle::change::Impact;
    ///
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let directory = Directory::new(catalog);
    /// let add = |user: &str| Batch::host(Timestamp::EPOCH).add(Command::add_user(user).profile("reader"));
    /// let first = directory.plan(add("ada"))?.into_directory();
    /// let second = first.plan(add("bob"))?.into_directory();
    /// assert_eq!(Impact::between(&directory, &second, usize::MAX).seats().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn between(before: &Directory, after: &Directory, limit: usize) -> Self {
        let mut access = AccessChanges::between(before, after);
        let mut seats = SeatChanges::between(before, after);
        Self {
            before: before.clone(),
            after: after.clone(),
            access: access.by_ref().take(limit).collect(),
            seats: seats.by_ref().take(limit).collect(),
            complete: access.differences.next().is_none() && seats.next().is_none(),
        }
    }

    /// Returns `false` if there are more changes than were asked for: [`access`](Self::access) or [`seats`](Self::seats)
    /// ends at the limit, and [`gains`](Self::gains) and [`loses`](Self::loses) count what is listed.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let directory = Directory::new(catalog);
    /// # let batch = Batch::host(Timestamp::EPOCH).add(Command::add_user("ada")).add(Command::add_user("bob"));
    /// # let plan = directory.plan(batch)?;
    /// assert!(plan.impact_up_to(2).is_complete());
    /// let impact = plan.impact_up_to(1);
    /// assert_eq!((impact.seats().len(), impact.is_complete()), (1, false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Returns the pairs of a user and a resource that gain or lose permissions, in a stable order.
    #[must_use]
    pub fn access(&self) -> &[AccessChange] {
        &self.access
    }

    /// Returns the users whose seat changes, in a stable order.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let directory = Directory::new(catalog);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader")))?;
    /// let impact = plan.impact();
    /// let seat = &impact.seats()[0];
    /// assert!(seat.before.is_none());
    /// assert_eq!(seat.after.as_ref().unwrap().holds.as_deref(), Some("reader"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn seats(&self) -> &[SeatChange] {
        &self.seats
    }

    /// Returns the number of listed pairs of a user and a resource that gain a permission.
    #[must_use]
    pub fn gains(&self) -> usize {
        self.access.iter().filter(|change| !change.gains.is_empty()).count()
    }

    /// Returns the number of listed pairs of a user and a resource that lose a permission.
    #[must_use]
    pub fn loses(&self) -> usize {
        self.access.iter().filter(|change| !change.loses.is_empty()).count()
    }

    /// Returns `true` if a requirement is met before the plan and not after it.
    ///
    /// A requirement that names an unknown principal, resource or permission was never met, and is not broken.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// use entitle::change::Requirement;
    ///
    /// # let now = Timestamp::EPOCH;
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["run"]))
    /// #     .profile(Profile::new("designer").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["run"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let nightly = Requirement::new("nightly run", "user:ada", "project/churn", ["run"]);
    /// let plan = directory.plan(Batch::host(now).add(Command::suspend("ada")))?;
    /// assert!(plan.impact().breaks(&nightly));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn breaks(&self, requirement: &Requirement) -> bool {
        let who = self.before.principal_by_name(&requirement.who);
        let (Some(who), Some(on)) = (who, self.before.resource_by_name(&requirement.on)) else {
            return false;
        };
        let kind = self.before.resource_name(on).map(|name| name.kind().to_owned()).unwrap_or_default();
        let asked = requirement.permissions.iter().map(String::as_str);
        let Some(asked) = self.before.catalog().permission_set(&kind, asked) else { return false };
        self.before.check(who, on, asked).is_allowed() && !self.after.check(who, on, asked).is_allowed()
    }
}

/// Writes "`ada` on `project/churn` loses `write` and gains `read`".
impl fmt::Display for AccessChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        write!(f, "`{}` on `{}`", self.user, self.resource)?;
        let mut between = "";
        for (verb, names) in [("loses", &self.loses), ("gains", &self.gains)] {
            if !names.is_empty() {
                write!(f, "{between} {verb} `{}`", names.join("`, `"))?;
                between = " and";
            }
        }
        Ok(())
    }
}

/// Writes "`ada` holds `reader`; before: holds `designer`".
impl fmt::Display for SeatChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        write!(f, "`{}` ", self.user)?;
        match &self.after {
            Some(seat) => write!(f, "{seat}")?,
            None => f.write_str("is removed")?,
        }
        match &self.before {
            Some(seat) => write!(f, "; before: {seat}"),
            None => f.write_str("; is new"),
        }
    }
}

/// Writes "holds `reader` (placed), wants `designer`".
impl fmt::Display for SeatInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.holds, self.state) {
            (Some(holds), SeatState::Reserved) => write!(f, "has `{holds}` reserved")?,
            (Some(holds), _) => write!(f, "holds `{holds}`")?,
            (None, _) => f.write_str("holds no profile")?,
        }
        match self.basis {
            Some(Basis::Placed) => f.write_str(" (placed)")?,
            Some(Basis::Extra) => f.write_str(" (extra seat)")?,
            Some(Basis::Standard | Basis::Exempt) | None => {}
        }
        match &self.wants {
            Some(wants) if self.holds.as_ref() != Some(wants) => write!(f, ", wants `{wants}`"),
            _ => Ok(()),
        }
    }
}

/// Writes the numbers of changes, and each of those listed in a line of its own.
impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.complete { "" } else { ", and more than are listed" };
        let (gains, loses, seats) = (self.gains(), self.loses(), self.seats.len());
        write!(f, "access gained: {gains}, lost: {loses}; seats changed: {seats}{more}")?;
        self.access.iter().try_for_each(|change| write!(f, "\n  {change}"))?;
        self.seats.iter().try_for_each(|change| write!(f, "\n  {change}"))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Impact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;

        let mut object = serializer.serialize_struct("Impact", 5)?;
        object.serialize_field("access", &self.access)?;
        object.serialize_field("seats", &self.seats)?;
        object.serialize_field("gains", &self.gains())?;
        object.serialize_field("loses", &self.loses())?;
        object.serialize_field("complete", &self.complete)?;
        object.end()
    }
}

/// An iterator over the pairs of a user and a resource that gain or lose permissions, in the order of ids.
///
/// Created by [`Plan::access_changes`](super::Plan::access_changes) and
/// [`Directory::access_changes`](crate::Directory::access_changes). Changes are found while it is read and not kept.
#[must_use = "an iterator does nothing until it is iterated"]
pub struct AccessChanges<'a> {
    before: &'a Directory,
    after: &'a Directory,
    differences: Box<dyn Iterator<Item = AccessDifference> + Send + 'a>,
}

impl Directory {
    /// Returns the pairs of a user and a resource that gain or lose permissions from here to a later version of this
    /// directory, found while they are read.
    ///
    /// It is [`Plan::access_changes`](super::Plan::access_changes) over any number of commits: what was lost and given again
    /// between the two is no change. The cost follows what changed. For the users alone who lost something,
    /// [`lost_access`](Self::lost_access) costs less.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["read"]))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let before = Directory::new(catalog).plan(batch)?.into_directory();
    /// let grant = Command::grant(Grantee::user("ada"), "project/churn", ["read"]);
    /// let later = before.plan(Batch::host(Timestamp::EPOCH).add(grant))?.into_directory();
    /// assert_eq!(before.access_changes(&later).next().unwrap().gains, ["read"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn access_changes<'a>(&'a self, later: &'a Self) -> AccessChanges<'a> {
        AccessChanges::between(self, later)
    }
}

impl<'a> AccessChanges<'a> {
    pub(super) fn between(before: &'a Directory, after: &'a Directory) -> Self {
        Self { before, after, differences: Box::new(before.access_differences(after)) }
    }

    fn change(&self, difference: AccessDifference) -> Option<AccessChange> {
        let AccessDifference { user, on, kind, before, after } = difference;
        let resource = self.after.resource_name(on).or_else(|| self.before.resource_name(on))?;
        let names = |bits| self.after.permission_names(kind, bits, Name::to_string);
        Some(AccessChange {
            user: name_on_either_side(self.before, self.after, user)?,
            resource: resource.to_string(),
            gains: names(after & !before),
            loses: names(before & !after),
        })
    }
}

impl Iterator for AccessChanges<'_> {
    type Item = AccessChange;

    fn next(&mut self) -> Option<AccessChange> {
        let difference = self.differences.next()?;
        self.change(difference)
    }

    /// Counts the changes without making their names.
    fn count(self) -> usize {
        self.differences.count()
    }
}

impl fmt::Debug for AccessChanges<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessChanges").finish_non_exhaustive()
    }
}

/// The users whose seat changes, in the order of ids.
struct SeatChanges<'a> {
    before: &'a Directory,
    after: &'a Directory,
    left: Box<dyn Iterator<Item = UserId> + 'a>,
}

impl<'a> SeatChanges<'a> {
    fn between(before: &'a Directory, after: &'a Directory) -> Self {
        let slots = before.changed_seats(after).into_iter();
        let left = slots.flat_map(move |slot| {
            let [was, is] = [before, after].map(|side| side.user_id(slot));
            let mut ids: ArrayVec<UserId, 2> = was.into_iter().chain(is.filter(|_| was != is)).collect();
            ids.sort_unstable();
            ids
        });
        Self { before, after, left: Box::new(left) }
    }
}

impl Iterator for SeatChanges<'_> {
    type Item = SeatChange;

    fn next(&mut self) -> Option<SeatChange> {
        let (before, after) = (self.before, self.after);
        self.left.find_map(|user| seat_change(before, after, user))
    }
}

fn name_on_either_side(before: &Directory, after: &Directory, user: UserId) -> Option<String> {
    after.user_name(user).or_else(|| before.user_name(user)).map(str::to_owned)
}

fn seat_change(before: &Directory, after: &Directory, user: UserId) -> Option<SeatChange> {
    let (was, is) = (seat_info(before, user), seat_info(after, user));
    if was == is {
        return None;
    }
    Some(SeatChange { user: name_on_either_side(before, after, user)?, before: was, after: is })
}

fn seat_info(directory: &Directory, user: UserId) -> Option<SeatInfo> {
    let seat = directory.seat_of(user)?;
    let owned = |name: Option<&str>| name.map(str::to_owned);
    Some(SeatInfo {
        wants: owned(seat.wants),
        holds: owned(seat.holds),
        state: seat.state,
        basis: seat.basis,
    })
}
