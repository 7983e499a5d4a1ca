//! What somebody may send who means no good, or is only careless.

use crate::{body, create, open, world};
use foghorn_catalog::{CatalogError, Import, Kind, Page, Scope};
use foghorn_model::{Actor, SiteId};
use serde_json::{Value, json};

const ALL: Page = Page { limit: 100, page: 1 };

#[test]
fn what_looks_sealed_is_sealed_all_the_same() {
    let world = world();
    let fake = json!({"mac": "5c5b35000001", "password": {"$sealed": "x"}, "secret": {"a": "b"}});
    let device = create(&world.catalog, Kind::Device, world.site, fake.clone());
    assert_eq!(device.to_json(true)["password"], fake["password"]);
    // Everybody goes on, also after a restart.
    create(&world.catalog, Kind::Site, world.org, json!({"name": "Branch"}));
    let (directory, catalog) = (world.directory, world.catalog);
    drop(catalog);
    let catalog = open(&directory);
    let found = catalog.get(Kind::Device, world.site, device.id).unwrap();
    assert_eq!(found.to_json(true)["password"], fake["password"]);
    catalog.delete(Kind::Device, world.site, device.id, &Actor::default()).unwrap();
}

#[test]
fn a_secret_is_one_by_how_its_key_ends() {
    let world = world();
    let setting = json!({
        "switch_mgmt": {"root_password": "r00t-value"}, "portal": {"sms_api_key": "ap1-value"},
        "juniper": {"auth_token": "t0ken-value"}, "tokens": "plain",
    });
    let id = world.site.site.unwrap().0;
    let actor = Actor::default();
    let update = |patch: Value| {
        world.catalog.update_setting(Kind::SiteSetting, world.site, id, &actor, body(patch))
    };
    update(setting.clone()).unwrap();
    let kept = world.catalog.setting(Kind::SiteSetting, world.site, id).unwrap();
    assert_eq!(kept.to_json(true)["juniper"], setting["juniper"]);
    assert_eq!(kept.to_json(false)["juniper"]["auth_token"], "****");
    assert_eq!(kept.to_json(false)["tokens"], "plain");
    let changes = serde_json::to_string(&world.catalog.changes_after(0, 100).unwrap()).unwrap();
    let files = std::fs::read_dir(world.directory.path()).unwrap();
    let mut all = changes.into_bytes();
    for file in files {
        all.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    for secret in ["r00t-value", "ap1-value", "t0ken-value"] {
        assert!(!all.windows(secret.len()).any(|it| it == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn a_mask_stands_for_the_secret_that_it_hid_and_for_no_other() {
    let world = world();
    let (id, actor) = (world.site.site.unwrap().0, Actor::default());
    let update = |patch: Value| {
        world.catalog.update_setting(Kind::SiteSetting, world.site, id, &actor, body(patch))
    };
    let client = |network: &str, secret: &str| json!({"network": network, "secret": secret});
    let clients = [client("10.0.0.0/8", "one"), client("192.0.2.0/24", "two")];
    update(json!({ "radius_clients": clients })).unwrap();
    // The first is gone, and the second is still itself.
    let patch = json!({"radius_clients": [client("192.0.2.0/24", "****")]});
    let updated = update(patch).unwrap().to_json(true);
    assert_eq!(updated["radius_clients"], json!([client("192.0.2.0/24", "two")]));
    for patch in [
        json!({"radius_clients": [client("198.51.100.0/24", "****")]}),
        json!({"switch_mgmt": {"root_password": "****"}}),
    ] {
        assert!(matches!(update(patch.clone()), Err(CatalogError::Invalid { .. })), "{patch}");
    }
    let webhook = body(json!({"url": "http://a", "secret": "****"}));
    let made = world.catalog.create(Kind::Webhook, world.org, &actor, webhook);
    assert!(matches!(made, Err(CatalogError::Invalid { field, .. }) if field == "secret"));
}

#[test]
fn an_import_stays_in_its_site_and_changes_what_it_names() {
    let world = world();
    let actor = Actor::default();
    let branch = create(&world.catalog, Kind::Site, world.org, json!({"name": "Branch"}));
    let switch = json!({"mac": "5c5b35000001", "type": "switch", "name": "old"});
    create(&world.catalog, Kind::Device, world.site, switch);
    let rows = json!([
        {"mac": "5C-5B-35-00-00-01", "name": "new", "site_id": branch.id},
        {"mac": "5c5b35000002", "name": "second", "site_id": branch.id},
        {"mac": "5c5b35000002", "name": "second again", "site_id": "nonsense"},
    ]);
    let rows = rows.as_array().unwrap().iter().cloned().map(body).collect();
    let how = Import { key: "mac", upsert: true, dry_run: false };
    let done = world.catalog.import(Kind::Device, world.site, &actor, rows, how).unwrap();
    assert_eq!((done.added.len(), done.updated.len(), done.errors.len()), (1, 2, 0));
    let (devices, _) = world.catalog.list(Kind::Device, world.site, ALL).unwrap();
    let told: Vec<_> = devices.iter().map(|it| (it.text("name"), it.text("type"))).collect();
    assert_eq!(told, [("new", "switch"), ("second again", "ap")]);
}

#[test]
fn what_moves_or_loses_its_site_is_as_good_as_before() {
    let world = world();
    let actor = Actor::default();
    let branch = create(&world.catalog, Kind::Site, world.org, json!({"name": "Branch"}));
    let branch = Scope { site: Some(SiteId(branch.id)), ..world.org };
    let device = json!({"mac": "5c5b35000001"});
    let ap = create(&world.catalog, Kind::Device, world.org, device);
    let move_to = |site: Value| {
        let patch = body(json!({ "site_id": site }));
        world.catalog.update(Kind::Device, world.org, ap.id, &actor, patch).unwrap()
    };
    move_to(json!(world.site.site));
    let other = create(&world.catalog, Kind::Device, world.site, json!({"mac": "5c5b35000002"}));
    let devices = json!([
        {"device_id": ap.id, "rssi": -60}, {"device_id": other.id, "rssi": -60},
    ]);
    let zone = json!({"name": "near", "devices": devices});
    let zone = create(&world.catalog, Kind::RssiZone, world.site, zone);
    let wlan =
        create(&world.catalog, Kind::Wlan, world.org, json!({"ssid": "M", "ap_ids": [ap.id]}));
    move_to(json!(branch.site));
    // The zone of the site that it left goes on without it; the org's WLAN with it.
    let zone = world.catalog.get(Kind::RssiZone, world.site, zone.id).unwrap();
    assert_eq!(zone.body["devices"], json!([{"device_id": other.id, "rssi": -60}]));
    let patch = body(json!({"enabled": false}));
    let wlan = world.catalog.update(Kind::Wlan, world.org, wlan.id, &actor, patch).unwrap();
    assert_eq!(wlan.body["ap_ids"], json!([ap.id]));

    world.catalog.delete(Kind::Site, world.org, branch.site.unwrap().0, &actor).unwrap();
    let patch = body(json!({"name": "renamed"}));
    let left = world.catalog.update(Kind::Device, world.org, ap.id, &actor, patch).unwrap();
    assert_eq!(left.to_json(true)["site_id"], Value::Null);
}

#[test]
fn a_webhook_outlives_its_filters() {
    let world = world();
    let filter =
        create(&world.catalog, Kind::AssetFilter, world.site, json!({"name": "f", "rssi": -70}));
    let webhook = json!({
        "url": "http://a", "topics": ["audits", "filtered-asset-rssi"],
        "assetfilter_ids": [filter.id],
    });
    let webhook = create(&world.catalog, Kind::Webhook, world.site, webhook);
    world.catalog.delete(Kind::AssetFilter, world.site, filter.id, &Actor::default()).unwrap();
    let webhook = world.catalog.get(Kind::Webhook, world.site, webhook.id).unwrap();
    assert_eq!(webhook.body["topics"], json!(["audits"]));
}
