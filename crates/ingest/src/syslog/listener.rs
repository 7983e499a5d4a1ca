//! The sockets: one port, UDP and TCP.

use super::directory::{Directory, Stranger};
use super::message::{Message, text};
use super::metrics::{Outcome, SyslogMetrics};
use super::pace::{Paces, Warned};
use super::reading::{Said, Vendor, read};
use super::stream;
use super::unclaimed::Unclaimed;
use crate::journal::{Journal, Lines, Refused, Submission};
use arc_swap::ArcSwap;
use foghorn_model::{OrgId, Timestamp};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;

/// The longest datagram.
pub const DATAGRAM_BYTES_MAX: usize = 8 << 10;

/// What all listeners hand messages to.
pub struct SyslogSink {
    directory: Arc<ArcSwap<Directory>>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    pub(super) metrics: Arc<SyslogMetrics>,
    unclaimed: Arc<Unclaimed>,
    paces: Paces,
    warned: Warned,
}

impl fmt::Debug for SyslogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyslogSink").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl SyslogSink {
    /// A sink over these parts.
    pub fn new(
        directory: Arc<ArcSwap<Directory>>,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
        metrics: Arc<SyslogMetrics>,
        unclaimed: Arc<Unclaimed>,
    ) -> Self {
        Self {
            directory,
            journal,
            clock,
            metrics,
            unclaimed,
            paces: Paces::default(),
            warned: Warned::default(),
        }
    }

    /// How long this sender has to wait before its next message is taken.
    pub(super) fn pace(&self, source: IpAddr) -> Result<(), Duration> {
        self.paces.take(source, Instant::now())
    }

    /// Takes a message.
    ///
    /// # Errors
    /// [`Refused`] when its lines cannot be written for now; whatever else becomes of it is
    /// counted here, and is final.
    pub(super) fn take(
        &self,
        org: Option<OrgId>,
        source: IpAddr,
        bytes: &[u8],
    ) -> Result<(), Refused> {
        let source = source.to_canonical();
        let now = (self.clock)();
        let text = text(bytes);
        let message = Message::parse(&text, now);
        let directory = self.directory.load();
        let route = match directory.route(org, source, message.host) {
            Ok(route) => route,
            Err(stranger) => {
                self.unclaimed.note(org, source, message.host, &text, stranger, now);
                let (outcome, reason) = match stranger {
                    Stranger::Unknown => (Outcome::Unclaimed, "no site claims the sender"),
                    Stranger::Disputed => (Outcome::Disputed, "two orgs claim the sender"),
                };
                self.drop_message(outcome, Vendor::Other, source, reason);
                return Ok(());
            }
        };
        let reading = read(&message, &route.through(source));
        match reading.said {
            Said::Nothing => self.metrics.count(Outcome::Nothing, reading.vendor),
            // Most of what a device logs is of no concern here: not worth a line of ours.
            Said::Unknown => self.metrics.count(Outcome::Unknown, reading.vendor),
            Said::NoDevice => {
                let reason = "which device of the site it is about is not known";
                self.drop_message(Outcome::NoDevice, reading.vendor, source, reason);
            }
            Said::Lines(said) => {
                let mut lines = Lines::new();
                said.iter().for_each(|line| lines.push(line));
                let (org, site, catalog_seq) = (route.org, route.site, directory.seq());
                // Nobody is answered, so nobody waits for the disk.
                drop(self.journal.submit(Submission { org, site, catalog_seq, lines })?);
                self.metrics.count(Outcome::Taken, reading.vendor);
            }
        }
        Ok(())
    }

    /// Counts a message that is dropped, and logs its sender once in a while.
    pub(super) fn drop_message(
        &self,
        outcome: Outcome,
        vendor: Vendor,
        source: IpAddr,
        reason: &str,
    ) {
        self.metrics.count(outcome, vendor);
        if self.warned.is_due(source, Instant::now()) {
            tracing::warn!(%source, reason, "syslog message not taken");
        }
    }
}

/// A port that takes syslog.
#[derive(Debug)]
pub struct SyslogListener {
    org: Option<OrgId>,
    udp: UdpSocket,
    tcp: TcpListener,
    sink: Arc<SyslogSink>,
}

impl SyslogListener {
    /// A listener on these sockets; `org` is the only one whose senders it takes, if one is named.
    pub fn new(
        org: Option<OrgId>,
        udp: UdpSocket,
        tcp: TcpListener,
        sink: Arc<SyslogSink>,
    ) -> Self {
        Self { org, udp, tcp, sink }
    }

    /// Takes messages until `stop` becomes true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let Self { org, udp, tcp, sink } = self;
        let streams = tokio::spawn(stream::serve(tcp, org, Arc::clone(&sink), stop.clone()));
        let mut datagram = vec![0; DATAGRAM_BYTES_MAX + 1];
        loop {
            let received = tokio::select! {
                received = udp.recv_from(&mut datagram) => received,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match received {
                Ok((length, source)) => take_datagram(&sink, org, source.ip(), &datagram[..length]),
                Err(error) => tracing::debug!(%error, "syslog socket"),
            }
        }
        if let Err(error) = streams.await {
            tracing::error!(%error, "the syslog listener failed");
        }
    }
}

/// A datagram is taken or lost: there is nobody to hold back.
fn take_datagram(sink: &SyslogSink, org: Option<OrgId>, source: IpAddr, datagram: &[u8]) {
    if sink.pace(source).is_err() {
        let reason = "it sends too much";
        return sink.drop_message(Outcome::TooFast, Vendor::Other, source, reason);
    }
    if datagram.len() > DATAGRAM_BYTES_MAX {
        let reason = "a message is too long";
        return sink.drop_message(Outcome::TooLong, Vendor::Other, source, reason);
    }
    if let Err(refused) = sink.take(org, source, datagram) {
        sink.drop_message(Outcome::Refused, Vendor::Other, source, &refused.to_string());
    }
}
