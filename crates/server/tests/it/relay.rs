//! Messages that are signed as Mist signs them go in, and their events come out as they were.

use crate::peer::Peer;
use crate::process::{World, exchange, foghorn, until, within_patience};
use foghorn_dispatch::sign::{Signatures, Signer};
use foghorn_model::OrgId;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const SHARED: &str = "sh4red-with-mist";
const HARSH: [&str; 4] = ["--snapshot-secs", "1", "--segment-bytes", "65536"];

fn signed(secret: &str, body: &[u8]) -> Signatures {
    Signer::new(Some(secret)).headers(OrgId::from_bytes([0; 16]).0, 0, body)
}

fn v2(body: &[u8]) -> String {
    format!("X-Mist-Signature-v2: {}", signed(SHARED, body).mist_v2().unwrap())
}

/// Sends a message as Mist does: without a token, signed.
fn send(world: &World, path: &str, body: &str) -> (u16, Value) {
    let headers = [&v2(body.as_bytes()), "User-Agent: Mist-webhook"];
    let (status, _, answer) = exchange(world.api, "POST", path, &headers, body.as_bytes()).unwrap();
    (status, answer)
}

fn set(world: &World, path: &str, setting: &Value) {
    let body = json!({ "relay_mist": setting }).to_string();
    let (status, answer) = world.request("PUT", path, &[], body.as_bytes());
    assert_eq!(status, 200, "{answer}");
}

/// A world whose site takes messages in; and where.
fn relaying() -> (World, String) {
    let mut world = World::new();
    world.serve(&HARSH);
    set(&world, &format!("sites/{}/setting", world.site), &json!({"secret": SHARED}));
    let path = format!("sites/{}/relay/mist", world.site);
    (world, path)
}

fn subscribe(world: &World, of: &str, peer: &Peer, topics: &[&str]) {
    let webhook = json!({"name": "w", "url": peer.url(), "topics": topics});
    world.post(&format!("{of}/webhooks"), &webhook);
}

fn get(world: &World, path: &str) -> Value {
    let (status, answer) = world.request("GET", path, &[], b"");
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// A figure of `/metrics`, 0 where it is not told.
fn figure(world: &World, name: &str) -> u64 {
    let mut stream = TcpStream::connect(world.api).unwrap();
    let head = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", world.api);
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let line = answer.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |value| value.trim().parse().unwrap())
}

fn outcome(world: &World, outcome: &str) -> u64 {
    figure(world, &format!("foghorn_relay_messages_total{{outcome=\"{outcome}\"}}"))
}

