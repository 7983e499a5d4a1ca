//! The delivery store: cursors, watermarks and the delivery log.
//!
//! One flush of the dispatcher is one transaction, so a cursor never stands without the rows
//! that say what became of the events that it passed.

mod search;

pub use search::{CountBy, DeliveryFilter};

use crate::database::{Durability, Readers, open};
use crate::error::CatalogError;
use foghorn_model::{OrgId, SiteId, Timestamp, WebhookId};
use rusqlite::{Connection, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

const MIGRATIONS: [&str; 3] = [
    include_str!("../migrations/delivery_0001.sql"),
    include_str!("../migrations/delivery_0002.sql"),
    include_str!("../migrations/delivery_0003.sql"),
];
const FILE: &str = "delivery.db";
/// What a reader keeps of the file.
const PAGES_KIB: u32 = 2 << 10;
/// Rows removed in one transaction.
const TRIM_ROWS_MAX: usize = 10_000;
/// So many bodies that failed are kept, and the newest of them: a quarter of a GiB at most.
const PAYLOADS_MAX: u32 = 16 << 10;
/// More of a body that failed is not kept.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 10;

/// Cursors and the delivery log.
#[derive(Debug)]
pub struct DeliveryStore {
    /// Writes, one after the other.
    writer: Mutex<Connection>,
    /// Searches do not wait for a flush.
    readers: Readers,
}

/// Where a lane stands. The keys are texts of event keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaneRecord {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: u8,
    /// The org.
    pub org_id: OrgId,
    /// The last event settled.
    pub cursor: String,
    /// The last event of the last batch.
    pub previous: Option<String>,
    /// Whether it stands at the watermark.
    pub idle: bool,
    /// The batches that were open, in the dispatcher's form.
    pub open: Vec<u8>,
}

/// How far the events of a partition have been given to lanes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WatermarkRecord {
    /// `record` or `stream`.
    pub class: String,
    /// The partition.
    pub partition: u8,
    /// The last record.
    pub record: u64,
}

/// A row of the delivery log: one attempt, or the end of a delivery without one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryRecord {
    /// The row's number; set by the store.
    pub row: i64,
    /// The delivery id.
    pub id: Uuid,
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The org.
    pub org_id: OrgId,
    /// The site, when all of its events are of one.
    pub site_id: Option<SiteId>,
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: u8,
    /// The number of the attempt, 0 when there was none.
    pub attempt: u32,
    /// When it ended.
    pub at: Timestamp,
    /// What became of it.
    pub fate: String,
    /// The status code.
    pub status_code: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took, microseconds.
    pub latency_us: u64,
    /// Bytes of the body.
    pub request_bytes: u64,
    /// The start of the response, for failures.
    pub response: Option<String>,
    /// What went to and fro, for failures.
    pub exchange: Option<ExchangeRecord>,
    /// How many events.
    pub events: u32,
    /// The first event.
    pub first: String,
    /// The last event.
    pub last: String,
}

/// A request that failed, and the head of its answer. Headers are JSON.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExchangeRecord {
    /// Where it went, without secrets.
    pub url: String,
    /// Its headers, without secrets.
    pub headers: String,
    /// The start of its body, which all attempts of a delivery have in common: at most
    /// [`PAYLOAD_BYTES_MAX`] of it are kept.
    pub payload: String,
    /// The headers of the answer, if there was one.
    pub response_headers: Option<String>,
}

/// What one flush writes.
#[derive(Clone, Debug, Default)]
pub struct FlushRecords {
    /// Lanes that changed.
    pub lanes: Vec<LaneRecord>,
    /// Lanes that are gone: webhook, topic, partition.
    pub removed: Vec<(WebhookId, String, u8)>,
    /// Watermarks that moved.
    pub watermarks: Vec<WatermarkRecord>,
    /// New rows of the delivery log.
    pub deliveries: Vec<DeliveryRecord>,
}

impl DeliveryStore {
    /// Opens the store in a data directory, or makes it.
    ///
    /// # Errors
    /// [`CatalogError::Newer`], or if the database fails.
    pub fn open(directory: &Path) -> Result<Self, CatalogError> {
        let path = directory.join(FILE);
        let open = || open(&path, FILE, Durability::Process, &MIGRATIONS);
        Ok(Self { writer: Mutex::new(open()?), readers: Readers::open(PAGES_KIB, open)? })
    }

