//! The simulator: a world from one seed, the production code in it, and oracles over both.
//!
//! The committer's step, the shards, the publisher, recovery, logs, snapshots and sidecars are
//! the server's own; what is simulated is the disk under them, the network around them, the
//! clock, and the people. What the server has in threads is here a step that chance picks, and
//! the process may die between any two steps or in the middle of one. A seed that fails, fails
//! the same way again.

mod catalog;
pub mod day;
mod dice;
mod equipment;
mod journal;
mod network;
mod node;
mod oracle;
mod people;
mod run;
mod shrink;
mod store;

pub use run::{Plan, Summary, day_of, run};
pub use shrink::shrink;
