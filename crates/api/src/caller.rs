//! Who calls, and what they may do.

use crate::Api;
use crate::error::Error;
use crate::routes::login;
use axum::extract::{ConnectInfo, FromRequestParts};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use foghorn_catalog::{Access, Principal, Right, Scope, Session};
use foghorn_model::{Actor, AdminId, OrgId, SiteId, Timestamp, TokenId};
use http::header::COOKIE;
use http::request::Parts;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Calls that a token may make in an hour, as Mist has it, unless the operator says otherwise;
/// telemetry is not counted.
pub const CALLS_PER_HOUR: u32 = 5000;
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
#[derive(Debug)]
pub(crate) struct Calls {
    max: u32,
    state: Mutex<(i64, HashMap<TokenId, u32>)>,
}

impl Calls {
    pub(crate) fn new(max: u32) -> Self {
        Self { max, state: Mutex::default() }
    }

    pub(crate) fn max(&self) -> u32 {
        self.max
    }

    fn count(&self, token: TokenId, now: Timestamp) -> Result<(), Error> {
        let hour = now.secs().div_euclid(HOUR_SECS);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 != hour {
            *state = (hour, HashMap::new());
        }
        let calls = state.1.entry(token).or_insert(0);
        if *calls >= self.max {
            let left = HOUR_SECS - now.secs().rem_euclid(HOUR_SECS);
            let after = Duration::from_secs(u64::try_from(left).unwrap_or(1));
            return Err(Error::TooMany { after, max: self.max });
        }
        *calls += 1;
        Ok(())
    }

    fn made(&self, token: TokenId) -> u32 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.get(&token).copied().unwrap_or(0)
    }
}

/// The cookie that holds the key of a session.
pub(crate) const SESSION_COOKIE: &str = "sessionid";
const CSRF_HEADER: &str = "x-csrftoken";

/// What a request shows of who sent it, before it is believed.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// Where it came from, as far as the proxies on its way are believed.
    pub(crate) source: Option<IpAddr>,
    /// Whether it came over TLS, to us or to a proxy that is believed.
    pub(crate) is_tls: bool,
    /// The key of a session.
    pub(crate) session: Option<String>,
    /// Whether it says that its body is JSON.
    pub(crate) is_json: bool,
    agent: Option<String>,
    authorization: Option<(String, String)>,
    csrf: Option<String>,
    is_safe: bool,
    /// Whether the page that sent it, if one did, is of this host.
    is_same_origin: bool,
}

impl FromRequestParts<Api> for Credentials {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.split_once('='));
        let session = cookies.find(|(name, _)| name.trim() == SESSION_COOKIE);
        let authorization = text("authorization").and_then(|value| value.split_once(' '));
        let is_same_origin = text("origin").is_none_or(|origin| {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        });
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip());
        let via = |peer| api.proxies.is_tls(peer, &parts.headers);
        Ok(Self {
            source: peer.map(|peer| api.proxies.client(peer, &parts.headers)),
            is_tls: api.secure || peer.is_some_and(via),
            session: session.map(|(_, key)| key.trim().to_owned()),
            is_json: text("content-type").is_some_and(|it| it.starts_with("application/json")),
            agent: text("user-agent").map(|agent| agent.chars().take(255).collect()),
            authorization: authorization
                .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest.trim().to_owned())),
            csrf: text(CSRF_HEADER).map(str::to_owned),
            is_safe: parts.method.is_safe(),
            is_same_origin,
        })
    }
}

impl Credentials {
    /// Where it comes from, before it is known who it is.
    pub(crate) fn actor(&self) -> Actor {
        let (src_ip, user_agent) = (self.source.map(|ip| ip.to_string()), self.agent.clone());
        Actor { src_ip, user_agent, ..Actor::default() }
    }

