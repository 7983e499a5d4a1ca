//! Opening a log: sealed segments by their footers, the last one frame by frame.

use super::format::{HEADER_BYTES, PARTITIONS};
use super::index::{self, Index};
use super::read::{bad, footer_body, missing};
use super::scan::{self, At};
use super::write::{CLEAN, segment_name};
use super::{Active, Opened, Sealed, SegmentLog, SegmentOptions, State};
use crate::error::{Damage, LogError, RecordRange};
use crate::storage::{Storage, StoredFile, read_up_to};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

impl SegmentLog {
    /// Opens the log in a directory of the storage, or makes one.
    ///
    /// # Errors
    /// [`LogError::Damaged`] if anything that was once durable is missing or does not verify and
    /// data loss is not accepted; [`LogError::Version`]; [`LogError::Io`].
    pub fn open(
        storage: Arc<dyn Storage>,
        directory: &str,
        options: SegmentOptions,
    ) -> Result<Opened, LogError> {
        storage.create_dir(directory).map_err(LogError::io("create", directory))?;
        let names: Vec<String> = storage
            .list(directory)
            .map_err(LogError::io("list", directory))?
            .into_iter()
            .filter(|name| name.ends_with(".seg"))
            .collect();
        let mut opening = Opening {
            storage: &*storage,
            directory,
            accept: options.accept_data_loss,
            accepted: Vec::new(),
            torn_bytes: 0,
            state: State {
                sealed: VecDeque::new(),
                active: None,
                reach: vec![0; PARTITIONS],
                synced_reach: vec![0; PARTITIONS],
                last_frame: 0,
                synced_frame: 0,
                mark: 0,
                stamp: 0,
                fenced: None,
                closed: false,
                marked_clean: false,
                scratch: Vec::new(),
            },
        };
        for (at, name) in names.iter().enumerate() {
            opening.segment(name, at == 0, at + 1 == names.len())?;
        }
        // Nor may a power failure take the names of files that a killed process had just made.
        storage.sync_dir(directory).map_err(LogError::io("sync", directory))?;
        let clean = opening.check_clean()?;
        let Opening { mut state, accepted, torn_bytes, .. } = opening;
        state.synced_frame = state.last_frame;
        state.synced_reach.clone_from(&state.reach);
        let log = Self {
            storage,
            directory: directory.into(),
            options,
            state: Mutex::new(state),
            loaded: Mutex::new(VecDeque::new()),
            passed_over: Mutex::new(accepted.clone()),
        };
        Ok(Opened { log, torn_bytes, clean, accepted })
    }
}

struct Opening<'a> {
    storage: &'a dyn Storage,
    directory: &'a str,
    accept: bool,
    accepted: Vec<Damage>,
    torn_bytes: u64,
    state: State,
}

