//! What radios hear that is not ours, and attacks on ours and on gateways.

use super::Says;
use crate::dice::Dice;
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp, Topic};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Attacks, the alarm of each, and from how many reports in a minute an AP is believed.
const ATTACKS: [(&str, &str, u64); 6] = [
    ("replay", "krack_attack", 1),
    ("deauthentication", "disassociation_flood", 20),
    ("beacon-flood", "beacon_flood", 50),
    ("eap-guess", "eap_dictionary_attack", 10),
    ("ad-hoc", "adhoc_network", 1),
    ("out-of-sequence", "out_of_sequence", 10),
];
/// Attacks that lie so far apart are not counted together.
const APART: Micros = Micros::from_secs(61);

/// What threatens gateways, and the alarm of each.
const THREATS: [(&str, &str); 2] =
    [("idp-attack", "idp_attack_detected"), ("url-blocked", "url_blocked")];

/// The air of a site, and the wire of its gateway.
#[derive(Debug)]
pub(super) struct Air {
    aps: Vec<Mac>,
    gateway: Mac,
    /// Strangers on our wire that were heard well.
    rogues: BTreeSet<Mac>,
    /// When an AP last told of an attack.
    attacks: BTreeMap<(Mac, &'static str), Timestamp>,
}

impl Air {
    /// One without strangers.
    pub(super) fn new(aps: Vec<Mac>, gateway: Mac) -> Self {
        Self { aps, gateway, rogues: BTreeSet::new(), attacks: BTreeMap::new() }
    }

    /// Something is heard.
    pub(super) fn report(&mut self, dice: &mut Dice, says: &mut Says<'_>) {
        let ap = *dice.pick(&self.aps);
        match dice.below(4) {
            0 | 1 => self.hear(ap, dice, says),
            2 => self.attack(ap, dice, says),
            _ => {
                let (threat, alarm) = *dice.pick(&THREATS);
                says.count(Topic::Alarms, alarm);
                says.say(json!({"kind": "threat", "mac": self.gateway, "type": threat,
                                "reason": "casino.example"}));
            }
        }
    }

    /// A radio hears a stranger, which is rogue if it is on our wire; once is enough to tell that.
    fn hear(&mut self, ap: Mac, dice: &mut Dice, says: &mut Says<'_>) {
        let number = u8::try_from(dice.below(6)).unwrap_or(0);
        let bssid = Mac([0x02, 0xa1, 0xb2, 0, self.aps[0].0[4], number]);
        let is_on_wire = number < 3;
        let rssi = if dice.one_in(3) { -91 } else { -55 };
        if is_on_wire && rssi > -80 && self.rogues.insert(bssid) {
            says.count(Topic::Alarms, "rogue_ap");
        }
        let ssid = *dice.pick(&["Maui", "Next door"]);
        let mut line = json!({"kind": "neighbor", "ap": ap, "bssid": bssid, "ssid": ssid,
                              "band": "5", "channel": 36, "rssi": rssi, "on_wire": is_on_wire});
        if dice.one_in(4) {
            line["client_mac"] = json!(Mac([0x02, 0xcc, 0, 0, 0, number]));
        }
        says.say(line);
    }

    /// An AP notices an attack, or what might become one.
    fn attack(&mut self, ap: Mac, dice: &mut Dice, says: &mut Says<'_>) {
        let (attack, alarm, least) = *dice.pick(&ATTACKS);
        let last = self.attacks.get(&(ap, attack));
        if last.is_some_and(|last| *last + APART > says.now) {
            return;
        }
        self.attacks.insert((ap, attack), says.now);
        let count = if dice.one_in(3) { least - 1 } else { least + dice.below(9) };
        if count == 0 {
            return;
        }
        if count >= least {
            says.count(Topic::Alarms, alarm);
        }
        // How far apart they are is told by the clock of the AP.
        says.say(json!({"kind": "intrusion", "ap": ap, "type": attack, "count": count,
                        "client_mac": "70ef00000007", "time": says.now.as_secs_f64()}));
    }
}
