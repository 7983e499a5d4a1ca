//! Where webhooks may go.
//!
//! Only the public internet, unless the operator opens more. `allow_private` opens private,
//! shared and unique-local ranges and nothing else, however wide the network that it names:
//! loopback, link-local, cloud metadata and our own listeners stay closed. `allow_loopback`
//! (development) opens loopback but for our own listeners.
//!
//! The rule is asked about the address that is about to be connected, so names, rebinding and odd
//! spellings of a number need no rules of their own. A public address that leads back to us
//! through a router is known only when it is listed among `own_listeners`.

use super::address::{Class, classify};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Ports of services that take an HTTP request for something else, or that hand out their data to
/// whoever comes from inside. In order, for the search.
const PORTS_DENIED: [u16; 49] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 79, 110, 111, 113, 119,
    123, 135, 137, 138, 139, 143, 161, 389, 445, 465, 514, 587, 636, 993, 995, 1433, 2049, 2379,
    3306, 5432, 6379, 9042, 9200, 10250, 11211, 27017,
];

/// What to do with a name that has allowed and forbidden addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MixedAnswers {
    /// Dial the allowed ones: a public service with a stray private record still gets its
    /// events, and the private address never sees us.
    #[default]
    DialAllowed,
    /// Refuse the name.
    Refuse,
}

/// The rules of one org, or of the whole server.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    /// Private networks that are opened.
    pub allow_private: Vec<IpNet>,
    /// Whether loopback is opened.
    pub allow_loopback: bool,
    /// What we listen on; an unspecified address stands for every address of this machine.
    pub own_listeners: Vec<SocketAddr>,
    /// Ports opened that are denied otherwise.
    pub allow_ports: Vec<u16>,
    /// What to do with mixed answers.
    pub mixed: MixedAnswers,
}

/// Why an address or a name was refused. For the operator's log alone: told to whoever wrote the
/// URL, it would map the network for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// No rule opens this class.
    #[error("address is {0:?}")]
    Class(Class),
    /// The port is denied.
    #[error("port {0} is denied")]
    Port(u16),
    /// We would talk to ourselves.
    #[error("address is a listener of our own")]
    OwnListener,
    /// The name stands for this machine or for a metadata service.
    #[error("name is local or a metadata service")]
    Name,
}

impl AddressPolicy {
    /// Whether this address may be dialled. `is_local` tells whether an address belongs to this
    /// machine; it is asked only about ports that we listen on everywhere.
    pub fn vet(
        &self,
        address: SocketAddr,
        is_local: impl Fn(IpAddr) -> bool,
    ) -> Result<(), Refusal> {
        self.vet_port(address.port())?;
        self.vet_ip(address.ip())?;
        if self.is_own(address, is_local) { Err(Refusal::OwnListener) } else { Ok(()) }
    }

    /// Whether this port may be dialled.
    pub fn vet_port(&self, port: u16) -> Result<(), Refusal> {
        let denied = port == 0 || PORTS_DENIED.binary_search(&port).is_ok();
        if denied && !self.allow_ports.contains(&port) {
            return Err(Refusal::Port(port));
        }
        Ok(())
    }

    /// Whether this address may be dialled on any port.
    pub fn vet_ip(&self, ip: IpAddr) -> Result<(), Refusal> {
        let class = classify(ip);
        let open = match class {
            Class::Global => true,
            Class::Loopback => self.allow_loopback,
            Class::Private | Class::Shared | Class::UniqueLocal => {
                self.allow_private.iter().any(|net| net.contains(&ip))
            }
            Class::LinkLocal
            | Class::Metadata
            | Class::Unspecified
            | Class::Multicast
            | Class::Documentation
            | Class::Benchmarking
            | Class::Embedded
            | Class::Reserved => false,
        };
        if open { Ok(()) } else { Err(Refusal::Class(class)) }
    }

    /// Whether a host name may be asked for at all. Its addresses are vetted in any case; this
    /// only says no at once where the answer is known.
    pub fn vet_name(&self, name: &str) -> Result<(), Refusal> {
        let name = name.strip_suffix('.').unwrap_or(name);
        let last_is = |label: &str| {
            name.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(label))
        };
        let metadata = ["metadata", "metadata.google.internal", "metadata.goog", "instance-data"];
        let refused = last_is("localhost") && !self.allow_loopback
            || metadata.iter().any(|known| name.eq_ignore_ascii_case(known));
        if refused { Err(Refusal::Name) } else { Ok(()) }
    }

    fn is_own(&self, address: SocketAddr, is_local: impl Fn(IpAddr) -> bool) -> bool {
        let ip = address.ip();
        self.own_listeners.iter().filter(|own| own.port() == address.port()).any(|own| {
            own.ip() == ip || own.ip().is_unspecified() && (ip.is_loopback() || is_local(ip))
        })
    }
}

#[cfg(test)]
mod tests;
