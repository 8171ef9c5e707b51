//! Seat policies: the decision of the host about requests for a full profile.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::admission::ConsumedBefore;
use super::figures::{Figures, Quantity, TotalFigures};
use super::ledger::Ledger;
use crate::catalog::{Catalog, ProfileId};
use crate::time::Timestamp;

/// The source of a request for a seat (rule S7).
///
/// ```
/// use entitle::seats::{Answer, RequestSource, policy_fn};
///
/// let policy = policy_fn(|request| match request.source() {
///     RequestSource::Sync | RequestSource::Import => Answer::Wait,
///     _ => Answer::Refuse,
/// });
/// # let _: &dyn entitle::seats::SeatPolicy = &policy;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RequestSource {
    /// A user was added, or a profile was assigned.
    Admin,
    /// A user was invited.
    Invite,
    /// A user was synchronized from an external directory.
    Sync,
    /// A suspended user was reinstated.
    Reinstate,
    /// Users were imported from another system.
    Import,
    /// A user in the queue is served, because a seat may have come free (rule S8).
    Queue,
}

impl RequestSource {
    /// Returns the name in snake case, such as `invite`.
    ///
    /// ```
    /// assert_eq!(entitle::seats::RequestSource::Invite.as_str(), "invite");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Invite => "invite",
            Self::Sync => "sync",
            Self::Reinstate => "reinstate",
            Self::Import => "import",
            Self::Queue => "queue",
        }
    }
}

impl fmt::Display for RequestSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer of a [`SeatPolicy`].
///
/// An answer that cannot be honored counts as [`Refuse`](Self::Refuse).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Takes an extra seat of the license.
    ///
    /// Honored if the profile has an extra seat left and the total is not reached.
    Extra,
    /// Takes a seat of another profile, and adds the user to the queue for the wanted one.
    ///
    /// Honored if that profile is exempt, or has a free standard seat and the total is not reached.
    Place(String),
    /// Adds the user to the queue.
    ///
    /// The user keeps the present seat, if any, unless the batch gave it to another user. Always honored.
    Wait,
    /// Refuses the whole batch.
    Refuse,
}

