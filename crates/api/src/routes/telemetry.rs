//! Telemetry: one POST, many records.

use crate::Api;
use crate::caller::Uncounted;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::{Ids, Raw};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{ConfigView, Right};
use foghorn_ingest::http::{Encoding, decode_body, split_lines};
use foghorn_ingest::journal::{Refused, Submission};
use foghorn_model::SiteId;
use foghorn_model::telemetry::field::FieldError;
use foghorn_model::telemetry::{Report, Telemetry};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use serde_json::{Value, json};
use std::time::Duration;

/// When a source should come back whose records could not be written.
const RETRY_AFTER: Duration = Duration::from_secs(5);

pub(super) fn routes() -> Routes {
    let operation = Operation::new(
        Method::Post,
        "/api/v1/sites/{site_id}/telemetry",
        "takeTelemetry",
        "telemetry",
        "Takes telemetry: NDJSON, one record a line, plain, gzip or zstd (extension)",
    );
    let operation = operation.takes_media("application/x-ndjson", json!({ "type": "string" }));
    Routes::default().at(operation.answers(reference("TelemetryAnswer")), take)
}

/// Answered when every line that
/// is accepted is durable; lines that are no record are named and cost the others nothing.
async fn take(
    Uncounted(caller): Uncounted,
    State(api): State<Api>,
    Ids(site): Ids<SiteId>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Value>, Error> {
    // The view before the scope: what the records are routed under is what was checked.
    let view = api.catalog.view();
    let scope = caller.site(site, Right::Ingest)?;
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let body = decode_body(Encoding::of_header(encoding)?, body)?;
    let split = split_lines(&body, api.backend.now(), &|it| admit(&view, site, it));
    let accepted = split.lines.len();
    if accepted > 0 {
        let submission =
            Submission { org: scope.org, site, catalog_seq: view.seq, lines: split.lines };
        let durable = api.journal.submit(submission)?;
        durable.await.map_err(|_| Refused::Full { retry_after: RETRY_AFTER })?;
    }
    let rejected: Vec<Value> = split
        .rejected
        .into_iter()
        .map(|it| json!({ "line": it.line, "field": it.field, "detail": it.detail }))
        .collect();
    Ok(Json(json!({
        "accepted": accepted,
        "rejected": rejected,
        "rejected_count": split.rejected_count,
    })))
}

/// A device must be one of the site: its name and type stand in what goes out.
fn admit(view: &ConfigView, site: SiteId, telemetry: &Telemetry<'_>) -> Result<(), FieldError> {
    match &telemetry.report {
        Report::Device(report) if !view.devices.contains_key(&(site, report.mac)) => {
            Err(FieldError {
                field: Some("mac".into()),
                detail: "the site has no such device".into(),
            })
        }
        _ => Ok(()),
    }
}
