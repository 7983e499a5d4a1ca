//! The shapes of bodies that are no stored object, for the OpenAPI document.

mod rows;

pub(crate) use rows::search_of;

use crate::openapi::{array_of, reference};
use crate::resources::describe::object;
use foghorn_catalog::Kind;
use serde_json::{Map, Value, json};

pub(crate) fn schemas() -> Map<String, Value> {
    let text = || json!({ "type": "string" });
    let whole = || json!({ "type": "integer", "minimum": 0 });
    let named = |properties: Value, required: &[&str]| json!({ "type": "object", "properties": properties, "required": required });
    let problem = json!({
        "detail": { "type": "string", "description": "what is wrong" },
        "field": { "type": "string", "description": "the field at fault" },
        "reason": { "type": "string", "description": "what is wrong with it" },
    });
    let rejected = json!({
        "line": { "type": "integer", "description": "its number, from 1" },
        "field": { "type": ["string", "null"], "description": "the field at fault" },
        "detail": { "type": "string", "description": "what is wrong" },
    });
    let telemetry = json!({
        "accepted": { "type": "integer", "description": "how many lines are durable" },
        "rejected": array_of(reference("Rejected")),
        "rejected_count": { "type": "integer", "description": "how many are not" },
    });
    let relayed = json!({
        "topic": { "type": "string", "description": "a topic of the wire" },
        "events": {
            "type": "array", "items": { "type": "object" }, "maxItems": 10_000,
            "description": "passed on as they stand here, byte for byte",
        },
    });
    let accepted = json!({
        "accepted": { "type": "integer", "description": "how many events are durable" },
    });
    let truncated = json!({
        "type": "boolean",
        "description": "stands where there are more rows in the span than are looked at for a total",
    });
    let search = json!({
        "results": array_of(json!({ "type": "object" })),
        "start": { "type": "number", "description": "from when, epoch seconds" },
        "end": { "type": "number", "description": "until when" },
        "limit": whole(),
        "total": { "type": "integer", "description": "how many rows there are" },
        "next": { "type": "string", "description": "path and query of the next page, if any" },
        "page": { "type": "integer", "description": "which page, where one was asked for" },
        "truncated": truncated,
    });
    let count = json!({
        "distinct": { "type": "string", "description": "the member that is counted by" },
        "results": array_of(json!({
            "type": "object",
            "description": "a value, under the name of the member, and how often it is there",
            "properties": { "count": whole() },
            "required": ["count"],
            "additionalProperties": text(),
        })),
        "start": { "type": "number" },
        "end": { "type": "number" },
        "limit": whole(),
        "total": { "type": "integer", "description": "how many values there are" },
        "truncated": truncated,
    });
    let id = || json!({ "type": "string", "format": "uuid" });
    let acknowledgement = json!({
        "alarm_ids": { "type": "array", "items": id(), "maxItems": 1000, "description": "which ones, where the path does not say" },
        "note": { "type": ["string", "null"], "maxLength": 1024, "description": "why" },
    });
    let claim = json!({
        "ip": { "type": "string", "description": "the address of the sender" },
        "mac": { "type": "string", "description": "the address of the device" },
        "type": { "type": "string", "enum": ["ap", "switch", "gateway"] },
        "site_id": id(),
        "name": { "type": "string", "description": "what the sender calls itself, if absent" },
    });
    let suppression = json!({
        "duration": { "type": "number", "default": 3600, "minimum": 0, "maximum": 15_552_000, "description": "seconds; 0 tells alarms again" },
        "scheduled_time": { "type": "integer", "description": "from when on, epoch seconds, up to 7 days ahead; now unless it is given" },
        "scope": { "type": "string", "enum": ["site", "org"], "default": "site", "description": "of sites, or of the org itself" },
        "applies": {
            "type": "object",
            "description": "which sites",
            "properties": {
                "org_id": { "type": ["string", "null"], "description": "this org: all of its sites" },
                "sitegroup_ids": array_of(id()),
                "site_ids": array_of(id()),
            },
        },
    });
    let suppressions = json!({
        "results": array_of(json!({
            "type": "object",
            "properties": {
                "scope": text(),
                "site_id": id(),
                "scheduled_time": whole(),
                "expire_time": whole(),
                "duration": { "type": "integer", "description": "seconds that are left" },
            },
        })),
    });
    let openwifi = json!({
        "ap": { "type": "string", "description": "whose state it is" },
        "clients": { "type": "integer", "description": "how many are associated with it" },
    });
    let wanted = ["results", "start", "end", "limit", "total"];
    let all = [
        ("Problem", named(problem, &["detail"])),
        ("Rejected", named(rejected, &["line", "detail"])),
        ("TelemetryAnswer", named(telemetry, &["accepted", "rejected", "rejected_count"])),
        ("MistMessage", named(relayed, &["topic", "events"])),
        ("RelayAnswer", named(accepted, &["accepted"])),
        ("OpenWifiState", openwifi_state()),
        ("OpenWifiAnswer", named(openwifi, &["ap", "clients"])),
        ("Search", named(search, &wanted)),
        ("Count", named(count, &wanted)),
        (
            "PersonalToken",
            named(json!({ "name": text(), "key": text() }), &["id", "name", "created_time"]),
        ),
        ("Acknowledgement", named(acknowledgement, &[])),
        ("Suppression", named(suppression, &[])),
        ("Suppressions", named(suppressions, &["results"])),
        ("Setting", setting()),
        ("DeviceStats", device_stats()),
        ("ClientStats", client_stats()),
        ("UnclaimedSender", unclaimed_sender()),
        ("Claim", named(claim, &["ip", "mac", "type", "site_id"])),
        ("Self", named(json!({ "name": text(), "privileges": array_of(json!({})) }), &["name"])),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).chain(rows::schemas()).collect()
}

