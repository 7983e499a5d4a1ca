//! The shard threads: each folds its partitions, stores their events and tells the dispatcher.
//!
//! The committer never waits for a shard. A shard that is behind, or still recovering, is given
//! no blocks but a sign, and reads the log when it comes to it: what is committed is on disk, so
//! nothing needs to be kept in memory for it.

use super::clock;
use super::committer::Deadlines;
use foghorn_dispatch::driver::{Dispatcher, Folded};
use foghorn_engine::Tally;
use foghorn_log::{Log, SnapshotStore};
use foghorn_model::record::Records;
use foghorn_model::{Partition, Record, RecordBody};
use foghorn_pipeline::{
    CommittedBlock, EventLogs, FoldedBlock, Interventions, RecoveryError, SnapshotJob, Worker,
    WorkerError,
};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Frames that wait for a shard in memory.
const FRAMES_WAITING: usize = 64;
/// How often a quiet shard looks whether a snapshot is due.
const TURN: Duration = Duration::from_secs(1);

/// What all shards share.
#[derive(Clone)]
pub struct ShardContext {
    pub input: Arc<dyn Log>,
    pub events: EventLogs,
    pub snapshots: Arc<SnapshotStore>,
    pub interventions: Arc<Interventions>,
    pub dispatcher: Dispatcher,
    pub deadlines: Arc<Deadlines>,
    pub snapshot_jobs: SyncSender<Vec<SnapshotJob>>,
    pub snapshot_every: Duration,
    pub quarantine: PathBuf,
    pub accept_data_loss: bool,
    pub recovery: Arc<Recovery>,
    pub tallies: Arc<Tallies>,
}

/// How recovery goes.
#[derive(Debug, Default)]
pub struct Recovery {
    pub partitions: AtomicUsize,
    pub replayed: AtomicU64,
}

impl Recovery {
    pub fn is_done(&self) -> bool {
        self.partitions.load(Ordering::Acquire) == usize::from(Partition::COUNT)
    }
}

/// What the folds met, by partition, for metrics.
#[derive(Debug)]
pub struct Tallies(Vec<Mutex<Tally>>);

impl Default for Tallies {
    fn default() -> Self {
        Self(Partition::all().map(|_| Mutex::new(Tally::default())).collect())
    }
}

