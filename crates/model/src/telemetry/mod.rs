//! Telemetry: what sources tell about devices and clients, one JSON object a line.
//!
//! This is the public input form and the journal's form at once: every protocol decoder ends in
//! such a line, and the engine reads it with the same code that validated it. A line that this
//! module accepts can be folded by every later version.
//!
//! A new kind is a row in [`KINDS`], a struct beside the others and an arm in [`Telemetry::parse`].

mod accounting;
mod alarm;
mod carried;
mod client;
mod device;
mod edge;
pub mod field;
mod observation;
mod schema;
mod step;
#[cfg(test)]
mod tests;

pub use accounting::{Accounting, AccountingStatus, ClientType};
pub use alarm::AlarmReport;
pub use carried::Carried;
pub use client::{Association, ClientFacts, Disassociation, Sighting};
pub use device::{DeviceChange, DeviceEvent, DeviceReport, Radio, Severity};
pub use edge::{EdgeChange, EdgeEvent, EdgePart, EdgeReport, EdgeResource, ServiceState};
pub use observation::{Attack, IntrusionReport, NeighborReport, PathReport, PortReport};
pub use schema::json_schemas;
pub use step::{ClientStep, Step};

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
    pub required: u128,
    /// The fields that it may have beside those.
    pub optional: u128,
    /// A line of this kind.
    pub example: &'static str,
}

const ALWAYS: u128 = set(&[Field::Kind]);
const ANY: u128 = set(&[Field::Id, Field::Time]);
const DEVICE: u128 = ANY
    | set(&[Field::Reason, Field::Text, Field::Version, Field::ExtIp, Field::AuditId])
    | set(&[Field::Uplink]);
const STEP: u128 = ANY
    | set(&[
        Field::Duration,
        Field::Reason,
        Field::Text,
        Field::Server,
        Field::Ap,
        Field::Bssid,
        Field::Ssid,
        Field::WlanId,
        Field::Band,
        Field::Vlan,
    ]);
