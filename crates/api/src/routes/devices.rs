//! Devices of a site, and the inventory of an org.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::page::{Object, Paged, listing};
use crate::schema::{Device, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use foghorn_catalog::Kind;
use foghorn_model::{OrgId, SiteId};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, remove))
        .routes(routes!(inventory, add_to_inventory))
        .routes(routes!(assign))
}

/// The devices of a site.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}/devices", tag = "devices", params(("site_id" = Uuid, Path)), responses((status = 200, body = Vec<Device>)))]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.site(site)?;
    let found = api.blocking(move |catalog| catalog.list(Kind::Device, scope, page)).await?;
    Ok(listing(page, found, caller.sees_secrets()))
}

/// Adds a device to a site (extension: Mist claims devices by code).
#[utoipa::path(post, path = "/api/v1/sites/{site_id}/devices", tag = "devices", params(("site_id" = Uuid, Path)), request_body = Device, responses((status = 200, body = Device), (status = 400, body = Problem)))]
async fn create(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
    Object(mut body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_install()?;
    let scope = caller.site(site)?;
    body.remove("site_id");
    let made = api
        .blocking(move |catalog| catalog.create(Kind::Device, scope, &caller.actor, body))
        .await?;
    Ok(Json(made.to_json(true)))
}

/// A device.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}/devices/{device_id}", tag = "devices", params(("site_id" = Uuid, Path), ("device_id" = Uuid, Path)), responses((status = 200, body = Device), (status = 404, body = Problem)))]
async fn show(
    caller: Caller,
    State(api): State<Api>,
    Path((site, id)): Path<(SiteId, Uuid)>,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site)?;
    let found = api.blocking(move |catalog| catalog.get(Kind::Device, scope, id)).await?;
    Ok(Json(found.to_json(caller.sees_secrets())))
}

/// Changes a device.
#[utoipa::path(put, path = "/api/v1/sites/{site_id}/devices/{device_id}", tag = "devices", params(("site_id" = Uuid, Path), ("device_id" = Uuid, Path)), request_body = Device, responses((status = 200, body = Device), (status = 400, body = Problem)))]
async fn update(
    caller: Caller,
    State(api): State<Api>,
    Path((site, id)): Path<(SiteId, Uuid)>,
    Object(mut body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_install()?;
    let scope = caller.site(site)?;
    for key in ["mac", "site_id"] {
        body.remove(key);
    }
    let updated = api
        .blocking(move |catalog| catalog.update(Kind::Device, scope, id, &caller.actor, body))
        .await?;
    Ok(Json(updated.to_json(true)))
}

/// Removes a device.
#[utoipa::path(delete, path = "/api/v1/sites/{site_id}/devices/{device_id}", tag = "devices", params(("site_id" = Uuid, Path), ("device_id" = Uuid, Path)), responses((status = 200), (status = 404, body = Problem)))]
async fn remove(
    caller: Caller,
    State(api): State<Api>,
    Path((site, id)): Path<(SiteId, Uuid)>,
) -> Result<(), Error> {
    caller.may_install()?;
    let scope = caller.site(site)?;
    api.blocking(move |catalog| catalog.delete(Kind::Device, scope, id, &caller.actor)).await
}

/// The devices of an org, assigned to a site or not.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/inventory", tag = "devices", params(("org_id" = Uuid, Path)), responses((status = 200, body = Vec<Device>)))]
async fn inventory(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.org(org)?;
    let found = api.blocking(move |catalog| catalog.list(Kind::Device, scope, page)).await?;
    Ok(listing(page, found, caller.sees_secrets()))
}

/// Adds a device to the inventory of an org, without a site (extension).
#[utoipa::path(post, path = "/api/v1/orgs/{org_id}/inventory", tag = "devices", params(("org_id" = Uuid, Path)), request_body = Device, responses((status = 200, body = Device), (status = 400, body = Problem)))]
async fn add_to_inventory(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Object(mut body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_install()?;
    let scope = caller.org(org)?;
    body.remove("site_id");
    let made = api
        .blocking(move |catalog| catalog.create(Kind::Device, scope, &caller.actor, body))
        .await?;
    Ok(Json(made.to_json(true)))
}

/// Changes a device of the inventory; `site_id` assigns it to a site, null takes it back.
#[utoipa::path(put, path = "/api/v1/orgs/{org_id}/inventory/{device_id}", tag = "devices", params(("org_id" = Uuid, Path), ("device_id" = Uuid, Path)), request_body = Device, responses((status = 200, body = Device), (status = 400, body = Problem)))]
async fn assign(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
    Object(mut body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_install()?;
    let scope = caller.org(org)?;
    body.remove("mac");
    let updated = api
        .blocking(move |catalog| catalog.update(Kind::Device, scope, id, &caller.actor, body))
        .await?;
    Ok(Json(updated.to_json(true)))
}
