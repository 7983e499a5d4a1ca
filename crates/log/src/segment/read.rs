//! Reading blocks and frames, and verifying all of them.

use super::format::{FOOTER_MAGIC, FRAME_HEADER_BYTES, read_directory, read_frame_header};
use super::index::{self, Index, Place};
use super::scan::{self, At};
use super::{Sealed, SegmentLog, record_ranges};
use crate::error::{Damage, LogError, RecordRange};
use crate::frame::{Block, FrameNumber, FrameView};
use crate::log::{SegmentReport, VerifyReport};
use crate::storage::{StoredFile, read_up_to};
use bytes::Bytes;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

/// Segments whose directories are kept in memory for readers.
const LOADED_MAX: usize = 8;

/// A segment as a reader sees it.
struct View {
    name: String,
    file: Arc<dyn StoredFile>,
    first_frame: FrameNumber,
    last_frame: FrameNumber,
}

impl SegmentLog {
    pub(super) fn read_blocks(
        &self,
        partition: u8,
        from: u64,
        bytes_max: usize,
    ) -> Result<Vec<Block>, LogError> {
        let at = usize::from(partition);
        // Under one lock: a segment that is sealed between two looks would be in neither.
        let (sealed, active) = {
            let state = self.lock();
            let holds =
                |it: &&Sealed| it.summary.ranges[at].0 > 0 && it.summary.ranges[at].1 >= from;
            let sealed: Vec<Sealed> =
                state.sealed.iter().filter(holds).take(LOADED_MAX).cloned().collect();
            let active = state.active.as_ref().map(|active| {
                let mut taken = 0;
                // As many as can fit, without copying a directory of a whole segment.
                let fits = |place: &&Place| {
                    let before = taken;
                    taken += place.entry.len as usize;
                    before == 0 || before <= bytes_max
                };
                let places = active.index.from(partition, from).iter();
                let places: Vec<Place> = places.take_while(fits).copied().collect();
                (active.name.clone(), Arc::clone(&active.file), places)
            });
            (sealed, active)
        };
        let more = sealed.len() == LOADED_MAX;
        let mut blocks = Vec::new();
        let mut bytes = 0;
        for segment in sealed {
            let index = self.index_of(&segment)?;
            let places = index.from(partition, from).to_vec();
            let file = &*segment.file;
            if self.read_places(&segment.name, file, &places, bytes_max, &mut bytes, &mut blocks)? {
                return Ok(blocks);
            }
        }
        // There may be sealed segments between these and the active one.
        if more && !blocks.is_empty() {
            return Ok(blocks);
        }
        if let Some((name, file, places)) = active {
            self.read_places(&name, &*file, &places, bytes_max, &mut bytes, &mut blocks)?;
        }
        Ok(blocks)
    }

