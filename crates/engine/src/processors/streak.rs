//! Reports in a row that agree: one of them makes nothing bad, nor well again.

use serde::{Deserialize, Serialize};

/// So many turn it.
const SAMPLES: u8 = 3;

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Streak {
    is_bad: bool,
    /// How many say otherwise by now.
    against: u8,
}

impl Streak {
    /// As things are known to be.
    pub(crate) fn begun(is_bad: bool) -> Self {
        Self { is_bad, against: 0 }
    }

    /// Whether there is nothing to remember of it.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.is_bad && self.against == 0
    }

    /// One more report; whether with it things are bad, or well again.
    pub(crate) fn add(&mut self, bad: bool) -> Option<bool> {
        if bad == self.is_bad {
            self.against = 0;
            return bad.then_some(bad);
        }
        self.against += 1;
        if self.against < SAMPLES {
            return None;
        }
        *self = Self { is_bad: bad, against: 0 };
        Some(bad)
    }
}
