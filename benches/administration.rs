//! Plans that people make, compared with those of the host, and who may make them: one line for each target,
//! `NAME VALUE TARGET ok|SHORT`.
//!
//! Run with `cargo bench --features bench-internals --bench administration`. What is compared is timed in turn in this one
//! process; every answer is compared with a naive one first. It reports and never fails on a target.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "measures with a clock, in code that nobody links"
)]

#[path = "ratios/clock.rs"]
mod clock;
#[path = "ratios/report.rs"]
mod report;
mod worlds;

use entitle::catalog::{Administration, Catalog, ResourceKind as _};
use entitle::{Batch, Command, Directory, Grantee, UserId};

use clock::{interleaved, lower_quartile, nanos};
use report::Target::AtMost;
use report::{note, row};
use worlds::{
    Grant, Instance, L, NOW, Project, Random, S, World, commit, declared, prefix, resource_name, user_name,
};

/// The grants of the group that users join.
const GRANTS: u32 = 100;

/// The joins that are planned before anything is measured again.
const WINDOW: usize = 64;

/// The catalog of the worlds, in which `manage` on the instance opens groups, and `admin` on a project opens access to it.
fn catalog() -> Catalog {
    let opened =
        Administration::new().groups_on(Instance::NAME, ["manage"]).access_held_on(Project::NAME, ["admin"]);
    declared().administration(opened).build().unwrap()
}

/// A world, and in it a group with grants, whose like some people have.
struct Administered<'a> {
    world: &'a World,
    directory: Directory,
    places: Vec<u32>,
}

impl<'a> Administered<'a> {
    fn new(world: &'a World) -> Self {
        let mut random = Random::new(11);
        let mut places: Vec<u32> = (0..GRANTS).map(|_| random.below(world.size.resources)).collect();
        places.sort_unstable();
        places.dedup();
        let directory = world.build_on(&Directory::new(catalog()));
        let grant =
            |to: &Grantee, place: &u32| Command::grant(to.clone(), resource_name(*place), ["run"]).into();
        let to = |to: Grantee, places: &[u32]| {
            places.iter().map(move |place| grant(&to, place)).collect::<Vec<Command>>()
        };
        let mut commands: Vec<Command> =
            ["data", "leads"].map(|group| Command::add_group(group).into()).into();
        for user in ["everywhere", "lead", "lacking"] {
            commands.push(Command::add_user(user).profile("technical").into());
            commands.push(Command::grant(Grantee::user(user), Instance::NAME, ["manage"]).into());
        }
        let everywhere = Command::grant(Grantee::user("everywhere"), format!("{}/*", Project::NAME), ["run"]);
        commands.extend([everywhere.into(), Command::join("lead", "leads").into()]);
        commands.extend(to(Grantee::group("data"), &places));
        commands.extend(to(Grantee::group("leads"), &places));
        commands.extend(to(Grantee::user("lacking"), &places[1..]));
        Self { world, directory: commit(&directory, commands), places }
    }

    fn user(&self, name: &str) -> UserId {
        self.directory.user_by_name(name).unwrap()
    }

    fn batch(actor: Option<UserId>) -> Batch {
        actor.map_or_else(|| Batch::host(NOW), |actor| Batch::actor(NOW, actor))
    }

    /// Compares the plan of a join as an actor with the host's.
    fn joins(&self) {
        let join = |user: u32| Command::join(user_name(user), "data");
        let actors = [None, Some(self.user("everywhere")), Some(self.user("lead"))];
        let planned = |actor, user| self.directory.plan(Self::batch(actor).add(join(user)));
        for user in 0..20 {
            let of_host = planned(None, user).unwrap();
            for actor in &actors[1..] {
                assert_eq!(planned(*actor, user).unwrap().events(), of_host.events());
            }
            let refusal = planned(Some(self.user("lacking")), user).unwrap_err();
            let lacks = resource_name(self.places[0]);
            assert!(
                refusal.code() == "beyond_own" && refusal.to_string().ends_with(&format!("on `{lacks}`"))
            );
        }
        let planned = &planned;
        let mut contenders = actors.map(|actor| -> clock::Contender<'_> {
            Box::new(move |start| {
                let users = (start..start + WINDOW).map(|user| u32::try_from(user).unwrap());
                users.map(|user| planned(actor, user).unwrap().events().len() as u64).sum()
            })
        });
        let questions = 1 << 10.min(self.world.size.users.ilog2());
        let times = interleaved(&mut contenders, questions, WINDOW, if worlds::is_test() { 2 } else { 100 });
        let name = self.world.size.name;
        note(&format!("{name}: a join planned by the host {:.1} us", times[0] / 1e3));
        for (what, time) in [("everywhere", times[1]), ("by-group", times[2])] {
            row(&format!("administration/{name}/join/{what}"), time / times[0], "x", AtMost(3.0));
        }
    }

    /// Times `who_may` for each candidate; the answers are compared with the lists.
    fn who_may(&self) {
        let mut random = Random::new(12);
        let (mut times, mut candidates, mut found) = (Vec::new(), 0, 0);
        for _ in 0..if worlds::is_test() { 2 } else { 5 } {
            let place = random.below(self.world.size.resources);
            let share =
                || Command::from(Command::grant(Grantee::user("lacking"), resource_name(place), ["export"]));
            let mut answer = Vec::new();
            let time = nanos(|| answer = self.directory.who_may(NOW, [share()]).unwrap().collect::<Vec<_>>());
            let may = |&user: &u32| self.world.allowed(user, place) & ADMIN != 0;
            let expected = (0..self.world.size.users).filter(may).map(|user| self.user(&user_name(user)));
            assert_eq!(answer, expected.collect::<Vec<_>>());
            let asked = (0..self.world.size.users).filter(|&user| self.is_granted(user, place)).count();
            (candidates, found) = (candidates + asked, found + answer.len());
            times.push(time / asked.max(1) as f64);
        }
        let name = self.world.size.name;
        note(&format!("{name}: {found} of {candidates} candidates may share one of the resources"));
        row(&format!("administration/{name}/who_may"), lower_quartile(times) / 1e3, "us", AtMost(20.0));
    }

    /// Returns `true` if a user is granted the last permission, whatever the profile says.
    fn is_granted(&self, user: u32, place: u32) -> bool {
        let (world, groups) = (self.world, self.world.groups_of.row(user));
        let is_full = |grant: &Grant| prefix(grant.length) & ADMIN != 0 && groups.contains(&grant.group);
        world.owner_of[place as usize] == user
            || world.grants_on.row(place).iter().chain(&world.whole_kind).any(is_full)
    }
}

const ADMIN: u64 = 1 << 11;

fn main() {
    let world = World::new(if worlds::is_test() { S } else { L });
    let administered = Administered::new(&world);
    administered.joins();
    administered.who_may();
}
