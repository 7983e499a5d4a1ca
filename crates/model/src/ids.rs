//! One type per kind of id, so that a site can never be looked up by the id of an org.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id as sixteen bytes, as it stands in journals and blocks.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id of these sixteen bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// An organization: the tenant.
    OrgId;
    /// A site: a place with devices; it belongs to one org.
    SiteId;
    /// A webhook of an org or of a site.
    WebhookId;
    /// An API token.
    TokenId;
    /// An administrator, or the token that acted as one.
    AdminId;
    /// One change in the audit log.
    AuditId;
    /// An alarm: one condition or run of incidents at a site.
    AlarmId;
    /// What says which alarms are told.
    AlarmTemplateId;
    /// A WLAN, given by the source or derived from site and SSID.
    WlanId;
}

impl SiteId {
    /// The id under which an org's own matters are kept, as if by a site.
    pub fn of_org(org: OrgId) -> Self {
        Self(org.0)
    }
}

impl WlanId {
    /// The id that stands for an SSID of a site for which no source gave a WLAN id.
    pub fn derived(site: SiteId, ssid: &str) -> Self {
        Self(Uuid::new_v5(&site.0, format!("wlan:{ssid}").as_bytes()))
    }
}

impl AlarmId {
    /// What stays the same of all alarms of one type about one thing of a site. `about` is empty
    /// where the type gathers what befalls the whole site.
    pub fn slot(site: SiteId, key: &str, about: &str) -> Uuid {
        Uuid::new_v5(&site.0, format!("alarm:{key}:{about}").as_bytes())
    }

    /// The id of the alarm of a slot that began at this time.
    pub fn derived(slot: Uuid, onset: Timestamp) -> Self {
        Self(Uuid::new_v5(&slot, format!("{}", onset.0).as_bytes()))
    }
}

impl AuditId {
    /// The id of the change with this catalog sequence number.
    pub fn derived(org: OrgId, seq: u64) -> Self {
        Self(Uuid::new_v5(&org.0, format!("audit:{seq}").as_bytes()))
    }
}
