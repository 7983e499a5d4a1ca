//! When a webhook is told to fail, and to be well.

use super::*;
use foghorn_model::record::WebhookHealth;

/// What is told now, and taken for journaled: the webhook's number, and what is wrong.
fn told(world: &World, known: &mut KnownHealth) -> Vec<(u8, Option<String>)> {
    let changes = world.lanes.health(known, world.now);
    changes.iter().for_each(|health| known.journaled(health));
    let shown = |it: &WebhookHealth| {
        (it.webhook_id.as_bytes()[0], it.failing.as_ref().map(|failing| failing.reason.clone()))
    };
    changes.iter().map(shown).collect()
}

fn failing(world: &World) -> WebhookHealth {
    let hook = &world.index.endpoint(WebhookId::from_bytes([1; 16])).unwrap().webhook;
    let failing = Some(foghorn_model::record::Failing { since: world.now, reason: "x".into() });
    WebhookHealth {
        webhook_id: hook.id,
        name: String::new(),
        org_id: hook.org_id,
        site_id: None,
        failing,
    }
}

/// Answers every attempt this way for so many seconds; new attempts included.
fn answer_for(world: &mut World, secs: i64, answer: Answer) {
    let until = world.now + Micros::from_secs(secs);
    while world.now < until {
        world.turn();
        while !world.in_flight.is_empty() {
            world.answer(0, answer);
        }
        world.now = world.now + Micros::from_secs(1);
    }
}

#[test]
fn five_minutes_without_a_delivery_are_told_once_and_so_is_the_first_after_them() {
    for answer in [status(503), status(404), status(429), Answer::Failed(ErrorClass::Timeout)] {
        let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
        let mut known = KnownHealth::default();
        world.events(1, Topic::DeviceEvents, 7, true);
        answer_for(&mut world, 299, answer);
        assert_eq!(told(&world, &mut known), [], "{answer:?}");
        answer_for(&mut world, 1, answer);
        let [(1, Some(reason))] = &told(&world, &mut known)[..] else { panic!("{answer:?}") };
        assert!(["status 503", "status 404", "status 429", "timeout"].contains(&reason.as_str()));
        answer_for(&mut world, 3_600, answer);
        world.events(5, Topic::ClientJoin, 7, true);
        assert_eq!(told(&world, &mut known), [], "it goes on");
        world.settle();
        assert_eq!(told(&world, &mut known), [(1, None)]);
        assert_eq!(told(&world, &mut known), []);
        world.check();
    }
}

#[test]
fn a_failure_that_passes_within_five_minutes_is_no_matter() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    let mut known = KnownHealth::default();
    for _ in 0..10 {
        world.events(1, Topic::DeviceEvents, 7, true);
        answer_for(&mut world, 200, status(503));
        assert_eq!(told(&world, &mut known), []);
        world.settle();
        assert_eq!(told(&world, &mut known), []);
    }
}

#[test]
fn a_receiver_that_refuses_every_event_keeps_failing_though_its_lanes_go_on() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    let mut known = KnownHealth::default();
    for _ in 0..60 {
        world.events(1, Topic::DeviceEvents, 7, true);
        answer_for(&mut world, 10, status(400));
    }
    assert_eq!(told(&world, &mut known), [(1, Some("status 400".into()))]);
}

#[test]
fn one_lane_that_is_stuck_is_enough_though_others_deliver() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    let mut known = KnownHealth::default();
    let until = world.now + Micros::from_secs(301);
    world.events(1, Topic::ClientJoin, 7, true);
    while world.now < until {
        world.events(1, Topic::DeviceEvents, 7, true);
        world.turn();
        while let Some(attempt) = world.in_flight.first() {
            let is_bad = attempt.lane.topic == Topic::ClientJoin;
            world.answer(0, if is_bad { status(503) } else { OK });
        }
        world.now = world.now + Micros::from_secs(1);
    }
    assert!(matches!(&told(&world, &mut known)[..], [(1, Some(_))]));
    world.settle();
    assert_eq!(told(&world, &mut known), [(1, None)]);
}

#[test]
fn after_a_restart_what_the_folds_hold_stands_until_an_attempt_says_otherwise() {
    let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
    let mut known = KnownHealth::default();
    world.events(1, Topic::DeviceEvents, 7, true);
    answer_for(&mut world, 400, status(503));
    assert_eq!(told(&world, &mut known).len(), 1);
    world.flush();
    world.crash();
    // The process that told of it is gone; whether the command was journaled, the folds say.
    let mut again = KnownHealth::default();
    again.recovered(failing(&world).partition(), [failing(&world)]);
    assert_eq!(told(&world, &mut again), [], "nothing is known yet");
    answer_for(&mut world, 600, status(503));
    assert_eq!(told(&world, &mut again), [], "it is told already");
    let mut lost = KnownHealth::default();
    assert_eq!(told(&world, &mut lost).len(), 1, "or it was not");
    world.settle();
    assert_eq!(told(&world, &mut again), [(1, None)]);
    // Recovered once more, the partition holds none.
    lost.recovered(failing(&world).partition(), []);
    assert_eq!(told(&world, &mut lost), []);
}

#[test]
fn a_webhook_that_is_gone_or_disabled_fails_no_longer() {
    let mut disabled = webhook(1, false);
    disabled.enabled = false;
    for webhooks in [vec![], vec![disabled]] {
        let mut world = World::new(LaneLimits::default(), vec![webhook(1, false)]);
        let mut known = KnownHealth::default();
        world.events(1, Topic::DeviceEvents, 7, true);
        answer_for(&mut world, 400, status(503));
        assert_eq!(told(&world, &mut known).len(), 1);
        world.lanes.set_index(index(webhooks), world.now);
        assert_eq!(told(&world, &mut known), [(1, None)]);
        assert_eq!(told(&world, &mut known), []);
    }
}
