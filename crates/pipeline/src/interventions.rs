//! Records that the fold goes past: those that it cannot fold, and those that are lost.
//!
//! The list lies beside the log, not in it, and is read before the fold, since what it names is
//! in the part of the log that cannot be folded or is not there. Each line is synced before
//! anybody acts on it:
//!
//! | line | is |
//! |---|---|
//! | `skip <partition> <record>` | the fold panicked at this record |
//! | `lost <partition> <first> <last>` | the log has lost these, and an operator accepted that |
//!
//! The numbers of lost records are never given again: events that were made of them are out in
//! the world, and cursors stand behind them.

use foghorn_log::{LineFile, LogError};
use foghorn_model::Partition;
use foghorn_mutant::{Mutant, is as mutated};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The list.
#[derive(Debug)]
pub struct Interventions {
    file: Mutex<LineFile>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    skips: BTreeSet<(Partition, u64)>,
    lost: Vec<(Partition, RangeInclusive<u64>)>,
}

/// The list cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum InterventionsError {
    /// The file failed.
    #[error("skip list: {0}")]
    Log(#[from] LogError),
    /// A line says nothing known.
    #[error(
        "skip list: line {line:?} is neither `skip <partition> <record>` nor \
         `lost <partition> <first> <last>`"
    )]
    Line {
        /// The line.
        line: String,
    },
}

impl Interventions {
    /// The list that the lines of this file make.
    ///
    /// # Errors
    /// If a line is none of ours.
    pub fn new(file: LineFile, lines: &[String]) -> Result<Self, InterventionsError> {
        let mut known = Known::default();
        let lines = if mutated(Mutant::SkipListForgotten) { &[] } else { lines };
        for line in lines {
            known.read(line).ok_or_else(|| InterventionsError::Line { line: line.into() })?;
        }
        Ok(Self { file: Mutex::new(file), known: Mutex::new(known) })
    }

    /// Whether the fold goes past this record.
    pub fn skips(&self, partition: Partition, record: u64) -> bool {
        let known = self.known();
        !known.skips.is_empty() && known.skips.contains(&(partition, record))
    }

    /// Goes past this record from here on; durable when this returns.
    ///
    /// # Errors
    /// If the line cannot be written.
    pub fn skip(&self, partition: Partition, record: u64) -> Result<(), InterventionsError> {
        self.write(&format!("skip {} {record}", partition.0))?;
        self.known().skips.insert((partition, record));
        Ok(())
    }

    /// Whether the loss of all of these records has been accepted.
    pub fn is_lost(&self, partition: Partition, records: &RangeInclusive<u64>) -> bool {
        self.known().lost.iter().any(|(of, lost)| {
            *of == partition && lost.contains(records.start()) && lost.contains(records.end())
        })
    }

    /// The last record of a partition whose loss has been accepted, 0 if there is none.
    pub fn lost_through(&self, partition: Partition) -> u64 {
        let known = self.known();
        let here = known.lost.iter().filter(|(of, _)| *of == partition);
        here.map(|(_, lost)| *lost.end()).max().unwrap_or(0)
    }

    /// Goes past these records from here on, which the log has lost; durable when this returns.
    ///
    /// # Errors
    /// If the line cannot be written.
    pub fn accept_loss(
        &self,
        partition: Partition,
        records: RangeInclusive<u64>,
    ) -> Result<(), InterventionsError> {
        if self.is_lost(partition, &records) {
            return Ok(());
        }
        self.write(&format!("lost {} {} {}", partition.0, records.start(), records.end()))?;
        self.known().lost.push((partition, records));
        Ok(())
    }

    /// The records that could not be folded.
    pub fn skipped(&self) -> Vec<(Partition, u64)> {
        self.known().skips.iter().copied().collect()
    }

    /// The records whose loss has been accepted.
    pub fn lost(&self) -> Vec<(Partition, RangeInclusive<u64>)> {
        self.known().lost.clone()
    }

    fn write(&self, line: &str) -> Result<(), LogError> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).append(line)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn read(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let (word, partition) = (words.next()?, Partition(words.next()?.parse().ok()?));
        let mut number = || words.next()?.parse::<u64>().ok();
        match word {
            "skip" => drop(self.skips.insert((partition, number()?))),
            "lost" => self.lost.push((partition, number()?..=number()?)),
            _ => return None,
        }
        (partition.0 < Partition::COUNT && words.next().is_none()).then_some(())
    }
}
