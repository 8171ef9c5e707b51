//! The answer to a check.

use core::fmt;

/// The answer to a check: allowed, allowed with a remark, or denied for a reason.
///
/// It is exhaustive: code that handles decisions should stop compiling if there is ever another answer.
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
#[must_use = "a decision that nobody looks at protects nothing"]
pub enum Decision {
    /// Everything that was asked for is allowed.
    Allowed,
    /// Everything is allowed, and some of it is beyond the ceiling of a profile whose enforcement is advisory (rule A4).
    AllowedBeyondProfile,
    /// Something that was asked for is not allowed.
    Denied(Denial),
}

/// Why a check is denied: the first of these that applies (rule A6).
///
/// Up to [`Denial::NotGranted`] the security layer denies, from [`Denial::NoSeat`] to [`Denial::AddOnMissing`] the
/// licensing layer, and [`Denial::CredentialRequired`] is security again. `Display` says it in a sentence for people,
/// [`code`](Self::code) in a word for programs.
///
/// ```
/// use entitle::Denial;
/// use entitle::authorize::Layer;
///
/// let licensing = Denial::ALL.into_iter().filter(|denial| denial.layer() == Layer::Licensing);
/// let codes: Vec<&str> = licensing.map(Denial::code).collect();
/// assert_eq!(codes, ["no_seat", "license_lapsed", "beyond_profile", "add_on_missing"]);
/// assert_eq!(Denial::BeyondProfile.to_string(), "it is granted, but beyond the user's profile");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Denial {
    /// Nothing was asked for: a mask computed wrongly must not open a door (rule A5).
    EmptyRequest,
    /// There is no such user or key, or not any more.
    UnknownPrincipal,
    /// The user is invited, expired or suspended, or the key has expired.
    Inactive,
    /// There is no such resource, or not any more.
    UnknownResource,
    /// A permission was asked for that the resource's kind does not have.
    WrongKind,
    /// No grant and no ownership gives it.
    NotGranted,
    /// It is granted, and the user holds no profile.
    NoSeat,
    /// It is granted, and the license has not begun or is over (rule S12).
    LicenseLapsed,
    /// It is granted, and the profile held does not include it (rule A4).
    BeyondProfile,
    /// It is granted, and an add-on is missing from the license (rule S13).
    AddOnMissing,
    /// It is allowed, and the user has recorded no personal credential for the resource (rule A12).
    CredentialRequired,
}

/// Which of the two layers decided.
///
/// See the example of [`Denial`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Layer {
    /// Groups and grants: what somebody may do.
    Security,
    /// Profile, license and add-ons: what was paid for.
    Licensing,
}

impl Decision {
    /// Whether the request may go ahead.
    ///
    /// See the example of [`Decision`].
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed | Self::AllowedBeyondProfile)
    }

    /// The reason of a denial.
    ///
    /// See the example of [`Decision`].
    #[must_use]
    pub const fn denial(self) -> Option<Denial> {
        match self {
            Self::Denied(denial) => Some(denial),
            Self::Allowed | Self::AllowedBeyondProfile => None,
        }
    }

    /// The stable code: `allowed`, `allowed_beyond_profile`, or the code of the denial.
    ///
    /// See the example of [`Decision`].
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
    ///
    /// See the example of [`Denial`].
    pub const ALL: [Self; 11] = [
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

    /// The stable code, as scenarios and logs write it.
    ///
    /// See the example of [`Decision`].
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

    /// The layer that denied.
    ///
    /// See the example of [`Denial`].
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

/// Written as its stable code.
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
            Self::AllowedBeyondProfile => f.write_str("allowed, beyond what the profile is meant for"),
            Self::Denied(denial) => write!(f, "denied: {denial}"),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyRequest => "no permission was asked for",
            Self::UnknownPrincipal => "the principal is unknown",
            Self::Inactive => "the principal is not active",
            Self::UnknownResource => "the resource is unknown",
            Self::WrongKind => "the resource's kind has no such permission",
            Self::NotGranted => "it is not granted",
            Self::NoSeat => "it is granted, but the user holds no profile",
            Self::LicenseLapsed => "it is granted, but the license is not in force",
            Self::BeyondProfile => "it is granted, but beyond the user's profile",
            Self::AddOnMissing => "it is granted, but needs an add-on that the license lacks",
            Self::CredentialRequired => "it is allowed, but needs a personal credential",
        })
    }
}
