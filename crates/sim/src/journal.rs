//! What is known to be in the input log, and what a clean fold makes of it.

use anyhow::{Result, ensure};
use bytes::Bytes;
use foghorn_engine::{Engine, Output};
use foghorn_log::{Log, Reader};
use foghorn_model::event::block::EventBlock;
use foghorn_model::record::Records;
use foghorn_model::{EventEntry, HandOver, Partition, Record, RecordBody, Timestamp};
use foghorn_mutant::with;
use foghorn_pipeline::{CommittedBlock, Interventions};
use std::collections::BTreeMap;

/// The blocks of every partition, by their first record.
#[derive(Debug, Default)]
pub struct Journal {
    blocks: BTreeMap<Partition, BTreeMap<u64, (u64, Bytes)>>,
}

/// An event as it must come out.
#[derive(Clone, PartialEq)]
pub struct Event {
    /// What is known of it.
    pub entry: EventEntry,
    /// The bytes.
    pub json: Vec<u8>,
}

/// What a clean fold makes of a partition.
#[derive(Debug, PartialEq)]
pub struct Folded {
    /// Its events.
    pub events: Vec<Event>,
    /// What it hands over.
    pub handed: Vec<HandOver>,
    /// Its state in the end.
    pub snapshot: Vec<u8>,
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.entry.key, String::from_utf8_lossy(&self.json))
    }
}

impl Journal {
    /// Durable blocks.
    pub fn add(&mut self, blocks: &[CommittedBlock]) {
        for it in blocks {
            let known = self.blocks.entry(it.partition).or_default();
            known.insert(it.first, (it.last, it.body.clone()));
        }
    }

    /// How far a partition is known to be durable.
    pub fn reach(&self, partition: Partition) -> u64 {
        let known = self.blocks.get(&partition).and_then(|blocks| blocks.last_key_value());
        known.map_or(0, |(_, (last, _))| *last)
    }

    /// After a start: everything that was durable is there as it was; what was written and may
    /// have been lost, but was not, counts from here on.
    pub fn compare(&mut self, log: &dyn Log) -> Result<()> {
        for partition in Partition::all() {
            let reach = self.reach(partition);
            let found = log.reach(partition.0);
            ensure!(
                found >= reach,
                "partition {partition}: records through {reach} were durable, the log ends at \
                 {found}"
            );
            let known = self.blocks.entry(partition).or_default();
            let mut reader = Reader::new(log, partition.0, 0);
            while let Some(block) = reader.next_block()? {
                if block.first > reach {
                    known.insert(block.first, (block.last, block.bytes));
                } else {
                    ensure!(
                        known.get(&block.first) == Some(&(block.last, block.bytes)),
                        "partition {partition}: the block at record {} is not what was written",
                        block.first
                    );
                }
            }
        }
        Ok(())
    }

    /// A change stands before everything that was routed under it.
    pub fn check_changes(&self, partition: Partition) -> Result<()> {
        let mut routed = 0;
        self.each(partition, |number, record| {
            if matches!(record.body, RecordBody::Change(_)) {
                ensure!(
                    record.catalog_seq > routed,
                    "order of changes: in partition {partition} change {} stands at record \
                     {number}, after one that was routed under change {routed}",
                    record.catalog_seq
                );
            } else {
                routed = routed.max(record.catalog_seq);
            }
            Ok(())
        })
    }

    /// What a clean fold makes of a partition, the bugs switched off. `snapshot_every` restores
    /// the engine from its own snapshot after so many records.
    pub fn fold(
        &self,
        partition: Partition,
        interventions: &Interventions,
        snapshot_every: Option<u64>,
    ) -> Result<Folded> {
        with(None, || {
            let mut engine = Engine::new(partition);
            let mut out = Output::default();
            self.each(partition, |number, record| {
                if interventions.skips(partition, number) {
                    engine.skip(number);
                } else {
                    engine.fold(number, record, &mut out);
                }
                if snapshot_every.is_some_and(|every| number % every == 0) {
                    engine = Engine::restore(partition, &engine.snapshot())?;
                }
                Ok(())
            })?;
            Ok(Folded {
                events: events(partition, &out),
                handed: out.handed,
                snapshot: engine.snapshot(),
            })
        })
    }

    /// The same with ticks in between: other coordinates, and the same contents.
    pub fn fold_with_ticks(
        &self,
        partition: Partition,
        interventions: &Interventions,
        every_us: i64,
    ) -> Result<Vec<Event>> {
        with(None, || {
            let mut engine = Engine::new(partition);
            let mut out = Output::default();
            let mut own = 0;
            let mut clock = None;
            self.each(partition, |number, record| {
                let outage =
                    matches!(record.body, RecordBody::Resumed { .. } | RecordBody::InputGap(_));
                let mut at = clock.unwrap_or(record.received_at.0) + every_us;
                while !outage && at < record.received_at.0 && own < 400_000 {
                    own += 1;
                    let tick = Record {
                        received_at: Timestamp(at),
                        catalog_seq: record.catalog_seq,
                        site: None,
                        body: RecordBody::Tick,
                    };
                    engine.fold(own, &tick, &mut out);
                    at += every_us;
                }
                clock = Some(record.received_at.0.max(clock.unwrap_or(i64::MIN)));
                own += 1;
                if interventions.skips(partition, number) {
                    engine.skip(own);
                } else {
                    engine.fold(own, record, &mut out);
                }
                Ok(())
            })?;
            Ok(events(partition, &out))
        })
    }

    /// What was handed over to a partition, in the order in which it is in the journal.
    pub fn handed_to(&self, partition: Partition) -> Result<Vec<HandOver>> {
        let mut handed = Vec::new();
        self.each(partition, |_, record| {
            if let RecordBody::HandOver(it) = &record.body {
                handed.push(it.clone());
            }
            Ok(())
        })?;
        Ok(handed)
    }

    /// Tells every record, for whoever looks into a failure.
    pub fn tell(&self, start: Timestamp) -> Result<()> {
        for partition in self.blocks.keys() {
            self.each(*partition, |number, record| {
                let at = record.received_at.since(start).0 as f64 / 1e6;
                match &record.body {
                    RecordBody::Telemetry(line) => {
                        let line = String::from_utf8_lossy(line);
                        tracing::info!("{partition} {number} {at:.3} {line}");
                    }
                    body => tracing::info!("{partition} {number} {at:.3} {body:?}"),
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        Partition::all().map(|partition| self.reach(partition)).sum()
    }

    /// Visits the records of a partition in their order.
    pub fn each(
        &self,
        partition: Partition,
        mut visit: impl FnMut(u64, &Record<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut next = 1;
        for (first, (last, body)) in self.blocks.get(&partition).into_iter().flatten() {
            ensure!(*first == next, "partition {partition}: record {next} is missing");
            for (number, record) in (*first..).zip(Records::new(body)) {
                visit(number, &record?)?;
                next = number + 1;
            }
            ensure!(next == last + 1, "partition {partition}: a block at {first} is short");
        }
        Ok(())
    }
}

/// The events of a block body.
pub fn events(partition: Partition, out: &Output) -> Vec<Event> {
    decode(partition, &out.record.body)
}

/// The events of an encoded body.
pub fn decode(partition: Partition, body: &[u8]) -> Vec<Event> {
    let events = EventBlock::new(partition, body).filter_map(Result::ok);
    events.map(|event| Event { entry: event.entry, json: event.json.to_vec() }).collect()
}
