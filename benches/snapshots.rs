//! The stored forms of a directory: bytes, and the time to write and to read them, as bytes and as lines of JSON.
//!
//! One row for each: `snapshots/world/form/what VALUE`. Every form that is measured is read back first and compared with
//! the directory. The two forms take turns. As a test (`cargo bench -- --test`) each is written and read once, in the
//! two smallest worlds, and nothing is measured. World L is added by `ENTITLE_FULL=1`; there each reading is in a process
//! of its own, because building a large world fragments the heap.

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

#[path = "ratios/clock.rs"]
mod clock;
#[path = "ratios/report.rs"]
mod report;
mod worlds;

use core::hint::black_box;

use clock::{lower_quartile, nanos};
use entitle::Directory;
use report::Target::AtMost;
use report::{row, value};
use worlds::{L, M, S, SMALL, World};

/// One stored form.
#[derive(Clone, Copy)]
enum Form {
    Binary,
    Lines,
}

const FORMS: [Form; 2] = [Form::Binary, Form::Lines];

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Lines => "lines",
        }
    }

    fn write(self, directory: &Directory) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Binary => directory.write_binary_to(&mut bytes).unwrap(),
            Self::Lines => directory.write_to(&mut bytes).unwrap(),
        }
        bytes
    }

    /// Reads with the catalog of the host, which a platform with many tenants shares among them.
    fn read(self, like: &Directory, bytes: &[u8]) -> Directory {
        let catalog = like.catalog().clone();
        match self {
            Self::Binary => Directory::read_binary_with_catalog(catalog, bytes).unwrap(),
            Self::Lines => Directory::read_with_catalog(catalog, bytes).unwrap(),
        }
    }
}

/// Writes and reads both forms, and compares what was read.
fn stored(directory: &Directory) -> [Vec<u8>; 2] {
    FORMS.map(|form| {
        let bytes = form.write(directory);
        assert!(form.read(directory, &bytes) == *directory, "{} is read as another directory", form.name());
        bytes
    })
}

/// A row, which may have a target.
fn line(name: &str, found: f64, unit: &str, most: Option<f64>) {
    match most {
        Some(most) => row(name, found, unit, AtMost(most)),
        None => value(name, found, unit),
    }
}

fn sizes(world: &World, stored: &[Vec<u8>; 2]) {
    let most = (world.size.users == L.users).then_some(100.0);
    for (form, (bytes, most)) in FORMS.into_iter().zip(stored.iter().zip([most, None])) {
        let name = format!("snapshots/{}/{}/size", world.size.name, form.name());
        line(&name, bytes.len() as f64 / 1e6, "MB", most);
    }
}

/// Times the forms in turn.
fn measure(world: &World, directory: &Directory, rounds: usize) {
    let stored = stored(directory);
    sizes(world, &stored);
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..rounds {
        for (place, form) in FORMS.into_iter().enumerate() {
            times[place].push(nanos(|| form.read(directory, &stored[place])));
            times[place + 2].push(nanos(|| form.write(directory)));
        }
    }
    let name = world.size.name;
    let most = (world.size.users == SMALL.users).then_some(0.5);
    for (place, times) in times.into_iter().enumerate() {
        let (form, what) = (FORMS[place % 2].name(), if place < 2 { "read" } else { "write" });
        let most = most.filter(|_| place == 0);
        line(&format!("snapshots/{name}/{form}/{what}"), lower_quartile(times) / 1e6, "ms", most);
    }
}

/// The task of a new process, which prints the seconds that it took.
const READ: &str = "--read";

fn reads_a_file() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, what, form, file] = &arguments[..] else { return false };
    if what != READ {
        return false;
    }
    let bytes = std::fs::read(file).unwrap();
    let like = Directory::new(worlds::catalog());
    let form = if form == Form::Binary.name() { Form::Binary } else { Form::Lines };
    println!("{}", nanos(|| black_box(form.read(&like, &bytes))) / 1e9);
    true
}

fn large() {
    let world = World::new(L);
    let directory = world.build();
    let stored = stored(&directory);
    sizes(&world, &stored);
    for form in FORMS {
        let seconds = nanos(|| form.write(&directory)) / 1e9;
        line(&format!("snapshots/L/{}/write", form.name()), seconds, "s", None);
    }
    drop((directory, world));
    let files = FORMS.map(|form| {
        let file = format!("entitle-snapshots-{}-{}", std::process::id(), form.name());
        std::env::temp_dir().join(file)
    });
    for (file, bytes) in files.iter().zip(&stored) {
        std::fs::write(file, bytes).unwrap();
    }
    drop(stored);
    let seconds = |form: Form, file| {
        let mut process = std::process::Command::new(std::env::current_exe().unwrap());
        let output = process.args([READ, form.name()]).arg(file).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<f64>().unwrap()
    };
    let mut best = [f64::INFINITY; 2];
    for _ in 0..3 {
        for place in 0..2 {
            best[place] = best[place].min(seconds(FORMS[place], &files[place]));
        }
    }
    for file in files {
        std::fs::remove_file(file).unwrap();
    }
    line("snapshots/L/binary/read", best[0], "s", Some(2.5));
    line("snapshots/L/lines/read", best[1], "s", None);
}

fn main() {
    if reads_a_file() {
        return;
    }
    if worlds::is_test() {
        for size in [SMALL, S] {
            stored(&World::new(size).build());
        }
        return;
    }
    for (size, rounds) in [(SMALL, 400), (S, 100), (M, 15)] {
        let world = World::new(size);
        measure(&world, &world.build(), rounds);
    }
    if std::env::var_os("ENTITLE_FULL").is_some() {
        large();
    }
}
