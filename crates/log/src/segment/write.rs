//! Appending, syncing, sealing, trimming and closing.

use super::format::{
    self, FOOTER_MAGIC, FRAME_BYTES_MAX, FRAME_MAGIC, HEADER_BYTES, PARTITIONS, SegmentHeader,
};
use super::index::{self, Index, Summary};
use super::{Active, Sealed, SegmentLog, State, ranges};
use crate::error::LogError;
use crate::frame::{Block, Frame, FrameNumber};
use crate::log::{Gap, TrimMode, TrimPolicy, TrimReport};
use bytes::Bytes;
use foghorn_mutant::{Mutant, is as mutated};
use std::io;
use std::sync::Arc;
use tracing::trace_span;

/// The file of a segment grows by this much at a time (or by a whole segment, if that is less),
/// filled with zeros: so most syncs write no metadata, and an unfinished write lies in zeros.
const GROW_BYTES: u64 = 4 << 20;
/// The marker of an orderly end: its content is the number of the last frame.
pub(super) const CLEAN: &str = "clean";

impl SegmentLog {
    pub(super) fn write(&self, frame: &Frame) -> Result<FrameNumber, LogError> {
        let mut state = self.lock();
        state.check_open()?;
        check(&state, frame)?;
        if state.marked_clean {
            self.storage.remove(&self.path(CLEAN)).map_err(LogError::io("remove", CLEAN))?;
            self.sync_directory()?;
            state.marked_clean = false;
        }
        let full = |active: &Active| active.end >= self.options.segment_bytes;
        if state.active.as_ref().is_some_and(full) {
            self.seal(&mut state)?;
        }
        if state.active.is_none() {
            state.active = Some(self.begin_segment(&state)?);
        }
        let number = state.last_frame + 1;
        let mut scratch = std::mem::take(&mut state.scratch);
        let synced = state.synced_frame;
        let entries = format::encode(FRAME_MAGIC, number, synced, frame, &mut scratch)?;
        let grow = match self.options.room_in_advance {
            true => GROW_BYTES.min(self.options.segment_bytes).max(8),
            false => 8,
        };
        let written = state.active.as_mut().map_or(Ok(()), |active| put(active, &scratch, grow));
        if let Err(error) = written {
            state.scratch = scratch;
            return Err(self.take_back(&mut state, error));
        }
        if let Some(active) = &mut state.active {
            let bodies = active.end
                + (format::FRAME_HEADER_BYTES + entries.len() * format::ENTRY_BYTES) as u64;
            active.index.add(number, active.end, bodies, &entries);
            active.end += scratch.len() as u64;
        }
        for block in &frame.blocks {
            state.reach[usize::from(block.partition)] = block.last;
        }
        state.last_frame = number;
        state.mark = frame.mark;
        state.stamp = frame.stamp;
        // A frame of unusual size does not keep its room for ever.
        scratch.shrink_to(1 << 20);
        state.scratch = scratch;
        Ok(number)
    }

    /// A write failed. When the disk is full, what was written of the frame is wiped and the log
    /// goes on; otherwise, or when that fails too, it is fenced.
    fn take_back(&self, state: &mut State, error: io::Error) -> LogError {
        let Some(active) = &mut state.active else { return LogError::Closed };
        let file = active.name.clone();
        if error.kind() == io::ErrorKind::StorageFull {
            let wiped = active.file.set_len(active.end);
            if wiped.is_ok() {
                active.allocated = active.end;
                return LogError::Full { file };
            }
        }
        let error = LogError::SyncFailed { file, source: error };
        state.fence(&error);
        error
    }

    pub(super) fn make_durable(&self) -> Result<(), LogError> {
        let (file, name, frame, reach) = {
            let state = self.lock();
            if let Some(reason) = &state.fenced {
                return Err(LogError::Fenced { reason: reason.clone() });
            }
            let Some(active) = &state.active else { return Ok(()) };
            if state.synced_frame == state.last_frame {
                return Ok(());
            }
            let file = Arc::clone(&active.file);
            (file, active.name.clone(), state.last_frame, state.reach.clone())
        };
        let synced = if mutated(Mutant::SyncSkipped) { Ok(()) } else { file.sync() };
        let mut state = self.lock();
        if let Err(source) = synced {
            let error = LogError::SyncFailed { file: name, source };
            state.fence(&error);
            return Err(error);
        }
        if frame > state.synced_frame {
            state.synced_frame = frame;
            state.synced_reach = reach;
        }
        Ok(())
    }

