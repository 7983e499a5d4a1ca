//! The inventory of an org: its devices, assigned to a site or not.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Object, Paged};
use crate::resources::PAGE;
use crate::resources::handlers;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Kind, Right};
use foghorn_model::OrgId;
use serde_json::Value;
use uuid::Uuid;

const ALL: &str = "/api/v1/orgs/{org_id}/inventory";
const ONE: &str = "/api/v1/orgs/{org_id}/inventory/{device_id}";

pub(super) fn routes() -> Routes {
    let new = |method, path, id, summary| Operation::new(method, path, id, "inventory", summary);
    let device = || reference("Device");
    Routes::default()
        .at(
            new(Method::Get, ALL, "getOrgInventory", "The devices of an org, assigned or not")
                .asks(&PAGE)
                .answers(array_of(device())),
            list,
        )
        .at(
            new(Method::Post, ALL, "addOrgDevice", "Adds a device without a site (extension)")
                .takes(device())
                .answers(device()),
            add,
        )
        .at(
            new(
                Method::Put,
                ONE,
                "assignOrgDevice",
                "Changes a device; `site_id` assigns it, null takes it back (extension)",
            )
            .takes(reference("DeviceChange"))
            .answers(device()),
            assign,
        )
}

async fn list(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.org(org, Right::Read)?;
    handlers::list(&api, &caller, Kind::Device, scope, page).await
}

async fn add(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Install)?;
    handlers::create(&api, caller, Kind::Device, scope, body).await
}

async fn assign(
    caller: Caller,
    State(api): State<Api>,
    Ids((org, id)): Ids<(OrgId, Uuid)>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Install)?;
    handlers::update(&api, caller, Kind::Device, scope, id, body).await
}
