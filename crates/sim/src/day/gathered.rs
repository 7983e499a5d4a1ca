//! What is told of a span of the clock: how long steps into the network took in ten minutes, and how
//! well an hour was.
//!
//! Each is told 30 s after its end. Of an hour, the time of the APs goes from one such close to the
//! next, and all else by when it happened.

use super::site::{Layout, Role};
use super::truth::{Cause, Expected};
use foghorn_model::time::Micros;
use foghorn_model::{Timestamp, Topic};
use std::collections::BTreeMap;

/// The spans of which latencies are told.
pub const LATENCY_EACH: Micros = Micros::from_mins(10);
/// The spans of which service levels are told.
pub const LEVELS_EACH: Micros = Micros::from_mins(60);
/// So long after its end a span is told.
pub const TOLD_AFTER: Micros = Micros::from_secs(30);
/// A step that takes longer is slow.
const QUICK_MS: i64 = 2_000;
/// A client that is heard worse is not covered.
const COVERED_DBM: i64 = -75;

/// Good ones, of all.
#[derive(Debug, Clone, Copy, Default)]
struct Share(u128, u128);

impl Share {
    fn add(&mut self, is_good: bool) {
        self.0 += u128::from(is_good);
        self.1 += 1;
    }
}

#[derive(Debug, Clone, Default)]
struct Hour {
    connected: Share,
    quick: Share,
    covered: Share,
}

/// The time of APs.
#[derive(Debug, Default)]
struct Uptime {
    /// How many are up and how many are known, more or less from then on.
    changes: BTreeMap<Timestamp, (i64, i64)>,
    now: (i64, i64),
    /// Since when that is so.
    at: Timestamp,
    gathered: Share,
}

impl Uptime {
    fn advance(&mut self, to: Timestamp) {
        let passed = u128::try_from(to.since(self.at).0).unwrap_or(0);
        let count = |of| u128::try_from(of).unwrap_or(0);
        self.gathered.0 += passed * count(self.now.0);
        self.gathered.1 += passed * count(self.now.1);
        self.at = to;
    }

    fn take(&mut self, until: Timestamp) -> Share {
        while let Some(change) = self.changes.first_entry().filter(|it| *it.key() <= until) {
            let (at, (up, known)) = change.remove_entry();
            self.advance(at);
            self.now = (self.now.0 + up, self.now.1 + known);
        }
        self.advance(until);
        std::mem::take(&mut self.gathered)
    }
}

/// What is gathered of spans that are not told yet.
#[derive(Debug)]
pub(super) struct Gathered {
    /// By span and step: milliseconds.
    steps: BTreeMap<i64, BTreeMap<&'static str, Vec<i64>>>,
    hours: BTreeMap<i64, Hour>,
    uptime: Uptime,
    /// The hour that is told next.
    next_hour: i64,
    pub(super) expected: Vec<Expected>,
}

impl Gathered {
    pub(super) fn new(begins: Timestamp) -> Self {
        Self {
            steps: BTreeMap::new(),
            hours: BTreeMap::new(),
            uptime: Uptime { at: begins, ..Uptime::default() },
            next_hour: span(begins, LEVELS_EACH),
            expected: Vec::new(),
        }
    }

    /// A client went a step, or could not.
    pub(super) fn stepped(&mut self, step: &'static str, took_ms: Option<i64>, now: Timestamp) {
        let hour = self.hours.entry(span(now, LEVELS_EACH)).or_default();
        hour.connected.add(took_ms.is_some());
        if let Some(ms) = took_ms {
            hour.quick.add(ms <= QUICK_MS);
            let of_span = self.steps.entry(span(now, LATENCY_EACH)).or_default();
            of_span.entry(step).or_default().push(ms);
        }
    }

    /// A client was heard so well.
    pub(super) fn heard(&mut self, dbm: i64, now: Timestamp) {
        let hour = self.hours.entry(span(now, LEVELS_EACH)).or_default();
        hour.covered.add(dbm >= COVERED_DBM);
    }

    /// A device is up from then on, or down, and was known before, or not.
    pub(super) fn stands(
        &mut self,
        (device, layout): (usize, &Layout),
        is_up: bool,
        was_known: bool,
        at: Timestamp,
    ) {
        if matches!(layout.roles[device], Role::Ap(_)) {
            let change = self.uptime.changes.entry(at).or_default();
            change.0 += if is_up { 1 } else { -1 };
            change.1 += i64::from(!was_known);
        }
    }

    /// What is due by now is told.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some(steps) = self.steps.first_entry() {
            let end = end(*steps.key(), LATENCY_EACH);
            if end + TOLD_AFTER > now {
                break;
            }
            let who = steps.remove().into_iter().map(latency).collect::<Vec<_>>().join(", ");
            self.tell(Topic::ClientLatency, who, end);
        }
        while end(self.next_hour, LEVELS_EACH) + TOLD_AFTER <= now {
            let end = end(self.next_hour, LEVELS_EACH);
            let Hour { connected, quick, covered } =
                self.hours.remove(&self.next_hour).unwrap_or_default();
            let shares = [
                ("ap-availability", self.uptime.take(end + TOLD_AFTER)),
                ("coverage", covered),
                ("successful-connect", connected),
                ("time-to-connect", quick),
            ];
            let shares = shares.iter().filter(|(_, share)| share.1 > 0);
            let shares: Vec<String> = shares
                .map(|(name, Share(good, of))| format!("{name} {}", (good * 10_000 + of / 2) / of))
                .collect();
            if !shares.is_empty() {
                self.tell(Topic::SiteSle, shares.join(", "), end);
            }
            self.next_hour += 1;
        }
    }

    fn tell(&mut self, topic: Topic, who: String, end: Timestamp) {
        self.expected.push(Expected {
            topic,
            kind: String::new(),
            who,
            happened: end,
            told: end + TOLD_AFTER,
            cause: Cause::Count,
        });
    }
}

/// A step with its least, average and most, in microseconds.
fn latency((step, mut ms): (&str, Vec<i64>)) -> String {
    ms.sort_unstable();
    let count = i64::try_from(ms.len()).unwrap_or(1);
    let average = (ms.iter().sum::<i64>() * 1_000 + count / 2) / count;
    format!("{step} {} {average} {}", ms[0] * 1_000, ms[ms.len() - 1] * 1_000)
}

fn span(at: Timestamp, each: Micros) -> i64 {
    at.0.div_euclid(each.0)
}

fn end(span: i64, each: Micros) -> Timestamp {
    Timestamp((span + 1) * each.0)
}
