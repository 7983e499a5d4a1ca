//! Alarms: what is told of incidents and conditions, when, and what is not.

use crate::detectors::ATTACKS;
use crate::examples::said;
use crate::world::{AP, EDGE, Event, World, edge, fold, org_id, site_id};
use expect_test::expect;
use foghorn_engine::Engine;
use foghorn_model::alarm::{Acknowledged, Acknowledgement};
use foghorn_model::definitions::{
    ALARMS, AlarmRow, AlarmTier, DEVICE_EVENTS, MXEDGE_EVENTS, OTHER_DEVICE_EVENTS, alarm,
    alarm_of_edge_event, alarm_of_event, alarm_of_other_device_event,
};
use foghorn_model::record::Command;
use foghorn_model::{AdminId, ConfigUpdate, Partition, RecordBody, Setting};

const AP2: &str = "5c5b35000002";
const SWITCH: &str = "5c5b35000003";
const GATEWAY: &str = "5c5b35000004";
const MEMBERS: &[&str] = &["type", "count", "update", "status", "aps", "reasons"];

/// The alarms since the last time, a line each, with the time that each was last seen.
fn alarms(world: &mut World) -> String {
    world.trace_of("alarms", MEMBERS)
}

fn enabled() -> World {
    let mut world = World::new();
    let keys: Vec<&str> = ALARMS.iter().map(|row| row.key).collect();
    world.enable(&keys);
    world
}

