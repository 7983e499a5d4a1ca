//! Alarm `foghorn_webhook_failing`: what the dispatcher says of webhooks.
//!
//! The dispatcher compares what it sees with what stands here, and journals the difference; after
//! a crash it may say the same again. So it is the state that is told, not each command.

use super::Scene;
use super::alarms::{self, Incident};
use foghorn_model::WebhookId;
use foghorn_model::alarm::Evidence;
use foghorn_model::record::WebhookHealth;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Webhooks of a site, or of an org, that are followed while they fail.
const WEBHOOKS_MAX: usize = 10_000;

/// The webhooks that fail, with their names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Webhooks {
    failing: BTreeMap<WebhookId, String>,
}

impl Webhooks {
    pub(crate) fn is_empty(&self) -> bool {
        self.failing.is_empty()
    }

    /// Those that fail, with their names.
    pub(crate) fn failing(&self) -> impl Iterator<Item = (WebhookId, &str)> {
        self.failing.iter().map(|(id, name)| (*id, name.as_str()))
    }

    /// A webhook fails, or does no longer.
    pub(crate) fn on_health(&mut self, health: &WebhookHealth, scene: &mut Scene<'_, '_>) {
        let row = alarms::row("foghorn_webhook_failing");
        let about = health.webhook_id.to_string();
        let Some(failing) = &health.failing else {
            if self.failing.remove(&health.webhook_id).is_some() {
                scene.resolve(row, &about, scene.now);
            }
            return;
        };
        if self.failing.contains_key(&health.webhook_id) {
            return;
        }
        if self.failing.len() >= WEBHOOKS_MAX {
            scene.tally.over_limit += 1;
            return;
        }
        self.failing.insert(health.webhook_id, health.name.clone());
        let mut evidence = Evidence::new();
        evidence.add("webhooks", health.name.as_str());
        evidence.add("webhook_ids", about.as_str());
        evidence.add("reasons", failing.reason.as_str());
        evidence.set("start", failing.since.secs());
        let at = failing.since.min(scene.now);
        scene.raise(&Incident { row, about: &about, at, evidence });
    }
}