/// The decision of the host about a request for a seat of a full profile.
///
/// [`policy_fn`] turns a closure into a policy. References, `Box`es and `Arc`s of policies are policies, and a `Vec` of
/// policies takes the first answer that is not [`Answer::Refuse`].
///
/// # When it is called
///
/// A policy is called only for lack of capacity: the license is in force and offers the profile, and either all
/// standard seats of the profile or all seats of the total are taken (rule S7). Requests without a license, with a
/// lapsed license, or for a profile that is not offered are refused without a call. There is no call either when
/// the batch takes no more seats than it releases (rule S6), or during replay.
///
/// Every batch also serves the queue, before its commands and after them. For each profile, the policy is called about
/// the first user who holds nothing and the first user who was placed elsewhere, with the source
/// [`RequestSource::Queue`]: so a later request never gets an extra seat or a place before them. [`Answer::Wait`] and
/// [`Answer::Refuse`] leave such a user in the queue, and so does [`Answer::Place`] if the user was placed elsewhere
/// before (rule S8).
///
/// # Requirements
///
/// A policy must be pure: the same request always gets the same answer. It must not read a clock, perform I/O or
/// call the library: `Authority` asks under its write lock, and a policy that waits for that lock, for example by
/// executing a batch, never returns. A batch may be planned more than once before it is committed.
///
/// # Effect of the answer
///
/// An answer that cannot be honored, such as [`Answer::Extra`] with no extra seat left or [`Answer::Place`] with a
/// profile that is full or unknown, counts as [`Answer::Refuse`]. A faulty policy can refuse too much, but it can
/// never exceed the license. The decision is stored in the commit.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// use entitle::seats::{Answer, RequestSource, SeatPolicy, SeatRequest};
///
/// /// Places synchronized users on `reader` and refuses all others.
/// struct ReadersFromSync;
///
/// impl SeatPolicy for ReadersFromSync {
///     fn decide(&self, request: &SeatRequest<'_>) -> Answer {
///         match request.source() {
///             RequestSource::Sync => Answer::Place("reader".into()),
///             _ => Answer::Refuse,
///         }
///     }
/// }
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .policy(ReadersFromSync)
/// #     .add(License::new("acme").seats("designer", 0).unlimited("reader"))
/// #     .add(Command::add_user("ada").profile("designer"));
/// # assert_eq!(Directory::new(catalog).plan(batch).unwrap_err().code(), "seat_limit");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a seat policy",
    note = "`policy_fn` turns a closure or a function into a policy"
)]
pub trait SeatPolicy: Send + Sync {
    /// Decides about one request for a seat of a full profile.
    fn decide(&self, request: &SeatRequest<'_>) -> Answer;
}

/// A policy that calls a closure, created by [`policy_fn`].
#[derive(Clone, Copy)]
pub struct PolicyFn<F>(F);

/// Creates a policy that calls a closure or a function.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::seats::{Answer, policy_fn};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// let wait = policy_fn(|request| if request.has_extra_seat() { Answer::Extra } else { Answer::Wait });
/// let batch = Batch::host(Timestamp::EPOCH)
///     .policy(wait)
///     .add(License::new("acme").seats_with_extra("designer", 0, 1))
///     .add(Command::add_user("ada").profile("designer"));
/// assert_eq!(Directory::new(catalog).plan(batch)?.directory().figures("designer").unwrap().held, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const fn policy_fn<F>(decide: F) -> PolicyFn<F>
where
    F: Fn(&SeatRequest<'_>) -> Answer + Send + Sync,
{
    PolicyFn(decide)
}

impl<F: Fn(&SeatRequest<'_>) -> Answer + Send + Sync> SeatPolicy for PolicyFn<F> {
    fn decide(&self, request: &SeatRequest<'_>) -> Answer {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for PolicyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyFn").finish_non_exhaustive()
    }
}

/// Implements [`SeatPolicy`] for pointers to policies.
macro_rules! policy_for_pointers {
    ($($pointer:ty),+ $(,)?) => {$(
        impl<P: SeatPolicy + ?Sized> SeatPolicy for $pointer {
            fn decide(&self, request: &SeatRequest<'_>) -> Answer {
                (**self).decide(request)
            }
        }
    )+};
}

policy_for_pointers!(&P, Box<P>, Arc<P>);

/// A request for a seat of a full profile, as a [`SeatPolicy`] sees it.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::seats::{Answer, SeatRequest};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
/// // Uses extra seats first, then seats of `reader`, and refuses last.
/// fn extra_then_reader(request: &SeatRequest<'_>) -> Answer {
///     if request.has_extra_seat() {
///         Answer::Extra
///     } else if request.has_free_seat("reader") {
///         Answer::Place("reader".into())
///     } else {
///         Answer::Refuse
///     }
/// }
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .policy(entitle::seats::policy_fn(extra_then_reader))
/// #     .add(License::new("acme").seats_with_extra("designer", 1, 1).unlimited("reader"))
/// #     .add(Command::add_user("ada").profile("designer"))
/// #     .add(Command::add_user("bob").profile("designer"))
/// #     .add(Command::add_user("eve").profile("designer"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// # assert_eq!(directory.figures("designer").unwrap().held, 2);
/// # assert_eq!(directory.figures("designer").unwrap().placed, 1);
/// # assert_eq!(directory.figures("reader").unwrap().held, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct SeatRequest<'a> {
    pub(super) user: &'a str,
    pub(super) wants: ProfileId,
    pub(super) source: RequestSource,
    pub(super) at: Timestamp,
    pub(super) ledger: &'a Ledger,
    pub(super) catalog: &'a Catalog,
    pub(super) total_room: bool,
    /// The counts before the batch: seats that it releases are free to it (rule S6).
    pub(super) before: &'a ConsumedBefore,
}

impl<'a> SeatRequest<'a> {
    /// Returns the name of the user.
    #[must_use]
    pub fn user(&self) -> &'a str {
        self.user
    }

