//! Syslog: the sockets, and what the listeners share.

use super::clock;
use super::feed;
use super::http;
use super::journal::Inlet;
use super::options::SyslogAddress;
use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use foghorn_catalog::ConfigView;
use foghorn_ingest::syslog::SyslogMetrics;
use foghorn_ingest::syslog::directory::Directory;
use foghorn_ingest::syslog::listener::{SyslogListener, SyslogSink};
use foghorn_ingest::syslog::unclaimed::Unclaimed;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// One port, bound.
pub struct SyslogPort {
    address: SyslogAddress,
    udp: std::net::UdpSocket,
    tcp: tokio::net::TcpListener,
}

impl SyslogPort {
    pub fn bind(address: SyslogAddress) -> Result<Self> {
        let context = || format!("listen on {}", address.address);
        let tcp = http::listen(address.address).with_context(context)?;
        // A port that the system chose for one is also that of the other.
        let udp = std::net::UdpSocket::bind(tcp.local_addr()?).with_context(context)?;
        udp.set_nonblocking(true)?;
        Ok(Self { address, udp, tcp })
    }
}

/// What the listeners and the rest of the server share.
#[derive(Clone)]
pub struct Syslog {
    pub directory: Arc<ArcSwap<Directory>>,
    pub unclaimed: Arc<Unclaimed>,
}

impl Syslog {
    pub fn new(view: &ConfigView) -> Self {
        let directory = Arc::new(ArcSwap::from_pointee(feed::syslog_directory(view)));
        Self { directory, unclaimed: Arc::default() }
    }

    /// Lets these ports take messages until `stop` becomes true.
    pub fn serve(
        &self,
        ports: Vec<SyslogPort>,
        inlet: &Inlet,
        metrics: &Arc<SyslogMetrics>,
        stop: &watch::Receiver<bool>,
    ) -> Result<Vec<JoinHandle<()>>> {
        let sink = Arc::new(SyslogSink::new(
            Arc::clone(&self.directory),
            Arc::new(inlet.clone()),
            Arc::new(clock::now),
            Arc::clone(metrics),
            Arc::clone(&self.unclaimed),
        ));
        let serve = |port: SyslogPort| {
            let org = port.address.org;
            tracing::info!(
                address = %port.tcp.local_addr()?,
                org = org.map(tracing::field::display),
                "syslog listens"
            );
            let udp = tokio::net::UdpSocket::from_std(port.udp)?;
            let listener = SyslogListener::new(org, udp, port.tcp, Arc::clone(&sink));
            Ok(tokio::spawn(listener.run(stop.clone())))
        };
        ports.into_iter().map(serve).collect()
    }
}
