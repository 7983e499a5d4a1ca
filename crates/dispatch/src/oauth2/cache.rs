//! Tokens that are held, without a socket or a clock.
//!
//! For each version of each webhook there is a token, or a fetch that is under way, or nothing.
//! The key names the org, so that no token is ever used for another one's webhook, and the
//! version, so that none outlives the configuration that it was asked for with. A token is given
//! out until some time before it expires, and is dropped by the refusal of exactly that token:
//! of many attempts that were refused under one token, the first has it fetched anew.

use super::answer::Granted;
use foghorn_model::time::Micros;
use foghorn_model::{OrgId, Timestamp, WebhookId};
use foldhash::HashMap;
use http::HeaderValue;
use std::fmt;

/// How long before its end a token is given out no longer; a fifth of its time when that is less.
pub const MARGIN_MAX: Micros = Micros::from_secs(60);
/// A token is held no longer than this, whatever it is said to be good for.
pub const HELD_MAX: Micros = Micros::from_secs(24 * 3600);
/// A fetch that has not ended by then is lost: it has a deadline that is shorter.
const LOST_AFTER: Micros = Micros::from_secs(30);

/// Whose token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TokenKey {
    /// The org.
    pub org: OrgId,
    /// Its webhook.
    pub webhook: WebhookId,
    /// The version of the webhook's configuration.
    pub version: i64,
}

/// A token, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    bearer: HeaderValue,
    serial: u64,
}

/// Without the token.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Token").field(&self.serial).finish()
    }
}

impl Token {
    /// The value of `Authorization`.
    pub fn bearer(&self) -> &HeaderValue {
        &self.bearer
    }
}

/// Names a fetch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ticket(u64);

/// What whoever needs a token is to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Use this one.
    Use(Token),
    /// Wait for this fetch, which is under way.
    Wait(Ticket),
    /// Fetch one, and say what came of it to [`TokenCache::settle`].
    Fetch(Ticket),
}

enum Slot {
    Fetching { ticket: Ticket, since: Timestamp },
    Held { token: Token, until: Timestamp },
}

/// All tokens.
#[derive(Default)]
pub struct TokenCache {
    slots: HashMap<TokenKey, Slot>,
    counted: u64,
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

impl TokenCache {
    /// Somebody needs a token.
    pub fn ask(&mut self, key: TokenKey, now: Timestamp) -> Ask {
        match self.slots.get(&key) {
            Some(Slot::Held { token, until }) if now < *until => return Ask::Use(token.clone()),
            Some(Slot::Fetching { ticket, since }) if now.since(*since) < LOST_AFTER => {
                return Ask::Wait(*ticket);
            }
            Some(Slot::Held { .. } | Slot::Fetching { .. }) | None => {}
        }
        let ticket = Ticket(self.count());
        self.slots.insert(key, Slot::Fetching { ticket, since: now });
        Ask::Fetch(ticket)
    }

    /// A fetch ended, with this grant or without one. The token is for whoever waited, also when
    /// it is not held: the webhook may have changed since.
    ///
    /// # Errors
    /// The fetch's own.
    pub fn settle<E>(
        &mut self,
        key: TokenKey,
        ticket: Ticket,
        granted: Result<Granted, E>,
        now: Timestamp,
    ) -> Result<Token, E> {
        let begun = match self.slots.get(&key) {
            Some(Slot::Fetching { ticket: current, since }) if *current == ticket => Some(*since),
            Some(Slot::Held { .. } | Slot::Fetching { .. }) | None => None,
        };
        if begun.is_some() {
            self.slots.remove(&key);
        }
        let Granted { bearer, lifetime } = granted?;
        let token = Token { bearer, serial: self.count() };
        if let Some(begun) = begun {
            // Its time may have begun when the request did.
            let lifetime = lifetime.min(HELD_MAX);
            let margin = Micros(lifetime.0 / 5).min(MARGIN_MAX);
            let until = begun + Micros(lifetime.0 - margin.0);
            if now < until {
                self.slots.insert(key, Slot::Held { token: token.clone(), until });
            }
        }
        Ok(token)
    }

    /// The receiver refused this token: it is given out no longer.
    pub fn refused(&mut self, key: TokenKey, token: &Token) {
        let is_held = |slot: &Slot| matches!(slot, Slot::Held { token: held, .. } if held == token);
        if self.slots.get(&key).is_some_and(is_held) {
            self.slots.remove(&key);
        }
    }

    /// Forgets the others.
    pub fn retain(&mut self, keep: impl Fn(&TokenKey) -> bool) {
        self.slots.retain(|key, _| keep(key));
    }

    fn count(&mut self) -> u64 {
        self.counted += 1;
        self.counted
    }
}

#[cfg(test)]
mod tests;
