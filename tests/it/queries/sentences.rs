//! The exact text of explanations.

use crate::side_by_side::{empty, plan};
use entitle::Directory;
use entitle::authorize::Need;
use entitle::catalog::{Catalog, Kind, Profile, Role};
use entitle::seats::Waitlist;
use entitle::{Batch, Command, Grantee, License, Timestamp};
use serde_json::{Value, json};

/// Ada is a reader in the data team; Bob a suspended designer who owns the project; a key acts as Cyd.
fn directory() -> Directory {
    let catalog = Catalog::builder()
        .kind(
            Kind::named("project")
                .permissions(["admin", "write", "read", "run"])
                .implies("admin", ["write", "run"])
                .implies("write", ["read"])
                .owner(["admin"]),
        )
        .profile(Profile::new("designer"))
        .profile(Profile::new("reader").ceiling_on("project", ["read"]))
        .profile(Profile::new("advised").ceiling_on("project", ["read"]).advisory())
        .add_on("studio", "project", ["run"])
        .build()
        .unwrap();
    let commands: Vec<Command> = commands![
        License::new("acme")
            .seats("designer", 1)
            .unlimited("reader")
            .unlimited("advised")
            .expires_at(Timestamp::from_millis(1_000)),
        Command::add_group("data-team"),
        Command::add_group("leads"),
        Command::add_user("ada").profile("reader").group("data-team"),
        Command::add_user("bob").profile("designer"),
        Command::add_user("cyd").profile("advised").group("leads"),
        Command::add_resource("project/churn").owner("bob"),
        Command::grant(Grantee::group("data-team"), "project/churn", ["read"]),
        Command::grant(Grantee::group("leads"), "project/*", ["admin"]),
        Command::suspend("bob"),
        Command::require_credential("project/churn", ["run"]),
        serde_json::from_value::<Command>(
            json!({ "add_key": { "key": "ci", "acts_as": "cyd", "scope": { "project/*": ["write"] } } }),
        )
        .unwrap()
    ];
    Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).extend(commands)).unwrap().into_directory()
}

#[track_caller]
fn case(who: &str, permission: &str, text: &str) {
    let explanation = directory().explain_by_name(who, "project/churn", &[permission]);
    assert_eq!(explanation.in_full().to_string(), text.trim());
}

#[test]
fn a_group_without_the_permission() {
    case(
        "user:ada",
        "write",
        "
`user:ada`, `write` on `project/churn`: denied: not granted (not_granted)
  `ada` is active and holds `reader`
  granted to `group:data-team` on `project/churn`: `read`
  total granted: `read`
  total allowed: `read`
  needed: no group of `ada` has `write` on `project/churn`; `group:data-team` has `read`; group `leads` has it
  needed: profile `reader` does not include `write` on `project`; `designer` or `advised` would",
    );
}

#[test]
fn a_suspended_owner() {
    case(
        "user:bob",
        "run",
        "
`user:bob`, `run` on `project/churn`: denied: the principal is not active (inactive)
  `bob` is suspended and holds no profile
  granted to the owner: `admin`, `write`, `read`, `run`
  the user is suspended: removes `admin`, `write`, `read`, `run`
  the user holds no profile: removes `admin`, `write`, `read`, `run`
  the license lacks add-on `studio`: removes `run`
  the user has recorded no credential: removes `run`
  total granted: `admin`, `write`, `read`, `run`
  total allowed: nothing
  needed: `bob` must be active, but is suspended
  needed: `bob` holds no profile and wants `designer`
  needed: the license lacks add-on `studio`, which gates `run`
  needed: `bob` has recorded no credential for `project/churn`, required for `run`",
    );
}

/// Rule A13.
#[test]
fn a_key_with_a_scope() {
    case(
        "key:ci",
        "write",
        "
`key:ci`, `write` on `project/churn`: allowed beyond the advisory profile (allowed_beyond_profile)
  `cyd` is active and holds `advised`
  granted to `group:leads` on `project/*`: `admin`, `write` (implied), `read` (implied), `run` (implied)
  the scope of key `ci` allows `write`, `read`: removes `admin`, `run`
  advisory profile `advised` allows `read`: would remove `write`
  total granted: `write`, `read`
  total allowed: `write`, `read`",
    );
}