    /// Reads blocks until enough are there; says whether there are.
    fn read_places(
        &self,
        name: &str,
        file: &dyn StoredFile,
        places: &[Place],
        bytes_max: usize,
        bytes: &mut usize,
        blocks: &mut Vec<Block>,
    ) -> Result<bool, LogError> {
        for place in places {
            let len = place.entry.len as usize;
            if !blocks.is_empty() && *bytes + len > bytes_max {
                return Ok(true);
            }
            match self.read_place(name, file, place) {
                Ok(block) => {
                    *bytes += len;
                    blocks.push(block);
                }
                Err(LogError::Damaged(damage)) if self.options.accept_data_loss => {
                    tracing::error!(%damage, "going on without what is damaged");
                    let mut passed =
                        self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
                    passed.push(*damage);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    fn read_place(
        &self,
        name: &str,
        file: &dyn StoredFile,
        place: &Place,
    ) -> Result<Block, LogError> {
        let entry = &place.entry;
        let path = self.path(name);
        let bytes = read_up_to(file, place.offset, entry.len as usize)
            .map_err(LogError::io("read", &path))?;
        if bytes.len() < entry.len as usize || crc32c::crc32c(&bytes) != entry.crc {
            let range =
                RecordRange { partition: entry.partition, first: entry.first, last: entry.last };
            return Err(Damage {
                file: path,
                offset: place.offset,
                detail: "a block does not verify".into(),
                frames: Some((place.frame, place.frame)),
                records: vec![range],
            }
            .into());
        }
        Ok(Block {
            partition: entry.partition,
            first: entry.first,
            last: entry.last,
            count: entry.count,
            tag: entry.tag,
            bytes: Bytes::from(bytes),
        })
    }

    /// The directory of a sealed segment, read from its footer if need be.
    fn index_of(&self, segment: &Sealed) -> Result<Arc<Index>, LogError> {
        let key = segment.summary.first_frame;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = loaded.iter().position(|(frame, _)| *frame == key)
            && let Some(found) = loaded.remove(at)
        {
            let index = Arc::clone(&found.1);
            loaded.push_back(found);
            return Ok(index);
        }
        drop(loaded);
        let path = self.path(&segment.name);
        let body = footer_body(&*segment.file, &path)?;
        let damaged = || Damage {
            file: path.clone(),
            offset: segment.bytes,
            detail: "the footer does not verify".into(),
            frames: Some((segment.summary.first_frame, segment.summary.last_frame)),
            records: record_ranges(&segment.summary.ranges),
        };
        let body = body.ok_or_else(damaged)?;
        let index = Arc::new(index::decode(&body).ok_or_else(damaged)?);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.push_back((key, Arc::clone(&index)));
        while loaded.len() > LOADED_MAX {
            loaded.pop_front();
        }
        Ok(index)
    }

    fn views(&self) -> Vec<View> {
        let state = self.lock();
        let sealed = state.sealed.iter().map(|it| View {
            name: it.name.clone(),
            file: Arc::clone(&it.file),
            first_frame: it.summary.first_frame,
            last_frame: it.summary.last_frame,
        });
        let active = state.active.iter().map(|it| View {
            name: it.name.clone(),
            file: Arc::clone(&it.file),
            first_frame: it.first_frame,
            last_frame: state.last_frame,
        });
        sealed.chain(active).collect()
    }

    pub(super) fn scan_frames(
        &self,
        from: FrameNumber,
        visit: &mut dyn FnMut(&FrameView<'_>) -> ControlFlow<()>,
    ) -> Result<(), LogError> {
        for view in self.views() {
            if view.last_frame < from {
                continue;
            }
            let path = self.path(&view.name);
            let mut at = super::format::HEADER_BYTES as u64;
            for number in view.first_frame..=view.last_frame {
                let frame = match scan::read_frame(&*view.file, &path, at, number)? {
                    At::Frame(frame) => frame,
                    At::End => return Err(missing(&path, at, number, view.last_frame).into()),
                    At::Bad { detail, header, entries } => {
                        return Err(
                            bad(&path, at, number, &detail, header.is_some(), &entries).into()
                        );
                    }
                };
                at = frame.end();
                if number < from {
                    continue;
                }
                let blocks: Vec<Block> = frame
                    .entries
                    .iter()
                    .map(|entry| Block {
                        partition: entry.partition,
                        first: entry.first,
                        last: entry.last,
                        count: entry.count,
                        tag: entry.tag,
                        bytes: frame
                            .bodies
                            .slice(entry.offset as usize..(entry.offset + entry.len) as usize),
                    })
                    .collect();
                let header = &frame.header;
                let shown =
                    FrameView { number, mark: header.mark, stamp: header.stamp, blocks: &blocks };
                if visit(&shown).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    pub(super) fn verify_all(&self) -> Result<VerifyReport, LogError> {
        let mut report = VerifyReport { accepted: self.passed_over(), ..VerifyReport::default() };
        let sealed: Vec<Sealed> = self.lock().sealed.iter().cloned().collect();
        for view in self.views() {
            let sealed = sealed.iter().find(|segment| segment.name == view.name);
            self.verify_segment(&view, sealed, &mut report)?;
        }
        Ok(report)
    }

    fn verify_segment(
        &self,
        view: &View,
        sealed: Option<&Sealed>,
        report: &mut VerifyReport,
    ) -> Result<(), LogError> {
        let path = self.path(&view.name);
        let mut segment = SegmentReport {
            file: path.clone(),
            sealed: sealed.is_some(),
            bytes: view.file.len().map_err(LogError::io("measure", &path))?,
            ..SegmentReport::default()
        };
        let mut index = Index::default();
        let mut at = super::format::HEADER_BYTES as u64;
        let mut number = view.first_frame;
        while number <= view.last_frame {
            match scan::read_frame(&*view.file, &path, at, number)? {
                At::Frame(frame) => {
                    index.add(number, at, frame.bodies_at(), &frame.entries);
                    segment.frame_count += 1;
                    segment.blocks += frame.entries.len() as u64;
                    segment.records +=
                        frame.entries.iter().map(|entry| u64::from(entry.count)).sum::<u64>();
                    at = frame.end();
                    number += 1;
                }
                At::End => {
                    report.damage.push(missing(&path, at, number, view.last_frame));
                    break;
                }
                At::Bad { detail, header, entries } => {
                    report.damage.push(bad(&path, at, number, &detail, header.is_some(), &entries));
                    // The next frame that verifies, wherever it is.
                    let behind = scan::frames_behind(&*view.file, &path, at + 8, number)?;
                    let next = behind.first().filter(|(next, _)| next.number <= view.last_frame);
                    let Some((next, start)) = next else { break };
                    (number, at) = (next.number, *start);
                }
            }
        }
        let frames: Vec<u64> = index.frames.iter().map(|(frame, _)| *frame).collect();
        segment.frames =
            (frames.first().copied().unwrap_or(0), frames.last().copied().unwrap_or(0));
        segment.partitions = record_ranges(&super::ranges(&index));
        if let Some(sealed) = sealed
            && let Err(LogError::Damaged(damage)) = self.index_of(sealed)
        {
            report.damage.push(*damage);
        }
        report.segments.push(segment);
        Ok(())
    }
}

/// The body of the footer of a sealed segment; `None` when there is none that verifies.
pub(super) fn footer_body(file: &dyn StoredFile, path: &str) -> Result<Option<Bytes>, LogError> {
    let read = |at, len| read_up_to(file, at, len).map_err(LogError::io("read", path));
    let len = file.len().map_err(LogError::io("measure", path))?;
    let trailer_len = super::format::TRAILER_BYTES as u64;
    let Some(trailer_at) = len.checked_sub(trailer_len) else { return Ok(None) };
    let trailer = read(trailer_at, super::format::TRAILER_BYTES)?;
    let Some((offset, footer_len)) = super::format::read_trailer(&trailer) else {
        return Ok(None);
    };
    if offset.checked_add(footer_len) != Some(trailer_at) {
        return Ok(None);
    }
    let footer = Bytes::from(read(offset, usize::try_from(footer_len).unwrap_or(usize::MAX))?);
    let Some(header) = read_frame_header(FOOTER_MAGIC, &footer) else { return Ok(None) };
    let directory_end = FRAME_HEADER_BYTES + header.directory_len();
    let Some(directory) = footer.get(FRAME_HEADER_BYTES..directory_end) else { return Ok(None) };
    let entries = read_directory(&header, directory).unwrap_or_default();
    let [entry] = entries[..] else { return Ok(None) };
    let end = directory_end + entry.len as usize;
    if end > footer.len() {
        return Ok(None);
    }
    let body = footer.slice(directory_end..end);
    Ok((crc32c::crc32c(&body) == entry.crc).then_some(body))
}

pub(super) fn missing(path: &str, at: u64, first: FrameNumber, last: FrameNumber) -> Damage {
    Damage {
        file: path.into(),
        offset: at,
        detail: "frames are missing".into(),
        frames: Some((first, last)),
        records: Vec::new(),
    }
}

pub(super) fn bad(
    path: &str,
    at: u64,
    number: FrameNumber,
    detail: &str,
    has_header: bool,
    entries: &[super::format::Entry],
) -> Damage {
    let records = entries.iter().map(|entry| RecordRange {
        partition: entry.partition,
        first: entry.first,
        last: entry.last,
    });
    Damage {
        file: path.into(),
        offset: at,
        detail: detail.into(),
        frames: has_header.then_some((number, number)),
        records: records.collect(),
    }
}
