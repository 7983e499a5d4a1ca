//! Devices: their configuration, and whether they are there.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes, array_of, reference};
use crate::page::{Ids, Paged, page_of};
use crate::query::Query;
use crate::resources::{Level, PAGE};
use crate::rows;
use crate::search::field;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Document, Kind, Right, Scope};
use foghorn_model::Mac;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

const LISTS: [(Level, &str, &str); 2] = [
    (Level::Org, "/api/v1/orgs/{org_id}/stats/devices", "listOrgDevicesStats"),
    (Level::Site, "/api/v1/sites/{site_id}/stats/devices", "listSiteDevicesStats"),
];
const ONE: &str = "/api/v1/sites/{site_id}/stats/devices/{device_id}";
const WHICH: [Parameter; 4] = [
    ("type", "string", "ap, switch, gateway or all; ap unless it is given"),
    ("status", "string", "connected, disconnected or all; all unless it is given"),
    ("mac", "string", "the one with this address"),
    ("site_id", "string", "those of this site, of an org's"),
];

pub(super) fn routes() -> Routes {
    let new = |path, id, summary| Operation::new(Method::Get, path, id, "stats", summary);
    let one = new(ONE, "getSiteDeviceStats", "A device of a site as it is now");
    let one = Routes::default().at(one.answers(reference("DeviceStats")), show);
    LISTS.into_iter().fold(one, |routes, (level, path, id)| {
        let list = new(path, id, "Devices as they are now").asks(&WHICH).asks(&PAGE);
        routes.at(
            list.answers(array_of(reference("DeviceStats"))),
            move |caller: Caller, State(api): State<Api>, Ids(id), Query(which), page| async move {
                let scope = level.scope(&caller, id, Right::Read)?;
                list_all(&api, scope, &which, page).await
            },
        )
    })
}

/// Which devices are asked for.
#[derive(Deserialize, Debug, Default)]
struct Which {
    r#type: Option<String>,
    status: Option<String>,
    mac: Option<String>,
    site_id: Option<Uuid>,
}

impl Which {
    fn takes(&self, document: &Document) -> Result<bool, Error> {
        let mac = self.mac.as_deref().map(str::parse::<Mac>).transpose();
        let mac = mac.map_err(|error| field("mac", error.to_string()))?;
        let kind = self.r#type.as_deref().unwrap_or("ap");
        let is_one = |it: Mac| document.text("mac") == it.to_string();
        Ok((kind == "all" || document.text("type") == kind)
            && mac.is_none_or(is_one)
            && self.site_id.is_none_or(|site| document.site_id.is_some_and(|it| it.0 == site)))
    }
}

async fn list_all(
    api: &Api,
    scope: Scope,
    which: &Which,
    Paged(page): Paged,
) -> Result<Response, Error> {
    const KINDS: [&str; 4] = ["ap", "switch", "gateway", "all"];
    const STATUSES: [&str; 3] = ["connected", "disconnected", "all"];
    if which.r#type.as_deref().is_some_and(|it| !KINDS.contains(&it)) {
        return Err(field("type", format!("not one of {}", KINDS.join(", "))));
    }
    if which.status.as_deref().is_some_and(|it| !STATUSES.contains(&it)) {
        return Err(field("status", format!("not one of {}", STATUSES.join(", "))));
    }
    let mut documents = Vec::new();
    for document in api.all(Kind::Device, scope).await? {
        // What is only in the inventory is nowhere.
        if document.site_id.is_some() && which.takes(&document)? {
            documents.push(document);
        }
    }
    let live = api.live_devices(&documents).await?;
    let status = which.status.as_deref().filter(|it| *it != "all");
    let found = documents.into_iter().zip(live);
    let found: Vec<_> = found
        .filter(|(_, live)| {
            let is_up = live.as_ref().and_then(|it| it.is_up);
            status.is_none_or(|status| rows::status(is_up) == status)
        })
        .collect();
    let now = api.backend.now();
    Ok(page_of(page, found, |(document, live)| rows::device(&document, live.as_ref(), now)))
}

async fn show(
    caller: Caller,
    State(api): State<Api>,
    Ids((site, id)): Ids<(Uuid, Uuid)>,
) -> Result<Json<Value>, Error> {
    let scope = Level::Site.scope(&caller, site, Right::Read)?;
    let document = api.blocking(move |catalog| catalog.get(Kind::Device, scope, id)).await?;
    let live = api.live_devices(std::slice::from_ref(&document)).await?;
    Ok(Json(rows::device(&document, live[0].as_ref(), api.backend.now())))
}
