//! Events as they lie in an event log and travel to the lanes: one body of many entries.
//!
//! An entry is 40 bytes of header, the ids that it has, and the JSON:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | record number |
//! | 4 | ordinal |
//! | 4 | epoch |
//! | 8 | catalog sequence of the record |
//! | 8 | when it was derived, microseconds |
//! | 1 | topic code |
//! | 1 | flags: 1 has a site, 2 has a target webhook |
//! | 2 | form, [`FORM`] |
//! | 4 | length of the JSON |
//! | 16 | org |
//! | 16 | site, when flagged |
//! | 16 | target webhook, when flagged |

use super::key::EventKey;
use crate::ids::{OrgId, SiteId, WebhookId};
use crate::partition::Partition;
use crate::time::Timestamp;
use crate::topic::Topic;
use std::fmt;

/// The form of the entries that this version writes.
pub const FORM: u16 = 1;

const HEADER_BYTES: usize = 40;
const HAS_SITE: u8 = 1;
const HAS_TARGET: u8 = 2;

/// What is known of an event beside its JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventEntry {
    /// Its coordinates.
    pub key: EventKey,
    /// The catalog sequence of the record that made it.
    pub catalog_seq: u64,
    /// When it was derived, by the partition's clock: its age counts from here. When it happened
    /// stands in the JSON.
    pub at: Timestamp,
    /// Its topic.
    pub topic: Topic,
    /// Whose it is.
    pub org: OrgId,
    /// Where it happened.
    pub site: Option<SiteId>,
    /// The only webhook that it is for, as with `ping`.
    pub target: Option<WebhookId>,
}

/// An event in a block.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EventRef<'a> {
    /// What is known of it.
    pub entry: EventEntry,
    /// Its JSON object, as it goes on the wire.
    pub json: &'a [u8],
}

/// The bytes are no event entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBlockError(&'static str);

impl fmt::Display for EventBlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event block does not decode: {}", self.0)
    }
}

impl std::error::Error for EventBlockError {}

/// Appends one entry to a block body; `write` appends its JSON.
pub fn encode(out: &mut Vec<u8>, entry: &EventEntry, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&entry.key.record.to_le_bytes());
    out.extend_from_slice(&entry.key.ordinal.to_le_bytes());
    out.extend_from_slice(&entry.key.epoch.to_le_bytes());
    out.extend_from_slice(&entry.catalog_seq.to_le_bytes());
    out.extend_from_slice(&entry.at.0.to_le_bytes());
    let site = if entry.site.is_some() { HAS_SITE } else { 0 };
    let target = if entry.target.is_some() { HAS_TARGET } else { 0 };
    out.extend_from_slice(&[entry.topic as u8, site | target]);
    out.extend_from_slice(&FORM.to_le_bytes());
    let length_at = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(entry.org.as_bytes());
    if let Some(site) = &entry.site {
        out.extend_from_slice(site.as_bytes());
    }
    if let Some(target) = &entry.target {
        out.extend_from_slice(target.as_bytes());
    }
    let begin = out.len();
    write(out);
    let length = u32::try_from(out.len() - begin).expect("an event is far under 4 GiB");
    out[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
}

/// The events of one block body, decoded one after the other.
#[derive(Clone, Debug)]
pub struct EventBlock<'a> {
    partition: Partition,
    body: &'a [u8],
    at: usize,
}

impl<'a> EventBlock<'a> {
    /// The events of this body, which belongs to this partition.
    pub fn new(partition: Partition, body: &'a [u8]) -> Self {
        Self { partition, body, at: 0 }
    }

    /// The one event that begins at this offset, as [`EventBlock::offset`] told it.
    pub fn event_at(partition: Partition, body: &'a [u8], at: usize) -> Option<EventRef<'a>> {
        Self { partition, body, at }.next()?.ok()
    }

    /// Where the next event begins in the body.
    pub fn offset(&self) -> usize {
        self.at
    }

    fn decode(&self) -> Result<(EventRef<'a>, usize), EventBlockError> {
        const SHORT: EventBlockError = EventBlockError("it is cut short");
        let mut rest = self.body.get(self.at..).ok_or(SHORT)?;
        let mut take = |length: usize| -> Result<&'a [u8], EventBlockError> {
            let (taken, left) = rest.split_at_checked(length).ok_or(SHORT)?;
            rest = left;
            Ok(taken)
        };
        let header = take(HEADER_BYTES)?;
        if u16::from_le_bytes(field(header, 34)) != FORM {
            return Err(EventBlockError("its form is not known"));
        }
        let flags = header[33];
        let org = OrgId::from_bytes(field(take(16)?, 0));
        let site = (flags & HAS_SITE != 0).then(|| take(16)).transpose()?;
        let target = (flags & HAS_TARGET != 0).then(|| take(16)).transpose()?;
        let length = u32::from_le_bytes(field(header, 36));
        let json = take(usize::try_from(length).map_err(|_| SHORT)?)?;
        let entry = EventEntry {
            key: EventKey {
                partition: self.partition,
                epoch: u32::from_le_bytes(field(header, 12)),
                record: u64::from_le_bytes(field(header, 0)),
                ordinal: u32::from_le_bytes(field(header, 8)),
            },
            catalog_seq: u64::from_le_bytes(field(header, 16)),
            at: Timestamp(i64::from_le_bytes(field(header, 24))),
            topic: Topic::from_code(header[32]).ok_or(EventBlockError("its topic is not known"))?,
            org,
            site: site.map(|id| SiteId::from_bytes(field(id, 0))),
            target: target.map(|id| WebhookId::from_bytes(field(id, 0))),
        };
        let end = self.body.len() - rest.len();
        Ok((EventRef { entry, json }, end))
    }
}

impl<'a> Iterator for EventBlock<'a> {
    type Item = Result<EventRef<'a>, EventBlockError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.body.len() {
            return None;
        }
        Some(match self.decode() {
            Ok((event, end)) => {
                self.at = end;
                Ok(event)
            }
            Err(error) => {
                self.at = self.body.len();
                Err(error)
            }
        })
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entries_read_back_in_order_and_by_offset() {
        let partition = Partition(9);
        let org = OrgId::from_bytes([1; 16]);
        let entry = |record, site, target| EventEntry {
            key: EventKey { partition, epoch: 1, record, ordinal: 0 },
            catalog_seq: 3,
            at: Timestamp(77),
            topic: Topic::ClientJoin,
            org,
            site,
            target,
        };
        let first = entry(5, Some(SiteId::from_bytes([2; 16])), None);
        let second = entry(6, None, Some(WebhookId::from_bytes([3; 16])));
        let mut body = Vec::new();
        encode(&mut body, &first, |out| out.extend_from_slice(b"{}"));
        encode(&mut body, &second, |out| out.extend_from_slice(br#"{"a":1}"#));
        let mut block = EventBlock::new(partition, &body);
        assert_eq!(block.next().unwrap().unwrap(), EventRef { entry: first, json: b"{}" });
        let offset = block.offset();
        assert_eq!(block.next().unwrap().unwrap().json, br#"{"a":1}"#);
        assert!(block.next().is_none());
        assert_eq!(EventBlock::event_at(partition, &body, offset).unwrap().entry, second);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(body: Vec<u8>) {
            EventBlock::new(Partition(0), &body).for_each(drop);
        }
    }
}
