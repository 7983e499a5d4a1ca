//! Sites.

use super::Kind;
use super::shape::{Member, OnDelete, Shape, member};
use crate::catalog::Document;
use crate::error::CatalogError;
use foghorn_model::{Setting, Site, SiteId};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

pub(crate) const MEMBERS: &[Member] = &[
    member("name", Shape::Text(super::NAME_BYTES_MAX), "its name").required(),
    member("timezone", Shape::Text(64), "IANA name of its time zone").defaults_to("\"UTC\""),
    member("country_code", Shape::Text(2), "ISO 3166-1 alpha-2"),
    member("address", Shape::Text(1024), "where it is"),
    member(
        "latlng",
        Shape::Object(&[
            member("lat", Shape::Number(-90.0, 90.0), "degrees north").required(),
            member("lng", Shape::Number(-180.0, 180.0), "degrees east").required(),
        ]),
        "where it is on earth",
    ),
    member(
        "sitegroup_ids",
        Shape::List(&Shape::Ref(Kind::SiteGroup, OnDelete::LetGo), 1000),
        "the groups that it is in",
    ),
    member(
        "alarmtemplate_id",
        Shape::Ref(Kind::AlarmTemplate, OnDelete::LetGo),
        "which alarms are told",
    ),
    member("notes", Shape::Text(4096), "what is to be known of it"),
];

/// A time zone that nobody knows would be taken for another, later and in silence.
pub(super) fn check(body: &Map<String, Value>) -> Result<(), CatalogError> {
    let name = body.get("timezone").and_then(Value::as_str);
    match name.filter(|name| TimeZone::get(name).is_err()) {
        None => Ok(()),
        Some(_) => Err(CatalogError::invalid("timezone", "no time zone of the IANA database")),
    }
}

/// The site as the engine knows it, without its setting.
pub(crate) fn site(document: &Document) -> Site {
    Site {
        id: SiteId(document.id),
        org_id: document.org_id,
        name: document.text("name").into(),
        setting: Setting::default(),
        alarmtemplate_id: super::alarmtemplate_id(&document.body),
    }
}
