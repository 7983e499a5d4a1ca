//! Every write leaves an entry in the audit log. Driven by the OpenAPI document: a route that is
//! new is covered, or fails here.

use crate::objects::{Populated, collections, filled, populated};
use crate::process::until;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Routes that change no configuration: what is observed, and what is passed on.
const INPUT: [&str; 3] = ["/telemetry", "/openwifi/state", "/relay/mist"];
/// Of people and of files; the tests of those look for their entries.
const ELSEWHERE: [&str; 8] = [
    "/admins/",
    "/image",
    "/inventory/unclaimed",
    "/invites/accept",
    "/login",
    "/logout",
    "/self",
    "/setup",
];
/// A device of no site.
const UNASSIGNED: &str = "5c5b35dd0001";

#[test]
fn every_write_is_in_the_audit_log() {
    let Populated { world, document, mut ids, bodies } = populated();
    world.telemetry(&json!({"kind": "device-restarted", "mac": "5c5b35000001"}).to_string());
    let alarms = format!("sites/{}/alarms/search", world.site);
    let search = || world.request("GET", &alarms, &[], b"").1;
    until("the alarm", || search()["total"] == 1);
    ids.insert("alarm_id".into(), search()["results"][0]["id"].as_str().unwrap().into());
    let invite = json!({"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee",
                        "privileges": [{"scope": "org", "role": "read"}]});
    let invited = world.post(&format!("orgs/{}/invites", world.org), &invite);
    ids.insert("invite_id".into(), invited["id"].as_str().unwrap().into());

    let all = collections(&document);
    let mut writes: Vec<(&str, &str)> = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let is_left_out = |part: &&str| path.contains(*part);
        if INPUT.iter().any(|it| path.ends_with(it)) || ELSEWHERE.iter().any(is_left_out) {
            continue;
        }
        let methods = operations.as_object().unwrap().keys().map(String::as_str);
        writes.extend(methods.filter(|it| *it != "get").map(|method| (path.as_str(), method)));
    }
    // A new org is made by people. With an org goes its log. The site goes last.
    writes.retain(|it| *it != ("/api/v1/orgs", "post"));
    writes.retain(|it| *it != ("/api/v1/orgs/{org_id}", "delete"));
    writes.sort_by_key(|it| (it.1 == "delete", *it == ("/api/v1/sites/{site_id}", "delete")));
    let entry = |agent: &str| {
        let (_, log) = world.request("GET", &format!("orgs/{}/logs?limit=20", world.org), &[], b"");
        log["results"].as_array()?.iter().find(|row| row["user_agent"] == agent).cloned()
    };
    for (number, (path, method)) in (1..).zip(&writes) {
        let of = all.iter().find(|(of, _)| path.starts_with(&format!("{of}/{{")));
        if let Some((of, parameter)) = of {
            let made = world.post(&filled(of, &ids), &fresh(of, number, &bodies));
            ids.insert(parameter.clone(), made["id"].as_str().unwrap().to_owned());
        }
        let body = special(path, number, &ids).unwrap_or_else(|| match path.ends_with('}') {
            true if path.contains("/wlans/") => json!({"ssid": format!("renamed {number}")}),
            true => json!({"name": format!("renamed {number}")}),
            false => fresh(path, number, &bodies),
        });
        let (asked, verb) = (filled(path, &ids), method.to_uppercase());
        let agent = format!("script/{number}");
        let header = format!("User-Agent: {agent}");
        let (status, answer) =
            world.request(&verb, &asked, &[&header], body.to_string().as_bytes());
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        let mut row = None;
        until(&format!("the entry of {method} {path}"), || {
            row = entry(&agent);
            row.is_some()
        });
        let row = row.unwrap();
        assert_eq!((&row["src_ip"], &row["org_id"]), (&json!("127.0.0.1"), &json!(world.org)));
        for member in ["id", "admin_id", "admin_name", "message"] {
            assert!(row[member].as_str().is_some_and(|it| !it.is_empty()), "{member}: {row}");
        }
        let told = ["before", "after"].map(|member| row[member].is_object());
        let is_one = path.ends_with('}');
        let expected = match *method {
            "delete" => [true, false],
            _ if is_one => [true, true],
            _ => [told[0], true],
        };
        assert_eq!(told, expected, "{method} {path}: {row}");
    }
    assert!(writes.len() > 100, "{}", writes.len());
}

/// What makes an object of a collection; nothing, where it is none.
fn fresh(path: &str, number: u32, bodies: &BTreeMap<&str, Value>) -> Value {
    let collection = path.rsplit('/').next().unwrap_or_default();
    let Some(mut body) = bodies.get(collection).cloned() else { return json!({}) };
    if ["assets", "devices"].contains(&collection) {
        body["mac"] = json!(format!("5c5b35bb{number:04}"));
    }
    body
}

/// What a route is sent that is none of a collection and its objects.
fn special(path: &str, number: u32, ids: &BTreeMap<String, String>) -> Option<Value> {
    let mac = format!("5c5b35cc{number:04}");
    let route = path.strip_prefix("/api/v1/")?.splitn(3, '/').nth(2)?;
    Some(match route {
        "alarms/ack" | "alarms/unack" => json!({"alarm_ids": [ids["alarm_id"]]}),
        "alarmtemplates/suppress" => json!({"applies": {"site_ids": [ids["site_id"]]}}),
        "assets/import" => json!([{"name": "cart", "mac": mac}]),
        "devices/import" | "inventory/import" => json!([{"mac": mac, "name": "AP", "type": "ap"}]),
        // One request is both, a device and what is to be done with it.
        "inventory" => json!({"mac": UNASSIGNED, "type": "ap", "op": "assign",
                              "site_id": ids["site_id"], "macs": [UNASSIGNED]}),
        "invites" => json!({"email": format!("{number}@example.com"), "first_name": "Ann",
                            "last_name": "Lee", "privileges": [{"scope": "org", "role": "read"}]}),
        "invites/{invite_id}" => json!({"first_name": format!("Ann {number}")}),
        "setting" => json!({"custom": number}),
        _ => return None,
    })
}
