//! The ways in: decoders, which are pure and bounded, and listeners around them.
//!
//! One folder a protocol. Each ends in telemetry lines of a site, validated by the decoder that
//! the fold uses, and hands them to a [`journal::Journal`]; a source is answered when the journal
//! says that they are durable. Nothing here knows what becomes of a line.

pub mod http;
pub mod journal;
pub mod radius;
pub mod syslog;