    /// Returns the name of the wanted profile.
    #[must_use]
    pub fn profile(&self) -> &'a str {
        self.catalog.profile_name(self.wants).unwrap_or_default()
    }

    /// Returns the source of the request.
    #[must_use]
    pub fn source(&self) -> RequestSource {
        self.source
    }

    /// Returns the time of the batch.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns the figures of a profile at this point of the batch, or `None` if the profile is unknown.
    ///
    /// Seats held by the users who request a seat in this batch count as released. If the source is
    /// [`RequestSource::Queue`], the seat and the turn of this user alone do.
    ///
    /// ```
    /// # use entitle::seats::{Answer, policy_fn};
    /// // Lets at most ten users wait.
    /// let policy = policy_fn(|request| match request.figures(request.profile()) {
    ///     Some(figures) if figures.waiting < 10 => Answer::Wait,
    ///     _ => Answer::Refuse,
    /// });
    /// # let _: &dyn entitle::seats::SeatPolicy = &policy;
    /// ```
    #[must_use]
    pub fn figures(&self, profile: &str) -> Option<Figures> {
        self.catalog.profile_by_name(profile).map(|profile| self.ledger.figures(profile))
    }

    /// Returns the figures over all counted profiles at this point of the batch.
    #[must_use]
    pub fn total_figures(&self) -> TotalFigures {
        self.ledger.total_figures()
    }

    /// Returns `true` if [`Answer::Place`] with this profile would be honored.
    ///
    /// That is, the profile is exempt, or it has a free standard seat and the total is not reached.
    #[must_use]
    pub fn has_free_seat(&self, profile: &str) -> bool {
        self.catalog.profile_by_name(profile).is_some_and(|profile| {
            self.catalog.is_exempt(profile) || (self.total_room && self.before.has_room(self.ledger, profile))
        })
    }

    /// Returns `true` if [`Answer::Extra`] would be honored.
    #[must_use]
    pub fn has_extra_seat(&self) -> bool {
        self.total_room && self.ledger.has_extra_seat(self.wants)
    }
}

impl fmt::Debug for SeatRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeatRequest")
            .field("user", &self.user)
            .field("profile", &self.profile())
            .field("source", &self.source)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Refuses the batch if a profile is full. This is the default policy.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::seats::Strict;
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .policy(Strict)
///     .add(License::new("acme").seats("designer", 1))
///     .add(Command::add_user("ada").profile("designer"))
///     .add(Command::add_user("bob").profile("designer"));
/// let refusal = Directory::new(catalog).plan(batch).unwrap_err();
/// assert_eq!(refusal.code(), "seat_limit");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strict;

impl SeatPolicy for Strict {
    fn decide(&self, _: &SeatRequest<'_>) -> Answer {
        Answer::Refuse
    }
}

/// Takes extra seats of the license while any are left, then refuses.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::seats::{Basis, Overage};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .policy(Overage)
///     .add(License::new("acme").seats_with_extra("designer", 1, 1))
///     .add(Command::add_user("ada").profile("designer"))
///     .add(Command::add_user("bob").profile("designer"));
/// let plan = Directory::new(catalog).plan(batch)?;
/// let directory = plan.directory();
/// let seat = directory.seat_of(directory.user_by_name("bob").unwrap()).unwrap();
/// assert_eq!((seat.holds, seat.basis), (Some("designer"), Some(Basis::Extra)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overage;

impl SeatPolicy for Overage {
    fn decide(&self, request: &SeatRequest<'_>) -> Answer {
        let full = request.ledger.figures(request.wants).available == Quantity::ZERO;
        if full && request.has_extra_seat() { Answer::Extra } else { Answer::Refuse }
    }
}

