//! Refusals of batches.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::authorize::{Denial, PrincipalName};
use crate::catalog::Entries;
use crate::directory::{Grantee, UserSource, UserStatus};
use crate::name::NameError;
use crate::nearest::did_you_mean;
use crate::seats::{LicenseConflict, Phase, Quantity};
use crate::time::Timestamp;

/// The error of a batch that cannot be planned. Nothing was changed (rule S10).
///
/// It states what was requested, what prevented it, a stable [`code`](Self::code), and the index of the command.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// # let directory = Directory::new(catalog);
/// use entitle::change::RefusalClass;
///
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_group("data"))
///     .add(Command::add_user("ada").profile("designer"));
/// let refusal = directory.plan(batch).unwrap_err();
/// assert_eq!(refusal.code(), "no_license");
/// assert_eq!(refusal.class(), RefusalClass::Capacity);
/// assert_eq!(refusal.command_index(), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Serialized, it is an object of `code`, `class`, `command` and `message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    reason: Box<RefusalReason>,
    command: Option<usize>,
}

impl Refusal {
    pub(super) fn new(command: Option<usize>, reason: RefusalReason) -> Self {
        Self { reason: Box::new(reason), command }
    }

    /// Returns the reason with its details.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// use entitle::change::RefusalReason;
    ///
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let refusal = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::suspend("bob"))).unwrap_err();
    /// assert_eq!(*refusal.reason(), RefusalReason::UnknownUser { user: "bob".into() });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reason(&self) -> &RefusalReason {
        &self.reason
    }

    /// Returns the index of the refused command in the batch, from 0; `None` if the batch as a whole was refused.
    ///
    /// For a refused seat, it is the last command of the batch that requested it.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let batch = Batch::host(Timestamp::EPOCH).add(Command::tick()).add(Command::suspend("bob"));
    /// assert_eq!(directory.plan(batch).unwrap_err().command_index(), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn command_index(&self) -> Option<usize> {
        self.command
    }

    /// Returns the stable code, as scenarios and logs write it.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Refusal, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let refusal = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::suspend("bob"))).unwrap_err();
    /// assert_eq!(refusal.code(), "unknown_user");
    /// assert!(Refusal::CODES.contains(&refusal.code()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.reason.code()
    }

    /// Returns the class, for a host that maps refusals to a protocol.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let refusal = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::suspend("bob"))).unwrap_err();
    /// assert_eq!(refusal.class().http_status(), 404);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn class(&self) -> RefusalClass {
        self.reason.class()
    }

    /// All codes that a refusal can have, in the order of the rules.
    ///
    /// ```
    /// assert_eq!(entitle::Refusal::CODES.first(), Some(&"time_reversed"));
    /// ```
    pub const CODES: &'static [&'static str] = &[
        "time_reversed",
        "time_jump",
        "not_authorized",
        "invalid_name",
        "exists",
        "unknown_user",
        "unknown_group",
        "unknown_resource",
        "unknown_kind",
        "unknown_permission",
        "unknown_profile",
        "unknown_key",
        "unknown_license",
        "unknown_role",
        "wrong_kind",
        "already_over",
        "singleton",
        "license_invalid",
        "invite_expired",
        "wrong_source",
        "owner_protected",
        "owns_resources",
        "not_invited",
        "managed_group",
        "role_fixed",
        "given_by_role",
        "in_use",
        "cycle",
        "nested_member",
        "not_empty",
        "wrong_parent",
        "wrong_state",
        "beyond_own",
        "for_oneself",
        "too_many",
        "last_administrator",
        "no_license",
        "license_lapsed",
        "not_offered",
        "seat_limit",
        "total_limit",
    ];
}

#[cfg(feature = "serde")]
impl serde::Serialize for RefusalClass {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Refusal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;

        let mut object = serializer.serialize_struct("Refusal", 4)?;
        object.serialize_field("code", self.code())?;
        object.serialize_field("class", &self.class())?;
        object.serialize_field("command", &self.command)?;
        object.serialize_field("message", &alloc::string::ToString::to_string(self))?;
        object.end()
    }
}

