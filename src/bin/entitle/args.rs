//! What the words of the command line ask for.

use entitle::authorize::PrincipalName;
use lexopt::Arg::{Long, Short, Value};
use lexopt::{Error, Parser, ValueExt as _};

/// What is to be done.
pub(super) enum CliCommand {
    Help,
    Version,
    Test { files: Vec<String>, verify: bool },
    Seats { file: String, form: SeatsForm },
    Explain { file: String, question: Question },
    Review { file: String, html: bool },
}

/// How the seats are reported.
#[derive(Default)]
pub(super) enum SeatsForm {
    #[default]
    Table,
    ProfilesCsv,
    UsersCsv,
    Json,
    User(String),
}

/// What `entitle explain` explains.
pub(super) struct Question {
    pub(super) who: String,
    pub(super) on: String,
    pub(super) permissions: Vec<String>,
    pub(super) json: bool,
}

/// Reads the words; an error says what is missing or not understood.
pub(super) fn parse(mut words: Parser) -> Result<CliCommand, Error> {
    let Some(first) = words.next()? else { return Err("a command is missing".into()) };
    match first {
        Long("help") | Short('h') => Ok(CliCommand::Help),
        Long("version") | Short('V') => Ok(CliCommand::Version),
        Value(command) => match command.string()?.as_str() {
            "help" => Ok(CliCommand::Help),
            "test" => test(words),
            "seats" => seats(words),
            "explain" => explain(words),
            "review" => review(words),
            other => Err(format!("there is no command `{other}`").into()),
        },
        _ => Err(first.unexpected()),
    }
}

fn test(mut words: Parser) -> Result<CliCommand, Error> {
    let (mut files, mut verify) = (Vec::new(), false);
    while let Some(word) = words.next()? {
        match word {
            Long("verify") => verify = true,
            Value(file) => files.push(file.string()?),
            _ => return Err(word.unexpected()),
        }
    }
    if files.is_empty() {
        return Err(missing("test", "a FILE"));
    }
    Ok(CliCommand::Test { files, verify })
}

fn seats(mut words: Parser) -> Result<CliCommand, Error> {
    let (mut file, mut form) = (None, None);
    while let Some(word) = words.next()? {
        let chosen = match word {
            Long("csv") => SeatsForm::ProfilesCsv,
            Long("users-csv") => SeatsForm::UsersCsv,
            Long("json") => SeatsForm::Json,
            Long("user") => SeatsForm::User(words.value()?.string()?),
            Value(name) if file.is_none() => {
                file = Some(name.string()?);
                continue;
            }
            _ => return Err(word.unexpected()),
        };
        if form.replace(chosen).is_some() {
            return Err("`seats` takes one of its options at a time".into());
        }
    }
    let file = file.ok_or_else(|| missing("seats", "a FILE"))?;
    Ok(CliCommand::Seats { file, form: form.unwrap_or_default() })
}

fn explain(mut words: Parser) -> Result<CliCommand, Error> {
    let (mut file, mut who, mut on) = (None, None, None);
    let (mut permissions, mut json) = (Vec::new(), false);
    while let Some(word) = words.next()? {
        match word {
            Long("who") => who = Some(words.value()?.string()?),
            Long("on") => on = Some(words.value()?.string()?),
            Long("permission") => permissions.push(words.value()?.string()?),
            Long("json") => json = true,
            Value(name) if file.is_none() => file = Some(name.string()?),
            _ => return Err(word.unexpected()),
        }
    }
    let file = file.ok_or_else(|| missing("explain", "a FILE"))?;
    let who = who.ok_or_else(|| missing("explain", "`--who`"))?;
    who.parse::<PrincipalName>().map_err(|error| error.to_string())?;
    let on = on.ok_or_else(|| missing("explain", "`--on`"))?;
    if permissions.is_empty() {
        return Err(missing("explain", "`--permission`"));
    }
    Ok(CliCommand::Explain { file, question: Question { who, on, permissions, json } })
}

fn review(mut words: Parser) -> Result<CliCommand, Error> {
    let (mut file, mut html) = (None, false);
    while let Some(word) = words.next()? {
        match word {
            Long("html") => html = true,
            Value(name) if file.is_none() => file = Some(name.string()?),
            _ => return Err(word.unexpected()),
        }
    }
    let file = file.ok_or_else(|| missing("review", "a FILE"))?;
    Ok(CliCommand::Review { file, html })
}

fn missing(command: &str, what: &str) -> Error {
    format!("`{command}` needs {what}").into()
}
