//! What a partition hands over to the home of an org.
//!
//! A site's state lives in the site's partition, and what concerns several sites of an org is made
//! of what their partitions hand over. It is journaled in the home partition like any other input;
//! the key says which of a partition's have come already.

use crate::event::key::EventKey;
use crate::ids::{OrgId, SiteId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that a partition hands over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HandOver {
    /// Which one it is of those of the partition that it comes from; they ascend.
    pub from: EventKey,
    /// The org, in whose home partition it is journaled.
    pub org_id: OrgId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub matter: Matter,
}

/// What concerns an org beyond one of its sites.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "matter", rename_all = "snake_case")]
pub enum Matter {
    /// Every device of a site is down of which it is known whether it is.
    SiteDown {
        /// The site.
        site_id: SiteId,
        /// Its name.
        name: String,
    },
    /// One of them is back, or the site is gone.
    SiteUp {
        /// The site.
        site_id: SiteId,
    },
}
