//! The examples of the constants: each is what the fold makes of telemetry. `UPDATE_EXPECT=1`
//! writes the file anew.

use crate::orgs::Home;
use crate::world::{AP, World, associated, client, org_id, site_id};
use expect_test::expect_file;
use foghorn_model::config::SourceSilence;
use foghorn_model::definitions::{
    ALARMS, CLIENT_EVENTS, DEVICE_EVENTS, MXEDGE_EVENTS, NAC_EVENTS, OTHER_DEVICE_EVENTS,
};
use foghorn_model::record::{Command, Failing, Quarantined, WebhookHealth};
use foghorn_model::telemetry::Step;
use foghorn_model::{ConfigUpdate, Edge, RecordBody, Setting, Timestamp, WebhookId};
use serde_json::Value;
use std::collections::BTreeMap;

const SWITCH: &str = "5c5b35000003";
const GATEWAY: &str = "5c5b35000004";
const EDGE: &str = "020000230522";

/// The last event of a topic that was told.
fn told(world: &mut World, topic: &str) -> Option<String> {
    let events = std::mem::take(&mut world.events);
    events.into_iter().rev().find(|event| event.topic == topic).map(|event| event.json)
}

fn alarms() -> BTreeMap<&'static str, String> {
    let mut examples = BTreeMap::new();
    let mut home = Home::new();
    (1..4).for_each(|site| home.down(60, site));
    examples.insert("foghorn_sites_down", home.events.pop().unwrap().json);
    for row in ALARMS {
        if examples.contains_key(row.key) {
            continue;
        }
        let mut world = World::new();
        world.enable(&[row.key]);
        if row.key.starts_with("foghorn_") {
            own(row.key, &mut world);
            examples.insert(row.key, told(&mut world, "alarms").unwrap());
            continue;
        }
        let mac = match row.fields {
            fields if fields.contains(&"switches") => SWITCH,
            fields if fields.contains(&"gateways") => GATEWAY,
            _ => AP,
        };
        world.line(60, &format!(
            r#"{{"kind":"alarm","type":"{}","mac":"{mac}","client_mac":"70ef00715301","peer_mac":"70ef00715302","ssid":"Maui","bssid":"5c5b35000011","port_id":"ge-0/0/7","vlan":"72","server":"10.0.0.5","wlan_id":"00000000-0000-4000-8000-000000000003","reason":"as the source says"}}"#,
            row.key
        ));
        examples.insert(row.key, told(&mut world, "alarms").unwrap());
    }
    examples
}

