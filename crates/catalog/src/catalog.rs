//! The catalog's file: documents and changes, one transaction a write.

use crate::admins::Uses;
use crate::auth::{NewToken, Principal, Principals, hash, new_key, to_hex};
use crate::database::{Durability, open};
use crate::error::CatalogError;
use crate::objects::Kind;
use crate::seal::Sealer;
use crate::stored::{Raw, load, read, signed, within};
use crate::view::ConfigView;
use crate::write::{Fate, Write};
use arc_swap::ArcSwap;
use foghorn_model::{Actor, Change, OrgId, SiteId, Timestamp, TokenId};
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/catalog_0001.sql"),
    include_str!("migrations/catalog_0002.sql"),
    include_str!("migrations/catalog_0003.sql"),
    include_str!("migrations/catalog_0004.sql"),
];
const FILE: &str = "catalog.db";
const KEY_FILE: &str = "secret.key";
const LOCK_FILE: &str = "lock";

type Listener = Box<dyn Fn(&Arc<ConfigView>) + Send + Sync>;
type Watcher = Box<dyn Fn() + Send + Sync>;

/// The configuration.
pub struct Catalog {
    connection: Mutex<Connection>,
    pub(crate) sealer: Sealer,
    view: ArcSwap<ConfigView>,
    principals: ArcSwap<Principals>,
    pub(crate) uses: Uses,
    listeners: Mutex<Vec<Listener>>,
    watchers: Mutex<Vec<Watcher>>,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Held as long as the process lives.
    _lock: File,
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("seq", &self.last_seq()).finish_non_exhaustive()
    }
}

/// A stored object: its body, secrets open, and what the catalog knows about it.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// Its org.
    pub org_id: OrgId,
    /// Its site, when it belongs to one.
    pub site_id: Option<SiteId>,
    /// Its members, without those that the catalog keeps for itself.
    pub body: Map<String, Value>,
    /// Counted up with every write.
    pub version: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last written.
    pub modified: Timestamp,
}

/// Where an object lives. Every read and write is within one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope {
    /// The org.
    pub org: OrgId,
    /// The site, for what belongs to a site.
    pub site: Option<SiteId>,
}

/// Which part of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many, at most.
    pub limit: u32,
    /// Which, from 1.
    pub page: u32,
}

/// How rows are taken in.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// The member that tells objects apart.
    pub key: &'static str,
    /// Whether a row changes the object that has its key; else it is an error.
    pub upsert: bool,
    /// Only to tell what would be done.
    pub dry_run: bool,
}

/// What became of rows.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// What is new.
    pub added: Vec<Document>,
    /// What was changed, or is as the row has it.
    pub updated: Vec<Document>,
    /// The rows that were not taken, counted from 1, with the field at fault and what is wrong.
    pub errors: Vec<(usize, Option<String>, String)>,
}

impl Catalog {
    /// Whether a directory has a catalog.
    pub fn is_in(directory: &Path) -> bool {
        directory.join(FILE).is_file()
    }

