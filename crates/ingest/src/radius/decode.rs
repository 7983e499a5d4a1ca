//! From attributes to what they say of a session.

use super::attributes as attr;
use super::packet::Packet;
use super::station::{called, calling};
use foghorn_model::telemetry::field::Field;
use foghorn_model::telemetry::field::FieldType;
use foghorn_model::telemetry::{Accounting, AccountingStatus, ClientType};
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far the NAS's clock may be off before it is not believed.
const CLOCK_AHEAD_MAX: Micros = Micros::from_mins(24 * 60);
const CLOCK_BEHIND_MAX: Micros = Micros::from_mins(30 * 24 * 60);

/// A request, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// What it says.
    pub accounting: Accounting<'static>,
    /// When it happened: Event-Timestamp, or now less Acct-Delay-Time; `None` when the NAS says
    /// neither.
    pub time: Option<Timestamp>,
    /// The address in Called-Station-Id.
    pub station: Option<Mac>,
}

/// What the attributes of a request say; `None` when it is of no status that Foghorn acts on, or
/// names no session where it must.
pub fn decode(packet: &Packet<'_>, source: IpAddr, received_at: Timestamp) -> Option<Decoded> {
    let mut read = Read::default();
    for (kind, value) in packet.attributes() {
        read.attribute(kind, value);
    }
    read.finish(source, received_at)
}

#[derive(Default)]
struct Read {
    status: Option<u32>,
    nas_ip: Option<IpAddr>,
    nas_id: Option<String>,
    session: Option<String>,
    multi_session: Option<String>,
    username: Option<String>,
    called: Option<String>,
    calling: Option<String>,
    framed: Option<IpAddr>,
    port_type: Option<u32>,
    port_id: Option<String>,
    vlan: Option<String>,
    vendor: Option<&'static str>,
    vendor_ssid: Option<String>,
    service_type: Option<u32>,
    delay: Option<u32>,
    event_time: Option<u32>,
    session_time: Option<u32>,
    cause: Option<u32>,
    octets: [Option<u32>; 2],
    gigawords: [u32; 2],
    packets: [Option<u32>; 2],
}

impl Read {
    fn attribute(&mut self, kind: u8, value: &[u8]) {
        match kind {
            attr::ACCT_STATUS_TYPE => self.status = number(value),
            attr::NAS_IP_ADDRESS | attr::NAS_IPV6_ADDRESS => {
                self.nas_ip = address(value).or(self.nas_ip);
            }
            attr::NAS_IDENTIFIER => self.nas_id = text(value, Field::NasId),
            attr::ACCT_SESSION_ID => self.session = text(value, Field::SessionId),
            attr::ACCT_MULTI_SESSION_ID => self.multi_session = Some(hex(value)),
            attr::USER_NAME => self.username = text(value, Field::Username),
            attr::CALLED_STATION_ID => self.called = whole(value),
            attr::CALLING_STATION_ID => self.calling = whole(value),
            // The IPv4 address wins: it is what the wire's client_ip has.
            attr::FRAMED_IP_ADDRESS => self.framed = address(value).or(self.framed),
            attr::FRAMED_IPV6_ADDRESS => self.framed = self.framed.or(address(value)),
            attr::NAS_PORT_TYPE => self.port_type = number(value),
            attr::NAS_PORT_ID => self.port_id = text(value, Field::PortId),
            attr::TUNNEL_PRIVATE_GROUP_ID => self.vlan = text(untagged(value), Field::Vlan),
            attr::VENDOR_SPECIFIC => self.vendor_specific(value),
            attr::SERVICE_TYPE => self.service_type = number(value),
            attr::ACCT_DELAY_TIME => self.delay = number(value),
            attr::EVENT_TIMESTAMP => self.event_time = number(value),
            attr::ACCT_SESSION_TIME => self.session_time = number(value),
            attr::ACCT_TERMINATE_CAUSE => self.cause = number(value),
            attr::ACCT_INPUT_OCTETS => self.octets[0] = number(value),
            attr::ACCT_OUTPUT_OCTETS => self.octets[1] = number(value),
            attr::ACCT_INPUT_GIGAWORDS => self.gigawords[0] = number(value).unwrap_or(0),
            attr::ACCT_OUTPUT_GIGAWORDS => self.gigawords[1] = number(value).unwrap_or(0),
            attr::ACCT_INPUT_PACKETS => self.packets[0] = number(value),
            attr::ACCT_OUTPUT_PACKETS => self.packets[1] = number(value),
            _ => {}
        }
    }

    fn vendor_specific(&mut self, value: &[u8]) {
        let Some((vendor, mut rest)) = value.split_first_chunk::<4>() else { return };
        let vendor = u32::from_be_bytes(*vendor);
        self.vendor = self.vendor.or(attr::vendor(vendor));
        while let [kind, length, ..] = *rest {
            let length = usize::from(length);
            let Some(value) = rest.get(2..length) else { return };
            if attr::ssid_attribute(vendor) == Some(kind) {
                self.vendor_ssid = text(value, Field::Ssid);
            } else if vendor == 9 && kind == 1 {
                // Cisco-AVPair.
                let pair = value.strip_prefix(b"ssid=").and_then(|ssid| text(ssid, Field::Ssid));
                self.vendor_ssid = pair.or(self.vendor_ssid.take());
            }
            rest = &rest[length..];
        }
    }

