use foghorn_log::{LineFile, LogError, RotatingFile, SimStorage, SnapshotStore, Storage};
use std::sync::Arc;

#[test]
fn the_two_newest_snapshots_are_kept_and_a_damaged_one_gives_way() {
    let storage = SimStorage::new();
    let store = SnapshotStore::open(Arc::new(storage.clone()), "snapshots").unwrap();
    for record in [10, 20, 30] {
        store.save(5, record, 1, format!("state at {record}").as_bytes()).unwrap();
    }
    storage.crash(1);
    let store = SnapshotStore::open(Arc::new(storage.clone()), "snapshots").unwrap();
    assert_eq!(store.second_newest(5), Some(20));
    let newest = storage.files().into_keys().last().unwrap();
    storage.damage(&newest, |bytes| bytes.truncate(50));
    let loaded = store.load(5).unwrap().unwrap();
    assert_eq!((loaded.record, loaded.bytes.as_slice()), (20, b"state at 20".as_slice()));
    assert_eq!(loaded.rejected.len(), 1);
    assert!(store.load(6).unwrap().is_none());
}

#[test]
fn a_flipped_bit_anywhere_in_a_snapshot_makes_the_one_before_do() {
    let storage = SimStorage::new();
    let store = SnapshotStore::open(Arc::new(storage.clone()), "snapshots").unwrap();
    for record in [10, 20] {
        store.save(5, record, 1, b"state").unwrap();
    }
    let newest = storage.files().into_keys().last().unwrap();
    for at in 0..storage.files()[&newest].len() {
        for bit in 0..8 {
            storage.damage(&newest, |bytes| bytes[at] ^= 1 << bit);
            assert_eq!(store.load(5).unwrap().unwrap().record, 10, "bit {bit} of byte {at}");
            storage.damage(&newest, |bytes| bytes[at] ^= 1 << bit);
        }
    }
    assert_eq!(store.load(5).unwrap().unwrap().record, 20);
}

#[test]
fn lines_survive_a_crash_and_a_changed_one_is_noticed() {
    let storage = SimStorage::new();
    let (mut file, lines) = LineFile::open(&storage, "lines").unwrap();
    assert!(lines.is_empty());
    file.append("one").unwrap();
    file.append("two words").unwrap();
    storage.crash(3);
    let (_, lines) = LineFile::open(&storage, "lines").unwrap();
    assert_eq!(lines, ["one", "two words"]);
    storage.damage("lines", |bytes| bytes.extend_from_slice(b"0000"));
    assert_eq!(LineFile::open(&storage, "lines").unwrap().1.len(), 2, "an unfinished line");
    storage.damage("lines", |bytes| bytes[10] ^= 1);
    assert!(matches!(LineFile::open(&storage, "lines"), Err(LogError::Damaged(_))));
}

#[test]
fn two_generations_outlive_the_process() {
    let storage = SimStorage::new();
    let open = || RotatingFile::open(Arc::new(storage.clone()), "open").unwrap();
    let (mut file, _) = open();
    for (generation, record) in [b"a", b"b", b"c"].into_iter().enumerate() {
        if generation > 0 {
            file.rotate().unwrap();
        }
        file.append(&[record]).unwrap();
    }
    storage.kill();
    assert_eq!(open().1, [b"b".to_vec(), b"c".to_vec()]);
    storage.kill();
    let again: std::collections::BTreeSet<Vec<u8>> = open().1.into_iter().collect();
    assert_eq!(again.into_iter().collect::<Vec<_>>(), [b"b".to_vec(), b"c".to_vec()]);
}

#[test]
fn a_line_file_that_a_killed_process_made_outlasts_the_power() {
    let storage = SimStorage::new();
    // The name and a first line are there, and neither was synced.
    let file = storage.create("skips").unwrap();
    let text = "skip 5 87";
    file.write_at(0, format!("{:08x} {text}\n", crc32c::crc32c(text.as_bytes())).as_bytes())
        .unwrap();
    let (mut lines, read) = LineFile::open(&storage, "skips").unwrap();
    assert_eq!(read, [text]);
    lines.append("skip 5 99").unwrap();
    for seed in 0..20 {
        storage.crash(seed);
        let (_, read) = LineFile::open(&storage, "skips").unwrap();
        assert_eq!(read, [text, "skip 5 99"], "seed {seed}");
    }
}
