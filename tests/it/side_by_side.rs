//! The crate and the oracle, side by side through one history.

use crate::compare;
use crate::generate::{Step, resolve};
use crate::oracle::World;
use entitle::catalog::{Catalog, CatalogDocument};
use entitle::change::{Commit, Event, RefusalReason};
use entitle::seats::SeatPolicy;
use entitle::{Batch, Command, Directory, Plan, Principal, Refusal, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The outcome of a batch: `true` if a commit was made, or the code of the refusal.
pub(crate) type Outcome = Result<bool, String>;

/// The refusals of names that a catalog does not have, which `who_may` does not pass over.
pub(crate) const NAMES_OF_CATALOGS: [&str; 3] = ["unknown_kind", "unknown_permission", "unknown_profile"];

/// The catalog that a JSON value declares.
pub(crate) fn read_catalog(catalog: &Value) -> Catalog {
    let document: CatalogDocument = serde_json::from_value(catalog.clone()).unwrap();
    Catalog::try_from(document).unwrap()
}

/// An empty directory.
pub(crate) fn empty(catalog: &Value) -> Directory {
    Directory::new(read_catalog(catalog))
}

/// The commands that are written in JSON.
pub(crate) fn read_commands(written: &[Value]) -> Vec<Command> {
    written.iter().map(|command| serde_json::from_value(command.clone()).unwrap()).collect()
}

/// Plans commands that are written in JSON.
pub(crate) fn plan(
    directory: &Directory,
    at: u64,
    policy: impl SeatPolicy + 'static,
    commands: &[Value],
) -> Result<Plan, Refusal> {
    directory.plan(Batch::host(Timestamp::from_millis(at)).policy(policy).extend(read_commands(commands)))
}

/// Both worlds, after the same history.
pub(crate) struct SideBySide {
    pub(crate) oracle: World,
    pub(crate) directory: Directory,
    /// The latest time of a step.
    pub(crate) now: u64,
    empty: Directory,
    pub(crate) commits: Vec<Commit>,
    /// Whether the catalog opens something to actors.
    has_actors: bool,
    /// All steps so far in the form of a scenario, to be printed when something differs.
    log: Vec<Value>,
}

impl SideBySide {
    pub(crate) fn new(catalog: &Value) -> Self {
        let oracle = World::new(catalog);
        let empty = empty(catalog);
        let log = vec![json!({ "catalog": catalog })];
        let has_actors = catalog.get("administration").is_some();
        Self { oracle, directory: empty.clone(), now: 0, empty, commits: Vec::new(), has_actors, log }
    }

    /// Makes one step in both worlds, and compares them afterwards.
    pub(crate) fn step(&mut self, step: &Step) -> Result<Outcome, String> {
        let found = self.outcome_of(step)?;
        if found == Ok(true) {
            let compared = compare::everything(&self.oracle, &self.directory);
            compared.map_err(|difference| self.explain(&difference))?;
        }
        Ok(found)
    }

    /// Makes one step in both worlds, and compares only its outcome.
    pub(crate) fn outcome_of(&mut self, step: &Step) -> Result<Outcome, String> {
        let at = self.now.saturating_add_signed(step.wait);
        self.now = self.now.max(at);
        let commands: Vec<Value> = step.commands.iter().map(|command| resolve(command, at)).collect();
        let policy = format!("{:?}", step.policy);
        self.log.push(json!({ "at": at, "as": step.actor, "policy": policy, "do": commands }));
        self.batch(at, step, &commands).map_err(|difference| self.explain(&difference))
    }

    fn batch(&mut self, at: u64, step: &Step, commands: &[Value]) -> Result<Outcome, String> {
        round_trips(commands)?;
        self.oracle.set_policy(step.policy.for_oracle());
        self.who_may(at, commands)?;
        let expected = self.oracle.apply_as(step.actor.as_deref(), at, commands);
        let batch = match &step.actor {
            None => Batch::host(Timestamp::from_millis(at)),
            Some(actor) => match self.principal(actor) {
                Some(actor) => Batch::actor(Timestamp::from_millis(at), actor),
                None => return nobody(&expected),
            },
        };
        let batch = batch.policy(step.policy.for_library()).extend(read_commands(commands));
        let may = self.directory.may(batch.clone());
        let planned = self.directory.plan(batch);
        if may.as_ref().err() != planned.as_ref().err() {
            return differs("what may be planned", &planned.map(|_| ()), &may);
        }
        let found = match &planned {
            Ok(plan) => Ok(!plan.is_empty()),
            Err(refusal) => Err(refusal.code().to_string()),
        };
        if found != expected {
            return differs("the outcome", &expected, &planned.map(|plan| plan.events().to_vec()));
        }
        let plan = match planned {
            Ok(plan) => plan,
            Err(refusal) => return self.told(&refusal).map(|()| found),
        };
        let beyond = plan.events().iter().any(is_beyond);
        if beyond == self.oracle.beyond().is_empty() {
            return differs("what was granted by an exception", self.oracle.beyond(), &plan.events());
        }
        let unmet: BTreeMap<String, String> =
            plan.unmet().iter().map(|unmet| (unmet.user.to_string(), unmet.code.to_string())).collect();
        if unmet != *self.oracle.unmet() {
            return differs("the unmet syncs", self.oracle.unmet(), &unmet);
        }
        if plan.is_empty() && *plan.directory() != self.directory {
            return differs("what a plan without events makes", &self.directory, plan.directory());
        }
        self.commits.extend(plan.commit());
        self.directory = self.directory.apply(plan).map_err(|stale| stale.to_string())?;
        Ok(found)
    }

    /// D14: who may ask for one of the commands, before it is planned.
    fn who_may(&self, at: u64, commands: &[Value]) -> Result<(), String> {
        if !self.has_actors {
            return Ok(());
        }
        let place = usize::try_from(at).unwrap() % commands.len().max(1);
        let Some(command) = commands.get(place).map(std::slice::from_ref) else { return Ok(()) };
        let now = Timestamp::from_millis(at).max(self.directory.committed_at());
        let host = self.directory.plan(Batch::host(now).extend(read_commands(command))).err();
        let host = host.map(|refusal| refusal.code()).filter(|code| NAMES_OF_CATALOGS.contains(code));
        let found = match self.directory.who_may(Timestamp::from_millis(at), read_commands(command)) {
            Ok(found) => found,
            Err(refusal) if host == Some(refusal.code()) => return Ok(()),
            Err(refusal) => return differs(&format!("who may {}", json!(command)), &host, &refusal.code()),
        };
        if host.is_some() {
            return differs(&format!("who may {}", json!(command)), &host, &"an answer");
        }
        let found: BTreeSet<&str> = found.filter_map(|user| self.directory.user_name(user)).collect();
        let expected = self.oracle.who_may(at, command);
        let same = found == expected.iter().map(String::as_str).collect();
        if same { Ok(()) } else { differs(&format!("who may {}", json!(command)), &expected, &found) }
    }

    /// What a refusal says is lacking.
    fn told(&self, refusal: &Refusal) -> Result<(), String> {
        let lacking = match refusal.reason() {
            RefusalReason::BeyondOwn { lacking, .. } | RefusalReason::ForOneself { lacking, .. } => {
                let sorted = |names: &Vec<String>| json!(names.iter().collect::<BTreeSet<_>>());
                json!(lacking.iter().map(|(on, names)| (on, sorted(names))).collect::<BTreeMap<_, _>>())
            }
            RefusalReason::BeyondOwnKey { field } => json!(field),
            RefusalReason::LastAdministrator { user, on, permission } => {
                let told = self.oracle.told();
                let has = told["users"].as_array().is_some_and(|users| users.contains(&json!(user)));
                let same =
                    has && told["resource"] == on.as_str() && told["permission"] == permission.as_str();
                return if same { Ok(()) } else { differs("the last administrator", told, refusal) };
            }
            _ => return Ok(()),
        };
        let expected = &self.oracle.told()["lacking"];
        if *expected == lacking { Ok(()) } else { differs("what is lacking", expected, &lacking) }
    }

    /// The principal that an actor's text names.
    fn principal(&self, actor: &str) -> Option<Principal> {
        match actor.split_once(':')? {
            ("user", name) => self.directory.user_by_name(name).map(Principal::from),
            (_, name) => self.directory.key_by_name(name).map(Principal::from),
        }
    }

    /// Rule C3: the stored commits make an equal directory, also after they are written and read back.
    pub(crate) fn replays(&self) -> Result<(), String> {
        let written = serde_json::to_string(&self.commits).unwrap();
        let stored: Vec<Commit> =
            serde_json::from_str(&written).map_err(|error| self.explain(&error.to_string()))?;
        for event in self.commits.iter().flat_map(|commit| &commit.events) {
            let written = serde_json::to_value(event).unwrap();
            if written.get(event.name()).is_none() {
                return Err(self.explain(&format!("{written} is not named as it is serialized")));
            }
        }
        for commits in [&self.commits, &stored] {
            match self.empty.replay(commits) {
                Ok(replayed) if replayed == self.directory => {}
                Ok(replayed) => {
                    let found = compare::summary(&replayed);
                    let expected = compare::summary(&self.directory);
                    return Err(self.explain(&format!("replay makes\n{found}\nand not\n{expected}")));
                }
                Err(error) => return Err(self.explain(&format!("replay fails: {error}"))),
            }
        }
        Ok(())
    }

    /// A difference, with the whole history before it.
    pub(crate) fn explain(&self, difference: &str) -> String {
        let steps: Vec<String> = self.log.iter().map(Value::to_string).collect();
        format!("{difference}\nafter:\n{}\n", steps.join(",\n"))
    }
}

fn is_beyond(event: &Event) -> bool {
    matches!(event, Event::GrantChanged { beyond: true, .. } | Event::RoleGranted { beyond: true, .. })
}

/// The outcome for an actor that the crate knows no id of: only the time can be a fault before that.
fn nobody(expected: &Outcome) -> Result<Outcome, String> {
    match expected.as_ref().map_err(String::as_str) {
        Err("not_authorized" | "time_reversed" | "time_jump") => Ok(expected.clone()),
        _ => differs("the outcome for an unknown actor", expected, &"not_authorized"),
    }
}

/// Checks that commands read back as they were written.
fn round_trips(commands: &[Value]) -> Result<(), String> {
    for command in read_commands(commands) {
        let written = serde_json::to_value(&command).unwrap();
        let again: Command =
            serde_json::from_value(written.clone()).map_err(|error| format!("{written}: {error}"))?;
        if again != command {
            return differs("a command written and read", &command, &again);
        }
    }
    Ok(())
}

/// An error that shows the expected and the found value.
pub(crate) fn differs<T>(
    what: &str,
    expected: &dyn std::fmt::Debug,
    found: &dyn std::fmt::Debug,
) -> Result<T, String> {
    Err(format!("{what}: expected {expected:?}, found {found:?}"))
}
