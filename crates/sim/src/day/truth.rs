//! What must come of the day, by what the documentation promises.
//!
//! A device that sends no heartbeat for longer than the timeout of its type is down from then on,
//! which `device-events` tells at once, and `device-updowns` and alarms when the threshold of its
//! type is over and it is not back. A client that is not heard of for the inactivity timeout is
//! gone. Alarms are in [`super::alarms`], what is told of spans of the clock in [`super::gathered`],
//! the sessions of RADIUS accounting in [`super::accounts`].

use super::accounts::{Account, Accounted, Accounts};
use super::alarms::{Alarms, Fact};
use super::gathered::Gathered;
use super::site::{INACTIVITY, Layout, Role};
use foghorn_model::{Mac, Timestamp, Topic};
use std::collections::BTreeMap;

/// An event that must come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    /// The topic.
    pub topic: Topic,
    /// Its type, where the topic has types.
    pub kind: String,
    /// Whom it is about, and what it says of that.
    pub who: String,
    /// When that happened.
    pub happened: Timestamp,
    /// When it is told, if nothing of ours fails.
    pub told: Timestamp,
    /// What makes it so.
    pub cause: Cause,
}

/// What makes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A line.
    Line,
    /// That there was none.
    Silence,
    /// Several of either.
    Count,
}

/// How a device is.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// The last heartbeat, or other line.
    heard: Option<Timestamp>,
    /// Since when it is down, and from when on that is told.
    down: Option<(Timestamp, Timestamp)>,
    is_up: bool,
}

/// Everything that is true.
#[derive(Debug)]
pub(super) struct Truth {
    layout: Layout,
    devices: Vec<State>,
    alarms: Alarms,
    gathered: Gathered,
    accounts: Accounts,
    expected: Vec<Expected>,
}

impl Truth {
    pub(super) fn new(layout: &Layout, begins: Timestamp) -> Self {
        Self {
            devices: vec![State::default(); layout.roles.len()],
            alarms: Alarms::new(layout),
            gathered: Gathered::new(begins),
            accounts: Accounts::default(),
            layout: layout.clone(),
            expected: Vec::new(),
        }
    }

    /// What is due before something happens at this time is due.
    pub(super) fn advance(&mut self, now: Timestamp) {
        self.alarms.advance(now);
        self.gathered.advance(now);
    }

