//! Devices of the inventory.

use super::Kind;
use super::shape::{Member, OnDelete, Shape, member};
use crate::catalog::Document;
use crate::error::CatalogError;
use foghorn_model::{ConfigUpdate, Device, DeviceType, Mac, SiteId};
use serde_json::{Map, Value};

pub(crate) const MEMBERS: &[Member] = &[
    member("mac", Shape::Mac, "its base address").required(),
    member("name", Shape::Text(super::NAME_BYTES_MAX), "its name"),
    member("type", Shape::OneOf(&["ap", "switch", "gateway"]), "what it is").defaults_to("\"ap\""),
    member("model", Shape::Text(64), "its model"),
    member("serial", Shape::Text(64), "its serial number"),
    member("notes", Shape::Text(4096), "what is to be known of it"),
    member("ip", Shape::Ip, "the address that it uses as a RADIUS client (extension)"),
    member("map_id", Shape::Ref(Kind::Map, OnDelete::LetGo), "the map that it hangs on"),
    member("x", Shape::Number(-1e7, 1e7), "from the left, in pixels"),
    member("y", Shape::Number(-1e7, 1e7), "from the top, in pixels"),
    member("height", Shape::Number(-1000.0, 1000.0), "over the floor, in metres"),
    member("orientation", Shape::Number(0.0, 360.0), "degrees clockwise from north"),
];

pub(crate) fn mac(body: &Map<String, Value>) -> Result<Mac, CatalogError> {
    let text = body.get("mac").and_then(Value::as_str);
    let text = text.ok_or_else(|| CatalogError::invalid("mac", "it is missing"))?;
    text.parse().map_err(|error: foghorn_model::mac::MacError| {
        CatalogError::invalid("mac", error.to_string())
    })
}

fn device_type(body: &Map<String, Value>) -> Option<DeviceType> {
    body.get("type")?.as_str()?.parse().ok()
}

/// The site that a patch says: `site_id` assigns, null takes back, and none leaves it.
pub(crate) fn site(
    given: Option<Value>,
    now: Option<SiteId>,
) -> Result<Option<SiteId>, CatalogError> {
    match given {
        None => Ok(now),
        Some(Value::Null) => Ok(None),
        Some(given) => {
            let site = given.as_str().and_then(|site| site.parse().ok());
            site.map(Some).ok_or_else(|| CatalogError::invalid("site_id", "not an id"))
        }
    }
}

/// The device as the engine knows it.
pub(crate) fn device(document: &Document) -> Option<Device> {
    Some(Device {
        mac: mac(&document.body).ok()?,
        org_id: document.org_id,
        site_id: document.site_id,
        name: document.text("name").into(),
        device_type: device_type(&document.body)?,
        model: document.text("model").into(),
        ip: document.text("ip").parse().ok(),
    })
}

pub(super) fn updates(before: Option<&Document>, after: Option<&Document>) -> Vec<ConfigUpdate> {
    let mut updates = Vec::new();
    let was = before.and_then(|it| Some((it.site_id?, mac(&it.body).ok()?)));
    let is = after.and_then(|it| it.site_id);
    if let Some((site_id, mac)) = was
        && is != Some(site_id)
    {
        updates.push(ConfigUpdate::DeviceRemoved { site_id, mac });
    }
    if is.is_some() {
        updates.extend(after.and_then(device).map(ConfigUpdate::Device));
    }
    updates
}
