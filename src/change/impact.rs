//! The impact of a plan on access and seats, before it is committed (rule S15).

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use roaring::RoaringBitmap;

use super::event::Event;
use crate::catalog::{KindId, PermissionSet};
use crate::directory::{Directory, Grantee, ResourceSlot, Target, UserSlot};
use crate::id::{Principal, ResourceId, UserId};
use crate::name::Name;
use crate::seats::{Basis, SeatState};

/// The difference that a plan makes: the access gained and lost, and the seats that change.
///
/// Created by [`Plan::impact`](super::Plan::impact). It compares the last commit with the plan, including what is due,
/// by identity: a renamed user is the same one, and a user who was removed and added again is another. Users and resources
/// that the plan adds or removes are included. Keys are not listed: their access follows from the user and the scope.
///
/// Serialized, it is an object of `access`, `seats`, `gains` and `loses`.
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
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Impact {
    before: Directory,
    after: Directory,
    access: Vec<AccessChange>,
    seats: Vec<SeatChange>,
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
    pub(super) fn of(before: &Directory, after: &Directory, events: &[Event]) -> Self {
        let mut touched = Touched::default();
        for event in events {
            touched.add_event(before, after, event);
        }
        let access = touched.pairs(before, after).into_iter();
        let access =
            access.filter_map(|(user, resource)| access_change(before, after, user, resource)).collect();
        let seats = touched.users.iter().filter_map(|&user| seat_change(before, after, user)).collect();
        Self { before: before.clone(), after: after.clone(), access, seats }
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

    /// Returns the number of pairs of a user and a resource that gain a permission.
    #[must_use]
    pub fn gains(&self) -> usize {
        self.access.iter().filter(|change| !change.gains.is_empty()).count()
    }

    /// Returns the number of pairs of a user and a resource that lose a permission.
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

#[cfg(feature = "serde")]
impl serde::Serialize for Impact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;

        let mut object = serializer.serialize_struct("Impact", 4)?;
        object.serialize_field("access", &self.access)?;
        object.serialize_field("seats", &self.seats)?;
        object.serialize_field("gains", &self.gains())?;
        object.serialize_field("loses", &self.loses())?;
        object.end()
    }
}

/// The users and resources whose access a plan may change.
#[derive(Default)]
struct Touched {
    /// Users whose access to anything may change.
    users: BTreeSet<UserId>,
    /// Resources to which the access of any user may change.
    resources: BTreeSet<ResourceId>,
    /// Grantees whose access to every resource of a kind may change.
    kinds: Vec<(Grantee, KindId)>,
}

impl Touched {
    fn add_event(&mut self, before: &Directory, after: &Directory, event: &Event) {
        match event {
            Event::UserAdded { user, .. }
            | Event::UserInvited { user, .. }
            | Event::InvitationAccepted { user }
            | Event::InvitationExpired { user }
            | Event::UserSuspended { user, .. }
            | Event::Linked { user, .. }
            | Event::ProfileUnmet { user, .. }
            | Event::UserReinstated { user }
            | Event::UserRemoved { user, .. }
            | Event::ProfileWanted { user, .. }
            | Event::SeatChanged { user, .. }
            | Event::ExternalGroupsChanged { user, .. }
            | Event::Joined { user, .. }
            | Event::Left { user, .. }
            | Event::CredentialRecorded { user, .. }
            | Event::CredentialForgotten { user, .. } => self.user(before, after, user),
            Event::UserRenamed { user, to } => {
                self.user(before, after, user);
                self.user(before, after, to);
            }
            Event::GroupAdded { group, .. } | Event::GroupRemoved { group } => {
                self.members(before, group);
                self.members(after, group);
            }
            Event::OwnerChanged { resource, owner } => {
                self.resource(before, after, resource);
                self.user(before, after, owner);
            }
            Event::ResourceAdded { resource }
            | Event::ResourceRemoved { resource }
            | Event::CredentialRequired { resource, .. } => self.resource(before, after, resource),
            Event::GrantChanged { to, on, .. } => match after.find_target(on) {
                Ok(Target::Kind(kind)) => self.kinds.push((to.clone(), kind)),
                _ => self.resource(before, after, on),
            },
            Event::LicenseInstalled { .. } | Event::LicenseRemoved { .. } | Event::PhaseChanged { .. } => {
                for directory in [before, after] {
                    self.users.extend(user_ids(directory, directory.all_users()));
                }
            }
            Event::KeyAdded { .. }
            | Event::KeyExpired { .. }
            | Event::KeyRemoved { .. }
            | Event::LicenseScheduled { .. } => {}
        }
    }

