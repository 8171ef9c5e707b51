//! `entitle review`: the access of every principal, and every grant.

use entitle::Directory;
use entitle::authorize::{Access, GrantRow, PrincipalName};
use entitle::change::{Commit, GrantHistory};

use super::output::CliError;
use super::progress::Progress;
use super::rows::{Cell, FormArgs, Row, print_many, print_rows};
use super::source::{Source, SourceArgs};
use super::{Exit, names, natural};

/// List what everyone may do and why, or all grants
///
/// Without options each line is a user or key and a resource: what is allowed, what the license or profile withholds, and
/// which grants it comes from. A table of more than 250,000 lines is refused: choose `--csv` or `--json` for them, which are
/// written line by line.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle review redb:platform.redb --csv > review.csv\n  entitle review redb:platform.redb --grants"
)]
pub(super) struct ReviewArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// List every grant instead, also to groups without members, and who gave it
    #[arg(long, conflicts_with_all = ["who", "on", "last_commit"])]
    grants: bool,
    /// Only this user, such as ada or user:ada, or key, such as key:ci
    #[arg(long, value_name = "PRINCIPAL", value_parser = names::parse_principal, allow_hyphen_values = true)]
    who: Option<PrincipalName>,
    /// Only this resource, such as project/churn
    #[arg(long, value_name = "RESOURCE", allow_hyphen_values = true, conflicts_with = "who")]
    on: Option<String>,
    /// Also find the last commit that changed each line; the state after each commit is kept in memory
    #[arg(long)]
    last_commit: bool,
    #[command(flatten)]
    form: FormArgs,
}

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

/// Writes the review.
pub(super) fn review(args: &ReviewArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    if args.grants {
        let history = grant_history(&source)?;
        let rows = directory.review_grants().map(|row| grant_row(row, &history));
        print_rows(args.form.form(), &GRANT_COLUMNS, rows)?;
        return Ok(source.exit());
    }
    let states = if args.last_commit { Some(States::of(&source)?) } else { None };
    let row = |access: Access<'_>| access_row(&access, states.as_ref(), &directory);
    let form = args.form.form();
    match (&args.who, &args.on) {
        (Some(who), _) => {
            let rows = directory.review_of(names::principal(&directory, who)?);
            print_many(form, &COLUMNS, rows, row)?;
        }
        (None, Some(on)) => {
            let rows = directory.review_on(names::resource(&directory, on)?);
            print_many(form, &COLUMNS, rows, row)?;
        }
        (None, None) => print_many(form, &COLUMNS, with_progress(&directory), row)?,
    }
    Ok(source.exit())
}

/// Returns the review of all, with a progress bar over the users and keys.
fn with_progress(directory: &Directory) -> impl Iterator<Item = Access<'_>> {
    let principals = u64::from(directory.user_count()).saturating_add(directory.key_count().into());
    let progress = Progress::of("reviewing", principals, "users and keys").beside_output();
    let mut last = None;
    directory.review().inspect(move |access| {
        if last.replace(access.who) != Some(access.who) {
            progress.add(1);
        }
    })
}

/// Reads from the commits who gave each grant; nobody is known if there are none.
pub(super) fn grant_history(source: &Source) -> Result<GrantHistory, CliError> {
    let mut history = GrantHistory::new();
    if source.has_history() {
        let commits = source.commits()?;
        commits.note_beginning();
        for commit in commits {
            history.add(&commit?);
        }
    }
    Ok(history)
}

/// Each commit with the directory before it.
struct States(Vec<(Directory, Commit)>);

impl States {
    fn of(source: &Source) -> Result<Self, CliError> {
        let (mut before, commits) = source.replay_from_start()?;
        let mut states = Vec::new();
        for commit in commits {
            let commit = commit?;
            let after = source.replayed(&before, std::slice::from_ref(&commit))?;
            states.push((before, commit));
            before = after;
        }
        Ok(Self(states))
    }

    /// Returns the last commit that changed the granted or the allowed permissions of a principal on a resource, or an end.
    fn last_commit(&self, access: &Access<'_>, last: &Directory) -> Option<&Commit> {
        let (who, on) = (access.who, access.on);
        let until = last.until(who, on);
        let same = |before: &Directory| {
            before.granted(who, on).bits() == access.granted.bits()
                && before.permissions(who, on).bits() == access.permissions.bits()
                && before.until(who, on) == until
        };
        self.0.iter().rev().find(|(before, _)| !same(before)).map(|(_, commit)| commit)
    }
}

fn access_row(access: &Access<'_>, states: Option<&States>, directory: &Directory) -> Row {
    let row = access.row();
    let commit = states.and_then(|states| states.last_commit(access, directory));
    let ends = row.ends.iter().map(|(permission, until)| (permission.to_owned(), *until));
    vec![
        row.who.into(),
        row.user.into(),
        row.status.as_str().into(),
        row.profile.into(),
        row.seat.as_str().into(),
        row.resource.into(),
        row.permissions.into(),
        row.withheld.into(),
        row.roles.into(),
        Cell::Ends(ends.collect()),
        row.why.into(),
        commit.map(|commit| commit.revision).into(),
        commit.map(|commit| commit.at).into(),
        commit.and_then(|commit| commit.actor.as_ref()).map(ToString::to_string).into(),
        commit.map(|commit| commit.by.clone()).into(),
    ]
}

fn grant_row(row: GrantRow, history: &GrantHistory) -> Row {
    let given = history.granted_by(&row);
    let last = given.last();
    let mut actors: Vec<String> = given.iter().map(|given| actor_text(given.actor.as_ref())).collect();
    actors.sort_by(|one, other| natural::compare(one, other));
    actors.dedup();
    vec![
        row.to.into(),
        row.users.into(),
        row.direct_users.into(),
        row.on.into(),
        row.role.into(),
        row.permissions.into(),
        row.until.into(),
        Cell::List(actors),
        last.map(|given| given.by.clone()).into(),
        last.map(|given| given.at).into(),
        given.iter().any(|given| given.beyond).into(),
    ]
}

/// The principal that a batch was made as; `host` for the host.
pub(super) fn actor_text(actor: Option<&PrincipalName>) -> String {
    actor.map_or_else(|| "host".to_owned(), ToString::to_string)
}
