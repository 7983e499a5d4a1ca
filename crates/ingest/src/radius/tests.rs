use super::directory::DirectoryBuilder;
use super::listener::{Outcome, RadiusListener, RadiusMetrics};
use super::*;
use crate::journal::Journal;
use crate::journal::tests::{Kept, until};
use arc_swap::ArcSwap;
use foghorn_model::telemetry::{AccountingStatus, ClientType, Report, Telemetry};
use foghorn_model::{OrgId, SiteId, Timestamp};
use md5::{Digest, Md5};
use proptest::prelude::*;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::watch;

const SECRET: &[u8] = b"testing123";
const NOW: Timestamp = Timestamp(1_782_127_749_529_000);
const NAS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(172, 16, 0, 10));

/// A request as a NAS makes it.
fn request(identifier: u8, attributes: &[(u8, &[u8])], secret: &[u8]) -> Vec<u8> {
    let mut packet = vec![4, identifier, 0, 0];
    packet.extend_from_slice(&[0; 16]);
    for (kind, value) in attributes {
        packet.extend_from_slice(&[*kind, u8::try_from(value.len() + 2).unwrap()]);
        packet.extend_from_slice(value);
    }
    let length = u16::try_from(packet.len()).unwrap();
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let digest = Md5::new().chain_update(&packet).chain_update(secret).finalize();
    packet[4..20].copy_from_slice(&digest);
    packet
}

const STOP: &[(u8, &[u8])] = &[
    (40, &[0, 0, 0, 2]),
    (44, b"46A689BBEA655716"),
    (1, b"user1@example.net"),
    (4, &[172, 16, 0, 10]),
    (30, b"70-90-41-38-8C-43:PK_NAC"),
    (31, b"5E-66-01-11-5B-49"),
    (61, &[0, 0, 0, 19]),
    (8, &[172, 16, 10, 71]),
    (42, &[0, 2, 0x6a, 0x22]),
    (52, &[0, 0, 0, 1]),
    (43, &[0, 1, 0xff, 0xb5]),
    (47, &[0, 0, 2, 0x4c]),
    (48, &[0, 0, 0, 0xd0]),
    (46, &[0, 0, 0, 48]),
    (49, &[0, 0, 0, 1]),
    (50, b"A601EB8887"),
    (55, &[0x6a, 0x39, 0x1d, 0x05]),
];

#[test]
fn a_stop_says_what_its_attributes_say() {
    let bytes = request(7, STOP, SECRET);
    let packet = Packet::parse(&bytes).unwrap();
    packet.verify(SECRET).unwrap();
    let decoded = decode(&packet, NAS, NOW).unwrap();
    let it = decoded.accounting;
    assert_eq!(it.status, AccountingStatus::Stop);
    assert_eq!(it.session_id.as_deref(), Some("46A689BBEA655716"));
    assert_eq!(it.multi_session_id.as_deref(), Some("0x41363031454238383837"));
    assert_eq!(it.mac, "5e6601115b49".parse().ok());
    assert_eq!(it.bssid, "709041388c43".parse().ok());
    assert_eq!(it.ssid.as_deref(), Some("PK_NAC"));
    assert_eq!(it.nas_vendor.as_deref(), Some("juniper-mist"));
    assert_eq!(it.client_type, Some(ClientType::Wireless));
    assert_eq!(it.rx_bytes, Some((1 << 32) + 158_242));
    assert_eq!((it.tx_bytes, it.rx_pkts, it.tx_pkts), (Some(130_997), Some(588), Some(208)));
    assert_eq!(it.session_time, Some(48));
    assert_eq!(it.terminate_cause.as_deref(), Some("User-Request"));
    assert_eq!(it.auth_type, None);
    assert_eq!(decoded.time.map(Timestamp::secs), Some(0x6a39_1d05));
}

#[test]
fn only_a_call_check_says_that_a_client_came_in_by_its_address() {
    let of = |attributes: &[(u8, &[u8])]| {
        let attributes = [STOP, attributes].concat();
        let bytes = request(1, &attributes, SECRET);
        decode(&Packet::parse(&bytes).unwrap(), NAS, NOW).unwrap().accounting.auth_type
    };
    assert_eq!(of(&[(1, b"5e66.0111.5b49")]), None);
    assert_eq!(of(&[(6, &[0, 0, 0, 10])]).as_deref(), Some("mab"));
}

#[test]
fn a_wrong_secret_or_a_changed_byte_does_not_verify() {
    let bytes = request(7, STOP, SECRET);
    let verify = |bytes: &[u8], secret: &[u8]| Packet::parse(bytes)?.verify(secret);
    assert_eq!(verify(&bytes, b"testing124"), Err(PacketError::Authenticator));
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(verify(&changed, SECRET).is_err(), "byte {at}");
    }
    for length in 0..bytes.len() {
        assert!(verify(&bytes[..length], SECRET).is_err(), "{length} bytes");
    }
}

