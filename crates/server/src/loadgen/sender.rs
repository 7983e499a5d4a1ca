//! The senders: a connection each, requests at their due moments.

use super::LoadgenArgs;
use super::counter::{Counter, MARK};
use anyhow::{Result, bail};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;

const MAC: &str = "5c5b35fffff0";
/// How long a refused request waits before it is sent again.
const AGAIN: Duration = Duration::from_millis(50);

/// What became of what was sent.
#[derive(Debug, Default)]
pub struct Sent {
    pub acknowledged: u64,
    pub rejected: u64,
    pub refused: u64,
    /// Microseconds from when a request was due to its acknowledgement.
    pub latencies: Vec<u64>,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    args: LoadgenArgs,
}

impl Connection {
    async fn open(args: &LoadgenArgs) -> Result<Self> {
        let stream = TcpStream::connect(args.api).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, args: args.clone() })
    }

    async fn post(&mut self, path: &str, body: Bytes) -> Result<(StatusCode, Value)> {
        let request = Request::post(format!("/api/v1/{path}"))
            .header("host", self.args.api.to_string())
            .header("authorization", format!("Token {}", self.args.token))
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

/// Each site gets the device that the events are of, unless it has it.
pub async fn make_devices(args: &LoadgenArgs) -> Result<()> {
    let mut connection = Connection::open(args).await?;
    for (at, site) in args.site.iter().enumerate() {
        let device = json!({ "mac": mac(at), "name": "loadgen", "type": "ap" });
        let path = format!("sites/{site}/devices");
        let (status, answer) = connection.post(&path, device.to_string().into()).await?;
        let is_there = answer["detail"].as_str().is_some_and(|it| it.contains("already exists"));
        if status != StatusCode::OK && !is_there {
            bail!("{path}: {status}: {answer}");
        }
    }
    Ok(())
}

/// A device is one of an org, so each site has its own.
fn mac(site: usize) -> String {
    let base = u64::from_str_radix(MAC, 16).unwrap_or(0);
    format!("{:012x}", base - site as u64)
}

/// Sends all events, and waits for all acknowledgements.
pub async fn send(args: &LoadgenArgs, counter: &Arc<Counter>) -> Result<Sent> {
    let next = Arc::new(AtomicU64::new(0));
    counter.start();
    let started = counter.started();
    let mut senders = Vec::new();
    for _ in 0..args.connections {
        let connection = Connection::open(args).await?;
        senders.push(tokio::spawn(run(
            connection,
            Arc::clone(&next),
            Arc::clone(counter),
            started,
        )));
    }
    let mut total = Sent::default();
    for sender in senders {
        let sent = sender.await??;
        total.acknowledged += sent.acknowledged;
        total.rejected += sent.rejected;
        total.refused += sent.refused;
        total.latencies.extend(sent.latencies);
    }
    Ok(total)
}

async fn run(
    mut connection: Connection,
    next: Arc<AtomicU64>,
    counter: Arc<Counter>,
    started: u64,
) -> Result<Sent> {
    let args = connection.args.clone();
    let mut sent = Sent::default();
    loop {
        let first = next.fetch_add(args.batch, Ordering::Relaxed);
        if first >= args.events {
            return Ok(sent);
        }
        let last = (first + args.batch).min(args.events);
        let due = match args.rate {
            0 => counter.now(),
            rate => started + first * 1_000_000 / rate,
        };
        wait_until(due, &counter).await?;
        let at = usize::try_from(first / args.batch).unwrap_or(0) % args.site.len();
        let path = format!("sites/{}/telemetry", args.site[at]);
        let mac = mac(at);
        let before = format!(
            "{{\"kind\":\"device-event\",\"mac\":\"{mac}\",\"type\":\"AP_CONFIGURED\",\
             \"text\":\"{MARK}"
        );
        let after = format!(" {due}\"}}\n");
        let mut body =
            String::with_capacity((last - first) as usize * (before.len() + after.len() + 20));
        for number in first..last {
            body.push_str(&before);
            write!(body, "{number}")?;
            body.push_str(&after);
        }
        let body = Bytes::from(body);
        loop {
            let (status, answer) = connection.post(&path, body.clone()).await?;
            match status {
                StatusCode::OK => {
                    sent.acknowledged += answer["accepted"].as_u64().unwrap_or(0);
                    sent.rejected += answer["rejected_count"].as_u64().unwrap_or(0);
                    sent.latencies.push(counter.now().saturating_sub(due));
                    break;
                }
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                    sent.refused += 1;
                    tokio::time::sleep(AGAIN).await;
                }
                other => bail!("{path}: {other}: {answer}"),
            }
        }
    }
}

/// The runtime's timers tick once a millisecond, which is as long as what is to be measured: the
/// last of a wait is slept by a thread.
async fn wait_until(due: u64, counter: &Counter) -> Result<()> {
    const LAST: u64 = 2000;
    let wait = due.saturating_sub(counter.now());
    if wait > LAST {
        tokio::time::sleep(Duration::from_micros(wait - LAST)).await;
    }
    let wait = due.saturating_sub(counter.now());
    if wait > 0 {
        let sleep = move || std::thread::sleep(Duration::from_micros(wait));
        tokio::task::spawn_blocking(sleep).await?;
    }
    Ok(())
}