const CLIENT: u128 = ANY
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
    KindRow {
        kind: Kind::ClientAuth,
        name: "client-auth",
        doc: "A client authenticated, or failed to.",
        required: ALWAYS | set(&[Field::Mac, Field::Success]),
        optional: STEP | set(&[Field::ClientUsername]),
        example: r#"{"kind":"client-auth","mac":"70ef0071535f","success":false,"ap":"5c5b35d01338","ssid":"Maui","server":"10.0.0.5","reason":"EAP failure","duration":1.4}"#,
    },
    KindRow {
        kind: Kind::ClientDhcp,
        name: "client-dhcp",
        doc: "A client was given an address, or none.",
        required: ALWAYS | set(&[Field::Mac, Field::Success]),
        optional: STEP | set(&[Field::ClientIp, Field::ClientHostname]),
        example: r#"{"kind":"client-dhcp","mac":"70ef0071535f","success":true,"client_ip":"10.5.72.249","client_hostname":"laptop-7","server":"10.5.72.1","duration":0.018}"#,
    },
    KindRow {
        kind: Kind::ClientDns,
        name: "client-dns",
        doc: "A query of a client was answered, or not.",
        required: ALWAYS | set(&[Field::Mac, Field::Success]),
        optional: STEP,
        example: r#"{"kind":"client-dns","mac":"70ef0071535f","success":true,"server":"10.5.72.2","duration":0.024}"#,
    },
    KindRow {
        kind: Kind::ClientArp,
        name: "client-arp",
        doc: "A client found its gateway, or did not.",
        required: ALWAYS | set(&[Field::Mac, Field::Success]),
        optional: STEP,
        example: r#"{"kind":"client-arp","mac":"70ef0071535f","success":false,"server":"10.5.72.1","vlan":"72"}"#,
    },
    KindRow {
        kind: Kind::NacEvent,
        name: "nac-event",
        doc: "Access control decided something about a client; `type` is a key of \
              `/const/nac_events`.",
        required: ALWAYS | set(&[Field::Mac, Field::Type]),
        optional: ANY
            | set(&[
                Field::Username,
                Field::Ap,
                Field::Bssid,
                Field::Ssid,
                Field::DeviceMac,
                Field::PortId,
                Field::PortType,
                Field::ClientType,
                Field::AuthType,
                Field::NasVendor,
                Field::NasIp,
                Field::Vlan,
                Field::VlanSource,
                Field::NacruleId,
                Field::NacruleName,
                Field::NacruleMatched,
                Field::DryrunNacruleId,
                Field::DryrunNacruleMatched,
                Field::IdpId,
                Field::IdpUsername,
                Field::IdpRole,
                Field::RespAttrs,
                Field::GroupRole,
                Field::RandomMac,
                Field::UsermacLabels,
                Field::MxedgeId,
                Field::SessionId,
                Field::Text,
                Field::CertCn,
                Field::CertExpiry,
                Field::CertIssuer,
                Field::CertSanUpn,
                Field::CertSerial,
                Field::CertSubject,
                Field::TlsVersion,
                Field::TlsCipher,
                Field::MdmProvider,
                Field::MdmCompliance,
            ]),
        example: r#"{"kind":"nac-event","type":"NAC_CLIENT_PERMIT","mac":"ac3eb179e535","username":"user@example.net","auth_type":"eap-teap","nacrule_matched":true,"vlan":"750","resp_attrs":["Tunnel-Private-Group-ID=750"]}"#,
    },
    KindRow {
        kind: Kind::GuestAuthorization,
        name: "guest-authorization",
        doc: "A guest was let in by a portal.",
        required: ALWAYS | set(&[Field::Mac, Field::Ssid, Field::AuthMethod]),
        optional: ANY
            | set(&[
                Field::Ap,
                Field::WlanId,
                Field::AuthorizedTime,
                Field::AuthorizedExpiringTime,
                Field::Name,
                Field::Email,
                Field::Company,
                Field::Mobile,
                Field::Carrier,
                Field::SmsGateway,
                Field::SponsorEmail,
                Field::Field1,
                Field::Field2,
                Field::Field3,
                Field::Field4,
            ]),
        example: r#"{"kind":"guest-authorization","mac":"ac2316eca70a","ap":"5c5b350e55c8","ssid":"Guests","auth_method":"passphrase","name":"A. Guest","authorized_expiring_time":1677076639}"#,
    },
    KindRow {
        kind: Kind::EdgeHeartbeat,
        name: "edge-heartbeat",
        doc: "An edge is alive. Silence for longer than the heartbeat timeout of gateways counts \
              as a disconnect.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: ANY,
        example: r#"{"kind":"edge-heartbeat","mac":"020000230522"}"#,
    },
    KindRow {
        kind: Kind::EdgeRestarted,
        name: "edge-restarted",
        doc: "An edge started anew.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: ANY | set(&[Field::AuditId]),
        example: r#"{"kind":"edge-restarted","mac":"020000230522"}"#,
    },
    KindRow {
        kind: Kind::EdgePort,
        name: "edge-port",
        doc: "How a port of the tunnel terminator is: `state` is `up` or `down`, `lag` the group \
              that it is a member of.",
        required: ALWAYS | set(&[Field::Mac, Field::PortId, Field::State]),
        optional: ANY | set(&[Field::Lag]),
        example: r#"{"kind":"edge-port","mac":"020000230522","port_id":"xe1","state":"up","lag":"lag0"}"#,
    },
    KindRow {
        kind: Kind::EdgePart,
        name: "edge-part",
        doc: "Whether a part of an edge is there: `type` is `fan`, `psu` or `powerinput`, \
              `state` is `present` or `absent`.",
        required: ALWAYS | set(&[Field::Mac, Field::Type, Field::Component, Field::State]),
        optional: ANY,
        example: r#"{"kind":"edge-part","mac":"020000230522","type":"psu","component":"PS1","state":"absent"}"#,
    },
    KindRow {
        kind: Kind::EdgeService,
        name: "edge-service",
        doc: "How a service of an edge is: `running`, `stopped`, `crashed` (and started again) or \
              `failed`.",
        required: ALWAYS | set(&[Field::Mac, Field::Service, Field::State]),
        optional: ANY | set(&[Field::AuditId]),
        example: r#"{"kind":"edge-service","mac":"020000230522","service":"tunterm","state":"crashed"}"#,
    },
    KindRow {
        kind: Kind::EdgeResource,
        name: "edge-resource",
        doc: "How much of `cpu`, `memory` or `disk` an edge uses, in percent.",
        required: ALWAYS | set(&[Field::Mac, Field::Resource, Field::Usage]),
        optional: ANY,
        example: r#"{"kind":"edge-resource","mac":"020000230522","resource":"cpu","usage":97}"#,
    },
    KindRow {
        kind: Kind::EdgeEvent,
        name: "edge-event",
        doc: "Anything else that an edge reports; `type` is a key of `/const/mxedge_events` that \
              is not derived of the other kinds.",
        required: ALWAYS | set(&[Field::Mac, Field::Type]),
        optional: ANY
            | set(&[
                Field::AuditId,
                Field::Package,
                Field::FromVersion,
                Field::ToVersion,
                Field::PortId,
                Field::Service,
                Field::BouncedPorts,
                Field::DisconnectedAps,
                Field::Text,
            ]),
        example: r#"{"kind":"edge-event","mac":"020000230522","type":"ME_PACKAGE_UPDATED","package":"tunterm","from_version":"0.1.1907","to_version":"0.1.1908"}"#,
    },
    KindRow {
        kind: Kind::PortStats,
        name: "port-stats",
        doc: "How a port is; counters go on from report to report.",
        required: ALWAYS | set(&[Field::Mac, Field::PortId]),
        optional: ANY
            | set(&[Field::State, Field::Speed, Field::Duplex, Field::Errors, Field::Packets]),
        example: r#"{"kind":"port-stats","mac":"5c5b35000003","port_id":"ge-0/0/7","state":"up","speed":1000,"duplex":"full","errors":12,"packets":48211}"#,
    },
    KindRow {
        kind: Kind::PathStats,
        name: "path-stats",
        doc: "How an uplink of a gateway is.",
        required: ALWAYS | set(&[Field::Mac, Field::PortId]),
        optional: ANY | set(&[Field::Loss, Field::Latency, Field::Jitter]),
        example: r#"{"kind":"path-stats","mac":"5c5b35000004","port_id":"ge-0/0/0","loss":7.5,"latency":0.04,"jitter":0.003}"#,
    },
    KindRow {
        kind: Kind::Neighbor,
        name: "neighbor",
        doc: "A radio heard a BSSID, which may be nobody's of the site.",
        required: ALWAYS | set(&[Field::Ap, Field::Bssid]),
        optional: ANY
            | set(&[
                Field::Ssid,
                Field::Band,
                Field::Channel,
                Field::Rssi,
                Field::OnWire,
                Field::ClientMac,
            ]),
        example: r#"{"kind":"neighbor","ap":"5c5b35000001","bssid":"02a1b2c3d4e5","ssid":"Maui","channel":36,"rssi":-61,"on_wire":true}"#,
    },
    KindRow {
        kind: Kind::Intrusion,
        name: "intrusion",
        doc: "A radio noticed an attack: `type` is `replay`, `tkip-icv`, `deauthentication` or \
              `ad-hoc`, `count` says how often since the last report.",
        required: ALWAYS | set(&[Field::Ap, Field::Type]),
        optional: ANY
            | set(&[Field::Count, Field::ClientMac, Field::PeerMac, Field::Bssid, Field::Ssid]),
        example: r#"{"kind":"intrusion","ap":"5c5b35000001","type":"deauthentication","count":40,"client_mac":"70ef0071535f"}"#,
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
    /// A client went a step.
    Step(Box<ClientStep<'a>>),
    /// Access control decided.
    Decision(Box<Carried<'a>>),
    /// A guest was let in.
    Guest(Box<Carried<'a>>),
    /// An edge's state, or an event of it.
    Edge(EdgeReport<'a>),
    /// How a port is.
    Port(PortReport<'a>),
    /// How an uplink is.
    Path(PathReport<'a>),
    /// A radio heard another AP.
    Neighbor(NeighborReport<'a>),
    /// A radio noticed an attack.
    Intrusion(Box<IntrusionReport<'a>>),
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
                Kind::PortStats => Report::Port(PortReport::read(&mut fields)?),
                Kind::PathStats => Report::Path(PathReport::read(&mut fields)?),
                Kind::Neighbor => Report::Neighbor(NeighborReport::read(&mut fields)?),
                Kind::Intrusion => Report::Intrusion(Box::new(IntrusionReport::read(&mut fields)?)),
            },
        })
    }
}

fn check_fields(row: &KindRow, present: u128) -> Result<(), FieldError> {
    let wrong = |fields: u128, detail: String| {
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
    flag Flag bool;
    span Secs crate::time::Micros;
    percent Percent f64;
    texts_opt Texts Vec<String>;
}

fn texts(fields: &mut Fields<'_>, field: Field) -> Vec<String> {
    texts_opt(fields, field).unwrap_or_default()
}
