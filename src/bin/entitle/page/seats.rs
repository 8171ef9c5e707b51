//! The seats of each profile, and the queue.

use entitle::Timestamp;
use entitle::report::{FigureSums, ProfileSeats, SeatReport};
use entitle::seats::{Figures, TotalFigures};
use serde::Serialize;

use super::tables::{Index, Tables};

/// The most rows of the queue on a page.
const ROWS: usize = 100_000;

#[derive(Serialize)]
pub(super) struct Seats<'a> {
    profiles: Vec<Profile<'a>>,
    total: TotalFigures,
    sums: FigureSums,
    queue: Vec<Waits>,
    queue_left_out: usize,
}

#[derive(Serialize)]
struct Profile<'a> {
    name: &'a str,
    exempt: bool,
    offered: bool,
    #[serde(flatten)]
    figures: Figures,
}

/// The user, the profile wanted, the place in the queue for it, the profile held, and the time since which the user waits.
type Waits = (Index, Option<Index>, u64, Option<Index>, Timestamp);

impl<'a> Seats<'a> {
    pub(super) fn of(report: &SeatReport<'a>, tables: &mut Tables<'_>) -> Self {
        let counted = report.counted.iter().map(|profile| Profile::of(profile, false));
        let exempt = report.exempt.iter().map(|profile| Profile::of(profile, true));
        let queue = report.queue.iter().take(ROWS).map(|waits| {
            let holds = waits.holds.and_then(|profile| tables.profile(profile));
            (tables.name(waits.user), tables.profile(waits.wants), waits.place, holds, waits.since)
        });
        Self {
            profiles: counted.chain(exempt).collect(),
            total: report.total,
            sums: report.sums,
            queue: queue.collect(),
            queue_left_out: report.queue.len().saturating_sub(ROWS),
        }
    }
}

impl<'a> Profile<'a> {
    fn of(seats: &ProfileSeats<'a>, exempt: bool) -> Self {
        Self { name: seats.profile, exempt, offered: seats.offered, figures: seats.figures }
    }
}
