//! Searches of rows in the order of time: what the delivery log and the history share.
//!
//! A search looks at the rows of its range one after another, and at a bounded number of them,
//! whatever it is asked for: what one org asks keeps no other waiting for long. Where it stops
//! short it says so, and gives the place from which the next page goes on; so following the pages
//! finds everything, only not in one go. A limit of time would depend on the machine, and what it
//! found on the day.
//!
//! Looking is done in the index of the range alone, as far as that holds what is asked for, and
//! only rows that are told are read: of a range that goes on for longer, the last place to look
//! at is found first, and counting up to there needs no subquery, which would cost thrice as much.

use crate::error::CatalogError;
use foghorn_model::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use std::collections::HashMap;

/// Rows that a search or a count looks at, at most.
pub const SCAN_ROWS_MAX: u32 = 100_000;
/// Values that a count tells, at most.
pub const VALUES_MAX: u32 = 1000;

/// The place of a row in a search.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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
    /// The index that the range is of. It is named so that none is taken for what is beside the
    /// range, by which more rows might be looked at.
    pub(crate) index: &'static str,
    /// What the index begins with.
    pub(crate) range: Condition,
    /// From this time on.
    pub(crate) start: Timestamp,
    /// Before this time.
    pub(crate) end: Timestamp,
    /// What is looked at: each row of the range and the time.
    pub(crate) fits: Condition,
    /// What the rows are sorted by before their time. Then pages are told by what to skip: no
    /// place of time is where the next one begins.
    pub(crate) sorted_by: Option<String>,
}

/// Places from one on, and before another.
#[derive(Clone, Copy)]
struct Window {
    from: Place,
    until: Place,
}

impl Window {
    fn of(start: Timestamp, end: Timestamp) -> Self {
        // Rows are counted from 1.
        let first = |at| Place { at, row: 0 };
        Self { from: first(start), until: first(end) }
    }

    /// Without what does not come after a place in this order.
    fn after(self, place: Place, newest_first: bool) -> Self {
        match newest_first {
            true => Self { until: self.until.min(place), ..self },
            false => Self { from: self.from.max(place.next()), ..self },
        }
    }

    /// Without what comes after a place in this order.
    fn through(self, place: Place, newest_first: bool) -> Self {
        match newest_first {
            true => Self { from: self.from.max(place), ..self },
            false => Self { until: self.until.min(place.next()), ..self },
        }
    }

    fn condition(self) -> Condition {
        let mut condition = Condition::default();
        for (than, Place { at, row }) in [(">=", self.from), ("<", self.until)] {
            match row {
                // A time alone is a bound in the index, and needs no look at each row.
                0 => condition.and(&format!("at {than} ?"), [Value::Integer(at.0)]),
                _ => condition.and(
                    &format!("(at, row) {than} (?, ?)"),
                    [Value::Integer(at.0), Value::Integer(row)],
                ),
            }
        }
        condition
    }
}

fn by_time(newest_first: bool) -> String {
    let order = if newest_first { "DESC" } else { "ASC" };
    format!("at {order}, row {order}")
}

