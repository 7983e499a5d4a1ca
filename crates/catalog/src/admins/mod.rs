//! Administrators: people who log in, and what they may do in which orgs.
//!
//! A password is kept as argon2id, the secret of the second factor sealed; sessions, personal
//! tokens and invites by the hash of what their owner presents. What concerns an org is a change
//! of it, with an audit; what concerns only the person is not.

mod factors;
mod invites;
mod sessions;
mod tokens;
mod uses;

pub use invites::{Invite, NewInvite, PendingInvite};
pub use sessions::{NewSession, Session};
pub use tokens::PersonalToken;
pub(crate) use uses::Uses;

use crate::auth::{Grant, Principal, Role};
use crate::catalog::{Catalog, Document, Scope, new_id};
use crate::error::CatalogError;
use crate::noting::Told;
use crate::objects::{Kind, token};
use crate::seal::Sealer;
use crate::write::Write;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use foghorn_model::{Actor, AdminId, OrgId, SiteId, Timestamp, TokenId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

/// The shortest and the longest password in bytes (NIST SP 800-63B asks for eight characters).
const PASSWORD_BYTES: (usize, usize) = (8, 256);
/// No address of mail is longer (RFC 5321).
pub const EMAIL_BYTES_MAX: usize = 254;

/// An administrator.
#[derive(Clone, Debug)]
pub struct Admin {
    /// The id.
    pub id: AdminId,
    /// The address that it logs in with, in lower case.
    pub email: String,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// A telephone number.
    pub phone: String,
    /// What it may do, and where.
    pub grants: Vec<Grant>,
    /// Whether a login needs a second factor.
    pub two_factor: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Members that are kept and told to nobody: the hash of the password, the secret of the
    /// second factor.
    hidden: Map<String, Value>,
}

/// What an administrator says of itself. What is absent stays.
#[derive(Clone, Debug, Default)]
pub struct AdminPatch {
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// A new password.
    pub password: Option<String>,
}

const PASSWORD: &str = "password_hash";
const FACTOR: &str = "two_factor_secret";
/// What an unknown address is checked against, so that it takes as long as a known one.
static NOBODY: LazyLock<String> = LazyLock::new(|| hashed("nobody has this").unwrap_or_default());

impl Admin {
    /// As an audit names it: `Given Family mail@host`.
    pub fn title(&self) -> String {
        let parts = [&self.first_name, &self.last_name, &self.email];
        let parts: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
        parts.join(" ")
    }

    /// Whoever acts with all rights of it.
    pub(crate) fn principal(&self) -> Principal {
        Principal {
            token_id: TokenId(self.id.0),
            name: self.title(),
            admin: Some(self.id),
            in_person: true,
            grants: self.grants.clone(),
            src_ips: Vec::new(),
        }
    }

    /// It, acting.
    pub fn acts(&self) -> Arc<Principal> {
        Arc::new(self.principal())
    }

    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<(String, String, String, i64, i64)> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    }

    pub(crate) fn of_row(
        (id, email, body, created, modified): (String, String, String, i64, i64),
        sealer: &Sealer,
    ) -> Result<Self, CatalogError> {
        let mut body: Map<String, Value> =
            serde_json::from_str(&body).map_err(CatalogError::stored("admin"))?;
        sealer.open_all(&place(&id), &mut body)?;
        let mut take = |key: &str| match body.remove(key) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let (first_name, last_name, phone) = (take("first_name"), take("last_name"), take("phone"));
        let grants = body.remove("grants").unwrap_or_default();
        Ok(Self {
            id: AdminId(Uuid::try_parse(&id).unwrap_or_default()),
            email,
            first_name,
            last_name,
            phone,
            grants: serde_json::from_value(grants).map_err(CatalogError::stored("admin"))?,
            two_factor: body.contains_key(FACTOR),
            created: Timestamp(created),
            modified: Timestamp(modified),
            hidden: body,
        })
    }

    fn put(&self, write: &Write<'_>) -> Result<(), CatalogError> {
        let mut body = self.hidden.clone();
        body.insert("first_name".into(), json!(self.first_name));
        body.insert("last_name".into(), json!(self.last_name));
        body.insert("phone".into(), json!(self.phone));
        body.insert("grants".into(), json!(self.grants));
        let id = self.id.to_string();
        write.sealer.seal(&place(&id), &mut body)?;
        write.transaction.execute(
            "INSERT INTO admins (id, email, body, created, modified) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET body = ?3, modified = ?5",
            params![id, self.email, Value::Object(body).to_string(), self.created.0, write.now.0],
        )?;
        Ok(())
    }

    /// What audits tell of it; what is secret of that only that it changed.
    fn told(&self) -> Map<String, Value> {
        let members = [
            ("first_name", Some(json!(self.first_name))),
            ("last_name", Some(json!(self.last_name))),
            ("phone", Some(json!(self.phone))),
            ("password", self.hidden.get(PASSWORD).cloned()),
            (FACTOR, self.hidden.get(FACTOR).cloned()),
        ];
        members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }

    /// What audits of an org tell of what it may do there.
    fn told_to(&self, org: OrgId) -> Map<String, Value> {
        let grants = self.grants.iter().filter(|it| it.org_id == org);
        Map::from_iter([("privileges".to_owned(), privileges(grants))])
    }

    /// Tells each org that it may enter what it did to itself.
    fn tell_orgs(
        &self,
        write: &mut Write<'_>,
        actor: &Actor,
        message: &str,
        told: Told<'_>,
    ) -> Result<(), CatalogError> {
        let orgs: BTreeSet<OrgId> = self.grants.iter().map(|grant| grant.org_id).collect();
        orgs.into_iter().try_for_each(|org| write.note(org, actor, message.into(), told))
    }

    /// Whether what lets one in is the same as it was then.
    fn is_let_in_as(&self, then: &Self) -> bool {
        [PASSWORD, FACTOR].iter().all(|key| self.hidden.get(*key) == then.hidden.get(*key))
    }

    fn set_password(&mut self, password: &str) -> Result<(), CatalogError> {
        let (min, max) = PASSWORD_BYTES;
        if !(min..=max).contains(&password.len()) {
            let reason = format!("not of {min} to {max} bytes");
            return Err(CatalogError::invalid("password", reason));
        }
        self.hidden.insert(PASSWORD.into(), hashed(password)?.into());
        Ok(())
    }
}

