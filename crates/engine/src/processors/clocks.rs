//! Alarm `foghorn_clock_off`: a device or NAS whose clock is wrong.
//!
//! What is late is not wrong: a source that was cut off hands in what it kept, and each line of
//! that has its own age. A wrong clock is steady. Of each [`WINDOW`] the freshest report counts,
//! which of a batch is the one that waited least; [`SAMPLES`] windows in a row that are off by
//! the same, give or take [`STEADY`], raise the alarm, as many that are right resolve it. A source
//! that always delivers [`BEHIND`] late cannot be told from one whose clock is slow.
//!
//! Only clocks under suspicion take room. An outage of ours needs nothing of its own: what sources
//! hand in after it has many ages, and when our own clock is set, every source is off by another
//! span than before.

use super::Scene;
use super::alarms::{self, Incident};
use super::devices::Devices;
use super::edges::Edges;
use crate::seen::Source;
use foghorn_model::alarm::Evidence;
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// From when on a clock is off: nothing comes from the future, but some things take their time.
const AHEAD: Micros = Micros::from_secs(60);
const BEHIND: Micros = Micros::from_mins(5);
const WINDOW: Micros = Micros::from_secs(30);
const SAMPLES: u8 = 5;
const STEADY: Micros = Micros::from_secs(60);
/// NASes of a site that are under suspicion at once; devices are as many as it has.
const NASES_MAX: usize = 1_000;

const KEY: &str = "foghorn_clock_off";

/// The clocks of a site's sources that may be off, or are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Clocks {
    by_device: BTreeMap<Mac, Clock>,
    by_nas: BTreeMap<IpAddr, Clock>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Clock {
    /// When the window began, and how far ahead its freshest report was.
    from: Timestamp,
    freshest: Micros,
    /// How far ahead the window before was.
    #[serde(default)]
    before: Micros,
    /// Windows in a row that are off by the same; of a clock that is off, those that are right.
    #[serde(default)]
    streak: u8,
    /// How far ahead it was told to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<Micros>,
}

/// What a window says.
enum Verdict {
    /// Nothing yet.
    Wait,
    /// It is off by so much, or now by so much.
    Off(Micros),
    /// It is right after all, or again.
    Right,
}

fn is_off(ahead: Micros) -> bool {
    ahead >= AHEAD || ahead.0 <= -BEHIND.0
}

impl Clocks {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_device.is_empty() && self.by_nas.is_empty()
    }

    /// A source stamped a report with this time, by its own clock.
    pub(crate) fn on_time(
        &mut self,
        source: Source,
        time: Timestamp,
        (devices, edges): (&Devices, &Edges),
        scene: &mut Scene<'_, '_>,
    ) {
        let ahead = time.since(scene.now);
        let mut evidence = Evidence::new();
        let (about, told) = match source {
            Source::Device(mac) => {
                let is_device = || devices.device_type(mac).is_some();
                if !self.by_device.contains_key(&mac)
                    && !(is_off(ahead) && (is_device() || edges.has(mac)))
                {
                    return;
                }
                let is_device = is_device();
                let told = follow(&mut self.by_device, mac, ahead, scene);
                match is_device {
                    _ if told.is_none() => return,
                    true => devices.show(mac, &mut evidence),
                    false => edges.show(mac, &mut evidence),
                }
                (mac.to_string(), told)
            }
            Source::Nas(nas) => {
                if !self.by_nas.contains_key(&nas) {
                    if !is_off(ahead) {
                        return;
                    }
                    if self.by_nas.len() >= NASES_MAX {
                        scene.tally.over_limit += 1;
                        return;
                    }
                }
                let told = follow(&mut self.by_nas, nas, ahead, scene);
                evidence.add("hostnames", nas.to_string());
                (nas.to_string(), told)
            }
            Source::Relay => return,
        };
        let Some(ahead) = told else { return };
        evidence.add("reasons", if ahead.0 > 0 { "ahead" } else { "behind" });
        evidence.set("offset", ahead.0 / 1_000_000);
        let (row, at) = (alarms::row(KEY), scene.now);
        scene.raise(&Incident { row, about: &about, at, evidence });
    }

    /// The device left the site.
    pub(crate) fn remove(&mut self, mac: Mac) {
        self.by_device.remove(&mac);
    }
}

/// Goes on with a clock under suspicion; how far ahead it is, if that is to be told.
fn follow<K: Ord + Copy + ToString>(
    clocks: &mut BTreeMap<K, Clock>,
    key: K,
    ahead: Micros,
    scene: &mut Scene<'_, '_>,
) -> Option<Micros> {
    let clock = clocks.entry(key).or_insert(Clock::new(scene.now, ahead));
    if scene.now < clock.from + WINDOW {
        clock.freshest = clock.freshest.max(ahead);
        return None;
    }
    match clock.close(ahead, scene.now) {
        Verdict::Wait => None,
        Verdict::Off(ahead) => Some(ahead),
        Verdict::Right => {
            let was_told = clock.told.is_some();
            clocks.remove(&key);
            if was_told {
                scene.resolve(alarms::row(KEY), &key.to_string(), scene.now);
            }
            None
        }
    }
}

impl Clock {
    fn new(from: Timestamp, freshest: Micros) -> Self {
        Self { from, freshest, before: Micros(0), streak: 0, told: None }
    }

    /// Closes the window and begins another with a report that is so far ahead.
    fn close(&mut self, ahead: Micros, now: Timestamp) -> Verdict {
        let last = std::mem::replace(&mut self.freshest, ahead);
        let before = std::mem::replace(&mut self.before, last);
        self.from = now;
        if self.told.is_some() != is_off(last) {
            // What it was so far, it is no longer: told and right, or not told and off.
            let goes_on = self.told.is_some() || near(last, before);
            self.streak = if goes_on { self.streak + 1 } else { 1 };
            return match self.told {
                _ if self.streak < SAMPLES => Verdict::Wait,
                Some(_) => Verdict::Right,
                None => self.tell(last),
            };
        }
        self.streak = 0;
        match self.told {
            None => Verdict::Right,
            Some(told) if near(last, told) || !near(last, before) => Verdict::Wait,
            Some(_) => self.tell(last),
        }
    }

    fn tell(&mut self, ahead: Micros) -> Verdict {
        (self.told, self.streak) = (Some(ahead), 0);
        Verdict::Off(ahead)
    }
}

fn near(one: Micros, other: Micros) -> bool {
    (one.0 - other.0).abs() <= STEADY.0
}
