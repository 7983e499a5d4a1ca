//! What receivers got, checked as it comes.

use anyhow::{Result, ensure};
use bytes::Bytes;
use foghorn_dispatch::lanes::{Attempt, LaneKey};
use foghorn_dispatch::outcome::Answer;
use foghorn_dispatch::sign::Verifier;
use foghorn_model::{EventKey, Timestamp, Webhook};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A request that a receiver got.
#[derive(Debug, Clone)]
pub struct Post {
    /// The first event.
    pub first: EventKey,
    /// The last event.
    pub last: EventKey,
    /// The last event of the batch before.
    pub previous: Option<EventKey>,
    /// The body.
    pub body: Bytes,
    /// The webhook as it was when the attempt began.
    pub webhook: Webhook,
}

/// All that was sent and received.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By lane, in the order of their coming.
    pub posts: BTreeMap<LaneKey, Vec<Post>>,
    bodies: BTreeMap<Uuid, Bytes>,
    /// How each batch was cut, by its first event.
    cuts: BTreeMap<(LaneKey, EventKey), Uuid>,
    sending: BTreeMap<LaneKey, usize>,
    /// Whether the power ever failed.
    pub lost_power: bool,
    /// Events that arrived, over all.
    pub arrived: u64,
}

impl Ledger {
    /// An attempt begins: it is for a subscriber, signed under the secret in force, and cut as it
    /// was before. `webhook` is what is committed, when the publisher knows of it.
    pub fn begun(
        &mut self,
        attempt: &Attempt,
        webhook: Option<&Webhook>,
        now: Timestamp,
    ) -> Result<()> {
        let lane = attempt.lane;
        let known = &attempt.endpoint.webhook;
        ensure!(
            known.topics.contains_key(&lane.topic) || lane.topic.row().internal,
            "subscription: {lane} sends a topic that is not subscribed"
        );
        let count = self.sending.entry(lane).or_default();
        *count += 1;
        ensure!(*count == 1, "order: two requests of {lane} are on their way");
        let signed = attempt.sign(now);
        if let (Some(signed), Some(webhook)) = (&signed, webhook) {
            match &webhook.secret {
                Some(secret) => {
                    let header = signed.mist_v2().unwrap_or_default();
                    ensure!(
                        Verifier::new(secret).mist_v2(&attempt.body, header).is_ok(),
                        "signature: {lane} does not sign under the secret in force"
                    );
                }
                None => ensure!(signed.mist_v2().is_none(), "signature: {lane} has no secret"),
            }
        }
        let cut = *self.cuts.entry((lane, attempt.first)).or_insert(attempt.id);
        ensure!(
            cut == attempt.id,
            "frozen batch: {lane} sends {} again as {} and no longer as {cut}",
            attempt.first,
            attempt.id
        );
        Ok(())
    }

    /// A request arrived.
    pub fn arrived(&mut self, attempt: &Attempt) -> Result<()> {
        let body = self.bodies.entry(attempt.id).or_insert_with(|| attempt.body.clone());
        ensure!(*body == attempt.body, "frozen batch: {} came twice with other bytes", attempt.id);
        self.posts.entry(attempt.lane).or_default().push(Post {
            first: attempt.first,
            last: attempt.last,
            previous: attempt.previous,
            body: attempt.body.clone(),
            webhook: attempt.endpoint.webhook.clone(),
        });
        self.arrived += 1;
        Ok(())
    }

    /// An answer came back: a batch that was refused for what it is may be cut smaller.
    pub fn answered(&mut self, attempt: &Attempt, answer: Answer) {
        if let Some(count) = self.sending.get_mut(&attempt.lane) {
            *count = count.saturating_sub(1);
        }
        if matches!(answer, Answer::Status { code: 400 | 413 | 422, .. }) {
            self.cuts.remove(&(attempt.lane, attempt.first));
        }
    }

    /// The process is gone.
    pub fn hung_up(&mut self) {
        self.sending.clear();
    }

    /// The power failed: open batches may be cut anew.
    pub fn lost_power(&mut self) {
        self.cuts.clear();
        self.lost_power = true;
    }
}
