//! Lanes: every webhook's walk through the events.
//!
//! A lane is (webhook, topic, partition). Its cursor only ever passes events that were answered
//! 2xx or given up on with a row, in order, so nothing is skipped and order per site follows.
//! A lane of a record topic has one batch in flight; of a stream topic a few.
//!
//! **Memory is bounded.** A lane holds a bounded queue of references into shared blocks. When it
//! is full the lane falls *behind* and goes on from the log, in its own time; a restart is
//! nothing but every lane being behind. Reading is bounded per turn, so a lane that has a week
//! to catch up on takes nothing from one that is live.
//!
//! **What is urgent goes first.** Where a limit makes batches wait, those of alarms go before those of
//! other record topics, and these before those of stream topics ([`turns`]). Within a lane nothing
//! overtakes.
//!
//! **A crash repeats, never skips.** Cursors are written every quarter of a second, together with
//! the watermark up to which idle lanes have seen everything; batches opened since lie in the
//! open-batch file. What is sent again after a crash is cut the same, with the same ids.

mod batch;
mod gate;
mod health;
mod journal;
mod lane;
mod routing;
mod rows;
mod sending;
#[cfg(test)]
mod tests;
mod turns;

pub use batch::{LaneKey, OpenBatch};
pub use health::KnownHealth;
pub use journal::{decode_open, encode_open};
pub use routing::{EventSource, LogBlock, SourceError};
pub use rows::{DeliveryRow, Fate, Flush, LaneRow, Watermark};
pub use sending::{Attempt, Report, Sent};

use crate::breaker::Breaker;
use crate::index::Index;
use foghorn_model::time::Micros;
use foghorn_model::{EventKey, Partition, Timestamp, TopicClass, WebhookId};
use foghorn_mutant::{Mutant, is as mutated};
use foldhash::HashMap;
use gate::Gate;
use health::Health;
use lane::Lane;
use routing::Tail;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use turns::Turns;
use uuid::Uuid;

/// The limits of lanes.
#[derive(Debug, Clone, Copy)]
pub struct LaneLimits {
    /// Events in a batch.
    pub batch_events_max: usize,
    /// Bytes of events in a batch; a single event may be larger.
    pub batch_bytes_max: usize,
    /// Events that wait in memory for a lane: at least two batches.
    pub queue_events_max: usize,
    /// Bytes that wait in memory for a lane: at least two batches.
    pub queue_bytes_max: usize,
    /// Batches in flight in a lane of a stream topic.
    pub stream_in_flight_max: usize,
    /// Requests in flight to one webhook.
    pub webhook_in_flight_max: usize,
    /// Requests in flight to one host.
    pub host_in_flight_max: usize,
    /// Requests in flight in all.
    pub in_flight_max: usize,
    /// How old events of record topics may become.
    pub record_age_max: Micros,
    /// How old events of stream topics may become.
    pub stream_age_max: Micros,
    /// Rows that may wait for the next flush before sending stops.
    pub rows_max: usize,
    /// How long nothing may come through to a webhook before that is an alarm.
    pub failing_after: Micros,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            batch_events_max: 100,
            batch_bytes_max: 512 << 10,
            queue_events_max: 1000,
            queue_bytes_max: 2 << 20,
            stream_in_flight_max: 4,
            webhook_in_flight_max: 64,
            host_in_flight_max: 128,
            in_flight_max: 1024,
            record_age_max: Micros::from_mins(7 * 24 * 60),
            stream_age_max: Micros::from_secs(60),
            rows_max: 100_000,
            failing_after: Micros::from_mins(5),
        }
    }
}

/// All lanes.
#[derive(Debug)]
pub struct Lanes {
    limits: LaneLimits,
    index: Arc<Index>,
    lanes: Vec<Lane>,
    by_key: HashMap<LaneKey, u32>,
    free: Vec<u32>,
    tails: [Vec<Tail>; 2],
    /// Lanes that read the log.
    behind: VecDeque<u32>,
    hooks: HashMap<WebhookId, Hook>,
    hosts: HashMap<Uuid, Host>,
    ready: [Turns; 2],
    timers: BTreeSet<(Timestamp, u32)>,
    in_flight: usize,
    dirty: Vec<u32>,
    flush: Flush,
    opened: Vec<(LaneKey, OpenBatch)>,
}

