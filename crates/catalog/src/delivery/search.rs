//! Searching and counting the delivery log.

use super::{DeliveryRecord, DeliveryStore, ExchangeRecord, id};
use crate::error::CatalogError;
use crate::scan::{Condition, Counted, Found, Paging, Scan};
use foghorn_model::{OrgId, SiteId, Timestamp, WebhookId};
use rusqlite::Row;
use rusqlite::types::Value;

/// Which rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryFilter {
    /// Of this webhook; it must have been checked that the caller may see it.
    pub webhook_id: WebhookId,
    /// From this time on.
    pub start: Timestamp,
    /// Before this time.
    pub end: Timestamp,
    /// `true`: successes only; `false`: failures only.
    pub success: Option<bool>,
    /// With this status code.
    pub status_code: Option<u16>,
    /// Of this topic.
    pub topic: Option<String>,
    /// Whose error contains this text.
    pub error: Option<String>,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CountBy {
    /// `success` or `failure`.
    Status,
    /// The status code.
    StatusCode,
    /// The topic.
    Topic,
    /// The webhook.
    WebhookId,
}

impl DeliveryFilter {
    fn scan(&self) -> Scan {
        let mut range = Condition::default();
        range.and("webhook_id = ?", [Value::Text(self.webhook_id.to_string())]);
        let mut fits = Condition::default();
        match self.success {
            Some(true) => fits.and("fate = 'delivered'", []),
            Some(false) => fits.and("fate <> 'delivered'", []),
            None => {}
        }
        if let Some(code) = self.status_code {
            fits.and("status_code = ?", [Value::Integer(i64::from(code))]);
        }
        if let Some(topic) = &self.topic {
            fits.and("topic = ?", [Value::Text(topic.clone())]);
        }
        if let Some(error) = &self.error {
            fits.and("instr(coalesce(error, ''), ?) > 0", [Value::Text(error.clone())]);
        }
        let (table, index) = ("deliveries", "deliveries_by_webhook");
        Scan { table, index, range, start: self.start, end: self.end, fits, sorted_by: None }
    }
}

const COLUMNS: &str = "row, id, webhook_id, org_id, site_id, topic, partition, attempt, at, fate,
    status_code, error, latency_us, request_bytes, response, events, first_key, last_key,
    request_url, request_headers, response_headers,
    (SELECT body FROM payloads WHERE payloads.id = deliveries.id)";

impl DeliveryStore {
    /// A page of the rows of a filter.
    ///
    /// # Errors
    /// If the database fails.
    pub fn search(
        &self,
        filter: &DeliveryFilter,
        paging: Paging,
    ) -> Result<Found<DeliveryRecord>, CatalogError> {
        filter.scan().page(&self.reader(), COLUMNS, paging, read)
    }

    /// How many rows of a filter have each value.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count(&self, filter: &DeliveryFilter, by: CountBy) -> Result<Counted, CatalogError> {
        let what = match by {
            CountBy::Status => "CASE fate WHEN 'delivered' THEN 'success' ELSE 'failure' END",
            CountBy::StatusCode => "CAST(status_code AS TEXT)",
            CountBy::Topic => "topic",
            CountBy::WebhookId => "webhook_id",
        };
        filter.scan().count(&self.reader(), what)
    }
}

fn exchange(row: &Row<'_>) -> rusqlite::Result<Option<ExchangeRecord>> {
    let Some(url) = row.get(18)? else { return Ok(None) };
    Ok(Some(ExchangeRecord {
        url,
        headers: row.get::<_, Option<_>>(19)?.unwrap_or_default(),
        response_headers: row.get(20)?,
        payload: row.get::<_, Option<_>>(21)?.unwrap_or_default(),
    }))
}

fn read(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    let unsigned = |at: usize| row.get::<_, i64>(at).map(|it| u64::try_from(it).unwrap_or(0));
    Ok(DeliveryRecord {
        row: row.get(0)?,
        id: id(&row.get::<_, String>(1)?),
        webhook_id: WebhookId(id(&row.get::<_, String>(2)?)),
        org_id: OrgId(id(&row.get::<_, String>(3)?)),
        site_id: row.get::<_, Option<String>>(4)?.map(|site| SiteId(id(&site))),
        topic: row.get(5)?,
        partition: row.get(6)?,
        attempt: row.get(7)?,
        at: Timestamp(row.get(8)?),
        fate: row.get(9)?,
        status_code: row.get(10)?,
        error: row.get(11)?,
        latency_us: unsigned(12)?,
        request_bytes: unsigned(13)?,
        response: row.get(14)?,
        events: row.get(15)?,
        first: row.get(16)?,
        last: row.get(17)?,
        exchange: exchange(row)?,
    })
}
