//! The events against what is true of the world.

use super::Expected;
use crate::people::People;
use anyhow::{Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn check(expected: &Expected, people: &People) -> Result<()> {
    let mut open: BTreeMap<String, bool> = BTreeMap::new();
    let mut texts: BTreeMap<String, u32> = BTreeMap::new();
    for event in expected.values().flatten() {
        let value: Value = serde_json::from_slice(&event.json)?;
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let site = event.entry.site.map(|site| site.to_string()).unwrap_or_default();
        let (topic, kind) = (event.entry.topic.name(), text("type"));
        if topic == "device-events" && kind == "AP_CONFIGURED" {
            *texts.entry(text("text")).or_default() += 1;
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
            ("client-sessions", _) => (format!("client {site} {}", text("mac")), false),
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
    for (who, open) in &open {
        ensure!(
            !open || !who.starts_with("client"),
            "quiet world: the session of {who} never ended"
        );
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
