//! The history store: a projection of the record events that searches answer from.
//!
//! Rows and the cursor behind them are written in one transaction, so a row is neither missed nor
//! doubled. Everything here is derived: after a crash the rows since the cursor are read from the
//! event log again, and the key keeps them single. A migration that changes what is projected
//! empties both tables, and they are filled anew from what the event log still holds; losing the
//! file altogether does the same.

mod alarms;
mod search;

pub use alarms::{AlarmFilter, AlarmMember, AlarmRecord};
pub use search::{HistoryFilter, Match, Whose};

use crate::database::{Durability, Readers, open};
use crate::error::CatalogError;
use foghorn_model::{EventKey, OrgId, Partition, SiteId, Timestamp, Topic};
use rusqlite::{Connection, Transaction, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

const MIGRATIONS: [&str; 4] = [
    include_str!("../migrations/history_0001.sql"),
    include_str!("../migrations/history_0002.sql"),
    include_str!("../migrations/history_0003.sql"),
    include_str!("../migrations/history_0004.sql"),
];
const FILE: &str = "history.db";
/// What a reader keeps of the file: as much of an index as one search looks at, so that the next
/// one reads it from memory.
const PAGES_KIB: u32 = 24 << 10;
/// Rows removed in one transaction.
const TRIM_ROWS_MAX: usize = 10_000;

/// Events that can be searched.
#[derive(Debug)]
pub struct HistoryStore {
    writer: Mutex<Connection>,
    /// Searches do not wait for the projection.
    readers: Readers,
}

/// An event on its way into the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryRecord {
    /// Its coordinates.
    pub key: EventKey,
    /// Its topic.
    pub topic: Topic,
    /// Whose it is.
    pub org_id: OrgId,
    /// Where it happened.
    pub site_id: Option<SiteId>,
    /// When it happened.
    pub at: Timestamp,
    /// The event as it was delivered.
    pub json: String,
}

impl HistoryStore {
    /// Opens the store in a data directory, or makes it.
    ///
    /// # Errors
    /// [`CatalogError::Newer`], or if the database fails.
    pub fn open(directory: &Path) -> Result<Self, CatalogError> {
        let path = directory.join(FILE);
        let open = || open(&path, FILE, Durability::Process, &MIGRATIONS);
        Ok(Self { writer: Mutex::new(open()?), readers: Readers::open(PAGES_KIB, open)? })
    }

    /// The last record of a partition whose events are in the store, 0 if there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub fn cursor(&self, partition: Partition) -> Result<u64, CatalogError> {
        let reader = self.reader();
        let mut query =
            reader.prepare_cached("SELECT max(record) FROM cursors WHERE partition = ?1")?;
        let record: Option<i64> = query.query_row([partition.0], |row| row.get(0))?;
        Ok(record.and_then(|record| u64::try_from(record).ok()).unwrap_or(0))
    }

    /// Takes over events: those of each of these partitions through this record.
    ///
    /// # Errors
    /// If the database fails; then nothing of it is written.
    pub fn project(
        &self,
        cursors: &[(Partition, u64)],
        events: &[HistoryRecord],
    ) -> Result<(), CatalogError> {
        let mut writer = self.writer();
        let transaction = writer.transaction()?;
        {
            for it in events {
                match it.topic {
                    Topic::Alarms => alarms::put(&transaction, it)?,
                    Topic::AlarmAcks => alarms::acknowledge(&transaction, it)?,
                    _ => add(&transaction, it)?,
                }
            }
            let mut mark = transaction.prepare_cached(
                "INSERT OR REPLACE INTO cursors (partition, record) VALUES (?1, ?2)",
            )?;
            for (partition, through) in cursors {
                mark.execute(params![partition.0, signed(*through)])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Forgets events from before this time, a bounded number at once; not an alarm that is open.
    ///
    /// # Errors
    /// If the database fails.
    pub fn trim(&self, before: Timestamp) -> Result<usize, CatalogError> {
        let writer = self.writer();
        let mut removed = 0;
        for (table, kept) in [("events", "false"), ("alarms", "status IS 'open'")] {
            removed += writer.execute(
                &format!(
                    "DELETE FROM {table} WHERE row IN
                     (SELECT row FROM {table} WHERE at < ?1 AND NOT ({kept})
                      ORDER BY at LIMIT {TRIM_ROWS_MAX})"
                ),
                [before.0],
            )?;
        }
        Ok(removed)
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.readers.get()
    }
}

fn add(transaction: &Transaction<'_>, it: &HistoryRecord) -> Result<(), CatalogError> {
    let mut add = transaction.prepare_cached(
        "INSERT OR IGNORE INTO events
         (partition, record, ordinal, topic, org_id, site_id, at, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    add.execute(params![
        it.key.partition.0,
        signed(it.key.record),
        it.key.ordinal,
        it.topic.name(),
        it.org_id.to_string(),
        it.site_id.map(|site| site.to_string()),
        it.at.0,
        it.json,
    ])?;
    Ok(())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
