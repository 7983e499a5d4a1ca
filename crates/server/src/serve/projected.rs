//! What the history keeps of an event.
//!
//! Most events are our own, but one that was relayed is as its sender made it. What is kept is
//! JSON that every reader of the history reads, with a time at which it can be found and let go:
//! an event that is none is left out of searches, and nothing stands still for it.

use foghorn_catalog::HistoryRecord;
use foghorn_model::time::Micros;
use foghorn_model::{EventRef, Timestamp};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// How far ahead of its coming an event may have happened, by its sender's clock.
const AHEAD_MAX: Micros = Micros::from_mins(24 * 60);

/// The row of an event; `None` when it cannot be read.
pub fn record(event: &EventRef<'_>) -> Option<HistoryRecord> {
    let Timed(timestamp) = serde_json::from_slice(event.json).ok()?;
    let came = event.entry.at;
    let at = timestamp.and_then(|it| time(&it)).filter(|at| *at <= came + AHEAD_MAX);
    Some(HistoryRecord {
        key: event.entry.key,
        topic: event.entry.topic,
        org_id: event.entry.org,
        site_id: event.entry.site,
        at: at.unwrap_or(came),
        json: String::from_utf8(event.json.to_vec()).ok()?,
    })
}

/// Seconds or milliseconds, as a number or in a text, or a text of a time.
fn time(timestamp: &Value) -> Option<Timestamp> {
    let number = |number: f64| {
        Timestamp::from_secs_f64(number).or_else(|| Timestamp::from_secs_f64(number / 1000.0))
    };
    match timestamp {
        Value::Number(it) => number(it.as_f64()?),
        Value::String(text) => match text.parse() {
            Ok(it) => number(it),
            Err(_) => Timestamp::from_rfc3339(text).or_else(|| Timestamp::from_zoneless(text)),
        },
        _ => None,
    }
}

/// An object all of which can be read, and its `timestamp`.
struct Timed(Option<Value>);

/// Anything that can be read: no number is out of range, no surrogate alone.
struct Sound;

struct IsTimestamp(bool);

impl<'de> Deserialize<'de> for Timed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Timed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Timed, A::Error> {
                let mut timestamp = None;
                while let Some(IsTimestamp(is_timestamp)) = map.next_key()? {
                    if is_timestamp {
                        timestamp = Some(map.next_value()?);
                    } else {
                        let Sound = map.next_value()?;
                    }
                }
                Ok(Timed(timestamp))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl<'de> Deserialize<'de> for IsTimestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;
        impl Visitor<'_> for Key {
            type Value = IsTimestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<IsTimestamp, E> {
                Ok(IsTimestamp(key == "timestamp"))
            }
        }
        deserializer.deserialize_str(Key)
    }
}

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while let Some(Self) = list.next_element()? {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while let Some((IsTimestamp(_), Self)) = map.next_entry()? {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foghorn_model::{EventEntry, EventKey, OrgId, Partition, Topic};

    const CAME: Timestamp = Timestamp(1_700_000_000_000_000);

    fn row(json: &str) -> Option<HistoryRecord> {
        let entry = EventEntry {
            key: EventKey { partition: Partition(1), epoch: 1, record: 2, ordinal: 0 },
            catalog_seq: 3,
            at: CAME,
            topic: Topic::Alarms,
            org: OrgId::from_bytes([1; 16]),
            site: None,
            target: None,
        };
        record(&EventRef { entry, json: json.as_bytes() })
    }

    #[test]
    fn a_time_is_read_in_every_form_that_was_seen() {
        let told = Timestamp(1_690_000_000_500_000);
        for timestamp in [
            "1690000000.5",
            "1690000000500",
            "\"1690000000.5\"",
            "\"2023-07-22T04:26:40.5Z\"",
            "\"2023-07-22T04:26:40.5\"",
        ] {
            let row = row(&format!(r#"{{"a":[{{"timestamp":1}}],"timestamp":{timestamp}}}"#));
            assert_eq!(row.map(|it| it.at), Some(told), "{timestamp}");
        }
    }

    #[test]
    fn without_a_time_that_can_be_it_is_when_it_came() {
        for event in [
            "{}",
            r#"{"timestamp":null}"#,
            r#"{"timestamp":[1]}"#,
            r#"{"timestamp":"soon"}"#,
            r#"{"timestamp":-7}"#,
            r#"{"timestamp":1e300}"#,
            r#"{"timestamp":1800000000}"#,
        ] {
            assert_eq!(row(event).map(|it| it.at), Some(CAME), "{event}");
        }
    }

    #[test]
    fn what_no_reader_reads_is_left_out() {
        for event in [
            r#"{"a":"\ud800"}"#,
            r#"{"\ud800":1}"#,
            r#"{"a":{"b":[1e999]}}"#,
            r#"{"timestamp":1e999}"#,
            "[]",
            "",
        ] {
            assert_eq!(row(event), None, "{event}");
        }
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        assert_eq!(row(&deep), None);
        let odd = r#"{ "b" : null, "b":-0.0, "a":["\u0000", true, 18446744073709551616] }"#;
        assert_eq!(row(odd).map(|it| it.json).as_deref(), Some(odd));
    }
}
