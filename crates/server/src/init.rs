//! `foghorn init`: the first org, offline.

use crate::serve::clock;
use anyhow::{Context, Result};
use clap::Args;
use foghorn_catalog::{Catalog, Scope};
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
    let (org, site_id) = catalog.create_first_org(&actor, org, Some(site))?;
    let token = json!({ "name": "admin", "privileges": [{ "scope": "org", "role": "admin" }] });
    let scope = Scope { org, site: None };
    let (token, _) = catalog.create_token(scope, &actor, body(token))?;
    Ok(Made { org, site: site_id.context("no site was made")?, token: token.key })
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
