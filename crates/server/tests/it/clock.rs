//! A clock that can be set, for some processes: libfaketime, which stands before the C library.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where Debian's package has it.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];
const HOUR_SECS: u64 = 3_600;
/// So long before the hour a test begins: what it does until the hour is of one hour.
const BEFORE_SECS: u64 = 120;
/// How far it is set on at once. Three times that, 36 s, between two looks of a server is an outage
/// to it.
const STEP_SECS: i64 = 12;
/// So often: past the hour, what is waited for after it, and what is added to that after an outage.
const STEPS: usize = 20;

/// A clock of our own.
pub struct FakeClock {
    library: &'static str,
    file: PathBuf,
    /// Seconds ahead of the true time.
    ahead: i64,
}

impl FakeClock {
    /// One that stands in a file of this directory, if this machine has the library; `without` says
    /// what is not tested where it has not.
    pub fn find(directory: &Path, without: &str) -> Option<Self> {
        let library = LIBRARIES.into_iter().find(|library| Path::new(library).exists());
        if library.is_none() {
            eprintln!("THERE IS NO libfaketime (Debian: faketime): {without}");
        }
        let mut clock = Self { library: library?, file: directory.join("clock"), ahead: 0 };
        clock.set(0);
        Some(clock)
    }

    /// Sets it: seconds from the true time. Nobody sees a time in between.
    pub fn set(&mut self, ahead: i64) {
        let written = self.file.with_extension("new");
        std::fs::write(&written, format!("{ahead:+}")).unwrap();
        std::fs::rename(written, &self.file).unwrap();
        self.ahead = ahead;
    }

    /// Sets it ahead, to shortly before an hour is full.
    pub fn set_before_the_hour(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let ahead = (2 * HOUR_SECS - BEFORE_SECS - now % HOUR_SECS) % HOUR_SECS;
        self.set(i64::try_from(ahead).unwrap());
    }

    /// Sets it on past that hour, until all is told of it. It is set on a little at a time, and each
    /// time `seen` returns when the server has seen it: so the server takes it for no outage of its
    /// own, however slow the machine is.
    pub fn go_past_the_hour(&mut self, mut seen: impl FnMut()) {
        for _ in 0..STEPS {
            self.set(self.ahead + STEP_SECS);
            seen();
        }
    }

    /// What shows it to a process. How much time passes is not for it to say.
    pub fn variables(&self) -> [(&str, &str); 4] {
        [
            ("LD_PRELOAD", self.library),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
    }
}
