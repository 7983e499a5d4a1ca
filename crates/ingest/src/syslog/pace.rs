//! How fast a sender may go, and how often it is spoken of.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Messages that a sender may send in a second for long.
pub(super) const MESSAGES_PER_SEC_MAX: u32 = 1000;
/// Messages that it may send at once.
pub(super) const MESSAGES_BURST_MAX: u32 = 5000;
/// How many senders are told apart; those beyond share one pace.
const SENDERS_MAX: usize = 10_000;
/// Senders that are at rest are forgotten no more often than this, since that looks at all.
const FORGET_EVERY: Duration = Duration::from_secs(1);
/// A sender is logged no more often than this.
const WARN_EVERY: Duration = Duration::from_secs(60);
/// How many senders are remembered for that.
const WARNED_MAX: usize = 1000;

/// The paces of all senders. A sender is an address, or a network of 64 bits: whoever has one such
/// address has all of them.
#[derive(Debug, Default)]
pub(super) struct Paces(Mutex<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    of: HashMap<IpAddr, Bucket>,
    forgot_at: Option<Instant>,
}

#[derive(Debug)]
struct Bucket {
    messages: f64,
    at: Instant,
}

impl Bucket {
    fn full(at: Instant) -> Self {
        Self { messages: f64::from(MESSAGES_BURST_MAX), at }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        let filled = self.messages + passed * f64::from(MESSAGES_PER_SEC_MAX);
        self.messages = filled.min(f64::from(MESSAGES_BURST_MAX));
        self.at = now;
    }
}

impl Paces {
    /// Counts a message of a sender, or says how long it has to wait.
    pub(super) fn take(&self, sender: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = network(sender);
        if buckets.of.len() >= SENDERS_MAX && !buckets.of.contains_key(&key) {
            buckets.forget(now);
            if buckets.of.len() >= SENDERS_MAX {
                key = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
            }
        }
        let bucket = buckets.of.entry(key).or_insert_with(|| Bucket::full(now));
        bucket.refill(now);
        if bucket.messages < 1.0 {
            let missing = 1.0 - bucket.messages;
            return Err(Duration::from_secs_f64(missing / f64::from(MESSAGES_PER_SEC_MAX)));
        }
        bucket.messages -= 1.0;
        Ok(())
    }
}

impl Buckets {
    /// Forgets whoever may send all that it ever may.
    fn forget(&mut self, now: Instant) {
        let recent = |at: Instant| now.saturating_duration_since(at) < FORGET_EVERY;
        if self.forgot_at.is_some_and(recent) {
            return;
        }
        self.forgot_at = Some(now);
        self.of.retain(|_, bucket| {
            bucket.refill(now);
            bucket.messages < f64::from(MESSAGES_BURST_MAX)
        });
    }
}

/// The part of an address that one sender cannot change at will.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(prefix).into()
        }
    }
}

/// Who was logged of late.
#[derive(Debug, Default)]
pub(super) struct Warned(Mutex<HashMap<IpAddr, Instant>>);

impl Warned {
    /// Whether a sender is to be logged now.
    pub(super) fn is_due(&self, sender: IpAddr, now: Instant) -> bool {
        let mut warned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |at: &Instant| now.saturating_duration_since(*at) < WARN_EVERY;
        if warned.get(&sender).is_some_and(recent) {
            return false;
        }
        if warned.len() >= WARNED_MAX {
            warned.retain(|_, at| recent(at));
        }
        if warned.len() >= WARNED_MAX {
            return false;
        }
        warned.insert(sender, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_that_is_too_fast_waits_and_others_do_not() {
        let (paces, now) = (Paces::default(), Instant::now());
        let [noisy, quiet] = ["192.0.2.1", "192.0.2.2"].map(|it| it.parse().unwrap());
        let taken = (0..2 * MESSAGES_BURST_MAX).filter(|_| paces.take(noisy, now).is_ok());
        assert_eq!(taken.count(), MESSAGES_BURST_MAX as usize);
        assert_eq!(paces.take(quiet, now), Ok(()));
        let wait = paces.take(noisy, now).unwrap_err();
        assert_eq!(paces.take(noisy, now + wait), Ok(()));
        let taken = (0..5000).filter(|_| paces.take(noisy, now + Duration::from_secs(1)).is_ok());
        assert!(taken.count() <= MESSAGES_PER_SEC_MAX as usize);
    }

    #[test]
    fn ever_new_senders_take_no_more_memory() {
        let (paces, now) = (Paces::default(), Instant::now());
        let senders = 0..2 * u32::try_from(SENDERS_MAX).unwrap();
        let addresses = senders.map(|sender| IpAddr::V4((0x0a00_0000 + sender).into()));
        let taken = addresses.filter(|sender| paces.take(*sender, now).is_ok()).count();
        // Those beyond share the pace of one.
        assert_eq!(taken, SENDERS_MAX + MESSAGES_BURST_MAX as usize);
        assert_eq!(paces.0.lock().unwrap().of.len(), SENDERS_MAX + 1);
        assert_eq!(paces.take("192.0.2.1".parse().unwrap(), now + Duration::from_secs(60)), Ok(()));
        assert_eq!(paces.0.lock().unwrap().of.len(), 1);
    }

    #[test]
    fn a_sender_is_logged_once_a_minute() {
        let (warned, now) = (Warned::default(), Instant::now());
        let sender = "192.0.2.1".parse().unwrap();
        assert!(warned.is_due(sender, now));
        assert!(!warned.is_due(sender, now + WARN_EVERY / 2));
        assert!(warned.is_due(sender, now + WARN_EVERY));
    }
}
