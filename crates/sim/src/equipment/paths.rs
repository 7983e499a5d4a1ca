//! Uplinks of a gateway and paths of VPNs over them.

use super::Says;
use crate::dice::Dice;
use foghorn_model::{Mac, Topic};
use serde_json::{Value, json};

/// How a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Well,
    Lossy,
    Slow,
    Jittery,
    Down,
}

const STATES: [State; 6] =
    [State::Well, State::Well, State::Lossy, State::Slow, State::Jittery, State::Down];

/// An uplink, or a path of a VPN.
#[derive(Debug)]
pub(super) struct Path {
    mac: Mac,
    port_id: &'static str,
    /// The VPN and its other end; none of an uplink.
    vpn: Option<(&'static str, Mac)>,
    /// Whether the gateway says of its state, and not only what it measures.
    tells_state: bool,
    state: State,
    is_told_down: bool,
}

impl Path {
    /// An uplink.
    pub(super) fn uplink(mac: Mac, port_id: &'static str, tells_state: bool) -> Self {
        let (vpn, state, is_told_down) = (None, State::Well, false);
        Self { mac, port_id, vpn, tells_state, state, is_told_down }
    }

    /// A path of a VPN over an uplink.
    pub(super) fn of_vpn(mac: Mac, port_id: &'static str, vpn: (&'static str, Mac)) -> Self {
        Self { vpn: Some(vpn), ..Self::uplink(mac, port_id, true) }
    }

    /// It is measured, and may be otherwise than before.
    pub(super) fn report(&mut self, dice: &mut Dice, says: &mut Says<'_>) {
        if dice.one_in(5) {
            self.state = *dice.pick(&STATES);
        }
        self.say(says);
    }

    /// It is as it should be, and measured as often as it takes to be believed.
    pub(super) fn calm_down(&mut self, says: &mut Says<'_>) {
        self.state = State::Well;
        for _ in 0..super::BELIEVED {
            self.say(says);
        }
    }

    /// It is measured.
    pub(super) fn say(&mut self, says: &mut Says<'_>) {
        let (loss, latency, jitter) = match self.state {
            State::Well => (0.5, 0.03, 0.002),
            State::Lossy => (12.5, 0.03, 0.002),
            State::Slow => (0.5, 0.4, 0.002),
            State::Jittery => (0.5, 0.03, 0.09),
            State::Down => (100.0, 0.0, 0.0),
        };
        let mut line = json!({
            "kind": "path-stats", "mac": self.mac, "port_id": self.port_id,
            "loss": loss, "latency": latency, "jitter": jitter,
        });
        let is_down = self.state == State::Down;
        if self.tells_state {
            line["state"] = json!(if is_down { "down" } else { "up" });
        }
        if let Some((vpn, peer)) = self.vpn {
            (line["vpn_name"], line["peer_mac"]) = (Value::from(vpn), json!(peer));
            if std::mem::replace(&mut self.is_told_down, is_down) != is_down {
                let event = if is_down { "GW_VPN_PATH_DOWN" } else { "GW_VPN_PATH_UP" };
                says.count(Topic::DeviceEvents, event);
            }
        }
        says.say(line);
    }
}
