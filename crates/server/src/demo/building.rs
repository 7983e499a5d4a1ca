//! A simulated building: who is where, which devices are up. Pure, and the same for the same
//! seed: it is handed the seconds since its beginning and says what happened.

mod air;
mod trouble;
mod wires;

use crate::demo::nas::{Accounting, Status};
use foghorn_model::Mac;
use serde_json::{Value, json};

const APS: usize = 8;
const PEOPLE: usize = 14;
/// At first all of them come; later they walk about now and then, so that it can be read.
const MORNING_SECS: u64 = 15;
const SSIDS: [&str; 2] = ["Corp", "Guest"];
/// What administrators call where an AP hangs.
const PLACES: [&str; 5] = ["lobby", "library", "kitchen", "workshop", "meeting room"];

const SWITCH: Mac = Mac([0x5c, 0x5b, 0x35, 1, 0, 0]);
const GATEWAY: Mac = Mac([0x5c, 0x5b, 0x35, 2, 0, 0]);
const EDGE: Mac = Mac([0x5c, 0x5b, 0x35, 3, 0, 0]);

/// What the building does to the outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A line of telemetry.
    Telemetry(Value),
    /// An accounting request.
    Radius(Accounting),
    /// An administrator renames an AP.
    Rename { device: Mac, name: String },
    /// An administrator pings the webhook.
    Ping,
}

/// The building.
#[derive(Debug)]
pub struct Building {
    dice: u64,
    people: Vec<Person>,
    /// The AP that is down.
    down: Option<usize>,
    /// The AP that is about to be told its new name.
    renamed: Option<usize>,
}

#[derive(Debug, Clone)]
struct Person {
    mac: Mac,
    ap: Option<usize>,
    since: u64,
    session: u32,
}

/// What there is to be seen, in a sentence or two.
pub fn about() -> String {
    format!(
        "{APS} APs, a switch, a gateway, an edge and {PEOPLE} people. People come, roam and leave; \
         an AP restarts, a service\nstops, a cable goes bad, an uplink is overloaded, a VPN breaks, \
         radar comes, and strangers pretend to be us."
    )
}

/// A device to be made before the building lives.
pub fn devices() -> Vec<Value> {
    let ap = |at: usize| json!({ "mac": ap(at), "name": name(at), "type": "ap", "model": "AP45" });
    let wired = [
        json!({ "mac": SWITCH, "name": "Core switch", "type": "switch" }),
        json!({ "mac": GATEWAY, "name": "Gateway", "type": "gateway" }),
    ];
    (0..APS).map(ap).chain(wired).collect()
}

/// The edge, to be made before too.
pub fn edge() -> Value {
    json!({ "mac": EDGE, "name": "Edge", "model": "ME-X1" })
}

/// Four APs a floor.
fn name(at: usize) -> String {
    format!("AP {}.{}", at / 4 + 1, at % 4 + 1)
}

fn ap(at: usize) -> Mac {
    Mac([0x5c, 0x5b, 0x35, 0, 0, u8::try_from(at).unwrap_or(0) << 4])
}

fn bssid(at: usize, ssid: usize) -> Mac {
    let Mac(mut octets) = ap(at);
    octets[5] += u8::try_from(ssid).unwrap_or(0) + 1;
    Mac(octets)
}

impl Building {
    pub fn new(seed: u64) -> Self {
        let person = |at: usize| Person {
            mac: Mac([0x02, 0, 0, 0, 0x0c, u8::try_from(at).unwrap_or(0)]),
            ap: None,
            since: 0,
            session: 0,
        };
        let people = (0..PEOPLE).map(person).collect();
        Self { dice: seed | 1, people, down: None, renamed: None }
    }

    /// What happens in this second.
    pub fn second(&mut self, now: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        self.devices(now, &mut actions);
        let measured = wires::second(now).into_iter().chain(air::second(now, self.down));
        actions.extend(measured.map(Action::Telemetry));
        let walks_once_in = if now < MORNING_SECS { 6 } else { 30 };
        for at in 0..self.people.len() {
            if self.roll(walks_once_in) == 0 {
                self.walk(at, now, &mut actions);
            } else if self.roll(30) == 0 {
                self.be_seen(at, now, &mut actions);
            }
        }
        match now % 15 {
            4 => actions.push(Action::Ping),
            9 => {
                let at = self.roll(APS);
                let place = PLACES[(now / 15) as usize % PLACES.len()];
                let name = format!("{} {place}", name(at));
                self.renamed = Some(at);
                actions.push(Action::Rename { device: ap(at), name });
            }
            _ => {}
        }
        actions
    }

    fn devices(&mut self, now: u64, actions: &mut Vec<Action>) {
        let mut tell = |line: Value| actions.push(Action::Telemetry(line));
        if now.is_multiple_of(5) {
            let aps = (0..APS).filter(|at| Some(*at) != self.down).map(ap);
            for mac in aps.chain([SWITCH, GATEWAY]) {
                tell(json!({ "kind": "device-heartbeat", "mac": mac, "version": "0.14.29411" }));
            }
            tell(json!({ "kind": "edge-heartbeat", "mac": EDGE }));
        }
        if let Some(at) = self.renamed.take_if(|at| Some(*at) != self.down) {
            tell(json!({ "kind": "device-event", "mac": ap(at), "type": "AP_CONFIGURED" }));
        }
        match now % 20 {
            7 => {
                let at = (now / 20) as usize % APS;
                self.down = Some(at);
                tell(json!({ "kind": "device-disconnected", "mac": ap(at) }));
            }
            12 => {
                if let Some(at) = self.down.take() {
                    tell(json!({ "kind": "device-restarted", "mac": ap(at),
                                 "reason": "power_cycle" }));
                }
            }
            3 | 14 => {
                let state = if now % 20 == 3 { "stopped" } else { "running" };
                tell(json!({ "kind": "edge-service", "mac": EDGE, "service": "tunterm",
                             "state": state }));
            }
            _ => {}
        }
    }

