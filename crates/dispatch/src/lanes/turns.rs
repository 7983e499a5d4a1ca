//! Whose turn it is when not all may go: lanes of urgent topics before the others, each in the order
//! of its coming.
//!
//! **Nobody starves.** While others wait, at most [`URGENT_IN_A_ROW`] urgent lanes go one after the
//! other, then one of the others does. Strict precedence was no choice: a site whose alarms never
//! end would be told nothing else.

use foghorn_model::Topic;
use std::collections::VecDeque;

/// So many urgent lanes go before one of the others.
pub(super) const URGENT_IN_A_ROW: u32 = 16;

/// Lanes that wait.
#[derive(Debug, Default)]
pub(super) struct Turns {
    urgent: VecDeque<u32>,
    others: VecDeque<u32>,
    /// Urgent ones that went while others waited.
    in_a_row: u32,
}

impl Turns {
    pub(super) fn push(&mut self, at: u32, topic: Topic) {
        if topic.row().is_urgent {
            self.urgent.push_back(at);
        } else {
            self.others.push_back(at);
        }
    }

    /// One whose turn it is already, of another queue: it goes before all.
    pub(super) fn push_first(&mut self, at: u32) {
        self.urgent.push_front(at);
    }

    pub(super) fn pop(&mut self) -> Option<u32> {
        let others_turn = self.in_a_row >= URGENT_IN_A_ROW && !self.others.is_empty();
        if others_turn || self.urgent.is_empty() {
            self.in_a_row = 0;
            return self.others.pop_front();
        }
        self.in_a_row = if self.others.is_empty() { 0 } else { self.in_a_row + 1 };
        self.urgent.pop_front()
    }

    pub(super) fn len(&self) -> usize {
        self.urgent.len() + self.others.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A lane is gone.
    pub(super) fn forget(&mut self, at: u32) {
        self.urgent.retain(|other| *other != at);
        self.others.retain(|other| *other != at);
    }

    /// All of them, the urgent ones first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.in_a_row = 0;
        self.urgent.drain(..).chain(self.others.drain(..))
    }
}
