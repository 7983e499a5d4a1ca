//! The catalog: orgs, sites, devices, settings, webhooks, tokens, and every change of them; and
//! beside it the delivery store (cursors and the delivery log) and the history store (events that
//! can be searched).
//!
//! All three are SQLite files. The catalog is written with full syncs, since a REST answer
//! promises that the change is kept; the others without, since what they may lose after a power
//! failure is only repeated. One write is one transaction: the document with its version and the
//! change with its sequence number, secrets sealed in the one and redacted in the other before
//! either is stored.

mod admins;
mod auth;
mod catalog;
mod changes;
mod database;
mod delivery;
mod error;
mod first_org;
mod history;
mod images;
mod noting;
mod objects;
mod scan;
mod seal;
mod sign;
mod stored;
mod view;
mod write;

pub use admins::{
    Admin, AdminPatch, EMAIL_BYTES_MAX, Invite, NewInvite, NewSession, PendingInvite,
    PersonalToken, Session,
};
pub use auth::{Access, Grant, NewToken, Principal, Right, Role, new_key};
pub use catalog::{Catalog, Document, Import, Imported, Page, Scope};
pub use delivery::{
    CountBy, DeliveryFilter, DeliveryRecord, DeliveryStore, ExchangeRecord, FlushRecords,
    LaneRecord, PAYLOAD_BYTES_MAX, WatermarkRecord,
};
pub use error::CatalogError;
pub use history::{
    AlarmFilter, AlarmMember, AlarmRecord, HistoryFilter, HistoryRecord, HistoryStore, Match, Whose,
};
pub use images::Image;
pub use objects::shape::{Member, OnDelete, Shape};
pub use objects::{KINDS, Kind, KindRow, read_cells};
pub use scan::{Counted, Found, Paging, Place, SCAN_ROWS_MAX, VALUES_MAX};
pub use view::{ConfigView, RadiusClient, Relay, SyslogInterface, SyslogSender};
