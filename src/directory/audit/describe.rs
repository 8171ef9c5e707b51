//! Values as the message of an audit writes them, with names in place of slots and bits.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::catalog::{KindId, ProfileId};
use crate::directory::Directory;
use crate::directory::storage::{
    Due, GranteeSlot, GroupSlot, KeySlot, KindMask, ResourceSlot, RowState, SubjectSlot, TargetSlot, UserSlot,
};
use crate::name::Name;
use crate::seats::Turn;
use crate::time::Timestamp;

/// A value that an audit compares.
pub(super) trait Describe {
    fn describe(&self, directory: &Directory) -> String;
}

/// A mask on a kind.
#[derive(PartialEq)]
pub(super) struct Permissions(pub(super) KindId, pub(super) u64);

/// Writes a sort and a name, or the place of a thing that has no name.
fn named(sort: &str, name: Option<&str>, slot: u32) -> String {
    name.map_or_else(|| format!("nameless {sort} {slot}"), |name| format!("{sort} `{name}`"))
}

impl Describe for bool {
    fn describe(&self, _: &Directory) -> String {
        (if *self { "yes" } else { "no" }).to_owned()
    }
}

impl Describe for u32 {
    fn describe(&self, _: &Directory) -> String {
        self.to_string()
    }
}

impl Describe for u64 {
    fn describe(&self, _: &Directory) -> String {
        self.to_string()
    }
}

impl Describe for String {
    fn describe(&self, _: &Directory) -> String {
        self.clone()
    }
}

impl<T: Describe> Describe for Option<T> {
    fn describe(&self, directory: &Directory) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), |value| value.describe(directory))
    }
}

impl<T: Describe> Describe for &T {
    fn describe(&self, directory: &Directory) -> String {
        (*self).describe(directory)
    }
}

impl<A: Describe, B: Describe> Describe for (A, B) {
    fn describe(&self, directory: &Directory) -> String {
        format!("{}, {}", self.0.describe(directory), self.1.describe(directory))
    }
}

impl Describe for UserSlot {
    fn describe(&self, directory: &Directory) -> String {
        named("user", directory.user_slot_name(*self), self.index())
    }
}

impl Describe for GroupSlot {
    fn describe(&self, directory: &Directory) -> String {
        named("group", directory.group_slot_name(*self), self.index())
    }
}

impl Describe for KeySlot {
    fn describe(&self, directory: &Directory) -> String {
        named("key", directory.key_slot_name(*self), self.index())
    }
}

impl Describe for ResourceSlot {
    fn describe(&self, directory: &Directory) -> String {
        let name = directory.resource_slot_name(*self).map(|name| name.to_string());
        named("resource", name.as_deref(), self.index())
    }
}

impl Describe for GranteeSlot {
    fn describe(&self, directory: &Directory) -> String {
        let name = directory.grantee_slot_name(*self);
        name.map_or_else(|| "a nameless grantee".to_owned(), |grantee| format!("`{grantee}`"))
    }
}

impl Describe for SubjectSlot {
    fn describe(&self, directory: &Directory) -> String {
        match self {
            Self::Everyone => "everyone".to_owned(),
            Self::Grantee(grantee) => grantee.describe(directory),
        }
    }
}

impl Describe for TargetSlot {
    fn describe(&self, directory: &Directory) -> String {
        match self {
            Self::Everything => "everything".to_owned(),
            Self::Kind(kind) => kind.describe(directory),
            Self::Resource(resource) => resource.describe(directory),
        }
    }
}

impl Describe for KindId {
    fn describe(&self, directory: &Directory) -> String {
        named("kind", directory.catalog().kind_name(*self), u32::from(self.get()))
    }
}

impl Describe for ProfileId {
    fn describe(&self, directory: &Directory) -> String {
        named("profile", directory.catalog().profile_name(*self), u32::from(self.get()))
    }
}

impl Describe for Permissions {
    fn describe(&self, directory: &Directory) -> String {
        let kind = directory.catalog().definition(self.0);
        let names: Vec<String> =
            kind.into_iter().flat_map(|kind| kind.names(self.1)).map(|name| format!("`{name}`")).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }
}

impl Describe for KindMask {
    fn describe(&self, directory: &Directory) -> String {
        match self {
            Self::None => "nothing".to_owned(),
            Self::One(kind, mask) => (*kind, Permissions(*kind, *mask)).describe(directory),
            Self::Several => "several kinds".to_owned(),
        }
    }
}

impl Describe for RowState {
    fn describe(&self, _: &Directory) -> String {
        let state = match self {
            Self::Vacant => "vacant",
            Self::Active => "active",
            Self::Inactive => "inactive",
        };
        state.to_owned()
    }
}

impl Describe for Due {
    fn describe(&self, directory: &Directory) -> String {
        match self {
            Self::Invitation(user) => format!("the invitation of {}", user.describe(directory)),
            Self::Key(key) => key.describe(directory),
            Self::Membership(group, user) => {
                format!("the membership of {} in {}", user.describe(directory), group.describe(directory))
            }
            Self::Grant(to, on) => {
                format!("a grant to {} on {}", to.describe(directory), on.describe(directory))
            }
        }
    }
}

impl Describe for Name {
    fn describe(&self, _: &Directory) -> String {
        format!("`{self}`")
    }
}

impl Describe for Timestamp {
    fn describe(&self, _: &Directory) -> String {
        self.to_string()
    }
}

impl Describe for Turn {
    fn describe(&self, _: &Directory) -> String {
        format!("turn {self}")
    }
}
