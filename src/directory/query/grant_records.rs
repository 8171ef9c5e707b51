//! The permissions and roles of a grantee on a target, with their ends.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::catalog::{Entries, KindId, PermissionSet};
use crate::directory::storage::{GrantRecord, ResourceRow, RoleRecord, SubjectSlot, TargetSlot};
use crate::directory::{Directory, Grantee, GranteeId, KindEntry, Target};
use crate::name::Name;

impl SubjectSlot {
    pub(crate) fn of(to: GranteeId) -> Self {
        to.slot().map_or(Self::Everyone, Self::Grantee)
    }
}

impl Target {
    pub(crate) fn slot(self) -> TargetSlot {
        match self {
            Self::Everything => TargetSlot::Everything,
            Self::Kind(kind) => TargetSlot::Kind(kind),
            Self::Resource(resource) => TargetSlot::Resource(resource.slot()),
        }
    }
}

impl Directory {
    /// The grants to a grantee on a target, without those of roles on everything.
    pub(crate) fn grant_record_of(&self, to: GranteeId, on: Target) -> GrantRecord {
        self.grant_record_at(SubjectSlot::of(to), on.slot())
    }

    pub(in crate::directory) fn grant_record_at(&self, to: SubjectSlot, on: TargetSlot) -> GrantRecord {
        let kept = self.kept_grant_record(to, on);
        // Without terms of its own, the mask of who has roles on everything is all theirs.
        kept.cloned().unwrap_or_else(|| {
            if self.has_roles_everywhere(to, on) {
                GrantRecord::default()
            } else {
                GrantRecord::of(self.mask_at(to, on))
            }
        })
    }

    pub(in crate::directory) fn kept_grant_record(
        &self,
        to: SubjectSlot,
        on: TargetSlot,
    ) -> Option<&GrantRecord> {
        match on {
            TargetSlot::Everything => self.everywhere.get(&to),
            TargetSlot::Kind(kind) => self.kind_entry(kind)?.special_grants()?.get(&to),
            TargetSlot::Resource(slot) => self.resource_more_at(slot)?.special_grants.get(&to),
        }
    }

    /// Returns `true` if any grant on a target has an end or is of a role, whoever has it.
    pub(crate) fn has_special_grants(&self, on: TargetSlot) -> bool {
        match on {
            TargetSlot::Everything => !self.everywhere.is_empty(),
            TargetSlot::Kind(kind) => {
                !self.everywhere.is_empty()
                    || self
                        .kind_entry(kind)
                        .and_then(KindEntry::special_grants)
                        .is_some_and(|kept| !kept.is_empty())
            }
            TargetSlot::Resource(slot) => {
                let more = self.resource_more_at(slot);
                more.is_some_and(|more| !more.special_grants.is_empty())
            }
        }
    }

    /// Returns `true` if a grantee has roles on everything, and these count on a target.
    pub(in crate::directory) fn has_roles_everywhere(&self, to: SubjectSlot, on: TargetSlot) -> bool {
        !self.everywhere.is_empty()
            && self.kind_at(on).is_some_and(|(_, whole)| whole)
            && self.everywhere.contains_key(&to)
    }

    /// The permissions in the row of a target.
    pub(in crate::directory) fn mask_at(&self, to: SubjectSlot, on: TargetSlot) -> u64 {
        let grants = match on {
            TargetSlot::Everything => None,
            TargetSlot::Kind(kind) => self.grants_on_kind(kind),
            TargetSlot::Resource(slot) => self.resource_row_at(slot).map(|row| self.grants_at(slot, row)),
        };
        grants.map_or(0, |grants| match to {
            SubjectSlot::Everyone => grants.everyone(),
            SubjectSlot::Grantee(grantee) => grants.of(grantee),
        })
    }

    /// The kind of a target, and whether it is the whole of it: all resources, or the one of a singleton.
    pub(crate) fn kind_at(&self, on: TargetSlot) -> Option<(KindId, bool)> {
        match on {
            TargetSlot::Everything => None,
            TargetSlot::Kind(kind) => Some((kind, true)),
            TargetSlot::Resource(slot) => {
                self.resource_row_at(slot).map(|row: &ResourceRow| (row.kind(), row.singleton))
            }
        }
    }

