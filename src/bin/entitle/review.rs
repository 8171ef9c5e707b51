//! `entitle review`: everything that everyone may do at the end of a scenario, as CSV or as one HTML page.

use std::io::{self, Write};

use entitle::Directory;
use entitle::authorize::{Access, AccessRow};
use entitle::change::Commit;
use entitle::report::harmless_cell;
use entitle::scenario::TestReport;

use super::output::{CliError, print, run};
use super::{Exit, read};

/// The page around the rows, which are put where the marker stands.
const PAGE: &str = include_str!("review.html");
const MARKER: &str = "/* the review */";

/// The columns of the CSV form.
const COLUMNS: [&str; 12] = [
    "who",
    "user",
    "status",
    "profile",
    "seat",
    "resource",
    "permissions",
    "withheld",
    "why",
    "last_commit",
    "last_commit_at",
    "last_commit_by",
];

/// Writes the review of the directory that a scenario ends with.
///
/// There is none if a step came out otherwise: then the directory is not the one that was meant.
pub(super) fn review(file: &str, html: bool) -> Result<Exit, CliError> {
    let (outcome, exit) = run(file, &read(file)?);
    if exit != Exit::Fine {
        return Ok(exit);
    }
    let history = History::of(&outcome).map_err(CliError::NoAnswer)?;
    print(|out| if html { write_html(out, file, &history) } else { write_csv(out, &history) })?;
    Ok(exit)
}

/// The directory at its end, and as it was before each commit.
struct History<'a> {
    now: Directory,
    /// Each commit with the directory that it changed.
    commits: Vec<(Directory, &'a Commit)>,
}

impl<'a> History<'a> {
    fn of(outcome: &'a TestReport) -> Result<Self, String> {
        let mut now = Directory::new(outcome.directory().catalog().clone());
        let mut commits = Vec::new();
        for commit in outcome.commits() {
            let next = now.replay([commit]).map_err(|error| error.to_string())?;
            commits.push((now, commit));
            now = next;
        }
        Ok(Self { now, commits })
    }

    /// The last commit that changed what the principal was granted or may do on the resource.
    fn last_commit(&self, access: &Access<'_>) -> Option<&'a Commit> {
        let (who, on) = (access.who, access.on);
        let same = |before: &Directory| {
            before.granted(who, on).bits() == access.granted.bits()
                && before.permissions(who, on).bits() == access.permissions.bits()
        };
        self.commits.iter().rev().find(|(before, _)| !same(before)).map(|&(_, commit)| commit)
    }

    fn rows(&self) -> impl Iterator<Item = (AccessRow, Option<&'a Commit>)> {
        self.now.review().map(|access| (access.row(), self.last_commit(&access)))
    }
}

fn write_csv(out: &mut dyn Write, history: &History<'_>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for (row, commit) in history.rows() {
        let (revision, at, by) = commit.map_or_else(Default::default, |commit| {
            (commit.revision.to_string(), commit.at.as_millis().to_string(), commit.by.clone())
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
            row.why,
            revision,
            at,
            by,
        ];
        csv.write_record(cells.iter().map(|cell| harmless_cell(cell).into_owned()))?;
    }
    csv.flush()
}

/// Writes the page. The rows stand in it as data, which a script shows as text and never as markup.
fn write_html(out: &mut dyn Write, file: &str, history: &History<'_>) -> io::Result<()> {
    let (before, after) = PAGE.split_once(MARKER).unwrap_or((PAGE, ""));
    out.write_all(before.as_bytes())?;
    let now = &history.now;
    let head = (file, now.revision(), now.committed_at(), now.license_phase());
    write!(out, "{{\"head\": {},\n\"rows\": [", data(&head)?)?;
    let mut between = "\n";
    for (row, commit) in history.rows() {
        let seat = (row.profile, row.seat);
        let commit = commit.map(|commit| (commit.revision, commit.at, &commit.by));
        let row = (
            row.who,
            row.user,
            row.status,
            seat,
            row.resource,
            row.permissions,
            row.withheld,
            row.why,
            commit,
        );
        write!(out, "{between}{}", data(&row)?)?;
        between = ",\n";
    }
    out.write_all(b"\n]}")?;
    out.write_all(after.as_bytes())
}

/// A value as JSON that may stand inside a `script` element: nothing in it can end the element.
fn data(value: &impl serde::Serialize) -> io::Result<String> {
    let json = serde_json::to_string(value)?;
    Ok(json.replace('<', "\\u003c"))
}
