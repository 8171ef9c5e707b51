//! The floor that a check is measured against.

use crate::directory::Directory;
use crate::id::{ResourceId, UserId};

impl Directory {
    /// Combines one word of the user's row with one of the resource's: the memory that any answer must touch.
    ///
    /// It reaches both rows as a check does and is no answer to anything; the benches compare with it.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn floor<K>(&self, who: UserId, on: ResourceId<K>) -> u64 {
        let user = self.user_row_at(who.slot()).map_or(0, |row| row.generation);
        let resource = self.resource_row_at(on.slot()).map_or(0, |row| row.generation);
        u64::from(user ^ resource)
    }

    /// One word of the user's row alone.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn floor_of(&self, who: UserId) -> u64 {
        self.user_row_at(who.slot()).map_or(0, |row| u64::from(row.generation))
    }
}
