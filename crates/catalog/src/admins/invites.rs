//! Invitations into an org. There is no mail: whoever invites gets the key and hands it on.

use super::{AdminPatch, find, new_admin};
use crate::auth::{Grant, hash, new_key};
use crate::catalog::{Catalog, new_id};
use crate::error::CatalogError;
use crate::objects::token;
use foghorn_model::time::Micros;
use foghorn_model::{Actor, OrgId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Hours that an invitation lasts, unless it says otherwise, and at most.
const HOURS: i64 = 24;
const HOURS_MAX: i64 = 168;

/// An invitation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// Who is invited.
    pub email: String,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// What may be done.
    pub grants: Vec<Grant>,
}

/// An invitation that was not taken yet.
#[derive(Clone, Debug)]
pub struct PendingInvite {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    pub invite: Invite,
    /// Until when it can be taken.
    pub expires: Timestamp,
}

/// An invitation that was just made: the only time that its key can be seen.
#[derive(Clone)]
pub struct NewInvite {
    /// Its id.
    pub id: Uuid,
    /// What the one who is invited presents.
    pub key: String,
    /// Until when it can be taken.
    pub expires: Timestamp,
}

impl Invite {
    fn of(org: OrgId, body: &Map<String, Value>) -> Result<Self, CatalogError> {
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self {
            email: super::checked_email(&text("email"))?,
            first_name: text("first_name"),
            last_name: text("last_name"),
            grants: token::grants(org, body)?,
        })
    }

    /// What audits tell of it.
    fn told(&self) -> Map<String, Value> {
        let members = [
            ("email", json!(self.email)),
            ("first_name", json!(self.first_name)),
            ("last_name", json!(self.last_name)),
            ("privileges", super::privileges(self.grants.iter())),
        ];
        members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// How many hours a body wants an invitation to last.
fn hours(body: &Map<String, Value>) -> Result<Option<i64>, CatalogError> {
    match body.get("hours") {
        None | Some(Value::Null) => Ok(None),
        Some(hours) => {
            let hours = hours.as_i64().filter(|it| (1..=HOURS_MAX).contains(it));
            let reason = || format!("not from 1 to {HOURS_MAX}");
            hours.map(Some).ok_or_else(|| CatalogError::invalid("hours", reason()))
        }
    }
}

fn pending(
    connection: &Connection,
    org: OrgId,
    now: Timestamp,
) -> Result<Vec<PendingInvite>, CatalogError> {
    let mut query = connection.prepare_cached(
        "SELECT id, body, expires FROM invites WHERE org_id = ?1 AND expires > ?2
         ORDER BY expires, id",
    )?;
    let mut rows = query.query(params![org.to_string(), now.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, body): (String, String) = (row.get(0)?, row.get(1)?);
        found.push(PendingInvite {
            id: Uuid::try_parse(&id).unwrap_or_default(),
            invite: serde_json::from_str(&body).map_err(CatalogError::stored("invite"))?,
            expires: Timestamp(row.get(2)?),
        });
    }
    Ok(found)
}

impl std::fmt::Debug for NewInvite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewInvite").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Catalog {
    /// Invites somebody into an org.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] names the field.
    pub fn invite(
        &self,
        org: OrgId,
        body: &Map<String, Value>,
        actor: &Actor,
    ) -> Result<(NewInvite, Invite), CatalogError> {
        let invite = Invite::of(org, body)?;
        let hours = hours(body)?.unwrap_or(HOURS);
        let (key, id) = (new_key()?, new_id()?);
        self.write(|write| {
            super::check_grants(write, org, &invite.grants)?;
            let expires = write.now + Micros::from_mins(hours * 60);
            let stored = serde_json::to_string(&invite).map_err(CatalogError::stored("invite"))?;
            write.transaction.execute("DELETE FROM invites WHERE expires < ?1", [write.now.0])?;
            write.transaction.execute(
                "INSERT INTO invites (id, org_id, hash, body, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id.to_string(), org.to_string(), hash(&key), stored, expires.0],
            )?;
            let message = format!("Invite Admin \"{}\"", invite.email);
            write.note(org, actor, message, (None, Some(&invite.told())))?;
            Ok((NewInvite { id, key: key.clone(), expires }, invite))
        })
    }

    /// Changes the given members of an invitation; with `hours` it lasts so long from now on.
    /// Whom it invites stays: who has its key may not become somebody else.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`], also if it is over; [`CatalogError::Invalid`].
    pub fn update_invite(
        &self,
        org: OrgId,
        id: Uuid,
        body: &Map<String, Value>,
        actor: &Actor,
    ) -> Result<(), CatalogError> {
        let hours = hours(body)?;
        self.write(|write| {
            let pending = pending(&write.transaction, org, write.now)?;
            let old = pending.into_iter().find(|it| it.id == id).ok_or(CatalogError::NotFound)?;
            let mut invite = old.invite;
            let before = invite.told();
            let email = body.get("email").and_then(Value::as_str);
            if email.is_some_and(|email| email.trim().to_lowercase() != invite.email) {
                return Err(CatalogError::invalid("email", "whom it invites stays"));
            }
            let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
            invite.first_name = text("first_name").unwrap_or(invite.first_name);
            invite.last_name = text("last_name").unwrap_or(invite.last_name);
            if body.contains_key("privileges") {
                invite.grants = token::grants(org, body)?;
            }
            super::check_grants(write, org, &invite.grants)?;
            let expires =
                hours.map_or(old.expires, |hours| write.now + Micros::from_mins(hours * 60));
            let stored = serde_json::to_string(&invite).map_err(CatalogError::stored("invite"))?;
            write.transaction.execute(
                "UPDATE invites SET body = ?2, expires = ?3 WHERE id = ?1",
                params![id.to_string(), stored, expires.0],
            )?;
            let message = format!("Update Invite \"{}\"", invite.email);
            write.note(org, actor, message, (Some(&before), Some(&invite.told())))
        })
    }

    /// The invitations of an org that can be taken, the first to end first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn invites(&self, org: OrgId) -> Result<Vec<PendingInvite>, CatalogError> {
        pending(&self.lock(), org, self.now())
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`].
    pub fn uninvite(&self, org: OrgId, id: Uuid, actor: &Actor) -> Result<(), CatalogError> {
        self.write(|write| {
            let gone: Option<String> = write
                .transaction
                .query_row(
                    "DELETE FROM invites WHERE id = ?1 AND org_id = ?2 RETURNING body",
                    params![id.to_string(), org.to_string()],
                    |row| row.get(0),
                )
                .optional()?;
            let gone = gone.ok_or(CatalogError::NotFound)?;
            let invite: Invite =
                serde_json::from_str(&gone).map_err(CatalogError::stored("invite"))?;
            let message = format!("Revoke Invite \"{}\"", invite.email);
            write.note(org, actor, message, (Some(&invite.told()), None))
        })
    }

    /// Who is invited with this key, and whether that is somebody already.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] if there is no such invitation, or it is over.
    pub fn invited(&self, key: &str) -> Result<(String, bool), CatalogError> {
        let connection = self.lock();
        let mut query = connection
            .prepare_cached("SELECT body FROM invites WHERE hash = ?1 AND expires > ?2")?;
        let body: Option<String> =
            query.query_row(params![hash(key), self.now().0], |row| row.get(0)).optional()?;
        let body = body.ok_or(CatalogError::NotFound)?;
        let invite: Invite = serde_json::from_str(&body).map_err(CatalogError::stored("invite"))?;
        let is_known = find(&connection, &self.sealer, "email", &invite.email)?.is_some();
        Ok((invite.email, is_known))
    }

    /// Takes an invitation. Somebody new gets this password; whoever is known already has proved
    /// to be that before.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] if there is none, or it is over; [`CatalogError::Invalid`].
    pub fn accept_invite(
        &self,
        key: &str,
        password: &str,
        from: &Actor,
    ) -> Result<OrgId, CatalogError> {
        self.write_admins(|write| {
            let taken: Option<(String, String)> = write
                .transaction
                .query_row(
                    "DELETE FROM invites WHERE hash = ?1 AND expires > ?2 RETURNING org_id, body",
                    params![hash(key), write.now.0],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            let (org, body) = taken.ok_or(CatalogError::NotFound)?;
            let org = OrgId(Uuid::try_parse(&org).unwrap_or_default());
            let invite: Invite =
                serde_json::from_str(&body).map_err(CatalogError::stored("invite"))?;
            super::check_grants(write, org, &invite.grants)?;
            let admin = match find(&write.transaction, write.sealer, "email", &invite.email)? {
                Some(mut admin) => {
                    admin.grants.retain(|grant| grant.org_id != org);
                    admin.grants.extend(&invite.grants);
                    admin.put(write)?;
                    admin
                }
                None => {
                    let patch = AdminPatch {
                        first_name: Some(invite.first_name),
                        last_name: Some(invite.last_name),
                        password: Some(password.into()),
                        phone: None,
                    };
                    new_admin(write, &invite.email, patch, invite.grants)?
                }
            };
            let actor = admin.principal().actor(from.src_ip.clone(), from.user_agent.clone());
            let message = format!("Add Admin \"{}\"", admin.email);
            write.note(org, &actor, message, (None, Some(&admin.told_to(org))))?;
            Ok(org)
        })
    }
}
