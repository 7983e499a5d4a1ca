//! What a webhook is asked to do.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes};
use crate::page::Ids;
use crate::resources::Level;
use axum::extract::State;
use foghorn_catalog::{Right, Scope};
use foghorn_ingest::journal::Refused;
use foghorn_model::WebhookId;
use serde_json::Map;
use std::time::Duration;
use uuid::Uuid;

const PINGS: [(Level, &str, &str); 2] = [
    (Level::Org, "/api/v1/orgs/{org_id}/webhooks/{webhook_id}/ping", "pingOrgWebhook"),
    (Level::Site, "/api/v1/sites/{site_id}/webhooks/{webhook_id}/ping", "pingSiteWebhook"),
];

pub(super) fn routes() -> Routes {
    PINGS.into_iter().fold(Routes::default(), |routes, (level, path, id)| {
        let summary = "Sends a `ping` event to a webhook; answered when that is durable";
        routes.at(
            Operation::new(Method::Post, path, id, "webhooks", summary),
            move |caller: Caller, State(api): State<Api>, Ids((owner, id))| async move {
                let scope = level.scope(&caller, owner, Right::Write)?;
                ping(&api, &caller, scope, id).await
            },
        )
    })
}

/// Answered when the command is durable; the delivery follows.
async fn ping(api: &Api, caller: &Caller, scope: Scope, id: Uuid) -> Result<(), Error> {
    let view = api.catalog.view();
    let webhook = view
        .webhooks
        .get(&WebhookId(id))
        .filter(|webhook| webhook.org_id == scope.org && webhook.site_id == scope.site);
    let webhook = webhook.ok_or(Error::NotFound)?;
    let (actor, message) = (caller.actor.clone(), format!("Ping Webhook \"{}\"", webhook.name));
    api.blocking(move |catalog| catalog.note(scope, &actor, message, &Map::new())).await?;
    let durable = api.backend.ping(webhook)?;
    let retry_after = Duration::from_secs(5);
    durable.await.map_err(|_| Error::Refused(Refused::Full { retry_after }))
}
