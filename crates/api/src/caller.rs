//! Who calls, and what they may do.

use crate::Api;
use crate::error::Error;
use axum::extract::{ConnectInfo, FromRequestParts};
use foghorn_catalog::{Access, Principal, Right, Scope};
use foghorn_model::{Actor, OrgId, SiteId, Timestamp, TokenId};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::request::Parts;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Calls that a token may make in an hour, as Mist has it; telemetry is not counted.
pub const CALLS_PER_HOUR_MAX: u32 = 5000;
const HOUR_SECS: i64 = 3600;

/// Whoever presents a token that is known.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Arc<Principal>,
    pub(crate) actor: Actor,
    api: Api,
}

/// A caller whose calls are not counted against the hour: a source of telemetry.
#[derive(Debug, Clone)]
pub(crate) struct Uncounted(pub(crate) Caller);

/// Calls by token in the hour under way.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    state: Mutex<(i64, HashMap<TokenId, u32>)>,
}

impl Calls {
    fn count(&self, token: TokenId, now: Timestamp) -> Result<(), Error> {
        let hour = now.secs().div_euclid(HOUR_SECS);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 != hour {
            *state = (hour, HashMap::new());
        }
        let calls = state.1.entry(token).or_insert(0);
        if *calls >= CALLS_PER_HOUR_MAX {
            let left = HOUR_SECS - now.secs().rem_euclid(HOUR_SECS);
            return Err(Error::TooMany(Duration::from_secs(u64::try_from(left).unwrap_or(1))));
        }
        *calls += 1;
        Ok(())
    }

    fn made(&self, token: TokenId) -> u32 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.get(&token).copied().unwrap_or(0)
    }
}

impl FromRequestParts<Api> for Uncounted {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let key = text(AUTHORIZATION).and_then(|value| {
            let (scheme, key) = value.split_once(' ')?;
            let known = ["token", "bearer"].contains(&scheme.to_ascii_lowercase().as_str());
            known.then(|| key.trim())
        });
        let principal = key.and_then(|key| api.catalog.authenticate(key));
        let principal = principal.ok_or(Error::Unauthenticated)?;
        let source: Option<IpAddr> =
            parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip().to_canonical());
        if source.is_some_and(|ip| !principal.may_come_from(ip)) {
            return Err(Error::Forbidden);
        }
        let agent = text(USER_AGENT).map(|agent| agent.chars().take(255).collect());
        let actor = principal.actor(source.map(|ip| ip.to_string()), agent);
        Ok(Self(Caller { principal, actor, api: api.clone() }))
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let Uncounted(caller) = Uncounted::from_request_parts(parts, api).await?;
        api.calls.count(caller.principal.token_id, api.backend.now())?;
        Ok(caller)
    }
}

impl Caller {
    /// The scope of an org, when the caller has this right in all of it.
    pub(crate) fn org(&self, org: OrgId, right: Right) -> Result<Scope, Error> {
        self.check(org, None, right)?;
        Ok(Scope { org, site: None })
    }

    /// The scope of a site, when the caller has this right there.
    pub(crate) fn site(&self, site: SiteId, right: Right) -> Result<Scope, Error> {
        let view = self.api.catalog.view();
        let org = view.sites.get(&site).map(|site| site.org_id).ok_or(Error::NotFound)?;
        self.check(org, Some(site), right)?;
        Ok(Scope { org, site: Some(site) })
    }

    fn check(&self, org: OrgId, site: Option<SiteId>, right: Right) -> Result<(), Error> {
        match self.principal.access(org, site, right) {
            Access::Allowed => Ok(()),
            Access::Denied => Err(Error::Forbidden),
            Access::Unknown => Err(Error::NotFound),
        }
    }

    /// Whether secrets are shown: to whoever may write them.
    pub(crate) fn sees_secrets(&self, scope: Scope) -> bool {
        self.principal.access(scope.org, scope.site, Right::Write) == Access::Allowed
    }

    /// How many calls its token has made in this hour.
    pub(crate) fn calls_made(&self) -> u32 {
        self.api.calls.made(self.principal.token_id)
    }
}
