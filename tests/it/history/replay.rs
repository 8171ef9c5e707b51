//! Commits that do not continue a directory are refused, with the location of the fault.

use entitle::Directory;
use entitle::change::{Commit, ReplayError};

use super::world;

/// Checks that replay refuses the commits and leaves its directory unchanged, and returns the error.
#[track_caller]
fn refused(from: &Directory, commits: &[Commit]) -> ReplayError {
    let before = from.clone();
    let error = from.replay(commits).unwrap_err();
    assert_eq!(from, &before);
    error
}

#[test]
fn replay_gives_equal_directories() {
    let (directories, commits) = world::small();
    for (from, directory) in directories.iter().enumerate() {
        for (to, expected) in directories.iter().enumerate().skip(from) {
            assert_eq!(&directory.replay(&commits[from..to]).unwrap(), expected, "{from} to {to}");
        }
    }
    for (name, end, commits) in world::scenarios() {
        let replayed = Directory::new(end.catalog().clone()).replay(&commits).unwrap();
        assert_eq!(replayed, end, "{name}");
        assert_eq!(replayed.audit(), Ok(()), "{name}");
    }
}

#[test]
fn a_gap_a_repetition_and_an_older_time_are_refused() {
    let (directories, commits) = world::small();
    let gap = [commits[0].clone(), commits[2].clone()];
    assert_eq!(refused(&directories[0], &gap), ReplayError::Gap { expected: 2, found: 3 });
    let repeated = [commits[0].clone(), commits[0].clone()];
    assert_eq!(refused(&directories[0], &repeated), ReplayError::Gap { expected: 2, found: 1 });
    assert_eq!(refused(&directories[1], &commits), ReplayError::Gap { expected: 2, found: 1 });
    let mut older = commits[1].clone();
    older.at = entitle::Timestamp::from_millis(9);
    assert_eq!(refused(&directories[1], &[older]), ReplayError::TimeReversed { revision: 2 });
}

