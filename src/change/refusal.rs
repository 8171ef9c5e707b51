//! Why nothing was changed.

use alloc::string::String;
use alloc::vec::Vec;

use crate::directory::UserSource;
use crate::name::NameError;
use crate::seats::{Phase, Quantity};
use crate::time::Timestamp;

/// Why commands were refused; nothing of their batch happened (rule S10).
///
/// It names what was asked, what stood against it, and a stable [`code`](Self::code). It is exhaustive.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Command, Directory, Refusal, Strict, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// # let directory = Directory::new(catalog);
/// let add = Command::add_user("ada").profile("designer");
/// let refusal = directory.plan(Timestamp::EPOCH, &Strict, [add.into()]).unwrap_err();
/// assert_eq!(refusal, Refusal::NoLicense { user: "ada".into(), profile: "designer".into() });
/// assert_eq!(refusal.code(), "no_license");
/// assert!(refusal.is_for_want_of_a_seat());
/// assert!(Refusal::CODES.contains(&refusal.code()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The time given is before the last commit (rule C5).
    #[error("{now} is before the last commit at {committed_at}")]
    TimeReversed {
        /// The time given.
        now: Timestamp,
        /// The time of the last commit.
        committed_at: Timestamp,
    },
    /// A new name is malformed or overlong (rule C6).
    #[error("invalid name: {}", list(names))]
    InvalidName {
        /// Every bad name and what is wrong with it.
        names: Vec<(String, NameError)>,
    },
    /// One of many addresses is not of the form `name@place` (rule G6).
    #[error("not an address: `{}`", addresses.join("`, `"))]
    InvalidAddresses {
        /// Every bad one.
        addresses: Vec<String>,
    },
    /// The name is taken, and not everything that was asked for is already so (rule C4).
    #[error("{what} `{name}` exists and is not as asked")]
    Exists {
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// There is no such user.
    #[error("there is no user `{user}`")]
    UnknownUser {
        /// The name.
        user: String,
    },
    /// There is no such group.
    #[error("there is no group `{group}`")]
    UnknownGroup {
        /// The name.
        group: String,
    },
    /// There is no such resource.
    #[error("there is no resource `{resource}`")]
    UnknownResource {
        /// The name.
        resource: String,
    },
    /// The catalog declares no such kind.
    #[error("there is no kind `{kind}`, asked for in `{target}`")]
    UnknownKind {
        /// The name.
        kind: String,
        /// Where it was named.
        target: String,
    },
    /// The kind declares no such permission.
    #[error("kind `{kind}` has no permission `{permission}`")]
    UnknownPermission {
        /// The kind.
        kind: String,
        /// The name.
        permission: String,
    },
    /// The catalog declares no such profile.
    #[error("there is no profile `{profile}`")]
    UnknownProfile {
        /// The name.
        profile: String,
    },
    /// There is no such key.
    #[error("there is no key `{key}`")]
    UnknownKey {
        /// The name.
        key: String,
    },
    /// A singleton cannot be added, removed or given a key (rule A9).
    #[error("`{resource}` names a singleton, which is neither added nor removed and has no key")]
    Singleton {
        /// The name.
        resource: String,
    },
    /// The license contradicts itself, its edition or the catalog (rule S14).
    #[error("license `{license}` is invalid: {reason}")]
    LicenseInvalid {
        /// The license.
        license: String,
        /// What stands against it.
        reason: String,
    },
    /// An invitation would be over before it began (rule C5).
    #[error("the invitation of `{user}` would be over at {expires_at}, and it is {now}")]
    InviteExpired {
        /// The user.
        user: String,
        /// When it would be over.
        expires_at: Timestamp,
        /// The time given.
        now: Timestamp,
    },
    /// The user comes from another source (rule G2).
    #[error("user `{user}` comes from {recorded:?}, not from {asked:?}")]
    WrongSource {
        /// The user.
        user: String,
        /// The source that was asked with.
        asked: UserSource,
        /// The source on record.
        recorded: UserSource,
    },
    /// The user owns a singleton, which must be transferred first (rule A10).
    #[error("user `{user}` owns `{resource}`, which must be transferred first")]
    OwnerProtected {
        /// The user.
        user: String,
        /// The singleton.
        resource: String,
    },
    /// The user owns resources and no heir was named (rule A10).
    #[error("user `{user}` owns {count} resources, such as `{example}`, and needs an heir")]
    OwnsResources {
        /// The user.
        user: String,
        /// How many.
        count: u64,
        /// One of them.
        example: String,
    },
    /// There is no open invitation.
    #[error("user `{user}` has no open invitation")]
    NotInvited {
        /// The user.
        user: String,
    },
    /// Members of the group are not chosen by hand (rule G4).
    #[error("the members of group `{group}` are not chosen by hand")]
    ManagedGroup {
        /// The user, if one was named.
        user: String,
        /// The group.
        group: String,
    },
    /// The user's status does not allow it.
    #[error("user `{user}` is {status}, and {asked}")]
    WrongState {
        /// The user.
        user: String,
        /// What the user is.
        status: &'static str,
        /// What was asked.
        asked: &'static str,
    },
    /// There would be more than the library holds (rule C6).
    #[error("{max} {what} are the most there can be")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there can be.
        max: u32,
    },
    /// No license is installed.
    #[error("user `{user}` cannot take a seat of `{profile}`: no license is installed")]
    NoLicense {
        /// The user.
        user: String,
        /// The profile.
        profile: String,
    },
    /// The license has not begun or is over.
    #[error("user `{user}` cannot take a seat of `{profile}`: the license is {}", phase.as_str())]
    LicenseLapsed {
        /// The user.
        user: String,
        /// The profile.
        profile: String,
        /// The phase.
        phase: Phase,
    },
    /// The license does not offer the profile.
    #[error("user `{user}` cannot take a seat of `{profile}`: the license does not offer it")]
    NotOffered {
        /// The user.
        user: String,
        /// The profile.
        profile: String,
    },
    /// All seats of the profile are taken.
    #[error("user `{user}` cannot take a seat of `{profile}`: {consumed} of {seats} are taken")]
    SeatLimit {
        /// The user.
        user: String,
        /// The profile.
        profile: String,
        /// The licensed seats.
        seats: Quantity,
        /// The seats taken when this one was asked for.
        consumed: u64,
    },
    /// All seats of the total are taken.
    #[error("user `{user}` cannot take a seat of `{profile}`: {consumed} of {cap} in total are taken")]
    TotalLimit {
        /// The user.
        user: String,
        /// The profile.
        profile: String,
        /// The cap.
        cap: Quantity,
        /// The seats taken when this one was asked for.
        consumed: u64,
    },
}

