//! The query of a request, read by the names of its parameters: what is wrong names the parameter.

use crate::error::Error;
use axum::extract::{FromRequestParts, Query as Pairs};
use http::Uri;
use http::request::Parts;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Expected, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// The parameters of a query.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        of(&parts.uri).map(Self)
    }
}

/// Reads the query of an address.
pub(crate) fn of<T: DeserializeOwned>(uri: &Uri) -> Result<T, Error> {
    let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(uri);
    let Pairs(pairs) = pairs.map_err(|_| Error::Bad("the query cannot be read".into()))?;
    Ok(read(&pairs)?)
}

fn read<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Fault> {
    let named = pairs.iter().map(|(name, text)| (name.as_str(), Parameter { name, text }));
    T::deserialize(MapDeserializer::new(named))
}

/// What is wrong with a query, and with which of its parameters.
#[derive(Debug, PartialEq)]
struct Fault {
    name: Option<String>,
    reason: String,
}

impl Fault {
    fn of(name: &str, reason: impl Into<String>) -> Self {
        Self { name: Some(name.into()), reason: reason.into() }
    }
}

impl From<Fault> for Error {
    fn from(Fault { name, reason }: Fault) -> Self {
        match name {
            Some(field) => Self::Field { field, reason },
            None => Self::Bad(reason),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.reason)
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self { name: None, reason: reason.to_string() }
    }

    fn missing_field(name: &'static str) -> Self {
        Self::of(name, "it is missing")
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::of(name, "it is given more than once")
    }
}

/// One parameter as it came.
#[derive(Clone, Copy)]
struct Parameter<'a> {
    name: &'a str,
    text: &'a str,
}

impl IntoDeserializer<'_, Fault> for Parameter<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Parameter<'_> {
    fn wrong(self, wanted: &str) -> Fault {
        Fault::of(self.name, format!("not {wanted}"))
    }

    fn number<T: std::str::FromStr>(self, wanted: &str) -> Result<T, Fault> {
        self.text.parse().map_err(|_| self.wrong(wanted))
    }
}

impl<'de> Deserializer<'de> for Parameter<'_> {
    type Error = Fault;

    /// A text, which may stand for something: an id, or one of some words.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let wanted = (&visitor as &dyn Expected).to_string();
        visitor.visit_str::<Fault>(self.text).map_err(|_| self.wrong(&wanted))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.text {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u16(self.number("a whole number from 0 to 65535")?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u32(self.number("a whole number from 0 on")?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u64(self.number("a whole number from 0 on")?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.number("a whole number")?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_f64(self.number("a number")?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u128 f32 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use uuid::Uuid;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Asked {
        limit: Option<u32>,
        id: Option<Uuid>,
        #[serde(default)]
        dry_run: bool,
    }

    fn asked(pairs: &[(&str, &str)]) -> Result<Asked, Fault> {
        read(&pairs.iter().map(|&(name, text)| (name.into(), text.into())).collect::<Vec<_>>())
    }

    #[test]
    fn parameters_are_read_by_their_names() {
        let id = Uuid::from_u128(7);
        let read = asked(&[("dry_run", "true"), ("other", "x"), ("id", &id.to_string())]);
        assert_eq!(read.unwrap(), Asked { limit: None, id: Some(id), dry_run: true });
    }

    #[test]
    fn what_is_wrong_names_its_parameter() {
        for (pairs, name) in [
            (&[("limit", "x")][..], "limit"),
            (&[("limit", "-1")], "limit"),
            (&[("dry_run", "true"), ("id", "x")], "id"),
            (&[("dry_run", "maybe")], "dry_run"),
            (&[("limit", "1"), ("limit", "2")], "limit"),
        ] {
            let fault = asked(pairs).unwrap_err();
            assert_eq!(fault.name.as_deref(), Some(name), "{fault:?}");
        }
    }
}
