//! Orgs.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::Object;
use crate::resources::{Level, Objects};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{Kind, Right};
use serde_json::Value;

const PATH: &str = "/api/v1/orgs/{org_id}";
const ITSELF: Objects =
    Objects { level: Level::Org, kind: Kind::Org, sees: Right::Read, changes: Right::Write };
/// Deleting one takes more than changing it.
const WHOLE: Objects = Objects { changes: Right::Grant, ..ITSELF };

pub(super) fn routes() -> Routes {
    let new = |method, id, summary| Operation::new(method, PATH, id, "orgs", summary);
    let org = || reference("Org");
    let changed = |method, id| {
        let operation = new(method, id, "Changes the given members of an org");
        operation.takes(reference("OrgChange")).answers(org())
    };
    let made = Operation::new(Method::Post, "/api/v1/orgs", "createOrg", "orgs", "Makes an org");
    let remove = new(Method::Delete, "deleteOrg", "Deletes an org and all that belongs to it");
    let routes = Routes::default().at(made.takes(org()).answers(org()), create);
    let routes = ITSELF.shows(routes, new(Method::Get, "getOrg", "An org").answers(org()));
    let routes = ITSELF.updates(routes, changed(Method::Put, "updateOrg"));
    let routes = ITSELF.updates(routes, changed(Method::Post, "updateOrgByPost"));
    WHOLE.removes(routes, remove)
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
