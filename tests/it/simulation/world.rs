//! Several authorities on one journal with faults, in one thread, and the model that they are compared with.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use entitle::authority::ExecuteError;
use entitle::catalog::{Catalog, Profile};
use entitle::change::{Commit, Event};
use entitle::journal::{AppendError, Continuity, Journal, MemoryError, MemoryJournal, Snapshots};
use entitle::{Authority, Batch, Directory, License, Timestamp};

use super::steps::{Change, Fault, PROCESSES, Step};

/// The seats of each profile.
const SEATS: [(&str, u64); 2] = [("designer", 2), ("reader", 3)];

/// The clock of each process, beside that of the world.
const CLOCKS: [u64; PROCESSES] = [0, 10, 20];

/// A defect that is planted, to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    /// The journal appends again when it got no answer, wherever it then ends.
    AppendsAgainWithoutLooking,
    /// The journal appends whatever it ends with.
    AppendsUnconditionally,
    /// The journal answers before it stores, and may then lose the request.
    AnswersBeforeStoring,
    /// A process publishes before it appends.
    PublishesBeforeAppending,
    /// A process takes commits for the next ones when it missed some.
    FollowsWithGaps,
    /// A process that restarts begins with the snapshot alone.
    RestartsWithoutCatchingUp,
    /// A process commits without what its commit ends.
    ForgetsWhatIsDue,
    /// A process commits by its own clock, also when that is before the last commit.
    TurnsTheClockBack,
}

/// The error of a process's connection.
#[derive(Debug)]
pub(super) enum LinkError {
    Lost,
    Journal(Box<MemoryError>),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("no answer"),
            Self::Journal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LinkError {}

fn link(error: MemoryError) -> LinkError {
    LinkError::Journal(Box::new(error))
}

fn failed(error: AppendError<MemoryError>) -> AppendError<LinkError> {
    match error {
        AppendError::Conflict { found } => AppendError::Conflict { found },
        AppendError::Store(error) => AppendError::Store(link(error)),
    }
}

/// A process's connection to the journal.
pub(super) struct Link {
    world: Weak<World>,
    process: usize,
}

impl Link {
    fn world(&self) -> Arc<World> {
        self.world.upgrade().unwrap()
    }
}

impl Journal for Link {
    type Error = LinkError;

    fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<LinkError>> {
        let world = self.world();
        let commits = &world.spoilt(self.process, commits);
        let lost = Err(AppendError::Store(LinkError::Lost));
        match world.next_fault(self.process) {
            None => world.store(expected, commits),
            Some(Fault::Overtaken { by, change }) => {
                world.nested(by, change);
                world.store(expected, commits)
            }
            Some(Fault::LostBefore) => lost,
            Some(Fault::LostAfter) => {
                world.store(expected, commits)?;
                if world.defect == Some(Defect::AppendsAgainWithoutLooking) {
                    return world.store_after_the_last(commits);
                }
                lost
            }
            Some(Fault::Delayed) => {
                world.delayed.lock().unwrap().push_back((expected, commits.clone()));
                if world.defect == Some(Defect::AnswersBeforeStoring) { Ok(()) } else { lost }
            }
            Some(Fault::Duplicated) => {
                let answer = world.store(expected, commits);
                let _ = world.store(expected, commits);
                answer
            }
        }
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, LinkError> {
        self.world().journal.read_after(revision).map_err(link)
    }

    fn continuity(&self, error: &LinkError) -> Continuity {
        match error {
            LinkError::Journal(error) => self.world().journal.continuity(error),
            LinkError::Lost => Continuity::Unknown,
        }
    }
}

impl Snapshots for Link {
    fn store_snapshot(&self, directory: &Directory) -> Result<(), LinkError> {
        self.world().journal.store_snapshot(directory).map_err(link)
    }

    fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, LinkError> {
        self.world().journal.latest_snapshot(catalog).map_err(link)
    }