/// The kind of fault that a refusal reports, for a host that maps refusals to a protocol.
///
/// ```
/// use entitle::change::RefusalClass;
///
/// assert_eq!((RefusalClass::NotFound.as_str(), RefusalClass::NotFound.http_status()), ("not_found", 404));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RefusalClass {
    /// The request is malformed or names what the catalog lacks: no retry can succeed.
    BadRequest,
    /// The caller may not ask for this.
    Forbidden,
    /// A user, group, resource or key does not exist.
    NotFound,
    /// The request conflicts with the state of the directory.
    Conflict,
    /// The license has no seat for it: the same request can succeed after a seat is given back or bought.
    Capacity,
    /// The request was made for an earlier time or revision: ask again with the current one.
    Stale,
}

impl RefusalClass {
    /// Returns the name in snake case.
    ///
    /// ```
    /// assert_eq!(entitle::change::RefusalClass::BadRequest.as_str(), "bad_request");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Capacity => "capacity",
            Self::Stale => "stale",
        }
    }

    /// Returns the HTTP status that fits: 400, 402, 403, 404, 409 or 412.
    ///
    /// ```
    /// assert_eq!(entitle::change::RefusalClass::Capacity.http_status(), 402);
    /// ```
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Capacity => 402,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Stale => 412,
        }
    }
}

impl fmt::Display for RefusalClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A field of something that exists, and how it differs from what a command asked for (rule C4).
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let profile = |name| Profile::new(name).exempt();
/// # let catalog = Catalog::builder().profile(profile("designer")).profile(profile("reader")).build()?;
/// # let now = Timestamp::EPOCH;
/// # let ada = Batch::host(now).add(Command::add_user("ada").profile("reader"));
/// # let directory = Directory::new(catalog).plan(ada)?.into_directory();
/// let again = Batch::host(now).add(Command::add_user("ada").profile("designer"));
/// let refusal = directory.plan(again).unwrap_err();
/// assert_eq!(refusal.to_string(), "user `ada` already exists with profile `reader`, not `designer`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldDifference {
    /// The field, as commands name it, or `status`.
    pub field: &'static str,
    /// The value that is recorded, as text.
    pub found: String,
    /// The value that was asked for, as text.
    pub asked: String,
}

impl fmt::Display for FieldDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, not {}", self.field, self.found, self.asked)
    }
}

/// Permissions that an actor has until an end, which is too early for what it asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldUntil {
    /// The target, such as `project/churn`.
    pub on: String,
    /// The permissions.
    pub permissions: Vec<String>,
    /// The end.
    pub until: Timestamp,
}

impl fmt::Display for HeldUntil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { on, permissions, until } = self;
        write!(f, "`{}` on `{on}` for longer than until {until}", permissions.join("`, `"))
    }
}

