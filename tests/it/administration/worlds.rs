//! Small random worlds, in which a few have much and most have a little, and random plans in them.

use crate::generate::keep_places;
use serde_json::{Map, Value, json};

/// Random numbers from a seed (`SplitMix64`).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// One of `n` times.
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    /// Some of them, at least one.
    fn some<T: Copy>(&mut self, all: &[T]) -> Vec<T> {
        let mut some: Vec<T> = all.iter().copied().filter(|_| self.one_in(3)).collect();
        if some.is_empty() {
            some.push(self.of(all));
        }
        some
    }
}

const USERS: &[&str] = &["ada", "bob", "cyd", "dee", "eve"];
const GROUPS: &[&str] = &["g0", "g1", "g2", "g3", "g4"];
const RESOURCES: &[&str] = &["folder/f", "folder/g", "project/a", "project/b", "dataset/d"];
const TARGETS: &[&str] = &[
    "instance",
    "folder/f",
    "folder/g",
    "project/a",
    "project/b",
    "dataset/d",
    "project/*",
    "folder/*",
    "dataset/*",
];
const KEYS: &[&str] = &["k0", "k1", "k2"];
const ROLES: &[&str] = &["r0", "r1"];
const PROFILES: &[&str] = &["full", "basic"];
const ENDS: &[u64] = &[15, 30, 60];

const KINDS: &[(&str, &[&str])] = &[
    ("instance", &["admin", "people", "seats", "groups", "create"]),
    ("folder", &["admin", "write", "read"]),
    ("project", &["admin", "edit", "write", "read", "export"]),
    ("dataset", &["steward", "on_call", "write", "read"]),
];

fn permissions_of(target: &str) -> &'static [&'static str] {
    let kind = target.split('/').next();
    KINDS.iter().find(|(name, _)| Some(*name) == kind).unwrap().1
}

/// A catalog with any shape of administration.
pub(super) fn catalog(dice: &mut Dice) -> Value {
    let mut catalog = json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": KINDS[0].1, "owner": ["admin"] },
            "folder": { "permissions": KINDS[1].1, "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["admin"],
                        "inside": { "folder": { "passes": "same" } } },
            "project": { "permissions": KINDS[2].1, "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["admin"],
                         "inside": { "folder": { "passes": { "admin": ["admin"], "write": ["export"], "read": ["read"] } } } },
            "dataset": { "permissions": KINDS[3].1, "implies": { "write": ["read"] }, "owner": ["steward"],
                         "inside": { "project": { "passes": "same" } } },
        },
        "profiles": { "full": { "seat": "exempt" }, "basic": { "seat": "exempt" } },
        "default_profile": "full",
        "custom_roles": true,
        "administration": administration(dice),
    });
    if dice.one_in(2) {
        catalog["kinds"]["instance"]["implies"] = json!({ "admin": ["people", "groups", "create"] });
    }
    if dice.one_in(2) {
        catalog["kinds"]["project"]["inside"]["instance"] = json!({ "passes": { "admin": ["admin"] } });
    }
    if dice.one_in(2) {
        catalog["profiles"]["basic"]["ceiling"] =
            json!({ "instance": "all", "project": ["edit", "write"], "folder": "all" });
    }
    keep_places(&mut catalog);
    catalog
}

fn administration(dice: &mut Dice) -> Value {
    let mut administration = Map::new();
    let plain = [
        ("people", "people"),
        ("seats", "seats"),
        ("license", "admin"),
        ("groups", "groups"),
        ("roles", "admin"),
    ];
    for (area, usual) in plain {
        if dice.one_in(8) {
            continue;
        }
        let listed = if dice.one_in(4) { dice.some(KINDS[0].1) } else { vec![usual] };
        administration.insert(area.into(), json!({ "instance": listed }));
    }
    let places = [
        json!({ "instance": ["create"] }),
        json!({ "folder": ["write"] }),
        json!({ "instance": ["create"], "folder": ["write"] }),
        json!({ "project": ["write"], "folder": ["read"] }),
    ];
    let (mut create, mut access, mut of_kind) = (Map::new(), Map::new(), [Map::new(), Map::new()]);
    for (kind, permissions) in KINDS {
        if !dice.one_in(6) {
            create.insert((*kind).into(), places[usize::try_from(dice.below(4)).unwrap()].clone());
        }
        for area in &mut of_kind {
            if !dice.one_in(4) {
                area.insert((*kind).into(), json!(dice.some(permissions)));
            }
        }
        if dice.one_in(8) {
            continue;
        }
        let mut says = Map::new();
        for permission in dice.some(permissions).into_iter().chain([permissions[0]]) {
            let listed = if dice.one_in(4) { json!(dice.some(permissions)) } else { json!("held") };
            says.insert(permission.into(), listed);
        }
        access.insert((*kind).into(), Value::Object(says));
    }
    let [remove, ownership] = of_kind;
    administration.extend([
        ("create".to_string(), json!(create)),
        ("remove".to_string(), json!(remove)),
        ("ownership".to_string(), json!(ownership)),
        ("access".to_string(), json!(access)),
    ]);
    if dice.one_in(2) {
        administration.insert("protected".into(), json!({ "instance": dice.some(KINDS[0].1) }));
    }
    Value::Object(administration)
}

