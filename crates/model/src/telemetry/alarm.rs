//! What a source knows to be an alarm.

use super::field::{Field, FieldError, Fields};
use super::{error, id, mac, required, text};
use crate::alarm::AlarmStatus;
use crate::definitions::{AlarmRow, AlarmTier, alarm};
use crate::mac::Mac;
use std::borrow::Cow;
use uuid::Uuid;

/// An alarm that a source raises by its key, with what it saw.
#[derive(Clone, PartialEq, Debug)]
pub struct AlarmReport<'a> {
    /// What it is.
    pub row: &'static AlarmRow,
    /// The device that it is about, or that saw it.
    pub mac: Mac,
    /// Whether a condition goes on; incidents have no status.
    pub status: Option<AlarmStatus>,
    /// The client.
    pub client_mac: Option<Mac>,
    /// Another client that it is about.
    pub peer_mac: Option<Mac>,
    /// The BSSID.
    pub bssid: Option<Mac>,
    /// The SSID.
    pub ssid: Option<Cow<'a, str>>,
    /// The port.
    pub port_id: Option<Cow<'a, str>>,
    /// The VLAN.
    pub vlan: Option<Cow<'a, str>>,
    /// The server.
    pub server: Option<Cow<'a, str>>,
    /// The WLAN.
    pub wlan_id: Option<Uuid>,
    /// Why.
    pub reason: Option<Cow<'a, str>>,
}

impl<'a> AlarmReport<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let key = required(text(fields, Field::Type), Field::Type)?;
        let row = alarm(&key).ok_or_else(|| error(Field::Type, "no alarm has this key"))?;
        if row.tier() == AlarmTier::Ours {
            return Err(error(Field::Type, "Foghorn finds that out itself"));
        }
        let status = match text(fields, Field::Status).as_deref() {
            None => None,
            Some("open") => Some(AlarmStatus::Open),
            Some("resolved") => Some(AlarmStatus::Resolved),
            Some(_) => return Err(error(Field::Status, "not one of open, resolved")),
        };
        if status.is_some() && !row.lasts {
            return Err(error(Field::Status, "an incident has no status"));
        }
        Ok(Self {
            row,
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            status,
            client_mac: mac(fields, Field::ClientMac),
            peer_mac: mac(fields, Field::PeerMac),
            bssid: mac(fields, Field::Bssid),
            ssid: text(fields, Field::Ssid),
            port_id: text(fields, Field::PortId),
            vlan: text(fields, Field::Vlan),
            server: text(fields, Field::Server),
            wlan_id: id(fields, Field::WlanId),
            reason: text(fields, Field::Reason),
        })
    }
}
