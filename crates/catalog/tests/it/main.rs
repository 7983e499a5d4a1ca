//! The catalog at its public edge, over real files.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its world up has failed")]

mod admins;
mod deliveries;
mod documents;
mod history;
mod hostile;
mod references;
mod signed;
mod tokens;
mod webhook_types;

use foghorn_catalog::{Catalog, Document, Kind, Scope};
use foghorn_model::{Actor, OrgId, SiteId, Timestamp};
use serde_json::{Map, Value};
use tempfile::TempDir;

#[derive(Debug)]
pub struct World {
    pub directory: TempDir,
    pub catalog: Catalog,
    pub org: Scope,
    pub site: Scope,
}

#[expect(clippy::needless_pass_by_value, reason = "it takes what json! makes")]
pub fn body(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub fn open(directory: &TempDir) -> Catalog {
    Catalog::open(directory.path(), || Timestamp(1_700_000_000_000_000)).unwrap()
}

pub fn world() -> World {
    let directory = tempfile::tempdir().unwrap();
    let catalog = open(&directory);
    let actor = Actor::default();
    let org = catalog.create_org(&actor, body(serde_json::json!({"name": "Acme"}))).unwrap();
    let org = Scope { org: OrgId(org.id), site: None };
    let site = create(&catalog, Kind::Site, org, serde_json::json!({"name": "HQ"}));
    let site = Scope { org: org.org, site: Some(SiteId(site.id)) };
    World { directory, catalog, org, site }
}

pub fn create(catalog: &Catalog, kind: Kind, scope: Scope, value: Value) -> Document {
    catalog.create(kind, scope, &Actor::default(), body(value)).unwrap()
}
