//! Damping of what flaps, where a setting asks for it.
//!
//! A device that has had more changes within the window than the setting allows is told no more
//! of them on `device-updowns`; a port none of its links on `device-events`. A marker stands in
//! their place: when it begins, once a window while it goes on, and when nothing has changed for
//! a window, each with how many changes were not told so far and how the last one left it. What
//! is told and what the last marker counts are all there was.
//!
//! What would be told counts, so a down within its threshold does not. Alarms, which gather by
//! themselves, and the connects of devices on `device-events` are told as ever.

use super::{Cause, DeviceState, Devices, Transition};
use crate::processors::Scene;
use crate::processors::deferral::Deferral;
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::config::Damping;
use foghorn_model::event::device::{
    Flapping as Marker, FlappingStatus, Happening, encode_event, encode_updown,
};
use foghorn_model::telemetry::{DeviceEvent, Severity};
use foghorn_model::{DeviceType, Mac, Setting, Site, Timestamp, Topic};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Ports of a device that are followed; those beyond are told as they change.
const PORTS_MAX: usize = 1_000;

/// Of a device and its ports.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Dampers {
    #[serde(skip_serializing_if = "Damper::is_empty")]
    own: Damper,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    ports: BTreeMap<String, Damper>,
    #[serde(skip)]
    armed: Armed,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Damper {
    /// When changes of late were told, by the partition clock.
    told: VecDeque<Timestamp>,
    flapping: Option<Flapping>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Flapping {
    /// The first change that was not told, by the device's clock.
    since: Timestamp,
    suppressed: u64,
    /// How the last one left it.
    is_up: bool,
    /// When that was, and when a marker was told last, by the partition clock.
    last: Timestamp,
    marked: Timestamp,
    #[serde(default, skip_serializing_if = "Deferral::is_none")]
    deferral: Deferral,
}

/// What becomes of a change.
enum Passage {
    Tell,
    Hold,
    Mark(FlappingStatus, Flapping),
}

impl Damper {
    fn is_empty(&self) -> bool {
        self.told.is_empty() && self.flapping.is_none()
    }

    /// Something changed, at this time by the device's clock.
    fn pass(
        &mut self,
        rule: Option<Damping>,
        is_up: bool,
        at: Timestamp,
        now: Timestamp,
    ) -> Passage {
        let Some(rule) = rule else {
            self.told.clear();
            return Passage::Tell;
        };
        if let Some(flapping) = &mut self.flapping {
            flapping.suppressed += 1;
            (flapping.is_up, flapping.last) = (is_up, now);
            flapping.deferral = Deferral::default();
            if flapping.marked + rule.window > now {
                return Passage::Hold;
            }
            flapping.marked = now;
            return Passage::Mark(FlappingStatus::Ongoing, *flapping);
        }
        self.forget(rule, now);
        if self.told.len() < rule.count {
            self.told.push_back(now);
            return Passage::Tell;
        }
        self.told.clear();
        let flapping = Flapping {
            since: at,
            suppressed: 1,
            is_up,
            last: now,
            marked: now,
            deferral: Deferral::default(),
        };
        self.flapping = Some(flapping);
        Passage::Mark(FlappingStatus::Started, flapping)
    }

    fn forget(&mut self, rule: Damping, now: Timestamp) {
        while self.told.front().is_some_and(|told| *told + rule.window <= now) {
            self.told.pop_front();
        }
    }

    /// When it has kept still for long enough; at once, where nothing is damped any more.
    fn own_deadline(&self, rule: Option<Damping>) -> Option<Timestamp> {
        let last = self.flapping?.last;
        Some(rule.map_or(last, |rule| last + rule.window))
    }

    fn deadline(&self, rule: Option<Damping>) -> Option<Timestamp> {
        let deferral = self.flapping?.deferral;
        Some(deferral.apply(self.own_deadline(rule)?))
    }

    /// Ends it when it is time.
    fn end(&mut self, rule: Option<Damping>, now: Timestamp) -> Option<Flapping> {
        match rule {
            Some(rule) => self.forget(rule, now),
            None => self.told.clear(),
        }
        if self.deadline(rule)? > now {
            return None;
        }
        self.flapping.take()
    }
}

impl Dampers {
    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.ports.is_empty()
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Damper> {
        std::iter::once(&mut self.own).chain(self.ports.values_mut())
    }

    pub(super) fn arm(&mut self, mac: Mac, site: &Site, over: &Setting, timers: &mut Timers) {
        let rule = site.setting.flap_damping(over);
        if let Some(deadline) = self.each().filter_map(|it| it.deadline(rule)).min() {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Damper(mac));
        }
    }

    pub(super) fn disarm(&mut self, mac: Mac, site: &Site, timers: &mut Timers) {
        timers.disarm(&mut self.armed, site.id, Subject::Damper(mac));
    }

    /// Nothing could be heard until now.
    pub(super) fn defer(&mut self, site: &Site, over: &Setting, now: Timestamp, mac: Mac) {
        let rule = site.setting.flap_damping(over);
        for damper in self.each() {
            let deadline = damper.own_deadline(rule);
            if let (Some(deadline), Some(flapping)) = (deadline, &mut damper.flapping) {
                flapping.deferral.defer(deadline, now, mac);
            }
        }
    }
}

