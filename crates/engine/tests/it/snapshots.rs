//! What earlier builds wrote is read, and goes on as it would have there.

use crate::world::{AP, START, World, associated, client, fold, site_id};
use foghorn_engine::Engine;
use foghorn_model::{ConfigUpdate, Edge, Record, RecordBody, Setting, Timestamp};
use uuid::Uuid;

/// A device that owes a down, one that beats, an edge and a client, each with a deadline that an
/// outage deferred; of a build in which each of them kept that by itself.
const PRESENCES: &str = include_str!("../fixtures/presences.json");

fn world() -> World {
    let mut world = World::new();
    world.set(Setting { ap_updown_threshold: Some(5), ..Setting::default() });
    world.change(vec![ConfigUpdate::Edge(Edge {
        id: Uuid::from_bytes([8; 16]),
        site_id: site_id(),
        mac: "020000230522".parse().unwrap(),
        name: "edge-1".into(),
        mxcluster_id: None,
    })]);
    world.say(0, "device-connected", AP);
    world.say(0, "device-disconnected", AP);
    world.say(0, "device-heartbeat", "5c5b35000003");
    world.say(0, "edge-heartbeat", "020000230522");
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    world.now += 1_790;
    world.record(RecordBody::Resumed { since: Timestamp(START * 1_000_000) });
    world
}

#[test]
fn presences_that_their_owners_kept_themselves_are_read() {
    let mut world = world();
    let mut restored = Engine::restore(world.engine.partition(), PRESENCES.as_bytes()).unwrap();
    world.events.clear();
    let last = restored.last();
    world.tick(3_600);
    let tick =
        Record { received_at: Timestamp(world.now * 1_000_000), ..world.journal.pop().unwrap() };
    assert_eq!(fold(&mut restored, last + 1, &tick), world.events);
    let topics: Vec<&str> = world.events.iter().map(|event| event.topic.as_str()).collect();
    for topic in ["device-events", "device-updowns", "mxedge-events", "client-sessions"] {
        assert!(topics.contains(&topic), "{topic} in {topics:?}");
    }
}
