//! The worker of one partition: folds committed records, stores their events, and recovers.
//!
//! The fold runs under `catch_unwind`. When a record makes it panic, the partition's memory is
//! not trusted any more: the record's number goes into the skip list beside the log, and the
//! worker recovers as after a restart, without that record.

use crate::claims::{Claim, check_claim};
use crate::interventions::{Interventions, InterventionsError};
use crate::snapshots::{SnapshotJob, decompress};
use bytes::Bytes;
use foghorn_engine::{Engine, Output, RestoreError, SiteView, Tally};
use foghorn_log::{Block, Frame, Log, LogError, Reader, SnapshotStore};
use foghorn_model::record::{RecordError, Records, WebhookHealth};
use foghorn_model::{HandOver, Partition, SiteId, Timestamp, TopicSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Events that a replay keeps in memory before it stores them.
const REPLAY_EVENT_BYTES: usize = 1 << 20;

/// The two event logs.
#[derive(Debug, Clone)]
pub struct EventLogs {
    /// Events of record topics.
    pub record: Arc<dyn Log>,
    /// Events of stream topics.
    pub stream: Arc<dyn Log>,
}

impl EventLogs {
    /// Syncs both.
    ///
    /// # Errors
    /// As [`Log::sync`].
    pub fn sync(&self) -> Result<(), LogError> {
        self.record.sync()?;
        self.stream.sync()
    }

    /// Stores the events of folded blocks, unsynced, as one frame a log.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn append(&self, folded: &[FoldedBlock], stamp: Timestamp) -> Result<(), LogError> {
        type Choose = fn(&FoldedBlock) -> &EventBytes;
        let logs: [(&Arc<dyn Log>, Choose); 2] =
            [(&self.record, |block| &block.record), (&self.stream, |block| &block.stream)];
        for (log, events) in logs {
            let blocks: Vec<Block> = folded
                .iter()
                .filter(|block| events(block).count > 0)
                .map(|block| Block {
                    partition: block.partition.0,
                    first: block.first.max(log.reach(block.partition.0) + 1),
                    last: block.last,
                    count: events(block).count,
                    tag: 0,
                    bytes: events(block).body.clone(),
                })
                .collect();
            if !blocks.is_empty() {
                log.append(&Frame { mark: 0, stamp: stamp.0, blocks })?;
            }
        }
        Ok(())
    }
}

/// Events of one class, encoded.
#[derive(Debug, Clone, Default)]
pub struct EventBytes {
    /// The entries.
    pub body: Bytes,
    /// How many.
    pub count: u32,
    /// Of which topics.
    pub topics: TopicSet,
}

/// What folding a run of records gave.
#[derive(Debug, Clone)]
pub struct FoldedBlock {
    /// The partition.
    pub partition: Partition,
    /// The first record folded.
    pub first: u64,
    /// The last record folded.
    pub last: u64,
    /// Events of record topics.
    pub record: EventBytes,
    /// Events of stream topics.
    pub stream: EventBytes,
    /// What is handed over to the homes of orgs.
    pub handed: Vec<HandOver>,
}

