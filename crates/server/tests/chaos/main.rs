//! A long run of the real binary under load, while everything around it fails: SIGKILL aimed at
//! each phase of its work and at chance moments, SIGSTOP, a receiver that is gone, a disk that is
//! full or read-only, a clock that is set. At the end the ledger must balance. The clock of the
//! machine is not ours to set, so the server is shown another one, where libfaketime is there.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../it/clock.rs"]
#[expect(dead_code, reason = "shared with the tests of the binary")]
mod clock;
#[path = "../it/ledger.rs"]
mod ledger;
mod mount;
#[path = "../it/phases.rs"]
mod phases;
#[path = "../it/process.rs"]
#[expect(dead_code, reason = "shared with the tests of the binary")]
mod process;

use clock::FakeClock;
use ledger::Load;
use mount::Mount;
use phases::Phase;
use process::{World, foghorn};
use std::collections::BTreeMap;
use std::time::Duration;

/// Few, for every change; a long run says how many it wants.
const KILLS: u32 = 25;
/// So many must hit every phase.
const MANY: u32 = 1000;
/// Seconds from the true time, one after the other: the clock jumps ahead, back, and before that.
/// None is as long as an id is remembered, since what is sent again after that counts again, nor as
/// far from the true time as a receiver takes a signature to be stale.
const CLOCK_STEPS: [i64; 5] = [240, 0, -240, 120, 0];
/// Between the requests of a sender.
const PAUSE: Duration = Duration::from_millis(15);
const HARSH: [&str; 10] = [
    "--snapshot-secs",
    "1",
    "--segment-bytes",
    "65536",
    "--input-bytes-max",
    "262144",
    "--event-bytes-max",
    "100000000",
    "--free-bytes-min",
    "4000000",
];

#[test]
fn the_ledger_balances_after_everything() {
    let kills = std::env::var("FOGHORN_KILLS").ok().and_then(|text| text.parse().ok());
    let kills: u32 = kills.unwrap_or(KILLS);
    // Something else than a kill happens after so many: each of it once at least.
    let every = (kills / 5).clamp(1, 25);
    let directory = tempfile::tempdir().unwrap();
    // A small file system of its own, where the machine allows it.
    let mount = Mount::new(directory.path());
    let mut clock = FakeClock::find(directory.path(), "the clock is not set");
    let mut world = World::in_directory(directory);
    world.listen();
    world.serve(&HARSH);
    world.device("5c5b35000001", "AP");
    world.webhook(&["device-events", "nac-accounting"]);
    let load = Load::start(&world, PAUSE);
    world.server.as_mut().unwrap().kill();

    let mut landed: BTreeMap<Phase, u32> = BTreeMap::new();
    let mut others: BTreeMap<&str, u32> = BTreeMap::new();
    for kill in 0..kills {
        if kill % every == every - 1 {
            let what = other(&mut world, mount.as_ref(), clock.as_mut(), kill / every);
            *others.entry(what).or_default() += 1;
        }
        for phase in world.serve_and_kill(&HARSH, kill) {
            *landed.entry(phase).or_default() += 1;
        }
    }
    world.serve(&HARSH);
    let acknowledged = load.balance(&mut world);
    eprintln!("{kills} kills landed in {landed:?} (several may be under way at once)");
    eprintln!("beside them: {others:?}; {acknowledged} records acknowledged, none lost");
    let everywhere = Phase::ALL.iter().all(|phase| landed.contains_key(phase));
    assert!(everywhere || kills < MANY, "a phase was never hit: {landed:?}");
}

/// One of the other things that go wrong.
fn other(
    world: &mut World,
    mount: Option<&Mount>,
    clock: Option<&mut FakeClock>,
    number: u32,
) -> &'static str {
    if let (4, Some(clock)) = (number % 5, clock) {
        clock.set(0);
        world.serve_with(&HARSH, &clock.variables());
        for ahead in CLOCK_STEPS {
            clock.set(ahead);
            std::thread::sleep(Duration::from_secs(2));
        }
        drop(world.server.take());
        return "clock set to and fro";
    }
    let what = match (number % 5, mount) {
        (1, _) => {
            world.serve(&HARSH);
            world.listener.as_mut().unwrap().kill();
            std::thread::sleep(Duration::from_secs(3));
            world.listen();
            "receiver gone for 3 s"
        }
        (2, Some(mount)) => {
            world.serve(&HARSH);
            mount.fill();
            std::thread::sleep(Duration::from_secs(8));
            mount.empty();
            "disk full for 8 s"
        }
        (3, Some(mount)) => {
            // A file system with files that are being written cannot be made read-only.
            mount.set_read_only(true);
            let data = world.path("data");
            let started = foghorn(&["serve", "--data", data.to_str().unwrap()]);
            mount.set_read_only(false);
            assert!(!started.status.success(), "it started on a disk that takes nothing");
            "start on a read-only disk"
        }
        _ => {
            world.serve(&HARSH);
            world.server.as_ref().unwrap().signal("-STOP");
            std::thread::sleep(Duration::from_secs(12));
            world.server.as_ref().unwrap().signal("-CONT");
            "stopped for 12 s"
        }
    };
    // It may have ended itself.
    drop(world.server.take());
    what
}
