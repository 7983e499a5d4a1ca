//! The bytes of a segment.
//!
//! A segment begins with a header, then come frames, each at a multiple of eight; a sealed one
//! ends in a footer. Everything is little-endian.
//!
//! | header | bytes | |
//! |---|---|---|
//! | magic `FGHNSEG1` | 8 | |
//! | version, zero | 2, 6 | |
//! | number of the first frame | 8 | |
//! | mark and stamp of the frame before it | 8, 8 | |
//! | reach of each partition before it | 64 times 8 | |
//! | zero, CRC32C of the above | 4, 4 | |
//!
//! | frame | bytes | |
//! |---|---|---|
//! | magic `FRM1` | 4 | |
//! | version, blocks | 2, 2 | |
//! | number, mark, stamp | 8, 8, 8 | |
//! | the frame that was synced when this one was written | 8 | |
//! | length of the bodies | 8 | |
//! | CRC32C of the directory, CRC32C of the above | 4, 4 | |
//! | directory: an [`Entry`] a block | 40 each | |
//! | bodies | | zeros to the next multiple of eight |
//!
//! | directory entry | bytes | |
//! |---|---|---|
//! | partition, zero | 1, 3 | |
//! | count | 4 | |
//! | first, last | 8, 8 | |
//! | offset of the body behind the directory, length | 4, 4 | |
//! | tag, CRC32C of the body | 4, 4 | |
//!
//! The footer is a frame of the same form, magic `FTR1`, whose one body holds the directory of
//! the whole segment (see [`super::index`]), followed by a trailer of 32 bytes: magic
//! `FGHNEND1`, offset of the footer, its length, zero, CRC32C of the trailer.

use crate::LogError;
use crate::frame::{Block, Frame, FrameNumber};

/// The version that is written.
pub(crate) const VERSION: u16 = 1;
pub(crate) const HEADER_BYTES: usize = 48 + 8 * PARTITIONS;
pub(crate) const FRAME_HEADER_BYTES: usize = 56;
pub(crate) const ENTRY_BYTES: usize = 40;
pub(crate) const TRAILER_BYTES: usize = 32;
/// No frame is larger.
pub(crate) const FRAME_BYTES_MAX: usize = 96 << 20;
/// No frame has more blocks.
pub(crate) const BLOCKS_MAX: usize = u16::MAX as usize;
pub(crate) const PARTITIONS: usize = 64;

const SEGMENT_MAGIC: &[u8; 8] = b"FGHNSEG1";
const TRAILER_MAGIC: &[u8; 8] = b"FGHNEND1";
pub(crate) const FRAME_MAGIC: &[u8; 4] = b"FRM1";
pub(crate) const FOOTER_MAGIC: &[u8; 4] = b"FTR1";

/// Where a block lies and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) partition: u8,
    pub(crate) count: u32,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) offset: u32,
    pub(crate) len: u32,
    pub(crate) tag: u32,
    pub(crate) crc: u32,
}

/// The fixed part of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) blocks: usize,
    pub(crate) number: FrameNumber,
    pub(crate) mark: u64,
    pub(crate) stamp: i64,
    pub(crate) synced: FrameNumber,
    pub(crate) body_len: u64,
    directory_crc: u32,
}

impl FrameHeader {
    pub(crate) fn directory_len(&self) -> usize {
        self.blocks * ENTRY_BYTES
    }

    /// The length of the frame with its padding.
    pub(crate) fn len(&self) -> u64 {
        let bytes = (FRAME_HEADER_BYTES + self.directory_len()) as u64 + self.body_len;
        bytes.next_multiple_of(8)
    }
}