    /// A browser sends cookies by itself: what changes something must show that the page knows
    /// what only this host's pages can read.
    pub(crate) fn check_csrf(&self, key: &str) -> Result<(), Error> {
        let shown = self.csrf.as_deref().is_some_and(|shown| Session::csrf_fits(key, shown));
        if self.is_same_origin && shown { Ok(()) } else { Err(Error::Csrf) }
    }

    /// Whoever presents these, from where they come.
    async fn caller(&self, api: &Api) -> Result<Caller, Error> {
        let principal = self.principal(api).await?;
        if self.source.is_some_and(|ip| !principal.may_come_from(ip)) {
            return Err(Error::Forbidden);
        }
        let actor = principal.actor(self.source.map(|ip| ip.to_string()), self.agent.clone());
        Ok(Caller { principal, actor, api: api.clone() })
    }

    async fn principal(&self, api: &Api) -> Result<Arc<Principal>, Error> {
        match self.authorization.as_ref().map(|(scheme, rest)| (scheme.as_str(), rest)) {
            Some(("token" | "bearer", key)) => {
                api.catalog.authenticate(key).ok_or(Error::Unauthenticated)
            }
            Some(("basic", encoded)) => {
                let pair = STANDARD.decode(encoded).ok().and_then(|it| String::from_utf8(it).ok());
                let pair = pair.ok_or(Error::Unauthenticated)?;
                let (email, password) = pair.split_once(':').ok_or(Error::Unauthenticated)?;
                let admin = login::verified(api, self, email, password).await;
                let admin = admin.map_err(|error| match error {
                    Error::Login => Error::Unauthenticated,
                    other => other,
                })?;
                // A password alone is not enough where a second factor is asked for.
                if admin.two_factor { Err(Error::Unauthenticated) } else { Ok(admin.acts()) }
            }
            Some(_) => Err(Error::Unauthenticated),
            None => {
                let key = self.session.clone().ok_or(Error::Unauthenticated)?;
                if !self.is_safe {
                    self.check_csrf(&key)?;
                }
                let session = api.blocking(move |catalog| catalog.session(&key)).await?;
                let session = session.filter(|session| session.passed);
                let session = session.ok_or(Error::Unauthenticated)?;
                Ok(session.admin.acts())
            }
        }
    }
}

impl FromRequestParts<Api> for Uncounted {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let Ok(credentials) = Credentials::from_request_parts(parts, api).await;
        credentials.caller(api).await.map(Self)
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

/// A caller that stays: it is asked again who it is whenever that may have changed.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) caller: Caller,
    credentials: Credentials,
}

impl FromRequestParts<Api> for Standing {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let Ok(credentials) = Credentials::from_request_parts(parts, api).await;
        match &credentials.authorization {
            // To be asked again and again for a password, one would have to keep it.
            Some((scheme, _)) if scheme == "basic" => return Err(Error::Unauthenticated),
            Some(_) => {}
            // A browser lets any page open a socket, and sends the cookies along.
            None if !credentials.is_same_origin => return Err(Error::Csrf),
            None => {}
        }
        let caller = credentials.caller(api).await?;
        api.calls.count(caller.principal.token_id, api.backend.now())?;
        Ok(Self { caller, credentials })
    }
}

impl Standing {
    /// Who it is now.
    ///
    /// # Errors
    /// If it is nobody any more, or may not come from where it is.
    pub(crate) async fn renew(&mut self) -> Result<(), Error> {
        self.caller = self.credentials.caller(&self.caller.api).await?;
        Ok(())
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

    /// The administrator that acts, itself or by a token of its own.
    pub(crate) fn admin(&self) -> Result<AdminId, Error> {
        self.principal.admin.ok_or(Error::Forbidden)
    }

    /// The administrator, who has shown a password: what lets one in, now or later, is not a
    /// token's to change.
    pub(crate) fn person(&self) -> Result<AdminId, Error> {
        if self.principal.in_person { self.admin() } else { Err(Error::Forbidden) }
    }

    /// How many calls its token has made in this hour.
    pub(crate) fn calls_made(&self) -> u32 {
        self.api.calls.made(self.principal.token_id)
    }
}
