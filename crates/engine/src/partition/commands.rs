//! What acts on derived state, or is found out about it, and stands in the journal as commands;
//! and what other partitions hand over.

use super::{Engine, org_setting, telling};
use crate::output::Emitter;
use crate::processors::alarms::Incident;
use crate::processors::sites_down::SitesDown;
use crate::processors::webhooks::Webhooks;
use crate::processors::{Scene, alarms, ping};
use crate::state::SiteState;
use foghorn_model::alarm::Evidence;
use foghorn_model::record::{Command, Quarantined};
use foghorn_model::{EventKey, HandOver, Matter, SiteId, Timestamp};
use foghorn_mutant::{Mutant, is as mutated};

/// Records that were set aside which a partition remembers having told.
const QUARANTINED_MAX: usize = 1_000;

/// What is changed of a site, or of the place of what is an org's.
pub(super) struct OfPlace<'a> {
    webhooks: &'a mut Webhooks,
    sites_down: &'a mut SitesDown,
}

impl Engine {
    pub(super) fn on_command(&mut self, command: &Command, emitter: &mut Emitter<'_>) {
        let now = self.state.clock;
        match command {
            Command::Ping { webhook_id, name, org_id, site_id } => {
                ping::on_command(*webhook_id, name, (*org_id, *site_id), now, emitter);
            }
            Command::Acknowledge(acknowledgement) => {
                alarms::on_acknowledgement(acknowledgement, now, emitter);
            }
            Command::WebhookHealth(health) => {
                let place = health.site_id.unwrap_or(SiteId::of_org(health.org_id));
                self.at(place, emitter, now, |of, scene| of.webhooks.on_health(health, scene));
            }
            Command::Quarantined(quarantined) => self.on_quarantined(*quarantined, emitter),
        }
    }

    /// A record is gone past, which is told once, however often it is said.
    fn on_quarantined(&mut self, quarantined: Quarantined, emitter: &mut Emitter<'_>) {
        let Quarantined { record, org_id, site_id } = quarantined;
        let told = &mut self.state.quarantined;
        let is_past = told.len() >= QUARANTINED_MAX && told.first().is_some_and(|it| record < *it);
        if is_past || !told.insert(record) {
            return;
        }
        if told.len() > QUARANTINED_MAX {
            told.pop_first();
        }
        let mut evidence = Evidence::new();
        evidence.add("reasons", "the fold failed at it, and goes on without it");
        evidence.add("records", format!("{}-{record:020}", self.partition));
        let Some(place) = site_id.or(org_id.map(SiteId::of_org)) else { return };
        let row = alarms::row("foghorn_input_quarantined");
        self.at(place, emitter, self.state.clock, |_, scene| {
            scene.raise(&Incident { row, about: "", at: scene.now, evidence });
        });
    }

    /// Another partition, or this one, tells of a matter of an org that is at home here.
    pub(super) fn on_handed_over(&mut self, handed: &HandOver, emitter: &mut Emitter<'_>) {
        let heard = self.state.heard.entry(handed.from.partition);
        let heard = heard.or_insert(EventKey::start(handed.from.partition));
        if handed.from <= *heard && !mutated(Mutant::HandOverAgain) {
            self.tally.repeated += 1;
            return;
        }
        *heard = handed.from;
        let place = SiteId::of_org(handed.org_id);
        self.at(place, emitter, handed.at, |of, scene| match &handed.matter {
            Matter::SiteDown { site_id, name } => of.sites_down.on_down(*site_id, name, scene),
            Matter::SiteUp { site_id } => of.sites_down.on_up(*site_id, scene),
        });
    }

    /// Does something at a site, or at the place of what is an org's.
    pub(super) fn at(
        &mut self,
        place: SiteId,
        emitter: &mut Emitter<'_>,
        now_or_before: Timestamp,
        act: impl FnOnce(&mut OfPlace<'_>, &mut Scene<'_, '_>),
    ) {
        let Some(state) = self.state.sites.get_mut(&place) else {
            self.tally.unknown_site += 1;
            return;
        };
        let SiteState { site, alarms, webhooks, sites_down, .. } = state;
        let over = org_setting(&self.state.orgs, site.org_id);
        let mut scene = Scene {
            site,
            over: &over,
            now: self.state.clock,
            at: now_or_before.min(self.state.clock),
            telling: telling(
                &self.state.orgs,
                &self.state.templates,
                &self.state.suppressions,
                site,
            ),
            alarms,
            emitter,
            timers: &mut self.timers,
            tally: &mut self.tally,
        };
        act(&mut OfPlace { webhooks, sites_down }, &mut scene);
    }
}
