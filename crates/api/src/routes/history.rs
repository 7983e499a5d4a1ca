//! Searches of what happened: a row each.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes, reference};
use crate::page::Ids;
use crate::resources::Level;
use crate::search::{Asked, COUNTED, SPAN, Search, Window, field};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{HistoryFilter, Right, Scope};
use foghorn_model::Topic;
use http::Uri;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A history that can be searched.
struct Searchable {
    topic: Topic,
    tag: &'static str,
    paths: &'static [Paths],
    /// The members of the events that may be asked for.
    members: &'static [&'static str],
    /// What a count counts unless it is told otherwise.
    distinct: &'static str,
    row: fn(Map<String, Value>) -> Map<String, Value>,
    summary: &'static str,
}

/// Where a history is searched.
struct Paths {
    /// Of whom it is.
    level: Level,
    search: &'static str,
    /// The name of the search.
    searches: &'static str,
    /// The path of the count, and its name.
    count: Option<(&'static str, &'static str)>,
}

const SEARCHES: &[Searchable] = &[
    Searchable {
        topic: Topic::Audits,
        tag: "logs",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/logs",
                searches: "listOrgAuditLogs",
                count: Some(("/api/v1/orgs/{org_id}/logs/count", "countOrgAuditLogs")),
            },
            // Where newer clients look for it.
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/logs/search",
                searches: "searchOrgAuditLogs",
                count: None,
            },
        ],
        members: &["site_id", "admin_id", "admin_name", "message"],
        distinct: "admin_name",
        row: with_objects,
        summary: "The audit log",
    },
    Searchable {
        topic: Topic::ClientSessions,
        tag: "clients",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/clients/sessions/search",
                searches: "searchOrgWirelessClientSessions",
                count: Some((
                    "/api/v1/orgs/{org_id}/clients/sessions/count",
                    "countOrgWirelessClientsSessions",
                )),
            },
            Paths {
                level: Level::Site,
                search: "/api/v1/sites/{site_id}/clients/sessions/search",
                searches: "searchSiteWirelessClientSessions",
                count: Some((
                    "/api/v1/sites/{site_id}/clients/sessions/count",
                    "countSiteWirelessClientSessions",
                )),
            },
        ],
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
        summary: "Sessions of wireless clients that have ended",
    },
    Searchable {
        topic: Topic::DeviceEvents,
        tag: "devices",
        paths: &[
            Paths {
                level: Level::Org,
                search: "/api/v1/orgs/{org_id}/devices/events/search",
                searches: "searchOrgDeviceEvents",
                count: Some(("/api/v1/orgs/{org_id}/devices/events/count", "countOrgDeviceEvents")),
            },
            Paths {
                level: Level::Site,
                search: "/api/v1/sites/{site_id}/devices/events/search",
                searches: "searchSiteDeviceEvents",
                count: Some((
                    "/api/v1/sites/{site_id}/devices/events/count",
                    "countSiteDeviceEvents",
                )),
            },
        ],
        members: &["mac", "type", "device_type", "device_name", "site_id"],
        distinct: "type",
        row: |row| row,
        summary: "Events of devices",
    },
];

pub(super) fn routes() -> Routes {
    let all = SEARCHES.iter().flat_map(|it| it.paths.iter().map(move |paths| (it, paths)));
    all.fold(Routes::default(), |routes, (it, paths)| {
        let level = paths.level;
        let new = |path: &str, id: &str, summary: String| {
            let members: Vec<Parameter> = it
                .members
                .iter()
                .map(|member| (*member, "string", "rows with this value"))
                .collect();
            Operation::new(Method::Get, path, id, it.tag, summary).asks(&members)
        };
        let search = new(paths.search, paths.searches, it.summary.into());
        let routes = routes.at(
            search.asks(&SPAN).answers(reference("Search")),
            move |caller: Caller, State(api): State<Api>, Ids(owner), uri: Uri, asked| async move {
                let scope = level.scope(&caller, owner, Right::Read)?;
                let Search(which, asked): Search<Which> = asked;
                it.search(&api, scope, (which, asked), uri.path().into()).await
            },
        );
        let Some((count, counts)) = paths.count else { return routes };
        let count = new(count, counts, format!("{}, counted", it.summary));
        routes.at(
            count.asks(&COUNTED).answers(reference("Count")),
            move |caller: Caller, State(api): State<Api>, Ids(owner), asked| async move {
                let scope = level.scope(&caller, owner, Right::Read)?;
                let Search(which, asked): Search<Which> = asked;
                it.count(&api, scope, (which, asked)).await
            },
        )
    })
}

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
