//! The binary form: it reads back equal, and what is damaged or forged is an error.

use allocation_counter::measure;
use entitle::bitflags::bitflags;
use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
use entitle::snapshot::ReadBinaryError;
use entitle::{Batch, Command, Directory, Grantee, Timestamp};

use super::{times, world};

fn written(directory: &Directory) -> Vec<u8> {
    let mut stored = Vec::new();
    directory.write_binary_to(&mut stored).unwrap();
    stored
}

fn reads_back(directory: &Directory) {
    let stored = written(directory);
    let same = directory.catalog().clone();
    for read in
        [Directory::read_binary_from(&stored[..]), Directory::read_binary_with_catalog(same, &stored[..])]
    {
        let read = read.unwrap();
        assert_eq!(read.audit(), Ok(()));
        assert_eq!(&read, directory);
        assert!(written(&read) == stored);
        assert_eq!(read.next_due(), directory.next_due());
        assert_eq!(read.total_figures(), directory.total_figures());
    }
}

#[test]
fn every_revision_reads_back() {
    let (directories, _) = world::small();
    directories.iter().for_each(reads_back);
    let worlds = [world::access(), world::places(), world::managers()];
    let worlds = worlds.into_iter().map(|(end, commits)| (String::new(), end, commits));
    for (_, end, commits) in world::scenarios().into_iter().chain(worlds) {
        world::revisions(&end, &commits).iter().for_each(reads_back);
    }
}

/// A stored directory and the later commits give the directory of all commits (rule C3).
#[test]
fn history_continues_from_the_binary_form() {
    let (directories, commits) = world::small();
    for (known, directory) in directories.iter().enumerate() {
        let read = Directory::read_binary_from(&written(directory)[..]).unwrap();
        assert_eq!(&read.replay(&commits[known..]).unwrap(), directories.last().unwrap());
    }
}

/// Groups that are removed leave vacant slots, and their names can be used again.
#[test]
fn vacant_slots_stay_vacant() {
    let batch = |commands: Vec<Command>| Batch::host(Timestamp::EPOCH).extend(commands);
    let many = (0..40).flat_map(|number| {
        commands![
            Command::add_user(format!("u{number}")).profile("free"),
            Command::add_resource(format!("project/p{number}")),
            Command::add_group(format!("g{number}"))
        ]
    });
    let gone = (0..40).filter(|number| number % 3 != 0).flat_map(|number| {
        commands![
            Command::remove_user(format!("u{number}")),
            Command::remove_resource(format!("project/p{number}")),
            Command::remove_group(format!("g{number}"))
        ]
    });
    let first = plain(batch(many.collect()));
    let second = first.plan(batch(gone.collect())).unwrap().into_directory();
    let again = commands![Command::add_user("u1").profile("free"), Command::add_user("more").profile("free")];
    let third = second.plan(batch(again.clone())).unwrap().into_directory();
    [&first, &second, &third].into_iter().for_each(reads_back);
    let read = Directory::read_binary_from(&written(&second)[..]).unwrap();
    assert_eq!(read.plan(batch(again)).unwrap().into_directory(), third);
}

fn plain(batch: Batch) -> Directory {
    let catalog = Catalog::builder()
        .kind(Kind::named("project").permissions(["write", "read"]))
        .profile(Profile::new("free").exempt())
        .build()
        .unwrap();
    Directory::new(catalog).plan(batch).unwrap().into_directory()
}

/// Equal directories have equal bytes, whatever their histories.
#[test]
fn equal_directories_have_equal_bytes() {
    let build = |order: [usize; 5]| {
        let commands = commands![
            Command::add_group("b").external(["CN=b", "CN=a"]),
            Command::add_user("ada").profile("free"),
            Command::add_resource("project/a").owner("ada"),
            Command::grant(Grantee::Everyone, "project/*", ["read"]),
            Command::add_key("ci", "ada")
        ];
        let commands = order.map(|place| commands[place].clone());
        plain(Batch::host(Timestamp::EPOCH).extend(commands))
    };
    let (one, two) = (build([0, 1, 2, 3, 4]), build([3, 1, 4, 2, 0]));
    assert_eq!(one, two);
    assert!(written(&one) == written(&two));
    let other = plain(Batch::host(Timestamp::EPOCH).add(Command::add_group("b")));
    assert!(written(&one) != written(&other));
}

