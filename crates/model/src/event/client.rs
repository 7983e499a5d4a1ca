//! `client-join` and `client-sessions`.

use super::Place;
use super::json::JsonObject;
use crate::ids::WlanId;
use crate::mac::Mac;
use crate::telemetry::Link;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::net::IpAddr;
use uuid::Uuid;

/// The version of the payload's form, as Mist counts it.
const VERSION: i64 = 2;

/// One association of a client: what both topics say of it.
/// What every report of a client touches stands together at its beginning.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[repr(C)]
pub struct Association {
    /// The last signal strength, dBm; left out when the source did not say.
    #[serde(default)]
    pub rssi: Option<f64>,
    /// The AP.
    pub ap: Mac,
    /// The client.
    pub mac: Mac,
    /// The BSSID.
    pub bssid: Mac,
    /// The SSID.
    pub ssid: SmolStr,
    /// The WLAN.
    pub wlan_id: WlanId,
    /// `24`, `5` or `6`; left out of the payloads when the source did not say.
    #[serde(default)]
    pub band: Option<SmolStr>,
    /// When it began, by the source's clock.
    pub connect: Timestamp,
    /// The client's address.
    #[serde(default)]
    pub ip: Option<IpAddr>,
    /// Its host name.
    #[serde(default)]
    pub hostname: Option<SmolStr>,
    /// Its user.
    #[serde(default)]
    pub username: Option<SmolStr>,
    /// Its product family, as equipment tells it; so with the next three.
    #[serde(default)]
    pub family: Option<SmolStr>,
    /// Its manufacturer.
    #[serde(default)]
    pub manufacture: Option<SmolStr>,
    /// Its model.
    #[serde(default)]
    pub model: Option<SmolStr>,
    /// Its operating system.
    #[serde(default)]
    pub os: Option<SmolStr>,
    /// The personal PSK used.
    #[serde(default)]
    pub psk_id: Option<Uuid>,
    /// Its name.
    #[serde(default)]
    pub psk_name: Option<SmolStr>,
    /// What its DHCP requests show of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dhcp: Option<Box<Make>>,
    /// How it and its AP get on: statistics tell it, and no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Box<Link>>,
}

/// What a client is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Make {
    /// Its manufacturer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacture: Option<SmolStr>,
    /// Its product family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<SmolStr>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<SmolStr>,
    /// Its operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<SmolStr>,
}

impl Make {
    /// What is not known here as another knows it.
    pub fn or(self, other: Self) -> Self {
        Self {
            manufacture: self.manufacture.or(other.manufacture),
            family: self.family.or(other.family),
            model: self.model.or(other.model),
            os: self.os.or(other.os),
        }
    }
}

/// Why an association ended: `termination_reason` on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Termination {
    /// The client or the AP ended it.
    Disassociated = 1,
    /// It fell silent.
    Inactive = 2,
    /// It moved to another AP or BSSID.
    Roamed = 3,
}

/// How an association ended.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// When.
    pub disconnect: Timestamp,
    /// Why.
    pub termination: Termination,
    /// The AP that the client went to, [`Mac::NONE`] when it went to none.
    pub next_ap: Mac,
}

/// Appends a `client-join` event.
pub fn encode_join(out: &mut Vec<u8>, place: &Place<'_>, ap_name: &str, client: &Association) {
    let mut event = JsonObject::begin(out);
    event.mac("ap", client.ap);
    event.text("ap_name", ap_name);
    event.text_opt("band", client.band.as_deref());
    event.mac("bssid", client.bssid);
    event.text_opt("client_hostname", client.hostname.as_deref());
    if let Some(ip) = client.ip {
        event.ip("client_ip", ip);
    }
    event.text_opt("client_username", client.username.as_deref());
    event.int("connect", client.connect.secs());
    event.secs_float("connect_float", client.connect);
    tail(event, place, client, client.connect, None);
}

/// Appends a `client-sessions` event. What is not known of the client's make is an empty string,
/// since the schema requires the keys.
pub fn encode_session(
    out: &mut Vec<u8>,
    place: &Place<'_>,
    ap_name: &str,
    client: &Association,
    make: &Make,
    end: &End,
) {
    let mut event = JsonObject::begin(out);
    event.mac("ap", client.ap);
    event.text("ap_name", ap_name);
    event.text_opt("band", client.band.as_deref());
    event.mac("bssid", client.bssid);
    event.text("client_family", make.family.as_deref().unwrap_or_default());
    event.text_opt("client_hostname", client.hostname.as_deref());
    if let Some(ip) = client.ip {
        event.ip("client_ip", ip);
    }
    event.text("client_manufacture", make.manufacture.as_deref().unwrap_or_default());
    event.text("client_model", make.model.as_deref().unwrap_or_default());
    event.text("client_os", make.os.as_deref().unwrap_or_default());
    event.text_opt("client_username", client.username.as_deref());
    event.int("connect", client.connect.secs());
    event.secs_float("connect_float", client.connect);
    event.int("disconnect", end.disconnect.secs());
    event.secs_float("disconnect_float", end.disconnect);
    event.span("duration", end.disconnect.since(client.connect));
    tail(event, place, client, end.disconnect, Some(end));
}

fn tail(
    mut event: JsonObject<'_>,
    place: &Place<'_>,
    client: &Association,
    at: Timestamp,
    end: Option<&End>,
) {
    event.mac("mac", client.mac);
    if let Some(end) = end {
        event.mac("next_ap", end.next_ap);
    }
    event.id("org_id", place.org);
    if let Some(psk) = client.psk_id {
        event.id("psk_id", psk);
    }
    event.text_opt("psk_name", client.psk_name.as_deref());
    event.flag("random_mac", client.mac.is_random());
    if let Some(rssi) = client.rssi {
        event.dbm("rssi", rssi);
    }
    event.id_opt("site_id", place.site);
    event.text_opt("site_name", place.site_name);
    event.text("ssid", &client.ssid);
    if let Some(end) = end {
        event.int("termination_reason", i64::from(end.termination as u8));
    }
    event.int("timestamp", at.secs());
    event.int("version", VERSION);
    event.id("wlan_id", client.wlan_id);
    event.end();
}