#[test]
fn an_answer_verifies_and_carries_the_proxy_state() {
    let attributes: Vec<_> = [&STOP[..2], &[(33, b"p1".as_slice()), (33, b"p2")]].concat();
    let bytes = request(7, &attributes, SECRET);
    let answer = respond(&Packet::parse(&bytes).unwrap(), SECRET);
    assert_eq!((answer[0], answer[1]), (5, 7));
    assert_eq!(answer[20..], [33, 4, b'p', b'1', 33, 4, b'p', b'2']);
    let digest = Md5::new()
        .chain_update(&answer[..4])
        .chain_update(&bytes[4..20])
        .chain_update(&answer[20..])
        .chain_update(SECRET)
        .finalize();
    assert_eq!(answer[4..20], digest[..]);
}

#[test]
fn a_clock_that_is_far_off_is_not_believed() {
    let of = |attributes: &[(u8, &[u8])]| {
        let attributes = [&STOP[..2], attributes].concat();
        let bytes = request(1, &attributes, SECRET);
        decode(&Packet::parse(&bytes).unwrap(), NAS, NOW).unwrap().time
    };
    assert_eq!(of(&[(55, &[0, 0, 0, 9])]), None);
    assert_eq!(
        of(&[(55, &[0, 0, 0, 9]), (41, &[0, 0, 0, 5])]).map(|at| NOW.since(at).0),
        Some(5_000_000)
    );
    assert_eq!(of(&[(41, &[0, 0, 0, 0])]), None);
}

struct Nas {
    socket: UdpSocket,
    kept: Arc<Kept>,
    metrics: Arc<RadiusMetrics>,
    stop: watch::Sender<bool>,
}

async fn nas() -> Nas {
    let (org, site) = (OrgId::from_bytes([1; 16]), SiteId::from_bytes([2; 16]));
    let directory =
        DirectoryBuilder::new(5).fallback_secret(Some("testing123".into())).site(org, site).build();
    let kept = Arc::new(Kept::default());
    let metrics = Arc::new(RadiusMetrics::default());
    let listener = RadiusListener::new(
        UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        Arc::new(ArcSwap::from_pointee(directory)),
        Arc::clone(&kept) as Arc<dyn Journal>,
        Arc::new(|| NOW),
        Arc::clone(&metrics),
    );
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(listener.local_addr().unwrap()).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(listener.run(stopped));
    Nas { socket, kept, metrics, stop }
}

#[tokio::test]
async fn a_request_is_answered_when_it_is_durable_and_not_before() {
    let nas = nas().await;
    let bytes = request(9, STOP, SECRET);
    nas.socket.send(&bytes).await.unwrap();
    until(|| nas.kept.taken() == 1).await;
    // Sent again while it is being written, it is the same request.
    nas.socket.send(&bytes).await.unwrap();
    until(|| nas.metrics.get(Outcome::Repeated) == 1).await;
    let mut answer = [0; 64];
    assert!(nas.socket.try_recv(&mut answer).is_err(), "answered before it was durable");
    nas.kept.acks.lock().unwrap().pop().unwrap().send(()).unwrap();
    assert_eq!(nas.socket.recv(&mut answer).await.unwrap(), 20);
    assert_eq!((answer[0], answer[1]), (5, 9));
    // And again after it was answered: the same answer, nothing new.
    nas.socket.send(&bytes).await.unwrap();
    assert_eq!(nas.socket.recv(&mut answer).await.unwrap(), 20);
    assert_eq!(nas.kept.taken(), 1);
    let lines = nas.kept.lines();
    let Report::Accounting(it) = Telemetry::parse(lines[0].as_bytes()).unwrap().report else {
        panic!("{lines:?}")
    };
    assert_eq!(it.ap, "709041388c43".parse().ok());
    nas.stop.send(true).unwrap();
}

#[tokio::test]
async fn what_does_not_verify_is_counted_and_not_answered() {
    let nas = nas().await;
    nas.socket.send(&request(1, STOP, b"wrong")).await.unwrap();
    nas.socket.send(b"nonsense").await.unwrap();
    until(|| nas.metrics.get(Outcome::Unverified) == 1 && nas.metrics.get(Outcome::Malformed) == 1)
        .await;
    let mut answer = [0; 64];
    let silent = tokio::time::timeout(Duration::from_millis(20), nas.socket.recv(&mut answer));
    assert!(silent.await.is_err());
    assert_eq!(nas.kept.taken(), 0);
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>) {
        if let Ok(packet) = Packet::parse(&bytes) {
            prop_assert!(packet.verify(SECRET).is_err() || !bytes.is_empty());
            decode(&packet, NAS, NOW);
        }
    }

    #[test]
    fn whatever_a_nas_says_becomes_a_line_that_reads_back(
        attributes in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..20),
        status in 1u8..9,
    ) {
        let status = [0, 0, 0, status];
        let mut all: Vec<(u8, &[u8])> = vec![(44, b"s1")];
        all.extend(attributes.iter().map(|(kind, value)| (*kind, value.as_slice())));
        all.push((40, &status));
        let bytes = request(1, &all, SECRET);
        let packet = Packet::parse(&bytes).unwrap();
        if let Some(decoded) = decode(&packet, NAS, NOW) {
            let mut line = Vec::new();
            decoded.accounting.write_line(None, decoded.time, &mut line);
            let read = Telemetry::parse(&line);
            prop_assert!(read.is_ok(), "{:?}: {}", read, String::from_utf8_lossy(&line));
        }
    }
}