impl Catalog {
    /// Whether there is nobody yet: no administrator and no org.
    ///
    /// # Errors
    /// If the database fails.
    pub fn is_empty(&self) -> Result<bool, CatalogError> {
        is_empty(&self.lock())
    }

    /// Makes the first administrator of all, with an org as [`Catalog::create_first_org`] makes it.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] if somebody is there already; [`CatalogError::Invalid`].
    pub fn set_up(
        &self,
        email: &str,
        patch: AdminPatch,
        org_name: &str,
        site_name: Option<&str>,
        from: &Actor,
    ) -> Result<(Admin, OrgId, Option<SiteId>), CatalogError> {
        let org = OrgId(new_id()?);
        self.write_admins(|write| {
            if !is_empty(&write.transaction)? {
                return Err(CatalogError::NotFound);
            }
            let grant = Grant { org_id: org, site_id: None, role: Role::Admin };
            let admin = new_admin(write, email, patch, vec![grant])?;
            let actor = admin.principal().actor(from.src_ip.clone(), from.user_agent.clone());
            let site = write.create_first_org(org, &actor, org_name, site_name)?;
            Ok((admin, org, site))
        })
    }

    /// Makes an org, with an administrator who may do everything in it.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] names the field.
    pub fn create_org_of(
        &self,
        actor: &Actor,
        id: AdminId,
        body: Map<String, Value>,
    ) -> Result<Document, CatalogError> {
        let org = OrgId(new_id()?);
        self.write_admins(|write| {
            let scope = Scope { org, site: None };
            let document = write.create(Kind::Org, org.0, scope, actor, body)?;
            let admin = find(&write.transaction, write.sealer, "id", &id.to_string())?;
            let mut admin = admin.ok_or(CatalogError::NotFound)?;
            admin.grants.push(Grant { org_id: org, site_id: None, role: Role::Admin });
            admin.put(write)?;
            Ok(document)
        })
    }

