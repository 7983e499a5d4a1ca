//! What all searches share: the span of time, the page, and the envelope of the answer.
//!
//! The place from which the next page goes on is handed out signed, bound to whose rows they are,
//! to the path, to what is searched and to its order: shown anywhere else, or altered, it is
//! refused. It is no secret and grants nothing; each page is asked for within a scope again.

use crate::Api;
use crate::error::Error;
use crate::openapi::Parameter;
use crate::query;
use axum::Json;
use axum::extract::FromRequestParts;
use foghorn_catalog::{Catalog, CatalogError, Counted, Found, Paging, Place, VALUES_MAX};
use foghorn_model::Timestamp;
use foghorn_model::time::Micros;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1000;
const TIME: &str = "timestamp";
/// What the published document sorts by unless told otherwise, where it has an id that grows with
/// time: clients that are generated from it say so each time.
const AS_TIME: &str = "wxid";
const DAY: Micros = Micros::from_mins(24 * 60);

/// The parameters of a search.
pub(crate) const SPAN: [Parameter; 7] = [
    ("start", "string", "from when: epoch seconds, or a span before now like -1d"),
    ("end", "string", "until when; now unless it is given"),
    ("duration", "string", "how long before the end, where no start is given: 30m, 6h, 1d"),
    ("limit", "integer", "rows of a page, 1 to 1000"),
    ("page", "integer", "which page, from 1, where one does not follow `next`"),
    ("sort", "string", "timestamp, or -timestamp for the newest first; some sort by members too"),
    ("search_after", "string", "what `next` of an answer has"),
];
/// The parameters of a count.
pub(crate) const COUNTED: [Parameter; 5] = [
    ("distinct", "string", "the member that is counted by"),
    ("start", "string", "from when: epoch seconds, or a span before now like -1d"),
    ("end", "string", "until when; now unless it is given"),
    ("duration", "string", "how long before the end, where no start is given: 30m, 6h, 1d"),
    ("limit", "integer", "values, the most frequent first, 1 to 1000; 1000 unless it is given"),
];

/// The query of a search, as it came.
#[derive(Deserialize, Clone, Debug, Default)]
pub(crate) struct Asked {
    start: Option<String>,
    end: Option<String>,
    duration: Option<String>,
    limit: Option<u32>,
    page: Option<u32>,
    sort: Option<String>,
    search_after: Option<String>,
}

/// From when until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

/// The order of the rows of a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Order {
    /// The member that they are sorted by before their time, if one.
    pub(crate) by: Option<&'static str>,
    /// The newest, or the greatest, first.
    pub(crate) downwards: bool,
}

impl Order {
    /// As one would ask for it.
    fn name(self) -> String {
        let sign = if self.downwards { "-" } else { "" };
        format!("{sign}{}", self.by.unwrap_or(TIME))
    }
}

/// What is searched: a place in it is good for just this.
#[derive(Debug)]
pub(crate) struct Searched<'a> {
    /// Whose rows they are.
    pub(crate) owner: Uuid,
    /// What they are.
    pub(crate) kind: &'a str,
    /// The path that is asked.
    pub(crate) path: &'a str,
    /// The other members of the query, which the next page is asked for with.
    pub(crate) kept: Vec<(&'static str, String)>,
    /// In which order.
    pub(crate) order: Order,
}

/// The query of a search: which rows, and which page of them.
pub(crate) struct Search<T>(pub(crate) T, pub(crate) Asked);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Search<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self(query::of(&parts.uri)?, query::of(&parts.uri)?))
    }
}

/// A value as it is looked for: flags in any case, as scripts write them.
pub(crate) fn wanted(text: &str) -> String {
    let flag = ["true", "false"].into_iter().find(|flag| text.eq_ignore_ascii_case(flag));
    flag.unwrap_or(text).to_owned()
}

/// What a flag may be asked for as.
pub(crate) const FLAGS: &[&str] = &["true", "false"];

/// Refuses a value of a parameter that is none of these words: it would find nothing, silently.
pub(crate) fn one_of(name: &str, value: &str, words: &[&str]) -> Result<(), Error> {
    let reason = || format!("not one of {}", words.join(", "));
    if words.contains(&value) { Ok(()) } else { Err(field(name, reason())) }
}

