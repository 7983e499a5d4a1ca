//! `bad_wan_uplink`: an uplink that loses, delays or scatters packets.
//!
//! Three reports in a row over one of the limits raise it, as many within all of them
//! resolve it. One that is older than the last of its uplink is too late to say anything.

use super::Scene;
use super::alarms::{self, Incident};
use super::devices::Devices;
use super::streak::Streak;
use foghorn_model::alarm::Evidence;
use foghorn_model::telemetry::PathReport;
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// In percent.
const LOSS_MAX: f64 = 5.0;
const LATENCY_MAX: Micros = Micros(200_000);
const JITTER_MAX: Micros = Micros(50_000);
/// Uplinks that a site follows.
const PATHS_MAX: usize = 5_000;

/// The uplinks of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Paths {
    by_name: BTreeMap<String, Path>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Path {
    #[serde(flatten)]
    streak: Streak,
    /// When it last said something, by the gateway's clock.
    latest: Timestamp,
}

/// What is wrong with a path, if anything.
fn fault(report: &PathReport<'_>) -> Option<String> {
    let millis = |span: Micros| span.0 as f64 / 1000.0;
    if let Some(loss) = report.loss.filter(|loss| *loss >= LOSS_MAX) {
        return Some(format!("loss of {loss} %"));
    }
    if let Some(latency) = report.latency.filter(|latency| *latency >= LATENCY_MAX) {
        return Some(format!("latency of {} ms", millis(latency)));
    }
    let jitter = report.jitter.filter(|jitter| *jitter >= JITTER_MAX)?;
    Some(format!("jitter of {} ms", millis(jitter)))
}

impl Paths {
    /// A gateway measured an uplink.
    pub(crate) fn on_report(
        &mut self,
        report: &PathReport<'_>,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        if devices.device_type(report.mac).is_none() {
            scene.tally.unknown_device += 1;
            return;
        }
        let about = format!("{}/{}", report.mac, report.port_id);
        if self.by_name.len() >= PATHS_MAX && !self.by_name.contains_key(&about) {
            scene.tally.over_limit += 1;
            return;
        }
        let fault = fault(report);
        let path = self.by_name.entry(about.clone()).or_default();
        if scene.at < path.latest {
            scene.tally.stale += 1;
            return;
        }
        path.latest = scene.at;
        if path.streak.add(fault.is_some()).is_none() {
            return;
        }
        let row = alarms::row("bad_wan_uplink");
        match fault {
            Some(reason) => {
                let mut evidence = Evidence::new();
                devices.show(report.mac, &mut evidence);
                evidence.add("port_ids", report.port_id.as_ref());
                evidence.add("reasons", reason);
                evidence.involve(devices.entity(report.mac, Some(&report.port_id)));
                let at = scene.at;
                scene.raise(&Incident { row, about: &about, at, evidence });
            }
            None => scene.resolve(row, &about, scene.at),
        }
    }

    /// The device left the site.
    pub(crate) fn remove(&mut self, mac: Mac) {
        let prefix = format!("{mac}/");
        self.by_name.retain(|name, _| !name.starts_with(&prefix));
    }
}
