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
use serde::{Deserialize, Deserializer, Serialize, Serializer};
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
    /// Boxed: a table has empty slots, which would each be as large.
    #[serde(serialize_with = "open_by_nas", deserialize_with = "of_nases")]
    open: Ordered<SessionId, Box<Session>>,
    #[serde(serialize_with = "ended_by_nas", deserialize_with = "of_nases")]
    ended: Table<SessionId, Ended>,
    /// In the order of their end by the partition clock, for forgetting.
    ended_order: VecDeque<(Timestamp, IpAddr, SmolStr)>,
}

/// The NAS, and its Acct-Session-Id.
type SessionId = (IpAddr, SmolStr);

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
    /// Prefetches where the session of a request is.
    pub(crate) fn fetch(&self, request: &Accounting<'_>) {
        if let Some(key) = key(request) {
            self.open.fetch(&key, bring_near);
        }
    }

    /// Prefetches the session of a request.
    pub(crate) fn fetch_session(&self, request: &Accounting<'_>) {
        if let Some(key) = key(request) {
            self.open.fetch(&key, |session| session.fetch());
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
        let Some(id) = key(request) else {
            return self.on_reboot(request.nas_ip, timed, scene);
        };
        match request.status {
            AccountingStatus::On | AccountingStatus::Off => {
                self.on_reboot(request.nas_ip, timed, scene);
            }
            AccountingStatus::Start => self.on_start(&id, request, timed, scene),
            AccountingStatus::Update => self.on_update(&id, request, timed, scene),
            AccountingStatus::Stop => self.on_stop(&id, request, timed, scene),
        }
    }

    fn on_start(
        &mut self,
        id: &SessionId,
        request: &Accounting<'_>,
        timed: bool,
        scene: &mut Scene<'_, '_>,
    ) {
        if timed && self.ended.get(id).is_some_and(|ended| scene.at <= ended.at) {
            scene.tally.repeated += 1;
            return;
        }
        if let Some(open) = self.open.get(id) {
            let other_client =
                matches!((open.facts.mac, request.mac), (Some(a), Some(b)) if a != b);
            let much_later = timed && scene.at.since(open.onset) > START_REPEATED_WITHIN;
            if open.started && !other_client && !much_later {
                scene.tally.repeated += 1;
                return;
            }
            if open.started {
                self.close(id, NacCounters::default(), Some(LOST), scene);
            }
        }
        let session = self.session(id, request, scene);
        session.started = true;
        tell(session, NacStatus::Start, NacCounters::default(), None, scene);
    }

    fn on_update(
        &mut self,
        id: &SessionId,
        request: &Accounting<'_>,
        timed: bool,
        scene: &mut Scene<'_, '_>,
    ) {
        let counters = counters_of(request);
        let over = self.ended.get(id).is_some_and(|ended| !timed || scene.at <= ended.at);
        let old = self.open.get(id).is_some_and(|open| {
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
        id: &SessionId,
        request: &Accounting<'_>,
        timed: bool,
        scene: &mut Scene<'_, '_>,
    ) {
        let counters = counters_of(request);
        let repeated = self.open.get(id).is_none()
            && self.ended.get(id).is_some_and(|ended| {
                if timed { scene.at <= ended.at } else { ended.counters == counters }
            });
        if repeated {
            scene.tally.repeated += 1;
            return;
        }
        self.session(id, request, scene);
        self.close(id, counters, request.terminate_cause.as_deref(), scene);
    }

    /// The NAS started or goes down: what it had open before is over.
    fn on_reboot(&mut self, nas: IpAddr, timed: bool, scene: &mut Scene<'_, '_>) {
        let mut over: Vec<SessionId> = self
            .open_at(nas)
            .filter(|(_, session)| !timed || session.onset <= scene.at)
            .map(|(id, _)| id.clone())
            .collect();
        if mutated(Mutant::HashOrder) {
            let seed = std::collections::hash_map::RandomState::new();
            over.sort_by_cached_key(|id| std::hash::BuildHasher::hash_one(&seed, id));
        }
        for id in over {
            self.close(&id, NacCounters::default(), Some(REBOOT), scene);
        }
    }

    /// The open sessions of a NAS, in the order of their ids.
    fn open_at(&self, nas: IpAddr) -> impl Iterator<Item = (&SessionId, &Session)> {
        let open = self.open.range((nas, SmolStr::default())..);
        open.take_while(move |((of, _), _)| *of == nas).map(|(id, session)| (id, &**session))
    }

    /// The open session of a request, new if need be, knowing what the request tells.
    fn session(
        &mut self,
        id: &SessionId,
        request: &Accounting<'_>,
        scene: &mut Scene<'_, '_>,
    ) -> &mut Session {
        if self.open.len() >= OPEN_MAX && self.open.get(id).is_none() {
            scene.tally.over_limit += 1;
            self.let_go(request.nas_ip);
        }
        let (at, site) = (scene.at, scene.site.id);
        let session = self.open.get_or_insert_with(id.clone(), || {
            let secs = i64::try_from(request.session_time.unwrap_or(0)).unwrap_or(0);
            let onset = Timestamp(at.0.saturating_sub(secs.saturating_mul(1_000_000)));
            Box::new(Session {
                facts: NacSession {
                    session_id: id.1.clone(),
                    unique_id: unique_id(site, id, onset),
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
        id: &SessionId,
        mut counters: NacCounters,
        cause: Option<&str>,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(session) = self.open.remove(id) else { return };
        let ended = Ended { at: scene.at, heard: scene.now, counters };
        let secs = scene.at.since(session.onset).0 / 1_000_000;
        counters.secs = counters.secs.or(u64::try_from(secs).ok());
        tell(&session, NacStatus::Stop, counters, cause, scene);
        if self.ended_order.len() >= ENDED_MAX {
            self.forget_oldest();
        }
        *self.ended.get_or_insert_with(id.clone(), || ended) = ended;
        self.ended_order.push_back((scene.now, id.0, id.1.clone()));
    }

    /// Follows one session less, of this NAS if it has one.
    fn let_go(&mut self, nas: IpAddr) {
        let first = self.open_at(nas).next().map(|(id, _)| id);
        let first = first.or_else(|| self.open.first().map(|(id, _)| id));
        if let Some(id) = first.cloned() {
            self.open.remove(&id);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while self.ended_order.front().is_some_and(|(at, ..)| now.since(*at) > REMEMBERED) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((heard, nas, id)) = self.ended_order.pop_front() else { return };
        let id = (nas, id);
        // The id may have ended a second time since; that end has its own place in the order.
        if self.ended.get(&id).is_some_and(|ended| ended.heard == heard) {
            self.ended.remove(&id);
        }
    }
}

impl Session {
    /// All of it, which is a few lines of the cache.
    fn fetch(&self) {
        let facts = &self.facts;
        bring_near(&facts.session_id);
        for text in [&facts.multi_session_id, &facts.ssid, &facts.username, &facts.client_type] {
            bring_near(text);
        }
        for text in [&facts.auth_type, &facts.port_id, &facts.vlan, &facts.nas_vendor] {
            bring_near(text);
        }
        bring_near(&self.onset);
        bring_near(&self.counters);
    }
}

fn key(request: &Accounting<'_>) -> Option<SessionId> {
    Some((request.nas_ip, request.session_id.as_deref()?.into()))
}

/// In a snapshot the sessions of a NAS stand together.
fn by_nas<'a, V: Serialize + 'a, S: Serializer>(
    sessions: impl Iterator<Item = (&'a SessionId, &'a V)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut nases = BTreeMap::<_, BTreeMap<_, _>>::new();
    for ((nas, id), value) in sessions {
        nases.entry(nas).or_default().insert(id, value);
    }
    nases.serialize(serializer)
}

fn open_by_nas<S: Serializer>(
    open: &Ordered<SessionId, Box<Session>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    by_nas(open.range(..), serializer)
}

fn ended_by_nas<S: Serializer>(
    ended: &Table<SessionId, Ended>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    by_nas(ended.entries(), serializer)
}

fn of_nases<'de, V: Deserialize<'de>, T: FromIterator<(SessionId, V)>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let nases = BTreeMap::<IpAddr, BTreeMap<SmolStr, V>>::deserialize(deserializer)?;
    let sessions = |(nas, sessions): (_, BTreeMap<_, _>)| {
        sessions.into_iter().map(move |(id, value)| ((nas, id), value))
    };
    Ok(nases.into_iter().flat_map(sessions).collect())
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
fn unique_id(site: SiteId, (nas, id): &SessionId, onset: Timestamp) -> Uuid {
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
