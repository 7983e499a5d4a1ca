//! `foghorn demo` shows every topic.
//!
//! Two of them come by the clock, the later of them with the hour. Nobody waits for that: the demo,
//! its server and its receiver are shown a clock that is set on past the hour.

use crate::clock::FakeClock;
use crate::pages::{self, BY_THE_CLOCK};
use crate::process::{Process, until, within_patience};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

struct Demo {
    process: Process,
    out: PathBuf,
}

impl Demo {
    fn start(directory: &Path, variables: &[(&str, &str)]) -> Self {
        let out = directory.join("demo.out");
        let file = std::fs::File::create(&out).unwrap();
        let scratch = [("TMPDIR", directory.to_str().unwrap())];
        let variables = [variables, &scratch].concat();
        let process =
            Process::start_telling(&["demo"], file, &directory.join("demo.log"), &variables);
        Self { process, out }
    }

    /// The lines of events so far, by words.
    fn said(&self) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(&self.out).unwrap();
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let is_of_event = |words: &Vec<String>| words.get(1).is_some_and(|it| it == "signed");
        text.lines().map(words).filter(is_of_event).collect()
    }

    fn topics(&self) -> BTreeSet<String> {
        self.said().into_iter().map(|words| words[0].clone()).collect()
    }

    /// The groups of the alarms so far.
    fn groups(&self) -> BTreeSet<String> {
        let said = self.said().into_iter().filter(|words| words[0] == "alarms");
        said.map(|words| words[2].clone()).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // In order, so that it ends its server too.
        if self.process.0.try_wait().unwrap().is_none() {
            self.process.signal("-TERM");
            within_patience(|| self.process.0.try_wait().unwrap().is_some());
        }
    }
}

#[test]
fn every_topic_and_every_group_of_alarms_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let without = "what comes by the clock is not seen to be shown by the demo";
    let mut clock = FakeClock::find(directory.path(), without);
    let mut topics = pages::topics();
    let mut demo = match &mut clock {
        Some(clock) => {
            clock.set_before_the_hour();
            Demo::start(directory.path(), &clock.variables())
        }
        None => {
            topics.retain(|topic| !BY_THE_CLOCK.contains(&topic.as_str()));
            Demo::start(directory.path(), &[])
        }
    };
    until("somebody who joins", || demo.topics().contains("client-join"));
    if let Some(clock) = &mut clock {
        clock.go_past_the_hour(|| {
            let before = demo.said().len();
            until("more", || demo.said().len() > before);
        });
    }
    for topic in &topics {
        until(topic, || demo.topics().contains(topic));
    }
    for group in ["infrastructure", "marvis", "security"] {
        until(group, || demo.groups().contains(group));
    }
    assert!(demo.process.terminate(), "{}", std::fs::read_to_string(&demo.out).unwrap());
    let said = std::fs::read_to_string(&demo.out).unwrap();
    assert!(said.contains("0 gaps, 0 broken, 0 bad signatures, 0 bad bodies"), "{said}");
    let left = std::fs::read_dir(directory.path()).unwrap();
    let left = left.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(left.count(), 0, "the demo leaves nothing behind");
}
