//! One partition's fold.

mod commands;
mod configuration;

use crate::FOLD_VERSION;
use crate::output::{Emitter, Output};
use crate::processors::alarms::Telling;
use crate::processors::sources::Way;
use crate::processors::{Scene, air, carried, relayed, steps};
use crate::seen::Source;
use crate::state::{SiteState, State};
use crate::timers::{Subject, Timers};
use crate::view::SiteView;
use foghorn_model::record::{RecordBody, WebhookHealth};
use foghorn_model::telemetry::{Report, Telemetry};
use foghorn_model::{
    AlarmTemplate, AlarmTemplateId, Org, OrgId, Partition, Record, Relayed, Setting, Site, SiteId,
    Suppression, Timestamp,
};
use foghorn_mutant::{Mutant, is as mutated};
use std::collections::BTreeMap;

/// The fold of one partition.
#[derive(Debug)]
pub struct Engine {
    partition: Partition,
    state: State,
    timers: Timers,
    tally: Tally,
}

/// What the fold met and made nothing of, since the engine was made; for metrics only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Telemetry records folded.
    pub telemetry: u64,
    /// Relayed events folded.
    pub relayed: u64,
    /// Records with an id that was seen before, and repeated RADIUS requests.
    pub repeated: u64,
    /// Reports that are older than what is known.
    pub stale: u64,
    /// Reports of a device that the site does not have.
    pub unknown_device: u64,
    /// Events of a device whose type is one of another kind of device; they are told as they are.
    pub mistyped: u64,
    /// Reports of a client that is not associated.
    pub unknown_client: u64,
    /// Records of a site that is gone.
    pub unknown_site: u64,
    /// What a limit kept from being followed.
    pub over_limit: u64,
    /// Journaled lines that this version cannot read.
    pub unreadable: u64,
    /// Records that were left out because the fold could not take them.
    pub skipped: u64,
}

