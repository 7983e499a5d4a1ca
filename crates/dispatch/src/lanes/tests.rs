//! A world around the lanes: a log in memory, receivers that answer as a script says, crashes.

mod health;
mod index;
mod precedence;

use super::*;
use crate::egress::{AddressPolicy, Egress, Options};
use crate::endpoint::Endpoint;
use crate::outcome::{Answer, ErrorClass};
use bytes::Bytes;
use foghorn_model::event::block;
use foghorn_model::{EventEntry, OrgId, SiteId, Topic, Webhook, WebhookId};
use proptest::prelude::*;
use std::collections::BTreeMap;

const PARTITION: Partition = Partition(9);

fn org() -> OrgId {
    OrgId::from_bytes([1; 16])
}

fn site() -> SiteId {
    SiteId::from_bytes([2; 16])
}

fn webhook(id: u8, single: bool) -> Webhook {
    let json = serde_json::json!({
        "id": WebhookId::from_bytes([id; 16]),
        "org_id": org(),
        "url": format!("http://127.0.0.1:{}/", 7000 + u16::from(id)),
        "single_event_per_message": single,
        "topics": {"device-events": 0, "client-join": 5},
    });
    serde_json::from_value(json).unwrap()
}

/// A device event of a record.
fn entry(record: u64, at: Timestamp) -> EventEntry {
    EventEntry {
        key: EventKey { partition: PARTITION, epoch: 1, record, ordinal: 0 },
        catalog_seq: 7,
        at,
        topic: Topic::DeviceEvents,
        org: org(),
        site: Some(site()),
        target: None,
    }
}

fn index(webhooks: Vec<Webhook>) -> Arc<Index> {
    let policy = AddressPolicy { allow_loopback: true, ..AddressPolicy::default() };
    let egress = Egress::new(Options::new(policy)).unwrap();
    let endpoints = webhooks.into_iter().map(|hook| Arc::new(Endpoint::new(hook, &egress, "test")));
    Arc::new(Index::new(0, endpoints))
}

/// The event log: blocks of record topics of one partition.
#[derive(Default)]
struct Source(Vec<LogBlock>, u64);

impl EventSource for Source {
    fn read(
        &self,
        class: TopicClass,
        partition: Partition,
        record: u64,
        _: usize,
    ) -> Result<Vec<LogBlock>, SourceError> {
        if class == TopicClass::Stream || partition != PARTITION {
            return Ok(Vec::new());
        }
        let from = self.0.iter().filter(|block| block.last >= record);
        Ok(from.take(2).cloned().collect())
    }

    fn removed_before(&self, _: TopicClass, _: Partition) -> u64 {
        self.1
    }
}

struct World {
    limits: LaneLimits,
    index: Arc<Index>,
    source: Source,
    lanes: Lanes,
    now: Timestamp,
    record: u64,
    in_flight: Vec<Attempt>,
    rows: BTreeMap<LaneKey, LaneRow>,
    watermarks: Vec<Watermark>,
    opened: [Vec<(LaneKey, OpenBatch)>; 2],
    /// What is on its way to the disk.
    flushing: Option<Flush>,
    /// How each batch was cut, by its first event; cutting it smaller on a 413 forgets it.
    cuts: BTreeMap<(LaneKey, EventKey), Uuid>,
    expected: BTreeMap<WebhookId, Vec<String>>,
    received: BTreeMap<LaneKey, Vec<(Uuid, Bytes, Attempt)>>,
    deliveries: Vec<DeliveryRow>,
}

impl World {
    fn new(limits: LaneLimits, webhooks: Vec<Webhook>) -> Self {
        let index = index(webhooks);
        let lanes = Lanes::new(limits, Arc::clone(&index), Vec::new(), &[], &[]);
        Self {
            limits,
            index,
            source: Source::default(),
            lanes,
            now: Timestamp(1_000_000_000_000_000),
            record: 0,
            in_flight: Vec::new(),
            rows: BTreeMap::new(),
            watermarks: Vec::new(),
            opened: [Vec::new(), Vec::new()],
            flushing: None,
            cuts: BTreeMap::new(),
            expected: BTreeMap::new(),
            received: BTreeMap::new(),
            deliveries: Vec::new(),
        }
    }

