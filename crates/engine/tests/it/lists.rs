//! Lists of all clients of an AP: what the differences are told as, and what they are not.

use crate::world::{AP, START, World, associated, client};
use expect_test::{Expect, expect};
use foghorn_engine::Engine;
use foghorn_model::{RecordBody, Timestamp};
use serde_json::{Value, json};

const OTHER_AP: &str = "5c5b35000002";
/// The two BSSIDs of the first AP, and the one of the other.
const FAST: &str = "5c5b35000011";
const SLOW: &str = "5c5b35000012";
const OTHER: &str = "5c5b35000022";
const MEMBERS: &[&str] =
    &["mac", "bssid", "connect", "disconnect", "next_ap", "termination_reason"];

/// A client that has been associated for so many seconds.
fn since(number: u8, connected: i64) -> Value {
    json!({"mac": client(number), "connected": connected, "rssi": -50})
}

fn cell(bssid: &str, clients: &[Value]) -> Value {
    json!({"bssid": bssid, "ssid": "Maui", "band": "5", "clients": clients})
}

/// The list of an AP, made so many seconds after the start.
fn list(ap: &str, at: i64, cells: &[Value]) -> String {
    json!({"kind": "client-associations", "ap": ap, "time": START + at, "cells": cells}).to_string()
}

impl World {
    /// Takes a list in when it is made.
    fn list(&mut self, at: i64, ap: &str, cells: &[Value]) {
        self.line(START + at - self.now, &list(ap, at, cells));
    }

    fn told(&mut self, expected: &Expect) {
        let numbers = |text: String| text.replace(&START.to_string()[..7], "+");
        expected.assert_eq(&numbers(self.trace(MEMBERS)));
    }
}

