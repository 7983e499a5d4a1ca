//! Settings of orgs and sites.

use crate::error::CatalogError;
use crate::view::RadiusClient;
use foghorn_model::Setting;
use ipnet::IpNet;
use serde_json::{Map, Value};
use std::net::IpAddr;

/// How many networks a site may name.
const RADIUS_CLIENTS_MAX: usize = 1000;

pub(super) fn validate(body: &Map<String, Value>) -> Result<(), CatalogError> {
    // Member by member, so that the message names the one that is wrong.
    for (key, value) in body {
        let one = Map::from_iter([(key.clone(), value.clone())]);
        let parsed: Result<Setting, _> = serde_json::from_value(Value::Object(one));
        let setting = parsed.map_err(|error| CatalogError::invalid(key, error.to_string()))?;
        setting.check().map_err(|error| CatalogError::invalid(error.field, error.to_string()))?;
    }
    radius_clients(body).map(drop)
}

/// The part of a setting that drives events.
pub(super) fn engine(body: &Map<String, Value>) -> Setting {
    serde_json::from_value(Value::Object(body.clone())).unwrap_or_default()
}

/// The networks whose RADIUS clients belong to the site: `radius_clients`, an extension.
pub(crate) fn radius_clients(body: &Map<String, Value>) -> Result<Vec<RadiusClient>, CatalogError> {
    let invalid = |reason: String| CatalogError::invalid("radius_clients", reason);
    let list = match body.get("radius_clients") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= RADIUS_CLIENTS_MAX => list,
        Some(Value::Array(_)) => {
            return Err(invalid(format!("more than {RADIUS_CLIENTS_MAX} networks")));
        }
        Some(_) => return Err(invalid("not a list".into())),
    };
    let client = |(at, value): (usize, &Value)| {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let network = text("network").and_then(network);
        let network =
            network.ok_or_else(|| invalid(format!("entry {at}: network is no address or CIDR")))?;
        let secret = text("secret").filter(|secret| !secret.is_empty());
        let secret = secret.ok_or_else(|| invalid(format!("entry {at}: secret is missing")))?;
        let name = text("name").unwrap_or_default();
        Ok(RadiusClient { network, secret: secret.into(), name: name.into() })
    };
    list.iter().enumerate().map(client).collect()
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
