//! Alarms from telemetry to webhook, search and acknowledgement, also when the store is made anew.

use crate::process::{World, until};
use serde_json::{Value, json};

const AP: &str = "5c5b35000001";

fn get(world: &World, path: &str) -> Value {
    let (status, answer) = world.request("GET", path, &[], b"");
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// Posts, and expects an empty answer.
fn act(world: &World, path: &str, body: &Value) {
    let (status, answer) = world.request("POST", path, &[], body.to_string().as_bytes());
    assert_eq!((status, answer), (200, Value::Null), "{path}");
}

fn say(world: &World, lines: &[Value]) {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(world.telemetry(&body)["accepted"], lines.len());
}

/// A world with a restart of an AP, a cable that is bad and one that was.
fn troubled() -> World {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    world.device(AP, "AP1");
    world.webhook(&["alarms", "audits"]);
    let cable = |port: &str, status: &str| {
        json!({"kind": "alarm", "type": "bad_cable", "mac": AP, "port_id": port,
               "status": status})
    };
    say(
        &world,
        &[
            json!({"kind": "device-restarted", "mac": AP, "reason": "power_cycle"}),
            cable("ge-0/0/1", "open"),
            cable("ge-0/0/2", "open"),
            cable("ge-0/0/2", "resolved"),
        ],
    );
    let search = format!("sites/{}/alarms/search", world.site);
    until("the alarms", || get(&world, &search)["total"] == 3);
    world
}

#[test]
fn alarms_are_delivered_found_and_counted() {
    let world = troubled();
    let told = || -> Vec<Value> {
        let posts = world.ledger().into_iter().filter(|it| it["topic"] == "alarms");
        posts.flat_map(|it| it["events"].as_array().cloned().unwrap_or_default()).collect()
    };
    until("the webhook", || told().len() == 4);
    let types: Vec<String> =
        told().iter().map(|it| it["type"].as_str().unwrap_or_default().into()).collect();
    assert_eq!(types, ["device_restarted", "bad_cable", "bad_cable", "bad_cable"]);

    let search = format!("orgs/{}/alarms/search", world.org);
    let of = |query: &str| get(&world, &format!("{search}?{query}"));
    assert_eq!(of("type=device_restarted")["total"], 1);
    assert_eq!(of("type=device_restarted,bad_cable")["total"], 3);
    assert_eq!(of("group=marvis&status=open")["total"], 1);
    assert_eq!(of("severity=critical")["total"], 2);
    assert_eq!(of("acked=true")["total"], 0);
    assert_eq!(of("end=-1h&start=-2h")["total"], 0);
    let resolved = &of("status=resolved")["results"][0];
    assert!(resolved["resolved_time"].is_i64() && resolved["last_seen"].is_i64(), "{resolved}");
    assert_eq!(resolved.get("update"), None);
    let page = of("limit=2&sort=timestamp");
    let next = page["next"].as_str().unwrap().strip_prefix("/api/v1/").unwrap();
    assert_eq!(get(&world, next)["results"].as_array().unwrap().len(), 1);

    let count = |query: &str| {
        get(&world, &format!("sites/{}/alarms/count{query}", world.site))["results"].clone()
    };
    let by_type =
        json!([{"type": "bad_cable", "count": 2}, {"type": "device_restarted", "count": 1}]);
    assert_eq!(count(""), by_type);
    assert_eq!(count("?distinct=acked"), json!([{"acked": "false", "count": 3}]));
    let (status, answer) = world.request(
        "GET",
        &format!("orgs/{}/alarms/count?distinct=hostname", world.org),
        &[],
        b"",
    );
    assert_eq!((status, &answer["field"]), (400, &json!("distinct")));
    for (query, field) in [
        ("status=nope", "status"),
        ("status=open,nope", "status"),
        ("acked=maybe", "acked"),
        ("severity=grave", "severity"),
        ("start=-1h&end=-2h", "start"),
    ] {
        for what in ["search", "count"] {
            let path = format!("orgs/{}/alarms/{what}?{query}", world.org);
            let (status, answer) = world.request("GET", &path, &[], b"");
            assert_eq!((status, &answer["field"]), (400, &json!(field)), "{path}: {answer}");
        }
    }
    // A restart is not a state: it is neither open nor resolved.
    assert_eq!(of("acked=False&status=open,resolved")["total"], 2);
    let ahead = of("start=99999999999");
    assert_eq!(ahead["total"], 0, "a clock that is ahead of ours: {ahead}");
}

#[test]
fn acknowledgements_are_journaled_audited_and_outlive_the_store() {
    let mut world = troubled();
    let site = format!("sites/{}/alarms", world.site);
    let org = format!("orgs/{}/alarms", world.org);
    let acked = |world: &World| -> Vec<Value> {
        let found = get(world, &format!("{org}/search?acked=true&sort=timestamp"));
        found["results"].as_array().cloned().unwrap()
    };
    let all = get(&world, &format!("{site}/search?sort=timestamp"))["results"].clone();
    let ids: Vec<&str> =
        all.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();

    act(&world, &format!("{site}/{}/ack", ids[0]), &json!({"note": "planned"}));
    let one = acked(&world);
    assert_eq!((one.len(), &one[0]["id"], &one[0]["note"]), (1, &json!(ids[0]), &json!("planned")));
    assert_eq!(one[0]["ack_admin_name"], "admin");
    assert!(one[0]["acked_time"].is_i64());
    act(&world, &format!("{org}/ack"), &json!({"alarm_ids": [ids[1], ids[2]]}));
    assert_eq!(acked(&world).len(), 3);
    act(&world, &format!("{site}/unack"), &json!({"alarm_ids": [ids[1]]}));
    act(&world, &format!("{site}/{}/unack", ids[2]), &json!({}));
    assert_eq!(acked(&world).len(), 1);
    act(&world, &format!("{org}/unack_all"), &json!({}));
    assert_eq!(acked(&world).len(), 0);
    act(&world, &format!("{site}/ack_all"), &json!({"note": "night"}));
    assert_eq!(acked(&world).len(), 3);

    // None is acknowledged when one of them is not there.
    let foreign = "00000000-0000-4000-8000-000000000001";
    act(&world, &format!("{org}/unack_all"), &json!({}));
    let bodies = [
        (format!("{site}/ack"), json!({"alarm_ids": [ids[0], foreign]}), 404),
        (format!("{site}/{foreign}/ack"), json!({}), 404),
        (format!("{site}/ack"), json!({}), 400),
        (format!("{site}/ack"), json!({"alarm_ids": ["x"]}), 400),
        (format!("{site}/ack_all"), json!({"note": 7}), 400),
    ];
    for (path, body, expected) in bodies {
        let (status, answer) = world.request("POST", &path, &[], body.to_string().as_bytes());
        assert_eq!(status, expected, "{path} {body}: {answer}");
    }
    assert_eq!(acked(&world).len(), 0);
    act(&world, &format!("{site}/{}/ack", ids[1]), &json!({}));

    let logs = get(&world, &format!("orgs/{}/logs?limit=1000", world.org));
    let messages: Vec<&str> = logs["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["message"].as_str())
        .collect();
    assert!(messages.contains(&format!("Ack alarm {}", ids[0]).as_str()), "{messages:?}");
    assert!(messages.contains(&"Unack all alarms"), "{messages:?}");

    // Killed, and with the store gone: it is as it was.
    let before = get(&world, &format!("{org}/search"))["results"].clone();
    world.server.as_mut().unwrap().kill();
    for suffix in ["", "-wal", "-shm"] {
        let path = world.path(&format!("data/history.db{suffix}"));
        assert!(std::fs::remove_file(&path).is_ok() || !suffix.is_empty(), "{path:?}");
    }
    world.serve(&[]);
    until("the alarms again", || get(&world, &format!("{org}/search"))["results"] == before);
}

#[test]
fn suppressed_sites_tell_no_alarms_until_that_is_lifted() {
    let mut world = World::new();
    world.serve(&[]);
    world.device(AP, "AP1");
    let path = format!("orgs/{}/alarmtemplates/suppress", world.org);
    let suppress = |body: &Value| world.request("POST", &path, &[], body.to_string().as_bytes());
    let restart = json!({"kind": "device-restarted", "mac": AP});
    let search = format!("sites/{}/alarms/search", world.site);

    let (status, answer) =
        suppress(&json!({"duration": 600, "applies": {"site_ids": [world.site]}}));
    assert_eq!((status, &answer["results"][0]["site_id"]), (200, &json!(world.site)), "{answer}");
    assert_eq!(get(&world, &path)["results"].as_array().unwrap().len(), 1);
    assert_eq!(get(&world, &format!("{path}?scope=org"))["results"], json!([]));
    say(&world, std::slice::from_ref(&restart));
    // Another kind of event after it shows that it was folded.
    let events = format!("sites/{}/devices/events/search?type=AP_RESTARTED", world.site);
    until("the restart", || get(&world, &events)["total"] == 1);
    assert_eq!(get(&world, &search)["total"], 0);

    let (status, answer) = world.request("DELETE", &path, &[], b"");
    assert_eq!((status, answer), (200, Value::Null));
    assert_eq!(get(&world, &path)["results"], json!([]));
    say(&world, &[restart]);
    until("the alarm", || get(&world, &search)["total"] == 1);

    let wrong = [
        (json!({"duration": -1, "applies": {"site_ids": [world.site]}}), "duration"),
        (json!({"scheduled_time": 1, "applies": {"site_ids": [world.site]}}), "scheduled_time"),
        (json!({"scope": "map"}), "scope"),
        (json!({}), "applies"),
        (json!({"applies": {"site_ids": ["x"]}}), "applies.site_ids"),
        (
            json!({"applies": {"site_ids": ["00000000-0000-4000-8000-000000000001"]}}),
            "applies.site_ids",
        ),
        (json!({"applies": {"org_id": "00000000-0000-4000-8000-000000000001"}}), "applies.org_id"),
    ];
    for (body, field) in wrong {
        let (status, answer) = suppress(&body);
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{body}: {answer}");
    }
    let (status, _) = suppress(&json!({"scope": "org"}));
    assert_eq!(status, 200);
    assert_eq!(get(&world, &format!("{path}?scope=org"))["results"][0]["scope"], "org");
    // Which is one span of the org, and none of each site.
    assert_eq!(get(&world, &format!("{path}?scope=site"))["results"], json!([]));
    assert_eq!(suppress(&json!({"scope": "org", "duration": 0})).0, 200);
    for scope in ["org", "site"] {
        let left = get(&world, &format!("{path}?scope={scope}"));
        assert_eq!(left["results"], json!([]), "{scope}");
    }
}
