//! Laws that hold in every directory that a random history reaches, each named by its rule.
//!
//! The agreement with the oracle covers what each rule says step by step; a law says what must hold however the
//! oracle and the crate were written.

mod admission;
mod authorization;
mod books;
mod commits;
mod known_mistakes;
mod license;
mod provisioning;
mod rules;
mod time;

use crate::compare;
use crate::generate::{History, Mix, PROFILES, Step, resolve};
use crate::random::for_all_histories;
use crate::side_by_side::{empty, plan};
use entitle::catalog::CatalogDocument;
use entitle::change::Commit;
use entitle::seats::{Basis, Figures, SeatPolicy};
use entitle::{Directory, Plan, Refusal};
use serde_json::{Value, json};

/// How many steps a history has here, and one of how many cases is run: a law asks many questions of each.
const STEPS: usize = 40;
const SHARE: u32 = 4;

/// Whether a law holds, else what stands against it.
type Held = Result<(), String>;

/// One step of a history, and what came of it.
struct Taken<'a> {
    before: &'a Directory,
    at: u64,
    step: &'a Step,
    commands: &'a [Value],
    result: Result<&'a Plan, &'a Refusal>,
    /// The commits that made `before`, from nothing.
    commits: &'a [Commit],
    empty: &'a Directory,
}

/// A law about every step, refused ones too.
fn on_every_step(mix: Mix, law: impl Fn(&Taken<'_>) -> Held) {
    for_all_histories(SHARE, mix, STEPS, |history| walk(history, &law));
}

/// A law about every directory.
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

/// Says what is wrong unless something holds.
fn ensure(holds: bool, wrong: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(wrong()) }
}

/// What commands make of a directory at the time of its last commit, when nothing is due.
fn apply(
    directory: &Directory,
    policy: impl SeatPolicy + 'static,
    commands: &[Value],
) -> Result<Directory, Refusal> {
    plan(directory, directory.committed_at().as_millis(), policy, commands).map(Plan::into_directory)
}

/// The same, where a refusal breaks the law.
fn must(
    directory: &Directory,
    policy: impl SeatPolicy + 'static,
    commands: &[Value],
) -> Result<Directory, String> {
    apply(directory, policy, commands).map_err(|refusal| format!("{} is refused: {refusal}", json!(commands)))
}

/// A command that sets what a subject has on a target.
fn set_grant(to: &str, on: &str, permissions: &[&str]) -> Value {
    json!({ "set_grant": { "to": to, "on": on, "permissions": permissions } })
}

/// The catalog as it is written.
fn catalog_of(directory: &Directory) -> Value {
    json!(CatalogDocument::from(directory.catalog().clone()))
}

/// A user with the seat as the crate tells it.
#[derive(Clone, Debug, PartialEq)]
struct Seated {
    user: &'static str,
    wants: Option<String>,
    holds: Option<String>,
    basis: Option<Basis>,
    state: Value,
    status: Value,
}

/// Every user there is.
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

/// What is consumed of each profile, exempt ones too.
fn consumed(directory: &Directory) -> Vec<u64> {
    PROFILES.iter().filter_map(|profile| directory.figures(profile)).map(|figures| figures.consumed).collect()
}
