//! `device-events` and `device-updowns`: whether devices are up.
//!
//! `device-events` tells each change at once. `device-updowns` holds a down back for the
//! threshold of the device's type: one that is over before then was never sent, and takes its up
//! with it. A restart is told at once on both.
//!
//! A device that has sent a heartbeat must go on sending them; one that never did is as its
//! source says it is.

mod availability;
mod carried;
mod causes;
mod damping;
mod entities;
mod site;
mod transition;

use super::Scene;
use super::alarms::Incident;
use super::presence::Presence;
use crate::table::{Ordered, bring_near};
use crate::timers::{Subject, Timers};
use crate::view::DeviceView;
use availability::Availability;
use damping::Dampers;
use foghorn_model::alarm::Evidence;
use foghorn_model::definitions::alarm_of_event;
use foghorn_model::event::device::{DeviceFacts, Happening, encode_event};
use foghorn_model::telemetry::{DeviceChange, DeviceEvent, DeviceReport, Severity};
use foghorn_model::{Device, DeviceType, Mac, Setting, Site, Timestamp, Topic};
use foghorn_mutant::{Mutant, is as mutated};
use serde::{Deserialize, Serialize};
use site::Standing;
use smol_str::SmolStr;
use std::collections::VecDeque;
use std::net::IpAddr;
use transition::Transition;
use uuid::Uuid;

/// The devices of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Devices {
    by_mac: Ordered<Mac, DeviceState>,
    availability: Availability,
    /// Whether the org was told that the site is down.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    site_is_down: bool,
    #[serde(skip)]
    standing: Standing,
}

/// In memory in this order: what most reports touch is the first line of the processor's cache.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[repr(C)]
struct DeviceState {
    #[serde(flatten)]
    presence: Presence,
    /// When the status last changed, by the device's clock.
    #[serde(default)]
    since: Timestamp,
    /// The last word on its status, by the device's clock.
    #[serde(default)]
    latest: Timestamp,
    /// A down that is not yet told on `device-updowns`.
    #[serde(default, skip_serializing_if = "is_left_out")]
    owed: Option<Box<Owed>>,
    #[serde(default)]
    status: Status,
    /// Whether it sends heartbeats.
    #[serde(default)]
    beats: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_unhealthy: bool,
    /// The type of the device, here too; [`Devices::index`] sets it.
    #[serde(skip, default = "DeviceState::any_type")]
    device_type: DeviceType,
    /// The switch that it is connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uplink: Option<Mac>,
    #[serde(default)]
    version: SmolStr,
    #[serde(default)]
    ext_ip: Option<IpAddr>,
    device: Device,
    /// Its last restart, by the device's clock.
    #[serde(default)]
    restarted: Timestamp,
    /// Restarts of late, by the device's clock, and whether they are too many.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    restarts: VecDeque<Timestamp>,
    /// When the last of them came, by the partition clock.
    #[serde(default)]
    restart_heard: Timestamp,
    #[serde(default, skip_serializing_if = "Dampers::is_empty")]
    dampers: Dampers,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
enum Status {
    #[default]
    Unknown,
    Up,
    Down,
}

/// How a device stands, for those whom it concerns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stand {
    device_type: DeviceType,
    status: Status,
    /// Whether it is down, and the threshold of that is over.
    is_told_down: bool,
}

/// Whether what a device owes is left out of a snapshot.
fn is_left_out(owed: &Option<Box<Owed>>) -> bool {
    owed.is_none() || mutated(Mutant::StateLeftOut)
}

/// A down within its threshold.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Owed {
    at: Timestamp,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    audit_id: Option<Uuid>,
}

/// Why a device went down that just fell silent.
const SILENT: &str = "heartbeat_timeout";

/// Why something happened, as its source told.
#[derive(Clone, Copy, Default)]
struct Cause<'a> {
    reason: Option<&'a str>,
    text: Option<&'a str>,
    audit_id: Option<Uuid>,
    fixed_version: Option<&'a str>,
}

impl Devices {
    /// The name of a device, or nothing when the site has no such device or it has no name.
    pub(crate) fn name(&self, mac: Mac) -> Option<&str> {
        self.by_mac.get(&mac).map(|state| state.device.name.as_str()).filter(|it| !it.is_empty())
    }

