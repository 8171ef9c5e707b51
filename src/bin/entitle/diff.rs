//! `entitle diff`: what is different between two states.

use entitle::Directory;
use entitle::directory::{Diff, Difference, DifferenceKind};

use super::output::CliError;
use super::rows::{Cell, FormArgs, Row, print_rows_or};
use super::source::SourceArgs;
use super::time::Moment;
use super::{Exit, changes, natural};

/// Compare two revisions of a source, two sources, or two tenants
///
/// Without --to, the latest state is compared. Two sources are compared by names alone. What was given to everyone is one line
/// of the resource or kind; with --access, it is a line for each user.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle diff redb:platform.redb --from 2026-01-31\n  entitle diff redb:platform.redb --from 2026-01-31 --to 2026-02-28 --access --csv"
)]
pub(super) struct DiffArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Another source, in place of --from and --to
    #[arg(conflicts_with_all = ["from", "to", "access"])]
    other: Option<String>,
    /// The tenant of the other source, where that is not --tenant, too
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, conflicts_with_all = ["from", "to", "access"])]
    to_tenant: Option<String>,
    /// The earlier state
    #[arg(long, value_name = "REVISION|TIME", conflicts_with = "at")]
    from: Option<Moment>,
    /// The later state
    #[arg(long, value_name = "REVISION|TIME", requires = "from")]
    to: Option<Moment>,
    /// List who gained and who lost which permissions instead
    #[arg(long)]
    access: bool,
    #[command(flatten)]
    form: FormArgs,
}

pub(super) fn diff(args: &DiffArgs) -> Result<Exit, CliError> {
    let tenant = args.to_tenant.as_deref();
    let (before, after) = match (&args.other, args.from) {
        (Some(other), _) => (args.source.clone(), args.source.with(Some(other), None).with_tenant(tenant)),
        (None, None) if tenant.is_some() => {
            (args.source.clone(), args.source.with(None, None).with_tenant(tenant))
        }
        (None, Some(from)) => (args.source.with(None, Some(from)), args.source.with(None, args.to)),
        (None, None) => {
            let message =
                "nothing to compare with: name another source or tenant, or an earlier state with `--from`";
            return Err(CliError::InvalidInput(message.to_owned()));
        }
    };
    if tenant.is_some() && after.tenant().is_none() {
        let message = "--to-tenant names a tenant on PostgreSQL, and the other source is none";
        return Err(CliError::InvalidInput(message.to_owned()));
    }
    let (before, exit) = open(&before)?;
    let (after, later) = open(&after)?;
    if args.access {
        let rows = before.access_changes(&after).map(|change| -> Row {
            let names = |names: Vec<String>| Some(names).filter(|names| !names.is_empty());
            let (gains, loses) = (names(change.gains), names(change.loses));
            vec![change.user.into(), change.resource.into(), gains.into(), loses.into()]
        });
        print_rows_or("no differences", args.form.form(), &["user", "resource", "gains", "loses"], rows)?;
    } else {
        let rows = rows(&before, &after, &before.diff(&after));
        print_rows_or("no differences", args.form.form(), &["what", "name", "change", "details"], rows)?;
    }
    Ok(exit.max(later))
}

fn open(source: &SourceArgs) -> Result<(Directory, Exit), CliError> {
    let source = source.open()?;
    Ok((source.directory()?, source.exit()))
}

/// The differences, one in a row.
fn rows(before: &Directory, after: &Directory, diff: &Diff) -> Vec<Row> {
    let changed =
        |what: &str, name: &str| -> Row { vec![what.into(), name.into(), "changed".into(), Cell::Nothing] };
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(diff.catalog.then(|| changed("catalog", "")));
    rows.extend(diff.license.then(|| changed("license", "")));
    rows.extend(diff.books.iter().map(|profile| changed("seat figures", profile)));
    for kind in &diff.kinds {
        let details = changes::of_kind(before, after, kind);
        let name = if kind == "*" { kind.clone() } else { format!("{kind}/*") };
        rows.push(vec!["grants".into(), name.into(), "changed".into(), details.into()]);
    }
    let lists: [(&str, &[Difference], Details); 5] = [
        ("group", &diff.groups, |_, _, _| None),
        ("user", &diff.users, changes::of_user),
        ("role", &diff.roles, |_, _, _| None),
        ("resource", &diff.resources, changes::of_resource),
        ("key", &diff.keys, |_, _, _| None),
    ];
    for (what, list, details) in lists {
        let mut list: Vec<&Difference> = list.iter().collect();
        list.sort_by(|one, other| natural::compare(&one.name, &other.name));
        let rows_of = |of: &Difference| row(what, of, details(before, after, &of.name));
        rows.extend(list.into_iter().map(rows_of));
    }
    rows
}

/// Returns in words what is different of what has a name.
type Details = fn(&Directory, &Directory, &str) -> Option<String>;

fn row(what: &str, difference: &Difference, details: Option<String>) -> Row {
    let change = match difference.change {
        DifferenceKind::Added => "added",
        DifferenceKind::Removed => "removed",
        _ => "changed",
    };
    vec![what.into(), Cell::from(difference.name.as_str()), change.into(), details.into()]
}
