use crate::world::{Event, START, World, associated, client, fold};
use foghorn_engine::Engine;
use foghorn_model::config::SourceSilence;
use foghorn_model::{Partition, Record, RecordBody, Setting, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

const APS: [(&str, &str); 2] = [("5c5b35000001", "5c5b35000011"), ("5c5b35000002", "5c5b35000022")];

/// A line of some device or client, after some seconds.
fn line() -> impl Strategy<Value = (i64, String)> {
    let wait = prop_oneof![3 => 0i64..30, 1 => 30i64..2000];
    let device = (0usize..2, 0usize..4).prop_map(|(ap, what)| {
        let kinds =
            ["device-heartbeat", "device-connected", "device-disconnected", "device-restarted"];
        format!(r#"{{"kind":"{}","mac":"{}"}}"#, kinds[what], APS[ap].0)
    });
    let association = (0u8..3, 0usize..2, 0usize..3).prop_map(|(who, ap, what)| match what {
        0 => associated(client(who), APS[ap].0, APS[ap].1),
        1 => format!(r#"{{"kind":"client-seen","mac":"{}"}}"#, client(who)),
        _ => format!(r#"{{"kind":"client-disassociated","mac":"{}"}}"#, client(who)),
    });
    // Who is listed by a bit each; now, or of a while ago.
    let list = (0usize..2, 0u8..8, 0i64..400, proptest::option::of(0i64..900));
    let list = list.prop_map(|(ap, who, connected, made)| {
        let listed: Vec<String> = (0..3)
            .filter(|number| who & (1 << number) != 0)
            .map(|number| format!(r#"{{"mac":"{}","connected":{connected}}}"#, client(number)))
            .collect();
        let time = made.map(|at| format!(r#","time":{}"#, START + at)).unwrap_or_default();
        format!(
            r#"{{"kind":"client-associations","ap":"{}","cells":[{{"bssid":"{}","ssid":"Maui","clients":[{}]}}]{time}}}"#,
            APS[ap].0,
            APS[ap].1,
            listed.join(",")
        )
    });
    let nas = (0u8..3, 0usize..4, any::<bool>()).prop_map(|(session, what, counted)| {
        let status = ["start", "update", "stop", "on"][what];
        let counted = if counted { r#","session_time":60,"rx_bytes":7"# } else { "" };
        format!(
            r#"{{"kind":"accounting","status":"{status}","nas_ip":"10.0.0.1","session_id":"s{session}"{counted}}}"#
        )
    });
    let alarm = (0usize..2, 0usize..4, any::<bool>()).prop_map(|(ap, vlan, over)| {
        let status = if over { r#","status":"resolved""# } else { "" };
        format!(
            r#"{{"kind":"alarm","type":"missing_vlan","mac":"{}","vlan":"{vlan}"{status}}}"#,
            APS[ap].0
        )
    });
    let step = (0u8..12, 0usize..4, any::<bool>(), 0u32..3);
    let step = step.prop_map(|(who, what, success, took)| {
        let kind = ["client-auth", "client-dhcp", "client-dns", "client-arp"][what];
        format!(
            r#"{{"kind":"{kind}","mac":"{}","success":{success},"ssid":"Maui","server":"10.0.0.1","duration":0.{took}1}}"#,
            client(who)
        )
    });
    let peering = (0usize..2, 1u8..4).prop_map(|(what, peer)| {
        let event = ["GW_VPN_PEER_UP", "GW_VPN_PEER_DOWN"][what];
        format!(
            r#"{{"kind":"device-event","mac":"5c5b35000004","type":"{event}","peer_mac":"02000000000{peer}"}}"#
        )
    });
    let named = (0u8..3, 0usize..2).prop_map(|(source, ap)| {
        format!(
            r#"{{"kind":"device-heartbeat","mac":"{}","source":"collector-{source}","time":1700090000}}"#,
            APS[ap].0
        )
    });
    let port = (any::<bool>(), 0u64..20, 0u64..3, any::<bool>()).prop_map(
        |(is_up, flaps, packets, counts)| {
            let state = if is_up { "up" } else { "down" };
            let counted = if counts { format!(r#","flaps":{flaps}"#) } else { String::new() };
            format!(
                r#"{{"kind":"port-stats","mac":"5c5b35000003","port_id":"ge-0/0/7","state":"{state}","errors":0,"packets":{packets}{counted}}}"#
            )
        },
    );
    let radio = (0usize..2, 0usize..3, any::<bool>(), 70u8..90).prop_map(
        |(ap, channel, radar, used)| {
            format!(
                r#"{{"kind":"radio-stats","ap":"{}","band":"5","channel":{},"radar":{radar},"util_all":{used}}}"#,
                APS[ap].0,
                [36, 52, 100][channel]
            )
        },
    );
    let path = (any::<bool>(), 0usize..4).prop_map(|(is_of_vpn, what)| {
        let vpn = if is_of_vpn { r#","vpn_name":"all","peer_mac":"020000000001""# } else { "" };
        let told = [r#""state":"up""#, r#""state":"down""#, r#""loss":100"#, r#""loss":0"#][what];
        format!(r#"{{"kind":"path-stats","mac":"5c5b35000004","port_id":"wan0"{vpn},{told}}}"#)
    });
    let measured = prop_oneof![port, radio, path];
    (wait, prop_oneof![device, association, list, nas, alarm, step, peering, named, measured])
}

fn world(lines: &[(i64, String)]) -> World {
    let mut world = World::new();
    world.enable(&[
        "device_down",
        "device_restarted",
        "device_reconnected",
        "missing_vlan",
        "dhcp_failure",
        "infra_dhcp_failure",
        "infra_dhcp_success",
        "authentication_failure",
        "vpn_peer_down",
        "vpn_peer_up",
        "port_flap",
        "port_stuck",
        "insufficient_capacity",
        "gw_vpn_path_down",
        "gw_vpn_path_up",
        "vpn_path_down",
        "bad_wan_uplink",
        "intermittent_wan_connectivity",
        "foghorn_clock_off",
        "foghorn_source_silent",
    ]);
    world.set(Setting {
        ap_updown_threshold: Some(1),
        vpn_peer_updown_threshold: Some(2),
        vpn_path_updown_threshold: Some(2),
        source_silence: Some(SourceSilence { enabled: None, minutes: Some(7) }),
        ..Setting::default()
    });
    for (wait, line) in lines {
        world.line(*wait, line);
    }
    // Long enough for whatever is owed.
    world.tick(100_000);
    world
}

fn contents(events: &[Event]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (event.topic.as_str(), event.json.as_str())).collect()
}

proptest! {
    #[test]
    fn ticks_change_no_event(
        lines in proptest::collection::vec(line(), 1..60),
        every in 1i64..40,
    ) {
        let plain = world(&lines);
        let mut engine = Engine::new(plain.engine.partition());
        let mut events = Vec::new();
        let mut number = 0;
        let mut clock = Timestamp(0);
        for record in &plain.journal {
            while clock.0 > 0 && clock.0 + every * 1_000_000 < record.received_at.0 {
                clock.0 += every * 1_000_000;
                let tick = Record { received_at: clock, body: RecordBody::Tick, ..record.clone() };
                number += 1;
                events.extend(fold(&mut engine, number, &tick));
                if number > 20_000 {
                    break;
                }
            }
            number += 1;
            events.extend(fold(&mut engine, number, record));
            clock = record.received_at;
        }
        prop_assert_eq!(contents(&events), contents(&plain.events));
    }

    #[test]
    fn a_restored_engine_goes_on_as_the_first_would(
        lines in proptest::collection::vec(line(), 1..60),
        cut in any::<proptest::sample::Index>(),
    ) {
        let plain = world(&lines);
        let cut = cut.index(plain.journal.len());
        let partition: Partition = plain.engine.partition();
        let mut engine = Engine::new(partition);
        let mut events = Vec::new();
        for (number, record) in (1..).zip(&plain.journal) {
            if number == cut as u64 + 1 {
                engine = Engine::restore(partition, &engine.snapshot()).unwrap();
            }
            events.extend(fold(&mut engine, number, record));
        }
        prop_assert_eq!(&events, &plain.events);
        prop_assert_eq!(engine.snapshot(), plain.engine.snapshot());
    }

    #[test]
    fn what_begins_ends_and_nothing_ends_twice(lines in proptest::collection::vec(line(), 1..60)) {
        let world = world(&lines);
        let mut open: BTreeMap<String, bool> = BTreeMap::new();
        for event in &world.events {
            let value = event.value();
            let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
            let (who, begins) = match event.topic.as_str() {
                "client-join" => (format!("client {}", text("mac")), true),
                "client-sessions" => (format!("client {}", text("mac")), false),
                "device-updowns" if text("type") == "AP_RESTARTED" => continue,
                // The first word of a device may be that it is down.
                "device-updowns" => {
                    let up = text("type") == "AP_CONNECTED";
                    let who = format!("device {}", text("mac"));
                    let before = open.insert(who, up);
                    prop_assert_ne!(before, Some(up), "{}", event.json);
                    continue;
                }
                "nac-accounting" if text("type") == "NAC_ACCOUNTING_STOP" => {
                    open.remove(&text("session_unique_id"));
                    continue;
                }
                _ => continue,
            };
            let before = open.insert(who, begins).unwrap_or(false);
            prop_assert_ne!(before, begins, "{}", event.json);
        }
        let still: Vec<_> =
            open.iter().filter(|(who, open)| who.starts_with("client") && **open).collect();
        prop_assert!(still.is_empty(), "{still:?} never ended");
    }

    #[test]
    fn no_line_makes_the_fold_panic(lines in proptest::collection::vec("\\PC{0,80}", 0..20)) {
        let mut world = World::new();
        for line in lines {
            world.line(1, &line);
        }
        prop_assert_eq!(&world.events, &[]);
    }
}
