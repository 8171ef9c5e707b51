//! The report as CSV.

use core::fmt;

use super::report::{SeatUsage, UsagePeriod, UsageReport};
use crate::report::Field;

/// The usage of each period as CSV, written by `Display`.
///
/// Created by [`UsageReport::csv`].
#[derive(Clone, Copy, Debug)]
pub struct UsageCsv<'a>(&'a UsageReport<'a>);

impl UsageReport<'_> {
    /// Returns the usage as CSV: a header, and for each period one row for each counted profile and one for the total.
    ///
    /// `of` is `profile` or `total`. Times are those of ISO 8601 in UTC. `licensed` is a number, `unlimited`, or
    /// empty if no license offers any; `mean` has three decimals and is rounded down; all else is exact.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::usage::Usage;
    /// # use entitle::{Batch, Command, Directory, License, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(License::new("acme").seats("designer", 5))
    /// #     .add(Command::add_user("ada").profile("designer"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let report = Usage::days(&directory);
    /// let csv = report.until(Timestamp::from_millis(1_000))?.csv().to_string();
    /// assert_eq!(
    ///     csv.lines().collect::<Vec<_>>(),
    ///     [
    ///         "from,until,whole,of,profile,licensed,consumed,highest,highest_at,mean,seat_ms,admissions",
    ///         "1970-01-01T00:00:00Z,1970-01-01T00:00:01Z,false,profile,designer,5,1,1,1970-01-01T00:00:00Z,1.000,1000,0",
    ///         "1970-01-01T00:00:00Z,1970-01-01T00:00:01Z,false,total,,unlimited,1,1,1970-01-01T00:00:00Z,1.000,1000,0",
    ///     ],
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn csv(&self) -> UsageCsv<'_> {
        UsageCsv(self)
    }
}

impl fmt::Display for UsageCsv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("from,until,whole,of,profile,")?;
        f.write_str("licensed,consumed,highest,highest_at,mean,seat_ms,admissions\n")?;
        self.0.periods.iter().try_for_each(|period| rows(f, period))
    }
}

fn rows(f: &mut fmt::Formatter<'_>, period: &UsagePeriod<'_>) -> fmt::Result {
    for of in &period.profiles {
        row(f, period, ("profile", of.profile), &of.usage)?;
    }
    row(f, period, ("total", ""), &period.total)
}

fn row(
    f: &mut fmt::Formatter<'_>,
    period: &UsagePeriod<'_>,
    (of, profile): (&str, &str),
    usage: &SeatUsage,
) -> fmt::Result {
    let (from, until) = (period.from.iso(), period.until.iso());
    write!(f, "{from},{until},{},{of},{},", period.whole, Field(profile))?;
    if let Some(licensed) = usage.licensed {
        write!(f, "{licensed}")?;
    }
    write!(f, ",{},{},{},", usage.consumed, usage.highest, usage.highest_at.iso())?;
    writeln!(f, "{},{},{}", Thousandths(usage.mean_thousandths), usage.seat_ms, usage.admissions)
}

/// A number of thousandths with three decimals.
pub(super) struct Thousandths(pub(super) u64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}
