//! Bytes requested from the allocator, counted on this thread.

use allocation_counter::measure;
use entitle::Directory;

use crate::clock::{nanos, processor_seconds};
use crate::report::Target::AtMost;
use crate::report::{note, row};
use crate::worlds::{SMALL, World, catalog};

const KIB: f64 = 1024.0;
const MB: f64 = 1e6;

/// Empty directories and small ones, all with one catalog.
pub(crate) fn small(count: usize) {
    let catalog = catalog();
    let mut directories = Vec::with_capacity(count);
    let empty = measure(|| directories.extend((0..count).map(|_| Directory::new(catalog.clone()))));
    let own = size_of::<Directory>() as f64;
    row("memory/empty", own / KIB + each(empty.bytes_current, count) / KIB, "KiB", AtMost(4.0));
    let world = World::new(SMALL);
    let built =
        measure(|| directories.iter_mut().for_each(|directory| *directory = world.build_on(directory)));
    let all = each(empty.bytes_current, count) + each(built.bytes_current, count);
    row("memory/small", (own + all) / KIB, "KiB", AtMost(64.0));
}

fn each(bytes: i64, count: usize) -> f64 {
    bytes as f64 / count as f64
}

/// Builds the largest world from commands in batches and reports the time and the memory.
pub(crate) fn build(world: &World) -> Directory {
    let commands = world.commands().count();
    let mut built = None;
    let mut seconds = 0.0;
    let processor = processor_seconds();
    let taken = measure(|| {
        seconds = nanos(|| built = Some(world.build())) / 1e9;
    });
    let processor = processor_seconds() - processor;
    let name = world.size.name;
    let each = processor * 1e6 / commands as f64;
    note(&format!("{name}: {commands} commands, {processor:.1} s of processor time, {each:.2} us each"));
    let allocations = taken.count_total as f64 / commands as f64;
    note(&format!("{name}: {allocations:.1} allocations for each command, {} at rest", taken.count_current));
    if name == "L" {
        row("build/L", seconds, "s", AtMost(15.0));
        row("memory/L/peak", taken.bytes_max as f64 / MB, "MB", AtMost(700.0));
        row("memory/L/rest", taken.bytes_current as f64 / MB, "MB", AtMost(450.0));
    }
    built.unwrap()
}