    /// What is known of each device, by its address.
    pub(crate) fn views(&self) -> impl Iterator<Item = DeviceView<'_>> {
        self.by_mac.values().map(|state| state.view())
    }

    /// Shows a device among the causes of an alarm; of one that is not the site's, its address.
    pub(crate) fn show(&self, mac: Mac, evidence: &mut Evidence) {
        match self.by_mac.get(&mac) {
            Some(state) => state.show(evidence),
            None => evidence.add("hostnames", mac.to_string()),
        }
    }

    /// Whether a BSSID is of a radio of one of the APs: BSSIDs are made of an AP's address by
    /// counting its last octet on, and some vendors set the local bit.
    pub(crate) fn has_radio(&self, bssid: Mac) -> bool {
        let [first, second, third, fourth, fifth, _] = bssid.0;
        let block = |first, last| Mac([first, second, third, fourth, fifth, last]);
        let near = |first| {
            let mut devices = self.by_mac.range(block(first, 0)..=block(first, u8::MAX));
            devices.any(|(_, state)| state.device_type == DeviceType::Ap)
        };
        near(first) || near(first & !0x02)
    }

    /// What a device is, if the site has it.
    pub(crate) fn device_type(&self, mac: Mac) -> Option<DeviceType> {
        self.by_mac.get(&mac).map(|state| state.device_type)
    }

    /// The device is now as given.
    pub(crate) fn configure(&mut self, device: Device, now: Timestamp) {
        match self.by_mac.get_mut(&device.mac) {
            Some(state) => {
                let before = state.stand();
                state.device_type = device.device_type;
                state.device = device;
                // It may be of another type than was thought.
                self.availability.count(before, state.stand(), now);
            }
            None => {
                self.by_mac.get_or_insert_with(device.mac, || DeviceState::new(device));
            }
        }
    }

    /// The device left the site.
    pub(crate) fn remove(&mut self, mac: Mac, site: &Site, now: Timestamp, timers: &mut Timers) {
        let Some(mut state) = self.by_mac.remove(&mac) else { return };
        state.presence.disarm(site.id, Subject::Device(mac), timers);
        state.dampers.disarm(mac, site, timers);
        let before = state.stand();
        self.availability.count(before, Stand { status: Status::Unknown, ..before }, now);
        self.standing.count(Some(before), None);
    }

    /// Prefetches a device.
    pub(crate) fn fetch(&self, mac: Mac) {
        self.by_mac.fetch(&mac, |state| {
            bring_near(&state.presence);
            bring_near(&state.version);
        });
    }

    /// A device reported something. Devices that the site does not have are counted, no more.
    pub(crate) fn on_report(&mut self, report: &DeviceReport<'_>, scene: &mut Scene<'_, '_>) {
        let Some(state) = self.by_mac.get_mut(&report.mac) else {
            scene.tally.unknown_device += 1;
            return;
        };
        let before = state.stand();
        state.hear(report, scene.now);
        state.check_health(scene);
        let cause = Cause {
            reason: report.reason.as_deref(),
            text: report.text.as_deref(),
            audit_id: report.audit_id,
            fixed_version: report.fixed_version.as_deref(),
        };
        match &report.change {
            DeviceChange::Event(event) => state.tell_event(event, cause, scene),
            DeviceChange::Heartbeat => {
                state.beats = true;
                if state.status != Status::Up && scene.at >= state.since {
                    state.come_up(Cause::default(), scene);
                }
                state.latest = state.latest.max(scene.at);
            }
            change if state.is_past(change, scene.at) => scene.tally.stale += 1,
            DeviceChange::Connected => {
                if state.status != Status::Up {
                    state.come_up(cause, scene);
                }
                state.latest = scene.at;
            }
            DeviceChange::Disconnected => {
                if state.status != Status::Down {
                    state.go_down(cause, scene);
                }
                state.latest = scene.at;
            }
            DeviceChange::Restarted => state.restart(cause, scene),
        }
        state.arm(report.mac, scene.site, scene.over, scene.timers);
        let after = state.stand();
        self.follow(report.mac, before, after, scene);
    }

    /// Tells an event of a device that is concluded of what it measures.
    pub(crate) fn conclude(
        &mut self,
        mac: Mac,
        event: &DeviceEvent<'_>,
        reason: Option<&str>,
        audit_id: Option<Uuid>,
        scene: &mut Scene<'_, '_>,
    ) {
        if let Some(state) = self.by_mac.get_mut(&mac) {
            state.tell_event(event, Cause { reason, audit_id, ..Cause::default() }, scene);
        }
    }

    /// The timer of a device fired: it has fallen silent, or owes a down, or lives on.
    pub(crate) fn on_timer(&mut self, mac: Mac, scene: &mut Scene<'_, '_>) {
        let Some(state) = self.by_mac.get_mut(&mac) else { return };
        let before = state.stand();
        let deadline = state.deadline(scene.site, scene.over);
        if state.presence.fired(deadline, scene.now) {
            match state.owed.take() {
                Some(owed) => {
                    let cause = Cause {
                        reason: owed.reason.as_deref(),
                        audit_id: owed.audit_id,
                        ..Cause::default()
                    };
                    state.tell_updown(Transition::Disconnected, owed.at, cause, scene);
                    state.alarm(Transition::Disconnected, owed.at, cause, scene);
                }
                None => {
                    let cause = Cause { reason: Some(SILENT), ..Cause::default() };
                    state.go_down(cause, scene);
                }
            }
            state.presence.settle();
        }
        state.arm(mac, scene.site, scene.over, scene.timers);
        let after = state.stand();
        self.follow(mac, before, after, scene);
    }

    /// What follows for others from how a device stands now, if that has changed.
    fn follow(&mut self, mac: Mac, before: Stand, after: Stand, scene: &mut Scene<'_, '_>) {
        if before == after {
            return;
        }
        self.availability.count(before, after, scene.now);
        self.look_for_causes(mac, (before, after), scene);
        self.standing.count(Some(before), Some(after));
        self.look_at_site(scene.site, scene.now, scene.emitter);
    }

    /// The state was read back.
    pub(crate) fn index(&mut self) {
        for (_, state) in self.by_mac.each_mut() {
            state.device_type = state.device.device_type;
        }
    }

    /// Settings changed, or the state was read back: every timer is set by what holds now.
    pub(crate) fn rearm(&mut self, site: &Site, over: &Setting, timers: &mut Timers) {
        for (mac, state) in self.by_mac.each_mut() {
            state.arm(mac, site, over, timers);
            state.dampers.arm(mac, site, over, timers);
        }
        self.count_all_standing();
    }

    /// The site heard nothing until now, through no fault of its devices.
    pub(crate) fn defer(&mut self, site: &Site, over: &Setting, now: Timestamp) {
        for (mac, state) in self.by_mac.each_mut() {
            let deadline = state.deadline(site, over);
            state.presence.defer(deadline, now, mac);
            state.dampers.defer(site, over, now, mac);
        }
    }
}

