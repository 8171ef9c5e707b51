//! `entitle review`: the access of every principal in the final directory of a scenario, as CSV.

use std::collections::BTreeSet;
use std::io::{self, Write};

use entitle::authorize::{Access, AccessRow, PrincipalName};
use entitle::catalog::Entries;
use entitle::change::{Commit, GrantHistory};
use entitle::report::escape_cell;
use entitle::scenario::TestReport;
use entitle::{Directory, Timestamp};

use super::args::ReviewForm;
use super::output::{CliError, print, run};
use super::{Exit, read};

/// The columns of the CSV form.
const COLUMNS: [&str; 15] = [
    "who",
    "user",
    "status",
    "profile",
    "seat",
    "resource",
    "permissions",
    "withheld",
    "roles",
    "until",
    "why",
    "last_commit",
    "last_commit_at",
    "last_commit_as",
    "last_commit_by",
];

const GRANT_COLUMNS: [&str; 11] = [
    "to",
    "users",
    "direct",
    "on",
    "role",
    "permissions",
    "until",
    "given_as",
    "given_by",
    "given_at",
    "beyond",
];

/// Writes the review of a scenario's final directory.
///
/// Nothing is written if a change failed: the directory is not the intended one then.
pub(super) fn review(file: &str, form: &ReviewForm) -> Result<Exit, CliError> {
    let (outcome, exit) = run(file, &read(file)?);
    if !outcome.is_complete() {
        return Ok(exit);
    }
    let history = History::of(&outcome).map_err(CliError::InvalidInput)?;
    print(|out| match form {
        ReviewForm::Csv => write_csv(out, &history),
        ReviewForm::GrantsCsv => write_grants(out, &history),
    })?;
    Ok(exit)
}

/// The final directory and the commits that led to it.
struct History<'a> {
    last: Directory,
    /// Each commit with the directory before it.
    commits: Vec<(Directory, &'a Commit)>,
}

impl<'a> History<'a> {
    fn of(outcome: &'a TestReport) -> Result<Self, String> {
        let mut last = Directory::new(outcome.directory().catalog().clone());
        let mut commits = Vec::new();
        for commit in outcome.commits() {
            let next = last.replay([commit]).map_err(|error| error.to_string())?;
            commits.push((last, commit));
            last = next;
        }
        Ok(Self { last, commits })
    }

    /// Reads from the commits who gave each grant.
    fn grant_history(&self) -> GrantHistory {
        let mut history = GrantHistory::new();
        self.commits.iter().for_each(|(_, commit)| history.add(commit));
        history
    }

    /// Returns the last commit that changed the granted or the allowed permissions of a principal on a resource, or an end.
    fn last_commit(&self, access: &Access<'_>) -> Option<&'a Commit> {
        let (who, on) = (access.who, access.on);
        let until = self.last.until(who, on);
        let same = |before: &Directory| {
            before.granted(who, on).bits() == access.granted.bits()
                && before.permissions(who, on).bits() == access.permissions.bits()
                && before.until(who, on) == until
        };
        self.commits.iter().rev().find(|(before, _)| !same(before)).map(|&(_, commit)| commit)
    }

    fn rows(&self) -> impl Iterator<Item = (AccessRow, Option<&'a Commit>)> {
        self.last.review().map(|access| (access.row(), self.last_commit(&access)))
    }
}

fn write_csv(out: &mut dyn Write, history: &History<'_>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for (row, commit) in history.rows() {
        let [revision, at, actor, by] = commit.map_or_else(Default::default, |commit| {
            let actor = commit.actor.as_ref().map(ToString::to_string).unwrap_or_default();
            [commit.revision.to_string(), commit.at.as_millis().to_string(), actor, commit.by.clone()]
        });
        let cells = [
            row.who,
            row.user,
            row.status.as_str().to_owned(),
            row.profile.unwrap_or_default(),
            row.seat.as_str().to_owned(),
            row.resource,
            row.permissions.join(" "),
            row.withheld.join(" "),
            row.roles.join(", "),
            ends(&row.ends),
            row.why,
            revision,
            at,
            actor,
            by,
        ];
        csv.write_record(cells.iter().map(|cell| escape_cell(cell).into_owned()))?;
    }
    csv.flush()
}

/// The principal that a batch was made as; `host` for the host.
fn actor_text(actor: Option<&PrincipalName>) -> String {
    actor.map_or_else(|| "host".to_owned(), ToString::to_string)
}

/// Formats the permissions that end with their ends, in milliseconds since the Unix epoch: `write=2000 read=3000`.
fn ends(ends: &Entries<Timestamp>) -> String {
    let ends = ends.iter().map(|(permission, until)| format!("{permission}={}", until.as_millis()));
    ends.collect::<Vec<_>>().join(" ")
}

fn write_grants(out: &mut dyn Write, history: &History<'_>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(GRANT_COLUMNS)?;
    let grants = history.grant_history();
    for row in history.last.review_grants() {
        let given = grants.granted_by(&row);
        let last = given.last();
        let actors: BTreeSet<String> =
            given.iter().map(|granted| actor_text(granted.actor.as_ref())).collect();
        let until = row.until.map(|until| until.as_millis().to_string());
        let cells = [
            row.to,
            row.users.to_string(),
            row.direct_users.to_string(),
            row.on.unwrap_or_default(),
            row.role.unwrap_or_default(),
            row.permissions.join(" "),
            until.unwrap_or_default(),
            actors.into_iter().collect::<Vec<_>>().join(" "),
            last.map(|granted| granted.by.clone()).unwrap_or_default(),
            last.map(|granted| granted.at.as_millis().to_string()).unwrap_or_default(),
            if given.iter().any(|granted| granted.beyond) { "yes" } else { "" }.to_owned(),
        ];
        csv.write_record(cells.iter().map(|cell| escape_cell(cell).into_owned()))?;
    }
    csv.flush()
}
