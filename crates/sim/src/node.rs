//! A server as the simulator runs it: the production steps over a storage that fails, without a
//! thread. Whatever the threads of the real server would do next is a step here, and the process
//! may die between any two, or in the middle of one.

use crate::catalog::Catalog;
use crate::dice::Dice;
use crate::people::{Request, Said};
use crate::store::Store;
use anyhow::{Context, Result};
use bytes::Bytes;
use foghorn_dispatch::Index;
use foghorn_dispatch::Lanes;
use foghorn_dispatch::lanes::{
    Attempt, EventSource, Flush, Held, KnownHealth, LaneLimits, LogBlock, Report, SourceError,
    decode_open,
};
use foghorn_dispatch::publisher::{OpenBatches, Publisher};
use foghorn_engine::FOLD_VERSION;
use foghorn_log::{
    LineFile, Log, LogError, RotatingFile, SegmentLog, SegmentOptions, SimStorage, SnapshotStore,
    Storage, TrimMode, TrimPolicy,
};
use foghorn_model::record::{Command, Upgrade};
use foghorn_model::time::Micros;
use foghorn_model::{Partition, RecordBody, Relayed, Timestamp, TopicClass};
use foghorn_pipeline::{
    Claim, Clockwork, CommittedBlock, Committer, EventLogs, FoldedBlock, Intake, IntakeLimits,
    Interventions, KnownQuarantine, Outbox, Recovered, Refusal, Shard, ShardStores, ShardWatch,
    SnapshotJob, Step, Worker, check_claim, quarantined,
};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

/// Two shards, so that blocks of one frame are folded apart.
const SHARDS: usize = 2;
/// Input is refused when less than this is free.
const FREE_BYTES_MIN: u64 = 256 << 10;

/// How a server is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Bytes of a log segment.
    pub segment_bytes: u64,
    /// Bytes of each event log that are kept.
    pub event_bytes_max: u64,
    /// The limits of lanes.
    pub lanes: LaneLimits,
}

impl Setup {
    /// One of many.
    pub fn new(dice: &mut Dice) -> Self {
        let batch_events_max = usize::try_from(1 + dice.below(20)).unwrap_or(1);
        let lanes = LaneLimits {
            batch_events_max,
            queue_events_max: 2 * batch_events_max + usize::try_from(dice.below(10)).unwrap_or(0),
            webhook_in_flight_max: usize::try_from(1 + dice.below(8)).unwrap_or(1),
            in_flight_max: usize::try_from(4 + dice.below(60)).unwrap_or(4),
            ..LaneLimits::default()
        };
        let tight = dice.one_in(6);
        let lanes = LaneLimits { failing_after: Micros::from_secs(dice.between(5, 120)), ..lanes };
        Self {
            segment_bytes: 4096 << dice.below(5),
            event_bytes_max: if tight { 96 << 10 } else { 64 << 20 },
            lanes,
        }
    }
}

impl Setup {
    /// Lanes of a webhook wait for each other.
    pub fn tight(self, dice: &mut Dice) -> Self {
        let webhook_in_flight_max = usize::try_from(1 + dice.below(2)).unwrap_or(1);
        Self { lanes: LaneLimits { webhook_in_flight_max, ..self.lanes }, ..self }
    }
}

/// What is told to the publisher.
#[derive(Debug)]
enum Told {
    Folded(FoldedBlock),
    Behind(Partition, u64, u64),
    Index(Arc<Index>),
}

#[derive(Debug, Default)]
struct Watch {
    told: RefCell<VecDeque<Told>>,
    /// Records that the fold could not take.
    set_aside: RefCell<Vec<(Partition, u64)>>,
}

impl ShardWatch for Watch {
    fn folded(&self, blocks: Vec<FoldedBlock>) {
        self.told.borrow_mut().extend(blocks.into_iter().map(Told::Folded));
    }

    fn recovered(&self, worker: &Worker, _: Recovered) {
        let last = worker.last();
        self.told.borrow_mut().push_back(Told::Behind(worker.partition(), last, last));
    }

    fn progressed(&self, _: &Worker) {}

    fn set_aside(&self, partition: Partition, record: u64, _: &str, _: &str) {
        self.set_aside.borrow_mut().push((partition, record));
    }
}

struct OpenFile(RotatingFile);