/// The reason of a [`Refusal`], with its details.
///
/// ```
/// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
/// use entitle::change::RefusalReason;
///
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let refusal = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::join("bob", "data"))).unwrap_err();
/// let RefusalReason::UnknownUser { user } = refusal.reason() else { panic!("{refusal}") };
/// assert_eq!(user, "bob");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The time given is before the last commit (rule C5).
    #[error("time {now} is before the last commit at {committed_at}")]
    TimeReversed {
        /// The time given.
        now: Timestamp,
        /// The time of the last commit.
        committed_at: Timestamp,
    },
    /// The time given is too far after the last commit (rule C5).
    #[error("time {now} is too far after the last commit at {committed_at}: the latest is {latest}")]
    TimeJump {
        /// The time given.
        now: Timestamp,
        /// The time of the last commit, or the epoch.
        committed_at: Timestamp,
        /// The latest time that the batch may have.
        latest: Timestamp,
    },
    /// The actor may not ask for the command, or for any (rules D1 to D4).
    #[error("{} is not authorized: {reason}", text_of(actor.as_ref()))]
    NotAuthorized {
        /// The actor; `None` if it is unknown.
        actor: Option<PrincipalName>,
        /// The obstacle.
        reason: Unauthorized,
    },
    /// The actor may not give or take away what it does not have (rule D6).
    #[error("not the actor's to give or take: {}", lacking_text(lacking, shorter))]
    BeyondOwn {
        /// What is lacking, by target.
        lacking: Entries<Vec<String>>,
        /// The part of it that the actor has or may hand out, but not for so long.
        shorter: Vec<HeldUntil>,
    },
    /// A key may not add one that can do more, or lasts longer (rule D13).
    ///
    /// The code is `beyond_own`, as of [`BeyondOwn`](Self::BeyondOwn).
    #[error("the {field} of the new key is beyond that of the key that adds it")]
    BeyondOwnKey {
        /// `scope` or `expires_at`.
        field: &'static str,
    },
    /// The actor may do this for others only (rule D7).
    #[error(
        "the actor may give to others, and not to itself, what it does not have: {}",
        lacking_text(lacking, shorter)
    )]
    ForOneself {
        /// What the actor does not have itself, by target.
        lacking: Entries<Vec<String>>,
        /// The part of it that the actor has, but not for so long.
        shorter: Vec<HeldUntil>,
    },
    /// No active user would be left who is granted something protected by hand and without end (rule D12).
    #[error(
        "no active user would have `{permission}` on `{on}` by hand and without end; user `{user}` has it now"
    )]
    LastAdministrator {
        /// A user who has it now.
        user: String,
        /// The singleton.
        on: String,
        /// The permission.
        permission: String,
    },
    /// A new name is malformed or overlong (rule C6).
    #[error("invalid name: {}", list(names))]
    InvalidName {
        /// Every bad name and what is wrong with it.
        names: Vec<(String, NameError)>,
    },
    /// One of many addresses is not of the form `name@place` (rule G6).
    #[error("invalid addresses: `{}`: expected `name@place`", addresses.join("`, `"))]
    InvalidAddresses {
        /// Every bad one.
        addresses: Vec<String>,
    },
    /// The name is taken, and the existing entity differs from the requested one (rule C4).
    #[error("{what} `{name}` already exists{}", with(differs.as_ref()))]
    Exists {
        /// The kind of thing: `user`, `group`, `resource` or `key`.
        what: &'static str,
        /// The name.
        name: String,
        /// The first field that differs; `None` if the name alone is taken.
        differs: Option<FieldDifference>,
    },
    /// There is no such user.
    #[error("unknown user `{user}`")]
    UnknownUser {
        /// The name.
        user: String,
    },
    /// There is no such group.
    #[error("unknown group `{group}`")]
    UnknownGroup {
        /// The name.
        group: String,
    },
    /// There is no such resource.
    #[error("unknown resource `{resource}`{}", expected_form(resource))]
    UnknownResource {
        /// The name.
        resource: String,
    },
    /// The catalog declares no such kind.
    #[error("unknown kind `{kind}` in `{target}`{}", did_you_mean(nearest))]
    UnknownKind {
        /// The name.
        kind: String,
        /// The target that named it.
        target: String,
        /// The nearest kinds of the catalog.
        nearest: Vec<String>,
    },
    /// A role is to give permissions of a kind that the catalog does not declare (rule R1).
    ///
    /// The code is `unknown_kind`, as of [`UnknownKind`](Self::UnknownKind).
    #[error("role `{role}`: unknown kind `{kind}`{}", did_you_mean(nearest))]
    UnknownRoleKind {
        /// The role.
        role: String,
        /// The name of the kind.
        kind: String,
        /// The nearest kinds of the catalog.
        nearest: Vec<String>,
    },
    /// Permissions are to be granted on `*`, on which only roles are (rule R2).
    ///
    /// The code is `unknown_kind`, as of [`UnknownKind`](Self::UnknownKind).
    #[error("permissions cannot be granted on `*`, only roles; name a kind{}", such_as(example.as_ref()))]
    PermissionsOnEverything {
        /// A target of the catalog, such as `project/*`; `None` if it has no kinds.
        example: Option<String>,
    },
    /// The kind declares no such permission.
    #[error("kind `{kind}` has no permission `{permission}`{}", did_you_mean(nearest))]
    UnknownPermission {
        /// The kind.
        kind: String,
        /// The name.
        permission: String,
        /// The nearest permissions of the kind.
        nearest: Vec<String>,
    },
    /// The catalog declares no such profile.
    #[error("unknown profile `{profile}`{}", did_you_mean(nearest))]
    UnknownProfile {
        /// The name.
        profile: String,
        /// The nearest profiles of the catalog.
        nearest: Vec<String>,
    },
    /// There is no such key.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// The name.
        key: String,
    },
    /// A singleton cannot be added, removed or given a key (rule A9).
    #[error(
        "`{resource}` names a singleton, which has no key and is never added, removed, moved, closed or opened"
    )]
    Singleton {
        /// The name.
        resource: String,
    },
    /// There is no such role.
    #[error("unknown role `{role}`{}", did_you_mean(nearest))]
    UnknownRole {
        /// The name.
        role: String,
        /// The nearest roles.
        nearest: Vec<String>,
    },
    /// A role has no permissions of the kind on which it is to be granted (rule R2).
    #[error("role `{role}` has no permissions of kind `{kind}`")]
    WrongKind {
        /// The role.
        role: String,
        /// The kind.
        kind: String,
    },
    /// The end asked for is not after now (rule E1).
    #[error("the end {expires_at} is not after {now}")]
    AlreadyOver {
        /// The end asked for.
        expires_at: Timestamp,
        /// The time given.
        now: Timestamp,
    },
    /// The catalog declares the role, or permits no others (rule R1).
    #[error("role `{role}` cannot be {}", fixed_because(*declared))]
    RoleFixed {
        /// The role.
        role: String,
        /// True if the catalog declares the role; false if the catalog does not have `custom_roles`.
        declared: bool,
    },
    /// A role gives the permissions, so only the role can be revoked (rule R5).
    #[error("role `{role}` gives `{}` to `{to}` on `{on}`: revoke the role", permissions.join("`, `"))]
    GivenByRole {
        /// The grantee.
        to: Grantee,
        /// The target.
        on: String,
        /// The role.
        role: String,
        /// The permissions among those to revoke.
        permissions: Vec<String>,
    },
    /// A role that is to be removed is still given (rule R6).
    #[error("role `{role}` is still given to `{to}` on `{on}`: revoke it everywhere first")]
    InUse {
        /// The role.
        role: String,
        /// A grantee that has it.
        to: Grantee,
        /// The target on which it is given to that grantee.
        on: String,
    },
    /// The license contradicts itself, its edition or the catalog (rule S14).
    #[error("license `{license}` is invalid: {conflict}")]
    LicenseInvalid {
        /// The license.
        license: String,
        /// The conflict.
        #[source]
        conflict: LicenseConflict,
    },
    /// An invitation would expire at or before the time of the batch (rule C5).
    ///
    /// The code is `invite_expired`, as of [`InvitationExpired`](Self::InvitationExpired), and the class
    /// [`BadRequest`](RefusalClass::BadRequest).
    #[error("the invitation would expire at {expires_at}, which is not after {now}")]
    ExpiryNotAfterNow {
        /// The user.
        user: String,
        /// The expiry asked for.
        expires_at: Timestamp,
        /// The time given.
        now: Timestamp,
    },
    /// The invitation has expired and can no longer be accepted (rule S4).
    ///
    /// The code is `invite_expired`, as of [`ExpiryNotAfterNow`](Self::ExpiryNotAfterNow), and the class
    /// [`Conflict`](RefusalClass::Conflict).
    #[error("the invitation of user `{user}` has expired")]
    InvitationExpired {
        /// The user.
        user: String,
    },
    /// No license of that name is scheduled or in force (rule S16).
    #[error("unknown license `{license}`")]
    UnknownLicense {
        /// The name.
        license: String,
    },
    /// The user comes from another source (rule G2).
    #[error("user `{user}` comes from `{recorded}`, not from `{asked}`")]
    WrongSource {
        /// The user.
        user: String,
        /// The source that was asked with.
        asked: UserSource,
        /// The source on record.
        recorded: UserSource,
    },
    /// The user owns a singleton, which must be transferred first (rule A10).
    #[error("user `{user}` owns singleton `{resource}`: transfer its ownership first")]
    OwnerProtected {
        /// The user.
        user: String,
        /// The singleton.
        resource: String,
    },
    /// The user owns resources and no heir was named (rule A10).
    #[error("user `{user}` owns resources, such as `{example}` ({count} in total): name an heir")]
    OwnsResources {
        /// The user.
        user: String,
        /// The number of resources.
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
    /// The members of the group follow from profiles, external names or ownership (rule G4).
    #[error(
        "only explicit groups have managers and are joined and left by command: group `{group}` is not explicit"
    )]
    ManagedGroup {
        /// The user, if one was named.
        user: Option<String>,
        /// The group.
        group: String,
    },
    /// A group is to be nested in one whose members follow from profiles or external names (rule N1).
    ///
    /// The code is `managed_group`, as of [`ManagedGroup`](Self::ManagedGroup).
    #[error("group `{group}` cannot be nested in `{outer}`: only explicit groups contain groups")]
    CannotNest {
        /// The group that was to be nested.
        group: String,
        /// The group that is not explicit.
        outer: String,
    },
    /// A group or a resource would be inside itself (rules N2 and H7).
    #[error(
        "{what} `{0}` would be inside itself: `{0}`, in `{1}`",
        way.last().map_or("", |name| name),
        way.join("`, in `")
    )]
    Cycle {
        /// `group` or `resource`.
        what: &'static str,
        /// The way outward: each one is in the next one, and the last one was to be put into the first.
        way: Vec<String>,
    },
    /// Something lies inside a resource that is to be removed (rule H9).
    #[error(
        "resource `{resource}` is not empty: {inside} inside, such as `{first}`: move or remove them first"
    )]
    NotEmpty {
        /// The resource.
        resource: String,
        /// The number of resources directly inside it.
        inside: u64,
        /// One of them.
        first: String,
    },
    /// The catalog does not let a resource lie inside another one (rule H1).
    #[error("resource `{resource}` cannot lie inside `{parent}`{}", may_lie(kinds))]
    WrongParent {
        /// The resource.
        resource: String,
        /// The parent that was asked for.
        parent: String,
        /// The kinds that it may lie inside.
        kinds: Vec<String>,
    },
    /// The user is in the group only because another group is nested in it (rule N3).
    #[error("user `{user}` did not join group `{group}`: `{user}`, in `{}`", way.join("`, in `"))]
    NestedMember {
        /// The user.
        user: String,
        /// The group.
        group: String,
        /// The way outward: the group of which the user is a direct member, the one that it is nested in, and so on to the group.
        way: Vec<String>,
    },
    /// The user's status does not allow it.
    #[error("user `{user}` is {status}: {requirement}")]
    WrongState {
        /// The user.
        user: String,
        /// The status of the user.
        status: UserStatus,
        /// The status that the command requires, as text.
        requirement: &'static str,
    },
    /// A maximum would be exceeded (rule C6).
    #[error("too many {what}{}: the limit is {max}", of_text(of.as_deref()))]
    TooMany {
        /// The things counted.
        what: &'static str,
        /// The resource or group that would have too many; `None` for the whole directory.
        of: Option<String>,
        /// The limit.
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
    /// The license has not begun or has lapsed.
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

/// The reason why an actor may not ask for a command (rules D1 to D4 and D13).
///
/// What does not exist is denied as what is not granted, so who may not ask is not told what exists.
///
/// ```
/// # use entitle::catalog::{Administration, Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Denial, Directory, Timestamp};
/// use entitle::change::{RefusalReason, Unauthorized};
///
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("instance").permissions(["users"]).singleton())
/// #     .profile(Profile::new("reader").exempt())
/// #     .administration(Administration::new().people_on("instance", ["users"]))
/// #     .build()?;
/// # let now = Timestamp::EPOCH;
/// # let batch = Batch::host(now).add(Command::add_user("ada").profile("reader"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let ada = directory.user_by_name("ada").unwrap();
/// let refusal = directory.plan(Batch::actor(now, ada).add(Command::add_user("bob"))).unwrap_err();
/// let RefusalReason::NotAuthorized { reason, .. } = refusal.reason() else { panic!("{refusal}") };
/// let Unauthorized::Denied { area, on, permission, denial } = reason else { panic!("{refusal}") };
/// assert_eq!((*area, on.as_str(), permission.as_str()), ("people", "instance", "users"));
/// assert_eq!(*denial, Denial::NotGranted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unauthorized {
    /// The actor does not exist.
    UnknownActor,
    /// The actor is not an active user, or its key has expired.
    InactiveActor,
    /// The catalog has no `administration`.
    NoAdministration,
    /// Only the host may ask for it.
    HostOnly,
    /// The catalog opens the area to nobody there.
    NotOpen {
        /// The area, such as `people`.
        area: &'static str,
        /// The kind for which the area was asked; `None` for an area that is not by kind, and for an unknown kind.
        kind: Option<String>,
        /// The target that the command names; `None` if it names none.
        on: Option<String>,
        /// For `create`, the kinds of places inside which the catalog opens it; empty if it opens it nowhere.
        inside: Vec<String>,
    },
    /// None of the permissions that the area names is allowed to the actor.
    Denied {
        /// The area, such as `people`.
        area: &'static str,
        /// The target that was asked.
        on: String,
        /// The first of the permissions.
        permission: String,
        /// The reason for which it is denied (rule A6).
        denial: Denial,
    },
    /// Only its owner transfers a singleton.
    NotOwner {
        /// The singleton.
        resource: String,
    },
    /// The key acts as another user, or does not exist.
    NotOwnKey,
}

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownActor => f.write_str("it does not exist"),
            Self::InactiveActor => f.write_str("it is not active"),
            Self::NoAdministration => f.write_str("the catalog has no `administration`"),
            Self::HostOnly => f.write_str("only the host may ask for this"),
            Self::NotOpen { area, kind, on, inside } => {
                fmt_not_open(f, area, (kind.as_deref(), on.as_deref()), inside)
            }
            Self::Denied { area, on, permission, denial } => {
                write!(f, "`{area}` takes a permission such as `{permission}` on `{on}`: {denial}")
            }
            Self::NotOwner { resource } => write!(f, "only its owner transfers singleton `{resource}`"),
            Self::NotOwnKey => f.write_str("the key acts as another user, or does not exist"),
        }
    }
}