    fn compact(&self, through: u64) -> Result<u64, LinkError> {
        self.world().journal.compact(through).map_err(link)
    }
}

type Process = Arc<Authority<Link>>;

/// An append that arrives later: the revision that it expects, and its commits.
type Request = (u64, Vec<Commit>);

pub(super) struct World {
    defect: Option<Defect>,
    journal: MemoryJournal,
    processes: Mutex<Vec<Process>>,
    /// The faults of the next appends of each process.
    faults: Mutex<[VecDeque<Fault>; PROCESSES]>,
    delayed: Mutex<VecDeque<Request>>,
    clock: AtomicU64,
    model: Mutex<Model>,
}

/// What the journal was given, and what callers were answered.
#[derive(Default)]
struct Model {
    history: Vec<Commit>,
    /// The directory of each revision.
    directories: Vec<Directory>,
    /// The commits that callers were told of, by the text of their batches.
    acknowledged: BTreeMap<String, Commit>,
    /// The texts of the batches that callers were told are not committed.
    refused: BTreeSet<String>,
    wrong: Vec<String>,
    counts: Counts,
}

/// The numbers of what happened, so that a test can tell whether anything did.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) commits: u64,
    pub(super) refusals: u64,
    pub(super) seat_refusals: u64,
    pub(super) conflicts: u64,
    pub(super) unknown: u64,
    pub(super) late_arrivals: u64,
    pub(super) gaps: u64,
    pub(super) left_behind: u64,
    pub(super) compactions: u64,
    pub(super) starts_from_snapshots: u64,
    pub(super) ticks: u64,
    pub(super) ends: u64,
    /// Batches of a process whose clock is before the last commit.
    pub(super) late_clocks: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.commits += other.commits;
        self.refusals += other.refusals;
        self.seat_refusals += other.seat_refusals;
        self.conflicts += other.conflicts;
        self.unknown += other.unknown;
        self.late_arrivals += other.late_arrivals;
        self.gaps += other.gaps;
        self.left_behind += other.left_behind;
        self.compactions += other.compactions;
        self.starts_from_snapshots += other.starts_from_snapshots;
        self.ticks += other.ticks;
        self.ends += other.ends;
        self.late_clocks += other.late_clocks;
    }
}

fn catalog() -> Catalog {
    Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build().unwrap()
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::MembershipEnded { .. } | Event::InvitationExpired { .. })
}

impl Model {
    fn new() -> Self {
        Self { directories: vec![Directory::new(catalog())], ..Self::default() }
    }

    fn ensure(&mut self, holds: bool, wrong: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(wrong());
        }
    }

    /// Records commits that the journal stored.
    fn stored(&mut self, commits: &[Commit]) {
        for commit in commits {
            self.history.push(commit.clone());
            let Some(last) = self.directories.last() else { return };
            match last.replay([commit]) {
                Ok(next) => {
                    let overdue = next.is_overdue(commit.at);
                    self.ensure(!overdue, || format!("what was due by {} has not ended", commit.at));
                    self.counts.ends += commit.events.iter().filter(|event| is_end(event)).count() as u64;
                    for (profile, seats) in SEATS {
                        let held = next.holders(profile).len();
                        let oversold = held > usize::try_from(seats).unwrap();
                        self.ensure(!oversold, || format!("{profile} is oversold: {held} of {seats}"));
                    }
                    self.directories.push(next);
                }
                Err(error) => self.wrong.push(format!("the history contradicts itself: {error}")),
            }
        }
    }

    /// Checks that a process shows a state of the history.
    fn seen(&mut self, process: usize, directory: &Directory) {
        let revision = directory.revision();
        let known = usize::try_from(revision).ok().and_then(|place| self.directories.get(place));
        let same = known == Some(directory);
        self.ensure(same, || format!("process {process} shows another revision {revision} than the journal"));
    }
}

impl World {
    fn new(defect: Option<Defect>) -> Arc<Self> {
        let world = Arc::new(Self {
            defect,
            journal: MemoryJournal::new(),
            processes: Mutex::default(),
            faults: Mutex::default(),
            delayed: Mutex::default(),
            clock: AtomicU64::new(0),
            model: Mutex::new(Model::new()),
        });
        let license = SEATS
            .iter()
            .fold(License::new("acme"), |license, (profile, seats)| license.seats(*profile, *seats));
        let setup = Batch::host(Timestamp::EPOCH).by("setup").add(license);
        let first = Directory::new(catalog()).plan(setup).unwrap().commit().unwrap();
        world.store(0, &[first]).unwrap();
        for process in 0..PROCESSES {
            let process = world.start(process);
            world.processes.lock().unwrap().push(process);
        }
        world
    }

