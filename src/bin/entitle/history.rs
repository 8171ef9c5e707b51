//! `entitle history`: who changed what and when, and who gave what a principal has.

use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;

use entitle::authorize::{ContributingGrant, PrincipalName};
use entitle::change::{Commit, Event, GrantHistory, GrantedBy, Subject};
use entitle::directory::Target;
use entitle::report::escape_hidden;
use entitle::{Directory, Timestamp};

use super::changes::Grants;
use super::output::{CliError, note};
use super::review::{actor_text, grant_history};
use super::rows::{Cell, Form, FormArgs, Row, print_rows};
use super::source::{Source, SourceArgs};
use super::time::parse_time;
use super::{Exit, names, natural};

/// List who changed what and when
///
/// With --why: who gave a principal the permission that it has, and when.
///
/// To say what each event gave and took, all permissions that are granted at a time are kept in memory.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle history redb:platform.redb --who ada --since 2026-01-01\n  entitle history redb:platform.redb --why --who ada --on project/churn --permission write"
)]
pub(super) struct HistoryArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Only what names this user, such as ada or user:ada, or key, such as key:ci; with --why, the one who has the permission
    #[arg(long, value_name = "PRINCIPAL", value_parser = names::parse_principal, allow_hyphen_values = true)]
    who: Option<PrincipalName>,
    /// Only what names this group
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    group: Option<String>,
    /// Only what names this resource, such as project/churn, or whole kind, such as project/*
    #[arg(long, value_name = "RESOURCE", allow_hyphen_values = true)]
    resource: Option<String>,
    /// Only from this time on
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Only what was done as this user or key, such as ada or key:ci, or by the platform itself: host
    #[arg(long = "as", value_name = "PRINCIPAL", value_parser = parse_actor, allow_hyphen_values = true)]
    actor: Option<Actor>,
    /// Only what has this text in its audit note, the column `by`
    #[arg(long, visible_alias = "by", value_name = "TEXT", allow_hyphen_values = true)]
    audit_note: Option<String>,
    /// Only the last events, as many as this
    #[arg(long, value_name = "NUMBER")]
    last: Option<usize>,
    /// Also show all fields of each event in the table
    #[arg(long)]
    details: bool,
    /// Say who gave the permission that is named by --who, --on and --permission
    #[arg(long, requires_all = ["who", "on", "permissions"])]
    why: bool,
    /// The resource, for --why
    #[arg(long, value_name = "RESOURCE", allow_hyphen_values = true, requires = "why")]
    on: Option<String>,
    /// The permission, for --why; may be repeated
    #[arg(long = "permission", value_name = "NAME", requires = "why")]
    permissions: Vec<String>,
    #[command(flatten)]
    form: FormArgs,
}

/// The principal that batches were made as; `None` is the host.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Actor(Option<PrincipalName>);

fn parse_actor(text: &str) -> Result<Actor, String> {
    if text == "host" { Ok(Actor(None)) } else { names::parse_principal(text).map(|who| Actor(Some(who))) }
}

const COLUMNS: [&str; 8] = ["revision", "at", "as", "by", "event", "about", "change", "details"];

pub(super) fn history(args: &HistoryArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    if let (true, Some(who), Some(on)) = (args.why, &args.who, &args.on) {
        return why(args, &source, who, on);
    }
    let commits = source.commits()?;
    commits.note_beginning();
    let (mut failed, mut older) = (None, Vec::new());
    let mut grants = Grants::new(commits.is_whole());
    let commits = commits.map_while(|commit| commit.map_err(|error| failed = Some(error)).ok());
    let mut rows = commits.flat_map(|commit| args.rows(&commit, &mut older, &mut grants)).peekable();
    if let Some(last) = args.last {
        let mut kept = VecDeque::new();
        for row in rows {
            kept.push_back(row);
            if kept.len() > last {
                kept.pop_front();
            }
        }
        args.print(&source, &mut kept.into_iter().peekable())?;
    } else {
        args.print(&source, &mut rows)?;
        drop(rows);
    }
    failed.map_or(Ok(()), Err)?;
    older.iter().for_each(note);
    Ok(source.exit())
}

impl HistoryArgs {
    /// Writes the rows as they come; a table is aligned after the last one.
    fn print(&self, source: &Source, rows: &mut Peekable<impl Iterator<Item = Row>>) -> Result<(), CliError> {
        if rows.peek().is_none() {
            self.check_names(&source.directory()?)?;
        }
        Ok(print_rows(self.form.form(), &COLUMNS, rows)?)
    }

