//! How much an org may send in a day, so that one cannot push the others' events out.
//!
//! Counted in memory by the hour: a restart forgives what was counted. The alternative, a count
//! in the journal, would cost every record what only a few orgs ever need.

use foghorn_model::{OrgId, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const HOURS: usize = 24;

/// The quotas of all orgs.
#[derive(Debug)]
pub struct Quotas {
    bytes_per_day: Option<u64>,
    used: Mutex<HashMap<OrgId, Used>>,
}

#[derive(Debug)]
struct Used {
    hours: [u64; HOURS],
    hour: i64,
}

impl Quotas {
    pub fn new(bytes_per_day: Option<u64>) -> Self {
        Self { bytes_per_day, used: Mutex::new(HashMap::new()) }
    }

    /// Counts bytes of an org, or says when there will be room again.
    pub fn take(&self, org: OrgId, bytes: u64, now: Timestamp) -> Result<(), Duration> {
        let Some(max) = self.bytes_per_day else { return Ok(()) };
        let hour = now.secs().div_euclid(3600);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used.entry(org).or_insert(Used { hours: [0; HOURS], hour });
        used.advance(hour);
        let total: u64 = used.hours.iter().sum();
        if total.saturating_add(bytes) > max {
            let left = 3600 - now.secs().rem_euclid(3600);
            return Err(Duration::from_secs(u64::try_from(left).unwrap_or(3600)));
        }
        used.hours[slot(hour)] += bytes;
        Ok(())
    }
}

impl Used {
    fn advance(&mut self, hour: i64) {
        let passed = usize::try_from(hour - self.hour).unwrap_or(0).min(HOURS);
        for step in 0..passed {
            let step = i64::try_from(step).unwrap_or(0);
            self.hours[slot(hour - step)] = 0;
        }
        self.hour = self.hour.max(hour);
    }
}

fn slot(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(HOURS as i64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_org_over_its_quota_waits_until_its_oldest_hour_is_a_day_old() {
        let quotas = Quotas::new(Some(100));
        let org = OrgId::from_bytes([1; 16]);
        let at = |hour: i64| Timestamp(hour * 3_600_000_000);
        assert_eq!(quotas.take(org, 60, at(0)), Ok(()));
        assert_eq!(quotas.take(org, 40, at(5)), Ok(()));
        assert!(quotas.take(org, 1, at(23)).is_err());
        assert_eq!(quotas.take(org, 60, at(24)), Ok(()));
        assert!(quotas.take(org, 1, at(28)).is_err());
        assert_eq!(quotas.take(OrgId::from_bytes([2; 16]), 100, at(28)), Ok(()));
    }
}
