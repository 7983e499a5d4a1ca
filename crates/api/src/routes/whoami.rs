//! Who the caller is.

use crate::Api;
use crate::caller::{CALLS_PER_HOUR_MAX, Caller};
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use axum::Json;
use foghorn_catalog::Grant;
use serde_json::{Value, json};

pub(super) fn routes() -> Routes {
    let new = |path, id, summary| Operation::new(Method::Get, path, id, "self", summary);
    let usage_of = json!({ "type": "object", "required": ["requests", "request_limit"] });
    Routes::default()
        .at(new("/api/v1/self", "getSelf", "Who the caller is").answers(reference("Self")), whoami)
        .at(
            new("/api/v1/self/usage", "getSelfApiUsage", "How many calls were made in this hour")
                .answers(usage_of),
            usage,
        )
}

/// Who the caller is and what it may do.
async fn whoami(caller: Caller, api: axum::extract::State<Api>) -> Result<Json<Value>, Error> {
    let it = &caller.principal;
    let view = api.catalog.view();
    let privilege = |grant: &Grant| {
        let org_name = view.orgs.get(&grant.org_id);
        let mut privilege = json!({
            "scope": if grant.site_id.is_some() { "site" } else { "org" },
            "role": grant.role.name(),
            "name": org_name,
            "org_id": grant.org_id,
            "org_name": org_name,
        });
        if let Some(site) = grant.site_id {
            let name = view.sites.get(&site).map(|site| &site.name);
            privilege["site_id"] = json!(site);
            privilege["name"] = json!(name);
            privilege["site_name"] = json!(name);
        }
        privilege
    };
    let privileges: Vec<Value> = it.grants.iter().map(privilege).collect();
    Ok(Json(json!({
        "name": it.name,
        "email": Value::Null,
        "first_name": it.name,
        "last_name": "",
        "via_sso": false,
        "tags": [],
        "privileges": privileges,
    })))
}

/// How many calls the caller's token has made in this hour.
async fn usage(caller: Caller) -> Json<Value> {
    Json(json!({ "requests": caller.calls_made(), "request_limit": CALLS_PER_HOUR_MAX }))
}