#[test]
fn events_of_any_topic_come_out_byte_for_byte_and_once() {
    let (mut world, path) = relaying();
    let peer = Peer::start(|_, _| (200, String::new()));
    subscribe(&world, &format!("orgs/{}", world.org), &peer, &["device-events", "nac-accounting"]);
    let site = format!("sites/{}", world.site);
    subscribe(&world, &site, &peer, &["wifi-conn-raw"]);
    // Spaces, escapes, odd numbers and keys in no order are theirs to choose.
    let odd = r#"{ "type":"AP_CONFIGURED" , "text":"caf\u00e9 \/ \ud800", "ap":"d420b0000001",
        "n":1.50e3, "timestamp" :1700000000.123456789, "type":"AP_CONFIGURED"}"#;
    let twin = r#"{"ap":"d420b0000002","type":"AP_CONFIGURED","timestamp":1700000001}"#;
    let accounting = r#"{"mac":"d420b0000003","session_id":"a1","timestamp":1700000002345}"#;
    let raw = r#"{"ap_id":"d4-20-b0-00-00-04","rssi":-61.0,"timestamp":1700000003}"#;
    let messages = [
        format!("{{\"topic\":\"device-events\",\"events\":[{odd},\n {twin} ,{twin}]}}"),
        format!("{{\"events\":[{accounting}],\"topic\":\"nac-accounting\"}}"),
        format!("{{\"topic\":\"wifi-conn-raw\",\"events\":[{raw}]}}"),
    ];
    for (message, count) in messages.iter().zip([3, 1, 1]) {
        assert_eq!(send(&world, &path, message), (200, json!({"accepted": count})));
        assert_eq!(send(&world, &path, message).0, 200, "repeated");
    }
    until("all events", || peer.events().len() >= 5);
    until("the repeats", || figure(&world, "foghorn_repeated_records") == 5);
    assert_eq!(figure(&world, "foghorn_relayed_records"), 10);
    // Killed, and sent again: it was taken in already.
    world.server.as_mut().unwrap().kill();
    world.serve(&HARSH);
    for message in &messages {
        assert_eq!(send(&world, &path, message).0, 200);
    }
    let last = r#"{"last":true}"#;
    let message = format!(r#"{{"topic":"device-events","events":[{last}]}}"#);
    assert_eq!(send(&world, &path, &message).0, 200);
    until("the last event", || peer.events().iter().any(|(_, event)| event == last));
    let got = peer.events();
    let of = |topic| {
        let of = got.iter().filter(|(it, _)| it == topic);
        of.map(|(_, event)| event.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("device-events"), [odd, twin, twin, last]);
    assert_eq!(of("nac-accounting"), [accounting]);
    assert_eq!(of("wifi-conn-raw"), [raw]);
}

#[test]
fn i09_nothing_is_lost_or_doubled_when_the_relay_is_killed_and_the_sender_repeats() {
    const KILLS: u32 = 8;
    let (mut world, path) = relaying();
    let peer = Peer::start(|_, _| (200, String::new()));
    subscribe(&world, &format!("sites/{}", world.site), &peer, &["device-events"]);
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let (api, ending, told) = (world.api, Arc::clone(&stop), Arc::clone(&acknowledged));
    let sender = std::thread::spawn(move || {
        for number in 0.. {
            let event = |name: &str| format!(r#"{{"text":"{number}-{name}","type":"AP_RENAMED"}}"#);
            let (one, twin) = (event("one"), event("twin"));
            let body = format!(r#"{{"topic":"device-events","events":[{one},{twin}, {twin}]}}"#);
            let taken = || {
                let sent = exchange(api, "POST", &path, &[&v2(body.as_bytes())], body.as_bytes());
                sent.is_ok_and(|(status, ..)| status == 200)
            };
            while !taken() {
                std::thread::yield_now();
            }
            told.lock().unwrap().extend([(one, 1), (twin, 2)]);
            if ending.load(Ordering::Acquire) {
                return;
            }
        }
    });
    world.server.as_mut().unwrap().kill();
    for kill in 0..KILLS {
        world.serve_and_kill(&HARSH, kill);
    }
    world.serve(&HARSH);
    stop.store(true, Ordering::Release);
    sender.join().unwrap();
    let expected = acknowledged.lock().unwrap().clone();
    assert!(expected.len() > 20, "only {} events were acknowledged", expected.len());
    let counts = || {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (_, event) in peer.events() {
            *counts.entry(event).or_default() += 1;
        }
        counts
    };
    let all = || {
        let counts = counts();
        expected.keys().all(|event| counts.contains_key(event))
    };
    assert!(within_patience(all), "{} of {} came", counts().len(), expected.len());
    assert!(world.server.as_mut().unwrap().terminate(), "{}", world.log());
    assert_eq!(counts(), expected);
}

#[test]
fn what_is_not_signed_or_no_message_is_refused_named_and_counted() {
    let (world, path) = relaying();
    let setting = format!("sites/{}/setting", world.site);
    let body = r#"{"topic":"alarms","events":[{}]}"#;
    let post = |headers: &[&str], body: &[u8]| {
        let (status, _, answer) = exchange(world.api, "POST", &path, headers, body).unwrap();
        (status, answer)
    };
    let (good, other) = (v2(body.as_bytes()), signed("another", body.as_bytes()));
    let other = format!("X-Mist-Signature-v2: {}", other.mist_v2().unwrap());
    let sha1 = format!("X-Mist-Signature: {}", signed(SHARED, body.as_bytes()).mist_v1().unwrap());
    let token = format!("Authorization: Token {}", world.token);
    assert_eq!(post(&[], body.as_bytes()).0, 401);
    assert_eq!(post(&[&token], body.as_bytes()).0, 401, "a token is no signature");
    assert_eq!(post(&[&sha1], body.as_bytes()).0, 403);
    assert_eq!(post(&[&other], body.as_bytes()).0, 403);
    assert_eq!(post(&["X-Mist-Signature-v2: zz", &sha1], body.as_bytes()).0, 403);
    assert_eq!(post(&[&good], format!("{body} ").as_bytes()).0, 403);
    assert_eq!((outcome(&world, "Unsigned"), outcome(&world, "Unverified")), (3, 3));
    assert_eq!(post(&[&good], body.as_bytes()), (200, json!({"accepted": 1})));

    let wrong = [
        (r#"{"topic":"tomorrow","events":[]}"#, json!("topic")),
        (r#"{"topic":"client-events","events":[]}"#, json!("topic")),
        (r#"{"topic":"alarms"}"#, json!("events")),
        (r#"{"topic":"alarms","events":[{},[]]}"#, json!("events[1]")),
        ("[]", Value::Null),
    ];
    for (body, field) in &wrong {
        let (status, answer) = send(&world, &path, body);
        assert_eq!((status, &answer["field"]), (400, field), "{answer}");
    }
    assert!(send(&world, &path, wrong[0].0).1["reason"].as_str().unwrap().contains("tomorrow"));
    assert_eq!((outcome(&world, "UnknownTopic"), outcome(&world, "Malformed")), (3, 3));
    assert_eq!(post(&[&good, "Content-Encoding: br"], body.as_bytes()).0, 415);

    // What is signed is what was sent: compressed, where it is.
    let zstd = |body: &[u8]| {
        let packed = zstd::bulk::compress(body, 3).unwrap();
        post(&[&v2(&packed), "Content-Encoding: zstd"], &packed)
    };
    let empty = zstd(br#"{"topic":"alarms","events":[]}"#);
    assert_eq!(empty, (200, json!({"accepted": 0})));
    assert_eq!(zstd(&vec![b' '; (32 << 20) + 1]).0, 413);
    assert_eq!(outcome(&world, "Unreadable"), 2);
    // A ping is answered, and told to nobody.
    let ping = r#"{"topic":"ping","events":[{"id":"x","name":"w"}]}"#;
    assert_eq!(send(&world, &path, ping), (200, json!({"accepted": 0})));
    assert_eq!(outcome(&world, "Ping"), 1);

    set(&world, &setting, &json!({"secret": SHARED, "accept_sha1": true}));
    assert_eq!(post(&[&sha1], body.as_bytes()).0, 200);
    assert_eq!(post(&[&other, &sha1], body.as_bytes()).0, 403, "the better one counts");
    for off in [json!({"secret": SHARED, "enabled": false}), Value::Null] {
        set(&world, &setting, &off);
        assert_eq!(post(&[&good], body.as_bytes()).0, 404);
    }
    // Told now and then, and never with what was shown.
    let log = world.log();
    assert_eq!(log.matches("is not taken").count(), 1, "{log}");
    assert!(!log.contains(SHARED) && !log.contains(other.rsplit(' ').next().unwrap()), "{log}");
}

#[test]
fn t02_an_orgs_message_goes_to_its_own_sites_and_to_no_other_org() {
    let mut world = World::new();
    let data = world.path("data").display().to_string();
    let arguments = ["init", "--data", &data, "--org", "Other", "--site", "Theirs", "--json"];
    let other: Value = serde_json::from_slice(&foghorn(&arguments).stdout).unwrap();
    let text = |key: &str| other[key].as_str().unwrap().to_owned();
    let (other_org, theirs, their_token) = (text("org_id"), text("site_id"), text("token"));
    world.serve(&HARSH);
    let org = format!("orgs/{}", world.org);
    let branch = world.post(&format!("{org}/sites"), &json!({"name": "Branch"}));
    let branch = branch["id"].as_str().unwrap().to_owned();
    let at_mist = "4ac1dcf4-0000-4000-8000-000000000001";
    let sites = json!({ at_mist: branch, "4ac1dcf4-0000-4000-8000-000000000002": theirs });
    set(&world, &format!("{org}/setting"), &json!({"secret": SHARED, "sites": sites}));
    let peers: [Peer; 5] = std::array::from_fn(|_| Peer::start(|_, _| (200, String::new())));
    subscribe(&world, &org, &peers[0], &["device-events"]);
    subscribe(&world, &format!("sites/{}", world.site), &peers[1], &["device-events"]);
    subscribe(&world, &format!("sites/{branch}"), &peers[2], &["device-events"]);
    let own = std::mem::replace(&mut world.token, their_token);
    subscribe(&world, &format!("orgs/{other_org}"), &peers[3], &["device-events"]);
    subscribe(&world, &format!("sites/{theirs}"), &peers[4], &["device-events"]);
    world.token = own;

    let of = |site: &str| format!(r#"{{"site_id":"{site}","type":"AP_CONFIGURED"}}"#);
    let second = "4ac1dcf4-0000-4000-8000-000000000002";
    let events =
        [of(&world.site), of(at_mist), of(&theirs), of(second), r#"{"site_id":[7]}"#.into()];
    let body = format!(r#"{{"topic":"device-events","events":[{}]}}"#, events.join(","));
    let path = format!("{org}/relay/mist");
    assert_eq!(send(&world, &path, &body), (200, json!({"accepted": 5})));
    // The other org has no relay, and the site takes nothing under the org's secret.
    for closed in [
        format!("orgs/{other_org}/relay/mist"),
        format!("sites/{theirs}/relay/mist"),
        format!("sites/{}/relay/mist", world.site),
    ] {
        assert_eq!(send(&world, &closed, &body).0, 404, "{closed}");
    }
    let came = |peer: &Peer| {
        let mut events: Vec<String> = peer.events().into_iter().map(|it| it.1).collect();
        events.sort();
        events
    };
    until("the events", || {
        came(&peers[0]).len() == 5 && came(&peers[1]).len() == 1 && came(&peers[2]).len() == 1
    });
    // An orderly end: whatever was for the others would have gone out by now.
    assert!(world.server.as_mut().unwrap().terminate());
    let mut all = events.to_vec();
    all.sort();
    assert_eq!(came(&peers[0]), all);
    assert_eq!(came(&peers[1]), [events[0].clone()]);
    assert_eq!(came(&peers[2]), [events[1].clone()]);
    assert_eq!((peers[3].seen().len(), peers[4].seen().len()), (0, 0));
}

#[test]
fn relayed_alarms_and_audits_and_events_are_found_and_odd_ones_hold_nothing_up() {
    let (world, site_path) = relaying();
    let org = format!("orgs/{}", world.org);
    set(&world, &format!("{org}/setting"), &json!({"secret": SHARED}));
    let org_path = format!("{org}/relay/mist");
    let message = |topic: &str, events: &[&str]| {
        format!(r#"{{"topic":"{topic}","events":[{}]}}"#, events.join(","))
    };
    let id = "1f2e3d4c-0000-4000-8000-00000000000a";
    let raised = format!(
        r#"{{"id":"{id}","type":"switch_down","group":"infrastructure","severity":"critical",
            "status":"open","last_seen":1700000000,"timestamp":"1700000000.5"}}"#
    );
    let resolved = format!(
        r#"{{"id":"{id}","type":"switch_down","last_seen":"2023-11-14T22:20:00","status":"resolved",
            "timestamp":1700000400}}"#
    );
    let odd = [
        "{}",
        r#"{"id":7,"type":["a"],"severity":null,"group":{"b":true},"status":false,"timestamp":"x"}"#,
        r#"{"type":"\ud800","timestamp":1e999}"#,
        r#"{"timestamp":1e18,"type":"far"}"#,
    ];
    let alarms = message("alarms", &[&[raised.as_str()], &odd[..]].concat());
    assert_eq!(send(&world, &site_path, &alarms).0, 200);
    assert_eq!(send(&world, &site_path, &message("alarms", &[&resolved])).0, 200);
    // The same alarm again, of no site: one of its own.
    assert_eq!(send(&world, &org_path, &message("alarms", &[&raised])).0, 200);
    let audits = message(
        "audits",
        &[
            &format!(
                r#"{{"id":"{id}","admin_name":"Ann","message":"Renamed a switch","after":{{"name":"x"}},
            "before":"{{\"name\": \"y\"}}","timestamp":1700000000.0}}"#
            ),
            "{}",
        ],
    );
    assert_eq!(send(&world, &org_path, &audits).0, 200);
    let event = r#"{"type":"SW_CONFIGURED","mac":"d420b0000009","text":"last"}"#;
    assert_eq!(send(&world, &site_path, &message("device-events", &["{}", event])).0, 200);
    let events = format!("sites/{}/devices/events/search?type=SW_CONFIGURED", world.site);
    until("the device event", || get(&world, &events)["total"] == 1);

    let ago = "start=1690000000";
    let search = |of: &str, query: &str| get(&world, &format!("{of}/alarms/search?{ago}&{query}"));
    let site = format!("sites/{}", world.site);
    until("the alarm of no site", || search(&org, "type=switch_down")["total"] == 2);
    let found = search(&site, "type=switch_down");
    assert_eq!(found["total"], 1, "{found}");
    let row = &found["results"][0];
    assert_eq!((&row["id"], &row["status"]), (&json!(id), &json!("resolved")));
    assert_eq!(row["last_seen"], 1_700_000_400, "{row}");
    // Those that say less are there too, but for the one that no reader reads.
    assert_eq!(search(&site, "")["total"], 4);
    assert_eq!(search(&site, "type=far")["total"], 1);
    let counted = get(&world, &format!("{org}/alarms/count?{ago}&distinct=severity"));
    assert!(counted["results"].to_string().contains("critical"), "{counted}");

    // The org has one of that id, as the site has.
    let ack = format!("{org}/alarms/{id}/ack");
    assert_eq!(world.request("POST", &ack, &[], b"").0, 200);
    let acked = search(&org, "acked=true");
    assert_eq!(acked["total"], 2, "{acked}");
    let all = world.request("POST", &format!("{org}/alarms/ack_all"), &[], b"");
    assert_eq!(all.0, 200);
    assert_eq!(search(&org, "acked=true")["total"], 5);

    let logs = get(&world, &format!("{org}/logs?{ago}&admin_name=Ann"));
    assert_eq!(logs["total"], 1, "{logs}");
    let audit = &logs["results"][0];
    assert_eq!((&audit["before"]["name"], &audit["after"]["name"]), (&json!("y"), &json!("x")));
    assert!(!world.log().contains("ERROR"), "{}", world.log());
}
