//! The questions of the benches, answered by other engines and by hand-written code.
//!
//! Every engine answers the same questions about the same worlds, and its answers are compared with those of
//! `entitle` before it is timed. Each is timed by turns with `entitle` in this one process, so that the ratios hold
//! where the times drift. The output is a Markdown table. `large` as an argument adds the largest world.

mod engines;
mod fx {
    pub(crate) use rustc_hash::FxHasher;
}
#[path = "../../handmade.rs"]
#[expect(dead_code, reason = "the real calculator is here, its formula is not needed")]
mod handmade;
#[path = "../../worlds.rs"]
#[expect(dead_code, reason = "it serves other benches too")]
mod worlds;

use std::hint::black_box;
use std::time::{Duration, Instant};

use engines::Engine;
use entitle::Directory;
use worlds::{Resolved, L, M, Question, S, Size, World};

/// The time limit of one engine in each world, together with its share of `entitle`.
const BUDGET: Duration = Duration::from_secs(4);

/// The number of answers of a fast engine that are compared; slow ones compare fewer.
const QUESTIONS: u32 = 1 << 17;

fn main() {
    let large = std::env::args().any(|argument| argument == "large");
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for size in if large { &[S, M, L][..] } else { &[S, M] } {
        for (place, (name, cell)) in measured(*size).into_iter().enumerate() {
            if rows.len() == place {
                rows.push((name, Vec::new()));
            }
            rows[place].1.push(cell);
        }
    }
    let worlds = if large { "| S | M | L |" } else { "| S | M |" };
    println!("| engine {worlds}\n|---{}|", "|---:".repeat(if large { 3 } else { 2 }));
    for (name, cells) in rows {
        println!("| {name} | {} |", cells.join(" | "));
    }
}

/// A name and a cell of the table for each engine.
fn measured(size: Size) -> Vec<(String, String)> {
    let world = World::new(size);
    let directory = world.build();
    let questions = world.questions(QUESTIONS);
    let asked = world.asked(&directory, &questions);
    let mut rows = Vec::new();
    for (name, largest, make) in engines::all() {
        if size.users > largest {
            rows.push((name, "not run".to_owned()));
            continue;
        }
        eprintln!("{}: {name}", size.name);
        let mut engine = make(&world);
        let (own, other) = by_turns(&directory, &asked, &mut *engine, &questions);
        eprintln!("{}: {name}: {other:.1} ns, entitle {own:.1} ns", size.name);
        rows.push((name, format!("{} ns, {}x", rounded(other), rounded(other / own))));
    }
    rows
}

/// The nanoseconds for one question: of `entitle`, and of the engine.
fn by_turns(
    directory: &Directory,
    asked: &[Resolved],
    engine: &mut dyn Engine,
    questions: &[Question],
) -> (f64, f64) {
    // The number of questions that take about five milliseconds, so that both sides run for some time in each turn.
    let start = Instant::now();
    let few = questions.len().min(20);
    engine.prepare(&questions[..few]);
    black_box(engine.allowed(0, few));
    let each = start.elapsed().as_secs_f64() / few as f64;
    let window = ((0.005 / each) as usize).clamp(5, 16_384);
    let compared = ((2.0 / each) as usize).clamp(20, questions.len());
    engine.prepare(&questions[..compared]);
    for place in 0..compared {
        let asked = asked[place];
        let expected = directory.check(asked.user, asked.resource, asked.permission).is_allowed();
        assert_eq!(engine.allowed(place, 1) == 1, expected, "{:?}", questions[place]);
    }

    let (mut own, mut other) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    let mut random = worlds::Random::new(11);
    while own.len() < 9 || (begun.elapsed() < BUDGET && own.len() < 200) {
        let place = random.below(u32::try_from(asked.len() - 16_384 + 1).unwrap()) as usize;
        let start = Instant::now();
        let check =
            |asked: &&Resolved| directory.check(asked.user, asked.resource, asked.permission).is_allowed();
        black_box(asked[place..][..16_384].iter().filter(check).count());
        own.push(start.elapsed().as_secs_f64() * 1e9 / 16_384.0);

        let window = window.min(compared);
        let place = random.below(u32::try_from(compared - window + 1).unwrap()) as usize;
        let start = Instant::now();
        black_box(engine.allowed(place, window));
        other.push(start.elapsed().as_secs_f64() * 1e9 / window as f64);
    }
    (lower_quartile(own), lower_quartile(other))
}

fn lower_quartile(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 4]
}

fn rounded(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}
