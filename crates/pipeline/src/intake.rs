//! Where records wait for the next frame.
//!
//! Each partition has a buffer that already has the form of a block body, so a record is copied
//! once on its way in and once to the disk. The buffers are bounded by bytes, each, together, and
//! for each org, so that one that sends without measure leaves room for the others; beyond that a
//! submission is refused whole and its source repeats it. While a frame is being synced the next
//! one fills: that is the whole of group commit, and it needs no timer.

use bytes::Bytes;
use foghorn_model::{HandOver, OrgId, Partition, Record, RecordBody, Relayed, SiteId, Timestamp};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

const PARTITIONS: usize = Partition::COUNT as usize;

/// The bounds of an intake.
#[derive(Debug, Clone, Copy)]
pub struct IntakeLimits {
    /// Bytes that may wait in one partition.
    pub partition_bytes_max: usize,
    /// Bytes of an org that may wait.
    pub org_bytes_max: usize,
    /// Bytes that may wait in all.
    pub bytes_max: usize,
}

impl Default for IntakeLimits {
    fn default() -> Self {
        Self { partition_bytes_max: 16 << 20, org_bytes_max: 36 << 20, bytes_max: 48 << 20 }
    }
}

/// Why a submission was refused; nothing of it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too much is waiting; it will be better in a moment.
    #[error("too many records are waiting to be written")]
    Busy,
    /// The disk has no room.
    #[error("the disk is nearly full")]
    DiskFull,
    /// The server is going down.
    #[error("the server is stopping")]
    Closed,
}

/// The waiting records of all partitions; `A` is what acknowledges a submission.
#[derive(Debug)]
pub struct Intake<A> {
    limits: IntakeLimits,
    waiting: Mutex<Waiting<A>>,
}

#[derive(Debug)]
struct Waiting<A> {
    partitions: Vec<Buffer>,
    acks: Vec<A>,
    bytes: usize,
    /// The same by org, of what came from outside.
    by_org: BTreeMap<OrgId, usize>,
    records: u64,
    disk_full: bool,
    closed: bool,
    /// The latest `received_at` given in each partition: it never goes back.
    clocks: [Timestamp; PARTITIONS],
}

#[derive(Debug, Default)]
struct Buffer {
    body: Vec<u8>,
    count: u64,
    first_received: Timestamp,
}

/// What was waiting, taken out as one.
#[derive(Debug)]
pub(crate) struct Taken<A> {
    pub(crate) blocks: Vec<TakenBlock>,
    pub(crate) acks: Vec<A>,
}

#[derive(Debug)]
pub(crate) struct TakenBlock {
    pub(crate) partition: Partition,
    pub(crate) body: Bytes,
    pub(crate) count: u64,
    pub(crate) first_received: Timestamp,
}

impl<A> Intake<A> {
    /// An empty intake.
    pub fn new(limits: IntakeLimits) -> Self {
        let waiting = Waiting {
            partitions: (0..PARTITIONS).map(|_| Buffer::default()).collect(),
            acks: Vec::new(),
            bytes: 0,
            by_org: BTreeMap::new(),
            records: 0,
            disk_full: false,
            closed: false,
            clocks: [Timestamp(i64::MIN); PARTITIONS],
        };
        Self { limits, waiting: Mutex::new(waiting) }
    }

