//! One whole webhook body for each topic and variant, as receivers get it. The files are the
//! documentation's examples; `UPDATE_EXPECT=1` writes them anew.

use crate::world::{AP, Event, World, associated, client, fold, org_id, site_id};
use expect_test::expect_file;
use foghorn_engine::Engine;
use foghorn_model::record::Command;
use foghorn_model::{
    Actor, AdminId, Audit, Change, ConfigUpdate, Device, DeviceType, Partition, Record, RecordBody,
    Timestamp, WebhookId,
};

const SWITCH: &str = "5c5b35000003";
const GATEWAY: &str = "5c5b35000004";

/// The events of this topic, as a body.
fn body(events: &[Event], topic: &str) -> String {
    let events: Vec<String> = events
        .iter()
        .filter(|event| event.topic == topic)
        .map(|event| serde_json::to_string_pretty(&event.value()).unwrap().replace('\n', "\n    "))
        .collect();
    assert!(!events.is_empty(), "no {topic}");
    let events = events.join(",\n    ");
    format!("{{\n  \"topic\": \"{topic}\",\n  \"events\": [\n    {events}\n  ]\n}}\n")
}

fn golden(events: &[Event], topic: &str, name: &str) {
    expect_file![format!("../../../../docs/payloads/{name}.json")].assert_eq(&body(events, topic));
}

#[test]
fn ping() {
    for (site, name) in [(None, "ping-org"), (Some(site_id()), "ping-site")] {
        let mut world = World::new();
        world.record(RecordBody::Command(Command::Ping {
            webhook_id: WebhookId::from_bytes([7; 16]),
            name: "to the ticket system".into(),
            org_id: org_id(),
            site_id: site,
        }));
        golden(&world.events, "ping", name);
    }
}

