//! Opening SQLite files: pragmas and numbered migrations.

use crate::error::CatalogError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Searches of a file that run at once; more wait.
const READERS: usize = 4;

/// Connections of a file that only read: they wait for no writer, and for each other only when all
/// are at work.
#[derive(Debug)]
pub(crate) struct Readers([Mutex<Connection>; READERS]);

impl Readers {
    /// Each keeps so much of the file in memory, at most.
    pub(crate) fn open(
        pages_kib: u32,
        open: impl Fn() -> Result<Connection, CatalogError>,
    ) -> Result<Self, CatalogError> {
        let reader = || {
            let connection = open()?;
            // Below zero it is KiB, else pages.
            connection.pragma_update(None, "cache_size", -i64::from(pages_kib))?;
            Ok::<_, CatalogError>(Mutex::new(connection))
        };
        Ok(Self([reader()?, reader()?, reader()?, reader()?]))
    }

    /// One that is free, or else the first.
    pub(crate) fn get(&self) -> MutexGuard<'_, Connection> {
        let free = self.0.iter().find_map(|reader| reader.try_lock().ok());
        free.unwrap_or_else(|| self.0[0].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How safely a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Durability {
    /// What was committed outlives a power failure.
    Full,
    /// What was committed outlives the process; a power failure may lose the last of it.
    Process,
}

/// Opens a file and brings its schema up to date. The schema's number is `user_version`.
pub(crate) fn open(
    path: &Path,
    file: &'static str,
    durability: Durability,
    migrations: &[&str],
) -> Result<Connection, CatalogError> {
    let mut connection = Connection::open(path)?;
    restrict(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Process => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&mut connection, file, migrations)?;
    Ok(connection)
}

fn migrate(
    connection: &mut Connection,
    file: &'static str,
    migrations: &[&str],
) -> Result<(), CatalogError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(CatalogError::Newer { file, found, known });
    }
    for (number, migration) in (1..=known).zip(migrations).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        tracing::debug!(file, number, "schema migrated");
    }
    Ok(())
}

/// Only the owner may read what holds secrets.
fn restrict(path: &Path) -> Result<(), CatalogError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, mode).map_err(CatalogError::file(path))
}
