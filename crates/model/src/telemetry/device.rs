//! What a device is or did.

use super::field::{Field, FieldError, Fields};
use super::{Kind, count, error, flag, id, ip, mac, required, text, time};
use crate::config::DeviceType;
use crate::mac::Mac;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::net::IpAddr;
use uuid::Uuid;

/// A record of a device.
#[derive(Clone, PartialEq, Debug)]
pub struct DeviceReport<'a> {
    /// The device.
    pub mac: Mac,
    /// What happened.
    pub change: DeviceChange<'a>,
    /// Why.
    pub reason: Option<Cow<'a, str>>,
    /// Details.
    pub text: Option<Cow<'a, str>>,
    /// Its firmware.
    pub version: Option<Cow<'a, str>>,
    /// Its address as seen from outside.
    pub ext_ip: Option<IpAddr>,
    /// The switch that it is connected to.
    pub uplink: Option<Mac>,
    /// The audit log entry that led to this.
    pub audit_id: Option<Uuid>,
    /// The firmware in which the cause is mended.
    pub fixed_version: Option<Cow<'a, str>>,
}

/// What happened to a device.
#[derive(Clone, PartialEq, Debug)]
pub enum DeviceChange<'a> {
    /// Nothing: it is alive.
    Heartbeat,
    /// It reached its controller.
    Connected,
    /// It lost its controller.
    Disconnected,
    /// It started anew.
    Restarted,
    /// Something else.
    Event(Box<DeviceEvent<'a>>),
}

/// An event that a device reports by its type.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeviceEvent<'a> {
    /// The type, e.g. `AP_CONFIGURED`: upper-case words joined by `_`.
    pub event_type: Cow<'a, str>,
    /// How grave it is.
    pub severity: Option<Severity>,
    /// The port concerned.
    pub port_id: Option<Cow<'a, str>>,
    /// Whether that is one whose link matters by itself.
    pub is_critical: Option<bool>,
    /// How often.
    pub count: Option<u64>,
    /// The VPN or protocol peer.
    pub peer_mac: Option<Mac>,
    /// The SSID.
    pub ssid: Option<Cow<'a, str>>,
    /// The WLAN.
    pub wlan_id: Option<Uuid>,
    /// The band: `24`, `5` or `6`.
    pub band: Option<Cow<'a, str>>,
    /// The radio after a change.
    pub now: Radio,
    /// The radio before a change.
    pub before: Radio,
    /// The class of the device's own alarm.
    pub alarm_class: Option<Cow<'a, str>>,
    /// The chassis concerned.
    pub chassis_mac: Option<Mac>,
    /// The server that was used before, and the one that is used now.
    pub servers: [Option<Cow<'a, str>>; 2],
    /// The node of a cluster.
    pub node: Option<Cow<'a, str>>,
    /// When what it sums up began, and when that was over.
    pub span: [Option<Timestamp>; 2],
    /// How often it happened in between.
    pub occurrence: Option<u64>,
    /// The site of the peer.
    pub peer_site_id: Option<Uuid>,
    /// The device's own number for what happened.
    pub type_code: Option<u64>,
    /// The member of a virtual chassis that leads it.
    pub vc_master: Option<u64>,
    /// The one that stands by.
    pub vc_backup: Option<u64>,
    /// The VPN.
    pub vpn_name: Option<Cow<'a, str>>,
}

/// How a radio was set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Radio {
    /// The channel.
    pub channel: Option<u64>,
    /// Its width in MHz.
    pub bandwidth: Option<u64>,
    /// The power in dBm.
    pub power: Option<u64>,
}

/// How grave a device event is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Something to know.
    Notice,
    /// Something to look at.
    Warn,
}

impl<'a> DeviceReport<'a> {
    pub(super) fn read(kind: Kind, fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            change: match kind {
                Kind::DeviceHeartbeat => DeviceChange::Heartbeat,
                Kind::DeviceConnected => DeviceChange::Connected,
                Kind::DeviceDisconnected => DeviceChange::Disconnected,
                Kind::DeviceRestarted => DeviceChange::Restarted,
                _ => DeviceChange::Event(Box::new(DeviceEvent::read(fields)?)),
            },
            reason: text(fields, Field::Reason),
            text: text(fields, Field::Text),
            version: text(fields, Field::Version),
            ext_ip: ip(fields, Field::ExtIp),
            uplink: mac(fields, Field::Uplink),
            audit_id: id(fields, Field::AuditId),
            fixed_version: text(fields, Field::FixedVersion),
        })
    }
}

impl Radio {
    /// What is not told here as another tells it.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            channel: self.channel.or(other.channel),
            bandwidth: self.bandwidth.or(other.bandwidth),
            power: self.power.or(other.power),
        }
    }

    /// Whether a member that was told is another one now, or is not told any more.
    pub fn is_changed_to(self, now: Self) -> bool {
        let pairs =
            [(self.channel, now.channel), (self.bandwidth, now.bandwidth), (self.power, now.power)];
        pairs.iter().any(|(before, now)| before.is_some() && before != now)
    }
}

