//! Changes in words: what an event of the history did, and what is different between two states.

use std::collections::{BTreeMap, BTreeSet};

use entitle::authorize::GrantRow;
use entitle::change::Event;
use entitle::directory::{Target, UserStatus};
use entitle::{Directory, ResourceId, Timestamp, UserId};

use super::natural;

/// The grants that the events of a history left, so that the next event says what it gave and took.
///
/// All of them are in memory, as in a directory. What an event costs follows what it changes.
#[derive(Debug)]
pub(super) struct Grants {
    /// True if the history is read from its beginning, so that what is not here was not granted.
    is_whole: bool,
    /// The permissions of each grantee on each target.
    held: BTreeMap<(String, String), BTreeSet<String>>,
    /// The grantees of each target.
    grantees: BTreeSet<(String, String)>,
}

impl Grants {
    pub(super) fn new(is_whole: bool) -> Self {
        Self { is_whole, held: BTreeMap::new(), grantees: BTreeSet::new() }
    }

    /// Returns what an event changed, in words, and keeps what it left; `None` if its name and subjects say it all.
    pub(super) fn change(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::GrantChanged { to, on, permissions, ending, .. } => {
                let ends = ending.iter().flat_map(|part| &part.permissions);
                let now: BTreeSet<String> = permissions.iter().chain(ends).map(ToString::to_string).collect();
                let before = self.hold(to.to_string(), on.clone(), now.clone());
                let text = match before {
                    None if !self.is_whole => format!("now {}", listed(now.iter())),
                    before => given_and_taken(&before.unwrap_or_default(), &now),
                };
                let until = ending
                    .iter()
                    .map(|part| format!("; {} until {}", listed(part.permissions.iter()), part.expires_at));
                Some(text + &until.collect::<String>())
            }
            Event::GrantEnded { to, on, permissions, roles, .. } => {
                let names: BTreeSet<String> = permissions.iter().map(ToString::to_string).collect();
                if let Some(held) = self.held.get_mut(&(to.to_string(), on.clone())) {
                    held.retain(|name| !names.contains(name));
                }
                let roles = roles.iter().map(|role| format!("role {role}"));
                Some(format!("ended: {}", listed(names.into_iter().chain(roles))))
            }
            Event::ResourceRemoved { resource } => {
                let range = self.grantees.range((resource.clone(), String::new())..);
                for (on, to) in with_first(range, resource) {
                    self.grantees.remove(&(on.clone(), to.clone()));
                    self.held.remove(&(to, on));
                }
                None
            }
            Event::GroupRemoved { group } => {
                self.take(&format!("group:{group}"));
                None
            }
            Event::UserRemoved { user, .. } => {
                self.take(&format!("user:{user}"));
                None
            }
            Event::UserRenamed { user, to } => {
                let new = format!("user:{to}");
                for (on, held) in self.take(&format!("user:{user}")) {
                    self.hold(new.clone(), on, held);
                }
                Some(format!("now named {to}"))
            }
            event => in_words(event),
        }
    }

    fn hold(&mut self, to: String, on: String, held: BTreeSet<String>) -> Option<BTreeSet<String>> {
        self.grantees.insert((on.clone(), to.clone()));
        self.held.insert((to, on), held)
    }

    /// Removes what is held by a grantee, and returns it with each target.
    fn take(&mut self, grantee: &str) -> Vec<(String, BTreeSet<String>)> {
        let mut taken = Vec::new();
        let range = self.held.range((grantee.to_owned(), String::new())..);
        for (to, on) in with_first(range.map(|(pair, _)| pair), grantee) {
            self.grantees.remove(&(on.clone(), to.clone()));
            taken.extend(self.held.remove(&(to, on.clone())).map(|held| (on, held)));
        }
        taken
    }
}

