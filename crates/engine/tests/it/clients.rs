use crate::world::{AP, START, World, associated, client, site_id};
use expect_test::expect;
use foghorn_engine::Engine;

const MEMBERS: &[&str] = &["ap_name", "bssid", "duration", "next_ap", "termination_reason"];

#[test]
fn a_roam_ends_one_session_and_begins_the_next() {
    let mut world = World::new();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    world.line(30, &associated(client(1), "5c5b35000002", "5c5b35000022"));
    world.say(10, "client-disassociated", &client(1).to_string());
    expect![[r#"
        client-join 0 AP1 5c5b35000011
        client-sessions 30 AP1 5c5b35000011 30.0 5c5b35000002 3
        client-join 30 AP2 5c5b35000022
        client-sessions 40 AP2 5c5b35000022 10.0 000000000000 1
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn a_second_report_of_an_association_is_no_event_but_keeps_it_alive() {
    let mut world = World::new();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    world.line(1000, &associated(client(1), AP, "5c5b35000011"));
    world.say(1000, "client-seen", &client(1).to_string());
    world.tick(1799);
    expect![[r#"
        client-join 0 AP1 5c5b35000011
    "#]]
    .assert_eq(&world.trace(MEMBERS));
    world.tick(1);
    expect![[r#"
        client-sessions 3800 AP1 5c5b35000011 3800.0 000000000000 2
    "#]]
    .assert_eq(&world.trace(MEMBERS));
}

#[test]
fn word_of_leaving_an_ap_that_the_client_has_moved_on_from_ends_nothing() {
    let mut world = World::new();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    world.line(30, &associated(client(1), "5c5b35000002", "5c5b35000022"));
    world.trace(MEMBERS);
    world.line(
        1,
        &format!(r#"{{"kind":"client-disassociated","mac":"{}","ap":"{AP}"}}"#, client(1)),
    );
    assert_eq!(world.trace(MEMBERS), "");
}

#[test]
fn the_payloads_have_the_wires_form() {
    let mut world = World::new();
    world.line(0, r#"{"kind":"client-associated","mac":"020000000c04","ap":"5c5b35000001","bssid":"5c5b35000011","ssid":"eduroam","band":"2.4","rssi":-51,"time":1699999999.22,"client_username":"alex@example.net","client_ip":"10.5.72.249","wlan_id":"00000000-0000-4000-8000-000000000003"}"#);
    world.say(36, "client-disassociated", "020000000c04");
    world.events.retain(|event| event.topic != "client-events");
    expect![[r#"{"ap":"5c5b35000001","ap_name":"AP1","band":"24","bssid":"5c5b35000011","client_ip":"10.5.72.249","client_username":"alex@example.net","connect":1699999999,"connect_float":1699999999.22,"mac":"020000000c04","org_id":"01010101-0101-0101-0101-010101010101","random_mac":true,"rssi":-51,"site_id":"02020202-0202-0202-0202-020202020202","site_name":"HQ","ssid":"eduroam","timestamp":1699999999,"version":2,"wlan_id":"00000000-0000-4000-8000-000000000003"}"#]]
        .assert_eq(&world.events[0].json);
    expect![[r#"{"ap":"5c5b35000001","ap_name":"AP1","band":"24","bssid":"5c5b35000011","client_family":"","client_ip":"10.5.72.249","client_manufacture":"","client_model":"","client_os":"","client_username":"alex@example.net","connect":1699999999,"connect_float":1699999999.22,"disconnect":1700000036,"disconnect_float":1700000036.0,"duration":36.78,"mac":"020000000c04","next_ap":"000000000000","org_id":"01010101-0101-0101-0101-010101010101","random_mac":true,"rssi":-51,"site_id":"02020202-0202-0202-0202-020202020202","site_name":"HQ","ssid":"eduroam","termination_reason":1,"timestamp":1700000036,"version":2,"wlan_id":"00000000-0000-4000-8000-000000000003"}"#]]
        .assert_eq(&world.events[1].json);
}

#[test]
fn what_is_known_of_a_client_roams_with_it_but_its_address_stays_in_its_network() {
    let mut world = World::new();
    let (mac, to) = (client(1), "5c5b35000002");
    world.line(0, &associated(mac, AP, "5c5b35000011"));
    world.line(1, &format!(r#"{{"kind":"client-seen","mac":"{mac}","client_ip":"10.0.0.7","client_hostname":"laptop","client_os":"14"}}"#));
    world.line(1, &associated(mac, to, "5c5b35000022"));
    let guest = associated(mac, AP, "5c5b35000011").replace("Maui", "Guest");
    world.line(1, &guest);
    world.line(1, &format!(r#"{{"kind":"client-disassociated","mac":"{mac}"}}"#));
    expect![[r#"
        client-join 0 Maui
        client-sessions 2 Maui 10.0.0.7 laptop 14
        client-join 2 Maui 10.0.0.7 laptop
        client-sessions 3 Maui 10.0.0.7 laptop 14
        client-join 3 Guest laptop
        client-sessions 4 Guest laptop 14
    "#]]
    .assert_eq(&world.trace(&["ssid", "client_ip", "client_hostname", "client_os"]));
}

#[test]
fn what_an_ap_says_of_its_link_to_a_client_is_kept_for_the_association() {
    let mut world = World::new();
    let mac = client(1);
    let link = |engine: &Engine| {
        let known = engine.site(site_id()).unwrap().client(mac).unwrap();
        known.association.link.as_deref().cloned()
    };
    world.line(0, &associated(mac, AP, "5c5b35000011"));
    assert_eq!(link(&world.engine), None);
    let seen = |world: &mut World, after, more: &str| {
        world.line(after, &format!(r#"{{"kind":"client-seen","mac":"{mac}",{more}}}"#));
    };
    seen(&mut world, 9, r#""rx_bytes":1000,"tx_rate":866.7,"snr":-3,"proto":"ax","channel":36"#);
    seen(&mut world, 9, r#""rx_bytes":2000,"tx_retries":7,"vlan":"72""#);
    // Late word of it is too late.
    seen(&mut world, 9, &format!(r#""rx_bytes":1500,"time":{}"#, START + 12));
    let restored = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    for engine in [&world.engine, &restored] {
        let link = link(engine).unwrap();
        assert_eq!(
            (link.rx.bytes, link.tx.rate, link.tx.retries),
            (Some(2000), Some(866.7), Some(7))
        );
        assert_eq!(
            (link.snr, link.proto.as_deref(), link.channel),
            (Some(-3.0), Some("ax"), Some(36))
        );
        assert_eq!(link.vlan.as_deref(), Some("72"));
    }
    // No event tells it, and at another AP it begins anew.
    world.line(9, &associated(mac, "5c5b35000002", "5c5b35000022"));
    assert_eq!(link(&world.engine), None);
    assert!(world.events.iter().all(|event| !event.json.contains("rx_bytes")));
    let listed = format!(
        r#"{{"kind":"client-associations","ap":"5c5b35000002","cells":[{{"bssid":"5c5b35000022","ssid":"Maui","clients":[{{"mac":"{mac}","tx_bytes":5}}]}}]}}"#
    );
    world.line(9, &listed);
    assert_eq!(link(&world.engine).unwrap().tx.bytes, Some(5));
}
