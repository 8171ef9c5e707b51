//! Values that are built in code equal those that are written in JSON, part by part.

use entitle::catalog::{Entries, PermissionsDocument};
use entitle::change::{RefusalClass, RefusalReason, Requirement, ScopeDocument};
use entitle::directory::UserSource;
use entitle::seats::FallBack;
use entitle::{Batch, Command, Grantee, License, Timestamp};
use serde_json::{Value, json};

/// The JSON form of a command, which reads back as the same command.
fn written(command: impl Into<Command>) -> Value {
    let command = command.into();
    let written = serde_json::to_value(&command).unwrap();
    assert_eq!(serde_json::from_value::<Command>(written.clone()).unwrap(), command);
    written
}

#[test]
fn commands_about_users() {
    let at = Timestamp::from_millis(7);
    assert_eq!(written(Command::add_user("ada")), json!({ "add_user": { "user": "ada" } }));
    let add =
        Command::add_user("ada").profile("p").group("g").group("h").email("a@x").source(UserSource::Ldap);
    let all =
        json!({ "user": "ada", "profile": "p", "groups": ["g", "h"], "email": "a@x", "source": "ldap" });
    assert_eq!(written(add), json!({ "add_user": all }));
    let none = json!({ "add_user": { "user": "ada", "profile": null } });
    assert_eq!(written(Command::add_user("ada").no_profile()), none);

    assert_eq!(written(Command::invite("ada")), json!({ "invite": { "user": "ada" } }));
    let invite = Command::invite("ada").no_profile().group("g").email("a@x").expires_at(at);
    let all = json!({ "user": "ada", "profile": null, "groups": ["g"], "email": "a@x", "expires_at": 7 });
    assert_eq!(written(invite), json!({ "invite": all }));
    assert_eq!(written(Command::invite_many("a@x")), json!({ "invite_many": { "text": "a@x" } }));
    let many = Command::invite_many("a@x").profile("p").group("g").expires_at(at);
    let all = json!({ "text": "a@x", "profile": "p", "groups": ["g"], "expires_at": 7 });
    assert_eq!(written(many), json!({ "invite_many": all }));

    let about = |name: &str| json!({ name: { "user": "ada" } });
    assert_eq!(written(Command::accept_invite("ada")), about("accept_invite"));
    assert_eq!(written(Command::revoke_invite("ada")), about("revoke_invite"));
    assert_eq!(written(Command::suspend("ada")), about("suspend"));
    assert_eq!(written(Command::reinstate("ada")), about("reinstate"));
    assert_eq!(written(Command::remove_user("ada")), about("remove_user"));
    let heir = json!({ "remove_user": { "user": "ada", "heir": "bob" } });
    assert_eq!(written(Command::remove_user("ada").heir("bob")), heir);
    let rename = json!({ "rename_user": { "user": "ada", "to": "bob" } });
    assert_eq!(written(Command::rename_user("ada", "bob")), rename);
    let assign = |profile: Value| json!({ "assign_profile": { "user": "ada", "profile": profile } });
    assert_eq!(written(Command::assign_profile("ada", "p")), assign(json!("p")));
    assert_eq!(written(Command::withdraw_profile("ada")), assign(Value::Null));

    let sync = || Command::sync_user("ada", UserSource::Sso, ["x", "y"]);
    let read = |more: Value| {
        let mut all = json!({ "user": "ada", "source": "sso", "external_groups": ["x", "y"] });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value::<Command>(json!({ "sync_user": all })).unwrap()
    };
    assert_eq!(Command::from(sync()), read(json!({})));
    assert_eq!(Command::from(sync().without_provisioning()), read(json!({ "provision": false })));
    assert_eq!(Command::from(sync().update_profile()), read(json!({ "update_profile": true })));
}