    /// Returns the rows of a commit, and notes the older names of the user that is asked for, and what is granted.
    fn rows(&self, commit: &Commit, older: &mut Vec<String>, grants: &mut Grants) -> Vec<Row> {
        older.extend(commit.events.iter().filter_map(|event| self.older_name(commit, event)));
        let changes: Vec<Option<String>> = commit.events.iter().map(|event| grants.change(event)).collect();
        if !self.is_wanted(commit) {
            return Vec::new();
        }
        let events = commit.events.iter().zip(changes).filter(|(event, _)| self.is_about(event));
        events.map(|(event, change)| self.row(commit, event, change)).collect()
    }

    fn older_name(&self, commit: &Commit, event: &Event) -> Option<String> {
        let Event::UserRenamed { user, to } = event else { return None };
        let Some(PrincipalName::User(asked)) = &self.who else { return None };
        if to.as_str() != asked {
            return None;
        }
        let (user, asked) = (escape_hidden(user), escape_hidden(asked));
        let revision = commit.revision;
        Some(format!("before revision {revision}, `{asked}` was named `{user}`: ask for that name, too"))
    }

    fn is_wanted(&self, commit: &Commit) -> bool {
        self.since.is_none_or(|since| commit.at >= since)
            && self.until.is_none_or(|until| commit.at < until)
            && self.actor.as_ref().is_none_or(|actor| actor.0 == commit.actor)
            && self.audit_note.as_deref().is_none_or(|text| commit.by.contains(text))
    }

    fn is_about(&self, event: &Event) -> bool {
        let names = |wanted: Subject<'_>| event.subjects().any(|subject| subject == wanted);
        let target = |on: &String| event.subjects().any(|subject| subject.to_string() == *on);
        let principal = |who: &PrincipalName| match who {
            PrincipalName::User(user) => names(Subject::User(user)),
            PrincipalName::Key(key) => names(Subject::Key(key)),
            _ => false,
        };
        self.who.as_ref().is_none_or(principal)
            && self.group.as_deref().is_none_or(|group| names(Subject::Group(group)))
            && self.resource.as_ref().is_none_or(target)
    }

    fn row(&self, commit: &Commit, event: &Event, change: Option<String>) -> Row {
        let about: Vec<String> = event.subjects().map(|subject| subject.to_string()).collect();
        let hidden = self.form.form() == Form::Table && !self.details;
        vec![
            commit.revision.into(),
            commit.at.into(),
            actor_text(commit.actor.as_ref()).into(),
            Some(commit.by.clone()).filter(|by| !by.is_empty()).into(),
            event.name().into(),
            about.into(),
            change.into(),
            if hidden { Cell::Nothing } else { Cell::Json(named(event).1) },
        ]
    }

    /// Checks that what was asked for exists, where no event was about it.
    fn check_names(&self, directory: &Directory) -> Result<(), CliError> {
        if let Some(who) = &self.who {
            names::principal(directory, who)?;
        }
        if let Some(group) = &self.group {
            names::group(directory, group)?;
        }
        if let Some(resource) = self.resource.as_ref().filter(|name| !name.ends_with('*')) {
            names::resource(directory, resource)?;
        }
        Ok(())
    }
}

/// The name of an event and its fields, as they are stored.
pub(super) fn named(event: &Event) -> (String, serde_json::Value) {
    match serde_json::to_value(event) {
        Ok(serde_json::Value::Object(object)) => object.into_iter().next().unwrap_or_default(),
        _ => Default::default(),
    }
}

const WHY_COLUMNS: [&str; 10] =
    ["permissions", "to", "on", "role", "through", "revision", "at", "as", "by", "beyond"];

/// Lists the grants, memberships and ownerships that give a permission, and the commits that made them.
fn why(args: &HistoryArgs, source: &Source, who: &PrincipalName, on: &str) -> Result<Exit, CliError> {
    let directory = source.directory()?;
    names::principal(&directory, who)?;
    names::resource_and(&directory, on, &args.permissions)?;
    let asked: Vec<&str> = args.permissions.iter().map(String::as_str).collect();
    let explanation = directory.explain_by_name(&who.to_string(), on, &asked);
    let user = explanation.acting_user.as_ref().map(|acting| acting.user.clone()).unwrap_or_default();
    let history = Given { directory: &directory, history: grant_history(source)?, asked: &args.permissions };
    let gives = |names: &[String]| names.iter().any(|name| args.permissions.contains(name));
    let mut rows: Vec<Row> = Vec::new();
    for grant in explanation.grants.iter().filter(|grant| gives(&grant.gives)) {
        rows.extend(history.rows(grant, &user));
    }
    let owned = explanation.ownership.iter().map(|gives| (on.to_owned(), gives));
    let passed = explanation.passed_ownership.iter().map(|owned| (owned.on.clone(), &owned.passes));
    let owned: BTreeMap<String, &Vec<String>> = owned.chain(passed).collect();
    rows.extend(ownerships(source, &user, &owned)?);
    print_rows(args.form.form(), &WHY_COLUMNS, rows)?;
    Ok(source.exit())
}

