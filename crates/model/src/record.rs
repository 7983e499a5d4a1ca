//! One record of the input log, and the form in which it lies on disk.
//!
//! A block body is a run of records, each `u32` length and then:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | form, [`FORM`] |
//! | 1 | kind |
//! | 8 | `received_at`, microseconds |
//! | 8 | catalog sequence under which the record was routed |
//! | 16 | site, zeros when it has none |
//! | rest | the body |
//!
//! All numbers are little-endian. Telemetry lies as the JSON line that was validated when it
//! came in, and is read by the same decoder again: a decoder that learns new fields can still
//! read every old journal, and an operator can read the journal with `foghorn inspect`. What is
//! relayed lies as it came, since it goes out as it came.

use crate::alarm::Acknowledgement;
use crate::change::Change;
use crate::hand_over::HandOver;
use crate::ids::SiteId;
use crate::partition::Partition;
use crate::relayed::Relayed;
use crate::time::Timestamp;
use crate::webhook::Webhook;
use crate::{OrgId, WebhookId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The form of the record header that this version writes.
pub const FORM: u8 = 1;
/// The longest record that a journal takes.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

const HEADER_BYTES: usize = 34;

/// One input of a partition.
#[derive(Clone, PartialEq, Debug)]
pub struct Record<'a> {
    /// When the inbox took it; never goes back within a partition.
    pub received_at: Timestamp,
    /// The catalog sequence under which it was routed.
    pub catalog_seq: u64,
    /// The site that it was routed to.
    pub site: Option<SiteId>,
    /// What it says.
    pub body: RecordBody<'a>,
}

/// What a record says.
#[derive(Clone, PartialEq, Debug)]
pub enum RecordBody<'a> {
    /// A validated telemetry line.
    Telemetry(Cow<'a, [u8]>),
    /// An event that another server derived.
    Relayed(Relayed<'a>),
    /// A configuration change.
    Change(Box<Change>),
    /// Something that acts on derived state.
    Command(Command),
    /// What another partition, or this one, knows of an org that is at home here.
    HandOver(HandOver),
    /// Nothing but time: a deadline was due and no other record moved the clock.
    Tick,
    /// The server started again; it had last been alive at `since`.
    Resumed {
        /// The stamp of the last record before the stop.
        since: Timestamp,
    },
    /// Input could not be taken for a while, though the server did not stop.
    InputGap(InputGap),
    /// Another version of the fold takes over from here.
    Upgrade(Upgrade),
}

/// A span in which input was refused or not read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InputGap {
    /// What was silent: `all`, or a listener such as `radius`.
    pub source: String,
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// The note of a change of the fold's version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Upgrade {
    /// The fold version before.
    pub from: u32,
    /// The fold version from here on.
    pub to: u32,
}

/// Something an administrator or the server asks of the engine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Send one `ping` event to one webhook.
    Ping {
        /// Which one.
        webhook_id: WebhookId,
        /// Its name, which stands in the event.
        name: String,
        /// Its org.
        org_id: OrgId,
        /// Its site, for a site webhook.
        site_id: Option<SiteId>,
    },
    /// Acknowledge alarms, or take that back.
    Acknowledge(Acknowledgement),
    /// A webhook keeps failing, or does no longer.
    WebhookHealth(WebhookHealth),
    /// A record was set aside, since the fold could not take it.
    Quarantined(Quarantined),
}

/// How a webhook fares. Said again, it changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WebhookHealth {
    /// Which one.
    pub webhook_id: WebhookId,
    /// Its name.
    pub name: String,
    /// Its org.
    pub org_id: OrgId,
    /// Its site, for a site webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// What is wrong; nothing when it is well again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
}

impl WebhookHealth {
    /// Where it is told: with its site, or at home with its org.
    pub fn partition(&self) -> Partition {
        self.site_id.map_or_else(|| Partition::of_org(self.org_id), Partition::of_site)
    }
}

/// What is wrong with a webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failing {
    /// Since when nothing came through.
    pub since: Timestamp,
    /// What the last attempt met.
    pub reason: String,
}

/// A record that the fold goes past. Said again, it changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its number in this partition.
    pub record: u64,
    /// Its org, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
    /// Its site, if it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
}

impl Command {
    /// The site that it is about.
    pub fn site(&self) -> Option<SiteId> {
        match self {
            Self::Ping { site_id, .. } => *site_id,
            Self::Acknowledge(acknowledgement) => acknowledgement.site_id,
            Self::WebhookHealth(health) => health.site_id,
            Self::Quarantined(quarantined) => quarantined.site_id,
        }
    }

    /// The command that pings this webhook.
    pub fn ping(webhook: &Webhook) -> Self {
        Self::Ping {
            webhook_id: webhook.id,
            name: webhook.name.clone(),
            org_id: webhook.org_id,
            site_id: webhook.site_id,
        }
    }
}

/// Bytes that are no record of a form known to this version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError(pub String);

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record does not decode: {}", self.0)
    }
}

impl std::error::Error for RecordError {}

const TELEMETRY: u8 = 1;
const CHANGE: u8 = 2;
const COMMAND: u8 = 3;
const TICK: u8 = 4;
const RESUMED: u8 = 5;
const INPUT_GAP: u8 = 6;
const UPGRADE: u8 = 7;
const RELAYED: u8 = 8;
const HAND_OVER: u8 = 9;

