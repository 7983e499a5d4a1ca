//! When tokens were last used.
//!
//! Each use is noted in memory, and now and then what is new is written down: it is told to people
//! who look for tokens that nobody needs, and they can do without the last minute before a crash.

use crate::catalog::Catalog;
use crate::error::CatalogError;
use foghorn_model::time::Micros;
use foghorn_model::{Timestamp, TokenId};
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// A use is written down when the one before is older than this.
const WRITTEN_EVERY: Micros = Micros::from_secs(60);

/// The last use of each token: when, and what is written down of it.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<TokenId, (Timestamp, Timestamp)>>);

impl Uses {
    /// What is written down.
    pub(crate) fn read(connection: &Connection) -> Result<Self, CatalogError> {
        let mut query = connection.prepare("SELECT token, at FROM token_uses")?;
        let rows = query.query_map([], |row| {
            let token = Uuid::try_parse(&row.get::<_, String>(0)?).unwrap_or_default();
            let at = Timestamp(row.get(1)?);
            Ok((TokenId(token), (at, at)))
        })?;
        Ok(Self(Mutex::new(rows.collect::<Result<_, _>>()?)))
    }

    pub(crate) fn note(&self, token: TokenId, now: Timestamp) {
        self.lock().entry(token).or_insert((now, Timestamp(0))).0 = now;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenId, (Timestamp, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Catalog {
    /// When a token was last shown; `None` if it never was.
    pub fn last_used(&self, token: TokenId) -> Option<Timestamp> {
        self.uses.lock().get(&token).map(|(at, _)| *at)
    }

    /// Writes down what is new of the uses of tokens, and forgets those of tokens that are gone.
    ///
    /// # Errors
    /// If the database fails.
    pub fn write_uses(&self) -> Result<(), CatalogError> {
        let tokens = self.tokens();
        let mut new = Vec::new();
        let mut gone = Vec::new();
        self.uses.lock().retain(|token, (at, written)| {
            if !tokens.contains(token) {
                gone.push(*token);
                return false;
            }
            if *at - WRITTEN_EVERY >= *written {
                *written = *at;
                new.push((*token, *at));
            }
            true
        });
        if new.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for (token, at) in new {
            transaction.execute(
                "INSERT OR REPLACE INTO token_uses (token, at) VALUES (?1, ?2)",
                params![token.to_string(), at.0],
            )?;
        }
        for token in gone {
            transaction.execute("DELETE FROM token_uses WHERE token = ?1", [token.to_string()])?;
        }
        Ok(transaction.commit()?)
    }
}
