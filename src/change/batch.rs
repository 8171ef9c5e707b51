//! A batch: the time, the caller, the options and the commands of one change.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::command::Command;
use crate::directory::Directory;
use crate::id::Principal;
use crate::limits::{MAX_FIRST_TIME, MAX_TIME, MAX_TIME_JUMP};
use crate::seats::{RequestSource, SeatPolicy};
use crate::time::Timestamp;

/// Commands that are planned together, with their time, caller and options.
///
/// [`Directory::plan`](crate::Directory::plan) and `Authority::execute` take the same value. All of its commands
/// succeed, or nothing changes (rule C2). The time and the caller are required; the rest is optional.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// let batch = Batch::host(Timestamp::from_millis(1_000))
///     .by("onboarding")
///     .add(License::new("acme-2026").seats("designer", 5))
///     .add(Command::add_user("ada").profile("designer"));
/// let plan = Directory::new(catalog).plan(batch)?;
/// assert_eq!(plan.revision(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a batch changes nothing until it is planned"]
pub struct Batch {
    pub(super) at: Timestamp,
    pub(super) max_jump: Duration,
    pub(super) actor: Option<Principal>,
    pub(super) by: String,
    pub(super) source: Option<RequestSource>,
    pub(super) policy: Option<Arc<dyn SeatPolicy>>,
    pub(super) commands: Vec<Command>,
}