/// What the lanes of one webhook share.
#[derive(Debug, Default)]
struct Hook {
    gate: Gate,
    health: Health,
    in_flight: usize,
    /// Lanes that wait for the gate or for one of the webhook's requests to end.
    waiting: Turns,
}

/// What the webhooks of one host share.
#[derive(Debug)]
struct Host {
    breaker: Breaker,
    in_flight: usize,
    waiting: Turns,
}

fn class_index(class: TopicClass) -> usize {
    match class {
        TopicClass::Record => 0,
        TopicClass::Stream => 1,
    }
}

/// After every event of this record and those before it.
fn end_of(partition: Partition, record: u64) -> EventKey {
    EventKey { partition, epoch: u32::MAX, record, ordinal: u32::MAX }
}

impl Lanes {
    /// The lanes as their rows, the watermarks and the open-batch records tell, all behind.
    pub fn new(
        limits: LaneLimits,
        index: Arc<Index>,
        rows: Vec<LaneRow>,
        watermarks: &[Watermark],
        opened: &[(LaneKey, OpenBatch)],
    ) -> Self {
        // A batch of before a restart must come together before the lane reads no further.
        assert!(
            limits.queue_events_max >= 2 * limits.batch_events_max
                && limits.queue_bytes_max >= 2 * limits.batch_bytes_max,
            "a lane has room for two batches: {limits:?}"
        );
        let tails = || Partition::all().map(|_| Tail::default()).collect();
        let mut lanes = Self {
            limits,
            index,
            lanes: Vec::new(),
            by_key: HashMap::default(),
            free: Vec::new(),
            tails: [tails(), tails()],
            behind: VecDeque::new(),
            hooks: HashMap::default(),
            hosts: HashMap::default(),
            ready: [Turns::default(), Turns::default()],
            timers: BTreeSet::new(),
            in_flight: 0,
            dirty: Vec::new(),
            flush: Flush::default(),
            opened: Vec::new(),
        };
        for mark in watermarks {
            lanes.tails[class_index(mark.class)][mark.partition.index()].start(mark.record);
        }
        for row in rows {
            let watermark = lanes.watermark(row.lane);
            lanes.insert(Lane::restored(row, watermark));
        }
        for (key, open) in opened {
            let at = match lanes.by_key.get(key) {
                Some(at) => *at,
                None => {
                    let org = lanes.index.endpoint(key.webhook).map(|it| it.webhook.org_id);
                    let Some(org) = org else { continue };
                    lanes.insert(Lane::new(*key, org, lanes.watermark(*key)))
                }
            };
            lanes.lanes[at as usize].freeze(*open);
            // Its record is forgotten two rotations from now: by then it stands in the row.
            if !mutated(Mutant::OpenBatchForgotten) {
                lanes.touch(at);
            }
        }
        lanes
    }

    /// Takes a new index over: webhooks that no longer subscribe give up what waits, with a row.
    pub fn set_index(&mut self, index: Arc<Index>, now: Timestamp) {
        let as_many = index.endpoints().count() == self.index.endpoints().count();
        if mutated(Mutant::SecretKept) && as_many {
            return;
        }
        self.index = index;
        for at in self.by_key.values() {
            let lane = &mut self.lanes[*at as usize];
            lane.closing &= !self.index.subscribes(lane.key.webhook, lane.key.topic);
        }
        // In an order that no hash makes: the same world goes the same way again.
        let gone: BTreeMap<LaneKey, u32> = self
            .by_key
            .iter()
            .filter(|(key, _)| !self.index.subscribes(key.webhook, key.topic))
            .map(|(key, at)| (*key, *at))
            .collect();
        for at in gone.into_values() {
            self.close(at, now);
        }
        self.hooks
            .retain(|webhook, hook| hook.in_flight > 0 || self.index.endpoint(*webhook).is_some());
        // What waited for a gate may go to another address now.
        let hooks: BTreeMap<_, _> = self.hooks.iter_mut().collect();
        let waiting: Vec<u32> = hooks.into_values().flat_map(|hook| hook.waiting.drain()).collect();
        for at in waiting {
            self.lanes[at as usize].scheduled = false;
            self.schedule(at);
        }
    }

    /// Forgives every webhook's past failures, as when its configuration was changed.
    pub fn reset(&mut self, webhook: WebhookId) {
        if let Some(hook) = self.hooks.get_mut(&webhook) {
            hook.gate = Gate::default();
            let waiting: Vec<u32> = hook.waiting.drain().collect();
            for at in waiting {
                self.lanes[at as usize].scheduled = false;
                self.schedule(at);
            }
        }
    }

