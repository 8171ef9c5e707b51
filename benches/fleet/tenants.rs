//! Many small tenants in one process, opened from snapshots in memory.

use std::fmt;
use std::hint::black_box;
use std::process::Command as Process;
use std::sync::Arc;

use allocation_counter::measure as counted;
use entitle::Directory;
use entitle::authority::{TenantAuthority, TenantStore, Tenants};
use entitle::catalog::Catalog;
use entitle::change::Commit;
use entitle::journal::{AppendError, Journal, Snapshots};

use crate::clock::nanos;
use crate::report::Target::AtMost;
use crate::report::{note, row, value};
use crate::worlds::{SMALL, World, catalog, is_test};
use crate::{is_full, median_and_worst};

const KIB: f64 = 1024.0;
const MB: f64 = 1e6;

/// The bytes that each tenant may take.
const EACH: f64 = 52.0 * KIB;

/// The number of tenants of which each is opened while nothing else happens.
const OPENED: usize = 1_000;

/// The journals of tenants that all begin with one stored directory, or with none.
struct InMemory {
    stored: Option<Arc<[u8]>>,
}

/// The journal of one tenant: a snapshot and no commits.
#[derive(Debug)]
struct Stored(Option<Arc<[u8]>>);

/// The reason of every error.
#[derive(Debug)]
struct StoredError(String);

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoredError {}

impl Journal for Stored {
    type Error = StoredError;

    fn append(&self, _: u64, _: &[Commit]) -> Result<(), AppendError<StoredError>> {
        Err(AppendError::Store(StoredError("the tenants are only read".into())))
    }

    fn read_after(&self, _: u64) -> Result<Vec<Commit>, StoredError> {
        Ok(Vec::new())
    }
}

impl Snapshots for Stored {
    fn store_snapshot(&self, _: &Directory) -> Result<(), StoredError> {
        Err(StoredError("the tenants are only read".into()))
    }

    fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, StoredError> {
        let read = |bytes: &Arc<[u8]>| Directory::read_binary_with_catalog(catalog.clone(), &**bytes);
        self.0.as_ref().map(read).transpose().map_err(|error| StoredError(error.to_string()))
    }

    fn compact(&self, _: u64) -> Result<u64, StoredError> {
        Ok(0)
    }
}

impl TenantStore for InMemory {
    type Journal = Stored;

    fn journal(&self, _: &str) -> Result<Stored, StoredError> {
        Ok(Stored(self.stored.clone()))
    }

    fn last_revisions(&self, tenants: &[Arc<str>]) -> Result<Vec<Option<u64>>, StoredError> {
        Ok(vec![Some(0); tenants.len()])
    }
}

/// The small world, its directory and the stored form of it.
fn small() -> (World, Directory, Arc<[u8]>) {
    let world = World::new(SMALL);
    let directory = world.build();
    let mut bytes = Vec::new();
    directory.write_binary_to(&mut bytes).unwrap();
    (world, directory, bytes.into())
}

fn serve(catalog: Catalog, stored: Option<Arc<[u8]>>, budget: Option<u64>) -> Tenants<InMemory> {
    let tenants = Tenants::new(catalog, InMemory { stored }).threads(1);
    let tenants = if let Some(bytes) = budget { tenants.budget(bytes) } else { tenants };
    tenants.start().unwrap()
}

fn open(tenants: &Tenants<InMemory>, number: usize) -> TenantAuthority<InMemory> {
    tenants.open(&format!("tenant-{number}")).unwrap()
}

/// Opens a tenant and compares its answers with those of the lists.
fn check(world: &World, directory: &Directory, tenants: &Tenants<InMemory>) {
    let opened = open(tenants, 0).load();
    assert!(*opened == *directory, "another directory is opened");
    assert_eq!(world.asked(&opened, &world.questions(1_000)).len(), 1_000);
}

/// The memory of this process, in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * KIB
}

/// The task of a new process, which opens a number of tenants, with or without a budget, and prints how many are open, their
/// estimated size, and the bytes by which the memory of the process grew.
const OPEN: &str = "--open";

pub(crate) fn is_one() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, count, budget] = &arguments[..] else { return false };
    if what != OPEN {
        return false;
    }
    let (count, budget): (usize, u64) = (count.parse().unwrap(), budget.parse().unwrap());
    let (world, directory, bytes) = small();
    let tenants = serve(directory.catalog().clone(), Some(bytes), (budget > 0).then_some(budget));
    check(&world, &directory, &tenants);
    tenants.close("tenant-0");
    let before = resident();
    for number in 0..count {
        assert_eq!(open(&tenants, number).load().user_count(), SMALL.users);
    }
    let entitle::authority::OpenTenants { count: open, estimated_size: size, .. } = tenants.open_tenants();
    println!("{open} {size} {}", resident() - before);
    // The memory of a process that ends is not given back piece by piece.
    std::process::exit(0);
}