/// Returns the pairs of an ordered list that begin with a text, up to the first that does not.
fn with_first<'a>(pairs: impl Iterator<Item = &'a (String, String)>, first: &str) -> Vec<(String, String)> {
    pairs.take_while(|(half, _)| half == first).cloned().collect()
}

/// Returns the change of an event that needs no earlier one.
fn in_words(event: &Event) -> Option<String> {
    let until = |end: &Option<Timestamp>| end.map(|end| format!(" until {end}")).unwrap_or_default();
    Some(match event {
        Event::RoleGranted { role, expires_at, .. } => format!("given role {role}{}", until(expires_at)),
        Event::RoleRevoked { role, .. } => format!("taken role {role}"),
        Event::ProfileWanted { profile, .. } => format!("wants {}", or_nothing(profile.as_deref())),
        Event::SeatChanged { holds, queued, .. } => {
            let waits = if *queued { ", waits" } else { "" };
            format!("holds {}{waits}", or_nothing(holds.as_deref()))
        }
        Event::UserSuspended { reason: Some(reason), .. } => format!("reason: {reason}"),
        Event::Joined { expires_at: Some(end), .. } | Event::KeyAdded { expires_at: Some(end), .. } => {
            format!("until {end}")
        }
        Event::UserInvited { expires_at: Some(end), .. } => format!("until {end}"),
        Event::Linked { source, .. } => format!("now from {}", source.as_str()),
        Event::PhaseChanged { phase } => format!("now {}", phase.as_str()),
        _ => return None,
    })
}

/// Returns what is in one set of permissions and not in the other, such as `given read, write; taken none`.
fn given_and_taken(before: &BTreeSet<String>, after: &BTreeSet<String>) -> String {
    if before == after {
        return "given none; taken none; another end".to_owned();
    }
    let names = |names: Vec<&String>| {
        if names.is_empty() { " none".to_owned() } else { format!(" {}", listed(names.into_iter())) }
    };
    let given = names(after.difference(before).collect());
    format!("given{given}; taken{}", names(before.difference(after).collect()))
}

