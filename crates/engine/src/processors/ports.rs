//! Alarms of ports and cables: `port_flap`, links that matter by themselves, loops, and what
//! counters and settings tell.
//!
//! A link that a report finds otherwise than before is told on `device-events` (`SW_PORT_DOWN`, …)
//! as if its device had said so, unless it has.
//!
//! A port that changes its link [`FLAPS`] times within [`FLAP_WINDOW`] flaps, until it has kept
//! still for as long. Changes are those that are told, and those that the port's own counter has
//! more. A port of which it is told that it is critical is an alarm whenever its link changes.
//!
//! A cable is bad when in three reports in a row more than one packet of a thousand is an error
//! (`bad_cable`, `ap_bad_cable`, `gw_bad_cable`); a negotiation is wrong when in as many the port
//! is slower than it has been, or half duplex (`negotiation_mismatch`, `gw_negotiation_mismatch`;
//! at an AP its cable is to blame), and incomplete when in as many it is not at its end
//! (`sw_negotiation_incomplete`); two ends do not fit when in as many they have other MTUs
//! (`gw_mtu_mismatch`). As many good reports resolve it. A port that is up is stuck when no packet
//! passes for ten minutes, until one does (`port_stuck`). A loop is one from the first word of it
//! to the last (`switch_stp_loop`; at an AP `loop_detected_by_ap`, which is told once).
//!
//! Reports count from when they were made, by the device's clock; one that is older than the last
//! of its port is too late to say anything.

mod measures;

use super::Scene;
use super::alarms::{self, Incident};
use super::devices::Devices;
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::alarm::Evidence;
use foghorn_model::telemetry::{DeviceChange, DeviceEvent, DeviceReport, PortReport, Severity};
use foghorn_model::time::Micros;
use foghorn_model::{DeviceType, Mac, Site, Timestamp};
use measures::{Finding, Measures};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

const FLAP_WINDOW: Micros = Micros::from_mins(10);
const FLAPS: usize = 6;
/// Ports that a site follows.
const PORTS_MAX: usize = 20_000;

/// The ports of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ports {
    by_device: BTreeMap<Mac, BTreeMap<String, Port>>,
    count: usize,
    #[serde(skip)]
    armed: Armed,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Port {
    is_up: Option<bool>,
    /// When it last said something, and when it last changed its link, by the device's clock.
    latest: Timestamp,
    changes: VecDeque<Timestamp>,
    /// When that came, by the partition clock.
    changed: Timestamp,
    is_flapping: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<Counter>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_critical: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    loops: bool,
    #[serde(flatten)]
    measures: Measures,
}

/// What a port itself counts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Counter {
    /// How often its link had changed, and when it said so.
    flaps: u64,
    at: Timestamp,
    /// How many changes were told since then.
    told: u64,
}

/// A link that is up, or down.
struct Link<'a> {
    mac: Mac,
    port_id: &'a str,
    is_up: bool,
    /// Whether it is told that it changed, and not only how it is.
    is_change: bool,
    reason: Option<&'a str>,
}

impl Ports {
    /// A port said how it is.
    pub(crate) fn on_report(
        &mut self,
        report: &PortReport<'_>,
        devices: &mut Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        let (mac, port_id) = (report.mac, report.port_id.as_ref());
        let Some(device_type) = devices.device_type(mac) else {
            scene.tally.unknown_device += 1;
            return;
        };
        let Some(port) = self.port_now(mac, port_id, scene) else { return };
        port.is_critical = report.is_critical.unwrap_or(port.is_critical);
        if let Some(is_up) = report.is_up {
            if port.turns(is_up) {
                devices.conclude(mac, &link_event(device_type, port_id, is_up), None, None, scene);
            }
            let link = Link { mac, port_id, is_up, is_change: false, reason: None };
            port.on_link(&link, devices, scene);
        }
        if let Some(flaps) = report.flaps {
            let more = port.count_flaps(flaps, scene.at, FLAP_WINDOW);
            if more > 0 {
                port.change(more, (mac, port_id), devices, scene);
            }
        }
        if let Some(loops) = report.loops {
            port.on_loop(loops, (mac, port_id), devices, scene);
        }
        let findings = port.measures.look(report, device_type, port.is_up, scene.at);
        for Finding { key, about, is_bad, reason } in findings {
            let about = format!("{mac}/{port_id}/{about}");
            if is_bad {
                let mut evidence = show(mac, port_id, devices);
                evidence.add("reasons", reason);
                let at = scene.at;
                scene.raise(&Incident { row: alarms::row(key), about: &about, at, evidence });
            } else {
                scene.resolve(alarms::row(key), &about, scene.at);
            }
        }
        self.wait(mac, port_id, scene);
    }

