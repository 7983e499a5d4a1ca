//! The [`Log`] trait: what the pipeline needs of a log, whatever keeps it.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::ops::ControlFlow;

use crate::error::{Damage, LogError, RecordRange};
use crate::frame::{Block, Frame, FrameNumber, FrameView};

/// What a [`Reader`] asks for at a time.
const READ_AHEAD_BYTES: usize = 256 * 1024;

/// A durable, ordered log of frames. Every method may be called from any thread.
pub trait Log: Send + Sync + Debug {
    /// Writes a frame behind the last one. It can be read at once, and it is durable after the
    /// next [`sync`](Log::sync) that begins after this call.
    ///
    /// # Errors
    /// [`LogError::Order`] if a block does not begin after `reach(partition)`,
    /// [`LogError::Invalid`] if the frame is outside of the limits or its mark goes back,
    /// [`LogError::Full`] if there is no room (in all three cases nothing changed);
    /// [`LogError::SyncFailed`] and ever after [`LogError::Fenced`] if a write broke off.
    fn append(&self, frame: &Frame) -> Result<FrameNumber, LogError>;

    /// Makes everything durable that was appended before the call.
    ///
    /// # Errors
    /// [`LogError::SyncFailed`], and ever after [`LogError::Fenced`].
    fn sync(&self) -> Result<(), LogError>;

    /// [`append`](Log::append), then [`sync`](Log::sync).
    ///
    /// # Errors
    /// As the two.
    fn append_sync(&self, frame: &Frame) -> Result<FrameNumber, LogError> {
        let number = self.append(frame)?;
        self.sync()?;
        Ok(number)
    }

    /// The highest record number that the partition ever held, 0 if none; trimming does not lower
    /// it.
    fn reach(&self, partition: u8) -> u64;

    /// The part of [`reach`](Log::reach) that is durable.
    fn synced_reach(&self, partition: u8) -> u64;

    /// The first record of the partition that is still kept.
    fn oldest(&self, partition: u8) -> Option<u64>;

    /// Before this record, trimming may have removed records of the partition; 0 if nothing was
    /// ever removed.
    fn removed_before(&self, partition: u8) -> u64;

    /// The number of the last frame, 0 if none.
    fn last_frame(&self) -> FrameNumber;

    /// The mark of the last frame, 0 if none.
    fn mark(&self) -> u64;

    /// The stamp of the last frame in microseconds, 0 if none.
    fn stamp(&self) -> i64;

    /// What the log takes on the storage, in bytes, room made in advance included.
    fn bytes(&self) -> u64;

    /// The blocks of a partition with `last >= from`, in order, verified: as many as fit into
    /// `bytes_max`, but one if there is any. What was trimmed is passed over: the first block may
    /// begin after `from`.
    ///
    /// # Errors
    /// [`LogError::Damaged`] if a block does not verify, [`LogError::Io`].
    fn read(&self, partition: u8, from: u64, bytes_max: usize) -> Result<Vec<Block>, LogError>;

    /// Shows every frame from `from_frame` (or the oldest kept) to the one that was the last when
    /// the call began, verified, until `visit` breaks.
    ///
    /// # Errors
    /// [`LogError::Damaged`] if a frame does not verify, [`LogError::Io`].
    fn scan(
        &self,
        from_frame: FrameNumber,
        visit: &mut dyn FnMut(&FrameView<'_>) -> ControlFlow<()>,
    ) -> Result<(), LogError>;

    /// Removes from the front what the policy lets go; `keep` tells the first record of a
    /// partition that is still needed (0: all of them, `u64::MAX`: none).
    ///
    /// # Errors
    /// [`LogError::Io`]; what was removed before stays removed.
    fn trim(&self, keep: &dyn Fn(u8) -> u64, policy: &TrimPolicy) -> Result<TrimReport, LogError>;

    /// Reads and verifies every byte.
    ///
    /// # Errors
    /// [`LogError::Io`]; damage is in the report.
    fn verify(&self) -> Result<VerifyReport, LogError>;

    /// Syncs, and leaves a marker by which the next open finds that nothing of the end is missing.
    /// Later appends answer [`LogError::Closed`]; reading goes on.
    ///
    /// # Errors
    /// As [`sync`](Log::sync).
    fn close(&self) -> Result<(), LogError>;
}

/// Walks the blocks of one partition; made by [`Reader::new`].
#[derive(Debug)]
pub struct Reader<'a> {
    log: &'a dyn Log,
    partition: u8,
    next: u64,
    ahead: VecDeque<Block>,
}

