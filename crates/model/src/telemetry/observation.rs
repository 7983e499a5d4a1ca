//! What equipment measures and hears: ports, uplinks, neighbours.

use super::field::{Field, FieldError, Fields};
use super::{count, error, flag, id, mac, percent, required, rssi, span, text};
use crate::mac::Mac;
use crate::time::Micros;
use std::borrow::Cow;
use uuid::Uuid;

/// How a port is.
#[derive(Clone, PartialEq, Debug)]
pub struct PortReport<'a> {
    /// The device.
    pub mac: Mac,
    /// The port.
    pub port_id: Cow<'a, str>,
    /// Whether its link is up.
    pub is_up: Option<bool>,
    /// Its speed, Mbit/s.
    pub speed: Option<u64>,
    /// Whether it is full duplex.
    pub is_full: Option<bool>,
    /// Errors in both directions so far.
    pub errors: Option<u64>,
    /// Packets in both directions so far.
    pub packets: Option<u64>,
    /// How often its link has changed so far.
    pub flaps: Option<u64>,
    /// Whether its link matters by itself.
    pub is_critical: Option<bool>,
    /// Whether it has agreed with the other end on speed and duplex.
    pub has_negotiated: Option<bool>,
    /// The largest packet, octets, here and at the other end.
    pub mtu: [Option<u64>; 2],
    /// Whether it gets back what it sent.
    pub loops: Option<bool>,
}

/// How an uplink is, or a path of a VPN.
#[derive(Clone, PartialEq, Debug)]
pub struct PathReport<'a> {
    /// The gateway.
    pub mac: Mac,
    /// The port or the name of the uplink.
    pub port_id: Cow<'a, str>,
    /// Packets that are lost, in percent.
    pub loss: Option<f64>,
    /// Round trip.
    pub latency: Option<Micros>,
    /// How much that varies.
    pub jitter: Option<Micros>,
    /// Whether anything comes through.
    pub is_up: Option<bool>,
    /// The VPN that it is a path of.
    pub vpn_name: Option<Cow<'a, str>>,
    /// The other end.
    pub peer_mac: Option<Mac>,
    /// Its site.
    pub peer_site_id: Option<Uuid>,
}

impl PathReport<'_> {
    /// Whether it is of a path of a VPN, and not of an uplink itself.
    pub fn is_of_vpn(&self) -> bool {
        self.vpn_name.is_some() || self.peer_mac.is_some()
    }
}

/// An AP that a radio of ours heard.
#[derive(Clone, PartialEq, Debug)]
pub struct NeighborReport<'a> {
    /// The AP that heard it.
    pub ap: Mac,
    /// The BSSID that was heard.
    pub bssid: Mac,
    /// Its SSID.
    pub ssid: Option<Cow<'a, str>>,
    /// How strong it is, dBm.
    pub rssi: Option<f64>,
    /// Whether its address is on our wire too.
    pub on_wire: bool,
    /// A client of it.
    pub client_mac: Option<Mac>,
}

/// Whether a port, radio or path is up, if the record says.
pub(super) fn is_up(fields: &mut Fields<'_>) -> Result<Option<bool>, FieldError> {
    match text(fields, Field::State).as_deref() {
        None => Ok(None),
        Some("up") => Ok(Some(true)),
        Some("down") => Ok(Some(false)),
        Some(_) => Err(error(Field::State, "not one of up, down")),
    }
}

impl<'a> PortReport<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let is_full = match text(fields, Field::Duplex).as_deref() {
            None => None,
            Some("full") => Some(true),
            Some("half") => Some(false),
            Some(_) => return Err(error(Field::Duplex, "not one of full, half")),
        };
        let has_negotiated = match text(fields, Field::Negotiation).as_deref() {
            None => None,
            Some("complete") => Some(true),
            Some("incomplete") => Some(false),
            Some(_) => return Err(error(Field::Negotiation, "not one of complete, incomplete")),
        };
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            port_id: required(text(fields, Field::PortId), Field::PortId)?,
            is_up: is_up(fields)?,
            speed: count(fields, Field::Speed),
            is_full,
            errors: count(fields, Field::Errors),
            packets: count(fields, Field::Packets),
            flaps: count(fields, Field::Flaps),
            is_critical: flag(fields, Field::Critical),
            has_negotiated,
            mtu: [count(fields, Field::Mtu), count(fields, Field::PeerMtu)],
            loops: flag(fields, Field::Loop),
        })
    }
}

impl<'a> PathReport<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            port_id: required(text(fields, Field::PortId), Field::PortId)?,
            loss: percent(fields, Field::Loss),
            latency: span(fields, Field::Latency),
            jitter: span(fields, Field::Jitter),
            is_up: is_up(fields)?,
            vpn_name: text(fields, Field::VpnName),
            peer_mac: mac(fields, Field::PeerMac),
            peer_site_id: id(fields, Field::PeerSiteId),
        })
    }
}

impl<'a> NeighborReport<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            ap: required(mac(fields, Field::Ap), Field::Ap)?,
            bssid: required(mac(fields, Field::Bssid), Field::Bssid)?,
            ssid: text(fields, Field::Ssid),
            rssi: rssi(fields, Field::Rssi),
            on_wire: flag(fields, Field::OnWire).unwrap_or(false),
            client_mac: mac(fields, Field::ClientMac),
        })
    }
}
