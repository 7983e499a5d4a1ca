//! What the API needs of the server.

use super::clock;
use super::journal::Inlet;
use foghorn_api::Backend;
use foghorn_dispatch::egress::Egress;
use foghorn_dispatch::egress::headers::check_custom;
use foghorn_ingest::journal::{Durable, Refused};
use foghorn_model::record::Command;
use foghorn_model::{Timestamp, Webhook};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub struct ServerBackend {
    pub inlet: Inlet,
    pub egress: Arc<Egress>,
}

impl Backend for ServerBackend {
    fn ping(&self, webhook: &Webhook) -> Result<Durable, Refused> {
        self.inlet.command(webhook.org_id, Command::ping(webhook))
    }

    fn check_url<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let destination = self.egress.check_url(url).map_err(|error| error.to_string())?;
            self.egress.vet(&destination).await.map_err(|error| error.to_string())
        })
    }

    fn check_headers(&self, headers: &BTreeMap<String, String>) -> Result<(), String> {
        check_custom(headers).map_err(|error| error.to_string())
    }

    fn now(&self) -> Timestamp {
        clock::now()
    }
}
