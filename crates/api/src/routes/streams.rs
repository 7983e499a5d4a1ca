//! Where streams begin.

use crate::Api;
use crate::caller::Standing;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes};
use crate::page::Ids;
use crate::query::Query;
use crate::resources::Level;
use crate::streams::events::{self, Followed};
use crate::streams::socket;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const EVENTS: [(Level, &str, &str); 2] = [
    (Level::Org, "/api/v1/orgs/{org_id}/events/stream", "streamOrgEvents"),
    (Level::Site, "/api/v1/sites/{site_id}/events/stream", "streamSiteEvents"),
];

pub(super) fn routes() -> Routes {
    let summary = "Mist's channels over a WebSocket (RFC 6455): subscribe to one with \
                   `{\"subscribe\": \"/sites/:site_id/stats/devices\"}`";
    let path = "/api-ws/v1/stream";
    let channels = Operation::new(Method::Get, path, "openStream", "streams", summary);
    let routes = Routes::default().at(channels.upgrades(), connect);
    EVENTS.into_iter().fold(routes, |routes, (level, path, id)| {
        let summary = "Events as webhooks carry them, as they are derived; the header \
                       Last-Event-ID goes on after an event (extension)";
        let topics = [("topics", "string", "those that are wanted, by commas; all unless given")];
        let operation = Operation::new(Method::Get, path, id, "streams", summary).asks(&topics);
        routes.at(
            operation.answers_media("text/event-stream", json!({ "type": "string" })),
            move |standing: Standing,
                  State(api): State<Api>,
                  Ids(owner): Ids<Uuid>,
                  Query(which),
                  headers: HeaderMap| async move {
                follow(api, standing, (level, owner), &which, &headers)
            },
        )
    })
}

#[derive(Deserialize)]
struct Which {
    topics: Option<String>,
}

fn follow(
    api: Api,
    standing: Standing,
    (level, owner): (Level, Uuid),
    which: &Which,
    headers: &HeaderMap,
) -> Result<Response, Error> {
    // Who may see nothing is told nothing of what is wrong.
    level.scope(&standing.caller, owner, foghorn_catalog::Right::Read)?;
    let followed = Followed::new(&standing, level, owner, which.topics.as_deref())?;
    let seat = api.streams.take_seat(&standing.caller.principal)?;
    let last_id = headers.get(LAST_EVENT_ID).map(|it| it.to_str().unwrap_or("?"));
    let body = events::open(api, standing, seat, followed, last_id)?;
    let head = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((head, body).into_response())
}

async fn connect(
    standing: Standing,
    State(api): State<Api>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    let upgrade = upgrade.map_err(|error| Error::Bad(error.body_text()))?;
    let seat = api.streams.take_seat(&standing.caller.principal)?;
    Ok(socket::open(api, standing, seat, upgrade))
}
