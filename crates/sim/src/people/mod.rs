//! Those who are seen: devices, clients and NASes, with what is true of them. A site's source
//! sends its lines in order and repeats a request until it is acknowledged.
//!
//! When the world falls silent only what measures has a last word: a while later that it is as it
//! was, and later that all is well.

mod chance;

use crate::catalog::{Place, UNSUPPRESSED};
use crate::day::{Day, Expected};
use crate::dice::Dice;
use crate::equipment::{Equipment, Truth};
use foghorn_model::time::Micros;
use foghorn_model::{Mac, OrgId, SiteId, Timestamp, Topic};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const HEARTBEAT: Micros = Micros::from_secs(30);
const AGAIN: Micros = Micros::from_secs(1);
/// What a campus says goes out so often, so many lines a request.
const GATHERED: Micros = Micros::from_secs(1);
const LINES_MAX: usize = 200;
/// How long a clock is off, and right.
const OFF_SECS: i64 = 600;

/// How often a provider fails, at least and at most, and how long, seconds.
const PROVIDER_FAILS: [i64; 2] = [120, 400];
const PROVIDER_IS_AWAY: [i64; 2] = [30, 150];

/// When those that measure say the last time how they are, and when that they are well. In between
/// lies longer than an uplink that comes and goes must keep still.
const LAST_WORDS: [Micros; 2] = [Micros::from_mins(12), Micros::from_mins(45)];

/// A request of a source.
#[derive(Debug, Clone)]
pub struct Request {
    /// Names it until it is acknowledged.
    pub ack: u64,
    /// What it says.
    pub said: Said,
}

/// What a request says.
#[derive(Debug, Clone)]
pub enum Said {
    /// Lines of a site.
    Lines {
        /// The org.
        org: OrgId,
        /// The site.
        site: SiteId,
        /// Its lines.
        lines: Vec<String>,
    },
    /// A message of another server: device events, of the site or of its org.
    Message {
        /// The org.
        org: OrgId,
        /// The events, and the site of each.
        events: Vec<(Option<SiteId>, String)>,
    },
}

impl Said {
    /// The topic of all messages.
    pub const RELAYED: Topic = Topic::DeviceEvents;
}

/// The source of a site.
#[derive(Debug)]
pub struct Source {
    place: Place,
    waiting: VecDeque<Request>,
    /// Whether the first of them is on its way.
    sent: bool,
    again_at: Timestamp,
    acts_at: Timestamp,
    beats_at: Timestamp,
    measures_at: Timestamp,
    /// What the site has; none where a day says what it does.
    equipment: Option<Equipment>,
    at: BTreeMap<Mac, Mac>,
    sessions: BTreeSet<u64>,
    /// Conditions that it raised: of which device, and of which VLAN.
    raised: BTreeSet<(Mac, String)>,
    /// Whether most of what clients try fails.
    is_out_of_order: bool,
    /// Texts that must come out once each when their request was acknowledged.
    unique: BTreeMap<u64, Vec<String>>,
    quiet: bool,
}

impl Source {
    fn new(place: Place, now: Timestamp) -> Self {
        Self {
            place,
            waiting: VecDeque::new(),
            sent: false,
            again_at: now,
            acts_at: now,
            beats_at: now,
            measures_at: now,
            equipment: None,
            at: BTreeMap::new(),
            sessions: BTreeSet::new(),
            raised: BTreeSet::new(),
            is_out_of_order: false,
            unique: BTreeMap::new(),
            quiet: false,
        }
    }
}

impl Source {
    /// When something is to be said of it: of the place of an org, only what is measured there.
    fn acts_next(&self) -> Timestamp {
        match self.place.aps.is_empty() {
            true => self.measures_at,
            false => self.acts_at.min(self.beats_at).min(self.measures_at),
        }
    }
}

