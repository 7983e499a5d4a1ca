//! Radios of APs: channels that change, by choice or since radar was heard, and that are busy.

use super::Says;
use crate::dice::Dice;
use foghorn_model::{Mac, Topic};
use serde_json::{Value, json};

const CHANNELS: [u64; 4] = [36, 52, 100, 149];

/// The radio of an AP.
#[derive(Debug)]
pub(super) struct Radio {
    ap: Mac,
    channel: u64,
    /// Whether it is where it is since it heard radar; it says so as long as it stays.
    gave_way: bool,
    is_busy: bool,
    is_known: bool,
}

impl Radio {
    /// One that has a channel for itself.
    pub(super) fn new(ap: Mac) -> Self {
        Self { ap, channel: CHANNELS[0], gave_way: false, is_busy: false, is_known: false }
    }

    /// It says how it is, which may be otherwise than before.
    pub(super) fn report(&mut self, dice: &mut Dice, says: &mut Says<'_>) {
        if dice.one_in(6) {
            self.is_busy = !self.is_busy;
        }
        if self.is_known && dice.one_in(5) {
            let other = CHANNELS.iter().filter(|channel| **channel != self.channel);
            self.channel = *dice.pick(&other.copied().collect::<Vec<_>>());
            self.gave_way = dice.one_in(3);
            let event = if self.gave_way { "AP_RADAR_DETECTED" } else { "AP_RRM_ACTION" };
            says.count(Topic::DeviceEvents, event);
            if dice.one_in(3) {
                // It says so itself, and the report after says nothing new.
                let said = json!({"kind": "device-event", "mac": self.ap, "type": event,
                                  "band": "5", "channel": self.channel});
                return says.say(said);
            }
        }
        self.say(says);
    }

    /// Its channel is not busy, which it says as often as it takes to be believed.
    pub(super) fn calm_down(&mut self, says: &mut Says<'_>) {
        self.is_busy = false;
        for _ in 0..super::BELIEVED {
            self.say(says);
        }
    }

    /// It says how it is.
    pub(super) fn say(&mut self, says: &mut Says<'_>) {
        let mut line = json!({
            "kind": "radio-stats", "ap": self.ap, "band": "5", "state": "up",
            "channel": self.channel, "bandwidth": 40, "power": 15,
            "util_all": if self.is_busy { 93 } else { 21 }, "noise_floor": -94,
        });
        if self.gave_way {
            line["radar"] = Value::Bool(true);
        }
        self.is_known = true;
        says.say(line);
    }
}
