//! Records of decisions.

use crate::compare::principals;
use crate::generate::{KINDS, Mix, PLACE_KINDS, PLACES, RESOURCES};
use crate::random::for_all_histories;
use crate::side_by_side::SideBySide;
use entitle::authorize::Layer;
use entitle::catalog::{Catalog, Kind, Profile};
use entitle::{Batch, Command, Decision, Denial, Directory, Principal, Timestamp};
use serde_json::json;

/// The record of each check has its names, and the decision that the oracle makes.
#[test]
fn a_record_has_the_request_and_the_decision() {
    for_all_histories(16, Mix::Places, 40, |history| {
        let mut pair = SideBySide::new(&history.catalog);
        for step in &history.steps {
            let _ = pair.outcome_of(step)?;
        }
        let directory = &pair.directory;
        for who in principals() {
            let Some(principal) = directory.principal_by_name(&who) else { continue };
            for on in RESOURCES.iter().chain(PLACES) {
                let Some(resource) = directory.resource_by_name(on) else { continue };
                let kind = on.split('/').next().unwrap();
                let (_, known) = KINDS.iter().chain(PLACE_KINDS).find(|(name, _)| *name == kind).unwrap();
                for asked in known.windows(1).chain(known.windows(2)) {
                    let set = directory.catalog().permission_set(kind, asked.iter().copied()).unwrap();
                    let decision = directory.check(principal, resource, set);
                    let record = json!(directory.decision_record(principal, resource, set, decision));
                    let code = pair.oracle.check(&who, on, asked);
                    let denial = Denial::ALL.iter().find(|denial| denial.code() == code);
                    let mut expected = json!({
                        "revision": directory.revision(), "who": who, "on": on, "decision": code,
                        "permissions": in_order(known, asked),
                    });
                    if let Some(denial) = denial {
                        expected["layer"] = json!(denial.layer().as_str());
                    }
                    if record != expected {
                        return Err(format!("{record}, and not {expected}"));
                    }
                }
            }
        }
        Ok(())
    });
}

/// Permissions in the order of the kind, as the catalog declares them.
fn in_order<'a>(known: &[&'a str], asked: &[&str]) -> Vec<&'a str> {
    known.iter().copied().filter(|name| asked.contains(name)).collect()
}

#[test]
fn what_is_unknown_has_no_name() {
    let catalog = Catalog::builder()
        .kind(Kind::named("project").permissions(["read", "write"]))
        .kind(Kind::named("folder").permissions(["see"]));
    let catalog = catalog.profile(Profile::new("reader").exempt()).build().unwrap();
    let now = Timestamp::EPOCH;
    let batch = Batch::host(now)
        .add(Command::add_user("ada").profile("reader"))
        .add(Command::add_key("ci", "ada"))
        .add(Command::add_resource("project/churn"));
    let before = Directory::new(catalog).plan(batch).unwrap().into_directory();
    let (ada, ci) = (before.user_by_name("ada").unwrap(), before.key_by_name("ci").unwrap());
    let churn = before.resource_by_name("project/churn").unwrap();
    let batch =
        Batch::host(now).add(Command::remove_user("ada")).add(Command::remove_resource("project/churn"));
    let after = before.plan(batch).unwrap().into_directory();

    let record = |directory: &Directory, who: Principal, kind: &str, names: &[&str]| {
        let set = directory.catalog().permission_set(kind, names.iter().copied()).unwrap();
        let decision = directory.check(who, churn, set);
        directory.decision_record(who, churn, set, decision)
    };
    let gone = record(&after, ada.into(), "project", &["write", "read"]);
    assert_eq!((gone.who, gone.on), (None, None));
    assert_eq!(gone.permissions, ["read", "write"]);
    assert_eq!(gone.decision, Decision::Denied(Denial::UnknownPrincipal));
    assert_eq!(gone.layer, Some(Layer::Security));
    // A set of another kind is recorded by its own names.
    let wrong = json!(record(&before, ci.into(), "folder", &["see"]));
    let expected = json!({ "revision": 1, "who": "key:ci", "on": "project/churn", "permissions": ["see"],
                           "decision": "wrong_kind", "layer": "security" });
    assert_eq!(wrong, expected);
    let empty = record(&before, ada.into(), "project", &[]);
    assert_eq!((empty.permissions.len(), empty.decision.code()), (0, "empty_request"));
}
