//! What acts on derived state, or is found out about it, and stands in the journal as commands.

use super::{Engine, org_setting, template};
use crate::output::Emitter;
use crate::processors::alarms::Incident;
use crate::processors::webhooks::Webhooks;
use crate::processors::{Scene, alarms, ping};
use crate::state::SiteState;
use foghorn_model::SiteId;
use foghorn_model::alarm::Evidence;
use foghorn_model::record::{Command, Quarantined};

/// Records that were set aside which a partition remembers having told.
const QUARANTINED_MAX: usize = 1_000;

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
                let on_health = |webhooks: &mut Webhooks, scene: &mut Scene<'_, '_>| {
                    webhooks.on_health(health, scene);
                };
                self.at(place, emitter, on_health);
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
        self.at(place, emitter, |_, scene| {
            scene.raise(&Incident { row, about: "", at: scene.now, evidence });
        });
    }

    /// Does something at a site, or at the place of what is an org's.
    fn at(
        &mut self,
        place: SiteId,
        emitter: &mut Emitter<'_>,
        act: impl FnOnce(&mut Webhooks, &mut Scene<'_, '_>),
    ) {
        let Some(state) = self.state.sites.get_mut(&place) else {
            self.tally.unknown_site += 1;
            return;
        };
        let SiteState { site, alarms, webhooks, .. } = state;
        let over = org_setting(&self.state.orgs, site.org_id);
        let mut scene = Scene {
            site,
            over: &over,
            now: self.state.clock,
            at: self.state.clock,
            template: template(&self.state.templates, &self.state.orgs, site),
            alarms,
            emitter,
            timers: &mut self.timers,
            tally: &mut self.tally,
        };
        act(webhooks, &mut scene);
    }
}
