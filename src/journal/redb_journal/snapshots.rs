//! Snapshots in redb, in pieces: each has a digest of itself and of those before it, and an empty one is the last.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::error::Error;
use std::io::{self, BufRead, Read, Write};

use redb::{ReadOnlyTable, ReadableTable, TableDefinition, TableError, WriteTransaction};

use super::super::chain::{self, Digest, Head};
use super::error::{DamagedPlace, RedbError, damaged, store};
use super::tables::{COMMITS, Ends, HEAD, ends_with, read_head};
use crate::catalog::Catalog;
use crate::directory::Directory;

/// The pieces of the snapshots by revision and number.
pub(super) const SNAPSHOTS: TableDefinition<'_, (u64, u64), (u128, &[u8])> =
    TableDefinition::new("entitle_snapshots");

/// The most bytes of a piece. redb stores a value in adjacent pages, which a large file may not have free.
const PIECE: usize = 1 << 20;

type BoxError = Box<dyn Error + Send + Sync>;

/// A directory as the pieces of a snapshot.
pub(super) struct Encoded {
    revision: u64,
    pieces: Vec<Vec<u8>>,
}

impl Encoded {
    /// Encodes a directory, decodes it again and compares.
    pub(super) fn of(directory: &Directory) -> Result<Self, RedbError> {
        let revision = directory.revision();
        let mut snapshot = Self { revision, pieces: Vec::new() };
        directory.write_binary_to(&mut snapshot).map_err(|error| unusable(revision, error.into()))?;
        snapshot.pieces.push(Vec::new());
        let mut pieces = snapshot.pieces.iter();
        let next = || Ok(pieces.next().cloned().unwrap_or_default());
        if Pieces::new(next).decode(Some(directory.catalog()), revision)? != *directory {
            return Err(unusable(revision, "it is not equal to the directory when it is read back".into()));
        }
        Ok(snapshot)
    }

    /// Stores the snapshot in place of one of the same revision.
    pub(super) fn store(&self, transaction: &WriteTransaction) -> Result<(), RedbError> {
        let revision = self.revision;
        let head = checked_head(transaction)?;
        let Head { begins_after, last, .. } = head;
        if !(begins_after..=last).contains(&revision) {
            return Err(RedbError::SnapshotRevision { revision, begins_after, last });
        }
        let mut snapshots = transaction.open_table(SNAPSHOTS).map_err(store)?;
        snapshots.retain_in((revision, 0)..=(revision, u64::MAX), |_, _| false).map_err(store)?;
        let mut digest = chain::beginning(revision);
        for (number, piece) in (0_u64..).zip(&self.pieces) {
            digest = chain::extend(digest, number, piece);
            snapshots.insert((revision, number), (digest, piece.as_slice())).map_err(store)?;
        }
        verify(&snapshots, revision)
    }
}