/// An end, or null for none.
fn end(dice: &mut Dice) -> Value {
    if dice.one_in(2) { json!(dice.of(ENDS)) } else { Value::Null }
}

fn subject(dice: &mut Dice) -> String {
    match dice.below(8) {
        0 => "everyone".into(),
        1..=4 => format!("group:{}", dice.of(GROUPS)),
        _ => format!("user:{}", dice.of(USERS)),
    }
}

fn grant(dice: &mut Dice, to: &str) -> Value {
    if dice.one_in(8) {
        let on = if dice.one_in(2) { "*" } else { dice.of(TARGETS) };
        return json!({ "grant": { "to": to, "on": on, "role": dice.of(ROLES), "expires_at": end(dice) } });
    }
    let on = dice.of(TARGETS);
    json!({ "grant": { "to": to, "on": on, "permissions": dice.some(permissions_of(on)), "expires_at": end(dice) } })
}

fn scope(dice: &mut Dice) -> Value {
    if dice.one_in(3) {
        return json!("all");
    }
    let mut entries = Map::new();
    for target in dice.some(TARGETS) {
        entries.insert(target.into(), json!(dice.some(permissions_of(target))));
    }
    Value::Object(entries)
}

fn role(dice: &mut Dice) -> Value {
    let mut permissions = Map::new();
    for _ in 0..dice.below(3) {
        let (kind, all) = dice.of(KINDS);
        permissions.insert(kind.into(), json!(dice.some(all)));
    }
    Value::Object(permissions)
}

fn managers(dice: &mut Dice) -> Vec<String> {
    (0..dice.below(3)).map(|_| subject(dice)).collect()
}

fn parent(dice: &mut Dice) -> Value {
    if dice.one_in(4) { Value::Null } else { json!(dice.of(&RESOURCES[..4])) }
}

/// The host's commands that make a world; those that are refused are left out.
pub(super) fn population(dice: &mut Dice) -> Vec<Value> {
    let mut all: Vec<Value> = USERS
        .iter()
        .map(|user| json!({ "add_user": { "user": user, "profile": dice.of(PROFILES) } }))
        .collect();
    for resource in RESOURCES {
        let owner = if dice.one_in(2) { Value::Null } else { json!(dice.of(USERS)) };
        all.push(json!({ "add_resource": { "resource": resource, "owner": owner } }));
        all.push(json!({ "move_resource": { "resource": resource, "parent": parent(dice) } }));
        if dice.one_in(6) {
            all.push(json!({ "close": { "resource": resource } }));
        }
    }
    all.push(json!({ "transfer_ownership": { "resource": "instance", "to": dice.of(USERS) } }));
    for (place, group) in GROUPS.iter().enumerate() {
        let includes = if dice.one_in(3) { json!(dice.of(RESOURCES)) } else { Value::Null };
        let by_profile = place == 4 && dice.one_in(2);
        all.push(if by_profile {
            json!({ "add_group": { "group": group, "members": { "by_profile": [dice.of(PROFILES)] } } })
        } else {
            json!({ "add_group": { "group": group, "includes_owner_of": includes, "managers": managers(dice).into_iter().filter(|it| it.starts_with("user")).collect::<Vec<_>>() } })
        });
    }
    for role in ROLES {
        all.push(json!({ "add_role": { "role": role, "permissions": self::role(dice) } }));
    }
    for _ in 0..3 {
        all.push(json!({ "nest": { "group": dice.of(GROUPS), "in": dice.of(GROUPS) } }));
        all.push(json!({ "set_managers": { "group": dice.of(GROUPS), "managers": managers(dice) } }));
    }
    for _ in 0..4 {
        all.push(
            json!({ "join": { "user": dice.of(USERS), "group": dice.of(GROUPS), "expires_at": end(dice) } }),
        );
    }
    // Two of them have much: else nearly all plans would be refused.
    for user in &USERS[..2] {
        for on in TARGETS {
            if !dice.one_in(3) {
                let to = format!("user:{user}");
                all.push(json!({ "grant": { "to": to, "on": on, "permissions": dice.some(permissions_of(on)), "expires_at": end(dice) } }));
            }
        }
    }
    for _ in 0..8 {
        let to = subject(dice);
        all.push(grant(dice, &to));
    }
    for key in KEYS {
        all.push(json!({ "add_key": { "key": key, "acts_as": dice.of(&USERS[..2]), "scope": scope(dice) } }));
    }
    all
}

