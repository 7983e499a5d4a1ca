//! Radios of APs: how they are set, and how busy their channels are.
//!
//! A radio that is set otherwise than before is an event of its AP: `AP_RADAR_DETECTED` where the
//! report says that it had to give way to radar, `AP_RRM_ACTION` else. A radio goes on saying that
//! it gave way, so that a report may come twice, or not at all: it is news once, and again with
//! another channel. An AP that says so in an event of its own is taken at its word, and the next
//! report of the same setting is no news. The first report of a radio is where its story begins,
//! and one that is down has no setting.
//!
//! `insufficient_capacity`: in [`Streak`] reports in a row a channel is in use for [`BUSY`] percent
//! of the time or more; as many under it resolve it.
//!
//! Reports count from when they were made, by the AP's clock; one that is older than the last of
//! its radio is too late to say anything.

use super::Scene;
use super::alarms::{self, Incident};
use super::devices::Devices;
use super::streak::Streak;
use foghorn_model::alarm::Evidence;
use foghorn_model::telemetry::{
    DeviceChange, DeviceEvent, DeviceReport, Radio, RadioReport, Severity,
};
use foghorn_model::{DeviceType, Mac, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// In percent.
const BUSY: f64 = 80.0;
/// What the wire calls the reason of a radio that heard radar.
const RADAR: &str = "radar-detected";

/// The radios of a site, by AP and band.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Radios {
    by_ap: BTreeMap<Mac, BTreeMap<String, RadioState>>,
}

/// A radio as it is known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RadioState {
    /// How it is set.
    pub(crate) setting: Radio,
    /// Whether it sends.
    pub(crate) is_up: Option<bool>,
    /// In percent.
    pub(crate) utilization: Option<f64>,
    /// In dBm.
    pub(crate) noise_floor: Option<f64>,
    /// Whether it had to give way to radar.
    gave_way: bool,
    /// When it last said something, by the AP's clock.
    latest: Timestamp,
    busy: Streak,
}

impl Radios {
    /// The radios of an AP, by band.
    pub(crate) fn of(&self, ap: Mac) -> impl Iterator<Item = (&str, &RadioState)> {
        self.by_ap.get(&ap).into_iter().flatten().map(|(band, state)| (band.as_str(), state))
    }

    /// A radio said how it is.
    pub(crate) fn on_report(
        &mut self,
        report: &RadioReport<'_>,
        devices: &mut Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        if devices.device_type(report.ap) != Some(DeviceType::Ap) {
            scene.tally.unknown_device += 1;
            return;
        }
        let radios = self.by_ap.entry(report.ap).or_default();
        let radio = radios.entry(report.band.clone().into_owned()).or_default();
        if scene.at < radio.latest {
            scene.tally.stale += 1;
            return;
        }
        radio.latest = scene.at;
        radio.is_up = report.is_up.or(radio.is_up);
        radio.utilization = report.utilization.or(radio.utilization);
        radio.noise_floor = report.noise_floor.or(radio.noise_floor);
        let before = radio.setting;
        if radio.is_up != Some(false) {
            radio.setting = report.now.or(before);
        }
        let is_set_anew = before.is_changed_to(radio.setting);
        let gave_way = std::mem::replace(&mut radio.gave_way, report.radar);
        let moves = before.channel.is_some() && before.channel != radio.setting.channel;
        let gives_way = report.radar && (moves || !gave_way);
        if is_set_anew || gives_way {
            let event = DeviceEvent {
                event_type: if gives_way { "AP_RADAR_DETECTED" } else { "AP_RRM_ACTION" }.into(),
                severity: gives_way.then_some(Severity::Warn),
                band: Some(report.band.as_ref().into()),
                now: radio.setting,
                before: if is_set_anew { before } else { Radio::default() },
                ..DeviceEvent::default()
            };
            let told = report.reason.as_deref();
            let reason = told.or(gives_way.then_some(RADAR));
            devices.conclude(report.ap, &event, reason, report.audit_id, scene);
        }
        let busy = report.utilization.and_then(|used| radio.busy.add(used >= BUSY));
        let Some(busy) = busy else { return };
        let row = alarms::row("insufficient_capacity");
        let about = format!("{}/{}", report.ap, report.band);
        if busy {
            let mut evidence = Evidence::new();
            devices.show(report.ap, &mut evidence);
            let used = report.utilization.unwrap_or_default();
            evidence.add("reasons", format!("channel of band {} in use for {used} %", report.band));
            evidence.involve(devices.entity(report.ap, None));
            let at = scene.at;
            scene.raise(&Incident { row, about: &about, at, evidence });
        } else {
            scene.resolve(row, &about, scene.at);
        }
    }

    /// An AP said itself that a radio is set otherwise.
    pub(crate) fn on_event(&mut self, report: &DeviceReport<'_>, scene: &Scene<'_, '_>) {
        let DeviceChange::Event(event) = &report.change else { return };
        let gave_way = match event.event_type.as_ref() {
            "AP_RADAR_DETECTED" => true,
            "AP_RRM_ACTION" => false,
            _ => return,
        };
        let radio = event.band.as_deref().and_then(|band| {
            // Of a radio that has no reports there is nothing to compare with.
            self.by_ap.get_mut(&report.mac)?.get_mut(band)
        });
        if let Some(radio) = radio.filter(|radio| scene.at >= radio.latest) {
            radio.setting = event.now.or(radio.setting);
            radio.gave_way = gave_way;
            radio.latest = scene.at;
        }
    }

    /// The device left the site.
    pub(crate) fn remove(&mut self, mac: Mac) {
        self.by_ap.remove(&mac);
    }
}
