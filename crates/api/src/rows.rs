//! Rows that say how something is now: its configuration, and what is live of it.

use crate::live::{LiveClient, LiveDevice, LiveEdge, LiveRadio};
use foghorn_catalog::{Document, Scope};
use foghorn_model::Timestamp;
use foghorn_model::telemetry::Link;
use serde_json::{Map, Value, json};

/// What one is told of a device or an edge: whether it is there.
pub(crate) fn status(is_up: Option<bool>) -> &'static str {
    match is_up {
        Some(true) => "connected",
        // As Mist says of one that never was.
        Some(false) | None => "disconnected",
    }
}

/// Epoch seconds; null of what never was.
fn seconds(at: Timestamp) -> Value {
    if at == Timestamp(0) { Value::Null } else { json!(at.as_secs_f64()) }
}

fn known(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

/// The statistics of a device.
pub(crate) fn device(document: &Document, live: Option<&LiveDevice>, now: Timestamp) -> Value {
    let mut row = document.to_json(false);
    row["status"] = json!(status(live.and_then(|it| it.is_up)));
    let Some(live) = live else {
        row["last_seen"] = Value::Null;
        return row;
    };
    row["last_seen"] = seconds(live.heard);
    row["version"] = known(&live.version);
    row["ext_ip"] = json!(live.ext_ip);
    if live.is_up == Some(true) {
        row["uptime"] = json!(now.secs().saturating_sub(live.since.secs()).max(0));
    }
    if document.text("type") == "ap" {
        row["num_clients"] = json!(live.client_count);
        if !live.radios.is_empty() {
            row["radio_stat"] = radio_stat(&live.radios);
        }
    }
    row
}

/// The radios of an AP, by band; what nobody told of one is null.
fn radio_stat(radios: &[LiveRadio]) -> Value {
    let of = |radio: &LiveRadio| {
        let it = &radio.setting;
        // Whole numbers, as the schema has them.
        let whole = |number: Option<f64>| number.map(f64::round).map(|it| it as i64);
        let stat = json!({
            "bandwidth": it.bandwidth,
            "channel": it.channel,
            "noise_floor": whole(radio.noise_floor),
            "power": it.power,
            "util_all": whole(radio.utilization),
        });
        (format!("band_{}", radio.band), stat)
    };
    Value::Object(radios.iter().map(of).collect())
}

/// A device as a search has it.
pub(crate) fn found_device(
    document: &Document,
    live: Option<&LiveDevice>,
    now: Timestamp,
) -> Map<String, Value> {
    let name = document.text("name");
    let stats = device(document, live, now);
    let of = |key: &str| (key.to_owned(), stats[key].clone());
    let keys = [
        "mac", "model", "type", "serial", "ip", "org_id", "site_id", "status", "version", "ext_ip",
        "uptime",
    ];
    let mut row: Map<String, Value> = keys.map(of).into_iter().collect();
    row.insert("hostname".into(), if name.is_empty() { json!([]) } else { json!([name]) });
    row.insert("last_hostname".into(), known(name));
    row.insert("timestamp".into(), stats["last_seen"].clone());
    // A search leaves out what there is not.
    row.retain(|_, value| !value.is_null());
    row
}

/// The statistics of a client.
pub(crate) fn client(scope: Scope, live: &LiveClient, now: Timestamp) -> Value {
    let it = &live.association;
    let mut row = json!({
        "ap_id": it.ap.device_id(),
        "ap_mac": it.ap,
        "band": it.band,
        "bssid": it.bssid,
        "family": it.family,
        "hostname": it.hostname,
        "ip": it.ip,
        "last_seen": seconds(live.heard),
        "mac": it.mac,
        "manufacture": it.manufacture,
        "model": it.model,
        "org_id": scope.org,
        "os": it.os,
        "psk_id": it.psk_id,
        "rssi": it.rssi,
        "site_id": scope.site,
        "ssid": it.ssid,
        "type": "client",
        "uptime": now.secs().saturating_sub(it.connect.secs()).max(0),
        "username": it.username,
        "wlan_id": it.wlan_id,
    });
    if let (Some(link), Some(row)) = (it.link.as_deref(), row.as_object_mut()) {
        row.extend(of_link(link).filter(|(_, value)| !value.is_null()));
    }
    row
}

/// How a client and its AP get on.
fn of_link(link: &Link) -> impl Iterator<Item = (String, Value)> {
    let members = [
        ("channel", json!(link.channel)),
        ("key_mgmt", json!(link.key_mgmt)),
        ("proto", json!(link.proto)),
        ("snr", json!(link.snr)),
        ("vlan_id", json!(link.vlan)),
    ];
    let ways = [("rx", &link.rx), ("tx", &link.tx)].map(|(way, traffic)| {
        let members = [
            ("bps", json!(traffic.bps)),
            ("bytes", json!(traffic.bytes)),
            ("packets", json!(traffic.pkts)),
            ("rate", json!(traffic.rate)),
            ("retries", json!(traffic.retries)),
        ];
        members.map(|(member, value)| (format!("{way}_{member}"), value))
    });
    let members = members.map(|(member, value)| (member.to_owned(), value));
    members.into_iter().chain(ways.into_iter().flatten())
}

/// A client as a search has it: lists of what it had, which are of what it has.
pub(crate) fn found_client(scope: Scope, live: &LiveClient) -> Map<String, Value> {
    let it = &live.association;
    let mut row = Map::new();
    let mut put = |key: &str, value: Value| drop(row.insert(key.to_owned(), value));
    let both = [
        ("ap", json!(it.ap)),
        ("device", json!(it.family)),
        ("hostname", json!(it.hostname)),
        ("ip", json!(it.ip)),
        ("os", json!(it.os)),
        ("psk_id", json!(it.psk_id)),
        ("psk_name", json!(it.psk_name)),
        ("ssid", json!(it.ssid)),
        ("username", json!(it.username)),
        ("wlan_id", json!(it.wlan_id)),
    ];
    for (key, value) in both {
        put(key, if value.is_null() { json!([]) } else { json!([value]) });
        put(&format!("last_{key}"), value);
    }
    put("model", json!(it.model));
    put("last_model", json!(it.model));
    put("mac", json!(it.mac));
    put("band", json!(it.band));
    put("mfg", json!(it.manufacture));
    put("random_mac", json!(it.mac.is_random()));
    put("org_id", json!(scope.org));
    put("site_id", json!(scope.site));
    put("site_ids", json!([scope.site]));
    put("timestamp", seconds(live.heard));
    row.retain(|_, value| !value.is_null());
    row
}

/// The statistics of an edge.
pub(crate) fn edge(document: &Document, live: Option<&LiveEdge>) -> Value {
    let mut row = document.to_json(false);
    row["status"] = json!(status(live.and_then(|it| it.is_up)));
    row["last_seen"] = live.map_or(Value::Null, |it| seconds(it.heard));
    row
}
