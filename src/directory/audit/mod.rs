//! A recount of everything that is stored twice.

mod links;

use alloc::format;
use alloc::string::String;

use super::storage::{KindMask, Membership, RowState, UserRecord, UserRow, UserSlot};
use super::{Directory, ResourceName, UserStatus};
use crate::catalog::{KindId, ProfileId};
use crate::id::{GroupId, UserId};
use crate::seats::{Ledger, SeatRow};

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

fn same<T: PartialEq + core::fmt::Debug>(what: &str, kept: &T, counted: &T) -> Result<(), AuditError> {
    if kept == counted {
        return Ok(());
    }
    Err(AuditError { what: what.into(), kept: format!("{kept:?}"), counted: format!("{counted:?}") })
}

impl Directory {
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
        self.audit_links()
    }

    fn audit_books(&self) -> Result<(), AuditError> {
        let mut recount = Ledger::new(&self.catalog);
        for (slot, seat) in self.users.tables.seats.iter() {
            recount.move_seat(slot.index(), &SeatRow::default(), seat);
        }
        same("seats in total", &self.ledger.total_consumed(), &recount.total_consumed())?;
        for (profile, _) in self.catalog.profile_definitions() {
            let name = self.catalog.profile_name(profile).unwrap_or_default();
            let count = |ledger: &Ledger| {
                let figures = ledger.figures(profile);
                (figures.held, figures.reserved, figures.waiting, figures.placed, ledger.extras_of(profile))
            };
            same(&format!("seats of `{name}`"), &count(&self.ledger), &count(&recount))?;
        }
        same("the queue", &self.ledger.queued(), &recount.queued())?;
        let unnumbered =
            self.users.tables.seats.iter().any(|(_, seat)| seat.holds.is_some() != seat.number.is_some());
        same("seats without a number, or numbers without a seat", &unnumbered, &false)
    }

    fn audit_users(&self) -> Result<(), AuditError> {
        let mut live = 0_u32;
        for (slot, user) in self.users.tables.records.iter() {
            let Some(row) = self.user_row_at(slot) else { continue };
            let Some(name) = user.name.as_deref() else {
                same("the row state of a removed user", &row.state, &RowState::Vacant)?;
                same("the seat of a removed user", &self.seat_at(slot), &SeatRow::default())?;
                same("the kind masks of a removed user", &self.has_mask(slot), &false)?;
                same("the row mask of a removed user", &row.kind_mask(), &KindMask::None)?;
                continue;
            };
            live = live.saturating_add(1);
            self.audit_user(slot, name, user, row)?;
        }
        same("users", &self.user_count(), &live)
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
        same(&format!("the name `{name}`"), &self.user_by_name(name).map(UserId::slot), &Some(slot))?;
        let seat = self.seat_at(slot);
        same(&format!("the profile held by `{name}`"), &row.profile(), &seat.profile())?;
        let active = user.status == UserStatus::Active;
        same(&format!("whether `{name}` may act"), &(row.state == RowState::Active), &active)?;
        let reserved = user.status == UserStatus::Invited;
        same(&format!("whether the seat of `{name}` is reserved"), &seat.reserved, &reserved)?;
        same(&format!("the seat of `{name}`"), &self.check_seat(user.status, &seat), &Ok(()))?;
        for (kind, entry) in (0_u8..).zip(self.kinds.iter()) {
            let counted = self.computed_mask(slot, KindId::new(kind));
            same(&format!("the mask of `{name}` on kind {kind}"), &entry.mask(slot), &counted)?;
        }
        same(&format!("the row mask of `{name}`"), &row.kind_mask(), &self.computed_row_mask(slot))?;
        Ok(())
    }

    fn audit_groups(&self) -> Result<(), AuditError> {
        for (slot, group) in self.live_groups() {
            let Some(name) = group.name.as_deref() else { continue };
            same(
                &format!("the group name `{name}`"),
                &self.group_by_name(name).map(GroupId::slot),
                &Some(slot),
            )?;
            if group.membership == Membership::Explicit {
                continue;
            }
            for (user, record) in self.live_users() {
                let belongs = Self::belongs(record, self.seat_at(user).wants, &group.membership);
                let member = group.members.contains(user);
                let agrees = belongs.is_none_or(|belongs| belongs == member);
                same(&format!("user {} in `{name}` by its rule", user.index()), &true, &agrees)?;
            }
        }
        Ok(())
    }

    /// Returns `true` if a group's rule makes a user a member; `None` if members join by command.
    fn belongs(user: &UserRecord, wants: Option<ProfileId>, membership: &Membership) -> Option<bool> {
        match membership {
            Membership::Explicit => None,
            Membership::ByProfile(profiles) => {
                Some(wants.is_some_and(|profile| profiles & (1 << profile.get()) != 0))
            }
            Membership::External(names) => Some(names.iter().any(|name| user.external().contains(name))),
        }
    }

    fn audit_resources(&self) -> Result<(), AuditError> {
        let mut live = 0_u32;
        for (slot, row) in self.live_resources() {
            live = live.saturating_add(1);
            if let Some(key) = self.resource_slot_name(slot).and_then(ResourceName::key) {
                same(&format!("the resource `{key}`"), &self.resource_slot(row.kind(), key), &Some(slot))?;
            }
        }
        same("resources", &self.resource_count(), &live)
    }
}
