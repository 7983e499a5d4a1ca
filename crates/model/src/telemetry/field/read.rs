//! Reads the fields of a record from JSON, and those of the objects within it.

use super::{
    Field, FieldError, FieldSet, FieldType, FieldValue, Fields, ObjectForm, SECS_MAX,
    TEXT_BYTES_MAX, TEXTS_MAX, by_key,
};
use crate::time::{Micros, WireTime};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use uuid::Uuid;

/// Most records have no more fields than this.
const FIELDS_USUAL: usize = 16;
/// Most objects within a record have no more.
const OBJECT_FIELDS_USUAL: usize = 4;

impl<'a> Fields<'a> {
    /// Reads one JSON object. Unknown keys, repeated keys, wrong types and values out of range
    /// are errors that name the field.
    pub fn parse(line: &'a [u8]) -> Result<Self, FieldError> {
        let text = std::str::from_utf8(line)
            .map_err(|_| FieldError { field: None, detail: "not valid UTF-8".into() })?;
        let fault = Cell::new(Fault::None);
        let mut json = serde_json::Deserializer::from_str(text);
        let read = json
            .deserialize_map(Object { fault: &fault, usual: FIELDS_USUAL })
            .and_then(|fields| json.end().map(|()| fields));
        read.map_err(|error| match fault.take() {
            Fault::Key(key) => FieldError { field: Some(key), detail: plain(&error) },
            Fault::Field(field) => {
                FieldError { field: Some(field.row().key.into()), detail: plain(&error) }
            }
            Fault::None => FieldError { field: None, detail: error.to_string() },
        })
    }
}

/// The message without the position, which says nothing within one line.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].into(),
        None => text,
    }
}

#[derive(Default)]
enum Fault {
    #[default]
    None,
    Key(String),
    Field(Field),
}

struct Object<'c> {
    fault: &'c Cell<Fault>,
    /// How many fields it mostly has at most.
    usual: usize,
}

impl<'de> de::DeserializeSeed<'de> for Object<'_> {
    type Value = Fields<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let present = FieldSet::default();
        let mut fields = Fields { values: Vec::with_capacity(self.usual), present };
        let mut given = FieldSet::default();
        while let Some(key) = map.next_key_seed(Key)? {
            let field = match key {
                Ok(field) => field,
                Err(key) => {
                    self.fault.set(Fault::Key(key));
                    return Err(de::Error::custom("unknown field"));
                }
            };
            self.fault.set(Fault::Field(field));
            if given.has(field) {
                return Err(de::Error::custom("the field is given twice"));
            }
            given.add(field);
            let value = map.next_value_seed(Value { field, fault: self.fault })?;
            if !matches!(value, FieldValue::Absent) {
                fields.present.add(field);
                fields.values.push((field, value));
            }
            self.fault.set(Fault::None);
        }
        Ok(fields)
    }
}

struct Key;

impl<'de> de::DeserializeSeed<'de> for Key {
    type Value = Result<Field, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Result<Field, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(by_key(key).ok_or_else(|| key.chars().take(64).collect()))
    }
}

struct Value<'c> {
    field: Field,
    fault: &'c Cell<Fault>,
}

impl<'de> de::DeserializeSeed<'de> for Value<'_> {
    type Value = FieldValue<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Value<'_> {
    fn text<'de, E: de::Error>(&self, text: Cow<'de, str>) -> Result<FieldValue<'de>, E> {
        Ok(match self.field_type() {
            FieldType::Text(max) if text.len() <= max => FieldValue::Text(text),
            FieldType::Text(max) => {
                return Err(E::custom(format_args!("longer than {max} bytes")));
            }
            FieldType::Time => FieldValue::Time(WireTime.visit_str(&text)?),
            FieldType::Mac => FieldValue::Mac(text.parse().map_err(E::custom)?),
            FieldType::Ip => {
                FieldValue::Ip(text.parse().map_err(|_| E::custom("not an IP address"))?)
            }
            FieldType::Id => {
                FieldValue::Id(Uuid::try_parse(&text).map_err(|_| E::custom("not a UUID"))?)
            }
            FieldType::Band => FieldValue::Text(match text.as_ref() {
                "24" | "2.4" => Cow::Borrowed("24"),
                "5" => Cow::Borrowed("5"),
                "6" => Cow::Borrowed("6"),
                _ => return Err(E::custom("not one of 24, 5, 6")),
            }),
            FieldType::Rssi
            | FieldType::Count
            | FieldType::Flag
            | FieldType::Secs
            | FieldType::Percent
            | FieldType::Rate
            | FieldType::Decibels
            | FieldType::Texts
            | FieldType::Objects(_) => {
                return Err(E::invalid_type(de::Unexpected::Str(&text), self));
            }
        })
    }
}

