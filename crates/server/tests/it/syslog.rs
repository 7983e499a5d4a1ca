//! Syslog over UDP and TCP, from the sender to the webhook.

use crate::process::{World, free_address, until};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

const CLIENT: &str = "70ef0071535f";
/// More connections than one address may have.
const CONNECTIONS: usize = 300;

/// A server that takes syslog, with a receiver of everything that comes of it.
pub struct Site {
    pub world: World,
    pub syslog: SocketAddr,
}

impl Site {
    pub fn new() -> Self {
        let mut world = World::new();
        let syslog = free_address();
        world.listen();
        world.serve(&["--syslog-listen", &syslog.to_string()]);
        world.webhook(&[
            "client-join",
            "client-sessions",
            "client-info",
            "device-updowns",
            "device-events",
            "alarms",
        ]);
        let devices = format!("sites/{}/devices", world.site);
        for (mac, name, kind) in [
            ("5c5b35000001", "Lobby", "ap"),
            ("5c5b35000002", "Rack", "switch"),
            ("5c5b35000005", "AP-North", "ap"),
        ] {
            world.post(&devices, &json!({"mac": mac, "name": name, "type": kind}));
        }
        Self { world, syslog }
    }

    /// Names this machine as a relay of the site's devices.
    pub fn claim(&self) {
        let setting = format!("sites/{}/setting", self.world.site);
        let interfaces = json!({"wlan0": {"ssid": "Maui", "bssid": "5c5b35df18a1", "band": "5"}});
        let senders = json!([{"network": "127.0.0.1", "relay": true, "interfaces": interfaces}]);
        let body = json!({"syslog_senders": senders}).to_string();
        let (status, answer) = self.world.request("PUT", &setting, &[], body.as_bytes());
        assert_eq!(status, 200, "{answer}");
    }

    fn udp(&self, message: &str) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(message.as_bytes(), self.syslog).unwrap();
    }

    fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.syslog).unwrap()
    }

    /// The events of a topic that came.
    pub fn events(&self, topic: &str) -> Vec<Value> {
        let posts = self.world.ledger().into_iter().filter(|post| post["topic"] == topic);
        posts.flat_map(|post| post["events"].as_array().cloned().unwrap_or_default()).collect()
    }

    pub fn one(&self, topic: &str) -> Value {
        until(topic, || !self.events(topic).is_empty());
        let events = self.events(topic);
        assert_eq!(events.len(), 1, "{events:?}");
        events[0].clone()
    }

    pub fn metric(&self, start: &str) -> u64 {
        let mut stream = TcpStream::connect(self.world.api).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let lines = text.lines().filter(|line| line.starts_with(start));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    fn unclaimed(&self) -> Vec<Value> {
        let path = format!("orgs/{}/inventory/unclaimed", self.world.org);
        let (status, answer) = self.world.request("GET", &path, &[], b"");
        assert_eq!(status, 200, "{answer}");
        answer.as_array().unwrap().clone()
    }
}

#[test]
fn what_devices_log_becomes_webhooks() {
    let site = Site::new();
    site.claim();
    site.udp("<30>1 - Lobby hostapd 812 - - wlan0: AP-STA-CONNECTED 70:ef:00:71:53:5f");
    let join = site.one("client-join");
    assert_eq!(
        [&join["mac"], &join["ap"], &join["bssid"], &join["ssid"], &join["band"]],
        [CLIENT, "5c5b35000001", "5c5b35df18a1", "Maui", "5"]
    );
    // A stream with a counted message and lines, cut in the middle of each.
    let left = "<30>1 - Lobby hostapd 812 - - wlan0: AP-STA-DISCONNECTED 70:ef:00:71:53:5f";
    let event = "AP Event: AP Name: AP-North Mac: 5c5b.3500.0005 Session-IP: 192.0.2.9[5260]";
    let head = "%CAPWAPAC_SMGR_TRACE_MESSAGE-5-AP_JOIN_DISJOIN: R0/0: wncmgrd:";
    let joined = format!("<189>52: wlc: {head} {event} Joined\n");
    let disjoined = format!("<189>53: wlc: {head} {event} Disjoined timer expired\n");
    let port = "<30>1 - Rack link - - - %LINK-3-UPDOWN: Interface Gi1/0/4, changed state to down\n";
    let mut stream = site.tcp();
    let counted = format!("{} {left}{joined}", left.len());
    for piece in counted.as_bytes().chunks(37) {
        stream.write_all(piece).unwrap();
        stream.flush().unwrap();
    }
    let session = site.one("client-sessions");
    assert_eq!([&session["mac"], &session["ssid"]], [CLIENT, "Maui"]);
    until("the join of the AP", || site.events("device-updowns").len() == 1);
    stream.write_all(disjoined.as_bytes()).unwrap();
    stream.write_all(port.as_bytes()).unwrap();
    until("the going of the AP", || site.events("device-updowns").len() == 2);
    let types: Vec<Value> =
        site.events("device-updowns").iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["AP_CONNECTED", "AP_DISCONNECTED"]);
    let is_port = |event: &Value| event["type"] == "SW_PORT_DOWN" && event["port_id"] == "Gi1/0/4";
    until("the port", || site.events("device-events").iter().any(is_port));
    // Epoch time with nanoseconds, of now.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let rogue = format!(
        "<134>1 {now}.123456789 Lobby airmarshal_events type=rogue_ssid_detected ssid='Free' \
         bssid='02:A1:B2:C3:D4:E5' wired_mac='02:A1:B2:C3:D4:E0' channel='11' rssi='60'"
    );
    // Twice, as by two ways: it is one alarm with a count of one.
    site.udp(&rogue);
    site.udp(&rogue);
    let is_rogue = |event: &&Value| event["type"] == "rogue_ap";
    until("the alarm", || site.events("alarms").iter().filter(is_rogue).count() > 0);
    until("the repetition", || site.metric("foghorn_repeated_records ") == 1);
    let alarms = site.events("alarms");
    let alarm = alarms.iter().find(is_rogue).unwrap();
    assert_eq!((&alarm["count"], &alarm["bssids"]), (&json!(1), &json!(["02a1b2c3d4e5"])));
}

