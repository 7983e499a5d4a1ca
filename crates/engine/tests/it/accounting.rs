use crate::world::{World, site_id};
use expect_test::expect;
use foghorn_engine::Engine;
use serde_json::Value;
use std::collections::BTreeSet;

const MEMBERS: &[&str] =
    &["type", "session_id", "rx_bytes", "session_duration_in_mins", "terminate_cause"];

fn at(nas: &str, status: &str, session: &str) -> String {
    format!(
        r#"{{"kind":"accounting","status":"{status}","nas_ip":"{nas}","session_id":"{session}"}}"#
    )
}

fn request(status: &str, session: &str, more: &str) -> String {
    format!(
        r#"{{"kind":"accounting","status":"{status}","nas_ip":"172.16.0.10","session_id":"{session}","mac":"5e6601115b49"{more}}}"#
    )
}

#[test]
fn a_session_has_one_id_from_its_start_to_its_stop() {
    let mut world = World::new();
    world.line(0, &request("start", "s1", r#","time":1700000000"#));
    world
        .line(60, &request("update", "s1", r#","time":1700000060,"session_time":60,"rx_bytes":5"#));
    world.line(65, &request("stop", "s1", r#","time":1700000125,"session_time":125,"rx_bytes":9,"terminate_cause":"User-Request""#));
    let ids: BTreeSet<String> = world
        .events
        .iter()
        .map(|event| event.value()["session_unique_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(ids.first().unwrap().len(), 32);
    expect![[r#"
        nac-accounting 0 NAC_ACCOUNTING_START s1
        nac-accounting 60 NAC_ACCOUNTING_UPDATE s1 5 1
        nac-accounting 125 NAC_ACCOUNTING_STOP s1 9 2 User-Request
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_repeated_request_is_no_second_event() {
    let mut world = World::new();
    let start = request("start", "s1", r#","time":1700000000"#);
    let update = request("update", "s1", r#","time":1700000060,"session_time":60"#);
    let stop = request("stop", "s1", r#","time":1700000120,"session_time":120"#);
    for line in [&start, &start, &update, &update, &stop, &update, &stop, &start] {
        world.line(120, line);
    }
    expect![[r#"
        nac-accounting 0 NAC_ACCOUNTING_START s1
        nac-accounting 60 NAC_ACCOUNTING_UPDATE s1 1
        nac-accounting 120 NAC_ACCOUNTING_STOP s1 2
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_session_id_that_is_used_again_is_another_session() {
    let mut world = World::new();
    world.line(0, &request("start", "s1", r#","time":1700000000"#));
    world.line(10, &request("stop", "s1", r#","time":1700000010"#));
    world.line(90, &request("start", "s1", r#","time":1700000100"#));
    let id = |at: usize| world.events[at].value()["session_unique_id"].clone();
    assert_eq!(id(0), id(1));
    assert_ne!(id(0), id(2));
}

#[test]
fn what_comes_without_a_start_is_a_session_all_the_same() {
    let mut world = World::new();
    world.line(1000, &request("update", "s9", r#","session_time":600,"rx_bytes":1"#));
    world.line(60, &request("stop", "s9", ""));
    expect![[r#"
        nac-accounting 1000 NAC_ACCOUNTING_UPDATE s9 1 10
        nac-accounting 1060 NAC_ACCOUNTING_STOP s9 11
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_nas_that_restarts_ends_its_sessions() {
    let mut world = World::new();
    world.line(0, &request("start", "s1", ""));
    world.line(0, &request("start", "s2", ""));
    world.trace(MEMBERS);
    world.line(60, r#"{"kind":"accounting","status":"on","nas_ip":"172.16.0.10"}"#);
    world.line(1, r#"{"kind":"accounting","status":"on","nas_ip":"172.16.0.10"}"#);
    expect![[r#"
        nac-accounting 60 NAC_ACCOUNTING_STOP s1 1 NAS-Reboot
        nac-accounting 60 NAC_ACCOUNTING_STOP s2 1 NAS-Reboot
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_nas_that_restarts_leaves_the_sessions_of_others_alone() {
    let mut world = World::new();
    for nas in ["172.16.0.9", "172.16.0.10", "2001:db8::1"] {
        for session in ["b", "a"] {
            world.line(0, &at(nas, "start", session));
        }
    }
    world.trace(MEMBERS);
    world.line(60, r#"{"kind":"accounting","status":"off","nas_ip":"172.16.0.10"}"#);
    expect![[r#"
        nac-accounting 60 NAC_ACCOUNTING_STOP a 1 NAS-Reboot
        nac-accounting 60 NAC_ACCOUNTING_STOP b 1 NAS-Reboot
    "#]]
    .assert_eq(&world.trace(MEMBERS));
    world.line(60, r#"{"kind":"accounting","status":"on","nas_ip":"2001:db8::1"}"#);
    world.line(60, &at("172.16.0.9", "stop", "b"));
    expect![[r#"
        nac-accounting 120 NAC_ACCOUNTING_STOP a 2 NAS-Reboot
        nac-accounting 120 NAC_ACCOUNTING_STOP b 2 NAS-Reboot
        nac-accounting 180 NAC_ACCOUNTING_STOP b 3
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

/// An earlier build kept the sessions of each NAS in a map of their own, and their number.
#[test]
fn sessions_that_an_earlier_build_kept_are_read() {
    let mut world = World::new();
    for nas in ["172.16.0.10", "2001:db8::1"] {
        world.line(0, &at(nas, "start", "open"));
        world.line(0, &at(nas, "start", "over"));
        world.line(60, &at(nas, "stop", "over"));
    }
    let mut kept: Value = serde_json::from_slice(&world.engine.snapshot()).unwrap();
    let sessions = &mut kept["sites"][site_id().to_string()]["sessions"];
    for nas in ["172.16.0.10", "2001:db8::1"] {
        let id = sessions["open"][nas]["open"]["facts"]["unique_id"].as_str().unwrap();
        assert_eq!(id.len(), 32, "as it is told");
        assert!(sessions["ended"][nas]["over"]["at"].is_i64());
    }
    sessions["open_count"] = 2.into();
    let kept = serde_json::to_vec(&kept).unwrap();
    world.engine = Engine::restore(world.engine.partition(), &kept).unwrap();
    let ids = world.events.iter().map(|event| event.value()["session_unique_id"].clone());
    let ids: Vec<Value> = ids.collect();
    world.trace(MEMBERS);
    // What ended is remembered, and what is open is the same.
    world.line(60, &at("172.16.0.10", "stop", "over"));
    world.line(0, &at("2001:db8::1", "stop", "open"));
    assert_eq!(world.events[0].value()["session_unique_id"], ids[3]);
    world.line(60, r#"{"kind":"accounting","status":"on","nas_ip":"172.16.0.10"}"#);
    expect![[r#"
        nac-accounting 180 NAC_ACCOUNTING_STOP open 2
        nac-accounting 240 NAC_ACCOUNTING_STOP open 4 NAS-Reboot
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn the_payload_has_the_wires_form_and_milliseconds() {
    let mut world = World::new();
    world.line(0, r#"{"kind":"accounting","status":"start","nas_ip":"172.16.0.10","session_id":"46A6","mac":"5e6601115b49","ap":"709041040e34","bssid":"709041388c43","ssid":"PK_NAC","client_type":"wireless","nas_vendor":"juniper-mist","username":"user1","multi_session_id":"0x4136","time":1699999999.568}"#);
    let id = world.events[0].value()["session_unique_id"].as_str().unwrap().to_owned();
    let json = world.events[0].json.replace(&id, "<unique>");
    expect![[r#"{"ap":"709041040e34","bssid":"709041388c43","client_type":"wireless","device_cert_expiry":"0001-01-01T00:00:00Z","mac":"5e6601115b49","multi_session_id":"0x4136","nas_ip":"172.16.0.10","nas_vendor":"juniper-mist","org_id":"01010101-0101-0101-0101-010101010101","session_id":"46A6","session_unique_id":"<unique>","site_id":"02020202-0202-0202-0202-020202020202","ssid":"PK_NAC","timestamp":1699999999568,"type":"NAC_ACCOUNTING_START","username":"user1"}"#]]
        .assert_eq(&json);
}
