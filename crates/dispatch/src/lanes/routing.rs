//! How events get into lanes: live from the shard threads, or from the log.

use super::batch::Pending;
use super::lane::Lane;
use super::rows::{Fate, Watermark};
use super::{LaneKey, Lanes, class_index, end_of};
use bytes::Bytes;
use foghorn_model::event::block::EventBlock;
use foghorn_model::{EventKey, EventRef, Partition, Timestamp, TopicClass, WebhookId};
use foghorn_mutant::{Mutant, is as mutated};
use std::sync::Arc;

/// What is read from a log at a time.
const READ_BYTES: usize = 256 << 10;

/// A block of an event log.
#[derive(Debug, Clone)]
pub struct LogBlock {
    /// The first record that it covers.
    pub first: u64,
    /// The last record that it covers.
    pub last: u64,
    /// Its entries.
    pub body: Bytes,
}

/// The event log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("reading the event log: {0}")]
pub struct SourceError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The event logs, as lanes read them.
pub trait EventSource {
    /// The blocks of a partition from the one that holds `record`, or the next, on: at least
    /// one if there is any, about `bytes` of them.
    ///
    /// # Errors
    /// If a block cannot be read or does not verify.
    fn read(
        &self,
        class: TopicClass,
        partition: Partition,
        record: u64,
        bytes: usize,
    ) -> Result<Vec<LogBlock>, SourceError>;

    /// Before this record, retention may have removed events of the partition; 0 if it never
    /// removed any.
    fn removed_before(&self, class: TopicClass, partition: Partition) -> u64;
}

/// How far a partition's events have been given to lanes.
#[derive(Debug, Default)]
pub(super) struct Tail {
    routed: u64,
    /// How far there are events.
    target: u64,
    flushed: u64,
}

impl Tail {
    pub(super) fn start(&mut self, record: u64) {
        *self = Self { routed: record, target: record, flushed: record };
    }

    pub(super) fn routed(&self) -> u64 {
        self.routed
    }

    pub(super) fn is_live(&self) -> bool {
        self.routed >= self.target
    }

    pub(super) fn flush(&mut self, class: TopicClass, partition: Partition) -> Option<Watermark> {
        let moved = self.routed > self.flushed;
        self.flushed = self.routed;
        moved.then_some(Watermark { class, partition, record: self.routed })
    }
}

impl Lanes {
    /// Tells that a partition's records through `last` are folded. `body` holds their events of
    /// this class; without it, or when it does not follow on what is routed, the log is read.
    pub fn live(
        &mut self,
        class: TopicClass,
        partition: Partition,
        first: u64,
        last: u64,
        body: Option<Bytes>,
    ) {
        let tail = &mut self.tails[class_index(class)][partition.index()];
        let follows = tail.is_live() && first <= tail.routed + 1;
        tail.target = tail.target.max(last);
        if let (true, Some(body)) = (follows, body) {
            self.route(class, partition, last, body);
        }
    }

    /// Does one bounded piece of reading, if there is any to do: for a tail that is not live, or
    /// for the lanes of a partition that are behind and have room. Returns whether it did.
    ///
    /// Retention may have removed what is to be read. That is found here, where it is missed, and
    /// not told by whoever removed it, who may die before it is written down.
    ///
    /// # Errors
    /// If the log cannot be read; the same piece comes up again.
    pub fn catch_up(
        &mut self,
        source: &dyn EventSource,
        now: Timestamp,
    ) -> Result<bool, SourceError> {
        for class in [TopicClass::Record, TopicClass::Stream] {
            for partition in Partition::all() {
                let tail = &self.tails[class_index(class)][partition.index()];
                if tail.is_live() {
                    continue;
                }
                let (routed, target) = (tail.routed, tail.target);
                let removed = source.removed_before(class, partition).min(target + 1);
                if removed > routed + 1 {
                    self.fall_behind(class, partition);
                    self.tails[class_index(class)][partition.index()].routed = removed - 1;
                    return Ok(true);
                }
                let blocks = source.read(class, partition, routed + 1, READ_BYTES)?;
                if blocks.is_empty() {
                    self.tails[class_index(class)][partition.index()].routed = target;
                }
                // Not past what was told: behind that, events may have been routed under an index
                // that is still on its way here.
                for block in blocks.into_iter().take_while(|block| block.first <= target) {
                    self.route(class, partition, block.last.min(target), block.body);
                }
                return Ok(true);
            }
        }
        self.catch_up_lanes(source, now)
    }

