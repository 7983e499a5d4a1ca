//! Searching and counting the history.

use super::HistoryStore;
use crate::catalog::Scope;
use crate::error::CatalogError;
use foghorn_model::{Timestamp, Topic};
use rusqlite::params_from_iter;
use rusqlite::types::Value;

/// Which events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryFilter {
    /// Of this org, or of this site of it.
    pub scope: Scope,
    /// Of this topic.
    pub topic: Topic,
    /// From this time on.
    pub start: Timestamp,
    /// Before this time.
    pub end: Timestamp,
    /// Whose members have these values, as texts. The names are ours, never a caller's.
    pub members: Vec<(&'static str, String)>,
}

impl HistoryFilter {
    fn condition(&self) -> (String, Vec<Value>) {
        let mut condition = "org_id = ? AND topic = ? AND at >= ? AND at < ?".to_owned();
        let mut values = vec![
            Value::Text(self.scope.org.to_string()),
            Value::Text(self.topic.name().into()),
            Value::Integer(self.start.0),
            Value::Integer(self.end.0),
        ];
        if let Some(site) = self.scope.site {
            condition.push_str(" AND site_id = ?");
            values.push(Value::Text(site.to_string()));
        }
        for (name, value) in &self.members {
            condition.push_str(&format!(" AND CAST(json ->> '$.{name}' AS TEXT) = ?"));
            values.push(Value::Text(value.clone()));
        }
        (condition, values)
    }
}

impl HistoryStore {
    /// The events of a filter as JSON with their place, the newest first or the oldest, after the
    /// place that a page before ended with; and how many there are in all.
    ///
    /// # Errors
    /// If the database fails.
    #[expect(clippy::type_complexity, reason = "a page and a number, as the other searches give")]
    pub fn search(
        &self,
        filter: &HistoryFilter,
        newest_first: bool,
        after: Option<(Timestamp, i64)>,
        limit: u32,
    ) -> Result<(Vec<(Timestamp, i64, String)>, u64), CatalogError> {
        let (condition, values) = filter.condition();
        let reader = self.reader();
        let total: i64 = reader
            .prepare_cached(&format!("SELECT count(*) FROM events WHERE {condition}"))?
            .query_row(params_from_iter(&values), |row| row.get(0))?;
        let (order, than) = if newest_first { ("DESC", "<") } else { ("ASC", ">") };
        let (mut paged, mut page) = (condition, values);
        if let Some((at, row)) = after {
            paged.push_str(&format!(" AND (at, row) {than} (?, ?)"));
            page.extend([Value::Integer(at.0), Value::Integer(row)]);
        }
        page.push(Value::Integer(i64::from(limit)));
        let mut query = reader.prepare_cached(&format!(
            "SELECT at, row, json FROM events WHERE {paged}
             ORDER BY at {order}, row {order} LIMIT ?"
        ))?;
        let rows = query.query_map(params_from_iter(&page), |row| {
            Ok((Timestamp(row.get(0)?), row.get(1)?, row.get(2)?))
        })?;
        Ok((rows.collect::<Result<_, _>>()?, u64::try_from(total).unwrap_or(0)))
    }

    /// How many events of a filter have each value of a member, the most frequent first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count(
        &self,
        filter: &HistoryFilter,
        member: &'static str,
    ) -> Result<Vec<(String, u64)>, CatalogError> {
        let (condition, values) = filter.condition();
        let reader = self.reader();
        let mut query = reader.prepare_cached(&format!(
            "SELECT coalesce(CAST(json ->> '$.{member}' AS TEXT), ''), count(*) FROM events
             WHERE {condition} GROUP BY 1 ORDER BY 2 DESC, 1"
        ))?;
        let rows = query.query_map(params_from_iter(&values), |row| {
            let count: i64 = row.get(1)?;
            Ok((row.get(0)?, u64::try_from(count).unwrap_or(0)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
