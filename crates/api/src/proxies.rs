//! Proxies that stand in front of the server, and what is believed of them.
//!
//! Anybody can write `X-Forwarded-For`: it is read only where the peer is a proxy that the operator
//! named, and from its right end, where each proxy has written whom it was asked by. The first hop
//! from there that is none of the named proxies is who asks; what stands left of it is its own
//! claim, and nobody's business. Whatever else a request says of its way is not read.

use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
/// Hops that are looked at: no way is longer.
const HOPS_MAX: usize = 16;

/// The networks of proxies that are believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Arc<[IpNet]>);

impl Proxies {
    /// Believes whoever asks from these networks.
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// Whether this is the address of one.
    pub fn are_at(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who asks through this peer.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).iter().collect::<Vec<_>>();
        let hops = lines
            .into_iter()
            .rev()
            .flat_map(|line| line.to_str().unwrap_or_default().rsplit(',').collect::<Vec<_>>());
        for hop in hops.take(HOPS_MAX) {
            if !self.are_at(client) {
                break;
            }
            // What cannot be read ends the way at the last that could.
            let Some(address) = address(hop.trim()) else { break };
            client = address.to_canonical();
        }
        client
    }

    /// Whether this peer was itself asked over TLS, as it says.
    pub(crate) fn is_tls(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let last = headers.get_all(FORWARDED_PROTO).iter().next_back();
        let last = last.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        self.are_at(peer) && last.is_some_and(|it| it.trim().eq_ignore_ascii_case("https"))
    }
}

/// An address, with its port or without.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let networks = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        Proxies::new(&networks).client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn u06_the_first_hop_from_the_right_that_is_no_proxy_is_who_asks() {
        let far = "198.51.100.7";
        // Nobody is believed who is not named.
        assert_eq!(client(far, &["203.0.113.9"]), far);
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", &[far]), far);
        assert_eq!(client("10.0.0.1", &["203.0.113.9, 198.51.100.7"]), far);
        assert_eq!(client("10.0.0.1", &["203.0.113.9,198.51.100.7, 10.2.3.4"]), far);
        assert_eq!(client("10.0.0.1", &["203.0.113.9", far, "fd00::1"]), far);
        assert_eq!(client("10.0.0.1", &["198.51.100.7:4711"]), far);
        assert_eq!(client("fd00::2", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client("fd00::2", &["[2001:db8::1]"]), "2001:db8::1");
        // Where the way is lost, the last that is known stands for all before it.
        assert_eq!(client("10.0.0.1", &["203.0.113.9, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, , 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        let long = vec!["10.0.0.9"; 100].join(",");
        assert_eq!(client("10.0.0.1", &["203.0.113.9", &long]), "10.0.0.9");
    }

    #[test]
    fn u06_a_proxy_alone_says_whether_it_was_asked_over_tls() {
        let proxies = Proxies::new(&["10.0.0.0/8".parse().unwrap()]);
        let is_tls = |peer: &str, value: &str| {
            let headers =
                [(http::HeaderName::from_static(FORWARDED_PROTO), value.parse().unwrap())];
            proxies.is_tls(peer.parse().unwrap(), &HeaderMap::from_iter(headers))
        };
        assert!(is_tls("10.0.0.1", "https") && is_tls("10.0.0.1", "http, HTTPS"));
        assert!(!is_tls("10.0.0.1", "https, http") && !is_tls("192.0.2.1", "https"));
    }
}
