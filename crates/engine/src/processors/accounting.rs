//! `nac-accounting`: RADIUS accounting sessions (RFC 2866).
//!
//! A session is (NAS, Acct-Session-Id). NASes repeat requests, out of order and after minutes, so
//! a request counts once: a Start of an open session, an Update that counts nothing new, and
//! whatever is not newer than the Stop that ended the session are repetitions. Ended sessions are
//! remembered for [`REMEMBERED`] to tell. What comes without a Start is a session all the same:
//! its beginning is reckoned from Acct-Session-Time.

use super::Scene;
use crate::table::{Ordered, Table, bring_near};
use foghorn_model::event::nac::{NacCounters, NacEvent, NacSession, NacStatus, encode};
use foghorn_model::telemetry::{Accounting, AccountingStatus};
use foghorn_model::time::Micros;
use foghorn_model::{SiteId, Timestamp, Topic};
use foghorn_mutant::{Mutant, is as mutated};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use uuid::Uuid;

/// How long an ended session is remembered.
const REMEMBERED: Micros = Micros::from_mins(24 * 60);
/// How many ended sessions a site remembers.
const ENDED_MAX: usize = 200_000;
/// How many open sessions a site follows, over all that call themselves a NAS. One more lets
/// another go, of the same NAS if it has one: what comes of that later is told anew.
const OPEN_MAX: usize = 200_000;
/// A second Start that is younger than the first by more than this begins a new session: the NAS
/// has used the id again.
const START_REPEATED_WITHIN: Micros = Micros::from_mins(1);
/// Why a session is over that the NAS forgot.
const LOST: &str = "Lost-Service";
/// Why the sessions of a NAS that restarted are over.
const REBOOT: &str = "NAS-Reboot";

/// The accounting sessions of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sessions {
    open: BTreeMap<IpAddr, OfNas>,
    open_count: usize,
    ended: BTreeMap<IpAddr, Table<SmolStr, Ended>>,
    /// In the order of their end by the partition clock, for forgetting.
    ended_order: VecDeque<(Timestamp, IpAddr, SmolStr)>,
}

/// The open sessions of a NAS. Boxed: there is room in a table for more than there are.
type OfNas = Ordered<SmolStr, Box<Session>>;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    facts: NacSession,
    onset: Timestamp,
    /// The newest request, by the NAS's clock.
    latest: Timestamp,
    started: bool,
    #[serde(default)]
    counters: NacCounters,
    #[serde(default)]
    updated: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ended {
    at: Timestamp,
    heard: Timestamp,
    #[serde(default)]
    counters: NacCounters,
}

impl Sessions {
    /// A request comes in.
    pub(crate) fn fetch(&self, request: &Accounting<'_>) {
        let Some(id) = request.session_id.as_deref() else { return };
        let of_nas = self.open.get(&request.nas_ip);
        if let Some(session) = of_nas.and_then(|of_nas| of_nas.likely(id)) {
            session.fetch();
        }
    }

    /// A request came in; `timed` tells whether its time is the NAS's own.
    pub(crate) fn on_request(
        &mut self,
        request: &Accounting<'_>,
        timed: bool,
        scene: &mut Scene<'_, '_>,
    ) {
        self.forget(scene.now);
        let Some(id) = request.session_id.as_deref() else {
            return self.on_reboot(request.nas_ip, timed, scene);
        };
        match request.status {
            AccountingStatus::On | AccountingStatus::Off => {
                self.on_reboot(request.nas_ip, timed, scene);
            }
            AccountingStatus::Start => self.on_start(id, request, timed, scene),
            AccountingStatus::Update => self.on_update(id, request, timed, scene),
            AccountingStatus::Stop => self.on_stop(id, request, timed, scene),
        }
    }

    fn on_start(
        &mut self,
        id: &str,
        request: &Accounting<'_>,
        timed: bool,
        scene: &mut Scene<'_, '_>,
    ) {
        if timed && self.ended(request.nas_ip, id).is_some_and(|ended| scene.at <= ended.at) {
            scene.tally.repeated += 1;
            return;
        }
        if let Some(open) = self.open(request.nas_ip, id) {
            let other_client =
                matches!((open.facts.mac, request.mac), (Some(a), Some(b)) if a != b);
            let much_later = timed && scene.at.since(open.onset) > START_REPEATED_WITHIN;
            if open.started && !other_client && !much_later {
                scene.tally.repeated += 1;
                return;
            }
            if open.started {
                self.close(request.nas_ip, id, NacCounters::default(), Some(LOST), scene);
            }
        }
        let session = self.session(id, request, scene);
        session.started = true;
        tell(session, NacStatus::Start, NacCounters::default(), None, scene);
    }

