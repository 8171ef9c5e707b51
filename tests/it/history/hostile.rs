//! Damaged stored directories: an error with its location, or an equal directory; never half of one.

use std::io::BufReader;
use std::path::Path;

use entitle::Directory;

use super::{times, world};

fn small() -> (Directory, Vec<u8>) {
    let (mut directories, _) = world::small();
    let directory = directories.pop().unwrap();
    let mut stored = Vec::new();
    directory.write_to(&mut stored).unwrap();
    (directory, stored)
}

/// Checks that the result is an error with a location, or an equal directory, and returns `true` for the latter.
#[track_caller]
fn error_or_equal(bytes: &[u8], directory: &Directory) -> bool {
    match Directory::read_from(bytes) {
        Ok(read) => {
            assert_eq!(&read, directory);
            true
        }
        Err(error) => {
            let text = error.to_string();
            let placed = ["line ", "record ", "the records end after "];
            assert!(placed.iter().any(|place| text.starts_with(place)), "{text}");
            assert!(!error.code().is_empty());
            false
        }
    }
}

/// Rule C9.
#[test]
fn truncated_at_every_byte() {
    let (directory, stored) = small();
    for length in 0..stored.len() {
        let equal = error_or_equal(&stored[..length], &directory);
        // Only the last line feed is redundant.
        assert_eq!(equal, length + 1 == stored.len(), "{length} of {}", stored.len());
    }
}

/// Rule C9.
#[test]
fn every_byte_changed() {
    let (directory, stored) = small();
    let few = [1, 2, 0x20, 0x80, b'"' ^ b'}', 0xFF];
    let all: Vec<u8> = (1..=255).collect();
    let flips: &[u8] = if times(0, 1) == 0 { &few } else { &all };
    let mut damaged = stored.clone();
    for place in 0..stored.len() {
        for flip in flips {
            damaged[place] = stored[place] ^ flip;
            error_or_equal(&damaged, &directory);
        }
        damaged[place] = stored[place];
    }
}

