//! `entitle catalog`: shows, checks and compares catalogs.

use std::path::PathBuf;

use clap::Subcommand;
use entitle::catalog::Catalog;
use serde_json::Value;

use super::output::{CliError, counted, print, print_json};
use super::rows::{Cell, FormArgs, Row, print_rows, print_rows_or};
use super::source::{SourceArgs, read_catalog};
use super::{Exit, natural};

/// Show, check or compare catalogs: the kinds, permissions, profiles and roles of a platform
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle catalog show redb:platform.redb\n  entitle catalog check catalog.json"
)]
pub(super) struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    /// Show the catalog of a source
    #[command(
        after_help = "Examples:\n  entitle catalog show redb:platform.redb\n  entitle catalog show redb:platform.redb --json > catalog.json"
    )]
    Show {
        #[command(flatten)]
        source: SourceArgs,
        /// Write the catalog as JSON, as a catalog file has it
        #[arg(long)]
        json: bool,
        /// Write a line for each permission and profile as CSV
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Check a catalog file, or the catalog in a scenario file
    #[command(after_help = "Example:\n  entitle catalog check catalog.json")]
    Check {
        /// The file
        file: PathBuf,
    },
    /// Compare the catalog of a source with that of another, or with a catalog file
    #[command(after_help = "Example:\n  entitle catalog compare redb:platform.redb --with catalog.json")]
    Compare {
        #[command(flatten)]
        source: SourceArgs,
        /// The catalog file or scenario file to compare with
        #[arg(long, value_name = "FILE")]
        with: PathBuf,
        #[command(flatten)]
        form: FormArgs,
    },
}

pub(super) fn catalog(args: &CatalogArgs) -> Result<Exit, CliError> {
    match &args.command {
        CatalogCommand::Show { source, json, csv } => show(source, *json, *csv),
        CatalogCommand::Check { file } => check(file),
        CatalogCommand::Compare { source, with, form } => compare(source, with, *form),
    }
}

fn show(source: &SourceArgs, json: bool, csv: bool) -> Result<Exit, CliError> {
    let source = source.open()?;
    let catalog = source.catalog()?;
    if json {
        print_json(catalog.document())?;
        return Ok(source.exit());
    }
    let form = if csv { super::rows::Form::Csv } else { super::rows::Form::Table };
    print_rows(form, &["what", "name", "contains"], rows(&catalog))?;
    Ok(source.exit())
}

/// A row for each kind, profile and role.
fn rows(catalog: &Catalog) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for kind in catalog.kinds() {
        let permissions = catalog.permissions_of(kind).map(ToOwned::to_owned).collect::<Vec<_>>();
        rows.push(vec!["kind".into(), kind.into(), permissions.into()]);
    }
    for (name, profile) in &catalog.document().profiles {
        let ceiling = serde_json::to_value(&profile.ceiling).unwrap_or_default();
        rows.push(vec!["profile".into(), name.into(), Cell::Json(ceiling)]);
    }
    for (name, role) in &catalog.document().roles {
        let gives = serde_json::to_value(role).unwrap_or_default();
        rows.push(vec!["role".into(), name.into(), Cell::Json(gives)]);
    }
    rows
}

fn check(file: &std::path::Path) -> Result<Exit, CliError> {
    let catalog = read_catalog(file)?;
    let (kinds, profiles) =
        (counted(catalog.kinds().len(), "kind"), counted(catalog.profiles().len(), "profile"));
    let fingerprint = catalog.fingerprint();
    print(|out| writeln!(out, "{}: {kinds} and {profiles}, fingerprint {fingerprint}", file.display()))?;
    Ok(Exit::Success)
}

fn compare(source: &SourceArgs, with: &std::path::Path, form: FormArgs) -> Result<Exit, CliError> {
    let source = source.open()?;
    let [before, after] = [source.catalog()?, read_catalog(with)?]
        .map(|catalog| serde_json::to_value(catalog.document()).unwrap_or_default());
    let mut rows = Vec::new();
    differences("", &before, &after, &mut rows);
    print_rows_or("no differences", form.form(), &["where", "before", "after"], rows)?;
    Ok(source.exit())
}

/// Adds a row for each place at which two values differ. Lists are compared as wholes.
fn differences(place: &str, before: &Value, after: &Value, rows: &mut Vec<Row>) {
    let (Value::Object(one), Value::Object(two)) = (before, after) else {
        if before != after {
            let cell =
                |value: &Value| if value.is_null() { Cell::Nothing } else { Cell::Json(value.clone()) };
            rows.push(vec![place.into(), cell(before), cell(after)]);
        }
        return;
    };
    let mut keys: Vec<&String> = one.keys().chain(two.keys().filter(|key| !one.contains_key(*key))).collect();
    keys.sort_unstable_by(|one, other| natural::compare(one, other));
    for key in keys {
        let inner = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
        let side = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or_default();
        differences(&inner, &side(one), &side(two), rows);
    }
}
