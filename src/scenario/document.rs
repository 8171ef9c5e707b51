//! The serialized form of a scenario, before its names are resolved.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess};

use crate::catalog::CatalogDocument;
use crate::change::Command;
use crate::seats::{Basis, BuiltinPolicy, License, Phase, Quantity, SeatState};
use crate::time::Timestamp;
use crate::wire::{Form, deserialize_form};

#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct ScenarioDocument {
    pub(super) entitle: u64,
    #[serde(default, rename = "note")]
    pub(super) _note: Option<String>,
    pub(super) catalog: CatalogDocument,
    #[serde(default)]
    pub(super) license: Option<License>,
    #[serde(default)]
    pub(super) policy: BuiltinPolicy,
    pub(super) steps: Vec<StepDocument>,
}

/// Every field of a step; their combination is checked in `Step::new`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct StepDocument {
    pub(super) at: Option<Timestamp>,
    pub(super) by: Option<String>,
    pub(super) note: Option<String>,
    #[serde(rename = "as")]
    pub(super) actor: Option<String>,
    #[serde(rename = "do")]
    pub(super) commands: Option<OneOrMore<Command>>,
    pub(super) refused: Option<String>,
    pub(super) unmet: Option<BTreeMap<String, String>>,
    pub(super) check: Option<CheckQuestion>,
    pub(super) permissions: Option<PermissionsQuestion>,
    pub(super) explain: Option<CheckQuestion>,
    pub(super) resources: Option<ResourcesQuestion>,
    pub(super) users: Option<UsersQuestion>,
    pub(super) seats: Option<String>,
    pub(super) seat_of: Option<String>,
    pub(super) groups_of: Option<String>,
    pub(super) members_of: Option<String>,
    pub(super) ending: Option<EndingQuestion>,
    pub(super) inside: Option<String>,
    pub(super) ways: Option<ResourcesQuestion>,
    pub(super) what_if: Option<OneOrMore<Command>>,
    pub(super) may: Option<MayQuestion>,
    pub(super) who_may: Option<OneOrMore<Command>>,
    pub(super) requirements: Option<Vec<RequirementDocument>>,
    pub(super) breaks: Option<Vec<String>>,
    pub(super) loses: Option<usize>,
    pub(super) gains: Option<usize>,
    pub(super) license_phase: Option<Phase>,
    pub(super) total: Option<NamedTotal>,
    pub(super) last_commit: Option<NamedCommit>,
    pub(super) is: Option<Expected>,
    pub(super) granted: Option<Vec<String>>,
    pub(super) until: Option<BTreeMap<String, Option<u64>>>,
    pub(super) from: Option<Vec<SourceLine>>,
    pub(super) direct: Option<Vec<String>>,
}

/// One value or a list of values.
#[derive(Debug)]
pub(super) struct OneOrMore<T>(pub(super) Vec<T>);

