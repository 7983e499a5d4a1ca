//! Objects that are made, listed, changed and deleted: a row each. The handlers, the description
//! in the OpenAPI document and the checks of the members all come from the row and from the
//! catalog's table of kinds.

pub(crate) mod describe;
mod devices;
pub(crate) mod handlers;
mod routed;

use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::Routes;
use foghorn_catalog::{Kind, Right, Scope};
use foghorn_model::{OrgId, SiteId};
use uuid::Uuid;

use describe::{Verb, operation};

pub(crate) use describe::{PAGE, schemas};
pub(crate) use routed::Objects;

/// Where objects live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    Org,
    Site,
}

impl Level {
    /// The beginning of its paths.
    fn prefix(self) -> &'static str {
        match self {
            Self::Org => "/api/v1/orgs/{org_id}",
            Self::Site => "/api/v1/sites/{site_id}",
        }
    }

    /// The scope of an id in a path, when the caller has this right there.
    pub(crate) fn scope(self, caller: &Caller, id: Uuid, right: Right) -> Result<Scope, Error> {
        match self {
            Self::Org => caller.org(OrgId(id), right),
            Self::Site => caller.site(SiteId(id), right),
        }
    }
}

/// A kind of objects with paths of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource {
    kind: Kind,
    /// The last part of the path of all of them.
    collection: &'static str,
    /// The parameter that names one.
    id: &'static str,
    levels: &'static [Level],
    /// What it takes to change one.
    right: Right,
    /// One and several, as the names of operations have them.
    names: (&'static str, &'static str),
}

const BOTH: &[Level] = &[Level::Org, Level::Site];
const ORG: &[Level] = &[Level::Org];
const SITE: &[Level] = &[Level::Site];

const fn resource(
    kind: Kind,
    collection: &'static str,
    id: &'static str,
    levels: &'static [Level],
    names: (&'static str, &'static str),
) -> Resource {
    Resource { kind, collection, id, levels, right: Right::Write, names }
}

/// Every resource.
const RESOURCES: &[Resource] = &[
    resource(
        Kind::AlarmTemplate,
        "alarmtemplates",
        "alarmtemplate_id",
        ORG,
        ("AlarmTemplate", "AlarmTemplates"),
    ),
    resource(
        Kind::AssetFilter,
        "assetfilters",
        "assetfilter_id",
        BOTH,
        ("AssetFilter", "AssetFilters"),
    ),
    resource(Kind::Asset, "assets", "asset_id", BOTH, ("Asset", "Assets")),
    resource(Kind::Beacon, "beacons", "beacon_id", SITE, ("Beacon", "Beacons")),
    Resource {
        right: Right::Install,
        ..resource(Kind::Device, "devices", "device_id", SITE, ("Device", "Devices"))
    },
    resource(Kind::Map, "maps", "map_id", SITE, ("Map", "Maps")),
    Resource {
        right: Right::Install,
        ..resource(Kind::MxEdge, "mxedges", "mxedge_id", BOTH, ("MxEdge", "MxEdges"))
    },
    resource(Kind::RssiZone, "rssizones", "rssizone_id", SITE, ("RssiZone", "RssiZones")),
    resource(Kind::SiteGroup, "sitegroups", "sitegroup_id", ORG, ("SiteGroup", "SiteGroups")),
    resource(Kind::VBeacon, "vbeacons", "vbeacon_id", SITE, ("VBeacon", "VBeacons")),
    resource(Kind::Webhook, "webhooks", "webhook_id", BOTH, ("Webhook", "Webhooks")),
    resource(Kind::Wlan, "wlans", "wlan_id", BOTH, ("Wlan", "Wlans")),
    resource(Kind::Zone, "zones", "zone_id", SITE, ("Zone", "Zones")),
];

/// The routes of all resources.
pub(crate) fn routes() -> Routes {
    let all = RESOURCES.iter().flat_map(|it| it.levels.iter().map(move |level| (it, *level)));
    all.fold(Routes::default(), |routes, (it, level)| routes.merge(routes_of(it, level)))
}

fn routes_of(resource: &Resource, level: Level) -> Routes {
    let Resource { kind, right, .. } = *resource;
    let described = |verb| operation(resource, level, verb);
    let it = Objects { level, kind, sees: Right::Read, changes: right };
    let list = described(Verb::List);
    let routes = match kind {
        Kind::Device => devices::lists(it, Routes::default(), list),
        _ => it.lists(Routes::default(), list),
    };
    let routes = it.creates(routes, described(Verb::Create));
    let routes = it.shows(routes, described(Verb::Get));
    let routes = it.updates(routes, described(Verb::Update));
    let routes = it.updates(routes, described(Verb::UpdateByPost));
    it.removes(routes, described(Verb::Delete))
}

/// The path of all objects of a level, and that of one.
fn paths(resource: &Resource, level: Level) -> (String, String) {
    let all = format!("{}/{}", level.prefix(), resource.collection);
    let one = format!("{all}/{{{}}}", resource.id);
    (all, one)
}
