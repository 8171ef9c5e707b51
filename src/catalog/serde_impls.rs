//! Hand-written serialization of catalog documents.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use super::document::{AccessDocument, Cap, CeilingDocument, Entries, PassesDocument, PermissionsDocument};
use crate::wire::{Form, deserialize_form};

impl<T: Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Map<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, T>()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Map(PhantomData))
    }
}

deserialize_form!(CeilingDocument, PermissionsDocument, PassesDocument, AccessDocument, Cap);

impl<'de> Form<'de> for CeilingDocument {
    const EXPECTED: &'static str = "`all`, `none` or permissions by kind";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        match word {
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            _ => Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED)),
        }
    }

    fn object<A: MapAccess<'de>>(map: MapAccessDeserializer<A>) -> Result<Self, A::Error> {
        Entries::deserialize(map).map(Self::Kinds)
    }
}

impl Serialize for CeilingDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::None => serializer.serialize_str("none"),
            Self::Kinds(kinds) => kinds.serialize(serializer),
        }
    }
}

impl<'de> Form<'de> for PermissionsDocument {
    const EXPECTED: &'static str = "`all` or a list of permissions";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        if word == "all" {
            return Ok(Self::All);
        }
        Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED))
    }

    fn list<A: SeqAccess<'de>>(list: SeqAccessDeserializer<A>) -> Result<Self, A::Error> {
        Vec::deserialize(list).map(Self::These)
    }
}

impl Serialize for PermissionsDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::These(permissions) => permissions.serialize(serializer),
        }
    }
}

impl<'de> Form<'de> for PassesDocument {
    const EXPECTED: &'static str = "`same` or a map of permissions";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        if word == "same" {
            return Ok(Self::Same);
        }
        Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED))
    }

    fn object<A: MapAccess<'de>>(map: MapAccessDeserializer<A>) -> Result<Self, A::Error> {
        Entries::deserialize(map).map(Self::Map)
    }
}

impl Serialize for PassesDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Same => serializer.serialize_str("same"),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl<'de> Form<'de> for AccessDocument {
    const EXPECTED: &'static str = "`held` or a list of permissions";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        if word == "held" {
            return Ok(Self::Held);
        }
        Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED))
    }

    fn list<A: SeqAccess<'de>>(list: SeqAccessDeserializer<A>) -> Result<Self, A::Error> {
        Vec::deserialize(list).map(Self::These)
    }
}

impl Serialize for AccessDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Held => serializer.serialize_str("held"),
            Self::These(permissions) => permissions.serialize(serializer),
        }
    }
}

impl Form<'_> for Cap {
    const EXPECTED: &'static str = "a number of seats, `license` or `unlimited`";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        match word {
            "license" => Ok(Self::License),
            "unlimited" => Ok(Self::Unlimited),
            _ => Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED)),
        }
    }

    fn number<E: Error>(number: i64) -> Result<Self, E> {
        let cap = u64::try_from(number);
        cap.map(Self::AtMost).map_err(|_| E::invalid_value(Unexpected::Signed(number), &Self::EXPECTED))
    }
}

impl Serialize for Cap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::AtMost(seats) => serializer.serialize_u64(*seats),
            Self::License => serializer.serialize_str("license"),
            Self::Unlimited => serializer.serialize_str("unlimited"),
        }
    }
}
