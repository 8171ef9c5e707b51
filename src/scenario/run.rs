//! The runner of scenarios.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cmp::max_by_key;
use core::fmt;

use super::document::{EndingLine, NamedCommit, NamedFigures, NamedTotal, ScenarioDocument, SourceLine};
use super::step::{Action, Change, MembershipAnswer, PermissionsAnswer, Step, WhatIf};
use crate::authorize::{ContributingGrant, Ending, EndingKind};
use crate::catalog::{Catalog, PermissionSet};
use crate::change::{AccessChange, Batch, Command, Commit, Event, Impact, Plan, Refusal};
use crate::directory::{Directory, ResourceName, end_order};
use crate::id::{Principal, ResourceId, Untyped, UserId};
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
                complete = !matches!(step.action, Action::Do(_));
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

/// Compares members or groups: all, and those that are not so only through nested groups, in any order.
fn same_membership<'a>(
    expected: &MembershipAnswer,
    all: &[&str],
    direct: impl Iterator<Item = &'a str>,
) -> Result<(), Mismatch> {
    if let Some(is) = &expected.is {
        let all = all.iter().map(|&name| name.to_owned());
        same_list(&sorted(is.clone()), &sorted(all.collect()))?;
    }
    let Some(expected) = &expected.direct else { return Ok(()) };
    same_list(&sorted(expected.clone()), &sorted(direct.map(str::to_owned).collect()))
}

/// Compares the counts of a preview and the requirements that break.
fn same_impact(what_if: &WhatIf, impact: &Impact) -> Result<(), Mismatch> {
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

/// The most changes that the failure of a preview lists.
const LISTED_CHANGES: usize = 10;

/// Lists the first changes of a preview, after a colon; empty if there are none.
fn changes_of(impact: &Impact) -> String {
    let access = impact.access();
    let mut lines: Vec<String> = access.iter().take(LISTED_CHANGES).map(AccessChange::to_string).collect();
    let more = access.len().saturating_sub(LISTED_CHANGES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    if lines.is_empty() { String::new() } else { format!(": {}", lines.join("; ")) }
}

/// Compares lines in any order.
fn same_lines<T: fmt::Display>(expected: &[T], found: &[T]) -> Result<(), Mismatch> {
    let written = |lines: &[T]| {
        let lines = sorted(lines.iter().map(T::to_string).collect());
        format!("[{}]", lines.join(", "))
    };
    same(&written(expected), &written(found))
}

impl fmt::Display for SourceLine {
    /// Writes the line as a scenario file writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &String| json_text(text);
        let until = self.until.map(|until| until.to_string());
        let fields = [
            ("to", Some(text(&self.to))),
            ("on", Some(text(&self.on))),
            ("role", self.role.as_ref().map(text)),
            ("until", until),
        ];
        f.write_str(&json_object(fields))
    }
}

impl fmt::Display for EndingLine {
    /// Writes the line as a scenario file writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &Option<String>| text.as_deref().map(json_text);
        let list = |names: &BTreeSet<String>| json_list(&names.iter().collect::<Vec<_>>());
        let fields = [
            ("to", text(&self.to)),
            ("on", text(&self.on)),
            ("permissions", self.permissions.as_ref().map(list)),
            ("role", text(&self.role)),
            ("user", text(&self.user)),
            ("group", text(&self.group)),
            ("until", Some(self.until.to_string())),
        ];
        f.write_str(&json_object(fields))
    }
}

/// Formats the fields that are there as a scenario file writes an object.
fn json_object<const N: usize>(fields: [(&str, Option<String>); N]) -> String {
    let there = fields.into_iter().filter_map(|(name, value)| Some(format!("\"{name}\": {}", value?)));
    format!("{{{}}}", there.collect::<Vec<_>>().join(", "))
}

