//! The log under faults, through its public edge.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod crashes;
mod damage;
mod sidecars;
mod trimming;

use bytes::Bytes;
use foghorn_log::{Block, Frame, Log, Opened, Reader, SegmentLog, SegmentOptions, SimStorage};
use std::sync::Arc;

pub const OPTIONS: SegmentOptions =
    SegmentOptions { segment_bytes: 4096, room_in_advance: true, accept_data_loss: false };

pub fn open(storage: &SimStorage) -> Opened {
    SegmentLog::open(Arc::new(storage.clone()), "log", OPTIONS).unwrap()
}

/// A frame with a block of these records; the content tells which.
pub fn frame(partition: u8, first: u64, last: u64, size: usize) -> Frame {
    let content = format!("{partition}:{first}-{last}:{}", "x".repeat(size));
    let block = Block { partition, first, last, count: 1, tag: 7, bytes: Bytes::from(content) };
    Frame { mark: first, stamp: i64::try_from(first).unwrap(), blocks: vec![block] }
}

/// Every block of a partition.
pub fn blocks(log: &dyn Log, partition: u8) -> Vec<Block> {
    let mut reader = Reader::new(log, partition, 0);
    let mut blocks = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        blocks.push(block);
    }
    blocks
}
