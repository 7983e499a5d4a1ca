//! Which lanes wait with something that they could send: what precedence is measured by.
//!
//! It is read off the lanes themselves and not off the queues in which they wait, so that it tells
//! when those are wrong.

use super::{LaneKey, Lanes};
use foghorn_model::Timestamp;

/// A lane that has a batch to send, which no answer, no time and no earlier batch holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The lane.
    pub lane: LaneKey,
    /// Whether its receiver is well, so that only a limit can hold it.
    pub is_well: bool,
}

impl Lanes {
    /// The lanes that have something to send now. One that has still to read a batch of before a
    /// restart is not among them.
    pub fn held(&self, now: Timestamp) -> impl Iterator<Item = Held> {
        let lanes = self.by_key.values().map(|at| &self.lanes[*at as usize]);
        let held = lanes.filter(move |lane| lane.is_sure_to_send(&self.limits, now));
        held.map(|lane| Held { lane: lane.key, is_well: self.is_well(lane.key) })
    }

    fn is_well(&self, key: LaneKey) -> bool {
        let gate = self.hooks.get(&key.webhook).is_none_or(|it| it.gate.closed_since().is_none());
        let host = self.index.endpoint(key.webhook).and_then(|it| self.hosts.get(&it.host_key()));
        gate && host.is_none_or(|host| host.breaker.is_closed())
    }
}