    /// Takes telemetry lines of one site of an org, all or none. Returns whether the intake was
    /// empty, so that the caller wakes the committer once and not for every submission.
    ///
    /// # Errors
    /// [`Refusal`]; the acknowledgement is dropped with it.
    pub fn submit<'l>(
        &self,
        (org, site): (OrgId, SiteId),
        catalog_seq: u64,
        lines: impl Iterator<Item = &'l [u8]>,
        line_bytes: usize,
        now: Timestamp,
        ack: A,
    ) -> Result<bool, Refusal> {
        let partition = Partition::of_site(site);
        let mut waiting = self.lock();
        waiting.admit(org, &[(partition, line_bytes)], &self.limits)?;
        let was_empty = waiting.is_empty();
        for line in lines {
            waiting.push(partition, now, |received_at| Record {
                received_at,
                catalog_seq,
                site: Some(site),
                body: RecordBody::Telemetry(Cow::Borrowed(line)),
            });
        }
        waiting.acks.push(ack);
        Ok(was_empty)
    }

    /// Takes the events of a message of an org that are relayed, of one or several sites or of
    /// none, all or none. Returns what [`Intake::submit`] does.
    ///
    /// # Errors
    /// [`Refusal`]; the acknowledgement is dropped with it.
    pub fn submit_relayed(
        &self,
        org: OrgId,
        catalog_seq: u64,
        events: Vec<(Option<SiteId>, Relayed<'_>)>,
        now: Timestamp,
        ack: A,
    ) -> Result<bool, Refusal> {
        let mut bytes: BTreeMap<Partition, usize> = BTreeMap::new();
        for (site, event) in &events {
            *bytes.entry(event.partition(*site)).or_default() += event.byte_len();
        }
        let bytes: Vec<(Partition, usize)> = bytes.into_iter().collect();
        let mut waiting = self.lock();
        waiting.admit(org, &bytes, &self.limits)?;
        let was_empty = waiting.is_empty();
        for (site, event) in events {
            let partition = event.partition(site);
            let body = RecordBody::Relayed(event);
            waiting.push(partition, now, |received_at| Record {
                received_at,
                catalog_seq,
                site,
                body,
            });
        }
        waiting.acks.push(ack);
        Ok(was_empty)
    }

    /// Takes one record that is not telemetry. It passes the limits: there are few of these, and
    /// they are what relieves a full intake.
    ///
    /// # Errors
    /// [`Refusal::Closed`].
    pub fn submit_record(
        &self,
        partition: Partition,
        catalog_seq: u64,
        site: Option<SiteId>,
        body: RecordBody<'_>,
        now: Timestamp,
        ack: Option<A>,
    ) -> Result<bool, Refusal> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Refusal::Closed);
        }
        let was_empty = waiting.is_empty();
        waiting.push(partition, now, |received_at| Record { received_at, catalog_seq, site, body });
        waiting.acks.extend(ack);
        Ok(was_empty)
    }

    /// Takes what a partition hands over to the home of an org. Only the committer does, for the
    /// frame that it is about to write.
    pub(crate) fn submit_handed_over(&self, catalog_seq: u64, handed: &HandOver, now: Timestamp) {
        let site = Some(SiteId::of_org(handed.org_id));
        let body = RecordBody::HandOver(handed.clone());
        self.lock().push(Partition::of_org(handed.org_id), now, |received_at| Record {
            received_at,
            catalog_seq,
            site,
            body,
        });
    }

    /// Refuses telemetry, or takes it again: the disk is nearly full, or no longer.
    pub fn set_disk_full(&self, full: bool) {
        self.lock().disk_full = full;
    }

    /// Refuses everything from here on; what waits is still written.
    pub fn close(&self) {
        self.lock().closed = true;
    }

    /// Whether telemetry is refused because the disk is nearly full.
    pub fn is_refusing(&self) -> bool {
        self.lock().disk_full
    }

    /// Whether anything waits.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// The clock of a partition: the latest `received_at` that it was given.
    pub fn clock(&self, partition: Partition) -> Timestamp {
        self.lock().clocks[partition.index()]
    }

    pub(crate) fn take(&self) -> Taken<A> {
        let mut waiting = self.lock();
        let mut blocks = Vec::new();
        if waiting.records > 0 {
            for partition in Partition::all() {
                let buffer = &mut waiting.partitions[partition.index()];
                if buffer.count > 0 {
                    let Buffer { body, count, first_received } = std::mem::take(buffer);
                    let body = Bytes::from(body);
                    blocks.push(TakenBlock { partition, body, count, first_received });
                }
            }
        }
        waiting.bytes = 0;
        waiting.by_org.clear();
        waiting.records = 0;
        Taken { blocks, acks: std::mem::take(&mut waiting.acks) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<A>> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a record adds to its line: the length and the header.
const RECORD_OVERHEAD_BYTES: usize = 38;

impl<A> Waiting<A> {
    /// Counts bytes of an org that are to wait, if there is room for them.
    fn admit(
        &mut self,
        org: OrgId,
        wanted: &[(Partition, usize)],
        limits: &IntakeLimits,
    ) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::Closed);
        }
        if self.disk_full {
            return Err(Refusal::DiskFull);
        }
        // What alone is larger than the limit may pass when nothing else waits.
        let over = |waiting: usize, bytes: usize, max: usize| waiting > 0 && waiting + bytes > max;
        let is_full = wanted.iter().any(|(partition, bytes)| {
            let waiting = self.partitions[partition.index()].body.len();
            over(waiting, *bytes, limits.partition_bytes_max)
        });
        let bytes = wanted.iter().map(|(_, bytes)| bytes).sum();
        let of_org = self.by_org.get(&org).copied().unwrap_or_default();
        let is_over = over(of_org, bytes, limits.org_bytes_max);
        if is_full || is_over || over(self.bytes, bytes, limits.bytes_max) {
            return Err(Refusal::Busy);
        }
        self.by_org.insert(org, of_org + bytes);
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.records == 0 && self.acks.is_empty()
    }

    fn push<'r>(
        &mut self,
        partition: Partition,
        now: Timestamp,
        record: impl FnOnce(Timestamp) -> Record<'r>,
    ) {
        let clock = &mut self.clocks[partition.index()];
        *clock = now.max(*clock);
        let received_at = *clock;
        let buffer = &mut self.partitions[partition.index()];
        if buffer.count == 0 {
            buffer.first_received = received_at;
        }
        let before = buffer.body.len();
        if buffer.body.capacity() == 0 {
            buffer.body.reserve(4096);
        }
        record(received_at).encode(&mut buffer.body);
        debug_assert!(buffer.body.len() - before >= RECORD_OVERHEAD_BYTES);
        buffer.count += 1;
        self.bytes += buffer.body.len() - before;
        self.records += 1;
    }
}
