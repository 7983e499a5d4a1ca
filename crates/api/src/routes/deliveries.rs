//! The delivery log of a webhook.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes, reference};
use crate::page::Ids;
use crate::resources::Level;
use crate::search::{Asked, COUNTED, SPAN, Search, Window, field};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{CountBy, DeliveryFilter, DeliveryRecord, Kind, Right, Scope};
use foghorn_model::WebhookId;
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
                    .answers(reference("Search")),
                move |caller: Caller, State(api): State<Api>, Ids((owner, id)), uri: Uri, it| async move {
                    let scope = level.scope(&caller, owner, Right::Read)?;
                    let Search(which, asked) = it;
                    search(&api, scope, id, (which, asked), uri.path().into()).await
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
    fn filter(&self, webhook: Uuid, window: &Window) -> Result<DeliveryFilter, Error> {
        let success = match self.status.as_deref() {
            None => None,
            Some("success") => Some(true),
            Some("failure") => Some(false),
            Some(_) => return Err(field("status", "not one of success, failure")),
        };
        Ok(DeliveryFilter {
            webhook_id: WebhookId(webhook),
            start: window.start,
            end: window.end,
            success,
            status_code: self.status_code,
            topic: self.topic.clone(),
            error: self.error.clone(),
        })
    }
}

async fn search(
    api: &Api,
    scope: Scope,
    webhook: Uuid,
    (which, asked): (Which, Asked),
    path: String,
) -> Result<Json<Value>, Error> {
    api.blocking(move |catalog| catalog.get(Kind::Webhook, scope, webhook)).await?;
    let window = asked.window(api.backend.now())?;
    let filter = which.filter(webhook, &window)?;
    let store = Arc::clone(&api.deliveries);
    let (rows, total) = api
        .blocking(move |_| store.search(&filter, window.newest_first, window.after, window.limit))
        .await?;
    let last = rows.last().map(|row| (row.at, row.row));
    let results: Vec<Value> = rows.iter().map(row).collect();
    let code = which.status_code.map(|code| code.to_string());
    let kept = [
        ("status", &which.status),
        ("status_code", &code),
        ("topic", &which.topic),
        ("error", &which.error),
    ];
    let kept: Vec<(&str, &str)> =
        kept.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?))).collect();
    Ok(Json(window.page(&path, &kept, &results, last, total)))
}

/// Mist's members, and beside them what it does not tell: the attempt, the range, the outcome.
fn row(it: &DeliveryRecord) -> Value {
    json!({
        "id": it.id,
        "org_id": it.org_id,
        "site_id": it.site_id,
        "webhook_id": it.webhook_id,
        "topic": it.topic,
        "status": if it.fate == "delivered" { "success" } else { "failure" },
        "status_code": it.status_code,
        "error": it.error,
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
    })
}

async fn count(
    api: &Api,
    scope: Scope,
    webhook: Uuid,
    (which, asked): (Which, Asked),
) -> Result<Json<Value>, Error> {
    api.blocking(move |catalog| catalog.get(Kind::Webhook, scope, webhook)).await?;
    let window = asked.window(api.backend.now())?;
    let filter = which.filter(webhook, &window)?;
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
    let counts = api.blocking(move |_| store.count(&filter, by)).await?;
    let results: Vec<Value> = counts
        .iter()
        .map(|(value, count)| {
            let value = match value.parse::<u16>() {
                Ok(code) if by == CountBy::StatusCode => json!(code),
                _ => json!(value),
            };
            json!({ name: value, "count": count })
        })
        .collect();
    Ok(Json(window.counted(name, &results)))
}
