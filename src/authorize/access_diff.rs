//! The difference between two directories in what users are allowed.
//!
//! The two share all chunks that no change wrote, so what may differ is found without looking at the rest:
//!
//! - users whose row, masks, groups or credentials were written, with the resources that the change reaches;
//! - all users, if the license, its phase or a grant to everyone on a whole kind may leave them other permissions;
//! - resources whose row was written, with the users whom the changed grants, owners or requirements concern.
//!
//! Pairs that may differ are evaluated on both sides, in the order of ids, while the difference is read. Nothing is
//! collected but the users and resources that were written.

use alloc::vec::Vec;

use arrayvec::ArrayVec;

use super::below::{WalkDown, Wanted, add_above};
use super::candidates::{Candidates, Merge, ResourceSource, UserSource};
use super::evaluate::{PrincipalRef, ResourceRef};
use super::lookup::granted_on_kind;
use crate::catalog::KindId;
use crate::directory::{
    Directory, GranteeKind, GranteeSlot, GroupRecord, KindEntry, ResourceRow, ResourceSlot, SlotSet,
    UserRecord, UserSlot, kinds_in,
};
use crate::id::{GroupId, Principal, ResourceId, UserId};

/// A user and a resource, and what the user is allowed there on either side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccessDifference {
    pub(crate) user: UserId,
    pub(crate) on: ResourceId,
    pub(crate) kind: KindId,
    pub(crate) before: u64,
    pub(crate) after: u64,
}

/// The directory before and after.
type Sides<'a> = [&'a Directory; 2];

impl Directory {
    /// Compares what users are allowed here and in a later directory, in the order of users and then of resources.
    pub(crate) fn access_differences<'a>(
        &'a self,
        after: &'a Self,
    ) -> impl Iterator<Item = AccessDifference> + use<'a> {
        let sides = [self, after];
        Concerns::between(sides).flat_map(move |concern| concern.differences(sides))
    }

    /// Returns the users who are allowed less in a later version of this directory: each who lost a permission on any
    /// resource, in the order of ids.
    ///
    /// It finds a loss whatever caused it: a membership, a role, a place, an owner, a profile, the license, an end, a status
    /// or a removal. A permission that a user still has in another way is not lost. Keys are not listed, and a user who was
    /// suspended or removed without access lost nothing: read the commits for them, with
    /// [`Commit::subjects`](crate::change::Commit::subjects).
    ///
    /// A host that asks for the losses after revision R keeps the directory of R, which shares with later ones what did not
    /// change. The cost follows what changed between the two, as for [`Plan::impact`](crate::Plan::impact), and a user is
    /// finished at the first loss. Directories of two histories can be compared, but their ids are not those of the same
    /// users.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["read"]))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("data"))
    /// #     .extend(["ada", "bob"].map(|user| Command::add_user(user).profile("reader").groups(["data"])))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::group("data"), "project/churn", ["read"]))
    /// #     .add(Command::grant(Grantee::user("bob"), "project/churn", ["read"]));
    /// # let before = Directory::new(catalog).plan(batch)?.into_directory();
    /// let revoke = Command::revoke(Grantee::group("data"), "project/churn", ["read"]);
    /// let after = before.plan(Batch::host(Timestamp::EPOCH).add(revoke))?.into_directory();
    /// // Bob has a grant of his own.
    /// let lost: Vec<_> = before.lost_access(&after).filter_map(|user| before.user_name(user)).collect();
    /// assert_eq!(lost, ["ada"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lost_access<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = UserId> + use<'a> {
        let sides = [self, later];
        Concerns::between(sides).flat_map(move |concern| concern.losing(sides))
    }
}

/// A user whose access may differ.
struct Concern {
    user: UserSlot,
    /// True if it may differ for another reason than that a resource was written.
    itself: bool,
    /// The resources that were written and concern the user, in ascending order.
    written: Vec<ResourceSlot>,
}

impl Concern {
    fn differences(self, sides: Sides<'_>) -> impl Iterator<Item = AccessDifference> {
        let users = ids(sides.map(|side| side.user_id(self.user)));
        users.into_iter().flat_map(move |user| self.differences_of(sides, user))
    }