    /// A device said what happened to a port.
    pub(crate) fn on_event(
        &mut self,
        report: &DeviceReport<'_>,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        let DeviceChange::Event(event) = &report.change else { return };
        let (port_id, link, loops) = match (event.link(), event.loop_at()) {
            (Some((port_id, is_up)), _) => (port_id, Some(is_up), None),
            (None, Some((port_id, loops))) => (port_id, None, Some(loops)),
            (None, None) => return,
        };
        let mac = report.mac;
        // One of a device that the site does not have is counted already.
        if devices.device_type(mac).is_none() {
            return;
        }
        let Some(port) = self.port_now(mac, port_id, scene) else { return };
        port.is_critical = event.is_critical.unwrap_or(port.is_critical);
        if let Some(is_up) = link {
            let reason = report.reason.as_deref().or(report.text.as_deref());
            port.on_link(&Link { mac, port_id, is_up, is_change: true, reason }, devices, scene);
        }
        if let Some(loops) = loops {
            port.on_loop(loops, (mac, port_id), devices, scene);
        }
        self.wait(mac, port_id, scene);
    }

    /// Sets the timer of the end of its flapping.
    fn wait(&mut self, mac: Mac, port_id: &str, scene: &mut Scene<'_, '_>) {
        let port = self.by_device.get(&mac).and_then(|ports| ports.get(port_id));
        if let Some(deadline) = port.and_then(Port::still_at) {
            scene.timers.arm(&mut self.armed, deadline, scene.site.id, Subject::Ports);
        }
    }

    /// A port that flapped may have kept still for long enough.
    pub(crate) fn on_timer(&mut self, scene: &mut Scene<'_, '_>) {
        self.armed.fired();
        let now = scene.now;
        let mut still = Vec::new();
        for (mac, ports) in &mut self.by_device {
            for (port_id, port) in ports {
                if port.still_at().is_some_and(|at| at <= now) {
                    port.is_flapping = false;
                    still.push(format!("{mac}/{port_id}"));
                }
            }
        }
        for about in still {
            scene.resolve(alarms::row("port_flap"), &about, now);
        }
        self.rearm(scene.site, scene.timers);
    }

    /// The state was read back, or has changed.
    pub(crate) fn rearm(&mut self, site: &Site, timers: &mut Timers) {
        let ports = self.by_device.values().flat_map(BTreeMap::values);
        if let Some(deadline) = ports.filter_map(Port::still_at).min() {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Ports);
        }
    }

    /// The device left the site.
    pub(crate) fn remove(&mut self, mac: Mac) {
        self.count -= self.by_device.remove(&mac).map_or(0, |ports| ports.len());
    }

    /// The port that says something now, unless it is too late or there is no room for it.
    fn port_now(
        &mut self,
        mac: Mac,
        port_id: &str,
        scene: &mut Scene<'_, '_>,
    ) -> Option<&mut Port> {
        let ports = self.by_device.entry(mac).or_default();
        if !ports.contains_key(port_id) {
            if self.count >= PORTS_MAX {
                scene.tally.over_limit += 1;
                return None;
            }
            self.count += 1;
            ports.insert(port_id.into(), Port::default());
        }
        let port = ports.get_mut(port_id)?;
        if scene.at < port.latest {
            scene.tally.stale += 1;
            return None;
        }
        port.latest = scene.at;
        Some(port)
    }
}

impl Port {
    fn still_at(&self) -> Option<Timestamp> {
        let last = self.changes.back().filter(|_| self.is_flapping)?;
        Some(self.changed.max(*last) + FLAP_WINDOW)
    }

