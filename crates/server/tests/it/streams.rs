//! Events as server-sent events: live, and after either side was away.

use crate::process::{World, request, until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

const AP: &str = "5c5b35000001";
/// No wait is longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of a stream.
struct Stream(BufReader<TcpStream>);

#[derive(Debug, PartialEq)]
struct Event {
    id: String,
    topic: String,
    data: Value,
}

impl Stream {
    /// HTTP/1.0, so that the answer is the stream and nothing around it.
    fn open(world: &World, token: &str, path: &str, last_id: Option<&str>) -> Self {
        let stream = TcpStream::connect(world.api).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let last_id = last_id.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        let head = format!(
            "GET /api/v1/{path} HTTP/1.0\r\nHost: x\r\nAuthorization: Token {token}\r\n{last_id}\r\n"
        );
        (&stream).write_all(head.as_bytes()).unwrap();
        let mut stream = Self(BufReader::new(stream));
        let status = stream.line().unwrap();
        assert!(status.contains(" 200 "), "{path}: {status}");
        while !stream.line().unwrap().is_empty() {}
        stream
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).unwrap();
        (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The next event; none when the stream ends.
    fn next(&mut self) -> Option<Event> {
        let mut event = Event { id: String::new(), topic: String::new(), data: Value::Null };
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("id", id)) => event.id = id.into(),
                Some(("event", topic)) => event.topic = topic.into(),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                _ if line.is_empty() && !event.topic.is_empty() => return Some(event),
                _ => {}
            }
        }
    }

    /// The texts of the next events.
    fn texts(&mut self, count: usize) -> (Vec<String>, String) {
        let events: Vec<Event> = (0..count).map(|_| self.next().unwrap()).collect();
        let text = |event: &Event| event.data["text"].as_str().unwrap_or("-").to_owned();
        (events.iter().map(text).collect(), events.last().unwrap().id.clone())
    }
}

fn world() -> World {
    let mut world = World::new();
    world.serve(&[]);
    world.device(AP, "AP");
    until("readiness", || {
        world.request("GET", &format!("sites/{}/stats", world.site), &[], b"").0 == 200
    });
    world
}

fn event(site: &str, world: &World, text: &str) {
    let line = json!({"kind": "device-event", "mac": AP, "type": "AP_CONFIGURED", "text": text});
    let path = format!("sites/{site}/telemetry");
    let (_, answer) = world.request("POST", &path, &[], line.to_string().as_bytes());
    assert_eq!(answer["accepted"], 1, "{answer}");
}

#[test]
fn events_come_as_they_are_derived_and_of_the_topics_that_are_asked_for() {
    let world = world();
    let site = format!("sites/{}/events/stream", world.site);
    let mut events =
        Stream::open(&world, &world.token, &format!("{site}?topics=device-events"), None);
    let mut updowns =
        Stream::open(&world, &world.token, &format!("{site}?topics=device-updowns,audits"), None);
    event(&world.site, &world, "one");
    world.telemetry(&json!({"kind": "device-connected", "mac": AP}).to_string());
    let first = events.next().unwrap();
    assert_eq!((first.topic.as_str(), &first.data["text"]), ("device-events", &json!("one")));
    // Of one partition, the id is the event's key.
    assert!(first.id.split('-').count() == 4 && !first.id.contains(','), "{}", first.id);
    assert_eq!(events.next().unwrap().data["type"], "AP_CONNECTED");
    // The audit of making the device may be derived after the stream began.
    let updown = std::iter::from_fn(|| updowns.next()).find(|it| it.topic != "audits").unwrap();
    assert_eq!(
        (updown.topic.as_str(), &updown.data["type"]),
        ("device-updowns", &json!("AP_CONNECTED"))
    );
    // What is of the site in its org's partition comes too.
    world.post(&format!("sites/{}/maps", world.site), &json!({"name": "1st"}));
    let audit = updowns.next().unwrap();
    assert_eq!((audit.topic.as_str(), &audit.data["site_id"]), ("audits", &json!(world.site)));

    for (query, header) in [
        ("topics=nonsense", None),
        ("topics=ping", None),
        ("", Some("Last-Event-ID: nonsense")),
        ("", Some("Last-Event-ID: 64-1")),
    ] {
        let headers: Vec<&str> = header.into_iter().collect();
        let path = format!("{site}?{query}");
        let asked = request(world.api, &world.token, "GET", &path, &headers, b"").unwrap();
        assert_eq!(asked.0, 400, "{query} {header:?}: {}", asked.1);
    }
}

