//! The UDP listener.

use super::decode::decode;
use super::directory::{Candidate, Directory};
use super::packet::{PACKET_BYTES_MAX, Packet, respond};
use crate::journal::{Durable, Journal, Lines, Submission};
use arc_swap::ArcSwap;
use foghorn_model::Timestamp;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::{Semaphore, watch};

/// Requests that wait to become durable.
const WAITING_MAX: usize = 4096;
/// How long an answer is kept for a request that comes again.
const ANSWERED_KEPT: Duration = Duration::from_secs(30);
/// How many answers are kept.
const ANSWERED_MAX: usize = 10_000;
/// A sender that does not verify is logged no more often than this.
const WARN_EVERY: Duration = Duration::from_secs(60);
/// How many senders are remembered for that.
const WARNED_MAX: usize = 1000;

/// What became of a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelValue)]
pub enum Outcome {
    /// Durable and answered.
    Answered,
    /// Came again while it was being written, or after it was answered.
    Repeated,
    /// Not a packet.
    Malformed,
    /// Verifies under no secret of its sender.
    Unverified,
    /// Of a status or form that says nothing to us; answered all the same.
    Ignored,
    /// Of a NAS that belongs to no site.
    Unclaimed,
    /// Not taken for now: the NAS repeats it.
    Refused,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Label {
    outcome: Outcome,
}

/// What the listener counts.
#[derive(Debug, Default)]
pub struct RadiusMetrics {
    requests: Family<Label, Counter>,
}

impl RadiusMetrics {
    /// Counters, named in the registry.
    pub fn register(registry: &mut Registry) -> Arc<Self> {
        let metrics = Self::default();
        registry.register(
            "foghorn_radius_requests",
            "RADIUS accounting datagrams by what became of them",
            metrics.requests.clone(),
        );
        Arc::new(metrics)
    }

    /// How many datagrams had this outcome.
    pub fn get(&self, outcome: Outcome) -> u64 {
        self.requests.get_or_create(&Label { outcome }).get()
    }

