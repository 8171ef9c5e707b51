//! Queries that are made on every request do not allocate, whatever they are about and whatever the answer.

use core::hint::black_box;

use allocation_counter::measure;
use entitle::catalog::{Catalog, Kind, PermissionSet, Profile};
use entitle::change::ScopeDocument;
use entitle::{
    Batch, Command, Decision, Denial, Directory, Grantee, License, Principal, ResourceId, Timestamp,
};

/// The numbers of groups of a user and of grants of a resource: around every size at which a row could change its form.
const SIZES: [u32; 19] = [0, 1, 7, 8, 9, 13, 14, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1_023, 1_024, 1_025];

const GROUPS: u32 = 1_100;
const END: Timestamp = Timestamp::from_millis(1_000);

fn catalog() -> Catalog {
    let project = Kind::named("project")
        .permissions(["admin", "write", "read", "studio"])
        .implies("admin", ["write"])
        .implies("write", ["read"])
        .owner(["admin"]);
    Catalog::builder()
        .kind(project)
        .kind(Kind::named("connection").permissions(["use"]))
        .profile(Profile::new("designer"))
        .profile(Profile::new("reader").ceiling_on("project", ["read"]))
        .profile(Profile::new("trial").ceiling_on("project", ["read"]).advisory())
        .add_on("studios", "project", ["studio"])
        .build()
        .unwrap()
}

/// One user and two keys for each number of groups, and two resources for each number of grants.
fn sized() -> impl Iterator<Item = Command> {
    let groups = (0..GROUPS).map(|group| Command::add_group(format!("g{group}")).into());
    let users = SIZES.into_iter().flat_map(|size| {
        let add = Command::add_user(format!("u{size}")).profile("designer");
        let scope = ScopeDocument::nothing()
            .with("project/*", ["read"])
            .with("project/low9", ["write"])
            .with("project/high1025", ["admin"]);
        let key = Command::add_key(format!("k{size}"), format!("u{size}"));
        let cut = Command::add_key(format!("s{size}"), format!("u{size}"));
        [
            (0..size).fold(add, |add, group| add.group(format!("g{group}"))).into(),
            key.scope(ScopeDocument::All).into(),
            cut.scope(scope).into(),
        ]
    });
    let resources = SIZES.into_iter().flat_map(|size| {
        let on = |name: &str| format!("project/{name}{size}");
        let grant = |group: u32, on: String| {
            Command::from(Command::grant(Grantee::group(format!("g{group}")), on, ["write"]))
        };
        let (low, high) = (on("low"), on("high"));
        commands![Command::add_resource(low.clone()), Command::add_resource(high.clone()).owner("u0")]
            .into_iter()
            .chain((0..size).map(move |group| grant(group, low.clone())))
            .chain((GROUPS - size..GROUPS).map(move |group| grant(group, high.clone())))
    });
    let users_and_groups = groups.chain(users);
    // The scopes name resources, which must exist before the keys.
    let first = [9, 1_025].map(|size| {
        let name = if size == 9 { "low" } else { "high" };
        Command::add_resource(format!("project/{name}{size}")).into()
    });
    let later = resources.filter(|command| {
        !matches!(command, Command::AddResource(add)
            if add.resource == "project/low9" || add.resource == "project/high1025")
    });
    first.into_iter().chain(users_and_groups).chain(later)
}

/// Commands that lead to all other answers.
fn odd() -> Vec<Command> {
    let read = |to: Grantee, on: &str| Command::grant(to, on, ["admin", "studio"]);
    commands![
        Command::add_user("reader").profile("reader"),
        Command::add_user("trial").profile("trial"),
        Command::add_user("seatless"),
        Command::add_user("gone"),
        Command::add_user("suspended").profile("designer"),
        Command::suspend("suspended"),
        Command::invite("invited").profile("designer"),
        Command::add_key("expired", "reader").scope(ScopeDocument::All).expires_at(Timestamp::EPOCH),
        Command::add_key("nothing", "reader"),
        Command::add_resource("project/open"),
        Command::add_resource("project/locked"),
        Command::add_resource("project/gone"),
        Command::add_resource("connection/lake"),
        read(Grantee::Everyone, "project/open"),
        read(Grantee::Everyone, "project/locked"),
        read(Grantee::group("g3"), "project/*"),
        Command::require_credential("project/locked", ["read"]),
        Command::record_credential("reader", "project/locked")
    ]
}