/// So many more users, who are in a group or two and have a little of their own.
pub(super) fn crowd(dice: &mut Dice, count: u64) -> Vec<Value> {
    let mut all = Vec::new();
    for number in 0..count {
        let user = format!("u{number}");
        let groups = if dice.one_in(4) { vec![dice.of(&GROUPS[..4])] } else { Vec::new() };
        all.push(json!({ "add_user": { "user": user, "profile": dice.of(PROFILES), "groups": groups } }));
        if dice.one_in(4) {
            all.push(grant(dice, &format!("user:{user}")));
        }
        if dice.one_in(16) {
            all.push(json!({ "join": { "user": user, "group": dice.of(GROUPS), "expires_at": end(dice) } }));
        }
    }
    all
}

/// An actor and a batch.
pub(super) fn plan(dice: &mut Dice) -> (String, Vec<Value>) {
    let user = if dice.one_in(5) { dice.of(USERS) } else { dice.of(&USERS[..2]) };
    let actor = if dice.one_in(4) { format!("key:{}", dice.of(KEYS)) } else { format!("user:{user}") };
    if dice.one_in(12) {
        // Into a group whose members may make others join another one.
        let other = dice.of(USERS);
        let join =
            |user: &str, group: &str| json!({ "join": { "user": user, "group": group, "expires_at": null } });
        let chiefs = (GROUPS[0], GROUPS[1]);
        let (first, second) = if dice.one_in(2) { chiefs } else { (dice.of(GROUPS), dice.of(GROUPS)) };
        return (format!("user:{user}"), vec![join(user, first), join(other, second)]);
    }
    let commands = match dice.below(10) {
        0..=6 => 1,
        7 | 8 => 2,
        _ => 3,
    };
    (actor, (0..commands).map(|_| command(dice, user)).collect())
}

fn command(dice: &mut Dice, actor: &str) -> Value {
    let user = if dice.one_in(4) { actor } else { dice.of(USERS) };
    let (group, resource) = (dice.of(GROUPS), dice.of(RESOURCES));
    let to = if dice.one_in(4) { format!("user:{actor}") } else { subject(dice) };
    let on = dice.of(TARGETS);
    match dice.below(40) {
        0..=7 => grant(dice, &to),
        8..=11 => json!({ "revoke": { "to": to, "on": on, "permissions": [dice.of(permissions_of(on))] } }),
        12 => json!({ "revoke": { "to": to, "on": "*", "role": dice.of(ROLES) } }),
        13..=15 => {
            let roles = if dice.one_in(3) { json!([dice.of(ROLES)]) } else { json!([]) };
            json!({ "set_grant": { "to": to, "on": on, "permissions": dice.some(permissions_of(on)), "roles": roles, "expires_at": end(dice) } })
        }
        16..=18 => json!({ "join": { "user": user, "group": group, "expires_at": end(dice) } }),
        19 => json!({ "leave": { "user": user, "group": group } }),
        20 => json!({ "nest": { "group": dice.of(GROUPS), "in": group } }),
        21 => json!({ "unnest": { "group": dice.of(GROUPS), "in": group } }),
        22 => json!({ "set_managers": { "group": group, "managers": managers(dice) } }),
        23 if dice.one_in(2) => json!({ "remove_group": { "group": group } }),
        23 => json!({ "add_group": { "group": group } }),
        24 => json!({ "set_role": { "role": dice.of(ROLES), "permissions": role(dice) } }),
        25 => json!({ "add_role": { "role": "r2", "permissions": role(dice) } }),
        26 | 27 => json!({ "transfer_ownership": { "resource": resource, "to": user } }),
        28..=30 => json!({ "move_resource": { "resource": resource, "parent": parent(dice) } }),
        31 => json!({ "close": { "resource": resource } }),
        32 => json!({ "open": { "resource": resource } }),
        33 => {
            json!({ "add_resource": { "resource": dice.of(&["project/new", "folder/new", "dataset/new"]), "owner": user } })
        }
        34 => json!({ "remove_resource": { "resource": dice.of(&["project/new", "folder/new", resource]) } }),
        35 => {
            json!({ "add_key": { "key": dice.of(&["n0", "n1", "n2"]), "acts_as": actor, "scope": scope(dice) } })
        }
        36 => json!({ "assign_profile": { "user": user, "profile": dice.of(PROFILES) } }),
        37 => json!({ "add_user": { "user": dice.of(&["fay", "eve"]), "groups": [group] } }),
        38 => json!({ "remove_user": { "user": dice.of(&["fay", "eve", "dee"]), "heir": user } }),
        _ if dice.one_in(2) => json!({ "suspend": { "user": dice.of(&["dee", "eve"]) } }),
        _ => json!({ "reinstate": { "user": dice.of(&["dee", "eve"]) } }),
    }
}
