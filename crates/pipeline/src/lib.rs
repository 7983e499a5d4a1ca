//! The durable path from an accepted record to a stored event: intake, committer, partition
//! workers, snapshots, recovery.
//!
//! Everything here is a step that somebody calls: no thread, no socket, no clock. The server
//! puts threads around the steps; a simulator can drive the same steps and crash between any
//! two. What holds:
//!
//! - A record is acknowledged after the frame that holds it is synced ([`Committer::step`]).
//! - A worker folds committed blocks only, and appends events before anybody sees them.
//! - A snapshot is saved only after the event logs are synced through it ([`SnapshotJob::run`]).
//! - Start, restart and catching up are one path: [`Worker::recover`], then tail.

mod claims;
mod clockwork;
mod committer;
mod feed;
mod intake;
mod interventions;
mod outage;
mod outbox;
mod quarantine;
mod shard;
mod snapshots;
mod worker;

pub use claims::{Claim, check_claim};
pub use clockwork::{Clockwork, Front};
pub use committer::{Committed, CommittedBlock, Committer, CommitterError, Step};
pub use feed::{ChangeFeed, FeedError, targets};
pub use intake::{Intake, IntakeLimits, Refusal};
pub use interventions::{Interventions, InterventionsError};
pub use outage::{Outage, OutageWatch};
pub use outbox::Outbox;
pub use quarantine::{KnownQuarantine, quarantined};
pub use shard::{Shard, ShardError, ShardStores, ShardWatch};
pub use snapshots::{SnapshotJob, decompress};
pub use worker::{EventLogs, FoldedBlock, Recovered, RecoveryError, Worker, WorkerError};
