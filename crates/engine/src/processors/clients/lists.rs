//! What an AP says of all of its clients at once, taken against what is known of them.
//!
//! Whoever is not in a list has left, whoever is new has joined or roamed, and the others are still
//! there. What has happened since a list was made it does not know: it ends no session that was
//! heard of later, and one that is older than the AP's last says nothing at all.
//!
//! An AP goes on listing a client that has moved on until it notices. Such a client is told from
//! one that came by how long it has been associated: the younger association holds. For the same
//! reason the ends of the last minutes are remembered at sites that have lists: what a list says of
//! an association that is over begins none. A list that comes later than that begins none either.

use super::{Clients, learn};
use crate::processors::Scene;
use crate::processors::devices::Devices;
use foghorn_model::event::client::{End, Termination};
use foghorn_model::telemetry::{Association, Associations, Cell, ListedClient};
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long an end is remembered, and how late a list may be that begins anything.
const REMEMBERED: Micros = Micros::from_mins(10);
/// How many ends a site remembers; beyond, the oldest is forgotten first.
const ENDS_MAX: usize = 100_000;
/// How many APs a site takes lists of; of one more they are counted and not followed.
const APS_MAX: usize = 10_000;
/// How many BSSIDs an AP may have lists of, beside those of the AP as a whole.
const BSSIDS_MAX: usize = 64;

/// The lists of a site: which were the last, and which sessions ended since about then.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Lists {
    /// When the last was made, by AP and BSSID; [`Mac::NONE`] stands for all BSSIDs of the AP.
    last: BTreeMap<Mac, BTreeMap<Mac, Timestamp>>,
    ended: BTreeMap<Mac, Ended>,
    /// In the order of their coming, by the partition clock, for forgetting.
    ended_order: VecDeque<(Timestamp, Mac)>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ended {
    /// By the source's clock.
    at: Timestamp,
    heard: Timestamp,
    /// Whether nobody said so: whoever only fell silent may be listed again.
    is_silent: bool,
}

/// A list being taken.
struct Taken<'l, 'a> {
    list: &'l Associations<'a>,
    /// When the one before it was made, if there was one.
    previous: Option<Timestamp>,
    listed: BTreeSet<(Mac, Mac)>,
}

impl Lists {
    /// A session ended.
    pub(super) fn on_end(&mut self, client: Mac, end: &End, scene: &Scene<'_, '_>) {
        self.forget(scene.now);
        if self.last.is_empty() {
            return;
        }
        if self.ended_order.len() >= ENDS_MAX {
            self.forget_oldest();
        }
        let is_silent = end.termination == Termination::Inactive;
        self.ended.insert(client, Ended { at: end.disconnect, heard: scene.now, is_silent });
        self.ended_order.push_back((scene.now, client));
    }

    /// An AP is gone.
    pub(crate) fn remove(&mut self, ap: Mac) {
        self.last.remove(&ap);
    }

    /// Notes a list, unless it is no news.
    fn admit<'l, 'a>(
        &mut self,
        list: &'l Associations<'a>,
        scene: &mut Scene<'_, '_>,
    ) -> Option<Taken<'l, 'a>> {
        if self.last.len() >= APS_MAX && !self.last.contains_key(&list.ap) {
            scene.tally.over_limit += 1;
            return None;
        }
        let of = list.bssid.unwrap_or(Mac::NONE);
        let of_ap = self.last.entry(list.ap).or_default();
        let previous = of_ap.get(&of).max(of_ap.get(&Mac::NONE)).copied();
        if previous.is_some_and(|previous| scene.at <= previous) {
            scene.tally.stale += 1;
            return None;
        }
        if of_ap.len() > BSSIDS_MAX && !of_ap.contains_key(&of) {
            scene.tally.over_limit += 1;
            return None;
        }
        of_ap.insert(of, scene.at);
        let cells = list.cells.iter();
        let listed = cells.flat_map(|it| it.clients.iter().map(|client| (client.mac, it.bssid)));
        Some(Taken { list, previous, listed: listed.collect() })
    }

