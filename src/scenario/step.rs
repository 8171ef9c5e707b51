//! Validated steps: one action or question each, with the expected result.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::document::{
    EndingLine, Expected, Listed, NamedCommit, NamedFigures, NamedTotal, OneOrMore, SourceLine, StepDocument,
};
use crate::authorize::Denial;
use crate::authorize::PrincipalName;
use crate::catalog::Catalog;
use crate::change::{Command, Refusal, Requirement};
use crate::seats::Phase;
use crate::time::Timestamp;

/// A validated step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) at: Option<Timestamp>,
    pub(super) by: String,
    pub(super) note: Option<String>,
    pub(super) action: Action,
}

/// The action or question of a step, with the expected result.
#[derive(Debug)]
pub(super) enum Action {
    Do(Change),
    Check { who: String, on: String, permissions: Vec<String>, is: String },
    Permissions { who: String, on: String, is: PermissionsAnswer },
    Explain { who: String, on: String, permissions: Vec<String>, from: Vec<SourceLine> },
    Ending { by: Timestamp, is: Vec<EndingLine> },
    Resources { who: String, kind: String, permissions: Vec<String>, is: Vec<String> },
    Ways { who: String, kind: String, permissions: Vec<String>, is: Vec<String> },
    Inside { resource: String, is: Vec<String> },
    Users { on: String, permissions: Vec<String>, is: Vec<String> },
    Seats { profile: String, is: NamedFigures },
    SeatOf { user: String, is: NamedFigures },
    GroupsOf { user: String, is: MembershipAnswer },
    MembersOf { group: String, is: MembershipAnswer },
    WhatIf(WhatIf),
    May { actor: String, commands: Vec<Command>, is: String },
    WhoMay { commands: Vec<Command>, is: Vec<String> },
    LicensePhase(Phase),
    Total(NamedTotal),
    LastCommit(NamedCommit),
}

/// Commands that are committed, as the host or as a principal.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) actor: Option<String>,
    pub(super) commands: Vec<Command>,
    pub(super) refused: Option<String>,
    pub(super) unmet: Option<BTreeMap<String, String>>,
}

/// The expected permissions of a principal on a resource: those that are allowed, those that are granted, and their ends.
#[derive(Debug)]
pub(super) struct PermissionsAnswer {
    pub(super) is: Option<Vec<String>>,
    pub(super) granted: Option<Vec<String>>,
    pub(super) until: Option<BTreeMap<String, Option<u64>>>,
}

/// The expected members or groups: all, and those that are not so only through nested groups.
#[derive(Debug)]
pub(super) struct MembershipAnswer {
    pub(super) is: Option<Vec<String>>,
    pub(super) direct: Option<Vec<String>>,
}

/// A plan whose impact is compared and that is not committed.
#[derive(Debug)]
pub(super) struct WhatIf {
    pub(super) actor: Option<String>,
    pub(super) commands: Vec<Command>,
    pub(super) refused: Option<String>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) breaks: Option<Vec<String>>,
    pub(super) loses: Option<usize>,
    pub(super) gains: Option<usize>,
}

impl Step {
    /// Validates a step.
    pub(super) fn new(mut written: StepDocument, catalog: &Catalog) -> Result<Self, String> {
        let at = written.at;
        let by = written.by.take().unwrap_or_default();
        let note = written.note.take();
        let action = action(&mut written, catalog)?;
        match unused_field(&written) {
            Some(field) => Err(format!("`{field}` does not belong to this step")),
            None => Ok(Self { at, by, note, action }),
        }
    }
}

