//! Several processes on one journal with faults, all in one thread and from a seed, against a model.
//!
//! A seed gives the steps: batches about the last seats, appends that are overtaken, lost, delayed or sent twice, commits
//! that are delivered late, twice or with gaps, restarts, snapshots and compactions, and keepers of time whose clocks differ.
//! After each step every process shows a state of the history. At the end no seat was oversold, everything due has ended, every acknowledged commit is in the history once and no refused
//! one is, and all processes are equal to a replay. 10,000 seeds with `ENTITLE_FULL`.

mod steps;
mod world;

use self::steps::{Change, Fault, Step, steps};
use self::world::{Counts, Defect, run};
use crate::history::times;

/// The shortest part of failing steps that still fails: steps are left out one by one, the last ones first.
fn shortest(mut failing: Vec<Step>, fails: impl Fn(&[Step]) -> bool) -> Vec<Step> {
    loop {
        let before = failing.len();
        for place in (0..failing.len()).rev() {
            let mut shorter = failing.clone();
            shorter.remove(place);
            if fails(&shorter) {
                failing = shorter;
            }
        }
        if failing.len() == before {
            return failing;
        }
    }
}

/// Runs seeds up to the first that fails, and returns that with its shortest steps.
fn first_failure(seeds: u64, defect: Option<Defect>) -> Result<Counts, (u64, Vec<Step>, String)> {
    let mut counts = Counts::default();
    for seed in 0..seeds {
        let steps = steps(seed);
        if let Ok(more) = run(&steps, defect) {
            counts.add(&more);
            continue;
        }
        let steps = shortest(steps, |shorter| run(shorter, defect).is_err());
        let wrong = run(&steps, defect).unwrap_err();
        return Err((seed, steps, wrong));
    }
    Ok(counts)
}

#[test]
fn processes_with_faults_agree_with_the_model() {
    let seeds = u64::from(times(200, 10_000));
    let counts = first_failure(seeds, None)
        .unwrap_or_else(|(seed, steps, wrong)| panic!("seed {seed}: {wrong}\n{steps:#?}"));
    println!("{seeds} seeds: {counts:#?}");
    let Counts {
        commits,
        refusals,
        seat_refusals,
        conflicts,
        unknown,
        late_arrivals,
        gaps,
        left_behind,
        compactions,
        starts_from_snapshots,
        ticks,
        ends,
        late_clocks,
    } = counts;
    // Everything that the steps are about does happen.
    for (name, count) in [
        ("commits", commits),
        ("refusals", refusals),
        ("refusals for seats", seat_refusals),
        ("conflicts", conflicts),
        ("unknown outcomes", unknown),
        ("late arrivals", late_arrivals),
        ("gaps", gaps),
        ("processes left behind", left_behind),
        ("compactions", compactions),
        ("starts from snapshots", starts_from_snapshots),
        ("ticks", ticks),
        ("ends", ends),
        ("batches by a late clock", late_clocks),
    ] {
        assert!(count >= 5, "only {count} {name} in {seeds} seeds");
    }
}

/// A seed gives the same steps and the same run each time.
#[test]
fn a_seed_is_repeatable() {
    for seed in 0..5 {
        assert_eq!(steps(seed), steps(seed));
        let counts = || format!("{:?}", run(&steps(seed), None));
        assert_eq!(counts(), counts());
    }
}

/// Finds a defect within the default number of seeds, in few steps.
fn finds(defect: Defect, words: &str) {
    let Err((seed, steps, wrong)) = first_failure(200, Some(defect)) else {
        panic!("{defect:?} is not found")
    };
    println!("{defect:?}: seed {seed}: {wrong}\n{steps:#?}");
    assert!(wrong.contains(words), "{wrong}");
    assert!(steps.len() <= 4, "{} steps: {steps:#?}", steps.len());
}

#[test]
fn an_append_that_is_repeated_without_looking_is_found() {
    finds(Defect::AppendsAgainWithoutLooking, "step");
}

#[test]
fn an_append_without_its_condition_is_found() {
    finds(Defect::AppendsUnconditionally, "step");
}

/// The model counts the seats: two processes take the last one if the journal lets them.
#[test]
fn two_processes_on_the_last_seat_are_found() {
    let add = |process, user, faults| Step::Execute { process, change: Change::Add(user), faults };
    let overtaken = Fault::Overtaken { by: 1, change: Change::Add(2) };
    let steps = [add(0, 0, [None; 2]), Step::CatchUp { process: 2 }, add(2, 1, [Some(overtaken), None])];
    assert!(run(&steps, None).is_ok_and(|counts| counts.seat_refusals == 1 && counts.conflicts == 2));
    let wrong = run(&steps, Some(Defect::AppendsUnconditionally)).unwrap_err();
    assert_eq!(wrong, "step 2: designer is oversold: 3 of 2");
}

#[test]
fn an_answer_before_the_commit_is_stored_is_found() {
    finds(Defect::AnswersBeforeStoring, "shows another revision");
}

#[test]
fn publishing_before_the_append_is_found() {
    finds(Defect::PublishesBeforeAppending, "shows another revision");
}

#[test]
fn following_with_a_gap_is_found() {
    finds(Defect::FollowsWithGaps, "process");
}

#[test]
fn a_restart_without_the_commits_after_the_snapshot_is_found() {
    finds(Defect::RestartsWithoutCatchingUp, "starts at");
}

#[test]
fn a_commit_without_what_is_due_is_found() {
    finds(Defect::ForgetsWhatIsDue, "the history contradicts itself");
}

#[test]
fn a_commit_by_a_clock_that_is_behind_is_found() {
    finds(Defect::TurnsTheClockBack, "step");
}