bitflags! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Permissions: u64 {
        const WRITE = 1 << 40;
        const READ = 1 << 3;
        const LIST = 1 << 63;
    }
}

#[derive(Debug)]
enum Project {}

impl ResourceKind for Project {
    const NAME: &'static str = "project";
    type Permissions = Permissions;
}

/// The bits of a type are in the program: with its catalog they are the same again, and by name without.
#[test]
fn the_bits_of_typed_kinds_come_from_the_hosts_catalog() {
    let catalog = || {
        let project = Kind::of::<Project>().implies(Permissions::WRITE, Permissions::READ);
        Catalog::builder().kind(project).profile(Profile::new("free").exempt()).build().unwrap()
    };
    let batch = Batch::host(Timestamp::EPOCH)
        .add(Command::add_user("ada").profile("free"))
        .add(Command::add_resource("project/churn"))
        .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]))
        .add(Command::require_credential("project/churn", ["list"]))
        .add(Command::grant(Grantee::Everyone, "project/*", ["list"]).expires_at(Timestamp::from_millis(9)));
    let directory = Directory::new(catalog()).plan(batch).unwrap().into_directory();
    let stored = written(&directory);

    let typed = Directory::read_binary_with_catalog(catalog(), &stored[..]).unwrap();
    assert_eq!(typed, directory);
    let ada = typed.user_by_name("ada").unwrap();
    let churn = typed.resource::<Project>("churn").unwrap();
    assert!(typed.check(ada, churn, Permissions::READ | Permissions::WRITE).is_allowed());

    let untyped = Directory::read_binary_from(&stored[..]).unwrap();
    assert_eq!(untyped.audit(), Ok(()));
    assert_ne!(untyped, directory);
    assert_eq!(untyped.catalog().fingerprint(), directory.catalog().fingerprint());
    assert!(untyped.check_by_name("user:ada", "project/churn", &["write", "read"]).is_allowed());
    assert!(written(&untyped) == stored);
}

/// The number is kept by hosts, so it never changes for the same catalog.
#[test]
fn a_fingerprint_is_the_same_in_every_release() {
    let catalog = world::catalog();
    assert_eq!(catalog.fingerprint().to_string(), FINGERPRINT);
    let text = serde_json::to_string(&catalog).unwrap();
    let spaced = serde_json::to_string_pretty(&catalog).unwrap();
    for text in [&text, &spaced] {
        assert_eq!(serde_json::from_str::<Catalog>(text).unwrap().fingerprint(), catalog.fingerprint());
    }
    // It is computed here again from the documented form.
    assert_eq!(catalog.fingerprint().as_u128(), twox_hash::XxHash3_128::oneshot(text.as_bytes()));
    let more = text.replace("technical", "robot");
    assert_ne!(serde_json::from_str::<Catalog>(&more).unwrap().fingerprint(), catalog.fingerprint());
}

const FINGERPRINT: &str = "a47fb15c0994f10e3f0b5e4d0c3b7594";

