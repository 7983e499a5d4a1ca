//! What a start, a stall and a full disk have to say goes before everything that moves a clock.

use crate::world::{NoChanges, START, Stores, ap, configuration, org, partition, site, telemetry};
use foghorn_model::record::{Records, Upgrade};
use foghorn_model::time::Micros;
use foghorn_model::{Partition, Record, RecordBody, SiteId, Timestamp};
use foghorn_pipeline::{Clockwork, Committer, Intake, IntakeLimits, Outbox, Step};
use std::sync::Arc;

struct World {
    stores: Stores,
    intake: Intake<u32>,
    committer: Committer,
    clockwork: Clockwork,
    due: Option<Timestamp>,
    now: Timestamp,
}

impl World {
    /// A start on a log that has a record.
    fn new(upgrade: Option<Upgrade>) -> Self {
        let stores = Stores::new();
        let mut body = Vec::new();
        configuration().encode(&mut body);
        let block = foghorn_log::Block {
            partition: partition().0,
            first: 1,
            last: 1,
            count: 1,
            tag: 0,
            bytes: body.into(),
        };
        let frame = foghorn_log::Frame { mark: 0, stamp: START.0, blocks: vec![block] };
        stores.input.append_sync(&frame).unwrap();
        let (input, interventions) = (Arc::clone(&stores.input), Arc::clone(&stores.interventions));
        let outbox = Arc::new(Outbox::new(|| {}));
        let committer = Committer::new(input, interventions, outbox, &NoChanges, false).unwrap();
        let now = START + Micros::from_secs(100);
        Self {
            stores,
            intake: Intake::new(IntakeLimits::default()),
            committer,
            clockwork: Clockwork::resumed(START, upgrade, (now, Micros(0))),
            due: None,
            now,
        }
    }

    fn say(&self, ack: u32) {
        self.say_at(site(), ack);
    }

    fn say_at(&self, site: SiteId, ack: u32) {
        let line = format!(r#"{{"kind":"device-heartbeat","mac":"{}"}}"#, ap(0));
        let Record { body: RecordBody::Telemetry(line), .. } = telemetry(self.now, line) else {
            panic!("no telemetry");
        };
        let lines = std::iter::once(&*line);
        self.intake.submit((org(), site), 0, lines, line.len(), self.now, ack).unwrap();
    }

    /// One turn of the committer after some seconds: what it wrote, a word a record.
    fn turn(&mut self, after_secs: i64) -> Vec<String> {
        self.now = self.now + Micros::from_secs(after_secs);
        let monotonic = Micros(self.now.since(START).0 - 100_000_000);
        let due = self.due;
        let due = |it| due.filter(|_| it == partition());
        let front = self.clockwork.turn(&self.intake, due, 0, self.now, monotonic);
        let step = self.committer.step(&self.intake, &NoChanges, &front, self.now).unwrap();
        match step {
            Step::Committed(committed) => {
                self.clockwork.committed();
                let records = committed.blocks.iter().flat_map(|block| Records::new(&block.body));
                records.map(|record| word(&record.unwrap())).collect()
            }
            Step::Idle => {
                self.clockwork.committed();
                Vec::new()
            }
            Step::Refused(acks) => {
                self.clockwork.refused(self.now);
                vec![format!("refused {acks:?}")]
            }
        }
    }
}

fn word(record: &Record<'_>) -> String {
    let at = |at: Timestamp| at.since(START).0 / 1_000_000;
    match &record.body {
        RecordBody::Telemetry(_) => format!("telemetry@{}", at(record.received_at)),
        RecordBody::Tick => format!("tick@{}", at(record.received_at)),
        RecordBody::Resumed { since } => format!("resumed since {}", at(*since)),
        RecordBody::InputGap(gap) => format!("gap {} to {}", at(gap.since), at(gap.until)),
        RecordBody::Upgrade(_) => "upgrade".into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_start_says_first_that_nobody_was_heard() {
    let mut world = World::new(Some(Upgrade { from: 0, to: 1 }));
    world.say(1);
    assert_eq!(world.turn(1), ["resumed since 0", "upgrade", "telemetry@100"]);
    world.say(2);
    assert_eq!(world.turn(1), ["telemetry@101"], "and only once");
}

#[test]
fn what_waited_through_a_stall_was_heard_before_it() {
    let mut world = World::new(None);
    world.turn(1);
    world.say(1);
    world.now = world.now + Micros::from_secs(600);
    world.say(2);
    let wrote = world.turn(0);
    assert_eq!(wrote, ["telemetry@101", "gap 101 to 701", "telemetry@701"]);
    assert_eq!(world.turn(1), [""; 0]);
}

#[test]
fn each_silence_of_a_stall_in_which_some_were_heard_is_told() {
    let mut world = World::new(None);
    world.turn(1);
    for (ack, after) in [(1, 2), (2, 160), (3, 1), (4, 200)] {
        world.now = world.now + Micros::from_secs(after);
        world.say(ack);
    }
    let gap = "gap 101 to 564";
    let [first, second] = ["telemetry@263", "telemetry@264"];
    let expected = ["telemetry@103", gap, first, second, gap, "telemetry@464", gap];
    assert_eq!(world.turn(100), expected);
    assert_eq!(world.turn(1), [""; 0]);
}

#[test]
fn a_partition_that_begins_in_a_stall_has_heard_what_came_before_it() {
    let mut world = World::new(None);
    world.turn(1);
    let elsewhere = SiteId::from_bytes([7; 16]);
    assert_ne!(Partition::of_site(elsewhere), partition());
    world.say_at(elsewhere, 1);
    world.now = world.now + Micros::from_secs(600);
    world.say_at(elsewhere, 2);
    let wrote = world.turn(0);
    let expected = ["telemetry@101", "gap 101 to 701", "telemetry@701", "gap 101 to 701"];
    assert_eq!(wrote, expected, "the last is of the partition that has lived");
}

#[test]
fn a_stall_before_the_first_turn_is_one_too() {
    let mut world = World::new(None);
    world.say(1);
    let wrote = world.turn(600);
    assert_eq!(wrote, ["resumed since 0", "telemetry@100", "gap 100 to 700"]);
}

#[test]
fn time_stands_still_while_input_is_refused_and_then_a_gap_says_so() {
    let mut world = World::new(None);
    world.turn(1);
    world.intake.set_disk_full(true);
    world.due = Some(world.now + Micros::from_secs(5));
    for _ in 0..20 {
        assert_eq!(world.turn(1), [""; 0], "no tick");
    }
    world.intake.set_disk_full(false);
    assert_eq!(world.turn(1), ["gap 102 to 122"]);
    assert_eq!(world.turn(1), ["tick@123"]);
    assert_eq!(world.turn(1), [""; 0], "one tick for one deadline");
    assert_eq!(world.stores.input.reach(partition().0), 4);
}
