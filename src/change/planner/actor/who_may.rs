//! Who may ask for changes (rule D14).

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;

use super::areas::{Areas, Way};
use crate::authorize::Reaching;
use crate::change::batch::Batch;
use crate::change::command::Command;
use crate::change::planner::{Planner, Unmet};
use crate::change::refusal::Refusal;
use crate::directory::{Directory, UserSlot};
use crate::id::UserId;
use crate::seats::Strict;
use crate::time::Timestamp;

/// The users who have the authority for some commands; see [`Directory::who_may`].
#[derive(Clone)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct WhoMay {
    /// After everything that was due.
    directory: Directory,
    now: Timestamp,
    commands: Vec<Command>,
    candidates: vec::IntoIter<UserSlot>,
}

impl Directory {
    /// Returns the refusal that a batch would get now, seats included, or nothing (rule D14).
    ///
    /// It is what [`plan`](Self::plan) says, without the plan: a page asks it to show only what would succeed. Seats are
    /// those of [`Strict`] unless the batch has another policy; `Authority::may` asks with the policy of its host.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] of the batch.
    ///
    /// ```
    /// # use entitle::catalog::{Administration, Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["admin", "read"]).implies("admin", ["read"]).owner(["admin"]))
    /// #     .profile(Profile::new("designer").exempt())
    /// #     .administration(Administration::new().access_held_on("project", ["admin"]))
    /// #     .build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_user("bob").profile("designer"))
    /// #     .add(Command::add_resource("project/churn").owner("ada"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// // In this catalog, who has `admin` on a project shares it.
    /// let [ada, bob] = ["ada", "bob"].map(|user| directory.user_by_name(user).unwrap());
    /// let share = || Command::grant(Grantee::user("bob"), "project/churn", ["read"]);
    /// assert!(directory.may(Batch::actor(now, ada).add(share())).is_ok());
    /// assert_eq!(directory.may(Batch::actor(now, bob).add(share())).unwrap_err().code(), "not_authorized");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn may(&self, batch: Batch) -> Result<(), Refusal> {
        self.plan(batch).map(|_| ())
    }

    /// Returns the users who have the authority for some commands, in the order of their ids (rule D14).
    ///
    /// Those are the users against whom no `not_authorized`, `beyond_own` or `for_oneself` stands in any of the commands,
    /// each as the ones before it leave the directory. A command with another fault is passed over, and neither seats nor
    /// the last administrator nor a time before the last commit matter. The commands are planned for each candidate: for
    /// each user who has one of the permissions, or one of the other ways, that the first of them takes.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] of the first command that names a kind, a permission or a profile which the catalog does not have:
    /// nobody could ask for it.
    ///
    /// ```
    /// # use entitle::catalog::{Administration, Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["admin", "read"]).implies("admin", ["read"]).owner(["admin"]))
    /// #     .profile(Profile::new("designer").exempt())
    /// #     .administration(Administration::new().access_held_on("project", ["admin"]))
    /// #     .build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_user("bob").profile("designer"))
    /// #     .add(Command::add_resource("project/churn").owner("ada"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// // Whom does bob ask for access?
    /// let share = Command::grant(Grantee::user("bob"), "project/churn", ["read"]);
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.who_may(now, [share])?.collect::<Vec<_>>(), [ada]);
    ///
    /// let misspelled = Command::grant(Grantee::user("bob"), "project/churn", ["raed"]);
    /// assert_eq!(directory.who_may(now, [misspelled]).unwrap_err().code(), "unknown_permission");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn who_may(
        &self,
        now: Timestamp,
        commands: impl IntoIterator<Item = impl Into<Command>>,
    ) -> Result<WhoMay, Refusal> {
        let now = now.max(self.committed_at());
        let mut directory = Planner::begin(self, now, &Strict, None, Unmet::default()).into_directory();
        // Once, and not for each candidate.
        directory.update_stale_masks();
        let commands: Vec<Command> = commands.into_iter().map(Into::into).collect();
        let mut planner = Planner::on(&directory, now, &Strict, None, Unmet::default());
        let mut indexed = commands.iter().enumerate();
        indexed.try_for_each(|(index, command)| planner.knows_names(index, command.clone()))?;
        let candidates = candidates(&directory, &commands).into_iter();
        Ok(WhoMay { directory, now, commands, candidates })
    }
}

/// The users who may ask for the first command that not everybody may ask for, and possibly others.
fn candidates(directory: &Directory, commands: &[Command]) -> Vec<UserSlot> {
    let Some(administration) = directory.catalog().administration() else { return Vec::new() };
    let areas = Areas { directory, administration };
    let first = commands.iter().find_map(|command| areas.conditions(command).into_iter().next());
    let mut reaching = Reaching::new(directory);
    let Some(first) = first else { return reaching.everyone().collect() };
    for way in first.ways {
        match way {
            Way::Allowed(asked) | Way::Granted(asked) => {
                asked.on.into_iter().for_each(|on| reaching.add_holders(on, asked.permissions));
            }
            Way::Manages(group) => {
                let group = directory.group_record(group);
                group.iter().flat_map(|group| group.managers()).for_each(|&to| reaching.add_subject(to));
            }
            Way::ActsAs(user) | Way::Is(user) => reaching.add_user(user),
        }
    }
    reaching.users().collect()
}

impl WhoMay {
    /// Continues after a user: the next page after the last one of a page.
    pub fn after(mut self, last: UserId) -> Self {
        let skipped = self.candidates.as_slice().partition_point(|&user| user <= last.slot());
        if let Some(before) = skipped.checked_sub(1) {
            self.candidates.nth(before);
        }
        self
    }

    fn has_authority(&self, user: UserId) -> bool {
        let mut planner = Planner::on(&self.directory, self.now, &Strict, None, Unmet::default());
        planner.plan_as(user.into()).is_ok()
            && self.commands.iter().all(|command| planner.has_authority(command.clone()))
    }
}

impl Iterator for WhoMay {
    type Item = UserId;

    fn next(&mut self) -> Option<UserId> {
        loop {
            let user = self.candidates.next()?;
            let user = self.directory.user_id(user).filter(|&user| self.has_authority(user));
            if user.is_some() {
                return user;
            }
        }
    }
}

impl FusedIterator for WhoMay {}

impl fmt::Debug for WhoMay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.candidates.len();
        f.debug_struct("WhoMay")
            .field("candidates", &left)
            .field("commands", &self.commands)
            .finish_non_exhaustive()
    }
}

impl Planner<'_> {
    /// Decides the next command of the host; returns its fault if it names what the catalog does not have, and passes over
    /// any other.
    fn knows_names(&mut self, index: usize, command: Command) -> Result<(), Refusal> {
        let (before, noted) = (self.directory.clone(), self.events.len());
        let Err(refusal) = self.command(index, command) else { return Ok(()) };
        self.directory = before;
        self.events.truncate(noted);
        match refusal.code() {
            "unknown_kind" | "unknown_permission" | "unknown_profile" => Err(refusal),
            _ => Ok(()),
        }
    }

    /// Decides the next command; returns `false` if a lack of authority stands against it, and passes over any other fault.
    fn has_authority(&mut self, command: Command) -> bool {
        let (before, noted) = (self.directory.clone(), self.events.len());
        let Err(refusal) = self.command(0, command) else { return true };
        self.directory = before;
        self.events.truncate(noted);
        !matches!(refusal.code(), "not_authorized" | "beyond_own" | "for_oneself")
    }
}
