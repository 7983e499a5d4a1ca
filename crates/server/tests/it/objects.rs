//! Every object has its cycle, and nobody sees or touches what is not theirs. Both are driven by
//! the OpenAPI document: a route that is new is covered.

use crate::process::{World, foghorn, request};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A server with an org, a site, and one object of each kind in both; and how each is named in
/// paths.
pub struct Populated {
    pub world: World,
    pub document: Value,
    /// Parameters of paths, by name.
    pub ids: BTreeMap<String, String>,
    /// Bodies that make an object, by collection.
    pub bodies: BTreeMap<&'static str, Value>,
}

fn bodies(ids: &BTreeMap<String, String>) -> BTreeMap<&'static str, Value> {
    let id = |name: &str| ids.get(name).cloned().unwrap_or_default();
    let corners = json!([{"x": 0, "y": 0}, {"x": 9.5, "y": 0}, {"x": 0, "y": 9}]);
    BTreeMap::from([
        (
            "alarmtemplates",
            json!({"name": "a", "delivery": {"enabled": false}, "rules": {
                "device_down": {"enabled": true},
            }}),
        ),
        ("assetfilters", json!({"name": "f", "rssi": -70})),
        ("assets", json!({"name": "cart", "mac": "5c5b35aa0001"})),
        ("beacons", json!({"name": "b", "type": "ibeacon", "ibeacon_major": 7})),
        ("devices", json!({"mac": "5c5b35000001", "name": "AP", "type": "ap"})),
        ("maps", json!({"name": "1st", "width": 800, "height": 600, "ppm": 12.5})),
        ("mxedges", json!({"name": "edge", "model": "ME-X1"})),
        (
            "rssizones",
            json!({"name": "near", "devices": [
                {"device_id": id("device_id"), "rssi": -60},
            ]}),
        ),
        ("sitegroups", json!({"name": "all"})),
        ("vbeacons", json!({"name": "v", "map_id": id("map_id"), "x": 1.5, "y": 2})),
        (
            "webhooks",
            json!({
                "name": "w", "url": "http://127.0.0.1:9000/", "topics": ["audits"], "secret": "hush",
                "headers": {"X-Key": "value"},
            }),
        ),
        ("wlans", json!({"ssid": "Maui", "auth": {"type": "psk", "psk": "longenough"}})),
        ("zones", json!({"name": "lobby", "map_id": id("map_id"), "vertices": corners})),
        ("apitokens", json!({"name": "t", "privileges": [{"scope": "org", "role": "read"}]})),
        ("sites", json!({"name": "Branch", "timezone": "Europe/Berlin"})),
    ])
}

pub fn populated() -> Populated {
    let mut world = World::new();
    world.serve(&[]);
    let (_, document) = world.request("GET", "openapi.json", &[], b"");
    let mut ids = BTreeMap::new();
    ids.insert("org_id".to_owned(), world.org.clone());
    ids.insert("site_id".to_owned(), world.site.clone());
    // What others refer to comes first.
    let mut all = collections(&document);
    all.sort_by_key(|(path, _)| !(path.ends_with("/devices") || path.ends_with("/maps")));
    for (path, parameter) in all.iter().filter(|(path, _)| !path.ends_with("/sites")) {
        let bodies = bodies(&ids);
        let body = &bodies[path.rsplit('/').next().unwrap()];
        let made = world.post(&filled(path, &ids), body);
        // Of the two levels, the site's stands in `ids`; both are made.
        ids.insert(parameter.clone(), made["id"].as_str().unwrap().to_owned());
    }
    let bodies = bodies(&ids);
    Populated { world, document, ids, bodies }
}

/// The collections: their path, and the parameter that names one of theirs.
pub fn collections(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let of = |path: &String| {
        let item = paths.keys().find(|item| {
            let rest = item.strip_prefix(path.as_str()).and_then(|rest| rest.strip_prefix("/{"));
            rest.is_some_and(|rest| rest.ends_with('}') && !rest.contains('/'))
        })?;
        let has = |path: &String, method: &str| paths[path].get(method).is_some();
        let is_full = has(path, "post") && has(path, "get");
        let is_full = is_full && has(item, "get") && has(item, "delete");
        let is_full = is_full && path.contains('{');
        let parameter = item.rsplit('/').next()?.trim_matches(['{', '}']).to_owned();
        is_full.then(|| (path.clone(), parameter))
    };
    paths.keys().filter_map(of).collect()
}

