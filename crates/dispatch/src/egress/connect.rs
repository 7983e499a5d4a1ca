//! From a host and a port to a connection: look up once, vet every answer, dial only what passed.
//!
//! The address that is dialled is the value that was vetted; nothing resolves the name again in
//! between. Every connection begins here, and one that is used again keeps the peer that was
//! vetted.

use super::destination::Destination;
use super::error::{ConnectError, Stage};
use super::network::Network;
use super::policy::{AddressPolicy, MixedAnswers, Refusal};
use super::stream::Stream;
use rustls_pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// Addresses of one name that are tried, each with its share of the time that is left.
pub const DIALS_MAX: usize = 4;

/// How destinations are reached.
pub(super) struct Route {
    pub(super) network: Arc<dyn Network>,
    pub(super) policy: AddressPolicy,
    pub(super) time_max: Duration,
}

impl Route {
    /// A new connection to an allowed address of the destination.
    pub(super) async fn connect(
        &self,
        destination: &Destination,
        tls: &TlsConnector,
    ) -> Result<Stream, ConnectError> {
        let deadline = Instant::now() + self.time_max;
        let (host, port) = (destination.host(), destination.port());
        let lookup = timeout_at(deadline, self.allowed(host, port)).await;
        let addresses = lookup.map_err(|_| ConnectError::Timeout(Stage::Lookup))??;
        let stream = self.dial(&addresses, deadline).await?;
        if !destination.is_https() {
            return Ok(Stream::Plain(stream));
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_owned();
        let name = ServerName::try_from(name).map_err(|_| ConnectError::Name)?;
        let handshake = timeout_at(deadline, tls.connect(name, stream)).await;
        let stream = handshake
            .map_err(|_| ConnectError::Timeout(Stage::Handshake))?
            .map_err(ConnectError::Handshake)?;
        Ok(Stream::Tls(Box::new(stream)))
    }

    /// The addresses that may be dialled, in order.
    pub(super) async fn allowed(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, ConnectError> {
        let found = match host.parse::<IpAddr>() {
            Ok(literal) => vec![literal],
            Err(_) => {
                self.policy.vet_name(host).map_err(|refusal| blocked(host, &refusal))?;
                self.network.resolve(host).await.map_err(ConnectError::Lookup)?
            }
        };
        if found.is_empty() {
            return Err(ConnectError::NoAddress);
        }
        let mut allowed = Vec::with_capacity(found.len().min(DIALS_MAX));
        let mut refusal = None;
        for address in found.into_iter().map(|ip| SocketAddr::new(ip, port)) {
            match self.policy.vet(address, |ip| self.network.is_local(ip)) {
                Ok(()) => allowed.push(address),
                Err(why) => refusal = Some(why),
            }
        }
        match refusal {
            Some(why) if allowed.is_empty() || self.policy.mixed == MixedAnswers::Refuse => {
                Err(blocked(host, &why))
            }
            _ => Ok(allowed),
        }
    }

    async fn dial(
        &self,
        addresses: &[SocketAddr],
        deadline: Instant,
    ) -> Result<TcpStream, ConnectError> {
        let addresses = &addresses[..addresses.len().min(DIALS_MAX)];
        let mut failure = ConnectError::NoAddress;
        for (tried, address) in addresses.iter().enumerate() {
            let now = Instant::now();
            let left = (addresses.len() - tried) as u32;
            let until = now + deadline.saturating_duration_since(now) / left;
            match timeout_at(until, self.network.dial(*address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true).map_err(ConnectError::Dial)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => failure = ConnectError::Dial(error),
                Err(_) => failure = ConnectError::Timeout(Stage::Dial),
            }
        }
        Err(failure)
    }
}

/// The reason stays here; the caller learns only that it is not allowed.
fn blocked(host: &str, refusal: &Refusal) -> ConnectError {
    tracing::warn!(host, %refusal, "webhook destination refused");
    ConnectError::Blocked
}
