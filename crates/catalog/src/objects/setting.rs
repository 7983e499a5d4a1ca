//! Settings of orgs and sites.

use super::shape::{Member, Shape, member};
use crate::error::CatalogError;
use crate::view::{RadiusClient, Relay, SyslogInterface, SyslogSender};
use foghorn_model::{Mac, Setting, SiteId};
use ipnet::IpNet;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;
use uuid::Uuid;

/// How many networks a site may name.
const RADIUS_CLIENTS_MAX: usize = 1000;
const SYSLOG_SENDERS_MAX: usize = 1000;
/// How many radio interfaces may be told apart in a network.
const SYSLOG_INTERFACES_MAX: usize = 64;
/// The longest SSID in bytes (IEEE 802.11).
const SSID_BYTES_MAX: usize = 32;
/// The longest secret of a relay.
const RELAY_SECRET_BYTES_MAX: usize = 1024;
/// How many sites of another server an org may name.
const RELAY_SITES_MAX: usize = 10_000;

/// The longest up/down threshold in minutes, as Mist has it.
const UPDOWN: Shape = Shape::Whole(0, 240);
const HEARTBEAT: Shape = Shape::Whole(5, 86_400);
const HEARTBEAT_DOC: &str =
    "seconds without a heartbeat after which one counts as down (extension)";
const UPDOWN_DOC: &str = "minutes that one may be away before device-updowns tells of it";
const PATH_DOC: &str = "minutes that one may be down before an alarm tells of it";
const ENABLED: Shape = Shape::Object(&[member("enabled", Shape::Flag, "whether it is bought")]);
const TEXTS: Shape = Shape::List(&Shape::Text(255), 1000);
const THRESHOLD: Shape = Shape::Object(&[
    member("client_count", Shape::Whole(1, 1000), "clients that failed"),
    member("incident_count", Shape::Whole(1, 1000), "how often they did"),
    member("duration", Shape::Whole(5, 60), "within so many minutes"),
]);
/// The longest silence that can be asked for: a week.
const SILENCE_MINUTES_MAX: i64 = 10_080;
/// The longest dwell in seconds, as Mist has it.
const DWELL_SECS_MAX: i64 = 68_400;

/// What of a setting drives events; the rest is kept as it is.
pub(super) const MEMBERS: &[Member] = &[
    member("device_updown_threshold", UPDOWN, UPDOWN_DOC),
    member("ap_updown_threshold", UPDOWN, UPDOWN_DOC),
    member("switch_updown_threshold", UPDOWN, UPDOWN_DOC),
    member("gateway_updown_threshold", UPDOWN, UPDOWN_DOC),
    member("vpn_path_updown_threshold", UPDOWN, PATH_DOC),
    member("vpn_peer_updown_threshold", UPDOWN, PATH_DOC),
    member("bgp_neighbor_updown_threshold", UPDOWN, PATH_DOC),
    member("ap_heartbeat_timeout", HEARTBEAT, HEARTBEAT_DOC),
    member("switch_heartbeat_timeout", HEARTBEAT, HEARTBEAT_DOC),
    member("gateway_heartbeat_timeout", HEARTBEAT, HEARTBEAT_DOC),
    member(
        "client_inactivity_timeout",
        Shape::Whole(5, 604_800),
        "seconds of silence after which a session ends (extension)",
    ),
    member(
        "rogue",
        Shape::Object(&[
            member("enabled", Shape::Flag, "whether APs on our wire that are not ours are alarms"),
            member("honeypot_enabled", Shape::Flag, "whether APs that send our SSIDs are"),
            member("min_rssi", Shape::Whole(-127, 0), "the weakest that counts, dBm"),
            member("whitelisted_bssids", TEXTS, "BSSIDs to leave alone"),
            member("whitelisted_ssids", TEXTS, "SSIDs to leave alone"),
        ]),
        "which strangers on the air are alarms",
    ),
    member(
        "simple_alert",
        Shape::Object(&[
            member("arp_failure", THRESHOLD, "of ARP"),
            member("dhcp_failure", THRESHOLD, "of DHCP"),
            member("dns_failure", THRESHOLD, "of DNS"),
        ]),
        "how many failures are an alarm of the whole site",
    ),
    member(
        "flap_damping",
        Shape::Object(&[
            member("enabled", Shape::Flag, "whether they are not; they are by default"),
            member("count", Shape::Whole(2, 100), "more changes than that are flapping; 5"),
            member("minutes", Shape::Whole(1, 240), "within so many minutes; 10"),
        ]),
        "whether devices and ports that flap are told one change at a time (extension)",
    ),
    member(
        "source_silence",
        Shape::Object(&[
            member("enabled", Shape::Flag, "whether it is an alarm at all; so by default"),
            member(
                "minutes",
                Shape::Whole(1, SILENCE_MINUTES_MAX),
                "after so many minutes; far more than it is used to by default",
            ),
        ]),
        "when a source that says nothing is an alarm (extension)",
    ),
    member("vna", ENABLED, "client-latency is told where it is"),
    member("wired_vna", ENABLED, "the same for switches"),
    member("wan_vna", ENABLED, "the same for gateways"),
    member("track_asset", Shape::Flag, "whether assets are located"),
    member("track_anonymous_devices", Shape::Flag, "whether strangers are, too"),
    member(
        "wifi",
        Shape::Object(&[
            member("locate_connected", Shape::Flag, "whether connected clients are located"),
            member("locate_unconnected", Shape::Flag, "whether other clients are"),
        ]),
        "which Wi-Fi clients are located",
    ),
    member(
        "occupancy",
        Shape::Object(&[
            member("clients_enabled", Shape::Flag, "whether connected clients count"),
            member("unconnected_clients_enabled", Shape::Flag, "whether other clients do"),
            member("sdkclients_enabled", Shape::Flag, "whether SDK clients do"),
            member("assets_enabled", Shape::Flag, "whether assets do"),
            member("min_duration", Shape::Whole(0, i32::MAX as i64), "from so long on"),
        ]),
        "who counts in a zone",
    ),
    member(
        "zone_occupancy_alert",
        Shape::Object(&[
            member("enabled", Shape::Flag, "whether occupancy-alerts are told"),
            member("threshold", Shape::Whole(0, 30), "minutes that a zone must be too full"),
            member("email_notifiers", Shape::List(&Shape::Text(254), 100), "who gets mail"),
        ]),
        "when a zone is too full",
    ),
    member(
        "engagement",
        Shape::Object(&[
            member("min_dwell", Shape::Whole(0, DWELL_SECS_MAX), "the shortest stay, seconds"),
            member("max_dwell", Shape::Whole(1, DWELL_SECS_MAX), "the longest stay, seconds"),
            member("dwell_tags", Shape::Object(&[]), "classes of stays"),
            member("dwell_tag_names", Shape::Object(&[]), "what they are called"),
            member("hours", Shape::Object(&[]), "when the site is open"),
        ]),
        "classes of stays",
    ),
];

