//! Snapshots: made between two records, saved by somebody else.
//!
//! The state is written to memory on the thread that folds; compressing, syncing and renaming
//! happen elsewhere, so that folding does not wait for the disk. A snapshot is saved only after
//! the event logs are synced, which by then hold everything up to it.

use crate::worker::EventLogs;
use foghorn_log::{LogError, SnapshotStore};
use foghorn_model::Partition;
use foghorn_mutant::{Mutant, is as mutated};
use tracing::trace_span;

/// Fast, and still a fifth of the size.
const COMPRESSION_LEVEL: i32 = 1;
/// No state is larger than this.
const STATE_BYTES_MAX: usize = 4 << 30;

/// A snapshot that is to be saved.
#[derive(Debug)]
pub struct SnapshotJob {
    /// The partition.
    pub partition: Partition,
    /// The last record that is in it.
    pub record: u64,
    /// The epoch at that record.
    pub epoch: u32,
    /// The state, as [`foghorn_engine::Engine::snapshot`] wrote it.
    pub state: Vec<u8>,
}

impl SnapshotJob {
    /// Saves snapshots: first syncs the event logs once, then writes each.
    ///
    /// # Errors
    /// If a log cannot be synced or a snapshot cannot be saved; the older snapshots stand.
    pub fn run(jobs: &[Self], logs: &EventLogs, store: &SnapshotStore) -> Result<(), LogError> {
        let _phase = trace_span!(target: "foghorn::phase", "snapshot").entered();
        if !mutated(Mutant::SnapshotBeforeEvents) {
            logs.sync()?;
        }
        for job in jobs {
            let state = zstd::bulk::compress(&job.state, COMPRESSION_LEVEL).map_err(|source| {
                LogError::Io {
                    action: "compress",
                    file: format!("snapshot {}", job.partition),
                    source,
                }
            })?;
            store.save(job.partition.0, job.record, job.epoch, &state)?;
        }
        Ok(())
    }
}

/// The state in a saved snapshot.
///
/// # Errors
/// If it is not what [`SnapshotJob::run`] wrote.
pub fn decompress(saved: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut state = Vec::new();
    let reader = zstd::stream::read::Decoder::new(saved)?;
    let limit = u64::try_from(STATE_BYTES_MAX).unwrap_or(u64::MAX);
    std::io::Read::read_to_end(&mut std::io::Read::take(reader, limit), &mut state)?;
    Ok(state)
}
