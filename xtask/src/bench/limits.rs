//! The limit programs: what this machine can do at most.

use anyhow::Result;
use aws_lc_rs::hmac;
use base64::Engine as _;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

/// What a program does with a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Appends it to a file; syncs are shared.
    Append,
    /// POSTs it.
    Post,
    /// Both, one after the other.
    Relay,
}

/// A program.
#[derive(Clone, Copy)]
pub struct Work {
    pub limit: Limit,
    pub signed: bool,
}

/// As long as an event is on the wire.
pub const EVENT: &str = r#"{"ap":"5c5b35fffff0","ap_name":"loadgen","device_name":"loadgen","device_type":"ap","ev_type":"NOTICE","mac":"5c5b35fffff0","org_id":"01010101-0101-0101-0101-010101010101","site_id":"02020202-0202-0202-0202-020202020202","site_name":"s1","text":"lg 12345 1234567890","timestamp":1700000000,"type":"AP_CONFIGURED"}"#;

/// Events a second.
pub fn run(work: Work, connections: usize, batch: usize, events: usize) -> Result<f64> {
    let (address, count, _receiver) = receiver()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let requests = events / batch;
    let body = Bytes::from(format!(
        r#"{{"topic":"device-events","events":[{}]}}"#,
        vec![EVENT; batch].join(",")
    ));
    let begun = Instant::now();
    runtime.block_on(async {
        let log = (work.limit != Limit::Post).then(log).transpose()?;
        let next = Arc::new(AtomicU64::new(0));
        let mut tasks = Vec::new();
        for _ in 0..connections {
            let (log, next, body) = (log.clone(), Arc::clone(&next), body.clone());
            tasks.push(tokio::spawn(async move {
                let mut sender = match work.limit {
                    Limit::Append => None,
                    Limit::Post | Limit::Relay => Some(connect(address).await?),
                };
                while next.fetch_add(1, Ordering::Relaxed) < requests as u64 {
                    if let Some(log) = &log {
                        let (ack, durable) = oneshot::channel();
                        log.send((body.clone(), ack))?;
                        durable.await?;
                    }
                    if let Some(sender) = &mut sender {
                        post(sender, address, &body, work.signed).await?;
                    }
                }
                anyhow::Ok(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        anyhow::Ok(())
    })?;
    let rate = (requests * batch) as f64 / begun.elapsed().as_secs_f64();
    let arrived = count.load(Ordering::Relaxed);
    anyhow::ensure!(
        work.limit == Limit::Append || arrived == requests as u64,
        "the ledger does not balance: {arrived} of {requests}"
    );
    Ok(rate)
}

pub type Sender = hyper::client::conn::http1::SendRequest<Full<Bytes>>;

pub async fn connect(address: SocketAddr) -> Result<Sender> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

pub async fn post(
    sender: &mut Sender,
    address: SocketAddr,
    body: &Bytes,
    signed: bool,
) -> Result<()> {
    let mut request = Request::post("/")
        .header("host", address.to_string())
        .header("content-type", "application/json");
    if signed {
        // The three signatures that Foghorn sends.
        let id = "00000000-0000-4000-8000-000000000000.1700000000.";
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, b"s3cret"));
        context.update(id.as_bytes());
        context.update(body);
        let tag = base64::engine::general_purpose::STANDARD.encode(context.sign());
        request = request.header("webhook-signature", format!("v1,{tag}"));
        for (name, algorithm) in [
            ("x-mist-signature-v2", hmac::HMAC_SHA256),
            ("x-mist-signature", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        ] {
            let tag = hmac::sign(&hmac::Key::new(algorithm, b"s3cret"), body);
            let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            request = request.header(name, hex);
        }
    }
    sender.ready().await?;
    let answer = sender.send_request(request.body(Full::new(body.clone()))?).await?;
    anyhow::ensure!(answer.status().is_success(), "{}", answer.status());
    answer.into_body().collect().await?;
    Ok(())
}

pub type Append = (Bytes, oneshot::Sender<()>);

/// A thread that writes whatever waits and syncs once: group commit without a timer.
pub fn log() -> Result<mpsc::UnboundedSender<Append>> {
    let (sender, mut waiting) = mpsc::unbounded_channel::<Append>();
    let path = std::env::temp_dir().join(format!("xtask-bench-{}", std::process::id()));
    let file = File::create(&path)?;
    std::fs::remove_file(&path)?;
    file.set_len(256 << 20)?;
    std::thread::spawn(move || {
        let mut end = 0;
        let mut frame = Vec::new();
        while let Some((body, ack)) = waiting.blocking_recv() {
            let mut acks = vec![ack];
            frame.clear();
            frame.extend_from_slice(&body);
            while let Ok((body, ack)) = waiting.try_recv() {
                frame.extend_from_slice(&body);
                acks.push(ack);
            }
            let durable = file.write_all_at(&frame, end).and_then(|()| file.sync_data());
            if durable.is_err() {
                return;
            }
            end = (end + frame.len() as u64) % (240 << 20);
            for ack in acks {
                if ack.send(()).is_err() {
                    return;
                }
            }
        }
    });
    Ok(sender)
}

/// A receiver on a thread of its own, ended when the runtime is dropped.
pub fn receiver() -> Result<(SocketAddr, Arc<AtomicU64>, tokio::runtime::Runtime)> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let count = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&count);
    let take = move |request: Request<Incoming>| {
        let counter = Arc::clone(&counter);
        async move {
            request.into_body().collect().await?;
            counter.fetch_add(1, Ordering::Relaxed);
            anyhow::Ok(())
        }
    };
    let address = serve(&runtime, take)?;
    Ok((address, count, runtime))
}

/// Serves HTTP in this runtime, with an empty answer once `take` is done with a request.
pub fn serve<T, F>(runtime: &tokio::runtime::Runtime, take: T) -> Result<SocketAddr>
where
    T: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let take = take.clone();
            tokio::spawn(async move {
                stream.set_nodelay(true)?;
                let service = hyper::service::service_fn(|request: Request<Incoming>| {
                    let taken = take(request);
                    async move { taken.await.map(|()| Response::new(Empty::<Bytes>::new())) }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                connection
                    .serve_connection(TokioIo::new(stream), service)
                    .await
                    .map_err(anyhow::Error::from)
            });
        }
    });
    Ok(address)
}
