//! Windows of event time, aligned to the clock.
//!
//! A window is closed some time after its end by the partition clock, and never opened again; what
//! belongs to it and comes later is counted and left out. After an outage of ours windows stay
//! open a while longer, for what the sources have kept.

use super::{latency, sle};
use foghorn_model::time::Micros;
use foghorn_model::{Timestamp, Topic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long after its end a window takes what comes late.
const LATE: Micros = Micros::from_secs(30);
/// And how long after an outage of ours.
const AFTER_OUTAGE: Micros = Micros::from_secs(60);

/// The windows that are open, each with what is known of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Windows<T> {
    /// By number since the epoch.
    open: BTreeMap<i64, T>,
    /// Windows before this one are closed.
    open_from: i64,
    /// None is closed before this time.
    deferred_until: Timestamp,
}

impl<T> Default for Windows<T> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), open_from: 0, deferred_until: Timestamp(0) }
    }
}

impl<T: Default> Windows<T> {
    /// The window of this length that `at` is in, if it is open at `now`.
    pub(crate) fn at(&mut self, length: Micros, at: Timestamp, now: Timestamp) -> Option<&mut T> {
        let window = number(length, at);
        if window < self.open_from || self.closes(length, window) <= now {
            return None;
        }
        Some(self.open.entry(window).or_default())
    }

    /// Takes the next window that is to be closed, with its end.
    pub(crate) fn close(&mut self, length: Micros, now: Timestamp) -> Option<(Timestamp, T)> {
        let window = *self.open.keys().next()?;
        if self.closes(length, window) > now {
            return None;
        }
        self.open_from = window + 1;
        let (_, content) = self.open.pop_first()?;
        Some((end(length, window), content))
    }

    /// When the next window is to be closed.
    pub(crate) fn deadline(&self, length: Micros) -> Option<Timestamp> {
        self.open.keys().next().map(|window| self.closes(length, *window))
    }

    /// The site heard nothing until now, through no fault of its sources.
    pub(crate) fn defer(&mut self, now: Timestamp) {
        self.deferred_until = now + AFTER_OUTAGE;
    }

    fn closes(&self, length: Micros, window: i64) -> Timestamp {
        (end(length, window) + LATE).max(self.deferred_until)
    }
}

/// When a topic that is told by windows tells of this time; nothing for topics that are not.
pub fn told_at(topic: Topic, at: Timestamp) -> Option<Timestamp> {
    let length = match topic {
        Topic::ClientLatency => latency::LENGTH,
        Topic::SiteSle => sle::LENGTH,
        _ => return None,
    };
    Some(end(length, number(length, at)) + LATE)
}

fn number(length: Micros, at: Timestamp) -> i64 {
    at.0.div_euclid(length.0)
}

fn end(length: Micros, window: i64) -> Timestamp {
    Timestamp((window + 1) * length.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_told_when_that_is_said() {
        let at = |secs: i64| Timestamp(secs * 1_000_000);
        for (topic, length, told) in
            [(Topic::ClientLatency, latency::LENGTH, 1_230), (Topic::SiteSle, sle::LENGTH, 3_630)]
        {
            let mut windows = Windows::<u8>::default();
            windows.at(length, at(600), at(601)).unwrap();
            assert_eq!(windows.deadline(length), Some(at(told)), "{topic}");
            assert_eq!(told_at(topic, at(600)), Some(at(told)), "{topic}");
        }
        assert_eq!(told_at(Topic::Ping, at(600)), None);
    }
}
