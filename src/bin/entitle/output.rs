//! Errors and output that the subcommands share.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use clap::error::ErrorKind;
use entitle::report::escape_hidden;

use super::Exit;

/// The failure of a subcommand.
#[derive(Debug)]
pub(super) enum CliError {
    /// The arguments, or what they name, cannot be used.
    InvalidInput(String),
    /// The output could not be written.
    Output(io::Error),
    /// The failure is reported already.
    Reported(Exit),
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl CliError {
    /// Returns the error of something that is read: a file, a journal or a database.
    pub(super) fn in_source(source: impl Display, error: impl Display) -> Self {
        Self::InvalidInput(format!("{source}: {error}"))
    }

    /// Writes the error to standard error and returns the exit code.
    pub(super) fn report(self) -> Exit {
        match self {
            Self::InvalidInput(message) => {
                print_error(&clap::Error::raw(ErrorKind::ValueValidation, message + "\n"));
                Exit::InvalidInput
            }
            // The reader, such as `head`, closed the pipe. This is not a failure.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
            Self::Output(error) => {
                let message = format!("cannot write the output: {error}\n");
                print_error(&clap::Error::raw(ErrorKind::Io, message));
                Exit::Failure
            }
            Self::Reported(exit) => exit,
        }
    }
}

/// Writes an error, colored on a terminal, without the passwords in it, and with hidden characters marked.
pub(super) fn print_error(error: &clap::Error) {
    let text = error.to_string();
    let arguments = std::env::args_os().skip(1);
    let arguments: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    let hidden = without_secrets(&text, &arguments);
    let lines = hidden.split('\n').map(|line| escape_hidden(line).into_owned());
    let safe = without_passwords(&lines.collect::<Vec<_>>().join("\n"));
    if safe == text {
        let _ = error.print();
    } else {
        note(&safe);
    }
}

/// Returns an exit code, or that of an output that could not be written if it is higher.
pub(super) fn finish(exit: Exit, written: io::Result<()>) -> Exit {
    written.map_or_else(|error| CliError::Output(error).report().max(exit), |()| exit)
}

/// Returns a number with what it counts, such as `1 commit` or `2 commits`.
pub(super) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Returns a text in quotes, as a word for a shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", escape_hidden(text).replace('\'', r"'\''"))
}

/// Returns a text as a word for a shell, in quotes only if it needs them.
pub(super) fn word(text: &str) -> String {
    // Some characters that cannot be seen are letters.
    let is_visible = matches!(escape_hidden(text), Cow::Borrowed(_));
    let is_plain = |c: char| c.is_alphanumeric() || "/:._-@%+,".contains(c);
    let is_word = is_visible && !text.is_empty() && text.chars().all(is_plain);
    if is_word { text.to_owned() } else { quoted(text) }
}

/// Writes a line to standard error; what cannot be written there is lost.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes to standard output through a buffer.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out)?;
    out.flush()
}

/// Writes a value as indented JSON and a line feed.
pub(super) fn print_json(value: &impl serde::Serialize) -> io::Result<()> {
    print(|out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        writeln!(out)
    })
}

/// The beginnings of connection strings.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// The ends of the connection strings that messages give as examples.
const EXAMPLES: [&str; 2] = ["://USER@HOST/DATABASE", "://USER:PASSWORD@HOST/DATABASE"];

/// Returns the scheme of connection strings that a text begins with, in any case.
pub(super) fn scheme_of(text: &str) -> Option<&'static str> {
    let begins =
        |scheme: &&str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    SCHEMES.into_iter().find(|scheme| begins(scheme))
}

/// Returns `true` if a text may be a connection string of another form, which can contain a password.
pub(super) fn may_have_password(text: &str) -> bool {
    text.contains("://") || text.to_ascii_lowercase().contains("password=")
}

/// Returns a text in which the arguments that can contain a password are replaced.
///
/// They are replaced as they are: a password can contain what ends a word, such as a space or a quote.
fn without_secrets(text: &str, arguments: &[String]) -> String {
    let secrets = arguments.iter().filter_map(|argument| secret(argument));
    secrets.fold(text.to_owned(), |text, (written, shown)| {
        let text = text.replace(written, &shown);
        match escape_hidden(written) {
            // The same characters, which what is shown may contain again.
            Cow::Borrowed(_) => text,
            Cow::Owned(escaped) => text.replace(&escaped, &shown),
        }
    })
}

/// Returns the part of an argument that can contain a password, and what is shown in its place.
fn secret(argument: &str) -> Option<(&str, String)> {
    let lower = argument.to_ascii_lowercase();
    if let Some(begin) = SCHEMES.iter().filter_map(|scheme| lower.find(scheme)).min() {
        let url = argument.get(begin..)?;
        return Some((url, shown_url(url)));
    }
    if !may_have_password(argument) {
        return None;
    }
    let value = argument.strip_prefix('-').and_then(|option| option.split_once('='));
    Some((value.map_or(argument, |(_, value)| value), "(a connection string)".to_owned()))
}

