//! Everything that reads bytes from outside, as targets for a fuzzer: no input may make one panic,
//! hang, or take memory out of proportion. Where a decoder has an encoder, what it reads it must
//! write the same again.
//!
//! The tests replay the corpus, and mutations of it by fixed chance, on any toolchain; a fuzzer
//! that is guided by coverage can call the same functions.

use bytes::Bytes;
use foghorn_dispatch::egress::headers::{Template, check_custom};
use foghorn_dispatch::egress::{AddressPolicy, check_url};
use foghorn_dispatch::lanes::{decode_open, encode_open};
use foghorn_dispatch::oauth2::answer::{TOKEN_BYTES_MAX, read_answer};
use foghorn_dispatch::schedule::RetryAfter;
use foghorn_engine::Engine;
use foghorn_ingest::http::{Encoding, decode_body, split_lines};
use foghorn_ingest::mist::{Signature, read_message};
use foghorn_ingest::openwifi::read_state;
use foghorn_ingest::radius::{Packet, decode};
use foghorn_ingest::syslog::directory::{Claim, Directory, DirectoryBuilder};
use foghorn_ingest::syslog::framing::{Frame, Framer, MESSAGE_BYTES_MAX};
use foghorn_ingest::syslog::{self, Said};
use foghorn_log::{
    LineFile, Log, RotatingFile, SegmentLog, SegmentOptions, SimStorage, SnapshotStore, Storage,
};
use foghorn_model::event::block::EventBlock;
use foghorn_model::record::Records;
use foghorn_model::telemetry::Telemetry;
use foghorn_model::{Device, DeviceType, EventKey, Mac, OrgId, Partition, SiteId, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

/// A target: its name, which is the folder of its corpus, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("telemetry", telemetry),
    ("lines", lines),
    ("gzip", gzip),
    ("zstd", zstd),
    ("radius", radius),
    ("syslog", syslog),
    ("openwifi", openwifi),
    ("mist", mist),
    ("mist_signature", mist_signature),
    ("records", records),
    ("events", events),
    ("segment", segment),
    ("snapshot", snapshot),
    ("state", state),
    ("sidecars", sidecars),
    ("open_batch", open_batch),
    ("url", url),
    ("headers", headers),
    ("retry_after", retry_after),
    ("token", token),
    ("keys", keys),
];

const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

/// A line of telemetry.
pub fn telemetry(data: &[u8]) {
    drop(Telemetry::parse(data));
}

/// A body of lines, as HTTP brings it.
pub fn lines(data: &[u8]) {
    let split = split_lines(data, NOW, &|_| Ok(()));
    let taken = split.lines.len() as u64 + split.rejected_count;
    assert!(taken <= data.len() as u64 + 1, "more lines than bytes");
}

/// A body under gzip.
pub fn gzip(data: &[u8]) {
    unpack(Encoding::Gzip, data);
}

/// A body under zstd.
pub fn zstd(data: &[u8]) {
    unpack(Encoding::Zstd, data);
}

fn unpack(encoding: Encoding, data: &[u8]) {
    if let Ok(body) = decode_body(encoding, Bytes::copy_from_slice(data)) {
        assert!(body.len() <= foghorn_ingest::http::BODY_BYTES_MAX, "{} bytes", body.len());
    }
}

/// A RADIUS datagram.
pub fn radius(data: &[u8]) {
    let Ok(packet) = Packet::parse(data) else { return };
    // Whether it verifies or not, it is read: only what verifies is acted on.
    let _verifies = packet.verify(b"testing123").is_ok();
    let source = std::net::Ipv4Addr::LOCALHOST.into();
    if let Some(decoded) = decode(&packet, source, NOW) {
        // Every protocol ends as a line that the fold can read.
        let mut line = Vec::new();
        decoded.accounting.write_line(Some("id"), decoded.time, &mut line);
        assert!(Telemetry::parse(&line).is_ok(), "{}", String::from_utf8_lossy(&line));
    }
}

