//! The steps of clients into the network: addresses, latencies, failures.

use crate::world::{AP, START, World, associated, client, site_id};
use expect_test::expect;
use foghorn_model::config::{Setting, SimpleAlert, SimpleThreshold};
use foghorn_model::{ConfigUpdate, RecordBody, Timestamp};

/// Says that a client went a step.
fn step(world: &mut World, after: i64, kind: &str, who: u8, success: bool, more: &str) {
    let mac = client(who);
    world.line(
        after,
        &format!(r#"{{"kind":"client-{kind}","mac":"{mac}","success":{success}{more}}}"#),
    );
}

#[test]
fn an_address_that_is_given_is_told_once_with_the_name() {
    let mut world = World::new();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    let first = r#","client_ip":"10.0.0.7","client_hostname":"laptop-7""#;
    step(&mut world, 1, "dhcp", 1, true, first);
    step(&mut world, 60, "dhcp", 1, true, r#","client_ip":"10.0.0.7""#);
    step(&mut world, 60, "dhcp", 1, true, r#","client_ip":"10.0.0.8""#);
    step(&mut world, 60, "dhcp", 1, false, "");
    // Of one that is not associated, a wired one for example, each is told.
    step(&mut world, 1, "dhcp", 2, true, r#","client_ip":"10.0.0.9""#);
    expect![[r#"
        client-info 1 70ef00715301 10.0.0.7 laptop-7
        client-info 121 70ef00715301 10.0.0.8 laptop-7
        client-info 182 70ef00715302 10.0.0.9
    "#]]
    .assert_eq(&world.trace_of("client-info", &["mac", "ip", "hostname"]));
}

#[test]
fn searches_are_told_each_step_with_what_is_known_of_the_client() {
    let mut world = World::new();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    step(&mut world, 1, "auth", 1, true, r#","duration":0.25"#);
    step(&mut world, 1, "dns", 1, false, r#","server":"10.0.0.2","reason":"timeout""#);
    step(&mut world, 1, "arp", 1, true, "");
    step(&mut world, 1, "auth", 2, false, r#","ap":"5c5b35000002","ssid":"Guests""#);
    expect![[r#"
        client-events 0 CLIENT_ASSOCIATION 5c5b35000001 Maui
        client-events 1 CLIENT_AUTHENTICATED 5c5b35000001 Maui 0.25
        client-events 2 MARVIS_DNS_FAILURE 5c5b35000001 Maui timeout
        client-events 3 CLIENT_GW_ARP_OK 5c5b35000001 Maui
        client-events 4 MARVIS_EVENT_CLIENT_AUTH_FAILURE 5c5b35000002 Guests
    "#]]
    .assert_eq(&world.trace_of("client-events", &["type", "ap", "ssid", "text", "duration"]));
}

const LATENCY: &[&str] = &[
    "min_auth", "avg_auth", "max_auth", "min_dhcp", "avg_dhcp", "max_dhcp", "min_dns", "avg_dns",
    "max_dns",
];

#[test]
fn latencies_are_told_thirty_seconds_after_their_ten_minutes() {
    let mut world = World::new();
    // The first window ends 400 s after the start: 1,700,000,400 is a multiple of 600.
    let took = |secs: &str| format!(r#","duration":{secs}"#);
    step(&mut world, 0, "auth", 1, true, &took("0.1"));
    step(&mut world, 1, "auth", 2, true, &took("0.3"));
    step(&mut world, 1, "dhcp", 2, true, &took("1"));
    step(&mut world, 1, "dns", 2, false, &took("9"));
    step(&mut world, 1, "arp", 2, true, &took("9"));
    step(&mut world, 1, "dns", 2, true, "");
    world.tick(424);
    assert_eq!(world.trace_of("client-latency", LATENCY), "", "not yet");
    // One that is late, but not too late, and one of the next window.
    let late = format!(r#","duration":0.2,"time":{}"#, START + 399);
    step(&mut world, 0, "auth", 3, true, &late);
    step(&mut world, 0, "dns", 3, true, &took("0.02"));
    world.tick(1);
    expect![[r#"
        client-latency 400 0.1 0.2 0.3 1 1 1
    "#]]
    .assert_eq(&world.trace_of("client-latency", LATENCY).replace("1.0", "1"));
    // Now it is too late.
    step(&mut world, 0, "auth", 3, true, &late);
    assert_eq!(world.engine.tally().stale, 1);
    world.tick(600);
    expect![[r#"
        client-latency 1000 0.02 0.02 0.02
    "#]]
    .assert_eq(&world.trace_of("client-latency", LATENCY));
    world.tick(6000);
    assert_eq!(world.trace_of("client-latency", LATENCY), "", "nothing was measured");
}

#[test]
fn an_outage_of_ours_keeps_a_window_open_for_what_sources_have_kept() {
    let mut world = World::new();
    step(&mut world, 0, "auth", 1, true, r#","duration":0.1"#);
    let since = Timestamp(world.now * 1_000_000);
    world.now += 500;
    world.record(RecordBody::Resumed { since });
    let kept = format!(r#","duration":0.3,"time":{}"#, START + 300);
    step(&mut world, 10, "auth", 2, true, &kept);
    assert_eq!(world.trace_of("client-latency", LATENCY), "");
    world.tick(50);
    expect![[r#"
        client-latency 400 0.1 0.2 0.3
    "#]]
    .assert_eq(&world.trace_of("client-latency", LATENCY));
}

#[test]
fn an_hour_is_told_in_shares() {
    let mut world = World::new();
    let sle = |world: &mut World| {
        world.events.retain(|event| event.topic == "site-sle");
        let told: Vec<String> = std::mem::take(&mut world.events)
            .into_iter()
            .map(|event| format!("{} {}", event.value()["timestamp"], event.value()["sle"]))
            .collect();
        told.join("\n")
    };
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    // The hour ends 2,800 s after the start: 1,700,002,800 is a multiple of 3,600.
    world.say(0, "device-connected", AP);
    step(&mut world, 0, "auth", 1, true, r#","duration":2"#);
    step(&mut world, 0, "dhcp", 1, true, r#","duration":2.1"#);
    step(&mut world, 0, "dns", 1, false, "");
    for rssi in [-75, -60, -76, -60] {
        world.line(0, &format!(r#"{{"kind":"client-seen","mac":"{}","rssi":{rssi}}}"#, client(1)));
    }
    world.tick(1415);
    world.say(0, "device-disconnected", AP);
    world.tick(1414);
    assert_eq!(sle(&mut world), "");
    world.tick(1);
    expect![[r#"1700002800.0 {"ap-availability":0.5,"coverage":0.75,"successful-connect":0.6667,"time-to-connect":0.5}"#]]
    .assert_eq(&sle(&mut world));
    world.say(1800, "device-connected", AP);
    world.tick(1800);
    expect![[r#"1700006400.0 {"ap-availability":0.5}"#]].assert_eq(&sle(&mut world));
    // An AP that is gone has no time, and then nothing is said.
    let mac = AP.parse().unwrap();
    world.change(vec![ConfigUpdate::DeviceRemoved { site_id: site_id(), mac }]);
    world.tick(7200);
    world.tick(7200);
    assert!(!sle(&mut world).contains("ap-availability\":1.0\n"));
    world.tick(7200);
    assert_eq!(sle(&mut world), "");
}

fn alarmed() -> World {
    let mut world = World::new();
    world.enable(&[
        "infra_dhcp_failure",
        "infra_dhcp_success",
        "infra_dns_failure",
        "infra_arp_failure",
        "authentication_failure",
        "dhcp_failure",
    ]);
    world
}

const ALARM: &[&str] =
    &["type", "status", "update", "incident_count", "client_count", "servers", "ssids"];

#[test]
fn a_server_that_fails_many_clients_is_an_alarm_of_the_site_until_it_answers_again() {
    let mut world = alarmed();
    let at = r#","server":"10.0.0.1","vlan":"7""#;
    // Twenty incidents of nine clients, then of ten: the defaults of DHCP.
    for number in 0..20 {
        step(&mut world, 1, "dhcp", number % 9, false, at);
    }
    assert_eq!(world.trace_of("alarms", ALARM), "");
    step(&mut world, 1, "dhcp", 9, false, at);
    expect![[r#"
        alarms 21 infra_dhcp_failure 21 10 ["10.0.0.1"]
    "#]]
    .assert_eq(&world.trace_of("alarms", ALARM));
    step(&mut world, 1, "dhcp", 1, true, at);
    step(&mut world, 1, "dhcp", 1, false, at);
    for _ in 0..3 {
        assert_eq!(world.trace_of("alarms", ALARM), "");
        step(&mut world, 1, "dhcp", 1, true, at);
    }
    step(&mut world, 1, "dhcp", 1, true, at);
    expect![[r#"
        alarms 26 infra_dhcp_success ["10.0.0.1"]
    "#]]
    .assert_eq(&world.trace_of("alarms", ALARM));
}

#[test]
fn failures_that_are_old_do_not_count_and_the_setting_says_how_many_do() {
    let mut world = alarmed();
    let threshold =
        SimpleThreshold { client_count: Some(2), incident_count: Some(3), duration: Some(5) };
    let alert = SimpleAlert { dns_failure: Some(threshold), ..SimpleAlert::default() };
    world.set(Setting { simple_alert: Some(alert), ..Setting::default() });
    let at = r#","server":"10.0.0.2""#;
    step(&mut world, 0, "dns", 1, false, at);
    step(&mut world, 1, "dns", 2, false, at);
    step(&mut world, 299, "dns", 1, false, at);
    assert_eq!(world.trace_of("alarms", ALARM), "", "the first is five minutes old");
    step(&mut world, 0, "dns", 1, false, at);
    expect![[r#"
        alarms 300 infra_dns_failure 3 2 ["10.0.0.2"]
    "#]]
    .assert_eq(&world.trace_of("alarms", ALARM));
}

#[test]
fn a_wlan_that_keeps_clients_out_is_a_condition_until_they_come_in_again() {
    let mut world = alarmed();
    let at = r#","ssid":"Maui""#;
    for number in 0..9 {
        step(&mut world, 1, "auth", number, false, at);
    }
    assert_eq!(world.trace_of("alarms", ALARM), "");
    step(&mut world, 1, "auth", 9, false, at);
    expect![[r#"
        alarms 10 authentication_failure open ["Maui"]
    "#]]
    .assert_eq(&world.trace_of("alarms", ALARM));
    // Most come in: fewer than a fifth of the attempts fail.
    for number in 0..40 {
        step(&mut world, 1, "auth", number, true, at);
    }
    assert_eq!(world.trace_of("alarms", ALARM), "");
    step(&mut world, 1, "auth", 1, true, at);
    expect![[r#"
        alarms 10 authentication_failure resolved true ["Maui"]
    "#]]
    .assert_eq(&world.trace_of("alarms", ALARM));
}

#[test]
fn a_wlan_that_nobody_tries_any_more_is_no_longer_failing() {
    let mut world = alarmed();
    for number in 0..10 {
        step(&mut world, 1, "dhcp", number, false, r#","ssid":"Maui""#);
    }
    // A few clients that fail for ever are theirs, not the WLAN's.
    for _ in 0..20 {
        step(&mut world, 0, "auth", 1, false, r#","ssid":"Maui""#);
    }
    world.trace(&[]);
    world.tick(599);
    assert_eq!(world.trace_of("alarms", ALARM), "");
    // What happened is forgotten by the minute.
    world.tick(61);
    expect![[r#"
        alarms 10 dhcp_failure resolved true ["Maui"]
    "#]]
    .assert_eq(&world.trace_of("alarms", ALARM));
}

#[test]
fn a_step_is_told_as_exactly_as_its_source_or_its_address_says() {
    let mut world = World::new();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    step(&mut world, 1, "auth", 1, true, r#","type":"CLIENT_AUTHENTICATED_11R""#);
    step(&mut world, 1, "dhcp", 1, true, r#","client_ip":"10.0.0.7""#);
    step(&mut world, 1, "dhcp", 1, true, r#","client_ip":"10.0.0.7""#);
    step(&mut world, 1, "dhcp", 1, true, r#","client_ip":"2001:db8::7""#);
    step(&mut world, 1, "dhcp", 1, false, r#","type":"MARVIS_EVENT_CLIENT_DHCP_NAK""#);
    // None of a step that ended so.
    step(&mut world, 1, "dhcp", 1, true, r#","type":"MARVIS_EVENT_CLIENT_DHCP_NAK""#);
    assert_eq!(world.engine.tally().unreadable, 1);
    expect![[r#"
        client-events 0 CLIENT_ASSOCIATION
        client-events 1 CLIENT_AUTHENTICATED_11R
        client-events 2 CLIENT_IP_ASSIGNED
        client-events 3 CLIENT_IP_RENEWED
        client-events 4 CLIENT_IPV6_ASSIGNED
        client-events 5 MARVIS_EVENT_CLIENT_DHCP_NAK
    "#]]
    .assert_eq(&world.trace_of("client-events", &["type"]));
}

#[test]
fn what_befalls_a_client_is_told_with_what_is_known_of_it() {
    let mut world = World::new();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    let said = |world: &mut World, event: &str, more: &str| {
        let mac = client(1);
        world
            .line(1, &format!(r#"{{"kind":"client-event","mac":"{mac}","type":"{event}"{more}}}"#));
    };
    said(&mut world, "SA_QUERY_TIMEOUT", "");
    said(&mut world, "HTTP_REDIR_PROCESSED", r#","ap":"5c5b35000002","text":"to the portal""#);
    // What is derived is not said.
    said(&mut world, "CLIENT_ASSOCIATION", "");
    said(&mut world, "MARVIS_DNS_FAILURE", "");
    said(&mut world, "NO_SUCH_EVENT", "");
    assert_eq!(world.engine.tally().unreadable, 3);
    expect![[r#"
        client-events 0 CLIENT_ASSOCIATION 5c5b35000001 Maui
        client-events 1 SA_QUERY_TIMEOUT 5c5b35000001 Maui
        client-events 2 HTTP_REDIR_PROCESSED 5c5b35000002 to the portal
    "#]]
    .assert_eq(&world.trace_of("client-events", &["type", "ap", "ssid", "text"]));
}

#[test]
fn a_device_of_another_vendor_is_told_to_searches_and_is_an_alarm_where_there_is_one() {
    let mut world = World::new();
    world.enable(&["cellular_edge_modem_wan_disconnected"]);
    let said = |world: &mut World, event: &str| {
        world.line(1, &format!(
            r#"{{"kind":"otherdevice-event","mac":"00:30:44:3b:1c:5d","type":"{event}","vendor":"cradlepoint","device_mac":"5c5b35000004","text":"Internal 5G"}}"#
        ));
    };
    said(&mut world, "CELLULAR_EDGE_MODEM_WAN_DISCONNECTED");
    // No alarm is called so.
    said(&mut world, "CELLULAR_EDGE_MODEM_WAN_PLUGGED");
    let alarms = world.events.iter().filter(|event| event.topic == "alarms").count();
    assert_eq!(alarms, 1);
    expect![[r#"
        otherdevice-events 1 CELLULAR_EDGE_MODEM_WAN_DISCONNECTED 0030443b1c5d 5c5b35000004 cradlepoint Internal 5G
        otherdevice-events 2 CELLULAR_EDGE_MODEM_WAN_PLUGGED 0030443b1c5d 5c5b35000004 cradlepoint Internal 5G
    "#]]
    .assert_eq(&world.trace_of(
        "otherdevice-events",
        &["type", "mac", "device_mac", "vendor", "text"],
    ));
}
