//! The configuration as an immutable view: what routing and the subscription index are made of.

use crate::catalog::Document;
use crate::error::CatalogError;
use crate::objects::{self, Kind};
use foghorn_model::{Device, Mac, OrgId, Site, SiteId, Webhook, WebhookId};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::fmt;
use uuid::Uuid;

/// Everything that shapes routing and delivery, as of one change.
#[derive(Clone, Debug, Default)]
pub struct ConfigView {
    /// The sequence number of the change.
    pub seq: u64,
    /// The names of the orgs.
    pub orgs: BTreeMap<OrgId, String>,
    /// The sites; their settings are not filled in.
    pub sites: BTreeMap<SiteId, Site>,
    /// The devices that are assigned to a site.
    pub devices: BTreeMap<(SiteId, Mac), Device>,
    /// The webhooks, secrets open.
    pub webhooks: BTreeMap<WebhookId, Webhook>,
    radius_clients: BTreeMap<SiteId, Vec<RadiusClient>>,
    syslog_senders: BTreeMap<SiteId, Vec<SyslogSender>>,
    relays: BTreeMap<(OrgId, Option<SiteId>), Relay>,
}

/// A network whose syslog senders belong to a site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyslogSender {
    /// Where they send from.
    pub network: IpNet,
    /// What they are called.
    pub name: String,
    /// Whether they pass on what others say, whom the host name of a message tells.
    pub relay: bool,
    /// What the radio interfaces of the APs there serve, by name.
    pub interfaces: BTreeMap<String, SyslogInterface>,
}

/// What a radio interface serves.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SyslogInterface {
    /// Its SSID.
    pub ssid: Option<String>,
    /// Its BSSID.
    pub bssid: Option<Mac>,
    /// Its band: `24`, `5` or `6`.
    pub band: Option<String>,
}

/// How messages of Mist to an org or a site are taken in.
#[derive(Clone, PartialEq, Eq)]
pub struct Relay {
    /// The secret that they are signed with.
    pub secret: String,
    /// Whether an HMAC-SHA1 is enough where there is no HMAC-SHA256.
    pub accept_sha1: bool,
    /// Which of our sites each of Mist's is, by its id there.
    pub sites: BTreeMap<Uuid, SiteId>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sha1 = self.accept_sha1;
        f.debug_struct("Relay").field("accept_sha1", &sha1).finish_non_exhaustive()
    }
}

/// A network whose RADIUS clients belong to a site.
#[derive(Clone, PartialEq, Eq)]
pub struct RadiusClient {
    /// Where they send from.
    pub network: IpNet,
    /// The secret that they share with us.
    pub secret: String,
    /// What they are called.
    pub name: String,
}

impl fmt::Debug for RadiusClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RadiusClient").field("network", &self.network).finish_non_exhaustive()
    }
}

impl ConfigView {
    /// The RADIUS clients of a site.
    pub fn radius_clients(&self, site: SiteId) -> &[RadiusClient] {
        self.radius_clients.get(&site).map(Vec::as_slice).unwrap_or_default()
    }

    /// The networks of a site's syslog senders.
    pub fn syslog_senders(&self, site: SiteId) -> &[SyslogSender] {
        self.syslog_senders.get(&site).map(Vec::as_slice).unwrap_or_default()
    }

    /// How messages of Mist are taken in by an org itself, or by a site of it; `None` where they
    /// are not.
    pub fn relay(&self, org: OrgId, site: Option<SiteId>) -> Option<&Relay> {
        self.relays.get(&(org, site))
    }

    pub(crate) fn of_seq(seq: u64) -> Self {
        Self { seq, ..Self::default() }
    }

    pub(crate) fn add(&mut self, document: &Document) -> Result<(), CatalogError> {
        match document.kind {
            Kind::Org => {
                self.orgs.insert(OrgId(document.id), document.text("name").into());
            }
            Kind::Site => {
                let site = objects::site::site(document);
                self.sites.insert(site.id, site);
            }
            Kind::Device => {
                if let (Some(device), Some(site)) =
                    (objects::device::device(document), document.site_id)
                {
                    self.devices.insert((site, device.mac), device);
                }
            }
            Kind::Webhook => {
                let webhook = objects::webhook::webhook(document)?;
                self.webhooks.insert(webhook.id, webhook);
            }
            Kind::SiteSetting => {
                let clients = objects::setting::radius_clients(&document.body)?;
                let senders = objects::setting::syslog_senders(&document.body)?;
                if let Some(site) = document.site_id {
                    self.radius_clients.insert(site, clients);
                    self.syslog_senders.insert(site, senders);
                }
                self.add_relay(document);
            }
            Kind::OrgSetting => self.add_relay(document),
            // The rest shapes neither routing nor delivery.
            _ => {}
        }
        Ok(())
    }

    /// What was stored before this member was known is anything, and then no relay.
    fn add_relay(&mut self, document: &Document) {
        if let Ok(Some(relay)) = objects::setting::relay_mist(&document.body) {
            self.relays.insert((document.org_id, document.site_id), relay);
        }
    }

    pub(crate) fn finish(&mut self) {
        let Self { orgs, sites, radius_clients, syslog_senders, relays, .. } = self;
        radius_clients.retain(|site, _| sites.contains_key(site));
        syslog_senders.retain(|site, _| sites.contains_key(site));
        relays.retain(|(org, site), _| {
            orgs.contains_key(org) && site.is_none_or(|site| sites.contains_key(&site))
        });
    }
}
