//! The promise itself, over anything that can be planned on and asked until when something is granted.

use serde_json::{Value, json};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// What is granted, each permission until its end; the largest number is none.
pub(super) type Ends = BTreeMap<String, u64>;

/// A world that people administer.
pub(super) trait Administered: Sized {
    /// The world after a plan, or `None` if it is refused. Without an actor it is the host's.
    fn plan(&self, actor: Option<&str>, at: u64, commands: &[Value]) -> Option<Self>;
    /// The names of users by their ids, which stay through renames.
    fn users(&self) -> BTreeMap<u64, String>;
    fn resources(&self) -> BTreeMap<u64, String>;
    fn keys(&self) -> BTreeMap<u64, String>;
    /// The user, or the one that a key acts as.
    fn user_of(&self, actor: &str) -> Option<String>;
    fn until(&self, who: &str, on: &str) -> Ends;
    /// The profile wanted, which decides about groups by profile.
    fn wants(&self, user: &str) -> Value;
    fn groups_managed_by(&self, user: &str) -> Vec<String>;
    /// Whether an actor is a user or a key without a limit.
    fn is_whole(&self, actor: &str) -> bool;
}

/// A user that nobody else is, to ask what something gives.
const GHOST: &str = "ghost";

/// What a world with a ghost says about the ghost: what everyone has, and what the declared exceptions give.
struct Excuses<W> {
    everyone: W,
    /// Of lists in `access` and managers: to others than the actor.
    exceptions: W,
    /// Of groups by profile: to those whose profile changes, by each profile.
    profiles: Vec<W>,
}

/// D6: what an actor's plan made of a world, on everything that was there before, for everybody.
pub(super) fn d6_holds<W: Administered>(
    before: &W,
    catalog: &Value,
    (actor, at): (&str, u64),
    after: &W,
) -> Result<(), String> {
    let due = before.plan(None, at, &[json!({ "tick": {} })]);
    let before = due.as_ref().ok_or("a tick is refused")?;
    let compared = Compared { before, after, catalog, actor, at, excuses: OnceCell::new() };
    let resources = before.resources();
    for (id, now) in after.resources() {
        let Some(was) = resources.get(&id) else { continue };
        compared.everybody((was, &now))?;
        compared.keys_are_within((was, &now))?;
    }
    Ok(())
}

/// A world before and after a plan of an actor.
struct Compared<'a, W> {
    before: &'a W,
    after: &'a W,
    catalog: &'a Value,
    actor: &'a str,
    at: u64,
    /// Worked out only where somebody has more or less than this.
    excuses: OnceCell<Excuses<W>>,
}

impl<W: Administered> Compared<'_, W> {
    fn excuses(&self) -> &Excuses<W> {
        self.excuses.get_or_init(|| excuses(self.before, self.catalog, self.actor, self.at))
    }

    /// What somebody has on a resource that is named so before and after.
    fn everybody(&self, (was, now): (&str, &str)) -> Result<(), String> {
        let users = self.before.users();
        let own = self.before.until(self.actor, was);
        for (id, user) in self.after.users() {
            let old = users.get(&id);
            let had = match old {
                Some(old) => self.before.until(&format!("user:{old}"), was),
                None => self.excuses().everyone.until(&format!("user:{GHOST}"), was),
            };
            let has = self.after.until(&format!("user:{user}"), now);
            if had == has {
                continue;
            }
            let changes_profile = old.is_none_or(|old| self.before.wants(old) != self.after.wants(&user));
            let excused = || self.excuses().on(was, changes_profile);
            let wrong = |what: &str, permission: &str| {
                let actor = self.actor;
                Err(format!(
                    "{user} {what} `{permission}` on {now}: had {had:?}, has {has:?}, {actor} had {own:?}"
                ))
            };
            // D7: an exception is not for oneself.
            let is_myself = old.is_some_and(|old| self.before.user_of(self.actor).as_ref() == Some(old));
            for (permission, end) in &has {
                let lasts = |ends: &Ends| ends.get(permission).is_some_and(|may| may >= end);
                if !lasts(&had) && !lasts(&own) && (is_myself || !lasts(&excused())) {
                    return wrong("is given", permission);
                }
            }
            for (permission, end) in had.iter().filter(|_| old.is_some()) {
                let is_less = has.get(permission).is_none_or(|has| has < end);
                if is_less && !own.contains_key(permission) && !excused().contains_key(permission) {
                    return wrong("is bereft of", permission);
                }
            }
        }
        Ok(())
    }

    /// D13: a new key has nothing that the actor has not.
    fn keys_are_within(&self, (was, now): (&str, &str)) -> Result<(), String> {
        let (before, after, actor) = (self.before, self.after, self.actor);
        let known = before.keys();
        for (_, key) in after.keys().into_iter().filter(|(id, _)| !known.contains_key(id)) {
            let has = after.until(&format!("key:{key}"), now);
            let own = [before.until(actor, was), after.until(actor, now)];
            if let Some(permission) = has.keys().find(|name| !own.iter().any(|own| own.contains_key(*name))) {
                return Err(format!(
                    "the new key {key} has `{permission}` on {now}, and {actor} has {own:?}"
                ));
            }
        }
        Ok(())
    }
}