    /// Finishes the active segment: syncs it, writes its footer, and syncs that.
    fn seal(&self, state: &mut State) -> Result<(), LogError> {
        let Some(active) = state.active.take() else { return Ok(()) };
        let summary = Summary {
            first_frame: active.first_frame,
            last_frame: state.last_frame,
            mark: state.mark,
            stamp: state.stamp,
            ranges: ranges(&active.index),
            reach: state.reach.clone(),
        };
        let body = index::encode(&summary, &active.index);
        let sealed = finish(&active, &summary, body);
        let bytes = match sealed {
            Ok(bytes) => bytes,
            Err(source) => {
                let full = source.kind() == io::ErrorKind::StorageFull;
                let name = active.name.clone();
                if full && active.file.set_len(active.end).is_ok() {
                    state.active = Some(Active { allocated: active.end, ..active });
                    return Err(LogError::Full { file: name });
                }
                let error = LogError::SyncFailed { file: name, source };
                state.fence(&error);
                return Err(error);
            }
        };
        state.synced_frame = state.last_frame;
        state.synced_reach.clone_from(&state.reach);
        state.sealed.push_back(Sealed { name: active.name, file: active.file, summary, bytes });
        Ok(())
    }

    fn begin_segment(&self, state: &State) -> Result<Active, LogError> {
        let first = state.last_frame + 1;
        let name = segment_name(first);
        let path = self.path(&name);
        let io = |action| LogError::io(action, &path);
        let file = self.storage.create(&path).map_err(io("create"))?;
        let header = SegmentHeader {
            first,
            mark: state.mark,
            stamp: state.stamp,
            reach: state.reach.clone(),
        };
        let header = file.write_at(0, &header.encode()).and_then(|()| file.sync());
        if let Err(error) = header {
            if error.kind() == io::ErrorKind::StorageFull {
                return Err(LogError::Full { file: path });
            }
            return Err(io("begin")(error));
        }
        self.sync_directory()?;
        Ok(Active {
            name,
            file,
            first_frame: first,
            index: Index::default(),
            end: HEADER_BYTES as u64,
            allocated: HEADER_BYTES as u64,
        })
    }

    pub(super) fn sync_directory(&self) -> Result<(), LogError> {
        self.storage.sync_dir(&self.directory).map_err(LogError::io("sync", &self.directory))
    }

    pub(super) fn trim_front(
        &self,
        keep: &dyn Fn(u8) -> u64,
        policy: &TrimPolicy,
    ) -> Result<TrimReport, LogError> {
        let mut report = TrimReport::default();
        let keep: Vec<u64> = (0..PARTITIONS)
            .map(|partition| keep(u8::try_from(partition).unwrap_or(u8::MAX)))
            .collect();
        let mut total = crate::log::Log::bytes(self);
        let mut phase = None;
        loop {
            let mut state = self.lock();
            let Some(front) = state.sealed.front() else { break };
            let over = total > policy.bytes_max || front.summary.stamp < policy.stamp_before;
            let lost = lost(&front.summary, &keep);
            if !over || (policy.mode == TrimMode::Needed && !lost.is_empty()) {
                break;
            }
            let Some(segment) = state.sealed.pop_front() else { break };
            drop(state);
            phase.get_or_insert_with(|| trace_span!(target: "foghorn::phase", "trim").entered());
            let path = self.path(&segment.name);
            self.storage.remove(&path).map_err(LogError::io("remove", &path))?;
            // One after the other: a power failure between two must leave no hole.
            self.sync_directory()?;
            total = total.saturating_sub(segment.bytes);
            report.segments += 1;
            report.bytes += segment.bytes;
            merge(&mut report.gaps, lost);
        }
        Ok(report)
    }

