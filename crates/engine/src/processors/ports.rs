//! Alarms of ports and cables: `port_flap`, and what counters tell.
//!
//! A port that changes its link [`FLAPS`] times within [`FLAP_WINDOW`] flaps, until it has kept
//! still for as long. A cable is bad when in three reports in a row more than one packet of
//! a thousand is an error (`bad_cable`, `ap_bad_cable`, `gw_bad_cable`); a negotiation is wrong
//! when in as many the port is slower than it has been, or half duplex (`negotiation_mismatch`,
//! `gw_negotiation_mismatch`; at an AP its cable is to blame). As many good reports resolve it.
//!
//! Reports count from when they were made, by the device's clock; one that is older than the last
//! of its port is too late to say anything.

use super::Scene;
use super::alarms::{self, Incident};
use super::devices::Devices;
use super::streak::Streak;
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::alarm::Evidence;
use foghorn_model::telemetry::PortReport;
use foghorn_model::time::Micros;
use foghorn_model::{DeviceType, Mac, Site, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

const FLAP_WINDOW: Micros = Micros::from_mins(10);
const FLAPS: usize = 6;
/// Packets between two reports, at least, for their errors to say something.
const PACKETS_MIN: u64 = 1_000;
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
    /// Errors and packets so far.
    counters: Option<(u64, u64)>,
    /// The fastest that it was, in Mbit/s.
    best_speed: u64,
    errors: Streak,
    negotiation: Streak,
}

impl Ports {
    /// A port said how it is.
    pub(crate) fn on_report(
        &mut self,
        report: &PortReport<'_>,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(device_type) = devices.device_type(report.mac) else {
            scene.tally.unknown_device += 1;
            return;
        };
        if let Some(is_up) = report.is_up {
            self.on_link(report.mac, &report.port_id, is_up, devices, scene);
        }
        let Some(port) = self.port_now(report.mac, &report.port_id, scene) else { return };
        let bad = port.error_share(report).map(|(errors, packets)| errors * 1000 > packets);
        let errors = bad.and_then(|bad| port.errors.add(bad));
        let wrong = port.negotiated(report);
        let negotiated = wrong.and_then(|wrong| port.negotiation.add(wrong));
        let cable = match device_type {
            DeviceType::Ap => "ap_bad_cable",
            DeviceType::Switch => "bad_cable",
            DeviceType::Gateway => "gw_bad_cable",
        };
        let negotiation = match device_type {
            DeviceType::Ap => "ap_bad_cable",
            DeviceType::Switch => "negotiation_mismatch",
            DeviceType::Gateway => "gw_negotiation_mismatch",
        };
        for (key, bad, reason) in [(cable, errors, "errors"), (negotiation, negotiated, "speed")] {
            let Some(bad) = bad else { continue };
            let about = format!("{}/{}/{reason}", report.mac, report.port_id);
            if bad {
                let mut evidence = show(report.mac, &report.port_id, devices);
                evidence.add("reasons", reason);
                let at = scene.at;
                scene.raise(&Incident { row: alarms::row(key), about: &about, at, evidence });
            } else {
                scene.resolve(alarms::row(key), &about, scene.at);
            }
        }
    }

    /// A port went up or down.
    pub(crate) fn on_link(
        &mut self,
        mac: Mac,
        port_id: &str,
        is_up: bool,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(port) = self.port_now(mac, port_id, scene) else { return };
        if port.is_up.replace(is_up).is_none_or(|before| before == is_up) {
            return;
        }
        port.changes.push_back(scene.at);
        port.changed = scene.now;
        if port.changes.len() > FLAPS {
            port.changes.pop_front();
        }
        let since = scene.at - FLAP_WINDOW;
        let flaps = port.changes.len() == FLAPS && port.changes[0] > since;
        if flaps || port.is_flapping {
            port.is_flapping = true;
            let evidence = show(mac, port_id, devices);
            let (row, at) = (alarms::row("port_flap"), scene.at);
            scene.raise(&Incident { row, about: &format!("{mac}/{port_id}"), at, evidence });
        }
        if let Some(deadline) = port.still_at() {
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

    /// Errors and packets since the report before, if they say something.
    fn error_share(&mut self, report: &PortReport<'_>) -> Option<(u64, u64)> {
        let now = (report.errors?, report.packets?);
        let (errors, packets) = self.counters.replace(now)?;
        // A counter that went back began anew.
        let since = (now.0.checked_sub(errors)?, now.1.checked_sub(packets)?);
        (since.1 >= PACKETS_MIN).then_some(since)
    }

    /// Whether the negotiation went wrong, if the report says.
    fn negotiated(&mut self, report: &PortReport<'_>) -> Option<bool> {
        if report.is_up == Some(false) || (report.speed.is_none() && report.is_full.is_none()) {
            return None;
        }
        let speed = report.speed.filter(|speed| *speed > 0);
        let slower = speed.is_some_and(|speed| speed < self.best_speed);
        self.best_speed = self.best_speed.max(speed.unwrap_or(0));
        Some(slower || report.is_full == Some(false))
    }
}

fn show(mac: Mac, port_id: &str, devices: &Devices) -> Evidence {
    let mut evidence = Evidence::new();
    devices.show(mac, &mut evidence);
    evidence.add("port_ids", port_id);
    evidence.involve(devices.entity(mac, Some(port_id)));
    evidence
}
