//! Alarms go first.

use super::*;

/// The topics of the attempts that begin when each is answered as soon as it has begun.
fn order(world: &mut World, count: usize) -> Vec<Topic> {
    let mut begun = Vec::new();
    for _ in 0..count {
        let Some(attempt) = world.in_flight.first() else { break };
        begun.push(attempt.lane.topic);
        world.answer(0, OK);
        world.turn();
    }
    begun
}

fn alarmed(id: u8) -> Webhook {
    let mut webhook = webhook(id, false);
    webhook.topics.insert(Topic::Alarms, 0);
    webhook
}

fn one_at_a_time() -> LaneLimits {
    LaneLimits {
        batch_events_max: 1,
        queue_events_max: 100,
        webhook_in_flight_max: 1,
        ..LaneLimits::default()
    }
}

#[test]
fn alarms_go_first_where_a_limit_makes_batches_wait() {
    let (one, two) = (alarmed(1), alarmed(2));
    let in_all = LaneLimits { webhook_in_flight_max: 64, in_flight_max: 1, ..one_at_a_time() };
    let of_host = LaneLimits { webhook_in_flight_max: 64, host_in_flight_max: 1, ..in_all };
    for (limits, hooks) in [
        (one_at_a_time(), vec![one.clone()]),
        (in_all, vec![one.clone(), two]),
        (LaneLimits { in_flight_max: 64, ..of_host }, vec![one]),
    ] {
        let many = hooks.len();
        let mut world = World::new(limits, hooks);
        world.events(3, Topic::DeviceEvents, 7, true);
        world.turn();
        world.events(3, Topic::ClientJoin, 7, true);
        world.events(2, Topic::Alarms, 7, true);
        world.turn();
        // What is on its way is not called back; all alarms come before whatever else waits.
        let begun = order(&mut world, 1 + 2 * many);
        let alarms = vec![Topic::Alarms; 2 * many];
        assert_eq!(begun, [vec![Topic::DeviceEvents], alarms].concat());
        world.settle();
        world.check();
    }
}

#[test]
fn alarms_go_first_when_a_receiver_is_back() {
    let mut world = World::new(one_at_a_time(), vec![alarmed(1)]);
    world.events(2, Topic::DeviceEvents, 7, true);
    world.turn();
    world.answer(0, status(404));
    world.events(2, Topic::ClientJoin, 7, true);
    world.events(2, Topic::Alarms, 7, true);
    world.turn();
    world.now = world.lanes.next_deadline().unwrap();
    world.turn();
    assert_eq!(order(&mut world, 2), [Topic::Alarms, Topic::Alarms], "the probe is one too");
    world.settle();
    world.check();
}

#[test]
fn alarms_without_end_let_others_through() {
    let mut world = World::new(one_at_a_time(), vec![alarmed(1)]);
    world.events(3, Topic::DeviceEvents, 7, true);
    world.events(90, Topic::Alarms, 7, true);
    world.turn();
    let others = order(&mut world, 90).into_iter().enumerate().filter(|it| it.1 != Topic::Alarms);
    let others: Vec<usize> = others.map(|(at, _)| at).collect();
    let every = 1 + turns::URGENT_IN_A_ROW as usize;
    let due = [every, 2 * every, 3 * every];
    assert_eq!(others, due, "one of {every} is of another topic");
    world.settle();
    world.check();
}

#[test]
fn an_alarm_that_comes_after_a_turn_was_given_goes_first() {
    let mut world = World::new(one_at_a_time(), vec![alarmed(1)]);
    world.events(1, Topic::DeviceEvents, 7, true);
    world.turn();
    world.events(2, Topic::ClientJoin, 7, true);
    world.turn();
    // The turn is given to client-join here.
    world.answer(0, OK);
    world.events(1, Topic::Alarms, 7, true);
    world.turn();
    assert_eq!(order(&mut world, 3), [Topic::Alarms, Topic::ClientJoin, Topic::ClientJoin]);
    world.settle();
    world.check();
}

#[test]
fn a_turn_at_a_webhook_is_no_precedence_over_alarms_of_others() {
    let limits = LaneLimits { in_flight_max: 2, ..one_at_a_time() };
    let of = |id, topic| {
        let mut webhook = webhook(id, false);
        webhook.topics = BTreeMap::from([(topic, 0)]);
        webhook
    };
    let hooks = vec![webhook(1, false), of(2, Topic::DeviceUpdowns), of(3, Topic::Alarms)];
    let mut world = World::new(limits, hooks);
    // The second waits for the first at their webhook, the third makes all that are allowed.
    for topic in [Topic::DeviceEvents, Topic::ClientJoin, Topic::DeviceUpdowns, Topic::Alarms] {
        world.events(1, topic, 7, true);
        world.turn();
    }
    world.answer(0, OK);
    world.turn();
    let begun: Vec<Topic> = world.in_flight.iter().map(|it| it.lane.topic).collect();
    assert_eq!(begun, [Topic::DeviceUpdowns, Topic::Alarms]);
    world.settle();
    world.check();
}

#[test]
fn when_a_receiver_is_back_all_go_on_at_once() {
    let limits = LaneLimits { webhook_in_flight_max: 64, ..one_at_a_time() };
    let mut world = World::new(limits, vec![alarmed(1)]);
    world.events(1, Topic::DeviceEvents, 7, true);
    world.turn();
    for _ in 0..crate::breaker::FAILURES_MAX {
        world.answer(0, Answer::Failed(ErrorClass::Connect));
        world.turn();
        world.now = world.lanes.next_deadline().unwrap();
        world.turn();
    }
    assert_eq!(world.in_flight.len(), 1, "the probe");
    world.events(1, Topic::ClientJoin, 7, true);
    world.events(1, Topic::Alarms, 7, true);
    world.turn();
    assert_eq!(world.in_flight.len(), 1, "whoever comes meanwhile waits for it");
    world.answer(0, OK);
    world.turn();
    let begun: Vec<Topic> = world.in_flight.iter().map(|it| it.lane.topic).collect();
    assert_eq!(begun, [Topic::Alarms, Topic::ClientJoin]);
    world.settle();
    world.check();
}
