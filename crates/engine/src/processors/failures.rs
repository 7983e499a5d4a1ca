//! Alarms of failing steps of clients.
//!
//! *Site-wide*, by server (`infra_…_failure`): as many failures of as many clients as the setting
//! `simple_alert` says, within its window; then `infra_…_success` after [`RECOVERED_AFTER`]
//! successes in a row.
//!
//! *Of a WLAN* (`authentication_failure`, `dhcp_failure`, `dns_failure`, `arp_failure`): within
//! [`WINDOW`] at least [`FAILURES_MIN`] failures of at least [`CLIENTS_MIN`] clients, which are
//! half of all attempts or more. Resolved when fewer than a fifth of the attempts of a window
//! fail.

use super::Scene;
use super::alarms::{self, Incident};
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::alarm::Evidence;
use foghorn_model::event::step::ClientEvent;
use foghorn_model::telemetry::Step;
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Site, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How far back attempts of a WLAN are looked at.
const WINDOW: Micros = Micros::from_mins(10);
const FAILURES_MIN: usize = 10;
const CLIENTS_MIN: usize = 5;
/// Successes in a row after which a server is well again.
const RECOVERED_AFTER: u32 = 3;
/// Attempts that are kept of one server or WLAN; beyond, the oldest are forgotten.
const ATTEMPTS_MAX: usize = 2_000;
/// Servers, and WLANs, that a site follows.
const FOLLOWED_MAX: usize = 500;

/// What failed of late at a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Failures {
    /// By step and server.
    servers: BTreeMap<String, Server>,
    /// By step and WLAN.
    wlans: BTreeMap<String, Wlan>,
    #[serde(skip)]
    armed: Armed,
}

/// The failures of a server, by the partition clock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Server {
    failures: VecDeque<(Timestamp, Mac)>,
    is_failing: bool,
    successes: u32,
}

/// The attempts at a WLAN.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Wlan {
    attempts: VecDeque<(Timestamp, Mac, bool)>,
    /// How many of them failed, by client.
    failed: BTreeMap<Mac, u32>,
    failures: usize,
    is_failing: bool,
}

/// How a step ended.
pub(crate) struct Outcome<'a> {
    pub(crate) step: Step,
    pub(crate) success: bool,
    /// What is told of it.
    pub(crate) event: &'a ClientEvent<'a>,
    pub(crate) hostname: Option<&'a str>,
}

