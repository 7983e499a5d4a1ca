//! Mist's channels over a WebSocket, as a client has them.

use crate::login::{Browser, PASSWORD, login, set_up};
use crate::process::World;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

const AP: &str = "5c5b35000001";
/// No wait is longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of the stream.
struct Socket(WebSocket<TcpStream>);

fn stream(world: &World) -> TcpStream {
    let stream = TcpStream::connect(world.api).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Opens a stream with these headers; the status when it is refused.
fn open(world: &World, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let mut request = format!("ws://{}/api-ws/v1/stream", world.api).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match tungstenite::client(request, stream(world)) {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
            Err(answer.status().as_u16())
        }
        Err(error) => panic!("{error}"),
    }
}

fn by_token(world: &World, token: &str) -> Socket {
    open(world, &[("Authorization", &format!("Token {token}"))]).unwrap()
}

impl Socket {
    fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).unwrap();
    }

    /// The next message; the code of the close when it is one.
    fn next(&mut self) -> Result<Value, u16> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Close(close)) => return Err(close.map_or(1005, |it| it.code.into())),
                Ok(other) => panic!("{other}"),
                Err(error) => {
                    if let tungstenite::Error::Io(error) = &error {
                        let kind = error.kind();
                        assert_ne!(kind, ErrorKind::WouldBlock, "nothing comes");
                    }
                    return Err(0);
                }
            }
        }
    }

    fn subscribe(&mut self, channel: &str) -> Value {
        self.say(&json!({ "subscribe": channel }));
        self.next().unwrap()
    }

    /// Subscribes to what may be subscribed.
    fn enter(&mut self, channel: &str) {
        let expected = json!({"event": "channel_subscribed", "channel": channel});
        assert_eq!(self.subscribe(channel), expected);
    }

    /// The next row of a channel: JSON in a text.
    fn row(&mut self, channel: &str) -> Value {
        let message = self.next().unwrap();
        assert_eq!((&message["event"], &message["channel"]), (&json!("data"), &json!(channel)));
        serde_json::from_str(message["data"].as_str().unwrap()).unwrap()
    }

    /// The next row of a channel for which something holds; there are others before it at most.
    fn row_with(&mut self, channel: &str, key: &str, value: &Value) -> Value {
        loop {
            let row = self.row(channel);
            if row[key] == *value {
                return row;
            }
        }
    }
}

fn world() -> World {
    let mut world = World::new();
    world.serve(&[]);
    world.device(AP, "Lobby");
    world
}

fn say(world: &World, kind: &str) {
    world.telemetry(&json!({"kind": kind, "mac": AP}).to_string());
}

