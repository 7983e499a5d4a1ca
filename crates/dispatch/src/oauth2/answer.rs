//! What a token endpoint answers (RFC 6749, section 5), and what it means for a delivery.
//!
//! Nothing of the answer's text goes into an error: an endpoint may repeat the secret that it was
//! sent. The error codes of the standard are told apart and named in our own words.

use crate::egress::SendError;
use crate::outcome::{Answer, ErrorClass};
use foghorn_model::time::Micros;
use http::HeaderValue;
use serde_json::Value;
use std::fmt;

/// The longest token that is sent on.
pub const TOKEN_BYTES_MAX: usize = 8192;
/// How long a token is good for whose answer does not say.
pub const LIFETIME_DEFAULT: Micros = Micros::from_secs(300);
/// Longer than any token lives: beyond it a number of seconds means nothing.
const LIFETIME_SECS_MAX: i64 = 10 * 365 * 24 * 3600;

/// The error codes of RFC 6749, section 5.2.
const CODES: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// A token that was granted.
#[derive(Clone, PartialEq, Eq)]
pub struct Granted {
    /// The value of `Authorization`.
    pub bearer: HeaderValue,
    /// How long it is good for.
    pub lifetime: Micros,
}

/// Without the token.
impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// Why there is no token. The text is for the delivery log.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// The endpoint did not answer, or may not be asked.
    #[error("oauth2_token_url: {0}")]
    NoAnswer(#[from] SendError),
    /// It cannot grant one at the moment.
    #[error("oauth2_token_url: it answers {0}")]
    Unavailable(u16),
    /// It will not grant one as the webhook is configured.
    #[error("oauth2_token_url: it answers {status}, {}", code.unwrap_or("no error code"))]
    Refused {
        /// The status.
        status: u16,
        /// The error code of the standard, when there was one.
        code: Option<&'static str>,
    },
    /// What it answers holds no token that can be used.
    #[error("oauth2_token_url: {0}")]
    Unusable(&'static str),
}

impl TokenError {
    /// The error as [`crate::outcome::classify`] takes it.
    pub fn answer(&self) -> Answer {
        match self {
            Self::NoAnswer(error) => error.answer(),
            Self::Unavailable(_) => Answer::Failed(ErrorClass::TokenUnavailable),
            Self::Refused { .. } | Self::Unusable(_) => Answer::Failed(ErrorClass::TokenRefused),
        }
    }

    pub(crate) fn late(secs: u64) -> Self {
        let detail = format!("no token within {secs} s");
        Self::NoAnswer(SendError { class: ErrorClass::Timeout, detail })
    }
}

/// Reads an answer. `is_whole` tells whether all of its body is there.
///
/// A `token_type` that is left out, against the standard, stands for `Bearer`, and `expires_in`
/// may be a number in a string: both are common.
///
/// # Errors
/// If it grants nothing that can be used.
pub fn read_answer(status: u16, body: &[u8], is_whole: bool) -> Result<Granted, TokenError> {
    if !(200..300).contains(&status) {
        return Err(of_status(status, body));
    }
    if !is_whole {
        return Err(TokenError::Unusable("its answer is too long, or broke off"));
    }
    let answer: Value =
        serde_json::from_slice(body).map_err(|_| TokenError::Unusable("its answer is not json"))?;
    let is_bearer = answer.get("token_type").is_none_or(|it| {
        it.is_null() || it.as_str().is_some_and(|it| it.eq_ignore_ascii_case("bearer"))
    });
    if !is_bearer {
        return Err(TokenError::Unusable("its token is not of the type bearer"));
    }
    let token = answer.get("access_token").and_then(Value::as_str).unwrap_or_default();
    if token.is_empty() {
        return Err(TokenError::Unusable("its answer has no access_token"));
    }
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    let bearer = HeaderValue::try_from(format!("Bearer {token}"));
    let (true, true, Ok(mut bearer)) = (is_plain, token.len() <= TOKEN_BYTES_MAX, bearer) else {
        return Err(TokenError::Unusable("its token cannot be sent in a header"));
    };
    bearer.set_sensitive(true);
    Ok(Granted { bearer, lifetime: lifetime(answer.get("expires_in")) })
}

fn of_status(status: u16, body: &[u8]) -> TokenError {
    if matches!(status, 408 | 425 | 429 | 500..) {
        return TokenError::Unavailable(status);
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let given = answer.get("error").and_then(Value::as_str);
    let code = CODES.into_iter().find(|code| given == Some(*code));
    TokenError::Refused { status, code }
}

/// What makes no sense as a time is as good as none: the token is used once.
fn lifetime(expires_in: Option<&Value>) -> Micros {
    let secs = match expires_in {
        None | Some(Value::Null) => return LIFETIME_DEFAULT,
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_f64(),
    };
    // A cast of floats saturates.
    let secs = secs.map_or(0, |secs: f64| secs as i64);
    Micros::from_secs(secs.clamp(0, LIFETIME_SECS_MAX))
}

#[cfg(test)]
mod tests;
