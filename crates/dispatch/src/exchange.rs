//! What is kept of an attempt that failed, for whoever looks for the reason.
//!
//! It is put together after the attempt, and only then: one that went well costs nothing. What may
//! be a credential is masked: the values of custom headers, `Authorization`, the values of a
//! query, cookies that the receiver sets, and wherever it repeats one of these.

use crate::egress::headers::Trace;
use crate::endpoint::Target;
use crate::sign::Signatures;
use bytes::Bytes;
use foghorn_model::Webhook;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

/// What stands for a credential.
const MASK: &str = "****";
/// What is shorter keeps no secret, and would be found in every answer.
const SECRET_BYTES_MIN: usize = 4;
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
        answered: Option<(&HeaderMap, &Secrets)>,
    ) -> Self {
        let authorization = target.credential.is_some().then(|| HeaderValue::from_static(MASK));
        let host = target.destination.host_header();
        let headers = target.headers.attempt(host, trace, signatures, authorization);
        Self {
            url: without_values(url),
            headers: headers
                .map_or_else(|_| "{}".into(), |headers| told(&headers, &Secrets::default())),
            body,
            answered: answered.map(|(headers, secrets)| told(headers, secrets)),
        }
    }
}

/// What a receiver may repeat and nobody may read.
#[derive(Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// What a webhook is sent to with: its secret, its headers, the query of its URL, and what its
    /// type asks for.
    pub(crate) fn of(webhook: &Webhook, credential: Option<&HeaderValue>) -> Self {
        let url = Url::parse(&webhook.url).ok();
        let query = url.as_ref().map(Url::query_pairs).into_iter().flatten();
        let raw = webhook.url.split_once('?').map_or("", |(_, query)| query).split('&');
        let raw = raw.map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        // Behind the scheme, as `Basic` or `Bearer`.
        let bare = |value: &str| match value.split_once(' ') {
            Some((_, bare)) if bare.len() >= SECRET_BYTES_MIN => bare.to_owned(),
            _ => value.to_owned(),
        };
        let custom = webhook.headers.iter().map(|(name, value)| {
            let is_authorization = name.eq_ignore_ascii_case(header::AUTHORIZATION.as_str());
            if is_authorization { bare(value) } else { value.clone() }
        });
        let credential = credential.and_then(|value| value.to_str().ok()).map(bare);
        let mut secrets: Vec<String> = query.map(|(_, value)| value.into_owned()).collect();
        secrets.extend(raw.map(str::to_owned).chain(custom).chain(credential));
        secrets.extend(webhook.secret.clone());
        secrets.retain(|secret| secret.len() >= SECRET_BYTES_MIN);
        // One that is part of another comes behind it.
        secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// The text without them.
    pub(crate) fn mask(&self, text: &str) -> String {
        let is_there = self.0.iter().filter(|secret| text.contains(secret.as_str()));
        is_there.fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
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
fn told(headers: &HeaderMap, secrets: &Secrets) -> String {
    let mut told: Map<String, Value> = Map::new();
    let mut bytes = 0;
    for (name, value) in headers {
        let is_secret = value.is_sensitive() || *name == header::SET_COOKIE;
        let text = match is_secret {
            true => MASK.to_owned(),
            false => secrets.mask(&String::from_utf8_lossy(value.as_bytes())),
        };
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
