//! What can go wrong, named for what the caller can do about it.

use std::fmt;
use std::io;

use crate::FrameNumber;

/// An error of a log, a snapshot store or a sidecar file.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The storage failed in an operation that changed nothing; it may be tried again.
    #[error("{action} {file}: {source}")]
    Io {
        /// What was tried ("read", "open"…).
        action: &'static str,
        /// The file or directory, relative to the storage's root.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// The storage is full. The frame is not in the log, and the log goes on as it was: it may be
    /// tried again once there is room.
    #[error("no room left to write {file}")]
    Full {
        /// The file that could not grow.
        file: String,
    },
    /// A write or sync failed and nothing after it can be trusted. The log is fenced from here on:
    /// end the process and recover on the next start.
    #[error("cannot make {file} durable: {source}")]
    SyncFailed {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// An earlier write or sync failed; the log takes nothing more.
    #[error("the log is fenced after an earlier failure: {reason}")]
    Fenced {
        /// The failure that fenced it.
        reason: String,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// A block does not come after what its partition already holds.
    #[error("partition {partition}: record {first} does not come after {reach}")]
    Order {
        /// The partition.
        partition: u8,
        /// First record of the refused block.
        first: u64,
        /// The highest record that the partition already holds.
        reach: u64,
    },
    /// The input is outside of the limits; nothing was written.
    #[error("invalid {what}: {detail}")]
    Invalid {
        /// What was refused ("frame", "line"…).
        what: &'static str,
        /// Why.
        detail: String,
    },
    /// Bytes that were once durable are gone or changed.
    #[error("{0}")]
    Damaged(Box<Damage>),
    /// The file was written by another version of the format.
    #[error("{file} has format version {found}, this program reads up to {known}")]
    Version {
        /// The file.
        file: String,
        /// Its version.
        found: u16,
        /// The newest version that is understood.
        known: u16,
    },
}

impl LogError {
    pub(crate) fn io(action: &'static str, file: &str) -> impl FnOnce(io::Error) -> LogError {
        let file = file.to_owned();
        move |source| LogError::Io { action, file, source }
    }
}

impl From<Damage> for LogError {
    fn from(damage: Damage) -> Self {
        LogError::Damaged(Box::new(damage))
    }
}

/// Where a log is damaged and what that takes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// File, relative to the storage's root.
    pub file: String,
    /// First byte concerned.
    pub offset: u64,
    /// What is wrong there.
    pub detail: String,
    /// The frames concerned, first and last; `None` when no frame is lost or it cannot be told.
    pub frames: Option<(FrameNumber, FrameNumber)>,
    /// The records concerned, per partition. Exact when a directory of the blocks survives,
    /// otherwise the widest range that the neighbours allow.
    pub records: Vec<RecordRange>,
}

/// A range of record numbers of one partition, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordRange {
    /// The partition.
    pub partition: u8,
    /// First record number.
    pub first: u64,
    /// Last record number; `u64::MAX` when the end is not known.
    pub last: u64,
}

impl fmt::Display for RecordRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.last == u64::MAX {
            write!(f, "partition {} records {} and after", self.partition, self.first)
        } else {
            write!(f, "partition {} records {} to {}", self.partition, self.first, self.last)
        }
    }
}

/// More ranges than this are counted, not printed.
const RANGES_PRINTED_MAX: usize = 8;

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is damaged at byte {}: {}", self.file, self.offset, self.detail)?;
        if let Some((first, last)) = self.frames {
            write!(f, "; frames {first} to {last}")?;
        }
        for range in self.records.iter().take(RANGES_PRINTED_MAX) {
            write!(f, "; {range}")?;
        }
        match self.records.len().saturating_sub(RANGES_PRINTED_MAX) {
            0 => Ok(()),
            more => write!(f, "; and {more} more ranges"),
        }
    }
}