    /// The users who are allowed less on any resource after.
    fn losing(self, sides: Sides<'_>) -> impl Iterator<Item = UserId> {
        let users = ids(sides.map(|side| side.user_id(self.user)));
        let loses =
            move |&user: &UserId| self.differences_of(sides, user).any(|pair| pair.before & !pair.after != 0);
        users.into_iter().filter(loses)
    }

    fn differences_of<'a>(
        &self,
        sides: Sides<'a>,
        user: UserId,
    ) -> impl Iterator<Item = AccessDifference> + use<'a> {
        let mut on = Vec::from([ResourceSource::List(self.written.clone().into_iter())]);
        let passing = sides.map(|side| Wanted::all(side.catalog()));
        let mut below = ChangedBelow::new(sides, user, &passing);
        for &slot in &self.written {
            below.add(slot, &mut on);
        }
        if self.itself {
            add_changed_reach(sides, user, &mut below, &mut on);
        }
        let on = Candidates::new(on).flat_map(move |slot| ids(sides.map(|side| side.resource_id(slot))));
        on.filter_map(move |on| difference(sides, user, on))
    }
}

/// The ids in a slot on both sides, in order: two if the slot was vacated and used again.
fn ids<T: Ord>(sides: [Option<T>; 2]) -> ArrayVec<T, 2> {
    let [before, after] = sides;
    let after = after.filter(|after| before.as_ref() != Some(after));
    let mut ids: ArrayVec<T, 2> = before.into_iter().chain(after).collect();
    ids.sort_unstable();
    ids
}

fn difference(sides: Sides<'_>, user: UserId, on: ResourceId) -> Option<AccessDifference> {
    let [before, after] = sides.map(|side| {
        let who = side.principal_ref(Principal::User(user));
        side.allowed_bits(who, side.resource_ref(on)).1
    });
    let kind = sides.iter().find_map(|side| side.resource_row(on)).map(ResourceRow::kind)?;
    (before != after).then_some(AccessDifference { user, on, kind, before, after })
}

/// Walks down from places, on both sides, with what may differ below because it differs there.
struct ChangedBelow<'a, 'w> {
    sides: Sides<'a>,
    user: UserId,
    walks: [WalkDown<'a, 'w>; 2],
}

impl<'a, 'w> ChangedBelow<'a, 'w> {
    fn new(sides: Sides<'a>, user: UserId, passing: &'w [Wanted<'a>; 2]) -> Self {
        let [before, after] = sides;
        let [in_before, in_after] = passing;
        Self { sides, user, walks: [WalkDown::new(before, in_before), WalkDown::new(after, in_after)] }
    }

    /// Adds what lies below a place.
    ///
    /// What passes there follows from what was granted at the place. Other places on the way were written themselves.
    fn add(&mut self, place: ResourceSlot, on: &mut Vec<ResourceSource<'a>>) {
        if self.sides.iter().all(|side| side.height_at(place) == 0) {
            return;
        }
        let changed = self.changed_at(place);
        self.walks.iter_mut().for_each(|walk| walk.add(place, changed, on));
    }

    /// The granted permissions of the user that differ in a slot.
    fn changed_at(&self, slot: ResourceSlot) -> u64 {
        let [was, is] = self.sides.map(|side| side.resource_id(slot));
        if was != is {
            // Another resource has the slot now, and its kind may pass other things.
            return u64::MAX;
        }
        let [before, after] = self.sides.map(|side| {
            let on = is.and_then(|id| side.resource_ref(id));
            side.active_user(self.user).zip(on).map_or(0, |(who, on)| side.granted_to(who, on))
        });
        before ^ after
    }
}

/// Adds the resources on which a user's access may differ for another reason than that they were written.
fn add_changed_reach<'a>(
    sides: Sides<'a>,
    user: UserId,
    places: &mut ChangedBelow<'a, '_>,
    on: &mut Vec<ResourceSource<'a>>,
) {
    let views = sides.map(|side| View { side, who: side.active_user(user) });
    let catalog = sides[0].catalog();
    let mut licensed_otherwise = Vec::new();
    let mut below = 0;
    for (kind, definition) in catalog.definitions() {
        let [before, after] = views.map(|view| view.licensed(kind));
        let [word_before, word_after] = views.map(|view| view.on_kind(kind));
        if (word_before ^ word_after) & definition.passing() != 0 {
            below |= definition.below();
        }
        if before & word_before != after & word_after {
            add_kind(views, kind, KindEntry::resources, on);
        } else if before != after {
            add_kind(views, kind, KindEntry::open, on);
            licensed_otherwise.push((kind, before ^ after));
        }
    }
    for kind in kinds_in(below) {
        add_kind(views, kind, KindEntry::resources, on);
    }
    let mut wanted = Vec::new();
    for &(kind, permissions) in &licensed_otherwise {
        add_above(&mut wanted, catalog, kind, permissions);
    }
    let wanted = Wanted::Above(wanted);
    for (view, other) in [(views[0], views[1]), (views[1], views[0])] {
        view.add_other_groups(other, places, on);
        view.add_other_credentials(other, on);
        if !licensed_otherwise.is_empty() {
            view.add_granted(&wanted, on);
        }
    }
}

