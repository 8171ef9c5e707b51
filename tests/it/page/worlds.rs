//! Scenarios, and their pages as the command writes them.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use serde_json::{Value, json};

/// 1 March 2026.
pub(super) const MARCH: u64 = 1_772_323_200_000;
const DAY: u64 = 86_400_000;

/// Names that a browser or a spreadsheet could take for something other than text.
pub(super) const NAMES: [&str; 10] = [
    "<script>document.title='gone'</script>",
    "</script><b>\"quoted\", 'too'</b>",
    "<img src=x onerror=\"document.title='gone'\">",
    "javascript:alert(1)",
    "=cmd|' /c calc'!A1",
    "שלום \u{202e}txt.exe",
    "a\u{200b}d\u{2066}a\u{feff}\u{ad}\u{e0041}",
    "&lt;b&gt; &amp; \\u003c",
    "`code` {{data}} ${1+1}",
    "مرحبا = 1",
];

/// A name as people read it.
pub(super) fn shown(name: &str) -> String {
    let hidden = ['\u{202e}', '\u{200b}', '\u{2066}', '\u{feff}', '\u{ad}', '\u{e0041}'];
    let mark = |text: String, hidden: char| text.replace(hidden, &hidden.escape_unicode().to_string());
    hidden.into_iter().fold(name.to_owned(), mark)
}

fn file(name: &str, ending: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{name}.{ending}"))
}

/// Writes the page of a scenario with the time in place of that of the clock.
pub(super) fn page(name: &str, scenario: &Value, now: u64) -> PathBuf {
    let (source, page) = (file(name, "json"), file(name, "html"));
    std::fs::write(&source, scenario.to_string()).unwrap();
    std::fs::write(&page, entitle(&["report", "--html", "--now", &now.to_string()], &source)).unwrap();
    page
}

/// Writes the page of the stored form of a scenario's last directory, which has no history.
pub(super) fn page_of_stored(name: &str, scenario: &Value, now: u64) -> PathBuf {
    let (source, stored, page) = (file(name, "json"), file(name, "stored"), file(name, "html"));
    std::fs::write(&source, scenario.to_string()).unwrap();
    std::fs::write(&stored, entitle(&["export"], &source)).unwrap();
    std::fs::write(&page, entitle(&["report", "--html", "--now", &now.to_string()], &stored)).unwrap();
    page
}

