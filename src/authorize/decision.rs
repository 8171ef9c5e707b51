//! The result of a check.

use core::fmt;

/// The result of a check: allowed, allowed beyond an advisory profile, or denied with a reason.
///
/// The enum is exhaustive on purpose: a new variant must break the code that handles decisions.
///
/// ```
/// use entitle::{Decision, Denial};
///
/// let decision = Decision::Denied(Denial::BeyondProfile);
/// assert!(!decision.is_allowed());
/// assert_eq!(decision.code(), "beyond_profile");
/// assert_eq!(decision.denial(), Some(Denial::BeyondProfile));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use = "an unchecked decision protects nothing"]
pub enum Decision {
    /// Every requested permission is allowed.
    Allowed,
    /// Every requested permission is allowed, and at least one is beyond the ceiling of an advisory profile (rule A4).
    AllowedBeyondProfile,
    /// At least one requested permission is not allowed.
    Denied(Denial),
}

/// The reason for a denied check: the first variant that applies, in declaration order (rule A6).
///
/// `Display` writes a phrase for people, [`code`](Self::code) returns a stable word for programs. It is an error, for hosts
/// that end a request with it ([`Decision::into_result`]). Like [`Decision`], the enum is exhaustive on purpose.
///
/// ```
/// use entitle::Denial;
///
/// assert_eq!(Denial::BeyondProfile.code(), "beyond_profile");
/// assert_eq!(Denial::BeyondProfile.to_string(), "granted, but not included in the user's profile");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Denial {
    /// The request names no permission. An empty mask is more likely a bug in the caller than a request (rule A5).
    EmptyRequest,
    /// The user or key does not exist, or was removed.
    UnknownPrincipal,
    /// The user is invited, suspended or has an expired invitation, or the key has expired.
    Inactive,
    /// The resource does not exist, or was removed.
    UnknownResource,
    /// The resource's kind does not have a requested permission.
    WrongKind,
    /// Neither a grant nor ownership gives a requested permission, or the scope of the API key lacks it (rules A2, A11).
    NotGranted,
    /// Granted, but the user holds no profile.
    NoSeat,
    /// Granted, but the license has not started or has lapsed (rule S12).
    LicenseLapsed,
    /// Granted, but the user's profile does not include it (rule A4).
    BeyondProfile,
    /// Granted, but the license lacks the required add-on (rule S13).
    AddOnMissing,
    /// Granted and licensed, but the user has recorded no personal credential for the resource (rule A12).
    CredentialRequired,
}

/// One of the two layers that a check evaluates.
///
/// An administrator of the resource can resolve a denial by [`Security`](Self::Security); a denial by
/// [`Licensing`](Self::Licensing) takes a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Layer {
    /// Groups, grants and ownership.
    Security,
    /// The license, its profiles and add-ons.
    Licensing,
}

impl Layer {
    /// Returns the name in snake case: `security` or `licensing`.
    ///
    /// ```
    /// assert_eq!(entitle::authorize::Layer::Licensing.as_str(), "licensing");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Licensing => "licensing",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Decision {
    /// Returns `true` if the request may proceed.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed | Self::AllowedBeyondProfile)
    }

    /// Returns the reason for a denial, or `None` if the request is allowed.
    #[must_use]
    pub const fn denial(self) -> Option<Denial> {
        match self {
            Self::Denied(denial) => Some(denial),
            Self::Allowed | Self::AllowedBeyondProfile => None,
        }
    }

    /// Converts to a `Result`, for `?` in code in which a denial ends the request.
    ///
    /// # Errors
    ///
    /// The [`Denial`] of a request that is not allowed.
    ///
    /// ```
    /// use entitle::{Decision, Denial};
    ///
    /// assert_eq!(Decision::AllowedBeyondProfile.into_result(), Ok(()));
    /// assert_eq!(Decision::Denied(Denial::NotGranted).into_result(), Err(Denial::NotGranted));
    /// ```
    pub const fn into_result(self) -> Result<(), Denial> {
        match self {
            Self::Denied(denial) => Err(denial),
            Self::Allowed | Self::AllowedBeyondProfile => Ok(()),
        }
    }

    /// Returns the stable code: `allowed`, `allowed_beyond_profile`, or the code of the denial.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::AllowedBeyondProfile => "allowed_beyond_profile",
            Self::Denied(denial) => denial.code(),
        }
    }
}

impl Denial {
    /// Every denial, in the order of rule A6.
    pub const ALL: &'static [Self] = &[
        Self::EmptyRequest,
        Self::UnknownPrincipal,
        Self::Inactive,
        Self::UnknownResource,
        Self::WrongKind,
        Self::NotGranted,
        Self::NoSeat,
        Self::LicenseLapsed,
        Self::BeyondProfile,
        Self::AddOnMissing,
        Self::CredentialRequired,
    ];

    /// Returns the stable code, as written in scenarios and logs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::EmptyRequest => "empty_request",
            Self::UnknownPrincipal => "unknown_principal",
            Self::Inactive => "inactive",
            Self::UnknownResource => "unknown_resource",
            Self::WrongKind => "wrong_kind",
            Self::NotGranted => "not_granted",
            Self::NoSeat => "no_seat",
            Self::LicenseLapsed => "license_lapsed",
            Self::BeyondProfile => "beyond_profile",
            Self::AddOnMissing => "add_on_missing",
            Self::CredentialRequired => "credential_required",
        }
    }

    /// Returns the layer that denies with this reason.
    ///
    /// ```
    /// use entitle::Denial;
    /// use entitle::authorize::Layer;
    ///
    /// let licensing = Denial::ALL.iter().filter(|denial| denial.layer() == Layer::Licensing);
    /// let codes: Vec<&str> = licensing.map(|denial| denial.code()).collect();
    /// assert_eq!(codes, ["no_seat", "license_lapsed", "beyond_profile", "add_on_missing"]);
    /// ```
    #[must_use]
    pub const fn layer(self) -> Layer {
        match self {
            Self::NoSeat | Self::LicenseLapsed | Self::BeyondProfile | Self::AddOnMissing => Layer::Licensing,
            Self::EmptyRequest
            | Self::UnknownPrincipal
            | Self::Inactive
            | Self::UnknownResource
            | Self::WrongKind
            | Self::NotGranted
            | Self::CredentialRequired => Layer::Security,
        }
    }
}

/// Serializes as the stable code.
#[cfg(feature = "serde")]
impl serde::Serialize for Decision {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed => f.write_str("allowed"),
            Self::AllowedBeyondProfile => f.write_str("allowed beyond the advisory profile"),
            Self::Denied(denial) => write!(f, "denied: {denial}"),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyRequest => "the request names no permission",
            Self::UnknownPrincipal => "the principal is unknown",
            Self::Inactive => "the principal is not active",
            Self::UnknownResource => "the resource is unknown",
            Self::WrongKind => "the resource's kind does not have the permission",
            Self::NotGranted => "not granted",
            Self::NoSeat => "granted, but the user holds no profile",
            Self::LicenseLapsed => "granted, but the license is not in force",
            Self::BeyondProfile => "granted, but not included in the user's profile",
            Self::AddOnMissing => "granted, but the license lacks the required add-on",
            Self::CredentialRequired => "granted, but the user has recorded no personal credential",
        })
    }
}

impl core::error::Error for Denial {}
