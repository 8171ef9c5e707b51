//! The cost of changes: one command, a group that every user is in, seats.

use entitle::{Batch, Directory, License, Timestamp};

use crate::changes::{CHANGES, Claimants, change, of_everybody, with_everybody};
use crate::clock::{lower_quartile, nanos};
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{note, row};
use crate::worlds::{Random, World, commit};

/// One command, planned and committed alone, in two worlds by turns.
pub(crate) fn one_command(middle: (&World, &Directory), large: (&World, &Directory), rounds: usize) {
    let mut means = [0.0; 2];
    for what in CHANGES {
        let mut random = Random::new(1);
        let mut current = [middle.1.clone(), large.1.clone()];
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            for (place, (world, _)) in [middle, large].into_iter().enumerate() {
                for command in change(world, what, &mut random) {
                    // The time includes dropping the directory that is replaced.
                    let current = &mut current[place];
                    times[place].push(nanos(|| *current = commit(current, [command])));
                }
            }
        }
        let [middle, large] = times.map(lower_quartile);
        note(&format!("{what}: {:.1} us in M, {:.1} us in L", middle / 1e3, large / 1e3));
        means[0] += middle / CHANGES.len() as f64;
        means[1] += large / CHANGES.len() as f64;
    }
    row("commit/L", means[1] / 1e3, "us", AtMost(50.0));
    row("commit/L:M", means[1] / means[0], "x", AtMost(3.0));
}

/// The impact of a renewal that changes no answer, and of one that takes all permissions, of which it shows a page.
pub(crate) fn impact(world: &World, directory: &Directory, limit: f64) {
    let mut same = directory.license().unwrap().clone();
    "renewed".clone_into(&mut same.name);
    let lapsed = License::new("lapsed").expires_at(Timestamp::from_millis(1));
    let later = Timestamp::from_millis(2);
    for (what, license, shown) in [("same", same, usize::MAX), ("lapsed", lapsed, 50)] {
        let plan = directory.plan(Batch::host(later).add(license)).unwrap();
        let mut found = (0, true);
        let mut look = || {
            nanos(|| {
                let impact = plan.impact_up_to(shown);
                found = (impact.access().len(), impact.is_complete());
            })
        };
        let best = (0..3).map(|_| look()).fold(f64::INFINITY, f64::min) / 1e6;
        assert_eq!(found, if what == "same" { (0, true) } else { (50, false) });
        row(&format!("impact/{}/{what}", world.size.name), best, "ms", AtMost(limit));
    }
}

/// Changes to a group that every user is in.
pub(crate) fn everybody(world: &World, directory: &Directory) {
    let directory = with_everybody(world, directory);
    for (what, command) in of_everybody() {
        let times = (0..3).map(|_| nanos(|| commit(&directory, [command.clone()])) / 1e6);
        let best = times.fold(f64::INFINITY, f64::min);
        row(&format!("everybody/{}/{what}", world.size.name), best, "ms", AtMost(100.0));
    }
}

/// Seats claimed by one writer, one in each commit and a hundred in each.
pub(crate) fn claims(world: &World, directory: &Directory) {
    for (variant, size) in [("one-a-commit", 1_u32), ("100-a-commit", 100)] {
        let mut claimants = Claimants::new(world);
        let mut current = directory.clone();
        let times = (0..20_000 / size).map(|_| {
            let claims = claimants.claims(size);
            nanos(|| current = commit(&current, claims)) / f64::from(size)
        });
        let each = lower_quartile(times.collect());
        row(&format!("seats/{}/{variant}", world.size.name), 1e9 / each, "/s", AtLeast(100_000.0));
    }
}