/// Adds a set of a kind's resources, as it is on both sides.
fn add_kind<'a>(
    views: [View<'a>; 2],
    kind: KindId,
    set: impl Fn(&'a KindEntry) -> &'a SlotSet<ResourceSlot>,
    on: &mut Vec<ResourceSource<'a>>,
) {
    let entries = views.into_iter().filter_map(|view| view.side.kind_entry(kind));
    on.extend(entries.map(|entry| ResourceSource::Set(set(entry).iter())));
}

/// A user on one side, if active there.
#[derive(Clone, Copy)]
struct View<'a> {
    side: &'a Directory,
    who: Option<PrincipalRef<'a>>,
}

impl<'a> View<'a> {
    /// The permissions of a kind that licensing leaves to the user.
    fn licensed(&self, kind: KindId) -> u64 {
        self.who.map_or(0, |who| self.side.rights().licensed(who.row, kind))
    }

    /// The permissions that the user was granted on a whole kind.
    fn on_kind(&self, kind: KindId) -> u64 {
        let entry = self.side.kind_entry(kind);
        self.who.zip(entry).map_or(0, |(who, entry)| granted_on_kind(who, entry))
    }

    /// Adds what the user was granted anything on, and what lies below those where it passes.
    fn add_granted(&self, wanted: &Wanted<'_>, on: &mut Vec<ResourceSource<'a>>) {
        if let Some(who) = self.who {
            self.side.add_granted(who, on);
            self.side.add_below(who, wanted, on);
        }
    }

    fn groups(&self) -> Vec<GroupId> {
        let groups = self.who.map(|who| self.side.group_slots(who.slot, who.row)).unwrap_or_default();
        groups.into_iter().filter_map(|slot| self.side.group_id(slot)).collect()
    }

    /// Adds what the groups are granted that the user is not in on the other side.
    fn add_other_groups(
        &self,
        other: Self,
        places: &mut ChangedBelow<'a, '_>,
        on: &mut Vec<ResourceSource<'a>>,
    ) {
        let (mut groups, mut others) = (self.groups(), other.groups());
        others.sort_unstable();
        groups.retain(|group| others.binary_search(group).is_err());
        let groups = groups.into_iter().filter_map(|group| self.side.group_record(group));
        for set in groups.map(GroupRecord::granted_on) {
            on.push(ResourceSource::Set(set.iter()));
            set.iter().for_each(|place| places.add(place, on));
        }
    }

    fn credentials(&self) -> Option<&'a SlotSet<ResourceSlot>> {
        self.side.user_record_at(self.who?.slot).and_then(UserRecord::credentials)
    }

    /// Adds the resources for which the user has a credential, if they are not the same on the other side.
    fn add_other_credentials(&self, other: Self, on: &mut Vec<ResourceSource<'a>>) {
        let slots = |set: Option<&'a SlotSet<ResourceSlot>>| set.into_iter().flat_map(SlotSet::iter);
        let (own, others) = (self.credentials(), other.credentials());
        if !slots(own).eq(slots(others)) {
            on.extend(own.map(|own| ResourceSource::Set(own.iter())));
        }
    }
}

/// The users whose access may differ, in ascending order.
struct Concerns<'a> {
    users: Merge<UserSource<'a>>,
    /// By source of `users`: the resource that was written, or `None` for users whose access may differ elsewhere.
    reasons: Vec<Option<ResourceSlot>>,
}

