//! A plan: the next directory and the events that lead to it, before either is stored or published.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::batch::Batch;
use super::command::Command;
use super::event::{Commit, Event};
use super::impact::{AccessChanges, Impact};
use super::planner::{Planner, Unmet};
use super::refusal::{Refusal, RefusalReason};
use crate::authorize::PrincipalName;
use crate::directory::Directory;
use crate::name::Name;
use crate::seats::{SeatPolicy, Strict};
use crate::time::Timestamp;

/// The result of [`Directory::plan`]: the next directory and its events, not yet stored.
///
/// A host stores [`commit`](Self::commit) in its own transaction and publishes the new directory afterwards. Dropping
/// a plan undoes it.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let batch = Batch::host(Timestamp::EPOCH).by("ada").add(Command::add_group("data"));
/// let plan = directory.plan(batch)?;
/// let commit = plan.commit().unwrap();
/// assert_eq!((commit.revision, commit.by.as_str()), (1, "ada"));
///
/// let next = plan.into_directory();
/// assert!(next.group_by_name("data").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a plan changes nothing until its directory is used"]
pub struct Plan {
    before: Directory,
    at: Timestamp,
    actor: Option<PrincipalName>,
    by: String,
    directory: Directory,
    events: Vec<Event>,
    unmet: Vec<UnmetProfile>,
}

/// A profile that a sync asked for and did not get; everything else of the sync is applied (rule G2).
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::directory::UserSource;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("editor")).default_profile("editor").build()?;
/// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
/// let ada = Command::add_user("ada").no_profile().source(UserSource::Ldap);
/// let sync = Command::sync_user("ada", UserSource::Ldap, ["staff"]).update_profile();
/// let plan = directory.plan(Batch::host(now).add(ada).add(sync))?;
/// let unmet = &plan.unmet()[0];
/// assert_eq!((unmet.user.as_str(), unmet.profile.as_deref(), unmet.code), ("ada", Some("editor"), "no_license"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct UnmetProfile {
    /// The user.
    pub user: Name,
    /// The profile; `None` if the sync chose none.
    pub profile: Option<String>,
    /// The code of the refusal, such as `seat_limit`.
    pub code: &'static str,
}

impl Plan {
    /// Returns the revision of the directory that the plan was made on.
    #[must_use]
    pub fn base_revision(&self) -> u64 {
        self.before.revision()
    }