/// The alarms of a step: the server's failure and success, and the WLAN's.
fn keys(step: Step) -> (Option<[&'static str; 2]>, &'static str) {
    match step {
        Step::Auth => (None, "authentication_failure"),
        Step::Dhcp => (Some(["infra_dhcp_failure", "infra_dhcp_success"]), "dhcp_failure"),
        Step::Dns => (Some(["infra_dns_failure", "infra_dns_success"]), "dns_failure"),
        Step::Arp => (Some(["infra_arp_failure", "infra_arp_success"]), "arp_failure"),
    }
}

const STEPS: [Step; 4] = [Step::Auth, Step::Dhcp, Step::Dns, Step::Arp];

fn slot(step: Step, what: &str) -> String {
    format!("{}/{what}", keys(step).1)
}

fn step_of(slot: &str) -> Option<Step> {
    let (key, _) = slot.split_once('/')?;
    STEPS.into_iter().find(|step| keys(*step).1 == key)
}

impl Failures {
    /// A client went a step, or failed to.
    pub(crate) fn on_outcome(&mut self, outcome: &Outcome<'_>, scene: &mut Scene<'_, '_>) {
        self.at_server(outcome, scene);
        self.at_wlan(outcome, scene);
    }

    fn at_server(&mut self, outcome: &Outcome<'_>, scene: &mut Scene<'_, '_>) {
        let (Some([failure, success]), _) = keys(outcome.step) else { return };
        let Some(name) = outcome.event.server else { return };
        let slot = slot(outcome.step, name);
        if outcome.success && !self.servers.contains_key(&slot) {
            return;
        }
        if self.servers.len() >= FOLLOWED_MAX && !self.servers.contains_key(&slot) {
            scene.tally.over_limit += 1;
            return;
        }
        let server = self.servers.entry(slot.clone()).or_default();
        let at = scene.at;
        if outcome.success {
            server.successes += 1;
            if server.successes < RECOVERED_AFTER {
                return;
            }
            if server.is_failing {
                let mut evidence = Evidence::new();
                evidence.add("servers", name);
                evidence.add_opt("vlans", outcome.event.vlan);
                scene.raise(&Incident { row: alarms::row(success), about: name, at, evidence });
            }
            self.servers.remove(&slot);
            return;
        }
        server.successes = 0;
        let threshold = scene.site.setting.failure_threshold(scene.over, outcome.step);
        let client = outcome.event.mac;
        server.failures.push_back((scene.now, client));
        let since = scene.now - threshold.duration;
        while server.failures.front().is_some_and(|(at, _)| *at <= since)
            || server.failures.len() > ATTEMPTS_MAX
        {
            server.failures.pop_front();
        }
        let clients: BTreeSet<Mac> = if server.failures.len() < threshold.incidents {
            return;
        } else {
            server.failures.iter().map(|(_, client)| *client).collect()
        };
        if clients.len() < threshold.clients {
            return;
        }
        let mut evidence = show(outcome);
        evidence.add("servers", name);
        evidence.set("incident_count", number(server.failures.len()));
        evidence.set("client_count", number(clients.len()));
        evidence.set("start", server.failures[0].0.secs());
        clients.iter().for_each(|client| evidence.add("wcids", client.to_string()));
        server.is_failing = true;
        server.failures.clear();
        scene.raise(&Incident { row: alarms::row(failure), about: name, at, evidence });
    }

    fn at_wlan(&mut self, outcome: &Outcome<'_>, scene: &mut Scene<'_, '_>) {
        let Some(ssid) = outcome.event.ssid else { return };
        let slot = slot(outcome.step, ssid);
        if self.wlans.len() >= FOLLOWED_MAX && !self.wlans.contains_key(&slot) {
            scene.tally.over_limit += 1;
            return;
        }
        let wlan = self.wlans.entry(slot).or_default();
        wlan.add(scene.now, outcome.event.mac, outcome.success);
        let row = alarms::row(keys(outcome.step).1);
        if wlan.fails(outcome.success) {
            wlan.is_failing = true;
            let mut evidence = show(outcome);
            evidence.add_opt("servers", outcome.event.server);
            evidence.set("impacted_client_count", number(wlan.failed.len()));
            let at = scene.at;
            scene.raise(&Incident { row, about: ssid, at, evidence });
        } else if wlan.recovers() {
            wlan.is_failing = false;
            scene.resolve(row, ssid, scene.at);
        }
        let deadline = wlan.deadline();
        self.arm(deadline, scene.site, scene.timers);
    }

    /// Attempts of WLANs are old enough to be forgotten.
    pub(crate) fn on_timer(&mut self, scene: &mut Scene<'_, '_>) {
        self.armed.fired();
        let now = scene.now;
        let mut over = Vec::new();
        self.wlans.retain(|slot, wlan| {
            wlan.forget(now);
            if wlan.recovers() {
                wlan.is_failing = false;
                over.push(slot.clone());
            }
            !wlan.attempts.is_empty()
        });
        for slot in over {
            if let (Some(step), Some((_, ssid))) = (step_of(&slot), slot.split_once('/')) {
                scene.resolve(alarms::row(keys(step).1), ssid, now);
            }
        }
        self.rearm(scene.site, scene.timers);
    }

    /// The state was read back.
    pub(crate) fn rearm(&mut self, site: &Site, timers: &mut Timers) {
        let deadline = self.wlans.values().filter_map(Wlan::deadline).min();
        self.arm(deadline, site, timers);
    }

    fn arm(&mut self, deadline: Option<Timestamp>, site: &Site, timers: &mut Timers) {
        if let Some(deadline) = deadline {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Failures);
        }
    }
}

impl Wlan {
    fn add(&mut self, now: Timestamp, client: Mac, success: bool) {
        self.attempts.push_back((now, client, success));
        if !success {
            self.failures += 1;
            *self.failed.entry(client).or_default() += 1;
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((at, client, success)) = self.attempts.front().copied()
            && (at + WINDOW <= now || self.attempts.len() > ATTEMPTS_MAX)
        {
            self.attempts.pop_front();
            if success {
                continue;
            }
            self.failures -= 1;
            if let Some(count) = self.failed.get_mut(&client) {
                *count -= 1;
                if *count == 0 {
                    self.failed.remove(&client);
                }
            }
        }
    }

    /// Whether it begins to fail with this attempt.
    fn fails(&self, success: bool) -> bool {
        !success
            && !self.is_failing
            && self.failures >= FAILURES_MIN
            && self.failed.len() >= CLIENTS_MIN
            && self.failures * 2 >= self.attempts.len()
    }

    fn recovers(&self) -> bool {
        self.is_failing && (self.attempts.is_empty() || self.failures * 5 < self.attempts.len())
    }

    /// When there is something to forget that matters: of one that fails each attempt, else the
    /// last one.
    fn deadline(&self) -> Option<Timestamp> {
        let attempt = if self.is_failing { self.attempts.front() } else { self.attempts.back() };
        attempt.map(|(at, ..)| *at + WINDOW)
    }
}

/// Where a step failed.
fn show(outcome: &Outcome<'_>) -> Evidence {
    let event = outcome.event;
    let mut evidence = Evidence::new();
    evidence.add_opt("aps", event.ap.map(|ap| ap.to_string()));
    evidence.add_opt("ssids", event.ssid);
    evidence.add_opt("vlans", event.vlan);
    evidence.add_opt("wlan_ids", event.wlan_id.map(|id| id.to_string()));
    evidence.add_opt("hostnames", outcome.hostname);
    evidence
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
