//! Messages of Mist as they were captured, through the relay.

use crate::data;
use crate::peer::{Peer, Request};
use crate::process::{World, exchange, until};
use foghorn_dispatch::sign::Signer;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SHARED: &str = "sh4red-with-mist";
/// What an org's webhook may subscribe to.
const TOPICS: [&str; 10] = [
    "alarms",
    "audits",
    "client-info",
    "client-join",
    "client-sessions",
    "device-events",
    "device-updowns",
    "guest-authorizations",
    "nac-accounting",
    "nac-events",
];

#[derive(serde::Deserialize)]
struct Body<'a> {
    topic: &'a str,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// The whole bodies among the samples, as they lie there.
fn captured() -> Vec<String> {
    let samples = data("reference/samples");
    let index = std::fs::read_to_string(samples.join("index.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    let whole =
        index["samples"].as_array().unwrap().iter().filter(|it| {
            it["shape"] == "envelope" && TOPICS.iter().any(|topic| it["topic"] == *topic)
        });
    let read = |it: &Value| std::fs::read_to_string(samples.join(it["file"].as_str().unwrap()));
    whole.map(|it| read(it).unwrap()).collect()
}

/// Topic and text of each event, in one order for all.
fn events<'a>(bodies: impl Iterator<Item = &'a [u8]>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for body in bodies {
        let Body { topic, events } = serde_json::from_slice(body).unwrap();
        all.extend(events.into_iter().map(|event| (topic.to_owned(), event.get().to_owned())));
    }
    all.sort();
    all
}

/// A request that was repeated counts once.
fn got(requests: &[Request]) -> Vec<(String, String)> {
    let mut ids = BTreeSet::new();
    let id = |head: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("webhook-id:"));
        line.unwrap().to_owned()
    };
    events(requests.iter().filter(|(head, _)| ids.insert(id(head))).map(|(_, body)| &body[..]))
}

#[test]
fn captured_messages_come_out_byte_for_byte_and_once_though_the_relay_is_killed() {
    let bodies = captured();
    assert!(bodies.len() > 10, "{}", bodies.len());
    let mut world = World::new();
    world.serve(&[]);
    let org = format!("orgs/{}", world.org);
    let setting = json!({"relay_mist": {"secret": SHARED}}).to_string();
    let (status, answer) = world.request("PUT", &format!("{org}/setting"), &[], setting.as_bytes());
    assert_eq!(status, 200, "{answer}");
    let peer = Peer::start(|_, _| (200, String::new()));
    let webhook = json!({"name": "w", "url": peer.url(), "topics": TOPICS});
    world.post(&format!("{org}/webhooks"), &webhook);

    let path = format!("{org}/relay/mist");
    let send = |world: &World, body: &str, secret: &str| {
        let signatures = Signer::new(Some(secret)).headers(uuid::Uuid::nil(), 0, body.as_bytes());
        let header = format!("X-Mist-Signature-v2: {}", signatures.mist_v2().unwrap());
        exchange(world.api, "POST", &path, &[&header], body.as_bytes()).unwrap().0
    };
    assert_eq!(send(&world, &bodies[0], "another secret"), 403);
    let (first, last) = bodies.split_at(bodies.len() / 2);
    first.iter().for_each(|body| assert_eq!(send(&world, body, SHARED), 200, "{body}"));
    world.server.as_mut().unwrap().kill();
    world.serve(&[]);
    // Mist sends again what it has no answer to.
    for body in first.iter().chain(last) {
        assert_eq!(send(&world, body, SHARED), 200, "{body}");
    }
    let sent = events(bodies.iter().map(String::as_bytes));
    // Our own audit of the webhook goes to it too.
    let got = || {
        let mut got = got(&peer.seen());
        got.retain(|(_, event)| !event.contains(&world.org));
        got
    };
    until("all events", || got().len() >= sent.len());
    assert!(world.server.take().unwrap().terminate());
    assert_eq!(got(), sent);
}
