//! What must hold, whatever happened.

mod alarms;
mod campus;
mod delivery;
mod handed;
mod ledger;
mod precedence;
mod sites_down;
mod spans;
mod world;

pub use ledger::Ledger;
pub use precedence::Precedence;

use crate::catalog::{Catalog, UNSUPPRESSED};
use crate::journal::{Event, Folded, Journal};
use crate::node::Node;
use crate::people::People;
use crate::store::Store;
use anyhow::{Result, ensure};
use foghorn_log::Reader;
use foghorn_model::Partition;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that came out of a clean fold, by partition.
pub type Expected = BTreeMap<Partition, Vec<Event>>;

/// Where there are many records, so many times a fold goes on from its own snapshot.
const SNAPSHOTS: u64 = 1_000;

/// The checks at the end of a run, when everything is at rest.
pub fn check(
    node: &Node,
    journal: &Journal,
    ledger: &Ledger,
    store: &Store,
    catalog: &Catalog,
    people: &People,
) -> Result<()> {
    let mut expected = Expected::new();
    let mut handed = Vec::new();
    let mut states = BTreeMap::new();
    for partition in Partition::all() {
        journal.check_changes(partition)?;
        let folded = journal.fold(partition, &node.interventions, None)?;
        let every = (journal.reach(partition) / SNAPSHOTS).max(17);
        let again = journal.fold(partition, &node.interventions, Some(every))?;
        let differs = folded.events.iter().zip(&again.events).find(|(a, b)| a != b);
        ensure!(
            folded == again,
            "determinism: partition {partition} folds to something else after snapshots: {} and {} \
             events, {differs:?}",
            folded.events.len(),
            again.events.len(),
        );
        let Folded { events, handed: from_here, snapshot } = folded;
        states.insert(partition, snapshot);
        handed.extend(from_here);
        let ticked = journal.fold_with_ticks(partition, &node.interventions, 1_700_000)?;
        let contents =
            |events: &[Event]| events.iter().map(|it| it.json.clone()).collect::<Vec<_>>();
        ensure!(
            contents(&events) == contents(&ticked),
            "tick invariance: extra ticks change the events of partition {partition}"
        );
        expected.insert(partition, events);
    }
    handed::check(&handed, journal)?;
    let stored = Partition::all().map(|it| Ok((it, stored_in(node, it)?)));
    let stored = stored.collect::<Result<BTreeMap<_, _>>>()?;
    for (partition, stored) in &stored {
        let is_whole = node.events.record.removed_before(partition.0) == 0;
        let told = if is_whole { stored } else { &expected[partition] };
        sites_down::check(journal, *partition, told)?;
    }
    compare(node, &expected, &stored)?;
    compare_states(node, journal, &states)?;
    delivery::check(ledger, &expected, store, catalog)?;
    if let Some(campus) = &people.campus {
        campus::check(&expected, campus, journal)?;
    }
    world::check(&expected, people, quarantined(node, journal, catalog)?)
}

/// How many records were set aside of sites whose alarms are always told.
fn quarantined(node: &Node, journal: &Journal, catalog: &Catalog) -> Result<u64> {
    let skipped: BTreeSet<_> = node.interventions.skipped().into_iter().collect();
    let counted = catalog.places.iter().filter(|place| place.org == UNSUPPRESSED);
    let counted: BTreeSet<_> = counted.map(|place| Some(place.id)).collect();
    let mut count = 0;
    for partition in Partition::all() {
        journal.each(partition, |number, record| {
            let is_counted = counted.contains(&record.site);
            count += u64::from(is_counted && skipped.contains(&(partition, number)));
            Ok(())
        })?;
    }
    Ok(count)
}

/// What the event log holds of a partition.
fn stored_in(node: &Node, partition: Partition) -> Result<Vec<Event>> {
    let mut stored = Vec::new();
    let mut reader = Reader::new(&*node.events.record, partition.0, 0);
    while let Some(block) = reader.next_block()? {
        stored.extend(crate::journal::decode(partition, &block.bytes));
    }
    Ok(stored)
}

/// What the event log still holds is what a clean fold makes.
fn compare(node: &Node, expected: &Expected, stored: &Expected) -> Result<()> {
    for (partition, expected) in expected {
        let stored = &stored[partition];
        let oldest = node.events.record.oldest(partition.0).unwrap_or(u64::MAX);
        let expected: Vec<&Event> =
            expected.iter().filter(|it| it.entry.key.record >= oldest).collect();
        for (at, (expected, stored)) in expected.iter().zip(stored).enumerate() {
            ensure!(
                *expected == stored,
                "crash equivalence: event {at} of partition {partition} is {:?} {}, and should be \
                 {:?} {}",
                stored.entry.key,
                String::from_utf8_lossy(&stored.json),
                expected.entry.key,
                String::from_utf8_lossy(&expected.json),
            );
        }
        ensure!(
            stored.len() == expected.len(),
            "crash equivalence: partition {partition} has stored {} events, a clean fold makes {}",
            stored.len(),
            expected.len()
        );
    }
    Ok(())
}

/// What the server remembers in the end is what a clean fold does: also of what was not told yet.
fn compare_states(
    node: &Node,
    journal: &Journal,
    states: &BTreeMap<Partition, Vec<u8>>,
) -> Result<()> {
    for (partition, expected) in states {
        let (last, state) = node.state(*partition);
        let reach = journal.reach(*partition);
        ensure!(last == reach, "rest: partition {partition} folded {last} of {reach} records");
        let differs = state.iter().zip(expected).position(|(a, b)| a != b);
        let around = |state: &[u8]| {
            let at = differs.unwrap_or(state.len().min(expected.len()));
            let span = at.saturating_sub(200)..(at + 100).min(state.len());
            String::from_utf8_lossy(&state[span]).into_owned()
        };
        ensure!(
            state == *expected,
            "crash equivalence: partition {partition} remembers …{}…, and a clean fold …{}…",
            around(&state),
            around(expected),
        );
    }
    Ok(())
}
