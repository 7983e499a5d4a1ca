//! Paths of VPNs and uplinks: what follows when they are down, and when they are bad.

use crate::world::{START, World, fold};
use expect_test::expect;
use foghorn_engine::Engine;
use foghorn_model::{ConfigUpdate, Setting};

const SWITCH: &str = "5c5b35000003";
const GATEWAY: &str = "5c5b35000004";
const VPN: &str = r#","vpn_name":"InternalVPN","peer_mac":"5c5b35000009""#;

fn world() -> World {
    let mut world = World::new();
    world.enable(&["gw_vpn_path_down", "gw_vpn_path_up", "vpn_path_down", "bad_wan_uplink"]);
    world.set(Setting { vpn_path_updown_threshold: Some(5), ..Setting::default() });
    world
}

fn path(world: &mut World, after: i64, more: &str) {
    let line = format!(r#"{{"kind":"path-stats","mac":"{GATEWAY}","port_id":"wan0"{more}}}"#);
    world.line(after, &line);
}

fn events(world: &mut World) -> String {
    world.events.retain(|event| event.topic != "alarms");
    let members = &["type", "ev_type", "port_id", "vpn_name", "peer_mac", "reason"];
    world.trace_of("device-events", members)
}

fn alarms(world: &mut World) -> String {
    world.trace_of("alarms", &["type", "status", "count", "port_ids", "reasons"])
}

#[test]
fn a_path_of_a_vpn_that_loses_all_is_down_until_it_does_not() {
    let mut world = world();
    let loss =
        |world: &mut World, percent: u32| path(world, 60, &format!(r#"{VPN},"loss":{percent}"#));
    for percent in [0, 100, 100, 99, 100, 100, 100, 100, 0, 0, 0, 0] {
        loss(&mut world, percent);
    }
    expect![[r#"
        device-events 420 GW_VPN_PATH_DOWN WARN wan0 InternalVPN 5c5b35000009 loss of 100 %
        device-events 660 GW_VPN_PATH_UP NOTICE wan0 InternalVPN 5c5b35000009
    "#]]
    .assert_eq(&events(&mut world));
}

#[test]
fn a_path_that_its_gateway_calls_down_is_an_alarm_after_the_threshold() {
    let mut world = world();
    path(&mut world, 0, &format!(r#"{VPN},"state":"up""#));
    path(&mut world, 10, &format!(r#"{VPN},"state":"down""#));
    path(&mut world, 10, &format!(r#"{VPN},"state":"down""#));
    // Another path over the same uplink is another matter, and so is the uplink.
    path(&mut world, 0, r#","vpn_name":"Other","state":"down""#);
    path(&mut world, 0, r#","state":"down""#);
    path(&mut world, 10, r#","vpn_name":"Other","state":"up""#);
    // Word from before is too late.
    path(&mut world, 10, &format!(r#"{VPN},"state":"up","time":{}"#, START + 15));
    let mut restored = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    let before = world.journal.len();
    world.events.clear();
    world.tick(300);
    path(&mut world, 60, &format!(r#"{VPN},"state":"up""#));
    let mut again = Vec::new();
    for (number, record) in (1..).zip(&world.journal).skip(before) {
        again.extend(fold(&mut restored, number, record));
    }
    assert_eq!(again, world.events);
    expect![[r#"
        alarms 10 gw_vpn_path_down 1 ["down"]
        alarms 400 gw_vpn_path_up 1
    "#]]
    .assert_eq(&alarms(&mut world));
}

#[test]
fn a_path_of_a_vpn_that_is_bad_names_what_is_wrong_and_its_uplink_is_not_to_blame() {
    let mut world = world();
    for more in [r#","loss":5"#, r#","latency":0.2"#, r#","jitter":0.05"#] {
        path(&mut world, 60, &format!("{VPN}{more}"));
    }
    (0..3).for_each(|_| path(&mut world, 60, r#","loss":0"#));
    (0..3).for_each(|_| path(&mut world, 60, &format!(r#"{VPN},"loss":1"#)));
    expect![[r#"
        alarms 180 vpn_path_down open 1 ["wan0"] ["InternalVPN to 5c5b35000009: jitter of 50 ms"]
        alarms 180 vpn_path_down resolved 1 ["wan0"] ["InternalVPN to 5c5b35000009: jitter of 50 ms"]
    "#]]
    .assert_eq(&alarms(&mut world));
}

#[test]
fn only_a_gateway_has_paths_of_vpns_and_takes_them_with_it() {
    let mut world = world();
    let of = |mac: &str, state: &str| {
        format!(r#"{{"kind":"path-stats","mac":"{mac}","port_id":"wan0","state":"{state}"{VPN}}}"#)
    };
    world.line(0, &of(SWITCH, "down"));
    world.line(0, &of("020000000001", "down"));
    assert_eq!((events(&mut world), world.engine.tally().unknown_device), (String::new(), 1));
    world.line(0, &of(GATEWAY, "down"));
    assert_eq!(events(&mut world).lines().count(), 1);
    let (site_id, mac) = (crate::world::site_id(), GATEWAY.parse().unwrap());
    world.change(vec![ConfigUpdate::DeviceRemoved { site_id, mac }]);
    world.tick(3_600);
    assert_eq!(alarms(&mut world), "");
}

#[test]
fn a_path_that_its_gateway_called_down_comes_up_by_what_it_measures() {
    let mut world = world();
    path(&mut world, 0, &format!(r#"{VPN},"state":"down""#));
    for percent in [100, 100, 100, 0, 0, 0] {
        path(&mut world, 60, &format!(r#"{VPN},"loss":{percent}"#));
    }
    expect![[r#"
        device-events 0 GW_VPN_PATH_DOWN WARN wan0 InternalVPN 5c5b35000009 down
        device-events 360 GW_VPN_PATH_UP NOTICE wan0 InternalVPN 5c5b35000009
    "#]]
    .assert_eq(&events(&mut world));
}

#[test]
fn a_path_of_a_vpn_is_no_uplink_that_comes_and_goes() {
    let mut world = world();
    world.enable(&["intermittent_wan_connectivity"]);
    for mac in [SWITCH, GATEWAY] {
        for state in ["down", "up"].repeat(4) {
            world.line(
                10,
                &format!(
                    r#"{{"kind":"path-stats","mac":"{mac}","port_id":"wan0"{VPN},"state":"{state}"}}"#
                ),
            );
        }
    }
    assert_eq!(alarms(&mut world), "");
}
