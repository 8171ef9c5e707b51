//! Many questions of one principal.

use super::decision::Decision;
use super::evaluate::Asker;
use crate::catalog::{AnyKind, Request};
use crate::directory::Directory;
use crate::id::ResourceId;

/// A principal that was looked up once, to ask many questions of one directory.
///
/// Made by [`Directory::for_principal`]. Every answer is what [`Directory::check`] would say.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Bound<'a> {
    directory: &'a Directory,
    who: Option<Asker<'a>>,
}

impl<'a> Bound<'a> {
    pub(super) fn new(directory: &'a Directory, who: Option<Asker<'a>>) -> Self {
        Self { directory, who }
    }

    #[inline]
    pub(super) fn answer(&self, on: ResourceId, request: Request) -> Decision {
        self.directory.answer(self.who, self.directory.subject(on), request)
    }

    /// Whether the principal may do something on a resource, as [`Directory::check`].
    #[inline]
    pub fn check<K: AnyKind>(&self, on: ResourceId<K>, permissions: K::Permissions) -> Decision {
        self.answer(on.untyped(), K::request(permissions))
    }

    /// Everything that the principal may do on a resource, as [`Directory::permissions`].
    #[must_use]
    pub fn permissions<K: AnyKind>(&self, on: ResourceId<K>) -> K::Permissions {
        let (kind, bits) = self.directory.allowed_bits(self.who, self.directory.subject(on.untyped()));
        K::answer(kind, bits)
    }

    /// Those of some resources on which the principal may do something, in the order given.
    ///
    /// Lazy, and allocates nothing.
    ///
    /// See the example of [`Directory::check`](crate::Directory::check).
    pub fn filter<K: AnyKind, I>(
        self,
        resources: I,
        permissions: K::Permissions,
    ) -> impl Iterator<Item = ResourceId<K>>
    where
        I: IntoIterator<Item = ResourceId<K>>,
    {
        let request = K::request(permissions);
        resources.into_iter().filter(move |on| self.answer(on.untyped(), request).is_allowed())
    }
}
