//! A RADIUS accounting request in the field's words (RFC 2866, RFC 2869).

use super::field::{Field, FieldError, Fields};
use super::{count, error, ip, mac, required, text};
use crate::event::json::JsonObject;
use crate::mac::Mac;
use crate::time::Timestamp;
use std::borrow::Cow;
use std::net::IpAddr;

/// Acct-Status-Type, as far as Foghorn acts on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountingStatus {
    /// Accounting-On: the NAS started; its sessions are over.
    On,
    /// Accounting-Off: the NAS goes down; its sessions are over.
    Off,
    /// A session begins.
    Start,
    /// A session goes on (Interim-Update).
    Update,
    /// A session is over.
    Stop,
}

/// How a client is attached, by NAS-Port-Type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientType {
    /// 802.11.
    Wireless,
    /// Ethernet.
    Wired,
    /// A login on the device itself.
    Vty,
}

/// An accounting request.
#[derive(Clone, PartialEq, Debug)]
pub struct Accounting<'a> {
    /// What it says about the session or the NAS.
    pub status: AccountingStatus,
    /// The NAS's address.
    pub nas_ip: IpAddr,
    /// NAS-Identifier.
    pub nas_id: Option<Cow<'a, str>>,
    /// The NAS's vendor.
    pub nas_vendor: Option<Cow<'a, str>>,
    /// Acct-Session-Id; only On and Off may come without.
    pub session_id: Option<Cow<'a, str>>,
    /// Acct-Multi-Session-Id.
    pub multi_session_id: Option<Cow<'a, str>>,
    /// The client.
    pub mac: Option<Mac>,
    /// The AP or switch.
    pub ap: Option<Mac>,
    /// The BSSID.
    pub bssid: Option<Mac>,
    /// The SSID.
    pub ssid: Option<Cow<'a, str>>,
    /// User-Name.
    pub username: Option<Cow<'a, str>>,
    /// Framed-IP-Address or Framed-IPv6-Address.
    pub client_ip: Option<IpAddr>,
    /// How the client is attached.
    pub client_type: Option<ClientType>,
    /// How it authenticated, when that can be told.
    pub auth_type: Option<Cow<'a, str>>,
    /// NAS-Port-Id.
    pub port_id: Option<Cow<'a, str>>,
    /// The VLAN assigned.
    pub vlan: Option<Cow<'a, str>>,
    /// Octets from the client, gigawords included.
    pub rx_bytes: Option<u64>,
    /// Octets to the client.
    pub tx_bytes: Option<u64>,
    /// Packets from the client.
    pub rx_pkts: Option<u64>,
    /// Packets to the client.
    pub tx_pkts: Option<u64>,
    /// Acct-Session-Time, seconds.
    pub session_time: Option<u64>,
    /// Acct-Terminate-Cause by its RADIUS name.
    pub terminate_cause: Option<Cow<'a, str>>,
}

impl AccountingStatus {
    fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Start => "start",
            Self::Update => "update",
            Self::Stop => "stop",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::On, Self::Off, Self::Start, Self::Update, Self::Stop]
            .into_iter()
            .find(|status| status.name() == name)
    }

    /// Whether it speaks of the NAS and not of one session.
    pub fn is_of_nas(self) -> bool {
        matches!(self, Self::On | Self::Off)
    }
}

impl ClientType {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wireless => "wireless",
            Self::Wired => "wired",
            Self::Vty => "vty",
        }
    }

    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Wireless, Self::Wired, Self::Vty].into_iter().find(|kind| kind.name() == name)
    }
}

