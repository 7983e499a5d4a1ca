//! Constants: the topics, the alarms and events, and the kinds of telemetry with their schemas.

use crate::openapi::{Method, Operation, Routes, array_of, reference};
use axum::Json;
use foghorn_model::definitions::{
    self, ALARMS, AlarmRow, CLIENT_EVENTS, DEVICE_EVENTS, MXEDGE_EVENTS, NAC_EVENTS,
    OTHER_DEVICE_EVENTS, description, display,
};
use foghorn_model::telemetry::json_schemas;
use foghorn_model::topic::TOPICS;
use serde_json::{Value, json};
use std::sync::LazyLock;

pub(super) fn routes() -> Routes {
    let new = |path, id, summary, row| {
        let rows = array_of(reference(row));
        Operation::new(Method::Get, path, id, "const", summary).answers(rows).public()
    };
    let families = EVENTS.into_iter().fold(Routes::default(), |routes, (path, id, keys, what)| {
        let family = path.rsplit('/').next().unwrap_or_default();
        let rows: Value = keys.iter().map(|key| named(family, key)).collect();
        routes.at(new(path, id, what, "EventDefinition"), move || {
            let rows = rows.clone();
            async move { Json(rows) }
        })
    });
    families
        .at(
            new(
                "/api/v1/const/alarm_defs",
                "listAlarmDefinitions",
                "The alarms by their keys",
                "AlarmDefinition",
            ),
            alarm_defs,
        )
        .at(
            new(
                "/api/v1/const/webhook_topics",
                "listWebhookTopics",
                "The topics of webhooks",
                "TopicDefinition",
            ),
            webhook_topics,
        )
        .at(
            new(
                "/api/v1/const/telemetry_kinds",
                "listTelemetryKinds",
                "The kinds of telemetry: description, JSON Schema and an example (extension)",
                "TelemetryKind",
            ),
            telemetry_kinds,
        )
}

/// The families of events: path, name, keys, meaning.
const EVENTS: [(&str, &str, &[&str], &str); 5] = [
    (
        "/api/v1/const/device_events",
        "listDeviceEventsDefinitions",
        DEVICE_EVENTS,
        "The events of devices by their keys",
    ),
    (
        "/api/v1/const/mxedge_events",
        "listMxEdgeEventsDefinitions",
        MXEDGE_EVENTS,
        "The events of edges by their keys",
    ),
    (
        "/api/v1/const/nac_events",
        "listNacEventsDefinitions",
        NAC_EVENTS,
        "The events of access control by their keys",
    ),
    (
        "/api/v1/const/client_events",
        "listClientEventsDefinitions",
        CLIENT_EVENTS,
        "The events of wireless clients by their keys",
    ),
    (
        "/api/v1/const/otherdevice_events",
        "listOtherDeviceEventsDefinitions",
        OTHER_DEVICE_EVENTS,
        "The events of devices of other vendors by their keys",
    ),
];

/// The examples of all families.
static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(definitions::EXAMPLES).unwrap_or_default());

/// A key, what it is called, what it means where Mist tells that, and an event of it as Foghorn
/// makes it, if it does.
fn named(family: &str, key: &str) -> Value {
    let mut row = json!({ "key": key, "display": display(key) });
    if let ("device_events" | "mxedge_events", Some(description)) = (family, description(key)) {
        row["description"] = json!(description);
    }
    let example = &EXAMPLES[family][key];
    if !example.is_null() {
        row["example"] = example.clone();
    }
    row
}

async fn alarm_defs() -> Json<Value> {
    let row = |row: &AlarmRow| {
        let mut alarm = named("alarms", row.key);
        alarm["group"] = json!(row.group.name());
        alarm["severity"] = json!(row.severity.name());
        alarm["fields"] = json!(row.fields);
        alarm["tier"] = json!(row.tier().name());
        alarm
    };
    Json(ALARMS.iter().map(row).collect())
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
    Json(TOPICS.iter().filter(|row| !row.is_private).map(row).collect())
}

/// The kinds of telemetry: description, JSON Schema and an example of each.
async fn telemetry_kinds() -> Json<Value> {
    Json(json_schemas().into())
}
