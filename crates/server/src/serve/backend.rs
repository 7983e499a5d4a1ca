//! What the API needs of the server.

use super::clock;
use super::journal::Inlet;
use foghorn_api::Backend;
use foghorn_dispatch::egress::headers::check_custom;
use foghorn_dispatch::egress::{Egress, UrlError};
use foghorn_ingest::journal::{Durable, Refused};
use foghorn_ingest::syslog::unclaimed::{Sender, Unclaimed};
use foghorn_model::alarm::Acknowledgement;
use foghorn_model::record::Command;
use foghorn_model::{OrgId, Timestamp, Webhook};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub struct ServerBackend {
    pub inlet: Inlet,
    pub egress: Arc<Egress>,
    pub unclaimed: Arc<Unclaimed>,
}

impl Backend for ServerBackend {
    fn ping(&self, webhook: &Webhook) -> Result<Durable, Refused> {
        self.inlet.command(webhook.org_id, Command::ping(webhook))
    }

    fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<Durable, Refused> {
        self.inlet.command(acknowledgement.org_id, Command::Acknowledge(acknowledgement))
    }

    fn check_url<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let reason = |error: UrlError| without("url: ", &error.to_string());
            let destination = self.egress.check_url(url).map_err(reason)?;
            self.egress.vet(&destination).await.map_err(reason)
        })
    }

    fn check_headers(&self, headers: &BTreeMap<String, String>) -> Result<(), String> {
        check_custom(headers).map_err(|error| without("headers: ", &error.to_string()))
    }

    fn unclaimed(&self, org: OrgId, is_only: bool) -> Vec<Sender> {
        self.unclaimed.of_org(org, is_only)
    }

    fn now(&self) -> Timestamp {
        clock::now()
    }
}

/// The answer names the field by itself.
fn without(field: &str, message: &str) -> String {
    message.strip_prefix(field).unwrap_or(message).into()
}
