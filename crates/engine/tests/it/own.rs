//! Foghorn's own alarms: clocks, sources, webhooks, records set aside.

use crate::world::{AP, START, World, fold, org_id, site_id};
use expect_test::expect;
use foghorn_engine::Engine;
use foghorn_model::config::SourceSilence;
use foghorn_model::record::{Command, Failing, InputGap, Quarantined, WebhookHealth};
use foghorn_model::{
    ConfigUpdate, OrgId, RecordBody, Relayed, Setting, SiteId, Timestamp, Topic, WebhookId,
};
use std::borrow::Cow;

const SWITCH: &str = "5c5b35000003";

const MEMBERS: &[&str] =
    &["type", "status", "count", "update", "hostnames", "sources", "webhooks", "reasons"];

fn world() -> World {
    let mut world = World::new();
    world.enable(&[
        "foghorn_clock_off",
        "foghorn_input_quarantined",
        "foghorn_source_silent",
        "foghorn_webhook_failing",
    ]);
    world
}

fn told(world: &mut World) -> String {
    world.trace_of("alarms", MEMBERS)
}

fn resumed(world: &mut World, after: i64) {
    let since = Timestamp(world.now * 1_000_000);
    world.now += after;
    world.record(RecordBody::Resumed { since });
}

/// Folds the records from this one on in an engine that was restored before it.
fn goes_on_after_a_restart(world: &mut World, act: impl FnOnce(&mut World)) {
    let mut restored = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    let (before, events) = (world.journal.len(), world.events.len());
    act(world);
    let mut again = Vec::new();
    for (number, record) in (1..).zip(&world.journal).skip(before) {
        again.extend(fold(&mut restored, number, record));
    }
    assert_eq!(again, world.events[events..]);
    assert_eq!(restored.snapshot(), world.engine.snapshot());
}

mod clocks {
    use super::*;

