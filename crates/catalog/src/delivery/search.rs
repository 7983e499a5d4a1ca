//! Searching and counting the delivery log.

use super::{DeliveryRecord, DeliveryStore, id};
use crate::error::CatalogError;
use foghorn_model::{OrgId, SiteId, Timestamp, WebhookId};
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

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
    fn condition(&self) -> (String, Vec<Value>) {
        let mut condition = "webhook_id = ? AND at >= ? AND at < ?".to_owned();
        let mut values = vec![
            Value::Text(self.webhook_id.to_string()),
            Value::Integer(self.start.0),
            Value::Integer(self.end.0),
        ];
        match self.success {
            Some(true) => condition.push_str(" AND fate = 'delivered'"),
            Some(false) => condition.push_str(" AND fate <> 'delivered'"),
            None => {}
        }
        if let Some(code) = self.status_code {
            condition.push_str(" AND status_code = ?");
            values.push(Value::Integer(i64::from(code)));
        }
        if let Some(topic) = &self.topic {
            condition.push_str(" AND topic = ?");
            values.push(Value::Text(topic.clone()));
        }
        if let Some(error) = &self.error {
            condition.push_str(" AND instr(coalesce(error, ''), ?) > 0");
            values.push(Value::Text(error.clone()));
        }
        (condition, values)
    }
}

impl DeliveryStore {
    /// The rows of a filter, the newest first, or the oldest; after the row that a page before
    /// ended with.
    ///
    /// # Errors
    /// If the database fails.
    pub fn search(
        &self,
        filter: &DeliveryFilter,
        newest_first: bool,
        after: Option<(Timestamp, i64)>,
        limit: u32,
    ) -> Result<(Vec<DeliveryRecord>, u64), CatalogError> {
        let (condition, values) = filter.condition();
        let reader = self.reader();
        let total: i64 = reader
            .prepare_cached(&format!("SELECT count(*) FROM deliveries WHERE {condition}"))?
            .query_row(params_from_iter(&values), |row| row.get(0))?;
        let (order, than) = if newest_first { ("DESC", "<") } else { ("ASC", ">") };
        let mut page = values;
        let mut paged = condition;
        if let Some((at, row)) = after {
            paged.push_str(&format!(" AND (at, row) {than} (?, ?)"));
            page.extend([Value::Integer(at.0), Value::Integer(row)]);
        }
        page.push(Value::Integer(i64::from(limit)));
        let mut query = reader.prepare_cached(&format!(
            "SELECT row, id, webhook_id, org_id, site_id, topic, partition, attempt, at, fate,
                    status_code, error, latency_us, request_bytes, response, events, first_key,
                    last_key
             FROM deliveries WHERE {paged} ORDER BY at {order}, row {order} LIMIT ?"
        ))?;
        let rows = query.query_map(params_from_iter(&page), read)?;
        Ok((rows.collect::<Result<_, _>>()?, u64::try_from(total).unwrap_or(0)))
    }

    /// How many rows of a filter have each value.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count(
        &self,
        filter: &DeliveryFilter,
        by: CountBy,
    ) -> Result<Vec<(String, u64)>, CatalogError> {
        let (condition, values) = filter.condition();
        let what = match by {
            CountBy::Status => "CASE fate WHEN 'delivered' THEN 'success' ELSE 'failure' END",
            CountBy::StatusCode => "CAST(status_code AS TEXT)",
            CountBy::Topic => "topic",
            CountBy::WebhookId => "webhook_id",
        };
        let reader = self.reader();
        let mut query = reader.prepare_cached(&format!(
            "SELECT coalesce({what}, ''), count(*) FROM deliveries WHERE {condition}
             GROUP BY 1 ORDER BY 2 DESC, 1"
        ))?;
        let rows = query.query_map(params_from_iter(&values), |row| {
            let count: i64 = row.get(1)?;
            Ok((row.get(0)?, u64::try_from(count).unwrap_or(0)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
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
    })
}