#[test]
fn nothing_granted() {
    case(
        "user:eve",
        "fly",
        "
`user:eve`, `fly` on `project/churn`: denied: the principal is unknown (unknown_principal)
  needed: `user:eve` does not exist
  needed: kind `project` has no permission `fly`",
    );
}

#[test]
fn a_license_that_lapsed() {
    let later = directory()
        .plan(Batch::host(Timestamp::from_millis(1_000)).add(Command::tick()))
        .unwrap()
        .into_directory();
    let explanation = later.explain_by_name("user:ada", "project/churn", &["read"]);
    let needs: Vec<String> = explanation.needs.iter().map(ToString::to_string).collect();
    assert_eq!(
        (explanation.code(), needs),
        ("license_lapsed", vec!["the license is lapsed, which removes `read`".to_string()])
    );
}

/// Rule A13.
#[test]
fn the_structured_form() {
    let explanation = directory().explain_by_name("user:ada", "project/churn", &["write"]);
    let value = serde_json::to_value(&explanation).unwrap();
    assert_eq!(value["decision"], "not_granted");
    assert_eq!(value["layer"], "security");
    assert_eq!(value["grants"][0]["to"], "group:data-team");
    assert_eq!(
        value["needs"][0]["grant"],
        json!({
            "user": "ada",
            "on": "project/churn",
            "permissions": ["write"],
            "has": [{ "through": { "grants": "group:data-team" }, "permissions": ["read"] }],
            "groups_with": ["leads"],
            "places_with": {},
            "closed": null,
            "roles_without": [],
        }),
    );
}

