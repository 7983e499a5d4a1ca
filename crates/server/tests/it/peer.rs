//! Somebody that webhooks speak to, who keeps every request and answers by a script.

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request: its head, and its body.
pub type Request = (String, Vec<u8>);
/// What is answered to the request of this number, from 0 on: a status and a body.
pub type Script = fn(usize, &Request) -> (u16, String);

/// Somebody that webhooks speak to.
pub struct Peer {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Peer {
    pub fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(&stream.unwrap(), script, &log));
            }
        });
        Self { address, seen }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The events that it got, as they stood in its requests: by topic, a repeated request once.
    pub fn events(&self) -> Vec<(String, String)> {
        let id = |head: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(':'));
            let id = headers.find(|(name, _)| name.eq_ignore_ascii_case("webhook-id"));
            id.unwrap().1.trim().to_owned()
        };
        let mut ids = BTreeSet::new();
        let seen = self.seen();
        let new = seen.iter().filter(|(head, _)| ids.insert(id(head)));
        new.flat_map(|(_, body)| events_of(body)).collect()
    }

    /// The bodies that came with this in their head.
    pub fn bodies(&self, header: &str) -> Vec<Value> {
        let seen = self.seen();
        let with = seen.iter().filter(|(head, _)| head.contains(header));
        with.map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
    }
}

#[derive(serde::Deserialize)]
struct Body<'a> {
    topic: &'a str,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// Topic and text of each event of a message.
pub fn events_of(body: &[u8]) -> Vec<(String, String)> {
    let Body { topic, events } = serde_json::from_slice(body).unwrap();
    events.into_iter().map(|event| (topic.to_owned(), event.get().to_owned())).collect()
}

/// Serves one connection until the other side closes it.
fn serve(stream: &TcpStream, script: Script, log: &Mutex<Vec<Request>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim_end().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let request = (head, body);
        let number = {
            let mut log = log.lock().unwrap();
            log.push(request.clone());
            log.len() - 1
        };
        let (status, body) = script(number, &request);
        let length = body.len();
        write!(&mut &*stream, "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}")
            .ok()?;
    }
}