    /// Folds `count` records with an event each, as one block.
    fn events(&mut self, count: u64, topic: Topic, catalog_seq: u64, live: bool) {
        let first = self.record + 1;
        let mut body = Vec::new();
        for _ in 0..count {
            self.record += 1;
            let entry = EventEntry { catalog_seq, topic, ..entry(self.record, self.now) };
            let json = format!("{{\"n\":{}}}", self.record);
            block::encode(&mut body, &entry, |out| out.extend_from_slice(json.as_bytes()));
            for webhook in self.index.subscribers(&entry) {
                self.expected.entry(webhook).or_default().push(json.clone());
            }
        }
        let body = Bytes::from(body);
        self.source.0.push(LogBlock { first, last: self.record, body: body.clone() });
        let body = live.then_some(body);
        self.lanes.live(TopicClass::Record, PARTITION, first, self.record, body);
    }

    fn turn(&mut self) {
        while self.lanes.catch_up(&self.source, self.now).unwrap() {}
        self.poll();
    }

    fn poll(&mut self) {
        let known = self.in_flight.len();
        self.lanes.poll(self.now, &mut self.in_flight);
        for attempt in &self.in_flight[known..] {
            let cut = self.cuts.entry((attempt.lane, attempt.first)).or_insert(attempt.id);
            assert_eq!(*cut, attempt.id, "an open batch was cut differently");
        }
        let opened = self.lanes.take_opened();
        self.opened[1].extend(opened);
    }

    fn answer(&mut self, at: usize, answer: Answer) {
        let attempt = self.in_flight.remove(at);
        if matches!(answer, Answer::Status { code: 413 | 422, .. }) {
            self.cuts.remove(&(attempt.lane, attempt.first));
        }
        let sent = attempt.sent;
        self.receive(attempt);
        let report =
            Report { sent, answer, latency_us: 1, error: None, response: None, exchange: None };
        self.lanes.settle(&report, self.now);
    }

    /// A receiver may have taken the batch whatever the answer looked like to us.
    fn receive(&mut self, attempt: Attempt) {
        let received = self.received.entry(attempt.lane).or_default();
        received.push((attempt.id, attempt.body.clone(), attempt));
    }

    /// Begins a flush; the one before it is done by then.
    fn flush(&mut self) {
        self.flushed();
        let [_, current] = std::mem::take(&mut self.opened);
        self.opened = [current, Vec::new()];
        self.flushing = Some(self.lanes.take_flush());
    }

    fn flushed(&mut self) {
        let Some(flush) = self.flushing.take() else { return };
        for key in flush.removed {
            self.rows.remove(&key);
        }
        for row in flush.lanes {
            self.rows.insert(row.lane, row);
        }
        for mark in flush.watermarks {
            self.watermarks.retain(|it| (it.class, it.partition) != (mark.class, mark.partition));
            self.watermarks.push(mark);
        }
        self.deliveries.extend(flush.deliveries);
    }

    /// Whatever was not on the disk is gone; what was on its way may have been received.
    fn crash(&mut self) {
        self.flushing = None;
        for attempt in std::mem::take(&mut self.in_flight) {
            self.receive(attempt);
        }
        let opened = std::mem::take(&mut self.opened).concat();
        self.opened[1].clone_from(&opened);
        let rows = self.rows.values().cloned().collect();
        let index = Arc::clone(&self.index);
        self.lanes = Lanes::new(self.limits, index, rows, &self.watermarks, &opened);
        let record = self.record;
        if record > 0 {
            self.lanes.live(TopicClass::Record, PARTITION, record, record, None);
        }
    }

