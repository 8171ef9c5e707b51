//! The runner of scenarios.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use super::document::{NamedCommit, NamedFigures, NamedTotal, ScenarioDocument};
use super::step::{Action, Step, WhatIf};
use crate::catalog::{Catalog, PermissionSet};
use crate::change::{Batch, Command, Commit, Event, Plan, Refusal};
use crate::directory::{Directory, ResourceName};
use crate::id::Untyped;
use crate::seats::{Basis, BuiltinPolicy, License, SeatState};
use crate::time::Timestamp;

/// A validated scenario.
#[derive(Debug, serde::Deserialize)]
#[serde(try_from = "ScenarioDocument")]
pub struct Scenario {
    catalog: Catalog,
    license: Option<License>,
    policy: BuiltinPolicy,
    steps: Vec<Step>,
}

impl TryFrom<ScenarioDocument> for Scenario {
    type Error = String;

    fn try_from(document: ScenarioDocument) -> Result<Self, String> {
        if document.entitle != 1 {
            return Err(format!("`entitle` is {}, the supported version is 1", document.entitle));
        }
        let catalog = Catalog::try_from(document.catalog).map_err(|error| format!("catalog: {error}"))?;
        check_policy(&document.policy, &catalog)?;
        let numbered = document.steps.into_iter().enumerate();
        let steps = numbered.map(|(place, step)| {
            Step::new(step, &catalog).map_err(|error| format!("step {}: {error}", place.saturating_add(1)))
        });
        let steps = steps.collect::<Result<_, _>>()?;
        Ok(Self { catalog, license: document.license, policy: document.policy, steps })
    }
}

fn check_policy(policy: &BuiltinPolicy, catalog: &Catalog) -> Result<(), String> {
    match policy {
        BuiltinPolicy::FirstOf(policies) => {
            policies.iter().try_for_each(|policy| check_policy(policy, catalog))
        }
        BuiltinPolicy::FallBack(fall_back) => {
            match fall_back.profiles().find(|profile| catalog.profile_by_name(profile).is_none()) {
                Some(profile) => Err(format!("policy: `fall_back` names the unknown profile `{profile}`")),
                None => Ok(()),
            }
        }
        BuiltinPolicy::Strict | BuiltinPolicy::Overage | BuiltinPolicy::Waitlist => Ok(()),
    }
}

/// A step whose result is not the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The step, from 1; `None` if the file's license is refused.
    pub step: Option<usize>,
    /// The step's note in the file.
    pub note: Option<String>,
    /// The step's commands or question.
    pub asked: String,
    /// The result that the scenario expects.
    pub expected: String,
    /// The actual result.
    pub found: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => writeln!(f, "step {step}: {}", self.asked)?,
            None => writeln!(f, "license: {}", self.asked)?,
        }
        if let Some(note) = &self.note {
            writeln!(f, "  note:     {note}")?;
        }
        writeln!(f, "  expected: {}", self.expected)?;
        write!(f, "  found:    {}", self.found)
    }
}

/// The results of a scenario that was run.
#[derive(Clone, Debug)]
#[must_use]
pub struct TestReport {
    steps: usize,
    failures: Vec<Failure>,
    complete: bool,
    directory: Directory,
    commits: Vec<Commit>,
}

impl TestReport {
    /// Returns the number of steps in the scenario.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Returns the steps that failed. After a failed `do` step, the rest is not run.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Returns `true` if all changes were made as expected; questions may have failed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Returns the directory after the last step that was run.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns the commits in order.
    #[must_use]
    pub fn commits(&self) -> &[Commit] {
        &self.commits
    }
}

impl Scenario {
    /// Runs every step in order.
    pub fn run(&self) -> TestReport {
        self.run_with(false)
    }

    /// Runs every step, and after each one audits the counters, replays the commits and reads the stored form back.
    pub fn verify(&self) -> TestReport {
        self.run_with(true)
    }

