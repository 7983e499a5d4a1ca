//! What befalls clients, APs and NASes by chance, and what another server passes on.

use super::{OFF_SECS, People, Said, Source};
use crate::dice::Dice;
use foghorn_model::time::Micros;
use foghorn_model::{Mac, Timestamp};
use serde_json::{Value, json};

/// Clients of a site: enough that many of them fail alike.
const CLIENTS: u64 = 8;

impl People {
    /// Something happens at a site, and is told; sometimes by a clock that is late.
    pub(super) fn happen(
        &mut self,
        at: usize,
        dice: &mut Dice,
        now: Timestamp,
        lines: &mut Vec<String>,
        unique: &mut Vec<String>,
    ) {
        self.next += 1;
        let number = self.next;
        let source = &mut self.sources[at];
        // Some tell a time of their own, some of which are late.
        let time = dice.one_in(3).then(|| (now - Micros(dice.between(0, 3_000_000))).as_secs_f64());
        let said = match dice.below(32) {
            0..=7 => Some(of_a_device(source, number, dice, unique)),
            8..=16 => Some(of_a_client(source, number, dice, unique)),
            17..=22 => Some(step(source, dice)),
            23 | 24 => Some(decision(source, number, dice, unique)),
            25 | 26 => Some(alarm(source, dice)),
            _ => accounting(source, number, dice),
        };
        let Some(mut line) = said else { return };
        line["id"] = json!(format!("i{number}"));
        if let Some(time) = time {
            line["time"] = json!(time);
        }
        if dice.one_in(5) {
            line["source"] = json!(format!("collector-{}", dice.below(4)));
        }
        lines.push(line.to_string());
    }

    /// A message of another server, in a wording that is not ours.
    pub(super) fn pass_on(&mut self, at: usize, dice: &mut Dice) {
        let place = self.sources[at].place.clone();
        let (mut events, mut unique) = (Vec::new(), Vec::new());
        for _ in 0..1 + dice.below(3) {
            self.next += 1;
            let text = format!("u{}", self.next);
            let site = (!dice.one_in(3)).then_some(place.id);
            let event = format!(
                r#"{{ "type":"AP_CONFIGURED", "text":"{text}" ,"rssi":-6.10e1,"a":"\u00e9" }}"#
            );
            self.relayed.insert(text.clone(), (site, event.clone()));
            events.push((site, event));
            unique.push(text);
        }
        self.ask(at, Said::Message { org: place.org, events }, unique);
    }
}

/// One of the APs that are not steady.
fn wild(source: &Source, dice: &mut Dice) -> Mac {
    source.place.aps[1 + usize::try_from(dice.below(2)).unwrap_or(0)]
}

fn client(source: &Source, dice: &mut Dice) -> Mac {
    let number = u8::try_from(dice.below(CLIENTS)).unwrap_or(0);
    Mac([0x70, 0xef, source.place.aps[0].0[4], 0, 0, number])
}

/// A text that nothing else has, and that must come out once.
fn once(number: u64, unique: &mut Vec<String>) -> String {
    let text = format!("u{number}");
    unique.push(text.clone());
    text
}

fn of_a_device(source: &Source, number: u64, dice: &mut Dice, unique: &mut Vec<String>) -> Value {
    let mac = wild(source, dice);
    match dice.below(8) {
        0 => json!({"kind": "device-connected", "mac": mac}),
        1 => json!({"kind": "device-disconnected", "mac": mac, "reason": "cut"}),
        2 => json!({"kind": "device-restarted", "mac": mac}),
        3 | 4 => json!({"kind": "device-heartbeat", "mac": mac}),
        5 => {
            let event = *dice.pick(&["GW_VPN_PEER_DOWN", "GW_VPN_PEER_UP"]);
            json!({"kind": "device-event", "mac": mac, "type": event,
                   "peer_mac": client(source, dice)})
        }
        _ if dice.one_in(120) => {
            json!({"kind": "device-event", "mac": mac, "type": "AP_CONFIGURED",
                   "text": format!("poison {number}")})
        }
        6 => json!({"kind": "otherdevice-event", "mac": "0030443b1c5d", "device_mac": mac,
                    "type": "CELLULAR_EDGE_MODEM_WAN_DISCONNECTED", "vendor": "cradlepoint",
                    "text": once(number, unique)}),
        _ => json!({"kind": "device-event", "mac": mac, "type": "AP_CONFIGURED",
                    "text": once(number, unique)}),
    }
}

