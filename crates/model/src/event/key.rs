//! The coordinates of an event, which are the coordinates of the input that made it.

use crate::partition::Partition;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Names one event for ever. Keys of one partition ascend in the order of the events.
///
/// Written `pp-epoch-record-ordinal`, e.g. `07-1-4211-0`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct EventKey {
    /// The partition.
    pub partition: Partition,
    /// Counts the times that history was derived anew (an upgrade, a skipped record).
    pub epoch: u32,
    /// The number of the record that made it, dense from 1.
    pub record: u64,
    /// Its place among the events of that record, from 0.
    pub ordinal: u32,
}

impl EventKey {
    /// Before every event of the partition.
    pub fn start(partition: Partition) -> Self {
        Self { partition, epoch: 0, record: 0, ordinal: 0 }
    }
}

/// Order is by record first: the epoch never falls while the record number rises.
impl Ord for EventKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let order = |key: &Self| (key.partition, key.record, key.ordinal, key.epoch);
        order(self).cmp(&order(other))
    }
}

impl PartialOrd for EventKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-{}", self.partition, self.epoch, self.record, self.ordinal)
    }
}

/// The text is no event key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKeyError;

impl fmt::Display for EventKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an event key (partition-epoch-record-ordinal)")
    }
}

impl std::error::Error for EventKeyError {}

impl FromStr for EventKey {
    type Err = EventKeyError;

    fn from_str(text: &str) -> Result<Self, EventKeyError> {
        let mut parts = text.splitn(4, '-');
        let mut next = || parts.next().ok_or(EventKeyError);
        let (partition, epoch, record, ordinal) = (next()?, next()?, next()?, next()?);
        let partition: u8 = partition.parse().map_err(|_| EventKeyError)?;
        Ok(Self {
            partition: (partition < Partition::COUNT)
                .then_some(Partition(partition))
                .ok_or(EventKeyError)?,
            epoch: epoch.parse().map_err(|_| EventKeyError)?,
            record: record.parse().map_err(|_| EventKeyError)?,
            ordinal: ordinal.parse().map_err(|_| EventKeyError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_orders_by_record() {
        let key: EventKey = "07-1-4211-3".parse().unwrap();
        assert_eq!(key.to_string(), "07-1-4211-3");
        assert!(key < "07-1-4212-0".parse().unwrap());
        assert!("64-1-1-0".parse::<EventKey>().is_err());
        assert!("7-1-1".parse::<EventKey>().is_err());
    }
}