    fn run_with(&self, verify: bool) -> TestReport {
        let directory = Directory::new(self.catalog.clone());
        let mut run = Run { scenario: self, directory, commits: Vec::new(), now: Timestamp::EPOCH };
        let mut failures = Vec::new();
        let mut complete = true;
        if let Err(wrong) = run.install() {
            failures.push(wrong.at(None, "install the license of the file".to_owned(), None));
            complete = false;
        }
        for (place, step) in self.steps.iter().enumerate() {
            if !complete {
                break;
            }
            let number = place.saturating_add(1);
            let came = run.step(step).and_then(|()| if verify { run.verify() } else { Ok(()) });
            if let Err(wrong) = came {
                failures.push(wrong.at(Some(number), asked(&step.action), step.note.clone()));
                complete = !matches!(step.action, Action::Do { .. });
            }
        }
        let (directory, commits) = (run.directory, run.commits);
        TestReport { steps: self.steps.len(), failures, complete, directory, commits }
    }
}

/// An expected result and the actual one.
struct Mismatch {
    expected: String,
    found: String,
}

impl Mismatch {
    fn at(self, step: Option<usize>, asked: String, note: Option<String>) -> Failure {
        Failure { step, note, asked, expected: self.expected, found: self.found }
    }
}

fn same(expected: &str, found: &str) -> Result<(), Mismatch> {
    if expected == found {
        return Ok(());
    }
    Err(Mismatch { expected: expected.to_owned(), found: found.to_owned() })
}

fn same_list(expected: &[impl AsRef<str>], found: &[impl AsRef<str>]) -> Result<(), Mismatch> {
    if expected.iter().map(AsRef::as_ref).eq(found.iter().map(AsRef::as_ref)) {
        return Ok(());
    }
    Err(Mismatch { expected: json_list(expected), found: json_list(found) })
}

/// Formats names as a scenario file writes a list.
fn json_list(names: &[impl AsRef<str>]) -> String {
    let quoted = names.iter().map(|name| json_text(name.as_ref()));
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
}

