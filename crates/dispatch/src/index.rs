//! Who gets what: the subscription index.
//!
//! Built of the catalog's webhooks, immutable, and swapped whole. A subscription names the
//! catalog sequence from which it holds, so that replaying old events finds the same subscribers
//! as the first time, however late the index is swapped.

use crate::endpoint::Endpoint;
use foghorn_model::{EventEntry, OrgId, SiteId, Topic, WebhookId};
use foghorn_mutant::{Mutant, is as mutated};
use foldhash::HashMap;
use std::sync::Arc;

/// The webhooks by what they subscribe to.
#[derive(Debug, Default)]
pub struct Index {
    /// The catalog sequence that it was built of.
    seq: u64,
    endpoints: HashMap<WebhookId, Arc<Endpoint>>,
    by_scope: HashMap<(Topic, OrgId, Option<SiteId>), Vec<Subscription>>,
}

#[derive(Debug, Clone, Copy)]
struct Subscription {
    webhook: WebhookId,
    since: u64,
}

impl Index {
    /// The index of these webhooks. Disabled ones are kept for `ping` only.
    pub fn new(seq: u64, endpoints: impl IntoIterator<Item = Arc<Endpoint>>) -> Self {
        let mut index = Self { seq, ..Self::default() };
        for endpoint in endpoints {
            let webhook = &endpoint.webhook;
            if webhook.enabled {
                for (topic, since) in &webhook.topics {
                    let scope = (*topic, webhook.org_id, webhook.site_id);
                    let subscription = Subscription { webhook: webhook.id, since: *since };
                    index.by_scope.entry(scope).or_default().push(subscription);
                }
            }
            index.endpoints.insert(webhook.id, endpoint);
        }
        for subscriptions in index.by_scope.values_mut() {
            subscriptions.sort_by_key(|subscription| subscription.webhook);
        }
        index
    }

    /// The catalog sequence that it was built of.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// A webhook.
    pub fn endpoint(&self, webhook: WebhookId) -> Option<&Arc<Endpoint>> {
        self.endpoints.get(&webhook)
    }

    /// Every webhook.
    pub fn endpoints(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.endpoints.values()
    }

    /// Whether the webhook gets events of this topic at all.
    pub fn subscribes(&self, webhook: WebhookId, topic: Topic) -> bool {
        self.endpoint(webhook).is_some_and(|endpoint| {
            let webhook = &endpoint.webhook;
            topic.row().internal || (webhook.enabled && webhook.topics.contains_key(&topic))
        })
    }

    /// Whether an event is for this webhook.
    pub fn takes(&self, webhook: WebhookId, event: &EventEntry) -> bool {
        let Some(endpoint) = self.endpoint(webhook) else { return false };
        let hook = &endpoint.webhook;
        match event.target {
            Some(target) => target == webhook && hook.org_id == event.org,
            None => {
                hook.enabled
                    && hook.covers(event.org, event.site)
                    && hook
                        .topics
                        .get(&event.topic)
                        .is_some_and(|since| event.catalog_seq >= *since)
            }
        }
    }

    /// The webhooks that an event is for, org webhooks first, each in the order of their ids.
    pub fn subscribers(&self, event: &EventEntry) -> impl Iterator<Item = WebhookId> {
        let of = |site| self.by_scope.get(&(event.topic, event.org, site)).map(Vec::as_slice);
        let (org, site) = match event.target {
            Some(_) => (None, None),
            None => (of(None), event.site.and_then(|site| of(Some(site)))),
        };
        let target = event.target.filter(|target| self.takes(*target, event));
        let seq = event.catalog_seq;
        let subscriptions = org.into_iter().chain(site).flatten();
        let any = mutated(Mutant::SubscriptionAlwaysOld);
        subscriptions.filter(move |it| any || seq >= it.since).map(|it| it.webhook).chain(target)
    }
}
