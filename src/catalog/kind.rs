//! Kinds of resources, as types and as run-time definitions.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use bitflags::Flags;

use super::permission::{KindId, PermissionSet};
use crate::id::Untyped;
use crate::name::Name;

/// A kind of resource whose permissions are a `bitflags` type over `u64`.
///
/// Every single-bit flag is a permission. Its serialized name is the flag's name in lower case: `WRITE` becomes
/// `write`. Flags of several bits are combinations and not permissions.
///
/// ```
/// use entitle::bitflags::bitflags;
/// use entitle::catalog::{Catalog, Kind, ResourceKind};
///
/// bitflags! {
///     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
///     pub struct ProjectPermissions: u64 {
///         const READ = 1;
///         const WRITE = 2;
///     }
/// }
///
/// enum Project {}
/// impl ResourceKind for Project {
///     const NAME: &'static str = "project";
///     type Permissions = ProjectPermissions;
/// }
///
/// let catalog = Catalog::builder().kind(Kind::of::<Project>()).build()?;
/// assert_eq!(catalog.permissions_of("project").collect::<Vec<_>>(), ["read", "write"]);
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
pub trait ResourceKind: 'static {
    /// The name of the kind in the catalog, in targets such as `project/churn`, and in serialized forms.
    const NAME: &'static str;

    /// The permissions of the kind.
    type Permissions: Flags<Bits = u64>;

    /// Returns the target for the resource with this key: `Project::at("churn")` is `project/churn`.
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const READ = 1; } }
    /// # enum Project {}
    /// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
    /// assert_eq!(Project::at("churn").to_string(), "project/churn");
    /// ```
    fn at(key: impl Into<String>) -> TypedTarget<Self>
    where
        Self: Sized,
    {
        TypedTarget::new(Some(key.into()))
    }

    /// Returns the target for all resources of the kind, present and future (rule A8).
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const READ = 1; } }
    /// # enum Project {}
    /// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
    /// assert_eq!(Project::all().to_string(), "project/*");
    /// ```
    #[must_use]
    fn all() -> TypedTarget<Self>
    where
        Self: Sized,
    {
        TypedTarget::new(Some("*".to_owned()))
    }

    /// Returns the target for the resource of a singleton kind (rule A9).
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const ADMIN = 1; } }
    /// # enum Instance {}
    /// # impl ResourceKind for Instance { const NAME: &'static str = "instance"; type Permissions = Flags; }
    /// assert_eq!(Instance::only().to_string(), "instance");
    /// ```
    #[must_use]
    fn only() -> TypedTarget<Self>
    where
        Self: Sized,
    {
        TypedTarget::new(None)
    }

    /// Returns the serialized names of the permissions in a set.
    ///
    /// Bits that are not permissions of the kind are ignored.
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const READ = 1; const WRITE = 2; } }
    /// # enum Project {}
    /// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
    /// assert_eq!(Project::permission_names(Flags::WRITE), ["write"]);
    /// ```
    #[must_use]
    fn permission_names(permissions: Self::Permissions) -> Vec<String>
    where
        Self: Sized,
    {
        let bits = permissions.bits();
        single_bits::<Self>()
            .filter(|&(bit, _)| bits & bit != 0)
            .map(|(_, name)| name.to_ascii_lowercase())
            .collect()
    }
}

/// A target of a typed kind: one resource, all resources, or the singleton.
///
/// [`ResourceKind::at`], [`ResourceKind::all`] and [`ResourceKind::only`] create one. Commands accept it in place of
/// a string, with permissions of the kind's type:
///
/// ```
/// # use entitle::bitflags::bitflags;
/// # use entitle::catalog::ResourceKind;
/// # use entitle::{Command, Grantee};
/// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const READ = 1; const WRITE = 2; } }
/// # enum Project {}
/// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
/// let typed = Command::grant(Grantee::group("data"), Project::at("churn"), Flags::WRITE);
/// assert_eq!(typed, Command::grant(Grantee::group("data"), "project/churn", ["write"]));
/// ```
pub struct TypedTarget<K> {
    key: Option<String>,
    kind: PhantomData<fn() -> K>,
}

impl<K> TypedTarget<K> {
    fn new(key: Option<String>) -> Self {
        Self { key, kind: PhantomData }
    }
}

impl<K: ResourceKind> fmt::Display for TypedTarget<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::NAME)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "/{key}"))
    }
}

impl<K: ResourceKind> fmt::Debug for TypedTarget<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypedTarget({self})")
    }
}