/// Ada is in the group `data` through `core`, until noon, and by herself until ten; everyone has a role on everything.
fn with_ends() -> Directory {
    let catalog = json!({
        "kinds": { "project": { "permissions": ["admin", "write", "read"],
                                "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["read"] } },
        "profiles": { "free": { "seat": "exempt" } },
        "default_profile": "free",
        "roles": { "auditor": { "project": ["read"] } },
    });
    let (nine, ten, noon) = (1_767_258_000_000_u64, 1_767_261_600_000_u64, 1_767_268_800_000_u64);
    let commands = [
        json!({ "add_user": { "user": "ada" } }),
        json!({ "add_resource": { "resource": "project/churn" } }),
        json!({ "add_group": { "group": "core" } }),
        json!({ "add_group": { "group": "data" } }),
        json!({ "nest": { "group": "core", "in": "data" } }),
        json!({ "join": { "user": "ada", "group": "core", "expires_at": noon } }),
        json!({ "join": { "user": "ada", "group": "data", "expires_at": ten } }),
        json!({ "grant": { "to": "group:core", "on": "project/*", "role": "auditor" } }),
        json!({ "grant": { "to": "group:data", "on": "project/churn", "permissions": ["write"] } }),
        json!({ "grant": { "to": "group:data", "on": "project/churn", "permissions": ["admin"], "expires_at": nine } }),
        json!({ "grant": { "to": "everyone", "on": "*", "role": "auditor" } }),
    ];
    plan(&empty(&catalog), 1, Waitlist, &commands).unwrap().into_directory()
}

/// Rules E7, N6 and R7: the end of each contribution, the role that gives it, and the way through nested groups.
#[test]
fn e7_r7_ends_roles_and_ways_through_groups_are_told() {
    let explanation = with_ends().explain_by_name("user:ada", "project/churn", &["write"]);
    let full = "
`user:ada`, `write` on `project/churn`: allowed (allowed)
  `ada` is active and holds `free`
  granted to `everyone` on `*` by role `auditor`: `read`
  granted to `group:core` (`ada`, in `core` until 2026-01-01 12:00:00 UTC) on `project/*` by role `auditor`: \
`read` (until 2026-01-01 12:00:00 UTC)
  granted to `group:data` (`ada`, in `core` until 2026-01-01 12:00:00 UTC, in `data`) on `project/churn`: \
`admin` (until 2026-01-01 09:00:00 UTC), `write` (until 2026-01-01 12:00:00 UTC), \
`read` (implied, until 2026-01-01 12:00:00 UTC)
  total granted: `admin` (until 2026-01-01 09:00:00 UTC), `write` (until 2026-01-01 12:00:00 UTC), `read`
  total allowed: `admin` (until 2026-01-01 09:00:00 UTC), `write` (until 2026-01-01 12:00:00 UTC), `read`";
    assert_eq!(explanation.in_full().to_string(), full.trim());
    let short = "
`user:ada`, `write` on `project/churn`: allowed (allowed)
  granted to `group:data` (`ada`, in `core` until 2026-01-01 12:00:00 UTC, in `data`) on `project/churn`: \
`write` (until 2026-01-01 12:00:00 UTC)";
    assert_eq!(explanation.to_string(), short.trim());
    let why = "\
`everyone` on `*` by role `auditor`: `read`; \
`group:core` (`ada`, in `core` until 2026-01-01 12:00:00 UTC) on `project/*` by role `auditor`: \
`read` (until 2026-01-01 12:00:00 UTC); \
`group:data` (`ada`, in `core` until 2026-01-01 12:00:00 UTC, in `data`) on `project/churn`: \
`admin` (until 2026-01-01 09:00:00 UTC), `write` (until 2026-01-01 12:00:00 UTC)";
    assert_eq!(explanation.why().to_string(), why);
}

/// Rules E7, N6 and R7.
#[test]
fn the_structured_form_has_ends_roles_and_ways() {
    let explanation = with_ends().explain_by_name("user:ada", "project/churn", &["write"]);
    let value = serde_json::to_value(&explanation).unwrap();
    let noon = 1_767_268_800_000_u64;
    assert_eq!(value["ends"], json!({ "admin": 1_767_258_000_000_u64, "write": noon }));
    assert_eq!(value["grants"][0]["role"], "auditor");
    assert_eq!(value["grants"][0]["on"], "*");
    assert_eq!(value["grants"][0]["membership"], Value::Null);
    assert_eq!(value["grants"][1]["ends"], json!({ "read": noon }));
    assert_eq!(value["grants"][2]["membership"], json!({ "groups": ["core", "data"], "until": noon }));
    let path = explanation.grants[1].membership.clone().unwrap();
    assert!(path.is_direct() && !explanation.grants[2].membership.as_ref().unwrap().is_direct());
    let row = with_ends().review().next().unwrap().row();
    assert_eq!(row.roles, ["auditor"]);
    assert_eq!(serde_json::to_value(&row.ends).unwrap(), value["ends"]);
}

/// Of several ways into a group the one that lasts longest is told, and of those the shortest (rules E2, N2).
#[test]
fn n2_the_longest_membership_is_told_and_of_those_the_shortest_way() {
    let catalog = json!({
        "kinds": { "project": { "permissions": ["read"] } },
        "profiles": { "free": { "seat": "exempt" } },
        "default_profile": "free",
    });
    let mut commands = vec![
        json!({ "add_user": { "user": "ada" } }),
        json!({ "add_resource": { "resource": "project/churn" } }),
    ];
    let groups = ["a", "b", "c", "top"];
    commands.extend(groups.map(|group| json!({ "add_group": { "group": group } })));
    let nestings = [("a", "b"), ("b", "top"), ("c", "top"), ("a", "c")];
    commands.extend(nestings.map(|(inner, outer)| json!({ "nest": { "group": inner, "in": outer } })));
    commands.push(json!({ "grant": { "to": "group:top", "on": "project/churn", "permissions": ["read"] } }));
    commands.push(json!({ "join": { "user": "ada", "group": "a" } }));
    let mut directory = plan(&empty(&catalog), 1, Waitlist, &commands).unwrap().into_directory();
    for (command, way, until) in [
        (json!({ "tick": {} }), &["a", "b", "top"][..], None),
        (json!({ "join": { "user": "ada", "group": "top", "expires_at": 9 } }), &["a", "b", "top"], None),
        (json!({ "join": { "user": "ada", "group": "c" } }), &["c", "top"], None),
        (json!({ "leave": { "user": "ada", "group": "a" } }), &["c", "top"], None),
        (json!({ "leave": { "user": "ada", "group": "c" } }), &["top"], Some(9)),
        (json!({ "join": { "user": "ada", "group": "a", "expires_at": 8 } }), &["top"], Some(9)),
        (json!({ "join": { "user": "ada", "group": "b", "expires_at": 9 } }), &["top"], Some(9)),
        (json!({ "join": { "user": "ada", "group": "b", "expires_at": 10 } }), &["b", "top"], Some(10)),
    ] {
        directory = plan(&directory, 2, Waitlist, std::slice::from_ref(&command)).unwrap().into_directory();
        let explanation = directory.explain_by_name("user:ada", "project/churn", &["read"]);
        let path = explanation.grants[0].membership.as_ref().unwrap();
        assert_eq!(path.groups, way, "{command}");
        assert_eq!(path.until, until.map(Timestamp::from_millis), "{command}");
    }
}

/// The one-line reason in each row of an access review.
#[test]
fn why_in_one_line() {
    let why = |who: &str| {
        let explanation = directory().explain_by_name(who, "project/churn", &["write"]);
        explanation.why().to_string()
    };
    assert_eq!(
        why("user:ada"),
        "`group:data-team` on `project/churn`: `read`; \
         needed: no group of `ada` has `write` on `project/churn`; `group:data-team` has `read`; group `leads` has it; \
         needed: profile `reader` does not include `write` on `project`; `designer` or `advised` would"
    );
    assert_eq!(
        why("key:ci"),
        "`group:leads` on `project/*`: `admin`; but the scope of key `ci` allows `write`, `read`: removes `admin`, `run`; \
         but advisory profile `advised` allows `read`: would remove `write`"
    );
    assert_eq!(
        why("user:bob"),
        "owner: `admin`, `write`, `read`, `run`; \
         but the user is suspended: removes `admin`, `write`, `read`, `run`; \
         but the user holds no profile: removes `admin`, `write`, `read`, `run`; \
         but the license lacks add-on `studio`: removes `run`; \
         but the user has recorded no credential: removes `run`"
    );
}

/// Held permissions are listed without those that they imply, ownership included; of an add-on only requested ones are.
#[test]
fn granted_and_missing_permissions() {
    let catalog = Catalog::builder()
        .kind(
            Kind::named("project")
                .permissions(["deploy", "admin", "write", "read"])
                .implies("admin", ["write"])
                .implies("write", ["read"])
                .owner(["write"]),
        )
        .profile(Profile::new("free").exempt())
        .add_on("studio", "project", ["deploy", "admin"])
        .build()
        .unwrap();
    let commands = commands![
        Command::add_group("leads"),
        Command::add_group("robots"),
        Command::add_user("ada").profile("free").group("leads"),
        Command::add_resource("project/churn").owner("ada"),
        Command::grant(Grantee::group("leads"), "project/*", ["admin"]),
        Command::grant(Grantee::group("robots"), "project/churn", ["write"])
    ];
    let directory = Directory::new(catalog)
        .plan(Batch::host(Timestamp::EPOCH).extend(commands))
        .unwrap()
        .into_directory();
    let explanation = directory.explain_by_name("user:ada", "project/churn", &["read", "deploy"]);
    let needs = json!([
        { "grant": {
            "user": "ada",
            "on": "project/churn",
            "permissions": ["deploy"],
            "has": [
                { "through": { "grants": "group:leads" }, "permissions": ["admin"] },
                { "through": "ownership", "permissions": ["write"] },
            ],
            "groups_with": [],
            "places_with": {},
            "closed": null,
            "roles_without": [],
        } },
        { "add_on": { "add_on": "studio", "permissions": ["deploy"] } },
    ]);
    assert_eq!(serde_json::to_value(&explanation.needs).unwrap(), needs);
}

#[test]
fn a_user_who_waits() {
    let waits = Command::add_user("eve").profile("designer").group("leads");
    let designer = Command::add_user("dan").profile("designer");
    let directory = directory();
    let commands: [Command; 2] = [designer.into(), waits.into()];
    let plan = directory
        .plan(Batch::host(Timestamp::EPOCH).policy(entitle::seats::Waitlist).extend(commands))
        .unwrap();
    let explanation = plan.directory().explain_by_name("user:eve", "project/churn", &["write"]);
    let needs: Vec<String> = explanation.needs.iter().map(ToString::to_string).collect();
    assert_eq!(
        (explanation.code(), needs),
        ("no_seat", vec!["`eve` holds no profile and waits for `designer`".to_string()])
    );
}

#[test]
fn totals_are_omitted_without_grants() {
    let fay = Command::add_user("fay").profile("reader");
    let plan = directory().plan(Batch::host(Timestamp::EPOCH).add(fay)).unwrap();
    let explanation = plan.directory().explain_by_name("user:fay", "project/churn", &["read"]);
    assert_eq!((explanation.code(), explanation.grants.len()), ("not_granted", 0));
    assert!(!explanation.in_full().to_string().contains("total"), "{explanation}");
    assert_eq!(
        explanation.needs[0].to_string(),
        "no group of `fay` has `read` on `project/churn`; there are no grants there to `user:fay` or to `everyone`; \
         groups `data-team` and `leads` have it"
    );
}

/// Without a grant, the need names what else would give it, and what does not.
#[test]
fn a_need_names_the_places_above_and_roles_that_give_nothing() {
    let catalog = Catalog::builder()
        .kind(Kind::named("instance").singleton().permissions(["admin"]))
        .kind(Kind::named("folder").permissions(["see", "read"]).inside_same("folder"))
        .kind(
            Kind::named("project")
                .permissions(["write", "read"])
                .inside("folder", [("read", ["read"])])
                .inside("instance", [("admin", ["write", "read"])]),
        )
        .role(Role::new("auditor").allow_on("folder", ["see"]))
        .profile(Profile::new("member").exempt())
        .build()
        .unwrap();
    let commands: Vec<Command> = commands![
        Command::add_user("ada").profile("member"),
        Command::add_group("core"),
        Command::join("ada", "core"),
        Command::add_resource("folder/top"),
        Command::add_resource("folder/team").parent("folder/top"),
        Command::add_resource("project/churn").parent("folder/team"),
        Command::add_resource("project/salaries").parent("folder/team").closed(),
        Command::add_resource("project/alone").closed(),
        Command::grant_role(Grantee::group("core"), "*", "auditor")
    ];
    let directory = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).extend(commands)).unwrap();
    let need = |on: &str, permission: &str| {
        let explanation = directory.directory().explain_by_name("user:ada", on, &[permission]);
        let text = explanation.needs[0].to_string();
        let in_full = explanation.in_full().to_string();
        assert!(in_full.contains(&text), "{in_full}");
        text.strip_prefix(&format!("no group of `ada` has `{permission}` on `{on}`; ")).unwrap().to_owned()
    };
    let nobody = "there are no grants there to `user:ada` or to `everyone`; a grant of";
    let role = "role `auditor`, given on `*`, gives nothing on `project`";
    assert_eq!(
        need("project/churn", "read"),
        format!(
            "{nobody} `admin` on `instance` or of `read` on `folder/team` or of `read` on `folder/top` would do too; {role}"
        )
    );
    assert_eq!(
        need("project/churn", "write"),
        format!("{nobody} `admin` on `instance` would do too; {role}")
    );
    assert_eq!(
        need("project/salaries", "read"),
        format!(
            "{nobody} `admin` on `instance` would do too; `project/salaries` is closed to what is granted above it; {role}"
        )
    );
    assert_eq!(need("project/alone", "read"), format!("{nobody} `admin` on `instance` would do too; {role}"));
    assert!(!need("folder/team", "read").contains("role"));
}