    fn finish(self, source: IpAddr, received_at: Timestamp) -> Option<Decoded> {
        let status = match self.status? {
            1 => AccountingStatus::Start,
            2 => AccountingStatus::Stop,
            3 => AccountingStatus::Update,
            7 => AccountingStatus::On,
            8 => AccountingStatus::Off,
            _ => return None,
        };
        if self.session.is_none() && !status.is_of_nas() {
            return None;
        }
        let station = self.called.as_deref().map(called).unwrap_or_default();
        let client_type = match self.port_type {
            Some(19) => Some(ClientType::Wireless),
            Some(15) => Some(ClientType::Wired),
            Some(5) => Some(ClientType::Vty),
            _ => None,
        };
        let is_wireless = client_type == Some(ClientType::Wireless);
        let ssid = self.vendor_ssid.or_else(|| {
            let name = station.name.filter(|_| is_wireless || station.mac.is_some())?;
            text(name.as_bytes(), Field::Ssid)
        });
        let mac = self.calling.as_deref().and_then(calling);
        let mac = mac.or_else(|| self.username.as_deref().and_then(calling));
        // A user name that is the client's address proves nothing: hostapd sends it after EAP too.
        let is_mab = self.service_type == Some(attr::CALL_CHECK);
        let oui = station.mac.and_then(|mac| attr::vendor_of_oui([mac.0[0], mac.0[1], mac.0[2]]));
        let total = |at: usize| {
            let octets = u64::from(self.octets[at]?);
            Some(octets | (u64::from(self.gigawords[at]) << 32))
        };
        let (rx_bytes, tx_bytes) = (total(0), total(1));
        let accounting = Accounting {
            nas_id: self.nas_id.map(Cow::Owned),
            nas_vendor: self.vendor.or(oui).map(Cow::Borrowed),
            session_id: self.session.map(Cow::Owned),
            multi_session_id: self.multi_session.map(Cow::Owned),
            mac,
            bssid: station.mac.filter(|_| is_wireless),
            ssid: ssid.map(Cow::Owned),
            username: self.username.map(Cow::Owned),
            client_ip: self.framed,
            client_type,
            auth_type: is_mab.then_some(Cow::Borrowed("mab")),
            port_id: self.port_id.map(Cow::Owned),
            vlan: self.vlan.map(Cow::Owned),
            rx_bytes,
            tx_bytes,
            rx_pkts: self.packets[0].map(u64::from),
            tx_pkts: self.packets[1].map(u64::from),
            session_time: self.session_time.map(u64::from),
            terminate_cause: self.cause.map(|code| {
                attr::terminate_cause(code).map_or_else(|| code.to_string().into(), Cow::Borrowed)
            }),
            ..Accounting::new(status, self.nas_ip.unwrap_or(source))
        };
        let time = time(self.event_time, self.delay, received_at);
        Some(Decoded { accounting, time, station: station.mac })
    }
}

/// A clock that is far off is not believed: then only the delay counts.
fn time(event: Option<u32>, delay: Option<u32>, received_at: Timestamp) -> Option<Timestamp> {
    let event = event
        .map(|secs| Timestamp(i64::from(secs) * 1_000_000))
        .filter(|at| *at <= received_at + CLOCK_AHEAD_MAX && *at >= received_at - CLOCK_BEHIND_MAX);
    let delayed = || {
        let delay = delay.filter(|secs| *secs > 0)?;
        Some(received_at - Micros::from_secs(i64::from(delay).min(CLOCK_BEHIND_MAX.0 / 1_000_000)))
    };
    event.or_else(delayed)
}

fn number(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_be_bytes)
}

fn address(value: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(value).ok().map(|octets| Ipv4Addr::from(octets).into());
    let v6 = || <[u8; 16]>::try_from(value).ok().map(|octets| Ipv6Addr::from(octets).into());
    let address: IpAddr = v4().or_else(v6)?;
    (!address.is_unspecified()).then_some(address)
}

/// A tag octet comes before the text (RFC 2868, 3.6); no text begins with such a byte.
fn untagged(value: &[u8]) -> &[u8] {
    match value {
        [0..=0x1f, rest @ ..] => rest,
        _ => value,
    }
}

fn whole(value: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(value);
    let text = text.trim_end_matches('\0');
    (!text.is_empty()).then(|| text.into())
}

/// Text as the field takes it: cut to its length, at a character.
fn text(value: &[u8], field: Field) -> Option<String> {
    let mut text = whole(value)?;
    if let FieldType::Text(max) = field.row().field_type {
        let mut end = text.len().min(max);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    Some(text)
}

fn hex(value: &[u8]) -> String {
    // Two digits an octet, within the field's 253 bytes.
    let octets = value.iter().take(125);
    std::iter::once("0x".to_owned()).chain(octets.map(|octet| format!("{octet:02X}"))).collect()
}
