//! Each topic that has a page can be made to come, and arrives.

use crate::clock::FakeClock;
use crate::pages::{self, BY_THE_CLOCK};
use crate::process::{World, foghorn, until};
use serde_json::Value;

fn trigger(world: &World, topic: &str) -> Value {
    let api = world.api.to_string();
    let said = foghorn(&["trigger", topic, "--api", &api, "--token", &world.token, "--json"]);
    assert!(said.status.success(), "{topic}: {}", String::from_utf8_lossy(&said.stderr));
    let said: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(said["topic"], topic);
    said
}

/// How many events of a topic came.
fn count(world: &World, topic: &str) -> usize {
    let posts = world.ledger().into_iter().filter(|post| post["topic"] == topic);
    posts.map(|post| post["events"].as_array().map_or(0, Vec::len)).sum()
}

#[test]
fn what_is_triggered_arrives() {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    let topics = pages::topics();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let topics = topics.into_iter().filter(|topic| !BY_THE_CLOCK.contains(topic));
    // What cannot be subscribed is the ping, which comes all the same.
    let (pings, topics): (Vec<&str>, Vec<&str>) = topics.partition(|topic| *topic == "ping");
    world.webhook(&topics);
    for topic in topics.iter().chain(&pings) {
        trigger(&world, topic);
        until(topic, || count(&world, topic) > 0);
    }
    // Again it comes again.
    let before = count(&world, "client-join");
    trigger(&world, "client-join");
    until("the second join", || count(&world, "client-join") > before);
}

#[test]
fn what_is_triggered_and_comes_by_the_clock_arrives() {
    let mut world = World::new();
    let without = "what comes by the clock is not seen to arrive when it is triggered";
    let Some(mut clock) = FakeClock::find(world.directory.path(), without) else { return };
    clock.set_before_the_hour();
    world.listen_with(&clock.variables());
    world.serve_with(&[], &clock.variables());
    world.webhook_of(&format!("sites/{}", world.site), &BY_THE_CLOCK);
    for topic in BY_THE_CLOCK {
        let said = trigger(&world, topic);
        let remark = said["remark"].as_str().unwrap();
        assert!(remark.contains("told by the clock, in "), "{remark}");
    }
    // Once a record is acknowledged, the server has seen what time it is.
    clock.go_past_the_hour(|| drop(trigger(&world, "device-events")));
    for topic in BY_THE_CLOCK {
        until(topic, || count(&world, topic) > 0);
    }
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