/// All sources, and what is true.
#[derive(Debug)]
pub struct People {
    /// By site.
    pub sources: Vec<Source>,
    /// Devices that have sent a heartbeat in time ever since they first did.
    pub steady: BTreeSet<Mac>,
    /// Texts that are in an acknowledged request.
    pub acknowledged: BTreeSet<String>,
    /// Texts that were ever sent.
    pub sent: BTreeSet<String>,
    /// Events that were ever sent to be passed on as they are, by their text, and their site.
    pub relayed: BTreeMap<String, (Option<SiteId>, String)>,
    /// When the provider of those sites that may be cut off fails next.
    provider_fails_at: Timestamp,
    /// When everybody fell silent.
    pub silent_since: Option<Timestamp>,
    /// How many of the last words were said.
    last_words: usize,
    /// A site that has a day of its own.
    pub campus: Option<Campus>,
    /// All do things so many times rarer than otherwise, but the site of the day.
    calm: i64,
    next: u64,
}

/// The site of a day: what it says, and what must come of that.
#[derive(Debug)]
pub struct Campus {
    /// The number of its source.
    source: usize,
    /// Its day.
    pub day: Day,
    /// What must come of what was said.
    pub expected: Vec<Expected>,
    /// What was said and is in no request yet.
    pending: VecDeque<String>,
    tells_at: Timestamp,
}

impl Campus {
    /// Nothing more is said.
    fn finish(&mut self) {
        while self.day.next().is_some() {}
        self.expected.append(&mut self.day.take_expected());
    }
}

impl People {
    /// Sources of these places, which do things so many times rarer than otherwise.
    pub fn new(places: &[Place], calm: u64, dice: &mut Dice, now: Timestamp) -> Self {
        // The first AP of a site of this org is steady, the others do as they please.
        let steady = places.iter().filter(|place| place.org == UNSUPPRESSED);
        let steady = steady.filter_map(|place| place.aps.first().copied()).collect();
        let sources = places.iter().map(|place| {
            let equipment = Some(Equipment::new(place, dice));
            Source { equipment, ..Source::new(place.clone(), now) }
        });
        Self {
            sources: sources.collect(),
            steady,
            acknowledged: BTreeSet::new(),
            sent: BTreeSet::new(),
            relayed: BTreeMap::new(),
            provider_fails_at: now + Micros::from_secs(PROVIDER_FAILS[0]),
            silent_since: None,
            last_words: 0,
            campus: None,
            calm: i64::try_from(calm).unwrap_or(1),
            next: 0,
        }
    }

    /// A site lives through a day, beside the others.
    pub fn live_through(&mut self, place: Place, day: Day, now: Timestamp) {
        let (source, expected, pending) = (self.sources.len(), Vec::new(), VecDeque::new());
        self.sources.push(Source { quiet: true, ..Source::new(place, now) });
        self.campus = Some(Campus { source, day, expected, pending, tells_at: now });
    }

    /// What was said by now of the day goes into a request, when there is none that waits.
    fn tell_of_day(&mut self, now: Timestamp) {
        let Some(campus) = &mut self.campus else { return };
        if now < campus.tells_at {
            return;
        }
        campus.tells_at = now + GATHERED;
        while let Some(line) = campus.day.next_by(now) {
            campus.pending.push_back(line.text);
        }
        campus.expected.append(&mut campus.day.take_expected());
        let source = campus.source;
        if self.sources[source].waiting.is_empty() {
            let count = campus.pending.len().min(LINES_MAX);
            let lines = campus.pending.drain(..count).collect();
            self.say(source, lines, Vec::new());
        }
    }

    /// Everybody does what is due.
    pub fn act(&mut self, dice: &mut Dice, now: Timestamp) {
        self.tell_of_day(now);
        self.provider_fails(dice, now);
        for at in 0..self.sources.len() {
            if self.sources[at].quiet {
                continue;
            }
            if self.sources[at].measures_at <= now {
                self.measure(at, dice, now);
            }
            // Nothing else is at the place of an org.
            let Some(first) = self.sources[at].place.aps.first().copied() else { continue };
            if self.sources[at].beats_at <= now {
                self.sources[at].beats_at = now + HEARTBEAT;
                let mut lines = vec![chance::clock_of_a_nas(now)];
                if self.steady.contains(&first) {
                    lines.push(json!({"kind": "device-heartbeat", "mac": first}).to_string());
                }
                self.say(at, lines, Vec::new());
            }
            if self.sources[at].acts_at <= now {
                self.act_at(at, dice, now);
            }
        }
    }