fn listed(names: impl Iterator<Item = impl ToString>) -> String {
    let mut names: Vec<String> = names.map(|name| name.to_string()).collect();
    names.sort_by(|one, other| natural::compare(one, other));
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn or_nothing(name: Option<&str>) -> &str {
    name.unwrap_or("nothing")
}

/// Returns a field with its value before and now; `None` if they are the same.
fn replaced(what: &str, was: Option<&str>, is: Option<&str>) -> Option<String> {
    (was != is).then(|| format!("{what}: {} before, now {}", or_nothing(was), or_nothing(is)))
}

/// Returns what is different of a user.
pub(super) fn of_user(before: &Directory, after: &Directory, name: &str) -> Option<String> {
    let (one, two) = (before.user_by_name(name)?, after.user_by_name(name)?);
    let mut parts = Vec::new();
    let mut field = |what: &str, was: Option<String>, is: Option<String>| {
        parts.extend(replaced(what, was.as_deref(), is.as_deref()));
    };
    let status = |at: &Directory, user: UserId| at.status_of(user).map(UserStatus::as_str).map(str::to_owned);
    field("status", status(before, one), status(after, two));
    let wants = |at: &Directory, user: UserId| Some(at.seat_of(user)?.wants?.to_owned());
    field("wants", wants(before, one), wants(after, two));
    let holds = |at: &Directory, user: UserId| Some(at.seat_of(user)?.holds?.to_owned());
    field("holds", holds(before, one), holds(after, two));
    let email = |at: &Directory, user: UserId| at.email_of(user).map(str::to_owned);
    field("email", email(before, one), email(after, two));
    let source = |at: &Directory, user: UserId| Some(at.source_of(user)?.as_str().to_owned());
    field("source", source(before, one), source(after, two));
    let groups = |at: &Directory, user: UserId| -> BTreeSet<String> {
        at.direct_groups_of(user).filter_map(|group| at.group_name(group)).map(str::to_owned).collect()
    };
    let (was, is) = (groups(before, one), groups(after, two));
    for (what, names) in [("joined", is.difference(&was)), ("left", was.difference(&is))] {
        let names: Vec<&String> = names.collect();
        if !names.is_empty() {
            parts.push(format!("{what} {}", listed(names.into_iter())));
        }
    }
    Some(parts.join("; ")).filter(|text| !text.is_empty())
}

/// Returns what is different of a resource: its owner, its parent, and what each grantee was given there.
pub(super) fn of_resource(before: &Directory, after: &Directory, name: &str) -> Option<String> {
    let (one, two) = (before.resource_by_name(name), after.resource_by_name(name));
    let owner = |at: &Directory, on: ResourceId| Some(at.user_name(at.owner_of(on)?)?.to_owned());
    let parent = |at: &Directory, on: ResourceId| Some(at.resource_name(at.parent_of(on)?)?.to_string());
    let mut parts = Vec::new();
    for (what, was, is) in [
        ("owner", one.and_then(|on| owner(before, on)), two.and_then(|on| owner(after, on))),
        ("inside", one.and_then(|on| parent(before, on)), two.and_then(|on| parent(after, on))),
    ] {
        if one.is_some() && two.is_some() {
            parts.extend(replaced(what, was.as_deref(), is.as_deref()));
        }
    }
    parts.extend(of_grants(before, after, (one.map(Target::from), two.map(Target::from))));
    Some(parts.join("; ")).filter(|text| !text.is_empty())
}

/// Returns what is different of the grants on all of a kind, or on everything.
pub(super) fn of_kind(before: &Directory, after: &Directory, name: &str) -> Option<String> {
    let target = |at: &Directory| match name {
        "*" => Some(Target::Everything),
        name => at.catalog().kind_by_name(name).map(Target::from),
    };
    let parts = of_grants(before, after, (target(before), target(after)));
    Some(parts.join("; ")).filter(|text| !text.is_empty())
}

/// Returns the permissions and roles that each grantee was given and taken on a target.
fn of_grants(
    before: &Directory,
    after: &Directory,
    targets: (Option<Target>, Option<Target>),
) -> Vec<String> {
    let grants = |at: &Directory, target: Option<Target>| {
        let mut grants: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for GrantRow { to, role, permissions, until, .. } in
            target.into_iter().flat_map(|on| at.review_grants_on(on))
        {
            let names = role.map_or(permissions, |role| vec![format!("role {role}")]);
            let until = until.map(|end| format!(" until {end}")).unwrap_or_default();
            grants.entry(to).or_default().extend(names.into_iter().map(|name| name + &until));
        }
        grants
    };
    let (was, is) = (grants(before, targets.0), grants(after, targets.1));
    let grantees: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let none = BTreeSet::new();
    let of = |grantee: &&String| {
        let (was, is) = (was.get(*grantee).unwrap_or(&none), is.get(*grantee).unwrap_or(&none));
        (was != is).then(|| format!("{grantee} {}", given_and_taken(was, is)))
    };
    let mut grantees: Vec<&String> = grantees.into_iter().collect();
    grantees.sort_by(|one, other| natural::compare(one, other));
    grantees.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Event, Grants};

    fn event(name: &str, fields: &Value) -> Event {
        serde_json::from_value(json!({ name: fields })).unwrap()
    }

    /// The change of a grant to a user that leaves these permissions.
    fn change(grants: &mut Grants, permissions: &Value, ending: &Value) -> Option<String> {
        let fields =
            json!({ "to": "user:ada", "on": "project/a", "permissions": permissions, "ending": ending });
        grants.change(&event("grant_changed", &fields))
    }

    /// Before the first commit that is there, nothing is known, and nothing is said to be given.
    #[test]
    fn a_compacted_history_says_what_is_there_now() {
        let (mut whole, mut compacted) = (Grants::new(true), Grants::new(false));
        let (none, both) = (json!([]), json!(["read", "write"]));
        assert_eq!(change(&mut whole, &both, &none).as_deref(), Some("given read, write; taken none"));
        assert_eq!(change(&mut compacted, &both, &none).as_deref(), Some("now read, write"));
        let read = json!(["read"]);
        let ending = json!([{ "expires_at": 9000, "permissions": ["write"] }]);
        for grants in [&mut whole, &mut compacted] {
            let until = "; write until 1970-01-01 00:00:09 UTC";
            let same = format!("given none; taken none; another end{until}");
            assert_eq!(change(grants, &read, &ending), Some(same));
            assert_eq!(change(grants, &none, &none).as_deref(), Some("given none; taken read, write"));
        }
    }
    /// A thing that is removed and added again begins with no grants, and no other grant is forgotten.
    #[test]
    fn what_is_removed_has_no_grants() {
        let removed = [
            ("resource_removed", json!({ "resource": "project/a" }), "user:ada", "project/a"),
            ("user_removed", json!({ "user": "ada" }), "user:ada", "project/a"),
            ("group_removed", json!({ "group": "data" }), "group:data", "project/a"),
        ];
        let grantees = ["user:ad", "user:ada", "user:adam", "group:data", "everyone"];
        for (name, fields, to, on) in removed {
            let mut grants = Grants::new(true);
            let give = |grants: &mut Grants, to: &str, on: &str| {
                let fields = json!({ "to": to, "on": on, "permissions": ["read"], "ending": [] });
                grants.change(&event("grant_changed", &fields)).unwrap()
            };
            let targets = ["project/", "project/a", "project/ab"];
            for to in grantees {
                for on in targets {
                    assert_eq!(give(&mut grants, to, on), "given read; taken none");
                }
            }
            assert_eq!(grants.change(&event(name, &fields)), None);
            for grantee in grantees {
                for target in targets {
                    let is_gone = if name == "resource_removed" { target == on } else { grantee == to };
                    let same = "given none; taken none; another end";
                    let expected = if is_gone { "given read; taken none" } else { same };
                    assert_eq!(give(&mut grants, grantee, target), expected, "{name}: {grantee} on {target}");
                }
            }
        }
    }

    #[test]
    fn what_ended_is_given_again() {
        let mut grants = Grants::new(true);
        change(&mut grants, &json!(["read"]), &json!([{ "expires_at": 9000, "permissions": ["write"] }]));
        let fields =
            json!({ "to": "user:ada", "on": "project/a", "permissions": ["write"], "expires_at": 9000 });
        assert_eq!(grants.change(&event("grant_ended", &fields)).as_deref(), Some("ended: write"));
        let again = change(&mut grants, &json!(["read", "write"]), &json!([]));
        assert_eq!(again.as_deref(), Some("given write; taken none"));
    }

    /// A new name keeps what was given, and what is removed under it is forgotten.
    #[test]
    fn a_renamed_user_keeps_the_grants() {
        let mut grants = Grants::new(true);
        let both = json!(["read", "write"]);
        change(&mut grants, &both, &json!([]));
        let renamed = event("user_renamed", &json!({ "user": "ada", "to": "eve" }));
        assert_eq!(grants.change(&renamed).as_deref(), Some("now named eve"));
        let eve = |grants: &mut Grants, permissions: Value| {
            let fields =
                json!({ "to": "user:eve", "on": "project/a", "permissions": permissions, "ending": [] });
            grants.change(&event("grant_changed", &fields)).unwrap()
        };
        assert_eq!(eve(&mut grants, json!(["read"])), "given none; taken write");
        assert_eq!(change(&mut grants, &both, &json!([])).as_deref(), Some("given read, write; taken none"));
        grants.change(&event("resource_removed", &json!({ "resource": "project/a" })));
        assert_eq!(eve(&mut grants, json!(["read"])), "given read; taken none");
    }
}
