//! Telemetry: one POST, many records.

use crate::Api;
use crate::caller::Uncounted;
use crate::error::Error;
use crate::page::Raw;
use crate::schema::{Problem, TelemetryAnswer};
use axum::Json;
use axum::extract::{Path, State};
use foghorn_catalog::ConfigView;
use foghorn_ingest::http::{Encoding, decode_body, split_lines};
use foghorn_ingest::journal::{Refused, Submission};
use foghorn_model::SiteId;
use foghorn_model::telemetry::field::FieldError;
use foghorn_model::telemetry::{Report, Telemetry};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use serde_json::{Value, json};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// When a source should come back whose records could not be written.
const RETRY_AFTER: Duration = Duration::from_secs(5);

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(take))
}

/// Takes telemetry: NDJSON, one record a line, plain, gzip or zstd. Answered when every line that
/// is accepted is durable; lines that are no record are named and cost the others nothing.
#[utoipa::path(post, path = "/api/v1/sites/{site_id}/telemetry", tag = "telemetry", params(("site_id" = Uuid, Path)), request_body(content = String, content_type = "application/x-ndjson"), responses((status = 200, body = TelemetryAnswer), (status = 400, body = Problem), (status = 413, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
async fn take(
    Uncounted(caller): Uncounted,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Value>, Error> {
    caller.may_ingest()?;
    // The view before the scope: what the records are routed under is what was checked.
    let view = api.catalog.view();
    let scope = caller.site(site)?;
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