impl<'de, T: DeserializeOwned> Form<'de> for OneOrMore<T> {
    const EXPECTED: &'static str = "one value or a list";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        T::deserialize(serde::de::value::StrDeserializer::new(word)).map(|one| Self(Vec::from([one])))
    }

    fn list<A: SeqAccess<'de>>(list: SeqAccessDeserializer<A>) -> Result<Self, A::Error> {
        Vec::deserialize(list).map(Self)
    }

    fn object<A: MapAccess<'de>>(map: MapAccessDeserializer<A>) -> Result<Self, A::Error> {
        T::deserialize(map).map(|one| Self(Vec::from([one])))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::wire::read(deserializer)
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct CheckQuestion {
    pub(super) who: String,
    pub(super) on: String,
    pub(super) permission: OneOrMore<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct PermissionsQuestion {
    pub(super) who: String,
    pub(super) on: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct EndingQuestion {
    pub(super) by: u64,
}

#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct ResourcesQuestion {
    pub(super) who: String,
    pub(super) kind: String,
    pub(super) permission: OneOrMore<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct UsersQuestion {
    pub(super) on: String,
    pub(super) permission: OneOrMore<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct RequirementDocument {
    pub(super) label: String,
    pub(super) who: String,
    pub(super) on: String,
    pub(super) permission: OneOrMore<String>,
}

/// A grant, a role or ownership that gives what is asked for: to whom, on what, and until when at the latest.
#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct SourceLine {
    pub(super) to: String,
    pub(super) on: String,
    pub(super) role: Option<String>,
    pub(super) until: Option<u64>,
}

/// Something that ends: permissions or a role of a grantee on a target, or a membership.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct EndingLine {
    pub(super) until: u64,
    pub(super) to: Option<String>,
    pub(super) on: Option<String>,
    pub(super) permissions: Option<BTreeSet<String>>,
    pub(super) role: Option<String>,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
}

/// The expected answer of a question: a word, a list of words or of what ends, or figures by name.
#[derive(Debug)]
pub(super) enum Expected {
    Word(String),
    List(Vec<Listed>),
    Named(Box<NamedFigures>),
}

/// An item of a list.
#[derive(Debug)]
pub(super) enum Listed {
    Word(String),
    Ending(Box<EndingLine>),
}

impl EndingLine {
    /// Returns `true` if the line is of permissions, of a role or of a membership.
    pub(super) fn is_complete(&self) -> bool {
        let given = self.to.is_some() && self.on.is_some();
        let one = self.permissions.is_some() != self.role.is_some();
        let membership = self.user.is_some() && self.group.is_some();
        let of_given =
            self.to.is_some() || self.on.is_some() || self.permissions.is_some() || self.role.is_some();
        let of_membership = self.user.is_some() || self.group.is_some();
        (given && one && !of_membership) || (membership && !of_given)
    }
}

deserialize_form!(Expected, Listed);

impl<'de> Form<'de> for Listed {
    const EXPECTED: &'static str = "a word or an object";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        Ok(Self::Word(word.into()))
    }

    fn object<A: MapAccess<'de>>(map: MapAccessDeserializer<A>) -> Result<Self, A::Error> {
        EndingLine::deserialize(map).map(|line| Self::Ending(Box::new(line)))
    }
}

impl<'de> Form<'de> for Expected {
    const EXPECTED: &'static str = "a word, a list, or figures by name";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        Ok(Self::Word(word.into()))
    }

    fn list<A: SeqAccess<'de>>(list: SeqAccessDeserializer<A>) -> Result<Self, A::Error> {
        Vec::deserialize(list).map(Self::List)
    }

    fn object<A: MapAccess<'de>>(map: MapAccessDeserializer<A>) -> Result<Self, A::Error> {
        NamedFigures::deserialize(map).map(|named| Self::Named(Box::new(named)))
    }
}

/// The figures of a profile and the seat of a user; only the fields present must match.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "not named, null and a name are three expectations")]
pub(super) struct NamedFigures {
    pub(super) seats: Option<Quantity>,
    pub(super) extra: Option<u64>,
    pub(super) held: Option<u64>,
    pub(super) reserved: Option<u64>,
    pub(super) consumed: Option<u64>,
    pub(super) waiting: Option<u64>,
    pub(super) placed: Option<u64>,
    pub(super) available: Option<Quantity>,
    pub(super) over: Option<u64>,
    pub(super) peak: Option<u64>,
    pub(super) peak_at: Option<u64>,
    pub(super) seat_ms: Option<u64>,
    #[serde(default, deserialize_with = "named")]
    pub(super) wants: Option<Option<String>>,
    #[serde(default, deserialize_with = "named")]
    pub(super) holds: Option<Option<String>>,
    pub(super) state: Option<SeatState>,
    #[serde(default, deserialize_with = "named")]
    pub(super) basis: Option<Option<Basis>>,
    #[serde(default, deserialize_with = "named")]
    pub(super) reason: Option<Option<String>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct MayQuestion {
    #[serde(rename = "as")]
    pub(super) actor: String,
    #[serde(rename = "do")]
    pub(super) commands: OneOrMore<Command>,
}

/// The figures of the total; only the fields present must match.
#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
pub(super) struct NamedTotal {
    pub(super) cap: Option<Quantity>,
    pub(super) consumed: Option<u64>,
    pub(super) available: Option<Quantity>,
}

/// The last commit; only the fields present must match.
#[derive(Debug, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "not named, null and a name are three expectations")]
pub(super) struct NamedCommit {
    pub(super) revision: Option<u64>,
    pub(super) at: Option<u64>,
    #[serde(default, rename = "as", deserialize_with = "named")]
    pub(super) actor: Option<Option<String>>,
    pub(super) by: Option<String>,
    pub(super) events: Option<Vec<String>>,
}

#[expect(clippy::option_option, reason = "not named, null and a value are three expectations")]
fn named<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(d).map(Some)
}
