//! Queries with typed kinds, which give the same answers as queries by name.

use crate::side_by_side::read_commands;
use entitle::bitflags::bitflags;
use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
use entitle::{Batch, Directory, Principal, ResourceId, Timestamp, UserId};
use serde_json::json;

bitflags! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Permissions: u64 {
        const READ = 1;
        const WRITE = 2;
    }
}

/// A type of a kind with the same permissions as the others.
macro_rules! kind {
    ($type:ident, $name:literal) => {
        #[derive(Debug)]
        enum $type {}

        impl ResourceKind for $type {
            const NAME: &'static str = $name;
            type Permissions = Permissions;
        }
    };
}

kind!(Project, "project");
kind!(Connection, "connection");
kind!(Unheard, "unheard");

/// A directory with permissions in both kinds, by every kind of grantee and by ownership, and with a removed resource.
fn directory() -> Directory {
    let catalog = Catalog::builder()
        .kind(Kind::of::<Project>().implies(Permissions::WRITE, Permissions::READ).owner(Permissions::WRITE))
        .kind(Kind::of::<Connection>())
        .profile(Profile::new("free").exempt())
        .build()
        .unwrap();
    let grant = |to: &str, on: &str, permission: &str| json!({ "grant": { "to": to, "on": on, "permissions": [permission] } });
    let commands = [
        json!({ "add_group": { "group": "data" } }),
        json!({ "add_user": { "user": "ada", "profile": "free", "groups": ["data"] } }),
        json!({ "add_user": { "user": "bob", "profile": "free" } }),
        json!({ "add_user": { "user": "cleo", "profile": null } }),
        json!({ "add_resource": { "resource": "project/a" } }),
        json!({ "add_resource": { "resource": "connection/b" } }),
        json!({ "add_resource": { "resource": "project/c", "owner": "bob" } }),
        json!({ "add_resource": { "resource": "connection/d" } }),
        json!({ "add_resource": { "resource": "connection/gone" } }),
        grant("group:data", "project/a", "read"),
        grant("group:data", "connection/b", "read"),
        grant("user:bob", "connection/b", "write"),
        grant("everyone", "connection/d", "read"),
        grant("everyone", "connection/gone", "read"),
        json!({ "remove_resource": { "resource": "connection/gone" } }),
    ];
    let plan = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).extend(read_commands(&commands)));
    plan.unwrap().into_directory()
}

fn users(directory: &Directory) -> Vec<UserId> {
    ["ada", "bob", "cleo"].iter().map(|name| directory.user_by_name(name).unwrap()).collect()
}

/// Compares every query about one kind, with its type and by name.
fn agrees<K: ResourceKind<Permissions = Permissions>>(directory: &Directory, keys: &[&str]) {
    for (permissions, names) in [
        (Permissions::READ, &["read"][..]),
        (Permissions::WRITE, &["write"]),
        (Permissions::all(), &["read", "write"]),
    ] {
        let set = directory.catalog().permission_set(K::NAME, names.iter().copied()).unwrap();
        let typed: Vec<ResourceId<K>> =
            keys.iter().map(|key| directory.resource::<K>(key).unwrap()).collect();
        let named = |key: &str| directory.resource_by_name(&format!("{}/{key}", K::NAME)).unwrap();
        for user in users(directory) {
            let bound = directory.for_principal(user);
            let all: Vec<_> =
                directory.resources_for::<K>(user, permissions).map(ResourceId::untyped).collect();
            assert_eq!(all, directory.resources_for(user, set).collect::<Vec<_>>(), "{} {names:?}", K::NAME);
            let kept = bound.filter(typed.iter().copied(), permissions).map(ResourceId::untyped);
            assert_eq!(kept.collect::<Vec<_>>(), all, "{} {names:?}", K::NAME);
            for (key, on) in keys.iter().zip(&typed) {
                assert_eq!(on.untyped(), named(key));
                let decision = directory.check(user, *on, permissions);
                assert_eq!(decision, directory.check(user, named(key), set));
                assert_eq!(bound.check(*on, permissions), decision);
                assert_eq!(decision.is_allowed(), all.contains(&named(key)));
                let who = Principal::User(user);
                let whoever: Vec<UserId> = directory.users_for(*on, permissions).collect();
                assert_eq!(whoever.contains(&user), decision.is_allowed(), "{who:?} on {key}");
                assert_eq!(whoever, directory.users_for(named(key), set).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn a14_a_typed_question_is_about_its_own_kind_only() {
    let directory = directory();
    agrees::<Project>(&directory, &["a", "c"]);
    agrees::<Connection>(&directory, &["b", "d"]);
    let ada = directory.user_by_name("ada").unwrap();
    // Both kinds number their permissions alike, so only the kind distinguishes them.
    let count = |permissions| {
        let projects = directory.resources_for::<Project>(ada, permissions).count();
        (projects, directory.resources_for::<Connection>(ada, permissions).count())
    };
    assert_eq!((count(Permissions::READ), count(Permissions::WRITE)), ((1, 2), (0, 0)));
    assert_eq!(directory.resources_for::<Unheard>(ada, Permissions::READ).count(), 0);
}

#[test]
fn a6_undeclared_bits_are_the_wrong_kind() {
    let directory = directory();
    let on = directory.resource::<Project>("c").unwrap();
    let bob = directory.user_by_name("bob").unwrap();
    for bits in [4, 5, 1 << 63, !Permissions::all().bits(), u64::MAX] {
        let permissions = Permissions::from_bits_retain(bits);
        assert_eq!(directory.check(bob, on, permissions).code(), "wrong_kind", "{bits}");
        assert_eq!(directory.for_principal(bob).check(on, permissions).code(), "wrong_kind", "{bits}");
    }
    assert_eq!(directory.check(bob, on, Permissions::empty()).code(), "empty_request");
    assert_eq!(directory.permissions(bob, on), Permissions::all());
    assert_eq!(directory.granted(bob, on), Permissions::all());
    assert_eq!(directory.for_principal(bob).permissions(on), Permissions::all());
}