impl DeviceEvent<'_> {
    /// Whether its type is one of another kind of device. Types that begin otherwise may be of any.
    pub fn is_of_another(&self, device_type: DeviceType) -> bool {
        let of = match self.event_type.split_once('_').map(|(prefix, _)| prefix) {
            Some("AP") => DeviceType::Ap,
            Some("SW") => DeviceType::Switch,
            Some("GW") => DeviceType::Gateway,
            _ => return false,
        };
        of != device_type
    }

    /// The port whose link it says went up, or down.
    pub fn link(&self) -> Option<(&str, bool)> {
        let is_up = match self.event_type.as_ref() {
            "AP_PORT_UP" | "GW_PORT_UP" | "SW_PORT_UP" => true,
            "AP_PORT_DOWN" | "GW_PORT_DOWN" | "SW_PORT_DOWN" => false,
            _ => return None,
        };
        Some((self.port_id.as_deref()?, is_up))
    }

    /// The port at which it says that a loop is, or is no longer; empty where it names none.
    pub fn loop_at(&self) -> Option<(&str, bool)> {
        let loops = match self.event_type.as_ref() {
            "SW_LOOP_DETECTED" => true,
            "SW_LOOP_CLEARED" => false,
            _ => return None,
        };
        Some((self.port_id.as_deref().unwrap_or_default(), loops))
    }

    /// The peering that it says is up, or down.
    pub fn peering(&self) -> Option<(PeeringKind, bool)> {
        Some(match self.event_type.as_ref() {
            "GW_VPN_PATH_DOWN" => (PeeringKind::VpnPath, false),
            "GW_VPN_PATH_UP" => (PeeringKind::VpnPath, true),
            "GW_VPN_PEER_DOWN" => (PeeringKind::VpnPeer, false),
            "GW_VPN_PEER_UP" => (PeeringKind::VpnPeer, true),
            "GW_BGP_NEIGHBOR_DOWN" | "SW_BGP_NEIGHBOR_DOWN" => (PeeringKind::BgpNeighbor, false),
            "GW_BGP_NEIGHBOR_UP" | "SW_BGP_NEIGHBOR_UP" => (PeeringKind::BgpNeighbor, true),
            _ => return None,
        })
    }
}

/// What a device has with another one, and may lose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeeringKind {
    /// A path of a VPN.
    VpnPath,
    /// A peer of a VPN.
    VpnPeer,
    /// A BGP session.
    BgpNeighbor,
}

impl PeeringKind {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::VpnPath => "vpn_path",
            Self::VpnPeer => "vpn_peer",
            Self::BgpNeighbor => "bgp_neighbor",
        }
    }
}

/// Types that the engine makes itself from the state of a device: as a plain event they would
/// leave the state behind.
const DERIVED: [&str; 3] = ["_CONNECTED", "_DISCONNECTED", "_RESTARTED"];

impl<'a> DeviceEvent<'a> {
    fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let event_type = required(text(fields, Field::Type), Field::Type)?;
        check_type(&event_type)?;
        let severity = match text(fields, Field::Severity).as_deref() {
            None => None,
            Some("notice" | "NOTICE") => Some(Severity::Notice),
            Some("warn" | "WARN") => Some(Severity::Warn),
            Some(_) => return Err(error(Field::Severity, "not one of notice, warn")),
        };
        Ok(Self {
            event_type,
            severity,
            port_id: text(fields, Field::PortId),
            is_critical: flag(fields, Field::Critical),
            count: count(fields, Field::Count),
            peer_mac: mac(fields, Field::PeerMac),
            ssid: text(fields, Field::Ssid),
            wlan_id: id(fields, Field::WlanId),
            band: text(fields, Field::Band),
            now: Radio {
                channel: count(fields, Field::Channel),
                bandwidth: count(fields, Field::Bandwidth),
                power: count(fields, Field::Power),
            },
            before: Radio {
                channel: count(fields, Field::PreChannel),
                bandwidth: count(fields, Field::PreBandwidth),
                power: count(fields, Field::PrePower),
            },
            alarm_class: text(fields, Field::AlarmClass),
            chassis_mac: mac(fields, Field::ChassisMac),
            servers: [text(fields, Field::OldServer), text(fields, Field::NewServer)],
            node: text(fields, Field::Node),
            span: [time(fields, Field::StartTime), time(fields, Field::EndTime)],
            occurrence: count(fields, Field::Occurrence),
            peer_site_id: id(fields, Field::PeerSiteId),
            type_code: count(fields, Field::TypeCode),
            vc_master: count(fields, Field::VcMasterId),
            vc_backup: count(fields, Field::VcBackupId),
            vpn_name: text(fields, Field::VpnName),
        })
    }
}

fn check_type(event_type: &str) -> Result<(), FieldError> {
    let is_word = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if event_type.is_empty() || !event_type.bytes().all(is_word) {
        return Err(error(Field::Type, "not upper-case words joined by _"));
    }
    let prefix = ["AP", "SW", "GW"].iter().find(|prefix| event_type.starts_with(**prefix));
    if prefix.is_some_and(|prefix| DERIVED.contains(&&event_type[prefix.len()..])) {
        return Err(error(
            Field::Type,
            "send it as kind device-connected, device-disconnected or device-restarted",
        ));
    }
    Ok(())
}
