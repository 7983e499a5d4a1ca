//! How much of their time APs are up.

use super::{Devices, Stand, Status};
use foghorn_model::event::sle::Share;
use foghorn_model::{DeviceType, Timestamp};
use serde::{Deserialize, Serialize};

/// Sums over all APs whose state is known, in microseconds since they were last taken.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Availability {
    up: u64,
    known: u64,
    up_micros: u64,
    known_micros: u64,
    /// Until when the sums go.
    at: Timestamp,
}

impl Availability {
    fn advance(&mut self, now: Timestamp) {
        let passed = u64::try_from(now.since(self.at).0).unwrap_or(0);
        self.at = self.at.max(now);
        self.up_micros += self.up * passed;
        self.known_micros += self.known * passed;
    }

    /// A device may be up or down from now on that was not before.
    pub(super) fn count(&mut self, before: Stand, after: Stand, now: Timestamp) {
        let counts = |stand: Stand| match (stand.device_type, stand.status) {
            (DeviceType::Ap, Status::Up) => (1, 1),
            (DeviceType::Ap, Status::Down) => (0, 1),
            _ => (0, 0),
        };
        let ((was_up, was_known), (is_up, is_known)) = (counts(before), counts(after));
        if (was_up, was_known) == (is_up, is_known) {
            return;
        }
        self.advance(now);
        self.up = self.up + is_up - was_up;
        self.known = self.known + is_known - was_known;
    }
}

impl Devices {
    /// Whether there is an AP of which it is known whether it is up.
    pub(crate) fn has_known_aps(&self) -> bool {
        self.availability.known > 0
    }

    /// The share of their time in which APs were up, since this was last asked.
    pub(crate) fn take_availability(&mut self, now: Timestamp) -> Share {
        let it = &mut self.availability;
        it.advance(now);
        let share = Share { good: it.up_micros, of: it.known_micros };
        (it.up_micros, it.known_micros) = (0, 0);
        share
    }
}
