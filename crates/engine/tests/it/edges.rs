//! Edges and their parts.

use crate::world::{EDGE, START, World, edge, site_id};
use expect_test::expect;
use foghorn_engine::Engine;
use foghorn_model::{ConfigUpdate, RecordBody, Timestamp};

const MEMBERS: &[&str] =
    &["type", "severity", "component", "service", "port", "lag", "sys_info.usage"];

fn world() -> World {
    let mut world = World::new();
    world.change(vec![ConfigUpdate::Edge(edge())]);
    world.line(0, &format!(r#"{{"kind":"edge-heartbeat","mac":"{EDGE}"}}"#));
    world.events.clear();
    world
}

fn say(world: &mut World, kind: &str, more: &str) {
    world.line(1, &format!(r#"{{"kind":"edge-{kind}","mac":"{EDGE}",{more}}}"#));
}

fn told(world: &mut World) -> String {
    world.trace_of("mxedge-events", MEMBERS)
}

#[test]
fn an_edge_comes_and_falls_silent() {
    let mut world = World::new();
    world.change(vec![ConfigUpdate::Edge(edge())]);
    let heartbeat = format!(r#"{{"kind":"edge-heartbeat","mac":"{EDGE}"}}"#);
    world.line(0, &heartbeat);
    world.line(100, &heartbeat);
    world.tick(179);
    expect![[r#"
        mxedge-events 0 ME_CONNECTED
    "#]]
    .assert_eq(&told(&mut world));
    world.tick(1);
    world.tick(3600);
    world.line(0, &format!(r#"{{"kind":"edge-restarted","mac":"{EDGE}"}}"#));
    expect![[r#"
        mxedge-events 280 ME_DISCONNECTED
        mxedge-events 3880 ME_CONNECTED
        mxedge-events 3880 ME_RESTARTED
    "#]]
    .assert_eq(&told(&mut world));
    // An outage of ours is none of its.
    let since = Timestamp(world.now * 1_000_000);
    world.now += 600;
    world.record(RecordBody::Resumed { since });
    world.line(30, &heartbeat);
    assert_eq!(told(&mut world), "");
    world.change(vec![ConfigUpdate::EdgeRemoved { site_id: site_id(), mac: edge().mac }]);
    world.line(0, &heartbeat);
    world.tick(3600);
    assert_eq!((told(&mut world), world.engine.tally().unknown_device), (String::new(), 1));
}

#[test]
fn ports_go_down_and_leave_and_join_their_group() {
    let mut world = world();
    let mut port = |name: &str, state: &str, lag: &str| {
        say(&mut world, "port", &format!(r#""port_id":"{name}","state":"{state}","lag":"{lag}""#));
        told(&mut world)
    };
    assert_eq!(port("xe0", "up", "lag0"), "", "well when it is first heard of");
    assert_eq!(port("xe1", "up", "lag0"), "");
    assert_eq!(port("xe1", "up", "lag0"), "");
    assert_eq!(port("xe1", "down", "lag0"), "mxedge-events 4 TT_PORT_LINK_DOWN xe1\n");
    assert_eq!(port("xe1", "down", ""), "mxedge-events 5 TT_PORT_DROPPED_FROM_LACP xe1 lag0\n");
    assert_eq!(port("xe0", "up", ""), "mxedge-events 6 TT_PORT_LAST_DROPPED_FROM_LACP xe0 lag0\n");
    let back = "mxedge-events 7 TT_PORT_LINK_RECOVERY xe1\nmxedge-events 7 TT_PORT_FIRST_JOIN_LACP xe1 lag0\n";
    assert_eq!(port("xe1", "up", "lag0"), back);
    assert_eq!(port("xe0", "up", "lag0"), "mxedge-events 8 TT_PORT_JOINED_LACP xe0 lag0\n");
    let moved = "mxedge-events 9 TT_PORT_DROPPED_FROM_LACP xe0 lag0\nmxedge-events 9 TT_PORT_FIRST_JOIN_LACP xe0 lag1\n";
    assert_eq!(port("xe0", "up", "lag1"), moved);
    assert_eq!(port("xe2", "down", ""), "mxedge-events 10 TT_PORT_LINK_DOWN xe2\n");
}

#[test]
fn parts_services_and_resources_tell_what_changes() {
    let mut world = world();
    let part = |kind: &str, name: &str, state: &str| {
        format!(r#""type":"{kind}","component":"{name}","state":"{state}""#)
    };
    let service = |state: &str| format!(r#""service":"tunterm","state":"{state}""#);
    let usage = |percent: u64| format!(r#""resource":"cpu","usage":{percent}"#);
    let said = [
        ("part", part("psu", "PS1", "present")),
        ("part", part("psu", "PS1", "absent")),
        ("part", part("psu", "PS1", "absent")),
        ("part", part("psu", "PS1", "present")),
        ("part", part("fan", "Fan1", "absent")),
        ("part", part("powerinput", "PS1", "absent")),
        ("service", service("running")),
        ("service", service("stopped")),
        ("service", service("running")),
        ("service", service("crashed")),
        ("service", service("crashed")),
        ("service", service("failed")),
        ("resource", usage(79)),
        ("resource", usage(80)),
        ("resource", usage(76)),
        ("resource", usage(95)),
        ("resource", usage(85)),
        ("resource", usage(74)),
    ];
    for (kind, more) in said {
        say(&mut world, kind, &more);
    }
    expect![[r#"
        mxedge-events 2 ME_PSU_UNPLUGGED critical PS1
        mxedge-events 4 ME_PSU_PLUGGED normal PS1
        mxedge-events 5 ME_FAN_UNPLUGGED warning Fan1
        mxedge-events 6 ME_POWERINPUT_DISCONNECTED critical PS1
        mxedge-events 8 ME_SERVICE_STOPPED tunterm
        mxedge-events 9 ME_SERVICE_STARTED tunterm
        mxedge-events 10 ME_SERVICE_CRASHED tunterm
        mxedge-events 11 ME_SERVICE_CRASHED tunterm
        mxedge-events 12 ME_SERVICE_FAILED tunterm
        mxedge-events 14 ME_RESOURCE_USAGE {"resource":"cpu","severity":"high"}
        mxedge-events 16 ME_RESOURCE_USAGE {"resource":"cpu","severity":"critical"}
        mxedge-events 17 ME_RESOURCE_USAGE {"resource":"cpu","severity":"high"}
        mxedge-events 18 ME_RESOURCE_USAGE {"resource":"cpu","severity":"normal"}
    "#]]
    .assert_eq(&told(&mut world));
}

#[test]
fn what_befalls_an_edge_is_an_alarm_where_there_is_one() {
    let mut world = world();
    world.enable(&[
        "mist_edge_disconnected",
        "mist_edge_connected",
        "mist_edge_psu_unplugged",
        "mist_edge_cpu_usage_high",
        "mist_edge_cpu_usage_normal",
        "tt_tunnels_lost",
    ]);
    say(&mut world, "part", r#""type":"psu","component":"PS1","state":"absent""#);
    say(&mut world, "resource", r#""resource":"cpu","usage":97"#);
    say(&mut world, "resource", r#""resource":"cpu","usage":90"#);
    say(&mut world, "resource", r#""resource":"cpu","usage":9"#);
    say(&mut world, "event", r#""type":"TT_TUNNELS_LOST","text":"all""#);
    world.tick(600);
    say(&mut world, "service", r#""service":"tunterm","state":"running""#);
    expect![[r#"
        alarms 1 mist_edge_psu_unplugged ["edge-1"] ["PS1"]
        alarms 2 mist_edge_cpu_usage_high ["edge-1"] ["cpu 97 %"]
        alarms 4 mist_edge_cpu_usage_normal ["edge-1"] ["cpu 9 %"]
        alarms 5 tt_tunnels_lost ["edge-1"] ["all"]
        alarms 185 mist_edge_disconnected ["edge-1"]
        alarms 606 mist_edge_connected ["edge-1"]
    "#]]
    .assert_eq(&world.trace_of("alarms", &["type", "hostnames", "reasons"]));
}

#[test]
fn a_view_tells_whether_an_edge_is_connected_and_when_it_was_heard_of() {
    let mut world = World::new();
    world.change(vec![ConfigUpdate::Edge(edge())]);
    let seen = |engine: &Engine| {
        let edges = engine.site(site_id()).unwrap().edges();
        let seen =
            edges.map(|it| (it.edge.name.clone(), it.is_up, it.heard.secs().max(START) - START));
        seen.collect::<Vec<_>>()
    };
    assert_eq!(seen(&world.engine), [("edge-1".into(), None, 0)]);
    world.line(10, &format!(r#"{{"kind":"edge-heartbeat","mac":"{EDGE}"}}"#));
    assert_eq!(seen(&world.engine), [("edge-1".into(), Some(true), 10)]);
    world.tick(3600);
    let restored = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    for engine in [&world.engine, &restored] {
        assert_eq!(seen(engine), [("edge-1".into(), Some(false), 10)]);
    }
}