impl Tallies {
    pub fn get(&self, partition: Partition) -> Tally {
        *self.0[partition.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, worker: &Worker) {
        let mut tally =
            self.0[worker.partition().index()].lock().unwrap_or_else(PoisonError::into_inner);
        *tally = worker.tally();
    }
}

/// Why a shard ended.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    #[error(transparent)]
    Log(#[from] foghorn_log::LogError),
    #[error(transparent)]
    Interventions(#[from] foghorn_pipeline::InterventionsError),
}

enum ToShard {
    Blocks(Vec<CommittedBlock>),
    Stop,
}

/// The committer's view of the shards.
pub struct Shards {
    senders: Vec<(SyncSender<ToShard>, Arc<AtomicBool>)>,
}

impl Shards {
    /// Starts the threads; each recovers its partitions first.
    pub fn start(
        count: usize,
        context: &ShardContext,
        on_end: &Arc<dyn Fn(Result<(), ShardError>) + Send + Sync>,
    ) -> std::io::Result<(Self, Vec<std::thread::JoinHandle<()>>)> {
        let mut senders = Vec::new();
        let mut threads = Vec::new();
        for index in 0..count {
            let (sender, receiver) = sync_channel(FRAMES_WAITING);
            let behind = Arc::new(AtomicBool::new(false));
            let partitions = Partition::all().filter(|it| it.index() % count == index).collect();
            let shard = Shard {
                context: context.clone(),
                stride: count,
                partitions,
                workers: Vec::new(),
                receiver,
                behind: Arc::clone(&behind),
                snapshot_at: Instant::now() + context.snapshot_every,
            };
            let on_end = Arc::clone(on_end);
            let run = move || on_end(shard.run());
            threads.push(std::thread::Builder::new().name(format!("shard-{index}")).spawn(run)?);
            senders.push((sender, behind));
        }
        Ok((Self { senders }, threads))
    }

    /// Hands committed blocks to their shards.
    pub fn give(&mut self, blocks: Vec<CommittedBlock>) {
        let count = self.senders.len();
        let mut by_shard: Vec<Vec<CommittedBlock>> = (0..count).map(|_| Vec::new()).collect();
        for block in blocks {
            by_shard[block.partition.index() % count].push(block);
        }
        for ((sender, behind), blocks) in self.senders.iter().zip(by_shard) {
            if blocks.is_empty() {
                continue;
            }
            match sender.try_send(ToShard::Blocks(blocks)) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => {}
                // The channel is full, so the shard will turn again and see the sign.
                Err(TrySendError::Full(_)) => behind.store(true, Ordering::Release),
            }
        }
    }

    /// Ends the shards after what they have been given.
    pub fn stop(self) {
        for (sender, _) in self.senders {
            if sender.send(ToShard::Stop).is_err() {
                tracing::debug!("a shard had ended before");
            }
        }
    }
}

struct Shard {
    context: ShardContext,
    /// How many shards there are: the distance of this one's partitions.
    stride: usize,
    partitions: Vec<Partition>,
    workers: Vec<Worker>,
    receiver: Receiver<ToShard>,
    behind: Arc<AtomicBool>,
    snapshot_at: Instant,
}

impl Shard {
    fn run(mut self) -> Result<(), ShardError> {
        for partition in self.partitions.clone() {
            let worker = self.recover(partition)?;
            self.context.recovery.partitions.fetch_add(1, Ordering::AcqRel);
            self.workers.push(worker);
        }
        loop {
            let message = match self.receiver.recv_timeout(TURN) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => ToShard::Blocks(Vec::new()),
                Err(RecvTimeoutError::Disconnected) => ToShard::Stop,
            };
            match message {
                ToShard::Blocks(blocks) => self.fold(&blocks)?,
                ToShard::Stop => return self.stop(),
            }
            if self.behind.swap(false, Ordering::AcqRel) {
                self.catch_up()?;
            }
            self.snapshot_if_due();
        }
    }