    pub(super) fn close_clean(&self) -> Result<(), LogError> {
        self.make_durable()?;
        let mut state = self.lock();
        if state.closed {
            return Ok(());
        }
        let io = |action| LogError::io(action, CLEAN);
        let file = self.storage.create(&self.path(CLEAN)).map_err(io("create"))?;
        let text = format!("{}\n", state.last_frame);
        file.write_at(0, text.as_bytes()).map_err(io("write"))?;
        file.sync().map_err(io("sync"))?;
        self.sync_directory()?;
        state.marked_clean = true;
        state.closed = true;
        Ok(())
    }
}

/// The name of the segment that begins with this frame.
pub(super) fn segment_name(first: FrameNumber) -> String {
    format!("{first:020}.seg")
}

fn check(state: &State, frame: &Frame) -> Result<(), LogError> {
    let invalid = |detail: String| Err(LogError::Invalid { what: "frame", detail });
    if frame.mark < state.mark {
        return invalid(format!("its mark {} is before {}", frame.mark, state.mark));
    }
    let bytes: usize = frame.blocks.iter().map(|block| block.bytes.len()).sum();
    if bytes > FRAME_BYTES_MAX {
        return invalid(format!("{bytes} bytes are more than a frame may have"));
    }
    let mut last = [0; PARTITIONS];
    for block in &frame.blocks {
        let Some(last) = last.get_mut(usize::from(block.partition)) else {
            return invalid(format!("there is no partition {}", block.partition));
        };
        if block.last < block.first || block.count == 0 {
            return invalid(format!("block {} to {} holds nothing", block.first, block.last));
        }
        let reach = state.reach[usize::from(block.partition)].max(*last);
        if block.first <= reach {
            let Block { partition, first, .. } = *block;
            return Err(LogError::Order { partition, first, reach });
        }
        *last = block.last;
    }
    Ok(())
}

fn put(active: &mut Active, bytes: &[u8], grow: u64) -> io::Result<()> {
    let end = active.end + bytes.len() as u64;
    if end > active.allocated {
        // The frame first: a frame that does not fit must not cost the room for a smaller one.
        active.file.write_at(active.end, bytes)?;
        let grown = end.next_multiple_of(grow);
        active.allocated = end;
        if grown == end {
            return Ok(());
        }
        let zeros = vec![0; usize::try_from(grown - end).unwrap_or(0)];
        if active.file.write_at(end, &zeros).is_ok() {
            active.allocated = grown;
        } else {
            active.file.set_len(end)?;
        }
        return Ok(());
    }
    active.file.write_at(active.end, bytes)
}

/// Writes footer and trailer; returns the length of the file.
fn finish(active: &Active, summary: &Summary, body: Vec<u8>) -> io::Result<u64> {
    active.file.sync()?;
    let block = Block { last: 1, count: 1, bytes: Bytes::from(body), ..Block::default() };
    let frame = Frame { mark: summary.mark, stamp: summary.stamp, blocks: vec![block] };
    let mut footer = Vec::new();
    format::encode(FOOTER_MAGIC, summary.last_frame, summary.last_frame, &frame, &mut footer)
        .map_err(io::Error::other)?;
    let len = footer.len() as u64;
    footer.extend_from_slice(&format::trailer(active.end, len));
    active.file.write_at(active.end, &footer)?;
    let end = active.end + footer.len() as u64;
    active.file.set_len(end)?;
    active.file.sync()?;
    Ok(end)
}

/// What is needed of a segment that is to go.
fn lost(summary: &Summary, keep: &[u64]) -> Vec<Gap> {
    let ranges = summary.ranges.iter().zip(keep).enumerate();
    let needed = ranges.filter(|(_, ((first, last), keep))| *first > 0 && *last >= **keep);
    needed
        .map(|(partition, ((first, last), keep))| Gap {
            partition: u8::try_from(partition).unwrap_or(u8::MAX),
            first: (*first).max(*keep),
            last: *last,
            count: last - (*first).max(*keep) + 1,
        })
        .collect()
}

fn merge(gaps: &mut Vec<Gap>, more: Vec<Gap>) {
    for gap in more {
        match gaps.iter_mut().find(|it| it.partition == gap.partition) {
            Some(known) => {
                known.last = gap.last;
                known.count += gap.count;
            }
            None => gaps.push(gap),
        }
    }
    gaps.sort_unstable_by_key(|gap| gap.partition);
}
