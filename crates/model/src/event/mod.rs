//! Events: their coordinates, their form in a log, and the JSON of every topic.
//!
//! One module a topic family. Each encoder writes an event's keys in alphabetical order, as they
//! stand on Mist's wire, and leaves out what is not known rather than inventing it.

pub mod alarm;
pub mod audit;
pub mod block;
pub mod carried;
pub mod client;
pub mod device;
pub mod edge;
pub mod json;
pub mod key;
pub mod nac;
mod parts;
pub mod ping;
pub mod sle;
pub mod step;

use crate::ids::{OrgId, SiteId};

/// Where an event happened, as most payloads say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place<'a> {
    /// The org.
    pub org: OrgId,
    /// The site; none of what is the org's as a whole.
    pub site: Option<SiteId>,
    /// The site's name.
    pub site_name: Option<&'a str>,
}