#[test]
fn a_subscriber_is_told_what_is_there_and_then_what_changes() {
    let world = world();
    say(&world, "device-connected");
    let mut socket = by_token(&world, &world.token);
    for owner in [format!("sites/{}", world.site), format!("orgs/{}", world.org)] {
        let devices = format!("/{owner}/stats/devices");
        socket.enter(&devices);
        let row = socket.row(&devices);
        assert_eq!((&row["mac"], &row["name"]), (&json!(AP), &json!("Lobby")));
        say(&world, "device-disconnected");
        let row = socket.row_with(&devices, "status", &json!("disconnected"));
        assert_eq!(row["site_id"], world.site.as_str());
        say(&world, "device-connected");
        socket.row_with(&devices, "status", &json!("connected"));
        socket.say(&json!({ "unsubscribe": devices }));
        let expected = json!({"event": "channel_unsubscribed", "channel": devices});
        assert_eq!(socket.next().unwrap(), expected);
    }

    let clients = format!("/sites/{}/stats/clients", world.site);
    let associate = |mac: &str| {
        let line = json!({"kind": "client-associated", "mac": mac, "ap": AP,
                          "bssid": "5c5b35000011", "ssid": "a"});
        world.telemetry(&line.to_string());
    };
    associate("70ef00000001");
    // What is accepted is folded in its time, so it comes with the first rows or as a change.
    socket.enter(&clients);
    socket.row_with(&clients, "mac", &json!("70ef00000001"));
    associate("70ef00000002");
    let row = socket.row_with(&clients, "mac", &json!("70ef00000002"));
    assert_eq!((&row["ap_mac"], &row["ssid"]), (&json!(AP), &json!("a")));
    socket.say(&json!({ "unsubscribe": clients }));
    while socket.next().unwrap()["event"] != "channel_unsubscribed" {}

    let devices = format!("/sites/{}/devices", world.site);
    socket.enter(&devices);
    assert_eq!(socket.row(&devices)["name"], "Lobby");
    let id = "00000000-0000-0000-1000-5c5b35000001";
    let path = format!("sites/{}/devices/{id}", world.site);
    world.request("PUT", &path, &[], br#"{"name": "Hall"}"#);
    assert_eq!(socket.row(&devices)["name"], "Hall");
    socket.say(&json!({ "unsubscribe": devices }));
    assert_eq!(socket.next().unwrap()["event"], "channel_unsubscribed");

    socket.enter("/test");
    let message = socket.next().unwrap();
    assert_eq!((&message["event"], &message["data"]), (&json!("data"), &json!("1")));
}

#[test]
fn edges_come_as_they_are_configured_and_as_they_report() {
    let world = world();
    let (here, org) = (format!("sites/{}", world.site), format!("orgs/{}", world.org));
    let edge = |owner: &str, mac: &str, name: &str| {
        let edge = json!({"mac": mac, "name": name, "model": "ME-100"});
        world.post(&format!("{owner}/mxedges"), &edge)
    };
    let id = edge(&here, "020000230521", "one")["id"].as_str().unwrap().to_owned();
    let mut socket = by_token(&world, &world.token);
    for owner in [&here, &org] {
        let edges = format!("/{owner}/stats/mxedges");
        socket.enter(&edges);
        assert_eq!(socket.row(&edges)["mac"], "020000230521");
        let heartbeat = json!({"kind": "edge-heartbeat", "mac": "020000230521"});
        world.telemetry(&heartbeat.to_string());
        let row = socket.row_with(&edges, "status", &json!("connected"));
        assert!(row["last_seen"].is_number(), "{row}");
        let path = format!("{here}/mxedges/{id}");
        let name = json!({"name": owner});
        world.request("PUT", &path, &[], name.to_string().as_bytes());
        let row = socket.row_with(&edges, "name", &name["name"]);
        assert_eq!(row["status"], "connected");
        if owner == &here {
            socket.say(&json!({ "unsubscribe": edges }));
            while socket.next().unwrap()["event"] != "channel_unsubscribed" {}
        }
    }
    // One of no site is none of the site's.
    edge(&org, "020000230522", "two");
    let row = socket.row_with(&format!("/{org}/stats/mxedges"), "name", &json!("two"));
    assert_eq!((&row["status"], &row["last_seen"]), (&json!("disconnected"), &Value::Null));
}

#[test]
fn what_may_not_be_seen_is_refused_as_what_is_not_there() {
    let world = world();
    let map = world.post(&format!("sites/{}/maps", world.site), &json!({"name": "1st"}));
    let map = map["id"].as_str().unwrap();
    let foreign = "00000000-0000-4000-8000-000000000001";
    let next_door = world.post(&format!("orgs/{}/sites", world.org), &json!({"name": "Next"}));
    let privilege = json!({"scope": "site", "site_id": next_door["id"], "role": "admin"});
    let token = json!({"name": "next door", "privileges": [privilege]});
    let token = world.post(&format!("orgs/{}/apitokens", world.org), &token);
    let mut theirs = by_token(&world, token["key"].as_str().unwrap());
    let mut ours = by_token(&world, &world.token);
    let (site, org) = (&world.site, &world.org);
    let denied = |socket: &mut Socket, channel: String| {
        let answer = socket.subscribe(&channel);
        let expected = json!({
            "event": "subscribe_failed", "channel": channel, "detail": "permission denied",
        });
        assert_eq!(answer, expected);
    };
    for channel in [
        format!("/sites/{site}/stats/devices"),
        format!("/sites/{site}/stats/clients"),
        format!("/sites/{site}/devices"),
        format!("/sites/{site}/stats/maps/{map}/clients"),
        format!("/orgs/{org}/stats/devices"),
    ] {
        denied(&mut theirs, channel);
    }
    for channel in [
        format!("/sites/{foreign}/stats/devices"),
        format!("/orgs/{foreign}/stats/devices"),
        format!("/sites/{site}/stats/maps/{foreign}/clients"),
    ] {
        denied(&mut ours, channel);
    }
    ours.enter(&format!("/sites/{site}/stats/maps/{map}/assets"));
    assert_eq!(ours.subscribe("/nonsense")["detail"], "no such channel");
    for nonsense in [json!({}), json!({"subscribe": 1}), json!([]), json!("x")] {
        ours.say(&nonsense);
        assert_eq!(ours.next().unwrap()["event"], "error", "{nonsense}");
    }
    assert_eq!(open(&world, &[]).err(), Some(401));
    assert_eq!(open(&world, &[("Authorization", "Token fh_nonsense")]).err(), Some(401));
    assert_eq!(open(&world, &[("Authorization", "Basic YTpi")]).err(), Some(401));
}

#[test]
fn a_token_has_so_many_streams() {
    let world = world();
    let mut held: Vec<Socket> = (0..64).map(|_| by_token(&world, &world.token)).collect();
    let header = format!("Token {}", world.token);
    let more = || open(&world, &[("Authorization", &header)]);
    assert_eq!(more().err(), Some(429));
    held.clear();
    crate::process::until("a place", || more().is_ok());
}

#[test]
fn u04_a_page_of_somebody_else_opens_no_stream() {
    let world = set_up();
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let cookie = format!("sessionid={}", browser.cookie);
    let origin = format!("http://{}", world.api);
    let with = |origin: &str| open(&world, &[("Cookie", &cookie), ("Origin", origin)]);
    assert_eq!(with("https://evil.example").err(), Some(403));
    assert_eq!(with("null").err(), Some(403));
    with(&origin).unwrap().enter(&format!("/sites/{}/devices", world.site));
}

#[test]
fn t09_a_socket_ends_with_the_token_or_the_session_that_opened_it() {
    let world = set_up();
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let channel = format!("/sites/{}/stats/devices", world.site);
    let tokens = format!("orgs/{}/apitokens", world.org);
    let privileges = json!([{"scope": "org", "role": "read"}]);
    for (path, body) in [
        (tokens.as_str(), json!({"name": "t", "privileges": privileges})),
        ("self/apitokens", json!({"name": "t"})),
    ] {
        let (_, token) = browser.ask("POST", path, &body);
        let mut socket = by_token(&world, token["key"].as_str().unwrap());
        socket.enter(&channel);
        let path = format!("{path}/{}", token["id"].as_str().unwrap());
        assert_eq!(browser.ask("DELETE", &path, &json!({})).0, 200);
        assert_eq!(socket.next(), Err(1008), "{path}");
    }
    let cookie = format!("sessionid={}", browser.cookie);
    let mut socket = open(&world, &[("Cookie", &cookie)]).unwrap();
    socket.enter(&channel);
    assert_eq!(browser.ask("POST", "logout", &json!({})).0, 200);
    assert_eq!(socket.next(), Err(1008));
}

#[test]
fn t09_a_channel_ends_with_the_grant_that_opened_it() {
    let world = world();
    let next_door = world.post(&format!("orgs/{}/sites", world.org), &json!({"name": "Next"}));
    let next_door = next_door["id"].as_str().unwrap();
    let privileges = |sites: &[&str]| {
        let of = |site: &&str| json!({"scope": "site", "site_id": site, "role": "read"});
        json!({ "name": "t", "privileges": sites.iter().map(of).collect::<Vec<_>>() })
    };
    let tokens = format!("orgs/{}/apitokens", world.org);
    let token = world.post(&tokens, &privileges(&[&world.site, next_door]));
    let mut socket = by_token(&world, token["key"].as_str().unwrap());
    let (ours, theirs) =
        (format!("/sites/{}/devices", world.site), format!("/sites/{next_door}/devices"));
    socket.enter(&ours);
    assert_eq!(socket.row(&ours)["name"], "Lobby");
    socket.enter(&theirs);
    let path = format!("{tokens}/{}", token["id"].as_str().unwrap());
    let body = privileges(&[next_door]).to_string();
    assert_eq!(world.request("PUT", &path, &[], body.as_bytes()).0, 200);
    let message = socket.next().unwrap();
    assert_eq!(
        (&message["event"], &message["channel"]),
        (&json!("channel_unsubscribed"), &json!(ours))
    );
    // What it may still see goes on, and what is gone with its site does not.
    assert_eq!(socket.subscribe(&ours)["event"], "subscribe_failed");
    world.post(&format!("sites/{next_door}/devices"), &json!({"mac": "5c5b35000002"}));
    assert_eq!(socket.row(&theirs)["mac"], "5c5b35000002");
    world.request("DELETE", &format!("sites/{next_door}"), &[], b"");
    loop {
        // The site is gone, and with it the last that the token was for.
        match socket.next() {
            Ok(message) => assert_ne!(message["channel"], json!(ours)),
            Err(code) => break assert_eq!(code, 1008),
        }
        if socket.subscribe(&theirs)["event"] == "subscribe_failed" {
            break;
        }
    }
}

/// A connection that has become a WebSocket, to be written to as one likes.
fn upgraded(world: &World) -> TcpStream {
    let mut stream = stream(world);
    let head = format!(
        "GET /api-ws/v1/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Authorization: Token {}\r\n\r\n",
        world.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// A frame with a mask of zeros.
fn frame(first: u8, length: u64, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match length {
        0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
        _ => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

#[test]
fn i10_frames_that_are_none_end_their_connection_and_nothing_else() {
    const TEXT: u8 = 0x81;
    let world = world();
    let piece = [b'x'; 125];
    let pieces: Vec<u8> = std::iter::once(frame(0x01, 125, &piece))
        .chain((0..60).map(|_| frame(0x00, 125, &piece)))
        .flatten()
        .collect();
    let hostile: [(&str, Vec<u8>); 8] = [
        ("no mask", vec![TEXT, 2, b'{', b'}']),
        ("no UTF-8", frame(TEXT, 2, &[0xff, 0xfe])),
        ("longer than anything", frame(TEXT, u64::MAX >> 1, &piece)),
        ("longer than allowed", frame(TEXT, 5000, &[b' '; 5000])),
        ("longer than allowed, in pieces", pieces),
        ("a piece of nothing", frame(0x80, 2, b"{}")),
        ("an opcode that is none", frame(0x83, 2, b"{}")),
        ("a ping in pieces", frame(0x09, 2, b"{}")),
    ];
    for (what, bytes) in hostile {
        let mut stream = upgraded(&world);
        // It may be cut before all of it is taken.
        drop(stream.write_all(&bytes));
        let mut rest = Vec::new();
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_ne!(error.kind(), ErrorKind::WouldBlock, "{what}: it is still open");
        }
    }
    let mut socket = by_token(&world, &world.token);
    socket.0.send(Message::binary(vec![0; 8])).unwrap();
    assert_eq!(socket.next(), Err(1003));
    let mut socket = by_token(&world, &world.token);
    for _ in 0..1000 {
        socket.0.write(Message::Ping(Vec::new().into())).unwrap();
    }
    socket.0.flush().unwrap();
    socket.enter(&format!("/sites/{}/devices", world.site));
    assert!(!world.log().contains("panicked"), "{}", world.log());
}
