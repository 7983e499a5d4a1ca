//! One request after another over connections that are kept.

use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Requests of one measurement, if they do not take too long.
const REQUESTS: usize = 1000;
/// So many at least, since a hundredth of them is told of.
const REQUESTS_MIN: usize = 200;
const LONG: Duration = Duration::from_secs(5);
/// Requests before it begins.
const WARMING: usize = 20;

/// A connection.
struct Connection {
    stream: BufReader<TcpStream>,
    head: String,
    body: Vec<u8>,
}

impl Connection {
    fn open(api: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(api)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), head: String::new(), body: Vec::new() })
    }

    fn send(&mut self, request: &str) -> Result<()> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.head.clear();
        while !self.head.ends_with("\r\n\r\n") {
            ensure!(self.stream.read_line(&mut self.head)? > 0, "no answer: {}", self.head);
        }
        let mut lines = self.head.lines();
        let length = lines.find_map(|line| line.strip_prefix("content-length: "));
        self.body.resize(length.context("content-length")?.parse()?, 0);
        self.stream.read_exact(&mut self.body)?;
        let text = String::from_utf8_lossy(&self.body);
        ensure!(self.head.starts_with("HTTP/1.1 200"), "{}{text}", self.head);
        Ok(())
    }
}

/// Asks the API of one server as whoever has a token.
pub struct Client {
    pub api: SocketAddr,
    pub token: String,
}

/// How long answers took, in the order of that.
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// What this share of them took at most, in milliseconds.
    pub fn ms(&self, share: f64) -> f64 {
        let at = (share * self.0.len() as f64) as usize;
        self.0.get(at).or(self.0.last()).map_or(f64::NAN, |it| it.as_secs_f64() * 1e3)
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl Client {
    /// The body of an answer.
    pub fn get(&self, path: &str) -> Result<serde_json::Value> {
        let mut connection = Connection::open(self.api)?;
        connection.send(&self.request(path))?;
        Ok(serde_json::from_slice(&connection.body)?)
    }

    /// Asks for the same over so many connections at once, each for one after the other.
    pub fn latencies(&self, path: &str, connections: usize) -> Result<Latencies> {
        let request = self.request(path);
        let asked = AtomicUsize::new(0);
        let until = Instant::now() + LONG;
        let ask = || -> Result<Vec<Duration>> {
            let mut connection = Connection::open(self.api)?;
            for _ in 0..WARMING / connections {
                connection.send(&request)?;
            }
            let mut took = Vec::new();
            loop {
                let number = asked.fetch_add(1, Ordering::Relaxed);
                if number >= REQUESTS || (number >= REQUESTS_MIN && Instant::now() > until) {
                    return Ok(took);
                }
                let begun = Instant::now();
                connection.send(&request)?;
                took.push(begun.elapsed());
            }
        };
        let mut all = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..connections).map(|_| scope.spawn(ask)).collect();
            let took = threads.into_iter().map(|it| it.join().expect("it does not panic"));
            took.collect::<Result<Vec<_>>>()
        })?
        .concat();
        all.sort_unstable();
        Ok(Latencies(all))
    }

    fn request(&self, path: &str) -> String {
        let Self { api, token } = self;
        format!("GET {path} HTTP/1.1\r\nHost: {api}\r\nAuthorization: Token {token}\r\n\r\n")
    }
}
