//! A recount of everything that is kept twice.

mod links;

use alloc::format;
use alloc::string::String;

use super::record::{Membership, UserRecord, UserStatus};
use super::row::{NO_PROFILE, Standing, UserRow};
use super::{Directory, KindId};
use crate::catalog::ProfileId;
use crate::id::{GroupId, UserId};
use crate::seats::{Ledger, SeatRow};

/// Something that is kept twice and does not agree.
///
/// It is never seen unless the library has a defect; tests and `entitle test --verify` look for it after every
/// commit.
///
/// See the example of [`Directory`](crate::Directory).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: kept as {kept}, counted as {counted}")]
pub struct Imbalance {
    what: String,
    kept: String,
    counted: String,
}

fn same<T: PartialEq + core::fmt::Debug>(what: &str, kept: &T, counted: &T) -> Result<(), Imbalance> {
    if kept == counted {
        return Ok(());
    }
    Err(Imbalance { what: what.into(), kept: format!("{kept:?}"), counted: format!("{counted:?}") })
}

impl Directory {
    /// Counts the books again from the users (rule S10), and compares all that is kept twice: rows and records, the masks of
    /// whole kinds, what comes due, and every reference with the one that leads back.
    ///
    /// Visits the whole directory.
    ///
    /// # Errors
    ///
    /// [`Imbalance`] names the first thing that does not agree.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// assert_eq!(plan.directory().audit(), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn audit(&self) -> Result<(), Imbalance> {
        self.audit_books()?;
        self.audit_users()?;
        self.audit_groups()?;
        self.audit_resources()?;
        self.audit_links()
    }

    fn audit_books(&self) -> Result<(), Imbalance> {
        let mut recount = Ledger::new(&self.catalog);
        for (slot, seat) in self.users.seats.iter() {
            recount.move_seat(slot, &SeatRow::default(), seat);
        }
        same("seats in total", &self.ledger.total_consumed(), &recount.total_consumed())?;
        for (profile, _) in self.catalog.profile_definitions() {
            let name = self.catalog.profile_name(profile).unwrap_or_default();
            let count = |ledger: &Ledger| {
                let figures = ledger.figures(profile);
                (figures.held, figures.reserved, figures.waiting, figures.placed)
            };
            same(&format!("seats of `{name}`"), &count(&self.ledger), &count(&recount))?;
        }
        same("the queue", &self.ledger.queued(), &recount.queued())
    }

    fn audit_users(&self) -> Result<(), Imbalance> {
        let mut live = 0_u32;
        for (slot, user) in self.users.records.iter() {
            let Some(row) = self.users.rows.get(slot) else { continue };
            let Some(name) = user.name.as_deref() else {
                same("the standing of a removed user", &row.standing, &Standing::Vacant)?;
                same("the seat of a removed user", &self.seat_at(slot), &SeatRow::default())?;
                same("the wide masks of a removed user", &self.has_mask(slot), &false)?;
                same("the wide word of a removed user", &row.wide_word(), &UserRow::default().wide_word())?;
                continue;
            };
            live = live.saturating_add(1);
            self.audit_user(slot, name, user, row)?;
        }
        same("users", &self.user_count(), &live)
    }

    /// Whether a slot has a mask on any kind.
    fn has_mask(&self, slot: u32) -> bool {
        self.kinds.iter().filter_map(|kind| kind.wide.get(slot)).any(|&mask| mask != 0)
    }

    fn audit_user(&self, slot: u32, name: &str, user: &UserRecord, row: &UserRow) -> Result<(), Imbalance> {
        same(&format!("the name `{name}`"), &self.user_by_name(name).map(UserId::index), &Some(slot))?;
        let seat = self.seat_at(slot);
        let held = seat.profile().map_or(NO_PROFILE, ProfileId::get);
        same(&format!("the profile held by `{name}`"), &row.profile, &held)?;
        let active = user.status == UserStatus::Active;
        same(&format!("whether `{name}` may act"), &(row.standing == Standing::Active), &active)?;
        let reserved = user.status == UserStatus::Invited;
        same(&format!("whether the seat of `{name}` is reserved"), &seat.reserved, &reserved)?;
        for (kind, entry) in self.kinds.iter().enumerate() {
            let kept = entry.wide.get(slot).copied().unwrap_or(0);
            let counted = KindId::from_index(kind).map_or(0, |kind| self.wide_of(slot, kind));
            same(&format!("the wide mask of `{name}` on kind {kind}"), &kept, &counted)?;
        }
        same(&format!("the wide word of `{name}`"), &row.wide_word(), &self.wide_word(slot))?;
        Ok(())
    }

    fn audit_groups(&self) -> Result<(), Imbalance> {
        for (slot, group) in self.groups.records.iter() {
            let Some(name) = group.name.as_deref() else { continue };
            same(
                &format!("the group name `{name}`"),
                &self.group_by_name(name).map(GroupId::index),
                &Some(slot),
            )?;
            if group.membership == Membership::Explicit {
                continue;
            }
            for (user, record) in self.live_users() {
                let belongs = Self::belongs(record, self.seat_at(user).wants, &group.membership);
                let member = group.members.contains(user);
                let agrees = belongs.is_none_or(|belongs| belongs == member);
                same(&format!("user {user} in `{name}` by its rule"), &true, &agrees)?;
            }
        }
        Ok(())
    }

    /// Whether a group's rule has a user as a member; none if members join by command.
    fn belongs(user: &UserRecord, wants: Option<ProfileId>, membership: &Membership) -> Option<bool> {
        match membership {
            Membership::Explicit => None,
            Membership::ByProfile(profiles) => {
                Some(wants.is_some_and(|profile| profiles & (1 << profile.get()) != 0))
            }
            Membership::External(names) => Some(names.iter().any(|name| user.external().contains(name))),
        }
    }

    fn audit_resources(&self) -> Result<(), Imbalance> {
        let mut live = 0_u32;
        for (slot, row) in self.live_resources() {
            live = live.saturating_add(1);
            let name =
                self.slot_name(slot).and_then(|name| name.key().map(|key| (KindId::new(row.kind), key)));
            if let Some((kind, key)) = name {
                same(&format!("the resource `{key}`"), &self.resource_slot(kind, key), &Some(slot))?;
            }
        }
        same("resources", &self.resource_count(), &live)
    }
}
