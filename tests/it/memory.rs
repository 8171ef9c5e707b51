//! Memory and work follow what changes or what is answered, not the size of the directory.
//!
//! Allocations stand for work: what collects all candidates, pairs or names allocates room for them.

use allocation_counter::{AllocationInfo, measure};
use core::hint::black_box;
use entitle::catalog::{Catalog, Kind, PermissionSet, Profile};
use entitle::change::ScopeDocument;
use entitle::{Batch, Command, Directory, Grantee, License, Timestamp, Untyped, UserId};

#[expect(dead_code, reason = "shared with the benches")]
#[path = "../../benches/worlds.rs"]
mod worlds;

const NOW: Timestamp = Timestamp::EPOCH;

fn empty() -> Directory {
    let project = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    let catalog = Catalog::builder()
        .kind(project)
        .profile(Profile::new("editor"))
        .profile(Profile::new("reader").ceiling_on("project", ["read"]))
        .build();
    Directory::new(catalog.unwrap())
}

fn license(name: &str) -> License {
    License::new(name).unlimited("editor").unlimited("reader")
}

fn apply(directory: &Directory, commands: impl IntoIterator<Item = Command>) -> Directory {
    directory.plan(Batch::host(NOW).extend(commands)).unwrap().into_directory()
}

fn users(count: u32) -> impl Iterator<Item = Command> {
    (0..count).map(|user| Command::add_user(format!("u{user}")).profile("editor").into())
}

fn resources(count: u32) -> impl Iterator<Item = Command> {
    (0..count).map(|resource| Command::add_resource(format!("project/p{resource}")).into())
}

/// Users and resources, and a group of all users that may read every resource.
fn wide(count: u32) -> Directory {
    let first = commands![license("first"), Command::add_group("all")].into_iter();
    let join = (0..count).map(|user| Command::join(format!("u{user}"), "all").into());
    let read = Command::grant(Grantee::group("all"), "project/*", ["read"]);
    apply(&empty(), first.chain(users(count)).chain(resources(count)).chain(join).chain([read.into()]))
}

fn of(directory: &Directory, user: &str) -> UserId {
    directory.user_by_name(user).unwrap()
}

fn permissions(directory: &Directory, name: &str) -> PermissionSet {
    directory.catalog().permission_set("project", [name]).unwrap()
}

fn taken<T>(work: impl FnOnce() -> T) -> AllocationInfo {
    let mut work = Some(work);
    measure(|| {
        black_box(work.take().map(|work| work()));
    })
}

/// A license that leaves everyone the same permissions compares no pair of a user and a resource (rule S15).
#[test]
fn a_renewal_that_changes_nothing_costs_nothing() {
    let directory = wide(300);
    let plan = directory.plan(Batch::host(NOW).add(license("second"))).unwrap();
    let mut changes = None;
    let taken = taken(|| changes = Some(plan.impact().access().len()));
    assert_eq!(changes, Some(0));
    assert!(taken.bytes_total < 10_000, "{taken:?}");
}

/// Pairs are found while they are read, and a preview with a limit keeps no more (rule S15).
#[test]
fn a_preview_keeps_no_more_changes_than_its_limit() {
    let directory = wide(300);
    let grant = Command::grant(Grantee::Everyone, "project/*", ["write"]);
    let plan = directory.plan(Batch::host(NOW).add(grant)).unwrap();
    let mut impact = None;
    let limited = taken(|| impact = Some(plan.impact_up_to(10)));
    assert_eq!(impact.map(|impact| (impact.access().len(), impact.is_complete())), Some((10, false)));
    assert!(limited.bytes_total < 10_000, "{limited:?}");

    let mut count = 0;
    let counted = taken(|| count = plan.access_changes().count());
    assert_eq!(count, 300 * 300);
    assert!(counted.bytes_max < 10_000, "{counted:?}");
}

/// A change of one user or of one resource compares what that one reaches.
#[test]
fn a_preview_of_a_small_change_is_small() {
    let directory = wide(300);
    let few = [
        commands![Command::suspend("u1")],
        commands![Command::grant(Grantee::user("u1"), "project/p1", ["write"])],
        commands![Command::add_group("other"), Command::join("u1", "other")],
    ];
    for (commands, changes) in few.into_iter().zip([300, 1, 0]) {
        let plan = directory.plan(Batch::host(NOW).extend(commands)).unwrap();
        assert_eq!(plan.access_changes().count(), changes);
        let taken = taken(|| plan.access_changes().count());
        assert!(taken.bytes_total < 60_000, "{changes}: {taken:?}");
    }
}