/// A site with an AP, which is also the address that everything comes from.
static SENDERS: LazyLock<Directory> = LazyLock::new(|| {
    let (org, site) = (OrgId::from_bytes([1; 16]), SiteId::from_bytes([2; 16]));
    let loopback = IpAddr::from(std::net::Ipv4Addr::LOCALHOST);
    let claim =
        Claim { org, site, network: loopback.into(), relay: false, interfaces: BTreeMap::new() };
    let ap = Device {
        mac: Mac([0x5c, 0x5b, 0x35, 0, 0, 1]),
        org_id: org,
        site_id: Some(site),
        name: "Lobby".into(),
        device_type: DeviceType::Ap,
        model: String::new(),
        ip: Some(loopback),
    };
    DirectoryBuilder::new(1).claim(claim).device(&ap).build()
});

/// A stream of syslog, taken at once and byte by byte.
pub fn syslog(data: &[u8]) {
    let cut = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut framer, mut messages) = (Framer::new(), Vec::new());
        let mut take = |frame: Frame<'_>| {
            if let Frame::Message(message) = frame {
                assert!(message.len() <= MESSAGE_BYTES_MAX, "{} bytes", message.len());
                messages.push(message.to_vec());
            }
        };
        for piece in pieces {
            framer.push(piece, &mut take);
        }
        framer.finish(&mut take);
        messages
    };
    let messages = cut(&mut std::iter::once(data));
    assert_eq!(cut(&mut data.chunks(1)), messages, "how it comes changes nothing");
    for message in messages {
        let text = String::from_utf8_lossy(&message);
        let message = syslog::Message::parse(&text, NOW);
        let source = std::net::Ipv4Addr::LOCALHOST.into();
        let route = SENDERS.route(None, source, message.host).expect("loopback is claimed");
        if let Said::Lines(lines) = syslog::read(&message, &route).said {
            // Every protocol ends as a line that the fold can read.
            for line in lines {
                assert!(Telemetry::parse(&line).is_ok(), "{}", String::from_utf8_lossy(&line));
            }
        }
    }
}

/// The state of an OpenWiFi AP.
pub fn openwifi(data: &[u8]) {
    if let Ok(state) = read_state(data, Some(Mac([0x5c, 0x5b, 0x35, 0, 0, 1])), NOW) {
        // Every protocol ends as a line that the fold can read, and that fits in a record.
        assert!(Telemetry::parse(&state.line).is_ok(), "{}", String::from_utf8_lossy(&state.line));
        assert!(state.line.len() < foghorn_model::record::RECORD_BYTES_MAX / 4 * 3);
    }
}

/// A message of Mist's webhooks.
pub fn mist(data: &[u8]) {
    let Ok(message) = read_message(data) else { return };
    let text = std::str::from_utf8(data).expect("a message is text");
    for event in message.events {
        assert!(text.contains(event), "an event is not what stands in the message");
        let read: Result<&serde_json::value::RawValue, _> = serde_json::from_str(event);
        assert!(read.is_ok(), "{event}");
    }
}

/// The signature of one.
pub fn mist_signature(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for signature in [
        Signature::of_headers(Some(text), None, false),
        Signature::of_headers(None, Some(text), true),
    ] {
        // No chance makes a tag that verifies.
        assert!(signature.is_err() || signature.and_then(|it| it.verify("s", data)).is_err());
    }
}

/// The body of a block of the input log.
pub fn records(data: &[u8]) {
    let mut again = Vec::new();
    let mut whole = true;
    for record in Records::new(data) {
        match record {
            Ok(record) => record.encode(&mut again),
            Err(_) => whole = false,
        }
    }
    if whole {
        let read = Records::new(&again).count();
        assert_eq!(read, Records::new(data).count(), "what was read is written the same");
    }
}

/// The body of a block of an event log.
pub fn events(data: &[u8]) {
    EventBlock::new(Partition(7), data).take_while(Result::is_ok).for_each(drop);
}

