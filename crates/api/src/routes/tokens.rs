//! API tokens of an org.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Object, Paged, listing};
use crate::resources::PAGE;
use crate::resources::handlers::{self, Removal};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Kind, Right};
use foghorn_model::OrgId;
use serde_json::{Value, json};
use uuid::Uuid;

const ALL: &str = "/api/v1/orgs/{org_id}/apitokens";
const ONE: &str = "/api/v1/orgs/{org_id}/apitokens/{apitoken_id}";

pub(super) fn routes() -> Routes {
    let new = |method, path, id, summary| Operation::new(method, path, id, "apitokens", summary);
    let token = || reference("ApiToken");
    let change = "Changes a token's name, privileges or addresses";
    let changed = |method, id| {
        new(method, ONE, id, change).takes(reference("ApiTokenChange")).answers(token())
    };
    Routes::default()
        .at(
            new(Method::Get, ALL, "listOrgApiTokens", "The tokens of an org, without their keys")
                .asks(&PAGE)
                .answers(array_of(token())),
            list,
        )
        .at(
            new(
                Method::Post,
                ALL,
                "createOrgApiToken",
                "Makes a token; its key is in this answer and in no other",
            )
            .takes(token())
            .answers(token()),
            create,
        )
        .at(
            new(Method::Get, ONE, "getOrgApiToken", "A token, without its key").answers(token()),
            show,
        )
        .at(changed(Method::Put, "updateOrgApiToken"), update)
        .at(changed(Method::Post, "updateOrgApiTokenByPost"), update)
        .at(new(Method::Delete, ONE, "deleteOrgApiToken", "Revokes a token, at once"), remove)
}

async fn list(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.org(org, Right::Grant)?;
    let found = api.blocking(move |catalog| catalog.list(Kind::Token, scope, page)).await?;
    Ok(listing(page, found, true))
}

async fn create(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Grant)?;
    let (token, document) =
        api.blocking(move |catalog| catalog.create_token(scope, &caller.actor, body)).await?;
    let mut answer = document.to_json(true);
    answer["key"] = json!(token.key);
    Ok(Json(answer))
}

async fn show(
    caller: Caller,
    State(api): State<Api>,
    Ids((org, id)): Ids<(OrgId, Uuid)>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Grant)?;
    handlers::show(&api, &caller, Kind::Token, scope, id).await
}

async fn update(
    caller: Caller,
    State(api): State<Api>,
    Ids((org, id)): Ids<(OrgId, Uuid)>,
    Object(mut body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Grant)?;
    // The key is what it is; its hash is nobody's to set.
    body.remove("key");
    body.remove("key_hash");
    handlers::update(&api, caller, Kind::Token, scope, id, body).await
}

async fn remove(
    caller: Caller,
    State(api): State<Api>,
    Ids((org, id)): Ids<(OrgId, Uuid)>,
    removal: Removal,
) -> Result<Response, Error> {
    let scope = caller.org(org, Right::Grant)?;
    handlers::remove(&api, caller, Kind::Token, scope, id, removal).await
}
