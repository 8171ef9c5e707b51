//! Laws that hold in every directory that a random history reaches, each named by its rule.
//!
//! The comparison with the oracle covers each rule step by step. A law does not use the oracle, so it also finds a
//! mistake that the oracle and the crate share.

mod access;
mod admission;
mod authorization;
mod books;
mod commits;
mod grant_history;
mod known_mistakes;
mod license;
mod places;
mod practice;
mod profile_worlds;
mod provisioning;
mod right_sizing;
mod rules;
mod time;
mod usage;

use crate::compare;
use crate::generate::{History, Mix, PROFILES, Step, resolve};
use crate::random::for_all_histories;
use crate::side_by_side::{empty, plan};
use entitle::catalog::CatalogDocument;
use entitle::change::Commit;
use entitle::seats::{Basis, Figures, SeatPolicy};
use entitle::{Directory, Plan, Refusal};
use serde_json::{Value, json};

/// The number of steps of a history. One of `SHARE` cases is run, because a law makes many queries in each.
const STEPS: usize = 40;
const SHARE: u32 = 4;

/// The result of a law: an error describes the violation.
type Held = Result<(), String>;

/// One step of a history, and its result.
struct Taken<'a> {
    before: &'a Directory,
    at: u64,
    step: &'a Step,
    commands: &'a [Value],
    result: Result<&'a Plan, &'a Refusal>,
    /// All commits from the empty directory to `before`.
    commits: &'a [Commit],
    empty: &'a Directory,
}

/// Checks a law on every step, refused ones included.
fn on_every_step(mix: Mix, law: impl Fn(&Taken<'_>) -> Held) {
    for_all_histories(SHARE, mix, STEPS, |history| walk(history, &law));
}

/// Checks a law on every directory that a step makes.
fn in_every_state(mix: Mix, law: impl Fn(&Directory) -> Held) {
    on_every_step(mix, |taken| match taken.result {
        Ok(plan) if !plan.is_empty() => law(plan.directory()),
        _ => Ok(()),
    });
}

fn walk(history: &History, law: &impl Fn(&Taken<'_>) -> Held) -> Held {
    let empty = empty(&history.catalog);
    let (mut directory, mut now) = (empty.clone(), 0);
    let (mut commits, mut log) = (Vec::new(), vec![json!({ "catalog": history.catalog })]);
    for step in &history.steps {
        let at = u64::saturating_add_signed(now, step.wait);
        now = now.max(at);
        let commands: Vec<Value> = step.commands.iter().map(|command| resolve(command, at)).collect();
        log.push(json!({ "at": at, "policy": format!("{:?}", step.policy), "do": commands }));
        let result = plan(&directory, at, step.policy.for_library(), &commands);
        let (commits_so_far, before) = (&commits, &directory);
        let taken = Taken {
            before,
            at,
            step,
            commands: &commands,
            result: result.as_ref(),
            commits: commits_so_far,
            empty: &empty,
        };
        law(&taken).map_err(|broken| explain(&broken, &log))?;
        let Ok(plan) = result else { continue };
        commits.extend(plan.commit());
        directory = plan.into_directory();
    }
    Ok(())
}

fn explain(broken: &str, log: &[Value]) -> String {
    let steps: Vec<String> = log.iter().map(Value::to_string).collect();
    format!("{broken}\nafter:\n{}\n", steps.join(",\n"))
}

/// Returns an error unless a condition holds.
fn ensure(holds: bool, wrong: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(wrong()) }
}

/// Applies commands to a directory at the time of its last commit, when nothing is due.
fn apply(
    directory: &Directory,
    policy: impl SeatPolicy + 'static,
    commands: &[Value],
) -> Result<Directory, Refusal> {
    plan(directory, directory.committed_at().as_millis(), policy, commands).map(Plan::into_directory)
}

/// Applies commands like [`apply`]; a refusal breaks the law.
fn must(
    directory: &Directory,
    policy: impl SeatPolicy + 'static,
    commands: &[Value],
) -> Result<Directory, String> {
    apply(directory, policy, commands).map_err(|refusal| format!("{} is refused: {refusal}", json!(commands)))
}

/// A command that sets the permissions of a grantee on a target.
fn set_grant(to: &str, on: &str, permissions: &[&str]) -> Value {
    json!({ "set_grant": { "to": to, "on": on, "permissions": permissions } })
}

/// The catalog document of a directory.
fn catalog_of(directory: &Directory) -> Value {
    json!(CatalogDocument::from(directory.catalog().clone()))
}

/// A user with the seat that the crate reports.
#[derive(Clone, Debug, PartialEq)]
struct Seated {
    user: &'static str,
    wants: Option<String>,
    holds: Option<String>,
    basis: Option<Basis>,
    state: Value,
    status: Value,
}

/// Returns `true` if a user owns a singleton, and so cannot be given just any profile (rule A10).
fn owns_a_singleton(directory: &Directory, user: &str) -> bool {
    let user = directory.user_by_name(user);
    let mut owned = directory.resources().filter(|&resource| directory.owner_of(resource) == user);
    owned.any(|resource| directory.resource_name(resource).is_some_and(|name| name.key().is_none()))
}

/// All users of a directory.
fn users(directory: &Directory) -> Vec<Seated> {
    let seated = |user: &'static str| {
        let id = directory.user_by_name(user)?;
        let seat = directory.seat_of(id)?;
        let text = |name: Option<&str>| name.map(str::to_string);
        let (wants, holds, state) = (text(seat.wants), text(seat.holds), json!(seat.state));
        Some(Seated { user, wants, holds, basis: seat.basis, state, status: json!(directory.status_of(id)) })
    };
    compare::users().filter_map(seated).collect()
}

impl Seated {
    fn is(&self, status: &str) -> bool {
        self.status == status
    }

    fn in_line(&self) -> bool {
        self.basis == Some(Basis::Placed) || self.state == "waiting"
    }
}

/// The profiles of the catalog that need a seat.
fn counted(directory: &Directory) -> Vec<&'static str> {
    let known = PROFILES.iter().copied().filter(|profile| directory.figures(profile).is_some());
    known.filter(|profile| *profile != "technical").collect()
}

fn figures(directory: &Directory, profile: &str) -> Figures {
    directory.figures(profile).unwrap()
}

/// The figures of the counted profiles.
fn counted_figures(directory: &Directory) -> Vec<Figures> {
    counted(directory).into_iter().map(|profile| figures(directory, profile)).collect()
}

/// The consumed seats of each profile, exempt profiles included.
fn consumed(directory: &Directory) -> Vec<u64> {
    PROFILES.iter().filter_map(|profile| directory.figures(profile)).map(|figures| figures.consumed).collect()
}
