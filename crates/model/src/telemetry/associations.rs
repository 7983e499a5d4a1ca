//! Everybody who is associated with an AP, at a time.
//!
//! The opposite of a change: what is not in it is said too. So it is whole or it is nothing, and
//! a list that has no room for all of an AP's clients is one of a single BSSID.

use super::field::{Field, FieldError, Fields};
use super::{ClientFacts, count, error, id, mac, objects, required, rssi, text};
use crate::mac::Mac;
use crate::time::Micros;
use std::borrow::Cow;
use uuid::Uuid;

/// The most BSSIDs of a list.
pub const CELLS_MAX: usize = 64;
/// The most clients of a list, over all of its BSSIDs.
pub const LISTED_MAX: usize = 2000;
/// Who is associated for longer counts as for this long: as far back as a time may lie.
const CONNECTED_SECS_MAX: u64 = 30 * 86_400;

/// A list.
#[derive(Clone, PartialEq, Debug)]
pub struct Associations<'a> {
    /// The AP.
    pub ap: Mac,
    /// The BSSID that it is of; none when it is of all of the AP's.
    pub bssid: Option<Mac>,
    /// The BSSIDs.
    pub cells: Vec<Cell<'a>>,
}

/// A BSSID with all of its clients.
#[derive(Clone, PartialEq, Debug)]
pub struct Cell<'a> {
    /// The BSSID.
    pub bssid: Mac,
    /// The SSID.
    pub ssid: Cow<'a, str>,
    /// `24`, `5` or `6`.
    pub band: Option<Cow<'a, str>>,
    /// The WLAN's id, when the source has one.
    pub wlan_id: Option<Uuid>,
    /// The clients.
    pub clients: Vec<ListedClient<'a>>,
}

/// A client that is associated.
#[derive(Clone, PartialEq, Debug)]
pub struct ListedClient<'a> {
    /// The client.
    pub mac: Mac,
    /// For how long it has been. An AP may list who has moved on for as long as it does not
    /// notice: without this such a client is not told from one that came.
    pub connected: Option<Micros>,
    /// Signal strength, dBm.
    pub rssi: Option<f64>,
    /// What else is known.
    pub facts: ClientFacts<'a>,
}

impl<'a> Associations<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let bssid = mac(fields, Field::Bssid);
        let cells = objects(fields, Field::Cells).into_iter().map(Cell::read);
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        if bssid.is_some_and(|bssid| cells.iter().any(|cell| cell.bssid != bssid)) {
            return Err(error(Field::Cells, "another BSSID than the list is of"));
        }
        let listed: usize = cells.iter().map(|cell| cell.clients.len()).sum();
        if listed > LISTED_MAX {
            return Err(error(Field::Clients, &format!("more than {LISTED_MAX} in all")));
        }
        Ok(Self { ap: required(mac(fields, Field::Ap), Field::Ap)?, bssid, cells })
    }
}

impl<'a> Cell<'a> {
    fn read(mut fields: Fields<'a>) -> Result<Self, FieldError> {
        let clients = objects(&mut fields, Field::Clients).into_iter().map(ListedClient::read);
        Ok(Self {
            clients: clients.collect::<Result<_, _>>()?,
            bssid: required(mac(&mut fields, Field::Bssid), Field::Bssid)?,
            ssid: required(text(&mut fields, Field::Ssid), Field::Ssid)?,
            band: text(&mut fields, Field::Band),
            wlan_id: id(&mut fields, Field::WlanId),
        })
    }
}

impl<'a> ListedClient<'a> {
    fn read(mut fields: Fields<'a>) -> Result<Self, FieldError> {
        let span = |secs: u64| Micros::from_secs(secs.min(CONNECTED_SECS_MAX).cast_signed());
        Ok(Self {
            mac: required(mac(&mut fields, Field::Mac), Field::Mac)?,
            connected: count(&mut fields, Field::Connected).map(span),
            rssi: rssi(&mut fields, Field::Rssi),
            facts: ClientFacts::read(&mut fields),
        })
    }
}
