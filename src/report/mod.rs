//! Seat reports: seat holders, the queue, and the figures of each profile (rule S11).
//!
//! Everything here reads a [`Directory`](crate::Directory) as of its last commit and changes nothing. The figures are
//! those of [`Directory::figures`](crate::Directory::figures), which admission reads too, so a report and a refusal cannot
//! disagree.

mod csv;
mod days;
mod explain;
mod seats;
mod table;

pub(crate) use self::csv::Field;
pub use self::csv::{ProfilesCsv, UsersCsv, escape_cell, escape_hidden};
pub(crate) use self::days::Days;
pub use self::explain::SeatExplanation;
pub use self::seats::{FigureSums, Holder, ProfileSeats, QueuedUser, SeatReport};
pub(crate) use self::table::{Table, number};