impl Value<'_> {
    fn field_type(&self) -> FieldType {
        self.field.row().field_type
    }

    fn objects<'de, A: SeqAccess<'de>>(
        &self,
        form: &ObjectForm,
        mut list: A,
    ) -> Result<Vec<Fields<'de>>, A::Error> {
        let mut objects = Vec::new();
        loop {
            self.fault.set(Fault::Field(self.field));
            let object = Object { fault: self.fault, usual: OBJECT_FIELDS_USUAL };
            let Some(object) = list.next_element_seed(object)? else { break };
            let missing = form.required.without(object.present);
            let foreign = object.present.without(form.required.or(form.optional));
            if let Some(field) = missing.first() {
                self.fault.set(Fault::Field(field));
                return Err(de::Error::custom("the field is missing"));
            }
            if let Some(field) = foreign.first() {
                self.fault.set(Fault::Field(field));
                return Err(de::Error::custom("not a field of what is listed"));
            }
            if objects.len() == form.max {
                self.fault.set(Fault::Field(self.field));
                return Err(de::Error::custom(format_args!("more than {}", form.max)));
            }
            objects.push(object);
        }
        Ok(objects)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = FieldValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.field_type() {
            FieldType::Text(_) => "text",
            FieldType::Time => "epoch seconds or RFC 3339 text",
            FieldType::Mac => "a MAC address as text",
            FieldType::Rssi => "a number from -150 to 30",
            FieldType::Count => "a whole number from 0 up",
            FieldType::Flag => "true or false",
            FieldType::Ip => "an IP address as text",
            FieldType::Id => "a UUID as text",
            FieldType::Band => "24, 5 or 6",
            FieldType::Secs => "seconds from 0 to 86400",
            FieldType::Percent => "a number from 0 to 100",
            FieldType::Rate => "a number from 0 to 1000000",
            FieldType::Decibels => "a number from -100 to 200",
            FieldType::Texts => "a list of texts",
            FieldType::Objects(_) => "a list of objects",
        })
    }

    fn visit_unit<E: de::Error>(self) -> Result<FieldValue<'de>, E> {
        Ok(FieldValue::Absent)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<FieldValue<'de>, E> {
        self.text(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<FieldValue<'de>, E> {
        self.text(Cow::Owned(text.into()))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<FieldValue<'de>, E> {
        match self.field_type() {
            FieldType::Flag => Ok(FieldValue::Flag(flag)),
            _ => Err(E::invalid_type(de::Unexpected::Bool(flag), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<FieldValue<'de>, E> {
        match self.field_type() {
            FieldType::Count => Ok(FieldValue::Count(number)),
            FieldType::Time => WireTime.visit_u64(number).map(FieldValue::Time),
            FieldType::Band => self.text(Cow::Owned(number.to_string())),
            FieldType::Rssi if number <= 30 => Ok(FieldValue::Rssi(number as f64)),
            FieldType::Secs | FieldType::Percent | FieldType::Rate | FieldType::Decibels => {
                self.visit_f64(number as f64)
            }
            _ => Err(E::invalid_type(de::Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<FieldValue<'de>, E> {
        match self.field_type() {
            FieldType::Time => WireTime.visit_i64(number).map(FieldValue::Time),
            FieldType::Rssi if number >= -150 => Ok(FieldValue::Rssi(number as f64)),
            FieldType::Decibels => self.visit_f64(number as f64),
            _ => Err(E::invalid_type(de::Unexpected::Signed(number), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<FieldValue<'de>, E> {
        match self.field_type() {
            FieldType::Time => WireTime.visit_f64(number).map(FieldValue::Time),
            FieldType::Rssi if (-150.0..=30.0).contains(&number) => Ok(FieldValue::Rssi(number)),
            FieldType::Secs if (0.0..=SECS_MAX).contains(&number) => {
                Ok(FieldValue::Secs(Micros((number * 1e6).round() as i64)))
            }
            FieldType::Percent if (0.0..=100.0).contains(&number) => {
                Ok(FieldValue::Percent(number))
            }
            FieldType::Rate if (0.0..=1e6).contains(&number) => Ok(FieldValue::Number(number)),
            FieldType::Decibels if (-100.0..=200.0).contains(&number) => {
                Ok(FieldValue::Number(number))
            }
            FieldType::Band if number == 2.4 => Ok(FieldValue::Text(Cow::Borrowed("24"))),
            _ => Err(E::invalid_type(de::Unexpected::Float(number), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<FieldValue<'de>, A::Error> {
        if let FieldType::Objects(form) = self.field_type() {
            return self.objects(form, list).map(FieldValue::Objects);
        }
        if self.field_type() != FieldType::Texts {
            return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
        }
        let mut texts = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            if text.len() > TEXT_BYTES_MAX {
                return Err(de::Error::custom(format_args!("longer than {TEXT_BYTES_MAX} bytes")));
            }
            if texts.len() == TEXTS_MAX {
                return Err(de::Error::custom(format_args!("more than {TEXTS_MAX} texts")));
            }
            texts.push(text);
        }
        Ok(FieldValue::Texts(texts))
    }
}
