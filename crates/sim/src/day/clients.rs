//! The clients of the day: they arrive, go through the steps into the network, roam, doze, and
//! leave or vanish. What access control, RADIUS accounting and the portal tell of them is in
//! [`access`].

mod access;

use super::accounts::{Account, Accounted};
use super::devices::Device;
use super::site::Layout;
use super::{Around, time};
use crate::dice::Dice;
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp};
use std::collections::VecDeque;

/// How many of a thousand visits begin in each hour.
const ARRIVALS: [u64; 24] =
    [4, 3, 3, 3, 3, 6, 20, 80, 160, 110, 60, 50, 80, 90, 60, 50, 50, 40, 35, 30, 25, 18, 12, 8];
const VISITS_MAX: u64 = 3;
const VISIT_MINS: (i64, i64) = (20, 240);
const ROAM_MINS: (i64, i64) = (5, 40);
/// Of so many reports that a client is there, before one it dozes.
const DOZES: u64 = 400;
const DOZE_SECS: (i64, i64) = (120, 280);
/// One in so many visits ends without a word.
const VANISHES: u64 = 4;
/// Whoever vanished stays away for so long: longer than anything might defer its end.
const AWAY: Micros = Micros::from_mins(45);
/// One in so many authentications fails at first.
const MISTYPES: u64 = 60;
/// One in so many clients tries a wrong password, and gives up.
const INTRUDES: usize = 100;
const ATTEMPTS: u8 = 5;
/// So often an address is asked for.
const DHCP_TRIES: u8 = 3;
/// So many APs are looked at.
const TRIES: usize = 4;
/// How long the steps take, and how long one of so many authentications does.
const AUTH_MS: (i64, i64) = (8, 900);
const DHCP_MS: (i64, i64) = (10, 700);
const DNS_MS: (i64, i64) = (5, 80);
const SLOW_MS: (i64, i64) = (1_900, 5_000);
const IS_SLOW: u64 = 40;
/// The NAS tells of a session each time that its client was heard of so often.
const UPDATED_EACH: u32 = 10;
/// An AP must work so long for a client that comes to it.
const SETTLES: Micros = Micros::from_secs(40);

/// What a client does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClientAct {
    /// It looks for an AP.
    Search,
    /// It authenticates; how often it has failed.
    Auth(u8),
    /// Access control lets it in, or not; how often it has failed.
    Decide(u8, bool),
    Associate,
    /// It asks for an address; how often it got none.
    Dhcp(u8),
    Dns,
    /// The portal lets a guest in.
    Authorize,
    /// The NAS tells of its session, after which it does this.
    Account(Accounted, Next),
    Stay,
    /// It wakes where it dozed.
    Wake,
    /// It tries a wrong password; how often before.
    Intrude(u8),
}

/// What a client does when the NAS has told of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Next {
    Dhcp,
    Stay,
    Leave,
}

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    number: usize,
    mac: Mac,
    dice: Dice,
    /// Where it usually is: the switch.
    home: usize,
    /// From when until when it is here.
    visits: VecDeque<(Timestamp, Timestamp)>,
    /// The AP that it is at, and when it was last heard of there.
    at: Option<(usize, Timestamp)>,
    /// The AP that it goes to.
    to: usize,
    roams: Timestamp,
    /// Its session with a NAS, and how many it has had.
    account: Option<Account>,
    accounts: u32,
    /// How often it said that it is there.
    seen: u32,
}

type Then = Option<(Timestamp, ClientAct)>;

impl Client {
    pub(super) fn new(number: usize, layout: &Layout, begins: Timestamp, mut dice: Dice) -> Self {
        let [.., high, middle, low] = number.to_be_bytes();
        let switches = layout.size.switches as u64;
        let mut starts: Vec<Timestamp> =
            (0..1 + dice.below(VISITS_MAX)).map(|_| begins + arrival(&mut dice)).collect();
        starts.sort_unstable();
        let mut visits: VecDeque<(Timestamp, Timestamp)> = VecDeque::new();
        for start in starts {
            if visits.back().is_none_or(|(_, end)| *end + AWAY < start) {
                let mins = dice.between(VISIT_MINS.0, VISIT_MINS.1);
                visits.push_back((start, start + Micros::from_mins(mins)));
            }
        }
        Self {
            number,
            mac: Mac([0x70, 0xef, 0, high, middle, low]),
            home: usize::try_from(dice.below(switches)).unwrap_or(0),
            dice,
            visits,
            at: None,
            to: 0,
            roams: begins,
            account: None,
            accounts: 0,
            seen: 0,
        }
    }

