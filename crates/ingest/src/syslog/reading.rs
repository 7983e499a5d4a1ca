//! What a message means: a vendor is guessed, its tables are asked.

use super::directory::Route;
use super::message::{MERAKI, Message};
use super::{cisco, hostapd, meraki};
use crate::line::Line;
use foghorn_model::telemetry::field::Field;
use prometheus_client::encoding::EncodeLabelValue;
use sha2::{Digest, Sha256};

/// Whose words a message is written in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelValue)]
pub enum Vendor {
    /// hostapd, also of OpenWrt.
    Hostapd,
    /// Cisco Meraki.
    Meraki,
    /// Cisco IOS and IOS XE.
    Cisco,
    /// Anybody else's.
    Other,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Whose words it is written in.
    pub vendor: Vendor,
    /// What it says to us.
    pub said: Said,
}

/// What a message says to us.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// These telemetry lines, in order.
    Lines(Vec<Vec<u8>>),
    /// A pattern knows it, and it says nothing that is told: another message does, or none has to.
    Nothing,
    /// No pattern knows it.
    Unknown,
    /// It is about a device, and which one is not known in this site.
    NoDevice,
}

/// What the tables of a vendor answer.
pub(super) enum Meaning {
    Lines(Vec<Line>),
    Nothing,
    Unknown,
    NoDevice,
}

impl From<Line> for Meaning {
    fn from(line: Line) -> Self {
        Self::Lines(vec![line])
    }
}

/// Reads a message that came from a sender of this route.
pub fn read(message: &Message<'_>, route: &Route<'_>) -> Reading {
    let (vendor, meaning) = if message.app == Some(MERAKI) {
        (Vendor::Meraki, meraki::read(message.text, route))
    } else if let Some(mnemonic) = cisco::mnemonic(message.text) {
        (Vendor::Cisco, cisco::read(&mnemonic, route))
    } else {
        match hostapd::event(message.app, message.text) {
            Some(event) => (Vendor::Hostapd, hostapd::read(&event, route)),
            None => (Vendor::Other, Meaning::Unknown),
        }
    };
    let said = match meaning {
        Meaning::Lines(lines) => finish(lines, message, route),
        Meaning::Nothing => Said::Nothing,
        Meaning::Unknown => Said::Unknown,
        Meaning::NoDevice => Said::NoDevice,
    };
    Reading { vendor, said }
}

/// A record of a device is taken only for a device of the site, as by every other way in.
fn finish(lines: Vec<Line>, message: &Message<'_>, route: &Route<'_>) -> Said {
    let foreign = |line: &Line| line.device().is_some_and(|mac| route.by_mac(mac).is_none());
    if lines.iter().any(foreign) {
        return Said::NoDevice;
    }
    let id = id(message);
    let source = route.sender.map(|sender| format!("syslog {sender}"));
    let lines = lines.into_iter().enumerate().filter_map(|(at, line)| {
        let line = line.text_opt(Field::Source, source.as_deref());
        let id = id.as_deref().map(|id| format!("{id}-{at}"));
        line.finish(id.as_deref(), message.time)
    });
    let lines: Vec<Vec<u8>> = lines.collect();
    if lines.is_empty() { Said::Unknown } else { Said::Lines(lines) }
}

/// The same words at the same time by the sender's clock are the same message, whichever way it
/// comes. A message without a time of its own has no id: said again, it may have happened again.
fn id(message: &Message<'_>) -> Option<String> {
    let time = message.time?;
    let digest = Sha256::new()
        .chain_update(time.0.to_be_bytes())
        .chain_update(message.text.as_bytes())
        .finalize();
    Some(digest[..16].iter().map(|octet| format!("{octet:02x}")).collect())
}