    /// Recovers a partition; a record that cannot be folded is put aside, and it begins anew.
    fn recover(&self, partition: Partition) -> Result<Worker, ShardError> {
        loop {
            let context = &self.context;
            let recovered = Worker::recover(
                partition,
                &*context.input,
                &context.events,
                &context.snapshots,
                &context.interventions,
                context.accept_data_loss,
            );
            let (worker, recovered) = match recovered {
                Ok(recovered) => recovered,
                Err(RecoveryError::Worker(WorkerError::Poison { record, message, .. })) => {
                    self.quarantine(partition, record, &message)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            context.recovery.replayed.fetch_add(recovered.replayed, Ordering::Relaxed);
            if recovered.missing > 0 {
                tracing::error!(%partition, missing = recovered.missing, "records are lost");
            }
            // The lanes read what was folded from the log.
            context.dispatcher.folded_in_log(partition, worker.last());
            self.publish(&worker);
            return Ok(worker);
        }
    }

    fn publish(&self, worker: &Worker) {
        self.context.deadlines.set(worker.partition(), worker.next_deadline());
        self.context.tallies.set(worker);
    }

    fn fold(&mut self, blocks: &[CommittedBlock]) -> Result<(), ShardError> {
        let _phase = tracing::trace_span!(target: "foghorn::phase", "fold").entered();
        let mut folded = Vec::with_capacity(blocks.len());
        let count = self.stride;
        for block in blocks {
            let at = block.partition.index() / count;
            let worker = &mut self.workers[at];
            if block.last <= worker.last() {
                continue;
            }
            if block.first > worker.last() + 1 {
                self.behind.store(true, Ordering::Release);
                continue;
            }
            let first = worker.last() + 1;
            match worker.fold(block.first, &block.body) {
                Ok(_) => folded.push(worker.take(first)),
                Err(error) => {
                    self.set_aside(block.partition, error)?;
                    self.workers[at] = self.recover(block.partition)?;
                }
            }
        }
        if folded.is_empty() {
            return Ok(());
        }
        self.context.events.append(&folded, clock::now())?;
        for block in &folded {
            self.publish(&self.workers[block.partition.index() / count]);
        }
        self.context.dispatcher.folded(folded.into_iter().map(to_dispatcher).collect());
        Ok(())
    }

    fn catch_up(&mut self) -> Result<(), ShardError> {
        for at in 0..self.workers.len() {
            let worker = &mut self.workers[at];
            let (context, partition) = (&self.context, worker.partition());
            let dispatcher = &context.dispatcher;
            let caught_up = worker.catch_up(
                &*context.input,
                &context.events,
                context.accept_data_loss,
                &mut |folded| dispatcher.folded(vec![to_dispatcher(folded)]),
            );
            match caught_up {
                Ok(_) => self.publish(&self.workers[at]),
                Err(RecoveryError::Worker(error)) => {
                    self.set_aside(partition, error)?;
                    self.workers[at] = self.recover(partition)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn set_aside(&self, partition: Partition, error: WorkerError) -> Result<(), ShardError> {
        match error {
            WorkerError::Poison { record, message, .. } => {
                self.quarantine(partition, record, &message)
            }
            other => Err(RecoveryError::Worker(other).into()),
        }
    }

    /// Goes past a record from here on, and keeps it for whoever looks into it.
    fn quarantine(
        &self,
        partition: Partition,
        record: u64,
        message: &str,
    ) -> Result<(), ShardError> {
        tracing::error!(%partition, record, message, "the fold failed: the record is set aside");
        self.context.interventions.skip(partition, record)?;
        let blocks = self.context.input.read(partition.0, record, 1)?;
        let kept = blocks.first().and_then(|block| {
            let at = usize::try_from(record.checked_sub(block.first)?).ok()?;
            Records::new(&block.bytes).nth(at)?.ok().map(|record| describe(&record))
        });
        let path = self.context.quarantine.join(format!("{partition}-{record:020}"));
        let text = format!("{message}\n{}\n", kept.unwrap_or_default());
        if let Err(error) = std::fs::write(&path, text) {
            tracing::error!(%error, path = %path.display(), "the record could not be kept");
        }
        Ok(())
    }

    fn snapshot_if_due(&mut self) {
        if Instant::now() < self.snapshot_at {
            return;
        }
        self.snapshot_at = Instant::now() + self.context.snapshot_every;
        let jobs: Vec<SnapshotJob> = self.workers.iter_mut().filter_map(Worker::snapshot).collect();
        if jobs.is_empty() {
            return;
        }
        match self.context.snapshot_jobs.try_send(jobs) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                tracing::warn!("snapshots take longer than their interval: this one is left out");
            }
        }
    }

    fn stop(mut self) -> Result<(), ShardError> {
        self.catch_up()?;
        let jobs: Vec<SnapshotJob> = self.workers.iter_mut().filter_map(Worker::snapshot).collect();
        if !jobs.is_empty() && self.context.snapshot_jobs.send(jobs).is_err() {
            tracing::warn!("the last snapshots could not be saved: the next start replays");
        }
        Ok(())
    }
}

fn describe(record: &Record<'_>) -> String {
    match &record.body {
        RecordBody::Telemetry(line) => String::from_utf8_lossy(line).into_owned(),
        other => format!("{other:?}"),
    }
}

fn to_dispatcher(block: FoldedBlock) -> Folded {
    Folded {
        partition: block.partition,
        first: block.first,
        last: block.last,
        record: block.record.body,
        stream: block.stream.body,
    }
}
