//! The steps of delivery, in the order that makes a crash between any two of them harmless.
//!
//! | step | before it | a crash after it |
//! |---|---|---|
//! | [`Publisher::begin`] | – | the batches named are in the open-batch file before their first attempt: they are cut the same again |
//! | [`Publisher::flush`] | the one before is written | the open-batch file has begun anew; the generation before it still holds what this flush writes |
//! | [`Publisher::flushed`] | the flush is in the store | cursors stand |
//!
//! No socket, no thread, no clock: the driver puts those around the steps, and a simulator can
//! crash between any two.

use crate::lanes::{Attempt, EventSource, Flush, Lanes, SourceError, encode_open};
use foghorn_model::Timestamp;
use foghorn_model::time::Micros;
use std::fmt;

/// How old a cursor may be when the process is killed.
pub const FLUSH_EVERY: Micros = Micros(250_000);

/// Keeps the records of open batches, so that a restart cuts them as they were. It need not
/// outlive a power failure: then the batches are cut anew.
pub trait OpenBatches: Send {
    /// Appends records; they survive the end of this process when it returns.
    ///
    /// # Errors
    /// If they cannot be written.
    fn append(&mut self, records: &[&[u8]]) -> std::io::Result<()>;

    /// Begins a new generation; the one before the last may be forgotten.
    ///
    /// # Errors
    /// If it cannot be begun.
    fn rotate(&mut self) -> std::io::Result<()>;
}

/// The lanes with what keeps them over a crash.
pub struct Publisher {
    lanes: Lanes,
    opened: Box<dyn OpenBatches>,
    flushing: bool,
    flush_at: Timestamp,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

impl Publisher {
    /// A publisher of these lanes.
    pub fn new(lanes: Lanes, opened: Box<dyn OpenBatches>) -> Self {
        Self { lanes, opened, flushing: false, flush_at: Timestamp(0) }
    }

    /// The lanes.
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The lanes, to be told of events, answers and configuration.
    pub fn lanes_mut(&mut self) -> &mut Lanes {
        &mut self.lanes
    }

    /// Names the attempts to begin now; the batches that opened for them are written down.
    ///
    /// # Errors
    /// If the open-batch file cannot be written: the attempts must not begin.
    pub fn begin(&mut self, now: Timestamp, attempts: &mut Vec<Attempt>) -> std::io::Result<()> {
        self.lanes.poll(now, attempts);
        let opened = self.lanes.take_opened();
        if opened.is_empty() {
            return Ok(());
        }
        let records: Vec<_> = opened.iter().map(|(lane, open)| encode_open(lane, open)).collect();
        let records: Vec<&[u8]> = records.iter().map(<[u8; 96]>::as_slice).collect();
        self.opened.append(&records)
    }

    /// One bounded piece of reading for lanes that are behind; whether there may be more.
    ///
    /// # Errors
    /// If the event log cannot be read; the same piece comes up again.
    pub fn read(&mut self, source: &dyn EventSource, now: Timestamp) -> Result<bool, SourceError> {
        self.lanes.catch_up(source, now)
    }

    /// What is to be written to the store now, if anything is: when it is due or `at_once`, and
    /// the flush before it is written. [`Publisher::flushed`] says that it is.
    ///
    /// # Errors
    /// If the open-batch file cannot begin anew.
    pub fn flush(&mut self, now: Timestamp, at_once: bool) -> std::io::Result<Option<Flush>> {
        if self.flushing || (now < self.flush_at && !at_once) {
            return Ok(None);
        }
        self.flush_at = now + FLUSH_EVERY;
        let flush = self.lanes.take_flush();
        if flush.is_empty() {
            return Ok(None);
        }
        // What the records say that were written since the last rotation stands in this flush.
        self.opened.rotate()?;
        self.flushing = true;
        Ok(Some(flush))
    }

    /// The last flush is in the store.
    pub fn flushed(&mut self) {
        self.flushing = false;
    }

    /// Whether a flush is on its way to the store.
    pub fn is_flushing(&self) -> bool {
        self.flushing
    }

    /// When something is to be done even if nothing is heard.
    pub fn next_deadline(&self) -> Timestamp {
        self.lanes.next_deadline().map_or(self.flush_at, |at| at.min(self.flush_at))
    }
}
