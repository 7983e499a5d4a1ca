//! Orgs. They are made by `foghorn init`; a token belongs to one and sees one.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::page::Object;
use crate::schema::{Org, Problem};
use axum::Json;
use axum::extract::{Path, State};
use foghorn_catalog::Kind;
use foghorn_model::OrgId;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(show, update, remove))
}

/// The org.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}", tag = "orgs", params(("org_id" = Uuid, Path)), responses((status = 200, body = Org), (status = 404, body = Problem)))]
async fn show(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    let found = api.blocking(move |catalog| catalog.get(Kind::Org, scope, org.0)).await?;
    Ok(Json(found.to_json(caller.sees_secrets())))
}

/// Changes the org.
#[utoipa::path(put, path = "/api/v1/orgs/{org_id}", tag = "orgs", params(("org_id" = Uuid, Path)), request_body = Org, responses((status = 200, body = Org), (status = 400, body = Problem)))]
async fn update(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_write()?;
    let scope = caller.org(org)?;
    let updated = api
        .blocking(move |catalog| catalog.update(Kind::Org, scope, org.0, &caller.actor, body))
        .await?;
    Ok(Json(updated.to_json(true)))
}

/// Deletes the org with all that belongs to it, tokens included.
#[utoipa::path(delete, path = "/api/v1/orgs/{org_id}", tag = "orgs", params(("org_id" = Uuid, Path)), responses((status = 200), (status = 404, body = Problem)))]
async fn remove(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
) -> Result<(), Error> {
    caller.may_grant()?;
    let scope = caller.org(org)?;
    api.blocking(move |catalog| catalog.delete(Kind::Org, scope, org.0, &caller.actor)).await
}
