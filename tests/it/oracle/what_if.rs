//! S15: the changes that a batch would make, without making them.

use super::world::World;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The changes that a batch would make.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    /// The number of pairs of a user and a resource that lose an allowed permission.
    pub loses: u64,
    /// The number of pairs that gain one. A pair may do both.
    pub gains: u64,
    /// The labels of the requirements that are met before and not after, sorted.
    pub breaks: Vec<String>,
}

/// The names of users or resources by their identifying numbers.
type ByNumber = BTreeMap<u64, String>;

impl World {
    /// Plans the batch on a copy and compares the last commit with it, due changes included.
    pub fn what_if(&self, at: u64, commands: &[Value], requirements: &[Value]) -> Result<WhatIf, String> {
        self.what_if_as(None, at, commands, requirements)
    }

    /// D1: the same, made as somebody.
    pub fn what_if_as(
        &self,
        actor: Option<&str>,
        at: u64,
        commands: &[Value],
        requirements: &[Value],
    ) -> Result<WhatIf, String> {
        let mut after = self.clone();
        after.apply_as(actor, at, commands)?;
        let (users, resources) = (self.user_numbers(), self.resource_numbers());
        let (users_after, resources_after) = (after.user_numbers(), after.resource_numbers());
        let mut what_if = WhatIf { loses: 0, gains: 0, breaks: Vec::new() };
        // S15: by identity: a rename is no change, and removed and new users and resources are compared too.
        for user in all_numbers(&users, &users_after) {
            for resource in all_numbers(&resources, &resources_after) {
                let had = self.permissions_of(users.get(&user), resources.get(&resource));
                let has = after.permissions_of(users_after.get(&user), resources_after.get(&resource));
                if !had.is_subset(&has) {
                    what_if.loses += 1;
                }
                if !has.is_subset(&had) {
                    what_if.gains += 1;
                }
            }
        }
        for requirement in requirements {
            let who = requirement["who"].as_str().unwrap();
            let on = requirement["on"].as_str().unwrap();
            let wanted = match &requirement["permission"] {
                Value::Array(list) => list.iter().map(|one| one.as_str().unwrap()).collect(),
                one => vec![one.as_str().unwrap()],
            };
            let met_before = self.check(who, on, &wanted).starts_with("allowed");
            let met_after = match (self.name_after(who, &after), resources_after_name(self, on, &after)) {
                (Some(who), Some(on)) => after.check(&who, &on, &wanted).starts_with("allowed"),
                _ => false,
            };
            if met_before && !met_after {
                what_if.breaks.push(requirement["label"].as_str().unwrap().to_string());
            }
        }
        what_if.breaks.sort();
        Ok(what_if)
    }

    /// The names of users by their numbers, which stay through renames.
    pub fn user_numbers(&self) -> ByNumber {
        self.state.users.iter().map(|(name, user)| (user.number, name.clone())).collect()
    }

    pub fn resource_numbers(&self) -> ByNumber {
        self.state.resources.iter().map(|(name, resource)| (resource.number, name.clone())).collect()
    }

    /// The permissions of a user on a resource; none if one of them does not exist.
    fn permissions_of(&self, user: Option<&String>, resource: Option<&String>) -> BTreeSet<String> {
        match (user, resource) {
            (Some(user), Some(resource)) => self.permissions(&format!("user:{user}"), resource),
            _ => BTreeSet::new(),
        }
    }

    /// The name of the same principal after the batch, if it still exists.
    fn name_after(&self, who: &str, after: &World) -> Option<String> {
        let (sort, name) = who.split_once(':')?;
        if sort == "key" {
            let number = self.state.keys.get(name)?.number;
            let key = after.state.keys.get(name)?;
            return (key.number == number).then(|| who.to_string());
        }
        let number = self.state.users.get(name)?.number;
        let name = after.user_numbers().get(&number)?.clone();
        Some(format!("user:{name}"))
    }
}

/// The name of the same resource after the batch, if it still exists.
fn resources_after_name(before: &World, on: &str, after: &World) -> Option<String> {
    let number = before.state.resources.get(on)?.number;
    after.resource_numbers().get(&number).cloned()
}

fn all_numbers(before: &ByNumber, after: &ByNumber) -> BTreeSet<u64> {
    before.keys().chain(after.keys()).copied().collect()
}
