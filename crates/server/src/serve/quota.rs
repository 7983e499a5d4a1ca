//! How much an org may send in a day, so that one cannot push the others' events out.
//!
//! Both records and bytes count, since either can be what costs: many small records as much as a
//! few large ones. Counted in memory by the hour: a restart forgives what was counted. The
//! alternative, a count in the journal, would cost every record what only a few orgs ever need.

use foghorn_ingest::journal::Measure;
use foghorn_model::{OrgId, Timestamp};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const HOURS: usize = 24;
const MEASURES: [Measure; 2] = [Measure::Records, Measure::Bytes];

/// An amount of each of [`MEASURES`].
type Amount = [u64; MEASURES.len()];

/// How much an org may send in a day; `None` is any amount.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    pub records: Option<u64>,
    pub bytes: Option<u64>,
}

/// The quotas of all orgs.
#[derive(Debug)]
pub struct Quotas {
    limits: [Option<u64>; MEASURES.len()],
    used: Mutex<HashMap<OrgId, Used>>,
    refused: [AtomicU64; MEASURES.len()],
}

/// Why something is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    pub of: Measure,
    /// When something leaves the count.
    pub retry_after: Duration,
}

#[derive(Debug)]
struct Used {
    hours: [Amount; HOURS],
    hour: i64,
}

impl Quotas {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: [limits.records, limits.bytes],
            used: Mutex::new(HashMap::new()),
            refused: Default::default(),
        }
    }

    /// Counts what an org sends, or nothing of it when that is too much by either measure.
    pub fn take(
        &self,
        org: OrgId,
        records: u64,
        bytes: u64,
        now: Timestamp,
    ) -> Result<(), Exceeded> {
        if self.limits.iter().all(Option::is_none) {
            return Ok(());
        }
        let amount: Amount = [records, bytes];
        let hour = now.secs().div_euclid(3600);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used.entry(org).or_insert(Used { hours: [Amount::default(); HOURS], hour });
        used.advance(hour);
        for (at, of) in MEASURES.into_iter().enumerate() {
            let total: u64 = used.hours.iter().map(|hour| hour[at]).sum();
            if self.limits[at].is_some_and(|max| total.saturating_add(amount[at]) > max) {
                self.refused[at].fetch_add(1, Ordering::Relaxed);
                let left = 3600 - now.secs().rem_euclid(3600);
                let retry_after = Duration::from_secs(u64::try_from(left).unwrap_or(3600));
                return Err(Exceeded { of, retry_after });
            }
        }
        for (used, more) in used.hours[slot(hour)].iter_mut().zip(amount) {
            *used = used.saturating_add(more);
        }
        Ok(())
    }

    /// How often something was refused for its records, and for its bytes.
    pub fn refused(&self) -> [u64; MEASURES.len()] {
        self.refused.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

impl Used {
    fn advance(&mut self, hour: i64) {
        let passed = usize::try_from(hour - self.hour).unwrap_or(0).min(HOURS);
        for step in 0..passed {
            let step = i64::try_from(step).unwrap_or(0);
            self.hours[slot(hour - step)] = Amount::default();
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

    fn org(number: u8) -> OrgId {
        OrgId::from_bytes([number; 16])
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp(hour * 3_600_000_000)
    }

    #[test]
    fn an_org_over_its_quota_waits_until_its_oldest_hour_is_a_day_old() {
        let quotas = Quotas::new(Limits { bytes: Some(100), records: None });
        let take = |org, bytes, hour| quotas.take(org, 1, bytes, at(hour));
        assert_eq!(take(org(1), 60, 0), Ok(()));
        assert_eq!(take(org(1), 40, 5), Ok(()));
        assert!(take(org(1), 1, 23).is_err());
        assert_eq!(take(org(1), 60, 24), Ok(()));
        assert!(take(org(1), 1, 28).is_err());
        assert_eq!(take(org(2), 100, 28), Ok(()));
    }

    #[test]
    fn a_refusal_says_by_which_measure_and_counts_nothing_by_the_other() {
        let quotas = Quotas::new(Limits { records: Some(3), bytes: Some(100) });
        let refused = |records, bytes| {
            let taken = quotas.take(org(1), records, bytes, at(1));
            taken.err().map(|exceeded| exceeded.of)
        };
        assert_eq!(refused(2, 10), None);
        assert_eq!(refused(2, 1), Some(Measure::Records));
        assert_eq!(refused(1, 91), Some(Measure::Bytes));
        assert_eq!(refused(1, 90), None, "what was refused took no room");
        assert_eq!(refused(1, 0), Some(Measure::Records));
        assert_eq!(quotas.refused(), [2, 1]);
        let exceeded = quotas.take(org(1), 1, 0, Timestamp(at(1).0 + 600_000_000)).unwrap_err();
        assert_eq!(exceeded.retry_after, Duration::from_secs(3000));
    }
}