/// A segment of a log, as the one that was being written.
pub fn segment(data: &[u8]) {
    let storage = SimStorage::new();
    let path = "log/00000000000000000001.seg";
    let file = storage.create(path).expect("in memory");
    file.write_at(0, data).expect("in memory");
    for accept_data_loss in [false, true] {
        let shared: Arc<dyn Storage> = Arc::new(storage.clone());
        let options = SegmentOptions { accept_data_loss, ..SegmentOptions::default() };
        if let Ok(opened) = SegmentLog::open(shared, "log", options) {
            for partition in 0..64 {
                drop(opened.log.read(partition, 0, 1 << 20));
            }
            drop(opened.log.verify());
        }
    }
}

/// A snapshot file.
pub fn snapshot(data: &[u8]) {
    let storage = SimStorage::new();
    let file = storage.create("snapshots/07-00000000000000000009.snap").expect("in memory");
    file.write_at(0, data).expect("in memory");
    let store = SnapshotStore::open(Arc::new(storage), "snapshots").expect("in memory");
    drop(store.load(7));
}

/// The state in a snapshot.
pub fn state(data: &[u8]) {
    if let Ok(engine) = Engine::restore(Partition(7), data) {
        let again = engine.snapshot();
        let engine = Engine::restore(Partition(7), &again).expect("what is written can be read");
        assert_eq!(engine.snapshot(), again);
    }
}

/// A skip list, and a file of open batches.
pub fn sidecars(data: &[u8]) {
    let storage = SimStorage::new();
    for path in ["skips", "open.0", "open.1"] {
        let file = storage.create(path).expect("in memory");
        file.write_at(0, data).expect("in memory");
    }
    drop(LineFile::open(&storage, "skips"));
    drop(RotatingFile::open(Arc::new(storage), "open"));
}

/// The record of an open batch.
pub fn open_batch(data: &[u8]) {
    if let Some((lane, open)) = decode_open(data) {
        let again = encode_open(&lane, &open);
        assert_eq!(decode_open(&again), Some((lane, open)));
    }
}

/// The URL of a webhook.
pub fn url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(destination) = check_url(text, &AddressPolicy::default()) {
        let host = destination.host().to_ascii_lowercase();
        let loopback =
            host == "localhost" || host.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback());
        assert!(!loopback, "{text} leads to this machine");
    }
}

/// The custom headers of a webhook: lines of `name: value`.
pub fn headers(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let pairs = text.split('\n').filter_map(|line| line.split_once(':'));
    let headers: BTreeMap<String, String> =
        pairs.map(|(name, value)| (name.into(), value.into())).collect();
    if check_custom(&headers).is_ok() {
        let sum: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(sum < 1000, "{sum} bytes of headers");
        assert!(Template::new("Mist-webhook", &headers).is_ok(), "what is saved can be sent");
    }
}

/// The answer of a token endpoint: two bytes of status, then the body.
pub fn token(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk::<2>() else { return };
    let status = u16::from_be_bytes(*status);
    match read_answer(status, body, true) {
        Ok(granted) => {
            assert!(granted.bearer.len() <= "Bearer ".len() + TOKEN_BYTES_MAX);
            assert!(granted.lifetime.0 >= 0, "{:?}", granted.lifetime);
        }
        // What it answers is not repeated.
        Err(error) => assert!(error.to_string().len() < 100, "{error}"),
    }
}

/// A `Retry-After`.
pub fn retry_after(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(asked) = RetryAfter::parse(text) {
        let wait = asked.bounded(NOW).0;
        assert!((1_000_000..=300_000_000).contains(&wait), "{text} waits {wait} us");
    }
}

/// Event keys and MAC addresses, as they stand in headers and lines.
pub fn keys(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = text.parse::<EventKey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    if let Ok(mac) = text.parse::<Mac>() {
        assert_eq!(mac.to_string().parse(), Ok(mac));
    }
}
