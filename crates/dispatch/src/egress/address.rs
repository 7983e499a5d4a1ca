//! What kind of address is this? An allow-list: an address is [`Class::Global`] only when the
//! registries of special addresses (RFC 6890 and its successors) leave it for the public
//! internet; whatever is unknown is not.
//!
//! An IPv6 address that carries an IPv4 address leads wherever a router unpacks it, so all such
//! forms are refused, with one exception: behind NAT64 (RFC 6052) the well-known prefix is how an
//! IPv6-only site reaches the IPv4 internet, so there the embedded address decides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// The public internet.
    Global,
    /// RFC 1918.
    Private,
    /// Carrier-grade NAT, RFC 6598.
    Shared,
    /// RFC 4193.
    UniqueLocal,
    /// This machine.
    Loopback,
    /// This link, or the retired site-local.
    LinkLocal,
    /// A cloud's instance metadata: it hands out credentials to whoever asks from inside.
    Metadata,
    /// "This network"; a connection to it reaches this machine.
    Unspecified,
    /// Many receivers.
    Multicast,
    /// RFC 5737, RFC 3849, RFC 9637.
    Documentation,
    /// RFC 2544, RFC 5180.
    Benchmarking,
    /// An IPv4 address inside an IPv6 one.
    Embedded,
    /// Protocol assignments, anycast relays, broadcast, not assigned.
    Reserved,
}

/// The class of an address.
pub fn classify(ip: IpAddr) -> Class {
    match ip {
        IpAddr::V4(ip) => classify_v4(ip),
        IpAddr::V6(ip) => classify_v6(ip),
    }
}

fn classify_v4(ip: Ipv4Addr) -> Class {
    match ip.octets() {
        // AWS, GCP, Azure and most others; ECS; Alibaba; Azure's host; Oracle.
        [169, 254, 169, 254]
        | [169, 254, 170, 2]
        | [100, 100, 100, 200]
        | [168, 63, 129, 16]
        | [192, 0, 0, 192] => Class::Metadata,
        [0, ..] => Class::Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private,
        [100, 64..=127, ..] => Class::Shared,
        [127, ..] => Class::Loopback,
        [169, 254, ..] => Class::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Documentation,
        [198, 18 | 19, ..] => Class::Benchmarking,
        // IETF protocol assignments, AS112, AMT, the retired 6to4 relays.
        [192, 0, 0, _]
        | [192, 31, 196, _]
        | [192, 175, 48, _]
        | [192, 52, 193, _]
        | [192, 88, 99, _] => Class::Reserved,
        [224..=239, ..] => Class::Multicast,
        [240..=255, ..] => Class::Reserved,
        _ => Class::Global,
    }
}

/// AWS (IMDS, DNS, NTP), GCP and Oracle.
const METADATA_V6: [Ipv6Addr; 5] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x123),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

fn classify_v6(ip: Ipv6Addr) -> Class {
    if METADATA_V6.contains(&ip) {
        return Class::Metadata;
    }
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => of_nat64(ip),
        // ISATAP, under any prefix, with the universal bit either way.
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => Class::Embedded,
        // IPv4-compatible, IPv4-mapped, SIIT, and the rest of that /32, local NAT64, 6to4, Teredo.
        [0, 0, ..] | [0x64, 0xff9b, 1, ..] | [0x2002, ..] | [0x2001, 0, ..] => Class::Embedded,
        [0x2001, 2, 0, ..] => Class::Benchmarking,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Class::Documentation,
        // IETF protocol assignments 2001::/23, AS112.
        [0x2001, 0..=0x1ff, ..] | [0x2620, 0x4f, 0x8000, ..] => Class::Reserved,
        [0x2000..=0x3fff, ..] => Class::Global,
        [0xfc00..=0xfdff, ..] => Class::UniqueLocal,
        [0xfe80..=0xfeff, ..] => Class::LinkLocal,
        [0xff00..=0xffff, ..] => Class::Multicast,
        _ => Class::Reserved,
    }
}

fn of_nat64(ip: Ipv6Addr) -> Class {
    let [.., a, b, c, d] = ip.octets();
    match classify_v4(Ipv4Addr::new(a, b, c, d)) {
        Class::Global => Class::Global,
        Class::Metadata => Class::Metadata,
        _ => Class::Embedded,
    }
}

#[cfg(test)]
mod tests;
