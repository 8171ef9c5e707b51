//! Checks that hold for any bytes: one function for each fuzz target.
//!
//! They are part of two programs, the fuzz targets and `cargo test`, which runs them over the kept inputs.

use crate::compare;
use crate::generate;
use crate::history::world;
use crate::side_by_side::SideBySide;
use entitle::catalog::Catalog;
use entitle::change::{Command, Commit, RefusalReason};
use entitle::directory::UserStatus;
use entitle::limits::MAX_TIME;
use entitle::scenario::Scenario;
use entitle::{Batch, Directory, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// Bytes choose a history; the crate and the oracle agree about every refusal, decision and figure in it, the
/// books balance after every commit, and the commits replay.
pub(crate) fn commands(bytes: &[u8]) {
    if let Err(difference) = agrees(bytes) {
        panic!("{difference}");
    }
}

fn agrees(bytes: &[u8]) -> Result<(), String> {
    let (history, known) = generate::read(bytes);
    let mut pair = SideBySide::new(&history.catalog);
    // The first steps rarely fail, and comparing takes most of the time, so only their end is compared.
    for step in &history.steps[..known] {
        let _ = pair.outcome_of(step)?;
    }
    compare::everything(&pair.oracle, &pair.directory)?;
    for step in &history.steps[known..] {
        let _ = pair.step(step)?;
    }
    pair.replays()
}

/// Bytes are a stored directory: an error, or a sound directory that is written and read back equal.
#[cfg(feature = "json")]
pub(crate) fn stored(bytes: &[u8]) {
    for form in [bytes.to_vec(), sealed(bytes)] {
        if let Ok(directory) = Directory::read_from(&form[..]) {
            is_sound(&directory);
        }
    }
}

/// Bytes are the records of the binary form, unchanged and with a header and a right checksum: an error, or a sound
/// directory that is written and read back equal.
#[cfg(feature = "binary")]
pub(crate) fn binary(bytes: &[u8]) {
    for form in [bytes.to_vec(), sealed_binary(bytes)] {
        if let Ok(directory) = Directory::read_binary_from(&form[..]) {
            is_sound(&directory);
        }
    }
}

/// Bytes are lines of commits, unchanged and renumbered: an error, or sound directories.
pub(crate) fn journal(bytes: &[u8]) {
    let lines: Result<Vec<Value>, _> =
        bytes.split(|byte| *byte == b'\n').map(serde_json::from_slice).collect();
    let Ok(lines) = lines else { return };
    let (directories, _) = world::small();
    let first = lines.first().and_then(|line| line["revision"].as_u64()).unwrap_or(1);
    let base = usize::try_from(first.saturating_sub(1)).unwrap_or(usize::MAX).min(directories.len() - 1);
    replays(&directories[base], lines.clone());
    let numbered = lines.into_iter().zip(directories[base].revision() + 1..).map(|(mut line, revision)| {
        if let Some(known) = line.get_mut("revision") {
            *known = json!(revision);
        }
        line
    });
    replays(&directories[base], numbered.collect());
}

/// Bytes are a scenario file: an error, or an outcome whose books balance and whose commits replay.
pub(crate) fn scenario(bytes: &[u8]) {
    let read = serde_json::from_slice::<Scenario>(bytes);
    #[cfg(feature = "cli")]
    if let Ok(text) = std::str::from_utf8(bytes) {
        let parsed = Scenario::parse(text);
        assert_eq!(parsed.is_ok(), read.is_ok(), "parsed: {parsed:?}, read: {read:?}");
    }
    let Ok(scenario) = read else { return };
    let outcome = scenario.run();
    is_sound(outcome.directory());
    let empty = Directory::new(outcome.directory().catalog().clone());
    let replayed = empty.replay(outcome.commits()).unwrap();
    assert!(replayed == *outcome.directory(), "replay makes another directory");
    let verified = scenario.verify();
    assert_eq!(verified.failures(), outcome.failures());
}

/// Bytes are the text of many invitations: exactly its addresses are invited, or exactly the bad ones are listed
/// (rule G6).
pub(crate) fn invitations(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (good, bad) = naively_split(&text);
    let catalog =
        r#"{ "kinds": {}, "profiles": { "guest": { "seat": "exempt" } }, "default_profile": "guest" }"#;
    let empty = Directory::new(serde_json::from_str::<Catalog>(catalog).unwrap());
    let asked = Command::invite_many(text.as_ref());
    match empty.plan(Batch::host(Timestamp::EPOCH).add(asked)) {
        Ok(plan) => {
            assert!(bad.is_empty(), "{bad:?} are invited");
            let directory = plan.directory();
            let status = |name: &String| directory.status_of(directory.user_by_name(name)?);
            for name in &good {
                assert_eq!(status(name), Some(UserStatus::Invited), "{name}");
            }
            assert_eq!(usize::try_from(directory.user_count()), Ok(good.len()));
            is_sound(directory);
        }
        Err(refusal) => {
            let RefusalReason::InvalidAddresses { addresses } = refusal.reason() else {
                panic!("refused with `{refusal}`")
            };
            assert_eq!(*addresses, bad);
        }
    }
}

/// The good and the bad addresses in a text, each once and in order, found character by character.
fn naively_split(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let mut part = String::new();
    for character in text.chars().chain([',']) {
        if !matches!(character, ',' | ';' | ' ' | '\n' | '\r') {
            part.push(character);
            continue;
        }
        let part = std::mem::take(&mut part);
        let at = part.chars().filter(|character| *character == '@').count();
        let odd = part.chars().any(|character| character.is_control() || character.is_whitespace());
        let ends = part.starts_with('@') || part.ends_with('@');
        let list = if at == 1 && !ends && !odd && part.len() <= 256 { &mut good } else { &mut bad };
        if !part.is_empty() && !list.contains(&part) {
            list.push(part);
        }
    }
    (good, bad)
}

/// Replays lines of commits: an error, or a sound directory after each commit.
fn replays(base: &Directory, lines: Vec<Value>) {
    let commits: Result<Vec<Commit>, _> = lines.into_iter().map(serde_json::from_value).collect();
    let Ok(commits) = commits else { return };
    let mut directory = base.clone();
    for commit in &commits {
        let written = serde_json::to_string(commit).unwrap();
        assert_eq!(serde_json::from_str::<Commit>(&written).unwrap(), *commit);
        match directory.replay([commit]) {
            Ok(next) => {
                is_sound(&next);
                directory = next;
            }
            Err(error) => {
                assert!(base.replay(&commits) == Err(error));
                return;
            }
        }
    }
    assert!(base.replay(&commits).as_ref() == Ok(&directory), "commits one by one and all at once");
}

/// Checks that the books balance, that the directory is written and read back equal, and that time can advance in it.
#[track_caller]
fn is_sound(directory: &Directory) {
    directory.audit().unwrap();
    #[cfg(feature = "json")]
    {
        let mut written = Vec::new();
        directory.write_to(&mut written).unwrap();
        let read = Directory::read_from(&written[..])
            .unwrap_or_else(|error| panic!("{error} in\n{}", String::from_utf8_lossy(&written)));
        assert!(read == *directory, "read back:\n{}", String::from_utf8_lossy(&written));
    }
    #[cfg(feature = "binary")]
    {
        let mut written = Vec::new();
        directory.write_binary_to(&mut written).unwrap();
        let read = Directory::read_binary_from(&written[..]).unwrap_or_else(|error| panic!("{error}"));
        assert!(read == *directory, "the binary form is read back as another directory");
    }
    let due = directory.next_due().unwrap_or(directory.committed_at());
    for at in [due.min(MAX_TIME), MAX_TIME] {
        let plan = directory.plan(Batch::host(at).max_jump(Duration::MAX).add(Command::tick())).unwrap();
        plan.directory().audit().unwrap();
        if let Some(commit) = plan.commit() {
            assert!(directory.replay([&commit]).as_ref() == Ok(plan.directory()), "a tick at {at}");
        }
    }
}

/// The records in some lines, with an `end` that counts them and a right checksum.
#[cfg(feature = "json")]
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let framing = |line: &&[u8]| line.starts_with(br#"{"end""#) || line.starts_with(br#"{"checksum""#);
    let records: Vec<&[u8]> = lines.filter(|line| !line.is_empty() && !framing(line)).collect();
    let end = format!("{{\"end\":{{\"records\":{}}}}}", records.len());
    let mut sealed: Vec<u8> = Vec::new();
    for line in records.into_iter().chain([end.as_bytes()]) {
        sealed.extend_from_slice(line);
        sealed.push(b'\n');
    }
    let step = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211);
    let checksum = sealed.iter().fold(14_695_981_039_346_656_037, step);
    sealed.extend_from_slice(format!("{{\"checksum\":\"fnv1a64:{checksum:016x}\"}}\n").as_bytes());
    sealed
}