    /// What befalls a site by chance.
    fn act_at(&mut self, at: usize, dice: &mut Dice, now: Timestamp) {
        self.sources[at].acts_at = now + Micros(dice.between(100_000, 9_000_000) * self.calm);
        if dice.one_in(40) {
            let secs = dice.between(30, 240);
            if self.is_cut(at, now, secs) {
                return;
            }
        }
        self.sources[at].is_out_of_order ^= dice.one_in(30);
        if dice.one_in(8) {
            self.pass_on(at, dice);
        }
        let (mut lines, mut unique) = (Vec::new(), Vec::new());
        for _ in 0..1 + dice.below(3) {
            self.happen(at, dice, now, &mut lines, &mut unique);
        }
        self.say(at, lines, unique);
    }

    /// The equipment of a site says how some of it is.
    fn measure(&mut self, at: usize, dice: &mut Dice, now: Timestamp) {
        let wait = Micros(dice.between(500_000, 5_000_000) * self.calm);
        let source = &mut self.sources[at];
        source.measures_at = now + wait;
        let lines = source.equipment.as_mut().map(|it| it.report(dice, now));
        self.say_measured(at, lines.unwrap_or_default());
    }

    /// Lines of which each counts once, however often its request is sent.
    fn say_measured(&mut self, at: usize, mut lines: Vec<Value>) {
        for line in &mut lines {
            self.next += 1;
            line["id"] = json!(format!("m{}", self.next));
        }
        self.say(at, lines.iter().map(Value::to_string).collect(), Vec::new());
    }

    /// What is still said when all have fallen silent.
    pub fn say_last_words(&mut self, now: Timestamp) {
        let Some(at) = self.next_last_words().filter(|at| *at <= now) else { return };
        self.last_words += 1;
        let is_last = self.last_words == LAST_WORDS.len();
        for source in 0..self.sources.len() {
            let raised = std::mem::take(&mut self.sources[source].raised);
            let Some(equipment) = &mut self.sources[source].equipment else { continue };
            let mut lines = if is_last { equipment.calm_down(at) } else { equipment.say_all(at) };
            lines.extend(raised.iter().map(|(mac, vlan)| chance::resolved(*mac, vlan)));
            self.say_measured(source, lines);
        }
    }

    fn next_last_words(&self) -> Option<Timestamp> {
        Some(self.silent_since? + *LAST_WORDS.get(self.last_words)?)
    }

    /// Now and then all sites of an org are cut off, and come back about when one of them does.
    fn provider_fails(&mut self, dice: &mut Dice, now: Timestamp) {
        if now < self.provider_fails_at || self.silent_since.is_some() {
            return;
        }
        let [least, most] = PROVIDER_FAILS.map(|secs| secs * self.calm);
        self.provider_fails_at = now + Micros::from_secs(dice.between(least, most));
        let secs = dice.between(PROVIDER_IS_AWAY[0], PROVIDER_IS_AWAY[1]);
        for at in 0..self.sources.len() {
            let is_of_the_day = self.campus.as_ref().is_some_and(|campus| campus.source == at);
            if !is_of_the_day {
                self.is_cut(at, now, secs + dice.between(0, 20));
            }
        }
    }

    /// The power of a site fails for a while, unless it has a device that is steady.
    fn is_cut(&mut self, at: usize, now: Timestamp, secs: i64) -> bool {
        let source = &mut self.sources[at];
        let Some((first, others)) = source.place.aps.split_first() else { return false };
        if self.steady.contains(first) {
            return false;
        }
        source.acts_at = now + Micros::from_secs(secs);
        source.measures_at = source.acts_at;
        let cut = |mac: &Mac| json!({"kind": "device-disconnected", "mac": mac, "reason": "power"});
        let lines = others.iter().map(|mac| cut(mac).to_string()).collect();
        self.say(at, lines, Vec::new());
        true
    }

