//! Reading values that people write in more than one form: a word, a number, a list or an object.

use core::fmt;
use core::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

/// A value that is written as a number, as one of a few words, or as a list or an object of something else.
///
/// A form takes what it knows and leaves the rest to the defaults, which are errors that say what was expected.
pub(crate) trait Form<'de>: Sized {
    /// What may be written, for messages.
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

/// Reads a [`Form`].
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

/// Makes `Deserialize` of a [`Form`].
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

/// A field that is absent, null, or a text: left out, `None`, or `Some`.
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

/// A field that must be there and may be null.
pub(crate) fn nullable<'de, D: Deserializer<'de>>(d: D) -> Result<Option<alloc::string::String>, D::Error> {
    serde::Deserialize::deserialize(d)
}
