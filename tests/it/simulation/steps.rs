//! The steps of a simulation, drawn from a seed.

use entitle::{Batch, Command, Timestamp};

use crate::history::Numbers;

pub(super) const PROCESSES: usize = 3;
const USERS: u64 = 6;

/// A change that a caller of a process wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Add(u64),
    Remove(u64),
    Suspend(u64),
    Reinstate(u64),
    Assign(u64, &'static str),
    Swap(u64, u64),
    AddGroup(u64),
    RemoveGroup(u64),
    /// A user joins a group for some time.
    Join(u64, u64, u64),
    /// A seat is reserved for a user for some time.
    Invite(u64, u64),
}

impl Change {
    fn random(numbers: &mut Numbers) -> Self {
        let (user, other) = (numbers.below(USERS), numbers.below(USERS));
        match numbers.below(16) {
            // There are more users than seats, so most of this is about the last one.
            0..=3 => Self::Add(user),
            4 => Self::Remove(user),
            5 => Self::Suspend(user),
            6 => Self::Reinstate(user),
            7 => Self::Assign(user, "designer"),
            8 => Self::Assign(user, "reader"),
            9 => Self::Swap(user, other),
            10 => Self::AddGroup(user),
            11 => Self::RemoveGroup(user),
            12 | 13 => Self::Join(user, other, 1 + numbers.below(40)),
            _ => Self::Invite(user, 1 + numbers.below(40)),
        }
    }

    pub(super) fn batch(self, at: u64, by: &str) -> Batch {
        let user = |number: u64| format!("u{number}");
        let batch = Batch::host(Timestamp::from_millis(at)).by(by);
        match self {
            Self::Add(number) => batch.add(Command::add_user(user(number)).profile("designer")),
            Self::Remove(number) => batch.add(Command::remove_user(user(number))),
            Self::Suspend(number) => batch.add(Command::suspend(user(number))),
            Self::Reinstate(number) => batch.add(Command::reinstate(user(number))),
            Self::Assign(number, profile) => batch.add(Command::assign_profile(user(number), profile)),
            Self::Swap(one, other) => batch
                .add(Command::assign_profile(user(one), "reader"))
                .add(Command::assign_profile(user(other), "designer")),
            Self::AddGroup(number) => batch.add(Command::add_group(format!("g{number}"))),
            Self::RemoveGroup(number) => batch.add(Command::remove_group(format!("g{number}"))),
            Self::Join(number, group, lasts) => {
                let end = Timestamp::from_millis(at.saturating_add(lasts));
                let join = Command::join(user(number), format!("g{group}")).expires_at(end);
                batch.add(Command::add_group(format!("g{group}"))).add(join)
            }
            Self::Invite(number, lasts) => {
                let end = Timestamp::from_millis(at.saturating_add(lasts));
                batch.add(Command::invite(user(number)).profile("designer").expires_at(end))
            }
        }
    }
}

/// What happens to the append of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Another process commits between the plan and the append.
    Overtaken { by: usize, change: Change },
    /// The request is lost, and so is the answer.
    LostBefore,
    /// The request is stored, and its answer is lost.
    LostAfter,
    /// The caller gives up, and the request arrives at a later step.
    Delayed,
    /// The request arrives twice; the answer is the first one.
    Duplicated,
}

impl Fault {
    /// The faults of two appends, most often none.
    fn some(numbers: &mut Numbers, process: usize) -> [Option<Self>; 2] {
        [(); 2].map(|()| (numbers.below(3) == 0).then(|| Self::random(numbers, process)))
    }

    fn random(numbers: &mut Numbers, process: usize) -> Self {
        match numbers.below(6) {
            0 | 1 => {
                let by = (process + 1 + place(numbers, PROCESSES - 1)) % PROCESSES;
                Self::Overtaken { by, change: Change::random(numbers) }
            }
            2 => Self::LostBefore,
            3 => Self::LostAfter,
            4 => Self::Delayed,
            _ => Self::Duplicated,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A process executes a batch; the faults are those of its appends, the first one first.
    Execute { process: usize, change: Change, faults: [Option<Fault>; 2] },
    /// A request that was delayed arrives.
    Arrive,
    /// Time goes by.
    Later { by: u64 },
    /// The keeper of a process looks at its clock, and executes a tick if something is due.
    Keep { process: usize, faults: [Option<Fault>; 2] },
    /// A process reads the journal.
    CatchUp { process: usize },
    /// A process is handed commits of others: from some before its revision, or from after the next one if it misses any.
    Deliver { process: usize, known: u64, missed: u64, count: u64 },
    /// A process ends, and starts again from the journal.
    Restart { process: usize },
    /// A process stores its directory.
    Snapshot { process: usize },
    /// All commits but the last ones are removed, if a snapshot contains them.
    Compact { keep: u64 },
}

/// A number below a bound.
fn place(numbers: &mut Numbers, bound: usize) -> usize {
    usize::try_from(numbers.below(u64::try_from(bound).unwrap())).unwrap()
}

impl Step {
    fn random(numbers: &mut Numbers) -> Self {
        let process = place(numbers, PROCESSES);
        match numbers.below(29) {
            0..=10 => {
                let change = Change::random(numbers);
                Self::Execute { process, change, faults: Fault::some(numbers, process) }
            }
            22..=24 => Self::Later { by: 1 + numbers.below(15) },
            25..=28 => Self::Keep { process, faults: Fault::some(numbers, process) },
            11 | 12 => Self::Arrive,
            13 => Self::CatchUp { process },
            14..=17 => {
                let missed = if numbers.below(2) == 0 { 1 + numbers.below(2) } else { 0 };
                Self::Deliver { process, known: numbers.below(3), missed, count: 1 + numbers.below(5) }
            }
            18 => Self::Restart { process },
            19 | 20 => Self::Snapshot { process },
            _ => Self::Compact { keep: numbers.below(6) },
        }
    }
}

/// The steps of a seed.
pub(super) fn steps(seed: u64) -> Vec<Step> {
    // Seeds that follow each other would draw the same numbers, one place apart.
    let mut numbers = Numbers(Numbers(seed).below(u64::MAX));
    let length = 10 + numbers.below(50);
    (0..length).map(|_| Step::random(&mut numbers)).collect()
}