/// What a need says would do, does: one permission that passes all, or several that pass it together.
#[test]
fn a_grant_that_would_do_too_does() {
    let catalog = Catalog::builder()
        .kind(Kind::named("instance").singleton().permissions(["all", "half", "rest"]))
        .kind(
            Kind::named("folder")
                .permissions(["admin", "edit", "see"])
                .implies("admin", ["edit"])
                .implies("edit", ["see"]),
        )
        .kind(
            Kind::named("project")
                .permissions(["write", "run", "read"])
                .implies("write", ["read"])
                .inside("folder", [("edit", vec!["write", "run"]), ("see", vec!["read"])])
                .inside("instance", [("half", ["write"]), ("rest", ["run"])]),
        )
        .profile(Profile::new("member").exempt())
        .build()
        .unwrap();
    let commands: Vec<Command> = commands![
        Command::add_user("ada").profile("member"),
        Command::add_resource("folder/team"),
        Command::add_resource("project/churn").parent("folder/team")
    ];
    let now = Timestamp::EPOCH;
    let directory = Directory::new(catalog).plan(Batch::host(now).extend(commands)).unwrap().into_directory();
    let asked = ["write", "run"];
    let explanation = directory.explain_by_name("user:ada", "project/churn", &asked);
    let Need::Grant { places_with, .. } = &explanation.needs[0] else { panic!("{explanation}") };
    let places: Vec<(&str, &[String])> =
        places_with.iter().map(|(on, names)| (on, names.as_slice())).collect();
    assert_eq!(json!(places), json!([["instance", ["half", "rest"]], ["folder/team", ["edit"]]]));
    for (on, permissions) in places {
        let grant = Command::grant(Grantee::user("ada"), on, permissions);
        let granted = directory.plan(Batch::host(now).add(grant)).unwrap().into_directory();
        assert!(granted.check_by_name("user:ada", "project/churn", &asked).is_allowed(), "{on}");
    }
    // What passes and is implied by something else that passes is not repeated in one line.
    let grant = Command::grant(Grantee::user("ada"), "folder/team", ["admin"]);
    let granted = directory.plan(Batch::host(now).add(grant)).unwrap().into_directory();
    let why = granted.explain_by_name("user:ada", "project/churn", &["read"]).why().to_string();
    assert_eq!(why, "`user:ada` on `folder/team`: `write`, `run`, through `folder/team` → `project/churn`");
}

