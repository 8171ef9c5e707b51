//! The tables of the journal in redb, and the checks of the chain in them.

use alloc::vec::Vec;

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata as _, TableDefinition,
    TableError, WriteTransaction,
};

use super::super::chain::{self, Digest, Head, StoredHead};
use super::error::{DamagedPlace, RedbError, damaged, store};
use super::snapshots::SNAPSHOTS;

/// The commits by revision: the digest of each and of all before it, and the commit as JSON.
pub(super) const COMMITS: TableDefinition<'_, u64, (u128, &[u8])> = TableDefinition::new("entitle_commits");

/// The head, in the table's only row: the revision that the first commit follows, the last revision, the digests of
/// both, and the checksum of these.
pub(super) const HEAD: TableDefinition<'_, (), StoredHead> = TableDefinition::new("entitle_head");

/// The most commits that one read returns.
const PAGE: usize = 4096;

/// Creates the tables.
pub(super) fn begin(database: &Database, head: Head) -> Result<(), RedbError> {
    let transaction = database.begin_write().map_err(store)?;
    {
        let mut heads = transaction.open_table(HEAD).map_err(store)?;
        if heads.get(()).map_err(store)?.is_some() {
            return Err(RedbError::Exists);
        }
        let commits = transaction.open_table(COMMITS).map_err(store)?;
        let snapshots = transaction.open_table(SNAPSHOTS).map_err(store)?;
        if !commits.is_empty().map_err(store)? || !snapshots.is_empty().map_err(store)? {
            return Err(damaged(DamagedPlace::Head));
        }
        heads.insert((), head.stored()).map_err(store)?;
    }
    transaction.commit().map_err(store)
}

/// Commits an empty transaction, so that both records that redb has of its root contain the commit before it.
pub(super) fn settle(database: &Database) -> Result<(), RedbError> {
    let transaction = database.begin_write().map_err(store)?;
    transaction.commit().map_err(store)
}

/// Reads the head, and checks it.
pub(super) fn read_head(heads: &impl ReadableTable<(), StoredHead>) -> Result<Head, RedbError> {
    let stored = heads.get(()).map_err(store)?.map(|stored| stored.value());
    stored.and_then(Head::read).ok_or(damaged(DamagedPlace::Head))
}

/// Returns the revision of the last commit as a transaction sees it, after checking the journal's ends.
pub(super) fn last_in(transaction: &WriteTransaction) -> Result<u64, RedbError> {
    let heads = transaction.open_table(HEAD).map_err(store)?;
    let head = read_head(&heads)?;
    ends_with(&transaction.open_table(COMMITS).map_err(store)?, head)?;
    Ok(head.last)
}

/// Inserts commits that follow the last one.
pub(super) fn insert(transaction: &WriteTransaction, new: &[(u64, Vec<u8>)]) -> Result<(), RedbError> {
    let mut heads = transaction.open_table(HEAD).map_err(store)?;
    let mut commits = transaction.open_table(COMMITS).map_err(store)?;
    let mut head = read_head(&heads)?;
    for (revision, commit) in new {
        let digest = chain::extend(head.digest, *revision, commit);
        commits.insert(*revision, (digest, commit.as_slice())).map_err(store)?;
        head = head.followed_by(digest);
    }
    heads.insert((), head.stored()).map_err(store)?;
    Ok(())
}

/// Checks that the last commit is the one of the head.
pub(super) fn ends_with(
    commits: &impl ReadableTable<u64, (u128, &'static [u8])>,
    head: Head,
) -> Result<(), RedbError> {
    let last = commits.last().map_err(store)?.map(|(revision, commit)| (revision.value(), commit.value().0));
    let expected = (head.last > head.begins_after).then_some((head.last, head.digest));
    let empty = head.last == head.begins_after && head.digest != head.beginning;
    if last != expected || empty {
        return Err(damaged(DamagedPlace::Commit { revision: head.last }));
    }
    Ok(())
}

/// A journal at one moment.
pub(super) struct Ends {
    pub(super) transaction: ReadTransaction,
    pub(super) head: Head,
}

impl Ends {
    pub(super) fn of(database: &dyn ReadableDatabase) -> Result<Self, RedbError> {
        let transaction = database.begin_read().map_err(store)?;
        let head = match transaction.open_table(HEAD) {
            Ok(heads) => read_head(&heads)?,
            Err(TableError::TableDoesNotExist(_)) => return Err(without_head(&transaction)),
            Err(error) => return Err(store(error)),
        };
        Ok(Self { transaction, head })
    }

    /// Checks the number of the commits and the last one, and returns the head.
    pub(super) fn verified(&self) -> Result<Head, RedbError> {
        let commits = self.transaction.open_table(COMMITS).map_err(store)?;
        let Head { begins_after, last, .. } = self.head;
        if commits.len().map_err(store)? != last.saturating_sub(begins_after) {
            return Err(damaged(DamagedPlace::Head));
        }
        ends_with(&commits, self.head)?;
        Ok(self.head)
    }

    /// Returns the commits after a revision, up to a page of them, after checking each.
    pub(super) fn page_after(&self, revision: u64) -> Result<Vec<(u64, Vec<u8>)>, RedbError> {
        let Head { begins_after, last, beginning, digest } = self.head;
        let missing = |revision| damaged(DamagedPlace::Commit { revision });
        let commits = self.transaction.open_table(COMMITS).map_err(store)?;
        let mut before: Digest = if revision == begins_after {
            beginning
        } else {
            let known = commits.get(revision).map_err(store)?;
            known.ok_or_else(|| missing(revision))?.value().0
        };
        let first = revision.saturating_add(1);
        let mut entries = commits.range(first..).map_err(store)?;
        let mut page = Vec::new();
        for expected in (first..=last).take(PAGE) {
            let (found, stored) = entries.next().ok_or_else(|| missing(expected))?.map_err(store)?;
            let (digest, commit) = stored.value();
            before = chain::extend(before, expected, commit);
            if found.value() != expected || digest != before {
                return Err(missing(expected));
            }
            page.push((expected, commit.into()));
        }
        let complete = page.last().is_some_and(|&(revision, _)| revision == last);
        if complete && before != digest {
            return Err(missing(last));
        }
        Ok(page)
    }
}

/// Returns the error for a database without a head: it contains no journal, or the remains of one.
fn without_head(transaction: &ReadTransaction) -> RedbError {
    match transaction.open_table(COMMITS) {
        Err(TableError::TableDoesNotExist(_)) => RedbError::Missing,
        Ok(_) => damaged(DamagedPlace::Head),
        Err(error) => store(error),
    }
}
