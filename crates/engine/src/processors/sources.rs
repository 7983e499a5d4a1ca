//! Alarm `foghorn_source_silent`: what used to send and says nothing any more.
//!
//! Devices have heartbeats; a *source* is the way on which records of a site come: a NAS by its
//! address, the relay of another server, what names itself in `source` (the syslog listener names
//! the sender), and telemetry that does not, all of that as one.
//!
//! A source that is new may be anything. One that has been heard of over [`LEARNED`] is expected
//! to go on as it did: silence is an alarm when it is longer than [`SILENCE_MIN`], and than
//! [`TIMES`] the longest of the last [`DAYS`] days. So an office at night is an alarm once, at
//! most. A setting may say how many minutes instead. It is resolved when the source is heard of
//! again, or is forgotten after [`FORGOTTEN`].
//!
//! After an outage of ours a source has its whole time again, but only [`DEFERRALS_MAX`] times
//! while it is silent: a server that restarts in a loop must not keep it from being missed.

use super::Scene;
use super::alarms::{self, Incident};
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::alarm::Evidence;
use foghorn_model::config::SilenceRule;
use foghorn_model::time::Micros;
use foghorn_model::{Setting, Site, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

const LEARNED: Micros = Micros::from_mins(24 * 60);
const SILENCE_MIN: Micros = Micros::from_mins(30);
const TIMES: i64 = 2;
const DAYS: usize = 8;
const FORGOTTEN: Micros = Micros::from_mins(8 * 24 * 60);
const DEFERRALS_MAX: u8 = 3;
/// NASes and named sources that a site follows; what comes of others is taken as well, and they
/// are not missed.
const SOURCES_MAX: usize = 1_000;

const KEY: &str = "foghorn_source_silent";

/// On which way a record came.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way<'a> {
    /// Telemetry that does not say.
    Telemetry,
    /// It says.
    Named(&'a str),
    /// RADIUS, from this NAS.
    Nas(IpAddr),
    /// The events of another server.
    Relay,
}

/// The sources of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sources {
    #[serde(skip_serializing_if = "Option::is_none")]
    telemetry: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<Source>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    by_nas: BTreeMap<IpAddr, Source>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    by_name: BTreeMap<String, Source>,
    #[serde(skip)]
    armed: Armed,
}

/// All times are by the partition clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Source {
    /// When it was first and last heard of.
    first: Timestamp,
    heard: Timestamp,
    /// From when on its silence counts: when it was heard of, or the end of an outage of ours.
    from: Timestamp,
    #[serde(default)]
    deferrals: u8,
    /// The longest silence of each day, the last of them being today's.
    day: i64,
    #[serde(default)]
    longest: [Micros; DAYS],
    #[serde(default)]
    is_silent: bool,
}

impl Sources {
    /// A record came on this way, whatever becomes of it.
    pub(crate) fn hear(&mut self, way: Way<'_>, scene: &mut Scene<'_, '_>) {
        let now = scene.now;
        let is_full = self.by_nas.len() + self.by_name.len() >= SOURCES_MAX;
        let known = match way {
            Way::Telemetry => self.telemetry.as_mut(),
            Way::Relay => self.relay.as_mut(),
            Way::Nas(nas) => self.by_nas.get_mut(&nas),
            Way::Named(name) => self.by_name.get_mut(name),
        };
        let source = match (known, way) {
            (Some(source), _) => {
                if source.hear(now) {
                    scene.resolve(alarms::row(KEY), &about(way), now);
                }
                source
            }
            (None, Way::Telemetry) => self.telemetry.insert(Source::new(now)),
            (None, Way::Relay) => self.relay.insert(Source::new(now)),
            (None, _) if is_full => return,
            (None, Way::Nas(nas)) => self.by_nas.entry(nas).or_insert(Source::new(now)),
            (None, Way::Named(name)) => {
                self.by_name.entry(name.to_owned()).or_insert(Source::new(now))
            }
        };
        let rule = scene.site.setting.source_silence(scene.over);
        let deadline = source.deadline(rule);
        scene.timers.arm(&mut self.armed, deadline, scene.site.id, Subject::Sources);
    }