    fn count(&self, outcome: Outcome) {
        self.requests.get_or_create(&Label { outcome }).inc();
    }
}

/// A request is the same one when sender, identifier and authenticator are.
type Key = (SocketAddr, u8, [u8; 16]);

#[derive(Debug, Default)]
struct Memory {
    waiting: HashSet<Key>,
    answers: HashMap<Key, Arc<[u8]>>,
    answered: VecDeque<(Instant, Key)>,
    warned: HashMap<IpAddr, Instant>,
}

/// A socket that takes accounting requests.
pub struct RadiusListener {
    socket: Arc<UdpSocket>,
    directory: Arc<ArcSwap<Directory>>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    metrics: Arc<RadiusMetrics>,
    memory: Arc<Mutex<Memory>>,
    slots: Arc<Semaphore>,
}

impl fmt::Debug for RadiusListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RadiusListener").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl RadiusListener {
    /// A listener on this socket; datagrams wait in it until [`RadiusListener::run`].
    pub fn new(
        socket: UdpSocket,
        directory: Arc<ArcSwap<Directory>>,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
        metrics: Arc<RadiusMetrics>,
    ) -> Self {
        Self {
            socket: Arc::new(socket),
            directory,
            journal,
            clock,
            metrics,
            memory: Arc::default(),
            slots: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// If the socket is gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Takes requests until `stop` becomes true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut datagram = vec![0; PACKET_BYTES_MAX + 1];
        loop {
            let received = tokio::select! {
                received = self.socket.recv_from(&mut datagram) => received,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            match received {
                Ok((length, source)) => self.take(&datagram[..length], source).await,
                // An ICMP error of an earlier answer; the socket is sound.
                Err(error) => tracing::debug!(%error, "radius socket"),
            }
        }
    }

    async fn take(&self, datagram: &[u8], source: SocketAddr) {
        let ip = source.ip().to_canonical();
        let packet = match Packet::parse(datagram) {
            Ok(packet) => packet,
            Err(error) => return self.drop_datagram(Outcome::Malformed, ip, &error.to_string()),
        };
        let key = (source, packet.identifier(), packet.authenticator());
        match self.remembered(key) {
            Remembered::No => {}
            Remembered::Waiting => return self.metrics.count(Outcome::Repeated),
            Remembered::Answered(answer) => {
                self.metrics.count(Outcome::Repeated);
                return self.answer(&answer, source).await;
            }
        }
        let directory = self.directory.load_full();
        let verified = directory
            .candidates(ip)
            .find(|candidate| packet.verify(candidate.secret.as_bytes()).is_ok());
        let Some(candidate) = verified else {
            return self.drop_datagram(Outcome::Unverified, ip, "no secret of this sender fits");
        };
        let answer: Arc<[u8]> = respond(&packet, candidate.secret.as_bytes()).into();
        let now = (self.clock)();
        let Some(decoded) = decode(&packet, ip, now) else {
            self.metrics.count(Outcome::Ignored);
            return self.answer(&answer, source).await;
        };
        let Some(submission) = self.submission(&directory, &candidate, ip, &packet, decoded) else {
            return self.drop_datagram(Outcome::Unclaimed, ip, "the NAS belongs to no site");
        };
        match self.journal.submit(submission) {
            Ok(durable) => self.answer_when_durable(key, answer, durable),
            Err(refused) => self.drop_datagram(Outcome::Refused, ip, &refused.to_string()),
        }
    }

    fn submission(
        &self,
        directory: &Directory,
        candidate: &Candidate,
        source: IpAddr,
        packet: &Packet<'_>,
        decoded: super::decode::Decoded,
    ) -> Option<Submission> {
        let mut accounting = decoded.accounting;
        let route = directory.route(candidate, source, &accounting, decoded.station).ok()?;
        accounting.ap = route.ap;
        // The authenticator names the request: sent again after a restart, it is known.
        let id: String =
            packet.authenticator().iter().map(|octet| format!("{octet:02x}")).collect();
        let mut line = Vec::with_capacity(512);
        accounting.write_line(Some(&id), decoded.time, &mut line);
        let mut lines = Lines::new();
        lines.push(&line);
        Some(Submission { org: route.org, site: route.site, catalog_seq: directory.seq(), lines })
    }

    fn answer_when_durable(&self, key: Key, answer: Arc<[u8]>, durable: Durable) {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            // It will be durable, but nobody can wait for that: the NAS repeats, the fold knows.
            return self.metrics.count(Outcome::Refused);
        };
        self.memory().waiting.insert(key);
        let (socket, memory, metrics) =
            (Arc::clone(&self.socket), Arc::clone(&self.memory), Arc::clone(&self.metrics));
        tokio::spawn(async move {
            let is_durable = durable.await.is_ok();
            {
                let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                memory.waiting.remove(&key);
                if is_durable {
                    memory.keep(key, Arc::clone(&answer));
                }
            }
            if is_durable {
                metrics.count(Outcome::Answered);
                send(&socket, &answer, key.0).await;
            } else {
                metrics.count(Outcome::Refused);
            }
            drop(slot);
        });
    }

    async fn answer(&self, answer: &[u8], source: SocketAddr) {
        send(&self.socket, answer, source).await;
    }

    fn remembered(&self, key: Key) -> Remembered {
        let memory = self.memory();
        match memory.answers.get(&key) {
            Some(answer) => Remembered::Answered(Arc::clone(answer)),
            None if memory.waiting.contains(&key) => Remembered::Waiting,
            None => Remembered::No,
        }
    }

    fn drop_datagram(&self, outcome: Outcome, source: IpAddr, reason: &str) {
        self.metrics.count(outcome);
        let now = Instant::now();
        let mut memory = self.memory();
        let recent = |at: &Instant| now.duration_since(*at) < WARN_EVERY;
        if memory.warned.get(&source).is_some_and(recent) {
            return;
        }
        if memory.warned.len() >= WARNED_MAX {
            memory.warned.retain(|_, at| recent(at));
        }
        if memory.warned.len() < WARNED_MAX {
            memory.warned.insert(source, now);
            tracing::warn!(%source, reason, "radius request not taken");
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Remembered {
    No,
    Waiting,
    Answered(Arc<[u8]>),
}

impl Memory {
    fn keep(&mut self, key: Key, answer: Arc<[u8]>) {
        let now = Instant::now();
        while let Some((at, oldest)) = self.answered.front().copied() {
            let expired = now.duration_since(at) > ANSWERED_KEPT;
            if !expired && self.answered.len() < ANSWERED_MAX {
                break;
            }
            self.answered.pop_front();
            self.answers.remove(&oldest);
        }
        self.answers.insert(key, answer);
        self.answered.push_back((now, key));
    }
}

async fn send(socket: &UdpSocket, answer: &[u8], source: SocketAddr) {
    if let Err(error) = socket.send_to(answer, source).await {
        tracing::debug!(%error, %source, "radius answer");
    }
}