    /// The index in force.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// What is to be written to the open-batch file before the next attempts begin.
    pub fn take_opened(&mut self) -> Vec<(LaneKey, OpenBatch)> {
        std::mem::take(&mut self.opened)
    }

    /// What is to be written to the catalog.
    pub fn take_flush(&mut self) -> Flush {
        let mut flush = std::mem::take(&mut self.flush);
        for at in std::mem::take(&mut self.dirty) {
            let lane = &mut self.lanes[at as usize];
            if std::mem::take(&mut lane.dirty) && self.by_key.get(&lane.key) == Some(&at) {
                flush.lanes.push(lane.row());
            }
        }
        for class in [TopicClass::Record, TopicClass::Stream] {
            for (partition, tail) in Partition::all().zip(&mut self.tails[class_index(class)]) {
                flush.watermarks.extend(tail.flush(class, partition));
            }
        }
        flush
    }

    /// The first record of a partition that some lane still needs: those before it may be
    /// trimmed.
    pub fn needs(&self, class: TopicClass, partition: Partition) -> u64 {
        let tail = self.tails[class_index(class)][partition.index()].routed() + 1;
        let lanes = self.by_key.values().map(|at| &self.lanes[*at as usize]);
        let of_partition = lanes
            .filter(|lane| lane.key.partition == partition && lane.key.topic.class() == class)
            .filter(|lane| !lane.is_idle());
        of_partition.map(|lane| lane.cursor.record).fold(tail, u64::min)
    }

    /// Webhooks whose endpoints refuse everything, and since when.
    pub fn paused(&self) -> impl Iterator<Item = (WebhookId, Timestamp)> {
        self.hooks.iter().filter_map(|(id, hook)| Some((*id, hook.gate.closed_since()?)))
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many lanes there are, how many are behind, and how many events wait in memory.
    pub fn load(&self) -> (usize, usize, usize) {
        let waiting = self.by_key.values().map(|at| self.lanes[*at as usize].waiting()).sum();
        (self.by_key.len(), self.behind.len(), waiting)
    }

    /// Whether nothing is waiting, open, or to be read.
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0
            && self.behind.is_empty()
            && self.tails.iter().flatten().all(Tail::is_live)
            && self.by_key.values().all(|at| self.lanes[*at as usize].is_idle())
    }

    fn watermark(&self, key: LaneKey) -> EventKey {
        let tail = &self.tails[class_index(key.topic.class())][key.partition.index()];
        end_of(key.partition, tail.routed())
    }

    fn insert(&mut self, lane: Lane) -> u32 {
        let key = lane.key;
        let is_behind = lane.behind.is_some();
        let at = match self.free.pop() {
            Some(at) => {
                self.lanes[at as usize] = lane;
                at
            }
            None => {
                self.lanes.push(lane);
                u32::try_from(self.lanes.len() - 1).expect("lanes are far fewer than 2^32")
            }
        };
        self.by_key.insert(key, at);
        if is_behind {
            self.behind.push_back(at);
        }
        at
    }

    fn touch(&mut self, at: u32) {
        let lane = &mut self.lanes[at as usize];
        if !lane.dirty {
            lane.dirty = true;
            self.dirty.push(at);
        }
    }

    fn close(&mut self, at: u32, now: Timestamp) {
        let lane = &mut self.lanes[at as usize];
        lane.closing = true;
        let dropped = lane.drop_waiting();
        let (key, org, is_sending) = (lane.key, lane.org, lane.is_sending());
        if let Some((first, last, events)) = dropped {
            let row =
                Self::row_without_attempt(key, org, Fate::Dropped, (first, last), events, now);
            self.flush.deliveries.push(row);
        }
        if !is_sending {
            self.remove(at);
        }
    }

    fn remove(&mut self, at: u32) {
        let lane = &mut self.lanes[at as usize];
        if let Some(timer) = lane.timer.take() {
            self.timers.remove(&(timer, at));
        }
        self.behind.retain(|other| *other != at);
        for queue in &mut self.ready {
            queue.forget(at);
        }
        for hook in self.hooks.values_mut() {
            hook.waiting.forget(at);
        }
        for host in self.hosts.values_mut() {
            host.waiting.forget(at);
        }
        self.by_key.remove(&lane.key);
        self.flush.removed.push(lane.key);
        self.free.push(at);
    }
}
