//! The commits and directories that the cases use.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use crate::catalog::{Catalog, CatalogBuilder, CatalogError, Kind};
use crate::change::{Batch, Command, Commit, Event};
use crate::directory::{Directory, MembershipRule};
use crate::name::Name;
use crate::time::Timestamp;

/// Returns a commit that adds a group.
pub(super) fn commit(revision: u64) -> Commit {
    commit_by(revision, "conformance")
}

/// Returns a commit that adds a group, with a text that tells it from others of the same revision.
pub(super) fn commit_by(revision: u64, by: &str) -> Commit {
    let events = Vec::from_iter(group_added(&format!("group {revision}")));
    Commit { revision, at: Timestamp::from_millis(revision), actor: None, by: by.into(), events }
}

/// Returns the event of a new group, or nothing if the name is invalid.
pub(super) fn group_added(name: &str) -> Option<Event> {
    let group = Name::new(name).ok()?;
    Some(Event::GroupAdded {
        group,
        members: MembershipRule::Explicit,
        includes_owner_of: None,
        managers: Vec::new(),
    })
}

pub(super) fn commits(revisions: RangeInclusive<u64>) -> Vec<Commit> {
    revisions.map(commit).collect()
}

/// Real directories of one history: `directories[n]` is at revision `n`, and `commits[n]` follows it.
pub(super) struct Directories {
    pub(super) directories: Vec<Directory>,
    pub(super) commits: Vec<Commit>,
}

impl Directories {
    /// Makes a history of a number of commits, in which each adds a resource.
    ///
    /// # Errors
    ///
    /// A text, if this crate refuses its own commands.
    pub(super) fn new(length: u64) -> Result<Self, String> {
        let catalog = catalog(["project"]).map_err(|error| format!("{error}"))?;
        let mut last = Directory::new(catalog);
        let mut history = Self { directories: Vec::from([last.clone()]), commits: Vec::new() };
        for number in 1..=length {
            let batch = Batch::host(Timestamp::from_millis(number))
                .add(Command::add_resource(format!("project/p{number}")));
            let plan = last.plan(batch).map_err(|error| format!("{error}"))?;
            history.commits.extend(plan.commit());
            last = plan.into_directory();
            history.directories.push(last.clone());
        }
        Ok(history)
    }
}

/// Returns a catalog of kinds with one permission each.
pub(super) fn catalog<const N: usize>(kinds: [&str; N]) -> Result<Catalog, CatalogError> {
    let kinds = kinds.map(|kind| Kind::named(kind).permissions(["read"]));
    kinds.into_iter().fold(Catalog::builder(), CatalogBuilder::kind).build()
}
