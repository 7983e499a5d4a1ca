//! Senders that belong to no site, so that somebody may claim them.
//!
//! Who sent to a listener that several orgs share is not known, and neither whose words the samples
//! are: they are shown only while there is no other org. A listener of one org (`ORG_ID@ADDR`) has
//! senders of that org.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Object, Paged, page_of};
use crate::resources::PAGE;
use crate::resources::handlers::create;
use crate::search::field;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Kind, Right};
use foghorn_ingest::syslog::directory::Stranger;
use foghorn_ingest::syslog::unclaimed::Sender;
use foghorn_model::{OrgId, SiteId};
use serde_json::{Value, json};
use std::net::IpAddr;

const PATH: &str = "/api/v1/orgs/{org_id}/inventory/unclaimed";

pub(super) fn routes() -> Routes {
    let new = |method, id, summary| Operation::new(method, PATH, id, "inventory", summary);
    let listed = "Senders of syslog that no site claims, the latest first (extension)";
    let claimed = "Makes a device of a site of a sender that no site claims (extension)";
    Routes::default()
        .at(
            new(Method::Get, "getOrgUnclaimedSenders", listed)
                .asks(&PAGE)
                .answers(array_of(reference("UnclaimedSender"))),
            list,
        )
        .at(
            new(Method::Post, "claimOrgUnclaimedSender", claimed)
                .takes(reference("Claim"))
                .answers(reference("Device")),
            claim,
        )
}

/// For who may change settings, as a claim does: a sample may have names of users.
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    caller.org(org, Right::Write)?;
    Ok(page_of(page, senders(&api, org), |sender| shown(&sender)))
}

/// Those that nobody has claimed since they were heard.
fn senders(api: &Api, org: OrgId) -> Vec<Sender> {
    let view = api.catalog.view();
    let mut senders = api.backend.unclaimed(org, view.orgs.len() == 1);
    let is_claimed =
        |it: &Sender| view.devices.values().any(|device| device.ip == Some(it.address));
    senders.retain(|it| !is_claimed(it));
    senders
}

/// The sender becomes a device with its address; it is called as it calls itself, unless it is
/// given another name.
async fn claim(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Object(mut body): Object,
) -> Result<Json<Value>, Error> {
    caller.org(org, Right::Write)?;
    let ip = body.get("ip").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let ip: IpAddr = ip.ok_or_else(|| field("ip", "not an address"))?;
    let site = body.remove("site_id");
    let site = site.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok());
    let site: SiteId = site.ok_or_else(|| field("site_id", "not an id"))?;
    let scope = caller.site(site, Right::Write)?;
    let sender = senders(&api, org).into_iter().find(|it| it.address == ip && scope.org == org);
    let sender = sender.ok_or(Error::NotFound)?;
    if let (None, Some(host)) = (body.get("name"), sender.host) {
        body.insert("name".into(), json!(host));
    }
    create(&api, caller, Kind::Device, scope, body).await
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