impl<K> Clone for TypedTarget<K> {
    fn clone(&self) -> Self {
        Self::new(self.key.clone())
    }
}

impl<K: ResourceKind> From<TypedTarget<K>> for String {
    fn from(target: TypedTarget<K>) -> Self {
        target.to_string()
    }
}

/// The type parameter of a [`ResourceId`](crate::ResourceId), which sets the type of permissions in checks.
///
/// The trait is implemented for every [`ResourceKind`], with its `bitflags` type, and for [`Untyped`], with
/// [`PermissionSet`]. It is sealed and cannot be implemented directly.
pub trait AnyKind: sealed::Sealed {
    /// The type of a set of permissions.
    type Permissions;

    /// Converts a set to the form that the evaluator uses.
    #[doc(hidden)]
    fn request(permissions: Self::Permissions) -> Request;

    /// Converts a set of the evaluator to the type of the caller.
    #[doc(hidden)]
    fn answer(kind: KindId, bits: u64) -> Self::Permissions;

    /// Returns `true` if a kind of the catalog has the same name and permissions.
    #[doc(hidden)]
    fn is(kind: &KindDefinition) -> bool;
}

mod sealed {
    pub trait Sealed {}
    impl<K: super::ResourceKind> Sealed for K {}
    impl Sealed for crate::id::Untyped {}
}

/// The requested permissions of a check. A typed request has no kind: the type of its resource has it.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub(crate) bits: u64,
    /// The index of the kind, or [`Request::TYPED`]. The request is two words, which are passed in registers.
    kind: u8,
}

impl Request {
    /// The marker for the kind of the resource. No kind has this index: there are at most 64.
    const TYPED: u8 = u8::MAX;

    pub(crate) const fn typed(bits: u64) -> Self {
        Self { bits, kind: Self::TYPED }
    }

    pub(crate) const fn of(kind: KindId, bits: u64) -> Self {
        Self { bits, kind: kind.get() }
    }

    /// Creates a request that suits no resource.
    pub(crate) const fn of_no_kind() -> Self {
        Self { bits: u64::MAX, kind: Self::TYPED - 1 }
    }

    /// Returns the kind of an untyped request.
    pub(crate) fn kind(self) -> Option<KindId> {
        (self.kind != Self::TYPED).then(|| KindId::new(self.kind))
    }

    /// Returns `true` if the request is not empty and its permissions are of this kind.
    #[inline]
    pub(crate) fn suits(self, kind: u8) -> bool {
        self.bits != 0 && (self.kind == Self::TYPED || self.kind == kind)
    }
}

impl<K: ResourceKind> AnyKind for K {
    type Permissions = K::Permissions;

    fn request(permissions: K::Permissions) -> Request {
        Request::typed(permissions.bits())
    }

    fn answer(_: KindId, bits: u64) -> K::Permissions {
        K::Permissions::from_bits_retain(bits)
    }

    fn is(kind: &KindDefinition) -> bool {
        let flags = single_bits::<K>();
        &*kind.name == K::NAME
            && kind.all == flags.clone().fold(0, |all, (bit, _)| all | bit)
            && flags
                .into_iter()
                .all(|(bit, name)| kind.name_of(bit).is_some_and(|n| n.eq_ignore_ascii_case(name)))
    }
}

impl AnyKind for Untyped {
    type Permissions = PermissionSet;

    fn request(permissions: PermissionSet) -> Request {
        Request::of(permissions.kind(), permissions.bits())
    }

    fn answer(kind: KindId, bits: u64) -> PermissionSet {
        PermissionSet::new(kind, bits)
    }

    fn is(_: &KindDefinition) -> bool {
        true
    }
}

/// Returns the single-bit flags of a typed kind with their names; the first name of a bit counts.
pub(crate) fn single_bits<K: ResourceKind>() -> impl Iterator<Item = (u64, &'static str)> + Clone {
    let flags = K::Permissions::FLAGS;
    flags.iter().enumerate().filter_map(move |(place, flag)| {
        let bit = flag.value().bits();
        let first = !flags.iter().take(place).any(|earlier| earlier.value().bits() == bit);
        (bit.is_power_of_two() && !flag.name().is_empty() && first).then(|| (bit, flag.name()))
    })
}

