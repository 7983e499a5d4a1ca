//! `client-latency`: how long authentication, DHCP and DNS take the clients of a site, in windows
//! of ten minutes. A window in which nothing was measured says nothing.

use super::Scene;
use super::windows::Windows;
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::event::step::{StepLatency, encode_latency};
use foghorn_model::telemetry::Step;
use foghorn_model::time::Micros;
use foghorn_model::{Site, Timestamp, Topic};
use serde::{Deserialize, Serialize};

/// The length of a window.
pub(super) const LENGTH: Micros = Micros::from_mins(10);

/// The latencies of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Latency {
    windows: Windows<Window>,
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

impl Latency {
    /// A step took so long.
    pub(crate) fn add(&mut self, step: Step, duration: Micros, scene: &mut Scene<'_, '_>) {
        if step == Step::Arp {
            return;
        }
        let Some(window) = self.windows.at(LENGTH, scene.at, scene.now) else {
            scene.tally.stale += 1;
            return;
        };
        match step {
            Step::Auth => window.auth.add(duration),
            Step::Dhcp => window.dhcp.add(duration),
            Step::Dns | Step::Arp => window.dns.add(duration),
        }
        self.rearm(scene.site, scene.timers);
    }

    /// Windows are to be closed.
    pub(crate) fn on_timer(&mut self, scene: &mut Scene<'_, '_>) {
        self.armed.fired();
        while let Some((end, window)) = self.windows.close(LENGTH, scene.now) {
            let steps =
                [(Step::Auth, window.auth), (Step::Dhcp, window.dhcp), (Step::Dns, window.dns)];
            let told: Vec<StepLatency> =
                steps.iter().filter_map(|(step, measured)| measured.told(*step)).collect();
            scene.emit(Topic::ClientLatency, |out, place| encode_latency(out, place, &told, end));
        }
        self.rearm(scene.site, scene.timers);
    }

    /// The site heard nothing until now, through no fault of its sources.
    pub(crate) fn defer(&mut self, now: Timestamp) {
        self.windows.defer(now);
    }

    /// The state was read back, or has changed.
    pub(crate) fn rearm(&mut self, site: &Site, timers: &mut Timers) {
        if let Some(deadline) = self.windows.deadline(LENGTH) {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Latency);
        }
    }
}