    /// A source may have said nothing for too long, or for so long that it is forgotten.
    pub(crate) fn on_timer(&mut self, scene: &mut Scene<'_, '_>) {
        self.armed.fired();
        let rule = scene.site.setting.source_silence(scene.over);
        let now = scene.now;
        let mut stays = |way: Way<'_>, source: &mut Source| {
            if source.deadline(rule) > now {
                return true;
            }
            let row = alarms::row(KEY);
            if source.is_silent {
                source.is_silent = false;
                scene.resolve(row, &about(way), now);
            } else if source.heard + FORGOTTEN > now {
                source.is_silent = true;
                let (evidence, about) = (source.evidence(way, now), about(way));
                scene.raise(&Incident { row, about: &about, at: now, evidence });
            }
            source.heard + FORGOTTEN > now
        };
        let mut keep_one = |way, source: &mut Option<Source>| {
            if source.as_mut().is_some_and(|it| !stays(way, it)) {
                *source = None;
            }
        };
        keep_one(Way::Telemetry, &mut self.telemetry);
        keep_one(Way::Relay, &mut self.relay);
        self.by_nas.retain(|nas, source| stays(Way::Nas(*nas), source));
        self.by_name.retain(|name, source| stays(Way::Named(name), source));
        self.rearm(scene.site, scene.over, scene.timers);
    }

    /// Settings changed, or the state was read back.
    pub(crate) fn rearm(&mut self, site: &Site, over: &Setting, timers: &mut Timers) {
        let rule = site.setting.source_silence(over);
        if let Some(deadline) = self.each().map(|source| source.deadline(rule)).min() {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Sources);
        }
    }

    /// The site heard nothing until now, through no fault of its sources.
    pub(crate) fn defer(&mut self, now: Timestamp) {
        self.each().for_each(|source| source.defer(now));
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Source> {
        let one = self.telemetry.iter_mut().chain(&mut self.relay);
        one.chain(self.by_nas.values_mut()).chain(self.by_name.values_mut())
    }
}

impl Source {
    fn new(now: Timestamp) -> Self {
        Self {
            first: now,
            heard: now,
            from: now,
            deferrals: 0,
            day: day(now),
            longest: [Micros(0); DAYS],
            is_silent: false,
        }
    }

    /// It is heard of; says whether it was missed.
    fn hear(&mut self, now: Timestamp) -> bool {
        let today = day(now);
        let passed = usize::try_from(today - self.day).unwrap_or(0);
        if passed > 0 {
            self.longest.rotate_left(passed.min(DAYS) % DAYS);
            self.longest[DAYS - passed.min(DAYS)..].fill(Micros(0));
            self.day = today;
        }
        let last = &mut self.longest[DAYS - 1];
        // How long it was silent while we were out, nobody knows.
        *last = (*last).max(now.since(self.from));
        (self.heard, self.from, self.deferrals) = (now, now, 0);
        std::mem::take(&mut self.is_silent)
    }

    /// When something is to happen if nothing is heard.
    fn deadline(&self, rule: SilenceRule) -> Timestamp {
        let forgotten = self.heard + FORGOTTEN;
        let span = match rule {
            // An alarm that is no longer wanted is over.
            SilenceRule::Never if self.is_silent => return self.heard,
            SilenceRule::Never => return forgotten,
            _ if self.is_silent => return forgotten,
            SilenceRule::After(span) => span,
            SilenceRule::Learned if self.heard.since(self.first) < LEARNED => return forgotten,
            SilenceRule::Learned => {
                let longest = self.longest.iter().max().copied().unwrap_or_default();
                Micros(longest.0.saturating_mul(TIMES)).max(SILENCE_MIN)
            }
        };
        (self.from + span).min(forgotten)
    }

    fn defer(&mut self, now: Timestamp) {
        if self.deferrals < DEFERRALS_MAX && self.from < now {
            self.deferrals += 1;
            self.from = now;
        }
    }

    fn evidence(&self, way: Way<'_>, now: Timestamp) -> Evidence {
        let mut evidence = Evidence::new();
        evidence.add("sources", shown(way));
        let minutes = now.since(self.heard).0 / Micros::from_mins(1).0;
        evidence.add("reasons", format!("nothing for {minutes} minutes"));
        evidence.set("start", self.heard.secs());
        evidence
    }
}

/// Days since the epoch, UTC.
fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(Micros::from_mins(24 * 60).0)
}

fn shown(way: Way<'_>) -> String {
    match way {
        Way::Telemetry => "telemetry".into(),
        Way::Relay => "relay".into(),
        Way::Nas(nas) => format!("nas {nas}"),
        Way::Named(name) => name.into(),
    }
}

/// What the alarm is about: nobody can name himself as one of the others.
fn about(way: Way<'_>) -> String {
    match way {
        Way::Named(name) => format!("source {name}"),
        Way::Telemetry | Way::Relay | Way::Nas(_) => shown(way),
    }
}