#[test]
fn the_logger_of_the_system_is_understood() {
    let site = Site::new();
    site.claim();
    // It says the name of this machine, so a device has that.
    let name = Command::new("uname").arg("-n").output().unwrap().stdout;
    let name = String::from_utf8(name).unwrap();
    let device = json!({"mac": "5c5b35000007", "name": name.trim(), "type": "ap"});
    site.world.post(&format!("sites/{}/devices", site.world.site), &device);
    let (host, port) = (site.syslog.ip().to_string(), site.syslog.port().to_string());
    let forms: [&[&str]; 4] = [
        &["--udp", "--rfc3164"],
        &["--udp", "--rfc5424"],
        &["--tcp", "--rfc5424"],
        &["--tcp", "--octet-count", "--rfc5424"],
    ];
    for (at, form) in forms.into_iter().enumerate() {
        let mut logger = Command::new("logger");
        logger.args(form).args(["--server", &host, "--port", &port, "--tag", "hostapd"]);
        logger.arg(format!("wlan0: AP-STA-CONNECTED 02:00:00:00:00:0{at}"));
        match logger.status() {
            Ok(status) => assert!(status.success(), "{form:?}"),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // The forms that it writes are in the decoder's own tests, too.
                eprintln!("THE LOGGER OF THE SYSTEM IS NOT HERE: nothing was asked of it");
                return;
            }
            Err(error) => panic!("{error}"),
        }
        until(form[0], || site.events("client-join").len() == at + 1);
    }
}

#[test]
fn a_stranger_is_listed_and_writes_nothing_until_it_is_claimed() {
    let site = Site::new();
    assert_eq!(site.unclaimed(), Vec::<Value>::new());
    let message = "<30>1 - Lobby hostapd - - - wlan0: AP-STA-CONNECTED 70:ef:00:71:53:5f \u{1b}[2J";
    site.udp(message);
    until("the stranger", || !site.unclaimed().is_empty());
    let [sender] = &site.unclaimed()[..] else { panic!("one sender") };
    assert_eq!(
        [&sender["ip"], &sender["hostname"], &sender["count"], &sender["reason"]],
        [&json!("127.0.0.1"), &json!("Lobby"), &json!(1), &json!("unknown")]
    );
    assert!(sender["sample"].as_str().unwrap().ends_with("53:5f \\u{1b}[2J"), "{sender}");
    until("the log", || site.world.log().contains("no site claims the sender"));
    assert_eq!(site.metric("foghorn_telemetry_records "), 0);
    assert_eq!(site.metric("foghorn_syslog_messages_total{outcome=\"Unclaimed\""), 1);
    // Who may only read, or send, is not shown what others say.
    for role in ["read", "ingest"] {
        let body = json!({"name": role, "privileges": [{"scope": "org", "role": role}]});
        let key = site.world.post(&format!("orgs/{}/apitokens", site.world.org), &body);
        let path = format!("orgs/{}/inventory/unclaimed", site.world.org);
        let key = key["key"].as_str().unwrap();
        let asked = crate::process::request(site.world.api, key, "GET", &path, &[], b"");
        assert_eq!(asked.unwrap().0, 403, "{role}");
    }
    // Claimed, it is a device with the name that it gave itself, and no stranger any more.
    let path = format!("orgs/{}/inventory/unclaimed", site.world.org);
    let claim = |ip: &str| {
        let body = json!({"ip": ip, "mac": "5c5b350000c1", "type": "ap",
                          "site_id": site.world.site});
        site.world.request("POST", &path, &[], body.to_string().as_bytes())
    };
    assert_eq!(claim("203.0.113.9").0, 404);
    assert_eq!(claim("nonsense").1["field"], "ip");
    let (status, device) = claim("127.0.0.1");
    assert_eq!(
        (status, &device["name"], &device["ip"]),
        (200, &json!("Lobby"), &json!("127.0.0.1"))
    );
    assert_eq!(site.unclaimed(), Vec::<Value>::new());
    site.udp(message);
    assert_eq!(site.one("client-join")["mac"], CLIENT);
}

#[test]
fn i10_endless_lines_and_many_connections_leave_room_for_others() {
    let site = Site::new();
    site.claim();
    let mut endless = site.tcp();
    for _ in 0..256 {
        endless.write_all(&[b'x'; 1 << 16]).unwrap();
    }
    site.udp(&"y".repeat(20_000));
    let streams: Vec<TcpStream> = (0..CONNECTIONS).map(|_| site.tcp()).collect();
    until("the refusals", || {
        site.metric("foghorn_syslog_connections_total{outcome=\"OverShare\"") > 0
    });
    assert!(site.metric("foghorn_syslog_connections_open ") <= 64);
    // Those that are open are read from, and others are not in their way.
    (&streams[0])
        .write_all(b"<30>1 - Lobby hostapd - - - wlan0: AP-STA-CONNECTED 70:ef:00:71:53:5f\n")
        .unwrap();
    assert_eq!(site.one("client-join")["mac"], CLIENT);
    let mut last = streams.last().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(last.read(&mut [0; 1]).unwrap_or(0), 0, "it found no room");
    until("both to be counted", || {
        site.metric("foghorn_syslog_messages_total{outcome=\"TooLong\"") == 2
    });
}