    fn start(self: &Arc<Self>, process: usize) -> Process {
        let link = Link { world: Arc::downgrade(self), process };
        let snapshot = self.journal.latest_snapshot(&catalog()).unwrap();
        self.model(|model| model.counts.starts_from_snapshots += u64::from(snapshot.is_some()));
        Arc::new(match (self.defect, snapshot) {
            (Some(Defect::RestartsWithoutCatchingUp), Some(snapshot)) => {
                let journal_ends = self.journal.last_revision();
                let authority = Authority::new(snapshot, link);
                self.model(|model| {
                    let revision = authority.load().revision();
                    let current = revision == journal_ends;
                    model.ensure(current, || {
                        format!("process {process} starts at {revision}, not {journal_ends}")
                    });
                });
                authority
            }
            _ => Authority::open_latest(catalog(), link).unwrap(),
        })
    }

    fn model<T>(&self, with: impl FnOnce(&mut Model) -> T) -> T {
        with(&mut self.model.lock().unwrap())
    }

    fn process(&self, process: usize) -> Process {
        Arc::clone(&self.processes.lock().unwrap()[process])
    }

    fn next_fault(&self, process: usize) -> Option<Fault> {
        self.faults.lock().unwrap()[process].pop_front()
    }

    /// Appends to the journal, and records what it stored.
    fn store(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<LinkError>> {
        if self.defect == Some(Defect::AppendsUnconditionally) {
            return self.store_after_the_last(commits);
        }
        let appended = self.journal.append(expected, commits);
        self.model(|model| match &appended {
            Ok(()) => model.stored(commits),
            Err(AppendError::Conflict { .. }) => model.counts.conflicts += 1,
            Err(AppendError::Store(_)) => {}
        });
        appended.map_err(failed)
    }

    /// Appends commits with other revisions: those after the last one.
    fn store_after_the_last(&self, commits: &[Commit]) -> Result<(), AppendError<LinkError>> {
        let last = self.journal.last_revision();
        let renumbered = (last + 1..).zip(commits);
        let renumbered: Vec<Commit> =
            renumbered.map(|(revision, commit)| Commit { revision, ..commit.clone() }).collect();
        self.journal.append(last, &renumbered).map_err(failed)?;
        self.model(|model| model.stored(&renumbered));
        Ok(())
    }

    /// The time by the clock of a process.
    fn now(&self, process: usize) -> u64 {
        self.clock.load(Ordering::SeqCst) + CLOCKS[process]
    }

    /// The commits of a process as a defect spoils them.
    fn spoilt(&self, process: usize, commits: &[Commit]) -> Vec<Commit> {
        let mut commits = commits.to_vec();
        for commit in &mut commits {
            match self.defect {
                Some(Defect::ForgetsWhatIsDue) => commit.events.retain(|event| !is_end(event)),
                Some(Defect::TurnsTheClockBack) => commit.at = Timestamp::from_millis(self.now(process)),
                _ => {}
            }
        }
        commits
    }

    /// Executes a batch of another process, while one waits for its append.
    fn nested(self: &Arc<Self>, process: usize, change: Change) {
        let faults = std::mem::take(&mut self.faults.lock().unwrap()[process]);
        let number = self.model(|model| model.acknowledged.len() + model.refused.len());
        self.execute(process, change, &format!("nested {number} in process {process}"));
        self.faults.lock().unwrap()[process] = faults;
    }

    fn execute(self: &Arc<Self>, process: usize, change: Change, by: &str) {
        self.execute_batch(process, change.batch(self.now(process), by), by);
    }

    /// Does what the keeper of time of a process does in each turn.
    fn keep(self: &Arc<Self>, process: usize, by: &str) {
        let now = Timestamp::from_millis(self.now(process));
        if !self.process(process).load().is_overdue(now) {
            return;
        }
        self.execute_batch(process, Batch::host(now).by(by), by);
        let authority = self.process(process);
        self.model(|model| {
            model.counts.ticks += 1;
            let answered = model.acknowledged.contains_key(by);
            let overdue = answered && authority.load().is_overdue(now);
            model.ensure(!overdue, || format!("process {process} ticked, and something is due"));
        });
    }

    fn execute_batch(self: &Arc<Self>, process: usize, batch: Batch, by: &str) {
        let authority = self.process(process);
        let last = self.model(|model| model.history.last().map(|commit| commit.at));
        let late = last > Some(Timestamp::from_millis(self.now(process)));
        self.model(|model| model.counts.late_clocks += u64::from(late));
        if self.defect == Some(Defect::PublishesBeforeAppending) {
            publish_and_append(&authority, batch);
            return;
        }
        let result = authority.execute(batch);
        self.model(|model| match &result {
            Ok(executed) => {
                let Some(commit) = executed.commit() else { return };
                model.counts.commits += 1;
                let twice = model.acknowledged.insert(by.into(), commit.clone()).is_some();
                model.ensure(!twice, || format!("{by} is acknowledged twice"));
            }
            Err(ExecuteError::Refused(refusal)) => {
                model.counts.refusals += 1;
                model.counts.seat_refusals += u64::from(refusal.code() == "seat_limit");
                model.refused.insert(by.into());
            }
            Err(ExecuteError::Contended { .. } | ExecuteError::CatchUp(_)) => {
                model.refused.insert(by.into());
            }
            Err(ExecuteError::Journal(error)) if matches!(**error, LinkError::Lost) => {
                model.counts.unknown += 1;
            }
            Err(error) => model.wrong.push(format!("{by}: {error}")),
        });
        if let Err(ExecuteError::CatchUp(error)) = result {
            self.left_behind(process, &error);
        }
    }

    /// A process that cannot read on must have been left behind by a compaction. It denies, and starts again.
    fn left_behind(self: &Arc<Self>, process: usize, error: &dyn fmt::Display) {
        let authority = self.process(process);
        let (revision, begins_after) = (authority.load().revision(), self.journal.begins_after());
        self.model(|model| {
            model.counts.left_behind += 1;
            model.ensure(revision < begins_after, || {
                format!(
                    "process {process} at {revision} cannot follow a journal after {begins_after}: {error}"
                )
            });
            model.ensure(authority.current().is_err(), || format!("process {process} is behind and allows"));
        });
        self.restart(process);
    }

    fn restart(self: &Arc<Self>, process: usize) {
        let started = self.start(process);
        self.processes.lock().unwrap()[process] = started;
    }

    fn catch_up(self: &Arc<Self>, process: usize) {
        if let Err(error) = self.process(process).catch_up() {
            self.left_behind(process, &error);
        }
    }

    fn arrive(&self) {
        let request = self.delayed.lock().unwrap().pop_front();
        let Some((expected, commits)) = request else { return };
        if self.store(expected, &commits).is_ok() {
            self.model(|model| model.counts.late_arrivals += 1);
        }
    }

    fn deliver(&self, process: usize, known: u64, missed: u64, count: u64) {
        let authority = self.process(process);
        let before = authority.load().revision();
        let first = if missed > 0 { before + missed } else { before.saturating_sub(known) };
        let chosen = |commit: &&Commit| commit.revision > first;
        let count = usize::try_from(count).unwrap();
        let mut commits: Vec<Commit> =
            self.model(|model| model.history.iter().filter(chosen).take(count).cloned().collect());
        if missed > 0 && self.defect == Some(Defect::FollowsWithGaps) {
            for (revision, commit) in (before + 1..).zip(&mut commits) {
                commit.revision = revision;
            }
        }
        let gap = missed > 0 && !commits.is_empty();
        let followed = authority.follow(&commits);
        self.model(|model| {
            model.counts.gaps += u64::from(gap);
            let right = followed.is_err() == gap;
            model.ensure(right, || {
                format!("process {process} follows with a gap: {gap}, and got {followed:?}")
            });
            let stopped = authority.current().is_err();
            model.ensure(!gap || stopped, || format!("process {process} missed a commit and allows"));
        });
    }

    fn compact(&self, keep: u64) {
        let before = self.journal.begins_after();
        let through = self.journal.last_revision().saturating_sub(keep);
        let begins_after = self.journal.compact(through).unwrap();
        self.model(|model| model.counts.compactions += u64::from(begins_after > before));
    }

    fn step(self: &Arc<Self>, number: usize, step: Step) {
        match step {
            Step::Execute { process, change, faults } => {
                self.faults.lock().unwrap()[process] = faults.into_iter().flatten().collect();
                self.execute(process, change, &format!("step {number} in process {process}"));
                self.faults.lock().unwrap()[process].clear();
            }
            Step::Arrive => self.arrive(),
            Step::Later { by } => {
                self.clock.fetch_add(by, Ordering::SeqCst);
            }
            Step::Keep { process, faults } => {
                self.faults.lock().unwrap()[process] = faults.into_iter().flatten().collect();
                self.keep(process, &format!("tick {number} in process {process}"));
                self.faults.lock().unwrap()[process].clear();
            }
            Step::CatchUp { process } => self.catch_up(process),
            Step::Deliver { process, known, missed, count } => self.deliver(process, known, missed, count),
            Step::Restart { process } => self.restart(process),
            Step::Snapshot { process } => {
                let directory = self.process(process).load();
                // A process that is left behind has nothing that the journal could use.
                if directory.revision() >= self.journal.begins_after() {
                    let stored = self.journal.store_snapshot(&directory);
                    self.model(|model| model.ensure(stored.is_ok(), || format!("{stored:?}")));
                }
            }
            Step::Compact { keep } => self.compact(keep),
        }
        for (process, authority) in (0..).zip(self.processes.lock().unwrap().iter()) {
            let directory = authority.load();
            self.model(|model| model.seen(process, &directory));
        }
    }

    /// Lets everything arrive, and compares all processes and a new one with the history.
    fn settle(self: &Arc<Self>) {
        while !self.delayed.lock().unwrap().is_empty() {
            self.arrive();
        }
        for process in (0..PROCESSES).chain(0..PROCESSES) {
            if self.model(|model| !model.wrong.is_empty()) {
                return;
            }
            self.catch_up(process);
            self.keep(process, &format!("last tick in process {process}"));
        }
        for process in 0..PROCESSES {
            let (authority, now) = (self.process(process), Timestamp::from_millis(self.now(process)));
            self.model(|model| {
                let overdue = authority.load().is_overdue(now);
                model.ensure(!overdue, || format!("process {process} keeps what was due by {now}"));
            });
        }
        let mut ends: Vec<Arc<Directory>> =
            (0..PROCESSES).map(|process| self.process(process).load()).collect();
        ends.push(self.start(PROCESSES).load());
        self.model(|model| {
            let replayed = Directory::new(catalog()).replay(&model.history).ok();
            for (process, end) in ends.iter().enumerate() {
                let equal = replayed.as_ref() == Some(&**end);
                model.ensure(equal, || format!("process {process} ends unlike a replay of the history"));
                model.ensure(end.audit().is_ok(), || format!("process {process}: {:?}", end.audit()));
            }
            for (process, authority) in (0..).zip(self.processes.lock().unwrap().iter()) {
                let current = authority.current();
                model.ensure(current.is_ok(), || format!("process {process} has read all and denies"));
            }
            check_answers(model);
        });
    }
}

/// What callers were answered is what the history has.
fn check_answers(model: &mut Model) {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for commit in &model.history {
        let by = &commit.by;
        if !seen.insert(by.clone()) {
            wrong.push(format!("{by} is committed twice"));
        }
        if model.refused.contains(by) {
            wrong.push(format!("{by} is refused and committed"));
        }
    }
    for (by, commit) in &model.acknowledged {
        let place = usize::try_from(commit.revision).ok().and_then(|revision| revision.checked_sub(1));
        if place.and_then(|place| model.history.get(place)) != Some(commit) {
            wrong.push(format!("{by} is acknowledged at revision {} and not there", commit.revision));
        }
    }
    model.wrong.extend(wrong);
}

/// The defect of a process that shows what is not stored.
fn publish_and_append(authority: &Authority<Link>, batch: Batch) {
    let Ok(plan) = authority.plan(batch) else { return };
    let Some(commit) = plan.commit() else { return };
    let expected = plan.base_revision();
    if authority.publish(plan).is_ok() {
        let _ = authority.journal().append(expected, &[commit]);
    }
}

/// Runs the steps, up to the first that goes wrong.
pub(super) fn run(steps: &[Step], defect: Option<Defect>) -> Result<Counts, String> {
    let world = World::new(defect);
    let wrong = || world.model(|model| model.wrong.first().cloned());
    for (number, step) in steps.iter().enumerate() {
        world.step(number, *step);
        if let Some(wrong) = wrong() {
            return Err(format!("step {number}: {wrong}"));
        }
    }
    world.settle();
    match wrong() {
        Some(wrong) => Err(format!("at the end: {wrong}")),
        None => Ok(world.model(|model| model.counts.clone())),
    }
}