impl<W: Administered> Excuses<W> {
    fn on(&self, resource: &str, changes_profile: bool) -> Ends {
        let ghost = format!("user:{GHOST}");
        let mut excused = self.exceptions.until(&ghost, resource);
        for world in self.profiles.iter().filter(|_| changes_profile) {
            for (permission, end) in world.until(&ghost, resource) {
                let latest = excused.entry(permission).or_default();
                *latest = end.max(*latest);
            }
        }
        excused
    }
}

fn excuses<W: Administered>(before: &W, catalog: &Value, actor: &str, at: u64) -> Excuses<W> {
    let host = |world: &W, commands: &[Value]| world.plan(None, at, commands).unwrap();
    let add = |profile: &Value| json!({ "add_user": { "user": GHOST, "profile": profile } });
    let everyone = host(before, &[add(&Value::Null)]);
    let mut commands = vec![add(&Value::Null)];
    commands.extend(lists(before, catalog, actor, at));
    if before.is_whole(actor) {
        let managed = before.groups_managed_by(&before.user_of(actor).unwrap());
        commands.extend(managed.iter().map(|group| json!({ "join": { "user": GHOST, "group": group } })));
    }
    let exceptions = host(before, &commands);
    let profiles = catalog["profiles"].as_object().unwrap().keys();
    let profiles = profiles.map(|profile| host(before, &[add(&json!(profile))])).collect();
    Excuses { everyone, exceptions, profiles }
}

/// The lists in `access` that an actor has, on each resource and each whole kind, given to the ghost.
fn lists<W: Administered>(before: &W, catalog: &Value, actor: &str, at: u64) -> Vec<Value> {
    let mut commands = Vec::new();
    let access = catalog["administration"]["access"].as_object().into_iter().flatten();
    let mut targets: Vec<(String, Ends)> =
        before.resources().into_values().map(|name| (name.clone(), before.until(actor, &name))).collect();
    for kind in catalog["kinds"].as_object().unwrap().keys() {
        // What is had on a resource that nobody knows is had on the whole kind.
        let name = format!("{kind}/{GHOST}");
        let with_one = before.plan(None, at, &[json!({ "add_resource": { "resource": name } })]);
        targets.extend(with_one.map(|world| (format!("{kind}/*"), world.until(actor, &name))));
    }
    for (kind, says) in access {
        let of_kind = |target: &&(String, Ends)| target.0.split('/').next() == Some(kind);
        for (target, had) in targets.iter().filter(of_kind) {
            for (permission, listed) in
                says.as_object().unwrap().iter().filter(|(_, listed)| listed.is_array())
            {
                let Some(end) = had.get(permission) else { continue };
                let end = (*end != u64::MAX).then_some(*end);
                commands.push(json!({ "grant": { "to": format!("user:{GHOST}"), "on": target, "permissions": listed, "expires_at": end } }));
            }
        }
    }
    let mut seen = BTreeSet::new();
    commands.retain(|command| seen.insert(command.to_string()));
    commands
}
