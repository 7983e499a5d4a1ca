//! Telemetry in, events out: scripts and traces.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod accounting;
mod clients;
mod devices;
mod golden;
mod limits;
mod outages;
mod properties;
mod views;
mod world;
