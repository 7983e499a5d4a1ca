//! The committer's thread.

use super::clock::Clocks;
use super::journal::Ack;
use super::shards::Shards;
use foghorn_model::record::InputGap;
use foghorn_model::{Partition, RecordBody, Timestamp};
use foghorn_pipeline::{
    ChangeFeed, Committed, Committer, CommitterError, Intake, Outage, OutageWatch, Step,
};
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

    fn get(&self, partition: Partition) -> Timestamp {
        Timestamp(self.0[partition.index()].load(Ordering::Relaxed))
    }
}

/// What the committer's thread works with.
pub struct CommitterThread {
    pub committer: Committer,
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
        let clocks = Clocks::new();
        let mut watch = OutageWatch::default();
        loop {
            let (now, monotonic) = clocks.read();
            if let Some(outage) = watch.turn(now, monotonic) {
                self.journal_gap(outage);
            }
            let stopping = self.stop.load(Ordering::Acquire);
            if stopping {
                self.intake.close();
            } else {
                self.journal_ticks(now);
            }
            match self.committer.step(&self.intake, &*self.feed, now)? {
                Step::Committed(committed) => self.hand_out(committed),
                Step::Refused(acks) => {
                    drop(acks);
                    std::thread::park_timeout(FULL_NAP);
                }
                Step::Idle => {
                    if stopping {
                        self.shards.stop();
                        return Ok(());
                    }
                    std::thread::park_timeout(self.nap(now));
                }
            }
        }
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

    /// Moves the clock of partitions in which something is due and nothing else came.
    fn journal_ticks(&self, now: Timestamp) {
        for partition in Partition::all() {
            let deadline = self.deadlines.get(partition);
            if deadline <= now && self.intake.clock(partition) < deadline {
                self.journal(partition, RecordBody::Tick, now);
            }
        }
    }

    fn journal_gap(&self, outage: Outage) {
        tracing::warn!(?outage, "the server was away: presence deadlines are deferred");
        let gap = InputGap { source: "all".into(), since: outage.since, until: outage.until };
        for partition in Partition::all() {
            self.journal(partition, RecordBody::InputGap(gap.clone()), outage.until);
        }
    }

    fn journal(&self, partition: Partition, body: RecordBody<'_>, now: Timestamp) {
        let seq = self.published.load(Ordering::Acquire);
        if self.intake.submit_record(partition, seq, None, body, now, None).is_err() {
            tracing::debug!(%partition, "stopping: no more ticks");
        }
    }

    fn nap(&self, now: Timestamp) -> Duration {
        let next = Partition::all().map(|it| self.deadlines.get(it)).min();
        let wait = next.map_or(i64::MAX, |at| at.0.saturating_sub(now.0)).max(1_000);
        Duration::from_micros(u64::try_from(wait).unwrap_or(u64::MAX)).min(NAP)
    }
}
