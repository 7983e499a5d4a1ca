//! The ways in: decoders, which are pure and bounded, and listeners around them.
//!
//! One folder a protocol. Each ends in telemetry lines of a site, validated by the decoder that
//! the fold uses, and hands them to a [`journal::Journal`]; a source is answered when the journal
//! says that they are durable. Nothing here knows what becomes of a line. The one exception is
//! [`mist`], whose events are derived already and are passed on.

pub mod http;
pub mod journal;
mod line;
pub mod mist;
pub mod openwifi;
pub mod radius;
pub mod syslog;
mod times;