    /// To another AP, out of the building, or into it.
    fn walk(&mut self, at: usize, now: u64, actions: &mut Vec<Action>) {
        let to = Some(self.roll(APS + 1)).filter(|to| *to < APS && Some(*to) != self.down);
        let rssi = -45 - i64::try_from(self.roll(35)).unwrap_or(0);
        let fate = self.roll(1000);
        let person = &mut self.people[at];
        if person.ap == to {
            return;
        }
        if let Some(from) = person.ap.filter(|_| to.is_none()) {
            let line = json!({ "kind": "client-disassociated", "mac": person.mac, "ap": ap(from) });
            actions.push(Action::Telemetry(line));
            actions.push(person.account(Status::Stop, at, from, now));
        }
        if let Some(to) = to {
            let ssid = at % SSIDS.len();
            actions.push(Action::Telemetry(json!({
                "kind": "client-associated", "mac": person.mac, "ap": ap(to),
                "bssid": bssid(to, ssid), "ssid": SSIDS[ssid], "band": "5", "rssi": rssi,
                "client_username": format!("user{at}@example.net"),
            })));
            let came = person.ap.is_none();
            actions.extend(person.steps(at, to, ssid, came, fate));
            if came {
                person.session += 1;
                person.since = now;
                actions.push(person.account(Status::Start, at, to, now));
            }
        }
        person.ap = to;
    }

    fn be_seen(&mut self, at: usize, now: u64, actions: &mut Vec<Action>) {
        let rssi = -45 - i64::try_from(self.roll(35)).unwrap_or(0);
        let person = &self.people[at];
        let Some(there) = person.ap else { return };
        actions.push(Action::Telemetry(json!({
            "kind": "client-seen", "mac": person.mac, "ap": ap(there), "rssi": rssi,
        })));
        if now > person.since {
            actions.push(person.account(Status::Update, at, there, now));
        }
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        usize::try_from(self.dice >> 33).unwrap_or(0) % sides
    }
}

impl Person {
    /// What somebody goes through on the way into the network; `fate`, of a thousand, says how
    /// long it takes, and whether it goes well.
    fn steps(&self, at: usize, ap_at: usize, ssid: usize, came: bool, fate: usize) -> Vec<Action> {
        let place = json!({ "mac": self.mac, "ap": ap(ap_at), "ssid": SSIDS[ssid] });
        let line = |more: Value| {
            let mut line = place.clone();
            if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
                line.extend(more);
            }
            Action::Telemetry(line)
        };
        let took = |share: f64| 0.01 + fate as f64 / 1000.0 * share;
        let mut steps = vec![line(json!({
            "kind": "client-auth", "success": !fate.is_multiple_of(20), "duration": took(0.5),
        }))];
        if came {
            steps.push(line(json!({
                "kind": "client-dhcp", "success": !fate.is_multiple_of(25), "duration": took(0.3),
                "server": "10.0.0.1", "client_hostname": format!("laptop-{at}"),
                "client_ip": format!("10.0.{}.{}", self.session % 250, at + 10),
            })));
            steps.push(line(json!({
                "kind": "client-dns", "success": true, "duration": took(0.05),
                "server": "10.0.0.2",
            })));
            // Those with an account are let in by access control, the others by a portal.
            steps.push(match ssid {
                0 => line(json!({
                    "kind": "nac-event", "type": "NAC_CLIENT_PERMIT", "auth_type": "eap-tls",
                    "username": format!("user{at}@example.net"), "nacrule_matched": true,
                })),
                _ => line(json!({
                    "kind": "guest-authorization", "auth_method": "passphrase",
                    "name": format!("Guest {at}"),
                })),
            });
        }
        steps
    }

    fn account(&self, status: Status, at: usize, ap: usize, now: u64) -> Action {
        let ssid = at % SSIDS.len();
        Action::Radius(Accounting {
            status,
            session: format!("{at:02X}{:06X}", self.session),
            user: format!("user{at}@example.net"),
            mac: self.mac,
            bssid: bssid(ap, ssid),
            ssid: SSIDS[ssid],
            secs: u32::try_from(now - self.since).unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_builds_the_same_building_and_every_kind_happens_soon() {
        let live = || {
            let mut building = Building::new(7);
            (0..60).flat_map(|now| building.second(now)).collect::<Vec<_>>()
        };
        let actions = live();
        assert_eq!(actions, live());
        let said = |kind: &str| {
            let is = |it: &&Action| matches!(it, Action::Telemetry(line) if line["kind"] == kind);
            actions.iter().filter(is).count()
        };
        for kind in [
            "device-heartbeat",
            "device-disconnected",
            "device-restarted",
            "device-event",
            "client-associated",
            "client-seen",
            "client-disassociated",
            "client-auth",
            "client-dhcp",
            "client-dns",
            "edge-heartbeat",
            "edge-service",
            "guest-authorization",
            "intrusion",
            "nac-event",
            "neighbor",
            "path-stats",
            "port-stats",
            "radio-stats",
            "threat",
        ] {
            assert!(said(kind) > 0, "{kind}");
        }
        for status in [Status::Start, Status::Update, Status::Stop] {
            let is = |it: &&Action| matches!(it, Action::Radius(it) if it.status == status);
            assert!(actions.iter().any(|it| is(&it)), "{status:?}");
        }
    }
}
