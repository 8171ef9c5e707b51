//! The engines: each is built from a world and answers questions about it.

mod byhand;
mod calculator;
mod policies;
mod relations;

use crate::worlds::{L, M, PROFILES, Question, S, World, prefix};

/// An engine that is built from a world.
pub(crate) trait Engine {
    /// Converts questions into those of the engine; this is not timed.
    fn prepare(&mut self, questions: &[Question]);

    /// Answers prepared questions from a place on and returns how many of them are allowed.
    fn allowed(&mut self, place: usize, count: usize) -> usize;
}

type Make = fn(&World) -> Box<dyn Engine>;

/// All engines with their versions, and the users of the largest world that each is asked about.
pub(crate) fn all() -> Vec<(String, u32, Make)> {
    vec![
        (of("twilight-util", "permission calculator"), L.users, calculator::Twilight::make),
        (of("rustc-hash", "`FxHashMap` of sets, by hand"), L.users, byhand::make_maps),
        ("`Vec` rows and nested loops, by hand".to_owned(), L.users, byhand::make_lists),
        ("`HashMap<String, _>` of `std`, by hand".to_owned(), L.users, byhand::Names::make),
        (of("gatehouse", "4 policies over rows"), M.users, policies::Gatehouse::make),
        (of("cedar-policy", "13 policies, group sets on the resource"), M.users, policies::Cedar::make),
        (of("regorus", "1 rule over documents"), M.users, policies::Regorus::make),
        (of("simple-zanzibar", "a tuple for each permission"), S.users, relations::Zanzibar::make),
        (of("casbin", "a policy for each permission"), S.users, relations::Casbin::make),
    ]
}

/// A package with its version in the lock file, and the part of it that is used.
fn of(package: &str, what: &str) -> String {
    let lock = include_str!("../../Cargo.lock");
    let entry = format!("name = \"{package}\"\nversion = \"");
    let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"'));
    format!("`{package}` {}: {what}", version.map_or("?", |(version, _)| version))
}

/// The permissions within the ceiling of a user's profile.
fn ceiling(world: &World, user: u32) -> u64 {
    prefix(PROFILES[usize::from(world.profile_of[user as usize])].1)
}
