//! Devices, servers, tunnels and edges.

use super::{AP2, GATEWAY, GATEWAY2, SWITCH, SWITCH2, Script, device, step};
use crate::world::{AP, EDGE};
use expect_test::{Expect, expect};
use foghorn_model::Setting;

pub fn scripts() -> Vec<Script> {
    let mut scripts = devices();
    scripts.extend(servers());
    scripts.extend(tunnels());
    scripts.extend(edges());
    scripts.extend(ports());
    scripts
}

/// Two are lost, one after the other, for longer than their threshold, and come back.
fn two(about: &'static str, [first, second]: [&str; 2], told: Expect) -> Script {
    let all = |kind: &str| [first, second].map(|mac| device(kind, mac));
    let threshold = Setting { device_updown_threshold: Some(1), ..Setting::default() };
    Script::new(about, told)
        .set(threshold)
        .needs_time()
        .each(1, all("connected"))
        .each(15, all("disconnected"))
        .each(90, all("connected"))
}

fn restarts(about: &'static str, mac: &str, told: Expect) -> Script {
    Script::new(about, told)
        .say(0, device("connected", mac))
        .each(15, [device("restarted", mac), device("restarted", mac)])
}

#[rustfmt::skip]
fn devices() -> Vec<Script> {
    vec![
        two("device_down", [AP, AP2], expect![[r#"
            17 device_down x1
            17 device_down x2 again
        "#]]),
        two("device_reconnected", [AP, AP2], expect![[r#"
            122 device_reconnected x1
            122 device_reconnected x2 again
        "#]]),
        two("switch_down", [SWITCH, SWITCH2], expect![[r#"
            17 switch_down x1
            17 switch_down x2 again
        "#]]),
        two("switch_reconnected", [SWITCH, SWITCH2], expect![[r#"
            122 switch_reconnected x1
            122 switch_reconnected x2 again
        "#]]),
        two("gateway_down", [GATEWAY, GATEWAY2], expect![[r#"
            17 gateway_down x1
            17 gateway_down x2 again
        "#]]),
        two("gateway_reconnected", [GATEWAY, GATEWAY2], expect![[r#"
            122 gateway_reconnected x1
            122 gateway_reconnected x2 again
        "#]]),
        restarts("device_restarted", AP, expect![[r#"
            15 device_restarted x1
            15 device_restarted x2 again
        "#]]),
        restarts("switch_restarted", SWITCH, expect![[r#"
            15 switch_restarted x1
            15 switch_restarted x2 again
        "#]]),
    ]
}

/// Two servers, one after the other, fail so many clients, and answer again.
fn server(about: &'static str, kind: &str, failures: u8, told: Expect) -> Script {
    let says = |server: u8, clients: u8, success: bool| {
        let at = format!(r#","server":"10.0.0.{server}","vlan":"7""#);
        (0..clients).map(move |who| step(kind, who % 40, success, &at))
    };
    let fail = [1, 2].into_iter().flat_map(|server| says(server, failures, false));
    let answer = [1, 2].into_iter().flat_map(|server| says(server, 6, true));
    Script::new(about, told).each(2, fail).each(2, answer)
}

fn servers() -> Vec<Script> {
    vec![
        server(
            "infra_arp_failure",
            "arp",
            12,
            expect![[r#"
                20 infra_arp_failure x1
                20 infra_arp_failure x2 again
            "#]],
        ),
        server(
            "infra_arp_success",
            "arp",
            12,
            expect![[r#"
                54 infra_arp_success x1
                54 infra_arp_success x2 again
            "#]],
        ),
        server(
            "infra_dhcp_failure",
            "dhcp",
            24,
            expect![[r#"
                40 infra_dhcp_failure x1
                40 infra_dhcp_failure x2 again
            "#]],
        ),
        server(
            "infra_dhcp_success",
            "dhcp",
            24,
            expect![[r#"
                102 infra_dhcp_success x1
                102 infra_dhcp_success x2 again
            "#]],
        ),
        server(
            "infra_dns_failure",
            "dns",
            34,
            expect![[r#"
                60 infra_dns_failure x1
                60 infra_dns_failure x2 again
            "#]],
        ),
        server(
            "infra_dns_success",
            "dns",
            34,
            expect![[r#"
                142 infra_dns_success x1
                142 infra_dns_success x2 again
            "#]],
        ),
    ]
}

/// Two peers are lost for longer than their threshold, and come back.
fn peers(about: &'static str, mac: &str, what: &str, told: Expect) -> Script {
    let event = |state: &str, peer: u8| {
        format!(
            r#"{{"kind":"device-event","mac":"{mac}","type":"{what}_{state}","peer_mac":"5c5b350000{peer:02x}","port_id":"ge-0/0/{peer}"}}"#
        )
    };
    let setting = Setting {
        vpn_path_updown_threshold: Some(1),
        vpn_peer_updown_threshold: Some(1),
        bgp_neighbor_updown_threshold: Some(1),
        ..Setting::default()
    };
    Script::new(about, told)
        .set(setting)
        .needs_time()
        .say(0, device("connected", mac))
        .each(15, [event("DOWN", 8), event("DOWN", 9)])
        .each(90, [event("UP", 8), event("UP", 9)])
}

#[rustfmt::skip]
fn tunnels() -> Vec<Script> {
    vec![
        peers("gw_vpn_path_down", GATEWAY, "GW_VPN_PATH", expect![[r#"
            15 gw_vpn_path_down x1
            15 gw_vpn_path_down x2 again
        "#]]),
        peers("gw_vpn_path_up", GATEWAY, "GW_VPN_PATH", expect![[r#"
            120 gw_vpn_path_up x1
            120 gw_vpn_path_up x2 again
        "#]]),
        peers("vpn_peer_down", GATEWAY, "GW_VPN_PEER", expect![[r#"
            15 vpn_peer_down x1
            15 vpn_peer_down x2 again
        "#]]),
        peers("vpn_peer_up", GATEWAY, "GW_VPN_PEER", expect![[r#"
            120 vpn_peer_up x1
            120 vpn_peer_up x2 again
        "#]]),
        peers("gw_bgp_neighbor_down", GATEWAY, "GW_BGP_NEIGHBOR", expect![[r#"
            15 gw_bgp_neighbor_down x1
            15 gw_bgp_neighbor_down x2 again
        "#]]),
        peers("gw_bgp_neighbor_up", GATEWAY, "GW_BGP_NEIGHBOR", expect![[r#"
            120 gw_bgp_neighbor_up x1
            120 gw_bgp_neighbor_up x2 again
        "#]]),
        peers("sw_bgp_neighbor_down", SWITCH, "SW_BGP_NEIGHBOR", expect![[r#"
            15 sw_bgp_neighbor_down x1
            15 sw_bgp_neighbor_down x2 again
        "#]]),
        peers("sw_bgp_neighbor_up", SWITCH, "SW_BGP_NEIGHBOR", expect![[r#"
            120 sw_bgp_neighbor_up x1
            120 sw_bgp_neighbor_up x2 again
        "#]]),
    ]
}

/// An edge falls silent twice.
fn silence(about: &'static str, told: Expect) -> Script {
    let beat = || format!(r#"{{"kind":"edge-heartbeat","mac":"{EDGE}"}}"#);
    Script::new(about, told).needs_time().each(30, [beat(), beat()]).each(300, [beat(), beat()])
}

/// A resource of an edge is used up twice.
fn usage(about: &'static str, resource: &str, told: Expect) -> Script {
    let used = |percent: u8| {
        format!(
            r#"{{"kind":"edge-resource","mac":"{EDGE}","resource":"{resource}","usage":{percent}}}"#
        )
    };
    Script::new(about, told).each(20, [9, 81, 90, 70, 60, 97, 74].map(used))
}

fn edges() -> Vec<Script> {
    vec![
        silence(
            "mist_edge_connected",
            expect![[r#"
                30 mist_edge_connected x1
                30 mist_edge_connected x2 again
                660 mist_edge_connected x1
            "#]],
        ),
        silence(
            "mist_edge_disconnected",
            expect![[r#"
                240 mist_edge_disconnected x1
                240 mist_edge_disconnected x2 again
                840 mist_edge_disconnected x1
            "#]],
        ),
        usage(
            "mist_edge_cpu_usage_high",
            "cpu",
            expect![[r#"
                40 mist_edge_cpu_usage_high x1
                40 mist_edge_cpu_usage_high x2 again
            "#]],
        ),
        usage(
            "mist_edge_cpu_usage_normal",
            "cpu",
            expect![[r#"
                80 mist_edge_cpu_usage_normal x1
                80 mist_edge_cpu_usage_normal x2 again
            "#]],
        ),
        usage(
            "mist_edge_disk_usage_high",
            "disk",
            expect![[r#"
                40 mist_edge_disk_usage_high x1
                40 mist_edge_disk_usage_high x2 again
            "#]],
        ),
        usage(
            "mist_edge_disk_usage_normal",
            "disk",
            expect![[r#"
                80 mist_edge_disk_usage_normal x1
                80 mist_edge_disk_usage_normal x2 again
            "#]],
        ),
        usage(
            "mist_edge_memory_usage_high",
            "memory",
            expect![[r#"
                40 mist_edge_memory_usage_high x1
                40 mist_edge_memory_usage_high x2 again
            "#]],
        ),
        usage(
            "mist_edge_memory_usage_normal",
            "memory",
            expect![[r#"
                80 mist_edge_memory_usage_normal x1
                80 mist_edge_memory_usage_normal x2 again
            "#]],
        ),
    ]
}

/// Links that matter by themselves go down and come back, and are told of more than once.
fn critical(about: &'static str, mac: &str, told: Expect) -> Script {
    let states = ["up", "up", "down", "down", "up", "up"];
    let report = |port: u8, state: &str| {
        format!(
            r#"{{"kind":"port-stats","mac":"{mac}","port_id":"ge-0/0/{port}","critical":true,"state":"{state}"}}"#
        )
    };
    let both = states.into_iter().flat_map(|state| [report(1, state), report(2, state)]);
    Script::new(about, told).each(15, both)
}

#[rustfmt::skip]
fn ports() -> Vec<Script> {
    vec![
        critical("sw_critical_port_down", SWITCH, expect![[r#"
            75 sw_critical_port_down x1
            75 sw_critical_port_down x2 again
        "#]]),
        critical("sw_critical_port_up", SWITCH, expect![[r#"
            135 sw_critical_port_up x1
            135 sw_critical_port_up x2 again
        "#]]),
        critical("gw_critical_port_down", GATEWAY, expect![[r#"
            75 gw_critical_port_down x1
            75 gw_critical_port_down x2 again
        "#]]),
        critical("gw_critical_port_up", GATEWAY, expect![[r#"
            135 gw_critical_port_up x1
            135 gw_critical_port_up x2 again
        "#]]),
        loops(),
        bundle(),
    ]
}

/// Two APs get back what they sent.
fn loops() -> Script {
    let report = |mac: &str, loops: bool| {
        format!(r#"{{"kind":"port-stats","mac":"{mac}","port_id":"eth0","loop":{loops}}}"#)
    };
    let both = [false, true, true, false, false];
    let both = both.into_iter().flat_map(|loops| [report(AP, loops), report(AP2, loops)]);
    Script::new(
        "loop_detected_by_ap",
        expect![[r#"
            45 loop_detected_by_ap x1
            45 loop_detected_by_ap x2 again
        "#]],
    )
    .each(15, both)
}

/// Both members of a bundle of an edge leave it, and one comes back, leaves again and comes back.
fn bundle() -> Script {
    let port = |name: &str, lag: &str| {
        format!(
            r#"{{"kind":"edge-port","mac":"{EDGE}","port_id":"{name}","state":"up","lag":"{lag}"}}"#
        )
    };
    let said = [
        port("xe0", "lag0"),
        port("xe1", "lag0"),
        port("xe0", ""),
        port("xe0", ""),
        port("xe1", ""),
        port("xe1", ""),
        port("xe0", "lag0"),
        port("xe0", ""),
        port("xe0", "lag0"),
    ];
    Script::new(
        "tt_ports_all_dropped_from_lacp",
        expect![[r#"
            75 tt_ports_all_dropped_from_lacp x1
            75 tt_ports_all_dropped_from_lacp x2 again
        "#]],
    )
    .each(15, said)
}
