//! What `/metrics` and `/readyz` say.

use super::journal::Ack;
use super::quota::Quotas;
use super::shards::{Recovery, Tallies};
use foghorn_dispatch::driver::Dispatcher;
use foghorn_ingest::mist::RelayMetrics;
use foghorn_ingest::radius::listener::RadiusMetrics;
use foghorn_ingest::syslog::SyslogMetrics;
use foghorn_log::Log;
use foghorn_model::Partition;
use foghorn_pipeline::{EventLogs, Intake};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the figures come from.
pub struct Sources {
    pub recovery: Arc<Recovery>,
    pub tallies: Arc<Tallies>,
    pub frames: Arc<AtomicU64>,
    pub free_bytes: Arc<AtomicU64>,
    pub turns: Arc<AtomicU64>,
    pub intake: Arc<Intake<Ack>>,
    pub quotas: Arc<Quotas>,
    pub dispatcher: Dispatcher,
    pub input: Arc<dyn Log>,
    pub events: EventLogs,
}

/// The registry and its sources. Figures are read when somebody asks, never pushed: the hot path
/// counts nothing for us.
pub struct Metrics {
    registry: Registry,
    gauges: Vec<(&'static str, Gauge)>,
    sources: Sources,
    pub radius: Arc<RadiusMetrics>,
    pub syslog: Arc<SyslogMetrics>,
    pub relay: Arc<RelayMetrics>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

const GAUGES: [(&str, &str); 23] = [
    ("foghorn_input_frames", "Frames written to the input log since the start"),
    ("foghorn_input_log_bytes", "Size of the input log"),
    ("foghorn_event_log_bytes", "Size of the event logs"),
    ("foghorn_disk_free_bytes", "Free space where the data directory lies"),
    ("foghorn_housekeeping_turns", "Turns of housekeeping since the start"),
    ("foghorn_intake_bytes", "Bytes that wait for the next frame"),
    ("foghorn_over_record_quota", "Submissions refused for the records of an org in a day"),
    ("foghorn_over_byte_quota", "Submissions refused for the bytes of an org in a day"),
    ("foghorn_replayed_records", "Records replayed at the start"),
    ("foghorn_partitions_recovered", "Partitions that are recovered, of 64"),
    ("foghorn_telemetry_records", "Telemetry records folded since the start"),
    ("foghorn_relayed_records", "Relayed events folded since the start"),
    ("foghorn_repeated_records", "Records with a known id, and repeated RADIUS requests"),
    ("foghorn_stale_records", "Reports older than what is known"),
    ("foghorn_unknown_records", "Reports of devices, clients or sites that are not known"),
    ("foghorn_mistyped_records", "Events of a device whose type is one of another kind of device"),
    ("foghorn_unreadable_records", "Journaled lines that this version cannot read"),
    ("foghorn_skipped_records", "Records set aside because the fold failed on them"),
    ("foghorn_lanes", "Lanes"),
    ("foghorn_lanes_behind", "Lanes that read the log"),
    ("foghorn_events_waiting", "Events that wait in memory"),
    ("foghorn_requests_in_flight", "Requests to receivers under way"),
    ("foghorn_webhooks_paused", "Webhooks whose endpoints refuse everything"),
];

impl Metrics {
    pub fn new(sources: Sources) -> Arc<Self> {
        let mut registry = Registry::default();
        let radius = RadiusMetrics::register(&mut registry);
        let syslog = SyslogMetrics::register(&mut registry);
        let relay = RelayMetrics::register(&mut registry);
        let gauges = GAUGES
            .iter()
            .map(|(name, help)| {
                let gauge = Gauge::default();
                registry.register(*name, *help, gauge.clone());
                (*name, gauge)
            })
            .collect();
        Arc::new(Self { registry, gauges, sources, radius, syslog, relay })
    }

    /// What is left to recover; `None` when nothing is.
    pub fn recovering(&self) -> Option<String> {
        let recovery = &self.sources.recovery;
        (!recovery.is_done()).then(|| {
            format!(
                "recovering: {} of {} partitions, {} records replayed\n",
                recovery.partitions(),
                Partition::COUNT,
                recovery.replayed.load(Ordering::Relaxed),
            )
        })
    }

    /// The text of `/metrics`.
    pub async fn render(&self) -> String {
        let it = &self.sources;
        let needs = it.dispatcher.needs().await;
        let load = needs.as_ref().map_or((0, 0, 0), |needs| needs.load);
        let mut telemetry = [0_u64; 8];
        for partition in Partition::all() {
            let tally = it.tallies.get(partition);
            telemetry[0] += tally.telemetry;
            telemetry[1] += tally.repeated;
            telemetry[2] += tally.stale;
            telemetry[3] += tally.unknown_device + tally.unknown_client + tally.unknown_site;
            telemetry[4] += tally.unreadable;
            telemetry[5] += tally.skipped;
            telemetry[6] += tally.relayed;
            telemetry[7] += tally.mistyped;
        }
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let [over_records, over_bytes] = it.quotas.refused();
        let values = [
            it.frames.load(Ordering::Relaxed),
            it.input.bytes(),
            it.events.record.bytes() + it.events.stream.bytes(),
            it.free_bytes.load(Ordering::Relaxed),
            it.turns.load(Ordering::Relaxed),
            count(it.intake.bytes()),
            over_records,
            over_bytes,
            it.recovery.replayed.load(Ordering::Relaxed),
            u64::from(it.recovery.partitions()),
            telemetry[0],
            telemetry[6],
            telemetry[1],
            telemetry[2],
            telemetry[3],
            telemetry[7],
            telemetry[4],
            telemetry[5],
            count(load.0),
            count(load.1),
            count(load.2),
            count(needs.as_ref().map_or(0, |needs| needs.in_flight)),
            count(needs.as_ref().map_or(0, |needs| needs.paused.len())),
        ];
        for ((_, gauge), value) in self.gauges.iter().zip(values) {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "metrics");
        }
        text
    }
}