    /// When an association began that is listed and not known; `None` if it is over.
    fn onset(
        &self,
        client: Mac,
        since: Option<Timestamp>,
        previous: Option<Timestamp>,
        scene: &Scene<'_, '_>,
    ) -> Option<Timestamp> {
        if scene.now.since(scene.at) > REMEMBERED {
            return None;
        }
        let ended = self.ended.get(&client);
        let is_over = |it: &Ended| {
            let is_same = since.is_some_and(|since| since <= it.at);
            scene.at <= it.at || (is_same && !it.is_silent)
        };
        if ended.is_some_and(is_over) {
            return None;
        }
        // One that the last list would have had was lost sight of in between.
        let since = since.filter(|since| previous.is_none_or(|previous| *since > previous));
        let floor = ended.map_or(Timestamp(i64::MIN), |it| it.at);
        Some(since.map_or(scene.at, |since| since.max(floor)))
    }

    fn forget(&mut self, now: Timestamp) {
        while self.ended_order.front().is_some_and(|(at, _)| now.since(*at) > REMEMBERED) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((heard, client)) = self.ended_order.pop_front() else { return };
        // It may have ended a second time since; that end has its own place in the order.
        if self.ended.get(&client).is_some_and(|it| it.heard == heard) {
            self.ended.remove(&client);
        }
    }
}

impl Taken<'_, '_> {
    /// Whether the list says of everybody at this BSSID of the AP who is there.
    fn covers(&self, ap: Mac, bssid: Mac) -> bool {
        self.list.ap == ap && self.list.bssid.is_none_or(|it| it == bssid)
    }

    fn has(&self, client: Mac) -> bool {
        self.listed.range((client, Mac::NONE)..=(client, Mac([0xff; 6]))).next().is_some()
    }
}

impl Clients {
    /// An AP lists who is associated with it. Says who was known there already and how strong it
    /// is, if that is told.
    pub(crate) fn on_list(
        &mut self,
        list: &Associations<'_>,
        lists: &mut Lists,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) -> Vec<(Mac, f64)> {
        lists.forget(scene.now);
        let Some(taken) = lists.admit(list, scene) else { return Vec::new() };
        let missing = self.by_ap.at(list.ap).filter(|client| !taken.has(*client));
        let missing = missing.filter(|client| {
            let known = self.by_mac.get(client);
            known.is_some_and(|it| {
                taken.covers(list.ap, it.association.bssid) && it.latest < scene.at
            })
        });
        for client in missing.collect::<Vec<_>>() {
            let end = End {
                disconnect: scene.at,
                termination: Termination::Disassociated,
                next_ap: Mac::NONE,
            };
            self.end(client, end, devices, scene);
            lists.on_end(client, &end, scene);
        }
        let mut heard = Vec::new();
        for cell in &list.cells {
            for client in &cell.clients {
                let was_there = self.on_listed(&taken, cell, client, lists, devices, scene);
                heard.extend(client.rssi.filter(|_| was_there).map(|rssi| (client.mac, rssi)));
            }
        }
        heard
    }

    /// A client is listed; says whether it was known to be there.
    fn on_listed(
        &mut self,
        taken: &Taken<'_, '_>,
        cell: &Cell<'_>,
        client: &ListedClient<'_>,
        lists: &Lists,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) -> bool {
        let since = client.connected.map(|span| scene.at - span);
        let onset = match self.by_mac.get_mut(&client.mac) {
            None => lists.onset(client.mac, since, taken.previous, scene),
            Some(state) if scene.at < state.latest => None,
            Some(state) => {
                let known = &state.association;
                if (known.ap, known.bssid) == (taken.list.ap, cell.bssid) {
                    state.measure(client.rssi, cell.band.as_deref());
                    learn(&mut state.association, &client.facts);
                    state.hear(scene);
                    state.arm(client.mac, scene.site, scene.over, scene.timers);
                    return true;
                }
                let is_younger = since.filter(|since| *since > known.connect);
                let has_left = taken.covers(known.ap, known.bssid)
                    && !taken.listed.contains(&(client.mac, known.bssid));
                is_younger.or(has_left.then_some(scene.at))
            }
        };
        let Some(onset) = onset else {
            scene.tally.stale += 1;
            return false;
        };
        let association = Association {
            mac: client.mac,
            ap: taken.list.ap,
            bssid: cell.bssid,
            ssid: cell.ssid.clone(),
            band: cell.band.clone(),
            rssi: client.rssi,
            wlan_id: cell.wlan_id,
            psk_id: None,
            psk_name: None,
            facts: client.facts.clone(),
        };
        self.begin(&association, onset, devices, scene);
        false
    }
}
