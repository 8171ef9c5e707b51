//! How the work of each operation grows with its size: one line an operation, and a failure beyond the limits.
//!
//! - `cargo bench --bench growth`: times at 1,000, 10,000 and 100,000, for a quiet machine.
//! - `cargo bench --bench growth -- --count`: instructions at two sizes, counted by valgrind and thus the same on every machine.
//! - `cargo bench --bench growth -- --test`: every operation once.
//!
//! An argument that is no option selects the operations whose names contain it.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measures, in code that nobody links"
)]

mod operations;

use core::any::Any;
use core::hint::black_box;
use core::num::NonZero;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::process::{Command, ExitCode};
use std::sync::OnceLock;
use std::time::Instant;
use std::{env, fs, process, thread};

use operations::{Growth, OPERATIONS, Operation, PLANTED_SCAN, Work, exponent};

/// The sizes at which times are taken.
const TIMED: [usize; 3] = [1_000, 10_000, 100_000];

/// The number of runs of which the fastest counts.
const RUNS: usize = 3;

/// The name by which valgrind finds [`measured`].
const MEASURED: &str = "growth::measured";

/// The work that is measured.
#[inline(never)]
fn measured(work: Work) -> Box<dyn Any> {
    work()
}

fn main() -> ExitCode {
    let (options, names): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let option = |name: &str| options.iter().any(|option| option == name);
    let selected = |operation: &&Operation| names.iter().all(|name| operation.name.contains(name.as_str()));
    let selected: Vec<&Operation> = OPERATIONS.iter().filter(selected).collect();
    if option("--test") {
        for operation in selected {
            drop(measured((operation.prepare)(20)));
        }
        return ExitCode::SUCCESS;
    }
    if option("--work") {
        selected
            .into_iter()
            .chain([&PLANTED_SCAN])
            .filter(|operation| names == [operation.name])
            .for_each(work);
        return ExitCode::SUCCESS;
    }
    let within = if option("--count") { count(&selected) } else { time(&selected) };
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does an operation at the sizes at which its instructions are counted.
fn work(operation: &Operation) {
    for size in operation.sizes {
        let work = (operation.prepare)(size);
        sort_freed_memory(size);
        drop(measured(work));
    }
}

/// Makes the system's allocator sort what was freed so far into its lists, which is not work of the operation.
///
/// A large allocation makes it sort up to 10,000 pieces, and preparing frees a few for each thing.
fn sort_freed_memory(size: usize) {
    for _ in 0..size / 500 {
        drop(black_box(Vec::<u8>::with_capacity(100_000)));
    }
}

/// Counts instructions of the selected operations, and of the one that must be found.
///
/// Each is counted in a process of its own, as many at a time as there are cores: what the allocator does for one would
/// otherwise depend on what the ones before it left.
fn count(selected: &[&Operation]) -> bool {
    let operations = selected.iter().copied().chain([&PLANTED_SCAN]);
    let counted: Vec<(&Operation, OnceLock<[u64; 2]>)> =
        operations.map(|operation| (operation, OnceLock::new())).collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        let claim = || next.fetch_add(1, Ordering::Relaxed);
        while let Some((operation, count)) = counted.get(claim()) {
            count.set(instructions(operation)).unwrap();
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(worker);
        }
    });

    println!("| operation | sizes | instructions | exponent | limit |");
    println!("|---|---:|---:|---:|---:|");
    let lines = counted.iter().filter(|(operation, counts)| {
        let ([small, large], [few, many]) = (operation.sizes, *counts.get().unwrap());
        let (grows, limit) =
            (exponent(operation.sizes, [few, many].map(|count| count as f64)), operation.growth.limit());
        let verdict = if grows > limit { " **beyond**" } else { "" };
        println!("| {} | {small}, {large} | {few}, {many} | {grows:.2}{verdict} | {limit} |", operation.name);
        grows > limit
    });
    let beyond: Vec<&str> = lines.map(|(operation, _)| operation.name).collect();
    // The planted scan is the proof that a quadratic operation is found.
    beyond == [PLANTED_SCAN.name]
}

/// The instructions of an operation at both sizes: this program runs itself under valgrind, which writes a file for each.
fn instructions(operation: &Operation) -> [u64; 2] {
    let folder =
        env::temp_dir().join(format!("entitle-growth-{}-{:?}", process::id(), thread::current().id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("counts");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "-q", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={MEASURED}"))
        .arg(format!("--dump-after={MEASURED}"))
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(env::current_exe().unwrap())
        .args(["--work", operation.name])
        .status();
    assert!(status.unwrap().success(), "valgrind failed for {}", operation.name);
    let counts = [1, 2].map(|number| {
        let text = fs::read_to_string(format!("{}.{number}", file.display())).unwrap();
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        total.unwrap().trim().parse().unwrap()
    });
    fs::remove_dir_all(&folder).unwrap();
    counts
}

/// Takes times. They are limited less strictly, because caches are left behind as sizes grow.
fn time(selected: &[&Operation]) -> bool {
    println!("| operation | {} | {} | {} | exponent |", TIMED[0], TIMED[1], TIMED[2]);
    println!("|---|---:|---:|---:|---:|");
    let mut within = true;
    for operation in selected {
        let times = TIMED.map(|size| fastest(operation, size).as_secs_f64() * 1e6);
        let grows = exponent([TIMED[1], TIMED[2]], [times[1], times[2]]);
        let limit = match operation.growth {
            Growth::Linear => 1.5,
            Growth::Flat | Growth::FlatInHashes => 0.4,
        };
        let verdict = if grows > limit { " **beyond**" } else { "" };
        within &= grows <= limit;
        let [small, middle, large] = times.map(text);
        println!("| {} | {small} | {middle} | {large} | {grows:.2}{verdict} |", operation.name);
    }
    within
}

fn fastest(operation: &Operation, size: usize) -> Duration {
    let run = |_| {
        let work = (operation.prepare)(size);
        sort_freed_memory(size);
        let start = Instant::now();
        let made = measured(work);
        let took = start.elapsed();
        drop(made);
        took
    };
    (0..RUNS).map(run).min().unwrap_or_default()
}

/// Microseconds in the unit in which they are short.
fn text(micros: f64) -> String {
    if micros < 1e3 { format!("{micros:.1} µs") } else { format!("{:.1} ms", micros / 1e3) }
}
