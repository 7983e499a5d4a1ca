//! Sites.

use super::{check_name, check_text};
use crate::catalog::Document;
use crate::error::CatalogError;
use foghorn_model::{Setting, Site, SiteId};
use serde_json::{Map, Value};

pub(super) fn validate(body: &Map<String, Value>) -> Result<(), CatalogError> {
    check_name(body, true)?;
    for key in ["timezone", "country_code", "address"] {
        check_text(body, key)?;
    }
    match body.get("latlng") {
        None | Some(Value::Null) => Ok(()),
        Some(at) if at["lat"].is_number() && at["lng"].is_number() => Ok(()),
        Some(_) => Err(CatalogError::invalid("latlng", "not an object of lat and lng")),
    }
}

/// The site as the engine knows it, without its setting.
pub(crate) fn site(document: &Document) -> Site {
    Site {
        id: SiteId(document.id),
        org_id: document.org_id,
        name: document.text("name").into(),
        setting: Setting::default(),
    }
}
