//! Alarms go first: a request of another topic does not begin while an alarm could that waits.
//!
//! An alarm is overtaken if a request of another topic begins, and when all have begun that may, an
//! alarm is left that has nothing before it: no request of its lane under way, no time to wait for.
//! It is overtaken at its webhook if that is where the request went, for then limit, gate and
//! breaker would have let the alarm pass in its place; and at the limit of all requests if its
//! receiver is well and its webhook has room.
//!
//! That may happen only so that nobody starves: after [`IN_A_ROW`] alarms in a row, to that webhook
//! or to all. A process that starts begins to count anew.

use anyhow::{Result, ensure};
use foghorn_dispatch::lanes::{Held, LaneKey, LaneLimits};
use foghorn_model::{Timestamp, Topic, WebhookId};
use std::collections::BTreeMap;
use std::ops::Range;

/// So many alarms go before a request of another topic may overtake one.
const IN_A_ROW: u32 = 16;

/// Alarms that went, and how often that was a choice.
#[derive(Debug, Default)]
pub struct Precedence {
    /// Alarms in a row to each webhook, and to all.
    in_a_row: BTreeMap<Option<WebhookId>, u32>,
    /// Requests under way, to each webhook and to all.
    under_way: BTreeMap<Option<WebhookId>, usize>,
    /// The webhook that a storm is told to, and when.
    storm: Option<(WebhookId, Range<Timestamp>)>,
    /// Requests of alarms that began while another topic waited for the same webhook.
    pub went_first: u64,
    /// And of these, those of the storm.
    pub in_storm: u64,
    /// Requests of other topics that began while an alarm waited, since it was their turn.
    pub let_through: u64,
}

impl Precedence {
    /// There will be a storm at that time, of which that webhook is told.
    pub fn expect_storm(&mut self, webhook: WebhookId, when: Range<Timestamp>) {
        self.storm = Some((webhook, when));
    }

    /// A storm in which no alarm had anything to go before would show nothing.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.storm.is_none() || self.in_storm > 0,
            "alarms first: in the storm no alarm had anything to go before"
        );
        Ok(())
    }

    /// These requests began, in this order and at one moment, and this is what is left.
    pub fn begun(
        &mut self,
        begun: &[LaneKey],
        held: &[Held],
        limits: &LaneLimits,
        now: Timestamp,
    ) -> Result<()> {
        for lane in begun {
            *self.under_way.entry(Some(lane.webhook)).or_default() += 1;
            *self.under_way.entry(None).or_default() += 1;
        }
        for lane in begun {
            let waits = |it: &&Held| it.lane.webhook == lane.webhook;
            if is_alarm(*lane) {
                *self.in_a_row.entry(Some(lane.webhook)).or_default() += 1;
                *self.in_a_row.entry(None).or_default() += 1;
                let others = held.iter().filter(waits).any(|it| !is_alarm(it.lane));
                let of_storm = |(webhook, when): &(WebhookId, Range<Timestamp>)| {
                    *webhook == lane.webhook && when.contains(&now)
                };
                let is_of_storm = self.storm.as_ref().is_some_and(of_storm);
                self.went_first += u64::from(others);
                self.in_storm += u64::from(others && is_of_storm);
                continue;
            }
            let overtaken = held.iter().filter(|it| is_alarm(it.lane)).find(|it| {
                waits(it) || (it.is_well && self.waits_for_all(it.lane.webhook, limits))
            });
            let of_webhook = self.in_a_row.insert(Some(lane.webhook), 0).unwrap_or(0);
            let of_all = self.in_a_row.insert(None, 0).unwrap_or(0);
            let Some(overtaken) = overtaken else { continue };
            ensure!(
                of_webhook.max(of_all) >= IN_A_ROW,
                "alarms first: {lane} began while {} waited; before it {of_webhook} alarms went in \
                 a row to its webhook, {of_all} in all",
                overtaken.lane
            );
            self.let_through += 1;
        }
        Ok(())
    }

    /// Whether nothing but the limit of all requests holds what is to go to a webhook.
    fn waits_for_all(&self, webhook: WebhookId, limits: &LaneLimits) -> bool {
        let under_way = |of| self.under_way.get(&of).copied().unwrap_or(0);
        under_way(None) >= limits.in_flight_max
            && under_way(Some(webhook)) < limits.webhook_in_flight_max
    }

    /// A request was answered.
    pub fn answered(&mut self, lane: LaneKey) {
        for of in [Some(lane.webhook), None] {
            let count = self.under_way.entry(of).or_default();
            *count = count.saturating_sub(1);
        }
    }

    /// The process is gone, and with it what was under way.
    pub fn hung_up(&mut self) {
        self.in_a_row.clear();
        self.under_way.clear();
    }
}

fn is_alarm(lane: LaneKey) -> bool {
    lane.topic == Topic::Alarms
}
