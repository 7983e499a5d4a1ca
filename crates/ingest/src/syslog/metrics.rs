//! What the listeners count.

use super::reading::Vendor;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelValue)]
pub enum Outcome {
    /// Its lines were taken.
    Taken,
    /// It is known, and says nothing that is told.
    Nothing,
    /// No pattern knows it.
    Unknown,
    /// Which device it is about is not known in its site.
    NoDevice,
    /// Its sender belongs to no site.
    Unclaimed,
    /// Two orgs claim its sender.
    Disputed,
    /// It is longer than it may be.
    TooLong,
    /// Its sender is faster than it may be.
    TooFast,
    /// Its connection ended in the middle of it.
    CutShort,
    /// Nothing can be written for now, or its org is over its quota.
    Refused,
}

/// What became of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelValue)]
pub enum Connection {
    /// Taken.
    Accepted,
    /// Closed at once: there are too many.
    OverTotal,
    /// Closed at once: its address has too many.
    OverShare,
    /// Closed: nothing came, or the rest of a message did not.
    Idle,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct MessageLabel {
    outcome: Outcome,
    vendor: Vendor,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ConnectionLabel {
    outcome: Connection,
}

/// What the listeners count.
#[derive(Debug, Default)]
pub struct SyslogMetrics {
    messages: Family<MessageLabel, Counter>,
    connections: Family<ConnectionLabel, Counter>,
    pub(super) open: Gauge,
}

impl SyslogMetrics {
    /// Counters, named in the registry.
    pub fn register(registry: &mut Registry) -> Arc<Self> {
        let metrics = Self::default();
        registry.register(
            "foghorn_syslog_messages",
            "Syslog messages by what became of them and whose words they are written in",
            metrics.messages.clone(),
        );
        registry.register(
            "foghorn_syslog_connections",
            "Connections of syslog senders by what became of them",
            metrics.connections.clone(),
        );
        registry.register(
            "foghorn_syslog_connections_open",
            "Connections of syslog senders that are open",
            metrics.open.clone(),
        );
        Arc::new(metrics)
    }

    /// How many messages had this outcome.
    pub fn get(&self, outcome: Outcome) -> u64 {
        let vendors = [Vendor::Hostapd, Vendor::Meraki, Vendor::Cisco, Vendor::Other];
        let count = |vendor| self.messages.get_or_create(&MessageLabel { outcome, vendor }).get();
        vendors.into_iter().map(count).sum()
    }

    /// How many connections had this outcome.
    pub fn connections(&self, outcome: Connection) -> u64 {
        self.connections.get_or_create(&ConnectionLabel { outcome }).get()
    }

    pub(super) fn count(&self, outcome: Outcome, vendor: Vendor) {
        self.messages.get_or_create(&MessageLabel { outcome, vendor }).inc();
    }

    pub(super) fn count_connection(&self, outcome: Connection) {
        self.connections.get_or_create(&ConnectionLabel { outcome }).inc();
    }
}