pub(super) fn validate(body: &Map<String, Value>) -> Result<(), CatalogError> {
    radius_clients(body)?;
    syslog_senders(body)?;
    relay_mist(body).map(drop)
}

/// The part of a setting that drives events.
pub(super) fn engine(body: &Map<String, Value>) -> Setting {
    serde_json::from_value(Value::Object(body.clone())).unwrap_or_default()
}

/// The networks whose RADIUS clients belong to the site: `radius_clients`, an extension.
pub(crate) fn radius_clients(body: &Map<String, Value>) -> Result<Vec<RadiusClient>, CatalogError> {
    let invalid = |reason: String| CatalogError::invalid("radius_clients", reason);
    let list = networks(body, "radius_clients", RADIUS_CLIENTS_MAX)?;
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

/// The networks whose syslog senders belong to the site: `syslog_senders`, an extension.
pub(crate) fn syslog_senders(body: &Map<String, Value>) -> Result<Vec<SyslogSender>, CatalogError> {
    let list = networks(body, "syslog_senders", SYSLOG_SENDERS_MAX)?;
    list.iter().enumerate().map(|(at, value)| syslog_sender(at, value)).collect()
}

fn syslog_sender(at: usize, value: &Value) -> Result<SyslogSender, CatalogError> {
    let invalid =
        |what: &str| CatalogError::invalid("syslog_senders", format!("entry {at}: {what}"));
    let network = value.get("network").and_then(Value::as_str).and_then(network);
    let network = network.ok_or_else(|| invalid("network is no address or CIDR"))?;
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
    let relay = match value.get("relay") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(relay)) => *relay,
        Some(_) => return Err(invalid("relay is neither true nor false")),
    };
    let mut interfaces = BTreeMap::new();
    match value.get("interfaces") {
        None | Some(Value::Null) => {}
        Some(Value::Object(given)) if given.len() <= SYSLOG_INTERFACES_MAX => {
            for (interface, value) in given {
                let read = syslog_interface(value)
                    .map_err(|what| invalid(&format!("interfaces.{interface}: {what}")))?;
                interfaces.insert(interface.clone(), read);
            }
        }
        Some(Value::Object(_)) => {
            return Err(invalid(&format!("more than {SYSLOG_INTERFACES_MAX} interfaces")));
        }
        Some(_) => return Err(invalid("interfaces is no object")),
    }
    Ok(SyslogSender { network, name: name.into(), relay, interfaces })
}

fn syslog_interface(value: &Value) -> Result<SyslogInterface, &'static str> {
    if !value.is_object() {
        return Err("no object");
    }
    let text = |key: &str, what: &'static str| match value.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(what),
    };
    let ssid = text("ssid", "ssid is no text")?.cloned();
    if ssid.as_ref().is_some_and(|ssid| ssid.is_empty() || ssid.len() > SSID_BYTES_MAX) {
        return Err("ssid has not 1 to 32 bytes");
    }
    let bssid = text("bssid", "bssid is no MAC address")?.map(|text| text.parse::<Mac>());
    let bssid = bssid.transpose().map_err(|_| "bssid is no MAC address")?;
    let band = text("band", "band is not one of 24, 5, 6")?.cloned();
    if band.as_ref().is_some_and(|band| !["24", "5", "6"].contains(&band.as_str())) {
        return Err("band is not one of 24, 5, 6");
    }
    Ok(SyslogInterface { ssid, bssid, band })
}

fn networks<'a>(
    body: &'a Map<String, Value>,
    key: &str,
    max: usize,
) -> Result<&'a [Value], CatalogError> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) if list.len() <= max => Ok(list),
        Some(Value::Array(_)) => {
            Err(CatalogError::invalid(key, format!("more than {max} networks")))
        }
        Some(_) => Err(CatalogError::invalid(key, "not a list")),
    }
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
