//! Hand-written serialization of quantities, seat figures and policies.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Error, MapAccess, SeqAccess, Unexpected};
use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::figures::Quantity;
use super::license::SeatAllowance;
use super::policy::{BuiltinPolicy, FallBack};
use crate::wire::{Form, deserialize_form};

deserialize_form!(Quantity, SeatAllowance, BuiltinPolicy);

impl Form<'_> for Quantity {
    const EXPECTED: &'static str = "a number of seats or `unlimited`";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        if word == "unlimited" {
            return Ok(Self::Unlimited);
        }
        Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED))
    }

    fn number<E: Error>(number: i64) -> Result<Self, E> {
        let count = u64::try_from(number);
        count.map(Self::Count).map_err(|_| E::invalid_value(Unexpected::Signed(number), &Self::EXPECTED))
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Unlimited => serializer.serialize_str("unlimited"),
        }
    }
}

/// The licensed seats as written: a number of either sign, or `None` for `unlimited`.
struct SeatsAsWritten(Option<i64>);

deserialize_form!(SeatsAsWritten);

impl Form<'_> for SeatsAsWritten {
    const EXPECTED: &'static str = "a number of seats or `unlimited`";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        if word == "unlimited" {
            return Ok(Self(None));
        }
        Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED))
    }

    fn number<E: Error>(number: i64) -> Result<Self, E> {
        Ok(Self(Some(number)))
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SeatsWithExtra {
    seats: SeatsAsWritten,
    #[serde(default)]
    extra: i64,
}

impl<'de> Form<'de> for SeatAllowance {
    const EXPECTED: &'static str = "a number of seats, `unlimited`, or an object with `seats` and `extra`";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        SeatsAsWritten::word(word).map(|SeatsAsWritten(seats)| Self { seats, extra: 0 })
    }

    fn number<E: Error>(number: i64) -> Result<Self, E> {
        Ok(Self { seats: Some(number), extra: 0 })
    }

    fn object<A: MapAccess<'de>>(map: MapAccessDeserializer<A>) -> Result<Self, A::Error> {
        SeatsWithExtra::deserialize(map).map(|figure| Self { seats: figure.seats.0, extra: figure.extra })
    }
}

impl Serialize for SeatAllowance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unlimited = "unlimited";
        if self.extra == 0 {
            return match self.seats {
                Some(seats) => serializer.serialize_i64(seats),
                None => serializer.serialize_str(unlimited),
            };
        }
        let mut figure = serializer.serialize_struct("SeatAllowance", 2)?;
        match self.seats {
            Some(seats) => figure.serialize_field("seats", &seats)?,
            None => figure.serialize_field("seats", unlimited)?,
        }
        figure.serialize_field("extra", &self.extra)?;
        figure.end()
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FallBackDocument {
    fall_back: Vec<String>,
}

impl<'de> Form<'de> for BuiltinPolicy {
    const EXPECTED: &'static str =
        "`strict`, `overage`, `waitlist`, an object with `fall_back`, or a list of these";

    fn word<E: Error>(word: &str) -> Result<Self, E> {
        match word {
            "strict" => Ok(Self::Strict),
            "overage" => Ok(Self::Overage),
            "waitlist" => Ok(Self::Waitlist),
            _ => Err(E::invalid_value(Unexpected::Str(word), &Self::EXPECTED)),
        }
    }

    fn list<A: SeqAccess<'de>>(list: SeqAccessDeserializer<A>) -> Result<Self, A::Error> {
        Vec::deserialize(list).map(Self::FirstOf)
    }

    fn object<A: MapAccess<'de>>(map: MapAccessDeserializer<A>) -> Result<Self, A::Error> {
        FallBackDocument::deserialize(map).map(|document| Self::FallBack(FallBack::to(document.fall_back)))
    }
}