/// A host's catalog replaces the stored one; it may declare more, in another order, and must declare what is stored.
#[test]
fn the_host_can_supply_the_catalog() {
    let (directories, _) = world::small();
    let directory = directories.last().unwrap();
    let text = serde_json::to_string(directory.catalog()).unwrap();
    let stored = written(directory);
    let read =
        |text: &str| Directory::read_binary_with_catalog(serde_json::from_str(text).unwrap(), &stored[..]);
    assert_eq!(&read(&text).unwrap(), directory);

    // In a later release `use` implies `detail`, and another permission comes first.
    let more = text.replace(
        r#""permissions":["use","detail"]"#,
        r#""permissions":["see","use","detail"],"implies":{"use":["detail"]}"#,
    );
    assert_ne!(more, text);
    let later = read(&more).unwrap();
    assert_eq!(later.audit(), Ok(()));
    let db = later.resource_by_name("connection/db").unwrap();
    let granted = later.granted(later.user_by_name("bot").unwrap(), db);
    assert_eq!(later.catalog().names(granted).collect::<Vec<_>>(), ["use", "detail"]);
    // The lines say the same.
    let mut lines = Vec::new();
    directory.write_to(&mut lines).unwrap();
    assert_eq!(
        Directory::read_with_catalog(serde_json::from_str(&more).unwrap(), &lines[..]).unwrap(),
        later
    );

    for (before, after, expected) in [
        ("technical", "robot", "record 8, the figures of profile `technical`: unknown profile `technical`"),
        (r#"["use","detail"]"#, r#"["use"]"#, "unknown permission `detail`"),
        (r#""connection""#, r#""link""#, "unknown kind `connection`"),
    ] {
        let fewer = text.replace(before, after);
        assert_ne!(fewer, text);
        let error = read(&fewer).unwrap_err();
        assert!(error.to_string().contains(expected), "{before} -> {after}: {error}");
        assert_eq!(error.code(), "contradiction");
    }
}

// Damage.

/// The length of the header, and that of the length and the checksum before each block.
const HEADER: usize = 10 + 4 + 16 + 16;
const BEFORE: usize = 8 + 16;
/// The end of the length of the first block.
const LENGTH: usize = HEADER + 8;

fn small() -> (Directory, Vec<u8>) {
    let (mut directories, _) = world::small();
    let directory = directories.pop().unwrap();
    let stored = written(&directory);
    (directory, stored)
}

fn error_of(bytes: &[u8]) -> ReadBinaryError {
    match Directory::read_binary_from(bytes) {
        Ok(_) => panic!("damaged bytes are read"),
        Err(error) => error,
    }
}

/// Rule C9.
#[test]
fn truncated_at_every_byte() {
    let (_, stored) = small();
    for length in 0..stored.len() {
        let error = error_of(&stored[..length]);
        assert_eq!(error.code(), "truncated", "{length} of {}: {error}", stored.len());
    }
    let error = error_of(&stored[..stored.len() - 1]);
    assert_eq!(error.to_string(), "block 1: unexpected end of input");
}

/// Rule C9.
#[test]
fn every_byte_changed() {
    let (_, stored) = small();
    let few = [1, 2, 0x20, 0x80, 0xFF];
    let all: Vec<u8> = (1..=255).collect();
    let flips: &[u8] = if times(0, 1) == 0 { &few } else { &all };
    let mut damaged = stored.clone();
    for place in 0..stored.len() {
        let expected: &[&str] = match place {
            0..10 => &["malformed"],
            10..14 => &["unknown_version"],
            HEADER..LENGTH => &["checksum", "truncated"],
            _ => &["checksum"],
        };
        for flip in flips {
            damaged[place] = stored[place] ^ flip;
            let error = error_of(&damaged);
            assert!(expected.contains(&error.code()), "{place}: {error}");
        }
        damaged[place] = stored[place];
    }
}

#[test]
fn an_unknown_version_is_named() {
    let (_, mut stored) = small();
    stored[10] = 7;
    let expected = "unsupported version 7 of the binary form, this release reads version 1";
    assert_eq!(error_of(&stored).to_string(), expected);
    assert_eq!(entitle::snapshot::BINARY_VERSION, 1);
}

#[test]
fn lines_and_what_follows_the_end_are_errors() {
    let (directory, mut stored) = small();
    let mut lines = Vec::new();
    directory.write_to(&mut lines).unwrap();
    let expected = "block 0: the first bytes are not those of the binary form";
    assert_eq!(error_of(&lines).to_string(), expected);
    stored.push(0);
    assert_eq!(error_of(&stored).code(), "trailing");
}

/// The content of each block.
fn blocks(stored: &[u8]) -> Vec<&[u8]> {
    let mut blocks = Vec::new();
    let mut rest = &stored[HEADER..];
    while !rest.is_empty() {
        let length = usize::try_from(u64::from_le_bytes(rest[..8].try_into().unwrap())).unwrap();
        blocks.push(&rest[BEFORE..][..length]);
        rest = &rest[BEFORE + length..];
    }
    blocks
}

/// The header of some bytes, and blocks with right checksums, computed here again from the documented form.
fn sealed(header: &[u8], blocks: &[&[u8]]) -> Vec<u8> {
    let extend = |before: u128, bytes: &[u8]| {
        let length = u64::try_from(bytes.len()).unwrap();
        let all = [&before.to_le_bytes(), &length.to_le_bytes()[..], bytes].concat();
        twox_hash::XxHash3_128::oneshot(&all)
    };
    let mut sealed = header[..HEADER - 16].to_vec();
    let mut checksum = extend(0, &sealed);
    sealed.extend(checksum.to_le_bytes());
    for block in blocks {
        checksum = extend(checksum, block);
        sealed.extend(u64::try_from(block.len()).unwrap().to_le_bytes());
        sealed.extend(checksum.to_le_bytes());
        sealed.extend(*block);
    }
    sealed
}

#[test]
fn the_blocks_are_as_documented() {
    let (_, stored) = small();
    assert_eq!(blocks(&stored).len(), 1);
    assert!(sealed(&stored, &blocks(&stored)) == stored);
    assert_eq!(&stored[..10], b"\x9aentitle\r\n");
}

/// The bytes are the same in every release that writes this version; they are kept for fuzzing, from where `cargo test`
/// reads them too. `ENTITLE_WRITE=1` writes the files.
#[test]
fn the_form_is_the_one_that_was_kept() {
    let (small, _) = world::small();
    let worlds = [
        ("revision_0", small[0].clone()),
        ("revision_3", small[3].clone()),
        ("revision_8", small[8].clone()),
        ("access", world::access().0),
        ("places", world::places().0),
        ("managers", world::managers().0),
    ];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/binary");
    for (name, directory) in worlds {
        let stored = written(&directory);
        let path = folder.join(name);
        if std::env::var_os("ENTITLE_WRITE").is_some() {
            std::fs::write(&path, blocks(&stored)[0]).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == blocks(&stored)[0], "{name} is out of date");
    }
}

/// Users of many blocks.
fn large() -> Directory {
    let users = (0..9_000).map(|number| Command::add_user(format!("user-{number:05}")).profile("free"));
    plain(Batch::host(Timestamp::EPOCH).extend(users))
}

/// Whole blocks that are left out, repeated or moved are errors, and so are blocks that end within a record.
#[test]
fn omitted_repeated_and_moved_blocks_are_errors() {
    let directory = large();
    reads_back(&directory);
    let stored = written(&directory);
    let all = blocks(&stored);
    assert!(all.len() > 3, "{} blocks", all.len());
    let bounds: Vec<usize> = all
        .iter()
        .scan(HEADER, |end, block| {
            *end += BEFORE + block.len();
            Some(*end)
        })
        .collect();
    let piece = |place: usize| &stored[bounds[place - 1]..bounds[place]];
    let without = [&stored[..bounds[0]], piece(2), &stored[bounds[2]..]].concat();
    let twice = [&stored[..bounds[1]], piece(1), &stored[bounds[1]..]].concat();
    let moved = [&stored[..bounds[0]], piece(2), piece(1), &stored[bounds[2]..]].concat();
    for damaged in [&without, &twice, &moved] {
        assert_eq!(error_of(damaged).code(), "checksum");
    }
    assert_eq!(error_of(&stored[..bounds[2]]).to_string(), "block 4: unexpected end of input");

    // The same with right checksums.
    let again = |blocks: &[&[u8]]| error_of(&sealed(&stored, blocks));
    assert_eq!(again(&[&all[..1], &all[2..]].concat()).code(), "contradiction");
    assert_eq!(again(&[&all[..2], &all[1..]].concat()).code(), "contradiction");
    assert_eq!(again(&all[..3]).code(), "truncated");
    let (begin, end) = all[0].split_at(all[0].len() - 3);
    assert_eq!(again(&[&[begin, end][..], &all[1..]].concat()).code(), "malformed");
    let joined = all.concat();
    assert_eq!(Directory::read_binary_from(&sealed(&stored, &[&joined])[..]).unwrap(), directory);
}

/// A reader that gives single bytes and then fails is reported with the block; single bytes are no failure.
#[test]
fn a_read_error_is_reported() {
    struct Slow<'a>(&'a [u8], bool);
    impl std::io::Read for Slow<'_> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return if self.1 { Err(std::io::Error::other("the disk is gone")) } else { Ok(0) };
            };
            to[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }
    let (directory, stored) = small();
    assert_eq!(Directory::read_binary_from(Slow(&stored, false)).unwrap(), directory);
    for (length, place) in [(20, 0), (HEADER, 1), (HEADER + 100, 1)] {
        let error = Directory::read_binary_from(Slow(&stored[..length], true)).unwrap_err();
        assert_eq!(error.to_string(), format!("block {place}: the disk is gone"));
        assert_eq!(error.code(), "io");
    }
}

