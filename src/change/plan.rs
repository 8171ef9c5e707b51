//! Plans: the next directory and the facts that lead to it, before they are stored.

use alloc::string::String;
use alloc::vec::Vec;

use super::batch::Batch;
use super::event::{Commit, Event};
use super::impact::Impact;
use super::planner::Planner;
use super::refusal::Refusal;
use crate::directory::Directory;
use crate::seats::{SeatPolicy, Strict};
use crate::time::Timestamp;

/// The next directory and the facts that lead to it; nothing has changed yet.
///
/// A host stores [`commit`](Self::commit) in its own transaction and shows the new directory afterwards. Dropping
/// a plan undoes it.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::change::Event;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// let directory = Directory::new(Catalog::builder().build()?);
/// let now = Timestamp::from_millis(1_000);
/// let plan = directory.plan(Batch::host(now).by("ada").add(Command::add_group("data")))?;
/// assert_eq!((plan.base_revision(), plan.revision(), plan.at()), (0, 1, now));
/// assert!(matches!(plan.events(), [Event::GroupAdded { group, .. }] if group.as_str() == "data"));
///
/// let commit = plan.commit().ok_or("it records something")?;
/// assert_eq!((commit.revision, commit.by.as_str()), (1, "ada"));
/// assert!(plan.directory().group_by_name("data").is_some());
///
/// // The same again asks for nothing new.
/// let again = plan.into_directory().plan(Batch::host(now).add(Command::add_group("data")))?;
/// assert!(again.is_empty());
/// assert_eq!(again.commit(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a plan changes nothing until its directory is used"]
pub struct Plan {
    before: Directory,
    at: Timestamp,
    by: String,
    directory: Directory,
    events: Vec<Event>,
}

impl Plan {
    /// Returns the revision of the directory that it was planned on.
    #[must_use]
    pub fn base_revision(&self) -> u64 {
        self.before.revision()
    }

    /// Returns the revision of the next directory; the same one if the plan records nothing.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.directory.revision()
    }

    /// Returns the time that it was planned for.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns the facts, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Returns whether the plan records nothing: everything is so already, and nothing was due (rule C5).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns the next directory.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns the next directory, and drops the rest of the plan.
    #[must_use]
    pub fn into_directory(self) -> Directory {
        self.directory
    }

    /// Returns a preview: who gains and loses what, and whose seat changes (rule S15).
    ///
    /// The cost follows what the plan touches: the users whose seats, groups or status change with all that they may
    /// reach, and the resources whose grants change with all who may reach them. A plan that changes the license
    /// touches every user.
    #[must_use]
    pub fn impact(&self) -> Impact {
        Impact::of(&self.before, &self.directory, &self.events)
    }

    /// Returns the commit that a host stores; none if the plan records nothing.
    #[must_use]
    pub fn commit(&self) -> Option<Commit> {
        let (by, events) = (self.by.clone(), self.events.clone());
        (!self.is_empty()).then(|| Commit { revision: self.revision(), at: self.at, by, events })
    }
}

/// A plan was made on another revision than the one that it meets (rule C3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plan was made on revision {base}, and this is revision {found}")]
pub struct StalePlanError {
    /// The revision that the plan was made on.
    pub base: u64,
    /// The revision that it met.
    pub found: u64,
}

impl Directory {
    /// Plans commands: all of them, or none (rule C2).
    ///
    /// Everything that is due by `now` is applied first, then the commands in order, then the seats that they ask
    /// for are settled together, and last the queue is served (rules C5, S6, S8). The policy is asked only where
    /// capacity is wanting (rule S7). The cost follows what changes, not the size of the directory.
    ///
    /// # Errors
    ///
    /// [`Refusal`], and nothing happened: `time_reversed` first, then the first fault of a command in the order of the
    /// batch, then seats (rule C8).
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Profile};
    /// use entitle::{Batch, Command, Directory, License, Timestamp};
    ///
    /// let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// let empty = Directory::new(catalog);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(License::new("acme").seats("designer", 1))
    ///     .add(Command::add_user("ada").profile("designer"));
    /// let one = empty.plan(batch)?.into_directory();
    /// assert_eq!(one.figures("designer").unwrap().held, 1);
    ///
    /// let refusal = one
    ///     .plan(Batch::host(Timestamp::EPOCH).add(Command::add_user("bob").profile("designer")))
    ///     .unwrap_err();
    /// assert_eq!(refusal.code(), "seat_limit");
    /// assert_eq!(refusal.to_string(), "user `bob` cannot take a seat of `designer`: 1 of 1 are taken");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self, batch: Batch) -> Result<Plan, Refusal> {
        self.plan_with(batch, &Strict)
    }

    /// Plans a batch by its own policy, or by the given one if it has none.
    pub(crate) fn plan_with(&self, batch: Batch, policy: &dyn SeatPolicy) -> Result<Plan, Refusal> {
        let Batch { at, actor, by, source, policy: own, commands } = batch;
        let mut planner = Planner::begin(self, at, own.as_deref().unwrap_or(policy), source)?;
        if let Some(actor) = actor {
            planner.authorize(actor)?;
        }
        for (index, command) in commands.into_iter().enumerate() {
            planner.command(index, command)?;
        }
        let (directory, events) = planner.finish()?;
        // A plan that records nothing leaves even the clock as it was (rule C5).
        let directory = if events.is_empty() { self.clone() } else { directory };
        Ok(Plan { before: self.clone(), at, by, directory, events })
    }

    /// Returns the directory of a plan that was made on this one (rule C3).
    ///
    /// # Errors
    ///
    /// [`StalePlanError`] if the plan was made on another revision.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::change::StalePlanError;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// let empty = Directory::new(Catalog::builder().build()?);
    /// let first = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// let second = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("ops")))?;
    ///
    /// let next = empty.apply(first)?;
    /// // Both were planned on the empty directory, and only one can follow it.
    /// assert_eq!(next.apply(second), Err(StalePlanError { base: 0, found: 1 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&self, plan: Plan) -> Result<Self, StalePlanError> {
        let (base, found) = (plan.base_revision(), self.revision());
        if base == found { Ok(plan.directory) } else { Err(StalePlanError { base, found }) }
    }
}
