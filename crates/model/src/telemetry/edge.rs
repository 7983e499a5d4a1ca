//! What an edge is, and what it tells of its parts.

use super::field::{Field, FieldError, Fields};
use super::{Kind, count, error, id, mac, required, text, texts};
use crate::definitions::MXEDGE_EVENTS;
use crate::mac::Mac;
use std::borrow::Cow;
use uuid::Uuid;

/// A record of an edge.
#[derive(Clone, PartialEq, Debug)]
pub struct EdgeReport<'a> {
    /// The edge.
    pub mac: Mac,
    /// What it says.
    pub change: EdgeChange<'a>,
    /// The audit log entry that led to this.
    pub audit_id: Option<Uuid>,
}

/// What an edge says.
#[derive(Clone, PartialEq, Debug)]
pub enum EdgeChange<'a> {
    /// It is alive.
    Heartbeat,
    /// It started anew.
    Restarted,
    /// How a port of the tunnel terminator is.
    Port {
        /// Which one.
        port: Cow<'a, str>,
        /// Whether its link is up.
        is_up: bool,
        /// The link aggregation group that it is a member of.
        lag: Option<Cow<'a, str>>,
    },
    /// Whether a part is there.
    Part {
        /// What it is.
        part: EdgePart,
        /// Which one, e.g. `PS1`.
        component: Cow<'a, str>,
        /// Whether it is there.
        is_there: bool,
    },
    /// How a service is.
    Service {
        /// Which one.
        service: Cow<'a, str>,
        /// What it does.
        state: ServiceState,
    },
    /// How much of a resource is used.
    Resource {
        /// `cpu`, `memory` or `disk`.
        resource: EdgeResource,
        /// In percent.
        usage: u64,
    },
    /// Something else.
    Event(Box<EdgeEvent<'a>>),
}

/// A part of an edge that can be taken out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EdgePart {
    /// A fan.
    Fan,
    /// A power supply.
    Psu,
    /// What feeds a power supply.
    PowerInput,
}

/// What a service does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServiceState {
    /// It runs.
    Running,
    /// It was stopped.
    Stopped,
    /// It ended by a fault, and is started again.
    Crashed,
    /// It ended by a fault, and is not started again.
    Failed,
}

/// What an edge may run out of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum EdgeResource {
    Cpu,
    Memory,
    Disk,
}

impl EdgeResource {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Disk => "disk",
        }
    }
}

/// An event that an edge reports by its type.
#[derive(Clone, PartialEq, Debug)]
pub struct EdgeEvent<'a> {
    /// The type.
    pub event_type: Cow<'a, str>,
    /// The package concerned.
    pub package: Option<Cow<'a, str>>,
    /// Its version before.
    pub from_version: Option<Cow<'a, str>>,
    /// Its version after.
    pub to_version: Option<Cow<'a, str>>,
    /// The port concerned.
    pub port: Option<Cow<'a, str>>,
    /// The service concerned.
    pub service: Option<Cow<'a, str>>,
    /// Ports that were bounced.
    pub bounced_ports: Vec<String>,
    /// APs that were disconnected.
    pub disconnected_aps: Vec<String>,
    /// Details.
    pub text: Option<Cow<'a, str>>,
}

/// Types that the engine makes itself of what an edge says of its parts, by how they begin.
const DERIVED: [&str; 16] = [
    "ME_CONNECTED",
    "ME_DISCONNECTED",
    "ME_FAN_",
    "ME_POWERINPUT_",
    "ME_PSU_",
    "ME_RESOURCE_USAGE",
    "ME_RESTARTED",
    "ME_SERVICE_CRASHED",
    "ME_SERVICE_FAILED",
    "ME_SERVICE_STARTED",
    "ME_SERVICE_STOPPED",
    "TT_PORT_DROPPED_FROM_LACP",
    "TT_PORT_FIRST_JOIN_LACP",
    "TT_PORT_JOINED_LACP",
    "TT_PORT_LAST_DROPPED_FROM_LACP",
    "TT_PORT_LINK_",
];

impl<'a> EdgeReport<'a> {
    pub(super) fn read(kind: Kind, fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let text = |fields: &mut Fields<'a>, field| required(text(fields, field), field);
        let mac = required(mac(fields, Field::Mac), Field::Mac)?;
        let audit_id = id(fields, Field::AuditId);
        let change = match kind {
            Kind::EdgeRestarted => EdgeChange::Restarted,
            Kind::EdgePort => EdgeChange::Port {
                port: text(fields, Field::PortId)?,
                is_up: match text(fields, Field::State)?.as_ref() {
                    "up" => true,
                    "down" => false,
                    _ => return Err(error(Field::State, "not one of up, down")),
                },
                lag: super::text(fields, Field::Lag).filter(|lag| !lag.is_empty()),
            },
            Kind::EdgePart => EdgeChange::Part {
                part: match text(fields, Field::Type)?.as_ref() {
                    "fan" => EdgePart::Fan,
                    "psu" => EdgePart::Psu,
                    "powerinput" => EdgePart::PowerInput,
                    _ => return Err(error(Field::Type, "not one of fan, psu, powerinput")),
                },
                component: text(fields, Field::Component)?,
                is_there: match text(fields, Field::State)?.as_ref() {
                    "present" => true,
                    "absent" => false,
                    _ => return Err(error(Field::State, "not one of present, absent")),
                },
            },
            Kind::EdgeService => EdgeChange::Service {
                service: text(fields, Field::Service)?,
                state: match text(fields, Field::State)?.as_ref() {
                    "running" => ServiceState::Running,
                    "stopped" => ServiceState::Stopped,
                    "crashed" => ServiceState::Crashed,
                    "failed" => ServiceState::Failed,
                    _ => {
                        let detail = "not one of running, stopped, crashed, failed";
                        return Err(error(Field::State, detail));
                    }
                },
            },
            Kind::EdgeResource => EdgeChange::Resource {
                resource: match text(fields, Field::Resource)?.as_ref() {
                    "cpu" => EdgeResource::Cpu,
                    "memory" => EdgeResource::Memory,
                    "disk" => EdgeResource::Disk,
                    _ => return Err(error(Field::Resource, "not one of cpu, memory, disk")),
                },
                usage: match required(count(fields, Field::Usage), Field::Usage)? {
                    usage @ 0..=100 => usage,
                    _ => return Err(error(Field::Usage, "more than 100 percent")),
                },
            },
            Kind::EdgeEvent => EdgeChange::Event(Box::new(EdgeEvent::read(fields)?)),
            _ => EdgeChange::Heartbeat,
        };
        Ok(Self { mac, change, audit_id })
    }
}

impl<'a> EdgeEvent<'a> {
    fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let event_type = required(text(fields, Field::Type), Field::Type)?;
        if !MXEDGE_EVENTS.contains(&event_type.as_ref()) {
            return Err(error(Field::Type, "no event of an edge has this type"));
        }
        let is_derived = DERIVED.iter().any(|begin| event_type.starts_with(begin));
        if is_derived {
            return Err(error(Field::Type, "it is derived of another kind of record"));
        }
        Ok(Self {
            event_type,
            package: text(fields, Field::Package),
            from_version: text(fields, Field::FromVersion),
            to_version: text(fields, Field::ToVersion),
            port: text(fields, Field::PortId),
            service: text(fields, Field::Service),
            bounced_ports: texts(fields, Field::BouncedPorts),
            disconnected_aps: texts(fields, Field::DisconnectedAps),
            text: text(fields, Field::Text),
        })
    }
}
