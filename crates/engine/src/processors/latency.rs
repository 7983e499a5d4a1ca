//! `client-latency`: how long authentication, DHCP and DNS take the clients of a site.
//!
//! Windows of ten minutes of event time, aligned to the hour, closed [`LATE`] after their end by
//! the partition clock and never opened again. A window in which nothing was measured says
//! nothing.

use super::Scene;
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::event::step::{StepLatency, encode_latency};
use foghorn_model::telemetry::Step;
use foghorn_model::time::Micros;
use foghorn_model::{Site, Timestamp, Topic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The length of a window.
const WINDOW: Micros = Micros::from_mins(10);
/// How long after its end a window takes what comes late.
const LATE: Micros = Micros::from_secs(30);
/// And how long after an outage of ours, for what the sources have kept.
const AFTER_OUTAGE: Micros = Micros::from_secs(60);

/// The windows of a site that are open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Latency {
    /// By number since the epoch.
    windows: BTreeMap<i64, Window>,
    /// Windows before this one are closed.
    open_from: i64,
    /// None is closed before this time.
    deferred_until: Timestamp,
    #[serde(skip)]
    armed: Armed,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Window {
    #[serde(skip_serializing_if = "Measured::is_none")]
    auth: Measured,
    #[serde(skip_serializing_if = "Measured::is_none")]
    dhcp: Measured,
    #[serde(skip_serializing_if = "Measured::is_none")]
    dns: Measured,
}

/// Sums in whole microseconds, so that their order makes no difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Measured {
    count: i64,
    sum: i64,
    min: Micros,
    max: Micros,
}

impl Measured {
    fn is_none(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, duration: Micros) {
        self.min = if self.is_none() { duration } else { self.min.min(duration) };
        self.max = self.max.max(duration);
        self.count += 1;
        self.sum = self.sum.saturating_add(duration.0);
    }

    fn told(&self, step: Step) -> Option<StepLatency> {
        // To the nearest microsecond.
        let half = self.count / 2;
        let avg = self.sum.saturating_add(half).checked_div(self.count)?;
        Some(StepLatency { step, min: self.min, avg: Micros(avg), max: self.max })
    }
}

fn end(window: i64) -> Timestamp {
    Timestamp((window + 1) * WINDOW.0)
}

impl Latency {
    /// A step took so long.
    pub(crate) fn add(&mut self, step: Step, duration: Micros, scene: &mut Scene<'_, '_>) {
        if step == Step::Arp {
            return;
        }
        let window = scene.at.0.div_euclid(WINDOW.0);
        if window < self.open_from || self.closes(window) <= scene.now {
            scene.tally.stale += 1;
            return;
        }
        let measured = self.windows.entry(window).or_default();
        match step {
            Step::Auth => measured.auth.add(duration),
            Step::Dhcp => measured.dhcp.add(duration),
            Step::Dns | Step::Arp => measured.dns.add(duration),
        }
        self.arm(scene.site, scene.timers);
    }

    /// Windows are to be closed.
    pub(crate) fn on_timer(&mut self, scene: &mut Scene<'_, '_>) {
        self.armed.fired();
        while let Some((window, measured)) = self.windows.pop_first() {
            if self.closes(window) > scene.now {
                self.windows.insert(window, measured);
                break;
            }
            self.open_from = window + 1;
            let steps = [
                (Step::Auth, measured.auth),
                (Step::Dhcp, measured.dhcp),
                (Step::Dns, measured.dns),
            ];
            let told: Vec<StepLatency> =
                steps.iter().filter_map(|(step, measured)| measured.told(*step)).collect();
            scene.emit(Topic::ClientLatency, |out, place| {
                encode_latency(out, place, &told, end(window));
            });
        }
        self.arm(scene.site, scene.timers);
    }

    /// The state was read back.
    pub(crate) fn rearm(&mut self, site: &Site, timers: &mut Timers) {
        self.arm(site, timers);
    }

    /// The site heard nothing until now, through no fault of its sources.
    pub(crate) fn defer(&mut self, now: Timestamp) {
        self.deferred_until = now + AFTER_OUTAGE;
    }

    fn closes(&self, window: i64) -> Timestamp {
        (end(window) + LATE).max(self.deferred_until)
    }

    fn arm(&mut self, site: &Site, timers: &mut Timers) {
        if let Some(deadline) = self.windows.keys().next().map(|window| self.closes(*window)) {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Latency);
        }
    }
}
