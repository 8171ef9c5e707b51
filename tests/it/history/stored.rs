//! The stored form: it reads back equal, and equal directories have equal forms.

use entitle::catalog::{Catalog, Kind, Profile};
use entitle::change::Commit;
use entitle::snapshot::{Builder, Record, records};
use entitle::{Batch, Command, Directory, Grantee, Timestamp};

use super::world;

/// The records through JSON, one by one, as a host's own store would keep them.
fn through_records(directory: &Directory) -> Directory {
    let mut builder = Builder::new();
    for record in records(directory) {
        let stored = serde_json::to_string(&record).unwrap();
        let read: Record = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, record, "{stored}");
        builder.push(read).unwrap_or_else(|error| panic!("{error}: {stored}"));
    }
    builder.finish().unwrap()
}

fn reads_back(directory: &Directory) {
    let read = through_records(directory);
    assert_eq!(read.audit(), Ok(()));
    assert_eq!(&read, directory);
    assert!(records(&read).eq(records(directory)));
    assert_eq!(read.next_due(), directory.next_due());
    assert_eq!(read.total_figures(), directory.total_figures());
    for profile in directory.catalog().profiles() {
        assert_eq!(read.figures(profile), directory.figures(profile), "{profile}");
    }
}

#[test]
fn every_revision_reads_back() {
    let (directories, _) = world::small();
    directories.iter().for_each(reads_back);
    for (_, end, commits) in world::scenarios() {
        world::revisions(&end, &commits).iter().for_each(reads_back);
    }
}

/// A stored directory and the later commits give the directory of all commits, and plans on both agree (rule C3).
#[test]
fn history_continues_from_a_stored_directory() {
    let (directories, commits) = world::small();
    let end = directories.last().unwrap();
    for (known, directory) in directories.iter().enumerate() {
        let read = through_records(directory);
        assert_eq!(&read.replay(&commits[known..]).unwrap(), end, "from revision {known}");
        let Some((at, commands)) = world::batches().into_iter().nth(known) else { continue };
        let plan = read.plan(Batch::host(at).by("test").policy(world::policy()).extend(commands)).unwrap();
        assert_eq!(plan.commit().as_ref(), commits.get(known));
    }
    for (name, end, commits) in world::scenarios() {
        let half = commits.len() / 2;
        let middle = Directory::new(end.catalog().clone()).replay(&commits[..half]).unwrap();
        assert_eq!(through_records(&middle).replay(&commits[half..]).unwrap(), end, "{name}");
    }
}

/// Equal directories have equal stored forms, whatever their histories: ids follow from the order within each sort.
#[test]
fn equal_directories_are_stored_alike() {
    let now = Timestamp::EPOCH;
    let policy = world::policy();
    let build = |texts: [&str; 3]| {
        let commands: Vec<entitle::Command> =
            texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        Directory::new(world::catalog())
            .plan(Batch::host(now).policy(policy.clone()).extend(commands))
            .unwrap()
            .into_directory()
    };
    let first = r#"{ "add_group": { "group": "b" } }"#;
    let second = r#"{ "add_group": { "group": "a" } }"#;
    let user = r#"{ "add_user": { "user": "ada", "profile": "technical" } }"#;
    let (one, two) = (build([first, second, user]), build([user, first, second]));
    assert_eq!(one, two);
    assert!(records(&one).eq(records(&two)));
}

/// A host's catalog replaces the stored one; it may declare more, and must declare every stored name.
#[test]
fn the_host_can_supply_the_catalog() {
    let (directories, _) = world::small();
    let directory = directories.last().unwrap();
    let text = serde_json::to_string(directory.catalog()).unwrap();
    let read = |text: &str| {
        let mut builder = Builder::with_catalog(serde_json::from_str(text).unwrap());
        records(directory).try_for_each(|record| builder.push(record)).and_then(|()| builder.finish())
    };
    assert_eq!(&read(&text).unwrap(), directory);

    // In a later release `use` implies `detail`: existing grants are closed under it.
    let more = text.replace(
        r#""permissions":["use","detail"]"#,
        r#""permissions":["use","detail","see"],"implies":{"use":["detail"]}"#,
    );
    assert_ne!(more, text);
    let later = read(&more).unwrap();
    assert_eq!(later.audit(), Ok(()));
    let db = later.resource_by_name("connection/db").unwrap();
    let granted = later.granted(later.user_by_name("bot").unwrap(), db);
    assert_eq!(later.catalog().names(granted).collect::<Vec<_>>(), ["use", "detail"]);

    let fewer = text.replace("technical", "robot");
    let error = read(&fewer).unwrap_err().to_string();
    assert_eq!(error, "record 8, the figures of profile `technical`: unknown profile `technical`");
}

