//! What lanes send, and what they make of the answers.

use super::batch::{BatchState, LaneKey};
use super::gate::Passage;
use super::rows::{DeliveryRow, Fate};
use super::turns::{Turn, Turns};
use super::{Host, Lanes, class_index};
use crate::breaker::{Admission, Breaker, Permit};
use crate::endpoint::Endpoint;
use crate::envelope;
use crate::exchange::Exchange;
use crate::outcome::{self, Answer, Outcome, classify};
use crate::sign::Signatures;
use bytes::Bytes;
use foghorn_model::{EventKey, OrgId, Timestamp, TopicClass, WebhookId};
use foghorn_mutant::{Mutant, is as mutated};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// One request to be sent. It must be reported, whatever becomes of it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Handed back with the report.
    pub sent: Sent,
    /// Where to.
    pub endpoint: Arc<Endpoint>,
    /// The lane.
    pub lane: LaneKey,
    /// The delivery id.
    pub id: Uuid,
    /// The body as it goes over the wire: the frozen batch in the envelope of the webhook's type.
    pub body: Bytes,
    /// The first event.
    pub first: EventKey,
    /// The last event.
    pub last: EventKey,
    /// The last event of the batch before.
    pub previous: Option<EventKey>,
}

impl Attempt {
    /// The signature headers when it is sent at this time; `None` for an endpoint that cannot be
    /// sent to.
    pub fn sign(&self, at: Timestamp) -> Option<Signatures> {
        let target = self.endpoint.target.as_ref().ok()?;
        Some(target.signer.headers(self.id, at.secs(), &self.body))
    }
}

/// What identifies an attempt to the lanes.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    lane: u32,
    id: Uuid,
    permit: Permit,
    host: Uuid,
    /// Bytes of the body.
    bytes: u64,
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which.
    pub sent: Sent,
    /// What came back.
    pub answer: Answer,
    /// How long it took, microseconds.
    pub latency_us: u64,
    /// What went wrong before there was a status.
    pub error: Option<String>,
    /// The start of the response.
    pub response: Option<String>,
    /// What went to and fro, if the receiver did not take it.
    pub exchange: Option<Box<Exchange>>,
}

impl Report {
    /// What it met with, in a word.
    fn reason(&self) -> String {
        match self.answer {
            Answer::Status { code, .. } => format!("status {code}"),
            Answer::Failed(class) => class.name().into(),
        }
    }

    /// Tells who runs the server that an endpoint is lost, or back: once each.
    fn note_turn(&self, key: LaneKey, was_well: bool, is_well: bool) {
        let webhook = key.webhook;
        match (was_well, is_well) {
            (true, false) => {
                let status = match self.answer {
                    Answer::Status { code, .. } => Some(code),
                    Answer::Failed(_) => None,
                };
                let error = self.error.as_deref();
                tracing::warn!(%webhook, status, error, "the receiver fails: events wait for it");
            }
            (false, true) => tracing::info!(%webhook, "the receiver answers again"),
            (true, true) | (false, false) => {}
        }
    }
}

/// More of a response is not kept in a row.
const RESPONSE_BYTES_MAX: usize = 2048;

