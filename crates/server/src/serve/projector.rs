//! The projection of record events into the history store.
//!
//! It walks the event log with a cursor of its own, as a lane does, and never holds anybody up:
//! it reads what the shards have stored, in its own time, and only where they say that there is
//! something to keep. What retention removes before it was read is not in the history; it is
//! behind by a fraction of a second, retention by days.

use super::projected::record;
use foghorn_catalog::{CatalogError, HistoryRecord, HistoryStore};
use foghorn_log::{Log, LogError};
use foghorn_model::event::block::EventBlock;
use foghorn_model::{Partition, Topic, TopicSet};
use foghorn_pipeline::FoldedBlock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Duration;

/// The topics that can be searched. A new one is filled from what the event log still holds by a
/// migration that empties the store.
const TOPICS: TopicSet = TopicSet::of(&[
    Topic::AlarmAcks,
    Topic::Alarms,
    Topic::Audits,
    Topic::ClientEvents,
    Topic::ClientSessions,
    Topic::DeviceEvents,
    Topic::GuestAuthorizations,
    Topic::MxedgeEvents,
    Topic::NacEvents,
    Topic::OtherDeviceEvents,
]);
/// Those that somebody waits for.
const AWAITED: TopicSet = TopicSet::of(&[Topic::AlarmAcks]);
/// How long it rests when there is nothing to read.
const REST: Duration = Duration::from_millis(250);
/// Bytes of events that are read at a time.
const READ_BYTES: usize = 1 << 20;
/// Rows of one transaction, about.
const BATCH_ROWS: usize = 4000;
/// A cursor that moved over nothing to keep is written after so many records.
const CURSOR_RECORDS: u64 = 10_000;

/// Fills the history store.
pub struct Projector {
    log: Arc<dyn Log>,
    store: Arc<HistoryStore>,
    stop: Arc<AtomicBool>,
    news: Arc<ProjectorNews>,
    /// By partition: the last record that is done with, and the last one written down.
    cursors: Vec<(u64, u64)>,
    /// What is done with and not written: a transaction costs more than a row.
    batch: Vec<HistoryRecord>,
}

/// What the shards have stored since the projector last asked, by partition.
#[derive(Debug)]
pub struct ProjectorNews {
    partitions: Vec<Mutex<News>>,
    /// Who reads it, once it runs.
    projector: OnceLock<Thread>,
}

#[derive(Debug, Clone, Copy, Default)]
struct News {
    /// The last record folded.
    last: u64,
    /// From the first to the last record that may have something to keep.
    wanted: Option<(u64, u64)>,
}

impl Default for ProjectorNews {
    fn default() -> Self {
        let partitions = Partition::all().map(|_| Mutex::new(News::default())).collect();
        Self { partitions, projector: OnceLock::new() }
    }
}

impl ProjectorNews {
    /// A block is folded, and its events are in the log.
    pub fn folded(&self, block: &FoldedBlock) {
        self.tell(block.partition, block.first, block.last, TOPICS.intersects(block.record.topics));
        if AWAITED.intersects(block.record.topics)
            && let Some(projector) = self.projector.get()
        {
            projector.unpark();
        }
    }

    /// Events through this record are in the log, of whatever topics.
    pub fn recovered(&self, partition: Partition, last: u64) {
        self.tell(partition, 1, last, true);
    }

    fn tell(&self, partition: Partition, first: u64, last: u64, wanted: bool) {
        let mut news = self.of(partition);
        news.last = news.last.max(last);
        if wanted {
            let (from, to) = news.wanted.unwrap_or((first, last));
            news.wanted = Some((from.min(first), to.max(last)));
        }
    }

    fn take(&self, partition: Partition) -> News {
        let mut news = self.of(partition);
        let taken = *news;
        news.wanted = None;
        taken
    }

    fn of(&self, partition: Partition) -> MutexGuard<'_, News> {
        self.partitions[partition.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The event log or the store failed.
#[derive(Debug, thiserror::Error)]
enum ProjectorError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("history: {0}")]
    Store(#[from] CatalogError),
}

impl Projector {
    pub fn new(
        log: Arc<dyn Log>,
        store: Arc<HistoryStore>,
        news: Arc<ProjectorNews>,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, CatalogError> {
        let cursor = |partition| store.cursor(partition).map(|record| (record, record));
        let cursors = Partition::all().map(cursor).collect::<Result<_, _>>()?;
        Ok(Self { log, store, stop, news, cursors, batch: Vec::new() })
    }

    /// Runs until told to stop, and then through what is there. A failure is told and tried
    /// again: searches are then behind, and nothing else suffers.
    pub fn run(mut self) {
        self.news.projector.get_or_init(std::thread::current);
        loop {
            let stopping = self.stop.load(Ordering::Acquire);
            let turned = Partition::all().try_for_each(|partition| self.turn(partition));
            if let Err(error) = turned.and_then(|()| self.write()) {
                tracing::error!(%error, "searches are behind: trying again");
                self.start_over();
            }
            if stopping {
                return;
            }
            std::thread::park_timeout(REST);
        }
    }

    fn turn(&mut self, partition: Partition) -> Result<(), ProjectorError> {
        let news = self.news.take(partition);
        if let Some((first, last)) = news.wanted {
            let (done, _) = self.cursors[partition.index()];
            let mut from = first.max(done + 1);
            while from <= last {
                let Some(through) = self.project(partition, from)? else { break };
                from = through + 1;
            }
        }
        let (done, _) = &mut self.cursors[partition.index()];
        *done = (*done).max(news.last);
        Ok(())
    }

    /// Writes what is done with, and where each partition is, in one transaction.
    fn write(&mut self) -> Result<(), ProjectorError> {
        let far = self.cursors.iter().any(|(done, written)| done - written >= CURSOR_RECORDS);
        if self.batch.is_empty() && !far {
            return Ok(());
        }
        let moved = Partition::all().zip(&self.cursors).filter(|(_, (done, at))| done > at);
        let moved: Vec<(Partition, u64)> =
            moved.map(|(partition, (done, _))| (partition, *done)).collect();
        self.store.project(&moved, &self.batch)?;
        self.batch.clear();
        self.cursors.iter_mut().for_each(|(done, written)| *written = *done);
        Ok(())
    }

    /// Goes back to what is written.
    fn start_over(&mut self) {
        self.batch.clear();
        for (partition, (done, written)) in Partition::all().zip(&mut self.cursors) {
            *done = *written;
            self.news.recovered(partition, self.log.reach(partition.0));
        }
    }

    /// Takes over one piece of the log; the last record of it, if there is any.
    fn project(&mut self, partition: Partition, from: u64) -> Result<Option<u64>, ProjectorError> {
        let blocks = self.log.read(partition.0, from, READ_BYTES)?;
        let Some(through) = blocks.last().map(|block| block.last) else { return Ok(None) };
        let mut left_out = 0;
        for block in &blocks {
            for event in EventBlock::new(partition, &block.bytes) {
                let Ok(event) = event else {
                    let last = block.last;
                    tracing::error!(%partition, last, "an event block does not decode");
                    break;
                };
                if event.entry.key.record >= from && TOPICS.contains(event.entry.topic) {
                    match record(&event) {
                        Some(row) => self.batch.push(row),
                        None => left_out += 1,
                    }
                }
            }
        }
        if left_out > 0 {
            tracing::warn!(%partition, through, left_out, "events that searches cannot read");
        }
        self.cursors[partition.index()].0 = through;
        if self.batch.len() >= BATCH_ROWS {
            self.write()?;
        }
        Ok(Some(through))
    }
}
