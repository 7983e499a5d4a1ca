use crate::world::{AP, World};
use expect_test::expect;
use foghorn_model::Setting;

const MEMBERS: &[&str] = &["type", "reason"];

fn threshold(mins: u32) -> Setting {
    Setting { device_updown_threshold: Some(mins), ..Setting::default() }
}

#[test]
fn without_a_threshold_both_topics_tell_at_once() {
    let mut world = World::new();
    world.say(10, "device-connected", AP);
    world.say(10, "device-disconnected", AP);
    world.say(10, "device-connected", AP);
    expect![[r#"
        device-events 10 AP_CONNECTED
        device-updowns 10 AP_CONNECTED
        device-events 20 AP_DISCONNECTED
        device-updowns 20 AP_DISCONNECTED
        device-events 30 AP_CONNECTED
        device-updowns 30 AP_CONNECTED
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_down_that_is_over_within_its_threshold_takes_its_up_with_it() {
    let mut world = World::new();
    world.set(threshold(5));
    world.say(0, "device-connected", AP);
    world.say(60, "device-disconnected", AP);
    world.say(120, "device-connected", AP);
    world.tick(3600);
    expect![[r#"
        device-events 0 AP_CONNECTED
        device-updowns 0 AP_CONNECTED
        device-events 60 AP_DISCONNECTED
        device-events 180 AP_CONNECTED
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_down_that_lasts_is_told_when_its_threshold_is_over_with_the_time_that_it_began() {
    let mut world = World::new();
    world.set(threshold(5));
    world.say(0, "device-connected", AP);
    world.say(60, "device-disconnected", AP);
    world.tick(299);
    world.trace(MEMBERS);
    world.tick(1);
    world.say(100, "device-connected", AP);
    expect![[r#"
        device-updowns 60 AP_DISCONNECTED
        device-events 460 AP_CONNECTED
        device-updowns 460 AP_CONNECTED
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn the_threshold_of_a_type_is_its_own() {
    let mut world = World::new();
    world.set(Setting { switch_updown_threshold: Some(1), ..threshold(60) });
    for mac in [AP, "5c5b35000003", "5c5b35000004"] {
        world.say(0, "device-connected", mac);
        world.say(1, "device-disconnected", mac);
    }
    world.trace(MEMBERS);
    world.tick(60);
    expect![[r#"
        device-updowns 2 SW_DISCONNECTED
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_threshold_that_is_shortened_lets_an_owed_down_go() {
    let mut world = World::new();
    world.set(threshold(60));
    world.say(0, "device-connected", AP);
    world.say(0, "device-disconnected", AP);
    world.now += 600;
    world.set(threshold(5));
    world.trace(MEMBERS);
    world.tick(1);
    expect![[r#"
        device-updowns 0 AP_DISCONNECTED
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_restart_is_told_at_once_and_cancels_an_owed_down() {
    let mut world = World::new();
    world.set(threshold(5));
    world.say(0, "device-connected", AP);
    world.say(60, "device-disconnected", AP);
    world.trace(MEMBERS);
    world.line(10, r#"{"kind":"device-restarted","mac":"5c5b35000001","reason":"power_cycle"}"#);
    world.tick(3600);
    expect![[r#"
        device-events 70 AP_RESTARTED power_cycle
        device-updowns 70 AP_RESTARTED power_cycle
        device-events 70 AP_CONNECTED
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_device_that_beats_and_falls_silent_is_down_after_the_timeout_of_its_type() {
    let mut world = World::new();
    world.say(0, "device-heartbeat", AP);
    world.say(0, "device-heartbeat", "5c5b35000003");
    world.say(60, "device-heartbeat", AP);
    world.tick(600);
    expect![[r#"
        device-events 0 AP_CONNECTED
        device-updowns 0 AP_CONNECTED
        device-events 0 SW_CONNECTED
        device-updowns 0 SW_CONNECTED
        device-events 150 AP_DISCONNECTED heartbeat_timeout
        device-updowns 150 AP_DISCONNECTED heartbeat_timeout
        device-events 180 SW_DISCONNECTED heartbeat_timeout
        device-updowns 180 SW_DISCONNECTED heartbeat_timeout
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_device_that_never_beat_is_as_its_source_says() {
    let mut world = World::new();
    world.say(0, "device-connected", AP);
    world.trace(MEMBERS);
    world.tick(86_400);
    assert_eq!(world.trace(MEMBERS), "");
}

#[test]
fn an_older_report_does_not_move_a_device_back() {
    let mut world = World::new();
    world.say(100, "device-connected", AP);
    world.trace(MEMBERS);
    world.line(1, r#"{"kind":"device-disconnected","mac":"5c5b35000001","time":1700000050}"#);
    assert_eq!(world.trace(MEMBERS), "");
}

#[test]
fn the_same_id_counts_once_within_ten_minutes() {
    let mut world = World::new();
    let line = r#"{"kind":"device-event","mac":"5c5b35000001","type":"AP_CONFIGURED","id":"7"}"#;
    world.line(0, line);
    world.line(599, line);
    world.line(602, line);
    expect![[r#"
        device-events 0 AP_CONFIGURED
        device-events 1201 AP_CONFIGURED
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn the_payloads_have_the_wires_form() {
    let mut world = World::new();
    world.line(0, r#"{"kind":"device-restarted","mac":"5c5b35000001","reason":"power_cycle","version":"0.14.29411"}"#);
    expect![[r#"{"ap":"5c5b35000001","ap_name":"AP1","apfw":"0.14.29411","device_name":"AP1","device_type":"ap","ev_type":"NOTICE","mac":"5c5b35000001","org_id":"01010101-0101-0101-0101-010101010101","reason":"power_cycle","site_id":"02020202-0202-0202-0202-020202020202","site_name":"HQ","timestamp":1700000000,"type":"AP_RESTARTED","version":"0.14.29411"}"#]]
        .assert_eq(&world.events[0].json);
    expect![[r#"{"ap":"5c5b35000001","ap_name":"AP1","device_name":"AP1","device_type":"ap","ev_type":"NOTICE","for_site":true,"mac":"5c5b35000001","org_id":"01010101-0101-0101-0101-010101010101","reason":"power_cycle","site_id":"02020202-0202-0202-0202-020202020202","site_name":"HQ","timestamp":1700000000,"type":"AP_RESTARTED"}"#]]
        .assert_eq(&world.events[1].json);
}

#[test]
fn an_event_of_another_kind_of_device_is_told_as_it_is_and_counted() {
    let mut world = World::new();
    for event in ["SW_PORT_DOWN", "AP_PORT_DOWN", "ESL_HUNG", "SYSTEM_UPGRADE_STARTED"] {
        world.line(1, &format!(r#"{{"kind":"device-event","mac":"{AP}","type":"{event}"}}"#));
    }
    expect![[r#"
        device-events 1 SW_PORT_DOWN ap
        device-events 2 AP_PORT_DOWN ap
        device-events 3 ESL_HUNG ap
        device-events 4 SYSTEM_UPGRADE_STARTED ap
    "#]]
    .assert_eq(&world.trace(&["type", "device_type"]));
    assert_eq!(world.engine.tally().mistyped, 1);
}

/// Every member that the catalog has seen in an event of a device, as its source sends it.
#[test]
fn every_member_of_an_event_is_told_with_its_type() {
    let members = r#"{"alarm_class":"Major","band":"5","bandwidth":40,"channel":44,"chassis_mac":"5c5b35000033","count":3,"end_time":1699999000,"fixed_version":"1.3","new_server":"10.0.0.6:1812","node":"node0","occurrence":747,"old_server":"10.0.0.5:1812","peer_mac":"5c5b35000009","peer_site_id":"00000000-0000-4000-8000-000000000004","port_id":"ge-0/0/0","power":12,"pre_bandwidth":80,"pre_channel":36,"pre_power":15,"reason":"why","ssid":"Maui","start_time":1699990000,"text":"how","type":"AP_CUSTOM","type_code":38,"vc-backup-id":2,"vc-master-id":1,"vpn_name":"InternalVPN","wlan_id":"00000000-0000-4000-8000-000000000003"}"#;
    let mut world = World::new();
    let sent: serde_json::Map<String, serde_json::Value> = serde_json::from_str(members).unwrap();
    let rest = members.strip_prefix('{').unwrap();
    world.line(1, &format!(r#"{{"kind":"device-event","mac":"{AP}",{rest}"#));
    let event = world.events.pop().unwrap();
    let told = event.value();
    for (member, value) in &sent {
        assert_eq!(&told[member], value, "{member}");
    }
    let at = sent.keys().map(|key| event.json.find(&format!("\"{key}\":")).unwrap());
    assert!(at.is_sorted(), "not in the order of the keys: {}", event.json);
}