#[test]
fn who_is_new_has_joined_who_is_missing_has_left_and_the_others_are_still_there() {
    let mut world = World::new();
    world.list(100, AP, &[cell(FAST, &[since(1, 40), since(2, 90)]), cell(SLOW, &[])]);
    world.told(&expect![[r#"
        client-join 60 70ef00715301 5c5b35000011 +060
        client-join 10 70ef00715302 5c5b35000011 +010
    "#]]);
    world.list(160, AP, &[cell(FAST, &[since(2, 150)]), cell(SLOW, &[since(3, 20)])]);
    world.told(&expect![[r#"
        client-sessions 160 70ef00715301 5c5b35000011 +060 +160 000000000000 1
        client-join 140 70ef00715303 5c5b35000012 +140
    "#]]);
    // Only the lists have kept them alive for longer than the timeout of inactivity.
    for minute in 1..=60 {
        let at = 160 + minute * 60;
        world.list(at, AP, &[cell(FAST, &[since(2, at - 10)]), cell(SLOW, &[since(3, at - 140)])]);
    }
    world.told(&expect![[""]]);
}

#[test]
fn a_client_roams_to_whom_it_is_associated_with_for_less_long() {
    let mut world = World::new();
    world.list(100, AP, &[cell(FAST, &[since(1, 50)])]);
    world.list(110, OTHER_AP, &[cell(OTHER, &[])]);
    world.told(&expect![[r#"
        client-join 50 70ef00715301 5c5b35000011 +050
    "#]]);
    // The AP that it left lists it for as long as it does not notice.
    for round in 0..5 {
        let at = 160 + round * 60;
        world.list(at, OTHER_AP, &[cell(OTHER, &[since(1, at - 130)])]);
        world.list(at + 5, AP, &[cell(FAST, &[since(1, at - 45)])]);
    }
    world.list(480, AP, &[cell(FAST, &[])]);
    world.told(&expect![[r#"
        client-sessions 130 70ef00715301 5c5b35000011 +050 +130 5c5b35000002 3
        client-join 130 70ef00715301 5c5b35000022 +130
    "#]]);
    // And when it leaves there meanwhile, the first one's list does not bring it back.
    world.list(500, AP, &[cell(FAST, &[since(1, 450)])]);
    world.list(510, OTHER_AP, &[cell(OTHER, &[])]);
    world.list(520, AP, &[cell(FAST, &[since(1, 470)])]);
    world.told(&expect![[r#"
        client-sessions 510 70ef00715301 5c5b35000022 +130 +510 000000000000 1
    "#]]);
    world.list(580, AP, &[cell(FAST, &[since(1, 5)])]);
    world.told(&expect![[r#"
        client-join 575 70ef00715301 5c5b35000011 +575
    "#]]);
}

#[test]
fn a_client_that_is_steered_to_another_band_roams_within_its_ap() {
    let mut world = World::new();
    world.list(100, AP, &[cell(FAST, &[since(1, 50)]), cell(SLOW, &[])]);
    // For a moment it is in both, in whatever order they stand.
    world.list(160, AP, &[cell(SLOW, &[since(1, 10)]), cell(FAST, &[since(1, 110)])]);
    world.list(220, AP, &[cell(FAST, &[since(1, 170)]), cell(SLOW, &[since(1, 70)])]);
    world.told(&expect![[r#"
        client-join 50 70ef00715301 5c5b35000011 +050
        client-sessions 150 70ef00715301 5c5b35000011 +050 +150 5c5b35000001 3
        client-join 150 70ef00715301 5c5b35000012 +150
    "#]]);
    // A source that does not say for how long: it is here and no longer there.
    world.list(280, AP, &[cell(FAST, &[json!({"mac": client(1)})]), cell(SLOW, &[])]);
    world.told(&expect![[r#"
        client-sessions 280 70ef00715301 5c5b35000012 +150 +280 5c5b35000001 3
        client-join 280 70ef00715301 5c5b35000011 +280
    "#]]);
    // But of another AP that is not known, and it stays where it is.
    world.list(290, OTHER_AP, &[cell(OTHER, &[json!({"mac": client(1)}), since(2, 0)])]);
    world.told(&expect![[r#"
        client-join 290 70ef00715302 5c5b35000022 +290
    "#]]);
}

#[test]
fn what_has_happened_since_a_list_was_made_it_does_not_undo() {
    let mut world = World::new();
    world.list(100, AP, &[cell(FAST, &[since(1, 50), since(2, 50), since(3, 50)])]);
    world.told(&expect![[r#"
        client-join 50 70ef00715301 5c5b35000011 +050
        client-join 50 70ef00715302 5c5b35000011 +050
        client-join 50 70ef00715303 5c5b35000011 +050
    "#]]);
    // One joins, one leaves, one roams, one is still there: then comes a list of before.
    world.line(60, &associated(client(4), AP, FAST));
    world.say(0, "client-disassociated", &client(1).to_string());
    world.line(0, &associated(client(2), OTHER_AP, OTHER));
    world.say(0, "client-seen", &client(3).to_string());
    world.told(&expect![[r#"
        client-join 160 70ef00715304 5c5b35000011 +160
        client-sessions 160 70ef00715301 5c5b35000011 +050 +160 000000000000 1
        client-sessions 160 70ef00715302 5c5b35000011 +050 +160 5c5b35000002 3
        client-join 160 70ef00715302 5c5b35000022 +160
    "#]]);
    let before = list(AP, 150, &[cell(FAST, &[since(1, 100), since(2, 100)])]);
    world.line(10, &before);
    world.told(&expect![[""]]);
    // Once more, and one of still longer ago: neither is news.
    world.line(10, &before);
    world.line(10, &list(AP, 120, &[cell(FAST, &[])]));
    world.told(&expect![[""]]);
    assert!(world.engine.tally().stale >= 2);
    // The next one has what really is.
    world.list(210, AP, &[cell(FAST, &[since(4, 50)])]);
    world.told(&expect![[r#"
        client-sessions 210 70ef00715303 5c5b35000011 +050 +210 000000000000 1
    "#]]);
}

#[test]
fn a_list_that_comes_very_late_ends_what_was_over_and_begins_nothing() {
    let mut world = World::new();
    world.list(0, AP, &[cell(FAST, &[since(1, 0)])]);
    world.line(900, &list(AP, 60, &[cell(FAST, &[since(2, 20)])]));
    world.told(&expect![[r#"
        client-join 0 70ef00715301 5c5b35000011 +000
        client-sessions 60 70ef00715301 5c5b35000011 +000 +060 000000000000 1
    "#]]);
    world.list(960, AP, &[cell(FAST, &[since(2, 920)])]);
    world.told(&expect![[r#"
        client-join 960 70ef00715302 5c5b35000011 +960
    "#]]);
}

#[test]
fn after_lists_that_were_missed_sessions_do_not_overlap() {
    let mut world = World::new();
    world.list(0, AP, &[cell(FAST, &[since(1, 100), since(2, 100)])]);
    world.told(&expect![[r#"
        client-join -100 70ef00715301 5c5b35000011 1699999900
        client-join -100 70ef00715302 5c5b35000011 1699999900
    "#]]);
    // Two hours without a list: both fell silent for us. One was there all the time.
    world.list(7200, AP, &[cell(FAST, &[since(1, 7300), since(3, 600)])]);
    let inactive = "1699999900 1700001800 000000000000 2";
    let expected = format!(
        "client-sessions 1800 70ef00715301 {FAST} {inactive}\n\
         client-sessions 1800 70ef00715302 {FAST} {inactive}\n\
         client-join 7200 70ef00715301 {FAST} 1700007200\n\
         client-join 6600 70ef00715303 {FAST} 1700006600\n"
    );
    assert_eq!(world.trace(MEMBERS), expected);
}

#[test]
fn a_restart_and_an_outage_of_ours_in_between_change_nothing() {
    let mut world = World::new();
    world.list(0, AP, &[cell(FAST, &[since(1, 10), since(2, 10)])]);
    world.say(5, "client-disassociated", &client(2).to_string());
    world.trace(MEMBERS);
    let snapshot = world.engine.snapshot();
    world.engine = Engine::restore(world.engine.partition(), &snapshot).unwrap();
    let since_when = Timestamp(world.now * 1_000_000);
    world.now += 10_800;
    world.record(RecordBody::Resumed { since: since_when });
    // What is as it was is told again neither as an end nor as a beginning.
    world.list(10_830, AP, &[cell(FAST, &[since(1, 10_840), since(3, 100)])]);
    world.told(&expect![[r#"
        client-join 10730 70ef00715303 5c5b35000011 1700010730
    "#]]);
    world.list(10_890, AP, &[cell(FAST, &[since(3, 160)])]);
    world.told(&expect![[r#"
        client-sessions 10890 70ef00715301 5c5b35000011 1699999990 1700010890 000000000000 1
    "#]]);
}

#[test]
fn a_list_of_one_bssid_says_nothing_of_the_others() {
    let mut world = World::new();
    world.list(0, AP, &[cell(FAST, &[since(1, 0)]), cell(SLOW, &[since(2, 0)])]);
    world.trace(MEMBERS);
    let one = |at: i64, bssid: &str, cells: &[Value]| {
        json!({"kind": "client-associations", "ap": AP, "bssid": bssid, "time": START + at, "cells": cells})
            .to_string()
    };
    world.line(60, &one(60, FAST, &[cell(FAST, &[since(1, 60)])]));
    world.line(0, &one(60, SLOW, &[]));
    world.told(&expect![[r#"
        client-sessions 60 70ef00715302 5c5b35000012 +000 +060 000000000000 1
    "#]]);
}

#[test]
fn a_list_tells_how_strong_its_clients_are_and_which_addresses_are_ours() {
    let mut world = World::new();
    world.enable(&["insufficient_coverage", "honeypot_ssid"]);
    let weak = |number: u8, connected: i64| json!({"mac": client(number), "connected": connected, "rssi": -85});
    for minute in 0..4 {
        let clients: Vec<Value> = (1..12).map(|number| weak(number, minute * 60)).collect();
        world.list(minute * 60, AP, &[cell(FAST, &clients), cell(SLOW, &[])]);
    }
    let ours = json!({"kind": "neighbor", "ap": AP, "bssid": SLOW, "ssid": "Maui", "rssi": -40});
    world.line(1, &ours.to_string());
    expect![[r#"
        alarms 120 insufficient_coverage
        alarms 120 insufficient_coverage
        alarms 120 insufficient_coverage
    "#]]
    .assert_eq(&world.trace_of("alarms", &["type"]));
}
