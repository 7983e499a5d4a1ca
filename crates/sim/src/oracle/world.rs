//! The events against what is true of the world.

use super::Expected;
use crate::catalog::UNSUPPRESSED;
use crate::people::People;
use anyhow::{Result, ensure};
use foghorn_model::OrgId;
use serde_json::Value;
use std::collections::BTreeMap;

/// `quarantined` says how many records of those whose alarms are always told were set aside.
pub(super) fn check(expected: &Expected, people: &People, quarantined: u64) -> Result<()> {
    let mut open: BTreeMap<String, bool> = BTreeMap::new();
    let mut texts: BTreeMap<String, u32> = BTreeMap::new();
    let mut alarms = Alarms::default();
    for event in expected.values().flatten() {
        let value: Value = serde_json::from_slice(&event.json)?;
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let site = event.entry.site.map(|site| site.to_string()).unwrap_or_default();
        let (topic, kind) = (event.entry.topic.name(), text("type"));
        if event.entry.org == UNSUPPRESSED && topic == "device-updowns" {
            *alarms.incidents.entry(kind.clone()).or_default() += 1;
        }
        if topic == "alarms" {
            alarms.check(event.entry.org, &value)?;
        }
        if topic == "device-events" && kind == "AP_CONFIGURED" {
            *texts.entry(text("text")).or_default() += 1;
            if let Some((site, relayed)) = people.relayed.get(&text("text")) {
                ensure!(
                    event.entry.site == *site && event.json == relayed.as_bytes(),
                    "as it came: {event:?} of {:?} should be {relayed} of {site:?}",
                    event.entry.site
                );
            }
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
    alarms.check_counts(quarantined)?;
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

/// What alarms say, and what they are of.
#[derive(Default)]
struct Alarms {
    /// The last count of each, by id, and whether it is over.
    told: BTreeMap<String, (u64, bool)>,
    /// Incidents by the type of the alarm.
    counted: BTreeMap<String, u64>,
    /// The same by the type of the event that each is of.
    incidents: BTreeMap<String, u64>,
}

impl Alarms {
    fn check(&mut self, org: OrgId, alarm: &Value) -> Result<()> {
        let id = alarm["id"].as_str().unwrap_or_default().to_owned();
        let count = alarm["count"].as_u64().unwrap_or(0);
        let over = alarm["status"] == "resolved";
        let before = self.told.insert(id, (count, over));
        let update = alarm["update"] == true;
        ensure!(
            before.is_some() == update,
            "alarm: told first, or again, and says not so: {alarm}"
        );
        let (known, was_over) = before.unwrap_or((0, false));
        ensure!(!was_over, "alarm: it was over and goes on: {alarm}");
        ensure!(count > known || (over && count == known), "alarm: nothing is new: {alarm}");
        ensure!(
            alarm["type"] != "foghorn_webhook_failing" || count == 1,
            "alarm: one failure was told twice: {alarm}"
        );
        if org == UNSUPPRESSED {
            let kind = alarm["type"].as_str().unwrap_or_default().to_owned();
            *self.counted.entry(kind).or_default() += count - known;
        }
        Ok(())
    }

    /// Each down, each restart and each record set aside is in an alarm, once.
    fn check_counts(&self, quarantined: u64) -> Result<()> {
        let told = self.counted.get("foghorn_input_quarantined").copied().unwrap_or(0);
        ensure!(
            told == quarantined,
            "alarm: {quarantined} records were set aside, {told} of them told"
        );
        let pairs = [("AP_DISCONNECTED", "device_down"), ("AP_RESTARTED", "device_restarted")];
        for (event, alarm) in pairs {
            let (told, counted) = (self.incidents.get(event), self.counted.get(alarm));
            ensure!(told == counted, "alarm: {told:?} of {event}, {counted:?} in {alarm}");
        }
        Ok(())
    }
}
