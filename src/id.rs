//! The ids of users, groups, keys and resources.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::str::FromStr;

/// The error of a text that is not an id.
///
/// ```
/// use entitle::UserId;
///
/// let error = "ada".parse::<UserId>().unwrap_err();
/// assert_eq!(error.to_string(), "`ada` is not an id: expected a number");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id: expected a number")]
pub struct ParseIdError {
    text: String,
}

/// Returns the number of an id: the serial in the upper half, the slot in the lower.
const fn number(index: u32, serial: u32) -> u64 {
    ((serial as u64) << 32) | index as u64
}

/// Returns the slot and the serial of a number.
const fn halves(number: u64) -> (u32, u32) {
    // Each half fits by construction.
    ((number & 0xffff_ffff) as u32, (number >> 32) as u32)
}

/// Implements the forms of an id as a number and as text.
macro_rules! forms {
    ($name:ident $(<$kind:ident>)?) => {
        impl $(<$kind>)? $name $(<$kind>)? {
            /// Returns the id as a number, by which a host can store it.
            #[must_use]
            pub const fn as_u64(self) -> u64 {
                number(self.index, self.serial)
            }
        }

        /// Writes the number of the id.
        impl $(<$kind>)? fmt::Display for $name $(<$kind>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.as_u64(), f)
            }
        }

        /// Serializes as text in human-readable formats, because some of their parsers read numbers as floats, and as a
        /// number in all others.
        #[cfg(feature = "serde")]
        impl $(<$kind>)? serde::Serialize for $name $(<$kind>)? {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    return serializer.collect_str(self);
                }
                serializer.serialize_u64(self.as_u64())
            }
        }
    };
}

/// Defines how an id is made of what was stored: a number, a text or a serialized form.
///
/// The id of a resource comes back untyped: what was stored may be of any kind, and a bit must not mean another one.
macro_rules! reads {
    ($id:ty) => {
        impl $id {
            /// Creates an id from its number. A number that was never given out makes an id that is unknown everywhere.
            #[must_use]
            pub const fn from_u64(number: u64) -> Self {
                let (index, serial) = halves(number);
                Self::new(index, serial)
            }
        }

        impl FromStr for $id {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let number = text.parse().map_err(|_| ParseIdError { text: text.to_owned() })?;
                Ok(Self::from_u64(number))
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $id {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    return deserializer.deserialize_any(IdVisitor).map(Self::from_u64);
                }
                deserializer.deserialize_u64(IdVisitor).map(Self::from_u64)
            }
        }
    };
}

/// Reads the number of an id, or its text.
#[cfg(feature = "serde")]
struct IdVisitor;

#[cfg(feature = "serde")]
impl serde::de::Visitor<'_> for IdVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: a number, or its text")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
        text.parse().map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

/// Defines an id type: the slot of a thing and its serial, the number of things of that sort added before it and itself.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            index: u32,
            serial: u32,
        }

        impl $name {
            pub(crate) const fn new(index: u32, serial: u32) -> Self {
                Self { index, serial }
            }

            pub(crate) const fn index(self) -> u32 {
                self.index
            }

            pub(crate) const fn serial(self) -> u32 {
                self.serial
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_u64())
            }
        }

        forms!($name);
        reads!($name);
    };
}

id! {
    /// The durable id of a user: the same in every process and after every restart (rule C7).
    ///
    /// Replaying the commits gives the same ids as planning them, and a stored directory keeps them. After the user is
    /// removed, the id is never valid again, even if the name is used again (rule C7). So a host can bind sessions, tokens
    /// and rows of its own to it, as text, as a [number](Self::as_u64) or with serde. Ids have no meaning in a directory
    /// with another history.
    ///
    /// Look it up once per session with [`Directory::user_by_name`](crate::Directory::user_by_name).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let directory = Directory::new(catalog)
    /// #     .plan(Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader")))?
    /// #     .into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(ada.to_string().parse(), Ok(ada));
    ///
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

id! {
    /// The durable id of a group.
    ///
    /// [`Directory::group_by_name`](crate::Directory::group_by_name) looks it up. It is as durable as a [`UserId`].
    GroupId
}

id! {
    /// The durable id of an API key.
    ///
    /// [`Directory::key_by_name`](crate::Directory::key_by_name) looks it up. It is as durable as a [`UserId`].
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

/// The durable id of a resource, with its kind in the type.
///
/// [`Directory::resource`](crate::Directory::resource) returns a `ResourceId<Project>` after a check that the
/// resource is of that kind. A plain `ResourceId` is for hosts whose catalog is data. It is as durable as a
/// [`UserId`].
///
/// A number, a text or a serialized form becomes a plain `ResourceId`, because a client may have sent the id of another
/// kind; [`Directory::typed_resource`](crate::Directory::typed_resource) checks the kind.
///
/// ```compile_fail
/// # use entitle::ResourceId;
/// # use entitle::bitflags::bitflags;
/// # use entitle::catalog::ResourceKind;
/// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const READ = 1; } }
/// # enum Project {}
/// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
/// let forged = ResourceId::<Project>::from_u64(7);
/// ```
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
    serial: u32,
    kind: PhantomData<fn() -> K>,
}

impl<K> ResourceId<K> {
    pub(crate) const fn new(index: u32, serial: u32) -> Self {
        Self { index, serial, kind: PhantomData }
    }

    pub(crate) const fn index(self) -> u32 {
        self.index
    }

    pub(crate) const fn serial(self) -> u32 {
        self.serial
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
        ResourceId::new(self.index, self.serial)
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
        (self.index, self.serial) == (other.index, other.serial)
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
        (self.index, self.serial).cmp(&(other.index, other.serial))
    }
}

impl<K> Hash for ResourceId<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.index, self.serial).hash(state);
    }
}

impl<K> fmt::Debug for ResourceId<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceId({})", self.as_u64())
    }
}

forms!(ResourceId<K>);
reads!(ResourceId);
