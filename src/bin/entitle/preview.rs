//! `entitle preview`: what commands would change, without changing it.

use std::io::{self, Read as _, Write};
use std::path::PathBuf;

use entitle::change::{AccessChange, Impact, Requirement, SeatChange, SeatInfo};
use entitle::report::escape_hidden;
use entitle::seats::BuiltinPolicy;
use entitle::{Batch, Directory, Plan, Timestamp};

use super::commands::{Step, check_now, parse, parse_policy};
use super::output::{CliError, finish, note, print, print_json};
use super::rows::{Cell, Form, FormArgs, Row, print_rows};
use super::source::{Source, SourceArgs};
use super::time::{now, parse_time};
use super::{Exit, names};

const EXAMPLES: &str = r#"Commands are such as:
  {"assign_profile": {"user": "ada", "profile": "reader"}}
  {"suspend": {"user": "ada"}}
  {"join": {"user": "ada", "group": "data"}}
  {"grant": {"to": "group:data", "on": "project/churn", "permissions": ["write"]}}
  {"revoke": {"to": "user:ada", "on": "project/churn", "permissions": ["write"]}}

Example:
  entitle preview redb:platform.redb --do commands.json"#;

/// Preview commands: who gains and loses what, whose seat changes, and which requirements break
///
/// Nothing is written. The commands are those of a scenario file: a command, a list of them, or a step such as
/// {"as": "user:ada", "do": [..], "requirements": [{"label", "who", "on", "permission"}]}. The exit code is 1 if the
/// commands would be refused or a requirement breaks.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PreviewArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The file with the commands as JSON; standard input if it is `-`
    #[arg(long = "do", value_name = "FILE")]
    commands: PathBuf,
    /// Plan at this time; now by default, and for a scenario file the time of its last commit
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
    /// The seat policy: strict, overage, waitlist, or as a scenario file writes it
    #[arg(long, value_name = "POLICY", default_value = "strict", value_parser = parse_policy)]
    policy: BuiltinPolicy,
    /// List at most this many changes of access and of seats
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    form: FormArgs,
}

pub(super) fn preview(args: &PreviewArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let steps = read(args)?;
    let found = source.directory()?;
    check_now(args.now, found.committed_at())?;
    let at = args.now.unwrap_or_else(|| if source.is_scenario() { found.committed_at() } else { now() });
    let first = steps.first().and_then(|step| step.at).unwrap_or(at);
    let before = without_what_is_due(found, first)?;
    let mut after = before.clone();
    for step in &steps {
        match plan(step, &after, at, args)? {
            Ok(plan) => after = plan.into_directory(),
            Err((place, message)) => return Ok(refused(args.form.form(), &place, &message)),
        }
    }
    let impact = Impact::between(&before, &after, args.limit);
    let requirements: Vec<&Requirement> = steps.iter().flat_map(|step| &step.requirements).collect();
    check_requirements(&before, &requirements)?;
    let broken: Vec<&Requirement> = requirements.into_iter().filter(|asked| impact.breaks(asked)).collect();
    let written = match args.form.form() {
        Form::Json => print_json(&Preview { impact: &impact, breaks: &broken }),
        Form::Csv => print_rows(Form::Csv, &COLUMNS, rows(&impact, &broken)),
        Form::Table => print(|out| write_text(out, &impact, &broken, &source)),
    };
    let exit = if broken.is_empty() { Exit::Success } else { Exit::Failure };
    Ok(finish(source.exit().max(exit), written))
}

fn read(args: &PreviewArgs) -> Result<Vec<Step>, CliError> {
    let path = args.commands.display();
    let text = if args.commands.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(&args.commands)
    };
    let text = text.map_err(|error| CliError::in_source(&path, error))?;
    parse(&text).map_err(|error| CliError::in_source(&path, error))
}

/// Returns the directory after what is due ends, which is no effect of the commands.
fn without_what_is_due(directory: Directory, at: Timestamp) -> Result<Directory, CliError> {
    if !directory.is_overdue(at) {
        return Ok(directory);
    }
    let due = directory.plan(Batch::host(at).policy(BuiltinPolicy::default()));
    let due = due.map_err(|refusal| CliError::InvalidInput(refusal.to_string()))?;
    note(format_args!("note: what is due by {at} ends first, and is not listed"));
    Ok(due.into_directory())
}