impl Place {
    /// The one right behind it, whether or not there is a row.
    fn next(self) -> Self {
        Self { row: self.row.saturating_add(1), ..self }
    }
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
        // One view of the rows for all that follows.
        let view = connection.unchecked_transaction()?;
        let Paging { newest_first, after, skip, limit } = paging;
        let (whole, last_of_all) = self.looked_at(&view, self.window(), newest_first)?;
        let rest = after.map_or(whole, |place| self.window().after(place, newest_first));
        // Few enough to look at in any case, or all that there are.
        let is_short = self.fits.sql.is_empty() && skip + u64::from(limit) < SCAN_ROWS_MAX.into();
        let (rest, last) = match after {
            None => (whole, last_of_all),
            Some(_) if is_short || last_of_all.is_none() => (rest, None),
            Some(_) => self.looked_at(&view, rest, newest_first)?,
        };
        let mut places = self.places(&view, rest, paging)?;
        let is_all = places.len() <= limit as usize;
        places.truncate(limit as usize);
        let total = match (after, skip) {
            (None, 0) if is_all => places.len() as u64,
            _ => self.total(&view, whole, last_of_all.is_some())?,
        };
        let next = match is_all {
            true if self.sorted_by.is_some() => None,
            true => last,
            false => places.last().copied(),
        };
        let mut row =
            view.prepare_cached(&format!("SELECT {columns} FROM {} WHERE row = ?", self.table))?;
        let rows = places.iter().map(|place| row.query_row([place.row], &read));
        let rows = rows.collect::<Result<_, _>>()?;
        Ok(Found { rows, total, is_partial: last_of_all.is_some(), next })
    }

    fn window(&self) -> Window {
        Window::of(self.start, self.end)
    }

    /// What of a window may be looked at, and its last row where that is not all.
    fn looked_at(
        &self,
        connection: &Connection,
        window: Window,
        newest_first: bool,
    ) -> Result<(Window, Option<Place>), CatalogError> {
        let limits = format!("LIMIT 2 OFFSET {}", SCAN_ROWS_MAX - 1);
        let any = Condition::default();
        let by_time = by_time(newest_first);
        let mut found = self.walk(connection, window, &any, &by_time, &limits)?.into_iter();
        match (found.next(), found.next()) {
            (Some(last), Some(_)) => Ok((window.through(last, newest_first), Some(last))),
            _ => Ok((window, None)),
        }
    }

    /// Where the rows of a page are, and one more if there is one.
    fn places(
        &self,
        connection: &Connection,
        window: Window,
        paging: Paging,
    ) -> Result<Vec<Place>, CatalogError> {
        let limits = format!("LIMIT {} OFFSET {}", u64::from(paging.limit) + 1, paging.skip);
        let mut order = by_time(paging.newest_first);
        if let Some(first) = &self.sorted_by {
            order = format!("{first}, {order}");
        }
        self.walk(connection, window, &self.fits, &order, &limits)
    }

    /// The places of a window that fit, in an order.
    fn walk(
        &self,
        connection: &Connection,
        window: Window,
        fits: &Condition,
        order: &str,
        limits: &str,
    ) -> Result<Vec<Place>, CatalogError> {
        let (from, values) = self.from(window, fits);
        let mut query = connection
            .prepare_cached(&format!("SELECT at, row {from} ORDER BY {order} {limits}"))?;
        let place = |row: &Row<'_>| Ok(Place { at: Timestamp(row.get(0)?), row: row.get(1)? });
        let found = query.query_map(params_from_iter(values), place)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// How many rows fit in a window that is all that may be looked at.
    fn total(
        &self,
        connection: &Connection,
        window: Window,
        is_partial: bool,
    ) -> Result<u64, CatalogError> {
        if is_partial && self.fits.sql.is_empty() {
            return Ok(u64::from(SCAN_ROWS_MAX));
        }
        let (from, values) = self.from(window, &self.fits);
        let mut query = connection.prepare_cached(&format!("SELECT count(*) {from}"))?;
        let total: i64 = query.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(u64::try_from(total).unwrap_or(0))
    }

    /// `FROM` and `WHERE` of the rows of a window that fit, with their values.
    fn from(&self, window: Window, fits: &Condition) -> (String, Vec<Value>) {
        let mut condition = self.range.clone();
        for part in [&window.condition(), fits] {
            if !part.sql.is_empty() {
                condition.and(&part.sql, part.values.iter().cloned());
            }
        }
        let Self { table, index, .. } = self;
        (format!("FROM {table} INDEXED BY {index} WHERE {}", condition.sql), condition.values)
    }

    /// How often the expression has each value, the most frequent first.
    pub(crate) fn count(
        &self,
        connection: &Connection,
        expression: &str,
    ) -> Result<Counted, CatalogError> {
        let (from, values) = self.from(self.window(), &Condition::default());
        // Grouped here and not in SQL, which would sort all rows for it.
        let mut query = connection.prepare_cached(&format!(
            "SELECT coalesce({}, 0), coalesce({expression}, '') {from}
             ORDER BY at DESC, row DESC LIMIT {}",
            self.fits.or_true(),
            u64::from(SCAN_ROWS_MAX) + 1,
        ))?;
        let mut rows = query.query(params_from_iter(self.fits.values.iter().chain(&values)))?;
        let mut counts: HashMap<String, u64> = HashMap::new();
        let mut looked_at = 0;
        let mut is_partial = false;
        while let Some(row) = rows.next()? {
            if looked_at == SCAN_ROWS_MAX {
                is_partial = true;
                break;
            }
            looked_at += 1;
            if !row.get::<_, bool>(0)? {
                continue;
            }
            let value = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            match counts.get_mut(value) {
                Some(count) => *count += 1,
                None => drop(counts.insert(value.to_owned(), 1)),
            }
        }
        let total = counts.len() as u64;
        let mut values: Vec<(String, u64)> = counts.into_iter().collect();
        values.sort_unstable_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
        values.truncate(VALUES_MAX as usize);
        Ok(Counted { values, total, is_partial })
    }

    /// How SQLite would look at the rows.
    #[cfg(test)]
    pub(crate) fn plan(&self, connection: &Connection) -> String {
        let (from, values) = self.from(self.window(), &self.fits);
        let query = format!("EXPLAIN QUERY PLAN SELECT at, row {from} ORDER BY at DESC, row DESC");
        connection
            .query_row(&query, params_from_iter(values), |row| row.get(3))
            .expect("the query is well formed")
    }
}