impl OpenBatches for OpenFile {
    fn append(&mut self, records: &[&[u8]]) -> std::io::Result<()> {
        self.0.append(records).map_err(std::io::Error::other)
    }

    fn rotate(&mut self) -> std::io::Result<()> {
        self.0.rotate().map_err(std::io::Error::other)
    }
}

struct LogSource(EventLogs);

impl LogSource {
    fn log(&self, class: TopicClass) -> &dyn Log {
        match class {
            TopicClass::Record => &*self.0.record,
            TopicClass::Stream => &*self.0.stream,
        }
    }
}

impl EventSource for LogSource {
    fn read(
        &self,
        class: TopicClass,
        partition: Partition,
        record: u64,
        bytes: usize,
    ) -> Result<Vec<LogBlock>, SourceError> {
        let blocks = self.log(class).read(partition.0, record, bytes);
        let blocks = blocks.map_err(|error| SourceError(error.into()))?;
        Ok(blocks
            .into_iter()
            .map(|it| LogBlock { first: it.first, last: it.last, body: it.bytes })
            .collect())
    }

    fn removed_before(&self, class: TopicClass, partition: Partition) -> u64 {
        self.log(class).removed_before(partition.0)
    }
}

/// A running server.
pub struct Node {
    setup: Setup,
    storage: SimStorage,
    /// The input log.
    pub input: Arc<dyn Log>,
    /// The event logs.
    pub events: EventLogs,
    snapshots: Arc<SnapshotStore>,
    /// What the fold goes past.
    pub interventions: Arc<Interventions>,
    /// Where records wait.
    pub intake: Intake<u64>,
    outbox: Arc<Outbox>,
    committer: Committer,
    clockwork: Clockwork,
    shards: Vec<Shard>,
    queues: Vec<VecDeque<Vec<CommittedBlock>>>,
    publisher: Publisher,
    source: LogSource,
    watch: Watch,
    flush: Option<Flush>,
    jobs: VecDeque<Vec<SnapshotJob>>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("setup", &self.setup).finish_non_exhaustive()
    }
}

/// What a step of the committer did.
#[derive(Debug)]
pub enum Wrote {
    /// Nothing.
    Nothing,
    /// A frame: the submissions that are acknowledged, and the blocks.
    Frame(Vec<u64>, Vec<CommittedBlock>),
    /// The disk is full: these are not acknowledged.
    Refused(Vec<u64>),
}

impl Node {
    /// Starts on what the storage and the store hold.
    pub fn start(
        setup: Setup,
        storage: &SimStorage,
        store: &Store,
        catalog: &mut Catalog,
        dice: &mut Dice,
        clocks: (Timestamp, Micros),
    ) -> Result<Self> {
        let shared: Arc<dyn Storage> = Arc::new(storage.clone());
        let open = |directory: &str, room_in_advance| -> Result<Arc<dyn Log>, LogError> {
            let options = SegmentOptions {
                segment_bytes: setup.segment_bytes,
                room_in_advance,
                accept_data_loss: false,
            };
            Ok(Arc::new(SegmentLog::open(Arc::clone(&shared), directory, options)?.log))
        };
        let input = open("inputs", true)?;
        let events = EventLogs {
            record: open("events-record", false)?,
            stream: open("events-stream", false)?,
        };
        let snapshots = Arc::new(SnapshotStore::open(Arc::clone(&shared), "snapshots")?);
        let (skips, lines) = LineFile::open(&*shared, "skips")?;
        let interventions = Arc::new(Interventions::new(skips, &lines)?);
        let (file, opened) = RotatingFile::open(Arc::clone(&shared), "open-batches")?;
        let opened: Vec<_> = opened.iter().filter_map(|record| decode_open(record)).collect();
        let (rows, watermarks) = store.read();
        let cursors = rows.iter().map(|row| (row.lane.partition, row.cursor.record, "a cursor"));
        let marks = watermarks.iter().map(|mark| (mark.partition, mark.record, "a watermark"));
        for (partition, record, what) in cursors.chain(marks) {
            let claim = Claim { partition, record, what: what.into() };
            check_claim(&claim, &*input, &interventions, false)?;
        }
        let index = catalog.index();
        catalog.publish();
        let lanes = Lanes::new(setup.lanes, index, rows, &watermarks, &opened);
        let publisher = Publisher::new(lanes, Box::new(OpenFile(file)));
        let outbox = Arc::new(Outbox::new(|| {}));
        let (of_log, of_fold) = (Arc::clone(&input), Arc::clone(&interventions));
        let committer = Committer::new(of_log, of_fold, Arc::clone(&outbox), catalog, false)?;
        let upgrade = dice
            .one_in(12)
            .then_some(Upgrade { from: FOLD_VERSION.saturating_sub(1), to: FOLD_VERSION });
        let clockwork = Clockwork::resumed(Timestamp(input.stamp()), upgrade, clocks);
        let watch = Watch::default();
        let stores = ShardStores {
            input: Arc::clone(&input),
            events: events.clone(),
            snapshots: Arc::clone(&snapshots),
            interventions: Arc::clone(&interventions),
            outbox: Arc::clone(&outbox),
            accept_data_loss: false,
        };
        let shards = (0..SHARDS).map(|at| Shard::recover(stores.clone(), at, SHARDS, &watch));
        let shards = shards.collect::<Result<Vec<_>, _>>().context("recovery")?;
        Ok(Self {
            setup,
            storage: storage.clone(),
            input,
            source: LogSource(events.clone()),
            events,
            snapshots,
            interventions,
            intake: Intake::new(IntakeLimits {
                partition_bytes_max: 64 << 10,
                org_bytes_max: 128 << 10,
                bytes_max: 256 << 10,
            }),
            outbox,
            committer,
            clockwork,
            shards,
            queues: vec![VecDeque::new(); SHARDS],
            publisher,
            watch,
            flush: None,
            jobs: VecDeque::new(),
        })
    }

