//! Searches of what is there now: a row each.
//!
//! They know no past: a client is found as long as it is associated, and the span of time that is
//! asked for only comes back in the answer. Rows are looked at one by one and only those of the
//! page are kept, so that a search costs the time that it takes and no memory.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes, reference};
use crate::page::Ids;
use crate::resources::Level;
use crate::rows;
use crate::schema::search_of;
use crate::search::{self, Asked, COUNTED, Order, SPAN, Search, Searched, field, one_of};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{Counted, Found, Kind, Place, Right, Scope, VALUES_MAX};
use foghorn_model::{Mac, Timestamp};
use http::Uri;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Things {
    Devices,
    Clients,
    Assets,
    /// Visits of zones, of which there are none before there are positions.
    Visits,
}

impl Things {
    /// The name of the schema of a row.
    fn shape(self) -> &'static str {
        match self {
            Self::Devices => "DeviceRow",
            Self::Clients => "ClientRow",
            Self::Assets => "Asset",
            Self::Visits => "VisitRow",
        }
    }
}

/// A search, and the count that goes with it.
struct Searchable {
    things: Things,
    level: Level,
    tag: &'static str,
    search: Option<(&'static str, &'static str)>,
    count: Option<(&'static str, &'static str)>,
    /// The members that may be asked for.
    members: &'static [&'static str],
    /// What else may be counted and sorted by.
    also: &'static [&'static str],
    /// What a count counts unless it is told otherwise.
    distinct: &'static str,
    summary: &'static str,
}

/// What these members may be asked for as.
const WORDS: [(&str, &[&str]); 3] = [
    ("type", &["ap", "switch", "gateway"]),
    ("status", &["connected", "disconnected"]),
    ("band", &["24", "5", "6"]),
];

const DEVICES: Searchable = Searchable {
    things: Things::Devices,
    level: Level::Site,
    tag: "devices",
    search: Some(("/api/v1/sites/{site_id}/devices/search", "searchSiteDevices")),
    count: Some(("/api/v1/sites/{site_id}/devices/count", "countSiteDevices")),
    members: &[
        "mac", "hostname", "type", "model", "serial", "version", "ip", "ext_ip", "status",
        "site_id",
    ],
    // Of these no input tells: a count of them has no rows.
    also: &[
        "lldp_mgmt_addr",
        "lldp_port_id",
        "lldp_system_desc",
        "lldp_system_name",
        "mxedge_id",
        "mxtunnel_status",
        "sku",
    ],
    distinct: "model",
    summary: "Devices",
};
const CLIENTS: Searchable = Searchable {
    things: Things::Clients,
    level: Level::Site,
    tag: "clients",
    search: Some(("/api/v1/sites/{site_id}/clients/search", "searchSiteWirelessClients")),
    count: Some(("/api/v1/sites/{site_id}/clients/count", "countSiteWirelessClients")),
    members: &[
        "mac", "hostname", "ip", "ap", "ssid", "band", "model", "os", "mfg", "username", "wlan_id",
        "psk_id", "psk_name", "site_id",
    ],
    also: &["device", "vlan"],
    distinct: "device",
    summary: "Clients that are associated now",
};
const ASSETS: Searchable = Searchable {
    things: Things::Assets,
    level: Level::Site,
    tag: "stats",
    search: Some(("/api/v1/sites/{site_id}/stats/assets/search", "searchSiteAssets")),
    count: Some(("/api/v1/sites/{site_id}/stats/assets/count", "countSiteAssets")),
    members: &["mac", "name", "map_id", "site_id"],
    also: &[
        "by",
        "device_name",
        "eddystone_uid_instance",
        "eddystone_uid_namespace",
        "eddystone_url",
        "ibeacon_major",
        "ibeacon_minor",
        "ibeacon_uuid",
    ],
    distinct: "map_id",
    summary: "Assets",
};
const VISITS: Searchable = Searchable {
    things: Things::Visits,
    level: Level::Site,
    tag: "zones",
    search: Some(("/api/v1/sites/{site_id}/zones/visits/search", "searchSiteZoneSessions")),
    count: Some(("/api/v1/sites/{site_id}/zones/visits/count", "countSiteZoneVisits")),
    members: &["user_type", "user", "scope", "scope_id"],
    also: &[],
    distinct: "scope_id",
    summary: "Visits of zones",
};

