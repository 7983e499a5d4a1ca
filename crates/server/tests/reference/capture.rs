//! Payloads of packet captures: pcapng and classic pcap, Ethernet or none, and IPv4.

use std::path::Path;

const PCAPNG: u32 = 0x0a0d_0d0a;
const ENHANCED_PACKET: u32 = 6;

const ETHERNET_BYTES: usize = 14;
/// The type of link of captures that begin with the IP header.
const RAW_IPV4: u32 = 228;
const UDP: u8 = 17;
const TCP: u8 = 6;

/// The payloads of UDP datagrams to this port, in their order.
pub fn udp_payloads(path: &Path, port: u16) -> Vec<Vec<u8>> {
    payloads(path, UDP, port, |udp| Some((8, usize::from(u16_at(udp, 4)))))
}

/// The payloads of TCP segments to this port, in their order.
pub fn tcp_payloads(path: &Path, port: u16) -> Vec<Vec<u8>> {
    payloads(path, TCP, port, |tcp| Some((usize::from(tcp.get(12)? >> 4) * 4, tcp.len())))
}

/// Payloads to a port; `within` tells where in a packet of the protocol they begin and end.
fn payloads(
    path: &Path,
    protocol: u8,
    port: u16,
    within: impl Fn(&[u8]) -> Option<(usize, usize)>,
) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let is_raw = u32_at(&bytes, 20) == RAW_IPV4;
    let packets = if u32_at(&bytes, 0) == PCAPNG { pcapng(&bytes) } else { pcap(&bytes) };
    let datagrams = packets.into_iter().filter_map(|packet| {
        if is_raw {
            return Some(packet);
        }
        packet.get(ETHERNET_BYTES..).filter(|_| packet[12..ETHERNET_BYTES] == [8, 0])
    });
    let packets = datagrams.filter_map(|ip| {
        let whole = ip.get(usize::from(ip[0] & 15) * 4..usize::from(u16_at(ip, 2)))?;
        (ip[9] == protocol && u16_at(whole, 2) == port).then_some(whole)
    });
    let payloads = packets.filter_map(|packet| {
        let (from, to) = within(packet)?;
        packet.get(from..to)
    });
    payloads.filter(|payload| !payload.is_empty()).map(<[u8]>::to_vec).collect()
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn pcapng(bytes: &[u8]) -> Vec<&[u8]> {
    let mut packets = Vec::new();
    let mut at = 0;
    while at + 12 <= bytes.len() {
        let length = u32_at(bytes, at + 4) as usize;
        if u32_at(bytes, at) == ENHANCED_PACKET {
            let captured = u32_at(bytes, at + 20) as usize;
            packets.push(&bytes[at + 28..at + 28 + captured]);
        }
        at += length;
    }
    packets
}

fn pcap(bytes: &[u8]) -> Vec<&[u8]> {
    let swapped = bytes[..4] == [0xa1, 0xb2, 0xc3, 0xd4];
    let mut packets = Vec::new();
    let mut at = 24;
    while at + 16 <= bytes.len() {
        let captured = u32_at(bytes, at + 8);
        let captured = if swapped { captured.swap_bytes() } else { captured } as usize;
        packets.push(&bytes[at + 16..at + 16 + captured]);
        at += 16 + captured;
    }
    packets
}
