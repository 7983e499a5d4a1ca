//! Whether what must go on being heard of still is.
//!
//! A presence knows when something was last heard of, what an outage of ours adds to its
//! deadline, and where its timer stands. What the deadline is, if there is one, its owner says
//! each time, since settings and states change: the *own* deadline, without the deferral.
//!
//! It is flattened into the state of its owner, so snapshots of owners that had the parts
//! themselves read as before.

use super::deferral::Deferral;
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::{Mac, SiteId, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Presence {
    heard: Timestamp,
    /// Apart, since there seldom is any and very many have a presence.
    #[serde(skip_serializing_if = "Option::is_none")]
    deferral: Option<Box<Deferral>>,
    #[serde(skip)]
    armed: Armed,
}

impl Presence {
    /// When it was last heard of, by the partition clock; zero if it never was.
    pub(crate) fn heard(&self) -> Timestamp {
        self.heard
    }

    /// It is heard of.
    pub(crate) fn hear(&mut self, now: Timestamp) {
        self.heard = now;
    }

    /// The deadline is another one from now on: no outage has deferred it.
    pub(crate) fn settle(&mut self) {
        self.deferral = None;
    }

    /// The deadline, deferred.
    pub(crate) fn deadline(&self, own: Option<Timestamp>) -> Option<Timestamp> {
        own.map(|own| self.deferral.as_ref().map_or(own, |deferral| deferral.apply(own)))
    }

    /// The timer fired; says whether the deadline is over.
    pub(crate) fn fired(&mut self, own: Option<Timestamp>, now: Timestamp) -> bool {
        self.armed.fired();
        self.deadline(own).is_some_and(|deadline| deadline <= now)
    }

    /// Nothing could be heard until now, through no fault of its own.
    pub(crate) fn defer(&mut self, own: Option<Timestamp>, now: Timestamp, mac: Mac) {
        if let Some(own) = own {
            self.deferral.get_or_insert_default().defer(own, now, mac);
        }
    }

    /// Sets the timer.
    pub(crate) fn arm(
        &mut self,
        own: Option<Timestamp>,
        site: SiteId,
        subject: Subject,
        timers: &mut Timers,
    ) {
        if let Some(deadline) = self.deadline(own) {
            timers.arm(&mut self.armed, deadline, site, subject);
        }
    }

    /// Its owner is gone.
    pub(crate) fn disarm(&mut self, site: SiteId, subject: Subject, timers: &mut Timers) {
        timers.disarm(&mut self.armed, site, subject);
    }
}
