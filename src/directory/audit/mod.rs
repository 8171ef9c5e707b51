//! A recount of everything that is stored twice.

mod describe;
mod links;
mod managed;
mod managers;
mod places;

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use self::describe::{Describe, Permissions};
use super::storage::{KindMask, ResourceMore, RowState, UserRecord, UserRow, UserSlot};
use super::{Directory, ResourceName, UserStatus};
use crate::catalog::KindId;
use crate::id::{GroupId, UserId};
use crate::seats::{Ledger, SeatRow, Turn};

/// A fact that is stored twice and does not agree.
///
/// It indicates a defect in the library; tests and `entitle test --verify` look for it after every
/// commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: stored as {kept}, recounted as {counted}")]
pub struct AuditError {
    what: String,
    kept: String,
    counted: String,
}

impl Directory {
    /// Compares a stored value with the recounted one.
    fn same<T: PartialEq + Describe>(
        &self,
        what: fmt::Arguments<'_>,
        kept: &T,
        counted: &T,
    ) -> Result<(), AuditError> {
        if kept == counted {
            return Ok(());
        }
        let (kept, counted) = (kept.describe(self), counted.describe(self));
        Err(AuditError { what: what.to_string(), kept, counted })
    }

    /// Compares two lists place by place.
    fn each_same<T: PartialEq + Describe>(
        &self,
        what: &str,
        kept: &[T],
        counted: &[T],
    ) -> Result<(), AuditError> {
        let most = kept.len().max(counted.len());
        (0..most)
            .try_for_each(|place| self.same(format_args!("{what}"), &kept.get(place), &counted.get(place)))
    }

