//! Kills that land where they are aimed: the server tells when a phase of its work begins and
//! ends, and whoever reads that kills it at once.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A phase of the server's work, by the name of its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Records are written and not yet synced: nobody has been answered.
    Sync,
    /// Records are acknowledged, and their events are not yet in the log.
    Fold,
    Snapshot,
    Trim,
    /// A POST is on its way.
    Attempt,
    /// Cursors are being written.
    Cursors,
}

impl Phase {
    pub const ALL: [Self; 6] =
        [Self::Sync, Self::Fold, Self::Snapshot, Self::Trim, Self::Attempt, Self::Cursors];

    fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Fold => "fold",
            Self::Snapshot => "snapshot",
            Self::Trim => "trim",
            Self::Attempt => "attempt",
            Self::Cursors => "cursors",
        }
    }
}

/// A server that is to be killed.
pub struct Aimed {
    child: Arc<Mutex<Child>>,
    reader: JoinHandle<BTreeMap<Phase, i64>>,
}

impl Aimed {
    pub fn start(command: &mut Command, log: &Path, aim: Option<Phase>) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let child = Arc::new(Mutex::new(child));
        let victim = Arc::clone(&child);
        let mut log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let reader = std::thread::spawn(move || {
            let mut open: BTreeMap<Phase, i64> = BTreeMap::new();
            for line in lines {
                let line = line.unwrap();
                let Some((phase, begins)) = parse(&line) else {
                    writeln!(log, "{line}").unwrap();
                    continue;
                };
                if begins && aim == Some(phase) {
                    // It may be dead already, of an earlier one.
                    drop(victim.lock().unwrap().kill());
                }
                *open.entry(phase).or_default() += if begins { 1 } else { -1 };
            }
            open.retain(|_, count| *count > 0);
            open
        });
        Self { child, reader }
    }

    /// Whether it is dead.
    pub fn is_over(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some()
    }

    /// Kills it, if nobody did so yet, and says in which phases of its work it was.
    pub fn kill(self) -> Vec<Phase> {
        drop(self.child.lock().unwrap().kill());
        self.child.lock().unwrap().wait().unwrap();
        self.reader.join().unwrap().into_keys().collect()
    }
}

/// `<time> TRACE <span>: new` and `… close time.busy=…`.
fn parse(line: &str) -> Option<(Phase, bool)> {
    let (_, told) = line.split_once("TRACE ")?;
    let (name, what) = told.split_once(": ")?;
    let phase = Phase::ALL.into_iter().find(|phase| phase.name() == name)?;
    Some((phase, what == "new"))
}
