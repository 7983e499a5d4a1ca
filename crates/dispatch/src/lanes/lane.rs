//! One lane: what waits, what is open, and where it stands.

use super::LaneLimits;
use super::batch::{Batch, BatchState, LaneKey, OpenBatch, Pending};
use super::rows::LaneRow;
use foghorn_model::{EventKey, OrgId, Timestamp, TopicClass};
use foghorn_mutant::{Mutant, is as mutated};
use std::collections::VecDeque;
use uuid::Uuid;

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) key: LaneKey,
    pub(super) org: OrgId,
    /// The last event settled.
    pub(super) cursor: EventKey,
    pub(super) previous: Option<EventKey>,
    /// Events that wait, all after those of open batches.
    queue: VecDeque<Pending>,
    queue_bytes: usize,
    /// When not live: the last event that it has, after which the log is to be read.
    pub(super) behind: Option<EventKey>,
    /// In the order of their events.
    pub(super) open: VecDeque<Batch>,
    /// Batches that were open before a restart, to be cut as they were.
    frozen: VecDeque<OpenBatch>,
    /// Whether it is in a queue of lanes that may send.
    pub(super) scheduled: bool,
    /// Whether it is there since a request ended that others wait for too.
    pub(super) has_turn: bool,
    /// Whether its row is to be written.
    pub(super) dirty: bool,
    /// The webhook is gone: nothing more is sent.
    pub(super) closing: bool,
    pub(super) timer: Option<Timestamp>,
    /// Since when what it has to send does not come through.
    pub(super) stuck_since: Option<Timestamp>,
}

impl Lane {
    pub(super) fn new(key: LaneKey, org: OrgId, cursor: EventKey) -> Self {
        Self {
            key,
            org,
            cursor,
            previous: None,
            queue: VecDeque::new(),
            queue_bytes: 0,
            behind: None,
            open: VecDeque::new(),
            frozen: VecDeque::new(),
            scheduled: false,
            has_turn: false,
            dirty: false,
            closing: false,
            timer: None,
            stuck_since: None,
        }
    }

    /// A lane as it was before a restart.
    pub(super) fn restored(row: LaneRow, watermark: EventKey) -> Self {
        let cursor = if row.idle { row.cursor.max(watermark) } else { row.cursor };
        let mut lane = Self::new(row.lane, row.org, cursor);
        lane.previous = row.previous.filter(|_| !mutated(Mutant::PreviousForgotten));
        lane.behind = (cursor < watermark).then_some(cursor);
        for open in row.open {
            lane.freeze(open);
        }
        lane
    }

    /// Remembers a batch that was open before a restart. A later record of the same events
    /// stands in place of an earlier one: the batch was split since.
    pub(super) fn freeze(&mut self, open: OpenBatch) {
        if open.first <= self.cursor {
            return;
        }
        if mutated(Mutant::BatchRecut) {
            return;
        }
        self.frozen.retain(|frozen| frozen.last < open.first || frozen.first > open.last);
        let at = self.frozen.partition_point(|frozen| frozen.first < open.first);
        self.frozen.insert(at, open);
    }

    /// The last event that it has taken in.
    pub(super) fn reach(&self) -> EventKey {
        let queued = self.queue.back().map(|event| event.key);
        let open = || self.open.back().map(|batch| batch.open.last);
        queued.or_else(open).unwrap_or(self.cursor)
    }

    pub(super) fn has_room(&self, limits: &LaneLimits) -> bool {
        self.queue.len() < limits.queue_events_max && self.queue_bytes < limits.queue_bytes_max
    }

    /// Whether it is worth reading the log for it.
    pub(super) fn has_half_room(&self, limits: &LaneLimits) -> bool {
        self.queue.len() <= limits.queue_events_max / 2
            && self.queue_bytes <= limits.queue_bytes_max / 2
    }

    /// Takes an event in if it is new and there is room.
    pub(super) fn push(&mut self, event: Pending, limits: &LaneLimits) -> bool {
        if event.key <= self.reach() {
            return true;
        }
        if !self.has_room(limits) {
            return false;
        }
        self.queue_bytes += event.len as usize;
        self.queue.push_back(event);
        true
    }

