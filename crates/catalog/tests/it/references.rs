use crate::{World, body, create, open, world};
use foghorn_catalog::{CatalogError, Document, KINDS, Kind, Page, Scope};
use foghorn_model::{Actor, SiteId};
use serde_json::{Value, json};

const ALL: Page = Page { limit: 100, page: 1 };

/// A map with all that can hang on it, and an AP in an RSSI zone.
struct Floor {
    world: World,
    map: Document,
    ap: Document,
}

fn floor() -> Floor {
    let world = world();
    let make = |kind, value| create(&world.catalog, kind, world.site, value);
    let map = make(Kind::Map, json!({"name": "1st", "width": 100, "height": 50, "ppm": 10}));
    let on = |value: Value| {
        let mut value = value;
        value["map_id"] = json!(map.id);
        value
    };
    let triangle = json!([{"x": 0, "y": 0}, {"x": 9.5, "y": 0}, {"x": 0, "y": 9}]);
    make(Kind::Zone, on(json!({"name": "lobby", "vertices": triangle})));
    make(Kind::VBeacon, on(json!({"name": "vb"})));
    make(Kind::Beacon, on(json!({"name": "b"})));
    make(Kind::Asset, on(json!({"name": "cart", "mac": "5C:5B:35:AA:00:01"})));
    let ap = make(Kind::Device, on(json!({"mac": "5c5b35000001"})));
    let devices = json!([{"device_id": ap.id, "rssi": -60}]);
    make(Kind::RssiZone, json!({"name": "near", "devices": devices}));
    Floor { world, map, ap }
}

fn names(world: &World, kind: Kind) -> Vec<String> {
    let (found, _) = world.catalog.list(kind, world.site, ALL).unwrap();
    found.iter().map(|it| format!("{} {}", it.text("name"), it.text("map_id"))).collect()
}

#[test]
fn a_map_takes_along_what_stands_on_it_and_lets_the_rest_go() {
    let Floor { world, map, ap } = floor();
    let (goes, stays) = world.catalog.would_delete(Kind::Map, world.site, map.id).unwrap();
    let kinds = |list: &[Document]| list.iter().map(|it| it.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&goes), [Kind::Map, Kind::Zone, Kind::VBeacon, Kind::Beacon]);
    assert_eq!(kinds(&stays), [Kind::Device, Kind::Asset]);
    assert_eq!(names(&world, Kind::Zone).len(), 1, "asking deletes nothing");

    let seq = world.catalog.last_seq();
    world.catalog.delete(Kind::Map, world.site, map.id, &Actor::default()).unwrap();
    for kind in [Kind::Map, Kind::Zone, Kind::VBeacon, Kind::Beacon] {
        assert!(names(&world, kind).is_empty(), "{kind:?}");
    }
    assert_eq!(names(&world, Kind::Asset), ["cart "]);
    let device = world.catalog.get(Kind::Device, world.site, ap.id).unwrap();
    assert!(device.body["map_id"].is_null());
    // Each is in the audit log, the map last.
    let changes = world.catalog.changes_after(seq, 100).unwrap();
    let messages: Vec<_> = changes.iter().map(|it| &it.audit.as_ref().unwrap().message).collect();
    assert_eq!(
        messages,
        [
            "Update Device \"5c5b35000001\"",
            "Update Asset \"cart\"",
            "Delete Beacon \"b\"",
            "Delete Virtual Beacon \"vb\"",
            "Delete Zone \"lobby\"",
            "Delete Map \"1st\"",
        ]
    );
    let numbers: Vec<u64> = changes.iter().map(|it| it.seq).collect();
    assert_eq!(numbers, (seq + 1..=seq + 6).collect::<Vec<_>>());
    let (directory, catalog) = (world.directory, world.catalog);
    drop(catalog);
    assert_eq!(open(&directory).last_seq(), seq + 6);
}

#[test]
fn an_rssi_zone_goes_with_its_last_ap() {
    let Floor { world, ap, .. } = floor();
    world.catalog.delete(Kind::Device, world.site, ap.id, &Actor::default()).unwrap();
    assert!(names(&world, Kind::RssiZone).is_empty());
}

#[test]
fn a_site_takes_everything_along_but_its_devices() {
    let Floor { world, ap, .. } = floor();
    let site = world.site.site.unwrap();
    let (goes, stays) = world.catalog.would_delete(Kind::Site, world.org, site.0).unwrap();
    assert_eq!((goes[0].kind, stays.len()), (Kind::Site, 1));
    world.catalog.delete(Kind::Site, world.org, site.0, &Actor::default()).unwrap();
    for row in KINDS {
        let (left, _) = world.catalog.list(row.kind, world.site, ALL).unwrap();
        assert!(left.is_empty(), "{} {left:?}", row.name);
    }
    let device = world.catalog.get(Kind::Device, world.org, ap.id).unwrap();
    assert_eq!((device.site_id, &device.body["map_id"]), (None, &Value::Null));
}

