//! Telemetry: what sources tell about devices and clients, one JSON object a line.
//!
//! This is the public input form and the journal's form at once: every protocol decoder ends in
//! such a line, and the engine reads it with the same code that validated it. A line that this
//! module accepts can be folded by every later version.
//!
//! A new kind is a row in [`KINDS`], a struct beside the others and an arm in [`Telemetry::parse`].

mod accounting;
mod alarm;
mod client;
mod device;
pub mod field;
mod schema;
#[cfg(test)]
mod tests;

pub use accounting::{Accounting, AccountingStatus, ClientType};
pub use alarm::AlarmReport;
pub use client::{Association, ClientFacts, Disassociation, Sighting};
pub use device::{DeviceChange, DeviceEvent, DeviceReport, Radio, Severity};
pub use schema::json_schemas;

use crate::time::Timestamp;
use field::{Field, FieldError, FieldValue, Fields, set};
use std::borrow::Cow;

/// The kind of a telemetry record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A device is alive.
    DeviceHeartbeat,
    /// A device reached its controller.
    DeviceConnected,
    /// A device lost its controller.
    DeviceDisconnected,
    /// A device started anew.
    DeviceRestarted,
    /// Anything else that a device reports.
    DeviceEvent,
    /// A client associated with an AP.
    ClientAssociated,
    /// A client is still there.
    ClientSeen,
    /// A client left.
    ClientDisassociated,
    /// A RADIUS accounting request.
    Accounting,
    /// An alarm that the source knows by its key.
    Alarm,
}

/// What is fixed about a kind.
#[derive(Clone, Copy, Debug)]
pub struct KindRow {
    /// The kind.
    pub kind: Kind,
    /// Its name in the `kind` field.
    pub name: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// The fields that it must have, as a set.
    pub required: u64,
    /// The fields that it may have beside those.
    pub optional: u64,
    /// A line of this kind.
    pub example: &'static str,
}

const ALWAYS: u64 = set(&[Field::Kind]);
const ANY: u64 = set(&[Field::Id, Field::Time]);
const DEVICE: u64 =
    ANY | set(&[Field::Reason, Field::Text, Field::Version, Field::ExtIp, Field::AuditId]);
const CLIENT: u64 = ANY
    | set(&[
        Field::Rssi,
        Field::Band,
        Field::ClientIp,
        Field::ClientHostname,
        Field::ClientUsername,
        Field::ClientFamily,
        Field::ClientManufacture,
        Field::ClientModel,
        Field::ClientOs,
    ]);

