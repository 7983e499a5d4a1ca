//! Where the fold puts its events.

use foghorn_model::event::block;
use foghorn_model::{
    EventEntry, EventKey, HandOver, Matter, OrgId, Partition, SiteId, Timestamp, Topic, TopicClass,
    TopicSet, WebhookId,
};

/// Encoded events of one class, ready to be one block of an event log.
#[derive(Debug, Default)]
pub struct EventBuffer {
    /// The entries, as [`foghorn_model::event::block`] has them.
    pub body: Vec<u8>,
    /// How many.
    pub count: u32,
    /// Of which topics.
    pub topics: TopicSet,
    /// Events of records up to this one are in the log already and are not written again.
    pub floor: u64,
}

impl EventBuffer {
    /// Forgets the events, keeps the room.
    pub fn clear(&mut self) {
        self.body.clear();
        self.count = 0;
        self.topics = TopicSet::default();
    }
}

/// The events of a run of records.
#[derive(Debug, Default)]
pub struct Output {
    /// Events of record topics.
    pub record: EventBuffer,
    /// Events of stream topics.
    pub stream: EventBuffer,
    /// What is handed over to the homes of orgs, whether its records were folded before or not:
    /// who takes it knows what it has had.
    pub handed: Vec<HandOver>,
}

impl Output {
    /// Forgets the events, keeps the room and the floors.
    pub fn clear(&mut self) {
        self.record.clear();
        self.stream.clear();
        self.handed.clear();
    }
}

/// Gives the events of one record their coordinates.
pub(crate) struct Emitter<'a> {
    pub(crate) out: &'a mut Output,
    pub(crate) key: EventKey,
    pub(crate) catalog_seq: u64,
    pub(crate) now: Timestamp,
}

/// Whom an event is for.
#[derive(Clone, Copy)]
pub(crate) struct Audience {
    pub(crate) org: OrgId,
    pub(crate) site: Option<SiteId>,
    pub(crate) target: Option<WebhookId>,
}

impl<'a> Emitter<'a> {
    pub(crate) fn new(
        out: &'a mut Output,
        partition: Partition,
        epoch: u32,
        record: u64,
        catalog_seq: u64,
    ) -> Self {
        let key = EventKey { partition, epoch, record, ordinal: 0 };
        Self { out, key, catalog_seq, now: Timestamp(0) }
    }

    /// Emits one event; `write` appends its JSON.
    pub(crate) fn emit(
        &mut self,
        topic: Topic,
        audience: Audience,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let buffer = match topic.class() {
            TopicClass::Record => &mut self.out.record,
            TopicClass::Stream => &mut self.out.stream,
        };
        if self.key.record > buffer.floor {
            let entry = EventEntry {
                key: self.key,
                catalog_seq: self.catalog_seq,
                at: self.now,
                topic,
                org: audience.org,
                site: audience.site,
                target: audience.target,
            };
            block::encode(&mut buffer.body, &entry, write);
            buffer.count += 1;
            buffer.topics.insert(topic);
        }
        self.key.ordinal += 1;
    }

    /// Hands a matter of an org over to the partition that is its home.
    pub(crate) fn hand_over(&mut self, org: OrgId, at: Timestamp, matter: Matter) {
        self.out.handed.push(HandOver { from: self.key, org_id: org, at, matter });
        self.key.ordinal += 1;
    }
}
