//! A load of which nothing may be lost, and the ledger of its receiver.

use crate::process::{World, accounting, request, until_answered, within_patience};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Senders that repeat what is not acknowledged.
pub struct Load {
    stop: Arc<AtomicBool>,
    acked: Arc<Mutex<BTreeSet<String>>>,
    tried: Arc<Mutex<BTreeSet<String>>>,
    senders: Vec<JoinHandle<()>>,
}

impl Load {
    /// Three senders of telemetry and one of RADIUS accounting, to a world with a device
    /// `5c5b35000001` and a webhook for `device-events` and `nac-accounting`. They rest for
    /// `pause` between requests, so that a long run has a ledger that can be read.
    pub fn start(world: &World, pause: Duration) -> Self {
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
                        answer
                            .is_ok_and(|(status, answer)| status == 200 && answer["accepted"] == 5)
                    };
                    while !taken() {
                        std::thread::yield_now();
                    }
                    std::thread::sleep(pause);
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
                std::thread::sleep(pause);
            }
        }));
        Self { stop, acked, tried, senders }
    }

    /// Stops sending, waits until everything has arrived, and balances the ledger. Returns how
    /// many records were acknowledged.
    pub fn balance(self, world: &mut World) -> usize {
        self.stop.store(true, Ordering::Release);
        self.senders.into_iter().for_each(|sender| sender.join().unwrap());
        let acked = self.acked.lock().unwrap().clone();
        let mut missing = acked.clone();
        let mut read = 0;
        // A backlog may be long: patience ends when nothing comes any more, not when it is late.
        while !missing.is_empty() {
            let more = || {
                let before = read;
                for post in world.ledger_from(&mut read) {
                    for name in named(&post) {
                        missing.remove(name);
                    }
                }
                read > before
            };
            if !within_patience(more) {
                let kept = world.keep();
                let (gone, all) = (missing.len(), acked.len());
                panic!("{gone} of {all} never came: {missing:?} ({kept})");
            }
        }
        assert!(world.server.as_mut().unwrap().terminate(), "{}", world.log());
        let ledger = world.ledger();
        let balance = || check(&ledger, &self.tried.lock().unwrap());
        if let Err(failure) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(balance)) {
            eprintln!("what is left of it: {}", world.keep());
            std::panic::resume_unwind(failure);
        }
        acked.len()
    }
}

/// What arrived, and in how many events that are not repetitions.
fn names(ledger: &[Value]) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for post in ledger {
        if !seen.insert(post["id"].as_str().unwrap().to_owned()) {
            continue;
        }
        for name in named(post) {
            *names.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    names
}

/// The names of a post's events.
fn named(post: &Value) -> impl Iterator<Item = &str> {
    post["events"].as_array().unwrap().iter().map(|event| {
        event["text"].as_str().or_else(|| event["session_id"].as_str()).unwrap_or("other")
    })
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
