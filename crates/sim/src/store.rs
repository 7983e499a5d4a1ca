//! The delivery store of a simulated server: a flush is one transaction, and a power failure may
//! take the last of them, as SQLite does without full syncs.

use crate::dice::Dice;
use foghorn_dispatch::lanes::{DeliveryRow, Flush, LaneKey, LaneRow, Watermark};
use foghorn_model::{Partition, TopicClass};
use std::collections::BTreeMap;

/// So many of the last transactions may be lost.
const UNSYNCED_MAX: usize = 6;

/// Cursors, watermarks and the delivery log.
#[derive(Debug, Default)]
pub struct Store {
    synced: State,
    /// Transactions since.
    unsynced: Vec<Flush>,
}

#[derive(Debug, Default, Clone)]
struct State {
    lanes: BTreeMap<LaneKey, LaneRow>,
    watermarks: BTreeMap<(bool, Partition), Watermark>,
    deliveries: Vec<DeliveryRow>,
}

impl State {
    fn apply(&mut self, flush: Flush) {
        for lane in flush.removed {
            self.lanes.remove(&lane);
        }
        for row in flush.lanes {
            self.lanes.insert(row.lane, row);
        }
        for mark in flush.watermarks {
            self.watermarks.insert((mark.class == TopicClass::Stream, mark.partition), mark);
        }
        self.deliveries.extend(flush.deliveries);
    }
}

impl Store {
    /// Commits a flush.
    pub fn commit(&mut self, flush: Flush) {
        self.unsynced.push(flush);
        if self.unsynced.len() > UNSYNCED_MAX {
            let oldest = self.unsynced.remove(0);
            self.synced.apply(oldest);
        }
    }

    /// The power fails: some of the last transactions are gone.
    pub fn lose_power(&mut self, dice: &mut Dice) {
        let lost = dice.below(self.unsynced.len() as u64 + 1);
        self.unsynced.truncate(self.unsynced.len() - usize::try_from(lost).unwrap_or(0));
    }

    fn now(&self) -> State {
        let mut state = self.synced.clone();
        self.unsynced.iter().cloned().for_each(|flush| state.apply(flush));
        state
    }

    /// What a start reads: lanes and watermarks.
    pub fn read(&self) -> (Vec<LaneRow>, Vec<Watermark>) {
        let State { lanes, watermarks, .. } = self.now();
        (lanes.into_values().collect(), watermarks.into_values().collect())
    }

    /// The delivery log.
    pub fn deliveries(&self) -> Vec<DeliveryRow> {
        self.now().deliveries
    }
}