    /// The target that is the whole of a kind; a singleton that is not added yet has none.
    pub(crate) fn whole_of(&self, kind: KindId) -> Option<TargetSlot> {
        if self.catalog.definition(kind)?.singleton() {
            self.singleton_of(kind).map(TargetSlot::Resource)
        } else {
            Some(TargetSlot::Kind(kind))
        }
    }

    /// The whole of each kind, on which roles on everything are given.
    pub(in crate::directory) fn wholes(&self) -> impl Iterator<Item = TargetSlot> {
        self.catalog.definitions().filter_map(|(kind, _)| self.whole_of(kind))
    }

    /// The grantee and the target at some slots, if both exist.
    pub(crate) fn grantee_and_target(&self, to: SubjectSlot, on: TargetSlot) -> Option<(GranteeId, Target)> {
        let grantee = self.subject_id(to)?;
        let target = match on {
            TargetSlot::Everything => Target::Everything,
            TargetSlot::Kind(kind) => Target::Kind(kind),
            TargetSlot::Resource(slot) => Target::Resource(self.resource_id(slot)?),
        };
        Some((grantee, target))
    }

    /// Lists to whom and where a role is given, in a stable order; empty for an unknown role.
    ///
    /// A role can be removed once the list is empty (rule R6).
    ///
    /// ```
    /// # use entitle::directory::{GranteeId, Target};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp, catalog::{Catalog, Kind, Role}};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["read"]))
    /// #     .role(Role::new("auditor").allow_on("project", ["read"]))
    /// #     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH).add(Command::grant_role(Grantee::Everyone, "*", "auditor"));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let given: Vec<_> = directory.grants_of_role("auditor").collect();
    /// assert_eq!(given, [(GranteeId::Everyone, Target::Everything)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn grants_of_role(&self, role: &str) -> impl Iterator<Item = (GranteeId, Target)> {
        let given = self.role_record(role).into_iter().flat_map(|(_, role)| role.given.iter());
        given.filter_map(|&(to, on)| self.grantee_and_target(to, on))
    }

    /// To whom and where a role is given, by name.
    pub(crate) fn given_role(&self, role: &str) -> impl Iterator<Item = (Grantee, String)> {
        self.grants_of_role(role).filter_map(|(to, on)| self.grantee_name(to).zip(self.target_name(on)))
    }

    /// The permissions of a role by kind, by name.
    pub(crate) fn role_content(&self, masks: &[u64]) -> Entries<Vec<String>> {
        let kinds = self.catalog.definitions().zip(masks).filter(|(_, mask)| **mask != 0);
        kinds
            .map(|((kind, definition), mask)| {
                (definition.name(), self.permission_names(kind, *mask, ToString::to_string))
            })
            .collect()
    }

    /// Returns the names of all roles, sorted by bytes (rule R1).
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(Name::as_str)
    }

    pub(crate) fn role_count(&self) -> usize {
        self.roles.size()
    }

    /// Returns the permissions that a role gives on a kind; `None` for an unknown role or kind.
    ///
    /// ```
    /// # use entitle::{Directory, catalog::{Catalog, Kind, Role}};
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    ///     .role(Role::new("editor").allow_on("project", ["write"]))
    ///     .build()?;
    /// let directory = Directory::new(catalog);
    /// let gives = directory.role_permissions("editor", "project").unwrap();
    /// assert_eq!(directory.catalog().names(gives).collect::<Vec<_>>(), ["write", "read"]);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn role_permissions(&self, role: &str, kind: &str) -> Option<PermissionSet> {
        let kind = self.catalog.kind_by_name(kind)?;
        let (_, role) = self.role_record(role)?;
        Some(PermissionSet::new(kind, role.on(kind)))
    }

    pub(crate) fn role_record(&self, role: &str) -> Option<(&Name, &RoleRecord)> {
        self.roles.get_key_value(role)
    }
}
