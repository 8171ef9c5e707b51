//! The command line.

use entitle::authorize::PrincipalName;
use lexopt::Arg::{Long, Short, Value};
use lexopt::{Error, Parser, ValueExt as _};

/// A parsed command.
pub(super) enum CliCommand {
    Help,
    Version,
    Test { files: Vec<String>, verify: bool },
    Seats { file: String, form: SeatsForm },
    Explain { file: String, explain: ExplainArgs },
    Review { file: String, form: ReviewForm },
    Report { file: String },
}

/// The form of the access review.
#[derive(Default)]
pub(super) enum ReviewForm {
    #[default]
    Csv,
    GrantsCsv,
}

/// The form of the seat report.
#[derive(Default)]
pub(super) enum SeatsForm {
    #[default]
    Table,
    ProfilesCsv,
    UsersCsv,
    Json,
    User(String),
}

/// The arguments of `entitle explain`.
pub(super) struct ExplainArgs {
    pub(super) who: String,
    pub(super) on: String,
    pub(super) permissions: Vec<String>,
    pub(super) json: bool,
    pub(super) all: bool,
}

/// Parses the arguments. Errors name the argument that is missing or unexpected.
pub(super) fn parse(mut args: Parser) -> Result<CliCommand, Error> {
    let Some(first) = args.next()? else { return Err("missing command".into()) };
    match first {
        Long("help") | Short('h') => Ok(CliCommand::Help),
        Long("version") | Short('V') => Ok(CliCommand::Version),
        Value(command) => match command.string()?.as_str() {
            "help" => Ok(CliCommand::Help),
            known if COMMANDS.contains(&known) && asks_for_help(&mut args) => Ok(CliCommand::Help),
            "test" => test(args),
            "seats" => seats(args),
            "explain" => explain(args),
            "review" => review(args),
            "report" => report(args),
            other => Err(format!("unknown command `{other}`").into()),
        },
        _ => Err(first.unexpected()),
    }
}

/// The subcommands.
const COMMANDS: [&str; 5] = ["test", "seats", "explain", "review", "report"];

/// Returns `true` if the rest of the arguments contains `--help` or `-h`.
fn asks_for_help(args: &mut Parser) -> bool {
    let rest = args.try_raw_args().map(|rest| rest.as_slice().to_vec()).unwrap_or_default();
    rest.iter().any(|arg| arg == "--help" || arg == "-h")
}

fn test(mut args: Parser) -> Result<CliCommand, Error> {
    let (mut files, mut verify) = (Vec::new(), false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("verify") => verify = true,
            Value(file) => files.push(file.string()?),
            _ => return Err(arg.unexpected()),
        }
    }
    if files.is_empty() {
        return Err(missing("test", "FILE"));
    }
    Ok(CliCommand::Test { files, verify })
}

fn seats(mut args: Parser) -> Result<CliCommand, Error> {
    let (mut file, mut form) = (None, None);
    while let Some(arg) = args.next()? {
        let chosen = match arg {
            Long("csv") => SeatsForm::ProfilesCsv,
            Long("users-csv") => SeatsForm::UsersCsv,
            Long("json") => SeatsForm::Json,
            Long("user") => SeatsForm::User(args.value()?.string()?),
            Value(name) if file.is_none() => {
                file = Some(name.string()?);
                continue;
            }
            _ => return Err(arg.unexpected()),
        };
        if form.replace(chosen).is_some() {
            return Err("`seats` accepts only one of `--csv`, `--users-csv`, `--json` and `--user`".into());
        }
    }
    let file = file.ok_or_else(|| missing("seats", "FILE"))?;
    Ok(CliCommand::Seats { file, form: form.unwrap_or_default() })
}

fn explain(mut args: Parser) -> Result<CliCommand, Error> {
    let (mut file, mut who, mut on) = (None, None, None);
    let (mut permissions, mut json, mut all) = (Vec::new(), false, false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("who") => who = Some(args.value()?.string()?),
            Long("on") => on = Some(args.value()?.string()?),
            Long("permission") => permissions.push(args.value()?.string()?),
            Long("json") => json = true,
            Long("all") => all = true,
            Value(name) if file.is_none() => file = Some(name.string()?),
            _ => return Err(arg.unexpected()),
        }
    }
    let file = file.ok_or_else(|| missing("explain", "FILE"))?;
    let who = who.ok_or_else(|| missing("explain", "`--who`"))?;
    who.parse::<PrincipalName>().map_err(|error| error.to_string())?;
    let on = on.ok_or_else(|| missing("explain", "`--on`"))?;
    if permissions.is_empty() {
        return Err(missing("explain", "`--permission`"));
    }
    Ok(CliCommand::Explain { file, explain: ExplainArgs { who, on, permissions, json, all } })
}

fn review(mut args: Parser) -> Result<CliCommand, Error> {
    let (mut file, mut form) = (None, None);
    while let Some(arg) = args.next()? {
        let chosen = match arg {
            Long("grants") => ReviewForm::GrantsCsv,
            Value(name) if file.is_none() => {
                file = Some(name.string()?);
                continue;
            }
            _ => return Err(arg.unexpected()),
        };
        form = Some(chosen);
    }
    let file = file.ok_or_else(|| missing("review", "FILE"))?;
    Ok(CliCommand::Review { file, form: form.unwrap_or_default() })
}

fn report(mut args: Parser) -> Result<CliCommand, Error> {
    let (mut file, mut html) = (None, false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("html") => html = true,
            Value(name) if file.is_none() => file = Some(name.string()?),
            _ => return Err(arg.unexpected()),
        }
    }
    if !html {
        return Err(missing("report", "`--html`"));
    }
    Ok(CliCommand::Report { file: file.ok_or_else(|| missing("report", "FILE"))? })
}

fn missing(command: &str, what: &str) -> Error {
    format!("`{command}` requires {what}").into()
}
