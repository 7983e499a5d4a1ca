//! A write under way: what one transaction does to documents and changes.

use crate::catalog::{Document, Scope};
use crate::changes::difference;
use crate::error::CatalogError;
use crate::objects::{self, Kind};
use crate::seal::Sealer;
use crate::stored::{place, read, signed, within};
use foghorn_model::{Actor, Audit, Change, OrgId, Timestamp};
use rusqlite::{Transaction, params};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A write under way.
pub(crate) struct Write<'c> {
    pub(crate) transaction: Transaction<'c>,
    pub(crate) sealer: &'c Sealer,
    /// The sequence number that its change will have.
    pub(crate) seq: u64,
    pub(crate) now: Timestamp,
    pub(crate) changed: bool,
}

impl Write<'_> {
    /// Commits; says whether anything changed.
    pub(crate) fn commit(self) -> Result<bool, CatalogError> {
        self.transaction.commit()?;
        Ok(self.changed)
    }

    pub(crate) fn find(&self, kind: Kind, id: Uuid) -> Result<Option<Document>, CatalogError> {
        read(&self.transaction, self.sealer, kind, id)
    }

    pub(crate) fn get(&self, kind: Kind, scope: Scope, id: Uuid) -> Result<Document, CatalogError> {
        let document = self.find(kind, id)?.ok_or(CatalogError::NotFound)?;
        if within(&document, scope) { Ok(document) } else { Err(CatalogError::NotFound) }
    }

    pub(crate) fn check_scope(&self, scope: Scope) -> Result<(), CatalogError> {
        let org = Scope { org: scope.org, site: None };
        self.get(Kind::Org, org, scope.org.0)?;
        if let Some(site) = scope.site {
            self.get(Kind::Site, org, site.0)?;
        }
        Ok(())
    }

    /// A topic is subscribed from the change on that names it, or that enables the webhook.
    pub(crate) fn stamp_topics(&self, before: Option<&Document>, document: &mut Document) {
        if document.kind == Kind::Webhook {
            objects::webhook::stamp(before.map(|it| &it.body), &mut document.body, self.seq);
        }
    }

    pub(crate) fn put(&self, document: &Document) -> Result<(), CatalogError> {
        let mut body = document.body.clone();
        self.sealer.seal(&place(document.kind, document.id), &mut body)?;
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO documents (kind, id, org_id, site_id, body, version, created, modified)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (kind, id) DO UPDATE SET site_id = ?4, body = ?5, version = ?6,
                 modified = ?8",
        )?;
        statement.execute(params![
            document.kind.name(),
            document.id.to_string(),
            document.org_id.to_string(),
            document.site_id.map(|site| site.to_string()),
            Value::Object(body).to_string(),
            document.version,
            document.created.0,
            document.modified.0,
        ])?;
        Ok(())
    }

    pub(crate) fn remove(&self, document: &Document) -> Result<(), CatalogError> {
        let id = document.id.to_string();
        let of = |condition: &str| format!("DELETE FROM documents WHERE {condition}");
        match document.kind {
            Kind::Org => self.transaction.execute(&of("org_id = ?1"), [id])?,
            Kind::Site => {
                // Its devices go back to the org's inventory.
                self.transaction.execute(
                    "UPDATE documents SET site_id = NULL WHERE kind = 'device' AND site_id = ?1",
                    [&id],
                )?;
                self.transaction.execute(&of("site_id = ?1"), [id])?
            }
            _ => self
                .transaction
                .execute(&of("kind = ?1 AND id = ?2"), [document.kind.name(), id.as_str()])?,
        };
        Ok(())
    }

    pub(crate) fn change(
        &mut self,
        actor: &Actor,
        before: Option<&Document>,
        after: Option<&Document>,
    ) -> Result<(), CatalogError> {
        let Some(document) = after.or(before) else { return Ok(()) };
        let (was, is) = difference(before.map(|it| &it.body), after.map(|it| &it.body));
        let site = match document.kind {
            Kind::Device => document.site_id.or(before.and_then(|it| it.site_id)),
            _ => document.site_id,
        };
        let site_name = match site {
            Some(site) if document.kind != Kind::Site => {
                self.find(Kind::Site, site.0)?.map(|it| it.text("name").to_owned())
            }
            Some(_) => Some(document.text("name").to_owned()),
            None => None,
        };
        let settings = |kind, id| Ok(self.find(kind, id)?.map(|it| it.body).unwrap_or_default());
        let change = Change {
            seq: self.seq,
            at: self.now,
            org_id: document.org_id,
            updates: objects::updates(before, after, &settings, &|org| self.name_of_org(org))?,
            audit: Some(Audit {
                actor: actor.clone(),
                message: objects::message(before, after),
                site_id: site,
                site_name,
                device: objects::device_mac(document),
                before: was,
                after: is,
            }),
        };
        let body = serde_json::to_string(&change).map_err(CatalogError::stored("change"))?;
        self.transaction.execute(
            "INSERT INTO changes (seq, at, org_id, body) VALUES (?1, ?2, ?3, ?4)",
            params![signed(self.seq), self.now.0, document.org_id.to_string(), body],
        )?;
        self.changed = true;
        Ok(())
    }

    pub(crate) fn name_of_org(
        &self,
        org: OrgId,
    ) -> Result<Option<Map<String, Value>>, CatalogError> {
        Ok(self.find(Kind::Org, org.0)?.map(|it| it.body))
    }
}