    /// Every lane.
    ///
    /// # Errors
    /// If the database fails.
    pub fn lanes(&self) -> Result<Vec<LaneRecord>, CatalogError> {
        let reader = self.reader();
        let mut query = reader.prepare(
            "SELECT webhook_id, topic, partition, org_id, cursor, previous, idle, open FROM lanes",
        )?;
        let rows = query.query_map([], |row| {
            Ok(LaneRecord {
                webhook_id: WebhookId(id(&row.get::<_, String>(0)?)),
                topic: row.get(1)?,
                partition: row.get(2)?,
                org_id: OrgId(id(&row.get::<_, String>(3)?)),
                cursor: row.get(4)?,
                previous: row.get(5)?,
                idle: row.get(6)?,
                open: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every watermark.
    ///
    /// # Errors
    /// If the database fails.
    pub fn watermarks(&self) -> Result<Vec<WatermarkRecord>, CatalogError> {
        let reader = self.reader();
        let mut query = reader.prepare("SELECT class, partition, record FROM watermarks")?;
        let rows = query.query_map([], |row| {
            let record: i64 = row.get(2)?;
            Ok(WatermarkRecord {
                class: row.get(0)?,
                partition: row.get(1)?,
                record: u64::try_from(record).unwrap_or(0),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes a flush in one transaction.
    ///
    /// # Errors
    /// If the database fails; then nothing of it is written.
    pub fn flush(&self, flush: &FlushRecords) -> Result<(), CatalogError> {
        let mut writer = self.writer();
        let transaction = writer.transaction()?;
        {
            // Removed first: a lane that is gone may have come back since the last flush.
            let mut remove = transaction.prepare_cached(
                "DELETE FROM lanes WHERE webhook_id = ?1 AND topic = ?2 AND partition = ?3",
            )?;
            for (webhook, topic, partition) in &flush.removed {
                remove.execute(params![webhook.to_string(), topic, partition])?;
            }
            let mut put = transaction.prepare_cached(
                "INSERT OR REPLACE INTO lanes
                 (webhook_id, topic, partition, org_id, cursor, previous, idle, open)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            for lane in &flush.lanes {
                put.execute(params![
                    lane.webhook_id.to_string(),
                    lane.topic,
                    lane.partition,
                    lane.org_id.to_string(),
                    lane.cursor,
                    lane.previous,
                    lane.idle,
                    lane.open,
                ])?;
            }
            let mut mark = transaction.prepare_cached(
                "INSERT OR REPLACE INTO watermarks (class, partition, record) VALUES (?1, ?2, ?3)",
            )?;
            for watermark in &flush.watermarks {
                let record = i64::try_from(watermark.record).unwrap_or(i64::MAX);
                mark.execute(params![watermark.class, watermark.partition, record])?;
            }
            let mut add = transaction.prepare_cached(
                "INSERT INTO deliveries
                 (id, webhook_id, org_id, site_id, topic, partition, attempt, at, fate,
                  status_code, error, latency_us, request_bytes, response, events, first_key,
                  last_key, request_url, request_headers, response_headers)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                         ?17, ?18, ?19, ?20)",
            )?;
            let mut keep = transaction.prepare_cached(
                "INSERT INTO payloads (id, at, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET at = excluded.at",
            )?;
            for it in &flush.deliveries {
                let exchange = it.exchange.as_ref();
                if let Some(exchange) = exchange {
                    keep.execute(params![it.id.to_string(), it.at.0, exchange.payload])?;
                }
                add.execute(params![
                    it.id.to_string(),
                    it.webhook_id.to_string(),
                    it.org_id.to_string(),
                    it.site_id.map(|site| site.to_string()),
                    it.topic,
                    it.partition,
                    it.attempt,
                    it.at.0,
                    it.fate,
                    it.status_code,
                    it.error,
                    signed(it.latency_us),
                    signed(it.request_bytes),
                    it.response,
                    it.events,
                    it.first,
                    it.last,
                    exchange.map(|it| &it.url),
                    exchange.map(|it| &it.headers),
                    exchange.and_then(|it| it.response_headers.as_ref()),
                ])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Forgets rows of the delivery log from before this time, a bounded number at once.
    ///
    /// # Errors
    /// If the database fails.
    pub fn trim(&self, before: Timestamp) -> Result<usize, CatalogError> {
        let writer = self.writer();
        let trim = |table: &str| {
            let query = format!(
                "DELETE FROM {table} WHERE rowid IN
                 (SELECT rowid FROM {table} WHERE at < ?1 ORDER BY at LIMIT {TRIM_ROWS_MAX})"
            );
            writer.execute(&query, [before.0])
        };
        trim("payloads")?;
        let too_many = format!(
            "DELETE FROM payloads WHERE rowid IN
             (SELECT rowid FROM payloads ORDER BY at DESC LIMIT {TRIM_ROWS_MAX} OFFSET {PAYLOADS_MAX})"
        );
        writer.execute(&too_many, [])?;
        Ok(trim("deliveries")?)
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.readers.get()
    }
}

fn id(text: &str) -> Uuid {
    Uuid::try_parse(text).unwrap_or_default()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