/// The short form answers the request in a few lines: what grants it, what removes it, and what is missing.
#[test]
fn the_short_form_has_only_what_was_asked() {
    let directory = directory();
    let short = |who: &str, permission: &str| {
        directory.explain_by_name(who, "project/churn", &[permission]).to_string()
    };
    assert_eq!(
        short("user:ada", "read"),
        "`user:ada`, `read` on `project/churn`: allowed (allowed)\n  \
         granted to `group:data-team` on `project/churn`: `read`"
    );
    assert_eq!(
        short("user:bob", "write"),
        "`user:bob`, `write` on `project/churn`: denied: the principal is not active (inactive)\n  \
         granted to the owner: `write`\n  the user is suspended: removes `write`\n  \
         the user holds no profile: removes `write`\n  \
         needed: `bob` must be active, but is suspended\n  needed: `bob` holds no profile and wants `designer`"
    );
    assert_eq!(
        short("user:cyd", "write"),
        "`user:cyd`, `write` on `project/churn`: allowed beyond the advisory profile (allowed_beyond_profile)\n  \
         granted to `group:leads` on `project/*`: `write`\n  advisory profile `advised`: would remove `write`"
    );
}

/// Three grants are enough to see why; the others are counted.
#[test]
fn the_short_form_counts_further_grants() {
    let groups = ["a", "b", "c", "d", "e"];
    let join = groups.map(|group| Command::join("ada", group));
    let grant = groups.map(|group| Command::grant(Grantee::group(group), "project/churn", ["read"]));
    let batch =
        Batch::host(Timestamp::EPOCH).extend(groups.map(Command::add_group)).extend(join).extend(grant);
    let directory = directory().plan(batch).unwrap().into_directory();
    let text = directory.explain_by_name("user:ada", "project/churn", &["read"]).to_string();
    assert!(text.ends_with("`group:c` on `project/churn`: `read`\n  further grants, not shown: 3"), "{text}");
}