impl<'a> Reader<'a> {
    /// A reader of `partition` that begins with the first block that has a record `>= from`.
    pub fn new(log: &'a dyn Log, partition: u8, from: u64) -> Self {
        Reader { log, partition, next: from, ahead: VecDeque::new() }
    }

    /// The next block, or `None` at the end of the log; a later call sees what was appended since.
    ///
    /// # Errors
    /// As [`Log::read`]; the position stays.
    pub fn next_block(&mut self) -> Result<Option<Block>, LogError> {
        if self.ahead.is_empty() {
            self.ahead = self.log.read(self.partition, self.next, READ_AHEAD_BYTES)?.into();
        }
        let block = self.ahead.pop_front();
        if let Some(block) = &block {
            self.next = block.last.saturating_add(1);
        }
        Ok(block)
    }

    /// The first record number that has not been returned.
    pub fn position(&self) -> u64 {
        self.next
    }
}

/// What [`Log::trim`] may remove. A segment is removed while the log is larger than `bytes_max`,
/// or when its newest stamp is before `stamp_before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrimPolicy {
    /// Which wins: the need or the limits.
    pub mode: TrimMode,
    /// The log should not be larger than this.
    pub bytes_max: u64,
    /// Frames with an older stamp (microseconds) may go.
    pub stamp_before: i64,
}

impl Default for TrimPolicy {
    /// Removes nothing.
    fn default() -> Self {
        TrimPolicy { mode: TrimMode::Needed, bytes_max: u64::MAX, stamp_before: i64::MIN }
    }
}

/// Which wins when the limits of a [`TrimPolicy`] and the need disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrimMode {
    /// What is needed is never removed, however large or old the log.
    Needed,
    /// The limits win, and the report names the records lost.
    Retention,
}

/// What [`Log::trim`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrimReport {
    /// Segments removed.
    pub segments: u64,
    /// Bytes given back.
    pub bytes: u64,
    /// What was removed although it was needed; one entry a partition, in their order.
    pub gaps: Vec<Gap>,
}

/// Records that were needed and are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The partition.
    pub partition: u8,
    /// First record number lost.
    pub first: u64,
    /// Last record number lost.
    pub last: u64,
    /// How many; a block that was needed in part counts whole.
    pub count: u64,
}

/// What [`Log::verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// The segments, oldest first.
    pub segments: Vec<SegmentReport>,
    /// Damage, including segments that are missing.
    pub damage: Vec<Damage>,
    /// Damage that an operator accepted earlier.
    pub accepted: Vec<Damage>,
    /// Bytes of an unfinished write at the end, which the next open will drop.
    pub torn_bytes: u64,
}

/// One segment in a [`VerifyReport`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentReport {
    /// File, relative to the storage's root.
    pub file: String,
    /// Whether it is finished, with a footer.
    pub sealed: bool,
    /// First and last frame found, 0 if none.
    pub frames: (FrameNumber, FrameNumber),
    /// Valid frames.
    pub frame_count: u64,
    /// Valid blocks.
    pub blocks: u64,
    /// Records in the valid blocks.
    pub records: u64,
    /// Size of the file.
    pub bytes: u64,
    /// First and last record found, by partition.
    pub partitions: Vec<RecordRange>,
}
