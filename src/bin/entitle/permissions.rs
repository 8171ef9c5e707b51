//! `entitle permissions`: everything that a principal may do on a resource.

use std::collections::BTreeMap;

use entitle::Timestamp;
use entitle::authorize::PrincipalName;

use super::output::CliError;
use super::rows::{FormArgs, Row, print_rows};
use super::source::SourceArgs;
use super::{Exit, names};

/// List what a principal may do on a resource, what is granted, and until when
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  entitle permissions redb:platform.redb --who ada --on project/churn")]
pub(super) struct PermissionsArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The user, such as ada or user:ada, or the key, such as key:ci
    #[arg(long, value_name = "PRINCIPAL", value_parser = names::parse_principal, allow_hyphen_values = true)]
    who: PrincipalName,
    /// The resource, such as project/churn
    #[arg(long, value_name = "RESOURCE")]
    on: String,
    #[command(flatten)]
    form: FormArgs,
}

pub(super) fn permissions(args: &PermissionsArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let who = names::principal(&directory, &args.who)?;
    let on = names::resource(&directory, &args.on)?;
    let catalog = directory.catalog();
    let allowed: Vec<&str> = catalog.names(directory.permissions(who, on)).collect();
    let granted: Vec<&str> = catalog.names(directory.granted(who, on)).collect();
    let ends = directory.until(who, on).into_iter();
    let until: BTreeMap<&str, Option<Timestamp>> =
        ends.flat_map(|(until, set)| catalog.names(set).map(move |name| (name, until))).collect();
    let rows = granted.iter().map(|&name| -> Row {
        let end = until.get(name).copied().flatten();
        vec![name.into(), allowed.contains(&name).into(), true.into(), end.into()]
    });
    print_rows(args.form.form(), &["permission", "allowed", "granted", "until"], rows)?;
    Ok(source.exit())
}
