//! Sources in files: what a file contains is told by its first bytes.

use std::io::{BufRead, BufReader};
use std::path::Path;

use entitle::Directory;
use entitle::catalog::Catalog;
use entitle::scenario::TestReport;

use super::reader;
use crate::output::CliError;
use crate::test;

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
    let (file, progress) = reader(path)?;
    let mut reader = BufReader::with_capacity(1 << 16, progress.reading(file));
    let failed = |error: &dyn std::fmt::Display| CliError::in_source(path.display(), error);
    let begins = reader.fill_buf().map_err(|error| failed(&error))?;
    if begins.starts_with(REDB) {
        return Ok(Opened::Redb);
    }
    if begins.starts_with(BINARY) {
        let read = match catalog {
            Some(catalog) => Directory::read_binary_with_catalog(catalog, reader),
            None => Directory::read_binary_from(reader),
        };
        return read.map(stored).map_err(|error| failed(&error));
    }
    if begins.starts_with(LINES) {
        let read = match catalog {
            Some(catalog) => Directory::read_with_catalog(catalog, reader),
            None => Directory::read_from(reader),
        };
        return read.map(stored).map_err(|error| failed(&error));
    }
    if begins.first().is_some_and(|byte| !byte.is_ascii()) {
        return Err(failed(&"neither a scenario nor a stored directory"));
    }
    Ok(Opened::Scenario(Box::new(test::read(path)?.run())))
}

fn stored(directory: Directory) -> Opened {
    Opened::Stored(Box::new(directory))
}
