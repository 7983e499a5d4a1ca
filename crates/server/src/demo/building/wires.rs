//! What is on the wires: the ports of the switch, the uplink of the gateway, and the VPN over it.

use super::trouble::{Trouble, is_second};
use super::{GATEWAY, SWITCH};
use foghorn_model::Mac;
use serde_json::{Value, json};

/// How often ports and paths are measured.
const EACH_SECS: u64 = 5;
const PORTS: u64 = 6;
/// The port with the cable that somebody rolls a chair over.
const WORN: u64 = 3;
const CABLE: Trouble = Trouble { from: 5, to: 40 };
/// The provider's network is full.
const UPLINK: Trouble = Trouble { from: 30, to: 60 };
/// The other end of the VPN restarts.
const VPN: Trouble = Trouble { from: 70, to: 90 };
const HEADQUARTERS: Mac = Mac([0x5c, 0x5b, 0x35, 2, 0, 0xff]);

/// What is measured, and noticed, in this second.
pub fn second(now: u64) -> Vec<Value> {
    let mut lines = Vec::new();
    if now.is_multiple_of(EACH_SECS) {
        lines.extend((0..PORTS).map(|port| self::port(port, now)));
        lines.extend([uplink(now), vpn(now)]);
    }
    if is_second(45, now) {
        lines.push(json!({ "kind": "threat", "mac": GATEWAY, "type": "idp-attack",
                           "reason": "HTTP:STC:DL:XLS-DOS from 10.0.1.17" }));
    }
    if is_second(55, now) {
        lines.push(json!({ "kind": "threat", "mac": GATEWAY, "type": "url-blocked",
                           "reason": "casino.example from 10.0.2.14" }));
    }
    lines
}

fn port(port: u64, now: u64) -> Value {
    // Counters, so that a report says something only beside the one before.
    let errors = if port == WORN { CABLE.secs(now) * 20 } else { 0 };
    json!({
        "kind": "port-stats", "mac": SWITCH, "port_id": format!("ge-0/0/{port}"), "state": "up",
        "speed": 1000, "duplex": "full", "packets": (now + 1) * 1_000, "errors": errors,
    })
}

fn uplink(now: u64) -> Value {
    let (loss, latency) = if UPLINK.is_on(now) { (9.5, 0.31) } else { (0.1, 0.018) };
    json!({
        "kind": "path-stats", "mac": GATEWAY, "port_id": "ge-0/0/0", "state": "up",
        "loss": loss, "latency": latency, "jitter": 0.003,
    })
}

fn vpn(now: u64) -> Value {
    let state = if VPN.is_on(now) { "down" } else { "up" };
    json!({
        "kind": "path-stats", "mac": GATEWAY, "port_id": "ge-0/0/0", "state": state,
        "vpn_name": "Headquarters", "peer_mac": HEADQUARTERS,
    })
}
