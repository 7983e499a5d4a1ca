//! Telemetry: what sources tell about devices and clients, one JSON object a line.
//!
//! This is the public input form and the journal's form at once: every protocol decoder ends in
//! such a line, and the engine reads it with the same code that validated it. A line that this
//! module accepts can be folded by every later version.
//!
//! A new kind is a row in `kinds.rs`, a struct beside the others and an arm in [`Telemetry::parse`].

mod accounting;
mod alarm;
mod associations;
mod carried;
mod client;
mod device;
mod edge;
pub mod field;
mod intrusion;
mod kinds;
mod link;
mod observation;
mod radio;
mod schema;
mod step;
#[cfg(test)]
mod tests;

pub use accounting::{Accounting, AccountingStatus, ClientType};
pub use alarm::AlarmReport;
pub use associations::{Associations, CELLS_MAX, Cell, LISTED_MAX, ListedClient};
pub use carried::Carried;
pub use client::{Association, ClientFacts, Disassociation, Sighting};
pub use device::{DeviceChange, DeviceEvent, DeviceReport, PeeringKind, Radio, Severity};
pub use edge::{EdgeChange, EdgeEvent, EdgePart, EdgeReport, EdgeResource, ServiceState};
pub use intrusion::{Attack, IntrusionReport, Threat, ThreatReport};
pub use kinds::KINDS;
pub use link::Link;
pub use observation::{NeighborReport, PathReport, PortReport};
pub use radio::RadioReport;
pub use schema::json_schemas;
pub use step::{ClientHappening, ClientStep, Step};

use crate::time::Timestamp;
use field::{Field, FieldError, FieldSet, FieldValue, Fields};
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
    /// Everybody who is associated with an AP.
    ClientAssociations,
    /// A RADIUS accounting request.
    Accounting,
    /// An alarm that the source knows by its key.
    Alarm,
    /// A client authenticated, or failed to.
    ClientAuth,
    /// A client asked for an address.
    ClientDhcp,
    /// A client asked for a name.
    ClientDns,
    /// A client asked for its gateway.
    ClientArp,
    /// Access control decided something about a client.
    NacEvent,
    /// A guest was let in.
    GuestAuthorization,
    /// An edge is alive.
    EdgeHeartbeat,
    /// An edge started anew.
    EdgeRestarted,
    /// How a port of an edge is.
    EdgePort,
    /// Whether a part of an edge is there.
    EdgePart,
    /// How a service of an edge is.
    EdgeService,
    /// How much of a resource an edge uses.
    EdgeResource,
    /// Anything else that an edge reports.
    EdgeEvent,
    /// How a port is.
    PortStats,
    /// How an uplink is.
    PathStats,
    /// A radio heard another AP.
    Neighbor,
    /// A radio noticed an attack.
    Intrusion,
    /// Anything else that befell a client.
    ClientEvent,
    /// What a device of another vendor reports.
    OtherDeviceEvent,
    /// How a radio is.
    RadioStats,
    /// A gateway noticed an attack.
    Threat,
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
    /// The fields that it must have.
    pub required: FieldSet,
    /// The fields that it may have beside those.
    pub optional: FieldSet,
    /// A line of this kind.
    pub example: &'static str,
}

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
    /// The collector or sender that it came through.
    pub source: Option<Cow<'a, str>>,
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
    /// Everybody who is associated with an AP.
    Associations(Associations<'a>),
    /// A RADIUS accounting request.
    Accounting(Box<Accounting<'a>>),
    /// An alarm.
    Alarm(Box<AlarmReport<'a>>),
    /// A client went a step.
    Step(Box<ClientStep<'a>>),
    /// Access control decided.
    Decision(Box<Carried<'a>>),
    /// A guest was let in.
    Guest(Box<Carried<'a>>),
    /// An edge's state, or an event of it.
    Edge(EdgeReport<'a>),
    /// How a port is.
    Port(Box<PortReport<'a>>),
    /// How an uplink is.
    Path(Box<PathReport<'a>>),
    /// A radio heard another AP.
    Neighbor(NeighborReport<'a>),
    /// A radio noticed an attack.
    Intrusion(Box<IntrusionReport<'a>>),
    /// Something befell a client.
    Happening(Box<ClientHappening<'a>>),
    /// A device of another vendor reported something.
    OtherDevice(Box<Carried<'a>>),
    /// How a radio is.
    Radio(Box<RadioReport<'a>>),
    /// A gateway noticed an attack.
    Threat(Box<ThreatReport<'a>>),
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
        check_fields(row, fields.present().and(&[Field::Kind]))?;
        Ok(Self {
            id: text(&mut fields, Field::Id),
            time: time(&mut fields, Field::Time),
            source: text(&mut fields, Field::Source),
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
                Kind::ClientAssociations => Report::Associations(Associations::read(&mut fields)?),
                Kind::Accounting => Report::Accounting(Box::new(Accounting::read(&mut fields)?)),
                Kind::Alarm => Report::Alarm(Box::new(AlarmReport::read(&mut fields)?)),
                Kind::ClientAuth | Kind::ClientDhcp | Kind::ClientDns | Kind::ClientArp => {
                    Report::Step(Box::new(ClientStep::read(kind, &mut fields)?))
                }
                Kind::NacEvent => {
                    Report::Decision(Box::new(Carried::read_decision(row, &mut fields)?))
                }
                Kind::GuestAuthorization => {
                    Report::Guest(Box::new(Carried::read(row, &mut fields)?))
                }
                Kind::EdgeHeartbeat
                | Kind::EdgeRestarted
                | Kind::EdgePort
                | Kind::EdgePart
                | Kind::EdgeService
                | Kind::EdgeResource
                | Kind::EdgeEvent => Report::Edge(EdgeReport::read(kind, &mut fields)?),
                Kind::PortStats => Report::Port(Box::new(PortReport::read(&mut fields)?)),
                Kind::PathStats => Report::Path(Box::new(PathReport::read(&mut fields)?)),
                Kind::Neighbor => Report::Neighbor(NeighborReport::read(&mut fields)?),
                Kind::Intrusion => Report::Intrusion(Box::new(IntrusionReport::read(&mut fields)?)),
                Kind::ClientEvent => {
                    Report::Happening(Box::new(ClientHappening::read(&mut fields)?))
                }
                Kind::OtherDeviceEvent => {
                    Report::OtherDevice(Box::new(Carried::read_other_device(row, &mut fields)?))
                }
                Kind::RadioStats => Report::Radio(Box::new(RadioReport::read(&mut fields)?)),
                Kind::Threat => Report::Threat(Box::new(ThreatReport::read(&mut fields)?)),
            },
        })
    }
}

fn check_fields(row: &KindRow, present: FieldSet) -> Result<(), FieldError> {
    if let Some(missing) = row.required.without(present).first() {
        return Err(error(missing, &format!("the field is missing from {}", row.name)));
    }
    if let Some(foreign) = present.without(row.required.or(row.optional)).first() {
        return Err(error(foreign, &format!("not a field of {}", row.name)));
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
    flag Flag bool;
    span Secs crate::time::Micros;
    percent Percent f64;
    number Number f64;
    texts_opt Texts Vec<String>;
    objects_opt Objects Vec<Fields<'a>>;
}

fn objects<'a>(fields: &mut Fields<'a>, field: Field) -> Vec<Fields<'a>> {
    objects_opt(fields, field).unwrap_or_default()
}

fn texts(fields: &mut Fields<'_>, field: Field) -> Vec<String> {
    texts_opt(fields, field).unwrap_or_default()
}
