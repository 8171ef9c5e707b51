//! Sets of permissions whose kind is known at run time.

/// A kind of one catalog, by its place in the order of declaration.
///
/// See the example of [`PermissionSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(u8);

impl KindId {
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

/// Permissions of one kind: up to 64, one bit each.
///
/// The set knows its kind, so a permission of one kind asked on a resource of another is a denial
/// ([`Denial::WrongKind`](crate::Denial)) and never an answer about some other bit. Hosts whose kinds are types
/// use their own `bitflags` types instead.
///
/// ```
/// use entitle::catalog::{Catalog, Kind};
///
/// let catalog = Catalog::builder().kind(Kind::named("project").permissions(["write", "read"])).build()?;
/// let write = catalog.permission_set("project", ["write"]).unwrap();
/// assert_eq!(catalog.names(write).collect::<Vec<_>>(), ["write"]);
/// assert!(catalog.permission_set("project", ["wriet"]).is_none());
///
/// let both = catalog.permission_set("project", ["write", "read"]).unwrap();
/// assert!(both.contains(write) && !write.contains(both));
/// assert_eq!((both.len(), both.bits(), both.is_empty()), (2, 0b11, false));
/// assert_eq!(Some(both.kind()), catalog.kind("project"));
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

    /// The kind whose permissions these are.
    ///
    /// See the example of [`PermissionSet`].
    #[must_use]
    pub const fn kind(self) -> KindId {
        self.kind
    }

    /// The bits, one a permission.
    ///
    /// See the example of [`PermissionSet`].
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.bits
    }

    /// Whether no permission is in the set.
    ///
    /// See the example of [`PermissionSet`].
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// How many permissions are in the set.
    ///
    /// See the example of [`PermissionSet`].
    #[must_use]
    pub const fn len(self) -> u32 {
        self.bits.count_ones()
    }

    /// Whether every permission of `other` is in this set; sets of two kinds never contain each other.
    ///
    /// See the example of [`PermissionSet`].
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.kind.0 == other.kind.0 && other.bits & !self.bits == 0
    }
}
