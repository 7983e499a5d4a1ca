//! Instants as microseconds, read and written as the wire has them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::ops::{Add, Sub};

/// Microseconds since the Unix epoch, UTC. The journal, the timers and the payloads all derive
/// from this one integer, so nothing is ever rounded twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(pub i64);

/// A span of microseconds.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl Micros {
    /// A span of whole seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000_000)
    }

    /// A span of whole minutes.
    pub const fn from_mins(mins: i64) -> Self {
        Self::from_secs(mins * 60)
    }
}

impl Timestamp {
    /// 2000-01-01: no network event is older.
    pub const EARLIEST: Self = Self(946_684_800_000_000);
    /// 2100-01-01: no network event is younger.
    pub const LATEST: Self = Self(4_102_444_800_000_000);

    /// The instant `secs` seconds after the epoch; `None` when it is no instant that a network
    /// event can have (2000 to 2100), which also catches milliseconds given as seconds.
    pub fn from_secs_f64(secs: f64) -> Option<Self> {
        let in_range = secs.is_finite()
            && secs >= Self::EARLIEST.as_secs_f64()
            && secs < Self::LATEST.as_secs_f64();
        // The range check keeps the cast exact enough: below 2^53 microseconds.
        in_range.then(|| Self((secs * 1e6).round() as i64))
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole milliseconds since the epoch, rounded down.
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Seconds since the epoch with their fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The span since `earlier`, negative when `earlier` is later.
    pub fn since(self, earlier: Self) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }

    /// ISO 8601 text of whole seconds in UTC without a zone: `2025-06-05T04:00:00`.
    pub fn zoneless(self) -> String {
        let at = jiff::Timestamp::from_second(self.secs()).unwrap_or_default();
        at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }

    /// Reads what [`Timestamp::zoneless`] writes.
    pub fn from_zoneless(text: &str) -> Option<Self> {
        Self::from_rfc3339(&format!("{text}Z"))
    }

    /// Reads RFC 3339 text; the same bounds as [`Timestamp::from_secs_f64`].
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.parse().ok()?;
        let at = Self(at.as_microsecond());
        (Self::EARLIEST..Self::LATEST).contains(&at).then_some(at)
    }
}

impl Add<Micros> for Timestamp {
    type Output = Self;
    fn add(self, span: Micros) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Micros> for Timestamp {
    type Output = Self;
    fn sub(self, span: Micros) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

/// Snapshots and change records keep microseconds as an integer; telemetry has its own reader.
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self)
    }
}

/// Reads epoch seconds (integer or float) or RFC 3339 text, as telemetry may carry either.
pub(crate) struct WireTime;

impl de::Visitor<'_> for WireTime {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("epoch seconds or RFC 3339 text between the years 2000 and 2100")
    }

    fn visit_f64<E: de::Error>(self, secs: f64) -> Result<Timestamp, E> {
        Timestamp::from_secs_f64(secs)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Float(secs), &self))
    }

    fn visit_i64<E: de::Error>(self, secs: i64) -> Result<Timestamp, E> {
        let at = secs.checked_mul(1_000_000).map(Timestamp);
        at.filter(|at| (Timestamp::EARLIEST..Timestamp::LATEST).contains(at))
            .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(secs), &self))
    }

    fn visit_u64<E: de::Error>(self, secs: u64) -> Result<Timestamp, E> {
        self.visit_i64(i64::try_from(secs).unwrap_or(i64::MAX))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::from_rfc3339(text)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_keep_their_microseconds() {
        assert_eq!(Timestamp::from_secs_f64(1549047906.201053), Some(Timestamp(1549047906201053)));
    }

    #[test]
    fn milliseconds_given_as_seconds_are_refused() {
        assert_eq!(Timestamp::from_secs_f64(1782127701568.0), None);
        assert_eq!(Timestamp::from_secs_f64(f64::NAN), None);
    }

    #[test]
    fn rfc3339_reads_with_and_without_fraction() {
        let whole = Timestamp::from_rfc3339("2020-06-16T18:57:28Z");
        assert_eq!(whole, Some(Timestamp(1592333848000000)));
        assert_eq!(
            Timestamp::from_rfc3339("2020-06-16T20:57:28.5+02:00"),
            Some(Timestamp(1592333848500000))
        );
        assert_eq!(Timestamp::from_rfc3339("1990-01-01T00:00:00Z"), None);
    }
}
