//! Alarms of what radios hear that is not ours, strangers and attacks; and of attacks that gateways
//! see.
//!
//! An AP is *rogue* when it is not ours and on our wire, and a *honeypot* when it is not ours and
//! sends one of our SSIDs. Each is an incident once in [`TOLD_EACH`]; the setting `rogue` says
//! whether at all, how strong it must be, and whom to leave alone. A client of a rogue is one too.
//!
//! An AP that reports an attack is believed from the count on that [`definition`] has for it,
//! within any minute by the AP's clock; a missing acknowledgement or a rekey now and then is none.
//! What it reports within a minute of that is the same incident.

use super::Scene;
use super::alarms::{self, Incident};
use super::devices::Devices;
use super::ratio::insert;
use foghorn_model::alarm::Evidence;
use foghorn_model::telemetry::{Attack, IntrusionReport, NeighborReport, Threat, ThreatReport};
use foghorn_model::time::Micros;
use foghorn_model::{DeviceType, Mac, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How often a stranger is told, at most.
const TOLD_EACH: Micros = Micros::from_mins(600);
/// What of an attack is counted together.
const TOGETHER: Micros = Micros::from_mins(1);
/// And how late the rest of it may come.
const LATE: Micros = Micros::from_mins(10);
/// Strangers, own BSSIDs and own SSIDs that a site remembers, each.
const REMEMBERED_MAX: usize = 10_000;

/// What a site knows of its air.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Air {
    /// BSSIDs and SSIDs that clients of ours were at.
    bssids: BTreeSet<Mac>,
    ssids: BTreeSet<String>,
    /// When a stranger was last told, by the alarm and its BSSID.
    told: BTreeMap<String, Timestamp>,
    rogues: BTreeSet<Mac>,
    /// What is reported of an attack, by the alarm and the AP.
    reported: BTreeMap<String, Attempts>,
}

/// Reports of an attack by an AP, all by its clock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Attempts {
    /// When and how often, in the order of their times, of what is not yet believed: fewer than it
    /// takes in any minute.
    counts: VecDeque<(Timestamp, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    believed: Option<Timestamp>,
}

impl Attempts {
    /// So many more; says whether that is an incident.
    fn add(&mut self, at: Timestamp, count: u64, threshold: u64) -> bool {
        if count == 0 || self.believed.is_some_and(|it| is_together(it, at)) {
            return false;
        }
        insert(&mut self.counts, (at, count), |(at, _)| *at);
        let near: Vec<_> = self.counts.iter().filter(|(it, _)| is_together(*it, at)).collect();
        let is_believed = near.iter().enumerate().any(|(first, (since, _))| {
            let minute = near[first..].iter().take_while(|(it, _)| *it < *since + TOGETHER);
            minute.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count)) >= threshold
        });
        if is_believed {
            self.believed = Some(at);
            self.counts.retain(|(it, _)| !is_together(*it, at));
        }
        is_believed
    }

    /// Forgets what nothing is added to any more; says whether anything is left.
    fn forget(&mut self, now: Timestamp) -> bool {
        self.counts.retain(|(at, _)| *at + LATE > now);
        self.believed = self.believed.filter(|at| *at + LATE > now);
        self.believed.is_some() || !self.counts.is_empty()
    }
}

/// Whether two times are within a minute.
fn is_together(one: Timestamp, other: Timestamp) -> bool {
    one < other + TOGETHER && other < one + TOGETHER
}

/// The alarm of an attack, and how often within a minute it must be reported. What a single frame
/// gives away is believed at once; what happens now and then must happen often.
fn definition(attack: Attack) -> (&'static str, u64) {
    match attack {
        Attack::Replay => ("krack_attack", 1),
        Attack::TkipIcv => ("tkip_icv_attack", 2),
        Attack::Deauthentication => ("disassociation_flood", 20),
        Attack::AdHoc => ("adhoc_network", 1),
        Attack::BeaconFlood => ("beacon_flood", 50),
        Attack::BssidSpoofing => ("bssid_spoofing", 1),
        Attack::EapFailureInjection => ("eap_failure_injection", 1),
        Attack::EapGuess => ("eap_dictionary_attack", 10),
        Attack::EapHandshake => ("eap_handshake_flood", 50),
        Attack::EapSpoofedSuccess => ("eap_spoofed_success", 1),
        Attack::EapolLogoff => ("eapol_logoff_attack", 5),
        Attack::EapolStart => ("excessive_eapol_start", 20),
        Attack::EssidJack => ("essid_jack", 1),
        Attack::ExcessiveClient => ("excessive_client", 1),
        Attack::MonkeyJack => ("monkey_jack", 1),
        Attack::OutOfSequence => ("out_of_sequence", 10),
        Attack::SsidInjection => ("ssid_injection", 1),
        Attack::SurveyScan => ("air_magnet_scan", 1),
        Attack::VendorIeMissing => ("vendor_ie_missing", 1),
        Attack::WatchedStation => ("watched_station", 1),
        Attack::ZeroSsid => ("zero_ssid_association", 1),
    }
}

