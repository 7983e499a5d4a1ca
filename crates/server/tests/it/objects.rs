//! Every object has its cycle, and nobody sees or touches what is not theirs. Both are driven by
//! the OpenAPI document: a route that is new is covered.

use crate::process::{World, foghorn, request};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A server with an org, a site, and one object of each kind in both; and how each is named in
/// paths.
struct Populated {
    world: World,
    document: Value,
    /// Parameters of paths, by name.
    ids: BTreeMap<String, String>,
    /// Bodies that make an object, by collection.
    bodies: BTreeMap<&'static str, Value>,
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

fn populated() -> Populated {
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
fn collections(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let of = |path: &String| {
        let item = paths.keys().find(|item| {
            let rest = item.strip_prefix(path.as_str()).and_then(|rest| rest.strip_prefix("/{"));
            rest.is_some_and(|rest| rest.ends_with('}') && !rest.contains('/'))
        })?;
        let is_full = paths[path].get("post").is_some() && paths[item].get("delete").is_some();
        let parameter = item.rsplit('/').next()?.trim_matches(['{', '}']).to_owned();
        is_full.then(|| (path.clone(), parameter))
    };
    paths.keys().filter_map(of).collect()
}

/// A path without its beginning, its parameters filled in.
fn filled(path: &str, ids: &BTreeMap<String, String>) -> String {
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

    let before = everything(&world, &document, &ids);
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        if !path.contains("{org_id}") && !path.contains("{site_id}") {
            continue;
        }
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let path = filled(path, &ids);
            for (token, allowed) in [(&other, &[404][..]), (&next_door, &[403, 404])] {
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
        let counts = ["/self", "/search", "/count", "/logs"];
        operations.get("get").is_some() && !counts.iter().any(|it| path.contains(it))
    });
    readable.map(|(path, _)| world.request("GET", &filled(path, ids), &[], b"").1).collect()
}
