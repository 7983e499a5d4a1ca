//! An event that another server derived and that is passed on as it came, byte for byte.
//!
//! In a journal it is the topic's code, the org, the name of the message that it came in, its
//! place there (`u32`, little-endian), and then the JSON object.

use crate::ids::{OrgId, SiteId};
use crate::partition::Partition;
use crate::record::RecordError;
use crate::topic::Topic;
use std::borrow::Cow;
use std::fmt;
use std::fmt::Write;

/// Bytes before the event.
pub(crate) const HEADER_BYTES: usize = 37;

/// One event of a message of another server.
#[derive(Clone, PartialEq, Eq)]
pub struct Relayed<'a> {
    /// Its topic.
    pub topic: Topic,
    /// Whose it is.
    pub org: OrgId,
    /// Names the message: a digest of its body. The same body again has the same name.
    pub message: [u8; 16],
    /// Its place in the message, from 0: equal events of one message are several.
    pub index: u32,
    /// The JSON object, as it stands in the message.
    pub event: Cow<'a, [u8]>,
}

impl fmt::Debug for Relayed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = String::from_utf8_lossy(&self.event);
        write!(f, "Relayed({} {} {} {event})", self.topic, self.org, self.id())
    }
}

impl<'a> Relayed<'a> {
    /// By which it is known when the message is repeated.
    pub fn id(&self) -> String {
        let mut id = String::with_capacity(43);
        for byte in self.message {
            write!(id, "{byte:02x}").expect("writing to memory cannot fail");
        }
        write!(id, "/{}", self.index).expect("writing to memory cannot fail");
        id
    }

    /// Where it goes: with the site that it happened at, or home with what concerns the org.
    pub fn partition(&self, site: Option<SiteId>) -> Partition {
        site.map_or_else(|| Partition::of_org(self.org), Partition::of_site)
    }

    /// Bytes of it in a record.
    pub fn byte_len(&self) -> usize {
        HEADER_BYTES + self.event.len()
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.topic as u8);
        out.extend_from_slice(self.org.as_bytes());
        out.extend_from_slice(&self.message);
        out.extend_from_slice(&self.index.to_le_bytes());
        out.extend_from_slice(&self.event);
    }

    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let short = || RecordError("it is cut short".into());
        let (code, rest) = bytes.split_first().ok_or_else(short)?;
        let (org, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
        let (message, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
        let (index, event) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let unknown = || RecordError(format!("its topic {code} is not known"));
        Ok(Self {
            topic: Topic::from_code(*code).ok_or_else(unknown)?,
            org: OrgId::from_bytes(*org),
            message: *message,
            index: u32::from_le_bytes(*index),
            event: Cow::Borrowed(event),
        })
    }
}