const SEARCHES: &[Searchable] = &[
    DEVICES,
    Searchable {
        level: Level::Org,
        search: Some(("/api/v1/orgs/{org_id}/devices/search", "searchOrgDevices")),
        count: Some(("/api/v1/orgs/{org_id}/devices/count", "countOrgDevices")),
        ..DEVICES
    },
    CLIENTS,
    Searchable {
        level: Level::Org,
        search: Some(("/api/v1/orgs/{org_id}/clients/search", "searchOrgWirelessClients")),
        count: Some(("/api/v1/orgs/{org_id}/clients/count", "countOrgWirelessClients")),
        ..CLIENTS
    },
    ASSETS,
    Searchable {
        level: Level::Org,
        search: Some(("/api/v1/orgs/{org_id}/stats/assets/search", "searchOrgAssets")),
        count: Some(("/api/v1/orgs/{org_id}/stats/assets/count", "countOrgAssetsByDistanceField")),
        ..ASSETS
    },
    VISITS,
    Searchable {
        search: Some((
            "/api/v1/sites/{site_id}/rssizones/visits/search",
            "searchSiteRssiZoneSessions",
        )),
        count: Some(("/api/v1/sites/{site_id}/rssizones/visits/count", "countSiteRssiZoneVisits")),
        ..VISITS
    },
    // Where clients look for the counts.
    Searchable {
        search: None,
        count: Some(("/api/v1/sites/{site_id}/zones/count", "countSiteZoneSessions")),
        ..VISITS
    },
    Searchable {
        search: None,
        count: Some(("/api/v1/sites/{site_id}/rssizones/count", "countSiteRssiZoneSessions")),
        ..VISITS
    },
];

/// The query beside the span, by name.
type Which = BTreeMap<String, String>;

pub(super) fn routes() -> Routes {
    SEARCHES.iter().fold(Routes::default(), |mut routes, it| {
        let new = |(path, id): (&str, &str), summary: String| {
            let members: Vec<Parameter> =
                it.members.iter().map(|member| (*member, "string", "rows with this value")).collect();
            Operation::new(Method::Get, path, id, it.tag, summary).asks(&members)
        };
        if let Some(search) = it.search {
            let text = [("text", "string", "rows in which some value has this in it")];
            routes = routes.at(
                new(search, it.summary.into()).asks(&text).asks(&SPAN).answers(search_of(it.things.shape())),
                move |caller: Caller, State(api): State<Api>, Ids(owner), uri: Uri, asked| async move {
                    let scope = it.level.scope(&caller, owner, Right::Read)?;
                    let Search(which, asked): Search<Which> = asked;
                    it.search(&api, scope, (which, asked), uri.path()).await
                },
            );
        }
        if let Some(count) = it.count {
            routes = routes.at(
                new(count, format!("{}, counted", it.summary)).asks(&COUNTED).answers(reference("Count")),
                move |caller: Caller, State(api): State<Api>, Ids(owner), asked| async move {
                    let scope = it.level.scope(&caller, owner, Right::Read)?;
                    let Search(which, asked): Search<Which> = asked;
                    it.count(&api, scope, (which, asked)).await
                },
            );
        }
        routes
    })
}

/// What is asked of each row.
struct Filter {
    members: Vec<(&'static str, String)>,
    /// In lower case.
    text: Option<String>,
}

impl Filter {
    fn takes(&self, row: &Map<String, Value>) -> bool {
        let has = |(key, wanted): &(&str, String)| match row.get(*key) {
            Some(Value::Array(values)) => values.iter().any(|it| is(it, wanted)),
            Some(value) => is(value, wanted),
            None => false,
        };
        let tells = |text: &String| {
            let within = |value: &Value| {
                value.as_str().is_some_and(|it| it.to_lowercase().contains(text.as_str()))
            };
            row.values().any(|value| match value {
                Value::Array(values) => values.iter().any(within),
                value => within(value),
            })
        };
        self.members.iter().all(has) && self.text.as_ref().is_none_or(tells)
    }
}

fn is(value: &Value, wanted: &str) -> bool {
    value.as_str().is_some_and(|it| it == wanted)
}

/// Rows of sorted pages, and of those before them: they are all held at once.
const SORTED_MAX: u64 = 20_000;

/// Rows in an order that is asked for: those of the page and before it.
struct Sorted {
    order: Order,
    skip: usize,
    limit: usize,
    rows: Vec<Map<String, Value>>,
}

impl Sorted {
    /// More than the page by so many, before those that are not wanted are dropped.
    const SLACK: usize = 4096;

    fn new(order: Order, skip: u64, limit: usize) -> Self {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Self { order, skip, limit, rows: Vec::new() }
    }

    fn add(&mut self, row: Map<String, Value>) {
        self.rows.push(row);
        let wanted = self.skip.saturating_add(self.limit);
        if self.rows.len() >= wanted.saturating_mul(2).saturating_add(Self::SLACK) {
            self.sort();
            self.rows.truncate(wanted);
        }
    }

    /// What is equal stays in the order in which it was shown.
    fn sort(&mut self) {
        let Order { by, downwards } = self.order;
        let member = by.unwrap_or("timestamp");
        self.rows.sort_by(|a, b| {
            let [a, b] = [a, b].map(|row| row.get(member).map_or((f64::NEG_INFINITY, ""), rank));
            let order = a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1));
            if downwards { order.reverse() } else { order }
        });
    }

    fn page(mut self) -> Vec<Map<String, Value>> {
        self.sort();
        self.rows.into_iter().skip(self.skip).take(self.limit).collect()
    }
}

