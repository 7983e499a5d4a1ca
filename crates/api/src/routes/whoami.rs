//! Who the caller is.

use crate::Api;
use crate::caller::{CALLS_PER_HOUR_MAX, Caller};
use crate::error::Error;
use axum::Json;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(whoami)).routes(routes!(usage))
}

/// Who the caller is and what it may do.
#[utoipa::path(get, path = "/api/v1/self", tag = "self", responses((status = 200), (status = 401, body = crate::schema::Problem)))]
async fn whoami(caller: Caller, api: axum::extract::State<Api>) -> Result<Json<Value>, Error> {
    let it = &caller.principal;
    let view = api.catalog.view();
    let org_name = view.orgs.get(&it.org_id);
    let privilege = |site: Option<&foghorn_model::SiteId>| {
        let mut privilege = json!({
            "scope": if site.is_some() { "site" } else { "org" },
            "role": it.role.name(),
            "name": org_name,
            "org_id": it.org_id,
            "org_name": org_name,
        });
        if let Some(site) = site {
            privilege["site_id"] = json!(site);
            privilege["name"] = json!(view.sites.get(site).map(|site| &site.name));
        }
        privilege
    };
    let privileges: Vec<Value> = match &it.sites {
        None => vec![privilege(None)],
        Some(sites) => sites.iter().map(|site| privilege(Some(site))).collect(),
    };
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
#[utoipa::path(get, path = "/api/v1/self/usage", tag = "self", responses((status = 200)))]
async fn usage(caller: Caller) -> Json<Value> {
    Json(json!({ "requests": caller.calls_made(), "request_limit": CALLS_PER_HOUR_MAX }))
}
