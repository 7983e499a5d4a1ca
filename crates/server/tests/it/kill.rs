//! SIGKILL at any moment loses nothing.
//!
//! Senders repeat what is not acknowledged, the server is killed again and again at chance
//! moments and in each phase of its work, and at the end the receiver's ledger must balance. Segments are small and snapshots
//! frequent, so that the kills also fall into sealing, snapshots and trimming.

use crate::ledger::Load;
use crate::phases::Phase;
use crate::process::World;
use std::collections::BTreeMap;
use std::time::Duration;

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

    let load = Load::start(&world, Duration::ZERO);
    world.server.as_mut().unwrap().kill();
    let mut landed: BTreeMap<Phase, u32> = BTreeMap::new();
    for kill in 0..kills() {
        for phase in world.serve_and_kill(&HARSH, kill) {
            *landed.entry(phase).or_default() += 1;
        }
    }
    world.serve(&HARSH);
    eprintln!("{} kills landed in {landed:?} (several may be under way at once)", kills());
    let everywhere = Phase::ALL.iter().all(|phase| landed.contains_key(phase));
    assert!(everywhere || kills() < MANY, "a phase was never hit: {landed:?}");
    let acknowledged = load.balance(&mut world);
    assert!(acknowledged > 100, "only {acknowledged} records were acknowledged");
    let log = world.log();
    assert!(!log.contains("ERROR"), "{log}");
}
