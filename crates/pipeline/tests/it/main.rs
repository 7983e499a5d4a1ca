//! The durable path at its public edge, over storage in memory.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod clockwork;
mod determinism;
mod intake;
mod world;
