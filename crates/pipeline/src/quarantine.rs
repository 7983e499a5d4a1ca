//! Telling the folds of records that they go past, for an alarm of ours.
//!
//! The skip list is written before anything else is done about such a record, so it says what
//! there is to tell; a fold remembers what it was told. The difference is journaled, after the
//! partition is recovered, and may be journaled again after a crash: the fold tells it once.

use crate::interventions::Interventions;
use foghorn_log::{Log, LogError};
use foghorn_model::record::{Command, Quarantined, Records};
use foghorn_model::{Partition, RecordBody};
use std::collections::BTreeSet;

/// The records set aside of which the folds know.
#[derive(Debug, Clone, Default)]
pub struct KnownQuarantine(BTreeSet<(Partition, u64)>);

impl KnownQuarantine {
    /// A partition was recovered, and knows of these.
    pub fn recovered(&mut self, partition: Partition, records: impl IntoIterator<Item = u64>) {
        self.0.retain(|(of, _)| *of != partition);
        self.0.extend(records.into_iter().map(|record| (partition, record)));
    }

    /// This was journaled.
    pub fn journaled(&mut self, partition: Partition, record: u64) {
        self.0.insert((partition, record));
    }

    /// The records of which the folds are to be told.
    pub fn untold(&self, interventions: &Interventions) -> Vec<(Partition, u64)> {
        let skipped = interventions.skipped().into_iter();
        skipped.filter(|record| !self.0.contains(record)).collect()
    }
}

/// What is to be journaled of a record that was set aside. One that the log no longer has is
/// nobody's.
///
/// # Errors
/// If the log cannot be read.
pub fn quarantined(
    input: &dyn Log,
    partition: Partition,
    record: u64,
) -> Result<Quarantined, LogError> {
    let blocks = input.read(partition.0, record, 1)?;
    let found = blocks.first().and_then(|block| {
        let at = usize::try_from(record.checked_sub(block.first)?).ok()?;
        Records::new(&block.bytes).nth(at)?.ok().map(|record| {
            let org = match &record.body {
                RecordBody::Change(change) => Some(change.org_id),
                RecordBody::Relayed(event) => Some(event.org),
                RecordBody::Command(command) => org_of(command),
                _ => None,
            };
            (org, record.site)
        })
    });
    let (org_id, site_id) = found.unwrap_or_default();
    Ok(Quarantined { record, org_id, site_id })
}

fn org_of(command: &Command) -> Option<foghorn_model::OrgId> {
    match command {
        Command::Ping { org_id, .. } => Some(*org_id),
        Command::Acknowledge(acknowledgement) => Some(acknowledgement.org_id),
        Command::WebhookHealth(health) => Some(health.org_id),
        Command::Quarantined(quarantined) => quarantined.org_id,
    }
}