#[test]
fn audits() {
    let audit = |message: &str, before: Option<&str>, after: Option<&str>| Audit {
        actor: Actor {
            admin_id: Some(AdminId::from_bytes([9; 16])),
            admin_name: Some("automation".into()),
            src_ip: Some("203.0.113.9".into()),
            user_agent: Some("curl/8.5.0".into()),
        },
        message: message.into(),
        site_id: Some(site_id()),
        site_name: Some("HQ".into()),
        device: None,
        before: before.map(Into::into),
        after: after.map(Into::into),
    };
    let device = Audit {
        device: Some(AP.parse().unwrap()),
        ..audit("Update Device \"AP1\"", Some(r#"{"name": "AP1"}"#), Some(r#"{"name": "AP2"}"#))
    };
    let by_the_server = Audit {
        actor: Actor::default(),
        site_id: None,
        site_name: None,
        ..audit("Disable Webhook \"old\"", None, None)
    };
    let variants = [
        ("audits-create", audit("Create Site \"HQ\"", None, Some(r#"{"name": "HQ"}"#))),
        ("audits-device", device),
        ("audits-server", by_the_server),
    ];
    for (name, audit) in variants {
        let partition = Partition::of_org(org_id());
        let at = Timestamp(1_700_000_000_250_000);
        let change =
            Change { seq: 1, at, org_id: org_id(), updates: Vec::new(), audit: Some(audit) };
        let record = Record {
            received_at: at,
            catalog_seq: 1,
            site: None,
            body: RecordBody::Change(Box::new(change)),
        };
        golden(&fold(&mut Engine::new(partition), 1, &record), "audits", name);
    }
}

#[test]
fn device_events() {
    let lines = [
        (
            "ap",
            format!(
                r#"{{"kind":"device-event","mac":"{AP}","type":"AP_RRM_ACTION","time":1699999999.5,"reason":"interference","text":"co-channel","band":"5","channel":44,"bandwidth":40,"power":12,"pre_channel":36,"pre_bandwidth":80,"pre_power":15,"audit_id":"00000000-0000-4000-8000-00000000000a","version":"0.14.29411"}}"#
            ),
        ),
        (
            "switch",
            format!(
                r#"{{"kind":"device-event","mac":"{SWITCH}","type":"SW_PORT_DOWN","severity":"warn","port_id":"ge-0/0/7","count":3,"ext_ip":"203.0.113.7"}}"#
            ),
        ),
        (
            "gateway",
            format!(
                r#"{{"kind":"device-event","mac":"{GATEWAY}","type":"GW_VPN_PEER_DOWN","peer_mac":"5c5b35000009"}}"#
            ),
        ),
        (
            "servers",
            format!(
                r#"{{"kind":"device-event","mac":"{AP}","type":"AP_RADIUS_AUTHENTICATION_SERVER_CHANGE","ssid":"Corp","wlan_id":"00000000-0000-4000-8000-000000000003","old_server":"10.0.0.5:1812","new_server":"10.0.0.6:1812"}}"#
            ),
        ),
        (
            "beacons",
            format!(
                r#"{{"kind":"device-event","mac":"{AP}","type":"AP_BEACON_STUCK","severity":"warn","band":"5","start_time":1699990000,"end_time":1699999000,"occurrence":747}}"#
            ),
        ),
        (
            "virtual-chassis",
            format!(
                r#"{{"kind":"device-event","mac":"{SWITCH}","type":"SW_VC_MASTER_CHANGED","vc-master-id":1,"vc-backup-id":2,"chassis_mac":"5c5b35000033"}}"#
            ),
        ),
        (
            "vpn-path",
            format!(
                r#"{{"kind":"device-event","mac":"{GATEWAY}","type":"GW_VPN_PATH_DOWN","severity":"warn","vpn_name":"InternalVPN","peer_mac":"5c5b35000009","peer_site_id":"00000000-0000-4000-8000-000000000004","port_id":"ge-0/0/0","node":"node0"}}"#
            ),
        ),
        (
            "ssid",
            format!(
                r#"{{"kind":"device-event","mac":"{AP}","type":"AP_BSSID_UP","ssid":"Maui","wlan_id":"00000000-0000-4000-8000-000000000003"}}"#
            ),
        ),
    ];
    for (name, line) in lines {
        let mut world = World::new();
        world.line(1, &line);
        golden(&world.events, "device-events", &format!("device-events-{name}"));
    }
}

#[test]
fn device_updowns() {
    for (name, mac) in [("ap", AP), ("switch", SWITCH), ("gateway", GATEWAY)] {
        let mut world = World::new();
        world.say(0, "device-connected", mac);
        let line = format!(
            r#"{{"kind":"device-disconnected","mac":"{mac}","reason":"lost","ext_ip":"203.0.113.7","version":"1.2"}}"#
        );
        world.line(60, &line);
        world.line(30, &format!(r#"{{"kind":"device-restarted","mac":"{mac}","reason":"kernel panic","fixed_version":"1.3"}}"#));
        golden(&world.events, "device-updowns", &format!("device-updowns-{name}"));
        golden(&world.events, "device-events", &format!("device-events-state-{name}"));
    }
}

#[test]
fn clients() {
    let mut world = World::new();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    world.line(5, &format!(r#"{{"kind":"client-seen","mac":"{}","client_ip":"10.5.72.249","client_hostname":"laptop-7","client_username":"alex@example.net","client_family":"MacBook","client_manufacture":"Apple","client_model":"Air","client_os":"14.1"}}"#, client(1)));
    world.line(30, &associated(client(1), "5c5b35000002", "5c5b35000022"));
    world.say(10, "client-disassociated", &client(1).to_string());
    golden(&world.events, "client-join", "client-join");
    golden(&world.events, "client-sessions", "client-sessions");
    let mut world = World::new();
    let personal = r#","psk_id":"00000000-0000-4000-8000-000000000005","psk_name":"room 7"}"#;
    let joins = associated(client(2), AP, "5c5b35000011").replace('}', personal);
    world.line(0, &joins);
    golden(&world.events, "client-join", "client-join-psk");
    let mut world = World::new();
    world.line(0, &associated("020000000c04".parse().unwrap(), AP, "5c5b35000011"));
    world.tick(4000);
    golden(&world.events, "client-sessions", "client-sessions-inactive");
}

#[test]
fn nac_accounting() {
    let request = |status: &str, more: &str| {
        format!(
            r#"{{"kind":"accounting","status":"{status}","nas_ip":"172.16.0.10","nas_id":"wlc1","session_id":"46A689BBEA655716","multi_session_id":"41601EB88870B189","mac":"5e6601115b49","username":"user1@example.net","nas_vendor":"juniper-mist"{more}}}"#
        )
    };
    let wireless = r#","ap":"5c5b35000001","bssid":"5c5b35000011","ssid":"Corp","client_type":"wireless","auth_type":"eap-tls""#;
    let counters =
        r#","client_ip":"10.5.72.249","rx_bytes":4294967296,"tx_bytes":10,"rx_pkts":7,"tx_pkts":3"#;
    let mut world = World::new();
    world.line(0, &request("start", wireless));
    world.line(600, &request("update", &format!(r#"{counters},"session_time":600"#)));
    world.line(
        600,
        &request(
            "stop",
            &format!(r#"{counters},"session_time":1200,"terminate_cause":"User-Request""#),
        ),
    );
    golden(&world.events, "nac-accounting", "nac-accounting-wireless");
    let wired = r#","client_type":"wired","port_id":"ge-0/0/7","vlan":"100","auth_type":"mab""#;
    let mut world = World::new();
    world.line(0, &request("start", wired));
    world.line(60, &request("stop", r#","session_time":60,"terminate_cause":"Port-Error""#));
    golden(&world.events, "nac-accounting", "nac-accounting-wired");
}

#[test]
fn alarms() {
    let keys = ["ap_bad_cable", "device_down", "device_restarted", "rogue_ap", "sw_bad_optics"];
    let mut world = World::new();
    world.enable(&keys);
    for mac in [AP, "5c5b35000002"] {
        world.say(0, "device-connected", mac);
        world.say(60, "device-disconnected", mac);
    }
    golden(&world.events, "alarms", "alarms-infrastructure");
    let mut world = World::new();
    world.enable(&keys);
    for mac in [AP, "5c5b35000002"] {
        let line = format!(r#"{{"kind":"device-restarted","mac":"{mac}","reason":"power_cycle"}}"#);
        world.line(15, &line);
    }
    golden(&world.events, "alarms", "alarms-restarted");
    let mut world = World::new();
    world.enable(&keys);
    world.change(vec![ConfigUpdate::Device(Device {
        mac: SWITCH.parse().unwrap(),
        org_id: org_id(),
        site_id: Some(site_id()),
        name: "SW1".into(),
        device_type: DeviceType::Switch,
        model: "EX4650-48Y".into(),
        ip: None,
    })]);
    world.line(0, &format!(r#"{{"kind":"device-event","mac":"{SWITCH}","type":"SW_ALARM_OPTICS_IFACE_RX_LOW","severity":"warn","version":"22.4R3-S6.5","port_id":"xe-0/0/0","text":"xe-0/0/0: RX power of optical interface is low"}}"#));
    golden(&world.events, "alarms", "alarms-switch");
    let mut world = World::new();
    world.enable(&keys);
    let cable = |status: &str| {
        format!(
            r#"{{"kind":"alarm","type":"ap_bad_cable","mac":"{AP}","port_id":"ge-0/0/19","status":"{status}"}}"#
        )
    };
    world.line(0, &cable("open"));
    world.line(600, &cable("resolved"));
    golden(&world.events, "alarms", "alarms-marvis");
    let mut world = World::new();
    world.enable(&keys);
    for bssid in ["02a1b2c3d4e5", "02a1b2c3d4e6"] {
        world.line(20, &format!(r#"{{"kind":"alarm","type":"rogue_ap","mac":"{AP}","bssid":"{bssid}","ssid":"Maui"}}"#));
    }
    golden(&world.events, "alarms", "alarms-security");
}

/// What is concluded of many observations: the thing that it is about may be a WLAN, a VLAN behind
/// a switch, or APs behind one that is down.
#[test]
fn conclusions() {
    let mut world = World::new();
    world.enable(&["dhcp_failure", "missing_vlan"]);
    let uplink = format!(r#"{{"kind":"device-connected","mac":"{AP}","uplink":"{SWITCH}"}}"#);
    world.line(0, &uplink);
    for (success, count) in [(false, 12), (true, 60)] {
        for who in 0..count {
            let mac = client(who);
            world.line(5, &format!(r#"{{"kind":"client-dhcp","mac":"{mac}","success":{success},"ap":"{AP}","ssid":"Maui","vlan":"72","server":"10.0.0.1"}}"#));
        }
    }
    // How they go on is to be seen of the APs below.
    world.events.retain(|event| {
        let value = event.value();
        value["status"] != "open" || value["update"] != true
    });
    golden(&world.events, "alarms", "alarms-marvis-clients");
    let mut world = World::new();
    world.enable(&["ap_offline"]);
    world.say(0, "device-connected", SWITCH);
    for ap in [AP, "5c5b35000002"] {
        world
            .line(0, &format!(r#"{{"kind":"device-connected","mac":"{ap}","uplink":"{SWITCH}"}}"#));
    }
    for mac in [SWITCH, AP, "5c5b35000002"] {
        world.say(5, "device-disconnected", mac);
    }
    world.tick(20);
    world.say(60, "device-connected", SWITCH);
    golden(&world.events, "alarms", "alarms-marvis-offline");
}

#[test]
fn steps_of_clients() {
    let mut world = World::new();
    world.line(0, &associated(client(1), AP, "5c5b35000011"));
    let mac = client(1);
    world.line(
        1,
        &format!(r#"{{"kind":"client-auth","mac":"{mac}","success":true,"duration":0.17170219}}"#),
    );
    world.line(1, &format!(r#"{{"kind":"client-dhcp","mac":"{mac}","success":true,"duration":0.017828,"client_ip":"10.5.72.249","client_hostname":"laptop-7"}}"#));
    world.line(
        1,
        &format!(r#"{{"kind":"client-dns","mac":"{mac}","success":true,"duration":0.024532}}"#),
    );
    world.tick(600);
    golden(&world.events, "client-info", "client-info");
    golden(&world.events, "client-latency", "client-latency");
    world.say(0, "device-connected", AP);
    world.tick(3600);
    golden(&world.events, "site-sle", "site-sle");
}

#[test]
fn access() {
    let mut world = World::new();
    world.line(0, &format!(r#"{{"kind":"nac-event","type":"NAC_CLIENT_PERMIT","mac":"ac3eb179e535","ap":"{AP}","bssid":"5c5b355fafcc","ssid":"Corp","username":"user@example.net","auth_type":"eap-teap","client_type":"wireless","nas_vendor":"juniper-mist","vlan":"750","vlan_source":"nactag","nacrule_id":"00000000-0000-4000-8000-000000000001","nacrule_matched":true,"idp_id":"00000000-0000-4000-8000-000000000002","idp_role":["itsuperusers","vip"],"resp_attrs":["Tunnel-Type=VLAN","Tunnel-Private-Group-ID=750"],"random_mac":true}}"#));
    golden(&world.events, "nac-events", "nac-events");
    world.line(0, &format!(r#"{{"kind":"guest-authorization","mac":"ac2316eca70a","ap":"{AP}","ssid":"Guests","auth_method":"passphrase","name":"A. Guest","email":"guest@example.net","company":"Acme","mobile":"+15555550100","sponsor_email":"host@example.net","field1":"badge 7","authorized_expiring_time":{}}}"#, world.now + 3600));
    golden(&world.events, "guest-authorizations", "guest-authorizations");
}

#[test]
fn edges() {
    let edge = foghorn_model::Edge {
        id: uuid::Uuid::from_bytes([8; 16]),
        site_id: site_id(),
        mac: "020000230522".parse().unwrap(),
        name: "edge-1".into(),
        mxcluster_id: Some(uuid::Uuid::from_bytes([9; 16])),
    };
    let mut world = World::new();
    world.change(vec![foghorn_model::ConfigUpdate::Edge(edge)]);
    let said = [
        r#""kind":"edge-port","port_id":"xe1","state":"down","lag":"lag0""#,
        r#""kind":"edge-port","port_id":"xe1","state":"down","lag":"""#,
        r#""kind":"edge-part","type":"psu","component":"PS1","state":"absent""#,
        r#""kind":"edge-service","service":"tunterm","state":"crashed""#,
        r#""kind":"edge-resource","resource":"cpu","usage":97"#,
        r#""kind":"edge-event","type":"ME_PACKAGE_UPDATED","package":"tunterm","from_version":"0.1.1907","to_version":"0.1.1908","audit_id":"00000000-0000-4000-8000-00000000000a""#,
        r#""kind":"edge-event","type":"TT_PORTS_BOUNCED","bounced_ports":["xe0","xe1"]"#,
    ];
    for more in said {
        world.line(1, &format!(r#"{{"mac":"020000230522",{more}}}"#));
    }
    golden(&world.events, "mxedge-events", "mxedge-events");
}
