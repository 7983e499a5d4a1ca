//! What administrators change, and what follows from that for what is there.

use super::{Engine, org_setting, telling};
use crate::output::Emitter;
use crate::processors::audits;
use crate::state::SiteState;
use foghorn_model::{Change, ConfigUpdate, Mac, Partition, Site, SiteId, Timestamp};
use foghorn_mutant::{Mutant, is as mutated};

impl Engine {
    pub(super) fn on_change(&mut self, change: &Change, emitter: &mut Emitter<'_>) {
        if change.seq <= self.state.catalog_seq {
            return;
        }
        self.state.catalog_seq = change.seq;
        emitter.catalog_seq = change.seq;
        for update in &change.updates {
            self.apply(update, emitter);
        }
        audits::on_change(self.partition, change, emitter);
    }

    fn apply(&mut self, update: &ConfigUpdate, emitter: &mut Emitter<'_>) {
        match update {
            ConfigUpdate::Org(org) => {
                self.state.orgs.insert(org.id, org.clone());
                self.state.keep_places(self.partition);
                self.rearm(|site| site.org_id == org.id);
            }
            ConfigUpdate::OrgDeleted { id } => {
                self.state.orgs.remove(id);
                self.state.relayed.remove(id);
                self.state.templates.retain(|_, template| template.org_id != *id);
                self.state.suppressions.remove(id);
                let gone = |site: &SiteState| site.site.org_id == *id;
                let sites: Vec<SiteId> = self
                    .state
                    .sites
                    .values()
                    .filter(|site| gone(site))
                    .map(|s| s.site.id)
                    .collect();
                sites.into_iter().for_each(|site| self.forget_site(site, emitter));
            }
            ConfigUpdate::Site(site) if Partition::of_site(site.id) == self.partition => {
                match self.state.sites.get_mut(&site.id) {
                    Some(state) => state.site = site.clone(),
                    None => {
                        self.state.sites.insert(site.id, SiteState::new(site.clone()));
                    }
                }
                self.rearm(|other| other.id == site.id);
            }
            ConfigUpdate::Site(_) => {}
            ConfigUpdate::SiteDeleted { id } => self.forget_site(*id, emitter),
            ConfigUpdate::Device(device) => {
                let site = device.site_id.and_then(|site| self.state.sites.get_mut(&site));
                if let Some(state) = site {
                    state.devices.configure(device.clone(), self.state.clock);
                }
            }
            ConfigUpdate::Edge(edge) => {
                if let Some(state) = self.state.sites.get_mut(&edge.site_id) {
                    state.edges.configure(edge.clone());
                }
            }
            ConfigUpdate::EdgeRemoved { site_id, mac } => {
                if let Some(state) = self.state.sites.get_mut(site_id) {
                    state.edges.remove(*mac, &state.site, &mut self.timers);
                    state.clocks.remove(*mac);
                    self.resolve_all_of(*site_id, *mac, emitter);
                }
            }
            ConfigUpdate::AlarmTemplate(template) => {
                self.state.templates.insert(template.id, template.clone());
                self.rearm(|site| site.org_id == template.org_id);
            }
            ConfigUpdate::AlarmTemplateDeleted { id } => drop(self.state.templates.remove(id)),
            ConfigUpdate::Suppression { site_id, span } => {
                if let Some(state) = self.state.sites.get_mut(site_id) {
                    state.alarms.suppress(*span);
                    self.rearm(|site| site.id == *site_id);
                }
            }
            ConfigUpdate::OrgSuppression { org_id, span } => {
                match span {
                    Some(span) => drop(self.state.suppressions.insert(*org_id, *span)),
                    None => drop(self.state.suppressions.remove(org_id)),
                }
                self.rearm(|site| site.org_id == *org_id);
            }
            ConfigUpdate::DeviceRemoved { site_id, mac } => {
                if let Some(state) = self.state.sites.get_mut(site_id) {
                    state.devices.remove(*mac, &state.site, self.state.clock, &mut self.timers);
                    state.devices.look_at_site(&state.site, self.state.clock, emitter);
                    state.ports.remove(*mac);
                    state.paths.remove(*mac);
                    state.radios.remove(*mac);
                    state.peerings.remove(*mac, &state.site, &mut self.timers);
                    state.clocks.remove(*mac);
                    state.lists.remove(*mac);
                    self.resolve_all_of(*site_id, *mac, emitter);
                }
            }
        }
    }

    /// What is gone is in no condition any more.
    fn resolve_all_of(&mut self, site: SiteId, mac: Mac, emitter: &mut Emitter<'_>) {
        self.at(site, emitter, self.state.clock, |_, scene| scene.resolve_all_of(mac));
    }

    fn forget_site(&mut self, site: SiteId, emitter: &mut Emitter<'_>) {
        if let Some(state) = self.state.sites.remove(&site) {
            state.devices.leave(&state.site, self.state.clock, emitter);
        }
        self.timers.forget_site(site);
    }

    pub(super) fn rearm(&mut self, concerned: impl Fn(&Site) -> bool) {
        for state in self.state.sites.values_mut().filter(|state| concerned(&state.site)) {
            let over = org_setting(&self.state.orgs, state.site.org_id);
            state.devices.rearm(&state.site, &over, &mut self.timers);
            state.clients.rearm(&state.site, &over, &mut self.timers);
            state.edges.rearm(&state.site, &over, &mut self.timers);
            state.peerings.rearm(&state.site, &mut self.timers);
            state.sources.rearm(&state.site, &over, &mut self.timers);
            let telling = telling(
                &self.state.orgs,
                &self.state.templates,
                &self.state.suppressions,
                &state.site,
            );
            state.alarms.rearm(&state.site, telling, self.state.clock, &mut self.timers);
        }
    }

    pub(super) fn defer(&mut self, now: Timestamp) {
        if mutated(Mutant::DeferralForgotten) {
            return;
        }
        for state in self.state.sites.values_mut() {
            let over = org_setting(&self.state.orgs, state.site.org_id);
            state.devices.defer(&state.site, &over, now);
            state.clients.defer(&state.site, &over, now);
            state.edges.defer(&state.site, &over, now);
            state.peerings.defer(&state.site, now);
            state.sources.defer(now);
            state.latency.defer(now);
            state.sle.defer(now);
        }
    }
}
