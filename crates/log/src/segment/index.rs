//! The directory of a segment: which block of which partition lies where.
//!
//! While a segment is written its directory is in memory; sealing writes it as the footer. Of
//! sealed segments only the summary stays in memory, the blocks are read when somebody reads
//! there.

use super::format::{Entry, PARTITIONS, field, read_entry, write_entry};
use crate::frame::FrameNumber;

/// A block of a segment: its entry, with the offset counted from the start of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) entry: Entry,
    pub(crate) offset: u64,
    pub(crate) frame: FrameNumber,
}

/// The blocks of a segment by partition, in order.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    places: Vec<Vec<Place>>,
    /// Frames and where they begin.
    pub(crate) frames: Vec<(FrameNumber, u64)>,
}

/// What is kept in memory of a sealed segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) first_frame: FrameNumber,
    pub(crate) last_frame: FrameNumber,
    pub(crate) mark: u64,
    pub(crate) stamp: i64,
    /// First and last record by partition, 0 when it has none here.
    pub(crate) ranges: Vec<(u64, u64)>,
    /// The highest record of each partition up to here, in all segments.
    pub(crate) reach: Vec<u64>,
}

impl Default for Index {
    fn default() -> Self {
        Self { places: vec![Vec::new(); PARTITIONS], frames: Vec::new() }
    }
}

impl Index {
    pub(crate) fn add(&mut self, frame: FrameNumber, start: u64, bodies: u64, entries: &[Entry]) {
        self.frames.push((frame, start));
        for entry in entries {
            let offset = bodies + u64::from(entry.offset);
            let place = Place { entry: *entry, offset, frame };
            self.places[usize::from(entry.partition)].push(place);
        }
    }

    /// The blocks of a partition from the one that holds `record`, or the next, on.
    pub(crate) fn from(&self, partition: u8, record: u64) -> &[Place] {
        let places = &self.places[usize::from(partition)];
        &places[places.partition_point(|place| place.entry.last < record)..]
    }

    /// Every block.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().flatten()
    }

    /// First and last record of a partition.
    pub(crate) fn range(&self, partition: usize) -> (u64, u64) {
        let places = &self.places[partition];
        let first = places.first().map_or(0, |place| place.entry.first);
        (first, places.last().map_or(0, |place| place.entry.last))
    }
}

const SUMMARY_BYTES: usize = 40 + PARTITIONS * 24;
const PLACE_BYTES: usize = 56;

/// The body of a footer: the summary, then the frames, then the blocks.
pub(crate) fn encode(summary: &Summary, index: &Index) -> Vec<u8> {
    let blocks = index.all().count();
    let mut out =
        Vec::with_capacity(SUMMARY_BYTES + index.frames.len() * 16 + blocks * PLACE_BYTES);
    for number in [summary.first_frame, summary.last_frame, summary.mark, summary.stamp as u64] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&(index.frames.len() as u64).to_le_bytes());
    for (range, reach) in summary.ranges.iter().zip(&summary.reach) {
        for number in [range.0, range.1, *reach] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
    for (frame, start) in &index.frames {
        out.extend_from_slice(&frame.to_le_bytes());
        out.extend_from_slice(&start.to_le_bytes());
    }
    for place in index.all() {
        write_entry(&mut out, &place.entry);
        out.extend_from_slice(&place.offset.to_le_bytes());
        out.extend_from_slice(&place.frame.to_le_bytes());
    }
    out
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

/// Reads the summary of a footer.
pub(crate) fn decode_summary(body: &[u8]) -> Option<Summary> {
    if body.len() < SUMMARY_BYTES {
        return None;
    }
    let rows = (0..PARTITIONS).map(|at| 40 + at * 24);
    Some(Summary {
        first_frame: u64_at(body, 0),
        last_frame: u64_at(body, 8),
        mark: u64_at(body, 16),
        stamp: i64::from_le_bytes(field(body, 24)),
        ranges: rows.clone().map(|at| (u64_at(body, at), u64_at(body, at + 8))).collect(),
        reach: rows.map(|at| u64_at(body, at + 16)).collect(),
    })
}

/// Reads the blocks of a footer.
pub(crate) fn decode(body: &[u8]) -> Option<Index> {
    if body.len() < SUMMARY_BYTES {
        return None;
    }
    let frames = usize::try_from(u64_at(body, 32)).ok()?;
    let (frames, places) = body[SUMMARY_BYTES..].split_at_checked(frames.checked_mul(16)?)?;
    let mut index = Index::default();
    for frame in frames.chunks_exact(16) {
        index.frames.push((u64_at(frame, 0), u64_at(frame, 8)));
    }
    if places.len() % PLACE_BYTES != 0 {
        return None;
    }
    for place in places.chunks_exact(PLACE_BYTES) {
        let entry = read_entry(place);
        let (offset, frame) = (u64_at(place, 40), u64_at(place, 48));
        index.places.get_mut(usize::from(entry.partition))?.push(Place { entry, offset, frame });
    }
    Some(index)
}
