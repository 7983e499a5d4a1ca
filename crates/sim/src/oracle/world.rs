//! The events against what is true of the world.

use super::Expected;
use super::alarms::Alarms;
use crate::catalog::UNSUPPRESSED;
use crate::people::People;
use anyhow::{Result, ensure};
use foghorn_model::Topic;
use serde_json::Value;
use std::collections::BTreeMap;

/// `quarantined` says how many records of those whose alarms are always told were set aside.
pub(super) fn check(expected: &Expected, people: &People, quarantined: u64) -> Result<()> {
    let mut open: BTreeMap<String, bool> = BTreeMap::new();
    let mut texts: BTreeMap<String, u32> = BTreeMap::new();
    let campus = people.campus.as_ref().map(|campus| campus.day.layout().org);
    let mut told: BTreeMap<(Topic, String), u64> = BTreeMap::new();
    let mut alarms = Alarms::default();
    for event in expected.values().flatten() {
        let value: Value = serde_json::from_slice(&event.json)?;
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let site = event.entry.site.map(|site| site.to_string()).unwrap_or_default();
        let (topic, kind) = (event.entry.topic.name(), text("type"));
        let is_of_the_day = campus == Some(event.entry.org);
        alarms.look(event, &value, is_of_the_day)?;
        // Elsewhere what flaps is damped.
        if event.entry.org == UNSUPPRESSED {
            *told.entry((event.entry.topic, kind.clone())).or_default() += 1;
        }
        if let Some(text) = text_of(topic, &value).filter(|_| !is_of_the_day) {
            *texts.entry(text).or_default() += 1;
        }
        if topic == "device-events"
            && let Some((site, relayed)) = people.relayed.get(&text("text"))
        {
            ensure!(
                event.entry.site == *site && event.json == relayed.as_bytes(),
                "as it came: {event:?} of {:?} should be {relayed} of {site:?}",
                event.entry.site
            );
        }
        if topic == "device-events" && text("reason") == "heartbeat_timeout" {
            let steady = text("mac").parse().is_ok_and(|mac| people.steady.contains(&mac));
            // At the very end all fall silent, and go down as they should.
            let at = value["timestamp"].as_f64().unwrap_or(0.0);
            let over = people.silent_since.is_some_and(|since| at > since.as_secs_f64());
            ensure!(
                !steady || over,
                "outage: {} was told down for our own absence: {}",
                text("mac"),
                String::from_utf8_lossy(&event.json)
            );
        }
        let (who, begins) = match (topic, kind.as_str()) {
            ("client-join", _) => (format!("client {site} {}", text("mac")), true),
            ("mxedge-events", "ME_CONNECTED") => (format!("edge {}", text("mxedge_id")), true),
            ("mxedge-events", "ME_DISCONNECTED") => (format!("edge {}", text("mxedge_id")), false),
            ("client-sessions", _) => (format!("client {site} {}", text("mac")), false),
            // Says how a device is that changed untold.
            ("device-updowns", "AP_FLAPPING") => {
                open.insert(format!("device {site} {}", text("mac")), text("state") == "up");
                continue;
            }
            ("device-updowns", "AP_CONNECTED") => (format!("device {site} {}", text("mac")), true),
            ("device-updowns", "AP_DISCONNECTED") => {
                let who = format!("device {site} {}", text("mac"));
                // The first word of a device may be that it is down.
                let before = open.insert(who.clone(), false);
                ensure!(before != Some(false), "alternation: {who} went down twice");
                continue;
            }
            _ => continue,
        };
        let before = open.insert(who.clone(), begins);
        ensure!(
            before.unwrap_or(!begins) != begins,
            "alternation: {who} {} twice: {}",
            if begins { "came" } else { "went" },
            String::from_utf8_lossy(&event.json)
        );
    }
    alarms.check_end(people, quarantined)?;
    for ((topic, kind), truth) in people.truth(UNSUPPRESSED) {
        let told = told.get(&(topic, kind.to_owned())).copied().unwrap_or(0);
        ensure!(
            topic == Topic::Alarms || told == truth,
            "as it happened: {kind} of {topic} happened {truth} times, and was told {told} times"
        );
    }
    for (who, open) in &open {
        ensure!(!open || who.starts_with("device"), "quiet world: {who} was never told to be gone");
    }
    for mac in &people.steady {
        let down = open
            .iter()
            .any(|(who, up)| who.starts_with("device") && who.ends_with(&mac.to_string()) && !up);
        ensure!(down, "quiet world: {mac} fell silent and never went down");
    }
    for text in &people.acknowledged {
        ensure!(
            texts.get(text) == Some(&1),
            "acknowledged is journaled: {text} came {} times",
            texts.get(text).unwrap_or(&0)
        );
    }
    for (text, times) in &texts {
        ensure!(people.sent.contains(text), "invented: nobody said {text}");
        ensure!(*times == 1, "once: {text} came {times} times");
    }
    Ok(())
}

/// What must come out once, of the events that have such a text.
fn text_of(topic: &str, event: &Value) -> Option<String> {
    let member = match topic {
        "device-events" if event["type"] == "AP_CONFIGURED" => "text",
        "nac-events" | "client-events" | "otherdevice-events" => "text",
        "guest-authorizations" => "name",
        _ => return None,
    };
    event[member].as_str().map(str::to_owned)
}