    /// A request, to be acknowledged.
    pub fn submit(&self, request: &Request, seq: u64, now: Timestamp) -> Result<(), Refusal> {
        let ack = request.ack;
        let taken = match &request.said {
            Said::Lines { org, site, lines } => {
                let bytes = lines.iter().map(String::len).sum();
                let lines = lines.iter().map(String::as_bytes);
                self.intake.submit((*org, *site), seq, lines, bytes, now, ack)
            }
            Said::Message { org, events } => {
                // The same message has the same name whenever it comes.
                let message = u128::from(ack).to_be_bytes();
                let relayed = (0..).zip(events).map(|(index, (site, event))| {
                    let event = Cow::Borrowed(event.as_bytes());
                    let topic = Said::RELAYED;
                    (*site, Relayed { topic, org: *org, message, index, event })
                });
                self.intake.submit_relayed(*org, seq, relayed.collect(), now, ack)
            }
        };
        taken.map(drop)
    }

    /// The committer's turn.
    pub fn commit(
        &mut self,
        catalog: &Catalog,
        now: Timestamp,
        monotonic: Micros,
    ) -> Result<Wrote> {
        use foghorn_pipeline::ChangeFeed;
        let shards = &self.shards;
        let due = |partition: Partition| worker_of(shards, partition).next_deadline();
        let front = self.clockwork.turn(&self.intake, due, catalog.latest(), now, monotonic);
        match self.committer.step(&self.intake, catalog, &front, now)? {
            Step::Idle => {
                self.clockwork.committed();
                Ok(Wrote::Nothing)
            }
            Step::Refused(acks) => {
                self.clockwork.refused(now);
                Ok(Wrote::Refused(acks))
            }
            Step::Committed(committed) => {
                self.clockwork.committed();
                let mut by_shard: Vec<Vec<CommittedBlock>> = vec![Vec::new(); SHARDS];
                for block in &committed.blocks {
                    by_shard[block.partition.index() % SHARDS].push(block.clone());
                }
                for (queue, blocks) in self.queues.iter_mut().zip(by_shard) {
                    if !blocks.is_empty() {
                        queue.push_back(blocks);
                    }
                }
                Ok(Wrote::Frame(committed.acks, committed.blocks))
            }
        }
    }

    /// A shard's turn. Now and then it loses what it was given, as when its queue is full, and
    /// reads the log.
    pub fn fold(&mut self, dice: &mut Dice, now: Timestamp) -> Result<()> {
        let at = usize::try_from(dice.below(SHARDS as u64)).unwrap_or(0);
        if let Some(blocks) = self.queues[at].pop_front() {
            if dice.one_in(20) {
                self.shards[at].catch_up(&self.watch)?;
            } else {
                self.shards[at].fold(&blocks, now, &self.watch)?;
            }
        }
        if self.shards[at].is_behind() {
            self.shards[at].catch_up(&self.watch)?;
        }
        Ok(())
    }

