//! SIGKILL at any moment loses nothing.
//!
//! Senders repeat what is not acknowledged, the server is killed again and again at chance
//! moments and in each phase of its work, and at the end the receiver's ledger must balance. Segments are small and snapshots
//! frequent, so that the kills also fall into sealing, snapshots and trimming.

use crate::phases::Phase;
use crate::process::{World, accounting, request, until_answered, within_patience};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const KILLS: u32 = 12;
/// So many kills must have hit every phase.
const MANY: u32 = 100;
const HARSH: [&str; 6] =
    ["--snapshot-secs", "1", "--segment-bytes", "65536", "--input-bytes-max", "262144"];

/// How many times to kill: `FOGHORN_KILLS`, for longer runs.
fn kills() -> u32 {
    std::env::var("FOGHORN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS)
}

#[test]
fn the_ledger_balances_after_many_kills() {
    let mut world = World::new();
    world.listen();
    world.serve(&HARSH);
    world.device("5c5b35000001", "AP");
    world.webhook(&["device-events", "nac-accounting"]);

    let stop = Arc::new(AtomicBool::new(false));
    let acked: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let tried: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let mut senders = Vec::new();
    for sender in 0..3 {
        let (api, token, site) = (world.api, world.token.clone(), world.site.clone());
        let (stop, acked, tried) = (Arc::clone(&stop), Arc::clone(&acked), Arc::clone(&tried));
        senders.push(std::thread::spawn(move || {
            let path = format!("sites/{site}/telemetry");
            for batch in 0.. {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let names: Vec<String> =
                    (0..5).map(|line| format!("h{sender}-{:06}", batch * 5 + line)).collect();
                tried.lock().unwrap().extend(names.iter().cloned());
                let line = |name: &String| {
                    let line = json!({
                        "kind": "device-event", "mac": "5c5b35000001", "type": "AP_CONFIGURED",
                        "text": name, "id": name,
                    });
                    format!("{line}\n")
                };
                let body: String = names.iter().map(line).collect();
                // What is not acknowledged is sent again, with the same ids, until it is.
                let taken = || {
                    let answer = request(api, &token, "POST", &path, &[], body.as_bytes());
                    answer.is_ok_and(|(status, answer)| status == 200 && answer["accepted"] == 5)
                };
                while !taken() {
                    std::thread::yield_now();
                }
                acked.lock().unwrap().extend(names);
            }
        }));
    }
    let (radius, ending) = (world.radius, Arc::clone(&stop));
    let (heard, said) = (Arc::clone(&acked), Arc::clone(&tried));
    senders.push(std::thread::spawn(move || {
        for number in 0_u32.. {
            if ending.load(Ordering::Acquire) {
                return;
            }
            let session = format!("r-{number:06}");
            said.lock().unwrap().insert(session.clone());
            let packet = accounting((number % 256) as u8, 1, &session, "testing123");
            if until_answered(radius, &packet, || false) {
                heard.lock().unwrap().insert(session);
            }
        }
    }));

    world.server.as_mut().unwrap().kill();
    let mut landed: BTreeMap<Phase, u32> = BTreeMap::new();
    for kill in 0..kills() {
        // One after the other is aimed at each phase, and one at none.
        let aim = Phase::ALL.get(kill as usize % (Phase::ALL.len() + 1)).copied();
        let server = world.serve_aimed(&HARSH, aim);
        // Chance, but the same every time; who aims has some patience.
        let wait = if aim.is_some() { 1_500 } else { 20 + (u64::from(kill) * 7919) % 400 };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(wait) && !server.is_over() {
            std::thread::sleep(Duration::from_millis(1));
        }
        for phase in server.kill() {
            *landed.entry(phase).or_default() += 1;
        }
    }
    world.serve(&HARSH);
    eprintln!("{} kills landed in {landed:?} (several may be under way at once)", kills());
    let everywhere = Phase::ALL.iter().all(|phase| landed.contains_key(phase));
    assert!(everywhere || kills() < MANY, "a phase was never hit: {landed:?}");
    stop.store(true, Ordering::Release);
    senders.into_iter().for_each(|sender| sender.join().unwrap());

    let acked = acked.lock().unwrap().clone();
    assert!(acked.len() > 100, "only {} records were acknowledged", acked.len());
    let mut missing = Vec::new();
    let everything = || {
        let arrived = names(&world.ledger());
        missing = acked.iter().filter(|name| !arrived.contains_key(*name)).cloned().collect();
        missing.is_empty()
    };
    if !within_patience(everything) {
        let kept = world.directory.keep();
        panic!("{} of {} never came: {missing:?} ({})", missing.len(), acked.len(), kept.display());
    }
    assert!(world.server.as_mut().unwrap().terminate(), "{}", world.log());
    let ledger = world.ledger();
    let balance = || check(&ledger, &tried.lock().unwrap());
    if let Err(failure) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(balance)) {
        eprintln!("what is left of it: {}", world.directory.keep().display());
        std::panic::resume_unwind(failure);
    }
    let log = world.log();
    assert!(!log.contains("ERROR"), "{log}");
}

/// What arrived, and in how many events that are not repetitions.
fn names(ledger: &[Value]) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for post in ledger {
        if !seen.insert(post["id"].as_str().unwrap().to_owned()) {
            continue;
        }
        for event in post["events"].as_array().unwrap() {
            let name = event["text"].as_str().or_else(|| event["session_id"].as_str());
            *names.entry(name.unwrap_or("other").to_owned()).or_insert(0) += 1;
        }
    }
    names
}

fn check(ledger: &[Value], tried: &BTreeSet<String>) {
    let arrived = names(ledger);
    for (name, count) in arrived.iter().filter(|(name, _)| *name != "other") {
        assert!(tried.contains(name), "{name} was never sent");
        let posts = ledger.iter().filter(|post| post["events"].to_string().contains(name));
        assert_eq!(*count, 1, "{name} became {count} events: {:#?}", posts.collect::<Vec<_>>());
    }
    let mut lanes: BTreeMap<&str, BTreeMap<u64, &Value>> = BTreeMap::new();
    for post in ledger {
        let signatures = post["signatures"].as_array().unwrap();
        assert!(signatures.iter().all(|it| it == "valid"), "{post}");
        let lane = lanes.entry(post["lane"].as_str().unwrap()).or_default();
        let before = lane.insert(record(&post["first"]), post);
        if let Some(before) = before {
            assert_eq!(before["id"], post["id"], "an open batch was cut differently");
            assert_eq!(before["sha256"], post["sha256"], "one id, two bodies");
        }
    }
    for (lane, posts) in &lanes {
        let mut last = Value::Null;
        let mut order: BTreeMap<String, String> = BTreeMap::new();
        for post in posts.values() {
            assert_eq!(post["previous"], last, "{lane}: a hole before {}", post["first"]);
            last = post["last"].clone();
            for event in post["events"].as_array().unwrap() {
                let Some(name) = event["text"].as_str() else { continue };
                let sender = name.split('-').next().unwrap().to_owned();
                let before = order.insert(sender, name.to_owned());
                assert!(before.as_deref() < Some(name), "{lane}: {name} after {before:?}");
            }
        }
    }
    assert_eq!(lanes.len(), 2, "{:?}", lanes.keys());
}

fn record(key: &Value) -> u64 {
    key.as_str().unwrap().split('-').nth(2).unwrap().parse().unwrap()
}