    /// Answers everything well until nothing is left to do.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            self.turn();
            if !self.in_flight.is_empty() {
                self.answer(0, OK);
            } else if let Some(at) = self.lanes.next_deadline() {
                self.now = self.now.max(at);
            } else if self.lanes.is_idle() {
                self.flush();
                self.flushed();
                return;
            }
        }
        panic!("the lanes never came to rest: {:?}", self.lanes);
    }

    /// What each webhook was sent, duplicates aside, and whether all of it holds together.
    fn check(&self) {
        let mut got: BTreeMap<WebhookId, BTreeMap<u64, String>> = BTreeMap::new();
        for (key, posts) in &self.received {
            let mut by_id: BTreeMap<Uuid, &Bytes> = BTreeMap::new();
            let mut chain: BTreeMap<EventKey, (EventKey, Option<EventKey>)> = BTreeMap::new();
            for (id, body, attempt) in posts {
                assert_eq!(by_id.insert(*id, body).unwrap_or(body), body, "one id, one body");
                chain.insert(attempt.first, (attempt.last, attempt.previous));
                let json: serde_json::Value = serde_json::from_slice(body).unwrap();
                assert_eq!(json["topic"], key.topic.name());
                for event in json["events"].as_array().unwrap() {
                    let number = event["n"].as_u64().unwrap();
                    got.entry(key.webhook).or_default().insert(number, event.to_string());
                }
            }
            let mut seen: Option<EventKey> = None;
            for (first, (last, previous)) in chain {
                assert!(first <= last);
                assert!(previous.is_none() || previous <= seen.max(previous), "{first}");
                assert!(previous.is_none_or(|previous| previous < first));
                if let (Some(previous), Some(seen)) = (previous, seen) {
                    assert!(previous <= seen, "a hole before {first}: {previous} after {seen}");
                }
                seen = seen.max(Some(last));
            }
        }
        for (webhook, expected) in &self.expected {
            let got: Vec<String> = got.remove(webhook).unwrap_or_default().into_values().collect();
            assert_eq!(&got, expected);
        }
    }
}

const OK: Answer = Answer::Status { code: 200, retry_after: None };

fn status(code: u16) -> Answer {
    Answer::Status { code, retry_after: None }
}

#[test]
fn what_waits_goes_out_as_one_batch_in_the_wire_form() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    world.events(3, Topic::DeviceEvents, 7, true);
    world.turn();
    let [attempt] = &world.in_flight[..] else { panic!("{:?}", world.in_flight) };
    let body = br#"{"topic":"device-events","events":[{"n":1},{"n":2},{"n":3}]}"#;
    assert_eq!(&attempt.body[..], body);
    assert_eq!(attempt.previous, None);
    let last = attempt.last;
    world.events(1, Topic::DeviceEvents, 7, true);
    world.turn();
    assert_eq!(world.in_flight.len(), 1, "one batch in flight in a lane");
    world.answer(0, OK);
    world.turn();
    assert_eq!(world.in_flight[0].previous, Some(last));
    world.settle();
    world.check();
}

#[test]
fn single_event_per_message_holds_where_the_topic_allows_it() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, true)]);
    world.events(2, Topic::DeviceEvents, 7, true);
    world.events(2, Topic::ClientJoin, 7, true);
    world.settle();
    let posts = |topic| {
        let of = |(key, posts): (&LaneKey, &Vec<_>)| (key.topic == topic).then_some(posts.len());
        world.received.iter().find_map(of)
    };
    assert_eq!((posts(Topic::DeviceEvents), posts(Topic::ClientJoin)), (Some(2), Some(1)));
    world.check();
}

