//! Whose turn it is when not all may go: lanes of urgent topics before the others, each in the order
//! of its coming.
//!
//! **Nobody starves.** While others wait, at most [`URGENT_IN_A_ROW`] batches of urgent lanes go one
//! after the other, then one of the others does. Strict precedence was no choice: a site whose
//! alarms never end would be told nothing else. Batches are counted when they go, and not lanes when
//! they are asked: one that has nothing to send takes nobody's turn.
//!
//! **A turn is no precedence.** A lane that was given its turn where requests of its webhook end
//! comes first of its kind where all lanes wait, and not before what is urgent there: an alarm may
//! have come since, or waits for the limit of all requests. Only what is owed so that nobody
//! starves goes before all.

use foghorn_model::Topic;
use foghorn_mutant::{Mutant, is as mutated};
use std::collections::VecDeque;

/// So many urgent batches go before one of the others.
pub(super) const URGENT_IN_A_ROW: u32 = 16;

/// Lanes that wait.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Others that go before all.
    owed: VecDeque<u32>,
    urgent: VecDeque<u32>,
    others: VecDeque<u32>,
    /// Urgent batches that went while others waited.
    in_a_row: u32,
}

/// A lane whose turn it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub(super) at: u32,
    /// Whether it is its turn so that it does not starve.
    pub(super) is_owed: bool,
}

impl Turns {
    pub(super) fn push(&mut self, at: u32, topic: Topic) {
        self.of_kind(topic).push_back(at);
    }

    /// One whose turn it was already.
    pub(super) fn push_first(&mut self, Turn { at, is_owed }: Turn, topic: Topic) {
        if is_owed {
            self.owed.push_back(at);
        } else {
            self.of_kind(topic).push_front(at);
        }
    }

    fn of_kind(&mut self, topic: Topic) -> &mut VecDeque<u32> {
        if topic.row().is_urgent && !mutated(Mutant::PrecedenceLost) {
            &mut self.urgent
        } else {
            &mut self.others
        }
    }

    pub(super) fn pop(&mut self) -> Option<Turn> {
        let others_turn = self.in_a_row >= URGENT_IN_A_ROW && !self.others.is_empty();
        if others_turn {
            self.in_a_row = 0;
        }
        let owed = if others_turn { self.others.pop_front() } else { self.owed.pop_front() };
        if let Some(at) = owed {
            return Some(Turn { at, is_owed: true });
        }
        let at = self.urgent.pop_front().or_else(|| self.others.pop_front())?;
        Some(Turn { at, is_owed: false })
    }

    /// A batch goes that is one of those who wait here, or would be if it had to.
    pub(super) fn went(&mut self, topic: Topic) {
        let counts = topic.row().is_urgent && !self.others.is_empty();
        self.in_a_row = if counts { self.in_a_row + 1 } else { 0 };
    }

    pub(super) fn len(&self) -> usize {
        self.owed.len() + self.urgent.len() + self.others.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A lane is gone.
    pub(super) fn forget(&mut self, at: u32) {
        for queue in [&mut self.owed, &mut self.urgent, &mut self.others] {
            queue.retain(|other| *other != at);
        }
    }

    /// All of them, the urgent ones first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.in_a_row = 0;
        self.owed.drain(..).chain(self.urgent.drain(..)).chain(self.others.drain(..))
    }
}