    /// Counts the seats again from the users (rule S10), and compares all that is stored twice: rows and records, the
    /// masks of whole kinds, expiries, and every reference with the one that leads back. Checks the seat of each user and
    /// the owner of each singleton, as reading a stored directory does (rule C9).
    ///
    /// Visits the whole directory.
    ///
    /// # Errors
    ///
    /// [`AuditError`] names the first thing that does not agree.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// assert_eq!(plan.directory().audit(), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn audit(&self) -> Result<(), AuditError> {
        self.audit_books()?;
        self.audit_users()?;
        self.audit_groups()?;
        self.audit_resources()?;
        self.audit_places()?;
        self.audit_managers()?;
        self.audit_links()
    }

    fn audit_books(&self) -> Result<(), AuditError> {
        let mut recount = Ledger::new(&self.catalog);
        for (slot, seat) in self.users.tables.seats.iter() {
            recount.move_seat(slot.index(), &SeatRow::default(), seat);
        }
        self.same(format_args!("seats in total"), &self.ledger.total_consumed(), &recount.total_consumed())?;
        for (profile, _) in self.catalog.profile_definitions() {
            let name = self.catalog.profile_name(profile).unwrap_or_default();
            let (kept, counted) = (self.ledger.figures(profile), recount.figures(profile));
            self.same(format_args!("`held` of `{name}`"), &kept.held, &counted.held)?;
            self.same(format_args!("`reserved` of `{name}`"), &kept.reserved, &counted.reserved)?;
            self.same(format_args!("`waiting` of `{name}`"), &kept.waiting, &counted.waiting)?;
            self.same(format_args!("`placed` of `{name}`"), &kept.placed, &counted.placed)?;
            let extras = |ledger: &Ledger| -> Vec<UserSlot> {
                ledger.extras_of(profile).into_iter().map(UserSlot::new).collect()
            };
            self.each_same("a user on an extra seat", &extras(&self.ledger), &extras(&recount))?;
        }
        let queued = |ledger: &Ledger| -> Vec<(Turn, UserSlot)> {
            ledger.queued().into_iter().map(|(turn, user)| (turn, UserSlot::new(user))).collect()
        };
        self.each_same("a place in the queue", &queued(&self.ledger), &queued(&recount))?;
        let unnumbered =
            self.users.tables.seats.iter().any(|(_, seat)| seat.holds.is_some() != seat.number.is_some());
        self.same(format_args!("seats without a number, or numbers without a seat"), &unnumbered, &false)
    }

    fn audit_users(&self) -> Result<(), AuditError> {
        let mut live = 0_u32;
        for (slot, user) in self.users.tables.records.iter() {
            let Some(row) = self.user_row_at(slot) else { continue };
            let Some(name) = user.name.as_deref() else {
                self.same(format_args!("the row state of a removed user"), &row.state, &RowState::Vacant)?;
                self.same(
                    format_args!("the seat of a removed user is empty"),
                    &(self.seat_at(slot) == SeatRow::default()),
                    &true,
                )?;
                self.same(
                    format_args!("a removed user has permissions on whole kinds"),
                    &self.has_mask(slot),
                    &false,
                )?;
                self.same(
                    format_args!("the kind in the row of a removed user"),
                    &row.kind_mask(),
                    &KindMask::None,
                )?;
                continue;
            };
            live = live.saturating_add(1);
            self.audit_user(slot, name, user, row)?;
        }
        self.same(format_args!("users"), &self.user_count(), &live)
    }

    /// Returns `true` if a slot has a mask on any kind.
    fn has_mask(&self, slot: UserSlot) -> bool {
        self.kinds.iter().any(|kind| kind.mask(slot) != 0)
    }

    fn audit_user(
        &self,
        slot: UserSlot,
        name: &str,
        user: &UserRecord,
        row: &UserRow,
    ) -> Result<(), AuditError> {
        self.same(
            format_args!("the user named `{name}`"),
            &self.user_by_name(name).map(UserId::slot),
            &Some(slot),
        )?;
        let seat = self.seat_at(slot);
        self.same(format_args!("the profile held by user `{name}`"), &row.profile(), &seat.profile())?;
        let active = user.status == UserStatus::Active;
        self.same(format_args!("user `{name}` may act"), &(row.state == RowState::Active), &active)?;
        let reserved = user.status == UserStatus::Invited;
        self.same(format_args!("the seat of user `{name}` is reserved"), &seat.reserved, &reserved)?;
        let fault = self.check_seat(user.status, &seat).err();
        self.same(format_args!("a fault in the seat of user `{name}`"), &fault, &None)?;
        for (kind, entry) in (0_u8..).map(KindId::new).zip(self.kinds.iter()) {
            let counted = self.computed_mask(slot, kind);
            let on = self.catalog.kind_name(kind).unwrap_or_default();
            let what = format_args!("the permissions of user `{name}` on kind `{on}`");
            self.same(what, &Permissions(kind, entry.mask(slot)), &Permissions(kind, counted))?;
        }
        self.same(
            format_args!("the kind in the row of user `{name}`"),
            &row.kind_mask(),
            &self.computed_row_mask(slot),
        )?;
        Ok(())
    }

    fn audit_groups(&self) -> Result<(), AuditError> {
        for (slot, group) in self.live_groups() {
            let Some(name) = group.name.as_deref() else { continue };
            self.same(
                format_args!("the group named `{name}`"),
                &self.group_by_name(name).map(GroupId::slot),
                &Some(slot),
            )?;
        }
        self.audit_managed_groups()
    }

    fn audit_resources(&self) -> Result<(), AuditError> {
        let mut live = 0_u32;
        for (slot, row) in self.live_resources() {
            live = live.saturating_add(1);
            let unused = self.resource_more_at(slot).is_some_and(ResourceMore::is_unused);
            let name = self.resource_slot_name(slot).map(|name| format!("{name}")).unwrap_or_default();
            self.same(format_args!("resource `{name}` has unused fields"), &unused, &false)?;
            if let Some(key) = self.resource_slot_name(slot).and_then(ResourceName::key) {
                self.same(
                    format_args!("the resource with the key `{key}`"),
                    &self.resource_slot(row.kind(), key),
                    &Some(slot),
                )?;
            }
        }
        self.same(format_args!("resources"), &self.resource_count(), &live)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString as _};

    use crate::catalog::{Catalog, Kind, Profile};
    use crate::directory::storage::{GrantRecord, KindMask, SlotSet};
    use crate::directory::{Directory, GranteeId, Membership, Target, UserSource, UserStatus};
    use crate::id::ResourceId;
    use crate::name::Name;
    use crate::time::Timestamp;

    /// A directory in which `ada` is in `data` and has all permissions on projects.
    fn directory() -> Directory {
        let project = Kind::named("project").permissions(["write", "read"]);
        let catalog = Catalog::builder().kind(project).profile(Profile::new("reader").exempt());
        let mut directory = Directory::new(catalog.build().unwrap());
        let ada = directory.add_user(&Name::new("ada").unwrap(), UserSource::Local, UserStatus::Active);
        directory.add_group(&Name::new("data").unwrap(), &Membership::Explicit, None);
        let data = directory.group_by_name("data").unwrap();
        directory.set_joined(ada, data, true);
        let project = directory.catalog().kind_by_name("project").unwrap();
        directory.set_grant_record(GranteeId::User(ada), Target::Kind(project), GrantRecord::of(3));
        assert_eq!(directory.audit(), Ok(()));
        directory
    }

    fn message(spoil: impl FnOnce(&mut Directory)) -> String {
        let mut directory = directory();
        spoil(&mut directory);
        directory.audit().unwrap_err().to_string()
    }

    /// A person reads the message, so it has names and no slots, bits or forms of Rust.
    #[test]
    fn a_fault_is_described_by_names() {
        let ada = |directory: &Directory| directory.user_by_name("ada").unwrap().slot();
        assert_eq!(
            message(|directory| {
                let (ada, zoe) = (ada(directory), Name::new("zoe").unwrap());
                directory.users.tables.records.update(ada, |user| user.name = Some(zoe));
            }),
            "the user named `zoe`: stored as none, recounted as user `zoe`"
        );
        assert_eq!(
            message(|directory| {
                let ada = ada(directory);
                directory.users.tables.records.update(ada, |user| user.status = UserStatus::Suspended);
            }),
            "user `ada` may act: stored as yes, recounted as no"
        );
        assert_eq!(
            message(|directory| {
                let ada = ada(directory);
                directory.users.tables.rows.update(ada, |row| row.set_kind_mask(KindMask::None));
            }),
            "the kind in the row of user `ada`: stored as nothing, recounted as kind `project`, `write`, `read`"
        );
        assert_eq!(
            message(|directory| {
                let data = directory.group_by_name("data").unwrap().slot();
                directory.groups.tables.records.update(data, |group| group.members = SlotSet::default());
            }),
            "a membership of a user: stored as user `ada`, group `data`, recounted as none"
        );
    }

    /// Parents are compared from both sides, and checked for what no command makes.
    #[test]
    fn faults_about_places_are_found() {
        let folder = Kind::named("folder").permissions(["read"]).inside_same("folder");
        let project = Kind::named("project").permissions(["read"]);
        let catalog = Catalog::builder().kind(folder).kind(project).build().unwrap();
        let message = |spoil: &dyn Fn(&mut Directory, [ResourceId; 3])| {
            let mut directory = Directory::new(catalog.clone());
            let add = |directory: &mut Directory, kind: &str, key: &str| {
                let kind = directory.catalog().kind_by_name(kind).unwrap();
                directory.add_resource(kind, &Name::new(key).unwrap())
            };
            let top = add(&mut directory, "folder", "top");
            let sub = add(&mut directory, "folder", "sub");
            let churn = add(&mut directory, "project", "churn");
            directory.set_parent(sub, Some(top));
            assert_eq!(directory.audit(), Ok(()));
            spoil(&mut directory, [top, sub, churn]);
            directory.audit().unwrap_err().to_string()
        };
        let row = |directory: &mut Directory, of: ResourceId, parent: ResourceId, passes: bool| {
            let parent = Some(parent.slot());
            directory.resources.tables.rows.update(of.slot(), |row| row.set_parent(parent, passes));
        };
        assert_eq!(
            message(&|directory, [top, sub, _]| row(directory, top, sub, true)),
            "a resource inside another: stored as resource `folder/sub`, resource `folder/top`, recounted as none"
        );
        assert_eq!(
            message(&|directory, [_, _, churn]| row(directory, churn, churn, false)),
            "a resource inside another: stored as resource `project/churn`, resource `project/churn`, recounted as none"
        );
        assert_eq!(
            message(&|directory, [top, sub, _]| row(directory, sub, top, false)),
            "something passes to resource `folder/sub`: stored as no, recounted as yes"
        );
        assert_eq!(
            message(&|directory, [top, _, churn]| directory.set_parent(churn, Some(top))),
            "resource `project/churn` may lie inside its parent: stored as no, recounted as yes"
        );
        assert_eq!(
            message(&|directory, [top, sub, _]| {
                row(directory, top, sub, true);
                directory.resources.tables.change_more(sub.slot(), |more| more.inside.insert(top.slot()));
            }),
            "resources that do not lie inside themselves: stored as 3, recounted as 1"
        );
        assert_eq!(
            message(&|directory, [top, ..]| {
                directory.resources.tables.change_more(top.slot(), |more| more.heights.count(None, Some(3)));
            }),
            "the heights inside resource `folder/top` agree: stored as no, recounted as yes"
        );
    }

    /// The members of managed groups are recounted from the users; one too many and one too few are found.
    #[test]
    fn members_who_do_not_belong_to_a_managed_group_are_found() {
        let spoiled = |membership: Membership, external: &[Name], joined: bool| {
            message(|directory| {
                let ada = directory.user_by_name("ada").unwrap();
                directory.set_external(ada, external);
                directory.add_group(&Name::new("staff").unwrap(), &membership, None);
                assert_eq!(directory.audit(), Ok(()));
                let staff = directory.group_by_name("staff").unwrap();
                directory.set_joined(ada, staff, joined);
            })
        };
        let crew = [Name::new("crew").unwrap(), Name::new("night").unwrap()];
        let external = || Membership::External(crew.clone().into());
        for membership in [external(), Membership::ByProfile(1)] {
            let joined = "user `ada` joined group `staff`: stored as yes, recounted as no";
            assert_eq!(spoiled(membership, &[], true), joined);
        }
        let missing = "user `ada` joined group `staff`: stored as no, recounted as yes";
        assert_eq!(spoiled(external(), &crew, false), missing);
    }

    /// Nestings and ends are checked for what no command makes.
    #[test]
    fn groups_that_no_command_makes_are_found() {
        let group = |directory: &mut Directory, name: &str, membership: &Membership| {
            directory.add_group(&Name::new(name).unwrap(), membership, None);
            directory.group_by_name(name).unwrap()
        };
        assert_eq!(
            message(|directory| {
                let zoe =
                    directory.add_user(&Name::new("zoe").unwrap(), UserSource::Local, UserStatus::Active);
                let data = directory.group_by_name("data").unwrap().slot();
                directory.groups.tables.records.update(data, |group| {
                    group.more_mut().ends.insert_mut(zoe.slot(), Timestamp::from_millis(5));
                });
            }),
            "an end without a membership in group `data`: stored as user `zoe`, recounted as none"
        );
        assert_eq!(
            message(|directory| {
                let data = directory.group_by_name("data").unwrap().slot();
                directory.groups.tables.records.update(data, |group| {
                    group.more_mut().joined = Some(group.members.clone());
                });
            }),
            "group `data` knows who joined: stored as yes, recounted as no"
        );
        assert_eq!(
            message(|directory| {
                let data = directory.group_by_name("data").unwrap();
                let staff = group(directory, "staff", &Membership::External([].into()));
                directory.nest(data, staff, true);
            }),
            "groups are nested in group `staff`, which is managed: stored as yes, recounted as no"
        );
        assert_eq!(
            message(|directory| {
                let mut inner = directory.group_by_name("data").unwrap();
                for name in ["b", "c", "d", "e", "f", "g", "h", "i", "j"] {
                    let outer = group(directory, name, &Membership::Explicit);
                    directory.nest(inner, outer, true);
                    inner = outer;
                }
            }),
            "groups are nested in group `b` too deep: stored as yes, recounted as no"
        );
    }
}
