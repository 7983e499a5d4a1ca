//! An outage of ours is no absence of theirs.
//!
//! After a restart or a gap in the input nobody can tell whether a device that was silent was
//! really gone. Its deadline moves to a grace time from now, spread by a hash of its address so
//! that a restart does not end in one burst. Deferrals of one silence add up to
//! [`DEFERRED_MAX`] at most: a server that restarts in a loop must not keep the dead alive.

use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp};
use serde::{Deserialize, Serialize};

const GRACE: Micros = Micros::from_secs(60);
const DEFERRED_MAX: Micros = Micros::from_mins(15);

/// The deferral of one deadline; begins anew whenever the entity is heard of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Deferral {
    until: Timestamp,
    total: Micros,
}

impl Deferral {
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The deadline, deferred.
    pub(crate) fn apply(&self, deadline: Timestamp) -> Timestamp {
        deadline.max(self.until)
    }

    /// Defers a deadline after an outage that ended at `now`.
    pub(crate) fn defer(&mut self, deadline: Timestamp, now: Timestamp, mac: Mac) {
        let base = self.apply(deadline).max(now);
        let target = now + GRACE + spread(mac);
        let left = Micros(DEFERRED_MAX.0 - self.total.0);
        let by = Micros(target.since(base).0.clamp(0, left.0.max(0)));
        self.until = base + by;
        self.total = Micros(self.total.0 + by.0);
    }
}

/// FNV-1a over the address: fixed for ever, and even enough to spread a minute.
fn spread(mac: Mac) -> Micros {
    let hash = mac.0.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
    });
    let span = u64::try_from(GRACE.0).unwrap_or(1);
    Micros(i64::try_from(hash % span).unwrap_or(0))
}