impl DeviceState {
    fn any_type() -> DeviceType {
        DeviceType::Ap
    }

    fn new(device: Device) -> Self {
        Self {
            device_type: device.device_type,
            device,
            status: Status::Unknown,
            since: Timestamp(0),
            latest: Timestamp(0),
            restarted: Timestamp(0),
            presence: Presence::default(),
            beats: false,
            version: SmolStr::default(),
            ext_ip: None,
            uplink: None,
            restarts: VecDeque::new(),
            restart_heard: Timestamp(0),
            is_unhealthy: false,
            dampers: Dampers::default(),
            owed: None,
        }
    }

    fn view(&self) -> DeviceView<'_> {
        DeviceView {
            device: &self.device,
            is_up: match self.status {
                Status::Unknown => None,
                Status::Up => Some(true),
                Status::Down => Some(false),
            },
            since: self.since,
            heard: self.presence.heard(),
            version: &self.version,
            ext_ip: self.ext_ip,
        }
    }

    fn stand(&self) -> Stand {
        let (device_type, status) = (self.device_type, self.status);
        Stand { device_type, status, is_told_down: self.is_told_down() }
    }

    fn hear(&mut self, report: &DeviceReport<'_>, now: Timestamp) {
        self.presence.hear(now);
        if self.owed.is_none() {
            self.presence.settle();
        }
        if let Some(version) = report.version.as_deref()
            && self.version != version
        {
            self.version = version.into();
        }
        if report.ext_ip.is_some() {
            self.ext_ip = report.ext_ip;
        }
        if report.uplink.is_some() {
            self.uplink = report.uplink;
        }
    }

    /// When something is to happen if nothing is heard: what it owes comes first.
    fn deadline(&self, site: &Site, over: &Setting) -> Option<Timestamp> {
        let device_type = self.device_type;
        if let Some(owed) = &self.owed {
            return Some(owed.at + site.setting.updown_threshold(over, device_type));
        }
        (self.beats && self.status == Status::Up)
            .then(|| self.presence.heard() + site.setting.heartbeat_timeout(over, device_type))
    }

    fn arm(&mut self, mac: Mac, site: &Site, over: &Setting, timers: &mut Timers) {
        let deadline = self.deadline(site, over);
        self.presence.arm(deadline, site.id, Subject::Device(mac), timers);
    }

    fn come_up(&mut self, cause: Cause<'_>, scene: &mut Scene<'_, '_>) {
        let was_down = self.status == Status::Down;
        self.status = Status::Up;
        self.since = scene.at;
        self.tell(Transition::Connected, cause, scene);
        if self.owed.take().is_none() {
            self.tell_updown(Transition::Connected, scene.at, cause, scene);
            if was_down {
                self.alarm(Transition::Connected, scene.at, cause, scene);
            }
        }
        self.presence.settle();
    }

    fn go_down(&mut self, cause: Cause<'_>, scene: &mut Scene<'_, '_>) {
        self.status = Status::Down;
        self.since = scene.at;
        self.presence.settle();
        self.tell(Transition::Disconnected, cause, scene);
        let device_type = self.device_type;
        let threshold = scene.site.setting.updown_threshold(scene.over, device_type);
        if scene.at + threshold > scene.now {
            self.owed = Some(Box::new(Owed {
                at: scene.at,
                reason: cause.reason.map(Into::into),
                audit_id: cause.audit_id,
            }));
        } else {
            self.tell_updown(Transition::Disconnected, scene.at, cause, scene);
            self.alarm(Transition::Disconnected, scene.at, cause, scene);
        }
    }

    /// Whether word of a change is older than what is known. A restart that came to pass before
    /// the last heartbeat did come to pass, where a status did not last.
    fn is_past(&self, change: &DeviceChange<'_>, at: Timestamp) -> bool {
        match change {
            DeviceChange::Restarted => at < self.since || at <= self.restarted,
            _ => at < self.since.max(self.latest),
        }
    }

    fn restart(&mut self, cause: Cause<'_>, scene: &mut Scene<'_, '_>) {
        self.restarted = scene.at;
        self.tell(Transition::Restarted, cause, scene);
        self.tell_updown(Transition::Restarted, scene.at, cause, scene);
        self.alarm(Transition::Restarted, scene.at, cause, scene);
        self.count_restart(cause, scene);
        if self.status == Status::Up {
            self.since = scene.at;
        } else {
            self.come_up(Cause::default(), scene);
        }
    }

    fn tell(&self, transition: Transition, cause: Cause<'_>, scene: &mut Scene<'_, '_>) {
        let happening = self.happening(transition, scene.at, cause);
        scene.emit(Topic::DeviceEvents, |out, place| {
            encode_event(out, &self.facts(place), &happening);
        });
    }

    fn tell_event(&mut self, event: &DeviceEvent<'_>, cause: Cause<'_>, scene: &mut Scene<'_, '_>) {
        if event.is_of_another(self.device_type) {
            scene.tally.mistyped += 1;
        }
        let happening = Happening {
            event_type: &event.event_type,
            at: scene.at,
            severity: event.severity.unwrap_or(Severity::Notice),
            reason: cause.reason,
            text: cause.text,
            audit_id: cause.audit_id,
            fixed_version: cause.fixed_version,
            detail: Some(event),
            flapping: None,
        };
        if !self.is_damped(event, scene) {
            scene.emit(Topic::DeviceEvents, |out, place| {
                encode_event(out, &self.facts(place), &happening);
            });
        }
        // Alarms of peerings wait for their thresholds.
        let row = alarm_of_event(&event.event_type).filter(|_| event.peering().is_none());
        if let Some(row) = row {
            let mut evidence = Evidence::new();
            self.show(&mut evidence);
            evidence.add_opt("reasons", cause.reason.or(cause.text));
            if row.fields.contains(&"port_ids") {
                evidence.add_opt("port_ids", event.port_id.as_deref());
            }
            self.show_more(row, &mut evidence);
            let at = scene.at;
            scene.raise(&Incident { row, about: "", at, evidence });
        }
    }

    /// Raises the alarm that a change of the state is.
    fn alarm(
        &self,
        transition: Transition,
        at: Timestamp,
        cause: Cause<'_>,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(row) = transition.alarm(self.device_type) else { return };
        let mut evidence = Evidence::new();
        self.show(&mut evidence);
        if row.fields.contains(&"reasons") {
            evidence.add_opt("reasons", cause.reason);
        }
        self.show_more(row, &mut evidence);
        scene.raise(&Incident { row, about: "", at, evidence });
    }

    /// Shows the device among the causes of an alarm.
    fn show(&self, evidence: &mut Evidence) {
        let mac = self.device.mac.to_string();
        let list = match self.device_type {
            DeviceType::Ap => "aps",
            DeviceType::Switch => "switches",
            DeviceType::Gateway => "gateways",
        };
        evidence.add(list, mac.as_str());
        let name = Some(&self.device.name).filter(|name| !name.is_empty());
        evidence.add("hostnames", name.map_or(mac.as_str(), String::as_str));
    }

    fn happening<'a>(
        &self,
        transition: Transition,
        at: Timestamp,
        cause: Cause<'a>,
    ) -> Happening<'a> {
        Happening {
            event_type: transition.event_type(self.device_type),
            at,
            severity: transition.severity(),
            reason: cause.reason,
            text: cause.text,
            audit_id: cause.audit_id,
            fixed_version: cause.fixed_version,
            detail: None,
            flapping: None,
        }
    }

    fn facts<'a>(&'a self, place: &foghorn_model::event::Place<'a>) -> DeviceFacts<'a> {
        DeviceFacts {
            place: *place,
            mac: self.device.mac,
            name: &self.device.name,
            device_type: self.device_type,
            model: &self.device.model,
            version: &self.version,
            ext_ip: self.ext_ip,
        }
    }
}
