//! The pools of names.

use proptest::prelude::*;
use proptest::sample::select;

/// All possible users; those with `@` are addresses, for `invite_many`.
pub(crate) const USERS: &[&str] = &["ada", "bob", "cyd", "dee", "eve@x", "fay@x", "Ada"];

pub(crate) const GROUPS: &[&str] = &["staff", "data", "ops", "leads", "ada"];

/// Explicit groups for nesting, enough for a chain that is too long.
pub(crate) const NESTED: &[&str] = &["g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8", "g9"];

pub(crate) const RESOURCES: &[&str] =
    &["project/a", "project/b", "project/a/b", "connection/s", "connection/a", "instance"];

/// Texts that never name a resource.
pub(crate) const ODD_TARGETS: &[&str] = &[
    "project/*",
    "project",
    "instance/x",
    "instance/*",
    "widget/a",
    "widget/*",
    "project/",
    "Project/a",
    "",
    "/a",
    "project/ a",
    "project/none",
];

pub(crate) const KEYS: &[&str] = &["ci", "ada", "cron"];

const EXTERNAL: &[&str] = &["CN=a", "CN=b", "CN=c", "cn=a"];

type Text = BoxedStrategy<String>;

pub(super) fn pool(names: &'static [&'static str]) -> Text {
    select(names).prop_map(str::to_string).boxed()
}

/// Names that violate rule C6, or look like others.
fn odd() -> Text {
    prop_oneof![
        Just(String::new()),
        Just(" ada".to_string()),
        Just("ada ".to_string()),
        Just("a\u{7}da".to_string()),
        Just("x".repeat(257)),
        Just("none".to_string()),
        Just("*".to_string()),
        Just("user:ada".to_string()),
    ]
    .boxed()
}

/// A name of a pool, sometimes an odd one.
pub(super) fn mostly(names: &'static [&'static str]) -> Text {
    prop_oneof![40 => pool(names), 1 => odd()].boxed()
}

/// A user, mostly one of those that a history begins with.
pub(super) fn user() -> Text {
    prop_oneof![3 => pool(&USERS[..5]), 1 => mostly(USERS)].boxed()
}

pub(super) fn group() -> Text {
    mostly(GROUPS)
}

pub(super) fn key() -> Text {
    mostly(KEYS)
}

pub(super) fn external() -> Text {
    mostly(EXTERNAL)
}

pub(super) fn resource() -> Text {
    prop_oneof![15 => pool(RESOURCES), 1 => pool(ODD_TARGETS)].boxed()
}

/// The targets of grants.
pub(super) fn target() -> Text {
    let kinds: &[&str] = &["project/*", "connection/*"];
    prop_oneof![3 => resource(), 1 => select(kinds).prop_map(str::to_string)].boxed()
}

pub(super) fn subject() -> Text {
    prop_oneof![
        3 => group().prop_map(|name| format!("group:{name}")),
        2 => user().prop_map(|name| format!("user:{name}")),
        1 => Just("everyone".to_string()),
    ]
    .boxed()
}

/// Addresses between separators, sometimes a bad one or the same one twice.
pub(super) fn addresses() -> Text {
    let good: &[&str] = &["eve@x", "fay@x"];
    let bad: &[&str] = &["", "eve", "@x", "eve@", "e@v@e", "e\u{7}ve@x"];
    let address = prop_oneof![12 => pool(good), 1 => pool(bad)];
    let separator = select(&[",", " ", "; ", "\n", ",\r\n", ",,"][..]);
    proptest::collection::vec((address, separator), 0..=3)
        .prop_map(|parts| parts.into_iter().map(|(address, separator)| address + separator).collect())
        .boxed()
}
