//! What goes into a log and comes out of it.

use bytes::Bytes;

/// The number of a frame: dense from 1 over the life of a log.
pub type FrameNumber = u64;

/// The unit of a write: blocks of any partitions that become durable together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// The caller's mark; never smaller than that of the frame before.
    pub mark: u64,
    /// The caller's time in microseconds; kept, compared only by age when trimming.
    pub stamp: i64,
    /// The blocks, in order. A frame without blocks is allowed: it moves mark and stamp.
    pub blocks: Vec<Block>,
}

/// A run of records of one partition: the unit of reading. The log does not look inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// The partition.
    pub partition: u8,
    /// First record number; greater than every number that the partition held before.
    pub first: u64,
    /// Last record number; not smaller than `first`.
    pub last: u64,
    /// How many records the block holds, at least one. It is for reports only and may differ from
    /// the width of the range (several entries may share a number, numbers may be left out).
    pub count: u32,
    /// The caller's word about the content (its format, for example).
    pub tag: u32,
    /// The content.
    pub bytes: Bytes,
}

/// A frame as [`Log::scan`](crate::Log::scan) shows it: verified, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct FrameView<'a> {
    /// The frame's number.
    pub number: FrameNumber,
    /// The caller's mark.
    pub mark: u64,
    /// The caller's time, microseconds.
    pub stamp: i64,
    /// The blocks. Cloning a block's bytes is cheap but keeps a read buffer of about a mebibyte
    /// alive; copy what is to be kept for long.
    pub blocks: &'a [Block],
}
