//! The words of Foghorn: ids, times, topics, configuration, what goes into the journal and what
//! comes out as an event.
//!
//! This crate knows no storage, no network and no clock. Everything here is plain data with one
//! encoding, so that the engine, the log and the API agree by construction.

pub mod alarm;
pub mod change;
pub mod config;
pub mod definitions;
pub mod event;
pub mod hand_over;
pub mod ids;
pub mod mac;
pub mod partition;
pub mod record;
pub mod relayed;
pub mod telemetry;
pub mod time;
pub mod topic;
pub mod webhook;

pub use alarm::{AlarmTemplate, Suppression};
pub use change::{Actor, Audit, Change, ConfigUpdate};
pub use config::{Device, DeviceType, Edge, Org, Setting, Site};
pub use event::block::{EventBlock, EventEntry, EventRef};
pub use event::key::EventKey;
pub use hand_over::{HandOver, Matter};
pub use ids::{
    AdminId, AlarmId, AlarmTemplateId, AuditId, OrgId, SiteId, TokenId, WebhookId, WlanId,
};
pub use mac::Mac;
pub use partition::Partition;
pub use record::{Record, RecordBody};
pub use relayed::Relayed;
pub use time::Timestamp;
pub use topic::{Topic, TopicClass, TopicSet};
pub use webhook::{Grant, Oauth2, Webhook, WebhookType};
