//! Targets and permissions of commands: as text, or typed.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::catalog::{ResourceKind, TypedTarget};
use crate::directory::ResourceName;

/// A target that a command takes, with the permissions that fit it.
///
/// A text, such as `project/churn`, `project/*` or `instance`, takes permissions by name; a [`TypedTarget`] takes the
/// flags of its kind, so that a permission of another kind does not compile. The trait is sealed.
///
/// ```
/// use entitle::{Command, Grantee};
///
/// let one = Command::grant(Grantee::Everyone, "project/churn", ["read"]);
/// let many = Command::grant(Grantee::Everyone, "project/*".to_owned(), vec!["read".to_owned()]);
/// assert_ne!(one, many);
/// ```
///
/// ```compile_fail
/// # use entitle::bitflags::bitflags;
/// # use entitle::catalog::ResourceKind;
/// # use entitle::{Command, Grantee};
/// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const READ = 1; } }
/// # bitflags! { #[derive(Clone, Copy)] pub struct OtherFlags: u64 { const READ = 1; } }
/// # enum Project {}
/// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
/// let typed = Command::grant(Grantee::Everyone, Project::at("churn"), OtherFlags::READ);
/// ```
pub trait CommandTarget: sealed::Sealed {
    /// The type of a set of permissions.
    type Permissions;

    /// Returns the target as text.
    #[doc(hidden)]
    fn into_text(self) -> String;

    /// Returns the names of the permissions in a set.
    #[doc(hidden)]
    fn names(permissions: Self::Permissions) -> Vec<String>;
}

/// A list of permissions by name, made of an array, a slice or a vector of texts.
///
/// ```
/// use entitle::change::PermissionNames;
///
/// assert_eq!(PermissionNames::from(["read"]), PermissionNames::from(vec!["read".to_owned()]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionNames(Vec<String>);

impl<S: Into<String>> FromIterator<S> for PermissionNames {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for PermissionNames {
    fn from(names: [S; N]) -> Self {
        names.into_iter().collect()
    }
}

impl<S: Into<String>> From<Vec<S>> for PermissionNames {
    fn from(names: Vec<S>) -> Self {
        names.into_iter().collect()
    }
}

impl<S: Into<String> + Clone> From<&[S]> for PermissionNames {
    fn from(names: &[S]) -> Self {
        names.iter().cloned().collect()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for &str {}
    impl Sealed for alloc::string::String {}
    impl Sealed for &alloc::string::String {}
    impl Sealed for crate::directory::ResourceName<'_> {}
    impl<K: crate::catalog::ResourceKind> Sealed for crate::catalog::TypedTarget<K> {}
}

/// Implements the trait for types that hold a text.
macro_rules! text_targets {
    ($($text:ty),+ $(,)?) => {$(
        impl CommandTarget for $text {
            type Permissions = PermissionNames;

            fn into_text(self) -> String {
                self.to_string()
            }

            fn names(permissions: PermissionNames) -> Vec<String> {
                permissions.0
            }
        }
    )+};
}

text_targets!(&str, String, &String, ResourceName<'_>);

impl<K: ResourceKind> CommandTarget for TypedTarget<K> {
    type Permissions = K::Permissions;

    fn into_text(self) -> String {
        self.to_string()
    }

    fn names(permissions: K::Permissions) -> Vec<String> {
        K::permission_names(permissions)
    }
}
