//! The crate without any feature: both layers, a refusal, a lookup, an explanation and a replay, with `alloc` alone.

#![expect(clippy::unwrap_used, reason = "test code: what a test itself gets wrong may panic")]

use entitle::catalog::{Catalog, Kind, Profile};
use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp};

fn catalog() -> Catalog {
    let project = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    let reader = Profile::new("reader").ceiling_on("project", ["read"]);
    Catalog::builder().kind(project).profile(Profile::new("designer")).profile(reader).build().unwrap()
}

fn setup() -> Batch {
    Batch::host(Timestamp::EPOCH)
        .add(License::new("acme").seats("designer", 1).seats("reader", 1))
        .add(Command::add_group("data"))
        .add(Command::add_user("ada").profile("designer").group("data"))
        .add(Command::add_user("bob").profile("reader").group("data"))
        .add(Command::add_resource("project/churn"))
        .add(Command::grant(Grantee::group("data"), "project/churn", ["write"]))
}

#[test]
fn the_layers_work_without_features() {
    let plan = Directory::new(catalog()).plan(setup()).unwrap();
    let (directory, commit) = (plan.directory().clone(), plan.commit().unwrap());
    let (ada, bob) = (directory.user_by_name("ada").unwrap(), directory.user_by_name("bob").unwrap());
    let churn = directory.resource_by_name("project/churn").unwrap();
    let write = directory.catalog().permission_set("project", ["write"]).unwrap();
    assert_eq!(directory.check(ada, churn, write), Decision::Allowed);
    assert_eq!(directory.check(bob, churn, write), Decision::Denied(Denial::BeyondProfile));
    assert_eq!(directory.resources_for(ada, write).collect::<Vec<_>>(), [churn]);
    assert_eq!(directory.users_for(churn, write).collect::<Vec<_>>(), [ada]);
    assert!(directory.explain(bob, churn, write).to_string().contains("reader"));

    assert_eq!(
        directory
            .plan(Batch::host(Timestamp::EPOCH).add(Command::add_user("eve").profile("designer")))
            .unwrap_err()
            .code(),
        "seat_limit"
    );

    let replayed = Directory::new(catalog()).replay([&commit]).unwrap();
    assert_eq!(replayed, directory);
}
