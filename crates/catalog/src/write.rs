//! A write under way: what one transaction does to documents and changes.

use crate::admins;
use crate::catalog::{Document, Import, Imported, Scope, new_id};
use crate::error::CatalogError;
use crate::objects::shape::{self, OnDelete};
use crate::objects::{self, KINDS, Kind};
use crate::seal::{REDACTED, Sealer, masked};
use crate::stored::{Raw, place, read, within};
use foghorn_model::time::Micros;
use foghorn_model::{Actor, OrgId, SiteId, Timestamp};
use rusqlite::{Transaction, params};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What becomes of an object when another is deleted.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It goes along.
    Goes(Document),
    /// It stays, and lets go of what goes.
    Stays { before: Document, after: Document },
}

/// A write under way.
pub(crate) struct Write<'c> {
    pub(crate) transaction: Transaction<'c>,
    pub(crate) sealer: &'c Sealer,
    /// The sequence number that its next change will have.
    pub(crate) seq: u64,
    pub(crate) now: Timestamp,
    pub(crate) changed: bool,
    /// Whether it may change who is who.
    pub(crate) principals: bool,
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

    /// Makes an object.
    pub(crate) fn create(
        &mut self,
        kind: Kind,
        id: Uuid,
        scope: Scope,
        actor: &Actor,
        mut body: Map<String, Value>,
    ) -> Result<Document, CatalogError> {
        if kind != Kind::Org {
            self.check_scope(scope)?;
        }
        if self.find(kind, id)?.is_some() {
            return Err(CatalogError::Conflict(format!("{} already exists", kind.noun())));
        }
        body.retain(|key, _| !key.starts_with('$'));
        objects::normalise(kind, &mut body);
        objects::validate(kind, scope, &body)?;
        check_masks(&mut body)?;
        let mut document = Document {
            kind,
            id,
            org_id: scope.org,
            site_id: if kind == Kind::Site { Some(SiteId(id)) } else { scope.site },
            body,
            version: 1,
            created: self.now,
            modified: self.now,
        };
        self.check_references(&document)?;
        self.stamp_topics(None, &mut document);
        self.put(&document)?;
        self.change(actor, None, Some(&document))?;
        Ok(document)
    }

    /// Replaces the given members of an object; the others stay.
    pub(crate) fn update(
        &mut self,
        kind: Kind,
        scope: Scope,
        id: Uuid,
        actor: &Actor,
        mut patch: Map<String, Value>,
    ) -> Result<Document, CatalogError> {
        let before = self.get(kind, scope, id)?;
        let mut document = before.clone();
        // What begins so is the catalog's own.
        patch.retain(|key, _| !key.starts_with('$'));
        let site = patch.remove("site_id").filter(|_| kind.is_inventory());
        document.site_id = objects::device::site(site, before.site_id)?;
        for (key, mut value) in patch {
            if let Some(old) = before.body.get(&key) {
                unmask(&mut value, old);
            }
            document.body.insert(key, value);
        }
        objects::normalise(kind, &mut document.body);
        let place = Scope { org: document.org_id, site: document.site_id };
        objects::validate(kind, place, &document.body)?;
        check_masks(&mut document.body)?;
        let moves = document.site_id != before.site_id;
        if moves {
            // What stood on a map of the one site stands on none of the other.
            if document.body.get("map_id") == before.body.get("map_id") {
                document.body.remove("map_id");
            }
            self.check_scope(place)?;
        }
        if document.body == before.body && !moves {
            return Ok(before);
        }
        self.check_references(&document)?;
        self.stamp_topics(Some(&before), &mut document);
        let document = self.replace(actor, &before, document)?;
        if let (true, Some(left)) = (moves, before.site_id) {
            self.leave_site(actor, &before, left)?;
        }
        Ok(document)
    }

    /// What a site has that refers to something that has moved away lets it go.
    fn leave_site(
        &mut self,
        actor: &Actor,
        gone: &Document,
        left: SiteId,
    ) -> Result<(), CatalogError> {
        for row in KINDS.iter().filter(|row| shape::may_refer(row.members, gone.kind)) {
            for before in self.of_org(row.kind, gone.org_id, Some(gone.id))? {
                if before.site_id != Some(left) {
                    continue;
                }
                let fate = match after_removal(&before, gone) {
                    Some(after) => Fate::Stays { before, after },
                    None => Fate::Goes(before),
                };
                self.carry_out(actor, fate, true)?;
            }
        }
        Ok(())
    }

    /// Makes an object of each row, or changes the one that has its key already.
    pub(crate) fn import(
        &mut self,
        kind: Kind,
        scope: Scope,
        actor: &Actor,
        rows: Vec<Map<String, Value>>,
        import: Import,
    ) -> Result<Imported, CatalogError> {
        self.check_scope(scope)?;
        let known = self.of_org(kind, scope.org, None)?.into_iter();
        let known = known.filter(|it| within(it, scope));
        let mut ids: BTreeMap<String, Uuid> =
            known.map(|it| (it.text(import.key).to_owned(), it.id)).collect();
        let mut done = Imported::default();
        for (number, mut row) in (1..).zip(rows) {
            // Lists are in the order of making: rows in theirs.
            self.now = self.now + Micros(1);
            objects::spell(kind, &mut row);
            let key = row.get(import.key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let taken = match ids.get(&key) {
                Some(id) if import.upsert => {
                    let updated = self.update(kind, scope, *id, actor, row);
                    updated.map(|document| done.updated.push(document))
                }
                Some(_) => Err(CatalogError::invalid(import.key, "it is there already")),
                None => self.create_new(kind, scope, actor, row).map(|document| {
                    ids.insert(key, document.id);
                    done.added.push(document);
                }),
            };
            match taken {
                Ok(()) => {}
                Err(CatalogError::Invalid { field, reason }) => {
                    done.errors.push((number, Some(field), reason));
                }
                Err(CatalogError::Conflict(reason)) => done.errors.push((number, None, reason)),
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Makes an object with an id of its own.
    pub(crate) fn create_new(
        &mut self,
        kind: Kind,
        scope: Scope,
        actor: &Actor,
        body: Map<String, Value>,
    ) -> Result<Document, CatalogError> {
        let id = objects::id_of(kind, &body)?.map_or_else(new_id, Ok)?;
        self.create(kind, id, scope, actor, body)
    }

    /// A topic is subscribed from the change on that names it, or that enables the webhook.
    pub(crate) fn stamp_topics(&self, before: Option<&Document>, document: &mut Document) {
        if document.kind == Kind::Webhook {
            objects::webhook::stamp(before.map(|it| &it.body), &mut document.body, self.seq);
        }
    }

    /// Stores the next version of a document.
    fn put_next(&self, document: &mut Document) -> Result<(), CatalogError> {
        document.version += 1;
        document.modified = self.now;
        self.put(document)
    }

    fn put(&self, document: &Document) -> Result<(), CatalogError> {
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

    /// Checks that what a document refers to is there, and within its reach: of its org, and of
    /// its site if it is of one.
    pub(crate) fn check_references(&self, document: &Document) -> Result<(), CatalogError> {
        let members = document.kind.row().members;
        for (key, kind, _, id) in shape::references(members, &document.body) {
            // What is of the org may refer to what is of any of its sites.
            let target = self.find(kind, id)?.filter(|target| {
                let of_site = document.site_id.filter(|_| document.kind != Kind::Site);
                target.org_id == document.org_id
                    && (of_site.is_none() || target.site_id.is_none_or(|it| of_site == Some(it)))
            });
            if target.is_none() {
                let reason = format!("there is no {} {id} here", kind.noun());
                return Err(CatalogError::invalid(key, reason));
            }
        }
        if document.kind == Kind::Webhook && objects::webhook::needs_marvis(&document.body) {
            let org = self.name_of_org(document.org_id)?.unwrap_or_default();
            if !objects::org::has_marvis(&org) {
                let reason = "client-latency needs a Marvis subscription";
                return Err(CatalogError::invalid("topics", reason));
            }
        }
        if document.kind == Kind::Webhook && objects::webhook::is_exclusive(&document.body) {
            let mut others = self.of_org(Kind::Webhook, document.org_id, None)?;
            others.retain(|it| it.id != document.id && it.site_id == document.site_id);
            objects::webhook::check_beside(document, &others)?;
        }
        Ok(())
    }

    /// The objects of a kind in an org; with `about`, those whose text has this id in it.
    fn of_org(
        &self,
        kind: Kind,
        org: OrgId,
        about: Option<Uuid>,
    ) -> Result<Vec<Document>, CatalogError> {
        let mut query = self.transaction.prepare_cached(
            "SELECT id, org_id, site_id, body, version, created, modified FROM documents
             WHERE kind = ?1 AND org_id = ?2 AND instr(body, ?3) ORDER BY created, id",
        )?;
        let about = about.map(|id| id.to_string()).unwrap_or_default();
        let rows = query.query_map(params![kind.name(), org.to_string(), about], Raw::read)?;
        rows.map(|row| row?.document(kind, self.sealer)).collect()
    }

    /// Everything of an org, itself first.
    pub(crate) fn everything(&self, org: OrgId) -> Result<Vec<Document>, CatalogError> {
        self.of_all_kinds("org_id = ?1 ORDER BY NOT (kind = 'org')", &org.to_string())
    }

    /// Everything of a site.
    fn of_site(&self, site: SiteId) -> Result<Vec<Document>, CatalogError> {
        self.of_all_kinds("site_id = ?1 AND NOT (kind = 'site') ORDER BY kind", &site.to_string())
    }

    /// Documents of whatever kind; the condition ends with what comes first in their order.
    fn of_all_kinds(&self, which: &str, id: &str) -> Result<Vec<Document>, CatalogError> {
        let mut query = self.transaction.prepare_cached(&format!(
            "SELECT id, org_id, site_id, body, version, created, modified, kind FROM documents
             WHERE {which}, kind, created, id"
        ))?;
        let rows = query.query_map([id], |row| Ok((Raw::read(row)?, row.get::<_, String>(7)?)))?;
        let mut found = Vec::new();
        for row in rows {
            let (raw, kind) = row?;
            if let Some(kind) = Kind::named(&kind) {
                found.push(raw.document(kind, self.sealer)?);
            }
        }
        Ok(found)
    }

    /// What becomes of everything that hangs on an object when it is deleted, the object itself
    /// last. Nothing is left that refers to what is gone.
    pub(crate) fn removal(&self, document: &Document) -> Result<Vec<Fate>, CatalogError> {
        let mut gone = vec![document.clone()];
        let mut staying: BTreeMap<(Kind, Uuid), (Document, Document)> = BTreeMap::new();
        if document.kind == Kind::Site {
            for hanging in self.of_site(SiteId(document.id))? {
                if hanging.kind.is_inventory() {
                    let after = Document { site_id: None, ..hanging.clone() };
                    staying.insert((hanging.kind, hanging.id), (hanging, after));
                } else {
                    gone.push(hanging);
                }
            }
        }
        let mut next = 0;
        while let Some(this) = gone.get(next).cloned() {
            next += 1;
            let referring = KINDS.iter().filter(|row| shape::may_refer(row.members, this.kind));
            for row in referring {
                for hanging in self.of_org(row.kind, this.org_id, Some(this.id))? {
                    if gone.iter().any(|it| (it.kind, it.id) == (hanging.kind, hanging.id)) {
                        continue;
                    }
                    let key = (hanging.kind, hanging.id);
                    let now = staying.remove(&key).unwrap_or_else(|| (hanging.clone(), hanging));
                    match after_removal(&now.1, &this) {
                        None => gone.push(now.0),
                        Some(after) => drop(staying.insert(key, (now.0, after))),
                    }
                }
            }
        }
        let stays = staying.into_values().map(|(before, after)| Fate::Stays { before, after });
        Ok(stays.chain(gone.into_iter().rev().map(Fate::Goes)).collect())
    }

    /// Deletes an object and carries out what that means for others. What goes with an org or a
    /// site needs no change of its own: that of the org or site says it.
    pub(crate) fn delete(
        &mut self,
        actor: &Actor,
        document: &Document,
    ) -> Result<(), CatalogError> {
        if document.kind == Kind::Org {
            let org = document.id.to_string();
            self.transaction.execute(
                "DELETE FROM images WHERE id IN (SELECT id FROM documents WHERE org_id = ?1)",
                [&org],
            )?;
            self.transaction.execute("DELETE FROM documents WHERE org_id = ?1", [&org])?;
            self.transaction.execute("DELETE FROM invites WHERE org_id = ?1", [&org])?;
            admins::forget_place(self, OrgId(document.id), None)?;
            return self.change(actor, Some(document), None);
        }
        if document.kind == Kind::Site {
            admins::forget_place(self, document.org_id, Some(SiteId(document.id)))?;
        }
        for fate in self.removal(document)? {
            let told = document.kind != Kind::Site
                || match &fate {
                    Fate::Stays { before, .. } => !before.kind.is_inventory(),
                    Fate::Goes(gone) => (gone.kind, gone.id) == (document.kind, document.id),
                };
            self.carry_out(actor, fate, told)?;
        }
        Ok(())
    }

    /// Does to an object what another's going means for it; `told` in a change of its own.
    fn carry_out(&mut self, actor: &Actor, fate: Fate, told: bool) -> Result<(), CatalogError> {
        let (before, after) = match fate {
            Fate::Stays { before, mut after } => {
                self.put_next(&mut after)?;
                (before, Some(after))
            }
            Fate::Goes(gone) => {
                self.remove(&gone)?;
                (gone, None)
            }
        };
        if told { self.change(actor, Some(&before), after.as_ref()) } else { Ok(()) }
    }

    /// Puts a document in place of what it was.
    pub(crate) fn replace(
        &mut self,
        actor: &Actor,
        before: &Document,
        mut after: Document,
    ) -> Result<Document, CatalogError> {
        self.put_next(&mut after)?;
        self.change(actor, Some(before), Some(&after))?;
        Ok(after)
    }

    pub(crate) fn remove_image(&self, document: &Document) -> Result<(), CatalogError> {
        let (kind, id) = (document.kind.name(), document.id.to_string());
        self.transaction
            .execute("DELETE FROM images WHERE kind = ?1 AND id = ?2", [kind, id.as_str()])?;
        Ok(())
    }

    fn remove(&self, document: &Document) -> Result<(), CatalogError> {
        self.remove_image(document)?;
        let (kind, id) = (document.kind.name(), document.id.to_string());
        self.transaction
            .execute("DELETE FROM documents WHERE kind = ?1 AND id = ?2", [kind, id.as_str()])?;
        Ok(())
    }

    pub(crate) fn name_of_org(
        &self,
        org: OrgId,
    ) -> Result<Option<Map<String, Value>>, CatalogError> {
        Ok(self.find(Kind::Org, org.0)?.map(|it| it.body))
    }
}

/// What is left of a document when something that it refers to goes; `None` if it goes along, or
/// would be none without it.
fn after_removal(document: &Document, gone: &Document) -> Option<Document> {
    let members = document.kind.row().members;
    let goes_along =
        shape::references(members, &document.body).iter().any(|(_, kind, rule, id)| {
            (*kind, *id) == (gone.kind, gone.id) && *rule == OnDelete::GoAlong
        });
    if goes_along {
        return None;
    }
    let mut after = document.clone();
    shape::let_go(members, &mut after.body, (gone.kind, gone.id));
    if after.kind == Kind::Webhook {
        objects::webhook::drop_filtered(&mut after.body);
    }
    let scope = Scope { org: after.org_id, site: after.site_id };
    objects::validate(after.kind, scope, &after.body).is_ok().then_some(after)
}

/// A mask stands for a secret that is known; there is none that it could stand for here.
fn check_masks(body: &mut Map<String, Value>) -> Result<(), CatalogError> {
    match masked(body) {
        None => Ok(()),
        Some(key) => {
            Err(CatalogError::invalid(&key, format!("{REDACTED} stands for no secret here")))
        }
    }
}

/// A secret that was shown masked comes back as it was shown: it stays.
fn unmask(value: &mut Value, old: &Value) {
    match (value, old) {
        (value @ Value::String(_), old) if *value == REDACTED => *value = old.clone(),
        (Value::Object(map), Value::Object(old)) => {
            for (key, value) in map {
                if let Some(old) = old.get(key) {
                    unmask(value, old);
                }
            }
        }
        // Entries of a list are known by what is not masked in them, wherever they stand now; one
        // that is nothing but a mask by where it stands.
        (Value::Array(list), Value::Array(old)) => {
            for (at, value) in list.iter_mut().enumerate() {
                let is_mask = *value == REDACTED;
                let there = old.get(at).filter(|old| is_same(value, old));
                let elsewhere = || old.iter().find(|old| !is_mask && is_same(value, old));
                if let Some(old) = there.or_else(elsewhere) {
                    unmask(value, old);
                }
            }
        }
        _ => {}
    }
}

/// Whether two values differ in masks only.
fn is_same(value: &Value, old: &Value) -> bool {
    match (value, old) {
        (value, _) if *value == REDACTED => true,
        (Value::Object(map), Value::Object(old)) => {
            map.len() == old.len()
                && map
                    .iter()
                    .all(|(key, value)| old.get(key).is_some_and(|old| is_same(value, old)))
        }
        (Value::Array(list), Value::Array(old)) => {
            list.len() == old.len() && list.iter().zip(old).all(|(value, old)| is_same(value, old))
        }
        (value, old) => value == old,
    }
}
