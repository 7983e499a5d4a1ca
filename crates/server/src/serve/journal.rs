//! The way in: what listeners and the API hand records to.

use super::clock;
use super::quota::{Exceeded, Quotas};
use foghorn_ingest::journal::{Durable, Journal, Refused, Relay, Submission};
use foghorn_model::record::Command;
use foghorn_model::{OrgId, Partition, RecordBody, Timestamp};
use foghorn_pipeline::{Intake, Refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// What acknowledges a submission: dropped when it cannot be made durable.
pub type Ack = oneshot::Sender<()>;

/// When a source should come back.
const RETRY_BUSY: Duration = Duration::from_secs(1);
const RETRY_FULL: Duration = Duration::from_secs(30);
const RETRY_STOPPING: Duration = Duration::from_secs(5);

/// The way into the journal; cheap to clone.
#[derive(Clone, Debug)]
pub struct Inlet {
    intake: Arc<Intake<Ack>>,
    committer: Thread,
    quotas: Arc<Quotas>,
    /// The catalog sequence that new records are routed under: what every view already knows.
    published: Arc<AtomicU64>,
}

impl Inlet {
    pub fn new(
        intake: Arc<Intake<Ack>>,
        committer: Thread,
        quotas: Arc<Quotas>,
        published: Arc<AtomicU64>,
    ) -> Self {
        Self { intake, committer, quotas, published }
    }

    /// Journals a command of an org.
    pub fn command(&self, org: OrgId, command: Command) -> Result<Durable, Refused> {
        let site = command.site();
        let partition = site.map_or_else(|| Partition::of_org(org), Partition::of_site);
        self.command_in(partition, command)
    }

    /// Journals a command in this partition.
    pub fn command_in(&self, partition: Partition, command: Command) -> Result<Durable, Refused> {
        let (ack, durable) = oneshot::channel();
        let site = command.site();
        let seq = self.published.load(Ordering::Acquire);
        let body = RecordBody::Command(command);
        let wake = self
            .intake
            .submit_record(partition, seq, site, body, clock::now(), Some(ack))
            .map_err(refused)?;
        self.wake(wake);
        Ok(durable)
    }

    /// Lets the committer look for configuration changes.
    pub fn nudge(&self) {
        self.committer.unpark();
    }

    /// Counts records and bytes against the quota of an org.
    fn charge(
        &self,
        org: OrgId,
        records: usize,
        bytes: usize,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.quotas
            .take(org, records as u64, bytes as u64, now)
            .map_err(|Exceeded { of, retry_after }| Refused::Quota { of, retry_after })
    }

    fn wake(&self, was_empty: bool) {
        if was_empty {
            self.committer.unpark();
        }
    }
}

impl Journal for Inlet {
    fn submit(&self, submission: Submission) -> Result<Durable, Refused> {
        let now = clock::now();
        let bytes = submission.lines.byte_len();
        self.charge(submission.org, submission.lines.len(), bytes, now)?;
        let (ack, durable) = oneshot::channel();
        let lines = submission.lines.iter();
        let (whose, seq) = ((submission.org, submission.site), submission.catalog_seq);
        let wake = self.intake.submit(whose, seq, lines, bytes, now, ack).map_err(refused)?;
        self.wake(wake);
        Ok(durable)
    }

    fn relay(&self, relay: Relay<'_>) -> Result<Durable, Refused> {
        let now = clock::now();
        let bytes: usize = relay.events.iter().map(|(_, event)| event.byte_len()).sum();
        self.charge(relay.org, relay.events.len(), bytes, now)?;
        let (ack, durable) = oneshot::channel();
        let taken =
            self.intake.submit_relayed(relay.org, relay.catalog_seq, relay.events, now, ack);
        self.wake(taken.map_err(refused)?);
        Ok(durable)
    }
}

fn refused(refusal: Refusal) -> Refused {
    match refusal {
        Refusal::Busy => Refused::Busy { retry_after: RETRY_BUSY },
        Refusal::DiskFull => Refused::Full { retry_after: RETRY_FULL },
        Refusal::Closed => Refused::Stopping { retry_after: RETRY_STOPPING },
    }
}
