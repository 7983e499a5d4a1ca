//! Delivery: from the event logs to the receivers of webhooks.
//!
//! The core is [`Lanes`], a state machine without a socket or a clock: it is told of events, of
//! answers and of time, and says what to send, what to write down and when to ask again. Around
//! it stand pure pieces (signatures, the retry schedule, the reading of answers, the breaker, the
//! tokens that are held), the egress that really sends, the sender, which makes a request and a
//! report of an attempt, the publisher, which puts the steps of delivery in order, and the driver
//! that runs them on one thread.

pub mod breaker;
pub mod driver;
pub mod egress;
pub mod endpoint;
mod envelope;
pub mod exchange;
pub mod index;
pub mod lanes;
pub mod oauth2;
pub mod outcome;
pub mod publisher;
pub mod schedule;
pub mod sender;
pub mod sign;

pub use endpoint::Endpoint;
pub use index::Index;
pub use lanes::Lanes;
