//! Those who are seen: devices, clients and NASes, with what is true of them. A site's source
//! sends its lines in order and repeats a request until it is acknowledged.

use crate::catalog::{Place, UNSUPPRESSED};
use crate::day::{Day, Expected};
use crate::dice::Dice;
use foghorn_model::time::Micros;
use foghorn_model::{Mac, OrgId, SiteId, Timestamp, Topic};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const HEARTBEAT: Micros = Micros::from_secs(30);
const AGAIN: Micros = Micros::from_secs(1);
/// What a campus says goes out so often, so many lines a request.
const GATHERED: Micros = Micros::from_secs(1);
const LINES_MAX: usize = 200;
/// How long a clock is off, and right.
const OFF_SECS: i64 = 600;

/// How often a provider fails, at least and at most, and how long, seconds.
const PROVIDER_FAILS: [i64; 2] = [60, 300];
const PROVIDER_IS_AWAY: [i64; 2] = [20, 240];

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
    at: BTreeMap<Mac, Mac>,
    sessions: BTreeSet<u64>,
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
            at: BTreeMap::new(),
            sessions: BTreeSet::new(),
            unique: BTreeMap::new(),
            quiet: false,
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
    pub fn new(places: &[Place], calm: u64, now: Timestamp) -> Self {
        // The first AP of a site of this org is steady, the others do as they please.
        let steady = places.iter().filter(|place| place.org == UNSUPPRESSED);
        let steady = steady.map(|place| place.aps[0]).collect();
        Self {
            sources: places.iter().map(|place| Source::new(place.clone(), now)).collect(),
            steady,
            acknowledged: BTreeSet::new(),
            sent: BTreeSet::new(),
            relayed: BTreeMap::new(),
            provider_fails_at: now + Micros::from_secs(PROVIDER_FAILS[0]),
            silent_since: None,
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
            if self.sources[at].beats_at <= now {
                self.sources[at].beats_at = now + HEARTBEAT;
                let mac = self.sources[at].place.aps[0];
                let mut lines = vec![clock_of_a_nas(now)];
                if self.steady.contains(&mac) {
                    lines.push(json!({"kind": "device-heartbeat", "mac": mac}).to_string());
                }
                self.say(at, lines, Vec::new());
            }
            if self.sources[at].acts_at <= now {
                self.sources[at].acts_at =
                    now + Micros(dice.between(100_000, 9_000_000) * self.calm);
                if dice.one_in(40) {
                    let secs = dice.between(30, 240);
                    if self.is_cut(at, now, secs) {
                        continue;
                    }
                }
                if dice.one_in(8) {
                    self.pass_on(at, dice);
                }
                let (mut lines, mut unique) = (Vec::new(), Vec::new());
                for _ in 0..1 + dice.below(3) {
                    self.happen(at, dice, now, &mut lines, &mut unique);
                }
                self.say(at, lines, unique);
            }
        }
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
        if self.steady.contains(&source.place.aps[0]) {
            return false;
        }
        source.acts_at = now + Micros::from_secs(secs);
        let cut = |mac: &Mac| json!({"kind": "device-disconnected", "mac": mac, "reason": "power"});
        let lines = source.place.aps[1..].iter().map(|mac| cut(mac).to_string()).collect();
        self.say(at, lines, Vec::new());
        true
    }

    fn happen(
        &mut self,
        at: usize,
        dice: &mut Dice,
        now: Timestamp,
        lines: &mut Vec<String>,
        unique: &mut Vec<String>,
    ) {
        self.next += 1;
        let id = format!("i{}", self.next);
        let source = &mut self.sources[at];
        let wild = source.place.aps[1 + usize::try_from(dice.below(2)).unwrap_or(0)];
        let client = Mac([
            0x70,
            0xef,
            source.place.aps[0].0[4],
            0,
            0,
            u8::try_from(dice.below(4)).unwrap_or(0),
        ]);
        // Some tell a time of their own, some of which are late.
        let time = dice.one_in(3).then(|| (now - Micros(dice.between(0, 3_000_000))).as_secs_f64());
        let line = match dice.below(29) {
            26 | 27 => {
                let event = *dice.pick(&["GW_VPN_PEER_DOWN", "GW_VPN_PEER_UP"]);
                json!({"kind": "device-event", "mac": wild, "type": event, "peer_mac": client})
            }
            28 => {
                let event = *dice.pick(&["AP_PORT_DOWN", "AP_PORT_UP"]);
                json!({"kind": "device-event", "mac": wild, "type": event, "port_id": "eth1"})
            }
            22 => json!({"kind": "port-stats", "mac": wild, "port_id": "eth0",
                         "state": if dice.one_in(2) { "up" } else { "down" },
                         "errors": self.next * dice.below(3), "packets": self.next * 1000}),
            23 => json!({"kind": "path-stats", "mac": wild, "port_id": "wan0",
                         "loss": dice.below(10)}),
            24 => {
                json!({"kind": "client-seen", "mac": client, "rssi": -60 - (dice.below(30) as i64)})
            }
            25 => json!({"kind": "intrusion", "ap": wild, "type": "deauthentication", "count": 15}),
            18..=20 => {
                let kind = *dice.pick(&["client-auth", "client-dhcp", "client-dns", "client-arp"]);
                json!({"kind": kind, "mac": client, "success": !dice.one_in(3), "ssid": "Maui",
                       "server": "10.0.0.1", "duration": dice.below(1000) as f64 / 1000.0})
            }
            21 => json!({"kind": "nac-event", "type": "NAC_CLIENT_PERMIT", "mac": client}),
            16 => json!({"kind": "alarm", "type": "missing_vlan", "mac": wild,
                         "vlan": dice.below(3).to_string()}),
            17 => json!({"kind": "alarm", "type": "missing_vlan", "mac": wild,
                         "vlan": dice.below(3).to_string(), "status": "resolved"}),
            0 => json!({"kind": "device-connected", "mac": wild}),
            1 => json!({"kind": "device-disconnected", "mac": wild, "reason": "cut"}),
            2 => json!({"kind": "device-restarted", "mac": wild}),
            3 | 4 => json!({"kind": "device-heartbeat", "mac": wild}),
            5..=7 => {
                let text = format!("u{}", self.next);
                unique.push(text.clone());
                json!({"kind": "device-event", "mac": wild, "type": "AP_CONFIGURED", "text": text})
            }
            8..=10 => {
                let ap = *dice.pick(&source.place.aps);
                source.at.insert(client, ap);
                json!({"kind": "client-associated", "mac": client, "ap": ap, "bssid": ap,
                       "ssid": "Maui", "band": "5", "rssi": -54})
            }
            11 => json!({"kind": "client-seen", "mac": client, "rssi": -60}),
            12 => {
                source.at.remove(&client);
                json!({"kind": "client-disassociated", "mac": client})
            }
            13 if dice.one_in(12) => {
                json!({"kind": "accounting", "status": "on", "nas_ip": "10.0.0.1"})
            }
            13 | 14 => {
                let session = self.next;
                source.sessions.insert(session);
                json!({"kind": "accounting", "status": "start", "nas_ip": "10.0.0.1",
                       "session_id": format!("s{session}"), "username": "alice"})
            }
            _ if dice.one_in(60) => {
                json!({"kind": "device-event", "mac": wild, "type": "AP_CONFIGURED",
                       "text": format!("poison {}", self.next)})
            }
            _ => {
                let known: Vec<u64> = source.sessions.iter().copied().collect();
                if known.is_empty() {
                    return;
                }
                let session = *dice.pick(&known);
                let status = if dice.one_in(2) { "update" } else { "stop" };
                json!({"kind": "accounting", "status": status, "nas_ip": "10.0.0.1",
                       "session_id": format!("s{session}"), "session_time": self.next,
                       "rx_bytes": self.next})
            }
        };
        let mut line = line;
        line["id"] = json!(id);
        if let Some(time) = time {
            line["time"] = json!(time);
        }
        if dice.one_in(5) {
            line["source"] = json!(format!("collector-{}", dice.below(4)));
        }
        lines.push(line.to_string());
    }

    /// A message of another server, in a wording that is not ours.
    fn pass_on(&mut self, at: usize, dice: &mut Dice) {
        let place = self.sources[at].place.clone();
        let (mut events, mut unique) = (Vec::new(), Vec::new());
        for _ in 0..1 + dice.below(3) {
            self.next += 1;
            let text = format!("u{}", self.next);
            let site = (!dice.one_in(3)).then_some(place.id);
            let event = format!(
                r#"{{ "type":"AP_CONFIGURED", "text":"{text}" ,"rssi":-6.10e1,"a":"\u00e9" }}"#
            );
            self.relayed.insert(text.clone(), (site, event.clone()));
            events.push((site, event));
            unique.push(text);
        }
        self.ask(at, Said::Message { org: place.org, events }, unique);
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
            let acts = (!source.quiet).then(|| source.acts_at.min(source.beats_at));
            let again = (!source.waiting.is_empty() && !source.sent).then_some(source.again_at);
            acts.into_iter().chain(again).min()
        };
        let day = self.campus.as_ref().and_then(|campus| {
            let next = campus.day.next_at().filter(|_| campus.pending.is_empty());
            next.or_else(|| campus.pending.front().map(|_| campus.tells_at))
                .map(|at| at.max(campus.tells_at))
        });
        self.sources.iter().filter_map(of).chain(day).min()
    }

    fn source_of(&mut self, ack: u64) -> Option<&mut Source> {
        self.sources.iter_mut().find(|it| it.waiting.front().is_some_and(|it| it.ack == ack))
    }
}

/// What a NAS says whose clock is off by an hour, half of the time.
fn clock_of_a_nas(now: Timestamp) -> String {
    let is_off = (now.secs() / OFF_SECS) % 2 == 0;
    let time = now - if is_off { Micros::from_mins(60) } else { Micros(0) };
    let line = json!({"kind": "accounting", "status": "on", "nas_ip": "10.0.0.9",
                      "time": time.as_secs_f64()});
    line.to_string()
}
