use crate::{blocks, frame, open};
use foghorn_log::{Frame, Gap, Log, SimStorage, TrimMode, TrimPolicy};

fn log(storage: &SimStorage) -> foghorn_log::SegmentLog {
    let log = open(storage).log;
    for record in 1..=20 {
        log.append_sync(&frame(3, record, record, 1000)).unwrap();
    }
    log
}

#[test]
fn what_is_needed_stays_however_large_the_log_is() {
    let storage = SimStorage::new();
    let log = log(&storage);
    let policy = TrimPolicy { mode: TrimMode::Needed, bytes_max: 0, stamp_before: i64::MAX };
    let report = log.trim(&|_| 10, &policy).unwrap();
    assert!(report.segments > 0 && report.gaps.is_empty());
    let first = blocks(&log, 3)[0].first;
    assert!(first <= 10, "record {first} is the first, 10 was needed");
    assert_eq!(log.oldest(3), Some(first));
    drop(log);
    assert_eq!(blocks(&open(&storage).log, 3)[0].first, first);
}

#[test]
fn retention_wins_and_names_what_was_needed() {
    let storage = SimStorage::new();
    let log = log(&storage);
    let policy = TrimPolicy { mode: TrimMode::Retention, bytes_max: u64::MAX, stamp_before: 15 };
    let report = log.trim(&|_| 6, &policy).unwrap();
    let first = blocks(&log, 3)[0].first;
    let [Gap { partition: 3, first: 6, last, count }] = report.gaps[..] else {
        panic!("{report:?}")
    };
    assert_eq!((last, count), (first - 1, first - 6));
    assert_eq!(log.reach(3), 20);
}

#[test]
fn what_was_removed_is_not_forgotten() {
    let storage = SimStorage::new();
    let log = open(&storage).log;
    log.append_sync(&Frame { mark: 7, stamp: 70, ..frame(5, 1, 9, 1000) }).unwrap();
    let mut record = 0;
    while log.trim(&|_| u64::MAX, &everything()).unwrap().segments == 0 {
        record += 1;
        log.append_sync(&Frame { mark: 8, stamp: 80, ..frame(3, record, record, 1000) }).unwrap();
    }
    // Nothing of partition 5 is left, and one segment, which is not finished.
    assert_eq!((log.oldest(5), log.reach(5), log.removed_before(5)), (None, 9, 10));
    drop(log);
    let log = open(&storage).log;
    assert_eq!((log.oldest(5), log.reach(5), log.removed_before(5)), (None, 9, 10));
    assert_eq!((log.reach(3), log.mark(), log.stamp()), (record, 8, 80));
    assert_eq!(open(&SimStorage::new()).log.removed_before(5), 0);
}

/// Removes every segment that is finished.
fn everything() -> TrimPolicy {
    TrimPolicy { mode: TrimMode::Retention, bytes_max: 0, stamp_before: i64::MAX }
}
