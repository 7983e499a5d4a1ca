//! Connections of senders, each held back when it is too fast or nothing can be written.
//!
//! A connection that is not read from fills, and its sender keeps what it has: that is all the
//! acknowledgement that syslog over TCP knows. Bounded are the connections, also those of one
//! address, how long one may be silent, and how long one may leave a message unfinished.

use super::framing::{Frame, Framer};
use super::listener::SyslogSink;
use super::metrics::{Connection, Outcome, SyslogMetrics};
use super::pace::network;
use super::reading::Vendor;
use crate::journal::Refused;
use foghorn_model::OrgId;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Connections of a listener at one time.
pub(super) const CONNECTIONS_MAX: usize = 1024;
/// Of which one address may have so many.
pub(super) const OF_ADDRESS_MAX: usize = 64;
/// How long a connection may be silent between messages.
const IDLE_MAX: Duration = Duration::from_secs(30 * 60);
/// How long the next bytes of a message that has begun may take.
const MIDWAY_MAX: Duration = Duration::from_secs(60);
/// How long a message waits to be written before it is dropped.
const HELD_BACK_MAX: Duration = Duration::from_secs(5 * 60);
/// Bytes read at a time.
const READ_BYTES: usize = 16 << 10;

/// How many connections there are, in all and of each address.
#[derive(Debug, Default)]
struct Shares(Mutex<HashMap<IpAddr, usize>>);

/// A connection's place, for as long as it lives.
struct Share {
    of: Arc<Shares>,
    address: IpAddr,
    metrics: Arc<SyslogMetrics>,
}

impl Shares {
    fn take(
        self: &Arc<Self>,
        address: IpAddr,
        metrics: &Arc<SyslogMetrics>,
    ) -> Result<Share, Connection> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.values().sum::<usize>() >= CONNECTIONS_MAX {
            return Err(Connection::OverTotal);
        }
        let count = counts.entry(address).or_default();
        if *count >= OF_ADDRESS_MAX {
            return Err(Connection::OverShare);
        }
        *count += 1;
        metrics.open.inc();
        Ok(Share { of: Arc::clone(self), address, metrics: Arc::clone(metrics) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
        self.metrics.open.dec();
    }
}

/// Takes connections until `stop` becomes true; those that are open end then, too.
pub(super) async fn serve(
    listener: TcpListener,
    org: Option<OrgId>,
    sink: Arc<SyslogSink>,
    mut stop: watch::Receiver<bool>,
) {
    let shares = Arc::new(Shares::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let (stream, source) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: not worth a busy loop.
                tracing::warn!(%error, "a syslog connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Whoever finds no room sees its connection closed.
        match shares.take(network(source.ip()), &sink.metrics) {
            Ok(share) => {
                sink.metrics.count_connection(Connection::Accepted);
                let sink = Arc::clone(&sink);
                let mut stopped = stop.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = connection(stream, org, source.ip(), &sink) => {}
                        _ = stopped.wait_for(|stop| *stop) => {}
                    }
                    drop(share);
                });
            }
            Err(full) => sink.metrics.count_connection(full),
        }
    }
}

async fn connection(mut stream: TcpStream, org: Option<OrgId>, source: IpAddr, sink: &SyslogSink) {
    let mut framer = Framer::new();
    let mut bytes = vec![0; READ_BYTES];
    let mut messages: Vec<Vec<u8>> = Vec::new();
    loop {
        let patience = if framer.is_midway() { MIDWAY_MAX } else { IDLE_MAX };
        let read = match tokio::time::timeout(patience, stream.read(&mut bytes)).await {
            Err(_) => {
                sink.metrics.count_connection(Connection::Idle);
                break;
            }
            Ok(Ok(0)) | Ok(Err(_)) => break,
            Ok(Ok(read)) => read,
        };
        framer.push(&bytes[..read], |frame| note(frame, source, sink, &mut messages));
        for message in messages.drain(..) {
            take(&message, org, source, sink).await;
        }
    }
    if framer.finish(|frame| note(frame, source, sink, &mut messages)) {
        let reason = "a connection ended in the middle of a message";
        sink.drop_message(Outcome::CutShort, Vendor::Other, source, reason);
    }
    for message in messages {
        take(&message, org, source, sink).await;
    }
}

fn note(frame: Frame<'_>, source: IpAddr, sink: &SyslogSink, messages: &mut Vec<Vec<u8>>) {
    match frame {
        Frame::Message(message) => messages.push(message.to_vec()),
        Frame::TooLong => {
            let reason = "a message is too long";
            sink.drop_message(Outcome::TooLong, Vendor::Other, source, reason);
        }
    }
}

/// Takes a message as soon as its sender may send one and it can be written.
async fn take(message: &[u8], org: Option<OrgId>, source: IpAddr, sink: &SyslogSink) {
    while let Err(wait) = sink.pace(source) {
        tokio::time::sleep(wait).await;
    }
    let begun = Instant::now();
    while let Err(refused) = sink.take(org, source, message) {
        // A quota is full for hours: to hold the sender back would only delay the loss.
        let is_lasting = matches!(refused, Refused::Quota { .. } | Refused::Stopping { .. });
        if is_lasting || begun.elapsed() > HELD_BACK_MAX {
            let reason = refused.to_string();
            return sink.drop_message(Outcome::Refused, Vendor::Other, source, &reason);
        }
        tokio::time::sleep(refused.retry_after()).await;
    }
}