#[test]
fn a_stream_goes_on_where_it_was_and_misses_nothing() {
    let mut world = world();
    let branch = world.post(&format!("orgs/{}/sites", world.org), &json!({"name": "Branch"}));
    let branch = branch["id"].as_str().unwrap().to_owned();
    let path = format!("orgs/{}/events/stream?topics=device-events", world.org);
    let mut stream = Stream::open(&world, &world.token, &path, None);
    for number in 0..5 {
        event(&world.site, &world, &format!("live {number}"));
    }
    let (texts, last_id) = stream.texts(5);
    assert_eq!(texts, ["live 0", "live 1", "live 2", "live 3", "live 4"]);

    // The client is away, the server dies, and another site has events for the first time.
    drop(stream);
    for number in 0..3 {
        event(&world.site, &world, &format!("away {number}"));
    }
    world.server.as_mut().unwrap().kill();
    world.serve(&[]);
    let id = "00000000-0000-0000-1000-5c5b35000001";
    let body = json!({"site_id": branch}).to_string();
    let assign = format!("orgs/{}/inventory/{id}", world.org);
    assert_eq!(world.request("PUT", &assign, &[], body.as_bytes()).0, 200);
    event(&branch, &world, "elsewhere");
    let mut stream = Stream::open(&world, &world.token, &path, Some(&last_id));
    let (mut texts, last_id) = stream.texts(4);
    texts.sort();
    assert_eq!(texts, ["away 0", "away 1", "away 2", "elsewhere"]);

    // And a site that is made meanwhile.
    let third = world.post(&format!("orgs/{}/sites", world.org), &json!({"name": "Third"}));
    let third = third["id"].as_str().unwrap().to_owned();
    let body = json!({"site_id": third}).to_string();
    assert_eq!(world.request("PUT", &assign, &[], body.as_bytes()).0, 200);
    event(&third, &world, "third");
    assert_eq!(stream.texts(1).0, ["third"]);
    // An id that is older gives again what came after it, each once.
    let mut again = Stream::open(&world, &world.token, &path, Some(&last_id));
    assert_eq!(again.texts(1).0, ["third"]);
}

#[test]
fn t09_a_stream_of_events_ends_with_its_token_and_with_its_grant() {
    let world = world();
    let tokens = format!("orgs/{}/apitokens", world.org);
    let new = |privilege: Value| {
        let token = world.post(&tokens, &json!({"name": "t", "privileges": [privilege]}));
        let id = token["id"].as_str().unwrap().to_owned();
        (token["key"].as_str().unwrap().to_owned(), format!("{tokens}/{id}"))
    };
    let path = format!("sites/{}/events/stream?topics=device-events", world.site);
    let (key, token) = new(json!({"scope": "org", "role": "read"}));
    let mut stream = Stream::open(&world, &key, &path, None);
    event(&world.site, &world, "seen");
    assert_eq!(stream.texts(1).0, ["seen"]);
    assert_eq!(world.request("DELETE", &token, &[], b"").0, 200);
    event(&world.site, &world, "not seen");
    assert_eq!(stream.next(), None);

    let (key, token) = new(json!({"scope": "site", "site_id": world.site, "role": "read"}));
    let mut stream = Stream::open(&world, &key, &path, None);
    let only_ingest = json!({"privileges": [
        {"scope": "site", "site_id": world.site, "role": "ingest"},
    ]});
    assert_eq!(world.request("PUT", &token, &[], only_ingest.to_string().as_bytes()).0, 200);
    event(&world.site, &world, "not seen");
    assert_eq!(stream.next(), None);
    assert_eq!(request(world.api, &key, "GET", &path, &[], b"").unwrap().0, 403);
}

#[test]
fn a_stream_that_is_left_gives_its_place_to_another() {
    let world = world();
    let path = format!("orgs/{}/events/stream", world.org);
    let open = || Stream::open(&world, &world.token, &path, None);
    let held: Vec<Stream> = (0..64).map(|_| open()).collect();
    let more = || request(world.api, &world.token, "GET", &path, &[], b"").unwrap().0;
    assert_eq!(more(), 429);
    drop(held);
    until("the places", || {
        let asked = TcpStream::connect(world.api).unwrap();
        let head = format!(
            "GET /api/v1/{path} HTTP/1.0\r\nHost: x\r\nAuthorization: Token {}\r\n\r\n",
            world.token
        );
        (&asked).write_all(head.as_bytes()).unwrap();
        asked.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut status = String::new();
        BufReader::new(asked).read_line(&mut status).unwrap();
        status.contains(" 200 ")
    });
}

#[test]
fn a_stop_ends_streams_at_once() {
    let mut world = world();
    let path = format!("orgs/{}/events/stream", world.org);
    let mut stream = Stream::open(&world, &world.token, &path, None);
    assert!(world.server.as_mut().unwrap().terminate());
    while stream.next().is_some() {}
    assert!(!world.log().contains("did not end in time"), "{}", world.log());
}
