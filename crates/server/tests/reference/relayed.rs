//! Messages of Mist as they were captured, through the relay.

use crate::data;
use crate::peer::{Peer, events_of};
use crate::process::{World, exchange, until};
use foghorn_dispatch::sign::Signer;
use foghorn_model::topic::TOPICS;
use serde_json::{Value, json};

const SHARED: &str = "sh4red-with-mist";

/// What an org's webhook may subscribe to.
fn topics() -> Vec<&'static str> {
    let rows = TOPICS.iter().filter(|row| row.for_org && !row.internal && !row.is_private);
    rows.map(|row| row.name).collect()
}

/// The whole bodies among the samples, as they lie there.
fn captured() -> Vec<String> {
    let samples = data("reference/samples");
    let index = std::fs::read_to_string(samples.join("index.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    let of_orgs = |it: &&Value| topics().iter().any(|topic| it["topic"] == *topic);
    let whole = index["samples"].as_array().unwrap().iter().filter(of_orgs);
    let whole = whole.filter(|it| it["shape"] == "envelope");
    let read = |it: &Value| std::fs::read_to_string(samples.join(it["file"].as_str().unwrap()));
    whole.map(|it| read(it).unwrap()).collect()
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
    let webhook = json!({"name": "w", "url": peer.url(), "topics": topics()});
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
    let mut sent: Vec<_> = bodies.iter().flat_map(|body| events_of(body.as_bytes())).collect();
    sent.sort();
    // Our own audit of the webhook goes to it too.
    let got = || {
        let mut got = peer.events();
        got.retain(|(_, event)| !event.contains(&world.org));
        got.sort();
        got
    };
    until("all events", || got().len() >= sent.len());
    assert!(world.server.take().unwrap().terminate());
    assert_eq!(got(), sent);
}
