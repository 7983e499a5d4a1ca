//! The devices of the day: when each is away is planned beforehand.

use super::accounts::nas_ip;
use super::site::{Layout, Role};
use super::{Around, LENGTH, time};
use crate::dice::Dice;
use foghorn_model::Timestamp;
use foghorn_model::time::Micros;
use std::collections::VecDeque;

/// How often a device says that it lives.
const BEAT: Micros = Micros::from_secs(30);
/// Devices do things on a microsecond of their own of so many.
const SLOTS: i64 = 10_000;
/// A device of so many fails on a day.
const FAILS: u64 = 10;
/// And one of so many restarts at some time.
const RESTARTS: u64 = 4;
/// Long enough that an absence counts whatever defers it.
const LONG: (i64, i64) = (45 * 60, 90 * 60);
/// Too short for anybody to miss it.
const RESTART: (i64, i64) = (20, 50);
/// An AP that was away so long is down, but not yet told so.
const BLIP_SECS: (i64, i64) = (125, 145);
/// When a switch loses its power, and when all do, and for how long.
const SWITCH_CUT_MINS: i64 = 10 * 60 + 40;
pub(super) const SITE_CUT_MINS: i64 = 15 * 60;
const CUT_MINS: i64 = 50;

/// What a device does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DeviceAct {
    Beat,
    /// Its neighbours tell that it is gone.
    Gone,
    Return(Return),
    /// A switch is a NAS too, and says that it started.
    AccountingOn,
}

/// With what a device comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Return {
    Connected,
    Restarted,
}

/// A time in which a device is away.
#[derive(Debug, Clone, Copy)]
struct Absence {
    from: Timestamp,
    until: Timestamp,
    back: Return,
}

/// A device.
#[derive(Debug)]
pub(super) struct Device {
    absences: VecDeque<Absence>,
    /// Its microsecond.
    slot: i64,
    /// Its second.
    phase: i64,
}

/// Devices with all that befalls them.
pub(super) fn plan(layout: &Layout, begins: Timestamp, dice: &mut Dice) -> Vec<Device> {
    let mut devices: Vec<Device> = (0..layout.roles.len())
        .map(|at| Device {
            absences: VecDeque::new(),
            slot: at as i64 % SLOTS,
            phase: dice.between(0, 29_999) * 1_000,
        })
        .collect();
    let mins = |mins| begins + Micros::from_mins(mins);
    let cut_switch = pick(layout.size.switches, dice);
    for switch in 0..layout.size.switches {
        if switch == cut_switch {
            cut(switch, mins(SWITCH_CUT_MINS), layout, &mut devices, dice);
        }
        cut(switch, mins(SITE_CUT_MINS), layout, &mut devices, dice);
    }
    // One AP is not well.
    let sick = layout.aps().start + pick(layout.aps().len(), dice);
    for times in 0..3 {
        devices[sick].restart(mins(7 * 60 + times * 8), dice);
    }
    let from = |dice: &mut Dice| begins + Micros::from_secs(dice.between(600, 23 * 3600));
    for (device, role) in devices.iter_mut().zip(&layout.roles) {
        if dice.one_in(RESTARTS) && *role != Role::Edge {
            device.restart(from(dice), dice);
        }
        // A switch that fails takes its APs with it: that is what the cut is for.
        if dice.one_in(FAILS) && *role != Role::Switch {
            let back = if dice.one_in(2) && *role != Role::Edge {
                Return::Restarted
            } else {
                Return::Connected
            };
            let secs = Micros::from_secs(dice.between(LONG.0, LONG.1));
            device.be_away(from(dice), secs, back);
        }
        if matches!(role, Role::Ap(_)) && dice.one_in(FAILS) && !layout.size.is_sure {
            let secs = Micros::from_secs(dice.between(BLIP_SECS.0, BLIP_SECS.1));
            device.be_away(from(dice), secs, Return::Connected);
        }
    }
    for device in &mut devices {
        device.absences.make_contiguous().sort_by_key(|absence| absence.from);
    }
    devices
}

fn pick(among: usize, dice: &mut Dice) -> usize {
    usize::try_from(dice.below(among as u64)).unwrap_or(0)
}

