//! Reasons: what gives the permissions of a row, and what takes some of them.

use entitle::authorize::{ContributingGrant, Cut, CutBy, Explanation, PassedOwnership};
use entitle::change::GrantedBy;
use entitle::{Directory, Timestamp};
use serde::Serialize;

use super::tables::{Index, Tables};

/// A part of a reason: something that gives permissions, or something that takes them.
#[derive(PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Grant {
        to: Index,
        on: Index,
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<Index>,
        given: Index,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        through: Vec<Index>,
        #[serde(skip_serializing_if = "Option::is_none")]
        member_until: Option<Timestamp>,
        /// The permissions that end, by their end.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ends: Vec<(Timestamp, Index)>,
        #[serde(flatten)]
        passes: Option<Passes>,
    },
    Owner {
        given: Index,
    },
    OwnerOf {
        on: Index,
        given: Index,
        #[serde(flatten)]
        passes: Passes,
    },
    Cut {
        by: Index,
        takes: Index,
        advisory: bool,
    },
}

/// What passes from a place above, and the path down.
#[derive(PartialEq, Eq, Hash, Serialize)]
pub(super) struct Passes {
    passes: Index,
    way: Vec<Index>,
}

/// Returns what gives the permissions of an explanation, then what takes some of them.
pub(super) fn parts(
    directory: &Directory,
    why: &Explanation,
    on: &str,
    tables: &mut Tables<'_>,
) -> Vec<Part> {
    let mut parts: Vec<Part> =
        why.grants.iter().map(|grant| grant_part(directory, grant, on, tables)).collect();
    if let Some(owner) = &why.ownership {
        parts.push(Part::Owner { given: tables.set(on, owner) });
    }
    parts.extend(why.passed_ownership.iter().map(|owned| owner_part(owned, on, tables)));
    let cuts = why.cuts.iter().filter(|cut| !cut.takes.is_empty());
    parts.extend(cuts.map(|cut| cut_part(cut, on, tables)));
    parts
}

fn grant_part(directory: &Directory, grant: &ContributingGrant, on: &str, tables: &mut Tables<'_>) -> Part {
    // A role on everything gives permissions of the kind in question.
    let target = if grant.on == "*" { grant.way.first().map_or(on, String::as_str) } else { &grant.on };
    let path = grant.membership.as_ref();
    let passes = (!grant.way.is_empty()).then(|| passes(&grant.passes, &grant.way, on, tables));
    // What ends is of the kind of the resource, if it passes there.
    let ends = grant.ends.iter().map(|(name, until)| (*until, name.to_owned()));
    let mut ends: Vec<(Timestamp, String)> = ends.collect();
    ends.sort();
    let ends = ends.chunk_by(|(one, _), (other, _)| one == other).filter_map(|chunk| {
        let names: Vec<String> = chunk.iter().map(|(_, name)| name.clone()).collect();
        Some((chunk.first()?.0, tables.set(on, &names)))
    });
    Part::Grant {
        ends: ends.collect(),
        to: tables.grantee(directory, &grant.to.to_string()),
        on: tables.name(&grant.on),
        role: grant.role.as_deref().map(|role| tables.name(role)),
        given: tables.set(target, &grant.permissions),
        // The last group is the grantee.
        through: path
            .into_iter()
            .flat_map(|path| path.groups.iter().rev().skip(1).rev())
            .map(|group| tables.name(group))
            .collect(),
        member_until: path.and_then(|path| path.until),
        passes,
    }
}

fn owner_part(owned: &PassedOwnership, on: &str, tables: &mut Tables<'_>) -> Part {
    Part::OwnerOf {
        on: tables.name(&owned.on),
        given: tables.set(&owned.on, &owned.permissions),
        passes: passes(&owned.passes, &owned.way, on, tables),
    }
}

fn passes(permissions: &[String], way: &[String], on: &str, tables: &mut Tables<'_>) -> Passes {
    Passes { passes: tables.set(on, permissions), way: way.iter().map(|place| tables.name(place)).collect() }
}

fn cut_part(cut: &Cut, on: &str, tables: &mut Tables<'_>) -> Part {
    let by = match &cut.by {
        CutBy::Scope { key, .. } => format!("the scope of key `{key}`"),
        CutBy::Phase { phase, .. } => format!("the license is {phase}"),
        CutBy::Profile { profile, .. } => format!("profile `{profile}`"),
        other => other.to_string(),
    };
    let advisory = matches!(cut.by, CutBy::Profile { advisory: true, .. });
    Part::Cut { by: tables.name(&by), takes: tables.set(on, &cut.takes), advisory }
}

/// A commit that gave something.
#[derive(PartialEq, Eq, Hash, Serialize)]
pub(super) struct Given {
    revision: u64,
    at: Timestamp,
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    by: String,
    beyond: bool,
}

impl From<&GrantedBy> for Given {
    fn from(given: &GrantedBy) -> Self {
        let actor = given.actor.as_ref().map(ToString::to_string);
        Self { revision: given.revision, at: given.at, actor, by: given.by.clone(), beyond: given.beyond }
    }
}