/// Opens tenants in a new process, and returns the number of open ones, their estimated size, and the growth in bytes.
fn open_in_process(count: usize, budget: u64) -> (u64, u64, f64) {
    let mut process = Process::new(std::env::current_exe().unwrap());
    let output = process.args([OPEN, &count.to_string(), &budget.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    let [open, size, grown] = words[..] else { panic!("{text}") };
    (open.parse().unwrap(), size.parse().unwrap(), grown.parse().unwrap())
}

/// The bytes of each of some empty directories, and of empty tenants with their authorities.
fn empty(catalog: &Catalog, count: usize) -> [f64; 2] {
    let mut directories = Vec::with_capacity(count);
    let taken = counted(|| directories.extend((0..count).map(|_| Directory::new(catalog.clone()))));
    let alone = size_of::<Directory>() as f64 + taken.bytes_current as f64 / count as f64;
    let tenants = serve(catalog.clone(), None, None);
    assert!(*open(&tenants, count).load() == directories[0], "another directory is opened");
    let taken = counted(|| (0..count).for_each(|number| drop(open(&tenants, number))));
    assert_eq!(tenants.open_tenants().count, count as u64 + 1);
    [alone, taken.bytes_current as f64 / count as f64]
}

/// The bytes of each of some tenants, and of the directory alone.
fn full(catalog: &Catalog, bytes: &Arc<[u8]>, count: usize) -> [f64; 2] {
    let mut directories = Vec::with_capacity(count);
    let read = |_| Directory::read_binary_with_catalog(catalog.clone(), &**bytes).unwrap();
    let taken = counted(|| directories.extend((0..count).map(read)));
    let alone = size_of::<Directory>() as f64 + taken.bytes_current as f64 / count as f64;
    drop(directories);
    let tenants = serve(catalog.clone(), Some(Arc::clone(bytes)), None);
    // The first one pays for what all share.
    drop(open(&tenants, count));
    let taken = counted(|| (0..count).for_each(|number| drop(open(&tenants, number))));
    assert_eq!(tenants.open_tenants().count, count as u64 + 1);
    [alone, taken.bytes_current as f64 / count as f64]
}

fn opening(tenants: &Tenants<InMemory>) {
    let times = (0..OPENED).map(|number| nanos(|| black_box(open(tenants, number))) / 1e6).collect();
    let (median, worst) = median_and_worst(times);
    row("tenants/open/median", median, " ms", AtMost(0.5));
    value("tenants/open/worst", worst, " ms");
}

pub(crate) fn measure() {
    let (world, directory, bytes) = small();
    let catalog = catalog();
    check(&world, &directory, &serve(catalog.clone(), Some(Arc::clone(&bytes)), None));
    let [test, full_form] = [is_test(), is_full() && !is_test()];
    let count = match (test, full_form) {
        (true, _) => 20,
        (false, true) => 100_000,
        (false, false) => 1_000,
    };
    let [empty_directory, empty_tenant] = empty(&catalog, count.min(1_000));
    let [alone, each] = full(&catalog, &bytes, count);
    // A fifth of what all take together.
    let budget = if full_form { 1_000_000_000 } else { count as u64 * 10_000 };
    let (open, size, grown) = open_in_process(count, budget);
    assert!(open > 0 && open < count as u64 && size <= budget, "{open} are open, {size} bytes");
    let (all, _, taken) = open_in_process(count, 0);
    assert_eq!(all, count as u64);
    if test {
        return;
    }
    opening(&serve(catalog, Some(bytes), None));
    row("tenants/empty/directory", empty_directory / KIB, " KiB", AtMost(2.0));
    row("tenants/empty/tenant", empty_tenant / KIB, " KiB", AtMost(2.0));
    value("tenants/small/directory", alone / KIB, " KiB");
    row("tenants/small/tenant", each / KIB, " KiB", AtMost(EACH / KIB));
    row(&format!("tenants/{count}/resident"), taken / MB, " MB", AtMost(count as f64 * 52_000.0 / MB));
    // A few tenants that are being opened or closed count where the budget is small.
    let name = format!("tenants/{count}/budget");
    if full_form {
        row(&name, grown / MB, " MB", AtMost(budget as f64 / MB));
    } else {
        value(&name, grown / MB, " MB");
    }
    note(&format!("tenants/{count}/budget: {open} are open, estimated at {:.2} MB", size as f64 / MB));
}
