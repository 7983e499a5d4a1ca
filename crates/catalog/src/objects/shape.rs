//! What the members of an object may hold: one description for the check of a write, for the
//! references between objects, and for the API document.

use super::Kind;
use crate::error::CatalogError;
use foghorn_model::Mac;
use serde_json::{Map, Value};
use std::fmt;
use std::net::IpAddr;
use uuid::Uuid;

/// What a member may hold. `null` stands for a member that is absent.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text of at most so many bytes.
    Text(usize),
    /// `true` or `false`.
    Flag,
    /// A whole number of this range.
    Whole(i64, i64),
    /// A number of this range.
    Number(f64, f64),
    /// A number of this range, or text that is one.
    NumberOrText(f64, f64),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A UUID of something that the catalog does not keep.
    Id,
    /// A MAC address in any spelling; twelve hex digits are stored.
    Mac,
    /// An IP address.
    Ip,
    /// The id of another object of the same org, and of the same site if it belongs to one.
    Ref(Kind, OnDelete),
    /// A list of at most so many.
    List(&'static Shape, usize),
    /// An object with these members, and others that are kept.
    Object(&'static [Member]),
    /// An object of at most so many members, all of this shape.
    MapOf(&'static Shape, usize),
    /// Any JSON.
    Any,
}

/// What becomes of a member that refers to something when that is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnDelete {
    /// The object goes along: it is nothing without it.
    GoAlong,
    /// The member becomes null, or leaves its list.
    LetGo,
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its key.
    pub key: &'static str,
    /// What it may hold.
    pub shape: Shape,
    /// What it means.
    pub doc: &'static str,
    /// Whether an object needs it.
    pub required: bool,
    /// What it is when it is not given, as JSON.
    pub default: Option<&'static str>,
}

/// A member that may be absent.
pub(crate) const fn member(key: &'static str, shape: Shape, doc: &'static str) -> Member {
    Member { key, shape, doc, required: false, default: None }
}

impl Member {
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(crate) const fn defaults_to(self, json: &'static str) -> Self {
        Self { default: Some(json), ..self }
    }
}

/// Fills in what is not given, and brings what is into the form that is stored.
pub(crate) fn normalise(members: &[Member], body: &mut Map<String, Value>) {
    for member in members {
        match body.get_mut(member.key) {
            Some(value) if !value.is_null() || member.default.is_none() => {
                spell(&member.shape, value);
            }
            _ => {
                let default = member.default.and_then(|json| serde_json::from_str(json).ok());
                if let Some(default) = default {
                    body.insert(member.key.into(), default);
                }
            }
        }
    }
}

/// Brings what is given into its one spelling.
pub(crate) fn spell_all(members: &[Member], body: &mut Map<String, Value>) {
    for member in members {
        if let Some(value) = body.get_mut(member.key) {
            spell(&member.shape, value);
        }
    }
}

/// Makes of the cells of a table, which are all text, what the members hold.
pub(crate) fn read_cells(members: &[Member], row: &mut Map<String, Value>) {
    for member in members {
        let Some(value) = row.get_mut(member.key) else { continue };
        let Some(text) = value.as_str() else { continue };
        let read = match member.shape {
            Shape::Whole(..) | Shape::Number(..) | Shape::NumberOrText(..) | Shape::Flag => {
                serde_json::from_str(text).ok()
            }
            _ => None,
        };
        if let Some(read) = read {
            *value = read;
        }
    }
}

/// MAC addresses and ids have one spelling.
fn spell(shape: &Shape, value: &mut Value) {
    match (shape, value) {
        (Shape::Mac, Value::String(text)) => {
            if let Ok(mac) = text.parse::<Mac>() {
                *text = mac.to_string();
            }
        }
        (Shape::Id | Shape::Ref(..), Value::String(text)) => {
            if let Ok(id) = Uuid::try_parse(text) {
                *text = id.to_string();
            }
        }
        (Shape::List(of, _), Value::Array(list)) => list.iter_mut().for_each(|it| spell(of, it)),
        (Shape::Object(members), Value::Object(map)) => {
            for member in *members {
                if let Some(value) = map.get_mut(member.key) {
                    spell(&member.shape, value);
                }
            }
        }
        _ => {}
    }
}

/// Checks every member that is described.
pub(crate) fn check(members: &[Member], body: &Map<String, Value>) -> Result<(), CatalogError> {
    for member in members {
        let wrong = |reason: String| CatalogError::invalid(member.key, reason);
        check_member(member, body).map_err(wrong)?;
    }
    Ok(())
}

fn check_member(member: &Member, body: &Map<String, Value>) -> Result<(), String> {
    match body.get(member.key) {
        None | Some(Value::Null) if member.required => Err("it is missing".into()),
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(text)) if member.required && text.trim().is_empty() => {
            Err("it is empty".into())
        }
        Some(value) => check_value(&member.shape, value),
    }
}

