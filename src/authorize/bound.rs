//! Repeated checks of one principal.

use super::decision::Decision;
use super::evaluate::PrincipalRef;
use crate::catalog::{AnyKind, Request};
use crate::directory::Directory;
use crate::id::ResourceId;

/// A principal bound to a directory, looked up once for many checks.
///
/// Created by [`Directory::for_principal`]. The results are those of [`Directory::check`].
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Decision, Directory, Grantee, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
/// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
/// #     .build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(Command::add_user("ada").profile("reader"))
/// #     .add(Command::add_resource("project/churn"))
/// #     .add(Command::add_resource("project/sales"))
/// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let churn = directory.resource_by_name("project/churn").unwrap();
/// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
///
/// let ada = directory.for_principal(directory.user_by_name("ada").unwrap());
/// assert_eq!(ada.check(churn, read), Decision::Allowed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct BoundPrincipal<'a> {
    directory: &'a Directory,
    who: Option<PrincipalRef<'a>>,
}

impl<'a> BoundPrincipal<'a> {
    pub(super) fn new(directory: &'a Directory, who: Option<PrincipalRef<'a>>) -> Self {
        Self { directory, who }
    }

    #[inline]
    fn check_request(&self, on: ResourceId, request: Request) -> Decision {
        self.directory.check_resolved(self.who, self.directory.resource_ref(on), request)
    }

    /// Checks that the principal may do something on a resource, like [`Directory::check`].
    #[inline]
    pub fn check<K: AnyKind>(&self, on: ResourceId<K>, permissions: K::Permissions) -> Decision {
        self.check_request(on.untyped(), K::request(permissions))
    }

    /// Returns the permissions that the principal has on a resource, like [`Directory::permissions`].
    #[must_use]
    pub fn permissions<K: AnyKind>(&self, on: ResourceId<K>) -> K::Permissions {
        let (kind, bits) = self.directory.allowed_bits(self.who, self.directory.resource_ref(on.untyped()));
        K::answer(kind, bits)
    }

    /// Keeps the resources on which the principal may do something, in the given order.
    ///
    /// The iterator is lazy and does not allocate.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::add_resource("project/sales"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let sales = directory.resource_by_name("project/sales").unwrap();
    /// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
    ///
    /// let ada = directory.for_principal(directory.user_by_name("ada").unwrap());
    /// assert_eq!(ada.filter([churn, sales], read).collect::<Vec<_>>(), [churn]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn filter<K: AnyKind, I>(
        self,
        resources: I,
        permissions: K::Permissions,
    ) -> impl Iterator<Item = ResourceId<K>>
    where
        I: IntoIterator<Item = ResourceId<K>>,
    {
        let request = K::request(permissions);
        resources.into_iter().filter(move |on| self.check_request(on.untyped(), request).is_allowed())
    }
}
