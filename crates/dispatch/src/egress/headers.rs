//! The headers of a delivery: ours, and those that a webhook asks for.
//!
//! A webhook's own headers are checked when it is saved, and again here: a [`Template`] cannot be
//! built from refused ones, and nothing is sent without a template. What frames the message, names
//! its host or proves its origin is ours alone, in every spelling. What is known before the
//! attempt is parsed once; an attempt clones the map and adds its values, which share one
//! allocation.

use crate::sign::Signatures;
use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeMap;

/// Custom headers, names and values together, stay below this (Mist's rule).
pub const CUSTOM_BYTES_END: usize = 1000;

/// `User-Agent`, unless the operator configures another.
pub const USER_AGENT: &str = "Mist-webhook";

const MIST_V2: HeaderName = HeaderName::from_static("x-mist-signature-v2");
const MIST_V1: HeaderName = HeaderName::from_static("x-mist-signature");
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const LANE: HeaderName = HeaderName::from_static("x-foghorn-lane");
const FIRST: HeaderName = HeaderName::from_static("x-foghorn-first");
const LAST: HeaderName = HeaderName::from_static("x-foghorn-last");
const PREVIOUS: HeaderName = HeaderName::from_static("x-foghorn-previous");

/// Names that a webhook may not set: they frame the message or say what it is.
const RESERVED: [&str; 16] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "date",
];

/// Beginnings of names that a webhook may not set: they prove where the message comes from.
const RESERVED_PREFIXES: [&str; 4] = ["proxy-", "webhook-", "x-foghorn-", "x-mist-signature"];

/// Why headers were refused. A value is never repeated: it may be a credential.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderError {
    /// Together they are too long.
    #[error("headers: names and values must be less than {CUSTOM_BYTES_END} bytes in all")]
    TooLong,
    /// The name is no HTTP token.
    #[error("headers: {0:?} is not a valid header name")]
    Name(String),
    /// The value holds control characters, characters beyond ASCII, or spaces around it.
    #[error("headers: the value of {0:?} is not valid")]
    Value(String),
    /// The name is ours.
    #[error("headers: {0:?} is reserved")]
    Reserved(String),
    /// The webhook's type sets `Authorization`.
    #[error("headers: {0:?} is set by the webhook's type")]
    OfType(String),
    /// The same name twice, in two spellings.
    #[error("headers: {0:?} stands there twice")]
    Repeated(String),
}

/// Checks the headers that a webhook asks for.
pub fn check_custom(headers: &BTreeMap<String, String>) -> Result<(), HeaderError> {
    parse_custom(headers).map(|_| ())
}

fn parse_custom(headers: &BTreeMap<String, String>) -> Result<HeaderMap, HeaderError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes >= CUSTOM_BYTES_END {
        return Err(HeaderError::TooLong);
    }
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let parsed =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::Name(name.clone()))?;
        if is_reserved(parsed.as_str()) {
            return Err(HeaderError::Reserved(name.clone()));
        }
        if map.insert(parsed, parse_value(name, value)?).is_some() {
            return Err(HeaderError::Repeated(name.clone()));
        }
    }
    Ok(map)
}

/// `name` is in lower case. Gateways that speak CGI take `_` for `-`, so it is reserved both ways.
fn is_reserved(name: &str) -> bool {
    let name = name.replace('_', "-");
    RESERVED.contains(&name.as_str())
        || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn parse_value(name: &str, value: &str) -> Result<HeaderValue, HeaderError> {
    if value.trim() != value || !value.is_ascii() {
        return Err(HeaderError::Value(name.to_owned()));
    }
    let mut parsed =
        HeaderValue::from_str(value).map_err(|_| HeaderError::Value(name.to_owned()))?;
    parsed.set_sensitive(true);
    Ok(parsed)
}

/// Where a batch lies in its lane, for a receiver that proves completeness. Printable ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trace<'a> {
    /// The lane's name.
    pub lane: Option<&'a str>,
    /// The key of the first event of the batch.
    pub first: Option<&'a str>,
    /// The key of the last event of the batch.
    pub last: Option<&'a str>,
    /// The last key of the batch before it.
    pub previous: Option<&'a str>,
}

/// What all attempts of one webhook have in common.
#[derive(Clone, Debug)]
pub struct Template {
    map: HeaderMap,
}

impl Template {
    /// Builds the headers of a webhook, refusing what [`check_custom`] refuses.
    pub fn new(user_agent: &str, custom: &BTreeMap<String, String>) -> Result<Self, HeaderError> {
        let mut map = HeaderMap::with_capacity(16 + custom.len());
        let mut user_agent = parse_value("User-Agent", user_agent)?;
        user_agent.set_sensitive(false);
        map.insert(header::USER_AGENT, user_agent);
        map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Whoever compresses in spite of this is not decoded.
        map.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        map.extend(parse_custom(custom)?);
        Ok(Self { map })
    }

    /// The headers of one attempt. `authorization` stands in place of a custom one.
    pub(crate) fn attempt(
        &self,
        host: &HeaderValue,
        trace: &Trace<'_>,
        signatures: &Signatures,
        authorization: Option<HeaderValue>,
    ) -> Result<HeaderMap, HeaderError> {
        let values = [
            (MIST_V2, signatures.mist_v2()),
            (MIST_V1, signatures.mist_v1()),
            (WEBHOOK_ID, Some(signatures.id())),
            (WEBHOOK_TIMESTAMP, Some(signatures.timestamp())),
            (WEBHOOK_SIGNATURE, signatures.standard()),
            (LANE, trace.lane),
            (FIRST, trace.first),
            (LAST, trace.last),
            (PREVIOUS, trace.previous),
        ];
        let length = values.iter().filter_map(|(_, value)| *value).map(str::len).sum();
        let mut text = BytesMut::with_capacity(length);
        for value in values.iter().filter_map(|(_, value)| *value) {
            text.extend_from_slice(value.as_bytes());
        }
        let mut text = text.freeze();
        let mut map = self.map.clone();
        map.insert(header::HOST, host.clone());
        if let Some(mut value) = authorization {
            value.set_sensitive(true);
            map.insert(header::AUTHORIZATION, value);
        }
        for (name, value) in values {
            if let Some(value) = value {
                let value = printable(text.split_to(value.len()), &name)?;
                map.insert(name, value);
            }
        }
        Ok(map)
    }
}

/// The headers of a form that is sent to a token endpoint.
pub(crate) fn of_form(
    user_agent: &str,
    host: HeaderValue,
    authorization: Option<HeaderValue>,
) -> Result<HeaderMap, HeaderError> {
    let mut map = Template::new(user_agent, &BTreeMap::new())?.map;
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    map.insert(header::CONTENT_TYPE, form);
    map.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    map.insert(header::HOST, host);
    if let Some(mut value) = authorization {
        value.set_sensitive(true);
        map.insert(header::AUTHORIZATION, value);
    }
    Ok(map)
}

fn printable(value: Bytes, name: &HeaderName) -> Result<HeaderValue, HeaderError> {
    if !value.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return Err(HeaderError::Value(name.to_string()));
    }
    HeaderValue::from_maybe_shared(value).map_err(|_| HeaderError::Value(name.to_string()))
}

#[cfg(test)]
mod tests;
