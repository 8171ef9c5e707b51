//! E: the ends of what is given.

use super::world::{Batch, Given, State, World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// E2: the end of something given. The later of two is the greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    At(u64),
    Never,
}

/// What is given, by name, each with its end.
pub type Ends = BTreeMap<String, End>;

impl End {
    /// E1: the end that a command names; without one there is none.
    pub fn of(body: &Value) -> End {
        body["expires_at"].as_u64().map_or(End::Never, End::At)
    }

    /// C5: something ends at its end.
    pub fn is_due(self, at: u64) -> bool {
        self <= End::At(at)
    }

    /// The time, or null for none.
    pub fn written(self) -> Value {
        match self {
            End::At(time) => json!(time),
            End::Never => Value::Null,
        }
    }
}

/// E2: gives something until an end; the latest end counts, so giving again never shortens.
pub fn give(ends: &mut Ends, name: &str, end: End) {
    let latest = ends.get(name).map_or(end, |so_far| end.max(*so_far));
    ends.insert(name.to_string(), latest);
}

impl Given {
    pub fn is_empty(&self) -> bool {
        self.permissions.is_empty() && self.roles.is_empty()
    }
}

impl State {
    /// Every end there is, for C5.
    pub fn ends(&self) -> Vec<u64> {
        let joined = self.users.values().flat_map(|user| user.joined.values());
        let granted =
            self.grants.values().flat_map(|given| given.permissions.values().chain(given.roles.values()));
        let time = |end: &End| if let End::At(time) = end { Some(*time) } else { None };
        joined.chain(granted).filter_map(time).collect()
    }
}

impl Batch {
    /// E4: takes what has ended by now, each by itself (E6). Returns `true` if there was any.
    pub(super) fn take_what_ended(&mut self) -> bool {
        let at = self.at;
        let any = self.world.state.ends().into_iter().any(|time| time <= at);
        for user in self.state().users.values_mut() {
            user.joined.retain(|_, end| !end.is_due(at));
        }
        for given in self.state().grants.values_mut() {
            given.permissions.retain(|_, end| !end.is_due(at));
            given.roles.retain(|_, end| !end.is_due(at));
        }
        self.state().grants.retain(|_, given| !given.is_empty());
        any
    }
}

impl World {
    /// E7: what ends by a time: a line for each subject, target and end, for each role, and for each membership.
    pub fn ending(&self, by: u64) -> Vec<Value> {
        let mut lines = Vec::new();
        let ends = self.state.ends().into_iter().filter(|end| *end <= by).collect::<BTreeSet<_>>();
        for until in ends {
            let names = |ends: &Ends| -> Vec<String> {
                ends.iter().filter(|(_, end)| **end == End::At(until)).map(|(name, _)| name.clone()).collect()
            };
            for ((to, on), given) in &self.state.grants {
                let permissions = names(&given.permissions);
                if !permissions.is_empty() {
                    lines.push(json!({ "to": to, "on": on, "permissions": permissions, "until": until }));
                }
                for role in names(&given.roles) {
                    lines.push(json!({ "to": to, "on": on, "role": role, "until": until }));
                }
            }
            for (user, body) in &self.state.users {
                for group in names(&body.joined) {
                    lines.push(json!({ "user": user, "group": group, "until": until }));
                }
            }
        }
        lines
    }
}
