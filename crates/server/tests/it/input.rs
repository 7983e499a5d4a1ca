//! What goes in comes out; what is wrong is named.

use crate::process::{World, accounting, until, until_answered};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

const TOPICS: [&str; 6] = [
    "audits",
    "device-events",
    "device-updowns",
    "client-join",
    "client-sessions",
    "nac-accounting",
];

#[test]
fn every_topic_arrives_signed() {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    let webhook = world.webhook(&TOPICS);
    world.device("5c5b35000001", "AP");
    let lines = [
        json!({"kind": "device-connected", "mac": "5c5b35000001"}),
        json!({"kind": "client-associated", "mac": "70ef0071535f", "ap": "5c5b35000001",
               "bssid": "5c5b35000011", "ssid": "Maui", "band": "5", "rssi": -54}),
        json!({"kind": "client-disassociated", "mac": "70ef0071535f"}),
    ];
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(world.telemetry(&body)["accepted"], 3);
    world.post(&format!("orgs/{}/webhooks/{webhook}/ping", world.org), &json!({}));
    let packet = accounting(1, 1, "s1", "testing123");
    assert!(until_answered(world.radius, &packet, || false));
    until("all topics", || {
        let ledger = world.ledger();
        let topics: BTreeSet<&str> =
            ledger.iter().filter_map(|post| post["topic"].as_str()).collect();
        topics.len() == TOPICS.len() + 1
    });
    for post in world.ledger() {
        assert_eq!(post["signatures"], json!(["valid", "valid", "valid"]), "{post}");
    }
    // Sent again, also after a restart, it is no second event.
    world.server.as_mut().unwrap().kill();
    world.serve(&[]);
    assert!(until_answered(world.radius, &packet, || false));
    world.post(&format!("orgs/{}/webhooks/{webhook}/ping", world.org), &json!({}));
    until("the second ping", || count(&world.ledger(), "ping") == 2);
    assert_eq!(count(&world.ledger(), "nac-accounting"), 1);
}

fn count(ledger: &[Value], topic: &str) -> usize {
    let ids: BTreeSet<&str> = ledger
        .iter()
        .filter(|post| post["topic"] == topic)
        .filter_map(|post| post["id"].as_str())
        .collect();
    ids.len()
}

