//! Clients that are associated now.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::live::Ask;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Paged, rows as listed};
use crate::query::Query;
use crate::resources::PAGE;
use crate::rows;
use crate::search::field;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::Right;
use foghorn_model::{Mac, SiteId, Timestamp};
use serde::Deserialize;
use serde_json::Value;

const ALL: &str = "/api/v1/sites/{site_id}/stats/clients";
const ONE: &str = "/api/v1/sites/{site_id}/stats/clients/{client_mac}";

pub(super) fn routes() -> Routes {
    let new = |path, id, summary| Operation::new(Method::Get, path, id, "stats", summary);
    let wired = [("wired", "boolean", "wired ones, which Foghorn does not follow")];
    Routes::default()
        .at(
            new(ALL, "listSiteWirelessClientsStats", "The clients that are associated now")
                .asks(&wired)
                .asks(&PAGE)
                .answers(array_of(reference("ClientStats"))),
            list,
        )
        .at(
            new(ONE, "getSiteWirelessClientStats", "A client that is associated now")
                .asks(&wired)
                .answers(reference("ClientStats")),
            show,
        )
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    wired: bool,
}

async fn list(
    caller: Caller,
    State(api): State<Api>,
    Ids(site): Ids<SiteId>,
    Query(which): Query<Which>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.site(site, Right::Read)?;
    if which.wired {
        return Ok(listed(page, Vec::new(), 0));
    }
    let (now, limit) = (api.backend.now(), page.limit as usize);
    let mut skip = (page.page as usize - 1).saturating_mul(limit);
    let mut found = Vec::new();
    let show = |client: &_| {
        if skip > 0 {
            skip -= 1;
        } else {
            found.push(rows::client(scope, client, now));
        }
        found.len() < limit
    };
    let site = api.each_client(site, Timestamp(0), show).await?;
    Ok(listed(page, found, site.client_count as u64))
}

async fn show(
    caller: Caller,
    State(api): State<Api>,
    Ids((site, client)): Ids<(SiteId, String)>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site, Right::Read)?;
    let mac: Mac = client
        .parse()
        .map_err(|error: foghorn_model::mac::MacError| field("client_mac", error.to_string()))?;
    if which.wired {
        return Err(Error::NotFound);
    }
    let live = api.live(site, Ask::Client(mac)).await?;
    let client = live.clients.first().ok_or(Error::NotFound)?;
    Ok(Json(rows::client(scope, client, api.backend.now())))
}
