//! What partitions hand over to the homes of orgs, until it is in the journal there.
//!
//! A shard offers what a fold gave; the committer journals it with its next frame, and it leaves
//! when that frame is durable. A process that dies loses all of this: on recovery the fold gives
//! again whatever it gave since its snapshot. So no snapshot is made of a partition while something
//! of it waits here, and the home leaves out what it has had. That is in the state that its own
//! journal makes, so no acknowledgement travels back. What lost: an outbox in the state of the
//! source, which would need a record in the source's journal for each that was taken.

use foghorn_model::{HandOver, Partition};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What waits to be journaled in another partition, in the order in which it was offered.
pub struct Outbox {
    waiting: Mutex<VecDeque<HandOver>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("waiting", &self.lock().len()).finish_non_exhaustive()
    }
}

impl Outbox {
    /// An empty one; `wake` is called when something waits.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { waiting: Mutex::default(), wake: Box::new(wake) }
    }

    /// Takes what a fold gave.
    pub fn offer(&self, handed: Vec<HandOver>) {
        if !handed.is_empty() {
            self.lock().extend(handed);
            (self.wake)();
        }
    }

    /// Whether nothing of a partition waits.
    pub fn is_settled(&self, source: Partition) -> bool {
        self.lock().iter().all(|handed| handed.from.partition != source)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// What is to be journaled next.
    pub(crate) fn waiting(&self) -> Vec<HandOver> {
        self.lock().iter().cloned().collect()
    }

    /// The first `count` are durable.
    pub(crate) fn settle(&self, count: usize) {
        self.lock().drain(..count);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<HandOver>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
