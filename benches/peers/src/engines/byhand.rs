//! The code that a backend would write by hand.

use std::collections::{HashMap, HashSet};

use super::Engine;
use crate::handmade::{Lists, Maps, ceiling};
use crate::worlds::{Question, World, group_name, prefix, resource_name, user_name};

/// Questions as they are, and a function that answers one.
struct ByNumber<F> {
    questions: Vec<Question>,
    check: F,
}

impl<F: Fn(Question) -> bool> Engine for ByNumber<F> {
    fn prepare(&mut self, questions: &[Question]) {
        self.questions = questions.to_vec();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        self.questions[place..][..count].iter().filter(|question| (self.check)(**question)).count()
    }
}

pub(super) fn make_maps(world: &World) -> Box<dyn Engine> {
    let maps = Maps::new(world);
    Box::new(ByNumber { questions: Vec::new(), check: move |question| maps.check(question) })
}

pub(super) fn make_lists(world: &World) -> Box<dyn Engine> {
    let lists = Lists::new(world);
    Box::new(ByNumber { questions: Vec::new(), check: move |question| lists.check(question) })
}

/// Sets in maps, all keyed by names, as in most backends.
pub(super) struct Named {
    users: HashMap<String, (HashSet<String>, u8)>,
    resources: HashMap<String, (HashMap<String, u64>, String)>,
    whole_kind: HashMap<String, u64>,
}

impl Named {
    pub(super) fn new(world: &World) -> Self {
        let user = |user: u32| {
            let groups = world.groups_of.row(user).iter().map(|group| group_name(*group)).collect();
            (user_name(user), (groups, world.profile_of[user as usize]))
        };
        let resource = |resource: u32| {
            let grants = world.grants_on.row(resource).iter();
            let grants = grants.map(|grant| (group_name(grant.group), prefix(grant.length))).collect();
            (resource_name(resource), (grants, user_name(world.owner_of[resource as usize])))
        };
        let whole_kind = world.whole_kind.iter();
        let whole_kind = whole_kind.map(|grant| (group_name(grant.group), prefix(grant.length)));
        Self {
            users: (0..world.size.users).map(user).collect(),
            resources: (0..world.size.resources).map(resource).collect(),
            whole_kind: whole_kind.collect(),
        }
    }

    #[inline]
    pub(super) fn check(&self, user: &str, resource: &str, permission: u8) -> bool {
        let Some((groups, profile)) = self.users.get(user) else { return false };
        let Some((grants, owner)) = self.resources.get(resource) else { return false };
        let wanted = 1 << permission;
        if ceiling(*profile) & wanted == 0 {
            return false;
        }
        owner == user
            || grants.iter().any(|(group, mask)| mask & wanted != 0 && groups.contains(group))
            || self.whole_kind.iter().any(|(group, mask)| mask & wanted != 0 && groups.contains(group))
    }
}

pub(super) struct Names {
    named: Named,
    questions: Vec<(String, String, u8)>,
}

impl Names {
    pub(super) fn make(world: &World) -> Box<dyn Engine> {
        Box::new(Self { named: Named::new(world), questions: Vec::new() })
    }
}

impl Engine for Names {
    fn prepare(&mut self, questions: &[Question]) {
        let named = |question: &Question| {
            (user_name(question.user), resource_name(question.resource), question.permission)
        };
        self.questions = questions.iter().map(named).collect();
    }

    fn allowed(&mut self, place: usize, count: usize) -> usize {
        let questions = self.questions[place..][..count].iter();
        questions.filter(|(user, resource, permission)| self.named.check(user, resource, *permission)).count()
    }
}
