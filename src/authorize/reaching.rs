//! The users whom grants and memberships reach, collected from several of them.

use alloc::vec::Vec;

use super::candidates::{Candidates, UserSource};
use super::evaluate::ResourceRef;
use crate::catalog::KindId;
use crate::directory::{Directory, GranteeKind, KindEntry, SubjectSlot, TargetSlot, UserSlot};

/// A set of users, collected without visiting them.
pub(crate) struct Reaching<'a> {
    directory: &'a Directory,
    sources: Vec<UserSource<'a>>,
}

impl<'a> Reaching<'a> {
    pub(crate) fn new(directory: &'a Directory) -> Self {
        Self { directory, sources: Vec::new() }
    }

    /// Returns all users.
    pub(crate) fn everyone(self) -> impl Iterator<Item = UserSlot> {
        Candidates::new(Vec::from([UserSource::all(self.directory)]))
    }

    /// Returns the users, each once, in the order of their slots.
    pub(crate) fn users(self) -> impl Iterator<Item = UserSlot> {
        Candidates::new(self.sources)
    }

    pub(crate) fn add_user(&mut self, user: UserSlot) {
        self.sources.push(UserSource::List(Vec::from([user]).into_iter()));
    }

    /// Adds a user, the members of a group, or everyone.
    pub(crate) fn add_subject(&mut self, subject: SubjectSlot) {
        let SubjectSlot::Grantee(grantee) = subject else {
            self.sources.push(UserSource::all(self.directory));
            return;
        };
        match grantee.kind() {
            GranteeKind::User(user) => self.add_user(user),
            GranteeKind::Group(group) => {
                let group = self.directory.group_record_at(group);
                self.sources.extend(group.map(|group| UserSource::Set(group.members.iter())));
            }
        }
    }

    /// Adds the users who were granted one of some permissions on a target.
    pub(crate) fn add_holders(&mut self, on: TargetSlot, permissions: u64) {
        match on {
            TargetSlot::Everything => {}
            TargetSlot::Kind(kind) => self.add_holders_on_kind(kind, permissions),
            TargetSlot::Resource(slot) => {
                let row = self.directory.resource_row_at(slot);
                let reaching = row.map(|row| self.directory.reaching(ResourceRef { slot, row }, permissions));
                self.sources.extend(reaching.unwrap_or_default());
            }
        }
    }

    fn add_holders_on_kind(&mut self, kind: KindId, permissions: u64) {
        let directory = self.directory;
        let Some(entry) = directory.kind_entry(kind) else { return };
        if entry.everyone() & permissions != 0 {
            self.sources.push(UserSource::all(directory));
            return;
        }
        directory.add_grantees(KindEntry::grants(entry), permissions, &mut self.sources);
        for (map, slot) in directory.maps_from_singletons(kind) {
            self.add_holders(TargetSlot::Resource(slot), map.passing(permissions));
        }
    }
}
