//! A document taken apart, and made a list of associations.

use super::document::{Association, Document, Interface, Loose, Rate, Ssid};
use crate::line::Line;
use crate::times::believed;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use foghorn_model::telemetry::field::Field;
use foghorn_model::telemetry::{CELLS_MAX, Kind, LISTED_MAX};
use foghorn_model::{Mac, Timestamp};
use std::collections::BTreeMap;
use std::io::Read;
use std::net::Ipv4Addr;

/// The largest document, unpacked.
pub const STATE_BYTES_MAX: usize = 4 << 20;
/// The channels of 2.4 GHz; what has a higher number is of 5 GHz, unless the document says more.
const CHANNEL_24_MAX: f64 = 14.0;
/// The fastest that a client is taken to be.
const MBPS_MAX: f64 = 1e6;
/// 2^53: above, a floating-point number skips whole ones.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The AP.
    pub ap: Mac,
    /// How many clients are associated with it.
    pub clients: usize,
    /// The list, as a line of telemetry.
    pub line: Vec<u8>,
}

/// Why a document cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It is not JSON, or not of this form.
    #[error("JSON parse error - {0}")]
    Json(String),
    /// It is larger than it may be.
    #[error("the document is larger than {STATE_BYTES_MAX} bytes")]
    TooLarge,
    /// Something is wrong with a member.
    #[error("{reason}")]
    Field {
        /// The member: `interfaces[0].ssids[1].bssid`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads a document. `ap` says whose it is where the document does not.
///
/// # Errors
/// [`StateError`]: of a document all is taken or nothing.
pub fn read_state(body: &[u8], ap: Option<Mac>, now: Timestamp) -> Result<State, StateError> {
    if body.len() > STATE_BYTES_MAX {
        return Err(StateError::TooLarge);
    }
    let mut serial = None;
    let mut document = opened(parse(body)?, &mut serial)?;
    if let Some(packed) = document.compress_64.take() {
        document = opened(parse(&unpack(&packed)?)?, &mut serial)?;
        if document.compress_64.is_some() {
            return Err(field("compress_64", "packed twice"));
        }
    }
    let said = serial.map(|serial| serial.parse().map_err(|_| field("serial", "not an address")));
    let ap = said.transpose()?.or(ap).ok_or_else(|| field("serial", "it is missing"))?;
    list(&document, ap, now)
}

/// What is within notification and parameters; notes the first `serial` on the way.
fn opened(mut document: Document, serial: &mut Option<String>) -> Result<Document, StateError> {
    loop {
        if document.method.as_ref().is_some_and(|method| method != "state") {
            return Err(field("method", "not state"));
        }
        *serial = serial.take().or(document.serial.take());
        match document.params.take().or(document.state.take()) {
            Some(inner) => document = *inner,
            None => return Ok(document),
        }
    }
}

fn parse(body: &[u8]) -> Result<Document, StateError> {
    serde_json::from_slice(body).map_err(|error| StateError::Json(error.to_string()))
}

/// zlib under base64.
fn unpack(packed: &str) -> Result<Vec<u8>, StateError> {
    let broken = |_| field("compress_64", "not zlib under base64");
    let packed = STANDARD.decode(packed).map_err(|_| broken(()))?;
    let mut unpacked = Vec::new();
    let decoder = flate2::read::ZlibDecoder::new(&*packed);
    let limit = STATE_BYTES_MAX as u64 + 1;
    decoder.take(limit).read_to_end(&mut unpacked).map_err(|_| broken(()))?;
    if unpacked.len() > STATE_BYTES_MAX { Err(StateError::TooLarge) } else { Ok(unpacked) }
}

fn list(document: &Document, ap: Mac, now: Timestamp) -> Result<State, StateError> {
    let interfaces =
        document.interfaces.as_ref().ok_or_else(|| field("interfaces", "it is missing"))?;
    let addresses = addresses(interfaces);
    let (mut cells, mut listed) = (Vec::new(), 0);
    for (at, interface) in interfaces.iter().enumerate() {
        for (of, ssid) in interface.ssids.iter().enumerate() {
            if ssid.mode.as_ref().is_some_and(|mode| mode != "ap") {
                continue;
            }
            let place = format!("interfaces[{at}].ssids[{of}]");
            listed += ssid.associations.len();
            cells.push(cell(ssid, document, &addresses, &place)?);
        }
    }
    if cells.len() > CELLS_MAX {
        return Err(field("interfaces", format!("more than {CELLS_MAX} BSSIDs")));
    }
    if listed > LISTED_MAX {
        return Err(field("interfaces", format!("more than {LISTED_MAX} associations")));
    }
    let made = document.unit.as_ref().and_then(|unit| unit.localtime);
    let time = made.and_then(Timestamp::from_secs_f64).and_then(|at| believed(at, now));
    let line = Line::new(Kind::ClientAssociations).mac(Field::Ap, ap).objects(Field::Cells, cells);
    // Every field is of the form that the table has for it by now.
    let line = line.finish(None, time).ok_or_else(|| field("interfaces", "not a list"))?;
    Ok(State { ap, clients: listed, line })
}

/// The addresses that the AP has seen clients use.
fn addresses(interfaces: &[Interface]) -> BTreeMap<Mac, Ipv4Addr> {
    let clients = interfaces.iter().flat_map(|interface| &interface.clients);
    let addresses = clients.filter_map(|client| {
        let mac = client.mac.as_ref()?.parse().ok()?;
        let address = client.ipv4_addresses.iter().find_map(|text| usable(text))?;
        Some((mac, address))
    });
    addresses.collect()
}

fn usable(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok().filter(|address: &Ipv4Addr| !address.is_unspecified())
}

fn cell(
    ssid: &Ssid,
    document: &Document,
    addresses: &BTreeMap<Mac, Ipv4Addr>,
    place: &str,
) -> Result<Line, StateError> {
    let bssid = ssid.bssid.as_deref().and_then(|text| text.parse().ok());
    let bssid = bssid.ok_or_else(|| field(format!("{place}.bssid"), "not an address"))?;
    let name =
        ssid.ssid.as_deref().ok_or_else(|| field(format!("{place}.ssid"), "it is missing"))?;
    let clients = ssid.associations.iter().enumerate().map(|(at, association)| {
        let place = || format!("{place}.associations[{at}].station");
        client(association, addresses).ok_or_else(|| field(place(), "not an address"))
    });
    let cell = Line::object().mac(Field::Bssid, bssid).text(Field::Ssid, name);
    let cell = cell.text_opt(Field::Band, band(ssid, document));
    Ok(cell.objects(Field::Clients, clients.collect::<Result<_, _>>()?))
}

/// The `bssid` of an association is no help: in older firmware it is the station's own address.
fn client(association: &Association, addresses: &BTreeMap<Mac, Ipv4Addr>) -> Option<Line> {
    let mac: Mac = association.station.as_deref()?.parse().ok()?;
    let connected = whole(association.connected.as_ref());
    let rssi = association.rssi.as_ref().and_then(|it| it.number());
    let address = association.ipaddr_v4.as_deref().and_then(usable);
    let address = address.or_else(|| addresses.get(&mac).copied());
    let client = Line::object().mac(Field::Mac, mac).count_opt(Field::Connected, connected);
    let client = client.number_opt(Field::Rssi, rssi.filter(|it| (-150.0..=30.0).contains(it)));
    let address = address.map(|it| it.to_string());
    let client = client.text_opt(Field::ClientIp, address.as_deref());
    let counted = [
        (Field::RxBytes, &association.rx_bytes),
        (Field::RxPkts, &association.rx_packets),
        (Field::TxBytes, &association.tx_bytes),
        (Field::TxPkts, &association.tx_packets),
        (Field::TxRetries, &association.tx_retries),
    ];
    let client = counted
        .into_iter()
        .fold(client, |client, (field, counter)| client.count_opt(field, whole(counter.as_ref())));
    let rates = [(Field::RxRate, &association.rx_rate), (Field::TxRate, &association.tx_rate)];
    let client = rates.into_iter().fold(client, |client, (field, rate)| {
        client.number_opt(field, rate.as_ref().and_then(mbps))
    });
    Some(client)
}

/// A count, if it is one that a number holds exactly.
fn whole(number: Option<&Loose>) -> Option<u64> {
    number?.number().filter(|it| (0.0..=EXACT_MAX).contains(it)).map(|it| it as u64)
}

/// Mbit/s to a tenth, if it is a rate that a radio may have.
fn mbps(rate: &Rate) -> Option<f64> {
    let kbps = rate.bitrate.as_ref()?.number()?;
    Some((kbps / 100.0).round() / 10.0).filter(|it| (0.0..=MBPS_MAX).contains(it))
}

fn band(ssid: &Ssid, document: &Document) -> Option<&'static str> {
    let radio = ssid.radio.as_ref().and_then(|radio| radio.path.as_deref());
    let radio = radio.and_then(|path| path.strip_prefix("#/radios/")?.parse::<usize>().ok());
    let radio = radio.and_then(|at| document.radios.get(at));
    let named = ssid.band.as_ref().or(radio.and_then(|it| it.band.first()));
    match named.map(String::as_str) {
        Some("2G") => Some("24"),
        Some("5G" | "5G-lower" | "5G-upper") => Some("5"),
        Some("6G") => Some("6"),
        Some(_) => None,
        None => {
            let channel = radio?.channel.as_ref()?.number()?;
            Some(if channel <= CHANNEL_24_MAX { "24" } else { "5" })
        }
    }
}

fn field(field: impl Into<String>, reason: impl Into<String>) -> StateError {
    StateError::Field { field: field.into(), reason: reason.into() }
}

#[cfg(test)]
mod tests;