/// One more user never pays for a new index of all names, at whatever size the directory is.
#[test]
fn adding_a_user_costs_the_same_at_every_size() {
    let mut directory = apply(&empty(), commands![license("first")].into_iter().chain(users(3_900)));
    let mut most = 0;
    for user in 3_900..4_500 {
        let add = Command::add_user(format!("u{user}")).no_profile();
        let mut next = None;
        let plan = taken(|| next = Some(directory.plan(Batch::host(NOW).add(add)).unwrap()));
        most = most.max(plan.bytes_total);
        directory = next.unwrap().into_directory();
    }
    assert!(most < 60_000, "{most} bytes for one user");
}

/// Memory follows what exists, not what once existed.
#[test]
fn removed_users_and_resources_give_their_memory_back() {
    let empty = apply(&empty(), commands![license("first"), Command::add_group("staff")]);
    let many = users(20_000).chain(resources(20_000)).chain(commands![
        Command::grant(Grantee::group("staff"), "project/*", ["read"]),
        Command::grant(Grantee::Everyone, "project/*", ["read"])
    ]);
    let join = (0..20_000).map(|user| Command::join(format!("u{user}"), "staff").into());
    let gone = |number: &u32| *number != 7_000;
    let remove_users = (0..20_000).filter(gone).map(|user| Command::remove_user(format!("u{user}")).into());
    let remove_resources =
        (0..20_000).filter(gone).map(|resource| Command::remove_resource(format!("project/p{resource}")));

    let (many, join): (Vec<Command>, Vec<Command>) = (many.collect(), join.collect());
    let mut full = None;
    let used = measure(|| full = Some(apply(&apply(&empty, many.clone()), join.clone()))).bytes_current;
    let full = full.unwrap();
    let last = (of(&full, "u19999"), of(&full, "u7000"));
    let removals: Vec<Command> = remove_users.chain(remove_resources).collect();
    let mut left = None;
    let kept = measure(|| {
        let after = apply(&full, removals.clone());
        drop(full);
        left = Some(after);
    });
    let left = left.unwrap();
    assert_eq!((left.user_count(), left.resource_count()), (1, 1));
    let kept = used + kept.bytes_current;
    assert!(kept < used / 50, "{kept} bytes of {used} stay");
    left.audit().unwrap();

    // Vacant slots are neither walked nor forgotten: the ids of removed users are not given out again (rule C7).
    assert!(left.users().eq([last.1]));
    let again = apply(&left, users(1));
    assert_ne!(of(&again, "u0"), last.0);
    assert!(again.user_name(last.0).is_none());
    assert!(of(&again, "u0").as_u64() >> 32 > 20_000 || of(&again, "u0").as_u64() & 0xFFFF_FFFF > 20_000);
    again.audit().unwrap();
}

/// A user who may use nothing is answered without a look at any resource, and so is a resource that nobody may use.
#[test]
fn an_empty_answer_about_one_party_is_given_at_once() {
    let commands = commands![
        Command::add_user("reader").profile("reader"),
        Command::add_user("none").no_profile(),
        Command::add_user("gone").profile("editor"),
        Command::suspend("gone"),
        Command::grant(Grantee::Everyone, "project/*", ["write"])
    ];
    let directory = apply(&wide(300), commands);
    let write = permissions(&directory, "write");
    for user in ["reader", "none", "gone"] {
        let user = of(&directory, user);
        let taken = taken(|| directory.resources_for::<Untyped>(user, write).count());
        assert_eq!(taken.count_total, 0, "{user:?}: {taken:?}");
    }
    let lapsed = apply(&directory, [license("short").expires_at(Timestamp::from_millis(1)).into()]);
    let lapsed =
        lapsed.plan(Batch::host(Timestamp::from_millis(2)).add(Command::tick())).unwrap().into_directory();
    let project = lapsed.resource_by_name("project/p1").unwrap();
    let taken = taken(|| lapsed.users_for(project, write).count());
    assert_eq!(taken.count_total, 0, "{taken:?}");
}

/// A page costs its own length and a search in each group, not everything that the groups reach.
#[test]
fn a_page_begins_where_the_last_one_ended() {
    let groups = 0..60_u32;
    let add = groups.clone().map(|group| Command::add_group(format!("g{group}")).into());
    let join = groups.clone().map(|group| Command::join("u0", format!("g{group}")).into());
    let grants = groups.flat_map(|group| {
        (0..200).map(move |resource| {
            let to = Grantee::group(format!("g{group}"));
            Command::grant(to, format!("project/p{}", (resource * 7 + group) % 400), ["read"]).into()
        })
    });
    let first = commands![license("first")].into_iter().chain(users(1)).chain(resources(400));
    let directory = apply(&empty(), first.chain(add).chain(join).chain(grants));
    let (user, read) = (of(&directory, "u0"), permissions(&directory, "read"));
    let all: Vec<_> = directory.resources_for::<Untyped>(user, read).collect();
    assert!(all.len() > 200);
    let mut paged = Vec::new();
    while paged.len() < all.len() {
        let taken = taken(|| {
            let mut rest = directory.resources_for::<Untyped>(user, read);
            if let Some(last) = paged.last() {
                rest = rest.after(*last);
            }
            paged.extend(rest.take(50));
        });
        assert!(taken.bytes_total < 15_000, "{taken:?}");
    }
    assert_eq!(paged, all);
}

