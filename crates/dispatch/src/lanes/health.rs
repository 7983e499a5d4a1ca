//! Webhooks that keep failing, for an alarm of ours.
//!
//! A webhook fails when for [`LaneLimits::failing_after`](super::LaneLimits) nothing came through to it, or one of its lanes has
//! waited so long to send what it has: for the next try, behind its gate, or behind the breaker
//! of its host. It is well again when something has come through and no lane of it waits.
//!
//! The folds hold which webhooks fail ([`KnownHealth`]). What differs from that is to be journaled
//! as a command, and may be journaled again after a crash: the folds take it once. After a restart
//! nothing is known of a webhook before an attempt of it came to an end, so what the folds hold
//! stands until then. One failure is one alarm, also for a webhook that is to be sent it itself:
//! that alarm waits with the rest, and makes no other.

use super::Lanes;
use crate::index::Index;
use foghorn_model::record::{Failing, WebhookHealth};
use foghorn_model::{Partition, Timestamp, Webhook, WebhookId};
use std::collections::BTreeMap;

/// What attempts of one webhook came to.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Whether any came to an end.
    is_known: bool,
    /// Since when none was delivered.
    since: Option<Timestamp>,
    /// What the last one that was not met with.
    reason: String,
}

impl Health {
    pub(super) fn delivered(&mut self) {
        *self = Self { is_known: true, ..Self::default() };
    }

    pub(super) fn failed(&mut self, reason: String, now: Timestamp) {
        self.is_known = true;
        self.since.get_or_insert(now);
        self.reason = reason;
    }
}

/// The webhooks that the folds hold as failing.
#[derive(Debug, Clone, Default)]
pub struct KnownHealth(BTreeMap<WebhookId, WebhookHealth>);

impl KnownHealth {
    /// A partition was recovered, and holds these.
    pub fn recovered(
        &mut self,
        partition: Partition,
        failing: impl IntoIterator<Item = WebhookHealth>,
    ) {
        self.0.retain(|_, health| health.partition() != partition);
        self.0.extend(failing.into_iter().map(|health| (health.webhook_id, health)));
    }

    /// This was journaled.
    pub fn journaled(&mut self, health: &WebhookHealth) {
        match health.failing {
            Some(_) => drop(self.0.insert(health.webhook_id, health.clone())),
            None => drop(self.0.remove(&health.webhook_id)),
        }
    }
}

impl Lanes {
    /// What the folds are to be told, given what they hold.
    pub fn health(&self, known: &KnownHealth, now: Timestamp) -> Vec<WebhookHealth> {
        let mut stuck: BTreeMap<WebhookId, Timestamp> = BTreeMap::new();
        for at in self.by_key.values() {
            let lane = &self.lanes[*at as usize];
            if let Some(since) = lane.stuck_since {
                let earliest = stuck.entry(lane.key.webhook).or_insert(since);
                *earliest = since.min(*earliest);
            }
        }
        let mut told = Vec::new();
        for (id, hook) in &self.hooks {
            let health = &hook.health;
            let since = [health.since, stuck.get(id).copied()].into_iter().flatten().min();
            let Some(webhook) = of(&self.index, *id) else { continue };
            match since {
                None if health.is_known && known.0.contains_key(id) => {
                    told.push(health_of(webhook, None));
                }
                Some(since)
                    if since + self.limits.failing_after <= now && !known.0.contains_key(id) =>
                {
                    let failing = Failing { since, reason: health.reason.clone() };
                    told.push(health_of(webhook, Some(failing)));
                }
                _ => {}
            }
        }
        // One that is gone, or sends nothing any more, fails no longer.
        let gone = known.0.values().filter(|health| of(&self.index, health.webhook_id).is_none());
        told.extend(gone.map(|health| WebhookHealth { failing: None, ..health.clone() }));
        told.sort_by_key(|health| health.webhook_id);
        told
    }
}

/// A webhook that is sent anything at all.
fn of(index: &Index, id: WebhookId) -> Option<&Webhook> {
    let webhook = &index.endpoint(id)?.webhook;
    (webhook.enabled && !webhook.topics.is_empty()).then_some(webhook)
}

fn health_of(webhook: &Webhook, failing: Option<Failing>) -> WebhookHealth {
    WebhookHealth {
        webhook_id: webhook.id,
        name: webhook.name.clone(),
        org_id: webhook.org_id,
        site_id: webhook.site_id,
        failing,
    }
}
