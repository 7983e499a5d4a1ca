//! Where things lie in a data directory.

/// The input log.
pub const INPUTS: &str = "inputs";
/// The event log of record topics.
pub const EVENTS_RECORD: &str = "events-record";
/// The event log of stream topics.
pub const EVENTS_STREAM: &str = "events-stream";
/// Snapshots.
pub const SNAPSHOTS: &str = "snapshots";
/// The skip list.
pub const SKIPS: &str = "skips";
/// Which versions of the fold have taken over.
pub const FOLDS: &str = "folds";
/// Batches that were open.
pub const OPEN_BATCHES: &str = "open-batches";
/// Records that could not be folded.
pub const QUARANTINE: &str = "quarantine";
