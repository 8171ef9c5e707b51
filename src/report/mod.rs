//! Reports that people read: who holds which seat, who waits, and since when (rule S11).
//!
//! Everything here reads a [`Directory`](crate::Directory) as of its last commit and changes nothing. The figures are
//! those of [`Directory::figures`](crate::Directory::figures): guard, report and export read the same ones.

mod csv;
mod date;
mod explain;
mod seats;
mod table;

pub use self::csv::{ProfilesCsv, UsersCsv, harmless_cell};
pub use self::explain::SeatExplanation;
pub use self::seats::{Holder, InLine, ProfileSeats, SeatReport, SeatSums};
