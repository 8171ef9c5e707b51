//! The scope of a key, as people write it.

use super::target::CommandTarget;
use crate::catalog::{Entries, PermissionsDocument};

/// The part of a user's permissions that a key may use (rule A11).
///
/// `All` is written `"all"`; entries go from a target, such as `project/churn` or `project/*`, to permissions. Entries
/// of a resource and of its kind add up; no entry is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeDocument {
    /// Everything.
    All,
    /// These permissions on these targets.
    Entries(Entries<PermissionsDocument>),
}

impl ScopeDocument {
    /// A scope without entries: nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Entries(Entries::default())
    }

    /// Adds permissions on a target; to everything there is nothing to add.
    #[must_use]
    pub fn with<T: CommandTarget>(mut self, target: T, permissions: impl Into<T::Permissions>) -> Self {
        if let Self::Entries(entries) = &mut self {
            let permissions = T::names(permissions.into());
            entries.0.push((target.into_text(), PermissionsDocument::These(permissions)));
        }
        self
    }
}

#[cfg(feature = "serde")]
mod forms {
    use serde::de::value::MapAccessDeserializer;
    use serde::de::{Deserialize, Error, MapAccess, Unexpected};
    use serde::ser::{Serialize, Serializer};

    use super::{Entries, ScopeDocument};
    use crate::wire::{Form, deserialize_form};

    deserialize_form!(ScopeDocument);

    impl<'de> Form<'de> for ScopeDocument {
        const EXPECTED: &'static str = "`all` or permissions by target";

        fn word<E: Error>(word: &str) -> Result<Self, E> {
            if word == "all" {
                return Ok(Self::All);
            }
            Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED))
        }

        fn object<A: MapAccess<'de>>(map: MapAccessDeserializer<A>) -> Result<Self, A::Error> {
            Entries::deserialize(map).map(Self::Entries)
        }
    }

    impl Serialize for ScopeDocument {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::All => serializer.serialize_str("all"),
                Self::Entries(entries) => entries.serialize(serializer),
            }
        }
    }
}
