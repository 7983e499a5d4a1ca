//! Devices of the inventory.

use super::{check_name, check_text};
use crate::catalog::Document;
use crate::error::CatalogError;
use foghorn_model::{ConfigUpdate, Device, DeviceType, Mac, SiteId};
use serde_json::{Map, Value};

pub(super) fn normalise(body: &mut Map<String, Value>) {
    if let Ok(mac) = mac(body) {
        body.insert("mac".into(), mac.to_string().into());
    }
    body.entry("type").or_insert_with(|| DeviceType::Ap.name().into());
}

pub(super) fn validate(body: &Map<String, Value>) -> Result<(), CatalogError> {
    mac(body)?;
    check_name(body, false)?;
    for key in ["model", "serial", "notes"] {
        check_text(body, key)?;
    }
    device_type(body)
        .ok_or_else(|| CatalogError::invalid("type", "not one of ap, switch, gateway"))?;
    match body.get("ip") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(ip)) if ip.parse::<std::net::IpAddr>().is_ok() => Ok(()),
        Some(_) => Err(CatalogError::invalid("ip", "not an IP address")),
    }
}

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

/// `site_id` assigns a device; null puts it back into the inventory.
pub(super) fn site(
    body: &Map<String, Value>,
    now: Option<SiteId>,
) -> Result<Option<SiteId>, CatalogError> {
    match body.get("site_id") {
        None => Ok(now),
        Some(Value::Null) => Ok(None),
        Some(Value::String(site)) => {
            site.parse().map(Some).map_err(|_| CatalogError::invalid("site_id", "not an id"))
        }
        Some(_) => Err(CatalogError::invalid("site_id", "not an id")),
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
