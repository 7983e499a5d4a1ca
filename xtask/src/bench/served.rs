//! The limit of the whole path: a relay that takes events in over HTTP, appends them with group
//! commit, answers once they are durable, and POSTs them signed. No routing, no parsing, no
//! retries, no state. It is loaded exactly as Foghorn is.

use super::limits::{EVENT, connect, log, post, receiver, serve};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};

/// Events in a request of the loader.
const LOADED: usize = 100;
/// Connections of the loader.
const LOADERS: usize = 16;
/// Bodies that wait for a connection: beyond them the loader waits.
const WAITING: usize = 1024;

/// Events a second from the first that is loaded to the last that arrives.
pub fn run(connections: usize, batch: usize, events: usize) -> Result<f64> {
    let (sink, count, _receiver) = receiver()?;
    let (relay, _relay) = relay(sink, connections, batch)?;
    let requests = events / LOADED;
    let body = Bytes::from(format!("{EVENT}\n").repeat(LOADED));
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    runtime()?.block_on(async {
        let mut loaders = Vec::new();
        for _ in 0..LOADERS {
            let (next, body) = (Arc::clone(&next), body.clone());
            loaders.push(tokio::spawn(async move {
                let mut sender = connect(relay).await?;
                while next.fetch_add(1, Ordering::Relaxed) < requests as u64 {
                    post(&mut sender, relay, &body, false).await?;
                }
                anyhow::Ok(())
            }));
        }
        for loader in loaders {
            loader.await??;
        }
        let expected = (requests * LOADED / batch) as u64;
        while count.load(Ordering::Relaxed) < expected {
            ensure!(begun.elapsed() < Duration::from_secs(120), "the ledger does not balance");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    })?;
    Ok((requests * LOADED) as f64 / begun.elapsed().as_secs_f64())
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

/// The relay on a thread of its own, ended when the runtime is dropped.
fn relay(sink: SocketAddr, connections: usize, batch: usize) -> Result<(SocketAddr, Runtime)> {
    let runtime = runtime()?;
    let log = log()?;
    let (queue, bodies) = mpsc::channel::<Bytes>(WAITING);
    let bodies = Arc::new(tokio::sync::Mutex::new(bodies));
    for _ in 0..connections {
        let bodies = Arc::clone(&bodies);
        runtime.spawn(async move {
            let mut sender = connect(sink).await?;
            loop {
                let body = bodies.lock().await.recv().await.context("the relay ends")?;
                post(&mut sender, sink, &body, true).await?;
            }
            #[expect(unreachable_code, reason = "names the type of the errors")]
            anyhow::Ok(())
        });
    }
    let take = move |request: Request<Incoming>| {
        let (log, queue) = (log.clone(), queue.clone());
        async move {
            let lines = request.into_body().collect().await?.to_bytes();
            let (ack, durable) = oneshot::channel();
            log.send((lines.clone(), ack))?;
            durable.await?;
            // Answered at once: whatever is durable is delivered in its own time.
            tokio::spawn(async move {
                let lines: Vec<&[u8]> =
                    lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
                for lines in lines.chunks(batch) {
                    let body = wrapped(lines);
                    if queue.send(body).await.is_err() {
                        return;
                    }
                }
            });
            anyhow::Ok(())
        }
    };
    let address = serve(&runtime, take)?;
    Ok((address, runtime))
}

fn wrapped(lines: &[&[u8]]) -> Bytes {
    let mut body = br#"{"topic":"device-events","events":["#.to_vec();
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        body.extend_from_slice(line);
    }
    body.extend_from_slice(b"]}");
    Bytes::from(body)
}