#[test]
fn bad_input_is_answered_with_what_is_wrong() {
    let mut world = World::new();
    world.serve(&[]);
    world.device("5c5b35000001", "AP");
    let telemetry = format!("sites/{}/telemetry", world.site);
    let foreign = "sites/00000000-0000-4000-8000-000000000001/telemetry";
    let bomb = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![b' '; 64 << 20]).unwrap();
        encoder.finish().unwrap()
    };
    let gzip: &[&str] = &["Content-Encoding: gzip"];
    let cases: [(&str, &[&str], &[u8], u16); 6] = [
        (&telemetry, gzip, b"not gzip", 400),
        (&telemetry, gzip, &bomb, 413),
        (&telemetry, &["Content-Encoding: br"], b"", 415),
        (foreign, &[], b"{}", 404),
        ("sites/nonsense/telemetry", &[], b"{}", 400),
        ("nonsense", &[], b"{}", 404),
    ];
    for (path, headers, body, status) in cases {
        let (answered, detail) = world.request("POST", path, headers, body);
        assert_eq!(answered, status, "{path}: {detail}");
    }
    let webhooks = format!("orgs/{}/webhooks", world.org);
    for (body, field) in [
        (r#"{"url":"http://169.254.169.254/","topics":["audits"]}"#, "url"),
        (r#"{"url":"ftp://example.net/","topics":["audits"]}"#, "url"),
        (r#"{"url":"http://127.0.0.1:9000/","topics":["nonsense"]}"#, "topics"),
        (r#"{"url":"http://127.0.0.1:9000/","headers":{"Host":"x"}}"#, "headers"),
    ] {
        let (status, answer) = world.request("POST", &webhooks, &[], body.as_bytes());
        assert_eq!((status, answer["field"].as_str()), (400, Some(field)), "{body}: {answer}");
    }
    let (status, answer) = world.request("POST", &webhooks, &[], b"{oops");
    assert_eq!(status, 400);
    assert!(answer["detail"].as_str().unwrap().starts_with("JSON parse error"), "{answer}");

    let answer = world.telemetry(concat!(
        r#"{"kind":"device-heartbeat","mac":"5c5b35000001"}"#,
        "\n",
        r#"{"kind":"teapot"}"#,
        "\n",
        r#"{"kind":"device-heartbeat","mac":7}"#,
        "\n",
        r#"{"kind":"device-heartbeat","mac":"5c5b35000001","time":9999999999999}"#,
        "\n",
    ));
    assert_eq!(answer["accepted"], 1);
    let named: Vec<_> = answer["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["line"].as_u64().unwrap(), it["field"].as_str().unwrap()))
        .collect();
    assert_eq!(named, [(2, "kind"), (3, "mac"), (4, "time")]);
}

#[test]
fn what_is_wrong_with_a_query_or_a_path_is_named_in_plain_words() {
    let mut world = World::new();
    world.serve(&[]);
    let (org, site) = (format!("orgs/{}", world.org), format!("sites/{}", world.site));
    let webhook = world.webhook(&["audits"]);
    for (path, field) in [
        (format!("{org}/webhooks?limit=x"), "limit"),
        (format!("{org}/webhooks?limit="), "limit"),
        (format!("{org}/webhooks?page=-1"), "page"),
        (format!("{org}/webhooks?page=1&page=2"), "page"),
        (format!("{org}/alarms/search?limit=x"), "limit"),
        (format!("{org}/webhooks/{webhook}/events/search?status_code=abc"), "status_code"),
        (format!("{org}/inventory?unassigned=perhaps"), "unassigned"),
        (format!("{org}/inventory?modified_after=noon"), "modified_after"),
        (format!("{org}/inventory?site_id=x"), "site_id"),
        (format!("{site}/stats/zones?map_id=x"), "map_id"),
        (format!("{site}/stats/clients?wired=x"), "wired"),
        (format!("{site}/wlans/derived?wlan_id=x"), "wlan_id"),
        ("orgs/nonsense/webhooks".into(), "org_id"),
        ("sites/nonsense/devices".into(), "site_id"),
        (format!("{org}/webhooks/nonsense"), "webhook_id"),
    ] {
        let (status, answer) = world.request("GET", &path, &[], b"");
        assert_eq!((status, answer["field"].as_str()), (400, Some(field)), "{path}: {answer}");
        assert_eq!(answer["detail"], format!("invalid field: {field}"), "{path}");
        let words = answer.to_string();
        for foreign in ["deserialize", "digit", "parse", "literal", "expected"] {
            assert!(!words.contains(foreign), "{path}: {words}");
        }
    }
    let path = format!("{org}/webhooks/{webhook}?dry_run=perhaps");
    let (status, answer) = world.request("DELETE", &path, &[], b"");
    assert_eq!((status, &answer["field"]), (400, &"dry_run".into()), "{answer}");
}

#[test]
fn a_wrong_radius_secret_is_not_answered() {
    let mut world = World::new();
    world.serve(&[]);
    let tries = AtomicU32::new(0);
    let packet = accounting(1, 1, "s1", "wrong");
    let three_times = || tries.fetch_add(1, Ordering::Relaxed) >= 3;
    assert!(!until_answered(world.radius, &packet, three_times));
    until("the log", || world.log().contains("no secret of this sender fits"));
    assert!(!world.log().contains("testing123"));
}

#[test]
fn a_token_does_what_its_role_allows() {
    let mut world = World::new();
    world.serve(&[]);
    let tokens = format!("orgs/{}/apitokens", world.org);
    let key = |role: &str| {
        let body = json!({"name": role, "privileges": [{"scope": "org", "role": role}]});
        world.post(&tokens, &body)["key"].as_str().unwrap().to_owned()
    };
    let (read, ingest) = (key("read"), key("ingest"));
    let ask = |token: &str, method: &str, path: &str| {
        crate::process::request(world.api, token, method, path, &[], b"{}").unwrap().0
    };
    let (org, telemetry) =
        (format!("orgs/{}", world.org), format!("sites/{}/telemetry", world.site));
    assert_eq!((ask(&read, "GET", &org), ask(&read, "PUT", &org)), (200, 403));
    assert_eq!((ask(&ingest, "GET", &org), ask(&ingest, "POST", &telemetry)), (403, 200));
    assert_eq!(ask(&read, "POST", &telemetry), 403);
    assert_eq!((ask(&read, "GET", &tokens), ask("fh_nonsense", "GET", &org)), (403, 401));
    let (_, listed) = world.request("GET", &tokens, &[], b"");
    let reader = listed.as_array().unwrap().iter().find(|it| it["name"] == "read").unwrap();
    assert!(reader["last_used"].is_i64() && reader["created_by"] == "admin", "{reader}");
    // Neither is anybody's to set.
    let one = format!("{tokens}/{}", reader["id"].as_str().unwrap());
    let (_, changed) = world.request("PUT", &one, &[], br#"{"created_by": "x", "last_used": 1}"#);
    for member in ["created_by", "last_used"] {
        assert_eq!(changed[member], reader[member], "{changed}");
    }
}

#[test]
fn i08_before_the_disk_fills_input_is_refused_and_told_to_come_again() {
    let mut world = World::new();
    world.serve(&["--free-bytes-min", "1000000000000000"]);
    world.device("5c5b35000001", "AP");
    let path = format!("sites/{}/telemetry", world.site);
    let line = br#"{"kind":"device-heartbeat","mac":"5c5b35000001"}"#;
    until("the refusal", || world.request("POST", &path, &[], line).0 == 503);
    let (_, answer) = world.request("POST", &path, &[], line);
    assert_eq!(answer["detail"], "the disk is nearly full");
    let packet = accounting(1, 1, "s1", "testing123");
    let tries = AtomicU32::new(0);
    let twice = || tries.fetch_add(1, Ordering::Relaxed) >= 2;
    assert!(!until_answered(world.radius, &packet, twice), "what is not durable is not answered");
}

#[test]
fn t10_an_org_over_its_quota_is_refused() {
    let mut world = World::new();
    world.serve(&["--org-bytes-per-day", "100"]);
    world.device("5c5b35000001", "AP");
    let path = format!("sites/{}/telemetry", world.site);
    let line = br#"{"kind":"device-heartbeat","mac":"5c5b35000001"}"#;
    let send = || world.request("POST", &path, &[], line);
    let statuses: Vec<u16> = (0..3).map(|_| send().0).collect();
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(send().1["detail"], "the org is over its quota of bytes a day");
}

#[test]
fn t10_records_of_every_protocol_count_towards_the_quota_of_an_org() {
    let mut world = World::new();
    world.serve(&["--org-records-per-day", "3"]);
    world.device("5c5b35000001", "AP");
    let path = format!("sites/{}/telemetry", world.site);
    let line = "{\"kind\":\"device-heartbeat\",\"mac\":\"5c5b35000001\"}\n";
    let send = |lines: usize| world.request("POST", &path, &[], line.repeat(lines).as_bytes());
    assert_eq!(send(2).0, 200);
    let packet = |number: u8| accounting(number, 1, &format!("s{number}"), "testing123");
    assert!(until_answered(world.radius, &packet(1), || false));
    let (status, answer) = send(1);
    assert_eq!(status, 429, "a packet is a record as well");
    assert_eq!(answer["detail"], "the org is over its quota of records a day");
    let tries = AtomicU32::new(0);
    let twice = || tries.fetch_add(1, Ordering::Relaxed) >= 2;
    assert!(!until_answered(world.radius, &packet(2), twice), "what is refused is not answered");
    let metrics = world.metrics();
    let refused = metrics.lines().find_map(|it| it.strip_prefix("foghorn_over_record_quota "));
    assert!(refused.unwrap().parse::<u32>().unwrap() >= 2, "{metrics}");
}
