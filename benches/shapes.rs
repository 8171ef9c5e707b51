//! The worst shapes: few in number, and each larger somewhere than rows are made for.

use entitle::catalog::{Catalog, Kind, PermissionSet, Profile};
use entitle::{Command, Directory, Grantee, License, ResourceId, UserId};

use crate::worlds::{Permissions, Project, Random, catalog, commit, group_name, license, user_name};

/// A user in 500 groups, and resources with 300 grants each.
pub(crate) struct Heavy {
    pub(crate) directory: Directory,
    pub(crate) user: UserId,
    /// A resource with some grants to groups of the user.
    pub(crate) hit: ResourceId<Project>,
    /// A resource without grants to groups of the user.
    pub(crate) miss: ResourceId<Project>,
}

impl Heavy {
    pub(crate) fn new() -> Self {
        let groups = (0..1_000).map(|group| Command::add_group(group_name(group)).into());
        let busy = (0..500).fold(Command::add_user("busy").profile("designer"), |add, group| {
            add.group(group_name(group * 2))
        });
        let add = |name| Command::add_resource(name).into();
        // Half of the groups with a grant on `hit`, and none of those on `miss`, are groups of the user.
        let on_hit = (350..650).map(|group| read(Grantee::group(group_name(group)), "project/hit"));
        let on_miss = (0..300).map(|group| read(Grantee::group(group_name(group * 2 + 1)), "project/miss"));
        let commands = [Command::from(license(1))]
            .into_iter()
            .chain(groups)
            .chain([busy.into(), add("project/hit"), add("project/miss")])
            .chain(on_hit)
            .chain(on_miss);
        let directory = commit(&Directory::new(catalog()), commands);
        let heavy = Self {
            user: directory.user_by_name("busy").unwrap(),
            hit: directory.resource("hit").unwrap(),
            miss: directory.resource("miss").unwrap(),
            directory,
        };
        assert!(heavy.directory.check(heavy.user, heavy.hit, Permissions::READ).is_allowed());
        assert!(!heavy.directory.check(heavy.user, heavy.miss, Permissions::READ).is_allowed());
        heavy
    }

    pub(crate) fn ask(&self, on: ResourceId<Project>) -> bool {
        self.directory.check(self.user, on, Permissions::READ).is_allowed()
    }
}

/// A resource that is shared with single users, every second one of all.
pub(crate) struct Shared {
    pub(crate) directory: Directory,
    pub(crate) users: Vec<UserId>,
    pub(crate) resource: ResourceId<Project>,
}

impl Shared {
    pub(crate) fn new(grants: u32) -> Self {
        let users = (0..grants * 2).map(|user| Command::add_user(user_name(user)).profile("designer").into());
        let shares = (0..grants).map(|user| read(Grantee::user(user_name(user * 2)), "project/shared"));
        let commands =
            [Command::from(license(grants)), Command::from(Command::add_resource("project/shared"))];
        let directory = commit(&Directory::new(catalog()), commands.into_iter().chain(users).chain(shares));
        let users: Vec<UserId> =
            (0..grants * 2).map(|user| directory.user_by_name(&user_name(user)).unwrap()).collect();
        let resource = directory.resource("shared").unwrap();
        for (place, user) in users.iter().enumerate() {
            let decision = directory.check(*user, resource, Permissions::READ);
            assert_eq!(decision.is_allowed(), place % 2 == 0, "user {place}");
        }
        Self { directory, users, resource }
    }
}

/// A catalog of 64 kinds of 64 permissions each, and a question in each kind.
pub(crate) struct Kinds {
    pub(crate) directory: Directory,
    pub(crate) questions: Vec<(UserId, ResourceId, PermissionSet)>,
}

impl Kinds {
    pub(crate) fn new() -> Self {
        let names: Vec<String> = (0..64).map(|bit| format!("p{bit}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let kinds = (0..64).map(|kind| Kind::named(kind_name(kind)).permissions(names.iter().copied()));
        let builder = kinds.fold(Catalog::builder(), entitle::catalog::CatalogBuilder::kind);
        let catalog = builder.profile(Profile::new("designer")).build().unwrap();
        let users = (0..64).map(|user| {
            let add = Command::add_user(user_name(user)).profile("designer");
            (0..8).fold(add, |add, group| add.group(group_name((user + group) % 64))).into()
        });
        // The group with a kind's number has a permission on the whole kind, and two more on the resource.
        let grants = (0..64).flat_map(|kind| {
            let group = || Grantee::group(group_name(kind));
            let resource = format!("{}/r", kind_name(kind));
            [
                Command::from(Command::add_resource(resource.clone())),
                Command::grant(group(), format!("{}/*", kind_name(kind)), ["p0"]).into(),
                Command::grant(group(), resource, ["p1", "p63"]).into(),
            ]
        });
        let commands = [Command::from(License::new("measured").unlimited("designer"))]
            .into_iter()
            .chain((0..64).map(|group| Command::add_group(group_name(group)).into()))
            .chain(users)
            .chain(grants);
        let directory = commit(&Directory::new(catalog), commands);
        let mut random = Random::new(64);
        let questions = (0..4_096).map(|_| {
            let (user, kind) = (random.below(64), random.below(64));
            let name = ["p0", "p1", "p62", "p63"][random.below(4) as usize];
            let who = directory.user_by_name(&user_name(user)).unwrap();
            let on = directory.resource_by_name(&format!("{}/r", kind_name(kind))).unwrap();
            let set = directory.catalog().permission_set(&kind_name(kind), [name]).unwrap();
            let expected = (kind + 64 - user) % 64 < 8 && name != "p62";
            assert_eq!(directory.check(who, on, set).is_allowed(), expected, "{user} {kind} {name}");
            (who, on, set)
        });
        let questions = questions.collect();
        Self { directory, questions }
    }
}

fn kind_name(kind: u32) -> String {
    format!("kind_{kind}")
}

fn read(to: Grantee, on: &str) -> Command {
    Command::grant(to, on, ["read"]).into()
}
