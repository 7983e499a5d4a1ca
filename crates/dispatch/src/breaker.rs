//! One breaker per endpoint: when an endpoint fails, its lanes stop together and one probe, shared
//! by all of them, asks whether it is back.
//!
//! *Closed*: everything is sent. After [`FAILURES_MAX`] failures in a row it is *open*: nothing is
//! sent until the next probe is due. *Half-open*: one probe is out, everyone else waits for it.
//! The probe's success closes it, its failure opens it for longer; a probe whose report never
//! comes (its lane went away) is given up after [`PROBE_LEASE_SECS`].
//!
//! An answer of any status but 408, 429 and 5xx is life: what one path or one webhook answers says
//! nothing about its neighbours. For the same reason the key of a breaker is the origin together
//! with what decides how it is reached: the org's address policy and whether certificates are
//! verified.

use crate::outcome::Health;
use crate::schedule;
use foghorn_model::time::{Micros, Timestamp};
use uuid::Uuid;

/// Failures in a row, over all lanes, that open it.
pub const FAILURES_MAX: u32 = 5;
/// How long a probe may stay without a report.
pub const PROBE_LEASE_SECS: i64 = 60;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Closed { failures: u32 },
    Open { probes: u32, probe_at: Timestamp },
    HalfOpen { probes: u32, lease_until: Timestamp },
}

/// The breaker of one endpoint.
#[derive(Clone, Debug)]
pub struct Breaker {
    key: Uuid,
    state: State,
    /// Counts openings and probes: a report that began in an earlier phase is an old story.
    phase: u32,
}

/// Leave to send, handed back with the report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permit {
    phase: u32,
}

/// Whether a lane may send now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Send.
    Send(Permit),
    /// Send one batch: all the others wait for what becomes of it.
    Probe(Permit),
    /// Ask again at this moment, or when the breaker closes.
    Wait(Timestamp),
}

impl Breaker {
    /// A closed breaker; `key` spreads the probes of endpoints that failed together.
    pub fn new(key: Uuid) -> Self {
        Self { key, state: State::Closed { failures: 0 }, phase: 0 }
    }

    /// Whether everything is sent.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// Asks for leave to send. A [`Permit`] is good for one attempt and must be reported.
    pub fn admit(&mut self, now: Timestamp) -> Admission {
        let (probes, due) = match self.state {
            State::Closed { .. } => return Admission::Send(Permit { phase: self.phase }),
            State::Open { probes, probe_at } => (probes, probe_at),
            State::HalfOpen { probes, lease_until } => (probes, lease_until),
        };
        if now < due {
            return Admission::Wait(due);
        }
        let lease_until = now + Micros::from_secs(PROBE_LEASE_SECS);
        self.enter(State::HalfOpen { probes: probes.saturating_add(1), lease_until });
        Admission::Probe(Permit { phase: self.phase })
    }

    /// Reports what became of a permitted attempt. `asked` is the wait that the receiver asked
    /// for, if any: no probe comes sooner. Returns whether something else holds for those who wait
    /// than they were told.
    pub fn report(
        &mut self,
        permit: Permit,
        health: Health,
        asked: Option<Micros>,
        now: Timestamp,
    ) -> bool {
        let before = self.phase;
        match (health, self.state) {
            // Life is life, whenever the attempt began.
            (Health::Alive, State::Closed { failures: 0 }) => {}
            (Health::Alive, State::Closed { .. }) => self.state = State::Closed { failures: 0 },
            (Health::Alive, _) => self.enter(State::Closed { failures: 0 }),
            (Health::Failing, _) if permit.phase != self.phase => {}
            (Health::Failing, State::Closed { failures }) if failures + 1 < FAILURES_MAX => {
                self.state = State::Closed { failures: failures + 1 };
            }
            (Health::Failing, State::Closed { .. }) => self.open(0, asked, now),
            (Health::Failing, State::HalfOpen { probes, .. }) => self.open(probes, asked, now),
            // No permit is given out while open, so none of this phase can be reported.
            (Health::Failing, State::Open { .. }) => {}
        }
        self.phase != before
    }

    fn open(&mut self, probes: u32, asked: Option<Micros>, now: Timestamp) {
        let wait = schedule::probe_after(probes.saturating_add(1), self.key);
        let probe_at = now + asked.map_or(wait, |asked| asked.max(wait));
        self.enter(State::Open { probes, probe_at });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.phase = self.phase.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests;
