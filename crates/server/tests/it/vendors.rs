//! Lines of each vendor's equipment, through the logger of the system and the real binary, to the
//! webhook that comes of each.

use crate::process::until;
use crate::syslog::Site;
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::process::Command;

/// How the logger is to write: as of hostapd itself, or what a device wrote behind its own header,
/// as a relay does. Without a time of its own a line that comes again has happened again.
const HOSTAPD: &[&str] = &["--rfc5424=notime", "--tag", "hostapd"];
const RELAYED: &[&str] = &["--rfc5424", "--tag", "relay"];

/// A line, how often it is said, and what comes of it: members of an event of a topic.
struct Row {
    form: &'static [&'static str],
    line: String,
    times: usize,
    topic: &'static str,
    event: Value,
}

fn row(form: &'static [&'static str], line: &str, topic: &'static str, event: Value) -> Row {
    Row { form, line: line.into(), times: 1, topic, event }
}

impl Row {
    fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }
}

fn hostapd() -> Vec<Row> {
    let of = |line: &str, topic, event| row(HOSTAPD, line, topic, event);
    let failure = "wlan0: CTRL-EVENT-EAP-FAILURE 02:00:00:00:00:03";
    vec![
        of(
            "wlan0: AP-STA-CONNECTED 02:00:00:00:00:01",
            "client-join",
            json!({"mac": "020000000001", "ssid": "Maui", "band": "5", "ap": "5c5b35000007"}),
        ),
        of(
            "wlan0: STA 02:00:00:00:00:02 IEEE 802.11: associated (aid 1)",
            "client-join",
            json!({"mac": "020000000002", "bssid": "5c5b35df18a1"}),
        ),
        of(
            "wlan0: AP-STA-DISCONNECTED 02:00:00:00:00:01",
            "client-sessions",
            json!({"mac": "020000000001", "termination_reason": 1}),
        ),
        of(
            "wlan0: STA 02:00:00:00:00:02 IEEE 802.11: deauthenticated due to local deauth request",
            "client-sessions",
            json!({"mac": "020000000002"}),
        ),
        of(failure, "alarms", json!({"type": "repeated_auth_failures"})).times(5),
        of(
            "wlan0: DFS-RADAR-DETECTED freq=5500 ht_enabled=1 chan_offset=0 chan_width=3 cf1=5530 cf2=0",
            "device-events",
            json!({"type": "AP_RADAR_DETECTED", "ap": "5c5b35000007", "channel": 100}),
        ),
    ]
}

fn meraki() -> Vec<Row> {
    // Its clock is right, and tells each line from the next.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let of = |nanos: u32, device: &str, line: &str, topic, event| {
        row(RELAYED, &format!("1 {now}.{nanos:09} {device} {line}"), topic, event)
    };
    let client = "radio='1' vap='3' client_mac='02:00:00:00:00:11' channel='36'";
    let mut rows = vec![
        of(
            1000,
            "Lobby",
            &format!("events type=association {client} rssi='41' aid='7'"),
            "client-join",
            json!({"mac": "020000000011", "ap_name": "Lobby", "band": "5", "rssi": -54}),
        ),
        of(
            2000,
            "Edge",
            "events dhcp lease of ip 192.0.2.77 from server mac 5C:5B:35:00:00:03 for client mac \
             02:00:00:00:00:11 with hostname laptop from router 192.0.2.3 on subnet 255.255.255.0",
            "client-info",
            json!({"mac": "020000000011", "ip": "192.0.2.77"}),
        ),
        of(
            900_000_000,
            "Lobby",
            &format!(
                "events type=disassociation {client} reason='8' duration='309.16' \
                 auth_neg_dur='0.0055' dhcp_resp='1.37' dns_resp='0.19' identity='alice'"
            ),
            "client-sessions",
            json!({"mac": "020000000011", "client_username": "alice", "client_ip": "192.0.2.77"}),
        ),
        of(
            4000,
            "Rack",
            "events port 44 status changed from 1Gfdx to down",
            "device-events",
            json!({"type": "SW_PORT_DOWN", "port_id": "44"}),
        ),
        of(
            5000,
            "Lobby",
            "events type=dfs_event radio='1' channel='100' state='detected'",
            "device-events",
            json!({"type": "AP_RADAR_DETECTED", "ap_name": "Lobby", "channel": 100}),
        ),
        of(
            6000,
            "Edge",
            "events type=vpn_connectivity_change vpn_type='site-to-site' \
             peer_contact='198.51.100.7:51856' connectivity='false'",
            "device-events",
            json!({"type": "GW_VPN_PEER_DOWN"}),
        ),
        of(
            7000,
            "Lobby",
            "airmarshal_events type=rogue_ssid_detected ssid='Free' bssid='02:A1:B2:C3:D4:E5' \
             wired_mac='02:A1:B2:C3:D4:E0' channel='11' rssi='60'",
            "alarms",
            json!({"type": "rogue_ap", "bssids": ["02a1b2c3d4e5"]}),
        ),
        of(
            8000,
            "Lobby",
            "airmarshal_events type=ssid_spoofing_detected ssid='Maui' bssid='02:A1:B2:C3:D4:E6' \
             channel='1' rssi='44'",
            "alarms",
            json!({"type": "honeypot_ssid", "bssids": ["02a1b2c3d4e6"]}),
        ),
    ];
    // Five of the one are an alarm, of which the steps are not told apart before.
    for nanos in 0..5 {
        let line = "events type=8021x_eap_failure radio='0' vap='3' \
                    client_mac='02:00:00:00:00:12' identity='bob' aid='5'";
        let is_last = nanos == 4;
        let (topic, event) = ("alarms", json!({"type": "repeated_auth_failures"}));
        let step = of(20_000 + 1000 * nanos, "Lobby", line, topic, event);
        rows.push(if is_last { step } else { Row { event: Value::Null, ..step } });
    }
    rows
}

