//! What stands on the input log, checked when it is opened.
//!
//! A snapshot, a cursor, a stored event: each was made of records that were durable before, so
//! the log must reach as far. When it does not, part of the log is gone or this is not the log
//! that belongs here, and going on in silence would give the lost numbers to other records:
//! lanes would pass over those as seen, and receivers drop them as repeated.

use crate::interventions::Interventions;
use crate::worker::RecoveryError;
use foghorn_log::Log;
use foghorn_model::Partition;

/// Something that was made of the records of a partition through this one.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The partition.
    pub partition: Partition,
    /// The record.
    pub record: u64,
    /// What claims it, as a message names it: `the newest snapshot`.
    pub what: String,
}

/// Checks that the log reaches what a claim stands on. With `accept_data_loss` it is written down
/// that the records in between are lost, and their numbers are not given again.
///
/// # Errors
/// [`RecoveryError::InputShort`] if the log does not reach and the loss is not accepted, now or
/// earlier.
pub fn check_claim(
    claim: &Claim,
    input: &dyn Log,
    interventions: &Interventions,
    accept_data_loss: bool,
) -> Result<(), RecoveryError> {
    let Claim { partition, record: wanted, .. } = *claim;
    let reach = input.reach(partition.0);
    let through = reach.max(interventions.lost_through(partition));
    if wanted <= through {
        return Ok(());
    }
    if !accept_data_loss {
        let what = claim.what.clone();
        return Err(RecoveryError::InputShort { partition, reach, what, wanted });
    }
    interventions.accept_loss(partition, reach + 1..=wanted)?;
    Ok(())
}
