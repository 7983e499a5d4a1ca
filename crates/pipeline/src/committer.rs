//! The committer: the one writer of the input log.
//!
//! A step takes whatever waits, puts the configuration changes before it that it was routed
//! under, and the front before those, writes all of it as one frame, syncs once, and only then hands out the
//! acknowledgements and the blocks. The frame's mark is the last change that every partition it
//! concerns has, so that after a crash the feed goes on exactly there.
//!
//! When the disk is full the frame is refused whole and the sources repeat. Any other failure of
//! a write or a sync is final: nothing may be trusted after it, and the process must end.

use crate::clockwork::Front;
use crate::feed::{ChangeFeed, FeedError, targets};
use crate::intake::{Intake, Taken, TakenBlock};
use crate::interventions::Interventions;
use crate::outbox::Outbox;
use bytes::Bytes;
use foghorn_log::{Block, Frame, Log, LogError};
use foghorn_model::record::{InputGap, Records};
use foghorn_model::time::Micros;
use foghorn_model::{Change, Partition, Record, RecordBody, Timestamp};
use foghorn_mutant::{Mutant, is as mutated};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::trace_span;

/// How many changes are read from the catalog at a time.
const CHANGES_READ_MAX: usize = 1000;

/// A turn comes at least so often: what was taken this long after the last one before a gap was
/// taken before the gap. Far less than what counts as an outage.
const TURN_MAX: Micros = Micros::from_secs(4);

/// The writer of the input log.
#[derive(Debug)]
pub struct Committer {
    log: Arc<dyn Log>,
    /// The last change that is in the log for every partition that it concerns.
    fed: u64,
    interventions: Arc<Interventions>,
    outbox: Arc<Outbox>,
}

/// Why the process must end.
#[derive(Debug, thiserror::Error)]
pub enum CommitterError {
    /// The input log is not to be trusted any more.
    #[error("input log: {0}")]
    Log(#[from] LogError),
    /// The catalog cannot be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The catalog was replaced by an older one.
    #[error(
        "the catalog is older than the log: its last change is {catalog}, the log has change \
         {log}; put the catalog that belongs to this log back, or start with --accept-data-loss"
    )]
    CatalogOlder {
        /// The last change of the catalog.
        catalog: u64,
        /// The last change in the log.
        log: u64,
    },
}

/// What a step did.
#[derive(Debug)]
pub enum Step<A> {
    /// Nothing waited.
    Idle,
    /// A frame is durable.
    Committed(Committed<A>),
    /// The disk is full: the frame is not in the log, these are not to be acknowledged.
    Refused(Vec<A>),
}

/// A durable frame.
#[derive(Debug)]
pub struct Committed<A> {
    /// Its blocks, each with records of one partition.
    pub blocks: Vec<CommittedBlock>,
    /// The submissions to acknowledge.
    pub acks: Vec<A>,
    /// The last change that is in the log.
    pub fed: u64,
}

/// Durable records of one partition.
#[derive(Debug, Clone)]
pub struct CommittedBlock {
    /// The partition.
    pub partition: Partition,
    /// Number of the first record.
    pub first: u64,
    /// Number of the last record.
    pub last: u64,
    /// The records, as [`foghorn_model::record::Records`] reads them.
    pub body: Bytes,
}

impl Committer {
    /// Goes on where the log ends.
    ///
    /// # Errors
    /// [`CommitterError::CatalogOlder`] if the log has changes that the catalog does not.
    pub fn new(
        log: Arc<dyn Log>,
        interventions: Arc<Interventions>,
        outbox: Arc<Outbox>,
        feed: &dyn ChangeFeed,
        accept_data_loss: bool,
    ) -> Result<Self, CommitterError> {
        let fed = log.mark();
        let catalog = feed.latest();
        if fed > catalog && !accept_data_loss {
            return Err(CommitterError::CatalogOlder { catalog, log: fed });
        }
        Ok(Self { log, fed, interventions, outbox })
    }

    /// The last change that is in the log.
    pub fn fed(&self) -> u64 {
        self.fed
    }

