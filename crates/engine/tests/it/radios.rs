//! Radios: what follows of how they are set, and of how busy their channels are.

use crate::world::{AP, START, World, fold, site_id};
use expect_test::expect;
use foghorn_engine::Engine;
use foghorn_model::ConfigUpdate;
use foghorn_model::telemetry::Radio;

const SWITCH: &str = "5c5b35000003";

fn radio(world: &mut World, after: i64, more: &str) {
    let line = format!(r#"{{"kind":"radio-stats","ap":"{AP}","band":"5"{more}}}"#);
    world.line(after, &line);
}

fn told(world: &mut World) -> String {
    let members = ["type", "ev_type", "band", "pre_channel", "channel", "pre_power", "power"];
    world.trace_of("device-events", &[&members[..], &["reason", "audit_id"]].concat())
}

#[test]
fn a_radio_that_is_set_otherwise_than_it_was_is_an_event() {
    let mut world = World::new();
    radio(&mut world, 1, r#","channel":36,"bandwidth":40,"power":15"#);
    radio(&mut world, 10, r#","channel":36,"bandwidth":40,"power":15"#);
    assert_eq!(told(&mut world), "", "the first word of it is no change");
    radio(&mut world, 10, r#","channel":44,"reason":"interference-co-channel""#);
    radio(&mut world, 10, r#","power":12,"audit_id":"00000000-0000-4000-8000-00000000000a""#);
    radio(&mut world, 5, r#","channel":100,"radar":true"#);
    radio(&mut world, 5, r#","channel":100,"radar":true"#);
    radio(&mut world, 10, r#","channel":100"#);
    expect![[r#"
        device-events 21 AP_RRM_ACTION NOTICE 5 36 44 15 15 interference-co-channel
        device-events 31 AP_RRM_ACTION NOTICE 5 44 44 15 12 00000000-0000-4000-8000-00000000000a
        device-events 36 AP_RADAR_DETECTED WARN 5 44 100 12 12 radar-detected
    "#]]
    .assert_eq(&told(&mut world));
    // On the channel where it is it may hear radar too, when it has no other to go to.
    radio(&mut world, 10, r#","radar":true"#);
    assert_eq!(
        told(&mut world),
        "device-events 61 AP_RADAR_DETECTED WARN 5 100 12 radar-detected\n"
    );
    // Each band is a radio of its own, and one that is down has no setting.
    let other = r#"{"kind":"radio-stats","ap":"5c5b35000001","band":"24","channel":6}"#;
    world.line(10, other);
    radio(&mut world, 10, r#","state":"down","channel":0,"power":0"#);
    assert_eq!(told(&mut world), "");
    radio(&mut world, 10, r#","state":"up","channel":36,"power":12"#);
    expect![[r#"
        device-events 91 AP_RRM_ACTION NOTICE 5 100 36 12 12
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn what_an_ap_has_said_itself_is_not_told_again() {
    let mut world = World::new();
    radio(&mut world, 1, r#","channel":36"#);
    let event = format!(
        r#"{{"kind":"device-event","mac":"{AP}","type":"AP_RRM_ACTION","band":"5","pre_channel":36,"channel":44}}"#
    );
    world.line(10, &event);
    radio(&mut world, 10, r#","channel":44"#);
    let radar = event.replace("RRM_ACTION", "RADAR_DETECTED").replace("44", "52");
    world.line(10, &radar);
    radio(&mut world, 10, r#","channel":52,"radar":true"#);
    expect![[r#"
        device-events 11 AP_RRM_ACTION NOTICE 5 36 44
        device-events 31 AP_RADAR_DETECTED NOTICE 5 36 52
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn late_and_repeated_word_of_a_radio_changes_nothing() {
    let mut world = World::new();
    radio(&mut world, 1, r#","channel":36"#);
    radio(&mut world, 100, r#","channel":44,"id":"a""#);
    radio(&mut world, 1, r#","channel":44,"id":"a""#);
    radio(&mut world, 1, &format!(r#","channel":36,"time":{}"#, START + 90));
    let tally = world.engine.tally();
    assert_eq!((tally.repeated, tally.stale), (1, 1));
    assert_eq!(told(&mut world), "device-events 101 AP_RRM_ACTION NOTICE 5 36 44\n");
    // A switch has no radio, and neither has a stranger.
    for mac in [SWITCH, "020000000001"] {
        world.line(1, &format!(r#"{{"kind":"radio-stats","ap":"{mac}","band":"5","channel":1}}"#));
    }
    assert_eq!(world.engine.tally().unknown_device, 2);
}

#[test]
fn a_restart_of_ours_does_not_forget_a_radio_and_its_removal_does() {
    let mut world = World::new();
    radio(&mut world, 1, r#","state":"up","channel":36,"util_all":31.5,"noise_floor":-94"#);
    let mut restored = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    let site = restored.site(site_id()).unwrap();
    let known: Vec<_> = site.radios(AP.parse().unwrap()).collect();
    let setting = Radio { channel: Some(36), ..Radio::default() };
    assert_eq!((known.len(), known[0].band, known[0].setting), (1, "5", setting));
    assert_eq!((known[0].is_up, known[0].utilization), (Some(true), Some(31.5)));
    let before = world.journal.len();
    world.events.clear();
    radio(&mut world, 10, r#","channel":44"#);
    let events = fold(&mut restored, before as u64 + 1, &world.journal[before]);
    assert_eq!((events.len(), &events), (1, &world.events));
    let (site_id, mac) = (site_id(), AP.parse().unwrap());
    world.change(vec![ConfigUpdate::DeviceRemoved { site_id, mac }]);
    assert_eq!(world.engine.site(site_id).unwrap().radios(mac).count(), 0);
}

#[test]
fn a_channel_that_is_busy_three_times_in_a_row_is_too_small() {
    let mut world = World::new();
    world.enable(&["insufficient_capacity"]);
    for used in [80.0, 95.0, 79.9, 80.0, 80.0] {
        radio(&mut world, 60, &format!(r#","util_all":{used}"#));
    }
    let members = &["type", "status", "count", "aps", "reasons"];
    assert_eq!(world.trace_of("alarms", members), "");
    radio(&mut world, 60, r#","util_all":91"#);
    // What says nothing of it counts for nothing.
    radio(&mut world, 60, r#","channel":36"#);
    (0..3).for_each(|_| radio(&mut world, 60, r#","util_all":20"#));
    expect![[r#"
        alarms 360 insufficient_capacity open 1 ["5c5b35000001"] ["channel of band 5 in use for 91 %"]
        alarms 360 insufficient_capacity resolved 1 ["5c5b35000001"] ["channel of band 5 in use for 91 %"]
    "#]]
    .assert_eq(&world.trace_of("alarms", members));
}

#[test]
fn a_radio_that_still_hears_radar_gives_way_again_only_to_another_channel() {
    let mut world = World::new();
    radio(&mut world, 1, r#","channel":52,"power":15"#);
    radio(&mut world, 10, r#","channel":100,"power":15,"radar":true"#);
    radio(&mut world, 10, r#","channel":100,"power":12,"radar":true"#);
    radio(&mut world, 10, r#","channel":36,"power":12,"radar":true"#);
    expect![[r#"
        device-events 11 AP_RADAR_DETECTED WARN 5 52 100 15 15 radar-detected
        device-events 21 AP_RRM_ACTION NOTICE 5 100 100 15 12
        device-events 31 AP_RADAR_DETECTED WARN 5 100 36 12 12 radar-detected
    "#]]
    .assert_eq(&told(&mut world));
}
