//! A shard: the workers of some partitions, and what becomes of a record that cannot be folded.
//!
//! Events are in the event logs before anybody is told of them. A block that does not follow on
//! the last one folded is no error: the shard is then *behind*, and reads the input log, since
//! what is committed is on disk.

use crate::committer::CommittedBlock;
use crate::interventions::{Interventions, InterventionsError};
use crate::outbox::Outbox;
use crate::snapshots::SnapshotJob;
use crate::worker::{EventLogs, FoldedBlock, Recovered, RecoveryError, Worker, WorkerError};
use foghorn_log::{Log, LogError, SnapshotStore};
use foghorn_model::record::Records;
use foghorn_model::{Partition, Record, RecordBody, Timestamp};
use foghorn_mutant::{Mutant, is as mutated};
use std::sync::Arc;

/// What a shard works on.
#[derive(Debug, Clone)]
pub struct ShardStores {
    /// The input log.
    pub input: Arc<dyn Log>,
    /// The event logs.
    pub events: EventLogs,
    /// The snapshots.
    pub snapshots: Arc<SnapshotStore>,
    /// What the fold goes past.
    pub interventions: Arc<Interventions>,
    /// Where partitions put what they hand over.
    pub outbox: Arc<Outbox>,
    /// Whether records that the log has lost are gone past.
    pub accept_data_loss: bool,
}

/// Who is told of what a shard does.
pub trait ShardWatch {
    /// These are folded, and their events are in the logs.
    fn folded(&self, blocks: Vec<FoldedBlock>);

    /// A partition is recovered, all of its events in the logs.
    fn recovered(&self, worker: &Worker, recovered: Recovered);

    /// A worker has got further.
    fn progressed(&self, worker: &Worker);

    /// A record made the fold panic and is gone past from here on. `text` is what it said.
    fn set_aside(&self, partition: Partition, record: u64, panic: &str, text: &str);
}

/// Why a shard cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// A partition cannot be recovered or folded.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// A log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The skip list failed.
    #[error(transparent)]
    Interventions(#[from] InterventionsError),
}

/// The workers of the partitions `index`, `index + stride`, ….
#[derive(Debug)]
pub struct Shard {
    stores: ShardStores,
    stride: usize,
    workers: Vec<Worker>,
    behind: bool,
}

impl Shard {
    /// Recovers the partitions of shard `index` of `stride`, one after the other.
    ///
    /// # Errors
    /// If one of them cannot be recovered.
    pub fn recover(
        stores: ShardStores,
        index: usize,
        stride: usize,
        watch: &dyn ShardWatch,
    ) -> Result<Self, ShardError> {
        let mut shard = Self { stores, stride, workers: Vec::new(), behind: false };
        for partition in Partition::all().filter(|it| it.index() % stride == index) {
            let worker = shard.recover_worker(partition, watch)?;
            shard.workers.push(worker);
        }
        Ok(shard)
    }

    /// Folds committed blocks and stores their events; `stamp` is now.
    ///
    /// # Errors
    /// If a log fails, or a partition cannot be recovered.
    pub fn fold(
        &mut self,
        blocks: &[CommittedBlock],
        stamp: Timestamp,
        watch: &dyn ShardWatch,
    ) -> Result<(), ShardError> {
        let mut folded = Vec::with_capacity(blocks.len());
        for block in blocks {
            let at = block.partition.index() / self.stride;
            let worker = &mut self.workers[at];
            if block.last <= worker.last() {
                continue;
            }
            if block.first > worker.last() + 1 {
                self.behind = true;
                continue;
            }
            let first = worker.last() + 1;
            match worker.fold(block.first, &block.body) {
                Ok(_) => {
                    let mut block = worker.take(first);
                    self.stores.outbox.offer(std::mem::take(&mut block.handed));
                    folded.push(block);
                }
                Err(error) => {
                    self.set_aside(error, watch)?;
                    self.workers[at] = self.recover_worker(block.partition, watch)?;
                }
            }
        }
        if folded.is_empty() {
            return Ok(());
        }
        self.stores.events.append(&folded, stamp)?;
        for block in &folded {
            watch.progressed(&self.workers[block.partition.index() / self.stride]);
        }
        watch.folded(folded);
        Ok(())
    }

