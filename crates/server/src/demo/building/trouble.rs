//! What goes wrong in the building, and when: each trouble comes once in a round, and is over
//! before the round is.

/// How long a round of troubles is.
const ROUND_SECS: u64 = 120;

/// Something that is wrong from one second of each round to another.
pub struct Trouble {
    pub from: u64,
    pub to: u64,
}

impl Trouble {
    pub fn is_on(&self, now: u64) -> bool {
        (self.from..self.to).contains(&(now % ROUND_SECS))
    }

    /// For how many seconds it has been wrong so far, in all rounds.
    pub fn secs(&self, now: u64) -> u64 {
        let of_this = (now % ROUND_SECS).clamp(self.from, self.to) - self.from;
        round(now) * (self.to - self.from) + of_this
    }
}

/// Which round it is.
pub fn round(now: u64) -> u64 {
    now / ROUND_SECS
}

/// Whether it is this second of a round.
pub fn is_second(second: u64, now: u64) -> bool {
    now % ROUND_SECS == second
}
