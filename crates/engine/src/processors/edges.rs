//! `mxedge-events`: what becomes of the edges of a site and of their parts.
//!
//! Edges tell how things are, and what has changed since is an event. What is well when it is
//! first heard of says nothing, and what is older than the last word on the same thing, by the edge's
//! clock, is too late.

use super::Scene;
use super::alarms::{self, Incident};
use super::presence::Presence;
use crate::timers::{Subject, Timers};
use crate::view::EdgeView;
use foghorn_model::alarm::Evidence;
use foghorn_model::definitions::alarm_of_edge_event;
use foghorn_model::event::edge::{EdgeHappening, EdgeSeverity, encode};
use foghorn_model::telemetry::{EdgeChange, EdgePart, EdgeReport, EdgeResource, ServiceState};
use foghorn_model::{DeviceType, Edge, Mac, Setting, Site, Timestamp, Topic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Use of a resource from which on it is high, and critical; below [`USAGE_NORMAL`] it is normal
/// again. In percent.
const USAGE_HIGH: u64 = 80;
const USAGE_CRITICAL: u64 = 95;
const USAGE_NORMAL: u64 = 75;
/// Ports, parts, services and the few other things that are followed of one edge.
const FOLLOWED_MAX: usize = 1_000;

/// The edges of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Edges {
    by_mac: BTreeMap<Mac, EdgeState>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct EdgeState {
    edge: Edge,
    /// Whether it is connected; not known before it is first heard of.
    #[serde(default)]
    is_up: Option<bool>,
    /// When it last fell silent.
    #[serde(default)]
    silent: Timestamp,
    #[serde(flatten)]
    presence: Presence,
    #[serde(default)]
    ports: BTreeMap<String, Port>,
    /// Whether parts are there, by their kind and name.
    #[serde(default)]
    parts: BTreeMap<String, bool>,
    /// Whether services run.
    #[serde(default)]
    services: BTreeMap<String, bool>,
    /// How grave the use of resources is.
    #[serde(default)]
    resources: BTreeMap<String, u8>,
    /// The last word on each of these, and on restarts, by the edge's clock.
    #[serde(default)]
    latest: BTreeMap<String, Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Port {
    is_up: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lag: Option<String>,
}

impl Edges {
    /// The edges in the order of their addresses.
    pub(crate) fn views(&self) -> impl Iterator<Item = EdgeView<'_>> {
        self.by_mac.values().map(EdgeState::view)
    }

    /// Whether the site has it.
    pub(crate) fn has(&self, mac: Mac) -> bool {
        self.by_mac.contains_key(&mac)
    }

    /// Shows an edge among the causes of an alarm.
    pub(crate) fn show(&self, mac: Mac, evidence: &mut Evidence) {
        if let Some(state) = self.by_mac.get(&mac) {
            evidence.add("hostnames", state.edge.name.as_str());
        }
    }

    /// The edge is now as given.
    pub(crate) fn configure(&mut self, edge: Edge) {
        match self.by_mac.get_mut(&edge.mac) {
            Some(state) => state.edge = edge,
            None => {
                self.by_mac.insert(edge.mac, EdgeState::new(edge));
            }
        }
    }

    /// The edge left the site.
    pub(crate) fn remove(&mut self, mac: Mac, site: &Site, timers: &mut Timers) {
        if let Some(mut state) = self.by_mac.remove(&mac) {
            state.presence.disarm(site.id, Subject::Edge(mac), timers);
        }
    }

    /// An edge reported something.
    pub(crate) fn on_report(&mut self, report: &EdgeReport<'_>, scene: &mut Scene<'_, '_>) {
        let Some(state) = self.by_mac.get_mut(&report.mac) else {
            scene.tally.unknown_device += 1;
            return;
        };
        state.presence.hear(scene.now);
        state.presence.settle();
        if state.is_up != Some(true) && scene.at >= state.silent {
            state.is_up = Some(true);
            state.tell("ME_CONNECTED", EdgeHappening::default(), scene);
        }
        state.change(report, scene);
        state.arm(scene.site, scene.over, scene.timers);
    }

    /// The timer of an edge fired: it has fallen silent, or lives on.
    pub(crate) fn on_timer(&mut self, mac: Mac, scene: &mut Scene<'_, '_>) {
        let Some(state) = self.by_mac.get_mut(&mac) else { return };
        let deadline = state.deadline(scene.site, scene.over);
        if state.presence.fired(deadline, scene.now) {
            state.is_up = Some(false);
            state.silent = scene.now;
            state.presence.settle();
            state.tell("ME_DISCONNECTED", EdgeHappening::default(), scene);
        }
        state.arm(scene.site, scene.over, scene.timers);
    }

    /// Settings changed, or the state was read back.
    pub(crate) fn rearm(&mut self, site: &Site, over: &Setting, timers: &mut Timers) {
        for state in self.by_mac.values_mut() {
            state.arm(site, over, timers);
        }
    }

    /// The site heard nothing until now, through no fault of its edges.
    pub(crate) fn defer(&mut self, site: &Site, over: &Setting, now: Timestamp) {
        for (mac, state) in &mut self.by_mac {
            let deadline = state.deadline(site, over);
            state.presence.defer(deadline, now, *mac);
        }
    }
}

impl EdgeState {
    fn new(edge: Edge) -> Self {
        Self {
            edge,
            is_up: None,
            silent: Timestamp(0),
            presence: Presence::default(),
            ports: BTreeMap::new(),
            parts: BTreeMap::new(),
            services: BTreeMap::new(),
            resources: BTreeMap::new(),
            latest: BTreeMap::new(),
        }
    }

    fn view(&self) -> EdgeView<'_> {
        EdgeView { edge: &self.edge, is_up: self.is_up, heard: self.presence.heard() }
    }

    /// Whether word of a change is to be heeded: there is room for what it is of, and it is no older
    /// than what is known of that; a restart is not known already.
    fn heeds(&mut self, change: &EdgeChange<'_>, scene: &mut Scene<'_, '_>) -> bool {
        let slot = match change {
            EdgeChange::Heartbeat | EdgeChange::Event(_) => return true,
            EdgeChange::Restarted => "restart".into(),
            EdgeChange::Port { port, .. } => format!("port/{port}"),
            EdgeChange::Part { part, component, .. } => format!("{part:?}/{component}"),
            EdgeChange::Service { service, .. } => format!("service/{service}"),
            EdgeChange::Resource { resource, .. } => format!("resource/{}", resource.name()),
        };
        let at = scene.at;
        let is_past = self.latest.get(&slot).map(|latest| match change {
            EdgeChange::Restarted => at <= *latest,
            _ => at < *latest,
        });
        match is_past {
            Some(true) => scene.tally.stale += 1,
            None if self.latest.len() >= FOLLOWED_MAX => scene.tally.over_limit += 1,
            _ => {
                self.latest.insert(slot, at);
                return true;
            }
        }
        false
    }

    fn change(&mut self, report: &EdgeReport<'_>, scene: &mut Scene<'_, '_>) {
        if !self.heeds(&report.change, scene) {
            return;
        }
        let audit_id = report.audit_id;
        let said = EdgeHappening { audit_id, ..EdgeHappening::default() };
        match &report.change {
            EdgeChange::Heartbeat => {}
            EdgeChange::Restarted => self.tell("ME_RESTARTED", said, scene),
            EdgeChange::Port { port, is_up, lag } => {
                let now = Port { is_up: *is_up, lag: lag.as_deref().map(Into::into) };
                self.port(port, &now, scene);
            }
            EdgeChange::Part { part, component, is_there } => {
                self.part(*part, component, *is_there, scene);
            }
            EdgeChange::Service { service, state } => {
                self.service(service, *state, said, scene);
            }
            EdgeChange::Resource { resource, usage } => self.resource(*resource, *usage, scene),
            EdgeChange::Event(event) => {
                let said = EdgeHappening { detail: Some(event), ..said };
                self.tell(&event.event_type, said, scene);
            }
        }
    }

    /// A port that is up and in no group when it is first heard of is as it should be.
    fn port(&mut self, name: &str, now: &Port, scene: &mut Scene<'_, '_>) {
        let first = Port { is_up: true, lag: now.lag.clone() };
        let before = self.ports.insert(name.into(), now.clone()).unwrap_or(first);
        let of_port = EdgeHappening { port: Some(name), ..EdgeHappening::default() };
        if before.is_up != now.is_up {
            let event = if now.is_up { "TT_PORT_LINK_RECOVERY" } else { "TT_PORT_LINK_DOWN" };
            self.tell(event, of_port, scene);
        }
        if before.lag == now.lag {
            return;
        }
        let others = |lag: &str| {
            self.ports.iter().any(|(other, it)| other != name && it.lag.as_deref() == Some(lag))
        };
        let left = before.lag.as_deref().map(|lag| (lag.to_owned(), others(lag)));
        let joined = now.lag.as_deref().map(|lag| (lag.to_owned(), others(lag)));
        if let Some((lag, has_others)) = left {
            let event = match has_others {
                true => "TT_PORT_DROPPED_FROM_LACP",
                false => "TT_PORT_LAST_DROPPED_FROM_LACP",
            };
            self.tell(event, EdgeHappening { lag: Some(&lag), ..of_port }, scene);
            if self.ports.values().all(|port| port.lag.is_none()) {
                let mut evidence = Evidence::new();
                evidence.add("hostnames", self.edge.name.as_str());
                evidence.add("reasons", lag);
                let (row, at) = (alarms::row("tt_ports_all_dropped_from_lacp"), scene.at);
                scene.raise(&Incident { row, about: "", at, evidence });
            }
        }
        if let Some((lag, has_others)) = joined {
            let event = if has_others { "TT_PORT_JOINED_LACP" } else { "TT_PORT_FIRST_JOIN_LACP" };
            self.tell(event, EdgeHappening { lag: Some(&lag), ..of_port }, scene);
        }
    }

    fn part(&mut self, part: EdgePart, name: &str, is_there: bool, scene: &mut Scene<'_, '_>) {
        let [gone, back] = match part {
            EdgePart::Fan => ["ME_FAN_UNPLUGGED", "ME_FAN_PLUGGED"],
            EdgePart::Psu => ["ME_PSU_UNPLUGGED", "ME_PSU_PLUGGED"],
            EdgePart::PowerInput => ["ME_POWERINPUT_DISCONNECTED", "ME_POWERINPUT_CONNECTED"],
        };
        let slot = format!("{back}/{name}");
        let before = self.parts.insert(slot, is_there).unwrap_or(true);
        if before != is_there {
            let severity = match (is_there, part) {
                (true, _) => EdgeSeverity::Normal,
                (false, EdgePart::Fan) => EdgeSeverity::Warning,
                (false, EdgePart::Psu | EdgePart::PowerInput) => EdgeSeverity::Critical,
            };
            let said = EdgeHappening {
                severity: Some(severity),
                component: Some(name),
                ..EdgeHappening::default()
            };
            self.tell(if is_there { back } else { gone }, said, scene);
        }
    }

    fn service(
        &mut self,
        name: &str,
        state: ServiceState,
        said: EdgeHappening<'_>,
        scene: &mut Scene<'_, '_>,
    ) {
        // One that crashed is started again at once, and runs.
        let runs = matches!(state, ServiceState::Running | ServiceState::Crashed);
        let before = self.services.insert(name.into(), runs).unwrap_or(true);
        let event = match state {
            ServiceState::Crashed => "ME_SERVICE_CRASHED",
            _ if before == runs => return,
            ServiceState::Running => "ME_SERVICE_STARTED",
            ServiceState::Stopped => "ME_SERVICE_STOPPED",
            ServiceState::Failed => "ME_SERVICE_FAILED",
        };
        self.tell(event, EdgeHappening { service: Some(name), ..said }, scene);
    }

    fn resource(&mut self, resource: EdgeResource, usage: u64, scene: &mut Scene<'_, '_>) {
        let level = self.resources.entry(resource.name().into()).or_default();
        let now = match usage {
            USAGE_CRITICAL.. => 2,
            USAGE_HIGH.. => 1,
            // Between the two it stays as it was.
            USAGE_NORMAL.. => (*level).min(1),
            _ => 0,
        };
        let before = std::mem::replace(level, now);
        if before == now {
            return;
        }
        let severity = match now {
            0 => EdgeSeverity::Normal,
            1 => EdgeSeverity::High,
            _ => EdgeSeverity::Critical,
        };
        let said = EdgeHappening {
            severity: Some(severity),
            resource: Some(resource.name()),
            ..EdgeHappening::default()
        };
        self.tell("ME_RESOURCE_USAGE", said, scene);
        let key = match (resource, now > 0, before > 0) {
            (EdgeResource::Cpu, true, false) => "mist_edge_cpu_usage_high",
            (EdgeResource::Cpu, false, _) => "mist_edge_cpu_usage_normal",
            (EdgeResource::Memory, true, false) => "mist_edge_memory_usage_high",
            (EdgeResource::Memory, false, _) => "mist_edge_memory_usage_normal",
            (EdgeResource::Disk, true, false) => "mist_edge_disk_usage_high",
            (EdgeResource::Disk, false, _) => "mist_edge_disk_usage_normal",
            // Worse, or less bad: the alarm stands.
            (_, true, true) => return,
        };
        let mut evidence = Evidence::new();
        evidence.add("hostnames", self.edge.name.as_str());
        evidence.add("reasons", format!("{} {usage} %", resource.name()));
        let at = scene.at;
        scene.raise(&Incident { row: alarms::row(key), about: "", at, evidence });
    }

    fn tell(&self, event_type: &str, said: EdgeHappening<'_>, scene: &mut Scene<'_, '_>) {
        let at = scene.at;
        let what = EdgeHappening { event_type, ..said };
        scene.emit(Topic::MxedgeEvents, |out, place| encode(out, place, &self.edge, &what, at));
        if let Some(row) = alarm_of_edge_event(event_type) {
            let mut evidence = Evidence::new();
            evidence.add("hostnames", self.edge.name.as_str());
            let detail = said.detail.and_then(|detail| detail.text.as_deref());
            let parts = [said.component, said.service, said.port, said.lag, detail];
            parts.into_iter().flatten().for_each(|part| evidence.add("reasons", part));
            scene.raise(&Incident { row, about: "", at, evidence });
        }
    }

    fn deadline(&self, site: &Site, over: &Setting) -> Option<Timestamp> {
        let timeout = site.setting.heartbeat_timeout(over, DeviceType::Gateway);
        (self.is_up == Some(true)).then(|| self.presence.heard() + timeout)
    }

    fn arm(&mut self, site: &Site, over: &Setting, timers: &mut Timers) {
        let deadline = self.deadline(site, over);
        self.presence.arm(deadline, site.id, Subject::Edge(self.edge.mac), timers);
    }
}
