//! The projection of record events into the history store.
//!
//! It walks the event log with a cursor of its own, as a lane does, and never holds anybody up:
//! it reads what the shards have stored, in its own time. What retention removes before it was
//! read is not in the history; it is behind by a fraction of a second, retention by days.

use foghorn_catalog::{CatalogError, HistoryRecord, HistoryStore};
use foghorn_log::{Log, LogError};
use foghorn_model::event::block::EventBlock;
use foghorn_model::{EventRef, Partition, Timestamp, Topic};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The topics that can be searched. A new one is filled from what the event log still holds by a
/// migration that empties the store.
const TOPICS: [Topic; 2] = [Topic::Audits, Topic::ClientSessions];
/// How long it rests when there is nothing to read.
const REST: Duration = Duration::from_millis(250);
/// Bytes of events that are read at a time.
const READ_BYTES: usize = 1 << 20;
/// A cursor that moved over nothing to keep is written after so many records.
const CURSOR_RECORDS: u64 = 10_000;

/// Fills the history store.
pub struct Projector {
    log: Arc<dyn Log>,
    store: Arc<HistoryStore>,
    stop: Arc<AtomicBool>,
    /// By partition: the last record read, and the last one written down.
    cursors: Vec<(u64, u64)>,
}

/// The event log or the store failed.
#[derive(Debug, thiserror::Error)]
enum ProjectorError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("history: {0}")]
    Store(#[from] CatalogError),
}

/// When an event says that it happened.
#[derive(Deserialize)]
struct Timed {
    timestamp: f64,
}

impl Projector {
    pub fn new(
        log: Arc<dyn Log>,
        store: Arc<HistoryStore>,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, CatalogError> {
        let cursor = |partition| store.cursor(partition).map(|record| (record, record));
        let cursors = Partition::all().map(cursor).collect::<Result<_, _>>()?;
        Ok(Self { log, store, stop, cursors })
    }

    /// Runs until told to stop, and then through what is there. A failure is told and tried
    /// again: searches are then behind, and nothing else suffers.
    pub fn run(mut self) {
        loop {
            let stopping = self.stop.load(Ordering::Acquire);
            match self.turn() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "searches are behind: trying again"),
            }
            if stopping {
                return;
            }
            std::thread::park_timeout(REST);
        }
    }

    /// One piece of each partition that has more; whether any had.
    fn turn(&mut self) -> Result<bool, ProjectorError> {
        let mut any = false;
        for partition in Partition::all() {
            let (read, _) = self.cursors[partition.index()];
            if self.log.reach(partition.0) > read {
                any |= self.project(partition, read + 1)?;
            }
        }
        Ok(any)
    }

    fn project(&mut self, partition: Partition, from: u64) -> Result<bool, ProjectorError> {
        let mut records = Vec::new();
        let blocks = self.log.read(partition.0, from, READ_BYTES)?;
        let Some(through) = blocks.last().map(|block| block.last) else { return Ok(false) };
        for block in &blocks {
            for event in EventBlock::new(partition, &block.bytes) {
                let Ok(event) = event else {
                    tracing::error!(%partition, last = block.last, "an event block does not decode");
                    break;
                };
                if event.entry.key.record >= from && TOPICS.contains(&event.entry.topic) {
                    records.push(record(&event));
                }
            }
        }
        let (read, written) = &mut self.cursors[partition.index()];
        if !records.is_empty() || through - *written >= CURSOR_RECORDS {
            self.store.project(partition, through, &records)?;
            *written = through;
        }
        *read = through;
        Ok(true)
    }
}

fn record(event: &EventRef<'_>) -> HistoryRecord {
    let timed: Option<Timed> = serde_json::from_slice(event.json).ok();
    let at = timed.map_or(event.entry.at, |it| Timestamp((it.timestamp * 1e6) as i64));
    HistoryRecord {
        key: event.entry.key,
        topic: event.entry.topic,
        org_id: event.entry.org,
        site_id: event.entry.site,
        at,
        json: String::from_utf8_lossy(event.json).into_owned(),
    }
}
