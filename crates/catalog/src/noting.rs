//! What a write says of itself: the changes that the journal takes over, with what the audit log
//! tells of them.

use crate::catalog::{Document, Scope};
use crate::changes::difference;
use crate::error::CatalogError;
use crate::objects::{self, Kind};
use crate::stored::signed;
use crate::write::Write;
use foghorn_model::{Actor, Audit, Change, OrgId};
use rusqlite::params;
use serde_json::{Map, Value};

/// What was before and after: the audit log has what differs, secrets masked.
pub(crate) type Told<'a> = (Option<&'a Map<String, Value>>, Option<&'a Map<String, Value>>);

impl Write<'_> {
    pub(crate) fn change(
        &mut self,
        actor: &Actor,
        before: Option<&Document>,
        after: Option<&Document>,
    ) -> Result<(), CatalogError> {
        let Some(document) = after.or(before) else { return Ok(()) };
        let told = |it: &Document| {
            let mut body = it.body.clone();
            if it.kind.is_inventory() {
                body.insert("site_id".into(), serde_json::json!(it.site_id));
            }
            body
        };
        let (was, is) = difference(before.map(told).as_ref(), after.map(told).as_ref());
        let site = match document.kind {
            kind if kind.is_inventory() => document.site_id.or(before.and_then(|it| it.site_id)),
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
        self.append(&change)
    }

    /// Notes something in the audit log of an org that is no change of an object, with what was
    /// before and after it.
    pub(crate) fn note(
        &mut self,
        org: OrgId,
        actor: &Actor,
        message: String,
        told: Told<'_>,
    ) -> Result<(), CatalogError> {
        self.note_at(Scope { org, site: None }, actor, message, told)
    }

    /// The same for a site.
    pub(crate) fn note_at(
        &mut self,
        scope: Scope,
        actor: &Actor,
        message: String,
        (before, after): Told<'_>,
    ) -> Result<(), CatalogError> {
        let (before, after) = difference(before, after);
        let site = scope.site.map(|site| self.find(Kind::Site, site.0)).transpose()?.flatten();
        let audit = Audit {
            actor: actor.clone(),
            message,
            site_id: scope.site,
            site_name: site.map(|site| site.text("name").to_owned()),
            device: None,
            before,
            after,
        };
        self.append(&Change {
            seq: self.seq,
            at: self.now,
            org_id: scope.org,
            updates: Vec::new(),
            audit: Some(audit),
        })
    }

    fn append(&mut self, change: &Change) -> Result<(), CatalogError> {
        let body = serde_json::to_string(change).map_err(CatalogError::stored("change"))?;
        self.transaction.execute(
            "INSERT INTO changes (seq, at, org_id, body) VALUES (?1, ?2, ?3, ?4)",
            params![signed(self.seq), self.now.0, change.org_id.to_string(), body],
        )?;
        self.seq += 1;
        self.changed = true;
        Ok(())
    }
}
