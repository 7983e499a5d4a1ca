//! Orgs.

use super::{check_name, setting};
use crate::error::CatalogError;
use foghorn_model::{Org, OrgId};
use serde_json::{Map, Value};

pub(super) fn validate(body: &Map<String, Value>) -> Result<(), CatalogError> {
    check_name(body, true)
}

/// The org as the engine knows it.
pub(super) fn org(id: OrgId, body: &Map<String, Value>, setting: &Map<String, Value>) -> Org {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    Org { id, name: name.into(), setting: setting::engine(setting) }
}
