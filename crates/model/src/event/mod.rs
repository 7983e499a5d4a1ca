//! Events: their coordinates, their form in a log, and the JSON of every topic.

pub mod block;
pub mod json;
pub mod key;
