//! Right-sizing: the users for whom a lower profile is enough (rule S18).

mod exact;
mod limits;
mod profile_groups;
mod routes;
mod sizer;
mod text;

use alloc::vec::Vec;

use self::limits::Kept;
use self::sizer::{Sizer, Used};
pub use self::text::{ProfileSizingCsv, UserSizingCsv};
use crate::catalog::AnyKind;
use crate::directory::{Directory, UserRecord};
use crate::id::{Principal, ResourceId, UserId};
use crate::seats::{Phase, SeatState};
use crate::time::Timestamp;

/// The users for whom a lower profile is enough, and the seats that this would free (rule S18).
///
/// Created by [`Directory::right_sizing`] and [`Directory::right_sizing_for`]. It is advice as of one commit, and nobody is
/// moved. [`Display`](core::fmt::Display) writes tables for a terminal, [`profiles_csv`](Self::profiles_csv) and
/// [`users_csv`](Self::users_csv) write CSV, and the feature `serde` makes it serializable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RightSizing<'a> {
    /// The revision of the directory.
    pub revision: u64,
    /// The time of the last commit.
    pub at: Timestamp,
    /// The phase of the license as of that commit. What a phase denies counts as not needed.
    pub phase: Phase,
    /// All profiles, by rank.
    pub profiles: Vec<ProfileSizing<'a>>,
    /// The users for whom a lower profile is advised, in ascending order of their ids' slots.
    pub users: Vec<UserSizing<'a>>,
}

/// The seats of a profile before and after the advice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ProfileSizing<'a> {
    /// The profile.
    pub profile: &'a str,
    /// False if the profile is exempt.
    pub counted: bool,
    /// The seats held or reserved.
    pub consumed: u64,
    /// The users of the profile who are advised a lower one.
    pub frees: u64,
    /// The users who are advised this profile.
    pub takes: u64,
}

/// A user for whom a lower profile is advised.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct UserSizing<'a> {
    /// The user's id.
    pub id: UserId,
    /// The user's name.
    pub user: &'a str,
    /// The profile held or reserved.
    pub holds: &'a str,
    /// The lowest profile that suffices.
    pub advised: &'a str,
    /// The state of the seat: held, or reserved for an invitation.
    pub state: SeatState,
}