    /// The publisher hears of one thing.
    pub fn hear(&mut self, dice: &mut Dice, now: Timestamp) {
        let Some(told) = self.watch.told.borrow_mut().pop_front() else { return };
        let lanes = self.publisher.lanes_mut();
        let mut live = |partition, first, last, record: Option<Bytes>, stream: Option<Bytes>| {
            lanes.live(TopicClass::Record, partition, first, last, record);
            lanes.live(TopicClass::Stream, partition, first, last, stream);
        };
        match told {
            Told::Folded(it) if dice.one_in(15) => {
                live(it.partition, it.first, it.last, None, None)
            }
            Told::Folded(it) => {
                live(it.partition, it.first, it.last, Some(it.record.body), Some(it.stream.body));
            }
            Told::Behind(partition, first, last) => live(partition, first, last, None, None),
            Told::Index(index) => lanes.set_index(index, now),
        }
    }

    /// The index is swapped, in its turn.
    pub fn swap_index(&self, index: Arc<Index>) {
        self.watch.told.borrow_mut().push_back(Told::Index(index));
    }

    /// Whether an index waits to be heard of.
    pub fn has_unheard_index(&self) -> bool {
        self.watch.told.borrow().iter().any(|told| matches!(told, Told::Index(_)))
    }

    /// The publisher reads for lanes that are behind; whether it did.
    pub fn read(&mut self, now: Timestamp) -> Result<bool> {
        Ok(self.publisher.read(&self.source, now)?)
    }

    /// The attempts to begin now.
    pub fn begin(&mut self, now: Timestamp) -> Result<Vec<Attempt>> {
        let mut attempts = Vec::new();
        self.publisher.begin(now, &mut attempts)?;
        Ok(attempts)
    }

    /// What the lanes have to send and may not.
    pub fn held(&self, now: Timestamp) -> Vec<Held> {
        self.publisher.lanes().held(now).collect()
    }

    /// An answer came.
    pub fn settle(&mut self, report: &Report, now: Timestamp) {
        self.publisher.lanes_mut().settle(report, now);
    }

    /// A flush begins, or the one under way is in the store.
    pub fn flush(&mut self, store: &mut Store, now: Timestamp) -> Result<()> {
        match self.flush.take() {
            Some(flush) => {
                store.commit(flush);
                self.publisher.flushed();
            }
            None => self.flush = self.publisher.flush(now, false)?,
        }
        Ok(())
    }

    /// What the server finds out about itself and the folds do not know. It is asked of the folds
    /// themselves, so what is on its way to them comes up again.
    fn findings(&self, now: Timestamp) -> Result<Vec<(Partition, Command)>> {
        let (mut health, mut quarantine) = (KnownHealth::default(), KnownQuarantine::default());
        for worker in self.shards.iter().flat_map(Shard::workers) {
            health.recovered(worker.partition(), worker.failing_webhooks());
            quarantine.recovered(worker.partition(), worker.quarantined());
        }
        let changes = self.publisher.lanes().health(&health, now);
        let mut found: Vec<_> = changes
            .into_iter()
            .map(|health| (health.partition(), Command::WebhookHealth(health)))
            .collect();
        for (partition, record) in quarantine.untold(&self.interventions) {
            let told = quarantined(&*self.input, partition, record)?;
            found.push((partition, Command::Quarantined(told)));
        }
        Ok(found)
    }

    /// Journals what the server finds out about itself.
    pub fn find(&self, seq: u64, now: Timestamp) -> Result<()> {
        for (partition, command) in self.findings(now)? {
            let (site, body) = (command.site(), RecordBody::Command(command));
            self.intake.submit_record(partition, seq, site, body, now, None)?;
        }
        Ok(())
    }

    /// Snapshots are taken, or those taken are saved.
    pub fn snapshot(&mut self) -> Result<()> {
        if let Some(jobs) = self.jobs.pop_front() {
            SnapshotJob::run(&jobs, &self.events, &self.snapshots)?;
        } else {
            let taken: Vec<_> = self.shards.iter_mut().map(Shard::snapshots).collect();
            self.jobs.extend(taken.into_iter().filter(|jobs| !jobs.is_empty()));
        }
        Ok(())
    }

