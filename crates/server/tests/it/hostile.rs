//! Hostile input, by the numbers of the cases in `docs/security.md`.

use crate::process::{World, accounting, until, until_answered};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const AP: &str = "5c5b35000001";
/// More connections than one address may have.
const CONNECTIONS: usize = 2_500;
/// Memory that a flood may cost the server.
const MEMORY_MAX: u64 = 256 << 20;

/// A server with an AP and a listening receiver of its device and client events.
fn world() -> World {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    world.device(AP, "AP");
    world.webhook(&["device-events", "client-sessions", "nac-accounting"]);
    world
}

/// Sends bytes as they are, and gives the status that comes back, 0 when the connection closes.
fn raw(world: &World, path: &str, head: &str, body: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(world.api).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = format!(
        "POST /api/v1/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {}\r\n{head}\r\n\r\n",
        world.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    // It may answer and close before it has read everything.
    drop(stream.write_all(body));
    let mut answer = [0; 16];
    match stream.read(&mut answer) {
        Ok(read) if read >= 12 => String::from_utf8_lossy(&answer[9..12]).parse().unwrap_or(0),
        Ok(_) => 0,
        Err(error) => {
            assert_ne!(error.kind(), ErrorKind::WouldBlock, "{head}: no answer");
            0
        }
    }
}

/// The largest amount of memory that the server has had, in bytes.
fn memory(world: &World) -> u64 {
    let id = world.server.as_ref().unwrap().0.id();
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// The texts of all events that came; a batch that came twice counts once.
fn texts(world: &World) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let new = |post: &Value| seen.insert(post["id"].to_string());
    let of = |post: Value| post["events"].as_array().cloned().unwrap_or_default();
    let text = |event: Value| Some(event["text"].as_str()?.to_owned());
    world.ledger().into_iter().filter(new).flat_map(of).filter_map(text).collect()
}

fn event(text: &str) -> String {
    json!({"kind": "device-event", "mac": AP, "type": "AP_CONFIGURED", "text": text}).to_string()
}

#[test]
fn i01_a_body_that_is_too_large_or_lies_about_it_is_refused() {
    let world = world();
    let before = memory(&world);
    let packed = |bytes: &[u8]| zstd::bulk::compress(bytes, 3).unwrap();
    let zeros = vec![0; 64 << 20];
    let path = format!("sites/{}/telemetry", world.site);
    let raw = |head: &str, body: &[u8]| raw(&world, &path, head, body);
    assert_eq!(raw("Content-Length: 99999999999", b"{}"), 413);
    assert_eq!(raw("Content-Length: 18446744073709551616", b"{}"), 400);
    assert_eq!(raw("Content-Length: -1", b"{}"), 400);
    assert_eq!(raw("Content-Length: 2\r\nContent-Length: 3", b"{}"), 400);
    // Without either there is no body.
    assert_eq!(raw("Connection: close", b""), 200);
    let mut chunked = b"4000000\r\n".to_vec();
    chunked.extend_from_slice(&zeros);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    assert_eq!(raw("Transfer-Encoding: chunked", &chunked), 413);
    for _ in 0..8 {
        let bomb = packed(&zeros);
        let head = format!("Content-Encoding: zstd\r\nContent-Length: {}", bomb.len());
        assert_eq!(raw(&head, &bomb), 413);
    }
    let grown = memory(&world).saturating_sub(before);
    assert!(grown < MEMORY_MAX, "memory grew by {grown} bytes");
    world.telemetry(&event("after"));
    until("an event after all of it", || texts(&world) == ["after"]);
}

#[test]
fn i01_idle_connections_of_one_address_leave_room_for_others() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    let world = world();
    let before = memory(&world);
    let mut idle: Vec<TcpStream> =
        (0..CONNECTIONS).map(|_| TcpStream::connect(world.api).unwrap()).collect();
    // Those beyond the share are closed without a word.
    let last = idle.last_mut().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert!(last.read(&mut [0]).is_ok_and(|read| read == 0), "one too many was let in");
    let other = socket_from("127.0.0.2", world.api);
    assert!(answers(other, &world.token), "another address found no room");
    let grown = memory(&world).saturating_sub(before);
    assert!(grown < MEMORY_MAX, "memory grew by {grown} bytes");
}

/// A connection from an address of this machine.
fn socket_from(source: &str, to: std::net::SocketAddr) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    let source: std::net::IpAddr = source.parse().unwrap();
    bind(&socket, &std::net::SocketAddr::new(source, 0)).unwrap();
    connect(&socket, &to).unwrap();
    socket.into()
}

fn answers(mut stream: TcpStream, token: &str) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request =
        format!("GET /api/v1/self HTTP/1.1\r\nHost: x\r\nAuthorization: Token {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).is_ok() && answer == *b"HTTP/1.1 200"
}

