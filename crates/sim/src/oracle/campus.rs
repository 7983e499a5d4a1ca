//! What came of a day of a site against what is true of it, though the server failed meanwhile.
//!
//! One for one: of each thing as often as it happened, at the times at which it did. What silence
//! makes may come later, since our absence is not theirs; of alarms the incidents are counted, since
//! what is gathered into one depends on when it is told. Spans of the clock are in [`spans`].

use super::{Expected, spans};
use crate::day::{Cause, Told};
use crate::journal::Journal;
use crate::people::Campus;
use anyhow::{Result, ensure};
use foghorn_model::Topic;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is made by silence comes later by so much at most, seconds.
const LATE_MAX_SECS: i64 = 40 * 60;
/// Alarms that are made of what happens, whenever it is told.
const COUNTED: [&str; 9] = [
    "ap_offline",
    "device_down",
    "device_reconnected",
    "device_restarted",
    "gateway_down",
    "gateway_reconnected",
    "switch_down",
    "switch_reconnected",
    "switch_restarted",
];

type Key = (Topic, String, String);

pub(super) fn check(expected: &Expected, campus: &Campus, journal: &Journal) -> Result<()> {
    let site = campus.day.layout().site;
    let mut told: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
    let mut alarms: BTreeMap<String, (String, u64)> = BTreeMap::new();
    let mut of_spans = Vec::new();
    for event in expected.values().flatten().filter(|event| event.entry.site == Some(site)) {
        let Some(it) = Told::read(&event.entry, &event.json)? else { continue };
        if it.topic == Topic::Alarms {
            let value: Value = serde_json::from_slice(&event.json)?;
            let id = value["id"].as_str().unwrap_or_default().to_owned();
            alarms.insert(id, (it.kind, value["count"].as_u64().unwrap_or(0)));
        } else if is_of_span(it.topic) {
            of_spans.push(it);
        } else {
            told.entry((it.topic, it.kind, it.who)).or_default().push(it.happened_secs);
        }
    }
    spans::check(&of_spans, campus, journal)?;
    let mut truth: BTreeMap<Key, Vec<(i64, Cause)>> = BTreeMap::new();
    let one_by_one = |topic| topic != Topic::Alarms && !is_of_span(topic);
    for it in campus.expected.iter().filter(|it| one_by_one(it.topic)) {
        let key = (it.topic, it.kind.clone(), it.who.clone());
        truth.entry(key).or_default().push((it.happened.secs(), it.cause));
    }
    for (key, told) in &mut told {
        ensure!(truth.contains_key(key), "the day: {key:?} came at {told:?} and never happened");
        told.sort_unstable();
    }
    for (key, truth) in &mut truth {
        truth.sort_unstable();
        let told = told.get(key).map_or(&[][..], Vec::as_slice);
        let agree = told.len() == truth.len()
            && told.iter().zip(truth.iter()).all(|(told, (happened, cause))| match cause {
                Cause::Line => told == happened,
                Cause::Silence | Cause::Count => {
                    (*happened..=happened + LATE_MAX_SECS).contains(told)
                }
            });
        ensure!(agree, "the day: {key:?} happened at {truth:?} and came at {told:?}");
    }
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, count) in alarms.values() {
        *counted.entry(kind).or_default() += count;
    }
    for key in COUNTED {
        let (told, truth) = (counted.get(key), campus.day.incidents().get(key));
        ensure!(told == truth, "the day: {truth:?} incidents of {key}, and {told:?} were told");
    }
    Ok(())
}

fn is_of_span(topic: Topic) -> bool {
    matches!(topic, Topic::ClientLatency | Topic::SiteSle)
}
