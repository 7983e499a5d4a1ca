//! Records that the fold goes past: the skip list.
//!
//! It lies beside the log, not in it, and is read before the fold, since what it names is in the
//! part of the log that cannot be folded. A line is `skip <partition> <record>`, each synced
//! before the worker recovers.

use foghorn_log::{LineFile, LogError};
use foghorn_model::Partition;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The skip list.
#[derive(Debug)]
pub struct Interventions {
    file: Mutex<LineFile>,
    skips: Mutex<BTreeSet<(Partition, u64)>>,
}

/// The skip list cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum InterventionsError {
    /// The file failed.
    #[error("skip list: {0}")]
    Log(#[from] LogError),
    /// A line says nothing known.
    #[error("skip list: line {line:?} is not `skip <partition> <record>`")]
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
        let skips = lines.iter().map(|line| parse(line)).collect::<Result<_, _>>()?;
        Ok(Self { file: Mutex::new(file), skips: Mutex::new(skips) })
    }

    /// Whether the fold goes past this record.
    pub fn skips(&self, partition: Partition, record: u64) -> bool {
        let skips = self.skips.lock().unwrap_or_else(PoisonError::into_inner);
        !skips.is_empty() && skips.contains(&(partition, record))
    }

    /// Goes past this record from here on; durable when this returns.
    ///
    /// # Errors
    /// If the line cannot be written.
    pub fn skip(&self, partition: Partition, record: u64) -> Result<(), InterventionsError> {
        let line = format!("skip {} {record}", partition.0);
        self.file.lock().unwrap_or_else(PoisonError::into_inner).append(&line)?;
        self.skips.lock().unwrap_or_else(PoisonError::into_inner).insert((partition, record));
        Ok(())
    }

    /// The records gone past.
    pub fn list(&self) -> Vec<(Partition, u64)> {
        self.skips.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

fn parse(line: &str) -> Result<(Partition, u64), InterventionsError> {
    let read = || {
        let mut words = line.split(' ');
        let (word, partition, record) = (words.next()?, words.next()?, words.next()?);
        let partition = Partition(partition.parse().ok()?);
        let known = word == "skip" && partition.0 < Partition::COUNT && words.next().is_none();
        known.then_some((partition, record.parse().ok()?))
    };
    read().ok_or_else(|| InterventionsError::Line { line: line.into() })
}
