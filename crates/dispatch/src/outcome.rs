//! What the answer to an attempt means for its batch, its lane and its endpoint.
//!
//! Three questions, one pure table. Does the answer speak of the *batch* (split it, refuse it),
//! of the *endpoint's configuration* (pause the lane: a bad deploy must not drain a backlog) or
//! of a *moment* (try again)? A redirect is never followed: whoever moved the endpoint must say
//! so in the webhook.

use crate::schedule::{self, RetryAfter};
use foghorn_model::time::{Micros, Timestamp};
use uuid::Uuid;

/// Answers of the kind 400 and 422 after which a batch is no longer repeated as it is.
pub const REFUSALS_MAX: u32 = 3;

/// How an attempt ended before there was a status.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ErrorClass {
    /// The deadline passed.
    Timeout,
    /// The name did not resolve.
    Dns,
    /// No connection.
    Connect,
    /// The TLS handshake failed, or the certificate was not accepted.
    Tls,
    /// The connection ended before the answer did.
    Reset,
    /// The answer was not HTTP/1.1, or its head was larger than we read.
    Protocol,
    /// The address policy forbids every address of the destination.
    Blocked,
    /// The request may not be sent as configured (its URL or its headers).
    Invalid,
    /// The token endpoint cannot grant a token at the moment.
    TokenUnavailable,
    /// The token endpoint grants none as the webhook is configured.
    TokenRefused,
}

impl ErrorClass {
    /// The word of this class in delivery rows and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::Blocked => "blocked",
            Self::Invalid => "invalid",
            Self::TokenUnavailable => "token-unavailable",
            Self::TokenRefused => "token-refused",
        }
    }
}

/// What came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// A status, whatever became of the response's body.
    Status {
        /// The status code.
        code: u16,
        /// Its `Retry-After`, when it had a readable one.
        retry_after: Option<RetryAfter>,
    },
    /// No status.
    Failed(ErrorClass),
}

/// The attempt that was answered.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The delivery's id.
    pub delivery: Uuid,
    /// Its number, the first is 1.
    pub number: u32,
    /// How many answers of the kind 400 and 422 the batch had before this one. Counted apart from
    /// the attempts, so that an outage's retries do not use up the patience for a refusal.
    pub refusals: u32,
    /// How many events the batch has.
    pub events: usize,
    /// Further status codes that the webhook takes as success.
    pub success_codes: &'a [u16],
    /// When the answer came.
    pub now: Timestamp,
}

/// What an answer says about the endpoint, for its breaker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    /// It answers; what it answered is between it and the batch or the webhook.
    Alive,
    /// It is down, overloaded or out of reach.
    Failing,
}

/// What to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The receiver has the batch: the cursor may pass it.
    Delivered,
    /// Send the same batch again after this wait.
    Retry {
        /// How long to wait.
        after: Micros,
        /// Whether the endpoint is at fault.
        health: Health,
        /// Whether the receiver refused the content: count it in [`Attempt::refusals`].
        refused: bool,
    },
    /// Halve the batch: it is too large, or one of its events is not wanted.
    Split,
    /// Refuse the batch's only event, with a row, and go on.
    Reject,
    /// Stop the lane, flag the webhook and probe ([`schedule::probe_after`]).
    Pause,
}

impl Outcome {
    /// What the breaker of the endpoint learns.
    pub fn health(self) -> Health {
        match self {
            Self::Retry { health, .. } => health,
            Self::Delivered | Self::Split | Self::Reject | Self::Pause => Health::Alive,
        }
    }
}

/// Whether a receiver that answers this has the batch.
pub(crate) fn is_success(code: u16, further: &[u16]) -> bool {
    (200..300).contains(&code) || further.contains(&code)
}

/// Reads an answer.
pub fn classify(answer: Answer, attempt: &Attempt<'_>) -> Outcome {
    match answer {
        Answer::Status { code, retry_after } => of_status(code, retry_after, attempt),
        Answer::Failed(ErrorClass::Blocked | ErrorClass::Invalid | ErrorClass::TokenRefused) => {
            Outcome::Pause
        }
        Answer::Failed(_) => again(None, attempt, Health::Failing),
    }
}

fn of_status(code: u16, asked: Option<RetryAfter>, attempt: &Attempt<'_>) -> Outcome {
    if is_success(code, attempt.success_codes) {
        return Outcome::Delivered;
    }
    match code {
        413 => split_or_reject(attempt),
        // Sent too early, says the receiver: it is well.
        425 => again(asked, attempt, Health::Alive),
        408 | 429 => again(asked, attempt, Health::Failing),
        300..400 | 401..=405 | 407 | 410 | 421 | 426 | 451 => Outcome::Pause,
        400..500 => refused(asked, attempt),
        // 5xx, and codes that HTTP does not know.
        _ => again(asked, attempt, Health::Failing),
    }
}

fn refused(asked: Option<RetryAfter>, attempt: &Attempt<'_>) -> Outcome {
    if attempt.refusals.saturating_add(1) >= REFUSALS_MAX {
        return split_or_reject(attempt);
    }
    Outcome::Retry { after: wait(asked, attempt), health: Health::Alive, refused: true }
}

fn split_or_reject(attempt: &Attempt<'_>) -> Outcome {
    if attempt.events > 1 { Outcome::Split } else { Outcome::Reject }
}

fn again(asked: Option<RetryAfter>, attempt: &Attempt<'_>, health: Health) -> Outcome {
    Outcome::Retry { after: wait(asked, attempt), health, refused: false }
}

fn wait(asked: Option<RetryAfter>, attempt: &Attempt<'_>) -> Micros {
    let scheduled = || schedule::retry_after(attempt.number, attempt.delivery);
    asked.map_or_else(scheduled, |asked| asked.bounded(attempt.now))
}

#[cfg(test)]
mod tests;
