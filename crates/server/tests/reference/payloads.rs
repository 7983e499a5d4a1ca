//! The payloads of `docs/payloads` against the published schema and the samples.
//!
//! A capture beats an example, and an example beats the schema. What is not as the schema says
//! stands in `docs/payloads/exceptions.json` with its source, and nothing stands there in vain.

use crate::data;
use crate::schema::{Finding, findings};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Topics of which the published document has no schema: samples are all there is.
const UNPUBLISHED: [&str; 1] = ["mxedge-events"];

pub fn read(path: impl AsRef<Path>) -> Value {
    let text = std::fs::read_to_string(&path).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn payloads() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/payloads")
}

/// How a member fails that captures have and no payload.
const ABSENT: &str = "absent";

/// Topic, member and failure of the exceptions whose failure is wanted.
fn exceptions(wanted: impl Fn(&str) -> bool) -> BTreeSet<(String, String, String)> {
    let mut exceptions = BTreeSet::new();
    for exception in read(payloads().join("exceptions.json")).as_array().unwrap() {
        let text = |key: &str| exception[key].as_str().unwrap().to_owned();
        assert!(!text("source").is_empty());
        if wanted(&text("fails")) {
            exceptions.insert((text("topic"), text("field"), text("fails")));
        }
    }
    exceptions
}

/// Topic and body of each golden payload.
pub fn golden() -> Vec<(String, Value)> {
    let mut golden = Vec::new();
    for entry in std::fs::read_dir(payloads()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().unwrap() != "exceptions" {
            let body = read(path);
            golden.push((body["topic"].as_str().unwrap().to_owned(), body));
        }
    }
    assert!(golden.len() >= 20, "{}", golden.len());
    golden
}

/// The events of the samples of a topic, and whether each was captured.
pub fn samples(topic: &str) -> Vec<(bool, Value)> {
    let directory = data("reference/samples");
    let index = read(directory.join("index.json"));
    let mut samples = Vec::new();
    for sample in index["samples"].as_array().unwrap() {
        if sample["topic"] != topic {
            continue;
        }
        let captured = sample["certainty"].as_str().unwrap().contains("capture")
            || sample["certainty"].as_str().unwrap().starts_with("field");
        let body = read(directory.join(sample["file"].as_str().unwrap()));
        match body["events"].as_array() {
            Some(events) => samples.extend(events.iter().map(|event| (captured, event.clone()))),
            None => samples.push((captured, body)),
        }
    }
    samples
}

#[test]
fn what_the_schema_does_not_say_has_a_source() {
    let document = read(data("reference/openapi-subset.json"));
    let listed = exceptions(|fails| fails != ABSENT);
    let mut unused = listed.clone();
    let mut unlisted = BTreeSet::new();
    for (topic, body) in golden() {
        let schema = format!("webhook_{}", topic.replace('-', "_"));
        if UNPUBLISHED.contains(&topic.as_str()) {
            assert!(document["components"]["schemas"][&schema].is_null(), "{topic}");
            continue;
        }
        let known: BTreeSet<String> = samples(&topic)
            .iter()
            .filter_map(|(_, event)| event.as_object())
            .flat_map(|event| event.keys().map(|key| format!("events[].{key}")))
            .collect();
        for Finding { field, fails } in findings(&document, &schema, &body) {
            // What some sample has too needs no other source.
            if fails == "extra" && known.contains(&field) {
                continue;
            }
            let finding = (topic.clone(), field, fails.to_owned());
            unused.remove(&finding);
            if !listed.contains(&finding) {
                unlisted.insert(finding);
            }
        }
    }
    assert!(unlisted.is_empty(), "not in exceptions.json: {unlisted:#?}");
    assert!(unused.is_empty(), "in exceptions.json for nothing: {unused:#?}");
}

#[test]
fn what_captures_have_some_payload_has_too() {
    let golden = golden();
    let topics: BTreeSet<&str> = golden.iter().map(|(topic, _)| topic.as_str()).collect();
    let events = |of: &str| {
        let bodies = golden.iter().filter(|(topic, _)| topic == of);
        bodies.flat_map(|(_, body)| body["events"].as_array().unwrap()).collect::<Vec<_>>()
    };
    let (mut absent, mut captures) = (BTreeSet::new(), 0);
    for topic in topics {
        let told = events(topic);
        for (_, event) in samples(topic).into_iter().filter(|(captured, _)| *captured) {
            captures += 1;
            for member in event.as_object().unwrap().keys() {
                // Of alarms and events each type has members of its own.
                let has = |it: &&&Value| it["type"] == event["type"] && it.get(member).is_some();
                if !told.iter().any(|it| has(&it)) {
                    absent.insert((topic.to_owned(), format!("events[].{member}"), ABSENT.into()));
                }
            }
        }
    }
    assert!(captures >= 10, "only {captures} captures");
    assert_eq!(absent, exceptions(|fails| fails == ABSENT));
}

#[test]
fn members_have_the_types_that_captures_have() {
    let mut compared = 0;
    for (topic, body) in golden() {
        let mut captured: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for (_, event) in samples(&topic).iter().filter(|(captured, _)| *captured) {
            for (key, value) in event.as_object().unwrap() {
                captured.entry(key.clone()).or_default().insert(kind(value));
            }
        }
        for event in body["events"].as_array().unwrap() {
            for (key, value) in event.as_object().unwrap() {
                let Some(kinds) = captured.get(key) else { continue };
                let fits = kinds.contains(kind(value))
                    || (value.is_i64() && kinds.contains("fraction"))
                    || value.is_null();
                assert!(fits, "{topic}: {key} is {value}, captures have {kinds:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "only {compared} members had a capture");
}

pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "flag",
        Value::Number(number) if number.is_f64() => "fraction",
        Value::Number(_) => "whole",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}
