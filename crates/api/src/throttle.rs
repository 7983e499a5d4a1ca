//! Guessing is slow: after a few failures a name, and after some more an address, has to wait.

use crate::error::Error;
use foghorn_model::Timestamp;
use foghorn_model::time::Micros;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Failures after which a name has to wait, as Mist has it.
const OF_NAME_MAX: u32 = 3;
/// Failures after which an address has to wait: many may share one.
const OF_ADDRESS_MAX: u32 = 30;
/// How long, from the last failure on.
const WAIT: Micros = Micros::from_mins(5);
/// Names and addresses that are remembered; the oldest make room.
const REMEMBERED_MAX: usize = 20_000;

#[derive(Debug, Default)]
pub(crate) struct Throttle {
    failures: Mutex<BTreeMap<String, (u32, Timestamp)>>,
}

/// Who tries: a name, and the address that it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    name: String,
    address: Option<String>,
}

impl Attempt {
    pub(crate) fn new(name: &str, address: Option<IpAddr>) -> Self {
        let name = format!("name {}", name.trim().to_lowercase());
        Self { name, address: address.map(|ip| format!("address {ip}")) }
    }

    fn limits(&self) -> impl Iterator<Item = (&String, u32)> {
        let address = self.address.as_ref().map(|address| (address, OF_ADDRESS_MAX));
        std::iter::once((&self.name, OF_NAME_MAX)).chain(address)
    }
}

impl Throttle {
    /// Whether another try is allowed now.
    pub(crate) fn check(&self, attempt: &Attempt, now: Timestamp) -> Result<(), Error> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, max) in attempt.limits() {
            if let Some((count, last)) = failures.get(key)
                && *count >= max
                && now.since(*last) < WAIT
            {
                let left = WAIT.0.saturating_sub(now.since(*last).0);
                let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
                return Err(Error::TooManyFailures(left));
            }
        }
        Ok(())
    }

    /// A try failed.
    pub(crate) fn failed(&self, attempt: &Attempt, now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= REMEMBERED_MAX {
            failures.retain(|_, (_, last)| now.since(*last) < WAIT);
        }
        if failures.len() >= REMEMBERED_MAX
            && let Some(oldest) =
                failures.iter().min_by_key(|(_, (_, last))| *last).map(|(key, _)| key.clone())
        {
            failures.remove(&oldest);
        }
        for (key, _) in attempt.limits() {
            let (count, last) = failures.entry(key.clone()).or_insert((0, now));
            let is_new = now.since(*last) >= WAIT;
            (*count, *last) = (if is_new { 1 } else { *count + 1 }, now);
        }
    }

    /// A try succeeded: the name has a clean slate.
    pub(crate) fn succeeded(&self, attempt: &Attempt) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&attempt.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_make_a_name_wait_and_a_success_clears_it() {
        let throttle = Throttle::default();
        let at = |secs: i64| Timestamp(secs * 1_000_000);
        let attempt = Attempt::new("Ops@Example.net", "192.0.2.1".parse().ok());
        for secs in 0..3 {
            assert!(throttle.check(&attempt, at(secs)).is_ok());
            throttle.failed(&attempt, at(secs));
        }
        let elsewhere = Attempt::new("ops@example.net ", "192.0.2.2".parse().ok());
        assert!(throttle.check(&elsewhere, at(3)).is_err());
        assert!(throttle.check(&Attempt::new("other@example.net", None), at(3)).is_ok());
        assert!(throttle.check(&elsewhere, at(303)).is_ok());
        throttle.succeeded(&attempt);
        assert!(throttle.check(&attempt, at(4)).is_ok());
    }

    #[test]
    fn an_address_that_tries_many_names_waits_too() {
        let throttle = Throttle::default();
        for number in 0..OF_ADDRESS_MAX {
            let attempt = Attempt::new(&format!("{number}@example.net"), "192.0.2.1".parse().ok());
            throttle.failed(&attempt, Timestamp(0));
        }
        let attempt = Attempt::new("new@example.net", "192.0.2.1".parse().ok());
        assert!(throttle.check(&attempt, Timestamp(1)).is_err());
    }
}
