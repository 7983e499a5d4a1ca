//! Each topic that something comes of can be made to come.

use crate::process::{World, foghorn, until};
use serde_json::Value;
use std::collections::BTreeSet;

fn trigger(world: &World, topic: &str) -> Value {
    let api = world.api.to_string();
    let said = foghorn(&["trigger", topic, "--api", &api, "--token", &world.token, "--json"]);
    assert!(said.status.success(), "{topic}: {}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).unwrap()
}

#[test]
fn what_is_triggered_arrives() {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    let topics = [
        "alarms",
        "audits",
        "client-info",
        "client-join",
        "client-sessions",
        "device-events",
        "device-updowns",
        "guest-authorizations",
        "mxedge-events",
        "nac-accounting",
        "nac-events",
    ];
    world.webhook(&topics);
    for topic in topics.iter().chain(&["ping"]) {
        assert_eq!(trigger(&world, topic)["topic"], *topic);
        until(topic, || world.ledger().iter().any(|post| post["topic"] == *topic));
    }
    // Again it comes again.
    let joins = |world: &World| {
        let posts = world.ledger().into_iter().filter(|post| post["topic"] == "client-join");
        posts.flat_map(|post| post["events"].as_array().cloned().unwrap_or_default()).count()
    };
    let before = joins(&world);
    trigger(&world, "client-join");
    until("the second join", || joins(&world) > before);
    let late = trigger(&world, "client-latency");
    assert!(late["remark"].as_str().unwrap().contains("ten minutes"), "{late}");
}

#[test]
fn what_nothing_makes_is_said_to_be_so() {
    let mut world = World::new();
    world.serve(&[]);
    let api = world.api.to_string();
    for (topic, text) in [("zone", "nothing makes zone yet"), ("nonsense", "unknown topic")] {
        let said = foghorn(&["trigger", topic, "--api", &api, "--token", &world.token]);
        let stderr = String::from_utf8_lossy(&said.stderr);
        assert!(!said.status.success() && stderr.contains(text), "{topic}: {stderr}");
    }
}

#[test]
fn every_topic_that_has_a_page_can_be_triggered() {
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/topics");
    let pages: BTreeSet<String> = std::fs::read_dir(pages)
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README")
        .collect();
    // An address where nobody listens: what is known is said before anybody is asked.
    let said = foghorn(&["trigger", "zone", "--token", "x", "--api", "127.0.0.1:1"]);
    let stderr = String::from_utf8_lossy(&said.stderr).into_owned();
    for topic in pages {
        assert!(stderr.contains(&topic), "{topic} cannot be triggered: {stderr}");
    }
}