    /// Every lane that there could be in a partition goes on from the log, from where the tail
    /// stands.
    fn fall_behind(&mut self, class: TopicClass, partition: Partition) {
        let routed = self.tails[class_index(class)][partition.index()].routed;
        let index = Arc::clone(&self.index);
        let mut endpoints: Vec<_> = index.endpoints().collect();
        endpoints.sort_unstable_by_key(|endpoint| endpoint.webhook.id);
        for endpoint in endpoints {
            let hook = &endpoint.webhook;
            let elsewhere = hook.site_id.is_some_and(|site| Partition::of_site(site) != partition);
            let topics = hook.topics.keys().filter(|topic| topic.class() == class);
            for topic in topics.filter(|_| hook.enabled && !elsewhere) {
                let key = LaneKey { webhook: hook.id, topic: *topic, partition };
                if !self.by_key.contains_key(&key) {
                    self.insert(Lane::new(key, hook.org_id, end_of(partition, routed)));
                }
            }
        }
        for key in self.of_partition(class, partition, |lane| lane.behind.is_none()) {
            let at = self.by_key[&key];
            let lane = &mut self.lanes[at as usize];
            lane.behind = Some(lane.reach());
            self.behind.push_back(at);
            self.touch(at);
        }
    }

    /// What was removed before a lane could read it is given up, with a row, and the chain of
    /// its batches names where that ends.
    fn lose(&mut self, at: u32, removed: u64, now: Timestamp) {
        let lane = &mut self.lanes[at as usize];
        let (key, org) = (lane.key, lane.org);
        let from = lane.behind.unwrap_or(lane.cursor);
        let first = if from.ordinal == u32::MAX {
            EventKey { record: from.record + 1, ..EventKey::start(key.partition) }
        } else {
            EventKey { ordinal: from.ordinal + 1, ..from }
        };
        let last = end_of(key.partition, removed - 1);
        lane.behind = Some(last);
        lane.cursor = last;
        lane.previous = Some(last);
        let row = Self::row_without_attempt(key, org, Fate::Expired, (first, last), 0, now);
        if !mutated(Mutant::RowForgotten) {
            self.flush.deliveries.push(row);
        }
        self.touch(at);
    }

    fn route(&mut self, class: TopicClass, partition: Partition, last: u64, body: Bytes) {
        let routed = self.tails[class_index(class)][partition.index()].routed;
        if !body.is_empty() {
            let block = Arc::new(body);
            let mut events = EventBlock::new(partition, &block);
            while let Some(event) = events.next() {
                let Ok(event) = event else {
                    // The log verified it, so these are bytes that this version cannot read.
                    tracing::error!(%partition, last, "an event block does not decode");
                    break;
                };
                if event.entry.key.record > last {
                    break;
                }
                if event.entry.key.record > routed {
                    self.offer(&event, &block, events.offset(), routed);
                }
            }
        }
        let tail = &mut self.tails[class_index(class)][partition.index()];
        tail.routed = tail.routed.max(last);
        tail.target = tail.target.max(last);
    }

    /// Gives an event to the lanes of its subscribers.
    fn offer(&mut self, event: &EventRef<'_>, block: &Arc<Bytes>, end: usize, routed: u64) {
        let index = Arc::clone(&self.index);
        for webhook in index.subscribers(&event.entry) {
            let at = self.lane_of(webhook, event, routed);
            let lane = &mut self.lanes[at as usize];
            if lane.behind.is_some() {
                continue;
            }
            if lane.push(pending(event, block, end), &self.limits) {
                self.schedule(at);
            } else {
                lane.behind = Some(lane.reach());
                self.behind.push_back(at);
            }
            // Its row must not say that it is idle while the watermark passes what waits in it.
            if !mutated(Mutant::WatermarkEarly) {
                self.touch(at);
            }
        }
    }

    fn lane_of(&mut self, webhook: WebhookId, event: &EventRef<'_>, routed: u64) -> u32 {
        let partition = event.entry.key.partition;
        let key = LaneKey { webhook, topic: event.entry.topic, partition };
        match self.by_key.get(&key) {
            Some(at) => *at,
            None => self.insert(Lane::new(key, event.entry.org, end_of(partition, routed))),
        }
    }

    fn of_partition(
        &self,
        class: TopicClass,
        partition: Partition,
        concerned: impl Fn(&Lane) -> bool,
    ) -> Vec<LaneKey> {
        let lanes = self.by_key.values().map(|at| &self.lanes[*at as usize]);
        let here = |lane: &&Lane| {
            lane.key.partition == partition && lane.key.topic.class() == class && concerned(lane)
        };
        let mut keys: Vec<LaneKey> = lanes.filter(here).map(|lane| lane.key).collect();
        keys.sort_unstable();
        keys
    }

