//! Senders that belong to no site, so that somebody may claim them.
//!
//! Who sent to a listener that several orgs share is not known, and neither whose words the samples
//! are: they are shown only while there is no other org. A listener of one org (`ORG_ID@ADDR`) has
//! senders of that org.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::Ids;
use axum::Json;
use axum::extract::State;
use foghorn_catalog::Right;
use foghorn_ingest::syslog::directory::Stranger;
use foghorn_ingest::syslog::unclaimed::Sender;
use foghorn_model::OrgId;
use serde_json::{Value, json};

pub(super) fn routes() -> Routes {
    let operation = Operation::new(
        Method::Get,
        "/api/v1/orgs/{org_id}/inventory/unclaimed",
        "getOrgUnclaimedSenders",
        "inventory",
        "Senders of syslog that no site claims, the latest first (extension)",
    );
    Routes::default().at(operation.answers(array_of(reference("UnclaimedSender"))), list)
}

/// For who may change settings, as a claim does: a sample may have names of users.
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
) -> Result<Json<Value>, Error> {
    caller.org(org, Right::Write)?;
    let is_only = api.catalog.view().orgs.len() == 1;
    Ok(Json(api.backend.unclaimed(org, is_only).iter().map(shown).collect()))
}

fn shown(sender: &Sender) -> Value {
    json!({
        "source": "syslog",
        "ip": sender.address,
        "hostname": sender.host,
        "first_seen": sender.first_seen.as_secs_f64(),
        "last_seen": sender.last_seen.as_secs_f64(),
        "count": sender.count,
        "sample": sender.sample,
        "reason": match sender.reason {
            Stranger::Unknown => "unknown",
            Stranger::Disputed => "disputed",
        },
    })
}
