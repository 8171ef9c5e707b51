//! What happens when a seat is asked for and there is none: the host decides.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::admission::Before;
use super::figures::{Figures, Quantity, TotalFigures};
use super::ledger::Ledger;
use crate::catalog::{Catalog, ProfileId};
use crate::time::Timestamp;

/// Where a request for a seat comes from (rule S7).
///
/// See the example of [`SeatPolicy`](crate::seats::SeatPolicy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum RequestSource {
    /// Somebody added a user or assigned a profile.
    Admin,
    /// Somebody invited a user.
    Invite,
    /// A directory of users was synchronized, or a user logged in for the first time.
    Sync,
    /// A suspended user was taken back.
    Reinstate,
    /// A host brings in users from elsewhere.
    Import,
}

/// What a [`SeatPolicy`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Admit into the license's extra seats.
    ///
    /// Honored while the profile has extra seats left and the total has room.
    Extra,
    /// Give a seat of another profile meanwhile; the user gets in line for the wanted one.
    ///
    /// Honored if that profile is exempt, or has a free standard seat and the total has room.
    Place(String),
    /// Let the user wait in line, keeping the seat that the user had, if any and unless the batch gave it away.
    ///
    /// Always honored.
    Wait,
    /// Refuse the whole batch.
    Refuse,
}

/// Decides what to do when a profile is full: the one seam between a license and a host's own rules.
///
/// One method, and closures implement it.
///
/// # When it is asked
///
/// Only for want of capacity: the license is in force and offers the profile, and either all its standard seats or
/// all seats of the total are taken (rule S7). It is not asked about a missing or lapsed license, nor about a
/// profile that is not offered; those are refused. Nor is it asked when a batch as a whole takes no more
/// seats than it gives up (rule S6), nor when someone who waits gets a seat (rule S8), nor when history is replayed.
///
/// # What it sees
///
/// The [`SeatRequest`]: who wants which profile, since what kind of act, at what moment, and the figures at that
/// point of the batch. The seats that this batch's requesters held count as given up already.
///
/// # What it owes
///
/// It is pure: the same request gets the same answer, it asks no clock and does no I/O, and it does not call
/// back into the library. A batch may be planned more than once before it is committed.
///
/// # What happens to the answer
///
/// The ledger checks it. An answer that cannot be honored, such as [`Answer::Extra`] with no extra seat left or
/// [`Answer::Place`] on a profile that is full or unknown, counts as [`Answer::Refuse`]. So a faulty policy can
/// refuse too much, but it can never oversell. What was decided is recorded as a fact.
///
/// ```
/// use entitle::seats::{Answer, SeatPolicy, SeatRequest, RequestSource};
///
/// /// Whoever the directory sends meanwhile becomes a reader; an administrator is told that no seat is left.
/// fn readers_from_sync(request: &SeatRequest<'_>) -> Answer {
///     match request.source() {
///         RequestSource::Sync => Answer::Place("reader".into()),
///         _ => Answer::Refuse,
///     }
/// }
/// let policy: &dyn SeatPolicy = &readers_from_sync;
///
/// // A closure names the type of its argument.
/// let wait_unless_synced = |request: &SeatRequest<'_>| match request.source() {
///     RequestSource::Sync => Answer::Refuse,
///     _ => Answer::Wait,
/// };
/// let policy: &dyn SeatPolicy = &wait_unless_synced;
/// # let _ = policy;
/// ```
pub trait SeatPolicy: Send + Sync {
    /// Answers one request that found no free seat.
    ///
    /// See the example of [`SeatPolicy`].
    fn decide(&self, request: &SeatRequest<'_>) -> Answer;
}

/// A policy made of a closure; see [`policy_fn`].
#[derive(Clone, Copy)]
pub struct PolicyFn<F>(F);

/// Makes a policy of a closure or a function.
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

/// Implements the policy for pointers to policies.
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

/// One request that found no free seat.
///
/// ```
/// use entitle::catalog::{Catalog, Profile};
/// use entitle::seats::{Answer, SeatRequest};
/// use entitle::{Batch, Command, Directory, License, Timestamp};
///
/// /// Takes extra seats while there are any, then places on `reader`, and refuses last.
/// ///
/// /// `request.user()`, `request.at()` and `request.total()` would say who asks, when, and what is taken in all.
/// fn extra_then_reader(request: &SeatRequest<'_>) -> Answer {
///     if request.has_extra_seat() {
///         Answer::Extra
///     } else if request.profile() == "designer" && request.has_free_seat("reader") {
///         Answer::Place("reader".into())
///     } else {
///         Answer::Refuse
///     }
/// }
/// let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .policy(extra_then_reader)
///     .add(License::new("acme").seats_with_extra("designer", 1, 1).unlimited("reader"))
///     .add(Command::add_user("ada").profile("designer"))
///     .add(Command::add_user("bob").profile("designer"))
///     .add(Command::add_user("eve").profile("designer"));
/// let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// assert_eq!(directory.figures("designer").unwrap().held, 2);
/// assert_eq!(directory.figures("designer").unwrap().placed, 1);
/// assert_eq!(directory.figures("reader").unwrap().held, 1);
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
    /// The counts before the batch: what it gave up is free to it (rule S6).
    pub(super) before: &'a Before,
}

