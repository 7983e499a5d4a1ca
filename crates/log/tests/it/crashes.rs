use crate::{OPTIONS, blocks, frame, open};
use foghorn_log::{Frame, Log, LogError, SegmentLog, SegmentOptions, SimFaults, SimStorage};
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Debug, Clone)]
enum Step {
    Append(u8, usize),
    Sync,
    Crash(u64),
    Kill,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0u8..3, 0usize..1500).prop_map(|(partition, size)| Step::Append(partition, size)),
        3 => Just(Step::Sync),
        1 => any::<u64>().prop_map(Step::Crash),
        1 => Just(Step::Kill),
        1 => Just(Step::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever was synced is there, byte for byte; whatever else is there was written, in order
    /// and without a hole.
    #[test]
    fn what_was_synced_survives_any_crash(
        steps in proptest::collection::vec(step(), 1..60),
        room_in_advance: bool,
    ) {
        let options = SegmentOptions { room_in_advance, ..OPTIONS };
        let storage = SimStorage::new();
        let open = || SegmentLog::open(Arc::new(storage.clone()), "log", options);
        let mut log = open().unwrap().log;
        let mut written: [Vec<(u64, usize)>; 3] = Default::default();
        let mut synced = [0_usize; 3];
        for step in steps {
            match step {
                Step::Append(partition, size) => {
                    let next = log.reach(partition) + 1;
                    let mark = log.last_frame();
                    log.append(&Frame { mark, ..frame(partition, next, next + 2, size) }).unwrap();
                    written[usize::from(partition)].push((next, size));
                }
                Step::Sync => {
                    log.sync().unwrap();
                    synced = std::array::from_fn(|at| written[at].len());
                }
                Step::Crash(seed) => storage.crash(seed),
                Step::Kill => {
                    storage.kill();
                    synced = std::array::from_fn(|at| written[at].len());
                }
                Step::Close => {
                    log.close().unwrap();
                    synced = std::array::from_fn(|at| written[at].len());
                }
            }
            if !matches!(step, Step::Append(..) | Step::Sync) {
                let opened = open();
                prop_assert!(opened.is_ok(), "{opened:?}");
                log = opened.unwrap().log;
                for partition in 0..3_u8 {
                    let at = usize::from(partition);
                    let found = blocks(&log, partition);
                    prop_assert!(found.len() >= synced[at], "synced blocks are gone");
                    prop_assert!(found.len() <= written[at].len(), "blocks were invented");
                    for (block, (first, size)) in found.iter().zip(&written[at]) {
                        let wanted = frame(partition, *first, first + 2, *size);
                        prop_assert_eq!(block, &wanted.blocks[0]);
                    }
                    written[at].truncate(found.len());
                    synced[at] = found.len();
                    prop_assert_eq!(log.reach(partition), found.last().map_or(0, |it| it.last));
                }
            }
        }
    }
}

#[test]
fn a_failed_sync_fences_the_log() {
    let storage = SimStorage::new();
    let log = open(&storage).log;
    log.append(&frame(1, 1, 1, 10)).unwrap();
    storage.set_faults(SimFaults { fail_sync: true, ..SimFaults::default() });
    assert!(matches!(log.sync(), Err(LogError::SyncFailed { .. })));
    assert!(matches!(log.sync(), Err(LogError::Fenced { .. })), "a sync was tried again");
    assert!(matches!(log.append(&frame(1, 2, 2, 10)), Err(LogError::Fenced { .. })));
    assert_eq!(log.synced_reach(1), 0);
}

#[test]
fn a_write_that_breaks_off_fences_the_log_and_is_dropped_at_the_next_start() {
    let storage = SimStorage::new();
    let log = open(&storage).log;
    log.append_sync(&frame(1, 1, 1, 10)).unwrap();
    storage.set_faults(SimFaults { fail_write: true, ..SimFaults::default() });
    assert!(matches!(log.append(&frame(1, 2, 2, 10)), Err(LogError::SyncFailed { .. })));
    assert!(matches!(log.append(&frame(1, 2, 2, 10)), Err(LogError::Fenced { .. })));
    storage.kill();
    let opened = open(&storage);
    assert!(opened.torn_bytes > 0);
    assert_eq!(blocks(&opened.log, 1).len(), 1);
}

#[test]
fn a_full_disk_takes_the_frame_back_and_the_log_goes_on() {
    let storage = SimStorage::new();
    let log = open(&storage).log;
    log.append_sync(&frame(1, 1, 1, 10)).unwrap();
    storage.set_faults(SimFaults { room: Some(0), ..SimFaults::default() });
    // The room made in advance is used up first.
    let mut next = 2;
    let full = loop {
        match log.append(&frame(1, next, next, 100_000)) {
            Ok(_) => next += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, LogError::Full { .. }), "{full}");
    assert_eq!(log.reach(1), next - 1);
    storage.set_faults(SimFaults::default());
    log.append_sync(&frame(1, next, next, 10)).unwrap();
    storage.kill();
    let log = open(&storage).log;
    assert_eq!(blocks(&log, 1).len() as u64, next);
}

#[test]
fn blocks_come_in_order_or_not_at_all() {
    let storage = SimStorage::new();
    let log = open(&storage).log;
    log.append(&frame(1, 5, 9, 10)).unwrap();
    assert!(matches!(log.append(&frame(1, 9, 12, 10)), Err(LogError::Order { reach: 9, .. })));
    let back = foghorn_log::Frame { mark: 0, ..frame(1, 10, 10, 10) };
    assert!(matches!(log.append(&back), Err(LogError::Invalid { .. })));
    assert_eq!(log.reach(1), 9);
}

/// A segment that is sealed while somebody reads must not be passed over.
#[test]
fn a_reader_misses_nothing_while_segments_are_sealed() {
    use foghorn_log::Reader;
    let storage = SimStorage::new();
    let log = open(&storage).log;
    const RECORDS: u64 = 3000;
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for record in 1..=RECORDS {
                log.append(&frame(1, record, record, 300)).unwrap();
            }
        });
        let mut reader = Reader::new(&log, 1, 1);
        let mut next = 1;
        while next <= RECORDS {
            if let Some(block) = reader.next_block().unwrap() {
                assert_eq!(block.first, next, "a block was passed over");
                next = block.last + 1;
            }
        }
    });
}