pub(crate) fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(field(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

/// What a segment begins with: where it begins in the log, and what the log was like there. The
/// segments before it may be gone when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) first: FrameNumber,
    pub(crate) mark: u64,
    pub(crate) stamp: i64,
    pub(crate) reach: Vec<u64>,
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(SEGMENT_MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.mark.to_le_bytes());
        out.extend_from_slice(&self.stamp.to_le_bytes());
        self.reach.iter().for_each(|reach| out.extend_from_slice(&reach.to_le_bytes()));
        out.resize(HEADER_BYTES - 4, 0);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header; `None` when it does not verify.
    pub(crate) fn decode(bytes: &[u8], file: &str) -> Result<Option<Self>, LogError> {
        if bytes.len() < HEADER_BYTES || bytes[..8] != *SEGMENT_MAGIC {
            return Ok(None);
        }
        let crc_at = HEADER_BYTES - 4;
        if crc32c::crc32c(&bytes[..crc_at]) != u32_at(bytes, crc_at) {
            return Ok(None);
        }
        let version = u16::from_le_bytes(field(bytes, 8));
        if version != VERSION {
            return Err(LogError::Version { file: file.into(), found: version, known: VERSION });
        }
        Ok(Some(Self {
            first: u64_at(bytes, 16),
            mark: u64_at(bytes, 24),
            stamp: i64::from_le_bytes(field(bytes, 32)),
            reach: (0..PARTITIONS).map(|partition| u64_at(bytes, 40 + 8 * partition)).collect(),
        }))
    }
}

/// Appends a frame; `scratch` is replaced.
pub(crate) fn encode(
    magic: &[u8; 4],
    number: FrameNumber,
    synced: FrameNumber,
    frame: &Frame,
    scratch: &mut Vec<u8>,
) -> Result<Vec<Entry>, LogError> {
    let invalid = |detail: &str| LogError::Invalid { what: "frame", detail: detail.into() };
    let body_len: usize = frame.blocks.iter().map(|block| block.bytes.len()).sum();
    if frame.blocks.len() > BLOCKS_MAX || body_len > FRAME_BYTES_MAX {
        return Err(invalid("it is larger than a frame may be"));
    }
    let mut entries = Vec::with_capacity(frame.blocks.len());
    let mut offset = 0;
    for block in &frame.blocks {
        let len = u32::try_from(block.bytes.len()).map_err(|_| invalid("a block is too large"))?;
        entries.push(entry(block, offset, len));
        offset += len;
    }
    scratch.clear();
    scratch.reserve(FRAME_HEADER_BYTES + entries.len() * ENTRY_BYTES + body_len + 8);
    scratch.extend_from_slice(magic);
    scratch.extend_from_slice(&VERSION.to_le_bytes());
    let blocks = u16::try_from(entries.len()).map_err(|_| invalid("it has too many blocks"))?;
    scratch.extend_from_slice(&blocks.to_le_bytes());
    for number in [number, frame.mark, frame.stamp as u64, synced, body_len as u64] {
        scratch.extend_from_slice(&number.to_le_bytes());
    }
    scratch.extend_from_slice(&[0; 8]);
    for entry in &entries {
        write_entry(scratch, entry);
    }
    let directory_crc = crc32c::crc32c(&scratch[FRAME_HEADER_BYTES..]);
    scratch[48..52].copy_from_slice(&directory_crc.to_le_bytes());
    let header_crc = crc32c::crc32c(&scratch[..52]);
    scratch[52..56].copy_from_slice(&header_crc.to_le_bytes());
    for block in &frame.blocks {
        scratch.extend_from_slice(&block.bytes);
    }
    scratch.resize(scratch.len().next_multiple_of(8), 0);
    Ok(entries)
}

fn entry(block: &Block, offset: u32, len: u32) -> Entry {
    Entry {
        partition: block.partition,
        count: block.count,
        first: block.first,
        last: block.last,
        offset,
        len,
        tag: block.tag,
        crc: crc32c::crc32c(&block.bytes),
    }
}

pub(crate) fn write_entry(out: &mut Vec<u8>, entry: &Entry) {
    out.extend_from_slice(&[entry.partition, 0, 0, 0]);
    out.extend_from_slice(&entry.count.to_le_bytes());
    out.extend_from_slice(&entry.first.to_le_bytes());
    out.extend_from_slice(&entry.last.to_le_bytes());
    for number in [entry.offset, entry.len, entry.tag, entry.crc] {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

pub(crate) fn read_entry(bytes: &[u8]) -> Entry {
    Entry {
        partition: bytes[0],
        count: u32_at(bytes, 4),
        first: u64_at(bytes, 8),
        last: u64_at(bytes, 16),
        offset: u32_at(bytes, 24),
        len: u32_at(bytes, 28),
        tag: u32_at(bytes, 32),
        crc: u32_at(bytes, 36),
    }
}

/// Reads the fixed part of a frame; `None` when there is none here that verifies.
pub(crate) fn read_frame_header(magic: &[u8; 4], bytes: &[u8]) -> Option<FrameHeader> {
    if bytes.len() < FRAME_HEADER_BYTES || bytes[..4] != *magic {
        return None;
    }
    if crc32c::crc32c(&bytes[..52]) != u32_at(bytes, 52) {
        return None;
    }
    let header = FrameHeader {
        blocks: usize::from(u16::from_le_bytes(field(bytes, 6))),
        number: u64_at(bytes, 8),
        mark: u64_at(bytes, 16),
        stamp: i64::from_le_bytes(field(bytes, 24)),
        synced: u64_at(bytes, 32),
        body_len: u64_at(bytes, 40),
        directory_crc: u32_at(bytes, 48),
    };
    (header.body_len <= FRAME_BYTES_MAX as u64).then_some(header)
}

/// Reads the directory of a frame; `None` when it does not verify.
pub(crate) fn read_directory(header: &FrameHeader, bytes: &[u8]) -> Option<Vec<Entry>> {
    if bytes.len() != header.directory_len() || crc32c::crc32c(bytes) != header.directory_crc {
        return None;
    }
    let entries: Vec<Entry> = bytes.chunks_exact(ENTRY_BYTES).map(read_entry).collect();
    let fits = |entry: &Entry| {
        usize::from(entry.partition) < PARTITIONS
            && entry.first <= entry.last
            && u64::from(entry.offset) + u64::from(entry.len) <= header.body_len
    };
    entries.iter().all(fits).then_some(entries)
}

/// The last bytes of a sealed segment.
pub(crate) fn trailer(offset: u64, len: u64) -> [u8; TRAILER_BYTES] {
    let mut out = [0; TRAILER_BYTES];
    out[..8].copy_from_slice(TRAILER_MAGIC);
    out[8..16].copy_from_slice(&offset.to_le_bytes());
    out[16..24].copy_from_slice(&len.to_le_bytes());
    let crc = crc32c::crc32c(&out[..28]);
    out[28..].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Offset and length of the footer.
pub(crate) fn read_trailer(bytes: &[u8]) -> Option<(u64, u64)> {
    let sound = bytes.len() == TRAILER_BYTES
        && bytes[..8] == *TRAILER_MAGIC
        && crc32c::crc32c(&bytes[..28]) == u32_at(bytes, 28);
    sound.then(|| (u64_at(bytes, 8), u64_at(bytes, 16)))
}