/// Numbers by their size, texts by their letters, lists by what they begin with.
fn rank(value: &Value) -> (f64, &str) {
    match value {
        Value::Null => (f64::NEG_INFINITY, ""),
        Value::Array(values) => values.first().map_or((f64::NEG_INFINITY, ""), rank),
        value => (value.as_f64().unwrap_or_default(), value.as_str().unwrap_or_default()),
    }
}

impl Searchable {
    fn filter(&self, which: &Which) -> Result<Filter, Error> {
        for (name, words) in WORDS.iter().filter(|(name, _)| self.members.contains(name)) {
            which.get(*name).map_or(Ok(()), |value| one_of(name, value, words))?;
        }
        // Addresses are asked for in any spelling.
        let spelled = |key: &str, text: &str| match text.parse::<Mac>() {
            Ok(mac) if matches!(key, "mac" | "ap") => mac.to_string(),
            _ => text.to_owned(),
        };
        let asked = |key: &&'static str| Some((*key, spelled(key, which.get(*key)?)));
        Ok(Filter {
            members: self.members.iter().filter_map(asked).collect(),
            text: which.get("text").map(|text| text.to_lowercase()),
        })
    }

    async fn search(
        &self,
        api: &Api,
        scope: Scope,
        (which, asked): (Which, Asked),
        path: &str,
    ) -> Result<Json<Value>, Error> {
        let filter = self.filter(&which)?;
        let mut kept = filter.members.clone();
        kept.extend(which.get("text").map(|text| ("text", text.clone())));
        let order = asked.order(&[self.members, self.also].concat())?;
        let of = Searched { owner: scope.org.0, kind: self.distinct, path, kept, order };
        let (span, paging) = asked.begin(api, &of)?;
        // The place of a row is its number.
        let after = paging.after.map_or(0, |place| u64::try_from(place.row).unwrap_or(0));
        let (skip, limit) = (after + paging.skip, paging.limit as usize);
        let mut found = Found { rows: Vec::new(), total: 0, is_partial: false, next: None };
        if asked.is_sorted() && skip + u64::from(paging.limit) > SORTED_MAX {
            let reason = format!("sorted, no page reaches beyond {SORTED_MAX} rows");
            return Err(field("page", reason));
        }
        let mut sorted = asked.is_sorted().then(|| Sorted::new(order, skip, limit));
        self.each(api, scope, &mut |row| {
            if !filter.takes(&row) {
                return;
            }
            match &mut sorted {
                Some(sorted) => sorted.add(row),
                None if found.total >= skip && found.rows.len() < limit => found.rows.push(row),
                None => {}
            }
            found.total += 1;
        })
        .await?;
        if let Some(sorted) = sorted {
            found.rows = sorted.page();
        }
        let end = skip + found.rows.len() as u64;
        let next = (end < found.total).then(|| i64::try_from(end).unwrap_or(i64::MAX));
        found.next = next.map(|row| Place { at: Timestamp(0), row });
        let row = |row: &Map<String, Value>| Ok(Value::Object(row.clone()));
        search::answer(api, &asked, &of, (span, paging), &found, row)
    }

    async fn count(
        &self,
        api: &Api,
        scope: Scope,
        (which, asked): (Which, Asked),
    ) -> Result<Json<Value>, Error> {
        let span = asked.span(api.backend.now())?;
        let filter = self.filter(&which)?;
        let distinct = which.get("distinct").map_or(self.distinct, String::as_str);
        let members = [self.members, self.also].concat();
        let Some(member) = members.iter().find(|member| **member == distinct) else {
            return Err(field("distinct", format!("not one of {}", members.join(", "))));
        };
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        self.each(api, scope, &mut |row| {
            if !filter.takes(&row) {
                return;
            }
            let value = match row.get(*member) {
                Some(Value::Array(values)) => values.first(),
                value => value,
            };
            if let Some(text) = value.and_then(Value::as_str) {
                *counts.entry(text.to_owned()).or_default() += 1;
            }
        })
        .await?;
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let total = counts.len() as u64;
        counts.truncate(VALUES_MAX as usize);
        let counted = Counted { values: counts, total, is_partial: false };
        search::counted(&asked, span, member, counted)
    }

    /// Shows every row in the scope.
    async fn each(
        &self,
        api: &Api,
        scope: Scope,
        show: &mut (dyn FnMut(Map<String, Value>) + Send),
    ) -> Result<(), Error> {
        match self.things {
            Things::Devices => {
                let documents = api.all(Kind::Device, scope).await?;
                let (live, now) = (api.live_devices(&documents).await?, api.backend.now());
                for (document, live) in documents.iter().zip(&live) {
                    show(rows::found_device(document, live.as_ref(), now));
                }
            }
            Things::Clients => {
                for scope in api.sites(scope) {
                    let Some(site) = scope.site else { continue };
                    api.each_client(site, Timestamp(0), |client| {
                        show(rows::found_client(scope, client));
                        true
                    })
                    .await?;
                }
            }
            Things::Assets => {
                for document in api.all(Kind::Asset, scope).await? {
                    if let Value::Object(row) = document.to_json(false) {
                        show(row);
                    }
                }
            }
            Things::Visits => {}
        }
        Ok(())
    }
}
