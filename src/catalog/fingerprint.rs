//! The fingerprint of a catalog, by which stored forms recognize the catalog that they were made with.

use core::fmt;

use twox_hash::XxHash3_128;

use super::Catalog;

/// The fingerprint of a [`Catalog`]: equal if two catalogs declare the same names in the same order.
///
/// It is XXH3 with 128 bits of the catalog as JSON: of [`Catalog::document`] with its fields in the order of their
/// declaration, without spaces. So it is the same in every process and on every platform, and the same for a catalog
/// declared in code and one read from a file. The bits of a typed kind are not part of it, because they are in the
/// program only. It finds differences; it is no protection against deliberate ones.
///
/// It is displayed as 32 hexadecimal digits.
///
/// ```
/// use entitle::catalog::{Catalog, Kind};
///
/// let catalog = |permissions: [&str; 2]| {
///     Catalog::builder().kind(Kind::named("project").permissions(permissions)).build().unwrap()
/// };
/// let fingerprint = catalog(["write", "read"]).fingerprint();
/// assert_eq!(fingerprint, catalog(["write", "read"]).fingerprint());
/// assert_ne!(fingerprint, catalog(["read", "write"]).fingerprint());
/// assert_eq!(fingerprint.to_string().len(), 32);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogFingerprint(u128);

impl CatalogFingerprint {
    pub(crate) const fn new(number: u128) -> Self {
        Self(number)
    }

    /// The fingerprint of the catalog with this canonical form.
    pub(crate) fn of(canonical: &[u8]) -> Self {
        Self(XxHash3_128::oneshot(canonical))
    }

    /// Returns the fingerprint as a number, by which a host can store it.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for CatalogFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for CatalogFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CatalogFingerprint({self})")
    }
}

impl Catalog {
    /// Returns the fingerprint of the catalog. The cost is that of writing it as JSON.
    #[must_use]
    pub fn fingerprint(&self) -> CatalogFingerprint {
        CatalogFingerprint::of(&self.canonical())
    }

    /// The form that the fingerprint is made of.
    pub(crate) fn canonical(&self) -> alloc::vec::Vec<u8> {
        let written = serde_json::to_vec(self.document());
        debug_assert!(written.is_ok(), "INVARIANT (keys are texts, and memory does not fail to be written)");
        written.unwrap_or_default()
    }
}
