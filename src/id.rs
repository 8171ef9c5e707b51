//! Ids: small, copyable, and never confused with what was removed.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

/// Makes an id type of a slot and the generation that the slot had when the id was given out.
macro_rules! generational_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            index: u32,
            generation: u32,
        }

        impl $name {
            pub(crate) const fn new(index: u32, generation: u32) -> Self {
                Self { index, generation }
            }

            pub(crate) const fn index(self) -> u32 {
                self.index
            }

            pub(crate) const fn generation(self) -> u32 {
                self.generation
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}v{})"), self.index, self.generation)
            }
        }
    };
}

generational_id! {
    /// A user of one directory and its later versions.
    ///
    /// Resolve it once per session with [`Directory::user_by_name`](crate::Directory::user_by_name). After the user is removed
    /// the id stays unknown for good, also when the name is used again (rule C7). It is meaningful in the
    /// directory that gave it out and in what was planned from that one, and not stored anywhere: stored forms
    /// use names.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let directory = Directory::new(catalog)
    /// #     .plan(Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader")))?
    /// #     .into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::remove_user("ada"))
    ///     .add(Command::add_user("ada").profile("reader"));
    /// let later = directory.plan(batch)?.into_directory();
    /// assert_eq!(later.user_name(ada), None);
    /// assert_ne!(later.user_by_name("ada"), Some(ada));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    UserId
}

generational_id! {
    /// A group of one directory and its later versions.
    ///
    /// Everything said of [`UserId`] holds here too.
    GroupId
}

generational_id! {
    /// An API key of one directory and its later versions.
    ///
    /// Everything said of [`UserId`] holds here too.
    KeyId
}

/// Who asks: a user, or an API key that acts as one (rule A11).
///
/// ```
/// use entitle::{Principal, UserId};
///
/// fn of_a_session(user: UserId) -> Principal {
///     user.into()
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A user asks.
    User(UserId),
    /// An API key asks, on behalf of its user and cut down by its scope.
    Key(KeyId),
}

impl From<UserId> for Principal {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<KeyId> for Principal {
    fn from(key: KeyId) -> Self {
        Self::Key(key)
    }
}

/// Marks a [`ResourceId`] whose kind is known only at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Untyped {}

/// A resource of one directory and its later versions, with its kind in the type.
///
/// `ResourceId<Project>` comes from [`Directory::resource`](crate::Directory::resource), which made sure that the
/// resource is of that kind. A plain `ResourceId` serves hosts whose catalog is data. Everything said of
/// [`UserId`] holds here too.
///
/// ```
/// # use entitle::bitflags::bitflags;
/// # use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
/// # use entitle::{Batch, Command, Directory, ResourceId, Timestamp};
/// # bitflags! {
/// #     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// #     pub struct ProjectPermissions: u64 { const READ = 1; }
/// # }
/// # enum Project {}
/// # impl ResourceKind for Project {
/// #     const NAME: &'static str = "project";
/// #     type Permissions = ProjectPermissions;
/// # }
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::of::<Project>().owner(ProjectPermissions::READ))
/// #     .profile(Profile::new("reader").exempt())
/// #     .build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(Command::add_user("ada").profile("reader"))
/// #     .add(Command::add_resource("project/churn").owner("ada"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let ada = directory.user_by_name("ada").unwrap();
/// let churn: ResourceId<Project> = directory.resource("churn").unwrap();
/// assert!(directory.check(ada, churn, ProjectPermissions::READ).is_allowed());
///
/// // The same resource, asked about with a set of the catalog's.
/// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
/// assert!(directory.check(ada, churn.untyped(), read).is_allowed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ResourceId<K = Untyped> {
    index: u32,
    generation: u32,
    kind: PhantomData<fn() -> K>,
}

impl<K> ResourceId<K> {
    pub(crate) const fn new(index: u32, generation: u32) -> Self {
        Self { index, generation, kind: PhantomData }
    }

    pub(crate) const fn index(self) -> u32 {
        self.index
    }

    pub(crate) const fn generation(self) -> u32 {
        self.generation
    }

    /// The same resource without its kind in the type.
    ///
    /// See the example of [`ResourceId`].
    #[must_use]
    pub const fn untyped(self) -> ResourceId {
        ResourceId::new(self.index, self.generation)
    }
}

// The traits are written by hand because derived ones would ask the same of the marker `K`.

impl<K> Clone for ResourceId<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for ResourceId<K> {}

impl<K> PartialEq for ResourceId<K> {
    fn eq(&self, other: &Self) -> bool {
        (self.index, self.generation) == (other.index, other.generation)
    }
}

impl<K> Eq for ResourceId<K> {}

impl<K> PartialOrd for ResourceId<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for ResourceId<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.index, self.generation).cmp(&(other.index, other.generation))
    }
}

impl<K> Hash for ResourceId<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.index, self.generation).hash(state);
    }
}

impl<K> fmt::Debug for ResourceId<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceId({}v{})", self.index, self.generation)
    }
}