/// Runs the command on a scenario and returns what it writes.
fn entitle(words: &[&str], source: &Path) -> Vec<u8> {
    let output = Process::new(env!("CARGO_BIN_EXE_entitle")).args(words).arg(source).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn catalog() -> Value {
    json!({
        "kinds": {
            "folder": {
                "permissions": ["admin", "read"], "implies": { "admin": ["read"] }, "owner": ["admin"],
            },
            "project": {
                "permissions": ["admin", "share", "write", "run", "export", "read"],
                "implies": { "admin": ["share", "write", "run", "export"], "write": ["read"], "run": ["read"] },
                "inside": { "folder": { "passes": { "admin": ["admin"], "read": ["read"] } } },
            },
        },
        "profiles": {
            "designer": {},
            "analyst": { "ceiling": { "project": ["write", "run", "read"], "folder": "all" } },
            "reader": { "ceiling": { "project": ["read"], "folder": ["read"] } },
            "robot": { "seat": "exempt" },
        },
        "roles": { "lead": { "project": ["admin"] } },
    })
}

/// Forty users over five months: seats over the license, extra, reserved and waited for, and something of every sort.
pub(super) fn small() -> Value {
    let mut steps = vec![json!({ "at": MARCH, "by": "setup", "do": [
        { "add_group": { "group": "core" } }, { "add_group": { "group": "data" } }, { "nest": { "group": "core", "in": "data" } },
        { "add_user": { "user": "ada", "profile": "designer", "groups": ["core"] } },
        { "add_resource": { "resource": "folder/team", "owner": "ada" } },
        { "add_resource": { "resource": "project/churn", "parent": "folder/team" } },
        { "add_resource": { "resource": "project/pricing" } },
        { "add_key": { "key": "ci", "acts_as": "ada", "scope": "all" } },
    ] })];
    for number in 0..40_u64 {
        let profile =
            ["designer", "analyst", "reader", "reader", "robot"][usize::try_from(number % 5).unwrap()];
        let user = json!({ "user": format!("user {number:02}"), "profile": profile, "groups": ["data"] });
        steps.push(json!({ "at": MARCH + number * 3 * DAY, "by": "sync", "do": { "add_user": user } }));
    }
    let until = MARCH + 140 * DAY;
    steps.push(json!({ "at": MARCH + 125 * DAY, "by": "ticket 4711", "do": [
        { "grant": { "to": "group:data", "on": "project/churn", "permissions": ["write"] } },
        { "grant": { "to": "group:data", "on": "project/*", "permissions": ["export"], "expires_at": until } },
        { "grant": { "to": "everyone", "on": "project/pricing", "permissions": ["read"] } },
        { "grant": { "to": "group:core", "on": "*", "role": "lead" } },
        { "join": { "user": "user 04", "group": "core", "expires_at": until } },
        { "invite": { "user": "guest", "profile": "reader", "expires_at": until } },
        { "suspend": { "user": "user 07" } },
    ] }));
    let renewal = json!({ "name": "acme-2026", "seats": { "designer": 6, "analyst": { "seats": 5, "extra": 3 }, "reader": 20 } });
    steps.push(json!({ "at": MARCH + 126 * DAY, "by": "renewal", "do": { "install_license": renewal } }));
    let license = json!({ "name": "acme-2025", "seats": { "designer": 7, "analyst": 9, "reader": 20 } });
    json!({ "entitle": 1, "catalog": catalog(), "license": license, "policy": "waitlist", "steps": steps })
}

/// The time of the page of [`small`].
pub(super) const SMALL_NOW: u64 = MARCH + 130 * DAY;

/// 250 users, each with access to 400 projects: 100,000 rows.
pub(super) fn large() -> Value {
    let projects =
        (0..400).map(|number| json!({ "add_resource": { "resource": format!("project/p {number:03}") } }));
    let groups = ["data", "risk"].map(|group| json!({ "add_group": { "group": group } }));
    let users = (0..250).map(|number| {
        let profile = ["robot", "analyst", "reader"][number % 3];
        let group = ["data", "risk"][number % 2];
        json!({ "add_user": { "user": format!("user {number:03}"), "profile": profile, "groups": [group] } })
    });
    let grants = (0..400).flat_map(|number| {
        let on = format!("project/p {number:03}");
        let write = json!({ "grant": { "to": "group:data", "on": on, "permissions": ["write"] } });
        let permission = ["read", "run", "admin"][number % 3];
        let read = json!({ "grant": { "to": "group:risk", "on": on, "permissions": [permission] } });
        [write, read]
    });
    let steps: Vec<Value> = groups.into_iter().chain(projects).chain(users).chain(grants).collect();
    let license = json!({ "name": "acme-2026", "seats": { "analyst": 50, "reader": 100 } });
    json!({ "entitle": 1, "catalog": catalog(), "license": license, "policy": "waitlist", "steps": [{ "at": MARCH, "do": steps }] })
}

/// Each of the names as a user, a group, a project, a role, a note, an actor and a license.
pub(super) fn hostile() -> Value {
    let mut commands = Vec::new();
    for name in NAMES {
        let (group, on) = (format!("group:{name}"), format!("project/{name}"));
        commands.push(json!({ "add_group": { "group": name } }));
        commands.push(json!({ "add_user": { "user": name, "profile": "reader", "groups": [name] } }));
        commands.push(json!({ "add_resource": { "resource": on } }));
        commands.push(json!({ "add_key": { "key": name, "acts_as": name, "scope": "all" } }));
        commands.push(json!({ "grant": { "to": group, "on": on, "permissions": ["write"], "expires_at": MARCH + DAY } }));
    }
    let steps: Vec<Value> = commands
        .iter()
        .zip(NAMES.iter().cycle())
        .map(|(command, name)| json!({ "at": MARCH, "by": name, "do": command }))
        .collect();
    let license = json!({ "name": NAMES[1], "seats": { "reader": 3 }, "expires_at": MARCH + 9 * DAY });
    json!({ "entitle": 1, "catalog": catalog(), "license": license, "policy": "waitlist", "steps": steps })
}

/// A catalog and nothing else.
pub(super) fn empty() -> Value {
    json!({ "entitle": 1, "catalog": catalog(), "steps": [] })
}

/// Times that count from zero, as in a scenario.
pub(super) fn undated() -> Value {
    json!({ "entitle": 1, "catalog": catalog(), "license": { "name": "l", "seats": { "reader": 2 } }, "steps": [
        { "at": 1_000, "do": [{ "add_user": { "user": "ada", "profile": "reader" } }, { "add_resource": { "resource": "project/churn" } }] },
        { "at": 2_000, "do": { "grant": { "to": "user:ada", "on": "project/churn", "permissions": ["read"], "expires_at": 9_000 } } },
        { "at": 3_000, "do": { "add_user": { "user": "bob", "profile": "reader" } } },
    ] })
}
