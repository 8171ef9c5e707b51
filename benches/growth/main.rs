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
use core::time::Duration;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, fs, process};

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
        with_planted(&selected).for_each(work_at_counted_sizes);
        return ExitCode::SUCCESS;
    }
    let within = if option("--count") { count(&selected, &names) } else { time(&selected) };
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The selected operations, and the one that must be found.
fn with_planted<'a>(selected: &[&'a Operation]) -> impl Iterator<Item = &'a Operation> {
    selected.iter().copied().chain([&PLANTED_SCAN])
}

fn work_at_counted_sizes(operation: &Operation) {
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

/// Counts instructions: this program runs itself under valgrind, which writes a file for each measured run.
fn count(selected: &[&Operation], names: &[String]) -> bool {
    let folder = env::temp_dir().join(format!("entitle-growth-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("counts");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "-q", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={MEASURED}"))
        .arg(format!("--dump-after={MEASURED}"))
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(env::current_exe().unwrap())
        .arg("--work")
        .args(names)
        .status();
    let counts = if status.unwrap().success() { instructions(&file) } else { Vec::new() };
    fs::remove_dir_all(&folder).unwrap();
    let (pairs, rest) = counts.as_chunks::<2>();
    let operations: Vec<&Operation> = with_planted(selected).collect();
    assert!(rest.is_empty() && pairs.len() == operations.len(), "valgrind counted {} runs", counts.len());

    println!("| operation | sizes | instructions | exponent | limit |");
    println!("|---|---:|---:|---:|---:|");
    let lines = operations.iter().zip(pairs).filter(|(operation, pair)| {
        let ([small, large], [few, many]) = (operation.sizes, **pair);
        let (grows, limit) =
            (exponent(operation.sizes, pair.map(|count| count as f64)), operation.growth.limit());
        let verdict = if grows > limit { " **beyond**" } else { "" };
        println!("| {} | {small}, {large} | {few}, {many} | {grows:.2}{verdict} | {limit} |", operation.name);
        grows > limit
    });
    let beyond: Vec<&str> = lines.map(|(operation, _)| operation.name).collect();
    // The planted scan is the proof that a quadratic operation is found.
    beyond == [PLANTED_SCAN.name]
}

/// The instructions of each measured run, in order.
fn instructions(file: &std::path::Path) -> Vec<u64> {
    let dump = |number: usize| PathBuf::from(format!("{}.{number}", file.display()));
    let texts = (1..).map_while(|number| fs::read_to_string(dump(number)).ok());
    let of = |text: String| {
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "))?;
        total.trim().parse::<u64>().ok()
    };
    texts.filter_map(of).filter(|&count| count > 0).collect()
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