/// A field of the query that is not as it should be.
pub(crate) fn field(field: &str, reason: impl Into<String>) -> Error {
    Error::Field { field: field.into(), reason: reason.into() }
}

impl Asked {
    /// The first page, where none is named: what Mist tells of a search that has pages only.
    pub(crate) fn by_page(mut self) -> Self {
        if self.search_after.is_none() {
            self.page = self.page.or(Some(1));
        }
        self
    }

    pub(crate) fn span(&self, now: Timestamp) -> Result<Span, Error> {
        let end = self.end.as_deref().map_or(Ok(now + Micros(1)), |text| {
            instant(text, now).ok_or_else(|| field("end", "not epoch seconds nor like -1d"))
        })?;
        let span = self.duration.as_deref().map_or(Ok(DAY), |text| {
            duration(text).ok_or_else(|| field("duration", "not like 30m, 6h or 1d"))
        })?;
        let start = self.start.as_deref().map_or(Ok(end - span), |text| {
            instant(text, now).ok_or_else(|| field("start", "not epoch seconds nor like -1d"))
        })?;
        // Without an end, a start may be ahead of our clock.
        if self.start.is_some() && self.end.is_some() && start > end {
            return Err(field("start", "after the end"));
        }
        Ok(Span { start, end })
    }

    /// How many values of a count are told.
    fn values(&self) -> Result<u32, Error> {
        match self.limit {
            Some(limit) if limit == 0 || limit > VALUES_MAX => {
                Err(field("limit", format!("not from 1 to {VALUES_MAX}")))
            }
            limit => Ok(limit.unwrap_or(VALUES_MAX)),
        }
    }

    /// From when until when, and which page.
    pub(crate) fn begin(&self, api: &Api, of: &Searched<'_>) -> Result<(Span, Paging), Error> {
        Ok((self.span(api.backend.now())?, self.paging(&api.catalog, of)?))
    }

    fn paging(&self, catalog: &Catalog, of: &Searched<'_>) -> Result<Paging, Error> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if limit == 0 || limit > LIMIT_MAX {
            return Err(field("limit", format!("not from 1 to {LIMIT_MAX}")));
        }
        let after = self.search_after.as_deref().map(|text| {
            let place = of.place(catalog, text);
            place.ok_or_else(|| field("search_after", "not one that an answer to this gave"))
        });
        let skip = match (self.page, &after) {
            (Some(0), _) => return Err(field("page", "pages are counted from 1")),
            (Some(page), None) => u64::from(page - 1) * u64::from(limit),
            (Some(_), Some(_)) => {
                return Err(field("page", "either a page or what to search after"));
            }
            (None, _) => 0,
        };
        let newest_first = of.order.by.is_some() || of.order.downwards;
        Ok(match (after.transpose()?, of.order.by) {
            // Sorted by a member, a place is how many rows are before it.
            (Some(place), Some(_)) => {
                let skip = u64::try_from(place.row).unwrap_or(0);
                Paging { newest_first, after: None, skip, limit }
            }
            (after, _) => Paging { newest_first, after, skip, limit },
        })
    }

    /// The order that is asked for: by time, or by one of these members.
    pub(crate) fn order(&self, members: &[&'static str]) -> Result<Order, Error> {
        let Some(asked) = self.sort.as_deref() else {
            return Ok(Order { by: None, downwards: true });
        };
        let (name, downwards) = match asked.strip_prefix('-') {
            Some(name) => (name, true),
            None => (asked, false),
        };
        if name == AS_TIME {
            return Ok(Order { by: None, downwards: true });
        }
        if name == TIME {
            return Ok(Order { by: None, downwards });
        }
        let by = members.iter().copied().find(|member| *member == name);
        let by = by.ok_or_else(|| {
            let names = [&[TIME], members].concat().join(", ");
            field("sort", format!("not one of {names}, nor one of them behind a -"))
        })?;
        Ok(Order { by: Some(by), downwards })
    }

    /// Whether an order is asked for.
    pub(crate) fn is_sorted(&self) -> bool {
        self.sort.is_some()
    }
}