#[test]
fn an_event_from_before_the_subscription_is_not_for_it() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    world.events(1, Topic::ClientJoin, 4, true);
    world.events(1, Topic::ClientJoin, 5, true);
    world.settle();
    world.check();
    let sent: Vec<_> = world.received.values().flatten().map(|(_, body, _)| body).collect();
    assert_eq!(sent, [&Bytes::from_static(br#"{"topic":"client-join","events":[{"n":2}]}"#)]);
}

#[test]
fn a_refusing_endpoint_pauses_the_webhook_and_one_probe_opens_it() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    world.events(1, Topic::DeviceEvents, 7, true);
    world.turn();
    world.answer(0, status(404));
    world.events(1, Topic::ClientJoin, 7, true);
    world.turn();
    assert!(world.in_flight.is_empty(), "all lanes of the webhook wait");
    assert_eq!(world.lanes.paused().count(), 1);
    world.now = world.lanes.next_deadline().unwrap();
    world.turn();
    assert_eq!(world.in_flight.len(), 1, "one probe");
    world.answer(0, OK);
    world.settle();
    assert_eq!(world.lanes.paused().count(), 0);
    world.check();
}

#[test]
fn an_event_that_the_receiver_cannot_take_is_found_and_refused_with_a_row() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    world.events(4, Topic::DeviceEvents, 7, true);
    for _ in 0..1000 {
        world.turn();
        let Some(attempt) = world.in_flight.first() else {
            let Some(at) = world.lanes.next_deadline() else { break };
            world.now = world.now.max(at);
            continue;
        };
        let poisoned = attempt.body.windows(7).any(|part| part == br#"{"n":3}"#);
        world.answer(0, if poisoned { status(422) } else { OK });
    }
    world.flush();
    world.flushed();
    let refused: Vec<_> = world.deliveries.iter().filter(|row| row.fate == Fate::Refused).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].first.record, refused[0].events), (3, 1));
    assert!(world.lanes.is_idle());
    let delivered = world.deliveries.iter().filter(|row| row.fate == Fate::Delivered);
    assert_eq!(delivered.map(|row| row.events).sum::<u32>(), 3);
}

#[test]
fn a_deleted_webhook_gives_up_what_waits_with_a_row() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    world.events(2, Topic::DeviceEvents, 7, true);
    world.turn();
    world.events(3, Topic::DeviceEvents, 7, true);
    world.lanes.set_index(index(Vec::new()), world.now);
    world.answer(0, OK);
    world.flush();
    world.flushed();
    let dropped: Vec<_> = world.deliveries.iter().filter(|row| row.fate == Fate::Dropped).collect();
    assert_eq!(dropped.iter().map(|row| row.events).sum::<u32>(), 3);
    assert_eq!(dropped[0].org, org());
    assert!(world.lanes.is_idle() && world.rows.is_empty());
}

#[test]
fn an_old_event_expires_with_a_row_and_its_range_shows_in_the_chain() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    world.events(1, Topic::DeviceEvents, 7, true);
    world.turn();
    world.answer(0, status(503));
    world.now = world.now + Micros::from_mins(8 * 24 * 60);
    world.events(1, Topic::DeviceEvents, 7, true);
    world.turn();
    let previous = world.in_flight[0].previous.unwrap();
    assert_eq!(previous.record, 1, "the receiver sees that it has not seen record 1");
    world.settle();
    assert_eq!(world.deliveries.iter().filter(|row| row.fate == Fate::Expired).count(), 1);
}

#[test]
fn the_log_is_not_routed_past_what_was_told() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    world.events(1, Topic::DeviceEvents, 7, false);
    // Stored, while its news and a new subscriber are still on their way.
    let stored = world.source.0[0].clone();
    let mut later = Vec::new();
    block::encode(&mut later, &entry(2, world.now), |out| out.extend_from_slice(b"{\"n\":2}"));
    world.source.0.push(LogBlock { first: 2, last: 2, body: later.into() });
    assert_eq!(stored.last, 1);
    while world.lanes.catch_up(&world.source, world.now).unwrap() {}
    world.lanes.set_index(index(vec![webhook(1, false), webhook(2, false)]), world.now);
    world.lanes.live(TopicClass::Record, PARTITION, 2, 2, None);
    world.turn();
    let to: Vec<u8> = world.in_flight.iter().map(|it| it.lane.webhook.0.as_bytes()[0]).collect();
    assert_eq!(to, [1, 2]);
    assert_eq!(world.in_flight[1].first.record, 2);
}

