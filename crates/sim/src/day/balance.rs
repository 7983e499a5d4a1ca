//! What was told against what must be.
//!
//! One for one, with the microsecond at which each is told. It holds no more than what one side has
//! and the other has not yet.

use super::truth::Expected;
use anyhow::{Context, Result, ensure};
use foghorn_model::{EventEntry, Timestamp, Topic};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// An event that was told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The topic.
    pub topic: Topic,
    /// Its type.
    pub kind: String,
    /// Whom it is about, as [`Expected::who`] has it.
    pub who: String,
    /// When that happened, in whole seconds as most payloads have it.
    pub happened_secs: i64,
    /// When it was derived.
    pub told: Timestamp,
}

impl Told {
    /// Reads an event; `None` for one of a topic that the truth says nothing of.
    ///
    /// # Errors
    /// If its JSON is none.
    pub fn read(entry: &EventEntry, json: &[u8]) -> Result<Option<Self>> {
        let value: Value = serde_json::from_slice(json)?;
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let (kind, who) = match entry.topic {
            Topic::ClientJoin => (String::new(), format!("{} at {}", text("mac"), text("ap"))),
            Topic::ClientSessions => (
                value["termination_reason"].to_string(),
                format!("{} at {} to {}", text("mac"), text("ap"), text("next_ap")),
            ),
            Topic::DeviceEvents | Topic::DeviceUpdowns => (text("type"), text("mac")),
            Topic::MxedgeEvents => (text("type"), edge(&text("mxedge_id"))),
            Topic::Alarms => (text("type"), alarm(&value)),
            Topic::ClientInfo => (String::new(), text("mac")),
            Topic::NacEvents => (text("type"), text("mac")),
            Topic::NacAccounting => (text("type"), accounted(&value)),
            Topic::GuestAuthorizations => {
                (String::new(), format!("{} at {}", text("client"), text("ap")))
            }
            Topic::ClientLatency => (String::new(), latencies(&value)),
            Topic::SiteSle => (String::new(), levels(&value)),
            _ => return Ok(None),
        };
        let (member, unit) = match entry.topic {
            Topic::GuestAuthorizations => ("authorized_time", 1.0),
            Topic::NacAccounting => ("timestamp", 1e3),
            _ => ("timestamp", 1.0),
        };
        let happened = value[member].as_f64().context("an event without a time")? / unit;
        let (topic, told) = (entry.topic, entry.at);
        Ok(Some(Self { topic, kind, who, happened_secs: happened.floor() as i64, told }))
    }

    fn of(expected: &Expected) -> Self {
        Self {
            topic: expected.topic,
            kind: expected.kind.clone(),
            who: expected.who.clone(),
            happened_secs: expected.happened.secs(),
            told: expected.told,
        }
    }
}

/// The address of an edge of the layout, whose id is its number.
fn edge(id: &str) -> String {
    let number = id.parse::<uuid::Uuid>().map_or(0, |id| id.as_u128());
    format!("5c5b35{:06x}", number + 1)
}

/// What an alarm is of, if it is a condition, its count, and whether it is new.
fn alarm(value: &Value) -> String {
    let list = match value["type"].as_str() {
        Some("ap_offline") => "switches",
        Some("health_check_failed") => "aps",
        _ => "",
    };
    let about = value[list][0].as_str().unwrap_or_default();
    let how = match (value["status"].as_str(), value["update"].as_bool()) {
        (Some("resolved"), _) => "resolved",
        (_, Some(true)) => "update",
        _ => "new",
    };
    format!("{about} {} {how}", value["count"])
}

/// Whose session it is with which NAS, what the client sent, and why it is over.
fn accounted(value: &Value) -> String {
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let mut who = format!("{} {} at {}", text("mac"), text("session_id"), text("nas_ip"));
    if let Some(bytes) = value["rx_bytes"].as_u64() {
        write!(who, " {bytes}").expect("writing to memory cannot fail");
    }
    if let Some(cause) = value["terminate_cause"].as_str() {
        write!(who, " {cause}").expect("writing to memory cannot fail");
    }
    who
}

/// Each step with its least, average and most, in microseconds.
fn latencies(value: &Value) -> String {
    let micros = |what: &str, step: &str| {
        let secs = value[format!("{what}_{step}")].as_f64()?;
        Some((secs * 1e6).round() as i64)
    };
    let steps = ["auth", "dhcp", "dns"].into_iter().filter_map(|step| {
        let [min, avg, max] = ["min", "avg", "max"].map(|what| micros(what, step));
        Some(format!("{step} {} {} {}", min?, avg?, max?))
    });
    steps.collect::<Vec<_>>().join(", ")
}

/// Each classifier, in ten-thousandths.
fn levels(value: &Value) -> String {
    let of = value["sle"].as_object().into_iter().flatten();
    let levels = of.map(|(name, share)| {
        let share = (share.as_f64().unwrap_or(-1.0) * 1e4).round() as i64;
        format!("{name} {share}")
    });
    levels.collect::<Vec<_>>().join(", ")
}

/// What was told and is not expected, or the other way round.
#[derive(Debug, Default)]
pub struct Balance {
    open: BTreeMap<Told, i64>,
    /// How many of each type were told.
    pub counts: BTreeMap<(Topic, String), u64>,
    /// And how many in all.
    pub told: u64,
    /// Of how many records.
    pub records: u64,
}

impl Balance {
    /// These must come.
    pub fn expect(&mut self, expected: &[Expected]) {
        expected.iter().for_each(|it| self.add(Told::of(it), -1));
    }

    /// This came.
    pub fn tell(&mut self, told: Told) {
        *self.counts.entry((told.topic, told.kind.clone())).or_default() += 1;
        self.told += 1;
        self.add(told, 1);
    }

    fn add(&mut self, it: Told, by: i64) {
        match self.open.get(&it).map_or(by, |count| count + by) {
            0 => drop(self.open.remove(&it)),
            count => drop(self.open.insert(it, count)),
        }
    }

    /// Whether both sides are the same.
    ///
    /// # Errors
    /// If not; with the first few that differ.
    pub fn check(&self) -> Result<()> {
        let side = |sign: i64| {
            let some = self.open.iter().filter(|(_, count)| **count * sign > 0);
            some.map(|(it, _)| format!("\n  {it:?}")).take(20).collect::<String>()
        };
        ensure!(
            self.open.is_empty(),
            "the day: {} events differ; told and not expected:{}\nexpected and not told:{}",
            self.open.len(),
            side(1),
            side(-1)
        );
        Ok(())
    }
}