    /// Whether its link is another than before. What is first heard of it is no change.
    fn turns(&self, is_up: bool) -> bool {
        self.is_up.is_some_and(|before| before != is_up)
    }

    /// Its link is up, or down.
    fn on_link(&mut self, link: &Link<'_>, devices: &Devices, scene: &mut Scene<'_, '_>) {
        let is_new = self.turns(link.is_up);
        let before = self.is_up.replace(link.is_up);
        if self.is_critical && (is_new || before.is_none() && link.is_change) {
            tell_critical(link, devices, scene);
        }
        if is_new {
            if let Some(counter) = &mut self.counter {
                counter.told += 1;
            }
            self.change(1, (link.mac, link.port_id), devices, scene);
        }
    }

    /// Its link has changed so often.
    fn change(
        &mut self,
        often: u64,
        (mac, port_id): (Mac, &str),
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        let often = usize::try_from(often).unwrap_or(FLAPS).min(FLAPS);
        self.changes.extend(std::iter::repeat_n(scene.at, often));
        self.changed = scene.now;
        while self.changes.len() > FLAPS {
            self.changes.pop_front();
        }
        let since = scene.at - FLAP_WINDOW;
        let flaps = self.changes.len() == FLAPS && self.changes[0] > since;
        if flaps || self.is_flapping {
            self.is_flapping = true;
            let evidence = show(mac, port_id, devices);
            let (row, at) = (alarms::row("port_flap"), scene.at);
            scene.raise(&Incident { row, about: &format!("{mac}/{port_id}"), at, evidence });
        }
    }

    /// It gets back what it sent, or no longer does.
    fn on_loop(
        &mut self,
        loops: bool,
        (mac, port_id): (Mac, &str),
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        let before = std::mem::replace(&mut self.loops, loops);
        let row = alarms::row(match devices.device_type(mac) {
            Some(DeviceType::Ap) if loops && !before => "loop_detected_by_ap",
            Some(DeviceType::Switch) => "switch_stp_loop",
            _ => return,
        });
        let about = format!("{mac}/{port_id}/loop");
        if loops {
            let mut evidence = Evidence::new();
            devices.show(mac, &mut evidence);
            if row.lasts {
                evidence.add("port_ids", port_id);
            }
            let at = scene.at;
            scene.raise(&Incident { row, about: &about, at, evidence });
        } else if before {
            scene.resolve(row, &about, scene.at);
        }
    }
}

/// What a device would say of a link that has changed, by what it measures.
fn link_event<'a>(of: DeviceType, port_id: &'a str, is_up: bool) -> DeviceEvent<'a> {
    let event_type = format!("{}_PORT_{}", of.event_prefix(), if is_up { "UP" } else { "DOWN" });
    DeviceEvent {
        event_type: event_type.into(),
        severity: (!is_up).then_some(Severity::Warn),
        port_id: Some(port_id.into()),
        ..DeviceEvent::default()
    }
}

/// The link of a port that matters by itself has changed. The wire knows no such port of an AP.
fn tell_critical(link: &Link<'_>, devices: &Devices, scene: &mut Scene<'_, '_>) {
    let key = match (devices.device_type(link.mac), link.is_up) {
        (Some(DeviceType::Switch), true) => "sw_critical_port_up",
        (Some(DeviceType::Switch), false) => "sw_critical_port_down",
        (Some(DeviceType::Gateway), true) => "gw_critical_port_up",
        (Some(DeviceType::Gateway), false) => "gw_critical_port_down",
        (Some(DeviceType::Ap) | None, _) => return,
    };
    let mut evidence = Evidence::new();
    devices.show(link.mac, &mut evidence);
    evidence.add("port_ids", link.port_id);
    evidence.add_opt("reasons", link.reason);
    let at = scene.at;
    scene.raise(&Incident { row: alarms::row(key), about: "", at, evidence });
}

fn show(mac: Mac, port_id: &str, devices: &Devices) -> Evidence {
    let mut evidence = Evidence::new();
    devices.show(mac, &mut evidence);
    evidence.add("port_ids", port_id);
    evidence.involve(devices.entity(mac, Some(port_id)));
    evidence
}
