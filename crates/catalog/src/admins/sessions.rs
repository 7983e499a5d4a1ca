//! Logins that last.

use super::{Admin, find};
use crate::auth::{hash, new_key, to_hex};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use crate::objects::Kind;
use crate::write::Write;
use foghorn_model::{Actor, AdminId, Timestamp};
use rusqlite::{OptionalExtension, params};
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Minutes that a session lasts where no org of the administrator says otherwise.
const EXPIRY_MINS: i64 = 1440;

/// A session that was just begun: the only time that its key can be seen.
#[derive(Clone)]
pub struct NewSession {
    /// What the cookie holds.
    pub key: String,
    /// What requests that change something must show besides.
    pub csrf: String,
    /// Seconds that it lasts.
    pub secs: i64,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession").field("secs", &self.secs).finish_non_exhaustive()
    }
}

/// A session under way.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose it is.
    pub admin: Admin,
    /// Whether the second factor was shown, or is not needed.
    pub passed: bool,
}

impl Catalog {
    /// Begins a session of an administrator as it was when it showed its password. Once a second
    /// factor that is asked for was shown, each org of it has that in its audit log.
    ///
    /// `None` if it has another password or another second factor by now, or is gone: what was
    /// shown then lets nobody in now.
    ///
    /// # Errors
    /// If the database fails.
    pub fn begin_session(
        &self,
        admin: &Admin,
        passed: bool,
        from: &Actor,
    ) -> Result<Option<NewSession>, CatalogError> {
        let key = new_key()?;
        self.write(|write| {
            let now = find(&write.transaction, write.sealer, "id", &admin.id.to_string())?;
            if !now.is_some_and(|now| now.is_let_in_as(admin)) {
                return Ok(None);
            }
            let mut mins = i64::MAX;
            for grant in &admin.grants {
                let org = write.find(Kind::Org, grant.org_id.0)?;
                let expiry =
                    org.and_then(|org| org.body.get("session_expiry").and_then(Value::as_i64));
                mins = mins.min(expiry.unwrap_or(EXPIRY_MINS));
            }
            let mins = if mins == i64::MAX { EXPIRY_MINS } else { mins };
            let expires = Timestamp(write.now.0 + mins * 60_000_000);
            write.transaction.execute("DELETE FROM sessions WHERE expires < ?1", [write.now.0])?;
            write.transaction.execute(
                "INSERT INTO sessions (hash, admin_id, passed, expires) VALUES (?1, ?2, ?3, ?4)",
                params![hash(&key), admin.id.to_string(), passed, expires.0],
            )?;
            if passed {
                note_login(write, admin, from)?;
            }
            Ok(Some(NewSession { csrf: csrf(&key), key: key.clone(), secs: mins * 60 }))
        })
    }

    /// The session of a key, unless it is over.
    ///
    /// # Errors
    /// If the database fails.
    pub fn session(&self, key: &str) -> Result<Option<Session>, CatalogError> {
        let now = self.now();
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT admin_id, passed FROM sessions WHERE hash = ?1 AND expires > ?2",
        )?;
        let row = query.query_row(params![hash(key), now.0], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
        });
        let Some((id, passed)) = row.optional()? else { return Ok(None) };
        let admin = find(&connection, &self.sealer, "id", &id)?;
        Ok(admin.map(|admin| Session { admin, passed }))
    }

    /// The second factor of a session was shown.
    ///
    /// # Errors
    /// If the database fails.
    pub fn pass_session(&self, key: &str, admin: &Admin, from: &Actor) -> Result<(), CatalogError> {
        self.write(|write| {
            let passed = "UPDATE sessions SET passed = 1 WHERE hash = ?1 AND passed = 0";
            match write.transaction.execute(passed, [hash(key)])? {
                0 => Ok(()),
                _ => note_login(write, admin, from),
            }
        })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// If the database fails.
    pub fn end_session(&self, key: &str) -> Result<(), CatalogError> {
        self.lock().execute("DELETE FROM sessions WHERE hash = ?1", [hash(key)])?;
        self.access_changed();
        Ok(())
    }
}

/// Ends every session of an administrator.
pub(super) fn end_all(write: &Write<'_>, id: AdminId) -> Result<(), CatalogError> {
    write.transaction.execute("DELETE FROM sessions WHERE admin_id = ?1", [id.to_string()])?;
    Ok(())
}

/// Lets every session of an administrator but this one show a second factor anew.
pub(super) fn ask_again(
    write: &Write<'_>,
    id: AdminId,
    but: Option<&str>,
) -> Result<(), CatalogError> {
    write.transaction.execute(
        "UPDATE sessions SET passed = 0 WHERE admin_id = ?1 AND hash IS NOT ?2",
        params![id.to_string(), but.map(hash)],
    )?;
    Ok(())
}

/// Tells every org of an administrator that it is there.
fn note_login(write: &mut Write<'_>, admin: &Admin, from: &Actor) -> Result<(), CatalogError> {
    let who = admin.principal().actor(from.src_ip.clone(), from.user_agent.clone());
    let mut told = BTreeSet::new();
    for grant in &admin.grants {
        if told.insert(grant.org_id) {
            let message = format!("Login with Role \"{}\"", grant.role.name());
            write.note(grant.org_id, &who, message, (None, None))?;
        }
    }
    Ok(())
}

/// What goes with the key of a session: made of it, so that nothing more need be kept.
pub(crate) fn csrf(key: &str) -> String {
    to_hex(&hash(&format!("csrf {key}")))
}

impl Session {
    /// Whether this is what goes with the key, compared in constant time.
    pub fn csrf_fits(key: &str, shown: &str) -> bool {
        use subtle::ConstantTimeEq;
        csrf(key).as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

/// The id of an administrator as it stands in a row.
pub(super) fn admin_id(text: &str) -> AdminId {
    AdminId(Uuid::try_parse(text).unwrap_or_default())
}
