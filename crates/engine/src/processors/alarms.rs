//! `alarms`: what deserves somebody's attention.
//!
//! There are two sorts. **Incidents** (groups `infrastructure` and `security`) gather: those of
//! one type at one site within [`GATHERED`] of the first are one alarm with one id, a count and
//! samples. The first is told at once, later ones as updates of it, at most one each
//! [`UPDATED_EACH`], so that a storm is few messages and none of it is lost. **Conditions** (group
//! `marvis`, and ours) are about one thing; they are open until they are resolved, which is told at
//! once.
//!
//! Only what the site's template enables is told, and nothing while the site or its org is
//! suppressed. A condition that was raised then is told when it goes on afterwards; incidents are
//! not.

use super::Scene;
use crate::output::{Audience, Emitter};
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::alarm::{Acknowledgement, AlarmStatus, Evidence};
use foghorn_model::definitions::{AlarmRow, alarm as alarm_row};
use foghorn_model::event::alarm::{AlarmFacts, encode, encode_acknowledgement};
use foghorn_model::ids::AlarmId;
use foghorn_model::time::Micros;
use foghorn_model::{AlarmTemplate, Mac, Site, Suppression, Timestamp, Topic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How long incidents of one type are one alarm, from the first on.
pub(crate) const GATHERED: Micros = Micros::from_mins(10);
/// The shortest time between two messages about one alarm that goes on.
pub(crate) const UPDATED_EACH: Micros = Micros::from_secs(10);
/// How many alarms a site has under way; those beyond are counted and not followed.
pub(crate) const ALARMS_MAX: usize = 10_000;

/// The alarms of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Alarms {
    /// Those under way, by what they are about: type and thing.
    under_way: BTreeMap<Uuid, Alarm>,
    /// The onset that the id of the latest alarm was made of: they ascend, so that what is told late
    /// of a time of which an alarm was told before has an id of its own.
    onset: Timestamp,
    /// When they are not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppression: Option<Suppression>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Alarm {
    key: String,
    /// The thing that a condition is of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    about: String,
    id: AlarmId,
    count: u64,
    /// The first and the last incident, by the sources' clocks.
    first: Timestamp,
    last: Timestamp,
    /// When it was raised, by the partition clock.
    raised: Timestamp,
    evidence: Evidence,
    /// When it was last told, and with what count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<(Timestamp, u64)>,
    #[serde(skip)]
    armed: Armed,
}

/// Something that raises an alarm.
pub(crate) struct Incident<'a> {
    /// Which one.
    pub(crate) row: &'static AlarmRow,
    /// The thing that a condition is of; incidents of a site gather whatever they are about.
    pub(crate) about: &'a str,
    /// When it happened.
    pub(crate) at: Timestamp,
    /// What is to be seen of it.
    pub(crate) evidence: Evidence,
}

impl Scene<'_, '_> {
    /// Raises an alarm, or goes on with the one that is under way.
    pub(crate) fn raise(&mut self, incident: &Incident<'_>) {
        let row = incident.row;
        if !row.lasts && !self.tells(row) {
            return;
        }
        let slot = slot(self.site, row, incident.about);
        let onset = incident.at.max(self.alarms.onset + Micros(1));
        let mut alarm = match self.alarms.under_way.remove(&slot) {
            Some(alarm) => alarm,
            None if self.alarms.under_way.len() >= ALARMS_MAX => {
                self.tally.over_limit += 1;
                return;
            }
            None => {
                self.alarms.onset = onset;
                Alarm {
                    key: row.key.into(),
                    about: if row.lasts { incident.about.into() } else { String::new() },
                    id: AlarmId::derived(slot, onset),
                    count: 0,
                    first: incident.at,
                    last: incident.at,
                    raised: self.now,
                    evidence: Evidence::new(),
                    told: None,
                    armed: Armed::default(),
                }
            }
        };
        alarm.count += 1;
        alarm.last = alarm.last.max(incident.at);
        alarm.evidence.merge(&incident.evidence);
        if alarm.is_due(self.now) && self.tells(row) {
            alarm.tell(row, None, self);
        }
        self.keep(slot, row, alarm);
    }

    /// A condition is over.
    pub(crate) fn resolve(&mut self, row: &'static AlarmRow, about: &str, at: Timestamp) {
        let slot = slot(self.site, row, about);
        let Some(mut alarm) = self.alarms.under_way.remove(&slot) else { return };
        self.timers.disarm(&mut alarm.armed, self.site.id, Subject::Alarm(slot));
        if alarm.told.is_some() {
            alarm.tell(row, Some(at.max(alarm.first)), self);
        }
    }

