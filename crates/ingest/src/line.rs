//! A telemetry line being made of what a source says.

use foghorn_model::telemetry::field::{Field, FieldType};
use foghorn_model::telemetry::{Kind, Telemetry};
use foghorn_model::{Mac, Timestamp};
use serde_json::{Map, Number, Value};

/// Fields of one record. Texts are cut to what their field holds, so that a long name costs its
/// end and not the record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line(Map<String, Value>);

impl Line {
    pub(crate) fn new(kind: Kind) -> Self {
        Self::object().with(Field::Kind, Value::from(kind.row().name))
    }

    /// The fields of an object within a record.
    pub(crate) fn object() -> Self {
        Self(Map::new())
    }

    fn with(mut self, field: Field, value: Value) -> Self {
        self.0.insert(field.row().key.into(), value);
        self
    }

    pub(crate) fn mac(self, field: Field, mac: Mac) -> Self {
        self.with(field, Value::from(mac.to_string()))
    }

    pub(crate) fn mac_opt(self, field: Field, mac: Option<Mac>) -> Self {
        match mac {
            Some(mac) => self.mac(field, mac),
            None => self,
        }
    }

    pub(crate) fn text(self, field: Field, text: &str) -> Self {
        let max = match field.row().field_type {
            FieldType::Text(max) => max,
            _ => text.len(),
        };
        let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        self.with(field, Value::from(&text[..end.unwrap_or(0)]))
    }

    pub(crate) fn text_opt(self, field: Field, text: Option<&str>) -> Self {
        match text.filter(|text| !text.is_empty()) {
            Some(text) => self.text(field, text),
            None => self,
        }
    }

    pub(crate) fn flag(self, field: Field, flag: bool) -> Self {
        self.with(field, Value::from(flag))
    }

    pub(crate) fn count_opt(self, field: Field, count: Option<u64>) -> Self {
        match count {
            Some(count) => self.with(field, Value::from(count)),
            None => self,
        }
    }

    /// Objects within the record.
    pub(crate) fn objects(self, field: Field, objects: Vec<Self>) -> Self {
        let objects = objects.into_iter().map(|Self(object)| Value::Object(object));
        self.with(field, objects.collect())
    }

    /// A number that is finite; others are left out.
    pub(crate) fn number_opt(self, field: Field, number: Option<f64>) -> Self {
        match number.and_then(Number::from_f64) {
            Some(number) => self.with(field, Value::Number(number)),
            None => self,
        }
    }

    /// The device that the record is of, if it is of a device.
    pub(crate) fn device(&self) -> Option<Mac> {
        let kind = self.0.get(Field::Kind.row().key)?.as_str()?;
        let is_device = kind.starts_with("device-");
        is_device.then(|| self.0.get(Field::Mac.row().key)?.as_str()?.parse().ok())?
    }

    /// The text of the line; `None` if it is none that the fold would read.
    pub(crate) fn finish(self, id: Option<&str>, time: Option<Timestamp>) -> Option<Vec<u8>> {
        let mut line = self.text_opt(Field::Id, id);
        if let Some(time) = time {
            line = line.number_opt(Field::Time, Some(time.as_secs_f64()));
        }
        let text = serde_json::to_vec(&Value::Object(line.0)).ok()?;
        Telemetry::parse(&text).is_ok().then_some(text)
    }
}