impl<'a> Concerns<'a> {
    fn between(sides: Sides<'a>) -> Self {
        let [before, after] = sides;
        let everywhere = before.rights() != after.rights()
            || !before
                .kind_entries()
                .map(KindEntry::everyone)
                .eq(after.kind_entries().map(KindEntry::everyone));
        let mut concerned = Concerned { sources: Vec::new(), reasons: Vec::new() };
        if everywhere {
            concerned.extend(None, sides.map(UserSource::all));
        } else {
            concerned.extend(None, [UserSource::List(before.changed_users(after).into_iter())]);
        }
        for slot in before.changed_resources(after) {
            concerned.add_resource(sides, slot);
        }
        Self { users: Merge::new(concerned.sources), reasons: concerned.reasons }
    }
}

impl Iterator for Concerns<'_> {
    type Item = Concern;

    fn next(&mut self) -> Option<Concern> {
        let (user, _) = self.users.peek()?;
        let mut concern = Concern { user, itself: false, written: Vec::new() };
        while let Some((_, place)) = self.users.next_if(user) {
            match self.reasons.get(place).copied().flatten() {
                Some(resource) => concern.written.push(resource),
                None => concern.itself = true,
            }
        }
        Some(concern)
    }
}

/// Sources of users, each with its reason.
struct Concerned<'a> {
    sources: Vec<UserSource<'a>>,
    reasons: Vec<Option<ResourceSlot>>,
}

impl<'a> Concerned<'a> {
    fn extend(&mut self, reason: Option<ResourceSlot>, sources: impl IntoIterator<Item = UserSource<'a>>) {
        self.sources.extend(sources);
        self.reasons.resize(self.sources.len(), reason);
    }

    /// Adds the users whom the changes of a resource concern.
    fn add_resource(&mut self, sides: Sides<'a>, slot: ResourceSlot) {
        let [before, after] = sides.map(|side| side.resource_id(slot));
        let on = |side: &'a Directory, id: Option<ResourceId>| id.and_then(|id| side.resource_ref(id));
        let (was, is) = (on(sides[0], before), on(sides[1], after));
        let both = || [(sides[0], was), (sides[1], is)].into_iter();
        let reaching = |wanted| {
            both().flat_map(move |(side, on)| on.map(|on| side.reaching(on, wanted)).unwrap_or_default())
        };
        let (Some(was), Some(is), true) = (was, is, before == after) else {
            return self.extend(Some(slot), reaching(u64::MAX));
        };
        if was.row.required != is.row.required {
            self.extend(Some(slot), reaching(was.row.required ^ is.row.required));
        }
        if was.row.passing_parent() != is.row.passing_parent() {
            let from_parent = both().flat_map(|(side, on)| side.reaching_from_parent(on));
            self.extend(Some(slot), from_parent);
        }
        if was.row.grants.everyone != is.row.grants.everyone {
            self.extend(Some(slot), sides.map(UserSource::all));
        }
        if was.row.owner() != is.row.owner() {
            let mut owners: Vec<UserSlot> = was.row.owner().into_iter().chain(is.row.owner()).collect();
            owners.sort_unstable();
            self.extend(Some(slot), [UserSource::List(owners.into_iter())]);
        }
        for grantee in grants_changed(sides, was, is) {
            self.extend(Some(slot), sides.into_iter().filter_map(|side| users_of(side, grantee)));
        }
    }
}

impl Directory {
    /// The users to whom anything passes from the parent of a resource.
    fn reaching_from_parent<'a>(&'a self, on: Option<ResourceRef<'a>>) -> Vec<UserSource<'a>> {
        let parent = on.and_then(|on| self.passing_parent_of(on));
        let Some((on, parent)) = on.zip(parent) else { return Vec::new() };
        let map = self.map_from(on.row.kind(), parent.row.kind());
        map.map_or_else(Vec::new, |map| self.reaching(parent, map.passing(u64::MAX)))
    }
}

/// The groups and users whose grants on a resource differ.
fn grants_changed(sides: Sides<'_>, was: ResourceRef<'_>, is: ResourceRef<'_>) -> Vec<GranteeSlot> {
    let [before, after] = sides;
    before.grants_at(was.slot, was.row).changed(after.grants_at(is.slot, is.row))
}

fn users_of(side: &Directory, grantee: GranteeSlot) -> Option<UserSource<'_>> {
    match grantee.kind() {
        GranteeKind::User(user) => Some(UserSource::List(Vec::from([user]).into_iter())),
        GranteeKind::Group(group) => {
            side.group_record_at(group).map(|group| UserSource::Set(group.members.iter()))
        }
    }
}
