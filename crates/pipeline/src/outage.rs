//! Notices that the server itself was away: stalled, suspended, or with its clock set forward.
//!
//! An outage without a restart looks like silence of everything that reports. Two clocks tell it
//! apart: whoever drives the committer shows both at every turn, and a turn that comes far too
//! late, or a wall clock that ran away from the monotonic one, is a gap in the input.

use foghorn_model::Timestamp;
use foghorn_model::time::Micros;

/// A turn that comes later than this after the one before was an outage.
const LATE: Micros = Micros::from_secs(10);
/// A wall clock that moves against the monotonic one by more than this was set.
const STEP: Micros = Micros::from_secs(30);

/// A span in which nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The last turn before it.
    pub since: Timestamp,
    /// The first turn after it.
    pub until: Timestamp,
    /// Whether the wall clock was set, rather than the loop stalled.
    pub clock_was_set: bool,
}

/// Watches two clocks.
#[derive(Debug)]
pub struct OutageWatch {
    last: (Timestamp, Micros),
}

impl OutageWatch {
    /// Begins to watch, at these readings.
    pub fn new(wall: Timestamp, monotonic: Micros) -> Self {
        Self { last: (wall, monotonic) }
    }

    /// Called at every turn with the wall clock and the monotonic one; a turn must come at least
    /// every second or two.
    pub fn turn(&mut self, wall: Timestamp, monotonic: Micros) -> Option<Outage> {
        let (since, before) = std::mem::replace(&mut self.last, (wall, monotonic));
        let passed = Micros(monotonic.0.saturating_sub(before.0));
        let step = Micros(wall.since(since).0.saturating_sub(passed.0));
        let clock_was_set = step > STEP;
        (clock_was_set || passed > LATE).then_some(Outage { since, until: wall, clock_was_set })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(turns: &[(i64, i64)]) -> Vec<Option<Outage>> {
        let at = |secs| Timestamp(secs * 1_000_000);
        let mut watch = OutageWatch::new(at(100), Micros(0));
        turns.iter().map(|(wall, mono)| watch.turn(at(*wall), Micros::from_secs(*mono))).collect()
    }

    #[test]
    fn a_late_turn_is_an_outage() {
        let seen = watch(&[(100, 0), (101, 1), (121, 21)]);
        assert_eq!(seen[..2], [None, None]);
        assert!(!seen[2].unwrap().clock_was_set);
    }

    #[test]
    fn a_clock_set_forward_is_an_outage_and_one_set_back_is_not() {
        assert!(watch(&[(100, 0), (200, 1)])[1].unwrap().clock_was_set);
        assert_eq!(watch(&[(100, 0), (50, 1)])[1], None);
    }
}
