//! Mist's own webhooks as input: a receiver that verifies them and passes their events on.
//!
//! Pure but for the counters: the API hands headers and bodies in. A message is
//! `{"topic": …, "events": […]}`, signed by its sender over the bytes of the body; the signature
//! is all that says who sends it, and it is the same when the message comes again. So a message
//! has a name, a digest of its body, under which the fold knows it again.
//!
//! Unlike every other protocol this one does not end as telemetry: its events are derived
//! already, and are journaled as they stand in the body, byte for byte. Only what every later
//! reader relies on is checked: that each is UTF-8, a JSON object, of bounded size and depth.

mod message;
mod metrics;
mod signature;

pub use message::{EVENT_BYTES_MAX, EVENTS_MAX, Message, MessageError, read_message};
pub use metrics::{RelayMetrics, RelayOutcome};
pub use signature::{Signature, SignatureError};
