use super::*;
use crate::journal::Journal;
use crate::journal::tests::{Kept, until};
use crate::syslog::listener::{DATAGRAM_BYTES_MAX, SyslogListener, SyslogSink};
use crate::syslog::metrics::Connection;
use crate::syslog::stream::{CONNECTIONS_MAX, OF_ADDRESS_MAX};
use crate::syslog::unclaimed::Unclaimed;
use crate::syslog::{Outcome, SyslogMetrics};
use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;

const JOIN: &str = "<30>Nov 14 22:13:19 Lobby hostapd: wlan1: AP-STA-CONNECTED 70:ef:00:71:53:5f";

struct World {
    address: SocketAddr,
    udp: UdpSocket,
    kept: Arc<Kept>,
    metrics: Arc<SyslogMetrics>,
    unclaimed: Arc<Unclaimed>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

/// A listener that knows loopback as the AP, or nobody.
async fn world(knows: bool) -> World {
    let ap = device("5c5b35000001", "Lobby", DeviceType::Ap, Some("127.0.0.1"));
    let directory = if knows { site().device(&ap).build() } else { Directory::default() };
    let (kept, metrics) = (Arc::new(Kept::default()), Arc::new(SyslogMetrics::default()));
    let unclaimed = Arc::new(Unclaimed::default());
    let sink = Arc::new(SyslogSink::new(
        Arc::new(ArcSwap::from_pointee(directory)),
        Arc::clone(&kept) as Arc<dyn Journal>,
        Arc::new(|| NOW),
        Arc::clone(&metrics),
        Arc::clone(&unclaimed),
    ));
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(address).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(SyslogListener::new(None, udp, tcp, sink).run(stopped));
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    udp.connect(address).await.unwrap();
    World { address, udp, kept, metrics, unclaimed, stop, running }
}

#[tokio::test]
async fn datagrams_and_streams_become_the_same_lines() {
    let world = world(true).await;
    world.udp.send(JOIN.as_bytes()).await.unwrap();
    until(|| world.kept.taken() == 1).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let framed = format!("{JOIN}\n{} {JOIN}", JOIN.len());
    for byte in framed.as_bytes() {
        stream.write_all(&[*byte]).await.unwrap();
    }
    until(|| world.kept.taken() == 3).await;
    let lines = world.kept.lines();
    assert!(lines.iter().all(|line| *line == lines[0]), "{lines:?}");
    let first = format!("{:?}", lines[0]);
    assert!(first.contains("syslog 127.0.0.1"), "it says through whom it came: {first}");
    assert_eq!(world.kept.owners(), [(ORG, SITE, 5); 3]);
    assert_eq!(world.metrics.get(Outcome::Taken), 3);
    world.stop.send(true).unwrap();
    world.running.await.unwrap();
}

#[tokio::test]
async fn a_stranger_writes_nothing_and_is_listed() {
    let world = world(false).await;
    world.udp.send(JOIN.as_bytes()).await.unwrap();
    until(|| world.metrics.get(Outcome::Unclaimed) == 1).await;
    assert_eq!(world.kept.taken(), 0);
    let [sender] = &world.unclaimed.of_org(ORG, true)[..] else { panic!("one sender") };
    assert_eq!((sender.address, sender.host.as_deref()), (address("127.0.0.1"), Some("Lobby")));
    assert_eq!(sender.sample, JOIN);
}

#[tokio::test]
async fn i10_huge_datagrams_and_endless_lines_cost_only_themselves() {
    let world = world(true).await;
    world.udp.send(&vec![b'x'; DATAGRAM_BYTES_MAX + 1]).await.unwrap();
    until(|| world.metrics.get(Outcome::TooLong) == 1).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    for _ in 0..64 {
        stream.write_all(&[b'x'; 1 << 16]).await.unwrap();
    }
    stream.write_all(format!("\n{JOIN}\n900 <13>cut").as_bytes()).await.unwrap();
    drop(stream);
    until(|| world.kept.taken() == 1 && world.metrics.get(Outcome::CutShort) == 1).await;
    assert_eq!(world.metrics.get(Outcome::TooLong), 2);
}

#[tokio::test]
async fn i10_one_address_takes_its_share_of_the_connections_and_no_more() {
    let world = world(true).await;
    let mut streams = Vec::new();
    for _ in 0..OF_ADDRESS_MAX + 3 {
        streams.push(TcpStream::connect(world.address).await.unwrap());
    }
    until(|| world.metrics.connections(Connection::OverShare) == 3).await;
    assert_eq!(world.metrics.connections(Connection::Accepted), OF_ADDRESS_MAX as u64);
    // Those that found no room are closed; the others go on, and give their room back.
    let mut nothing = [0; 1];
    assert_eq!(streams.last_mut().unwrap().read(&mut nothing).await.unwrap_or(0), 0);
    streams[0].write_all(format!("{JOIN}\n").as_bytes()).await.unwrap();
    until(|| world.kept.taken() == 1).await;
    drop(streams);
    until(|| world.metrics.open.get() == 0).await;
    const { assert!(OF_ADDRESS_MAX < CONNECTIONS_MAX) };
}

#[tokio::test]
async fn a_stream_waits_until_its_lines_can_be_written_and_a_datagram_does_not() {
    let world = world(true).await;
    world.kept.is_busy.store(true, Ordering::Relaxed);
    world.udp.send(JOIN.as_bytes()).await.unwrap();
    until(|| world.metrics.get(Outcome::Refused) == 1).await;
    world.kept.refused.store(false, Ordering::Relaxed);
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(format!("{JOIN}\n").as_bytes()).await.unwrap();
    until(|| world.kept.refused.load(Ordering::Relaxed)).await;
    assert_eq!(world.kept.taken(), 0);
    world.kept.is_busy.store(false, Ordering::Relaxed);
    until(|| world.kept.taken() == 1).await;
    assert_eq!(world.metrics.get(Outcome::Refused), 1);
}