/// Every kind, in the order of [`Kind`].
pub const KINDS: &[KindRow] = &[
    KindRow {
        kind: Kind::DeviceHeartbeat,
        name: "device-heartbeat",
        doc: "A device is alive. From the first one on, silence longer than the heartbeat timeout \
              of its type counts as a disconnect.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: DEVICE,
        example: r#"{"kind":"device-heartbeat","mac":"5c5b35000001","version":"0.14.29411"}"#,
    },
    KindRow {
        kind: Kind::DeviceConnected,
        name: "device-connected",
        doc: "A device reached its controller.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: DEVICE,
        example: r#"{"kind":"device-connected","mac":"5c:5b:35:00:00:01","ext_ip":"203.0.113.7"}"#,
    },
    KindRow {
        kind: Kind::DeviceDisconnected,
        name: "device-disconnected",
        doc: "A device lost its controller.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: DEVICE,
        example: r#"{"kind":"device-disconnected","mac":"5c5b35000001","time":1782127701.568}"#,
    },
    KindRow {
        kind: Kind::DeviceRestarted,
        name: "device-restarted",
        doc: "A device started anew.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: DEVICE,
        example: r#"{"kind":"device-restarted","mac":"5c5b35000001","reason":"power_cycle"}"#,
    },
    KindRow {
        kind: Kind::DeviceEvent,
        name: "device-event",
        doc: "Anything else that a device reports; `type` is the event type that goes out.",
        required: ALWAYS | set(&[Field::Mac, Field::Type]),
        optional: DEVICE
            | set(&[
                Field::Severity,
                Field::PortId,
                Field::Count,
                Field::PeerMac,
                Field::Ssid,
                Field::WlanId,
                Field::Band,
                Field::Channel,
                Field::Bandwidth,
                Field::Power,
                Field::PreChannel,
                Field::PreBandwidth,
                Field::PrePower,
            ]),
        example: r#"{"kind":"device-event","mac":"5c5b35000001","type":"AP_CONFIGURED"}"#,
    },
    KindRow {
        kind: Kind::ClientAssociated,
        name: "client-associated",
        doc: "A client associated. At another AP or BSSID than before, it roamed.",
        required: ALWAYS | set(&[Field::Mac, Field::Ap, Field::Bssid, Field::Ssid]),
        optional: CLIENT | set(&[Field::WlanId, Field::PskId, Field::PskName]),
        example: r#"{"kind":"client-associated","mac":"70ef0071535f","ap":"5c5b35d01338","bssid":"5c5b35df18a1","ssid":"Maui","band":"5","rssi":-54}"#,
    },
    KindRow {
        kind: Kind::ClientSeen,
        name: "client-seen",
        doc: "An associated client is still there; what is given replaces what was known.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: CLIENT | set(&[Field::Ap]),
        example: r#"{"kind":"client-seen","mac":"70ef0071535f","rssi":-61,"client_ip":"10.5.72.249"}"#,
    },
    KindRow {
        kind: Kind::ClientDisassociated,
        name: "client-disassociated",
        doc: "A client left the AP that is named, or the one that it was at.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: ANY | set(&[Field::Ap, Field::Bssid, Field::Rssi]),
        example: r#"{"kind":"client-disassociated","mac":"70ef0071535f","ap":"5c5b35d01338"}"#,
    },
    KindRow {
        kind: Kind::Accounting,
        name: "accounting",
        doc: "A RADIUS accounting request, as the RADIUS listener writes it.",
        required: ALWAYS | set(&[Field::Status, Field::NasIp]),
        optional: ANY
            | set(&[
                Field::SessionId,
                Field::MultiSessionId,
                Field::NasId,
                Field::NasVendor,
                Field::Mac,
                Field::Ap,
                Field::Bssid,
                Field::Ssid,
                Field::Username,
                Field::ClientIp,
                Field::ClientType,
                Field::AuthType,
                Field::PortId,
                Field::Vlan,
                Field::RxBytes,
                Field::TxBytes,
                Field::RxPkts,
                Field::TxPkts,
                Field::SessionTime,
                Field::TerminateCause,
            ]),
        example: r#"{"kind":"accounting","status":"start","nas_ip":"172.16.0.10","session_id":"46A689BBEA655716","mac":"5e6601115b49","ssid":"PK_NAC","username":"user1@example.net"}"#,
    },
    KindRow {
        kind: Kind::Alarm,
        name: "alarm",
        doc: "An alarm by its key (`/const/alarm_defs`), from a source that knows. Alarms of the \
              group `marvis` are conditions: they are open until the source says `resolved`.",
        required: ALWAYS | set(&[Field::Type, Field::Mac]),
        optional: ANY
            | set(&[
                Field::Status,
                Field::ClientMac,
                Field::PeerMac,
                Field::Bssid,
                Field::Ssid,
                Field::PortId,
                Field::Vlan,
                Field::Reason,
            ]),
        example: r#"{"kind":"alarm","type":"beacon_flood","mac":"5c5b35000001","ssid":"Free WiFi","bssid":"02a1b2c3d4e5"}"#,
    },
];

impl Kind {
    /// The row of the table.
    pub fn row(self) -> &'static KindRow {
        &KINDS[self as usize]
    }

    fn named(name: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.name == name).map(|row| row.kind)
    }
}

