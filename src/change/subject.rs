//! The subjects of events: the names that an event is about.

use alloc::collections::BTreeSet;
use core::fmt;

use super::event::{Commit, Event};
use crate::directory::Grantee;
use crate::name::Name;

/// A name that an event is about, from [`Event::subjects`] and [`Commit::subjects`].
///
/// `Display` writes users, groups and keys as elsewhere, such as `user:ada`, targets as in a grant, and `role:analyst`
/// and `license:acme-2026`.
///
/// ```
/// use entitle::change::Subject;
///
/// let subjects = [Subject::User("ada"), Subject::Kind("project"), Subject::License(None)];
/// assert_eq!(subjects.map(|subject| subject.to_string()), ["user:ada", "project/*", "license"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Subject<'a> {
    /// A user.
    User(&'a str),
    /// A group.
    Group(&'a str),
    /// Every user.
    Everyone,
    /// An API key.
    Key(&'a str),
    /// A resource, such as `project/churn`, or `instance` for a singleton.
    Resource(&'a str),
    /// All resources of a kind, by the name of the kind.
    Kind(&'a str),
    /// All resources of all kinds.
    Everything,
    /// A role.
    Role(&'a str),
    /// A license; `None` for the one in force.
    License(Option<&'a str>),
}

impl<'a> Subject<'a> {
    /// Returns the subject that the target of a grant names.
    fn target(on: &'a str) -> Self {
        match on.split_once('/') {
            None if on == "*" => Self::Everything,
            Some((kind, "*")) => Self::Kind(kind),
            _ => Self::Resource(on),
        }
    }
}

impl<'a> From<&'a Grantee> for Subject<'a> {
    fn from(grantee: &'a Grantee) -> Self {
        match grantee {
            Grantee::Everyone => Self::Everyone,
            Grantee::Group(name) => Self::Group(name),
            Grantee::User(name) => Self::User(name),
        }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user:{name}"),
            Self::Group(name) => write!(f, "group:{name}"),
            Self::Everyone => f.write_str("everyone"),
            Self::Key(name) => write!(f, "key:{name}"),
            Self::Resource(name) => f.write_str(name),
            Self::Kind(name) => write!(f, "{name}/*"),
            Self::Everything => f.write_str("*"),
            Self::Role(name) => write!(f, "role:{name}"),
            Self::License(Some(name)) => write!(f, "license:{name}"),
            Self::License(None) => f.write_str("license"),
        }
    }
}

/// The subjects of one event.
struct Subjects<'a> {
    first: Subject<'a>,
    second: Option<Subject<'a>>,
    third: Option<Subject<'a>>,
    keys: &'a [Name],
    grantees: &'a [Grantee],
}

impl<'a> Subjects<'a> {
    fn one(first: Subject<'a>) -> Self {
        Self { first, second: None, third: None, keys: &[], grantees: &[] }
    }

    fn two(first: Subject<'a>, second: Subject<'a>) -> Self {
        Self { second: Some(second), ..Self::one(first) }
    }

    fn iter(self) -> impl Iterator<Item = Subject<'a>> {
        let keys = self.keys.iter().map(|key| Subject::Key(key));
        let grantees = self.grantees.iter().map(Subject::from);
        core::iter::once(self.first).chain(self.second).chain(self.third).chain(keys).chain(grantees)
    }
}

impl Event {
    /// Returns the names that the event is about: at least one, the main one first.
    ///
    /// They are what the event names: the user and the group of a membership, the grantee and the target of a grant and its
    /// role, the user of a removal and then the keys removed with the user. The members of a group, the resources inside a
    /// resource, the former owner or managers, and the entries of a key's scope are not among them. To find the users who
    /// lost something in any way, compare directories with [`Directory::lost_access`](crate::Directory::lost_access).
    ///
    /// ```
    /// use entitle::Name;
    /// use entitle::change::{Event, Subject};
    ///
    /// let event = Event::Left { user: Name::new("ada")?, group: Name::new("data")? };
    /// assert!(event.subjects().eq([Subject::User("ada"), Subject::Group("data")]));
    /// # Ok::<(), entitle::NameError>(())
    /// ```
    pub fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        self.subject_list().iter()
    }

    fn subject_list(&self) -> Subjects<'_> {
        match self {
            Self::UserAdded { user, .. }
            | Self::UserInvited { user, .. }
            | Self::InvitationAccepted { user }
            | Self::InvitationExpired { user }
            | Self::UserSuspended { user, .. }
            | Self::Linked { user, .. }
            | Self::ProfileUnmet { user, .. }
            | Self::UserReinstated { user }
            | Self::ProfileWanted { user, .. }
            | Self::SeatChanged { user, .. }
            | Self::ExternalGroupsChanged { user, .. } => Subjects::one(Subject::User(user)),
            Self::UserRenamed { user, to } => Subjects::two(Subject::User(user), Subject::User(to)),
            Self::UserRemoved { user, keys } => Subjects { keys, ..Subjects::one(Subject::User(user)) },
            Self::GroupAdded { group, members: _, includes_owner_of, managers } => Subjects {
                second: includes_owner_of.as_deref().map(Subject::Resource),
                grantees: managers,
                ..Subjects::one(Subject::Group(group))
            },
            Self::ManagersSet { group, managers } => {
                Subjects { grantees: managers, ..Subjects::one(Subject::Group(group)) }
            }
            Self::GroupRemoved { group } => Subjects::one(Subject::Group(group)),
            Self::Joined { user, group, .. }
            | Self::MembershipEnded { user, group, .. }
            | Self::Left { user, group } => Subjects::two(Subject::User(user), Subject::Group(group)),
            Self::Nested { group, outer } | Self::Unnested { group, outer } => {
                Subjects::two(Subject::Group(group), Subject::Group(outer))
            }
            Self::ResourceAdded { resource, parent, .. } | Self::ResourceMoved { resource, parent } => {
                let second = parent.as_deref().map(Subject::Resource);
                Subjects { second, ..Subjects::one(Subject::Resource(resource)) }
            }
            Self::ResourceClosed { resource }
            | Self::ResourceOpened { resource }
            | Self::ResourceRemoved { resource }
            | Self::CredentialRequired { resource, .. } => Subjects::one(Subject::Resource(resource)),
            Self::OwnerChanged { resource, owner } => {
                Subjects::two(Subject::Resource(resource), Subject::User(owner))
            }
            Self::GrantChanged { to, on, .. } | Self::GrantEnded { to, on, .. } => {
                Subjects::two(to.into(), Subject::target(on))
            }
            Self::RoleGranted { to, on, role, .. } | Self::RoleRevoked { to, on, role } => {
                let third = Some(Subject::Role(role));
                Subjects { third, ..Subjects::two(to.into(), Subject::target(on)) }
            }
            Self::RoleSet { role, .. } | Self::RoleRemoved { role } => Subjects::one(Subject::Role(role)),
            Self::KeyAdded { key, acts_as, .. } => Subjects::two(Subject::Key(key), Subject::User(acts_as)),
            Self::KeyExpired { key } | Self::KeyRemoved { key } => Subjects::one(Subject::Key(key)),
            Self::CredentialRecorded { user, resource } | Self::CredentialForgotten { user, resource } => {
                Subjects::two(Subject::User(user), Subject::Resource(resource))
            }
            Self::LicenseInstalled { license } | Self::LicenseScheduled { license } => {
                Subjects::one(Subject::License(Some(&license.name)))
            }
            Self::LicenseRemoved { name } => Subjects::one(Subject::License(Some(name))),
            Self::PhaseChanged { .. } => Subjects::one(Subject::License(None)),
        }
    }
}

impl Commit {
    /// Returns the names that the events are about, each once: users, groups, keys, targets, roles and licenses, each
    /// sorted by name.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// use entitle::change::Subject;
    ///
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_group("data"))
    ///     .add(Command::add_user("ada").no_profile().groups(["data"]));
    /// let commit = directory.plan(batch)?.commit().unwrap();
    /// assert!(commit.subjects().eq([Subject::User("ada"), Subject::Group("data")]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        let subjects: BTreeSet<Subject<'_>> = self.events.iter().flat_map(Event::subjects).collect();
        subjects.into_iter()
    }
}
