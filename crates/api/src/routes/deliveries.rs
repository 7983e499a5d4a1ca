//! The delivery log of a webhook.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::schema::{DeliverySearch, Problem};
use axum::Json;
use axum::extract::{Path, Query, State};
use foghorn_catalog::{CountBy, DeliveryFilter, DeliveryRecord, Kind, Scope};
use foghorn_model::time::Micros;
use foghorn_model::{OrgId, SiteId, Timestamp, WebhookId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1000;
const DAY: Micros = Micros::from_mins(24 * 60);

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(search_of_org))
        .routes(routes!(count_of_org))
        .routes(routes!(search_of_site))
        .routes(routes!(count_of_site))
}

#[derive(Deserialize, Clone, Default)]
struct Asked {
    start: Option<String>,
    end: Option<String>,
    duration: Option<String>,
    status: Option<String>,
    status_code: Option<u16>,
    topic: Option<String>,
    error: Option<String>,
    limit: Option<u32>,
    sort: Option<String>,
    search_after: Option<String>,
    distinct: Option<String>,
}

fn field(field: &str, reason: impl Into<String>) -> Error {
    Error::Field { field: field.into(), reason: reason.into() }
}

impl Asked {
    fn filter(&self, webhook: Uuid, now: Timestamp) -> Result<DeliveryFilter, Error> {
        let end = self.end.as_deref().map_or(Ok(now + Micros(1)), |text| {
            instant(text, now).ok_or_else(|| field("end", "not epoch seconds nor like -1d"))
        })?;
        let span = self.duration.as_deref().map_or(Ok(DAY), |text| {
            duration(text).ok_or_else(|| field("duration", "not like 30m, 6h or 1d"))
        })?;
        let start = self.start.as_deref().map_or(Ok(end - span), |text| {
            instant(text, now).ok_or_else(|| field("start", "not epoch seconds nor like -1d"))
        })?;
        let success = match self.status.as_deref() {
            None => None,
            Some("success") => Some(true),
            Some("failure") => Some(false),
            Some(_) => return Err(field("status", "not one of success, failure")),
        };
        Ok(DeliveryFilter {
            webhook_id: WebhookId(webhook),
            start,
            end,
            success,
            status_code: self.status_code,
            topic: self.topic.clone(),
            error: self.error.clone(),
        })
    }
}

/// Epoch seconds, or a span before now: `-1d`.
fn instant(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text.strip_prefix('-') {
        Some(span) => duration(span).map(|span| now - span),
        None if text == "now" => Some(now),
        None => {
            let secs: f64 = text.parse().ok()?;
            secs.is_finite().then_some(Timestamp((secs * 1e6) as i64))
        }
    }
}

fn duration(text: &str) -> Option<Micros> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| (0..=100_000).contains(number))?;
    let mins = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return None,
    };
    Some(Micros::from_mins(number * mins))
}

