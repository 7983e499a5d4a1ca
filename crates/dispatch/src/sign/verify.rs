//! The receiver's side: is this request ours?
//!
//! Every comparison of a tag is constant in time. Mist's signatures prove the sender and the
//! body; only the Standard Webhooks one also proves the moment, so a replay is refused by it
//! alone.

use super::{Keys, hex};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// How far a signed timestamp may lie from the receiver's clock, as Standard Webhooks has it.
pub const TOLERANCE_SECS: i64 = 300;
/// Signatures tried in one `webhook-signature` header (rotation sends two).
const SIGNATURES_TRIED_MAX: usize = 8;

/// Why a request was not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The tag is not one of this secret over these bytes, or no tag at all.
    #[error("signature does not match")]
    Signature,
    /// The timestamp is no number of seconds.
    #[error("webhook-timestamp is no number of seconds")]
    Timestamp,
    /// The timestamp lies too far from now: a replay, or a wrong clock.
    #[error("webhook-timestamp is more than {TOLERANCE_SECS} seconds from now")]
    Stale,
}

/// Checks requests against one secret.
#[derive(Clone)]
pub struct Verifier {
    keys: Keys,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    /// Expands the keys of a secret.
    pub fn new(secret: &str) -> Self {
        Self { keys: Keys::new(secret) }
    }

    /// Checks `X-Mist-Signature-V2`: hex HMAC-SHA256 of the body.
    pub fn mist_v2(&self, body: &[u8], header: &str) -> Result<(), Refusal> {
        let tag = hex::decode::<32>(header).ok_or(Refusal::Signature)?;
        hmac::verify(&self.keys.mist_sha256, body, &tag).map_err(|_| Refusal::Signature)
    }

    /// Checks `X-Mist-Signature`: hex HMAC-SHA1 of the body.
    pub fn mist_v1(&self, body: &[u8], header: &str) -> Result<(), Refusal> {
        let tag = hex::decode::<20>(header).ok_or(Refusal::Signature)?;
        hmac::verify(&self.keys.mist_sha1, body, &tag).map_err(|_| Refusal::Signature)
    }

    /// Checks the three Standard Webhooks headers against the receiver's clock
    /// (`now_unix_secs`). The header may carry several signatures, separated by spaces; one that
    /// matches is enough.
    pub fn standard(
        &self,
        id: &str,
        timestamp: &str,
        body: &[u8],
        header: &str,
        now_unix_secs: i64,
    ) -> Result<(), Refusal> {
        let at: i64 = timestamp.parse().map_err(|_| Refusal::Timestamp)?;
        if now_unix_secs.saturating_sub(at).unsigned_abs() > TOLERANCE_SECS.unsigned_abs() {
            return Err(Refusal::Stale);
        }
        let expected = self.keys.standard_context(id.as_bytes(), timestamp.as_bytes(), body).sign();
        let matches = header
            .split(' ')
            .take(SIGNATURES_TRIED_MAX)
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .filter_map(|encoded| STANDARD.decode(encoded).ok())
            .any(|tag| {
                aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), &tag).is_ok()
            });
        if matches { Ok(()) } else { Err(Refusal::Signature) }
    }
}
