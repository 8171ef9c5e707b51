//! The shapes of the commands: the fields of each, and their values. A command of the wrong
//! shape is a malformed file, not a refusal.

use super::json::{fields, flag, list, malformed, number, object, text, texts};
use serde_json::{Map, Value};

/// The shape of a field's value.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Texts,
    /// A profile's name, or null for none (G3).
    Profile,
    /// A resource, or null for nowhere (H1).
    Place,
    Number,
    Flag,
    Source,
    Members,
    Grantee,
    Grantees,
    Scope,
    /// Permissions by kind.
    PerKind,
    /// A whole number that may be negative, which the license then refuses (S14).
    Integer,
    SeatFigures,
}

use Shape::{
    Flag, Grantee, Grantees, Integer, Members, Number, PerKind, Place, Profile, Scope, SeatFigures, Source,
    Text, Texts,
};

/// Every command with its fields; a field whose name ends in `?` may be left out.
const COMMANDS: &[(&str, &[(&str, Shape)])] = &[
    (
        "add_user",
        &[
            ("user", Text),
            ("profile?", Profile),
            ("groups?", Texts),
            ("source?", Source),
            ("email?", Text),
            ("new?", Flag),
        ],
    ),
    (
        "invite",
        &[
            ("user", Text),
            ("profile?", Profile),
            ("groups?", Texts),
            ("expires_at?", Number),
            ("email?", Text),
            ("new?", Flag),
        ],
    ),
    ("invite_many", &[("text", Text), ("profile?", Profile), ("groups?", Texts), ("expires_at?", Number)]),
    ("accept_invite", &[("user", Text)]),
    ("revoke_invite", &[("user", Text)]),
    ("assign_profile", &[("user", Text), ("profile", Profile)]),
    ("suspend", &[("user", Text), ("reason?", Text)]),
    ("reinstate", &[("user", Text)]),
    ("remove_user", &[("user", Text), ("heir?", Text)]),
    ("rename_user", &[("user", Text), ("to", Text)]),
    (
        "sync_user",
        &[
            ("user", Text),
            ("source", Source),
            ("external_groups", Texts),
            ("provision?", Flag),
            ("update_profile?", Flag),
            ("link?", Flag),
        ],
    ),
    (
        "add_group",
        &[
            ("group", Text),
            ("members?", Members),
            ("includes_owner_of?", Text),
            ("managers?", Grantees),
            ("new?", Flag),
        ],
    ),
    ("set_managers", &[("group", Text), ("managers", Grantees)]),
    ("remove_group", &[("group", Text)]),
    ("join", &[("user", Text), ("group", Text), ("expires_at?", Number)]),
    ("leave", &[("user", Text), ("group", Text)]),
    ("nest", &[("group", Text), ("in", Text)]),
    ("unnest", &[("group", Text), ("in", Text)]),
    (
        "add_resource",
        &[("resource", Text), ("owner?", Text), ("parent?", Text), ("closed?", Flag), ("new?", Flag)],
    ),
    ("move_resource", &[("resource", Text), ("parent", Place)]),
    ("close", &[("resource", Text)]),
    ("open", &[("resource", Text)]),
    ("remove_resource", &[("resource", Text)]),
    ("transfer_ownership", &[("resource", Text), ("to", Text)]),
    (
        "grant",
        &[("to", Grantee), ("on", Text), ("permissions?", Texts), ("role?", Text), ("expires_at?", Number)],
    ),
    ("revoke", &[("to", Grantee), ("on", Text), ("permissions?", Texts), ("role?", Text)]),
    (
        "set_grant",
        &[("to", Grantee), ("on", Text), ("permissions?", Texts), ("roles?", Texts), ("expires_at?", Number)],
    ),
    ("add_role", &[("role", Text), ("permissions", PerKind), ("new?", Flag)]),
    ("set_role", &[("role", Text), ("permissions", PerKind)]),
    ("remove_role", &[("role", Text)]),
    (
        "add_key",
        &[("key", Text), ("acts_as", Text), ("scope?", Scope), ("expires_at?", Number), ("new?", Flag)],
    ),
    ("remove_key", &[("key", Text)]),
    ("require_credential", &[("resource", Text), ("for", Texts)]),
    ("record_credential", &[("user", Text), ("resource", Text)]),
    ("forget_credential", &[("user", Text), ("resource", Text)]),
    (
        "install_license",
        &[
            ("name", Text),
            ("edition?", Text),
            ("seats?", SeatFigures),
            ("total?", Integer),
            ("add_ons?", Texts),
            ("starts_at?", Integer),
            ("expires_at?", Integer),
            ("grace_ms?", Integer),
        ],
    ),
    ("remove_license", &[("name", Text)]),
    ("tick", &[]),
];

