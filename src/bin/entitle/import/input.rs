//! The files that are imported.

use std::collections::BTreeSet;
use std::path::Path;

use entitle::catalog::Catalog;
use entitle::change::{AddUser, Command};
use entitle::directory::UserSource;
use entitle::{Directory, nearest_names};

use super::super::commands::{self, CommandPlace, Step};
use super::super::export_csv::{COLUMNS, unprotected};
use super::super::output::CliError;
use super::super::source::{Imported, read_imported};

/// What a file contains.
pub(super) enum Input {
    Directory(Box<Directory>),
    Steps(Vec<Step>),
}

impl Input {
    /// Returns the catalog of a stored directory.
    pub(super) fn catalog(&self) -> Option<Catalog> {
        match self {
            Self::Directory(directory) => Some(directory.catalog().clone()),
            Self::Steps(_) => None,
        }
    }
}

/// Reads a file. Its first bytes determine its form.
pub(super) fn read(path: &Path) -> Result<Input, CliError> {
    let text = match read_imported(path)? {
        Imported::Stored(directory) => return Ok(Input::Directory(directory)),
        Imported::Text(text) => text,
    };
    let steps = if text.trim_start().starts_with(['{', '[']) { commands::parse(&text) } else { csv(&text) };
    steps.map(Input::Steps).map_err(|error| CliError::in_source(path.display(), error))
}

/// Splits a step into parts of at most so many commands.
pub(super) fn parts(step: Step, size: usize) -> Vec<Step> {
    if step.commands.len() <= size {
        return vec![step];
    }
    let mut parts = Vec::new();
    let mut first: usize = 0;
    for commands in step.commands.chunks(size) {
        let last = first.saturating_add(commands.len());
        parts.push(Step {
            place: step.place.clone(),
            at: step.at,
            actor: step.actor.clone(),
            by: step.by.clone(),
            commands: commands.to_vec(),
            places: step.places.as_ref().and_then(|places| places.get(first..last)).map(<[_]>::to_vec),
            first,
            requirements: Vec::new(),
        });
        first = last;
    }
    parts
}

/// Reads users and groups from CSV. The groups of users are added before them.
fn csv(text: &str) -> Result<Vec<Step>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|error| error.to_string())?.clone();
    check_columns(&columns)?;
    let mut known = BTreeSet::new();
    let mut step = Step { place: "the file".to_owned(), places: Some(Vec::new()), ..Step::default() };
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let place = CommandPlace { line, number: None };
        let cell = |name: &str| {
            let place = columns.iter().position(|column| column == name)?;
            row.get(place).filter(|text| !text.is_empty())
        };
        let groups = cell("groups").unwrap_or_default().split(';').map(str::trim);
        let groups: Vec<String> = groups.filter(|name| !name.is_empty()).map(unprotected).collect();
        let cell = |name: &str| cell(name).map(unprotected);
        for group in cell("group").iter().chain(&groups) {
            if known.insert(group.clone()) {
                step.push(Command::add_group(group.as_str()).into(), place);
            }
        }
        match cell("user") {
            Some(user) => step.push(add_user(&user, cell, &groups, line)?.into(), place),
            None if cell("group").is_none() => {
                return Err(format!("line {line}: `user` or `group` is required"));
            }
            None => {}
        }
    }
    Ok(vec![step])
}

fn check_columns(columns: &csv::StringRecord) -> Result<(), String> {
    if let Some(unknown) = columns.iter().find(|column| !COLUMNS.contains(column)) {
        let near = nearest_names(unknown, COLUMNS);
        let near = near.first().map(|near| format!("did you mean `{near}`? The"));
        let near = near.unwrap_or_else(|| "the".to_owned());
        let known = COLUMNS.join("`, `");
        return Err(format!("line 1: unknown column `{unknown}`; {near} columns are `{known}`"));
    }
    if !columns.iter().any(|column| column == "user" || column == "group") {
        return Err("line 1: the column `user` or `group` is required".to_owned());
    }
    Ok(())
}

fn add_user(
    user: &str,
    cell: impl Fn(&str) -> Option<String>,
    groups: &[String],
    line: u64,
) -> Result<AddUser, String> {
    let mut command = Command::add_user(user).groups(groups.iter().map(String::as_str));
    if let Some(profile) = cell("profile") {
        command = command.profile(profile);
    }
    if let Some(email) = cell("email") {
        command = command.email(email);
    }
    if let Some(source) = cell("source") {
        let parsed: Result<UserSource, _> = serde_json::from_value(source.as_str().into());
        let wrong = |_| {
            format!("line {line}: unknown source `{source}`: expected `local`, `ldap`, `sso` or `custom`")
        };
        command = command.source(parsed.map_err(wrong)?);
    }
    Ok(command)
}
