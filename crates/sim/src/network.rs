//! The receivers of webhooks: some answer, some are slow, fail, refuse or lie, and each changes.

use crate::dice::Dice;
use foghorn_dispatch::lanes::{Attempt, Report};
use foghorn_dispatch::outcome::{Answer, ErrorClass};
use foghorn_dispatch::schedule::RetryAfter;
use foghorn_model::time::Micros;
use foghorn_model::{Timestamp, WebhookId};
use std::collections::BTreeMap;

/// The sender gives up after this.
const DEADLINE: Micros = Micros::from_secs(10);

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It answers 200.
    Well,
    /// It answers 200 after seconds, at times too late.
    Slow,
    /// It fails in one of so many.
    Flaky(u64),
    /// It cannot be reached.
    Gone,
    /// It answers this status whatever comes.
    Answers(u16),
    /// It takes the request and resets the connection.
    Lies,
    /// It cannot take more than so many events.
    Small(u64),
}

/// An attempt on its way.
#[derive(Debug)]
struct Flight {
    attempt: Attempt,
    /// When it reaches the receiver, if it does.
    arrives: Option<Timestamp>,
    answered: Timestamp,
    answer: Answer,
}

/// The network with everything that is under way in it.
#[derive(Debug, Default)]
pub struct Network {
    moods: BTreeMap<WebhookId, Mood>,
    flights: Vec<Flight>,
}

impl Network {
    /// Receivers change.
    pub fn change(&mut self, dice: &mut Dice) {
        let ids: Vec<WebhookId> = self.moods.keys().copied().collect();
        if !ids.is_empty() {
            let id = *dice.pick(&ids);
            self.moods.insert(id, mood(dice));
        }
    }

    /// Everybody is well from here on.
    pub fn heal(&mut self) {
        self.moods.values_mut().for_each(|mood| *mood = Mood::Well);
    }

    /// An attempt begins.
    pub fn send(&mut self, attempt: Attempt, dice: &mut Dice, now: Timestamp, healed: bool) {
        let fresh = if healed { Mood::Well } else { mood(dice) };
        let mood = *self.moods.entry(attempt.lane.webhook).or_insert(fresh);
        let mut after = Micros(dice.between(200, 50_000));
        let status = |code| Answer::Status { code, retry_after: None };
        let failed = Answer::Failed;
        let (arrives, answer) = match mood {
            Mood::Well => (true, status(200)),
            Mood::Slow => {
                after = Micros(dice.between(500_000, 13_000_000));
                (true, status(200))
            }
            Mood::Flaky(times) if dice.one_in(times) => {
                let busy = RetryAfter::Delay(Micros(dice.between(0, 40_000_000)));
                let busy = Answer::Status { code: 429, retry_after: Some(busy) };
                let answers =
                    [status(500), status(503), failed(ErrorClass::Reset), busy, status(408)];
                (dice.one_in(2), *dice.pick(&answers))
            }
            Mood::Flaky(_) => (true, status(204)),
            Mood::Gone => (false, failed(*dice.pick(&[ErrorClass::Connect, ErrorClass::Dns]))),
            Mood::Answers(code) => (true, status(code)),
            Mood::Lies => (true, failed(ErrorClass::Reset)),
            Mood::Small(most) => {
                let events = attempt.body.windows(12).filter(|it| *it == b"\"timestamp\":").count();
                (true, status(if events as u64 > most { 413 } else { 200 }))
            }
        };
        let (after, answer) = if after >= DEADLINE {
            (DEADLINE, failed(ErrorClass::Timeout))
        } else {
            (after, answer)
        };
        let arrives = arrives.then(|| now + Micros(after.0 / 2));
        self.flights.push(Flight { attempt, arrives, answered: now + after, answer });
    }

    /// The attempts that reached their receivers since the last time.
    pub fn arrived(&mut self, now: Timestamp) -> Vec<Attempt> {
        let mut arrived = Vec::new();
        for flight in &mut self.flights {
            if flight.arrives.is_some_and(|at| at <= now) {
                flight.arrives = None;
                arrived.push(flight.attempt.clone());
            }
        }
        arrived
    }

    /// One answer that has come by now, with what it answers.
    pub fn answered(&mut self, now: Timestamp) -> Option<(Attempt, Report)> {
        let at = self.flights.iter().position(|it| it.answered <= now && it.arrives.is_none())?;
        let Flight { attempt, answer, .. } = self.flights.remove(at);
        let report = Report {
            sent: attempt.sent,
            answer,
            latency_us: 1,
            error: None,
            response: None,
            exchange: None,
        };
        Some((attempt, report))
    }

    /// The server is gone; what was under way may still arrive.
    pub fn drop_answers(&mut self, dice: &mut Dice) -> Vec<Attempt> {
        let flights = std::mem::take(&mut self.flights);
        let under_way = flights.into_iter().filter(|flight| flight.arrives.is_some());
        under_way.filter(|_| dice.one_in(2)).map(|flight| flight.attempt).collect()
    }

    /// When the next thing happens.
    pub fn next(&self) -> Option<Timestamp> {
        self.flights.iter().map(|it| it.arrives.unwrap_or(it.answered)).min()
    }
}

fn mood(dice: &mut Dice) -> Mood {
    match dice.below(16) {
        0..=6 => Mood::Well,
        7 => Mood::Slow,
        8 | 9 => Mood::Flaky(2 + dice.below(5)),
        10 => Mood::Gone,
        11 => Mood::Answers(*dice.pick(&[500, 502, 503])),
        12 => Mood::Answers(*dice.pick(&[404, 410, 401, 302])),
        13 => Mood::Answers(*dice.pick(&[400, 422])),
        14 => Mood::Lies,
        _ => Mood::Small(1 + dice.below(3)),
    }
}
