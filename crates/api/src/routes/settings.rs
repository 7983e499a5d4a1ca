//! Settings of orgs and sites.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::page::Object;
use crate::schema::{Problem, Setting};
use axum::Json;
use axum::extract::{Path, State};
use foghorn_catalog::Kind;
use foghorn_model::{OrgId, SiteId};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(show_of_org, update_of_org))
        .routes(routes!(show_of_site, update_of_site))
}

/// The setting of an org.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/setting", tag = "settings", params(("org_id" = Uuid, Path)), responses((status = 200, body = Setting)))]
async fn show_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    let found =
        api.blocking(move |catalog| catalog.setting(Kind::OrgSetting, scope, org.0)).await?;
    Ok(Json(found.to_json(caller.sees_secrets())))
}

/// Changes members of an org's setting.
#[utoipa::path(put, path = "/api/v1/orgs/{org_id}/setting", tag = "settings", params(("org_id" = Uuid, Path)), request_body = Setting, responses((status = 200, body = Setting), (status = 400, body = Problem)))]
async fn update_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_write()?;
    let scope = caller.org(org)?;
    let updated = api
        .blocking(move |catalog| {
            catalog.update_setting(Kind::OrgSetting, scope, org.0, &caller.actor, body)
        })
        .await?;
    Ok(Json(updated.to_json(true)))
}

/// The setting of a site.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}/setting", tag = "settings", params(("site_id" = Uuid, Path)), responses((status = 200, body = Setting)))]
async fn show_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site)?;
    let found =
        api.blocking(move |catalog| catalog.setting(Kind::SiteSetting, scope, site.0)).await?;
    Ok(Json(found.to_json(caller.sees_secrets())))
}

/// Changes members of a site's setting.
#[utoipa::path(put, path = "/api/v1/sites/{site_id}/setting", tag = "settings", params(("site_id" = Uuid, Path)), request_body = Setting, responses((status = 200, body = Setting), (status = 400, body = Problem)))]
async fn update_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_write()?;
    let scope = caller.site(site)?;
    let updated = api
        .blocking(move |catalog| {
            catalog.update_setting(Kind::SiteSetting, scope, site.0, &caller.actor, body)
        })
        .await?;
    Ok(Json(updated.to_json(true)))
}
