//! The lower bound that the benches measure checks against.

use crate::directory::Directory;
use crate::id::{ResourceId, UserId};

impl Directory {
    /// Reads one word of the user's row and one of the resource's row: the memory that every check must touch.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn touch_rows<K>(&self, who: UserId, on: ResourceId<K>) -> u64 {
        let user = self.user_row_at(who.slot()).map_or(0, |row| row.serial);
        let resource = self.resource_row_at(on.slot()).map_or(0, |row| row.serial);
        u64::from(user ^ resource)
    }

    /// Reads one word of the user's row.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn touch_user_row(&self, who: UserId) -> u64 {
        self.user_row_at(who.slot()).map_or(0, |row| u64::from(row.serial))
    }
}
