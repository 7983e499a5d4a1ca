//! Searches of what happened: the audit log, and the sessions of clients.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::schema::{Count, EventSearch, Problem};
use crate::search::{Asked, Search, Window, field};
use axum::Json;
use axum::extract::{Path, State};
use foghorn_catalog::{HistoryFilter, Scope};
use foghorn_model::{OrgId, SiteId, Topic};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(logs))
        .routes(routes!(count_logs))
        .routes(routes!(sessions_of_org))
        .routes(routes!(count_sessions_of_org))
        .routes(routes!(sessions_of_site))
        .routes(routes!(count_sessions_of_site))
}

/// The members of a topic's events that may be asked for.
struct Searchable {
    topic: Topic,
    members: &'static [&'static str],
    /// What a count counts unless it is told otherwise.
    distinct: &'static str,
    row: fn(Map<String, Value>) -> Map<String, Value>,
}

const LOGS: Searchable = Searchable {
    topic: Topic::Audits,
    members: &["site_id", "admin_id", "admin_name", "message"],
    distinct: "admin_name",
    row: with_objects,
};

const SESSIONS: Searchable = Searchable {
    topic: Topic::ClientSessions,
    members: &[
        "mac",
        "ap",
        "band",
        "ssid",
        "wlan_id",
        "client_family",
        "client_manufacture",
        "client_model",
        "client_os",
        "client_username",
        "client_hostname",
        "psk_id",
        "psk_name",
    ],
    distinct: "mac",
    row: |row| row,
};

/// The rest of the query, by name.
type Which = BTreeMap<String, String>;

impl Searchable {
    fn filter(&self, scope: Scope, which: &Which, window: &Window) -> HistoryFilter {
        let asked = |name: &&'static str| Some((*name, which.get(*name)?.clone()));
        HistoryFilter {
            scope,
            topic: self.topic,
            start: window.start,
            end: window.end,
            members: self.members.iter().filter_map(asked).collect(),
        }
    }

    async fn search(
        &self,
        api: &Api,
        scope: Scope,
        (which, asked): (Which, Asked),
        path: String,
    ) -> Result<Json<Value>, Error> {
        let window = asked.window(api.backend.now())?;
        let filter = self.filter(scope, &which, &window);
        let (store, wanted) = (Arc::clone(&api.history), filter.clone());
        let (rows, total) = api
            .blocking(move |_| {
                store.search(&wanted, window.newest_first, window.after, window.limit)
            })
            .await?;
        let last = rows.last().map(|(at, row, _)| (*at, *row));
        let results = rows.iter().map(|(_, _, json)| {
            let event = serde_json::from_str(json);
            let event = event.map_err(|error| Error::Internal(error.to_string()))?;
            Ok(Value::Object((self.row)(event)))
        });
        let results: Vec<Value> = results.collect::<Result<_, Error>>()?;
        let kept: Vec<(&str, &str)> =
            filter.members.iter().map(|(key, value)| (*key, value.as_str())).collect();
        Ok(Json(window.page(&path, &kept, &results, last, total)))
    }

    async fn count(
        &self,
        api: &Api,
        scope: Scope,
        (which, asked): (Which, Asked),
    ) -> Result<Json<Value>, Error> {
        let window = asked.window(api.backend.now())?;
        let filter = self.filter(scope, &which, &window);
        let distinct = which.get("distinct").map_or(self.distinct, String::as_str);
        let Some(member) = self.members.iter().find(|member| **member == distinct) else {
            let reason = format!("not one of {}", self.members.join(", "));
            return Err(field("distinct", reason));
        };
        let store = Arc::clone(&api.history);
        let counts = api.blocking(move |_| store.count(&filter, member)).await?;
        let results: Vec<Value> = counts
            .into_iter()
            .map(|(value, count)| json!({ *member: value, "count": count }))
            .collect();
        Ok(Json(window.counted(member, &results)))
    }
}

/// On the wire `before` and `after` are JSON in a text; REST answers them as objects.
fn with_objects(mut row: Map<String, Value>) -> Map<String, Value> {
    for member in ["before", "after"] {
        if let Some(value) = row.get_mut(member)
            && let Some(object) = value.as_str().and_then(|text| serde_json::from_str(text).ok())
        {
            *value = object;
        }
    }
    row
}

/// Searches the audit log of an org.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/logs", tag = "history", params(("org_id" = Uuid, Path)), responses((status = 200, body = EventSearch), (status = 400, body = Problem)))]
async fn logs(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Search(which, asked): Search<Which>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    LOGS.search(&api, scope, (which, asked), format!("/api/v1/orgs/{org}/logs")).await
}

/// Counts the audit log of an org.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/logs/count", tag = "history", params(("org_id" = Uuid, Path)), responses((status = 200, body = Count), (status = 400, body = Problem)))]
async fn count_logs(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Search(which, asked): Search<Which>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    LOGS.count(&api, scope, (which, asked)).await
}

/// Searches the sessions of an org's clients.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/clients/sessions/search", tag = "history", params(("org_id" = Uuid, Path)), responses((status = 200, body = EventSearch), (status = 400, body = Problem)))]
async fn sessions_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Search(which, asked): Search<Which>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    let path = format!("/api/v1/orgs/{org}/clients/sessions/search");
    SESSIONS.search(&api, scope, (which, asked), path).await
}

/// Counts the sessions of an org's clients.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/clients/sessions/count", tag = "history", params(("org_id" = Uuid, Path)), responses((status = 200, body = Count), (status = 400, body = Problem)))]
async fn count_sessions_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Search(which, asked): Search<Which>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    SESSIONS.count(&api, scope, (which, asked)).await
}

/// Searches the sessions of a site's clients.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}/clients/sessions/search", tag = "history", params(("site_id" = Uuid, Path)), responses((status = 200, body = EventSearch), (status = 400, body = Problem)))]
async fn sessions_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
    Search(which, asked): Search<Which>,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site)?;
    let path = format!("/api/v1/sites/{site}/clients/sessions/search");
    SESSIONS.search(&api, scope, (which, asked), path).await
}

/// Counts the sessions of a site's clients.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}/clients/sessions/count", tag = "history", params(("site_id" = Uuid, Path)), responses((status = 200, body = Count), (status = 400, body = Problem)))]
async fn count_sessions_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
    Search(which, asked): Search<Which>,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site)?;
    SESSIONS.count(&api, scope, (which, asked)).await
}
