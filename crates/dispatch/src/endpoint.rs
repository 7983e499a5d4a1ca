//! A webhook made ready to be sent to: its address checked, its headers built, its keys derived.

use crate::egress::headers::{HeaderError, Template};
use crate::egress::{Destination, Egress, UrlError};
use crate::oauth2::cache::TokenKey;
use crate::oauth2::request::TokenRequest;
use crate::sign::Signer;
use foghorn_model::{Webhook, WebhookType};
use http::HeaderValue;
use std::sync::Arc;
use uuid::Uuid;

/// A webhook and what sending to it needs.
pub struct Endpoint {
    /// The webhook.
    pub webhook: Webhook,
    /// Where and how, or why it cannot be sent to.
    pub(crate) target: Result<Target, TargetError>,
    host: Uuid,
}

pub(crate) struct Target {
    pub(crate) destination: Destination,
    pub(crate) headers: Template,
    pub(crate) signer: Signer,
    pub(crate) credential: Credential,
}

/// What the type of a webhook puts into `Authorization`.
pub(crate) enum Credential {
    None,
    Splunk(HeaderValue),
    Oauth2(Arc<TokenRequest>),
}

impl Credential {
    pub(crate) fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }
}

/// Why a webhook cannot be sent to as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Its URL is not allowed.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Its token URL is not allowed. (The inner error begins with `url: `.)
    #[error("oauth2_token_{0}")]
    TokenUrl(#[source] UrlError),
    /// Its token cannot stand in a header.
    #[error("splunk_token: not one that a header can hold")]
    SplunkToken,
    /// Its headers are not allowed.
    #[error(transparent)]
    Headers(#[from] HeaderError),
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Endpoint").field(&self.webhook.id).finish()
    }
}

impl Endpoint {
    /// The endpoint of a webhook. One that cannot be sent to is an endpoint all the same: its
    /// events wait, and each attempt says why.
    pub fn new(webhook: Webhook, egress: &Egress, user_agent: &str) -> Self {
        let target = target(&webhook, egress, user_agent);
        // Whoever shares a host shares its breaker, unless it is reached under other rules or
        // waits for another token endpoint first.
        let mut name = format!("{}|", webhook.verify_cert);
        if let Ok(target) = &target {
            name.push_str(target.destination.origin());
            if let Credential::Oauth2(request) = &target.credential {
                name.push('|');
                name.push_str(request.origin());
            }
        }
        let host = Uuid::new_v5(&webhook.org_id.0, name.as_bytes());
        Self { webhook, target, host }
    }

    /// What webhooks of one host have in common.
    pub fn host_key(&self) -> Uuid {
        self.host
    }

    pub(crate) fn token_key(&self) -> TokenKey {
        let Webhook { org_id, id, version, .. } = self.webhook;
        TokenKey { org: org_id, webhook: id, version }
    }
}

fn target(webhook: &Webhook, egress: &Egress, user_agent: &str) -> Result<Target, TargetError> {
    let credential = match &webhook.webhook_type {
        WebhookType::HttpPost => Credential::None,
        WebhookType::Splunk { token } => {
            let value = HeaderValue::try_from(format!("Splunk {token}"));
            Credential::Splunk(value.map_err(|_| TargetError::SplunkToken)?)
        }
        WebhookType::Oauth2(oauth2) => {
            let url = egress.check_url(&oauth2.token_url).map_err(TargetError::TokenUrl)?;
            let request = TokenRequest::new(oauth2, url, user_agent, webhook.verify_cert)?;
            Credential::Oauth2(Arc::new(request))
        }
    };
    let is_authorization = |name: &&String| name.eq_ignore_ascii_case("authorization");
    let custom = webhook.headers.keys().find(is_authorization);
    match (&credential, custom) {
        (Credential::None, _) | (_, None) => {}
        (_, Some(name)) => return Err(HeaderError::OfType(name.clone()).into()),
    }
    Ok(Target {
        destination: egress.check_url(&webhook.url)?,
        headers: Template::new(user_agent, &webhook.headers)?,
        signer: Signer::new(webhook.secret.as_deref()),
        credential,
    })
}