    pub(super) fn incidents(&self) -> &BTreeMap<&'static str, u64> {
        &self.alarms.incidents
    }

    pub(super) fn take(&mut self) -> Vec<Expected> {
        for expected in
            [&mut self.alarms.expected, &mut self.gathered.expected, &mut self.accounts.expected]
        {
            self.expected.append(expected);
        }
        std::mem::take(&mut self.expected)
    }

    fn expect(&mut self, topic: Topic, (kind, who): (&str, String), at: Timestamp, cause: Cause) {
        self.expect_later(topic, (kind, who), at, at, cause);
    }

    fn expect_later(
        &mut self,
        topic: Topic,
        (kind, who): (&str, String),
        happened: Timestamp,
        told: Timestamp,
        cause: Cause,
    ) {
        self.expected.push(Expected { topic, kind: kind.into(), who, happened, told, cause });
    }

    fn tell(&mut self, device: usize, what: &str, at: Timestamp, cause: Cause) {
        let who = self.layout.mac(device).to_string();
        let (topic, prefix) = match self.layout.roles[device].device_type() {
            Some(device_type) => (Topic::DeviceEvents, device_type.event_prefix()),
            None => (Topic::MxedgeEvents, "ME"),
        };
        self.expect(topic, (&format!("{prefix}_{what}"), who), at, cause);
    }

    fn tell_updown(
        &mut self,
        device: usize,
        what: &str,
        (happened, told): (Timestamp, Timestamp),
        cause: Cause,
    ) {
        let Some(device_type) = self.layout.roles[device].device_type() else { return };
        let kind = format!("{}_{what}", device_type.event_prefix());
        let who = self.layout.mac(device).to_string();
        self.expect_later(Topic::DeviceUpdowns, (&kind, who), happened, told, cause);
    }

    /// A device lives.
    pub(super) fn beat(&mut self, device: usize, now: Timestamp) {
        self.connected(device, now);
    }

    /// A device is there, and was not, or was.
    pub(super) fn connected(&mut self, device: usize, now: Timestamp) {
        self.alarms.happen(now, Fact::Heard(device));
        let state = &mut self.devices[device];
        let was_known = state.heard.replace(now).is_some();
        if std::mem::replace(&mut state.is_up, true) {
            return;
        }
        self.gathered.stands((device, &self.layout), true, was_known, now);
        let down = state.down.take();
        self.tell(device, "CONNECTED", now, Cause::Line);
        if down.is_none_or(|(_, told)| told <= now) {
            self.tell_updown(device, "CONNECTED", (now, now), Cause::Line);
        }
        if down.is_some_and(|(_, told)| told <= now) {
            self.alarms.happen(now, Fact::Back(device));
        }
    }

    /// A device started anew, however it was before.
    pub(super) fn restarted(&mut self, device: usize, now: Timestamp) {
        self.alarms.happen(now, Fact::Heard(device));
        self.tell(device, "RESTARTED", now, Cause::Line);
        self.tell_updown(device, "RESTARTED", (now, now), Cause::Line);
        self.alarms.happen(now, Fact::Restarted(device));
        self.connected(device, now);
    }

    /// A device is said to be gone.
    pub(super) fn gone(&mut self, device: usize, now: Timestamp) {
        self.alarms.happen(now, Fact::Heard(device));
        self.devices[device].heard = Some(now);
        self.go_down(device, now, None, Cause::Line);
    }

    /// A device says nothing any more until then, or ever.
    pub(super) fn silent(&mut self, device: usize, until: Option<Timestamp>) {
        let State { heard, is_up, .. } = self.devices[device];
        let Some(heard) = heard.filter(|_| is_up) else { return };
        let down = heard + self.layout.roles[device].timeout();
        if until.is_none_or(|until| down <= until) {
            self.go_down(device, down, until, Cause::Silence);
        }
    }

    fn go_down(&mut self, device: usize, at: Timestamp, until: Option<Timestamp>, cause: Cause) {
        let told = at + self.layout.roles[device].threshold();
        let state = &mut self.devices[device];
        (state.is_up, state.down) = (false, Some((at, told)));
        self.gathered.stands((device, &self.layout), false, true, at);
        self.tell(device, "DISCONNECTED", at, cause);
        let is_told = until.is_none_or(|until| told <= until);
        if is_told {
            self.tell_updown(device, "DISCONNECTED", (at, told), cause);
            if self.layout.roles[device] != Role::Edge {
                self.alarms.happen(told, Fact::ToldDown(device, at));
            }
        }
    }

    /// A client came to an AP.
    pub(super) fn joined(&mut self, client: Mac, ap: usize, now: Timestamp) {
        let who = format!("{client} at {}", self.layout.mac(ap));
        self.expect(Topic::ClientJoin, ("", who), now, Cause::Line);
    }

    /// It went to another AP.
    pub(super) fn roamed(&mut self, client: Mac, from: usize, to: usize, now: Timestamp) {
        let who = format!("{client} at {} to {}", self.layout.mac(from), self.layout.mac(to));
        self.expect(Topic::ClientSessions, ("3", who), now, Cause::Line);
    }

    /// It left, and said so.
    pub(super) fn left(&mut self, client: Mac, ap: usize, now: Timestamp) {
        let who = format!("{client} at {} to {}", self.layout.mac(ap), Mac::NONE);
        self.expect(Topic::ClientSessions, ("1", who), now, Cause::Line);
    }

    /// It is not heard of any more.
    pub(super) fn vanished(&mut self, client: Mac, ap: usize, heard: Timestamp) {
        let who = format!("{client} at {} to {}", self.layout.mac(ap), Mac::NONE);
        self.expect(Topic::ClientSessions, ("2", who), heard + INACTIVITY, Cause::Silence);
    }

    /// It authenticated, or could not; how long that took.
    pub(super) fn authenticated(&mut self, client: Mac, took_ms: Option<i64>, now: Timestamp) {
        self.alarms.happen(now, Fact::Auth(client, took_ms.is_some()));
        self.gathered.stepped("auth", took_ms, now);
    }

    /// The DHCP server gave it an address, which is news, or none.
    pub(super) fn asked_dhcp(&mut self, client: Mac, took_ms: Option<i64>, now: Timestamp) {
        self.alarms.happen(now, Fact::Dhcp(client, took_ms.is_some()));
        self.gathered.stepped("dhcp", took_ms, now);
        if took_ms.is_some() {
            self.expect(Topic::ClientInfo, ("", client.to_string()), now, Cause::Line);
        }
    }

    /// A name was looked up for it.
    pub(super) fn asked_dns(&mut self, took_ms: i64, now: Timestamp) {
        self.gathered.stepped("dns", Some(took_ms), now);
    }

    /// It is there, and heard so well.
    pub(super) fn seen(&mut self, dbm: i64, now: Timestamp) {
        self.gathered.heard(dbm, now);
    }

    /// Access control decided on it.
    pub(super) fn decided(&mut self, client: Mac, kind: &str, now: Timestamp) {
        self.expect(Topic::NacEvents, (kind, client.to_string()), now, Cause::Line);
    }

    /// The portal let it in.
    pub(super) fn authorized(&mut self, client: Mac, ap: usize, now: Timestamp) {
        let who = format!("{client} at {}", self.layout.mac(ap));
        self.expect(Topic::GuestAuthorizations, ("", who), now, Cause::Line);
    }

    /// A NAS told of a session.
    pub(super) fn accounted(&mut self, what: Accounted, of: &Account, now: Timestamp) {
        self.accounts.told(what, of, now);
    }

    /// A NAS started.
    pub(super) fn nas_restarted(&mut self, switch: usize, now: Timestamp) {
        self.accounts.restarted(switch, now);
    }
}
