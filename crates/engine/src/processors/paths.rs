//! Uplinks and paths of VPNs that lose, delay or scatter packets, or let none through.
//!
//! Three reports in a row over one of the limits raise `bad_wan_uplink` of an uplink, and
//! `vpn_path_down` of a path of a VPN; as many within all of them resolve it.
//!
//! A path is down when its gateway says so, or when in as many reports all packets are lost, and
//! up again alike. Of a VPN that is `GW_VPN_PATH_DOWN` and `GW_VPN_PATH_UP`, with the alarms of
//! these. An uplink that goes down [`OUTAGES`] times within [`OUTAGES_WITHIN`] comes and goes
//! (`intermittent_wan_connectivity`), until it has not gone down for as long.
//!
//! A report that is older than the last of its path is too late to say anything.

use super::Scene;
use super::alarms::{self, Incident};
use super::devices::Devices;
use super::peerings::Peerings;
use super::streak::Streak;
use foghorn_model::alarm::Evidence;
use foghorn_model::telemetry::{DeviceEvent, PathReport, Severity};
use foghorn_model::time::Micros;
use foghorn_model::{DeviceType, Mac, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// In percent.
const LOSS_MAX: f64 = 5.0;
const LOSS_OF_ALL: f64 = 100.0;
const LATENCY_MAX: Micros = Micros(200_000);
const JITTER_MAX: Micros = Micros(50_000);
const OUTAGES: usize = 3;
const OUTAGES_WITHIN: Micros = Micros::from_mins(30);
/// Uplinks and paths that a site follows.
const PATHS_MAX: usize = 5_000;

/// The uplinks of a site, and the paths of its VPNs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Paths {
    by_name: BTreeMap<String, Path>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Path {
    #[serde(flatten)]
    streak: Streak,
    /// When it last said something, by the gateway's clock.
    latest: Timestamp,
    /// Whether all is lost.
    #[serde(skip_serializing_if = "Streak::is_quiet")]
    lost: Streak,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_down: bool,
    /// When it went down of late, by the gateway's clock.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    outages: VecDeque<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_intermittent: bool,
}

/// What is wrong with a path, if anything.
fn fault(report: &PathReport<'_>) -> Option<String> {
    let millis = |span: Micros| span.0 as f64 / 1000.0;
    if report.is_up == Some(false) {
        return Some("down".into());
    }
    if let Some(loss) = report.loss.filter(|loss| *loss >= LOSS_MAX) {
        return Some(format!("loss of {loss} %"));
    }
    if let Some(latency) = report.latency.filter(|latency| *latency >= LATENCY_MAX) {
        return Some(format!("latency of {} ms", millis(latency)));
    }
    let jitter = report.jitter.filter(|jitter| *jitter >= JITTER_MAX)?;
    Some(format!("jitter of {} ms", millis(jitter)))
}

/// What a path is called: its uplink, and of a VPN this and the other end.
fn name(report: &PathReport<'_>) -> String {
    let uplink = format!("{}/{}", report.mac, report.port_id);
    if !report.is_of_vpn() {
        return uplink;
    }
    let peer = report.peer_mac.map(|mac| mac.to_string()).unwrap_or_default();
    format!("{uplink}/{}/{peer}", report.vpn_name.as_deref().unwrap_or_default())
}

impl Paths {
    /// A gateway measured an uplink, or a path of a VPN.
    pub(crate) fn on_report(
        &mut self,
        report: &PathReport<'_>,
        devices: &mut Devices,
        peerings: &mut Peerings,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(device_type) = devices.device_type(report.mac) else {
            scene.tally.unknown_device += 1;
            return;
        };
        let about = name(report);
        if self.by_name.len() >= PATHS_MAX && !self.by_name.contains_key(&about) {
            scene.tally.over_limit += 1;
            return;
        }
        let path = self.by_name.entry(about.clone()).or_default();
        if scene.at < path.latest {
            scene.tally.stale += 1;
            return;
        }
        path.latest = scene.at;
        let fault = fault(report);
        if let Some(is_down) = path.turn(report) {
            match report.is_of_vpn() {
                true if device_type == DeviceType::Gateway => {
                    conclude(report, is_down, fault.as_deref(), devices, peerings, scene);
                }
                false if is_down => path.count_outage(report, &about, devices, scene),
                _ => {}
            }
        }
        path.calm_down(&about, scene);
        if path.streak.add(fault.is_some()).is_none() {
            return;
        }
        let key = if report.is_of_vpn() { "vpn_path_down" } else { "bad_wan_uplink" };
        let row = alarms::row(key);
        match fault {
            Some(fault) => {
                let mut evidence = show(report, devices);
                evidence.add("reasons", format!("{}{fault}", of_vpn(report)));
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

impl Path {
    /// Whether it goes down with this report, or comes up.
    fn turn(&mut self, report: &PathReport<'_>) -> Option<bool> {
        let is_down = match (report.is_up, report.loss) {
            (Some(is_up), _) => {
                self.lost = Streak::begun(!is_up);
                !is_up
            }
            (None, Some(loss)) => self.lost.add(loss >= LOSS_OF_ALL)?,
            (None, None) => return None,
        };
        (std::mem::replace(&mut self.is_down, is_down) != is_down).then_some(is_down)
    }

    /// It went down once more.
    fn count_outage(
        &mut self,
        report: &PathReport<'_>,
        about: &str,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        self.outages.push_back(scene.at);
        if self.outages.len() > OUTAGES {
            self.outages.pop_front();
        }
        let many = self.outages.len() == OUTAGES && self.outages[0] + OUTAGES_WITHIN > scene.at;
        if many || self.is_intermittent {
            self.is_intermittent = true;
            let evidence = show(report, devices);
            let (row, at) = (alarms::row("intermittent_wan_connectivity"), scene.at);
            scene.raise(&Incident { row, about, at, evidence });
        }
    }

    /// It may not have gone down for long enough.
    fn calm_down(&mut self, about: &str, scene: &mut Scene<'_, '_>) {
        let last = self.outages.back().filter(|_| self.is_intermittent);
        if last.is_some_and(|last| *last + OUTAGES_WITHIN <= scene.at) {
            self.is_intermittent = false;
            self.outages.clear();
            scene.resolve(alarms::row("intermittent_wan_connectivity"), about, scene.at);
        }
    }
}

/// A path of a VPN went down, or came up: its gateway has said so by what it measures.
fn conclude(
    report: &PathReport<'_>,
    is_down: bool,
    fault: Option<&str>,
    devices: &mut Devices,
    peerings: &mut Peerings,
    scene: &mut Scene<'_, '_>,
) {
    let event = DeviceEvent {
        event_type: if is_down { "GW_VPN_PATH_DOWN" } else { "GW_VPN_PATH_UP" }.into(),
        severity: is_down.then_some(Severity::Warn),
        port_id: Some(report.port_id.as_ref().into()),
        peer_mac: report.peer_mac,
        peer_site_id: report.peer_site_id,
        vpn_name: report.vpn_name.as_deref().map(Into::into),
        ..DeviceEvent::default()
    };
    let reason = fault.filter(|_| is_down);
    devices.conclude(report.mac, &event, reason, None, scene);
    peerings.on_event(report.mac, &event, [reason, None], devices, scene);
}

fn show(report: &PathReport<'_>, devices: &Devices) -> Evidence {
    let mut evidence = Evidence::new();
    devices.show(report.mac, &mut evidence);
    evidence.add("port_ids", report.port_id.as_ref());
    evidence.involve(devices.entity(report.mac, Some(&report.port_id)));
    evidence
}

/// Which path of which VPN it is, before what is wrong with it.
fn of_vpn(report: &PathReport<'_>) -> String {
    match (report.vpn_name.as_deref(), report.peer_mac) {
        (Some(vpn), Some(peer)) => format!("{vpn} to {peer}: "),
        (Some(vpn), None) => format!("{vpn}: "),
        (None, Some(peer)) => format!("VPN to {peer}: "),
        (None, None) => String::new(),
    }
}
