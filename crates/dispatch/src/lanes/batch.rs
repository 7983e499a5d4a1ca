//! A batch: events that travel in one POST, frozen when it opens.
//!
//! Its range, its bytes and its delivery id never change again, over retries and over a crash.
//! The id is derived of the lane, the range and a checksum of the body, so the same id always
//! means the same bytes.

use bytes::Bytes;
use foghorn_model::{EventKey, Partition, SiteId, Timestamp, Topic, WebhookId};
use std::fmt::{self, Write as _};
use std::sync::Arc;
use uuid::Uuid;

/// Names a lane: the walk of one webhook through one topic of one partition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct LaneKey {
    /// The webhook.
    pub webhook: WebhookId,
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: Partition,
}

/// As it stands in `X-Foghorn-Lane`: `<webhook>/<topic>/<partition>`.
impl fmt::Display for LaneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.webhook, self.topic, self.partition)
    }
}

/// An event that waits in a lane: where its JSON lies in a block that several lanes share.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) key: EventKey,
    /// When it was derived.
    pub(crate) at: Timestamp,
    pub(crate) site: Option<SiteId>,
    pub(crate) block: Arc<Bytes>,
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Pending {
    pub(crate) fn json(&self) -> &[u8] {
        &self.block[self.start as usize..][..self.len as usize]
    }
}

/// What identifies a batch across a crash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenBatch {
    /// The delivery id.
    pub id: Uuid,
    /// The first event.
    pub first: EventKey,
    /// The last event.
    pub last: EventKey,
    /// The last event of the batch before it; none for the first of a lane.
    pub previous: Option<EventKey>,
    /// How many events.
    pub count: u32,
    /// CRC32C of the body.
    pub crc: u32,
}

/// An open batch.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) open: OpenBatch,
    pub(crate) events: Vec<Pending>,
    pub(crate) body: Bytes,
    /// Attempts begun.
    pub(crate) attempts: u32,
    /// When the first attempt began.
    pub(crate) began: Timestamp,
    pub(crate) state: BatchState,
    /// How many times in a row the receiver could not take it as it is.
    pub(crate) refusals: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BatchState {
    /// May be sent.
    Ready,
    /// Is being sent.
    Sending,
    /// Is to be sent again at this time.
    Waiting(Timestamp),
    /// Answered for good, while one before it is not.
    Settled,
}

impl Batch {
    pub(crate) fn open(lane: LaneKey, events: Vec<Pending>, previous: Option<EventKey>) -> Self {
        let first = events.first().expect("a batch has events").key;
        let last = events.last().expect("a batch has events").key;
        let body = body(lane.topic, &events);
        let crc = crc32c::crc32c(&body);
        let mut name = String::with_capacity(96);
        write!(name, "{}/{}/{first}/{last}/{crc:08x}", lane.topic, lane.partition)
            .expect("writing to memory cannot fail");
        let id = Uuid::new_v5(&lane.webhook.0, name.as_bytes());
        let count = u32::try_from(events.len()).expect("a batch has few events");
        Self {
            open: OpenBatch { id, first, last, previous, count, crc },
            events,
            body,
            attempts: 0,
            began: Timestamp(0),
            state: BatchState::Ready,
            refusals: 0,
        }
    }

    /// The site, when all of its events are of one.
    pub(crate) fn site(&self) -> Option<SiteId> {
        let site = self.events.first()?.site;
        self.events.iter().all(|event| event.site == site).then_some(site)?
    }

    /// When the youngest of its events was derived.
    pub(crate) fn youngest(&self) -> Timestamp {
        self.events.iter().map(|event| event.at).max().unwrap_or_default()
    }
}

/// `{"topic":"…","events":[…]}`: compact, `topic` first, the events as the engine wrote them.
fn body(topic: Topic, events: &[Pending]) -> Bytes {
    let name = topic.name();
    let room = events.iter().map(|event| event.json().len() + 1).sum::<usize>() + name.len() + 24;
    let mut body = Vec::with_capacity(room);
    body.extend_from_slice(b"{\"topic\":\"");
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(b"\",\"events\":[");
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(event.json());
    }
    body.extend_from_slice(b"]}");
    body.into()
}
