//! Cisco IOS XE, of the wireless controllers of the 9800 series above all:
//! `%FACILITY-SEVERITY-MNEMONIC: text`.
//!
//! A controller speaks for its APs. Where a message names the AP, the client is at the device of
//! that name; where it does not, or the site has none of that name, it is at the controller. No
//! message has a BSSID: the device's address stands for it.

use super::directory::{Known, Route};
use super::meraki::port_event;
use super::reading::Meaning;
use super::scan;
use crate::line::Line;
use foghorn_model::Mac;
use foghorn_model::telemetry::Kind;
use foghorn_model::telemetry::field::Field;

/// A message by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mnemonic<'a> {
    facility: &'a str,
    name: &'a str,
    text: &'a str,
}

type Reader = fn(&str, &Route<'_>) -> Meaning;

/// What is read, by facility and name.
const MESSAGES: &[(&str, &str, Reader)] = &[
    ("CLIENT_ORCH_LOG", "CLIENT_ADDED_TO_RUN_STATE", client_added),
    ("CLIENT_ORCH_LOG", "CLIENT_MOVED_TO_RUN_STATE", client_came),
    ("CLIENT_ORCH_LOG", "CLIENT_IP_UPDATED", client_seen),
    ("CLIENT_ORCH_LOG", "CLIENT_MOVED_TO_DELETE_STATE", client_left),
    ("CAPWAPAC_SMGR_TRACE_MESSAGE", "AP_JOIN_DISJOIN", ap_changed),
    ("LINK", "UPDOWN", link_changed),
    ("SYS", "RESTART", restarted),
    // The link itself tells it.
    ("LINEPROTO", "UPDOWN", |_, _| Meaning::Nothing),
];

/// The name of a message, which stands before what it says.
pub(super) fn mnemonic(text: &str) -> Option<Mnemonic<'_>> {
    let (name, text) = text.strip_prefix('%')?.split_once(": ")?;
    let named = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let mut parts = name.splitn(2, '-');
    let (facility, rest) = (parts.next()?, parts.next()?);
    // A facility may itself have a part: `%FACILITY-SUBFACILITY-5-NAME`.
    let (front, name) = rest.rsplit_once('-')?;
    let severity = front.rsplit('-').next()?;
    let is_severity = severity.len() == 1 && severity.bytes().all(|it| matches!(it, b'0'..=b'7'));
    let is_name = |part: &str| !part.is_empty() && part.bytes().all(named);
    (is_severity && is_name(facility) && is_name(name)).then_some(Mnemonic { facility, name, text })
}

pub(super) fn read(message: &Mnemonic<'_>, route: &Route<'_>) -> Meaning {
    let row = MESSAGES
        .iter()
        .find(|(facility, name, _)| *facility == message.facility && *name == message.name);
    match row {
        Some((.., reader)) => reader(message.text, route),
        None => Meaning::Unknown,
    }
}

/// `Username entry (U) joined with ssid (S) for device with MAC: m [on channel (n)]`.
fn client_added(text: &str, route: &Route<'_>) -> Meaning {
    let Some(ap) = ap(text, route) else { return Meaning::NoDevice };
    let ssid = scan::between(text, "ssid (", ")");
    let client = scan::mac_after(text, "MAC:");
    let (Some(ssid), Some(client)) = (ssid, client) else { return Meaning::Unknown };
    let channel = scan::between(text, "channel (", ")").and_then(|text| text.parse().ok());
    at(Line::new(Kind::ClientAssociated).mac(Field::Mac, client), ap.mac)
        .text(Field::Ssid, ssid)
        .text_opt(Field::Band, channel.and_then(scan::band))
        .text_opt(Field::ClientUsername, username(text, "entry (", client))
        .into()
}

/// `Username (U), MAC: m, IP a [a] associated to AP (A) with SSID (S)`.
fn client_came(text: &str, route: &Route<'_>) -> Meaning {
    let Some(ap) = ap(text, route) else { return Meaning::NoDevice };
    let ssid = scan::between(text, "SSID (", ")");
    let client = scan::mac_after(text, "MAC:");
    let (Some(ssid), Some(client)) = (ssid, client) else { return Meaning::Unknown };
    at(Line::new(Kind::ClientAssociated).mac(Field::Mac, client), ap.mac)
        .text(Field::Ssid, ssid)
        .text_opt(Field::ClientUsername, username(text, "Username (", client))
        .text_opt(Field::ClientIp, address(text))
        .into()
}