    /// Writes what waits as one frame, behind its front.
    ///
    /// # Errors
    /// If the log or the catalog failed: the process must end, with nothing acknowledged.
    pub fn step<A>(
        &mut self,
        intake: &Intake<A>,
        feed: &dyn ChangeFeed,
        front: &Front,
        now: Timestamp,
    ) -> Result<Step<A>, CommitterError> {
        let handed = self.outbox.waiting();
        let handed_seq = feed.latest();
        for it in &handed {
            intake.submit_handed_over(handed_seq, it, now);
        }
        let Taken { blocks, acks } = intake.take();
        // Asked after the records were taken: every change that one of them was routed under
        // was committed before it was submitted.
        let changes = self.changes(feed)?;
        let (lived, fronted) = self.fronted(front);
        if blocks.is_empty() && changes.is_empty() && fronted.is_empty() {
            return Ok(if acks.is_empty() { Step::Idle } else { self.committed(Vec::new(), acks) });
        }
        let fed = changes.last().map_or(self.fed, |change| change.seq);
        let blocks = join(blocks, &changes, intake, now);
        let blocks = self.number(put_before(blocks, front, &lived, &fronted, intake, now));
        let stamp = front.heard_until.unwrap_or(now);
        let frame =
            Frame { mark: fed, stamp: stamp.0, blocks: blocks.iter().map(to_log).collect() };
        let phase = trace_span!(target: "foghorn::phase", "sync").entered();
        let appended = self.log.append_sync(&frame);
        drop(phase);
        match appended {
            Ok(_) => {
                self.fed = fed;
                self.outbox.settle(handed.len());
                Ok(self.committed(blocks, acks))
            }
            Err(LogError::Full { file }) => {
                tracing::error!(file, "no room for the input log: refusing input");
                if mutated(Mutant::AcknowledgedUnwritten) {
                    return Ok(self.committed(Vec::new(), acks));
                }
                Ok(Step::Refused(acks))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn committed<A>(&self, blocks: Vec<CommittedBlock>, acks: Vec<A>) -> Step<A> {
        Step::Committed(Committed { blocks, acks, fed: self.fed })
    }

    fn changes(&self, feed: &dyn ChangeFeed) -> Result<Vec<Change>, FeedError> {
        let latest = feed.latest();
        let mut changes = Vec::new();
        let mut seq = self.fed;
        while seq < latest {
            let mut more = feed.changes_after(seq, CHANGES_READ_MAX)?;
            // What is committed and not published is not known to the lanes yet.
            more.retain(|change| change.seq <= latest);
            let Some(last) = more.last() else { break };
            seq = last.seq;
            changes.extend(more);
        }
        Ok(changes)
    }

    /// The partitions that have lived, and those of them that get the front in any case.
    fn fronted(&self, front: &Front) -> (Vec<Partition>, Vec<Partition>) {
        if front.bodies.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let has_lived =
            |it: &Partition| self.log.reach(it.0).max(self.interventions.lost_through(*it)) > 0;
        let lived: Vec<Partition> = Partition::all().filter(has_lived).collect();
        let fronted = if front.everywhere { lived.clone() } else { Vec::new() };
        (lived, fronted)
    }

    fn number(&self, blocks: Vec<TakenBlock>) -> Vec<CommittedBlock> {
        let number = |block: TakenBlock| {
            let reach = self.log.reach(block.partition.0);
            let left_out = u64::from(mutated(Mutant::NumberLeftOut) && reach % 37 == 36);
            let first = reach.max(self.interventions.lost_through(block.partition)) + 1 + left_out;
            CommittedBlock {
                partition: block.partition,
                first,
                last: first + block.count - 1,
                body: block.body,
            }
        };
        blocks.into_iter().map(number).collect()
    }
}

fn to_log(block: &CommittedBlock) -> Block {
    Block {
        partition: block.partition.0,
        first: block.first,
        last: block.last,
        count: u32::try_from(block.last - block.first + 1).unwrap_or(u32::MAX),
        tag: 0,
        bytes: block.body.clone(),
    }
}

/// Puts the changes before the records of each partition that they concern.
fn join<A>(
    blocks: Vec<TakenBlock>,
    changes: &[Change],
    intake: &Intake<A>,
    now: Timestamp,
) -> Vec<TakenBlock> {
    if changes.is_empty() {
        return blocks;
    }
    let mut joined: BTreeMap<Partition, TakenBlock> =
        blocks.into_iter().map(|block| (block.partition, block)).collect();
    let mut before: BTreeMap<Partition, (Vec<u8>, u64)> = BTreeMap::new();
    for change in changes {
        for partition in targets(change) {
            // Not after the records behind it: time never goes back within a partition.
            let received_at = match joined.get(&partition) {
                Some(block) => block.first_received,
                None => now.max(intake.clock(partition)),
            };
            let (body, count) = before.entry(partition).or_default();
            let record = Record {
                received_at,
                catalog_seq: change.seq,
                site: None,
                body: RecordBody::Change(Box::new(change.clone())),
            };
            record.encode(body);
            *count += 1;
        }
    }
    for (partition, (mut body, count)) in before {
        let block = joined.entry(partition).or_insert_with(|| TakenBlock {
            partition,
            body: Bytes::new(),
            count: 0,
            first_received: now.max(intake.clock(partition)),
        });
        if mutated(Mutant::ChangeAfterRecord) {
            body = [&block.body, body.as_slice()].concat();
        } else {
            body.extend_from_slice(&block.body);
        }
        block.body = Bytes::from(body);
        block.count += count;
    }
    joined.into_values().collect()
}

/// Puts the front before the records of each partition that has lived and that the frame writes
/// to, and writes to those that must have it. A partition that begins with this frame has lived if
/// some of its records came before what the front tells.
fn put_before<A>(
    mut blocks: Vec<TakenBlock>,
    front: &Front,
    lived: &[Partition],
    fronted: &[Partition],
    intake: &Intake<A>,
    now: Timestamp,
) -> Vec<TakenBlock> {
    if front.bodies.is_empty() {
        return blocks;
    }
    for partition in fronted.iter().copied() {
        if blocks.iter().all(|block| block.partition != partition) {
            let first_received = now.max(intake.clock(partition));
            blocks.push(TakenBlock { partition, body: Bytes::new(), count: 0, first_received });
        }
    }
    for block in &mut blocks {
        let has_lived = lived.contains(&block.partition);
        let mut body = Vec::with_capacity(block.body.len() + 64 * front.bodies.len());
        let mut written = 0;
        for front in &front.bodies {
            for Place { at, received_at } in places(&block.body, front) {
                if !has_lived && at == 0 {
                    continue;
                }
                let at = at.max(written);
                body.extend_from_slice(&block.body[written..at]);
                written = at;
                let at_end = || now.max(intake.clock(block.partition));
                let record = Record {
                    received_at: received_at.unwrap_or_else(at_end),
                    catalog_seq: 0,
                    site: None,
                    body: front.clone(),
                };
                record.encode(&mut body);
                block.count += 1;
            }
        }
        body.extend_from_slice(&block.body[written..]);
        block.body = Bytes::from(body);
    }
    blocks.sort_unstable_by_key(|block| block.partition);
    blocks
}

/// Where a record of a front goes within a block.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    /// When the record behind it was taken, if there is one.
    received_at: Option<Timestamp>,
}

/// Where a record of a front goes: of before a start nothing waits, and a gap is told wherever it
/// was silent.
fn places(block: &[u8], front: &RecordBody<'_>) -> Vec<Place> {
    match front {
        RecordBody::InputGap(gap) => silences(block, gap),
        _ => taken(block).next().into_iter().collect(),
    }
}

/// The silences of a gap. What was taken in it shows that somebody was heard, but not that they
/// could go on being heard: so the gap is told again before the clock passes the next silence.
fn silences(block: &[u8], gap: &InputGap) -> Vec<Place> {
    let mut places = Vec::new();
    let mut heard = gap.since;
    for place in taken(block) {
        let within = place.received_at.filter(|received_at| *received_at <= gap.until);
        let is_first = places.is_empty() && within.is_none();
        if is_first || within.unwrap_or(gap.until) > heard + TURN_MAX {
            places.push(place);
        }
        let Some(received_at) = within else { break };
        heard = heard.max(received_at);
    }
    places
}

/// The records of a block, and the end of it.
fn taken(block: &[u8]) -> impl Iterator<Item = Place> {
    let mut records = Records::new(block);
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let at = block.len() - records.rest().len();
        let received_at = records.next().and_then(Result::ok).map(|record| record.received_at);
        is_over = received_at.is_none();
        Some(Place { at, received_at })
    })
}
