//! `nac-accounting`.

use super::Place;
use super::json::JsonObject;
use crate::mac::Mac;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::net::IpAddr;
use uuid::Uuid;

/// Stands where the certificate's expiry would, since RADIUS accounting cannot know it.
const NO_CERTIFICATE: &str = "0001-01-01T00:00:00Z";

/// The type of the event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NacStatus {
    /// `NAC_ACCOUNTING_START`.
    Start,
    /// `NAC_ACCOUNTING_UPDATE`.
    Update,
    /// `NAC_ACCOUNTING_STOP`.
    Stop,
}

/// What the requests of a session told, the later ones over the earlier.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NacSession {
    /// Acct-Session-Id.
    pub session_id: SmolStr,
    /// What no other session has, told as 32 hex digits.
    #[serde(with = "uuid::serde::simple")]
    pub unique_id: Uuid,
    /// Acct-Multi-Session-Id as `0x` and hex.
    pub multi_session_id: Option<SmolStr>,
    /// The client.
    pub mac: Option<Mac>,
    /// The AP or switch.
    pub ap: Option<Mac>,
    /// The BSSID.
    pub bssid: Option<Mac>,
    /// The SSID.
    pub ssid: Option<SmolStr>,
    /// User-Name.
    pub username: Option<SmolStr>,
    /// The client's address.
    pub client_ip: Option<IpAddr>,
    /// `wireless`, `wired` or `vty`.
    pub client_type: Option<SmolStr>,
    /// How it authenticated.
    pub auth_type: Option<SmolStr>,
    /// NAS-Port-Id.
    pub port_id: Option<SmolStr>,
    /// The VLAN.
    pub vlan: Option<SmolStr>,
    /// The NAS's address.
    pub nas_ip: Option<IpAddr>,
    /// The NAS's vendor.
    pub nas_vendor: Option<SmolStr>,
}

/// What one request counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NacCounters {
    /// Octets from the client.
    pub rx_bytes: Option<u64>,
    /// Octets to the client.
    pub tx_bytes: Option<u64>,
    /// Packets from the client.
    pub rx_pkts: Option<u64>,
    /// Packets to the client.
    pub tx_pkts: Option<u64>,
    /// Seconds of the session.
    pub secs: Option<u64>,
}

/// One event of a session.
#[derive(Clone, Copy, Debug)]
pub struct NacEvent<'a> {
    /// Which.
    pub status: NacStatus,
    /// When.
    pub at: Timestamp,
    /// What was counted.
    pub counters: NacCounters,
    /// Why the session is over.
    pub terminate_cause: Option<&'a str>,
}

impl NacStatus {
    fn event_type(self) -> &'static str {
        match self {
            Self::Start => "NAC_ACCOUNTING_START",
            Self::Update => "NAC_ACCOUNTING_UPDATE",
            Self::Stop => "NAC_ACCOUNTING_STOP",
        }
    }
}

/// Appends the event. Alone among the topics its `timestamp` is in milliseconds.
pub fn encode(out: &mut Vec<u8>, place: &Place<'_>, session: &NacSession, what: &NacEvent<'_>) {
    let mut event = JsonObject::begin(out);
    let mac = |event: &mut JsonObject<'_>, key, value: Option<Mac>| {
        if let Some(mac) = value {
            event.mac(key, mac);
        }
    };
    let count = |event: &mut JsonObject<'_>, key, value: Option<u64>| {
        if let Some(value) = value {
            event.count(key, value);
        }
    };
    let counters = &what.counters;
    mac(&mut event, "ap", session.ap);
    event.text_opt("auth_type", session.auth_type.as_deref());
    mac(&mut event, "bssid", session.bssid);
    if let Some(ip) = session.client_ip {
        event.ip("client_ip", ip);
    }
    event.text_opt("client_type", session.client_type.as_deref());
    event.text("device_cert_expiry", NO_CERTIFICATE);
    mac(&mut event, "mac", session.mac);
    event.text_opt("multi_session_id", session.multi_session_id.as_deref());
    if let Some(ip) = session.nas_ip {
        event.ip("nas_ip", ip);
    }
    event.text_opt("nas_vendor", session.nas_vendor.as_deref());
    event.id("org_id", place.org);
    event.text_opt("port_id", session.port_id.as_deref());
    count(&mut event, "rx_bytes", counters.rx_bytes);
    count(&mut event, "rx_pkts", counters.rx_pkts);
    count(&mut event, "session_duration_in_mins", counters.secs.map(|secs| secs / 60));
    event.text("session_id", &session.session_id);
    event.text(
        "session_unique_id",
        session.unique_id.simple().encode_lower(&mut Uuid::encode_buffer()),
    );
    event.id_opt("site_id", place.site);
    event.text_opt("ssid", session.ssid.as_deref());
    event.text_opt("terminate_cause", what.terminate_cause);
    event.int("timestamp", what.at.millis());
    count(&mut event, "tx_bytes", counters.tx_bytes);
    count(&mut event, "tx_pkts", counters.tx_pkts);
    event.text("type", what.status.event_type());
    event.text_opt("username", session.username.as_deref());
    event.text_opt("vlan", session.vlan.as_deref());
    event.end();
}
