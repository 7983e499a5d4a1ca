//! The durable logs: an append-only journal of framed blocks, snapshots, and small files beside
//! them, over a file-level [`Storage`] that can be made to fail.
//!
//! This crate does not know what a record means. It keeps blocks of bytes by partition and
//! record number, in order, and tells damage from an unfinished write.

mod error;
mod frame;
mod log;
mod segment;
mod sidecar;
mod storage;

pub use error::{Damage, LogError, RecordRange};
pub use frame::{Block, Frame, FrameNumber, FrameView};
pub use log::{Gap, Log, Reader, SegmentReport, TrimMode, TrimPolicy, TrimReport, VerifyReport};
pub use segment::{Opened, SegmentLog, SegmentOptions};
pub use sidecar::{LineFile, LoadedSnapshot, RotatingFile, SnapshotStore};
pub use storage::{FsStorage, SimFaults, SimStorage, Storage, StoredFile};