/// Returns a connection string without its user, password and parameters.
pub(super) fn shown_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let place = match rest.rsplit_once('@') {
        // Either the password contains the question mark, or a parameter contains the `@`.
        Some((before, _)) if before.contains(['?', '#']) => "",
        Some((_, place)) => place.split(['?', '#']).next().unwrap_or_default(),
        None if !rest.contains(':') || has_port(rest) => rest.split(['?', '#']).next().unwrap_or_default(),
        None => rest.split([':', '?', '#']).next().unwrap_or_default(),
    };
    let is_plain = |c: char| c.is_alphanumeric() || ".-_:/[],%~".contains(c);
    let place = if !place.is_empty() && place.chars().all(is_plain) { place } else { "..." };
    format!("{scheme}://{place}")
}

/// Returns a connection string without its password and parameters; `None` if it is not clear where they are.
pub(super) fn url_with_user(url: &str) -> Option<String> {
    let shown = shown_url(url);
    let (scheme, place) = shown.split_once("://").filter(|(_, place)| *place != "...")?;
    let Some((before, _)) = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')) else {
        return Some(shown);
    };
    let user = before.split(':').next().unwrap_or_default();
    let is_plain = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let is_user = !user.is_empty() && user.chars().all(is_plain);
    is_user.then(|| format!("{scheme}://{user}@{place}"))
}

/// Returns a text without the users, passwords and parameters of the connection strings among its words.
pub(super) fn without_passwords(text: &str) -> String {
    let words = text.split_inclusive(|c: char| c.is_whitespace() || c == '\'' || c == '`');
    words.map(|word| hidden(word).unwrap_or_else(|| word.into())).collect()
}

/// Hides the user, password and parameters in a word that contains a connection string.
fn hidden(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let begin = SCHEMES.iter().filter_map(|scheme| lower.find(scheme)).min()?;
    let (before, rest) = word.split_at_checked(begin)?;
    let end = rest.trim_end_matches(|c: char| c.is_whitespace() || "'`:,;".contains(c));
    let (url, after) = rest.split_at_checked(end.len())?;
    let is_shown = url.ends_with("://...") || EXAMPLES.iter().any(|example| url.ends_with(example));
    if is_shown { None } else { Some(format!("{before}{}{after}", shown_url(url))) }
}

/// Returns `true` if a number follows the only colon: it is the port, and not a password without a host.
fn has_port(url: &str) -> bool {
    let port = url.split_once(':').map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    port.is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::{escape_hidden, quoted, shown_url, without_passwords, without_secrets, word};

    #[test]
    fn a_quote_does_not_end_the_word() {
        assert_eq!(quoted("project/churn"), "'project/churn'");
        assert_eq!(quoted("x'; rm -rf ~; '"), r"'x'\''; rm -rf ~; '\'''");
        assert_eq!([word("key:ci"), word("a b"), word("")], ["key:ci", "'a b'", "''"]);
        for hidden in ['\u{3164}', '\u{115f}', '\u{1160}', '\u{ffa0}'] {
            assert_eq!(word(&format!("a{hidden}b")), format!("'a{}b'", hidden.escape_unicode()));
        }
    }

    #[test]
    fn passwords_are_hidden() {
        for (written, shown) in [
            ("no url", "no url"),
            ("write `postgres://USER@HOST/DATABASE`", "write `postgres://USER@HOST/DATABASE`"),
            ("postgres://localhost/db: lost", "postgres://localhost/db: lost"),
            ("in 'postgres://ada:secret@db:5432/p?x=secret' found", "in 'postgres://db:5432/p' found"),
            ("postgresql://ada:se@cr/et@db/p", "postgresql://db/p"),
            ("postgres://ada:se?cret@db/p", "postgres://..."),
            ("postgres://ada:secret/p", "postgres://ada"),
            ("postgres://db/p?password=secret", "postgres://db/p"),
        ] {
            assert_eq!(without_passwords(written), shown, "{written}");
        }
    }

    /// What ends a word does not end a password, and the case of the scheme does not matter.
    #[test]
    fn a_whole_connection_string_is_hidden() {
        for (written, shown) in [
            ("postgres://ada:it'shunter2@127.0.0.1:1/db", "postgres://127.0.0.1:1/db"),
            ("postgres://ada:a`b c@db/p", "postgres://db/p"),
            ("Postgres://ada:hunter2@db/p", "Postgres://db/p"),
            ("postgres://db/p?password=a@b", "postgres://..."),
            ("postgres://db/p password=secret", "postgres://..."),
            ("postgres://", "postgres://..."),
        ] {
            assert_eq!(shown_url(written), shown, "{written}");
            for argument in [written.to_owned(), format!("--at={written}")] {
                let text = without_secrets(&format!("invalid value '{written}' found"), &[argument]);
                assert_eq!(without_passwords(&text), format!("invalid value '{shown}' found"));
            }
        }
        let hidden = "postgres://ada:se\u{200b}cret@db/p";
        let both = format!("{hidden} and {}", escape_hidden(hidden));
        assert_eq!(without_secrets(&both, &[hidden.to_owned()]), "postgres://db/p and postgres://db/p");
        for written in ["host=h user=ada password=hunter2", "mysql://ada:hunter2@db/p"] {
            for argument in [written.to_owned(), format!("--at={written}")] {
                let text = without_secrets(&format!("{written}: lost"), &[argument]);
                assert_eq!(text, "(a connection string): lost");
            }
        }
    }
}