impl Batch {
    /// Starts a batch of the host, which may run every command.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// assert!(plan.directory().group_by_name("data").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn host(now: Timestamp) -> Self {
        Self {
            at: now,
            max_jump: MAX_TIME_JUMP,
            actor: None,
            by: String::new(),
            source: None,
            policy: None,
            commands: Vec::new(),
        }
    }

    /// Starts a batch of a user or a key, which may run the commands that the catalog opens to it (rules D1 to D15).
    ///
    /// It gives and takes only what the user has. Everything else is refused: as `not_authorized` if the catalog's
    /// [`Administration`](crate::catalog::Administration) does not open the command, as `beyond_own` if the actor lacks what
    /// would be given or taken, and as `for_oneself` if it may go to others only. Every plan is checked anew, so a batch that is
    /// planned again after a conflict is checked again.
    ///
    /// ```
    /// # use entitle::catalog::{Administration, Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["share", "write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .administration(Administration::new().access_held_on("project", ["share"]))
    /// #     .build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_user("bob").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["share", "read"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// // In this catalog, `share` lets its holder give what the holder has on a project.
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let give = |permission| Command::grant(Grantee::user("bob"), "project/churn", [permission]);
    /// let plan = directory.plan(Batch::actor(now, ada).add(give("read")))?;
    /// assert_eq!(plan.commit().unwrap().actor.as_ref().unwrap().to_string(), "user:ada");
    ///
    /// let refusal = directory.plan(Batch::actor(now, ada).add(give("write"))).unwrap_err();
    /// assert_eq!(refusal.code(), "beyond_own");
    /// let refusal = directory.plan(Batch::actor(now, ada).add(Command::add_group("data"))).unwrap_err();
    /// assert_eq!(refusal.code(), "not_authorized");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn actor(now: Timestamp, actor: impl Into<Principal>) -> Self {
        Self { actor: Some(actor.into()), ..Self::host(now) }
    }

    /// Sets the text for the audit log that the commit carries; empty by default.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let batch = Batch::host(Timestamp::EPOCH).by("ticket 4711").add(Command::add_group("data"));
    /// let commit = directory.plan(batch)?.commit().unwrap();
    /// assert_eq!(commit.by, "ticket 4711");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by(mut self, by: impl Into<String>) -> Self {
        self.by = by.into();
        self
    }

    /// Sets the source that a seat policy sees for every request of the batch (rule S7).
    ///
    /// By default the source follows from the command, for example [`RequestSource::Invite`].
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, License, Timestamp};
    /// use entitle::seats::{Answer, RequestSource, policy_fn};
    ///
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// # let directory = Directory::new(catalog);
    /// // Imported users may wait; all others are refused at once.
    /// let policy = policy_fn(|request| match request.source() {
    ///     RequestSource::Import => Answer::Wait,
    ///     _ => Answer::Refuse,
    /// });
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .policy(policy)
    ///     .add(License::new("acme").seats("designer", 0))
    ///     .add(Command::add_user("ada").profile("designer"));
    /// assert_eq!(directory.plan(batch.clone()).unwrap_err().code(), "seat_limit");
    ///
    /// let plan = directory.plan(batch.source(RequestSource::Import))?;
    /// assert_eq!(plan.directory().figures("designer").unwrap().waiting, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn source(mut self, source: RequestSource) -> Self {
        self.source = Some(source);
        self
    }

    /// Sets the seat policy of this batch.
    ///
    /// The default is [`Strict`](crate::Strict) for `Directory::plan`, and the authority's own policy for
    /// `Authority::execute`.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::seats::Waitlist;
    /// # use entitle::{Batch, Command, Directory, License, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .policy(Waitlist)
    ///     .add(License::new("acme").seats("designer", 0))
    ///     .add(Command::add_user("ada").profile("designer"));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// assert_eq!(directory.figures("designer").unwrap().waiting, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn policy(mut self, policy: impl SeatPolicy + 'static) -> Self {
        self.policy = Some(Arc::new(policy));
        self
    }

    /// Sets how long after the last commit the batch may be; a hundred years by default (rule C5).
    ///
    /// Time never goes back, so a commit that is far ahead by mistake, such as one in nanoseconds, would end all later
    /// writes. It is refused `time_jump`. Before the first commit, the limit counts from the epoch, and every time up to
    /// [`MAX_FIRST_TIME`] is accepted; none is after [`MAX_TIME`].
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let nanoseconds = Timestamp::from_millis(1_767_268_800_000_000_000);
    /// let refusal = directory.plan(Batch::host(nanoseconds).add(Command::add_group("data"))).unwrap_err();
    /// assert_eq!(refusal.code(), "time_jump");
    ///
    /// // A host whose clock is checked elsewhere accepts only a day.
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// # let now = Timestamp::EPOCH;
    /// let batch = Batch::host(now).max_jump(day).add(Command::add_group("data"));
    /// assert!(directory.plan(batch).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_jump(mut self, jump: Duration) -> Self {
        self.max_jump = jump;
        self
    }

    /// Returns the latest time that the batch may have on a directory (rule C5).
    pub(super) fn latest(&self, base: &Directory) -> Timestamp {
        let latest = base.committed_at().saturating_add(self.max_jump);
        let first = if base.revision() == 0 { MAX_FIRST_TIME } else { Timestamp::EPOCH };
        latest.max(first).min(MAX_TIME)
    }

    /// Appends a command.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Timestamp};
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_group("data"))
    ///     .add(Command::join("ada", "data"));
    /// assert_eq!(batch.commands().len(), 2);
    /// ```
    #[expect(clippy::should_implement_trait, reason = "a batch is no number, and `add` is the word for it")]
    pub fn add(mut self, command: impl Into<Command>) -> Self {
        self.commands.push(command.into());
        self
    }

    /// Appends commands of one type: builders of one kind, or [`Command`]s.
    ///
    /// Commands of several kinds are appended one by one with [`add`](Self::add).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Timestamp};
    /// let mut batch = Batch::host(Timestamp::EPOCH).extend(["data", "ops"].map(Command::add_group));
    /// for user in ["ada", "bob"] {
    ///     batch = batch.add(Command::add_user(user)).add(Command::join(user, "data"));
    /// }
    /// assert_eq!(batch.commands().len(), 6);
    /// ```
    pub fn extend<C: Into<Command>>(mut self, commands: impl IntoIterator<Item = C>) -> Self {
        self.commands.extend(commands.into_iter().map(Into::into));
        self
    }

    /// Returns the time that the batch is planned for.
    ///
    /// ```
    /// # use entitle::{Batch, Timestamp};
    /// assert_eq!(Batch::host(Timestamp::EPOCH).at(), Timestamp::EPOCH);
    /// ```
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Moves the time to `least` if it is earlier (rule C5).
    #[cfg(feature = "sync")]
    pub(crate) fn not_before(mut self, least: Timestamp) -> Self {
        self.at = self.at.max(least);
        self
    }

    /// Returns the commands in order.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Timestamp};
    /// assert_eq!(Batch::host(Timestamp::EPOCH).add(Command::tick()).commands(), [Command::tick()]);
    /// ```
    #[must_use]
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("at", &self.at)
            .field("max_jump", &self.max_jump)
            .field("actor", &self.actor)
            .field("by", &self.by)
            .field("source", &self.source)
            .field("commands", &self.commands)
            .finish_non_exhaustive()
    }
}
