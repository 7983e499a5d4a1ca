//! Cisco Meraki: `events type=… key='value' …`, `events words …`, `airmarshal_events type=…`.
//!
//! A signal is told as what stands out of the noise, in dB; -95 dBm is taken for the noise. Of the
//! network only the number of its SSID is told: `vap3` (on one radio: `radio1.vap3`) is the name
//! of that interface for the setting of the site, and stands for the SSID where the setting has
//! none. The spans of a session
//! are told when it ends, and are told on then.

use super::directory::Route;
use super::hostapd::Place;
use super::reading::Meaning;
use super::scan;
use crate::line::Line;
use foghorn_model::telemetry::Kind;
use foghorn_model::telemetry::field::{Field, SECS_MAX};
use foghorn_model::{DeviceType, Mac};

/// What is taken for the noise of a radio, in dBm.
const NOISE_DBM: f64 = -95.0;

/// What an event means, by its `type`.
#[derive(Debug, Clone, Copy)]
enum Means {
    Associated,
    Left,
    Authenticated,
    Refused(&'static str),
    Radar,
    Vpn,
    /// It says nothing that is told.
    Nothing,
}

const EVENTS: &[(&str, Means)] = &[
    ("association", Means::Associated),
    ("disassociation", Means::Left),
    ("wpa_auth", Means::Authenticated),
    ("8021x_eap_success", Means::Authenticated),
    ("8021x_eap_failure", Means::Refused("EAP failure")),
    ("dfs_event", Means::Radar),
    ("vpn_connectivity_change", Means::Vpn),
    // The disassociation that goes with these tells it.
    ("wpa_deauth", Means::Nothing),
    ("8021x_deauth", Means::Nothing),
    ("8021x_client_deauth", Means::Nothing),
    ("8021x_auth", Means::Nothing),
    ("splash_auth", Means::Nothing),
    ("carrier_change", Means::Nothing),
    ("device_packet_flood", Means::Nothing),
];

/// What Air Marshal saw, and the alarm that it is.
const AIR_MARSHAL: &[(&str, &str)] =
    &[("rogue_ssid_detected", "rogue_ap"), ("ssid_spoofing_detected", "honeypot_ssid")];

/// Parts of the log that are not about the network itself.
const OTHER_PARTS: &[&str] = &[
    "flows",
    "ip_flow_start",
    "ip_flow_end",
    "urls",
    "firewall",
    "cellular_firewall",
    "vpn_firewall",
    "security_event",
    "ids-alerts",
];

pub(super) fn read(text: &str, route: &Route<'_>) -> Meaning {
    let (part, rest) = scan::word(text);
    match part {
        "events" => match scan::value(rest, "type") {
            Some(kind) => typed(kind, rest, route),
            None => worded(rest, route),
        },
        "airmarshal_events" => air_marshal(rest, route),
        part if OTHER_PARTS.contains(&part) => Meaning::Nothing,
        _ => Meaning::Unknown,
    }
}

fn typed(kind: &str, rest: &str, route: &Route<'_>) -> Meaning {
    let Some((_, means)) = EVENTS.iter().find(|(name, _)| *name == kind) else {
        return Meaning::Unknown;
    };
    if matches!(means, Means::Nothing) {
        return Meaning::Nothing;
    }
    let Some(device) = route.device else { return Meaning::NoDevice };
    match means {
        Means::Radar => return radar(device.mac, rest).into(),
        Means::Vpn => return vpn(device.mac, rest),
        _ => {}
    }
    let Some(client) = scan::value(rest, "client_mac").and_then(scan::mac) else {
        return Meaning::Unknown;
    };
    let (radio, vap) = (scan::value(rest, "radio"), scan::value(rest, "vap").unwrap_or("0"));
    let interface = format!("vap{vap}");
    // The setting may name the network on one radio apart.
    let on_radio = radio.map(|radio| format!("radio{radio}.vap{vap}"));
    let cell = on_radio.as_deref().unwrap_or(&interface);
    let interface = if route.interface(cell).is_some() { cell } else { &interface };
    let channel = number(rest, "channel");
    let place = Place::of(interface, cell, device.mac, route).in_band(channel.and_then(scan::band));
    let step = |kind: Kind, success: bool| {
        place.on(Line::new(kind).mac(Field::Mac, client).flag(Field::Success, success))
    };
    let identity = scan::value(rest, "identity");
    match means {
        Means::Associated => place
            .on(Line::new(Kind::ClientAssociated).mac(Field::Mac, client))
            .number_opt(Field::Rssi, rssi(rest))
            .text_opt(Field::ClientIp, address(rest, "client_ip"))
            .into(),
        Means::Authenticated => {
            step(Kind::ClientAuth, true).text_opt(Field::ClientUsername, identity).into()
        }
        Means::Refused(reason) => step(Kind::ClientAuth, false)
            .text_opt(Field::ClientUsername, identity)
            .text(Field::Reason, reason)
            .into(),
        Means::Left => {
            let mut lines = Vec::new();
            let failed = scan::value(rest, "auth_neg_failed").is_some_and(|it| it != "0");
            let auth = secs(rest, "auth_neg_dur");
            if failed || auth.is_some() {
                lines.push(
                    step(Kind::ClientAuth, !failed)
                        .number_opt(Field::Duration, auth)
                        .text_opt(Field::ClientUsername, identity)
                        .text_opt(Field::Reason, failed.then_some("negotiation failed")),
                );
            }
            if let Some(dhcp) = secs(rest, "dhcp_resp") {
                lines.push(
                    step(Kind::ClientDhcp, true)
                        .number_opt(Field::Duration, Some(dhcp))
                        .text_opt(Field::ClientIp, address(rest, "dhcp_ip"))
                        .text_opt(Field::Server, scan::value(rest, "dhcp_server")),
                );
            }
            if let Some(dns) = secs(rest, "dns_req_rtt").or_else(|| secs(rest, "dns_resp")) {
                lines.push(
                    step(Kind::ClientDns, true)
                        .number_opt(Field::Duration, Some(dns))
                        .text_opt(Field::Server, scan::value(rest, "dns_server")),
                );
            }
            if identity.is_some_and(|identity| !identity.is_empty()) {
                lines.push(
                    Line::new(Kind::ClientSeen)
                        .mac(Field::Mac, client)
                        .mac(Field::Ap, device.mac)
                        .text_opt(Field::ClientUsername, identity),
                );
            }
            lines.push(
                Line::new(Kind::ClientDisassociated)
                    .mac(Field::Mac, client)
                    .mac(Field::Ap, device.mac)
                    .mac(Field::Bssid, place.bssid)
                    .number_opt(Field::Rssi, rssi(rest)),
            );
            Meaning::Lines(lines)
        }
        Means::Radar | Means::Vpn | Means::Nothing => Meaning::Nothing,
    }
}

fn radar(ap: Mac, rest: &str) -> Line {
    let channel = number(rest, "channel");
    Line::new(Kind::DeviceEvent)
        .mac(Field::Mac, ap)
        .text(Field::Type, "AP_RADAR_DETECTED")
        .text_opt(Field::Band, channel.and_then(scan::band))
        .count_opt(Field::Channel, channel)
}

fn vpn(gateway: Mac, rest: &str) -> Meaning {
    let event = match scan::value(rest, "connectivity") {
        Some("true") => "GW_VPN_PEER_UP",
        Some("false") => "GW_VPN_PEER_DOWN",
        _ => return Meaning::Unknown,
    };
    Line::new(Kind::DeviceEvent)
        .mac(Field::Mac, gateway)
        .text(Field::Type, event)
        .text_opt(Field::Text, scan::value(rest, "peer_contact"))
        .into()
}

/// Events in words.
fn worded(rest: &str, route: &Route<'_>) -> Meaning {
    if let Some(after) = rest.strip_prefix("dhcp lease of ip ") {
        let Some(client) = scan::mac_after(after, "for client mac ") else {
            return Meaning::Unknown;
        };
        let ip = scan::word(after).0;
        return Line::new(Kind::ClientDhcp)
            .mac(Field::Mac, client)
            .flag(Field::Success, true)
            .text_opt(Field::ClientIp, is_address(ip).then_some(ip))
            .text_opt(Field::Server, scan::between(after, " from router ", " "))
            .into();
    }
    if rest.starts_with("dhcp no offers") || rest.starts_with("dhcp decline") {
        let Some(client) = scan::mac_after(rest, "for mac ") else { return Meaning::Unknown };
        let reason = if rest.starts_with("dhcp no offers") { "no offers" } else { "declined" };
        return Line::new(Kind::ClientDhcp)
            .mac(Field::Mac, client)
            .flag(Field::Success, false)
            .text(Field::Reason, reason)
            .into();
    }
    match port(rest) {
        Some((port, is_up, change)) => {
            let Some(device) = route.device else { return Meaning::NoDevice };
            port_event(device.mac, device.device_type, port, is_up).text(Field::Text, change).into()
        }
        None => Meaning::Unknown,
    }
}

/// `port N status changed from X to Y`, in whichever case; `down` is a state, all else a speed.
fn port(rest: &str) -> Option<(&str, bool, &str)> {
    let (first, after) = scan::word(rest);
    if !first.eq_ignore_ascii_case("port") {
        return None;
    }
    let (port, after) = scan::word(after);
    let change = after.strip_prefix("status changed from ")?;
    let (_, state) = change.split_once(" to ")?;
    Some((port, !scan::word(state).0.eq_ignore_ascii_case("down"), change))
}

/// A port of a device went up or down.
pub(super) fn port_event(mac: Mac, of: DeviceType, port: &str, is_up: bool) -> Line {
    let event = format!("{}_PORT_{}", of.event_prefix(), if is_up { "UP" } else { "DOWN" });
    Line::new(Kind::DeviceEvent)
        .mac(Field::Mac, mac)
        .text(Field::Type, &event)
        .text(Field::PortId, port)
}

fn air_marshal(rest: &str, route: &Route<'_>) -> Meaning {
    let kind = scan::value(rest, "type").unwrap_or_default();
    let Some((_, key)) = AIR_MARSHAL.iter().find(|(name, _)| *name == kind) else {
        return Meaning::Unknown;
    };
    let Some(device) = route.device else { return Meaning::NoDevice };
    let mac = |key| scan::value(rest, key).and_then(scan::mac).filter(|mac| *mac != Mac::NONE);
    Line::new(Kind::Alarm)
        .text(Field::Type, key)
        .mac(Field::Mac, device.mac)
        .mac_opt(Field::Bssid, mac("bssid"))
        .mac_opt(Field::PeerMac, mac("wired_mac"))
        .text_opt(Field::Ssid, scan::value(rest, "ssid"))
        .text_opt(Field::Vlan, scan::value(rest, "vlan_id").filter(|vlan| *vlan != "0"))
        .into()
}

fn number(rest: &str, key: &str) -> Option<u64> {
    scan::value(rest, key)?.parse().ok()
}

/// A span in seconds that telemetry can hold.
fn secs(rest: &str, key: &str) -> Option<f64> {
    let secs = scan::value(rest, key)?.parse::<f64>().ok()?;
    (0.0..=SECS_MAX).contains(&secs).then_some(secs)
}

/// The signal in dBm: what is told is dB over the noise; a negative number is dBm already.
fn rssi(rest: &str) -> Option<f64> {
    let told = scan::value(rest, "rssi")?.parse::<f64>().ok()?;
    let dbm = if told < 0.0 { told } else { told + NOISE_DBM };
    (-150.0..=0.0).contains(&dbm).then_some(dbm)
}

fn address<'a>(rest: &'a str, key: &str) -> Option<&'a str> {
    scan::value(rest, key).filter(|text| is_address(text))
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok_and(|ip| !ip.is_unspecified())
}
