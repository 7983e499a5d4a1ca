//! When to try again: pure functions of the attempt, the delivery's id and what the receiver
//! asked for.
//!
//! Published schedule of a batch: 1, 2, 4, 8, then 15 s for at least its first five minutes, then
//! 30, 60, 120, 240 and at last every 300 s until the batch's age runs out. Each wait is shortened
//! by up to a fifth, by bits of the delivery id, so that batches that failed together do not come
//! back together; being shortened, it never exceeds what is published. A pure function was chosen
//! over remembered state, so that a restart goes on with the schedule where it stood.

use foghorn_model::time::{Micros, Timestamp};
use uuid::Uuid;

/// Waits of the first attempts, then [`FAST_SECS_MAX`] until [`FAST_ATTEMPTS`].
const RAMP_SECS: [i64; 4] = [1, 2, 4, 8];
/// The longest wait while a batch is young.
pub const FAST_SECS_MAX: i64 = 15;
/// Attempts under [`FAST_SECS_MAX`]. Even with every wait shortened in full they last five
/// minutes: (15 + 24 x 15 s) x 4/5 = 300 s.
pub const FAST_ATTEMPTS: u32 = 28;
/// The longest wait of all.
pub const RETRY_SECS_MAX: i64 = 300;
/// The shortest wait that a receiver may ask for.
pub const RETRY_SECS_MIN: i64 = 1;
/// The first wait of a paused lane before it probes.
pub const PROBE_SECS_MIN: i64 = 5;
/// The longest wait of a paused lane between probes.
pub const PROBE_SECS_MAX: i64 = 60;
/// A wait is shortened by less than one part in this many.
const JITTER_PART: i64 = 5;
/// Digits of a `Retry-After` that are read; more is more than any bound.
const DELTA_DIGITS_MAX: usize = 18;

/// How long to wait after failed attempt number `attempt` (the first is 1) of a delivery.
pub fn retry_after(attempt: u32, delivery: Uuid) -> Micros {
    let attempt = attempt.max(1);
    let ramp = RAMP_SECS.get(attempt as usize - 1).copied();
    let secs = ramp.unwrap_or_else(|| match attempt.saturating_sub(FAST_ATTEMPTS) {
        0 => FAST_SECS_MAX,
        slow => doubled(FAST_SECS_MAX, slow, RETRY_SECS_MAX),
    });
    shortened(secs, attempt, delivery)
}

/// How long a paused lane or an open breaker waits before probe number `probe` (the first is 1);
/// `key` is what waits, so that those that paused together do not probe together.
pub fn probe_after(probe: u32, key: Uuid) -> Micros {
    let probe = probe.max(1);
    shortened(doubled(PROBE_SECS_MIN, probe - 1, PROBE_SECS_MAX), probe, key)
}

fn doubled(secs: i64, times: u32, max: i64) -> i64 {
    // Six doublings of five seconds lie above every maximum here.
    (secs << times.min(6)).min(max)
}

fn shortened(secs: i64, attempt: u32, key: Uuid) -> Micros {
    let micros = secs * 1_000_000;
    let fraction = i64::from(mixed(key, attempt) as u32);
    Micros(micros - (((micros / JITTER_PART) * fraction) >> 32))
}

/// The finaliser of SplitMix64 over the bits of the id and the attempt: ids made in one burst
/// share bits, and one delivery's attempts shall not all fall early or all late.
fn mixed(key: Uuid, attempt: u32) -> u64 {
    let (high, low) = key.as_u64_pair();
    let mut bits = high ^ low.rotate_left(32);
    bits = bits.wrapping_add(u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// What a receiver asked for with `Retry-After`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RetryAfter {
    /// Wait this long.
    Delay(Micros),
    /// Wait until this moment.
    Until(Timestamp),
}

impl RetryAfter {
    /// Reads the header (RFC 9110, 10.2.3): seconds, or a date in any of the three forms of RFC
    /// 9110, 5.6.7. `None` for everything else, which is then ignored.
    pub fn parse(header: &str) -> Option<Self> {
        let text = header.trim_matches([' ', '\t']);
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let read = text.get(..DELTA_DIGITS_MAX).unwrap_or(text);
            let secs: i64 = read.parse().ok()?;
            return Some(Self::Delay(Micros::from_secs(secs.min(RETRY_SECS_MAX))));
        }
        http_date(text).map(Self::Until)
    }

    /// The wait from `now`, within [`RETRY_SECS_MIN`] and [`RETRY_SECS_MAX`].
    pub fn bounded(self, now: Timestamp) -> Micros {
        let asked = match self {
            Self::Delay(span) => span,
            Self::Until(at) => at.since(now),
        };
        asked.clamp(Micros::from_secs(RETRY_SECS_MIN), Micros::from_secs(RETRY_SECS_MAX))
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix(" GMT").or_else(|| asctime(text))?;
    let forms = ["%a, %d %b %Y %H:%M:%S", "%A, %d-%b-%y %H:%M:%S", "%a %b %e %H:%M:%S %Y"];
    let civil = forms.iter().find_map(|form| jiff::civil::DateTime::strptime(form, text).ok())?;
    let at = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    Some(Timestamp(at.as_microsecond()))
}

/// The oldest form names no zone.
fn asctime(text: &str) -> Option<&str> {
    (!text.contains(',')).then_some(text)
}

#[cfg(test)]
mod tests;
