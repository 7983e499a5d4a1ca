//! Alarms that are concluded: ports, uplinks, coverage, VLANs, causes, the air.

use crate::world::{AP, START, World, associated, client};
use expect_test::expect;
use foghorn_model::config::{RogueSetting, Setting};
use foghorn_model::definitions::ALARMS;
use foghorn_model::telemetry::Attack;
use std::cell::Cell;

const AP2: &str = "5c5b35000002";
const SWITCH: &str = "5c5b35000003";
const GATEWAY: &str = "5c5b35000004";

fn enabled() -> World {
    let mut world = World::new();
    let infrastructure = [
        "device_down",
        "switch_down",
        "device_restarted",
        "device_reconnected",
        "switch_reconnected",
    ];
    let keys = ALARMS.iter().map(|row| row.key).filter(|key| !infrastructure.contains(key));
    let keys: Vec<&str> = keys.collect();
    world.enable(&keys);
    world
}

fn told(world: &mut World) -> String {
    world.trace_of("alarms", &["type", "status", "count", "port_ids", "reasons"])
}

fn port(world: &mut World, after: i64, mac: &str, more: &str) {
    world.line(
        after,
        &format!(r#"{{"kind":"port-stats","mac":"{mac}","port_id":"ge-0/0/7"{more}}}"#),
    );
}

#[test]
fn a_port_that_goes_up_and_down_flaps_until_it_keeps_still() {
    let mut world = enabled();
    let link = |world: &mut World, after, up: bool| {
        let event = if up { "SW_PORT_UP" } else { "SW_PORT_DOWN" };
        world.line(after, &format!(r#"{{"kind":"device-event","mac":"{SWITCH}","type":"{event}","port_id":"ge-0/0/7"}}"#));
    };
    link(&mut world, 0, true);
    for number in 0..5 {
        link(&mut world, 60, number % 2 == 1);
    }
    // The same again is no change.
    link(&mut world, 1, false);
    assert_eq!(told(&mut world), "");
    port(&mut world, 59, SWITCH, r#","state":"up""#);
    link(&mut world, 100, false);
    expect![[r#"
        alarms 360 port_flap open 1 ["ge-0/0/7"]
        alarms 360 port_flap open 2 ["ge-0/0/7"]
    "#]]
    .assert_eq(&told(&mut world));
    world.tick(599);
    assert_eq!(told(&mut world), "");
    world.tick(1);
    expect![[r#"
        alarms 360 port_flap resolved 2 ["ge-0/0/7"]
    "#]]
    .assert_eq(&told(&mut world));
    // Six changes in more than ten minutes are a port that is used.
    for number in 0..6 {
        link(&mut world, 121, number % 2 == 0);
    }
    assert_eq!(told(&mut world), "");
}

#[test]
fn three_reports_in_a_row_with_errors_are_a_bad_cable_and_three_without_none() {
    let mut world = enabled();
    let (packets, errors) = (Cell::new(0), Cell::new(0));
    let counted = |world: &mut World, more: u64| {
        packets.set(packets.get() + 10_000);
        errors.set(errors.get() + more);
        let counts = format!(r#","errors":{},"packets":{}"#, errors.get(), packets.get());
        port(world, 60, SWITCH, &counts);
    };
    counted(&mut world, 500);
    counted(&mut world, 11);
    counted(&mut world, 11);
    // One of a thousand is not more than that.
    counted(&mut world, 10);
    counted(&mut world, 11);
    counted(&mut world, 11);
    assert_eq!(told(&mut world), "");
    counted(&mut world, 11);
    expect![[r#"
        alarms 420 bad_cable open 1 ["ge-0/0/7"] ["errors"]
    "#]]
    .assert_eq(&told(&mut world));
    (0..2).for_each(|_| counted(&mut world, 500));
    expect![[r#"
        alarms 420 bad_cable open 2 ["ge-0/0/7"] ["errors"]
        alarms 420 bad_cable open 3 ["ge-0/0/7"] ["errors"]
    "#]]
    .assert_eq(&told(&mut world));
    // A counter that began anew says nothing.
    packets.set(5);
    errors.set(0);
    port(&mut world, 60, SWITCH, r#","errors":0,"packets":5"#);
    (0..2).for_each(|_| counted(&mut world, 0));
    assert_eq!(told(&mut world), "");
    (0..2).for_each(|_| counted(&mut world, 0));
    expect![[r#"
        alarms 420 bad_cable resolved 3 ["ge-0/0/7"] ["errors"]
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn a_port_that_is_slower_than_it_was_or_half_duplex_has_negotiated_wrongly() {
    let mut world = enabled();
    let speed = |world: &mut World, mac: &str, speed: u32, duplex: &str| {
        port(world, 60, mac, &format!(r#","state":"up","speed":{speed},"duplex":"{duplex}""#));
    };
    speed(&mut world, GATEWAY, 1000, "full");
    (0..3).for_each(|_| speed(&mut world, GATEWAY, 100, "full"));
    (0..3).for_each(|_| speed(&mut world, SWITCH, 100, "half"));
    (0..3).for_each(|_| speed(&mut world, AP, 100, "half"));
    (0..3).for_each(|_| speed(&mut world, GATEWAY, 1000, "full"));
    expect![[r#"
        alarms 240 gw_negotiation_mismatch open 1 ["ge-0/0/7"] ["speed"]
        alarms 420 negotiation_mismatch open 1 ["ge-0/0/7"] ["speed"]
        alarms 600 ap_bad_cable open 1 ["ge-0/0/7"] ["speed"]
        alarms 240 gw_negotiation_mismatch resolved 1 ["ge-0/0/7"] ["speed"]
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn an_uplink_that_is_bad_three_times_in_a_row_is_an_alarm() {
    let mut world = enabled();
    let path = |world: &mut World, more: &str| {
        world.line(
            60,
            &format!(r#"{{"kind":"path-stats","mac":"{GATEWAY}","port_id":"wan0",{more}}}"#),
        );
    };
    path(&mut world, r#""loss":5"#);
    path(&mut world, r#""latency":0.2"#);
    path(&mut world, r#""loss":4.9,"latency":0.199,"jitter":0.049"#);
    for more in [r#""loss":5"#, r#""jitter":0.05"#, r#""loss":1,"latency":0.3"#] {
        assert_eq!(told(&mut world), "");
        path(&mut world, more);
    }
    (0..3).for_each(|_| path(&mut world, r#""loss":0"#));
    expect![[r#"
        alarms 360 bad_wan_uplink open 1 ["wan0"] ["latency of 300 ms"]
        alarms 360 bad_wan_uplink resolved 1 ["wan0"] ["latency of 300 ms"]
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn an_ap_that_hears_its_clients_weakly_covers_too_little() {
    let mut world = enabled();
    for who in 1..=3 {
        world.line(0, &associated(client(who), AP, "5c5b35000011"));
    }
    let heard = |world: &mut World, who: u8, rssi: i32| {
        world.line(
            10,
            &format!(r#"{{"kind":"client-seen","mac":"{}","rssi":{rssi}}}"#, client(who)),
        );
    };
    // One that is far away is its own matter.
    (0..19).for_each(|number| heard(&mut world, 1 + number % 2, -80));
    assert_eq!(told(&mut world), "");
    heard(&mut world, 3, -76);
    assert_eq!(told(&mut world), "alarms 200 insufficient_coverage open 1\n");
    (0..60).for_each(|number| heard(&mut world, 1 + number % 3, -75));
    assert_eq!(told(&mut world), "alarms 200 insufficient_coverage resolved 1\n");
}

#[test]
fn a_vlan_that_gives_nobody_an_address_is_missing() {
    let mut world = enabled();
    let dhcp = |world: &mut World, who: u8, vlan: &str, success: bool| {
        world.line(1, &format!(
            r#"{{"kind":"client-dhcp","mac":"{}","success":{success},"ap":"{AP}","vlan":"{vlan}"}}"#,
            client(who)
        ));
    };
    dhcp(&mut world, 1, "7", true);
    (0..5).for_each(|number| dhcp(&mut world, number, "8", false));
    (0..5).for_each(|number| dhcp(&mut world, number, "7", false));
    dhcp(&mut world, 1, "8", true);
    expect![[r#"
        alarms 6 missing_vlan open ["8"]
        alarms 6 missing_vlan resolved ["8"]
    "#]]
    .assert_eq(&world.trace_of("alarms", &["type", "status", "vlans"]));
}

#[test]
fn one_client_that_fails_again_and_again_is_an_incident() {
    let mut world = enabled();
    let auth = |world: &mut World, after, success: bool| {
        world.line(after, &format!(
            r#"{{"kind":"client-auth","mac":"{}","success":{success},"ap":"{AP}","ssid":"Maui"}}"#,
            client(1)
        ));
    };
    (0..4).for_each(|_| auth(&mut world, 1, false));
    auth(&mut world, 1, true);
    (0..4).for_each(|_| auth(&mut world, 1, false));
    auth(&mut world, 600, false);
    assert_eq!(told(&mut world), "", "never five in ten minutes");
    (0..9).for_each(|_| auth(&mut world, 1, false));
    assert_eq!(told(&mut world), "alarms 613 repeated_auth_failures 1\n");
}

#[test]
fn a_switch_that_is_down_takes_its_aps_with_it() {
    for switch_first in [true, false] {
        let mut world = enabled();
        world.say(0, "device-connected", SWITCH);
        for ap in [AP, AP2] {
            world.line(
                0,
                &format!(r#"{{"kind":"device-connected","mac":"{ap}","uplink":"{SWITCH}"}}"#),
            );
        }
        let order = if switch_first { [SWITCH, AP, AP2] } else { [AP, AP2, SWITCH] };
        for mac in order {
            world.say(1, "device-disconnected", mac);
        }
        world.tick(10);
        let members = &["type", "status", "count", "switches", "aps", "reasons"];
        let trace = world.trace_of("alarms", members);
        let first = trace.lines().next().unwrap();
        let last = trace.lines().last().unwrap();
        let of = r#"["5c5b35000003"] ["5c5b35000001"#;
        assert!(first.contains(&format!("ap_offline open 1 {of}")), "{trace}");
        assert!(
            last.contains(&format!(r#"open 2 {of}","5c5b35000002"] ["the switch is down"]"#)),
            "{trace}"
        );
        world.say(60, "device-connected", SWITCH);
        let trace = world.trace_of("alarms", members);
        assert!(trace.contains("ap_offline resolved 2"), "{trace}");
        // By itself an AP has nothing to blame.
        world.say(60, "device-connected", AP);
        world.say(60, "device-disconnected", AP);
        assert_eq!(world.trace_of("alarms", members), "");
    }
}

#[test]
fn an_ap_that_restarts_again_and_again_is_not_well() {
    let mut world = enabled();
    let by_admin = r#","audit_id":"00000000-0000-4000-8000-00000000000a""#;
    for (after, more) in [(0, ""), (60, by_admin), (60, ""), (1800, ""), (1, "")] {
        world.line(after, &format!(r#"{{"kind":"device-restarted","mac":"{AP}"{more}}}"#));
    }
    assert_eq!(told(&mut world), "");
    world.say(1, "device-restarted", AP);
    assert_eq!(told(&mut world), "alarms 1922 health_check_failed open 1\n");
    world.say(1799, "device-heartbeat", AP);
    assert_eq!(told(&mut world), "");
    world.say(1, "device-heartbeat", AP);
    assert_eq!(told(&mut world), "alarms 1922 health_check_failed resolved 1\n");
}

fn heard(world: &mut World, after: i64, bssid: &str, more: &str) {
    world.line(after, &format!(r#"{{"kind":"neighbor","ap":"{AP}","bssid":"{bssid}"{more}}}"#));
}

#[test]
fn strangers_are_told_once_in_ten_hours_where_the_setting_asks_for_them() {
    let mut world = enabled();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    let rogue = |world: &mut World, after| {
        heard(world, after, "02a1b2c3d4e5", r#","ssid":"Maui","rssi":-60,"on_wire":true"#);
    };
    rogue(&mut world, 0);
    assert_eq!(told(&mut world), "", "not unless the setting says so");
    let setting = RogueSetting {
        enabled: Some(true),
        honeypot_enabled: Some(true),
        whitelisted_bssids: Some(vec!["02:a1:b2:00:00:01".into()]),
        whitelisted_ssids: Some(vec!["Neighbours".into()]),
        ..RogueSetting::default()
    };
    world.set(Setting { rogue: Some(setting), ..Setting::default() });
    let all = &["type", "count", "bssids", "ssids", "wcids"];
    rogue(&mut world, 0);
    rogue(&mut world, 1);
    heard(&mut world, 1, "02a1b2c3d4e5", r#","client_mac":"70ef00715399""#);
    expect![[r#"
        alarms 0 rogue_ap 1 ["02a1b2c3d4e5"] ["Maui"]
        alarms 0 honeypot_ssid 1 ["02a1b2c3d4e5"] ["Maui"]
        alarms 2 rogue_client 1 ["02a1b2c3d4e5"] ["70ef00715399"]
    "#]]
    .assert_eq(&world.trace_of("alarms", all));
    // Ours, weak ones, those to be left alone, others' networks, and clients of others.
    heard(&mut world, 1, "5c5b35000011", r#","ssid":"Maui","on_wire":true"#);
    heard(&mut world, 1, "5e5b35000012", r#","ssid":"Maui","on_wire":true"#);
    heard(&mut world, 1, "02a1b2c3d4e6", r#","ssid":"Maui","rssi":-81"#);
    heard(&mut world, 1, "02a1b2000001", r#","ssid":"Maui""#);
    heard(&mut world, 1, "02a1b2c3d4e7", r#","ssid":"Neighbours","on_wire":true"#);
    heard(&mut world, 1, "02a1b2c3d4e8", r#","ssid":"Cafe","client_mac":"70ef00715399""#);
    assert_eq!(world.trace_of("alarms", all), "");
    rogue(&mut world, 36_000 - 9);
    assert_eq!(world.trace_of("alarms", all), "");
    rogue(&mut world, 1);
    let again = world.trace_of("alarms", all);
    assert!(again.starts_with("alarms 36000 rogue_ap 1"), "{again}");
}

/// What radios report, the alarm that it is, and from how many in a minute on.
pub const ATTACKS: [(&str, &str, u64); 21] = [
    ("ad-hoc", "adhoc_network", 1),
    ("beacon-flood", "beacon_flood", 50),
    ("bssid-spoofing", "bssid_spoofing", 1),
    ("deauthentication", "disassociation_flood", 20),
    ("eap-failure-injection", "eap_failure_injection", 1),
    ("eap-guess", "eap_dictionary_attack", 10),
    ("eap-handshake", "eap_handshake_flood", 50),
    ("eap-spoofed-success", "eap_spoofed_success", 1),
    ("eapol-logoff", "eapol_logoff_attack", 5),
    ("eapol-start", "excessive_eapol_start", 20),
    ("essid-jack", "essid_jack", 1),
    ("excessive-client", "excessive_client", 1),
    ("monkey-jack", "monkey_jack", 1),
    ("out-of-sequence", "out_of_sequence", 10),
    ("replay", "krack_attack", 1),
    ("ssid-injection", "ssid_injection", 1),
    ("survey-scan", "air_magnet_scan", 1),
    ("tkip-icv", "tkip_icv_attack", 2),
    ("vendor-ie-missing", "vendor_ie_missing", 1),
    ("watched-station", "watched_station", 1),
    ("zero-ssid", "zero_ssid_association", 1),
];

fn noticed(world: &mut World, after: i64, ap: &str, attack: &str, more: &str) {
    let line = format!(r#"{{"kind":"intrusion","ap":"{ap}","type":"{attack}"{more}}}"#);
    world.line(after, &line);
}

#[test]
fn an_attack_is_believed_from_its_threshold_on_and_not_below() {
    let mut known: Vec<&str> = Attack::ALL.iter().map(|(_, attack)| *attack).collect();
    known.sort_unstable();
    assert_eq!(known, ATTACKS.map(|(attack, ..)| attack));
    for (attack, key, threshold) in ATTACKS {
        let after = |count: u64| {
            let mut world = enabled();
            noticed(&mut world, 0, AP, attack, &format!(r#","count":{count}"#));
            assert_eq!(world.engine.tally().unreadable, 0, "{attack}");
            world.tick(600);
            told(&mut world)
        };
        assert_eq!(after(threshold - 1), "", "{attack}");
        assert_eq!(after(threshold), format!("alarms 0 {key} 1\n"), "{attack}");
    }
}

#[test]
fn any_minute_of_an_attack_counts_and_what_comes_late_too() {
    let report = |world: &mut World, after: i64, at: i64, count: u64| {
        let time = START + at;
        noticed(
            world,
            after,
            AP,
            "deauthentication",
            &format!(r#","count":{count},"time":{time}"#),
        );
    };
    // Across the minute of the first report.
    let mut world = enabled();
    for (after, at, count) in [(0, 0, 1), (59, 59, 18), (2, 61, 1), (0, 61, 1)] {
        report(&mut world, after, at, count);
    }
    assert_eq!(told(&mut world), "alarms 61 disassociation_flood 1\n");
    // One of before is no reason to begin anew, and may be what was missing.
    let mut world = enabled();
    for (after, at, count) in [(100, 100, 19), (0, 30, 1), (0, 40, 0)] {
        report(&mut world, after, at, count);
    }
    assert_eq!(told(&mut world), "", "seventy seconds apart");
    report(&mut world, 1, 41, 1);
    assert_eq!(told(&mut world), "alarms 41 disassociation_flood 1\n");
}

#[test]
fn what_an_ap_reports_of_an_attack_within_a_minute_adds_up() {
    let mut world = enabled();
    let most = r#","count":19"#;
    noticed(&mut world, 0, AP, "deauthentication", most);
    noticed(&mut world, 59, AP2, "deauthentication", most);
    noticed(&mut world, 1, AP, "deauthentication", most);
    noticed(&mut world, 58, AP, "eapol-start", r#","count":1"#);
    assert_eq!(told(&mut world), "", "another AP, a minute later, another attack");
    // What says no count is one, and what comes once it is believed is no other incident.
    noticed(&mut world, 1, AP, "deauthentication", "");
    noticed(&mut world, 0, AP, "deauthentication", r#","count":40"#);
    world.tick(300);
    assert_eq!(told(&mut world), "alarms 119 disassociation_flood 1\n");
    // It goes on, in another minute.
    noticed(&mut world, 0, AP, "deauthentication", r#","count":20"#);
    assert_eq!(told(&mut world), "alarms 119 disassociation_flood 2\n");
}