    /// An administrator.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`].
    pub fn admin(&self, id: AdminId) -> Result<Admin, CatalogError> {
        find(&self.lock(), &self.sealer, "id", &id.to_string())?.ok_or(CatalogError::NotFound)
    }

    /// The administrators of an org: those who may do anything in it.
    ///
    /// # Errors
    /// If the database fails.
    pub fn admins_of(&self, org: OrgId) -> Result<Vec<Admin>, CatalogError> {
        admins_of(&self.lock(), &self.sealer, org)
    }

    /// The administrator with this address and password. It takes as long when there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub fn verify_password(
        &self,
        email: &str,
        password: &str,
    ) -> Result<Option<Admin>, CatalogError> {
        let email = email.trim().to_lowercase();
        let admin = find(&self.lock(), &self.sealer, "email", &email)?;
        let kept = admin.as_ref().and_then(|it| it.hidden.get(PASSWORD)?.as_str());
        let hash = PasswordHash::new(kept.unwrap_or(&NOBODY));
        let fits = hash.is_ok_and(|hash| {
            Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
        });
        Ok(admin.filter(|_| fits && password.len() <= PASSWORD_BYTES.1))
    }

    /// Changes what an administrator says of itself. A new password is taken of the one who has
    /// shown the present one, as whom it was `verified`; it ends all sessions.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] names the field.
    pub fn update_admin(
        &self,
        id: AdminId,
        patch: AdminPatch,
        verified: Option<&Admin>,
        actor: &Actor,
    ) -> Result<Admin, CatalogError> {
        self.change_admin(id, actor, |write, admin| {
            if patch.password.is_some() {
                if !verified.is_some_and(|then| then.id == id && admin.is_let_in_as(then)) {
                    return Err(CatalogError::invalid("current_password", "not the present one"));
                }
                sessions::end_all(write, id)?;
            }
            apply(admin, patch)
        })
    }

    /// Deletes an administrator, with its sessions, its tokens and what it is invited to.
    ///
    /// # Errors
    /// [`CatalogError::LastAdmin`] names an org that would have none; [`CatalogError::NotFound`].
    pub fn delete_admin(&self, id: AdminId, actor: &Actor) -> Result<(), CatalogError> {
        self.write_admins(|write| {
            let admin = find(&write.transaction, write.sealer, "id", &id.to_string())?;
            let admin = admin.ok_or(CatalogError::NotFound)?;
            let orgs: BTreeSet<OrgId> = admin.grants.iter().map(|grant| grant.org_id).collect();
            for org in &orgs {
                if is_last(write, *org, id)? {
                    return Err(CatalogError::LastAdmin(*org));
                }
            }
            sessions::end_all(write, id)?;
            for query in
                ["DELETE FROM admin_tokens WHERE admin_id = ?1", "DELETE FROM admins WHERE id = ?1"]
            {
                write.transaction.execute(query, [id.to_string()])?;
            }
            write.transaction.execute(
                "DELETE FROM invites WHERE instr(body, ?1)",
                [json!(admin.email).to_string()],
            )?;
            for org in orgs {
                let message = format!("Delete Admin \"{}\"", admin.email);
                write.note(org, actor, message, (Some(&admin.told_to(org)), None))?;
            }
            Ok(())
        })
    }

    /// Lets an administrator do this in an org, and nothing else there; nothing at all takes it
    /// out of the org.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] if it is nobody of the org.
    pub fn grant(
        &self,
        org: OrgId,
        id: AdminId,
        privileges: Option<&Map<String, Value>>,
        actor: &Actor,
    ) -> Result<Admin, CatalogError> {
        let grants = privileges.map_or(Ok(Vec::new()), |body| token::grants(org, body))?;
        self.write_admins(|write| {
            check_grants(write, org, &grants)?;
            if !rules(org, &grants) && is_last(write, org, id)? {
                return Err(CatalogError::LastAdmin(org));
            }
            let admin = find(&write.transaction, write.sealer, "id", &id.to_string())?;
            let in_org = |admin: &Admin| admin.grants.iter().any(|it| it.org_id == org);
            let mut admin = admin.filter(in_org).ok_or(CatalogError::NotFound)?;
            let before = admin.told_to(org);
            admin.grants.retain(|grant| grant.org_id != org);
            admin.grants.extend(&grants);
            admin.put(write)?;
            // What was handed out before is not a way back.
            write.transaction.execute(
                "DELETE FROM invites WHERE org_id = ?1 AND instr(body, ?2)",
                params![org.to_string(), json!(admin.email).to_string()],
            )?;
            let verb = if grants.is_empty() { "Revoke" } else { "Update" };
            let message = format!("{verb} Admin \"{}\"", admin.email);
            write.note(org, actor, message, (Some(&before), Some(&admin.told_to(org))))?;
            Ok(admin)
        })
    }

    /// Changes an administrator, and tells each org that it may enter.
    fn change_admin(
        &self,
        id: AdminId,
        actor: &Actor,
        act: impl FnOnce(&Write<'_>, &mut Admin) -> Result<(), CatalogError>,
    ) -> Result<Admin, CatalogError> {
        self.write_admins(|write| {
            let admin = find(&write.transaction, write.sealer, "id", &id.to_string())?;
            let mut admin = admin.ok_or(CatalogError::NotFound)?;
            let before = admin.told();
            act(write, &mut admin)?;
            admin.put(write)?;
            let after = admin.told();
            if before != after {
                let message = format!("Update Admin \"{}\"", admin.email);
                admin.tell_orgs(write, actor, &message, (Some(&before), Some(&after)))?;
            }
            Ok(admin)
        })
    }
}