fn check_value(shape: &Shape, value: &Value) -> Result<(), String> {
    let text = value.as_str();
    let fits = match shape {
        Shape::Text(max) => {
            let Some(text) = text else { return Err("not text".into()) };
            if text.len() > *max {
                return Err(format!("longer than {max} bytes"));
            }
            true
        }
        Shape::Flag => value.is_boolean(),
        Shape::Whole(min, max) => value.as_i64().is_some_and(|it| (*min..=*max).contains(&it)),
        Shape::Number(min, max) => value.as_f64().is_some_and(|it| (*min..=*max).contains(&it)),
        Shape::NumberOrText(min, max) => {
            let told = text.map_or(value.as_f64(), |text| text.parse().ok());
            told.is_some_and(|it| (*min..=*max).contains(&it))
        }
        Shape::OneOf(texts) => text.is_some_and(|text| texts.contains(&text)),
        Shape::Id | Shape::Ref(..) => text.is_some_and(|text| Uuid::try_parse(text).is_ok()),
        Shape::Mac => text.is_some_and(|text| text.parse::<Mac>().is_ok()),
        Shape::Ip => text.is_some_and(|text| text.parse::<IpAddr>().is_ok()),
        Shape::List(of, max) => {
            let Some(list) = value.as_array() else { return Err("not a list".into()) };
            if list.len() > *max {
                return Err(format!("more than {max} entries"));
            }
            for (at, value) in list.iter().enumerate() {
                check_value(of, value).map_err(|reason| format!("[{at}]: {reason}"))?;
            }
            true
        }
        Shape::Object(members) => {
            let Some(map) = value.as_object() else { return Err("not an object".into()) };
            for member in *members {
                check_member(member, map).map_err(|reason| format!("{}: {reason}", member.key))?;
            }
            true
        }
        Shape::MapOf(of, max) => {
            let Some(map) = value.as_object() else { return Err("not an object".into()) };
            if map.len() > *max {
                return Err(format!("more than {max} members"));
            }
            for (key, value) in map {
                check_value(of, value).map_err(|reason| format!("{key}: {reason}"))?;
            }
            true
        }
        Shape::Any => true,
    };
    if fits { Ok(()) } else { Err(format!("not {shape}")) }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("text"),
            Self::Flag => f.write_str("true or false"),
            Self::Whole(min, max) => write!(f, "a whole number from {min} to {max}"),
            Self::Number(min, max) | Self::NumberOrText(min, max) => {
                write!(f, "a number from {min} to {max}")
            }
            Self::OneOf(texts) => write!(f, "one of {}", texts.join(", ")),
            Self::Id | Self::Ref(..) => f.write_str("a UUID"),
            Self::Mac => f.write_str("a MAC address"),
            Self::Ip => f.write_str("an IP address"),
            Self::List(..) => f.write_str("a list"),
            Self::Object(_) | Self::MapOf(..) => f.write_str("an object"),
            Self::Any => f.write_str("JSON"),
        }
    }
}

/// Every reference that an object has: the member at its top that it stands in, what it refers
/// to, and what happens when that goes.
pub(crate) fn references(
    members: &[Member],
    body: &Map<String, Value>,
) -> Vec<(&'static str, Kind, OnDelete, Uuid)> {
    let mut found = Vec::new();
    for member in members {
        let Some(value) = body.get(member.key) else { continue };
        collect(&member.shape, value, &mut |kind, rule, id| {
            found.push((member.key, kind, rule, id));
        });
    }
    found
}

fn collect(shape: &Shape, value: &Value, note: &mut dyn FnMut(Kind, OnDelete, Uuid)) {
    match (shape, value) {
        (Shape::Ref(kind, rule), Value::String(text)) => {
            if let Ok(id) = Uuid::try_parse(text) {
                note(*kind, *rule, id);
            }
        }
        (Shape::List(of, _), Value::Array(list)) => {
            list.iter().for_each(|value| collect(of, value, note));
        }
        (Shape::Object(members), Value::Object(map)) => {
            for member in *members {
                if let Some(value) = map.get(member.key) {
                    collect(&member.shape, value, note);
                }
            }
        }
        _ => {}
    }
}

/// Lets a reference to something that goes go. A list loses the entry that holds it.
pub(crate) fn let_go(members: &[Member], body: &mut Map<String, Value>, gone: (Kind, Uuid)) {
    for member in members {
        if let Some(value) = body.get_mut(member.key)
            && refers(&member.shape, value, gone)
        {
            match (&member.shape, value) {
                (Shape::List(of, _), Value::Array(list)) => {
                    list.retain(|value| !refers(of, value, gone));
                }
                (_, value) => *value = Value::Null,
            }
        }
    }
}

fn refers(shape: &Shape, value: &Value, gone: (Kind, Uuid)) -> bool {
    let mut found = false;
    collect(shape, value, &mut |kind, _, id| found |= (kind, id) == gone);
    found
}

/// Whether anything of this kind may refer to something of another.
pub(crate) fn may_refer(members: &[Member], to: Kind) -> bool {
    fn within(shape: &Shape, to: Kind) -> bool {
        match shape {
            Shape::Ref(kind, _) => *kind == to,
            Shape::List(of, _) | Shape::MapOf(of, _) => within(of, to),
            Shape::Object(members) => may_refer(members, to),
            _ => false,
        }
    }
    members.iter().any(|member| within(&member.shape, to))
}
