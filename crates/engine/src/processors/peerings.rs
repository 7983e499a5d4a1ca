//! Alarms of VPN paths, VPN peers and BGP neighbours.
//!
//! A down waits for the threshold of its kind, as that of a device does: one that is over before
//! is no alarm, and takes its up with it. With a threshold only changes count: what is down
//! already, or up, is no news. Without one every report is an alarm at once.
//!
//! Reports name the other end in their own ways. Two are about one peering when `peer_mac` and
//! `port_id` agree, and what `text` has in square brackets, or else the first address in it, and
//! `vpn_name`.

use super::Scene;
use super::alarms::Incident;
use super::deferral::Deferral;
use super::devices::Devices;
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::alarm::Evidence;
use foghorn_model::definitions::{alarm, alarm_of_event};
use foghorn_model::telemetry::{DeviceChange, DeviceEvent, DeviceReport, PeeringKind};
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Site, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Peerings of one device that are followed; those beyond are told as if there were no threshold.
const PEERINGS_MAX: usize = 1_000;

/// The peerings of the devices of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Peerings {
    by_device: BTreeMap<Mac, OfDevice>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct OfDevice {
    by_name: BTreeMap<String, Peering>,
    #[serde(skip)]
    armed: Armed,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Peering {
    kind: PeeringKind,
    /// Whether it is up; not known before it is first heard of.
    #[serde(default)]
    is_up: Option<bool>,
    /// Since when, by the device's clock.
    #[serde(default)]
    since: Timestamp,
    /// A down that is not yet told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owed: Option<Owed>,
    #[serde(default, skip_serializing_if = "Deferral::is_none")]
    deferral: Deferral,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Owed {
    /// The alarm that it will be.
    key: String,
    evidence: Evidence,
}

impl Peerings {
    /// A device said that a peering is up, or down.
    pub(crate) fn on_report(
        &mut self,
        report: &DeviceReport<'_>,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        if let DeviceChange::Event(event) = &report.change {
            let said = [report.reason.as_deref(), report.text.as_deref()];
            self.on_event(report.mac, event, said, devices, scene);
        }
    }

    /// An event says that a peering is up, or down; with its reason and its text.
    pub(crate) fn on_event(
        &mut self,
        mac: Mac,
        event: &DeviceEvent<'_>,
        [reason, text]: [Option<&str>; 2],
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some((kind, is_up)) = event.peering() else { return };
        let Some(row) = alarm_of_event(&event.event_type) else { return };
        if devices.device_type(mac).is_none() {
            return;
        }
        let mut evidence = Evidence::new();
        devices.show(mac, &mut evidence);
        evidence.add_opt("reasons", reason.or(text));
        let threshold = scene.site.setting.peering_threshold(kind);
        let at = scene.at;
        let incident = Incident { row, about: "", at, evidence };
        let OfDevice { by_name, armed } = self.by_device.entry(mac).or_default();
        let name = name(kind, event, text);
        if by_name.len() >= PEERINGS_MAX && !by_name.contains_key(&name) {
            scene.tally.over_limit += 1;
            return scene.raise(&incident);
        }
        let peering = by_name.entry(name).or_insert_with(|| Peering::new(kind));
        if threshold == Micros(0) {
            if at >= peering.since {
                (peering.is_up, peering.since) = (Some(is_up), at);
            }
            return scene.raise(&incident);
        }
        if at < peering.since {
            scene.tally.stale += 1;
            return;
        }
        if peering.is_up.replace(is_up) == Some(is_up) {
            return;
        }
        peering.since = at;
        peering.deferral = Deferral::default();
        let was_owed = peering.owed.take().is_some();
        if is_up && was_owed {
            return;
        }
        if is_up || at + threshold <= scene.now {
            return scene.raise(&incident);
        }
        peering.owed = Some(Owed { key: row.key.into(), evidence: incident.evidence });
        let deadline = at + threshold;
        scene.timers.arm(armed, deadline, scene.site.id, Subject::Peerings(mac));
    }

    /// A down may be over its threshold.
    pub(crate) fn on_timer(&mut self, mac: Mac, scene: &mut Scene<'_, '_>) {
        let Some(of_device) = self.by_device.get_mut(&mac) else { return };
        of_device.armed.fired();
        for peering in of_device.by_name.values_mut() {
            if peering.deadline(scene.site).is_none_or(|deadline| deadline > scene.now) {
                continue;
            }
            peering.deferral = Deferral::default();
            let Some(Owed { key, evidence }) = peering.owed.take() else { continue };
            if let Some(row) = alarm(&key) {
                scene.raise(&Incident { row, about: "", at: peering.since, evidence });
            }
        }
        of_device.arm(mac, scene.site, scene.timers);
    }

    /// Settings changed, or the state was read back.
    pub(crate) fn rearm(&mut self, site: &Site, timers: &mut Timers) {
        for (mac, of_device) in &mut self.by_device {
            of_device.arm(*mac, site, timers);
        }
    }

    /// The site heard nothing until now, through no fault of its devices.
    pub(crate) fn defer(&mut self, site: &Site, now: Timestamp) {
        for (mac, of_device) in &mut self.by_device {
            for peering in of_device.by_name.values_mut() {
                if let Some(deadline) = peering.own_deadline(site) {
                    peering.deferral.defer(deadline, now, *mac);
                }
            }
        }
    }

    /// The device left the site.
    pub(crate) fn remove(&mut self, mac: Mac, site: &Site, timers: &mut Timers) {
        if let Some(mut of_device) = self.by_device.remove(&mac) {
            timers.disarm(&mut of_device.armed, site.id, Subject::Peerings(mac));
        }
    }
}

impl OfDevice {
    fn arm(&mut self, mac: Mac, site: &Site, timers: &mut Timers) {
        let deadlines = self.by_name.values().filter_map(|peering| peering.deadline(site));
        if let Some(deadline) = deadlines.min() {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Peerings(mac));
        }
    }
}

impl Peering {
    fn new(kind: PeeringKind) -> Self {
        let (since, deferral) = (Timestamp(0), Deferral::default());
        Self { kind, is_up: None, since, owed: None, deferral }
    }

    fn own_deadline(&self, site: &Site) -> Option<Timestamp> {
        self.owed.as_ref().map(|_| self.since + site.setting.peering_threshold(self.kind))
    }

    fn deadline(&self, site: &Site) -> Option<Timestamp> {
        self.own_deadline(site).map(|deadline| self.deferral.apply(deadline))
    }
}

/// What a peering is called among those of its device.
fn name(kind: PeeringKind, event: &DeviceEvent<'_>, text: Option<&str>) -> String {
    let peer = event.peer_mac.map(|mac| mac.to_string()).unwrap_or_default();
    let port = event.port_id.as_deref().unwrap_or_default();
    let named = text.and_then(named).unwrap_or_default();
    let vpn = event.vpn_name.as_deref().map(|vpn| format!("/{vpn}")).unwrap_or_default();
    format!("{}/{peer}/{port}/{named}{vpn}", kind.name())
}

/// The other end, as a text names it.
fn named(text: &str) -> Option<&str> {
    let bracketed = || Some(text.split_once('[')?.1.split_once(']')?.0);
    let is_part = |letter: char| letter.is_ascii_hexdigit() || ['.', ':'].contains(&letter);
    let mut words = text.split(|letter| !is_part(letter)).map(|word| word.trim_matches(['.', ':']));
    let address = || words.find(|word| word.parse::<IpAddr>().is_ok());
    bracketed().or_else(address)
}
