//! Errors and output that the subcommands share.

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
    let lines = text.split('\n').map(|line| escape_hidden(line).into_owned());
    let safe = without_passwords(&lines.collect::<Vec<_>>().join("\n"));
    if safe == text {
        let _ = error.print();
    } else {
        note(&safe);
    }
}

/// Returns a number with what it counts, such as `1 commit` or `2 commits`.
pub(super) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
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

/// Returns a text without the users, passwords and parameters of the connection strings in it.
pub(super) fn without_passwords(text: &str) -> String {
    let words = text.split_inclusive(|c: char| c.is_whitespace() || c == '\'' || c == '`');
    words
        .map(|word| SCHEMES.iter().find_map(|scheme| hidden(word, scheme)).unwrap_or_else(|| word.into()))
        .collect()
}

/// Hides what stands before the host and after the database in a word that contains a connection string.
fn hidden(word: &str, scheme: &str) -> Option<String> {
    let (before, rest) = word.split_once(scheme)?;
    let end = rest.trim_end_matches(|c: char| c.is_whitespace() || "'`:,;".contains(c));
    let (url, after) = rest.split_at(end.len());
    let (place, is_complete) = match url.rsplit_once('@') {
        Some((_, place)) => (place, true),
        None => (url, !url.contains(':') || has_port(url)),
    };
    let place = place.split(['?', '#']).next().unwrap_or_default();
    let place = if is_complete { place } else { place.split(':').next().unwrap_or_default() };
    Some(format!("{before}{scheme}{place}{after}"))
}

/// Returns `true` if a number stands after the only colon: it is the port, and not a password without a host.
fn has_port(url: &str) -> bool {
    let port = url.split_once(':').map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    port.is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::without_passwords;

    #[test]
    fn passwords_are_hidden() {
        for (written, shown) in [
            ("no url", "no url"),
            ("postgres://localhost/db: lost", "postgres://localhost/db: lost"),
            ("in 'postgres://ada:secret@db:5432/p?x=secret' found", "in 'postgres://db:5432/p' found"),
            ("postgresql://ada:se@cr/et@db/p", "postgresql://db/p"),
            ("postgres://ada:se?cret@db/p", "postgres://db/p"),
            ("postgres://ada:secret/p", "postgres://ada"),
            ("postgres://db/p?password=secret", "postgres://db/p"),
        ] {
            assert_eq!(without_passwords(written), shown, "{written}");
        }
    }
}