fn client_seen(text: &str, route: &Route<'_>) -> Meaning {
    let Some(ap) = ap(text, route) else { return Meaning::NoDevice };
    let Some(client) = scan::mac_after(text, "MAC:") else { return Meaning::Unknown };
    Line::new(Kind::ClientSeen)
        .mac(Field::Mac, client)
        .mac(Field::Ap, ap.mac)
        .text_opt(Field::ClientUsername, username(text, "Username (", client))
        .text_opt(Field::ClientIp, address(text))
        .into()
}

/// `… disconnected from AP (A) with SSID (S)`.
fn client_left(text: &str, route: &Route<'_>) -> Meaning {
    let Some(ap) = ap(text, route) else { return Meaning::NoDevice };
    let Some(client) = scan::mac_after(text, "MAC:") else { return Meaning::Unknown };
    at(Line::new(Kind::ClientDisassociated).mac(Field::Mac, client), ap.mac).into()
}

/// `AP Event: AP Name: X Mac: m Session-IP: … Joined`, or `… Disjoined reason`.
fn ap_changed(text: &str, route: &Route<'_>) -> Meaning {
    let by_mac = scan::mac_after(text, "Mac: ").and_then(|mac| route.by_mac(mac));
    let by_name = || {
        let name = scan::between(text, "AP Name: ", " Mac: ")
            .or_else(|| scan::between(text, "AP Name: ", " ").filter(|name| !name.is_empty()))?;
        route.by_name(name.trim_end_matches(','))
    };
    // The address is that of the radio or that of the port; the name is the surer one.
    let ap = by_name().or(by_mac);
    let kind = if text.contains(" Disjoined") {
        Kind::DeviceDisconnected
    } else if text.contains(" Joined") {
        Kind::DeviceConnected
    } else {
        return Meaning::Unknown;
    };
    let Some(ap) = ap else { return Meaning::NoDevice };
    let reason = text.split_once(" Disjoined").map(|(_, reason)| reason.trim());
    Line::new(kind).mac(Field::Mac, ap.mac).text_opt(Field::Reason, reason).into()
}

/// `Interface X, changed state to up`, or `down`, or `administratively down`.
fn link_changed(text: &str, route: &Route<'_>) -> Meaning {
    let port = scan::between(text, "Interface ", ",");
    let state = text.split_once("changed state to ").map(|(_, state)| state);
    let (Some(port), Some(state)) = (port, state) else { return Meaning::Unknown };
    let Some(device) = route.device else { return Meaning::NoDevice };
    let is_up = match state {
        state if state.starts_with("up") => true,
        state if state.contains("down") => false,
        _ => return Meaning::Unknown,
    };
    port_event(device.mac, device.device_type, port, is_up).into()
}

fn restarted(_: &str, route: &Route<'_>) -> Meaning {
    match route.device {
        Some(device) => Line::new(Kind::DeviceRestarted).mac(Field::Mac, device.mac).into(),
        None => Meaning::NoDevice,
    }
}

/// The AP that a message names, else the controller that speaks.
fn ap(text: &str, route: &Route<'_>) -> Option<Known> {
    scan::between(text, "AP (", ")").and_then(|name| route.by_name(name)).or(route.device)
}

fn at(line: Line, ap: Mac) -> Line {
    line.mac(Field::Ap, ap).mac(Field::Bssid, ap)
}

/// The user, unless there is none or the address stands for it.
fn username<'a>(text: &'a str, mark: &str, client: Mac) -> Option<&'a str> {
    let user = scan::between(text, mark, ")")?;
    (user != "(null)" && user != "(null" && user != "null" && scan::mac(user) != Some(client))
        .then_some(user)
}

/// The client's IPv4 address, else its first.
fn address(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("MAC:")?;
    let (_, list) = after.split_once(" IP ")?;
    let addresses = list.split(' ').map(|it| (it, it.parse::<std::net::IpAddr>()));
    let addresses = addresses.map_while(|(it, ip)| ip.ok().map(|ip| (it, ip)));
    let addresses: Vec<_> = addresses.collect();
    let v4 = addresses.iter().find(|(_, ip)| ip.is_ipv4());
    v4.or(addresses.first()).map(|(text, _)| *text)
}