/// A device as it is now: its configuration, and these.
fn device_stats() -> Value {
    let time = |what: &str| json!({ "type": ["number", "null"], "description": what });
    json!({
        "type": "object",
        "properties": {
            "status": { "type": "string", "enum": ["connected", "disconnected"] },
            "last_seen": time("when it was last heard of, epoch seconds; null if it never was"),
            "uptime": { "type": "integer", "minimum": 0, "description": "seconds that it is up" },
            "version": { "type": ["string", "null"], "description": "its firmware" },
            "ext_ip": { "type": ["string", "null"], "description": "where it was seen from" },
            "num_clients": { "type": "integer", "minimum": 0, "description": "of an AP" },
            "radio_stat": {
                "type": "object",
                "description": "of an AP that tells of its radios: `band_24`, `band_5`, `band_6`",
                "additionalProperties": radio_stat(),
            },
        },
        "required": ["id", "mac", "type", "status", "last_seen"],
    })
}

fn radio_stat() -> Value {
    let whole = |what: &str| json!({ "type": ["integer", "null"], "description": what });
    json!({
        "type": "object",
        "properties": {
            "bandwidth": whole("MHz"),
            "channel": whole("the channel that it is on"),
            "noise_floor": whole("dBm"),
            "power": whole("dBm"),
            "util_all": whole("how much of the time the channel is in use, in percent"),
        },
    })
}

/// The state of an OpenWiFi AP, as far as it is read.
fn openwifi_state() -> Value {
    let state = || json!({ "type": "object", "description": "`interfaces`, `radios`, `unit`" });
    json!({
        "type": "object",
        "description": "a state as the AP sends it, alone or in what it comes in",
        "properties": {
            "serial": { "type": "string", "description": "the AP's address" },
            "state": state(),
            "interfaces": array_of(json!({ "type": "object" })),
            "params": state(),
            "compress_64": { "type": "string", "description": "zlib under base64 of the rest" },
        },
    })
}

