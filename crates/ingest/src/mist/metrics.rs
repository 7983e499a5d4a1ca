//! What became of messages.

use foghorn_model::OrgId;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Messages of an org that are not taken are logged no more often than this.
const WARN_EVERY: Duration = Duration::from_secs(60);
/// How many orgs are remembered for that.
const WARNED_MAX: usize = 1000;

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelValue)]
pub enum RelayOutcome {
    /// Durable and answered.
    Taken,
    /// A ping, which is answered and goes no further.
    Ping,
    /// Without a signature, or with one of a kind that is not accepted.
    Unsigned,
    /// With a signature that does not verify.
    Unverified,
    /// Too large, or compressed in a way that does not decode.
    Unreadable,
    /// Of a topic that is not known.
    UnknownTopic,
    /// Not a message.
    Malformed,
    /// Not taken for now: the sender repeats it.
    Refused,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Label {
    outcome: RelayOutcome,
}

/// What the relay counts.
#[derive(Debug, Default)]
pub struct RelayMetrics {
    messages: Family<Label, Counter>,
    warned: Mutex<HashMap<OrgId, Instant>>,
}

impl RelayMetrics {
    /// Counters, named in the registry.
    pub fn register(registry: &mut Registry) -> Arc<Self> {
        let metrics = Self::default();
        registry.register(
            "foghorn_relay_messages",
            "Messages of other servers by what became of them",
            metrics.messages.clone(),
        );
        Arc::new(metrics)
    }

    /// How many messages had this outcome.
    pub fn get(&self, outcome: RelayOutcome) -> u64 {
        self.messages.get_or_create(&Label { outcome }).get()
    }

    /// Counts a message.
    pub fn count(&self, outcome: RelayOutcome) {
        self.messages.get_or_create(&Label { outcome }).inc();
    }

    /// Counts a message of an org that is not taken, and now and then says so.
    pub fn refuse(&self, outcome: RelayOutcome, org: OrgId, reason: &str) {
        self.count(outcome);
        if self.is_to_be_told(org, Instant::now()) {
            tracing::warn!(%org, ?outcome, reason, "a relayed message is not taken");
        }
    }

    fn is_to_be_told(&self, org: OrgId, now: Instant) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |at: &Instant| now.duration_since(*at) < WARN_EVERY;
        if warned.get(&org).is_some_and(recent) {
            return false;
        }
        if warned.len() >= WARNED_MAX {
            warned.retain(|_, at| recent(at));
        }
        let is_room = warned.len() < WARNED_MAX;
        if is_room {
            warned.insert(org, now);
        }
        is_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_org_is_told_of_once_a_minute_and_counted_each_time() {
        let metrics = RelayMetrics::default();
        let (org, other) = (OrgId::from_bytes([1; 16]), OrgId::from_bytes([2; 16]));
        let start = Instant::now();
        let told = |org, secs| metrics.is_to_be_told(org, start + Duration::from_secs(secs));
        assert_eq!(
            [told(org, 0), told(org, 59), told(other, 59), told(org, 60)],
            [true, false, true, true]
        );
        metrics.refuse(RelayOutcome::Unverified, org, "wrong");
        metrics.refuse(RelayOutcome::Unverified, org, "wrong");
        assert_eq!(metrics.get(RelayOutcome::Unverified), 2);
        assert_eq!(metrics.get(RelayOutcome::Taken), 0);
    }
}
