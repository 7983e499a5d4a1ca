//! What is somewhere, and who is there: a row each.
//!
//! Positions are not derived yet. So what is configured is answered as it is configured, nobody
//! is in a zone or on a map, and what would be told of a position is left out.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes, array_of, reference};
use crate::page::{Ids, Paged, page_of, rows as listed};
use crate::query::Query;
use crate::resources::{Level, PAGE};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{Document, Kind, Right};
use foghorn_model::SiteId;
use serde_json::{Value, json};
use uuid::Uuid;

/// Objects with statistics.
struct Measured {
    kind: Kind,
    level: Level,
    /// The path of all, and its name.
    all: (&'static str, &'static str),
    /// The path of one, and its name.
    one: Option<(&'static str, &'static str)>,
    summary: &'static str,
    row: fn(&Document) -> Value,
    /// The name of the schema of a row.
    shape: &'static str,
    /// What one alone is answered with besides.
    members: &'static [&'static str],
}

const MEASURED: &[Measured] = &[
    Measured {
        kind: Kind::Zone,
        level: Level::Site,
        all: ("/api/v1/sites/{site_id}/stats/zones", "listSiteZonesStats"),
        one: Some(("/api/v1/sites/{site_id}/stats/zones/{zone_id}", "getSiteZoneStats")),
        summary: "Zones, and who is in them",
        row: zone,
        shape: "ZoneStats",
        members: &["clients", "sdkclients", "assets"],
    },
    Measured {
        kind: Kind::RssiZone,
        level: Level::Site,
        all: ("/api/v1/sites/{site_id}/stats/rssizones", "listSiteRssiZonesStats"),
        one: Some((
            "/api/v1/sites/{site_id}/stats/rssizones/{rssizone_id}",
            "getSiteRssiZoneStats",
        )),
        summary: "RSSI zones, and who is in them",
        row: zone,
        shape: "ZoneStats",
        members: &["clients", "sdkclients", "assets"],
    },
    Measured {
        kind: Kind::Asset,
        level: Level::Site,
        all: ("/api/v1/sites/{site_id}/stats/assets", "listSiteAssetsStats"),
        one: Some(("/api/v1/sites/{site_id}/stats/assets/{asset_id}", "getSiteAssetStats")),
        summary: "Assets, and where they are",
        row: configured,
        shape: "Asset",
        members: &[],
    },
    Measured {
        kind: Kind::Asset,
        level: Level::Org,
        all: ("/api/v1/orgs/{org_id}/stats/assets", "listOrgAssetsStats"),
        one: None,
        summary: "Assets of an org, and where they are",
        row: configured,
        shape: "Asset",
        members: &[],
    },
    Measured {
        kind: Kind::Beacon,
        level: Level::Site,
        all: ("/api/v1/sites/{site_id}/stats/beacons", "listSiteBeaconsStats"),
        one: None,
        summary: "Beacons",
        row: configured,
        shape: "Beacon",
        members: &[],
    },
];

/// Who is on a map, which is nobody: the path, the name, what they are.
const ON_A_MAP: [(&str, &str, &str); 4] = [
    (
        "/api/v1/sites/{site_id}/stats/maps/{map_id}/clients",
        "getSiteWirelessClientsStatsByMap",
        "Clients on a map",
    ),
    (
        "/api/v1/sites/{site_id}/stats/maps/{map_id}/sdkclients",
        "getSiteSdkStatsByMap",
        "Clients with the SDK on a map",
    ),
    (
        "/api/v1/sites/{site_id}/stats/maps/{map_id}/unconnected_clients",
        "listSiteUnconnectedClientStats",
        "Clients on a map that are not associated",
    ),
    (
        "/api/v1/sites/{site_id}/stats/maps/{map_id}/discovered_assets",
        "getSiteDiscoveredAssetByMap",
        "BLE devices on a map that are no assets",
    ),
];

