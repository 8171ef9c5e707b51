//! Stored directories as lines of JSON.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use std::io::{self, BufRead, Write};

use super::{Builder, Record, SnapshotError, records};
use crate::catalog::Catalog;
use crate::directory::Directory;

/// The error of reading a stored directory, with the line, from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes could not be read.
    #[error("line {line}: {source}")]
    Io {
        /// The line.
        line: u64,
        /// The error of the reader.
        source: io::Error,
    },
    /// A line is not a record.
    #[error("line {line}: {source}")]
    Malformed {
        /// The line.
        line: u64,
        /// The error of the JSON parser, with the column.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A record is invalid; its place is its line.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The text ends before its checksum.
    #[error("line {line}: unexpected end of input, expected the checksum")]
    Truncated {
        /// The line at which the text ends.
        line: u64,
    },
    /// The text is not the one that was written: it is damaged.
    #[error("line {line}: checksum mismatch: found `{found}`, expected `{expected}`")]
    Checksum {
        /// The line of the checksum.
        line: u64,
        /// The checksum of what was read.
        expected: String,
        /// The checksum in that line.
        found: String,
    },
    /// The text continues after the checksum.
    #[error("line {line}: the text continues after the checksum")]
    Trailing {
        /// The line.
        line: u64,
    },
}

impl ReadError {
    /// Returns the error's stable code, such as `checksum`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::Malformed { .. } => "malformed",
            Self::Snapshot(error) => error.code(),
            Self::Truncated { .. } => "truncated",
            Self::Checksum { .. } => "checksum",
            Self::Trailing { .. } => "trailing",
        }
    }
}

/// A checksum by FNV-1a of 64 bits.
///
/// Each step is a bijection of the state, so a text with one byte changed never has the same checksum. It finds damage;
/// it is no protection against deliberate changes.
pub(crate) struct Checksum(u64);

impl Checksum {
    pub(crate) const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let step = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        self.0 = bytes.iter().fold(self.0, step);
    }

    pub(crate) fn text(&self) -> String {
        format!("fnv1a64:{:016x}", self.0)
    }
}

/// The last line of the text.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    checksum: String,
}

/// The number of bytes buffered before a write.
const BUFFERED: usize = 1 << 16;

impl Directory {
    /// Writes the stored form: one record a line, and a line with the checksum of all lines before it.
    ///
    /// Equal directories give equal bytes. The [module](crate::snapshot) lists the records; the last line is
    /// `{"checksum":"fnv1a64:..."}`, FNV-1a of 64 bits in hexadecimal over everything before it. Writes are in large
    /// pieces, so the writer needs no buffer of its own.
    ///
    /// # Errors
    ///
    /// The error of the writer; what it has written until then is not a stored directory.
    pub fn write_to(&self, mut writer: impl Write) -> io::Result<()> {
        let mut checksum = Checksum::new();
        let mut buffer = Vec::with_capacity(BUFFERED.saturating_mul(2));
        for record in records(self) {
            serde_json::to_writer(&mut buffer, &record)?;
            buffer.push(b'\n');
            if buffer.len() >= BUFFERED {
                checksum.add(&buffer);
                writer.write_all(&buffer)?;
                buffer.clear();
            }
        }
        checksum.add(&buffer);
        serde_json::to_writer(&mut buffer, &Last { checksum: checksum.text() })?;
        buffer.push(b'\n');
        writer.write_all(&buffer)?;
        writer.flush()
    }

    /// Reads what [`write_to`](Self::write_to) wrote, with the stored catalog.
    ///
    /// The stored catalog contains the permissions of a typed kind in their order, but not the type's bits. With typed
    /// kinds, use [`read_with_catalog`](Self::read_with_catalog): unless the bits are 1, 2, 4 and so on in that order,
    /// typed lookups find nothing in the directory read here, and it is not equal to the one written.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the line at which reading stopped.
    ///
    /// ```
    /// # use entitle::Directory;
    /// # use entitle::catalog::Catalog;
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let mut stored = Vec::new();
    /// directory.write_to(&mut stored)?;
    /// assert_eq!(Directory::read_from(&stored[..])?, directory);
    ///
    /// stored.truncate(stored.len() - 2);
    /// assert_eq!(Directory::read_from(&stored[..]).unwrap_err().code(), "malformed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_from(reader: impl BufRead) -> Result<Self, ReadError> {
        read(Builder::new(), reader)
    }

    /// Reads what [`write_to`](Self::write_to) wrote, with the host's catalog instead of the stored one.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the line at which reading stopped.
    ///
    /// ```
    /// # use entitle::Directory;
    /// # use entitle::catalog::{Catalog, Profile};
    /// # let mut stored = Vec::new();
    /// # Directory::new(Catalog::builder().build()?).write_to(&mut stored)?;
    /// // A new release declares more than the one that stored the directory.
    /// let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// let directory = Directory::read_with_catalog(catalog, &stored[..])?;
    /// assert!(directory.figures("reader").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_with_catalog(catalog: Catalog, reader: impl BufRead) -> Result<Self, ReadError> {
        read(Builder::with_catalog(catalog), reader)
    }
}

fn read(mut builder: Builder, reader: impl BufRead) -> Result<Directory, ReadError> {
    let mut lines = Lines { reader, bytes: Vec::new(), line: 0 };
    let mut checksum = Checksum::new();
    while !builder.is_complete() {
        lines.advance()?;
        let record: Record = lines.parse()?;
        builder.push(record)?;
        checksum.add(&lines.bytes);
    }
    lines.advance()?;
    let Last { checksum: found } = lines.parse()?;
    let expected = checksum.text();
    if found != expected {
        return Err(ReadError::Checksum { line: lines.line, expected, found });
    }
    lines.expect_end()?;
    Ok(builder.finish()?)
}

/// The lines of a text, one at a time.
struct Lines<R> {
    reader: R,
    bytes: Vec<u8>,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    fn advance(&mut self) -> Result<(), ReadError> {
        self.line = self.line.saturating_add(1);
        let line = self.line;
        self.bytes.clear();
        let read = self.reader.read_until(b'\n', &mut self.bytes);
        match read.map_err(|source| ReadError::Io { line, source })? {
            0 => Err(ReadError::Truncated { line }),
            _ => Ok(()),
        }
    }

    fn parse<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, ReadError> {
        let read = serde_json::from_slice(&self.bytes);
        read.map_err(|error| ReadError::Malformed { line: self.line, source: Box::new(LineError(error)) })
    }

    fn expect_end(&mut self) -> Result<(), ReadError> {
        let line = self.line.saturating_add(1);
        let rest = self.reader.fill_buf().map_err(|source| ReadError::Io { line, source })?;
        if rest.is_empty() { Ok(()) } else { Err(ReadError::Trailing { line }) }
    }
}

/// A parser's error, without the parser's line: it sees one line only, so its own count would mislead.
#[derive(Debug)]
struct LineError(serde_json::Error);

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        match self.0.column() {
            0 => f.write_str(message),
            column => write!(f, "column {column}: {message}"),
        }
    }
}

impl Error for LineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
