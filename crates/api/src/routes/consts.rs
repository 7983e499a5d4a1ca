//! Constants: the topics, and the kinds of telemetry with their schemas.

use crate::Api;
use axum::Json;
use foghorn_model::telemetry::json_schemas;
use foghorn_model::topic::TOPICS;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(webhook_topics)).routes(routes!(telemetry_kinds))
}

/// The topics that webhooks may subscribe to. A flag stands where it is true.
#[utoipa::path(get, path = "/api/v1/const/webhook_topics", tag = "const", responses((status = 200)))]
async fn webhook_topics() -> Json<Value> {
    let row = |row: &foghorn_model::topic::TopicRow| {
        let mut topic = json!({ "key": row.name });
        let flags = [
            ("for_org", row.for_org),
            ("has_delivery_results", row.has_delivery_results),
            ("allows_single_event_per_message", row.allows_single_event_per_message),
            ("internal", row.internal),
        ];
        for (flag, _) in flags.into_iter().filter(|(_, set)| *set) {
            topic[flag] = json!(true);
        }
        topic
    };
    Json(TOPICS.iter().map(row).collect())
}

/// The kinds of telemetry: description, JSON Schema and an example of each.
#[utoipa::path(get, path = "/api/v1/const/telemetry_kinds", tag = "const", responses((status = 200)))]
async fn telemetry_kinds() -> Json<Value> {
    Json(json_schemas().into())
}
