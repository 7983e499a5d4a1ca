//! Topics that are derived; what is only carried has no state of its own.

use super::{AP2, SWITCH, Script, device, step};
use crate::world::{AP, EDGE, associated, client};
use expect_test::expect;

pub fn scripts() -> Vec<Script> {
    vec![
        devices("device-events"),
        devices("device-updowns"),
        radios(),
        clients("client-join"),
        clients("client-sessions"),
        steps("client-info"),
        steps("client-latency"),
        steps("site-sle"),
        edges(),
        accounting(),
        access(),
        guests(),
    ]
}

fn devices(topic: &'static str) -> Script {
    let told = match topic {
        "device-events" => expect![[r#"
            5 AP_CONNECTED 5c5b35000001 5c5b35000001
            10 AP_CONNECTED 5c5b35000002 5c5b35000002
            15 SW_CONNECTED 5c5b35000003
            20 AP_DISCONNECTED 5c5b35000001 5c5b35000001
            25 SW_DISCONNECTED 5c5b35000003
            55 AP_CONNECTED 5c5b35000001 5c5b35000001
            85 SW_CONNECTED 5c5b35000003
            90 AP_RESTARTED 5c5b35000002 5c5b35000002
            270 AP_DISCONNECTED 5c5b35000001 5c5b35000001
        "#]],
        _ => expect![[r#"
            5 AP_CONNECTED 5c5b35000001 5c5b35000001
            10 AP_CONNECTED 5c5b35000002 5c5b35000002
            15 SW_CONNECTED 5c5b35000003 5c5b35000003
            20 AP_DISCONNECTED 5c5b35000001 5c5b35000001
            25 SW_DISCONNECTED 5c5b35000003 5c5b35000003
            55 AP_CONNECTED 5c5b35000001 5c5b35000001
            85 SW_CONNECTED 5c5b35000003 5c5b35000003
            90 AP_RESTARTED 5c5b35000002 5c5b35000002
            270 AP_DISCONNECTED 5c5b35000001 5c5b35000001
        "#]],
    };
    Script::new(topic, told)
        .each(5, [AP, AP2, SWITCH].map(|mac| device("connected", mac)))
        .each(5, [AP, SWITCH].map(|mac| device("disconnected", mac)))
        .each(30, [AP, SWITCH].map(|mac| device("connected", mac)))
        .say(5, device("restarted", AP2))
        .each(30, (0..3).map(|_| device("heartbeat", AP)))
}

/// A radio that is moved by what it hears, and once by radar.
fn radios() -> Script {
    let set = |channel: u8, more: &str| {
        format!(r#"{{"kind":"radio-stats","ap":"{AP}","band":"5","channel":{channel}{more}}}"#)
    };
    Script::new(
        "device-events",
        expect![[r#"
            60 AP_RRM_ACTION 5c5b35000001 5c5b35000001
            100 AP_RADAR_DETECTED 5c5b35000001 5c5b35000001
            140 AP_RRM_ACTION 5c5b35000001 5c5b35000001
        "#]],
    )
    .each(20, [set(36, ""), set(36, ""), set(44, ""), set(44, "")])
    .each(20, [set(100, r#","radar":true"#), set(100, r#","radar":true"#)])
    .each(20, [set(149, r#","power":12"#), set(149, "")])
}

fn clients(topic: &'static str) -> Script {
    let told = match topic {
        "client-join" => expect![[r#"
            5 70ef00715301 5c5b35000001
            10 70ef00715302 5c5b35000001
            15 70ef00715303 5c5b35000001
            75 70ef00715301 5c5b35000002
            135 70ef00715302 5c5b35000002
        "#]],
        _ => expect![[r#"
            75 70ef00715301 5c5b35000001
            135 70ef00715302 5c5b35000001
            196 70ef00715302 5c5b35000002
            256 70ef00715303 5c5b35000001
            1875 70ef00715301 5c5b35000002
        "#]],
    };
    let bye = |who: u8, ap: &str| {
        format!(r#"{{"kind":"client-disassociated","mac":"{}","ap":"{ap}"}}"#, client(who))
    };
    Script::new(topic, told)
        .each(5, (1..4).map(|who| associated(client(who), AP, "5c5b35000011")))
        .each(60, (1..3).map(|who| associated(client(who), AP2, "5c5b35000022")))
        .say(1, bye(1, AP))
        .each(60, [bye(2, AP2), bye(3, AP)])
}

fn steps(topic: &'static str) -> Script {
    let told = match topic {
        "client-info" => expect![[r#"
            24 70ef00715301 10.0.0.1
            64 70ef00715302 10.0.0.2
            144 70ef00715304 10.0.0.4
        "#]],
        "client-latency" => expect![[r#"
            400
        "#]],
        _ => expect![[r#"
            2800
        "#]],
    };
    let took = |kind: &str, who: u8| {
        let more = format!(r#","duration":0.{who}5,"client_ip":"10.0.0.{who}""#);
        let more =
            if kind == "dhcp" { more.as_str() } else { more.split(",\"client_ip").next().unwrap() };
        step(kind, who, who != 3, more)
    };
    let kinds = ["auth", "dhcp", "dns", "arp"];
    let lines = (1..5).flat_map(|who| kinds.map(|kind| took(kind, who)));
    let script = Script::new(topic, told);
    let script = if topic == "client-info" { script.carried() } else { script.gathers() };
    script.each(1, (1..5).map(|who| associated(client(who), AP, "5c5b35000011"))).each(10, lines)
}

fn edges() -> Script {
    let line = |more: &str| format!(r#"{{"mac":"{EDGE}",{more}}}"#);
    let port = |name: &str, state: &str, lag: &str| {
        line(&format!(r#""kind":"edge-port","port_id":"{name}","state":"{state}","lag":"{lag}""#))
    };
    Script::new(
        "mxedge-events",
        expect![[r#"
        0 ME_CONNECTED
        10 TT_PORT_LINK_DOWN xe1
        20 TT_PORT_LINK_RECOVERY xe1
        30 TT_PORT_LINK_DOWN xe1
        50 TT_PORT_FIRST_JOIN_LACP xe2
        60 TT_PORT_LAST_DROPPED_FROM_LACP xe2
        70 TT_PORT_FIRST_JOIN_LACP xe2
        80 ME_PSU_UNPLUGGED PS1
        90 ME_SERVICE_STOPPED tunterm
        270 ME_DISCONNECTED
    "#]],
    )
    .say(0, line(r#""kind":"edge-heartbeat""#))
    .each(10, ["down", "up", "down"].map(|state| port("xe1", state, "")))
    .each(10, ["", "lag0", "", "lag0"].map(|lag| port("xe2", "up", lag)))
    .say(10, line(r#""kind":"edge-part","type":"psu","component":"PS1","state":"absent""#))
    .say(10, line(r#""kind":"edge-service","service":"tunterm","state":"stopped""#))
}

fn accounting() -> Script {
    let request = |status: &str, secs: i64| {
        format!(
            r#"{{"kind":"accounting","status":"{status}","nas_ip":"172.16.0.10","session_id":"s1","mac":"5e6601115b49","session_time":{secs},"rx_bytes":{secs}}}"#
        )
    };
    Script::new(
        "nac-accounting",
        expect![[r#"
            0 NAC_ACCOUNTING_START 5e6601115b49
            60 NAC_ACCOUNTING_UPDATE 5e6601115b49
            120 NAC_ACCOUNTING_UPDATE 5e6601115b49
            180 NAC_ACCOUNTING_STOP 5e6601115b49
        "#]],
    )
    .carried()
    .say(0, request("start", 0))
    .each(60, [request("update", 60), request("update", 120), request("stop", 180)])
}

fn access() -> Script {
    let decided = |event: &str| {
        format!(r#"{{"kind":"nac-event","type":"{event}","mac":"ac3eb179e535","ssid":"Corp"}}"#)
    };
    Script::new(
        "nac-events",
        expect![[r#"
            10 NAC_CLIENT_PERMIT ac3eb179e535
            20 NAC_CLIENT_DENY ac3eb179e535
        "#]],
    )
    .carried()
    .each(10, [decided("NAC_CLIENT_PERMIT"), decided("NAC_CLIENT_DENY")])
}

fn guests() -> Script {
    let guest = |who: u8| {
        format!(
            r#"{{"kind":"guest-authorization","mac":"{}","ssid":"Guests","auth_method":"passphrase"}}"#,
            client(who)
        )
    };
    Script::new(
        "guest-authorizations",
        expect![[r#"
        70ef00715301
        70ef00715302
    "#]],
    )
    .carried()
    .each(10, [guest(1), guest(2)])
}
