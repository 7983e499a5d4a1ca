//! Small files beside the logs.

mod lines;
mod rotating;
mod snapshots;

pub use lines::LineFile;
pub use rotating::RotatingFile;
pub use snapshots::{LoadedSnapshot, SnapshotStore};
