//! Retention, free space, the age of the delivery log and the history; and a turn for what the
//! server finds out about itself.

use super::clock;
use super::findings::Findings;
use super::journal::Ack;
use super::options::Options;
use foghorn_catalog::{Catalog, DeliveryStore, HistoryStore};
use foghorn_dispatch::driver::Dispatcher;
use foghorn_log::{Log, SnapshotStore, Storage, TrimMode, TrimPolicy};
use foghorn_model::TopicClass;
use foghorn_model::time::Micros;
use foghorn_pipeline::{EventLogs, Intake};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(5);
/// Input is taken again when there is this much more than the least.
const HYSTERESIS: u64 = 64 << 20;
/// How long events of stream topics are kept.
const STREAM_KEPT: Micros = Micros::from_mins(24 * 60);
/// How long the delivery log is kept.
const DELIVERIES_KEPT: Micros = Micros::from_mins(30 * 24 * 60);
/// How long events can be searched.
const HISTORY_KEPT: Micros = Micros::from_mins(30 * 24 * 60);

/// What housekeeping works on.
pub struct Housekeeping {
    pub options: Options,
    pub storage: Arc<dyn Storage>,
    pub input: Arc<dyn Log>,
    pub events: EventLogs,
    pub snapshots: Arc<SnapshotStore>,
    pub intake: Arc<Intake<Ack>>,
    pub dispatcher: Dispatcher,
    pub catalog: Arc<Catalog>,
    pub deliveries: Arc<DeliveryStore>,
    pub history: Arc<HistoryStore>,
    pub findings: Findings,
    pub stop: Arc<AtomicBool>,
    pub free_bytes: Arc<AtomicU64>,
    /// Turns so far.
    pub turns: Arc<AtomicU64>,
}

impl Housekeeping {
    /// Runs until told to stop.
    pub fn run(self) {
        while !self.stop.load(Ordering::Acquire) {
            if let Err(error) = self.turn() {
                tracing::error!(%error, "housekeeping");
            }
            if let Err(error) = self.findings.turn() {
                tracing::warn!(%error, "alarms of our own wait");
            }
            self.turns.fetch_add(1, Ordering::Relaxed);
            std::thread::park_timeout(EVERY);
        }
    }

    fn turn(&self) -> anyhow::Result<()> {
        self.watch_space()?;
        self.trim_input()?;
        self.trim_events(TopicClass::Record)?;
        self.trim_events(TopicClass::Stream)?;
        self.deliveries.trim(clock::now() - DELIVERIES_KEPT)?;
        self.history.trim(clock::now() - HISTORY_KEPT)?;
        self.catalog.write_uses()?;
        Ok(())
    }

    /// Refuses input before the disk fills: what is left is for events and cursors.
    fn watch_space(&self) -> anyhow::Result<()> {
        let free = self.storage.free_bytes()?;
        self.free_bytes.store(free, Ordering::Relaxed);
        if free < self.options.free_bytes_min {
            tracing::error!(free, "the disk is nearly full: input is refused");
            self.intake.set_disk_full(true);
        } else if free > self.options.free_bytes_min + HYSTERESIS {
            self.intake.set_disk_full(false);
        }
        Ok(())
    }

    /// Input is kept as long as a snapshot needs it, and beyond that for its time.
    fn trim_input(&self) -> anyhow::Result<()> {
        let kept = Micros::from_mins(i64::from(self.options.input_hours) * 60);
        let policy = TrimPolicy {
            mode: TrimMode::Needed,
            bytes_max: self.options.input_bytes_max,
            stamp_before: (clock::now() - kept).0,
        };
        let keep = |partition| self.snapshots.second_newest(partition).map_or(0, |at| at + 1);
        let report = self.input.trim(&keep, &policy)?;
        if report.segments > 0 {
            tracing::info!(segments = report.segments, bytes = report.bytes, "input trimmed");
        }
        Ok(())
    }

    /// Events go when they are too old or too many, needed or not; what was needed is named.
    fn trim_events(&self, class: TopicClass) -> anyhow::Result<()> {
        let Some(needs) = self.dispatcher.needs_blocking() else { return Ok(()) };
        let (log, first, kept) = match class {
            TopicClass::Record => {
                let kept = Micros::from_mins(i64::from(self.options.event_days) * 24 * 60);
                (&self.events.record, &needs.first[0], kept)
            }
            TopicClass::Stream => (&self.events.stream, &needs.first[1], STREAM_KEPT),
        };
        let policy = TrimPolicy {
            mode: TrimMode::Retention,
            bytes_max: self.options.event_bytes_max,
            stamp_before: (clock::now() - kept).0,
        };
        let report = log.trim(&|partition| first[usize::from(partition)], &policy)?;
        for gap in report.gaps {
            tracing::warn!(?gap, "events were removed that some webhook had not been sent");
        }
        Ok(())
    }
}
