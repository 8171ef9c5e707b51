//! Changes by one command, as administrators make them; each has an effect.

use entitle::catalog::ResourceKind as _;
use entitle::{Command, Directory, Grantee};

use crate::worlds::{NAMES, PROFILES, Project, Random, World, commit, group_name, resource_name, user_name};

/// The names of the changes; each is one command, and another command reverses it.
pub(crate) const CHANGES: [&str; 9] = [
    "join",
    "grant",
    "set_grant",
    "assign_profile",
    "add_user",
    "add_resource",
    "suspend",
    "transfer",
    "key",
];

/// A change and its reverse, at a random place of a world.
pub(crate) fn change(world: &World, what: &str, random: &mut Random) -> [Command; 2] {
    let number = random.below(world.size.users);
    let user = user_name(number);
    let place = random.below(world.size.resources);
    let resource = resource_name(place);
    let other_group = |taken: &[u32], random: &mut Random| loop {
        let group = random.below(world.size.groups);
        if !taken.contains(&group) {
            return group_name(group);
        }
    };
    match what {
        "join" => {
            let group = other_group(world.groups_of.row(number), random);
            [Command::join(user.clone(), group.clone()).into(), Command::leave(user, group)]
        }
        "grant" => {
            let taken: Vec<u32> = world.grants_on.row(place).iter().map(|grant| grant.group).collect();
            let group = Grantee::group(other_group(&taken, random));
            let grant = Command::grant(group.clone(), resource.clone(), ["run"]);
            [grant.into(), Command::revoke(group, resource, ["read"])]
        }
        "set_grant" => {
            let grant = world.grants_on.row(place)[0];
            let to = || Grantee::group(group_name(grant.group));
            let before = NAMES[usize::from(grant.length) - 1];
            let after = if before == "read" { "run" } else { "read" };
            [
                Command::set_grant(to(), resource.clone(), [after]).into(),
                Command::set_grant(to(), resource, [before]).into(),
            ]
        }
        "assign_profile" => {
            let before = usize::from(world.profile_of[number as usize]);
            let (before, after) = (PROFILES[before].0, PROFILES[(before + 1) % 4].0);
            [Command::assign_profile(user.clone(), after), Command::assign_profile(user, before)]
        }
        "add_user" => {
            let add = Command::add_user("new").profile("analyst").group(other_group(&[], random));
            [add.into(), Command::remove_user("new").into()]
        }
        "add_resource" => {
            let add = Command::add_resource("project/new").owner(user);
            [add.into(), Command::remove_resource("project/new")]
        }
        "suspend" => [Command::suspend(user.clone()), Command::reinstate(user)],
        "transfer" => {
            let before = user_name(world.owner_of[place as usize]);
            let after = user_name((world.owner_of[place as usize] + 1) % world.size.users);
            [
                Command::transfer_ownership(resource.clone(), after),
                Command::transfer_ownership(resource, before),
            ]
        }
        _ => [Command::add_key("new", user).into(), Command::remove_key("new")],
    }
}

/// Puts every user of a world into one more group, `all`, beside a group `outer` with a grant on a whole kind.
pub(crate) fn with_everybody(world: &World, directory: &Directory) -> Directory {
    let mut directory = commit(directory, ["all", "outer"].map(Command::add_group));
    let outer = Command::grant(Grantee::group("outer"), format!("{}/*", Project::NAME), ["run"]);
    directory = commit(&directory, [outer]);
    let users: Vec<u32> = (0..world.size.users).collect();
    for users in users.chunks(100_000) {
        let joins = users.iter().map(|user| Command::join(user_name(*user), "all"));
        directory = commit(&directory, joins);
    }
    directory
}

/// Changes to a group that every user is in.
pub(crate) fn of_everybody() -> [(&'static str, Command); 7] {
    let all = || Grantee::group("all");
    [
        ("grant", Command::grant(all(), resource_name(7), ["run"]).into()),
        ("global", Command::grant(all(), "instance", ["run"]).into()),
        ("whole_kind", Command::grant(all(), format!("{}/*", Project::NAME), ["run"]).into()),
        ("nest", Command::nest("all", "outer")),
        ("join", Command::add_user("one more").no_profile().group("all").into()),
        ("leave", Command::leave(user_name(7), "all")),
        ("remove", Command::remove_group("all")),
    ]
}

/// The users of a world, some of whom claim a seat on another profile, one after the other.
pub(crate) struct Claimants {
    random: Random,
    holds: Vec<u8>,
}

impl Claimants {
    pub(crate) fn new(world: &World) -> Self {
        Self { random: Random::new(5), holds: world.profile_of.clone() }
    }

    pub(crate) fn claims(&mut self, count: u32) -> Vec<Command> {
        let users = u32::try_from(self.holds.len()).unwrap();
        let claim = |_| {
            let user = self.random.below(users);
            let holds = &mut self.holds[user as usize];
            *holds = (*holds + 1) % 4;
            Command::assign_profile(user_name(user), PROFILES[usize::from(*holds)].0)
        };
        (0..count).map(claim).collect()
    }
}
