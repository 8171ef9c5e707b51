//! Sources in files. The first bytes of a file determine its form.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use entitle::Directory;
use entitle::catalog::Catalog;
use entitle::scenario::TestReport;

use super::super::output::CliError;
use super::super::progress::Progress;
use super::super::test;

/// The first bytes of a stored directory in the binary form.
const BINARY: &[u8] = b"\x9aentitle\r\n";

/// The first bytes of a stored directory as lines of JSON.
const LINES: &[u8] = b"{\"snapshot\"";

/// The first bytes of a redb file.
const REDB: &[u8] = b"redb\x1a\x0a";

/// The content of a file.
pub(super) enum Opened {
    Scenario(Box<TestReport>),
    Stored(Box<Directory>),
    Redb,
}

/// Opens a file.
pub(super) fn open(path: &Path, catalog: Option<Catalog>) -> Result<Opened, CliError> {
    let (begins, reader) = begin(path)?;
    Ok(match begins {
        Begins::Redb => Opened::Redb,
        Begins::Stored(form) => Opened::Stored(read(path, form, catalog, reader)?),
        Begins::Text => Opened::Scenario(Box::new(test::parse_text(path, &read_text(path, reader)?)?.run())),
    })
}

/// The content of a file that is imported.
pub(crate) enum Imported {
    Stored(Box<Directory>),
    Text(String),
}

/// Reads a stored directory or a text.
pub(crate) fn read_imported(path: &Path) -> Result<Imported, CliError> {
    match begin(path)? {
        (Begins::Stored(form), reader) => read(path, form, None, reader).map(Imported::Stored),
        (Begins::Text, reader) => read_text(path, reader).map(Imported::Text),
        (Begins::Redb, _) => {
            let message = "a journal is not imported: `entitle export` writes its directory";
            Err(CliError::in_source(path.display(), message))
        }
    }
}

fn read_text(path: &Path, mut reader: impl Read) -> Result<String, CliError> {
    let mut text = String::new();
    let read = reader.read_to_string(&mut text);
    read.map_err(|error| CliError::in_source(path.display(), error))?;
    Ok(text)
}

/// What a file begins as.
enum Begins {
    Stored(StoredForm),
    Redb,
    Text,
}

#[derive(Clone, Copy)]
enum StoredForm {
    Lines,
    Binary,
}

/// More bytes than each form begins with.
const FIRST: u64 = 16;

/// Opens a file, or standard input if it is `-`, with a progress bar over its bytes. A pipe can be opened only once.
fn begin(path: &Path) -> Result<(Begins, impl BufRead + use<>), CliError> {
    let failed = |error: &dyn std::fmt::Display| CliError::in_source(path.display(), error);
    let (file, bytes): (Box<dyn Read>, u64) = if path == Path::new("-") {
        (Box::new(io::stdin()), 0)
    } else {
        let file = File::open(path).map_err(|error| failed(&error))?;
        let bytes = file.metadata().map_err(|error| failed(&error))?.len();
        (Box::new(file), bytes)
    };
    let progress = Progress::of_bytes("reading", bytes);
    let mut reader = BufReader::with_capacity(1 << 16, progress.reading(file));
    // A pipe can give fewer bytes at once.
    let mut bytes = Vec::new();
    reader.by_ref().take(FIRST).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    let begins = if bytes.starts_with(REDB) {
        Begins::Redb
    } else if bytes.starts_with(BINARY) {
        Begins::Stored(StoredForm::Binary)
    } else if bytes.starts_with(LINES) {
        Begins::Stored(StoredForm::Lines)
    } else {
        Begins::Text
    };
    Ok((begins, Cursor::new(bytes).chain(reader)))
}

fn read(
    path: &Path,
    form: StoredForm,
    catalog: Option<Catalog>,
    reader: impl BufRead,
) -> Result<Box<Directory>, CliError> {
    let failed = |error: &dyn std::fmt::Display| CliError::in_source(path.display(), error);
    let read = match (form, catalog) {
        (StoredForm::Lines, None) => Directory::read_from(reader).map_err(|error| failed(&error)),
        (StoredForm::Lines, Some(catalog)) => {
            Directory::read_with_catalog(catalog, reader).map_err(|error| failed(&error))
        }
        (StoredForm::Binary, None) => Directory::read_binary_from(reader).map_err(|error| failed(&error)),
        (StoredForm::Binary, Some(catalog)) => {
            Directory::read_binary_with_catalog(catalog, reader).map_err(|error| failed(&error))
        }
    };
    read.map(Box::new)
}