fn fmt_not_open(
    f: &mut fmt::Formatter<'_>,
    area: &str,
    (kind, on): (Option<&str>, Option<&str>),
    inside: &[String],
) -> fmt::Result {
    write!(f, "the catalog does not open `{area}`")?;
    match (kind, on) {
        // The text names its kind.
        (Some(kind), Some(on)) if on != kind => write!(f, " of kind `{kind}`, as of `{on}`"),
        (Some(name), _) | (None, Some(name)) => write!(f, " of `{name}`"),
        (None, None) => f.write_str(" to anybody"),
    }?;
    if inside.is_empty() { Ok(()) } else { write!(f, ", but inside `{}`", inside.join("`, `")) }
}

/// Permissions by target as text, with the ends of those that are had for too short.
fn lacking_text(lacking: &Entries<Vec<String>>, shorter: &[HeldUntil]) -> String {
    let is_shorter =
        |on: &str, name: &String| shorter.iter().any(|held| held.on == on && held.permissions.contains(name));
    let not_had = lacking.iter().filter_map(|(on, names)| {
        let names: Vec<&str> =
            names.iter().filter(|name| !is_shorter(on, name)).map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("`{}` on `{on}`", names.join("`, `")))
    });
    let texts = not_had.chain(shorter.iter().map(alloc::string::ToString::to_string));
    texts.collect::<Vec<_>>().join("; ")
}

