//! The origin and the status of a user.

use core::fmt;

/// The source of a user: the system that the user comes from (rule G2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum UserSource {
    /// The platform itself; invited users are local.
    #[default]
    Local,
    /// A directory server.
    Ldap,
    /// Single sign-on.
    Sso,
    /// Another source, defined by the host.
    Custom,
}

impl UserSource {
    /// Returns the word that stored forms use, such as `ldap`.
    ///
    /// ```
    /// assert_eq!(entitle::directory::UserSource::Ldap.as_str(), "ldap");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Ldap => "ldap",
            Self::Sso => "sso",
            Self::Custom => "custom",
        }
    }
}

impl fmt::Display for UserSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The status of a user. Only active users may act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum UserStatus {
    /// The user may act.
    #[default]
    Active,
    /// The user was invited and has not accepted.
    Invited,
    /// The user was invited and did not accept in time.
    Expired,
    /// The user was suspended.
    Suspended,
}

impl UserStatus {
    /// Returns the word that stored forms use, such as `active`.
    ///
    /// ```
    /// assert_eq!(entitle::directory::UserStatus::Active.as_str(), "active");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
        }
    }
}

impl fmt::Display for UserStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
