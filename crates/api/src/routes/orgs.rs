//! Orgs.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::{Ids, Object};
use crate::resources::handlers::{self, Removal};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Kind, Right};
use foghorn_model::OrgId;
use serde_json::Value;

const PATH: &str = "/api/v1/orgs/{org_id}";

pub(super) fn routes() -> Routes {
    let new = |method, id, summary| Operation::new(method, PATH, id, "orgs", summary);
    let changed =
        |operation: Operation| operation.takes(reference("OrgChange")).answers(reference("Org"));
    let made = Operation::new(Method::Post, "/api/v1/orgs", "createOrg", "orgs", "Makes an org");
    Routes::default()
        .at(made.takes(reference("Org")).answers(reference("Org")), create)
        .at(new(Method::Get, "getOrg", "An org").answers(reference("Org")), show)
        .at(changed(new(Method::Put, "updateOrg", "Changes the given members of an org")), update)
        .at(
            changed(new(Method::Post, "updateOrgByPost", "Changes the given members of an org")),
            update,
        )
        .at(new(Method::Delete, "deleteOrg", "Deletes an org and all that belongs to it"), remove)
}

/// Whoever makes an org is its first administrator.
async fn create(
    caller: Caller,
    State(api): State<Api>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let admin = caller.admin()?;
    let made =
        api.blocking(move |catalog| catalog.create_org_of(&caller.actor, admin, body)).await?;
    Ok(Json(made.to_json(true)))
}

async fn show(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Read)?;
    handlers::show(&api, &caller, Kind::Org, scope, org.0).await
}

async fn update(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Write)?;
    handlers::update(&api, caller, Kind::Org, scope, org.0, body).await
}

async fn remove(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    removal: Removal,
) -> Result<Response, Error> {
    let scope = caller.org(org, Right::Grant)?;
    handlers::remove(&api, caller, Kind::Org, scope, org.0, removal).await
}
