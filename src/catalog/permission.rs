//! Permission sets whose kind is known at run time.

/// The id of a kind in one catalog, ordered by declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(u8);

impl KindId {
    /// The kind of the empty set that queries return for an unknown resource; no catalog has as many kinds.
    pub(crate) const UNKNOWN: Self = Self(u8::MAX);

    pub(crate) fn from_index(index: usize) -> Option<Self> {
        u8::try_from(index).ok().map(Self)
    }

    pub(crate) const fn new(index: u8) -> Self {
        Self(index)
    }

    pub(crate) const fn get(self) -> u8 {
        self.0
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A set of permissions of one kind, for kinds that are known only at run time.
///
/// [`Catalog::permission_set`](crate::catalog::Catalog::permission_set) creates one. The set contains its kind, so that a
/// check with a set of another kind than the resource's is denied with
/// [`Denial::WrongKind`](crate::Denial::WrongKind). For kinds declared as types, their `bitflags` types take the
/// place of this type.
///
/// ```
/// use entitle::catalog::{Catalog, Kind};
///
/// let catalog = Catalog::builder().kind(Kind::named("project").permissions(["write", "read"])).build()?;
/// let write = catalog.permission_set("project", ["write"]).unwrap();
/// assert_eq!(Some(write.kind()), catalog.kind_by_name("project"));
/// assert_eq!(catalog.names(write).collect::<Vec<_>>(), ["write"]);
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionSet {
    kind: KindId,
    bits: u64,
}

impl PermissionSet {
    pub(crate) const fn new(kind: KindId, bits: u64) -> Self {
        Self { kind, bits }
    }

    /// Returns the kind of the permissions.
    #[must_use]
    pub const fn kind(self) -> KindId {
        self.kind
    }

    /// Returns the bits, one for each permission.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.bits
    }

    /// Returns `true` if the set contains no permission.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Returns the number of permissions in the set.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # let project = Kind::named("project").permissions(["write", "read"]);
    /// # let catalog = Catalog::builder().kind(project).build()?;
    /// let both = catalog.permission_set("project", ["write", "read"]).unwrap();
    /// assert_eq!((both.len(), both.is_empty()), (2, false));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub const fn len(self) -> u32 {
        self.bits.count_ones()
    }

    /// Returns `true` if the set contains every permission of `other`; `false` for a set of another kind.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # let project = Kind::named("project").permissions(["write", "read"]);
    /// # let catalog = Catalog::builder().kind(project).build()?;
    /// let both = catalog.permission_set("project", ["write", "read"]).unwrap();
    /// let write = catalog.permission_set("project", ["write"]).unwrap();
    /// assert!(both.contains(write) && !write.contains(both));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.kind.0 == other.kind.0 && other.bits & !self.bits == 0
    }
}
