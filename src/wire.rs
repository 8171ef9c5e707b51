//! Deserialization of values with several written forms: a word, a number, a list or an object.

use core::fmt;
use core::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

/// A value that is written as a number, a keyword, a list or an object.
///
/// An implementation overrides the forms that it accepts. The default methods return an error with
/// [`EXPECTED`](Self::EXPECTED).
pub(crate) trait Form<'de>: Sized {
    /// The accepted forms, for error messages.
    const EXPECTED: &'static str;

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED))
    }

    fn number<E: Error>(number: i64) -> Result<Self, E> {
        Err(E::invalid_type(Unexpected::Signed(number), &Self::EXPECTED))
    }

    fn list<A: SeqAccess<'de>>(_: SeqAccessDeserializer<A>) -> Result<Self, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Seq, &Self::EXPECTED))
    }

    fn object<A: MapAccess<'de>>(_: MapAccessDeserializer<A>) -> Result<Self, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Map, &Self::EXPECTED))
    }
}

/// Deserializes a [`Form`].
pub(crate) fn read<'de, D: Deserializer<'de>, T: Form<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Any<T>(PhantomData<T>);

    impl<'de, T: Form<'de>> Visitor<'de> for Any<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTED)
        }

        fn visit_str<E: Error>(self, word: &str) -> Result<T, E> {
            T::word(word)
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
            T::number(number)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
            let too_large = || E::invalid_value(Unexpected::Unsigned(number), &"a smaller number");
            T::number(i64::try_from(number).map_err(|_| too_large())?)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
            T::list(SeqAccessDeserializer::new(list))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::object(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Any(PhantomData))
}

/// Implements `Deserialize` for types that implement [`Form`].
macro_rules! deserialize_form {
    ($($type:ty),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::wire::read(deserializer)
            }
        }
    )+};
}
pub(crate) use deserialize_form;

/// A field that is left out (`None`), null (`Some(None)`) or a string.
pub(crate) mod left_out {
    use alloc::string::String;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::option_option, reason = "left out, null and a text are three different requests")]
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<String>>, D::Error> {
        Option::deserialize(d).map(Some)
    }

    #[expect(clippy::option_option, clippy::ref_option, reason = "the form that serde asks for")]
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Option<String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }
}

/// Deserializes a field that is required and may be null.
pub(crate) fn nullable<'de, D: Deserializer<'de>>(d: D) -> Result<Option<alloc::string::String>, D::Error> {
    serde::Deserialize::deserialize(d)
}

/// Reads a value of which `null` is the default.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
