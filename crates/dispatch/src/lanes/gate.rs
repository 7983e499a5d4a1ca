//! The gate of a webhook: closed while its endpoint refuses everything.
//!
//! An answer that speaks of the endpoint (401, 404, a redirect…) closes the gate. While it is
//! closed no lane of the webhook sends, and from time to time one batch is let through as a
//! probe; its success opens the gate for all. So a bad deploy drains no backlog, and a hundred
//! lanes cost a dead endpoint one request a minute.

use crate::schedule;
use foghorn_model::Timestamp;
use uuid::Uuid;

/// Whether a webhook's lanes may send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Gate {
    state: State,
    probes: u32,
    since: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Open,
    Closed(Timestamp),
    Probing,
}

/// What the gate says to a lane that wants to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Passage {
    /// Send; when the gate was closed, all wait for what becomes of it.
    Open,
    /// Not before this time.
    Closed(Timestamp),
    /// Not before the probe that is under way has been answered.
    Probing,
}

impl Gate {
    pub(super) fn pass(&mut self, now: Timestamp) -> Passage {
        match self.state {
            State::Open => Passage::Open,
            State::Closed(until) if until <= now => {
                self.state = State::Probing;
                Passage::Open
            }
            State::Closed(until) => Passage::Closed(until),
            State::Probing => Passage::Probing,
        }
    }

    /// The endpoint answered as it should. Returns whether the gate was closed.
    pub(super) fn open(&mut self) -> bool {
        let was_closed = self.state != State::Open;
        *self = Self::default();
        was_closed
    }

    /// The endpoint refused. Returns when to probe.
    pub(super) fn refused(&mut self, webhook: Uuid, now: Timestamp) -> Timestamp {
        match self.state {
            // Several requests were under way when it began to refuse: one closing.
            State::Closed(until) => return until,
            State::Open => self.since = now,
            State::Probing => {}
        }
        self.probes = self.probes.saturating_add(1);
        let until = now + schedule::probe_after(self.probes, webhook);
        self.state = State::Closed(until);
        until
    }

    /// The probe failed for a reason that may pass, or never came to an end.
    pub(super) fn unanswered(&mut self, webhook: Uuid, now: Timestamp) {
        if self.state == State::Probing {
            self.refused(webhook, now);
        }
    }

    /// Since when it has been closed.
    pub(super) fn closed_since(&self) -> Option<Timestamp> {
        (self.state != State::Open).then_some(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusing_endpoint_is_probed_ever_more_rarely_and_one_success_opens() {
        let mut gate = Gate::default();
        let mut now = Timestamp(0);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let until = gate.refused(Uuid::nil(), now);
            assert_eq!(gate.pass(now), Passage::Closed(until));
            waits.push(until.since(now));
            now = until;
            assert_eq!(gate.pass(now), Passage::Open);
            assert_eq!(gate.pass(now), Passage::Probing, "one probe at a time");
        }
        let scheduled: Vec<_> = (1..7).map(|n| schedule::probe_after(n, Uuid::nil())).collect();
        assert_eq!(waits, scheduled);
        assert_eq!(gate.closed_since(), Some(Timestamp(0)));
        assert!(gate.open());
        assert_eq!(gate.pass(now), Passage::Open);
        assert_eq!(gate.pass(now), Passage::Open);
    }
}
