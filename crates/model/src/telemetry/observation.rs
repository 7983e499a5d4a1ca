//! What equipment measures and hears: ports, uplinks, neighbours, attacks.

use super::field::{Field, FieldError, Fields};
use super::{count, error, flag, mac, percent, required, rssi, span, text};
use crate::mac::Mac;
use crate::time::Micros;
use std::borrow::Cow;

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
}

/// How an uplink is.
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

/// An attack that a radio of ours noticed.
#[derive(Clone, PartialEq, Debug)]
pub struct IntrusionReport<'a> {
    /// The AP that noticed it.
    pub ap: Mac,
    /// What it is.
    pub attack: Attack,
    /// How often.
    pub count: u64,
    /// The client that it is of, or at.
    pub client_mac: Option<Mac>,
    /// The other one.
    pub peer_mac: Option<Mac>,
    /// The BSSID.
    pub bssid: Option<Mac>,
    /// The SSID.
    pub ssid: Option<Cow<'a, str>>,
}

/// What is noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attack {
    /// A message of the key handshake that came again.
    Replay,
    /// A TKIP integrity check that failed.
    TkipIcv,
    /// Frames that end associations.
    Deauthentication,
    /// Stations that talk without an AP.
    AdHoc,
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
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            port_id: required(text(fields, Field::PortId), Field::PortId)?,
            is_up: is_up(fields)?,
            speed: count(fields, Field::Speed),
            is_full,
            errors: count(fields, Field::Errors),
            packets: count(fields, Field::Packets),
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

impl<'a> IntrusionReport<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let attack = match required(text(fields, Field::Type), Field::Type)?.as_ref() {
            "replay" => Attack::Replay,
            "tkip-icv" => Attack::TkipIcv,
            "deauthentication" => Attack::Deauthentication,
            "ad-hoc" => Attack::AdHoc,
            _ => {
                let detail = "not one of replay, tkip-icv, deauthentication, ad-hoc";
                return Err(error(Field::Type, detail));
            }
        };
        Ok(Self {
            ap: required(mac(fields, Field::Ap), Field::Ap)?,
            attack,
            count: count(fields, Field::Count).unwrap_or(1),
            client_mac: mac(fields, Field::ClientMac),
            peer_mac: mac(fields, Field::PeerMac),
            bssid: mac(fields, Field::Bssid),
            ssid: text(fields, Field::Ssid),
        })
    }
}
