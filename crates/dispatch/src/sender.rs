//! One attempt over the wire: the credential, the request, and what is told of the answer.
//!
//! All of it has one deadline, [`ATTEMPT_SECS_MAX`]: getting a token counts. When a receiver of
//! the type `oauth2` answers 401 to a token that was held, the attempt drops it, gets another and
//! sends once more; a token that was fetched for this attempt is not fetched again. No credential
//! is in what an attempt reports: a receiver that repeats one in its answer is quoted without it.

use crate::egress::headers::Trace;
use crate::egress::{Egress, Request, SendError};
use crate::endpoint::{Credential, Target};
use crate::exchange::{Exchange, Secrets};
use crate::index::Index;
use crate::lanes::{Attempt, Report};
use crate::oauth2::answer::TokenError;
use crate::oauth2::cache::{Token, TokenKey};
use crate::oauth2::request::TokenRequest;
use crate::oauth2::{Age, Tokens};
use crate::outcome::{Answer, ErrorClass, is_success};
use crate::sign::Signatures;
use foghorn_model::Timestamp;
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long an attempt may take.
pub const ATTEMPT_SECS_MAX: u64 = 10;

const UNAUTHORIZED: u16 = 401;

/// Sends attempts.
#[derive(Debug)]
pub struct Sender {
    egress: Arc<Egress>,
    tokens: Arc<Tokens>,
}

/// An attempt that may be sent, and until when.
struct Sending<'a> {
    attempt: &'a Attempt,
    target: &'a Target,
    signatures: Signatures,
    deadline: Instant,
}

/// What a receiver answered, as it is told.
struct Answered {
    status: u16,
    answer: Answer,
    /// Of one that did not take the batch, the rest.
    refusal: Option<Refusal>,
}

struct Refusal {
    headers: HeaderMap,
    text: String,
    secrets: Secrets,
}

/// Where a batch lies, as headers have it.
struct Names {
    lane: String,
    first: String,
    last: String,
    previous: Option<String>,
}

impl Names {
    fn of(attempt: &Attempt) -> Self {
        Self {
            lane: attempt.lane.to_string(),
            first: attempt.first.to_string(),
            last: attempt.last.to_string(),
            previous: attempt.previous.map(|key| key.to_string()),
        }
    }

    fn trace(&self) -> Trace<'_> {
        Trace {
            lane: Some(&self.lane),
            first: Some(&self.first),
            last: Some(&self.last),
            previous: self.previous.as_deref(),
        }
    }
}

