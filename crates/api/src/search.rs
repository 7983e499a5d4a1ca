//! What all searches share: the span of time, the page, and the envelope of the answer.

use crate::error::Error;
use crate::openapi::Parameter;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use foghorn_model::Timestamp;
use foghorn_model::time::Micros;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1000;
const DAY: Micros = Micros::from_mins(24 * 60);

/// The parameters of a search.
pub(crate) const SPAN: [Parameter; 6] = [
    ("start", "string", "from when: epoch seconds, or a span before now like -1d"),
    ("end", "string", "until when; now unless it is given"),
    ("duration", "string", "how long before the end, where no start is given: 30m, 6h, 1d"),
    ("limit", "integer", "rows of a page, 1 to 1000"),
    ("sort", "string", "timestamp, or -timestamp for the newest first"),
    ("search_after", "string", "what `next` of an answer has"),
];
/// The parameters of a count.
pub(crate) const COUNTED: [Parameter; 4] = [
    ("distinct", "string", "the member that is counted by"),
    ("start", "string", "from when: epoch seconds, or a span before now like -1d"),
    ("end", "string", "until when; now unless it is given"),
    ("duration", "string", "how long before the end, where no start is given: 30m, 6h, 1d"),
];

/// The query of a search, as it came.
#[derive(Deserialize, Clone, Debug, Default)]
pub(crate) struct Asked {
    start: Option<String>,
    end: Option<String>,
    duration: Option<String>,
    limit: Option<u32>,
    sort: Option<String>,
    search_after: Option<String>,
}

/// Which rows of a search, and how many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) limit: u32,
    pub(crate) newest_first: bool,
    /// The row that the page before ended with.
    pub(crate) after: Option<(Timestamp, i64)>,
}

/// The query of a search: which rows, and the window on them.
pub(crate) struct Search<T>(pub(crate) T, pub(crate) Asked);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Search<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let refused = |error: QueryRejection| Error::Bad(error.body_text());
        let Query(which) = Query::try_from_uri(&parts.uri).map_err(refused)?;
        let Query(asked) = Query::try_from_uri(&parts.uri).map_err(refused)?;
        Ok(Self(which, asked))
    }
}

/// A field of the query that is not as it should be.
pub(crate) fn field(field: &str, reason: impl Into<String>) -> Error {
    Error::Field { field: field.into(), reason: reason.into() }
}

impl Asked {
    pub(crate) fn window(&self, now: Timestamp) -> Result<Window, Error> {
        let end = self.end.as_deref().map_or(Ok(now + Micros(1)), |text| {
            instant(text, now).ok_or_else(|| field("end", "not epoch seconds nor like -1d"))
        })?;
        let span = self.duration.as_deref().map_or(Ok(DAY), |text| {
            duration(text).ok_or_else(|| field("duration", "not like 30m, 6h or 1d"))
        })?;
        let start = self.start.as_deref().map_or(Ok(end - span), |text| {
            instant(text, now).ok_or_else(|| field("start", "not epoch seconds nor like -1d"))
        })?;
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if limit == 0 || limit > LIMIT_MAX {
            return Err(field("limit", format!("not from 1 to {LIMIT_MAX}")));
        }
        let newest_first = match self.sort.as_deref() {
            None | Some("-timestamp") => true,
            Some("timestamp") => false,
            Some(_) => return Err(field("sort", "not one of timestamp, -timestamp")),
        };
        let after = self.search_after.as_deref().map(|text| {
            let parts = text
                .split_once('-')
                .and_then(|(at, row)| Some((Timestamp(at.parse().ok()?), row.parse().ok()?)));
            parts.ok_or_else(|| field("search_after", "not one that an earlier answer gave"))
        });
        Ok(Window { start, end, limit, newest_first, after: after.transpose()? })
    }
}

impl Window {
    /// The answer of a search. `last` is the place of the last row; `kept` are the other members
    /// of the query, which the next page is asked for with.
    pub(crate) fn page(
        &self,
        path: &str,
        kept: &[(&str, &str)],
        results: &[Value],
        last: Option<(Timestamp, i64)>,
        total: u64,
    ) -> Value {
        let mut answer = json!({
            "results": results,
            "start": self.start.secs(),
            "end": self.end.secs(),
            "limit": self.limit,
            "total": total,
        });
        if let (Some((at, row)), true) = (last, results.len() == self.limit as usize) {
            let mut next = format!(
                "{path}?limit={}&start={}&end={}&search_after={}-{row}",
                self.limit,
                self.start.as_secs_f64(),
                self.end.as_secs_f64(),
                at.0,
            );
            let sort = (!self.newest_first).then_some(("sort", "timestamp"));
            for (key, value) in kept.iter().chain(&sort) {
                next.push_str(&format!("&{key}={}", percent_encoded(value)));
            }
            answer["next"] = json!(next);
        }
        answer
    }

    /// The answer of a count.
    pub(crate) fn counted(&self, distinct: &str, results: &[Value]) -> Value {
        json!({
            "distinct": distinct,
            "results": results,
            "start": self.start.secs(),
            "end": self.end.secs(),
            "limit": LIMIT_MAX,
            "total": results.len(),
        })
    }
}

/// Epoch seconds, or a span before now: `-1d`.
fn instant(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text.strip_prefix('-') {
        Some(span) => duration(span).map(|span| now - span),
        None if text == "now" => Some(now),
        None => {
            let secs: f64 = text.parse().ok()?;
            secs.is_finite().then_some(Timestamp((secs * 1e6) as i64))
        }
    }
}

fn duration(text: &str) -> Option<Micros> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| (0..=100_000).contains(number))?;
    let mins = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return None,
    };
    Some(Micros::from_mins(number * mins))
}

/// A value as it stands in a query (RFC 3986).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_epoch_seconds_or_a_span_before_now() {
        let now = Timestamp(1_700_000_000_000_000);
        assert_eq!(instant("1699999999.5", now), Some(Timestamp(1_699_999_999_500_000)));
        assert_eq!(instant("-1d", now), Some(now - DAY));
        assert_eq!(instant("now", now), Some(now));
        assert_eq!((instant("-1y", now), instant("NaN", now), duration("")), (None, None, None));
    }

    #[test]
    fn the_next_page_asks_for_the_same_rows_after_the_last() {
        let asked = Asked { limit: Some(1), sort: Some("timestamp".into()), ..Asked::default() };
        let window = asked.window(Timestamp(1_700_000_000_000_000)).unwrap();
        let last = Some((Timestamp(5), 7));
        let page = window.page("/x", &[("ssid", "a&b c")], &[json!({})], last, 2);
        let next = page["next"].as_str().unwrap();
        assert!(next.ends_with("&search_after=5-7&ssid=a%26b%20c&sort=timestamp"), "{next}");
        assert!(window.page("/x", &[], &[], None, 2).get("next").is_none());
    }
}
