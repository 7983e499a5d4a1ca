//! The tables of alarms and events against the catalog of those that were published.

use crate::data;
use foghorn_model::definitions::{
    ALARMS, CLIENT_EVENTS, DEVICE_EVENTS, MXEDGE_EVENTS, NAC_EVENTS, OTHER_DEVICE_EVENTS, alarm,
};
use foghorn_model::telemetry::json_schemas;
use serde_json::Value;
use std::collections::BTreeSet;

fn catalog() -> Value {
    let text = std::fs::read_to_string(data("reference/catalog.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn no_key_of_the_catalog_is_missing() {
    let catalog = catalog();
    let alarms: Vec<&str> = ALARMS.iter().map(|row| row.key).collect();
    let families = [
        ("alarms", &alarms[..]),
        ("client_events", CLIENT_EVENTS),
        ("device_events", DEVICE_EVENTS),
        ("mxedge_events", MXEDGE_EVENTS),
        ("nac_events", NAC_EVENTS),
        ("otherdevice_events", OTHER_DEVICE_EVENTS),
    ];
    for (family, ours) in families {
        let rows = catalog[family].as_array().unwrap();
        let keys: BTreeSet<&str> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
        let missing: Vec<&&str> = keys.iter().filter(|key| !ours.contains(key)).collect();
        assert!(missing.is_empty(), "{family}: {missing:?}");
    }
}

/// Members that Foghorn makes of what it knows of a device.
const MADE: [&str; 8] =
    ["ap", "apfw", "device_type", "mac", "model", "org_id", "site_id", "timestamp"];

#[test]
fn every_member_that_an_event_of_a_device_was_seen_with_can_be_sent() {
    let schemas = json_schemas();
    let of = |kind: &str| {
        let schema = schemas.iter().find(|it| it["kind"] == kind).unwrap();
        schema["schema"]["properties"].as_object().unwrap()
    };
    let mut compared = 0;
    for event in catalog()["device_events"].as_array().unwrap() {
        let key = event["key"].as_str().unwrap();
        let kind = match key.split_once('_').unwrap() {
            ("AP" | "SW" | "GW", "CONNECTED") => "device-connected",
            ("AP" | "SW" | "GW", "DISCONNECTED") => "device-disconnected",
            ("AP" | "SW" | "GW", "RESTARTED") => "device-restarted",
            _ => "device-event",
        };
        for member in event["fields_seen"].as_array().unwrap() {
            let member = member.as_str().unwrap();
            let is_sent = MADE.contains(&member) || of(kind).contains_key(member);
            assert!(is_sent, "{member} of {key}");
            compared += 1;
        }
    }
    assert!(compared > 500, "only {compared}");
}

#[test]
fn alarms_have_the_group_and_the_members_that_the_catalog_gives_them() {
    for theirs in catalog()["alarms"].as_array().unwrap() {
        let key = theirs["key"].as_str().unwrap();
        let ours = alarm(key).unwrap();
        assert_eq!(theirs["group"], ours.group.name(), "{key}");
        assert_eq!(theirs["severity"], ours.severity.name(), "{key}");
        let members = |it: &Value| it.as_str().unwrap().to_owned();
        let theirs: BTreeSet<String> =
            theirs["fields"].as_array().unwrap().iter().map(members).collect();
        let ours: BTreeSet<String> = ours.fields.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(theirs, ours, "{key}");
    }
}
