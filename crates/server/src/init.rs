//! `foghorn init`: the first org, offline.

use crate::serve::clock;
use anyhow::{Context, Result};
use clap::Args;
use foghorn_catalog::{Catalog, Kind, Scope};
use foghorn_model::{Actor, OrgId};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::PathBuf;

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

/// Makes the org, the site and an admin token, and prints what they are called. The token's key
/// is shown this once.
pub fn run(args: &InitArgs, out: &mut impl Write) -> Result<()> {
    let catalog = Catalog::open(&args.data, clock::now)?;
    let actor = Actor { admin_name: Some("foghorn init".into()), ..Actor::default() };
    let org = catalog.create_org(&actor, body(json!({ "name": args.org }))).context("--org")?;
    let scope = Scope { org: OrgId(org.id), site: None };
    let site = catalog
        .create(Kind::Site, scope, &actor, body(json!({ "name": args.site })))
        .context("--site")?;
    let token = json!({ "name": "admin", "privileges": [{ "scope": "org", "role": "admin" }] });
    let (token, _) = catalog.create_token(scope, &actor, body(token))?;
    if args.json {
        let made = json!({ "org_id": org.id, "site_id": site.id, "token": token.key });
        writeln!(out, "{made}")?;
    } else {
        writeln!(out, "org    {}\nsite   {}\ntoken  {}", org.id, site.id, token.key)?;
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
