//! The report as a table for a terminal.

use alloc::borrow::Cow;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::fmt;

use super::csv::Thousandths;
use super::report::{SeatUsage, UsagePeriod, UsageReport};
use crate::report::{Days, Table, number};
use crate::time::Utc;

impl fmt::Display for UsageReport<'_> {
    /// Writes one row for each period and counted profile, and one for the total of each period.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.periods.is_empty() {
            return f.write_str("no periods\n");
        }
        let head = [
            "from (UTC)",
            "until (UTC)",
            "profile",
            "licensed",
            "consumed",
            "highest",
            "highest at (UTC)",
            "mean",
            "seat days",
            "admissions",
        ];
        let mut table = Table::new(3, &head);
        for period in &self.periods {
            for of in &period.profiles {
                table.row(cells(period, of.profile, &of.usage));
            }
            table.row(cells(period, "total", &period.total));
        }
        write!(f, "{table}")
    }
}

fn cells<'a>(period: &UsagePeriod<'_>, profile: &'a str, usage: &SeatUsage) -> Vec<Cow<'a, str>> {
    let licensed = usage.licensed.map_or_else(|| "none".into(), |licensed| licensed.to_string().into());
    let seats = [usage.consumed, usage.highest];
    let mut cells: Vec<Cow<'a, str>> =
        Vec::from([Utc(period.from).to_string().into(), Utc(period.until).to_string().into()]);
    cells.extend([profile.into(), licensed]);
    cells.extend(seats.map(number));
    cells.push(Utc(usage.highest_at).to_string().into());
    cells.push(Thousandths(usage.mean_thousandths).to_string().into());
    cells.push(Days(usage.seat_ms).to_string().into());
    cells.push(number(usage.admissions));
    cells
}