/// Checks the shape of a command.
pub fn check_command(command: &Value) -> Result<(), String> {
    let map = object(command, "a command")?;
    if map.len() != 1 {
        return malformed(format!("a command has one key, but this one is {command}"));
    }
    let (name, body) = map.iter().next().unwrap();
    let Some((_, shapes)) = COMMANDS.iter().find(|(known, _)| known == name) else {
        return malformed(format!("unknown command `{name}`"));
    };
    let known: Vec<&str> = shapes.iter().map(|(field, _)| field.trim_end_matches('?')).collect();
    let body = fields(body, &format!("`{name}`"), &known)?;
    for (field, shape) in *shapes {
        let optional = field.ends_with('?');
        let field = field.trim_end_matches('?');
        let what = format!("`{field}` of `{name}`");
        match body.get(field) {
            None if optional => {}
            None => return malformed(format!("{what} is missing")),
            // A null profile is none, and a null place nowhere; any other null field is left out.
            Some(Value::Null) if optional || matches!(shape, Profile | Place) => {}
            Some(value) => check_shape(value, *shape, &what)?,
        }
    }
    if ["grant", "revoke"].contains(&name.as_str()) {
        return check_one_of_two(body, name);
    }
    Ok(())
}

/// R2: permissions or a role, neither both nor none.
fn check_one_of_two(body: &Map<String, Value>, name: &str) -> Result<(), String> {
    let given =
        ["permissions", "role"].iter().filter(|field| body.get(**field).is_some_and(|it| !it.is_null()));
    if given.count() == 1 {
        return Ok(());
    }
    malformed(format!("`{name}` must have one of `permissions` and `role`"))
}

fn check_shape(value: &Value, shape: Shape, what: &str) -> Result<(), String> {
    match shape {
        Text | Profile | Place => text(value, what).map(drop),
        Texts => texts(value, what).map(drop),
        Number => number(value, what).map(drop),
        Flag => flag(value, what).map(drop),
        Source => match text(value, what)? {
            "local" | "ldap" | "sso" | "custom" => Ok(()),
            other => malformed(format!("{what}: `{other}` is no source")),
        },
        Members => check_members(value, what),
        Grantee => check_subject(text(value, what)?, what),
        Grantees => texts(value, what)?.iter().try_for_each(|subject| check_subject(subject, what)),
        Scope => check_scope(value, what),
        PerKind => check_per_kind(value, what),
        Integer => check_integer(value, what),
        SeatFigures => check_seat_figures(value, what),
    }
}

fn check_members(value: &Value, what: &str) -> Result<(), String> {
    if value == "explicit" {
        return Ok(());
    }
    let map = fields(value, what, &["by_profile", "external"])?;
    if map.len() != 1 {
        return malformed(format!("{what} must be one of `by_profile` and `external`"));
    }
    map.values().try_for_each(|names| texts(names, what).map(drop))
}

/// The grantee of a grant is a user, a group or everyone, but no key (which only restricts).
fn check_subject(subject: &str, what: &str) -> Result<(), String> {
    if subject == "everyone" || subject.starts_with("user:") || subject.starts_with("group:") {
        return Ok(());
    }
    malformed(format!("{what}: `{subject}` is no subject"))
}

fn check_scope(value: &Value, what: &str) -> Result<(), String> {
    if value == "all" { Ok(()) } else { check_per_kind(value, what) }
}

/// Lists of permissions, or all, by the names before them.
fn check_per_kind(value: &Value, what: &str) -> Result<(), String> {
    for permissions in object(value, what)?.values() {
        if permissions != "all" {
            list(permissions, what)?;
            texts(permissions, what)?;
        }
    }
    Ok(())
}

fn check_integer(value: &Value, what: &str) -> Result<(), String> {
    if value.is_i64() || value.is_u64() {
        return Ok(());
    }
    malformed(format!("{what} must be a whole number, but is {value}"))
}

fn check_seat_figures(value: &Value, what: &str) -> Result<(), String> {
    for figure in object(value, what)?.values() {
        let seats = if figure.is_object() {
            let both = fields(figure, what, &["seats", "extra"])?;
            if let Some(extra) = both.get("extra") {
                check_integer(extra, what)?;
            }
            both.get("seats").unwrap_or(&Value::Null)
        } else {
            figure
        };
        if seats != "unlimited" {
            check_integer(seats, what)?;
        }
    }
    Ok(())
}