impl Lanes {
    /// Cuts batches and names the attempts to begin now. Before they begin,
    /// [`Lanes::take_opened`] is to be written.
    pub fn poll(&mut self, now: Timestamp, attempts: &mut Vec<Attempt>) {
        while let Some((at, lane)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, lane));
            self.lanes[lane as usize].timer = None;
            self.schedule(lane);
        }
        for class in [TopicClass::Record, TopicClass::Stream] {
            for _ in 0..self.ready[class_index(class)].len() {
                if self.in_flight >= self.limits.in_flight_max
                    || self.flush.deliveries.len() >= self.limits.rows_max
                {
                    return;
                }
                let Some(Turn { at, .. }) = self.ready[class_index(class)].pop() else { break };
                self.lanes[at as usize].scheduled = false;
                let begun = attempts.len();
                self.start(at, now, attempts);
                let lane = &mut self.lanes[at as usize];
                if std::mem::take(&mut lane.has_turn) && attempts.len() == begun {
                    let webhook = lane.key.webhook;
                    self.pass_turn(webhook);
                }
            }
        }
    }

    /// When [`Lanes::poll`] is to be called even if nothing is reported.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Whether [`Lanes::poll`] has something to do now.
    pub fn has_ready(&self) -> bool {
        self.ready.iter().any(|queue| !queue.is_empty())
            && self.in_flight < self.limits.in_flight_max
    }

    pub(super) fn schedule(&mut self, at: u32) {
        let lane = &mut self.lanes[at as usize];
        if !lane.scheduled {
            lane.scheduled = true;
            self.ready[class_index(lane.key.topic.class())].push(at, lane.key.topic);
        }
    }

    /// All lanes that wait for something of a webhook ask anew.
    pub(super) fn wake_all(&mut self, webhook: WebhookId) {
        let Some(hook) = self.hooks.get_mut(&webhook) else { return };
        let waiting: Vec<u32> = hook.waiting.drain().collect();
        let sent_away = std::mem::take(&mut hook.sent_away);
        for at in waiting {
            self.lanes[at as usize].scheduled = false;
            self.schedule(at);
        }
        sent_away.into_iter().for_each(|at| self.schedule(at));
    }

    /// Begins what the lane may begin.
    fn start(&mut self, at: u32, now: Timestamp, attempts: &mut Vec<Attempt>) {
        let key = self.lanes[at as usize].key;
        let index = Arc::clone(&self.index);
        let Some(endpoint) = index.endpoint(key.webhook) else { return };
        let single = endpoint.webhook.single_event_per_message
            && key.topic.row().allows_single_event_per_message;
        loop {
            while self.lanes[at as usize].cut(single, &self.limits) {
                let lane = &self.lanes[at as usize];
                self.opened.extend(lane.open.back().map(|batch| (key, batch.open)));
                self.touch(at);
            }
            let batch = match self.lanes[at as usize].sendable(&self.limits, now) {
                Ok(batch) => batch,
                Err(None) => return,
                Err(Some(until)) => return self.wake_at(at, until),
            };
            if self.expire(at, batch, now) {
                continue;
            }
            let Some(permit) = self.admit(at, endpoint, now) else { return };
            attempts.push(self.send(at, batch, endpoint, permit, now));
        }
    }

    /// Gives a batch up that has become too old.
    fn expire(&mut self, at: u32, batch: usize, now: Timestamp) -> bool {
        let lane = &self.lanes[at as usize];
        let (key, org, batch) = (lane.key, lane.org, &lane.open[batch]);
        let age_max = match key.topic.class() {
            TopicClass::Record => self.limits.record_age_max,
            TopicClass::Stream => self.limits.stream_age_max,
        };
        if now.since(batch.youngest()) <= age_max {
            return false;
        }
        let (open, site, attempts) = (batch.open, batch.site(), batch.attempts);
        let keys = (open.first, open.last);
        let mut row = Self::row_without_attempt(key, org, Fate::Expired, keys, open.count, now);
        (row.id, row.site, row.attempt) = (open.id, site, attempts);
        if !mutated(Mutant::RowForgotten) {
            self.flush.deliveries.push(row);
        }
        let lane = &mut self.lanes[at as usize];
        lane.settle(open.id);
        lane.stuck_since = None;
        self.touch(at);
        true
    }

    /// Asks everyone who may say no: the limits first, since gate and breaker count whom they
    /// let pass.
    fn admit(&mut self, at: u32, endpoint: &Endpoint, now: Timestamp) -> Option<Permit> {
        let hook = self.hooks.entry(endpoint.webhook.id).or_default();
        let host = self.hosts.entry(endpoint.host_key()).or_insert_with(|| Host {
            breaker: Breaker::new(endpoint.host_key()),
            in_flight: 0,
            waiting: Turns::default(),
            sent_away: BTreeSet::new(),
        });
        let lane = &mut self.lanes[at as usize];
        let topic = lane.key.topic;
        if hook.in_flight >= self.limits.webhook_in_flight_max {
            lane.scheduled = true;
            if lane.has_turn {
                // What is urgent has used it meanwhile.
                hook.waiting.push_first(Turn { at, is_owed: false }, topic);
            } else {
                hook.waiting.push(at, topic);
            }
            return None;
        }
        if host.in_flight >= self.limits.host_in_flight_max {
            lane.scheduled = true;
            host.waiting.push(at, topic);
            return None;
        }
        match hook.gate.pass(now) {
            Passage::Open => {}
            Passage::Probing => {
                lane.stuck_since.get_or_insert(now);
                lane.scheduled = true;
                hook.waiting.push(at, topic);
                return None;
            }
            Passage::Closed(until) => {
                lane.stuck_since.get_or_insert(now);
                hook.sent_away.insert(at);
                self.wake_at(at, until);
                return None;
            }
        }
        match host.breaker.admit(now) {
            Admission::Send(permit) | Admission::Probe(permit) => {
                hook.in_flight += 1;
                host.in_flight += 1;
                self.in_flight += 1;
                // A stream goes on with its next batch, for which it has no turn.
                lane.has_turn = false;
                let ready = &mut self.ready[class_index(topic.class())];
                for turns in [&mut hook.waiting, &mut host.waiting, ready] {
                    turns.went(topic);
                }
                Some(permit)
            }
            Admission::Wait(until) => {
                lane.stuck_since.get_or_insert(now);
                hook.gate.unanswered(endpoint.webhook.id.0, now);
                host.sent_away.insert(at);
                self.wake_at(at, until);
                None
            }
        }
    }

    fn send(
        &mut self,
        at: u32,
        batch: usize,
        endpoint: &Arc<Endpoint>,
        permit: Permit,
        now: Timestamp,
    ) -> Attempt {
        let lane = &mut self.lanes[at as usize];
        let key = lane.key;
        let batch = &mut lane.open[batch];
        batch.state = BatchState::Sending;
        batch.attempts += 1;
        if batch.attempts == 1 {
            batch.began = now;
        }
        if mutated(Mutant::IdByAttempt) && batch.attempts > 1 {
            batch.open.id = Uuid::new_v5(&batch.open.id, b"again");
        }
        let id = batch.open.id;
        let body = envelope::wrap(&endpoint.webhook.webhook_type, &batch.body);
        let (host, bytes) = (endpoint.host_key(), body.len() as u64);
        Attempt {
            sent: Sent { lane: at, id, permit, host, bytes },
            endpoint: Arc::clone(endpoint),
            lane: key,
            id,
            body,
            first: batch.open.first,
            last: batch.open.last,
            previous: batch.open.previous,
        }
    }

    /// Takes the answer to an attempt.
    pub fn settle(&mut self, report: &Report, now: Timestamp) {
        let Sent { lane: at, id, permit, host, .. } = report.sent;
        let key = self.lanes[at as usize].key;
        self.in_flight = self.in_flight.saturating_sub(1);
        let hook = self.hooks.entry(key.webhook).or_default();
        hook.in_flight = hook.in_flight.saturating_sub(1);
        if let Some(host) = self.hosts.get_mut(&host) {
            host.in_flight = host.in_flight.saturating_sub(1);
        }
        let Some(outcome) = self.judge(report, now) else { return };
        let asked = match report.answer {
            Answer::Status { retry_after, .. } => retry_after.map(|asked| asked.bounded(now)),
            Answer::Failed(_) => None,
        };
        let mut woken = BTreeSet::new();
        if let Some(host) = self.hosts.get_mut(&host) {
            let was_well = host.breaker.is_closed();
            if host.breaker.report(permit, outcome.health(), asked, now) {
                // Whoever may go may go now, or hears anew when: so they stand side by side then.
                woken = std::mem::take(&mut host.sent_away);
            }
            report.note_turn(key, was_well, host.breaker.is_closed());
        }
        let hook = self.hooks.entry(key.webhook).or_default();
        match outcome {
            Outcome::Delivered => hook.health.delivered(),
            _ => hook.health.failed(report.reason(), now),
        }
        let lane = &mut self.lanes[at as usize];
        match outcome {
            Outcome::Retry { .. } | Outcome::Pause => _ = lane.stuck_since.get_or_insert(now),
            Outcome::Delivered | Outcome::Reject | Outcome::Split => lane.stuck_since = None,
        }
        let was_well = hook.gate.closed_since().is_none();
        let mut opened = false;
        let mut probe_at = now;
        match outcome {
            Outcome::Pause => probe_at = hook.gate.refused(key.webhook.0, now),
            Outcome::Retry { health: outcome::Health::Failing, .. } => {
                hook.gate.unanswered(key.webhook.0, now);
            }
            Outcome::Retry { .. } | Outcome::Delivered | Outcome::Split | Outcome::Reject => {
                opened = hook.gate.open();
            }
        }
        report.note_turn(key, was_well, hook.gate.closed_since().is_none());
        self.write_row(report, outcome, now);
        match outcome {
            Outcome::Delivered | Outcome::Reject => self.lanes[at as usize].settle(id),
            Outcome::Split => {
                self.lanes[at as usize].split(id);
                let open = self.lanes[at as usize].open.iter().map(|batch| (key, batch.open));
                self.opened.extend(open);
            }
            Outcome::Retry { .. } if mutated(Mutant::CursorEarly) => {
                self.lanes[at as usize].settle(id);
            }
            Outcome::Retry { after, refused, .. } => self.wait(at, id, now + after, refused),
            Outcome::Pause => self.wait(at, id, probe_at, false),
        }
        self.touch(at);
        let lane = &mut self.lanes[at as usize];
        if lane.closing && !lane.is_sending() {
            self.close(at, now);
        } else {
            self.queue_up(at, host, now);
        }
        self.wake_waiting(key, host, opened);
        woken.into_iter().for_each(|at| self.schedule(at));
    }

    /// A lane whose request ended goes on, or queues up with those who waited for that end: it has
    /// no claim to what it used.
    fn queue_up(&mut self, at: u32, host: Uuid, now: Timestamp) {
        let lane = &mut self.lanes[at as usize];
        let of_hook = self.hooks.get_mut(&lane.key.webhook).map(|it| &mut it.waiting);
        let of_host = self.hosts.get_mut(&host).map(|it| &mut it.waiting);
        let others_wait = |queue: &&mut Turns| !queue.is_empty();
        let queue = of_hook.filter(others_wait).or(of_host.filter(others_wait));
        match queue.filter(|_| !lane.scheduled && lane.has_to_send(&self.limits, now)) {
            Some(queue) => {
                lane.scheduled = true;
                queue.push(at, lane.key.topic);
            }
            None => self.schedule(at),
        }
    }

    fn judge(&mut self, report: &Report, now: Timestamp) -> Option<Outcome> {
        let index = Arc::clone(&self.index);
        let lane = &mut self.lanes[report.sent.lane as usize];
        let endpoint = index.endpoint(lane.key.webhook);
        let batch = lane.batch_mut(report.sent.id)?;
        let attempt = outcome::Attempt {
            delivery: batch.open.id,
            number: batch.attempts,
            refusals: batch.refusals,
            events: batch.events.len(),
            success_codes: endpoint.map_or(&[], |it| it.webhook.success_codes.as_slice()),
            now,
        };
        Some(classify(report.answer, &attempt))
    }

    fn wait(&mut self, at: u32, id: Uuid, until: Timestamp, refused: bool) {
        if let Some(batch) = self.lanes[at as usize].batch_mut(id) {
            batch.state = BatchState::Waiting(until);
            batch.refusals += u32::from(refused);
        }
    }

    /// A request ended: whoever waited for that may go, before those who did not. When the gate
    /// opened, all may.
    fn wake_waiting(&mut self, key: LaneKey, host: Uuid, opened: bool) {
        let mut turns = Vec::new();
        match self.hooks.get_mut(&key.webhook) {
            Some(hook) if opened || hook.gate.closed_since().is_some() => {
                self.wake_all(key.webhook);
            }
            Some(hook) => turns.extend(hook.waiting.pop()),
            None => {}
        }
        if let Some(host) = self.hosts.get_mut(&host) {
            turns.extend(host.waiting.pop());
        }
        turns.into_iter().for_each(|turn| self.give_turn(turn));
    }

    fn give_turn(&mut self, turn: Turn) {
        let lane = &mut self.lanes[turn.at as usize];
        (lane.scheduled, lane.has_turn) = (true, true);
        self.ready[class_index(lane.key.topic.class())].push_first(turn, lane.key.topic);
    }

    /// A lane has not used its turn: it is the next one's.
    fn pass_turn(&mut self, webhook: WebhookId) {
        let room = self.limits.webhook_in_flight_max;
        let hook = self.hooks.get_mut(&webhook);
        let hook = hook.filter(|it| it.in_flight < room && it.gate.closed_since().is_none());
        if let Some(turn) = hook.and_then(|hook| hook.waiting.pop()) {
            self.give_turn(turn);
        }
    }

    fn wake_at(&mut self, at: u32, until: Timestamp) {
        let lane = &mut self.lanes[at as usize];
        if lane.timer.is_some_and(|timer| timer <= until) {
            return;
        }
        if let Some(timer) = lane.timer.replace(until) {
            self.timers.remove(&(timer, at));
        }
        self.timers.insert((until, at));
    }

    fn write_row(&mut self, report: &Report, outcome: Outcome, now: Timestamp) {
        let lane = &self.lanes[report.sent.lane as usize];
        let Some(batch) = lane.open.iter().find(|batch| batch.open.id == report.sent.id) else {
            return;
        };
        let fate = match outcome {
            Outcome::Delivered => Fate::Delivered,
            Outcome::Retry { .. } => Fate::Retried,
            Outcome::Split => Fate::Split,
            Outcome::Reject => Fate::Refused,
            Outcome::Pause => Fate::Paused,
        };
        let status_code = match report.answer {
            Answer::Status { code, .. } => Some(code),
            Answer::Failed(_) => None,
        };
        let response = match fate {
            Fate::Delivered => None,
            _ => report.response.as_deref().map(|text| truncated(text).into()),
        };
        let exchange = report.exchange.clone().filter(|_| fate != Fate::Delivered);
        let row = DeliveryRow {
            id: batch.open.id,
            lane: lane.key,
            org: lane.org,
            site: batch.site(),
            attempt: batch.attempts,
            at: now,
            fate,
            status_code,
            error: report.error.clone(),
            latency_us: report.latency_us,
            request_bytes: report.sent.bytes,
            response,
            exchange,
            events: batch.open.count,
            first: batch.open.first,
            last: batch.open.last,
        };
        self.flush.deliveries.push(row);
    }

    pub(super) fn row_without_attempt(
        lane: LaneKey,
        org: OrgId,
        fate: Fate,
        (first, last): (EventKey, EventKey),
        events: u32,
        at: Timestamp,
    ) -> DeliveryRow {
        let reason = match fate {
            Fate::Expired => "too old, or removed by retention",
            _ => "the webhook was deleted, disabled or unsubscribed",
        };
        DeliveryRow {
            id: Uuid::nil(),
            lane,
            org,
            site: None,
            attempt: 0,
            at,
            fate,
            status_code: None,
            error: Some(reason.into()),
            latency_us: 0,
            request_bytes: 0,
            response: None,
            exchange: None,
            events,
            first,
            last,
        }
    }
}

fn truncated(text: &str) -> &str {
    let mut end = text.len().min(RESPONSE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
