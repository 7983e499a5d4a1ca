//! What a partition remembers: everything that a snapshot holds.
//!
//! Snapshots are JSON with defaults for absent fields, so that a later version reads an earlier
//! one's. Whatever can be derived of the rest (timers) is left out.

use crate::processors::accounting::Sessions;
use crate::processors::air::Air;
use crate::processors::alarms::Alarms;
use crate::processors::clients::{Clients, Lists};
use crate::processors::clocks::Clocks;
use crate::processors::devices::Devices;
use crate::processors::edges::Edges;
use crate::processors::failures::{Failures, is_weak};
use crate::processors::latency::Latency;
use crate::processors::paths::Paths;
use crate::processors::peerings::Peerings;
use crate::processors::ports::Ports;
use crate::processors::radios::Radios;
use crate::processors::sites_down::SitesDown;
use crate::processors::sle::Sle;
use crate::processors::sources::Sources;
use crate::processors::webhooks::Webhooks;
use crate::seen::Seen;
use foghorn_model::telemetry::{Report, Sighting};
use foghorn_model::{
    AlarmTemplate, AlarmTemplateId, EventKey, Org, OrgId, Partition, Site, SiteId, Suppression,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The state of a partition.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// The version of the fold that made it.
    pub(crate) fold: u32,
    /// How often history was derived anew.
    pub(crate) epoch: u32,
    /// The last record folded.
    pub(crate) last: u64,
    /// The partition clock.
    pub(crate) clock: Timestamp,
    /// The last configuration change applied.
    pub(crate) catalog_seq: u64,
    /// The orgs that have to do with this partition.
    pub(crate) orgs: BTreeMap<OrgId, Org>,
    /// The alarm templates of the orgs.
    pub(crate) templates: BTreeMap<AlarmTemplateId, AlarmTemplate>,
    /// When no alarms of orgs are told.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) suppressions: BTreeMap<OrgId, Suppression>,
    /// The last that other partitions handed over.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) heard: BTreeMap<Partition, EventKey>,
    /// The sites that live in it, and the places of the orgs that are at home here.
    pub(crate) sites: BTreeMap<SiteId, SiteState>,
    /// What was relayed of late of no site, of the orgs that are at home here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) relayed: BTreeMap<OrgId, Seen>,
    /// The records that were set aside and told of, the last of them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) quarantined: BTreeSet<u64>,
}

impl State {
    /// Every org that is at home here has the place of what is none of its sites'.
    pub(crate) fn keep_places(&mut self, partition: Partition) {
        for org in self.orgs.values().filter(|org| Partition::of_org(org.id) == partition) {
            let place = Site::of_org(org);
            self.sites.entry(place.id).or_insert_with(|| SiteState::new(place));
        }
    }
}

/// The state of a site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SiteState {
    /// Its configuration.
    pub(crate) site: Site,
    #[serde(default)]
    pub(crate) devices: Devices,
    #[serde(default)]
    pub(crate) clients: Clients,
    #[serde(default)]
    pub(crate) lists: Lists,
    #[serde(default)]
    pub(crate) sessions: Sessions,
    #[serde(default)]
    pub(crate) edges: Edges,
    #[serde(default)]
    pub(crate) latency: Latency,
    #[serde(default)]
    pub(crate) sle: Sle,
    #[serde(default)]
    pub(crate) failures: Failures,
    #[serde(default)]
    pub(crate) ports: Ports,
    #[serde(default)]
    pub(crate) paths: Paths,
    #[serde(default)]
    pub(crate) peerings: Peerings,
    #[serde(default)]
    pub(crate) radios: Radios,
    #[serde(default)]
    pub(crate) air: Air,
    #[serde(default)]
    pub(crate) alarms: Alarms,
    /// Of the place of an org only.
    #[serde(default, skip_serializing_if = "SitesDown::is_empty")]
    pub(crate) sites_down: SitesDown,
    #[serde(default, skip_serializing_if = "Clocks::is_empty")]
    pub(crate) clocks: Clocks,
    #[serde(default)]
    pub(crate) sources: Sources,
    #[serde(default, skip_serializing_if = "Webhooks::is_empty")]
    pub(crate) webhooks: Webhooks,
    #[serde(default)]
    pub(crate) seen: Seen,
}

impl SiteState {
    /// Prefetches what is known of what a report is about.
    pub(crate) fn fetch(&self, report: &Report<'_>) {
        match report {
            Report::Device(report) => self.devices.fetch(report.mac),
            Report::Seen(seen) => {
                self.clients.fetch(seen.mac);
                seen.ap.into_iter().for_each(|ap| self.failures.fetch(ap));
            }
            Report::Associated(report) => {
                self.clients.fetch(report.mac);
                self.clients.fetch_ap(report.ap);
                self.devices.fetch(report.ap);
            }
            Report::Disassociated(left) => self.clients.fetch(left.mac),
            Report::Step(step) => self.clients.fetch(step.mac),
            Report::Accounting(request) => self.sessions.fetch(request),
            _ => {}
        }
    }

    /// Prefetches what that leads to.
    pub(crate) fn fetch_behind(&self, report: &Report<'_>) {
        match report {
            Report::Seen(Sighting { ap: Some(ap), rssi: Some(rssi), .. }) if is_weak(*rssi) => {
                self.failures.fetch_failures(*ap);
            }
            Report::Associated(report) => self.clients.fetch_association(report.mac),
            Report::Disassociated(left) => self.clients.fetch_association(left.mac),
            Report::Step(step) => self.clients.fetch_association(step.mac),
            Report::Accounting(request) => self.sessions.fetch_session(request),
            _ => {}
        }
    }

    pub(crate) fn new(site: Site) -> Self {
        Self {
            site,
            devices: Devices::default(),
            clients: Clients::default(),
            lists: Lists::default(),
            sessions: Sessions::default(),
            edges: Edges::default(),
            latency: Latency::default(),
            sle: Sle::default(),
            failures: Failures::default(),
            ports: Ports::default(),
            paths: Paths::default(),
            peerings: Peerings::default(),
            radios: Radios::default(),
            air: Air::default(),
            alarms: Alarms::default(),
            sites_down: SitesDown::default(),
            clocks: Clocks::default(),
            sources: Sources::default(),
            webhooks: Webhooks::default(),
            seen: Seen::default(),
        }
    }
}
