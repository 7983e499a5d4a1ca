//! Bearer tokens of webhooks of the type `oauth2`: asked for when first needed, held in memory,
//! asked for again before they expire or when a receiver refuses one.
//!
//! - **One fetch at a time** for a webhook; whoever needs its token meanwhile waits for that
//!   one, each for as long as its own attempt has time, and shares what comes of it. A fetch is a
//!   task of its own, since the attempt that began it may run out of time before the others do;
//!   its deadline, [`FETCH_SECS_MAX`], is what bounds it.
//! - **Nobody else waits**: a slow endpoint takes up requests of its own webhooks, and those are
//!   counted and broken by receiver *and* endpoint ([`crate::Endpoint::host_key`]).
//! - **Nothing is kept over a restart**: a token is asked for again. Failures are not remembered
//!   either: the lanes' schedule, gate and breaker say when to try again.
//!
//! [`cache`] is the state machine, [`request`] and [`answer`] are the two halves of the protocol;
//! here is what ties them to sockets.

pub mod answer;
pub mod cache;
pub mod request;

use crate::egress::Egress;
use answer::{TokenError, read_answer};
use cache::{Ask, Ticket, Token, TokenCache, TokenKey};
use foghorn_model::Timestamp;
use foldhash::HashMap;
use request::TokenRequest;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long a token endpoint may take to answer.
pub const FETCH_SECS_MAX: u64 = 5;

type Fetched = Option<Result<Token, TokenError>>;

/// Where a token comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Age {
    /// It was there already: a receiver that refuses it may take another.
    Held,
    /// It was fetched for whoever asked.
    Fresh,
}

/// The tokens of all webhooks.
pub struct Tokens {
    egress: Arc<Egress>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    cache: TokenCache,
    fetches: HashMap<Ticket, watch::Receiver<Fetched>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("cache", &self.lock().cache).finish_non_exhaustive()
    }
}

impl Tokens {
    /// No tokens yet; they come through this egress, under its policy.
    pub fn new(egress: Arc<Egress>, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Arc<Self> {
        Arc::new(Self { egress, clock, inner: Mutex::default() })
    }

    /// A token for this webhook, the one that is held or another. The fetch goes on when whoever
    /// asked goes away. To be called on the runtime that sends.
    ///
    /// # Errors
    /// If the endpoint gave none.
    pub async fn get(
        self: &Arc<Self>,
        key: TokenKey,
        request: &Arc<TokenRequest>,
    ) -> Result<(Token, Age), TokenError> {
        let mut fetch = match self.ask(key, request) {
            Ok(token) => return Ok((token, Age::Held)),
            Err(fetch) => fetch,
        };
        let fetched = match fetch.wait_for(Option::is_some).await {
            Ok(fetched) => fetched.clone(),
            // The runtime is ending.
            Err(_) => None,
        };
        let token = fetched.unwrap_or_else(|| Err(TokenError::late(FETCH_SECS_MAX)))?;
        Ok((token, Age::Fresh))
    }

    /// The receiver refused this token.
    pub fn refused(&self, key: TokenKey, token: &Token) {
        self.lock().cache.refused(key, token);
    }

    /// Forgets the tokens of webhooks that are gone or have changed.
    pub fn retain(&self, keep: impl Fn(&TokenKey) -> bool) {
        self.lock().cache.retain(keep);
    }

    /// The token that is held, or the fetch to wait for, which begins now unless it has.
    fn ask(
        self: &Arc<Self>,
        key: TokenKey,
        request: &Arc<TokenRequest>,
    ) -> Result<Token, watch::Receiver<Fetched>> {
        let mut inner = self.lock();
        match inner.cache.ask(key, (self.clock)()) {
            Ask::Use(token) => Ok(token),
            Ask::Wait(ticket) => {
                let fetch = inner.fetches.get(&ticket).cloned();
                Err(fetch.unwrap_or_else(|| watch::channel(None).1))
            }
            Ask::Fetch(ticket) => {
                let (sender, fetch) = watch::channel(None);
                inner.fetches.insert(ticket, fetch.clone());
                let (tokens, request) = (Arc::clone(self), Arc::clone(request));
                tokio::spawn(async move {
                    let fetched = tokens.fetch(key, ticket, &request).await;
                    sender.send_replace(Some(fetched));
                });
                Err(fetch)
            }
        }
    }

    async fn fetch(
        &self,
        key: TokenKey,
        ticket: Ticket,
        request: &TokenRequest,
    ) -> Result<Token, TokenError> {
        let answer = request.send(&self.egress, Duration::from_secs(FETCH_SECS_MAX)).await;
        let granted = match answer {
            Ok((status, body, is_whole)) => read_answer(status, &body, is_whole),
            Err(error) => Err(error.into()),
        };
        let mut inner = self.lock();
        inner.fetches.remove(&ticket);
        inner.cache.settle(key, ticket, granted, (self.clock)())
    }

    /// Nothing is left half done under the lock.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
