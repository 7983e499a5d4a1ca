//! What lanes leave behind: rows for cursors and for the delivery log.

use super::batch::{LaneKey, OpenBatch};
use crate::exchange::Exchange;
use foghorn_model::{EventKey, OrgId, Partition, SiteId, Timestamp, TopicClass};
use uuid::Uuid;

/// Where a lane stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaneRow {
    /// The lane.
    pub lane: LaneKey,
    /// The org of its webhook.
    pub org: OrgId,
    /// The last event settled. An idle lane stands at its partition's watermark instead.
    pub cursor: EventKey,
    /// The last event of the last batch.
    pub previous: Option<EventKey>,
    /// Whether nothing was waiting or open.
    pub idle: bool,
    /// The batches that were open.
    pub open: Vec<OpenBatch>,
}

/// How far the events of a partition have been given to lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watermark {
    /// Which event log.
    pub class: TopicClass,
    /// The partition.
    pub partition: Partition,
    /// The last record.
    pub record: u64,
}

/// What became of a delivery with an attempt, or without one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The receiver has it.
    Delivered,
    /// It will be sent again.
    Retried,
    /// The endpoint refuses everything; it will be sent again when a probe succeeds.
    Paused,
    /// It was split into smaller deliveries.
    Split,
    /// The receiver cannot take this event: given up.
    Refused,
    /// It became too old, or its events were removed by retention: given up.
    Expired,
    /// The webhook was deleted, disabled or unsubscribed: given up.
    Dropped,
}

impl Fate {
    /// The word in the delivery log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retried => "retried",
            Self::Paused => "paused",
            Self::Split => "split",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Dropped => "dropped",
        }
    }

    /// Whether events were given up without having been delivered.
    pub fn gives_up(self) -> bool {
        matches!(self, Self::Refused | Self::Expired | Self::Dropped)
    }
}

/// A row of the delivery log: an attempt, or the end of a delivery without one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryRow {
    /// The delivery id; nil for a range that never became one.
    pub id: Uuid,
    /// The lane.
    pub lane: LaneKey,
    /// The org.
    pub org: OrgId,
    /// The site, when all of its events are of one.
    pub site: Option<SiteId>,
    /// The number of the attempt, 0 when there was none.
    pub attempt: u32,
    /// When it ended.
    pub at: Timestamp,
    /// What became of it.
    pub fate: Fate,
    /// The status code.
    pub status_code: Option<u16>,
    /// The word for what went wrong before there was a status, or why it was given up.
    pub error: Option<String>,
    /// Microseconds from the start of the attempt to its end.
    pub latency_us: u64,
    /// Bytes of the body sent.
    pub request_bytes: u64,
    /// The start of the response, for failures.
    pub response: Option<String>,
    /// What went to and fro, for failures.
    pub exchange: Option<Box<Exchange>>,
    /// How many events; 0 when it is not known.
    pub events: u32,
    /// The first event.
    pub first: EventKey,
    /// The last event.
    pub last: EventKey,
}

/// What one flush writes in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Flush {
    /// Lanes that changed.
    pub lanes: Vec<LaneRow>,
    /// Lanes that are gone: to be removed before the rows of `lanes` are written, since one may
    /// have come back.
    pub removed: Vec<LaneKey>,
    /// Watermarks that moved.
    pub watermarks: Vec<Watermark>,
    /// New rows of the delivery log.
    pub deliveries: Vec<DeliveryRow>,
}

impl Flush {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
            && self.removed.is_empty()
            && self.watermarks.is_empty()
            && self.deliveries.is_empty()
    }
}
