//! Of the attempts within a window, how many failed: whether what they are of is failing.
//!
//! An attempt counts from when it happened, by the source's clock: what a source has kept and
//! tells at once did not happen at once. What is older than the window says nothing of now; what
//! went well is forgotten by the minute, so that the many attempts of a busy AP take no room.

use crate::table::bring_near;
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Puts what happened then in its place; most comes last.
pub(crate) fn insert<T>(queue: &mut VecDeque<T>, item: T, at: impl Fn(&T) -> Timestamp) {
    let time = at(&item);
    let later = queue.iter().rev().take_while(|other| at(other) > time).count();
    queue.insert(queue.len() - later, item);
}

/// How far back attempts are looked at.
pub(crate) const WINDOW: Micros = Micros::from_mins(10);
const MINUTE: Micros = Micros::from_mins(1);
/// A window touches so many minutes at most.
const MINUTES: usize = 11;
/// Failures of which it is kept whose they were; beyond, the oldest are forgotten.
const FAILURES_MAX: usize = 1_000;

/// When something is failing, and when no longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// Failures, at least.
    pub(crate) failures: usize,
    /// Of so many clients, at least.
    pub(crate) clients: usize,
    /// Of a hundred attempts so many failures, at least.
    pub(crate) raised_percent: usize,
    /// And when fewer than so many of a hundred fail, it is over.
    pub(crate) resolved_percent: usize,
}

/// What a rule finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It has begun to fail.
    Fails,
    /// It failed once more, and goes on failing.
    GoesOn,
    /// It is over.
    Recovers,
    /// It is as it was.
    Same,
}

/// The attempts of late: how many of each minute went well and failed, and whose failed.
///
/// In memory in this order: an attempt that goes well touches the beginning.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[repr(C)]
#[serde(default)]
pub(crate) struct Ratio {
    /// The last minute that is counted, since the epoch.
    minute: i64,
    is_failing: bool,
    /// How many attempts went well and how many failed, by the number of the minute.
    counts: [(u32, u32); MINUTES],
    /// Failures in the order of their times.
    failures: VecDeque<(Timestamp, Mac)>,
    /// How many of them, by client.
    failed: Counts,
}

/// How often each client failed, in the order of their addresses: one behind the other, since each
/// failure looks for one. They are no more than [`FAILURES_MAX`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Mac, u32>", into = "BTreeMap<Mac, u32>")]
struct Counts(Vec<(Mac, u32)>);

impl From<BTreeMap<Mac, u32>> for Counts {
    fn from(counts: BTreeMap<Mac, u32>) -> Self {
        Self(counts.into_iter().collect())
    }
}

impl From<Counts> for BTreeMap<Mac, u32> {
    fn from(Counts(counts): Counts) -> Self {
        counts.into_iter().collect()
    }
}

impl Counts {
    fn find(&self, client: Mac) -> Result<usize, usize> {
        self.0.binary_search_by_key(&client, |(mac, _)| *mac)
    }

    fn add(&mut self, client: Mac) {
        match self.find(client) {
            Ok(at) => self.0[at].1 += 1,
            Err(at) => self.0.insert(at, (client, 1)),
        }
    }

    fn take(&mut self, client: Mac) {
        let Ok(at) = self.find(client) else { return };
        self.0[at].1 -= 1;
        if self.0[at].1 == 0 {
            self.0.remove(at);
        }
    }
}

impl Ratio {
    /// Prefetches itself.
    pub(crate) fn fetch(&self) {
        bring_near(&self.minute);
        bring_near(&self.counts[MINUTES - 1]);
        bring_near(&self.failed);
    }

    /// Prefetches what a failure is added to.
    pub(crate) fn fetch_failures(&self) {
        [self.failures.front(), self.failures.back()].into_iter().flatten().for_each(bring_near);
        self.failed.0.first().into_iter().for_each(bring_near);
    }

    /// One more attempt, which was made at `at`, within the window.
    pub(crate) fn add(
        &mut self,
        rule: &Rule,
        (at, now): (Timestamp, Timestamp),
        client: Mac,
        success: bool,
    ) -> Verdict {
        self.advance(now);
        let (well, failed) = &mut self.counts[place(minute(at))];
        if success {
            *well = well.saturating_add(1);
            // Most goes well, which matters to nobody before something fails.
            if !self.is_failing {
                return Verdict::Same;
            }
            return self.look(rule, now);
        }
        *failed = failed.saturating_add(1);
        insert(&mut self.failures, (at, client), |(at, _)| *at);
        self.failed.add(client);
        self.forget(now);
        let (failures, attempts) = self.sums();
        let fails = !self.is_failing
            && failures >= rule.failures
            && self.failed.0.len() >= rule.clients
            && failures * 100 >= attempts * rule.raised_percent;
        if fails {
            self.is_failing = true;
            return Verdict::Fails;
        }
        match self.over(rule) {
            Verdict::Same if self.is_failing => Verdict::GoesOn,
            verdict => verdict,
        }
    }

    /// Forgets what is too old.
    pub(crate) fn look(&mut self, rule: &Rule, now: Timestamp) -> Verdict {
        self.advance(now);
        self.forget(now);
        self.over(rule)
    }

    fn over(&mut self, rule: &Rule) -> Verdict {
        let (failures, attempts) = self.sums();
        if self.is_failing && (attempts == 0 || failures * 100 < attempts * rule.resolved_percent) {
            self.is_failing = false;
            return Verdict::Recovers;
        }
        Verdict::Same
    }

    /// How many failed, and of how many.
    fn sums(&self) -> (usize, usize) {
        let add = |(well, failed): (usize, usize), it: &(u32, u32)| {
            (well + it.0 as usize, failed + it.1 as usize)
        };
        let (well, failed) = self.counts.iter().fold((0, 0), add);
        (failed, well + failed)
    }

    /// Minutes of which everything is too old make room for new ones.
    fn advance(&mut self, now: Timestamp) {
        let now = minute(now);
        if now <= self.minute {
            return;
        }
        let first = (self.minute + 1).max(now + 1 - MINUTES as i64);
        (first..=now).for_each(|minute| self.counts[place(minute)] = (0, 0));
        self.minute = now;
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((at, client)) = self.failures.front().copied()
            && (at + WINDOW <= now || self.failures.len() > FAILURES_MAX)
        {
            self.failures.pop_front();
            self.failed.take(client);
        }
    }

    /// Whether nothing is known any more.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts == [(0, 0); MINUTES]
    }

    /// The clients that failed.
    pub(crate) fn clients(&self) -> impl ExactSizeIterator<Item = Mac> {
        self.failed.0.iter().map(|(client, _)| *client)
    }

    /// Whether it is failing.
    pub(crate) fn is_failing(&self) -> bool {
        self.is_failing
    }

    /// When what fails may be over since a minute is too old.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        if !self.is_failing {
            return None;
        }
        let mut minutes = self.minute + 1 - MINUTES as i64..=self.minute;
        let first = minutes.find(|minute| self.counts[place(*minute)] != (0, 0))?;
        Some(Timestamp((first + MINUTES as i64) * MINUTE.0))
    }
}

fn minute(at: Timestamp) -> i64 {
    at.0.div_euclid(MINUTE.0)
}

fn place(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(MINUTES as i64)).unwrap_or(0)
}