/// Who is in a site without being configured, which is nobody.
const IN_A_SITE: [(&str, &str, &str); 2] = [
    (
        "/api/v1/sites/{site_id}/stats/discovered_assets",
        "listSiteDiscoveredAssets",
        "BLE devices of a site that are no assets",
    ),
    (
        "/api/v1/sites/{site_id}/stats/filtered_assets",
        "getSiteAssetsOfInterest",
        "BLE devices of a site that fit a filter",
    ),
];

const OF_A_MAP: [Parameter; 1] = [("map_id", "string", "those of this map")];

fn new(path: &str, id: &'static str, summary: impl Into<String>) -> Operation {
    Operation::new(Method::Get, path, id, "stats", summary)
}

pub(super) fn routes() -> Routes {
    let routes = MEASURED.iter().fold(Routes::default(), measured);
    let list = || array_of(reference("Located"));
    let routes = ON_A_MAP.into_iter().fold(routes, |routes, (path, id, summary)| {
        let operation = new(path, id, summary).asks(&PAGE).answers(list());
        routes.at(
            operation,
            move |caller: Caller, State(api): State<Api>, Ids((site, map)), page| async move {
                let scope = caller.site(site, Right::Read)?;
                let Paged(page) = page;
                api.blocking(move |catalog| catalog.get(Kind::Map, scope, map)).await?;
                Ok::<_, Error>(listed(page, Vec::new(), 0))
            },
        )
    });
    IN_A_SITE.into_iter().fold(routes, |routes, (path, id, summary)| {
        let operation = new(path, id, summary).asks(&PAGE).answers(list());
        routes.at(operation, move |caller: Caller, Ids(site): Ids<SiteId>, page| async move {
            caller.site(site, Right::Read)?;
            let Paged(page) = page;
            Ok::<_, Error>(listed(page, Vec::new(), 0))
        })
    })
}

fn measured(routes: Routes, it: &'static Measured) -> Routes {
    let object = || reference(it.shape);
    let (path, id) = it.all;
    let mut all = new(path, id, it.summary).asks(&PAGE).answers(array_of(object()));
    if it.kind == Kind::Zone {
        all = all.asks(&OF_A_MAP);
    }
    let routes = routes.at(
        all,
        move |caller: Caller, State(api): State<Api>, Ids(owner), Query(zones), page| async move {
            let zones: OfAMap = zones;
            let scope = it.level.scope(&caller, owner, Right::Read)?;
            let Paged(page) = page;
            let mut documents = api.all(it.kind, scope).await?;
            if let Some(map) = zones.map_id {
                documents.retain(|zone| zone.text("map_id") == map.to_string());
            }
            Ok::<_, Error>(page_of(page, documents, |document| (it.row)(&document)))
        },
    );
    let Some((path, id)) = it.one else { return routes };
    routes.at(
        new(path, id, format!("{}: one of them", it.summary)).answers(object()),
        move |caller: Caller, State(api): State<Api>, Ids((owner, id))| async move {
            let scope = it.level.scope(&caller, owner, Right::Read)?;
            let found = api.blocking(move |catalog| catalog.get(it.kind, scope, id)).await?;
            let mut row = (it.row)(&found);
            for member in it.members {
                row[*member] = json!([]);
            }
            Ok::<_, Error>(Json(row))
        },
    )
}

/// Zones of which map are asked for.
#[derive(serde::Deserialize)]
struct OfAMap {
    map_id: Option<Uuid>,
}

fn configured(document: &Document) -> Value {
    document.to_json(false)
}

/// A zone in which nobody is, since nobody's position is known.
fn zone(document: &Document) -> Value {
    const COUNTS: [&str; 5] = [
        "num_clients",
        "num_unconnected_clients",
        "num_sdkclients",
        "num_assets",
        "num_discovered_assets",
    ];
    let mut row = document.to_json(false);
    for count in COUNTS {
        row[count] = json!(0);
    }
    for waits in ["client_waits", "clients_waits", "sdkclients_waits", "assets_waits"] {
        row[waits] = json!({ "min": 0, "max": 0, "avg": 0, "p95": 0 });
    }
    row
}
