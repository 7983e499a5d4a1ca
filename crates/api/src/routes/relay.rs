//! Messages of Mist's webhooks, taken in and passed on as they are (extension).
//!
//! Mist can send no token of ours: the signature of the body alone says who sends it. Until it is
//! checked nobody knows who that is, so all that can be refused without the body is refused first,
//! a body is held as it came and no larger than a compressed one may be, and few are held at once.

use crate::Api;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::{BODY_TIME_MAX, Ids, read_body};
use axum::Json;
use axum::extract::{Request, State};
use foghorn_catalog::{ConfigView, Relay as Setting};
use foghorn_ingest::http::{COMPRESSED_BYTES_MAX, Encoding, decode_body};
use foghorn_ingest::journal::{Refused, Relay};
use foghorn_ingest::mist::{
    Message, MessageError, RelayOutcome, Signature, SignatureError, read_message,
};
use foghorn_model::{OrgId, Relayed, SiteId, Topic};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::Duration;
use uuid::Uuid;

/// When a sender should come back whose events could not be written.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// When one should that found too many others.
const RETRY_BUSY: Duration = Duration::from_secs(1);

/// Whose events they are, unless they say more.
#[derive(Debug, Clone, Copy)]
struct Owner {
    org: OrgId,
    site: Option<SiteId>,
}

pub(super) fn routes() -> Routes {
    let new = |path: &str, id: &str, of: &str| {
        let summary =
            format!("Takes a message of Mist's webhooks and passes it on {of} (extension)");
        Operation::new(Method::Post, path, id, "relay", summary)
            .public()
            .takes(reference("MistMessage"))
            .answers(reference("RelayAnswer"))
    };
    Routes::default()
        .at(
            new("/api/v1/orgs/{org_id}/relay/mist", "relayMistToOrg", "to the sites of an org"),
            |State(api): State<Api>, Ids(org), request: Request| async move {
                take(&api, Owner { org, site: None }, request).await
            },
        )
        .at(
            new("/api/v1/sites/{site_id}/relay/mist", "relayMistToSite", "as a site's"),
            |State(api): State<Api>, Ids(site): Ids<SiteId>, request: Request| async move {
                let org = api.catalog.view().sites.get(&site).map(|site| site.org_id);
                let owner = Owner { org: org.ok_or(Error::NotFound)?, site: Some(site) };
                take(&api, owner, request).await
            },
        )
}

/// Answered when every event is durable; of a message all are taken or none.
async fn take(api: &Api, owner: Owner, request: Request) -> Result<Json<Value>, Error> {
    // What the events are routed under is what was checked.
    let view = api.catalog.view();
    let setting = view.relay(owner.org, owner.site).ok_or(Error::NotFound)?;
    let refuse = |outcome, error: Error| {
        api.relay_metrics.refuse(outcome, owner.org, &error.to_string());
        error
    };
    let unsigned = |error| {
        let is_wrong = error == SignatureError::Wrong;
        let outcome = if is_wrong { RelayOutcome::Unverified } else { RelayOutcome::Unsigned };
        refuse(outcome, Error::Unsigned(error))
    };
    let signature = signature(request.headers(), setting).map_err(unsigned)?;
    let encoding =
        encoding(request.headers()).map_err(|error| refuse(RelayOutcome::Unreadable, error))?;
    let Ok(held) = api.relaying.try_acquire() else {
        let busy = Refused::Busy { retry_after: RETRY_BUSY };
        return Err(refuse(RelayOutcome::Refused, busy.into()));
    };
    let body = read_body(request, COMPRESSED_BYTES_MAX, BODY_TIME_MAX)
        .await
        .map_err(|error| refuse(RelayOutcome::Unreadable, error))?;
    signature.verify(&setting.secret, &body).map_err(unsigned)?;
    drop(held);
    let body = decode_body(encoding, body)
        .map_err(|error| refuse(RelayOutcome::Unreadable, error.into()))?;
    let message = read_message(&body).map_err(|error| {
        let is_topic = matches!(error, MessageError::Topic(_));
        let outcome = if is_topic { RelayOutcome::UnknownTopic } else { RelayOutcome::Malformed };
        refuse(outcome, error.into())
    })?;
    if message.topic == Topic::Ping {
        // It is for whoever configured the webhook over there, who sees that it is answered.
        api.relay_metrics.count(RelayOutcome::Ping);
        return Ok(accepted(0));
    }
    let events = routed(&message, owner, setting, &view);
    let count = events.len();
    if count > 0 {
        let refuse = |refused: Refused| refuse(RelayOutcome::Refused, refused.into());
        let relay = Relay { org: owner.org, catalog_seq: view.seq, events };
        let durable = api.journal.relay(relay).map_err(refuse)?;
        durable.await.map_err(|_| refuse(Refused::Full { retry_after: RETRY_AFTER }))?;
    }
    api.relay_metrics.count(RelayOutcome::Taken);
    Ok(accepted(count))
}

fn accepted(count: usize) -> Json<Value> {
    Json(json!({ "accepted": count }))
}

fn signature(headers: &HeaderMap, setting: &Setting) -> Result<Signature, SignatureError> {
    // What is no text is no signature, and not a missing one.
    let text = |name: &str| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap_or_default())
    };
    let [v2, v1] = ["x-mist-signature-v2", "x-mist-signature"].map(text);
    Signature::of_headers(v2, v1, setting.accept_sha1)
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Error> {
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    Ok(Encoding::of_header(encoding)?)
}

/// The events with the site of each.
fn routed<'a>(
    message: &Message<'a>,
    owner: Owner,
    setting: &Setting,
    view: &ConfigView,
) -> Vec<(Option<SiteId>, Relayed<'a>)> {
    let site = |event| owner.site.or_else(|| site_of(event, owner.org, setting, view));
    let events = (0..).zip(&message.events).map(|(index, event)| {
        let relayed = Relayed {
            topic: message.topic,
            org: owner.org,
            message: message.id,
            index,
            event: Cow::Borrowed(event.as_bytes()),
        };
        (site(event), relayed)
    });
    events.collect()
}

/// The site that an event names, if it is one of the org: as the setting has it, or by our own id.
fn site_of(event: &str, org: OrgId, setting: &Setting, view: &ConfigView) -> Option<SiteId> {
    #[derive(Deserialize)]
    struct Placed {
        site_id: Option<Uuid>,
    }
    // One that says it in no form that we know is of no site.
    let Placed { site_id } = serde_json::from_str(event).ok()?;
    let theirs = site_id?;
    let ours = setting.sites.get(&theirs).copied().unwrap_or(SiteId(theirs));
    view.sites.get(&ours).filter(|site| site.org_id == org).map(|site| site.id)
}
