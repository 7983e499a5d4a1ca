//! The `state` documents of OpenWiFi (uCentral) APs: who is associated, as a list.
//!
//! Pure: the API hands a body in. An AP makes such a document every minute or so, and its
//! controller passes it on: bare, with the AP's `serial` beside it, as the JSON-RPC notification
//! that it was, or packed (`compress_64`). All forms are read. What is not about associations is
//! passed over. A document is taken whole or not at all, since what is missing in it counts.

mod document;
mod state;

pub use state::{STATE_BYTES_MAX, State, StateError, read_state};
