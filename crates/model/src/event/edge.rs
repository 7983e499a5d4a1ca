//! `mxedge-events`.

use super::Place;
use super::parts::{Part, Parts};
use crate::config::Edge;
use crate::telemetry::EdgeEvent;
use crate::time::Timestamp;
use uuid::Uuid;

/// How grave an event of an edge is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EdgeSeverity {
    /// All is well again.
    Normal,
    /// Something is to be looked at.
    Warning,
    /// Something is close to failing.
    High,
    /// Something has failed.
    Critical,
}

impl EdgeSeverity {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Warning => "warning",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What happened to an edge.
#[derive(Clone, Copy, Debug, Default)]
pub struct EdgeHappening<'a> {
    /// The event type.
    pub event_type: &'a str,
    /// How grave it is, where events of the type say so.
    pub severity: Option<EdgeSeverity>,
    /// The part concerned.
    pub component: Option<&'a str>,
    /// The service concerned.
    pub service: Option<&'a str>,
    /// The port concerned.
    pub port: Option<&'a str>,
    /// Its link aggregation group.
    pub lag: Option<&'a str>,
    /// The resource concerned, for which the severity is.
    pub resource: Option<&'a str>,
    /// The audit log entry that led to this.
    pub audit_id: Option<Uuid>,
    /// What only events that the edge reports by their type have.
    pub detail: Option<&'a EdgeEvent<'a>>,
}

/// Appends a `mxedge-events` event.
///
/// Resources stand under `sys_info.usage`, as the published schema and the examples of the const
/// endpoint print the key; newer documents have an underscore there.
pub fn encode(
    out: &mut Vec<u8>,
    place: &Place<'_>,
    edge: &Edge,
    what: &EdgeHappening<'_>,
    at: Timestamp,
) {
    let mut parts = Parts::at(
        place,
        [
            ("mxedge_id", Part::Id(edge.id)),
            ("mxedge_name", Part::Text(&edge.name)),
            ("timestamp", Part::Secs(at)),
            ("type", Part::Text(what.event_type)),
        ],
    );
    parts.add_opt("mxcluster_id", edge.mxcluster_id.map(Part::Id));
    parts.add_opt("audit_id", what.audit_id.map(Part::Id));
    parts.add("component", what.component.map_or(Part::Null, Part::Text));
    parts.text("service", what.service);
    parts.text("port", what.port);
    parts.text("lag", what.lag);
    let severity = what.severity.map(EdgeSeverity::name);
    let usage = what
        .resource
        .map(|resource| [("resource", resource), ("severity", severity.unwrap_or("normal"))]);
    match &usage {
        Some(usage) => parts.add("sys_info.usage", Part::Object(usage)),
        None => parts.text("severity", severity),
    }
    if let Some(detail) = what.detail {
        parts.text("package", detail.package.as_deref());
        parts.text("from_version", detail.from_version.as_deref());
        parts.text("to_version", detail.to_version.as_deref());
        parts.text("port", detail.port.as_deref());
        parts.text("service", detail.service.as_deref());
        parts.text("text", detail.text.as_deref());
        let lists = [
            ("bounced_ports", &detail.bounced_ports),
            ("disconnected_aps", &detail.disconnected_aps),
        ];
        for (key, list) in lists {
            parts.add_opt(key, (!list.is_empty()).then_some(Part::Texts(list)));
        }
    }
    parts.write(out);
}