/// The snapshot is none of this partition's, or does not decode.
#[derive(Debug, thiserror::Error)]
#[error("snapshot does not decode: {0}")]
pub struct RestoreError(#[from] serde_json::Error);

impl Engine {
    /// The state before the first record.
    pub fn new(partition: Partition) -> Self {
        let state = State { fold: FOLD_VERSION, epoch: 1, ..State::default() };
        Self { partition, state, timers: Timers::default(), tally: Tally::default() }
    }

    /// The state that a snapshot holds.
    ///
    /// # Errors
    /// If the bytes are no snapshot.
    pub fn restore(partition: Partition, snapshot: &[u8]) -> Result<Self, RestoreError> {
        let mut state: State = serde_json::from_slice(snapshot)?;
        state.keep_places(partition);
        let mut engine =
            Self { partition, state, timers: Timers::default(), tally: Tally::default() };
        for site in engine.state.sites.values_mut() {
            site.devices.index();
            site.clients.index();
            site.latency.rearm(&site.site, &mut engine.timers);
            site.sle.rearm(&site.site, &mut engine.timers);
            site.failures.rearm(&site.site, &mut engine.timers);
            site.ports.rearm(&site.site, &mut engine.timers);
        }
        engine.rearm(|_| true);
        Ok(engine)
    }

    /// The state as a snapshot, JSON.
    pub fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).expect("state is plain data")
    }

    /// The partition.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The last record folded.
    pub fn last(&self) -> u64 {
        self.state.last
    }

    /// The epoch that the next event carries.
    pub fn epoch(&self) -> u32 {
        self.state.epoch
    }

    /// The version of the fold that last took this partition over.
    pub fn fold_version(&self) -> u32 {
        self.state.fold
    }

    /// The partition clock: the latest `received_at` folded.
    pub fn clock(&self) -> Timestamp {
        self.state.clock
    }

    /// The last configuration change applied.
    pub fn catalog_seq(&self) -> u64 {
        self.state.catalog_seq
    }

    /// When something happens without another record; a `Tick` is due then.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// What a site looks like after the last record folded; `None` if it is not in this partition.
    pub fn site(&self, site: SiteId) -> Option<SiteView<'_>> {
        self.state.sites.get(&site).map(SiteView::new)
    }

    /// The webhooks that are known to fail, as the commands said that told of them.
    pub fn failing_webhooks(&self) -> impl Iterator<Item = WebhookHealth> {
        self.state.sites.values().flat_map(|state| {
            let (org_id, id) = (state.site.org_id, state.site.id);
            let site_id = Some(id).filter(|id| *id != SiteId::of_org(org_id));
            state.webhooks.failing().map(move |(webhook_id, name)| WebhookHealth {
                webhook_id,
                name: name.into(),
                org_id,
                site_id,
                failing: None,
            })
        })
    }

    /// The records that were set aside of which this partition was told.
    pub fn quarantined(&self) -> impl Iterator<Item = u64> {
        self.state.quarantined.iter().copied()
    }

    /// What was met and made nothing of.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Folds the record with this number, which follows the last one.
    ///
    /// # Panics
    /// If the number is not the next one: the caller lost or repeated a record.
    pub fn fold(&mut self, number: u64, record: &Record<'_>, out: &mut Output) {
        assert_eq!(number, self.state.last + 1, "records of {} are dense", self.partition);
        self.state.last = number;
        let telemetry = self.read(record);
        let epoch = self.state.epoch;
        let seq = record.catalog_seq;
        let mut emitter = Emitter::new(out, self.partition, epoch, number, seq);
        let outage = match &record.body {
            RecordBody::Resumed { since } => Some((*since, record.received_at)),
            RecordBody::InputGap(gap) => Some((gap.since, gap.until)),
            _ => None,
        };
        if let Some((since, until)) = outage {
            // What was due before the outage is due; what fell into it is deferred before the
            // clock passes it.
            self.advance(since.min(record.received_at), &mut emitter);
            self.defer(until.max(record.received_at).max(self.state.clock));
        }
        self.advance(record.received_at, &mut emitter);
        let now = self.state.clock;
        emitter.now = now;
        match &record.body {
            RecordBody::Telemetry(line) => {
                self.on_telemetry(record.site, line, telemetry.as_ref(), &mut emitter);
            }
            RecordBody::Relayed(event) => self.on_relayed(record.site, event, &mut emitter),
            RecordBody::Change(change) => self.on_change(change, &mut emitter),
            RecordBody::Command(command) => self.on_command(command, &mut emitter),
            RecordBody::HandOver(handed) => self.on_handed_over(handed, &mut emitter),
            RecordBody::Tick | RecordBody::Resumed { .. } | RecordBody::InputGap(_) => {}
            RecordBody::Upgrade(upgrade) => {
                self.state.fold = upgrade.to;
                self.state.epoch += 1;
            }
        }
    }

    /// Reads a line of a site that there is, and prefetches what it is about, which comes while the
    /// clock moves.
    fn read<'a>(&self, record: &'a Record<'_>) -> Option<Telemetry<'a>> {
        let RecordBody::Telemetry(line) = &record.body else { return None };
        let state = self.state.sites.get(&record.site?)?;
        let telemetry = Telemetry::parse(line).ok()?;
        state.fetch(&telemetry.report);
        Some(telemetry)
    }

    /// Goes past the record with this number without folding it, since folding it failed. What
    /// follows is another history, and carries another epoch.
    pub fn skip(&mut self, number: u64) {
        assert_eq!(number, self.state.last + 1, "records of {} are dense", self.partition);
        self.state.last = number;
        self.state.epoch += 1;
        self.tally.skipped += 1;
    }

    /// Goes past all records through this number, which are lost. Like [`Engine::skip`], this
    /// begins another history.
    ///
    /// # Panics
    /// If they are folded already.
    pub fn skip_through(&mut self, number: u64) {
        assert!(number > self.state.last, "records of {} are dense", self.partition);
        self.tally.skipped += number - self.state.last;
        self.state.last = number;
        self.state.epoch += 1;
    }

    /// Moves the clock, and fires what becomes due on the way.
    fn advance(&mut self, to: Timestamp, emitter: &mut Emitter<'_>) {
        while let Some((deadline, site, subject)) = self.timers.pop(to) {
            self.fetch_next();
            self.state.clock = self.state.clock.max(deadline);
            if mutated(Mutant::TimerLate) {
                self.state.clock = self.state.clock.max(to);
            }
            let Some(state) = self.state.sites.get_mut(&site) else { continue };
            let over = org_setting(&self.state.orgs, state.site.org_id);
            let mut scene = Scene {
                site: &state.site,
                over: &over,
                now: self.state.clock,
                at: self.state.clock,
                telling: telling(
                    &self.state.orgs,
                    &self.state.templates,
                    &self.state.suppressions,
                    &state.site,
                ),
                alarms: &mut state.alarms,
                emitter,
                timers: &mut self.timers,
                tally: &mut self.tally,
            };
            match subject {
                Subject::Device(mac) => state.devices.on_timer(mac, &mut scene),
                Subject::Client(mac) => {
                    let SiteState { clients, lists, devices, .. } = state;
                    clients.on_timer(mac, lists, devices, &mut scene);
                }
                Subject::Alarm(slot) => scene.on_alarm_timer(slot),
                Subject::Latency => state.latency.on_timer(&mut scene),
                Subject::Sle => state.sle.on_timer(&mut state.devices, &mut scene),
                Subject::Failures => state.failures.on_timer(&mut scene),
                Subject::Ports => state.ports.on_timer(&mut scene),
                Subject::Edge(mac) => state.edges.on_timer(mac, &mut scene),
                Subject::Peerings(mac) => state.peerings.on_timer(mac, &mut scene),
                Subject::Damper(mac) => state.devices.on_damper(mac, &mut scene),
                Subject::Sources => state.sources.on_timer(&mut scene),
            }
        }
        self.state.clock = self.state.clock.max(to);
    }

    /// Prefetches what fires next.
    fn fetch_next(&self) {
        let Some((site, subject)) = self.timers.next_subject() else { return };
        let Some(state) = self.state.sites.get(&site) else { return };
        match subject {
            Subject::Device(mac) => state.devices.fetch(mac),
            Subject::Client(mac) => state.clients.fetch(mac),
            _ => {}
        }
    }

    fn on_telemetry(
        &mut self,
        site: Option<SiteId>,
        line: &[u8],
        telemetry: Option<&Telemetry<'_>>,
        emitter: &mut Emitter<'_>,
    ) {
        assert!(!foghorn_mutant::poisons(line), "a poisoned record");
        self.tally.telemetry += 1;
        let Some(state) = site.and_then(|site| self.state.sites.get_mut(&site)) else {
            self.tally.unknown_site += 1;
            return;
        };
        let Some(telemetry) = telemetry else {
            self.tally.unreadable += 1;
            return;
        };
        let now = self.state.clock;
        let over = org_setting(&self.state.orgs, state.site.org_id);
        state.fetch_behind(&telemetry.report);
        let mut scene = Scene {
            site: &state.site,
            over: &over,
            now,
            at: telemetry.time.map_or(now, |time| time.min(now)),
            telling: telling(
                &self.state.orgs,
                &self.state.templates,
                &self.state.suppressions,
                &state.site,
            ),
            alarms: &mut state.alarms,
            emitter,
            timers: &mut self.timers,
            tally: &mut self.tally,
        };
        state.sources.hear(way(telemetry), &mut scene);
        let source = source(&telemetry.report);
        if let Some(id) = &telemetry.id
            && !state.seen.admit(source, id, now)
            && !mutated(Mutant::RepeatTaken)
        {
            scene.tally.repeated += 1;
            return;
        }
        if let Some(time) = telemetry.time {
            state.clocks.on_time(source, time, (&state.devices, &state.edges), &mut scene);
        }
        let timed = telemetry.time.is_some();
        match &telemetry.report {
            Report::Device(report) => {
                let SiteState { devices, ports, peerings, radios, sle, .. } = state;
                devices.on_report(report, &mut scene);
                radios.on_event(report, &scene);
                peerings.on_report(report, devices, &mut scene);
                if devices.has_known_aps() {
                    sle.on_device(&mut scene);
                }
                ports.on_event(report, devices, &mut scene);
            }
            Report::Associated(report) => {
                state.air.on_associated(report.bssid, &report.ssid);
                state.clients.on_associated(report, &state.devices, &mut scene);
            }
            Report::Seen(seen) => {
                let SiteState { clients, failures, devices, sle, .. } = state;
                if let (Some(ap), Some(rssi)) = (clients.on_seen(seen, &mut scene), seen.rssi) {
                    sle.on_heard(rssi, &mut scene);
                    failures.on_heard(seen.mac, ap, rssi, devices, &mut scene);
                }
            }
            Report::Disassociated(left) => {
                let SiteState { clients, lists, devices, .. } = state;
                clients.on_disassociated(left, lists, devices, &mut scene);
            }
            Report::Associations(list) => {
                let SiteState { clients, lists, air, failures, devices, sle, .. } = state;
                for cell in &list.cells {
                    air.on_associated(cell.bssid, &cell.ssid);
                }
                for (client, rssi) in clients.on_list(list, lists, devices, &mut scene) {
                    sle.on_heard(rssi, &mut scene);
                    failures.on_heard(client, list.ap, rssi, devices, &mut scene);
                }
            }
            Report::Accounting(request) => state.sessions.on_request(request, timed, &mut scene),
            Report::Alarm(report) => state.devices.on_alarm(report, &mut scene),
            Report::Step(step) => {
                let SiteState { clients, latency, failures, devices, sle, .. } = state;
                sle.on_step(step.success, step.duration, &mut scene);
                steps::on_step(step, clients, latency, failures, devices, &mut scene);
            }
            Report::Decision(decision) => carried::on_decision(decision, &mut scene),
            Report::Guest(guest) => carried::on_guest(guest, &mut scene),
            Report::Edge(report) => state.edges.on_report(report, &mut scene),
            Report::Port(report) => {
                state.ports.on_report(report, &mut state.devices, &mut scene);
            }
            Report::Path(report) => {
                let SiteState { paths, devices, peerings, .. } = state;
                paths.on_report(report, devices, peerings, &mut scene);
            }
            Report::Neighbor(report) => state.air.on_neighbor(report, &state.devices, &mut scene),
            Report::Happening(event) => steps::on_happening(event, &state.clients, &mut scene),
            Report::OtherDevice(event) => carried::on_other_device(event, &mut scene),
            Report::Radio(report) => {
                let SiteState { devices, radios, .. } = state;
                radios.on_report(report, devices, &mut scene);
            }
            Report::Threat(report) => air::Air::on_threat(report, &state.devices, &mut scene),
            Report::Intrusion(report) => {
                state.air.on_intrusion(report, &state.devices, &mut scene);
            }
        }
    }

    fn on_relayed(&mut self, site: Option<SiteId>, event: &Relayed<'_>, emitter: &mut Emitter<'_>) {
        assert!(!foghorn_mutant::poisons(&event.event), "a poisoned record");
        self.tally.relayed += 1;
        let State { sites, orgs, templates, suppressions, relayed, clock, .. } = &mut self.state;
        let seen = match site {
            Some(site) => {
                let state = sites.get_mut(&site).filter(|it| it.site.org_id == event.org);
                state.map(|state| {
                    let over = org_setting(orgs, state.site.org_id);
                    let mut scene = Scene {
                        site: &state.site,
                        over: &over,
                        now: *clock,
                        at: *clock,
                        telling: telling(orgs, templates, suppressions, &state.site),
                        alarms: &mut state.alarms,
                        emitter,
                        timers: &mut self.timers,
                        tally: &mut self.tally,
                    };
                    state.sources.hear(Way::Relay, &mut scene);
                    &mut state.seen
                })
            }
            None => orgs.contains_key(&event.org).then(|| relayed.entry(event.org).or_default()),
        };
        let Some(seen) = seen else {
            self.tally.unknown_site += 1;
            return;
        };
        if !seen.admit(Source::Relay, &event.id(), *clock) && !mutated(Mutant::RepeatTaken) {
            self.tally.repeated += 1;
            return;
        }
        relayed::on_event(event, site, emitter);
    }
}

