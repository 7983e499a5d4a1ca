//! How many streams may be open: a connection that lasts is taken from others.

use crate::error::Error;
use foghorn_catalog::Principal;
use foghorn_model::{OrgId, TokenId};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// In all: half of the connections that the server has, so that requests find one.
const ALL_MAX: usize = 2048;
/// Of the administrators and tokens of one org.
const OF_ORG_MAX: usize = 512;
/// Of one token or administrator.
const OF_TOKEN_MAX: usize = 64;
/// When who found none may come again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// The streams that are open.
#[derive(Debug, Default)]
pub(crate) struct Seats(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    orgs: HashMap<OrgId, usize>,
    tokens: HashMap<TokenId, usize>,
}

/// One of them, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Seat {
    of: Arc<Seats>,
    orgs: BTreeSet<OrgId>,
    token: TokenId,
}

impl Seats {
    /// Takes a seat for somebody.
    ///
    /// # Errors
    /// [`Error::TooManyStreams`].
    pub(crate) fn take(self: &Arc<Self>, principal: &Principal) -> Result<Seat, Error> {
        let orgs: BTreeSet<OrgId> = principal.grants.iter().map(|grant| grant.org_id).collect();
        let token = principal.token_id;
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = taken.all < ALL_MAX
            && taken.tokens.get(&token).is_none_or(|count| *count < OF_TOKEN_MAX)
            && orgs.iter().all(|org| taken.orgs.get(org).is_none_or(|count| *count < OF_ORG_MAX));
        if !is_free {
            return Err(Error::TooManyStreams(RETRY_AFTER));
        }
        taken.all += 1;
        *taken.tokens.entry(token).or_default() += 1;
        for org in &orgs {
            *taken.orgs.entry(*org).or_default() += 1;
        }
        Ok(Seat { of: Arc::clone(self), orgs, token })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        give_back(&mut taken.tokens, &self.token);
        for org in &self.orgs {
            give_back(&mut taken.orgs, org);
        }
    }
}

fn give_back<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foghorn_catalog::{Grant, Role};

    fn principal(token: u8, org: u8) -> Principal {
        let org_id = OrgId::from_bytes([org; 16]);
        Principal {
            token_id: TokenId::from_bytes([token; 16]),
            name: String::new(),
            admin: None,
            in_person: false,
            grants: vec![Grant { org_id, site_id: None, role: Role::Read }],
            src_ips: Vec::new(),
        }
    }

    #[test]
    fn a_token_and_an_org_have_so_many_and_no_other_is_shut_out() {
        let seats = Arc::new(Seats::default());
        let take = |token, org| seats.take(&principal(token, org));
        let mut held: Vec<Seat> = (0..OF_TOKEN_MAX).map(|_| take(1, 1).unwrap()).collect();
        assert!(take(1, 1).is_err());
        held.pop();
        held.push(take(1, 1).unwrap());
        for token in 2..=u8::try_from(OF_ORG_MAX / OF_TOKEN_MAX).unwrap() {
            held.extend((0..OF_TOKEN_MAX).map(|_| take(token, 1).unwrap()));
        }
        assert!(take(99, 1).is_err(), "the org is full");
        assert!(take(99, 2).is_ok(), "another one is not");
        held.clear();
        let taken = seats.0.lock().unwrap();
        assert_eq!((taken.all, taken.orgs.len(), taken.tokens.len()), (0, 0, 0));
    }
}
