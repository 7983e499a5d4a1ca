use crate::{body, create, open, world};
use foghorn_catalog::{Catalog, CatalogError, Kind, Page, Scope};
use foghorn_model::{Actor, ConfigUpdate, OrgId, SiteId, Timestamp, Topic};
use serde_json::json;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

const ALL: Page = Page { limit: 100, page: 1 };

#[test]
fn a_change_is_told_in_order_and_survives_a_restart() {
    let world = world();
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    world.catalog.on_commit(move |view| seen.lock().unwrap().push(view.seq));
    std::thread::scope(|threads| {
        for name in ["a", "b", "c", "d"] {
            let world = &world;
            threads.spawn(move || {
                create(&world.catalog, Kind::Site, world.org, json!({"name": name}));
            });
        }
    });
    assert_eq!(*told.lock().unwrap(), [3, 4, 5, 6]);
    let changes = world.catalog.changes_after(0, 100).unwrap();
    assert_eq!(changes.iter().map(|change| change.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let (directory, catalog) = (world.directory, world.catalog);
    drop(catalog);
    assert_eq!(open(&directory).last_seq(), 6);
}

#[test]
fn an_object_of_another_org_or_site_is_not_found() {
    let world = world();
    let actor = Actor::default();
    let other = world.catalog.create_org(&actor, body(json!({"name": "Other"}))).unwrap();
    let other = Scope { org: OrgId(other.id), site: None };
    let device = json!({"mac": "5c:5b:35:00:00:01", "name": "AP"});
    let device = create(&world.catalog, Kind::Device, world.site, device);
    let elsewhere = create(&world.catalog, Kind::Site, world.org, json!({"name": "Branch"}));
    let elsewhere = Scope { org: world.org.org, site: Some(SiteId(elsewhere.id)) };
    for scope in [other, elsewhere] {
        let found = world.catalog.get(Kind::Device, scope, device.id);
        assert!(matches!(found, Err(CatalogError::NotFound)), "{scope:?}");
        let deleted = world.catalog.delete(Kind::Device, scope, device.id, &actor);
        assert!(matches!(deleted, Err(CatalogError::NotFound)));
    }
    assert!(world.catalog.get(Kind::Device, world.org, device.id).is_ok());
    let foreign = Scope { org: other.org, site: world.site.site };
    let made =
        world.catalog.create(Kind::Webhook, foreign, &actor, body(json!({"url": "http://a"})));
    assert!(matches!(made, Err(CatalogError::NotFound)));
}

#[test]
fn secrets_are_sealed_on_disk_and_redacted_in_changes() {
    let world = world();
    let webhook = json!({
        "name": "siem", "url": "https://example.net/", "secret": "tops3cret-value",
        "headers": {"Authorization": "Bearer tok3n-value"}, "topics": ["audits"],
    });
    let webhook = create(&world.catalog, Kind::Webhook, world.org, webhook);
    let setting = json!({"radius_clients": [{"network": "10.0.0.0/8", "secret": "rad1us-value"}]});
    let (site, id) = (world.site, world.site.site.unwrap().0);
    world
        .catalog
        .update_setting(Kind::SiteSetting, site, id, &Actor::default(), body(setting))
        .unwrap();
    let view = world.catalog.view();
    assert_eq!(view.webhooks.values().next().unwrap().secret.as_deref(), Some("tops3cret-value"));
    assert_eq!(view.radius_clients(site.site.unwrap())[0].secret, "rad1us-value");
    assert_eq!(webhook.to_json(true)["secret"], "tops3cret-value");
    assert_eq!(webhook.to_json(false)["secret"], "****");
    assert_eq!(webhook.to_json(false)["headers"]["Authorization"], "****");

    drop(world.catalog);
    for file in std::fs::read_dir(world.directory.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in ["tops3cret-value", "tok3n-value", "rad1us-value"] {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} in {}", path.display());
        }
    }
    // Without its key the catalog says so instead of starting without secrets.
    std::fs::remove_file(world.directory.path().join("secret.key")).unwrap();
    let reopened = Catalog::open(world.directory.path(), || Timestamp(0));
    assert!(matches!(reopened, Err(CatalogError::Secrets(_))));
}

#[test]
fn a_secret_that_was_shown_masked_and_sent_back_stays() {
    let world = world();
    let webhook = json!({"url": "http://a", "secret": "s1", "headers": {"X-A": "h1"}});
    let webhook = create(&world.catalog, Kind::Webhook, world.org, webhook);
    let shown = webhook.to_json(false);
    let patch = body(json!({"name": "n", "secret": shown["secret"], "headers": shown["headers"]}));
    let actor = Actor::default();
    let updated =
        world.catalog.update(Kind::Webhook, world.org, webhook.id, &actor, patch).unwrap();
    let updated = updated.to_json(true);
    assert_eq!((&updated["secret"], &updated["headers"]["X-A"]), (&json!("s1"), &json!("h1")));
    assert_eq!(updated["name"], "n");
}

#[test]
fn a_topic_is_subscribed_from_the_change_on_that_names_it() {
    let world = world();
    let actor = Actor::default();
    let webhook = json!({"url": "http://a", "topics": ["audits"]});
    let id = create(&world.catalog, Kind::Webhook, world.org, webhook).id;
    let since = |topic| world.catalog.view().webhooks.values().next().unwrap().topics[&topic];
    assert_eq!(since(Topic::Audits), 3);
    let update = |patch| {
        world.catalog.update(Kind::Webhook, world.org, id, &actor, body(patch)).unwrap();
    };
    update(json!({"topics": ["audits", "client-join"]}));
    assert_eq!((since(Topic::Audits), since(Topic::ClientJoin)), (3, 4));
    update(json!({"enabled": false}));
    update(json!({"enabled": true}));
    assert_eq!((since(Topic::Audits), since(Topic::ClientJoin)), (6, 6));
}

#[test]
fn a_site_names_its_syslog_senders_and_their_interfaces() {
    let world = world();
    let setting = json!({"syslog_senders": [
        {"network": "192.0.2.0/24", "interfaces": {"wlan0": {"ssid": "Maui", "band": "5"}}},
        {"network": "192.0.2.9", "name": "relay", "relay": true},
    ]});
    let (site, id) = (world.site, world.site.site.unwrap().0);
    world
        .catalog
        .update_setting(Kind::SiteSetting, site, id, &Actor::default(), body(setting))
        .unwrap();
    let view = world.catalog.view();
    let senders = view.syslog_senders(site.site.unwrap());
    let networks: Vec<_> = senders.iter().map(|it| (it.network.to_string(), it.relay)).collect();
    assert_eq!(networks, [("192.0.2.0/24".into(), false), ("192.0.2.9/32".into(), true)]);
    assert_eq!(senders[0].interfaces["wlan0"].ssid.as_deref(), Some("Maui"));
}

#[test]
fn a_device_that_moves_leaves_its_old_site() {
    let world = world();
    let actor = Actor::default();
    let device = create(&world.catalog, Kind::Device, world.site, json!({"mac": "5c5b35000001"}));
    let branch = create(&world.catalog, Kind::Site, world.org, json!({"name": "Branch"}));
    let patch = body(json!({"site_id": branch.id}));
    world.catalog.update(Kind::Device, world.org, device.id, &actor, patch).unwrap();
    let change = world.catalog.changes_after(0, 100).unwrap().pop().unwrap();
    let [ConfigUpdate::DeviceRemoved { site_id, .. }, ConfigUpdate::Device(device)] =
        &change.updates[..]
    else {
        panic!("{:?}", change.updates)
    };
    assert_eq!(Some(*site_id), world.site.site);
    assert_eq!(device.site_id, Some(SiteId(branch.id)));
}

#[test]
fn bad_input_names_the_field_and_changes_nothing() {
    let world = world();
    let seq = world.catalog.last_seq();
    let cases = [
        (Kind::Site, json!({}), "name"),
        (Kind::Site, json!({"name": "x", "latlng": 5}), "latlng"),
        (Kind::Webhook, json!({"topics": ["audits"]}), "url"),
        (Kind::Webhook, json!({"url": "http://a", "topics": ["nonsense"]}), "topics"),
        (Kind::Webhook, json!({"url": "http://a", "topics": ["ping"]}), "topics"),
        (Kind::Webhook, json!({"url": "http://a", "headers": {"a": 1}}), "headers"),
        (Kind::Webhook, json!({"url": "http://a", "enabled": "yes"}), "enabled"),
        (Kind::Device, json!({"name": "no mac"}), "mac"),
        (Kind::Device, json!({"mac": "5c5b35000001", "type": "toaster"}), "type"),
        (Kind::Token, json!({"name": "t"}), "privileges"),
        (Kind::OrgSetting, json!({"device_updown_threshold": 500}), "device_updown_threshold"),
        (Kind::Site, json!({"name": "x", "timezone": "Mars/Olympus"}), "timezone"),
        (Kind::SiteSetting, json!({"track_asset": "yes"}), "track_asset"),
        (Kind::SiteSetting, json!({"engagement": {"max_dwell": 0}}), "engagement"),
        (
            Kind::SiteSetting,
            json!({"zone_occupancy_alert": {"threshold": 31}}),
            "zone_occupancy_alert",
        ),
        (Kind::OrgSetting, json!({"device_updown_threshold": "x"}), "device_updown_threshold"),
        (Kind::OrgSetting, json!({"radius_clients": [{"network": "x"}]}), "radius_clients"),
        (Kind::OrgSetting, json!({"syslog_senders": {}}), "syslog_senders"),
        (Kind::OrgSetting, json!({"syslog_senders": [{"network": "x"}]}), "syslog_senders"),
        (
            Kind::OrgSetting,
            json!({"syslog_senders": [{"network": "10.0.0.1", "relay": "yes"}]}),
            "syslog_senders",
        ),
        (
            Kind::OrgSetting,
            json!({"syslog_senders": [
                {"network": "10.0.0.1", "interfaces": {"wlan0": {"bssid": "x"}}},
            ]}),
            "syslog_senders",
        ),
        (Kind::OrgSetting, json!({"relay_mist": "s"}), "relay_mist"),
        (Kind::OrgSetting, json!({"relay_mist": {}}), "relay_mist"),
        (Kind::OrgSetting, json!({"relay_mist": {"secret": ""}}), "relay_mist"),
        (Kind::OrgSetting, json!({"relay_mist": {"secret": "s", "enabled": 1}}), "relay_mist"),
        (Kind::OrgSetting, json!({"relay_mist": {"secret": "s".repeat(1025)}}), "relay_mist"),
        (
            Kind::OrgSetting,
            json!({"relay_mist": {"secret": "s", "sites": {"a": "b"}}}),
            "relay_mist",
        ),
    ];
    for (kind, value, field) in cases {
        let made = world.catalog.create(kind, world.org, &Actor::default(), body(value.clone()));
        match made {
            Err(CatalogError::Invalid { field: named, .. }) => assert_eq!(named, field, "{value}"),
            other => panic!("{value}: {other:?}"),
        }
    }
    assert_eq!(world.catalog.last_seq(), seq);
    let (sites, total) = world.catalog.list(Kind::Site, world.org, ALL).unwrap();
    assert_eq!((sites.len(), total), (1, 1));
}

#[test]
fn an_audit_tells_what_changed_and_who_did_it() {
    let world = world();
    let actor = Actor { admin_name: Some("ops".into()), ..Actor::default() };
    let patch = body(json!({"device_updown_threshold": 5}));
    let id: Uuid = world.site.site.unwrap().0;
    world.catalog.update_setting(Kind::SiteSetting, world.site, id, &actor, patch).unwrap();
    let change = world.catalog.changes_after(0, 100).unwrap().pop().unwrap();
    let audit = change.audit.unwrap();
    assert_eq!(audit.message, "Update Site Settings");
    assert_eq!(audit.actor, actor);
    assert_eq!(audit.site_name.as_deref(), Some("HQ"));
    assert_eq!(audit.after.as_deref(), Some(r#"{"device_updown_threshold": 5}"#));
    let [ConfigUpdate::Site(site)] = &change.updates[..] else { panic!("{:?}", change.updates) };
    assert_eq!(site.setting.device_updown_threshold, Some(5));
}

#[test]
fn a_relay_is_of_the_level_that_names_it_and_is_told_while_it_is_on() {
    let world = world();
    let site = world.site.site.unwrap();
    let (org, actor) = (world.org.org, Actor::default());
    let set = |kind, scope, id, relay: serde_json::Value| {
        let patch = body(json!({ "relay_mist": relay }));
        world.catalog.update_setting(kind, scope, id, &actor, patch).unwrap();
    };
    let relay = |site| world.catalog.view().relay(org, site).cloned();
    set(Kind::SiteSetting, world.site, site.0, json!({"secret": "s1te"}));
    assert_eq!((relay(Some(site)).unwrap().secret.as_str(), relay(None)), ("s1te", None));
    let sites = json!({ org.to_string(): site });
    let setting = json!({"secret": "0rg", "accept_sha1": true, "sites": sites});
    set(Kind::OrgSetting, world.org, org.0, setting);
    let of_org = relay(None).unwrap();
    assert!(of_org.accept_sha1 && !relay(Some(site)).unwrap().accept_sha1);
    assert_eq!((of_org.secret.as_str(), of_org.sites[&org.0]), ("0rg", site));
    assert!(!format!("{of_org:?}").contains("0rg"), "{of_org:?}");
    set(Kind::OrgSetting, world.org, org.0, json!({"secret": "0rg", "enabled": false}));
    set(Kind::SiteSetting, world.site, site.0, json!({"enabled": false}));
    assert_eq!((relay(None), relay(Some(site))), (None, None));
}

#[test]
fn a_second_process_is_refused() {
    let world = world();
    let second = Catalog::open(world.directory.path(), || Timestamp(0));
    assert!(matches!(second, Err(CatalogError::Locked(_))));
}