fn org_setting(orgs: &BTreeMap<OrgId, Org>, org: OrgId) -> Setting {
    orgs.get(&org).map(|org| org.setting.clone()).unwrap_or_default()
}

/// What the org says of which alarms of a site are told.
fn telling<'a>(
    orgs: &BTreeMap<OrgId, Org>,
    templates: &'a BTreeMap<AlarmTemplateId, AlarmTemplate>,
    suppressions: &BTreeMap<OrgId, Suppression>,
    site: &Site,
) -> Telling<'a> {
    let of_org = || orgs.get(&site.org_id)?.alarmtemplate_id;
    let template = site.alarmtemplate_id.or_else(of_org);
    Telling {
        template: template.and_then(|id| templates.get(&id)),
        suppression: suppressions.get(&site.org_id).copied(),
    }
}

fn way<'a>(telemetry: &'a Telemetry<'_>) -> Way<'a> {
    match (&telemetry.source, &telemetry.report) {
        (Some(name), _) => Way::Named(name),
        (None, Report::Accounting(request)) => Way::Nas(request.nas_ip),
        (None, _) => Way::Telemetry,
    }
}

fn source(report: &Report<'_>) -> Source {
    match report {
        Report::Device(report) => Source::Device(report.mac),
        Report::Associated(report) => Source::Device(report.ap),
        Report::Seen(seen) => Source::Device(seen.ap.unwrap_or(seen.mac)),
        Report::Disassociated(left) => Source::Device(left.ap.unwrap_or(left.mac)),
        Report::Associations(list) => Source::Device(list.ap),
        Report::Accounting(request) => Source::Nas(request.nas_ip),
        Report::Alarm(report) => Source::Device(report.mac),
        Report::Step(step) => Source::Device(step.ap.unwrap_or(step.mac)),
        Report::Decision(carried) | Report::Guest(carried) | Report::OtherDevice(carried) => {
            Source::Device(carried.mac)
        }
        Report::Happening(event) => Source::Device(event.ap.unwrap_or(event.mac)),
        Report::Edge(report) => Source::Device(report.mac),
        Report::Port(report) => Source::Device(report.mac),
        Report::Path(report) => Source::Device(report.mac),
        Report::Neighbor(report) => Source::Device(report.ap),
        Report::Intrusion(report) => Source::Device(report.ap),
        Report::Radio(report) => Source::Device(report.ap),
        Report::Threat(report) => Source::Device(report.mac),
    }
}
