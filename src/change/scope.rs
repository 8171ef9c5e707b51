//! The scope of a key, by names.

use core::fmt;

use super::target::CommandTarget;
use crate::catalog::{Entries, PermissionsDocument};
use crate::directory::{Directory, ScopeContent};
use crate::id::KeyId;

/// The scope of a key: the limit of what it may do on behalf of its user (rule A11).
///
/// Serialized, it is `"all"`, or an object from targets to permissions: `{ "project/*": ["read"] }`. The entries of a
/// resource and of its kind add up. Without entries the key may do nothing.
///
/// ```
/// use entitle::change::ScopeDocument;
/// use entitle::Command;
///
/// let scope = ScopeDocument::nothing().with("project/*", ["read"]).with("project/churn", ["write"]);
/// let key = Command::add_key("ci", "ada").scope(scope.clone());
/// assert_eq!(key.scope, Some(scope));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeDocument {
    /// Everything that the user may do.
    All,
    /// These permissions on these targets.
    Entries(Entries<PermissionsDocument>),
}

impl ScopeDocument {
    /// Returns a scope without entries, which allows nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Entries(Entries::default())
    }

    /// Adds permissions on a target; [`All`](Self::All) stays as it is.
    #[must_use]
    pub fn with<T: CommandTarget>(mut self, target: T, permissions: impl Into<T::Permissions>) -> Self {
        if let Self::Entries(entries) = &mut self {
            let permissions = T::names(permissions.into());
            entries.0.push((target.into_text(), PermissionsDocument::These(permissions)));
        }
        self
    }
}

impl ScopeDocument {
    pub(super) fn of(content: ScopeContent) -> Self {
        match content {
            ScopeContent::All => Self::All,
            ScopeContent::Entries(entries) => {
                let entries = entries.0.into_iter();
                Self::Entries(entries.map(|(on, these)| (on, PermissionsDocument::These(these))).collect())
            }
        }
    }
}

impl Directory {
    /// Returns the scope of an API key by names, as a command takes it; `None` if the key is unknown.
    ///
    /// [`scope_of`](Self::scope_of) returns it by ids.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::change::ScopeDocument;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// let scope = ScopeDocument::nothing().with("project/*", ["read"]);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada").profile("reader"))
    ///     .add(Command::add_key("ci", "ada").scope(scope.clone()));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let ci = directory.key_by_name("ci").unwrap();
    /// assert_eq!(directory.scope_document_of(ci), Some(scope));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scope_document_of(&self, key: KeyId) -> Option<ScopeDocument> {
        Some(ScopeDocument::of(self.scope_content(&self.key_record(key)?.scope)))
    }
}

impl fmt::Display for ScopeDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = match self {
            Self::All => return f.write_str("all"),
            Self::Entries(entries) if entries.is_empty() => return f.write_str("nothing"),
            Self::Entries(entries) => entries,
        };
        for (place, (target, permissions)) in entries.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            match permissions {
                PermissionsDocument::All => write!(f, "{separator}{target}: all")?,
                PermissionsDocument::These(these) => write!(f, "{separator}{target}: {}", these.join(", "))?,
            }
        }
        Ok(())
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
