//! A webhook made ready to be sent to: its address checked, its headers built, its keys derived.

use crate::egress::headers::{HeaderError, Template};
use crate::egress::{Destination, Egress, UrlError};
use crate::sign::Signer;
use foghorn_model::Webhook;
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
}

/// Why a webhook cannot be sent to as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Its URL is not allowed.
    #[error(transparent)]
    Url(#[from] UrlError),
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
        let origin = match &target {
            Ok(target) => target.destination.origin(),
            Err(_) => "",
        };
        // Whoever shares a host shares its breaker, unless it is reached under other rules.
        let name = format!("{}|{origin}", webhook.verify_cert);
        let host = Uuid::new_v5(&webhook.org_id.0, name.as_bytes());
        Self { webhook, target, host }
    }

    /// What webhooks of one host have in common.
    pub fn host_key(&self) -> Uuid {
        self.host
    }
}

fn target(webhook: &Webhook, egress: &Egress, user_agent: &str) -> Result<Target, TargetError> {
    Ok(Target {
        destination: egress.check_url(&webhook.url)?,
        headers: Template::new(user_agent, &webhook.headers)?,
        signer: Signer::new(webhook.secret.as_deref()),
    })
}
