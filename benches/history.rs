//! The cost of history: one commit through an authority, replay, and the stored form.
//!
//! Ids are `history/world/what`. As a test (`cargo bench -- --test`) only the small world is built. Reading is compared
//! with parsing the same bytes as untyped JSON, in the largest world in processes of their own.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "measures, in code that nobody links"
)]

mod changes;
#[path = "ratios/clock.rs"]
mod clock;
mod worlds;

use core::time::Duration;

use changes::{CHANGES, change};
use criterion::{BatchSize, Criterion, Throughput};
use entitle::change::{Command, Commit};
use entitle::journal::MemoryJournal;
use entitle::{Authority, Batch, Directory};
use worlds::{L, M, NOW, Random, S, World};

/// Small changes all over a world, each with an effect: one of each sort and its reverse, in turn.
fn small_changes(world: &World, seed: u64) -> impl Iterator<Item = Command> {
    let mut random = Random::new(seed);
    CHANGES.into_iter().cycle().flat_map(move |what| change(world, what, &mut random))
}

/// One command: planned, appended to a journal in memory, published, and the old directory dropped.
fn execute(criterion: &mut Criterion, world: &World, directory: &Directory) {
    let journal = MemoryJournal::starting_after(directory.revision());
    let authority = Authority::new(directory.clone(), journal);
    let mut commands = small_changes(world, 1);
    criterion.bench_function(&format!("history/{}/execute", world.size.name), |bencher| {
        bencher.iter_batched(
            || commands.next().unwrap(),
            |command| authority.execute(Batch::host(NOW).by("bench").add(command)).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

/// Some commits of one command each, replayed one after the other.
fn replay(criterion: &mut Criterion, world: &World, directory: &Directory, count: usize) {
    let mut commits: Vec<Commit> = Vec::with_capacity(count);
    let mut last = directory.clone();
    for command in small_changes(world, 2).take(count) {
        let plan = last.plan(Batch::host(NOW).add(command)).unwrap();
        commits.extend(plan.commit());
        last = plan.into_directory();
    }
    assert_eq!(commits.len(), count);
    assert!(directory.replay(&commits).unwrap() == last);
    let mut group = criterion.benchmark_group(format!("history/{}", world.size.name));
    group.sample_size(10).throughput(Throughput::Elements(count as u64));
    group.bench_function("replay", |bencher| bencher.iter(|| directory.replay(&commits).unwrap()));
    group.finish();
}

fn stored(criterion: &mut Criterion, world: &World, directory: &Directory) {
    let mut bytes = Vec::new();
    directory.write_to(&mut bytes).unwrap();
    assert!(Directory::read_from(&bytes[..]).unwrap() == *directory);
    let write = || {
        let mut again = Vec::with_capacity(bytes.len());
        directory.write_to(&mut again).unwrap();
        again
    };
    let name = world.size.name;
    if world.size.users > 100_000 {
        let (write, megabytes) = (clock::nanos(write) / 1e9, bytes.len() as f64 / 1e6);
        println!("history/{name}/write: {write:.1} s for {megabytes:.0} MB");
        apart(name, bytes);
        return;
    }
    let mut group = criterion.benchmark_group(format!("history/{name}"));
    group.sample_size(10).throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("write", |bencher| bencher.iter(write));
    group.bench_function("read", |bencher| bencher.iter(|| read(&bytes)));
    group.bench_function("parse", |bencher| bencher.iter(|| parse(&bytes)));
    group.finish();
}

fn read(bytes: &[u8]) -> Directory {
    Directory::read_from(bytes).unwrap()
}

fn parse(bytes: &[u8]) -> usize {
    serde_json::Deserializer::from_slice(bytes).into_iter::<serde_json::Value>().map(Result::unwrap).count()
}

/// Reads and parses by turns, each time in a new process: building a large world fragments the heap, which slows a
/// parser down more than anything that it does.
fn apart(name: &str, bytes: Vec<u8>) {
    let file = std::env::temp_dir().join(format!("entitle-history-{}", std::process::id()));
    std::fs::write(&file, &bytes).unwrap();
    drop(bytes);
    let seconds = |what: &str| -> Option<f64> {
        let mut process = std::process::Command::new(std::env::current_exe().ok()?);
        let output = process.arg(what).arg(&file).stderr(std::process::Stdio::inherit()).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    let times: Option<Vec<[f64; 2]>> = (0..3).map(|_| Some([seconds(READ)?, seconds(PARSE)?])).collect();
    std::fs::remove_file(&file).unwrap();
    let times = times.unwrap();
    let [read, parse] =
        [0, 1].map(|which| times.iter().map(|pair| pair[which]).fold(f64::INFINITY, f64::min));
    println!("history/{name}/read: {read:.1} s");
    println!("history/{name}/parse: {parse:.1} s, so reading takes {:.2}x", read / parse);
}

/// The task of the new process, which prints the seconds that it took.
const READ: &str = "--read";
const PARSE: &str = "--parse";

fn timing_is_on() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, what, file] = &arguments[..] else { return false };
    if ![READ, PARSE].contains(&what.as_str()) {
        return false;
    }
    let bytes = std::fs::read(file).unwrap();
    let nanos = if what == READ { clock::nanos(|| read(&bytes)) } else { clock::nanos(|| parse(&bytes)) };
    println!("{}", nanos / 1e9);
    true
}

fn main() {
    if timing_is_on() {
        return;
    }
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let test = worlds::is_test();
    for size in if test { &[S][..] } else { &[M, L] } {
        let world = World::new(*size);
        let directory = world.build();
        execute(&mut criterion, &world, &directory);
        replay(&mut criterion, &world, &directory, if test { 1_000 } else { 100_000 });
        stored(&mut criterion, &world, &directory);
    }
    criterion.final_summary();
}