    /// A heartbeat that the AP stamps so many seconds ahead.
    fn beat(world: &mut World, after: i64, ahead: i64) {
        let time = world.now + after + ahead;
        world.line(after, &format!(r#"{{"kind":"device-heartbeat","mac":"{AP}","time":{time}}}"#));
    }

    #[test]
    fn a_clock_that_is_off_by_the_same_in_five_windows_is_an_alarm_until_it_is_right_in_five() {
        let mut world = world();
        for number in 0..6 {
            assert_eq!(told(&mut world), "", "{number}");
            beat(&mut world, 30, -3_600 + number);
        }
        expect![[r#"
            alarms 180 foghorn_clock_off open 1 ["AP1"] ["behind"]
        "#]]
        .assert_eq(&told(&mut world));
        (0..6).for_each(|_| beat(&mut world, 30, -3_597));
        assert_eq!(told(&mut world), "", "it goes on, and is no news");
        goes_on_after_a_restart(&mut world, |world| {
            (0..3).for_each(|_| beat(world, 30, -7_200));
        });
        let offset = world.events.last().unwrap().value()["offset"].clone();
        assert_eq!(offset, -7_200, "it is off by another span now");
        assert_eq!(
            told(&mut world),
            "alarms 180 foghorn_clock_off open 2 true [\"AP1\"] [\"behind\"]\n"
        );
        for _ in 0..5 {
            beat(&mut world, 30, 0);
            assert_eq!(told(&mut world), "");
        }
        beat(&mut world, 30, 0);
        expect![[r#"
            alarms 180 foghorn_clock_off resolved 2 true ["AP1"] ["behind"]
        "#]]
        .assert_eq(&told(&mut world));
    }

    #[test]
    fn what_is_no_longer_of_the_site_is_in_no_condition_there() {
        let mut world = World::new();
        world.enable(&["bad_cable", "foghorn_clock_off"]);
        (0..6).for_each(|_| beat(&mut world, 30, -3_600));
        for report in 1..5 {
            let counts = format!(r#""errors":{},"packets":{}"#, report * 500, report * 10_000);
            for port in ["ge-0/0/1", "ge-0/0/2"] {
                let who = format!(r#""mac":"{SWITCH}","port_id":"{port}""#);
                world.line(10, &format!(r#"{{"kind":"port-stats",{who},{counts}}}"#));
            }
        }
        assert_eq!(told(&mut world).lines().count(), 3);
        goes_on_after_a_restart(&mut world, |world| {
            for mac in [AP, SWITCH] {
                let mac = mac.parse().unwrap();
                world.change(vec![ConfigUpdate::DeviceRemoved { site_id: site_id(), mac }]);
            }
        });
        expect![[r#"
            alarms 180 foghorn_clock_off resolved 1 true ["AP1"] ["behind"]
            alarms 260 bad_cable resolved 1 true ["SW1"] ["errors"]
            alarms 250 bad_cable resolved 1 true ["SW1"] ["errors"]
        "#]]
        .assert_eq(&told(&mut world));
    }

    #[test]
    fn what_a_source_kept_while_it_was_cut_off_is_late_and_not_wrong() {
        let mut world = world();
        // An hour of lines at once, and again in pieces of which each is less old.
        for ago in (0..=3_600).rev().step_by(60) {
            beat(&mut world, 0, -ago);
        }
        for ago in (0..=7_200).rev().step_by(300) {
            beat(&mut world, 30, -ago);
        }
        // Batches that are each minutes long, the last line of each being fresh.
        for _ in 0..20 {
            for ago in [900, 600, 300, 10] {
                beat(&mut world, if ago == 900 { 300 } else { 0 }, -ago);
            }
        }
        assert_eq!(told(&mut world), "");
    }

    #[test]
    fn ahead_is_off_sooner_than_behind_and_the_edge_of_each_counts() {
        for (ahead, is_off) in [(59, false), (60, true), (-299, false), (-300, true)] {
            let mut world = world();
            (0..8).for_each(|_| beat(&mut world, 30, ahead));
            assert_eq!(!told(&mut world).is_empty(), is_off, "{ahead}");
        }
    }

    #[test]
    fn reports_of_one_window_are_one_and_repeated_ones_are_none() {
        let mut world = world();
        for _ in 0..100 {
            beat(&mut world, 1, 600);
        }
        // Windows end with the first report 30 s after they began: not five of them yet.
        assert_eq!(told(&mut world), "");
        let mut world = super::world();
        for _ in 0..10 {
            let line =
                r#"{"kind":"device-heartbeat","mac":"5c5b35000001","id":"x","time":1700000900}"#;
            world.line(30, line);
        }
        assert_eq!(told(&mut world), "");
    }

    #[test]
    fn outages_of_ours_neither_hide_a_wrong_clock_nor_make_one() {
        let mut world = world();
        for _ in 0..6 {
            resumed(&mut world, 40);
            beat(&mut world, 0, -600);
        }
        assert_eq!(told(&mut world).lines().count(), 1);
        // What was kept while we were out is handed in.
        let mut world = super::world();
        for _ in 0..3 {
            resumed(&mut world, 3_600);
            for ago in (0..=3_600).rev().step_by(600) {
                beat(&mut world, 10, -ago);
            }
        }
        assert_eq!(told(&mut world), "");
    }

    #[test]
    fn a_step_of_our_own_clock_begins_anew() {
        let mut world = world();
        for ahead in [600, 900, 600] {
            (0..4).for_each(|_| beat(&mut world, 30, ahead));
            let at = Timestamp(world.now * 1_000_000);
            let gap = InputGap { source: "all".into(), since: at, until: at };
            world.record(RecordBody::InputGap(gap));
        }
        assert_eq!(told(&mut world), "");
    }

    #[test]
    fn a_nas_has_a_clock_too_and_a_stranger_has_none() {
        let mut world = world();
        for _ in 0..8 {
            let time = world.now + 30 - 4_000;
            world.line(
                30,
                &format!(
                    r#"{{"kind":"accounting","status":"on","nas_ip":"10.0.0.9","time":{time}}}"#
                ),
            );
            world.line(
                0,
                &format!(r#"{{"kind":"device-heartbeat","mac":"020000000001","time":{time}}}"#),
            );
        }
        expect![[r#"
            alarms 180 foghorn_clock_off open 1 ["10.0.0.9"] ["behind"]
        "#]]
        .assert_eq(&told(&mut world));
    }
}

mod sources {
    use super::*;

    fn after(minutes: u32) -> Setting {
        let source_silence = Some(SourceSilence { enabled: None, minutes: Some(minutes) });
        Setting { source_silence, ..Setting::default() }
    }

    fn say(world: &mut World, after: i64, source: &str) {
        world.line(
            after,
            &format!(r#"{{"kind":"client-seen","mac":"70ef00715301","source":"{source}"}}"#),
        );
    }

    #[test]
    fn a_source_that_falls_silent_is_an_alarm_until_it_is_heard_of_again() {
        let mut world = world();
        world.set(after(10));
        say(&mut world, 0, "collector-1");
        say(&mut world, 60, "collector-2");
        say(&mut world, 500, "collector-2");
        world.tick(39);
        assert_eq!(told(&mut world), "");
        world.tick(1);
        expect![[r#"
            alarms 600 foghorn_source_silent open 1 ["collector-1"] ["nothing for 10 minutes"]
        "#]]
        .assert_eq(&told(&mut world));
        goes_on_after_a_restart(&mut world, |world| {
            say(world, 1_000, "collector-1");
            world.tick(3_600);
        });
        expect![[r#"
            alarms 1160 foghorn_source_silent open 1 ["collector-2"] ["nothing for 10 minutes"]
            alarms 600 foghorn_source_silent resolved 1 true ["collector-1"] ["nothing for 10 minutes"]
            alarms 2200 foghorn_source_silent open 1 ["collector-1"] ["nothing for 10 minutes"]
        "#]]
        .assert_eq(&told(&mut world));
    }

    #[test]
    fn each_way_is_a_source_of_its_own() {
        let mut world = world();
        world.set(after(10));
        world.say(0, "device-connected", AP);
        world.line(0, r#"{"kind":"accounting","status":"on","nas_ip":"10.0.0.9"}"#);
        let record = foghorn_model::Record {
            received_at: Timestamp(world.now * 1_000_000),
            catalog_seq: world.journal.last().unwrap().catalog_seq,
            site: Some(site_id()),
            body: RecordBody::Relayed(Relayed {
                topic: Topic::DeviceEvents,
                org: org_id(),
                message: [7; 16],
                index: 0,
                event: Cow::Borrowed(b"{\"timestamp\":1700000000}"),
            }),
        };
        world.take(record);
        world.tick(600);
        let mut lines: Vec<String> = told(&mut world).lines().map(Into::into).collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [r#"["nas 10.0.0.9"]"#, r#"["relay"]"#, r#"["telemetry"]"#].map(|source| format!(
                r#"alarms 600 foghorn_source_silent open 1 {source} ["nothing for 10 minutes"]"#
            ))
        );
        // A record that is no news is still a sign of life, and a repeated one too.
        for _ in 0..2 {
            world.line(0, r#"{"kind":"client-seen","mac":"70ef00715301","id":"same"}"#);
            world.tick(599);
        }
        assert_eq!(told(&mut world).lines().count(), 1, "it is back, and not silent again");
    }

    #[test]
    fn without_a_setting_a_source_is_missed_as_it_is_used_to() {
        let mut world = world();
        // A day in which it speaks each minute, and two pauses of an hour.
        for minute in 0..24 * 60 {
            let pause = if [300, 900].contains(&minute) { 3_600 } else { 60 };
            say(&mut world, pause, "collector");
        }
        world.tick(2 * 3_600 - 1);
        assert_eq!(told(&mut world), "");
        world.tick(1);
        assert_eq!(told(&mut world).lines().count(), 1, "twice what it is used to");
        // What it did once it may do again, for eight days.
        say(&mut world, 3_600, "collector");
        assert_eq!(told(&mut world).lines().count(), 1);
        world.tick(6 * 3_600 - 1);
        assert_eq!(told(&mut world), "");
        world.tick(1);
        assert_eq!(told(&mut world).lines().count(), 1);
        // What was heard of for less than a day is not missed.
        let mut world = super::world();
        (0..100).for_each(|_| say(&mut world, 60, "collector"));
        world.tick(20 * 24 * 3_600);
        assert_eq!(told(&mut world), "");
    }

    #[test]
    fn a_chatty_source_has_half_an_hour_and_old_pauses_are_forgotten() {
        let mut world = world();
        say(&mut world, 0, "collector");
        say(&mut world, 4 * 3_600, "collector");
        for _ in 0..9 * 24 * 6 {
            say(&mut world, 600, "collector");
        }
        assert_eq!(told(&mut world), "");
        world.tick(30 * 60 - 1);
        assert_eq!(told(&mut world), "");
        world.tick(1);
        assert_eq!(told(&mut world).lines().count(), 1);
    }

    #[test]
    fn our_outage_is_not_their_silence_but_a_loop_of_restarts_hides_none() {
        let mut world = world();
        world.set(after(10));
        say(&mut world, 0, "collector");
        resumed(&mut world, 7_200);
        world.tick(599);
        assert_eq!(told(&mut world), "");
        say(&mut world, 0, "collector");
        (0..20).for_each(|_| resumed(&mut world, 300));
        assert_eq!(told(&mut world).lines().count(), 1);
    }

    #[test]
    fn a_source_that_never_comes_back_is_forgotten_and_its_alarm_is_over() {
        let mut world = world();
        world.set(after(10));
        say(&mut world, 0, "collector");
        world.tick(8 * 24 * 3_600 - 1);
        assert_eq!(told(&mut world).lines().count(), 1);
        world.tick(1);
        assert_eq!(
            told(&mut world),
            "alarms 600 foghorn_source_silent resolved 1 true [\"collector\"] [\"nothing for 10 minutes\"]\n"
        );
        let empty = World::new().engine.snapshot().len();
        assert!(world.engine.snapshot().len() < empty + 400, "nothing of it is kept");
    }

    #[test]
    fn a_setting_that_switches_it_off_ends_what_is_open() {
        let mut world = world();
        world.set(after(10));
        say(&mut world, 0, "collector");
        world.tick(600);
        assert_eq!(told(&mut world).lines().count(), 1);
        let source_silence = Some(SourceSilence { enabled: Some(false), minutes: Some(10) });
        world.set(Setting { source_silence, ..Setting::default() });
        world.tick(0);
        assert!(told(&mut world).contains("resolved"));
        say(&mut world, 0, "collector");
        world.tick(3_600);
        assert_eq!(told(&mut world), "");
    }
}

mod webhooks {
    use super::*;

    fn health(world: &mut World, after: i64, number: u8, failing: bool) {
        world.now += after;
        let since = Timestamp((world.now - 300) * 1_000_000);
        world.record(RecordBody::Command(Command::WebhookHealth(WebhookHealth {
            webhook_id: WebhookId::from_bytes([number; 16]),
            name: format!("hook-{number}"),
            org_id: org_id(),
            site_id: Some(site_id()),
            failing: failing.then(|| Failing { since, reason: "404".into() }),
        })));
    }

    #[test]
    fn a_webhook_that_fails_is_an_alarm_until_it_is_well_however_often_that_is_said() {
        let mut world = world();
        health(&mut world, 400, 1, true);
        health(&mut world, 5, 1, true);
        health(&mut world, 5, 2, true);
        expect![[r#"
            alarms 100 foghorn_webhook_failing open 1 ["hook-1"] ["404"]
            alarms 110 foghorn_webhook_failing open 1 ["hook-2"] ["404"]
        "#]]
        .assert_eq(&told(&mut world));
        goes_on_after_a_restart(&mut world, |world| {
            health(world, 600, 1, true);
            health(world, 5, 1, false);
            health(world, 5, 1, false);
        });
        expect![[r#"
            alarms 100 foghorn_webhook_failing resolved 1 true ["hook-1"] ["404"]
        "#]]
        .assert_eq(&told(&mut world));
        let failing: Vec<_> = world.engine.failing_webhooks().collect();
        assert_eq!(failing.len(), 1);
        assert_eq!((failing[0].name.as_str(), failing[0].site_id), ("hook-2", Some(site_id())));
        health(&mut world, 300, 1, true);
        assert_eq!(told(&mut world).lines().count(), 1, "the next failure is another alarm");
    }

    #[test]
    fn a_webhook_of_a_site_that_is_gone_is_nobodys() {
        let mut world = world();
        world.change(vec![foghorn_model::ConfigUpdate::SiteDeleted { id: site_id() }]);
        health(&mut world, 0, 1, true);
        assert_eq!((told(&mut world), world.engine.tally().unknown_site), (String::new(), 1));
    }
}

mod quarantined {
    use super::*;

    fn set_aside(world: &mut World, record: u64, org: Option<OrgId>, site: Option<SiteId>) {
        world.now += 1;
        let quarantined = Quarantined { record, org_id: org, site_id: site };
        world.record(RecordBody::Command(Command::Quarantined(quarantined)));
    }

    #[test]
    fn a_record_that_was_set_aside_is_told_once_also_after_a_restart() {
        let mut world = world();
        set_aside(&mut world, 7, None, Some(site_id()));
        goes_on_after_a_restart(&mut world, |world| {
            set_aside(world, 7, None, Some(site_id()));
            set_aside(world, 9, None, Some(site_id()));
            world.tick(60);
            set_aside(world, 9, None, Some(site_id()));
            set_aside(world, 11, None, None);
            world.tick(3_600);
        });
        assert_eq!(world.engine.quarantined().collect::<Vec<_>>(), [7, 9, 11]);
        let partition = world.engine.partition();
        let record = |number: u64| format!("\"{partition}-{number:020}\"");
        let alarms = world.trace_of("alarms", &["type", "count", "update", "records"]);
        let key = "foghorn_input_quarantined";
        assert_eq!(
            alarms,
            format!(
                "alarms 1 {key} 1 [{}]\nalarms 1 {key} 2 true [{},{}]\n",
                record(7),
                record(7),
                record(9)
            )
        );
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut world = world();
        for record in 1..=1_100 {
            set_aside(&mut world, record, None, Some(site_id()));
        }
        set_aside(&mut world, 3, None, Some(site_id()));
        assert_eq!(world.engine.quarantined().count(), 1_000);
        assert!(world.now > START);
    }
}
