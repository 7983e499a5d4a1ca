//! What is kept of an attempt that failed, for whoever looks for the reason.
//!
//! It is put together after the attempt, and only then: one that went well costs nothing. What may
//! be a credential is masked: the values of custom headers, `Authorization`, the values of a
//! query, and cookies that the receiver sets.

use crate::egress::headers::Trace;
use crate::endpoint::Target;
use crate::sign::Signatures;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// What stands for a credential.
pub(crate) const MASK: &str = "****";
/// More of a receiver's headers is not kept, in bytes of JSON.
const HEADERS_BYTES_MAX: usize = 4096;

/// A request that failed, and the head of its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// Where it went.
    pub url: String,
    /// Its headers, JSON: a list of values for each name.
    pub headers: String,
    /// Its body.
    pub body: Bytes,
    /// The headers of the answer in the same form, if there was one.
    pub answered: Option<String>,
}

impl Exchange {
    pub(crate) fn new(
        url: &str,
        target: &Target,
        (trace, signatures): (&Trace<'_>, &Signatures),
        body: Bytes,
        answered: Option<&HeaderMap>,
    ) -> Self {
        let authorization = target.credential.is_some().then(|| HeaderValue::from_static(MASK));
        let host = target.destination.host_header();
        let headers = target.headers.attempt(host, trace, signatures, authorization);
        Self {
            url: without_values(url),
            headers: headers.map_or_else(|_| "{}".into(), |headers| told(&headers)),
            body,
            answered: answered.map(told),
        }
    }
}

/// A URL without the values of its query.
fn without_values(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let masked = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) => format!("{key}={MASK}"),
        None => MASK.to_owned(),
    });
    format!("{path}?{}", masked.collect::<Vec<_>>().join("&"))
}

/// Headers as JSON, as many as there is room for.
fn told(headers: &HeaderMap) -> String {
    let mut told: Map<String, Value> = Map::new();
    let mut bytes = 0;
    for (name, value) in headers {
        let is_secret = value.is_sensitive() || *name == header::SET_COOKIE;
        let text = if is_secret { MASK.into() } else { String::from_utf8_lossy(value.as_bytes()) };
        bytes += name.as_str().len() + text.len();
        if bytes > HEADERS_BYTES_MAX {
            break;
        }
        let values = told.entry(canonical(name)).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(text.into());
        }
    }
    Value::Object(told).to_string()
}

/// A name as it is usually written: `content-type` is `Content-Type`.
fn canonical(name: &HeaderName) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => String::new(),
    };
    name.as_str().split('-').map(word).collect::<Vec<_>>().join("-")
}
