//! Generational ids of users, groups, keys and resources.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

/// Defines an id type: a slot and the generation of the slot when the id was issued.
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
    /// The id of a user, valid in one directory and its later versions.
    ///
    /// Look it up once per session with [`Directory::user_by_name`](crate::Directory::user_by_name). After the
    /// user is removed, the id is never valid again, even if the name is reused (rule C7). Do not store ids or use
    /// them with an unrelated directory: serialized forms contain names.
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
    /// The id of a group, valid in one directory and its later versions.
    ///
    /// [`Directory::group_by_name`](crate::Directory::group_by_name) looks it up. Validity is as for [`UserId`].
    GroupId
}

generational_id! {
    /// The id of an API key, valid in one directory and its later versions.
    ///
    /// [`Directory::key_by_name`](crate::Directory::key_by_name) looks it up. Validity is as for [`UserId`].
    KeyId
}

/// The caller of a check: a user, or an API key that acts as one (rule A11).
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, Principal, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
/// # let directory = Directory::new(catalog)
/// #     .plan(Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader")))?
/// #     .into_directory();
/// let ada = directory.user_by_name("ada").unwrap();
/// assert_eq!(Principal::from(ada), Principal::User(ada));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A user.
    User(UserId),
    /// An API key, with the rights of its user within its scope.
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

/// A marker for a [`ResourceId`] or a [`Kind`](crate::catalog::Kind) whose kind is known only at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Untyped {}

/// The id of a resource, with its kind in the type, valid in one directory and its later versions.
///
/// [`Directory::resource`](crate::Directory::resource) returns a `ResourceId<Project>` after a check that the
/// resource is of that kind. A plain `ResourceId` is for hosts whose catalog is data. Validity is as for
/// [`UserId`].
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

    /// Returns the same id without the kind in its type.
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::{Catalog, Kind, ResourceKind};
    /// # use entitle::{Batch, Command, Directory, ResourceId, Timestamp};
    /// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const READ = 1; } }
    /// # enum Project {}
    /// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
    /// # let catalog = Catalog::builder().kind(Kind::of::<Project>()).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH).add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let churn: ResourceId<Project> = directory.resource("churn").unwrap();
    /// assert_eq!(directory.resource_by_name("project/churn"), Some(churn.untyped()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn untyped(self) -> ResourceId {
        ResourceId::new(self.index, self.generation)
    }
}

// Implemented by hand: derived traits would require the same traits of the marker `K`.

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
