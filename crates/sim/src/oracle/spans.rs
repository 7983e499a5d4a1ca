//! What was told of spans of the clock against the truth of a day, though the server failed
//! meanwhile.
//!
//! A span of which every line was received before it was to be told is as the truth has it, to the
//! digit: when the server was away it is told later, and says the same. Of a span of which a line
//! came later, what is told is of some of its lines, or of none: then the least and the most of
//! latencies lie within those of the truth, and of an hour nothing is compared. The availability of
//! APs is not compared, since it goes by when their silence is found.

use crate::day::{LATENCY_EACH, LEVELS_EACH, TOLD_AFTER, Told};
use crate::journal::Journal;
use crate::people::Campus;
use anyhow::{Context, Result, ensure};
use foghorn_model::time::Micros;
use foghorn_model::{Partition, RecordBody, Timestamp, Topic};
use std::collections::{BTreeMap, BTreeSet};

/// By the end, seconds.
type Spans = BTreeMap<i64, String>;

/// `told` is all that was told of the site.
pub(super) fn check(told: &[Told], campus: &Campus, journal: &Journal) -> Result<()> {
    for (topic, each) in [(Topic::ClientLatency, LATENCY_EACH), (Topic::SiteSle, LEVELS_EACH)] {
        let mut spans = Spans::new();
        for it in told.iter().filter(|it| it.topic == topic) {
            let again = spans.insert(it.happened_secs, it.who.clone());
            ensure!(again.is_none(), "the day: {topic} of {} came twice", it.happened_secs);
        }
        let ends = campus.day.ends().secs();
        let truth = campus.expected.iter().filter(|it| it.topic == topic);
        let truth = truth.map(|it| (it.happened.secs(), it.who.clone()));
        let truth: Spans = truth.filter(|(end, _)| *end <= ends).collect();
        spans.retain(|end, _| *end <= ends);
        compare(topic, &spans, &truth, &late(campus, journal, each)?)?;
    }
    Ok(())
}

fn compare(topic: Topic, told: &Spans, truth: &Spans, late: &BTreeSet<i64>) -> Result<()> {
    for (end, told) in told {
        ensure!(truth.contains_key(end), "the day: {topic} of {end} says {told} of nothing");
    }
    for (end, truth) in truth {
        let told = told.get(end).map(|told| without_availability(told));
        let truth = without_availability(truth);
        let agree = match &told {
            None => late.contains(end) || truth.is_empty(),
            Some(told) if !late.contains(end) => *told == truth,
            Some(told) => topic != Topic::ClientLatency || lies_within(told, &truth)?,
        };
        ensure!(agree, "the day: {topic} of {end} should say {truth}, and says {told:?}");
    }
    let exact = truth.keys().filter(|end| !late.contains(*end)).count();
    ensure!(2 * exact > truth.len(), "the day: only {exact} of {} {topic} compare", truth.len());
    Ok(())
}

fn without_availability(who: &str) -> String {
    let parts = who.split(", ").filter(|part| !part.starts_with("ap-availability "));
    parts.collect::<Vec<_>>().join(", ")
}

/// Whether the least, the average and the most of each step lie within the truth.
fn lies_within(told: &str, truth: &str) -> Result<bool> {
    let steps = |who: &str| -> Result<BTreeMap<String, Vec<i64>>> {
        let steps = who.split(", ").filter(|part| !part.is_empty()).map(|part| {
            let mut words = part.split(' ');
            let step = words.next().unwrap_or_default().to_owned();
            Ok((step, words.map(str::parse).collect::<Result<_, _>>()?))
        });
        steps.collect()
    };
    let truth = steps(truth)?;
    Ok(steps(told)?.iter().all(|(step, told)| {
        let within =
            |truth: &Vec<i64>| truth.first() <= told.first() && told.last() <= truth.last();
        told.is_sorted() && truth.get(step).is_some_and(within)
    }))
}

/// The ends of the spans of which something was received only when they were to be told.
fn late(campus: &Campus, journal: &Journal, each: Micros) -> Result<BTreeSet<i64>> {
    let site = campus.day.layout().site;
    let mut late = BTreeSet::new();
    let mut now = Timestamp(i64::MIN);
    journal.each(Partition::of_site(site), |_, record| {
        now = now.max(record.received_at);
        let RecordBody::Telemetry(line) = &record.body else { return Ok(()) };
        if record.site == Some(site) {
            let end = (happened(line)?.0.div_euclid(each.0) + 1) * each.0;
            if Timestamp(end) + TOLD_AFTER <= now {
                late.insert(Timestamp(end).secs());
            }
        }
        Ok(())
    })?;
    Ok(late)
}

/// When what a line of the day tells happened, to the second.
fn happened(line: &[u8]) -> Result<Timestamp> {
    let text = std::str::from_utf8(line)?;
    let (_, time) = text.split_once(r#""time":"#).context("a line without a time")?;
    let secs: String = time.chars().take_while(char::is_ascii_digit).collect();
    Ok(Timestamp(secs.parse::<i64>()? * 1_000_000))
}
