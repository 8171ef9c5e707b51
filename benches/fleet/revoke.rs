//! The time from a revoke in one process until another one denies.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use entitle::authority::{Authority, Worker};
use entitle::journal::postgres::{Listener, Notification, PostgresJournal};
use entitle::{Batch, Command, Grantee, ResourceId, UserId};

use crate::report::Target::AtMost;
use crate::report::{note, row, value};
use crate::server::Server;
use crate::worlds::{NOW, Permissions, Project, Random, SMALL, World, is_test, resource_name, user_name};
use crate::{connect, median_and_worst, open, provision};

/// The interval in which the other process reads the journal.
const INTERVAL: Duration = Duration::from_millis(100);

/// The longest wait for anything.
const LONG: Duration = Duration::from_secs(20);

/// The grant that is made and revoked.
struct Asked {
    user: UserId,
    resource: ResourceId<Project>,
    grantee: Grantee,
    name: String,
}

impl Asked {
    /// A user and a resource that nothing else lets the user read.
    fn new(world: &World, authority: &Authority<PostgresJournal>) -> Self {
        let places = (0..world.size.users).flat_map(|user| (0..200).map(move |resource| (user, resource)));
        let (user, resource) = places.into_iter().find(|at| world.allowed(at.0, at.1) == 0).unwrap();
        let directory = authority.load();
        let name = resource_name(resource);
        Self {
            user: directory.user_by_name(&user_name(user)).unwrap(),
            resource: directory.resource(&format!("p-{resource}")).unwrap(),
            grantee: Grantee::user(user_name(user)),
            name,
        }
    }

    /// Grants or revokes in a process, and returns the revision.
    fn change(&self, authority: &Authority<PostgresJournal>, grant: bool) -> u64 {
        let (to, on) = (self.grantee.clone(), self.name.as_str());
        let command: Command =
            if grant { Command::grant(to, on, ["read"]).into() } else { Command::revoke(to, on, ["read"]) };
        authority.execute(Batch::host(NOW).add(command)).unwrap().directory().revision()
    }
}

/// A change of the answer: what it is now, the revision of the directory that gave it, and when.
type Turn = (bool, u64, Instant);

/// Checks without a pause until it is stopped, and sends each change of the answer.
fn spin(
    authority: &Authority<PostgresJournal>,
    asked: &Asked,
    stop: &AtomicBool,
    checks: &AtomicU64,
    turns: &mpsc::Sender<Turn>,
) {
    let mut reader = authority.reader();
    let mut before = None;
    while !stop.load(Ordering::Relaxed) {
        let directory = reader.load();
        let answer = directory.check(asked.user, asked.resource, Permissions::READ).is_allowed();
        checks.fetch_add(1, Ordering::Relaxed);
        if before != Some(answer) {
            before = Some(answer);
            turns.send((answer, directory.revision(), Instant::now())).unwrap();
        }
    }
}

/// The way in which the other process learns of commits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Polling,
    Notify,
}

/// Reads the journal whenever the database notifies of a commit.
fn hear(listener: &Listener, worker: &Worker<PostgresJournal>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        if listener.wait(INTERVAL) != Notification::Nothing {
            worker.follow_now();
        }
    }
}

/// The times of some revokes in milliseconds, and of the calls that revoke.
fn revokes(server: &Server, tenant: &str, mode: Mode, count: usize) -> [Vec<f64>; 2] {
    let world = World::new(SMALL);
    provision(server, tenant, &world.build());
    let journal = connect(server).journal(tenant).unwrap();
    let one = open(journal.notifying(mode == Mode::Notify));
    let database = connect(server);
    let two = Arc::new(open(database.journal(tenant).unwrap()));
    let asked = Asked::new(&world, &one);
    let worker = Worker::new(Arc::clone(&two));
    let worker = if mode == Mode::Polling { worker.follow_every(INTERVAL) } else { worker };
    let worker = worker.start().unwrap();
    let listener = (mode == Mode::Notify).then(|| database.listener().unwrap());
    let (stop, checks) = (AtomicBool::new(false), AtomicU64::new(0));
    let (sender, turns) = mpsc::channel();
    let mut random = Random::new(5);
    let times = thread::scope(|scope| {
        // Ends the other threads also if a check fails.
        let _stop = StopAtEnd(&stop);
        scope.spawn(|| spin(&two, &asked, &stop, &checks, &sender));
        if let Some(listener) = &listener {
            // Notified at first when the connection is made.
            assert_eq!(listener.wait(LONG), Notification::Connected);
            scope.spawn(|| hear(listener, &worker, &stop));
        }
        assert!(!turns.recv_timeout(LONG).unwrap().0, "allowed before anything is granted");
        let mut times = [const { Vec::new() }; 2];
        for _ in 0..count {
            let granted = asked.change(&one, true);
            let (allowed, revision, _) = turns.recv_timeout(LONG).unwrap();
            assert_eq!((allowed, revision), (true, granted), "after a grant");
            // At another moment of the interval each time.
            thread::sleep(INTERVAL.mul_f64(f64::from(random.below(1_000)) / 1e3));
            let start = Instant::now();
            let revoked = asked.change(&one, false);
            let call = start.elapsed();
            let (allowed, revision, at) = turns.recv_timeout(LONG).unwrap();
            assert_eq!((allowed, revision), (false, revoked), "after a revoke");
            times[0].push(at.duration_since(start).as_secs_f64() * 1e3);
            times[1].push(call.as_secs_f64() * 1e3);
        }
        times
    });
    let checks = checks.into_inner();
    assert!(checks > 0);
    if !is_test() {
        note(&format!("{tenant}: {checks} checks by the thread that does nothing else"));
    }
    times
}

struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn report(group: &str, [seen, called]: [Vec<f64>; 2], median_target: Option<f64>, worst_target: f64) {
    let (median, worst) = median_and_worst(seen);
    match median_target {
        Some(target) => row(&format!("{group}/median"), median, " ms", AtMost(target)),
        None => value(&format!("{group}/median"), median, " ms"),
    }
    row(&format!("{group}/worst"), worst, " ms", AtMost(worst_target));
    let (median, worst) = median_and_worst(called);
    note(&format!("{group}: the call itself, median {median:.2} ms, worst {worst:.2} ms"));
}

pub(crate) fn polling(server: &Server) {
    let times = revokes(server, "revoke/polling", Mode::Polling, if is_test() { 2 } else { 100 });
    if !is_test() {
        report("revoke/polling", times, None, 150.0);
    }
}

pub(crate) fn notify(server: &Server) {
    let times = revokes(server, "revoke/notify", Mode::Notify, if is_test() { 2 } else { 100 });
    if !is_test() {
        report("revoke/notify", times, Some(10.0), 100.0);
    }
}