fn raise(world: &mut World, after: i64, key: &str, more: &str) {
    world.line(after, &format!(r#"{{"kind":"alarm","type":"{key}","mac":"{AP}"{more}}}"#));
}

#[test]
fn without_a_template_nothing_is_told() {
    let mut world = World::new();
    world.say(0, "device-connected", AP);
    world.say(0, "device-disconnected", AP);
    raise(&mut world, 0, "beacon_flood", "");
    world.tick(3600);
    assert_eq!(alarms(&mut world), "");
    world.enable(&["device_down"]);
    world.say(0, "device-connected", AP);
    world.say(0, "device-disconnected", AP);
    expect![[r#"
        alarms 3600 device_down 1 ["5c5b35000001"]
    "#]]
    .assert_eq(&alarms(&mut world));
}

#[test]
fn the_template_of_the_site_stands_before_that_of_the_org() {
    let mut world = World::new();
    world.enable(&["device_restarted"]);
    let template = foghorn_model::AlarmTemplateId::from_bytes([4; 16]);
    let site = foghorn_model::Site {
        id: site_id(),
        org_id: org_id(),
        name: "HQ".into(),
        setting: Setting::default(),
        alarmtemplate_id: Some(template),
    };
    world.change(vec![foghorn_model::ConfigUpdate::Site(site)]);
    world.say(0, "device-restarted", AP);
    assert_eq!(alarms(&mut world), "", "its own is not there");
}

#[test]
fn incidents_of_a_type_are_one_alarm_for_ten_minutes() {
    let mut world = enabled();
    for mac in [AP, AP2] {
        world.say(0, "device-connected", mac);
    }
    world.say(10, "device-disconnected", AP);
    world.say(1, "device-disconnected", AP2);
    world.tick(8);
    expect![[r#"
        alarms 10 device_down 1 ["5c5b35000001"]
    "#]]
    .assert_eq(&alarms(&mut world));
    world.tick(1);
    expect![[r#"
        alarms 10 device_down 2 true ["5c5b35000001","5c5b35000002"]
    "#]]
    .assert_eq(&alarms(&mut world));
    world.say(30, "device-connected", AP);
    world.tick(600);
    world.say(0, "device-disconnected", AP);
    expect![[r#"
        alarms 50 device_reconnected 1 ["5c5b35000001"]
        alarms 650 device_down 1 ["5c5b35000001"]
    "#]]
    .assert_eq(&alarms(&mut world));
}

#[test]
fn no_two_alarms_have_one_id_though_they_began_at_one_time() {
    let mut world = enabled();
    let id = |world: &mut World| {
        let told = world.events.iter().rfind(|event| event.topic == "alarms").unwrap().value();
        (told["id"].clone(), told["update"].clone())
    };
    let line = |mac: &str| {
        format!(r#"{{"kind":"device-disconnected","mac":"{mac}","time":{}}}"#, crate::world::START)
    };
    world.line(0, &line(AP));
    let first = id(&mut world);
    world.line(700, &line(AP2));
    let second = id(&mut world);
    assert_eq!((&first.1, &second.1), (&serde_json::Value::Null, &serde_json::Value::Null));
    assert_ne!(first.0, second.0);
    // Nor a condition that is over and begins again within one request.
    let open = r#","vlan":"7""#;
    raise(&mut world, 1, "missing_vlan", open);
    let third = id(&mut world);
    raise(&mut world, 0, "missing_vlan", r#","vlan":"7","status":"resolved""#);
    raise(&mut world, 0, "missing_vlan", open);
    assert_ne!(third.0, id(&mut world).0);
}

#[test]
fn what_came_at_the_end_of_an_alarm_is_told_with_it() {
    let mut world = enabled();
    world.say(0, "device-restarted", AP);
    world.line(
        595,
        &format!(r#"{{"kind":"device-restarted","mac":"{AP2}","reason":"power_cycle"}}"#),
    );
    world.line(4, &format!(r#"{{"kind":"device-restarted","mac":"{AP2}","reason":"crash"}}"#));
    world.tick(1);
    world.tick(3600);
    expect![[r#"
        alarms 0 device_restarted 1 ["5c5b35000001"]
        alarms 0 device_restarted 2 true ["5c5b35000001","5c5b35000002"] ["power_cycle"]
        alarms 0 device_restarted 3 true ["5c5b35000001","5c5b35000002"] ["power_cycle","crash"]
    "#]]
    .assert_eq(&alarms(&mut world));
}

#[test]
fn a_storm_is_few_messages_and_none_of_it_is_lost() {
    let mut world = enabled();
    for _ in 0..100 {
        world.say(0, "device-restarted", AP);
        world.say(1, "device-restarted", AP2);
    }
    world.tick(10);
    let is_told =
        |event: &&Event| event.topic == "alarms" && event.value()["type"] == "device_restarted";
    let told: Vec<Event> = world.events.iter().filter(is_told).cloned().collect();
    assert_eq!(told.len(), 12, "the first, one each ten seconds, and what is left");
    assert_eq!(told.last().unwrap().value()["count"], 200);
    let first = told[0].value()["id"].clone();
    assert!(told.iter().all(|event| event.value()["id"] == first), "one alarm");
}

#[test]
fn downs_wait_for_their_threshold_and_one_that_is_over_before_is_no_alarm() {
    let mut world = enabled();
    world.set(Setting { device_updown_threshold: Some(5), ..Setting::default() });
    world.say(0, "device-connected", AP);
    world.say(0, "device-disconnected", AP);
    world.say(100, "device-connected", AP);
    world.tick(600);
    assert_eq!(alarms(&mut world), "");
    world.say(0, "device-disconnected", AP);
    world.tick(299);
    assert_eq!(alarms(&mut world), "");
    world.tick(1);
    world.say(60, "device-connected", AP);
    expect![[r#"
        alarms 700 device_down 1 ["5c5b35000001"]
        alarms 1060 device_reconnected 1 ["5c5b35000001"]
    "#]]
    .assert_eq(&alarms(&mut world));
}

#[test]
fn each_kind_of_device_has_its_own() {
    let mut world = enabled();
    for mac in [SWITCH, GATEWAY] {
        world.say(0, "device-connected", mac);
        world.say(0, "device-restarted", mac);
        world.say(0, "device-disconnected", mac);
        world.say(0, "device-connected", mac);
    }
    expect![[r#"
        alarms 0 switch_restarted ["5c5b35000003"]
        alarms 0 switch_down ["5c5b35000003"]
        alarms 0 switch_reconnected ["5c5b35000003"]
        alarms 0 gateway_down ["5c5b35000004"]
        alarms 0 gateway_reconnected ["5c5b35000004"]
    "#]]
    .assert_eq(&world.trace_of("alarms", &["type", "switches", "gateways"]));
}

#[test]
fn an_event_of_a_device_that_is_an_alarm_raises_it() {
    let mut world = enabled();
    world.line(
        0,
        &format!(r#"{{"kind":"device-event","mac":"{SWITCH}","type":"SW_VC_PORT_DOWN","port_id":"vcp-0","text":"gone"}}"#),
    );
    world.line(0, &format!(r#"{{"kind":"device-event","mac":"{SWITCH}","type":"SW_CONFIGURED"}}"#));
    expect![[r#"
        alarms 0 sw_vc_port_down critical ["5c5b35000003"] ["SW1"] ["gone"] ["vcp-0"]
    "#]]
    .assert_eq(
        &world.trace_of(
            "alarms",
            &["type", "severity", "switches", "hostnames", "reasons", "port_ids"],
        ),
    );
}

#[test]
fn conditions_are_open_until_they_are_resolved() {
    let mut world = enabled();
    raise(&mut world, 0, "bad_cable", r#","port_id":"ge-0/0/1","status":"open""#);
    raise(&mut world, 5, "bad_cable", r#","port_id":"ge-0/0/2""#);
    raise(&mut world, 5, "bad_cable", r#","port_id":"ge-0/0/1""#);
    world.tick(3600);
    raise(&mut world, 0, "bad_cable", r#","port_id":"ge-0/0/1","status":"resolved""#);
    raise(&mut world, 0, "bad_cable", r#","port_id":"ge-0/0/1","status":"resolved""#);
    raise(&mut world, 10, "bad_cable", r#","port_id":"ge-0/0/1""#);
    world.events.retain(|event| event.topic == "alarms");
    let ids: Vec<String> = world.events.iter().map(|it| it.value()["id"].to_string()).collect();
    expect![[r#"
        alarms 0 bad_cable 1 open ["ge-0/0/1"]
        alarms 5 bad_cable 1 open ["ge-0/0/2"]
        alarms 0 bad_cable 2 true open ["ge-0/0/1"]
        alarms 0 bad_cable 2 true resolved 2023-11-14T23:13:30 ["ge-0/0/1"]
        alarms 3620 bad_cable 1 open ["ge-0/0/1"]
    "#]]
    .assert_eq(&world.trace(&["type", "count", "update", "status", "resolved_time", "port_ids"]));
    assert_eq!((&ids[0], &ids[0]), (&ids[2], &ids[3]), "one id as long as it goes on");
    assert!(ids[0] != ids[1] && ids[0] != ids[4], "another for another, and when it comes again");
}

#[test]
fn nothing_is_told_while_a_site_is_suppressed_and_a_condition_when_that_is_over() {
    let mut world = enabled();
    raise(&mut world, 0, "missing_vlan", r#","vlan":"7""#);
    world.suppress(Some(600));
    raise(&mut world, 1, "missing_vlan", r#","vlan":"7""#);
    raise(&mut world, 1, "missing_vlan", r#","vlan":"8""#);
    raise(&mut world, 1, "missing_vlan", r#","vlan":"9""#);
    raise(&mut world, 1, "missing_vlan", r#","vlan":"9","status":"resolved""#);
    raise(&mut world, 1, "beacon_flood", "");
    world.tick(594);
    expect![[r#"
        alarms 0 missing_vlan 1 open ["7"]
    "#]]
    .assert_eq(&traced(&mut world));
    world.tick(1);
    raise(&mut world, 0, "beacon_flood", "");
    let told = traced(&mut world);
    let mut lines: Vec<&str> = told.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            r#"alarms 0 missing_vlan 2 true open ["7"]"#,
            r#"alarms 2 missing_vlan 1 open ["8"]"#,
            "alarms 600 beacon_flood 1",
        ]
    );
}

#[test]
fn a_suppression_that_is_lifted_early_lets_conditions_go_at_once() {
    let mut world = enabled();
    world.suppress(Some(600));
    raise(&mut world, 0, "missing_vlan", r#","vlan":"7""#);
    world.tick(60);
    assert_eq!(traced(&mut world), "");
    world.suppress(None);
    world.tick(0);
    expect![[r#"
        alarms 0 missing_vlan 1 open ["7"]
    "#]]
    .assert_eq(&traced(&mut world));
}

fn traced(world: &mut World) -> String {
    world.trace_of("alarms", &["type", "count", "update", "status", "vlans"])
}

#[test]
fn a_condition_that_the_template_does_not_enable_is_told_when_it_does() {
    let mut world = World::new();
    world.enable(&["device_down"]);
    raise(&mut world, 0, "missing_vlan", r#","vlan":"7""#);
    world.tick(3600);
    assert_eq!(traced(&mut world), "");
    world.enable(&["missing_vlan"]);
    world.tick(0);
    assert_eq!(traced(&mut world), "alarms 0 missing_vlan 1 open [\"7\"]\n");
}

#[test]
fn an_alarm_of_a_device_that_the_site_does_not_have_is_counted_and_not_told() {
    let mut world = enabled();
    world.line(0, r#"{"kind":"alarm","type":"beacon_flood","mac":"020000000001"}"#);
    assert_eq!((alarms(&mut world), world.engine.tally().unknown_device), (String::new(), 1));
    world.line(
        0,
        r#"{"kind":"alarm","type":"cellular_edge_rebooted","mac":"020000000001","reason":"power"}"#,
    );
    assert_eq!(alarms(&mut world), "alarms 0 cellular_edge_rebooted 1 [\"power\"]\n");
}

#[test]
fn every_alarm_of_the_table_but_our_own_can_be_raised_by_its_key() {
    let mut world = enabled();
    for row in ALARMS.iter().filter(|row| row.tier() != AlarmTier::Ours) {
        raise(
            &mut world,
            1,
            row.key,
            r#","client_mac":"02:00:00:00:00:07","ssid":"x","bssid":"020000000008","port_id":"p","vlan":"1","reason":"r","peer_mac":"020000000009","server":"s","wlan_id":"00000000-0000-4000-8000-000000000003""#,
        );
        let told = world.events.pop().unwrap();
        let alarm = told.value();
        assert_eq!(told.topic, "alarms", "{}", row.key);
        assert_eq!(alarm["type"], row.key);
        assert_eq!(alarm.get("status").is_some(), row.lasts, "{}", row.key);
        // What this source can say of the members that the table gives the alarm, it says.
        let known = [
            "aps",
            "bssids",
            "client_mac1",
            "client_mac2",
            "client_macs",
            "hostnames",
            "port_ids",
            "reasons",
            "servers",
            "ssids",
            "vlans",
            "wcids",
            "wlan_ids",
        ];
        for field in row.fields.iter().filter(|field| known.contains(field)) {
            assert!(alarm.get(*field).is_some(), "{} of {}", field, row.key);
        }
    }
}

#[test]
fn alarms_that_go_on_survive_a_restart() {
    let mut world = enabled();
    world.say(0, "device-restarted", AP);
    raise(&mut world, 1, "missing_vlan", r#","vlan":"7""#);
    world.say(1, "device-restarted", AP2);
    let mut restored =
        Engine::restore(Partition::of_site(site_id()), &world.engine.snapshot()).unwrap();
    world.events.clear();
    let before = world.journal.len();
    world.tick(20);
    raise(&mut world, 1, "missing_vlan", r#","vlan":"7","status":"resolved""#);
    world.tick(3600);
    let mut events = Vec::new();
    for (number, record) in (1..).zip(&world.journal).skip(before) {
        events.extend(fold(&mut restored, number, record));
    }
    assert_eq!(events, world.events);
    assert_eq!(events.iter().filter(|event| event.topic == "alarms").count(), 2);
}

#[test]
fn an_acknowledgement_is_told_to_searches_only() {
    let mut world = enabled();
    world.record(RecordBody::Command(Command::Acknowledge(Acknowledgement {
        org_id: org_id(),
        site_id: Some(site_id()),
        which: Acknowledged::All,
        acked: true,
        admin_id: Some(AdminId::from_bytes([9; 16])),
        admin_name: Some("Ann".into()),
        note: Some("seen".into()),
    })));
    let told = world.events.pop().unwrap();
    assert_eq!(told.topic, "alarm-acks");
    expect![[
        r#"{"acked":true,"admin_id":"09090909-0909-0909-0909-090909090909","admin_name":"Ann","note":"seen","org_id":"01010101-0101-0101-0101-010101010101","site_id":"02020202-0202-0202-0202-020202020202","timestamp":1700000000.0}"#
    ]]
    .assert_eq(&told.json);
}

/// What a device, an edge or another device says of each event that is an alarm by itself. The last
/// line is the one that raises it.
fn carriers() -> Vec<(&'static str, &'static AlarmRow, Vec<String>)> {
    let device = |event: &&'static str| {
        let mac = match event.split_once('_')?.0 {
            "SW" => SWITCH,
            "GW" => GATEWAY,
            _ => AP,
        };
        let line = format!(r#"{{"kind":"device-event","mac":"{mac}","type":"{event}"}}"#);
        Some((*event, alarm_of_event(event)?, vec![line]))
    };
    let edge = |event: &&'static str| {
        let row = alarm_of_edge_event(event)?;
        let line = |said: String| format!(r#"{{"mac":"{EDGE}",{said}}}"#);
        Some((*event, row, said(event).into_iter().map(line).collect()))
    };
    let other = |event: &&'static str| {
        let line =
            format!(r#"{{"kind":"otherdevice-event","mac":"0030443b1c5d","type":"{event}"}}"#);
        Some((*event, alarm_of_other_device_event(event)?, vec![line]))
    };
    let radio = |(attack, key, threshold): &(&'static str, &str, u64)| {
        let line =
            format!(r#"{{"kind":"intrusion","ap":"{AP}","type":"{attack}","count":{threshold}}}"#);
        (*attack, alarm(key).unwrap(), vec![line])
    };
    let threat = |(threat, key): (&'static str, &str)| {
        let line = format!(r#"{{"kind":"threat","mac":"{GATEWAY}","type":"{threat}"}}"#);
        (threat, alarm(key).unwrap(), vec![line])
    };
    let threats = [("idp-attack", "idp_attack_detected"), ("url-blocked", "url_blocked")];
    let devices = DEVICE_EVENTS.iter().filter_map(device);
    let edges = MXEDGE_EVENTS.iter().filter_map(edge);
    let others = OTHER_DEVICE_EVENTS.iter().filter_map(other);
    let attacks = ATTACKS.iter().map(radio).chain(threats.map(threat));
    devices.chain(edges).chain(others).chain(attacks).collect()
}

#[test]
fn every_event_that_is_an_alarm_raises_it() {
    for (event, row, lines) in carriers() {
        let mut world = World::new();
        world.change(vec![ConfigUpdate::Edge(edge())]);
        world.enable(&[row.key]);
        let (last, before) = lines.split_last().unwrap();
        before.iter().for_each(|line| world.line(1, line));
        assert!(world.events.iter().all(|it| it.topic != "alarms"), "{event}: before it happens");
        world.line(1, last);
        world.tick(600);
        world.events.retain(|event| event.topic == "alarms");
        let told: Vec<String> =
            world.events.iter().map(|event| event.value()["type"].to_string()).collect();
        assert_eq!(told, [format!("{:?}", row.key)], "{event}");
    }
}

#[test]
fn what_no_observation_carries_is_known() {
    let carriers = carriers();
    let rest = ALARMS.iter().filter(|row| {
        row.tier() == AlarmTier::B && !carriers.iter().any(|(_, carried, _)| carried.key == row.key)
    });
    let rest: Vec<&str> = rest.map(|row| row.key).collect();
    expect![[r#"
        non_compliant
        secpolicy_violation
        sw_alarm_chassis_cpu_board_sensor_failed
        sw_alarm_chassis_cpu_board_sensor_failed_clear"#]]
    .assert_eq(&rest.join("\n"));
}