impl Air {
    /// A client associated: BSSID and SSID are ours.
    pub(crate) fn on_associated(&mut self, bssid: Mac, ssid: &str) {
        if self.bssids.len() < REMEMBERED_MAX && !self.bssids.contains(&bssid) {
            self.bssids.insert(bssid);
        }
        if self.ssids.len() < REMEMBERED_MAX && !self.ssids.contains(ssid) {
            self.ssids.insert(ssid.into());
        }
    }

    /// A radio heard another AP.
    pub(crate) fn on_neighbor(
        &mut self,
        report: &NeighborReport<'_>,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        if devices.device_type(report.ap).is_none() {
            scene.tally.unknown_device += 1;
            return;
        }
        if self.is_ours(report.bssid, devices) {
            return;
        }
        let rogue = scene.site.setting.rogue(scene.over);
        let ssid = report.ssid.as_deref().unwrap_or_default();
        let is_weak = report.rssi.is_some_and(|rssi| rssi < f64::from(rogue.min_rssi));
        if is_weak || rogue.leaves_alone(report.bssid, ssid) {
            return;
        }
        let mut evidence = Evidence::new();
        devices.show(report.ap, &mut evidence);
        evidence.add("bssids", report.bssid.to_string());
        evidence.add("ssids", ssid);
        if rogue.enabled && report.on_wire {
            self.remember_rogue(report.bssid);
            self.stranger("rogue_ap", report.bssid, evidence.clone(), scene);
        }
        if rogue.honeypot_enabled && self.ssids.contains(ssid) {
            self.stranger("honeypot_ssid", report.bssid, evidence.clone(), scene);
        }
        if let Some(client) = report.client_mac
            && self.rogues.contains(&report.bssid)
        {
            evidence.add("wcids", client.to_string());
            self.stranger("rogue_client", client, evidence, scene);
        }
    }

    /// A radio reports an attack.
    pub(crate) fn on_intrusion(
        &mut self,
        report: &IntrusionReport<'_>,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        if devices.device_type(report.ap).is_none() {
            scene.tally.unknown_device += 1;
            return;
        }
        let (key, threshold) = definition(report.attack);
        let slot = format!("{key}/{}", report.ap);
        let (at, now) = (scene.at, scene.now);
        self.reported.retain(|_, attempts| attempts.forget(now));
        let attempts = self.reported.entry(slot).or_default();
        if !attempts.add(at, report.count, threshold) {
            return;
        }
        let mut evidence = Evidence::new();
        devices.show(report.ap, &mut evidence);
        let row = alarms::row(key);
        let samples = [
            ("bssids", report.bssid.map(|it| it.to_string())),
            ("client_mac1", report.client_mac.map(|it| it.to_string())),
            ("client_mac2", report.peer_mac.map(|it| it.to_string())),
            ("client_macs", report.client_mac.map(|it| it.to_string())),
            ("ssids", report.ssid.as_deref().map(Into::into)),
            ("wcids", report.client_mac.map(|it| it.to_string())),
        ];
        for (member, sample) in samples {
            if row.fields.contains(&member) {
                evidence.add_opt(member, sample);
            }
        }
        scene.raise(&Incident { row, about: "", at, evidence });
    }

    /// A gateway reports an attack, of which it is sure.
    pub(crate) fn on_threat(
        report: &ThreatReport<'_>,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        if devices.device_type(report.mac) != Some(DeviceType::Gateway) {
            scene.tally.unknown_device += 1;
            return;
        }
        let row = alarms::row(match report.threat {
            Threat::IdpAttack => "idp_attack_detected",
            Threat::UrlBlocked => "url_blocked",
        });
        let mut evidence = Evidence::new();
        devices.show(report.mac, &mut evidence);
        evidence.add_opt("reasons", report.reason.as_deref());
        let at = scene.at;
        scene.raise(&Incident { row, about: "", at, evidence });
    }

    /// A BSSID that clients of ours were at, or one of an AP of ours: its radios have addresses
    /// that differ from its own in the last octet and in the local bit.
    fn is_ours(&self, bssid: Mac, devices: &Devices) -> bool {
        self.bssids.contains(&bssid) || devices.has_radio(bssid)
    }

    fn remember_rogue(&mut self, bssid: Mac) {
        if self.rogues.len() < REMEMBERED_MAX {
            self.rogues.insert(bssid);
        }
    }

    fn stranger(
        &mut self,
        key: &'static str,
        who: Mac,
        evidence: Evidence,
        scene: &mut Scene<'_, '_>,
    ) {
        let now = scene.now;
        let slot = format!("{key}/{who}");
        if self.told.get(&slot).is_some_and(|at| *at + TOLD_EACH > now) {
            return;
        }
        if self.told.len() >= REMEMBERED_MAX {
            self.told.retain(|_, at| *at + TOLD_EACH > now);
            if self.told.len() >= REMEMBERED_MAX {
                scene.tally.over_limit += 1;
                return;
            }
        }
        self.told.insert(slot, now);
        let (row, at) = (alarms::row(key), scene.at);
        scene.raise(&Incident { row, about: "", at, evidence });
    }
}
