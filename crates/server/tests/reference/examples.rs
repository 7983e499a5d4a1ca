//! The members of our alarms and events against the examples that the const endpoints serve.
//!
//! A member that both have has the JSON type of the example, unless a capture has ours. What is
//! otherwise stands in [`EXCEPTIONS`] with its source, and nothing stands there in vain.

use crate::data;
use crate::payloads::{golden, kind, read, samples};
use crate::schema::has_kind;
use foghorn_model::definitions::EXAMPLES;
use foghorn_model::telemetry::json_schemas;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What may stand at a path, as `impacted_entities[].port_id`.
type Kinds = BTreeMap<String, BTreeSet<&'static str>>;

/// Topic, key and member.
type Differ = BTreeSet<(String, String, String)>;

const ONE_BSSID: &str = "one text; the schema has a list, as the examples of all other alarms have";
const OF_FIRMWARE: &str = "the number 1; in all other examples it is the firmware's, a text";

/// Topic, key and member of what is not as in the example, and what the example has.
const EXCEPTIONS: [(&str, &str, &str, &str); 4] = [
    ("alarms", "repeated_auth_failures", "events[].bssids", ONE_BSSID),
    ("device-events", "AP_RADSEC_FAILURE", "events[].version", OF_FIRMWARE),
    ("device-events", "AP_RADSEC_RECOVERY", "events[].version", OF_FIRMWARE),
    ("device-events", "AP_RADSEC_SERVER_CHANGE", "events[].version", OF_FIRMWARE),
];

/// The examples of the const endpoints: topic, key and event.
fn served() -> Vec<(String, String, Value)> {
    let directory = data("reference/samples");
    let index = read(directory.join("index.json"));
    let all = index["samples"].as_array().unwrap().iter();
    let served = all.filter(|it| it["certainty"].as_str().unwrap().contains("const endpoint"));
    let examples = served.map(|it| {
        let text = |member: &str| it[member].as_str().unwrap().to_owned();
        // The type in an example is not always its key: HEALTH_CHECK is of health_check_failed.
        let source = text("source");
        let key = source.split_once("key=").unwrap().1.split_whitespace().next().unwrap();
        (text("topic"), key.to_owned(), read(directory.join(text("file"))))
    });
    examples.collect()
}

/// Topic, key and event of what is ours: the examples that we serve, and the golden payloads.
fn ours() -> Vec<(String, String, Value)> {
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap();
    let mut ours = Vec::new();
    for family in ["alarms", "device_events", "mxedge_events"] {
        for (key, event) in examples[family].as_object().unwrap() {
            ours.push((family.replace('_', "-"), key.clone(), event.clone()));
        }
    }
    for (topic, body) in golden() {
        for event in body["events"].as_array().unwrap() {
            if let Some(key) = event["type"].as_str() {
                ours.push((topic.clone(), key.to_owned(), event.clone()));
            }
        }
    }
    ours
}

/// What stands at each path of a value. JSON knows one type of number.
fn kinds_of<'a>(values: impl Iterator<Item = &'a Value>) -> Kinds {
    fn walk(value: &Value, path: &str, kinds: &mut Kinds) {
        let kind = if value.is_number() { "number" } else { kind(value) };
        kinds.entry(path.to_owned()).or_default().insert(kind);
        for (name, member) in value.as_object().into_iter().flatten() {
            let dot = if path.is_empty() { "" } else { "." };
            walk(member, &format!("{path}{dot}{name}"), kinds);
        }
        for item in value.as_array().into_iter().flatten() {
            walk(item, &format!("{path}[]"), kinds);
        }
    }
    let mut kinds = Kinds::new();
    values.for_each(|value| walk(value, "", &mut kinds));
    kinds
}

/// What captures of a topic have.
fn captured(topic: &str) -> Kinds {
    let samples = samples(topic);
    kinds_of(samples.iter().filter(|(captured, _)| *captured).map(|(_, event)| event))
}

#[test]
fn members_have_the_types_that_examples_have_unless_a_capture_has_ours() {
    let listed = EXCEPTIONS.map(|(topic, key, field, source)| {
        assert!(!source.is_empty());
        (topic.to_owned(), key.to_owned(), field.to_owned())
    });
    let mut differ = differ_as_made();
    differ.extend(differ_as_said());
    assert_eq!(differ, BTreeSet::from(listed));
}

/// Where what is ours is of another type.
fn differ_as_made() -> Differ {
    let served = served();
    assert!(served.len() > 200, "only {}", served.len());
    let (mut compared, mut keys) = (0, BTreeSet::new());
    let mut differ = Differ::new();
    for (topic, key, event) in ours() {
        let examples = served.iter().filter(|(_, of, _)| *of == key).map(|(_, _, event)| event);
        let (theirs, captured) = (kinds_of(examples), captured(&topic));
        for (path, kinds) in kinds_of([&event].into_iter()) {
            let Some(example) = theirs.get(&path) else { continue };
            compared += 1;
            keys.insert(key.clone());
            let is_captured =
                |it: &str| captured.get(&path).is_some_and(|kinds| kinds.contains(it));
            if kinds.iter().any(|it| !example.contains(it) && !is_captured(it)) {
                differ.insert((topic.clone(), key.clone(), format!("events[].{path}")));
            }
        }
    }
    assert!(compared > 1_500, "only {compared} members");
    let theirs: BTreeSet<String> = served.into_iter().map(|(_, key, _)| key).collect();
    let missed: Vec<&String> = theirs.difference(&keys).collect();
    assert!(missed.is_empty(), "with no event of ours: {missed:#?}");
    differ
}

/// Where a source can say what an example of a device's event has, but not as a value of its type:
/// what a source says of it goes out as it is.
fn differ_as_said() -> Differ {
    let schemas = json_schemas();
    let of_devices = schemas.iter().find(|it| it["kind"] == "device-event").unwrap();
    let properties = of_devices["schema"]["properties"].as_object().unwrap();
    let (mut compared, mut differ) = (0, Differ::new());
    for (topic, key, event) in served() {
        for (name, value) in event.as_object().unwrap() {
            let Some(property) = properties.get(name) else { continue };
            if topic != "device-events" || value.is_null() {
                continue;
            }
            let kinds: Vec<&str> = match &property["type"] {
                Value::String(one) => vec![one],
                several => {
                    several.as_array().into_iter().flatten().flat_map(Value::as_str).collect()
                }
            };
            let is_listed = property["enum"].as_array().is_some_and(|all| all.contains(value));
            let fits = is_listed || kinds.iter().any(|kind| has_kind(value, kind));
            compared += 1;
            if !fits {
                differ.insert((topic.clone(), key.clone(), format!("events[].{name}")));
            }
        }
    }
    assert!(compared > 200, "only {compared} members");
    differ
}
