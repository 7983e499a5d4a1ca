//! Constants: the topics, and the kinds of telemetry with their schemas.

use crate::openapi::{Method, Operation, Routes, array_of};
use axum::Json;
use foghorn_model::telemetry::json_schemas;
use foghorn_model::topic::TOPICS;
use serde_json::{Value, json};

pub(super) fn routes() -> Routes {
    let new = |path, id, summary| {
        let rows = array_of(json!({ "type": "object" }));
        Operation::new(Method::Get, path, id, "const", summary).answers(rows).public()
    };
    Routes::default()
        .at(
            new("/api/v1/const/webhook_topics", "listWebhookTopics", "The topics of webhooks"),
            webhook_topics,
        )
        .at(
            new(
                "/api/v1/const/telemetry_kinds",
                "listTelemetryKinds",
                "The kinds of telemetry: description, JSON Schema and an example (extension)",
            ),
            telemetry_kinds,
        )
}

/// The topics that webhooks may subscribe to. A flag stands where it is true.
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
async fn telemetry_kinds() -> Json<Value> {
    Json(json_schemas().into())
}
