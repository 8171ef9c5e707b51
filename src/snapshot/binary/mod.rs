//! Stored directories as bytes.

mod blocks;
mod names;
mod read;
mod records;
mod write;

use alloc::boxed::Box;
use core::error::Error;
use std::io::{self, Read, Write};

pub use self::blocks::BINARY_VERSION;
use super::SnapshotError;
use crate::catalog::Catalog;
use crate::directory::Directory;

/// The error of reading a stored directory in the binary form, with the block, from 1; the header is block 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadBinaryError {
    /// The bytes could not be read.
    #[error("block {block}: {source}")]
    Io {
        /// The block.
        block: u64,
        /// The error of the reader.
        source: io::Error,
    },
    /// The bytes do not begin as the binary form does, or a block does not contain records.
    #[error("block {block}: {source}")]
    Malformed {
        /// The block.
        block: u64,
        /// The error of the parser.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The version of the binary form is not supported by this release.
    #[error("unsupported version {found} of the binary form, this release reads version {BINARY_VERSION}")]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// A record is invalid; its place is that of the record in [`records`](crate::snapshot::records).
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The bytes end before the last block does.
    #[error("block {block}: unexpected end of input")]
    Truncated {
        /// The block in which the bytes end.
        block: u64,
    },
    /// A block is not the one that was written, or not in its place: the bytes are damaged.
    #[error("block {block}: checksum mismatch")]
    Checksum {
        /// The block.
        block: u64,
    },
    /// The bytes continue after the last block.
    #[error("the bytes continue after the last block")]
    Trailing,
}

impl ReadBinaryError {
    /// Returns the error's stable code, such as `checksum`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::Malformed { .. } => "malformed",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::Snapshot(error) => error.code(),
            Self::Truncated { .. } => "truncated",
            Self::Checksum { .. } => "checksum",
            Self::Trailing => "trailing",
        }
    }
}

impl Directory {
    /// Writes the stored form as bytes, in blocks with a checksum each.
    ///
    /// Equal directories give equal bytes. The [module](crate::snapshot) describes them. Writes are in pieces of 64 KiB,
    /// so the writer needs no buffer of its own.
    ///
    /// # Errors
    ///
    /// The error of the writer; what it has written until then is not a stored directory.
    pub fn write_binary_to(&self, writer: impl Write) -> io::Result<()> {
        write::write(self, writer)
    }

    /// Reads what [`write_binary_to`](Self::write_binary_to) wrote, with the stored catalog.
    ///
    /// As with lines, the bits of typed kinds are not stored: with those, use
    /// [`read_binary_with_catalog`](Self::read_binary_with_catalog). Small reads are made between blocks, so a file is
    /// best read through a `BufReader`. Memory follows the bytes that arrive, whatever lengths they claim.
    ///
    /// # Errors
    ///
    /// [`ReadBinaryError`] with the block or the record at which reading stopped.
    ///
    /// ```
    /// # use entitle::Directory;
    /// # use entitle::catalog::Catalog;
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let mut stored = Vec::new();
    /// directory.write_binary_to(&mut stored)?;
    /// assert_eq!(Directory::read_binary_from(&stored[..])?, directory);
    ///
    /// let last = stored.len() - 1;
    /// stored[last] ^= 1;
    /// assert_eq!(Directory::read_binary_from(&stored[..]).unwrap_err().code(), "checksum");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_binary_from(reader: impl Read) -> Result<Self, ReadBinaryError> {
        read::read(None, reader)
    }

    /// Reads what [`write_binary_to`](Self::write_binary_to) wrote, with the host's catalog instead of the stored one.
    ///
    /// If both have the same [fingerprint](Catalog::fingerprint), the stored catalog is not even parsed, and the
    /// directory shares the host's. If not, everything is looked up by name in the host's catalog, as with
    /// [`Builder::with_catalog`](crate::snapshot::Builder::with_catalog).
    ///
    /// # Errors
    ///
    /// [`ReadBinaryError`] with the block or the record at which reading stopped.
    ///
    /// ```
    /// # use entitle::Directory;
    /// # use entitle::catalog::{Catalog, Profile};
    /// # let mut stored = Vec::new();
    /// # Directory::new(Catalog::builder().build()?).write_binary_to(&mut stored)?;
    /// // A new release declares more than the one that stored the directory.
    /// let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// let directory = Directory::read_binary_with_catalog(catalog, &stored[..])?;
    /// assert!(directory.figures("reader").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_binary_with_catalog(catalog: Catalog, reader: impl Read) -> Result<Self, ReadBinaryError> {
        read::read(Some(catalog), reader)
    }

    /// Reads a stored directory with a catalog in place of the stored one, if it is given.
    #[cfg(any(feature = "redb", feature = "postgres"))]
    pub(crate) fn read_binary_or_with(
        catalog: Option<&Catalog>,
        reader: impl Read,
    ) -> Result<Self, ReadBinaryError> {
        read::read(catalog.cloned(), reader)
    }
}
