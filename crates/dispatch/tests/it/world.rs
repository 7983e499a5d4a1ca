//! Lanes and a sender without a thread: events in, attempts over real sockets, rows out.

use crate::{AT, egress};
use bytes::Bytes;
use foghorn_dispatch::egress::Egress;
use foghorn_dispatch::lanes::{Attempt, DeliveryRow, LaneLimits, Report};
use foghorn_dispatch::sender::Sender;
use foghorn_dispatch::{Endpoint, Index, Lanes};
use foghorn_model::event::block;
use foghorn_model::time::Micros;
use foghorn_model::{
    EventEntry, EventKey, OrgId, Partition, SiteId, Timestamp, Topic, TopicClass, Webhook,
    WebhookId,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub struct World {
    pub lanes: Lanes,
    pub sender: Arc<Sender>,
    egress: Arc<Egress>,
    clock: Arc<AtomicI64>,
    record: u64,
}

/// A webhook of an org for device events, of this type as the model has it.
pub fn webhook(org: u8, id: u8, url: &str, webhook_type: &Value) -> Value {
    json!({
        "id": WebhookId::from_bytes([id; 16]), "org_id": OrgId::from_bytes([org; 16]),
        "version": 1, "url": url, "type": webhook_type, "topics": {"device-events": 0},
    })
}

impl World {
    /// Of these webhooks, which may go to loopback.
    pub fn new(webhooks: &[Value]) -> Self {
        Self::through(egress(), webhooks)
    }

    pub fn through(egress: Egress, webhooks: &[Value]) -> Self {
        let clock = Arc::new(AtomicI64::new(AT * 1_000_000));
        let time = Arc::clone(&clock);
        let egress = Arc::new(egress);
        let now = Arc::new(move || Timestamp(time.load(Ordering::SeqCst)));
        let sender = Arc::new(Sender::new(Arc::clone(&egress), now));
        let index = index(&egress, webhooks);
        let lanes = Lanes::new(LaneLimits::default(), index, Vec::new(), &[], &[]);
        Self { lanes, sender, egress, clock, record: 0 }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    pub fn advance(&self, secs: i64) {
        self.clock.fetch_add(Micros::from_secs(secs).0, Ordering::SeqCst);
    }

    /// The webhooks are others now.
    pub fn configure(&mut self, webhooks: &[Value]) {
        let index = index(&self.egress, webhooks);
        self.sender.configured(&index);
        self.lanes.set_index(index, self.now());
    }

    /// An event of an org, with this JSON.
    pub fn event(&mut self, org: u8, partition: u8, json: &str) {
        self.record += 1;
        let (partition, record) = (Partition(partition), self.record);
        let entry = EventEntry {
            key: EventKey { partition, epoch: 1, record, ordinal: 0 },
            catalog_seq: 1,
            at: self.now(),
            topic: Topic::DeviceEvents,
            org: OrgId::from_bytes([org; 16]),
            site: Some(SiteId::from_bytes([org; 16])),
            target: None,
        };
        let mut body = Vec::new();
        block::encode(&mut body, &entry, |out| out.extend_from_slice(json.as_bytes()));
        // What comes before it in its partition is of others.
        self.lanes.live(TopicClass::Record, partition, 1, record, Some(Bytes::from(body)));
    }

    /// What may be sent now.
    pub fn attempts(&mut self) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        self.lanes.poll(self.now(), &mut attempts);
        attempts
    }

    /// The one that may be sent now.
    pub fn attempt(&mut self) -> Attempt {
        let mut attempts = self.attempts();
        assert_eq!(attempts.len(), 1, "{attempts:?}");
        attempts.remove(0)
    }

    /// The row that an attempt leaves.
    pub fn settle(&mut self, report: &Report) -> DeliveryRow {
        self.lanes.settle(report, self.now());
        let mut rows = self.lanes.take_flush().deliveries;
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }

    /// An event of org 1, sent.
    pub async fn deliver(&mut self) -> DeliveryRow {
        self.event(1, 9, "{\"n\":1}");
        let attempt = self.attempt();
        let report = self.sender.send(attempt, self.now()).await;
        self.settle(&report)
    }

    /// Waits, by the clock of the lanes, until the last one may be sent again, and sends it.
    pub async fn send_again(&mut self) -> DeliveryRow {
        loop {
            match self.attempts().pop() {
                Some(attempt) => {
                    let report = self.sender.send(attempt, self.now()).await;
                    return self.settle(&report);
                }
                None => {
                    let due = self.lanes.next_deadline().unwrap();
                    self.clock.fetch_max(due.0, Ordering::SeqCst);
                }
            }
        }
    }
}

fn index(egress: &Egress, webhooks: &[Value]) -> Arc<Index> {
    let parse = |json: &Value| serde_json::from_value::<Webhook>(json.clone()).unwrap();
    let endpoint = |hook| Arc::new(Endpoint::new(hook, egress, "Mist-webhook"));
    Arc::new(Index::new(1, webhooks.iter().map(parse).map(endpoint)))
}