    /// A device is gone, and with it every condition that is of it or of a part of it.
    pub(crate) fn resolve_all_of(&mut self, device: Mac) {
        let device = device.to_string();
        let is_of_it = |about: &str| {
            about.strip_prefix(&device).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let of_it = self.alarms.under_way.values().filter(|alarm| is_of_it(&alarm.about));
        let over = of_it.filter_map(|it| Some((alarm_row(&it.key)?, it.about.clone())));
        for (row, about) in over.collect::<Vec<_>>() {
            self.resolve(row, &about, self.now);
        }
    }

    /// Something is due for an alarm: an update, or its end.
    pub(crate) fn on_alarm_timer(&mut self, slot: Uuid) {
        let Some(mut alarm) = self.alarms.under_way.remove(&slot) else { return };
        alarm.armed.fired();
        let Some(row) = alarm_row(&alarm.key) else { return };
        let ends = alarm.ends(row).is_some_and(|end| end <= self.now);
        let is_last = ends && alarm.told.is_some_and(|(_, count)| count < alarm.count);
        if (is_last || alarm.is_due(self.now)) && self.tells(row) {
            alarm.tell(row, None, self);
        }
        if !ends {
            self.keep(slot, row, alarm);
        }
    }

    fn keep(&mut self, slot: Uuid, row: &AlarmRow, mut alarm: Alarm) {
        let rules = self.alarms.rules(self.telling, self.now);
        alarm.arm(slot, row, self.site, rules, self.timers);
        self.alarms.under_way.insert(slot, alarm);
    }

    /// Whether alarms of this type are told now.
    fn tells(&self, row: &AlarmRow) -> bool {
        self.alarms.rules(self.telling, self.now).told_from(row) == Some(self.now)
    }
}

/// What the org says of which alarms of a site are told.
#[derive(Clone, Copy)]
pub(crate) struct Telling<'a> {
    /// The template of the site, or else of the org.
    pub(crate) template: Option<&'a AlarmTemplate>,
    /// When nothing is told in all of the org.
    pub(crate) suppression: Option<Suppression>,
}

/// What says which alarms are told, as of a time.
#[derive(Clone, Copy)]
struct Rules<'a> {
    of_org: Telling<'a>,
    suppression: Option<Suppression>,
    now: Timestamp,
}

impl Rules<'_> {
    /// From when on alarms of this type are told: now, when the suppression is over, or never.
    fn told_from(self, row: &AlarmRow) -> Option<Timestamp> {
        self.of_org.template.filter(|template| template.enabled.contains(row.key))?;
        let spans = [self.suppression, self.of_org.suppression];
        let over = |at: Timestamp| {
            spans.into_iter().flatten().filter(|span| span.holds(at)).map(|span| span.until).max()
        };
        // What ends the one may lie within the other.
        let first = over(self.now).unwrap_or(self.now);
        Some(over(first).unwrap_or(first))
    }
}

impl Alarms {
    /// The site's alarms are not told in this span.
    pub(crate) fn suppress(&mut self, span: Option<Suppression>) {
        self.suppression = span;
    }

    /// Rules changed, or the state was read back.
    pub(crate) fn rearm(
        &mut self,
        site: &Site,
        telling: Telling<'_>,
        now: Timestamp,
        timers: &mut Timers,
    ) {
        let rules = self.rules(telling, now);
        for (slot, alarm) in &mut self.under_way {
            if let Some(row) = alarm_row(&alarm.key) {
                alarm.arm(*slot, row, site, rules, timers);
            }
        }
    }

    fn rules<'a>(&self, of_org: Telling<'a>, now: Timestamp) -> Rules<'a> {
        Rules { of_org, suppression: self.suppression, now }
    }
}

impl Alarm {
    /// When the incidents that belong to it end; a condition ends when it is resolved.
    fn ends(&self, row: &AlarmRow) -> Option<Timestamp> {
        (!row.lasts).then(|| self.raised + GATHERED)
    }

    /// Whether there is something to tell, and it is time.
    fn is_due(&self, now: Timestamp) -> bool {
        self.told.is_none_or(|(at, count)| count < self.count && at + UPDATED_EACH <= now)
    }

    /// When what is not told yet will be.
    fn news_at(&self, row: &AlarmRow, rules: Rules<'_>) -> Option<Timestamp> {
        let from = rules.told_from(row)?;
        match self.told {
            Some((_, count)) if count == self.count => None,
            Some((at, _)) => Some(from.max(at + UPDATED_EACH)),
            None => Some(from),
        }
    }

    fn arm(
        &mut self,
        slot: Uuid,
        row: &AlarmRow,
        site: &Site,
        rules: Rules<'_>,
        timers: &mut Timers,
    ) {
        let deadlines = [self.ends(row), self.news_at(row, rules)];
        if let Some(deadline) = deadlines.into_iter().flatten().min() {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Alarm(slot));
        }
    }

    fn tell(&mut self, row: &AlarmRow, resolved: Option<Timestamp>, scene: &mut Scene<'_, '_>) {
        let update = self.told.is_some();
        self.told = Some((scene.now, self.count));
        let status = row.lasts.then_some(match resolved {
            Some(_) => AlarmStatus::Resolved,
            None => AlarmStatus::Open,
        });
        let (id, count, evidence) = (self.id, self.count, &self.evidence);
        let (first, last) = (self.first, self.last);
        scene.emit(Topic::Alarms, |out, place| {
            let place = *place;
            encode(
                out,
                &AlarmFacts {
                    place,
                    id,
                    row,
                    count,
                    first,
                    last,
                    update,
                    status,
                    resolved,
                    evidence,
                },
            );
        });
    }
}

/// An administrator acknowledges: nothing of an alarm changes but what searches say of it.
pub(crate) fn on_acknowledgement(
    acknowledgement: &Acknowledgement,
    at: Timestamp,
    emitter: &mut Emitter<'_>,
) {
    let (org, site) = (acknowledgement.org_id, acknowledgement.site_id);
    let audience = Audience { org, site, target: None };
    emitter.emit(Topic::AlarmAcks, audience, |out| {
        encode_acknowledgement(out, acknowledgement, at);
    });
}

fn slot(site: &Site, row: &AlarmRow, about: &str) -> Uuid {
    AlarmId::slot(site.id, row.key, if row.lasts { about } else { "" })
}

/// The definition with this key, which is one of the table's.
pub(crate) fn row(key: &str) -> &'static AlarmRow {
    alarm_row(key).expect("the table has every key that the code names")
}