/// An upgrade is a counted profile that the license offers.
#[test]
fn an_exempt_profile_and_one_that_is_not_offered_are_no_upgrades() {
    let kind = || Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    let catalog = Catalog::builder()
        .kind(kind())
        .profile(Profile::new("robot").exempt())
        .profile(Profile::new("designer"))
        .profile(Profile::new("expert"))
        .profile(Profile::new("reader").ceiling_on("project", ["read"]))
        .build()
        .unwrap();
    let batch = Batch::host(Timestamp::EPOCH)
        .add(License::new("acme").seats("designer", 1).seats("reader", 1))
        .add(Command::add_user("ada").profile("reader"))
        .add(Command::add_resource("project/churn"))
        .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
    let directory = Directory::new(catalog).plan(batch).unwrap().into_directory();
    let text = directory.explain_by_name("user:ada", "project/churn", &["write"]).to_string();
    assert!(
        text.ends_with("profile `reader` does not include `write` on `project`; `designer` would"),
        "{text}"
    );
}

/// S9: who sits on a profile that the license gave up keeps it, and the explanation says so.
#[test]
fn a_profile_that_is_no_longer_offered() {
    let catalog = json!({ "kinds": { "project": { "permissions": ["write", "read"] } },
                          "profiles": { "designer": {}, "reader": {} } });
    let install = |seats: Value| json!({ "install_license": { "name": "acme", "seats": seats } });
    let first = [
        install(json!({ "designer": 1, "reader": 1 })),
        json!({ "add_user": { "user": "ada", "profile": "reader" } }),
        json!({ "add_user": { "user": "dan", "profile": "designer" } }),
        json!({ "add_user": { "user": "eve", "profile": "reader" } }),
        json!({ "add_resource": { "resource": "project/churn" } }),
    ];
    let second = [install(json!({ "designer": 1 }))];
    let directory = plan(&empty(&catalog), 0, Waitlist, &first).unwrap().into_directory();
    let directory = plan(&directory, 0, Waitlist, &second).unwrap().into_directory();
    let explain = |who: &str| directory.explain_by_name(who, "project/churn", &["read"]);
    let ada = explain("user:ada").in_full().to_string();
    assert!(
        ada.contains("\n  `ada` is active and holds `reader`, which the license no longer offers\n"),
        "{ada}"
    );
    assert!(explain("user:dan").in_full().to_string().contains("holds `designer`\n"));
    let eve = explain("user:eve").to_string();
    assert!(
        eve.contains("`eve` holds no profile and waits for `reader`, which the license does not offer"),
        "{eve}"
    );
    let seat =
        |user: &str| directory.explain_seat(directory.user_by_name(user).unwrap()).unwrap().to_string();
    assert!(seat("ada").ends_with("uses a seat; the license does not offer `reader`"), "{}", seat("ada"));
    assert!(seat("dan").ends_with("uses a seat"), "{}", seat("dan"));
}

