//! Small worlds in which much depends on the profile of a user: random ceilings, groups by profile that are granted something and
//! are nested, places, credentials, add-ons and phases.

use super::apply;
use crate::side_by_side::{empty, plan};
use entitle::seats::FallBack;
use entitle::{Directory, Strict};
use serde_json::{Value, json};

/// `SplitMix64`.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.word() % bound
    }

    /// Returns `true` once in so many times.
    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[usize::try_from(self.below(texts.len() as u64)).unwrap()]
    }

    /// Some of some texts, each by an even chance.
    fn some(&mut self, texts: &[&str]) -> Vec<String> {
        texts.iter().filter(|_| self.one_in(2)).map(|text| (*text).to_owned()).collect()
    }
}

/// The time at which some licenses expire.
const LATER: u64 = 10;

const PERMISSIONS: &[&str] = &["a", "b", "c"];
const PROFILES: &[&str] = &["p0", "p1", "p2", "p3", "p4"];
const GROUPS: &[&str] = &["g0", "g1", "g2", "e0", "e1", "e2"];
const USERS: &[&str] = &["u0", "u1", "u2", "u3", "u4", "u5"];
const PLACES: &[&str] = &["place/x", "place/y", "place/z"];
const DOCUMENTS: &[&str] = &["document/k", "document/l", "document/m", "document/n"];

/// A world, and the catalog and commands that made it.
pub(super) fn world(seed: u64) -> (Directory, Vec<Value>) {
    let mut random = Random::new(seed);
    let catalog = catalog(&mut random);
    let mut directory = empty(&catalog);
    let commands = commands(&mut random, &catalog);
    let mut log = vec![catalog];
    for command in commands {
        if let Ok(next) =
            apply(&directory, FallBack::to(PROFILES.iter().copied()), std::slice::from_ref(&command))
        {
            directory = next;
            log.push(command);
        }
    }
    let tick = [json!({ "tick": {} })];
    let later = plan(&directory, LATER, Strict, &tick).unwrap();
    log.extend(tick);
    (later.into_directory(), log)
}

fn catalog(random: &mut Random) -> Value {
    let kinds = ["instance", "place", "document"];
    let mut catalog = json!({ "kinds": {}, "profiles": {} });
    for kind in kinds {
        catalog["kinds"][kind] = json!({ "permissions": PERMISSIONS, "owner": random.some(PERMISSIONS) });
        if random.one_in(2) {
            catalog["kinds"][kind]["implies"] = json!({ "a": ["b"] });
        }
    }
    catalog["kinds"]["instance"]["singleton"] = json!(true);
    for (kind, parent) in
        [("place", "place"), ("document", "place"), ("place", "instance"), ("document", "instance")]
    {
        if !random.one_in(3) {
            let passes = [(random.pick(PERMISSIONS), random.some(PERMISSIONS)), ("c", vec!["c".to_owned()])];
            let passes: serde_json::Map<String, Value> = passes
                .into_iter()
                .map(|(permission, passed)| (permission.to_owned(), json!(passed)))
                .collect();
            catalog["kinds"][kind]["inside"][parent] = json!({ "passes": passes });
        }
    }
    for profile in PROFILES {
        let mut ceiling = json!({});
        for kind in kinds {
            ceiling[kind] = if random.one_in(2) { json!("all") } else { json!(random.some(PERMISSIONS)) };
        }
        catalog["profiles"][profile] = json!({ "ceiling": ceiling });
        if random.one_in(6) {
            catalog["profiles"][profile]["enforcement"] = json!("advisory");
        }
        if random.one_in(5) {
            catalog["profiles"][profile]["seat"] = json!("exempt");
        }
    }
    catalog["add_ons"] = json!({ "extras": { "gates": { "document": ["c"] } } });
    catalog["lapsed"] = json!({ "document": ["b"], "place": "all" });
    catalog
}

fn commands(random: &mut Random, catalog: &Value) -> Vec<Value> {
    let mut commands = Vec::new();
    let mut push = |name: &str, body: Value| commands.push(json!({ name: body }));
    // A license gives no seats to an exempt profile, and leaves out some of the others.
    let counted = PROFILES.iter().filter(|profile| catalog["profiles"][**profile]["seat"].is_null());
    let seats: serde_json::Map<String, Value> = counted
        .map(|profile| ((*profile).to_owned(), random.below(7)))
        .filter(|(_, seats)| *seats < 6)
        .map(|(profile, seats)| (profile, json!(seats)))
        .collect();
    let add_ons: &[&str] = if random.one_in(2) { &["extras"] } else { &[] };
    let mut license = json!({ "name": "first", "seats": seats, "add_ons": add_ons });
    if random.one_in(8) {
        license["expires_at"] = json!(LATER);
    }
    push("install_license", license);
    for group in &GROUPS[..3] {
        push("add_group", json!({ "group": group, "members": { "by_profile": random.some(PROFILES) } }));
    }
    for group in &GROUPS[3..] {
        push("add_group", json!({ "group": group }));
    }
    for _ in 0..4 {
        push("nest", json!({ "group": random.pick(GROUPS), "in": random.pick(&GROUPS[3..]) }));
    }
    for user in USERS {
        let profile = random.pick(PROFILES);
        push(
            if random.one_in(6) { "invite" } else { "add_user" },
            json!({ "user": user, "profile": profile }),
        );
        push("join", json!({ "user": user, "group": random.pick(&GROUPS[3..]) }));
    }
    for resource in PLACES.iter().chain(DOCUMENTS) {
        let mut body = json!({ "resource": resource });
        if !random.one_in(3) {
            body["parent"] = json!(random.pick(PLACES));
        }
        if random.one_in(3) {
            body["owner"] = json!(random.pick(USERS));
        }
        push("add_resource", body);
    }
    if random.one_in(2) {
        push("transfer_ownership", json!({ "resource": "instance", "to": random.pick(USERS) }));
    }
    for _ in 0..3 + random.below(14) {
        let to = match random.below(8) {
            0 => "everyone".to_owned(),
            1 | 2 => format!("user:{}", random.pick(USERS)),
            _ => format!("group:{}", random.pick(GROUPS)),
        };
        let on = match random.below(6) {
            0 => "instance",
            1 => random.pick(&["place/*", "document/*"]),
            2 | 3 => random.pick(PLACES),
            _ => random.pick(DOCUMENTS),
        };
        push("grant", json!({ "to": to, "on": on, "permissions": random.some(PERMISSIONS) }));
    }
    for _ in 0..random.below(3) {
        let on = random.pick(&["document/k", "document/l", "place/x"]);
        push("require_credential", json!({ "resource": on, "for": random.some(PERMISSIONS) }));
        push("record_credential", json!({ "user": random.pick(USERS), "resource": on }));
    }
    for _ in 0..random.below(3) {
        push("close", json!({ "resource": random.pick(DOCUMENTS) }));
    }
    commands
}
