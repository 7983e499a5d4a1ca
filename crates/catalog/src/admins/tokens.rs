//! Tokens that an administrator makes for itself: they may what it may.

use super::find;
use super::sessions::admin_id;
use crate::auth::{NewToken, hash, new_key};
use crate::catalog::{Catalog, new_id};
use crate::error::CatalogError;
use crate::write::Write;
use foghorn_model::{Actor, AdminId, Timestamp, TokenId};
use rusqlite::{OptionalExtension, params};
use serde_json::{Map, Value};
use uuid::Uuid;

/// How many an administrator may have.
const TOKENS_MAX: usize = 100;
const NAME_BYTES_MAX: usize = 255;

/// A personal token, without its key.
#[derive(Clone, Debug)]
pub struct PersonalToken {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub admin_id: AdminId,
    /// What it is called.
    pub name: String,
    /// The beginning and the end of its key.
    pub hint: String,
    /// When it was made.
    pub created: Timestamp,
}

impl Catalog {
    /// Makes a token; this is the only time that its key can be seen.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] names the field.
    pub fn create_personal_token(
        &self,
        admin: AdminId,
        name: &str,
        actor: &Actor,
    ) -> Result<(NewToken, PersonalToken), CatalogError> {
        check_name(name)?;
        if self.personal_tokens(admin)?.len() >= TOKENS_MAX {
            return Err(CatalogError::Conflict(format!("there are {TOKENS_MAX} tokens already")));
        }
        let (key, id) = (new_key()?, TokenId(new_id()?));
        let token = self.write_admins(|write| {
            let token = PersonalToken {
                id,
                admin_id: admin,
                name: name.into(),
                hint: format!("{}...{}", &key[..4], &key[key.len() - 4..]),
                created: write.now,
            };
            write.transaction.execute(
                "INSERT INTO admin_tokens (id, admin_id, hash, name, hint, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    id.to_string(),
                    admin.to_string(),
                    hash(&key),
                    token.name,
                    token.hint,
                    token.created.0
                ],
            )?;
            tell(write, admin, actor, ("Add", name), (None, Some(name)))?;
            Ok(token)
        })?;
        Ok((NewToken { id, key }, token))
    }

    /// The tokens of an administrator.
    ///
    /// # Errors
    /// If the database fails.
    pub fn personal_tokens(&self, admin: AdminId) -> Result<Vec<PersonalToken>, CatalogError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT id, admin_id, name, hint, created FROM admin_tokens
             WHERE admin_id = ?1 ORDER BY created, id",
        )?;
        let rows = query.query_map([admin.to_string()], |row| {
            Ok(PersonalToken {
                id: TokenId(Uuid::try_parse(&row.get::<_, String>(0)?).unwrap_or_default()),
                admin_id: admin_id(&row.get::<_, String>(1)?),
                name: row.get(2)?,
                hint: row.get(3)?,
                created: Timestamp(row.get(4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gives a token another name.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] if the administrator has no such token.
    pub fn rename_personal_token(
        &self,
        admin: AdminId,
        id: TokenId,
        name: &str,
        actor: &Actor,
    ) -> Result<(), CatalogError> {
        check_name(name)?;
        self.write_admins(|write| {
            let before = name_of(write, admin, id)?;
            write.transaction.execute(
                "UPDATE admin_tokens SET name = ?2 WHERE id = ?1",
                params![id.to_string(), name],
            )?;
            tell(write, admin, actor, ("Update", name), (Some(&before), Some(name)))
        })
    }

    /// Revokes a token, at once.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] if the administrator has no such token.
    pub fn delete_personal_token(
        &self,
        admin: AdminId,
        id: TokenId,
        actor: &Actor,
    ) -> Result<(), CatalogError> {
        self.write_admins(|write| {
            let name = name_of(write, admin, id)?;
            write
                .transaction
                .execute("DELETE FROM admin_tokens WHERE id = ?1", [id.to_string()])?;
            tell(write, admin, actor, ("Delete", &name), (Some(&name), None))
        })
    }
}

fn name_of(write: &Write<'_>, admin: AdminId, id: TokenId) -> Result<String, CatalogError> {
    let query = "SELECT name FROM admin_tokens WHERE id = ?1 AND admin_id = ?2";
    let of = params![id.to_string(), admin.to_string()];
    let name = write.transaction.query_row(query, of, |row| row.get(0)).optional()?;
    name.ok_or(CatalogError::NotFound)
}

/// Tells the orgs of the administrator.
fn tell(
    write: &mut Write<'_>,
    admin: AdminId,
    actor: &Actor,
    (verb, name): (&str, &str),
    (before, after): (Option<&str>, Option<&str>),
) -> Result<(), CatalogError> {
    let admin = find(&write.transaction, write.sealer, "id", &admin.to_string())?;
    let admin = admin.ok_or(CatalogError::NotFound)?;
    let named = |name: &str| Map::from_iter([("name".to_owned(), Value::from(name))]);
    let (before, after) = (before.map(named), after.map(named));
    let message = format!("{verb} User Token \"{name}\"");
    admin.tell_orgs(write, actor, &message, (before.as_ref(), after.as_ref()))
}

fn check_name(name: &str) -> Result<(), CatalogError> {
    if name.len() > NAME_BYTES_MAX {
        return Err(CatalogError::invalid("name", format!("longer than {NAME_BYTES_MAX} bytes")));
    }
    Ok(())
}