impl Sending<'_> {
    /// What is kept of it, if it failed.
    fn exchange(&self, answered: Option<&Answered>) -> Option<Box<Exchange>> {
        let Sending { attempt, target, signatures, .. } = self;
        let refusal = match answered {
            Some(answered) => Some(answered.refusal.as_ref()?),
            None => None,
        };
        let url = &attempt.endpoint.webhook.url;
        let (names, body) = (Names::of(attempt), attempt.body.clone());
        let proof = (&names.trace(), signatures);
        let headers = refusal.map(|it| (&it.headers, &it.secrets));
        Some(Box::new(Exchange::new(url, target, proof, body, headers)))
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Failure {
    fn answer(&self) -> Answer {
        match self {
            Self::Send(error) => error.answer(),
            Self::Token(error) => error.answer(),
        }
    }
}

impl Sender {
    /// A sender over this egress; the clock says when tokens expire.
    pub fn new(egress: Arc<Egress>, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        let tokens = Tokens::new(Arc::clone(&egress), clock);
        Self { egress, tokens }
    }

    /// Webhooks changed: the tokens of those that are gone, or are others now, are forgotten.
    pub fn configured(&self, index: &Index) {
        let is_current =
            |key: &TokenKey| index.endpoint(key.webhook).is_some_and(|it| it.token_key() == *key);
        self.tokens.retain(is_current);
    }

    /// Sends an attempt that begins at this time. To be called on the runtime that sends.
    pub async fn send(&self, attempt: Attempt, at: Timestamp) -> Report {
        let started = Instant::now();
        let endpoint = Arc::clone(&attempt.endpoint);
        let (answer, error, response, exchange) = match (&endpoint.target, attempt.sign(at)) {
            (Ok(target), Some(signatures)) => {
                let deadline = started + Duration::from_secs(ATTEMPT_SECS_MAX);
                let sending = Sending { attempt: &attempt, target, signatures, deadline };
                match self.authorized(&sending).await {
                    Ok(answered) => {
                        let exchange = sending.exchange(Some(&answered));
                        let text = answered.refusal.map(|it| it.text).filter(|it| !it.is_empty());
                        (answered.answer, None, text, exchange)
                    }
                    Err(failure) => {
                        let was_sent = matches!(failure, Failure::Send(_));
                        let exchange = was_sent.then(|| sending.exchange(None)).flatten();
                        (failure.answer(), Some(failure.to_string()), None, exchange)
                    }
                }
            }
            (target, _) => {
                let reason = target.as_ref().err().map(ToString::to_string);
                (Answer::Failed(ErrorClass::Invalid), reason, None, None)
            }
        };
        let latency_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Report { sent: attempt.sent, answer, latency_us, error, response, exchange }
    }

    /// Sends under what the webhook's type asks for.
    async fn authorized(&self, sending: &Sending<'_>) -> Result<Answered, Failure> {
        let request = match &sending.target.credential {
            Credential::None => return self.post(sending, None).await,
            Credential::Splunk(token) => return self.post(sending, Some(token)).await,
            Credential::Oauth2(request) => request,
        };
        let webhook = &sending.attempt.endpoint.webhook;
        let key = sending.attempt.endpoint.token_key();
        let (token, age) = self.token(key, request, sending.deadline).await?;
        let answered = self.post(sending, Some(token.bearer())).await?;
        if answered.status != UNAUTHORIZED || webhook.success_codes.contains(&UNAUTHORIZED) {
            return Ok(answered);
        }
        self.tokens.refused(key, &token);
        if age == Age::Fresh {
            return Ok(answered);
        }
        let (token, _) = self.token(key, request, sending.deadline).await?;
        let answered = self.post(sending, Some(token.bearer())).await?;
        if answered.status == UNAUTHORIZED {
            self.tokens.refused(key, &token);
        }
        Ok(answered)
    }

    async fn token(
        &self,
        key: TokenKey,
        request: &Arc<TokenRequest>,
        deadline: Instant,
    ) -> Result<(Token, Age), TokenError> {
        let got = timeout_at(deadline, self.tokens.get(key, request)).await;
        got.unwrap_or_else(|_| Err(TokenError::late(ATTEMPT_SECS_MAX)))
    }

    async fn post(
        &self,
        sending: &Sending<'_>,
        credential: Option<&HeaderValue>,
    ) -> Result<Answered, Failure> {
        let Sending { attempt, target, signatures, deadline } = sending;
        let names = Names::of(attempt);
        let request = Request {
            destination: &target.destination,
            headers: &target.headers,
            trace: names.trace(),
            signatures,
            authorization: credential.cloned(),
            body: attempt.body.clone(),
            deadline: deadline.saturating_duration_since(Instant::now()),
            verify_cert: attempt.endpoint.webhook.verify_cert,
        };
        let response = self.egress.send(request).await?;
        let (status, answer) = (response.status, response.answer());
        let webhook = &attempt.endpoint.webhook;
        let refusal = (!is_success(status, &webhook.success_codes)).then(|| {
            let secrets = Secrets::of(webhook, credential);
            let text = secrets.mask(&String::from_utf8_lossy(&response.body_excerpt));
            Refusal { headers: response.headers, text, secrets }
        });
        Ok(Answered { status, answer, refusal })
    }
}