/// Formats the ends of permissions as a scenario file writes them.
fn json_ends(ends: &BTreeMap<String, Option<u64>>) -> String {
    let end = |until: &Option<u64>| until.map_or_else(|| "null".to_owned(), |until| until.to_string());
    let pairs = ends.iter().map(|(name, until)| format!("{}: {}", json_text(name), end(until)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
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
        let commands = Vec::from([Command::InstallLicense(license.clone())]);
        self.change(&Change { actor: None, commands, refused: None, unmet: None }, "")
    }

    fn step(&mut self, step: &Step) -> Result<(), Mismatch> {
        self.now = step.at.unwrap_or(self.now);
        match &step.action {
            Action::Do(change) => self.change(change, &step.by),
            Action::WhatIf(what_if) => self.what_if(what_if),
            question => self.question(question),
        }
    }

    fn plan(&self, actor: Option<&str>, commands: &[Command], by: &str) -> Result<Plan, Refusal> {
        let batch = match actor {
            None => Batch::host(self.now),
            Some(actor) => Batch::actor(self.now, self.principal(actor)),
        };
        let batch = batch.by(by).policy(self.scenario.policy.clone());
        self.directory.plan(batch.extend(commands.iter().cloned()))
    }

    /// A principal by name; an id that was never issued if there is none, which is refused as an actor.
    fn principal(&self, name: &str) -> Principal {
        self.directory.principal_by_name(name).unwrap_or(Principal::User(UserId::from_u64(0)))
    }

    /// Commits commands, or compares their refusal with the expected one.
    fn change(&mut self, change: &Change, by: &str) -> Result<(), Mismatch> {
        let plan = self.plan(change.actor.as_deref(), &change.commands, by);
        let Some(plan) = as_expected(plan, change.refused.as_deref())? else { return Ok(()) };
        if let Some(expected) = &change.unmet {
            let found = plan.unmet().iter().map(|unmet| (unmet.user.to_string(), unmet.code.to_owned()));
            same(&json_map(expected), &json_map(&found.collect()))?;
        }
        self.commits.extend(plan.commit());
        self.directory = plan.into_directory();
        Ok(())
    }

    fn what_if(&self, what_if: &WhatIf) -> Result<(), Mismatch> {
        let plan = self.plan(what_if.actor.as_deref(), &what_if.commands, "");
        let Some(plan) = as_expected(plan, what_if.refused.as_deref())? else {
            return Ok(());
        };
        let impact = plan.impact();
        same_impact(what_if, &impact).map_err(|wrong| {
            let changes = changes_of(&impact);
            Mismatch { found: format!("{}{changes}", wrong.found), ..wrong }
        })
    }

    fn question(&self, question: &Action) -> Result<(), Mismatch> {
        match question {
            Action::Check { who, on, permissions, is } => self.check(who, on, permissions, is),
            Action::Permissions { who, on, is } => self.permissions(who, on, is),
            Action::Explain { who, on, permissions, from } => {
                same_lines(from, &self.sources(who, on, permissions))
            }
            Action::Ending { by, is } => {
                let found: Vec<_> = self.directory.ending(*by).map(|item| self.ending(item)).collect();
                same_lines(is, &found)
            }
            Action::Resources { who, kind, permissions, is } => {
                same_list(&sorted(is.clone()), &self.resources(who, kind, permissions))
            }
            Action::Ways { who, kind, permissions, is } => {
                same_list(&sorted(is.clone()), &self.ways(who, kind, permissions))
            }
            Action::Inside { resource, is } => same_list(&sorted(is.clone()), &self.inside(resource)),
            Action::Users { on, permissions, is } => {
                same_list(&sorted(is.clone()), &self.users(on, permissions))
            }
            Action::Seats { profile, is } => self.figures(profile, is),
            Action::SeatOf { user, is } => self.seat_of(user, is),
            Action::GroupsOf { user, is } => self.groups_of(user, is),
            Action::MembersOf { group, is } => self.members_of(group, is),
            Action::LicensePhase(phase) => same(phase.as_str(), self.directory.license_phase().as_str()),
            Action::Total(is) => self.total(is),
            Action::LastCommit(is) => self.last_commit(is),
            Action::May { actor, commands, is } => self.may(actor, commands, is),
            Action::WhoMay { commands, is } => self.who_may(commands, is),
            Action::Do(_) | Action::WhatIf(_) => Ok(()),
        }
    }

    fn may(&self, actor: &str, commands: &[Command], is: &str) -> Result<(), Mismatch> {
        match self.plan(Some(actor), commands, "") {
            Ok(_) => same(is, "allowed"),
            Err(refusal) if refusal.code() == is => Ok(()),
            Err(refusal) => {
                Err(Mismatch { expected: is.to_owned(), found: format!("{} ({refusal})", refusal.code()) })
            }
        }
    }

    fn who_may(&self, commands: &[Command], is: &[String]) -> Result<(), Mismatch> {
        let users = self.directory.who_may(self.now, commands.iter().cloned()).map_err(|refusal| {
            Mismatch { expected: "users".to_owned(), found: format!("{} ({refusal})", refusal.code()) }
        })?;
        let names = users.filter_map(|user| self.directory.user_name(user)).map(str::to_owned);
        same_list(&sorted(is.to_vec()), &sorted(names.collect()))
    }

    fn check(&self, who: &str, on: &str, permissions: &[String], is: &str) -> Result<(), Mismatch> {
        let names: Vec<&str> = permissions.iter().map(String::as_str).collect();
        let decision = self.directory.check_by_name(who, on, &names);
        if is == "denied" && !decision.is_allowed() {
            return Ok(());
        }
        same(is, decision.code())
    }

    /// Compares the allowed permissions, the granted ones and their ends.
    fn permissions(&self, who: &str, on: &str, is: &PermissionsAnswer) -> Result<(), Mismatch> {
        let directory = &self.directory;
        let both = directory.principal_by_name(who).zip(directory.resource_by_name(on));
        let names = |set: PermissionSet| directory.catalog().names(set).map(str::to_owned);
        let same_set = |is: &Option<Vec<String>>, found: Option<PermissionSet>| {
            let found = || found.into_iter().flat_map(names).collect();
            is.as_ref().map_or(Ok(()), |is| same_list(&sorted(is.clone()), &sorted(found())))
        };
        same_set(&is.is, both.map(|(who, on)| directory.permissions(who, on)))?;
        same_set(&is.granted, both.map(|(who, on)| directory.granted(who, on)))?;
        let Some(expected) = &is.until else { return Ok(()) };
        let until = both.map(|(who, on)| directory.until(who, on)).unwrap_or_default();
        let millis = |until: Option<Timestamp>| until.map(Timestamp::as_millis);
        let each =
            until.into_iter().flat_map(|(until, set)| names(set).map(move |name| (name, millis(until))));
        same(&json_ends(expected), &json_ends(&each.collect()))
    }

    /// Returns where the granted ones of some permissions are from.
    fn sources(&self, who: &str, on: &str, permissions: &[String]) -> Vec<SourceLine> {
        let names: Vec<&str> = permissions.iter().map(String::as_str).collect();
        let explanation = self.directory.explain_by_name(who, on, &names);
        let asked = |name: &&String| explanation.granted.contains(*name) && permissions.contains(*name);
        let of_grant = |grant: &ContributingGrant| {
            let gives: Vec<&String> = grant.gives.iter().filter(asked).collect();
            let ends = gives.iter().map(|name| grant.ends.get(name).copied());
            let until = ends.max_by_key(|&until| end_order(until))?;
            let (to, until) = (grant.to.to_string(), until.map(Timestamp::as_millis));
            Some(SourceLine { to, on: grant.on.clone(), role: grant.role.clone(), until })
        };
        let owner =
            |on: &str| SourceLine { to: "owner".to_owned(), on: on.to_owned(), role: None, until: None };
        let owns = explanation.ownership.iter().flatten().any(|name| asked(&name));
        let passed = explanation.passed_ownership.iter();
        let passed = passed.filter(|owned| owned.passes.iter().any(|name| asked(&name)));
        let owners = owns.then(|| owner(on)).into_iter().chain(passed.map(|owned| owner(&owned.on)));
        let mut lines: Vec<SourceLine> = Vec::new();
        // The same grant may reach a resource in several ways, of which the latest end counts.
        for line in explanation.grants.iter().filter_map(of_grant).chain(owners) {
            let same = |other: &&mut SourceLine| {
                (&other.to, &other.on, &other.role) == (&line.to, &line.on, &line.role)
            };
            match lines.iter_mut().find(same) {
                Some(known) => {
                    known.until = max_by_key(known.until, line.until, |until| (until.is_none(), *until));
                }
                None => lines.push(line),
            }
        }
        lines
    }

    /// Returns something that ends, with names.
    fn ending(&self, item: Ending) -> EndingLine {
        let line = EndingLine { until: item.until.as_millis(), ..EndingLine::default() };
        let given = |to, on| {
            let to = self.directory.grantee_name(to).map(|to| to.to_string());
            EndingLine { to, on: self.directory.target_name(on), ..line.clone() }
        };
        match item.what {
            EndingKind::Permissions { to, on, permissions } => {
                let names = self.directory.catalog().names(permissions).map(str::to_owned).collect();
                EndingLine { permissions: Some(names), ..given(to, on) }
            }
            EndingKind::Role { to, on, role } => EndingLine { role: Some(role.to_string()), ..given(to, on) },
            EndingKind::Membership { user, group } => {
                let user = self.directory.user_name(user).map(str::to_owned);
                EndingLine { user, group: self.directory.group_name(group).map(str::to_owned), ..line }
            }
        }
    }

    fn groups_of(&self, user: &str, is: &MembershipAnswer) -> Result<(), Mismatch> {
        let directory = &self.directory;
        let user = directory.user_by_name(user);
        let all = user.map(|user| directory.group_names_of(user)).unwrap_or_default();
        let direct = user.into_iter().flat_map(|user| directory.direct_groups_of(user));
        same_membership(is, &all, direct.filter_map(|group| directory.group_name(group)))
    }

    fn members_of(&self, group: &str, is: &MembershipAnswer) -> Result<(), Mismatch> {
        let directory = &self.directory;
        let group = directory.group_by_name(group);
        let all = group.map(|group| directory.member_names_of(group)).unwrap_or_default();
        let direct = group.into_iter().flat_map(|group| directory.direct_members_of(group));
        same_membership(is, &all, direct.filter_map(|user| directory.user_name(user)))
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

    fn ways(&self, who: &str, kind: &str, permissions: &[String]) -> Vec<String> {
        let who = self.directory.principal_by_name(who);
        let set = self.directory.catalog().permission_set(kind, permissions.iter().map(String::as_str));
        let (Some(who), Some(set)) = (who, set) else { return Vec::new() };
        self.names(self.directory.ways::<Untyped>(who, set))
    }

    fn inside(&self, resource: &str) -> Vec<String> {
        let resource = self.directory.resource_by_name(resource);
        self.names(resource.into_iter().flat_map(|resource| self.directory.inside(resource)))
    }

    fn names(&self, resources: impl Iterator<Item = ResourceId>) -> Vec<String> {
        let names = resources.filter_map(|on| self.directory.resource_name(on));
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
        let actor = last.and_then(|commit| commit.actor.as_ref()).map(|actor| format!("{actor}"));
        let text = |actor: &Option<String>| actor.as_deref().map_or_else(|| "null".to_owned(), json_text);
        compared.figure("as", is.actor.as_ref().map(text), text(&actor));
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
        Action::Do(change) => {
            format!("{}do {}", asked_as(change.actor.as_deref()), json_commands(&change.commands))
        }
        Action::WhatIf(what_if) => {
            format!("{}what if {}", asked_as(what_if.actor.as_deref()), json_commands(&what_if.commands))
        }
        Action::May { actor, commands, .. } => format!("whether {actor} may {}", json_commands(commands)),
        Action::WhoMay { commands, .. } => format!("who may {}", json_commands(commands)),
        Action::Check { who, on, permissions, .. } => {
            format!("check whether {who} may {} on {on}", permissions.join(" and "))
        }
        Action::Permissions { who, on, .. } => format!("permissions of {who} on {on}"),
        Action::Explain { who, on, permissions, .. } => {
            format!("what lets {who} {} on {on}", permissions.join(" and "))
        }
        Action::Ending { by, .. } => format!("what ends by {}", by.as_millis()),
        Action::Resources { who, kind, permissions, .. } => {
            format!("resources of kind {kind} on which {who} may {}", permissions.join(" and "))
        }
        Action::Ways { who, kind, permissions, .. } => {
            format!("places above resources of kind {kind} on which {who} may {}", permissions.join(" and "))
        }
        Action::Inside { resource, .. } => format!("what lies inside {resource}"),
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

fn asked_as(actor: Option<&str>) -> String {
    actor.map_or_else(String::new, |actor| format!("as {actor}: "))
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
