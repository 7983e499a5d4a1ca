//! Sites.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::page::{Object, Paged, listing};
use crate::schema::{Problem, Site};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use foghorn_catalog::{Kind, Scope};
use foghorn_model::{OrgId, SiteId};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, update, remove))
}

/// The sites of an org.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/sites", tag = "sites", params(("org_id" = Uuid, Path)), responses((status = 200, body = Vec<Site>)))]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.org(org)?;
    let found = api.blocking(move |catalog| catalog.list(Kind::Site, scope, page)).await?;
    Ok(listing(page, found, caller.sees_secrets()))
}

/// Makes a site.
#[utoipa::path(post, path = "/api/v1/orgs/{org_id}/sites", tag = "sites", params(("org_id" = Uuid, Path)), request_body = Site, responses((status = 200, body = Site), (status = 400, body = Problem)))]
async fn create(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_write()?;
    let scope = caller.org(org)?;
    let made =
        api.blocking(move |catalog| catalog.create(Kind::Site, scope, &caller.actor, body)).await?;
    Ok(Json(made.to_json(true)))
}

/// A site.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}", tag = "sites", params(("site_id" = Uuid, Path)), responses((status = 200, body = Site), (status = 404, body = Problem)))]
async fn show(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
) -> Result<Json<Value>, Error> {
    let scope = of_org(caller.site(site)?);
    let found = api.blocking(move |catalog| catalog.get(Kind::Site, scope, site.0)).await?;
    Ok(Json(found.to_json(caller.sees_secrets())))
}

/// Changes a site.
#[utoipa::path(put, path = "/api/v1/sites/{site_id}", tag = "sites", params(("site_id" = Uuid, Path)), request_body = Site, responses((status = 200, body = Site), (status = 400, body = Problem)))]
async fn update(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_write()?;
    let scope = of_org(caller.site(site)?);
    let updated = api
        .blocking(move |catalog| catalog.update(Kind::Site, scope, site.0, &caller.actor, body))
        .await?;
    Ok(Json(updated.to_json(true)))
}

/// Deletes a site with all that belongs to it; its devices go back to the inventory.
#[utoipa::path(delete, path = "/api/v1/sites/{site_id}", tag = "sites", params(("site_id" = Uuid, Path)), responses((status = 200), (status = 404, body = Problem)))]
async fn remove(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
) -> Result<(), Error> {
    caller.may_write()?;
    let scope = of_org(caller.site(site)?);
    api.blocking(move |catalog| catalog.delete(Kind::Site, scope, site.0, &caller.actor)).await
}

/// A site is an object of its org.
fn of_org(scope: Scope) -> Scope {
    Scope { site: None, ..scope }
}
