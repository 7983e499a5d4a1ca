//! Objects of an org that are told by their members alone: assets and their filters, WLANs, site
//! groups, edges.

use super::Kind;
use super::shape::{Member, OnDelete, Shape, member};
use crate::catalog::Document;
use crate::error::CatalogError;
use foghorn_model::{ConfigUpdate, Edge, SiteId};
use serde_json::{Map, Value};

const NAME: Shape = Shape::Text(super::NAME_BYTES_MAX);
const TEXT: Shape = Shape::Text(1024);

pub(crate) const ASSET: &[Member] = &[
    member("name", NAME, "its name").required(),
    member("mac", Shape::Mac, "the address of its tag").required(),
    member("map_id", Shape::Ref(Kind::Map, OnDelete::LetGo), "the map that it belongs on"),
    member("tag_id", Shape::Id, "the tag that it has in other systems"),
];

pub(crate) const ASSET_FILTER: &[Member] = &[
    member("name", NAME, "its name").required(),
    member("disabled", Shape::Flag, "whether it lets nothing through").defaults_to("false"),
    member("ibeacon_uuid", Shape::Id, "iBeacon UUID"),
    member("ibeacon_major", Shape::Whole(0, 65_535), "iBeacon major"),
    member("eddystone_uid_namespace", Shape::Text(32), "Eddystone-UID namespace, hex"),
    member("eddystone_url", Shape::Text(2048), "Eddystone-URL"),
    member("mfg_company_id", Shape::Whole(0, 65_535), "company of the manufacturer data"),
    member("service_uuid", Shape::Id, "GATT service"),
    member("ap_mac", Shape::Mac, "the AP that hears it"),
    member("beam", Shape::Whole(0, 8), "the beam that hears it"),
    member("rssi", Shape::Whole(-150, 30), "the weakest signal, dBm"),
];

/// Members of a filter that say nothing of what it lets through.
const NO_FILTER: [&str; 2] = ["name", "disabled"];

pub(super) fn check_asset_filter(body: &Map<String, Value>) -> Result<(), CatalogError> {
    let filters = ASSET_FILTER.iter().filter(|member| !NO_FILTER.contains(&member.key));
    let mut given = filters.filter(|member| body.get(member.key).is_some_and(|it| !it.is_null()));
    match given.next() {
        Some(_) => Ok(()),
        None => Err(CatalogError::Conflict("At least one filter must be specified".into())),
    }
}

pub(crate) const WLAN: &[Member] = &[
    member("ssid", Shape::Text(32), "what it is called on the air").required(),
    member("enabled", Shape::Flag, "whether it is on the air").defaults_to("true"),
    member("hide_ssid", Shape::Flag, "whether beacons leave the SSID out"),
    member("isolation", Shape::Flag, "whether clients see each other"),
    member("vlan_enabled", Shape::Flag, "whether its traffic is tagged"),
    member("bands", Shape::List(&Shape::OneOf(&["24", "5", "6"]), 3), "the bands"),
    member("auth", Shape::Object(&[]), "how clients authenticate"),
    member("apply_to", Shape::OneOf(&["site", "wxtags", "aps"]), "which APs send it"),
    member(
        "ap_ids",
        Shape::List(&Shape::Ref(Kind::Device, OnDelete::LetGo), 10_000),
        "for `apply_to` `aps`: these",
    ),
];

pub(crate) const SITE_GROUP: &[Member] = &[member("name", NAME, "its name").required()];

pub(crate) const MX_EDGE: &[Member] = &[
    member("name", NAME, "its name").required(),
    member("model", Shape::Text(64), "its model").required(),
    member("note", TEXT, "what is to be known of it"),
    member("mac", Shape::Mac, "its address"),
    member("mxcluster_id", Shape::Id, "the cluster that it is in"),
    member("ntp_servers", Shape::List(&Shape::Text(255), 16), "where it gets the time from"),
];

/// The edge as the engine knows it, while it has an address: at its site, or at the org's own place.
fn edge(document: &Document) -> Option<Edge> {
    let text = |key: &str| document.body.get(key).and_then(Value::as_str);
    Some(Edge {
        id: document.id,
        site_id: document.site_id.unwrap_or(SiteId::of_org(document.org_id)),
        mac: text("mac")?.parse().ok()?,
        name: text("name").unwrap_or_default().into(),
        mxcluster_id: text("mxcluster_id").and_then(|id| id.parse().ok()),
    })
}

/// What the engine must know of an edge.
pub(super) fn edge_updates(
    before: Option<&Document>,
    after: Option<&Document>,
) -> Vec<ConfigUpdate> {
    let (before, after) = (before.and_then(edge), after.and_then(edge));
    let place = |edge: &Edge| (edge.site_id, edge.mac);
    let left = before.filter(|before| after.as_ref().map(place) != Some(place(before)));
    let left = left.map(|it| ConfigUpdate::EdgeRemoved { site_id: it.site_id, mac: it.mac });
    left.into_iter().chain(after.map(ConfigUpdate::Edge)).collect()
}
