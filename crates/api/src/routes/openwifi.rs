//! What OpenWiFi's APs say of themselves, as their controller passes it on (extension).

use super::telemetry::durably;
use crate::Api;
use crate::caller::Uncounted;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::{Ids, Raw};
use crate::query::Query;
use axum::Json;
use axum::extract::State;
use foghorn_catalog::Right;
use foghorn_ingest::http::{Encoding, decode_body};
use foghorn_ingest::journal::{Lines, Submission};
use foghorn_ingest::openwifi::read_state;
use foghorn_model::{Mac, SiteId};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Asked {
    serial: Option<Mac>,
}

pub(super) fn routes() -> Routes {
    let operation = Operation::new(
        Method::Post,
        "/api/v1/sites/{site_id}/openwifi/state",
        "takeOpenWifiState",
        "telemetry",
        "Takes the state of an OpenWiFi AP: who is associated with it (extension)",
    );
    let serial = ("serial", "string", "the AP's address, where the document does not have it");
    let operation = operation.asks(&[serial]).takes(reference("OpenWifiState"));
    Routes::default().at(operation.answers(reference("OpenWifiAnswer")), take)
}

/// Answered when it is durable; of a document all is taken or nothing.
async fn take(
    Uncounted(caller): Uncounted,
    State(api): State<Api>,
    Ids(site): Ids<SiteId>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Value>, Error> {
    let catalog_seq = api.catalog.view().seq;
    let scope = caller.site(site, Right::Ingest)?;
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let body = decode_body(Encoding::of_header(encoding)?, body)?;
    let state = read_state(&body, asked.serial, api.backend.now())?;
    let mut lines = Lines::new();
    lines.push(&state.line);
    durably(&api, Submission { org: scope.org, site, catalog_seq, lines }).await?;
    Ok(Json(json!({ "ap": state.ap, "clients": state.clients })))
}