    /// Returns the revision of the directory that the plan makes.
    ///
    /// It is the base revision plus 1, or the base revision if the plan records nothing.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// assert_eq!((plan.base_revision(), plan.revision()), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.directory.revision()
    }

    /// Returns the time that the plan was made for: that of its batch.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns the user or key that the plan was made as (rule D1); `None` for the host.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// assert_eq!(plan.actor(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn actor(&self) -> Option<&PrincipalName> {
        self.actor.as_ref()
    }

    /// Returns the events in order.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// use entitle::change::Event;
    ///
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// assert!(matches!(plan.events(), [Event::GroupAdded { group, .. }] if group == "data"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Returns `true` if the plan records nothing: every command asks for what already is, and nothing was due
    /// (rules C4, C5).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let add = || Batch::host(Timestamp::EPOCH).add(Command::add_group("data"));
    /// let directory = directory.plan(add())?.into_directory();
    /// assert!(directory.plan(add())?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns the profiles that syncs of the batch asked for and did not get, in the order of the batch (rule G2).
    ///
    /// A plan that records nothing reports them too, so a repeated sync reports them again.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::directory::UserSource;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("editor")).default_profile("editor").build()?;
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
    /// let ada = Command::add_user("ada").no_profile().source(UserSource::Ldap);
    /// let sync = Command::sync_user("ada", UserSource::Ldap, ["staff"]).update_profile();
    /// let plan = directory.plan(Batch::host(now).add(ada).add(sync))?;
    /// assert_eq!(plan.unmet()[0].code, "no_license");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn unmet(&self) -> &[UnmetProfile] {
        &self.unmet
    }

    /// Returns the directory that the plan makes.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns the directory that the plan makes, by value.
    #[must_use]
    pub fn into_directory(self) -> Directory {
        self.directory
    }

    /// Returns the directory, the commit as [`commit`](Self::commit) does, and the unmet profiles, by value.
    #[cfg(feature = "sync")]
    pub(crate) fn into_parts(self) -> (Directory, Option<Commit>, Vec<UnmetProfile>) {
        let (revision, is_empty) = (self.revision(), self.is_empty());
        let Self { at, actor, by, directory, events, unmet, .. } = self;
        let commit = (!is_empty).then_some(Commit { revision, at, actor, by, events });
        (directory, commit, unmet)
    }

    /// Compares the directory before the plan with the one that it makes: a preview (rule S15).
    ///
    /// The cost follows what the plan changes: users with the resources that their new or former groups, profile or
    /// status reach, and resources with the users whom changed grants concern. A license that leaves every profile the
    /// same permissions costs nothing. The list is as long as the changes are many, which for a grant to everyone may be
    /// all users times all resources. To show only the first ones, use [`impact_up_to`](Self::impact_up_to).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let directory = Directory::new(catalog);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader")))?;
    /// assert_eq!(plan.impact().seats()[0].user, "ada");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn impact(&self) -> Impact {
        self.impact_up_to(usize::MAX)
    }

    /// Compares the directory before the plan with the one that it makes, and lists at most so many changes of access and
    /// of seats.
    ///
    /// The first changes are the same as without a limit, in the same order. [`Impact::is_complete`] returns `true` if
    /// they are all. Time and memory follow the limit where changes are dense.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["read"]))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_user("bob").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let grant = Command::grant(Grantee::Everyone, "project/*", ["read"]);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(grant))?;
    /// let impact = plan.impact_up_to(1);
    /// assert_eq!(impact.access()[0].user, "ada");
    /// assert_eq!((impact.gains(), impact.is_complete()), (1, false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn impact_up_to(&self, limit: usize) -> Impact {
        Impact::between(&self.before, &self.directory, limit)
    }

    /// Returns the pairs of a user and a resource that gain or lose permissions, found while they are read.
    ///
    /// They are those of [`impact`](Self::impact), and none is kept: so they can be counted or written to a file however
    /// many they are.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["read"]))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_user("bob").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let grant = Command::grant(Grantee::Everyone, "project/*", ["read"]);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(grant))?;
    /// assert_eq!(plan.access_changes().count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn access_changes(&self) -> AccessChanges<'_> {
        AccessChanges::between(&self.before, &self.directory)
    }

    /// Returns the commit that a host stores; `None` if the plan records nothing.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// assert_eq!(plan.commit().unwrap().events, plan.events());
    /// assert_eq!(directory.plan(Batch::host(Timestamp::EPOCH))?.commit(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn commit(&self) -> Option<Commit> {
        let (actor, by, events) = (self.actor.clone(), self.by.clone(), self.events.clone());
        (!self.is_empty()).then(|| Commit { revision: self.revision(), at: self.at, actor, by, events })
    }
}

/// An error of [`Directory::apply`]: the plan was made on another directory (rule C3).
///
/// If both revisions are the same, the directories are of different histories, or one of them was read or replayed apart.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// let group = |name| Batch::host(Timestamp::EPOCH).add(Command::add_group(name));
/// let (one, other) = (empty.plan(group("a"))?.into_directory(), empty.plan(group("b"))?.into_directory());
/// let error = other.apply(one.plan(group("c"))?).unwrap_err();
/// assert_eq!(error.to_string(), "the plan was made on another directory of revision 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StalePlanError {
    /// The revision that the plan was made on.
    pub base: u64,
    /// The revision of the directory that it was applied to.
    pub found: u64,
}

impl fmt::Display for StalePlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, found } = self;
        if base == found {
            return write!(f, "the plan was made on another directory of revision {found}");
        }
        write!(f, "the plan was made on revision {base}, and this is revision {found}")
    }
}

impl core::error::Error for StalePlanError {}