/// A path without its beginning, its parameters filled in.
pub fn filled(path: &str, ids: &BTreeMap<String, String>) -> String {
    let part = |part: &str| match part.strip_prefix('{') {
        Some(name) => {
            let name = name.trim_end_matches('}');
            // What nobody has made is as good as what somebody else has.
            ids.get(name).cloned().unwrap_or_else(|| ids["org_id"].clone())
        }
        None => part.to_owned(),
    };
    let path = path.strip_prefix("/api/v1/").unwrap();
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// What a client that keeps a plan compares: the members that it wrote.
fn of_plan(shown: &Value, plan: &Value) -> Value {
    let keys = plan.as_object().unwrap().keys();
    keys.map(|key| (key.clone(), shown[key].clone())).collect::<Map<_, _>>().into()
}

#[test]
fn what_is_written_is_what_is_read_through_the_life_of_each_object() {
    let Populated { world, document, ids, bodies } = populated();
    let all = collections(&document);
    assert!(all.len() >= 19, "{all:?}");
    for (path, _) in &all {
        let collection = path.rsplit('/').next().unwrap();
        let mut plan = bodies[collection].clone();
        if collection == "devices" {
            plan["mac"] = json!("5c5b35000002");
        }
        let path = filled(path, &ids);
        let made = world.post(&path, &plan);
        let one = match collection {
            "sites" => format!("sites/{}", made["id"].as_str().unwrap()),
            _ => format!("{path}/{}", made["id"].as_str().unwrap()),
        };
        let get = || world.request("GET", &one, &[], b"");
        let (_, shown) = get();
        assert_eq!(of_plan(&shown, &plan), plan, "{path}");
        assert!(shown["created_time"].is_number() && shown["org_id"] == world.org.as_str());

        let key = if collection == "wlans" { "ssid" } else { "name" };
        plan[key] = json!("renamed");
        let change = json!({ key: "renamed" });
        for method in ["PUT", "POST"] {
            let body = change.to_string();
            let (status, answer) = world.request(method, &one, &[], body.as_bytes());
            assert_eq!((status, of_plan(&answer, &plan)), (200, plan.clone()), "{method} {one}");
        }
        assert_eq!(of_plan(&get().1, &plan), plan, "{path}");
        let (_, list) = world.request("GET", &path, &[], b"");
        assert!(list.as_array().unwrap().iter().any(|it| it["id"] == made["id"]), "{path}");

        let dry = format!("{one}?dry_run=true");
        let (status, would) = world.request("DELETE", &dry, &[], b"");
        assert_eq!((status, &would["deleted"][0]["id"]), (200, &made["id"]), "{one}");
        assert_eq!(get().0, 200, "asking deletes nothing: {one}");
        let (status, answer) = world.request("DELETE", &one, &[], b"");
        assert_eq!((status, answer), (200, Value::Null), "{one}");
        assert_eq!((get().0, world.request("DELETE", &one, &[], b"").0), (404, 404), "{one}");
    }
}

#[test]
fn what_is_written_is_what_is_read_of_settings_and_of_the_org_itself() {
    let mut world = World::new();
    world.serve(&[]);
    let site = json!({
        "ap_updown_threshold": 3, "vpn_peer_updown_threshold": 5, "track_asset": true,
        "wifi": {"locate_connected": true, "locate_unconnected": true},
        "occupancy": {"clients_enabled": true, "min_duration": 300},
        "zone_occupancy_alert": {"enabled": true, "threshold": 5, "email_notifiers": []},
        "engagement": {"min_dwell": 0, "max_dwell": 43200, "dwell_tags": {"passerby": "1-300"}},
        "rogue": {"enabled": true, "min_rssi": -70, "whitelisted_ssids": ["Guests"]},
        "simple_alert": {"dhcp_failure": {"client_count": 5, "incident_count": 9, "duration": 10}},
        "radius_clients": [{"network": "192.0.2.0/24", "secret": "hush", "name": "APs"}],
        "relay_mist": {"secret": "hush", "accept_sha1": true},
        "ble_config": {"power": 9}, "unheard": {"of": [1, null]},
    });
    let org = json!({
        "device_updown_threshold": 4, "vna": {"enabled": true},
        "simple_alert": {"dns_failure": {"duration": 60}}, "custom": [1],
    });
    let cases = [
        (format!("sites/{}/setting", world.site), site, ("ap_updown_threshold", json!(240))),
        (format!("orgs/{}/setting", world.org), org, ("device_updown_threshold", json!(0))),
        (
            format!("orgs/{}", world.org),
            json!({"name": "Acme", "notes": "n"}),
            ("notes", json!("m")),
        ),
    ];
    for (path, mut plan, (key, value)) in cases {
        let write = |body: &Value| world.request("PUT", &path, &[], body.to_string().as_bytes());
        let read = |plan: &Value| of_plan(&world.request("GET", &path, &[], b"").1, plan);
        assert_eq!(write(&plan).0, 200, "{path}");
        assert_eq!(read(&plan), plan, "{path}");
        plan[key] = value.clone();
        assert_eq!(write(&json!({ key: value })).0, 200, "{path}");
        assert_eq!(read(&plan), plan, "{path}");
        // What is written again as it is is no change.
        let (status, answer) = write(&plan);
        assert_eq!((status, of_plan(&answer, &plan)), (200, plan), "{path}");
    }
}

#[test]
fn t01_nobody_finds_or_touches_what_belongs_to_another_org_or_site() {
    let Populated { mut world, document, ids, .. } = populated();
    // An org of somebody else, on the same server.
    world.server.as_mut().unwrap().terminate();
    let data = world.path("data").display().to_string();
    let arguments = ["init", "--data", &data, "--org", "Other", "--site", "Theirs", "--json"];
    let made: Value = serde_json::from_slice(&foghorn(&arguments).stdout).unwrap();
    world.serve(&[]);
    let other = made["token"].as_str().unwrap().to_owned();
    // And a site next door, with a token that may do everything there.
    let sibling = world.post(&format!("orgs/{}/sites", world.org), &json!({"name": "Next door"}));
    let privilege = json!({"scope": "site", "site_id": sibling["id"], "role": "admin"});
    let token = json!({"name": "next door", "privileges": [privilege]});
    let made = world.post(&format!("orgs/{}/apitokens", world.org), &token);
    let next_door = made["key"].as_str().unwrap().to_owned();

    // What is open to whoever signs is open to nobody else.
    for of in [format!("orgs/{}", world.org), format!("sites/{}", world.site)] {
        world.post(&format!("{of}/setting"), &json!({"relay_mist": {"secret": "hush"}}));
    }

    let before = everything(&world, &document, &ids);
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        if !path.contains("{org_id}") && !path.contains("{site_id}") {
            continue;
        }
        for (method, operation) in operations.as_object().unwrap() {
            let method = method.to_uppercase();
            let path = filled(path, &ids);
            // Where no token is looked at, all are alike.
            let is_public = operation["security"] == json!([]);
            let allowed = if is_public { [&[401][..]; 2] } else { [&[404][..], &[403, 404]] };
            for (token, allowed) in [&other, &next_door].into_iter().zip(allowed) {
                let asked = request(world.api, token, &method, &path, &[], b"{}");
                let (status, answer) = asked.unwrap();
                assert!(allowed.contains(&status), "{method} {path}: {status} {answer}");
                // And it looks as if it were not there.
                if status == 404 {
                    assert_eq!(answer["detail"], "Not found.", "{method} {path}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "only {tried} were tried");
    assert_eq!(everything(&world, &document, &ids), before, "something changed");
}

/// All that the org can see, but for what grows by looking.
fn everything(world: &World, document: &Value, ids: &BTreeMap<String, String>) -> Vec<Value> {
    let paths = document["paths"].as_object().unwrap().iter();
    let readable = paths.filter(|(path, operations)| {
        // Streams do not end, and what is live moves by itself.
        let counts = ["/self", "/search", "/count", "/logs", "/stream", "/stats"];
        operations.get("get").is_some() && !counts.iter().any(|it| path.contains(it))
    });
    let shown = |path: &str| world.request("GET", &filled(path, ids), &[], b"").1;
    readable.map(|(path, _)| without_uses(shown(path))).collect()
}

/// Looking is a use of a token.
fn without_uses(mut shown: Value) -> Value {
    for row in shown.as_array_mut().into_iter().flatten() {
        row.as_object_mut().map(|row| row.remove("last_used"));
    }
    shown
}

#[test]
fn an_import_takes_what_it_can_and_names_what_it_cannot() {
    let mut world = World::new();
    world.serve(&[]);
    let path = format!("sites/{}/assets/import", world.site);
    let csv = "name,mac\ncart,5c5b53010101\nbed,5C:5B:53:01:01:02\n,5c5b53010103\nx,nonsense\n";
    let import = |query: &str, body: &str, media: &str| {
        let path = format!("{path}{query}");
        let (status, answer) =
            world.request("POST", &path, &[&format!("Content-Type: {media}")], body.as_bytes());
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let fields = |answer: &Value| {
        let errors = answer["errors"].as_array().unwrap().clone();
        errors
            .iter()
            .map(|it| (it["row"].as_u64().unwrap(), it["field"].clone()))
            .collect::<Vec<_>>()
    };
    let dry = import("?dry_run=true", csv, "text/csv");
    let done = import("", csv, "text/csv");
    assert_eq!((&dry["added"], &done["added"]), (&json!(2), &json!(2)));
    assert_eq!(fields(&done), [(3, json!("name")), (4, json!("mac"))]);
    assert_eq!(fields(&import("", csv, "text/csv")).len(), 4, "all four");

    let renamed = r#"[{"name": "bed 2", "mac": "5c5b53010102"}]"#;
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{csv}\r\n--x--\r\n"
    );
    assert_eq!(import("?upsert=True", renamed, "application/json")["updated"], 1);
    assert_eq!(import("", &form, "multipart/form-data; boundary=x")["added"], 0);
    let (_, listed) = world.request("GET", &format!("sites/{}/assets", world.site), &[], b"");
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["cart", "bed 2"]);
}

#[test]
fn a_row_that_is_no_object_refuses_no_other() {
    let mut world = World::new();
    world.serve(&[]);
    let path = format!("sites/{}/assets/import", world.site);
    for (media, body) in [
        ("text/csv", "name,mac\nA,5c5b35bb0020\nB\n,5c5b35bb0021\nC,5c5b35bb0022\n"),
        (
            "application/json",
            r#"[{"name": "D", "mac": "5c5b35bb0023"}, 7, {"mac": "5c5b35bb0024"},
                {"name": "E", "mac": "5c5b35bb0025"}]"#,
        ),
    ] {
        let media = format!("Content-Type: {media}");
        let (status, answer) = world.request("POST", &path, &[&media], body.as_bytes());
        assert_eq!((status, &answer["added"]), (200, &json!(2)), "{answer}");
        let errors = answer["errors"].as_array().unwrap();
        let named: Vec<_> = errors.iter().map(|it| (&it["row"], &it["field"])).collect();
        assert_eq!(named, [(&json!(2), &Value::Null), (&json!(3), &json!("name"))], "{answer}");
    }
}

#[test]
fn devices_are_assigned_and_taken_back_by_mac_or_serial() {
    let mut world = World::new();
    world.serve(&[]);
    let inventory = format!("orgs/{}/inventory", world.org);
    for (mac, serial) in [("5c5b35000001", "A1"), ("5c5b35000002", "A2")] {
        world.post(&inventory, &json!({"mac": mac, "serial": serial}));
    }
    let put = |body: Value| world.request("PUT", &inventory, &[], body.to_string().as_bytes());
    let (status, answer) = put(json!({
        "op": "assign", "site_id": world.site, "macs": ["5C-5B-35-00-00-01", "5c5b35000009"],
        "serials": ["A2"],
    }));
    assert_eq!((status, &answer["op"]), (200, &json!("assign")), "{answer}");
    assert_eq!(answer["success"], json!(["5c5b35000001", "A2"]));
    assert_eq!(
        (&answer["error"], &answer["reason"]),
        (&json!(["5c5b35000009"]), &json!(["not found"]))
    );
    let count = || {
        let path = format!("sites/{}/devices", world.site);
        world.request("GET", &path, &[], b"").1.as_array().unwrap().len()
    };
    assert_eq!(count(), 2);
    assert_eq!(put(json!({"op": "unassign", "macs": ["5c5b35000001"]})).0, 200);
    assert_eq!(put(json!({"op": "delete", "serials": ["A2"]})).0, 200);
    assert_eq!(count(), 0);
    let (_, left) = world.request("GET", &inventory, &[], b"");
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(put(json!({"op": "assign", "macs": []})).1["field"], "site_id");
    assert_eq!(put(json!({"op": "explode"})).0, 400);
}

#[test]
fn the_setting_in_force_is_the_sites_over_its_orgs() {
    let mut world = World::new();
    world.serve(&[]);
    let put = |path: String, body: Value| {
        assert_eq!(world.request("PUT", &path, &[], body.to_string().as_bytes()).0, 200);
    };
    let site = format!("sites/{}/setting", world.site);
    put(format!("orgs/{}/setting", world.org), json!({"ap_updown_threshold": 3, "custom": [1]}));
    put(site.clone(), json!({"ap_updown_threshold": 7, "vna": {"enabled": true}}));
    let (_, derived) = world.request("GET", &format!("{site}/derived"), &[], b"");
    assert_eq!((&derived["ap_updown_threshold"], &derived["custom"]), (&json!(7), &json!([1])));
    assert_eq!(derived["vna"]["enabled"], true);
}

/// Every member that is secret somewhere holds this.
const CANARY: &str = "c4nary-in-a-cage";

#[test]
fn a_secret_stands_nowhere_but_where_it_is_told() {
    let mut world = World::new();
    world.listen();
    // Nor where the log tells everything.
    world.serve_with(&[], &[("FOGHORN_LOG", "trace")]);
    let canaries = [
        (
            "orgs/{org}/webhooks",
            json!({
                "url": format!("http://{}/", world.receiver), "topics": ["audits"], "secret": CANARY,
                "headers": {"X-Key": CANARY},
            }),
        ),
        (
            "orgs/{org}/webhooks",
            json!({
                "url": format!("http://{}/", world.receiver), "topics": ["audits"],
                "type": "splunk", "splunk_token": CANARY,
            }),
        ),
        (
            "orgs/{org}/webhooks",
            json!({
                "url": format!("http://{}/", world.receiver), "topics": ["audits"],
                "type": "oauth2", "oauth2_grant_type": "password",
                "oauth2_token_url": format!("http://{}/", world.receiver),
                "oauth2_client_id": "foghorn", "oauth2_client_secret": CANARY,
                "oauth2_username": "ann", "oauth2_password": CANARY,
            }),
        ),
        (
            "orgs/{org}/wlans",
            json!({
                "ssid": "Maui", "auth": {"type": "psk", "psk": CANARY},
                "auth_servers": [
                    {"host": "10.0.0.1", "secret": CANARY, "keywrap_kek": CANARY},
                ],
            }),
        ),
        (
            "sites/{site}/wlans",
            json!({"ssid": "Old", "auth": {"type": "wep", "keys": [CANARY, null, CANARY]}}),
        ),
        (
            "sites/{site}/setting",
            json!({
                "radius_clients": [{"network": "10.0.0.0/8", "secret": CANARY}],
                "relay_mist": {"secret": CANARY},
                "ospf_areas": {"0": {"networks": {"corp": {"auth_keys": {"1": CANARY}}}}},
                "bgp_config": {"main": {"auth_key": CANARY}},
            }),
        ),
        (
            "orgs/{org}/setting",
            json!({
                "relay_mist": {"secret": CANARY, "accept_sha1": true},
                "device_cert": {"cert": "public", "key": CANARY},
                "mist_nac": {"server_cert": {"key": CANARY, "password": CANARY}},
                "cloudshark": {"apitoken": CANARY},
                "jcloud": {"org_apitoken": CANARY, "org_apitoken_name": "public"},
                "jcloud_ra": {"org_apitoken": CANARY},
                "of_a_plugin": {"pem": [{"it": format!(
                    "-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----\n"
                )}]},
            }),
        ),
    ];
    let filled = |path: &str| path.replace("{org}", &world.org).replace("{site}", &world.site);
    for (path, body) in &canaries {
        world.post(&filled(path), body);
    }
    // A change of each, which is an audit with before and after.
    let (_, hooks) = world.request("GET", &filled("orgs/{org}/webhooks"), &[], b"");
    let hook = format!("{}/{}", filled("orgs/{org}/webhooks"), hooks[0]["id"].as_str().unwrap());
    let change = json!({"secret": format!("{CANARY}-2"), "name": "renamed"});
    let agent = ["User-Agent: terraform/1.9"];
    assert_eq!(world.request("PUT", &hook, &agent, change.to_string().as_bytes()).0, 200);
    let renamed = || {
        let events = world.ledger().into_iter().map(|post| post["events"].clone());
        let mut events = events.flat_map(|it| it.as_array().cloned().unwrap_or_default());
        events.find(|event| event.to_string().contains("renamed"))
    };
    crate::process::until("the audit", || renamed().is_some());
    let audit = renamed().unwrap();
    for member in ["before", "after", "admin_name", "src_ip", "message"] {
        assert!(audit[member].is_string(), "{member}: {audit}");
    }
    assert_eq!(audit["user_agent"], "terraform/1.9");
    // Who may only look sees a mask.
    let token = json!({"name": "r", "privileges": [{"scope": "org", "role": "read"}]});
    let made = world.post(&filled("orgs/{org}/apitokens"), &token);
    let reader = made["key"].as_str().unwrap().to_owned();
    // What the server hands out is told that once, and is not used here but in a header.
    let ingest = json!({"name": "i", "privileges": [{"scope": "org", "role": "ingest"}]});
    let ingest = world.post(&filled("orgs/{org}/apitokens"), &ingest);
    let invite = json!({
        "email": "desk@example.net", "privileges": [{"scope": "org", "role": "read"}],
    });
    let invite = world.post(&filled("orgs/{org}/invites"), &invite);
    let needles = [CANARY, &reader, text(&ingest, "key"), text(&invite, "token")];
    for (path, _) in &canaries {
        let shown = request(world.api, &reader, "GET", &filled(path), &[], b"").unwrap();
        assert_eq!(shown.0, 200);
        assert!(!shown.1.to_string().contains(CANARY), "{path}: {}", shown.1);
    }
    let (_, logs) = world.request("GET", &filled("orgs/{org}/logs"), &[], b"");
    assert!(!logs.to_string().contains(CANARY), "{logs}");
    assert!(world.server.as_mut().unwrap().terminate());
    world.hides(&needles);
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key}: {value}"))
}

#[test]
fn a_masked_list_of_keys_comes_back_as_it_was() {
    let mut world = World::new();
    world.serve(&[]);
    let path = format!("sites/{}/wlans", world.site);
    let keys = json!(["1111111111", null, "2222222222"]);
    let made = world.post(&path, &json!({"ssid": "Old", "auth": {"type": "wep", "keys": keys}}));
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let token = json!({"name": "r", "privileges": [{"scope": "org", "role": "read"}]});
    let made = world.post(&format!("orgs/{}/apitokens", world.org), &token);
    let shown = request(world.api, made["key"].as_str().unwrap(), "GET", &one, &[], b"");
    let masked = shown.unwrap().1["auth"].clone();
    assert_eq!(masked["keys"], json!(["****", null, "****"]));
    let body = json!({"auth": masked}).to_string();
    assert_eq!(world.request("PUT", &one, &[], body.as_bytes()).0, 200);
    assert_eq!(world.request("GET", &one, &[], b"").1["auth"]["keys"], keys);
}

/// A picture of 2 by 3 pixels, and of what else there is: the header says it all.
fn png() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([0, 0, 0, 2, 0, 0, 0, 3, 8, 2, 0, 0, 0, 0, 0, 0, 0]);
    png
}

#[test]
fn a_map_has_a_picture_that_goes_with_it() {
    let mut world = World::new();
    world.serve(&[]);
    let map =
        world.post(&format!("sites/{}/maps", world.site), &json!({"name": "1st", "url": "x"}));
    assert!(map.get("url").is_none(), "{map}");
    let path = format!("sites/{}/maps/{}", world.site, map["id"].as_str().unwrap());
    let image = format!("{path}/image");
    let upload = |bytes: &[u8]| {
        let head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
        let body = [head.as_bytes(), bytes, b"\r\n--x--\r\n"].concat();
        world.request("POST", &image, &["Content-Type: multipart/form-data; boundary=x"], &body)
    };
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for wrong in [&b"nonsense"[..], svg, &png()[..12]] {
        let (status, answer) = upload(wrong);
        assert_eq!((status, &answer["field"]), (400, &json!("file")), "{answer}");
    }
    assert_eq!(upload(&vec![0; 11 << 20]).0, 413);
    assert_eq!(upload(&png()), (200, Value::Null));
    let (_, shown) = world.request("GET", &path, &[], b"");
    assert_eq!((&shown["width"], &shown["height"]), (&json!(2), &json!(3)));
    let url = shown["url"].as_str().unwrap().strip_prefix("/api/v1/").unwrap();
    let token = format!("Authorization: Token {}", world.token);
    let (status, head, _) =
        crate::process::exchange(world.api, "GET", url, &[&token], b"").unwrap();
    assert_eq!(status, 200);
    assert!(head.contains("content-type: image/png") && head.contains("nosniff"), "{head}");
    assert_eq!(crate::process::exchange(world.api, "GET", url, &[], b"").unwrap().0, 401);

    assert_eq!(world.request("DELETE", &image, &[], b"").0, 200);
    assert_eq!(world.request("GET", &image, &[], b"").0, 404);
    assert_eq!(upload(&png()).0, 200);
    assert_eq!(world.request("DELETE", &path, &[], b"").0, 200);
    assert_eq!(world.request("GET", &image, &[], b"").0, 404);
}

#[test]
fn the_wlans_in_force_are_the_orgs_and_the_sites_own() {
    let mut world = World::new();
    world.serve(&[]);
    let (org, site) = (format!("orgs/{}", world.org), format!("sites/{}", world.site));
    let branch = world.post(&format!("{org}/sites"), &json!({"name": "Branch"}));
    let branch = format!("sites/{}", branch["id"].as_str().unwrap());
    let ap = world.post(&format!("{branch}/devices"), &json!({"mac": "5c5b35000001"}));
    let psk = json!({"type": "psk", "psk": "longenough"});
    world.post(&format!("{org}/wlans"), &json!({"ssid": "everywhere", "auth": psk}));
    let aps = json!({"ssid": "there", "apply_to": "aps", "ap_ids": [ap["id"]]});
    world.post(&format!("{org}/wlans"), &aps);
    let own = world.post(&format!("{site}/wlans"), &json!({"ssid": "here", "auth": psk}));
    let derived = |token: &str, path: String| {
        let (status, wlans) = request(world.api, token, "GET", &path, &[], b"").unwrap();
        assert_eq!(status, 200, "{wlans}");
        let told = |it: &Value| format!("{} {}", it["ssid"], it["auth"]["psk"]).replace('"', "");
        wlans.as_array().unwrap().iter().map(told).collect::<Vec<_>>()
    };
    let here = format!("{site}/wlans/derived");
    let all = ["everywhere longenough", "here longenough"];
    assert_eq!(derived(&world.token, here.clone()), all);
    let there = derived(&world.token, format!("{branch}/wlans/derived"));
    assert_eq!(there, ["everywhere longenough", "there null"]);
    let one = format!("{here}?wlan_id={}", own["id"].as_str().unwrap());
    assert_eq!(derived(&world.token, one), all[1..]);
    let (status, _) = world.request("GET", &format!("{here}?wlan_id=x"), &[], b"");
    assert_eq!(status, 400);
    // The secret of the org's is not shown to whoever may write at the site alone.
    let privilege = json!({"scope": "site", "site_id": world.site, "role": "write"});
    let token = json!({"name": "site", "privileges": [privilege]});
    let token = world.post(&format!("{org}/apitokens"), &token);
    let seen = derived(token["key"].as_str().unwrap(), here);
    assert_eq!(seen, ["everywhere ****", "here longenough"]);
}

#[test]
fn t03_a_group_has_the_sites_that_say_so_and_no_others() {
    let mut world = World::new();
    world.serve(&[]);
    let org = format!("orgs/{}", world.org);
    let foreign = "00000000-0000-4000-8000-000000000001";
    let body = json!({"name": "all", "site_ids": [world.site, foreign]});
    let group = world.post(&format!("{org}/sitegroups"), &body);
    assert_eq!(group["site_ids"], json!([]), "nobody says so yet");
    let group = group["id"].clone();
    let path = format!("{org}/sitegroups/{}", group.as_str().unwrap());
    let site = format!("sites/{}", world.site);
    let put = |path: &str, body: Value| {
        let (status, answer) = world.request("PUT", path, &[], body.to_string().as_bytes());
        assert_eq!(status, 200, "{answer}");
        answer
    };
    put(&site, json!({"sitegroup_ids": [group]}));
    let changed = put(&path, json!({"name": "most", "site_ids": [foreign]}));
    assert_eq!((&changed["name"], &changed["site_ids"]), (&json!("most"), &json!([world.site])));
    let shown = |path: &str| world.request("GET", path, &[], b"").1;
    assert_eq!(shown(&path), changed);
    assert_eq!(shown(&format!("{org}/sitegroups")), json!([changed]));
    assert_eq!(world.request("DELETE", &site, &[], b"").0, 200);
    assert_eq!(shown(&path)["site_ids"], json!([]));
}

#[test]
fn what_would_go_with_an_org_is_everything() {
    let Populated { world, .. } = populated();
    let org = format!("orgs/{}", world.org);
    let (status, told) = world.request("DELETE", &format!("{org}?dry_run=true"), &[], b"");
    assert_eq!((status, &told["changed"]), (200, &json!([])), "{told}");
    let goes = told["deleted"].as_array().unwrap();
    assert_eq!((&goes[0]["kind"], &goes[0]["id"]), (&json!("org"), &json!(world.org)));
    for kind in ["site", "device", "map", "zone", "asset", "wlan", "webhook", "token", "mxedge"] {
        assert!(goes.iter().any(|it| it["kind"] == kind), "{kind}: {told}");
    }
    assert_eq!(world.request("GET", &org, &[], b"").0, 200, "and nothing has gone");
}

#[test]
fn degrees_of_a_map_are_kept_as_they_are_written() {
    let mut world = World::new();
    world.serve(&[]);
    let maps = format!("sites/{}/maps", world.site);
    for corner in [json!({"lat": "43.68", "lng": "-1.36"}), json!({"lat": 43.68, "lng": -1.36})] {
        let map = world.post(&maps, &json!({"name": "1st", "latlng_tl": corner}));
        assert_eq!(map["latlng_tl"], corner);
    }
    for wrong in [json!("91"), json!("north"), json!("NaN"), json!(91)] {
        let body = json!({"name": "1st", "latlng_tl": {"lat": wrong, "lng": 0}}).to_string();
        let (status, answer) = world.request("POST", &maps, &[], body.as_bytes());
        assert_eq!((status, &answer["field"]), (400, &json!("latlng_tl")), "{answer}");
    }
}

#[test]
fn a_privilege_of_another_org_is_none_of_this_one() {
    let mut world = World::new();
    world.serve(&[]);
    let org = format!("orgs/{}", world.org);
    let foreign = "00000000-0000-4000-8000-000000000001";
    let privileges = |org: &str| json!([{"scope": "org", "role": "read", "org_id": org}]);
    let invite = |org: &str| {
        json!({"email": "ann@example.net", "first_name": "Ann", "last_name": "Lee",
               "privileges": privileges(org)})
    };
    for (path, body) in [
        ("apitokens", json!({"name": "x", "privileges": privileges(foreign)})),
        ("invites", invite(foreign)),
    ] {
        let body = body.to_string();
        let (status, answer) =
            world.request("POST", &format!("{org}/{path}"), &[], body.as_bytes());
        assert_eq!((status, &answer["field"]), (400, &json!("privileges")), "{answer}");
    }
    world.post(&format!("{org}/invites"), &invite(&world.org));
    let body = json!({"duration": 60, "scope": "org", "applies": {"org_id": foreign}}).to_string();
    let path = format!("{org}/alarmtemplates/suppress");
    let (status, answer) = world.request("POST", &path, &[], body.as_bytes());
    assert_eq!((status, &answer["field"]), (400, &json!("applies.org_id")), "{answer}");
}
