//! A receiver that counts: which events came, how often, and how late.

use anyhow::Result;
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::net::TcpListener;

/// What stands before the number and the moment in an event.
pub const MARK: &str = "lg ";

/// Counts events.
#[derive(Debug)]
pub struct Counter {
    clock: Instant,
    state: Mutex<Arrived>,
}

/// What has arrived.
#[derive(Debug, Default, Clone)]
pub struct Arrived {
    seen: Vec<bool>,
    pub events: u64,
    pub distinct: u64,
    pub requests: u64,
    /// Microseconds from when an event was due to its first arrival.
    pub latencies: Vec<u64>,
    /// When the last new one arrived.
    pub last: u64,
    started: u64,
}

impl Counter {
    pub fn new(events: u64) -> Self {
        let seen = vec![false; usize::try_from(events).unwrap_or(0)];
        Self { clock: Instant::now(), state: Mutex::new(Arrived { seen, ..Arrived::default() }) }
    }

    /// Microseconds on the clock that all latencies are measured by.
    pub fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Sending begins.
    pub fn start(&self) {
        let now = self.now();
        self.lock().started = now;
    }

    pub fn started(&self) -> u64 {
        self.lock().started
    }

    pub fn distinct(&self) -> u64 {
        self.lock().distinct
    }

    pub fn report(&self) -> Arrived {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Arrived> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the events of a body: `lg <number> <due>` in each.
    fn count(&self, body: &[u8]) {
        let now = self.now();
        let mut state = self.lock();
        state.requests += 1;
        for at in memchr::memmem::find_iter(body, MARK) {
            let Some((number, rest)) = number(&body[at + MARK.len()..]) else { continue };
            let Some((due, _)) = number_after_space(rest) else { continue };
            state.events += 1;
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            if state.seen.get(at) == Some(&false) {
                state.seen[at] = true;
                state.distinct += 1;
                state.last = now;
                state.latencies.push(now.saturating_sub(due));
            }
        }
    }
}

/// The digits that begin here, and what is behind them.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    Some((number, &text[digits..]))
}

fn number_after_space(text: &[u8]) -> Option<(u64, &[u8])> {
    number(text.strip_prefix(b" ")?)
}

/// Serves in the background.
pub async fn serve(address: SocketAddr, counter: Arc<Counter>) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "nodelay");
            }
            let counter = Arc::clone(&counter);
            tokio::spawn(async move {
                let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
                    let counter = Arc::clone(&counter);
                    async move {
                        let body = request.into_body().collect().await?.to_bytes();
                        counter.count(&body);
                        Ok::<_, hyper::Error>(Response::new(Empty::<Bytes>::new()))
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "connection");
                }
            });
        }
    });
    Ok(())
}
