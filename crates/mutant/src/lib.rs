//! Deliberate bugs, to prove that the simulator finds them.
//!
//! Each is a place in the production code that asks [`is`]. Without the feature `switches` the
//! answer is a constant and the bug is compiled out; the server is never built with it. With it,
//! a bug is switched on for one thread, where the simulator runs.

macro_rules! mutants {
    ($($name:ident $what:literal;)*) => {
        /// A deliberate bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the table below says what each does")]
        pub enum Mutant { $($name,)* }

        impl Mutant {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What it does wrong.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }
        }
    };
}

mutants! {
    SyncSkipped "a sync of a log does nothing";
    SnapshotBeforeEvents "a snapshot is saved before the event logs are synced";
    AcknowledgedUnwritten "a frame that the disk had no room for is acknowledged";
    ChangeAfterRecord "a change is put after the records that were routed under it";
    NumberLeftOut "now and then a number is left out";
    FrontForgotten "a start journals nothing of the time that it was away";
    SkipListForgotten "the skip list is not read at a start";
    TornFrameTaken "the checksum of a frame's end is not looked at";
    TrimmedTooFar "input is trimmed up to the newest snapshot and not the one before";
    HashOrder "sessions that a NAS restart ends come in the order of a seeded hash";
    TimerDropped "every eleventh timer is not set";
    TimerLate "a timer fires when the next record comes, not at its deadline";
    RepeatTaken "a record with a known id is folded again";
    StateLeftOut "a snapshot leaves out the downs that are owed";
    DeferralForgotten "a gap in the input defers no deadline";
    HandOverForgotten "a snapshot is made while what was handed over is not durable";
    HandOverAgain "what was handed over before counts again";
    CursorEarly "a cursor passes a batch that is to be sent again";
    BatchRecut "open batches of before a restart are cut anew";
    WatermarkEarly "a lane with waiting events says that it is idle";
    OpenBatchForgotten "the open batches of a restored lane are not written again";
    SecretKept "webhooks that change go on as they were, with the secret before";
    TwoInFlight "a lane of a record topic has two batches in flight";
    SubscriptionAlwaysOld "an event from before a subscription is delivered";
    OrgLeak "a lane that reads the log takes the events of other orgs";
    RowForgotten "events that are given up leave no row";
    PreviousForgotten "a batch names no batch before it after a restart";
    PrecedenceLost "alarms have no precedence";
    IdByAttempt "the delivery id changes from attempt to attempt";
}

#[cfg(feature = "switches")]
mod switches {
    use super::Mutant;
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Whether the bug is switched on in this thread.
    pub fn is(mutant: Mutant) -> bool {
        ON.get() == Some(mutant)
    }

    /// Whether any bug is switched on in this thread.
    pub fn any() -> bool {
        ON.get().is_some()
    }

    /// Switches a bug on in this thread while `run` runs; `None` switches all off.
    pub fn with<T>(mutant: Option<Mutant>, run: impl FnOnce() -> T) -> T {
        struct Restore(Option<Mutant>);
        impl Drop for Restore {
            fn drop(&mut self) {
                ON.set(self.0);
            }
        }
        let _restore = Restore(ON.replace(mutant));
        run()
    }
}

#[cfg(feature = "switches")]
pub use switches::{any, is, with};

/// Whether folding this line is to panic, as a line would that hits a bug of ours.
#[cfg(feature = "switches")]
pub fn poisons(line: &[u8]) -> bool {
    line.windows(POISON.len()).any(|part| part == POISON)
}

/// What poisons a line.
#[cfg(feature = "switches")]
pub const POISON: &[u8] = b"\"text\":\"poison";

/// Whether folding this line is to panic: never, without the feature `switches`.
#[cfg(not(feature = "switches"))]
#[inline(always)]
pub const fn poisons(_: &[u8]) -> bool {
    false
}

/// Whether any bug is switched on: never, without the feature `switches`.
#[cfg(not(feature = "switches"))]
pub const fn any() -> bool {
    false
}

/// Runs with nothing switched on, since nothing can be.
#[cfg(not(feature = "switches"))]
pub fn with<T>(_: Option<Mutant>, run: impl FnOnce() -> T) -> T {
    run()
}

/// Whether the bug is switched on: never, without the feature `switches`.
#[cfg(not(feature = "switches"))]
#[inline(always)]
pub const fn is(_: Mutant) -> bool {
    false
}
