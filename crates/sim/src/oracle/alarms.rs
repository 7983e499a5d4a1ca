//! What alarms say against each other, and against what happened.

use crate::catalog::{ALARMS, UNSUPPRESSED};
use crate::journal::Event;
use crate::people::People;
use anyhow::{Result, ensure};
use foghorn_model::Topic;
use foghorn_model::alarm::SAMPLES_MAX;
use serde_json::Value;
use std::collections::BTreeMap;

/// Conditions that may hold in a world that has fallen silent: nobody has come back who would end
/// them.
const STAY: [&str; 5] = [
    "foghorn_clock_off",
    "foghorn_sites_down",
    "foghorn_source_silent",
    "foghorn_webhook_failing",
    "health_check_failed",
];

/// What alarms say, and what they are of.
#[derive(Default)]
pub(super) struct Alarms {
    /// The last count of each, by id, and whether it is over.
    told: BTreeMap<String, (u64, bool)>,
    /// The conditions that hold and must end, by id, as they were last told.
    open: BTreeMap<String, String>,
    /// Incidents by the type of the alarm.
    counted: BTreeMap<String, u64>,
    /// The same by the type of the event that each is of.
    incidents: BTreeMap<String, u64>,
}

impl Alarms {
    /// Looks at an event, which may be an alarm or what an alarm is of. The site of a day has
    /// conditions of its own.
    pub(super) fn look(&mut self, event: &Event, value: &Value, is_of_the_day: bool) -> Result<()> {
        let is_counted = event.entry.org == UNSUPPRESSED;
        if is_counted && event.entry.topic == Topic::DeviceUpdowns {
            let kind = value["type"].as_str().unwrap_or_default().to_owned();
            *self.incidents.entry(kind).or_default() += 1;
        }
        match event.entry.topic {
            Topic::Alarms => {
                if !is_of_the_day {
                    self.follow(value)?;
                }
                self.check(is_counted, value)
            }
            _ => Ok(()),
        }
    }

    /// Whether it may be told, and whether it goes on.
    fn follow(&mut self, alarm: &Value) -> Result<()> {
        let text = |member: &str| alarm[member].as_str().unwrap_or_default();
        let (id, kind) = (text("id"), text("type"));
        ensure!(ALARMS.contains(&kind), "alarm: no template enables it: {alarm}");
        match text("status") {
            "open" if !STAY.contains(&kind) => {
                self.open.insert(id.to_owned(), alarm.to_string());
            }
            _ => {
                self.open.remove(id);
            }
        }
        Ok(())
    }

    fn check(&mut self, is_counted: bool, alarm: &Value) -> Result<()> {
        let kind = alarm["type"].as_str().unwrap_or_default().to_owned();
        let samples = alarm.as_object().into_iter().flat_map(|it| it.values());
        let most = samples.filter_map(|it| it.as_array().map(Vec::len)).max().unwrap_or(0);
        ensure!(most <= SAMPLES_MAX, "alarm: it has {most} samples of one sort: {alarm}");
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
            kind != "foghorn_webhook_failing" || count == 1,
            "alarm: one failure was told twice: {alarm}"
        );
        if is_counted {
            *self.counted.entry(kind).or_default() += count - known;
        }
        Ok(())
    }

    /// Each down, each restart, each record set aside and each incident that equipment noticed is in
    /// an alarm, once; and what was wrong and is not any more is told to be over.
    pub(super) fn check_end(&self, people: &People, quarantined: u64) -> Result<()> {
        let stays = self.open.values().next();
        ensure!(stays.is_none(), "quiet world: an alarm never ended: {stays:?}");
        for ((topic, kind), truth) in people.truth(UNSUPPRESSED) {
            // A stranger is told again after hours.
            let is_told_again = kind == "rogue_ap" && people.campus.is_some();
            if topic != Topic::Alarms || is_told_again {
                continue;
            }
            let told = self.counted.get(kind).copied().unwrap_or(0);
            ensure!(
                told == truth,
                "alarm: {kind} happened {truth} times, and was told {told} times"
            );
        }
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