/// A document in a closed folder in a folder of a team; Bob owns the outer folder, and Cyd has something on the instance.
fn with_places() -> Directory {
    let catalog = json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": ["admin"] },
            "folder": { "permissions": ["admin", "read"], "implies": { "admin": ["read"] }, "owner": ["admin"],
                        "inside": { "folder": { "passes": "same" } } },
            "document": { "permissions": ["write", "read"], "implies": { "write": ["read"] },
                          "inside": { "folder": { "passes": { "admin": ["write"], "read": ["read"] } },
                                      "instance": { "passes": { "admin": ["read"] } } } },
        },
        "profiles": { "free": { "seat": "exempt" } },
        "default_profile": "free",
    });
    let commands = [
        json!({ "add_user": { "user": "ada" } }),
        json!({ "add_user": { "user": "bob" } }),
        json!({ "add_user": { "user": "cyd" } }),
        json!({ "add_group": { "group": "team" } }),
        json!({ "join": { "user": "ada", "group": "team" } }),
        json!({ "add_resource": { "resource": "folder/top", "owner": "bob" } }),
        json!({ "add_resource": { "resource": "folder/sub", "parent": "folder/top" } }),
        json!({ "add_resource": { "resource": "document/plan", "parent": "folder/sub" } }),
        json!({ "grant": { "to": "group:team", "on": "folder/top", "permissions": ["admin"], "expires_at": 1_767_258_000_000_u64 } }),
        json!({ "grant": { "to": "everyone", "on": "folder/*", "permissions": ["read"] } }),
        json!({ "grant": { "to": "user:cyd", "on": "instance", "permissions": ["admin"] } }),
    ];
    plan(&empty(&catalog), 1, Waitlist, &commands).unwrap().into_directory()
}

