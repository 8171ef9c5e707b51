//! Times of several contenders in turn, so that a disturbance affects all of them.

use core::hint::black_box;
use std::time::Instant;

use crate::worlds::Random;

/// A contender: it works through the questions from one place on and returns a value to keep.
pub(crate) type Contender<'a> = Box<dyn FnMut(usize) -> u64 + 'a>;

/// The nanoseconds that some work takes.
pub(crate) fn nanos<R>(work: impl FnOnce() -> R) -> f64 {
    let start = Instant::now();
    let kept = work();
    let nanos = start.elapsed().as_secs_f64() * 1e9;
    black_box(kept);
    nanos
}

/// The nanoseconds of each contender for one of `window` questions: the lower quartile of all rounds.
///
/// In each round every contender gets a window of its own, so that none reads rows that another one has just brought
/// into the cache, and a different one starts.
pub(crate) fn interleaved(
    contenders: &mut [Contender<'_>],
    questions: usize,
    window: usize,
    rounds: usize,
) -> Vec<f64> {
    let count = contenders.len();
    let windows = u32::try_from(questions / window).unwrap();
    let mut random = Random::new(3);
    let mut times = vec![Vec::with_capacity(rounds); count];
    for round in 0..rounds {
        for turn in 0..count {
            let place = (round + turn) % count;
            let start = random.below(windows) as usize * window;
            let contender = &mut contenders[place];
            times[place].push(nanos(|| contender(start)) / window as f64);
        }
    }
    times.into_iter().map(lower_quartile).collect()
}

pub(crate) fn lower_quartile(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 4).copied().unwrap_or(f64::NAN)
}

/// The seconds that this thread has had a processor, if the system reports them.
///
/// Work that takes seconds cannot be repeated until nothing disturbs it; this time excludes the disturbance.
pub(crate) fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|first| first.parse::<f64>().ok());
    nanos.unwrap_or(f64::NAN) / 1e9
}
