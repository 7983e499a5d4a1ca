//! The open-batch record: 96 bytes that let a restart cut a batch as it was.
//!
//! | bytes | what |
//! |---|---|
//! | 16 | webhook |
//! | 1, 1 | topic code, partition |
//! | 2 | flags: 1 has a previous batch |
//! | 4 | events |
//! | 16 | delivery id |
//! | 16, 16, 16 | first, last, previous: epoch, ordinal (4 each), record (8) |
//! | 4 | CRC32C of the body |
//! | 4 | zero |
//!
//! All numbers are little-endian.

use super::batch::{LaneKey, OpenBatch};
use foghorn_model::{EventKey, Partition, Topic, WebhookId};
use uuid::Uuid;

/// The length of a record.
pub const OPEN_BYTES: usize = 96;

const HAS_PREVIOUS: u16 = 1;

/// The record of an open batch.
pub fn encode_open(lane: &LaneKey, open: &OpenBatch) -> [u8; OPEN_BYTES] {
    let mut out = [0; OPEN_BYTES];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        out[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(lane.webhook.as_bytes());
    put(&[lane.topic as u8, lane.partition.0]);
    put(&if open.previous.is_some() { HAS_PREVIOUS } else { 0 }.to_le_bytes());
    put(&open.count.to_le_bytes());
    put(open.id.as_bytes());
    let none = EventKey::start(lane.partition);
    for key in [open.first, open.last, open.previous.unwrap_or(none)] {
        put(&key.epoch.to_le_bytes());
        put(&key.ordinal.to_le_bytes());
        put(&key.record.to_le_bytes());
    }
    put(&open.crc.to_le_bytes());
    out
}

/// Reads a record; `None` when it is none of ours.
pub fn decode_open(bytes: &[u8]) -> Option<(LaneKey, OpenBatch)> {
    let bytes: &[u8; OPEN_BYTES] = bytes.try_into().ok()?;
    let partition = Partition(bytes[17]);
    if partition.0 >= Partition::COUNT {
        return None;
    }
    let key = |at: usize| EventKey {
        partition,
        epoch: u32::from_le_bytes(field(bytes, at)),
        ordinal: u32::from_le_bytes(field(bytes, at + 4)),
        record: u64::from_le_bytes(field(bytes, at + 8)),
    };
    let lane = LaneKey {
        webhook: WebhookId::from_bytes(field(bytes, 0)),
        topic: Topic::from_code(bytes[16])?,
        partition,
    };
    let flags = u16::from_le_bytes(field(bytes, 18));
    let open = OpenBatch {
        id: Uuid::from_bytes(field(bytes, 24)),
        first: key(40),
        last: key(56),
        previous: (flags & HAS_PREVIOUS != 0).then(|| key(72)),
        count: u32::from_le_bytes(field(bytes, 20)),
        crc: u32::from_le_bytes(field(bytes, 88)),
    };
    Some((lane, open))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}
