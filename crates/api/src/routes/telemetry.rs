//! Telemetry: one POST, many records.

use crate::Api;
use crate::caller::Uncounted;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::{Ids, Raw};
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use foghorn_catalog::{ConfigView, Right};
use foghorn_ingest::http::{Encoding, decode_body, split_lines};
use foghorn_ingest::journal::{Refused, Submission};
use foghorn_model::telemetry::field::FieldError;
use foghorn_model::telemetry::{Report, Telemetry};
use foghorn_model::{OrgId, SiteId};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use serde_json::{Value, json};
use std::time::Duration;

/// When a source should come back whose records could not be written.
const RETRY_AFTER: Duration = Duration::from_secs(5);

pub(super) fn routes() -> Routes {
    let new = |path, id, of| {
        let what = format!(
            "Takes telemetry{of}: NDJSON, one record a line, plain, gzip or zstd (extension)"
        );
        Operation::new(Method::Post, path, id, "telemetry", what)
            .takes_media("application/x-ndjson", json!({ "type": "string" }))
            .answers(reference("TelemetryAnswer"))
    };
    Routes::default().at(new("/api/v1/sites/{site_id}/telemetry", "takeTelemetry", ""), of_site).at(
        new("/api/v1/orgs/{org_id}/telemetry", "takeOrgTelemetry", " of what is at no site"),
        of_org,
    )
}

async fn of_site(
    Uncounted(caller): Uncounted,
    State(api): State<Api>,
    Ids(site): Ids<SiteId>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Value>, Error> {
    // The view before the scope: what the records are routed under is what was checked.
    let view = api.catalog.view();
    let org = caller.site(site, Right::Ingest)?.org;
    let place = Place { org, site, catalog_seq: view.seq };
    take(&api, place, &headers, body, move |it| admit(&view, site, it)).await
}

async fn of_org(
    Uncounted(caller): Uncounted,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Value>, Error> {
    let view = api.catalog.view();
    caller.org(org, Right::Ingest)?;
    let place = Place { org, site: SiteId::of_org(org), catalog_seq: view.seq };
    take(&api, place, &headers, body, admit_to_org).await
}

/// What records are routed to.
struct Place {
    org: OrgId,
    site: SiteId,
    catalog_seq: u64,
}

/// Answered when every line that is accepted is durable; lines that are no record are named and
/// cost the others nothing.
async fn take(
    api: &Api,
    place: Place,
    headers: &HeaderMap,
    body: Bytes,
    admit: impl Fn(&Telemetry<'_>) -> Result<(), FieldError> + Send,
) -> Result<Json<Value>, Error> {
    let Place { org, site, catalog_seq } = place;
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let body = decode_body(Encoding::of_header(encoding)?, body)?;
    let split = split_lines(&body, api.backend.now(), &admit);
    let accepted = split.lines.len();
    if accepted > 0 {
        let submission = Submission { org, site, catalog_seq, lines: split.lines };
        durably(api, submission).await?;
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

/// At no site are edges that are not assigned, and those whom a server lets into the network that
/// serves the whole org.
fn admit_to_org(telemetry: &Telemetry<'_>) -> Result<(), FieldError> {
    match &telemetry.report {
        Report::Edge(_) | Report::Decision(_) | Report::Accounting(_) => Ok(()),
        _ => Err(FieldError {
            field: Some("kind".into()),
            detail: "records of this kind are of a site".into(),
        }),
    }
}

/// Waits until records are on disk.
pub(super) async fn durably(api: &Api, submission: Submission) -> Result<(), Error> {
    let durable = api.journal.submit(submission)?;
    Ok(durable.await.map_err(|_| Refused::Full { retry_after: RETRY_AFTER })?)
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