impl Opening<'_> {
    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }

    /// Refuses to go on, unless the loss is accepted.
    fn damaged(&mut self, damage: Damage) -> Result<(), LogError> {
        if !self.accept {
            return Err(damage.into());
        }
        tracing::error!(%damage, "going on without what is damaged");
        self.accepted.push(damage);
        Ok(())
    }

    fn segment(&mut self, name: &str, is_first: bool, is_last: bool) -> Result<(), LogError> {
        let path = self.path(name);
        let file = self.storage.open(&path).map_err(LogError::io("open", &path))?;
        let named = name.strip_suffix(".seg").and_then(|stem| stem.parse::<u64>().ok());
        let header = scan::segment_header(&*file, &path)?;
        let Some(header) = header.filter(|header| Some(header.first) == named) else {
            return self.without_header(&path, &*file, named, is_last);
        };
        let first = header.first;
        if is_first {
            // What was before it is gone, but not forgotten.
            self.state.mark = header.mark;
            self.state.stamp = header.stamp;
            self.state.reach = header.reach;
        }
        let expected = self.state.last_frame + 1;
        if !is_first && first != expected {
            self.damaged(missing(&self.path(&segment_name(expected)), 0, expected, first - 1))?;
        }
        match footer_body(&*file, &path)?.and_then(|body| index::decode_summary(&body)) {
            Some(summary) => {
                let bytes = file.len().map_err(LogError::io("measure", &path))?;
                if is_last {
                    // A killed process may have finished it and not synced that.
                    let failed = |source| LogError::SyncFailed { file: path.clone(), source };
                    file.sync().map_err(failed)?;
                }
                self.state.last_frame = summary.last_frame;
                self.state.mark = summary.mark;
                self.state.stamp = summary.stamp;
                self.state.reach.clone_from(&summary.reach);
                let name = name.to_owned();
                self.state.sealed.push_back(Sealed { name, file, summary, bytes });
                Ok(())
            }
            None => self.unsealed(name, file, first, is_last),
        }
    }

    /// A segment whose header does not verify holds nothing, when it is the last one and was
    /// only just begun.
    fn without_header(
        &mut self,
        path: &str,
        file: &dyn StoredFile,
        named: Option<u64>,
        is_last: bool,
    ) -> Result<(), LogError> {
        let frames = scan::frames_behind(file, path, HEADER_BYTES as u64, 0)?;
        if is_last && frames.is_empty() {
            return self.storage.remove(path).map_err(LogError::io("remove", path));
        }
        let first = named.or(frames.first().map(|(frame, _)| frame.number)).unwrap_or(0);
        let last = frames.last().map_or(first, |(frame, _)| frame.number);
        self.damaged(Damage {
            file: path.into(),
            offset: 0,
            detail: "the header of the segment does not verify".into(),
            frames: Some((first, last)),
            records: Vec::new(),
        })
    }

    /// The segment that was being written; any other must be sealed.
    fn unsealed(
        &mut self,
        name: &str,
        file: Arc<dyn StoredFile>,
        first: u64,
        is_last: bool,
    ) -> Result<(), LogError> {
        let path = self.path(name);
        if !is_last {
            self.damaged(Damage {
                file: path.clone(),
                offset: file.len().map_err(LogError::io("measure", &path))?,
                detail: "the footer of the segment does not verify".into(),
                frames: None,
                records: Vec::new(),
            })?;
        }
        let mut index = Index::default();
        let mut at = HEADER_BYTES as u64;
        let mut number = first;
        self.state.last_frame = first - 1;
        loop {
            match scan::read_frame(&*file, &path, at, number)? {
                At::Frame(frame) => {
                    index.add(number, at, frame.bodies_at(), &frame.entries);
                    for entry in &frame.entries {
                        self.state.reach[usize::from(entry.partition)] = entry.last;
                    }
                    self.state.last_frame = number;
                    self.state.mark = frame.header.mark;
                    self.state.stamp = frame.header.stamp;
                    at = frame.end();
                    number += 1;
                }
                At::End => {
                    let behind = scan::frames_behind(&*file, &path, at, number)?;
                    let Some(next) = self.after_hole(&path, at, number, &behind, None, &[])? else {
                        break;
                    };
                    (number, at) = next;
                }
                At::Bad { detail, header, entries } => {
                    let behind = scan::frames_behind(&*file, &path, at + 8, number)?;
                    let torn = scan::looks_unfinished(&*file, &path, at, header.as_ref())?;
                    let fault = if torn { None } else { Some(detail.as_str()) };
                    let next = self.after_hole(&path, at, number, &behind, fault, &entries)?;
                    let Some(next) = next else { break };
                    (number, at) = next;
                }
            }
        }
        if is_last {
            self.drop_tail(&path, &*file, at)?;
        }
        let active =
            Active { name: name.into(), file, first_frame: first, index, end: at, allocated: at };
        self.adopt(active, is_last);
        Ok(())
    }

    /// Something at `at` is not frame `number`. Torn: `None`, the log ends here. Damage: refused,
    /// or, when the loss is accepted, where it goes on.
    fn after_hole(
        &mut self,
        path: &str,
        at: u64,
        number: u64,
        behind: &[(super::format::FrameHeader, u64)],
        fault: Option<&str>,
        entries: &[super::format::Entry],
    ) -> Result<Option<(u64, u64)>, LogError> {
        let synced = behind.iter().any(|(header, _)| header.synced >= number);
        if !synced && fault.is_none() {
            return Ok(None);
        }
        let detail = fault.unwrap_or("a frame that was synced is missing");
        let mut damage = bad(path, at, number, detail, true, entries);
        if let Some((next, _)) = behind.first() {
            damage.frames = Some((number, next.number - 1));
        }
        if damage.records.is_empty() {
            damage.records = self.unknown_from_here();
        }
        self.damaged(damage)?;
        Ok(behind.first().filter(|_| synced).map(|(next, start)| (next.number, *start)))
    }

    fn unknown_from_here(&self) -> Vec<RecordRange> {
        let reach = self.state.reach.iter().enumerate().filter(|(_, reach)| **reach > 0);
        reach
            .map(|(partition, reach)| RecordRange {
                partition: u8::try_from(partition).unwrap_or(u8::MAX),
                first: reach + 1,
                last: u64::MAX,
            })
            .collect()
    }

    /// Cuts off what is behind the last frame; all of it was unfinished, or room made in advance.
    fn drop_tail(&mut self, path: &str, file: &dyn StoredFile, end: u64) -> Result<(), LogError> {
        const WINDOW: usize = 1 << 20;
        let len = file.len().map_err(LogError::io("measure", path))?;
        let failed = |source| LogError::SyncFailed { file: path.into(), source };
        if len <= end {
            // A process that was killed leaves frames that it never synced: whoever goes on from
            // them must not lose them to a power failure later.
            return file.sync().map_err(failed);
        }
        let mut used = end;
        let mut at = end;
        while at < len {
            let bytes = read_up_to(file, at, WINDOW).map_err(LogError::io("read", path))?;
            if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
                used = at + last as u64 + 1;
            }
            at += WINDOW as u64;
        }
        self.torn_bytes += used - end;
        file.set_len(end).map_err(failed)?;
        file.sync().map_err(failed)
    }

    fn adopt(&mut self, active: Active, is_last: bool) {
        if is_last {
            self.state.active = Some(active);
            return;
        }
        // Its footer is damaged, and that was accepted: it is read by what its frames say.
        let summary = index::Summary {
            first_frame: active.first_frame,
            last_frame: self.state.last_frame,
            mark: self.state.mark,
            stamp: self.state.stamp,
            ranges: super::ranges(&active.index),
            reach: self.state.reach.clone(),
        };
        let (name, file, bytes) = (active.name, active.file, active.end);
        self.state.sealed.push_back(Sealed { name, file, summary, bytes });
    }

    /// After an orderly end nothing of the end may be missing.
    fn check_clean(&mut self) -> Result<bool, LogError> {
        let path = self.path(CLEAN);
        let Ok(file) = self.storage.open(&path) else { return Ok(false) };
        let bytes = read_up_to(&*file, 0, 32).map_err(LogError::io("read", &path))?;
        let text = String::from_utf8_lossy(&bytes);
        let Ok(last) = text.trim().parse::<u64>() else { return Ok(false) };
        if self.state.last_frame < last {
            let next = self.state.last_frame + 1;
            self.damaged(missing(self.directory, 0, next, last))?;
        }
        self.state.marked_clean = true;
        Ok(true)
    }
}
