//! The three things that egress asks of the operating system, as a trait, so that tests can lie.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Lookups in flight. The system's resolver blocks a thread for as long as a hostile name server
/// pleases, and goes on doing so after the one who asked has left.
pub const LOOKUPS_MAX: usize = 64;

/// A boxed future, since the trait is used as an object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Names, connections and our own addresses.
pub trait Network: fmt::Debug + Send + Sync + 'static {
    /// All addresses of a name, in the order in which to try them.
    fn resolve<'a>(&'a self, host: &'a str) -> Pending<'a, io::Result<Vec<IpAddr>>>;

    /// Connects to exactly this address.
    fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<TcpStream>>;

    /// Whether an address is one of this machine's.
    fn is_local(&self, ip: IpAddr) -> bool;
}

/// The operating system.
#[derive(Debug, Clone)]
pub struct SystemNetwork {
    lookups: Arc<Semaphore>,
}

impl Default for SystemNetwork {
    fn default() -> Self {
        Self { lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }
}

impl Network for SystemNetwork {
    fn resolve<'a>(&'a self, host: &'a str) -> Pending<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let permit = Arc::clone(&self.lookups).acquire_owned().await;
            let host = host.to_owned();
            let lookup = move || {
                // Held by the thread: the caller may give up before the lookup does.
                let _permit = permit;
                let addresses = (host.as_str(), 0).to_socket_addrs()?;
                Ok(addresses.map(|address| address.ip()).collect())
            };
            tokio::task::spawn_blocking(lookup).await.map_err(io::Error::other)?
        })
    }

    fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }

    /// Asks the routing table: to an address of its own the machine would speak from that same
    /// address. Connecting a datagram socket sends nothing.
    fn is_local(&self, ip: IpAddr) -> bool {
        let any: IpAddr = match ip {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let spoken_from = || {
            let socket = UdpSocket::bind((any, 0))?;
            socket.connect((ip, 9))?;
            socket.local_addr()
        };
        spoken_from().is_ok_and(|own: SocketAddr| own.ip() == ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_literal_resolves_to_itself() {
        let addresses = SystemNetwork::default().resolve("192.0.2.7").await.unwrap();
        assert_eq!(addresses, ["192.0.2.7".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn loopback_is_local_and_a_documentation_address_is_not() {
        let network = SystemNetwork::default();
        assert!(network.is_local(Ipv4Addr::LOCALHOST.into()));
        assert!(!network.is_local("192.0.2.7".parse().unwrap()));
    }
}
