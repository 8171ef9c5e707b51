//! The report as tables for a terminal.

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use super::days::Days;
use super::seats::{ProfileSeats, QueuedUser, SeatReport};
use crate::seats::{Basis, Quantity, SeatState};
use crate::time::Utc;
use crate::visible::{Visible, visible};

/// A table whose columns are as wide as their widest cells.
pub(crate) struct Table<'a> {
    rows: Vec<Vec<Cow<'a, str>>>,
    /// The number of left-aligned columns. The columns after them are numbers and right-aligned.
    left_aligned: usize,
}

impl<'a> Table<'a> {
    pub(crate) fn new(left_aligned: usize, head: &[&'a str]) -> Self {
        Self { rows: Vec::from([head.iter().map(|&title| Cow::Borrowed(title)).collect()]), left_aligned }
    }

    /// Adds a row. Hidden characters are marked here, because the marks count for the width of the column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cow<'a, str>>) {
        let visible = |cell: Cow<'a, str>| match visible(&cell) {
            Cow::Borrowed(_) => cell,
            Cow::Owned(marked) => marked.into(),
        };
        self.rows.push(cells.into_iter().map(visible).collect());
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::from(" ");
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                let padded = if column < self.left_aligned {
                    alloc::format!(" {cell:<width$} ")
                } else {
                    alloc::format!(" {cell:>width$} ")
                };
                line.push_str(&padded);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl fmt::Display for SeatReport<'_> {
    /// Writes the figures of each profile, the queue, and the holders.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        self.head(f)?;
        self.counted_table(f)?;
        self.exempt_table(f)?;
        self.queue_table(f)?;
        self.holders_table(f)
    }
}

impl SeatReport<'_> {
    fn head(&self, f: &mut Visible<'_, '_>) -> fmt::Result {
        match self.license {
            None => f.write_str("no license is installed")?,
            Some(license) => {
                write!(f, "license `{}`", license.name)?;
                if let Some(edition) = &license.edition {
                    write!(f, ", edition `{edition}`")?;
                }
                if !license.add_ons.is_empty() {
                    write!(f, ", add-ons `{}`", license.add_ons.join("`, `"))?;
                }
                write!(f, ": {}", self.phase.as_str())?;
            }
        }
        f.write_str("\n")?;
        for license in &self.scheduled {
            let start = license.start().unwrap_or_default();
            writeln!(f, "license `{}` starts {start}", license.name)?;
        }
        writeln!(f, "as of {}, revision {}", self.at, self.revision)?;
        match self.next_due {
            Some(due) => writeln!(f, "next due {due}"),
            None => Ok(()),
        }
    }

    fn counted_table(&self, f: &mut Visible<'_, '_>) -> fmt::Result {
        let head = [
            "profile",
            "seats",
            "extra",
            "held",
            "reserved",
            "consumed",
            "available",
            "over",
            "waiting",
            "placed",
            "peak",
            "peak at (UTC)",
            "seat days",
        ];
        let mut table = Table::new(1, &head);
        for of in &self.counted {
            let figures = &of.figures;
            let seats = if of.offered { figures.seats.to_string().into() } else { "not offered".into() };
            let mut cells: Vec<Cow<'_, str>> = Vec::from([of.profile.into(), seats]);
            let counts = [figures.extra, figures.held, figures.reserved, figures.consumed];
            cells.extend(counts.map(number));
            cells.push(figures.available.to_string().into());
            cells.extend([figures.over, figures.waiting, figures.placed, figures.peak].map(number));
            cells.push(peak_at(of));
            cells.push(Days(figures.seat_ms).to_string().into());
            table.row(cells);
        }
        let (cap, left) = match self.total.cap {
            Quantity::Unlimited => ("no cap".into(), "".into()),
            cap @ Quantity::Count(_) => (cap.to_string().into(), self.total.available.to_string().into()),
        };
        let mut total: Vec<Cow<'_, str>> = Vec::from(["total".into(), cap, "".into()]);
        total.extend([self.sums.held, self.sums.reserved, self.total.consumed].map(number));
        total.push(left);
        total.extend([self.sums.over, self.sums.waiting, self.sums.placed].map(number));
        table.row(total);
        write!(f, "\ncounted profiles\n{table}")
    }

    fn exempt_table(&self, f: &mut Visible<'_, '_>) -> fmt::Result {
        if self.exempt.is_empty() {
            return Ok(());
        }
        let mut table =
            Table::new(1, &["profile", "held", "reserved", "consumed", "peak", "peak at (UTC)", "seat days"]);
        for of in &self.exempt {
            let figures = &of.figures;
            let mut cells: Vec<Cow<'_, str>> = Vec::from([of.profile.into()]);
            cells.extend([figures.held, figures.reserved, figures.consumed, figures.peak].map(number));
            cells.push(peak_at(of));
            cells.push(Days(figures.seat_ms).to_string().into());
            table.row(cells);
        }
        write!(f, "\nexempt profiles (no seat needed)\n{table}")
    }

    fn queue_table(&self, f: &mut Visible<'_, '_>) -> fmt::Result {
        if self.queue.is_empty() {
            return f.write_str("\nno users are waiting\n");
        }
        let mut table = Table::new(5, &["user", "waits for", "position", "holds", "since (UTC)"]);
        for QueuedUser { user, wants, place, holds, since } in &self.queue {
            let holds = holds.unwrap_or("nothing");
            let since = Utc(*since).to_string();
            table.row([(*user).into(), (*wants).into(), number(*place), holds.into(), since.into()]);
        }
        write!(f, "\nwaiting, in order\n{table}")
    }

    fn holders_table(&self, f: &mut Visible<'_, '_>) -> fmt::Result {
        let mut table = Table::new(4, &["user", "profile", "seat", "since (UTC)"]);
        let mut empty = true;
        for of in self.counted.iter().chain(&self.exempt) {
            for holder in &of.holders {
                empty = false;
                let seat = seat_word(holder.state, holder.basis);
                let since = Utc(holder.since).to_string();
                table.row([holder.user.into(), of.profile.into(), seat.into(), since.into()]);
            }
        }
        if empty { f.write_str("\nno users hold a profile\n") } else { write!(f, "\nholders\n{table}") }
    }
}

pub(crate) fn number<'a>(count: u64) -> Cow<'a, str> {
    count.to_string().into()
}

/// Returns the time of the peak, or an empty cell if there was none yet.
fn peak_at<'a>(of: &ProfileSeats<'_>) -> Cow<'a, str> {
    match of.figures.peak {
        0 => "".into(),
        _ => Utc(of.figures.peak_at).to_string().into(),
    }
}

/// Describes the state and the basis of a seat.
fn seat_word(state: SeatState, basis: Basis) -> &'static str {
    match (state, basis) {
        (SeatState::Reserved, Basis::Standard) => "reserved",
        (SeatState::Reserved, Basis::Extra) => "reserved, extra",
        (SeatState::Reserved, Basis::Placed) => "reserved, placed",
        (SeatState::Reserved, Basis::Exempt) => "reserved, exempt",
        (_, basis) => basis.as_str(),
    }
}
