//! What arrived, and how it is shown.

use super::chain::Verdict;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

/// Whether a signature holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    Valid,
    Invalid,
    Absent,
}

impl Signature {
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Absent => "absent",
        }
    }
}

/// A POST that arrived.
#[derive(Debug, Clone)]
pub struct Post {
    pub topic: String,
    pub events: Vec<Value>,
    /// `X-Mist-Signature-V2`, `X-Mist-Signature`, `webhook-signature`.
    pub signatures: [Signature; 3],
    /// What it is to its lane; nothing when it names none.
    pub verdict: Option<Verdict>,
    /// What is wrong with the body.
    pub fault: Option<String>,
    /// The status of the answer.
    pub answered: u16,
}

impl Post {
    fn signed(&self) -> Signature {
        if self.signatures.contains(&Signature::Invalid) {
            Signature::Invalid
        } else if self.signatures.contains(&Signature::Valid) {
            Signature::Valid
        } else {
            Signature::Absent
        }
    }

    /// Whether it was taken: what was not comes again.
    fn is_taken(&self) -> bool {
        self.answered < 300
    }

    /// A line an event.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mark = match self.signed() {
            Signature::Valid => "signed",
            Signature::Invalid => "BAD SIGNATURE",
            Signature::Absent => "unsigned",
        };
        let note = match &self.verdict {
            _ if !self.is_taken() => format!("  REFUSED: answered {}", self.answered),
            None | Some(Verdict::New) => String::new(),
            Some(Verdict::Repeated) => "  (again)".into(),
            Some(Verdict::Gap(detail)) => format!("  GAP: {detail}"),
            Some(Verdict::Broken(detail)) => format!("  BROKEN: {detail}"),
        };
        if let Some(fault) = &self.fault {
            writeln!(out, "BAD BODY  {fault}")?;
        }
        for event in &self.events {
            writeln!(out, "{:<20} {:<13} {}{note}", self.topic, mark, line(&self.topic, event))?;
        }
        out.flush()
    }

    /// A JSON object an event.
    pub fn print_json(&self, out: &mut impl Write) -> io::Result<()> {
        for event in &self.events {
            let signature = self.signed().name();
            writeln!(
                out,
                "{}",
                json!({"topic": self.topic, "signature": signature, "answered": self.answered,
                       "event": event})
            )?;
        }
        out.flush()
    }
}

/// What an event says, in a line.
fn line(topic: &str, event: &Value) -> String {
    let text = |key: &str| match &event[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    match topic {
        "client-join" => {
            let known = |before: &str, key: &str, after: &str| match text(key) {
                value if value.is_empty() => value,
                value => format!("{before}{value}{after}"),
            };
            let (band, rssi) = (known(", band ", "band", ""), known(", ", "rssi", " dBm"));
            format!("{} joined {} ({}{band}{rssi})", text("mac"), text("ap_name"), text("ssid"))
        }
        "client-sessions" => {
            let why = match event["termination_reason"].as_u64() {
                Some(1) => "disassociated".into(),
                Some(2) => "silent".into(),
                Some(3) => format!("roamed to {}", text("next_ap")),
                _ => text("termination_reason"),
            };
            let secs = event["duration"].as_f64().unwrap_or_default();
            format!("{} left {} after {secs:.1} s: {why}", text("mac"), text("ap_name"))
        }
        "device-events" | "device-updowns" => {
            format!("{} {} {} {}", text("type"), text("device_name"), text("mac"), text("reason"))
        }
        "nac-accounting" => format!(
            "{} {} {} session {} {}",
            text("type"),
            text("username"),
            text("mac"),
            text("session_id"),
            text("terminate_cause")
        ),
        "audits" => format!("{} by {}", text("message"), text("admin_name")),
        "alarms" => format!(
            "{} {} {}{} {} {} {}",
            text("group"),
            text("severity"),
            text("type"),
            event["count"]
                .as_u64()
                .filter(|count| *count > 1)
                .map(|count| format!(" {count} times"))
                .unwrap_or_default(),
            text("status"),
            text("hostnames"),
            text("reasons")
        ),
        "client-info" => format!("{} is {} {}", text("mac"), text("ip"), text("hostname")),
        "mxedge-events" => format!(
            "{} {} {}{}{}",
            text("type"),
            text("mxedge_name"),
            text("service"),
            text("component"),
            text("port")
        ),
        "nac-events" => format!("{} {} {}", text("type"), text("username"), text("mac")),
        "guest-authorizations" => {
            format!("{} at {} by {}", text("client"), text("ssid"), text("auth_method"))
        }
        "client-latency" => {
            let steps = ["auth", "dhcp", "dns"].into_iter().filter_map(|step| {
                let of = |what: &str| event[format!("{what}_{step}")].as_f64();
                let (avg, max) = (of("avg")?, of("max")?);
                Some(format!("{step} {:.0} ms, {:.0} at most", avg * 1e3, max * 1e3))
            });
            steps.collect::<Vec<_>>().join("; ")
        }
        "site-sle" => {
            let shares = event["sle"].as_object().into_iter().flatten().filter_map(|(name, it)| {
                it.as_f64().map(|share| format!("{name} {:.1} %", share * 100.0))
            });
            shares.collect::<Vec<_>>().join(", ")
        }
        "ping" => format!("of webhook {}", text("name")),
        _ => event.to_string(),
    }
}

/// What arrived in all.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    topics: BTreeMap<String, Row>,
    /// Posts that were answered with an error on request.
    pub refused: u64,
    pub repeated: u64,
    pub gaps: u64,
    pub broken: u64,
    pub bad_signatures: u64,
    pub bad_bodies: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Row {
    posts: u64,
    events: u64,
    signed: u64,
}

impl Summary {
    pub fn add(&mut self, post: &Post) {
        self.bad_signatures += u64::from(post.signed() == Signature::Invalid);
        self.bad_bodies += u64::from(post.fault.is_some());
        if !post.is_taken() {
            self.refused += 1;
            return;
        }
        let row = self.topics.entry(post.topic.clone()).or_default();
        row.posts += 1;
        row.signed += u64::from(post.signed() == Signature::Valid);
        match post.verdict {
            Some(Verdict::Repeated) => self.repeated += 1,
            Some(Verdict::Gap(_)) => self.gaps += 1,
            Some(Verdict::Broken(_)) => self.broken += 1,
            None | Some(Verdict::New) => {}
        }
        if post.verdict != Some(Verdict::Repeated) {
            row.events += u64::try_from(post.events.len()).unwrap_or(u64::MAX);
        }
    }

    /// Whether everything was as it should be.
    pub fn is_fine(&self) -> bool {
        self.gaps + self.broken + self.bad_signatures + self.bad_bodies == 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22}{:>8}{:>8}{:>10}", "topic", "posts", "events", "verified")?;
        for (topic, row) in &self.topics {
            writeln!(f, "{topic:<22}{:>8}{:>8}{:>10}", row.posts, row.events, row.signed)?;
        }
        writeln!(
            f,
            "{} refused, {} repeated, {} gaps, {} broken, {} bad signatures, {} bad bodies",
            self.refused,
            self.repeated,
            self.gaps,
            self.broken,
            self.bad_signatures,
            self.bad_bodies
        )
    }
}