#[test]
fn commands_about_groups_and_resources() {
    assert_eq!(written(Command::add_group("g")), json!({ "add_group": { "group": "g" } }));
    let of = json!({ "add_group": { "group": "g", "members": { "by_profile": ["p", "q"] } } });
    assert_eq!(written(Command::add_group("g").by_profile(["p", "q"])), of);
    let of = json!({ "add_group": { "group": "g", "members": { "external": ["x"] } } });
    assert_eq!(written(Command::add_group("g").external(["x"])), of);
    let of = json!({ "add_group": { "group": "g", "includes_owner_of": "k/a" } });
    assert_eq!(written(Command::add_group("g").includes_owner_of("k/a")), of);
    assert_eq!(written(Command::remove_group("g")), json!({ "remove_group": { "group": "g" } }));
    assert_eq!(written(Command::join("ada", "g")), json!({ "join": { "user": "ada", "group": "g" } }));
    assert_eq!(written(Command::leave("ada", "g")), json!({ "leave": { "user": "ada", "group": "g" } }));

    assert_eq!(written(Command::add_resource("k/a")), json!({ "add_resource": { "resource": "k/a" } }));
    let owned = json!({ "add_resource": { "resource": "k/a", "owner": "ada" } });
    assert_eq!(written(Command::add_resource("k/a").owner("ada")), owned);
    assert_eq!(written(Command::remove_resource("k/a")), json!({ "remove_resource": { "resource": "k/a" } }));
    let transfer = json!({ "transfer_ownership": { "resource": "k/a", "to": "ada" } });
    assert_eq!(written(Command::transfer_ownership("k/a", "ada")), transfer);

    let grant = |name: &str| json!({ name: { "to": "group:g", "on": "k/*", "permissions": ["r", "w"] } });
    let to = || Grantee::group("g");
    assert_eq!(written(Command::grant(to(), "k/*", ["r", "w"])), grant("grant"));
    assert_eq!(written(Command::revoke(to(), "k/*", ["r", "w"])), grant("revoke"));
    assert_eq!(written(Command::set_grant(to(), "k/*", ["r", "w"])), grant("set_grant"));
    let require = json!({ "require_credential": { "resource": "k/a", "for": ["r"] } });
    assert_eq!(written(Command::require_credential("k/a", ["r"])), require);
    let credential = |name: &str| json!({ name: { "user": "ada", "resource": "k/a" } });
    assert_eq!(written(Command::record_credential("ada", "k/a")), credential("record_credential"));
    assert_eq!(written(Command::forget_credential("ada", "k/a")), credential("forget_credential"));
}

#[test]
fn commands_about_keys_and_licenses() {
    assert_eq!(
        written(Command::add_key("ci", "ada")),
        json!({ "add_key": { "key": "ci", "acts_as": "ada" } })
    );
    let scope = ScopeDocument::nothing().with("k/a", ["r"]).with("k/*", ["w"]);
    let key = Command::add_key("ci", "ada").scope(scope).expires_at(Timestamp::from_millis(7));
    let all =
        json!({ "key": "ci", "acts_as": "ada", "scope": { "k/a": ["r"], "k/*": ["w"] }, "expires_at": 7 });
    assert_eq!(written(key), json!({ "add_key": all }));
    assert_eq!(ScopeDocument::All.with("k/a", ["r"]), ScopeDocument::All);
    let these = PermissionsDocument::These(vec!["r".to_string()]);
    let entries = Entries(vec![("k/a".to_string(), these)]);
    assert_eq!(ScopeDocument::nothing().with("k/a", ["r"]), ScopeDocument::Entries(entries));
    assert_eq!(written(Command::remove_key("ci")), json!({ "remove_key": { "key": "ci" } }));
    assert_eq!(written(Command::tick()), json!({ "tick": {} }));

    let license = License::new("acme")
        .edition("team")
        .seats("a", 1)
        .seats_with_extra("b", 2, 3)
        .unlimited("c")
        .total(9)
        .add_on("x")
        .add_on("y")
        .starts_at(Timestamp::from_millis(5))
        .expires_at(Timestamp::from_millis(6))
        .grace(core::time::Duration::from_millis(7));
    let all = json!({
        "name": "acme", "edition": "team", "total": 9, "add_ons": ["x", "y"],
        "seats": { "a": 1, "b": { "seats": 2, "extra": 3 }, "c": "unlimited" },
        "starts_at": 5, "expires_at": 6, "grace_ms": 7,
    });
    assert_eq!(written(Command::install_license(license.clone())), json!({ "install_license": all }));
    assert_eq!(written(license), json!({ "install_license": all }));
    assert_eq!(FallBack::to(["a", "b"]).profiles().collect::<Vec<_>>(), ["a", "b"]);
}