/// A client as it is now.
fn client_stats() -> Value {
    let text = || json!({ "type": ["string", "null"] });
    let whole = |what: &str| json!({ "type": ["integer", "null"], "description": what });
    let number = |what: &str| json!({ "type": ["number", "null"], "description": what });
    json!({
        "type": "object",
        "properties": {
            "mac": { "type": "string" },
            "ap_mac": { "type": "string" },
            "ssid": { "type": "string" },
            "band": text(),
            "hostname": text(),
            "ip": text(),
            "username": text(),
            "rssi": { "type": ["number", "null"], "description": "dBm" },
            "snr": number("dB over the noise"),
            "channel": whole("the channel"),
            "proto": text(),
            "key_mgmt": text(),
            "vlan_id": text(),
            "rx_bps": whole("bit/s that come from it"),
            "rx_bytes": whole("octets that came from it since it came"),
            "rx_packets": whole("packets that came from it since it came"),
            "rx_rate": number("the rate at which it sends, Mbit/s"),
            "rx_retries": whole("how often it sent something again"),
            "tx_bps": whole("bit/s that go to it"),
            "tx_bytes": whole("octets that went to it since it came"),
            "tx_packets": whole("packets that went to it since it came"),
            "tx_rate": number("the rate at which it is sent to, Mbit/s"),
            "tx_retries": whole("how often something was sent to it again"),
            "last_seen": { "type": "number", "description": "epoch seconds" },
            "uptime": { "type": "integer", "minimum": 0, "description": "seconds since it came" },
        },
        "required": ["mac", "ap_mac", "ssid", "last_seen"],
    })
}

/// A sender that no site claims.
fn unclaimed_sender() -> Value {
    let reason = json!({
        "enum": ["unknown", "disputed"],
        "description": "whether nobody claims the address, or two orgs do",
    });
    json!({
        "type": "object",
        "properties": {
            "source": { "enum": ["syslog"], "description": "the listener that heard it" },
            "ip": { "type": "string", "description": "its address" },
            "hostname": { "type": ["string", "null"], "description": "what it calls itself" },
            "first_seen": { "type": "number", "description": "epoch seconds" },
            "last_seen": { "type": "number", "description": "epoch seconds" },
            "count": { "type": "integer", "description": "how many messages came" },
            "sample": { "type": "string", "description": "the beginning of the last message" },
            "reason": reason,
        },
        "required": ["source", "ip", "hostname", "first_seen", "last_seen", "count", "sample", "reason"],
    })
}

/// The members of a setting that Foghorn knows; others are kept as they are.
fn setting() -> Value {
    let mut schema = object(Kind::SiteSetting.row().members);
    let extensions = json!({
            "relay_mist": {
                "type": ["object", "null"],
                "description": "takes in the messages of Mist's webhooks (extension)",
                "properties": {
                    "secret": {
                        "type": "string", "minLength": 1, "maxLength": 1024,
                        "description": "the secret of the webhook at Mist",
                    },
                    "enabled": { "type": ["boolean", "null"], "default": true },
                    "accept_sha1": {
                        "type": ["boolean", "null"], "default": false,
                        "description": "X-Mist-Signature is enough where there is no -v2",
                    },
                    "sites": {
                        "type": ["object", "null"],
                        "description": "of an org: the site here by the id that it has at Mist",
                        "additionalProperties": { "type": "string", "format": "uuid" },
                    },
                },
            },
            "radius_clients": {
                "type": ["array", "null"],
                "description": "networks whose RADIUS clients belong to the site (extension)",
                "items": {
                    "type": "object",
                    "properties": {
                        "network": { "type": "string" },
                        "secret": { "type": "string" },
                        "name": { "type": "string" },
                    },
                    "required": ["network", "secret"],
                },
            },
            "syslog_senders": {
                "type": ["array", "null"],
                "maxItems": 1000,
                "description": "networks whose syslog senders belong to the site (extension)",
                "items": {
                    "type": "object",
                    "properties": {
                        "network": { "type": "string" },
                        "name": { "type": "string" },
                        "relay": { "type": ["boolean", "null"], "description": "whether the host name of a message tells who speaks" },
                        "interfaces": {
                            "type": ["object", "null"],
                            "description": "what the radio interfaces of the APs serve, by name",
                            "additionalProperties": {
                                "type": "object",
                                "properties": {
                                    "ssid": { "type": ["string", "null"], "minLength": 1, "maxLength": 32 },
                                    "bssid": { "type": ["string", "null"] },
                                    "band": { "enum": ["24", "5", "6", null] },
                                },
                            },
                        },
                    },
                    "required": ["network"],
                },
            },
    });
    for (key, extension) in extensions.as_object().into_iter().flatten() {
        schema["properties"][key] = extension.clone();
    }
    schema
}
