//! Syslog (RFC 3164, RFC 5424) over UDP and TCP (RFC 6587), and the loose forms of the field.
//!
//! Nobody signs a syslog message and nobody waits for an answer. So a message is believed for its
//! sender's address alone: an address that no site claims, or that sites of two orgs claim, writes
//! nothing and is put on a bounded list of the [`unclaimed`]. What a message says becomes telemetry
//! lines, which carry an id made of its own time and text, so that the copy that comes by another
//! way counts once. A crash loses what was not yet written, as is the nature of syslog; over TCP a
//! sender is held back while nothing can be written, instead of losing what it sends.
//!
//! Decoding is pure: [`framing`] cuts a stream into messages, [`Message`] takes one apart, and
//! [`read`] says what it means by tables of patterns, one file a vendor.

mod cisco;
pub mod directory;
pub mod framing;
mod hostapd;
pub mod listener;
mod meraki;
mod message;
mod metrics;
mod pace;
mod reading;
mod scan;
mod stamp;
mod stream;
#[cfg(test)]
mod tests;
pub mod unclaimed;

pub use message::Message;
pub use metrics::{Outcome, SyslogMetrics};
pub use reading::{Reading, Said, Vendor, read};
