//! What listeners hand records to.

use foghorn_model::{OrgId, Relayed, SiteId};
use std::fmt;
use std::time::Duration;

/// Takes accepted records.
pub trait Journal: Send + Sync + 'static {
    /// Takes all lines of a submission or none.
    ///
    /// # Errors
    /// [`Refused`]: the source is to come again.
    fn submit(&self, submission: Submission) -> Result<Durable, Refused>;

    /// Takes all events of a relay or none.
    ///
    /// # Errors
    /// [`Refused`]: the sender is to come again.
    fn relay(&self, relay: Relay<'_>) -> Result<Durable, Refused>;
}

/// Resolves when the records are on disk; an error when they will never be, because the disk is
/// full or the server goes down.
pub type Durable = tokio::sync::oneshot::Receiver<()>;

/// Validated records of one site.
#[derive(Debug)]
pub struct Submission {
    /// The org.
    pub org: OrgId,
    /// The site.
    pub site: SiteId,
    /// The catalog sequence under which they were routed.
    pub catalog_seq: u64,
    /// The records.
    pub lines: Lines,
}

/// Events of an org that another server derived.
#[derive(Debug)]
pub struct Relay<'a> {
    /// The org.
    pub org: OrgId,
    /// The catalog sequence under which they were routed.
    pub catalog_seq: u64,
    /// The events, and the site of each; of none are those that concern the org.
    pub events: Vec<(Option<SiteId>, Relayed<'a>)>,
}

/// Lines in one buffer.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Why records were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too much is waiting.
    #[error("too many records are waiting to be written")]
    Busy {
        /// When to come again.
        retry_after: Duration,
    },
    /// The disk is nearly full.
    #[error("the disk is nearly full")]
    Full {
        /// When to come again.
        retry_after: Duration,
    },
    /// The org has sent what it may for now.
    #[error("the org is over its quota of {of} a day")]
    Quota {
        /// What it has sent too much of.
        of: Measure,
        /// When to come again.
        retry_after: Duration,
    },
    /// The server is going down.
    #[error("the server is stopping")]
    Stopping {
        /// When to come again.
        retry_after: Duration,
    },
}

/// What input is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Records.
    Records,
    /// Bytes of records, as they are journaled.
    Bytes,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Records => "records",
            Self::Bytes => "bytes",
        })
    }
}

impl Refused {
    /// When to come again.
    pub fn retry_after(self) -> Duration {
        match self {
            Self::Busy { retry_after }
            | Self::Full { retry_after }
            | Self::Quota { retry_after, .. }
            | Self::Stopping { retry_after } => retry_after,
        }
    }
}

impl Lines {
    /// No lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a line.
    pub fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
    }

    /// The lines in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Their bytes together.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
pub(crate) mod tests;
