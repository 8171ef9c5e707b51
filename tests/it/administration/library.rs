//! The crate as a world that is administered.

use super::promise::{Administered, Ends};
use crate::side_by_side::read_commands;
use entitle::authorize::PrincipalName;
use entitle::directory::GranteeId;
use entitle::{Batch, Directory, Principal, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn principal(directory: &Directory, name: &str) -> Option<Principal> {
    directory.principal_by_name(name)
}

impl Administered for Directory {
    fn plan(&self, actor: Option<&str>, at: u64, commands: &[Value]) -> Option<Self> {
        let now = Timestamp::from_millis(at);
        let batch = match actor {
            None => Batch::host(now),
            Some(actor) => Batch::actor(now, principal(self, actor)?),
        };
        let plan = Self::plan(self, batch.extend(read_commands(commands))).ok()?;
        Some(plan.into_directory())
    }

    fn users(&self) -> BTreeMap<u64, String> {
        let users = Self::users(self);
        users.map(|user| (user.as_u64(), self.user_name(user).unwrap().to_owned())).collect()
    }

    fn resources(&self) -> BTreeMap<u64, String> {
        let resources = Self::resources(self);
        resources
            .map(|resource| (resource.as_u64(), self.resource_name(resource).unwrap().to_string()))
            .collect()
    }

    fn keys(&self) -> BTreeMap<u64, String> {
        Self::keys(self).map(|key| (key.as_u64(), self.key_name(key).unwrap().to_owned())).collect()
    }

    fn user_of(&self, actor: &str) -> Option<String> {
        let user = match principal(self, actor)? {
            Principal::User(user) => user,
            Principal::Key(key) => Self::user_of(self, key)?,
        };
        self.user_name(user).map(str::to_owned)
    }

    fn until(&self, who: &str, on: &str) -> Ends {
        let Some((who, on)) = principal(self, who).zip(self.resource_by_name(on)) else { return Ends::new() };
        let ends = Self::until(self, who, on).into_iter().flat_map(|(end, permissions)| {
            let end = end.map_or(u64::MAX, Timestamp::as_millis);
            let names = self.catalog().names(permissions).map(str::to_owned).collect::<Vec<_>>();
            names.into_iter().map(move |name| (name, end))
        });
        ends.collect()
    }

    fn wants(&self, user: &str) -> Value {
        let user = self.user_by_name(user);
        json!(user.and_then(|user| self.seat_of(user)).and_then(|seat| seat.wants.map(str::to_owned)))
    }

    fn groups_managed_by(&self, user: &str) -> Vec<String> {
        let Some(user) = self.user_by_name(user) else { return Vec::new() };
        let groups = self.group_names_of(user).into_iter().filter_map(|group| self.group_by_name(group));
        let subjects = groups.map(GranteeId::Group).chain([GranteeId::User(user), GranteeId::Everyone]);
        let managed = subjects.flat_map(|subject| Self::groups_managed_by(self, subject).collect::<Vec<_>>());
        let names: std::collections::BTreeSet<String> =
            managed.map(|group| self.group_name(group).unwrap().to_owned()).collect();
        names.into_iter().collect()
    }

    fn is_whole(&self, actor: &str) -> bool {
        match actor.parse() {
            Ok(PrincipalName::Key(key)) => {
                let key = self.key_by_name(&key).and_then(|key| self.scope_document_of(key));
                key == Some(entitle::change::ScopeDocument::All)
            }
            _ => true,
        }
    }
}
