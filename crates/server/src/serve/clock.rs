//! The wall clock, in one place: everything else is handed its time.

use foghorn_model::Timestamp;
use foghorn_model::time::Micros;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now, by the wall clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Reads both clocks for the outage watch.
#[derive(Debug)]
pub struct Clocks {
    start: Instant,
}

impl Clocks {
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// The wall clock and the monotonic one.
    pub fn read(&self) -> (Timestamp, Micros) {
        let passed = i64::try_from(self.start.elapsed().as_micros()).unwrap_or(i64::MAX);
        (now(), Micros(passed))
    }
}
