//! Signatures over a webhook's body.
//!
//! Two families go out side by side. Mist's cover the body alone: `X-Mist-Signature-V2` is hex
//! HMAC-SHA256 and `X-Mist-Signature` hex HMAC-SHA1, so a captured request can be replayed. The
//! Standard Webhooks signature covers `id.timestamp.body`, which binds the delivery and the
//! moment; a receiver that checks it can refuse a replay. All are taken over the very bytes that
//! are sent, never over a second rendering of them.
//!
//! Keys are expanded once per webhook, so that an attempt costs three passes over the body and no
//! allocation. Neither the secret nor a key can be printed: [`Signer`] and [`Verifier`] have
//! `Debug` without content.

mod hex;
mod verify;

pub use verify::{Refusal, TOLERANCE_SECS, Verifier};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use uuid::Uuid;

/// What marks a Standard Webhooks secret: the rest is the key in base64.
const STANDARD_SECRET_PREFIX: &str = "whsec_";
/// The version that stands before a Standard Webhooks signature.
const STANDARD_VERSION: &[u8; 3] = b"v1,";
/// Base64 of 32 bytes.
const STANDARD_TAG_CHARS: usize = 44;
/// A hyphenated UUID.
const ID_CHARS: usize = 36;
/// Decimal digits of an `i64`, with its sign.
const TIMESTAMP_CHARS_MAX: usize = 20;

/// The keys of one secret, ready for use.
#[derive(Clone)]
struct Keys {
    mist_sha256: hmac::Key,
    mist_sha1: hmac::Key,
    standard: hmac::Key,
}

impl Keys {
    fn new(secret: &str) -> Self {
        let mist_sha256 = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let standard = secret
            .strip_prefix(STANDARD_SECRET_PREFIX)
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .filter(|key| !key.is_empty())
            .map_or_else(|| mist_sha256.clone(), |key| hmac::Key::new(hmac::HMAC_SHA256, &key));
        let mist_sha1 = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        Self { mist_sha256, mist_sha1, standard }
    }

    fn standard_context(&self, id: &[u8], timestamp: &[u8], body: &[u8]) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.standard);
        context.update(id);
        context.update(b".");
        context.update(timestamp);
        context.update(b".");
        context.update(body);
        context
    }
}

/// Signs the deliveries of one webhook.
#[derive(Clone)]
pub struct Signer {
    keys: Option<Keys>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("signs", &self.signs()).finish_non_exhaustive()
    }
}

impl Signer {
    /// Expands the keys of a webhook's secret. An empty secret is none: a signature under the
    /// empty key would look like a proof and be none. A secret that begins with `whsec_` gives
    /// its base64 part as the Standard Webhooks key; Mist's signatures use the secret as it
    /// stands.
    pub fn new(secret: Option<&str>) -> Self {
        Self { keys: secret.filter(|secret| !secret.is_empty()).map(Keys::new) }
    }

    /// Whether there is a secret.
    pub fn signs(&self) -> bool {
        self.keys.is_some()
    }

    /// The signature headers of one attempt, made at `at_unix_secs` (seconds since the epoch).
    /// Without a secret only the id and the timestamp are set.
    pub fn headers(&self, delivery_id: Uuid, at_unix_secs: i64, body: &[u8]) -> Signatures {
        let mut id = [0; ID_CHARS];
        delivery_id.hyphenated().encode_lower(&mut id);
        let timestamp = Decimal::new(at_unix_secs);
        let tags = self.keys.as_ref().map(|keys| Tags::new(keys, &id, timestamp.bytes(), body));
        Signatures { id, timestamp, tags }
    }
}

/// The signature headers of one attempt, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatures {
    id: [u8; ID_CHARS],
    timestamp: Decimal,
    tags: Option<Tags>,
}

#[derive(Clone, PartialEq, Eq)]
struct Tags {
    mist_v2: [u8; 64],
    mist_v1: [u8; 40],
    standard: [u8; STANDARD_VERSION.len() + STANDARD_TAG_CHARS],
}

/// Whoever holds a signature can replay the request under it: it has no place in a log.
impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[signed]")
    }
}

impl Tags {
    fn new(keys: &Keys, id: &[u8], timestamp: &[u8], body: &[u8]) -> Self {
        let mut tags = Self { mist_v2: [0; 64], mist_v1: [0; 40], standard: [0; 47] };
        hex::encode(hmac::sign(&keys.mist_sha256, body).as_ref(), &mut tags.mist_v2);
        hex::encode(hmac::sign(&keys.mist_sha1, body).as_ref(), &mut tags.mist_v1);
        let tag = keys.standard_context(id, timestamp, body).sign();
        let (version, encoded) = tags.standard.split_at_mut(STANDARD_VERSION.len());
        version.copy_from_slice(STANDARD_VERSION);
        let written = STANDARD.encode_slice(tag.as_ref(), encoded);
        assert_eq!(written.ok(), Some(STANDARD_TAG_CHARS), "base64 of 32 bytes has 44 characters");
        tags
    }
}

impl Signatures {
    /// `webhook-id`: the delivery's id, the same over all attempts.
    pub fn id(&self) -> &str {
        ascii(&self.id)
    }

    /// `webhook-timestamp`: seconds since the epoch, of this attempt.
    pub fn timestamp(&self) -> &str {
        ascii(self.timestamp.bytes())
    }

    /// `webhook-signature`, when there is a secret.
    pub fn standard(&self) -> Option<&str> {
        self.tags.as_ref().map(|tags| ascii(&tags.standard))
    }

    /// `X-Mist-Signature-V2`, when there is a secret.
    pub fn mist_v2(&self) -> Option<&str> {
        self.tags.as_ref().map(|tags| ascii(&tags.mist_v2))
    }

    /// `X-Mist-Signature`, when there is a secret.
    pub fn mist_v1(&self) -> Option<&str> {
        self.tags.as_ref().map(|tags| ascii(&tags.mist_v1))
    }
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("digits, hex and base64 are ascii")
}

/// An integer as decimal text, without an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decimal {
    digits: [u8; TIMESTAMP_CHARS_MAX],
    start: usize,
}

impl Decimal {
    fn new(number: i64) -> Self {
        let mut text = Self { digits: [0; TIMESTAMP_CHARS_MAX], start: TIMESTAMP_CHARS_MAX };
        let mut rest = number.unsigned_abs();
        loop {
            text.push_front(b'0' + (rest % 10) as u8);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            text.push_front(b'-');
        }
        text
    }

    fn push_front(&mut self, digit: u8) {
        self.start -= 1;
        self.digits[self.start] = digit;
    }

    fn bytes(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

#[cfg(test)]
mod tests;