/// Events that contradict the last directory of the small history, each with its error.
#[test]
fn events_that_contradict_the_state_are_refused() {
    let (directories, _) = world::small();
    let last = directories.last().unwrap();
    let cases = [
        (r#"{ "user_added": { "user": "ada", "source": "local" } }"#, "user `ada` already exists"),
        (r#"{ "user_renamed": { "user": "ada", "to": "dee" } }"#, "user `dee` already exists"),
        (r#"{ "user_removed": { "user": "zoe" } }"#, "unknown user `zoe`"),
        (r#"{ "user_removed": { "user": "ada" } }"#, "user `ada` still holds or waits"),
        (r#"{ "user_removed": { "user": "bob" } }"#, "`bob` still owns resources"),
        (r#"{ "user_removed": { "user": "gus", "keys": ["ci"] } }"#, "`keys` are not those of user `gus`"),
        (r#"{ "user_suspended": { "user": "bob" } }"#, "user `bob` is already suspended for this reason"),
        (r#"{ "user_suspended": { "user": "fay" } }"#, "user `fay` is `invited`, expected `active`"),
        (r#"{ "user_reinstated": { "user": "ada" } }"#, "user `ada` is `active`, expected `suspended`"),
        (r#"{ "invitation_accepted": { "user": "gus" } }"#, "user `gus` is `expired`, expected `invited`"),
        (r#"{ "profile_wanted": { "user": "ada", "profile": "chef" } }"#, "unknown profile `chef`"),
        (
            r#"{ "seat_changed": { "user": "ada", "holds": "reader", "basis": null, "queued": false } }"#,
            "must be given together",
        ),
        (
            r#"{ "seat_changed": { "user": "bob", "holds": "reader", "basis": "standard", "queued": false } }"#,
            "user `bob` cannot hold",
        ),
        (r#"{ "group_added": { "group": "data", "members": "explicit" } }"#, "group `data` already exists"),
        (r#"{ "group_removed": { "group": "zoo" } }"#, "unknown group `zoo`"),
        (r#"{ "joined": { "user": "ada", "group": "data" } }"#, "a member of group `data`"),
        (r#"{ "left": { "user": "dee", "group": "data" } }"#, "a member of group `data`"),
        (r#"{ "joined": { "user": "ada", "group": "analysts" } }"#, "whose members are managed"),
        (r#"{ "left": { "user": "ada", "group": "owners" } }"#, "whose members are managed"),
        (r#"{ "resource_added": { "resource": "project/churn" } }"#, "`project/churn` already exists"),
        (r#"{ "resource_added": { "resource": "project/*" } }"#, "cannot name a new resource"),
        (r#"{ "resource_removed": { "resource": "instance" } }"#, "resource `instance` cannot be removed"),
        (
            r#"{ "owner_changed": { "resource": "project/x", "owner": "ada" } }"#,
            "unknown resource `project/x`",
        ),
        (
            r#"{ "grant_changed": { "to": "group:data", "on": "project/churn", "permissions": ["use"] } }"#,
            "unknown permission `use`",
        ),
        (r#"{ "key_added": { "key": "ci", "acts_as": "ada", "scope": "all" } }"#, "key `ci` already exists"),
        (r#"{ "key_expired": { "key": "ci" } }"#, "has already expired"),
        (
            r#"{ "key_expired": { "key": "all" } }"#,
            "key `all` does not expire by 1970-01-01 00:00:00.100 UTC",
        ),
        (r#"{ "invitation_expired": { "user": "fay" } }"#, "user `fay` still holds"),
        (
            r#"{ "phase_changed": { "phase": "lapsed" } }"#,
            "the phase at 1970-01-01 00:00:00.100 UTC is `active`, not `lapsed`",
        ),
        (
            r#"{ "license_installed": { "license": { "name": "x", "seats": { "chef": 1 } } } }"#,
            "unknown profile `chef`",
        ),
    ];
    for (event, expected) in cases {
        let text = format!(r#"{{ "format": 1, "revision": 9, "at": 100, "events": [{event}] }}"#);
        let commit: Commit = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{event}: {error}"));
        match refused(last, &[commit]) {
            ReplayError::Contradiction { revision: 9, event: Some(0), source } => {
                let reason = source.to_string();
                assert!(reason.contains(expected), "{event}: {reason}");
            }
            error => panic!("{event}: {error}"),
        }
    }
}

/// The first commit after an expiry records it; a commit that omits it is refused.
#[test]
fn a_commit_that_omits_a_due_expiry_is_refused() {
    let (directories, _) = world::small();
    let last = directories.last().unwrap();
    let commit = |at: u64, events: &str| {
        let text = format!(r#"{{ "format": 1, "revision": 9, "at": {at}, "events": [{events}] }}"#);
        serde_json::from_str::<Commit>(&text).unwrap()
    };
    let added = r#"{ "group_added": { "group": "new", "members": "explicit" } }"#;
    assert!(last.replay(&[commit(499, added)]).is_ok());
    let error = refused(last, &[commit(500, added)]).to_string();
    assert_eq!(error, "revision 9: an expiry due by 1970-01-01 00:00:00.500 UTC is missing from the commit");
    let released = r#"{ "seat_changed": { "user": "fay", "holds": null, "basis": null, "queued": false } },
                      { "invitation_expired": { "user": "fay" } }"#;
    assert!(last.replay(&[commit(500, released)]).is_ok());
    let error = refused(last, &[commit(900, released)]).to_string();
    assert_eq!(
        error,
        "revision 9: the license becomes `grace` by 1970-01-01 00:00:00.900 UTC, and the commit lacks that change"
    );
    let error = refused(last, &[commit(100, "")]).to_string();
    assert_eq!(error, "revision 9: the commit has no events");
}

/// The wanted profile and the seat change in two events, and only both together can be found wrong.
#[test]
fn an_impossible_seat_is_refused() {
    let (directories, _) = world::small();
    let last = directories.last().unwrap();
    let wish =
        |profile: &str| format!(r#"{{ "profile_wanted": {{ "user": "ada", "profile": {profile} }} }}"#);
    let seat = |seat: &str| format!(r#"{{ "seat_changed": {{ "user": "ada", {seat} }} }}"#);
    let cases = [
        (wish("null"), "a seat or a turn requires a wanted profile"),
        (wish(r#""reader""#), "the basis of the seat does not agree"),
        (seat(r#""holds": "designer", "basis": "extra", "queued": true"#), "the basis of the seat"),
        (seat(r#""holds": "reader", "basis": "standard", "queued": false"#), "the basis of the seat"),
        (seat(r#""holds": "reader", "basis": "placed", "queued": false"#), "the basis of the seat"),
        (seat(r#""holds": "designer", "basis": "exempt", "queued": false"#), "the basis of the seat"),
    ];
    let commit = |events: &str| {
        let text = format!(r#"{{ "format": 1, "revision": 9, "at": 100, "events": [{events}] }}"#);
        serde_json::from_str::<Commit>(&text).unwrap()
    };
    for (event, expected) in cases {
        match refused(last, &[commit(&event)]) {
            ReplayError::Contradiction { revision: 9, event: None, source } => {
                let reason = source.to_string();
                assert!(reason.starts_with("user `ada`: ") && reason.contains(expected), "{event}: {reason}");
            }
            error => panic!("{event}: {error}"),
        }
    }
    let both = [wish(r#""reader""#), seat(r#""holds": "reader", "basis": "standard", "queued": false"#)];
    assert!(last.replay(&[commit(&both.join(","))]).is_ok());
}

/// Replay refuses the states that reading refuses, because the directory that it makes can be stored and read (rule C9).
#[test]
fn what_no_plan_records_is_refused() {
    let (directories, _) = world::small();
    let last = directories.last().unwrap();
    let gives_up = r#"{ "seat_changed": { "user": "ada", "holds": null, "basis": null, "queued": false } }"#;
    let cases: [(&[&str], usize, &str); 5] = [
        (
            &[gives_up, r#"{ "user_suspended": { "user": "ada", "reason": null } }"#],
            1,
            "the user owns a singleton",
        ),
        (
            &[r#"{ "owner_changed": { "resource": "instance", "owner": "bob" } }"#],
            0,
            "`bob` owns a singleton and is not active",
        ),
        (
            &[r#"{ "user_reinstated": { "user": "bob" } }"#],
            1,
            "user `bob`: an active or invited user who wants",
        ),
        (&[r#"{ "user_invited": { "user": "gus" } }"#], 1, "user `gus`: an active or invited user who wants"),
        (
            &[
                r#"{ "profile_wanted": { "user": "hal", "profile": "technical" } }"#,
                r#"{ "seat_changed": { "user": "hal", "holds": "reader", "basis": "placed", "queued": true } }"#,
            ],
            2,
            "user `hal`: no user waits for an exempt profile",
        ),
    ];
    for (events, index, expected) in cases {
        let text =
            format!(r#"{{ "format": 1, "revision": 9, "at": 100, "events": [{}] }}"#, events.join(","));
        let commit: Commit = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        match refused(last, &[commit]) {
            ReplayError::Contradiction { revision: 9, event, source } => {
                let reason = source.to_string();
                assert!(
                    event.unwrap_or(events.len()) == index && reason.starts_with(expected),
                    "{text}: {event:?}, {reason}"
                );
            }
            error => panic!("{text}: {error}"),
        }
    }
}

/// The same of ends, roles and nested groups, in the directory at 30.
#[test]
fn events_of_access_that_contradict_the_state_are_refused() {
    let (directory, _) = world::access();
    let cases = [
        (
            r#"{ "joined": { "user": "bob", "group": "core", "expires_at": 40 } }"#,
            "the end is not after the commit",
        ),
        (
            r#"{ "joined": { "user": "bob", "group": "data", "expires_at": 100 } }"#,
            "already a member of group `data`",
        ),
        (
            r#"{ "joined": { "user": "bob", "group": "data", "expires_at": 99 } }"#,
            "already a member of group `data`",
        ),
        (r#"{ "left": { "user": "ada", "group": "data" } }"#, "user `ada` is not a member of group `data`"),
        (
            r#"{ "membership_ended": { "user": "bob", "group": "data", "expires_at": 100 } }"#,
            "the membership of `bob` in `data` does not end at",
        ),
        (
            r#"{ "membership_ended": { "user": "ada", "group": "core", "expires_at": 35 } }"#,
            "the membership of `ada` in `core` does not end at",
        ),
        (r#"{ "nested": { "group": "data", "in": "core" } }"#, "`data` would be inside itself"),
        (r#"{ "nested": { "group": "n8", "in": "n9" } }"#, "`n8` would lie too deep in `n9`"),
        (r#"{ "nested": { "group": "core", "in": "data" } }"#, "`core` is already nested in `data`"),
        (r#"{ "nested": { "group": "core", "in": "company" } }"#, "`company`, which is not explicit"),
        (r#"{ "nested": { "group": "core", "in": "none" } }"#, "unknown group `none`"),
        (r#"{ "unnested": { "group": "data", "in": "core" } }"#, "`data` is not nested in `core`"),
        (
            r#"{ "grant_changed": { "to": "user:ada", "on": "project/*", "permissions": [],
                                    "ending": [{ "expires_at": 40, "permissions": ["read"] }] } }"#,
            "the end is not after the commit",
        ),
        (
            r#"{ "grant_changed": { "to": "user:ada", "on": "project/*", "permissions": ["read"],
                                    "ending": [{ "expires_at": 50, "permissions": ["read"] }] } }"#,
            "a permission of `user:ada` on `project/*` has two ends",
        ),
        (
            r#"{ "grant_changed": { "to": "user:ada", "on": "*", "permissions": ["read"] } }"#,
            "unknown target `*`",
        ),
        (
            r#"{ "grant_ended": { "to": "user:ada", "on": "project/a", "permissions": ["admin", "write"], "expires_at": 90 } }"#,
            "other permissions or roles of `user:ada` on `project/a` end at",
        ),
        (
            r#"{ "grant_ended": { "to": "everyone", "on": "project/*", "permissions": ["read"], "expires_at": 35 } }"#,
            "other permissions or roles of `everyone` on `project/*` end at",
        ),
        (
            r#"{ "grant_ended": { "to": "user:ada", "on": "project/a", "expires_at": 35 } }"#,
            "other permissions or roles of `user:ada` on `project/a` end at",
        ),
        (
            r#"{ "grant_ended": { "to": "group:data", "on": "*", "roles": ["auditor"], "expires_at": 35 } }"#,
            "other permissions or roles of `group:data` on `*` end at",
        ),
        (r#"{ "role_granted": { "to": "user:ada", "on": "*", "role": "editor" } }"#, "unknown role `editor`"),
        (
            r#"{ "role_granted": { "to": "user:ada", "on": "*", "role": "writer", "expires_at": 40 } }"#,
            "the end is not after the commit",
        ),
        (
            r#"{ "role_granted": { "to": "user:bob", "on": "*", "role": "writer" } }"#,
            "role `writer` is already given to `user:bob` on `*`",
        ),
        (
            r#"{ "role_revoked": { "to": "user:ada", "on": "*", "role": "writer" } }"#,
            "role `writer` is not given to `user:ada` on `*`",
        ),
        (
            r#"{ "role_set": { "role": "auditor", "permissions": {} } }"#,
            "role `auditor` cannot be changed: the catalog declares it or does not have `custom_roles`",
        ),
        (r#"{ "role_set": { "role": "writer", "permissions": { "folder": [] } } }"#, "unknown kind `folder`"),
        (r#"{ "role_removed": { "role": "writer" } }"#, "role `writer` is still given"),
        (r#"{ "role_removed": { "role": "editor" } }"#, "unknown role `editor`"),
    ];
    contradictions(&directory, &cases);
}

/// Checks that each event alone is refused at 40, for the reason beside it.
fn contradictions(directory: &Directory, cases: &[(&str, &str)]) {
    for (event, expected) in cases {
        let text = format!(r#"{{ "format": 1, "revision": 4, "at": 40, "events": [{event}] }}"#);
        let commit: Commit = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{event}: {error}"));
        match refused(directory, &[commit]) {
            ReplayError::Contradiction { revision: 4, event: Some(0), source } => {
                let reason = source.to_string();
                assert!(reason.contains(expected), "{event}: {reason}");
            }
            error => panic!("{event}: {error}"),
        }
    }
}

/// The same of places, in the directory at 30.
#[test]
fn events_of_places_that_contradict_the_state_are_refused() {
    let (directory, commits) = world::places();
    assert_eq!(Directory::new(directory.catalog().clone()).replay(&commits).as_ref(), Ok(&directory));
    let cases = [
        (
            r#"{ "resource_added": { "resource": "folder/x", "parent": "folder/x" } }"#,
            "resource `folder/x` would lie inside itself, under `folder/x`",
        ),
        (
            r#"{ "resource_added": { "resource": "project/x", "parent": "folder/f8" } }"#,
            "resource `project/x` has too many passing links inside `folder/f8`",
        ),
        (
            r#"{ "resource_added": { "resource": "project/x", "parent": "project/p" } }"#,
            "resource `project/x` cannot lie inside `project/p`",
        ),
        (
            r#"{ "resource_moved": { "resource": "project/p", "parent": "folder/f7" } }"#,
            "resource `project/p` lies there already",
        ),
        (
            r#"{ "resource_moved": { "resource": "folder/f0", "parent": null } }"#,
            "resource `folder/f0` lies there already",
        ),
        (
            r#"{ "resource_moved": { "resource": "folder/f0", "parent": "folder/f7" } }"#,
            "resource `folder/f0` would lie inside itself, under `folder/f7`",
        ),
        (
            r#"{ "resource_moved": { "resource": "folder/f1", "parent": "instance" } }"#,
            "resource `folder/f1` cannot lie inside `instance`",
        ),
        (r#"{ "resource_moved": { "resource": "folder/f1", "parent": "folder/no" } }"#, "unknown resource"),
        (
            r#"{ "resource_closed": { "resource": "project/p" } }"#,
            "resource `project/p` cannot be closed or opened",
        ),
        (
            r#"{ "resource_opened": { "resource": "folder/f4" } }"#,
            "resource `folder/f4` cannot be closed or opened",
        ),
        (
            r#"{ "resource_closed": { "resource": "instance" } }"#,
            "resource `instance` cannot be closed or opened",
        ),
        (r#"{ "resource_removed": { "resource": "folder/f7" } }"#, "resource `folder/f7` is not empty"),
    ];
    contradictions(&directory, &cases);
}

/// The same of managers, in the directory at 30.
#[test]
fn events_of_managers_that_contradict_the_state_are_refused() {
    let (directory, commits) = world::managers();
    assert_eq!(Directory::new(directory.catalog().clone()).replay(&commits).as_ref(), Ok(&directory));
    let many: Vec<String> = (0..65).map(|number| format!(r#""group:g{number}""#)).collect();
    let many = many.join(", ");
    let too_many = format!(r#"{{ "managers_set": {{ "group": "data", "managers": [{many}] }} }}"#);
    let cases = [
        (r#"{ "managers_set": { "group": "none", "managers": [] } }"#, "unknown group `none`"),
        (r#"{ "managers_set": { "group": "data", "managers": ["user:ada"] } }"#, "unknown user `ada`"),
        (r#"{ "managers_set": { "group": "data", "managers": ["group:gone"] } }"#, "unknown group `gone`"),
        (
            r#"{ "managers_set": { "group": "data", "managers": ["user:bob", "user:bob"] } }"#,
            "a manager of group `data` is named twice",
        ),
        (
            r#"{ "managers_set": { "group": "company", "managers": ["user:bob"] } }"#,
            "group `company` cannot have managers, because it is not explicit",
        ),
        (
            r#"{ "managers_set": { "group": "data", "managers": ["group:chiefs", "group:company"] } }"#,
            "group `data` already has these managers",
        ),
        (
            r#"{ "managers_set": { "group": "company", "managers": [] } }"#,
            "group `company` already has these managers",
        ),
        (too_many.as_str(), "unknown group `g0`"),
        (
            r#"{ "group_added": { "group": "x", "members": "explicit", "managers": ["group:x"] } }"#,
            "unknown group `x`",
        ),
        (
            r#"{ "group_added": { "group": "x", "members": { "external": [] }, "managers": ["user:bob"] } }"#,
            "group `x` cannot have managers, because it is not explicit",
        ),
    ];
    contradictions(&directory, &cases);
}

/// Events with more managers than a group may have (rule D9).
#[test]
fn more_managers_than_a_group_may_have_are_not_replayed() {
    use entitle::{Batch, Command, Timestamp};

    let groups = |number| format!("g{number}");
    let batch =
        Batch::host(Timestamp::EPOCH).extend((0..65).map(|number| Command::add_group(groups(number))));
    let directory =
        Directory::new(world::managers().0.catalog().clone()).plan(batch).unwrap().into_directory();
    let replay = |count: u32| {
        let managers: Vec<String> = (0..count).map(|number| format!(r#""group:g{number}""#)).collect();
        let event =
            format!(r#"{{ "managers_set": {{ "group": "g0", "managers": [{}] }} }}"#, managers.join(","));
        let text = format!(r#"{{ "format": 1, "revision": 2, "at": 0, "events": [{event}] }}"#);
        directory.replay(&[serde_json::from_str::<Commit>(&text).unwrap()])
    };
    assert!(replay(64).is_ok());
    let ReplayError::Contradiction { source, .. } = replay(65).unwrap_err() else {
        panic!("no contradiction")
    };
    assert_eq!(source.to_string(), "group `g0` has more than 64 managers");
}

/// A stored commit keeps who it was made as, and that a grant was beyond what the actor had; replay asks no authority (rule D1).
#[test]
fn who_a_commit_was_made_as_is_kept_and_not_judged() {
    let (directory, _) = world::access();
    let grants = [
        r#"{"grant_changed":{"to":"user:bob","on":"project/*","permissions":["read"],"beyond":true}}"#,
        r#"{"role_granted":{"to":"user:ada","on":"*","role":"writer","beyond":true}}"#,
    ];
    let with =
        |who: &str| format!(r#"{{"format":1,"revision":4,"at":40,{who}"events":[{}]}}"#, grants.join(","));
    let mut directories = Vec::new();
    for who in ["", r#""as":"user:ada","#, r#""as":"key:ci","by":"ticket","#, r#""as":"user:nobody","#] {
        let text = with(who);
        let commit: Commit = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&commit).unwrap(), text);
        directories.push(directory.replay([&commit]).unwrap());
    }
    assert!(directories.windows(2).all(|pair| pair[0] == pair[1]));
    let plain = with("").replace(r#","beyond":true"#, "");
    let commit: Commit = serde_json::from_str(&plain).unwrap();
    assert_eq!(serde_json::to_string(&commit).unwrap(), plain);
    assert_eq!(directory.replay([&commit]).as_ref(), Ok(&directories[0]), "a fact of the event alone");
    assert!(serde_json::from_str::<Commit>(&with(r#""as":"ada","#)).is_err());
}

/// At 90 permissions of ada end; the event must name all of them, and no others.
#[test]
fn an_end_names_exactly_what_ends() {
    let (directory, _) = world::access();
    let replay = |permissions: &str| {
        let ended = format!(
            r#"{{ "grant_ended": {{ "to": "user:ada", "on": "project/a", "permissions": {permissions}, "expires_at": 90 }} }}"#
        );
        let text = format!(r#"{{ "format": 1, "revision": 4, "at": 90, "events": [{ended}] }}"#);
        directory.replay(&[serde_json::from_str::<Commit>(&text).unwrap()])
    };
    assert!(replay(r#"["admin", "write"]"#).is_ok());
    for wrong in [r#"["write"]"#, r#"["admin", "write", "read"]"#, r#"["read"]"#, "[]"] {
        assert!(replay(wrong).is_err(), "{wrong}");
    }
}
