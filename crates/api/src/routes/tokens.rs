//! API tokens of an org.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::page::{Object, Paged, listing};
use crate::schema::{ApiToken, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use foghorn_catalog::Kind;
use foghorn_model::OrgId;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, update, remove))
}

/// The tokens of an org, without their keys.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/apitokens", tag = "tokens", params(("org_id" = Uuid, Path)), responses((status = 200, body = Vec<ApiToken>)))]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    caller.may_grant()?;
    let scope = caller.org(org)?;
    let found = api.blocking(move |catalog| catalog.list(Kind::Token, scope, page)).await?;
    Ok(listing(page, found, true))
}

/// Makes a token. Its key is in this answer and in no other.
#[utoipa::path(post, path = "/api/v1/orgs/{org_id}/apitokens", tag = "tokens", params(("org_id" = Uuid, Path)), request_body = ApiToken, responses((status = 200, body = ApiToken), (status = 400, body = Problem)))]
async fn create(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_grant()?;
    let scope = caller.org(org)?;
    let (token, document) =
        api.blocking(move |catalog| catalog.create_token(scope, &caller.actor, body)).await?;
    let mut answer = document.to_json(true);
    answer["key"] = json!(token.key);
    Ok(Json(answer))
}

/// A token, without its key.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/apitokens/{token_id}", tag = "tokens", params(("org_id" = Uuid, Path), ("token_id" = Uuid, Path)), responses((status = 200, body = ApiToken), (status = 404, body = Problem)))]
async fn show(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
) -> Result<Json<Value>, Error> {
    caller.may_grant()?;
    let scope = caller.org(org)?;
    let found = api.blocking(move |catalog| catalog.get(Kind::Token, scope, id)).await?;
    Ok(Json(found.to_json(true)))
}

/// Changes a token's name, privileges or addresses.
#[utoipa::path(put, path = "/api/v1/orgs/{org_id}/apitokens/{token_id}", tag = "tokens", params(("org_id" = Uuid, Path), ("token_id" = Uuid, Path)), request_body = ApiToken, responses((status = 200, body = ApiToken), (status = 400, body = Problem)))]
async fn update(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
    Object(mut body): Object,
) -> Result<Json<Value>, Error> {
    caller.may_grant()?;
    let scope = caller.org(org)?;
    // The key is what it is; its hash is nobody's to set.
    body.remove("key");
    body.remove("key_hash");
    let updated = api
        .blocking(move |catalog| catalog.update(Kind::Token, scope, id, &caller.actor, body))
        .await?;
    Ok(Json(updated.to_json(true)))
}

/// Revokes a token, at once.
#[utoipa::path(delete, path = "/api/v1/orgs/{org_id}/apitokens/{token_id}", tag = "tokens", params(("org_id" = Uuid, Path), ("token_id" = Uuid, Path)), responses((status = 200), (status = 404, body = Problem)))]
async fn remove(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
) -> Result<(), Error> {
    caller.may_grant()?;
    let scope = caller.org(org)?;
    api.blocking(move |catalog| catalog.delete(Kind::Token, scope, id, &caller.actor)).await
}
