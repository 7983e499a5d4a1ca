//! Documents as they are stored, and as they are answered.

use crate::admins::Admin;
use crate::auth::{Principals, from_hex};
use crate::catalog::{Document, Scope};
use crate::error::CatalogError;
use crate::images::IMAGE;
use crate::objects::{self, Kind};
use crate::seal::Sealer;
use crate::view::ConfigView;
use foghorn_model::{OrgId, SiteId, Timestamp, TokenId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use uuid::Uuid;

impl Document {
    /// A text member, empty when there is none.
    pub fn text(&self, key: &str) -> &str {
        self.body.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it is called: by its name, or by what else tells it apart.
    pub fn title(&self) -> &str {
        let keys = ["name", "ssid", "mac"];
        keys.into_iter().map(|key| self.text(key)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The object as the API answers it: its members and what every object has. Without `secrets`
    /// those are masked.
    pub fn to_json(&self, secrets: bool) -> Value {
        let mut body = self.body.clone();
        if let (Some(version), Some(site)) = (body.get(IMAGE), self.site_id) {
            let url = format!("/api/v1/sites/{site}/maps/{}/image?v={version}", self.id);
            body.insert("url".into(), json!(url));
        }
        body.retain(|key, _| !key.starts_with('$') && key != "key_hash");
        if !secrets {
            crate::seal::redact(&mut body);
        }
        body.insert("id".into(), json!(self.id));
        body.insert("org_id".into(), json!(self.org_id));
        // A site is itself, and a device is told to be of none.
        let tells = self.site_id.is_some() || self.kind == Kind::Device;
        if tells && self.kind != Kind::Site {
            body.insert("site_id".into(), json!(self.site_id));
        }
        if !matches!(self.kind, Kind::Org | Kind::Site | Kind::Token | Kind::Device) {
            body.insert("for_site".into(), json!(self.site_id.is_some()));
        }
        body.insert("created_time".into(), json!(self.created.secs()));
        body.insert("modified_time".into(), json!(self.modified.secs()));
        Value::Object(body)
    }
}

pub(crate) struct Raw {
    id: String,
    org_id: String,
    site_id: Option<String>,
    body: String,
    version: i64,
    created: i64,
    modified: i64,
}

impl Raw {
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            org_id: row.get(1)?,
            site_id: row.get(2)?,
            body: row.get(3)?,
            version: row.get(4)?,
            created: row.get(5)?,
            modified: row.get(6)?,
        })
    }

    pub(crate) fn document(self, kind: Kind, sealer: &Sealer) -> Result<Document, CatalogError> {
        let mut body: Map<String, Value> =
            serde_json::from_str(&self.body).map_err(CatalogError::stored("document"))?;
        let id = parse_id(&self.id);
        sealer.open_all(&place(kind, id), &mut body)?;
        Ok(Document {
            kind,
            id,
            org_id: OrgId(parse_id(&self.org_id)),
            site_id: self.site_id.as_deref().map(|site| SiteId(parse_id(site))),
            body,
            version: self.version,
            created: Timestamp(self.created),
            modified: Timestamp(self.modified),
        })
    }
}

pub(crate) fn read(
    connection: &Connection,
    sealer: &Sealer,
    kind: Kind,
    id: Uuid,
) -> Result<Option<Document>, CatalogError> {
    let mut query = connection.prepare_cached(
        "SELECT id, org_id, site_id, body, version, created, modified FROM documents
         WHERE kind = ?1 AND id = ?2",
    )?;
    let raw = query.query_row(params![kind.name(), id.to_string()], Raw::read).optional()?;
    raw.map(|raw| raw.document(kind, sealer)).transpose()
}

/// Everything that views are made of.
pub(crate) fn load(
    connection: &Connection,
    sealer: &Sealer,
) -> Result<(ConfigView, Principals), CatalogError> {
    let seq: i64 = connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM changes")?
        .query_row([], |row| row.get(0))?;
    let mut view = ConfigView::of_seq(u64::try_from(seq).unwrap_or(0));
    let mut principals = Principals::new();
    let mut query = connection.prepare_cached(
        "SELECT id, org_id, site_id, body, version, created, modified, kind FROM documents
         WHERE kind IN
         ('org', 'site', 'device', 'webhook', 'org_setting', 'site_setting', 'token')",
    )?;
    let rows = query.query_map([], |row| Ok((Raw::read(row)?, row.get::<_, String>(7)?)))?;
    for row in rows {
        let (raw, kind) = row?;
        let Some(kind) = Kind::named(&kind) else { continue };
        let document = raw.document(kind, sealer)?;
        if kind == Kind::Token {
            let hash = from_hex(document.text("key_hash"));
            if let (Some(hash), Some(principal)) = (hash, objects::token::principal(&document)) {
                principals.insert(hash, Arc::new(principal));
            }
        } else {
            view.add(&document)?;
        }
    }
    view.finish();
    let mut query = connection.prepare_cached(
        "SELECT a.id, a.email, a.body, a.created, a.modified, t.id, t.hash
         FROM admin_tokens t JOIN admins a ON a.id = t.admin_id",
    )?;
    let rows = query.query_map([], |row| {
        Ok((Admin::read(row)?, row.get::<_, String>(5)?, row.get::<_, [u8; 32]>(6)?))
    })?;
    for row in rows {
        let (admin, token, hash) = row?;
        let mut principal = Admin::of_row(admin, sealer)?.principal();
        principal.token_id = TokenId(parse_id(&token));
        principal.in_person = false;
        principals.insert(hash, Arc::new(principal));
    }
    Ok((view, principals))
}

pub(crate) fn within(document: &Document, scope: Scope) -> bool {
    document.org_id == scope.org && (scope.site.is_none() || document.site_id == scope.site)
        // What is of an org is not found through a site, nor what is of a site through its org.
        && (!document.kind.is_of_its_level() || document.site_id == scope.site)
}

pub(crate) fn place(kind: Kind, id: Uuid) -> String {
    format!("{}/{id}", kind.name())
}

fn parse_id(text: &str) -> Uuid {
    Uuid::try_parse(text).unwrap_or_default()
}

pub(crate) fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
