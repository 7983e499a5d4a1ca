//! The alarms that must come.
//!
//! Incidents of one type within ten minutes of the first are one alarm: told at once, then with
//! `update` when there are more, at most each ten seconds, and what is left when the ten minutes
//! are over. A condition is told like that until it is resolved, which is told at once.

use super::site::{Layout, Role};
use super::truth::{Cause, Expected};
use foghorn_model::time::Micros;
use foghorn_model::{DeviceType, Mac, Timestamp, Topic};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

const GATHERED: Micros = Micros::from_mins(10);
const UPDATED_EACH: Micros = Micros::from_secs(10);
/// Failures of DHCP and their clients within ten minutes that are an alarm, and successes in a row
/// that end it.
const DHCP: (usize, usize, u32) = (20, 10, 3);
const DHCP_WITHIN: Micros = Micros::from_mins(10);
/// Failures of a client within ten minutes, without a success.
const AUTH: u32 = 5;
const AUTH_WITHIN: Micros = Micros::from_mins(10);
/// Restarts of an AP.
const RESTARTS: usize = 3;
const RESTARTS_WITHIN: Micros = Micros::from_mins(30);

/// What alarms are made of. What is of one time comes in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// A device told something.
    Heard(usize),
    /// A device is told down, and is so since then.
    ToldDown(usize, Timestamp),
    /// A device that was told down is there again.
    Back(usize),
    Restarted(usize),
    Auth(Mac, bool),
    Dhcp(Mac, bool),
}

#[derive(Debug)]
pub(super) struct Alarms {
    layout: Layout,
    pub(super) expected: Vec<Expected>,
    pub(super) incidents: BTreeMap<&'static str, u64>,
    ahead: BinaryHeap<Reverse<(Timestamp, Fact)>>,
    /// By type, and what a condition is of.
    under_way: BTreeMap<(&'static str, Option<usize>), Alarm>,
    down: BTreeSet<usize>,
    restarts: BTreeMap<usize, VecDeque<Timestamp>>,
    auth: BTreeMap<Mac, (u32, Timestamp)>,
    dhcp: VecDeque<(Timestamp, Mac)>,
    dhcp_fails: bool,
    dhcp_well: u32,
}

#[derive(Debug)]
struct Alarm {
    count: u64,
    /// When the first incident happened.
    first: Timestamp,
    raised: Timestamp,
    /// When it was told, with what count.
    told: (Timestamp, u64),
}

impl Alarm {
    /// When there is something to do.
    fn due(&self, is_condition: bool) -> Option<Timestamp> {
        let update = (self.count > self.told.1).then(|| self.told.0 + UPDATED_EACH);
        let end = (!is_condition).then(|| self.raised + GATHERED);
        [update, end].into_iter().flatten().min()
    }
}

impl Alarms {
    pub(super) fn new(layout: &Layout) -> Self {
        Self {
            layout: layout.clone(),
            expected: Vec::new(),
            incidents: BTreeMap::new(),
            ahead: BinaryHeap::new(),
            under_way: BTreeMap::new(),
            down: BTreeSet::new(),
            restarts: BTreeMap::new(),
            auth: BTreeMap::new(),
            dhcp: VecDeque::new(),
            dhcp_fails: false,
            dhcp_well: 0,
        }
    }

    /// Something happens, now or later.
    pub(super) fn happen(&mut self, at: Timestamp, fact: Fact) {
        // The rule, and most of the day: nothing depends on who is heard.
        if !matches!(fact, Fact::Heard(device) if !self.restarts.contains_key(&device)) {
            self.ahead.push(Reverse((at, fact)));
        }
    }

    /// Everything up to this time has happened.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some(Reverse((at, fact))) = self.ahead.peek().copied().filter(|it| it.0.0 <= now)
        {
            self.ahead.pop();
            self.update(at);
            self.on(fact, at);
        }
        self.update(now);
    }

    /// What alarms have to say by now.
    fn update(&mut self, now: Timestamp) {
        loop {
            let due = self
                .under_way
                .iter()
                .filter_map(|(slot, alarm)| Some((alarm.due(slot.1.is_some())?, *slot)));
            let Some((at, slot)) = due.min().filter(|(at, _)| *at <= now) else { return };
            let Some(alarm) = self.under_way.get_mut(&slot) else { return };
            let ends = slot.1.is_none() && at >= alarm.raised + GATHERED;
            if alarm.count > alarm.told.1 {
                alarm.told = (at, alarm.count);
                let (count, first) = (alarm.count, alarm.first);
                self.tell(slot, count, "update", first, at);
            }
            if ends {
                self.under_way.remove(&slot);
            }
        }
    }

