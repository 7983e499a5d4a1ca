//! `alarms`, and the acknowledgements that searches show beside them.

use super::Place;
use super::json::JsonObject;
use super::parts::{Part, Parts};
use crate::alarm::{Acknowledged, Acknowledgement, AlarmStatus, Evidence};
use crate::definitions::{AlarmRow, Conclusion};
use crate::ids::AlarmId;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// What an alarm says.
#[derive(Clone, Copy, Debug)]
pub struct AlarmFacts<'a> {
    /// Where it is.
    pub place: Place<'a>,
    /// Its id, the same in every message about it.
    pub id: AlarmId,
    /// What it is.
    pub row: &'a AlarmRow,
    /// Incidents so far.
    pub count: u64,
    /// The first incident.
    pub first: Timestamp,
    /// The last one.
    pub last: Timestamp,
    /// Whether it was told before.
    pub update: bool,
    /// Whether it goes on, where it is a condition.
    pub status: Option<AlarmStatus>,
    /// When it was over.
    pub resolved: Option<Timestamp>,
    /// Samples of its causes.
    pub evidence: &'a Evidence,
}

/// The samples that captures show as one text, not as a list.
const SINGLE: [&str; 5] = ["client_mac1", "client_mac2", "fw_version", "hostname", "model"];

/// Appends an `alarms` event.
///
/// `last_seen` and `resolved_time` are ISO 8601 texts without a zone (UTC), and `timestamp` is a
/// float, as captured messages have them; the search answers numbers. Conditions come with what is
/// concluded of them.
pub fn encode(out: &mut Vec<u8>, alarm: &AlarmFacts<'_>) {
    let place = &alarm.place;
    let mut parts = Parts::at(
        place,
        [
            ("count", Part::Count(alarm.count)),
            ("group", Part::Text(alarm.row.group.name())),
            ("id", Part::Id(alarm.id.0)),
            ("last_seen", Part::Zoneless(alarm.last)),
            ("severity", Part::Text(alarm.row.severity.name())),
            ("timestamp", Part::Secs(alarm.first)),
            ("type", Part::Text(alarm.row.key)),
        ],
    );
    parts.text("site_name", place.site_name);
    parts.add_opt("update", alarm.update.then_some(Part::Flag(true)));
    parts.text("status", alarm.status.map(AlarmStatus::name));
    parts.add_opt("resolved_time", alarm.resolved.map(Part::Zoneless));
    for (member, samples) in alarm.evidence.members() {
        let single = samples.first().filter(|_| SINGLE.contains(&member));
        parts.add(member, single.map_or(Part::Texts(samples), |it| Part::Text(it)));
    }
    for (member, number) in alarm.evidence.numbers() {
        parts.add(member, Part::Int(number));
    }
    let status = alarm.status.unwrap_or(AlarmStatus::Open).name();
    let conclusion = alarm.row.conclusion();
    let told = conclusion.map(|it| (it, details(it, status), mail(alarm, it, status)));
    let mail: Vec<(&str, &str)> = told
        .iter()
        .flat_map(|(.., mail)| mail.iter().map(|(key, text)| (*key, text.as_str())))
        .collect();
    if let Some((it, details, _)) = &told {
        parts.add("alert_id", Part::Id(alarm.id.0));
        parts.add("category", Part::Text(it.category));
        parts.add("details", Part::Object(details));
        parts.add("email_content", Part::Object(&mail));
        parts.add("impacted_entities", Part::Entities(alarm.evidence.entities()));
        parts.text("root_cause", it.root_cause);
        parts.add("suggestion", Part::Text(it.suggestion));
    }
    parts.write(out);
}

fn details<'a>(it: &'a Conclusion, status: &'a str) -> [(&'a str, &'a str); 4] {
    let Conclusion { action, category, symptom, .. } = it;
    [("action", action), ("category", category), ("status", status), ("symptom", symptom)]
}

/// What a mail about the alarm would say, in the order of the keys.
fn mail<'a>(
    alarm: &'a AlarmFacts<'_>,
    conclusion: &Conclusion,
    status: &str,
) -> BTreeMap<&'a str, String> {
    let mut mail = BTreeMap::from([("Status", status.to_owned())]);
    let mut add = |key, name: Option<&str>, id: Option<&str>| {
        let Some(told) = name.or(id) else { return };
        let id = id.map(|id| format!("({id})")).unwrap_or_default();
        let text = mail.entry(key).or_default();
        let told = format!("{told}{id}");
        if !text.split(", ").any(|it| it == told) {
            let comma = if text.is_empty() { "" } else { ", " };
            text.push_str(&format!("{comma}{told}"));
        }
    };
    for entity in alarm.evidence.entities() {
        let id = entity.get("entity_mac").or(entity.get("entity_id"));
        if let Some(kind) = entity.get("entity_type") {
            add(kind, entity.get("entity_name"), id);
        }
        let switch = [entity.get("connected_switch_name"), entity.get("connected_switch_mac")];
        add("Connected switch", switch[0], switch[1]);
    }
    if let Some(cause) = conclusion.root_cause {
        mail.insert("Reason", cause.into());
    }
    if let Some(count) = alarm.evidence.number("impacted_client_count") {
        mail.insert("impacted_client_count", count.to_string());
    }
    mail
}

/// Appends what an acknowledgement says; `at` is when it was given.
pub fn encode_acknowledgement(out: &mut Vec<u8>, acknowledgement: &Acknowledgement, at: Timestamp) {
    let mut event = JsonObject::begin(out);
    event.flag("acked", acknowledgement.acked);
    event.id_or_null("admin_id", acknowledgement.admin_id);
    event.text_opt("admin_name", acknowledgement.admin_name.as_deref());
    if let Acknowledged::Alarms(ids) = &acknowledgement.which {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        event.texts("alarm_ids", &ids);
    }
    event.text_opt("note", acknowledgement.note.as_deref());
    event.id("org_id", acknowledgement.org_id);
    event.id_opt("site_id", acknowledgement.site_id);
    event.secs_float("timestamp", at);
    event.end();
}
