//! The delivery log of a webhook.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes, reference};
use crate::page::Ids;
use crate::resources::Level;
use crate::schema::search_of;
use crate::search::{self, Asked, COUNTED, SPAN, Search, Searched, Span, field};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{CountBy, DeliveryFilter, DeliveryRecord, Kind, Right, Scope};
use foghorn_model::{Timestamp, WebhookId};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// By level: the path of the log, and the names of search and count.
const LOGS: [(Level, &str, [&str; 2]); 2] = [
    (
        Level::Org,
        "/api/v1/orgs/{org_id}/webhooks/{webhook_id}/events",
        ["searchOrgWebhooksDeliveries", "countOrgWebhooksDeliveries"],
    ),
    (
        Level::Site,
        "/api/v1/sites/{site_id}/webhooks/{webhook_id}/events",
        ["searchSiteWebhooksDeliveries", "countSiteWebhooksDeliveries"],
    ),
];

/// What may be asked for beside the span of time.
const WHICH: [Parameter; 4] = [
    ("status", "string", "success or failure"),
    ("status_code", "integer", "what the receiver answered"),
    ("topic", "string", "a topic"),
    ("error", "string", "a part of the error"),
];

pub(super) fn routes() -> Routes {
    LOGS.into_iter().fold(Routes::default(), |routes, (level, path, [searches, counts])| {
        let new = |part, id, summary| {
            let path = format!("{path}/{part}");
            Operation::new(Method::Get, path, id, "deliveries", summary).asks(&WHICH)
        };
        routes
            .at(
                new("search", searches, "Attempts to deliver to a webhook, the newest first")
                    .asks(&SPAN)
                    .answers(search_of("DeliveryRow")),
                move |caller: Caller, State(api): State<Api>, Ids((owner, id)), uri: Uri, it| async move {
                    let scope = level.scope(&caller, owner, Right::Read)?;
                    let Search(which, asked) = it;
                    search(&api, scope, id, (which, asked), uri.path()).await
                },
            )
            .at(
                new("count", counts, "How many attempts have each value of a member")
                    .asks(&COUNTED)
                    .answers(reference("Count")),
                move |caller: Caller, State(api): State<Api>, Ids((owner, id)), it| async move {
                    let scope = level.scope(&caller, owner, Right::Read)?;
                    let Search(which, asked) = it;
                    count(&api, scope, id, (which, asked)).await
                },
            )
    })
}

/// Which deliveries.
#[derive(Deserialize, Clone, Default)]
struct Which {
    status: Option<String>,
    status_code: Option<u16>,
    topic: Option<String>,
    error: Option<String>,
    distinct: Option<String>,
}

impl Which {
    /// Those of a webhook, of any time.
    fn filter(&self, webhook: Uuid) -> Result<DeliveryFilter, Error> {
        let success = match self.status.as_deref() {
            None => None,
            Some("success") => Some(true),
            Some("failure") => Some(false),
            Some(_) => return Err(field("status", "not one of success, failure")),
        };
        Ok(DeliveryFilter {
            webhook_id: WebhookId(webhook),
            start: Timestamp(i64::MIN),
            end: Timestamp(i64::MAX),
            success,
            status_code: self.status_code,
            topic: self.topic.clone(),
            error: self.error.clone(),
        })
    }

    fn kept(&self) -> Vec<(&'static str, String)> {
        let kept = [
            ("status", self.status.clone()),
            ("status_code", self.status_code.map(|code| code.to_string())),
            ("topic", self.topic.clone()),
            ("error", self.error.clone()),
        ];
        kept.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

async fn search(
    api: &Api,
    scope: Scope,
    webhook: Uuid,
    (which, asked): (Which, Asked),
    path: &str,
) -> Result<Json<Value>, Error> {
    api.blocking(move |catalog| catalog.get(Kind::Webhook, scope, webhook)).await?;
    let filter = which.filter(webhook)?;
    let (kept, order) = (which.kept(), asked.order(&[])?);
    let of = Searched { owner: scope.org.0, kind: "deliveries", path, kept, order };
    let store = Arc::clone(&api.deliveries);
    let find = move |Span { start, end }, paging| {
        store.search(&DeliveryFilter { start, end, ..filter }, paging)
    };
    search::page(api, &asked, of, find, |it| Ok(row(it))).await
}

/// Mist's members, and beside them what it does not tell: the attempt, the range, the outcome.
/// What there is not is left out; of what went well, what went to and fro.
fn row(it: &DeliveryRecord) -> Value {
    let exchange = it.exchange.as_ref();
    let mut row = json!({
        "id": it.id,
        "org_id": it.org_id,
        "site_id": it.site_id,
        "webhook_id": it.webhook_id,
        "topic": it.topic,
        "status": if it.fate == "delivered" { "success" } else { "failure" },
        "status_code": it.status_code,
        "error": it.error,
        "req_url": exchange.map(|it| &it.url),
        "req_headers": exchange.map(|it| &it.headers),
        "req_payload": exchange.map(|it| &it.payload),
        "resp_headers": exchange.and_then(|it| it.response_headers.as_ref()),
        "resp_body": it.response,
        "timestamp": it.at.as_secs_f64(),
        "attempt": it.attempt,
        "outcome": it.fate,
        "latency_ms": it.latency_us as f64 / 1000.0,
        "req_bytes": it.request_bytes,
        "events": it.events,
        "partition": it.partition,
        "first": it.first,
        "last": it.last,
    });
    if let Some(members) = row.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    row
}

async fn count(
    api: &Api,
    scope: Scope,
    webhook: Uuid,
    (which, asked): (Which, Asked),
) -> Result<Json<Value>, Error> {
    api.blocking(move |catalog| catalog.get(Kind::Webhook, scope, webhook)).await?;
    let filter = which.filter(webhook)?;
    let (name, by) = match which.distinct.as_deref() {
        None | Some("webhook_id") => ("webhook_id", CountBy::WebhookId),
        Some("status") => ("status", CountBy::Status),
        Some("status_code") => ("status_code", CountBy::StatusCode),
        Some("topic") => ("topic", CountBy::Topic),
        Some(_) => {
            return Err(field("distinct", "not one of status, status_code, topic, webhook_id"));
        }
    };
    let store = Arc::clone(&api.deliveries);
    let find = move |Span { start, end }| store.count(&DeliveryFilter { start, end, ..filter }, by);
    search::counts(api, &asked, name, find).await
}