/// Why a partition cannot be folded on.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The fold panicked: put the record aside, recover, go on.
    #[error("partition {partition}: the fold failed at record {record}: {message}")]
    Poison {
        /// The partition.
        partition: Partition,
        /// The record.
        record: u64,
        /// What the panic said.
        message: String,
    },
    /// A record of a durable block does not decode.
    #[error("partition {partition}: record {record}: {source}")]
    Record {
        /// The partition.
        partition: Partition,
        /// The record.
        record: u64,
        /// Why.
        source: RecordError,
    },
    /// A log failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Why a partition cannot be recovered.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The log ends before something that was made of it.
    #[error(
        "partition {partition}: the input log ends at record {reach}, but {what} is at record \
         {wanted}; records {} to {wanted} are missing: put the log that belongs to this directory \
         back, or start with --accept-data-loss to go on without them", reach + 1
    )]
    InputShort {
        /// The partition.
        partition: Partition,
        /// Where the log ends.
        reach: u64,
        /// What is further: `the newest snapshot`, `the cursor of lane …`.
        what: String,
        /// Where that is.
        wanted: u64,
    },
    /// Records are missing between the state and the log.
    #[error(
        "partition {partition}: records {first} to {last} are missing from the input log (start \
         with --accept-data-loss to go on without them)"
    )]
    InputMissing {
        /// The partition.
        partition: Partition,
        /// First record that is missing.
        first: u64,
        /// Last record that is missing.
        last: u64,
    },
    /// A snapshot of a known form does not decode.
    #[error("partition {partition}: {source}")]
    Snapshot {
        /// The partition.
        partition: Partition,
        /// Why.
        source: RestoreError,
    },
    /// A snapshot does not unpack.
    #[error("partition {partition}: snapshot does not unpack: {source}")]
    Unpack {
        /// The partition.
        partition: Partition,
        /// Why.
        source: std::io::Error,
    },
    /// Folding the tail failed.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// An accepted loss cannot be written down.
    #[error(transparent)]
    Interventions(#[from] InterventionsError),
    /// A log failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What recovering a partition took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recovered {
    /// The record of the snapshot, 0 if there was none.
    pub snapshot: u64,
    /// Records replayed after it.
    pub replayed: u64,
    /// Records that are lost, and were gone past because data loss is accepted.
    pub missing: u64,
}

/// Folds one partition.
#[derive(Debug)]
pub struct Worker {
    engine: Engine,
    out: Output,
    interventions: Arc<Interventions>,
    /// The last record that a snapshot was made of.
    snapshot: u64,
}

impl Worker {
    /// Loads the newest snapshot that verifies and folds what the input log has after it. Events
    /// that the event logs hold already are not written again; what is handed over is shown again.
    ///
    /// # Errors
    /// If the input log lacks what the snapshot or the state needs and data loss is not
    /// accepted, or if the fold fails ([`WorkerError::Poison`]).
    pub fn recover(
        partition: Partition,
        input: &dyn Log,
        events: &EventLogs,
        snapshots: &SnapshotStore,
        interventions: &Arc<Interventions>,
        accept_data_loss: bool,
        show: &mut dyn FnMut(FoldedBlock),
    ) -> Result<(Self, Recovered), RecoveryError> {
        let engine = load(partition, snapshots)?;
        let mut recovered = Recovered { snapshot: engine.last(), ..Recovered::default() };
        let snapshot =
            Claim { partition, record: engine.last(), what: "the newest snapshot".into() };
        check_claim(&snapshot, input, interventions, accept_data_loss)?;
        let mut worker = Self {
            snapshot: engine.last(),
            engine,
            out: Output::default(),
            interventions: Arc::clone(interventions),
        };
        worker.out.record.floor = events.record.reach(partition.0);
        worker.out.stream.floor = events.stream.reach(partition.0);
        (recovered.replayed, recovered.missing) =
            worker.catch_up(input, events, accept_data_loss, show)?;
        Ok((worker, recovered))
    }

    /// Folds what the input log has after the last record folded, stores the events and shows
    /// each piece. Returns how many records were folded and how many are missing.
    ///
    /// # Errors
    /// As [`Worker::recover`].
    pub fn catch_up(
        &mut self,
        input: &dyn Log,
        events: &EventLogs,
        accept_data_loss: bool,
        show: &mut dyn FnMut(FoldedBlock),
    ) -> Result<(u64, u64), RecoveryError> {
        let partition = self.engine.partition();
        let mut first = self.engine.last() + 1;
        let mut reader = Reader::new(input, partition.0, first);
        let (mut folded, mut missing) = (0, 0);
        while let Some(block) = reader.next_block()? {
            let next = self.engine.last() + 1;
            if block.first > next {
                let last = block.first - 1;
                if !self.interventions.is_lost(partition, &(next..=last)) {
                    if !accept_data_loss {
                        return Err(RecoveryError::InputMissing { partition, first: next, last });
                    }
                    self.interventions.accept_loss(partition, next..=last)?;
                }
                missing += last - next + 1;
                self.engine.skip_through(last);
            }
            folded += self.fold(block.first, &block.bytes)?;
            if self.out.record.body.len() + self.out.stream.body.len() > REPLAY_EVENT_BYTES {
                self.store(&mut first, events, show)?;
            }
        }
        self.store(&mut first, events, show)?;
        Ok((folded, missing))
    }