fn list(names: &[(String, NameError)]) -> String {
    let texts: Vec<String> =
        names.iter().map(|(_, error)| alloc::string::ToString::to_string(error)).collect();
    texts.join("; ")
}

impl Refusal {
    /// The stable code, as scenarios and logs write it.
    ///
    /// See the example of [`Directory::plan`](crate::Directory::plan).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TimeReversed { .. } => "time_reversed",
            Self::InvalidName { .. } | Self::InvalidAddresses { .. } => "invalid_name",
            Self::Exists { .. } => "exists",
            Self::UnknownUser { .. } => "unknown_user",
            Self::UnknownGroup { .. } => "unknown_group",
            Self::UnknownResource { .. } => "unknown_resource",
            Self::UnknownKind { .. } => "unknown_kind",
            Self::UnknownPermission { .. } => "unknown_permission",
            Self::UnknownProfile { .. } => "unknown_profile",
            Self::UnknownKey { .. } => "unknown_key",
            Self::Singleton { .. } => "singleton",
            Self::LicenseInvalid { .. } => "license_invalid",
            Self::InviteExpired { .. } => "invite_expired",
            Self::WrongSource { .. } => "wrong_source",
            Self::OwnerProtected { .. } => "owner_protected",
            Self::OwnsResources { .. } => "owns_resources",
            Self::NotInvited { .. } => "not_invited",
            Self::ManagedGroup { .. } => "managed_group",
            Self::WrongState { .. } => "wrong_state",
            Self::TooMany { .. } => "too_many",
            Self::NoLicense { .. } => "no_license",
            Self::LicenseLapsed { .. } => "license_lapsed",
            Self::NotOffered { .. } => "not_offered",
            Self::SeatLimit { .. } => "seat_limit",
            Self::TotalLimit { .. } => "total_limit",
        }
    }

    /// Every code that a refusal can have.
    ///
    /// See the example of [`Refusal`].
    pub const CODES: [&'static str; 25] = [
        "time_reversed",
        "invalid_name",
        "exists",
        "unknown_user",
        "unknown_group",
        "unknown_resource",
        "unknown_kind",
        "unknown_permission",
        "unknown_profile",
        "unknown_key",
        "singleton",
        "license_invalid",
        "invite_expired",
        "wrong_source",
        "owner_protected",
        "owns_resources",
        "not_invited",
        "managed_group",
        "wrong_state",
        "too_many",
        "no_license",
        "license_lapsed",
        "not_offered",
        "seat_limit",
        "total_limit",
    ];

    /// Whether only the license stood against the commands, so that the same ones may succeed later: after a seat was given
    /// back, or with another license.
    ///
    /// See the example of [`Refusal`].
    #[must_use]
    pub const fn is_for_want_of_a_seat(&self) -> bool {
        matches!(
            self,
            Self::NoLicense { .. }
                | Self::LicenseLapsed { .. }
                | Self::NotOffered { .. }
                | Self::SeatLimit { .. }
                | Self::TotalLimit { .. }
        )
    }
}
