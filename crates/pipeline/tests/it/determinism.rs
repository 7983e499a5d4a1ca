//! The same records give the same bytes: folded again, cut into other frames, and restored from
//! a snapshot at every record.

use crate::world::{START, Stores, ap, configuration, partition, telemetry};
use foghorn_engine::{Engine, Output};
use foghorn_model::time::Micros;
use foghorn_model::{Record, RecordBody};

const RECORDS: u64 = 2000;

/// Some of everything: devices, clients, sessions of a NAS, outages, ticks, a takeover.
fn journal() -> Vec<Record<'static>> {
    let mut records = vec![configuration()];
    let mut now = START;
    let mut bits = 7_u64;
    let mut chance = |max: u64| {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (bits >> 33) % max
    };
    while records.len() < RECORDS as usize {
        now = now + Micros(i64::try_from(chance(40_000_000)).unwrap());
        let (ap, who) = (ap(chance(3)), chance(6));
        let line = match chance(12) {
            0 => format!(r#"{{"kind":"device-heartbeat","mac":"{ap}"}}"#),
            1 => format!(r#"{{"kind":"device-disconnected","mac":"{ap}"}}"#),
            2 => format!(r#"{{"kind":"device-restarted","mac":"{ap}"}}"#),
            3..=5 => format!(
                r#"{{"kind":"client-associated","mac":"70ef0000000{who}","ap":"{ap}","bssid":"{ap}","ssid":"Maui"}}"#
            ),
            6 => format!(r#"{{"kind":"client-seen","mac":"70ef0000000{who}","rssi":-60}}"#),
            7 => format!(r#"{{"kind":"client-disassociated","mac":"70ef0000000{who}"}}"#),
            8 | 9 => format!(
                r#"{{"kind":"accounting","status":"{}","nas_ip":"10.0.0.1","session_id":"s{who}","session_time":{}}}"#,
                ["start", "update", "stop"][chance(3) as usize],
                records.len()
            ),
            10 => r#"{"kind":"accounting","status":"on","nas_ip":"10.0.0.1"}"#.into(),
            _ => {
                let body = match chance(8) {
                    0 => {
                        let since = now;
                        now = now + Micros::from_secs(600);
                        RecordBody::Resumed { since }
                    }
                    _ => RecordBody::Tick,
                };
                records.push(Record { received_at: now, catalog_seq: 1, site: None, body });
                continue;
            }
        };
        records.push(telemetry(now, line));
    }
    records
}

/// The events and the last state of a fold; `restored` tells before which records the engine is
/// replaced by one that its snapshot made.
fn fold(records: &[Record<'_>], restored: impl Fn(u64) -> bool) -> (Vec<u8>, Vec<u8>) {
    let mut engine = Engine::new(partition());
    let mut out = Output::default();
    for (number, record) in (1..).zip(records) {
        if restored(number) {
            engine = Engine::restore(partition(), &engine.snapshot()).unwrap();
        }
        engine.fold(number, record, &mut out);
    }
    (out.record.body, engine.snapshot())
}

#[test]
fn a_snapshot_at_any_record_changes_no_byte() {
    let records = journal();
    let (events, state) = fold(&records, |_| false);
    assert!(events.len() > 100_000, "{} bytes of events", events.len());
    assert_eq!(fold(&records, |_| false), (events.clone(), state.clone()), "folded again");
    assert_eq!(fold(&records, |_| true), (events.clone(), state.clone()), "at every record");
    // At one record alone, for every record: what is derived later must not depend on it.
    let mut engine = Engine::new(partition());
    let mut out = Output::default();
    for (number, record) in (1..).zip(&records) {
        engine.fold(number, record, &mut out);
        let restored = Engine::restore(partition(), &engine.snapshot()).unwrap();
        assert_eq!(restored.snapshot(), engine.snapshot(), "record {number}");
        assert_eq!(
            restored.next_deadline().is_some(),
            engine.next_deadline().is_some(),
            "record {number}: a deadline was lost or invented"
        );
    }
    for cut in (1..RECORDS).step_by(97) {
        assert_eq!(fold(&records, |number| number == cut), (events.clone(), state.clone()));
    }
}

#[test]
fn other_frames_change_no_byte() {
    let records = journal();
    let cut = |size: usize| {
        let stores = Stores::new();
        let mut worker = stores.worker();
        let (mut body, mut first) = (Vec::new(), 1);
        for records in records.chunks(size) {
            let mut block = Vec::new();
            records.iter().for_each(|record| record.encode(&mut block));
            worker.fold(first, &block).unwrap();
            let folded = worker.take(first);
            first = folded.last + 1;
            body.extend_from_slice(&folded.record.body);
        }
        assert_eq!(worker.last(), RECORDS);
        (body, worker.snapshot().unwrap().state)
    };
    let whole = cut(records.len());
    for size in [1, 2, 7, 100, 1999] {
        assert_eq!(cut(size), whole, "frames of {size} records");
    }
    assert_eq!(fold(&records, |_| false), whole);
}