/// A commit is readable text, and reads back equal.
#[test]
fn commits_read_back() {
    let (_, commits) = world::small();
    let all = world::scenarios().into_iter().flat_map(|(_, _, commits)| commits);
    for commit in all.chain(commits.iter().cloned()) {
        let text = serde_json::to_string(&commit).unwrap();
        assert_eq!(serde_json::from_str::<Commit>(&text).unwrap(), commit, "{text}");
    }
    let last = serde_json::to_string(commits.last().unwrap()).unwrap();
    assert!(
        last.starts_with(
            r#"{"format":1,"revision":8,"at":95,"by":"test","events":[{"user_added":{"user":"hal""#
        ),
        "{last}"
    );
}

/// The documented form, line by line.
#[cfg(feature = "json")]
#[test]
fn lines_are_as_documented() {
    let (directories, _) = world::small();
    let mut stored = Vec::new();
    directories.last().unwrap().write_to(&mut stored).unwrap();
    let text = String::from_utf8(stored.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let has = |line: &str| assert!(lines.contains(&line), "{line}\nis not in\n{text}");
    assert_eq!(lines[0], r#"{"snapshot":{"version":2}}"#);
    assert!(lines[1].starts_with(r#"{"catalog":{"kinds":{"#));
    assert_eq!(lines[2], r#"{"commits":{"revision":8,"committed_at":95}}"#);
    assert_eq!(lines[3], r#"{"ids":{"users":9,"groups":4,"resources":3,"keys":2}}"#);
    has(r#"{"queue":{"last_turn":4,"last_seat":9}}"#);
    has(
        r#"{"group":{"id":"8589934593","group":"analysts","members":{"external":["CN=analysts","CN=more"]}}}"#,
    );
    has(r#"{"kind_grant":{"kind":"project","grant":{"to":"group:data","permissions":["read"]}}}"#);
    has(r#"{"resource":{"id":"10053962439239663616","resource":"instance","owner":"ada"}}"#);
    has(
        r#"{"resource":{"id":"4294967297","resource":"project/churn","owner":"ada","grants":{"group:data":["write","read"],"user:eve":["read"]},"owner_groups":["owners"]}}"#,
    );
    has(
        r#"{"key":{"id":"4294967296","key":"ci","acts_as":"ada","scope":{"entries":{"connection/*":["use","detail"],"project/churn":["write","read"]}},"expires_at":80,"expired":true}}"#,
    );
    assert_eq!(Directory::read_from(&stored[..]).unwrap(), directories[8]);
}

#[cfg(feature = "json")]
#[test]
fn lines_about_access_are_as_documented() {
    let (directory, _) = world::access();
    let mut stored = Vec::new();
    directory.write_to(&mut stored).unwrap();
    let text = String::from_utf8(stored).unwrap();
    let has = |line: &str| assert!(text.contains(line), "{line}\nis not in\n{text}");
    has(r#"{"role":{"role":"writer","permissions":{"project":["write","read"]}}}"#);
    has(r#""groups":["data"],"group_ends":{"data":100}"#);
    has(r#"{"nested":{"group":"core","in":["data","owners"]}}"#);
    has(
        r#"{"kind_grant":{"kind":"project","grant":{"to":"everyone","ending":[{"expires_at":300,"permissions":["read"]}]}}}"#,
    );
    has(
        r#""grants":{"group:core":["read"]},"special_grants":[{"to":"user:ada","permissions":["read"],"ending":[{"expires_at":90,"permissions":["admin","write"]}]},{"to":"user:bob","roles":[{"role":"writer"}]}]"#,
    );
    has(r#""resource":"instance","grants":{"group:data":["view"]}"#);
    has(r#"{"everywhere":{"to":"group:data","roles":[{"role":"auditor","expires_at":200}]}}
{"everywhere":{"to":"user:bob","roles":[{"role":"writer"}]}}"#);
}

/// Roles on everything are read after the singletons, which a host's catalog may add to.
#[test]
fn r2_a_singleton_of_a_later_catalog_is_reached_by_roles_on_everything() {
    let (directory, _) = world::access();
    reads_back(&directory);
    let text = serde_json::to_string(directory.catalog()).unwrap();
    let more = text
        .replace(r#""kinds":{"#, r#""kinds":{"account":{"singleton":true,"permissions":["pay","see"]},"#)
        .replace(r#""auditor":{"#, r#""auditor":{"account":["see"],"#);
    let mut builder = Builder::with_catalog(serde_json::from_str(&more).unwrap());
    records(&directory).try_for_each(|record| builder.push(record)).unwrap();
    let later = builder.finish().unwrap();
    assert_eq!(later.audit(), Ok(()));
    assert!(later.check_by_name("user:cyd", "account", &["see"]).is_allowed());
    assert!(!later.check_by_name("user:cyd", "account", &["pay"]).is_allowed());
}

/// By a later catalog more ends with what implies it, and what is implied lasts as long as that (rule E2).
#[test]
fn e2_ends_follow_the_implications_of_a_later_catalog() {
    let catalog = |kind: Kind| Catalog::builder().kind(kind.permissions(["write", "read", "list"])).build();
    let earlier = catalog(Kind::named("project")).unwrap();
    let later = Kind::named("project").implies("write", ["read"]).implies("read", ["list"]);
    let later = catalog(later).unwrap();
    let at = Timestamp::from_millis;
    let grant = |to: &str, permission, end| {
        Command::grant(Grantee::group(to), "project/*", [permission]).expires_at(at(end))
    };
    let batch = Batch::host(at(0)).extend(["data", "ops"].map(Command::add_group)).extend([
        grant("data", "read", 90),
        grant("data", "write", 120),
        grant("ops", "read", 90),
    ]);
    let first = Directory::new(earlier).plan(batch).unwrap();
    let second = first.directory().plan(Batch::host(at(90)).add(Command::tick())).unwrap();

    let mut builder = Builder::with_catalog(later.clone());
    records(first.directory()).try_for_each(|record| builder.push(record)).unwrap();
    let read = builder.finish().unwrap();
    let replayed = Directory::new(later).replay(&first.commit()).unwrap();
    assert_eq!(replayed, read);
    assert_eq!(read.next_due(), Some(at(90)));
    let after = replayed.replay(&second.commit()).unwrap();
    assert_eq!(after.audit(), Ok(()));
    assert_eq!(after.next_due(), Some(at(120)));
    assert_eq!(after, read.plan(Batch::host(at(90)).add(Command::tick())).unwrap().into_directory());
}

/// A user who wants `free` is in twenty groups by profile: the row has overflowed before the explicit groups are read.
#[test]
fn explicit_groups_of_an_overflowing_user_row_read_back() {
    let by_profile = (0..20).map(|group| Command::add_group(format!("p{group:02}")).by_profile(["free"]));
    let explicit = (0..3).map(|group| Command::add_group(format!("e{group}")));
    let ada = Command::add_user("ada").profile("free").groups(["e2", "e0", "e1"]);
    let directory = built(Batch::host(Timestamp::EPOCH).extend(by_profile).extend(explicit).add(ada));
    let groups = directory.group_names_of(directory.user_by_name("ada").unwrap());
    assert_eq!((groups.len(), &groups[..3]), (23, &["e0", "e1", "e2"][..]));
    reads_back(&directory);
}

/// More memberships, grants and owners than are collected before they are written (`MANY` in
/// `src/directory/mutate/bulk_index.rs`), so that some of each are added to existing sets.
#[test]
fn a_directory_with_very_many_links_reads_back() {
    const MANY: usize = (1 << 17) + 3;
    const OF_EACH: usize = 400;
    let count = MANY.div_ceil(OF_EACH) + 1;
    let (user, group) = (|index| format!("u{index}"), |index| format!("g{index}"));
    let groups = (0..OF_EACH).map(|index| Command::add_group(group(index)));
    let users = (0..count).map(|index| Command::add_user(user(index)).groups((0..OF_EACH).map(group)));
    let granted = (0..count).flat_map(|index| {
        let on = format!("project/shared{index}");
        let grant = move |to| {
            Command::from(Command::grant(
                Grantee::group(group(to)),
                format!("project/shared{index}"),
                ["read"],
            ))
        };
        commands![Command::add_resource(on)].into_iter().chain((0..OF_EACH).map(grant))
    });
    let owned = (0..MANY)
        .map(|index| Command::add_resource(format!("project/own{index}")).owner(user(index % count)));
    let batch = Batch::host(Timestamp::EPOCH).extend(groups).extend(users).extend(granted).extend(owned);
    reads_back(&built(batch));
}

fn built(batch: Batch) -> Directory {
    let catalog = Catalog::builder()
        .kind(Kind::named("project").permissions(["read"]))
        .profile(Profile::new("free").exempt())
        .default_profile("free")
        .build()
        .unwrap();
    Directory::new(catalog).plan(batch).unwrap().into_directory()
}

/// A host's store may repeat a row of a membership.
#[test]
fn a_repeated_group_is_joined_once() {
    let ada = Command::add_user("ada").group("data");
    let directory = built(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")).add(ada));
    let mut builder = Builder::new();
    let mut changed = 0;
    for record in records(&directory) {
        let stored = serde_json::to_string(&record).unwrap();
        let twice = stored.replace(r#"["data"]"#, r#"["data","data"]"#);
        changed += usize::from(twice != stored);
        builder.push(serde_json::from_str(&twice).unwrap()).unwrap();
    }
    assert_eq!(changed, 1);
    let read = builder.finish().unwrap();
    assert_eq!(read.audit(), Ok(()));
    assert_eq!(read, directory);
}