/// One telemetry record.
#[derive(Clone, PartialEq, Debug)]
pub struct Telemetry<'a> {
    /// The source's id of the record, for de-duplication.
    pub id: Option<Cow<'a, str>>,
    /// When it happened by the source's clock.
    pub time: Option<Timestamp>,
    /// What it says.
    pub report: Report<'a>,
}

/// What a telemetry record says.
#[derive(Clone, PartialEq, Debug)]
pub enum Report<'a> {
    /// A device's state, or an event of it.
    Device(DeviceReport<'a>),
    /// A client came or roamed.
    Associated(Association<'a>),
    /// A client is still there.
    Seen(Sighting<'a>),
    /// A client left.
    Disassociated(Disassociation),
    /// A RADIUS accounting request.
    Accounting(Box<Accounting<'a>>),
    /// An alarm.
    Alarm(Box<AlarmReport<'a>>),
}

impl<'a> Telemetry<'a> {
    /// Reads one line.
    ///
    /// # Errors
    /// Whatever is not exactly a record of a known kind, with the field at fault.
    pub fn parse(line: &'a [u8]) -> Result<Self, FieldError> {
        let mut fields = Fields::parse(line)?;
        let name = text(&mut fields, Field::Kind)
            .ok_or_else(|| error(Field::Kind, "the field is missing"))?;
        let kind = Kind::named(&name).ok_or_else(|| error(Field::Kind, "unknown kind"))?;
        let row = kind.row();
        check_fields(row, fields.present() | Field::Kind.bit())?;
        Ok(Self {
            id: text(&mut fields, Field::Id),
            time: time(&mut fields, Field::Time),
            report: match kind {
                Kind::DeviceHeartbeat
                | Kind::DeviceConnected
                | Kind::DeviceDisconnected
                | Kind::DeviceRestarted
                | Kind::DeviceEvent => Report::Device(DeviceReport::read(kind, &mut fields)?),
                Kind::ClientAssociated => Report::Associated(Association::read(&mut fields)?),
                Kind::ClientSeen => Report::Seen(Sighting::read(&mut fields)?),
                Kind::ClientDisassociated => {
                    Report::Disassociated(Disassociation::read(&mut fields)?)
                }
                Kind::Accounting => Report::Accounting(Box::new(Accounting::read(&mut fields)?)),
                Kind::Alarm => Report::Alarm(Box::new(AlarmReport::read(&mut fields)?)),
            },
        })
    }
}

fn check_fields(row: &KindRow, present: u64) -> Result<(), FieldError> {
    let wrong = |fields: u64, detail: String| {
        let at = fields.trailing_zeros() as usize;
        FieldError { field: Some(field::FIELDS[at].key.into()), detail }
    };
    let missing = row.required & !present;
    if missing != 0 {
        return Err(wrong(missing, format!("the field is missing from {}", row.name)));
    }
    let foreign = present & !(row.required | row.optional);
    if foreign != 0 {
        return Err(wrong(foreign, format!("not a field of {}", row.name)));
    }
    Ok(())
}

fn error(field: Field, detail: &str) -> FieldError {
    FieldError { field: Some(field.row().key.into()), detail: detail.into() }
}

/// A required field was checked to be present; this is the message should a table lie.
fn required<T>(value: Option<T>, field: Field) -> Result<T, FieldError> {
    value.ok_or_else(|| error(field, "the field is missing"))
}

macro_rules! getters {
    ($($name:ident $variant:ident $type:ty;)*) => {$(
        fn $name<'a>(fields: &mut Fields<'a>, field: Field) -> Option<$type> {
            match fields.take(field) {
                FieldValue::$variant(value) => Some(value),
                _ => None,
            }
        }
    )*};
}

getters! {
    text Text Cow<'a, str>;
    time Time Timestamp;
    mac Mac crate::mac::Mac;
    rssi Rssi f64;
    count Count u64;
    ip Ip std::net::IpAddr;
    id Id uuid::Uuid;
}
