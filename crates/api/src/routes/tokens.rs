//! API tokens of an org.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Object};
use crate::resources::{Level, Objects, PAGE};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{Kind, Right};
use foghorn_model::OrgId;
use serde_json::{Value, json};

const ALL: &str = "/api/v1/orgs/{org_id}/apitokens";
const ONE: &str = "/api/v1/orgs/{org_id}/apitokens/{apitoken_id}";
const TOKENS: Objects =
    Objects { level: Level::Org, kind: Kind::Token, sees: Right::Grant, changes: Right::Grant };

pub(super) fn routes() -> Routes {
    let new = |method, path, id, summary| Operation::new(method, path, id, "apitokens", summary);
    let token = || reference("ApiToken");
    let list =
        new(Method::Get, ALL, "listOrgApiTokens", "The tokens of an org, without their keys");
    let made = "Makes a token; its key is in this answer and in no other";
    let made = new(Method::Post, ALL, "createOrgApiToken", made).takes(token()).answers(token());
    let show = new(Method::Get, ONE, "getOrgApiToken", "A token, without its key");
    let change = "Changes a token's name, privileges or addresses";
    let changed = |method, id| {
        new(method, ONE, id, change).takes(reference("ApiTokenChange")).answers(token())
    };
    let remove = new(Method::Delete, ONE, "deleteOrgApiToken", "Revokes a token, at once");
    let routes = TOKENS.lists(Routes::default(), list.asks(&PAGE).answers(array_of(token())));
    let routes = TOKENS.shows(routes.at(made, create), show.answers(token()));
    let routes = TOKENS.updates(routes, changed(Method::Put, "updateOrgApiToken"));
    let routes = TOKENS.updates(routes, changed(Method::Post, "updateOrgApiTokenByPost"));
    TOKENS.removes(routes, remove)
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
    answer["last_used"] = Value::Null;
    Ok(Json(answer))
}
