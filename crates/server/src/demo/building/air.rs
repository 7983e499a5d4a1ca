//! What is in the air: how busy channels are, radar, the neighbours, strangers and attacks.

use super::trouble::{Trouble, is_second, round};
use super::{APS, SSIDS, ap};
use foghorn_model::Mac;
use serde_json::{Value, json};

/// How often radios are measured.
const EACH_SECS: u64 = 5;
const CHANNELS: [u64; 3] = [36, 52, 100];
/// All of them come to one meeting.
const MEETING: Trouble = Trouble { from: 10, to: 45 };
const MEETING_AT: usize = 1;
/// An aeroplane passes.
const RADAR: Trouble = Trouble { from: 15, to: 60 };
const RADAR_AT: usize = 4;

/// What radios measure and notice in this second; those of an AP that is down say nothing.
pub fn second(now: u64, down: Option<usize>) -> Vec<Value> {
    let mut lines = Vec::new();
    if now.is_multiple_of(EACH_SECS) {
        for at in (0..APS).filter(|at| Some(*at) != down) {
            lines.extend([radio_5(at, now), radio_24(at)]);
        }
    }
    if now % 10 == 6 {
        lines.push(neighbor(0, [0x02, 0xca, 0xfe, 0, 0, 1], "Cafe next door"));
    }
    let other = u8::try_from(round(now) % 256).unwrap_or(0);
    if is_second(20, now) {
        let mut rogue = neighbor(2, [0x02, 0xba, 0xd0, 0, 1, other], "linksys");
        rogue["on_wire"] = true.into();
        lines.push(rogue);
    }
    if is_second(25, now) {
        lines.push(neighbor(5, [0x02, 0xba, 0xd0, 0, 2, other], SSIDS[0]));
    }
    if is_second(35, now) {
        lines.push(json!({ "kind": "intrusion", "ap": ap(6), "type": "deauthentication",
                           "count": 40, "ssid": SSIDS[0],
                           "client_mac": Mac([0x02, 0xba, 0xd0, 0, 3, other]) }));
    }
    lines
}

fn radio_5(at: usize, now: u64) -> Value {
    let is_busy = at == MEETING_AT && MEETING.is_on(now);
    let has_radar = at == RADAR_AT && RADAR.is_on(now);
    let channel = if has_radar { CHANNELS[0] } else { CHANNELS[at % CHANNELS.len()] };
    json!({
        "kind": "radio-stats", "ap": ap(at), "band": "5", "state": "up", "channel": channel,
        "bandwidth": 40, "power": 15, "radar": has_radar, "noise_floor": -94,
        "util_all": if is_busy { 91 } else { 22 },
    })
}

fn radio_24(at: usize) -> Value {
    json!({
        "kind": "radio-stats", "ap": ap(at), "band": "24", "state": "up",
        "channel": 1 + at % 3 * 5, "bandwidth": 20, "power": 9, "util_all": 37, "noise_floor": -90,
    })
}

fn neighbor(heard_by: usize, bssid: [u8; 6], ssid: &str) -> Value {
    json!({ "kind": "neighbor", "ap": ap(heard_by), "bssid": Mac(bssid), "ssid": ssid,
            "band": "5", "channel": 44, "rssi": -61 })
}
