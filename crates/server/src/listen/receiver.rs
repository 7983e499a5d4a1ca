//! The HTTP side of the receiver, with its vices.

use super::chain::{Chains, Link};
use super::post::{Post, Signature};
use anyhow::{Context, Result};
use bytes::Bytes;
use foghorn_dispatch::sign::Verifier;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;

const BODY_BYTES_MAX: usize = 64 << 20;

/// How the receiver behaves.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    pub secrets: Vec<String>,
    pub fail_rate: f64,
    pub fail_status: u16,
    pub delay: Duration,
    pub ledger: Option<PathBuf>,
}

/// A receiver that runs.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
}

struct State {
    behaviour: Behaviour,
    verifiers: Vec<Verifier>,
    chains: Mutex<Chains>,
    ledger: Option<Mutex<File>>,
    dice: Mutex<u64>,
    posts: UnboundedSender<Post>,
}

impl Receiver {
    /// Binds and serves in the background; every POST goes to `posts`.
    pub async fn start(
        address: SocketAddr,
        behaviour: Behaviour,
        posts: UnboundedSender<Post>,
    ) -> Result<Self> {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
        let address = listener.local_addr()?;
        let open = |path: &PathBuf| {
            let file = File::options().create(true).append(true).open(path);
            file.with_context(|| path.display().to_string()).map(Mutex::new)
        };
        let state = Arc::new(State {
            verifiers: behaviour.secrets.iter().map(|secret| Verifier::new(secret)).collect(),
            ledger: behaviour.ledger.as_ref().map(open).transpose()?,
            chains: Mutex::default(),
            dice: Mutex::new(0x9e37_79b9_7f4a_7c15),
            behaviour,
            posts,
        });
        tokio::spawn(accept(listener, state));
        Ok(Self { address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "nodelay");
        }
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|request| {
                let state = Arc::clone(&state);
                async move { Ok::<_, std::convert::Infallible>(state.take(request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection");
            }
        });
    }
}

impl State {
    async fn take(&self, request: hyper::Request<Incoming>) -> Response<Empty<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
            return answer(413);
        };
        let body = body.to_bytes();
        if !self.behaviour.delay.is_zero() {
            tokio::time::sleep(self.behaviour.delay).await;
        }
        let status = if self.fails() { self.behaviour.fail_status } else { 200 };
        let post = self.read(&head.headers, &body, status);
        if self.posts.send(post).is_err() {
            tracing::debug!("nobody looks any more");
        }
        answer(status)
    }

    fn read(&self, headers: &HeaderMap, body: &[u8], answered: u16) -> Post {
        let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        let signatures = self.signatures(headers, body);
        let parsed: Result<Value, _> = serde_json::from_slice(body);
        let fault = match &parsed {
            Err(error) => Some(error.to_string()),
            Ok(value) => fault(value, body),
        };
        let parsed = parsed.unwrap_or_default();
        let topic = parsed["topic"].as_str().unwrap_or_default().to_owned();
        let events = parsed["events"].as_array().cloned().unwrap_or_default();
        let link = link(headers, &hash);
        if let Some(ledger) = &self.ledger {
            self.note(ledger, headers, &topic, &events, &hash, signatures, answered);
        }
        // What is answered with an error comes again: it has not been seen yet.
        let verdict = link
            .filter(|_| answered < 300)
            .map(|link| self.chains.lock().unwrap_or_else(PoisonError::into_inner).take(&link));
        Post { topic, events, signatures, verdict, fault, answered }
    }

    fn signatures(&self, headers: &HeaderMap, body: &[u8]) -> [Signature; 3] {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let judge = |given: Option<&str>, check: &dyn Fn(&Verifier, &str) -> bool| match given {
            None => Signature::Absent,
            Some(_) if self.verifiers.is_empty() => Signature::Absent,
            Some(given) if self.verifiers.iter().any(|it| check(it, given)) => Signature::Valid,
            Some(_) => Signature::Invalid,
        };
        let (id, at) = (text("webhook-id"), text("webhook-timestamp"));
        let (id, at) = (id.unwrap_or_default(), at.unwrap_or_default());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        [
            judge(text("x-mist-signature-v2"), &|it, given| it.mist_v2(body, given).is_ok()),
            judge(text("x-mist-signature"), &|it, given| it.mist_v1(body, given).is_ok()),
            judge(text("webhook-signature"), &|it, given| {
                it.standard(id, at, body, given, now).is_ok()
            }),
        ]
    }

    #[expect(clippy::too_many_arguments, reason = "they are the columns of a row")]
    fn note(
        &self,
        ledger: &Mutex<File>,
        headers: &HeaderMap,
        topic: &str,
        events: &[Value],
        hash: &str,
        signatures: [Signature; 3],
        answered: u16,
    ) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let row = json!({
            "id": text("webhook-id"),
            "lane": text("x-foghorn-lane"),
            "first": text("x-foghorn-first"),
            "last": text("x-foghorn-last"),
            "previous": text("x-foghorn-previous"),
            "topic": topic,
            "events": events,
            "sha256": hash,
            "signatures": signatures.map(Signature::name),
            "answered": answered,
        });
        let mut file = ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(format!("{row}\n").as_bytes()) {
            tracing::error!(%error, "the ledger cannot be written");
        }
    }

    fn fails(&self) -> bool {
        if self.behaviour.fail_rate <= 0.0 {
            return false;
        }
        let mut state = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((*state >> 33) as f64) / f64::from(1_u32 << 31) < self.behaviour.fail_rate
    }
}

/// The shape that the wire has: `topic` first, and the keys of events in order.
fn fault(value: &Value, body: &[u8]) -> Option<String> {
    if !body.starts_with(b"{\"topic\":\"") {
        return Some("the body does not begin with its topic".into());
    }
    let Some(events) = value["events"].as_array() else {
        return Some("events is no list".into());
    };
    (events.is_empty() || !events.iter().all(Value::is_object))
        .then(|| "events is no list of objects".into())
}

fn link(headers: &HeaderMap, hash: &str) -> Option<Link> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Some(Link {
        lane: text("x-foghorn-lane")?.into(),
        first: text("x-foghorn-first")?.parse().ok()?,
        last: text("x-foghorn-last")?.parse().ok()?,
        previous: text("x-foghorn-previous").and_then(|key| key.parse().ok()),
        id: text("webhook-id")?.into(),
        hash: hash.into(),
    })
}

fn answer(status: u16) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response
}
