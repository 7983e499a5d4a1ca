//! Settings of orgs and sites.

use crate::error::CatalogError;
use crate::view::{RadiusClient, Relay};
use foghorn_model::{Setting, SiteId};
use ipnet::IpNet;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;
use uuid::Uuid;

/// How many networks a site may name.
const RADIUS_CLIENTS_MAX: usize = 1000;
/// The longest secret of a relay.
const RELAY_SECRET_BYTES_MAX: usize = 1024;
/// How many sites of another server an org may name.
const RELAY_SITES_MAX: usize = 10_000;

pub(super) fn validate(body: &Map<String, Value>) -> Result<(), CatalogError> {
    // Member by member, so that the message names the one that is wrong.
    for (key, value) in body {
        let one = Map::from_iter([(key.clone(), value.clone())]);
        let parsed: Result<Setting, _> = serde_json::from_value(Value::Object(one));
        let setting = parsed.map_err(|error| CatalogError::invalid(key, error.to_string()))?;
        setting.check().map_err(|error| CatalogError::invalid(error.field, error.to_string()))?;
    }
    radius_clients(body)?;
    relay_mist(body).map(drop)
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

/// How messages of Mist are taken in and passed on: `relay_mist`, an extension.
pub(crate) fn relay_mist(body: &Map<String, Value>) -> Result<Option<Relay>, CatalogError> {
    let invalid = |reason: &str| CatalogError::invalid("relay_mist", reason);
    let relay = match body.get("relay_mist") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(relay)) => relay,
        Some(_) => return Err(invalid("not an object")),
    };
    let flag = |key: &str, default: bool| match relay.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(invalid(&format!("{key} is neither true nor false"))),
    };
    let (enabled, accept_sha1) = (flag("enabled", true)?, flag("accept_sha1", false)?);
    let sites = relay_sites(relay.get("sites")).map_err(invalid)?;
    let secret = match relay.get("secret") {
        None | Some(Value::Null) if !enabled => return Ok(None),
        Some(Value::String(secret)) if !secret.is_empty() => secret,
        None | Some(Value::Null | Value::String(_)) => return Err(invalid("secret is missing")),
        Some(_) => return Err(invalid("secret is not a text")),
    };
    if secret.len() > RELAY_SECRET_BYTES_MAX {
        return Err(invalid(&format!("secret is longer than {RELAY_SECRET_BYTES_MAX} bytes")));
    }
    Ok(enabled.then(|| Relay { secret: secret.clone(), accept_sha1, sites }))
}

/// Which of our sites each of Mist's is.
fn relay_sites(value: Option<&Value>) -> Result<BTreeMap<Uuid, SiteId>, &'static str> {
    let sites = match value {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(sites)) if sites.len() <= RELAY_SITES_MAX => sites,
        Some(Value::Object(_)) => return Err("sites has more than 10,000 sites"),
        Some(_) => return Err("sites is not an object"),
    };
    let pair = |(theirs, ours): (&String, &Value)| {
        Some((Uuid::try_parse(theirs).ok()?, ours.as_str()?.parse().ok()?))
    };
    let pairs: Option<BTreeMap<Uuid, SiteId>> = sites.iter().map(pair).collect();
    pairs.ok_or("sites does not lead from ids to ids")
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
