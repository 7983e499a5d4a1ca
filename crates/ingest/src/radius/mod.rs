//! RADIUS accounting (RFC 2866, RFC 2869).
//!
//! A request is answered only when its record is durable, so a NAS that gets no answer repeats
//! it. Whatever does not verify under the secret of its sender changes nothing and is not
//! answered: it is counted, and logged once in a while.

mod attributes;
mod decode;
pub mod directory;
pub mod listener;
mod packet;
mod station;
#[cfg(test)]
mod tests;

pub use decode::{Decoded, decode};
pub use packet::{Packet, PacketError, respond};