/// Makes an alarm of Foghorn's own happen.
fn own(key: &str, world: &mut World) {
    match key {
        "foghorn_clock_off" => {
            for minute in 1..=6 {
                let time = world.now + 60 - 3_600;
                let line =
                    format!(r#"{{"kind":"device-heartbeat","mac":"{SWITCH}","time":{time}}}"#);
                world.line(60, &line);
                assert!(minute < 6 || world.events.last().unwrap().topic == "alarms");
            }
        }
        "foghorn_source_silent" => {
            let source_silence = Some(SourceSilence { enabled: None, minutes: Some(30) });
            world.set(Setting { source_silence, ..Setting::default() });
            world.line(0, r#"{"kind":"accounting","status":"on","nas_ip":"10.0.0.9"}"#);
            world.tick(1_800);
        }
        "foghorn_webhook_failing" => {
            let since = Timestamp(world.now * 1_000_000);
            world.now += 300;
            world.record(RecordBody::Command(Command::WebhookHealth(WebhookHealth {
                webhook_id: WebhookId::from_bytes([5; 16]),
                name: "ticketing".into(),
                org_id: org_id(),
                site_id: Some(site_id()),
                failing: Some(Failing { since, reason: "503".into() }),
            })));
        }
        _ => world.record(RecordBody::Command(Command::Quarantined(Quarantined {
            record: 4_711,
            org_id: Some(org_id()),
            site_id: Some(site_id()),
        }))),
    }
}

fn device_events() -> BTreeMap<&'static str, String> {
    let mut examples = BTreeMap::new();
    for event in DEVICE_EVENTS {
        let (mac, change) = match event.split_once('_') {
            Some(("AP" | "ESL", change)) => (AP, change),
            Some(("SW", change)) => (SWITCH, change),
            Some(("GW", change)) => (GATEWAY, change),
            // They are of no device of these three types.
            _ => continue,
        };
        let mut world = World::new();
        match change {
            "CONNECTED" => world.say(60, "device-connected", mac),
            "DISCONNECTED" => world.say(60, "device-disconnected", mac),
            "RESTARTED" => world.say(60, "device-restarted", mac),
            _ => world
                .line(60, &format!(r#"{{"kind":"device-event","mac":"{mac}","type":"{event}"}}"#)),
        }
        let example = std::mem::take(&mut world.events)
            .into_iter()
            .find(|it| it.topic == "device-events" && it.value()["type"] == *event);
        examples.insert(*event, example.unwrap().json);
    }
    examples
}

/// What is to be said for an event of an edge, without its address: first what makes it possible.
pub fn said(event: &str) -> Vec<String> {
    let port = |state: &str, lag: &str| {
        format!(r#""kind":"edge-port","port_id":"xe0","state":"{state}","lag":"{lag}""#)
    };
    let other =
        |lag: &str| format!(r#""kind":"edge-port","port_id":"xe1","state":"up","lag":"{lag}""#);
    let part = |kind: &str, name: &str, state: &str| {
        format!(r#""kind":"edge-part","type":"{kind}","component":"{name}","state":"{state}""#)
    };
    let service =
        |state: &str| format!(r#""kind":"edge-service","service":"tunterm","state":"{state}""#);
    match event {
        "ME_CONNECTED" | "ME_DISCONNECTED" => vec![r#""kind":"edge-heartbeat""#.into()],
        "ME_RESTARTED" => vec![r#""kind":"edge-restarted""#.into()],
        "ME_FAN_UNPLUGGED" => vec![part("fan", "Fan1", "absent")],
        "ME_FAN_PLUGGED" => vec![part("fan", "Fan1", "absent"), part("fan", "Fan1", "present")],
        "ME_PSU_UNPLUGGED" => vec![part("psu", "PS1", "absent")],
        "ME_PSU_PLUGGED" => vec![part("psu", "PS1", "absent"), part("psu", "PS1", "present")],
        "ME_POWERINPUT_DISCONNECTED" => vec![part("powerinput", "PS1", "absent")],
        "ME_POWERINPUT_CONNECTED" => {
            vec![part("powerinput", "PS1", "absent"), part("powerinput", "PS1", "present")]
        }
        "ME_SERVICE_STOPPED" => vec![service("stopped")],
        "ME_SERVICE_STARTED" => vec![service("stopped"), service("running")],
        "ME_SERVICE_CRASHED" => vec![service("crashed")],
        "ME_SERVICE_FAILED" => vec![service("failed")],
        "ME_RESOURCE_USAGE" => {
            vec![r#""kind":"edge-resource","resource":"memory","usage":91"#.into()]
        }
        "TT_PORT_LINK_DOWN" => vec![port("down", "")],
        "TT_PORT_LINK_RECOVERY" => vec![port("down", ""), port("up", "")],
        "TT_PORT_FIRST_JOIN_LACP" => vec![port("up", ""), port("up", "lag0")],
        "TT_PORT_JOINED_LACP" => vec![other("lag0"), port("up", ""), port("up", "lag0")],
        "TT_PORT_DROPPED_FROM_LACP" => vec![other("lag0"), port("up", "lag0"), port("up", "")],
        "TT_PORT_LAST_DROPPED_FROM_LACP" => vec![port("up", "lag0"), port("up", "")],
        _ => vec![format!(r#""kind":"edge-event","type":"{event}""#)],
    }
}

fn mxedge_events() -> BTreeMap<&'static str, String> {
    let mut examples = BTreeMap::new();
    for event in MXEDGE_EVENTS {
        let mut world = World::new();
        world.change(vec![ConfigUpdate::Edge(Edge {
            id: uuid::Uuid::from_bytes([8; 16]),
            site_id: site_id(),
            mac: EDGE.parse().unwrap(),
            name: "edge-1".into(),
            mxcluster_id: Some(uuid::Uuid::from_bytes([9; 16])),
        })]);
        for more in said(event) {
            world.line(1, &format!(r#"{{"mac":"{EDGE}",{more}}}"#));
        }
        if *event == "ME_DISCONNECTED" {
            world.tick(3600);
        }
        let example = std::mem::take(&mut world.events)
            .into_iter()
            .rev()
            .find(|it| it.topic == "mxedge-events" && it.value()["type"] == *event);
        if let Some(example) = example {
            examples.insert(*event, example.json);
        }
    }
    examples
}

fn nac_events() -> BTreeMap<&'static str, String> {
    let mut examples = BTreeMap::new();
    for event in NAC_EVENTS {
        let mut world = World::new();
        match event.strip_prefix("NAC_ACCOUNTING_") {
            Some(status) => {
                let request = |status: &str| {
                    format!(
                        r#"{{"kind":"accounting","status":"{status}","nas_ip":"172.16.0.10","session_id":"46A689BBEA655716","mac":"5e6601115b49","username":"user1@example.net"}}"#
                    )
                };
                world.line(0, &request("start"));
                if status != "START" {
                    world.line(60, &request(&status.to_lowercase()));
                }
                examples.insert(*event, told(&mut world, "nac-accounting").unwrap());
            }
            None => {
                world.line(0, &format!(
                    r#"{{"kind":"nac-event","type":"{event}","mac":"ac3eb179e535","username":"user@example.net","ap":"{AP}","ssid":"Corp","auth_type":"eap-tls","nas_vendor":"juniper-mist"}}"#
                ));
                examples.insert(*event, told(&mut world, "nac-events").unwrap());
            }
        }
    }
    examples
}

/// What is said for each event of a client: steps by the kind that carries them, what is derived by
/// what it is derived of, all else as it is.
fn client_events() -> BTreeMap<&'static str, String> {
    let mut examples = BTreeMap::new();
    let mac = client(1);
    let kinds = ["auth", "dhcp", "dns", "arp"];
    let place = || {
        let mut world = World::new();
        world.line(0, &associated(mac, AP, "5c5b35000011"));
        world
    };
    for (step, kind) in Step::ALL.into_iter().zip(kinds) {
        for success in [true, false] {
            for event in step.event_types(success) {
                let mut world = place();
                world.line(1, &format!(
                    r#"{{"kind":"client-{kind}","mac":"{mac}","success":{success},"type":"{event}","server":"10.0.0.1","duration":0.02}}"#
                ));
                examples.insert(*event, told(&mut world, "client-events").unwrap());
            }
        }
    }
    let mut world = place();
    examples.insert("CLIENT_ASSOCIATION", told(&mut world, "client-events").unwrap());
    world.line(9, &associated(mac, "5c5b35000002", "5c5b35000022"));
    examples.insert("CLIENT_REASSOCIATION", told(&mut world, "client-events").unwrap());
    world.say(9, "client-disassociated", &mac.to_string());
    examples.insert("CLIENT_DEASSOCIATION", told(&mut world, "client-events").unwrap());
    let mut world = place();
    for _ in 0..5 {
        world.line(1, &format!(r#"{{"kind":"client-auth","mac":"{mac}","success":false}}"#));
    }
    examples.insert("REPEATED_AUTH_FAILURES", told(&mut world, "client-events").unwrap());
    for event in CLIENT_EVENTS {
        if !examples.contains_key(event) {
            let mut world = place();
            let line = format!(r#"{{"kind":"client-event","mac":"{mac}","type":"{event}"}}"#);
            world.line(1, &line);
            examples.insert(event, told(&mut world, "client-events").unwrap());
        }
    }
    for (event, example) in &examples {
        let example: Value = serde_json::from_str(example).unwrap();
        assert_eq!(example["type"], *event);
    }
    examples
}

fn other_device_events() -> BTreeMap<&'static str, String> {
    let mut examples = BTreeMap::new();
    for event in OTHER_DEVICE_EVENTS {
        let mut world = World::new();
        world.line(60, &format!(
            r#"{{"kind":"otherdevice-event","mac":"0030443b1c5d","type":"{event}","vendor":"cradlepoint","device_mac":"{GATEWAY}","text":"as the device says"}}"#
        ));
        examples.insert(*event, told(&mut world, "otherdevice-events").unwrap());
    }
    examples
}

#[test]
fn the_examples_of_the_constants_are_what_the_fold_makes() {
    let families = [
        ("alarms", alarms()),
        ("client_events", client_events()),
        ("device_events", device_events()),
        ("mxedge_events", mxedge_events()),
        ("nac_events", nac_events()),
        ("otherdevice_events", other_device_events()),
    ];
    let mut file = String::from("{\n");
    for (at, (family, examples)) in families.iter().enumerate() {
        file.push_str(&format!("\"{family}\": {{\n"));
        let lines: Vec<String> = examples
            .iter()
            .map(|(key, json)| {
                assert!(serde_json::from_str::<Value>(json).is_ok(), "{json}");
                format!("\"{key}\": {json}")
            })
            .collect();
        file.push_str(&lines.join(",\n"));
        file.push_str(if at + 1 < families.len() { "\n},\n" } else { "\n}\n" });
    }
    file.push_str("}\n");
    expect_file!["../../../model/src/definitions/examples.json"].assert_eq(&file);
}