    fn on_update(
        &mut self,
        id: &str,
        request: &Accounting<'_>,
        timed: bool,
        scene: &mut Scene<'_, '_>,
    ) {
        let counters = counters_of(request);
        let over =
            self.ended(request.nas_ip, id).is_some_and(|ended| !timed || scene.at <= ended.at);
        let old = self.open(request.nas_ip, id).is_some_and(|open| {
            let same = open.updated && open.counters == counters;
            let nothing_counted = counters == NacCounters::default();
            (same && (!timed || !nothing_counted || scene.at <= open.latest))
                || (timed && scene.at < open.latest)
        });
        if over || old {
            scene.tally.repeated += 1;
            return;
        }
        let session = self.session(id, request, scene);
        session.updated = true;
        session.counters = counters;
        tell(session, NacStatus::Update, counters, None, scene);
    }

    fn on_stop(
        &mut self,
        id: &str,
        request: &Accounting<'_>,
        timed: bool,
        scene: &mut Scene<'_, '_>,
    ) {
        let counters = counters_of(request);
        let repeated = self.open(request.nas_ip, id).is_none()
            && self.ended(request.nas_ip, id).is_some_and(|ended| {
                if timed { scene.at <= ended.at } else { ended.counters == counters }
            });
        if repeated {
            scene.tally.repeated += 1;
            return;
        }
        self.session(id, request, scene);
        self.close(request.nas_ip, id, counters, request.terminate_cause.as_deref(), scene);
    }

    /// The NAS started or goes down: what it had open before is over.
    fn on_reboot(&mut self, nas: IpAddr, timed: bool, scene: &mut Scene<'_, '_>) {
        let Some(open) = self.open.get(&nas) else { return };
        let mut over: Vec<SmolStr> = open
            .range(..)
            .filter(|(_, session)| !timed || session.onset <= scene.at)
            .map(|(id, _)| id.clone())
            .collect();
        if mutated(Mutant::HashOrder) {
            let seed = std::collections::hash_map::RandomState::new();
            over.sort_by_cached_key(|id| std::hash::BuildHasher::hash_one(&seed, id));
        }
        for id in over {
            self.close(nas, &id, NacCounters::default(), Some(REBOOT), scene);
        }
    }

    fn open(&self, nas: IpAddr, id: &str) -> Option<&Session> {
        self.open.get(&nas)?.get(id).map(Box::as_ref)
    }

    fn ended(&self, nas: IpAddr, id: &str) -> Option<&Ended> {
        self.ended.get(&nas)?.get(id)
    }

    /// The open session of a request, new if need be, knowing what the request tells.
    fn session(
        &mut self,
        id: &str,
        request: &Accounting<'_>,
        scene: &mut Scene<'_, '_>,
    ) -> &mut Session {
        if self.open(request.nas_ip, id).is_none() {
            if self.open_count >= OPEN_MAX {
                scene.tally.over_limit += 1;
                self.let_go(request.nas_ip);
            }
            self.open_count += 1;
        }
        let (at, site) = (scene.at, scene.site.id);
        let of_nas = self.open.entry(request.nas_ip).or_default();
        let session = of_nas.get_or_insert_with(id.into(), || {
            let secs = i64::try_from(request.session_time.unwrap_or(0)).unwrap_or(0);
            let onset = Timestamp(at.0.saturating_sub(secs.saturating_mul(1_000_000)));
            Box::new(Session {
                facts: NacSession {
                    session_id: id.into(),
                    unique_id: unique_id(site, request.nas_ip, id, onset),
                    nas_ip: Some(request.nas_ip),
                    ..NacSession::default()
                },
                onset,
                latest: at,
                started: false,
                counters: NacCounters::default(),
                updated: false,
            })
        });
        session.latest = session.latest.max(at);
        learn(&mut session.facts, request);
        session
    }

