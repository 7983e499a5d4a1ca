//! Alarms of what keeps clients from working.
//!
//! *Site-wide*, by server (`infra_…_failure`): as many failures of as many clients as the setting
//! `simple_alert` says, within its window; then `infra_…_success` after [`RECOVERED_AFTER`]
//! successes in a row.
//!
//! *Conditions*, by what share of the attempts of ten minutes fail ([`rule`]): of a WLAN
//! (`authentication_failure`, `dhcp_failure`, `dns_failure`, `arp_failure`), of a VLAN at an AP
//! that gives nobody an address (`missing_vlan`), of an AP that hears its clients weakly
//! (`insufficient_coverage`).
//!
//! *Of one client*: `repeated_auth_failures`, [`REPEATED`] in ten minutes and no success.
//!
//! All of them count from when they happened, by the sources' clocks; what comes so late that its
//! window is over is counted as late, and no more.

use super::Scene;
use super::alarms::{self, Incident};
use super::devices::Devices;
use super::ratio::{Ratio, Rule, Verdict, WINDOW, insert};
use crate::table::Table;
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::alarm::{Entity, Evidence};
use foghorn_model::event::step::{ClientEvent, encode_client_event};
use foghorn_model::telemetry::Step;
use foghorn_model::{Mac, Site, Timestamp, Topic};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Successes in a row after which a server is well again.
const RECOVERED_AFTER: u32 = 3;
/// Failures that are kept of one server.
const FAILURES_MAX: usize = 2_000;
/// Servers, conditions and clients that a site follows, each.
const FOLLOWED_MAX: usize = 2_000;
/// Failures of a client in a row, within ten minutes, that are an alarm.
const REPEATED: u32 = 5;
/// The condition of an AP that hears its clients weakly.
const COVERAGE: &str = "insufficient_coverage";
/// A client is heard weakly below this, in dBm.
const WEAK_DBM: f64 = -75.0;

/// Whether a client is heard weakly.
pub(crate) fn is_weak(rssi: f64) -> bool {
    rssi < WEAK_DBM
}

/// What failed of late at a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Failures {
    /// By step and server.
    servers: BTreeMap<String, Server>,
    /// By alarm and what it is about.
    conditions: BTreeMap<String, Ratio>,
    /// How clients are heard, by AP.
    coverage: Table<Mac, Ratio>,
    /// Failed authentications in a row, and since when.
    clients: BTreeMap<Mac, (u32, Timestamp)>,
    /// When all are looked through for what is over long ago: now and then, since nothing is told
    /// of that, and looking costs as much as there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    looks_at: Option<Timestamp>,
    #[serde(skip)]
    armed: Armed,
}

/// The failures of a server, in the order of their times.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Server {
    failures: VecDeque<(Timestamp, Mac)>,
    is_failing: bool,
    successes: u32,
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

/// When a condition holds.
fn rule(key: &str) -> Rule {
    match key {
        // Nobody gets through, and the first who does shows that it is there.
        "missing_vlan" => {
            Rule { failures: 5, clients: 3, raised_percent: 100, resolved_percent: 100 }
        }
        COVERAGE => Rule { failures: 20, clients: 3, raised_percent: 50, resolved_percent: 20 },
        _ => Rule { failures: 10, clients: 5, raised_percent: 50, resolved_percent: 20 },
    }
}

fn slot(key: &str, about: &str) -> String {
    format!("{key}/{about}")
}

impl Failures {
    /// A client went a step, or failed to.
    pub(crate) fn on_outcome(
        &mut self,
        outcome: &Outcome<'_>,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        self.at_server(outcome, scene);
        if is_late(scene) {
            return;
        }
        let (success, client) = (outcome.success, outcome.event.mac);
        if let Some(ssid) = outcome.event.ssid {
            self.attempt(keys(outcome.step).1, ssid, (client, success), scene, |evidence| {
                *evidence = show(outcome);
                let id = outcome.event.wlan_id.map(|id| id.to_string()).unwrap_or_default();
                let wlan = Entity::new("wlan").with("entity_id", id).with("entity_name", ssid);
                evidence.involve(wlan);
            });
        }
        if let (Step::Dhcp, Some(ap), Some(vlan)) =
            (outcome.step, outcome.event.ap, outcome.event.vlan)
        {
            let about = format!("{ap}/{vlan}");
            self.attempt("missing_vlan", &about, (client, success), scene, |evidence| {
                *evidence = show(outcome);
                evidence.involve(devices.entity(ap, None).with("missing_vlan_id", vlan));
            });
        }
        if outcome.step == Step::Auth {
            self.of_client(outcome, scene);
        }
    }

