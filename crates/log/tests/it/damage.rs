use crate::{OPTIONS, blocks, frame, open};
use foghorn_log::{Log, LogError, SegmentLog, SegmentOptions, SimStorage};
use std::sync::Arc;

/// Some sealed segments and one that is being written.
fn written() -> SimStorage {
    let storage = SimStorage::new();
    let log = open(&storage).log;
    for record in 1..=12 {
        log.append_sync(&frame(3, record, record, 1000)).unwrap();
    }
    storage.kill();
    storage
}

fn segments(storage: &SimStorage) -> Vec<String> {
    storage.files().into_keys().filter(|name| name.ends_with(".seg")).collect()
}

fn refusal(storage: &SimStorage) -> String {
    let opened = SegmentLog::open(Arc::new(storage.clone()), "log", OPTIONS);
    match opened {
        Err(LogError::Damaged(damage)) => damage.to_string(),
        other => panic!("it opened: {other:?}"),
    }
}

fn accepted(storage: &SimStorage) -> SegmentLog {
    let options = SegmentOptions { accept_data_loss: true, ..OPTIONS };
    SegmentLog::open(Arc::new(storage.clone()), "log", options).unwrap().log
}

#[test]
fn a_tail_cut_at_any_byte_is_dropped() {
    let whole = written();
    let last = segments(&whole).pop().unwrap();
    let bytes = whole.files()[&last].clone();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let kept = blocks(&open(&whole).log, 3).len();
    // The last frame was never acknowledged, as far as anybody else can tell.
    for cut in (end - 1000..end).step_by(41) {
        let storage = written();
        storage.damage(&last, |bytes| bytes[cut..].fill(0));
        let opened = open(&storage);
        let found = blocks(&opened.log, 3).len();
        assert!(found == kept || found + 1 == kept, "cut at {cut}: {found} blocks");
        opened.log.append_sync(&frame(3, 20, 20, 10)).unwrap();
    }
}

#[test]
fn a_flipped_byte_anywhere_in_what_was_synced_is_found() {
    let whole = written();
    for name in segments(&whole) {
        let bytes = whole.files()[&name].clone();
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        for at in (0..end).step_by(331) {
            let storage = written();
            storage.damage(&name, |bytes| bytes[at] ^= 0x20);
            let opened = SegmentLog::open(Arc::new(storage.clone()), "log", OPTIONS);
            let named = match opened {
                Err(LogError::Damaged(damage)) => damage.to_string().contains(&name),
                Err(other) => panic!("{name} at {at}: {other}"),
                Ok(opened) => {
                    let report = opened.log.verify().unwrap();
                    let padding = bytes[at] == 0;
                    padding || report.damage.iter().any(|it| it.file == name)
                }
            };
            assert!(named, "{name}: a flipped byte at {at} was passed over");
        }
    }
}

#[test]
fn damage_says_where_it_is_and_which_records_it_takes() {
    let storage = written();
    let last = segments(&storage).pop().unwrap();
    storage.damage(&last, |bytes| bytes[560 + 56 + 40 + 10] ^= 1);
    let said = refusal(&storage);
    assert!(said.contains(&last) && said.contains("partition 3 records"), "{said}");
    let log = accepted(&storage);
    let found = blocks(&log, 3);
    assert!(!found.is_empty() && found.len() < 12);
    assert!(!log.passed_over().is_empty());
}

#[test]
fn a_missing_segment_is_missed() {
    let storage = written();
    let names = segments(&storage);
    assert!(names.len() >= 3);
    use foghorn_log::Storage;
    storage.remove(&names[1]).unwrap();
    assert!(refusal(&storage).contains("frames are missing"));
    assert!(blocks(&accepted(&storage), 3).len() < 12);
}

#[test]
fn a_log_that_was_closed_must_be_whole() {
    let storage = SimStorage::new();
    let log = open(&storage).log;
    log.append(&frame(1, 1, 1, 10)).unwrap();
    log.close().unwrap();
    assert!(matches!(log.append(&frame(1, 2, 2, 10)), Err(LogError::Closed)));
    assert!(open(&storage).clean);
    let last = segments(&storage).pop().unwrap();
    use foghorn_log::Storage;
    storage.remove(&last).unwrap();
    assert!(refusal(&storage).contains("missing"));
}
