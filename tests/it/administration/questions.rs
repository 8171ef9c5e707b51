//! Property 5: `may` says what a plan would say, and `who_may` lists the users whose authority suffices (rule D14).

use super::promise::Administered;
use super::worlds::{Dice, catalog, crowd, plan, population};
use crate::oracle::World;
use crate::side_by_side::{NAMES_OF_CATALOGS, empty, read_commands};
use entitle::{Batch, Command, Directory, Timestamp, UserId};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a lack of authority is refused with.
const AUTHORITY: [&str; 3] = ["not_authorized", "beyond_own", "for_oneself"];

/// The number of questions in a small world.
const QUESTIONS: u64 = 40;

/// How many users may, of how many: a law about answers that are all alike would say little.
#[derive(Default)]
struct Seen {
    nobody: u32,
    some: u32,
    all: u32,
    /// Users who may and whose plan has another fault.
    passed_over: u32,
}

/// A question in a directory.
struct Asked<'a> {
    directory: &'a Directory,
    at: Timestamp,
    commands: Vec<Command>,
}

impl<'a> Asked<'a> {
    fn new(directory: &'a Directory, at: u64, commands: &[Value]) -> Self {
        Self { directory, at: Timestamp::from_millis(at), commands: read_commands(commands) }
    }

    fn who_may(&self) -> Vec<UserId> {
        self.directory.who_may(self.at, self.commands.clone()).unwrap().collect()
    }

    /// Checks both questions against a plan as each user.
    fn holds(&self, seen: &mut Seen) -> Result<Vec<UserId>, String> {
        let found = self.who_may();
        if !found.is_sorted_by(|one, next| one < next) {
            return Err(format!("not in the order of ids: {found:?}"));
        }
        for user in self.directory.users() {
            let batch = || Batch::actor(self.at, user).extend(self.commands.clone());
            let refusal = self.directory.plan(batch()).err();
            let name = self.directory.user_name(user).unwrap();
            if self.directory.may(batch()).err() != refusal {
                return Err(format!("`may` differs from the plan of {name}: {refusal:?}"));
            }
            let lacks = refusal.as_ref().is_some_and(|refusal| AUTHORITY.contains(&refusal.code()));
            let is_found = found.binary_search(&user).is_ok();
            // Another fault ends a plan before the commands after it, and a question goes on.
            let is_settled = refusal.is_none() || lacks || self.commands.len() == 1;
            if is_settled && is_found == lacks {
                return Err(format!("{name} is found: {is_found}, and planned: {refusal:?}"));
            }
            seen.passed_over += u32::from(is_found && refusal.is_some());
        }
        let all = self.directory.users().count();
        match found.len() {
            0 => seen.nobody += 1,
            found if found == all => seen.all += 1,
            _ => seen.some += 1,
        }
        Ok(found)
    }

    /// Checks that a page goes on after any user, found or not.
    fn pages(&self, found: &[UserId], users: impl Iterator<Item = UserId>) -> Result<(), String> {
        for last in users {
            let rest: Vec<UserId> =
                self.directory.who_may(self.at, self.commands.clone()).unwrap().after(last).collect();
            let place = found.partition_point(|&user| user <= last);
            if rest != found[place..] {
                return Err(format!("after {last:?}: {rest:?}, of {found:?}"));
            }
        }
        Ok(())
    }
}

fn names(directory: &Directory, users: &[UserId]) -> BTreeSet<String> {
    users.iter().map(|&user| directory.user_name(user).unwrap().to_owned()).collect()
}

/// Asks questions in one small world, in the crate and in the oracle.
fn small_world(number: u64, seen: &mut Seen) -> Result<(), String> {
    let mut dice = Dice::new(number);
    let catalog = catalog(&mut dice);
    let (mut directory, mut oracle) = (empty(&catalog), World::new(&catalog));
    for command in population(&mut dice) {
        if let Ok(next) = planned(&directory, &command) {
            directory = next;
            oracle.apply(0, &[command]).unwrap();
        }
    }
    let mut at = 0;
    for _ in 0..QUESTIONS {
        at += dice.below(2);
        let (actor, commands) = plan(&mut dice);
        let asked = Asked::new(&directory, at, &commands);
        if let Err(refusal) = directory.who_may(asked.at, asked.commands.clone()) {
            if NAMES_OF_CATALOGS.contains(&refusal.code()) {
                continue;
            }
            return Err(format!("world {number} at {at}: {}: {refusal}", json!(commands)));
        }
        let told = |broken| format!("world {number} at {at}: {}: {broken}", json!(commands));
        let found = asked.holds(seen).map_err(told)?;
        asked.pages(&found, directory.users()).map_err(told)?;
        let (found, expected) = (names(&directory, &found), oracle.who_may(at, &commands));
        if found != expected.iter().cloned().collect() {
            return Err(told(format!("found {found:?}, and the oracle {expected:?}")));
        }
        if let Some(next) = Administered::plan(&directory, Some(&actor), at, &commands) {
            directory = next;
            oracle.apply_as(Some(&actor), at, &commands).unwrap();
        }
    }
    Ok(())
}

fn planned(directory: &Directory, command: &Value) -> Result<Directory, entitle::Refusal> {
    let batch = Batch::host(Timestamp::EPOCH).extend(read_commands(std::slice::from_ref(command)));
    directory.plan(batch).map(entitle::Plan::into_directory)
}

#[test]
fn d14_who_may_are_those_whose_plans_lack_no_authority() {
    let worlds = if std::env::var_os("ENTITLE_FULL").is_some() { 1_000 } else { 30 };
    let mut seen = Seen::default();
    for number in 1..=worlds {
        small_world(number, &mut seen).unwrap_or_else(|broken| panic!("{broken}"));
    }
    let Seen { nobody, some, all, passed_over } = seen;
    assert!(nobody > 50 && some > 200 && all > 5 && passed_over > 50, "{nobody} {some} {all} {passed_over}");
}

/// A thousand users, most of whom have little.
#[test]
fn d14_who_may_of_a_thousand_users_are_those_whose_plans_lack_no_authority() {
    let mut seen = Seen::default();
    for number in 1..=2 {
        let mut dice = Dice::new(number);
        let mut directory = empty(&catalog(&mut dice));
        let commands = population(&mut dice).into_iter().chain(crowd(&mut dice, 1_000));
        for command in commands {
            directory = planned(&directory, &command).unwrap_or(directory);
        }
        assert!(directory.users().count() > 1_000);
        for _ in 0..15 {
            let (_, commands) = plan(&mut dice);
            let asked = Asked::new(&directory, 1, &commands);
            let holds = asked.holds(&mut seen).and_then(|found| {
                let some = directory.users().step_by(97).chain(found.iter().copied().step_by(31));
                asked.pages(&found, some)
            });
            holds.unwrap_or_else(|broken| panic!("world {number}: {}: {broken}", json!(commands)));
        }
    }
    assert!(seen.some > 10, "{} {} {}", seen.nobody, seen.some, seen.all);
}