/// Takes the fields of the step's one action or question.
fn action(step: &mut StepDocument, catalog: &Catalog) -> Result<Action, String> {
    if let Some(OneOrMore(commands)) = step.commands.take() {
        let (actor, unmet) = (actor(step)?, step.unmet.take());
        return Ok(Action::Do(Change { actor, commands, refused: refused(step)?, unmet }));
    }
    if let Some(OneOrMore(commands)) = step.what_if.take() {
        return what_if(step, commands).map(Action::WhatIf);
    }
    if let Some(action) = authority(step)? {
        return Ok(action);
    }
    if let Some(check) = step.check.take() {
        principal("check.who", &check.who)?;
        let OneOrMore(permissions) = check.permission;
        return Ok(Action::Check { who: check.who, on: check.on, permissions, is: answer(step)? });
    }
    if let Some(asked) = step.permissions.take() {
        principal("permissions.who", &asked.who)?;
        return Ok(Action::Permissions { who: asked.who, on: asked.on, is: permissions(step)? });
    }
    if let Some(asked) = step.explain.take() {
        principal("explain.who", &asked.who)?;
        let OneOrMore(permissions) = asked.permission;
        let from = step.from.take().ok_or("`explain` needs `from`")?;
        return Ok(Action::Explain { who: asked.who, on: asked.on, permissions, from });
    }
    if let Some(asked) = step.ending.take() {
        return Ok(Action::Ending { by: Timestamp::from_millis(asked.by), is: endings(step)? });
    }
    if let Some(asked) = step.resources.take() {
        principal("resources.who", &asked.who)?;
        let is = list(step)?;
        let OneOrMore(permissions) = asked.permission;
        return Ok(Action::Resources { who: asked.who, kind: asked.kind, permissions, is });
    }
    if let Some(asked) = step.ways.take() {
        principal("ways.who", &asked.who)?;
        let is = list(step)?;
        let OneOrMore(permissions) = asked.permission;
        return Ok(Action::Ways { who: asked.who, kind: asked.kind, permissions, is });
    }
    if let Some(resource) = step.inside.take() {
        return Ok(Action::Inside { resource, is: list(step)? });
    }
    if let Some(asked) = step.users.take() {
        let OneOrMore(permissions) = asked.permission;
        return Ok(Action::Users { on: asked.on, permissions, is: list(step)? });
    }
    if let Some(profile) = step.seats.take() {
        profile_exists("seats", &profile, catalog)?;
        return Ok(Action::Seats { profile, is: figures(step)? });
    }
    if let Some(user) = step.seat_of.take() {
        return Ok(Action::SeatOf { user, is: seat(step, catalog)? });
    }
    if let Some(user) = step.groups_of.take() {
        return Ok(Action::GroupsOf { user, is: membership(step)? });
    }
    if let Some(group) = step.members_of.take() {
        return Ok(Action::MembersOf { group, is: membership(step)? });
    }
    if let Some(phase) = step.license_phase.take() {
        return Ok(Action::LicensePhase(phase));
    }
    if let Some(is) = step.total.take() {
        return Ok(Action::Total(is));
    }
    if let Some(is) = step.last_commit.take() {
        return Ok(Action::LastCommit(is));
    }
    Err("the step has neither commands nor a question".to_owned())
}

/// Takes a question about who may ask for commands.
fn authority(step: &mut StepDocument) -> Result<Option<Action>, String> {
    if let Some(asked) = step.may.take() {
        principal("may.as", &asked.actor)?;
        let OneOrMore(commands) = asked.commands;
        return Ok(Some(Action::May { actor: asked.actor, commands, is: outcome(step)? }));
    }
    match step.who_may.take() {
        Some(OneOrMore(commands)) => Ok(Some(Action::WhoMay { commands, is: list(step)? })),
        None => Ok(None),
    }
}

fn what_if(step: &mut StepDocument, commands: Vec<Command>) -> Result<WhatIf, String> {
    let mut requirements = Vec::new();
    for requirement in step.requirements.take().unwrap_or_default() {
        principal("requirements.who", &requirement.who)?;
        let OneOrMore(permissions) = requirement.permission;
        requirements.push(Requirement::new(requirement.label, requirement.who, requirement.on, permissions));
    }
    let (breaks, loses, gains) = (step.breaks.take(), step.loses.take(), step.gains.take());
    Ok(WhatIf { actor: actor(step)?, commands, refused: refused(step)?, requirements, breaks, loses, gains })
}

/// Returns the first field that does not belong to the step.
fn unused_field(step: &StepDocument) -> Option<&'static str> {
    let fields = [
        ("as", step.actor.is_some()),
        ("do", step.commands.is_some()),
        ("refused", step.refused.is_some()),
        ("unmet", step.unmet.is_some()),
        ("check", step.check.is_some()),
        ("permissions", step.permissions.is_some()),
        ("explain", step.explain.is_some()),
        ("resources", step.resources.is_some()),
        ("users", step.users.is_some()),
        ("seats", step.seats.is_some()),
        ("seat_of", step.seat_of.is_some()),
        ("groups_of", step.groups_of.is_some()),
        ("members_of", step.members_of.is_some()),
        ("ending", step.ending.is_some()),
        ("inside", step.inside.is_some()),
        ("ways", step.ways.is_some()),
        ("what_if", step.what_if.is_some()),
        ("may", step.may.is_some()),
        ("who_may", step.who_may.is_some()),
        ("requirements", step.requirements.is_some()),
        ("breaks", step.breaks.is_some()),
        ("loses", step.loses.is_some()),
        ("gains", step.gains.is_some()),
        ("license_phase", step.license_phase.is_some()),
        ("total", step.total.is_some()),
        ("last_commit", step.last_commit.is_some()),
        ("is", step.is.is_some()),
        ("granted", step.granted.is_some()),
        ("until", step.until.is_some()),
        ("from", step.from.is_some()),
        ("direct", step.direct.is_some()),
    ];
    fields.into_iter().find(|&(_, there)| there).map(|(field, _)| field)
}

fn principal(field: &str, text: &str) -> Result<(), String> {
    text.parse::<PrincipalName>().map(|_| ()).map_err(|error| format!("`{field}`: {error}"))
}