impl Searched<'_> {
    /// What a place in it is bound to.
    fn bound_to<T>(&self, act: impl FnOnce(&[&str]) -> T) -> T {
        act(&["search", &self.owner.to_string(), self.path, self.kind, &self.order.name()])
    }

    /// A place as it is handed out.
    fn cursor(&self, catalog: &Catalog, place: Place) -> String {
        let payload = [place.at.0.to_be_bytes(), place.row.to_be_bytes()].concat();
        self.bound_to(|bound_to| catalog.signed(bound_to, &payload))
    }

    /// The place that was handed out as this.
    fn place(&self, catalog: &Catalog, text: &str) -> Option<Place> {
        let payload = self.bound_to(|bound_to| catalog.opened(bound_to, text))?;
        let (at, row) = payload.split_first_chunk::<8>()?;
        let row = row.try_into().ok().map(i64::from_be_bytes)?;
        Some(Place { at: Timestamp(i64::from_be_bytes(*at)), row })
    }
}

/// Answers a search with a page of what `find` finds, each row as `row` has it.
pub(crate) async fn page<T: Send + 'static>(
    api: &Api,
    asked: &Asked,
    of: Searched<'_>,
    find: impl FnOnce(Span, Paging) -> Result<Found<T>, CatalogError> + Send + 'static,
    row: impl Fn(&T) -> Result<Value, Error>,
) -> Result<Json<Value>, Error> {
    let (span, paging) = asked.begin(api, &of)?;
    let found = api.blocking(move |_| find(span, paging)).await?;
    answer(api, asked, &of, (span, paging), &found, row)
}

/// The answer of a search that found this.
pub(crate) fn answer<T>(
    api: &Api,
    asked: &Asked,
    of: &Searched<'_>,
    (span, paging): (Span, Paging),
    found: &Found<T>,
    row: impl Fn(&T) -> Result<Value, Error>,
) -> Result<Json<Value>, Error> {
    let results = found.rows.iter().map(row).collect::<Result<Vec<Value>, Error>>()?;
    let mut answer = json!({
        "results": results,
        "start": span.start.secs(),
        "end": span.end.secs(),
        "limit": paging.limit,
        "total": found.total,
    });
    if let Some(page) = asked.page {
        answer["page"] = json!(page);
    }
    if found.is_partial {
        answer["truncated"] = json!(true);
    }
    if let Some(mut place) = found.next {
        if of.order.by.is_some() {
            let row = paging.skip + found.rows.len() as u64;
            place = Place { at: Timestamp(0), row: i64::try_from(row).unwrap_or(i64::MAX) };
        }
        let mut next = format!(
            "{}?limit={}&start={}&end={}&search_after={}",
            of.path,
            paging.limit,
            span.start.as_secs_f64(),
            span.end.as_secs_f64(),
            of.cursor(&api.catalog, place),
        );
        let sort = asked.is_sorted().then(|| ("sort", of.order.name()));
        for (key, value) in of.kept.iter().chain(&sort) {
            next.push_str(&format!("&{key}={}", percent_encoded(value)));
        }
        answer["next"] = json!(next);
    }
    Ok(Json(answer))
}

/// Answers how often each value of the member `distinct` is there. Values are texts, also those of
/// numbers: clients that are generated from Mist's document read nothing else.
pub(crate) async fn counts(
    api: &Api,
    asked: &Asked,
    distinct: &str,
    find: impl FnOnce(Span) -> Result<Counted, CatalogError> + Send + 'static,
) -> Result<Json<Value>, Error> {
    let span = asked.span(api.backend.now())?;
    asked.values()?;
    counted(asked, span, distinct, api.blocking(move |_| find(span)).await?)
}

/// The answer of a count that counted this.
pub(crate) fn counted(
    asked: &Asked,
    span: Span,
    distinct: &str,
    counted: Counted,
) -> Result<Json<Value>, Error> {
    let limit = asked.values()?;
    let Counted { mut values, total, is_partial } = counted;
    values.truncate(limit as usize);
    let row = |(text, count): (String, u64)| json!({ distinct: text, "count": count });
    let mut answer = json!({
        "distinct": distinct,
        "results": values.into_iter().map(row).collect::<Vec<Value>>(),
        "start": span.start.secs(),
        "end": span.end.secs(),
        "limit": limit,
        "total": total,
    });
    if is_partial {
        answer["truncated"] = json!(true);
    }
    Ok(Json(answer))
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
    fn a_value_stands_in_a_query_as_it_may() {
        assert_eq!(percent_encoded("a&b c~é"), "a%26b%20c~%C3%A9");
    }
}
