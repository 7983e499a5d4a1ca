//! The webhook object: what it subscribes to and where it sends.

use crate::ids::{OrgId, SiteId, WebhookId};
use crate::topic::Topic;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How a webhook sends. Mist names two more kinds, of which no wire detail is public.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookType {
    /// A plain POST.
    #[default]
    HttpPost,
    /// A POST under a bearer token that is fetched first.
    Oauth2(Oauth2),
    /// A POST to an HTTP Event Collector.
    Splunk {
        /// The collector's token, in clear.
        token: String,
    },
}

/// How a webhook gets its bearer token (RFC 6749).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oauth2 {
    /// The token endpoint.
    pub token_url: String,
    /// On whose behalf.
    pub grant: Grant,
    /// Which client asks. One without a secret is public.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The client's secret, in clear.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// What the token is to be good for; the endpoint decides when there are none.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// On whose behalf a token is asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// The client's own (RFC 6749, section 4.4).
    ClientCredentials,
    /// Somebody's whose password is known (section 4.3).
    Password {
        /// Who.
        username: String,
        /// The password, in clear.
        password: String,
    },
}

impl WebhookType {
    /// The name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::HttpPost => "http-post",
            Self::Oauth2(_) => "oauth2",
            Self::Splunk { .. } => "splunk",
        }
    }
}

/// The name alone: what is in it is secret.
impl fmt::Debug for WebhookType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Without its secrets.
impl fmt::Debug for Oauth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oauth2").field("grant", &self.grant).finish_non_exhaustive()
    }
}

/// Without the password.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientCredentials => "client_credentials",
            Self::Password { .. } => "password",
        })
    }
}

/// A webhook of an org (`site_id` is `None`) or of a site.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// The org that it belongs to, also for a site webhook.
    pub org_id: OrgId,
    /// The site, for a site webhook.
    #[serde(default)]
    pub site_id: Option<SiteId>,
    /// Counts its changes: what is remembered of an older version does not hold for this one.
    #[serde(default)]
    pub version: i64,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// How it sends.
    #[serde(default, rename = "type")]
    pub webhook_type: WebhookType,
    /// Where it sends to.
    #[serde(default)]
    pub url: String,
    /// Whether it sends at all (`ping` is sent even when not).
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether the receiver's certificate is verified.
    #[serde(default = "yes")]
    pub verify_cert: bool,
    /// The signing secret, in clear: never serialise this struct into an answer or a log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Custom request headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What it subscribes to, each with the catalog sequence from which on: an event is for this
    /// webhook if the record that made it was routed under that sequence or a later one.
    #[serde(default)]
    pub topics: BTreeMap<Topic, u64>,
    /// One event a POST, where the topic allows it.
    #[serde(default)]
    pub single_event_per_message: bool,
    /// Further status codes that count as delivered (an extension field).
    #[serde(default)]
    pub success_codes: Vec<u16>,
}

/// Without its secret, its headers and its URL, any of which may hold a credential.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("topics", &self.topics)
            .finish_non_exhaustive()
    }
}

fn yes() -> bool {
    true
}

impl Webhook {
    /// Whether an event of this org and site lies in the scope of this webhook. Org webhooks
    /// cover every site of their org and what has no site; site webhooks cover their site.
    pub fn covers(&self, org: OrgId, site: Option<SiteId>) -> bool {
        self.org_id == org && (self.site_id.is_none() || self.site_id == site)
    }
}
