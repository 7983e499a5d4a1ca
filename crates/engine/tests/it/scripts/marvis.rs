//! Conditions: open, and resolved.

use super::{AP2, GATEWAY, SWITCH, Script, device, step};
use crate::world::{AP, associated, client};
use expect_test::{Expect, expect};

pub fn scripts() -> Vec<Script> {
    let mut scripts = cables();
    scripts.extend(wlans());
    scripts.extend([
        port_flap(),
        bad_wan_uplink(),
        missing_vlan(),
        insufficient_coverage(),
        ap_offline(),
        health_check_failed(),
        insufficient_capacity(),
        port_stuck(),
        switch_stp_loop(),
        vpn_path_down(),
        intermittent_wan_connectivity(),
        wan_device_problem(),
        twelve(
            "sw_negotiation_incomplete",
            SWITCH,
            expect![[r#"
                300 sw_negotiation_incomplete open x1
                300 sw_negotiation_incomplete open x2 again
                300 sw_negotiation_incomplete open x3 again
                300 sw_negotiation_incomplete resolved at 22:23:20 x3 again
            "#]],
            |bad| format!(r#""negotiation":"{}""#, if bad { "incomplete" } else { "complete" }),
        ),
        twelve(
            "gw_mtu_mismatch",
            GATEWAY,
            expect![[r#"
                300 gw_mtu_mismatch open x1
                300 gw_mtu_mismatch open x2 again
                300 gw_mtu_mismatch open x3 again
                300 gw_mtu_mismatch resolved at 22:23:20 x3 again
            "#]],
            |bad| format!(r#""mtu":1500,"peer_mtu":{}"#, if bad { 9000 } else { 1500 }),
        ),
    ]);
    scripts
}

fn port(mac: &str, more: &str) -> String {
    format!(r#"{{"kind":"port-stats","mac":"{mac}","port_id":"ge-0/0/7",{more}}}"#)
}

/// A port of this device counts errors for a while.
fn errors(about: &'static str, mac: &str, told: Expect) -> Script {
    let counts = [0, 0, 500, 500, 500, 500, 500, 0, 0, 0, 0, 0];
    let mut errors = 0;
    let counted = (1..).zip(counts).map(|(number, more)| {
        errors += more;
        port(mac, &format!(r#""errors":{errors},"packets":{}"#, number * 10_000))
    });
    Script::new(about, told).each(60, counted)
}

/// A port of this device is slower than it was for a while.
fn speed(about: &'static str, mac: &str, told: Expect) -> Script {
    let speeds = [1000, 1000, 100, 100, 100, 100, 100, 1000, 1000, 1000, 1000, 1000];
    let reports = speeds.map(|speed| port(mac, &format!(r#""state":"up","speed":{speed}"#)));
    Script::new(about, told).each(60, reports)
}

fn cables() -> Vec<Script> {
    vec![
        errors(
            "bad_cable",
            SWITCH,
            expect![[r#"
                300 bad_cable open x1
                300 bad_cable open x2 again
                300 bad_cable open x3 again
                300 bad_cable resolved at 22:23:20 x3 again
            "#]],
        ),
        errors(
            "ap_bad_cable",
            AP,
            expect![[r#"
                300 ap_bad_cable open x1
                300 ap_bad_cable open x2 again
                300 ap_bad_cable open x3 again
                300 ap_bad_cable resolved at 22:23:20 x3 again
            "#]],
        ),
        errors(
            "gw_bad_cable",
            GATEWAY,
            expect![[r#"
                300 gw_bad_cable open x1
                300 gw_bad_cable open x2 again
                300 gw_bad_cable open x3 again
                300 gw_bad_cable resolved at 22:23:20 x3 again
            "#]],
        ),
        speed(
            "negotiation_mismatch",
            SWITCH,
            expect![[r#"
                300 negotiation_mismatch open x1
                300 negotiation_mismatch open x2 again
                300 negotiation_mismatch open x3 again
                300 negotiation_mismatch resolved at 22:23:20 x3 again
            "#]],
        ),
        speed(
            "gw_negotiation_mismatch",
            GATEWAY,
            expect![[r#"
                300 gw_negotiation_mismatch open x1
                300 gw_negotiation_mismatch open x2 again
                300 gw_negotiation_mismatch open x3 again
                300 gw_negotiation_mismatch resolved at 22:23:20 x3 again
            "#]],
        ),
    ]
}

/// A WLAN keeps clients out for a while.
fn wlan(about: &'static str, kind: &str, told: Expect) -> Script {
    let at = r#","ssid":"Maui","server":"10.0.0.1""#;
    let fails = (0..14).map(|who| step(kind, who, false, at));
    let answers = (0..70).map(|who| step(kind, who, true, at));
    Script::new(about, told).each(2, fails).each(2, answers)
}

fn wlans() -> Vec<Script> {
    vec![
        wlan(
            "authentication_failure",
            "auth",
            expect![[r#"
                20 authentication_failure open x1
                20 authentication_failure open x5 again
                20 authentication_failure resolved at 22:15:42 x5 again
            "#]],
        ),
        wlan(
            "dhcp_failure",
            "dhcp",
            expect![[r#"
                20 dhcp_failure open x1
                20 dhcp_failure open x5 again
                20 dhcp_failure resolved at 22:15:42 x5 again
            "#]],
        ),
        wlan(
            "dns_failure",
            "dns",
            expect![[r#"
                20 dns_failure open x1
                20 dns_failure open x5 again
                20 dns_failure resolved at 22:15:42 x5 again
            "#]],
        ),
        wlan(
            "arp_failure",
            "arp",
            expect![[r#"
                20 arp_failure open x1
                20 arp_failure open x5 again
                20 arp_failure resolved at 22:15:42 x5 again
            "#]],
        ),
    ]
}

fn port_flap() -> Script {
    let links = (0..9).map(|number| {
        let state = if number % 2 == 0 { "up" } else { "down" };
        port(SWITCH, &format!(r#""state":"{state}""#))
    });
    Script::new(
        "port_flap",
        expect![[r#"
            140 port_flap open x1
            140 port_flap open x2 again
            140 port_flap open x3 again
            140 port_flap resolved at 22:26:20 x3 again
        "#]],
    )
    .each(20, links)
}

fn bad_wan_uplink() -> Script {
    let lost = [0, 0, 7, 7, 7, 7, 7, 0, 0, 0, 0, 0];
    let reports = lost.map(|loss| {
        format!(r#"{{"kind":"path-stats","mac":"{GATEWAY}","port_id":"wan0","loss":{loss}}}"#)
    });
    Script::new(
        "bad_wan_uplink",
        expect![[r#"
            300 bad_wan_uplink open x1
            300 bad_wan_uplink open x2 again
            300 bad_wan_uplink open x3 again
            300 bad_wan_uplink resolved at 22:23:20 x3 again
        "#]],
    )
    .each(60, reports)
}

fn missing_vlan() -> Script {
    let at = format!(r#","ap":"{AP}","vlan":"7""#);
    let fails = (0..8).map(|who| step("dhcp", who, false, &at));
    let answers = (0..3).map(|who| step("dhcp", who, true, &at));
    Script::new(
        "missing_vlan",
        expect![[r#"
            25 missing_vlan open x1
            25 missing_vlan open x2 again
            25 missing_vlan open x4 again
            25 missing_vlan resolved at 22:14:05 x4 again
        "#]],
    )
    .each(5, fails)
    .each(5, answers)
}

fn insufficient_coverage() -> Script {
    let heard = |who: u8, rssi: i32| {
        format!(r#"{{"kind":"client-seen","mac":"{}","rssi":{rssi}}}"#, client(1 + who % 4))
    };
    Script::new(
        "insufficient_coverage",
        expect![[r#"
            104 insufficient_coverage open x1
            104 insufficient_coverage open x2 again
            104 insufficient_coverage open x4 again
            104 insufficient_coverage open x5 again
            104 insufficient_coverage resolved at 22:17:01 x5 again
        "#]],
    )
    .each(1, (1..5).map(|who| associated(client(who), AP, "5c5b35000011")))
    .each(5, (0..24).map(|who| heard(who, -80)))
    .each(1, (0..110).map(|who| heard(who, -60)))
}

fn ap_offline() -> Script {
    let joined =
        |ap: &str| format!(r#"{{"kind":"device-connected","mac":"{ap}","uplink":"{SWITCH}"}}"#);
    Script::new(
        "ap_offline",
        expect![[r#"
            33 ap_offline open x1
            33 ap_offline open x2 again
            33 ap_offline resolved at 22:15:08 x2 again
        "#]],
    )
    .each(1, [device("connected", SWITCH), joined(AP), joined(AP2)])
    .each(15, [SWITCH, AP, AP2].map(|mac| device("disconnected", mac)))
    .each(60, [SWITCH, AP, AP2].map(|mac| device("connected", mac)))
}

fn health_check_failed() -> Script {
    Script::new(
        "health_check_failed",
        expect![[r#"
            180 health_check_failed open x1
            180 health_check_failed open x2 again
            180 health_check_failed open x3 again
            180 health_check_failed resolved at 22:48:20 x3 again
        "#]],
    )
    .needs_time()
    .each(60, (0..5).map(|_| device("restarted", AP)))
    .each(900, (0..4).map(|_| device("connected", AP)))
}

fn insufficient_capacity() -> Script {
    let used = [20, 20, 85, 90, 95, 85, 90, 20, 20, 20, 20, 20];
    let reports = used.map(|used| {
        format!(r#"{{"kind":"radio-stats","ap":"{AP}","band":"5","util_all":{used}}}"#)
    });
    Script::new(
        "insufficient_capacity",
        expect![[r#"
            300 insufficient_capacity open x1
            300 insufficient_capacity open x2 again
            300 insufficient_capacity open x3 again
            300 insufficient_capacity resolved at 22:23:20 x3 again
        "#]],
    )
    .each(60, reports)
}

/// Twelve reports of a port, of which some are bad.
fn twelve(about: &'static str, mac: &str, told: Expect, say: impl Fn(bool) -> String) -> Script {
    let bad = [false, false, true, true, true, true, true, false, false, false, false, false];
    Script::new(about, told).each(60, bad.map(|bad| port(mac, &say(bad))))
}

/// A port that is up passes nothing for half an hour.
fn port_stuck() -> Script {
    let packets = [10, 20, 30, 30, 30, 30, 30, 30, 40, 50];
    let reports = packets.map(|it| port(SWITCH, &format!(r#""state":"up","packets":{it}"#)));
    Script::new(
        "port_stuck",
        expect![[r#"
            1500 port_stuck open x1
            1500 port_stuck open x2 again
            1500 port_stuck open x3 again
            1500 port_stuck open x4 again
            1500 port_stuck resolved at 22:58:20 x4 again
        "#]],
    )
    .needs_time()
    .each(300, reports)
}

fn switch_stp_loop() -> Script {
    let reports = [false, true, true, true, false, false];
    let reports = reports.map(|loops| port(SWITCH, &format!(r#""loop":{loops}"#)));
    Script::new(
        "switch_stp_loop",
        expect![[r#"
            40 switch_stp_loop open x1
            40 switch_stp_loop open x2 again
            40 switch_stp_loop open x3 again
            40 switch_stp_loop resolved at 22:15:00 x3 again
        "#]],
    )
    .each(20, reports)
}

fn path(more: &str) -> String {
    format!(r#"{{"kind":"path-stats","mac":"{GATEWAY}","port_id":"wan0",{more}}}"#)
}

fn vpn_path_down() -> Script {
    let delays = [0.02, 0.02, 0.3, 0.3, 0.3, 0.3, 0.3, 0.02, 0.02, 0.02, 0.02, 0.02];
    let of = r#""vpn_name":"InternalVPN","peer_mac":"5c5b35000009""#;
    Script::new(
        "vpn_path_down",
        expect![[r#"
            300 vpn_path_down open x1
            300 vpn_path_down open x2 again
            300 vpn_path_down open x3 again
            300 vpn_path_down resolved at 22:23:20 x3 again
        "#]],
    )
    .each(60, delays.map(|delay| path(&format!(r#"{of},"latency":{delay}"#))))
}

/// An uplink that is lost four times, and then no more.
fn intermittent_wan_connectivity() -> Script {
    let states = ["up", "down", "down", "up", "up"].repeat(4);
    let states = states.into_iter().map(|state| path(&format!(r#""state":"{state}""#)));
    Script::new(
        "intermittent_wan_connectivity",
        expect![[r#"
            720 intermittent_wan_connectivity open x1
            720 intermittent_wan_connectivity open x2 again
            720 intermittent_wan_connectivity resolved at 23:03:20 x2 again
        "#]],
    )
    .needs_time()
    .each(60, states)
    .each(900, (0..4).map(|_| path(r#""state":"up""#)))
}

fn wan_device_problem() -> Script {
    Script::new(
        "wan_device_problem",
        expect![[r#"
            180 wan_device_problem open x1
            180 wan_device_problem open x2 again
            180 wan_device_problem open x3 again
            180 wan_device_problem resolved at 22:48:20 x3 again
        "#]],
    )
    .needs_time()
    .each(60, (0..5).map(|_| device("restarted", GATEWAY)))
    .each(900, (0..4).map(|_| device("connected", GATEWAY)))
}
