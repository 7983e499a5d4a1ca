//! A day through the engine alone, record by record.

use super::{Balance, Day, REST, Told};
use anyhow::Result;
use foghorn_engine::{Engine, Output};
use foghorn_model::event::block::EventBlock;
use foghorn_model::{Change, Partition, Record, RecordBody, Timestamp};
use std::borrow::Cow;

/// Events are looked at after so many records.
const AT_ONCE: u64 = 1_000;

/// An engine that is given a day.
#[derive(Debug)]
pub struct Folding {
    /// The engine.
    pub engine: Engine,
    /// What it made of late.
    pub out: Output,
    catalog_seq: u64,
}

impl Folding {
    /// An engine that knows the site of a day.
    pub fn new(day: &Day) -> Self {
        let layout = day.layout();
        let mut folding = Self {
            engine: Engine::new(Partition::of_site(layout.site)),
            out: Output::default(),
            catalog_seq: 0,
        };
        for update in layout.updates() {
            folding.catalog_seq += 1;
            let change = Change {
                seq: folding.catalog_seq,
                at: day.begins,
                org_id: layout.org,
                updates: vec![update],
                audit: None,
            };
            folding.record(day, day.begins, RecordBody::Change(Box::new(change)));
        }
        folding.out.clear();
        folding
    }

    /// A line, when it is told.
    pub fn line(&mut self, day: &Day, at: Timestamp, text: &str) {
        self.record(day, at, RecordBody::Telemetry(Cow::Borrowed(text.as_bytes())));
    }

    /// Nothing but time.
    pub fn tick(&mut self, day: &Day, at: Timestamp) {
        self.record(day, at, RecordBody::Tick);
    }

    fn record(&mut self, day: &Day, at: Timestamp, body: RecordBody<'_>) {
        let site = matches!(body, RecordBody::Telemetry(_)).then_some(day.layout().site);
        let record = Record { received_at: at, catalog_seq: self.catalog_seq, site, body };
        self.engine.fold(self.engine.last() + 1, &record, &mut self.out);
    }

    /// Takes what was made.
    ///
    /// # Errors
    /// If an event cannot be read.
    pub fn take(&mut self, mut each: impl FnMut(Told)) -> Result<()> {
        for event in EventBlock::new(self.engine.partition(), &self.out.record.body) {
            let event = event?;
            if let Some(told) = Told::read(&event.entry, event.json)? {
                each(told);
            }
        }
        self.out.clear();
        Ok(())
    }
}

/// Folds a day, and the silence after it, and holds what comes out against what must. `restored`
/// says after how many records the engine goes on from its own snapshot.
///
/// # Errors
/// If the two differ.
pub fn fold(mut day: Day, restored: Option<u64>) -> Result<Balance> {
    let mut folding = Folding::new(&day);
    let mut balance = Balance::default();
    while let Some(line) = day.next() {
        folding.line(&day, line.at, &line.text);
        balance.records += 1;
        if balance.records % AT_ONCE == 0 {
            balance.expect(&day.take_expected());
            folding.take(|told| balance.tell(told))?;
        }
        if restored.is_some_and(|every| balance.records % every == 0) {
            let snapshot = folding.engine.snapshot();
            folding.engine = Engine::restore(folding.engine.partition(), &snapshot)?;
        }
    }
    folding.tick(&day, day.ends() + REST);
    balance.expect(&day.take_expected());
    folding.take(|told| balance.tell(told))?;
    balance.check()?;
    Ok(balance)
}