    /// Folds the records of a durable block; those that are folded already are passed over. The
    /// events are in [`Worker::take`].
    ///
    /// # Errors
    /// [`WorkerError::Poison`]: this worker must not be used any more.
    pub fn fold(&mut self, first: u64, body: &[u8]) -> Result<u64, WorkerError> {
        let partition = self.engine.partition();
        let mut folded = 0;
        for (number, record) in (first..).zip(Records::new(body)) {
            if number <= self.engine.last() {
                continue;
            }
            if self.interventions.skips(partition, number) {
                self.engine.skip(number);
                continue;
            }
            let record = record.map_err(|source| WorkerError::Record {
                partition,
                record: number,
                source,
            })?;
            let (engine, out) = (&mut self.engine, &mut self.out);
            catch_unwind(AssertUnwindSafe(|| engine.fold(number, &record, out))).map_err(
                |panic| WorkerError::Poison { partition, record: number, message: words(&*panic) },
            )?;
            folded += 1;
        }
        Ok(folded)
    }

    /// Takes the events since the last time, of the records from `first` on.
    pub fn take(&mut self, first: u64) -> FoldedBlock {
        let take = |buffer: &mut foghorn_engine::EventBuffer| EventBytes {
            count: std::mem::take(&mut buffer.count),
            topics: std::mem::take(&mut buffer.topics),
            body: Bytes::from(std::mem::take(&mut buffer.body)),
        };
        FoldedBlock {
            partition: self.engine.partition(),
            first,
            last: self.engine.last(),
            record: take(&mut self.out.record),
            stream: take(&mut self.out.stream),
            handed: std::mem::take(&mut self.out.handed),
        }
    }

    /// The state as a snapshot to save, if anything was folded since the last one.
    pub fn snapshot(&mut self) -> Option<SnapshotJob> {
        if self.engine.last() == self.snapshot {
            return None;
        }
        self.snapshot = self.engine.last();
        Some(SnapshotJob {
            partition: self.engine.partition(),
            record: self.engine.last(),
            epoch: self.engine.epoch(),
            state: self.state(),
        })
    }

    /// The state after the last record folded, as a snapshot has it.
    pub fn state(&self) -> Vec<u8> {
        self.engine.snapshot()
    }

    /// The partition.
    pub fn partition(&self) -> Partition {
        self.engine.partition()
    }

    /// The last record folded.
    pub fn last(&self) -> u64 {
        self.engine.last()
    }

    /// When a `Tick` is due if nothing else moves the clock.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.engine.next_deadline()
    }

    /// What a site looks like after the last record folded.
    pub fn site(&self, site: SiteId) -> Option<SiteView<'_>> {
        self.engine.site(site)
    }

    /// The partition clock.
    pub fn clock(&self) -> Timestamp {
        self.engine.clock()
    }

    /// The webhooks that the fold holds as failing.
    pub fn failing_webhooks(&self) -> impl Iterator<Item = WebhookHealth> {
        self.engine.failing_webhooks()
    }

    /// The records set aside that the fold was told of.
    pub fn quarantined(&self) -> impl Iterator<Item = u64> {
        self.engine.quarantined()
    }

    /// What the fold met and made nothing of.
    pub fn tally(&self) -> Tally {
        self.engine.tally()
    }

    fn store(
        &mut self,
        first: &mut u64,
        events: &EventLogs,
        show: &mut dyn FnMut(FoldedBlock),
    ) -> Result<(), LogError> {
        if self.engine.last() < *first {
            return Ok(());
        }
        let stamp = self.engine.clock();
        let folded = self.take(*first);
        *first = folded.last + 1;
        events.append(std::slice::from_ref(&folded), stamp)?;
        show(folded);
        Ok(())
    }
}
fn load(partition: Partition, snapshots: &SnapshotStore) -> Result<Engine, RecoveryError> {
    let Some(saved) = snapshots.load(partition.0)? else {
        return Ok(Engine::new(partition));
    };
    let state =
        decompress(&saved.bytes).map_err(|source| RecoveryError::Unpack { partition, source })?;
    Engine::restore(partition, &state)
        .map_err(|source| RecoveryError::Snapshot { partition, source })
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").into()
}
