//! Ports: their own counter of changes, links that matter by themselves, loops, and what stands
//! still.

use crate::world::{AP, START, World, fold};
use expect_test::expect;
use foghorn_engine::Engine;

const SWITCH: &str = "5c5b35000003";
const GATEWAY: &str = "5c5b35000004";

fn world(keys: &[&str]) -> World {
    let mut world = World::new();
    world.enable(keys);
    world
}

fn port(world: &mut World, after: i64, mac: &str, more: &str) {
    let line = format!(r#"{{"kind":"port-stats","mac":"{mac}","port_id":"ge-0/0/7"{more}}}"#);
    world.line(after, &line);
}

fn told(world: &mut World) -> String {
    world.trace_of("alarms", &["type", "status", "count", "port_ids", "reasons"])
}

/// Reports of the counter alone: after so many seconds it stands there.
fn counted(steps: &[(i64, u64)]) -> String {
    let mut world = world(&["port_flap"]);
    for (after, flaps) in steps {
        port(&mut world, *after, SWITCH, &format!(r#","state":"up","flaps":{flaps}"#));
    }
    told(&mut world)
}

#[test]
fn a_port_flaps_by_its_own_count_though_each_report_finds_it_up() {
    assert_eq!(counted(&[(0, 40), (60, 45)]), "", "five are too few");
    assert_eq!(
        counted(&[(0, 40), (60, 45), (60, 46)]),
        "alarms 120 port_flap open 1 [\"ge-0/0/7\"]\n"
    );
    assert_eq!(counted(&[(0, 40), (60, 46)]), "alarms 60 port_flap open 1 [\"ge-0/0/7\"]\n");
    assert_eq!(counted(&[(0, 40), (60, 3), (60, 8)]), "", "it began anew");
    // Of an hour's worth ten minutes count.
    assert_eq!(counted(&[(0, 0), (3_600, 35)]), "");
    assert_eq!(counted(&[(0, 0), (3_600, 36)]), "alarms 3600 port_flap open 1 [\"ge-0/0/7\"]\n");
}

#[test]
fn what_is_told_and_what_is_counted_is_not_two_changes() {
    let mut world = world(&["port_flap"]);
    port(&mut world, 0, SWITCH, r#","state":"up","flaps":10"#);
    for state in ["DOWN", "UP", "DOWN"] {
        let event = format!(
            r#"{{"kind":"device-event","mac":"{SWITCH}","type":"SW_PORT_{state}","port_id":"ge-0/0/7"}}"#
        );
        world.line(10, &event);
    }
    port(&mut world, 10, SWITCH, r#","state":"up","flaps":14"#);
    port(&mut world, 10, SWITCH, r#","state":"down","flaps":15"#);
    assert_eq!(told(&mut world), "", "five in all");
    port(&mut world, 10, SWITCH, r#","state":"up","flaps":16"#);
    assert_eq!(told(&mut world), "alarms 60 port_flap open 1 [\"ge-0/0/7\"]\n");
    // A report that comes late, or twice, counts nothing.
    port(&mut world, 10, SWITCH, &format!(r#","flaps":90,"time":{}"#, START + 55));
    port(&mut world, 10, SWITCH, r#","state":"up","flaps":16"#);
    world.tick(600);
    assert_eq!(told(&mut world), "alarms 60 port_flap resolved 1 [\"ge-0/0/7\"]\n");
}

#[test]
fn a_link_that_a_report_finds_otherwise_is_an_event_of_its_device() {
    let told = |mac: &str| {
        let mut world = World::new();
        // How it is when it is first heard of is no change, and nor is what is as it was.
        for state in [r#","state":"up""#, r#","state":"up","speed":1000"#, r#","speed":1000"#] {
            port(&mut world, 10, mac, state);
        }
        for state in ["down", "down", "up"] {
            port(&mut world, 10, mac, &format!(r#","state":"{state}""#));
        }
        // One that comes late is not told.
        let late = world.now - 15;
        port(&mut world, 0, mac, &format!(r#","state":"down","time":{late}"#));
        world.trace_of("device-events", &["type", "mac", "device_type", "port_id"])
    };
    expect![[r#"
        device-events 40 SW_PORT_DOWN 5c5b35000003 switch ge-0/0/7
        device-events 60 SW_PORT_UP 5c5b35000003 switch ge-0/0/7
        device-events 40 GW_PORT_DOWN 5c5b35000004 gateway ge-0/0/7
        device-events 60 GW_PORT_UP 5c5b35000004 gateway ge-0/0/7
        device-events 40 AP_PORT_DOWN 5c5b35000001 ap ge-0/0/7
        device-events 60 AP_PORT_UP 5c5b35000001 ap ge-0/0/7
    "#]]
    .assert_eq(&[SWITCH, GATEWAY, AP].map(told).concat());
}

#[test]
fn a_link_of_which_its_device_told_is_not_told_again() {
    let mut world = World::new();
    port(&mut world, 0, SWITCH, r#","state":"up""#);
    world.line(10, &format!(r#"{{"kind":"device-event","mac":"{SWITCH}","type":"SW_PORT_DOWN","port_id":"ge-0/0/7","text":"unplugged"}}"#));
    port(&mut world, 10, SWITCH, r#","state":"down""#);
    port(&mut world, 10, SWITCH, r#","state":"up""#);
    expect![[r#"
        device-events 10 SW_PORT_DOWN ge-0/0/7 unplugged
        device-events 30 SW_PORT_UP ge-0/0/7
    "#]]
    .assert_eq(&world.trace_of("device-events", &["type", "port_id", "text"]));
}

#[test]
fn the_link_of_a_port_that_matters_is_an_alarm() {
    let mut world = world(&[
        "sw_critical_port_down",
        "sw_critical_port_up",
        "gw_critical_port_down",
        "gw_critical_port_up",
    ]);
    // How it is when it is first heard of is no change, and an AP has no such port.
    for mac in [SWITCH, GATEWAY, AP] {
        port(&mut world, 0, mac, r#","state":"down","critical":true"#);
        port(&mut world, 1, mac, r#","state":"up""#);
    }
    // What a device says to have happened is a change, whatever was known.
    let event = |more: &str| {
        format!(r#"{{"kind":"device-event","mac":"{SWITCH}","type":"SW_PORT_DOWN",{more}}}"#)
    };
    world.line(1, &event(r#""port_id":"xe-0/0/1","critical":true,"text":"LOS""#));
    world.line(1, &event(r#""port_id":"xe-0/0/2""#));
    // It may cease to matter.
    port(&mut world, 1, SWITCH, r#","critical":false,"state":"down""#);
    expect![[r#"
        alarms 1 sw_critical_port_up 1 ["ge-0/0/7"]
        alarms 2 gw_critical_port_up 1 ["ge-0/0/7"]
        alarms 4 sw_critical_port_down 1 ["xe-0/0/1"] ["LOS"]
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn a_loop_that_a_switch_reports_lasts_until_it_is_cleared() {
    let mut world = world(&["switch_stp_loop", "loop_detected_by_ap"]);
    let event = |world: &mut World, after, event: &str, port: &str| {
        let line =
            format!(r#"{{"kind":"device-event","mac":"{SWITCH}","type":"SW_LOOP_{event}"{port}}}"#);
        world.line(after, &line);
    };
    event(&mut world, 0, "CLEARED", "");
    event(&mut world, 10, "DETECTED", r#","port_id":"ge-0/0/1""#);
    event(&mut world, 10, "DETECTED", "");
    event(&mut world, 10, "CLEARED", r#","port_id":"ge-0/0/1""#);
    port(&mut world, 10, AP, r#","loop":true"#);
    port(&mut world, 10, AP, r#","loop":true"#);
    port(&mut world, 10, GATEWAY, r#","loop":true"#);
    expect![[r#"
        alarms 10 switch_stp_loop open 1 ["ge-0/0/1"]
        alarms 20 switch_stp_loop open 1
        alarms 10 switch_stp_loop resolved 1 ["ge-0/0/1"]
        alarms 40 loop_detected_by_ap 1
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn a_port_is_stuck_when_it_is_up_and_nothing_passes_and_a_restart_of_ours_does_not_hide_it() {
    let mut world = world(&["port_stuck"]);
    let passes = |world: &mut World, after, mac: &str, more: &str| {
        port(world, after, mac, &format!(r#","packets":{more}"#));
    };
    passes(&mut world, 0, SWITCH, r#"100,"state":"up""#);
    passes(&mut world, 0, GATEWAY, r#"100,"state":"up""#);
    passes(&mut world, 599, SWITCH, "100");
    assert_eq!(told(&mut world), "");
    let mut restored = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    let before = world.journal.len();
    world.events.clear();
    passes(&mut world, 1, SWITCH, "100");
    passes(&mut world, 0, GATEWAY, "100");
    let mut events = Vec::new();
    for (number, record) in (1..).zip(&world.journal).skip(before) {
        events.extend(fold(&mut restored, number, record));
    }
    assert_eq!(events, world.events);
    // One that is down is not stuck, and begins anew.
    passes(&mut world, 60, SWITCH, r#"100,"state":"down""#);
    passes(&mut world, 700, SWITCH, r#"100,"state":"up""#);
    passes(&mut world, 599, SWITCH, "100");
    expect![[r#"
        alarms 600 port_stuck open 1 ["ge-0/0/7"] ["no packet passes"]
        alarms 600 port_stuck resolved 1 ["ge-0/0/7"] ["no packet passes"]
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn however_often_a_link_was_told_to_change_its_counter_tells_nothing_more() {
    let mut world = world(&["port_flap"]);
    port(&mut world, 0, SWITCH, r#","state":"up","flaps":0"#);
    for _ in 0..6 {
        port(&mut world, 1, SWITCH, r#","state":"down""#);
        port(&mut world, 1, SWITCH, r#","state":"up""#);
    }
    world.tick(60);
    let told_so_far = told(&mut world);
    assert!(told_so_far.contains("port_flap open 7"), "{told_so_far}");
    port(&mut world, 10, SWITCH, r#","state":"up","flaps":12"#);
    world.tick(60);
    assert_eq!(told(&mut world), "");
    // One that it alone knows of is one.
    port(&mut world, 10, SWITCH, r#","state":"up","flaps":13"#);
    world.tick(60);
    assert_eq!(told(&mut world), "alarms 6 port_flap open 8 [\"ge-0/0/7\"]\n");
}

#[test]
fn counters_as_large_as_they_get_are_counters() {
    let mut world = world(&["bad_cable", "deauth_attack", "repeated_auth_failures"]);
    let most = u64::MAX;
    for (errors, packets) in [(0, 0), (most / 2, most / 2), (most, most)] {
        port(&mut world, 60, SWITCH, &format!(r#","errors":{errors},"packets":{packets}"#));
    }
    for _ in 0..2 {
        let line = format!(
            r#"{{"kind":"intrusion","ap":"{AP}","type":"deauthentication","count":{most}}}"#
        );
        world.line(1, &line);
    }
    let told = told(&mut world);
    assert!(world.engine.tally().unreadable == 0, "{told}");
}