fn cisco() -> Vec<Row> {
    let of = |line: &str, topic, event| row(RELAYED, line, topic, event);
    let event = "%CAPWAPAC_SMGR_TRACE_MESSAGE-5-AP_JOIN_DISJOIN: Chassis 1 R0/0: wncmgrd: AP Event: \
                 AP Name: AP-North Mac: 5c5b.3500.0005 Session-IP: 192.0.2.31[5260] 192.0.2.4[5246]";
    let client = "Chassis 1 R0/0: wncd: Username (alice), MAC: 0200.0000.0021, IP 192.0.2.77";
    vec![
        of(
            &format!("{event} Joined"),
            "device-updowns",
            json!({"type": "AP_CONNECTED", "ap_name": "AP-North"}),
        ),
        of(
            &format!(
                "%CLIENT_ORCH_LOG-7-CLIENT_MOVED_TO_RUN_STATE: {client} associated to AP \
                 (AP-North) with SSID (Maui)"
            ),
            "client-join",
            json!({"mac": "020000000021", "ap_name": "AP-North", "client_username": "alice"}),
        ),
        of(
            &format!(
                "%CLIENT_ORCH_LOG-7-CLIENT_MOVED_TO_DELETE_STATE: {client} disconnected from AP \
                 (AP-North) with SSID (Maui)"
            ),
            "client-sessions",
            json!({"mac": "020000000021", "ap": "5c5b35000005"}),
        ),
        of(
            "%CLIENT_ORCH_LOG-6-CLIENT_ADDED_TO_RUN_STATE: R0/0: wncd: Username entry (bob) joined \
             with ssid (Maui Guests) for device with MAC: 0200.0000.0022 on channel (36)",
            "client-join",
            json!({"mac": "020000000022", "ssid": "Maui Guests", "band": "5"}),
        ),
        of(
            &format!("{event} Disjoined heartbeat timer expired"),
            "device-updowns",
            json!({"type": "AP_DISCONNECTED", "ap_name": "AP-North"}),
        ),
        of(
            "%LINK-3-UPDOWN: Interface Gi1/0/4, changed state to down",
            "device-events",
            json!({"type": "AP_PORT_DOWN", "port_id": "Gi1/0/4"}),
        ),
        of(
            "%SYS-5-RESTART: System restarted --",
            "device-updowns",
            json!({"type": "AP_RESTARTED", "ap": "5c5b35000007"}),
        ),
    ]
}

#[test]
fn what_each_vendor_logs_becomes_the_webhook_that_it_is() {
    let site = Site::new();
    site.claim();
    let devices = format!("sites/{}/devices", site.world.site);
    // The logger says the name of this machine, so a device has that.
    let name = Command::new("uname").arg("-n").output().unwrap().stdout;
    let name = String::from_utf8(name).unwrap();
    for (mac, name, kind) in
        [("5c5b35000007", name.trim(), "ap"), ("5c5b35000003", "Edge", "gateway")]
    {
        site.world.post(&devices, &json!({"mac": mac, "name": name, "type": kind}));
    }
    let (host, port) = (site.syslog.ip().to_string(), site.syslog.port().to_string());
    let mut told = 0;
    for row in [hostapd(), meraki(), cisco()].into_iter().flatten() {
        let count =
            |event: &Value| site.events(row.topic).iter().filter(|it| has(it, event)).count();
        let before = count(&row.event);
        for _ in 0..row.times {
            let mut logger = Command::new("logger");
            logger.args(row.form).args(["--udp", "--server", &host, "--port", &port, &row.line]);
            match logger.status() {
                Ok(status) => assert!(status.success(), "{}", row.line),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    // What the lines become is in the decoder's own tests, too.
                    eprintln!("THE LOGGER OF THE SYSTEM IS NOT HERE: no line was sent");
                    return;
                }
                Err(error) => panic!("{error}"),
            }
        }
        if !row.event.is_null() {
            until(&row.line, || count(&row.event) == before + 1);
            told += 1;
        }
    }
    assert_eq!(told, 22);
    let unread = ["Unknown", "NoDevice", "Unclaimed"].map(|outcome| {
        site.metric(&format!("foghorn_syslog_messages_total{{outcome=\"{outcome}\""))
    });
    assert_eq!(unread, [0, 0, 0]);
}

/// logd of OpenWrt writes a weekday, a year and its level, and no name: it is the AP that has the
/// address.
#[test]
fn what_openwrt_logs_is_of_the_ap_that_has_the_address() {
    let site = Site::new();
    let ap = json!({"mac": "5c5b35000009", "name": "Attic", "type": "ap", "ip": "127.0.0.2"});
    site.world.post(&format!("sites/{}/devices", site.world.site), &ap);
    let socket = UdpSocket::bind("127.0.0.2:0").unwrap();
    for (line, topic) in [
        ("wlan1: STA 02:00:00:00:00:31 IEEE 802.11: associated (aid 1)", "client-join"),
        ("wlan1: AP-STA-DISCONNECTED 02:00:00:00:00:31", "client-sessions"),
    ] {
        let message = format!("<30>Thu Aug 17 22:58:44 2023 daemon.info hostapd: {line}");
        socket.send_to(message.as_bytes(), site.syslog).unwrap();
        let event = site.one(topic);
        assert_eq!([&event["mac"], &event["ap_name"]], ["020000000031", "Attic"]);
    }
}

/// Whether an event has these members.
fn has(event: &Value, members: &Value) -> bool {
    members.as_object().is_some_and(|it| it.iter().all(|(key, value)| event[key] == *value))
}