#[test]
fn a_group_and_a_template_leave_the_sites_that_name_them() {
    let world = world();
    let make = |kind, value| create(&world.catalog, kind, world.org, value);
    let group = make(Kind::SiteGroup, json!({"name": "all"}));
    let template = json!({"name": "t", "delivery": {"enabled": false}, "rules": {}});
    let template = make(Kind::AlarmTemplate, template);
    let site = world.site.site.unwrap().0;
    let actor = Actor::default();
    let patch = json!({"sitegroup_ids": [group.id], "alarmtemplate_id": template.id});
    world.catalog.update(Kind::Site, world.org, site, &actor, body(patch)).unwrap();
    for gone in [&group, &template] {
        world.catalog.delete(gone.kind, world.org, gone.id, &actor).unwrap();
    }
    let site = world.catalog.get(Kind::Site, world.org, site).unwrap();
    assert_eq!(site.body["sitegroup_ids"], json!([]));
    assert_eq!(site.body["alarmtemplate_id"], Value::Null);
}

#[test]
fn a_reference_must_be_within_reach() {
    let Floor { world, map, .. } = floor();
    let branch = create(&world.catalog, Kind::Site, world.org, json!({"name": "Branch"}));
    let branch = Scope { site: Some(SiteId(branch.id)), ..world.org };
    let zone = json!({
        "name": "z", "map_id": map.id,
        "vertices": [{"x": 0, "y": 0}, {"x": 9, "y": 0}, {"x": 0, "y": 9}],
    });
    let made = world.catalog.create(Kind::Zone, branch, &Actor::default(), body(zone));
    let Err(CatalogError::Invalid { field, .. }) = made else { panic!("{made:?}") };
    assert_eq!(field, "map_id");
}

#[test]
fn a_member_of_a_member_is_named_when_it_is_wrong() {
    let Floor { world, map, .. } = floor();
    let zone = |vertices: Value| json!({"name": "z", "map_id": map.id, "vertices": vertices});
    let point = json!({"x": 0, "y": 0});
    let cases = [
        (Kind::Zone, zone(json!([point, point])), "vertices", "2 corners"),
        (
            Kind::Zone,
            zone(json!([point, {"x": 1, "y": 1}, {"x": 2, "y": 2}, point])),
            "vertices",
            "one line",
        ),
        (
            Kind::Zone,
            zone(json!([point, {"x": 1e300, "y": 0}, point])),
            "vertices",
            "[1]: x: not a",
        ),
        (Kind::Zone, zone(json!(vec![point.clone(); 1001])), "vertices", "more than 1000"),
        (Kind::Asset, json!({"name": "a", "mac": "nonsense"}), "mac", "not a MAC"),
        (Kind::RssiZone, json!({"devices": [{"rssi": -60}]}), "devices", "[0]: device_id: it is"),
        (Kind::Map, json!({"orientation": 360}), "orientation", "from 0 to 359"),
        (
            Kind::AlarmTemplate,
            json!({"delivery": {"enabled": true}, "rules": {"ap_offline": {}}}),
            "rules",
            "ap_offline: enabled: it is missing",
        ),
    ];
    for (kind, value, field, reason) in cases {
        let made = world.catalog.create(kind, world.site, &Actor::default(), body(value.clone()));
        let Err(CatalogError::Invalid { field: named, reason: said }) = made else {
            panic!("{value}: {made:?}")
        };
        assert_eq!(named, field, "{value}");
        assert!(said.contains(reason), "{value}: {said}");
    }
    let filter = json!({"name": "f", "disabled": true});
    let made = world.catalog.create(Kind::AssetFilter, world.site, &Actor::default(), body(filter));
    assert!(matches!(made, Err(CatalogError::Conflict(said)) if said.starts_with("At least one")));
}

#[test]
fn raw_data_goes_to_one_webhook_of_a_site() {
    let world = world();
    let actor = Actor::default();
    let make = |topics: Value| {
        let webhook = json!({"url": "http://a", "topics": topics});
        world.catalog.create(Kind::Webhook, world.site, &actor, body(webhook))
    };
    let first = make(json!(["asset-raw-rssi", "rssi-zone"])).unwrap();
    assert_eq!(first.body["topics"], json!(["asset-raw-rssi", "rssizone"]));
    let second = make(json!(["asset-raw-rssi"]));
    let Err(CatalogError::Taken { webhook_id, .. }) = second else { panic!("{second:?}") };
    assert_eq!(webhook_id, first.id);
    let both = make(json!(["wifi-conn-raw", "wifi-unconn-raw"]));
    assert!(matches!(both, Err(CatalogError::Conflict(said)) if said.starts_with("Only one")));
    let filter = json!({"name": "f", "rssi": -70});
    let filter = create(&world.catalog, Kind::AssetFilter, world.site, filter);
    let filtered = |ids: Value| {
        let webhook = json!({
            "url": "http://a", "topics": ["filtered-asset-rssi"], "assetfilter_ids": ids,
        });
        world.catalog.create(Kind::Webhook, world.site, &actor, body(webhook))
    };
    for ids in [json!([]), json!([world.org.org]), json!([filter.id, filter.id])] {
        let Err(CatalogError::Invalid { field, .. }) = filtered(ids.clone()) else { panic!() };
        assert_eq!(field, "assetfilter_ids", "{ids}");
    }
    (0..4).for_each(|_| drop(filtered(json!([filter.id])).unwrap()));
    assert!(matches!(filtered(json!([filter.id])), Err(CatalogError::Invalid { .. })));
}