impl<'a> SeatRequest<'a> {
    /// The user who wants a seat.
    ///
    /// See the example of [`SeatRequest`].
    #[must_use]
    pub fn user(&self) -> &'a str {
        self.user
    }

    /// The profile that the user wants.
    ///
    /// See the example of [`SeatRequest`].
    #[must_use]
    pub fn profile(&self) -> &'a str {
        self.catalog.profile_name(self.wants).unwrap_or_default()
    }

    /// Where the request comes from.
    ///
    /// See the example of [`SeatPolicy`](crate::seats::SeatPolicy).
    #[must_use]
    pub fn source(&self) -> RequestSource {
        self.source
    }

    /// The time of the batch.
    ///
    /// See the example of [`SeatRequest`].
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The figures of a profile at this point of the batch; `None` for an unknown one.
    ///
    /// See the example of [`SeatRequest`].
    #[must_use]
    pub fn figures(&self, profile: &str) -> Option<Figures> {
        self.catalog.profile(profile).map(|profile| self.ledger.figures(profile))
    }

    /// The figures over all counted profiles at this point of the batch.
    ///
    /// See the example of [`SeatRequest`].
    #[must_use]
    pub fn total(&self) -> TotalFigures {
        self.ledger.total_figures()
    }

    /// Whether a user could be placed on a profile: it is exempt, or has a free standard seat and the total has room.
    ///
    /// See the example of [`SeatRequest`].
    #[must_use]
    pub fn has_free_seat(&self, profile: &str) -> bool {
        self.catalog.profile(profile).is_some_and(|profile| {
            self.catalog.is_exempt(profile) || (self.total_room && self.before.has_room(self.ledger, profile))
        })
    }

    /// Whether [`Answer::Extra`] would be honored.
    ///
    /// See the example of [`SeatRequest`].
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

/// Refuses whoever finds no free seat.
///
/// See the example of [`SeatPolicy`](crate::seats::SeatPolicy).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strict;

impl SeatPolicy for Strict {
    fn decide(&self, _: &SeatRequest<'_>) -> Answer {
        Answer::Refuse
    }
}

/// Admits into the extra seats of the contract while there are any.
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

/// Places on the first of some other profiles that has a free seat.
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
    /// Tries these profiles, in this order.
    ///
    /// See the example of [`FallBack`].
    pub fn to<P: Into<String>>(profiles: impl IntoIterator<Item = P>) -> Self {
        Self { profiles: profiles.into_iter().map(Into::into).collect() }
    }

    /// The profiles, in the order in which they are tried.
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

/// Lets whoever finds no free seat wait in line.
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

/// A list takes the first answer that is not [`Answer::Refuse`].
impl<P: SeatPolicy> SeatPolicy for Vec<P> {
    fn decide(&self, request: &SeatRequest<'_>) -> Answer {
        first_of(self.iter().map(|policy| policy.decide(request)))
    }
}

fn first_of(mut answers: impl Iterator<Item = Answer>) -> Answer {
    answers.find(|answer| *answer != Answer::Refuse).unwrap_or(Answer::Refuse)
}

/// The ready policies as data: what the `policy` field of a scenario or a host's settings may say.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use entitle::seats::{FallBack, ReadyPolicy};
///
/// let policy: ReadyPolicy = serde_json::from_str(r#"["overage", { "fall_back": ["reader"] }]"#).unwrap();
/// assert_eq!(policy, ReadyPolicy::FirstOf(vec![
///     ReadyPolicy::Overage,
///     ReadyPolicy::FallBack(FallBack::to(["reader"])),
/// ]));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReadyPolicy {
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
    FirstOf(Vec<ReadyPolicy>),
}

impl SeatPolicy for ReadyPolicy {
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