/// Some records as one block, after a header with the fingerprint of the catalog that they begin with.
#[cfg(feature = "binary")]
fn sealed_binary(records: &[u8]) -> Vec<u8> {
    let extend = |before: u128, bytes: &[u8]| {
        let length = u64::try_from(bytes.len()).unwrap();
        let all = [&before.to_le_bytes(), &length.to_le_bytes()[..], bytes].concat();
        twox_hash::XxHash3_128::oneshot(&all)
    };
    let mut sealed = [&b"\x9aentitle\r\n"[..], &1_u32.to_le_bytes()].concat();
    sealed.extend(twox_hash::XxHash3_128::oneshot(catalog_in(records).unwrap_or_default()).to_le_bytes());
    let header = extend(0, &sealed);
    sealed.extend(header.to_le_bytes());
    sealed.extend(u64::try_from(records.len()).unwrap().to_le_bytes());
    sealed.extend(extend(header, records).to_le_bytes());
    sealed.extend(records);
    sealed
}

/// The text of the first record, if it is a catalog: after a zero, its length in groups of seven bits, and the text.
#[cfg(feature = "binary")]
fn catalog_in(records: &[u8]) -> Option<&[u8]> {
    let rest = records.strip_prefix(&[0])?;
    let digits = rest.iter().take(4).take_while(|byte| **byte >= 0x80).count() + 1;
    let (length, text) = rest.split_at_checked(digits)?;
    let length = length.iter().rev().fold(0, |length, byte| length << 7 | usize::from(byte & 0x7F));
    text.get(..length)
}
