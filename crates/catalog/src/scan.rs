//! Searches of rows in the order of time: what the delivery log and the history share.
//!
//! A search looks at the rows of its range one after another, and at a bounded number of them,
//! whatever it is asked for: what one org asks keeps no other waiting for long. Where it stops
//! short it says so, and gives the place from which the next page goes on; so following the pages
//! finds everything, only not in one go. A limit of time would depend on the machine, and what it
//! found on the day.

use crate::error::CatalogError;
use foghorn_model::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

/// Rows that a search or a count looks at, at most.
pub const SCAN_ROWS_MAX: u32 = 100_000;
/// Values that a count tells, at most.
pub const VALUES_MAX: u32 = 1000;

/// The place of a row in a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// When it happened.
    pub at: Timestamp,
    /// Which it is of those that happened then.
    pub row: i64,
}

/// Which of the rows that are found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Paging {
    /// Whether the newest come first; else the oldest.
    pub newest_first: bool,
    /// Those after this place.
    pub after: Option<Place>,
    /// Without so many of the first.
    pub skip: u64,
    /// How many, at most.
    pub limit: u32,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found<T> {
    /// The rows of the page.
    pub rows: Vec<T>,
    /// How many there are in all, of those that a search may look at.
    pub total: u64,
    /// Whether there is more than a search may look at.
    pub is_partial: bool,
    /// The place after which the next page begins, if there is one.
    pub next: Option<Place>,
}

/// How often each value is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counted {
    /// The most frequent values, at most [`VALUES_MAX`].
    pub values: Vec<(String, u64)>,
    /// How many values there are.
    pub total: u64,
    /// Whether there is more than a count may look at: then it is of the newest.
    pub is_partial: bool,
}

/// A condition of SQL with its values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    /// Also this; each `?` of it is one of the values.
    pub(crate) fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    fn or_true(&self) -> &str {
        if self.sql.is_empty() { "1" } else { &self.sql }
    }
}

/// The rows that are asked for: those of a range, in the order of an index, that fit.
pub(crate) struct Scan {
    pub(crate) table: &'static str,
    /// What the index gives: each of these rows is looked at.
    pub(crate) range: Condition,
    /// What is looked at.
    pub(crate) fits: Condition,
}

impl Scan {
    /// A page of the rows, with the columns that `read` reads.
    pub(crate) fn page<T>(
        &self,
        connection: &Connection,
        columns: &str,
        paging: Paging,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Found<T>, CatalogError> {
        let (total, is_partial) = self.total(connection, paging.newest_first)?;
        let mut found = Found { rows: Vec::new(), total, is_partial, next: None };
        let (order, than) = if paging.newest_first { ("DESC", "<") } else { ("ASC", ">") };
        let mut range = self.range.clone();
        if let Some(Place { at, row }) = paging.after {
            range.and(
                &format!("(at, row) {than} (?, ?)"),
                [Value::Integer(at.0), Value::Integer(row)],
            );
        }
        let mut query = connection.prepare_cached(&format!(
            "SELECT {columns}, at, row, coalesce({}, 0) FROM {} WHERE {}
             ORDER BY at {order}, row {order} LIMIT {}",
            self.fits.or_true(),
            self.table,
            range.sql,
            u64::from(SCAN_ROWS_MAX) + 1,
        ))?;
        let told = query.column_count() - 3;
        let mut rows =
            query.query(params_from_iter(self.fits.values.iter().chain(&range.values)))?;
        let (mut looked_at, mut skip) = (0, paging.skip);
        let (mut last, mut last_told) = (None, None);
        while let Some(row) = rows.next()? {
            if looked_at == SCAN_ROWS_MAX {
                found.next = last;
                break;
            }
            looked_at += 1;
            last = Some(Place { at: Timestamp(row.get(told)?), row: row.get(told + 1)? });
            if !row.get::<_, bool>(told + 2)? {
                continue;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            if found.rows.len() == paging.limit as usize {
                found.next = last_told;
                break;
            }
            last_told = last;
            found.rows.push(read(row)?);
        }
        Ok(found)
    }

    /// How many rows there are, and whether there are more than may be looked at.
    fn total(
        &self,
        connection: &Connection,
        newest_first: bool,
    ) -> Result<(u64, bool), CatalogError> {
        let order = if newest_first { "DESC" } else { "ASC" };
        let within = format!(
            "SELECT * FROM {} WHERE {} ORDER BY at {order}, row {order} LIMIT {SCAN_ROWS_MAX}",
            self.table, self.range.sql,
        );
        let mut query = connection.prepare_cached(&format!(
            "SELECT count(*) FROM ({within}) AS {} WHERE {}",
            self.table,
            self.fits.or_true(),
        ))?;
        let values = self.range.values.iter().chain(&self.fits.values);
        let total: i64 = query.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok((unsigned(total), self.is_partial(connection)?))
    }

    /// Whether there are more rows than may be looked at.
    fn is_partial(&self, connection: &Connection) -> Result<bool, CatalogError> {
        let mut query = connection.prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE {} LIMIT 1 OFFSET {SCAN_ROWS_MAX})",
            self.table, self.range.sql,
        ))?;
        Ok(query.query_row(params_from_iter(&self.range.values), |row| row.get(0))?)
    }

    /// How often the expression has each value, the most frequent first.
    pub(crate) fn count(
        &self,
        connection: &Connection,
        expression: &str,
    ) -> Result<Counted, CatalogError> {
        let newest = format!(
            "SELECT * FROM {} WHERE {} ORDER BY at DESC, row DESC LIMIT {SCAN_ROWS_MAX}",
            self.table, self.range.sql,
        );
        let mut query = connection.prepare_cached(&format!(
            "SELECT coalesce({expression}, ''), count(*) FROM ({newest}) AS {} WHERE {}
             GROUP BY 1 ORDER BY 2 DESC, 1",
            self.table,
            self.fits.or_true(),
        ))?;
        let values = self.range.values.iter().chain(&self.fits.values);
        let mut rows = query.query(params_from_iter(values))?;
        let mut counted = Counted { values: Vec::new(), total: 0, is_partial: false };
        while let Some(row) = rows.next()? {
            counted.total += 1;
            if counted.total <= u64::from(VALUES_MAX) {
                counted.values.push((row.get(0)?, unsigned(row.get(1)?)));
            }
        }
        counted.is_partial = self.is_partial(connection)?;
        Ok(counted)
    }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
