//! Where a stream of events is: a position in each partition that it reads.
//!
//! Events have an order within a partition only, so one key says where a stream is only as long
//! as that stream reads one partition. The id of an event is therefore the list of all positions,
//! its own first: whoever shows it again is given what comes after each of them.
//!
//! `07-1-4211-0` is an event key; all through that event is done. `07-4211` is a record; all
//! through that record is done.

use foghorn_model::{EventKey, Partition};
use std::collections::BTreeMap;

/// How far one partition is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Position {
    /// All through this event.
    Event(EventKey),
    /// All through this record.
    Record(u64),
}

impl Position {
    /// The record that reading begins with.
    pub(super) fn next_record(self) -> u64 {
        match self {
            // The record may have more events.
            Self::Event(key) => key.record,
            Self::Record(record) => record.saturating_add(1),
        }
    }

    /// Whether an event is done.
    pub(super) fn covers(self, key: EventKey) -> bool {
        match self {
            Self::Event(last) => (key.record, key.ordinal) <= (last.record, last.ordinal),
            Self::Record(last) => key.record <= last,
        }
    }

    fn text(self, partition: Partition) -> String {
        match self {
            Self::Event(key) => key.to_string(),
            Self::Record(record) => format!("{partition}-{record}"),
        }
    }

    fn read(text: &str) -> Option<(Partition, Self)> {
        if let Ok(key) = text.parse::<EventKey>() {
            return Some((key.partition, Self::Event(key)));
        }
        let (partition, record) = text.split_once('-')?;
        let partition = partition.parse().ok().filter(|it| *it < Partition::COUNT)?;
        Some((Partition(partition), Self::Record(record.parse().ok()?)))
    }
}

/// A position for each partition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Cursor(pub(super) BTreeMap<u8, Position>);

impl Cursor {
    /// Reads what [`Cursor::id`] wrote; `None` of anything else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut positions = BTreeMap::new();
        for part in text.split(',') {
            let (partition, position) = Position::read(part)?;
            if positions.insert(partition.0, position).is_some() {
                return None;
            }
        }
        Some(Self(positions))
    }

    /// The id of the event at which this partition is; `concerned` are the others that the
    /// stream reads.
    pub(super) fn id(&self, own: Partition, concerned: &[Partition]) -> String {
        let mut id = String::new();
        let others = concerned.iter().filter(|it| **it != own);
        for partition in std::iter::once(&own).chain(others) {
            let Some(position) = self.0.get(&partition.0) else { continue };
            if !id.is_empty() {
                id.push(',');
            }
            id.push_str(&position.text(*partition));
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[0-9,-]{0,80}|.{0,40}") {
            if let Some(cursor) = Cursor::read(&text) {
                let concerned: Vec<Partition> = cursor.0.keys().map(|it| Partition(*it)).collect();
                cursor.0.values().for_each(|it| drop(it.next_record().to_string()));
                prop_assert_eq!(Cursor::read(&cursor.id(concerned[0], &concerned)), Some(cursor));
            }
        }
    }

    #[test]
    fn an_id_is_read_back_and_nothing_else_is() {
        let text = "07-1-4211-2,12-88";
        let cursor = Cursor::read(text).unwrap();
        let concerned = [Partition(7), Partition(12)];
        assert_eq!(cursor.id(Partition(7), &concerned), text);
        assert_eq!(cursor.id(Partition(7), &concerned[..1]), "07-1-4211-2");
        assert_eq!(Cursor::read(&cursor.id(Partition(12), &concerned)), Some(cursor));
        for text in ["", "x", "7", "07-1-4211", "64-1", "07-1,07-2", "07-1,", "-1-2", "07--1"] {
            assert_eq!(Cursor::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_position_covers_what_is_through() {
        let key = |record, ordinal| EventKey { partition: Partition(7), epoch: 1, record, ordinal };
        let event = Position::Event(key(5, 1));
        assert!(event.covers(key(5, 1)) && event.covers(key(4, 9)));
        assert!(!event.covers(key(5, 2)) && !event.covers(key(6, 0)));
        assert_eq!(event.next_record(), 5);
        let record = Position::Record(5);
        assert!(record.covers(key(5, 9)) && !record.covers(key(6, 0)));
        assert_eq!(record.next_record(), 6);
    }
}