    // The name in an event is the one of that moment: the name before the plan, after it, or between two renames, which
    // are events themselves. So the lookup in both directories finds every user.
    fn user(&mut self, before: &Directory, after: &Directory, name: &Name) {
        self.users.extend(before.user_by_name(name).into_iter().chain(after.user_by_name(name)));
    }

    fn resource(&mut self, before: &Directory, after: &Directory, text: &str) {
        self.resources.extend(before.resource_by_name(text).into_iter().chain(after.resource_by_name(text)));
    }

    fn members(&mut self, directory: &Directory, group: &str) {
        let members = directory.group_by_name(group).and_then(|group| directory.group_record(group));
        let slots = members.into_iter().flat_map(|group| group.members.iter());
        self.users.extend(slots.filter_map(|slot| directory.user_id(slot)));
    }

    /// Returns every pair of a user and a resource whose access may change.
    fn pairs(&self, before: &Directory, after: &Directory) -> BTreeSet<(UserId, ResourceId)> {
        let mut pairs = BTreeSet::new();
        for directory in [before, after] {
            for &user in &self.users {
                let reached = directory.reachable_by(user).into_iter().map(ResourceSlot::new);
                let reached = reached.filter_map(|slot| directory.resource_id(slot));
                pairs.extend(reached.map(|resource| (user, resource)));
            }
            for &resource in &self.resources {
                pairs.extend(user_ids(directory, directory.reaching(resource)).map(|user| (user, resource)));
            }
            for (grantee, kind) in &self.kinds {
                let users: Vec<UserId> = user_ids(directory, users_of(directory, grantee)).collect();
                let resources = directory.kind_entry(*kind).map(|kind| kind.resources().clone());
                let resources = resources.unwrap_or_default();
                for resource in resources.iter().filter_map(|slot| directory.resource_id(slot)) {
                    pairs.extend(users.iter().map(|&user| (user, resource)));
                }
            }
        }
        pairs
    }
}

fn user_ids(directory: &Directory, slots: RoaringBitmap) -> impl Iterator<Item = UserId> + '_ {
    slots.into_iter().filter_map(|slot| directory.user_id(UserSlot::new(slot)))
}

fn users_of(directory: &Directory, grantee: &Grantee) -> RoaringBitmap {
    let mut users = RoaringBitmap::new();
    match grantee {
        Grantee::Everyone => return directory.all_users(),
        Grantee::User(name) => users.extend(directory.user_by_name(name).map(UserId::index)),
        Grantee::Group(name) => {
            let group = directory.group_by_name(name).and_then(|group| directory.group_record(group));
            users.extend(group.into_iter().flat_map(|group| group.members.iter()).map(UserSlot::index));
        }
    }
    users
}

/// Returns the permissions that a pair gains and loses; `None` if there are none.
fn access_change(
    before: &Directory,
    after: &Directory,
    user: UserId,
    resource: ResourceId,
) -> Option<AccessChange> {
    let was: PermissionSet = before.permissions(Principal::User(user), resource);
    let is: PermissionSet = after.permissions(Principal::User(user), resource);
    if was.bits() == is.bits() {
        return None;
    }
    let here = if after.resource_name(resource).is_some() { after } else { before };
    let name = here.resource_name(resource)?;
    let kind = here.catalog().kind_by_name(name.kind())?;
    Some(AccessChange {
        user: name_on_either_side(before, after, user)?,
        resource: name.to_string(),
        gains: after.permission_names(kind, is.bits() & !was.bits(), Name::to_string),
        loses: after.permission_names(kind, was.bits() & !is.bits(), Name::to_string),
    })
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