struct Questions {
    principals: Vec<Principal>,
    resources: Vec<ResourceId>,
    requests: Vec<PermissionSet>,
}

impl Questions {
    fn of(directory: &Directory) -> Self {
        let odd = ["reader", "trial", "seatless", "gone", "suspended", "invited"].map(String::from);
        let users = SIZES.iter().map(|size| format!("u{size}")).chain(odd);
        let keys = SIZES.iter().flat_map(|size| [format!("k{size}"), format!("s{size}")]);
        let keys = keys.chain(["expired", "nothing"].map(String::from));
        let principals = users
            .map(|user| directory.user_by_name(&user).unwrap().into())
            .chain(keys.map(|key| directory.key_by_name(&key).unwrap().into()))
            .collect();
        let odd = ["project/open", "project/locked", "project/gone", "connection/lake"].map(String::from);
        let resources = SIZES
            .iter()
            .flat_map(|size| [format!("project/low{size}"), format!("project/high{size}")])
            .chain(odd)
            .map(|resource| directory.resource_by_name(&resource).unwrap())
            .collect();
        let sets: [&[&str]; 6] = [&[], &["read"], &["write"], &["admin"], &["studio"], &["read", "admin"]];
        let requests = sets
            .into_iter()
            .map(|set| directory.catalog().permission_set("project", set.iter().copied()).unwrap())
            .collect();
        Self { principals, resources, requests }
    }

    /// Makes every query in every way, checks that none allocates, and collects the answers.
    fn ask(&self, directory: &Directory, answers: &mut Vec<Decision>) {
        for principal in &self.principals {
            for request in &self.requests {
                self.ask_in_a_list(directory, *principal, *request);
                for on in &self.resources {
                    let mut answer = None;
                    let taken = measure(|| answer = Some(directory.check(*principal, *on, *request)));
                    assert_eq!(taken.count_total, 0, "check {principal:?} {on:?} {request:?}");
                    answers.extend(answer);
                }
            }
            for on in &self.resources {
                let taken = measure(|| {
                    let _ = directory.permissions(*principal, *on);
                    let _ = directory.granted(*principal, *on);
                });
                assert_eq!(taken.count_total, 0, "permissions {principal:?} {on:?}");
            }
        }
    }

    fn ask_in_a_list(&self, directory: &Directory, principal: Principal, request: PermissionSet) {
        let mut counts = [0; 3];
        let taken = measure(|| {
            let bound = directory.for_principal(principal);
            for on in &self.resources {
                counts[0] += usize::from(bound.check(*on, request).is_allowed());
                counts[1] += usize::from(!bound.permissions(*on).is_empty());
            }
            counts[2] = bound.filter(self.resources.iter().copied(), request).count();
        });
        assert_eq!(taken.count_total, 0, "{principal:?} {request:?}");
        assert_eq!(counts[0], counts[2]);
    }
}

#[test]
fn queries_do_not_allocate() {
    let license = License::new("measured").unlimited("designer").unlimited("reader").unlimited("trial");
    let license = license.expires_at(END);
    let commands = commands![license].into_iter().chain(sized()).chain(odd());
    let directory = Directory::new(catalog())
        .plan(Batch::host(Timestamp::EPOCH).extend(commands))
        .unwrap()
        .into_directory();
    let questions = Questions::of(&directory);
    let mut answers = Vec::new();
    questions.ask(&directory, &mut answers);

    // The same ids after some of their users and resources are removed, and after the license has lapsed too.
    let gone = commands![Command::remove_user("gone"), Command::remove_resource("project/gone")];
    let without = directory.plan(Batch::host(Timestamp::EPOCH).extend(gone)).unwrap().into_directory();
    questions.ask(&without, &mut answers);
    let lapsed = without.plan(Batch::host(END).add(Command::tick())).unwrap().into_directory();
    questions.ask(&lapsed, &mut answers);

    answers.sort_unstable();
    answers.dedup();
    let denials = Denial::ALL.iter().copied().map(Decision::Denied);
    let every = [Decision::Allowed, Decision::AllowedBeyondProfile].into_iter().chain(denials);
    assert_eq!(answers, every.collect::<Vec<_>>(), "every answer was given");
}

#[test]
fn an_allocation_is_counted() {
    assert_eq!(measure(|| drop(black_box(Box::new(1)))).count_total, 1);
}
