//! Every script under what befalls input: restarts, repetitions, lateness, disorder, clocks that
//! jump. What a detector must hold is stated here once, and no alarm of tier A is without a
//! script.

use crate::scripts::{Said, Script, all};
use crate::world::{Event, START, World, fold};
use foghorn_engine::Engine;
use foghorn_model::definitions::{ALARMS, AlarmTier};
use foghorn_model::record::InputGap;
use foghorn_model::{Record, RecordBody, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The members that say what an event is about, without when.
const ABOUT: [&str; 9] =
    ["type", "status", "mac", "client", "ap", "ip", "port", "component", "service"];

/// What an event is about.
fn about(event: &Event) -> String {
    let value = event.value();
    let members = ABOUT.iter().map(|member| &value[member]).filter(|it| !it.is_null());
    members.map(Value::to_string).collect::<Vec<_>>().join(" ")
}

/// An event with the time that it tells, in seconds since the start.
fn line(event: &Event) -> String {
    let value = event.value();
    let at = value["timestamp"].as_f64().map(|at| match event.topic.as_str() {
        "nac-accounting" => at / 1_000.0 - START as f64,
        _ => at - START as f64,
    });
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    let count = value["count"].as_u64().map(|count| format!(" x{count}")).unwrap_or_default();
    let update = if value["update"] == true { " again" } else { "" };
    let resolved = value["resolved_time"].as_str().and_then(|at| at.split_once('T'));
    let resolved = resolved.map(|(_, time)| format!(" at {time}")).unwrap_or_default();
    format!("{at} {}{resolved}{count}{update}", about(event).replace('"', "")).trim().to_owned()
}

/// What is told one after the other, without the updates of an alarm that goes on.
fn sequence(world: &World) -> Vec<String> {
    world.events.iter().filter(|event| !is_update(event)).map(about).collect()
}

fn is_update(event: &Event) -> bool {
    let value = event.value();
    value["update"] == true && value["status"] != "resolved"
}

fn kinds(world: &World) -> BTreeSet<String> {
    sequence(world).into_iter().collect()
}

fn contents(world: &World) -> Vec<&str> {
    world.events.iter().map(|event| event.json.as_str()).collect()
}

/// The same for each thing that it is about, since the order of what has nothing to do with each
/// other is of no matter.
fn threads(world: &World) -> BTreeMap<String, Vec<String>> {
    let mut threads: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in world.events.iter().filter(|event| !is_update(event)) {
        let value = event.value();
        let who = ["mac", "client", "port", "component", "service"].map(|it| value[it].to_string());
        threads.entry(who.concat()).or_default().push(about(event));
    }
    threads
}

/// Whether the one has nothing that the other has not, in whatever order.
fn is_contained(part: &[String], whole: &[String]) -> bool {
    let [part, whole] = [part, whole].map(|it| {
        let mut sorted = it.to_vec();
        sorted.sort_unstable();
        sorted
    });
    is_subsequence(&part, &whole)
}

fn is_subsequence(part: &[String], whole: &[String]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|it| rest.any(|other| other == it))
}