/// A refusal lists every bad name with its fault, and reports whether only seats were missing.
#[test]
fn a_refusal_serializes_its_code_class_command_and_message() {
    let directory = crate::side_by_side::empty(&json!({ "kinds": {}, "profiles": {} }));
    let sync = Command::sync_user("ada", UserSource::Ldap, ["x ", "", "good", " y"]);
    let refusal = directory.plan(Batch::host(Timestamp::EPOCH).add(sync)).unwrap_err();
    let RefusalReason::InvalidName { names } = refusal.reason() else { panic!("{refusal:?}") };
    assert_eq!(names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["x ", "", " y"]);
    let told = refusal.to_string();
    assert!(names.iter().all(|(_, error)| told.contains(&error.to_string())), "{told}");
    assert!(refusal.class() == RefusalClass::BadRequest);
    let add = Command::add_user("ada").profile("designer");
    let directory = crate::side_by_side::empty(&json!({ "kinds": {}, "profiles": { "designer": {} } }));
    let refusal = directory.plan(Batch::host(Timestamp::EPOCH).add(add)).unwrap_err();
    assert!(refusal.class() == RefusalClass::Capacity, "{refusal}");
}

/// A plan reports the same data that its commit stores.
#[test]
fn a_plan_serializes_its_commit() {
    let directory = crate::side_by_side::empty(&json!({ "kinds": {}, "profiles": {} }));
    let at = Timestamp::from_millis(5);
    let plan = directory.plan(Batch::host(at).by("ada").add(Command::add_group("g"))).unwrap();
    assert_eq!((plan.at(), plan.base_revision(), plan.revision(), plan.is_empty()), (at, 0, 1, false));
    let commit = plan.commit().unwrap();
    assert_eq!((commit.at, commit.revision, commit.by.as_str()), (at, 1, "ada"));
    assert_eq!(commit.events, plan.events());
    let nothing = directory.plan(Batch::host(at)).unwrap();
    assert_eq!((nothing.at(), nothing.revision(), nothing.is_empty()), (at, 0, true));
    assert!(nothing.commit().is_none());
}

/// A preview serializes for a host's own interface; a requirement can be stored and read back.
#[test]
fn an_impact_and_a_requirement_are_written() {
    let catalog = json!({
        "kinds": { "project": { "permissions": ["read", "write"] } },
        "profiles": { "designer": { "seat": "exempt" } },
    });
    let at = Timestamp::from_millis(5);
    let ada = Batch::host(at)
        .add(Command::add_user("ada").profile("designer"))
        .add(Command::add_resource("project/churn"));
    let directory = crate::side_by_side::empty(&catalog).plan(ada).unwrap().into_directory();
    let batch = Batch::host(at)
        .add(Command::grant(Grantee::user("ada"), "project/churn", ["read"]))
        .add(Command::add_user("bob").no_profile());
    let impact = directory.plan(batch).unwrap().impact();
    let access = json!({ "user": "ada", "resource": "project/churn", "gains": ["read"], "loses": [] });
    let bob = json!({
        "user": "bob",
        "before": null,
        "after": { "wants": null, "holds": null, "state": "none", "basis": null },
    });
    let all = json!({ "access": [access], "seats": [bob], "gains": 1, "loses": 0, "complete": true });
    assert_eq!(serde_json::to_value(&impact).unwrap(), all);
    let text = "access gained: 1, lost: 0; seats changed: 1
  `ada` on `project/churn` gains `read`
  `bob` holds no profile; is new";
    assert_eq!(impact.to_string(), text);

    let requirement = Requirement::new("nightly run", "user:ada", "project/churn", ["read"]);
    let object = json!({
        "label": "nightly run", "who": "user:ada", "on": "project/churn", "permissions": ["read"],
    });
    assert_eq!(serde_json::to_value(&requirement).unwrap(), object);
    assert_eq!(serde_json::from_value::<Requirement>(object.clone()).unwrap(), requirement);
    let mut unknown = object;
    unknown["note"] = json!("x");
    assert!(serde_json::from_value::<Requirement>(unknown).is_err());
}
