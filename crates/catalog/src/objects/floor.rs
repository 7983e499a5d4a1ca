//! What stands on a floor plan: maps, and the zones and beacons on them.

use super::Kind;
use super::shape::{Member, OnDelete, Shape, member};
use crate::error::CatalogError;
use serde_json::{Map, Value};

/// No floor is larger, in pixels or in metres.
const EXTENT: f64 = 1e7;
const NAME: Shape = Shape::Text(super::NAME_BYTES_MAX);
/// A place in pixels or metres.
const COORDINATE: Shape = Shape::Number(-EXTENT, EXTENT);
const POINT: Shape = Shape::Object(&[
    member("x", COORDINATE, "from the left, in pixels").required(),
    member("y", COORDINATE, "from the top, in pixels").required(),
]);
/// A corner of the world. Mist writes its degrees as text, and those of sites as numbers.
const LATLNG: Shape = Shape::Object(&[
    member("lat", Shape::NumberOrText(-90.0, 90.0), "degrees north").required(),
    member("lng", Shape::NumberOrText(-180.0, 180.0), "degrees east").required(),
]);
/// The fewest and the most corners of a zone.
const VERTICES: (usize, usize) = (3, 1000);

const MAP_OF_ZONE: Shape = Shape::Ref(Kind::Map, OnDelete::GoAlong);

pub(crate) const MAP: &[Member] = &[
    member("name", NAME, "its name"),
    member("type", Shape::OneOf(&["image", "google"]), "a picture, or a place in the world")
        .defaults_to("\"image\""),
    member("width", Shape::Number(0.0, EXTENT), "pixels"),
    member("height", Shape::Number(0.0, EXTENT), "pixels"),
    member("width_m", Shape::Number(0.0, EXTENT), "metres"),
    member("height_m", Shape::Number(0.0, EXTENT), "metres"),
    member("ppm", Shape::Number(0.0, 1e6), "pixels per metre"),
    member("origin_x", COORDINATE, "the origin of the metres, in pixels"),
    member("origin_y", COORDINATE, "the origin of the metres, in pixels"),
    member("orientation", Shape::Whole(0, 359), "degrees clockwise from north").defaults_to("0"),
    member("latlng_tl", LATLNG, "the top left corner"),
    member("latlng_br", LATLNG, "the bottom right corner"),
    member("locked", Shape::Flag, "whether it is not to be edited").defaults_to("false"),
    member("view", Shape::OneOf(&["roadmap", "satellite", "hybrid", "terrain"]), "of a place"),
    member("occupancy_limit", Shape::Whole(0, 1_000_000), "how many may be on it"),
    member("wall_path", Shape::Any, "its walls"),
    member("wayfinding_path", Shape::Any, "its ways"),
    member("wayfinding", Shape::Any, "how ways are told"),
];

pub(crate) const ZONE: &[Member] = &[
    member("name", NAME, "its name"),
    member("map_id", MAP_OF_ZONE, "the map that it is on").required(),
    member("vertices", Shape::List(&POINT, VERTICES.1), "its corners; the last joins the first")
        .required(),
    member("occupancy_limit", Shape::Whole(0, 1_000_000), "how many may be in it"),
];

const HEARD_BY: Shape = Shape::Object(&[
    member("device_id", Shape::Ref(Kind::Device, OnDelete::LetGo), "the AP").required(),
    member("rssi", Shape::Whole(-150, 30), "the weakest signal that counts as inside, dBm")
        .required(),
]);

pub(crate) const RSSI_ZONE: &[Member] = &[
    member("name", NAME, "its name"),
    member("devices", Shape::List(&HEARD_BY, 1000), "the APs that hear it").required(),
];

pub(crate) const VBEACON: &[Member] = &[
    member("name", NAME, "its name"),
    member("uuid", Shape::Id, "iBeacon UUID"),
    member("major", Shape::Whole(0, 65_535), "iBeacon major"),
    member("minor", Shape::Whole(0, 65_535), "iBeacon minor"),
    member("power_mode", Shape::OneOf(&["default", "custom"]), "whether `power` counts")
        .defaults_to("\"default\""),
    member("power", Shape::Whole(-30, 100), "dBm").defaults_to("4"),
    member("message", Shape::Text(1024), "what is told to who comes near"),
    member("url", Shape::Text(2048), "where who comes near is sent"),
    member("wayfinding_nodename", NAME, "the node of the ways that it stands at"),
    member("map_id", MAP_OF_ZONE, "the map that it is on"),
    member("x", COORDINATE, "pixels"),
    member("y", COORDINATE, "pixels"),
];

pub(crate) const BEACON: &[Member] = &[
    member("name", NAME, "its name"),
    member("mac", Shape::Mac, "its address"),
    member("type", Shape::OneOf(&["eddystone-uid", "eddystone-url", "ibeacon"]), "what it sends")
        .defaults_to("\"eddystone-uid\""),
    member("power", Shape::Whole(-12, 100), "dBm").defaults_to("-12"),
    member("ibeacon_uuid", Shape::Id, "iBeacon UUID"),
    member("ibeacon_major", Shape::Whole(0, 65_535), "iBeacon major"),
    member("ibeacon_minor", Shape::Whole(0, 65_535), "iBeacon minor"),
    member("eddystone_namespace", Shape::Text(32), "Eddystone-UID namespace, hex"),
    member("eddystone_instance", Shape::Text(32), "Eddystone-UID instance, hex"),
    member("eddystone_url", Shape::Text(2048), "Eddystone-URL"),
    member("map_id", MAP_OF_ZONE, "the map that it is on"),
    member("x", COORDINATE, "pixels"),
    member("y", COORDINATE, "pixels"),
];

pub(super) fn check_zone(body: &Map<String, Value>) -> Result<(), CatalogError> {
    let corners = body.get("vertices").and_then(Value::as_array);
    let corners = corners.map(Vec::as_slice).unwrap_or_default();
    if corners.len() < VERTICES.0 {
        let reason = format!("{} corners enclose nothing: {} do", corners.len(), VERTICES.0);
        return Err(CatalogError::invalid("vertices", reason));
    }
    if !encloses(corners) {
        return Err(CatalogError::invalid("vertices", "on one line they enclose nothing"));
    }
    Ok(())
}

pub(super) fn check_rssi_zone(body: &Map<String, Value>) -> Result<(), CatalogError> {
    match body.get("devices").and_then(Value::as_array) {
        Some(devices) if devices.is_empty() => {
            Err(CatalogError::invalid("devices", "a zone that no AP hears is none"))
        }
        _ => Ok(()),
    }
}

/// Whether three of the corners are not on one line.
fn encloses(corners: &[Value]) -> bool {
    let at = |corner: &Value| Some((corner.get("x")?.as_f64()?, corner.get("y")?.as_f64()?));
    let corners: Vec<(f64, f64)> = corners.iter().filter_map(at).collect();
    let Some((&a, rest)) = corners.split_first() else { return false };
    let Some(b) = rest.iter().find(|b| **b != a) else { return false };
    rest.iter().any(|c| (b.0 - a.0) * (c.1 - a.1) != (b.1 - a.1) * (c.0 - a.0))
}