    fn say(&mut self, at: usize, lines: Vec<String>, unique: Vec<String>) {
        if !lines.is_empty() {
            let place = &self.sources[at].place;
            let said = Said::Lines { org: place.org, site: place.id, lines };
            self.ask(at, said, unique);
        }
    }

    fn ask(&mut self, at: usize, said: Said, unique: Vec<String>) {
        self.next += 1;
        let source = &mut self.sources[at];
        self.sent.extend(unique.iter().cloned());
        source.unique.insert(self.next, unique);
        source.waiting.push_back(Request { ack: self.next, said });
    }

    /// The requests to send now; each must be reported as sent or not.
    pub fn requests(&self, now: Timestamp) -> Vec<Request> {
        let ready = self.sources.iter().filter(|it| !it.sent && it.again_at <= now);
        ready.filter_map(|it| it.waiting.front().cloned()).collect()
    }

    /// A request was taken in, or refused.
    pub fn submitted(&mut self, ack: u64, taken: bool, now: Timestamp) {
        if let Some(source) = self.source_of(ack) {
            source.sent = taken;
            source.again_at = now + AGAIN;
        }
    }

    /// A request is acknowledged.
    pub fn acknowledged(&mut self, ack: u64) {
        let Some(source) = self.source_of(ack) else { return };
        source.sent = false;
        source.waiting.pop_front();
        let unique = source.unique.remove(&ack).unwrap_or_default();
        self.acknowledged.extend(unique);
    }

    /// Whatever was on its way is not acknowledged any more: it is sent again.
    pub fn hung_up(&mut self, now: Timestamp) {
        for source in &mut self.sources {
            source.sent = false;
            source.again_at = now + AGAIN;
        }
    }

    /// Nobody does anything any more; what waits is still sent.
    pub fn fall_silent(&mut self, now: Timestamp) {
        self.silent_since = Some(now);
        if let Some(campus) = &mut self.campus {
            campus.tells_at = now;
            self.tell_of_day(now);
        }
        if let Some(campus) = &mut self.campus {
            campus.finish();
            let source = campus.source;
            let lines: Vec<String> = campus.pending.drain(..).collect();
            lines.chunks(LINES_MAX).for_each(|it| self.say(source, it.to_vec(), Vec::new()));
        }
        self.sources.iter_mut().for_each(|source| source.quiet = true);
    }

    /// Whether everything was acknowledged.
    pub fn is_done(&self) -> bool {
        self.sources.iter().all(|source| source.waiting.is_empty())
    }

    /// When somebody does something.
    pub fn next(&self) -> Option<Timestamp> {
        let of = |source: &Source| {
            let acts = (!source.quiet).then(|| source.acts_next());
            let again = (!source.waiting.is_empty() && !source.sent).then_some(source.again_at);
            acts.into_iter().chain(again).min()
        };
        let day = self.campus.as_ref().and_then(|campus| {
            let next = campus.day.next_at().filter(|_| campus.pending.is_empty());
            next.or_else(|| campus.pending.front().map(|_| campus.tells_at))
                .map(|at| at.max(campus.tells_at))
        });
        self.sources.iter().filter_map(of).chain(day).chain(self.next_last_words()).min()
    }

    /// How often something must have been told of what the sites of an org measured.
    pub fn truth(&self, org: OrgId) -> Truth {
        let mut truth = Truth::new();
        let sources = self.sources.iter().filter(|source| source.place.org == org);
        for (kind, count) in sources.filter_map(|it| it.equipment.as_ref()).flat_map(|it| &it.truth)
        {
            *truth.entry(*kind).or_default() += count;
        }
        truth
    }

    fn source_of(&mut self, ack: u64) -> Option<&mut Source> {
        self.sources.iter_mut().find(|it| it.waiting.front().is_some_and(|it| it.ack == ack))
    }
}
