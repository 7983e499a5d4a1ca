//! What is damaged or missing is named, and not gone past in silence.

use crate::process::{World, foghorn, until};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A server that took some records and was killed.
fn killed() -> World {
    let mut world = World::new();
    world.serve(&[]);
    world.device("5c5b35000001", "AP");
    for number in 0..20 {
        let line = json!({
            "kind": "device-event", "mac": "5c5b35000001", "type": "AP_CONFIGURED",
            "text": format!("n{number}"),
        });
        world.telemetry(&line.to_string());
    }
    let last = b"\"text\":\"n19\"";
    until("the last event", || {
        segments(&world, "events-record").first().is_some_and(|segment| {
            let stored = std::fs::read(segment).unwrap();
            stored.windows(last.len()).any(|it| it == last)
        })
    });
    world.server.as_mut().unwrap().kill();
    world
}

fn segment(world: &World, log: &str) -> PathBuf {
    segments(world, log).remove(0)
}

fn segments(world: &World, log: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(world.path("data").join(log))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "seg"))
        .collect();
    files.sort();
    files
}

fn change(path: &PathBuf, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

/// Starts the server, which must refuse, and gives what it said.
fn refusal(world: &mut World) -> String {
    let data = world.path("data");
    let said = foghorn(&["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert!(!said.status.success(), "it started");
    String::from_utf8(said.stderr).unwrap()
}

#[test]
fn an_unfinished_write_at_the_end_is_dropped() {
    let mut world = killed();
    // A frame that was begun: its first bytes, then zeros.
    for log in ["inputs", "events-record"] {
        change(&segment(&world, log), |bytes| {
            let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
            let end = end.next_multiple_of(8);
            bytes.truncate(end);
            bytes.extend_from_slice(b"FRM1\x01\0\x01\0");
            bytes.resize(end + 4096, 0);
        });
    }
    world.serve(&[]);
    until("recovery", || world.request("GET", "self", &[], b"").0 == 200);
    let dropped = world.log().matches("an unfinished write was dropped").count();
    assert_eq!(dropped, 2, "{}", world.log());
}

#[test]
fn a_flipped_byte_in_what_was_synced_is_found_and_named() {
    for (log, needle) in [("inputs", "\"text\":\"n7\""), ("events-record", "\"text\":\"n7\"")] {
        let mut world = killed();
        let path = segment(&world, log);
        let mut offset = 0;
        change(&path, |bytes| {
            offset = bytes.windows(needle.len()).position(|it| it == needle.as_bytes()).unwrap();
            bytes[offset + 9] ^= 1;
        });
        let said = refusal(&mut world);
        let file = path.file_name().unwrap().to_str().unwrap();
        assert!(said.contains(log) && said.contains(file), "{log}: {said}");
        assert!(said.contains("damaged at byte") && said.contains("records"), "{said}");
        let data = world.path("data");
        let listed = foghorn(&["inspect", "--data", data.to_str().unwrap()]);
        assert!(!listed.status.success());
        assert!(String::from_utf8(listed.stdout).unwrap().contains("DAMAGE"));
    }
}

#[test]
fn a_missing_log_is_missed() {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    world.webhook(&["audits"]);
    until("a delivery", || !world.ledger().is_empty());
    assert!(world.server.as_mut().unwrap().terminate());
    std::fs::remove_file(segment(&world, "inputs")).unwrap();
    let said = refusal(&mut world);
    assert!(said.contains("missing"), "{said}");
}

/// How many deliveries came, repetitions aside.
fn deliveries(world: &World) -> usize {
    let ids: BTreeSet<String> = world.ledger().iter().map(|post| post["id"].to_string()).collect();
    ids.len()
}

#[test]
fn a_log_that_is_gone_is_gone_on_without_when_that_is_accepted() {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    world.device("5c5b35000001", "AP");
    world.webhook(&["device-updowns"]);
    let connected = r#"{"kind":"device-connected","mac":"5c5b35000001"}"#;
    assert_eq!(world.telemetry(connected)["accepted"], 1);
    until("a delivery", || !world.ledger().is_empty());
    assert!(world.server.as_mut().unwrap().terminate());
    std::fs::remove_dir_all(world.path("data/inputs")).unwrap();
    let said = refusal(&mut world);
    assert!(said.contains("the input log ends at record 0"), "{said}");
    assert!(said.contains("are missing") && said.contains("--accept-data-loss"), "{said}");

    // The state of the last snapshot stands, and no number is given twice.
    world.serve(&["--accept-data-loss"]);
    let restarted = r#"{"kind":"device-restarted","mac":"5c5b35000001"}"#;
    assert_eq!(world.telemetry(restarted)["accepted"], 1);
    until("the delivery after the loss", || deliveries(&world) == 2);
    world.server.as_mut().unwrap().kill();
    // What was accepted once stands: no flag, and the loss is named.
    world.serve(&[]);
    until("the loss to be named", || world.log().contains("records are lost, which was accepted"));
    let disconnected = r#"{"kind":"device-disconnected","mac":"5c5b35000001"}"#;
    assert_eq!(world.telemetry(disconnected)["accepted"], 1);
    until("the delivery after the restart", || deliveries(&world) == 3);
    assert!(world.server.as_mut().unwrap().terminate());
    let data = world.path("data");
    let listed = foghorn(&["inspect", "--data", data.to_str().unwrap()]);
    assert!(String::from_utf8(listed.stdout).unwrap().contains("lost       partition"));
}

#[test]
fn a_truncated_snapshot_gives_way_to_the_log() {
    let mut world = World::new();
    world.serve(&[]);
    world.device("5c5b35000001", "AP");
    assert!(world.server.as_mut().unwrap().terminate());
    for file in std::fs::read_dir(world.path("data/snapshots")).unwrap() {
        change(&file.unwrap().path(), |bytes| bytes.truncate(bytes.len() / 2));
    }
    world.serve(&[]);
    until("the log", || world.log().contains("a snapshot does not verify"));
    let heartbeat = r#"{"kind":"device-heartbeat","mac":"5c5b35000001"}"#;
    assert_eq!(world.telemetry(heartbeat)["accepted"], 1);
}

#[test]
fn a_catalog_older_than_the_log_is_recognised() {
    let mut world = World::new();
    let (data, older) = (world.path("data/catalog.db"), world.path("older.db"));
    std::fs::copy(&data, &older).unwrap();
    world.serve(&[]);
    world.device("5c5b35000001", "AP");
    assert!(world.server.as_mut().unwrap().terminate());
    std::fs::copy(&older, &data).unwrap();
    let said = refusal(&mut world);
    assert!(said.contains("the catalog is older than the log"), "{said}");
}

#[test]
fn two_servers_do_not_share_a_directory() {
    let mut world = World::new();
    world.serve(&[]);
    let said = refusal(&mut world);
    assert!(said.contains("in use by another process"), "{said}");
}

#[test]
fn inspect_makes_nothing_where_nothing_is() {
    let world = World::new();
    let nowhere = world.path("nowhere");
    let said = foghorn(&["inspect", "--data", nowhere.to_str().unwrap()]);
    let stderr = String::from_utf8_lossy(&said.stderr);
    assert!(!said.status.success() && stderr.contains("is no data directory"), "{stderr}");
    assert!(!nowhere.exists());
}