/// What grants say in audits.
fn privileges<'a>(grants: impl Iterator<Item = &'a Grant>) -> Value {
    let privilege = |grant: &Grant| match grant.site_id {
        None => json!({ "scope": "org", "role": grant.role.name() }),
        Some(site) => json!({ "scope": "site", "site_id": site, "role": grant.role.name() }),
    };
    grants.map(privilege).collect()
}

/// Whether these grants let one do everything in an org.
fn rules(org: OrgId, grants: &[Grant]) -> bool {
    let whole = |grant: &Grant| grant.org_id == org && grant.site_id.is_none();
    grants.iter().any(|grant| whole(grant) && grant.role == Role::Admin)
}

/// Whether nobody else may do everything in an org.
fn is_last(write: &Write<'_>, org: OrgId, id: AdminId) -> Result<bool, CatalogError> {
    let admins = admins_of(&write.transaction, write.sealer, org)?;
    let mut ruling = admins.iter().filter(|admin| rules(org, &admin.grants));
    Ok(ruling.clone().any(|admin| admin.id == id) && ruling.all(|admin| admin.id == id))
}

/// Takes what was granted in an org, or at a site of it, back from everybody: it is gone.
pub(crate) fn forget_place(
    write: &Write<'_>,
    org: OrgId,
    site: Option<SiteId>,
) -> Result<(), CatalogError> {
    for mut admin in admins_of(&write.transaction, write.sealer, org)? {
        let before = admin.grants.len();
        let is_there = |it: &Grant| it.org_id == org && (site.is_none() || it.site_id == site);
        admin.grants.retain(|grant| !is_there(grant));
        if admin.grants.len() < before {
            admin.put(write)?;
        }
    }
    Ok(())
}

fn admins_of(
    connection: &Connection,
    sealer: &Sealer,
    org: OrgId,
) -> Result<Vec<Admin>, CatalogError> {
    let mut query = connection.prepare_cached(
        "SELECT id, email, body, created, modified FROM admins
         WHERE instr(body, ?1) ORDER BY email",
    )?;
    let rows = query.query_map([org.to_string()], Admin::read)?;
    let admins = rows.map(|row| Admin::of_row(row?, sealer));
    let mut admins = admins.collect::<Result<Vec<_>, _>>()?;
    admins.retain(|admin| admin.grants.iter().any(|grant| grant.org_id == org));
    Ok(admins)
}