#[test]
fn i02_strange_json_is_named_and_harms_nothing() {
    let world = world();
    let of = |value: &str| format!(r#"{{"kind":"client-seen","mac":"{AP}","rssi":{value}}}"#);
    let lines = [
        "[".repeat(60_000),
        r#"{"kind":"#.to_owned() + &r#"{"kind":"#.repeat(5_000),
        of("1e999"),
        of("NaN"),
        of(&"1".repeat(60_000)),
        of("-50,\"rssi\":-51"),
        of("-50") + "trailing",
        of("-50,\"ssid\":\"\\ud800\""),
        format!("{{{}}}", vec![r#""a":1"#; 9_000].join(",")),
        format!(r#"{{"kind":"client-seen","mac":"{}"}}"#, "x".repeat(100_000)),
    ];
    let answer = world.telemetry(&lines.join("\n"));
    assert_eq!(answer["accepted"], 0, "{answer}");
    assert_eq!(answer["rejected_count"], lines.len(), "{answer}");
    // A mark before the first line and a negative zero are no fault.
    let answer = world.telemetry(&format!("\u{feff}{}\n{}", of("-0"), of("-0.0")));
    assert_eq!(answer["accepted"], 2, "{answer}");

    let webhooks = format!("orgs/{}/webhooks", world.org);
    let deep = format!(r#"{{"url":{}"#, "[".repeat(100_000));
    let keys: Vec<String> = (0..1_000_000).map(|key| format!(r#""{key}":1"#)).collect();
    let many = format!("{{{}}}", keys.join(","));
    for (body, status) in [(deep.as_str(), 400), (many.as_str(), 413), ("\u{feff}{}", 400)] {
        let head = format!("Content-Length: {}", body.len());
        let answered = raw(&world, &webhooks, &head, body.as_bytes());
        assert_eq!(answered, status, "{} bytes", body.len());
    }
}

#[test]
fn i03_strange_text_comes_out_as_it_went_in() {
    let mut world = world();
    let strange = "\u{202e}evil \u{1b}[31m\u{0}\r\nX-A: b<script>\u{41f}\u{430}\u{443} =cmd()";
    world.telemetry(&event(strange));
    let name = world.path("data").display().to_string();
    until("the event", || texts(&world) == [strange]);
    // The same in the name of a client and its SSID, which go through the state and a session.
    let joined = json!({
        "kind": "client-associated", "mac": "70ef0071535f", "ap": AP, "bssid": "5c5b35000011",
        "ssid": "\u{202e}\u{1b}[31m\u{0}", "client_hostname": strange,
    });
    let left = json!({"kind": "client-disassociated", "mac": "70ef0071535f"});
    assert_eq!(world.telemetry(&format!("{joined}\n{left}"))["accepted"], 2);
    until("the session", || {
        let ledger = world.ledger();
        let mut events = ledger.iter().flat_map(|post| post["events"].as_array().unwrap());
        events.any(|it| it["client_hostname"] == strange && it["ssid"] == joined["ssid"])
    });
    // Bytes that are no UTF-8 cannot stand in JSON: the line is refused, and RADIUS, whose text
    // is bytes, is told with replacement characters.
    let path = format!("sites/{}/telemetry", world.site);
    let bytes = [b"{\"kind\":\"client-seen\",\"mac\":\"".as_slice(), b"\xc0\xaf\"}"].concat();
    let (status, answer) = world.request("POST", &path, &[], &bytes);
    assert_eq!((status, &answer["rejected"][0]["detail"]), (200, &json!("not valid UTF-8")));
    world.server.as_mut().unwrap().terminate();
    assert!(!world.log().contains('\u{1b}'), "escapes stand in the log of {name}");
}

#[test]
fn i04_a_strange_time_is_refused_and_moves_no_clock() {
    let world = world();
    let at = |time: &str| {
        format!(r#"{{"kind":"device-event","mac":"{AP}","type":"AP_CONFIGURED","time":{time}}}"#)
    };
    let strange = [
        "9999999999",
        "-1",
        "0",
        "1782127701568",
        "1e300",
        "-1e300",
        "253402300800",
        "\"2100-02-30T00:00:00Z\"",
        "\"2016-12-31T23:59:61Z\"",
    ];
    for time in strange {
        let answer = world.telemetry(&at(time));
        assert_eq!(answer["rejected"][0]["field"], "time", "{time}: {answer}");
    }
    // A day ahead is taken, and what comes now is not late for that.
    let ahead = std::time::SystemTime::now() + Duration::from_secs(23 * 3600);
    let secs = ahead.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(world.telemetry(&at(&secs.to_string()))["accepted"], 1);
    world.telemetry(&event("now"));
    until("the event of now", || texts(&world) == ["now"]);
}

#[test]
fn i05_a_signal_strength_out_of_this_world_is_refused() {
    let world = world();
    for rssi in ["200", "-151", "30.5", "1e308", "\"-50\""] {
        let line = format!(r#"{{"kind":"client-seen","mac":"{AP}","rssi":{rssi}}}"#);
        let answer = world.telemetry(&line);
        assert_eq!(answer["rejected"][0]["field"], "rssi", "{rssi}: {answer}");
    }
}

#[test]
fn i09_what_is_sent_again_in_other_batches_counts_once() {
    let mut world = world();
    let line = |number: u32| {
        let text = format!("n{number}");
        let line = json!({
            "kind": "device-event", "mac": AP, "type": "AP_CONFIGURED", "text": text, "id": text,
        });
        format!("{line}\n")
    };
    let batch = |numbers: &[u32]| numbers.iter().map(|it| line(*it)).collect::<String>();
    world.telemetry(&batch(&[1, 2, 3]));
    // The same again, a part of it, in another order, cut in the middle of a line.
    world.telemetry(&batch(&[1, 2, 3]));
    world.telemetry(&batch(&[3, 4, 1]));
    let cut = batch(&[5, 6]);
    let answer = world.telemetry(&cut[..cut.len() - 5]);
    assert_eq!((&answer["accepted"], &answer["rejected_count"]), (&json!(1), &json!(1)));
    world.server.as_mut().unwrap().kill();
    world.serve(&[]);
    world.telemetry(&batch(&[6, 5, 4]));
    let packet = accounting(1, 1, "last", "testing123");
    assert!(until_answered(world.radius, &packet, || false));
    until("everything", || texts(&world).contains(&"n6".into()));
    let mut came = texts(&world);
    came.sort();
    assert_eq!(came, ["n1", "n2", "n3", "n4", "n5", "n6"]);
}