    pub(super) fn is_idle(&self) -> bool {
        self.is_drained() && self.behind.is_none()
    }

    /// Whether it has nothing, whatever it may still have to read.
    pub(super) fn is_drained(&self) -> bool {
        self.queue.is_empty() && self.open.is_empty()
    }

    /// How many events wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Cuts the next batch, if there is one to cut and room for it in flight.
    pub(super) fn cut(&mut self, single: bool, limits: &LaneLimits) -> bool {
        if self.open.len() >= self.in_flight_max(limits) || self.queue.is_empty() || self.closing {
            return false;
        }
        let previous = self.open.back().map(|batch| batch.open.last).or(self.previous);
        let batch = match self.thaw() {
            Thaw::Batch(batch) => batch,
            Thaw::NotYet => return false,
            Thaw::Nothing => {
                let count = self.next_count(single, limits);
                let events = self.drain(count);
                Batch::open(self.key, events, previous)
            }
        };
        self.open.push_back(batch);
        true
    }

    fn next_count(&self, single: bool, limits: &LaneLimits) -> usize {
        if single {
            return 1;
        }
        // Up to the next frozen batch, which keeps its own cut.
        let until = self.frozen.front().map(|frozen| frozen.first);
        let mut bytes = 0;
        let fits = self.queue.iter().take(limits.batch_events_max).take_while(|event| {
            bytes += event.len as usize;
            bytes <= limits.batch_bytes_max && until.is_none_or(|until| event.key < until)
        });
        fits.count().max(1)
    }

    fn drain(&mut self, count: usize) -> Vec<Pending> {
        let events: Vec<Pending> = self.queue.drain(..count).collect();
        self.queue_bytes -= events.iter().map(|event| event.len as usize).sum::<usize>();
        events
    }

    /// The next batch as it was cut before a restart.
    fn thaw(&mut self) -> Thaw {
        while let Some(frozen) = self.frozen.front().copied() {
            let Some(front) = self.queue.front().map(|event| event.key) else {
                return Thaw::NotYet;
            };
            if front > frozen.first {
                tracing::warn!(lane = %self.key, id = %frozen.id, "an open batch has lost events");
                self.frozen.pop_front();
                continue;
            }
            if front < frozen.first {
                return Thaw::Nothing;
            }
            let Some(end) = self.queue.iter().position(|event| event.key >= frozen.last) else {
                return if self.behind.is_some() { Thaw::NotYet } else { self.give_up(frozen) };
            };
            self.frozen.pop_front();
            let events: Vec<Pending> = self.queue.iter().take(end + 1).cloned().collect();
            let batch = Batch::open(self.key, events, frozen.previous);
            if batch.open == frozen {
                self.drain(end + 1);
                return Thaw::Batch(batch);
            }
            tracing::warn!(lane = %self.key, id = %frozen.id, "an open batch cannot be cut again");
        }
        Thaw::Nothing
    }

    fn give_up(&mut self, frozen: OpenBatch) -> Thaw {
        // Its tail is routed by now or never: the lane is live and lacks it. The next events may
        // still be on their way, so this is only certain once something later has arrived.
        let later = self.queue.back().is_some_and(|event| event.key > frozen.last);
        if later {
            self.frozen.pop_front();
        }
        if later { Thaw::Nothing } else { Thaw::NotYet }
    }

    /// Puts two halves in place of a batch.
    pub(super) fn split(&mut self, id: Uuid) -> bool {
        let Some(at) = self.open.iter().position(|batch| batch.open.id == id) else { return false };
        let Some(whole) = self.open.remove(at) else { return false };
        let mut left = whole.events;
        let right = left.split_off(left.len() / 2);
        let left = Batch::open(self.key, left, whole.open.previous);
        let right = Batch::open(self.key, right, Some(left.open.last));
        self.open.insert(at, right);
        self.open.insert(at, left);
        true
    }