    /// Whether the shard was given a block that it could not fold yet.
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// Folds whatever the input log has after what is folded.
    ///
    /// # Errors
    /// As [`Shard::fold`].
    pub fn catch_up(&mut self, watch: &dyn ShardWatch) -> Result<(), ShardError> {
        self.behind = false;
        for at in 0..self.workers.len() {
            let worker = &mut self.workers[at];
            let partition = worker.partition();
            let stores = &self.stores;
            let caught_up = worker.catch_up(
                &*stores.input,
                &stores.events,
                stores.accept_data_loss,
                &mut |mut folded| {
                    stores.outbox.offer(std::mem::take(&mut folded.handed));
                    watch.folded(vec![folded]);
                },
            );
            match caught_up {
                Ok(_) => watch.progressed(&self.workers[at]),
                Err(RecoveryError::Worker(error)) => {
                    self.set_aside(error, watch)?;
                    self.workers[at] = self.recover_worker(partition, watch)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The state of each partition that has moved since its last snapshot, but of those of which
    /// something that they handed over is not durable yet.
    pub fn snapshots(&mut self) -> Vec<SnapshotJob> {
        let outbox = &self.stores.outbox;
        let is_settled = |worker: &&mut Worker| {
            outbox.is_settled(worker.partition()) || mutated(Mutant::HandOverForgotten)
        };
        self.workers.iter_mut().filter(is_settled).filter_map(Worker::snapshot).collect()
    }

    /// The worker of a partition, if the partition is of this shard.
    pub fn worker(&self, partition: Partition) -> Option<&Worker> {
        let worker = self.workers.get(partition.index() / self.stride);
        worker.filter(|worker| worker.partition() == partition)
    }

    /// The workers.
    pub fn workers(&self) -> &[Worker] {
        &self.workers
    }

    /// Recovers a partition; a record that cannot be folded is put aside, and it begins anew.
    fn recover_worker(
        &self,
        partition: Partition,
        watch: &dyn ShardWatch,
    ) -> Result<Worker, ShardError> {
        loop {
            let stores = &self.stores;
            let recovered = Worker::recover(
                partition,
                &*stores.input,
                &stores.events,
                &stores.snapshots,
                &stores.interventions,
                stores.accept_data_loss,
                &mut |folded| stores.outbox.offer(folded.handed),
            );
            match recovered {
                Ok((worker, recovered)) => {
                    watch.recovered(&worker, recovered);
                    return Ok(worker);
                }
                Err(RecoveryError::Worker(error)) => self.set_aside(error, watch)?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Goes past the record at fault from here on; any other failure is none of its own.
    fn set_aside(&self, error: WorkerError, watch: &dyn ShardWatch) -> Result<(), ShardError> {
        let WorkerError::Poison { partition, record, message } = error else {
            return Err(RecoveryError::Worker(error).into());
        };
        self.stores.interventions.skip(partition, record)?;
        let blocks = self.stores.input.read(partition.0, record, 1)?;
        let text = blocks.first().and_then(|block| {
            let at = usize::try_from(record.checked_sub(block.first)?).ok()?;
            Records::new(&block.bytes).nth(at)?.ok().map(|record| describe(&record))
        });
        watch.set_aside(partition, record, &message, &text.unwrap_or_default());
        Ok(())
    }
}

fn describe(record: &Record<'_>) -> String {
    match &record.body {
        RecordBody::Telemetry(line) => String::from_utf8_lossy(line).into_owned(),
        RecordBody::Relayed(it) => String::from_utf8_lossy(&it.event).into_owned(),
        other => format!("{other:?}"),
    }
}
