//! Every subscriber got every event that is for it, in order, and nothing else; or a row says
//! what became of it.

use super::{Expected, Ledger};
use crate::catalog::Catalog;
use crate::journal::Event;
use crate::oracle::ledger::Post;
use crate::store::Store;
use anyhow::{Context, Result, bail, ensure};
use foghorn_dispatch::lanes::{DeliveryRow, LaneKey};
use foghorn_model::{EventKey, Partition, Webhook, WebhookType};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

#[derive(serde::Deserialize)]
struct Body<'a> {
    topic: &'a str,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

pub(super) fn check(
    ledger: &Ledger,
    expected: &Expected,
    store: &Store,
    catalog: &Catalog,
) -> Result<()> {
    let rows = store.deliveries();
    let mut given_up: BTreeMap<LaneKey, Vec<(EventKey, EventKey)>> = BTreeMap::new();
    for row in rows.iter().filter(|row: &&DeliveryRow| row.fate.gives_up()) {
        given_up.entry(row.lane).or_default().push((row.first, row.last));
    }
    let mut got: BTreeMap<LaneKey, BTreeSet<EventKey>> = BTreeMap::new();
    for (lane, posts) in &ledger.posts {
        let none = Vec::new();
        let excused = given_up.get(lane).unwrap_or(&none);
        let got = got.entry(*lane).or_default();
        let excuses = (excused.as_slice(), ledger.lost_power);
        lane_order(*lane, posts, &expected[&lane.partition], excuses, got, catalog)?;
    }
    for webhook in catalog.webhooks().values().filter(|webhook| webhook.enabled) {
        for (topic, since) in &webhook.topics {
            for partition in Partition::all() {
                let lane = LaneKey { webhook: webhook.id, topic: *topic, partition };
                let wanted = expected[&partition].iter().filter(|event| {
                    event.entry.topic == *topic
                        && event.entry.catalog_seq >= *since
                        && webhook.covers(event.entry.org, event.entry.site)
                });
                for event in wanted {
                    let key = event.entry.key;
                    let is_there = got.get(&lane).is_some_and(|got| got.contains(&key));
                    let excused = given_up
                        .get(&lane)
                        .is_some_and(|rows| rows.iter().any(|(a, b)| *a <= key && key <= *b));
                    ensure!(
                        is_there || excused,
                        "loss: {lane} never sent {key} {}, and no row says why; it is subscribed \
                         from {since}, was sent {:?}, and has given up {:?}",
                        String::from_utf8_lossy(&event.json),
                        got.get(&lane)
                            .into_iter()
                            .flatten()
                            .map(ToString::to_string)
                            .collect::<Vec<_>>(),
                        given_up.get(&lane),
                    );
                }
            }
        }
    }
    Ok(())
}

/// What a request tells, without what its webhook's type has around it.
fn inner(lane: LaneKey, post: &Post) -> Result<&[u8]> {
    let inner = match post.webhook.webhook_type {
        WebhookType::HttpPost | WebhookType::Oauth2(_) => Some(&post.body[..]),
        WebhookType::Splunk { .. } => {
            post.body.strip_prefix(b"{\"event\":").and_then(|rest| rest.strip_suffix(b"}"))
        }
    };
    inner.with_context(|| format!("{lane} sent a body that is not of its webhook's type"))
}

/// The posts of a lane, in the order of their coming, against what a clean fold makes.
fn lane_order(
    lane: LaneKey,
    posts: &[Post],
    expected: &[Event],
    (excused, lost_power): (&[(EventKey, EventKey)], bool),
    got: &mut BTreeSet<EventKey>,
    catalog: &Catalog,
) -> Result<()> {
    let mut newest: Option<EventKey> = None;
    for post in posts {
        let body: Body<'_> = serde_json::from_slice(inner(lane, post)?)
            .with_context(|| format!("{lane} sent a body that is no JSON"))?;
        ensure!(body.topic == lane.topic.name(), "{lane} sent {}", body.topic);
        // What was on its way when the topic was given up, and is subscribed again, may be of the
        // subscription before.
        let mut sinces = catalog.sinces(lane.webhook, lane.topic);
        let events = sinces.find_map(|since| {
            let events = of_range(expected, lane, post, since);
            let same = events.len() == body.events.len()
                && events.iter().zip(&body.events).all(|(a, b)| a.json == b.get().as_bytes());
            same.then_some(events)
        });
        let Some(events) = events else {
            bail!(
                "crash equivalence: {lane} sent {} events from {} to {} which a clean fold does \
                 not make so: {:?}",
                body.events.len(),
                post.first,
                post.last,
                body.events.iter().map(|it| it.get()).collect::<Vec<_>>(),
            );
        };
        let known = got.contains(&post.first);
        for event in &events {
            let key = event.entry.key;
            if got.contains(&key) {
                continue;
            }
            ensure!(
                newest.is_none_or(|newest| key > newest),
                "order: {lane} sent {key} for the first time after {}",
                newest.map(|it| it.to_string()).unwrap_or_default()
            );
            got.insert(key);
            newest = Some(key);
        }
        if let Some(previous) = post.previous {
            ensure!(previous < post.first, "chain: {lane} names {previous} before {}", post.first);
            let between = between(expected, lane, &post.webhook, previous, post.first);
            ensure!(
                between.is_none(),
                "chain: {lane} names {previous} before {}, and {} lies between; given up: {excused:?}",
                post.first,
                between.map(|it| it.to_string()).unwrap_or_default()
            );
            // A power failure may take the row of a range that was removed; when the lane is
            // closed then, nobody writes it again.
            let lost_row = lost_power && previous.ordinal == u32::MAX;
            let seen = lost_row
                || got.contains(&previous)
                || excused.iter().any(|(a, b)| *a <= previous && previous <= *b);
            ensure!(seen, "chain: {lane} names {previous}, which never came and no row names");
        } else {
            // The first batch of a lane: nothing of this subscription came before.
            let first = !known && got.iter().next().is_none_or(|key| *key >= post.first);
            let again = catalog.sinces(lane.webhook, lane.topic).count() > 1;
            ensure!(
                known || first || again,
                "chain: {lane} names none before {}, though there is one",
                post.first
            );
        }
    }
    Ok(())
}

fn is_for(event: &Event, lane: LaneKey, webhook: &Webhook, since: u64) -> bool {
    event.entry.topic == lane.topic
        && event.entry.catalog_seq >= since
        && webhook.covers(event.entry.org, event.entry.site)
}

fn of_range<'a>(expected: &'a [Event], lane: LaneKey, post: &Post, since: u64) -> Vec<&'a Event> {
    let from = expected.partition_point(|event| event.entry.key < post.first);
    let range = expected[from..].iter().take_while(|event| event.entry.key <= post.last);
    range.filter(|event| is_for(event, lane, &post.webhook, since)).collect()
}

fn between(
    expected: &[Event],
    lane: LaneKey,
    webhook: &Webhook,
    after: EventKey,
    before: EventKey,
) -> Option<EventKey> {
    let from = expected.partition_point(|event| event.entry.key <= after);
    let range = expected[from..].iter().take_while(|event| event.entry.key < before);
    let since = webhook.topics.get(&lane.topic).copied().unwrap_or(0);
    range.filter(|event| is_for(event, lane, webhook, since)).map(|event| event.entry.key).next()
}
