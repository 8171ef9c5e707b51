//! Typed slots: the places of users, groups, resources and keys in their tables.

use core::fmt::Debug;

use crate::id::{GroupId, KeyId, ResourceId, UserId};

/// A place in tables: an id without the serial.
pub(crate) trait Slot: Copy + Ord + Debug + 'static {
    /// The id of an entry: its slot and the serial of that slot.
    type Id: Copy;

    fn from_index(index: u32) -> Self;

    fn index(self) -> u32;

    fn with_serial(self, serial: u32) -> Self::Id;
}

/// Makes a slot type, and the way from the id of the same thing to it.
macro_rules! slot {
    ($(#[$doc:meta])* $name:ident of $id:ident $(<$kind:ident>)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub(crate) struct $name(u32);

        impl $name {
            #[inline]
            pub(crate) const fn index(self) -> u32 {
                self.0
            }
        }

        impl Slot for $name {
            type Id = $id;

            #[inline]
            fn from_index(index: u32) -> Self {
                Self(index)
            }

            #[inline]
            fn index(self) -> u32 {
                $name::index(self)
            }

            #[inline]
            fn with_serial(self, serial: u32) -> $id {
                $id::new(self.0, serial)
            }
        }

        impl $(<$kind>)? $id $(<$kind>)? {
            #[inline]
            pub(crate) const fn slot(self) -> $name {
                $name(self.index())
            }
        }
    };
}

slot! {
    /// The place of a user.
    UserSlot of UserId
}

slot! {
    /// The place of a group.
    GroupSlot of GroupId
}

slot! {
    /// The place of a resource.
    ResourceSlot of ResourceId<K>
}

slot! {
    /// The place of an API key.
    KeySlot of KeyId
}

impl UserSlot {
    #[inline]
    pub(crate) const fn new(index: u32) -> Self {
        Self(index)
    }
}

impl GroupSlot {
    #[inline]
    pub(crate) const fn new(index: u32) -> Self {
        Self(index)
    }
}

/// The bit that makes a grantee a user.
const USER: u32 = 1 << 31;

/// The place of a group or of a user, in one number.
///
/// It is a group's slot, or a user's slot with the highest bit set. So the grants to groups and to users are in one
/// list and are compared at once. In this order all groups come before all users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub(crate) struct GranteeSlot(u32);

/// A group or a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GranteeKind {
    Group(GroupSlot),
    User(UserSlot),
}

impl GranteeSlot {
    #[inline]
    pub(crate) const fn group(group: GroupSlot) -> Self {
        Self(group.0 & !USER)
    }

    #[inline]
    pub(crate) const fn user(user: UserSlot) -> Self {
        Self(user.0 | USER)
    }

    pub(crate) const fn kind(self) -> GranteeKind {
        if self.0 & USER == 0 {
            GranteeKind::Group(GroupSlot(self.0))
        } else {
            GranteeKind::User(UserSlot(self.0 & !USER))
        }
    }

    #[inline]
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    pub(super) const fn from_number(number: u32) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grantee_is_the_group_or_user_that_it_was_made_of() {
        for index in [0, 1, 65_534, 65_535, 65_536, (1 << 31) - 1] {
            let (group, user) = (GroupSlot::new(index), UserSlot::new(index));
            assert_eq!(GranteeSlot::group(group).kind(), GranteeKind::Group(group));
            assert_eq!(GranteeSlot::user(user).kind(), GranteeKind::User(user));
            assert!(GranteeSlot::group(group) < GranteeSlot::user(UserSlot::new(0)));
        }
    }

    #[test]
    fn slots_are_as_small_as_their_index() {
        assert_eq!(size_of::<UserSlot>(), 4);
        assert_eq!(size_of::<GranteeSlot>(), 4);
    }
}
