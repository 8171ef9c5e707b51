//! The rule by which users become members of a group.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The rule by which users become members of a group, by name (rule G1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MembershipRule {
    /// Users join and leave by command.
    #[default]
    Explicit,
    /// The members are the users who want one of these profiles.
    ByProfile(Vec<String>),
    /// The members are the users who had one of these external names at the last sync.
    External(Vec<String>),
}

impl fmt::Display for MembershipRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit => f.write_str("explicit"),
            Self::ByProfile(profiles) => write!(f, "by profile {}", profiles.join(", ")),
            Self::External(names) => write!(f, "external {}", names.join(", ")),
        }
    }
}
