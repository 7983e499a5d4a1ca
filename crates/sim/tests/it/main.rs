//! Worlds of which the truth is known.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod day;
mod storm;