    /// Retention and free space.
    pub fn housekeep(&mut self) -> Result<()> {
        self.intake.set_disk_full(self.storage.free_bytes()? < FREE_BYTES_MIN);
        let policy = |mode, bytes_max| TrimPolicy { mode, bytes_max, stamp_before: i64::MIN };
        let keep = |partition| self.snapshots.second_newest(partition).map_or(0, |at| at + 1);
        self.input.trim(&keep, &policy(TrimMode::Needed, self.setup.segment_bytes))?;
        let lanes = self.publisher.lanes();
        let class = TopicClass::Record;
        let needs: Vec<u64> = Partition::all().map(|it| lanes.needs(class, it)).collect();
        let policy = policy(TrimMode::Retention, self.setup.event_bytes_max);
        self.events.record.trim(&|it| needs[usize::from(it)], &policy)?;
        Ok(())
    }

    /// An orderly end.
    pub fn stop(&mut self, store: &mut Store) -> Result<()> {
        self.queues.iter_mut().for_each(VecDeque::clear);
        for shard in &mut self.shards {
            shard.catch_up(&self.watch)?;
        }
        self.jobs.clear();
        let jobs: Vec<_> = self.shards.iter_mut().flat_map(Shard::snapshots).collect();
        SnapshotJob::run(&jobs, &self.events, &self.snapshots)?;
        if let Some(flush) = self.flush.take() {
            store.commit(flush);
        }
        store.commit(self.publisher.lanes_mut().take_flush());
        self.input.close()?;
        self.events.record.close()?;
        self.events.stream.close()?;
        Ok(())
    }

    /// When something happens without anybody doing anything.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let shards = self.shards.iter().flat_map(Shard::workers);
        let due = shards.filter_map(Worker::next_deadline).min();
        let lanes = self.publisher.lanes().next_deadline();
        [due, lanes].into_iter().flatten().min()
    }

    /// What is left to do, in words.
    pub fn left(&self) -> String {
        let lanes = self.publisher.lanes();
        format!(
            "intake {} bytes, queues {:?}, told {}, flushing {}, lanes (all, behind, events) {:?}, \
             in flight {}, paused {:?}, next {:?}",
            self.intake.bytes(),
            self.queues.iter().map(VecDeque::len).collect::<Vec<_>>(),
            self.watch.told.borrow().len(),
            self.flush.is_some(),
            lanes.load(),
            lanes.in_flight(),
            lanes.paused().collect::<Vec<_>>(),
            lanes.next_deadline(),
        )
    }

    /// The last record that was folded of a partition, and the state after it.
    pub fn state(&self, partition: Partition) -> (u64, Vec<u8>) {
        let worker = worker_of(&self.shards, partition);
        (worker.last(), worker.state())
    }

    /// Whether something waits to be handed over.
    pub fn hands_over(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Whether everything that was taken is folded and delivered, or given up.
    pub fn is_at_rest(&self, now: Timestamp) -> bool {
        self.intake.is_empty()
            && self.outbox.is_empty()
            && self.queues.iter().all(VecDeque::is_empty)
            && self.watch.told.borrow().is_empty()
            && self.flush.is_none()
            && self.publisher.lanes().is_idle()
            && self.findings(now).is_ok_and(|found| found.is_empty())
    }

    /// What must never be exceeded.
    pub fn check_limits(&self) -> Result<()> {
        let lanes = self.publisher.lanes();
        let in_flight = lanes.in_flight();
        anyhow::ensure!(
            in_flight <= self.setup.lanes.in_flight_max,
            "{in_flight} requests are in flight"
        );
        let (count, _, waiting) = lanes.load();
        anyhow::ensure!(
            waiting <= count * self.setup.lanes.queue_events_max,
            "{waiting} events wait in {count} lanes"
        );
        anyhow::ensure!(self.intake.bytes() <= 512 << 10, "{} bytes wait", self.intake.bytes());
        Ok(())
    }
}

fn worker_of(shards: &[Shard], partition: Partition) -> &Worker {
    &shards[partition.index() % SHARDS].workers()[partition.index() / SHARDS]
}