/// Rule H12: where each contribution stands, the way from there, and what it became.
#[test]
fn h12_the_place_of_each_contribution_and_the_way_from_there_are_told() {
    let directory = with_places();
    let told = |who: &str| directory.explain_by_name(who, "document/plan", &["write"]);
    let full = "
`user:ada`, `write` on `document/plan`: allowed (allowed)
  `ada` is active and holds `free`
  granted to `everyone` on `folder/*`: `read`; passes `read`, through `folder/sub` → `document/plan`
  granted to `everyone` on `folder/*`: `read`; passes `read`, through `folder/top` → `folder/sub` → `document/plan`
  granted to `group:team` on `folder/top`: `admin`, `read` (implied); passes `write` (until 2026-01-01 09:00:00 UTC), \
`read` (until 2026-01-01 09:00:00 UTC), through `folder/top` → `folder/sub` → `document/plan`
  total granted: `write` (until 2026-01-01 09:00:00 UTC), `read`
  total allowed: `write` (until 2026-01-01 09:00:00 UTC), `read`";
    assert_eq!(told("user:ada").in_full().to_string(), full.trim());
    let full = told("user:bob").in_full().to_string();
    let owner = "
  granted to the owner of `folder/top`: `admin`, `read`; passes `write`, `read`, through `folder/top` → `folder/sub` → \
`document/plan`
";
    assert!(full.contains(owner), "{full}");
    let why = "\
`everyone` on `folder/*`: `read`, through `folder/sub` → `document/plan`; \
`everyone` on `folder/*`: `read`, through `folder/top` → `folder/sub` → `document/plan`; \
`user:cyd` on `instance`: `read`, through `instance` → `document/plan`; \
needed: no group of `cyd` has `write` on `document/plan`; `everyone` has `read`, `user:cyd` has `read`; group `team` has it; \
a grant of `admin` on `folder/sub` or of `admin` on `folder/top` would do too";
    assert_eq!(told("user:cyd").why().to_string(), why);
}

/// Rules H6 and H12: a closed resource is told as what stood against what would pass.
#[test]
fn h6_a_closed_resource_is_told_as_what_stands_against_it() {
    let close = [json!({ "close": { "resource": "folder/sub" } })];
    let closed = plan(&with_places(), 2, Waitlist, &close).unwrap().into_directory();
    let told = closed.explain_by_name("user:ada", "document/plan", &["write"]);
    let full = told.in_full().to_string();
    assert!(
        full.contains("\n  `folder/sub` is closed: removes `write`\n  total granted: `read`\n"),
        "{full}"
    );
    assert_eq!(
        serde_json::to_value(&told).unwrap()["cuts"][0]["by"],
        json!({ "closed": { "resource": "folder/sub" } })
    );
}

/// Rules H6 and H12: of two closed resources on one way each is told.
#[test]
fn h6_every_closed_resource_on_the_way_is_told() {
    let close = ["folder/sub", "document/plan"].map(|name| json!({ "close": { "resource": name } }));
    let closed = plan(&with_places(), 2, Waitlist, &close).unwrap().into_directory();
    let full = closed.explain_by_name("user:ada", "document/plan", &["write"]).in_full().to_string();
    let told = "
  `document/plan` is closed: removes `write`, `read`
  `folder/sub` is closed: removes `write`, `read`
";
    assert!(full.contains(told), "{full}");
}

/// Rules H10 and H12: a closed resource is told where it keeps the scope of a key out of what the user has.
#[test]
fn h10_a_closed_resource_is_told_as_what_stands_against_a_scope() {
    let commands = [
        json!({ "add_key": { "key": "ci", "acts_as": "ada", "scope": { "folder/top": ["admin"] } } }),
        json!({ "grant": { "to": "user:ada", "on": "document/plan", "permissions": ["write"] } }),
        json!({ "close": { "resource": "document/plan" } }),
    ];
    let closed = plan(&with_places(), 2, Waitlist, &commands).unwrap().into_directory();
    let full = closed.explain_by_name("key:ci", "document/plan", &["write"]).in_full().to_string();
    assert!(full.contains("\n  `document/plan` is closed: removes `write`, `read`\n"), "{full}");
}

/// Rule H7: the refusal tells the way.
#[test]
fn h7_the_way_of_a_cycle_is_told() {
    let moved = [json!({ "move_resource": { "resource": "folder/top", "parent": "folder/sub" } })];
    let refusal = plan(&with_places(), 2, Waitlist, &moved).unwrap_err();
    let text = "resource `folder/top` would be inside itself: `folder/top`, in `folder/sub`, in `folder/top`";
    assert!(refusal.to_string().contains(text), "{refusal}");
}
