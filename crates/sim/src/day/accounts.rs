//! Which sessions each NAS accounts for. A switch is the NAS of the APs behind it.

use super::truth::{Cause, Expected};
use foghorn_model::{Mac, Timestamp, Topic};
use std::collections::BTreeMap;

/// A session of a client with a NAS.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// The switch.
    pub(super) nas: usize,
    pub(super) id: String,
    pub(super) client: Mac,
    /// What the client has sent.
    pub(super) rx_bytes: u64,
}

/// What a NAS tells of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Accounted {
    Start,
    Update,
    Stop,
}

impl Accounted {
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Update => "update",
            Self::Stop => "stop",
        }
    }
}

/// The address of a switch as a NAS.
pub(super) fn nas_ip(switch: usize) -> String {
    format!("10.1.0.{}", switch + 1)
}

/// The sessions that are not over.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    open: BTreeMap<usize, BTreeMap<String, Mac>>,
    pub(super) expected: Vec<Expected>,
}

impl Accounts {
    /// Each request is told, and a session without a start is one.
    pub(super) fn told(&mut self, what: Accounted, of: &Account, now: Timestamp) {
        let sessions = self.open.entry(of.nas).or_default();
        let (kind, more) = match what {
            Accounted::Start => ("START", String::new()),
            Accounted::Update => ("UPDATE", format!(" {}", of.rx_bytes)),
            Accounted::Stop => ("STOP", format!(" {} User-Request", of.rx_bytes)),
        };
        if what == Accounted::Stop {
            sessions.remove(&of.id);
        } else {
            sessions.insert(of.id.clone(), of.client);
        }
        self.tell(kind, (of.nas, &of.id, of.client), &more, now);
    }

    /// A NAS started: what it had open is over.
    pub(super) fn restarted(&mut self, nas: usize, now: Timestamp) {
        for (id, client) in self.open.remove(&nas).unwrap_or_default() {
            self.tell("STOP", (nas, &id, client), " NAS-Reboot", now);
        }
    }

    fn tell(
        &mut self,
        kind: &str,
        (nas, id, client): (usize, &str, Mac),
        more: &str,
        now: Timestamp,
    ) {
        self.expected.push(Expected {
            topic: Topic::NacAccounting,
            kind: format!("NAC_ACCOUNTING_{kind}"),
            who: format!("{client} {id} at {}{more}", nas_ip(nas)),
            happened: now,
            told: now,
            cause: Cause::Line,
        });
    }
}
