//! Which topics have come so far, and when the rest is due.

use crate::due;
use foghorn_engine::told_at;
use foghorn_model::{Timestamp, Topic};

/// What of the topics is still to come.
#[derive(Debug)]
pub struct Progress {
    topics: usize,
    begun: Timestamp,
    missing: Vec<Topic>,
}

impl Progress {
    pub fn new(topics: impl Iterator<Item = Topic>, begun: Timestamp) -> Self {
        let missing: Vec<Topic> = topics.collect();
        Self { topics: missing.len(), begun, missing }
    }

    /// Something came of a topic; whether that was the last that was waited for.
    pub fn came(&mut self, topic: &str) -> bool {
        let waited = !self.is_over();
        self.missing.retain(|missing| missing.name() != topic);
        waited && self.is_over()
    }

    /// Whether all of them have come.
    pub fn is_over(&self) -> bool {
        self.missing.is_empty()
    }

    /// How far it is by now, in a line.
    pub fn line(&self, now: Timestamp) -> String {
        let all = self.topics;
        if self.is_over() {
            return format!("all {all} topics have come");
        }
        let missing: Vec<String> = self.missing.iter().map(|it| self.outlook(*it, now)).collect();
        let came = all - self.missing.len();
        format!("{came} of {all} topics have come, still to come: {}", missing.join(", "))
    }

    fn outlook(&self, topic: Topic, now: Timestamp) -> String {
        // What tells of the beginning, as long as that is not over.
        let due = told_at(topic, self.begun).filter(|due| *due > now).or(told_at(topic, now));
        due.map_or(topic.to_string(), |due| format!("{topic} in {}", due::in_words(due, now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_come_is_named_with_when_it_is_due() {
        let at = |secs: i64| Timestamp(secs * 1_000_000);
        let topics = [Topic::Ping, Topic::ClientLatency];
        let mut progress = Progress::new(topics.into_iter(), at(500));
        let rest = |progress: &Progress, now| {
            let line = progress.line(at(now));
            line.split_once("still to come: ").map(|(_, rest)| rest.to_owned())
        };
        assert_eq!(rest(&progress, 500).unwrap(), "ping, client-latency in 2 min 10 s");
        assert!(!progress.came("ping"));
        // The window is full, and not told yet; later it is the next one that is waited for.
        assert_eq!(rest(&progress, 625).unwrap(), "client-latency in 0 min 5 s");
        assert_eq!(rest(&progress, 640).unwrap(), "client-latency in 9 min 50 s");
        assert!(progress.came("client-latency") && !progress.came("client-latency"));
        assert_eq!(progress.line(at(700)), "all 2 topics have come");
    }
}