/// Places the user on the first of several profiles that has a free seat, or refuses.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::seats::{Basis, FallBack};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .policy(FallBack::to(["reader"]))
///     .add(License::new("acme").seats("designer", 1).unlimited("reader"))
///     .add(Command::add_user("ada").profile("designer"))
///     .add(Command::add_user("bob").profile("designer"));
/// let plan = Directory::new(catalog).plan(batch)?;
/// let directory = plan.directory();
/// let seat = directory.seat_of(directory.user_by_name("bob").unwrap()).unwrap();
/// assert_eq!((seat.wants, seat.holds), (Some("designer"), Some("reader")));
/// assert_eq!(seat.basis, Some(Basis::Placed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FallBack {
    profiles: Vec<String>,
}

impl FallBack {
    /// Creates a policy that tries these profiles in order.
    pub fn to<P: Into<String>>(profiles: impl IntoIterator<Item = P>) -> Self {
        Self { profiles: profiles.into_iter().map(Into::into).collect() }
    }

    /// Returns the profiles, in the order in which they are tried.
    ///
    /// ```
    /// let policy = entitle::seats::FallBack::to(["reader", "guest"]);
    /// assert_eq!(policy.profiles().collect::<Vec<_>>(), ["reader", "guest"]);
    /// ```
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().map(String::as_str)
    }
}

impl SeatPolicy for FallBack {
    fn decide(&self, request: &SeatRequest<'_>) -> Answer {
        let other =
            |profile: &&String| profile.as_str() != request.profile() && request.has_free_seat(profile);
        self.profiles.iter().find(other).map_or(Answer::Refuse, |profile| Answer::Place(profile.clone()))
    }
}

/// Adds the user to the queue of the full profile.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::seats::{SeatState, Waitlist};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .policy(Waitlist)
///     .add(License::new("acme").seats("designer", 1))
///     .add(Command::add_user("ada").profile("designer"))
///     .add(Command::add_user("bob").profile("designer"));
/// let plan = Directory::new(catalog).plan(batch)?;
/// let directory = plan.directory();
/// let seat = directory.seat_of(directory.user_by_name("bob").unwrap()).unwrap();
/// assert_eq!((seat.wants, seat.holds), (Some("designer"), None));
/// assert_eq!(seat.state, SeatState::Waiting);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waitlist;

impl SeatPolicy for Waitlist {
    fn decide(&self, _: &SeatRequest<'_>) -> Answer {
        Answer::Wait
    }
}

/// Returns the first answer that is not [`Answer::Refuse`].
impl<P: SeatPolicy> SeatPolicy for Vec<P> {
    fn decide(&self, request: &SeatRequest<'_>) -> Answer {
        first_of(self.iter().map(|policy| policy.decide(request)))
    }
}

fn first_of(mut answers: impl Iterator<Item = Answer>) -> Answer {
    answers.find(|answer| *answer != Answer::Refuse).unwrap_or(Answer::Refuse)
}

/// The built-in policies as data, for the `policy` field of a scenario or the settings of a host.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use entitle::seats::{FallBack, BuiltinPolicy};
///
/// let policy: BuiltinPolicy = serde_json::from_str(r#"["overage", { "fall_back": ["reader"] }]"#).unwrap();
/// assert_eq!(policy, BuiltinPolicy::FirstOf(vec![
///     BuiltinPolicy::Overage,
///     BuiltinPolicy::FallBack(FallBack::to(["reader"])),
/// ]));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuiltinPolicy {
    /// [`Strict`].
    #[default]
    Strict,
    /// [`Overage`].
    Overage,
    /// [`FallBack`].
    FallBack(FallBack),
    /// [`Waitlist`].
    Waitlist,
    /// The first answer of several that is not [`Answer::Refuse`].
    FirstOf(Vec<BuiltinPolicy>),
}

impl SeatPolicy for BuiltinPolicy {
    fn decide(&self, request: &SeatRequest<'_>) -> Answer {
        match self {
            Self::Strict => Strict.decide(request),
            Self::Overage => Overage.decide(request),
            Self::FallBack(fall_back) => fall_back.decide(request),
            Self::Waitlist => Waitlist.decide(request),
            Self::FirstOf(policies) => first_of(policies.iter().map(|policy| policy.decide(request))),
        }
    }
}