impl<'a> Accounting<'a> {
    /// A request that says no more than this.
    pub fn new(status: AccountingStatus, nas_ip: IpAddr) -> Self {
        Self {
            status,
            nas_ip,
            nas_id: None,
            nas_vendor: None,
            session_id: None,
            multi_session_id: None,
            mac: None,
            ap: None,
            bssid: None,
            ssid: None,
            username: None,
            client_ip: None,
            client_type: None,
            auth_type: None,
            port_id: None,
            vlan: None,
            rx_bytes: None,
            tx_bytes: None,
            rx_pkts: None,
            tx_pkts: None,
            session_time: None,
            terminate_cause: None,
        }
    }

    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let status = required(text(fields, Field::Status), Field::Status)?;
        let status = AccountingStatus::named(&status)
            .ok_or_else(|| error(Field::Status, "not one of on, off, start, update, stop"))?;
        let client_type = text(fields, Field::ClientType)
            .map(|name| {
                ClientType::named(&name)
                    .ok_or_else(|| error(Field::ClientType, "not one of wireless, wired, vty"))
            })
            .transpose()?;
        let session_id = text(fields, Field::SessionId);
        if session_id.is_none() && !status.is_of_nas() {
            return Err(error(Field::SessionId, "the field is missing from a session's record"));
        }
        Ok(Self {
            nas_id: text(fields, Field::NasId),
            nas_vendor: text(fields, Field::NasVendor),
            session_id,
            multi_session_id: text(fields, Field::MultiSessionId),
            mac: mac(fields, Field::Mac),
            ap: mac(fields, Field::Ap),
            bssid: mac(fields, Field::Bssid),
            ssid: text(fields, Field::Ssid),
            username: text(fields, Field::Username),
            client_ip: ip(fields, Field::ClientIp),
            client_type,
            auth_type: text(fields, Field::AuthType),
            port_id: text(fields, Field::PortId),
            vlan: text(fields, Field::Vlan),
            rx_bytes: count(fields, Field::RxBytes),
            tx_bytes: count(fields, Field::TxBytes),
            rx_pkts: count(fields, Field::RxPkts),
            tx_pkts: count(fields, Field::TxPkts),
            session_time: count(fields, Field::SessionTime),
            terminate_cause: text(fields, Field::TerminateCause),
            ..Self::new(status, required(ip(fields, Field::NasIp), Field::NasIp)?)
        })
    }

    /// Writes the line that [`Telemetry::parse`](super::Telemetry::parse) reads back.
    pub fn write_line(&self, id: Option<&str>, time: Option<Timestamp>, out: &mut Vec<u8>) {
        let mut line = JsonObject::begin(out);
        let macs = |line: &mut JsonObject<'_>, key, value: Option<Mac>| {
            if let Some(mac) = value {
                line.mac(key, mac);
            }
        };
        let counts = |line: &mut JsonObject<'_>, key, value: Option<u64>| {
            if let Some(count) = value {
                line.count(key, count);
            }
        };
        macs(&mut line, "ap", self.ap);
        line.text_opt("auth_type", self.auth_type.as_deref());
        macs(&mut line, "bssid", self.bssid);
        if let Some(ip) = self.client_ip {
            line.ip("client_ip", ip);
        }
        line.text_opt("client_type", self.client_type.map(ClientType::name));
        line.text_opt("id", id);
        line.text("kind", super::Kind::Accounting.row().name);
        macs(&mut line, "mac", self.mac);
        line.text_opt("multi_session_id", self.multi_session_id.as_deref());
        line.text_opt("nas_id", self.nas_id.as_deref());
        line.ip("nas_ip", self.nas_ip);
        line.text_opt("nas_vendor", self.nas_vendor.as_deref());
        line.text_opt("port_id", self.port_id.as_deref());
        counts(&mut line, "rx_bytes", self.rx_bytes);
        counts(&mut line, "rx_pkts", self.rx_pkts);
        line.text_opt("session_id", self.session_id.as_deref());
        counts(&mut line, "session_time", self.session_time);
        line.text_opt("ssid", self.ssid.as_deref());
        line.text("status", self.status.name());
        line.text_opt("terminate_cause", self.terminate_cause.as_deref());
        if let Some(time) = time {
            line.secs_float("time", time);
        }
        counts(&mut line, "tx_bytes", self.tx_bytes);
        counts(&mut line, "tx_pkts", self.tx_pkts);
        line.text_opt("username", self.username.as_deref());
        line.text_opt("vlan", self.vlan.as_deref());
        line.end();
    }
}
