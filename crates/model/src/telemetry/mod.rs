//! Telemetry.

pub mod field;