impl Write for Encoded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let full = self.pieces.last().is_none_or(|piece| piece.len() >= PIECE);
        if full {
            self.pieces.push(Vec::new());
        }
        let Some(piece) = self.pieces.last_mut() else { return Ok(0) };
        let written = bytes.len().min(PIECE.saturating_sub(piece.len()));
        piece.extend_from_slice(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of a snapshot, read piece by piece up to the empty one.
struct Pieces<F> {
    next: F,
    piece: Vec<u8>,
    /// The number of bytes of `piece` that were read.
    read: usize,
    ended: bool,
    /// The error of the journal that a decoder reports as its own.
    error: Option<RedbError>,
}

impl<F: FnMut() -> Result<Vec<u8>, RedbError>> Pieces<F> {
    fn new(next: F) -> Self {
        Self { next, piece: Vec::new(), read: 0, ended: false, error: None }
    }

    /// Decodes with a catalog in place of the stored one, if it is given.
    fn decode(mut self, catalog: Option<&Catalog>, revision: u64) -> Result<Directory, RedbError> {
        let decoded = Directory::read_binary_or_with(catalog, &mut self);
        match self.error {
            Some(error) => Err(error),
            None => decoded.map_err(|error| unusable(revision, error.into())),
        }
    }

    fn advance(&mut self) -> io::Result<()> {
        let next = (self.next)();
        self.piece = next.map_err(|error| {
            let text = alloc::format!("{error}");
            self.error = Some(error);
            io::Error::other(text)
        })?;
        self.read = 0;
        self.ended = self.piece.is_empty();
        Ok(())
    }
}

impl<F: FnMut() -> Result<Vec<u8>, RedbError>> BufRead for Pieces<F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.read >= self.piece.len() && !self.ended {
            self.advance()?;
        }
        Ok(self.piece.get(self.read..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.read = self.read.saturating_add(amount);
    }
}

impl<F: FnMut() -> Result<Vec<u8>, RedbError>> Read for Pieces<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let read = available.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

fn unusable(revision: u64, source: BoxError) -> RedbError {
    RedbError::Snapshot { revision, source }
}

const fn damaged_at(revision: u64) -> RedbError {
    damaged(DamagedPlace::Snapshot { revision })
}

/// Returns the head as a transaction sees it, after checking the journal's ends.
fn checked_head(transaction: &WriteTransaction) -> Result<Head, RedbError> {
    let head = read_head(&transaction.open_table(HEAD).map_err(store)?)?;
    ends_with(&transaction.open_table(COMMITS).map_err(store)?, head)?;
    Ok(head)
}

/// Returns the revision of the latest snapshot, which no commit may lack.
fn latest(snapshots: &impl SnapshotTable, head: Head) -> Result<Option<u64>, RedbError> {
    let Some((key, _)) = snapshots.last().map_err(store)? else { return Ok(None) };
    let (revision, _) = key.value();
    if revision > head.last {
        return Err(damaged_at(revision));
    }
    Ok(Some(revision))
}

/// Returns a piece and its digest, after checking it.
fn piece(
    snapshots: &impl SnapshotTable,
    revision: u64,
    number: u64,
    before: Digest,
) -> Result<(Digest, Vec<u8>), RedbError> {
    let stored = snapshots.get((revision, number)).map_err(store)?;
    let stored = stored.ok_or(damaged_at(revision))?;
    let (digest, bytes) = stored.value();
    if digest != chain::extend(before, number, bytes) {
        return Err(damaged_at(revision));
    }
    Ok((digest, bytes.into()))
}

/// Returns the pieces of a snapshot one by one, each after checking it.
fn pieces(snapshots: &impl SnapshotTable, revision: u64) -> impl FnMut() -> Result<Vec<u8>, RedbError> {
    let (mut digest, mut number) = (chain::beginning(revision), 0_u64);
    move || {
        let (extended, bytes) = piece(snapshots, revision, number, digest)?;
        digest = extended;
        number = number.saturating_add(1);
        Ok(bytes)
    }
}

/// Checks all pieces of a snapshot.
fn verify(snapshots: &impl SnapshotTable, revision: u64) -> Result<(), RedbError> {
    let mut next = pieces(snapshots, revision);
    while !next()?.is_empty() {}
    Ok(())
}

/// The table of snapshots in a transaction that reads.
type Stored = ReadOnlyTable<(u64, u64), (u128, &'static [u8])>;

/// Opens the table of snapshots; `None` if there is none.
fn open(ends: &Ends) -> Result<Option<Stored>, RedbError> {
    match ends.transaction.open_table(SNAPSHOTS) {
        Ok(snapshots) => Ok(Some(snapshots)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(store(error)),
    }
}

/// Reads the latest snapshot of a journal at one moment.
pub(super) fn read_latest(ends: &Ends, catalog: &Catalog) -> Result<Option<Directory>, RedbError> {
    let head = ends.verified()?;
    let Some(snapshots) = open(ends)? else { return Ok(None) };
    let Some(revision) = latest(&snapshots, head)? else { return Ok(None) };
    read_one(&snapshots, revision, Some(catalog)).map(Some)
}

/// Reads the snapshot of a revision; `None` if there is none.
pub(super) fn read(
    ends: &Ends,
    revision: u64,
    catalog: Option<&Catalog>,
) -> Result<Option<Directory>, RedbError> {
    let head = ends.verified()?;
    let Some(snapshots) = open(ends)? else { return Ok(None) };
    if revision > head.last || snapshots.get((revision, 0)).map_err(store)?.is_none() {
        return Ok(None);
    }
    read_one(&snapshots, revision, catalog).map(Some)
}

fn read_one(
    snapshots: &impl SnapshotTable,
    revision: u64,
    catalog: Option<&Catalog>,
) -> Result<Directory, RedbError> {
    let directory = Pieces::new(pieces(snapshots, revision)).decode(catalog, revision)?;
    if directory.revision() != revision {
        return Err(damaged_at(revision));
    }
    Ok(directory)
}

/// Returns the revisions of the snapshots, in ascending order.
pub(super) fn revisions(ends: &Ends) -> Result<Vec<u64>, RedbError> {
    let head = ends.verified()?;
    let Some(snapshots) = open(ends)? else { return Ok(Vec::new()) };
    latest(&snapshots, head)?;
    let mut revisions = Vec::new();
    let mut next = snapshots.range((0, 0)..).map_err(store)?.next();
    while let Some(entry) = next {
        let (key, _) = entry.map_err(store)?;
        let (revision, _) = key.value();
        revisions.push(revision);
        next = snapshots.range((revision, u64::MAX)..).map_err(store)?.next();
    }
    Ok(revisions)
}

/// Removes commits that the latest snapshot contains, and the snapshots before it.
pub(super) fn compact(transaction: &WriteTransaction, through: u64) -> Result<u64, RedbError> {
    let head = checked_head(transaction)?;
    let mut snapshots = transaction.open_table(SNAPSHOTS).map_err(store)?;
    let Some(revision) = latest(&snapshots, head)? else { return Ok(head.begins_after) };
    verify(&snapshots, revision)?;
    let begins_after = through.min(revision);
    if begins_after > head.begins_after {
        remove_commits(transaction, head, begins_after)?;
    }
    snapshots.retain_in(..(revision, 0), |_, _| false).map_err(store)?;
    Ok(begins_after.max(head.begins_after))
}

/// Removes the commits up to a revision, and lets the chain begin with the digest of the last of them.
fn remove_commits(transaction: &WriteTransaction, head: Head, through: u64) -> Result<(), RedbError> {
    let missing = |revision| damaged(DamagedPlace::Commit { revision });
    let mut commits = transaction.open_table(COMMITS).map_err(store)?;
    let beginning = commits.get(through).map_err(store)?.ok_or(missing(through))?.value().0;
    if through < head.last {
        // A wrong digest would become the beginning, and every later commit would be wrong.
        let next = through.saturating_add(1);
        let stored = commits.get(next).map_err(store)?.ok_or(missing(next))?;
        let (digest, commit) = stored.value();
        if digest != chain::extend(beginning, next, commit) {
            return Err(missing(through));
        }
    }
    commits.retain_in(..=through, |_, _| false).map_err(store)?;
    let mut heads = transaction.open_table(HEAD).map_err(store)?;
    heads.insert((), head.beginning_after(through, beginning).stored()).map_err(store)?;
    Ok(())
}

/// The table of snapshots, in a transaction that reads or writes.
trait SnapshotTable: ReadableTable<(u64, u64), (u128, &'static [u8])> {}

impl<T: ReadableTable<(u64, u64), (u128, &'static [u8])>> SnapshotTable for T {}
