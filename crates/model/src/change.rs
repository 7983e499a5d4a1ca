//! Configuration changes as they travel through the journal: what the engine must know after the
//! change, and who made it, for `audits`.

use crate::alarm::{AlarmTemplate, Suppression};
use crate::config::{Device, Edge, Org, Site};
use crate::ids::{AdminId, AlarmTemplateId, OrgId, SiteId};
use crate::mac::Mac;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One committed catalog transaction. Every partition that is concerned gets the same change;
/// only the org's home partition turns its `audit` into an event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The catalog sequence number: dense, ascending, never reused.
    pub seq: u64,
    /// When the catalog committed it.
    pub at: Timestamp,
    /// The org concerned.
    pub org_id: OrgId,
    /// What the engine applies, in this order.
    pub updates: Vec<ConfigUpdate>,
    /// The audit log entry; changes that the server makes by itself have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Audit>,
}

/// One thing that the engine's view of the configuration must take over.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "object", rename_all = "snake_case")]
pub enum ConfigUpdate {
    /// The org is now as given.
    Org(Org),
    /// The org and all of its sites are gone.
    OrgDeleted {
        /// Which one.
        id: OrgId,
    },
    /// The site is now as given.
    Site(Site),
    /// The site and its devices are gone.
    SiteDeleted {
        /// Which one.
        id: SiteId,
    },
    /// The device is now as given. It may have come from another site of the org.
    Device(Device),
    /// The edge is now as given.
    Edge(Edge),
    /// The edge has left this site.
    EdgeRemoved {
        /// The site that it left.
        site_id: SiteId,
        /// Its address.
        mac: Mac,
    },
    /// The alarm template is now as given.
    AlarmTemplate(AlarmTemplate),
    /// The alarm template is gone.
    AlarmTemplateDeleted {
        /// Which one.
        id: AlarmTemplateId,
    },
    /// The alarms of a site are not told in this span, or are told again.
    Suppression {
        /// The site.
        site_id: SiteId,
        /// The span.
        span: Option<Suppression>,
    },
    /// The alarms of all sites of an org, and its own, are not told in this span, or are told
    /// again.
    OrgSuppression {
        /// The org.
        org_id: OrgId,
        /// The span.
        span: Option<Suppression>,
    },
    /// The device has left this site, by deletion or by moving to another.
    DeviceRemoved {
        /// The site that it left.
        site_id: SiteId,
        /// Its MAC.
        mac: Mac,
    },
}

/// Who acted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Actor {
    /// The administrator or the token; `None` for the server itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_id: Option<AdminId>,
    /// `Given Family mail@host`, or the token's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_name: Option<String>,
    /// The address that the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src_ip: Option<String>,
    /// The `User-Agent` of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What an `audits` event says. Secrets were redacted before this was stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Audit {
    /// Who acted.
    pub actor: Actor,
    /// What was done, e.g. `Update Site Settings`.
    pub message: String,
    /// The site concerned, when there is just one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// Its name at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_name: Option<String>,
    /// The device concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Mac>,
    /// The changed keys before the change: JSON text with a space after `:` and `,`, as the
    /// wire has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The changed keys after the change, in the same form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}