/// Refuses a time before the last commit, or too far after it (rule C5).
fn check_time(base: &Directory, now: Timestamp, latest: Timestamp) -> Result<(), Refusal> {
    let committed_at = base.committed_at();
    if now < committed_at {
        return Err(Refusal::new(None, RefusalReason::TimeReversed { now, committed_at }));
    }
    if now > latest {
        return Err(Refusal::new(None, RefusalReason::TimeJump { now, committed_at, latest }));
    }
    Ok(())
}

impl Directory {
    /// Plans commands: all of them, or none (rule C2).
    ///
    /// Everything that is due by the batch's time is applied first, then the commands in order. Then the seats that
    /// they ask for are settled together, and at last the queue is served (rules C5, S6, S8). The seat policy is asked
    /// only if capacity is missing (rule S7); by default it is [`Strict`].
    ///
    /// The cost follows what changes, not the size of the directory. What is due counts as changed in every plan, also
    /// in a refused one, until it is committed: see [`is_overdue`](Self::is_overdue). Adding a group by profile examines
    /// every user.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if any command is refused; the directory is unchanged. A time before the last commit, or far after it, is
    /// reported first, then the first fault of a command in the order of the batch, then seats (rule C8).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, License, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// # let directory = Directory::new(catalog);
    /// let now = Timestamp::EPOCH;
    /// let batch = Batch::host(now)
    ///     .add(License::new("acme").seats("designer", 1))
    ///     .add(Command::add_user("ada").profile("designer"));
    /// let directory = directory.plan(batch)?.into_directory();
    ///
    /// let second = Batch::host(now).add(Command::add_user("bob").profile("designer"));
    /// let refusal = directory.plan(second).unwrap_err();
    /// assert_eq!(refusal.code(), "seat_limit");
    /// assert_eq!(refusal.to_string(), "user `bob` cannot take a seat of `designer`: 1 of 1 are taken");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self, batch: Batch) -> Result<Plan, Refusal> {
        self.plan_with(batch, &Strict)
    }

    /// Plans a batch by its own policy, or by the given one if it has none.
    pub(crate) fn plan_with(&self, batch: Batch, policy: &dyn SeatPolicy) -> Result<Plan, Refusal> {
        let latest = batch.latest(self);
        let Batch { at, max_jump: _, actor, by, source, policy: own, mut commands } = batch;
        check_time(self, at, latest)?;
        let policy = own.as_deref().unwrap_or(policy);
        // Only a sync can be unmet, so without one the first pass is the last.
        let may_be_unmet = commands.iter().any(|command| matches!(command, Command::SyncUser(_)));
        let mut unmet = Unmet::default();
        let name = actor.and_then(|actor| self.principal_name(actor));
        loop {
            let mut planner = Planner::begin(self, at, policy, source, unmet);
            if let Some(actor) = actor {
                planner.plan_as(actor)?;
            }
            let pass = if may_be_unmet { commands.clone() } else { core::mem::take(&mut commands) };
            for (index, command) in pass.into_iter().enumerate() {
                planner.command(index, command)?;
            }
            planner.keeps_an_administrator().map_err(|reason| Refusal::new(None, reason))?;
            if !planner.settle()? {
                unmet = planner.into_unmet();
                continue;
            }
            let (directory, events, unmet) = planner.finish();
            // A plan that records nothing does not advance the clock either (rule C5).
            let directory = if events.is_empty() { self.clone() } else { directory };
            return Ok(Plan { before: self.clone(), at, actor: name, by, directory, events, unmet });
        }
    }

    /// Returns the directory that a plan makes, if the plan was made on this directory or a clone of it (rule C3).
    ///
    /// # Errors
    ///
    /// [`StalePlanError`] if the plan was made on another directory, of this revision or another.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::change::StalePlanError;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// let first = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// let second = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("ops")))?;
    ///
    /// // Both were planned on the empty directory, and only one can follow it.
    /// let next = empty.apply(first)?;
    /// assert_eq!(next.apply(second), Err(StalePlanError { base: 0, found: 1 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&self, plan: Plan) -> Result<Self, StalePlanError> {
        if plan.before.is_version_of(self) {
            return Ok(plan.directory);
        }
        Err(StalePlanError { base: plan.base_revision(), found: self.revision() })
    }
}