/// A part of a stored directory, its replacement, and the error.
const CONTRADICTIONS: &[(&str, &str, &str)] = &[
    (r#""version":2"#, r#""version":3"#, "record 1: unsupported version 3, this release reads version 2"),
    (
        r#""committed_at":95"#,
        r#""committed_at":900"#,
        "record 5, license `acme`: the phase at 1970-01-01 00:00:00.900 UTC is `grace`, not `active`",
    ),
    (r#"{"ids":{"users":9,"#, r#"{"ids":{"users":8,"#, "was never issued"),
    (r#"{"ids":{"users":9,"#, r#"{"ids":{"users":4000000000,"#, "there cannot be 4000000000 ids"),
    (r#""id":"12884901890""#, r#""id":"8589934594""#, "group `data`: `id` 8589934594 was issued to another"),
    (r#""id":"12884901890""#, r#""id":"12884901889""#, "group `data`: `id` 12884901889 is not in order"),
    (r#""id":"12884901890""#, r#""id":"17179869183""#, "group `data`: `id` 17179869183 is out of range"),
    (r#""id":"12884901890""#, r#""id":"one""#, "expected an id: a number, or its text"),
    (r#""id":"10053962439239663616""#, r#""id":"4294967296""#, "`id` 4294967296 is not that of `instance`"),
    (r#""last_turn":4"#, r#""last_turn":0"#, "turn 2 was never issued"),
    (r#""last_seat":9"#, r#""last_seat":8"#, "user `hal`: seat number 9 was never issued"),
    (r#""seat_number":9"#, r#""seat_number":8"#, "users `dee` and `hal` have the same seat number 8"),
    (r#""seat_number":9,"#, "", "user `hal`: `holds` and `seat_number` must be given together"),
    (r#""members":"explicit""#, r#""members":"implicit""#, "line 11: column"),
    (
        r#""holds":"technical","basis":"exempt""#,
        r#""holds":"technical""#,
        "user `bot`: `holds` and `basis` must be given together",
    ),
    (
        r#""holds":"technical","basis":"exempt""#,
        r#""holds":"technical","basis":"standard""#,
        "user `bot`: the basis of the seat does not agree",
    ),
    (r#""wants":"technical""#, r#""wants":"nobody""#, "user `bot`: unknown profile `nobody`"),
    (r#""user":"bot""#, r#""user":"ada""#, "user `ada`: user `ada` already exists"),
    (r#""user":"bot""#, r#""user":" bot""#, "` bot` begins or ends with white space"),
    (
        r#""groups":["data","owners"]"#,
        r#""groups":["data","analysts"]"#,
        "user `ada`: group `analysts` has no explicit members",
    ),
    (
        r#""groups":["data","owners"]"#,
        r#""groups":["data"]"#,
        "resource `project/churn`: the owner has not joined `owners` without an end",
    ),
    (
        r#""status":"suspended""#,
        r#""status":"suspended","holds":"reader","basis":"placed","seat_number":2"#,
        "a suspended or expired user cannot hold or wait for a seat",
    ),
    (r#""resource":"instance""#, r#""resource":"instance/x""#, "`instance/x` cannot name a new resource"),
    (
        r#""resource":"project/a b/c""#,
        r#""resource":"instance""#,
        "resource `instance`: `instance` is described twice",
    ),
    (r#""user:eve":["read"]"#, r#""user:eve":["raed"]"#, "unknown permission `raed`"),
    (r#""user:eve":["read"]"#, r#""user:eve":[]"#, "the grant to `user:eve` has no permissions"),
    (r#""user:eve":["read"]"#, r#""group:data":["read"]"#, "`group:data` is named twice"),
    (r#""user:eve":["read"]"#, r#""eve":["read"]"#, "`eve` is not a grantee"),
    (
        r#""expired":true"#,
        r#""expired":false"#,
        "key `ci`: `expired` must be true at 1970-01-01 00:00:00.095 UTC",
    ),
    (r#""acts_as":"bot""#, r#""acts_as":"bit""#, "key `all`: unknown user `bit`"),
    (r#""acts_as":"bot""#, r#""acts_as":"bot","more":1"#, "unknown field `more`"),
    (r#"{"end":{"records":"#, r#"{"end":{"records":1"#, "`end`: `records` is 1"),
    (
        r#""profile":"reader","peak":3"#,
        r#""profile":"reader","peak":2"#,
        "`end`: the peak of profile `reader` is less than its consumed seats",
    ),
];

/// Damage with well-formed lines and a right checksum is found from the contents of the records (rule C9).
#[test]
fn contradictions_name_their_place() {
    let (_, stored) = small();
    let text = String::from_utf8(stored).unwrap();
    for &(before, after, expected) in CONTRADICTIONS {
        assert!(text.contains(before), "{before}\nis not in\n{text}");
        let changed = with_checksum(&text.replacen(before, after, 1));
        let error = Directory::read_from(changed.as_bytes())
            .err()
            .unwrap_or_else(|| panic!("{after} is read"))
            .to_string();
        assert!(error.contains(expected), "{before} -> {after}: {error}");
    }
}

/// States that no sequence of commands makes: the name of a file in the corpus of `stored`, a part of the last directory
/// of the small history, its replacement, and the error.
const UNREACHABLE: &[(&str, &str, &str, &str)] = &[
    (
        "revision_at_the_maximum",
        r#""revision":8"#,
        r#""revision":18446744073709551615"#,
        "record 3, `commits`: there cannot be",
    ),
    (
        "time_at_the_maximum",
        r#""committed_at":95"#,
        r#""committed_at":18446744073709551615"#,
        "record 3, `commits`: `committed_at` is after",
    ),
    (
        "content_without_commits",
        r#""revision":8"#,
        r#""revision":0"#,
        "`end`: `revision` is 0, but the directory is not empty",
    ),
    (
        "last_turn_at_the_maximum",
        r#""last_turn":4"#,
        r#""last_turn":18446744073709551615"#,
        "`queue`: `last_turn` cannot be 18446744073709551615",
    ),
    (
        "last_turn_near_the_maximum",
        r#""last_turn":4"#,
        r#""last_turn":18446744073709551613"#,
        "`queue`: `last_turn` cannot be 18446744073709551613",
    ),
    (
        "last_seat_at_the_maximum",
        r#""last_seat":9"#,
        r#""last_seat":18446744073709551615"#,
        "`queue`: `last_seat` cannot be 18446744073709551615",
    ),
    (
        "figures_without_users",
        r#"{"ids":{"users":9,"#,
        r#"{"ids":{"users":0,"#,
        "`peak` is 3, but 0 users were ever added",
    ),
    (
        "peak_over_all_users",
        r#""peak":3"#,
        r#""peak":10"#,
        "the figures of profile `designer`: `peak` is 10, but 9 users were ever added",
    ),
    (
        "seat_time_over_the_peak",
        r#""seat_ms":225"#,
        r#""seat_ms":286"#,
        "the figures of profile `designer`: `seat_ms` is 286, but 3 seats take 285 at most",
    ),
    (
        "figures_left_out",
        r#"{"book":{"profile":"technical","peak":1,"peak_at":20,"seat_ms":75}}"#,
        "",
        "`end`: no figures of profile `technical`",
    ),
    (
        "slot_never_given_out",
        r#""id":"12884901890""#,
        r#""id":"12884901891""#,
        "group `data`: `id` 12884901891 was never issued",
    ),
    (
        "wish_without_a_seat",
        r#""wants":"designer","holds":"reader","basis":"placed","seat_number":9,"turn":4,"#,
        r#""wants":"designer","#,
        "user `hal`: an active or invited user who wants a profile must hold or wait",
    ),
    (
        "waiter_for_an_exempt_profile",
        r#""wants":"technical","holds":"technical","basis":"exempt","seat_number":4,"#,
        r#""wants":"technical","turn":1,"#,
        "user `bot`: no user waits for an exempt profile",
    ),
    (
        "placed_from_an_exempt_profile",
        r#""wants":"designer","holds":"reader","basis":"placed","seat_number":9,"#,
        r#""wants":"technical","holds":"reader","basis":"placed","seat_number":9,"#,
        "user `hal`: no user waits for an exempt profile",
    ),
    (
        "extra_seat_of_an_exempt_profile",
        r#""basis":"exempt""#,
        r#""basis":"extra""#,
        "user `bot`: the basis of the seat does not agree",
    ),
    (
        "extra_seat_with_a_turn",
        r#""basis":"extra","seat_number":8"#,
        r#""basis":"extra","seat_number":8,"turn":1"#,
        "the basis of the seat does not agree",
    ),
    (
        "turns_out_of_order",
        r#""turn":4,"since":95"#,
        r#""turn":4,"since":30"#,
        "`end`: turn 4 is older than turn 2 before it",
    ),
    (
        "suspended_owner_of_a_singleton",
        r#""resource":"instance","owner":"ada""#,
        r#""resource":"instance","owner":"bob""#,
        "resource `instance`: `bob` owns a singleton and is not active",
    ),
    (
        "invited_owner_of_a_singleton",
        r#""resource":"instance","owner":"ada""#,
        r#""resource":"instance","owner":"fay""#,
        "resource `instance`: `fay` owns a singleton and is not active",
    ),
    (
        "singleton_left_out",
        r#"{"resource":{"id":"10053962439239663616","resource":"instance","owner":"ada"}}"#,
        "",
        "`end`: no resource `instance`, which is a singleton",
    ),
    (
        "grant_without_what_it_implies",
        r#""group:data":["write","read"]"#,
        r#""group:data":["write"]"#,
        "resource `project/churn`: the grant to `group:data` lacks permissions",
    ),
    (
        "scope_without_what_it_implies",
        r#""project/churn":["write","read"]"#,
        r#""project/churn":["write"]"#,
        "key `ci`: the scope on `project/churn` lacks permissions",
    ),
];

/// The same of the directory with ends, roles and nested groups, at 30.
const UNREACHABLE_ACCESS: &[(&str, &str, &str, &str)] = &[
    (
        "end_of_a_permission_that_has_passed",
        r#""ending":[{"expires_at":90,"#,
        r#""ending":[{"expires_at":30,"#,
        "resource `project/a`: `expires_at` is 1970-01-01 00:00:00.030 UTC, which is not after the last commit",
    ),
    (
        "permission_with_two_ends",
        r#""permissions":["read"],"ending":[{"expires_at":90,"permissions":["admin","write"]"#,
        r#""permissions":["read"],"ending":[{"expires_at":90,"permissions":["admin","write","read"]"#,
        "a permission of `user:ada` has two ends",
    ),
    (
        "end_of_no_permission",
        r#""ending":[{"expires_at":90,"permissions":["admin","write"]}]"#,
        r#""ending":[{"expires_at":90,"permissions":[]}]"#,
        "a permission of `user:ada` has two ends, or an end has none",
    ),
    (
        "implied_permission_that_ends_before",
        r#""permissions":["read"],"ending":[{"expires_at":90,"#,
        r#""ending":[{"expires_at":80,"permissions":["read"]},{"expires_at":90,"#,
        "the grant to `user:ada` lacks permissions that others of it imply",
    ),
    (
        "grantee_named_twice",
        r#""grants":{"group:core":["read"]"#,
        r#""grants":{"user:ada":["read"]"#,
        "`user:ada` is named twice",
    ),
    (
        "role_that_does_not_exist",
        r#""roles":[{"role":"writer"}]"#,
        r#""roles":[{"role":"editor"}]"#,
        "resource `project/a`: unknown role `editor`",
    ),
    (
        "role_given_twice",
        r#""roles":[{"role":"writer"}]"#,
        r#""roles":[{"role":"writer"},{"role":"writer"}]"#,
        "role `writer` is named twice",
    ),
    (
        "end_of_a_role_that_has_passed",
        r#""roles":[{"role":"auditor","expires_at":200}]"#,
        r#""roles":[{"role":"auditor","expires_at":30}]"#,
        "the roles of `group:data` on everything: `expires_at` is",
    ),
    (
        "no_roles_on_everything",
        r#""roles":[{"role":"auditor","expires_at":200}]"#,
        r#""roles":[]"#,
        "the roles of `group:data` on everything: `group:data` has no roles",
    ),
    (
        "permissions_on_everything",
        r#""roles":[{"role":"auditor","expires_at":200}]"#,
        r#""permissions":["read"],"roles":[{"role":"auditor","expires_at":200}]"#,
        "unknown field `permissions`",
    ),
    (
        "role_of_the_catalog",
        r#"{"role":{"role":"writer""#,
        r#"{"role":{"role":"auditor""#,
        "role `auditor`: role `auditor` already exists",
    ),
    (
        "role_where_there_are_no_others",
        r#""custom_roles":true"#,
        r#""custom_roles":false"#,
        "role `writer`: the catalog permits no other roles",
    ),
    (
        "role_of_an_unknown_permission",
        r#"{"role":"writer","permissions":{"project":["write","read"]}"#,
        r#"{"role":"writer","permissions":{"project":["write","fly"]}"#,
        "role `writer`: unknown permission `fly`",
    ),
    (
        "role_without_what_it_implies",
        r#"{"role":"writer","permissions":{"project":["write","read"]}"#,
        r#"{"role":"writer","permissions":{"project":["write"]}"#,
        "role `writer`: the role on `project` lacks permissions that others of it imply",
    ),
    (
        "end_of_a_membership_that_has_passed",
        r#""group_ends":{"data":100}"#,
        r#""group_ends":{"data":30}"#,
        "user `bob`: `expires_at` is 1970-01-01 00:00:00.030 UTC, which is not after the last commit",
    ),
    (
        "end_of_a_membership_without_one",
        r#""group_ends":{"data":100}"#,
        r#""group_ends":{"core":100}"#,
        "user `bob`: the user has not joined group `core`, which has an end",
    ),
    (
        "end_of_an_included_owner",
        r#""groups":["core","owners"]"#,
        r#""groups":["core","owners"],"group_ends":{"owners":100}"#,
        "resource `project/a`: the owner has not joined `owners` without an end",
    ),
    (
        "included_owner_through_a_nested_group",
        r#""groups":["core","owners"]"#,
        r#""groups":["core"]"#,
        "resource `project/a`: the owner has not joined `owners` without an end",
    ),
    (
        "group_in_itself",
        r#"{"nested":{"group":"n0","in":["n1"]}}"#,
        r#"{"nested":{"group":"n0","in":["n0"]}}"#,
        "the groups that `n0` is in: `n0` would be inside itself",
    ),
    (
        "cycle_of_groups",
        r#"{"nested":{"group":"core","in":["data","owners"]}}"#,
        "{\"nested\":{\"group\":\"core\",\"in\":[\"data\",\"owners\"]}}\n{\"nested\":{\"group\":\"data\",\"in\":[\"core\"]}}",
        "the groups that `data` is in: `data` would be inside itself",
    ),
    (
        "nested_through_nine_steps",
        r#"{"nested":{"group":"n7","in":["n8"]}}"#,
        "{\"nested\":{\"group\":\"n7\",\"in\":[\"n8\"]}}\n{\"nested\":{\"group\":\"n8\",\"in\":[\"n9\"]}}",
        "the groups that `n8` is in: `n8` would lie too deep in `n9`",
    ),
    (
        "nested_in_a_managed_group",
        r#"{"nested":{"group":"n0","in":["n1"]}}"#,
        r#"{"nested":{"group":"n0","in":["company"]}}"#,
        "no group can be nested in `company`, which is not explicit",
    ),
    (
        "nested_twice",
        r#"{"nested":{"group":"n0","in":["n1"]}}"#,
        r#"{"nested":{"group":"n0","in":["n1","n1"]}}"#,
        "`n0` is already nested in `n1`",
    ),
    (
        "nested_in_nothing",
        r#"{"nested":{"group":"n0","in":["n1"]}}"#,
        r#"{"nested":{"group":"n0","in":[]}}"#,
        "group `n0` is nested in no group",
    ),
];

/// The same of places.
const UNREACHABLE_PLACES: &[(&str, &str, &str, &str)] = &[
    (
        "parent_that_does_not_exist",
        r#""parent":"folder/f7","closed":true"#,
        r#""parent":"folder/none","closed":true"#,
        "unknown resource `folder/none`",
    ),
    (
        "parent_of_a_wrong_kind",
        r#""parent":"folder/f7","closed":true"#,
        r#""parent":"shelf/s","closed":true"#,
        "resource `project/p` cannot lie inside `shelf/s`",
    ),
    (
        "parent_that_is_a_singleton",
        r#""parent":"folder/f7","closed":true"#,
        r#""parent":"instance","closed":true"#,
        "resource `project/p` cannot lie inside `instance`",
    ),
    (
        "nine_passing_links",
        r#""parent":"folder/f7","closed":true"#,
        r#""parent":"folder/f8","closed":true"#,
        "resource `project/p` has too many passing links inside `folder/f8`",
    ),
    (
        "resource_in_itself",
        r#""parent":"folder/f0"}}"#,
        r#""parent":"folder/f1"}}"#,
        "resource `folder/f1` lies inside itself, or inside one that does",
    ),
    (
        "cycle_of_resources",
        r#""parent":"folder/f0"}}"#,
        r#""parent":"folder/f3"}}"#,
        "lies inside itself, or inside one that does",
    ),
    (
        "closed_singleton",
        r#""resource":"instance"}}"#,
        r#""resource":"instance","closed":true}}"#,
        "resource `instance`: `instance` cannot be closed",
    ),
    (
        "singleton_in_a_resource",
        r#""resource":"instance"}}"#,
        r#""resource":"instance","parent":"folder/f0"}}"#,
        "resource `instance` cannot lie inside `folder/f0`",
    ),
];

/// The same of managers.
const UNREACHABLE_MANAGERS: &[(&str, &str, &str, &str)] = &[
    (
        "manager_who_does_not_exist",
        r#""managers":["everyone"]"#,
        r#""managers":["user:cyd"]"#,
        "the managers of `open`: unknown user `cyd`",
    ),
    (
        "manager_that_does_not_exist",
        r#""managers":["everyone"]"#,
        r#""managers":["group:gone"]"#,
        "the managers of `open`: unknown group `gone`",
    ),
    (
        "manager_named_twice",
        r#""managers":["everyone"]"#,
        r#""managers":["everyone","everyone"]"#,
        "the managers of `open`: a manager of group `open` is named twice",
    ),
    (
        "managers_of_a_group_that_does_not_exist",
        r#"{"managed":{"group":"open""#,
        r#"{"managed":{"group":"gone""#,
        "the managers of `gone`: unknown group `gone`",
    ),
    (
        "managers_of_a_managed_group",
        r#"{"managed":{"group":"open""#,
        r#"{"managed":{"group":"company""#,
        "the managers of `company`: group `company` cannot have managers, because it is not explicit",
    ),
    (
        "managers_described_twice",
        r#"{"managed":{"group":"open""#,
        r#"{"managed":{"group":"data""#,
        "the managers of `data`: group `data` is described twice, or without managers",
    ),
    (
        "managers_described_without_any",
        r#""managers":["everyone"]"#,
        r#""managers":[]"#,
        "the managers of `open`: group `open` is described twice, or without managers",
    ),
];

/// A text in which a part is replaced, with a right number of records and checksum; a line that is emptied is left out.
fn with_part(text: &str, before: &str, after: &str) -> String {
    assert!(text.contains(before), "{before}\nis not in\n{text}");
    let changed = text.replacen(before, after, 1);
    let lines = changed.lines().filter(|line| !line.is_empty() && !line.starts_with(r#"{"end""#));
    let content: Vec<&str> = lines.filter(|line| !line.starts_with(r#"{"checksum""#)).collect();
    let end = format!("{{\"end\":{{\"records\":{}}}}}", content.len());
    with_checksum(&[content.join("\n"), end].join("\n"))
}

/// Every such state is refused with its place (rule C9), and is kept for fuzzing, from where `cargo test` reads it too.
///
/// `ENTITLE_WRITE=1` writes the files, after the stored form or the small history changed.
#[test]
fn what_no_command_makes_is_not_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/stored");
    let kept = |name: &str, expected: &str| {
        let path = folder.join(name);
        if std::env::var_os("ENTITLE_WRITE").is_some() {
            std::fs::write(&path, expected).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap();
        assert!(found == expected, "{name} is out of date");
        found
    };
    let (directories, _) = world::small();
    for revision in [0, 3, 8] {
        let mut stored = Vec::new();
        directories[revision].write_to(&mut stored).unwrap();
        kept(&format!("revision_{revision}"), &String::from_utf8(stored).unwrap());
    }
    let mut stored = Vec::new();
    world::access().0.write_to(&mut stored).unwrap();
    let access = kept("access", &String::from_utf8(stored).unwrap());
    let mut stored = Vec::new();
    world::places().0.write_to(&mut stored).unwrap();
    let places = kept("places", &String::from_utf8(stored).unwrap());
    let mut stored = Vec::new();
    world::managers().0.write_to(&mut stored).unwrap();
    let managers = kept("managers", &String::from_utf8(stored).unwrap());
    let small = String::from_utf8(small().1).unwrap();
    let mut wrong = Vec::new();
    let tables = [
        (&small, UNREACHABLE),
        (&access, UNREACHABLE_ACCESS),
        (&places, UNREACHABLE_PLACES),
        (&managers, UNREACHABLE_MANAGERS),
    ];
    let cases = tables.into_iter().flat_map(|(text, table)| table.iter().map(move |case| (text, case)));
    for (text, &(name, before, after, expected)) in cases {
        let hostile = kept(&format!("unreachable_{name}"), &with_part(text, before, after));
        match Directory::read_from(hostile.as_bytes()) {
            Ok(_) => wrong.push(format!("{name} is read")),
            Err(error) if error.to_string().contains(expected) => {}
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Lines that are valid one by one are errors in a wrong place.
#[test]
fn omitted_repeated_and_moved_lines_are_errors() {
    let (directory, stored) = small();
    let text = String::from_utf8(stored).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let content = &lines[..lines.len() - 1];
    for place in 0..content.len() {
        let mut without = content.to_vec();
        without.remove(place);
        assert!(
            !error_or_equal(with_checksum(&without.join("\n")).as_bytes(), &directory),
            "{place} left out"
        );
        let mut twice = content.to_vec();
        twice.insert(place, content[place]);
        assert!(!error_or_equal(with_checksum(&twice.join("\n")).as_bytes(), &directory), "{place} twice");
        let mut moved = content.to_vec();
        moved.swap(place, (place + 1) % content.len());
        error_or_equal(with_checksum(&moved.join("\n")).as_bytes(), &directory);
    }
    let behind = format!("{text}\n");
    let error = Directory::read_from(behind.as_bytes()).unwrap_err();
    assert_eq!(error.code(), "trailing");
}

/// The failure of a reader that gives single bytes is reported with its line.
#[test]
fn a_read_error_is_reported() {
    struct Fails(usize, Vec<u8>);
    impl std::io::Read for Fails {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let byte = self.1.get(self.0).ok_or_else(|| std::io::Error::other("the disk is gone"))?;
            to[0] = *byte;
            self.0 += 1;
            Ok(1)
        }
    }
    let (_, mut stored) = small();
    stored.truncate(200);
    let error = Directory::read_from(BufReader::with_capacity(1, Fails(0, stored))).unwrap_err();
    assert_eq!(error.to_string(), "line 2: the disk is gone");
}

/// The text with a right checksum, computed here again from the documented form.
fn with_checksum(text: &str) -> String {
    let content = text.lines().filter(|line| !line.starts_with(r#"{"checksum""#));
    let content: String = content.flat_map(|line| [line, "\n"]).collect();
    let mut state: u64 = 14_695_981_039_346_656_037;
    for byte in content.bytes() {
        state ^= u64::from(byte);
        state = state.wrapping_mul(1_099_511_628_211);
    }
    format!("{content}{{\"checksum\":\"fnv1a64:{state:016x}\"}}\n")
}

#[test]
fn the_checksum_is_as_documented() {
    let (_, stored) = small();
    let text = String::from_utf8(stored).unwrap();
    assert_eq!(with_checksum(&text), text);
}