    /// One scan serves every lane of a partition that is behind.
    fn catch_up_lanes(
        &mut self,
        source: &dyn EventSource,
        now: Timestamp,
    ) -> Result<bool, SourceError> {
        let misses = |lane: &Lane| {
            let LaneKey { topic, partition, .. } = lane.key;
            let removed = source.removed_before(topic.class(), partition);
            lane.behind.filter(|at| removed > 0 && *at < end_of(partition, removed - 1))?;
            Some(removed)
        };
        // What it has must be settled before a lane goes past what it has lost.
        let wanting = |at: &u32| {
            let lane = &self.lanes[*at as usize];
            lane.has_half_room(&self.limits) && (lane.is_drained() || misses(lane).is_none())
        };
        let Some(front) = self.behind.iter().position(wanting) else { return Ok(false) };
        let front = self.behind[front];
        let LaneKey { topic, partition, .. } = self.lanes[front as usize].key;
        let class = topic.class();
        let same = |at: &u32| {
            let key = self.lanes[*at as usize].key;
            key.partition == partition && key.topic.class() == class
        };
        let mut readers: Vec<u32> =
            self.behind.iter().filter(|at| same(at) && wanting(at)).copied().collect();
        for at in &readers {
            if let Some(removed) = misses(&self.lanes[*at as usize]) {
                self.lose(*at, removed, now);
            }
        }
        let position = |lanes: &[Lane], at: u32| {
            lanes[at as usize].behind.unwrap_or_else(|| EventKey::start(partition))
        };
        let from = readers.iter().map(|at| position(&self.lanes, *at)).min();
        let from = from.unwrap_or_else(|| EventKey::start(partition));
        // A lane that has all of a record goes on with the next one: so every read gets further,
        // even when a single block is larger than what is read at a time.
        let from =
            if from == end_of(partition, from.record) { from.record + 1 } else { from.record };
        let routed = self.tails[class_index(class)][partition.index()].routed;
        let blocks = source.read(class, partition, from, READ_BYTES)?;
        let mut reached = false;
        let mut empty = true;
        for block in blocks {
            empty = false;
            reached = block.last >= routed;
            self.feed(&mut readers, partition, &block, routed);
            if reached || readers.is_empty() {
                break;
            }
        }
        // Whoever took everything in is live again, or at least further on.
        for at in readers {
            if reached || empty {
                self.lanes[at as usize].behind = None;
                self.behind.retain(|other| *other != at);
            }
            self.touch(at);
            self.schedule(at);
        }
        self.behind.rotate_left(usize::from(!self.behind.is_empty()));
        Ok(true)
    }

    /// Gives a block to lanes that are behind; those that become full drop out of `readers`.
    fn feed(
        &mut self,
        readers: &mut Vec<u32>,
        partition: Partition,
        block: &LogBlock,
        routed: u64,
    ) {
        let body = Arc::new(block.body.clone());
        let mut events = EventBlock::new(partition, &body);
        let index = Arc::clone(&self.index);
        let (lanes, limits) = (&mut self.lanes, &self.limits);
        let mut full: Vec<u32> = Vec::new();
        while let Some(event) = events.next() {
            let Ok(event) = event else {
                tracing::error!(%partition, last = block.last, "an event block does not decode");
                break;
            };
            if event.entry.key.record > routed {
                break;
            }
            readers.retain(|at| {
                let lane = &mut lanes[*at as usize];
                let is_new = lane.behind.is_some_and(|behind| event.entry.key > behind);
                let fits = lane.key.topic == event.entry.topic
                    && (index.takes(lane.key.webhook, &event.entry) || mutated(Mutant::OrgLeak));
                if !is_new || !fits || lane.push(pending(&event, &body, events.offset()), limits) {
                    return true;
                }
                lane.behind = Some(lane.reach());
                full.push(*at);
                false
            });
            if readers.is_empty() {
                break;
            }
        }
        for at in readers.iter() {
            let lane = &mut lanes[*at as usize];
            let end = end_of(partition, block.last.min(routed));
            lane.behind = lane.behind.map(|behind| behind.max(end));
        }
        for at in full {
            self.schedule(at);
        }
    }
}

fn pending(event: &EventRef<'_>, block: &Arc<Bytes>, end: usize) -> Pending {
    let fits = "a block is far under 4 GiB";
    Pending {
        key: event.entry.key,
        at: event.entry.at,
        site: event.entry.site,
        block: Arc::clone(block),
        start: u32::try_from(end - event.json.len()).expect(fits),
        len: u32::try_from(event.json.len()).expect(fits),
    }
}