async fn search(
    api: &Api,
    scope: Scope,
    webhook: Uuid,
    asked: Asked,
    path: String,
) -> Result<Json<Value>, Error> {
    api.blocking(move |catalog| catalog.get(Kind::Webhook, scope, webhook)).await?;
    let filter = asked.filter(webhook, api.backend.now())?;
    let limit = asked.limit.unwrap_or(LIMIT_DEFAULT);
    if limit == 0 || limit > LIMIT_MAX {
        return Err(field("limit", format!("not from 1 to {LIMIT_MAX}")));
    }
    let after = asked.search_after.as_deref().map(|text| {
        let parts = text
            .split_once('-')
            .and_then(|(at, row)| Some((Timestamp(at.parse().ok()?), row.parse().ok()?)));
        parts.ok_or_else(|| field("search_after", "not one that an earlier answer gave"))
    });
    let after = after.transpose()?;
    let newest_first = match asked.sort.as_deref() {
        None | Some("-timestamp") => true,
        Some("timestamp") => false,
        Some(_) => return Err(field("sort", "not one of timestamp, -timestamp")),
    };
    let store = Arc::clone(&api.deliveries);
    let wanted = filter.clone();
    let (rows, total) =
        api.blocking(move |_| store.search(&wanted, newest_first, after, limit)).await?;
    let next = (rows.len() == limit as usize).then(|| rows.last()).flatten().map(|last| {
        let (start, end) = (filter.start.as_secs_f64(), filter.end.as_secs_f64());
        let mut next = format!(
            "{path}?limit={limit}&start={start}&end={end}&search_after={}-{}",
            last.at.0, last.row
        );
        let kept = [("status", &asked.status), ("topic", &asked.topic), ("sort", &asked.sort)];
        for (key, value) in kept {
            if let Some(value) = value {
                next.push_str(&format!("&{key}={value}"));
            }
        }
        if let Some(code) = asked.status_code {
            next.push_str(&format!("&status_code={code}"));
        }
        next
    });
    let results: Vec<Value> = rows.iter().map(row).collect();
    let mut answer = json!({
        "results": results,
        "start": filter.start.secs(),
        "end": filter.end.secs(),
        "limit": limit,
        "total": total,
    });
    if let Some(next) = next {
        answer["next"] = json!(next);
    }
    Ok(Json(answer))
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

async fn count(api: &Api, scope: Scope, webhook: Uuid, asked: Asked) -> Result<Json<Value>, Error> {
    api.blocking(move |catalog| catalog.get(Kind::Webhook, scope, webhook)).await?;
    let filter = asked.filter(webhook, api.backend.now())?;
    let (name, by) = match asked.distinct.as_deref() {
        None | Some("webhook_id") => ("webhook_id", CountBy::WebhookId),
        Some("status") => ("status", CountBy::Status),
        Some("status_code") => ("status_code", CountBy::StatusCode),
        Some("topic") => ("topic", CountBy::Topic),
        Some(_) => {
            return Err(field("distinct", "not one of status, status_code, topic, webhook_id"));
        }
    };
    let store = Arc::clone(&api.deliveries);
    let wanted = filter.clone();
    let counts = api.blocking(move |_| store.count(&wanted, by)).await?;
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
    Ok(Json(json!({
        "distinct": name,
        "results": results,
        "start": filter.start.secs(),
        "end": filter.end.secs(),
        "limit": LIMIT_MAX,
        "total": results.len(),
    })))
}

type Asking = Result<Query<Asked>, axum::extract::rejection::QueryRejection>;

fn asked(asking: Asking) -> Result<Asked, Error> {
    asking.map(|Query(asked)| asked).map_err(|error| Error::Bad(error.body_text()))
}

/// Searches the deliveries of an org's webhook.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/webhooks/{webhook_id}/events/search", tag = "deliveries", params(("org_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200, body = DeliverySearch), (status = 400, body = Problem)))]
async fn search_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
    asking: Asking,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    let path = format!("/api/v1/orgs/{org}/webhooks/{id}/events/search");
    search(&api, scope, id, asked(asking)?, path).await
}

/// Counts the deliveries of an org's webhook.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/webhooks/{webhook_id}/events/count", tag = "deliveries", params(("org_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200), (status = 400, body = Problem)))]
async fn count_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
    asking: Asking,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    count(&api, scope, id, asked(asking)?).await
}

/// Searches the deliveries of a site's webhook.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}/events/search", tag = "deliveries", params(("site_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200, body = DeliverySearch), (status = 400, body = Problem)))]
async fn search_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path((site, id)): Path<(SiteId, Uuid)>,
    asking: Asking,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site)?;
    let path = format!("/api/v1/sites/{site}/webhooks/{id}/events/search");
    search(&api, scope, id, asked(asking)?, path).await
}

/// Counts the deliveries of a site's webhook.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}/events/count", tag = "deliveries", params(("site_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200), (status = 400, body = Problem)))]
async fn count_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path((site, id)): Path<(SiteId, Uuid)>,
    asking: Asking,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site)?;
    count(&api, scope, id, asked(asking)?).await
}