    pub(super) fn first(&self) -> Then {
        let (start, _) = self.visits.front()?;
        let intrudes = self.number % INTRUDES == INTRUDES - 1;
        Some((*start, if intrudes { ClientAct::Intrude(0) } else { ClientAct::Search }))
    }

    /// What it does, and what next.
    pub(super) fn act(
        &mut self,
        act: ClientAct,
        devices: &[Device],
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Then) {
        let now = around.now;
        if now >= around.ends() {
            self.vanish(around);
            return (None, None);
        }
        match act {
            ClientAct::Search => (None, self.search(devices, layout, around)),
            ClientAct::Auth(failed) => self.authenticate(failed, layout, around),
            ClientAct::Associate => self.associate(layout, around),
            ClientAct::Dhcp(failed) => self.ask_dhcp(failed, layout, around),
            ClientAct::Dns => {
                let took = self.dice.between(DNS_MS.0, DNS_MS.1);
                around.truth.asked_dns(took, now);
                let duration = secs(took);
                let more = format!(r#","server":"10.0.0.3","success":true,"duration":{duration}"#);
                let line = self.step("client-dns", &more, layout, now);
                let next = if self.is_guest() { ClientAct::Authorize } else { ClientAct::Stay };
                (Some(line), Some((now + Micros(300_000), next)))
            }
            ClientAct::Decide(failed, success) => self.decide(failed, success, layout, around),
            ClientAct::Authorize => self.authorize(layout, around),
            ClientAct::Account(what, next) => self.account(what, next, layout, around),
            ClientAct::Stay => self.stay(devices, layout, around),
            ClientAct::Wake => self.wake(devices, layout, around),
            ClientAct::Intrude(before) => self.intrude(before, devices, layout, around),
        }
    }

    fn after(&mut self, now: Timestamp, secs: (i64, i64)) -> Timestamp {
        now + Micros(self.dice.between(secs.0 * 1_000_000, secs.1 * 1_000_000))
    }

    /// An AP that works, most often one near where it usually is, and not the one that it is at.
    fn find(&mut self, devices: &[Device], layout: &Layout, now: Timestamp) -> Option<usize> {
        (0..TRIES).find_map(|_| {
            let among = if self.dice.one_in(8) { layout.aps() } else { layout.aps_of(self.home) };
            let away = self.dice.below(among.len() as u64);
            let ap = among.start + usize::try_from(away).unwrap_or(0);
            let is_there = self.at.is_some_and(|(at, _)| at == ap);
            (!is_there && devices[ap].works(now, now + SETTLES)).then_some(ap)
        })
    }

    /// It looks for an AP: to come in, to roam, or since its own works no more.
    fn search(&mut self, devices: &[Device], layout: &Layout, around: &mut Around<'_>) -> Then {
        let now = around.now;
        if let Some(ap) = self.find(devices, layout, now) {
            self.to = ap;
            return Some((now + Micros(20_000), ClientAct::Auth(0)));
        }
        match self.at {
            Some((ap, _)) if devices[ap].works(now, now) => Some((now, ClientAct::Stay)),
            Some(_) => self.vanish_for_long(around),
            None if self.visits.front().is_none_or(|(_, ends)| *ends <= now) => {
                self.next_visit(now)
            }
            None => Some((self.after(now, (20, 90)), ClientAct::Search)),
        }
    }

    fn authenticate(
        &mut self,
        failed: u8,
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Then) {
        let now = around.now;
        let success = failed > 0 || !self.dice.one_in(MISTYPES);
        let range = if self.dice.one_in(IS_SLOW) { SLOW_MS } else { AUTH_MS };
        let took = self.dice.between(range.0, range.1);
        around.truth.authenticated(self.mac, success.then_some(took), now);
        let more = format!(r#","success":{success},"duration":{}"#, secs(took));
        let line = self.step("client-auth", &more, layout, now);
        let next = if self.uses_access_control() {
            (now + Micros(5_000), ClientAct::Decide(failed, success))
        } else {
            after_auth(failed, success, now)
        };
        (Some(line), Some(next))
    }

    fn associate(&mut self, layout: &Layout, around: &mut Around<'_>) -> (Option<String>, Then) {
        let now = around.now;
        let before = self.at.replace((self.to, now));
        if let Some((from, _)) = before {
            around.truth.roamed(self.mac, from, self.to, now);
        }
        around.truth.joined(self.mac, self.to, now);
        let mins = self.dice.between(ROAM_MINS.0 * 60, ROAM_MINS.1 * 60);
        self.roams = now + Micros::from_secs(mins);
        let next = if before.is_some() { Next::Stay } else { Next::Dhcp };
        let next = if self.begins_account(layout) {
            (now + Micros(20_000), ClientAct::Account(Accounted::Start, next))
        } else {
            (now + Micros(200_000), next.act())
        };
        (Some(self.associated(layout, now)), Some(next))
    }

    fn ask_dhcp(
        &mut self,
        failed: u8,
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Then) {
        let now = around.now;
        let success = around.has_dhcp();
        let took = self.dice.between(DHCP_MS.0, DHCP_MS.1);
        around.truth.asked_dhcp(self.mac, success.then_some(took), now);
        let result = if success {
            let [_, _, _, high, middle, low] = self.mac.0;
            format!(
                r#","duration":{},"client_ip":"10.{high}.{middle}.{low}","client_hostname":"host-{}""#,
                secs(took),
                self.number
            )
        } else {
            r#","reason":"no offer""#.to_owned()
        };
        let more = format!(r#","server":"10.0.0.2","vlan":"10","success":{success}{result}"#);
        let line = self.step("client-dhcp", &more, layout, now);
        let next = match (success, failed + 1 < DHCP_TRIES) {
            (true, _) => (now + Micros(100_000), ClientAct::Dns),
            (false, true) => (now + Micros::from_secs(10), ClientAct::Dhcp(failed + 1)),
            (false, false) => (now + Micros::from_secs(1), ClientAct::Stay),
        };
        (Some(line), Some(next))
    }

    fn stay(
        &mut self,
        devices: &[Device],
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Then) {
        let now = around.now;
        let Some((ap, _)) = self.at else { return (None, None) };
        let ends = self.visits.front().map_or(now, |(_, ends)| *ends);
        if !devices[ap].works(now, now) {
            // Most look for another AP.
            let next = if self.dice.one_in(3) {
                self.vanish_for_long(around)
            } else {
                Some((self.after(now, (1, 5)), ClientAct::Search))
            };
            return (None, next);
        }
        if now >= ends {
            if self.dice.one_in(VANISHES) {
                return (None, self.vanish_for_long(around));
            }
            self.at = None;
            around.truth.left(self.mac, ap, now);
            let line = format!(
                r#"{{"kind":"client-disassociated","mac":"{}","ap":"{}","time":{}}}"#,
                self.mac,
                layout.mac(ap),
                time(now)
            );
            let next = if self.account.is_some() {
                let stop = ClientAct::Account(Accounted::Stop, Next::Leave);
                Some((now + Micros(10_000), stop))
            } else {
                self.next_visit(now)
            };
            return (Some(line), next);
        }
        self.at = Some((ap, now));
        self.seen += 1;
        let next = if self.account.is_some() && self.seen.is_multiple_of(UPDATED_EACH) {
            (now + Micros(20_000), ClientAct::Account(Accounted::Update, Next::Stay))
        } else if now >= self.roams {
            self.roams = now + Micros::from_mins(ROAM_MINS.0);
            (self.after(now, (1, 5)), ClientAct::Search)
        } else if self.dice.one_in(DOZES) {
            (self.after(now, DOZE_SECS), ClientAct::Wake)
        } else {
            (now + layout.size.seen_each, ClientAct::Stay)
        };
        let dbm = -self.dice.between(45, 80);
        around.truth.seen(dbm, now);
        let line = format!(
            r#"{{"kind":"client-seen","mac":"{}","ap":"{}","rssi":{dbm},"time":{}}}"#,
            self.mac,
            layout.mac(ap),
            time(now)
        );
        (Some(line), Some(next))
    }

    /// It wakes, and finds its AP again, or not.
    fn wake(
        &mut self,
        devices: &[Device],
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Then) {
        let now = around.now;
        match self.at {
            Some((ap, _)) if devices[ap].works(now, now) => {
                // To be at the same AP is to be still there.
                (self.at, self.to) = (Some((ap, now)), ap);
                let next = (now + layout.size.seen_each, ClientAct::Stay);
                (Some(self.associated(layout, now)), Some(next))
            }
            Some(_) => (None, self.vanish_for_long(around)),
            None => (None, self.next_visit(now)),
        }
    }

    fn intrude(
        &mut self,
        before: u8,
        devices: &[Device],
        layout: &Layout,
        around: &mut Around<'_>,
    ) -> (Option<String>, Then) {
        let now = around.now;
        if before == 0 {
            match self.find(devices, layout, now) {
                Some(ap) => self.to = ap,
                None => return (None, self.next_visit(now)),
            }
        }
        if before == ATTEMPTS {
            return (None, self.next_visit(now));
        }
        around.truth.authenticated(self.mac, None, now);
        let more = r#","success":false,"reason":"wrong password""#;
        let line = self.step("client-auth", more, layout, now);
        (Some(line), Some((now + Micros::from_secs(7), ClientAct::Intrude(before + 1))))
    }

    /// It says nothing any more.
    fn vanish(&mut self, around: &mut Around<'_>) {
        // Its NAS is not told.
        self.account = None;
        if let Some((ap, heard)) = self.at.take() {
            around.truth.vanished(self.mac, ap, heard);
        }
    }

    /// It says nothing for so long that it is gone, and comes back when its visit is not over.
    fn vanish_for_long(&mut self, around: &mut Around<'_>) -> Then {
        self.vanish(around);
        let back = around.now + AWAY;
        let (_, ends) = self.visits.front().copied()?;
        if back < ends {
            return Some((self.after(back, (0, 600)), ClientAct::Search));
        }
        let (at, act) = self.next_visit(around.now)?;
        Some((at.max(back), act))
    }

    fn next_visit(&mut self, now: Timestamp) -> Then {
        self.visits.pop_front();
        let (start, _) = self.visits.front()?;
        Some((now.max(*start), ClientAct::Search))
    }

    fn associated(&mut self, layout: &Layout, now: Timestamp) -> String {
        format!(
            r#"{{"kind":"client-associated","mac":"{}","ap":"{}","bssid":"{}","ssid":"Maui","band":"5","rssi":-{},"client_hostname":"host-{}","client_manufacture":"Acme","client_os":"Acme OS 11","time":{}}}"#,
            self.mac,
            layout.mac(self.to),
            layout.bssid(self.to),
            self.dice.between(45, 70),
            self.number,
            time(now)
        )
    }

    fn step(&self, kind: &str, more: &str, layout: &Layout, now: Timestamp) -> String {
        format!(
            r#"{{"kind":"{kind}","mac":"{}","ap":"{}","bssid":"{}","ssid":"Maui","band":"5","time":{}{more}}}"#,
            self.mac,
            layout.mac(self.to),
            layout.bssid(self.to),
            time(now)
        )
    }
}

/// What it does when it was let in, or not.
fn after_auth(failed: u8, success: bool, now: Timestamp) -> (Timestamp, ClientAct) {
    if success {
        (now + Micros(15_000), ClientAct::Associate)
    } else {
        (now + Micros::from_secs(2), ClientAct::Auth(failed + 1))
    }
}

/// Milliseconds as telemetry has them.
fn secs(ms: i64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// When in the day somebody comes.
fn arrival(dice: &mut Dice) -> Micros {
    let mut at = dice.below(ARRIVALS.iter().sum());
    let hour = ARRIVALS.iter().position(|weight| {
        let is_here = at < *weight;
        at = at.saturating_sub(*weight);
        is_here
    });
    let hour = i64::try_from(hour.unwrap_or(0)).unwrap_or(0);
    Micros(hour * 3_600_000_000 + dice.between(0, 3_599_999_999))
}