/// A resource that had something which few resources have is as small afterwards as one that never had it.
#[test]
fn resources_that_are_as_they_were_keep_nothing() {
    const COUNT: u32 = 2_000;
    let later = Timestamp::from_millis(1_000);
    let names = || (0..COUNT).map(|number| format!("folder/f{number}"));
    let to = || Grantee::user("ada");
    let scope = names().fold(ScopeDocument::nothing(), |scope, name| scope.with(&name, ["read"]));
    let cases: [(&str, Vec<Command>, Vec<Command>); 6] = [
        ("closed", names().map(Command::close).collect(), names().map(Command::open).collect()),
        (
            "inside",
            names().skip(1).map(|name| Command::move_resource("folder/f0", name)).collect(),
            commands![Command::move_to_no_parent("folder/f0")],
        ),
        (
            "a credential",
            names().map(|name| Command::record_credential("ada", name)).collect(),
            names().map(|name| Command::forget_credential("ada", name)).collect(),
        ),
        (
            "in a scope",
            commands![Command::add_key("ci", "ada").scope(scope)],
            commands![Command::remove_key("ci")],
        ),
        (
            "an owner's group",
            names().map(|name| Command::add_group(&name[7..]).includes_owner_of(&name).into()).collect(),
            (0..COUNT).map(|number| Command::remove_group(format!("f{number}"))).collect(),
        ),
        (
            "a grant with an end",
            names().map(|name| Command::grant(to(), name, ["read"]).expires_at(later).into()).collect(),
            names().map(|name| Command::clear_grant(to(), name)).collect(),
        ),
    ];
    for (what, give, take) in cases {
        let folder = Kind::named("folder").permissions(["read"]).inside_same("folder");
        let empty = Directory::new(Catalog::builder().kind(folder).build().unwrap());
        let ada = commands![Command::add_user("ada").no_profile()].into_iter();
        let before = apply(&empty, ada.chain(names().map(|name| Command::add_resource(name).into())));
        let mut left = None;
        let kept = measure(|| {
            let given = apply(&before, give.clone());
            left = Some(apply(&given, take.clone()));
            drop((given, before));
        });
        assert!(kept.bytes_current < 10_000, "{what}: {} bytes stay", kept.bytes_current);
        left.unwrap().audit().unwrap();
    }
}

/// The estimate is compared with the bytes that the directory takes, which include what it shares with nobody.
fn assert_estimated(what: &str, directory: &Directory, bytes: i64) {
    let taken = u64::try_from(bytes).unwrap() + size_of::<Directory>() as u64;
    let estimated = directory.estimated_size();
    assert!(estimated <= 2 * taken && taken <= 2 * estimated, "{what}: {estimated} for {taken} bytes");
}

#[test]
fn an_estimate_is_within_a_factor_of_two() {
    let catalog = worlds::catalog();
    let mut empty = None;
    let taken = measure(|| empty = Some(Directory::new(catalog.clone())));
    let empty = empty.unwrap();
    assert_estimated("empty", &empty, taken.bytes_current);
    for size in [worlds::SMALL, worlds::S] {
        let world = worlds::World::new(size);
        let mut built = None;
        let taken = measure(|| built = Some(world.build_on(&empty)));
        let built = built.unwrap();
        assert_estimated(size.name, &built, taken.bytes_current);
        #[cfg(feature = "binary")]
        {
            let (mut stored, mut read) = (Vec::new(), None);
            built.write_binary_to(&mut stored).unwrap();
            let taken = measure(|| {
                read = Some(Directory::read_binary_with_catalog(catalog.clone(), &*stored).unwrap());
            });
            assert_estimated(size.name, &read.unwrap(), taken.bytes_current);
        }
    }
}

/// A directory that is read has no room for more in its tables and sets, and many tenants have one each.
#[cfg(feature = "binary")]
#[test]
fn a_directory_that_is_read_is_small() {
    let world = worlds::World::new(worlds::SMALL);
    let (built, mut stored, mut read) = (world.build(), Vec::new(), None);
    built.write_binary_to(&mut stored).unwrap();
    let taken = measure(|| {
        read = Some(Directory::read_binary_with_catalog(built.catalog().clone(), &*stored).unwrap());
    });
    assert_eq!(read, Some(built));
    assert!(taken.bytes_current <= 62_000, "{taken:?}");
}