    /// Opens the catalog in a data directory, or makes it.
    ///
    /// # Errors
    /// [`CatalogError::Locked`] if another process has it; [`CatalogError::Newer`];
    /// [`CatalogError::Secrets`] if the key file is gone.
    pub fn open(
        directory: &Path,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<Self, CatalogError> {
        std::fs::create_dir_all(directory).map_err(CatalogError::file(directory))?;
        let lock = lock(&directory.join(LOCK_FILE), directory)?;
        let connection = open(&directory.join(FILE), FILE, Durability::Full, &MIGRATIONS)?;
        let documents: i64 =
            connection.query_row("SELECT count(*) FROM documents", [], |row| row.get(0))?;
        let sealer = Sealer::open(&directory.join(KEY_FILE), documents == 0)?;
        connection.execute(
            "INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?1)",
            [new_id()?.to_string()],
        )?;
        let uses = Uses::read(&connection)?;
        let catalog = Self {
            uses,
            connection: Mutex::new(connection),
            sealer,
            view: ArcSwap::default(),
            principals: ArcSwap::default(),
            listeners: Mutex::new(Vec::new()),
            watchers: Mutex::new(Vec::new()),
            clock: Box::new(clock),
            _lock: lock,
        };
        catalog.reload()?;
        Ok(catalog)
    }

    /// The configuration as of the last change.
    pub fn view(&self) -> Arc<ConfigView> {
        self.view.load_full()
    }

    /// The sequence number of the last change.
    pub fn last_seq(&self) -> u64 {
        self.view.load().seq
    }

    /// What the catalog was made as: another one has another epoch.
    ///
    /// # Errors
    /// If the database fails.
    pub fn epoch(&self) -> Result<String, CatalogError> {
        let query = "SELECT value FROM meta WHERE key = 'epoch'";
        Ok(self.lock().query_row(query, [], |row| row.get(0))?)
    }

    /// Is told of every change after it is committed, in order; it must be quick.
    pub fn on_commit(&self, listener: impl Fn(&Arc<ConfigView>) + Send + Sync + 'static) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    /// Is told after every change by which somebody may be allowed more or less than before, once
    /// it is in force; it must be quick.
    pub fn on_access(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    pub(crate) fn access_changed(&self) {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|it| it());
    }

    /// The changes after a sequence number, in order.
    ///
    /// # Errors
    /// If the database fails.
    pub fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, CatalogError> {
        let connection = self.lock();
        let mut query = connection
            .prepare_cached("SELECT body FROM changes WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let bodies = query.query_map(params![signed(seq), limit], |row| row.get::<_, String>(0))?;
        let parse = |body: rusqlite::Result<String>| {
            serde_json::from_str(&body?).map_err(CatalogError::stored("change"))
        };
        bodies.map(parse).collect()
    }

    /// Whoever this key belongs to.
    pub fn authenticate(&self, key: &str) -> Option<Arc<Principal>> {
        let principal = self.principals.load().get(&hash(key)).cloned()?;
        self.uses.note(principal.token_id, self.now());
        Some(principal)
    }

    /// All tokens that are valid.
    pub(crate) fn tokens(&self) -> HashSet<TokenId> {
        self.principals.load().values().map(|principal| principal.token_id).collect()
    }

    /// Makes an org. It needs no scope: it is one.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] names the field.
    pub fn create_org(
        &self,
        actor: &Actor,
        body: Map<String, Value>,
    ) -> Result<Document, CatalogError> {
        let id = new_id()?;
        self.create_as(Kind::Org, id, Scope { org: OrgId(id), site: None }, actor, body)
    }

    /// Makes an object.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] names the field; [`CatalogError::NotFound`] if the scope is not
    /// there; [`CatalogError::Conflict`] if it is there already.
    pub fn create(
        &self,
        kind: Kind,
        scope: Scope,
        actor: &Actor,
        body: Map<String, Value>,
    ) -> Result<Document, CatalogError> {
        self.write(|write| write.create_new(kind, scope, actor, body))
    }

    fn create_as(
        &self,
        kind: Kind,
        id: Uuid,
        scope: Scope,
        actor: &Actor,
        body: Map<String, Value>,
    ) -> Result<Document, CatalogError> {
        self.write(|write| write.create(kind, id, scope, actor, body))
    }

    /// Replaces the given members of an object; the others stay.
    ///
    /// # Errors
    /// As [`Catalog::create`].
    pub fn update(
        &self,
        kind: Kind,
        scope: Scope,
        id: Uuid,
        actor: &Actor,
        patch: Map<String, Value>,
    ) -> Result<Document, CatalogError> {
        self.write(|write| write.update(kind, scope, id, actor, patch))
    }

    /// Makes an object of each row, or changes the one that has its key already.
    ///
    /// All that can be taken is taken in one write; each row that cannot is named.
    ///
    /// # Errors
    /// If the scope is not there, or the database fails.
    pub fn import(
        &self,
        kind: Kind,
        scope: Scope,
        actor: &Actor,
        rows: Vec<Map<String, Value>>,
        import: Import,
    ) -> Result<Imported, CatalogError> {
        if import.dry_run {
            return self.begin(&mut self.lock())?.import(kind, scope, actor, rows, import);
        }
        self.write(|write| write.import(kind, scope, actor, rows, import))
    }

    /// Removes an object, and what belongs to it.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`].
    pub fn delete(
        &self,
        kind: Kind,
        scope: Scope,
        id: Uuid,
        actor: &Actor,
    ) -> Result<(), CatalogError> {
        self.write(|write| {
            let before = write.get(kind, scope, id)?;
            write.delete(actor, &before)
        })
    }

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// If the database fails.
    pub fn delete_if_there(
        &self,
        kind: Kind,
        scope: Scope,
        id: Uuid,
        actor: &Actor,
    ) -> Result<(), CatalogError> {
        match self.delete(kind, scope, id, actor) {
            Err(CatalogError::NotFound) => Ok(()),
            other => other,
        }
    }

    /// Notes in the audit log that something was done which changes no object, with what is so
    /// after it.
    ///
    /// # Errors
    /// If the database fails.
    pub fn note(
        &self,
        scope: Scope,
        actor: &Actor,
        message: String,
        after: &Map<String, Value>,
    ) -> Result<(), CatalogError> {
        self.write(|write| write.note_at(scope, actor, message, (None, Some(after))))
    }

    /// What deleting an object would take along, and what would be changed by it: `(goes, stays)`,
    /// the object itself first.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`].
    pub fn would_delete(
        &self,
        kind: Kind,
        scope: Scope,
        id: Uuid,
    ) -> Result<(Vec<Document>, Vec<Document>), CatalogError> {
        let mut connection = self.lock();
        let write = self.begin(&mut connection)?;
        let (mut goes, mut stays) = (Vec::new(), Vec::new());
        if kind == Kind::Org {
            return Ok((write.everything(scope.org)?, stays));
        }
        for fate in write.removal(&write.get(kind, scope, id)?)? {
            match fate {
                Fate::Goes(document) => goes.push(document),
                Fate::Stays { before, .. } => stays.push(before),
            }
        }
        goes.reverse();
        Ok((goes, stays))
    }

    /// An object.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] also when it is of another org or site.
    pub fn get(&self, kind: Kind, scope: Scope, id: Uuid) -> Result<Document, CatalogError> {
        let connection = self.lock();
        read(&connection, &self.sealer, kind, id)?
            .filter(|document| within(document, scope))
            .ok_or(CatalogError::NotFound)
    }

    /// A setting: an empty one until it is first written.
    ///
    /// # Errors
    /// If the database fails.
    pub fn setting(&self, kind: Kind, scope: Scope, id: Uuid) -> Result<Document, CatalogError> {
        match self.get(kind, scope, id) {
            Err(CatalogError::NotFound) => Ok(Document {
                kind,
                id,
                org_id: scope.org,
                site_id: scope.site,
                body: Map::new(),
                version: 0,
                created: Timestamp(0),
                modified: Timestamp(0),
            }),
            other => other,
        }
    }

    /// Writes members of a setting, which needs not be there before.
    ///
    /// # Errors
    /// As [`Catalog::update`].
    pub fn update_setting(
        &self,
        kind: Kind,
        scope: Scope,
        id: Uuid,
        actor: &Actor,
        patch: Map<String, Value>,
    ) -> Result<Document, CatalogError> {
        match self.get(kind, scope, id) {
            Err(CatalogError::NotFound) => self.create_as(kind, id, scope, actor, patch),
            Ok(_) => self.update(kind, scope, id, actor, patch),
            Err(error) => Err(error),
        }
    }

    /// A page of the objects of a scope in the order of their making, and how many there are.
    ///
    /// # Errors
    /// If the database fails.
    pub fn list(
        &self,
        kind: Kind,
        scope: Scope,
        page: Page,
    ) -> Result<(Vec<Document>, u64), CatalogError> {
        let connection = self.lock();
        let (org, site) = (scope.org.to_string(), scope.site.map(|site| site.to_string()));
        let condition = match &site {
            Some(_) => "site_id = ?3",
            None if kind.is_of_its_level() => "site_id IS NULL AND ?3 IS NULL",
            None => "?3 IS NULL",
        };
        let total: u64 = connection
            .prepare_cached(&format!(
                "SELECT count(*) FROM documents WHERE kind = ?1 AND org_id = ?2 AND {condition}"
            ))?
            .query_row(params![kind.name(), org, site], |row| row.get::<_, i64>(0))
            .map(|total| u64::try_from(total).unwrap_or(0))?;
        let mut query = connection.prepare_cached(&format!(
            "SELECT id, org_id, site_id, body, version, created, modified FROM documents
             WHERE kind = ?1 AND org_id = ?2 AND {condition} ORDER BY created, id
             LIMIT ?4 OFFSET ?5"
        ))?;
        let offset = i64::from(page.page.saturating_sub(1)) * i64::from(page.limit);
        let rows =
            query.query_map(params![kind.name(), org, site, page.limit, offset], Raw::read)?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        drop(query);
        // Nobody waits until a thousand secrets are open.
        drop(connection);
        let documents = rows.into_iter().map(|row| row.document(kind, &self.sealer));
        Ok((documents.collect::<Result<_, _>>()?, total))
    }

    /// All objects of a kind in a scope.
    ///
    /// # Errors
    /// If the database fails.
    pub fn all(&self, kind: Kind, scope: Scope) -> Result<Vec<Document>, CatalogError> {
        let every = Page { limit: u32::MAX, page: 1 };
        self.list(kind, scope, every).map(|(documents, _)| documents)
    }

    /// Makes a token; this is the only time that its key can be seen.
    ///
    /// # Errors
    /// As [`Catalog::create`].
    pub fn create_token(
        &self,
        scope: Scope,
        actor: &Actor,
        mut body: Map<String, Value>,
    ) -> Result<(NewToken, Document), CatalogError> {
        let key = new_key()?;
        body.insert("key_hash".into(), to_hex(&hash(&key)).into());
        let hint = format!("{}...{}", &key[..4], &key[key.len() - 4..]);
        body.insert("key".into(), hint.into());
        body.retain(|member, _| !["created_by", "last_used"].contains(&member.as_str()));
        if let Some(name) = &actor.admin_name {
            body.insert("created_by".into(), json!(name));
        }
        let document = self.create(Kind::Token, scope, actor, body)?;
        Ok((NewToken { id: TokenId(document.id), key }, document))
    }

    pub(crate) fn write<T>(
        &self,
        act: impl FnOnce(&mut Write<'_>) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        let mut connection = self.lock();
        let mut write = self.begin(&mut connection)?;
        let done = act(&mut write)?;
        let principals = write.principals;
        let changed = write.commit()?;
        if changed {
            self.publish(&connection)?;
        } else if principals {
            self.principals.store(Arc::new(load(&connection, &self.sealer)?.1));
            self.access_changed();
        }
        Ok(done)
    }

    /// A write that may change who is who.
    pub(crate) fn write_admins<T>(
        &self,
        act: impl FnOnce(&mut Write<'_>) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        self.write(|write| {
            write.principals = true;
            act(write)
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn begin<'c>(&'c self, connection: &'c mut Connection) -> Result<Write<'c>, CatalogError> {
        let transaction = connection.transaction()?;
        let last: i64 =
            transaction
                .query_row("SELECT coalesce(max(seq), 0) FROM changes", [], |row| row.get(0))?;
        let seq = u64::try_from(last).unwrap_or(0) + 1;
        let sealer = &self.sealer;
        let now = self.now();
        Ok(Write { transaction, sealer, seq, now, changed: false, principals: false })
    }

    /// Rebuilds the views and tells the listeners, while the lock keeps the order.
    fn publish(&self, connection: &Connection) -> Result<(), CatalogError> {
        let (view, principals) = load(connection, &self.sealer)?;
        let view = Arc::new(view);
        self.view.store(Arc::clone(&view));
        self.principals.store(Arc::new(principals));
        for listener in self.listeners.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            listener(&view);
        }
        self.access_changed();
        Ok(())
    }

    fn reload(&self) -> Result<(), CatalogError> {
        let connection = self.lock();
        self.publish(&connection)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn new_id() -> Result<Uuid, CatalogError> {
    let mut bytes = [0; 16];
    crate::seal::random(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

fn lock(path: &Path, directory: &Path) -> Result<File, CatalogError> {
    let file = File::create(path).map_err(CatalogError::file(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(CatalogError::Locked(directory.display().to_string()))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(CatalogError::file(path)(error)),
    }
}
