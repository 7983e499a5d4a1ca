//! What a wireless client did.

use super::field::{Field, FieldError, Fields};
use super::{Link, id, ip, mac, required, rssi, text};
use crate::mac::Mac;
use std::borrow::Cow;
use std::net::IpAddr;
use uuid::Uuid;

/// What is known of a client beside where it is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ClientFacts<'a> {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Its host name.
    pub hostname: Option<Cow<'a, str>>,
    /// Its user.
    pub username: Option<Cow<'a, str>>,
    /// Its product family.
    pub family: Option<Cow<'a, str>>,
    /// Its manufacturer.
    pub manufacture: Option<Cow<'a, str>>,
    /// Its model.
    pub model: Option<Cow<'a, str>>,
    /// Its operating system.
    pub os: Option<Cow<'a, str>>,
    /// How it and its AP get on.
    pub link: Option<Box<Link>>,
}

/// A client associated with an AP.
#[derive(Clone, PartialEq, Debug)]
pub struct Association<'a> {
    /// The client.
    pub mac: Mac,
    /// The AP.
    pub ap: Mac,
    /// The BSSID.
    pub bssid: Mac,
    /// The SSID.
    pub ssid: Cow<'a, str>,
    /// `24`, `5` or `6`.
    pub band: Option<Cow<'a, str>>,
    /// Signal strength, dBm.
    pub rssi: Option<f64>,
    /// The WLAN's id, when the source has one.
    pub wlan_id: Option<Uuid>,
    /// The personal PSK used.
    pub psk_id: Option<Uuid>,
    /// Its name.
    pub psk_name: Option<Cow<'a, str>>,
    /// What else is known.
    pub facts: ClientFacts<'a>,
}

/// A client is still there.
#[derive(Clone, PartialEq, Debug)]
pub struct Sighting<'a> {
    /// The client.
    pub mac: Mac,
    /// The AP that saw it; another than the client's is ignored.
    pub ap: Option<Mac>,
    /// The band.
    pub band: Option<Cow<'a, str>>,
    /// Signal strength, dBm.
    pub rssi: Option<f64>,
    /// What else is known.
    pub facts: ClientFacts<'a>,
}

/// A client left.
#[derive(Clone, PartialEq, Debug)]
pub struct Disassociation {
    /// The client.
    pub mac: Mac,
    /// The AP that it left; when it has moved on since, nothing ends.
    pub ap: Option<Mac>,
    /// The BSSID that it left.
    pub bssid: Option<Mac>,
    /// Its last signal strength, dBm.
    pub rssi: Option<f64>,
}

impl<'a> ClientFacts<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Self {
        Self {
            ip: ip(fields, Field::ClientIp),
            hostname: text(fields, Field::ClientHostname),
            username: text(fields, Field::ClientUsername),
            family: text(fields, Field::ClientFamily),
            manufacture: text(fields, Field::ClientManufacture),
            model: text(fields, Field::ClientModel),
            os: text(fields, Field::ClientOs),
            link: Link::read(fields),
        }
    }
}

impl<'a> Association<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            ap: required(mac(fields, Field::Ap), Field::Ap)?,
            bssid: required(mac(fields, Field::Bssid), Field::Bssid)?,
            ssid: required(text(fields, Field::Ssid), Field::Ssid)?,
            band: text(fields, Field::Band),
            rssi: rssi(fields, Field::Rssi),
            wlan_id: id(fields, Field::WlanId),
            psk_id: id(fields, Field::PskId),
            psk_name: text(fields, Field::PskName),
            facts: ClientFacts::read(fields),
        })
    }
}

impl<'a> Sighting<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            ap: mac(fields, Field::Ap),
            band: text(fields, Field::Band),
            rssi: rssi(fields, Field::Rssi),
            facts: ClientFacts::read(fields),
        })
    }
}

impl Disassociation {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            ap: mac(fields, Field::Ap),
            bssid: mac(fields, Field::Bssid),
            rssi: rssi(fields, Field::Rssi),
        })
    }
}
