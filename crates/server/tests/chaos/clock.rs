//! A clock that can be set, for one process: libfaketime, which stands before the C library.

use std::path::{Path, PathBuf};

/// Offsets to the true time, one after the other: the clock jumps ahead, back, and before that.
/// None is as long as an id is remembered, since what is sent again after that counts again, nor as
/// far from the true time as a receiver takes a signature to be stale.
pub const STEPS: [&str; 5] = ["+240", "+0", "-240", "+120", "+0"];

/// Where Debian's package has it.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/// A clock of our own for a process.
pub struct FakeClock {
    library: &'static str,
    offset: PathBuf,
}

impl FakeClock {
    /// One whose offset stands in a file of this directory, if this machine has the library.
    pub fn find(directory: &Path) -> Option<Self> {
        let library = LIBRARIES.into_iter().find(|library| Path::new(library).exists());
        if library.is_none() {
            eprintln!("there is no libfaketime (Debian: faketime): the clock is not set");
        }
        Some(Self { library: library?, offset: directory.join("clock") })
    }

    /// Sets it: seconds from the true time.
    pub fn step(&self, offset: &str) {
        std::fs::write(&self.offset, offset).unwrap();
    }

    /// What shows it to a process. How much time passes is not for it to say.
    pub fn variables(&self) -> [(&str, &str); 4] {
        [
            ("LD_PRELOAD", self.library),
            ("FAKETIME_TIMESTAMP_FILE", self.offset.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
    }
}