/// Nothing is granted in an org that is gone, nor at a site that is not its own.
fn check_grants(write: &Write<'_>, org: OrgId, grants: &[Grant]) -> Result<(), CatalogError> {
    write.check_scope(Scope { org, site: None })?;
    for site in grants.iter().filter_map(|grant| grant.site_id) {
        if write.check_scope(Scope { org, site: Some(site) }).is_err() {
            let reason = format!("the org has no site {site}");
            return Err(CatalogError::invalid("privileges", reason));
        }
    }
    Ok(())
}

fn apply(admin: &mut Admin, patch: AdminPatch) -> Result<(), CatalogError> {
    let texts = [
        ("first_name", patch.first_name, &mut admin.first_name),
        ("last_name", patch.last_name, &mut admin.last_name),
        ("phone", patch.phone, &mut admin.phone),
    ];
    for (key, text, kept) in texts {
        if let Some(text) = text {
            if text.len() > EMAIL_BYTES_MAX {
                return Err(CatalogError::invalid(key, "too long"));
            }
            *kept = text;
        }
    }
    patch.password.map_or(Ok(()), |password| admin.set_password(&password))
}

pub(crate) fn new_admin(
    write: &Write<'_>,
    email: &str,
    patch: AdminPatch,
    grants: Vec<Grant>,
) -> Result<Admin, CatalogError> {
    let email = checked_email(email)?;
    if find(&write.transaction, write.sealer, "email", &email)?.is_some() {
        return Err(CatalogError::invalid("email", "it is taken"));
    }
    if patch.password.is_none() {
        return Err(CatalogError::invalid("password", "it is missing"));
    }
    let mut admin = Admin {
        id: AdminId(new_id()?),
        email,
        first_name: String::new(),
        last_name: String::new(),
        phone: String::new(),
        grants,
        two_factor: false,
        created: write.now,
        modified: write.now,
        hidden: Map::new(),
    };
    apply(&mut admin, patch)?;
    admin.put(write)?;
    Ok(admin)
}

fn is_empty(connection: &Connection) -> Result<bool, CatalogError> {
    let query = "SELECT NOT EXISTS (SELECT 1 FROM admins)
                 AND NOT EXISTS (SELECT 1 FROM documents)";
    Ok(connection.query_row(query, [], |row| row.get(0))?)
}

/// An address in lower case.
fn checked_email(email: &str) -> Result<String, CatalogError> {
    let email = email.trim().to_lowercase();
    let parts = email.split_once('@');
    let is_one = parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        && email.len() <= EMAIL_BYTES_MAX
        && !email.contains(char::is_whitespace)
        && !email.contains(char::is_control);
    if is_one { Ok(email) } else { Err(CatalogError::invalid("email", "not an address")) }
}

pub(crate) fn find(
    connection: &Connection,
    sealer: &Sealer,
    column: &'static str,
    value: &str,
) -> Result<Option<Admin>, CatalogError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT id, email, body, created, modified FROM admins WHERE {column} = ?1"
    ))?;
    let row = query.query_row([value], Admin::read).optional()?;
    row.map(|row| Admin::of_row(row, sealer)).transpose()
}

fn place(id: &str) -> String {
    format!("admin/{id}")
}

fn hashed(password: &str) -> Result<String, CatalogError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    let hash = hash.map_err(|error| CatalogError::Secrets(format!("password: {error}")))?;
    Ok(hash.to_string())
}

impl serde::Serialize for Grant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.org_id, self.site_id, self.role.name()).serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Grant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (org_id, site_id, role): (_, _, String) =
            serde::Deserialize::deserialize(deserializer)?;
        let role = Role::named(&role).ok_or_else(|| serde::de::Error::custom("no such role"))?;
        Ok(Self { org_id, site_id, role })
    }
}
