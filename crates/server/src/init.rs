//! `foghorn init`: the first org, offline.

use crate::serve::clock;
use anyhow::{Context, Result};
use clap::Args;
use foghorn_catalog::{Catalog, Kind, Scope};
use foghorn_model::definitions::{ALARMS, AlarmRow};
use foghorn_model::{Actor, OrgId, SiteId};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Flags of `foghorn init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The data directory.
    #[arg(long, env = "FOGHORN_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Name of the org.
    #[arg(long)]
    org: String,
    /// Name of its first site.
    #[arg(long)]
    site: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What was made. The token's key is shown this once.
pub struct Made {
    pub org: OrgId,
    pub site: SiteId,
    pub token: String,
}

/// Makes an org, a site, an alarm template and an admin token in a data directory.
pub fn make(data: &Path, org: &str, site: &str) -> Result<Made> {
    let catalog = Catalog::open(data, clock::now)?;
    let actor = Actor { admin_name: Some("foghorn init".into()), ..Actor::default() };
    let org = catalog.create_org(&actor, body(json!({ "name": org }))).context("org")?;
    let scope = Scope { org: OrgId(org.id), site: None };
    let template = catalog.create(Kind::AlarmTemplate, scope, &actor, body(every_alarm()));
    let assigned = json!({ "alarmtemplate_id": template.context("alarm template")?.id });
    catalog.update(Kind::Org, scope, org.id, &actor, body(assigned)).context("org")?;
    let site =
        catalog.create(Kind::Site, scope, &actor, body(json!({ "name": site }))).context("site")?;
    let token = json!({ "name": "admin", "privileges": [{ "scope": "org", "role": "admin" }] });
    let (token, _) = catalog.create_token(scope, &actor, body(token))?;
    Ok(Made { org: scope.org, site: SiteId(site.id), token: token.key })
}

/// A template that enables every alarm.
fn every_alarm() -> Value {
    let rule = |row: &AlarmRow| (row.key.to_owned(), json!({ "enabled": true }));
    let rules: Map<String, Value> = ALARMS.iter().map(rule).collect();
    json!({ "name": "every alarm", "delivery": { "enabled": false }, "rules": rules })
}

/// Makes them and prints what they are called.
pub fn run(args: &InitArgs, out: &mut impl Write) -> Result<()> {
    let Made { org, site, token } = make(&args.data, &args.org, &args.site)?;
    if args.json {
        writeln!(out, "{}", json!({ "org_id": org, "site_id": site, "token": token }))?;
    } else {
        writeln!(out, "org    {org}\nsite   {site}\ntoken  {token}")?;
        writeln!(out, "The token is shown this once: keep it.")?;
    }
    Ok(())
}

fn body(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
