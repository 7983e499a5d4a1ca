//! De-duplication of sources that repeat: ids that a site, or an org as a whole, saw of late.
//!
//! Kept in the fold, not in a cache beside it, so that a retried request is recognised across a
//! crash too. Bounded in time and in number; beyond either, the oldest id is forgotten first.

use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

/// How long an id is remembered.
const REMEMBERED: Micros = Micros::from_mins(10);
/// How many ids a site remembers.
const IDS_MAX: usize = 200_000;

/// The ids that a site saw of late.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(from = "VecDeque<(Timestamp, String)>", into = "VecDeque<(Timestamp, String)>")]
pub(crate) struct Seen {
    order: VecDeque<(Timestamp, String)>,
    ids: BTreeSet<String>,
}

impl Clone for Seen {
    fn clone(&self) -> Self {
        self.order.clone().into()
    }
}

impl From<VecDeque<(Timestamp, String)>> for Seen {
    fn from(order: VecDeque<(Timestamp, String)>) -> Self {
        let ids = order.iter().map(|(_, id)| id.clone()).collect();
        Self { order, ids }
    }
}

impl From<Seen> for VecDeque<(Timestamp, String)> {
    fn from(seen: Seen) -> Self {
        seen.order
    }
}

impl Seen {
    /// Whether this id of this source is new; remembers it if so.
    pub(crate) fn admit(&mut self, source: Source, id: &str, now: Timestamp) -> bool {
        self.expire(now);
        let key = match source {
            Source::Device(mac) => format!("{mac}/{id}"),
            Source::Nas(nas) => format!("{nas}/{id}"),
            Source::Relay => format!("relay/{id}"),
        };
        if self.ids.contains(&key) {
            return false;
        }
        if self.order.len() >= IDS_MAX {
            self.forget_oldest();
        }
        self.ids.insert(key.clone());
        self.order.push_back((now, key));
        true
    }

    fn expire(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(at, _)| now.since(*at) > REMEMBERED) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.ids.remove(&id);
        }
    }
}

/// Whose ids they are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// The device or AP that reports.
    Device(Mac),
    /// A RADIUS client.
    Nas(std::net::IpAddr),
    /// A server whose events are passed on.
    Relay,
}