/// Takes the principal that commands are planned as.
fn actor(step: &mut StepDocument) -> Result<Option<String>, String> {
    let actor = step.actor.take();
    actor.as_deref().map_or(Ok(()), |actor| principal("as", actor))?;
    Ok(actor)
}

fn profile_exists(field: &str, profile: &str, catalog: &Catalog) -> Result<(), String> {
    let known = catalog.profile_by_name(profile).is_some();
    if known { Ok(()) } else { Err(format!("`{field}` names the unknown profile `{profile}`")) }
}

fn refused(step: &mut StepDocument) -> Result<Option<String>, String> {
    let refused = step.refused.take();
    match &refused {
        Some(code) if !Refusal::CODES.contains(&code.as_str()) => {
            Err(format!("`refused` is `{code}`, which is not a refusal code"))
        }
        _ => Ok(refused),
    }
}

/// Takes the outcome of a plan: `allowed` or the code of a refusal.
fn outcome(step: &mut StepDocument) -> Result<String, String> {
    match step.is.take() {
        Some(Expected::Word(is)) if is == "allowed" || Refusal::CODES.contains(&is.as_str()) => Ok(is),
        _ => Err("`is` must be `allowed` or a refusal code here".to_owned()),
    }
}

fn answer(step: &mut StepDocument) -> Result<String, String> {
    let Some(Expected::Word(is)) = step.is.take() else {
        return Err("`is` must be one word here".to_owned());
    };
    let denied = Denial::ALL.iter().any(|denial| denial.code() == is);
    if denied || ["allowed", "allowed_beyond_profile", "denied"].contains(&is.as_str()) {
        return Ok(is);
    }
    Err(format!("`is` is `{is}`, which is not a decision of a check"))
}

fn permissions(step: &mut StepDocument) -> Result<PermissionsAnswer, String> {
    let is = if step.is.is_some() { Some(list(step)?) } else { None };
    let answer = PermissionsAnswer { is, granted: step.granted.take(), until: step.until.take() };
    if answer.is.is_none() && answer.granted.is_none() && answer.until.is_none() {
        return Err("`permissions` needs `is`, `granted` or `until`".to_owned());
    }
    Ok(answer)
}

fn membership(step: &mut StepDocument) -> Result<MembershipAnswer, String> {
    let direct = step.direct.take();
    if step.is.is_none() && direct.is_none() {
        return Err("`is` or `direct` must be given".to_owned());
    }
    let is = if step.is.is_some() { Some(list(step)?) } else { None };
    Ok(MembershipAnswer { is, direct })
}

fn list(step: &mut StepDocument) -> Result<Vec<String>, String> {
    let word = |item| match item {
        Listed::Word(word) => Ok(word),
        Listed::Ending(_) => Err("`is` must be a list of words here".to_owned()),
    };
    items(step)?.into_iter().map(word).collect()
}

fn endings(step: &mut StepDocument) -> Result<Vec<EndingLine>, String> {
    const ENDING: &str = "each item of `is` must have `until`, and `to`, `on` and `permissions` or `role`, \
        or `user` and `group`";
    let line = |item| match item {
        Listed::Ending(line) if line.is_complete() => Ok(*line),
        _ => Err(ENDING.to_owned()),
    };
    items(step)?.into_iter().map(line).collect()
}

fn items(step: &mut StepDocument) -> Result<Vec<Listed>, String> {
    match step.is.take() {
        Some(Expected::List(is)) => Ok(is),
        _ => Err("`is` must be a list here".to_owned()),
    }
}

fn named(step: &mut StepDocument) -> Result<NamedFigures, String> {
    match step.is.take() {
        Some(Expected::Named(is)) => Ok(*is),
        _ => Err("`is` must be an object here".to_owned()),
    }
}

fn figures(step: &mut StepDocument) -> Result<NamedFigures, String> {
    let is = named(step)?;
    if is.wants.is_some()
        || is.holds.is_some()
        || is.state.is_some()
        || is.basis.is_some()
        || is.reason.is_some()
    {
        return Err(
            "`is` names a field of a user's seat, and the step asks for a profile's figures".to_owned()
        );
    }
    Ok(is)
}

fn seat(step: &mut StepDocument, catalog: &Catalog) -> Result<NamedFigures, String> {
    let is = named(step)?;
    for profile in [&is.wants, &is.holds].into_iter().flatten().flatten() {
        profile_exists("is", profile, catalog)?;
    }
    let counts = [is.extra, is.held, is.reserved, is.consumed, is.waiting, is.placed];
    let history = [is.over, is.peak, is.peak_at, is.seat_ms];
    let figures = counts.iter().chain(&history).any(Option::is_some);
    if figures || is.seats.is_some() || is.available.is_some() {
        return Err("`is` names a figure of a profile, and the step asks for a user's seat".to_owned());
    }
    Ok(is)
}
