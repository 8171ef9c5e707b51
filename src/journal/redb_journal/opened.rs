//! The open database of a journal.

use alloc::sync::Arc;
use core::fmt;

use redb::{Database, ReadOnlyDatabase, ReadableDatabase};

use super::error::RedbError;

/// A database, open for writing or only for reading.
pub(super) enum Opened {
    Writable(Arc<Database>),
    ReadOnly(ReadOnlyDatabase),
}

impl Opened {
    pub(super) fn readable(&self) -> &dyn ReadableDatabase {
        match self {
            Self::Writable(database) => &**database,
            Self::ReadOnly(database) => database,
        }
    }

    pub(super) fn writable(&self) -> Result<&Database, RedbError> {
        match self {
            Self::Writable(database) => Ok(database),
            Self::ReadOnly(_) => Err(RedbError::ReadOnly),
        }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Writable(_) => "Writable",
            Self::ReadOnly(_) => "ReadOnly",
        })
    }
}
