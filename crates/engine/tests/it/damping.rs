//! Damping of devices and ports that flap.

use crate::world::{AP, Event, World, fold};
use expect_test::expect;
use foghorn_engine::Engine;
use foghorn_model::config::FlapDamping;
use foghorn_model::{RecordBody, Setting, Timestamp};
use proptest::prelude::*;

const SWITCH: &str = "5c5b35000003";
const MEMBERS: &[&str] = &["type", "status", "state", "suppressed", "port_id", "since"];

fn damped(enabled: bool) -> Setting {
    let flap_damping = FlapDamping { enabled: Some(enabled), count: Some(3), minutes: Some(5) };
    Setting { flap_damping: Some(flap_damping), ..Setting::default() }
}

fn world() -> World {
    let mut world = World::new();
    world.set(damped(true));
    world
}

/// Goes up and down in turn, so many times.
fn flap(world: &mut World, times: usize, every: i64) {
    for number in 0..times {
        let kind = if number % 2 == 0 { "device-connected" } else { "device-disconnected" };
        world.say(every, kind, AP);
    }
}

fn told(world: &mut World) -> String {
    let told = world.trace_of("device-updowns", MEMBERS);
    told.replace(" 17000", " +")
}

#[test]
fn more_changes_than_allowed_are_a_marker_until_a_window_is_quiet() {
    let mut world = world();
    flap(&mut world, 20, 60);
    expect![[r#"
        device-updowns 60 AP_CONNECTED
        device-updowns 120 AP_DISCONNECTED
        device-updowns 180 AP_CONNECTED
        device-updowns 240 AP_FLAPPING started down 1 +00240
        device-updowns 540 AP_FLAPPING ongoing up 6 +00240
        device-updowns 840 AP_FLAPPING ongoing down 11 +00240
        device-updowns 1140 AP_FLAPPING ongoing up 16 +00240
    "#]]
    .assert_eq(&told(&mut world));
    world.tick(299);
    assert_eq!(told(&mut world), "");
    world.tick(1);
    world.say(100, "device-connected", AP);
    expect![[r#"
        device-updowns 1500 AP_FLAPPING ended down 17 +00240
        device-updowns 1600 AP_CONNECTED
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn as_many_as_are_allowed_are_told_and_older_ones_do_not_count() {
    let mut world = world();
    flap(&mut world, 20, 100);
    assert!(!told(&mut world).contains("FLAPPING"));
    flap(&mut world, 2, 99);
    assert!(told(&mut world).contains("FLAPPING started"), "the fourth within the window");
}

#[test]
fn device_events_and_alarms_are_told_as_ever() {
    let mut world = world();
    world.enable(&["device_down"]);
    flap(&mut world, 20, 10);
    world.tick(3_600);
    let count = |topic: &str| world.events.iter().filter(|event| event.topic == topic).count();
    assert_eq!(count("device-events"), 20);
    let last = world.events.iter().rfind(|event| event.topic == "alarms").unwrap();
    assert_eq!(last.value()["count"], 10);
}

#[test]
fn without_the_setting_all_are_told_and_taking_it_away_ends_what_flaps() {
    let mut plain = World::new();
    flap(&mut plain, 20, 10);
    assert_eq!(told(&mut plain).lines().count(), 20);
    let mut world = world();
    flap(&mut world, 8, 10);
    world.events.clear();
    world.set(damped(false));
    world.say(10, "device-connected", AP);
    expect![[r#"
        device-updowns 80 AP_FLAPPING ended down 5 +00040
        device-updowns 90 AP_CONNECTED
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn the_setting_of_the_org_holds_where_the_site_has_none() {
    let mut world = World::new();
    world.change(vec![foghorn_model::ConfigUpdate::Org(foghorn_model::Org {
        id: crate::world::org_id(),
        name: "Acme".into(),
        setting: damped(true),
        alarmtemplate_id: None,
    })]);
    flap(&mut world, 8, 10);
    assert!(told(&mut world).contains("FLAPPING"));
}

#[test]
fn a_port_is_damped_on_device_events_and_each_by_itself() {
    let mut world = world();
    let link = |world: &mut World, after: i64, port: &str, up: bool| {
        let event = if up { "SW_PORT_UP" } else { "SW_PORT_DOWN" };
        world.line(
            after,
            &format!(
                r#"{{"kind":"device-event","mac":"{SWITCH}","type":"{event}","port_id":"{port}"}}"#
            ),
        );
    };
    for number in 0..5 {
        link(&mut world, 10, "ge-0/0/1", number % 2 == 0);
    }
    link(&mut world, 0, "ge-0/0/2", false);
    world.tick(300);
    link(&mut world, 0, "ge-0/0/1", false);
    let told = world.trace_of("device-events", MEMBERS).replace(" 17000", " +");
    expect![[r#"
        device-events 10 SW_PORT_UP ge-0/0/1
        device-events 20 SW_PORT_DOWN ge-0/0/1
        device-events 30 SW_PORT_UP ge-0/0/1
        device-events 40 SW_PORT_FLAPPING started down 1 ge-0/0/1 +00040
        device-events 50 SW_PORT_DOWN ge-0/0/2
        device-events 350 SW_PORT_FLAPPING ended up 2 ge-0/0/1 +00040
        device-events 350 SW_PORT_DOWN ge-0/0/1
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_down_within_its_threshold_is_no_change() {
    let mut world = World::new();
    world.set(Setting { device_updown_threshold: Some(2), ..damped(true) });
    flap(&mut world, 20, 60);
    assert_eq!(told(&mut world).lines().count(), 1, "it was up once");
    world.tick(3_600);
    for _ in 0..3 {
        world.say(60, "device-connected", AP);
        world.say(0, "device-disconnected", AP);
        world.tick(120);
    }
    assert!(told(&mut world).contains("FLAPPING started"));
}

#[test]
fn a_restart_in_between_changes_nothing_and_our_outage_is_no_quiet() {
    let mut world = world();
    flap(&mut world, 8, 10);
    let mut restored = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    let before = world.journal.len();
    world.events.clear();
    flap(&mut world, 4, 100);
    world.tick(3_600);
    let mut events = Vec::new();
    for (number, record) in (1..).zip(&world.journal).skip(before) {
        events.extend(fold(&mut restored, number, record));
    }
    assert_eq!(events, world.events);
    flap(&mut world, 8, 10);
    world.events.clear();
    let since = Timestamp(world.now * 1_000_000);
    world.now += 3_600;
    world.record(RecordBody::Resumed { since });
    flap(&mut world, 2, 25);
    assert!(!told(&mut world).contains("ended"), "whether it kept still, nobody knows");
    world.tick(3_600);
    assert!(told(&mut world).contains("ended"));
}

/// What there was to tell, and what was: changes told, and those that the last marker of each
/// span counts.
fn counted(world: &World) -> (usize, u64) {
    let is_updown = |event: &&Event| event.topic == "device-updowns";
    let (mut told, mut suppressed) = (0, 0);
    for event in world.events.iter().filter(is_updown) {
        let value = event.value();
        match value["status"].as_str() {
            None => told += 1,
            Some("ended") => suppressed += value["suppressed"].as_u64().unwrap(),
            Some(_) => {}
        }
    }
    (told, suppressed)
}

proptest! {
    #[test]
    fn what_is_told_and_what_markers_count_are_all_there_was(
        changes in proptest::collection::vec((0i64..400, 0usize..4, any::<bool>()), 1..80),
        cut in any::<proptest::sample::Index>(),
    ) {
        let kinds =
            ["device-heartbeat", "device-connected", "device-disconnected", "device-restarted"];
        let run = |enabled: bool| {
            let mut world = World::new();
            world.set(damped(enabled));
            let cut = cut.index(changes.len());
            for (at, (after, kind, other)) in changes.iter().enumerate() {
                if at == cut {
                    let snapshot = world.engine.snapshot();
                    world.engine = Engine::restore(world.engine.partition(), &snapshot).unwrap();
                }
                world.say(*after, kinds[*kind], if *other { AP } else { SWITCH });
            }
            world.tick(100_000);
            counted(&world)
        };
        let ((all, none), (told, suppressed)) = (run(false), run(true));
        prop_assert_eq!(none, 0);
        prop_assert_eq!(all as u64, told as u64 + suppressed);
    }
}
