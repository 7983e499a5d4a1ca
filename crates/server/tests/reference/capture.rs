//! UDP payloads of packet captures: pcapng and classic pcap, Ethernet and IPv4.

use std::path::Path;

const PCAPNG: u32 = 0x0a0d_0d0a;
const ENHANCED_PACKET: u32 = 6;

/// The payloads of UDP datagrams to this port, in their order.
pub fn udp_payloads(path: &Path, port: u16) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let packets = if u32_at(&bytes, 0) == PCAPNG { pcapng(&bytes) } else { pcap(&bytes) };
    packets.into_iter().filter_map(|packet| udp(packet, port)).map(<[u8]>::to_vec).collect()
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

fn udp(frame: &[u8], port: u16) -> Option<&[u8]> {
    let ip = frame.get(14..).filter(|_| frame[12..14] == [8, 0])?;
    let header = usize::from(ip[0] & 15) * 4;
    let udp = ip.get(header..).filter(|_| ip[9] == 17)?;
    let length = usize::from(u16::from_be_bytes([udp[4], udp[5]]));
    (udp[2..4] == port.to_be_bytes()).then(|| udp.get(8..length))?
}