    fn tell(
        &mut self,
        (key, about): (&'static str, Option<usize>),
        count: u64,
        how: &str,
        first: Timestamp,
        at: Timestamp,
    ) {
        let about = about.map(|device| self.layout.mac(device).to_string()).unwrap_or_default();
        self.expected.push(Expected {
            topic: Topic::Alarms,
            kind: key.into(),
            who: format!("{about} {count} {how}"),
            happened: first,
            told: at,
            cause: Cause::Count,
        });
    }

    fn raise(
        &mut self,
        key: &'static str,
        about: Option<usize>,
        happened: Timestamp,
        at: Timestamp,
    ) {
        *self.incidents.entry(key).or_default() += 1;
        let slot = (key, about);
        if let Some(alarm) = self.under_way.get_mut(&slot) {
            alarm.count += 1;
            if alarm.told.0 + UPDATED_EACH <= at {
                alarm.told = (at, alarm.count);
                let (count, first) = (alarm.count, alarm.first);
                self.tell(slot, count, "update", first, at);
            }
            return;
        }
        let alarm = Alarm { count: 1, first: happened, raised: at, told: (at, 1) };
        self.under_way.insert(slot, alarm);
        self.tell(slot, 1, "new", happened, at);
    }

    fn resolve(&mut self, key: &'static str, about: usize, at: Timestamp) {
        let slot = (key, Some(about));
        if let Some(alarm) = self.under_way.remove(&slot) {
            self.tell(slot, alarm.count, "resolved", alarm.first, at);
        }
    }

    fn on(&mut self, fact: Fact, at: Timestamp) {
        match fact {
            Fact::ToldDown(device, since) => {
                if let Some([down, _, _]) = self.keys(device) {
                    self.raise(down, None, since, at);
                }
                self.down.insert(device);
                self.find_offline(device, at);
            }
            Fact::Back(device) => {
                if let Some([_, back, _]) = self.keys(device) {
                    self.raise(back, None, at, at);
                }
                self.down.remove(&device);
                if self.layout.roles[device] == Role::Switch {
                    self.resolve("ap_offline", device, at);
                }
            }
            Fact::Restarted(device) => self.restarted(device, at),
            Fact::Heard(device) => {
                let well = self.restarts.get(&device).and_then(|times| times.back());
                if well.is_some_and(|last| *last + RESTARTS_WITHIN <= at)
                    && self.under_way.contains_key(&("health_check_failed", Some(device)))
                {
                    self.resolve("health_check_failed", device, at);
                    self.restarts.remove(&device);
                }
            }
            Fact::Auth(client, success) => self.authenticated(client, success, at),
            Fact::Dhcp(client, success) => self.asked_dhcp(client, success, at),
        }
    }

    /// Down, back, restarted.
    fn keys(&self, device: usize) -> Option<[&'static str; 3]> {
        Some(match self.layout.roles[device].device_type()? {
            DeviceType::Ap => ["device_down", "device_reconnected", "device_restarted"],
            DeviceType::Switch => ["switch_down", "switch_reconnected", "switch_restarted"],
            // There is no alarm of a gateway that restarts.
            DeviceType::Gateway => ["gateway_down", "gateway_reconnected", ""],
        })
    }

    /// A switch that is down takes its APs with it: one alarm of the switch.
    fn find_offline(&mut self, device: usize, at: Timestamp) {
        let (switch, members) = match self.layout.roles[device] {
            Role::Switch => (device, self.layout.aps_of(device)),
            Role::Ap(switch) => (switch, device..device + 1),
            Role::Gateway | Role::Edge => return,
        };
        if self.down.contains(&switch) {
            let members = members.filter(|ap| self.down.contains(ap)).count();
            (0..members).for_each(|_| self.raise("ap_offline", Some(switch), at, at));
        }
    }

    fn restarted(&mut self, device: usize, at: Timestamp) {
        if let Some([_, _, restarted]) = self.keys(device).filter(|keys| !keys[2].is_empty()) {
            self.raise(restarted, None, at, at);
        }
        if !matches!(self.layout.roles[device], Role::Ap(_)) {
            return;
        }
        let times = self.restarts.entry(device).or_default();
        times.push_back(at);
        times.retain(|it| *it + RESTARTS_WITHIN > at);
        let slot = ("health_check_failed", Some(device));
        if times.len() >= RESTARTS || self.under_way.contains_key(&slot) {
            self.raise(slot.0, slot.1, at, at);
        }
    }

    fn authenticated(&mut self, client: Mac, success: bool, at: Timestamp) {
        if success {
            self.auth.remove(&client);
            return;
        }
        let (count, since) = self.auth.entry(client).or_insert((0, at));
        if *since + AUTH_WITHIN <= at {
            (*count, *since) = (0, at);
        }
        *count += 1;
        if *count == AUTH {
            self.raise("repeated_auth_failures", None, at, at);
        }
    }

    fn asked_dhcp(&mut self, client: Mac, success: bool, at: Timestamp) {
        let (incidents, clients, recovered) = DHCP;
        if success {
            self.dhcp_well += 1;
            if self.dhcp_fails && self.dhcp_well == recovered {
                self.dhcp_fails = false;
                self.raise("infra_dhcp_success", None, at, at);
            }
            return;
        }
        self.dhcp_well = 0;
        self.dhcp.retain(|(failed, _)| *failed + DHCP_WITHIN > at);
        self.dhcp.push_back((at, client));
        let concerned: BTreeSet<Mac> = self.dhcp.iter().map(|(_, client)| *client).collect();
        if self.dhcp.len() >= incidents && concerned.len() >= clients {
            self.dhcp.clear();
            self.dhcp_fails = true;
            self.raise("infra_dhcp_failure", None, at, at);
        }
    }
}