/// What is needed to tell who gave a grant.
struct Given<'a> {
    directory: &'a Directory,
    history: GrantHistory,
    asked: &'a [String],
}

impl Given<'_> {
    /// The commits that gave a grant, and the one that made the user a member of the group that has it.
    fn rows(&self, grant: &ContributingGrant, user: &str) -> Vec<Row> {
        let to = grant.to.to_string();
        let through =
            grant.membership.as_ref().map(|membership| membership.groups.clone()).unwrap_or_default();
        let mut rows: Vec<Row> = Vec::new();
        for mut row in self.directory.review_grants_on(self.target(&grant.on)) {
            if row.to != to || row.on.as_ref() != Some(&grant.on) || row.role != grant.role {
                continue;
            }
            row.permissions.retain(|name| {
                grant.role.is_some() || self.asked.contains(name) || grant.gives.contains(name)
            });
            // Another grant to the same grantee, with another end, gives nothing of what was asked for.
            if row.role.is_none() && row.permissions.is_empty() {
                continue;
            }
            let permissions = row.permissions.clone();
            let commits = self.history.granted_by(&row);
            let place = [to.clone().into(), grant.on.clone().into(), grant.role.clone().into()];
            let through = Cell::from(Some(through.clone()).filter(|groups| !groups.is_empty()));
            let known = commits
                .into_iter()
                .map(|by| given_row(permissions.clone(), &place, through.clone(), Some(by)));
            let before = rows.len();
            rows.extend(known);
            if rows.len() == before {
                rows.push(given_row(permissions, &place, through, None));
            }
        }
        if let Some(joined) = through.first().and_then(|group| self.history.joined_by(user, group)) {
            let group = through.first().map(|group| format!("group:{group}"));
            let place = [format!("user:{user}").into(), group.into(), Cell::Nothing];
            rows.push(given_row(vec!["(member)".to_owned()], &place, Cell::Nothing, Some(joined)));
        }
        rows
    }

    fn target(&self, on: &str) -> Target {
        let kind = on.strip_suffix("/*").and_then(|kind| self.directory.catalog().kind_by_name(kind));
        let resource = || self.directory.resource_by_name(on).map(Target::from);
        kind.map(Target::from).or_else(resource).unwrap_or(Target::Everything)
    }
}

fn given_row(permissions: Vec<String>, place: &[Cell; 3], through: Cell, by: Option<&GrantedBy>) -> Row {
    let mut row: Row = vec![permissions.into()];
    row.extend(place.iter().cloned());
    row.push(through);
    row.push(by.map(|by| by.revision).into());
    row.push(by.map(|by| by.at).into());
    row.push(by.map(|by| actor_text(by.actor.as_ref())).into());
    row.push(by.map(|by| by.by.clone()).filter(|by| !by.is_empty()).into());
    row.push(by.is_some_and(|by| by.beyond).into());
    row
}

/// The last commits that made the user the owner of resources.
fn ownerships(
    source: &Source,
    user: &str,
    owned: &BTreeMap<String, &Vec<String>>,
) -> Result<Vec<Row>, CliError> {
    let mut made: BTreeMap<String, Commit> = BTreeMap::new();
    if source.has_history() && !owned.is_empty() {
        for commit in source.commits()? {
            let commit = commit?;
            let changed = commit.events.iter().filter_map(|event| match event {
                Event::OwnerChanged { resource, .. } if owned.contains_key(resource) => {
                    Some(resource.clone())
                }
                _ => None,
            });
            let changed: Vec<String> = changed.collect();
            made.extend(changed.into_iter().map(|resource| (resource, commit.clone())));
        }
    }
    let row = |(on, gives): (&String, &&Vec<String>)| -> Row {
        let by = made.get(on);
        vec![
            (*gives).clone().into(),
            format!("user:{user}").into(),
            on.clone().into(),
            "(owner)".into(),
            Cell::Nothing,
            by.map(|by| by.revision).into(),
            by.map(|by| by.at).into(),
            by.map(|by| actor_text(by.actor.as_ref())).into(),
            by.map(|by| by.by.clone()).filter(|by| !by.is_empty()).into(),
            Cell::Nothing,
        ]
    };
    let mut owned: Vec<_> = owned.iter().collect();
    owned.sort_by(|one, other| natural::compare(one.0, other.0));
    Ok(owned.into_iter().map(row).collect())
}