/// Tries every script, and names all that do not hold.
fn hold(scripts: impl IntoIterator<Item = Script>, holds: impl Fn(&Script) -> Result<(), String>) {
    let wrong = |script: Script| holds(&script).err().map(|why| format!("{}: {why}", script.about));
    let wrong: Vec<String> = scripts.into_iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn same<T: PartialEq + std::fmt::Debug>(is: &T, should: &T) -> Result<(), String> {
    if is == should { Ok(()) } else { Err(format!("{is:#?} is not {should:#?}")) }
}

fn timed(script: &Script) -> Vec<Said> {
    script.said.iter().map(Said::timed).collect()
}

#[test]
fn every_alarm_that_is_derived_has_a_script() {
    let scripts: BTreeSet<&str> = all().iter().map(|script| script.about).collect();
    let derived = ALARMS.iter().filter(|row| row.tier() == AlarmTier::A);
    let without: Vec<&str> =
        derived.map(|row| row.key).filter(|key| !scripts.contains(key)).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn each_begins_goes_on_and_ends() {
    for script in all() {
        let world = script.play(&script.said);
        let told: String = world.events.iter().map(|event| line(event) + "\n").collect();
        script.told.assert_eq(&told);
    }
}

#[test]
fn every_alarm_goes_on_in_its_script() {
    hold(all().into_iter().filter(Script::is_of_alarm), |script| {
        let world = script.play(&script.said);
        let first = world.events.first().ok_or("it is not told")?.value();
        let goes_on = world.events.iter().any(|event| {
            let it = event.value();
            is_update(event) && it["id"] == first["id"] && it["count"].as_u64() > Some(1)
        });
        same(&goes_on, &true)
    });
}

#[test]
fn a_restart_after_any_record_changes_nothing() {
    hold(all(), |script| {
        let mut plain = script.stage();
        for said in &script.said {
            plain.now = START + said.received;
            plain.line(0, &said.line);
        }
        plain.tick(script.then);
        let partition = plain.engine.partition();
        let mut engine = Engine::new(partition);
        let mut events = Vec::new();
        for (number, record) in (1..).zip(&plain.journal) {
            engine = Engine::restore(partition, &engine.snapshot()).unwrap();
            events.extend(fold(&mut engine, number, record));
        }
        same(&events, &plain.events)
    });
}

#[test]
fn ticks_change_nothing() {
    hold(all(), |script| {
        let plain = script.play(&script.said);
        let mut world = script.stage();
        let mut engine = Engine::new(world.engine.partition());
        world.events.clear();
        let mut number = 0;
        for pair in plain.journal.windows(2) {
            number += 1;
            world.events.extend(fold(&mut engine, number, &pair[0]));
            let between = (pair[0].received_at.0 + 7_000_000..pair[1].received_at.0)
                .step_by(7_000_000)
                .take(600);
            for at in between {
                number += 1;
                let received_at = Timestamp(at);
                let tick = Record { received_at, body: RecordBody::Tick, ..pair[0].clone() };
                world.events.extend(fold(&mut engine, number, &tick));
            }
        }
        number += 1;
        world.events.extend(fold(&mut engine, number, plain.journal.last().unwrap()));
        script.keep(&mut world);
        same(&contents(&world), &contents(&plain))
    });
}

#[test]
fn what_is_repeated_is_told_once() {
    hold(all(), |script| {
        let plain = script.play(&script.said);
        let named = (0..).zip(&script.said);
        let named = named.map(|(id, said)| said.with(&format!(r#""id":"{id}""#)));
        let twice: Vec<Said> = named.flat_map(|said| [said.clone(), said]).collect();
        let world = script.play(&twice);
        same(&contents(&world), &contents(&plain))?;
        same(&world.engine.tally().repeated, &(script.said.len() as u64))
    });
}

#[test]
fn a_source_whose_clock_is_ahead_changes_nothing() {
    hold(all(), |script| {
        let plain = script.play(&script.said);
        let ahead = script.said.iter().map(|said| Said { at: said.at + 3_600, ..said.clone() });
        let ahead: Vec<Said> = ahead.map(|said| said.timed()).collect();
        same(&contents(&script.play(&ahead)), &contents(&plain))
    });
}

/// A script that is played twice, the second time when no window has anything of the first.
fn twice(script: &Script) -> Vec<Said> {
    let later = script.said.last().unwrap().at + 3_600;
    let again = script.said.iter().map(|it| Said {
        at: it.at + later,
        received: it.received + later,
        ..it.clone()
    });
    script.said.iter().cloned().chain(again).collect()
}

/// The same with a clock that is off by so much for a third of the script, from this line of the
/// first time on, and right thereafter.
fn jumping(script: &Script, from: usize, off: i64) -> Vec<Said> {
    let until = (from + script.said.len().div_ceil(3)).min(script.said.len());
    let mut said = twice(script);
    said[from..until].iter_mut().for_each(|it| it.at += off);
    said.iter().map(Said::timed).collect()
}

#[test]
fn a_clock_that_jumps_ahead_midway_and_back_changes_nothing() {
    hold(all(), |script| {
        // An alarm about the clock may be raised in between, and ids are made of what was before.
        let told = |said: &[Said]| script.play(said).events.iter().map(line).collect::<Vec<_>>();
        let plain = told(&jumping(script, 1, 0));
        (1..script.said.len())
            .try_for_each(|from| same(&told(&jumping(script, from, 3_600)), &plain))
    });
}

#[test]
fn a_clock_that_jumps_behind_midway_and_back_invents_nothing_and_hides_nothing_after() {
    hold(all().into_iter().filter(|script| !script.is_carried), |script| {
        let whole = script.play(&jumping(script, 1, 0));
        let (plain, all) = (threads(&whole), kinds(&whole));
        for from in 1..script.said.len() {
            let world = script.play(&jumping(script, from, -7_200));
            let told = threads(&world);
            let holds = kinds(&world) == all
                && plain.iter().all(|(who, plain)| {
                    let told = told.get(who).map(Vec::as_slice).unwrap_or_default();
                    // What gathers, or goes by a window, may be told of another time.
                    (script.gathers || is_subsequence(told, plain)) && told.last() == plain.last()
                });
            if !holds {
                let [told, plain] = [&world, &whole].map(sequence);
                return Err(format!("from {from}: {told:#?} of {plain:#?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn what_comes_late_is_told_with_the_time_at_which_it_happened() {
    const LATE: i64 = 100;
    hold(all(), |script| {
        let plain = script.play(&script.said);
        let late: Vec<Said> = timed(script).iter().map(|said| said.late(LATE)).collect();
        let world = script.play(&late);
        same(&sequence(&world), &sequence(&plain))?;
        for (late, plain) in world.events.iter().zip(&plain.events) {
            let [late, plain] = [late, plain].map(|it| it.value()["timestamp"].as_f64());
            let (Some(late), Some(plain)) = (late, plain) else { continue };
            if !(plain..=plain + LATE as f64).contains(&late) {
                return Err(format!("{late} instead of {plain}"));
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_long_over_is_not_told_as_if_it_were_now() {
    hold(all().into_iter().filter(|script| !script.is_carried), |script| {
        let plain = script.play(&script.said);
        let last = script.said.last().unwrap().at;
        let again = timed(script).into_iter().map(|said| said.late(last + 7_200));
        let said: Vec<Said> = timed(script).into_iter().chain(again).collect();
        same(&sequence(&script.play(&said)), &sequence(&plain))
    });
}

#[test]
fn what_a_source_has_kept_and_tells_at_once_did_not_happen_at_once() {
    const SLOWER: i64 = 400;
    hold(all().into_iter().filter(Script::is_of_alarm), |script| {
        let slow = script.said.iter().map(|said| Said {
            at: said.at * SLOWER,
            received: said.at * SLOWER,
            ..said.clone()
        });
        let slow: Vec<Said> = slow.map(|said| said.timed()).collect();
        let last = slow.last().unwrap().at;
        let kept: Vec<Said> =
            slow.iter().map(|said| Said { received: last, ..said.clone() }).collect();
        let [kept, slow] = [kept, slow].map(|said| kinds(&script.play(&said)));
        if kept.is_subset(&slow) { Ok(()) } else { Err(format!("{kept:#?} of {slow:#?}")) }
    });
}

#[test]
fn disorder_invents_nothing_and_ends_the_same() {
    hold(all(), |script| {
        let plain = threads(&script.play(&script.said));
        for at in 1..script.said.len() {
            let mut said = timed(script);
            said[at - 1].received = said[at].received;
            said.swap(at - 1, at);
            let told = threads(&script.play(&said));
            let holds = plain.iter().all(|(who, plain)| {
                let told = told.get(who).map(Vec::as_slice).unwrap_or_default();
                match script.is_carried {
                    // A sum that is older than the last one is left out.
                    true => is_contained(told, plain) && told.len() + 1 >= plain.len(),
                    false => is_subsequence(told, plain) && told.last() == plain.last(),
                }
            });
            if !holds || told.len() != plain.len() {
                return Err(format!("{at} before its time: {told:#?} instead of {plain:#?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn a_leap_of_our_clock_invents_nothing() {
    hold(all(), |script| {
        let plain = script.play(&script.said);
        for at in 1..script.said.len() {
            let mut world = script.stage();
            for (number, said) in (0..).zip(&script.said) {
                let leap = if number < at { 0 } else { 3_600 };
                world.now = START + said.received + leap;
                if number == at {
                    let since = START + script.said[at - 1].received;
                    let [since, until] = [since, world.now].map(|at| Timestamp(at * 1_000_000));
                    let source = "clock".into();
                    world.record(RecordBody::InputGap(InputGap { source, since, until }));
                }
                world.line(0, &said.line);
            }
            world.tick(script.then);
            script.keep(&mut world);
            // What gathered in one alarm or one window may be two.
            let holds = kinds(&world).is_subset(&kinds(&plain))
                && (script.gathers || threads_within(&world, &plain));
            if !holds {
                let [told, plain] = [&world, &plain].map(sequence);
                return Err(format!("before {at}: {told:#?} of {plain:#?}"));
            }
        }
        Ok(())
    });
}

fn threads_within(part: &World, whole: &World) -> bool {
    let [part, whole] = [part, whole].map(threads);
    part.iter().all(|(who, part)| whole.get(who).is_some_and(|whole| is_subsequence(part, whole)))
}

#[test]
fn a_clock_that_stands_still_hides_nothing() {
    hold(all().into_iter().filter(|script| !script.needs_time), |script| {
        let still: Vec<Said> =
            script.said.iter().map(|said| Said { received: 0, ..said.clone() }).collect();
        let [told, plain] = [&still, &script.said].map(|said| kinds(&script.play(said)));
        same(&told, &plain)
    });
}