/// Plans a step; the inner error is the place and the message of a refusal.
fn plan(
    step: &Step,
    directory: &Directory,
    at: Timestamp,
    args: &PreviewArgs,
) -> Result<Result<Plan, (String, String)>, CliError> {
    step.check_time(directory).map_err(|error| CliError::in_source(args.commands.display(), error))?;
    let batch = step.batch(directory, at)?.policy(args.policy.clone());
    Ok(directory.plan(batch).map_err(|refusal| {
        let message = format!("{} ({})", names::refused(directory, &refusal), refusal.code());
        (step.place_of(refusal.command_index()), message)
    }))
}

/// Reports the refusal, which is a result of the preview, and not an error of it.
fn refused(form: Form, place: &str, message: &str) -> Exit {
    let written = match form {
        Form::Json => print_json(&serde_json::json!({ "refused": message, "place": place })),
        Form::Csv => print_rows(form, &["refused"], [vec![Cell::from(format!("{place}: {message}"))]]),
        Form::Table => print(|out| writeln!(out, "would be refused: {place}: {message}")),
    };
    finish(Exit::Failure, written)
}

/// A requirement about what does not exist never breaks, so a mistyped name would hide what does.
fn check_requirements(directory: &Directory, requirements: &[&Requirement]) -> Result<(), CliError> {
    for asked in requirements {
        let who = asked.who.parse().map_err(|error| CliError::in_source(&asked.label, error))?;
        names::principal(directory, &who)?;
        names::resource_and(directory, &asked.on, &asked.permissions)?;
    }
    Ok(())
}

/// The preview as JSON.
#[derive(serde::Serialize)]
struct Preview<'a> {
    #[serde(flatten)]
    impact: &'a Impact,
    breaks: &'a [&'a Requirement],
}

const COLUMNS: [&str; 7] = ["change", "user", "resource", "gains", "loses", "seat_before", "seat_after"];

fn rows(impact: &Impact, broken: &[&Requirement]) -> Vec<Row> {
    let access = impact.access().iter().map(access_row);
    let seats = impact.seats().iter().map(seat_row);
    let broken = broken.iter().map(|asked| -> Row {
        let mut row = vec!["breaks".into(), asked.who.clone().into(), asked.on.clone().into()];
        row.extend([Cell::Nothing, asked.permissions.clone().into(), Cell::Nothing, Cell::Nothing]);
        row
    });
    access.chain(seats).chain(broken).collect()
}

fn access_row(change: &AccessChange) -> Row {
    let names = |names: &Vec<String>| Cell::from(Some(names.clone()).filter(|names| !names.is_empty()));
    let mut row = vec!["access".into(), change.user.clone().into(), change.resource.clone().into()];
    row.extend([names(&change.gains), names(&change.loses), Cell::Nothing, Cell::Nothing]);
    row
}

fn seat_row(change: &SeatChange) -> Row {
    let seat = |seat: &Option<SeatInfo>| Cell::from(seat.as_ref().map(ToString::to_string));
    let mut row =
        vec!["seat".into(), change.user.clone().into(), Cell::Nothing, Cell::Nothing, Cell::Nothing];
    row.extend([seat(&change.before), seat(&change.after)]);
    row
}

fn write_text(
    out: &mut dyn Write,
    impact: &Impact,
    broken: &[&Requirement],
    source: &Source,
) -> io::Result<()> {
    writeln!(out, "nothing is written to {}", source.name())?;
    writeln!(out, "{impact}")?;
    for asked in broken {
        let (label, who, on) =
            (escape_hidden(&asked.label), escape_hidden(&asked.who), escape_hidden(&asked.on));
        let permissions = asked.permissions.join("`, `");
        writeln!(out, "breaks: {label}: `{who}` needs `{permissions}` on `{on}`")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use entitle::Command;

    use super::EXAMPLES;

    #[test]
    fn the_commands_in_the_help_are_commands() {
        let lines: Vec<&str> = EXAMPLES.lines().filter(|line| line.starts_with("  {")).collect();
        assert_eq!(lines.len(), 5);
        for line in lines {
            assert!(serde_json::from_str::<Command>(line).is_ok(), "{line}");
        }
    }
}
