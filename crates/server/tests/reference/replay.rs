//! Captured packets, sent to the real binary.

use crate::capture::{tcp_payloads, udp_payloads};
use crate::data;
use crate::process::{World, free_address, until};
use serde_json::{Value, json};
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

const CAPTURE_SECRET: &str = "s3cr3t";

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// Debian's hostapd: Accounting-On, Start, Stop, Accounting-Off.
#[test]
fn what_hostapd_sent_becomes_a_start_and_a_stop() {
    let capture = data("data/pcap/hostapd-wired-lab/hostapd-wired-radius-acct.pcapng");
    let packets = udp_payloads(&capture, 1813);
    assert_eq!(packets.len(), 4);
    let mut world = World::new();
    world.listen();
    world.radius_secret = CAPTURE_SECRET;
    world.serve(&[]);
    world.webhook(&["nac-accounting"]);
    let socket = socket();
    let mut answer = [0; 64];
    for packet in &packets {
        // Each is sent twice: a retransmission is answered and is no second event.
        for _ in 0..2 {
            socket.send_to(packet, world.radius).unwrap();
            let (length, _) = socket.recv_from(&mut answer).unwrap();
            assert_eq!((length, answer[0], answer[1]), (20, 5, packet[1]));
        }
    }
    let events = || -> Vec<Value> {
        let posts = world.ledger();
        posts.iter().flat_map(|post| post["events"].as_array().unwrap().clone()).collect()
    };
    until("both events", || events().len() >= 2);
    let types: Vec<_> = events().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["NAC_ACCOUNTING_START", "NAC_ACCOUNTING_STOP"]);
    for event in events() {
        assert_eq!(event["session_id"], "D56E5B9BF11F83E9");
        // It was a wired port, but hostapd writes NAS-Port-Type Wireless-802.11 for any.
        assert_eq!(event["client_type"], "wireless");
        assert_eq!(event["session_unique_id"], events()[0]["session_unique_id"]);
    }
    assert_eq!(events()[1]["terminate_cause"], "User-Request");
    for post in world.ledger() {
        assert!(post["signatures"].as_array().unwrap().iter().all(|it| it == "valid"), "{post}");
    }
}

/// Odd attributes of other people's packets, none of which is ours to answer.
#[test]
fn packets_under_another_secret_get_no_answer_and_change_nothing() {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    world.webhook(&["nac-accounting"]);
    let socket = socket();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut sent = 0;
    for name in ["RADIUS.pcap", "RADIUS-RFC5580.pcap", "RADIUS-RFC4675.pcap", "RADIUS-RFC3162.pcap"]
    {
        let capture = data("data/pcap/tcpdump-tests").join(name);
        for packet in [1812, 1813, 1645, 1646].map(|port| udp_payloads(&capture, port)).concat() {
            socket.send_to(&packet, world.radius).unwrap();
            assert!(socket.recv_from(&mut [0; 64]).is_err(), "{name} was answered");
            sent += 1;
        }
    }
    assert!(sent >= 4, "{sent}");
    assert!(world.server.as_mut().unwrap().terminate());
    assert!(world.ledger().is_empty());
}

/// What Debian's hostapd logged of one client, as its syslog would send it; and datagrams of other
/// programs in between, which say nothing.
#[test]
fn what_hostapd_logged_becomes_a_join_and_a_session() {
    let log = data("data/pcap/hostapd-wired-lab/hostapd-wired-ctrl-events.log");
    let log = std::fs::read_to_string(log).unwrap();
    let mut world = World::new();
    let syslog = free_address();
    world.listen();
    world.serve(&["--syslog-listen", &syslog.to_string()]);
    world.webhook(&["client-join", "client-sessions"]);
    let device = json!({"mac": "464ac4cbe0d0", "name": "lab", "type": "ap", "ip": "127.0.0.1"});
    world.post(&format!("sites/{}/devices", world.site), &device);
    let others = udp_payloads(&data("data/pcap/tcpdump-tests/syslog_udp.pcap"), 514);
    assert!(!others.is_empty());
    let socket = socket();
    for datagram in &others {
        socket.send_to(datagram, syslog).unwrap();
    }
    let mut stream = TcpStream::connect(syslog).unwrap();
    for line in log.lines() {
        stream.write_all(format!("<30>hostapd: {line}\n").as_bytes()).unwrap();
    }
    let events = |topic: &str| -> Vec<Value> {
        let posts = world.ledger().into_iter().filter(|post| post["topic"] == topic);
        posts.flat_map(|post| post["events"].as_array().unwrap().clone()).collect()
    };
    until("the session", || !events("client-sessions").is_empty());
    let (joins, sessions) = (events("client-join"), events("client-sessions"));
    assert_eq!((joins.len(), sessions.len()), (1, 1));
    for event in [&joins[0], &sessions[0]] {
        assert_eq!([&event["mac"], &event["ap"]], ["664838faca2c", "464ac4cbe0d0"]);
        // The interface stands for the SSID that no line has.
        assert_eq!(event["ssid"], "ap0");
    }
}

/// Segments of a stream of syslog in which counted messages and lines take turns. They are of a
/// program that says nothing to us, but each must be found.
#[test]
fn a_captured_stream_of_syslog_is_cut_into_its_messages() {
    let segments = tcp_payloads(&data("data/pcap/zeek-traces/tcp-syslog.pcap"), 514);
    assert_eq!(segments.len(), 4);
    let mut world = World::new();
    let syslog = free_address();
    world.serve(&["--syslog-listen", &syslog.to_string()]);
    let device = json!({"mac": "464ac4cbe0d0", "name": "lab", "type": "ap", "ip": "127.0.0.1"});
    world.post(&format!("sites/{}/devices", world.site), &device);
    let mut stream = TcpStream::connect(syslog).unwrap();
    for segment in &segments {
        stream.write_all(segment).unwrap();
    }
    drop(stream);
    let counted = |outcome: &str| {
        let start = format!("foghorn_syslog_messages_total{{outcome=\"{outcome}\"");
        let metrics = world.metrics();
        let lines = metrics.lines().filter(|line| line.starts_with(&start));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
    };
    until("the messages", || counted("Unknown") == 4);
    assert_eq!(["Taken", "TooLong", "CutShort"].map(counted), [0, 0, 0]);
}