    /// Closes a batch for good, and moves the cursor over all that is settled in a row.
    pub(super) fn settle(&mut self, id: Uuid) {
        if let Some(batch) = self.open.iter_mut().find(|batch| batch.open.id == id) {
            batch.state = BatchState::Settled;
        }
        while self.open.front().is_some_and(|batch| batch.state == BatchState::Settled) {
            if let Some(batch) = self.open.pop_front() {
                self.cursor = batch.open.last;
                self.previous = Some(batch.open.last);
            }
        }
    }

    pub(super) fn batch_mut(&mut self, id: Uuid) -> Option<&mut Batch> {
        self.open.iter_mut().find(|batch| batch.open.id == id)
    }

    /// How many batches may be under way at a time.
    fn in_flight_max(&self, limits: &LaneLimits) -> usize {
        match self.key.topic.class() {
            TopicClass::Record if mutated(Mutant::TwoInFlight) => 2,
            TopicClass::Record => 1,
            TopicClass::Stream => limits.stream_in_flight_max,
        }
    }

    /// The first batch that may be sent now; of the others, when the first one may. Only so many
    /// from the front are looked at as may be under way: a batch that was split has left several
    /// open, which wait for each other.
    pub(super) fn sendable(
        &self,
        limits: &LaneLimits,
        now: Timestamp,
    ) -> Result<usize, Option<Timestamp>> {
        let mut next = None;
        for (at, batch) in self.open.iter().enumerate().take(self.in_flight_max(limits)) {
            match batch.state {
                BatchState::Ready => return Ok(at),
                BatchState::Waiting(until) if until <= now => return Ok(at),
                BatchState::Waiting(until) => {
                    next = Some(next.map_or(until, |next: Timestamp| next.min(until)));
                }
                BatchState::Sending | BatchState::Settled => {}
            }
        }
        Err(next)
    }

    /// Whether there is something that it may send now.
    pub(super) fn has_to_send(&self, limits: &LaneLimits, now: Timestamp) -> bool {
        let may_cut = self.open.len() < self.in_flight_max(limits) && !self.closing;
        (may_cut && !self.queue.is_empty()) || self.sendable(limits, now).is_ok()
    }

    /// The same, and it need not read a batch of before a restart first.
    pub(super) fn is_sure_to_send(&self, limits: &LaneLimits, now: Timestamp) -> bool {
        let is_whole = self.frozen.is_empty() || self.sendable(limits, now).is_ok();
        is_whole && self.has_to_send(limits, now)
    }

    pub(super) fn is_sending(&self) -> bool {
        self.open.iter().any(|batch| batch.state == BatchState::Sending)
    }

    /// Forgets all that is not on its way, and says what that was: first, last, how many.
    pub(super) fn drop_waiting(&mut self) -> Option<(EventKey, EventKey, u32)> {
        let open = self.open.iter().filter(|batch| batch.state != BatchState::Sending);
        let open = open.filter(|batch| batch.state != BatchState::Settled);
        let keys =
            open.flat_map(|batch| batch.events.iter()).chain(&self.queue).map(|event| event.key);
        let (mut first, mut last, mut count) = (None, None, 0);
        for key in keys {
            first = first.or(Some(key));
            last = Some(key);
            count += 1;
        }
        self.open.retain(|batch| batch.state == BatchState::Sending);
        self.queue.clear();
        self.queue_bytes = 0;
        self.frozen.clear();
        self.behind = None;
        Some((first?, last?, count))
    }

    pub(super) fn row(&self) -> LaneRow {
        LaneRow {
            lane: self.key,
            org: self.org,
            cursor: self.cursor,
            previous: self.previous,
            idle: self.is_idle() && self.frozen.is_empty(),
            open: self
                .open
                .iter()
                .map(|batch| batch.open)
                .chain(self.frozen.iter().copied())
                .collect(),
        }
    }
}

enum Thaw {
    Batch(Batch),
    /// Its events are not here yet.
    NotYet,
    /// No frozen batch begins here.
    Nothing,
}
