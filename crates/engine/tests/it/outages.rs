use crate::world::{AP, START, World, associated, client};
use foghorn_model::record::{InputGap, Upgrade};
use foghorn_model::{RecordBody, Timestamp};

fn resumed(world: &mut World, after: i64) {
    let since = Timestamp(world.now * 1_000_000);
    world.now += after;
    world.record(RecordBody::Resumed { since });
}

#[test]
fn our_outage_is_not_their_absence() {
    let mut world = World::new();
    world.say(0, "device-heartbeat", AP);
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    world.events.clear();
    // Three hours: every deadline falls into them.
    resumed(&mut world, 10_800);
    world.tick(59);
    assert_eq!(world.events, []);
    world.tick(62);
    let told = world.events.iter().map(|event| event.topic.as_str());
    let mut topics: Vec<_> = told.filter(|topic| *topic != "site-sle").collect();
    topics.sort_unstable();
    let ended = ["client-events", "client-sessions", "device-events", "device-updowns"];
    assert_eq!(topics, ended, "silent beyond the grace, they are gone");
}

#[test]
fn what_was_due_before_the_outage_is_told() {
    let mut world = World::new();
    world.say(0, "device-heartbeat", AP);
    world.events.clear();
    world.now += 100;
    resumed(&mut world, 10_800);
    let at = world.events.iter().map(|event| event.value()["timestamp"].as_i64().unwrap());
    assert_eq!(at.collect::<Vec<_>>(), [START + 90, START + 90]);
}

#[test]
fn a_gap_in_the_input_defers_like_a_restart() {
    let mut world = World::new();
    world.say(0, "device-heartbeat", AP);
    world.events.clear();
    world.now += 85;
    let until = Timestamp(world.now * 1_000_000);
    let since = Timestamp(START * 1_000_000);
    world.record(RecordBody::InputGap(InputGap { source: "all".into(), since, until }));
    world.tick(50);
    assert_eq!(world.events, []);
}

#[test]
fn a_gap_that_is_told_again_defers_who_was_heard_within_it() {
    let mut world = World::new();
    world.say(0, "device-heartbeat", AP);
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    let at = |secs: i64| Timestamp((START + secs) * 1_000_000);
    let gap =
        RecordBody::InputGap(InputGap { source: "all".into(), since: at(10), until: at(600) });
    // Before what was taken within it, and again behind that.
    world.now += 300;
    world.record(gap.clone());
    world.say(0, "device-heartbeat", AP);
    world.events.clear();
    world.now += 300;
    world.record(gap);
    world.tick(59);
    assert_eq!(world.events, [], "nobody was away for longer than we were");
    world.tick(62);
    assert!(!world.events.is_empty(), "silent beyond the grace, it is gone");
}

#[test]
fn a_server_that_restarts_in_a_loop_does_not_keep_the_dead_alive() {
    let mut world = World::new();
    world.say(0, "device-heartbeat", AP);
    world.events.clear();
    for _ in 0..60 {
        resumed(&mut world, 50);
    }
    assert!(!world.events.is_empty(), "after fifty minutes of restarts it still counts as up");
}

#[test]
fn another_version_and_a_skipped_record_begin_another_epoch() {
    let mut world = World::new();
    let event = r#"{"kind":"device-event","mac":"5c5b35000001","type":"AP_CONFIGURED"}"#;
    world.line(0, event);
    world.record(RecordBody::Upgrade(Upgrade { from: 1, to: 2 }));
    world.line(0, event);
    let epochs: Vec<&str> =
        world.events.iter().map(|event| event.key.split('-').nth(1).unwrap()).collect();
    assert_eq!(epochs, ["1", "2"]);
    assert_eq!(world.engine.fold_version(), 2);
    let next = world.engine.last() + 1;
    world.engine.skip(next);
    assert_eq!((world.engine.last(), world.engine.epoch()), (next, 3));
}
