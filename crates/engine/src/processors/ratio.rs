//! Of the attempts within a window, how many failed: whether what they are of is failing.
//!
//! An attempt counts from when it happened, by the source's clock: what a source has kept and
//! tells at once did not happen at once. What is older than the window says nothing of now.

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
/// Attempts that are kept; beyond, the oldest are forgotten.
const ATTEMPTS_MAX: usize = 1_000;

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
    /// It is over.
    Recovers,
    /// It is as it was.
    Same,
}

/// The attempts of late.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ratio {
    /// In the order of their times.
    attempts: VecDeque<(Timestamp, Mac, bool)>,
    /// How many of them failed, by client.
    failed: BTreeMap<Mac, u32>,
    failures: usize,
    is_failing: bool,
}

impl Ratio {
    /// One more attempt, which was made at `at`, within the window.
    pub(crate) fn add(
        &mut self,
        rule: &Rule,
        (at, now): (Timestamp, Timestamp),
        client: Mac,
        success: bool,
    ) -> Verdict {
        insert(&mut self.attempts, (at, client, success), |(at, ..)| *at);
        if !success {
            self.failures += 1;
            *self.failed.entry(client).or_default() += 1;
        }
        // What is too old matters to nobody before something fails, and most goes well: it is not
        // even looked at.
        if success && !self.is_failing && self.attempts.len() <= ATTEMPTS_MAX {
            return Verdict::Same;
        }
        self.forget(now);
        let fails = !success
            && !self.is_failing
            && self.failures >= rule.failures
            && self.failed.len() >= rule.clients
            && self.failures * 100 >= self.attempts.len() * rule.raised_percent;
        if fails {
            self.is_failing = true;
            return Verdict::Fails;
        }
        self.over(rule)
    }

    /// Forgets what is too old.
    pub(crate) fn look(&mut self, rule: &Rule, now: Timestamp) -> Verdict {
        self.forget(now);
        self.over(rule)
    }

    fn over(&mut self, rule: &Rule) -> Verdict {
        let few = self.failures * 100 < self.attempts.len() * rule.resolved_percent;
        if self.is_failing && (self.attempts.is_empty() || few) {
            self.is_failing = false;
            return Verdict::Recovers;
        }
        Verdict::Same
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((at, client, success)) = self.attempts.front().copied()
            && (at + WINDOW <= now || self.attempts.len() > ATTEMPTS_MAX)
        {
            self.attempts.pop_front();
            if success {
                continue;
            }
            self.failures -= 1;
            if let Some(count) = self.failed.get_mut(&client) {
                *count -= 1;
                if *count == 0 {
                    self.failed.remove(&client);
                }
            }
        }
    }

    /// Whether nothing is known any more.
    pub(crate) fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    /// The clients that failed.
    pub(crate) fn clients(&self) -> impl ExactSizeIterator<Item = Mac> {
        self.failed.keys().copied()
    }

    /// Whether it is failing.
    pub(crate) fn is_failing(&self) -> bool {
        self.is_failing
    }

    /// When what fails may be over since an attempt is too old.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let first = self.attempts.front().filter(|_| self.is_failing);
        first.map(|(at, ..)| *at + WINDOW)
    }
}
