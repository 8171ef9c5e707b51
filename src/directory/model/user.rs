//! The origin and the status of users.

/// The origin of a user (rule G2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum UserSource {
    /// The platform itself; invited users are local.
    #[default]
    Local,
    /// A directory server.
    Ldap,
    /// Single sign-on.
    Sso,
    /// Another source of the host's own.
    Custom,
}

/// The status of a user: only an active one may act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
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