impl Devices {
    /// A device or its ports may have kept still for long enough.
    pub(crate) fn on_damper(&mut self, mac: Mac, scene: &mut Scene<'_, '_>) {
        let Some(state) = self.by_mac.get_mut(&mac) else { return };
        state.dampers.armed.fired();
        let rule = scene.site.setting.flap_damping(scene.over);
        let now = scene.now;
        if let Some(flapping) = state.dampers.own.end(rule, now) {
            state.mark(None, FlappingStatus::Ended, flapping, now, scene);
        }
        let mut ended = Vec::new();
        state.dampers.ports.retain(|port, damper| {
            ended.extend(damper.end(rule, now).map(|flapping| (port.clone(), flapping)));
            !damper.is_empty()
        });
        for (port, flapping) in ended {
            state.mark(Some(&port), FlappingStatus::Ended, flapping, now, scene);
        }
        state.dampers.arm(mac, scene.site, scene.over, scene.timers);
    }
}

impl DeviceState {
    /// Tells of a change on `device-updowns`, unless the device flaps.
    pub(super) fn tell_updown(
        &mut self,
        transition: Transition,
        at: Timestamp,
        cause: Cause<'_>,
        scene: &mut Scene<'_, '_>,
    ) {
        let rule = scene.site.setting.flap_damping(scene.over);
        let is_up = match transition {
            Transition::Connected | Transition::Restarted => true,
            Transition::Disconnected => false,
        };
        match self.dampers.own.pass(rule, is_up, at, scene.now) {
            Passage::Hold => {}
            Passage::Mark(status, flapping) => self.mark(None, status, flapping, at, scene),
            Passage::Tell => {
                let happening = self.happening(transition, at, cause);
                scene.emit(Topic::DeviceUpdowns, |out, place| {
                    encode_updown(out, &self.facts(place), &happening);
                });
            }
        }
    }

    /// Whether an event is one of a link that flaps, and is not told.
    pub(super) fn is_damped(&mut self, event: &DeviceEvent<'_>, scene: &mut Scene<'_, '_>) -> bool {
        let Some((port, is_up)) = event.link() else { return false };
        let rule = scene.site.setting.flap_damping(scene.over);
        let ports = &mut self.dampers.ports;
        let is_known = ports.contains_key(port);
        if !is_known && (rule.is_none() || ports.len() >= PORTS_MAX) {
            return false;
        }
        let damper = ports.entry(port.into()).or_default();
        match damper.pass(rule, is_up, scene.at, scene.now) {
            Passage::Tell => return false,
            Passage::Hold => {}
            Passage::Mark(status, flapping) => {
                self.mark(Some(port), status, flapping, scene.at, scene);
            }
        }
        true
    }

    /// Tells that the device, or a port of it, flaps, and sets the timer of the end of that.
    fn mark(
        &mut self,
        port_id: Option<&str>,
        status: FlappingStatus,
        flapping: Flapping,
        at: Timestamp,
        scene: &mut Scene<'_, '_>,
    ) {
        let marker = Marker {
            port_id,
            status,
            since: flapping.since,
            suppressed: flapping.suppressed,
            is_up: flapping.is_up,
        };
        let happening = Happening {
            event_type: event_type(self.device_type, port_id.is_some()),
            at,
            severity: match status {
                FlappingStatus::Started | FlappingStatus::Ongoing => Severity::Warn,
                FlappingStatus::Ended => Severity::Notice,
            },
            reason: None,
            text: None,
            audit_id: None,
            fixed_version: None,
            detail: None,
            flapping: Some(marker),
        };
        match port_id {
            None => scene.emit(Topic::DeviceUpdowns, |out, place| {
                encode_updown(out, &self.facts(place), &happening);
            }),
            Some(_) => scene.emit(Topic::DeviceEvents, |out, place| {
                encode_event(out, &self.facts(place), &happening);
            }),
        }
        self.dampers.arm(self.device.mac, scene.site, scene.over, scene.timers);
    }
}

fn event_type(device_type: DeviceType, is_port: bool) -> &'static str {
    match (device_type, is_port) {
        (DeviceType::Ap, false) => "AP_FLAPPING",
        (DeviceType::Ap, true) => "AP_PORT_FLAPPING",
        (DeviceType::Switch, false) => "SW_FLAPPING",
        (DeviceType::Switch, true) => "SW_PORT_FLAPPING",
        (DeviceType::Gateway, false) => "GW_FLAPPING",
        (DeviceType::Gateway, true) => "GW_PORT_FLAPPING",
    }
}