/// The power of a switch fails, and returns; its APs boot after it.
fn cut(switch: usize, from: Timestamp, layout: &Layout, devices: &mut [Device], dice: &mut Dice) {
    for at in std::iter::once(switch).chain(layout.aps_of(switch)) {
        let boot = if at == switch { (60, 90) } else { (100, 240) };
        let length = Micros::from_secs(CUT_MINS * 60 + dice.between(boot.0, boot.1));
        devices[at].be_away(from, length, Return::Connected);
    }
}

impl Device {
    /// Plans an absence, unless there is one around that time already.
    fn be_away(&mut self, from: Timestamp, length: Micros, back: Return) {
        let until = self.own(from + length);
        let apart = Micros::from_mins(5);
        let is_near = |it: &Absence| from < it.until + apart && it.from < until + apart;
        if !self.absences.iter().any(is_near) {
            self.absences.push_back(Absence { from, until, back });
        }
    }

    fn restart(&mut self, from: Timestamp, dice: &mut Dice) {
        let secs = dice.between(RESTART.0, RESTART.1);
        self.be_away(from, Micros::from_secs(secs), Return::Restarted);
    }

    /// The device's own microsecond at that time.
    fn own(&self, at: Timestamp) -> Timestamp {
        Timestamp(at.0 - at.0.rem_euclid(SLOTS) + self.slot)
    }

    pub(super) fn first(&self, begins: Timestamp) -> Timestamp {
        self.own(begins + Micros(self.phase + 1_000))
    }

    /// Whether it works from `from` to `until`.
    pub(super) fn works(&self, from: Timestamp, until: Timestamp) -> bool {
        !self.absences.iter().any(|it| it.from <= until && from < it.until)
    }

    pub(super) fn act(
        &mut self,
        at: usize,
        act: DeviceAct,
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Option<(Timestamp, DeviceAct)>) {
        let now = around.now;
        if now >= around.ends() {
            return (None, None);
        }
        let line = line(at, act, now, layout);
        match act {
            DeviceAct::Beat => around.truth.beat(at, now),
            DeviceAct::Return(Return::Connected) => around.truth.connected(at, now),
            DeviceAct::Return(Return::Restarted) => around.truth.restarted(at, now),
            DeviceAct::Gone => around.truth.gone(at, now),
            DeviceAct::AccountingOn => around.truth.nas_restarted(at, now),
        }
        let soon = now + Micros(SLOTS);
        let is_nas = layout.roles[at] == Role::Switch;
        if is_nas && matches!(act, DeviceAct::Return(_)) && soon < around.ends() {
            return (Some(line), Some((soon, DeviceAct::AccountingOn)));
        }
        let next = now + BEAT;
        let absence = self.absences.iter().find(|it| it.until > now && it.from <= next).copied();
        let tells = layout.roles[at] == Role::Gateway;
        let ends = around.begins + LENGTH;
        let next = match absence {
            Some(it) if tells && act != DeviceAct::Gone => {
                (self.own(it.from).max(now + Micros(SLOTS)), DeviceAct::Gone)
            }
            Some(it) => {
                around.truth.silent(at, (it.until < ends).then_some(it.until));
                (it.until, DeviceAct::Return(it.back))
            }
            None if next >= ends => {
                around.truth.silent(at, None);
                return (Some(line), None);
            }
            None => (next, DeviceAct::Beat),
        };
        (Some(line), Some(next))
    }
}

fn line(at: usize, act: DeviceAct, now: Timestamp, layout: &Layout) -> String {
    let (mac, time) = (layout.mac(at), time(now));
    if act == DeviceAct::AccountingOn {
        let nas = nas_ip(at);
        return format!(r#"{{"kind":"accounting","status":"on","nas_ip":"{nas}","time":{time}}}"#);
    }
    let kind = match (act, layout.roles[at]) {
        (DeviceAct::Beat | DeviceAct::Return(_), Role::Edge) => "edge-heartbeat",
        (DeviceAct::Beat | DeviceAct::AccountingOn, _) => "device-heartbeat",
        (DeviceAct::Return(Return::Connected), _) => "device-connected",
        (DeviceAct::Return(Return::Restarted), _) => "device-restarted",
        (DeviceAct::Gone, _) => "device-disconnected",
    };
    let more = match layout.roles[at] {
        Role::Ap(switch) => {
            format!(r#","uplink":"{}","version":"0.14.29216""#, layout.mac(switch))
        }
        Role::Switch | Role::Gateway | Role::Edge => String::new(),
    };
    format!(r#"{{"kind":"{kind}","mac":"{mac}","time":{time}{more}}}"#)
}