impl Directory {
    /// Advises the lowest sufficient profile for each user who holds or reserves a seat of a counted profile (rule S18).
    ///
    /// A profile suffices if it leaves every answer of [`permissions`](Self::permissions) for the user as it is: nothing that
    /// is allowed is lost, and nothing is added. Considered are the profiles below the one held that the license offers or
    /// that are exempt; the last one in rank is advised. Users for whom none suffices are not listed.
    ///
    /// It accounts for what the user wants, too: groups by profile change with an assignment, and so does what they are
    /// granted. What the phase of the license, an add-on that is not licensed or a missing credential denies today is not
    /// needed, so ask while the license is active. An advisory profile denies nothing. A user who has not accepted an
    /// invitation counts as active. The owner of a singleton is not advised a profile that rule A10 would refuse. Keys of
    /// a user need nothing beyond what the user is allowed. A seat of the advised profile is not promised.
    ///
    /// The cost is proportional to the number of users, resources and grants, unless groups by profile decide. Then resources
    /// are compared one by one for each of their members and each lower profile that no grant excludes: those on which
    /// these groups are granted something and what is inside them, and all of a kind if they are granted something on
    /// the whole kind. At worst that is the product of those members, the profiles and the resources.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, License, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("designer").ceiling_on("project", ["write"]))
    /// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]))
    /// #     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(License::new("acme-2026").seats("designer", 5).seats("reader", 5))
    ///     .add(Command::add_user("ada").profile("designer"))
    ///     .add(Command::add_user("bob").profile("designer"))
    ///     .add(Command::add_resource("project/churn"))
    ///     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]))
    ///     .add(Command::grant(Grantee::user("bob"), "project/churn", ["read"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let sizing = directory.right_sizing();
    /// assert_eq!((sizing.users.len(), sizing.profiles[0].frees), (1, 1));
    /// assert_eq!((sizing.users[0].user, sizing.users[0].advised), ("bob", "reader"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn right_sizing(&self) -> RightSizing<'_> {
        self.sized(Kept::Allowed, Used::new())
    }

    /// Advises the lowest profile that suffices for what was really used (rule S18).
    ///
    /// `used` lists who used which permissions on which resource, in any order and as often as it likes; the use of a key
    /// counts for its user. A profile suffices if everything in the list that is allowed today stays allowed, and
    /// nothing is allowed that is not today. What is not in the list is not needed, so a user who is not in it is
    /// advised the lowest profile that adds nothing. Uses of unknown principals or resources, and of permissions of
    /// another kind, are ignored. All else is as for [`right_sizing`](Self::right_sizing).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, License, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("designer").ceiling_on("project", ["write"]))
    /// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]))
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(License::new("acme-2026").seats("designer", 5).seats("reader", 5))
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
    /// // She may write, and only reads.
    /// assert!(directory.right_sizing().users.is_empty());
    /// assert_eq!(directory.right_sizing_for([(ada, churn, read)]).users[0].advised, "reader");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn right_sizing_for<P: Into<Principal>, K: AnyKind>(
        &self,
        used: impl IntoIterator<Item = (P, ResourceId<K>, K::Permissions)>,
    ) -> RightSizing<'_> {
        let mut by_user = Used::new();
        for (who, on, permissions) in used {
            let request = K::request(permissions);
            let (who, on) = (self.principal_ref(who.into()), self.resource_ref(on.untyped()));
            if let (Some(who), Some(on)) = (who, on)
                && request.suits(on.row.kind().get())
            {
                by_user.entry(who.slot).or_default().push((on.slot, request.bits));
            }
        }
        self.sized(Kept::Used, by_user)
    }

    fn sized(&self, kept: Kept, used: Used) -> RightSizing<'_> {
        let mut sizer = Sizer::new(self, kept, used);
        let mut profiles = self.profiles_before();
        let mut users = Vec::new();
        for (slot, user) in self.live_users() {
            let Some(holder) = sizer.holder(slot) else { continue };
            let Some(advised) = sizer.advise(holder) else { continue };
            users.extend(self.user_sizing(user, slot, holder.holds, advised));
            if let Some(of) = profiles.get_mut(holder.holds.index()) {
                of.frees = of.frees.saturating_add(1);
            }
            if let Some(of) = profiles.get_mut(advised.index()) {
                of.takes = of.takes.saturating_add(1);
            }
        }
        let (revision, at) = (self.revision(), self.committed_at());
        RightSizing { revision, at, phase: self.license_phase(), profiles, users }
    }

    fn profiles_before(&self) -> Vec<ProfileSizing<'_>> {
        let profile = |(id, definition): (_, &crate::catalog::ProfileDefinition)| ProfileSizing {
            profile: self.catalog().profile_name(id).unwrap_or_default(),
            counted: !definition.exempt,
            consumed: self.ledger().consumed(id),
            frees: 0,
            takes: 0,
        };
        self.catalog().profile_definitions().map(profile).collect()
    }

    fn user_sizing<'a>(
        &'a self,
        user: &'a UserRecord,
        slot: crate::directory::UserSlot,
        holds: crate::catalog::ProfileId,
        advised: crate::catalog::ProfileId,
    ) -> Option<UserSizing<'a>> {
        Some(UserSizing {
            id: self.user_id(slot)?,
            user: user.name.as_deref()?,
            holds: self.catalog().profile_name(holds)?,
            advised: self.catalog().profile_name(advised)?,
            state: self.seat_at(slot).state(),
        })
    }
}
