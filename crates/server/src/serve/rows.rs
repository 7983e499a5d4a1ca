//! Between the dispatcher's rows and the catalog's.

use foghorn_catalog::{
    DeliveryRecord, DeliveryStore, ExchangeRecord, FlushRecords, LaneRecord, PAYLOAD_BYTES_MAX,
    WatermarkRecord,
};
use foghorn_dispatch::driver::FlushSink;
use foghorn_dispatch::exchange::Exchange;
use foghorn_dispatch::lanes::{
    Flush, LaneKey, LaneRow, OpenBatch, Watermark, decode_open, encode_open,
};
use foghorn_dispatch::publisher::OpenBatches;
use foghorn_log::RotatingFile;
use foghorn_model::{Partition, TopicClass};
use std::sync::Arc;
use std::time::Duration;

const OPEN_BYTES: usize = 96;
/// How long the next try waits after cursors could not be written.
const RETRY: Duration = Duration::from_secs(1);

fn class_name(class: TopicClass) -> &'static str {
    match class {
        TopicClass::Record => "record",
        TopicClass::Stream => "stream",
    }
}

/// A lane as it was stored; `None` when it is of a topic that this version does not know.
pub fn lane(record: &LaneRecord) -> Option<LaneRow> {
    let open = record.open.chunks_exact(OPEN_BYTES).filter_map(decode_open);
    Some(LaneRow {
        lane: LaneKey {
            webhook: record.webhook_id,
            topic: record.topic.parse().ok()?,
            partition: Partition(record.partition),
        },
        org: record.org_id,
        cursor: record.cursor.parse().ok()?,
        previous: record.previous.as_deref().and_then(|key| key.parse().ok()),
        idle: record.idle,
        open: open.map(|(_, open)| open).collect(),
    })
}

/// A watermark as it was stored.
pub fn watermark(record: &WatermarkRecord) -> Watermark {
    let class = if record.class == "stream" { TopicClass::Stream } else { TopicClass::Record };
    Watermark { class, partition: Partition(record.partition), record: record.record }
}

/// Open batches as they were kept.
pub fn opened(records: &[Vec<u8>]) -> Vec<(LaneKey, OpenBatch)> {
    records.iter().filter_map(|record| decode_open(record)).collect()
}

/// Writes flushes to the delivery store.
pub struct StoreSink(pub Arc<DeliveryStore>);

impl FlushSink for StoreSink {
    fn write(&mut self, flush: Flush) {
        let _phase = tracing::trace_span!(target: "foghorn::phase", "cursors").entered();
        let records = to_records(flush);
        while let Err(error) = self.0.flush(&records) {
            tracing::error!(%error, "cursors cannot be written: trying again");
            std::thread::sleep(RETRY);
        }
    }
}

fn to_records(flush: Flush) -> FlushRecords {
    let open = |lane: &LaneKey, open: &[OpenBatch]| {
        open.iter().flat_map(|open| encode_open(lane, open)).collect()
    };
    FlushRecords {
        lanes: flush
            .lanes
            .into_iter()
            .map(|row| LaneRecord {
                webhook_id: row.lane.webhook,
                topic: row.lane.topic.name().into(),
                partition: row.lane.partition.0,
                org_id: row.org,
                cursor: row.cursor.to_string(),
                previous: row.previous.map(|key| key.to_string()),
                idle: row.idle,
                open: open(&row.lane, &row.open),
            })
            .collect(),
        removed: flush
            .removed
            .into_iter()
            .map(|lane| (lane.webhook, lane.topic.name().into(), lane.partition.0))
            .collect(),
        watermarks: flush
            .watermarks
            .into_iter()
            .map(|mark| WatermarkRecord {
                class: class_name(mark.class).into(),
                partition: mark.partition.0,
                record: mark.record,
            })
            .collect(),
        deliveries: flush
            .deliveries
            .into_iter()
            .map(|row| DeliveryRecord {
                row: 0,
                id: row.id,
                webhook_id: row.lane.webhook,
                org_id: row.org,
                site_id: row.site,
                topic: row.lane.topic.name().into(),
                partition: row.lane.partition.0,
                attempt: row.attempt,
                at: row.at,
                fate: row.fate.name().into(),
                status_code: row.status_code,
                error: row.error,
                latency_us: row.latency_us,
                request_bytes: row.request_bytes,
                response: row.response,
                exchange: row.exchange.map(|it| exchange(*it)),
                events: row.events,
                first: row.first.to_string(),
                last: row.last.to_string(),
            })
            .collect(),
    }
}

fn exchange(it: Exchange) -> ExchangeRecord {
    let start = &it.body[..it.body.len().min(PAYLOAD_BYTES_MAX)];
    ExchangeRecord {
        url: it.url,
        headers: it.headers,
        payload: String::from_utf8_lossy(start).into_owned(),
        response_headers: it.answered,
    }
}

/// Keeps open batches in a rotating file.
pub struct OpenFile(pub RotatingFile);

impl OpenBatches for OpenFile {
    fn append(&mut self, records: &[&[u8]]) -> std::io::Result<()> {
        self.0.append(records).map_err(std::io::Error::other)
    }

    fn rotate(&mut self) -> std::io::Result<()> {
        self.0.rotate().map_err(std::io::Error::other)
    }
}
