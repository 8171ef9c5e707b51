//! The code that a backend would write by hand instead: the same worlds in maps and nested lists, and the same answers.

use core::hash::BuildHasherDefault;

use hashbrown::{HashMap, HashSet};

use crate::fx::FxHasher;
use crate::worlds::{PROFILES, Question, World, prefix};

type FxMap<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;
type FxSet<K> = HashSet<K, BuildHasherDefault<FxHasher>>;

pub(crate) fn ceiling(profile: u8) -> u64 {
    prefix(PROFILES[usize::from(profile)].1)
}

/// Sets in maps, all keyed by integers.
pub(crate) struct Maps {
    users: FxMap<u32, (FxSet<u32>, u8)>,
    resources: FxMap<u32, (FxMap<u32, u64>, u32)>,
    whole_kind: FxMap<u32, u64>,
}

impl Maps {
    pub(crate) fn new(world: &World) -> Self {
        let user = |user: u32| {
            let groups = world.groups_of.row(user).iter().copied().collect();
            (user, (groups, world.profile_of[user as usize]))
        };
        let resource = |resource: u32| {
            let grants = world.grants_on.row(resource).iter();
            let grants = grants.map(|grant| (grant.group, prefix(grant.length))).collect();
            (resource, (grants, world.owner_of[resource as usize]))
        };
        let whole_kind = world.whole_kind.iter().map(|grant| (grant.group, prefix(grant.length)));
        Self {
            users: (0..world.size.users).map(user).collect(),
            resources: (0..world.size.resources).map(resource).collect(),
            whole_kind: whole_kind.collect(),
        }
    }

    #[inline]
    pub(crate) fn check(&self, question: Question) -> bool {
        let Some((groups, profile)) = self.users.get(&question.user) else { return false };
        let Some((grants, owner)) = self.resources.get(&question.resource) else { return false };
        let wanted = 1 << question.permission;
        if ceiling(*profile) & wanted == 0 {
            return false;
        }
        *owner == question.user
            || grants.iter().any(|(group, mask)| mask & wanted != 0 && groups.contains(group))
            || self.whole_kind.iter().any(|(group, mask)| mask & wanted != 0 && groups.contains(group))
    }
}

/// A list of rows for the users and one for the resources, each row with a list of its own.
pub(crate) struct Lists {
    users: Vec<(Vec<u32>, u8)>,
    resources: Vec<(Vec<(u32, u64)>, u32)>,
    whole_kind: Vec<(u32, u64)>,
}

impl Lists {
    pub(crate) fn new(world: &World) -> Self {
        let user = |user: u32| (world.groups_of.row(user).to_vec(), world.profile_of[user as usize]);
        let resource = |resource: u32| {
            let grants = world.grants_on.row(resource).iter();
            let grants = grants.map(|grant| (grant.group, prefix(grant.length))).collect();
            (grants, world.owner_of[resource as usize])
        };
        let whole_kind = world.whole_kind.iter().map(|grant| (grant.group, prefix(grant.length)));
        Self {
            users: (0..world.size.users).map(user).collect(),
            resources: (0..world.size.resources).map(resource).collect(),
            whole_kind: whole_kind.collect(),
        }
    }

    #[inline]
    pub(crate) fn check(&self, question: Question) -> bool {
        let Some((groups, profile)) = self.users.get(question.user as usize) else { return false };
        let Some((grants, owner)) = self.resources.get(question.resource as usize) else { return false };
        let wanted = 1 << question.permission;
        if ceiling(*profile) & wanted == 0 {
            return false;
        }
        *owner == question.user
            || grants.iter().any(|(group, mask)| mask & wanted != 0 && groups.contains(group))
            || self.whole_kind.iter().any(|(group, mask)| mask & wanted != 0 && groups.contains(group))
    }
}

/// The formula of a chat platform's permission calculator: roles with base permissions, overwrites on a channel.
///
/// All roles' base permissions are united. Then each overwrite that applies to the member allows some permissions and
/// denies others. Slices of both are passed in.
pub(crate) struct Calculator {
    /// By user: each role with its base permissions.
    roles: Vec<Vec<(u64, u64)>>,
    /// By resource: role, allowed, denied.
    overwrites: Vec<Vec<Overwrite>>,
    owners: Vec<u32>,
    profiles: Vec<u8>,
}

struct Overwrite {
    id: u64,
    is_role: bool,
    allow: u64,
    deny: u64,
}

const EVERYONE: u64 = u64::MAX;

impl Calculator {
    pub(crate) fn new(world: &World) -> Self {
        let base = |group: u32| {
            let grants = world.whole_kind.iter().filter(|grant| grant.group == group);
            grants.fold(0, |mask, grant| mask | prefix(grant.length))
        };
        let roles = |user| {
            let groups = world.groups_of.row(user).iter();
            groups.map(|group| (u64::from(*group), base(*group))).collect()
        };
        let overwrites = |resource| {
            let grants = world.grants_on.row(resource).iter();
            let overwrite = |id, length| Overwrite { id, is_role: true, allow: prefix(length), deny: 0 };
            grants.map(|grant| overwrite(u64::from(grant.group), grant.length)).collect()
        };
        Self {
            roles: (0..world.size.users).map(roles).collect(),
            overwrites: (0..world.size.resources).map(overwrites).collect(),
            owners: world.owner_of.clone(),
            profiles: world.profile_of.clone(),
        }
    }

    #[inline]
    pub(crate) fn check(&self, question: Question) -> bool {
        let roles = &self.roles[question.user as usize];
        let overwrites = &self.overwrites[question.resource as usize];
        let granted = if self.owners[question.resource as usize] == question.user {
            prefix(12)
        } else {
            calculate(u64::from(question.user), roles, overwrites)
        };
        granted & ceiling(self.profiles[question.user as usize]) & (1 << question.permission) != 0
    }
}

fn calculate(member: u64, roles: &[(u64, u64)], overwrites: &[Overwrite]) -> u64 {
    let mut permissions = roles.iter().fold(0, |base, (_, gives)| base | gives);
    let (mut roles_allow, mut roles_deny, mut own_allow, mut own_deny) = (0, 0, 0, 0);
    for overwrite in overwrites {
        if overwrite.is_role {
            if overwrite.id == EVERYONE {
                permissions = permissions & !overwrite.deny | overwrite.allow;
            } else if roles.iter().any(|(role, _)| *role == overwrite.id) {
                roles_allow |= overwrite.allow;
                roles_deny |= overwrite.deny;
            }
        } else if overwrite.id == member {
            own_allow |= overwrite.allow;
            own_deny |= overwrite.deny;
        }
    }
    permissions = permissions & !roles_deny | roles_allow;
    permissions & !own_deny | own_allow
}
