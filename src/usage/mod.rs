//! Seats used over periods, from the commits (rule S17).
//!
//! [`Usage`] starts with a directory, is given each later commit, and reports for each day, month or other period: the
//! seats licensed, the highest number consumed, the mean, seat time and admissions.

mod csv;
mod meter;
mod periods;
mod report;
mod seats;
mod table;

use alloc::string::String;

pub use self::csv::UsageCsv;
use self::meter::{Meter, TooMany};
use self::periods::Periods;
pub use self::report::{ProfileUsage, SeatUsage, UsagePeriod, UsageReport};
use self::seats::Seats;
use crate::change::{Commit, ContradictionError, Event, ReplayError};
use crate::directory::Directory;
use crate::limits::{MAX_PERIODS, MAX_TIME};
use crate::time::Timestamp;

/// A measurement of seats over periods, from a directory and the commits after it (rule S17).
///
/// The numbers follow from every commit, not from samples. Commits are added one at a time, and memory does not grow with
/// their number. It is proportional to the number of users who hold a seat, or held one and were not removed, and to the
/// number of periods times that of profiles: some 70 bytes for each, so up to 460 MB for
/// [`MAX_PERIODS`] and 64 profiles. A report needs as much again.
///
/// Periods are half-open: a commit at the end of one belongs to the next. Measuring begins with the directory, and if
/// that is empty, at the first commit; then the first period is not [`whole`](UsagePeriod::whole) unless that is its
/// beginning.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// use entitle::usage::Usage;
///
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// # let empty = Directory::new(catalog);
/// let (january, march) = (Timestamp::from_millis(1_767_225_600_000), Timestamp::from_millis(1_772_323_200_000));
/// let plan = empty.plan(
///     Batch::host(january)
///         .add(License::new("acme-2026").seats("designer", 5))
///         .add(Command::add_user("ada").profile("designer")),
/// )?;
///
/// let mut usage = Usage::months(&empty);
/// usage.add(&plan.commit().unwrap())?;
/// let report = usage.until(march)?;
/// assert_eq!(report.periods.len(), 2);
/// let february = &report.periods[1].profiles[0];
/// assert_eq!((february.profile, february.usage.highest, february.usage.admissions), ("designer", 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Usage {
    seats: Seats,
    meter: Meter,
}

/// The error of [`Usage::add`] and [`Usage::until`].
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::change::Commit;
/// # use entitle::usage::Usage;
/// # use entitle::{Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// let second = Commit { revision: 2, at: Timestamp::EPOCH, actor: None, by: "ada".to_owned(), events: vec![] };
/// let error = Usage::days(&empty).add(&second).unwrap_err();
/// assert_eq!(error.to_string(), "expected the commit of revision 1, found revision 2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// The commit does not continue those before it.
    #[error(transparent)]
    Commit(#[from] ReplayError),
    /// The commits reach over more periods than the limit, such as days where months were meant.
    #[error("too many periods: the limit is {max}; choose longer ones")]
    TooManyPeriods {
        /// The limit.
        max: usize,
    },
}

impl From<TooMany> for UsageError {
    fn from(_: TooMany) -> Self {
        Self::TooManyPeriods { max: MAX_PERIODS }
    }
}

impl Usage {
    /// Starts with a directory and measures days in UTC.
    #[must_use]
    pub fn days(directory: &Directory) -> Self {
        Self::over(directory, Periods::Days)
    }

    /// Starts with a directory and measures months in UTC.
    #[must_use]
    pub fn months(directory: &Directory) -> Self {
        Self::over(directory, Periods::Months)
    }

    /// Starts with a directory and measures the periods between some bounds, in any order.
    ///
    /// An empty directory is measured from the first bound, another one from its last commit or the first bound,
    /// whichever is later; periods before that are not listed. What happens before the first bound or after the last one
    /// counts in no period. With fewer than two bounds there are no periods.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::usage::Usage;
    /// # use entitle::{Directory, Timestamp};
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// let quarters = [1_767_225_600_000, 1_775_001_600_000, 1_782_864_000_000].map(Timestamp::from_millis);
    /// let usage = Usage::between(&empty, quarters);
    /// assert_eq!(usage.until(quarters[2])?.periods.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn between(directory: &Directory, bounds: impl IntoIterator<Item = Timestamp>) -> Self {
        Self::over(directory, Periods::between(bounds))
    }

    fn over(directory: &Directory, periods: Periods) -> Self {
        let seats = Seats::of(directory);
        Self { meter: Meter::new(periods, &seats), seats }
    }

    /// Returns the revision of the last commit that was added, or that of the directory.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.seats.revision()
    }

    /// Adds the next commit.
    ///
    /// The cost is proportional to the number of events. Only what seats depend on is followed, so this is no
    /// [`replay`](Directory::replay): that the commits are in order and name known profiles and valid licenses is
    /// checked, and that the events contradict each other is not.
    ///
    /// # Errors
    ///
    /// [`UsageError`]; nothing is added then.
    pub fn add(&mut self, commit: &Commit) -> Result<(), UsageError> {
        self.check(commit)?;
        let at = commit.at;
        self.meter.begin_commit(at, &self.seats)?;
        self.seats.begin_commit(commit.revision, at);
        self.meter.settle(at, &self.seats);
        for event in &commit.events {
            let (seats, meter) = (&mut self.seats, &mut self.meter);
            seats.apply(event, |admission| meter.admit(admission));
        }
        self.meter.note(at, &self.seats);
        Ok(())
    }

    /// Reports the periods up to a moment, the one that it lies in included.
    ///
    /// From the last commit on, nothing changes. A moment before the last commit counts as the time of that commit. More
    /// commits can be added afterward. The cost is proportional to the number of periods.
    ///
    /// # Errors
    ///
    /// [`UsageError::TooManyPeriods`].
    pub fn until(&self, at: Timestamp) -> Result<UsageReport<'_>, UsageError> {
        let periods = self.meter.periods_until(at, &self.seats)?;
        Ok(UsageReport::new(self.seats.revision(), &self.seats.catalog, &periods))
    }

    fn check(&self, commit: &Commit) -> Result<(), ReplayError> {
        let revision = commit.revision;
        let expected = self.seats.revision().saturating_add(1);
        if revision != expected {
            return Err(ReplayError::Gap { expected, found: revision });
        }
        if commit.at < self.seats.committed_at() {
            return Err(ReplayError::TimeReversed { revision });
        }
        let contradiction = |event, reason: String| ReplayError::Contradiction {
            revision,
            event,
            source: ContradictionError::new(reason),
        };
        if commit.at > MAX_TIME {
            return Err(contradiction(None, alloc::format!("no commit is after {MAX_TIME}")));
        }
        let check = |(index, event): (usize, &Event)| {
            self.seats.check(event).map_err(|reason| contradiction(Some(index), reason))
        };
        commit.events.iter().enumerate().try_for_each(check)
    }
}
