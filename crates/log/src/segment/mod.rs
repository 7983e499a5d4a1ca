//! The embedded log: a directory of append-only segment files.
//!
//! - **Appending** writes one frame behind the last. **Syncing** makes everything before it
//!   durable; readers and appenders go on meanwhile, so the next frame fills while one syncs.
//! - **A failed write or sync fences the log**: nothing after it can be trusted, and the process
//!   must end. A full disk is the exception: the frame is taken back and the log goes on.
//! - **Opening** reads the last segment only. A torn end is dropped and reported; anything else
//!   that does not verify is damage, and refused unless the operator accepts the loss, which is
//!   then written down beside the segments.
//! - **Trimming** removes whole segments from the front.
//!
//! raft-engine was measured as an alternative and stays the second choice; see the decision
//! record on the journal.

mod format;
mod index;
mod open;
mod read;
mod scan;
mod write;

use crate::error::{Damage, LogError};
use crate::frame::{Frame, FrameNumber, FrameView};
use crate::log::{Log, TrimPolicy, TrimReport, VerifyReport};
use crate::storage::{Storage, StoredFile};
use crate::{Block, RecordRange};
use format::PARTITIONS;
use index::{Index, Summary};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a log is opened.
#[derive(Debug, Clone, Copy)]
pub struct SegmentOptions {
    /// A segment is sealed when it is larger than this.
    pub segment_bytes: u64,
    /// Make room in advance, filled with zeros. For a log that is synced at every frame: its
    /// syncs then write no metadata. For one that is synced now and then it would only write
    /// everything twice.
    pub room_in_advance: bool,
    /// Go on in spite of damage; what is lost is reported and written down.
    pub accept_data_loss: bool,
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, room_in_advance: true, accept_data_loss: false }
    }
}

/// What opening a log found.
#[derive(Debug)]
pub struct Opened {
    /// The log.
    pub log: SegmentLog,
    /// Bytes of an unfinished write at the end, which were dropped.
    pub torn_bytes: u64,
    /// Whether the log was closed in order.
    pub clean: bool,
    /// Damage that was accepted now.
    pub accepted: Vec<Damage>,
}

/// A log in segment files. See the module.
#[derive(Debug)]
pub struct SegmentLog {
    storage: Arc<dyn Storage>,
    directory: String,
    options: SegmentOptions,
    state: Mutex<State>,
    /// Segments whose blocks were read of late.
    loaded: Mutex<VecDeque<(FrameNumber, Arc<Index>)>>,
    /// What could not be read and was gone past, since the log was opened.
    passed_over: Mutex<Vec<Damage>>,
}

#[derive(Debug)]
struct State {
    sealed: VecDeque<Sealed>,
    active: Option<Active>,
    reach: Vec<u64>,
    synced_reach: Vec<u64>,
    last_frame: FrameNumber,
    synced_frame: FrameNumber,
    mark: u64,
    stamp: i64,
    fenced: Option<String>,
    closed: bool,
    /// Whether the marker of an orderly end lies in the directory.
    marked_clean: bool,
    scratch: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Sealed {
    name: String,
    file: Arc<dyn StoredFile>,
    summary: Summary,
    bytes: u64,
}

#[derive(Debug)]
struct Active {
    name: String,
    file: Arc<dyn StoredFile>,
    first_frame: FrameNumber,
    index: Index,
    /// Where the next frame goes.
    end: u64,
    /// Up to where the file has room.
    allocated: u64,
}

impl SegmentLog {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }

    /// Damage that reading met and went past because data loss is accepted.
    pub fn passed_over(&self) -> Vec<Damage> {
        self.passed_over.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    fn check_open(&self) -> Result<(), LogError> {
        match &self.fenced {
            Some(reason) => Err(LogError::Fenced { reason: reason.clone() }),
            None if self.closed => Err(LogError::Closed),
            None => Ok(()),
        }
    }

    fn fence(&mut self, error: &LogError) {
        self.fenced.get_or_insert_with(|| error.to_string());
    }
}

impl Log for SegmentLog {
    fn append(&self, frame: &Frame) -> Result<FrameNumber, LogError> {
        self.write(frame)
    }

    fn sync(&self) -> Result<(), LogError> {
        self.make_durable()
    }

    fn reach(&self, partition: u8) -> u64 {
        self.lock().reach.get(usize::from(partition)).copied().unwrap_or(0)
    }

    fn synced_reach(&self, partition: u8) -> u64 {
        self.lock().synced_reach.get(usize::from(partition)).copied().unwrap_or(0)
    }

    fn oldest(&self, partition: u8) -> Option<u64> {
        let at = usize::from(partition);
        let state = self.lock();
        let sealed = state.sealed.iter().map(|it| it.summary.ranges[at].0);
        let active = state.active.iter().map(|it| it.index.range(at).0);
        sealed.chain(active).find(|first| *first > 0)
    }

    fn removed_before(&self, partition: u8) -> u64 {
        let first = {
            let state = self.lock();
            let sealed = state.sealed.front().map(|it| it.summary.first_frame);
            sealed.or_else(|| state.active.as_ref().map(|it| it.first_frame))
        };
        if first.is_none_or(|first| first <= 1) {
            return 0;
        }
        self.oldest(partition).unwrap_or_else(|| self.reach(partition) + 1)
    }

    fn last_frame(&self) -> FrameNumber {
        self.lock().last_frame
    }

    fn mark(&self) -> u64 {
        self.lock().mark
    }

    fn stamp(&self) -> i64 {
        self.lock().stamp
    }

    fn bytes(&self) -> u64 {
        let state = self.lock();
        let sealed: u64 = state.sealed.iter().map(|segment| segment.bytes).sum();
        sealed + state.active.as_ref().map_or(0, |active| active.allocated)
    }

    fn read(&self, partition: u8, from: u64, bytes_max: usize) -> Result<Vec<Block>, LogError> {
        self.read_blocks(partition, from, bytes_max)
    }

    fn scan(
        &self,
        from_frame: FrameNumber,
        visit: &mut dyn FnMut(&FrameView<'_>) -> ControlFlow<()>,
    ) -> Result<(), LogError> {
        self.scan_frames(from_frame, visit)
    }

    fn trim(&self, keep: &dyn Fn(u8) -> u64, policy: &TrimPolicy) -> Result<TrimReport, LogError> {
        self.trim_front(keep, policy)
    }

    fn verify(&self) -> Result<VerifyReport, LogError> {
        self.verify_all()
    }

    fn close(&self) -> Result<(), LogError> {
        self.close_clean()
    }
}

/// First and last record by partition of a segment.
fn ranges(index: &Index) -> Vec<(u64, u64)> {
    (0..PARTITIONS).map(|partition| index.range(partition)).collect()
}

fn record_ranges(ranges: &[(u64, u64)]) -> Vec<RecordRange> {
    let held = ranges.iter().enumerate().filter(|(_, (first, _))| *first > 0);
    held.map(|(partition, (first, last))| RecordRange {
        partition: u8::try_from(partition).unwrap_or(u8::MAX),
        first: *first,
        last: *last,
    })
    .collect()
}
