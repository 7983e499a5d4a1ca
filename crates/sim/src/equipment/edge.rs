//! An edge: it falls silent now and then, and tells of its ports, parts, services and resources.

use super::Says;
use crate::dice::Dice;
use foghorn_model::{Mac, Timestamp, Topic};
use serde_json::json;

/// Things of an edge that are there or not, or up or down, with the line that says so and the events
/// of either. What is well when it is first heard of says nothing.
const THINGS: [Thing; 4] = [
    Thing::Port("xe0"),
    Thing::Port("xe1"),
    Thing::Part("psu", "PS1", ["ME_PSU_UNPLUGGED", "ME_PSU_PLUGGED"]),
    Thing::Part("fan", "FAN2", ["ME_FAN_UNPLUGGED", "ME_FAN_PLUGGED"]),
];
const LINK: [&str; 2] = ["TT_PORT_LINK_DOWN", "TT_PORT_LINK_RECOVERY"];

#[derive(Debug, Clone, Copy)]
enum Thing {
    Port(&'static str),
    /// Its kind, its name, and the events of its absence and presence.
    Part(&'static str, &'static str, [&'static str; 2]),
}

/// An edge.
#[derive(Debug)]
pub(super) struct Edge {
    mac: Mac,
    is_well: [bool; THINGS.len()],
    silent_for: u64,
    restarted: Timestamp,
}

impl Edge {
    /// One that is well.
    pub(super) fn new(mac: Mac) -> Self {
        Self { mac, is_well: [true; THINGS.len()], silent_for: 0, restarted: Timestamp(0) }
    }

    /// It says something, unless it is silent.
    pub(super) fn report(&mut self, dice: &mut Dice, says: &mut Says<'_>) {
        if self.silent_for > 0 {
            self.silent_for -= 1;
            return;
        }
        let mac = self.mac;
        match dice.below(13) {
            // Two restarts at one time would be one.
            0 if self.restarted < says.now && dice.one_in(3) => {
                self.restarted = says.now;
                says.count(Topic::MxedgeEvents, "ME_RESTARTED");
                says.say(json!({"kind": "edge-restarted", "mac": mac}));
            }
            0 => self.silent_for = dice.below(40),
            1 => {
                let resource = *dice.pick(&["cpu", "memory", "disk"]);
                let usage = *dice.pick(&[12, 78, 85, 97]);
                says.say(json!({"kind": "edge-resource", "mac": mac, "resource": resource,
                                "usage": usage}));
            }
            2 => {
                let state = *dice.pick(&["running", "crashed", "stopped", "failed"]);
                if state == "crashed" {
                    says.count(Topic::MxedgeEvents, "ME_SERVICE_CRASHED");
                }
                says.say(json!({"kind": "edge-service", "mac": mac, "service": "tunterm",
                                "state": state}));
            }
            3 => {
                let mut line = json!({"kind": "edge-port", "mac": mac, "port_id": "xe9",
                                      "state": "up"});
                if let Some(lag) = *dice.pick(&[Some("lag0"), Some("lag1"), None]) {
                    line["lag"] = json!(lag);
                }
                says.say(line);
            }
            4 => {
                says.count(Topic::MxedgeEvents, "ME_PACKAGE_UPDATED");
                says.say(json!({"kind": "edge-event", "mac": mac, "type": "ME_PACKAGE_UPDATED",
                                "package": "tunterm", "to_version": "0.1.1908"}));
            }
            5..=8 => self.change(dice, says),
            _ => says.say(json!({"kind": "edge-heartbeat", "mac": mac})),
        }
    }

    /// One of its things is otherwise, or is as it was.
    fn change(&mut self, dice: &mut Dice, says: &mut Says<'_>) {
        let at = usize::try_from(dice.below(THINGS.len() as u64)).unwrap_or(0);
        let changes = dice.one_in(2);
        self.is_well[at] ^= changes;
        let (is_well, mac) = (self.is_well[at], self.mac);
        let line = match THINGS[at] {
            Thing::Port(port) => json!({"kind": "edge-port", "mac": mac, "port_id": port,
                                        "state": if is_well { "up" } else { "down" }}),
            Thing::Part(kind, name, _) => json!({
                "kind": "edge-part", "mac": mac, "type": kind, "component": name,
                "state": if is_well { "present" } else { "absent" }}),
        };
        let events = match THINGS[at] {
            Thing::Port(_) => LINK,
            Thing::Part(_, _, events) => events,
        };
        if changes {
            says.count(Topic::MxedgeEvents, events[usize::from(is_well)]);
        }
        says.say(line);
    }
}