fn text_of(actor: Option<&PrincipalName>) -> String {
    actor.map_or_else(|| "the actor".to_owned(), |actor| format!("`{actor}`"))
}

/// The form of a target, for a text that has another one.
fn expected_form(target: &str) -> &'static str {
    if target.contains('/') { "" } else { ": expected `KIND/KEY`, `KIND/*` or the kind of a singleton" }
}

fn of_text(of: Option<&str>) -> String {
    of.map(|of| format!(" of `{of}`")).unwrap_or_default()
}

fn such_as(example: Option<&String>) -> String {
    example.map(|example| format!(", such as `{example}`")).unwrap_or_default()
}

fn fixed_because(declared: bool) -> &'static str {
    if declared {
        "changed or removed: the catalog declares it"
    } else {
        "added, changed or removed: the catalog does not have `custom_roles`"
    }
}

fn with(differs: Option<&FieldDifference>) -> String {
    differs.map(|differs| format!(" with {differs}")).unwrap_or_default()
}

fn list(names: &[(String, NameError)]) -> String {
    let texts: Vec<String> =
        names.iter().map(|(_, error)| alloc::string::ToString::to_string(error)).collect();
    texts.join("; ")
}

impl RefusalReason {
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::TimeReversed { .. } => "time_reversed",
            Self::TimeJump { .. } => "time_jump",
            Self::NotAuthorized { .. } => "not_authorized",
            Self::BeyondOwn { .. } | Self::BeyondOwnKey { .. } => "beyond_own",
            Self::ForOneself { .. } => "for_oneself",
            Self::LastAdministrator { .. } => "last_administrator",
            Self::InvalidName { .. } | Self::InvalidAddresses { .. } => "invalid_name",
            Self::Exists { .. } => "exists",
            Self::UnknownUser { .. } => "unknown_user",
            Self::UnknownGroup { .. } => "unknown_group",
            Self::UnknownResource { .. } => "unknown_resource",
            Self::UnknownKind { .. }
            | Self::UnknownRoleKind { .. }
            | Self::PermissionsOnEverything { .. } => "unknown_kind",
            Self::UnknownPermission { .. } => "unknown_permission",
            Self::UnknownProfile { .. } => "unknown_profile",
            Self::UnknownKey { .. } => "unknown_key",
            Self::UnknownRole { .. } => "unknown_role",
            Self::WrongKind { .. } => "wrong_kind",
            Self::AlreadyOver { .. } => "already_over",
            Self::RoleFixed { .. } => "role_fixed",
            Self::GivenByRole { .. } => "given_by_role",
            Self::InUse { .. } => "in_use",
            Self::Singleton { .. } => "singleton",
            Self::LicenseInvalid { .. } => "license_invalid",
            Self::ExpiryNotAfterNow { .. } | Self::InvitationExpired { .. } => "invite_expired",
            Self::UnknownLicense { .. } => "unknown_license",
            Self::WrongSource { .. } => "wrong_source",
            Self::OwnerProtected { .. } => "owner_protected",
            Self::OwnsResources { .. } => "owns_resources",
            Self::NotInvited { .. } => "not_invited",
            Self::ManagedGroup { .. } | Self::CannotNest { .. } => "managed_group",
            Self::Cycle { .. } => "cycle",
            Self::NestedMember { .. } => "nested_member",
            Self::NotEmpty { .. } => "not_empty",
            Self::WrongParent { .. } => "wrong_parent",
            Self::WrongState { .. } => "wrong_state",
            Self::TooMany { .. } => "too_many",
            Self::NoLicense { .. } => "no_license",
            Self::LicenseLapsed { .. } => "license_lapsed",
            Self::NotOffered { .. } => "not_offered",
            Self::SeatLimit { .. } => "seat_limit",
            Self::TotalLimit { .. } => "total_limit",
        }
    }

    const fn class(&self) -> RefusalClass {
        match self {
            Self::TimeReversed { .. } => RefusalClass::Stale,
            Self::NotAuthorized { .. }
            | Self::BeyondOwn { .. }
            | Self::BeyondOwnKey { .. }
            | Self::ForOneself { .. } => RefusalClass::Forbidden,
            Self::TimeJump { .. }
            | Self::InvalidName { .. }
            | Self::InvalidAddresses { .. }
            | Self::UnknownKind { .. }
            | Self::UnknownRoleKind { .. }
            | Self::PermissionsOnEverything { .. }
            | Self::UnknownPermission { .. }
            | Self::UnknownProfile { .. }
            | Self::Singleton { .. }
            | Self::LicenseInvalid { .. }
            | Self::WrongKind { .. }
            | Self::WrongParent { .. }
            | Self::AlreadyOver { .. }
            | Self::ExpiryNotAfterNow { .. }
            | Self::TooMany { .. } => RefusalClass::BadRequest,
            Self::UnknownUser { .. }
            | Self::UnknownGroup { .. }
            | Self::UnknownResource { .. }
            | Self::UnknownKey { .. }
            | Self::UnknownRole { .. }
            | Self::UnknownLicense { .. } => RefusalClass::NotFound,
            Self::Exists { .. }
            | Self::InvitationExpired { .. }
            | Self::WrongSource { .. }
            | Self::OwnerProtected { .. }
            | Self::OwnsResources { .. }
            | Self::NotInvited { .. }
            | Self::ManagedGroup { .. }
            | Self::CannotNest { .. }
            | Self::RoleFixed { .. }
            | Self::GivenByRole { .. }
            | Self::InUse { .. }
            | Self::Cycle { .. }
            | Self::NestedMember { .. }
            | Self::NotEmpty { .. }
            | Self::LastAdministrator { .. }
            | Self::WrongState { .. } => RefusalClass::Conflict,
            Self::NoLicense { .. }
            | Self::LicenseLapsed { .. }
            | Self::NotOffered { .. }
            | Self::SeatLimit { .. }
            | Self::TotalLimit { .. } => RefusalClass::Capacity,
        }
    }
}

/// The kinds that a resource may lie inside, after what it may not.
fn may_lie(kinds: &[String]) -> String {
    if kinds.is_empty() { String::new() } else { format!(": only inside `{}`", kinds.join("`, `")) }
}