    fn close(
        &mut self,
        nas: IpAddr,
        id: &str,
        mut counters: NacCounters,
        cause: Option<&str>,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(session) = self.remove(nas, |of_nas| of_nas.remove(id)) else { return };
        let ended = Ended { at: scene.at, heard: scene.now, counters };
        let secs = scene.at.since(session.onset).0 / 1_000_000;
        counters.secs = counters.secs.or(u64::try_from(secs).ok());
        tell(&session, NacStatus::Stop, counters, cause, scene);
        if self.ended_order.len() >= ENDED_MAX {
            self.forget_oldest();
        }
        *self.ended.entry(nas).or_default().get_or_insert_with(id.into(), || ended) = ended;
        self.ended_order.push_back((scene.now, nas, id.into()));
    }

    /// Takes an open session out of a NAS's.
    fn remove(
        &mut self,
        nas: IpAddr,
        take: impl FnOnce(&mut OfNas) -> Option<Box<Session>>,
    ) -> Option<Box<Session>> {
        let of_nas = self.open.get_mut(&nas)?;
        let session = take(of_nas)?;
        self.open_count -= 1;
        if of_nas.is_empty() {
            self.open.remove(&nas);
        }
        Some(session)
    }

    /// Follows one session less, of this NAS if it has one.
    fn let_go(&mut self, nas: IpAddr) {
        let own = self.open.contains_key(&nas).then_some(nas);
        if let Some(nas) = own.or_else(|| self.open.keys().next().copied()) {
            self.remove(nas, |of_nas| Some(of_nas.pop_first()?.1));
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while self.ended_order.front().is_some_and(|(at, ..)| now.since(*at) > REMEMBERED) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((heard, nas, id)) = self.ended_order.pop_front() else { return };
        let Some(of_nas) = self.ended.get_mut(&nas) else { return };
        // The id may have ended a second time since; that end has its own place in the order.
        if of_nas.get(&id).is_some_and(|ended| ended.heard == heard) {
            of_nas.remove(&id);
        }
        if of_nas.is_empty() {
            self.ended.remove(&nas);
        }
    }
}

impl Session {
    fn fetch(&self) {
        let NacSession { session_id, multi_session_id, ssid, username, .. } = &self.facts;
        let NacSession { client_type, auth_type, port_id, vlan, nas_vendor, .. } = &self.facts;
        bring_near(session_id);
        for text in [multi_session_id, ssid, username, client_type, auth_type, port_id, vlan] {
            bring_near(text);
        }
        bring_near(nas_vendor);
        bring_near(&self.onset);
        bring_near(&self.counters);
    }
}

fn tell(
    session: &Session,
    status: NacStatus,
    counters: NacCounters,
    terminate_cause: Option<&str>,
    scene: &mut Scene<'_, '_>,
) {
    let event = NacEvent { status, at: scene.at, counters, terminate_cause };
    scene.emit(Topic::NacAccounting, |out, place| encode(out, place, &session.facts, &event));
}

fn counters_of(request: &Accounting<'_>) -> NacCounters {
    NacCounters {
        rx_bytes: request.rx_bytes,
        tx_bytes: request.tx_bytes,
        rx_pkts: request.rx_pkts,
        tx_pkts: request.tx_pkts,
        secs: request.session_time,
    }
}

/// Derived of what the session is, so that it is the same after every restart and in every copy.
fn unique_id(site: SiteId, nas: IpAddr, id: &str, onset: Timestamp) -> Uuid {
    let name = format!("nac:{nas}:{id}:{}", onset.0);
    Uuid::new_v5(&site.0, name.as_bytes())
}

fn learn(facts: &mut NacSession, request: &Accounting<'_>) {
    fn text(known: &mut Option<SmolStr>, told: Option<&str>) {
        if told.is_some() && known.as_deref() != told {
            *known = told.map(SmolStr::new);
        }
    }
    facts.mac = request.mac.or(facts.mac);
    facts.ap = request.ap.or(facts.ap);
    facts.bssid = request.bssid.or(facts.bssid);
    facts.client_ip = request.client_ip.or(facts.client_ip);
    text(&mut facts.ssid, request.ssid.as_deref());
    text(&mut facts.username, request.username.as_deref());
    text(&mut facts.multi_session_id, request.multi_session_id.as_deref());
    text(&mut facts.client_type, request.client_type.map(|kind| kind.name()));
    text(&mut facts.auth_type, request.auth_type.as_deref());
    text(&mut facts.port_id, request.port_id.as_deref());
    text(&mut facts.vlan, request.vlan.as_deref());
    text(&mut facts.nas_vendor, request.nas_vendor.as_deref());
}