/// A kind of a catalog, with its implications closed.
#[derive(Debug)]
pub struct KindDefinition {
    pub(super) name: Box<str>,
    pub(super) singleton: bool,
    /// The names by bit, lowest bit first.
    pub(super) names: Vec<(u64, Name)>,
    pub(super) all: u64,
    /// For each bit, the bit and all bits that it implies.
    pub(super) implied: Box<[u64; 64]>,
    /// For each bit, the bit and all bits that imply it.
    pub(super) implying: Box<[u64; 64]>,
    pub(super) owner: u64,
    /// The maps from the kinds that a resource may lie inside.
    pub(super) inside: Vec<PassMap>,
    /// The permissions that pass anything to what lies inside.
    pub(super) passing: u64,
    /// By bit, the kinds to whose resources something may pass, in any number of steps.
    pub(super) below: u64,
}

/// The map of the permissions that pass from one kind to another, whose resources may lie inside (rules H1 and H2).
#[derive(Debug)]
pub(crate) struct PassMap {
    /// The kind of the parent.
    pub(super) parent: KindId,
    /// By bit of the parent, what passes, closed under implication.
    pub(super) passes: Box<[u64; 64]>,
    /// By bit of what lies inside, the bits of the parent that pass it.
    pub(super) passed_by: Box<[u64; 64]>,
    pub(super) passes_anything: bool,
}

impl PassMap {
    pub(crate) fn parent(&self) -> KindId {
        self.parent
    }

    /// Returns what passes of some permissions of the parent.
    pub(crate) fn pass(&self, held: u64) -> u64 {
        union_of(&self.passes, held)
    }

    /// Returns the permissions of the parent of which each passes at least one of some permissions.
    #[inline]
    pub(crate) fn passing(&self, wanted: u64) -> u64 {
        union_of(&self.passed_by, wanted)
    }

    /// Returns `true` if anything passes.
    pub(crate) fn passes_anything(&self) -> bool {
        self.passes_anything
    }
}

impl KindDefinition {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the maps from the kinds that a resource may lie inside.
    pub(crate) fn inside(&self) -> &[PassMap] {
        &self.inside
    }

    /// Returns the permissions that pass anything to what lies inside.
    pub(crate) fn passing(&self) -> u64 {
        self.passing
    }

    /// Returns the kinds to whose resources something may pass, in any number of steps, by bit.
    pub(crate) fn below(&self) -> u64 {
        self.below
    }

    /// Returns the map from a kind, if a resource may lie inside one of it.
    #[inline]
    pub(crate) fn map_from(&self, parent: KindId) -> Option<&PassMap> {
        self.inside.iter().find(|map| map.parent == parent)
    }

    pub(crate) fn singleton(&self) -> bool {
        self.singleton
    }

    pub(crate) fn all(&self) -> u64 {
        self.all
    }

    /// Returns the permissions of the owner of a resource, closed under implication (rule A2).
    pub(crate) fn owner(&self) -> u64 {
        self.owner
    }

    pub(crate) fn bit(&self, permission: &str) -> Option<u64> {
        self.names.iter().find(|(_, name)| &**name == permission).map(|&(bit, _)| bit)
    }

    fn name_of(&self, bit: u64) -> Option<&str> {
        self.names.iter().find(|&&(b, _)| b == bit).map(|(_, name)| &**name)
    }

    pub(crate) fn names(&self, bits: u64) -> impl Iterator<Item = &str> {
        self.shared_names(bits).map(Name::as_str)
    }

    pub(crate) fn shared_names(&self, bits: u64) -> impl Iterator<Item = &Name> {
        self.names.iter().filter(move |&&(bit, _)| bit & bits != 0).map(|(_, name)| name)
    }

    /// Returns the bits and all bits that they imply (rule A3).
    pub(crate) fn close(&self, bits: u64) -> u64 {
        union_over(&self.implied, bits)
    }

    /// Removes `bits`, and all bits that imply one of them, from `held` (rule A3).
    pub(crate) fn without(&self, held: u64, bits: u64) -> u64 {
        held & !union_over(&self.implying, bits)
    }
}

/// Returns the union of `bits` and the entries of a table for the bits that are set.
pub(super) fn union_over(table: &[u64; 64], bits: u64) -> u64 {
    bits | union_of(table, bits)
}

/// Returns the union of the entries of a table for the bits that are set.
#[inline]
fn union_of(table: &[u64; 64], bits: u64) -> u64 {
    let (mut union, mut left) = (0, bits);
    while left != 0 {
        union |= table.get(left.trailing_zeros() as usize).copied().unwrap_or(0);
        left &= left.wrapping_sub(1);
    }
    union
}