    fn at_server(&mut self, outcome: &Outcome<'_>, scene: &mut Scene<'_, '_>) {
        let (Some([failure, success]), _) = keys(outcome.step) else { return };
        let Some(name) = outcome.event.server else { return };
        let slot = slot(failure, name);
        let (at, now) = (scene.at, scene.now);
        let threshold = scene.site.setting.failure_threshold(scene.over, outcome.step);
        if at + threshold.duration <= now {
            return;
        }
        if outcome.success && !self.servers.contains_key(&slot) {
            return;
        }
        if self.servers.len() >= FOLLOWED_MAX && !self.servers.contains_key(&slot) {
            scene.tally.over_limit += 1;
            return;
        }
        let server = self.servers.entry(slot.clone()).or_default();
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
        insert(&mut server.failures, (at, outcome.event.mac), |(at, _)| *at);
        let since = now - threshold.duration;
        while server.failures.front().is_some_and(|(at, _)| *at <= since)
            || server.failures.len() > FAILURES_MAX
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
        evidence.set("incident_count", number(server.failures.len()));
        evidence.set("client_count", number(clients.len()));
        evidence.set("start", server.failures[0].0.secs());
        clients.iter().for_each(|client| evidence.add("wcids", client.to_string()));
        server.is_failing = true;
        server.failures.clear();
        scene.raise(&Incident { row: alarms::row(failure), about: name, at, evidence });
    }

    /// Prefetches how clients are heard by an AP.
    pub(crate) fn fetch(&self, ap: Mac) {
        self.coverage.fetch(&ap, Ratio::fetch);
    }

    /// Prefetches which were heard weakly.
    pub(crate) fn fetch_failures(&self, ap: Mac) {
        self.coverage.fetch(&ap, Ratio::fetch_failures);
    }

    /// A client was heard by its AP.
    pub(crate) fn on_heard(
        &mut self,
        client: Mac,
        ap: Mac,
        rssi: f64,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        if is_late(scene) {
            return;
        }
        if self.coverage.len() >= FOLLOWED_MAX && self.coverage.get(&ap).is_none() {
            scene.tally.over_limit += 1;
            return;
        }
        let ratio = self.coverage.get_or_insert_with(ap, Ratio::default);
        let about = || ap.to_string();
        let heard = (client, !is_weak(rssi));
        judge(ratio, COVERAGE, about, heard, scene, |evidence| {
            devices.show(ap, evidence);
            evidence.involve(devices.entity(ap, None));
        });
        let failing_until = ratio.deadline();
        self.follow(failing_until, scene);
    }

    /// One more attempt at something that an alarm is about; `show` says what is to be seen.
    fn attempt(
        &mut self,
        key: &'static str,
        about: &str,
        attempt: (Mac, bool),
        scene: &mut Scene<'_, '_>,
        show: impl FnOnce(&mut Evidence),
    ) {
        let slot = slot(key, about);
        if self.conditions.len() >= FOLLOWED_MAX && !self.conditions.contains_key(&slot) {
            scene.tally.over_limit += 1;
            return;
        }
        let ratio = self.conditions.entry(slot).or_default();
        judge(ratio, key, || about.to_owned(), attempt, scene, show);
        let failing_until = ratio.deadline();
        self.follow(failing_until, scene);
    }

    fn of_client(&mut self, outcome: &Outcome<'_>, scene: &mut Scene<'_, '_>) {
        let (client, at) = (outcome.event.mac, scene.at);
        if outcome.success {
            self.clients.remove(&client);
            return;
        }
        if self.clients.len() >= FOLLOWED_MAX && !self.clients.contains_key(&client) {
            let now = scene.now;
            self.clients.retain(|_, (_, since)| *since + WINDOW > now);
            if self.clients.len() >= FOLLOWED_MAX {
                scene.tally.over_limit += 1;
                return;
            }
        }
        let (count, since) = self.clients.entry(client).or_insert((0, at));
        *since = at.min(*since);
        if *since + WINDOW <= at {
            (*count, *since) = (0, at);
        }
        *count += 1;
        if *count == REPEATED {
            let mut evidence = Evidence::new();
            let event = outcome.event;
            evidence.add_opt("aps", event.ap.map(|ap| ap.to_string()));
            evidence.add_opt("bssids", event.bssid.map(|bssid| bssid.to_string()));
            evidence.add_opt("ssids", event.ssid);
            evidence.add("client_macs", client.to_string());
            let told = ClientEvent { event_type: "REPEATED_AUTH_FAILURES", ..*event };
            scene.emit(Topic::ClientEvents, |out, place| {
                encode_client_event(out, place, &told, at);
            });
            let row = alarms::row("repeated_auth_failures");
            scene.raise(&Incident { row, about: "", at, evidence });
        }
    }

