//! Ports of APs, switches and gateways, with what is wrong with them.

use super::Says;
use crate::dice::Dice;
use foghorn_model::{DeviceType, Mac, Topic};
use serde_json::{Value, json};

/// What is wrong with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Nothing,
    Errors,
    Slow,
    HalfDuplex,
    Unnegotiated,
    OtherMtu,
    Loop,
    /// Its link comes and goes, and some of that it only counts.
    Flaps,
}

const TROUBLES: [Trouble; 10] = [
    Trouble::Nothing,
    Trouble::Nothing,
    Trouble::Nothing,
    Trouble::Errors,
    Trouble::Slow,
    Trouble::HalfDuplex,
    Trouble::Unnegotiated,
    Trouble::OtherMtu,
    Trouble::Loop,
    Trouble::Flaps,
];

/// A port.
#[derive(Debug)]
pub(super) struct Port {
    mac: Mac,
    of: DeviceType,
    id: &'static str,
    /// Whether a change of its link is an alarm by itself.
    is_critical: bool,
    /// Nothing passes it although it is up, and nothing else is wrong with it.
    is_stuck: bool,
    is_up: bool,
    is_known: bool,
    trouble: Trouble,
    packets: u64,
    errors: u64,
    flaps: u64,
}

impl Port {
    /// One that is well.
    pub(super) fn new(mac: Mac, of: DeviceType, id: &'static str, is_critical: bool) -> Self {
        Self {
            mac,
            of,
            id,
            is_critical,
            is_stuck: false,
            is_up: true,
            is_known: false,
            trouble: Trouble::Nothing,
            packets: 0,
            errors: 0,
            flaps: 0,
        }
    }

    /// The same, but that nothing passes it.
    pub(super) fn stuck(self) -> Self {
        Self { is_stuck: true, ..self }
    }

    /// It says how it is, which may be otherwise than before.
    pub(super) fn report(&mut self, dice: &mut Dice, says: &mut Says<'_>) {
        if self.is_stuck {
            return self.say(says);
        }
        if dice.one_in(8) {
            self.trouble = *dice.pick(&TROUBLES);
        }
        let flaps = self.trouble == Trouble::Flaps;
        if flaps {
            self.flaps += 2 * dice.below(2);
        }
        if flaps || dice.one_in(12) {
            self.turn(says);
            if self.is_known && dice.one_in(3) {
                return self.say_of_link(says);
            }
        }
        self.say(says);
    }

    /// It is as it should be, and says so as often as it takes to be believed.
    pub(super) fn calm_down(&mut self, says: &mut Says<'_>) {
        (self.trouble, self.is_stuck) = (Trouble::Nothing, false);
        if !self.is_up {
            self.turn(says);
        }
        for _ in 0..super::BELIEVED {
            self.say(says);
        }
    }

    /// Its link comes up, or goes down. What is first told of a port is no change.
    fn turn(&mut self, says: &mut Says<'_>) {
        self.is_up = !self.is_up;
        self.flaps += 1;
        if !self.is_known {
            return;
        }
        says.count(Topic::DeviceEvents, self.link_event());
        if !self.is_critical {
            return;
        }
        let alarm = match (self.of, self.is_up) {
            (DeviceType::Switch, true) => "sw_critical_port_up",
            (DeviceType::Switch, false) => "sw_critical_port_down",
            (DeviceType::Gateway, true) => "gw_critical_port_up",
            (DeviceType::Gateway, false) => "gw_critical_port_down",
            (DeviceType::Ap, _) => return,
        };
        says.count(Topic::Alarms, alarm);
    }

    /// It says how it is.
    pub(super) fn say(&mut self, says: &mut Says<'_>) {
        let is = |trouble| self.trouble == trouble;
        let (is_errant, is_slow, is_half) =
            (is(Trouble::Errors), is(Trouble::Slow), is(Trouble::HalfDuplex));
        let (is_incomplete, has_other_mtu, loops) =
            (is(Trouble::Unnegotiated), is(Trouble::OtherMtu), is(Trouble::Loop));
        if !self.is_stuck {
            self.packets += 2_000;
            self.errors += if is_errant { 100 } else { 0 };
        }
        let mut line = json!({
            "kind": "port-stats", "mac": self.mac, "port_id": self.id,
            "state": if self.is_up { "up" } else { "down" },
            "errors": self.errors, "packets": self.packets, "flaps": self.flaps, "loop": loops,
            "speed": if is_slow { 100 } else { 1000 }, "duplex": if is_half { "half" } else { "full" },
        });
        if self.is_critical {
            line["critical"] = Value::Bool(true);
        }
        if self.of == DeviceType::Switch {
            line["negotiation"] = json!(if is_incomplete { "incomplete" } else { "complete" });
        }
        if self.of == DeviceType::Gateway {
            (line["mtu"], line["peer_mtu"]) =
                (json!(1500), json!(if has_other_mtu { 9000 } else { 1500 }));
        }
        self.is_known = true;
        says.say(line);
    }

    /// It says of its link alone, as an event.
    fn say_of_link(&self, says: &mut Says<'_>) {
        says.say(json!({
            "kind": "device-event", "mac": self.mac, "type": self.link_event(), "port_id": self.id,
        }));
    }

    /// What is told of a change of its link, whether it says so or only how it is.
    fn link_event(&self) -> &'static str {
        match (self.of, self.is_up) {
            (DeviceType::Ap, true) => "AP_PORT_UP",
            (DeviceType::Ap, false) => "AP_PORT_DOWN",
            (DeviceType::Switch, true) => "SW_PORT_UP",
            (DeviceType::Switch, false) => "SW_PORT_DOWN",
            (DeviceType::Gateway, true) => "GW_PORT_UP",
            (DeviceType::Gateway, false) => "GW_PORT_DOWN",
        }
    }
}