#[test]
fn what_retention_removed_before_it_was_sent_is_given_up_with_a_row() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    world.events(1, Topic::DeviceEvents, 7, true);
    world.turn();
    world.answer(0, OK);
    world.flush();
    world.flushed();
    // Another lane, that there is none of yet, misses its events too.
    world.events(2, Topic::ClientJoin, 7, false);
    world.events(2, Topic::DeviceEvents, 7, false);
    world.source.0.drain(1..3);
    world.source.1 = 6;
    world.events(1, Topic::DeviceEvents, 7, false);
    world.settle();
    let expired: Vec<_> = world
        .deliveries
        .iter()
        .filter(|row| row.fate == Fate::Expired)
        .map(|row| (row.lane.topic, row.first.record, row.last.record))
        .collect();
    assert_eq!(expired, [(Topic::DeviceEvents, 1, 5), (Topic::ClientJoin, 2, 5)]);
    let posts = &world.received.iter().find(|(key, _)| key.topic == Topic::DeviceEvents).unwrap().1;
    let (_, _, last) = posts.last().unwrap();
    assert_eq!((last.previous.unwrap().record, last.first.record), (5, 6), "the jump names it");
}

#[derive(Debug, Clone)]
enum Step {
    Events(u64, bool, bool),
    Answer(usize, u16),
    Break(usize),
    Time(i64),
    Poll,
    Read,
    Flush,
    Flushed,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1u64..6, any::<bool>(), any::<bool>()).prop_map(|(n, a, b)| Step::Events(n, a, b)),
        8 => (0usize..4, prop_oneof![6 => Just(200u16), 1 => Just(500), 1 => Just(404),
              1 => Just(413), 1 => Just(429)]).prop_map(|(at, code)| Step::Answer(at, code)),
        1 => (0usize..4).prop_map(Step::Break),
        2 => (1i64..60).prop_map(Step::Time),
        8 => Just(Step::Poll),
        8 => Just(Step::Read),
        3 => Just(Step::Flush),
        1 => Just(Step::Flushed),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The heart of delivery: whatever the receivers answer and whenever we crash, every
    /// subscriber gets every event, in order, in batches that never change.
    #[test]
    fn nothing_is_lost_and_batches_stay_frozen(steps in proptest::collection::vec(step(), 1..160)) {
        let limits = LaneLimits {
            batch_events_max: 3,
            queue_events_max: 6,
            ..LaneLimits::default()
        };
        let mut world = World::new(limits, vec![webhook(1, false), webhook(2, true)]);
        for step in steps {
            match step {
                Step::Events(count, join, live) => {
                    let topic = if join { Topic::ClientJoin } else { Topic::DeviceEvents };
                    world.events(count, topic, 7, live);
                }
                Step::Answer(at, code) if at < world.in_flight.len() => {
                    // A single event that is too large would be refused, rightly: not here.
                    let single = world.in_flight[at].first == world.in_flight[at].last;
                    let code = if code == 413 && single { 200 } else { code };
                    world.answer(at, status(code));
                }
                Step::Break(at) if at < world.in_flight.len() => {
                    world.answer(at, Answer::Failed(ErrorClass::Reset));
                }
                Step::Answer(..) | Step::Break(_) => {}
                Step::Time(secs) => world.now = world.now + Micros::from_secs(secs),
                Step::Poll => world.poll(),
                Step::Read => drop(world.lanes.catch_up(&world.source, world.now).unwrap()),
                Step::Flush => world.flush(),
                Step::Flushed => world.flushed(),
                Step::Crash => world.crash(),
            }
        }
        world.settle();
        world.check();
    }
}