    /// There is something that is to be looked at, at the latest in a while.
    fn follow(&mut self, failing_until: Option<Timestamp>, scene: &mut Scene<'_, '_>) {
        let looks_at = *self.looks_at.get_or_insert(scene.now + WINDOW);
        let deadline = failing_until.map_or(looks_at, |until| until.min(looks_at));
        self.arm(Some(deadline), scene.site, scene.timers);
    }

    /// Attempts are old enough to be forgotten.
    pub(crate) fn on_timer(&mut self, scene: &mut Scene<'_, '_>) {
        self.armed.fired();
        let now = scene.now;
        let looks_at_all = self.looks_at.is_some_and(|at| at <= now);
        let mut over = Vec::new();
        self.conditions.retain(|slot, ratio| {
            if !looks_at_all && !ratio.is_failing() {
                return true;
            }
            let Some((key, about)) = slot.split_once('/') else { return false };
            if ratio.look(&rule(key), now) == Verdict::Recovers {
                over.push((alarms::row(key), about.to_owned()));
            }
            !ratio.is_empty()
        });
        let mut covered = Vec::new();
        self.coverage.retain(|ap, ratio| {
            if !looks_at_all && !ratio.is_failing() {
                return true;
            }
            if ratio.look(&rule(COVERAGE), now) == Verdict::Recovers {
                covered.push(ap);
            }
            !ratio.is_empty()
        });
        covered.sort_unstable();
        over.extend(covered.iter().map(|ap| (alarms::row(COVERAGE), ap.to_string())));
        for (row, about) in over {
            scene.resolve(row, &about, now);
        }
        if looks_at_all {
            let is_empty = self.conditions.is_empty() && self.coverage.is_empty();
            self.looks_at = (!is_empty).then(|| now + WINDOW);
        }
        self.rearm(scene.site, scene.timers);
    }

    /// The state was read back.
    pub(crate) fn rearm(&mut self, site: &Site, timers: &mut Timers) {
        let ratios = self.conditions.values().chain(self.coverage.each());
        let deadline = ratios.filter_map(Ratio::deadline).chain(self.looks_at).min();
        self.arm(deadline, site, timers);
    }

    fn arm(&mut self, deadline: Option<Timestamp>, site: &Site, timers: &mut Timers) {
        if let Some(deadline) = deadline {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Failures);
        }
    }
}

/// Whether something happened too long ago to say anything of now.
fn is_late(scene: &mut Scene<'_, '_>) -> bool {
    let late = scene.at + WINDOW <= scene.now;
    scene.tally.stale += u64::from(late);
    late
}

/// Adds an attempt, and tells if something fails with it, or is over.
fn judge(
    ratio: &mut Ratio,
    key: &'static str,
    about: impl FnOnce() -> String,
    (client, success): (Mac, bool),
    scene: &mut Scene<'_, '_>,
    show: impl FnOnce(&mut Evidence),
) {
    let mut evidence = Evidence::new();
    match ratio.add(&rule(key), (scene.at, scene.now), client, success) {
        Verdict::Fails => {
            show(&mut evidence);
            ratio.clients().for_each(|it| evidence.add("client_macs", it.to_string()));
        }
        Verdict::GoesOn => {
            show(&mut evidence);
            evidence.add("client_macs", client.to_string());
        }
        Verdict::Recovers => return scene.resolve(alarms::row(key), &about(), scene.at),
        Verdict::Same => return,
    }
    evidence.set("impacted_client_count", number(ratio.clients().len()));
    let at = scene.at;
    scene.raise(&Incident { row: alarms::row(key), about: &about(), at, evidence });
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
    evidence.add_opt("servers", event.server);
    evidence
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