/// Formats the codes of unmet syncs as a scenario file writes them.
fn json_map(unmet: &BTreeMap<String, String>) -> String {
    let pairs = unmet.iter().map(|(user, code)| format!("{}: {}", json_text(user), json_text(code)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

fn json_text(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}

/// The state of a scenario while it runs.
struct Run<'a> {
    scenario: &'a Scenario,
    directory: Directory,
    commits: Vec<Commit>,
    now: Timestamp,
}

impl Run<'_> {
    /// Installs the file's license, at the first step's time.
    fn install(&mut self) -> Result<(), Mismatch> {
        self.now = self.scenario.steps.first().and_then(|step| step.at).unwrap_or_default();
        let Some(license) = &self.scenario.license else { return Ok(()) };
        self.change(&[Command::InstallLicense(license.clone())], "", None, None)
    }

    fn step(&mut self, step: &Step) -> Result<(), Mismatch> {
        self.now = step.at.unwrap_or(self.now);
        match &step.action {
            Action::Do { commands, refused, unmet } => {
                self.change(commands, &step.by, refused.as_deref(), unmet.as_ref())
            }
            Action::WhatIf(what_if) => self.what_if(what_if),
            question => self.question(question),
        }
    }

    fn plan(&self, commands: &[Command], by: &str) -> Result<Plan, Refusal> {
        let batch = Batch::host(self.now).by(by).policy(self.scenario.policy.clone());
        self.directory.plan(batch.extend(commands.iter().cloned()))
    }

    /// Commits commands, or compares their refusal with the expected one.
    fn change(
        &mut self,
        commands: &[Command],
        by: &str,
        refused: Option<&str>,
        unmet: Option<&BTreeMap<String, String>>,
    ) -> Result<(), Mismatch> {
        let Some(plan) = as_expected(self.plan(commands, by), refused)? else { return Ok(()) };
        if let Some(expected) = unmet {
            let found = plan.unmet().iter().map(|unmet| (unmet.user.to_string(), unmet.code.to_owned()));
            same(&json_map(expected), &json_map(&found.collect()))?;
        }
        self.commits.extend(plan.commit());
        self.directory = plan.into_directory();
        Ok(())
    }

    fn what_if(&self, what_if: &WhatIf) -> Result<(), Mismatch> {
        let Some(plan) = as_expected(self.plan(&what_if.commands, ""), what_if.refused.as_deref())? else {
            return Ok(());
        };
        let impact = plan.impact();
        let mut broken: Vec<&str> = Vec::new();
        for requirement in what_if.requirements.iter().filter(|requirement| impact.breaks(requirement)) {
            broken.push(&requirement.label);
        }
        broken.sort_unstable();
        let counted = |expected: Option<usize>, found: usize, what: &str| match expected {
            Some(expected) => same(&format!("{what} {expected}"), &format!("{what} {found}")),
            None => Ok(()),
        };
        counted(what_if.loses, impact.loses(), "loses")?;
        counted(what_if.gains, impact.gains(), "gains")?;
        let Some(breaks) = &what_if.breaks else { return Ok(()) };
        same_list(breaks, &broken)
    }

    fn question(&self, question: &Action) -> Result<(), Mismatch> {
        match question {
            Action::Check { who, on, permissions, is } => self.check(who, on, permissions, is),
            Action::Permissions { who, on, is, granted } => {
                let (allowed, given) = self.permissions(who, on);
                is.as_ref().map_or(Ok(()), |is| same_list(&sorted(is.clone()), &sorted(allowed)))?;
                granted.as_ref().map_or(Ok(()), |granted| same_list(&sorted(granted.clone()), &sorted(given)))
            }
            Action::Resources { who, kind, permissions, is } => {
                same_list(is, &self.resources(who, kind, permissions))
            }
            Action::Users { on, permissions, is } => same_list(is, &self.users(on, permissions)),
            Action::Seats { profile, is } => self.figures(profile, is),
            Action::SeatOf { user, is } => self.seat_of(user, is),
            Action::GroupsOf { user, is } => {
                let groups =
                    self.directory.user_by_name(user).map(|user| self.directory.group_names_of(user));
                same_list(is, &groups.unwrap_or_default())
            }
            Action::MembersOf { group, is } => {
                let members =
                    self.directory.group_by_name(group).map(|group| self.directory.member_names_of(group));
                same_list(is, &members.unwrap_or_default())
            }
            Action::LicensePhase(phase) => same(phase.as_str(), self.directory.license_phase().as_str()),
            Action::Total(is) => self.total(is),
            Action::LastCommit(is) => self.last_commit(is),
            Action::Do { .. } | Action::WhatIf(_) => Ok(()),
        }
    }

    fn check(&self, who: &str, on: &str, permissions: &[String], is: &str) -> Result<(), Mismatch> {
        let names: Vec<&str> = permissions.iter().map(String::as_str).collect();
        let decision = self.directory.check_by_name(who, on, &names);
        if is == "denied" && !decision.is_allowed() {
            return Ok(());
        }
        same(is, decision.code())
    }

    /// Returns the allowed and the granted permissions.
    fn permissions(&self, who: &str, on: &str) -> (Vec<String>, Vec<String>) {
        let who = self.directory.principal_by_name(who);
        let (Some(who), Some(on)) = (who, self.directory.resource_by_name(on)) else {
            return Default::default();
        };
        let names = |set: PermissionSet| self.directory.catalog().names(set).map(str::to_owned).collect();
        (names(self.directory.permissions(who, on)), names(self.directory.granted(who, on)))
    }

    fn resources(&self, who: &str, kind: &str, permissions: &[String]) -> Vec<String> {
        let who = self.directory.principal_by_name(who);
        let set = self.directory.catalog().permission_set(kind, permissions.iter().map(String::as_str));
        let (Some(who), Some(set)) = (who, set) else { return Vec::new() };
        let names = self
            .directory
            .resources_for::<Untyped>(who, set)
            .filter_map(|on| self.directory.resource_name(on));
        sorted(names.map(|name| name.to_string()).collect())
    }

    fn users(&self, on: &str, permissions: &[String]) -> Vec<String> {
        let Some(on) = self.directory.resource_by_name(on) else { return Vec::new() };
        let kind = self.directory.resource_name(on).map(ResourceName::kind).unwrap_or_default();
        let Some(set) = self.directory.catalog().permission_set(kind, permissions.iter().map(String::as_str))
        else {
            return Vec::new();
        };
        let names = self.directory.users_for(on, set).filter_map(|user| self.directory.user_name(user));
        sorted(names.map(str::to_owned).collect())
    }

    fn figures(&self, profile: &str, is: &NamedFigures) -> Result<(), Mismatch> {
        let Some(found) = self.directory.figures(profile) else { return Ok(()) };
        let mut compared = Compared::default();
        compared.figure("seats", is.seats, found.seats);
        compared.figure("extra", is.extra, found.extra);
        compared.figure("held", is.held, found.held);
        compared.figure("reserved", is.reserved, found.reserved);
        compared.figure("consumed", is.consumed, found.consumed);
        compared.figure("waiting", is.waiting, found.waiting);
        compared.figure("placed", is.placed, found.placed);
        compared.figure("available", is.available, found.available);
        compared.figure("over", is.over, found.over);
        compared.figure("peak", is.peak, found.peak);
        compared.figure("peak_at", is.peak_at, found.peak_at.as_millis());
        compared.figure("seat_ms", is.seat_ms, found.seat_ms);
        compared.result()
    }

    fn total(&self, is: &NamedTotal) -> Result<(), Mismatch> {
        let found = self.directory.total_figures();
        let mut compared = Compared::default();
        compared.figure("cap", is.cap, found.cap);
        compared.figure("consumed", is.consumed, found.consumed);
        compared.figure("available", is.available, found.available);
        compared.result()
    }

    fn last_commit(&self, is: &NamedCommit) -> Result<(), Mismatch> {
        let last = self.commits.last();
        let revision = last.map_or(0, |commit| commit.revision);
        let at = last.map_or(0, |commit| commit.at.as_millis());
        let by = last.map_or("", |commit| commit.by.as_str());
        let events: Vec<&str> =
            last.map_or_else(Vec::new, |commit| commit.events.iter().map(Event::name).collect());
        let mut compared = Compared::default();
        compared.figure("revision", is.revision, revision);
        compared.figure("at", is.at, at);
        compared.figure("by", is.by.as_deref().map(json_text), json_text(by));
        compared.figure("events", is.events.as_deref().map(json_list), json_list(&events));
        compared.result()
    }

    fn seat_of(&self, user: &str, is: &NamedFigures) -> Result<(), Mismatch> {
        let seat = self.directory.user_by_name(user).and_then(|user| self.directory.seat_of(user));
        let (wants, holds) = seat.as_ref().map(|seat| (seat.wants, seat.holds)).unwrap_or_default();
        let mut compared = Compared::default();
        let text = |name: &Option<String>| name.clone().unwrap_or_else(|| "null".to_owned());
        compared.figure("wants", is.wants.as_ref().map(text), wants.unwrap_or("null").to_owned());
        compared.figure("holds", is.holds.as_ref().map(text), holds.unwrap_or("null").to_owned());
        let state = seat.as_ref().map_or(SeatState::None, |seat| seat.state);
        compared.figure("state", is.state.map(SeatState::as_str), state.as_str());
        let basis = |basis: Option<Basis>| basis.map_or("null", Basis::as_str);
        compared.figure("basis", is.basis.map(basis), basis(seat.and_then(|seat| seat.basis)));
        let reason =
            self.directory.user_by_name(user).and_then(|user| self.directory.suspension_reason(user));
        compared.figure("reason", is.reason.as_ref().map(text), reason.unwrap_or("null").to_owned());
        compared.result()
    }

    /// Audits the counters, replays the commits and reads the stored form back.
    fn verify(&self) -> Result<(), Mismatch> {
        let holds = |what: &str, problem: String| Err(Mismatch { expected: what.to_owned(), found: problem });
        if let Err(imbalance) = self.directory.audit() {
            return holds("the counters agree with the users", imbalance.to_string());
        }
        let another = || "a different directory".to_owned();
        match Directory::new(self.scenario.catalog.clone()).replay(&self.commits) {
            Ok(replayed) if replayed == self.directory => {}
            Ok(_) => return holds("replaying the commits gives an equal directory", another()),
            Err(error) => return holds("the commits can be replayed", error.to_string()),
        }
        match stored_and_read(&self.directory) {
            Ok(read) if read == self.directory && read.audit().is_ok() => Ok(()),
            Ok(_) => holds("the stored form reads back as an equal directory", another()),
            Err(error) => holds("the stored form can be read", error),
        }
    }
}

/// Writes and reads a directory: as lines with the feature `json`, otherwise record by record.
#[cfg(feature = "json")]
fn stored_and_read(directory: &Directory) -> Result<Directory, String> {
    let mut stored = Vec::new();
    directory.write_to(&mut stored).map_err(|error| error.to_string())?;
    Directory::read_from(&stored[..]).map_err(|error| error.to_string())
}

#[cfg(not(feature = "json"))]
fn stored_and_read(directory: &Directory) -> Result<Directory, String> {
    let mut builder = crate::snapshot::Builder::new();
    let pushed = crate::snapshot::records(directory).try_for_each(|record| builder.push(record));
    pushed.and_then(|()| builder.finish()).map_err(|error| error.to_string())
}

/// Returns the plan if success was expected, and `None` if it was refused as expected.
fn as_expected(plan: Result<Plan, Refusal>, refused: Option<&str>) -> Result<Option<Plan>, Mismatch> {
    let expected = refused.map_or_else(|| "success".to_owned(), |code| format!("refused: {code}"));
    match (plan, refused) {
        (Ok(plan), None) => Ok(Some(plan)),
        (Ok(_), Some(_)) => Err(Mismatch { expected, found: "success".to_owned() }),
        (Err(refusal), Some(code)) if refusal.code() == code => Ok(None),
        (Err(refusal), _) => {
            Err(Mismatch { expected, found: format!("refused: {} ({refusal})", refusal.code()) })
        }
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names
}

/// The mismatches of figures, compared one by one.
#[derive(Default)]
struct Compared {
    expected: Vec<String>,
    found: Vec<String>,
}

impl Compared {
    fn figure<T: PartialEq + fmt::Display>(&mut self, name: &str, expected: Option<T>, found: T) {
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            self.expected.push(format!("{name} {expected}"));
            self.found.push(format!("{name} {found}"));
        }
    }

    fn result(self) -> Result<(), Mismatch> {
        if self.expected.is_empty() {
            return Ok(());
        }
        Err(Mismatch { expected: self.expected.join(", "), found: self.found.join(", ") })
    }
}

/// Formats the commands or the question of a step in one line.
fn asked(action: &Action) -> String {
    match action {
        Action::Do { commands, .. } => format!("do {}", json_commands(commands)),
        Action::WhatIf(what_if) => format!("what if {}", json_commands(&what_if.commands)),
        Action::Check { who, on, permissions, .. } => {
            format!("check whether {who} may {} on {on}", permissions.join(" and "))
        }
        Action::Permissions { who, on, .. } => format!("permissions of {who} on {on}"),
        Action::Resources { who, kind, permissions, .. } => {
            format!("resources of kind {kind} on which {who} may {}", permissions.join(" and "))
        }
        Action::Users { on, permissions, .. } => {
            format!("users who may {} on {on}", permissions.join(" and "))
        }
        Action::Seats { profile, .. } => format!("seats of {profile}"),
        Action::SeatOf { user, .. } => format!("seat of {user}"),
        Action::GroupsOf { user, .. } => format!("groups of {user}"),
        Action::MembersOf { group, .. } => format!("members of {group}"),
        Action::LicensePhase(_) => "the license's phase".to_owned(),
        Action::Total(_) => "the total of all counted profiles".to_owned(),
        Action::LastCommit(_) => "the last commit".to_owned(),
    }
}

/// Formats commands as a scenario file writes them.
#[cfg(feature = "json")]
fn json_commands(commands: &[Command]) -> String {
    serde_json::to_string(commands).unwrap_or_else(|error| error.to_string())
}

/// Without JSON, the number of commands is enough beside the number of the step.
#[cfg(not(feature = "json"))]
fn json_commands(commands: &[Command]) -> String {
    format!("{} commands", commands.len())
}
