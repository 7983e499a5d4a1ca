//! Guessing is slow: after a few failures a name, and after some more an address, has to wait.

use crate::error::Error;
use foghorn_model::Timestamp;
use foghorn_model::time::Micros;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
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

/// Who tries, and from where.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    keys: Vec<(String, u32)>,
}

impl Attempt {
    /// A password of an address of mail.
    pub(crate) fn password(email: &str, source: Option<IpAddr>) -> Self {
        Self::of(Some(format!("password {}", email.trim().to_lowercase())), source)
    }

    /// A code of somebody's second factor.
    pub(crate) fn factor(email: &str, source: Option<IpAddr>) -> Self {
        Self::of(Some(format!("factor {email}")), source)
    }

    /// A key that nobody can guess: only who floods is kept waiting.
    pub(crate) fn key(source: Option<IpAddr>) -> Self {
        Self::of(None, source)
    }

    fn of(name: Option<String>, source: Option<IpAddr>) -> Self {
        let address = source.map(|ip| (format!("from {}", network(ip)), OF_ADDRESS_MAX));
        Self { keys: name.map(|name| (name, OF_NAME_MAX)).into_iter().chain(address).collect() }
    }
}

/// What one source is known by: who holds an IPv6 address holds its /64.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

impl Throttle {
    /// Counts a try as failed until it has [succeeded](Self::succeeded): many at once are as many.
    pub(crate) fn begin(&self, attempt: &Attempt, now: Timestamp) -> Result<(), Error> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, max) in &attempt.keys {
            if let Some((count, last)) = failures.get(key)
                && count >= max
                && now.since(*last) < WAIT
            {
                let left = WAIT.0.saturating_sub(now.since(*last).0);
                let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
                return Err(Error::TooManyFailures(left));
            }
        }
        if failures.len() >= REMEMBERED_MAX {
            failures.retain(|_, (_, last)| now.since(*last) < WAIT);
        }
        if failures.len() >= REMEMBERED_MAX
            && let Some(oldest) =
                failures.iter().min_by_key(|(_, (_, last))| *last).map(|(key, _)| key.clone())
        {
            failures.remove(&oldest);
        }
        for (key, _) in &attempt.keys {
            let (count, last) = failures.entry(key.clone()).or_insert((0, now));
            let is_new = now.since(*last) >= WAIT;
            (*count, *last) = (if is_new { 1 } else { *count + 1 }, now);
        }
        Ok(())
    }

    /// A try succeeded: the name has a clean slate, and the address one failure less.
    pub(crate) fn succeeded(&self, attempt: &Attempt) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, max) in &attempt.keys {
            if *max == OF_NAME_MAX {
                failures.remove(key);
            } else if let Some((count, _)) = failures.get_mut(key) {
                *count = count.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn three_failures_make_a_name_wait_and_a_success_clears_it() {
        let throttle = Throttle::default();
        let at = |secs: i64| Timestamp(secs * 1_000_000);
        let attempt = Attempt::password("Ops@Example.net", ip("192.0.2.1"));
        for secs in 0..3 {
            assert!(throttle.begin(&attempt, at(secs)).is_ok());
        }
        let elsewhere = Attempt::password("ops@example.net ", ip("192.0.2.2"));
        assert!(throttle.begin(&elsewhere, at(3)).is_err());
        assert!(throttle.begin(&Attempt::password("other@example.net", None), at(3)).is_ok());
        assert!(throttle.begin(&Attempt::factor("ops@example.net", None), at(3)).is_ok());
        assert!(throttle.begin(&elsewhere, at(303)).is_ok());
        throttle.succeeded(&attempt);
        (0..3).for_each(|_| assert!(throttle.begin(&attempt, at(304)).is_ok()));
    }

    #[test]
    fn an_address_that_tries_many_names_waits_too() {
        let throttle = Throttle::default();
        for number in 0..OF_ADDRESS_MAX {
            let source = ip(&format!("2001:db8::{number:x}"));
            let attempt = Attempt::password(&format!("{number}@example.net"), source);
            assert!(throttle.begin(&attempt, Timestamp(0)).is_ok());
        }
        let beside = Attempt::password("new@example.net", ip("2001:db8::ffff"));
        assert!(throttle.begin(&beside, Timestamp(1)).is_err());
        assert!(throttle.begin(&Attempt::key(ip("2001:db8:1::1")), Timestamp(1)).is_ok());
    }
}
