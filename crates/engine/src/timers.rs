//! Deadlines in order.
//!
//! Timers are lazy: an entity that lives on (a device that sends heartbeats) leaves its timer
//! where it is, and when that fires before the true deadline it is set again. A heartbeat costs
//! no reordering; an early firing emits nothing, so events do not depend on it.

use foghorn_model::{Mac, SiteId, Timestamp};
use foghorn_mutant::{Mutant, is as mutated};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What a timer is about. The order decides which of two timers with one deadline fires first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Subject {
    /// A device's heartbeat is due, or the down that it owes.
    Device(Mac),
    /// A client was last heard of long ago.
    Client(Mac),
    /// An alarm is to be updated, or ends.
    Alarm(Uuid),
    /// A window of latencies is to be closed.
    Latency,
    /// An hour is over.
    Sle,
    /// Attempts of clients are to be forgotten.
    Failures,
    /// A port may have kept still for long enough.
    Ports,
    /// An edge's heartbeat is due.
    Edge(Mac),
    /// A peering of a device may have been down for long enough.
    Peerings(Mac),
    /// A source may have said nothing for too long.
    Sources,
    /// A device or a port of it may have kept still for long enough.
    Damper(Mac),
}

/// The timers of a partition.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    queue: BTreeSet<(Timestamp, SiteId, Subject)>,
}

/// Where an entity's timer stands; kept by the entity, not in snapshots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Armed(Timestamp);

/// Where a timer stands that is not in the queue.
const NEVER: Timestamp = Timestamp(i64::MAX);

impl Default for Armed {
    fn default() -> Self {
        Self(NEVER)
    }
}

impl Timers {
    /// Makes sure that a timer fires at the deadline or before.
    pub(crate) fn arm(
        &mut self,
        armed: &mut Armed,
        deadline: Timestamp,
        site: SiteId,
        subject: Subject,
    ) {
        if armed.0 <= deadline {
            return;
        }
        self.disarm(armed, site, subject);
        armed.0 = deadline;
        if mutated(Mutant::TimerDropped) && deadline.0 % 11 == 0 {
            return;
        }
        self.queue.insert((deadline, site, subject));
    }

    /// Forgets the timer of an entity that is gone.
    pub(crate) fn disarm(&mut self, armed: &mut Armed, site: SiteId, subject: Subject) {
        if armed.0 != NEVER {
            self.queue.remove(&(armed.0, site, subject));
            armed.fired();
        }
    }

    /// Takes the next timer that is due at `now`. The entity's [`Armed`] is to be reset with
    /// [`Armed::fired`].
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, SiteId, Subject)> {
        let first = *self.queue.first()?;
        (first.0 <= now).then(|| {
            self.queue.pop_first();
            first
        })
    }

    /// What the next timer is about.
    pub(crate) fn next_subject(&self) -> Option<(SiteId, Subject)> {
        self.queue.first().map(|(_, site, subject)| (*site, *subject))
    }

    /// When the next timer fires.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _, _)| *at)
    }

    /// Forgets every timer of a site.
    pub(crate) fn forget_site(&mut self, site: SiteId) {
        self.queue.retain(|(_, of, _)| *of != site);
    }
}

impl Armed {
    /// The timer fired and is no longer in the queue.
    pub(crate) fn fired(&mut self) {
        self.0 = NEVER;
    }
}