// Forged records with right checksums.

/// Replaces the only place of some bytes in a block, and seals it.
fn forged(stored: &[u8], before: &[u8], after: &[u8]) -> Vec<u8> {
    let all = blocks(stored);
    let places: Vec<usize> = (0..all[0].len()).filter(|&place| all[0][place..].starts_with(before)).collect();
    let [place] = places[..] else { panic!("{before:?} is at {places:?}") };
    let changed = [&all[0][..place], after, &all[0][place + before.len()..]].concat();
    sealed(stored, &[&changed])
}

/// A name as it is stored, with its length before it.
fn text(name: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(name.len()).unwrap()];
    bytes.extend(name.bytes());
    bytes
}

/// Every byte of the content changed, with a right checksum: an error, or a directory that commands could have made.
#[test]
fn every_byte_forged() {
    let worlds = [small().0, world::access().0, world::places().0, world::managers().0];
    let few = [1, 2, 0x80, 0xFF];
    let all: Vec<u8> = (1..=255).collect();
    let flips: &[u8] = if times(0, 1) == 0 { &few } else { &all };
    let (mut read, mut refused) = (0, 0);
    for directory in worlds {
        let stored = written(&directory);
        let content = blocks(&stored)[0].to_vec();
        let catalog = directory.catalog().clone();
        // The catalog is first, and another one does not have the fingerprint.
        let begin = serde_json::to_string(&catalog).unwrap().len();
        for place in begin..content.len() {
            for flip in flips {
                let mut changed = content.clone();
                changed[place] ^= flip;
                let sealed = sealed(&stored, &[&changed]);
                match Directory::read_binary_with_catalog(catalog.clone(), &sealed[..]) {
                    Ok(forged) => {
                        assert_eq!(forged.audit(), Ok(()), "{place} ^ {flip}");
                        let again = written(&forged);
                        assert_eq!(Directory::read_binary_from(&again[..]).unwrap(), forged);
                        read += 1;
                    }
                    Err(error) => {
                        let known = ["malformed", "contradiction", "out_of_order", "truncated", "trailing"];
                        assert!(known.contains(&error.code()), "{place} ^ {flip}: {error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(read > 0 && refused > read, "{read} read, {refused} refused");
}

/// The largest number as it is stored.
const MOST: [u8; 10] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1];

/// A part of the last directory of the small history, its replacement, and the error.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases_of_the_small_history() -> Vec<(Vec<u8>, Vec<u8>, &'static str)> {
    let most = |before: &[u8], after: &[u8]| [before, &MOST, after].concat();
    let name = |before: &[u8], name: &str, after: &[u8]| [before, &text(name), after].concat();
    let user = |user: &str, after: &[u8]| name(&[11, 0, 0], user, after);
    let churn = |after: &[u8]| name(&[1], "churn", after);
    let bot = |after: &[u8]| name(&[], "bot", after);
    let ada = |groups: &[u8]| name(&[], "ada", &[&[0, 0, 1, 0, 1, 0, 0, 0, 0, 75], groups].concat());
    let ci = |after: &[u8]| name(&[], "ci", after);
    let (owned, grants) = ([1, 0, 0], [2, 5, 6, 12, 4]);
    let more = [1, 0, 0, 0, 0, 1, 3];
    let rest = |owned: &[u8], grants: &[u8], more: &[u8]| churn(&[owned, grants, more].concat());
    let whole = || rest(&owned, &grants, &more);
    let instance = [15, 0, 162, 230, 182, 184, 17];
    vec![
        (vec![3, 8, 95, 4], vec![3, 0, 95, 4], "`end`: `revision` is 0, but the directory is not empty"),
        (
            vec![3, 8, 95, 4],
            most(&[3], &[95, 4]),
            "record 3, `commits`: there cannot be 18446744073709551615",
        ),
        (vec![3, 8, 95, 4], most(&[3, 8], &[4]), "record 3, `commits`: `committed_at` is after"),
        (vec![95, 4, 9, 4, 3, 2], vec![95, 4, 8, 4, 3, 2], "was never issued"),
        (
            vec![95, 4, 9, 4, 3, 2],
            vec![95, 1, 1, b'x', 4, 9, 4, 3, 2],
            "`x` is not directly after the catalog",
        ),
        (vec![7, 2, 1, 20], vec![7, 9, 1, 20], "`book`: there is no profile 9"),
        (vec![8, 4, 9, 10], vec![8, 0, 9, 10], "turn 2 was never issued"),
        (vec![8, 4, 9, 10], vec![8, 4, 8, 10], "user `hal`: seat number 9 was never issued"),
        (vec![8, 4, 9, 10], most(&[8], &[9, 10]), "`queue`: `last_turn` cannot be 18446744073709551615"),
        (name(&[], "analysts", &[2, 2, 0]), name(&[], "analysts", &[2, 2, 9]), "there is no external name 9"),
        (user("bot", &[0]), user("ada", &[0]), "user `ada` already exists"),
        (user("bot", &[0]), user(" bo", &[0]), "`user`: ` bo` begins or ends with white space"),
        (
            user("bot", &[0]),
            name(&[11, 0xFF, 0xFF, 0xFF, 0xFF, 15, 0], "bot", &[0]),
            "the id is out of range",
        ),
        (user("bot", &[0]), name(&[11, 0xFE, 0xFF, 0xFF, 0xFF, 7, 0], "bot", &[0]), "is out of range"),
        (user("bot", &[0]), [&[11, 0], &MOST[..], &text("bot")[..], &[0]].concat(), "the id is out of range"),
        (
            user("bot", &[0]),
            name(&[11, 0, 1], "bot", &[0]),
            "user `bot`: `id` 12884901891 was issued to another",
        ),
        (bot(&[0, 0, 1, 2, 1, 2, 3]), bot(&[0, 0, 1, 9, 1, 2, 3]), "`user`: there is no profile 9"),
        (bot(&[0, 0, 1, 2, 1, 2, 3]), bot(&[0, 0, 1, 2, 1, 2, 0]), "the basis of the seat does not agree"),
        (bot(&[0, 0, 1, 2, 1, 2, 3, 0, 0]), bot(&[0, 0, 1, 2, 0, 0]), "must hold or wait for a seat"),
        (
            bot(&[0, 0, 1, 2, 1, 2, 3, 0, 0]),
            bot(&[0, 0, 1, 2, 0, 1, 1]),
            "user `bot`: no user waits for an exempt profile",
        ),
        (bot(&[0, 0, 1, 2, 1, 2, 3, 0]), bot(&[0, 0, 1, 2, 1, 2, 3, 1]), "have the same seat number"),
        (
            name(&[], "bob", &[0, 3, 1, 0, 0, 0, 5]),
            name(&[], "bob", &[0, 3, 1, 0, 0, 0, 96]),
            "before the epoch",
        ),
        (ada(&[2, 2, 3]), ada(&[2, 2, 9]), "user `ada`: there is no group in slot 9"),
        (ada(&[2, 2, 3]), ada(&[2, 2, 0]), "user `ada`: there is no group in slot 0"),
        (ada(&[2, 2, 3]), ada(&[2, 2, 1]), "group `analysts` has no explicit members"),
        (ada(&[2, 2, 3]), ada(&[1, 2]), "resource `churn`: the owner has not joined `owners` without an end"),
        (
            name(&instance, "", &[])[..7].to_vec(),
            vec![15, 0, 164, 230, 182, 184, 17],
            "is not that of `instance`",
        ),
        (
            [&instance[..], &[0, 0, 1, 0, 0, 0, 0]].concat(),
            [&instance[..], &[0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0]].concat(),
            "`instance` cannot be closed",
        ),
        (
            [&instance[..], &[0, 0, 1, 0, 0, 0, 0]].concat(),
            [&instance[..], &[0, 1, 1, b'x', 1, 0, 0, 0, 0]].concat(),
            "`instance/x` cannot name a new resource",
        ),
        (
            [&instance[..], &[0, 0, 1, 0, 0, 0, 0]].concat(),
            [&instance[..], &[0, 0, 1, 1, 0, 0, 0]].concat(),
            "the resource of a singleton: `bob` owns a singleton and is not active",
        ),
        (name(&[1, 1], "churn", &[]), name(&[9, 1], "churn", &[]), "`resource`: there is no kind 9"),
        (name(&[1, 1], "churn", &[]), name(&[1, 1], "*", &[]), "`project/*` cannot name a new resource"),
        (name(&[1, 1], "churn", &[]), name(&[0, 1], "churn", &[]), "`resource`: there is no permission"),
        (
            name(&[15, 0, 0, 1, 1], "a b/c", &[1, 1, 0, 0]),
            name(&[15, 0, 0, 1, 1], "churn", &[1, 1, 0, 0]),
            "resource `project/churn` already exists",
        ),
        (whole(), rest(&[1, 77, 0], &grants, &more), "there is no user in slot 77"),
        (whole(), rest(&[1, 0, 1, 50], &grants, &more), "there is no resource in slot 50"),
        (
            whole(),
            rest(&[1, 0, 1, 0], &grants, &more),
            "resource `project/churn` cannot lie inside `instance`",
        ),
        (whole(), rest(&[1, 0, 1, 1], &grants, &more), "resource `project/churn`"),
        (whole(), rest(&owned, &[2, 5, 2, 12, 4], &more), "the grant to `group:data` lacks permissions"),
        (whole(), rest(&owned, &[2, 5, 0, 12, 4], &more), "the grant to `group:data` has no permissions"),
        (whole(), rest(&owned, &[2, 5, 6, 5, 4], &more), "`group:data` is named twice"),
        (whole(), rest(&owned, &[2, 5, 6, 12, 64], &more), "there is no permission 6 of `project`"),
        (whole(), rest(&owned, &[2, 5, 6, 99, 4], &more), "a grant is to nobody"),
        (whole(), rest(&owned, &most(&[2, 5, 6], &[4]), &more), "there is no grantee 18446744073709551615"),
        (whole(), rest(&owned, &grants, &[1, 0, 0, 0, 0, 1, 0]), "there is no group in slot 0"),
        (whole(), rest(&owned, &grants, &[1, 0, 0, 0, 1, 60, 1, 3]), "there is no user in slot 60"),
        (
            whole(),
            rest(&owned, &grants, &[1, 0, 1, 5, 6, 0, 0, 0, 0, 1, 3]),
            "resource `churn`: `group:data` is named twice",
        ),
        (
            ci(&[0, 1, 1, 2, 3, 1, 1, 6, 1, 80, 1]),
            ci(&[0, 1, 1, 2, 3, 1, 1, 6, 1, 80, 0]),
            "key `ci`: `expired` must be true",
        ),
        (
            ci(&[0, 1, 1, 2, 3, 1, 1, 6]),
            ci(&[0, 1, 1, 2, 3, 1, 1, 2]),
            "key `ci`: the scope on `project/churn` lacks permissions",
        ),
        (ci(&[0, 1, 1, 2, 3, 1, 1, 6]), ci(&[0, 1, 1, 2, 3, 1, 60, 6]), "there is no resource in slot 60"),
        (ci(&[0, 1, 1, 2, 3, 1, 1, 6]), ci(&[0, 1, 1, 9, 3, 1, 1, 6]), "`key`: there is no kind 9"),
        (ci(&[0, 1, 1, 2, 3, 1, 1, 6]), ci(&[99, 1, 1, 2, 3, 1, 1, 6]), "there is no user in slot 99"),
        (
            vec![3, 0, 0, 0, 18, 28],
            vec![3, 0, 0, 0, 18, 27],
            "`end`: `records` is 27, but 28 records precede",
        ),
        (vec![3, 0, 0, 0, 18, 28], vec![3, 0, 0, 0, 18, 28, 18, 28], "`end` is out of order after `end`"),
        (
            vec![3, 0, 0, 0, 18, 28],
            vec![3, 0, 0, 0, 0, 0],
            "`catalog`: it is not the one with the fingerprint",
        ),
    ]
}

/// States that no sequence of commands makes are refused with their place, whatever the checksums say (rule C9).
#[test]
fn forged_records_are_refused() {
    let mut wrong = Vec::new();
    let mut check =
        |stored: &[u8], before: &[u8], after: &[u8], expected: &str| match Directory::read_binary_from(
            &forged(stored, before, after)[..],
        ) {
            Ok(_) => wrong.push(format!("{before:?} -> {after:?} is read, not {expected}")),
            Err(error) if error.to_string().contains(expected) => {}
            Err(error) => wrong.push(format!("{before:?} -> {after:?}: {error}, not {expected}")),
        };
    let (_, stored) = small();
    for (before, after, expected) in cases_of_the_small_history() {
        check(&stored, &before, &after, expected);
    }
    let access = written(&world::access().0);
    let cases: [(&[u8], &[u8], &str); 6] = [
        (&[16, 5, 1, 0, 1, 200], &[16, 5, 1, 9, 1, 200], "`everywhere`: there is no role 9"),
        (
            &[16, 5, 1, 0, 1, 200, 1],
            &[16, 5, 1, 0, 1, 30],
            "the roles of `group:data` on everything: `expires_at`",
        ),
        (&[12, 5, 1, 6], &[12, 5, 1, 5], "the groups that `n1` is in: `n1` would be inside itself"),
        (&[12, 5, 1, 6], &[12, 5, 1, 60], "`nested`: there is no group in slot 60"),
        (&[12, 5, 1, 6], &[12, 5, 0], "group `n1` is nested in no group"),
        (&[9, 1, 1, 1, 6], &[9, 1, 1, 1, 2], "role `writer`: the role on `project` lacks permissions"),
    ];
    for (before, after, expected) in cases {
        check(&access, before, after, expected);
    }
    let managers = written(&world::managers().0);
    let cases: [(&[u8], &[u8], &str); 2] = [
        (&[13, 3, 1, 0], &[13, 3, 1, 99], "`managed`: there is no grantee 99"),
        (&[13, 3, 1, 0], &[13, 3, 0], "the managers of `open`: group `open` is described twice, or without"),
    ];
    for (before, after, expected) in cases {
        check(&managers, before, after, expected);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A length is a claim: what is reserved follows the bytes that are there.
#[test]
fn forged_lengths_reserve_nothing() {
    let (_, stored) = small();
    let most_of = |bytes: &[u8]| {
        let mut code = "";
        let taken = measure(|| {
            code = Directory::read_binary_from(bytes).map_or_else(|error| error.code(), |_| "read");
        });
        (taken.bytes_max, code)
    };
    let (whole, code) = most_of(&stored);
    assert_eq!(code, "read");

    let mut block = stored.clone();
    block[HEADER..][..8].fill(0xFF);
    let (taken, code) = most_of(&block);
    assert_eq!(code, "truncated");
    assert!(taken < 100_000, "{taken} bytes for a block");

    let name = |before: &[u8], length: &[u8], name: &str| [before, length, name.as_bytes()].concat();
    let users = [0, 0, 1, 0, 1, 0, 0, 0, 0, 75];
    let ada = |groups: &[u8]| [&text("ada"), &users[..], groups].concat();
    let churn = |more: &[u8]| [&text("churn"), &[1, 0, 0, 2, 5, 6, 12, 4, 1, 0][..], more].concat();
    let cases = [
        ("a name", name(&[11, 0, 0], &[3], "bot"), name(&[11, 0, 0], &MOST, "bot")),
        ("groups", ada(&[2, 2, 3]), ada(&[&MOST[..], &[2, 3]].concat())),
        ("grants", churn(&[0, 0, 0, 1, 3]), churn(&[&MOST[..], &[0, 0, 1, 3]].concat())),
        ("owner groups", churn(&[0, 0, 0, 1, 3]), churn(&[&[0, 0, 0], &MOST[..], &[3]].concat())),
    ];
    for (what, before, after) in cases {
        let (taken, code) = most_of(&forged(&stored, &before, &after));
        assert!(["malformed", "contradiction"].contains(&code), "{what}: {code}");
        assert!(taken <= whole, "{taken} bytes for {what}, {whole} for the whole directory");
    }
}