fn of_a_client(
    source: &mut Source,
    number: u64,
    dice: &mut Dice,
    unique: &mut Vec<String>,
) -> Value {
    let mac = client(source, dice);
    let ap = *dice.pick(&source.place.aps);
    let rssi = -50 - dice.between(0, 40);
    match dice.below(10) {
        0..=2 => {
            source.at.insert(mac, ap);
            json!({"kind": "client-associated", "mac": mac, "ap": ap, "bssid": ap,
                   "ssid": "Maui", "band": "5", "rssi": rssi})
        }
        3 | 4 => {
            json!({"kind": "client-seen", "mac": mac, "rssi": rssi, "snr": 95 + rssi,
                   "channel": 36, "rx_bytes": number * 100, "tx_bytes": number * 900,
                   "tx_retries": number, "tx_rate": 866.7})
        }
        5 => {
            source.at.remove(&mac);
            json!({"kind": "client-disassociated", "mac": mac})
        }
        6 | 7 => {
            // Some come and leave of which nobody tells: the lists alone know.
            if dice.one_in(3) {
                source.at.insert(mac, ap);
            } else if dice.one_in(3) {
                source.at.remove(&mac);
            }
            list(source, ap, dice)
        }
        8 => json!({"kind": "client-event", "mac": mac, "type": "SA_QUERY_TIMEOUT", "ap": ap,
                    "text": once(number, unique)}),
        _ => json!({"kind": "guest-authorization", "mac": mac, "ap": ap, "ssid": "Guests",
                    "auth_method": "passphrase", "name": once(number, unique)}),
    }
}

/// All who are at an AP; one that has not noticed yet who left lists it all the same.
fn list(source: &Source, ap: Mac, dice: &mut Dice) -> Value {
    let stale = client(source, dice);
    let lists_stale = dice.one_in(4);
    let there = source.at.iter().filter(|(_, at)| **at == ap).map(|(client, _)| *client);
    let there = there.chain(lists_stale.then_some(stale));
    let clients: Vec<Value> = there
        .map(|mac| match dice.below(2) {
            0 => json!({"mac": mac, "rssi": -61}),
            _ => json!({"mac": mac, "rssi": -82, "connected": dice.below(900)}),
        })
        .collect();
    let mut line = json!({"kind": "client-associations", "ap": ap,
                          "cells": [{"bssid": ap, "ssid": "Maui", "band": "5",
                                     "clients": clients}]});
    if dice.one_in(4) {
        line["bssid"] = json!(ap);
    }
    line
}

/// What a client must do before it can do anything, which fails now and then.
fn step(source: &Source, dice: &mut Dice) -> Value {
    let kind = *dice.pick(&["client-auth", "client-dhcp", "client-dns", "client-arp"]);
    // For a while most of it fails, everywhere alike.
    let fails = if source.is_out_of_order { !dice.one_in(6) } else { dice.one_in(6) };
    json!({"kind": kind, "mac": client(source, dice), "success": !fails, "ssid": "Maui",
           "ap": source.place.aps[0], "vlan": dice.below(3).to_string(), "server": "10.0.0.1",
           "duration": dice.below(1000) as f64 / 1000.0})
}

fn decision(source: &Source, number: u64, dice: &mut Dice, unique: &mut Vec<String>) -> Value {
    let kind = *dice.pick(&["NAC_CLIENT_PERMIT", "NAC_CLIENT_DENY"]);
    json!({"kind": "nac-event", "type": kind, "mac": client(source, dice),
           "username": "alice", "text": once(number, unique)})
}

/// An alarm of a source that knows: a condition that goes on until it says otherwise, or an incident.
fn alarm(source: &mut Source, dice: &mut Dice) -> Value {
    let mac = wild(source, dice);
    if dice.one_in(3) {
        return json!({"kind": "alarm", "type": "essid_jack", "mac": mac, "client_mac": mac});
    }
    let vlan = dice.below(3).to_string();
    let mut line = json!({"kind": "alarm", "type": "non_compliant", "mac": mac, "vlan": vlan});
    if dice.one_in(2) {
        source.raised.insert((mac, vlan));
    } else {
        source.raised.remove(&(mac, vlan));
        line["status"] = json!("resolved");
    }
    line
}

/// The last word of a source on a condition that it raised.
pub(super) fn resolved(mac: Mac, vlan: &str) -> Value {
    json!({"kind": "alarm", "type": "non_compliant", "mac": mac, "vlan": vlan,
           "status": "resolved"})
}

fn accounting(source: &mut Source, number: u64, dice: &mut Dice) -> Option<Value> {
    if dice.one_in(24) {
        return Some(json!({"kind": "accounting", "status": "on", "nas_ip": "10.0.0.1"}));
    }
    if dice.one_in(3) {
        source.sessions.insert(number);
        return Some(json!({"kind": "accounting", "status": "start", "nas_ip": "10.0.0.1",
                           "session_id": format!("s{number}"), "username": "alice"}));
    }
    let known: Vec<u64> = source.sessions.iter().copied().collect();
    if known.is_empty() {
        return None;
    }
    let session = *dice.pick(&known);
    let status = if dice.one_in(2) { "update" } else { "stop" };
    Some(json!({"kind": "accounting", "status": status, "nas_ip": "10.0.0.1",
                "session_id": format!("s{session}"), "session_time": number,
                "rx_bytes": number}))
}

/// What a NAS says whose clock is off by an hour, half of the time.
pub(super) fn clock_of_a_nas(now: Timestamp) -> String {
    let is_off = (now.secs() / OFF_SECS) % 2 == 0;
    let time = now - if is_off { Micros::from_mins(60) } else { Micros(0) };
    let line = json!({"kind": "accounting", "status": "on", "nas_ip": "10.0.0.9",
                      "time": time.as_secs_f64()});
    line.to_string()
}
