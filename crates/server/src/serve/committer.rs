//! The committer's thread.

use super::clock::Clocks;
use super::journal::Ack;
use super::shards::Shards;
use super::storage::FOLDS;
use foghorn_engine::FOLD_VERSION;
use foghorn_log::{LineFile, LogError, Storage};
use foghorn_model::record::Upgrade;
use foghorn_model::{Partition, Timestamp};
use foghorn_pipeline::{ChangeFeed, Clockwork, Committed, Committer, CommitterError, Intake, Step};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// How long the committer sleeps when nothing happens: far less than an outage.
const NAP: Duration = Duration::from_millis(500);
/// How long it waits after the disk was full.
const FULL_NAP: Duration = Duration::from_millis(200);

/// When each partition next has something to do by itself; `i64::MAX` when never.
#[derive(Debug)]
pub struct Deadlines([AtomicI64; 64]);

impl Default for Deadlines {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicI64::new(i64::MAX)))
    }
}

impl Deadlines {
    pub fn set(&self, partition: Partition, deadline: Option<Timestamp>) {
        let deadline = deadline.map_or(i64::MAX, |at| at.0);
        self.0[partition.index()].store(deadline, Ordering::Relaxed);
    }

    fn get(&self, partition: Partition) -> Option<Timestamp> {
        let deadline = self.0[partition.index()].load(Ordering::Relaxed);
        (deadline != i64::MAX).then_some(Timestamp(deadline))
    }
}

/// Which versions of the fold have taken over.
pub struct Folds {
    file: LineFile,
    before: Option<u32>,
}

impl Folds {
    pub fn open(storage: &dyn Storage) -> Result<Self, LogError> {
        let (file, lines) = LineFile::open(storage, FOLDS)?;
        Ok(Self { file, before: lines.last().and_then(|line| line.parse().ok()) })
    }

    /// What is to be journaled if another version folded before.
    pub fn upgrade(&self) -> Option<Upgrade> {
        let other = self.before.filter(|from| *from != FOLD_VERSION);
        other.map(|from| Upgrade { from, to: FOLD_VERSION })
    }

    fn take_over(&mut self) -> Result<(), LogError> {
        if self.before != Some(FOLD_VERSION) {
            self.file.append(&FOLD_VERSION.to_string())?;
            self.before = Some(FOLD_VERSION);
        }
        Ok(())
    }
}

/// What the committer's thread works with.
pub struct CommitterThread {
    pub committer: Committer,
    pub clockwork: Clockwork,
    pub clocks: Clocks,
    pub folds: Folds,
    pub intake: Arc<Intake<Ack>>,
    pub feed: Box<dyn ChangeFeed + Send>,
    pub shards: Shards,
    pub deadlines: Arc<Deadlines>,
    pub published: Arc<AtomicU64>,
    pub stop: Arc<AtomicBool>,
    pub frames: Arc<AtomicU64>,
}

impl CommitterThread {
    /// Runs until told to stop and everything taken is written.
    ///
    /// # Errors
    /// When nothing may be trusted any more: the process must end.
    pub fn run(mut self) -> Result<(), CommitterError> {
        loop {
            let (now, monotonic) = self.clocks.read();
            let stopping = self.stop.load(Ordering::Acquire);
            if stopping {
                self.intake.close();
            }
            let (seq, deadlines) = (self.published.load(Ordering::Acquire), &self.deadlines);
            let due = |partition| deadlines.get(partition);
            let front = self.clockwork.turn(&self.intake, due, seq, now, monotonic);
            match self.committer.step(&self.intake, &*self.feed, &front, now)? {
                Step::Committed(committed) => {
                    self.settled()?;
                    self.hand_out(committed);
                }
                Step::Refused(acks) => {
                    drop(acks);
                    self.clockwork.refused(now);
                    std::thread::park_timeout(FULL_NAP);
                }
                Step::Idle => {
                    self.settled()?;
                    if stopping {
                        self.shards.stop();
                        return Ok(());
                    }
                    std::thread::park_timeout(self.nap(now));
                }
            }
        }
    }

    /// Once the start is in the log, so may be which fold has taken over.
    fn settled(&mut self) -> Result<(), CommitterError> {
        if self.clockwork.committed() {
            self.folds.take_over()?;
        }
        Ok(())
    }

    fn hand_out(&mut self, committed: Committed<Ack>) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        for ack in committed.acks {
            if ack.send(()).is_err() {
                // The record is durable all the same.
                tracing::trace!("whoever waited has hung up");
            }
        }
        self.shards.give(committed.blocks);
    }

    fn nap(&self, now: Timestamp) -> Duration {
        let next = Partition::all().filter_map(|it| self.deadlines.get(it)).min();
        let wait = next.map_or(i64::MAX, |at| at.0.saturating_sub(now.0)).max(1_000);
        Duration::from_micros(u64::try_from(wait).unwrap_or(u64::MAX)).min(NAP)
    }
}
