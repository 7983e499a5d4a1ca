//! Alarms of VPN paths, VPN peers and BGP neighbours, and their thresholds.

use crate::world::{START, World, fold};
use expect_test::expect;
use foghorn_engine::Engine;
use foghorn_model::{ConfigUpdate, RecordBody, Setting, Timestamp};

const SWITCH: &str = "5c5b35000003";
const GATEWAY: &str = "5c5b35000004";

fn thresholds(vpn_peer: u32) -> Setting {
    Setting {
        vpn_peer_updown_threshold: Some(vpn_peer),
        vpn_path_updown_threshold: Some(10),
        bgp_neighbor_updown_threshold: Some(15),
        ..Setting::default()
    }
}

fn world() -> World {
    let mut world = World::new();
    world.set(thresholds(5));
    world.enable(&[
        "vpn_peer_down",
        "vpn_peer_up",
        "gw_vpn_path_down",
        "gw_vpn_path_up",
        "gw_bgp_neighbor_down",
        "gw_bgp_neighbor_up",
        "sw_bgp_neighbor_down",
        "sw_bgp_neighbor_up",
    ]);
    world
}

fn say(world: &mut World, after: i64, mac: &str, event: &str, more: &str) {
    world
        .line(after, &format!(r#"{{"kind":"device-event","mac":"{mac}","type":"{event}"{more}}}"#));
}

fn peer(world: &mut World, after: i64, state: &str, number: u8) {
    let more = format!(r#","peer_mac":"5c5b3500009{number}""#);
    say(world, after, GATEWAY, &format!("GW_VPN_PEER_{state}"), &more);
}

fn told(world: &mut World) -> String {
    world.trace_of("alarms", &["type", "count", "reasons"])
}

#[test]
fn a_peer_that_is_back_within_the_threshold_is_no_alarm_and_one_that_is_not_is_two() {
    let mut world = world();
    peer(&mut world, 0, "DOWN", 1);
    peer(&mut world, 299, "UP", 1);
    world.tick(3_600);
    assert_eq!(told(&mut world), "");
    peer(&mut world, 1, "DOWN", 1);
    world.tick(299);
    assert_eq!(told(&mut world), "");
    world.tick(1);
    expect![[r#"
        alarms 3900 vpn_peer_down 1
    "#]]
    .assert_eq(&told(&mut world));
    peer(&mut world, 100, "UP", 1);
    expect![[r#"
        alarms 4300 vpn_peer_up 1
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn the_events_themselves_wait_for_nothing() {
    let mut world = world();
    peer(&mut world, 0, "DOWN", 1);
    peer(&mut world, 1, "UP", 1);
    expect![[r#"
        device-events 0 GW_VPN_PEER_DOWN
        device-events 1 GW_VPN_PEER_UP
    "#]]
    .assert_eq(&world.trace(&["type"]));
}

#[test]
fn each_kind_has_its_threshold_and_each_peering_its_own_down() {
    let mut world = world();
    let path = r#","text":"peer path [HUB,10.3.128.34,SPOKE,ADSL,0] down""#;
    say(&mut world, 0, GATEWAY, "GW_VPN_PATH_DOWN", path);
    for (mac, prefix) in [(GATEWAY, "GW"), (SWITCH, "SW")] {
        let neighbor =
            r#","text":"BGP peer 192.168.4.1 (Internal AS 65000) changed state to Idle.""#;
        say(&mut world, 0, mac, &format!("{prefix}_BGP_NEIGHBOR_DOWN"), neighbor);
    }
    peer(&mut world, 0, "DOWN", 1);
    peer(&mut world, 0, "DOWN", 2);
    peer(&mut world, 200, "UP", 2);
    // The text says something else, and names the same.
    let back = r#","text":"neighbor: 192.168.4.1 established""#;
    say(&mut world, 300, GATEWAY, "GW_BGP_NEIGHBOR_UP", back);
    // Another path is another matter.
    let other = r#","text":"peer path [HUB,10.3.128.34,SPOKE,LTE,0] up""#;
    say(&mut world, 0, GATEWAY, "GW_VPN_PATH_UP", other);
    world.tick(3_600);
    world.events.iter_mut().for_each(|event| {
        event.json = event.json.replace("changed state to Idle.", "…");
    });
    expect![[r#"
        alarms 0 vpn_peer_down 1
        alarms 500 gw_vpn_path_up 1 ["peer path [HUB,10.3.128.34,SPOKE,LTE,0] up"]
        alarms 0 gw_vpn_path_down 1 ["peer path [HUB,10.3.128.34,SPOKE,ADSL,0] down"]
        alarms 0 sw_bgp_neighbor_down 1 ["BGP peer 192.168.4.1 (Internal AS 65000) …"]
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn without_a_threshold_every_report_is_an_alarm_at_once() {
    let mut world = world();
    world.set(Setting::default());
    peer(&mut world, 0, "DOWN", 1);
    peer(&mut world, 10, "DOWN", 1);
    peer(&mut world, 10, "UP", 1);
    expect![[r#"
        alarms 0 vpn_peer_down 1
        alarms 0 vpn_peer_down 2
        alarms 20 vpn_peer_up 1
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn what_is_repeated_late_or_out_of_order_is_no_news() {
    let mut world = world();
    let at = |after: i64| format!(r#","peer_mac":"5c5b35000091","time":{}"#, START + after);
    world.now += 1_000;
    say(&mut world, 0, GATEWAY, "GW_VPN_PEER_DOWN", &at(990));
    // The up before it comes after it.
    say(&mut world, 1, GATEWAY, "GW_VPN_PEER_UP", &at(980));
    assert_eq!(world.engine.tally().stale, 1);
    // The same down again does not begin anew.
    say(&mut world, 200, GATEWAY, "GW_VPN_PEER_DOWN", &at(1_190));
    world.tick(88);
    assert_eq!(told(&mut world), "");
    world.tick(1);
    assert_eq!(told(&mut world), "alarms 990 vpn_peer_down 1\n");
    say(&mut world, 0, GATEWAY, "GW_VPN_PEER_DOWN", &at(1_290));
    say(&mut world, 10, GATEWAY, "GW_VPN_PEER_UP", &at(1_300));
    say(&mut world, 0, GATEWAY, "GW_VPN_PEER_UP", &at(1_300));
    world.tick(3_600);
    assert_eq!(told(&mut world), "alarms 1300 vpn_peer_up 1\n");
    // One that was kept back for longer than the threshold is told when it comes.
    let kept = at(1_310);
    say(&mut world, 0, GATEWAY, "GW_VPN_PEER_DOWN", &kept);
    assert_eq!(told(&mut world), "alarms 1310 vpn_peer_down 1\n");
}

#[test]
fn a_threshold_that_is_shortened_or_gone_lets_a_down_go() {
    let mut world = world();
    peer(&mut world, 0, "DOWN", 1);
    world.now += 120;
    world.set(thresholds(1));
    world.tick(0);
    assert_eq!(told(&mut world), "alarms 0 vpn_peer_down 1\n");
    peer(&mut world, 600, "DOWN", 2);
    world.set(Setting::default());
    peer(&mut world, 0, "UP", 2);
    assert_eq!(told(&mut world), "alarms 720 vpn_peer_down 1\nalarms 720 vpn_peer_up 1\n");
}

#[test]
fn a_restart_of_ours_in_between_changes_nothing_and_an_outage_only_defers() {
    let mut world = world();
    peer(&mut world, 0, "DOWN", 1);
    peer(&mut world, 0, "DOWN", 2);
    let mut restored = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    let before = world.journal.len();
    world.events.clear();
    peer(&mut world, 299, "UP", 2);
    world.tick(1);
    let mut events = Vec::new();
    for (number, record) in (1..).zip(&world.journal).skip(before) {
        events.extend(fold(&mut restored, number, record));
    }
    assert_eq!(events, world.events);
    assert_eq!(told(&mut world), "alarms 0 vpn_peer_down 1\n");
    // Whether the peer came back while nobody listened, it says when somebody does.
    peer(&mut world, 600, "DOWN", 2);
    world.events.clear();
    let since = Timestamp(world.now * 1_000_000);
    world.now += 3_600;
    world.record(RecordBody::Resumed { since });
    peer(&mut world, 30, "UP", 2);
    world.tick(3_600);
    assert_eq!(told(&mut world), "");
}

#[test]
fn a_device_that_leaves_takes_its_peerings_with_it() {
    let mut world = world();
    peer(&mut world, 0, "DOWN", 1);
    let (site_id, mac) = (crate::world::site_id(), GATEWAY.parse().unwrap());
    world.change(vec![ConfigUpdate::DeviceRemoved { site_id, mac }]);
    world.tick(3_600);
    peer(&mut world, 0, "DOWN", 1);
    assert_eq!((told(&mut world), world.engine.tally().unknown_device), (String::new(), 1));
}