impl Record<'_> {
    /// Appends the record, with its length before it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        let kind = match &self.body {
            RecordBody::Telemetry(_) => TELEMETRY,
            RecordBody::Relayed(_) => RELAYED,
            RecordBody::Change(_) => CHANGE,
            RecordBody::Command(_) => COMMAND,
            RecordBody::HandOver(_) => HAND_OVER,
            RecordBody::Tick => TICK,
            RecordBody::Resumed { .. } => RESUMED,
            RecordBody::InputGap(_) => INPUT_GAP,
            RecordBody::Upgrade(_) => UPGRADE,
        };
        out.extend_from_slice(&[FORM, kind]);
        out.extend_from_slice(&self.received_at.0.to_le_bytes());
        out.extend_from_slice(&self.catalog_seq.to_le_bytes());
        out.extend_from_slice(self.site.as_ref().map_or(&[0; 16], |site| site.as_bytes()));
        match &self.body {
            RecordBody::Telemetry(line) => out.extend_from_slice(line),
            RecordBody::Relayed(relayed) => relayed.encode(out),
            RecordBody::Change(change) => json(out, change),
            RecordBody::Command(command) => json(out, command),
            RecordBody::HandOver(handed) => json(out, handed),
            RecordBody::Tick => {}
            RecordBody::Resumed { since } => out.extend_from_slice(&since.0.to_le_bytes()),
            RecordBody::InputGap(gap) => json(out, gap),
            RecordBody::Upgrade(upgrade) => json(out, upgrade),
        }
        let length = u32::try_from(out.len() - start - 4).expect("a record is under 4 GiB");
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }
}

fn json<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("writing plain data to memory cannot fail");
}

/// Iterates over the records of one block body.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// The records of this block body.
    pub fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// The bytes that have not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self) -> Result<&'a [u8], RecordError> {
        let (length, rest) = self.rest.split_first_chunk::<4>().ok_or_else(short)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| short())?;
        if length > rest.len() {
            return Err(short());
        }
        let (record, rest) = rest.split_at(length);
        self.rest = rest;
        Ok(record)
    }
}

fn short() -> RecordError {
    RecordError("it is cut short".into())
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        // Where a length is wrong, nothing behind it can be found.
        let record = self.take().inspect_err(|_| self.rest = &[]);
        Some(record.and_then(decode))
    }
}

fn decode(bytes: &[u8]) -> Result<Record<'_>, RecordError> {
    if bytes.len() < HEADER_BYTES {
        return Err(short());
    }
    if bytes[0] != FORM {
        return Err(RecordError(format!("its form {} is not known", bytes[0])));
    }
    let site: [u8; 16] = field(bytes, 18);
    let body = &bytes[HEADER_BYTES..];
    Ok(Record {
        received_at: Timestamp(i64::from_le_bytes(field(bytes, 2))),
        catalog_seq: u64::from_le_bytes(field(bytes, 10)),
        site: (site != [0; 16]).then(|| SiteId::from_bytes(site)),
        body: match bytes[1] {
            TELEMETRY => RecordBody::Telemetry(Cow::Borrowed(body)),
            CHANGE => RecordBody::Change(from_json(body)?),
            COMMAND => RecordBody::Command(from_json(body)?),
            HAND_OVER => RecordBody::HandOver(from_json(body)?),
            TICK => RecordBody::Tick,
            RESUMED => {
                let since = body.first_chunk().ok_or_else(short)?;
                RecordBody::Resumed { since: Timestamp(i64::from_le_bytes(*since)) }
            }
            INPUT_GAP => RecordBody::InputGap(from_json(body)?),
            UPGRADE => RecordBody::Upgrade(from_json(body)?),
            RELAYED => RecordBody::Relayed(Relayed::decode(body)?),
            kind => return Err(RecordError(format!("its kind {kind} is not known"))),
        },
    })
}

fn from_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, RecordError> {
    serde_json::from_slice(body).map_err(|error| RecordError(error.to_string()))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventKey, Matter};
    use proptest::prelude::*;

    fn sample(body: RecordBody<'static>) -> Record<'static> {
        Record { received_at: Timestamp(1_700_000_000_000_000), catalog_seq: 7, site: None, body }
    }

    #[test]
    fn each_kind_reads_back() {
        let bodies = [
            RecordBody::Telemetry(Cow::Borrowed(br#"{"kind":"device-heartbeat"}"#)),
            RecordBody::Tick,
            RecordBody::Resumed { since: Timestamp(5) },
            RecordBody::Upgrade(Upgrade { from: 1, to: 2 }),
            RecordBody::HandOver(HandOver {
                from: EventKey::start(crate::Partition(3)),
                org_id: OrgId::from_bytes([1; 16]),
                at: Timestamp(6),
                matter: Matter::SiteUp { site_id: SiteId::from_bytes([4; 16]) },
            }),
            RecordBody::Relayed(Relayed {
                topic: crate::Topic::Zone,
                org: OrgId::from_bytes([1; 16]),
                message: [2; 16],
                index: 3,
                event: Cow::Borrowed(b"{ \"odd\" :1.0e0 }"),
            }),
        ];
        let mut bytes = Vec::new();
        for body in &bodies {
            sample(body.clone()).encode(&mut bytes);
        }
        let read: Vec<_> = Records::new(&bytes).map(|record| record.unwrap().body).collect();
        assert_eq!(read, bodies);
    }

    #[test]
    fn a_relayed_event_of_a_topic_that_is_not_known_does_not_decode() {
        let relayed = Relayed {
            topic: crate::Topic::Zone,
            org: OrgId::from_bytes([1; 16]),
            message: [2; 16],
            index: 3,
            event: Cow::Borrowed(b"{}"),
        };
        let mut bytes = Vec::new();
        sample(RecordBody::Relayed(relayed)).encode(&mut bytes);
        let topic = 4 + HEADER_BYTES;
        bytes[topic] = 0xff;
        let error = Records::new(&bytes).next().unwrap().unwrap_err();
        assert_eq!(error.0, "its topic 255 is not known");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic_or_hang(bytes: Vec<u8>) {
            prop_assert!(Records::new(&bytes).take(100).count() <= 100);
        }
    }
}
