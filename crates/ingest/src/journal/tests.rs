//! A journal in memory, for the tests of listeners.

use super::{Durable, Journal, Refused, Relay, Submission};
use foghorn_model::{OrgId, SiteId};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// Keeps what it is given, and acknowledges it when it is told to.
#[derive(Default)]
pub(crate) struct Kept {
    lines: Mutex<Vec<String>>,
    owners: Mutex<Vec<(OrgId, SiteId, u64)>>,
    pub(crate) acks: Mutex<Vec<oneshot::Sender<()>>>,
    /// Refuses everything while this holds.
    pub(crate) is_busy: AtomicBool,
    /// Whether it has.
    pub(crate) refused: AtomicBool,
}

impl Kept {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// How many lines it was given.
    pub(crate) fn taken(&self) -> usize {
        self.lines.lock().unwrap().len()
    }

    /// Whose they are, and under which configuration they were routed, a submission each.
    pub(crate) fn owners(&self) -> Vec<(OrgId, SiteId, u64)> {
        self.owners.lock().unwrap().clone()
    }
}

impl Journal for Kept {
    fn submit(&self, submission: Submission) -> Result<Durable, Refused> {
        if self.is_busy.load(Ordering::Relaxed) {
            self.refused.store(true, Ordering::Relaxed);
            return Err(Refused::Busy { retry_after: Duration::from_millis(1) });
        }
        let Submission { org, site, catalog_seq, lines } = submission;
        self.owners.lock().unwrap().push((org, site, catalog_seq));
        let lines = lines.iter().map(|line| String::from_utf8(line.to_vec()).unwrap());
        self.lines.lock().unwrap().extend(lines);
        let (ack, durable) = oneshot::channel();
        self.acks.lock().unwrap().push(ack);
        Ok(durable)
    }

    fn relay(&self, relay: Relay<'_>) -> Result<Durable, Refused> {
        unreachable!("a listener relays nothing: {relay:?}")
    }
}

/// Lets others go on until something holds.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}
