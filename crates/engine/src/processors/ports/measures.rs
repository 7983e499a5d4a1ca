//! What counters and settings of a port say of its cable, its other end and its traffic.

use super::{Counter, Port};
use crate::processors::streak::Streak;
use foghorn_model::telemetry::PortReport;
use foghorn_model::time::Micros;
use foghorn_model::{DeviceType, Timestamp};
use serde::{Deserialize, Serialize};

/// Packets between two reports, at least, for their errors to say something.
const PACKETS_MIN: u64 = 1_000;
/// How long a port that is up passes nothing until it is stuck.
const STUCK_AFTER: Micros = Micros::from_mins(10);

/// What is measured of a port.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Measures {
    /// Errors and packets so far.
    counters: Option<(u64, u64)>,
    /// The fastest that it was, in Mbit/s.
    best_speed: u64,
    errors: Streak,
    negotiation: Streak,
    #[serde(skip_serializing_if = "Streak::is_quiet")]
    incomplete: Streak,
    #[serde(skip_serializing_if = "Streak::is_quiet")]
    mtu: Streak,
    /// Packets so far, and since when by the device's clock there are no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    still: Option<(u64, Timestamp)>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_stuck: bool,
}

/// What a report decides.
pub(super) struct Finding {
    /// The alarm.
    pub(super) key: &'static str,
    /// What it is of the port.
    pub(super) about: &'static str,
    /// Whether it is so, or no longer.
    pub(super) is_bad: bool,
    /// What is wrong, in words.
    pub(super) reason: String,
}

impl Measures {
    /// What a report decides. Some of it is an alarm of some kinds of devices only.
    pub(super) fn look(
        &mut self,
        report: &PortReport<'_>,
        device_type: DeviceType,
        is_up: Option<bool>,
        at: Timestamp,
    ) -> Vec<Finding> {
        let bad =
            self.error_share(report).map(|(errors, packets)| errors.saturating_mul(1000) > packets);
        let errors = bad.and_then(|bad| self.errors.add(bad));
        let wrong = self.negotiated(report);
        let negotiation = wrong.and_then(|wrong| self.negotiation.add(wrong));
        let incomplete = report.has_negotiated.and_then(|it| self.incomplete.add(!it));
        let mtu = self.mtu(report);
        let stuck = self.stuck(report, is_up, at);
        let [cable, speed] = match device_type {
            DeviceType::Ap => ["ap_bad_cable", "ap_bad_cable"],
            DeviceType::Switch => ["bad_cable", "negotiation_mismatch"],
            DeviceType::Gateway => ["gw_bad_cable", "gw_negotiation_mismatch"],
        };
        let of = |of: DeviceType, key: &'static str| (device_type == of).then_some(key);
        let [ours, theirs] = report.mtu.map(Option::unwrap_or_default);
        let findings = [
            (Some(cable), "errors", errors, "errors".into()),
            (Some(speed), "speed", negotiation, "speed".into()),
            (
                of(DeviceType::Switch, "sw_negotiation_incomplete"),
                "negotiation",
                incomplete,
                "negotiation is incomplete".into(),
            ),
            (
                of(DeviceType::Gateway, "gw_mtu_mismatch"),
                "mtu",
                mtu,
                format!("MTU of {ours} here and of {theirs} at the other end"),
            ),
            (of(DeviceType::Switch, "port_stuck"), "stuck", stuck, "no packet passes".into()),
        ];
        let decided = findings.into_iter().filter_map(|(key, about, is_bad, reason)| {
            Some(Finding { key: key?, about, is_bad: is_bad?, reason })
        });
        decided.collect()
    }

    /// Errors and packets since the report before, if they say something.
    fn error_share(&mut self, report: &PortReport<'_>) -> Option<(u64, u64)> {
        let now = (report.errors?, report.packets?);
        let (errors, packets) = self.counters.replace(now)?;
        // A counter that went back began anew.
        let since = (now.0.checked_sub(errors)?, now.1.checked_sub(packets)?);
        (since.1 >= PACKETS_MIN).then_some(since)
    }

    /// Whether the negotiation went wrong, if the report says.
    fn negotiated(&mut self, report: &PortReport<'_>) -> Option<bool> {
        if report.is_up == Some(false) || (report.speed.is_none() && report.is_full.is_none()) {
            return None;
        }
        let speed = report.speed.filter(|speed| *speed > 0);
        let slower = speed.is_some_and(|speed| speed < self.best_speed);
        self.best_speed = self.best_speed.max(speed.unwrap_or(0));
        Some(slower || report.is_full == Some(false))
    }

    /// Whether both ends have one MTU, where both are told.
    fn mtu(&mut self, report: &PortReport<'_>) -> Option<bool> {
        let [ours, theirs] = report.mtu;
        self.mtu.add(ours? != theirs?)
    }

    /// Whether nothing passes any more, or something does again. A port that is down is not stuck.
    fn stuck(
        &mut self,
        report: &PortReport<'_>,
        is_up: Option<bool>,
        at: Timestamp,
    ) -> Option<bool> {
        let packets = report.packets;
        let is_still = match (is_up, packets, self.still) {
            (Some(true), None, _) => return None,
            (Some(true), Some(packets), Some((known, since))) if packets == known => {
                at >= since + STUCK_AFTER
            }
            (Some(true), Some(packets), _) => {
                self.still = Some((packets, at));
                false
            }
            _ => {
                self.still = None;
                false
            }
        };
        let was_stuck = std::mem::replace(&mut self.is_stuck, is_still);
        (is_still || was_stuck).then_some(is_still)
    }
}

impl Port {
    /// How often the link has changed since the report before, beside what is known of. What
    /// happened in longer than the window is taken to have happened evenly.
    pub(super) fn count_flaps(&mut self, flaps: u64, at: Timestamp, window: Micros) -> u64 {
        let now = Counter { flaps, at, told: 0 };
        let Some(before) = self.counter.replace(now) else { return 0 };
        // A counter that went back began anew.
        let Some(more) = flaps.checked_sub(before.flaps) else { return 0 };
        let span = u128::from(at.since(before.at).0.max(window.0).unsigned_abs());
        let share =
            u128::from(more.saturating_sub(before.told)) * u128::from(window.0.unsigned_abs());
        u64::try_from(share / span).unwrap_or(u64::MAX)
    }
}
