//! Reading a segment from its beginning: what opening the last one, verifying and following do.
//!
//! **Torn or damaged.** The end of an unsealed segment may be an unfinished write. A frame that
//! does not verify is *torn*, and dropped with all behind it, when nothing says that it was ever
//! durable: no later frame was written when it was synced already, and it looks unfinished (it
//! runs into the end of the file, ends in zeros, has a whole sector of zeros, as a write does that
//! was cut off in a region of zeros, or is a footer without its end). Everything else is *damage*: bytes that were whole
//! once. The other way round, taking any bad last frame as torn, would pass over a flipped bit
//! in an acknowledged record.

use super::format::{
    Entry, FOOTER_MAGIC, FRAME_HEADER_BYTES, FRAME_MAGIC, FrameHeader, HEADER_BYTES, SegmentHeader,
    read_directory, read_frame_header,
};
use crate::error::LogError;
use crate::storage::{StoredFile, read_up_to};
use bytes::Bytes;
use foghorn_mutant::{Mutant, is as mutated};

const SECTOR: u64 = 512;
/// What is read at a time when looking for frames behind a bad one.
const SEARCH_BYTES: usize = 1 << 20;

/// A frame that verified.
#[derive(Debug, Clone)]
pub(crate) struct Scanned {
    pub(crate) header: FrameHeader,
    pub(crate) start: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) bodies: Bytes,
}

impl Scanned {
    /// Where the bodies begin in the file.
    pub(crate) fn bodies_at(&self) -> u64 {
        self.start + (FRAME_HEADER_BYTES + self.header.directory_len()) as u64
    }

    pub(crate) fn end(&self) -> u64 {
        self.start + self.header.len()
    }
}

/// What stands at a place in a segment.
#[derive(Debug)]
pub(crate) enum At {
    /// A frame.
    Frame(Box<Scanned>),
    /// Nothing but zeros, or the end of the file.
    End,
    /// Something that does not verify.
    Bad {
        /// What is wrong.
        detail: String,
        /// The header, when that much verifies.
        header: Option<FrameHeader>,
        /// The entries of blocks, when that much verifies.
        entries: Vec<Entry>,
    },
}

/// Reads what stands at `start`, which should be frame `number`.
pub(crate) fn read_frame(
    file: &dyn StoredFile,
    name: &str,
    start: u64,
    number: u64,
) -> Result<At, LogError> {
    let read = |at, len| read_up_to(file, at, len).map_err(LogError::io("read", name));
    let bad = |detail: &str, header, entries| At::Bad { detail: detail.into(), header, entries };
    let head = read(start, FRAME_HEADER_BYTES)?;
    let Some(header) = read_frame_header(FRAME_MAGIC, &head) else {
        if head.iter().all(|byte| *byte == 0) {
            return Ok(At::End);
        }
        return Ok(bad("the header of a frame does not verify", None, Vec::new()));
    };
    if header.number != number {
        let detail = format!("frame {} stands where {number} should", header.number);
        return Ok(At::Bad { detail, header: None, entries: Vec::new() });
    }
    let directory_at = start + FRAME_HEADER_BYTES as u64;
    let directory = read(directory_at, header.directory_len())?;
    let Some(entries) = read_directory(&header, &directory) else {
        return Ok(bad("the directory of a frame does not verify", Some(header), Vec::new()));
    };
    let len = usize::try_from(header.body_len).unwrap_or(usize::MAX);
    let bodies = Bytes::from(read(directory_at + directory.len() as u64, len)?);
    if bodies.len() < len {
        return Ok(bad("a frame ends before its blocks do", Some(header), entries));
    }
    for entry in &entries {
        let verifies = crc32c::crc32c(body(&bodies, entry)) == entry.crc;
        if !verifies && !mutated(Mutant::TornFrameTaken) {
            return Ok(bad("a block does not verify", Some(header), entries));
        }
    }
    Ok(At::Frame(Box::new(Scanned { header, start, entries, bodies })))
}

/// The body of a block among the bodies of its frame.
pub(crate) fn body<'a>(bodies: &'a [u8], entry: &Entry) -> &'a [u8] {
    &bodies[entry.offset as usize..][..entry.len as usize]
}

/// The frames behind a place that does not verify: header and start of each.
pub(crate) fn frames_behind(
    file: &dyn StoredFile,
    name: &str,
    start: u64,
    after: u64,
) -> Result<Vec<(FrameHeader, u64)>, LogError> {
    let len = file.len().map_err(LogError::io("measure", name))?;
    let mut found = Vec::new();
    let mut at = start.next_multiple_of(8);
    while at < len {
        let window = read_up_to(file, at, SEARCH_BYTES + FRAME_HEADER_BYTES)
            .map_err(LogError::io("read", name))?;
        let mut skip = 0;
        for offset in (0..window.len().min(SEARCH_BYTES)).step_by(8) {
            if offset < skip {
                continue;
            }
            let Some(header) = read_frame_header(FRAME_MAGIC, &window[offset..]) else { continue };
            if header.number > after {
                found.push((header, at + offset as u64));
                skip = offset + usize::try_from(header.len()).unwrap_or(usize::MAX - offset);
            }
        }
        at += SEARCH_BYTES as u64;
    }
    Ok(found)
}

/// Whether what stands at `start` looks like a write that was not finished.
pub(crate) fn looks_unfinished(
    file: &dyn StoredFile,
    name: &str,
    start: u64,
    header: Option<&FrameHeader>,
) -> Result<bool, LogError> {
    let file_len = file.len().map_err(LogError::io("measure", name))?;
    let len = header.map_or(FRAME_HEADER_BYTES as u64, FrameHeader::len);
    if start + len > file_len {
        return Ok(true);
    }
    let bytes = read_up_to(file, start, usize::try_from(len).unwrap_or(usize::MAX))
        .map_err(LogError::io("read", name))?;
    // A footer without the trailer that finishes it: the frames before it are all there is to it.
    if header.is_none() && read_frame_header(FOOTER_MAGIC, &bytes).is_some() {
        return Ok(true);
    }
    // Padding is zero anyway: what counts is the end of the content.
    let content = header.map_or(bytes.len(), |header| {
        (FRAME_HEADER_BYTES + header.directory_len())
            + usize::try_from(header.body_len).unwrap_or(usize::MAX)
    });
    if bytes[..content.min(bytes.len())].last() == Some(&0) {
        return Ok(true);
    }
    // The first sector may hold the end of the frame before, and only then what is looked at.
    let first_sector = start.next_multiple_of(SECTOR);
    let sectors = (first_sector..start + len).step_by(SECTOR as usize);
    Ok([start].into_iter().chain(sectors).any(|sector| {
        let from = usize::try_from(sector - start).unwrap_or(usize::MAX);
        let end = (sector + 1).next_multiple_of(SECTOR) - start;
        let to = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
        from < to && bytes[from..to].iter().all(|byte| *byte == 0)
    }))
}

/// Reads the header of a segment; `None` when it does not verify.
pub(crate) fn segment_header(
    file: &dyn StoredFile,
    name: &str,
) -> Result<Option<SegmentHeader>, LogError> {
    let head = read_up_to(file, 0, HEADER_BYTES).map_err(LogError::io("read", name))?;
    SegmentHeader::decode(&head, name)
}
