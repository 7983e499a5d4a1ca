//! The storm when the power of a site is cut and returns, through lanes that may have one request
//! under way: a receiver that was away, or is slow.

use crate::day::{MIDNIGHT, a_day};
use foghorn_dispatch::egress::{AddressPolicy, Egress, Options};
use foghorn_dispatch::lanes::{LaneLimits, Report};
use foghorn_dispatch::outcome::Answer;
use foghorn_dispatch::{Endpoint, Index, Lanes};
use foghorn_model::{Topic, TopicClass, Webhook};
use foghorn_sim::day::{Day, Folding, STORM, Size};
use std::sync::Arc;

/// All go down, and come back.
fn storm(day: &mut Day) -> Folding {
    let mut folding = Folding::new(day);
    while let Some(line) = day.next().filter(|line| line.at < MIDNIGHT + STORM.0) {
        folding.line(day, line.at, &line.text);
    }
    folding.out.clear();
    while let Some(line) = day.next().filter(|line| line.at < MIDNIGHT + STORM.1) {
        folding.line(day, line.at, &line.text);
    }
    folding
}

fn lanes(day: &Day) -> Lanes {
    let webhook: Webhook = serde_json::from_value(serde_json::json!({
        "id": "11111111-1111-1111-1111-111111111111",
        "org_id": day.layout().org,
        "url": "http://127.0.0.1:7000/",
        "topics": {"alarms": 0, "client-join": 0, "client-sessions": 0, "device-events": 0,
                   "device-updowns": 0},
    }))
    .unwrap();
    let policy = AddressPolicy { allow_loopback: true, ..AddressPolicy::default() };
    let egress = Egress::new(Options::new(policy)).unwrap();
    let endpoint = Arc::new(Endpoint::new(webhook, &egress, "test"));
    let limits = LaneLimits {
        batch_events_max: 5,
        queue_events_max: 100_000,
        queue_bytes_max: 1 << 30,
        webhook_in_flight_max: 1,
        ..LaneLimits::default()
    };
    Lanes::new(limits, Arc::new(Index::new(0, [endpoint])), Vec::new(), &[], &[])
}

#[test]
fn the_storm_after_a_power_cut_arrives_with_alarms_first() {
    let mut day = a_day(1, Size::SMALL);
    let folding = storm(&mut day);
    let mut lanes = lanes(&day);
    let (engine, body) = (&folding.engine, folding.out.record.body.clone());
    lanes.live(TopicClass::Record, engine.partition(), 1, engine.last(), Some(body.into()));
    let (mut sent, mut attempts) = (Vec::new(), Vec::new());
    lanes.poll(MIDNIGHT, &mut attempts);
    while let Some(attempt) = attempts.pop() {
        sent.push(attempt.lane.topic);
        let answer = Answer::Status { code: 200, retry_after: None };
        let sent = attempt.sent;
        let report =
            Report { sent, answer, latency_us: 1, error: None, response: None, exchange: None };
        lanes.settle(&report, MIDNIGHT);
        lanes.poll(MIDNIGHT, &mut attempts);
    }
    assert!(lanes.is_idle());
    let alarms = sent.iter().filter(|topic| **topic == Topic::Alarms).count();
    let last = sent.iter().rposition(|topic| *topic == Topic::Alarms).unwrap();
    assert!(alarms > 1 && sent.len() > 20 * alarms, "{alarms} of {} batches", sent.len());
    assert!(last < alarms + alarms.div_ceil(16), "alarms stood at {last}, and are {alarms}");
}
