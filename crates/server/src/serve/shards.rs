//! The shard threads: each folds its partitions, stores their events and tells the dispatcher.
//!
//! The committer never waits for a shard. A shard that is behind, or still recovering, is given
//! no blocks but a sign, and reads the log when it comes to it: what is committed is on disk, so
//! nothing needs to be kept in memory for it.

use super::clock;
use super::committer::Deadlines;
use super::findings::Known;
use super::live::{Asked, Asker, asking};
use super::projector::ProjectorNews;
use foghorn_api::Pulse;
use foghorn_dispatch::driver::{Dispatcher, Folded};
use foghorn_engine::Tally;
use foghorn_model::Partition;
use foghorn_pipeline::{
    CommittedBlock, FoldedBlock, Recovered, Shard, ShardError, ShardStores, ShardWatch,
    SnapshotJob, Worker,
};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    pub stores: ShardStores,
    pub watch: Watch,
    pub snapshot_jobs: SyncSender<Vec<SnapshotJob>>,
    pub snapshot_every: Duration,
}

/// Tells the rest of the server what the shards do.
#[derive(Clone)]
pub struct Watch {
    pub dispatcher: Dispatcher,
    pub projector: Arc<ProjectorNews>,
    pub deadlines: Arc<Deadlines>,
    pub quarantine: PathBuf,
    pub recovery: Arc<Recovery>,
    pub tallies: Arc<Tallies>,
    pub pulse: Arc<Pulse>,
    pub known: Arc<Known>,
}

/// How recovery goes.
#[derive(Debug, Default)]
pub struct Recovery {
    /// A bit for each partition that is recovered.
    partitions: AtomicU64,
    pub replayed: AtomicU64,
}

impl Recovery {
    /// How many partitions are recovered.
    pub fn partitions(&self) -> u32 {
        self.partitions.load(Ordering::Acquire).count_ones()
    }

    pub fn is_done(&self) -> bool {
        self.partitions() == u32::from(Partition::COUNT)
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

impl ShardWatch for Watch {
    fn folded(&self, blocks: Vec<FoldedBlock>) {
        for block in &blocks {
            self.projector.folded(block);
            self.pulse.folded(block.partition, block.last);
        }
        self.dispatcher.folded(blocks.into_iter().map(to_dispatcher).collect());
    }

    fn recovered(&self, worker: &Worker, recovered: Recovered) {
        self.known.recovered(worker);
        self.recovery.partitions.fetch_or(1 << worker.partition().index(), Ordering::AcqRel);
        self.recovery.replayed.fetch_add(recovered.replayed, Ordering::Relaxed);
        if recovered.missing > 0 {
            let partition = worker.partition();
            tracing::error!(%partition, missing = recovered.missing, "records are lost");
        }
        // The lanes read what was folded from the log.
        self.dispatcher.folded_in_log(worker.partition(), worker.last());
        self.projector.recovered(worker.partition(), worker.last());
        self.pulse.folded(worker.partition(), worker.last());
        self.progressed(worker);
    }

    fn progressed(&self, worker: &Worker) {
        self.deadlines.set(worker.partition(), worker.next_deadline());
        self.tallies.set(worker);
    }

    fn set_aside(&self, partition: Partition, record: u64, panic: &str, text: &str) {
        tracing::error!(%partition, record, panic, "the fold failed: the record is set aside");
        let path = self.quarantine.join(format!("{partition}-{record:020}"));
        if let Err(error) = std::fs::write(&path, format!("{panic}\n{text}\n")) {
            tracing::error!(%error, path = %path.display(), "the record could not be kept");
        }
    }
}

enum ToShard {
    Blocks(Vec<CommittedBlock>),
    /// Somebody wants to know something.
    Asked,
    Stop,
}

/// The committer's view of the shards.
pub struct Shards {
    senders: Vec<(SyncSender<ToShard>, Arc<AtomicBool>)>,
}

/// What starting the shards gives.
pub struct Started {
    pub shards: Shards,
    pub threads: Vec<std::thread::JoinHandle<()>>,
    /// Where each is asked.
    pub askers: Vec<Asker>,
}

impl Shards {
    /// Starts the threads; each recovers its partitions first.
    pub fn start(
        count: usize,
        context: &ShardContext,
        on_end: &Arc<dyn Fn(Result<(), ShardError>) + Send + Sync>,
    ) -> std::io::Result<Started> {
        let mut senders = Vec::new();
        let mut threads = Vec::new();
        let mut askers = Vec::new();
        for index in 0..count {
            let (sender, receiver) = sync_channel(FRAMES_WAITING);
            let behind = Arc::new(AtomicBool::new(false));
            let to_shard: SyncSender<ToShard> = sender.clone();
            // A shard whose queue is full turns without being told.
            let (asker, asked) = asking(move || drop(to_shard.try_send(ToShard::Asked)));
            askers.push(asker);
            let thread = ShardThread {
                context: context.clone(),
                receiver,
                asked,
                behind: Arc::clone(&behind),
                snapshot_at: Instant::now() + context.snapshot_every,
            };
            let on_end = Arc::clone(on_end);
            let run = move || on_end(thread.run(index, count));
            threads.push(std::thread::Builder::new().name(format!("shard-{index}")).spawn(run)?);
            senders.push((sender, behind));
        }
        Ok(Started { shards: Self { senders }, threads, askers })
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

struct ShardThread {
    context: ShardContext,
    receiver: Receiver<ToShard>,
    asked: Asked,
    behind: Arc<AtomicBool>,
    snapshot_at: Instant,
}

impl ShardThread {
    fn run(mut self, index: usize, count: usize) -> Result<(), ShardError> {
        let watch = self.context.watch.clone();
        let mut shard = Shard::recover(self.context.stores.clone(), index, count, &watch)?;
        let mut turn = TURN;
        loop {
            let message = match self.receiver.recv_timeout(turn) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => ToShard::Blocks(Vec::new()),
                Err(RecvTimeoutError::Disconnected) => ToShard::Stop,
            };
            match message {
                ToShard::Blocks(blocks) => {
                    let _phase = tracing::trace_span!(target: "foghorn::phase", "fold").entered();
                    shard.fold(&blocks, clock::now(), &watch)?;
                }
                ToShard::Asked => {}
                ToShard::Stop => {
                    shard.catch_up(&watch)?;
                    let jobs = shard.snapshots();
                    if !jobs.is_empty() && self.context.snapshot_jobs.send(jobs).is_err() {
                        tracing::warn!(
                            "the last snapshots could not be saved: the next start replays"
                        );
                    }
                    return Ok(());
                }
            }
            if self.behind.swap(false, Ordering::AcqRel) || shard.is_behind() {
                shard.catch_up(&watch)?;
            }
            turn = if self.asked.answer(&shard) { Duration::ZERO } else { TURN };
            self.snapshot_if_due(&mut shard);
        }
    }

    fn snapshot_if_due(&mut self, shard: &mut Shard) {
        if Instant::now() < self.snapshot_at {
            return;
        }
        self.snapshot_at = Instant::now() + self.context.snapshot_every;
        let jobs = shard.snapshots();
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
